/* Fitting the whole pipeline: folds inside the rows given choose parameters, recalibration and threshold, each fold with columns prepared
 * without it; then everything is fitted on all rows given. */
#include "predict/pipeline.h"
#include "predict/measures.h"
#include "predict/score/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STREAMS_PER_FOLD = 4096 };

typedef struct tuning {
    const lb_pipeline *pipeline;
    const lb_cohort *cohort;
    lb_fit_ledger *ledger;
    const char *scope;
    size_t only;
    uint64_t seed, stream;
    const size_t *row; /* given: those without known outcome, too, who count for the weights */
    size_t n, *known;  /* of each row: its place among those with known outcome, or SIZE_MAX */
    lb_view all;       /* those with known outcome */
    const lb_score_model *frame;
    double **held;    /* per contender and grid point: margin as risk of each row, predicted when it was held out */
    size_t most_grid;
} tuning;

static bool skipped(const tuning *t, size_t k) { return t->only != SIZE_MAX && t->only != k; }

static lb_score_model frame_of(const lb_cohort *cohort)
{
    int32_t batch = lb_cohort_batch(cohort);
    return (lb_score_model){.inputs = lb_cohort_inputs(cohort), .batch_input = batch, .batches = batch >= 0 ? lb_cohort_input(cohort, (size_t)batch)->levels : 0};
}

static int learn(const tuning *t, const lb_view *view, const double *x, size_t p, size_t k, size_t g, uint64_t stream, lb_arena *arena, lb_fitted *out,
                 lb_error *err)
{
    const lb_contender *c = &t->pipeline->contender[k];
    lb_sample sample = {.n = view->n, .p = p, .x = x, .y = view->event, .weight = view->weight, .group = view->group, .seed = t->seed, .stream = stream};
    *out = (lb_fitted){0};
    int code = c->learner->fit(&sample, c->grid[g], arena, out, err);
    if (code && err && !err->where[0]) lb_error_where(err, "%s", c->label);
    return code;
}

static void predict(const lb_score_program *program, const double *x, size_t n, double *risk, lb_arena *arena)
{
    size_t p = program->columns;
    double *row = lb_arena_array(arena, p + 2 * LB_SCORE_MOST_WIDTH + 1, sizeof *row);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < p; j++) row[j] = x[j * n + i];
        risk[i] = lb_score_of_margin(program, lb_score_columns_margin(program, row, row + p));
    }
}

static int both_kinds(const lb_view *view, const char *scope, lb_error *err)
{
    if (view->events >= 2 && view->n - view->events >= 2) return 0;
    int code = lb_fail(err, LB_BAD_DATA, "%s: %zu of %zu people have the event: two of either kind are the least to learn from", scope, view->events, view->n);
    lb_error_hint(err, "choose an outcome with events and non-events, fewer folds, or more people");
    return code;
}

/* Fold f: prepared and learned without it, judged on it. */
static int one_fold(tuning *t, const size_t *fold, size_t f, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    char scope[160];
    snprintf(scope, sizeof scope, "%s/inner %zu", t->scope, f + 1);
    size_t *in = lb_arena_array(arena, 3 * t->n + 1, sizeof *in), *out = in + t->n, *place = out + t->n, ins = 0, outs = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (fold[i] != f) in[ins++] = t->row[i];
        else if (t->known[i] != SIZE_MAX) place[outs] = t->known[i], out[outs++] = t->row[i];
    }
    lb_prepared prepared;
    uint64_t stream = t->stream + (f + 1) * STREAMS_PER_FOLD;
    lb_view view = lb_view_open(t->cohort, t->ledger, scope, "outcome of the training part", in, ins, arena);
    int code = both_kinds(&view, scope, err);
    if (!code) code = lb_prepare(t->pipeline, &view, t->ledger, scope, t->seed, stream, arena, &prepared, err);
    if (!code) {
        const double *x = lb_prepared_columns(&prepared, t->frame, t->cohort, view.row, view.n, arena);
        const double *held = lb_prepared_columns(&prepared, t->frame, t->cohort, out, outs, arena);
        double *risk = lb_arena_array(arena, outs + 1, sizeof *risk);
        for (size_t k = 0; k < t->pipeline->contenders && !code; k++) {
            for (size_t g = 0; !skipped(t, k) && g < t->pipeline->contender[k].grids && !code; g++) {
                lb_fitted fitted;
                code = learn(t, &view, x, prepared.count, k, g, stream + 16 * (k + 1), arena, &fitted, err);
                if (code) break;
                predict(&fitted.program, held, outs, risk, arena);
                for (size_t i = 0; i < outs; i++) t->held[k * t->most_grid + g][place[i]] = risk[i];
            }
        }
        if (!code) lb_fit_ledger_judge(t->ledger, scope, "parameters, recalibration, threshold", out, outs, false);
    }
    lb_arena_free(arena);
    return code;
}

/* Best grid point by log loss of the held-out; recalibration and threshold from the same predictions. */
static void decide(tuning *t, size_t k, lb_trained *out, lb_arena *arena)
{
    const lb_pipeline *p = t->pipeline;
    double best = INFINITY;
    for (size_t g = 0; g < p->contender[k].grids; g++) {
        double loss = lb_log_loss(t->all.event, t->held[k * t->most_grid + g], t->all.weight, t->all.n);
        if (loss < best) best = loss, out->chosen[k] = g;
    }
    double *risk = t->held[k * t->most_grid + out->chosen[k]], a, b;
    lb_score_program *program = &out->program[k];
    out->tuning_loss[k] = best;
    program->a = 0, program->b = 1;
    if (p->recalibrate && lb_recalibrate(t->all.event, risk, t->all.weight, t->all.n, &a, &b, arena) && b > 0) {
        program->recalibrated = true;
        program->a = a, program->b = b;
        for (size_t i = 0; i < t->all.n; i++) {
            double q = fmin(1 - 1e-6, fmax(1e-6, risk[i]));
            risk[i] = lb_score_logistic(a + b * lb_score_log(q / (1 - q)));
        }
    }
    out->threshold[k] = isnan(p->threshold) ? lb_youden(t->all.event, risk, t->all.weight, t->all.n) : p->threshold;
}

static int tune(tuning *t, lb_trained *out, lb_arena *arena, lb_error *err)
{
    size_t n = t->all.n, folds, *fold = lb_arena_array(arena, t->n + 1, sizeof *fold), seen = 0;
    double *event = lb_arena_array(arena, t->n + 1, sizeof *event);
    int32_t *group = lb_arena_array(arena, t->n + 1, sizeof *group);
    lb_random random;
    t->known = lb_arena_array(arena, t->n + 1, sizeof *t->known);
    for (size_t i = 0; i < t->n; i++) {
        bool here = seen < n && t->all.row[seen] == t->row[i]; /* a view keeps the order */
        group[i] = lb_cohort_group(t->cohort)[t->row[i]];
        event[i] = here ? t->all.event[seen] : 0;
        t->known[i] = here ? seen++ : SIZE_MAX;
    }
    lb_random_init(&random, t->seed, t->stream);
    folds = lb_deal_folds(event, group, t->n, t->pipeline->inner_folds, &random, fold, arena);
    for (size_t k = 0; k < t->pipeline->contenders; k++) t->most_grid = t->pipeline->contender[k].grids > t->most_grid ? t->pipeline->contender[k].grids : t->most_grid;
    t->held = lb_arena_array(arena, t->pipeline->contenders * t->most_grid + 1, sizeof *t->held);
    for (size_t k = 0; k < t->pipeline->contenders; k++)
        for (size_t g = 0; !skipped(t, k) && g < t->pipeline->contender[k].grids; g++) {
            double *held = t->held[k * t->most_grid + g] = lb_arena_array(arena, n + 1, sizeof *held);
            for (size_t i = 0; i < n; i++) held[i] = 0.5;
        }
    int code = 0;
    for (size_t f = 0; f < folds && !code; f++) code = one_fold(t, fold, f, err);
    for (size_t k = 0; k < t->pipeline->contenders && !code; k++)
        if (!skipped(t, k)) decide(t, k, out, arena);
    return code;
}

/* Everything on all rows given, with what was decided. */
static int fit_final(tuning *t, lb_trained *out, lb_arena *arena, lb_error *err)
{
    lb_arena *scratch = lb_arena_new();
    int code = lb_prepare(t->pipeline, &t->all, t->ledger, t->scope, t->seed, t->stream, arena, &out->prepared, err);
    const double *x = code ? NULL : lb_prepared_columns(&out->prepared, t->frame, t->cohort, t->all.row, t->all.n, scratch);
    for (size_t k = 0; k < t->pipeline->contenders && !code; k++) {
        if (skipped(t, k)) continue;
        lb_fitted fitted;
        code = learn(t, &t->all, x, out->prepared.count, k, out->chosen[k], t->stream + 16 * (k + 1), arena, &fitted, err);
        if (code) break;
        lb_score_program decided = out->program[k];
        out->program[k] = fitted.program;
        out->program[k].column = out->prepared.column;
        out->program[k].recalibrated = decided.recalibrated;
        out->program[k].a = decided.a, out->program[k].b = decided.b;
        out->separated[k] = fitted.separated;
        out->xgboost[k] = fitted.xgboost;
    }
    if (!code) lb_fit_ledger_fit(t->ledger, t->scope, "models", t->all.row, t->all.n, true);
    lb_arena_free(scratch);
    return code;
}

int lb_pipeline_fit(const lb_pipeline *pipeline, const lb_cohort *cohort, lb_fit_ledger *ledger, const char *scope, const size_t *row, size_t n,
                    size_t only, uint64_t seed, uint64_t stream, lb_arena *arena, lb_trained *out, lb_error *err)
{
    size_t k = pipeline->contenders;
    *out = (lb_trained){.frame = frame_of(cohort), .program = lb_arena_array(arena, k, sizeof *out->program), .threshold = lb_arena_array(arena, 2 * k, sizeof(double)),
                        .chosen = lb_arena_array(arena, k, sizeof(size_t)), .separated = lb_arena_array(arena, k, sizeof(bool)),
                        .xgboost = lb_arena_array(arena, k, sizeof(char *))};
    out->tuning_loss = out->threshold + k;
    tuning t = {.pipeline = pipeline, .cohort = cohort, .ledger = ledger, .scope = scope, .only = only, .seed = seed, .stream = stream, .row = row, .n = n,
                .frame = &out->frame};
    lb_arena *scratch = lb_arena_new();
    /* opened without a line in the ledger yet: the folds inside come first, and each writes its own */
    lb_fit_ledger *aside = lb_fit_ledger_new(lb_cohort_rows(cohort), lb_cohort_group(cohort), scratch);
    t.all = lb_view_open(cohort, aside, scope, "outcome of the training part", row, n, scratch);
    int code = both_kinds(&t.all, scope, err);
    if (!code) code = tune(&t, out, scratch, err);
    if (!code) {
        lb_fit_ledger_append(ledger, aside);
        code = fit_final(&t, out, arena, err);
    }
    lb_arena_free(scratch);
    return code;
}

void lb_trained_risks(const lb_trained *trained, size_t k, const lb_cohort *cohort, const size_t *row, size_t n, double *risk)
{
    lb_arena *arena = lb_arena_new();
    const double *x = lb_prepared_columns(&trained->prepared, &trained->frame, cohort, row, n, arena);
    predict(&trained->program[k], x, n, risk, arena);
    lb_arena_free(arena);
}
