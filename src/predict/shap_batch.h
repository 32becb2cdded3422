/* Path-dependent Shapley values of many rows at once. */
#ifndef LUMBAR_PREDICT_SHAP_BATCH_H
#define LUMBAR_PREDICT_SHAP_BATCH_H

#include "predict/score/trees.h"

#include <lumbar/base.h>

/** x: rows × features, row after row; value the same, filled; *base + sum of a row's values = its margin (sum of leaves). */
int lb_shap_batch(const lb_score_forest *forest, const double *x, size_t rows, unsigned threads, double *value, double *base, lb_error *err) LB_MUST_CHECK;

#endif
