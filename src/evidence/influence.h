/* What each study does to a pooled effect. */
#ifndef LUMBAR_EVIDENCE_INFLUENCE_H
#define LUMBAR_EVIDENCE_INFLUENCE_H

#include "evidence/report.h"

typedef struct lb_influence_row {
    double rstudent, cook, dffits, hat, cov_r, tau2_del, q_del, weight, dfbetas;
    bool outlier, influential, flagged; /**< flagged: by the rule of thumb of Viechtbauer & Cheung */
} lb_influence_row;

typedef struct lb_influence {
    double outlier_cut, cook_cut;
    lb_influence_row *row; /**< k */
} lb_influence;

/** Model without moderators, k ≥ 3. */
int lb_influence_fit(const lb_effects *effects, const lb_pool_settings *settings, const lb_progress *progress,
                     lb_arena *arena, lb_influence *out, lb_error *err) LB_MUST_CHECK;
#endif
