/* What the two halves of the lasso share: the standardised problem and where the iteration stands. */
#ifndef LUMBAR_PREDICT_LASSO_WORK_H
#define LUMBAR_PREDICT_LASSO_WORK_H

#include "predict/lasso.h"

#include <math.h>
#include <string.h>

typedef struct lasso_work {
    size_t n, p;
    bool binomial;
    double alpha, lambda, ridge;  /**< ridge: factor of b in the gradient */
    double scale;                 /**< largest |gradient| at null: what violations are measured by */
    double *x;                    /**< standardised, n × p */
    double *mean, *sd;            /**< sd 0: constant */
    const double *y, *given;      /**< given: the rows' weights, or NULL */
    double intercept;
    double *beta, *gradient, *curvature; /**< p */
    double *eta, *residual, *weight;     /**< n; residual and weight already divided by n */
    double weight_sum;
    size_t *strong, strong_count; /**< predictors the descent runs over */
    bool *is_strong;
    size_t *active, active_count; /**< those not 0, for the polish */
    double *hessian, *step;       /**< room for room × room and room */
    double *scaled;               /**< n × room: weighted columns */
    size_t room;
} lasso_work;

typedef double lasso_pair __attribute__((vector_size(16)));

/* Dot product in eight interleaved sums: one fixed order on every machine. */
static inline double lasso_dot(const double *a, const double *b, size_t n)
{
    lasso_pair s[4] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}}, u, v;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 4; k++) {
            memcpy(&u, a + i + 2 * k, sizeof u);
            memcpy(&v, b + i + 2 * k, sizeof v);
            s[k] += u * v;
        }
    s[0] = (s[0] + s[1]) + (s[2] + s[3]);
    double sum = s[0][0] + s[0][1];
    for (; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* y := y - c·a∘b, in pairs. */
static inline void lasso_subtract(double *y, double c, const double *a, const double *b, size_t n)
{
    lasso_pair u, v, w;
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        memcpy(&u, a + i, sizeof u);
        memcpy(&v, b + i, sizeof v);
        memcpy(&w, y + i, sizeof w);
        w -= c * u * v;
        memcpy(y + i, &w, sizeof w);
    }
    for (; i < n; i++) y[i] -= c * a[i] * b[i];
}

/** Probabilities, weights and residuals at the present linear predictor. */
void lasso_refresh(lasso_work *w);
/** The linear predictor from the coefficients. */
void lasso_predictor(lasso_work *w);
/** Full gradient; largest violation of the optimality conditions as a share of w->scale. */
double lasso_violation(lasso_work *w);
/** Newton's method on the predictors not 0, taking in and dropping one where the conditions ask for it. */
bool lasso_polish(lasso_work *w);

#endif
