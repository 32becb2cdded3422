/* Rows to train on from the parameters data, outcome, features, event. */
#ifndef LUMBAR_PREDICT_TRAINING_H
#define LUMBAR_PREDICT_TRAINING_H

#include "predict/room.h"

typedef struct lb_training {
    size_t n, p, rows;
    double *x;               /**< n × p, column-major */
    double *y;
    size_t *row;             /**< n: row of the table */
    const char *const *name; /**< p */
    lb_table *table;
    lb_outcome outcome;      /**< unless numeric */
} lb_training;

/** numeric: the outcome is a number. keep_missing: rows with missing predictors stay. An outcome that does not vary is refused. */
int lb_training_read(lb_call *call, lb_result *result, bool numeric, bool keep_missing, lb_training *out, lb_error *err) LB_MUST_CHECK;
/** Warns of columns (n × p) that do not vary and of those that repeat another, by name. */
void lb_columns_warn(const double *x, size_t n, size_t p, const char *const *name, lb_result *result);
/** A number above 0 (or from 0 up). */
int lb_positive(lb_call *call, const char *name, bool zero, double *out, lb_error *err) LB_MUST_CHECK;

#endif
