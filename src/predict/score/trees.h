/* SPDX-License-Identifier: MIT
 * Prediction with sums of trees, and what each feature contributes. No dependencies beyond the C library's <math.h>: an
 * exported calculator may carry these files without being bound by the licence of the rest. */
#ifndef LB_SCORE_TREES_H
#define LB_SCORE_TREES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How a missing or zero value is treated at a split. */
typedef enum lb_score_missing { LB_SCORE_MISSING_NONE, LB_SCORE_MISSING_ZERO, LB_SCORE_MISSING_NAN } lb_score_missing;

/** A split or a leaf (feature -1). Indices are within the tree; 0 is the root and children come after their parent. */
typedef struct lb_score_node {
    int32_t feature, left, right;
    uint8_t missing;   /**< lb_score_missing */
    bool default_left;
    double threshold;
    double value;      /**< leaf: what it adds */
    double cover;      /**< weight of the training rows that came here */
} lb_score_node;

typedef struct lb_score_tree {
    size_t nodes;
    const lb_score_node *node;
} lb_score_tree;

typedef struct lb_score_forest {
    size_t features, trees;
    const lb_score_tree *tree;
    double base;       /**< margin before the first tree */
    bool single;       /**< XGBoost: float32 values and sum, x < threshold goes left; else double, x <= threshold */
} lb_score_forest;

/** Sum of the leaves x falls into, in the order of the trees, in the arithmetic of the library that made them. x: one value
 *  per feature, NaN = missing. */
double lb_score_margin(const lb_score_forest *forest, const double *x);
/** The node of the tree where x ends. */
size_t lb_score_leaf(const lb_score_forest *forest, const lb_score_tree *tree, const double *x);
/** Which way x goes at a split. */
bool lb_score_goes_left(const lb_score_forest *forest, const lb_score_node *node, const double *x);

/* ---- contributions ------------------------------------------------------------------------------------------ */

enum { LB_SCORE_DEEPEST = 64 }; /**< different features on one path */

/** Paths prepared for contributions; made once per forest by the caller's memory. */
typedef struct lb_score_paths lb_score_paths;

/** Bytes of memory needed, or 0 when a path has more than LB_SCORE_DEEPEST different features. */
size_t lb_score_paths_size(const lb_score_forest *forest);
/** Prepare in `memory` (that many bytes, aligned for double). */
lb_score_paths *lb_score_paths_make(const lb_score_forest *forest, void *memory);
/** Path-dependent Shapley values (Lundberg et al. 2020): a feature left out is averaged by the cover of the children.
 *  value: one per feature, added to. Returns the base, so that base + sum of values = margin. */
double lb_score_shap(const lb_score_paths *paths, const double *x, double *value);
/** Path-dependent Shapley interaction values of pairs of different features, half of each pair's on either side of the diagonal: added to
 *  pair (features × features). With the diagonal filled so that rows sum to lb_score_shap()'s values, they are XGBoost's. */
void lb_score_interactions(const lb_score_paths *paths, const double *x, double *pair);
/** Nodes and weights of Gauss and Legendre on [0, 1]; n up to LB_SCORE_DEEPEST / 2. */
void lb_score_gauss_legendre(size_t n, double *node, double *weight);
/** Interventional Shapley values against one background row; value is added to, multiplied by `weight`. */
void lb_score_shap_against(const lb_score_paths *paths, const double *x, const double *background, double weight, double *value);

#endif
