/* Everybody, and one person: the matrix of subjects and visits, the time line with its forms. What a masked actor may not see
 * is neither listed nor counted. */
#ifndef LUMBAR_TRIAL_PEOPLE_H
#define LUMBAR_TRIAL_PEOPLE_H

#include "trial/conduct/entry.h"

/** {visits:[{id,label,nominal,repeats,optional}], people:[{subject,site,state,cells{},flags{},queries}], total}. `site` and `state` may be
 *  NULL. Cells: not_due due started complete verified signed frozen locked missed. */
int lb_people_matrix(lb_tx *tx, lb_store *store, const lb_study *study, const char *site, const char *state, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** A new participant in screening at a site: code SITE-001, … */
int lb_people_add(lb_tx *tx, const lb_study *study, const char *site, const char **subject, lb_error *err) LB_MUST_CHECK;
/** One person with the time line: visits, windows, forms and their states, and everything recorded about them. */
int lb_people_one(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** The state of one visit's forms taken together, by the worst of them; NULL: no form of it was begun. */
const char *lb_visit_state(const lb_person *person, int visit, int occurrence, bool masked);
/** Forms of a visit that this actor may see. */
size_t lb_visit_forms(const lb_study *study, int visit, bool masked);

#endif
