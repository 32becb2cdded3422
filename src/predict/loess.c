/* Local regression of degree 2 on one variable, computed directly at each place (Cleveland & Devlin 1988,
 * doi:10.1080/01621459.1988.10478639). */
#include "predict/loess.h"

#include <math.h>

/* First index of the q nearest neighbours of `at` in the ascending x. */
static size_t window(const double *x, size_t n, size_t q, double at)
{
    size_t low = 0, high = n - q; /* the first of them lies in [low, high] */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (at - x[middle] > x[middle + q] - at) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Intercept of the weighted least squares of y on 1, t, t², by Gram-Schmidt; t = (x - at)/bandwidth. A direction in which
 * the points do not spread is left out. */
static double local_fit(const double *x, const double *y, size_t n, double at, double bandwidth)
{
    double sw = 0, st = 0, sy = 0;
    for (size_t i = 0; i < n; i++) {
        double t = (x[i] - at) / bandwidth, u = fabs(t) < 1 ? 1 - fabs(t * t * t) : 0, w = u * u * u;
        sw += w, st += w * t, sy += w * y[i];
    }
    double mean_t = st / sw, mean_y = sy / sw, stt = 0, sty = 0, sqt = 0, sq = 0;
    for (size_t i = 0; i < n; i++) {
        double t = (x[i] - at) / bandwidth, u = fabs(t) < 1 ? 1 - fabs(t * t * t) : 0, w = u * u * u, c = t - mean_t;
        stt += w * c * c, sty += w * c * (y[i] - mean_y), sqt += w * t * t * c, sq += w * t * t;
    }
    if (!(stt > 1e-14 * sw)) return mean_y;
    double slope = sty / stt, mean_q = sq / sw, tilt = sqt / stt, sqq = 0, sqy = 0;
    for (size_t i = 0; i < n; i++) {
        double t = (x[i] - at) / bandwidth, u = fabs(t) < 1 ? 1 - fabs(t * t * t) : 0, w = u * u * u, c = t - mean_t;
        double q = t * t - mean_q - tilt * c;
        sqq += w * q * q, sqy += w * q * (y[i] - mean_y - slope * c);
    }
    double bend = sqq > 1e-14 * sw ? sqy / sqq : 0;
    return mean_y - slope * mean_t - bend * (mean_q - tilt * mean_t);
}

double lb_loess_at(const double *x, const double *y, size_t n, double span, double at)
{
    size_t q = (size_t)floor((double)n * fmin(1, span) + 1e-5);
    if (q < 1) q = 1;
    size_t first = window(x, n, q, at);
    double bandwidth = fmax(at - x[first], x[first + q - 1] - at);
    if (bandwidth > 0) return local_fit(x + first, y + first, q, at, bandwidth);
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] == at) sum += y[i], count++;
    return sum / count;
}
