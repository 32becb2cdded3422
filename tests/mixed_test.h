/* What the tests of analyse mmrm and analyse mixed share: tables, fits, expected values, the simulated trial. */
#ifndef LUMBAR_MIXED_TEST_H
#define LUMBAR_MIXED_TEST_H
#include "run_op.h"

static lb_registry *registry;
static lb_arena *arena;

static inline int setup(void **state)
{
    (void)state;
    registry = lb_registry_all();
    arena = lb_arena_new();
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}

static inline lb_table *read_table(const char *path_or_text, bool is_text, const lb_table *codebook)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes = {(const uint8_t *)path_or_text, strlen(path_or_text), "text.csv"};
    lb_table *table = NULL;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.codebook = codebook;
    if (!is_text && lb_file_read(path_or_text, 0, arena, &bytes, &err)) fail_msg("%s", err.message);
    if (lb_csv_read(&bytes, &options, arena, &table, &err)) fail_msg("%s: %s", err.where, err.message);
    return table;
}

/* Options are name, value, …, NULL; results live in the arena. */
static inline lb_value *fit(const char *verb, lb_table *table, const char *const *options)
{
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", verb));
    lb_result *result = NULL;
    int code = lb_call_bind_table(call, "data", table, &err);
    for (; !code && *options; options += 2) code = lb_call_set(call, options[0], options[1], &err);
    if (!code) code = lb_call_run(call, &result, &err);
    lb_call_free(call);
    if (code) fail_msg("%s: %s", err.where, err.message);
    assert_string_equal(result->status, "ok");
    lb_buf json = {0};
    lb_json_write(result->results, 0, &json);
    lb_bytes bytes = {(const uint8_t *)json.data, json.length, "results"};
    lb_value *copy = NULL;
    assert_int_equal(lb_json_read(&bytes, arena, &copy, &err), 0);
    lb_buf_free(&json);
    lb_result_free(result);
    return copy;
}
#define FIT(verb, table, ...) fit(verb, table, (const char *const[]){__VA_ARGS__, NULL})

static inline lb_value *expected(const char *file, const char *path)
{
    lb_value *json = shared_json(file, arena), *found;
    if (!json) skip();
    found = lb_path(json, path);
    if (!found) fail_msg("%s has no %s", file, path);
    return found;
}

/* One row per person and visit from the two tables of the simulated trial. */
static inline lb_table *trial(void)
{
    const char *path = shared_data("trialstats/metnlbp_sim_a_baseline.csv");
    if (!path) skip();
    lb_table *people = read_table(path, false, NULL);
    lb_table *visits = read_table(shared_data("trialstats/metnlbp_sim_a_long.csv"), false, NULL);
    size_t *row = lb_arena_array(arena, visits->rows, sizeof *row);
    const lb_column *id = lb_table_find(visits, "id"), *who = lb_table_find(people, "id");
    for (size_t i = 0; i < visits->rows; i++) {
        while (strcmp(id->level[id->code[i]], who->level[who->code[row[i]]]) != 0) row[i]++;
    }
    lb_table *found = lb_table_rows(people, row, visits->rows, arena);
    lb_table *joined = lb_arena_alloc(arena, sizeof *joined);
    *joined = *visits;
    joined->column = lb_arena_array(arena, visits->columns + found->columns + 1, sizeof *joined->column);
    memcpy(joined->column, visits->column, visits->columns * sizeof *joined->column);
    for (size_t c = 0; c < found->columns; c++) {
        if (strcmp(found->column[c].name, "id") != 0) joined->column[joined->columns++] = found->column[c];
    }
    return joined;
}

#endif
