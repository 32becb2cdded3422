/* Where an axis has its ticks: at 1, 2 or 5 times a power of ten; on a log axis at the same values, or at whole powers
 * when those are too many. */
#include <lumbar/figure.h>

#include <math.h>
#include <stdlib.h>

/* mantissa × 10^power, correctly rounded for the powers that axes use. */
static double decimal(double mantissa, int power)
{
    double scale = pow(10, abs(power));
    return power < 0 ? mantissa / scale : mantissa * scale;
}

size_t lb_ticks(double low, double high, size_t max, double *tick)
{
    if (!isfinite(high - low) || max == 0 || low > high) return 0;
    if (low == high) {
        tick[0] = low;
        return 1;
    }
    static const double mantissas[] = {1, 2, 5};
    int power = (int)floor(log10((high - low) / (double)max)) - 1;
    double slack = (high - low) * 1e-9; /* an end that misses a tick by rounding still gets it */
    for (;; power++) {
        for (size_t m = 0; m < LB_COUNT(mantissas); m++) {
            double step = decimal(mantissas[m], power);
            double first = ceil((low - slack) / step), last = floor((high + slack) / step);
            if (last - first + 1 > (double)max) continue;
            if (last < first) return 0;
            size_t count = 0;
            for (double i = first; i <= last && count < max; i++) tick[count++] = decimal(i * mantissas[m], power);
            return count;
        }
    }
}

/* Ticks at `mantissa[]` times every `every`-th power of ten; counts all, writes the first max. */
static size_t powers(double low, double high, const double *mantissa, size_t mantissas, int every, size_t max,
                     double *tick)
{
    size_t count = 0;
    int first = (int)floor(log10(low)) - 1, last = (int)ceil(log10(high));
    for (int power = first; power <= last; power++) {
        if (((power % every) + every) % every != 0) continue;
        for (size_t m = 0; m < mantissas; m++) {
            double value = decimal(mantissa[m], power);
            if (value < low * (1 - 1e-12) || value > high * (1 + 1e-12)) continue;
            if (count < max) tick[count] = value;
            count++;
        }
    }
    return count;
}

size_t lb_ticks_log(double low, double high, size_t max, double *tick)
{
    if (!(low > 0) || !isfinite(high) || max == 0 || low > high) return 0;
    static const double all[] = {1, 2, 5}, outer[] = {1, 5}, ones[] = {1};
    size_t count = powers(low, high, all, 3, 1, max, tick);
    if (count < 3) return lb_ticks(low, high, max, tick); /* a range this narrow is nearly linear */
    if (count <= max) return count;
    count = powers(low, high, outer, 2, 1, max, tick);
    if (count <= max) return count;
    for (int every = 1;; every++) {
        count = powers(low, high, ones, 1, every, max, tick);
        if (count <= max) return count;
    }
}
