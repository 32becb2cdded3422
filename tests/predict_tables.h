/* For tests of the prediction room: shared tables, rows of them, and operations on tables in memory. */
#ifndef LUMBAR_PREDICT_TABLES_H
#define LUMBAR_PREDICT_TABLES_H
#include "run_op.h"

static inline lb_table *shared_table(const char *relative, lb_arena *arena)
{
    const char *path = shared_data(relative);
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_bytes bytes;
    lb_table *table;
    if (!path) return NULL;
    assert_int_equal(lb_file_read(path, 0, arena, &bytes, &err), 0);
    assert_int_equal(lb_csv_read(&bytes, &options, arena, &table, &err), 0);
    return table;
}

/* Rows of a table whose text column has a value. */
static inline lb_table *rows_where(const lb_table *table, const char *column, const char *value, lb_arena *arena)
{
    const lb_column *c = lb_table_find(table, column);
    size_t *row = lb_arena_array(arena, table->rows, sizeof *row), n = 0;
    char cell[64];
    for (size_t i = 0; i < table->rows; i++)
        if (strcmp(lb_column_text(c, i, cell), value) == 0) row[n++] = i;
    return lb_table_rows(table, row, n, arena);
}

static inline lb_result *run_on(lb_registry *registry, const char *verb, lb_table *table, const char *const *pairs)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", verb));
    assert_int_equal(lb_call_bind_table(call, "data", table, &err), 0);
    for (size_t i = 0; pairs[i]; i += 2) assert_int_equal(lb_call_set(call, pairs[i], pairs[i + 1], &err), 0);
    if (lb_call_run(call, &result, &err)) fail_msg("%s: %s", err.where, err.message);
    lb_call_free(call);
    return result;
}
#endif
