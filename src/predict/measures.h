/* How good risks are: discrimination, calibration, error; with weights where people were lost. */
#ifndef LUMBAR_PREDICT_MEASURES_H
#define LUMBAR_PREDICT_MEASURES_H

#include "predict/cohort.h"

typedef struct lb_measures {
    double auc, brier, log_loss;
    double slope, intercept, in_the_large; /**< of the logistic recalibration; NaN when it has none */
} lb_measures;

/** weight NULL: all 1. Risks are kept off 0 and 1 by 1e-9 where their logit is taken. */
lb_measures lb_measure(const double *event, const double *risk, const double *weight, size_t n, lb_arena *arena);
/** Weighted area: the chance that an event scores higher than a non-event, ties one half. NaN with one kind only. */
double lb_auc(const double *event, const double *score, const double *weight, size_t n);
/** The threshold with the largest sensitivity + specificity, at or above positive. */
double lb_youden(const double *event, const double *score, const double *weight, size_t n);
double lb_log_loss(const double *event, const double *risk, const double *weight, size_t n);
/** Recalibration: logit of the event = a + b·logit(risk). False: no estimate. */
bool lb_recalibrate(const double *event, const double *risk, const double *weight, size_t n, double *a, double *b, lb_arena *arena);

/** All of it with intervals, as a report shows it: DeLong and Wilson and exact ones when every row is a person and nothing is weighted,
 *  else percentiles of resampled people. positive: the classification made, per row. */
typedef struct lb_report_options {
    double level;
    size_t resamples;
    uint64_t seed;
} lb_report_options;
int lb_measures_report(const lb_view *view, const double *risk, const bool *positive, const lb_report_options *options, lb_value *out, lb_error *err)
    LB_MUST_CHECK;
/** Paired difference of two areas: DeLong, or resampled people. */
int lb_measures_compare(const lb_view *view, const double *a, const double *b, const lb_report_options *options, lb_value *out, lb_error *err)
    LB_MUST_CHECK;

#endif
