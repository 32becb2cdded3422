/* Operation `predict explain`: how much each feature adds to the margin of each row: Shapley values of trees and of
 * regressions, exact, adding up to the margin. */
#include "predict/room.h"
#include "predict/model.h"

#include <math.h>
#include <string.h>

static const lb_param params[] = {
    {.name = "model", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "XGBoost JSON, LightGBM text, or a model written by -m"},
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "rows to explain, with the model's columns"},
    {.name = "method", .type = LB_P_CHOICE, .preset = "shap", .choices = "shap", .summary = "Shapley values"},
    {.name = "background", .type = LB_P_TABLE, .summary = "rows that stand for a feature left out (interventional)"},
};

typedef struct explained {
    lb_model model;
    lb_table *table, *background;
    double *x, *against;
    double *centre; /* linear: what the features are compared with */
    lb_score_paths *paths;
} explained;

static int read_inputs(lb_call *call, lb_arena *arena, explained *e, lb_error *err)
{
    lb_bytes bytes;
    int code = lb_call_document(call, "model", &bytes, err);
    if (!code) code = lb_model_read(&bytes, arena, &e->model, err);
    if (!code) code = lb_call_table(call, "data", &e->table, err);
    if (!code) code = lb_model_inputs(&e->model, e->table, arena, &e->x, err);
    if (!code) code = lb_call_table(call, "background", &e->background, err);
    if (!code && e->background) code = lb_model_inputs(&e->model, e->background, arena, &e->against, err);
    if (code || !e->background || e->background->rows) return code;
    return lb_fail(err, LB_BAD_DATA, "the background has no rows");
}

static int prepare_trees(lb_arena *arena, explained *e, lb_error *err)
{
    size_t size = lb_score_paths_size(&e->model.forest);
    void *memory = size ? lb_arena_try(arena, size, 1) : NULL;
    if (memory) {
        e->paths = lb_score_paths_make(&e->model.forest, memory);
        return 0;
    }
    if (size) return lb_fail(err, LB_TOO_LARGE, "the paths of the trees do not fit in memory");
    int code = lb_fail(err, LB_BAD_DATA, "a path of a tree holds more than %d different features", LB_SCORE_DEEPEST);
    lb_error_where(err, "model");
    return code;
}

/* Means of the background, or those of the training that the model file holds. */
static int prepare_linear(lb_arena *arena, explained *e, lb_error *err)
{
    size_t p = e->model.features;
    e->centre = lb_arena_array(arena, p + 1, sizeof(double));
    for (size_t j = 0; j < p; j++) {
        double sum = 0;
        size_t count = 0;
        for (size_t i = 0; e->background && i < e->background->rows; i++)
            if (!isnan(e->against[i * p + j])) sum += e->against[i * p + j], count++;
        e->centre[j] = e->background ? sum / (double)count : e->model.mean[j];
        if (isfinite(e->centre[j])) continue;
        int code = lb_fail(err, LB_BAD_DATA, "there is no mean of %s to compare with", e->model.feature[j]);
        lb_error_hint(err, "give --background, the rows the model was trained on");
        return code;
    }
    return 0;
}

/* Values of one row; returns the base. */
static double explain_row(const explained *e, const double *x, double *value)
{
    size_t p = e->model.features;
    memset(value, 0, p * sizeof *value);
    if (e->model.linear) {
        double base = e->model.intercept;
        for (size_t j = 0; j < p; j++) {
            value[j] = e->model.beta[j] * (x[j] - e->centre[j]);
            base += e->model.beta[j] * e->centre[j];
        }
        return base;
    }
    if (!e->background) return lb_score_shap(e->paths, x, value);
    double base = 0, weight = 1 / (double)e->background->rows;
    for (size_t i = 0; i < e->background->rows; i++) {
        lb_score_shap_against(e->paths, x, e->against + i * p, weight, value);
        base += weight * lb_model_margin(&e->model, e->against + i * p);
    }
    return base;
}

static void say_method(lb_result *result, const explained *e)
{
    const char *how = e->model.linear ? "beta times the distance from the mean of the background (linear, interventional)"
                      : e->background ? "a feature left out takes its values from the background rows (interventional)"
                      : e->model.forest.single ? "a feature left out is averaged by the sums of hessians of the children (path-dependent)"
                                               : "a feature left out is averaged by the training counts of the children (path-dependent)";
    if (e->background) lb_result_note(result, "Shapley values on the scale of the margin: %s; %zu background rows. base + sum of values = margin.", how, e->background->rows);
    else lb_result_note(result, "Shapley values on the scale of the margin: %s. base + sum of values = margin.", how);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    explained e = {0};
    lb_arena *arena = result->arena;
    int code = read_inputs(call, arena, &e, err);
    if (!code) code = e.model.linear ? prepare_linear(arena, &e, err) : prepare_trees(arena, &e, err);
    if (code) return code;
    size_t p = e.model.features;
    double *value = lb_arena_array(arena, 2 * p + 2, sizeof(double)), *importance = value + p + 1, gap = 0;
    lb_set_text(result->results, "kind", e.model.kind);
    lb_set_int(result->results, "n", (int64_t)e.table->rows);
    lb_value *rows = lb_value_array(arena);
    for (size_t i = 0; i < e.table->rows; i++) {
        double base = explain_row(&e, e.x + i * p, value), margin = lb_model_margin(&e.model, e.x + i * p), sum = base;
        lb_value *row = lb_push_object(rows);
        lb_set_number(row, "base", base);
        lb_set_number(row, "margin", margin);
        lb_value *values = lb_set_object(row, "values");
        for (size_t j = 0; j < p; j++) {
            lb_set_number(values, e.model.feature[j], value[j]);
            importance[j] += fabs(value[j]) / (double)e.table->rows;
            sum += value[j];
        }
        gap = fmax(gap, fabs(sum - margin));
    }
    lb_value *means = lb_set_array(result->results, "importance");
    for (size_t j = 0; j < p; j++) {
        lb_value *row = lb_push_object(means);
        lb_set_text(row, "feature", e.model.feature[j]);
        lb_set_number(row, "mean_absolute", importance[j]);
    }
    lb_set_number(result->results, "additivity_gap", gap);
    lb_set(result->results, "contributions", rows);
    say_method(result, &e);
    return 0;
}

const lb_op lb_op_predict_explain = {
    .area = "predict", .verb = "explain",
    .summary = "contribution of each feature to each row's margin (Shapley values)",
    .description =
        "Exact Shapley values of boosted trees (Lundberg et al. 2020) and of regressions. Without --background the trees' own training "
        "weights stand for a feature left out (path-dependent, as XGBoost and LightGBM report); with --background its rows do "
        "(interventional). They add up to the margin; additivity_gap is the largest rounding left.\n\nA contribution says what the "
        "model does, not what would happen if the feature were changed.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict explain reference/predict/small.xgboost.json reference/predict/scores.csv"};
