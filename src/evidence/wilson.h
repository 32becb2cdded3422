/* Wilson's MetaReg macro. */
#ifndef LUMBAR_EVIDENCE_WILSON_H
#define LUMBAR_EVIDENCE_WILSON_H

#include "evidence/report.h"

typedef struct lb_wilson {
    double mean, r2, q_model, q_residual, v, v_se; /**< v: NaN for FE; se: ML and REML */
    double *b, *se, *beta;                         /**< p; beta standardised, 0 for the constant */
    bool converged;
} lb_wilson;

/** FE, DL (his MM), ML or REML; the model needs an intercept as its first column. */
int lb_wilson_fit(lb_pool_model *model, const double *x, lb_tau2_method method, lb_arena *arena, lb_wilson *out,
                  lb_error *err) LB_MUST_CHECK;
/** `meta fit --compat wilson2005`. */
int lb_wilson_report(lb_call *call, const lb_effects *effects, lb_result *result, lb_error *err) LB_MUST_CHECK;
#endif
