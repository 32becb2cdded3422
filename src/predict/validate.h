/* Validation of a pipeline: split, nested folds, bootstrap, permuted labels; all of it independent tasks, each with its own random
 * streams and its own ledger, so that threads change nothing. */
#ifndef LUMBAR_PREDICT_VALIDATE_H
#define LUMBAR_PREDICT_VALIDATE_H

#include "predict/measures.h"
#include "predict/pack.h"
#include "predict/pipeline.h"

typedef struct lb_validation {
    double split;        /**< share trained on; 0: everybody, and nobody is held out */
    size_t folds, bootstrap, permutations, refits;
    size_t primary;      /**< contender that is published */
    uint64_t seed;
    unsigned threads;
    const lb_progress *progress;
} lb_validation;

typedef struct lb_bootstrap_row {
    bool done;
    lb_measures apparent, original, held; /**< on the sample, on all trained on, on those not drawn */
} lb_bootstrap_row;

typedef struct lb_validated {
    size_t train, test, *train_row, *test_row;
    lb_trained final;                 /**< on the training part */
    double **nested;                  /**< per contender: risk of each training row, predicted when held out */
    bool **nested_positive;           /**< at the threshold chosen without it */
    double **tested;                  /**< per contender: risk of each test row */
    lb_bootstrap_row *bootstrap;      /**< replicates × contenders */
    size_t bootstrap_failed;
    double *selected;                 /**< per name in `name`: share of bootstrap pipelines that kept it */
    const char **name;
    size_t names;
    lb_packed refit;                  /**< programs of the primary contender from bootstrap samples, one after the other */
    size_t refits;
    const char *const *refit_input;
    double **permuted;                /**< per contender: area on the test part of each run with dealt labels */
    double permuted_sd;               /**< of one such area when nothing is there to learn */
    lb_fit_ledger *ledger;
    const char *bootstrap_error;
} lb_validated;

int lb_validate(const lb_pipeline *pipeline, const lb_cohort *cohort, const lb_validation *options, lb_arena *arena, lb_validated *out, lb_error *err)
    LB_MUST_CHECK;

/** Harrell's optimism, .632 and .632+ from the replicates of one contender (Harrell et al. 1996; Efron & Tibshirani 1997, no-information
 *  area 0.5). apparent: measures of the model on what it was trained on. */
void lb_bootstrap_summary(const lb_bootstrap_row *row, size_t count, size_t stride, const lb_measures *apparent, lb_value *out);

#endif
