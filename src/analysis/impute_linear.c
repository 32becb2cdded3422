/* Draws of a number given predictors: Bayesian linear regression with a flat prior, and predictive mean matching on it
 * (van Buuren 2018, Flexible Imputation of Missing Data, 2nd ed., algorithms 3.1 and 3.3: parameters are drawn for those
 * imputed, estimated for those seen; donors are the nearest, one of them is drawn). */
#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/impute.h"

typedef struct regression {
    size_t p, used;
    double *a;     /* p × p: factor of XᵀX, lower; columns of `out` left out */
    double *beta, *drawn, *scale;
    bool *out;
    double rss;
} regression;

/* XᵀX and Xᵀy, then Cholesky; a column whose pivot is 1e-8 of its own size is made up by others and left out. */
static bool factor(regression *r, const lb_impute_draw *d)
{
    size_t p = r->p;
    double yy = 0;
    for (size_t i = 0; i < d->n; i++) {
        const double *x = d->x + i * p;
        double y = d->y[i];
        yy += y * y;
        for (size_t j = 0; j < p; j++) {
            double xj = x[j];
            if (xj == 0) continue;
            r->beta[j] += xj * y;
            double *row = r->a + j * p;
            for (size_t k = 0; k <= j; k++) row[k] += xj * x[k];
        }
    }
    for (size_t j = 0; j < p; j++) r->scale[j] = r->a[j * p + j];
    for (size_t j = 0; j < p; j++) {
        double *row = r->a + j * p;
        for (size_t k = 0; k <= j; k++) {
            double sum = row[k];
            const double *other = r->a + k * p;
            if (k < j && r->out[k]) {
                row[k] = 0;
                continue;
            }
            for (size_t l = 0; l < k; l++) sum -= row[l] * other[l];
            if (k < j) row[k] = sum / other[k];
            else if (sum <= 1e-8 * r->scale[j] || !(sum > 0)) r->out[j] = true;
            else row[j] = sqrt(sum);
        }
        if (r->out[j]) memset(row, 0, p * sizeof *row);
        else r->used++;
    }
    r->rss = yy;
    return r->used == p;
}

/* Solve L z = b, then Lᵀ β = z + σ·noise: β̂ without noise, a draw of the posterior with it. */
static void coefficients(regression *r, const double *z, double sigma, lb_random *random, double *beta)
{
    size_t p = r->p;
    for (size_t j = 0; j < p; j++) beta[j] = r->out[j] ? 0 : z[j] + (sigma > 0 ? sigma * lb_random_normal(random) : 0);
    for (size_t j = p; j-- > 0;) {
        if (r->out[j]) continue;
        double sum = beta[j];
        for (size_t k = j + 1; k < p; k++) sum -= r->a[k * p + j] * beta[k];
        beta[j] = sum / r->a[j * p + j];
    }
}

static double predicted(const double *x, const double *beta, size_t p)
{
    double sum = 0;
    for (size_t j = 0; j < p; j++) sum += x[j] * beta[j];
    return sum;
}

typedef struct donor {
    double predicted, y;
} donor;

static int by_prediction(const void *a, const void *b)
{
    const donor *x = a, *y = b;
    return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

/* The k nearest among sorted donors: a window that grows to the nearer side. */
static double match(const donor *donors, size_t n, size_t k, double at, lb_random *random)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (donors[middle].predicted < at) low = middle + 1;
        else high = middle;
    }
    size_t left = low, right = low; /* window [left, right) */
    while (right - left < k && right - left < n) {
        bool down = right == n || (left > 0 && at - donors[left - 1].predicted < donors[right].predicted - at);
        if (down) left--;
        else right++;
    }
    return donors[left + lb_random_below(random, (uint32_t)(right - left))].y;
}

static void match_all(lb_impute_draw *d, const regression *r)
{
    donor *donors = lb_alloc(d->n + 1, sizeof *donors);
    for (size_t i = 0; i < d->n; i++) donors[i] = (donor){predicted(d->x + i * r->p, r->beta, r->p), d->y[i]};
    /* equal predictions: the order of donors must not carry meaning, so they are shuffled first */
    for (size_t i = d->n; i > 1; i--) {
        size_t j = lb_random_below(d->random, (uint32_t)i);
        donor swap = donors[i - 1];
        donors[i - 1] = donors[j];
        donors[j] = swap;
    }
    qsort(donors, d->n, sizeof *donors, by_prediction);
    for (size_t i = 0; i < d->missing; i++)
        d->out[i] = match(donors, d->n, d->donors, predicted(d->x_missing + i * r->p, r->drawn, r->p), d->random);
    free(donors);
}

void lb_impute_linear(lb_impute_draw *d, bool pmm)
{
    size_t p = d->p;
    double *memory = lb_alloc(p * p + 4 * p + 1, sizeof *memory), *z = memory + p * p + 3 * p;
    regression r = {.p = p, .a = memory, .beta = memory + p * p, .drawn = memory + p * p + p, .scale = memory + p * p + 2 * p,
                    .out = lb_alloc(p + 1, sizeof *r.out)};
    if (!factor(&r, d)) d->weak = true;
    for (size_t j = 0; j < p; j++) { /* L z = Xᵀy */
        double sum = r.beta[j];
        for (size_t k = 0; k < j; k++) sum -= r.a[j * p + k] * z[k];
        z[j] = r.out[j] ? 0 : sum / r.a[j * p + j];
        r.rss -= z[j] * z[j];
    }
    double df = (double)d->n - (double)r.used;
    if (df < 1) {
        df = 1;
        d->weak = true;
    }
    coefficients(&r, z, 0, d->random, r.beta);
    double rss = 0; /* from the residuals: the difference of squares loses digits */
    for (size_t i = 0; i < d->n; i++) {
        double e = d->y[i] - predicted(d->x + i * p, r.beta, p);
        rss += e * e;
    }
    double sigma = sqrt(rss / lb_chisq_q(lb_random_uniform(d->random), df, LB_LOWER));
    coefficients(&r, z, sigma, d->random, r.drawn);
    if (pmm) {
        match_all(d, &r);
    } else {
        for (size_t i = 0; i < d->missing; i++)
            d->out[i] = predicted(d->x_missing + i * p, r.drawn, p) + sigma * lb_random_normal(d->random);
    }
    free(r.out);
    free(memory);
}
