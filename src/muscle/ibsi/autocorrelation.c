/* Moran's I and Geary's C of the region's intensities (IBSI reference manual, section 3.1.11), weights the inverse
 * distances between voxel centres. Sums over all pairs are convolutions with the kernel of inverse distances, done by
 * Fourier transform (Cooley and Tukey 1965) in a box twice as wide as the region. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/ibsi/ibsi.h"

#ifndef CMPLX /* C11's macro is missing with clang over glibc; its initialiser does the same */
#define CMPLX(re, im) ((double _Complex){re, im})
#endif

typedef struct box {
    size_t low[3], size[3]; /* of the region; sizes of the transform are powers of two */
    size_t wide[3], count;
} box;

/* Transform of n = 2^k values in place. */
static void transform(double complex *x, size_t n, const double complex *root)
{
    for (size_t i = 1, j = 0; i < n; i++) { /* bits turned round */
        size_t bit = n >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            double complex swap = x[i];
            x[i] = x[j], x[j] = swap;
        }
    }
    for (size_t half = 1; half < n; half *= 2)
        for (size_t start = 0; start < n; start += 2 * half)
            for (size_t k = 0; k < half; k++) {
                double complex *a = &x[start + k], *b = a + half, r = root[k * (n / (2 * half))];
                double re = creal(*b) * creal(r) - cimag(*b) * cimag(r), im = creal(*b) * cimag(r) + cimag(*b) * creal(r);
                *b = *a - CMPLX(re, im);
                *a += CMPLX(re, im);
            }
}

static void transform_box(double complex *x, const box *b)
{
    const double pi = 3.14159265358979323846;
    const size_t step[3] = {1, b->wide[0], b->wide[0] * b->wide[1]};
    for (int a = 0; a < 3; a++) {
        size_t n = b->wide[a];
        double complex *line = lb_alloc(n, sizeof *line), *root = lb_alloc(n, sizeof *root);
        for (size_t k = 0; k < n; k++) root[k] = CMPLX(cos(2 * pi * (double)k / (double)n), -sin(2 * pi * (double)k / (double)n));
        for (size_t i = 0; i < b->count / n; i++) {
            size_t first = i % step[a] + i / step[a] * step[a] * n;
            for (size_t k = 0; k < n; k++) line[k] = x[first + k * step[a]];
            transform(line, n, root);
            for (size_t k = 0; k < n; k++) x[first + k * step[a]] = line[k];
        }
        free(line);
        free(root);
    }
}

static box find_box(const lb_ibsi *r)
{
    box b = {.low = {SIZE_MAX, SIZE_MAX, SIZE_MAX}, .count = 1};
    size_t high[3] = {0}, i = 0;
    for (size_t z = 0; z < r->size[2]; z++)
        for (size_t y = 0; y < r->size[1]; y++)
            for (size_t x = 0; x < r->size[0]; x++, i++) {
                size_t at[3] = {x, y, z};
                for (int a = 0; a < 3 && r->inside[i]; a++) {
                    if (at[a] < b.low[a]) b.low[a] = at[a];
                    if (at[a] > high[a]) high[a] = at[a];
                }
            }
    for (int a = 0; a < 3; a++) {
        b.size[a] = high[a] - b.low[a] + 1;
        for (b.wide[a] = 1; b.wide[a] < 2 * b.size[a]; b.wide[a] *= 2) {}
        b.count *= b.wide[a];
    }
    return b;
}

static void fill_kernel(const lb_ibsi *r, const box *b, double complex *kernel)
{
    for (size_t i = 0; i < b->count; i++) {
        size_t at[3] = {i % b->wide[0], i / b->wide[0] % b->wide[1], i / b->wide[0] / b->wide[1]};
        double squares = 0;
        for (int a = 0; a < 3; a++) {
            size_t d = at[a] <= b->wide[a] / 2 ? at[a] : b->wide[a] - at[a];
            squares += (double)d * r->spacing_mm[a] * ((double)d * r->spacing_mm[a]);
        }
        kernel[i] = squares > 0 ? 1 / sqrt(squares) : 0;
    }
}

/* The voxel of the region's box that lies at a place of the transform's box. */
static size_t place(const lb_ibsi *r, const box *b, size_t x, size_t y, size_t z)
{
    return b->low[0] + x + r->size[0] * (b->low[1] + y + r->size[1] * (b->low[2] + z));
}

void lb_ibsi_autocorrelation(lb_ibsi *r, double mean)
{
    box b = find_box(r);
    double complex *kernel = lb_arena_try(r->arena, b.count, sizeof *kernel), *both = lb_arena_try(r->arena, b.count, sizeof *both);
    if (!kernel || !both) return; /* not enough memory: not among the rows */
    fill_kernel(r, &b, kernel);
    for (size_t z = 0; z < b.size[2]; z++)
        for (size_t y = 0; y < b.size[1]; y++)
            for (size_t x = 0; x < b.size[0]; x++) {
                size_t v = place(r, &b, x, y, z);
                if (r->inside[v]) both[x + b.wide[0] * (y + b.wide[1] * z)] = CMPLX(1, r->value[v] - mean);
            }
    transform_box(kernel, &b);
    transform_box(both, &b);
    /* The kernel is real and even: the real part of the product belongs to the mask, the imaginary one to the values. */
    for (size_t i = 0; i < b.count; i++) both[i] = conj(both[i] * creal(kernel[i]));
    transform_box(both, &b);
    double weight = 0, product = 0, own = 0, squares = 0, count = (double)b.count, n = (double)r->voxels;
    for (size_t z = 0; z < b.size[2]; z++)
        for (size_t y = 0; y < b.size[1]; y++)
            for (size_t x = 0; x < b.size[0]; x++) {
                size_t v = place(r, &b, x, y, z);
                if (!r->inside[v]) continue;
                double complex sums = conj(both[x + b.wide[0] * (y + b.wide[1] * z)]) / count;
                double u = r->value[v] - mean;
                weight += creal(sums), own += u * u * creal(sums), product += u * cimag(sums), squares += u * u;
            }
    lb_ibsi_push(r, "morph_moran_i", "", "", n / weight * product / squares);
    lb_ibsi_push(r, "morph_geary_c", "", "", (n - 1) / (2 * weight) * (2 * own - 2 * product) / squares);
}
