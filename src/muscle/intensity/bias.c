/* N4 bias correction (Tustison et al. 2010, doi:10.1109/TMI.2010.2046908) on the ground of N3 (Sled, Zijdenbos and Evans 1998,
 * doi:10.1109/42.668698): the histogram of log brightness is sharpened by Wiener deconvolution with a Gaussian, the difference
 * between each value and its sharpened expectation is smoothed by a cubic B-spline (Lee, Wolberg and Shin 1997,
 * doi:10.1109/2945.620490), and the sum of these fields is the bias; the spline is refined from level to level. */
#include "muscle/intensity/bias.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 200, PADDED = 512, SPANS = 1, DEGREE = 3 };

typedef struct work {
    size_t count, size[3];       /* voxels used; size of the whole picture */
    double (*place)[3];          /* 0..1 along each axis */
    double *log_value, *field, *residual;
    size_t knots[3];             /* control points along each axis */
    double *control, *weight;
} work;

static void basis(double t, double out[4])
{
    double u = 1 - t;
    out[0] = u * u * u / 6;
    out[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
    out[2] = (3 * u * u * u - 6 * u * u + 4) / 6;
    out[3] = t * t * t / 6;
}

/* First control point and weights of a place along one axis. */
static size_t locate(const work *w, int axis, double place, double out[4])
{
    double spans = (double)(w->knots[axis] - DEGREE), x = place * spans, cell = fmin(floor(x), spans - 1);
    basis(x - cell, out);
    return (size_t)cell;
}

static double evaluate(const work *w, const double place[3])
{
    double b[3][4], sum = 0;
    size_t at[3];
    for (int axis = 0; axis < 3; axis++) at[axis] = locate(w, axis, place[axis], b[axis]);
    for (size_t k = 0; k < 4; k++)
        for (size_t j = 0; j < 4; j++)
            for (size_t i = 0; i < 4; i++)
                sum += b[0][i] * b[1][j] * b[2][k] * w->control[at[0] + i + w->knots[0] * (at[1] + j + w->knots[1] * (at[2] + k))];
    return sum;
}

/* Lee's approximation of scattered values by one lattice. */
static void approximate(work *w, const double *value)
{
    size_t points = w->knots[0] * w->knots[1] * w->knots[2];
    memset(w->control, 0, points * sizeof *w->control);
    memset(w->weight, 0, points * sizeof *w->weight);
    for (size_t v = 0; v < w->count; v++) {
        double b[3][4], squares = 1;
        size_t at[3];
        for (int axis = 0; axis < 3; axis++) {
            at[axis] = locate(w, axis, w->place[v][axis], b[axis]);
            squares *= b[axis][0] * b[axis][0] + b[axis][1] * b[axis][1] + b[axis][2] * b[axis][2] + b[axis][3] * b[axis][3];
        }
        for (size_t k = 0; k < 4; k++)
            for (size_t j = 0; j < 4; j++)
                for (size_t i = 0; i < 4; i++) {
                    double c = b[0][i] * b[1][j] * b[2][k];
                    size_t p = at[0] + i + w->knots[0] * (at[1] + j + w->knots[1] * (at[2] + k));
                    w->control[p] += c * c * c * value[v] / squares;
                    w->weight[p] += c * c;
                }
    }
    for (size_t p = 0; p < points; p++) w->control[p] = w->weight[p] > 0 ? w->control[p] / w->weight[p] : 0;
}

/* Discrete Fourier transform of PADDED values by halving; sign −1 forwards, +1 back. */
static void transform(double complex *x, int sign)
{
    for (size_t i = 1, j = 0; i < PADDED; i++) {
        size_t bit = PADDED >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            double complex swap = x[i];
            x[i] = x[j];
            x[j] = swap;
        }
    }
    for (size_t length = 2; length <= PADDED; length <<= 1)
        for (size_t start = 0; start < PADDED; start += length)
            for (size_t k = 0; k < length / 2; k++) {
                double complex turn = cexp(sign * 2 * acos(-1.0) * (double)k / (double)length * I), odd = turn * x[start + k + length / 2];
                x[start + k + length / 2] = x[start + k] - odd;
                x[start + k] += odd;
            }
}

/* expectation[bin]: the true log brightness expected where the observed one falls into the bin. */
static bool sharpen(const work *w, const lb_bias *how, const double *value, double *low, double *step, double expectation[BINS])
{
    double high = -INFINITY;
    *low = INFINITY;
    for (size_t v = 0; v < w->count; v++) *low = fmin(*low, value[v]), high = fmax(high, value[v]);
    *step = (high - *low) / (BINS - 1);
    if (!(*step > 0)) return false;
    static const size_t offset = (PADDED - BINS) / 2;
    double complex histogram[PADDED] = {0}, gauss[PADDED], sharp[PADDED], top[PADDED], below[PADDED];
    for (size_t v = 0; v < w->count; v++) {
        double x = (value[v] - *low) / *step, bin = fmin(floor(x), BINS - 2);
        histogram[offset + (size_t)bin] += 1 - (x - bin);
        histogram[offset + (size_t)bin + 1] += x - bin;
    }
    double width = how->width / *step, spread = 4 * log(2) / (width * width), scale = 2 * sqrt(log(2) / acos(-1.0)) / width;
    for (size_t n = 0; n < PADDED; n++) {
        double d = n <= PADDED / 2 ? (double)n : (double)PADDED - (double)n;
        gauss[n] = scale * exp(-d * d * spread);
    }
    memcpy(sharp, histogram, sizeof sharp);
    transform(sharp, -1);
    transform(gauss, -1);
    for (size_t n = 0; n < PADDED; n++) sharp[n] *= conj(gauss[n]) / (conj(gauss[n]) * gauss[n] + how->noise);
    transform(sharp, 1);
    for (size_t n = 0; n < PADDED; n++) {
        below[n] = fmax(creal(sharp[n]) / PADDED, 0);
        top[n] = below[n] * (*low + ((double)n - (double)offset) * *step);
    }
    transform(top, -1);
    transform(below, -1);
    for (size_t n = 0; n < PADDED; n++) top[n] *= gauss[n], below[n] *= gauss[n];
    transform(top, 1);
    transform(below, 1);
    for (size_t b = 0; b < BINS; b++)
        expectation[b] = creal(below[offset + b]) > 0 ? creal(top[offset + b]) / creal(below[offset + b]) : *low + (double)b * *step;
    return true;
}

/* One step: the field grows by the smoothed residual. Returns how much it changed, −1 when nothing can be done. */
static double advance(work *w, const lb_bias *how)
{
    double low, step, expectation[BINS], mean = 0, square = 0;
    double *corrected = lb_alloc(w->count, sizeof *corrected);
    for (size_t v = 0; v < w->count; v++) corrected[v] = w->log_value[v] - w->field[v];
    bool possible = sharpen(w, how, corrected, &low, &step, expectation);
    for (size_t v = 0; v < w->count && possible; v++) {
        double x = (corrected[v] - low) / step, bin = fmin(floor(x), BINS - 2), part = x - bin;
        w->residual[v] = corrected[v] - ((1 - part) * expectation[(size_t)bin] + part * expectation[(size_t)bin + 1]);
    }
    free(corrected);
    if (!possible) return -1;
    approximate(w, w->residual);
    for (size_t v = 0; v < w->count; v++) {
        double more = evaluate(w, w->place[v]), ratio = exp(more);
        w->field[v] += more;
        mean += ratio / (double)w->count;
        square += ratio * ratio / (double)w->count;
    }
    return sqrt(fmax(square - mean * mean, 0)) / mean;
}

static size_t gather(work *w, const lb_volume *image, const lb_volume *mask, size_t shrink)
{
    size_t n = 0;
    for (size_t z = 0; z < w->size[2]; z += w->size[2] > 2 * shrink * 4 ? shrink : 1)
        for (size_t y = 0; y < w->size[1]; y += shrink)
            for (size_t x = 0; x < w->size[0]; x += shrink) {
                size_t i = x + w->size[0] * (y + w->size[1] * z), at[3] = {x, y, z};
                double value = lb_volume_at(image, i);
                if (!(value > 0) || !isfinite(value) || (mask && lb_volume_at(mask, i) == 0)) continue;
                w->log_value[n] = log(value);
                for (int axis = 0; axis < 3; axis++) w->place[n][axis] = w->size[axis] > 1 ? (double)at[axis] / (double)(w->size[axis] - 1) : 0;
                n++;
            }
    return n;
}

/* The spline of this level, added to the field of every voxel of the picture. */
static void spread_out(const work *w, double *field)
{
    for (size_t i = 0; i < w->size[0] * w->size[1] * w->size[2]; i++) {
        size_t at[3] = {i % w->size[0], i / w->size[0] % w->size[1], i / w->size[0] / w->size[1]};
        double place[3];
        for (int axis = 0; axis < 3; axis++) place[axis] = w->size[axis] > 1 ? (double)at[axis] / (double)(w->size[axis] - 1) : 0;
        field[i] += evaluate(w, place);
    }
}

int lb_bias_estimate(const lb_volume *image, const lb_volume *mask, lb_bias *how, double *field, lb_error *err)
{
    work w = {.size = {image->size[0], image->size[1], image->size[2]}};
    size_t all = lb_volume_count(image);
    w.place = lb_alloc(all, sizeof *w.place);
    w.log_value = lb_alloc(all, sizeof *w.log_value);
    w.count = gather(&w, image, mask, how->shrink);
    w.field = lb_alloc(all, sizeof *w.field);
    w.residual = lb_alloc(all, sizeof *w.residual);
    how->steps_taken = 0;
    memset(field, 0, all * sizeof *field);
    int status = LB_OK;
    if (w.count < 100) status = lb_fail(err, LB_BAD_DATA, "only %zu voxels are above zero: no bias can be estimated", w.count);
    for (int level = 0; level < how->levels && status == LB_OK; level++) {
        size_t points = 1;
        for (int axis = 0; axis < 3; axis++) points *= w.knots[axis] = (SPANS << level) + DEGREE;
        w.control = lb_alloc(points, sizeof *w.control);
        w.weight = lb_alloc(points, sizeof *w.weight);
        double *sum = lb_alloc(points, sizeof *sum);
        for (int step = 0; step < how->steps; step++) {
            double change = advance(&w, how);
            if (change < 0) break;
            for (size_t p = 0; p < points; p++) sum[p] += w.control[p];
            how->steps_taken++;
            if (change < how->converged) break;
            if (lb_progress_cancelled(how->progress)) status = lb_fail(err, LB_CANCELLED, "stopped");
            if (status != LB_OK) break;
        }
        memcpy(w.control, sum, points * sizeof *sum);
        spread_out(&w, field);
        lb_progress_report(how->progress, (level + 1.0) / how->levels, "bias");
        free(sum);
        free(w.control);
        free(w.weight);
    }
    double mean = 0;
    for (size_t v = 0; v < w.count; v++) mean += w.field[v] / (double)w.count;
    for (size_t i = 0; i < all; i++) field[i] = exp(field[i] - mean);
    free(w.place);
    free(w.log_value);
    free(w.field);
    free(w.residual);
    return status;
}
