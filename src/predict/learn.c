/* The learners by name. Parameters carry the names of the libraries people know. */
#include "predict/learn.h"
#include "predict/cohort.h"
#include "predict/forest.h"
#include "predict/lasso_cv.h"
#include "predict/leafwise.h"
#include "predict/leafwise_nodes.h"
#include "predict/perceptron.h"
#include "predict/xgboost.h"

#include <lumbar/stats.h>

#include <math.h>
#include <string.h>

static double *linear(lb_fitted *out, size_t p, lb_arena *arena)
{
    double *beta = lb_arena_array(arena, 2 * p + 2, sizeof *beta);
    out->program = (lb_score_program){.kind = LB_SCORE_LINEAR, .logistic = true, .b = 1, .columns = p, .beta = beta};
    return beta;
}

static void set_means(const lb_sample *s, double *beta)
{
    for (size_t j = 0; j < s->p; j++) {
        double sum = 0, weight = 0;
        for (size_t i = 0; i < s->n; i++) {
            double w = s->weight ? s->weight[i] : 1;
            sum += w * s->x[j * s->n + i];
            weight += w;
        }
        beta[2 * j + 1] = sum / weight;
    }
}

static int fit_logistic(const lb_sample *s, const lb_value *parameters, lb_arena *arena, lb_fitted *out, lb_error *err)
{
    lb_arena *scratch = lb_arena_new();
    double *design = lb_arena_try(scratch, (s->p + 1), s->n * sizeof *design);
    lb_logistic fit = {0};
    int code = design ? 0 : lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", s->n);
    bool firth = lb_get_bool(parameters, "firth", false);
    if (!code) {
        for (size_t i = 0; i < s->n; i++) design[i] = 1;
        if (s->p) memcpy(design + s->n, s->x, s->n * s->p * sizeof *design);
        if (!firth) code = lb_logistic_fit(design, s->y, s->weight, s->n, s->p + 1, scratch, &fit, err);
        out->separated = !firth && (fit.separated || (!code && !fit.converged));
        if (!code && out->separated) out->note = "the events are separated: Firth's penalty was used";
        if (!code && (firth || out->separated)) code = lb_firth_fit(design, s->y, s->weight, s->n, s->p + 1, scratch, &fit, err);
    }
    if (!code) {
        double *beta = linear(out, s->p, arena);
        out->program.intercept = fit.coefficient[0];
        for (size_t j = 0; j < s->p; j++) beta[2 * j] = fit.aliased[j + 1] ? 0 : fit.coefficient[j + 1];
        set_means(s, beta);
    }
    lb_arena_free(scratch);
    return code;
}

static int fit_lasso(const lb_sample *s, const lb_value *parameters, lb_arena *arena, lb_fitted *out, lb_error *err)
{
    lb_arena *scratch = lb_arena_new();
    lb_lasso_problem problem = {.n = s->n, .p = s->p, .x = s->x, .y = s->y, .weight = s->weight, .binomial = true,
                                .alpha = lb_get_number(parameters, "alpha", 1)};
    lb_lasso_path path;
    lb_lasso_cv cv;
    lb_random random;
    size_t *fold = lb_arena_array(scratch, s->n, sizeof *fold);
    lb_random_init(&random, s->seed, s->stream);
    size_t folds = lb_deal_folds(s->y, s->group, s->n, (size_t)lb_get_int(parameters, "folds", 5), &random, fold, scratch);
    int code = lb_lasso_fit(&problem, NULL, 60, 1e-2, scratch, &path, err);
    if (!code) code = lb_lasso_cross_validate(&problem, &path, fold, folds, LB_LOSS_DEVIANCE, 1, scratch, &cv, err);
    if (!code) {
        size_t at = lb_text_equal(lb_get_text(parameters, "rule", "min"), "1se") ? cv.at_1se : cv.at_min;
        double *beta = linear(out, s->p, arena);
        out->program.intercept = path.intercept[at];
        for (size_t j = 0; j < s->p; j++) beta[2 * j] = path.beta[at * s->p + j];
        set_means(s, beta);
    }
    lb_arena_free(scratch);
    return code;
}

static int fit_forest(const lb_sample *s, const lb_value *parameters, lb_arena *arena, lb_fitted *out, lb_error *err)
{
    lb_forest forest;
    lb_forest_options options = {.trees = (size_t)lb_get_int(parameters, "trees", 500), .mtry = (size_t)lb_get_int(parameters, "mtry", 0),
                                 .min_node = (size_t)lb_get_int(parameters, "min_node_size", 5), .max_depth = (size_t)lb_get_int(parameters, "max_depth", 0),
                                 .weight = s->weight, .seed = s->seed, .stream = s->stream, .threads = 1};
    int code = lb_forest_fit(s->x, s->y, s->n, s->p, &options, NULL, arena, &forest, err);
    if (!code) out->program = (lb_score_program){.kind = LB_SCORE_TREES, .b = 1, .columns = s->p, .forest = forest.model, .average = true};
    return code;
}

static int fit_leafwise(const lb_sample *s, const lb_value *parameters, lb_arena *arena, lb_fitted *out, lb_error *err)
{
    lb_leafwise_options options = {.binary = true, .iterations = (size_t)lb_get_int(parameters, "num_iterations", 100),
                                   .leaves = (size_t)lb_get_int(parameters, "num_leaves", 31),
                                   .min_data = (size_t)lb_get_int(parameters, "min_data_in_leaf", 20), .max_bin = 255,
                                   .learning_rate = lb_get_number(parameters, "learning_rate", 0.1), .l2 = lb_get_number(parameters, "lambda_l2", 0),
                                   .min_hessian = lb_get_number(parameters, "min_sum_hessian_in_leaf", 1e-3), .weight = s->weight};
    lb_arena *scratch = lb_arena_new();
    lb_leafwise_model model;
    int code = lb_leafwise_fit(s->x, s->y, s->n, s->p, &options, NULL, scratch, &model, err);
    if (!code) out->program = (lb_score_program){.kind = LB_SCORE_TREES, .logistic = true, .b = 1, .columns = s->p,
                                                 .forest = lb_leafwise_forest(&model, arena)};
    lb_arena_free(scratch);
    return code;
}

static int fit_xgboost(const lb_sample *s, const lb_value *parameters, lb_arena *arena, lb_fitted *out, lb_error *err)
{
    lb_arena *scratch = lb_arena_new();
    double *rows = lb_arena_try(scratch, s->n + 1, (s->p + 1) * sizeof *rows);
    lb_xgboost_option option[24] = {{"objective", "binary:logistic"}, {"seed", "0"}, {"base_score", "0.5"}};
    size_t options = 3;
    lb_xgboost made;
    lb_model model = {.sigmoid = 1};
    lb_value *root;
    if (!rows) {
        lb_arena_free(scratch);
        return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", s->n);
    }
    for (size_t j = 0; j < s->p; j++)
        for (size_t i = 0; i < s->n; i++) rows[i * s->p + j] = s->x[j * s->n + i];
    for (size_t i = 0; parameters && i < parameters->count && options < LB_COUNT(option); i++) {
        char number[32];
        const lb_value *value = parameters->item[i];
        if (lb_text_equal(parameters->key[i], "nrounds")) continue;
        const char *text = value->type == LB_STRING ? value->text : lb_arena_text(scratch, lb_number_text(lb_number_of(value), number));
        option[options++] = (lb_xgboost_option){parameters->key[i], text};
    }
    int code = lb_xgboost_fit(rows, s->y, s->weight, s->n, s->p, NULL, option, options, (size_t)lb_get_int(parameters, "nrounds", 100), NULL, arena, &made, err);
    if (!code) code = lb_json_read(&(lb_bytes){(const uint8_t *)made.json, made.length, "xgboost"}, scratch, &root, err);
    if (!code) code = lb_model_read_xgboost(root, arena, &model, err);
    out->program = (lb_score_program){.kind = LB_SCORE_TREES, .logistic = true, .b = 1, .columns = s->p, .forest = model.forest};
    if (!code) out->xgboost = made.json;
    lb_arena_free(scratch);
    return code;
}

static int layers_of(const lb_value *hidden, lb_perceptron_options *o, lb_error *err)
{
    o->layers = 0;
    for (size_t k = 0; hidden && k < (hidden->type == LB_ARRAY ? hidden->count : 1); k++) {
        double width = lb_number_of(hidden->type == LB_ARRAY ? hidden->item[k] : hidden);
        if (!(width >= 1 && width <= 512) || width != floor(width) || k + 1 >= LB_SCORE_MOST_LAYERS)
            return lb_fail(err, LB_USAGE, "hidden layers are up to %d whole numbers from 1 to 512", LB_SCORE_MOST_LAYERS - 1);
        o->hidden[o->layers++] = (size_t)width;
    }
    if (!hidden) o->hidden[o->layers++] = 8;
    return 0;
}

/* Background of its explanations: rows spread evenly over the sample. */
static void set_background(const lb_sample *s, size_t most, lb_arena *arena, lb_score_layers *layers)
{
    size_t rows = s->n < most ? s->n : most;
    double *background = lb_arena_array(arena, rows * s->p + 1, sizeof *background);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < s->p; j++) background[r * s->p + j] = s->x[j * s->n + r * s->n / rows];
    layers->background_rows = rows;
    layers->background = background;
}

static int fit_perceptron(const lb_sample *s, const lb_value *parameters, lb_arena *arena, lb_fitted *out, lb_error *err)
{
    static const char *const activations[] = {"relu", "tanh", "logistic"};
    lb_perceptron_options o = {.alpha = lb_get_number(parameters, "alpha", 1e-4), .learning_rate = lb_get_number(parameters, "learning_rate", 1e-3),
                               .validation = lb_get_number(parameters, "validation_fraction", 0.15), .tolerance = 1e-4,
                               .batch = (size_t)lb_get_int(parameters, "batch_size", 200), .iterations = (size_t)lb_get_int(parameters, "max_iter", 200),
                               .patience = (size_t)lb_get_int(parameters, "n_iter_no_change", 10), .seed = s->seed, .stream = s->stream,
                               .weight = s->weight, .group = s->group};
    const char *activation = lb_get_text(parameters, "activation", "relu");
    int code = layers_of(lb_get(parameters, "hidden"), &o, err);
    for (size_t k = 0; k < LB_COUNT(activations); k++)
        if (lb_text_equal(activation, activations[k])) o.activation = (lb_score_activation)k;
    lb_arena *scratch = lb_arena_new();
    lb_perceptron net;
    double *rows = lb_arena_try(scratch, s->n + 1, (s->p + 1) * sizeof *rows);
    if (!code && !rows) code = lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", s->n);
    for (size_t j = 0; j < s->p && !code; j++)
        for (size_t i = 0; i < s->n; i++) rows[i * s->p + j] = s->x[j * s->n + i];
    if (!code) code = lb_perceptron_start(s->p, &o, arena, &net, err);
    if (!code) code = lb_perceptron_train(&net, &o, rows, s->y, s->n, scratch, err);
    if (!code) {
        set_background(s, 20, arena, &net.layers);
        out->program = (lb_score_program){.kind = LB_SCORE_LAYERS, .logistic = true, .b = 1, .columns = s->p, .layers = net.layers};
    }
    lb_arena_free(scratch);
    return code;
}

const lb_learner lb_learners[] = {
    {"lasso", "LASSO regression", "alpha,folds,rule", fit_lasso},
    {"logistic", "logistic regression", "firth", fit_logistic},
    {"forest", "random forest", "trees,mtry,min_node_size,max_depth", fit_forest},
    {"xgboost", "XGBoost", "nrounds,eta,max_depth,min_child_weight,gamma,lambda,alpha,subsample,colsample_bytree,tree_method,max_bin,scale_pos_weight", fit_xgboost},
    {"leafwise", "leaf-wise boosting", "num_iterations,num_leaves,learning_rate,min_data_in_leaf,lambda_l2,min_sum_hessian_in_leaf", fit_leafwise},
    {"perceptron", "multilayer perceptron", "hidden,activation,alpha,learning_rate,max_iter,batch_size,validation_fraction,n_iter_no_change", fit_perceptron},
};
const size_t lb_learner_count = LB_COUNT(lb_learners);

const lb_learner *lb_learner_find(const char *name)
{
    for (size_t i = 0; i < lb_learner_count; i++)
        if (lb_text_equal(lb_learners[i].name, name)) return &lb_learners[i];
    return NULL;
}

int lb_learner_check(const lb_learner *learner, const lb_value *parameters, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    size_t count;
    char **known = lb_text_split(arena, learner->parameters, ',', &count);
    int code = 0;
    for (size_t i = 0; parameters && i < parameters->count && !code; i++) {
        bool found = false;
        const lb_value *value = parameters->item[i];
        for (size_t k = 0; k < count; k++) found |= lb_text_equal(known[k], parameters->key[i]);
        bool bad = lb_is_number(value) && !(lb_number_of(value) >= 0 && lb_number_of(value) <= 1e6);
        if (found && !bad) continue;
        if (found) code = lb_fail(err, LB_BAD_DATA, "%s of %s is %g: a number from 0 to a million is needed", parameters->key[i], learner->name, lb_number_of(value));
        else code = lb_fail(err, LB_BAD_DATA, "%s has no parameter %s", learner->name, parameters->key[i]);
        lb_error_where(err, "%d:%d", value->line, value->column);
        lb_error_hint(err, "it takes %s", learner->parameters);
    }
    lb_arena_free(arena);
    return code;
}
