/* Discrimination, calibration and error of risks. */
#include "predict/measures.h"

#include <lumbar/stats.h>

#include <math.h>

#define EDGE 1e-9

static double off_the_edge(double p) { return fmin(1 - EDGE, fmax(EDGE, p)); }
static double weight_of(const double *weight, size_t i) { return weight ? weight[i] : 1; }

double lb_auc(const double *event, const double *score, const double *weight, size_t n)
{
    lb_arena *arena = lb_arena_new();
    uint32_t *order = lb_arena_array(arena, n + 1, sizeof *order);
    double area = NAN, below = 0, wins = 0, cases = 0;
    if (!lb_sort_order(score, n, order, NULL)) {
        for (size_t i = 0; i < n;) {
            size_t end = i;
            double with = 0, without = 0;
            for (; end < n && score[order[end]] == score[order[i]]; end++) {
                double w = weight_of(weight, order[end]);
                if (event[order[end]] == 1) with += w;
                else without += w;
            }
            wins += with * (below + without / 2);
            cases += with;
            below += without;
            i = end;
        }
        area = cases > 0 && below > 0 ? wins / (cases * below) : NAN;
    }
    lb_arena_free(arena);
    return area;
}

double lb_youden(const double *event, const double *score, const double *weight, size_t n)
{
    lb_arena *arena = lb_arena_new();
    uint32_t *order = lb_arena_array(arena, n + 1, sizeof *order);
    double cases = 0, others = 0, tp = 0, fp = 0, most = -INFINITY, threshold = 0.5;
    for (size_t i = 0; i < n; i++) *(event[i] == 1 ? &cases : &others) += weight_of(weight, i);
    if (cases > 0 && others > 0 && !lb_sort_order(score, n, order, NULL)) {
        for (size_t k = n; k-- > 0;) {
            *(event[order[k]] == 1 ? &tp : &fp) += weight_of(weight, order[k]);
            if (k > 0 && score[order[k - 1]] == score[order[k]]) continue;
            double j = tp / cases - fp / others;
            if (j <= most + 1e-12) continue;
            most = j;
            threshold = k > 0 ? (score[order[k]] + score[order[k - 1]]) / 2 : score[order[k]];
        }
    }
    lb_arena_free(arena);
    return threshold;
}

double lb_log_loss(const double *event, const double *risk, const double *weight, size_t n)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        double p = off_the_edge(risk[i]), w = weight_of(weight, i);
        sum -= w * (event[i] == 1 ? log(p) : log1p(-p));
        total += w;
    }
    return sum / total;
}

bool lb_recalibrate(const double *event, const double *risk, const double *weight, size_t n, double *a, double *b, lb_arena *arena)
{
    double *x = lb_arena_array(arena, 2 * n + 1, sizeof *x);
    lb_logistic fit;
    for (size_t i = 0; i < n; i++) {
        double p = off_the_edge(risk[i]);
        x[i] = 1;
        x[n + i] = log(p) - log1p(-p);
    }
    lb_error err = LB_ERROR_INIT;
    if (lb_logistic_fit(x, event, weight, n, 2, arena, &fit, &err) || !fit.converged || fit.separated || fit.aliased[1]) return false;
    *a = fit.coefficient[0];
    *b = fit.coefficient[1];
    return isfinite(*a) && isfinite(*b);
}

/* Intercept with the slope held at 1, by Newton's method. */
static double in_the_large(const double *event, const double *risk, const double *weight, size_t n)
{
    double a = 0;
    for (int step = 0; step < 50; step++) {
        double score = 0, information = 0;
        for (size_t i = 0; i < n; i++) {
            double p = off_the_edge(risk[i]), q = 1 / (1 + exp(-a) * (1 - p) / p), w = weight_of(weight, i);
            score += w * (event[i] - q);
            information += w * q * (1 - q);
        }
        double move = score / information;
        if (!isfinite(move)) return NAN;
        a += move;
        if (fabs(move) < 1e-12) break;
    }
    return a;
}

lb_measures lb_measure(const double *event, const double *risk, const double *weight, size_t n, lb_arena *arena)
{
    lb_measures m = {.auc = lb_auc(event, risk, weight, n), .log_loss = lb_log_loss(event, risk, weight, n), .slope = NAN, .intercept = NAN};
    double sum = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        double w = weight_of(weight, i);
        sum += w * (event[i] - risk[i]) * (event[i] - risk[i]);
        total += w;
    }
    m.brier = sum / total;
    m.in_the_large = in_the_large(event, risk, weight, n);
    if (!lb_recalibrate(event, risk, weight, n, &m.intercept, &m.slope, arena)) m.slope = m.intercept = NAN;
    return m;
}
