/* Randomisation as people do it: what must stand before, one confirmation, one answer for ever. Mistakes keep the allocation:
 * a wrong stratum is recorded beside it, an ineligible person is flagged, a second attempt gets the first answer. */
#ifndef LUMBAR_TRIAL_RANDOMISE_H
#define LUMBAR_TRIAL_RANDOMISE_H

#include "trial/conduct/allocate.h"
#include "trial/conduct/person.h"

/** Everything the page shows before the confirmation: {ready, checks[], consent[], gates[], visits[], stratum[], allocated?}.
 *  `store` opens the arm for who may see it (NULL: nobody). */
int lb_randomise_view(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, bool may_see_arm, lb_value **out, lb_error *err)
    LB_MUST_CHECK;

typedef struct lb_randomise_ask {
    const char *subject;
    const char *key;       /**< made by the client for this confirmation: a retry carries the same one */
    bool may_see_arm;
} lb_randomise_ask;
/** Allocate. Three steps, each of which can be repeated after a crash: the intention is written, the allocator asked, the
 *  answer written. *out: {at, by, receipt, sequence?, arm?, again, next[]} (arm only when the actor may see it). */
int lb_randomise(lb_store *store, const lb_actor *actor, const lb_study *study, const lb_allocator_face *allocator, const lb_randomise_ask *ask,
                 lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** Finish what a crash left between intention and answer; at start. *count = how many. */
int lb_randomise_resume(lb_store *store, const lb_study *study, const lb_allocator_face *allocator, size_t *count, lb_error *err) LB_MUST_CHECK;

/** The arm of a person: index, or -1 when not allocated, or not for this actor's eyes. */
int lb_arm_of(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, int *arm, lb_error *err) LB_MUST_CHECK;
/** {id, code?, label} of an arm. */
lb_value *lb_arm_value(const lb_study *study, int arm, lb_arena *arena);

/** Emergency: one person, with a reason; audited; the sponsor's roles are told through `unblindings`. */
int lb_unblind_person(lb_store *store, const lb_actor *actor, const lb_study *study, const char *subject, const char *reason, lb_arena *arena,
                      lb_value **out, lb_error *err) LB_MUST_CHECK;
/** Record a mistake: {kind: wrong_stratum|ineligible, true_stratum?, text}. The allocation stays. */
int lb_allocation_flag(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err) LB_MUST_CHECK;

/** The past as a log table's CSV (docs: randomise verify); for unmasked roles. */
int lb_allocation_log(const lb_allocator_face *allocator, lb_buf *csv, lb_error *err) LB_MUST_CHECK;
/** How often somebody who always names the arm with fewest people in the stratum would have been right (convergence strategy,
 *  Blackwell and Hodges 1957; ties share). With the seed revealed, `randomise balance` does it with the blocks known. */
int lb_guess_rate(const lb_allocator_face *allocator, const lb_study *study, lb_arena *arena, double *rate, int64_t *n, lb_error *err) LB_MUST_CHECK;

#endif
