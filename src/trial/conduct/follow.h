/* Adherence while it happens: the score of the analysis, week by week from diary and calls, who is behind and why. */
#ifndef LUMBAR_TRIAL_FOLLOW_H
#define LUMBAR_TRIAL_FOLLOW_H

#include "trial/conduct/person.h"

typedef struct lb_follow {
    int weeks, running;             /**< running: 1-based week of today, 0 before, weeks + 1 afterwards */
    lb_adherence_score score[LB_ADHERENCE_WEEKS];
    bool call_due[LB_ADHERENCE_WEEKS], call_held[LB_ADHERENCE_WEEKS];
    int held[LB_ADHERENCE_WEEKS];
    double overall;                 /**< of the finished weeks; NaN before the first has ended */
    double reachable;               /**< overall at the end if everything from today on is done */
    bool adherent;                  /**< on what is finished */
    int64_t silent_days;            /**< days up to yesterday without an entry, from the last one on */
    bool behind;
} lb_follow;

/** Score a person up to a day (days since 1970). */
void lb_follow_person(const lb_person *person, int64_t today, lb_follow *out);
/** {subject, site, day, weeks:[…], overall, reachable, adherent, behind, why:[{code, week?, …}]} */
lb_value *lb_follow_value(const lb_person *person, const lb_follow *follow, int64_t today, lb_arena *arena);
/** Everybody of the arms concerned whom this actor may see, most worrying first: {people:[…], threshold, parts:[…]}.
 *  `running` leaves out those whose programme has ended. */

int lb_follow_all(lb_tx *tx, lb_store *store, const lb_study *study, const char *site, bool running, lb_value **out, lb_error *err)
    LB_MUST_CHECK;

#endif
