/* What the reference tests of the evidence room share: the results files of metafor, and running an operation by name.
 */
#ifndef LUMBAR_META_FIXTURE_H
#define LUMBAR_META_FIXTURE_H

#include "lumbar_test.h"

static const char *const datasets[] __attribute__((unused)) = {"bangertdrowns2004",   "bcg",
                                                               "hackshaw1998",        "lbp_selfmanage_disability",
                                                               "lbp_selfmanage_pain", "molloy2014",
                                                               "normand1999",         "pritz1997",
                                                               "raudenbush1985",      "yusuf1985_table6"};
enum { DATASETS = sizeof datasets / sizeof datasets[0] };

typedef struct fixture {
    lb_registry *registry;
    lb_arena *arena;
} fixture;

static inline int set_up(void **state)
{
    fixture *f = lb_alloc(1, sizeof *f);
    f->registry = lb_registry_all();
    f->arena = lb_arena_new();
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    fixture *f = *state;
    lb_registry_free(f->registry);
    lb_arena_free(f->arena);
    free(f);
    return 0;
}

static inline lb_bytes read_shared(const fixture *f, const char *folder, const char *name, const char *extension)
{
    char relative[256];
    snprintf(relative, sizeof relative, "meta/%s/%s.%s", folder, name, extension);
    const char *path = shared_data(relative);
    if (!path) skip();
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    assert_int_equal(lb_file_read(path, 1u << 26, f->arena, &bytes, &err), 0);
    return bytes;
}

static inline lb_value *expected_of(const fixture *f, const char *name)
{
    lb_bytes bytes = read_shared(f, "results", name, "json");
    lb_error err = LB_ERROR_INIT;
    lb_value *value = NULL;
    assert_int_equal(lb_json_read(&bytes, f->arena, &value, &err), 0);
    return value;
}

/* settings: pairs of name and value, ended by NULL. */
static inline lb_result *run(const fixture *f, const char *verb, const lb_bytes *csv, lb_table *table,
                             const char *const *settings)
{
    lb_error err = LB_ERROR_INIT;
    const lb_op *op = lb_registry_find(f->registry, "meta", verb);
    assert_non_null(op);
    lb_call *call = lb_call_new(f->registry, op);
    if (csv)
        assert_int_equal(lb_call_bind(call, "data", csv, &err), 0);
    else
        assert_int_equal(lb_call_bind_table(call, "data", table, &err), 0);
    for (; *settings; settings += 2) assert_int_equal(lb_call_set(call, settings[0], settings[1], &err), 0);
    lb_result *result = NULL;
    int code = lb_call_run(call, &result, &err);
    if (code) fail_msg("meta %s: %s (%s)", verb, err.message, err.hint);
    lb_call_free(call);
    return result;
}

/* The effects of a results file as a table with the columns yi and vi, and `order` when the file has one. */
static inline lb_table *effects_table(const fixture *f, const lb_value *file)
{
    const lb_value *y = lb_get(file, "yi"), *v = lb_get(file, "vi"), *order = lb_path(file, "cumul_REML.order");
    lb_table *table = lb_table_new(f->arena, "effects", y->count);
    lb_column *yi = lb_table_add_number(table, "yi");
    for (size_t i = 0; i < y->count; i++) yi->number[i] = lb_number_of(y->item[i]);
    lb_column *vi = lb_table_add_number(table, "vi");
    for (size_t i = 0; i < y->count; i++) vi->number[i] = lb_number_of(v->item[i]);
    if (!order || order->count != y->count) return table;
    lb_column *place = lb_table_add_number(table, "place");
    for (size_t i = 0; i < y->count; i++) place->number[i] = lb_number_of(order->item[i]);
    return table;
}

static inline void compare(const char *where, size_t row, const char *key, const lb_value *got,
                           const lb_value *expected, double tolerance, double scale)
{
    if (!expected || expected->type == LB_NULL) return;
    if (expected->type == LB_BOOL) {
        if (!got || got->type != LB_BOOL || got->boolean != expected->boolean)
            fail_msg("%s row %zu %s", where, row, key);
        return;
    }
    double a = lb_number_of(got), b = lb_number_of(expected);
    if (fabs(a - b) <= tolerance * fmax(fabs(b), scale)) return;
    fail_msg("%s row %zu %s: got %.17g, expected %.17g", where, row, key, a, b);
}

/* A list of two, or one number. */
static inline const lb_value *item(const lb_value *list, size_t i)
{
    return list && list->type == LB_ARRAY ? list->item[i] : list;
}

/* The design matrix of a regression of the results file as columns x1, x2, … */
static inline lb_table *regression_table(const fixture *f, const lb_value *file, const lb_value *regression, char *formula,
                                  size_t room)
{
    const lb_value *x = lb_get(regression, "X"), *used = lb_get(regression, "rows_used");
    size_t columns = x->item[0]->count;
    lb_table *table = lb_table_new(f->arena, "effects", x->count);
    lb_column *y = lb_table_add_number(table, "yi");
    for (size_t i = 0; i < x->count; i++)
        y->number[i] = lb_number_of(lb_get(file, "yi")->item[(size_t)used->item[i]->integer - 1]);
    lb_column *v = lb_table_add_number(table, "vi");
    for (size_t i = 0; i < x->count; i++)
        v->number[i] = lb_number_of(lb_get(file, "vi")->item[(size_t)used->item[i]->integer - 1]);
    size_t length = (size_t)snprintf(formula, room, "~ 1");
    for (size_t j = 1; j < columns; j++) {
        char name[32];
        snprintf(name, sizeof name, "x%zu", j);
        lb_column *column = lb_table_add_number(table, lb_arena_text(f->arena, name));
        for (size_t i = 0; i < x->count; i++) column->number[i] = lb_number_of(x->item[i]->item[j]);
        length += (size_t)snprintf(formula + length, room - length, " + %s", name);
    }
    return table;
}

/* rows[i].key of the result against expected.theirs[i]. */
static inline size_t compare_rows(const char *where, const lb_result *result, const lb_value *expected,
                           const char *const (*keys)[2], double tolerance)
{
    const lb_value *rows = lb_get(result->results, "rows");
    size_t compared = 0;
    for (; (*keys)[0]; keys++) {
        const lb_value *list = lb_get(expected, (*keys)[1]);
        if (!list || list->type != LB_ARRAY || list->count != rows->count) continue;
        for (size_t i = 0; i < rows->count; i++, compared++) {
            compare(where, i, (*keys)[0], lb_get(rows->item[i], (*keys)[0]), list->item[i], tolerance,
                    strcmp((*keys)[0], "I2") == 0 ? 1 : 1e-2);
        }
    }
    return compared;
}

#endif
