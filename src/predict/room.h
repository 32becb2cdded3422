/* What the files of the prediction room share. */
#ifndef LUMBAR_PREDICT_ROOM_H
#define LUMBAR_PREDICT_ROOM_H

#include <lumbar/op.h>

extern const lb_op lb_op_predict_agreement, lb_op_predict_bootstrap, lb_op_predict_calculator, lb_op_predict_calibration, lb_op_predict_convert,
    lb_op_predict_decision, lb_op_predict_evaluate, lb_op_predict_explain, lb_op_predict_forest, lb_op_predict_lasso, lb_op_predict_leafwise,
    lb_op_predict_logistic, lb_op_predict_perceptron, lb_op_predict_roc, lb_op_predict_samplesize, lb_op_predict_score, lb_op_predict_train,
    lb_op_predict_xgboost;

/** A yes/no outcome read from a column. */
typedef struct lb_outcome {
    double *event;            /**< 1 event, 0 none, NaN missing; one per row of the table */
    const char *column;
    const char *event_level;  /**< the value that counts as the event */
    const char *other_level;
    size_t events, others, missing;
} lb_outcome;

/** Two values are needed: 0/1, or two levels, of which `level` (or else the later one) is the event. */
int lb_outcome_read(const lb_table *table, const char *column, const char *level, lb_arena *arena, lb_outcome *out,
                    lb_error *err) LB_MUST_CHECK;

/** A column of numbers to predict from. A value beyond ±LB_PREDICTOR_MOST, infinity included, is refused with its row: what is computed with it (squares,
 *  single precision in XGBoost) would silently be infinite. */
#define LB_PREDICTOR_MOST 1e38
int lb_predictor_read(const lb_table *table, const char *name, lb_column **out, lb_error *err) LB_MUST_CHECK;

/** Confusion matrix at a threshold, its measures and their intervals, as one flat object. */
typedef struct lb_confusion {
    size_t tp, fp, tn, fn;
} lb_confusion;
void lb_confusion_measures(const lb_confusion *c, double level, lb_value *out);

/** Clopper & Pearson 1934, and Wilson 1927, intervals of k out of n; NaN when n is 0. */
void lb_exact_interval(size_t k, size_t n, double level, double *lower, double *upper);
void lb_wilson_interval(size_t k, size_t n, double level, double *lower, double *upper);

#endif
