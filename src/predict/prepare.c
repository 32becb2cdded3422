/* The steps before a model: reliable, complete and varying columns; harmonised, filled, standardised; not redundant; selected. Each is
 * fitted on the view's rows alone. */
#include "stats/icc.h"
#include "predict/lasso_cv.h"
#include "predict/pipeline.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

enum { SELECT_POINTS = 50 };
#define SELECT_RATIO 0.03 /* smallest penalty as a share of the largest */

typedef struct work {
    const lb_pipeline *pipeline;
    const lb_view *view;
    lb_fit_ledger *ledger;
    const char *scope;
    uint64_t seed, stream;
    lb_arena *arena, *scratch;
    lb_prepared *out;
    size_t count;
    double **value; /* per column: n values, as far as they have been prepared */
} work;

static void log_step(const work *w, const char *step, bool outcome) { lb_fit_ledger_fit(w->ledger, w->scope, step, w->view->row, w->view->n, outcome); }
static const lb_input *input_of(const work *w, size_t j) { return lb_cohort_input(w->view->cohort, w->out->column[j].input); }

/* Candidates: numbers, and one column for each level of a category but the first. */
static int offer(work *w, lb_error *err)
{
    size_t inputs = lb_cohort_inputs(w->view->cohort), most = 0;
    for (size_t i = 0; i < inputs; i++) {
        const lb_input *in = lb_cohort_input(w->view->cohort, i);
        most += in->category ? in->levels : 1;
    }
    w->out->column = lb_arena_array(w->arena, most + 1, sizeof *w->out->column);
    w->out->name = lb_arena_array(w->arena, most + 1, sizeof *w->out->name);
    w->value = lb_arena_array(w->scratch, most + 1, sizeof *w->value);
    for (size_t i = 0; i < inputs; i++) {
        const lb_input *in = lb_cohort_input(w->view->cohort, i);
        if (!in->category) {
            w->out->name[w->count] = in->name;
            w->out->column[w->count++] = (lb_score_column){.input = i, .level = -1, .fill = NAN, .scale = 1};
        }
        for (size_t l = 1; in->category && l < in->levels; l++) {
            w->out->name[w->count] = lb_arena_printf(w->arena, "%s=%s", in->name, in->level[l]);
            w->out->column[w->count++] = (lb_score_column){.input = i, .level = (int32_t)l, .fill = NAN, .scale = 1};
        }
    }
    for (size_t j = 0; j < w->count; j++) {
        const lb_score_column *c = &w->out->column[j];
        w->value[j] = lb_arena_try(w->scratch, w->view->n + 1, sizeof(double));
        if (!w->value[j]) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu columns do not fit in memory", w->view->n, w->count);
        for (size_t k = 0; k < w->view->n; k++) {
            double v = lb_cohort_row(w->view->cohort, w->view->row[k])[c->input];
            w->value[j][k] = c->level < 0 || isnan(v) ? v : v == c->level;
        }
    }
    w->out->offered = w->count;
    return 0;
}

/* Keep the columns that are marked. Returns how many went. */
static size_t retain(work *w, const bool *keep)
{
    size_t kept = 0;
    for (size_t j = 0; j < w->count; j++) {
        if (!keep[j]) continue;
        w->out->column[kept] = w->out->column[j];
        w->out->name[kept] = w->out->name[j];
        w->value[kept++] = w->value[j];
    }
    size_t gone = w->count - kept;
    w->count = kept;
    return gone;
}

/* The names of the columns that are not marked. */
static const char **unmarked(const work *w, const bool *keep)
{
    const char **out = lb_arena_array(w->arena, w->count + 1, sizeof *out);
    size_t n = 0;
    for (size_t j = 0; j < w->count; j++)
        if (!keep[j]) out[n++] = w->out->name[j];
    return out;
}

static bool *marks(const work *w) { return lb_arena_array(w->scratch, w->count + 1, sizeof(bool)); }

/* Two readings of the same people: agreement of single readings, absolute (ICC(2,1), Shrout & Fleiss 1979). */
static void drop_unreliable(work *w)
{
    bool *keep = marks(w), any = false;
    double *pair = lb_arena_array(w->scratch, 2 * w->view->n + 2, sizeof *pair);
    bool *seen = lb_arena_array(w->scratch, lb_cohort_rows(w->view->cohort) + 1, sizeof *seen);
    for (size_t j = 0; j < w->count; j++) {
        const lb_input *in = input_of(w, j);
        keep[j] = true;
        if (!in->repeat) continue;
        any = true;
        size_t n = 0;
        memset(seen, 0, lb_cohort_rows(w->view->cohort) * sizeof *seen);
        for (size_t k = 0; k < w->view->n; k++) {
            size_t row = w->view->row[k];
            if (seen[row] || isnan(in->value[row]) || isnan(in->repeat[row])) continue;
            seen[row] = true;
            pair[2 * n] = in->value[row], pair[2 * n + 1] = in->repeat[row];
            n++;
        }
        keep[j] = n >= 5 && lb_icc_single_absolute(pair, n, 2) >= w->pipeline->reliability;
    }
    if (!any) return;
    log_step(w, "reliability (ICC)", false);
    w->out->unreliable = retain(w, keep);
}

static void drop_empty(work *w)
{
    bool *keep = marks(w), *fine = marks(w);
    size_t incomplete = 0;
    for (size_t j = 0; j < w->count; j++) {
        size_t missing = 0;
        double low = INFINITY, high = -INFINITY;
        for (size_t k = 0; k < w->view->n; k++) {
            double v = w->value[j][k];
            missing += isnan(v);
            if (!isnan(v)) low = fmin(low, v), high = fmax(high, v);
        }
        keep[j] = (double)missing <= w->pipeline->missing_most * (double)w->view->n && missing < w->view->n;
        incomplete += !keep[j];
        fine[j] = !keep[j] || high - low > 1e-12 * fmax(fabs(low), fabs(high));
        keep[j] = keep[j] && fine[j];
    }
    log_step(w, "complete and varying columns", false);
    w->out->constant_name = unmarked(w, fine);
    size_t gone = retain(w, keep);
    w->out->incomplete = incomplete;
    w->out->constant = gone - incomplete;
}

static void harmonise(work *w)
{
    int32_t by = lb_cohort_batch(w->view->cohort);
    if (by < 0) return;
    size_t batches = lb_cohort_input(w->view->cohort, (size_t)by)->levels, n = w->view->n, columns = 0;
    size_t *which = lb_arena_array(w->scratch, w->count + 1, sizeof *which);
    const double **value = lb_arena_array(w->scratch, w->count + 1, sizeof *value);
    double **move = lb_arena_array(w->scratch, w->count + 1, sizeof *move);
    int32_t *batch = lb_arena_array(w->scratch, n + 1, sizeof *batch);
    for (size_t k = 0; k < n; k++) {
        double b = lb_cohort_row(w->view->cohort, w->view->row[k])[by];
        batch[k] = isnan(b) ? -1 : (int32_t)b;
    }
    for (size_t j = 0; j < w->count; j++) {
        if (!input_of(w, j)->harmonise || w->out->column[j].level >= 0) continue;
        which[columns] = j;
        move[columns] = lb_arena_array(w->arena, 2 * batches, sizeof(double));
        value[columns++] = w->value[j];
    }
    if (!columns || !lb_combat(value, columns, batch, n, batches, w->scratch, move)) return;
    log_step(w, "harmonisation (ComBat)", false);
    for (size_t c = 0; c < columns; c++) {
        w->out->column[which[c]].batch = move[c];
        for (size_t k = 0; k < n; k++)
            if (batch[k] >= 0) w->value[which[c]][k] = w->value[which[c]][k] * move[c][2 * batch[k]] + move[c][2 * batch[k] + 1];
    }
}

/* Of an input's levels the one most rows have; the first wins ties. */
static int32_t most_frequent(const work *w, size_t input)
{
    size_t levels = lb_cohort_input(w->view->cohort, input)->levels, *held = lb_arena_array(w->scratch, levels + 1, sizeof *held), best = 0;
    for (size_t k = 0; k < w->view->n; k++) {
        double v = lb_cohort_row(w->view->cohort, w->view->row[k])[input];
        if (!isnan(v)) held[(size_t)v]++;
    }
    for (size_t l = 1; l < levels; l++)
        if (held[l] > held[best]) best = l;
    return (int32_t)best;
}

/* Median of a number; for a category its most frequent level. Then mean 0 and SD (1/n) 1. */
static int fill_and_scale(work *w, lb_error *err)
{
    size_t n = w->view->n;
    double *known = lb_arena_array(w->scratch, n + 1, sizeof *known);
    uint32_t *order = lb_arena_array(w->scratch, n + 1, sizeof *order);
    for (size_t j = 0; j < w->count; j++) {
        lb_score_column *c = &w->out->column[j];
        double *v = w->value[j], sum = 0, square = 0;
        size_t m = 0;
        for (size_t k = 0; c->level < 0 && k < n; k++)
            if (!isnan(v[k])) known[m++] = v[k];
        if (c->level >= 0) {
            c->fill = c->level == most_frequent(w, c->input);
        } else {
            int code = lb_sort_order(known, m, order, err);
            if (code) return code;
            c->fill = m % 2 ? known[order[m / 2]] : (known[order[m / 2 - 1]] + known[order[m / 2]]) / 2;
        }
        for (size_t k = 0; k < n; k++) {
            if (isnan(v[k])) v[k] = c->fill;
            sum += v[k];
        }
        c->centre = sum / (double)n;
        for (size_t k = 0; k < n; k++) square += (v[k] - c->centre) * (v[k] - c->centre);
        c->scale = square > 0 ? sqrt(square / (double)n) : 1;
        for (size_t k = 0; k < n; k++) v[k] = (v[k] - c->centre) / c->scale;
    }
    log_step(w, "filling and scaling", false);
    return 0;
}

/* Of each pair above the limit the column with the larger mean correlation goes, the most correlated pairs first. */
static void drop_correlated(work *w)
{
    size_t p = w->count, n = w->view->n;
    if (p < 2 || p > 5000) return;
    double *all = lb_arena_array(w->scratch, p * n + 1, sizeof *all), *r = lb_arena_array(w->scratch, p * p + p, sizeof *r), *mean = r + p * p;
    bool *keep = marks(w);
    for (size_t j = 0; j < p; j++) memcpy(all + j * n, w->value[j], n * sizeof *all), keep[j] = true;
    lb_multiply(false, true, p, p, n, 1 / (double)n, all, all, 0, r);
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k < p; k++) mean[j] += k == j ? 0 : fabs(r[j * p + k]) / (double)(p - 1);
    for (;;) {
        double most = w->pipeline->correlation;
        size_t a = SIZE_MAX, b = 0;
        for (size_t j = 0; j < p; j++)
            for (size_t k = j + 1; keep[j] && k < p; k++)
                if (keep[k] && fabs(r[j * p + k]) > most) most = fabs(r[j * p + k]), a = j, b = k;
        if (a == SIZE_MAX) break;
        bool first = mean[a] > mean[b];
        if (input_of(w, a)->keep != input_of(w, b)->keep) first = input_of(w, b)->keep;
        keep[first ? a : b] = false;
    }
    log_step(w, "correlation filter", false);
    w->out->correlated_name = unmarked(w, keep);
    w->out->correlated = retain(w, keep);
}

/* LASSO with its penalty by cross-validation inside these rows; what the plan keeps stays. */
static int select_columns(work *w, lb_error *err)
{
    size_t n = w->view->n, p = w->count, folds, *fold = lb_arena_array(w->scratch, 2 * n + 1, sizeof *fold), *first = fold + n, kept = 0;
    double *weight = lb_arena_array(w->scratch, 2 * n + 1, sizeof *weight), *event = weight + n;
    size_t m = lb_lasso_merge(w->view->row, w->view->weight, n, first, weight); /* a bootstrap sample holds its people up to a few times */
    double *x = lb_arena_try(w->scratch, p + 1, (m + 1) * sizeof *x);
    lb_lasso_path path;
    lb_lasso_cv cv;
    lb_random random;
    if (!x) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu columns do not fit in memory", n, p);
    lb_random_init(&random, w->seed, w->stream);
    folds = lb_deal_folds(w->view->event, w->view->group, n, w->pipeline->select_folds, &random, fold, w->scratch); /* copies of one person never part */
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < p; j++) x[j * m + i] = w->value[j][first[i]];
        event[i] = w->view->event[first[i]];
        fold[i] = fold[first[i]];
    }
    lb_lasso_problem problem = {.n = m, .p = p, .x = x, .y = event, .weight = m < n || w->view->weight ? weight : NULL, .binomial = true, .alpha = w->pipeline->select_alpha,
                                .most = w->pipeline->select_most ? 2 * w->pipeline->select_most + 4 : 0};
    /* a selection of few columns lies far from the end of the path, where most of the time would go */
    int code = lb_lasso_fit(&problem, NULL, SELECT_POINTS, SELECT_RATIO, w->scratch, &path, err);
    if (!code) code = lb_lasso_cross_validate(&problem, &path, fold, folds, LB_LOSS_DEVIANCE, 1, w->scratch, &cv, err);
    if (code) return code;
    size_t at = w->pipeline->select_1se ? cv.at_1se : cv.at_min;
    while (at > 0 && w->pipeline->select_most && path.nonzero[at] > w->pipeline->select_most) at--;
    while (at + 1 < path.count && path.nonzero[at] == 0) at++; /* at least one */
    bool *keep = marks(w);
    for (size_t j = 0; j < p; j++) kept += keep[j] = path.beta[at * p + j] != 0 || input_of(w, j)->keep;
    if (!kept) return lb_fail(err, LB_BAD_DATA, "no column is associated with the outcome at any penalty");
    log_step(w, "selection (LASSO)", true);
    w->out->lambda = path.lambda[at];
    w->out->unselected = retain(w, keep);
    return 0;
}

int lb_prepare(const lb_pipeline *pipeline, const lb_view *view, lb_fit_ledger *ledger, const char *scope, uint64_t seed, uint64_t stream,
               lb_arena *arena, lb_prepared *out, lb_error *err)
{
    *out = (lb_prepared){.lambda = NAN};
    work w = {.pipeline = pipeline, .view = view, .ledger = ledger, .scope = scope, .seed = seed, .stream = stream, .arena = arena,
              .scratch = lb_arena_new(), .out = out};
    int code = offer(&w, err);
    if (!code && !isnan(pipeline->reliability)) drop_unreliable(&w);
    if (!code) drop_empty(&w);
    if (!code && pipeline->harmonise) harmonise(&w);
    if (!code) code = fill_and_scale(&w, err);
    if (!code && !isnan(pipeline->correlation)) drop_correlated(&w);
    if (!code && !w.count) {
        code = lb_fail(err, LB_BAD_DATA, "of %zu columns none is left: %zu unreliable, %zu mostly missing, %zu constant", out->offered, out->unreliable,
                       out->incomplete, out->constant);
        lb_error_hint(err, "loosen the limits of the pipeline, or give more inputs");
    }
    if (!code && pipeline->select) code = select_columns(&w, err);
    out->count = w.count;
    lb_arena_free(w.scratch);
    return code;
}

double *lb_prepared_columns(const lb_prepared *prepared, const lb_score_model *frame, const lb_cohort *cohort, const size_t *row, size_t n, lb_arena *arena)
{
    size_t p = prepared->count;
    double *x = lb_arena_array(arena, p * n + p + 1, sizeof *x), *one = x + p * n;
    lb_score_program program = {.columns = p, .column = prepared->column};
    for (size_t i = 0; i < n; i++) {
        lb_score_columns(frame, &program, lb_cohort_row(cohort, row[i]), one);
        for (size_t j = 0; j < p; j++) x[j * n + i] = one[j];
    }
    return x;
}
