/* Case-deletion diagnostics of a pooled effect (Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11). A study is an outlier
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

/* With Knapp–Hartung tests every variance is scaled by the factor of the model without the study, as metafor does. */
static void diagnose(const lb_effects *effects, size_t i, const lb_pool *full, const lb_pool *without,
                     double weights_at_del, lb_influence_row *out)
{
    double k = (double)effects->k, change = full->beta[0] - without->beta[0], v = effects->v[i], scale = without->scale;
    out->hat = full->weight[i] / 100;
    out->weight = full->weight[i];
    out->tau2_del = without->tau2.tau2;
    out->q_del = without->q;
    out->rstudent = (effects->y[i] - without->beta[0]) / sqrt(scale * (v + without->tau2.tau2) + without->vcov[0]);
    out->dffits = change / sqrt(scale * out->hat * (without->tau2.tau2 + v));
    out->cook = change * change / full->vcov[0];
    out->cov_r = without->vcov[0] / full->vcov[0];
    out->dfbetas = change / sqrt(scale / weights_at_del);
    out->flagged = fabs(out->dffits) > 3 * sqrt(1 / (k - 1)) || lb_chisq_p(out->cook, 1, LB_LOWER) > .5 ||
                   out->hat > 3 / k || fabs(out->dfbetas) > 1;
}

static void flag(const lb_effects *effects, double level, lb_arena *arena, lb_influence *out)
{
    size_t k = effects->k;
    double *cook = lb_arena_array(arena, k, sizeof *cook);
    for (size_t i = 0; i < k; i++) cook[i] = out->row[i].cook;
    qsort(cook, k, sizeof *cook, by_size);
    out->outlier_cut = lb_norm_q((1 - level) / (2 * (double)k), LB_UPPER);
    out->cook_cut = quantile(cook, k, .5) + 6 * (quantile(cook, k, .75) - quantile(cook, k, .25));
    for (size_t i = 0; i < k; i++) {
        out->row[i].outlier = fabs(out->row[i].rstudent) > out->outlier_cut;
        out->row[i].influential = out->row[i].cook > out->cook_cut;
    }
}

/* The model without study i, and what follows from it. The fit's memory goes when it is done: k fits of k studies. */
static int leave_out(const lb_effects *effects, size_t i, const lb_pool_settings *settings, const lb_pool *full,
                     lb_pool_model *all, double *y, double *v, lb_influence_row *out, lb_error *err)
{
    size_t k = effects->k;
    memcpy(y, effects->y, i * sizeof *y);
    memcpy(v, effects->v, i * sizeof *v);
    memcpy(y + i, effects->y + i + 1, (k - i - 1) * sizeof *y);
    memcpy(v + i, effects->v + i + 1, (k - i - 1) * sizeof *v);
    lb_arena *own = lb_arena_new();
    lb_pool_model model;
    lb_pool without;
    int code = lb_pool_model_init(&model, y, v, NULL, k - 1, 1, own, err);
    if (!code) code = lb_pool_fit(&model, &settings->fit, own, &without, err);
    if (!code) {
        lb_pool_sums sums; /* of all studies at this τ² */
        lb_pool_at(all, without.tau2.tau2, &sums);
        diagnose(effects, i, full, &without, sums.trace_w, out);
    }
    lb_arena_free(own);
    return code;
}

int lb_influence_fit(const lb_effects *effects, const lb_pool_settings *settings, const lb_progress *progress,
                     lb_arena *arena, lb_influence *out, lb_error *err)
{
    size_t k = effects->k;
    if (k < 3) return lb_fail(err, LB_BAD_DATA, "%zu studies: leaving one out needs at least three", k);
    lb_pool_model all;
    lb_pool full;
    int code = lb_pool_model_init(&all, effects->y, effects->v, NULL, k, 1, arena, err);
    if (!code) code = lb_pool_fit(&all, &settings->fit, arena, &full, err);
    if (code) return code;
    out->row = lb_arena_array(arena, k, sizeof *out->row);
    double *y = lb_arena_array(arena, k, sizeof *y), *v = lb_arena_array(arena, k, sizeof *v);
    for (size_t i = 0; i < k; i++) {
        if (lb_progress_cancelled(progress)) return lb_fail(err, LB_CANCELLED, "stopped at study %zu of %zu", i + 1, k);
        lb_progress_report(progress, (double)i / (double)k, "leaving out");
        code = leave_out(effects, i, settings, &full, &all, y, v, &out->row[i], err);
        if (code) return code;
    }
    flag(effects, settings->fit.level, arena, out);
    return 0;
}
