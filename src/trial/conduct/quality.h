/* Quality of the data and of the work on them: queries by age, site and role; missing answers; visits outside their windows or
 * missed; second entries and differences; deviations; what a monitor still has to verify. */
#ifndef LUMBAR_TRIAL_QUALITY_H
#define LUMBAR_TRIAL_QUALITY_H

#include "trial/conduct/person.h"

int lb_quality(lb_tx *tx, const lb_study *study, const char *site, lb_value **out, lb_error *err) LB_MUST_CHECK;

#endif
