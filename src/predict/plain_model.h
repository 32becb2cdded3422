/* A model of one operation as a published document: its features are its inputs, nothing is prepared. */
#ifndef LUMBAR_PREDICT_PLAIN_MODEL_H
#define LUMBAR_PREDICT_PLAIN_MODEL_H

#include "predict/published.h"
#include "predict/training.h"

/** Attach model.json to the result. The program's columns must be the features in order. */
void lb_plain_model(lb_result *result, const lb_training *training, const char *learner, const char *label, const lb_score_program *program);

#endif
