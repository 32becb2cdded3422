/* The life of a study from founding to closure: what stands in the record ("study", "study") and when it may change.
 * setup → running → locked → unblinded → closed; locked → running again with a reason, as long as nobody was unblinded. */
#ifndef LUMBAR_TRIAL_LIFECYCLE_H
#define LUMBAR_TRIAL_LIFECYCLE_H

#include "trial/conduct/allocate.h"
#include "trial/conduct/store.h"
#include "trial/conduct/users.h"

#include <lumbar/trial.h>

/** Found a study: the protocol in force with its commitment, its sites (closed until somebody opens them), the first
 *  administrator. `text`: the protocol file as it is. LB_CONFLICT when there is a study. */
int lb_study_found(lb_tx *tx, const lb_study *study, const lb_bytes *text, const char *commitment, const lb_user_new *administrator,
                   lb_error *err) LB_MUST_CHECK;

/** What keeps the study from being locked: {open_queries, answered_queries, drafts, unsettled, started, asked}: counts. */
int lb_study_obstacles(lb_tx *tx, lb_value **out, int64_t *count, lb_error *err) LB_MUST_CHECK;
/** Lock the data: nothing can be changed any more. With obstacles: LB_CONFLICT naming them, unless a reason is given. */
int lb_study_lock(lb_tx *tx, const char *reason, lb_error *err) LB_MUST_CHECK;
/** Open it again, with a reason: LB_CONFLICT once it was unblinded. */
int lb_study_reopen(lb_tx *tx, const char *reason, lb_error *err) LB_MUST_CHECK;
/** After the lock: ask the allocator for the seed (which ends allocation for good), check it against the commitment, write it
 *  down; masked roles see arms from now on. Can be repeated after a crash. seed_hex: 65 bytes. */
int lb_study_unblind(lb_store *store, const lb_actor *actor, const lb_allocator_face *allocator, const lb_rtsm *rtsm, char *seed_hex, lb_error *err)
    LB_MUST_CHECK;
/** Close it: the retention clock starts. `years` of the protocol file, at least five. */
int lb_study_close_conduct(lb_tx *tx, int years, lb_error *err) LB_MUST_CHECK;
/** Ask for the purge of a closed study whose time of retention is over. It takes two people: *agreed becomes true when
 *  somebody else asked within the last fourteen days; then the caller may remove it. The actor is who asks. */
int lb_study_purge_ask(lb_tx *tx, bool *agreed, lb_error *err) LB_MUST_CHECK;

#endif
