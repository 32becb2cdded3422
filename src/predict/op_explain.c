/* Operation `predict explain`: how much each feature adds to each row's prediction (Shapley values), or a regression around one row
 * (LIME); with their pictures. */
#include "predict/box.h"
#include "predict/explain_svg.h"
#include "predict/room.h"
#include "predict/shap_batch.h"

#include <math.h>
#include <string.h>

static const lb_param params[] = {
    {.name = "model", .type = LB_P_DOCUMENT, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "XGBoost JSON, LightGBM text, or a model of Lumbar"},
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "rows to explain, with the model's columns"},
    {.name = "method", .type = LB_P_CHOICE, .preset = "shap", .choices = "shap,kernel,lime", .summary = "Shapley values; the same by asking only; LIME"},
    {.name = "background", .type = LB_P_TABLE, .summary = "rows that stand for a feature left out (interventional), or around which LIME samples"},
    {.name = "scale", .type = LB_P_CHOICE, .preset = "margin", .choices = "margin,score", .summary = "kernel: explain the margin, or the score"},
    {.name = "orders", .type = LB_P_INT, .preset = "100", .min = 1, .max = 100000, .flags = LB_ADVANCED, .summary = "kernel, above 12 features: random orders (each with its reverse)"},
    {.name = "perturbations", .type = LB_P_TABLE, .summary = "lime: samples to use, the explained row first; a column y holds the model's answers"},
    {.name = "discretize", .type = LB_P_CHOICE, .preset = "quartile", .choices = "quartile,none", .summary = "lime: quartiles of the background, or standardised values"},
    {.name = "kernel_width", .type = LB_P_NUMBER, .summary = "lime: width of the kernel; 0.75 times the square root of the number of features when not given"},
    {.name = "ridge", .type = LB_P_NUMBER, .preset = "1", .min = 0, .max = 1e9, .summary = "lime: ridge penalty"},
    {.name = "num_features", .type = LB_P_INT, .min = 1, .max = 1000000, .summary = "lime: keep only so many features"},
    {.name = "num_samples", .type = LB_P_INT, .preset = "5000", .min = 10, .max = 1000000, .summary = "lime: samples"},
    {.name = "repeats", .type = LB_P_INT, .preset = "10", .min = 1, .max = 1000, .summary = "lime: times to sample anew, for stability"},
    {.name = "row", .type = LB_P_INT, .preset = "1", .min = 1, .max = 1e12, .summary = "row of the waterfall, and of LIME"},
    {.name = "interactions", .type = LB_P_FLAG, .summary = "boosted trees, path-dependent: each row's Shapley interaction values, too"},
    {.name = "dependence", .type = LB_P_TEXT, .summary = "feature of the dependence picture; the most important when not given"},
    {.name = "seed", .type = LB_P_INT, .preset = "1", .min = 0, .max = 9007199254740991.0, .summary = "seed of samples and orders"},
};

enum { MOST_PAIRED = 2000, MOST_CELLS = 4000000 }; /* interaction values written down */

typedef struct explained {
    lb_box box;
    lb_table *table, *background;
    double *x, *against;
    double *value, *base, *margin; /* rows × features, rows, rows */
} explained;

static int read_inputs(lb_call *call, lb_result *result, explained *e, lb_error *err)
{
    lb_arena *arena = result->arena;
    lb_bytes bytes;
    int code = lb_call_document(call, "model", &bytes, err);
    if (!code) code = lb_box_open(&bytes, arena, &e->box, err);
    if (!code) code = lb_call_table(call, "data", &e->table, err);
    if (!code) code = lb_box_rows(&e->box, e->table, arena, &e->x, result, err);
    if (!code) code = lb_call_table(call, "background", &e->background, err);
    if (!code && e->background) code = lb_box_rows(&e->box, e->background, arena, &e->against, NULL, err);
    if (code) return code;
    if (!e->table->rows) return lb_fail(err, LB_BAD_DATA, "there are no rows to explain");
    if (e->background && !e->background->rows) return lb_fail(err, LB_BAD_DATA, "the background has no rows");
    e->value = lb_arena_try(arena, e->table->rows + 1, (e->box.features + 2) * sizeof(double));
    if (!e->value) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", e->table->rows);
    e->base = e->value + e->table->rows * e->box.features;
    e->margin = e->base + e->table->rows;
    return 0;
}

static int need_background(const explained *e, lb_error *err)
{
    if (e->background) return 0;
    int code = lb_fail(err, LB_USAGE, "this method asks what happens without a feature: rows to stand for it are needed");
    lb_error_where(err, "--background");
    lb_error_hint(err, "give --background, the rows the model was trained on (or a sample of them)");
    return code;
}

static int deep(lb_error *err)
{
    int code = lb_fail(err, LB_BAD_DATA, "a path of a tree holds more than %d different features", LB_SCORE_DEEPEST);
    lb_error_where(err, "model");
    lb_error_hint(err, "use --method kernel with --background");
    return code;
}

/* ---- Shapley values by the structure of the model ---------------------------------------------------------- */

/* Means of the background, or those of the training that the model file holds. */
static int explain_linear(lb_arena *arena, explained *e, lb_error *err)
{
    const lb_model *m = &e->box.model;
    size_t p = m->features;
    double *centre = lb_arena_array(arena, p + 1, sizeof(double));
    for (size_t j = 0; j < p; j++) {
        double sum = 0;
        size_t count = 0;
        for (size_t i = 0; e->background && i < e->background->rows; i++)
            if (!isnan(e->against[i * p + j])) sum += e->against[i * p + j], count++;
        centre[j] = e->background ? sum / (double)count : m->mean[j];
        if (isfinite(centre[j])) continue;
        int code = lb_fail(err, LB_BAD_DATA, "there is no mean of %s to compare with", m->feature[j]);
        lb_error_hint(err, "give --background, the rows the model was trained on");
        return code;
    }
    for (size_t i = 0; i < e->table->rows; i++) {
        e->base[i] = m->intercept;
        for (size_t j = 0; j < p; j++) {
            e->value[i * p + j] = m->beta[j] * (e->x[i * p + j] - centre[j]);
            e->base[i] += m->beta[j] * centre[j];
        }
    }
    return 0;
}

/* Against background rows: columns of row and background, values added up per feature. map NULL: columns are features. */
static int against_rows(const lb_score_forest *f, const double *x, size_t rows, const double *background, size_t others, lb_arena *arena, double *value, double *base, lb_error *err)
{
    size_t size = lb_score_paths_size(f), p = f->features;
    void *memory = size ? lb_arena_try(arena, size, 1) : NULL;
    if (!size) return deep(err);
    if (!memory) return lb_fail(err, LB_TOO_LARGE, "the paths of the trees do not fit in memory");
    lb_score_paths *paths = lb_score_paths_make(f, memory);
    memset(value, 0, rows * p * sizeof *value);
    *base = 0;
    for (size_t b = 0; b < others; b++) *base += lb_score_margin(f, background + b * p) / (double)others;
    for (size_t i = 0; i < rows; i++)
        for (size_t b = 0; b < others; b++) lb_score_shap_against(paths, x + i * p, background + b * p, 1 / (double)others, value + i * p);
    return 0;
}

static int explain_trees(lb_call *call, lb_arena *arena, explained *e, lb_error *err)
{
    double base;
    size_t rows = e->table->rows;
    int code = e->background ? against_rows(&e->box.model.forest, e->x, rows, e->against, e->background->rows, arena, e->value, &base, err)
                             : lb_shap_batch(&e->box.model.forest, e->x, rows, lb_call_threads(call), e->value, &base, err);
    for (size_t i = 0; i < rows && !code; i++) e->base[i] = base;
    return code;
}

/* Rows of a published model as the columns of its program. */
static double *as_columns(const lb_published *m, const double *input, size_t rows, lb_arena *arena)
{
    const lb_score_program *p = &m->model->program[0];
    double *out = lb_arena_try(arena, rows + 1, (p->columns + 1) * sizeof *out);
    for (size_t i = 0; out && i < rows; i++) lb_score_columns(m->model, p, input + i * m->inputs, out + i * p->columns);
    return out;
}

static int explain_published_trees(lb_call *call, lb_arena *arena, explained *e, lb_error *err)
{
    const lb_published *m = &e->box.published;
    const lb_score_program *p = &m->model->program[0];
    size_t rows = e->table->rows;
    double *x = as_columns(m, e->x, rows, arena), *value = lb_arena_try(arena, rows + 1, (p->columns + 1) * sizeof *value), base;
    double *against = e->background ? as_columns(m, e->against, e->background->rows, arena) : NULL;
    if (!x || !value || (e->background && !against)) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", rows);
    int code = against ? against_rows(&p->forest, x, rows, against, e->background->rows, arena, value, &base, err)
                       : lb_shap_batch(&p->forest, x, rows, lb_call_threads(call), value, &base, err);
    double each = p->average ? 1 / (double)p->forest.trees : 1;
    for (size_t i = 0; i < rows && !code; i++) {
        e->base[i] = p->average ? p->forest.base + (base - p->forest.base) * each : base;
        for (size_t j = 0; j < p->columns; j++) e->value[i * m->inputs + p->column[j].input] += each * value[i * p->columns + j];
    }
    return code;
}

static int explain_by_structure(lb_call *call, lb_arena *arena, explained *e, lb_error *err)
{
    if (!e->box.is_published) return e->box.model.linear ? explain_linear(arena, e, err) : explain_trees(call, arena, e, err);
    const lb_published *m = &e->box.published;
    if (m->model->program[0].kind == LB_SCORE_TREES) return explain_published_trees(call, arena, e, err);
    for (size_t i = 0; i < e->table->rows; i++)
        e->base[i] = lb_score_contributions(m->model, e->x + i * m->inputs, m->paths, e->value + i * m->inputs, m->scratch, m->players);
    return 0;
}

static void say_structure(lb_result *result, const explained *e)
{
    bool own = e->box.is_published, trees = own ? e->box.published.model->program[0].kind == LB_SCORE_TREES : !e->box.model.linear;
    bool network = own && e->box.published.model->program[0].kind == LB_SCORE_LAYERS, single = trees && (own ? e->box.published.model->program[0].forest.single : e->box.model.forest.single);
    const char *how = network ? "a feature left out takes its values from the background the model file holds (all coalitions of up to 10 inputs, else random orders)"
                      : !trees ? "beta times the distance from the mean of the background (linear, interventional)"
                      : e->background ? "a feature left out takes its values from the background rows (interventional)"
                      : single ? "a feature left out is averaged by the sums of hessians of the children (path-dependent)"
                               : "a feature left out is averaged by the training counts of the children (path-dependent)";
    if (e->background && !network) lb_result_note(result, "Shapley values on the scale of the margin: %s; %zu background rows. base + sum of values = margin.", how, e->background->rows);
    else lb_result_note(result, "Shapley values on the scale of the margin: %s. base + sum of values = margin.", how);
    if (own && e->box.published.model->program[0].recalibrated) lb_result_note(result, "The margin is before recalibration.");
}

static int may_interact(lb_call *call, const explained *e, lb_error *err)
{
    size_t p = e->box.features, rows = e->table->rows;
    if (!lb_call_flag(call, "interactions")) return 0;
    if (e->box.is_published || e->box.model.linear || e->background || !lb_call_chosen(call, "method", "shap")) {
        int code = lb_fail(err, LB_USAGE, "interaction values are those of boosted trees without a background");
        lb_error_where(err, "--interactions");
        lb_error_hint(err, "give a model file of XGBoost or LightGBM, --method shap, and no --background");
        return code;
    }
    if (p > MOST_PAIRED || rows > MOST_CELLS / (p * p)) {
        int code = lb_fail(err, LB_TOO_LARGE, "interaction values of %zu rows by %zu features are too many to write down", rows, p);
        lb_error_hint(err, "explain fewer rows: at most %d values in all, and %d features", (int)MOST_CELLS, (int)MOST_PAIRED);
        return code;
    }
    return 0;
}

/* Interaction values as XGBoost gives them: what is left of a feature's contribution when its pairs are taken off stands on the diagonal. */
static int interactions(lb_result *result, const explained *e, lb_error *err)
{
    size_t p = e->box.features, rows = e->table->rows;
    lb_arena *arena = lb_arena_new();
    size_t size = lb_score_paths_size(&e->box.model.forest);
    void *memory = size ? lb_arena_try(arena, size, 1) : NULL;
    double *pair = lb_arena_array(arena, p * p, sizeof *pair);
    lb_score_paths *paths = memory ? lb_score_paths_make(&e->box.model.forest, memory) : NULL;
    const lb_value *list = lb_get(result->results, "contributions");
    for (size_t i = 0; i < rows && paths; i++) {
        lb_value *out = lb_set_object(list->item[i], "interactions");
        memset(pair, 0, p * p * sizeof *pair);
        lb_score_interactions(paths, e->x + i * p, pair);
        for (size_t j = 0; j < p; j++) {
            double others = 0;
            lb_value *line = lb_set_object(out, e->box.name[j]);
            for (size_t k = 0; k < p; k++) others += pair[j * p + k];
            for (size_t k = 0; k < p; k++) lb_set_number(line, e->box.name[k], k == j ? e->value[i * p + j] - others : pair[j * p + k]);
        }
    }
    lb_arena_free(arena);
    if (!paths) return size ? lb_fail(err, LB_TOO_LARGE, "the paths of the trees do not fit in memory") : deep(err);
    lb_result_note(result, "interactions{}: a pair's Shapley interaction value is shared by both of its features; the diagonal is the rest of a feature's own value, so each line sums to that value.");
    return 0;
}

/* ---- results ----------------------------------------------------------------------------------------------- */

static void report_values(lb_call *call, lb_result *result, const explained *e, bool score)
{
    size_t p = e->box.features, rows = e->table->rows, top = 0, shown = (size_t)lb_call_int(call, "row") - 1;
    double *importance = lb_arena_array(result->arena, p + 1, sizeof *importance), gap = 0;
    lb_set_text(result->results, "kind", e->box.kind);
    lb_set_int(result->results, "n", (int64_t)rows);
    lb_value *list = lb_value_array(result->arena);
    for (size_t i = 0; i < rows; i++) {
        double sum = e->base[i];
        lb_value *row = lb_push_object(list);
        lb_set_number(row, "base", e->base[i]);
        lb_set_number(row, score ? "score" : "margin", e->margin[i]);
        lb_value *values = lb_set_object(row, "values");
        for (size_t j = 0; j < p; j++) {
            double v = e->value[i * p + j];
            lb_set_number(values, e->box.name[j], v);
            importance[j] += fabs(v) / (double)rows;
            sum += v;
        }
        gap = fmax(gap, fabs(sum - e->margin[i]));
    }
    lb_value *means = lb_set_array(result->results, "importance");
    for (size_t j = 0; j < p; j++) {
        lb_value *row = lb_push_object(means);
        lb_set_text(row, "feature", e->box.name[j]);
        lb_set_number(row, "mean_absolute", importance[j]);
        if (!e->box.is_published && e->box.model.splits) {
            size_t splits = e->box.model.splits[j];
            lb_set_int(row, "splits", (int64_t)splits);
            lb_set_number(row, "gain", splits ? e->box.model.gain[j] / (double)splits : 0);
            lb_set_number(row, "total_gain", e->box.model.gain[j]);
        }
        if (importance[j] > importance[top]) top = j;
    }
    lb_set_number(result->results, "additivity_gap", gap);
    lb_set(result->results, "contributions", list);
    for (size_t j = 0; j < p; j++)
        if (lb_text_equal(lb_call_text(call, "dependence"), e->box.name[j])) top = j;
    size_t drawn = rows < 2000 ? rows : 2000;
    lb_contributions c = {.rows = drawn, .features = p, .name = e->box.name, .value = e->value, .x = e->x, .scale = score ? "score" : e->box.logistic ? "log-odds" : "prediction"};
    lb_beeswarm_picture(result, &c, "");
    lb_importance_picture(result, &c, "");
    if (shown < drawn) {
        c.base = e->base[shown];
        lb_waterfall_picture(result, &c, shown, "");
    }
    lb_dependence_picture(result, &c, top, "");
}

static int explain_shap(lb_call *call, lb_result *result, explained *e, lb_error *err)
{
    bool kernel = lb_call_chosen(call, "method", "kernel"), score = kernel && lb_call_chosen(call, "scale", "score");
    size_t p = e->box.features;
    int code = may_interact(call, e, err);
    if (!code) code = kernel ? need_background(e, err) : explain_by_structure(call, result->arena, e, err);
    for (size_t i = 0; i < e->table->rows && !code; i++) {
        if (kernel) e->base[i] = lb_box_shapley(&e->box, e->x + i * p, e->against, e->background->rows, score, (size_t)lb_call_int(call, "orders"), (uint64_t)lb_call_int(call, "seed"), e->value + i * p);
        e->margin[i] = score ? lb_box_score(&e->box, e->x + i * p) : lb_box_margin(&e->box, e->x + i * p);
        if (lb_progress_cancelled(lb_call_progress(call))) return lb_fail(err, LB_CANCELLED, "cancelled");
    }
    if (code) return code;
    report_values(call, result, e, score);
    if (lb_call_flag(call, "interactions") && (code = interactions(result, e, err))) return code;
    if (!kernel) say_structure(result, e);
    else lb_result_note(result, "Shapley values of the %s by asking the model: %s; %zu background rows. base + sum of values = %s.", score ? "score" : "margin",
                        p <= 12 ? "all coalitions" : "random orders of the features and their reverses", e->background->rows, score ? "score" : "margin");
    return 0;
}

/* ---- LIME -------------------------------------------------------------------------------------------------- */

static int given_samples(lb_call *call, const explained *e, lb_arena *arena, double **x, double **y, size_t *n, bool *interpretable, lb_error *err)
{
    lb_table *table;
    lb_column *column;
    size_t p = e->box.features;
    int code = lb_call_table(call, "perturbations", &table, err);
    if (code) return code;
    *n = table->rows;
    *x = lb_arena_try(arena, table->rows + 1, (p + 1) * sizeof(double));
    *y = lb_arena_try(arena, table->rows + 1, sizeof(double));
    bool answered = lb_table_find(table, "y") != NULL, binary = true;
    if (!*x || !*y || *n < 3) return lb_fail(err, LB_BAD_DATA, "%zu samples: at least 3 are needed", *n);
    for (size_t j = 0; j < p; j++) {
        code = lb_table_number(table, e->box.name[j], &column, err);
        if (code) return code;
        for (size_t i = 0; i < *n; i++) {
            double v = (*x)[i * p + j] = column->number[i];
            binary = binary && (v == 0 || v == 1);
        }
    }
    if (answered && (code = lb_table_number(table, "y", &column, err))) return code;
    for (size_t i = 0; i < *n; i++) (*y)[i] = answered ? column->number[i] : lb_box_score(&e->box, *x + i * p);
    *interpretable = answered && binary;
    return 0;
}

/* Mean and SD of each weight over samples drawn anew, and how often the five largest are the same. */
static int stability(lb_call *call, lb_result *result, const explained *e, const double *row, lb_lime_options o, const lb_lime *first, lb_error *err)
{
    size_t p = e->box.features, repeats = (size_t)lb_call_int(call, "repeats"), five = p < 5 ? p : 5;
    double *mean = lb_arena_array(result->arena, 2 * p + 1, sizeof *mean), *square = mean + p, same = 0;
    for (size_t r = 0; r < repeats; r++) {
        lb_arena *arena = lb_arena_new();
        lb_lime again;
        o.seed++;
        double *x = lb_lime_samples(row, e->against, e->background->rows, p, &o, arena), *y = lb_arena_array(arena, o.samples + 1, sizeof *y);
        for (size_t i = 0; i < o.samples; i++) y[i] = lb_box_score(&e->box, x + i * p);
        int code = lb_lime_fit(x, y, o.samples, p, e->against, e->background->rows, false, &o, arena, &again, err);
        size_t shared = 0;
        for (size_t j = 0; j < p && !code; j++) {
            size_t above = 0, above_first = 0;
            mean[j] += again.weight[j] / (double)repeats, square[j] += again.weight[j] * again.weight[j] / (double)repeats;
            for (size_t k = 0; k < p; k++) above += fabs(again.weight[k]) > fabs(again.weight[j]), above_first += fabs(first->weight[k]) > fabs(first->weight[j]);
            shared += above < five && above_first < five;
        }
        same += (double)shared / (double)five / (double)repeats;
        lb_arena_free(arena);
        if (code) return code;
    }
    lb_value *out = lb_set_object(result->results, "stability"), *rows = lb_set_array(out, "features");
    lb_set_int(out, "repeats", (int64_t)repeats);
    lb_set_number(out, "same_top_five", same);
    for (size_t j = 0; j < p; j++) {
        lb_value *line = lb_push_object(rows);
        lb_set_text(line, "feature", e->box.name[j]);
        lb_set_number(line, "mean", mean[j]);
        lb_set_number(line, "sd", sqrt(fmax(0, square[j] - mean[j] * mean[j])));
    }
    return 0;
}

/* What the background gives LIME: quartiles with the share of people in each part, or mean and SD. */
static void report_scales(const explained *e, const lb_lime_options *o, lb_value *out, lb_arena *arena)
{
    lb_value *list = lb_set_array(out, "scales");
    for (size_t j = 0; j < e->box.features; j++) {
        lb_value *row = lb_push_object(list);
        lb_lime_scale scale = lb_lime_scale_of(e->against, e->background->rows, e->box.features, j, arena);
        lb_set_text(row, "feature", e->box.name[j]);
        if (o->discretize) {
            lb_set_numbers(row, "quartiles", scale.cut, scale.cuts);
            lb_set_numbers(row, "shares", scale.share, scale.cuts + 1);
        } else {
            lb_set_number(row, "mean", scale.mean);
            lb_set_number(row, "sd", scale.sd);
        }
    }
}

static int explain_lime(lb_call *call, lb_result *result, explained *e, lb_error *err)
{
    size_t p = e->box.features, at = (size_t)lb_call_int(call, "row") - 1, n;
    bool given = lb_call_given(call, "perturbations"), interpretable = false;
    lb_lime_options o = {.discretize = lb_call_chosen(call, "discretize", "quartile"), .width = lb_call_number(call, "kernel_width"), .ridge = lb_call_number(call, "ridge"),
                         .samples = (size_t)lb_call_int(call, "num_samples"), .most = lb_call_given(call, "num_features") ? (size_t)lb_call_int(call, "num_features") : 0,
                         .seed = (uint64_t)lb_call_int(call, "seed")};
    double *x, *y;
    if (at >= e->table->rows) return lb_fail(err, LB_USAGE, "--row is %zu, but there are %zu rows", at + 1, e->table->rows);
    if (!isnan(o.width) && !(o.width > 0)) return lb_fail(err, LB_USAGE, "--kernel_width must be above 0");
    int code = given ? given_samples(call, e, result->arena, &x, &y, &n, &interpretable, err) : 0;
    if (!code && !interpretable) code = need_background(e, err);
    if (code) return code;
    if (!given) {
        n = o.samples;
        x = lb_lime_samples(e->x + at * p, e->against, e->background->rows, p, &o, result->arena);
        y = lb_arena_try(result->arena, n + 1, sizeof *y);
        if (!x || !y) return lb_fail(err, LB_TOO_LARGE, "%zu samples do not fit in memory", n);
        for (size_t i = 0; i < n; i++) y[i] = lb_box_score(&e->box, x + i * p);
    }
    lb_lime lime;
    code = lb_lime_fit(x, y, n, p, e->against, e->background ? e->background->rows : 0, interpretable, &o, result->arena, &lime, err);
    if (code) return code;
    lb_value *out = result->results, *weights = lb_set_object(out, "weights");
    for (size_t j = 0; j < p; j++)
        if (lime.weight[j] != 0) lb_set_number(weights, e->box.name[j], lime.weight[j]);
    lb_set_number(out, "intercept", lime.intercept);
    lb_set_number(out, "r2", lime.r2);
    lb_set_number(out, "local_prediction", lime.local);
    lb_set_number(out, "prediction", y[0]);
    lb_set_int(out, "samples", (int64_t)n);
    lb_set_number(out, "kernel_width", isnan(o.width) ? 0.75 * sqrt((double)p) : o.width);
    lb_set_number(out, "ridge", o.ridge);
    if (e->background) report_scales(e, &o, out, result->arena);
    lb_set_numbers(out, "distances", lime.distance, n < 1000 ? n : 1000);
    lb_set_numbers(out, "kernel", lime.kernel, n < 1000 ? n : 1000);
    double *size = lb_arena_array(result->arena, p + 1, sizeof *size);
    for (size_t j = 0; j < p; j++) size[j] = fabs(lime.weight[j]);
    lb_bars_picture(result, "lime", "LIME: weights around one row", "|weight| in the local regression", e->box.name, size, p);
    if (!given) code = stability(call, result, e, e->x + at * p, o, &lime, err);
    if (!code && lime.r2 < 0.5) lb_result_warn(result, "the local regression explains %.0f %% of the model around this row: do not lean on its weights", 100 * fmax(0, lime.r2));
    lb_result_note(result, "LIME around row %zu: %zu samples, kernel sqrt(exp(-d²/w²)), w = %g, ridge %g, on %s.", at + 1, n, isnan(o.width) ? 0.75 * sqrt((double)p) : o.width, o.ridge,
                   interpretable ? "the given 0 and 1" : o.discretize ? "whether a feature stays in the row's quartile of the background" : "standardised values");
    return code;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    explained e = {0};
    int code = read_inputs(call, result, &e, err);
    if (code) return code;
    return lb_call_chosen(call, "method", "lime") ? explain_lime(call, result, &e, err) : explain_shap(call, result, &e, err);
}

const lb_op lb_op_predict_explain = {
    .area = "predict", .verb = "explain",
    .summary = "contribution of each feature to each row's prediction (Shapley values, LIME)",
    .description =
        "Exact Shapley values of trees (Lundberg et al. 2020) and of regressions. Without --background the trees' own training "
        "weights stand for a feature left out (path-dependent, as XGBoost and LightGBM report); with --background its rows do "
        "(interventional). They add up to the margin; additivity_gap is the largest rounding left. --method kernel asks the model only, "
        "for any model and for the score, too. --method lime fits a regression around one row (Ribeiro et al. 2016) and repeats it to show how "
        "stable its weights are.\n\nA contribution says what the model does, not what would happen if the feature were changed.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict explain reference/predict/small.xgboost.json reference/predict/scores.csv"};
