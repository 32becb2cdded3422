/* Undecimated wavelet bands (one level of the stationary transform at a time, periodic, odd axes lengthened by their first
 * value), as PyRadiomics takes them. Coiflet of order 1: Daubechies 1992, Ten Lectures on Wavelets, section 8.2, in its
 * closed form; the high-pass filter is the quadrature mirror of the low-pass one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/filter.h"

typedef struct taps {
    double f[6];
    size_t length;
} taps;

static taps make_taps(bool haar, bool high)
{
    const double r7 = sqrt(7), scale = 1 / (16 * sqrt(2));
    taps low = {{(r7 - 3) * scale, (1 - r7) * scale, (14 - 2 * r7) * scale, (14 + 2 * r7) * scale, (5 + r7) * scale,
                 (1 - r7) * scale},
                6};
    if (haar) low = (taps){{sqrt(0.5), sqrt(0.5)}, 2};
    if (!high) return low;
    taps out = {.length = low.length};
    for (size_t k = 0; k < low.length; k++) out.f[k] = (k % 2 ? 1 : -1) * low.f[low.length - 1 - k];
    return out;
}

static void filter_line(const double *in, double *out, size_t n, const void *how)
{
    const taps *t = how;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < t->length; k++) sum += t->f[k] * in[(i + t->length / 2 + t->length * n - k) % n];
        out[i] = sum;
    }
}

static void copy_rows(double *to, const size_t to_size[3], const double *from, const size_t from_size[3], bool wrap)
{
    for (size_t z = 0; z < to_size[2]; z++)
        for (size_t y = 0; y < to_size[1]; y++)
            for (size_t x = 0; x < to_size[0]; x++) {
                size_t i = wrap ? x % from_size[0] : x, j = wrap ? y % from_size[1] : y, k = wrap ? z % from_size[2] : z;
                to[x + to_size[0] * (y + to_size[1] * z)] = from[i + from_size[0] * (j + from_size[1] * k)];
            }
}

double *lb_filter_wavelet(const lb_filter *filter, const lb_field *field)
{
    size_t size[3], count = 1;
    for (int a = 0; a < 3; a++) count *= size[a] = field->size[a] + field->size[a] % 2;
    double *work = lb_alloc(count, sizeof *work);
    copy_rows(work, size, field->value, field->size, true);
    for (int step = 0; step <= filter->before; step++)
        for (int a = 0; a < 3; a++) {
            taps t = make_taps(filter->haar, step == filter->before && filter->high[a]);
            if (!filter->skip[a]) lb_field_along(work, size, a, filter_line, &t);
        }
    double *out = lb_alloc(field->size[0] * field->size[1] * field->size[2], sizeof *out);
    copy_rows(out, field->size, work, size, false);
    free(work);
    return out;
}
