/* An allocation log as rows: what verify and balance read. Columns as the allocator writes them:
 * seq, time_utc, subject, stratum, centre, sex, block_index, position, arm, event (and block_size, slot when there). */
#ifndef LUMBAR_TRIAL_LOG_H
#define LUMBAR_TRIAL_LOG_H

#include <lumbar/trial.h>

enum { LOG_NONE = -1 };

typedef struct log_row {
    size_t row;                          /* 1-based data row of the file */
    int64_t seq, block, position, slot;  /* LOG_NONE = absent or no number; slot counts from 1 */
    int64_t size;                        /* block_size column */
    int64_t time;                        /* seconds; valid when has_time */
    bool has_time;
    const char *time_text, *subject, *stratum, *derived, *arm, *event; /* "" = empty; derived = centre/sex or NULL */
    int arm_index;                       /* among the arms asked for, else -1 */
} log_row;

typedef struct allocation_log {
    size_t rows;
    log_row *row;
    bool has_seq, has_time, has_subject, has_block, has_slot, has_size;
} allocation_log;

/** Read a log. Needs `arm`, and (when asked for) `stratum` or `centre` and `sex`. */
int trial_log_read(const lb_table *table, const char *const *arms, size_t arm_count, bool need_stratum, lb_arena *arena,
                   allocation_log *out, lb_error *err) LB_MUST_CHECK;

/** Replay a log against a seed; pushes {row, seq, kind, message} objects sorted by row. */
void trial_log_verify(const allocation_log *log, const lb_rtsm *rtsm, lb_arena *arena, lb_value *faults);

/** The same for a minimised trial. `rule`: arms, factors, weights, method, chance (counts are not read); `level`: rows × factors,
 *  equal numbers for equal values of a factor, -1 where there is none. */
void trial_log_verify_minimised(const allocation_log *log, const lb_rtsm *rtsm, const lb_minimise *rule, const int *level, lb_arena *arena,
                                lb_value *faults);

/** Indices (a mark per row) left out of the longest non-decreasing (strict: increasing) run through `key`;
 *  of several longest runs the one that keeps the earliest rows. */
void trial_log_disorder(const int64_t *key, size_t n, bool strict, lb_arena *arena, bool *out_of_order);

#endif
