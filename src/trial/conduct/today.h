/* What is to be done: each role its own list, in the order to do it; and how enrolment stands. Computed from the records, so
 * that nothing on it is ever out of date. */
#ifndef LUMBAR_TRIAL_TODAY_H
#define LUMBAR_TRIAL_TODAY_H

#include "trial/conduct/person.h"

/** {role, groups:[{id, tasks:[{kind, subject?, visit?, form?, item?, due?, overdue_days?, count?, text:{key, params}, link}]}],
 *  enrolment?, adherence?, counters}. Rights decide what is on it (rights.h). */
int lb_today(lb_tx *tx, lb_store *store, const lb_study *study, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** {target, total, sites:[{id, label, target, n, per_month:[{month, n}]}]} */
lb_value *lb_enrolment(const lb_roster *roster, const lb_study *study, const lb_actor *actor, lb_arena *arena);
/** May this actor see the site? */
bool lb_actor_at(const lb_actor *actor, const char *site);

#endif
