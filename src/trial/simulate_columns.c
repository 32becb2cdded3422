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

/* A text there is for everybody, or NULL. */
static const char *text_of(const model *m, const person *p, source from)
{
    return from == FROM_CENTRE ? p->site : from == FROM_ARM ? m->study->arm[p->arm].id : from == FROM_STRATUM ? p->stratum : NULL;
}

static double number_of(const model *m, const person *p, const trial_column *c)
{
    switch (c->from) {
    case FROM_ITEM: return p->drawn[c->draw];
    case FROM_SCORE: return trial_score_at(m, p, c->score, c->visit);
    case FROM_ADHERENCE: return p->adherence;
    case FROM_RECURRENCE: return p->recurrence;
    default: return p->recurrence_days;
    }
}

/* Choices and derived items are texts where one is a text, as everywhere, or numbers. False: no text, their numbers are in `number`. */
static bool texts_of_items(const model *m, person *const *people, size_t n, const trial_column *c, double *number, const char **text)
{
    bool texts = false;
    for (size_t i = 0; i < n; i++) {
        lb_value cell = c->draw >= 0 ? trial_drawn(m, people[i], (size_t)c->draw) : trial_person_value(m, people[i], c->name);
        text[i] = cell.type == LB_STRING ? cell.text : NULL;
        texts |= text[i] != NULL;
        number[i] = lb_number_of(&cell);
    }
    char buffer[32];
    for (size_t i = 0; i < n && texts; i++)
        if (!text[i] && !isnan(number[i])) text[i] = lb_arena_text(m->arena, lb_number_text(number[i], buffer));
    return texts;
}

void trial_columns_fill(const model *m, person *const *people, size_t n, const trial_column *column, size_t count, lb_table *table)
{
    double *number = lb_arena_array(m->arena, n + 1, sizeof *number);
    const char **text = lb_arena_array(m->arena, n + 1, sizeof *text);
    for (size_t c = 0; c < count; c++) {
        const trial_column *one = &column[c];
        bool of_all = one->from == FROM_CENTRE || one->from == FROM_ARM || one->from == FROM_STRATUM;
        bool item = one->from == FROM_ITEM && (one->draw < 0 || m->draw[one->draw].kind == DRAW_CHOICE);
        for (size_t i = 0; i < n && of_all; i++) text[i] = text_of(m, people[i], one->from);
        if (of_all || (item && texts_of_items(m, people, n, one, number, text))) {
            lb_table_add_text(table, one->name, text);
            continue;
        }
        lb_column *numbers = lb_table_add_number(table, one->name);
        numbers->missing = 0;
        for (size_t i = 0; i < n; i++) {
            numbers->number[i] = item ? number[i] : number_of(m, people[i], one);
            numbers->missing += isnan(numbers->number[i]);
        }
    }
}
