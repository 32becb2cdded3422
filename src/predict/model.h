/* A model read from a file: XGBoost JSON, LightGBM text, or Lumbar's own JSON of a regression. */
#ifndef LUMBAR_PREDICT_MODEL_H
#define LUMBAR_PREDICT_MODEL_H

#include "predict/score/trees.h"

#include <lumbar/data.h>

typedef enum lb_link { LB_LINK_IDENTITY, LB_LINK_LOGIT } lb_link;

typedef struct lb_model {
    const char *kind;        /**< "xgboost", "lightgbm", "lasso", "logistic" */
    bool linear;
    lb_link link;
    double sigmoid;          /**< LightGBM's steepness; 1 otherwise */
    size_t features;
    const char **feature;    /**< names of the columns it needs */
    lb_score_forest forest;  /**< unless linear */
    double intercept, *beta; /**< linear: per feature */
    double *gain;            /**< trees of a library: sum over the splits on a feature of what they gain, and how many there are */
    size_t *splits;
    double *mean;            /**< linear: training means, NaN where the file does not say */
    double *low, *high;      /**< training ranges, NaN (never outside) where the file does not say; NULL: it says none */
} lb_model;

int lb_model_read(const lb_bytes *bytes, lb_arena *arena, lb_model *out, lb_error *err) LB_MUST_CHECK;
double lb_model_margin(const lb_model *model, const double *x);
/** Margin on the scale of the outcome: probability or value. */
double lb_model_score(const lb_model *model, double margin);
/** The model's columns of the table, rows × features, row after row; NaN where missing. */
int lb_model_inputs(const lb_model *model, const lb_table *table, lb_arena *arena, double **x, lb_error *err) LB_MUST_CHECK;

/* The readers. */
int lb_model_read_xgboost(const lb_value *root, lb_arena *arena, lb_model *out, lb_error *err) LB_MUST_CHECK;
int lb_model_read_lightgbm(const lb_bytes *bytes, lb_arena *arena, lb_model *out, lb_error *err) LB_MUST_CHECK;
/** Every child in range and named once: then walking down ends. Features below model->features. */
int lb_model_check_tree(const lb_model *model, const lb_score_tree *tree, size_t index, lb_arena *arena, lb_error *err) LB_MUST_CHECK;

#endif
