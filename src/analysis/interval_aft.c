/* Accelerated failure time models for interval-censored times: log T = xβ + σW with W extreme value (Weibull, exponential), normal
 * or logistic, by Newton's method on the analytic score and information (Kalbfleisch & Prentice 2002, chapter 3). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/interval.h"

/* Density of W with its derivative, and the distribution's two tails, at z. */
typedef struct point {
    double z, lower, upper, f, f1, f2; /* F, 1 − F, f, f', f'' */
} point;

static point at(lb_aft distribution, double z)
{
    point p = {.z = z};
    if (z == INFINITY || z == -INFINITY) {
        p.z = 0; /* f falls faster than z grows: z f = 0 */
        p.lower = z > 0;
        p.upper = z < 0;
        return p;
    }
    if (distribution == LB_LOGNORMAL) {
        p.lower = lb_norm_p(z, LB_LOWER);
        p.upper = lb_norm_p(z, LB_UPPER);
        p.f = lb_norm_d(z);
        p.f1 = -z * p.f;
        p.f2 = (z * z - 1) * p.f;
    } else if (distribution == LB_LOGLOGISTIC) {
        p.lower = 1 / (1 + exp(-z));
        p.upper = 1 / (1 + exp(z));
        p.f = p.lower * p.upper;
        p.f1 = p.f * (p.upper - p.lower);
        p.f2 = p.f * (1 - 6 * p.f);
    } else {
        double w = exp(fmin(z, 700));
        p.upper = exp(-w);
        p.lower = -expm1(-w);
        p.f = w * p.upper;
        p.f1 = p.f * (1 - w);
        p.f2 = p.f * (1 - 3 * w + w * w);
    }
    return p;
}

/* ∂ of one person's log-likelihood by η and s = log σ. */
typedef struct slope {
    double loglik, e, s, ee, es, ss;
} slope;

static slope one_person(lb_aft distribution, double left, double right, double eta, double sigma)
{
    if (left == right) {
        point p = at(distribution, (log(left) - eta) / sigma);
        double h = p.f1 / p.f, h1 = p.f2 / p.f - h * h, z = p.z;
        return (slope){log(p.f) - log(sigma) - log(left), -h / sigma, -z * h - 1, h1 / (sigma * sigma), (h + z * h1) / sigma, z * h + z * z * h1};
    }
    point l = at(distribution, left > 0 ? (log(left) - eta) / sigma : -INFINITY);
    point r = at(distribution, isfinite(right) ? (log(right) - eta) / sigma : INFINITY);
    double chance = l.upper < 0.5 ? l.upper - r.upper : r.lower - l.lower; /* the tail that keeps digits */
    if (chance <= 0) return (slope){.loglik = -INFINITY};
    double f = (r.f - l.f) / chance, f1 = (r.f1 - l.f1) / chance, zf = (r.z * r.f - l.z * l.f) / chance;
    double zf1 = (r.z * r.f1 - l.z * l.f1) / chance, zzf1 = (r.z * r.z * r.f1 - l.z * l.z * l.f1) / chance;
    return (slope){log(chance), -f / sigma, -zf, f1 / (sigma * sigma) - f * f / (sigma * sigma), (zf1 + f - f * zf) / sigma, zf + zzf1 - zf * zf};
}

typedef struct model {
    const lb_interval_data *data;
    const double *x; /* n × p column-major */
    size_t p, k;
    lb_aft distribution;
    double *gradient, *information;
} model;

static double evaluate(const model *m, const double *theta)
{
    size_t n = m->data->n, p = m->p, k = m->k;
    double loglik = 0, sigma = k > p ? exp(theta[p]) : 1;
    memset(m->gradient, 0, k * sizeof *m->gradient);
    memset(m->information, 0, k * k * sizeof *m->information);
    for (size_t i = 0; i < n; i++) {
        double eta = 0;
        for (size_t j = 0; j < p; j++) eta += m->x[i + j * n] * theta[j];
        slope d = one_person(m->distribution, m->data->left[i], m->data->right[i], eta, sigma);
        if (!isfinite(d.loglik)) return -INFINITY;
        loglik += d.loglik;
        for (size_t a = 0; a < p; a++) {
            double xa = m->x[i + a * n];
            m->gradient[a] += d.e * xa;
            for (size_t b = 0; b <= a; b++) m->information[a + b * k] -= d.ee * xa * m->x[i + b * n];
            if (k > p) m->information[p + a * k] -= d.es * xa;
        }
        if (k > p) {
            m->gradient[p] += d.s;
            m->information[p + p * k] -= d.ss;
        }
    }
    return loglik;
}

/* Least squares of the logarithm of the middles: near enough to begin with. */
static void begin(const model *m, double *theta)
{
    size_t n = m->data->n;
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double l = m->data->left[i], r = m->data->right[i], t = !isfinite(r) ? 1.5 * l : l == 0 ? r / 2 : (l + r) / 2;
        mean += log(fmax(t, 1e-12)) / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double l = m->data->left[i], r = m->data->right[i], t = !isfinite(r) ? 1.5 * l : l == 0 ? r / 2 : (l + r) / 2;
        squares += pow(log(fmax(t, 1e-12)) - mean, 2) / (double)n;
    }
    theta[0] = mean;
    if (m->k > m->p) theta[m->p] = 0.5 * log(fmax(squares, 0.01));
}

int lb_aft_fit_model(const lb_interval_data *data, const double *x, size_t p, lb_aft distribution, lb_arena *arena, lb_aft_fit *out, lb_error *err)
{
    enum { MOST = 200 };
    size_t k = distribution == LB_EXPONENTIAL ? p : p + 1;
    *out = (lb_aft_fit){.p = p, .k = k, .beta = lb_arena_array(arena, k + 1, sizeof(double)), .vcov = lb_arena_array(arena, k * k + 1, sizeof(double))};
    model m = {data, x, p, k, distribution, lb_arena_array(arena, k + 1, sizeof(double)), lb_arena_array(arena, k * k + 1, sizeof(double))};
    double *step = lb_arena_array(arena, k + 1, sizeof *step), *trial = lb_arena_array(arena, k + 1, sizeof *trial);
    double *chol = lb_arena_array(arena, k * k + 1, sizeof *chol), best;
    begin(&m, out->beta);
    best = evaluate(&m, out->beta);
    if (!isfinite(best)) return lb_fail(err, LB_BAD_DATA, "the model cannot be started: times differ by too many orders of magnitude");
    for (; out->iterations < MOST; out->iterations++) {
        double ridge = 0, decrement = 0, there = -INFINITY, factor = 1;
        for (int attempt = 0; attempt < 30; attempt++) { /* towards steepest ascent where the information is not positive definite */
            memcpy(chol, m.information, k * k * sizeof *chol);
            for (size_t j = 0; j < k; j++) chol[j + j * k] += ridge * (fabs(chol[j + j * k]) + 1e-8);
            if (lb_chol(chol, k) == 0) break;
            ridge = ridge > 0 ? ridge * 10 : 1e-4;
        }
        memcpy(step, m.gradient, k * sizeof *step);
        lb_chol_solve(chol, k, step, 1);
        for (size_t j = 0; j < k; j++) decrement += step[j] * m.gradient[j];
        double largest = 0; /* a coefficient that runs off: the likelihood stands still while the steps do not shrink */
        for (size_t j = 0; j < k; j++) largest = fmax(largest, fabs(step[j]) / (1 + fabs(out->beta[j])));
        if (decrement < 1e-20 && ridge == 0) {
            out->converged = largest < 1e-5;
            break;
        }
        for (int half = 0; half < 40; half++, factor /= 2) {
            for (size_t j = 0; j < k; j++) trial[j] = out->beta[j] + factor * step[j];
            there = evaluate(&m, trial);
            if (there >= best - 1e-12 * fabs(best)) break;
        }
        if (!(there >= best - 1e-9 * fabs(best))) break;
        memcpy(out->beta, trial, k * sizeof *trial);
        best = there;
        if (decrement < 1e-13 && ridge == 0) { /* the square of it is below rounding */
            out->converged = largest < 1e-5;
            break;
        }
    }
    out->loglik = evaluate(&m, out->beta);
    out->scale = k > p ? exp(out->beta[p]) : 1;
    memcpy(chol, m.information, k * k * sizeof *chol);
    if (lb_chol(chol, k) == 0) lb_chol_inverse(chol, k, out->vcov);
    else out->converged = false;
    return 0;
}

double lb_aft_survival(lb_aft distribution, double eta, double scale, double time)
{
    return time <= 0 ? 1 : at(distribution, (log(time) - eta) / scale).upper;
}
