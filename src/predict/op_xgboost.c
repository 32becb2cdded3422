/* Operation `predict xgboost`: gradient boosting by libxgboost; its own model file. */
#include "predict/measures.h"
#include "predict/training.h"
#include "predict/xgboost.h"

#include <math.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the outcome"},
    {.name = "features", .type = LB_P_COLUMNS, .flags = LB_REQUIRED, .summary = "columns of the predictors; empty cells are missing values"},
    {.name = "objective", .type = LB_P_CHOICE, .preset = "binary:logistic", .choices = "binary:logistic,reg:squarederror", .summary = "yes/no, or a number"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of a yes/no outcome that is the event; 1, or the later of two values"},
    {.name = "nrounds", .type = LB_P_INT, .preset = "100", .min = 1, .max = 100000, .summary = "trees"},
    {.name = "eta", .type = LB_P_NUMBER, .preset = "0.3", .min = 0, .max = 1, .summary = "share of each tree that is kept"},
    {.name = "max_depth", .type = LB_P_INT, .preset = "6", .min = 1, .max = 30, .summary = "depth of a tree"},
    {.name = "min_child_weight", .type = LB_P_NUMBER, .preset = "1", .summary = "smallest sum of hessians in a leaf"},
    {.name = "gamma", .type = LB_P_NUMBER, .preset = "0", .summary = "smallest gain of a split"},
    {.name = "lambda", .type = LB_P_NUMBER, .preset = "1", .summary = "ridge penalty of the leaves"},
    {.name = "alpha", .type = LB_P_NUMBER, .preset = "0", .summary = "lasso penalty of the leaves"},
    {.name = "subsample", .type = LB_P_NUMBER, .preset = "1", .min = 0, .max = 1, .summary = "share of rows for each tree"},
    {.name = "colsample_bytree", .type = LB_P_NUMBER, .preset = "1", .min = 0, .max = 1, .summary = "share of features for each tree"},
    {.name = "tree_method", .type = LB_P_CHOICE, .preset = "exact", .choices = "exact,hist,approx", .summary = "how splits are found"},
    {.name = "max_bin", .type = LB_P_INT, .preset = "256", .min = 2, .max = 65536, .flags = LB_ADVANCED, .summary = "bins of hist"},
    {.name = "base_score", .type = LB_P_NUMBER, .preset = "0.5", .flags = LB_ADVANCED, .summary = "prediction before the first tree"},
    {.name = "scale_pos_weight", .type = LB_P_NUMBER, .preset = "1", .flags = LB_ADVANCED, .summary = "weight of events"},
    {.name = "seed", .type = LB_P_INT, .preset = "0", .min = 0, .max = 2147483647, .summary = "seed of subsamples"},
    {.name = "model", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the model to this file (XGBoost JSON)"},
};

static const char *const passed[] = {"objective", "eta", "max_depth", "min_child_weight", "gamma", "lambda", "alpha", "subsample", "colsample_bytree", "tree_method", "max_bin", "base_score",
                                     "scale_pos_weight", "seed"};

static const char *text_of(lb_call *call, const char *name, lb_arena *arena)
{
    char number[32];
    for (size_t i = 0; i < LB_COUNT(params); i++) {
        if (!lb_text_equal(params[i].name, name)) continue;
        if (params[i].type == LB_P_CHOICE) return lb_call_text(call, name);
        double value = params[i].type == LB_P_INT ? (double)lb_call_int(call, name) : lb_call_number(call, name);
        return lb_arena_text(arena, lb_number_text(value, number));
    }
    return NULL;
}

/* Loss on the rows trained on after each tree; returns the last. */
static double losses(const lb_training *t, const lb_model *m, const double *rows, bool binary, lb_arena *arena, lb_value *list)
{
    double *score = lb_arena_array(arena, t->n + 1, sizeof *score), loss = NAN;
    float *margin = lb_arena_array(arena, t->n + 1, sizeof *margin);
    for (size_t i = 0; i < t->n; i++) margin[i] = (float)m->forest.base;
    for (size_t k = 0; k < m->forest.trees; k++) {
        const lb_score_tree *tree = &m->forest.tree[k];
        double square = 0;
        for (size_t i = 0; i < t->n; i++) {
            margin[i] += (float)tree->node[lb_score_leaf(&m->forest, tree, rows + i * t->p)].value;
            score[i] = lb_model_score(m, (double)margin[i]);
            square += (t->y[i] - score[i]) * (t->y[i] - score[i]);
        }
        loss = binary ? lb_log_loss(t->y, score, NULL, t->n) : sqrt(square / (double)t->n);
        lb_value *row = lb_push_object(list);
        lb_set_int(row, "round", (int64_t)k + 1);
        lb_set_number(row, binary ? "log_loss" : "rmse", loss);
    }
    return loss;
}

static void report(lb_result *result, const lb_training *t, const lb_model *m, const double *rows, bool binary)
{
    lb_set_int(result->results, "trees", (int64_t)m->forest.trees);
    lb_value *history = lb_value_array(result->arena);
    lb_set_number(result->results, binary ? "training_log_loss" : "training_rmse", losses(t, m, rows, binary, result->arena, history));
    lb_set(result->results, "training", history);
    lb_value *list = lb_set_array(result->results, "importance");
    for (size_t j = 0; j < t->p; j++) {
        lb_value *row = lb_push_object(list);
        lb_set_text(row, "feature", t->name[j]);
        lb_set_int(row, "splits", (int64_t)m->splits[j]);
        lb_set_number(row, "gain", m->splits[j] ? m->gain[j] / (double)m->splits[j] : 0);
        lb_set_number(row, "total_gain", m->gain[j]);
    }
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_training t;
    lb_xgboost made;
    lb_model model = {.sigmoid = 1};
    lb_value *root;
    bool binary = lb_call_chosen(call, "objective", "binary:logistic");
    double unused;
    int code = lb_positive(call, "eta", false, &unused, err);
    if (!code) code = lb_positive(call, "subsample", false, &unused, err);
    if (!code) code = lb_positive(call, "colsample_bytree", false, &unused, err);
    if (!code) code = lb_training_read(call, result, !binary, true, &t, err);
    if (code) return code;
    double *rows = lb_arena_try(result->arena, t.n + 1, (t.p + 1) * sizeof *rows);
    if (!rows) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", t.n);
    for (size_t j = 0; j < t.p; j++)
        for (size_t i = 0; i < t.n; i++) rows[i * t.p + j] = t.x[j * t.n + i];
    lb_xgboost_option option[LB_COUNT(passed)];
    for (size_t k = 0; k < LB_COUNT(passed); k++) option[k] = (lb_xgboost_option){passed[k], text_of(call, passed[k], result->arena)};
    code = lb_xgboost_fit(rows, t.y, NULL, t.n, t.p, t.name, option, LB_COUNT(passed), (size_t)lb_call_int(call, "nrounds"), lb_call_progress(call), result->arena, &made, err);
    if (!code) code = lb_json_read(&(lb_bytes){(const uint8_t *)made.json, made.length, "xgboost"}, result->arena, &root, err);
    if (!code) code = lb_model_read_xgboost(root, result->arena, &model, err);
    if (code) return code;
    report(result, &t, &model, rows, binary);
    lb_result_artifact(result, "model.json", "application/json", made.json, made.length);
    lb_result_note(result, "XGBoost by its library, on one thread. The training loss is measured on the rows the trees were grown on.");
    return 0;
}

const lb_op lb_op_predict_xgboost = {
    .area = "predict", .verb = "xgboost",
    .summary = "gradient boosting by XGBoost's library",
    .description = "Trains with libxgboost (Chen & Guestrin 2016); parameters carry its names. -m writes its model JSON, which predict score, predict explain and XGBoost read. "
                   "Missing predictors go the way the trees learn for them.\n\nThe training loss says nothing about new people.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict xgboost reference/predict/scores.csv --outcome relapse --features age,fat_fraction,risk --nrounds 10 --max_depth 2"};
