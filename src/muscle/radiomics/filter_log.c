/* Laplacian of Gaussian by recursive filters of fourth order (Deriche 1993, INRIA report 1893; coefficients and scaling of
 * the derivatives: Farneback and Westin 2006, doi:10.1007/11889762_28), normalised across scale: sigma² times the Laplacian
 * in millimetres. Beyond its ends a line goes on with its last value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/filter.h"

/* One exponential series: numerator coefficients with their sums Σn, Σkn, Σk²n. */
typedef struct series {
    double n[4], sum, first, second;
} series;

/* Recursive filter: causal n, anticausal m, shared denominator d; out-of-range output per unit of input. */
typedef struct recursive {
    double n[4], m[5], d[5], before, after;
} recursive;

static const double w1 = 0.6681, l1 = -1.3932, w2 = 2.0787, l2 = -1.3732;

static series numerator(double sigma, double a1, double b1, double a2, double b2)
{
    double s1 = sin(w1 / sigma), c1 = cos(w1 / sigma), e1 = exp(l1 / sigma);
    double s2 = sin(w2 / sigma), c2 = cos(w2 / sigma), e2 = exp(l2 / sigma);
    series s;
    s.n[0] = a1 + a2;
    s.n[1] = e2 * (b2 * s2 - (a2 + 2 * a1) * c2) + e1 * (b1 * s1 - (a1 + 2 * a2) * c1);
    s.n[2] = 2 * e1 * e2 * ((a1 + a2) * c2 * c1 - b1 * c2 * s1 - b2 * c1 * s2) + a2 * e1 * e1 + a1 * e2 * e2;
    s.n[3] = e2 * e1 * e1 * (b2 * s2 - a2 * c2) + e1 * e2 * e2 * (b1 * s1 - a1 * c1);
    s.sum = s.n[0] + s.n[1] + s.n[2] + s.n[3];
    s.first = s.n[1] + 2 * s.n[2] + 3 * s.n[3];
    s.second = s.n[1] + 4 * s.n[2] + 9 * s.n[3];
    return s;
}

static void denominator(double sigma, double d[5])
{
    double c1 = cos(w1 / sigma), e1 = exp(l1 / sigma), c2 = cos(w2 / sigma), e2 = exp(l2 / sigma);
    d[0] = 1;
    d[1] = -2 * (e2 * c2 + e1 * c1);
    d[2] = 4 * c2 * c1 * e1 * e2 + e1 * e1 + e2 * e2;
    d[3] = -2 * c1 * e1 * e2 * e2 - 2 * c2 * e2 * e1 * e1;
    d[4] = e1 * e1 * e2 * e2;
}

/* The anticausal half mirrors the causal one without its present value. */
static void finish(recursive *r, const double n[4], double factor)
{
    double sum_n = 0, sum_m = 0, sum_d = 0;
    for (int k = 0; k < 4; k++) r->n[k] = n[k] * factor;
    r->m[0] = 0;
    for (int k = 1; k <= 4; k++) r->m[k] = (k < 4 ? r->n[k] : 0) - r->d[k] * r->n[0];
    for (int k = 0; k < 4; k++) sum_n += r->n[k];
    for (int k = 1; k <= 4; k++) sum_m += r->m[k];
    for (int k = 0; k <= 4; k++) sum_d += r->d[k];
    r->before = sum_n / sum_d;
    r->after = sum_m / sum_d;
}

/* Smoothing to unit gain. */
static recursive smoothing(double sigma)
{
    recursive r;
    series s = numerator(sigma, 1.3530, 1.8151, -0.3531, 0.0902);
    denominator(sigma, r.d);
    double sum = r.d[0] + r.d[1] + r.d[2] + r.d[3] + r.d[4];
    finish(&r, s.n, 1 / (2 * s.sum / sum - s.n[0]));
    return r;
}

/* Second derivative: no response to a constant, response 2 to x². */
static recursive second_derivative(double sigma)
{
    recursive r;
    series zero = numerator(sigma, 1.3530, 1.8151, -0.3531, 0.0902);
    series two = numerator(sigma, -1.3563, 5.2318, 0.3446, -2.2355), s;
    denominator(sigma, r.d);
    const double *d = r.d;
    double sum = d[0] + d[1] + d[2] + d[3] + d[4], first = d[1] + 2 * d[2] + 3 * d[3] + 4 * d[4];
    double second = d[1] + 4 * d[2] + 9 * d[3] + 16 * d[4];
    double beta = -(2 * two.sum - sum * two.n[0]) / (2 * zero.sum - sum * zero.n[0]);
    for (int k = 0; k < 4; k++) s.n[k] = two.n[k] + beta * zero.n[k];
    s.sum = two.sum + beta * zero.sum;
    s.first = two.first + beta * zero.first;
    s.second = two.second + beta * zero.second;
    double gain = s.second * sum * sum - second * s.sum * sum - 2 * s.first * first * sum + 2 * first * first * s.sum;
    finish(&r, s.n, sum * sum * sum / gain);
    return r;
}

static void filter_line(const double *in, double *out, size_t n, const void *how)
{
    const recursive *r = how;
    double y[5];
    for (int k = 0; k < 5; k++) y[k] = in[0] * r->before;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < 4; k++) sum += r->n[k] * in[i >= k ? i - k : 0];
        for (int k = 1; k <= 4; k++) sum -= r->d[k] * y[k - 1];
        for (int k = 4; k > 0; k--) y[k] = y[k - 1];
        out[i] = y[0] = sum;
    }
    for (int k = 0; k < 5; k++) y[k] = in[n - 1] * r->after;
    for (size_t i = n; i-- > 0;) {
        double sum = 0;
        for (size_t k = 1; k <= 4; k++) sum += r->m[k] * in[i + k < n ? i + k : n - 1] - r->d[k] * y[k - 1];
        for (int k = 4; k > 0; k--) y[k] = y[k - 1];
        y[0] = sum;
        out[i] += sum;
    }
}

double *lb_filter_log(const lb_field *field, double sigma_mm, const char **reason)
{
    size_t count = field->size[0] * field->size[1] * field->size[2];
    for (int a = 0; a < 3; a++)
        if (field->size[a] < 4 || (double)field->size[a] < ceil(sigma_mm / field->spacing_mm[a]) + 1) {
            *reason = "the image is too small for this sigma";
            return NULL;
        }
    double *out = lb_alloc(count, sizeof *out), *part = lb_alloc(count, sizeof *part);
    for (int a = 0; a < 3; a++) {
        memcpy(part, field->value, count * sizeof *part);
        for (int b = 0; b < 3; b++) {
            double sigma = sigma_mm / field->spacing_mm[b];
            recursive r = a == b ? second_derivative(sigma) : smoothing(sigma);
            lb_field_along(part, field->size, b, filter_line, &r);
        }
        double factor = sigma_mm * sigma_mm / (field->spacing_mm[a] * field->spacing_mm[a]);
        for (size_t i = 0; i < count; i++) out[i] += factor * part[i];
    }
    free(part);
    return out;
}
