/* Reading a model of any kind, and applying it to the columns of a table. */
#include "predict/model.h"
#include "predict/published.h"

#include <math.h>
#include <string.h>

static int refuse(lb_error *err, const char *what)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s", what);
    lb_error_where(err, "model");
    lb_error_hint(err, "give XGBoost's JSON (save_model to .json), LightGBM's text (.txt), or a model written by -m");
    return code;
}

/* A regression written by `predict lasso` or `predict logistic`: intercept and one plain column per term. */
static int read_own(const lb_value *root, lb_arena *arena, lb_model *out, lb_error *err)
{
    const lb_value *terms = lb_get(root, "coefficients"), *inputs = lb_get(root, "inputs");
    out->kind = lb_get_text(root, "kind", "");
    if (!lb_text_equal(out->kind, "lasso") && !lb_text_equal(out->kind, "logistic")) return refuse(err, "a lumbar-model of an unknown kind");
    if (!terms || terms->type != LB_ARRAY || !terms->count) return refuse(err, "the model has no coefficients");
    int code = lb_unchanged(root, err);
    if (code) return code;
    out->linear = true;
    out->link = lb_text_equal(lb_get_text(root, "family", "binomial"), "gaussian") ? LB_LINK_IDENTITY : LB_LINK_LOGIT;
    out->feature = lb_arena_array(arena, terms->count, sizeof *out->feature);
    out->beta = lb_arena_array(arena, 4 * terms->count, sizeof(double));
    out->mean = out->beta + terms->count, out->low = out->mean + terms->count, out->high = out->low + terms->count;
    for (size_t i = 0; i < terms->count; i++) {
        const char *term = lb_get_text(terms->item[i], "term", NULL);
        double estimate = lb_get_number(terms->item[i], "estimate", NAN);
        if (!term || isnan(estimate)) return refuse(err, "a coefficient without term or estimate");
        if (strcmp(term, "(Intercept)") == 0) {
            out->intercept = estimate;
            continue;
        }
        const lb_value *plain = NULL;
        for (size_t k = 0; inputs && k < inputs->count; k++)
            if (lb_text_equal(lb_get_text(inputs->item[k], "name", NULL), term)) plain = inputs->item[k];
        if (!plain) {
            code = lb_fail(err, LB_BAD_DATA, "the term %s is not a plain column of numbers", term);
            lb_error_where(err, "model");
            lb_error_hint(err, "fit the model on columns of numbers: make the factor or expression a column first");
            return code;
        }
        out->feature[out->features] = lb_arena_text(arena, term);
        out->mean[out->features] = lb_get_number(plain, "training_mean", NAN);
        out->low[out->features] = lb_get_number(plain, "training_min", NAN);
        out->high[out->features] = lb_get_number(plain, "training_max", NAN);
        out->beta[out->features++] = estimate;
    }
    return 0;
}

int lb_model_read(const lb_bytes *bytes, lb_arena *arena, lb_model *out, lb_error *err)
{
    *out = (lb_model){.sigmoid = 1};
    if (bytes->length >= 5 && memcmp(bytes->data, "tree", 4) == 0) return lb_model_read_lightgbm(bytes, arena, out, err);
    lb_value *root;
    int code = lb_json_read(bytes, arena, &root, err);
    if (code) return code;
    if (lb_get(root, "learner")) return lb_model_read_xgboost(root, arena, out, err);
    if (lb_text_equal(lb_get_text(root, "format", NULL), "lumbar-model")) return read_own(root, arena, out, err);
    return refuse(err, "this JSON is not a model");
}

int lb_model_check_tree(const lb_model *model, const lb_score_tree *tree, size_t index, lb_arena *arena, lb_error *err)
{
    bool *named = lb_arena_try(arena, tree->nodes + 1, sizeof *named);
    const char *fault = named ? NULL : "it does not fit in memory";
    for (size_t i = 0; i < tree->nodes && !fault; i++) {
        const lb_score_node *node = &tree->node[i];
        if (node->feature < 0) {
            if (!isfinite(node->value)) fault = "a leaf without a finite value";
            continue;
        }
        int32_t child[2] = {node->left, node->right};
        if ((size_t)node->feature >= model->features) fault = "a split on a feature that is not there";
        for (int k = 0; k < 2 && !fault; k++) {
            if (child[k] <= 0 || (size_t)child[k] >= tree->nodes) fault = "a child that is not there";
            else if (named[child[k]]) fault = "a node with two parents";
            else named[child[k]] = true;
        }
        if (!fault && (isnan(node->threshold) || !(node->cover >= 0))) fault = "a split without threshold or cover";
    }
    if (!fault) return 0;
    int code = lb_fail(err, LB_BAD_DATA, "tree %zu has %s", index, fault);
    lb_error_where(err, "model");
    lb_error_hint(err, "the file is damaged: save the model again");
    return code;
}

double lb_model_margin(const lb_model *model, const double *x)
{
    if (!model->linear) return lb_score_margin(&model->forest, x);
    double sum = model->intercept;
    for (size_t j = 0; j < model->features; j++) sum += model->beta[j] * x[j];
    return sum;
}

double lb_model_score(const lb_model *model, double margin)
{
    return model->link == LB_LINK_LOGIT ? 1 / (1 + exp(-model->sigmoid * margin)) : margin;
}

int lb_model_inputs(const lb_model *model, const lb_table *table, lb_arena *arena, double **x, lb_error *err)
{
    size_t p = model->features;
    *x = lb_arena_try(arena, table->rows + 1, (p + 1) * sizeof(double));
    if (!*x) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu features do not fit in memory", table->rows, p);
    for (size_t j = 0; j < p; j++) {
        lb_column *column;
        int code = lb_table_number(table, model->feature[j], &column, err);
        if (code) return code;
        for (size_t i = 0; i < table->rows; i++) (*x)[i * p + j] = column->number[i];
    }
    return 0;
}
