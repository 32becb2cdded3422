/* The test of normality of Shapiro & Wilk (1965) in Royston's approximation for 3 to 5000 values (1995, Applied Statistics 44:547,
 * algorithm AS R94); and the t test of two arms with variances of their own (Welch 1947). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ancova.h"

static double polynomial(const double *c, size_t count, double x)
{
    double sum = 0;
    for (size_t i = count; i-- > 0;) sum = sum * x + c[i];
    return sum;
}

/* Weights of the ordered values, antisymmetric: a[0] belongs to the largest. */
static void weights(double *a, size_t n)
{
    static const double c1[] = {0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056}, c2[] = {0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633};
    size_t half = n / 2, ends = n > 5 ? 2 : 1;
    double squares = 0, root = 1 / sqrt((double)n);
    if (n == 3) {
        a[0] = sqrt(0.5);
        return;
    }
    for (size_t i = 0; i < half; i++) {
        a[i] = lb_norm_q(((double)i + 0.625) / ((double)n + 0.25), LB_UPPER);
        squares += 2 * a[i] * a[i];
    }
    double length = sqrt(squares), first = polynomial(c1, LB_COUNT(c1), root) + a[0] / length, rest = squares - 2 * a[0] * a[0], left = 1 - 2 * first * first;
    double second = 0;
    if (ends == 2) {
        second = a[1] / length + polynomial(c2, LB_COUNT(c2), root);
        rest -= 2 * a[1] * a[1];
        left -= 2 * second * second;
    }
    double scale = sqrt(rest / left);
    for (size_t i = ends; i < half; i++) a[i] /= scale;
    a[0] = first;
    if (ends == 2) a[1] = second;
}

static double tail(double w, size_t n)
{
    static const double g[] = {-2.273, 0.459}, c3[] = {0.544, -0.39978, 0.025054, -6.714e-4}, c4[] = {1.3822, -0.77857, 0.062767, -0.0020322};
    static const double c5[] = {-1.5861, -0.31082, -0.083751, 0.0038915}, c6[] = {-0.4803, -0.082676, 0.0030302};
    double x = (double)n, y = log(1 - w), mean, sd;
    if (n == 3) return fmax(0, 6 / M_PI * (asin(sqrt(w)) - asin(sqrt(0.75))));
    if (n <= 11) {
        double gamma = polynomial(g, LB_COUNT(g), x);
        if (y >= gamma) return 1e-99;
        y = -log(gamma - y);
        mean = polynomial(c3, LB_COUNT(c3), x);
        sd = exp(polynomial(c4, LB_COUNT(c4), x));
    } else {
        mean = polynomial(c5, LB_COUNT(c5), log(x));
        sd = exp(polynomial(c6, LB_COUNT(c6), log(x)));
    }
    return lb_norm_p((y - mean) / sd, LB_UPPER);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void lb_shapiro_wilk(const double *value, size_t n, lb_value *test)
{
    enum { LEAST = 3, MOST = 5000 };
    if (n < LEAST || n > MOST) {
        lb_set_null(test, "statistic");
        lb_set_null(test, "p");
        lb_set_text(test, "reason", n < LEAST ? "fewer than 3 values" : "more than 5000 values");
        return;
    }
    double *x = lb_alloc(n + n / 2 + 1, sizeof *x), *a = x + n, mean = lb_sum(value, n) / (double)n, squares = 0, linear = 0;
    memcpy(x, value, n * sizeof *x);
    qsort(x, n, sizeof *x, ascending);
    weights(a, n);
    for (size_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    for (size_t i = 0; i < n / 2; i++) linear += a[i] * (x[n - 1 - i] - x[i]);
    double w = squares > 0 ? fmin(linear * linear / squares, 1) : NAN;
    lb_set_number(test, "statistic", w);
    lb_set_number(test, "p", isnan(w) ? NAN : tail(w, n));
    free(x);
}

/* Every pair of levels, later less earlier, each with its own variance. */
void lb_welch_rows(const lb_ancova *a, lb_value *rows)
{
    const lb_design *d = a->design;
    const lb_column *arm = lb_design_raw(d, a->treatment);
    if (!arm || arm->type != LB_TEXT || d->variables != 1 || d->terms != 1) return;
    size_t levels = arm->level_count;
    double *n = lb_arena_array(a->arena, 3 * levels + 1, sizeof *n), *mean = n + levels, *variance = mean + levels;
    for (size_t i = 0; i < d->n; i++) n[arm->code[i]]++, mean[arm->code[i]] += d->y[i];
    for (size_t g = 0; g < levels; g++) mean[g] /= n[g];
    for (size_t i = 0; i < d->n; i++) variance[arm->code[i]] += (d->y[i] - mean[arm->code[i]]) * (d->y[i] - mean[arm->code[i]]);
    for (size_t g = 1; g < levels; g++) {
        for (size_t h = 0; h < g; h++) {
            if (n[g] < 2 || n[h] < 2) continue;
            double vg = variance[g] / (n[g] - 1) / n[g], vh = variance[h] / (n[h] - 1) / n[h], v = vg + vh;
            double df = v * v / (vg * vg / (n[g] - 1) + vh * vh / (n[h] - 1));
            lb_value *row = lb_push_object(rows);
            lb_set_textf(row, "contrast", "%s - %s", arm->level[g], arm->level[h]);
            lb_estimate_set(row, mean[g] - mean[h], sqrt(v), df, a->model.level);
        }
    }
}
