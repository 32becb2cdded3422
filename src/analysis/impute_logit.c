/* Draws of a category given predictors: multinomial logistic regression (logistic for two levels) with parameters drawn from
 * their normal approximation. Light artificial rows keep a separated likelihood finite (White, Daniel & Royston 2010,
 * doi:10.1016/j.csda.2010.04.005): for every predictor one standard deviation half to both sides, in every category, with the
 * weight of as many people as there are parameters of a category in all. */
#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/impute.h"

typedef struct logit {
    size_t n, p, k;      /* rows with the artificial ones; predictors; categories less one */
    double *x, *weight;  /* n × p */
    int32_t *y;
    double *beta, *gradient, *information, *share; /* k·p, k·p, (k·p)², k + 1 */
} logit;

static void augment(logit *l, const lb_impute_draw *d)
{
    size_t p = l->p, added = 2 * (p - 1) * d->levels;
    double *mean = lb_alloc(2 * p, sizeof *mean), *sd = mean + p;
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < p; j++) mean[j] += d->x[i * p + j] / (double)d->n;
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < p; j++) sd[j] += (d->x[i * p + j] - mean[j]) * (d->x[i * p + j] - mean[j]) / fmax((double)d->n - 1, 1);
    memcpy(l->x, d->x, d->n * p * sizeof *l->x);
    for (size_t i = 0; i < d->n; i++) {
        l->weight[i] = 1;
        l->y[i] = (int32_t)d->y[i];
    }
    size_t row = d->n;
    for (size_t j = 1; j < p; j++) {
        for (int side = -1; side <= 1; side += 2) {
            for (size_t c = 0; c < d->levels; c++, row++) {
                memcpy(l->x + row * p, mean, p * sizeof *mean);
                l->x[row * p + j] += 0.5 * side * sqrt(sd[j]);
                l->weight[row] = (double)p / (double)added;
                l->y[row] = (int32_t)c;
            }
        }
    }
    free(mean);
}

/* Probabilities of the categories at x: category 0 is the reference. */
static void shares(const logit *l, const double *x, const double *beta, double *share)
{
    double most = 0, sum = 0;
    share[0] = 0;
    for (size_t c = 0; c < l->k; c++) {
        double eta = 0;
        for (size_t j = 0; j < l->p; j++) eta += x[j] * beta[c * l->p + j];
        share[c + 1] = eta;
        most = fmax(most, eta);
    }
    for (size_t c = 0; c <= l->k; c++) sum += share[c] = exp(share[c] - most);
    for (size_t c = 0; c <= l->k; c++) share[c] /= sum;
}

static double evaluate(logit *l, const double *beta)
{
    size_t p = l->p, size = l->k * p;
    double loglik = 0;
    memset(l->gradient, 0, size * sizeof *l->gradient);
    memset(l->information, 0, size * size * sizeof *l->information);
    for (size_t i = 0; i < l->n; i++) {
        const double *x = l->x + i * p;
        shares(l, x, beta, l->share);
        loglik += l->weight[i] * log(fmax(l->share[l->y[i]], 1e-300));
        for (size_t c = 0; c < l->k; c++) {
            double residual = l->weight[i] * ((l->y[i] == (int32_t)c + 1) - l->share[c + 1]);
            for (size_t j = 0; j < p; j++) l->gradient[c * p + j] += residual * x[j];
            for (size_t b = 0; b <= c; b++) {
                double v = l->weight[i] * l->share[c + 1] * ((b == c) - l->share[b + 1]);
                for (size_t j = 0; j < p; j++) {
                    double vx = v * x[j];
                    double *row = l->information + (c * p + j) + b * p * size;
                    for (size_t m = 0; m < p; m++) row[m * size] += vx * x[m];
                }
            }
        }
    }
    return loglik;
}

/* Newton with halving; a ridge of 1e-6 of the diagonal carries collinear predictors. Leaves the factor in `information`. */
static bool fit(logit *l)
{
    size_t size = l->k * l->p;
    double *step = lb_alloc(2 * size + 1, sizeof *step), *trial = step + size, best = evaluate(l, l->beta);
    bool good = true;
    for (int iteration = 0; iteration < 25; iteration++) {
        for (size_t j = 0; j < size; j++) l->information[j + j * size] *= 1 + 1e-6;
        memcpy(step, l->gradient, size * sizeof *step);
        if (lb_chol(l->information, size)) {
            good = false;
            break;
        }
        lb_chol_solve(l->information, size, step, 1);
        double largest = 0, factor = 1, there = best;
        for (size_t j = 0; j < size; j++) largest = fmax(largest, fabs(step[j]) / (1 + fabs(l->beta[j])));
        if (largest < 1e-7) break; /* the factor just made is that of the optimum */
        for (int half = 0; half < 20; half++, factor /= 2) {
            for (size_t j = 0; j < size; j++) trial[j] = l->beta[j] + factor * step[j];
            there = evaluate(l, trial);
            if (there >= best - 1e-9) break;
        }
        memcpy(l->beta, trial, size * sizeof *trial);
        best = there;
        if (iteration == 24) good = lb_chol(l->information, size) == 0;
    }
    free(step);
    return good;
}

void lb_impute_logit(lb_impute_draw *d)
{
    logit l = {.p = d->p, .k = d->levels - 1, .n = d->n + 2 * (d->p - 1) * d->levels};
    size_t size = l.k * l.p;
    l.x = lb_alloc(l.n * l.p, sizeof *l.x);
    l.weight = lb_alloc(l.n, sizeof *l.weight);
    l.y = lb_alloc(l.n, sizeof *l.y);
    l.beta = lb_alloc(3 * size + size * size + d->levels, sizeof *l.beta);
    l.gradient = l.beta + size;
    l.share = l.beta + 2 * size;
    double *noise = l.share + d->levels;
    l.information = noise + size;
    augment(&l, d);
    if (fit(&l)) {
        for (size_t j = 0; j < size; j++) noise[j] = lb_random_normal(d->random);
        for (size_t j = size; j-- > 0;) { /* Lᵀ v = noise: v has the inverse information as covariance */
            for (size_t k = j + 1; k < size; k++) noise[j] -= l.information[k + j * size] * noise[k];
            noise[j] /= l.information[j + j * size];
        }
        for (size_t j = 0; j < size; j++) l.beta[j] += noise[j];
    } else {
        d->weak = true;
    }
    for (size_t i = 0; i < d->missing; i++) {
        shares(&l, d->x_missing + i * l.p, l.beta, l.share);
        double u = lb_random_uniform(d->random), sum = l.share[0];
        size_t c = 0;
        while (c < l.k && u > sum) sum += l.share[++c];
        d->out[i] = (double)c;
    }
    free(l.x);
    free(l.weight);
    free(l.y);
    free(l.beta);
}
