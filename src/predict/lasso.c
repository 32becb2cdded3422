/* Lasso and elastic net by cyclic coordinate descent with warm starts and the strong rules: Friedman, Hastie & Tibshirani 2010,
 * doi:10.18637/jss.v033.i01; Tibshirani et al. 2012, doi:10.1111/j.1467-9868.2011.01004.x. The exact minimum: lasso_polish.c. */
#include "predict/lasso_work.h"

#include <stdlib.h>

enum { MOST_SWEEPS = 100000, MOST_REWEIGHTS = 200, EARLIEST_STOP = 5 };
#define LEAST_WEIGHT 1e-9

LB_WIDE void lasso_predictor(lasso_work *w)
{
    for (size_t i = 0; i < w->wide; i++) w->eta[i] = w->intercept;
    for (size_t k = 0; k < w->active_count; k++) {
        const double *x = w->x + w->active[k] * w->wide;
        double b = w->beta[w->active[k]];
        for (size_t i = 0; i < w->wide; i += 8) *(lb_eight *)(w->eta + i) += b * *(const lb_eight *)(x + i);
    }
}

void lasso_refresh(lasso_work *w)
{
    double n = (double)w->n;
    w->weight_sum = 0;
    for (size_t i = 0; i < w->n; i++) {
        double p = w->binomial ? 1 / (1 + exp(-w->eta[i])) : w->eta[i];
        w->weight[i] = w->binomial ? fmax(p * (1 - p), LEAST_WEIGHT) / n : 1 / n;
        w->residual[i] = (w->y[i] - p) / n;
        w->weight[i] *= w->share[i];
        w->residual[i] *= w->share[i];
        w->weight_sum += w->weight[i];
    }
}

double lasso_violation(lasso_work *w)
{
    double bound = w->lambda * w->alpha, worst = fabs(lasso_sum(w->residual, w->wide));
    lasso_look(w);
    lasso_gradient(w, bound);
    for (size_t j = 0; j < w->p; j++) {
        double g = w->gradient[j], b = w->beta[j], off = b == 0 ? fabs(g) - bound : fabs(g - copysign(bound, b) - w->ridge * b);
        if (off > worst) worst = off;
    }
    return worst / w->scale;
}

/* One coordinate; returns curvature times squared move. */
LASSO_INSIDE double move(lasso_work *w, size_t j)
{
    const double *x = w->x + j * w->wide;
    double bound = w->lambda * w->alpha, old = w->beta[j], g = lasso_dot(x, w->residual, w->wide);
    if (old == 0 && fabs(g) <= bound) return 0;
    if (isnan(w->curvature[j])) w->curvature[j] = w->binomial ? lasso_square(x, w->weight, w->wide) : 1;
    double h = w->curvature[j], u = g + h * old, size = fabs(u) - bound;
    double new = size > 0 ? copysign(size, u) / (h + w->ridge) : 0, d = new - old;
    if (d == 0) return 0;
    w->beta[j] = new;
    lasso_subtract(w->residual, d, w->weight, x, w->wide);
    return h * d * d;
}

LASSO_INSIDE double move_intercept(lasso_work *w)
{
    double d = lasso_sum(w->residual, w->wide) / w->weight_sum;
    w->intercept += d;
    for (size_t i = 0; i < w->wide; i += 8) *(lb_eight *)(w->residual + i) -= d * *(const lb_eight *)(w->weight + i);
    return w->weight_sum * d * d;
}

/* The weighted quadratic, to a tolerance: over the strong set, then over what is not 0 until it rests, and again. */
LASSO_INSIDE void descend(lasso_work *w, double tolerance, size_t *budget)
{
    for (;;) {
        double most = 0;
        w->active_count = 0;
        for (size_t k = 0; k < w->strong_count; k++) {
            most = fmax(most, move(w, w->strong[k]));
            if (w->beta[w->strong[k]] != 0) w->active[w->active_count++] = w->strong[k];
        }
        most = fmax(most, move_intercept(w));
        if (most < tolerance || (*budget)-- == 0) return;
        do {
            most = 0;
            for (size_t k = 0; k < w->active_count; k++) most = fmax(most, move(w, w->active[k]));
            most = fmax(most, move_intercept(w));
            if (*budget == 0) return;
            (*budget)--;
        } while (most >= tolerance);
    }
}

/* Coordinate descent on the strong set; binomial: reweighted until the coefficients rest. */
LB_WIDE static void solve(lasso_work *w, double tolerance)
{
    size_t budget = MOST_SWEEPS;
    double *old = w->step;
    for (int round = 0; round < MOST_REWEIGHTS && budget; round++) {
        double before = w->intercept, most;
        lasso_refresh(w);
        for (size_t k = 0; k < w->strong_count; k++) {
            w->curvature[w->strong[k]] = NAN;
            old[k] = w->beta[w->strong[k]];
        }
        descend(w, tolerance, &budget);
        lasso_predictor(w);
        if (!w->binomial) break;
        most = w->weight_sum * (w->intercept - before) * (w->intercept - before);
        for (size_t k = 0; k < w->strong_count; k++) {
            double d = w->beta[w->strong[k]] - old[k];
            if (d != 0) most = fmax(most, w->curvature[w->strong[k]] * d * d);
        }
        if (most < tolerance) break;
    }
    lasso_refresh(w);
}

static void strengthen(lasso_work *w, size_t j)
{
    if (w->is_strong[j] || w->sd[j] == 0) return;
    w->is_strong[j] = true;
    w->strong[w->strong_count++] = j;
}

/* One point of the path. `previous` is the penalty before (screening). */
static double point(lasso_work *w, double previous, bool exact, double spread)
{
    double cut = w->alpha * (2 * w->lambda - previous), violation = INFINITY;
    double tolerance = (exact ? 1e-6 : 1e-7) * spread, goal = exact ? 1e-12 : 1;
    memset(w->is_strong, 0, w->p * sizeof *w->is_strong);
    w->strong_count = 0;
    lasso_gradient(w, cut);
    for (size_t j = 0; j < w->p; j++)
        if (w->beta[j] != 0 || fabs(w->gradient[j]) >= cut) strengthen(w, j);
    for (int round = 0; round < 8; round++) {
        solve(w, tolerance);
        if (exact) lasso_polish(w);
        violation = lasso_violation(w);
        size_t before = w->strong_count;
        for (size_t j = 0; j < w->p; j++)
            if (w->beta[j] != 0 || fabs(w->gradient[j]) > w->lambda * w->alpha * (1 + 1e-12)) strengthen(w, j);
        if (violation <= goal && (exact || w->strong_count == before)) break;
        if (w->strong_count == before) tolerance *= 1e-3;
    }
    return violation;
}

static double deviance(const lasso_work *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->n; i++) {
        double e = w->eta[i], y = w->y[i], v = w->share[i];
        if (w->binomial) sum += v * (2 * (fmax(e, 0) + log1p(exp(-fabs(e))) - y * e));
        else sum += v * ((y - e) * (y - e));
    }
    return sum;
}

/* Mean 0 and SD (1/n) 1; a column without variation is left at SD 0. */
LB_WIDE static void standardise(lasso_work *w, const double *x)
{
    size_t n = w->n, wide = w->wide;
    for (size_t j = 0; j < w->p; j++) {
        double *to = w->x + j * wide;
        memcpy(to, x + j * n, n * sizeof *to);
        w->mean[j] = lasso_dot(to, w->share, wide) / (double)n;
        for (size_t i = 0; i < wide; i += 8) *(lb_eight *)(to + i) -= w->mean[j];
        memset(to + n, 0, (wide - n) * sizeof *to);
        double sd = sqrt(lasso_square(to, w->share, wide) / (double)n);
        w->sd[j] = sd > 1e-12 * fabs(w->mean[j]) ? sd : 0;
        for (size_t i = 0; w->sd[j] > 0 && i < wide; i += 8) *(lb_eight *)(to + i) /= sd;
    }
}

static int prepare(const lb_lasso_problem *problem, lasso_work *w, lb_arena *arena, lb_error *err)
{
    size_t n = problem->n, p = problem->p;
    *w = (lasso_work){.n = n, .p = p, .binomial = problem->binomial, .alpha = problem->alpha, .y = problem->y, .room = (n < p ? n : p) + 2};
    size_t wide = w->wide = (n + LASSO_STEP - 1) / LASSO_STEP * LASSO_STEP;
    w->x = lb_arena_try(arena, p + 1, wide * sizeof(double));
    w->padded = (p + 7) / 8 * 8;
    w->mean = lb_arena_try(arena, 7, (w->padded + 1) * sizeof(double));
    w->eta = lb_arena_try(arena, 5 * (wide + 1), sizeof(double));
    w->span = lb_arena_try(arena, LASSO_SPAN, (wide + w->padded) * sizeof(double));
    w->strong = lb_arena_try(arena, 2 * (p + 1), sizeof(size_t));
    w->is_strong = lb_arena_try(arena, 2 * (p + 1), sizeof(bool));
    w->hessian = problem->exact ? lb_arena_try(arena, w->room, w->room * sizeof(double)) : NULL;
    w->scaled = problem->exact ? lb_arena_try(arena, w->room, wide * sizeof(double)) : NULL;
    bool whole = w->x && w->mean && w->eta && w->span && w->strong && w->is_strong && (!problem->exact || (w->hessian && w->scaled));
    if (!whole) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu predictors do not fit in memory", n, p);
    w->sd = w->mean + w->padded, w->beta = w->sd + w->padded, w->gradient = w->beta + w->padded, w->guess = w->gradient + w->padded;
    w->curvature = w->guess + w->padded, w->step = w->curvature + w->padded;
    w->residual = w->eta + wide, w->weight = w->residual + wide, w->outside = w->weight + wide, w->share = w->outside + wide;
    w->span_product = w->span + LASSO_SPAN * wide, w->known = w->is_strong + p + 1;
    w->active = w->strong + p + 1;
    for (size_t i = 0; i < n; i++) w->share[i] = problem->weight ? problem->weight[i] : 1;
    standardise(w, problem->x);
    return 0;
}

/* Null model: intercept, gradient, and the scale by which violations are measured. Returns the SD (1/n) of y. */
static double start(lasso_work *w)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < w->n; i++) mean += w->share[i] * w->y[i];
    mean /= (double)w->n;
    for (size_t i = 0; i < w->n; i++) square += w->share[i] * (w->y[i] - mean) * (w->y[i] - mean);
    w->intercept = w->binomial ? log(mean) - log1p(-mean) : mean;
    w->scale = 1;
    lasso_predictor(w);
    lasso_refresh(w);
    lasso_look(w);
    lasso_gradient(w, 0);
    w->scale = 0;
    for (size_t j = 0; j < w->p; j++) w->scale = fmax(w->scale, fabs(w->gradient[j]));
    return sqrt(square / (double)w->n);
}

static void keep(const lasso_work *w, lb_lasso_path *out, size_t k)
{
    out->intercept[k] = w->intercept;
    for (size_t j = 0; j < w->p; j++) {
        if (w->beta[j] == 0) continue;
        double b = out->beta[k * w->p + j] = w->beta[j] / w->sd[j];
        out->intercept[k] -= b * w->mean[j];
        out->nonzero[k]++;
    }
    out->deviance_ratio[k] = 1 - deviance(w) / out->null_deviance;
}

int lb_lasso_fit(const lb_lasso_problem *problem, const double *lambda, size_t count, double ratio, lb_arena *arena, lb_lasso_path *out,
                 lb_error *err)
{
    lasso_work w;
    *out = (lb_lasso_path){.p = problem->p};
    lb_arena *scratch = lb_arena_new();
    int code = prepare(problem, &w, scratch, err);
    out->lambda = lb_arena_try(arena, 3 * (count + 1), sizeof(double));
    out->beta = lb_arena_try(arena, count + 1, (problem->p + 1) * sizeof(double));
    out->nonzero = lb_arena_try(arena, count + 1, sizeof(size_t));
    if (!code && (!out->lambda || !out->beta || !out->nonzero)) code = lb_fail(err, LB_TOO_LARGE, "a path of %zu points does not fit in memory", count);
    if (code) goto out;
    out->intercept = out->lambda + count, out->deviance_ratio = out->intercept + count;
    double sd = start(&w), first = w.scale / fmax(w.alpha, 1e-3), factor = pow(ratio, 1 / fmax(1, (double)count - 1));
    out->null_deviance = deviance(&w);
    if (!(w.scale > 0)) w.scale = 1;
    for (size_t k = 0; k < count; k++) {
        double previous = k ? out->lambda[k - 1] : fmax(first, lambda ? lambda[0] : 0);
        w.lambda = out->lambda[k] = lambda ? lambda[k] : k ? previous * factor : first;
        w.ridge = w.lambda * (1 - w.alpha) / (w.binomial || !(sd > 0) ? 1 : sd);
        double violation = point(&w, previous, problem->exact, out->null_deviance / (double)w.n);
        out->kkt_max = fmax(out->kkt_max, violation);
        keep(&w, out, k);
        out->count = k + 1;
        if (lambda || k + 1 < EARLIEST_STOP) continue;
        if (problem->most && out->nonzero[k] > problem->most) break;
        double now = out->deviance_ratio[k], gain = now - out->deviance_ratio[k - 1];
        if (now > 0.999 || gain < 1e-5 * now) break;
    }
out:
    lb_arena_free(scratch);
    return code;
}
