/* Training with libxgboost (C API), on one thread; its model is read back by our own reader. */
#ifndef LUMBAR_PREDICT_XGBOOST_H
#define LUMBAR_PREDICT_XGBOOST_H

#include "predict/model.h"

typedef struct lb_xgboost_option {
    const char *name, *value; /**< as XGBoost calls them: "eta", "0.1" */
} lb_xgboost_option;

typedef struct lb_xgboost {
    const char *json; /**< the model file */
    size_t length;
} lb_xgboost;

/** x: n × p, row after row, NaN = missing; weight may be NULL; names (p) may be NULL. */
int lb_xgboost_fit(const double *x, const double *y, const double *weight, size_t n, size_t p, const char *const *names,
                   const lb_xgboost_option *options, size_t option_count, size_t rounds, const lb_progress *progress, lb_arena *arena,
                   lb_xgboost *out, lb_error *err) LB_MUST_CHECK;

#endif
