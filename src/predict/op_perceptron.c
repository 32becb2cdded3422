/* Operation `predict perceptron`: a multilayer perceptron for a yes/no outcome; loss and gradient at given weights on request. */
#include "predict/measures.h"
#include "predict/perceptron.h"
#include "predict/plain_model.h"

#include <lumbar/stats.h>

#include <math.h>
#include <string.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the yes/no outcome"},
    {.name = "features", .type = LB_P_COLUMNS, .flags = LB_REQUIRED, .summary = "columns of the predictors; standardised by mean and SD (1/n)"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of the outcome that is the event; 1, or the later of two values"},
    {.name = "hidden", .type = LB_P_NUMBERS, .preset = "8", .summary = "units of each hidden layer"},
    {.name = "activation", .type = LB_P_CHOICE, .preset = "relu", .choices = "relu,tanh,logistic", .summary = "of the hidden units"},
    {.name = "alpha", .type = LB_P_NUMBER, .preset = "0.0001", .summary = "ridge penalty of the weights"},
    {.name = "solver", .type = LB_P_CHOICE, .preset = "adam", .choices = "adam,lbfgs", .summary = "adam: in batches, stopping early; lbfgs: on all rows until the gradient is tol at most"},
    {.name = "learning_rate", .type = LB_P_NUMBER, .preset = "0.001", .summary = "step of Adam"},
    {.name = "batch_size", .type = LB_P_INT, .preset = "200", .min = 1, .max = 1e9, .summary = "rows of one step"},
    {.name = "max_iter", .type = LB_P_INT, .preset = "200", .min = 0, .max = 1000000, .summary = "times through the rows; 0: loss and gradient at the start only"},
    {.name = "validation_fraction", .type = LB_P_NUMBER, .preset = "0.1", .min = 0, .max = 0.9, .summary = "share held out for early stopping; 0: none"},
    {.name = "n_iter_no_change", .type = LB_P_INT, .preset = "10", .min = 1, .max = 1000000, .summary = "stop after so many times without gain"},
    {.name = "tol", .type = LB_P_NUMBER, .preset = "0.0001", .summary = "what counts as gain"},
    {.name = "seed", .type = LB_P_INT, .preset = "1", .min = 0, .max = 9007199254740991.0, .summary = "seed of weights, order and hold-out"},
    {.name = "start", .type = LB_P_DOCUMENT, .flags = LB_ADVANCED, .summary = "weights to start from: {\"weights\": [[[…]]], \"biases\": [[…]]}"},
    {.name = "model", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the model to this file (JSON)"},
};

static int read_options(lb_call *call, lb_perceptron_options *o, lb_error *err)
{
    const double *hidden;
    size_t layers = lb_call_numbers(call, "hidden", &hidden);
    *o = (lb_perceptron_options){.layers = layers, .batch = (size_t)lb_call_int(call, "batch_size"), .iterations = (size_t)lb_call_int(call, "max_iter"),
                                 .validation = lb_call_number(call, "validation_fraction"), .patience = (size_t)lb_call_int(call, "n_iter_no_change"),
                                 .seed = (uint64_t)lb_call_int(call, "seed"),
                                 .activation = lb_call_chosen(call, "activation", "tanh") ? LB_SCORE_TANH : lb_call_chosen(call, "activation", "logistic") ? LB_SCORE_LOGISTIC : LB_SCORE_RELU};
    if (layers >= LB_SCORE_MOST_LAYERS) return lb_fail(err, LB_USAGE, "%zu hidden layers: at most %d", layers, LB_SCORE_MOST_LAYERS - 1);
    for (size_t k = 0; k < layers; k++) {
        o->hidden[k] = (size_t)fmax(0, hidden[k]);
        if (hidden[k] >= 1 && hidden[k] <= 1024 && hidden[k] == floor(hidden[k])) continue;
        int code = lb_fail(err, LB_USAGE, "%g units: a whole number from 1 to 1024 is needed", hidden[k]);
        lb_error_where(err, "--hidden");
        return code;
    }
    int code = lb_positive(call, "alpha", true, &o->alpha, err);
    if (!code) code = lb_positive(call, "learning_rate", false, &o->learning_rate, err);
    if (!code) code = lb_positive(call, "tol", true, &o->tolerance, err);
    return code;
}

static int take_list(const lb_value *list, double *to, size_t count, lb_error *err)
{
    bool ok = list && list->type == LB_ARRAY && list->count == count;
    for (size_t i = 0; ok && i < count; i++) ok = isfinite(to[i] = lb_number_of(list->item[i]));
    if (ok) return 0;
    int code = lb_fail(err, LB_BAD_DATA, "a list of %zu numbers is needed", count);
    lb_error_where(err, "start:%d", list ? list->line : 0);
    return code;
}

/* Given weights in place of drawn ones. */
static int read_start(lb_call *call, lb_perceptron *net, lb_arena *arena, lb_error *err)
{
    lb_bytes bytes;
    lb_value *root;
    if (!lb_call_given(call, "start")) return 0;
    int code = lb_call_document(call, "start", &bytes, err);
    if (!code) code = lb_json_read(&bytes, arena, &root, err);
    const lb_value *weights = code ? NULL : lb_get(root, "weights"), *biases = code ? NULL : lb_get(root, "biases");
    const lb_score_layers *l = &net->layers;
    if (!code && (!weights || !biases || weights->type != LB_ARRAY || biases->type != LB_ARRAY || weights->count != l->matrices || biases->count != l->matrices))
        code = lb_fail(err, LB_BAD_DATA, "start needs weights and biases of %zu layers", l->matrices);
    for (size_t k = 0; k < l->matrices && !code; k++) {
        double *w = net->parameter + (l->weight[k] - net->parameter), *b = net->parameter + (l->bias[k] - net->parameter);
        if (weights->item[k]->type != LB_ARRAY || weights->item[k]->count != l->width[k]) return lb_fail(err, LB_BAD_DATA, "layer %zu of start has not %zu rows", k + 1, l->width[k]);
        for (size_t i = 0; i < l->width[k] && !code; i++) code = take_list(weights->item[k]->item[i], w + i * l->width[k + 1], l->width[k + 1], err);
        if (!code) code = take_list(biases->item[k], b, l->width[k + 1], err);
    }
    return code;
}

static lb_score_column *standardise(const lb_training *t, lb_arena *arena, double *rows)
{
    lb_score_column *column = lb_arena_array(arena, t->p, sizeof *column);
    for (size_t j = 0; j < t->p; j++) {
        const double *x = t->x + j * t->n;
        double mean = lb_sum(x, t->n) / (double)t->n, square = 0;
        for (size_t i = 0; i < t->n; i++) square += (x[i] - mean) * (x[i] - mean);
        column[j] = (lb_score_column){.input = j, .level = -1, .fill = NAN, .centre = mean, .scale = square > 0 ? sqrt(square / (double)t->n) : 1};
        for (size_t i = 0; i < t->n; i++) rows[i * t->p + j] = (x[i] - mean) / column[j].scale;
    }
    return column;
}

static void report_gradient(const lb_perceptron *net, const double *gradient, lb_value *out)
{
    const lb_score_layers *l = &net->layers;
    lb_value *weights = lb_set_array(out, "gradient_weights"), *biases = lb_set_array(out, "gradient_biases");
    for (size_t k = 0; k < l->matrices; k++) {
        const double *w = gradient + (l->weight[k] - net->parameter), *b = gradient + (l->bias[k] - net->parameter);
        lb_value *matrix = lb_push_array(weights), *vector = lb_push_array(biases);
        for (size_t i = 0; i < l->width[k]; i++) {
            lb_value *row = lb_push_array(matrix);
            for (size_t o = 0; o < l->width[k + 1]; o++) lb_push_number(row, w[i * l->width[k + 1] + o]);
        }
        for (size_t o = 0; o < l->width[k + 1]; o++) lb_push_number(vector, b[o]);
    }
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_training t;
    lb_perceptron net;
    lb_perceptron_options o;
    int code = read_options(call, &o, err);
    if (!code) code = lb_training_read(call, result, false, false, &t, err);
    if (code) return code;
    lb_arena *arena = result->arena;
    double *rows = lb_arena_try(arena, t.n + 1, (t.p + 1) * sizeof *rows), *scratch = lb_arena_array(arena, 2 * LB_SCORE_MOST_WIDTH, sizeof *scratch);
    if (!rows) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", t.n);
    lb_score_column *column = standardise(&t, arena, rows);
    code = lb_perceptron_start(t.p, &o, arena, &net, err);
    if (!code) code = read_start(call, &net, arena, err);
    bool batches = lb_call_chosen(call, "solver", "adam");
    if (!code && o.iterations && !batches) code = lb_perceptron_descend(&net, &o, rows, t.y, t.n, arena, err);
    if (!code && o.iterations && batches) code = lb_perceptron_train(&net, &o, rows, t.y, t.n, arena, err);
    if (code) return code;
    double *gradient = lb_arena_array(arena, net.parameters, sizeof *gradient), *risk = lb_arena_array(arena, t.n + 1, sizeof *risk);
    lb_set_int(result->results, "parameters", (int64_t)net.parameters);
    lb_set_int(result->results, "iterations", (int64_t)net.iterations);
    lb_set_bool(result->results, "stopped_early", net.stopped);
    lb_set_number(result->results, "loss", lb_perceptron_loss(&net, &o, rows, t.y, NULL, t.n, gradient, arena));
    lb_set_number(result->results, "validation_loss", net.validation_loss);
    lb_score_program program = {.kind = LB_SCORE_LAYERS, .logistic = true, .b = 1, .columns = t.p, .column = column, .layers = net.layers};
    for (size_t i = 0; i < t.n; i++) risk[i] = lb_score_of_margin(&program, lb_score_columns_margin(&program, rows + i * t.p, scratch));
    lb_set_number(result->results, "training_auc", lb_auc(t.y, risk, NULL, t.n));
    if (!o.iterations) {
        report_gradient(&net, gradient, result->results);
        lb_set_numbers(result->results, "fitted", risk, t.n);
    }
    program.layers.background_rows = t.n < 50 ? t.n : 50;
    double *background = lb_arena_array(arena, program.layers.background_rows * t.p + 1, sizeof *background);
    for (size_t r = 0; r < program.layers.background_rows; r++) memcpy(background + r * t.p, rows + r * t.n / program.layers.background_rows * t.p, t.p * sizeof *background);
    program.layers.background = background;
    lb_plain_model(result, &t, "perceptron", "multilayer perceptron", &program);
    if (o.iterations && !net.stopped) lb_result_warn(result, "training ended at --max_iter %zu before the loss came to rest", o.iterations);
    lb_result_note(result, "Perceptron with %zu parameters on %zu standardised features; %s; loss: mean log loss + alpha/(2n) times the squared weights. training_auc is apparent.", net.parameters, t.p,
                   batches ? "Adam" : "limited-memory BFGS on all rows");
    return 0;
}

const lb_op lb_op_predict_perceptron = {
    .area = "predict", .verb = "perceptron",
    .summary = "multilayer perceptron for a yes/no outcome",
    .description = "Trains a fully connected network by Adam (Kingma & Ba 2015) with early stopping on people held out, or by limited-memory BFGS on all rows (--solver lbfgs: nothing held out); loss, start and names of the parameters as in scikit-learn. "
                   "With --max_iter 0 the result holds loss, fitted probabilities and gradient at the start (--start gives the weights).",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict perceptron reference/predict/scores.csv --outcome relapse --features age,fat_fraction,risk --hidden 4 --learning_rate 0.01"};
