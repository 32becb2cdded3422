/* Local regression of degree 2 on one variable (Cleveland & Devlin 1988, doi:10.1080/01621459.1988.10478639), computed directly at each place,
 * or at few places between which a cubic with the local slopes runs (Cleveland & Grosse 1991, doi:10.1007/BF01890836). */
#include "predict/loess.h"

#include <math.h>
#include <stdlib.h>

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
 * the points do not spread is left out. *tangent: the slope of the fitted curve there. */
static double local_fit(const double *x, const double *y, size_t n, double at, double bandwidth, double *tangent)
{
    *tangent = 0;
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
    *tangent = (slope - bend * tilt) / bandwidth;
    return mean_y - slope * mean_t - bend * (mean_q - tilt * mean_t);
}

static double fit_at(const double *x, const double *y, size_t n, double span, double at, double *tangent)
{
    *tangent = 0;
    size_t q = (size_t)floor((double)n * fmin(1, span) + 1e-5);
    if (q < 1) q = 1;
    size_t first = window(x, n, q, at);
    double bandwidth = fmax(at - x[first], x[first + q - 1] - at);
    if (bandwidth > 0) return local_fit(x + first, y + first, q, at, bandwidth, tangent);
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] == at) sum += y[i], count++;
    return sum / count;
}

double lb_loess_at(const double *x, const double *y, size_t n, double span, double at)
{
    double tangent;
    return fit_at(x, y, n, span, at, &tangent);
}

/* The middle point of a range, or the nearest to it that the next point is not tied with: upwards before downwards. The middle itself where an end
 * of the range is met first. */
static size_t middle_of(const double *x, size_t first, size_t last)
{
    size_t middle = (first + last) / 2;
    for (size_t off = 0;; off++) {
        if (middle + off >= last) return middle;
        if (x[middle + off] != x[middle + off + 1]) return middle + off;
        if (off > middle - first) return middle;
        if (off && x[middle - off] != x[middle - off + 1]) return middle - off;
    }
}

/* Edges of the cells: a range of more than `most` points is cut at its middle point; ascending. */
static size_t edges_of(const double *x, size_t first, size_t last, double low, double high, size_t most, double *edge)
{
    if (last - first + 1 <= most) return 0;
    size_t middle = middle_of(x, first, last);
    double cut = x[middle];
    if (cut == low || cut == high) return 0;
    size_t left = edges_of(x, first, middle, low, cut, most, edge);
    edge[left] = cut;
    return left + 1 + edges_of(x, middle + 1, last, cut, high, most, edge + left + 1);
}

void lb_loess_interpolated(const double *x, const double *y, size_t n, double span, double *out)
{
    double *edge = lb_alloc(3 * (n + 2), sizeof *edge), *value = edge + n + 2, *slope = value + n + 2;
    double wide = x[n - 1] - x[0], margin = 0.005 * fmax(wide, 1e-10 * fmax(fabs(x[0]), fabs(x[n - 1])) + 1e-30);
    size_t most = (size_t)floor((double)n * span * 0.2), cells = 1, k = 0;
    edge[0] = x[0] - margin;
    cells += edges_of(x, 0, n - 1, edge[0], x[n - 1] + margin, most, edge + 1);
    edge[cells] = x[n - 1] + margin;
    for (size_t v = 0; v <= cells; v++) value[v] = fit_at(x, y, n, span, edge[v], &slope[v]);
    for (size_t i = 0; i < n; i++) {
        while (k + 1 < cells && x[i] > edge[k + 1]) k++;
        double h = edge[k + 1] - edge[k], u = (x[i] - edge[k]) / h, v = 1 - u;
        out[i] = v * v * (1 + 2 * u) * value[k] + u * u * (3 - 2 * u) * value[k + 1] + h * u * v * (v * slope[k] - u * slope[k + 1]);
    }
    free(edge);
}
