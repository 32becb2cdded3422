/* Score residuals of a Cox model (Therneau, Grambsch & Fleming 1990) with Efron's ties, for the robust variance of Lin & Wei (1989):
 * what each person adds to the score, minus what was expected of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox.h"

/* Per event time: hazard Σ 1/a0 and Σ mean/a0, to be cumulated from early to late. */
typedef struct jump {
    double time, hazard;
    size_t stratum_first;
} jump;

typedef struct residuals {
    const lb_cox_data *data;
    const double *weight;
    lb_ties ties;
    double *out;
    jump *jumps;      /* in the order of the walk: late to early within a stratum */
    double *moment;   /* jumps × p: Σ mean / a0 */
    size_t count;
    size_t stratum;
    double *mean;
} residuals;

static void at_event_time(void *context, const lb_cox_time *at)
{
    residuals *r = context;
    size_t p = r->data->p;
    while (at->first >= r->data->first[r->stratum + 1]) r->stratum++;
    jump *j = &r->jumps[r->count];
    double *moment = r->moment + r->count++ * p;
    *j = (jump){at->time, 0, r->data->first[r->stratum]};
    for (double k = 0; k < at->deaths; k++) {
        double share = r->ties == LB_EFRON ? k / at->deaths : 0, a0 = at->s0 - share * at->d0;
        j->hazard += 1 / a0;
        for (size_t c = 0; c < p; c++) {
            r->mean[c] = (at->s1[c] - share * at->d1[c]) / a0;
            moment[c] += r->mean[c] / a0;
        }
        for (size_t i = at->first; i < at->last; i++) {
            if (!r->data->event[i]) continue;
            for (size_t c = 0; c < p; c++) /* the death itself, and the part of the hazard it was not exposed to */
                r->out[i * p + c] += (r->data->x[i * p + c] - r->mean[c]) * (1 / at->deaths + r->weight[i] * share / a0);
        }
    }
}

/* Take away what was expected over (start, time] of each person of a stratum: jumps from..to-1 are late to early. */
static void subtract(residuals *r, size_t from, size_t to, size_t first, size_t last)
{
    size_t p = r->data->p, count = to - from;
    double *hazard = lb_alloc(count + 1, sizeof *hazard), *moment = lb_alloc((count + 1) * p + 1, sizeof *moment);
    for (size_t k = 0; k < count; k++) { /* cumulated: index k + 1 holds the k + 1 earliest */
        size_t j = to - 1 - k;
        hazard[k + 1] = hazard[k] + r->jumps[j].hazard;
        for (size_t c = 0; c < p; c++) moment[(k + 1) * p + c] = moment[k * p + c] + r->moment[j * p + c];
    }
    for (size_t i = first; i < last; i++) {
        size_t edge[2] = {0, 0};
        double when[2] = {r->data->start ? r->data->start[i] : -INFINITY, r->data->time[i]};
        for (int e = 0; e < 2; e++) { /* jumps at or before: binary search */
            size_t low = 0, high = count;
            while (low < high) {
                size_t middle = (low + high) / 2;
                if (r->jumps[to - 1 - middle].time <= when[e]) low = middle + 1;
                else high = middle;
            }
            edge[e] = low;
        }
        for (size_t c = 0; c < p; c++)
            r->out[i * p + c] -= r->weight[i] * (r->data->x[i * p + c] * (hazard[edge[1]] - hazard[edge[0]]) -
                                                 (moment[edge[1] * p + c] - moment[edge[0] * p + c]));
    }
    free(hazard);
    free(moment);
}

void lb_cox_score_residuals(const lb_cox_data *data, const lb_cox_fit *fit, lb_ties ties, lb_arena *arena, double *out)
{
    (void)arena;
    size_t p = data->p;
    memset(out, 0, data->n * p * sizeof *out);
    residuals r = {.data = data, .weight = fit->weight, .ties = ties, .out = out, .jumps = lb_alloc(data->events + 1, sizeof *r.jumps),
                   .moment = lb_alloc((data->events + 1) * p + 1, sizeof *r.moment), .mean = lb_alloc(p + 1, sizeof *r.mean)};
    lb_cox_walk(data, fit->weight, at_event_time, &r);
    for (size_t k = 0, from = 0; k < data->strata; k++) {
        size_t to = from;
        while (to < r.count && r.jumps[to].stratum_first == data->first[k]) to++;
        subtract(&r, from, to, data->first[k], data->first[k + 1]);
        from = to;
    }
    free(r.jumps);
    free(r.moment);
    free(r.mean);
}
