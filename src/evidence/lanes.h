/* Two doubles side by side: what every x86-64 has. Sums in lanes run in an order that never changes. */
#ifndef LUMBAR_EVIDENCE_LANES_H
#define LUMBAR_EVIDENCE_LANES_H

#include <stddef.h>
#include <string.h>

typedef double lb_pair __attribute__((vector_size(16)));

static inline lb_pair lb_pair_load(const double *x)
{
    lb_pair out;
    memcpy(&out, x, sizeof out);
    return out;
}

static inline void lb_pair_store(double *x, lb_pair value) { memcpy(x, &value, sizeof value); }

/* out := out − factor · x. */
static inline void lb_pair_subtract(double factor, const double *x, double *out, size_t n)
{
    lb_pair f = {factor, factor};
    size_t i = 0;
    for (; i + 2 <= n; i += 2) lb_pair_store(out + i, lb_pair_load(out + i) - f * lb_pair_load(x + i));
    for (; i < n; i++) out[i] -= factor * x[i];
}

/* w := 1/(v + τ²), with Σw and Σw². */
static inline void lb_pair_weigh(const double *v, double tau2, size_t n, double *w, double *sum, double *squares)
{
    lb_pair t = {tau2, tau2}, one = {1, 1}, a = {0}, b = {0};
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        lb_pair weight = one / (lb_pair_load(v + i) + t);
        lb_pair_store(w + i, weight);
        a += weight;
        b += weight * weight;
    }
    *sum = a[0] + a[1];
    *squares = b[0] + b[1];
    for (; i < n; i++) {
        w[i] = 1 / (v[i] + tau2);
        *sum += w[i];
        *squares += w[i] * w[i];
    }
}
#endif
