/* The form engine on any values for any form of a protocol: the first byte chooses the form, the rest is JSON. It must find what is
 * wrong, never fail, and take its own result again without a change. */
#include "trial/conduct/form.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char protocol_path[] = "studies/metnlbp.yaml";

typedef struct ground {
    lb_arena *arena;
    lb_registry *registry;
    lb_study *study;
} ground;

/* Read once, by the first input. */
static const ground *begin(void)
{
    static ground made;
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    if (made.study) return &made;
    made.arena = lb_arena_new();
    made.registry = lb_registry_all();
    if (lb_file_read(protocol_path, 0, made.arena, &bytes, &err) != LB_OK || lb_study_read(&bytes, made.arena, &made.study, NULL, &err) != LB_OK) abort();
    return &made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ground *g = begin();
    lb_error err = LB_ERROR_INIT;
    lb_value *values = NULL;
    if (size < 2) return 0;
    lb_arena *arena = lb_arena_new();
    const lb_bytes bytes = {data + 1, size - 1, "values"};
    if (lb_json_read(&bytes, arena, &values, &err) == LB_OK && values->type == LB_OBJECT) {
        const lb_form_context context = {.study = g->study, .form = &g->study->form[data[0] % g->study->form_count], .registry = g->registry,
                                         .today = "2026-06-01", .masked = data[0] & 0x80};
        lb_form_computed first, second;
        if (lb_form_compute(&context, values, values, arena, &first, &err) != LB_OK) abort();
        if (lb_form_compute(&context, first.values, first.missing, arena, &second, &err) != LB_OK) abort();
        if (second.values->count != first.values->count) abort();
    }
    lb_arena_free(arena);
    return 0;
}
