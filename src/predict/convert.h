/* Writing trees in the files of the libraries. */
#ifndef LUMBAR_PREDICT_CONVERT_H
#define LUMBAR_PREDICT_CONVERT_H

#include "predict/score/trees.h"

#include <lumbar/data.h>

/** False when no base_score gives exactly the base (the file is written all the same). */
bool lb_write_xgboost(const lb_score_forest *forest, bool logistic, const char *const *name, lb_arena *arena, lb_buf *out);
void lb_write_lightgbm(const lb_score_forest *forest, bool logistic, double sigmoid, const char *const *name, lb_arena *arena, lb_buf *out);

#endif
