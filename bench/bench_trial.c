/* Speed of job 1: drawing allocations, replaying a long log, judging rules, simulating METNLBP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lumbar/trial.h>

#include <lumbar/op.h>

#include "trial/log.h"

static void draws(void)
{
    lb_rtsm rtsm = {.trial = "BENCH", .size_count = 2, .size = {4, 6}, .arm_count = 2, .arm = {"A", "B"}};
    lb_rtsm_block block;
    size_t allocations = 0;
    double start = lb_cpu_seconds();
    for (uint32_t b = 0; b < 100000; b++) {
        lb_rtsm_draw(&rtsm, "C01/F", b, &block);
        allocations += block.size;
    }
    printf("randomise_draw  %.2f  M allocations/s\n", (double)allocations / (lb_cpu_seconds() - start) / 1e6);
}

/* A sound log of 10,000 rows in 40 strata. */
static void replay(void)
{
    enum { ROWS = 10000, STRATA = 40 };
    lb_rtsm rtsm = {.trial = "BENCH", .size_count = 2, .size = {4, 6}, .arm_count = 2, .arm = {"A", "B"}};
    lb_arena *arena = lb_arena_new();
    log_row *row = lb_arena_array(arena, ROWS, sizeof *row);
    allocation_log log = {ROWS, row, true, true, true, true, false, false};
    lb_rtsm_block block[STRATA];
    uint32_t index[STRATA] = {0};
    unsigned used[STRATA] = {0};
    for (size_t i = 0; i < ROWS; i++) {
        size_t s = (i * 7919) % STRATA;
        const char *name = lb_arena_printf(arena, "S%02zu", s);
        if (i < STRATA || used[s] == block[s].size) {
            if (i >= STRATA) index[s]++;
            lb_rtsm_draw(&rtsm, name, index[s], &block[s]);
            used[s] = 0;
        }
        int arm = block[s].arm[used[s]++];
        row[i] = (log_row){i + 1, (int64_t)i + 1, index[s], used[s], LOG_NONE, LOG_NONE, (int64_t)i * 60, true, "", lb_arena_printf(arena, "P%zu", i),
                           name, NULL, rtsm.arm[arm], "allocate", arm};
    }
    lb_value *faults = lb_value_array(arena);
    double start = lb_cpu_seconds();
    trial_log_verify(&log, &rtsm, arena, faults);
    printf("randomise_verify_10000_rows  %.1f  ms\n", 1e3 * (lb_cpu_seconds() - start));
    if (faults->count) printf("randomise_verify_10000_rows  WRONG  %zu faults\n", faults->count);
    lb_arena_free(arena);
}

static bool look(void *context, const char *name, lb_value *out)
{
    (void)context;
    *out = (lb_value){.type = LB_DOUBLE, .number = name[0] == 'e' ? 0 : 60};
    return true;
}

static void studies(const char *file)
{
    lb_registry *registry = lb_registry_all();
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    lb_error err = LB_ERROR_INIT;
    lb_study *study;
    lb_result *result;
    if (lb_file_read(file, 1 << 22, arena, &bytes, &err) != LB_OK) {
        printf("study_read  -  run from the root of the repository\n");
        exit(0);
    }
    double start = lb_cpu_seconds();
    if (lb_study_read(&bytes, arena, &study, NULL, &err) != LB_OK) exit(1);
    printf("study_read  %.1f  ms\n", 1e3 * (lb_cpu_seconds() - start));
    start = lb_cpu_seconds();
    for (int i = 0; i < 20000; i++) {
        int first;
        if (lb_study_eligible(study, look, NULL, NULL, &first, &err) != LB_OK) exit(1);
    }
    printf("study_eligible  %.1f  us/person\n", 1e6 * (lb_cpu_seconds() - start) / 20000);
    lb_study_close(study);
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "study", "simulate"));
    if (lb_call_bind(call, "file", &bytes, &err) != LB_OK || lb_call_set(call, "n", "314", &err) != LB_OK) exit(1);
    start = lb_cpu_seconds();
    if (lb_call_run(call, &result, &err) != LB_OK) exit(1);
    printf("study_simulate_314  %.1f  ms\n", 1e3 * (lb_cpu_seconds() - start));
    lb_result_free(result);
    lb_call_free(call);
    enum { TRIALS = 10000 };
    call = lb_call_new(registry, lb_registry_find(registry, "power", "simulate"));
    if (lb_call_bind(call, "file", &bytes, &err) != LB_OK || lb_call_set(call, "formula", "odi_12m ~ odi_0 + sex + centre + arm", &err) != LB_OK ||
        lb_call_set(call, "trials", "10000", &err) != LB_OK) exit(1);
    lb_call_set_threads(call, 1);
    start = lb_cpu_seconds();
    if (lb_call_run(call, &result, &err) != LB_OK) exit(1);
    double used = lb_cpu_seconds() - start;
    printf("power_simulate_314  %.3f  ms/trial; %d trials in %.2f s on one thread (screening by the rules, randomisation, drop-out, ANCOVA)\n",
           1e3 * used / TRIALS, TRIALS, used);
    lb_result_free(result);
    lb_call_free(call);
    lb_arena_free(arena);
    lb_registry_free(registry);
}

int main(void)
{
    draws();
    replay();
    studies("studies/metnlbp.yaml");
    return 0;
}
