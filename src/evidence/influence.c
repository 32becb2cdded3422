/* Case-deletion diagnostics of a pooled effect or of a meta-regression (Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11). A study is an outlier
 * when its deletion residual passes the Bonferroni limit z(1 − .05/2k), influential when its Cook distance lies beyond
 * the median + 6 interquartile ranges. */
#include "evidence/influence.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* R's type 7: linear between the order statistics around (n − 1)p. */
static double quantile(const double *sorted, size_t n, double p)
{
    double at = (double)(n - 1) * p;
    size_t below = (size_t)at;
    if (below + 1 >= n) return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* The studies, the model of all of them, and room for one of them left out. */
typedef struct ground {
    const double *y, *v, *x;
    size_t k, columns;
    const lb_pool_settings *settings;
    lb_pool_model model;
    lb_pool full;
    double *left_y, *left_v, *left_x;
    double *factor, *change, *covariance; /* L of the coefficients' covariance; p; p × p */
} ground;

/* Of the model with all studies: hat value, and the residual with its standard error √((vᵢ + τ²)(1 − hᵢ)). */
static void look_at_all(const ground *g, size_t i, lb_influence_row *out)
{
    double mean, variance, total = g->v[i] + g->full.tau2.tau2, scale = g->full.scale;
    lb_pool_fitted(&g->full, g->x, g->k, g->model.kept, i, &mean, &variance);
    out->hat = variance / scale / total;
    out->resid = g->y[i] - mean;
    out->se = sqrt(total * (1 - out->hat)); /* without the factor of Knapp and Hartung, as metafor's rstandard */
    out->rstandard = out->resid / out->se;
}

/* dᵀV⁻¹d of the change d in the coefficients, and det(V₍₋ᵢ₎)/det(V). */
static void compare_coefficients(const ground *g, const lb_pool *without, lb_influence_row *out)
{
    size_t p = g->full.p;
    double *d = g->change;
    memcpy(g->covariance, without->vcov, p * p * sizeof(double));
    for (size_t a = 0; a < p; a++) d[a] = g->full.beta[a] - without->beta[a];
    /* forward substitution: |L⁻¹d|² = dᵀV⁻¹d */
    out->cook = 0;
    for (size_t a = 0; a < p; a++) {
        double sum = d[a];
        for (size_t b = 0; b < a; b++) sum -= g->factor[b * p + a] * d[b];
        d[a] = sum / g->factor[a * p + a];
        out->cook += d[a] * d[a];
    }
    out->cov_r = lb_chol(g->covariance, p) == 0 ? exp(lb_chol_logdet(g->covariance, p) - lb_chol_logdet(g->factor, p)) : NAN;
}

/* With Knapp–Hartung tests every variance is scaled by the factor of the model without the study, as metafor does. */
static void diagnose(ground *g, size_t i, const lb_pool *without, lb_arena *own, lb_influence_row *out)
{
    size_t p = g->full.p;
    double mean, variance, all_mean, ignored, total = g->v[i] + without->tau2.tau2, scale = without->scale;
    lb_pool_fitted(without, g->x, g->k, g->model.kept, i, &mean, &variance);
    lb_pool_fitted(&g->full, g->x, g->k, g->model.kept, i, &all_mean, &ignored);
    out->tau2_del = without->tau2.tau2;
    out->q_del = without->q;
    out->resid_del = g->y[i] - mean;
    out->se_del = sqrt(scale * total + variance);
    out->rstudent = out->resid_del / out->se_del;
    out->dffits = (all_mean - mean) / sqrt(scale * out->hat * total);
    /* All studies weighed at the τ² without this one. */
    lb_pool_options options = g->settings->fit;
    options.fixed_tau2 = without->tau2.tau2;
    options.test = LB_TEST_Z;
    lb_pool weighed;
    lb_pool_sums sums;
    lb_pool_alloc(&weighed, g->k, p, own);
    lb_pool_solve(&g->model, &options, &weighed, &sums);
    bool large = false;
    for (size_t a = 0; a < p; a++) {
        out->dfbetas[a] = (g->full.beta[a] - without->beta[a]) / sqrt(scale * weighed.vcov[a * p + a]);
        large = large || fabs(out->dfbetas[a]) > 1;
    }
    compare_coefficients(g, without, out);
    double k = (double)g->k, n = (double)p;
    out->flagged = large || fabs(out->dffits) > 3 * sqrt(n / (k - n)) || lb_chisq_p(out->cook, n, LB_LOWER) > .5 || out->hat > 3 * n / k;
}

static void flag(size_t k, double level, lb_arena *arena, lb_influence *out)
{
    double *cook = lb_arena_array(arena, k, sizeof *cook);
    size_t known = 0;
    for (size_t i = 0; i < k; i++)
        if (!isnan(out->row[i].cook)) cook[known++] = out->row[i].cook;
    qsort(cook, known, sizeof *cook, by_size);
    out->outlier_cut = lb_norm_q((1 - level) / (2 * (double)k), LB_UPPER);
    out->cook_cut = known ? quantile(cook, known, .5) + 6 * (quantile(cook, known, .75) - quantile(cook, known, .25)) : NAN;
    for (size_t i = 0; i < k; i++) {
        out->row[i].outlier = fabs(out->row[i].rstudent) > out->outlier_cut;
        out->row[i].influential = out->row[i].cook > out->cook_cut;
    }
}

static void copy_without(const double *from, size_t k, size_t i, double *to)
{
    memcpy(to, from, i * sizeof *to);
    memcpy(to + i, from + i + 1, (k - i - 1) * sizeof *to);
}

/* The model without study i, and what follows from it. The fit's memory goes when it is done: k fits of k studies. */
static int leave_out(ground *g, size_t i, lb_influence_row *out, lb_error *err)
{
    size_t k = g->k;
    copy_without(g->y, k, i, g->left_y);
    copy_without(g->v, k, i, g->left_v);
    for (size_t j = 0; g->x && j < g->columns; j++) copy_without(g->x + j * k, k, i, g->left_x + j * (k - 1));
    lb_arena *own = lb_arena_new();
    lb_pool_model model;
    lb_pool without;
    int code = lb_pool_model_init(&model, g->left_y, g->left_v, g->x ? g->left_x : NULL, k - 1, g->columns, own, err);
    /* A coefficient that only this study tells of: there is no model without it. */
    bool same = !code && model.p == g->model.p && memcmp(model.kept, g->model.kept, model.p * sizeof *model.kept) == 0;
    if (!code && same) code = lb_pool_fit(&model, &g->settings->fit, own, &without, err);
    if (!code && same) diagnose(g, i, &without, own, out);
    lb_arena_free(own);
    return code;
}

static int prepare(ground *g, lb_arena *arena, lb_influence *out, lb_error *err)
{
    size_t k = g->k;
    int code = lb_pool_model_init(&g->model, g->y, g->v, g->x, k, g->columns, arena, err);
    if (code) return code;
    if (k < g->model.p + 2) {
        if (g->model.p == 1) return lb_fail(err, LB_BAD_DATA, "%zu studies: leaving one out needs at least three", k);
        code = lb_fail(err, LB_BAD_DATA, "%zu studies: leaving one out of a model with %zu coefficients needs at least %zu", k,
                       g->model.p, g->model.p + 2);
        lb_error_hint(err, "use fewer moderators");
        return code;
    }
    code = lb_pool_fit(&g->model, &g->settings->fit, arena, &g->full, err);
    if (code) return code;
    size_t p = g->full.p;
    g->left_y = lb_arena_array(arena, k, sizeof(double));
    g->left_v = lb_arena_array(arena, k, sizeof(double));
    g->left_x = lb_arena_array(arena, k * g->columns, sizeof(double));
    g->change = lb_arena_array(arena, p, sizeof(double));
    g->covariance = lb_arena_array(arena, p * p, sizeof(double));
    g->factor = lb_arena_array(arena, p * p, sizeof(double));
    memcpy(g->factor, g->full.vcov, p * p * sizeof(double));
    if (lb_chol(g->factor, p) != 0) return lb_fail(err, LB_BAD_DATA, "the coefficients' covariance is singular");
    out->p = p;
    out->kept = g->model.kept;
    out->row = lb_arena_array(arena, k, sizeof *out->row);
    lb_pool_sums sums;
    lb_pool_at(&g->model, g->full.tau2.tau2, &sums);
    for (size_t i = 0; i < k; i++) {
        lb_influence_row *row = &out->row[i];
        *row = (lb_influence_row){.resid_del = NAN, .se_del = NAN, .rstudent = NAN, .cook = NAN, .dffits = NAN, .cov_r = NAN,
                                  .tau2_del = NAN, .q_del = NAN, .weight = 100 * g->model.w[i] / sums.trace_w};
        row->dfbetas = lb_arena_array(arena, p, sizeof(double));
        for (size_t a = 0; a < p; a++) row->dfbetas[a] = NAN;
        look_at_all(g, i, row);
    }
    return 0;
}

int lb_influence_fit(const double *y, const double *v, const double *x, size_t k, size_t columns,
                     const lb_pool_settings *settings, const lb_progress *progress, lb_arena *arena, lb_influence *out,
                     lb_error *err)
{
    ground g = {.y = y, .v = v, .x = x, .k = k, .columns = x ? columns : 1, .settings = settings};
    int code = prepare(&g, arena, out, err);
    for (size_t i = 0; i < k && !code; i++) {
        if (lb_progress_cancelled(progress)) return lb_fail(err, LB_CANCELLED, "stopped at study %zu of %zu", i + 1, k);
        lb_progress_report(progress, (double)i / (double)k, "leaving out");
        code = leave_out(&g, i, &out->row[i], err);
    }
    if (!code) flag(k, settings->fit.level, arena, out);
    return code;
}
