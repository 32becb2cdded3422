/* Grown leaf-wise trees as the predictor's nodes. */
#ifndef LUMBAR_PREDICT_LEAFWISE_NODES_H
#define LUMBAR_PREDICT_LEAFWISE_NODES_H

#include "predict/leafwise.h"

lb_score_forest lb_leafwise_forest(const lb_leafwise_model *model, lb_arena *arena);

#endif
