/* What is computed from a fitted Cox model beside its coefficients: residuals and survival at given covariates. */
#ifndef LUMBAR_ANALYSIS_COX_MORE_H
#define LUMBAR_ANALYSIS_COX_MORE_H
#include "analysis/cox.h"

/** What happens at the distinct event times, in the order of the walk (late to early within a stratum). */
typedef struct lb_cox_jump {
    double time, hazard, variance; /**< Σ 1/a0 and Σ 1/a0² over the tied deaths */
    size_t stratum, first, last;   /**< positions of this time */
    double *mean;                  /**< p: average of the means of the risk set, Efron's ties in turn */
    double *moment;                /**< p: Σ mean/a0 */
    double spared;                 /**< Σ share/a0: the part of the hazard a tied death is not exposed to */
} lb_cox_jump;
size_t lb_cox_jumps(const lb_cox_data *data, const lb_cox_fit *fit, lb_ties ties, lb_arena *arena, lb_cox_jump **out);
/** Martingale residuals, n. */
void lb_cox_martingale(const lb_cox_data *data, const lb_cox_fit *fit, const lb_cox_jump *jump, size_t count, double *out);

/** --residuals, --baseline, --at of a call: tables of the result. */
int lb_cox_more(lb_call *call, const lb_cox_model *model, const lb_cox_fit *fit, lb_result *result, lb_error *err) LB_MUST_CHECK;
/** Scaled Schoenfeld residuals against g(time) with a running line, a panel for each coefficient. */
void lb_cox_ph_picture(const lb_cox_model *model, const lb_cox_fit *fit, double (*g)(void *context, double time), void *context,
                       const char *axis, lb_result *result);
/** Status and warnings: aliased columns, coefficients without a finite estimate, no convergence. */
void lb_cox_status(const lb_cox_model *model, const lb_cox_fit *fit, lb_result *result);
#endif
