/* Penalised regression along a path of penalties: lasso, elastic net, ridge; gaussian and binomial. */
#ifndef LUMBAR_PREDICT_LASSO_H
#define LUMBAR_PREDICT_LASSO_H

#include <lumbar/base.h>

/** Minimises loss/n + λ(α|b|₁ + (1-α)/2·|b|²) on predictors of mean 0 and SD (1/n) 1. Loss: half the residual sum of squares,
 *  or minus the log likelihood. Gaussian: the ridge part is divided by the SD (1/n) of y, as if y had SD 1. */
typedef struct lb_lasso_problem {
    size_t n, p;
    const double *x; /**< n × p, column-major, raw */
    const double *y; /**< 0 and 1 when binomial */
    const double *weight; /**< n, mean 1; or NULL: all 1 */
    bool binomial;
    double alpha;
    size_t most;     /**< a path of its own ends once more predictors than this are in; 0: no such end */
    bool exact;      /**< go on to the exact minimum; otherwise stop where coordinate descent is good to 1e-7 */
} lb_lasso_problem;

typedef struct lb_lasso_path {
    size_t count, p;
    double *lambda, *intercept, *deviance_ratio;
    double *beta;    /**< count × p, point after point, on the raw scale */
    size_t *nonzero;
    double kkt_max;  /**< largest violation of the optimality conditions on the path, as a share of the gradient at null */
    double null_deviance;
} lb_lasso_path;

/** lambda: `count` descending penalties; NULL: a path of `count` of them from the smallest that leaves nothing in, down to
 *  `ratio` times it, which ends early when the deviance no longer falls. */
int lb_lasso_fit(const lb_lasso_problem *problem, const double *lambda, size_t count, double ratio, lb_arena *arena,
                 lb_lasso_path *out, lb_error *err) LB_MUST_CHECK;

#endif
