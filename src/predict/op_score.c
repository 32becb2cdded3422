/* Operation `predict score`: what a model says about each row. */
#include "predict/room.h"
#include "predict/model.h"

#include <math.h>

static const lb_param params[] = {
    {.name = "model", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "XGBoost JSON, LightGBM text, or a model written by -m"},
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person, with the model's columns"},
};

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes bytes;
    lb_table *table;
    lb_model model;
    double *x;
    int code = lb_call_document(call, "model", &bytes, err);
    if (!code) code = lb_model_read(&bytes, result->arena, &model, err);
    if (!code) code = lb_call_table(call, "data", &table, err);
    if (!code) code = lb_model_inputs(&model, table, result->arena, &x, err);
    if (code) return code;
    lb_set_text(result->results, "kind", model.kind);
    lb_set_int(result->results, "n", (int64_t)table->rows);
    if (!model.linear) lb_set_int(result->results, "trees", (int64_t)model.forest.trees);
    lb_value *rows = lb_set_array(result->results, "scores");
    size_t unscored = 0;
    for (size_t i = 0; i < table->rows; i++) {
        double margin = lb_model_margin(&model, x + i * model.features);
        lb_value *row = lb_push_object(rows);
        lb_set_number(row, "margin", margin);
        lb_set_number(row, "score", lb_model_score(&model, margin));
        unscored += isnan(margin);
    }
    if (unscored) lb_result_warn(result, "%zu of %zu rows have no score: a predictor is missing", unscored, table->rows);
    lb_result_note(result, "score is %s; a missing value %s.", model.link == LB_LINK_LOGIT ? "the probability 1/(1 + exp(-margin))" : "the margin itself",
                   model.linear ? "leaves its row without a score" : "goes the way the trees learned for it");
    return 0;
}

const lb_op lb_op_predict_score = {
    .area = "predict", .verb = "score",
    .summary = "apply a model: margin and score of each row",
    .description =
        "Reads a model of XGBoost (JSON, gbtree), LightGBM (text) or Lumbar (regression, JSON) and applies it to each row by the names "
        "of its columns. Margins of the boosted trees agree with their libraries bit for bit: XGBoost compares and sums in "
        "float32, LightGBM in double. Models with one output and numeric splits.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict score reference/predict/small.xgboost.json reference/predict/scores.csv"};
