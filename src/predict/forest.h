/* Random forests: bagged trees on random subsets of the features, their out-of-bag predictions. */
#ifndef LUMBAR_PREDICT_FOREST_H
#define LUMBAR_PREDICT_FOREST_H

#include "predict/score/trees.h"

#include <lumbar/base.h>

typedef struct lb_forest_options {
    size_t trees, mtry, min_node, max_depth; /**< mtry 0: √p; min_node: a smaller node is not split; max_depth 0: any */
    bool votes;                               /**< trees vote for a class; else they average its share in the leaf */
    const double *weight;                     /**< chance of a row to be drawn, or NULL */
    uint64_t seed, stream;
    unsigned threads;
} lb_forest_options;

typedef struct lb_forest {
    lb_score_forest model;   /**< its mean of leaves is the prediction */
    double *out_of_bag;      /**< n; NaN for a row that every tree saw */
    double *importance;      /**< p: decrease of impurity, mean over trees */
} lb_forest;

/** x: n × p column-major without missing values; y: 0 and 1. */
int lb_forest_fit(const double *x, const double *y, size_t n, size_t p, const lb_forest_options *options, const lb_progress *progress,
                  lb_arena *arena, lb_forest *out, lb_error *err) LB_MUST_CHECK;

#endif
