/* What the two halves of the lasso share: the standardised problem and where the iteration stands. */
#ifndef LUMBAR_PREDICT_LASSO_WORK_H
#define LUMBAR_PREDICT_LASSO_WORK_H

#include "predict/lasso.h"

#include <math.h>
#include <string.h>

#include "base/wide.h"

typedef struct lasso_work {
    size_t n, p, wide;            /**< wide: n, padded */
    bool binomial;
    double alpha, lambda, ridge;  /**< ridge: factor of b in the gradient */
    double scale;                 /**< largest |gradient| at null: what violations are measured by */
    double *x;                    /**< standardised, wide × p */
    double *mean, *sd;            /**< sd 0: constant */
    const double *y;
    double *share;                /**< wide: the rows' weights, 0 beyond n */
    double intercept;
    double *beta, *curvature;     /**< p; curvature NAN: not asked for yet at these weights */
    double *gradient, *guess;     /**< padded; guess: by the span alone */
    bool *known;                  /**< p: the gradient is no guess */
    double *span, *span_product;  /**< directions of residuals before, wide × LASSO_SPAN, and what the columns make of them, padded × LASSO_SPAN */
    size_t spanned, padded;       /**< padded: p, padded */
    double *outside, length;      /**< the part of the residual outside the span, in the metric of the rows' weights, and its length */
    double *eta, *residual, *weight;     /**< wide; residual and weight already divided by n */
    double weight_sum;
    size_t *strong, strong_count; /**< predictors the descent runs over */
    bool *is_strong;
    size_t *active, active_count; /**< those not 0, for the polish */
    double *hessian, *step;       /**< room for room × room and room */
    double *scaled;               /**< wide × room: weighted columns */
    size_t room;
} lasso_work;

enum { LASSO_STEP = 16, LASSO_SPAN = 16 }; /* columns are padded with 0 to a multiple of LASSO_STEP */

/* What runs along columns is LB_WIDE; the order of every sum is the same at each width. */
#define LASSO_INSIDE static inline __attribute__((always_inline))

/* Dot product of padded columns, in sixteen interleaved sums. */
LASSO_INSIDE double lasso_dot(const double *a, const double *b, size_t wide)
{
    lb_eight s = {0}, t = {0};
    for (size_t i = 0; i < wide; i += LASSO_STEP) {
        s += *(const lb_eight *)(a + i) * *(const lb_eight *)(b + i);
        t += *(const lb_eight *)(a + i + 8) * *(const lb_eight *)(b + i + 8);
    }
    s += t;
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

LASSO_INSIDE double lasso_sum(const double *a, size_t wide)
{
    lb_eight s = {0};
    for (size_t i = 0; i < wide; i += 8) s += *(const lb_eight *)(a + i);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Sum of w∘a∘a. */
LASSO_INSIDE double lasso_square(const double *a, const double *w, size_t wide)
{
    lb_eight s = {0};
    for (size_t i = 0; i < wide; i += 8) {
        lb_eight u = *(const lb_eight *)(a + i);
        s += u * u * *(const lb_eight *)(w + i);
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* y := y - c·a∘b */
LASSO_INSIDE void lasso_subtract(double *y, double c, const double *a, const double *b, size_t wide)
{
    for (size_t i = 0; i < wide; i += 8) *(lb_eight *)(y + i) -= c * *(const lb_eight *)(a + i) * *(const lb_eight *)(b + i);
}

/** Probabilities, weights and residuals at the present linear predictor. */
void lasso_refresh(lasso_work *w);
/** The linear predictor from the coefficients of `active`. */
void lasso_predictor(lasso_work *w);
/** Guesses the gradient at the present residual. */
void lasso_look(lasso_work *w);
/** Makes known every gradient that may reach `level`, and those of predictors not 0; the others are surely below it. */
void lasso_gradient(lasso_work *w, double level);
/** Largest violation of the optimality conditions as a share of w->scale. */
double lasso_violation(lasso_work *w);
/** Newton's method on the predictors not 0, taking in and dropping one where the conditions ask for it. */
bool lasso_polish(lasso_work *w);

#endif
