/* Best linear unbiased predictions of the studies' true effects. */
#ifndef LUMBAR_EVIDENCE_BLUP_H
#define LUMBAR_EVIDENCE_BLUP_H

#include "evidence/report.h"

/** `blups`: one row per study of the model. moderators and the columns `kept` of them: NULL for an intercept only. */
void lb_blup_report(const lb_pool *pool, const lb_effects *effects, const lb_moderators *moderators, const size_t *kept,
                    double level, lb_value *results);
#endif
