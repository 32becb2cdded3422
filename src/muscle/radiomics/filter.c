/* Derived images that need a voxel and its neighbours only: square, square root, logarithm, exponential, gradient.
 * Definitions: PyRadiomics documentation, "Image Processing / Filters": the first four are scaled so that the largest
 * absolute value of the image stays; gradient magnitude by central differences, edge voxels repeated. */
#include "muscle/radiomics/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t count_of(const lb_field *field) { return field->size[0] * field->size[1] * field->size[2]; }

static double largest(const double *value, size_t count)
{
    double top = 0;
    for (size_t i = 0; i < count; i++) top = fmax(top, fabs(value[i]));
    return top;
}

static void by_voxel(lb_filter_kind kind, const double *in, double *out, size_t count, double top)
{
    double scale = 1 / sqrt(top), rise = log(top) / top, log_scale = top / log(top + 1);
    for (size_t i = 0; i < count; i++) {
        double x = in[i];
        if (kind == LB_FILTER_SQUARE)
            out[i] = (scale * x) * (scale * x);
        else if (kind == LB_FILTER_SQUARE_ROOT)
            out[i] = copysign(sqrt(fabs(x) * top), x);
        else if (kind == LB_FILTER_LOGARITHM)
            out[i] = copysign(log(fabs(x) + 1) * log_scale, x);
        else
            out[i] = exp(rise * x);
    }
}

static void gradient(const lb_field *field, bool in_voxels, double *out)
{
    const size_t *size = field->size, step[3] = {1, size[0], size[0] * size[1]};
    size_t i = 0;
    for (size_t z = 0; z < size[2]; z++)
        for (size_t y = 0; y < size[1]; y++)
            for (size_t x = 0; x < size[0]; x++, i++) {
                size_t at[3] = {x, y, z};
                double sum = 0;
                for (int a = 0; a < 3; a++) {
                    double next = field->value[at[a] + 1 < size[a] ? i + step[a] : i];
                    double before = field->value[at[a] > 0 ? i - step[a] : i];
                    double slope = 0.5 * (next - before) / (in_voxels ? 1 : field->spacing_mm[a]);
                    sum += slope * slope;
                }
                out[i] = sqrt(sum);
            }
}

void lb_field_along(double *value, const size_t size[3], int axis,
                    void (*line)(const double *in, double *out, size_t n, const void *how), const void *how)
{
    const size_t step[3] = {1, size[0], size[0] * size[1]};
    int u = axis == 0 ? 1 : 0, v = axis == 2 ? 1 : 2;
    size_t n = size[axis];
    double *in = lb_alloc(n, sizeof *in), *out = lb_alloc(n, sizeof *out);
    for (size_t j = 0; j < size[v]; j++)
        for (size_t i = 0; i < size[u]; i++) {
            double *first = value + i * step[u] + j * step[v];
            for (size_t k = 0; k < n; k++) in[k] = first[k * step[axis]];
            line(in, out, n, how);
            for (size_t k = 0; k < n; k++) first[k * step[axis]] = out[k];
        }
    free(in);
    free(out);
}

double *lb_filter_apply(const lb_filter *filter, const lb_field *field, const char **reason)
{
    size_t count = count_of(field);
    *reason = NULL;
    if (filter->kind == LB_FILTER_WAVELET) return lb_filter_wavelet(filter, field);
    double *out;
    if (filter->kind == LB_FILTER_LOG) {
        out = lb_filter_log(field, filter->sigma_mm, reason);
        if (!out) return NULL;
    } else if (filter->kind == LB_FILTER_GRADIENT) {
        out = lb_alloc(count, sizeof *out);
        gradient(field, filter->in_voxels, out);
    } else {
        double top = largest(field->value, count);
        if (!(top > 0) || !isfinite(top)) {
            *reason = top > 0 ? "the image holds voxels that are infinite" : "the image is 0 everywhere";
            return NULL;
        }
        out = lb_alloc(count, sizeof *out);
        by_voxel(filter->kind, field->value, out, count, top);
        return out;
    }
    for (size_t i = 0; field->single && i < count; i++) out[i] = (double)(float)out[i];
    return out;
}
