/* Limits and steps of many invented values at once: what trial_step() gives for each, to the last bit. */
#include "trial/simulate.h"

#include "base/wide.h"

typedef int64_t eight_bits __attribute__((vector_size(64), aligned(8), may_alias));

/* (value / step rounded) · step, and that · 1e6 rounded / 1e6 when the step is no half: halves go away from 0. Quotients below 2^52
 * lose their fraction by adding 2^52, which leaves halves at the even neighbour; larger ones have none. */
LB_WIDE static void rounded(double *value, size_t n, double step, bool half)
{
    for (size_t i = 0; i < n; i += 8) {
        lb_eight x = *(lb_eight *)(value + i) / step, y = x;
        for (int pass = 0; pass < 2; pass++) {
            eight_bits sign = (eight_bits)x & INT64_MIN;
            lb_eight size = (lb_eight)((eight_bits)x ^ sign), whole = (size + 0x1p52) - 0x1p52, one = size * 0 + 1;
            whole += (lb_eight)((size - whole == 0.5) & (eight_bits)one);
            eight_bits small = size < 0x1p52;
            y = (lb_eight)(((small & (eight_bits)whole) | (~small & (eight_bits)size)) | sign) * (pass ? 1 : step);
            if (half) break;
            x = y * 1e6;
        }
        if (!half) y /= 1e6;
        *(lb_eight *)(value + i) = y;
    }
}

void trial_steps(double *value, size_t n, double low, double high, double step)
{
    bool half = (double)(int64_t)(2 * step) == 2 * step, plain = !(step > 0) || !(low > -1e9 && high < 1e9);
    for (size_t i = 0; i < n; i++) {
        double x = !(value[i] >= low) ? low : value[i] > high ? high : value[i];
        value[i] = plain ? trial_step(x, step) : x;
    }
    size_t whole = n - n % 8;
    if (plain) return;
    rounded(value, whole, step, half);
    for (size_t i = whole; i < n; i++) value[i] = trial_step(value[i], step);
}
