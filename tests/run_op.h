/* Running an operation in a test: options as name, value pairs; a name that takes data has a path as its value. */
#ifndef LUMBAR_RUN_OP_H
#define LUMBAR_RUN_OP_H

#include "lumbar_test.h"

typedef struct op_run {
    lb_registry *registry;
    lb_arena *arena;
    lb_call *call;
    lb_result *result; /* NULL when it failed */
    lb_error err;
    int code;
} op_run;

static inline bool takes_data(const lb_op *op, const char *name)
{
    for (size_t i = 0; i < op->param_count; i++)
        if (strcmp(op->params[i].name, name) == 0)
            return op->params[i].type == LB_P_TABLE || op->params[i].type == LB_P_TABLES || op->params[i].type == LB_P_DOCUMENT;
    return false;
}

/* pairs: name, value, …, NULL. */
static inline op_run run_op(const char *area, const char *verb, const char *const *pairs)
{
    op_run run = {.registry = lb_registry_all(), .arena = lb_arena_new()};
    const lb_op *op = lb_registry_find(run.registry, area, verb);
    if (!op) fail_msg("there is no operation %s %s", area, verb);
    run.call = lb_call_new(run.registry, op);
    for (size_t i = 0; pairs[i] && !run.code; i += 2) {
        lb_bytes bytes;
        if (!takes_data(op, pairs[i])) {
            run.code = lb_call_set(run.call, pairs[i], pairs[i + 1], &run.err);
            continue;
        }
        run.code = lb_file_read(pairs[i + 1], 0, run.arena, &bytes, &run.err);
        if (!run.code) run.code = lb_call_bind(run.call, pairs[i], &bytes, &run.err);
    }
    if (!run.code) run.code = lb_call_run(run.call, &run.result, &run.err);
    return run;
}

static inline void free_run(op_run *run)
{
    lb_call_free(run->call);
    lb_result_free(run->result);
    lb_registry_free(run->registry);
    lb_arena_free(run->arena);
}

/* The operation must succeed; says why when it does not. */
static inline op_run must_run(const char *area, const char *verb, const char *const *pairs)
{
    op_run run = run_op(area, verb, pairs);
    if (run.code) fail_msg("%s %s: %s: %s (%s)", area, verb, run.err.where, run.err.message, run.err.hint);
    return run;
}

#define RUN(area, verb, ...) run_op(area, verb, (const char *const[]){__VA_ARGS__, NULL})
#define MUST_RUN(area, verb, ...) must_run(area, verb, (const char *const[]){__VA_ARGS__, NULL})

static inline double number_at(const lb_value *root, const char *path)
{
    const lb_value *value = lb_path(root, path);
    if (!value) fail_msg("there is no %s", path);
    return lb_number_of(value);
}

/* A JSON file of ../shared/data in full, or NULL. */
static inline lb_value *shared_json(const char *relative, lb_arena *arena)
{
    const char *path = shared_data(relative);
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    lb_value *value = NULL;
    if (!path) return NULL;
    assert_int_equal(lb_file_read(path, 0, arena, &bytes, &err), 0);
    assert_int_equal(lb_json_read(&bytes, arena, &value, &err), 0);
    return value;
}
#endif
