/* LIME for tables (Ribeiro, Singh & Guestrin 2016, doi:10.1145/2939672.2939778): samples around a row, weighed by their distance with
 * √exp(-d²/w²), and a ridge regression of the model's answers on whether each feature stays in the row's quartile. */
#include "predict/box.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

/* Quartiles of a background column, equal ones once. Returns how many. */
static size_t quartiles(const double *background, size_t rows, size_t features, size_t j, double cut[3], lb_arena *arena)
{
    double *x = lb_arena_array(arena, rows + 1, sizeof *x);
    uint32_t *order = lb_arena_array(arena, rows + 1, sizeof *order);
    size_t n = 0, count = 0;
    for (size_t i = 0; i < rows; i++)
        if (!isnan(background[i * features + j])) x[n++] = background[i * features + j];
    if (!n || lb_sort_order(x, n, order, NULL)) return 0;
    for (int q = 1; q <= 3; q++) {
        double at = 0.25 * q * (double)(n - 1);
        size_t low = (size_t)at;
        double v = x[order[low]];
        if (low + 1 < n) v += (at - (double)low) * (x[order[low + 1]] - v);
        if (!count || v > cut[count - 1]) cut[count++] = v;
    }
    return count;
}

static size_t bin_of(const double *cut, size_t cuts, double v)
{
    size_t k = 0;
    while (k < cuts && v > cut[k]) k++;
    return isnan(v) ? cuts + 1 : k;
}

static void moments(const double *background, size_t rows, size_t features, size_t j, double *mean, double *sd)
{
    double sum = 0, square = 0, n = 0;
    for (size_t i = 0; i < rows; i++)
        if (!isnan(background[i * features + j])) sum += background[i * features + j], n++;
    *mean = sum / n;
    for (size_t i = 0; i < rows; i++)
        if (!isnan(background[i * features + j])) square += pow(background[i * features + j] - *mean, 2);
    *sd = sqrt(square / n);
    if (!(*sd > 0)) *sd = 1;
}

lb_lime_scale lb_lime_scale_of(const double *background, size_t rows, size_t features, size_t j, lb_arena *arena)
{
    lb_lime_scale s = {0};
    double known = 0;
    s.cuts = quartiles(background, rows, features, j, s.cut, arena);
    moments(background, rows, features, j, &s.mean, &s.sd);
    for (size_t i = 0; i < rows; i++) {
        double v = background[i * features + j];
        if (isnan(v)) continue;
        s.share[bin_of(s.cut, s.cuts, v)]++;
        known++;
    }
    for (size_t k = 0; k <= s.cuts; k++) s.share[k] /= known;
    return s;
}

/* Ridge with weights and an intercept that is not penalised, on the features marked. */
static int ridge(const double *z, const double *y, const double *weight, size_t n, size_t p, const bool *use, double penalty, double *beta, double *intercept,
                 lb_arena *arena, lb_error *err)
{
    double *mean = lb_arena_array(arena, 2 * p + 1, sizeof *mean), *right = mean + p, *a = lb_arena_array(arena, p * p + 1, sizeof *a), total = 0, middle = 0;
    size_t *which = lb_arena_array(arena, p + 1, sizeof *which), m = 0;
    for (size_t j = 0; j < p; j++)
        if (use[j]) which[m++] = j;
    for (size_t i = 0; i < n; i++) {
        total += weight[i];
        middle += weight[i] * y[i];
        for (size_t k = 0; k < m; k++) mean[k] += weight[i] * z[i * p + which[k]];
    }
    middle /= total;
    for (size_t k = 0; k < m; k++) mean[k] /= total;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m; k++) {
            double d = weight[i] * (z[i * p + which[k]] - mean[k]);
            right[k] += d * (y[i] - middle);
            for (size_t l = 0; l <= k; l++) a[l * m + k] += d * (z[i * p + which[l]] - mean[l]);
        }
    for (size_t k = 0; k < m; k++) a[k * m + k] += penalty;
    if (m && lb_chol(a, m)) return lb_fail(err, LB_BAD_DATA, "the samples do not tell the features apart: give a ridge penalty above 0");
    if (m) lb_chol_solve(a, m, right, 1);
    memset(beta, 0, p * sizeof *beta);
    *intercept = middle;
    for (size_t k = 0; k < m; k++) {
        beta[which[k]] = right[k];
        *intercept -= right[k] * mean[k];
    }
    return 0;
}

/* The features with the largest |weight · value of the row| in a first regression, as LIME's highest_weights. */
static int keep_largest(const double *z, const double *y, const double *weight, size_t n, size_t p, size_t most, bool *use, lb_arena *arena, lb_error *err)
{
    double *beta = lb_arena_array(arena, p + 1, sizeof *beta), intercept;
    for (size_t j = 0; j < p; j++) use[j] = true;
    int code = most && most < p ? ridge(z, y, weight, n, p, use, 0.01, beta, &intercept, arena, err) : 0;
    if (code || !most || most >= p) return code;
    for (size_t j = 0; j < p; j++) beta[j] = fabs(beta[j] * z[j]), use[j] = false;
    for (size_t k = 0; k < most; k++) {
        size_t best = SIZE_MAX;
        for (size_t j = 0; j < p; j++)
            if (!use[j] && (best == SIZE_MAX || beta[j] > beta[best])) best = j;
        use[best] = true;
    }
    return 0;
}

int lb_lime_fit(const double *perturbed, const double *y, size_t n, size_t p, const double *background, size_t rows, bool interpretable,
                const lb_lime_options *o, lb_arena *arena, lb_lime *out, lb_error *err)
{
    double *z = lb_arena_try(arena, n + 1, (p + 1) * sizeof *z), width = isnan(o->width) ? 0.75 * sqrt((double)p) : o->width;
    *out = (lb_lime){.weight = lb_arena_array(arena, p + 1, sizeof(double)), .distance = lb_arena_array(arena, 2 * n + 1, sizeof(double)), .samples = n};
    out->kernel = out->distance + n;
    if (!z) return lb_fail(err, LB_TOO_LARGE, "%zu samples do not fit in memory", n);
    for (size_t j = 0; j < p; j++) {
        double cut[3], mean = 0, sd = 1;
        size_t cuts = !interpretable && o->discretize ? quartiles(background, rows, p, j, cut, arena) : 0;
        if (!interpretable && !o->discretize) moments(background, rows, p, j, &mean, &sd);
        for (size_t i = 0; i < n; i++) {
            double v = perturbed[i * p + j];
            z[i * p + j] = interpretable ? v : o->discretize ? bin_of(cut, cuts, v) == bin_of(cut, cuts, perturbed[j]) : (v - mean) / sd;
        }
    }
    for (size_t i = 0; i < n; i++) {
        double square = 0;
        for (size_t j = 0; j < p; j++) square += pow(z[i * p + j] - z[j], 2);
        out->distance[i] = sqrt(square);
        out->kernel[i] = sqrt(exp(-square / (width * width)));
    }
    bool *use = lb_arena_array(arena, p + 1, sizeof *use);
    int code = keep_largest(z, y, out->kernel, n, p, o->most, use, arena, err);
    if (!code) code = ridge(z, y, out->kernel, n, p, use, o->ridge, out->weight, &out->intercept, arena, err);
    if (code) return code;
    double total = 0, mean = 0, left = 0, all = 0;
    for (size_t i = 0; i < n; i++) total += out->kernel[i], mean += out->kernel[i] * y[i];
    mean /= total;
    for (size_t i = 0; i < n; i++) {
        double fitted = out->intercept;
        for (size_t j = 0; j < p; j++) fitted += out->weight[j] * z[i * p + j];
        if (!i) out->local = fitted;
        left += out->kernel[i] * (y[i] - fitted) * (y[i] - fitted);
        all += out->kernel[i] * (y[i] - mean) * (y[i] - mean);
    }
    out->r2 = 1 - left / all;
    return 0;
}

double *lb_lime_samples(const double *row, const double *background, size_t rows, size_t p, const lb_lime_options *o, lb_arena *arena)
{
    double *out = lb_arena_try(arena, o->samples + 1, (p + 1) * sizeof *out);
    if (!out) return NULL;
    for (size_t j = 0; j < p; j++) {
        double mean, sd;
        lb_random random;
        lb_random_init(&random, o->seed, j);
        moments(background, rows, p, j, &mean, &sd);
        for (size_t i = 0; i < o->samples; i++) {
            double drawn = o->discretize ? background[lb_random_below(&random, (uint32_t)rows) * p + j] : mean + sd * lb_random_normal(&random);
            out[i * p + j] = i ? drawn : row[j];
        }
    }
    return out;
}
