/* IBSI intensity statistics, intensity histogram, intensity-volume histogram and local intensity peaks.
 * Definitions: IBSI reference manual (arXiv:1612.07003), sections 3.2 to 3.5; moments divide by N, kurtosis is excess. */
#include <math.h>
#include <string.h>

#include "muscle/ibsi/ibsi.h"

static double percentile(const double *sorted, size_t count, double p)
{
    double at = p * (double)(count - 1);
    size_t low = (size_t)at;
    if (low + 1 >= count) return sorted[count - 1];
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

static double spread(const double *x, size_t n, double low, double high, bool median)
{
    double sum = 0, away = 0, kept = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] >= low && x[i] <= high) sum += x[i], kept++;
    double centre = median ? percentile(x, n, 0.5) : sum / kept;
    for (size_t i = 0; i < n; i++)
        if (x[i] >= low && x[i] <= high) away += fabs(x[i] - centre);
    return away / kept;
}

/* What intensities and grey levels have in common; `prefix` is stat or ih. */
static void describe(lb_ibsi *r, const double *x, const char *prefix)
{
    size_t n = r->voxels;
    double sum = 0, m2 = 0, m3 = 0, m4 = 0, count = (double)n;
    for (size_t i = 0; i < n; i++) sum += x[i];
    double mean = sum / count;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - mean;
        m2 += d * d, m3 += d * d * d, m4 += d * d * d * d;
    }
    m2 /= count, m3 /= count, m4 /= count;
    double p10 = percentile(x, n, 0.1), p25 = percentile(x, n, 0.25), p75 = percentile(x, n, 0.75), p90 = percentile(x, n, 0.9);
    const struct {
        const char *name;
        double value;
    } f[] = {{"mean", mean},
             {"var", m2},
             {"skew", m2 > 0 ? m3 / pow(m2, 1.5) : 0},
             {"kurt", m2 > 0 ? m4 / (m2 * m2) - 3 : 0},
             {"median", percentile(x, n, 0.5)},
             {"min", x[0]},
             {"p10", p10},
             {"p90", p90},
             {"max", x[n - 1]},
             {"iqr", p75 - p25},
             {"range", x[n - 1] - x[0]},
             {"mad", spread(x, n, -INFINITY, INFINITY, false)},
             {"rmad", spread(x, n, p10, p90, false)},
             {"medad", spread(x, n, -INFINITY, INFINITY, true)},
             {"cov", sqrt(m2) / mean},
             {"qcod", (p75 - p25) / (p75 + p25)}};
    for (size_t i = 0; i < LB_COUNT(f); i++) {
        char tag[32];
        lb_buf text = {.max = sizeof tag};
        lb_buf_printf(&text, "%s_%s", prefix, f[i].name);
        lb_ibsi_push(r, text.data, "", "", f[i].value);
        lb_buf_free(&text);
    }
}

void lb_ibsi_statistics(lb_ibsi *r)
{
    double energy = 0;
    describe(r, r->sorted, "stat");
    for (size_t i = 0; i < r->voxels; i++) energy += r->sorted[i] * r->sorted[i];
    lb_ibsi_push(r, "stat_energy", "", "", energy);
    lb_ibsi_push(r, "stat_rms", "", "", sqrt(energy / (double)r->voxels));
}

static void gradient(lb_ibsi *r, const double *n, size_t levels)
{
    double most = -INFINITY, least = INFINITY, most_at = 0, least_at = 0;
    for (size_t g = 1; g <= levels && levels > 1; g++) {
        double slope = g == 1 ? n[2] - n[1] : g == levels ? n[g] - n[g - 1] : (n[g + 1] - n[g - 1]) / 2;
        if (slope > most) most = slope, most_at = (double)g;
        if (slope < least) least = slope, least_at = (double)g;
    }
    lb_ibsi_push(r, "ih_max_grad", "", "", levels > 1 ? most : NAN);
    lb_ibsi_push(r, "ih_max_grad_g", "", "", levels > 1 ? most_at : NAN);
    lb_ibsi_push(r, "ih_min_grad", "", "", levels > 1 ? least : NAN);
    lb_ibsi_push(r, "ih_min_grad_g", "", "", levels > 1 ? least_at : NAN);
}

void lb_ibsi_histogram(lb_ibsi *r)
{
    size_t count = r->size[0] * r->size[1] * r->size[2], at = 0, mode = 1;
    double *n = lb_arena_array(r->arena, r->levels + 2, sizeof *n), *x = lb_arena_array(r->arena, r->voxels, sizeof *x);
    double mean = 0, entropy = 0, uniformity = 0, voxels = (double)r->voxels;
    for (size_t i = 0; i < count; i++)
        if (r->level[i]) n[r->level[i]]++;
    for (size_t g = 1; g <= r->levels; g++)
        for (size_t k = 0; k < (size_t)n[g]; k++) x[at++] = (double)g;
    for (size_t g = 1; g <= r->levels; g++) mean += n[g] / voxels * (double)g;
    for (size_t g = 1; g <= r->levels; g++) {
        double p = n[g] / voxels;
        if (p > 0) entropy -= p * log2(p);
        uniformity += p * p;
        /* of several modes the one nearest to the mean */
        if (n[g] > n[mode] || (n[g] == n[mode] && fabs((double)g - mean) < fabs((double)mode - mean))) mode = g;
    }
    describe(r, x, "ih");
    lb_ibsi_push(r, "ih_mode", "", "", (double)mode);
    lb_ibsi_push(r, "ih_entropy", "", "", entropy);
    lb_ibsi_push(r, "ih_uniformity", "", "", uniformity);
    gradient(r, n, r->levels);
}

/* Share of the volume whose intensity is at least that of step k. */
static double volume_above(const lb_ibsi *r, size_t k)
{
    size_t below = 0, high = r->voxels;
    double edge = r->low + (double)k * r->width;
    while (below < high) {
        size_t middle = (below + high) / 2;
        if (r->sorted[middle] < edge) below = middle + 1;
        else high = middle;
    }
    return 1 - (double)below / (double)r->voxels;
}

void lb_ibsi_volume_histogram(lb_ibsi *r)
{
    const double share[2] = {0.1, 0.9};
    double volume[2] = {NAN, NAN}, intensity[2] = {NAN, NAN};
    for (int q = 0; q < 2; q++) {
        for (size_t k = 0; k < r->steps && isnan(volume[q]); k++)
            if ((double)k >= share[q] * (double)(r->steps - 1)) volume[q] = volume_above(r, k);
        for (size_t k = 0; k < r->steps && isnan(intensity[q]); k++)
            if (volume_above(r, k) <= share[q]) intensity[q] = r->low + ((double)k + (r->centred ? 0.5 : 0)) * r->width;
    }
    lb_ibsi_push(r, "ivh_v10", "", "", volume[0]);
    lb_ibsi_push(r, "ivh_v90", "", "", volume[1]);
    lb_ibsi_push(r, "ivh_i10", "", "", intensity[0]);
    lb_ibsi_push(r, "ivh_i90", "", "", intensity[1]);
    lb_ibsi_push(r, "ivh_diff_v10_v90", "", "", volume[0] - volume[1]);
    lb_ibsi_push(r, "ivh_diff_i10_i90", "", "", intensity[0] - intensity[1]);
}

/* Mean of the image in a sphere of 1 cm³ around a voxel. */
static double peak(const lb_ibsi *r, size_t x, size_t y, size_t z)
{
    const double radius_mm = 10 * cbrt(3 / (4 * 3.14159265358979323846));
    const size_t at[3] = {x, y, z};
    int64_t low[3], high[3];
    double sum = 0, count = 0;
    for (int a = 0; a < 3; a++) {
        int64_t reach = (int64_t)(radius_mm / r->spacing_mm[a]);
        low[a] = (int64_t)at[a] > reach ? (int64_t)at[a] - reach : 0;
        high[a] = (int64_t)at[a] + reach < (int64_t)r->size[a] ? (int64_t)at[a] + reach : (int64_t)r->size[a] - 1;
    }
    for (int64_t k = low[2]; k <= high[2]; k++)
        for (int64_t j = low[1]; j <= high[1]; j++)
            for (int64_t i = low[0]; i <= high[0]; i++) {
                double u = (double)(i - (int64_t)x) * r->spacing_mm[0], v = (double)(j - (int64_t)y) * r->spacing_mm[1],
                       w = (double)(k - (int64_t)z) * r->spacing_mm[2];
                if (u * u + v * v + w * w > radius_mm * radius_mm) continue;
                sum += r->value[(size_t)i + r->size[0] * ((size_t)j + r->size[1] * (size_t)k)];
                count++;
            }
    return sum / count;
}

void lb_ibsi_local(lb_ibsi *r)
{
    double local = -INFINITY, global = -INFINITY, top = r->sorted[r->voxels - 1];
    size_t i = 0;
    for (size_t z = 0; z < r->size[2]; z++)
        for (size_t y = 0; y < r->size[1]; y++)
            for (size_t x = 0; x < r->size[0]; x++, i++) {
                if (!r->inside[i]) continue;
                double mean = peak(r, x, y, z);
                if (r->value[i] == top) local = fmax(local, mean);
                global = fmax(global, mean);
            }
    lb_ibsi_push(r, "loc_peak_loc", "", "", local);
    lb_ibsi_push(r, "loc_peak_glob", "", "", global);
}
