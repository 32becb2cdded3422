/* Choosing the penalty by cross-validation. */
#ifndef LUMBAR_PREDICT_LASSO_CV_H
#define LUMBAR_PREDICT_LASSO_CV_H

#include "predict/lasso.h"

typedef enum lb_lasso_loss { LB_LOSS_DEVIANCE, LB_LOSS_AUC, LB_LOSS_CLASS, LB_LOSS_MSE, LB_LOSS_MAE } lb_lasso_loss;

typedef struct lb_lasso_cv {
    double *mean, *sd; /**< per point of the path; sd is the standard error of the mean */
    size_t at_min, at_1se;
} lb_lasso_cv;

/** fold: n numbers 0..folds-1. The path's penalties are fitted without each fold and judged on it. */
int lb_lasso_cross_validate(const lb_lasso_problem *problem, const lb_lasso_path *path, const size_t *fold, size_t folds,
                            lb_lasso_loss loss, unsigned threads, lb_arena *arena, lb_lasso_cv *out, lb_error *err) LB_MUST_CHECK;

/** Rows that are there more than once, as one row with weight: the same fit for less. row: what each of n rows is a copy of; copies lie next to
 *  each other. First[i] is the place of the first copy of the i-th different row, weight[i] its weight, of mean 1 (given: n weights, or NULL).
 *  Returns how many different rows there are. */
size_t lb_lasso_merge(const size_t *row, const double *given, size_t n, size_t *first, double *weight);

#endif
