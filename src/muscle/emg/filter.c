/* Butterworth band-pass by the bilinear transform of the analogue prototype (Oppenheim and Schafer, Discrete-Time Signal
 * Processing, ch. 7), second-order notch, and zero-phase filtering with steady-state starts (Gustafsson 1996 compares
 * the ways; this is the usual one with reflected ends). */
#include "muscle/emg/filter.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lumbar/base.h>

static const double PI = 3.14159265358979323846;

void lb_filter_bandpass(lb_sections *out, int order, double low_hz, double high_hz, double rate_hz)
{
    double low = 2 * rate_hz * tan(PI * low_hz / rate_hz), high = 2 * rate_hz * tan(PI * high_hz / rate_hz);
    double width = high - low, centre2 = low * high;
    out->count = 0;
    double complex gain = 1, at = cexp(I * 2 * atan(sqrt(centre2) / (2 * rate_hz))); /* z at the centre: gain 1 there */
    for (int k = 0; k < order; k++) {
        double complex p = cexp(I * PI * (2.0 * k + order + 1) / (2.0 * order)) * width / 2;
        double complex root = csqrt(p * p - centre2);
        for (int sign = -1; sign <= 1; sign += 2) {
            double complex s = p + sign * root, z = (2 * rate_hz + s) / (2 * rate_hz - s);
            if (cimag(z) <= 0) continue; /* its conjugate gives the same section */
            double *b = out->b[out->count], *a = out->a[out->count];
            b[0] = 1, b[1] = 0, b[2] = -1;
            a[0] = -2 * creal(z);
            a[1] = creal(z) * creal(z) + cimag(z) * cimag(z);
            gain *= (at * at - 1) / (at * at + a[0] * at + a[1]);
            out->count++;
        }
    }
    for (int i = 0; i < 3 && out->count > 0; i++) out->b[0][i] /= cabs(gain);
}

void lb_filter_notch(lb_sections *out, double hz, double q, double rate_hz)
{
    double w = 2 * PI * hz / rate_hz, beta = tan(w / q / 2), gain = 1 / (1 + beta);
    out->count = 1;
    out->b[0][0] = gain, out->b[0][1] = -2 * gain * cos(w), out->b[0][2] = gain;
    out->a[0][0] = -2 * gain * cos(w), out->a[0][1] = 2 * gain - 1;
}

/* One direction, starting as if the first value had always been there. */
static void run_once(const lb_sections *f, double *x, size_t count)
{
    double scale = x[0];
    for (size_t s = 0; s < f->count; s++) {
        const double *b = f->b[s], *a = f->a[s];
        double gain = (b[0] + b[1] + b[2]) / (1 + a[0] + a[1]);
        double z1 = (gain - b[0]) * scale, z2 = (b[2] - a[1] * gain) * scale;
        for (size_t i = 0; i < count; i++) {
            double in = x[i], y = b[0] * in + z1;
            z1 = b[1] * in - a[0] * y + z2;
            z2 = b[2] * in - a[1] * y;
            x[i] = y;
        }
        scale *= gain;
    }
}

static void reverse(double *x, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        double swap = x[i];
        x[i] = x[count - 1 - i];
        x[count - 1 - i] = swap;
    }
}

void lb_filter_run(const lb_sections *filter, double *x, size_t count, size_t pad)
{
    if (count < 2) return;
    if (pad > count - 1) pad = count - 1;
    double *longer = lb_alloc(count + 2 * pad, sizeof *longer);
    memcpy(longer + pad, x, count * sizeof *x);
    for (size_t i = 0; i < pad; i++) {
        longer[pad - 1 - i] = 2 * x[0] - x[1 + i];
        longer[pad + count + i] = 2 * x[count - 1] - x[count - 2 - i];
    }
    for (int way = 0; way < 2; way++) {
        run_once(filter, longer, count + 2 * pad);
        reverse(longer, count + 2 * pad);
    }
    memcpy(x, longer + pad, count * sizeof *x);
    free(longer);
}

void lb_detrend_line(double *x, size_t count)
{
    double n = (double)count, mean = 0, slope = 0, squares = n * (n * n - 1) / 12;
    for (size_t i = 0; i < count; i++) mean += x[i] / n;
    for (size_t i = 0; i < count; i++) slope += ((double)i - (n - 1) / 2) * (x[i] - mean);
    slope = squares > 0 ? slope / squares : 0;
    for (size_t i = 0; i < count; i++) x[i] -= mean + slope * ((double)i - (n - 1) / 2);
}
