/* Leaf-wise gradient boosting of regression trees on binned features: LightGBM's algorithm, so that trees are identical. */
#ifndef LUMBAR_PREDICT_LEAFWISE_H
#define LUMBAR_PREDICT_LEAFWISE_H

#include "predict/score/trees.h"

#include <lumbar/base.h>

typedef struct lb_leafwise_options {
    bool binary;             /**< else squared error */
    bool unbalanced;         /**< binary: weigh the rarer outcome up to the other */
    size_t iterations, leaves, min_data, max_bin;
    double learning_rate, l2, min_hessian, min_gain;
    const double *weight;    /**< of the rows, or NULL */
} lb_leafwise_options;

/** A feature cut into bins: bin k holds values up to bound[k]; the last is for missing values when there are any. */
typedef struct lb_leafwise_bins {
    size_t count;   /**< 0 or 1: cannot split */
    double *bound;
    bool missing;
    size_t common;  /**< the bin whose histogram is what the others leave of the total: LightGBM's most frequent bin */
    double low, high;
    uint8_t *bin;   /**< n */
} lb_leafwise_bins;

/** One tree in LightGBM's arrays: splits, then leaves. */
typedef struct lb_leafwise_tree {
    size_t leaves;
    int *feature, *left, *right, *decision;
    double *threshold, *gain, *internal_value, *internal_weight, *leaf_value, *leaf_weight;
    size_t *internal_count, *leaf_count;
    double shrinkage;
} lb_leafwise_tree;

typedef struct lb_leafwise_model {
    size_t trees, features;
    lb_leafwise_tree *tree;
    lb_leafwise_bins *bins;
    double *margin; /**< n, of the training rows */
} lb_leafwise_model;

/** x: n × p column-major. */
int lb_leafwise_bin(const double *x, size_t n, size_t max_bin, size_t min_data, lb_arena *arena, lb_leafwise_bins *out, lb_error *err) LB_MUST_CHECK;
int lb_leafwise_fit(const double *x, const double *y, size_t n, size_t p, const lb_leafwise_options *options, const lb_progress *progress,
                    lb_arena *arena, lb_leafwise_model *out, lb_error *err) LB_MUST_CHECK;

#endif
