/* SPDX-License-Identifier: MIT
 * A published model as the predictor sees it: one array of doubles ("packed"), laid out below, from which everything is read. The
 * same array and the same code serve the library, the command line, the server and the page in the browser. */
#ifndef LB_SCORE_MODEL_H
#define LB_SCORE_MODEL_H

#include "trees.h"

/* Packed: MAGIC, version, inputs, batch input (-1 none), batches, programs; then the programs one after the other:
 *   kind, link, columns, recalibrated, a, b
 *   per column: input, level (-1: the number itself), fill, centre, scale, batched; when batched: factor and shift per batch
 *   linear:  intercept; per column: coefficient, mean
 *   trees:   base, single, average, trees; per tree: nodes; per node: word, number, children, cover
 *            (word = (feature + 1)·8 + missing·2 + default_left; number = threshold or value; children = left·2^26 + right)
 *   layers:  activation, weight matrices, widths (one more); per matrix: weights by input, then biases;
 *            background rows; per row: the columns' values
 * Program 0 is the model; the others are its refits on bootstrap samples. */
#define LB_SCORE_MAGIC 1280131908.0
enum { LB_SCORE_PACKED_VERSION = 1, LB_SCORE_MOST_LAYERS = 8, LB_SCORE_MOST_WIDTH = 4096 };

typedef enum lb_score_kind { LB_SCORE_LINEAR, LB_SCORE_TREES, LB_SCORE_LAYERS } lb_score_kind;
typedef enum lb_score_activation { LB_SCORE_RELU, LB_SCORE_TANH, LB_SCORE_LOGISTIC } lb_score_activation;

/** One number the model computes with: an input, or whether a categorical input has one of its levels. */
typedef struct lb_score_column {
    size_t input;
    int32_t level;       /**< -1: the number itself */
    double fill;         /**< stands in for a missing value; NaN leaves it missing */
    double centre, scale;/**< (value - centre) / scale */
    const double *batch; /**< factor and shift of each batch, or NULL */
} lb_score_column;

typedef struct lb_score_layers {
    lb_score_activation activation;
    size_t matrices;
    size_t width[LB_SCORE_MOST_LAYERS + 1];
    const double *weight[LB_SCORE_MOST_LAYERS]; /**< width[l] × width[l+1], the weights of one input together */
    const double *bias[LB_SCORE_MOST_LAYERS];
    size_t background_rows;
    const double *background; /**< rows × columns */
} lb_score_layers;

typedef struct lb_score_program {
    lb_score_kind kind;
    bool logistic;    /**< the margin is a logit; else it is the value itself */
    bool recalibrated;
    double a, b;      /**< risk = logistic(a + b·logit) */
    size_t columns;
    lb_score_column *column;
    double intercept;
    const double *beta; /**< linear: coefficient and mean of each column */
    lb_score_forest forest;
    bool average;     /**< trees: the mean of the leaves, not their sum */
    lb_score_layers layers;
} lb_score_program;

typedef struct lb_score_model {
    size_t inputs, batches, programs, most_columns, most_width;
    int32_t batch_input; /**< -1: none */
    lb_score_program *program;
} lb_score_model;

/** Bytes of memory that lb_score_load() needs, or 0 when the array is not a model. */
size_t lb_score_size(const double *packed, size_t count);
/** Read into `memory` (that many bytes, aligned for double). The packed array must stay. */
lb_score_model *lb_score_load(const double *packed, size_t count, void *memory);

/** Doubles of scratch that the functions below need. */
size_t lb_score_scratch(const lb_score_model *model);
/** input: one value each, a category as the index of its level; NaN = unknown. NaN comes back when a value is needed and not there. */
double lb_score_program_margin(const lb_score_model *model, size_t program, const double *input, double *scratch);
/** The margin as what is predicted: risk, or value. */
double lb_score_program_risk(const lb_score_model *model, size_t program, const double *input, double *scratch);
double lb_score_of_margin(const lb_score_program *program, double margin);
/** Quantiles (type 7) of the refits' risks at (1 ± level)/2; NaN without refits. sorted: room for `programs` numbers. */
void lb_score_interval(const lb_score_model *model, const double *input, double level, double *lower, double *upper, double *scratch,
                       double *sorted);
/** What each input adds to the margin of program 0; returns the base: base + sum = margin. Trees need `paths` of the forest.
 *  players: scratch of 2·inputs numbers. */
double lb_score_contributions(const lb_score_model *model, const double *input, const lb_score_paths *paths, double *value, double *scratch,
                              double *players);

/* -- parts, also used when a model is trained -- */
/** The columns of a program from the inputs. */
void lb_score_columns(const lb_score_model *model, const lb_score_program *program, const double *input, double *column);
/** Margin from the columns; scratch: two layers wide. */
double lb_score_columns_margin(const lb_score_program *program, const double *column, double *scratch);

#endif
