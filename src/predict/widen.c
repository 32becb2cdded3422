/* Long tables to wide ones: PREFIX_COLUMN SUFFIX, with the mean over what a person has several of (sides, levels). The rows that count
 * are the first reader's; the second reader's, of the same scan, become a table of their own, for the reliability of the first's.
 * Which scan counts is decided by visit and number alone: nothing here depends on a measured value or on an outcome. */
#include "predict/widen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KEYS = 8, MOST_CELLS = 50000000 };

typedef struct key_column {
    const char *name;
    lb_column column; /* as a factor */
} key_column;

typedef struct widening {
    const lb_model_plan *plan;
    const lb_value *spec;
    lb_arena *arena;
    lb_table *table;
    key_column id, visit, reader, prefix[MOST_KEYS], over[MOST_KEYS];
    size_t prefixes, overs;
    const double *scan;
    const char *reading[2];  /* first, second */
    lb_column **value;       /* the measured columns */
    size_t values;
    const char **group;      /* distinct prefixes, in the order they come */
    size_t *group_of, groups;
} widening;

static const char *word_of(const lb_value *value, lb_arena *arena)
{
    char number[32];
    if (!value) return NULL;
    return value->type == LB_STRING ? value->text : lb_is_number(value) ? lb_arena_text(arena, lb_number_text(lb_number_of(value), number)) : NULL;
}

static const char *cell(const key_column *k, size_t row, char buffer[32]) { return lb_column_text(&k->column, row, buffer); }

static bool is_wide(const widening *w)
{
    static const char *const lists[] = {"prefix", "mean_over"};
    if (!lb_table_find(w->table, w->plan->id) || (w->visit.name && lb_table_find(w->table, w->visit.name))) return false;
    if (w->reader.name && lb_table_find(w->table, w->reader.name)) return false;
    for (size_t l = 0; l < LB_COUNT(lists); l++) {
        const lb_value *list = lb_get(w->spec, lists[l]);
        for (size_t i = 0; list && i < list->count; i++)
            if (lb_table_find(w->table, list->item[i]->text)) return false;
    }
    return true;
}

static int take_key(const widening *w, const char *name, const lb_value *at, key_column *out, lb_error *err)
{
    if (!lb_table_find(w->table, name)) return lb_model_plan_fail(w->plan, at, err, "table %s has no column '%.60s'", w->table->name, name);
    out->name = name;
    return lb_table_factor(w->table, name, w->arena, &out->column, err);
}

static int take_keys(const widening *w, const char *key, key_column *out, size_t *count, lb_error *err)
{
    const lb_value *list = lb_get(w->spec, key);
    int code = 0;
    for (size_t i = 0; list && i < list->count && !code; i++) code = take_key(w, list->item[i]->text, list->item[i], &out[(*count)++], err);
    return code;
}

static bool fits(const lb_value *patterns, const char *name)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const char *pattern = patterns->item[i]->text;
        size_t length = strlen(pattern);
        bool begins = length && pattern[length - 1] == '*';
        if (begins ? strncmp(pattern, name, length - 1) == 0 : strcmp(pattern, name) == 0) return true;
    }
    return false;
}

static int take_values(widening *w, lb_error *err)
{
    const lb_value *patterns = lb_get(w->spec, "columns");
    w->value = lb_arena_array(w->arena, w->table->columns + 1, sizeof(lb_column *));
    for (size_t c = 0; c < w->table->columns; c++) {
        if (!fits(patterns, w->table->column[c].name)) continue;
        int code = lb_table_number(w->table, w->table->column[c].name, &w->value[w->values++], err);
        if (code) return code;
    }
    if (!w->values) return lb_model_plan_fail(w->plan, patterns, err, "table %s has none of the columns to widen", w->table->name);
    return 0;
}

/* What stands before the name of each row's columns; an empty cell adds nothing. */
static void take_groups(widening *w)
{
    w->group_of = lb_arena_array(w->arena, w->table->rows + 1, sizeof *w->group_of);
    w->group = lb_arena_array(w->arena, w->table->rows + 1, sizeof *w->group);
    lb_buf text = {0};
    for (size_t i = 0; i < w->table->rows; i++) {
        char number[32];
        text.length = 0;
        for (size_t p = 0; p < w->prefixes; p++)
            if (w->prefix[p].column.code[i] >= 0) lb_buf_printf(&text, "%s_", cell(&w->prefix[p], i, number));
        lb_buf_putc(&text, '\0');
        size_t g = 0;
        while (g < w->groups && strcmp(w->group[g], text.data)) g++;
        if (g == w->groups) w->group[w->groups++] = lb_arena_text(w->arena, text.data);
        w->group_of[i] = g;
    }
    lb_buf_free(&text);
}

/* ---- which rows count ---- */

typedef struct choice {
    int visit;   /* place among the rule's visits, or -1: none */
    double scan;
} choice;

static int visit_place(const widening *w, const lb_value *visits, size_t row)
{
    char number[32];
    if (!visits) return 0;
    for (size_t v = 0; v < visits->count && w->visit.column.code[row] >= 0; v++)
        if (strcmp(visits->item[v]->text, cell(&w->visit, row, number)) == 0) return (int)v;
    return -1;
}

static bool read_by(const widening *w, size_t row, int reading)
{
    char number[32];
    if (!w->reader.name) return reading == 0;
    return w->reading[reading] && w->reader.column.code[row] >= 0 && strcmp(cell(&w->reader, row, number), w->reading[reading]) == 0;
}

/* Per person the visit that is named first, and of it the latest scan, that the first reader has read. */
static int choose(const widening *w, const lb_value *rule, choice *chosen, lb_error *err)
{
    const lb_value *visits = lb_get(rule, "visit");
    bool any = false;
    for (size_t p = 0; p < w->id.column.level_count; p++) chosen[p] = (choice){.visit = -1};
    for (size_t i = 0; i < w->table->rows; i++) {
        int place = visit_place(w, visits, i);
        if (w->id.column.code[i] < 0) return lb_model_plan_fail(w->plan, w->spec, err, "table %s has no %s in row %zu", w->table->name, w->id.name, i + 1);
        if (place < 0 || !read_by(w, i, 0)) continue;
        choice *c = &chosen[w->id.column.code[i]];
        double scan = w->scan ? w->scan[i] : 0;
        if (c->visit < 0 || place < c->visit || (place == c->visit && scan > c->scan)) *c = (choice){place, scan};
        any = true;
    }
    if (any || !w->table->rows) return 0;
    lb_buf names = {0};
    for (size_t v = 0; visits && v < visits->count; v++) lb_buf_printf(&names, "%s'%.40s'", v ? " or " : "", visits->item[v]->text);
    int code = lb_model_plan_fail(w->plan, rule ? rule : w->spec, err, "table %s has no row%s%.200s%s", w->table->name, visits ? " of visit " : "", visits ? names.data : "",
                                  w->reader.name ? " by the first reader" : "");
    lb_buf_free(&names);
    return code;
}

static bool counts(const widening *w, const lb_value *rule, const choice *chosen, size_t row, int reading)
{
    const choice *c = &chosen[w->id.column.code[row]];
    return c->visit >= 0 && read_by(w, row, reading) && visit_place(w, lb_get(rule, "visit"), row) == c->visit && (!w->scan || w->scan[row] == c->scan);
}

/* ---- no row twice ---- */

static int by_text(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

static int no_row_twice(const widening *w, const lb_value *rule, const choice *chosen, int reading, lb_error *err)
{
    const char **all = lb_arena_array(w->arena, w->table->rows + 1, sizeof *all);
    size_t n = 0;
    lb_buf text = {0};
    for (size_t i = 0; i < w->table->rows; i++) {
        char number[32];
        if (!counts(w, rule, chosen, i, reading)) continue;
        text.length = 0;
        lb_buf_puts(&text, cell(&w->id, i, number));
        if (w->visit.name) lb_buf_printf(&text, ", visit %s", cell(&w->visit, i, number));
        for (size_t k = 0; k < w->prefixes; k++) lb_buf_printf(&text, ", %s %s", w->prefix[k].name, cell(&w->prefix[k], i, number));
        for (size_t k = 0; k < w->overs; k++) lb_buf_printf(&text, ", %s %s", w->over[k].name, cell(&w->over[k], i, number));
        all[n++] = lb_arena_text(w->arena, text.data);
    }
    lb_buf_free(&text);
    qsort(all, n, sizeof *all, by_text);
    for (size_t i = 1; i < n; i++)
        if (strcmp(all[i - 1], all[i]) == 0)
            return lb_model_plan_fail(w->plan, w->spec, err, "table %s has two rows of %.200s: what tells them apart belongs in prefix, mean_over or latest", w->table->name, all[i]);
    return 0;
}

/* ---- the wide table ---- */

static int add_columns(const widening *w, const lb_value *rule, const choice *chosen, int reading, lb_table *wide, size_t *used, lb_error *err)
{
    size_t first = wide->columns, people = wide->rows, total = w->groups * w->values;
    const char *suffix = lb_get_text(rule, "suffix", "");
    if (total > MOST_CELLS / (people + 1)) return lb_fail(err, LB_TOO_LARGE, "table %s: %zu people by %zu columns are too many", w->table->name, people, total);
    for (size_t g = 0; g < w->groups; g++)
        for (size_t v = 0; v < w->values; v++) {
            const char *name = lb_arena_printf(w->arena, "%s%s%s", w->group[g], w->value[v]->name, suffix);
            if (lb_table_find(wide, name)) return lb_model_plan_fail(w->plan, w->spec, err, "widening table %s makes the column %.80s twice", w->table->name, name);
            lb_table_add_number(wide, name);
        }
    uint32_t *seen = lb_arena_array(w->arena, total * people + 1, sizeof *seen);
    for (size_t i = 0; i < w->table->rows; i++) {
        if (!counts(w, rule, chosen, i, reading)) continue;
        size_t person = (size_t)w->id.column.code[i];
        ++*used;
        for (size_t v = 0; v < w->values; v++) {
            double value = w->value[v]->number[i];
            size_t column = w->group_of[i] * w->values + v;
            double *sum = &wide->column[first + column].number[person];
            if (isnan(value)) continue;
            *sum = seen[column * people + person]++ ? *sum + value : value;
        }
    }
    for (size_t c = 0; c < total; c++) {
        lb_column *column = &wide->column[first + c];
        column->missing = 0;
        for (size_t p = 0; p < people; p++) {
            if (seen[c * people + p]) column->number[p] /= seen[c * people + p];
            column->missing += isnan(column->number[p]);
        }
    }
    return 0;
}

static int make_wide(const widening *w, const char *name, int reading, lb_table **out, size_t *used, lb_error *err)
{
    const lb_value *rules = lb_get(w->spec, "visits");
    size_t people = w->id.column.level_count;
    choice *chosen = lb_arena_array(w->arena, people + 1, sizeof *chosen);
    *out = lb_table_new(w->arena, name, people);
    lb_table_add_text(*out, w->plan->id, w->id.column.level);
    *used = 0;
    int code = 0;
    for (size_t r = 0; r < (rules ? rules->count : 1) && !code; r++) {
        const lb_value *rule = rules ? rules->item[r] : NULL;
        code = choose(w, rule, chosen, err);
        if (!code) code = no_row_twice(w, rule, chosen, reading, err);
        if (!code) code = add_columns(w, rule, chosen, reading, *out, used, err);
    }
    return code;
}

static lb_table *find_table(lb_table *const *table, size_t tables, const char *name)
{
    for (size_t i = 0; i < tables; i++)
        if (lb_text_equal(table[i]->name, name)) return table[i];
    return NULL;
}

static int open_table(widening *w, lb_error *err)
{
    const char *latest = lb_get_text(w->spec, "latest", NULL), *id = lb_get_text(w->spec, "id", w->plan->id);
    lb_column *scan;
    int code = take_key(w, id, lb_get(w->spec, "id"), &w->id, err);
    if (!code && w->visit.name) code = take_key(w, w->visit.name, lb_get(w->spec, "visits"), &w->visit, err);
    if (!code && w->reader.name) code = take_key(w, w->reader.name, lb_get(w->spec, "reader"), &w->reader, err);
    if (!code) code = take_keys(w, "prefix", w->prefix, &w->prefixes, err);
    if (!code) code = take_keys(w, "mean_over", w->over, &w->overs, err);
    if (!code && latest) {
        code = lb_table_number(w->table, latest, &scan, err);
        if (!code) w->scan = scan->number;
    }
    if (!code) code = take_values(w, err);
    if (!code) take_groups(w);
    return code;
}

static int widen_one(const lb_model_plan *plan, const lb_value *spec, lb_table **table, size_t *tables, lb_value *about, lb_error *err)
{
    const lb_value *reader = lb_get(spec, "reader");
    const char *name = lb_get_text(spec, "table", ""), *again = lb_get_text(lb_get(plan->root, "data"), "second_reading", NULL);
    widening w = {.plan = plan, .spec = spec, .arena = plan->arena, .table = find_table(table, *tables, name)};
    if (!w.table) return lb_model_plan_fail(plan, spec, err, "there is no table called '%.60s' to widen", name);
    w.visit.name = lb_get(spec, "visits") ? "visit" : NULL;
    w.reader.name = lb_get_text(reader, "column", NULL);
    w.reading[0] = word_of(lb_get(reader, "first"), plan->arena);
    w.reading[1] = word_of(lb_get(reader, "second"), plan->arena);
    if (is_wide(&w)) return 0;
    size_t used, used_again = 0, at = 0;
    lb_table *wide, *second;
    int code = open_table(&w, err);
    if (!code) code = make_wide(&w, name, 0, &wide, &used, err);
    if (!code && w.reading[1]) code = make_wide(&w, again, 1, &second, &used_again, err);
    if (code) return code;
    while (table[at] != w.table) at++;
    table[at] = wide;
    if (used_again && find_table(table, *tables, again)) return lb_model_plan_fail(plan, spec, err, "table %s is given, and table %s holds second readings, too: leave one out", again, name);
    if (used_again) table[(*tables)++] = second;
    if (about) lb_push_text(about, lb_arena_printf(plan->arena, "Table %s: %zu people by %zu columns, made from %zu of its %zu rows; second readings from %zu.", name, wide->rows,
                                                   wide->columns - 1, used, w.table->rows, used_again));
    return 0;
}

/* ---- what the plan says ---- */

static int check_texts(const lb_model_plan *plan, const lb_value *spec, const char *key, bool needed, lb_error *err)
{
    const lb_value *list = lb_get(spec, key);
    if (!list && !needed) return 0;
    bool fine = list && list->type == LB_ARRAY && list->count && (list->count <= MOST_KEYS || strcmp(key, "columns") == 0);
    for (size_t i = 0; fine && i < list->count; i++) fine = list->item[i]->type == LB_STRING;
    return fine ? 0 : lb_model_plan_fail(plan, list ? list : spec, err, "%s is a list of names", key);
}

static int check_one(const lb_model_plan *plan, const lb_value *spec, lb_error *err)
{
    const lb_value *reader = lb_get(spec, "reader"), *visits = lb_get(spec, "visits");
    int code = lb_model_plan_keys(plan, spec, "a table to widen", "table,id,visits,latest,reader,prefix,mean_over,columns", err);
    if (!code && !lb_get_text(spec, "table", NULL)) code = lb_model_plan_fail(plan, spec, err, "a table to widen needs its name, `table`");
    if (!code) code = lb_model_plan_keys(plan, reader, "reader", "column,first,second", err);
    if (!code && reader && (!lb_get_text(reader, "column", NULL) || !lb_get(reader, "first"))) code = lb_model_plan_fail(plan, reader, err, "reader needs `column` and `first`");
    if (!code && lb_get(reader, "second") && !lb_get_text(lb_get(plan->root, "data"), "second_reading", NULL))
        code = lb_model_plan_fail(plan, reader, err, "a second reader needs data.second_reading, the name of the table of second readings");
    if (!code) code = check_texts(plan, spec, "prefix", false, err);
    if (!code) code = check_texts(plan, spec, "mean_over", false, err);
    if (!code) code = check_texts(plan, spec, "columns", true, err);
    if (!code && visits && (visits->type != LB_ARRAY || !visits->count)) code = lb_model_plan_fail(plan, visits, err, "visits is a list of {visit: [NAME], suffix: TEXT}");
    for (size_t v = 0; visits && v < visits->count && !code; v++) {
        code = lb_model_plan_keys(plan, visits->item[v], "a visit to widen", "visit,suffix", err);
        if (!code) code = check_texts(plan, visits->item[v], "visit", true, err);
    }
    return code;
}

int lb_model_plan_widen_check(const lb_model_plan *plan, lb_error *err)
{
    const lb_value *list = lb_get(lb_get(plan->root, "data"), "widen");
    if (!list) return 0;
    if (list->type != LB_ARRAY) return lb_model_plan_fail(plan, list, err, "widen is a list of tables");
    if (!plan->id) return lb_model_plan_fail(plan, list, err, "data needs `id`, the column that tells rows apart");
    int code = 0;
    for (size_t i = 0; i < list->count && !code; i++) code = check_one(plan, list->item[i], err);
    return code;
}

int lb_model_plan_widen(const lb_model_plan *plan, lb_table *const *table, size_t tables, lb_table ***out, size_t *count, lb_value *about, lb_error *err)
{
    const lb_value *list = lb_get(lb_get(plan->root, "data"), "widen");
    size_t most = tables + (list ? list->count : 0);
    lb_table **all = lb_arena_array(plan->arena, most + 1, sizeof *all);
    if (tables) memcpy(all, table, tables * sizeof *all);
    int code = 0;
    for (size_t i = 0; list && i < list->count && !code; i++) code = widen_one(plan, list->item[i], all, &tables, about, err);
    *out = all;
    *count = tables;
    return code;
}
