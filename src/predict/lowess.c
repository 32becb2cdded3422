/* Locally weighted line on one variable, without the robustness steps (Cleveland 1979, doi:10.1080/01621459.1979.10481038), computed where
 * R's lowess() computes it: at places at least `delta` apart, and straight between them. */
#include "predict/loess.h"

#include <math.h>

/* Weighted line through the points first … last and those tied with the last, at `at`; false where all weights vanish. */
static bool local_line(const double *x, const double *y, size_t n, size_t first, size_t last, double at, double *fitted)
{
    double h = fmax(at - x[first], x[last] - at), sw = 0, mean = 0, spread = 0, cross = 0, level = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t i = first; i < n; i++) {
            double r = fabs(x[i] - at), u = r / h, w = r <= 0.001 * h ? 1 : 1 - u * u * u;
            if (r > 0.999 * h) {
                if (x[i] > at) break;
                continue;
            }
            w = w * w * w;
            if (!round) sw += w, mean += w * x[i], level += w * y[i];
            else spread += w * (x[i] - mean) * (x[i] - mean), cross += w * (x[i] - mean) * (y[i] - level);
        }
        if (!(sw > 0)) return false;
        if (!round) mean /= sw, level /= sw;
    }
    bool line = h > 0 && sqrt(spread / sw) > 0.001 * (x[n - 1] - x[0]);
    *fitted = line ? level + cross / spread * (at - mean) : level;
    return true;
}

void lb_lowess(const double *x, const double *y, size_t n, double span, double *out)
{
    size_t count = (size_t)fmax(2, fmin((double)n, floor(span * (double)n + 1e-7)));
    size_t first = 0, last = count - 1, done = SIZE_MAX, i = 0;
    double delta = n ? 0.01 * (x[n - 1] - x[0]) : 0;
    if (n < 2) {
        if (n) out[0] = y[0];
        return;
    }
    while (true) {
        while (last + 1 < n && x[i] - x[first] > x[last + 1] - x[i]) first++, last++;
        if (!local_line(x, y, n, first, last, x[i], &out[i])) out[i] = y[i];
        for (size_t j = done + 1; done != SIZE_MAX && j < i; j++) {
            double share = (x[j] - x[done]) / (x[i] - x[done]);
            out[j] = share * out[i] + (1 - share) * out[done];
        }
        done = i;
        double cut = x[done] + delta;
        for (i = done + 1; i < n && x[i] <= cut; i++)
            if (x[i] == x[done]) out[i] = out[done], done = i;
        if (done + 1 >= n) return;
        i = i - 1 > done ? i - 1 : done + 1;
    }
}
