/* Predicted probabilities with the outcome they are about: what calibration and decision curves start from. */
#ifndef LUMBAR_PREDICT_PROBABILITY_H
#define LUMBAR_PREDICT_PROBABILITY_H

#include "predict/room.h"

/** The complete rows of the parameters `data`, `outcome`, `event`, `score` and, when declared, `compare`. */
typedef struct lb_probabilities {
    lb_outcome outcome;
    size_t n, events;
    double *event;  /**< 1 or 0 */
    double *first;  /**< probability in [0, 1] */
    double *second; /**< of `compare`, or NULL */
} lb_probabilities;

/** Rows with something missing are left out and said; a value outside [0, 1] is refused naming its row. */
int lb_probabilities_read(lb_call *call, bool may_compare, lb_result *result, lb_probabilities *out, lb_error *err) LB_MUST_CHECK;

#endif
