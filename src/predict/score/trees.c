/* SPDX-License-Identifier: MIT
 * Walking trees. Comparisons and sums are those of XGBoost (float32) and LightGBM (double), so that margins agree bit for bit. */
#include "trees.h"

#define ZERO_THRESHOLD 1e-35f

bool lb_score_goes_left(const lb_score_forest *forest, const lb_score_node *node, const double *x)
{
    double value = x[node->feature];
    bool missing = value != value;
    if (forest->single) return missing ? node->default_left : (float)value < (float)node->threshold;
    if (missing && node->missing != LB_SCORE_MISSING_NAN) {
        value = 0;
        missing = false;
    }
    bool zero = value >= -(double)ZERO_THRESHOLD && value <= (double)ZERO_THRESHOLD;
    if (missing || (node->missing == LB_SCORE_MISSING_ZERO && zero)) return node->default_left;
    return value <= node->threshold;
}

size_t lb_score_leaf(const lb_score_forest *forest, const lb_score_tree *tree, const double *x)
{
    const lb_score_node *node = tree->node;
    while (node->feature >= 0) node = tree->node + (lb_score_goes_left(forest, node, x) ? node->left : node->right);
    return (size_t)(node - tree->node);
}

static double leaf(const lb_score_forest *forest, const lb_score_tree *tree, const double *x) { return tree->node[lb_score_leaf(forest, tree, x)].value; }

double lb_score_margin(const lb_score_forest *forest, const double *x)
{
    if (forest->single) {
        float sum = (float)forest->base;
        for (size_t t = 0; t < forest->trees; t++) sum += (float)leaf(forest, &forest->tree[t], x);
        return (double)sum;
    }
    double sum = forest->base;
    for (size_t t = 0; t < forest->trees; t++) sum += leaf(forest, &forest->tree[t], x);
    return sum;
}
