/* What each study does to a pooled effect. */
#ifndef LUMBAR_EVIDENCE_INFLUENCE_H
#define LUMBAR_EVIDENCE_INFLUENCE_H

#include "evidence/report.h"

typedef struct lb_influence_row {
    double resid, se, rstandard;         /**< of the model with all studies */
    double resid_del, se_del, rstudent;  /**< of the model without this one; NaN when it cannot be fitted */
    double cook, dffits, hat, cov_r, tau2_del, q_del, weight;
    double *dfbetas;                     /**< p */
    bool outlier, influential, flagged; /**< flagged: by the rule of thumb of Viechtbauer & Cheung */
} lb_influence_row;

typedef struct lb_influence {
    double outlier_cut, cook_cut;
    size_t p;              /**< coefficients of the model */
    size_t *kept;          /**< p: which column of x */
    lb_influence_row *row; /**< k */
} lb_influence;

/** x: k × columns, column-major, or NULL for an intercept only. Needs two studies more than coefficients. */
int lb_influence_fit(const double *y, const double *v, const double *x, size_t k, size_t columns,
                     const lb_pool_settings *settings, const lb_progress *progress, lb_arena *arena, lb_influence *out,
                     lb_error *err) LB_MUST_CHECK;
#endif
