/* Protocol files: whatever the bytes, reading gathers findings or gives a study whose parts can be walked and whose rules run. */
#include <stddef.h>
#include <stdint.h>

#include <lumbar/trial.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool nothing(void *context, const char *name, lb_value *out)
{
    (void)context;
    *out = (lb_value){.type = name[0] & 1 ? LB_INT : LB_NULL, .integer = 1};
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz.yaml"};
    lb_value *findings = lb_value_array(arena);
    lb_error err = LB_ERROR_INIT;
    lb_study *study;
    if (lb_study_read(&bytes, arena, &study, findings, &err) == LB_OK) {
        int first;
        (void)!lb_study_eligible(study, nothing, NULL, NULL, &first, &err);
        lb_study_close(study);
    }
    lb_arena_free(arena);
    return 0;
}
