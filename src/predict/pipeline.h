/* A pipeline: from inputs to columns, models with their tuning, recalibration and threshold. It fits on a view, that is, on given rows,
 * and on nothing else; every step is written into the ledger. */
#ifndef LUMBAR_PREDICT_PIPELINE_H
#define LUMBAR_PREDICT_PIPELINE_H

#include "predict/cohort.h"
#include "predict/learn.h"

typedef struct lb_contender {
    const lb_learner *learner;
    const char *label;
    const lb_value *const *grid; /**< parameter objects to choose from */
    size_t grids;
} lb_contender;

typedef struct lb_pipeline {
    double reliability;    /**< least ICC of two readings; NaN: no such step */
    bool harmonise;        /**< ComBat by batch */
    double missing_most;   /**< a column with a larger share missing is dropped */
    double correlation;    /**< of two columns correlated more, one goes; NaN: no such step */
    bool select;           /**< by LASSO */
    double select_alpha;
    bool select_1se;       /**< else the best penalty */
    size_t select_folds, select_most; /**< most columns kept; 0: any */
    bool recalibrate;
    double threshold;      /**< NaN: Youden's point of the predictions for people held out in tuning */
    size_t inner_folds;
    const lb_contender *contender;
    size_t contenders;
} lb_pipeline;

/** What happens to the columns, fitted. */
typedef struct lb_prepared {
    size_t count;
    lb_score_column *column;
    const char **name;      /**< "sex=M" for a level */
    size_t offered, unreliable, incomplete, constant, correlated, unselected;
    const char **constant_name, **correlated_name;
    double lambda;
} lb_prepared;

/** All contenders, fitted. */
typedef struct lb_trained {
    lb_prepared prepared;
    lb_score_model frame;       /**< knows inputs and batches, for lb_score_columns() */
    lb_score_program *program;  /**< per contender */
    double *threshold;
    size_t *chosen;             /**< of the grid */
    double *tuning_loss;        /**< log loss of the chosen, on people held out inside */
    bool *separated;
    const char **xgboost;       /**< XGBoost's JSON, or NULL */
} lb_trained;

/** Steps before the models, on the view's rows. */
int lb_prepare(const lb_pipeline *pipeline, const lb_view *view, lb_fit_ledger *ledger, const char *scope, uint64_t seed, uint64_t stream,
               lb_arena *arena, lb_prepared *out, lb_error *err) LB_MUST_CHECK;
/** The prepared columns of rows: n × count column-major. */
double *lb_prepared_columns(const lb_prepared *prepared, const lb_score_model *frame, const lb_cohort *cohort, const size_t *row, size_t n,
                            lb_arena *arena);
/** The whole pipeline on rows (which may repeat). only: index of one contender, or SIZE_MAX for all. */
int lb_pipeline_fit(const lb_pipeline *pipeline, const lb_cohort *cohort, lb_fit_ledger *ledger, const char *scope, const size_t *row, size_t n,
                    size_t only, uint64_t seed, uint64_t stream, lb_arena *arena, lb_trained *out, lb_error *err) LB_MUST_CHECK;
/** Risks of rows by contender k. */
void lb_trained_risks(const lb_trained *trained, size_t k, const lb_cohort *cohort, const size_t *row, size_t n, double *risk);

/** ComBat without covariates (Johnson et al. 2007), empirical Bayes: factor and shift of each batch, 2 × batches numbers, per value
 *  column: value·factor + shift. value: columns × n (NaN: left out), batch: n indices or -1. False: too few to harmonise. */
bool lb_combat(const double *const *value, size_t columns, const int32_t *batch, size_t n, size_t batches, lb_arena *arena, double **move);

#endif
