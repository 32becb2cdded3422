/* The random- and fixed-effects model yᵢ = xᵢβ + uᵢ + eᵢ, uᵢ ~ N(0, τ²), eᵢ ~ N(0, vᵢ): how it is set up, how τ² is
 * estimated, what is reported. Private to the evidence room. */
#ifndef LUMBAR_EVIDENCE_POOL_H
#define LUMBAR_EVIDENCE_POOL_H

#include <lumbar/base.h>

typedef enum lb_tau2_method {
    LB_TAU2_FE,
    LB_TAU2_DL,
    LB_TAU2_HE,
    LB_TAU2_HS,
    LB_TAU2_HSK,
    LB_TAU2_SJ,
    LB_TAU2_ML,
    LB_TAU2_REML,
    LB_TAU2_EB,
    LB_TAU2_PM,
    LB_TAU2_PMM,
    LB_TAU2_DLIT,
    LB_TAU2_SJIT
} lb_tau2_method;
typedef enum lb_pool_test { LB_TEST_Z, LB_TEST_T, LB_TEST_KNHA, LB_TEST_ADHOC } lb_pool_test;

/** Everything that estimators and tests need at one τ², with W = diag(1/(vᵢ + τ²)) and
 *  P = W − WX(XᵀWX)⁻¹XᵀW. The residuals and coefficients in Q's basis stay in the model's workspace. */
typedef struct lb_pool_sums {
    double ypy, yppy, ypppy;         /**< yᵀPy, yᵀPPy, yᵀPPPy */
    double trace_p, trace_pp;        /**< tr P, tr PP */
    double trace_w, trace_ww;        /**< Σw, Σw² */
    double log_det_q;                /**< log|QᵀWQ| */
    double tau2;                     /**< where they were taken */
} lb_pool_sums;

/** Outcomes, variances and moderators, with X = QR so that no later step squares the condition of X. */
typedef struct lb_pool_model {
    size_t k, p;         /**< outcomes, and columns kept */
    size_t columns;      /**< columns given */
    const double *y, *v; /**< borrowed */
    double *q;           /**< k × p, orthonormal columns */
    double *r;           /**< p × p upper triangle, column-major */
    size_t *kept;        /**< p: which given column */
    bool intercept;      /**< the first kept column is constant */
    /* workspace of lb_pool_at(), so that iterations allocate nothing */
    double *w, *wq, *residual, *wz; /**< weights, one weighted column, y − Qg, scratch */
    double *g, *a, *inverse;        /**< coefficients in Q's basis; L of QᵀWQ = LLᵀ; its inverse when asked for */
    double *b, *c, *t;              /**< QᵀW²Q, QᵀW³Q, L⁻¹ */
    double *scratch, *scratch2, *u, *s;
    lb_pool_sums zero, last;        /**< at τ² = 0, where everybody asks; where lb_pool_at() was last */
    bool zero_known, last_known;
} lb_pool_model;

typedef struct lb_tau2 {
    double tau2, se;
    int iterations;
    bool converged;
    bool at_zero_better; /**< the search stopped at a local maximum; τ² = 0 has the higher likelihood and was taken */
} lb_tau2;

/** x: k × columns, column-major, or NULL for an intercept only. Columns that depend on earlier ones are left out. */
int lb_pool_model_init(lb_pool_model *model, const double *y, const double *v, const double *x, size_t k,
                       size_t columns, lb_arena *arena, lb_error *err) LB_MUST_CHECK;
void lb_pool_at(lb_pool_model *model, double tau2, lb_pool_sums *sums);
/** The sums at τ² = 0, worked out once; may move the workspace there. */
const lb_pool_sums *lb_pool_at_zero(lb_pool_model *model);
double lb_pool_dot(const double *a, const double *b, size_t n);
/** (QᵀWQ)⁻¹ into `inverse`, at the τ² of the last lb_pool_at(). */
void lb_pool_covariance(lb_pool_model *model);
void lb_tau2_estimate(lb_pool_model *model, lb_tau2_method method, lb_tau2 *out);
/** τ² at which the generalised Q statistic yᵀPy falls to `target`; 0 when it is below the target already at 0. */
double lb_tau2_where_q(lb_pool_model *model, double target, int *iterations);
/** All sums at one τ²; false when they cannot be had there. */
typedef bool (*lb_tau2_sums)(void *context, double tau2, lb_pool_sums *out);
/** The nearest maximum of the (restricted) likelihood, from out->tau2 on. `close`: a step this small, as a share of the
 *  studies' typical total variance, is the last one; 0 goes on until rounding stops it, and stays where sums were taken. */
void lb_tau2_climb(lb_tau2_sums sums, void *context, double k, bool restricted, double close, lb_tau2 *out);
/** Σ log(vᵢ + τ²). */
double lb_sum_log(const double *v, size_t k, double tau2);
/** Log-likelihoods at τ²: restricted = with ½ log|XᵀX|, as metafor reports it. */
double lb_pool_loglik(const lb_pool_model *model, const lb_pool_sums *sums, bool restricted);

typedef struct lb_pool_options {
    lb_tau2_method method;
    lb_pool_test test;
    double level;
    double fixed_tau2; /**< NaN = estimate it */
} lb_pool_options;
#define LB_POOL_OPTIONS_INIT                                                                                           \
    {                                                                                                                  \
        LB_TAU2_REML, LB_TEST_Z, .95, (0.0 / 0.0)                                                                      \
    }

typedef struct lb_information {
    double loglik, deviance, aic, bic, aicc;
} lb_information;

typedef struct lb_pool {
    size_t k, p;
    double *beta, *se, *statistic, *p_value, *lower, *upper; /**< p */
    double *vcov;                                            /**< p × p */
    double df;                                               /**< of the tests; infinite for z */
    double scale;                                            /**< factor on the variances (Knapp–Hartung), else 1 */
    lb_tau2 tau2;
    double typical_variance, i2, h2;
    double q, q_df, q_p;            /**< residual heterogeneity */
    double qm, qm_df, qm_df2, qm_p; /**< moderators: χ², or F when df2 is finite; NaN without moderators */
    double r2;                      /**< NaN where it has no meaning */
    lb_information ml, reml;
    double *weight; /**< k: percent, p = 1 only */
} lb_pool;

int lb_pool_fit(lb_pool_model *model, const lb_pool_options *options, lb_arena *arena, lb_pool *out,
                lb_error *err) LB_MUST_CHECK;
/** Room for a fit of p coefficients, for lb_pool_solve(). */
void lb_pool_alloc(lb_pool *out, size_t k, size_t p, lb_arena *arena);
/** τ², coefficients, their covariance and the test of moderators, without allocating: for thousands of refits. The
 *  sums at τ² go to `at_tau2`. */
void lb_pool_solve(lb_pool_model *model, const lb_pool_options *options, lb_pool *out, lb_pool_sums *at_tau2);
/** The same model on other outcomes and variances (same X); for an intercept only, also on k of them. */
void lb_pool_model_reuse(lb_pool_model *model, const double *y, const double *v, size_t k);

/** The model's mean for study i of x (k × columns, column-major; NULL: intercept only) and the mean's variance. */
void lb_pool_fitted(const lb_pool *pool, const double *x, size_t k, const size_t *kept, size_t i, double *mean, double *variance);

typedef struct lb_interval {
    double lower, upper;
    bool empty; /**< both ends would be negative */
} lb_interval;
/** Q-profile interval of τ² (Viechtbauer 2007). */
void lb_tau2_interval(lb_pool_model *model, double level, lb_interval *out);

typedef enum lb_prediction { LB_PREDICT_METAFOR, LB_PREDICT_RILEY, LB_PREDICT_T, LB_PREDICT_K1 } lb_prediction;
/** Interval for the true effect of a new study; NaN ends when it does not exist (FE, moderators, too few studies). */
void lb_pool_predict(const lb_pool *pool, lb_tau2_method method, lb_prediction kind, double level, lb_interval *out);

/** Method from its name ("REML", "EE" is FE); false when unknown. */
bool lb_tau2_method_named(const char *name, lb_tau2_method *out);
const char *lb_tau2_method_name(lb_tau2_method method);
#endif
