/* The model file of a logistic regression. */
#ifndef LUMBAR_PREDICT_LOGISTIC_MODEL_H
#define LUMBAR_PREDICT_LOGISTIC_MODEL_H

#include "predict/room.h"

#include <lumbar/stats.h>

/** Attach model.json: what the model needs to be applied elsewhere, and what it was made from. */
void lb_logistic_model_artifact(lb_result *result, const lb_table *table, const lb_design *design, const lb_logistic *fit,
                                const lb_outcome *outcome, const char *right);

#endif
