/* For tests: call an operation on files, as the command line does. */
#ifndef LUMBAR_CALL_FILES_H
#define LUMBAR_CALL_FILES_H
#include "lumbar_test.h"

typedef struct pair {
    const char *name, *value;
} pair;

/** Run area.verb; `file` binds paths to data parameters, `set` sets words. Both end with {NULL, NULL}.
 *  Returns the code; the result (NULL on failure) is owned by the caller; bytes live in `arena`. */
static inline int call_files(const char *area, const char *verb, const pair *file, const pair *set, lb_arena *arena,
                             lb_result **out, lb_error *err)
{
    lb_registry *registry = lb_registry_all();
    const lb_op *op = lb_registry_find(registry, area, verb);
    assert_non_null(op);
    lb_call *call = lb_call_new(registry, op);
    int status = LB_OK;
    *out = NULL;
    for (; status == LB_OK && file->name; file++) {
        lb_bytes *bytes = lb_arena_alloc(arena, sizeof *bytes);
        status = lb_file_read(file->value, (size_t)1 << 31, arena, bytes, err);
        if (status == LB_OK) status = lb_call_bind(call, file->name, bytes, err);
    }
    for (; status == LB_OK && set->name; set++) status = lb_call_set(call, set->name, set->value, err);
    if (status == LB_OK) status = lb_call_run(call, out, err);
    lb_call_free(call);
    lb_registry_free(registry);
    return status;
}
#endif
