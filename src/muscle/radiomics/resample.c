/* Resampling to other spacings: cubic B-spline (Unser 1999, doi:10.1109/79.799930), linear or nearest.
 * Grid, default value outside and mirrored borders as ITK's resampling has them, so that `pyradiomics-3.1` agrees. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/radiomics.h"

void lb_resample_plan(const lb_volume *image, const size_t box_start[3], const size_t box_size[3],
                      const double spacing_mm[3], double pad, lb_resample_grid *grid)
{
    for (int a = 0; a < 3; a++) {
        double old = image->spacing_mm[a], new = spacing_mm[a] == 0 ? old : spacing_mm[a], ratio = old / new;
        /* Half a voxel is added so that no part of the region is lost when the voxels become smaller. */
        double low = floor(((double)box_start[a] - 0.5) * ratio - pad);
        double high = ceil(((double)(box_start[a] + box_size[a]) - 0.5) * ratio + pad);
        double last = ceil((double)image->size[a] * ratio) - 1;
        if (low < 0) low = 0;
        if (high > last) high = last;
        grid->size[a] = (size_t)(high - low + 1);
        grid->start[a] = (size_t)low;
        grid->spacing_mm[a] = new;
        /* Corners of the first voxels coincide: the new centre lies half the difference of the spacings further in. */
        grid->first[a] = 0.5 * (new - old) / old + low / ratio;
        grid->step[a] = new / old;
    }
}

/* Coefficients of the cubic spline through `count` samples, in place; borders are mirrored on the first and last. */
static void spline_line(double *c, size_t count)
{
    if (count < 2) return;
    const double pole = sqrt(3.0) - 2;
    double z = pole, last = pow(pole, (double)(count - 1)), back = last * last / pole;
    for (size_t i = 0; i < count; i++) c[i] *= 6; /* gain (1 − z)(1 − 1/z) */
    double sum = c[0] + last * c[count - 1];
    for (size_t i = 1; i + 1 < count; i++) {
        sum += (z + back) * c[i];
        z *= pole;
        back /= pole;
        if (fabs(z) < 1e-300) break;
    }
    c[0] = sum / (1 - last * last);
    for (size_t i = 1; i < count; i++) c[i] += pole * c[i - 1];
    c[count - 1] = pole / (pole * pole - 1) * (c[count - 1] + pole * c[count - 2]);
    for (size_t i = count - 1; i-- > 0;) c[i] = pole * (c[i + 1] - c[i]);
}

static void spline_volume(double *value, const size_t size[3])
{
    size_t longest = size[0] > size[1] ? size[0] : size[1];
    if (size[2] > longest) longest = size[2];
    double *line = lb_alloc(longest, sizeof *line);
    size_t step[3] = {1, size[0], size[0] * size[1]};
    for (int a = 0; a < 3; a++) {
        int b = (a + 1) % 3, c = (a + 2) % 3;
        for (size_t u = 0; u < size[b]; u++) {
            for (size_t v = 0; v < size[c]; v++) {
                double *start = value + u * step[b] + v * step[c];
                for (size_t i = 0; i < size[a]; i++) line[i] = start[i * step[a]];
                spline_line(line, size[a]);
                for (size_t i = 0; i < size[a]; i++) start[i * step[a]] = line[i];
            }
        }
    }
    free(line);
}

/* Samples and weights along one axis for one new voxel; `taps` 0 means outside the image. */
typedef struct taps {
    size_t at[4];
    double weight[4];
    int count;
} taps;

static size_t mirrored(int64_t i, size_t size)
{
    if (size == 1) return 0;
    int64_t period = 2 * ((int64_t)size - 1);
    i = ((i % period) + period) % period;
    return (size_t)(i < (int64_t)size ? i : period - i);
}

static taps taps_at(double x, size_t size, lb_interpolator interpolator)
{
    taps t = {.count = 0};
    if (!(x >= -0.5 && x < (double)size - 0.5)) return t;
    if (interpolator == LB_NEAREST) {
        t.count = 1;
        t.at[0] = mirrored((int64_t)floor(x + 0.5), size);
        t.weight[0] = 1;
        return t;
    }
    double base = floor(x), w = x - base;
    if (interpolator == LB_LINEAR) {
        t.count = 2;
        int64_t low = (int64_t)base < 0 ? 0 : (int64_t)base, high = (int64_t)base + 1;
        t.at[0] = (size_t)low;
        t.at[1] = high >= (int64_t)size ? size - 1 : (size_t)high;
        t.weight[0] = 1 - w;
        t.weight[1] = w;
        return t;
    }
    t.count = 4;
    for (int k = 0; k < 4; k++) t.at[k] = mirrored((int64_t)base - 1 + k, size);
    t.weight[3] = w * w * w / 6;
    t.weight[0] = 1.0 / 6 + 0.5 * w * (w - 1) - t.weight[3];
    t.weight[2] = w + t.weight[0] - 2 * t.weight[3];
    t.weight[1] = 1 - t.weight[0] - t.weight[2] - t.weight[3];
    return t;
}

static taps *axis_taps(const lb_resample_grid *grid, int axis, size_t size, lb_interpolator interpolator)
{
    taps *t = lb_alloc(grid->size[axis], sizeof *t);
    for (size_t i = 0; i < grid->size[axis]; i++)
        t[i] = taps_at(grid->first[axis] + grid->step[axis] * (double)i, size, interpolator);
    return t;
}

static double interpolate(const double *value, const size_t size[3], const taps *x, const taps *y, const taps *z)
{
    double sum = 0;
    for (int k = 0; k < z->count; k++)
        for (int j = 0; j < y->count; j++) {
            const double *row = value + size[0] * (y->at[j] + size[1] * z->at[k]);
            double line = 0;
            for (int i = 0; i < x->count; i++) line += x->weight[i] * row[x->at[i]];
            sum += line * y->weight[j] * z->weight[k];
        }
    return sum;
}

void lb_resample_image(double *value, const size_t size[3], const lb_resample_grid *grid, lb_interpolator interpolator,
                       double *out)
{
    if (interpolator == LB_BSPLINE) spline_volume(value, size);
    taps *t[3];
    for (int a = 0; a < 3; a++) t[a] = axis_taps(grid, a, size[a], interpolator);
    for (size_t k = 0; k < grid->size[2]; k++)
        for (size_t j = 0; j < grid->size[1]; j++)
            for (size_t i = 0; i < grid->size[0]; i++) *out++ = interpolate(value, size, &t[0][i], &t[1][j], &t[2][k]);
    for (int a = 0; a < 3; a++) free(t[a]);
}

void lb_resample_mask(const lb_volume *mask, int64_t label, const lb_resample_grid *grid, uint8_t *out)
{
    taps *t[3];
    for (int a = 0; a < 3; a++) t[a] = axis_taps(grid, a, mask->size[a], LB_NEAREST);
    for (size_t k = 0; k < grid->size[2]; k++)
        for (size_t j = 0; j < grid->size[1]; j++)
            for (size_t i = 0; i < grid->size[0]; i++, out++) {
                bool known = t[0][i].count && t[1][j].count && t[2][k].count;
                size_t at = t[0][i].at[0] + mask->size[0] * (t[1][j].at[0] + mask->size[1] * t[2][k].at[0]);
                *out = known && lb_volume_at(mask, at) == (double)label;
            }
    for (int a = 0; a < 3; a++) free(t[a]);
}
