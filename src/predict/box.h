/* Any model as a box that is asked: rows of its features in, margins or scores out. What kernel SHAP and LIME need. */
#ifndef LUMBAR_PREDICT_BOX_H
#define LUMBAR_PREDICT_BOX_H

#include "predict/model.h"
#include "predict/published.h"

#include <lumbar/result.h>

typedef struct lb_box {
    bool is_published;
    lb_model model;
    lb_published published;
    size_t features;
    const char *const *name;
    const char *kind;
    bool logistic;             /**< its margin is a logit */
} lb_box;

int lb_box_open(const lb_bytes *bytes, lb_arena *arena, lb_box *out, lb_error *err) LB_MUST_CHECK;
/** Rows × features of a table; a published model refuses rows it cannot score. */
int lb_box_rows(const lb_box *box, const lb_table *table, lb_arena *arena, double **x, lb_result *result, lb_error *err) LB_MUST_CHECK;
double lb_box_margin(const lb_box *box, const double *x);
double lb_box_score(const lb_box *box, const double *x);

/** Shapley values of one row against background rows, all coalitions for up to 12 features, else `orders` random orders and their reverses
 *  (adds up either way). score: of the score, not the margin. Returns the base. */
double lb_box_shapley(const lb_box *box, const double *x, const double *background, size_t rows, bool score, size_t orders, uint64_t seed, double *value);

/** LIME for tables (Ribeiro et al. 2016). */
typedef struct lb_lime_options {
    bool discretize;      /**< quartiles of the background; else standardised values */
    double width, ridge;  /**< kernel width, NaN: 0.75·√features; ridge penalty */
    size_t samples, most; /**< most: features kept, by weight; 0: all */
    uint64_t seed;
} lb_lime_options;

typedef struct lb_lime {
    double *weight;      /**< features; 0 when not kept */
    double intercept, r2, local;
    double *distance, *kernel;
    size_t samples;
} lb_lime;

/** A background column: its quartiles (equal ones once) with the share of the known values in each part, mean, SD (1/n; 1 when nothing varies). */
typedef struct lb_lime_scale {
    double cut[3], share[4], mean, sd;
    size_t cuts;
} lb_lime_scale;
lb_lime_scale lb_lime_scale_of(const double *background, size_t background_rows, size_t features, size_t feature, lb_arena *arena);

/** perturbed: samples × features, the row itself first; y: the box's answers. `interpretable`: perturbed is already 0 and 1. */
int lb_lime_fit(const double *perturbed, const double *y, size_t samples, size_t features, const double *background, size_t background_rows, bool interpretable,
                const lb_lime_options *options, lb_arena *arena, lb_lime *out, lb_error *err) LB_MUST_CHECK;
/** Samples around a row: each feature of another background row, drawn independently; standardised ones from the normal distribution. */
double *lb_lime_samples(const double *row, const double *background, size_t background_rows, size_t features, const lb_lime_options *options, lb_arena *arena);

#endif
