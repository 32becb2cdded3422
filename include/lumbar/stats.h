/* Statistics that several rooms need: least squares, logistic regression, ROC. */
#ifndef LUMBAR_STATS_H
#define LUMBAR_STATS_H

#include <lumbar/data.h>
#include <lumbar/numeric.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Least squares by Householder QR with R's limited column pivoting (tolerance 1e-7), in fixed order. */
typedef struct lb_lsq {
    size_t n, p, rank;
    double df_residual;
    double *coefficient;   /**< p; NaN when aliased */
    bool *aliased;         /**< p */
    double *unscaled;      /**< p × p (XᵀX)⁻¹; rows and columns of aliased ones are 0 */
    double *fitted, *residual; /**< n */
    double *hat;           /**< n leverages, or NULL unless asked for */
    double rss, sigma, loglik;
    double *effects;       /**< p: Qᵀy by column, 0 when aliased; squares are the sequential sums of squares */
} lb_lsq;
enum { LB_LSQ_HAT = 1 };
/** x: n × p column-major (kept). weights may be NULL. Status "singular" is rank < p, not an error. */
LB_API int lb_lsq_fit(const double *x, const double *y, const double *weights, size_t n, size_t p, unsigned flags,
                      lb_arena *arena, lb_lsq *out, lb_error *err) LB_MUST_CHECK;

/** Logistic regression by IRLS to machine precision; complete or quasi-complete separation is detected and said. */
typedef struct lb_logistic {
    size_t n, p;
    double *coefficient, *se; /**< p */
    double *vcov;             /**< p × p */
    double *fitted;           /**< n probabilities */
    double loglik, loglik_null, deviance;
    int iterations;
    bool converged, separated;
    bool complete;            /**< separated without a tie: every row's outcome is told exactly */
    size_t rank;
    bool *aliased;            /**< p */
    bool *diverging;          /**< p: coefficients that run off under separation */
} lb_logistic;
LB_API int lb_logistic_fit(const double *x, const double *y, const double *weights, size_t n, size_t p, lb_arena *arena,
                           lb_logistic *out, lb_error *err) LB_MUST_CHECK;

/** The same with Firth's penalty: finite under separation. loglik is the penalised one, for loglik_null that of the intercept alone. */
LB_API int lb_firth_fit(const double *x, const double *y, const double *weights, size_t n, size_t p, lb_arena *arena,
                        lb_logistic *out, lb_error *err) LB_MUST_CHECK;

/** ROC: AUC (ties count half) with DeLong's variance in O(n log n) (Sun & Xu 2014). event: 1/0, score: higher = case. */
typedef struct lb_roc {
    size_t cases, controls, points;
    double auc, variance;
    double *threshold, *sensitivity, *specificity; /**< points of the curve */
    double *v10, *v01;  /**< structural components of cases and controls, for paired comparison */
} lb_roc;
LB_API int lb_roc_fit(const double *event, const double *score, size_t n, lb_arena *arena, lb_roc *out, lb_error *err)
    LB_MUST_CHECK;
/** Covariance of two areas on the same people (DeLong); NaN when they are not the same. */
LB_API double lb_roc_covariance(const lb_roc *a, const lb_roc *b);
/** DeLong's paired test of two scores on the same people: z and two-sided p. */
LB_API void lb_roc_compare(const lb_roc *a, const lb_roc *b, double *z, double *p);

#ifdef __cplusplus
}
#endif
#endif
