/* Exact partial likelihood for tied events (Cox 1972, discrete time): the chance of these d deaths among all ways to choose d of
 * the risk set. Elementary symmetric functions with their first and second derivatives by the recursion of Gail, Lubin & Rubinstein
 * (1981): adding a person of weight w and covariates x, B_d += w B_{d−1}, and derivatives by the product rule. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox.h"

typedef struct recursion {
    size_t p, most;
    long double *b, *g, *h; /* (most + 1), × p, × p² : long double, since B grows as a binomial coefficient */
} recursion;

static void add_person(recursion *r, size_t d, long double w, const double *x)
{
    size_t p = r->p;
    for (size_t k = d; k >= 1; k--) {
        long double *g = r->g + k * p, *h = r->h + k * p * p, b1 = r->b[k - 1];
        const long double *g1 = r->g + (k - 1) * p, *h1 = r->h + (k - 1) * p * p;
        for (size_t i = 0; i < p; i++) {
            for (size_t j = 0; j <= i; j++) h[i * p + j] += w * (h1[i * p + j] + x[i] * g1[j] + x[j] * g1[i] + (long double)x[i] * x[j] * b1);
        }
        for (size_t i = 0; i < p; i++) g[i] += w * (g1[i] + x[i] * b1);
        r->b[k] += w * b1;
    }
}

/* One tied time: deaths d among the people at risk. */
static void add_time(recursion *r, const lb_cox_data *data, const double *eta, size_t stratum, size_t last, double time, size_t d, lb_cox_sums *out)
{
    size_t p = data->p;
    memset(r->b, 0, (d + 1) * sizeof *r->b);
    memset(r->g, 0, (d + 1) * p * sizeof *r->g);
    memset(r->h, 0, (d + 1) * p * p * sizeof *r->h);
    r->b[0] = 1;
    long double shift = 0, count = 0;
    for (size_t i = data->first[stratum]; i < last; i++) {
        if (data->start && data->start[i] >= time) continue;
        shift += eta[i];
        count++;
    }
    shift /= count; /* weights around one keep B near a binomial coefficient */
    for (size_t i = data->first[stratum]; i < last; i++)
        if (!data->start || data->start[i] < time) add_person(r, d, expl(eta[i] - shift), data->x + i * p);
    long double b = r->b[d];
    out->loglik -= (double)(logl(b) + (long double)d * shift);
    for (size_t i = 0; i < p; i++) {
        long double mean = r->g[d * p + i] / b;
        out->gradient[i] -= (double)mean;
        for (size_t j = 0; j <= i; j++)
            out->information[i * p + j] += (double)(r->h[d * p * p + i * p + j] / b - mean * (r->g[d * p + j] / b));
    }
}

void lb_cox_exact_sums(const lb_cox_data *data, const double *beta, lb_arena *arena, lb_cox_sums *out)
{
    (void)arena;
    size_t p = data->p, most = 1;
    double *eta = lb_alloc(data->n + 1, sizeof *eta);
    for (size_t i = 0; i < data->n && data->offset; i++) eta[i] = data->offset[i];
    for (size_t i = 0; i < data->n; i++)
        for (size_t j = 0; j < p; j++) eta[i] += data->x[i * p + j] * beta[j];
    for (size_t k = 0; k < data->strata; k++)
        for (size_t i = data->first[k], d = 0; i < data->first[k + 1]; i++) {
            d = i > data->first[k] && data->time[i] == data->time[i - 1] ? d + data->event[i] : data->event[i];
            if (d > most) most = d;
        }
    recursion r = {p, most, lb_alloc(most + 1, sizeof *r.b), lb_alloc((most + 1) * p + 1, sizeof *r.g), lb_alloc((most + 1) * p * p + 1, sizeof *r.h)};
    for (size_t k = 0; k < data->strata; k++) {
        for (size_t i = data->first[k], last; i < data->first[k + 1]; i = last) {
            size_t d = 0;
            for (last = i; last < data->first[k + 1] && data->time[last] == data->time[i]; last++) {
                if (!data->event[last]) continue;
                d++;
                out->loglik += eta[last];
                for (size_t j = 0; j < p; j++) out->gradient[j] += data->x[last * p + j];
            }
            if (d) add_time(&r, data, eta, k, last, data->time[i], d, out);
        }
    }
    free(r.b);
    free(r.g);
    free(r.h);
    free(eta);
}
