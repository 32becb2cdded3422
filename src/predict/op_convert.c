/* Operation `predict convert`: models from and to XGBoost's JSON and LightGBM's text. */
#include "predict/convert.h"
#include "predict/model.h"
#include "predict/published.h"
#include "predict/room.h"

#include <math.h>
#include <string.h>

static const lb_param params[] = {
    {.name = "from", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "XGBoost JSON, LightGBM text, or a model file of Lumbar"},
    {.name = "to", .type = LB_P_CHOICE, .flags = LB_REQUIRED, .choices = "lumbar,xgboost,lightgbm", .summary = "what to write"},
    {.name = "data", .type = LB_P_TABLE, .summary = "rows the model was trained on: the ranges of its inputs (to lumbar)"},
    {.name = "label", .type = LB_P_TEXT, .summary = "what it predicts, in words (to lumbar)"},
    {.name = "model", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the model to this file"},
};

/* Trees with the names of their columns, wherever they come from. */
typedef struct trees {
    lb_score_forest forest;
    bool logistic, prepared; /* prepared: columns are not plain inputs */
    double sigmoid;
    const char **name;
    const char *kind;
} trees;

static int cannot(lb_error *err, const char *what, const char *hint)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s", what);
    lb_error_where(err, "from");
    lb_error_hint(err, "%s", hint);
    return code;
}

static int from_published(const lb_value *root, lb_arena *arena, trees *out, lb_error *err)
{
    lb_published m;
    int code = lb_published_open(root, arena, &m, err);
    if (code) return code;
    const lb_score_program *p = &m.model->program[0];
    if (p->kind != LB_SCORE_TREES || p->average) return cannot(err, "only boosted trees can be written as a model of these libraries", "publish a model of XGBoost or leaf-wise boosting");
    *out = (trees){.forest = p->forest, .logistic = p->logistic, .sigmoid = 1, .name = lb_arena_array(arena, p->columns + 1, sizeof *out->name), .kind = "lumbar"};
    for (size_t j = 0; j < p->columns; j++) {
        const lb_score_column *c = &p->column[j];
        out->name[j] = c->level < 0 ? m.name[c->input] : lb_arena_printf(arena, "%s=%s", m.name[c->input], m.input[c->input].level[c->level]);
        out->prepared |= c->level >= 0 || c->batch || !isnan(c->fill) || c->centre != 0 || c->scale != 1;
    }
    return 0;
}

static int read_trees(const lb_bytes *bytes, lb_arena *arena, trees *out, lb_error *err)
{
    lb_value *root = NULL;
    lb_model model;
    bool text = bytes->length >= 5 && memcmp(bytes->data, "tree", 4) == 0;
    int code = text ? 0 : lb_json_read(bytes, arena, &root, err);
    if (code) return code;
    if (root && lb_text_equal(lb_get_text(root, "format", NULL), "lumbar-model") && lb_get_int(root, "format_version", 0) == 2) return from_published(root, arena, out, err);
    code = lb_model_read(bytes, arena, &model, err);
    if (code) return code;
    if (model.linear) return cannot(err, "a regression has no trees to convert", "give a model of boosted trees");
    *out = (trees){.forest = model.forest, .logistic = model.link == LB_LINK_LOGIT, .sigmoid = model.sigmoid, .name = model.feature, .kind = model.kind};
    return 0;
}

static int write_lumbar(lb_call *call, const trees *t, lb_result *result, lb_error *err)
{
    lb_table *table;
    int code = lb_call_table(call, "data", &table, err);
    if (code) return code;
    lb_value *d = lb_value_object(result->arena), *o = lb_set_object(d, "outcome"), *inputs = lb_set_array(d, "inputs");
    lb_set_text(d, "format", "lumbar-model");
    lb_set_int(d, "format_version", 2);
    lb_set_text(d, "status", "research use only");
    lb_set_text(o, "label", lb_call_given(call, "label") ? lb_call_text(call, "label") : "prediction");
    lb_value *learner = lb_set_object(d, "learner");
    lb_set_text(learner, "name", t->kind);
    lb_set_textf(learner, "label", "trees of %s", t->kind);
    lb_score_column *column = lb_arena_array(result->arena, t->forest.features, sizeof *column);
    for (size_t j = 0; j < t->forest.features; j++) {
        lb_value *row = lb_push_object(inputs);
        column[j] = (lb_score_column){.input = j, .level = -1, .fill = NAN, .scale = 1};
        lb_set_text(row, "name", t->name[j]);
        lb_set_text(row, "label", t->name[j]);
        lb_set_text(row, "type", "number");
        lb_set_bool(row, "in_model", true);
        lb_set_bool(row, "unknown_allowed", true); /* the trees learned where a missing value goes */
        lb_column *c;
        if (!table) continue;
        code = lb_table_number(table, t->name[j], &c, err);
        if (code) return code;
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < table->rows; i++)
            if (!isnan(c->number[i])) low = fmin(low, c->number[i]), high = fmax(high, c->number[i]);
        lb_set_number(row, "training_min", low);
        lb_set_number(row, "training_max", high);
    }
    lb_score_program p = {.kind = LB_SCORE_TREES, .logistic = t->logistic, .b = 1, .columns = t->forest.features, .column = column, .forest = t->forest};
    if (t->sigmoid != 1) p.recalibrated = true, p.b = t->sigmoid;
    lb_program_write(&p, t->name, 0, lb_set_object(d, "model"));
    (void)lb_set_array(d, "refits");
    lb_buf text = {.max = (size_t)1 << 30};
    lb_published_write(d, &text);
    lb_result_artifact(result, "model.json", "application/json", text.data, text.length);
    lb_set_text(result->results, "sha256", lb_get_text(d, "sha256", NULL));
    if (!table) lb_result_warn(result, "without --data the model does not know the range it was trained on: the calculator cannot warn of extrapolation");
    lb_buf_free(&text);
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_bytes bytes;
    trees t = {0};
    int code = lb_call_document(call, "from", &bytes, err);
    if (!code) code = read_trees(&bytes, result->arena, &t, err);
    if (code) return code;
    lb_set_text(result->results, "from", t.kind);
    lb_set_text(result->results, "to", lb_call_text(call, "to"));
    lb_set_int(result->results, "trees", (int64_t)t.forest.trees);
    lb_set_int(result->results, "features", (int64_t)t.forest.features);
    if (t.prepared) lb_result_warn(result, "the written model takes prepared columns (filled, scaled), as the model file describes them");
    if (lb_call_chosen(call, "to", "lumbar")) return write_lumbar(call, &t, result, err);
    lb_buf out = {.max = (size_t)1 << 30};
    bool xgboost = lb_call_chosen(call, "to", "xgboost");
    if (xgboost != t.forest.single) {
        lb_buf_free(&out);
        return cannot(err, xgboost ? "these trees compare x <= number in double, XGBoost compares x < number in float32" : "these trees compare x < number in float32, LightGBM compares x <= number in double",
                      "write them in the file of the library whose arithmetic they use");
    }
    for (size_t j = 0; !xgboost && j < t.forest.features; j++)
        if (strpbrk(t.name[j], " \t\n")) return cannot(err, "LightGBM's text cannot hold feature names with blanks", "rename the columns");
    if (!xgboost) lb_write_lightgbm(&t.forest, t.logistic, t.sigmoid, t.name, result->arena, &out);
    else if (!lb_write_xgboost(&t.forest, t.logistic, t.name, result->arena, &out)) lb_result_warn(result, "no float32 base_score gives exactly this base: margins may differ in the last bit");
    lb_result_artifact(result, xgboost ? "model.json" : "model.txt", xgboost ? "application/json" : "text/plain", out.data, out.length);
    lb_buf_free(&out);
    return 0;
}

const lb_op lb_op_predict_convert = {
    .area = "predict", .verb = "convert",
    .summary = "boosted trees from and to XGBoost's JSON and LightGBM's text",
    .description = "Reads a model of XGBoost, LightGBM or Lumbar and writes it (-m FILE) as another; margins stay the same bit for bit, so XGBoost's trees are not written as LightGBM's "
                   "and the reverse: their comparisons differ. --to lumbar makes a model file for predict score, explain, evaluate and calculator.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict convert reference/predict/small.xgboost.json --to lumbar --data reference/predict/scores.csv"};
