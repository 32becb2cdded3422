/* Multilayer perceptron with one output for a yes/no outcome. */
#ifndef LUMBAR_PREDICT_PERCEPTRON_H
#define LUMBAR_PREDICT_PERCEPTRON_H

#include "predict/score/model.h"

#include <lumbar/base.h>

typedef struct lb_perceptron_options {
    size_t hidden[LB_SCORE_MOST_LAYERS];
    size_t layers;                    /**< hidden layers */
    lb_score_activation activation;
    double alpha, learning_rate, validation, tolerance; /**< validation: share held out for early stopping, 0: none */
    size_t batch, iterations, patience;
    uint64_t seed, stream;
    const double *weight;             /**< of the rows, mean 1; or NULL */
    const int32_t *group;             /**< rows of one group are held out together; or NULL */
} lb_perceptron_options;

/** The parameters in one array: per layer the weights (those of one input together), then the biases. */
typedef struct lb_perceptron {
    lb_score_layers layers;
    double *parameter;
    size_t parameters;
    size_t iterations;
    double loss;            /**< training loss, penalty included */
    double validation_loss; /**< NaN without validation */
    bool stopped;           /**< early */
} lb_perceptron;

/** Weights drawn as Glorot & Bengio 2010 say. */
int lb_perceptron_start(size_t columns, const lb_perceptron_options *options, lb_arena *arena, lb_perceptron *out, lb_error *err) LB_MUST_CHECK;
/** Mean log loss + alpha/(2n)·ΣW², and its gradient in the order of the parameters (NULL: not wanted). x: rows × columns, row after row. */
double lb_perceptron_loss(const lb_perceptron *net, const lb_perceptron_options *options, const double *x, const double *y, const double *weight,
                          size_t rows, double *gradient, lb_arena *arena);
/** Adam (Kingma & Ba 2015) from where `net` stands. x: n × p, row after row, standardised. */
int lb_perceptron_train(lb_perceptron *net, const lb_perceptron_options *options, const double *x, const double *y, size_t n, lb_arena *arena,
                        lb_error *err) LB_MUST_CHECK;
/** Limited-memory BFGS on all rows from where `net` stands, until the largest element of the gradient is at most `tolerance`. */
int lb_perceptron_descend(lb_perceptron *net, const lb_perceptron_options *options, const double *x, const double *y, size_t n, lb_arena *arena,
                          lb_error *err) LB_MUST_CHECK;

#endif
