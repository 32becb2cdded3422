/* ComBat with parametric empirical Bayes (Johnson, Li and Rabinovic 2007, doi:10.1093/biostatistics/kxj037; for imaging:
 * Fortin et al. 2018, doi:10.1016/j.neuroimage.2017.11.024): each feature is standardised by a linear model of batches and
 * covariates; each batch's location and scale are shrunk towards those of its other features; then taken out. */
#include "muscle/radiomics/combat.h"

#include <math.h>
#include <string.h>

#include <lumbar/stats.h>

/* Coefficients of every feature on batch indicators and covariates: columns of `beta`, batches first. */
static int fit_model(const lb_combat *c, size_t p, lb_arena *arena, double *beta, lb_error *err)
{
    double *x = lb_arena_array(arena, c->n * p, sizeof *x), *y = lb_arena_array(arena, c->n, sizeof *y);
    for (size_t i = 0; i < c->n; i++) {
        x[i + c->n * c->batch[i]] = 1;
        for (size_t k = 0; k < c->covariates; k++) x[i + c->n * (c->batches + k)] = c->covariate[i * c->covariates + k];
    }
    for (size_t f = 0; f < c->features; f++) {
        lb_lsq fit;
        for (size_t i = 0; i < c->n; i++) y[i] = c->value[i * c->features + f];
        int status = lb_lsq_fit(x, y, NULL, c->n, p, 0, arena, &fit, err);
        if (status != LB_OK) return status;
        if (fit.rank < p) {
            lb_fail(err, LB_BAD_DATA, "a covariate cannot be told apart from the batches");
            lb_error_hint(err, "leave out a covariate that is the same for everybody of a batch");
            return LB_BAD_DATA;
        }
        memcpy(beta + f * p, fit.coefficient, p * sizeof *beta);
    }
    return LB_OK;
}

static double variance(const double *x, size_t count, size_t step, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (x[i * step] - mean) * (x[i * step] - mean);
    return sum / (double)(count - 1);
}

/* One batch: its features' locations and scales, shrunk until they settle. z: n × features, standardised. */
static void shrink(const lb_combat *c, size_t b, const double *z, lb_arena *arena)
{
    size_t features = c->features, n = 0;
    double *shift = c->shift + b * features, *scale = c->scale + b * features;
    double *raw = lb_arena_array(arena, features, sizeof *raw), *spread = lb_arena_array(arena, features, sizeof *spread), mean_shift = 0, mean_scale = 0;
    for (size_t i = 0; i < c->n; i++) n += c->batch[i] == b;
    for (size_t f = 0; f < features; f++) {
        for (size_t i = 0; i < c->n; i++)
            if (c->batch[i] == b) raw[f] += z[i * features + f] / (double)n;
        for (size_t i = 0; i < c->n; i++)
            if (c->batch[i] == b) spread[f] += pow(z[i * features + f] - raw[f], 2) / (double)(n - 1);
        mean_shift += raw[f] / (double)features;
        mean_scale += spread[f] / (double)features;
    }
    double t2 = variance(raw, features, 1, mean_shift), s2 = variance(spread, features, 1, mean_scale);
    double a = (2 * s2 + mean_scale * mean_scale) / s2, bb = (mean_scale * s2 + pow(mean_scale, 3)) / s2;
    memcpy(shift, raw, features * sizeof *shift);
    memcpy(scale, spread, features * sizeof *scale);
    for (int step = 0; step < 10000; step++) {
        double change = 0;
        for (size_t f = 0; f < features; f++) {
            double g = (t2 * (double)n * raw[f] + scale[f] * mean_shift) / (t2 * (double)n + scale[f]), sum = 0;
            for (size_t i = 0; i < c->n; i++)
                if (c->batch[i] == b) sum += pow(z[i * features + f] - g, 2);
            double d = (0.5 * sum + bb) / ((double)n / 2 + a - 1);
            change = fmax(change, fmax(fabs(g - shift[f]) / fabs(shift[f]), fabs(d - scale[f]) / scale[f]));
            shift[f] = g;
            scale[f] = d;
        }
        if (!(change > c->tolerance)) break;
    }
}

int lb_combat_fit(lb_combat *c, lb_arena *arena, lb_error *err)
{
    size_t p = c->batches + c->covariates;
    double *beta = lb_arena_array(arena, p * c->features, sizeof *beta), *sd = lb_arena_array(arena, c->features, sizeof *sd);
    double *base = lb_arena_array(arena, c->n * c->features, sizeof *base), *z = lb_arena_array(arena, c->n * c->features, sizeof *z);
    double *share = lb_arena_array(arena, c->batches, sizeof *share);
    int status = fit_model(c, p, arena, beta, err);
    if (status != LB_OK) return status;
    for (size_t i = 0; i < c->n; i++) share[c->batch[i]] += 1 / (double)c->n;
    for (size_t f = 0; f < c->features; f++) {
        const double *b = beta + f * p;
        double grand = 0;
        for (size_t k = 0; k < c->batches; k++) grand += share[k] * b[k];
        for (size_t i = 0; i < c->n; i++) {
            double of_covariates = 0, value = c->value[i * c->features + f];
            for (size_t k = 0; k < c->covariates; k++) of_covariates += b[c->batches + k] * c->covariate[i * c->covariates + k];
            base[i * c->features + f] = grand + of_covariates;
            sd[f] += pow(value - b[c->batch[i]] - of_covariates, 2) / (double)c->n;
        }
        sd[f] = sqrt(sd[f]);
        if (!(sd[f] > 0)) return lb_fail(err, LB_BAD_DATA, "a feature does not vary inside its batches");
        for (size_t i = 0; i < c->n; i++) z[i * c->features + f] = (c->value[i * c->features + f] - base[i * c->features + f]) / sd[f];
    }
    c->shift = lb_arena_array(arena, c->batches * c->features, sizeof *c->shift);
    c->scale = lb_arena_array(arena, c->batches * c->features, sizeof *c->scale);
    c->corrected = lb_arena_array(arena, c->n * c->features, sizeof *c->corrected);
    for (size_t b = 0; b < c->batches; b++) shrink(c, b, z, arena);
    for (size_t i = 0; i < c->n; i++)
        for (size_t f = 0; f < c->features; f++) {
            size_t at = i * c->features + f, of = c->batch[i] * c->features + f;
            c->corrected[at] = (z[at] - c->shift[of]) / sqrt(c->scale[of]) * sd[f] + base[at];
        }
    return LB_OK;
}
