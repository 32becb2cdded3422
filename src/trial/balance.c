/* The chance of each arm given what went before in its block, and what a guesser could make of it.
 * Berger & Exner 1999, Control Clin Trials 20:319: without selection bias a baseline covariate has slope 0 on that chance. */
#include "trial/balance.h"

#include <math.h>

/* Falling factorial h (h-1) … (h-k+1). */
static double falling(double h, unsigned k)
{
    double product = 1;
    for (unsigned i = 0; i < k; i++) product *= h - i;
    return product;
}

/* P(first arm next | a of it and b of the other so far in this block). Known size: what is left in the block. Unknown: a
 * mixture over the sizes, each weighted by how well it explains the block so far. */
double trial_chance_before(unsigned a, unsigned b, unsigned known_size, const unsigned *size, unsigned sizes)
{
    double weight = 0, sum = 0;
    for (unsigned i = 0; i < (known_size ? 1 : sizes); i++) {
        double n = known_size ? known_size : size[i], half = n / 2;
        if (a > half || b > half || a + b >= n) continue;
        double w = falling(half, a) * falling(half, b) / falling(n, a + b);
        weight += w;
        sum += w * (half - a) / (n - a - b);
    }
    return weight > 0 ? sum / weight : NAN;
}

/* Least squares of y on x with an intercept, centred so that nothing cancels. */
void trial_slope(const double *x, const double *y, size_t n, trial_line *out)
{
    double mean_x = 0, mean_y = 0, sxx = 0, sxy = 0, rss = 0;
    for (size_t i = 0; i < n; i++) {
        mean_x += x[i];
        mean_y += y[i];
    }
    mean_x /= (double)n;
    mean_y /= (double)n;
    for (size_t i = 0; i < n; i++) {
        sxx += (x[i] - mean_x) * (x[i] - mean_x);
        sxy += (x[i] - mean_x) * (y[i] - mean_y);
    }
    out->n = n;
    out->df = (double)n - 2;
    out->slope = sxx > 0 ? sxy / sxx : NAN;
    for (size_t i = 0; i < n; i++) {
        double residual = y[i] - mean_y - out->slope * (x[i] - mean_x);
        rss += residual * residual;
    }
    out->se = n > 2 ? sqrt(rss / out->df / sxx) : NAN;
    out->statistic = out->slope / out->se;
}
