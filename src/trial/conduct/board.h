/* The safety board's workspace: reports from frozen snapshots. The open report pools the arms; the closed one gives them as X, Y, …
 * by letters drawn once and sealed. A report is computed from the bytes of its snapshot and nothing else: the same snapshot
 * gives the same bytes, and its hash is kept. Recommendations are signed for and stay. */
#ifndef LUMBAR_TRIAL_BOARD_H
#define LUMBAR_TRIAL_BOARD_H

#include "trial/conduct/person.h"

/** Freeze a snapshot and make a report of it: kind "open" or "closed". *out: its record's body with `id`. */
int lb_board_make(lb_tx *tx, lb_store *store, const lb_study *study, const char *kind, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** {reports:[{id, kind, made, by, snapshot, sha256, recommendation?}], recommendations:[…]} */
int lb_board_list(lb_tx *tx, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** A report, computed again from its snapshot; LB_FAILED when it does not have the hash that was kept. */
int lb_board_report(lb_tx *tx, const lb_study *study, const char *id, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** {report, decision: continue|modify|pause|stop, text} */
int lb_board_recommend(lb_tx *tx, const lb_study *study, const lb_value *ask, const char *full_name, lb_value **out, lb_error *err) LB_MUST_CHECK;

/** The report's tables from the snapshot's bytes alone: what lb_board_make() and `lumbar safety report` share. `groups` NULL:
 *  pooled. Tables are CSV as the board's snapshot has them. */
int lb_board_compute(const lb_study *study, const lb_bytes *people, const lb_bytes *events, const lb_bytes *watch, const lb_bytes *groups, lb_arena *arena,
                     lb_value **out, lb_error *err) LB_MUST_CHECK;

#endif
