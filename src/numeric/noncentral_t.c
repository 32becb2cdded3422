/* Noncentral t distribution, accurate relative to the value in both tails: T = (Z + ncp) / S with S = chi/sqrt(df), so
 * P(T <= x) = integral over s of Phi(x s - ncp) f(s) ds, whose integrand is positive: adding it up loses nothing.
 * Definition: Johnson, Kotz & Balakrishnan 1995, ch. 31, eq. 31.2; with s = exp(u) the integrand is smooth and has one
 * peak (log-concave in s), so adaptive Gauss-Legendre panels around the peak reach machine precision. */
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#include <lumbar/numeric.h>
#include <math.h>

enum { POINTS = 8, PANELS = 10 };
/* Abscissae and weights of the 16-point Gauss-Legendre rule on [-1, 1], the positive half. */
static const double node[POINTS] = {0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863,
                                    0.6178762444026437484, 0.7554044083550030339, 0.8656312023878317439,
                                    0.9445750230732325761, 0.9894009349916499326};
static const double weight[POINTS] = {0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382,
                                      0.1495959888165767321, 0.1246289712555338720, 0.0951585116824927848,
                                      0.0622535239386478929, 0.0271524594117540949};

typedef struct problem {
    double x, df, ncp;
    int lower;
    double peak; /* log integrand at its peak, subtracted before exp() */
} problem;

/* Log of s^df exp(-df (s^2 - 1) / 2) Phi(...), s = exp(u): the density of u without its constant. */
static double log_integrand(const problem *p, double u)
{
    double z = p->x * exp(u) - p->ncp;
    return -0.5 * p->df * (expm1(2 * u) - 2 * u) + pnorm5(z, 0, 1, p->lower, 1);
}

static double rule(const problem *p, double a, double b)
{
    double centre = 0.5 * (a + b), half = 0.5 * (b - a), sum = 0;
    for (int i = 0; i < POINTS; i++) {
        sum += weight[i] * (exp(log_integrand(p, centre - half * node[i]) - p->peak) +
                            exp(log_integrand(p, centre + half * node[i]) - p->peak));
    }
    return half * sum;
}

static double panel(const problem *p, double a, double b, double whole, double floor_, int depth)
{
    double middle = 0.5 * (a + b);
    double left = rule(p, a, middle), right = rule(p, middle, b);
    if (depth == 0 || fabs(left + right - whole) <= 1e-15 * floor_) return left + right;
    return panel(p, a, middle, left, floor_, depth - 1) + panel(p, middle, b, right, floor_, depth - 1);
}

/* Walk from `u` in steps that double until the log integrand is `drop` below its peak, then narrow down. */
static double edge(const problem *p, double u, double step, double drop)
{
    double inside = u, outside = u + step;
    for (int i = 0; i < 60 && log_integrand(p, outside) > p->peak - drop; i++) {
        inside = outside;
        step *= 2;
        outside += step;
    }
    for (int i = 0; i < 12; i++) {
        double middle = 0.5 * (inside + outside);
        if (log_integrand(p, middle) > p->peak - drop) inside = middle;
        else outside = middle;
    }
    return outside;
}

static double negative(double u, void *context) { return -log_integrand(context, u); }

/* Highest point of the log integrand: bracket by doubling steps from u = 0, then Brent. */
static double find_peak(problem *p)
{
    double step = 0.5 / sqrt(1 + p->df), u = 0, here = log_integrand(p, 0);
    double direction = log_integrand(p, step) > here ? 1 : -1;
    double before = -direction * step, value;
    for (int i = 0; i < 200; i++) {
        double next = u + direction * step, there = log_integrand(p, next);
        if (!(there > here)) {
            double a = fmin(before, next), b = fmax(before, next);
            return lb_minimum(negative, p, a, b, 1e-6, &value);
        }
        before = u;
        u = next;
        here = there;
        step *= 1.5;
    }
    return u;
}

/* log of the constant: 2 (df/2)^(df/2) exp(-df/2) / Gamma(df/2), written with Stirling's remainder so that nothing
 * cancels when df is large. */
static double log_constant(double df)
{
    long double half = 0.5L * df, remainder;
    if (half > 15) {
        long double w = 1 / (half * half);
        remainder = (1 / 12.0L - w * (1 / 360.0L - w * (1 / 1260.0L - w * (1 / 1680.0L - w * (1 / 1188.0L))))) / half;
    } else {
        int sign;
        remainder = lgammal_r(half, &sign) - (half - 0.5L) * logl(half) + half - 0.918938533204672741780329736406L;
    }
    return (double)(0.693147180559945309417232121458L + 0.5L * logl(half) - 0.918938533204672741780329736406L - remainder);
}

double lb_nct_p(double x, double df, double ncp, lb_tail tail)
{
    if (isnan(x) || isnan(df) || isnan(ncp) || df <= 0) return NAN;
    if (isinf(x)) return (x > 0) == (tail == LB_LOWER) ? 1 : 0;
    if (isinf(df) || df > 1e12) return lb_norm_p(x - ncp, tail);
    problem p = {x, df, ncp, tail == LB_LOWER, 0};
    double top = find_peak(&p);
    p.peak = log_integrand(&p, top);
    if (p.peak + 60 < -745) return 0;
    double step = 0.25 / sqrt(1 + df);
    double a = edge(&p, top, -step, 42), b = edge(&p, top, step, 42);
    double first[PANELS], rough = 0, sum = 0;
    for (int i = 0; i < PANELS; i++) {
        double lo = a + (b - a) * i / PANELS, hi = a + (b - a) * (i + 1) / PANELS;
        first[i] = rule(&p, lo, hi);
        rough += first[i];
    }
    for (int i = 0; i < PANELS; i++) {
        double lo = a + (b - a) * i / PANELS, hi = a + (b - a) * (i + 1) / PANELS;
        sum += panel(&p, lo, hi, first[i], rough, 30);
    }
    double value = exp(p.peak + log_constant(df)) * sum;
    return value > 1 ? 1 : value;
}

typedef struct quantile {
    double log_p, df, ncp;
    lb_tail tail;
} quantile;

static double quantile_gap(double x, void *context)
{
    const quantile *q = context;
    double p = lb_nct_p(x, q->df, q->ncp, q->tail);
    return (p > 0 ? log(p) : -1e4) - q->log_p;
}

double lb_nct_q(double p, double df, double ncp, lb_tail tail)
{
    if (!(p >= 0 && p <= 1) || isnan(ncp) || !(df > 0)) return NAN;
    if (p == 0 || p == 1) return (p == 1) == (tail == LB_LOWER) ? INFINITY : -INFINITY;
    if (p > 0.5) { /* log p carries no digits near 1: work in the other tail */
        p = 1 - p;
        tail = tail == LB_LOWER ? LB_UPPER : LB_LOWER;
    }
    quantile q = {log(p), df, ncp, tail};
    double sign = tail == LB_LOWER ? 1 : -1, step = 1 + fabs(ncp) * 0.1, a = ncp, b = ncp, root = NAN;
    for (int i = 0; i < 200 && sign * quantile_gap(a, &q) > 0; i++, step *= 2) a -= step;
    step = 1 + fabs(ncp) * 0.1;
    for (int i = 0; i < 200 && sign * quantile_gap(b, &q) < 0; i++, step *= 2) b += step;
    if (a == b) return a;
    lb_error err = LB_ERROR_INIT;
    if (lb_root(quantile_gap, &q, a, b, 0, &root, &err)) return NAN;
    return root;
}
