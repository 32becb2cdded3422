/* Cox's proportional hazards model: partial likelihood with Efron's (1977) or Breslow's (1974) ties, Newton's method with step
 * halving on its analytic score and information (cox_sums.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox.h"

double lb_cox_weights(const lb_cox_data *data, const double *beta, double *weight)
{
    size_t p = data->p;
    double events = 0;
    for (size_t i = 0; i < data->n; i++) {
        double eta = data->offset ? data->offset[i] : 0;
        for (size_t j = 0; j < p; j++) eta += data->x[i * p + j] * beta[j];
        eta = eta < 700 ? eta : 700;
        weight[i] = exp(eta);
        events += data->event[i] * eta;
    }
    return events;
}

/* Adds (or with sign −1 takes away) a person to the sums. */
static void add(double sign, double w, const double *x, size_t p, double *s0, double *s1, double *s2)
{
    w *= sign;
    *s0 += w;
    for (size_t i = 0, k = 0; i < p; i++) {
        double wx = w * x[i];
        s1[i] += wx;
        for (size_t j = 0; j <= i; j++, k++) s2[k] += wx * x[j];
    }
}

void lb_cox_walk(const lb_cox_data *data, const double *weight, lb_cox_visit visit, void *context)
{
    size_t p = data->p, triangle = p * (p + 1) / 2;
    double *memory = lb_alloc(2 * (p + triangle) + 1, sizeof *memory);
    lb_cox_time at = {.s1 = memory, .s2 = memory + p, .d1 = memory + p + triangle, .d2 = memory + 2 * p + triangle};
    for (size_t k = 0; k < data->strata; k++) {
        size_t end = data->first[k + 1], leaving = data->first[k];
        at.s0 = 0;
        memset(at.s1, 0, (p + triangle) * sizeof *at.s1);
        for (size_t i = data->first[k]; i < end; i = at.last) {
            at.time = data->time[i];
            at.first = i;
            at.deaths = at.d0 = 0;
            for (at.last = i; at.last < end && data->time[at.last] == at.time; at.last++) {
                add(1, weight[at.last], data->x + at.last * p, p, &at.s0, at.s1, at.s2);
                at.deaths += data->event[at.last];
            }
            bool tied = at.deaths > 1; /* the sums over the deaths are asked for only then: a single death has share 0 */
            for (size_t d = i; d < at.last && tied; d++)
                if (data->event[d]) add(1, weight[d], data->x + d * p, p, &at.d0, at.d1, at.d2);
            for (; data->start && leaving < end && data->start[data->by_start[leaving]] >= at.time; leaving++) {
                size_t gone = data->by_start[leaving]; /* not yet under observation at this time */
                add(-1, weight[gone], data->x + gone * p, p, &at.s0, at.s1, at.s2);
            }
            if (at.deaths > 0) visit(context, &at);
            if (tied) memset(at.d1, 0, (p + triangle) * sizeof *at.d1);
        }
    }
    free(memory);
}

static void evaluate(const lb_cox_data *data, lb_ties ties, const double *beta, double *weight, lb_arena *arena, lb_cox_sums *out)
{
    size_t p = data->p;
    out->loglik = 0;
    memset(out->gradient, 0, p * sizeof *out->gradient);
    memset(out->information, 0, p * p * sizeof *out->information);
    double eta = lb_cox_weights(data, beta, weight);
    if (ties == LB_EXACT) lb_cox_exact_sums(data, beta, arena, out);
    else lb_cox_sums_at(data, ties, weight, eta, out);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < i; j++) out->information[j * p + i] = out->information[i * p + j];
        if (!data->aliased[i]) continue; /* a column that others make up: held at zero */
        out->gradient[i] = 0;
        for (size_t j = 0; j < p; j++) out->information[i * p + j] = out->information[j * p + i] = i == j;
    }
}

/* step := I⁻¹ u; false when the information is not positive definite. */
static bool newton_step(const lb_cox_sums *sums, size_t p, double *chol, double *step)
{
    memcpy(chol, sums->information, p * p * sizeof *chol);
    memcpy(step, sums->gradient, p * sizeof *step);
    if (lb_chol(chol, p) != 0) return false;
    lb_chol_solve(chol, p, step, 1);
    return true;
}

static void finish(const lb_cox_data *data, const lb_cox_sums *sums, double *chol, lb_cox_fit *out)
{
    size_t p = data->p;
    memcpy(chol, sums->information, p * p * sizeof *chol);
    for (size_t i = 0; i < p * p; i++) out->vcov[i] = NAN;
    if (p && lb_chol(chol, p) == 0) lb_chol_inverse(chol, p, out->vcov);
    out->wald = 0;
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) out->wald += data->aliased[i] || data->aliased[j] ? 0 : out->beta[i] * sums->information[i * p + j] * out->beta[j];
}

int lb_cox_fit_model(const lb_cox_data *data, lb_ties ties, lb_arena *arena, lb_cox_fit *out, lb_error *err)
{
    enum { MOST = 60 };
    size_t p = data->p;
    *out = (lb_cox_fit){0};
    out->beta = lb_arena_array(arena, p + 1, sizeof *out->beta);
    out->vcov = lb_arena_array(arena, p * p + 1, sizeof *out->vcov);
    out->infinite = lb_arena_array(arena, p + 1, sizeof *out->infinite);
    out->weight = lb_arena_try(arena, data->n + 1, sizeof *out->weight);
    double *trial = lb_arena_array(arena, p + 1, sizeof *trial), *step = lb_arena_array(arena, p + 1, sizeof *step);
    double *chol = lb_arena_array(arena, p * p + 1, sizeof *chol);
    if (out->weight == NULL) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people", data->n);
    lb_cox_sums now = {.gradient = lb_arena_array(arena, p + 1, sizeof(double)), .information = lb_arena_array(arena, p * p + 1, sizeof(double))};
    lb_cox_sums next = {.gradient = lb_arena_array(arena, p + 1, sizeof(double)), .information = lb_arena_array(arena, p * p + 1, sizeof(double))};
    evaluate(data, ties, out->beta, out->weight, arena, &now);
    out->loglik_null = now.loglik;
    double *scale = lb_arena_array(arena, p + 1, sizeof *scale); /* standard errors at zero: the size of a step that matters */
    for (size_t i = 0; i < p; i++) scale[i] = 1 / sqrt(now.information[i * p + i]);
    for (; out->iterations < MOST; out->iterations++) {
        if (!newton_step(&now, p, chol, step)) break;
        if (out->iterations == 0)
            for (size_t i = 0; i < p; i++) out->score += now.gradient[i] * step[i];
        double largest = 0, factor = 1;
        for (size_t i = 0; i < p; i++) largest = fmax(largest, fabs(step[i]) / (fabs(out->beta[i]) + scale[i]));
        if (largest < 1e-11) {
            out->converged = true;
            break;
        }
        for (int half = 0;; half++, factor /= 2) {
            for (size_t i = 0; i < p; i++) trial[i] = out->beta[i] + factor * step[i];
            evaluate(data, ties, trial, out->weight, arena, &next);
            if (next.loglik >= now.loglik - 1e-12 * fabs(now.loglik) || half == 30) break;
        }
        bool still = fabs(next.loglik - now.loglik) <= 1e-9 * (fabs(now.loglik) + 1e-3) && largest > 1e-3 && out->iterations > 8;
        memcpy(out->beta, trial, p * sizeof *trial);
        lb_cox_sums swap = now;
        now = next;
        next = swap;
        if (largest < 1e-7 && factor == 1) { /* Newton's steps square the error: what is left is rounding */
            out->converged = true;
            out->iterations++;
            break;
        }
        if (still) break; /* the likelihood stands still while coefficients run */
    }
    for (size_t i = 0; i < p && !out->converged; i++) /* its information vanishes as a coefficient runs off */
        out->infinite[i] = !data->aliased[i] && now.information[i * p + i] * scale[i] * scale[i] < 1e-3;
    if (p == 0) out->converged = true;
    out->loglik = now.loglik;
    finish(data, &now, chol, out);
    return LB_OK;
}
