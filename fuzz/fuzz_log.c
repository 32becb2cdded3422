/* Allocation logs: whatever the table holds, the replay ends and names faults. */
#include <stddef.h>
#include <stdint.h>

#include <lumbar/trial.h>

#include "trial/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz.csv"};
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *table;
    lb_error err = LB_ERROR_INIT;
    allocation_log log;
    lb_rtsm rtsm = {.trial = "EXAMPLE", .size_count = 2, .size = {4, 6}, .arm_count = 2, .arm = {"A", "B"}};
    if (lb_csv_read(&bytes, &options, arena, &table, &err) == LB_OK &&
        trial_log_read(table, rtsm.arm, rtsm.arm_count, true, arena, &log, &err) == LB_OK)
        trial_log_verify(&log, &rtsm, arena, lb_value_array(arena));
    lb_arena_free(arena);
    return 0;
}
