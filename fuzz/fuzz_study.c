/* Protocol files: whatever the bytes, reading gathers findings or gives a study whose rules run and which can be simulated. */
#include <stddef.h>
#include <stdint.h>

#include <lumbar/trial.h>

#include "trial/simulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool nothing(void *context, const char *name, lb_value *out)
{
    (void)context;
    *out = (lb_value){.type = name[0] & 1 ? LB_INT : LB_NULL, .integer = 1};
    return true;
}

/* Two people from the study's own model. */
static void simulate(const lb_study *study, lb_arena *arena)
{
    lb_error err = LB_ERROR_INIT;
    model m;
    person *screened, *people[2];
    size_t count, n = 0;
    lb_rtsm rtsm;
    trial_criteria *criteria = trial_criteria_new(study);
    if (trial_model_read(study, criteria, 1, arena, &m, &err) == LB_OK && trial_enrol(&m, 2, &screened, &count, &err) == LB_OK) {
        for (size_t i = 0; i < count && n < 2; i++)
            if (screened[i].consented) people[n++] = &screened[i];
        trial_draw_baseline(&m, people, n);
        trial_allocate(&m, people, n, &rtsm);
        trial_follow(&m, people, n);
    }
    trial_criteria_free(criteria);
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
        simulate(study, arena);
        lb_study_close(study);
    }
    lb_arena_free(arena);
    return 0;
}
