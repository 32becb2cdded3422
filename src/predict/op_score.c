/* Operation `predict score`: what a model says about each row. */
#include "predict/room.h"
#include "predict/doubts.h"

#include <math.h>

static const lb_param params[] = {
    {.name = "model", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "XGBoost JSON, LightGBM text, or a model of Lumbar"},
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person, with the model's columns"},
    {.name = "leaves", .type = LB_P_FLAG, .summary = "boosted trees: where each row ends, tree by tree (XGBoost: node, LightGBM: leaf)"},
};

/* Nodes as XGBoost numbers them; LightGBM counts leaves by themselves, which its reader has put behind the splits. */
static void set_leaves(const lb_model *model, const double *x, lb_value *row)
{
    lb_value *list = lb_set_array(row, "leaf");
    for (size_t t = 0; t < model->forest.trees; t++) {
        const lb_score_tree *tree = &model->forest.tree[t];
        size_t at = lb_score_leaf(&model->forest, tree, x), splits = 0;
        for (size_t i = 0; !model->forest.single && i < tree->nodes; i++) splits += tree->node[i].feature >= 0;
        lb_push_int(list, (int64_t)(at - splits));
    }
}

/* A published model: risk with interval, stratum, and what is doubtful about the row; no risk where a value is missing or not known. */
static int score_published(lb_call *call, lb_published *m, lb_result *result, lb_error *err)
{
    lb_table *table;
    lb_published_rows rows;
    int code = lb_call_table(call, "data", &table, err);
    if (!code) code = lb_published_read(m, table, result->arena, &rows, err);
    if (code) return code;
    const lb_value *strata = lb_get(m->document, "strata");
    size_t faults = 0;
    lb_set_text(result->results, "kind", lb_get_text(lb_get(m->document, "learner"), "name", ""));
    lb_set_text(result->results, "model_sha256", m->sha256);
    lb_set_int(result->results, "n", (int64_t)rows.n);
    lb_value *list = lb_set_array(result->results, "scores");
    for (size_t i = 0; i < rows.n; i++) {
        const double *input = rows.input + i * m->inputs;
        double margin = rows.fault[i] ? NAN : lb_score_program_margin(m->model, 0, input, m->scratch), lower = NAN, upper = NAN;
        double risk = rows.fault[i] ? NAN : lb_score_of_margin(&m->model->program[0], margin);
        if (!rows.fault[i] && m->model->programs > 1) lb_score_interval(m->model, input, 0.95, &lower, &upper, m->scratch, m->sorted);
        lb_value *row = lb_push_object(list);
        lb_set_number(row, "margin", margin);
        lb_set_number(row, "score", risk);
        if (m->model->programs > 1) lb_set_number(row, "lower", lower), lb_set_number(row, "upper", upper);
        for (size_t s = 0; strata && s < strata->count && !isnan(risk); s++)
            if (risk < lb_get_number(strata->item[s], "below", 1) || s + 1 == strata->count) {
                lb_set_text(row, "stratum", lb_get_text(strata->item[s], "label", NULL));
                break;
            }
        if (rows.fault[i]) lb_set_text(row, "reason", rows.fault[i]);
        if (rows.doubt[i]) lb_set_text(row, "outside_training_range", rows.doubt[i]);
        if (rows.filled[i] && !rows.fault[i]) lb_set_text(row, "unknown", rows.filled[i]);
        faults += rows.fault[i] != NULL;
    }
    if (faults) lb_result_warn(result, "%zu of %zu rows have no score: see their reason", faults, rows.n);
    lb_doubts_published(m, &rows, result);
    lb_result_note(result, "score is the recalibrated risk; lower and upper are the 2.5 and 97.5 %% quantiles of the risks by the model's bootstrap refits. Status of the model: %s.",
                   lb_get_text(m->document, "status", "research use only"));
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes bytes;
    lb_table *table;
    lb_model model;
    lb_published published;
    bool is;
    double *x;
    int code = lb_call_document(call, "model", &bytes, err);
    if (!code) code = lb_published_try(&bytes, result->arena, &published, &is, err);
    if (!code && is) return score_published(call, &published, result, err);
    if (!code) code = lb_model_read(&bytes, result->arena, &model, err);
    if (!code) code = lb_call_table(call, "data", &table, err);
    if (!code) code = lb_model_inputs(&model, table, result->arena, &x, err);
    if (code) return code;
    lb_set_text(result->results, "kind", model.kind);
    lb_set_int(result->results, "n", (int64_t)table->rows);
    if (!model.linear) lb_set_int(result->results, "trees", (int64_t)model.forest.trees);
    lb_value *rows = lb_set_array(result->results, "scores");
    for (size_t i = 0; i < table->rows; i++) {
        double margin = lb_model_margin(&model, x + i * model.features);
        lb_value *row = lb_push_object(rows);
        lb_set_number(row, "margin", margin);
        lb_set_number(row, "score", lb_model_score(&model, margin));
        if (lb_call_flag(call, "leaves") && !model.linear) set_leaves(&model, x + i * model.features, row);
    }
    lb_doubts_model(&model, x, table->rows, rows, result);
    lb_result_note(result, "score is %s; a missing value %s.", model.link == LB_LINK_LOGIT ? "the probability 1/(1 + exp(-margin))" : "the margin itself",
                   model.linear ? "leaves its row without a score" : "goes the way the trees learned for it");
    return 0;
}

const lb_op lb_op_predict_score = {
    .area = "predict", .verb = "score",
    .summary = "apply a model: margin and score of each row",
    .description =
        "Reads a model of XGBoost (JSON, gbtree), LightGBM (text) or Lumbar (JSON) and applies it to each row by the names "
        "of its columns. Margins of the boosted trees agree with their libraries bit for bit: XGBoost compares and sums in "
        "float32, LightGBM in double. Models with one output and numeric splits.\n\nA published model of Lumbar gives the recalibrated risk with its interval, its stratum, and for each row "
        "what is missing, unknown to it or outside the range it was trained on; one that was edited is refused.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict score reference/predict/small.xgboost.json reference/predict/scores.csv"};
