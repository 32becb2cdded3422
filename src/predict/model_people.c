/* From the tables of a study to people with inputs and an outcome, as the plan says. */
#include "predict/model_plan.h"
#include "predict/room.h"

#include <math.h>
#include <string.h>

typedef struct build {
    const lb_model_plan *plan;
    lb_table *const *table;
    size_t tables;
    lb_table *main;
    lb_column id, group;
    lb_model_people *out;
    size_t *row;        /* of the main table, per person kept */
    size_t capacity;
} build;

static lb_table *find_table(const build *b, const char *name)
{
    for (size_t i = 0; i < b->tables; i++)
        if (lb_text_equal(b->table[i]->name, name)) return b->table[i];
    return NULL;
}

/* Where a column lives: the main table, or one joined to it. */
typedef struct source {
    lb_table *table;
    lb_column *column;
    const size_t *match; /* per row of the main table: row there, or SIZE_MAX */
} source;

static int match_rows(const build *b, lb_table *other, const size_t **out, lb_error *err)
{
    lb_column key;
    char a[32], c[32];
    int code = lb_table_factor(other, b->plan->id, b->plan->arena, &key, err);
    if (code) return code;
    size_t *first = lb_arena_array(b->plan->arena, key.level_count + 1, sizeof *first), *match = lb_arena_array(b->plan->arena, b->main->rows + 1, sizeof *match);
    for (size_t l = 0; l < key.level_count; l++) first[l] = SIZE_MAX;
    for (size_t i = 0; i < other->rows; i++) {
        if (key.code[i] < 0) continue;
        if (first[key.code[i]] != SIZE_MAX) return lb_model_plan_fail(b->plan, NULL, err, "table %s has %s twice", other->name, lb_column_text(&key, i, a));
        first[key.code[i]] = i;
    }
    for (size_t i = 0; i < b->main->rows; i++) {
        match[i] = SIZE_MAX;
        const char *id = lb_column_text(&b->id, i, c);
        size_t low = 0, high = key.level_count;
        for (; low < high && b->id.code[i] >= 0; low++)
            if (strcmp(key.level[low], id) == 0) {
                match[i] = first[low];
                break;
            }
    }
    *out = match;
    return 0;
}

static int join(build *b, const lb_value *names, source *joined, size_t *count, lb_error *err)
{
    *count = 0;
    joined[(*count)++] = (source){.table = b->main};
    for (size_t i = 0; names && i < names->count; i++) {
        const char *name = names->item[i]->type == LB_STRING ? names->item[i]->text : "";
        lb_table *other = find_table(b, name);
        if (!other) return lb_model_plan_fail(b->plan, names->item[i], err, "there is no table called '%.60s'", name);
        joined[*count].table = other;
        int code = match_rows(b, other, &joined[*count].match, err);
        if (code) return code;
        (*count)++;
    }
    return 0;
}

static bool find_column(const source *joined, size_t count, const char *name, source *out)
{
    for (size_t i = 0; i < count; i++) {
        lb_column *c = lb_table_find(joined[i].table, name);
        if (!c) continue;
        *out = joined[i];
        out->column = c;
        return true;
    }
    return false;
}

static size_t row_of(const source *s, size_t main_row) { return s->match ? s->match[main_row] : main_row; }

static lb_input *new_input(build *b)
{
    lb_model_people *out = b->out;
    if (out->inputs == b->capacity) {
        b->capacity = b->capacity ? 2 * b->capacity : 64;
        lb_input *more = lb_arena_array(b->plan->arena, b->capacity, sizeof *more);
        if (out->inputs) memcpy(more, out->input, out->inputs * sizeof *more);
        out->input = more;
    }
    lb_input *in = &out->input[out->inputs++];
    *in = (lb_input){.plausible_min = NAN, .plausible_max = NAN};
    in->value = lb_arena_array(b->plan->arena, out->n + 1, sizeof(double));
    return in;
}

static int read_levels(build *b, const lb_value *spec, const source *from, lb_input *in, lb_error *err)
{
    lb_column factor;
    char cell[32];
    const lb_value *levels = lb_get(spec, "levels");
    int code = lb_table_factor(from->table, from->column->name, b->plan->arena, &factor, err);
    if (code) return code;
    in->category = true;
    in->levels = levels && levels->type == LB_ARRAY ? levels->count : factor.level_count;
    in->level = lb_arena_array(b->plan->arena, in->levels + 1, sizeof *in->level);
    for (size_t l = 0; l < in->levels; l++) {
        char number[32];
        const lb_value *named = levels && levels->type == LB_ARRAY ? levels->item[l] : NULL;
        if (!named) in->level[l] = factor.level[l];
        else if (named->type == LB_STRING) in->level[l] = named->text;
        else in->level[l] = lb_arena_text(b->plan->arena, lb_number_text(lb_number_of(named), number));
    }
    for (size_t i = 0; i < b->out->n; i++) {
        size_t row = row_of(from, b->row[i]);
        in->value[i] = NAN;
        if (row == SIZE_MAX || factor.code[row] < 0) continue;
        const char *text = lb_column_text(&factor, row, cell);
        for (size_t l = 0; l < in->levels; l++)
            if (strcmp(in->level[l], text) == 0) in->value[i] = (double)l;
        if (isnan(in->value[i])) return lb_model_plan_fail(b->plan, levels, err, "column %s holds '%.60s', which is not among its levels", from->column->name, text);
    }
    return 0;
}

static int read_values(const build *b, const source *from, double *value, lb_error *err)
{
    lb_column *column;
    int code = lb_predictor_read(from->table, from->column->name, &column, err);
    for (size_t i = 0; i < b->out->n && !code; i++) {
        size_t row = row_of(from, b->row[i]);
        value[i] = row == SIZE_MAX ? NAN : column->number[row];
    }
    return code;
}

static void read_words(const lb_value *spec, const char *name, lb_input *in)
{
    in->name = name;
    in->label = lb_get_text(spec, "label", name);
    in->label_zh = lb_get_text(spec, "label_zh", NULL);
    in->unit = lb_get_text(spec, "unit", NULL);
    in->kind = lb_get_text(spec, "kind", "clinical");
    in->harmonise = lb_get_bool(spec, "harmonise", false);
    in->keep = lb_get_bool(spec, "keep", false);
    in->unknown_allowed = lb_get_bool(spec, "unknown", false);
    const lb_value *plausible = lb_get(spec, "plausible");
    if (!plausible || plausible->type != LB_ARRAY || plausible->count != 2) return;
    in->plausible_min = lb_number_of(plausible->item[0]);
    in->plausible_max = lb_number_of(plausible->item[1]);
}

static int add_input(build *b, const lb_value *spec, const char *name, const source *joined, size_t count, const source *second, lb_error *err)
{
    source from;
    if (!find_column(joined, count, name, &from)) return lb_model_plan_fail(b->plan, spec, err, "no table has a column '%.60s'", name);
    lb_input *in = new_input(b);
    read_words(spec, name, in);
    if (from.column->type == LB_TEXT || lb_get(spec, "levels")) return read_levels(b, spec, &from, in, err);
    int code = read_values(b, &from, in->value, err);
    source again;
    if (!code && second && find_column(second, 1, name, &again)) {
        in->repeat = lb_arena_array(b->plan->arena, b->out->n + 1, sizeof(double));
        code = read_values(b, &again, in->repeat, err);
    }
    return code;
}

static bool already(const build *b, const char *name)
{
    for (size_t i = 0; i < b->out->inputs; i++)
        if (lb_text_equal(b->out->input[i].name, name)) return true;
    return false;
}

/* `column: age`, or `columns: original_*` for every column that begins so. */
static int add_inputs(build *b, const source *joined, size_t count, const source *second, lb_error *err)
{
    const lb_value *list = lb_get(b->plan->root, "inputs");
    if (!list || list->type != LB_ARRAY || !list->count) return lb_model_plan_fail(b->plan, list, err, "the plan names no inputs");
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *spec = list->item[i];
        int wrong = lb_model_plan_keys(b->plan, spec, "an input", "column,columns,label,label_zh,unit,kind,levels,plausible,harmonise,keep,unknown", err);
        if (wrong) return wrong;
        const char *name = lb_get_text(spec, "column", NULL), *pattern = lb_get_text(spec, "columns", NULL);
        if (!name == !pattern) return lb_model_plan_fail(b->plan, spec, err, "an input is `column: NAME` or `columns: BEGIN*`");
        if (name) {
            if (already(b, name)) return lb_model_plan_fail(b->plan, spec, err, "the input %s is named twice", name);
            int code = add_input(b, spec, name, joined, count, second, err);
            if (code) return code;
            continue;
        }
        size_t before = b->out->inputs, length = strlen(pattern);
        if (!length || pattern[length - 1] != '*') return lb_model_plan_fail(b->plan, spec, err, "`columns` ends in *, as in original_*");
        for (size_t t = 0; t < count; t++)
            for (size_t c = 0; c < joined[t].table->columns; c++) {
                const char *column = joined[t].table->column[c].name;
                if (strncmp(column, pattern, length - 1) || already(b, column)) continue;
                int code = add_input(b, spec, column, joined, count, second, err);
                if (code) return code;
            }
        if (b->out->inputs == before) return lb_model_plan_fail(b->plan, spec, err, "no column begins with '%.*s'", (int)(length - 1), pattern);
    }
    return 0;
}

static int read_outcome(build *b, const lb_value *spec, lb_outcome_data *out, bool *usable, lb_error *err)
{
    lb_outcome event;
    lb_column *time = NULL;
    const char *column = lb_get_text(spec, "event", ""), *when = lb_get_text(spec, "time", NULL);
    int code = lb_outcome_read(b->main, column, lb_get_text(spec, "value", NULL), b->plan->arena, &event, err);
    if (!code && when) code = lb_table_number(b->main, when, &time, err);
    if (code) return code;
    out->horizon = lb_get_number(spec, "horizon", NAN);
    out->event = event.event;
    out->time = NULL;
    if (time) { /* free of the event at the last time anybody is asked: free at the horizon */
        double seen_to = lb_get_number(spec, "seen_to", out->horizon), *days = lb_arena_array(b->plan->arena, b->main->rows + 1, sizeof *days);
        for (size_t i = 0; i < b->main->rows; i++)
            days[i] = event.event[i] == 0 && time->number[i] >= seen_to ? fmax(time->number[i], out->horizon) : time->number[i];
        out->time = days;
    }
    for (size_t i = 0; i < b->main->rows; i++) usable[i] = !isnan(event.event[i]) && (!time || !isnan(time->number[i])) && b->group.code[i] >= 0;
    return 0;
}

/* The rows that have an outcome, and their outcome, in the same order. */
static void keep_rows(build *b, const bool *usable, lb_outcome_data *outcome)
{
    lb_model_people *out = b->out;
    b->row = lb_arena_array(b->plan->arena, b->main->rows + 1, sizeof *b->row);
    double *event = lb_arena_array(b->plan->arena, 2 * b->main->rows + 2, sizeof *event), *time = event + b->main->rows + 1;
    int32_t *renumbered = lb_arena_array(b->plan->arena, b->group.level_count + 1, sizeof *renumbered);
    out->group = lb_arena_array(b->plan->arena, b->main->rows + 1, sizeof *out->group);
    for (size_t i = 0; i < b->main->rows; i++) {
        if (!usable[i]) {
            out->left_out++;
            continue;
        }
        int32_t *g = &renumbered[b->group.code[i]];
        if (!*g) *g = (int32_t)++out->people;
        out->group[out->n] = *g - 1;
        event[out->n] = outcome->event[i];
        time[out->n] = outcome->time ? outcome->time[i] : NAN;
        b->row[out->n++] = i;
    }
    outcome->event = event;
    outcome->time = outcome->time ? time : NULL;
}

static int find_batch(const build *b, int32_t *out, lb_error *err)
{
    const char *name = lb_get_text(b->plan->root, "batch", NULL);
    *out = -1;
    for (size_t i = 0; name && i < b->out->inputs; i++)
        if (lb_text_equal(b->out->input[i].name, name)) *out = (int32_t)i;
    if (name && (*out < 0 || !b->out->input[*out].category))
        return lb_model_plan_fail(b->plan, lb_get(b->plan->root, "batch"), err, "the batch, %.60s, must be an input with levels", name);
    return 0;
}

int lb_model_plan_people(const lb_model_plan *plan, const lb_value *spec, lb_table *const *table, size_t tables, lb_model_people *out, lb_error *err)
{
    *out = (lb_model_people){0};
    build b = {.plan = plan, .table = table, .tables = tables, .out = out};
    const lb_value *data = lb_get(plan->root, "data"), *names = lb_get(data, "join");
    b.main = plan->data ? find_table(&b, plan->data) : tables ? table[0] : NULL;
    if (!b.main) return lb_model_plan_fail(plan, data, err, "there is no table called '%.60s'", plan->data ? plan->data : "");
    if (!plan->id) return lb_model_plan_fail(plan, data, err, "data needs `id`, the column that tells rows apart");
    int code = lb_table_factor(b.main, plan->id, plan->arena, &b.id, err);
    if (!code) code = lb_table_factor(b.main, plan->group, plan->arena, &b.group, err);
    bool *usable = lb_arena_array(plan->arena, b.main->rows + 1, sizeof *usable);
    lb_outcome_data outcome;
    if (!code) code = read_outcome(&b, spec, &outcome, usable, err);
    if (code) return code;
    keep_rows(&b, usable, &outcome);
    source *joined = lb_arena_array(plan->arena, (names ? names->count : 0) + 1, sizeof *joined), second = {0};
    size_t count;
    code = join(&b, names, joined, &count, err);
    const char *again = lb_get_text(data, "second_reading", NULL);
    if (!code && again && find_table(&b, again)) {
        second.table = find_table(&b, again);
        code = match_rows(&b, second.table, &second.match, err);
    }
    if (!code) code = add_inputs(&b, joined, count, second.table ? &second : NULL, err);
    int32_t batch = -1;
    if (!code) code = find_batch(&b, &batch, err);
    if (code) return code;
    out->cohort = lb_cohort_new(out->n, out->input, out->inputs, out->group, batch, &outcome, plan->arena);
    if (!out->cohort) return lb_fail(err, LB_TOO_LARGE, "%zu people by %zu inputs do not fit in memory", out->n, out->inputs);
    lb_cohort_count(out->cohort, &out->known, &out->events, &out->censored);
    return 0;
}
