/* Kaplan–Meier: Kaplan & Meier 1958; Greenwood's variance; limits on the log(−log), log, plain, logit or arcsine scale;
 * quantiles by inverting the curve and its pointwise limits (Brookmeyer & Crowley 1982). */
#include <math.h>

#include "analysis/survival.h"

void lb_km_fit(const lb_survival *data, const uint32_t *index, size_t n, lb_arena *arena, lb_km *out)
{
    size_t steps = 0;
    for (size_t i = 0, last = SIZE_MAX; i < n; i++) {
        if (!data->event[index[i]]) continue;
        if (last == SIZE_MAX || data->time[index[i]] != data->time[index[last]]) steps++;
        last = i;
    }
    *out = (lb_km){.steps = steps, .n = n, .last_time = n ? data->time[index[n - 1]] : NAN};
    double **array[] = {&out->time, &out->at_risk, &out->died, &out->survival, &out->greenwood};
    for (size_t k = 0; k < LB_COUNT(array); k++) *array[k] = lb_arena_array(arena, steps + 1, sizeof(double));
    double survival = 1, sum = 0;
    for (size_t i = 0, step = 0; i < n;) {
        double time = data->time[index[i]];
        size_t j = i, died = 0;
        for (; j < n && data->time[index[j]] == time; j++) died += data->event[index[j]];
        if (died) {
            double at_risk = (double)(n - i), d = (double)died;
            survival *= (at_risk - d) / at_risk;
            sum += d / (at_risk * (at_risk - d)); /* infinite when the last people all have their event */
            out->time[step] = time;
            out->at_risk[step] = at_risk;
            out->died[step] = d;
            out->survival[step] = survival;
            out->greenwood[step++] = sum;
            out->events += died;
        }
        i = j;
    }
}

void lb_km_limits(double s, double greenwood, lb_km_ci type, double z, double *lower, double *upper)
{
    double se = sqrt(greenwood); /* of log S */
    *lower = *upper = NAN;
    if (s <= 0) return; /* nobody is left: Greenwood's variance does not exist, on no scale (as in R) */
    switch (type) {
    case LB_CI_PLAIN:
        *lower = fmax(s - z * se * s, 0);
        *upper = fmin(s + z * se * s, 1);
        return;
    case LB_CI_LOG:
        *lower = s * exp(-z * se);
        *upper = fmin(s * exp(z * se), 1);
        return;
    case LB_CI_LOGLOG:
        if (s >= 1) return; /* no event yet: log(−log 1) does not exist */
        *lower = exp(-exp(log(-log(s)) - z * se / log(s)));
        *upper = exp(-exp(log(-log(s)) + z * se / log(s)));
        return;
    case LB_CI_LOGIT: {
        if (s >= 1) return;
        double width = z * se / (1 - s), centre = log(s / (1 - s));
        *lower = 1 / (1 + exp(-(centre - width)));
        *upper = 1 / (1 + exp(-(centre + width)));
        return;
    }
    case LB_CI_ARCSIN: {
        if (s >= 1) return;
        double width = 0.5 * z * se * sqrt(s / (1 - s)), centre = asin(sqrt(s));
        double low = sin(fmax(0, centre - width)), high = sin(fmin(asin(1), centre + width));
        *lower = low * low;
        *upper = high * high;
    }
    }
}

double lb_km_quantile(const lb_km *km, const double *curve, double p)
{
    const double level = 1 - p, tolerance = 1.5e-8; /* R's sqrt(.Machine$double.eps) */
    for (size_t i = 0; i < km->steps; i++) {
        if (isnan(curve[i]) || curve[i] > level + tolerance) continue;
        if (curve[i] < level - tolerance) return km->time[i];
        size_t j = i + 1;
        while (j < km->steps && !isnan(curve[j]) && curve[j] > level - tolerance) j++;
        return (km->time[i] + (j < km->steps && !isnan(curve[j]) ? km->time[j] : km->last_time)) / 2;
    }
    return NAN;
}
