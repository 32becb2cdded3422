/* Exact Euclidean distance transform in a plane by lower envelopes of parabolas, rows then columns (Felzenszwalb and
 * Huttenlocher 2012, doi:10.4086/toc.2012.v008a019). */
#include "muscle/segment/distance.h"

#include <math.h>
#include <stdlib.h>

#include <lumbar/base.h>

static const double FAR = 1e12;

/* One line: f holds squared distances so far, out the lower envelope of the parabolas. */
static void envelope(const double *f, size_t n, double step, double *out, size_t *vertex, double *cut)
{
    size_t k = 0;
    vertex[0] = 0;
    cut[0] = -INFINITY;
    cut[1] = INFINITY;
    for (size_t q = 1; q < n; q++) {
        double x = (double)q * step, s;
        for (;;) {
            double v = (double)vertex[k] * step;
            s = ((f[q] + x * x) - (f[vertex[k]] + v * v)) / (2 * (x - v));
            if (s > cut[k] || k == 0) break;
            k--;
        }
        if (s <= cut[k]) continue;
        vertex[++k] = q;
        cut[k] = s;
        cut[k + 1] = INFINITY;
    }
    k = 0;
    for (size_t q = 0; q < n; q++) {
        double x = (double)q * step;
        while (cut[k + 1] < x) k++;
        double d = x - (double)vertex[k] * step;
        out[q] = d * d + f[vertex[k]];
    }
}

void lb_distance_plane(const uint8_t *inside, uint8_t value, const size_t size[2], const double spacing_mm[2], double *out)
{
    size_t longest = size[0] > size[1] ? size[0] : size[1];
    double *line = lb_alloc(longest, sizeof *line), *done = lb_alloc(longest, sizeof *done), *cut = lb_alloc(longest + 1, sizeof *cut);
    size_t *vertex = lb_alloc(longest, sizeof *vertex);
    for (size_t i = 0; i < size[0] * size[1]; i++) out[i] = inside[i] == value ? 0 : FAR;
    for (size_t y = 0; y < size[1]; y++) {
        for (size_t x = 0; x < size[0]; x++) line[x] = out[x + size[0] * y];
        envelope(line, size[0], spacing_mm[0], done, vertex, cut);
        for (size_t x = 0; x < size[0]; x++) out[x + size[0] * y] = fmin(done[x], FAR);
    }
    for (size_t x = 0; x < size[0]; x++) {
        for (size_t y = 0; y < size[1]; y++) line[y] = out[x + size[0] * y];
        envelope(line, size[1], spacing_mm[1], done, vertex, cut);
        for (size_t y = 0; y < size[1]; y++) out[x + size[0] * y] = fmin(done[y], FAR);
    }
    free(line);
    free(done);
    free(cut);
    free(vertex);
}

void lb_distance_space(const uint8_t *inside, const size_t size[3], const double spacing_mm[3], double *out)
{
    size_t plane = size[0] * size[1];
    double *line = lb_alloc(size[2], sizeof *line), *done = lb_alloc(size[2], sizeof *done), *cut = lb_alloc(size[2] + 1, sizeof *cut);
    size_t *vertex = lb_alloc(size[2], sizeof *vertex);
    for (size_t z = 0; z < size[2]; z++) lb_distance_plane(inside + z * plane, 1, size, spacing_mm, out + z * plane);
    for (size_t p = 0; p < plane; p++) {
        for (size_t z = 0; z < size[2]; z++) line[z] = out[p + plane * z];
        envelope(line, size[2], spacing_mm[2], done, vertex, cut);
        for (size_t z = 0; z < size[2]; z++) out[p + plane * z] = fmin(done[z], FAR);
    }
    free(line);
    free(done);
    free(cut);
    free(vertex);
}

void lb_signed_distance(const uint8_t *inside, const size_t size[2], const double spacing_mm[2], double *out)
{
    size_t count = size[0] * size[1];
    double *other = lb_alloc(count, sizeof *other), half = 0.25 * (spacing_mm[0] + spacing_mm[1]);
    lb_distance_plane(inside, 0, size, spacing_mm, out);   /* inside: how far out */
    lb_distance_plane(inside, 1, size, spacing_mm, other); /* outside: how far in */
    for (size_t i = 0; i < count; i++) out[i] = inside[i] ? sqrt(out[i]) - half : half - sqrt(other[i]);
    free(other);
}
