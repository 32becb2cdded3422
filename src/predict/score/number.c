/* SPDX-License-Identifier: MIT
 * Elementary functions in plain double arithmetic: reduction to a small interval, then a power series long enough for it. Errors
 * are about one unit in the last place; what matters more is that every processor gives the same bits. */
#include "number.h"

#include <stdint.h>

#define LN2_HIGH 0x1.62e42feep-1       /* 33 bits: k·LN2_HIGH is exact for |k| < 2^20 */
#define LN2_LOW 0x1.a39ef35793c76p-33
#define INV_LN2 1.4426950408889634

typedef union bits {
    double number;
    uint64_t word;
} bits;

static double power_of_two(int64_t k)
{
    bits b = {.word = (uint64_t)(k + 1023) << 52};
    return b.number;
}

double lb_score_exp(double x)
{
    static const double inverse[] = {1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5, 1.0 / 6, 1.0 / 7, 1.0 / 8, 1.0 / 9, 1.0 / 10, 1.0 / 11, 1.0 / 12, 1.0 / 13};
    if (x != x) return x;
    if (x > 709.7827128933840) return __builtin_inf();
    if (x < -745.2) return 0;
    double scaled = x * INV_LN2;
    int64_t k = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    double r = (x - (double)k * LN2_HIGH) - (double)k * LN2_LOW, sum = 1;
    for (int i = 11; i >= 0; i--) sum = 1 + r * inverse[i] * sum; /* (e^r - 1) / r */
    double value = 1 + r * sum;
    if (k > 1023) return value * 2 * power_of_two(k - 1);
    if (k < -1021) return value * power_of_two(k + 100) * power_of_two(-100); /* into the subnormal numbers */
    return value * power_of_two(k);
}

double lb_score_log(double x)
{
    if (x != x || x < 0) return __builtin_nan("");
    if (x == 0) return -__builtin_inf();
    if (x > 1.7976931348623157e308) return x;
    int64_t k = 0;
    if (x < 2.2250738585072014e-308) x *= 18014398509481984.0, k = -54;
    bits b = {.number = x};
    k += (int64_t)(b.word >> 52) - 1023;
    b.word = (b.word & 0x000fffffffffffffu) | 0x3ff0000000000000u;
    double m = b.number;
    if (m > 1.4142135623730951) m *= 0.5, k++;
    double f = m - 1, s = f / (2 + f), s2 = s * s, sum = 0;
    for (int i = 21; i >= 3; i -= 2) sum = (sum + 1.0 / i) * s2; /* log m = 2 (s + s³/3 + s⁵/5 + …) */
    double half = f * f * 0.5; /* f - (f²/2 - s (f²/2 + 2·sum)): little cancels when m is near 1 */
    return (double)k * LN2_HIGH + (f - (half - s * (half + 2 * sum) - (double)k * LN2_LOW));
}

double lb_score_logistic(double x)
{
    if (x >= 0) return 1 / (1 + lb_score_exp(-x));
    double e = lb_score_exp(x);
    return e / (1 + e);
}

double lb_score_tanh(double x)
{
    double size = lb_score_abs(x), x2 = x * x;
    if (size < 0.0625) return x * (1 - x2 * (1.0 / 3 - x2 * (2.0 / 15 - x2 * (17.0 / 315 - x2 * (62.0 / 2835 - x2 * (1382.0 / 155925))))));
    double e = lb_score_exp(-2 * size), t = (1 - e) / (1 + e);
    return x < 0 ? -t : t;
}

double lb_score_cos(double x)
{
    double x2 = x * x, sum = 0;
    for (int i = 26; i >= 2; i -= 2) sum = (1 - sum) * x2 / (i * (i - 1));
    return 1 - sum;
}
