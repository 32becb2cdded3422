/* Plans of prediction models: any YAML is read or refused with a place. */
#include "predict/model_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz"};
    lb_error err = LB_ERROR_INIT;
    lb_model_plan plan;
    (void)lb_model_plan_read(&bytes, arena, &plan, &err);
    lb_arena_free(arena);
    return 0;
}
