/* Operation `predict bootstrap`: optimism of a logistic regression by the bootstrap: Harrell, .632, .632+. */
#include "predict/training.h"
#include "predict/validate.h"

#include <lumbar/stats.h>

#include <math.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the yes/no outcome"},
    {.name = "features", .type = LB_P_COLUMNS, .flags = LB_REQUIRED, .summary = "columns of the predictors"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of the outcome that is the event; 1, or the later of two values"},
    {.name = "replicates", .type = LB_P_INT, .preset = "100", .min = 2, .max = 100000, .summary = "bootstrap samples"},
    {.name = "resamples", .type = LB_P_TABLE, .summary = "samples given: a column per replicate, row numbers from 1 among the complete rows"},
    {.name = "firth", .type = LB_P_FLAG, .summary = "Firth's penalty in every fit"},
    {.name = "seed", .type = LB_P_INT, .preset = "1", .min = 0, .max = 9007199254740991.0, .summary = "seed of the samples"},
};

typedef struct work {
    const lb_training *t;
    const double *const *given; /* columns of row numbers, or NULL */
    bool firth;
    uint64_t seed;
    lb_bootstrap_row *row;
} work;

/* Coefficients of the rows listed; false: no estimate. */
static bool fit(const work *w, const size_t *row, size_t n, lb_arena *arena, double *beta)
{
    size_t p = w->t->p + 1;
    double *x = lb_arena_array(arena, n * p + n, sizeof *x), *y = x + n * p;
    lb_logistic model;
    lb_error err = LB_ERROR_INIT;
    for (size_t i = 0; i < n; i++) {
        x[i] = 1;
        y[i] = w->t->y[row[i]];
        for (size_t j = 1; j < p; j++) x[j * n + i] = w->t->x[(j - 1) * w->t->n + row[i]];
    }
    int code = w->firth ? lb_firth_fit(x, y, NULL, n, p, arena, &model, &err) : lb_logistic_fit(x, y, NULL, n, p, arena, &model, &err);
    if (code || !model.converged) return false;
    for (size_t j = 0; j < p; j++) beta[j] = model.aliased[j] ? 0 : model.coefficient[j];
    return true;
}

static lb_measures judge(const work *w, const double *beta, const size_t *row, size_t n, lb_arena *arena)
{
    double *risk = lb_arena_array(arena, 2 * n + 1, sizeof *risk), *event = risk + n;
    for (size_t i = 0; i < n; i++) {
        double eta = beta[0];
        for (size_t j = 0; j < w->t->p; j++) eta += beta[j + 1] * w->t->x[j * w->t->n + row[i]];
        risk[i] = 1 / (1 + exp(-eta));
        event[i] = w->t->y[row[i]];
    }
    return lb_measure(event, risk, NULL, n, arena);
}

static void one(void *context, size_t b)
{
    work *w = context;
    lb_arena *arena = lb_arena_new();
    size_t n = w->t->n, *in = lb_arena_array(arena, 3 * n + 1, sizeof *in), *all = in + n, *out = all + n, outs = 0;
    bool *drawn = lb_arena_array(arena, n + 1, sizeof *drawn);
    double *beta = lb_arena_array(arena, w->t->p + 1, sizeof *beta);
    lb_random random;
    lb_random_init(&random, w->seed, b);
    for (size_t i = 0; i < n; i++) {
        in[i] = w->given ? (size_t)w->given[b][i] - 1 : lb_random_below(&random, (uint32_t)n);
        drawn[in[i]] = true;
        all[i] = i;
    }
    for (size_t i = 0; i < n; i++)
        if (!drawn[i]) out[outs++] = i;
    if (fit(w, in, n, arena, beta))
        w->row[b] = (lb_bootstrap_row){true, judge(w, beta, in, n, arena), judge(w, beta, all, n, arena), judge(w, beta, out, outs, arena)};
    lb_arena_free(arena);
}

static int read_given(lb_call *call, const lb_training *t, lb_arena *arena, const double ***out, size_t *count, lb_error *err)
{
    lb_table *table;
    int code = lb_call_table(call, "resamples", &table, err);
    *out = NULL;
    if (code || !table) return code;
    if (table->rows != t->n) return lb_fail(err, LB_BAD_DATA, "the samples have %zu rows, but %zu rows are complete", table->rows, t->n);
    *out = lb_arena_array(arena, table->columns, sizeof **out);
    *count = table->columns;
    for (size_t c = 0; c < table->columns; c++) {
        lb_column *column;
        code = lb_table_number(table, table->column[c].name, &column, err);
        if (code) return code;
        for (size_t i = 0; i < table->rows; i++)
            if (!(column->number[i] >= 1 && column->number[i] <= (double)t->n) || column->number[i] != floor(column->number[i])) {
                code = lb_fail(err, LB_BAD_DATA, "%g in row %zu is no row number from 1 to %zu", column->number[i], i + 1, t->n);
                lb_error_where(err, "column %s of the samples", column->name);
                return code;
            }
        (*out)[c] = column->number;
    }
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_training t;
    const double **given;
    size_t count = (size_t)lb_call_int(call, "replicates"), *all, failed = 0;
    int code = lb_training_read(call, result, false, false, &t, err);
    if (!code) code = read_given(call, &t, result->arena, &given, &count, err);
    if (code) return code;
    work w = {&t, given, lb_call_flag(call, "firth"), (uint64_t)lb_call_int(call, "seed"), lb_arena_array(result->arena, count, sizeof(lb_bootstrap_row))};
    double *beta = lb_arena_array(result->arena, t.p + 1, sizeof *beta);
    all = lb_arena_array(result->arena, t.n + 1, sizeof *all);
    for (size_t i = 0; i < t.n; i++) all[i] = i;
    if (!fit(&w, all, t.n, result->arena, beta)) {
        code = lb_fail(err, LB_BAD_DATA, "the regression on all rows has no estimate: the events are separated");
        lb_error_hint(err, "use --firth, or fewer features");
        return code;
    }
    lb_measures apparent = judge(&w, beta, all, t.n, result->arena);
    lb_parallel_for(count, lb_call_threads(call), one, &w);
    lb_bootstrap_summary(w.row, count, 1, &apparent, result->results);
    lb_value *samples = lb_set_array(result->results, "samples");
    for (size_t b = 0; b < count; b++) {
        const lb_bootstrap_row *row = &w.row[b];
        lb_value *out = lb_push_object(samples);
        failed += !row->done;
        lb_set_number(out, "sample_auc", row->done ? row->apparent.auc : NAN);
        lb_set_number(out, "auc", row->done ? row->original.auc : NAN);
        lb_set_number(out, "sample_slope", row->done ? row->apparent.slope : NAN);
        lb_set_number(out, "slope", row->done ? row->original.slope : NAN);
        lb_set_number(out, "held_out_auc", row->done ? row->held.auc : NAN);
    }
    if (failed) lb_result_warn(result, "%zu of %zu samples had no estimate and were left out", failed, count);
    lb_result_note(result, "Optimism: mean over samples of the figure on the sample less that on all rows. .632+ with 0.5 as the AUC of no information; people not drawn averaged per sample.");
    return 0;
}

const lb_op lb_op_predict_bootstrap = {
    .area = "predict", .verb = "bootstrap",
    .summary = "optimism of a logistic regression by the bootstrap: Harrell, .632, .632+",
    .description = "Refits the model in each sample, judges it on the sample, on all rows and on the rows not drawn (Harrell et al. 1996; Efron & Tibshirani 1997): AUC, Brier, calibration "
                   "slope and calibration in the large, apparent and corrected. When columns were chosen by looking at the outcome, that has to be inside the bootstrap: predict train.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict bootstrap reference/predict/scores.csv --outcome relapse --features age,fat_fraction"};
