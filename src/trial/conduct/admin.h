/* The administration of a study: its users, sites, delegation log and laboratory ranges. Every change is audited; nothing is
 * ever taken away. */
#ifndef LUMBAR_TRIAL_ADMIN_H
#define LUMBAR_TRIAL_ADMIN_H

#include "trial/conduct/store.h"
#include "trial/conduct/users.h"

#include <lumbar/trial.h>

/** [{name, full_name, role, sites[], state, must_change, second_factor, second_factor_set, changed_at}] */
int lb_admin_users(lb_tx *tx, lb_value *list, lb_error *err) LB_MUST_CHECK;
/** {name, full_name, role, sites[], second_factor?}; `hash` is of the password to be used once. */
int lb_admin_add_user(lb_tx *tx, const lb_study *study, const lb_value *ask, const char *hash, lb_error *err) LB_MUST_CHECK;
/** {full_name?, role?, sites?, state?, second_factor?, reset_second_factor?, reason}; `hash` NULL: the password stays. Sessions of
 *  the user end when role, sites, state or secrets change. The last active administrator stays one. */
int lb_admin_change_user(lb_tx *tx, const lb_study *study, const char *name, const lb_value *ask, const char *hash, lb_error *err) LB_MUST_CHECK;

/** [{id, label, city, country, state, target, protocol_version, ethics[], people}] */
int lb_admin_sites(lb_tx *tx, const lb_study *study, lb_value *list, lb_error *err) LB_MUST_CHECK;
/** {state?, target?, protocol_version?, ethics?, reason} */
int lb_admin_change_site(lb_tx *tx, const lb_study *study, const char *site, const lb_value *ask, lb_error *err) LB_MUST_CHECK;

/** [{id, site, user, full_name, role, tasks[], from, to, signed_by, signed_at}] */
int lb_admin_delegation(lb_tx *tx, const char *site, lb_value *list, lb_error *err) LB_MUST_CHECK;
/** {site, user, tasks[], from, to?}; signed by the actor. */
int lb_admin_delegate(lb_tx *tx, const lb_study *study, const lb_value *ask, const char **key, lb_error *err) LB_MUST_CHECK;
/** End a delegation on a day, with a reason. */
int lb_admin_end_delegation(lb_tx *tx, const char *key, const char *to, const char *reason, lb_error *err) LB_MUST_CHECK;

/** [{id, site, item, from, low, high, unit, sex}] */
int lb_admin_ranges(lb_tx *tx, const char *site, lb_value *list, lb_error *err) LB_MUST_CHECK;
/** {site, item, from, low?, high?, unit?, sex?, reason?}: from that day on. */
int lb_admin_set_range(lb_tx *tx, const lb_study *study, const lb_value *ask, lb_error *err) LB_MUST_CHECK;

#endif
