/* Operation `predict leafwise`: gradient boosting with leaf-wise trees, as LightGBM grows them, and its model text. */
#include "predict/room.h"
#include "predict/leafwise.h"
#include "predict/training.h"

#include <math.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the outcome"},
    {.name = "features", .type = LB_P_COLUMNS, .flags = LB_REQUIRED, .summary = "columns of the predictors; empty cells are missing values"},
    {.name = "objective", .type = LB_P_CHOICE, .preset = "binary", .choices = "binary,regression", .summary = "yes/no, or a number"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of a yes/no outcome that is the event; 1, or the later of two values"},
    {.name = "num_iterations", .type = LB_P_INT, .preset = "100", .min = 1, .max = 100000, .summary = "trees"},
    {.name = "num_leaves", .type = LB_P_INT, .preset = "31", .min = 2, .max = 4096, .summary = "leaves of a tree"},
    {.name = "learning_rate", .type = LB_P_NUMBER, .preset = "0.1", .summary = "share of each tree that is kept"},
    {.name = "min_data_in_leaf", .type = LB_P_INT, .preset = "20", .min = 1, .max = 1e9, .summary = "smallest leaf"},
    {.name = "min_sum_hessian_in_leaf", .type = LB_P_NUMBER, .preset = "0.001", .summary = "smallest sum of hessians in a leaf"},
    {.name = "lambda_l2", .type = LB_P_NUMBER, .preset = "0", .summary = "ridge penalty of the leaves"},
    {.name = "min_gain_to_split", .type = LB_P_NUMBER, .preset = "0", .summary = "smallest gain of a split"},
    {.name = "max_bin", .type = LB_P_INT, .preset = "255", .min = 3, .max = 255, .summary = "most bins of a feature"},
    {.name = "is_unbalance", .type = LB_P_FLAG, .summary = "weigh the rarer outcome up to the other"},
    {.name = "model", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the model to this file (LightGBM's text)"},
};

typedef struct sample {
    size_t n, p;
    double *x, *y;
    const char *const *name;
} sample;

static int positive(lb_call *call, const char *name, bool zero, double *out, lb_error *err)
{
    *out = lb_call_number(call, name);
    if (isfinite(*out) && (zero ? *out >= 0 : *out > 0)) return 0;
    int code = lb_fail(err, LB_USAGE, "%g does not do: a number %s is needed", *out, zero ? "from 0 up" : "above 0");
    lb_error_where(err, "--%s", name);
    return code;
}

static int read_options(lb_call *call, lb_leafwise_options *o, lb_error *err)
{
    *o = (lb_leafwise_options){.binary = lb_call_chosen(call, "objective", "binary"), .unbalanced = lb_call_flag(call, "is_unbalance"),
                               .iterations = (size_t)lb_call_int(call, "num_iterations"), .leaves = (size_t)lb_call_int(call, "num_leaves"),
                               .min_data = (size_t)lb_call_int(call, "min_data_in_leaf"), .max_bin = (size_t)lb_call_int(call, "max_bin")};
    int code = positive(call, "learning_rate", false, &o->learning_rate, err);
    if (!code) code = positive(call, "lambda_l2", true, &o->l2, err);
    if (!code) code = positive(call, "min_sum_hessian_in_leaf", true, &o->min_hessian, err);
    if (!code) code = positive(call, "min_gain_to_split", true, &o->min_gain, err);
    return code;
}

static int read_sample(lb_call *call, lb_result *result, bool binary, sample *s, lb_error *err)
{
    lb_table *table;
    lb_outcome outcome;
    lb_column *column;
    const double *y = NULL;
    s->p = lb_call_texts(call, "features", &s->name);
    int code = lb_call_table(call, "data", &table, err);
    if (!code && binary) code = lb_outcome_read(table, lb_call_text(call, "outcome"), lb_call_text(call, "event"), result->arena, &outcome, err);
    if (!code && !binary) code = lb_table_number(table, lb_call_text(call, "outcome"), &column, err);
    if (code) return code;
    y = binary ? outcome.event : column->number;
    s->y = lb_arena_try(result->arena, table->rows + 1, sizeof(double));
    s->x = lb_arena_try(result->arena, s->p + 1, (table->rows + 1) * sizeof(double));
    if (!s->x || !s->y || table->rows > UINT32_MAX / 2) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", table->rows);
    for (size_t i = 0; i < table->rows; i++)
        if (!isnan(y[i])) s->y[s->n++] = y[i];
    for (size_t j = 0; j < s->p; j++) {
        size_t k = 0;
        code = lb_predictor_read(table, s->name[j], &column, err);
        if (code) return code;
        for (size_t i = 0; i < table->rows; i++)
            if (!isnan(y[i])) s->x[j * s->n + k++] = column->number[i];
    }
    lb_set_int(result->results, "n", (int64_t)s->n);
    lb_columns_warn(s->x, s->n, s->p, s->name, result);
    if (s->n < table->rows) lb_result_warn(result, "%zu of %zu rows left out: no outcome", table->rows - s->n, table->rows);
    bool varies = false;
    for (size_t i = 1; i < s->n; i++) varies |= s->y[i] != s->y[0];
    return varies ? 0 : lb_fail(err, LB_BAD_DATA, "the outcome does not vary: there is nothing to learn");
}

static void put_numbers(lb_buf *out, const char *key, const double *value, size_t count, const char *format)
{
    lb_buf_printf(out, "%s=", key);
    for (size_t i = 0; i < count; i++) {
        lb_buf_puts(out, i ? " " : "");
        if (format[0] == 'f') lb_buf_printf(out, "%g", (double)(float)value[i]); /* LightGBM keeps gains in float32 */
        else if (format[0] == 'g') lb_buf_printf(out, "%g", value[i]);
        else lb_buf_printf(out, "%.17g", value[i]);
    }
    lb_buf_putc(out, '\n');
}

static void put_ints(lb_buf *out, const char *key, const int *value, size_t count)
{
    lb_buf_printf(out, "%s=", key);
    for (size_t i = 0; i < count; i++) lb_buf_printf(out, "%s%d", i ? " " : "", value[i]);
    lb_buf_putc(out, '\n');
}

static void put_sizes(lb_buf *out, const char *key, const size_t *value, size_t count)
{
    lb_buf_printf(out, "%s=", key);
    for (size_t i = 0; i < count; i++) lb_buf_printf(out, "%s%zu", i ? " " : "", value[i]);
    lb_buf_putc(out, '\n');
}

static void put_tree(lb_buf *out, const lb_leafwise_tree *t, size_t index)
{
    size_t splits = t->leaves - 1;
    lb_buf_printf(out, "Tree=%zu\nnum_leaves=%zu\nnum_cat=0\n", index, t->leaves);
    put_ints(out, "split_feature", t->feature, splits);
    put_numbers(out, "split_gain", t->gain, splits, "f");
    put_numbers(out, "threshold", t->threshold, splits, "17");
    put_ints(out, "decision_type", t->decision, splits);
    put_ints(out, "left_child", t->left, splits);
    put_ints(out, "right_child", t->right, splits);
    put_numbers(out, "leaf_value", t->leaf_value, t->leaves, "17");
    put_numbers(out, "leaf_weight", t->leaf_weight, t->leaves, "17");
    put_sizes(out, "leaf_count", t->leaf_count, t->leaves);
    put_numbers(out, "internal_value", t->internal_value, splits, "g");
    put_numbers(out, "internal_weight", t->internal_weight, splits, "g");
    put_sizes(out, "internal_count", t->internal_count, splits);
    lb_buf_printf(out, "is_linear=0\nshrinkage=%g\n\n\n", t->shrinkage);
}

static void write_model(lb_result *result, const sample *s, const lb_leafwise_model *m, bool binary)
{
    lb_buf out = {0}, trees = {0}, sizes = {0};
    for (size_t t = 0; t < m->trees; t++) {
        size_t before = trees.length;
        put_tree(&trees, &m->tree[t], t);
        lb_buf_printf(&sizes, "%s%zu", t ? " " : "", trees.length - before);
    }
    lb_buf_printf(&out, "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=%zu\nobjective=%s\nfeature_names=", s->p - 1,
                  binary ? "binary sigmoid:1" : "regression");
    for (size_t j = 0; j < s->p; j++) lb_buf_printf(&out, "%s%s", j ? " " : "", s->name[j]);
    lb_buf_puts(&out, "\nfeature_infos=");
    for (size_t j = 0; j < s->p; j++) {
        if (m->bins[j].count < 2) lb_buf_printf(&out, "%snone", j ? " " : "");
        else lb_buf_printf(&out, "%s[%.17g:%.17g]", j ? " " : "", m->bins[j].low, m->bins[j].high);
    }
    lb_buf_printf(&out, "\ntree_sizes=%s\n\n%send of trees\n", sizes.data ? sizes.data : "", trees.data ? trees.data : "");
    lb_result_artifact(result, "model.txt", "text/plain", out.data, out.length);
    lb_buf_free(&out);
    lb_buf_free(&trees);
    lb_buf_free(&sizes);
}

static void report(lb_result *result, const sample *s, const lb_leafwise_model *m, bool binary)
{
    double loss = 0;
    for (size_t i = 0; i < s->n; i++) {
        double f = m->margin[i], y = s->y[i];
        loss += binary ? fmax(f, 0) + log1p(exp(-fabs(f))) - y * f : (y - f) * (y - f);
    }
    lb_set_int(result->results, "trees", (int64_t)m->trees);
    lb_set_number(result->results, binary ? "training_log_loss" : "training_mse", loss / (double)s->n);
    double *gain = lb_arena_array(result->arena, s->p, sizeof *gain);
    int64_t *count = lb_arena_array(result->arena, s->p, sizeof *count);
    for (size_t t = 0; t < m->trees; t++)
        for (size_t k = 0; k + 1 < m->tree[t].leaves; k++) {
            gain[m->tree[t].feature[k]] += m->tree[t].gain[k];
            count[m->tree[t].feature[k]]++;
        }
    lb_value *rows = lb_set_array(result->results, "importance");
    for (size_t j = 0; j < s->p; j++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "feature", s->name[j]);
        lb_set_number(row, "gain", gain[j]);
        lb_set_int(row, "splits", count[j]);
    }
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_leafwise_options options;
    lb_leafwise_model model;
    sample s = {0};
    int code = read_options(call, &options, err);
    if (!code) code = read_sample(call, result, options.binary, &s, err);
    if (!code) code = lb_leafwise_fit(s.x, s.y, s.n, s.p, &options, lb_call_progress(call), result->arena, &model, err);
    if (code) return code;
    report(result, &s, &model, options.binary);
    write_model(result, &s, &model, options.binary);
    if (model.trees == 1 && model.tree[0].leaves < 2) lb_result_warn(result, "no split leaves enough rows on both sides: the model is a constant");
    lb_result_note(result, "Leaf-wise gradient boosting of %zu trees on %zu predictors. The training loss is measured on the rows the trees were grown on.",
                   model.trees, s.p);
    return 0;
}

const lb_op lb_op_predict_leafwise = {
    .area = "predict", .verb = "leafwise",
    .summary = "gradient boosting with leaf-wise trees (LightGBM's algorithm and model text)",
    .description =
        "Grows trees leaf by leaf on at most 255 bins per feature (Ke et al. 2017). With the same parameters the trees are those of "
        "LightGBM 4 run with one thread and precise_float_parser, without bagging or bundled features; parameters carry its names. -m writes its model text, which "
        "predict score, predict explain and LightGBM read.\n\nThe training loss says nothing about new people.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict leafwise reference/predict/scores.csv --outcome relapse --features age,fat_fraction,risk --num_leaves 4"};
