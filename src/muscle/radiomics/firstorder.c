/* First-order features: the grey values of the region without their places.
 * Definitions: PyRadiomics documentation, "First Order Features" (variance and moments divide by N; kurtosis is not
 * excess; entropy and uniformity use the bins); IBSI statistics and intensity histogram families. */
#include <math.h>

#include "muscle/radiomics/radiomics.h"

enum {
    P10,
    P90,
    ENERGY,
    ENTROPY,
    IQR,
    KURTOSIS,
    MAXIMUM,
    MEAN_ABSOLUTE,
    MEAN,
    MEDIAN,
    MINIMUM,
    RANGE,
    ROBUST_MEAN_ABSOLUTE,
    ROOT_MEAN_SQUARED,
    SKEWNESS,
    TOTAL_ENERGY,
    UNIFORMITY,
    VARIANCE
};

/* Percentile by linear interpolation between order statistics (numpy's default, R's type 7). */
static double percentile(const double *sorted, size_t count, double p)
{
    double at = p * (double)(count - 1);
    size_t low = (size_t)at;
    if (low + 1 >= count) return sorted[count - 1];
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

/* Mean absolute deviation from their own mean of the values in [low, high]. */
static double mean_absolute(const double *sorted, size_t count, double low, double high)
{
    size_t from = 0, to = count;
    while (from < to && sorted[from] < low) from++;
    while (to > from && sorted[to - 1] > high) to--;
    double sum = 0, deviation = 0;
    for (size_t i = from; i < to; i++) sum += sorted[i];
    double mean = sum / (double)(to - from);
    for (size_t i = from; i < to; i++) deviation += fabs(sorted[i] - mean);
    return deviation / (double)(to - from);
}

static void moments(const double *x, size_t count, double shift, lb_features *out)
{
    double n = (double)count, sum = 0, energy = 0, m2 = 0, m3 = 0, m4 = 0;
    for (size_t i = 0; i < count; i++) {
        sum += x[i];
        energy += (x[i] + shift) * (x[i] + shift);
    }
    double mean = sum / n;
    for (size_t i = 0; i < count; i++) {
        double d = x[i] - mean, d2 = d * d;
        m2 += d2;
        m3 += d2 * d;
        m4 += d2 * d2;
    }
    m2 /= n, m3 /= n, m4 /= n;
    bool constant = x[0] == x[count - 1];
    out->value[MEAN] = mean;
    out->value[ENERGY] = energy;
    out->value[ROOT_MEAN_SQUARED] = sqrt(energy / n);
    out->value[VARIANCE] = constant ? 0 : m2;
    out->value[SKEWNESS] = constant ? NAN : m3 / pow(m2, 1.5);
    out->value[KURTOSIS] = constant ? NAN : m4 / (m2 * m2);
    if (constant) out->reason[SKEWNESS] = out->reason[KURTOSIS] = "all grey values of the region are equal";
}

static void histogram(const lb_grey *grey, lb_features *out)
{
    double entropy = 0, uniformity = 0;
    for (size_t b = 0; b < grey->bins; b++) {
        double p = (double)grey->bin_voxels[b] / (double)grey->count;
        /* The smallest double above 1 less 1 keeps log2 from 0, as in the reference implementation. */
        entropy -= p * log2(p + 2.220446049250313e-16);
        uniformity += p * p;
    }
    out->value[ENTROPY] = entropy;
    out->value[UNIFORMITY] = uniformity;
}

int lb_firstorder_compute(const lb_feature_input *input, lb_features *out, lb_error *err)
{
    (void)err;
    const double *x = input->grey->sorted;
    size_t count = input->grey->count;
    const double *spacing = input->region->spacing_mm;
    moments(x, count, input->settings->voxel_array_shift, out);
    histogram(input->grey, out);
    double p10 = percentile(x, count, 0.1), p90 = percentile(x, count, 0.9);
    out->value[P10] = p10;
    out->value[P90] = p90;
    out->value[IQR] = percentile(x, count, 0.75) - percentile(x, count, 0.25);
    out->value[MEDIAN] = percentile(x, count, 0.5);
    out->value[MINIMUM] = x[0];
    out->value[MAXIMUM] = x[count - 1];
    out->value[RANGE] = x[count - 1] - x[0];
    out->value[MEAN_ABSOLUTE] = mean_absolute(x, count, x[0], x[count - 1]);
    out->value[ROBUST_MEAN_ABSOLUTE] = mean_absolute(x, count, p10, p90);
    out->value[TOTAL_ENERGY] = out->value[ENERGY] * spacing[0] * spacing[1] * spacing[2];
    return LB_OK;
}
