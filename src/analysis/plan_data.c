/* The data of a plan: tables by name, derived columns (an expression of columns, or a value of another table at a given
 * visit), and the analysis sets as lists of who is left out. */
#include "analysis/plan.h"

#include <lumbar/data.h>

#include <math.h>
#include <string.h>

/* "dir/participants.csv" is called participants. */
static const char *stem_of(lb_arena *arena, const char *name)
{
    const char *slash = strrchr(name, '/'), *start = slash ? slash + 1 : name, *dot = strrchr(start, '.');
    return dot && dot > start ? lb_arena_textn(arena, start, (size_t)(dot - start)) : lb_arena_text(arena, start);
}

lb_table *lb_plan_table(const lb_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->tables; i++)
        if (lb_text_equal(plan->table[i]->name, name)) return plan->table[i];
    return NULL;
}

const lb_plan_set *lb_plan_find_set(const lb_plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->sets; i++)
        if (lb_text_equal(plan->set[i].id, id)) return &plan->set[i];
    return NULL;
}

static int name_tables(lb_plan *plan, lb_table *const *given, size_t count, lb_error *err)
{
    plan->table = lb_arena_array(plan->arena, count + 1, sizeof(lb_table *));
    for (size_t i = 0; i < count; i++) {
        lb_table *copy = lb_arena_alloc(plan->arena, sizeof *copy); /* a shallow one: columns are added to it */
        *copy = *given[i];
        copy->name = stem_of(plan->arena, given[i]->name ? given[i]->name : "data");
        copy->column = lb_arena_array(plan->arena, copy->columns + 1, sizeof *copy->column);
        memcpy(copy->column, given[i]->column, copy->columns * sizeof *copy->column);
        copy->arena = plan->arena;
        plan->table[plan->tables++] = copy;
    }
    const char *wanted = lb_get_text(plan->root, "participants", "participants");
    plan->participants = lb_plan_table(plan, wanted);
    if (!plan->participants && count == 1) plan->participants = plan->table[0];
    if (plan->participants) return 0;
    int code = lb_fail(err, LB_BAD_DATA, "none of the %zu tables given is called %s", count, wanted);
    lb_error_where(err, "--data");
    lb_error_hint(err, "give --data %s.csv, or --data %s=FILE", wanted, wanted);
    return code;
}

/* Replace the columns wholesale: lb_table_add_* may find the arrays of a shallow copy full. */
static lb_column *add_number(lb_table *table, const char *name)
{
    lb_column *old = lb_table_find(table, name);
    lb_column *grown = old ? table->column : lb_arena_array(table->arena, table->columns + 2, sizeof *grown);
    if (!old) {
        memcpy(grown, table->column, table->columns * sizeof *grown);
        table->column = grown;
        old = &grown[table->columns++];
    }
    *old = (lb_column){.name = lb_arena_text(table->arena, name), .type = LB_NUMBER};
    old->number = lb_arena_array(table->arena, table->rows + 1, sizeof(double));
    for (size_t i = 0; i < table->rows; i++) old->number[i] = NAN;
    old->missing = table->rows;
    return old;
}

/* name: an R expression of columns, by the formula language ("odi_12m - odi_0"). */
static int derive_expression(lb_plan *plan, const lb_value *entry, lb_error *err)
{
    const char *expression = lb_get_text(entry, "expression", "");
    lb_formula *formula;
    lb_design *design;
    lb_table *table = plan->participants;
    int code = lb_formula_parse(lb_arena_printf(plan->arena, "~ 0 + I(%s)", expression), plan->arena, &formula, err);
    if (!code) code = lb_design_build(formula, table, NULL, plan->arena, &design, err);
    if (code) {
        if (err) lb_error_where(err, "%s:%d:%d", plan->name, entry->line, entry->column);
        return code;
    }
    if (design->p != 1) return lb_plan_fail(plan, entry, err, "the expression '%.120s' is not one number per person", expression);
    lb_column *column = add_number(table, lb_get_text(entry, "name", NULL));
    for (size_t i = 0; i < design->n; i++) column->number[design->row[i]] = design->x[i];
    column->missing = table->rows - design->n;
    return 0;
}

static bool is_value(const char *cell, const lb_value *value)
{
    char wanted[64];
    return strcmp(cell, value->type == LB_STRING ? value->text : lb_number_text(lb_number_of(value), wanted)) == 0;
}

bool lb_plan_row_matches(const lb_table *table, size_t row, const lb_value *where)
{
    char buffer[64];
    if (where && where->type != LB_OBJECT) return false;
    for (size_t i = 0; where && i < where->count; i++) {
        const lb_column *column = lb_table_find(table, where->key[i]);
        const lb_value *value = where->item[i];
        if (!column || lb_column_missing(column, row)) return false;
        const char *cell = lb_column_text(column, row, buffer);
        bool found = value->type != LB_ARRAY && is_value(cell, value);
        for (size_t k = 0; value->type == LB_ARRAY && k < value->count && !found; k++) found = is_value(cell, value->item[k]);
        if (!found) return false;
    }
    return true;
}

/* Row of each person in the participants table, found by the text of the identifier. */
typedef struct people {
    const lb_column *id;
    size_t *slot, size;
} people;

static size_t hash_of(const char *text)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *text; text++) h = (h ^ (uint8_t)*text) * 1099511628211u;
    return (size_t)h;
}

static size_t find_person(const people *index, const char *id)
{
    char cell[64];
    for (size_t k = hash_of(id) & (index->size - 1);; k = (k + 1) & (index->size - 1)) {
        if (index->slot[k] == 0) return SIZE_MAX;
        if (strcmp(lb_column_text(index->id, index->slot[k] - 1, cell), id) == 0) return index->slot[k] - 1;
    }
}

static int index_people(lb_plan *plan, people *index, lb_error *err)
{
    lb_column *id;
    char cell[64];
    int code = lb_table_column(plan->participants, plan->id, &id, err);
    if (code) return code;
    size_t rows = plan->participants->rows;
    *index = (people){.id = id, .size = 16};
    while (index->size < 2 * rows) index->size *= 2;
    index->slot = lb_arena_array(plan->arena, index->size, sizeof(size_t));
    for (size_t i = 0; i < rows; i++) {
        const char *text = lb_column_text(id, i, cell);
        if (find_person(index, text) != SIZE_MAX) {
            code = lb_fail(err, LB_BAD_DATA, "%s %.80s is in the table of participants twice", plan->id, text);
            lb_error_hint(err, "the table has one row per person");
            return code;
        }
        size_t k = hash_of(text) & (index->size - 1);
        while (index->slot[k]) k = (k + 1) & (index->size - 1);
        index->slot[k] = i + 1;
    }
    return 0;
}

/* {name, from: visits, where: {visit: m12}, value: odi}: one value per person out of a long table. */
static int derive_from_table(lb_plan *plan, const lb_value *entry, lb_error *err)
{
    const char *from = lb_get_text(entry, "from", "");
    lb_table *source = lb_plan_table(plan, from);
    if (!source) {
        int code = lb_plan_fail(plan, lb_get(entry, "from"), err, "there is no table called '%.80s'", from);
        lb_error_hint(err, "give it with --data %s.csv", from);
        return code;
    }
    lb_column *id, *value;
    people index;
    char cell[64];
    int code = lb_table_column(source, plan->id, &id, err);
    if (!code) code = lb_table_number(source, lb_get_text(entry, "value", ""), &value, err);
    if (!code) code = index_people(plan, &index, err);
    if (code) return code;
    lb_column *column = add_number(plan->participants, lb_get_text(entry, "name", NULL));
    size_t filled = 0;
    for (size_t i = 0; i < source->rows; i++) {
        if (!lb_plan_row_matches(source, i, lb_get(entry, "where")) || isnan(value->number[i])) continue;
        const char *who = lb_column_text(id, i, cell);
        size_t person = find_person(&index, who);
        if (person == SIZE_MAX) continue;
        if (!isnan(column->number[person]))
            return lb_plan_fail(plan, entry, err, "%s has two values of %s in %s", who, column->name, from);
        column->number[person] = value->number[i];
        filled++;
    }
    column->missing = plan->participants->rows - filled;
    if (filled == 0) lb_result_warn(plan->result, "%s: nobody has a value in %s", column->name, from);
    return 0;
}

static int derive(lb_plan *plan, lb_error *err)
{
    const lb_value *list = lb_get(plan->root, "derive");
    for (size_t i = 0; list && i < list->count; i++) {
        const lb_value *entry = list->item[i];
        const char *name = lb_get_text(entry, "name", NULL);
        bool expression = lb_get(entry, "expression") != NULL, from = lb_get(entry, "from") != NULL;
        if (!name || expression == from)
            return lb_plan_fail(plan, entry, err, "a derived column needs a name, and either an expression or 'from' another table");
        int code = expression ? derive_expression(plan, entry, err) : derive_from_table(plan, entry, err);
        if (code) return code;
        lb_column *column = lb_table_find(plan->participants, name);
        column->label = lb_get_text(entry, "label", NULL);
        column->unit = lb_get_text(entry, "unit", NULL);
    }
    return 0;
}

/* One condition {column, is|not|below|at_least|missing} on one row. */
static int holds(const lb_plan *plan, const lb_value *condition, size_t row, bool *out, lb_error *err)
{
    lb_column *column;
    char cell[64], wanted[64];
    int code = lb_table_column(plan->participants, lb_get_text(condition, "column", ""), &column, err);
    if (code) {
        if (err) lb_error_where(err, "%s:%d:%d", plan->name, condition->line, condition->column);
        return code;
    }
    bool missing = lb_column_missing(column, row);
    *out = true;
    for (size_t i = 0; i < condition->count; i++) {
        const char *key = condition->key[i];
        const lb_value *value = condition->item[i];
        if (strcmp(key, "column") == 0) continue;
        if (strcmp(key, "missing") == 0) {
            *out &= missing == (value->type == LB_BOOL && value->boolean);
        } else if (strcmp(key, "is") == 0 || strcmp(key, "not") == 0) {
            const char *text = value->type == LB_STRING ? value->text : lb_number_text(lb_number_of(value), wanted);
            bool same = !missing && strcmp(lb_column_text(column, row, cell), text) == 0;
            *out &= key[0] == 'i' ? same : !missing && !same;
        } else if (strcmp(key, "below") == 0 || strcmp(key, "at_least") == 0) {
            if (column->type != LB_NUMBER) return lb_plan_fail(plan, value, err, "column %s holds text: it cannot be compared", column->name);
            bool below = column->number[row] < lb_number_of(value);
            *out &= !missing && (key[0] == 'b' ? below : !below);
        } else {
            code = lb_plan_fail(plan, value, err, "a condition has no key '%.60s'", key);
            lb_error_hint(err, "its keys are column, is, not, below, at_least, missing");
            return code;
        }
    }
    return 0;
}

/* Is the person left out? Each entry of `exclude` is one condition, or a list of which all must hold. */
static int is_excluded(const lb_plan *plan, const lb_value *exclude, size_t row, bool *out, lb_error *err)
{
    *out = false;
    for (size_t i = 0; exclude && i < exclude->count && !*out; i++) {
        const lb_value *entry = exclude->item[i];
        bool all = true, one;
        size_t count = entry->type == LB_ARRAY ? entry->count : 1;
        for (size_t k = 0; k < count && all; k++) {
            int code = holds(plan, entry->type == LB_ARRAY ? entry->item[k] : entry, row, &one, err);
            if (code) return code;
            all = one;
        }
        *out = all;
    }
    return 0;
}

/* Does the plan itself say it, as a visit of a list for example? Nobody may have been there yet. */
static bool said_in(const lb_value *node, const char *name)
{
    if (node->type == LB_STRING) return strcmp(node->text, name) == 0;
    for (size_t i = 0; (node->type == LB_OBJECT || node->type == LB_ARRAY) && i < node->count; i++)
        if (said_in(node->item[i], name)) return true;
    return false;
}

/* A column of another table, or a value of a text column of any: a visit, say. */
static bool known_elsewhere(const lb_plan *plan, const char *name)
{
    for (size_t t = 0; t < plan->tables; t++) {
        const lb_table *table = plan->table[t];
        if (lb_table_find(table, name)) return true;
        for (size_t c = 0; c < table->columns; c++)
            for (size_t l = 0; table->column[c].type == LB_TEXT && l < table->column[c].level_count; l++)
                if (strcmp(table->column[c].level[l], name) == 0) return true;
    }
    return said_in(plan->root, name);
}

/* labels: {age: "Age, years", M06: "Month 6"} where the data come without a codebook. */
static int label_columns(lb_plan *plan, lb_error *err)
{
    const lb_value *labels = lb_get(plan->root, "labels");
    for (size_t i = 0; labels && labels->type == LB_OBJECT && i < labels->count; i++) {
        lb_column *column;
        if (!lb_table_find(plan->participants, labels->key[i]) && known_elsewhere(plan, labels->key[i])) continue;
        int code = lb_table_column(plan->participants, labels->key[i], &column, err);
        if (code) {
            if (err) lb_error_where(err, "%s:%d:%d", plan->name, labels->item[i]->line, labels->item[i]->column);
            return code;
        }
        if (labels->item[i]->type == LB_STRING) column->label = labels->item[i]->text;
    }
    return 0;
}

/* levels: {load: [low, medium, high], smoker: {"0": no, "1": yes}}: the order of a column's values, and what to call them. */
static int order_levels(lb_plan *plan, const char *name, const lb_value *wanted, lb_error *err)
{
    lb_column *column;
    char cell[64], number[32];
    int code = lb_table_column(plan->participants, name, &column, err);
    if (code) {
        if (err) lb_error_where(err, "%s:%d:%d", plan->name, wanted->line, wanted->column);
        return code;
    }
    if (wanted->type != LB_ARRAY && wanted->type != LB_OBJECT)
        return lb_plan_fail(plan, wanted, err, "the levels of %s must be a list, or a mapping of values to names", name);
    size_t rows = plan->participants->rows;
    lb_column out = {.name = column->name, .type = LB_TEXT, .label = column->label, .unit = column->unit, .level_count = wanted->count};
    const char **value = lb_arena_array(plan->arena, wanted->count + 1, sizeof *value);
    out.level = lb_arena_array(plan->arena, wanted->count + 1, sizeof *out.level);
    out.code = lb_arena_array(plan->arena, rows + 1, sizeof *out.code);
    for (size_t k = 0; k < wanted->count; k++) {
        const lb_value *item = wanted->item[k];
        const char *text = item->type == LB_STRING ? item->text : lb_arena_text(plan->arena, lb_number_text(lb_number_of(item), number));
        value[k] = wanted->type == LB_OBJECT ? wanted->key[k] : text;
        out.level[k] = text;
    }
    for (size_t i = 0; i < rows; i++) {
        bool missing = lb_column_missing(column, i);
        const char *text = missing ? "" : lb_column_text(column, i, cell);
        size_t k = 0;
        while (!missing && k < wanted->count && strcmp(value[k], text) != 0) k++;
        if (k == wanted->count) return lb_plan_fail(plan, wanted, err, "column %s holds '%.60s', which is not among its levels", name, text);
        out.code[i] = missing ? -1 : (int32_t)k;
        out.missing += missing;
    }
    *column = out;
    return 0;
}

static int name_levels(lb_plan *plan, lb_error *err)
{
    const lb_value *levels = lb_get(plan->root, "levels");
    int code = 0;
    for (size_t i = 0; levels && levels->type == LB_OBJECT && i < levels->count && !code; i++)
        code = order_levels(plan, levels->key[i], levels->item[i], err);
    return code;
}

static int make_sets(lb_plan *plan, lb_error *err)
{
    const lb_value *list = lb_get(plan->root, "sets");
    size_t count = list ? list->count : 0;
    plan->set = lb_arena_array(plan->arena, count + 1, sizeof *plan->set);
    if (count == 0) plan->set[plan->sets++] = (lb_plan_set){"all", "Everybody randomised", "", plan->participants};
    for (size_t i = 0; i < count; i++) {
        const lb_value *entry = list->item[i], *exclude = lb_get(entry, "exclude");
        size_t *row = lb_arena_array(plan->arena, plan->participants->rows + 1, sizeof *row), n = 0;
        for (size_t k = 0; k < plan->participants->rows; k++) {
            bool out;
            int code = is_excluded(plan, exclude, k, &out, err);
            if (code) return code;
            if (!out) row[n++] = k;
        }
        const char *id = lb_get_text(entry, "id", NULL);
        if (!id || lb_plan_find_set(plan, id)) return lb_plan_fail(plan, entry, err, "an analysis set needs an id of its own");
        plan->set[plan->sets++] = (lb_plan_set){id, lb_get_text(entry, "label", id), lb_get_text(entry, "definition", ""),
                                                lb_table_rows(plan->participants, row, n, plan->arena)};
    }
    return 0;
}

/* Both arms must be there, and known. */
static int check_arms(const lb_plan *plan, lb_error *err)
{
    lb_column arm;
    const lb_value *treatment = lb_get(plan->root, "treatment");
    int code = lb_table_factor(plan->participants, plan->arm, plan->arena, &arm, err);
    if (code) return code;
    const char *const wanted[] = {plan->reference, plan->comparison}, *const key[] = {"reference", "comparison"};
    for (size_t k = 0; k < 2; k++) {
        size_t n = 0;
        for (size_t i = 0; i < plan->participants->rows; i++) n += arm.code[i] >= 0 && lb_text_equal(arm.level[arm.code[i]], wanted[k]);
        if (n) continue;
        code = lb_plan_fail(plan, lb_get(treatment, key[k]), err, "nobody is in the arm '%.80s'", wanted[k]);
        const char *near = lb_text_nearest(wanted[k], arm.level, arm.level_count);
        lb_error_hint(err, near ? "column %s has an arm '%s'" : "look at column %s", plan->arm, near);
        return code;
    }
    return 0;
}

int lb_plan_prepare(lb_plan *plan, lb_table *const *table, size_t count, lb_error *err)
{
    int code = name_tables(plan, table, count, err);
    if (!code && plan->rehearsal) code = lb_plan_shuffle(plan, plan->shuffle_seed, err);
    if (!code) code = check_arms(plan, err);
    if (!code) code = derive(plan, err);
    if (!code) code = label_columns(plan, err);
    if (!code) code = name_levels(plan, err);
    if (!code) code = make_sets(plan, err);
    return code;
}
