/* Some columns of the participants as a table, for those who count what becomes of thousands of trials: the same people as with
 * everything else, of whom no more is made than these columns need. */
#include "trial/simulate.h"

#include <math.h>
#include <string.h>

typedef enum source { FROM_CENTRE, FROM_ARM, FROM_STRATUM, FROM_ITEM, FROM_SCORE, FROM_ADHERENCE, FROM_RECURRENCE, FROM_DAYS } source;

struct trial_column {
    const char *name;
    source from;
    int draw;            /* item: which draw, or −1 when it is derived */
    size_t score, visit;
};

/* A score is needed with those it follows. */
static void need_score(const model *m, needs *need, size_t which)
{
    for (int k = (int)which; k >= 0; k = m->score[k].follows) need->score[k] = true;
}

static bool column_of_score(const model *m, const char *name, trial_column *out)
{
    for (size_t v = 0; v < m->study->visit_count; v++)
        for (size_t k = 0; k < m->scores; k++)
            if (lb_text_equal(m->score[k].column[v], name)) {
                *out = (trial_column){name, FROM_SCORE, -1, k, v};
                return true;
            }
    return false;
}

/* Is it one of the items that participants have a column of? */
static bool column_of_item(const model *m, const char *name, trial_column *out)
{
    const lb_value *columns = lb_get(m->spec, "participants");
    bool found = strcmp(name, "sex") == 0;
    for (size_t i = 0; columns && i < columns->count; i++) found |= columns->item[i]->type == LB_STRING && strcmp(columns->item[i]->text, name) == 0;
    *out = (trial_column){name, FROM_ITEM, trial_draw_named(m, name), 0, 0};
    return found;
}

static bool column_named(const model *m, const char *name, needs *need, trial_column *out)
{
    static const struct {
        const char *name;
        source from;
    } plain[] = {{"centre", FROM_CENTRE}, {"arm", FROM_ARM}, {"stratum", FROM_STRATUM}};
    for (size_t i = 0; i < LB_COUNT(plain); i++)
        if (strcmp(name, plain[i].name) == 0) {
            *out = (trial_column){name, plain[i].from, -1, 0, 0};
            return true;
        }
    if (strcmp(name, "adherence") == 0 && lb_get(m->spec, "adherence")) {
        *out = (trial_column){name, FROM_ADHERENCE, -1, 0, 0};
        need->adherence = need->recurrence = true; /* its numbers are drawn after those of recurrence */
        return true;
    }
    if ((strcmp(name, "recurrence") == 0 || strcmp(name, "recurrence_days") == 0) && lb_get(m->spec, "recurrence")) {
        *out = (trial_column){name, name[strlen("recurrence")] ? FROM_DAYS : FROM_RECURRENCE, -1, 0, 0};
        need->recurrence = true;
        return true;
    }
    if (column_of_score(m, name, out)) {
        need_score(m, need, out->score);
        return true;
    }
    return column_of_item(m, name, out);
}

bool trial_columns_plan(const model *m, const char *const *name, size_t count, needs *need, trial_column **out)
{
    *out = lb_arena_array(m->arena, count + 1, sizeof **out);
    need->score = lb_arena_array(m->arena, m->scores + 1, sizeof *need->score);
    if (m->scores) need_score(m, need, m->leaving.driver);
    for (size_t i = 0; i < count; i++)
        if (!column_named(m, name[i], need, &(*out)[i])) return false;
    need->only = true;
    return true;
}

static lb_value cell_of(const model *m, const person *p, const trial_column *c)
{
    lb_value text = {.type = LB_STRING}, number = {.type = LB_DOUBLE};
    switch (c->from) {
    case FROM_CENTRE: text.text = p->site; return text;
    case FROM_ARM: text.text = m->study->arm[p->arm].id; return text;
    case FROM_STRATUM: text.text = p->stratum; return text;
    case FROM_ITEM: return c->draw >= 0 ? p->value[c->draw] : trial_person_value(m, p, c->name);
    case FROM_SCORE: number.number = p->y[c->score * m->study->visit_count + c->visit]; return number;
    case FROM_ADHERENCE: number.number = p->adherence; return number;
    case FROM_RECURRENCE: number.number = p->recurrence; return number;
    default: number.number = p->recurrence_days; return number;
    }
}

/* A column with a text in it is one of texts, as everywhere. */
void trial_columns_fill(const model *m, person *const *people, size_t n, const trial_column *column, size_t count, lb_table *table)
{
    lb_value *cell = lb_arena_array(m->arena, n + 1, sizeof *cell);
    const char **texts = lb_arena_array(m->arena, n + 1, sizeof *texts);
    for (size_t c = 0; c < count; c++) {
        bool text = false;
        for (size_t i = 0; i < n; i++) {
            cell[i] = cell_of(m, people[i], &column[c]);
            text |= cell[i].type == LB_STRING;
        }
        char buffer[32];
        for (size_t i = 0; i < n && text; i++)
            texts[i] = cell[i].type == LB_STRING    ? cell[i].text
                       : lb_is_number(&cell[i]) ? lb_arena_text(m->arena, lb_number_text(lb_number_of(&cell[i]), buffer))
                                                    : NULL;
        if (text) {
            lb_table_add_text(table, column[c].name, texts);
            continue;
        }
        lb_column *numbers = lb_table_add_number(table, column[c].name);
        numbers->missing = 0;
        for (size_t i = 0; i < n; i++) {
            numbers->number[i] = lb_number_of(&cell[i]);
            numbers->missing += isnan(numbers->number[i]);
        }
    }
}
