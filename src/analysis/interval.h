/* Interval-censored times: known only to lie in (left, right]. The curve without assumptions, and a parametric model. */
#ifndef LUMBAR_ANALYSIS_INTERVAL_H
#define LUMBAR_ANALYSIS_INTERVAL_H
#include <lumbar/numeric.h>
#include <lumbar/op.h>

/** left = right: seen exactly; right infinite: not yet at left; left 0: some time before right. */
typedef struct lb_interval_data {
    size_t n;
    double *left, *right;
} lb_interval_data;

/** Turnbull's estimate: all mass lies in `count` innermost intervals (lower, upper], exact where they are equal. */
typedef struct lb_turnbull {
    size_t count, iterations;
    double *lower, *upper, *mass;
    double loglik;
    bool converged;
    double excess; /**< largest d_j − 1 of the optimality conditions: 0 at the maximum */
} lb_turnbull;
void lb_turnbull_fit(const lb_interval_data *data, const size_t *row, size_t n, lb_arena *arena, lb_turnbull *out);
/** Smallest and largest time at which the curve may cross 1 − p; infinite when it is not reached. */
void lb_turnbull_quantile(const lb_turnbull *fit, double p, double *low, double *high);

typedef enum lb_aft { LB_WEIBULL, LB_EXPONENTIAL, LB_LOGNORMAL, LB_LOGLOGISTIC } lb_aft;
/** log T = xβ + σ W. Parameters: p coefficients, then log σ (not for the exponential). */
typedef struct lb_aft_fit {
    size_t p, k;
    double *beta, *vcov; /**< k = p + 1 or p; k × k */
    double scale, loglik;
    int iterations;
    bool converged;
} lb_aft_fit;
int lb_aft_fit_model(const lb_interval_data *data, const double *x, size_t p, lb_aft distribution, lb_arena *arena, lb_aft_fit *out,
                     lb_error *err) LB_MUST_CHECK;
/** S(t) at linear predictor eta. */
double lb_aft_survival(lb_aft distribution, double eta, double scale, double time);

extern const lb_op lb_op_analyse_interval;
#endif
