/* REML of one X against thousands of rearrangements of the same studies. */
#ifndef LUMBAR_EVIDENCE_REFIT_H
#define LUMBAR_EVIDENCE_REFIT_H

#include "evidence/pool.h"

typedef struct lb_refit lb_refit;

/** What does not change between arrangements, and room for what does; NULL when the model is too large for it to pay. */
lb_refit *lb_refit_new(const lb_pool_model *model, lb_arena *arena);
/** Outcomes and variances in their new order, k each: written by the caller. */
double *lb_refit_y(lb_refit *refit);
double *lb_refit_v(lb_refit *refit);
/** Statistics of the coefficients and QM after REML, as lb_pool_solve() has them. False when they could not be had this way:
 *  then lb_pool_solve() must be asked. */
bool lb_refit_reml(lb_refit *refit, lb_pool_test test, double *statistic, double *qm) LB_MUST_CHECK;
#endif
