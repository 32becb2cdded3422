/* Small-study effects. */
#ifndef LUMBAR_EVIDENCE_BIAS_H
#define LUMBAR_EVIDENCE_BIAS_H

#include "evidence/report.h"

/** Two-sided exact p of Kendall's S (concordant minus discordant pairs) of n values without ties. */
double lb_kendall_exact_p(double s, size_t n, lb_arena *arena);
/** Kendall's tau-b of x and y, and its two-sided p. */
void lb_kendall(const double *x, const double *y, size_t n, lb_arena *arena, double *tau, double *p, bool *exact);

typedef struct lb_egger {
    double statistic, df, p;
    double limit, limit_se, limit_p, limit_lower, limit_upper; /**< effect of an infinitely large study */
    double slope, slope_se;
} lb_egger;
/** Regression of the effects on `predictor`: with `classical` the weighted regression with t test (Egger 1997), else
 * the mixed-effects model with z test (Sterne & Egger 2005). */
int lb_egger_fit(const lb_effects *effects, const double *predictor, bool classical, const lb_pool_settings *settings,
                 lb_arena *arena, lb_egger *out, lb_error *err) LB_MUST_CHECK;
/** The mixed-effects regression on `predictor` beside the moderators x (k × columns with their intercept, column-major):
 *  statistic, p and slope; there is no limit. */
int lb_egger_beside(const double *y, const double *v, const double *x, size_t k, size_t columns, const double *predictor,
                    const lb_pool_settings *settings, lb_arena *arena, lb_egger *out, lb_error *err) LB_MUST_CHECK;
/** Begg & Mazumdar's rank test: Kendall's tau of the standardised effects and the variances. */
void lb_begg(const lb_effects *effects, lb_arena *arena, double *tau, double *p, bool *exact);
#endif
