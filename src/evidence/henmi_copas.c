/* Henmi & Copas 2010 (doi:10.1002/sim.4029): the equal-effects estimate, which small studies move least, with an
 * interval that allows for heterogeneity (τ² by DerSimonian–Laird) and for its being estimated. The distribution of the
 * pivot U is found by conditioning on R, the standardised estimate, given which Q is taken as a gamma variate with its
 * exact first two moments (their section 3). */
#include "evidence/henmi_copas.h"

#include <lumbar/numeric.h>

#include <math.h>

typedef struct pivot {
    double k, tau2, variance; /* Var R = 1 + τ² w₂ */
    double w1, w2, w3, w4;    /* Σw, and Σwʲ / Σw */
    double tail;
} pivot;

/* P(Q ≤ q | R = r) for the gamma distribution with the conditional mean and variance of Q. */
static double q_below(const pivot *p, double q, double r)
{
    if (!(q > 0)) return 0;
    double t = p->tau2, spread = p->w3 - p->w2 * p->w2, inverse = 1 / p->variance;
    double excess = inverse * (inverse * r * r - 1); /* of R² over its mean, in units of Var² */
    double mean = p->k - 1 + t * (p->w1 - p->w2) + t * t * excess * spread;
    double variance = 2 * (p->k - 1) + 4 * t * (p->w1 - p->w2) +
                      2 * t * t * (p->w1 * p->w2 - 2 * p->w3 + p->w2 * p->w2) + 4 * t * t * excess * spread +
                      4 * t * t * t * excess * (p->w4 - 2 * p->w2 * p->w3 + p->w2 * p->w2 * p->w2) +
                      2 * t * t * t * t * inverse * inverse * (1 - 2 * inverse * r * r) * spread * spread;
    if (!(variance > 0)) return q >= mean;
    return lb_chisq_p(2 * q * mean / variance, 2 * mean * mean / variance, LB_LOWER);
}

/* P(U > x) − tail: the integral over r from x of P(Q ≤ f(r / x) | r) φ(r), by the double-exponential rule for a half
 * line (Takahasi & Mori 1974), r = x + exp(t − exp(−t)), whose step is halved until nothing changes. */
static double exceeding(double x, void *context)
{
    const pivot *p = context;
    enum { FEWEST = 64, MOST = 1 << 15 };
    const double from = -3.75, to = 2.75; /* beyond, the integrand is below 1e-18 of the whole */
    double sum = 0, before = NAN, integral = 0;
    for (size_t n = FEWEST; n <= MOST; n *= 2) {
        bool refined = n > FEWEST;
        for (size_t i = refined; i < n; i += refined ? 2 : 1) {
            double t = from + (to - from) * (double)i / (double)n, past = exp(t - exp(-t)), r = x + past, f = r / x;
            double q = (p->w1 / p->w2 - 1) * (f * f - 1) + p->k - 1;
            sum += q_below(p, q, sqrt(p->variance) * r) * lb_norm_d(r) * past * (1 + exp(-t));
        }
        integral = sum * (to - from) / (double)n;
        if (fabs(integral - before) <= 1e-14) break;
        before = integral;
    }
    return integral - p->tail;
}

int lb_henmi_copas_fit(const double *y, const double *v, size_t k, double level, lb_henmi_copas *out, lb_error *err)
{
    pivot p = {.k = (double)k, .tail = (1 - level) / 2};
    double mean = 0, q = 0, critical;
    for (size_t i = 0; i < k; i++) {
        double w = 1 / v[i];
        p.w1 += w;
        p.w2 += w * w;
        p.w3 += w * w * w;
        p.w4 += w * w * w * w;
        mean += w * y[i];
    }
    p.w2 /= p.w1;
    p.w3 /= p.w1;
    p.w4 /= p.w1;
    mean /= p.w1;
    for (size_t i = 0; i < k; i++) q += (y[i] - mean) * (y[i] - mean) / v[i];
    p.tau2 = fmax(0, (q - (p.k - 1)) / (p.w1 - p.w2));
    p.variance = 1 + p.tau2 * p.w2;
    *out = (lb_henmi_copas){mean, sqrt(p.variance / p.w1), NAN, NAN, p.tau2};
    /* The normal quantile is the most it can be, since the probability of Q is at most 1; near 0 it goes to 1/2. */
    double most = lb_norm_q(p.tail, LB_UPPER);
    int code = lb_root(exceeding, &p, 1e-3 * most, most, 1e-14, &critical, err);
    if (code) return code;
    double half = critical * sqrt(p.variance) * out->se;
    out->lower = mean - half;
    out->upper = mean + half;
    return 0;
}
