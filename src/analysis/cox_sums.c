/* Cox's partial likelihood with its score and information in two walks over the people (Efron 1977; Breslow 1974). The walk from late
 * to early sums what is at risk; a tied time adds scalars over its deaths, as the share of the dead leaves the risk set in equal steps.
 * Σ S2/S0 over the deaths is Σ wᵢ Aᵢ xᵢxᵢᵀ over the people, with Aᵢ the hazard each has lived through: a walk from early to late makes
 * the A, and the cross-products are made by columns. O(n p²), the same order on every machine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox.h"

typedef double pair __attribute__((vector_size(16))); /* SSE2: part of every x86-64 */

/* Hazard at one distinct event time: over its deaths Σ r and Σ share·r, r = 1/(s0 − share·d0). */
typedef struct jump {
    double time, hazard, spared;
    size_t first, last;
} jump;

typedef struct sums {
    const lb_cox_data *data;
    const double *weight;
    lb_ties ties;
    lb_cox_sums *out;
    double s0, d0, *s1, *d1; /* at risk; of the deaths of the time being looked at */
    double product;          /* of risk sums whose logarithm is still to be taken */
    jump *jumps;
    size_t count;
} sums;

/* −log s0, taken of a product of many before it can overflow. */
static void take_log(sums *s, double s0)
{
    static const double large = 1e140;
    if (!(s->product < large && s->product > 1 / large)) {
        s->out->loglik -= log(s->product);
        s->product = 1;
    }
    if (s0 < large && s0 > 1 / large) s->product *= s0;
    else s->out->loglik -= log(s0);
}

/* The deaths leave one after the other, each a share of all: Σ over them of the means and of their outer products. */
static void at_event_time(sums *s, double deaths, jump *at)
{
    size_t p = s->data->p;
    double q0 = 0, q1 = 0, q2 = 0, *information = s->out->information;
    for (double k = 0; k < deaths; k++) {
        double share = s->ties == LB_EFRON ? k / deaths : 0, a0 = s->s0 - share * s->d0, r = 1 / a0;
        take_log(s, a0);
        at->hazard += r;
        at->spared += share * r;
        q0 += r * r;
        q1 += share * (r * r);
        q2 += share * share * (r * r);
    }
    for (size_t i = 0; i < p; i++) s->out->gradient[i] -= at->hazard * s->s1[i] - at->spared * s->d1[i];
    for (size_t i = 0; i < p; i++) {
        double a = q0 * s->s1[i] - q1 * s->d1[i], b = q2 * s->d1[i] - q1 * s->s1[i];
        for (size_t j = 0; j <= i; j++) information[i * p + j] -= a * s->s1[j] + b * s->d1[j];
    }
}

/* From late to early within a stratum. */
static void sum_up(sums *s, size_t first, size_t end)
{
    const lb_cox_data *data = s->data;
    size_t p = data->p, leaving = first, last;
    s->s0 = 0;
    memset(s->s1, 0, p * sizeof *s->s1);
    for (size_t i = first; i < end; i = last) {
        double time = data->time[i], deaths = 0, w0 = 0;
        s->d0 = 0;
        memset(s->d1, 0, p * sizeof *s->d1);
        for (last = i; last < end && data->time[last] == time; last++) {
            double died = data->event[last], w = s->weight[last];
            deaths += died;
            w0 += w;
            s->d0 += died * w;
            for (size_t j = 0; j < p; j++) {
                double wx = w * data->x[last * p + j];
                s->s1[j] += wx;
                s->d1[j] += died * wx;
            }
        }
        s->s0 += w0;
        for (; data->start && leaving < end && data->start[data->by_start[leaving]] >= time; leaving++) {
            size_t gone = data->by_start[leaving]; /* not yet under observation at this time */
            s->s0 -= s->weight[gone];
            for (size_t j = 0; j < p; j++) s->s1[j] -= s->weight[gone] * data->x[gone * p + j];
        }
        if (deaths == 0) continue;
        jump *at = &s->jumps[s->count++];
        *at = (jump){.time = time, .first = i, .last = last};
        at_event_time(s, deaths, at);
    }
}

/* v := wᵢ Aᵢ of a stratum, from early to late; its jumps are from … to − 1 in the order of the first walk. */
static void live_through(const sums *s, size_t first, size_t end, size_t from, size_t to, double *v)
{
    const lb_cox_data *data = s->data;
    double hazard = 0;
    size_t done = end, entering = end;
    for (size_t k = to; k-- > from;) {
        const jump *at = &s->jumps[k];
        for (size_t i = at->last; i < done; i++) v[i] += hazard; /* those before this time */
        for (; data->start && entering > first && data->start[data->by_start[entering - 1]] < at->time; entering--)
            v[data->by_start[entering - 1]] -= hazard;
        hazard += at->hazard;
        for (size_t i = at->first; i < at->last; i++) v[i] += hazard - data->event[i] * at->spared;
        done = at->first;
    }
    for (size_t i = first; i < done; i++) v[i] += hazard;
    for (; data->start && entering > first; entering--) v[data->by_start[entering - 1]] -= hazard;
    for (size_t i = first; i < end; i++) v[i] *= s->weight[i];
}

/* Σ v x y over a block, two by two. */
static double triple(const double *v, const double *x, size_t n)
{
    pair one = {0}, two = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        pair a, b, c, d;
        memcpy(&a, v + i, sizeof a), memcpy(&b, x + i, sizeof b), memcpy(&c, v + i + 2, sizeof c), memcpy(&d, x + i + 2, sizeof d);
        one += a * b;
        two += c * d;
    }
    double rest = 0;
    for (; i < n; i++) rest += v[i] * x[i];
    one += two;
    return one[0] + one[1] + rest;
}

/* Block by block of the columns. */
void lb_cox_cross_products(const lb_cox_data *data, const double *v, double *information)
{
    enum { BLOCK = 512 };
    size_t n = data->n, p = data->p;
    double scaled[BLOCK];
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t m = n - at < BLOCK ? n - at : BLOCK;
        for (size_t i = 0; i < p; i++) {
            const double *x = data->column + i * n + at;
            for (size_t k = 0; k < m; k++) scaled[k] = v[at + k] * x[k];
            for (size_t j = 0; j <= i; j++) information[i * p + j] += triple(scaled, data->column + j * n + at, m);
        }
    }
}

/* As many as there are distinct times with an event, or more. */
static size_t event_times(const lb_cox_data *data)
{
    size_t distinct = data->strata;
    for (size_t i = 1; i < data->n; i++) distinct += data->time[i] != data->time[i - 1];
    return distinct < data->events ? distinct : data->events;
}

void lb_cox_sums_at(const lb_cox_data *data, lb_ties ties, const double *weight, double events_eta, lb_cox_sums *out)
{
    size_t n = data->n, p = data->p;
    double *memory = lb_alloc(2 * p + n + 1, sizeof *memory), *v = memory + 2 * p;
    sums s = {.data = data, .weight = weight, .ties = ties, .out = out, .s1 = memory, .d1 = memory + p, .product = 1,
              .jumps = lb_alloc(event_times(data) + 1, sizeof *s.jumps)};
    out->loglik = events_eta;
    memcpy(out->gradient, data->events_x, p * sizeof *out->gradient);
    for (size_t k = 0; k < data->strata; k++) {
        size_t from = s.count;
        sum_up(&s, data->first[k], data->first[k + 1]);
        live_through(&s, data->first[k], data->first[k + 1], from, s.count, v);
    }
    out->loglik -= log(s.product);
    lb_cox_cross_products(data, v, out->information);
    free(s.jumps);
    free(memory);
}
