/* IBSI grey level co-occurrence and run length features: matrices by direction, merged or averaged over directions and
 * slices. Definitions: IBSI reference manual (arXiv:1612.07003), sections 3.6 and 3.7. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/ibsi/ibsi.h"
#include "muscle/radiomics/texture.h"

/* One half of the neighbours; the first four lie in the plane. */
static const int directions[13][3] = {{1, 0, 0},  {0, 1, 0},  {1, 1, 0},  {1, -1, 0}, {0, 0, 1},  {1, 0, 1}, {-1, 0, 1},
                                      {0, 1, 1},  {0, -1, 1}, {1, 1, 1},  {-1, 1, 1}, {1, -1, 1}, {-1, -1, 1}};

typedef struct family {
    const char *const *tags;
    size_t features;
    void (*count)(const lb_ibsi *r, size_t first, size_t end, const int step[3], double *matrix);
    bool (*features_of)(const lb_ibsi *r, const double *matrix, double *f); /* false: nothing was counted */
    size_t cells;
} family;

static void count_pairs(const lb_ibsi *r, size_t first, size_t end, const int step[3], double *matrix)
{
    size_t i = r->size[0] * r->size[1] * first;
    for (size_t z = first; z < end; z++)
        for (size_t y = 0; y < r->size[1]; y++)
            for (size_t x = 0; x < r->size[0]; x++, i++) {
                if (!r->level[i]) continue;
                size_t a = r->level[i], b = lb_ibsi_level(r, (int64_t)x + step[0], (int64_t)y + step[1], (int64_t)z + step[2]);
                if (!b) continue;
                matrix[(a - 1) * r->levels + b - 1]++;
                matrix[(b - 1) * r->levels + a - 1]++;
            }
}

static double plogp(double p) { return p > 0 ? p * log2(p) : 0; }

/* Symmetric probabilities p with their marginal, sums by i + j and by |i − j|. */
typedef struct glcm {
    size_t n;
    double *p, *px, *sum, *difference, mean;
} glcm;

static bool glcm_make(const lb_ibsi *r, const double *matrix, glcm *m)
{
    double total = 0;
    size_t n = r->levels;
    for (size_t i = 0; i < n * n; i++) total += matrix[i];
    if (total == 0) return false;
    *m = (glcm){.n = n, .p = lb_alloc(n * n, sizeof(double)), .px = lb_alloc(n, sizeof(double))};
    m->sum = lb_alloc(2 * n + 1, sizeof(double));
    m->difference = lb_alloc(n, sizeof(double));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double p = m->p[i * n + j] = matrix[i * n + j] / total;
            m->px[i] += p;
            m->sum[i + j + 2] += p;
            m->difference[i > j ? i - j : j - i] += p;
            m->mean += p * (double)(i + 1);
        }
    return true;
}

static void glcm_joint(const glcm *m, double *f)
{
    double variance = 0, product = 0, hx = 0, hxy1 = 0, hxy2 = 0;
    for (size_t i = 0; i < m->n; i++) {
        double di = (double)(i + 1) - m->mean;
        variance += m->px[i] * di * di;
        hx -= plogp(m->px[i]);
        for (size_t j = 0; j < m->n; j++) {
            double p = m->p[i * m->n + j], dj = (double)(j + 1) - m->mean, both = m->px[i] * m->px[j];
            hxy2 -= plogp(both);
            if (p == 0) continue;
            hxy1 -= p * log2(both);
            f[0] = fmax(f[0], p);
            f[3] -= plogp(p);
            f[10] += p * p;
            product += p * di * dj;
            f[19] += p * (double)((i + 1) * (j + 1));
            f[20] += p * (di + dj) * (di + dj);
            f[21] += p * pow(di + dj, 3);
            f[22] += p * pow(di + dj, 4);
        }
    }
    f[1] = m->mean;
    f[2] = variance;
    f[18] = variance > 0 ? product / variance : 1;
    f[23] = hx > 0 ? (f[3] - hxy1) / hx : 0;
    f[24] = hxy2 > f[3] ? sqrt(1 - exp(-2 * (hxy2 - f[3]))) : 0;
}

static bool glcm_features(const lb_ibsi *r, const double *matrix, double *f)
{
    glcm m;
    if (!glcm_make(r, matrix, &m)) return false;
    double n = (double)m.n;
    glcm_joint(&m, f);
    for (size_t k = 0; k < m.n; k++) f[4] += (double)k * m.difference[k];
    for (size_t k = 2; k <= 2 * m.n; k++) f[7] += (double)k * m.sum[k];
    for (size_t k = 0; k < m.n; k++) {
        double p = m.difference[k], d = (double)k;
        f[5] += p * (d - f[4]) * (d - f[4]);
        f[6] -= plogp(p);
        f[11] += p * d * d;
        f[12] += p * d;
        f[13] += p / (1 + d);
        f[14] += p / (1 + d / n);
        f[15] += p / (1 + d * d);
        f[16] += p / (1 + d * d / (n * n));
        if (k > 0) f[17] += p / (d * d);
    }
    for (size_t k = 2; k <= 2 * m.n; k++) {
        f[8] += m.sum[k] * ((double)k - f[7]) * ((double)k - f[7]);
        f[9] -= plogp(m.sum[k]);
    }
    free(m.p);
    free(m.px);
    free(m.sum);
    free(m.difference);
    return true;
}

static size_t longest(const lb_ibsi *r)
{
    size_t most = r->size[0] > r->size[1] ? r->size[0] : r->size[1];
    return most > r->size[2] ? most : r->size[2];
}

static void count_runs(const lb_ibsi *r, size_t first, size_t end, const int step[3], double *matrix)
{
    size_t i = r->size[0] * r->size[1] * first, columns = longest(r) + 1;
    for (size_t z = first; z < end; z++)
        for (size_t y = 0; y < r->size[1]; y++)
            for (size_t x = 0; x < r->size[0]; x++, i++) {
                int64_t at[3] = {(int64_t)x, (int64_t)y, (int64_t)z};
                size_t level = r->level[i], length = 1;
                if (!level || lb_ibsi_level(r, at[0] - step[0], at[1] - step[1], at[2] - step[2]) == level) continue;
                while (lb_ibsi_level(r, at[0] + step[0] * (int64_t)length, at[1] + step[1] * (int64_t)length,
                                     at[2] + step[2] * (int64_t)length) == level)
                    length++;
                matrix[(level - 1) * columns + length]++;
            }
}

static bool run_features(const lb_ibsi *r, const double *matrix, double *f)
{
    size_t columns = longest(r) + 1, entries = 0, cells = r->levels * columns;
    lb_level_size *entry = lb_alloc(cells, sizeof *entry);
    for (size_t c = 0; c < cells; c++)
        if (matrix[c] > 0) entry[entries++] = (lb_level_size){(uint32_t)(c / columns) + 1, (uint32_t)(c % columns), matrix[c]};
    if (entries) {
        lb_size_features s;
        lb_size_features_of(entry, entries, r->levels, &s);
        const double value[16] = {s.small,      s.large,     s.low_grey,   s.high_grey,           s.small_low,     s.small_high,
                                  s.large_low,  s.large_high, s.grey_non_uniformity, s.grey_normalized, s.size_non_uniformity,
                                  s.size_normalized, s.percentage, s.grey_variance, s.size_variance, s.entropy};
        memcpy(f, value, sizeof value);
    }
    free(entry);
    return entries > 0;
}

/* Matrices over slices and directions, each either merged or taken by itself; means of the features of what is left. */
static void aggregate(lb_ibsi *r, const family *fam, size_t count, bool by_slice, bool by_direction, const char *suffix,
                      const char *aggregation)
{
    size_t slices = by_slice ? r->size[2] : 1, groups = by_direction ? count : 1, added = 0;
    double *matrix = lb_alloc(fam->cells, sizeof *matrix), mean[LB_IBSI_MOST_FEATURES] = {0};
    for (size_t s = 0; s < slices; s++)
        for (size_t g = 0; g < groups; g++) {
            double f[LB_IBSI_MOST_FEATURES] = {0};
            memset(matrix, 0, fam->cells * sizeof *matrix);
            for (size_t d = by_direction ? g : 0; d < (by_direction ? g + 1 : count); d++)
                fam->count(r, s, by_slice ? s + 1 : r->size[2], directions[d], matrix);
            if (!fam->features_of(r, matrix, f)) continue;
            for (size_t k = 0; k < fam->features; k++) mean[k] += f[k];
            added++;
        }
    for (size_t k = 0; k < fam->features; k++)
        lb_ibsi_push(r, fam->tags[k], suffix, aggregation, added ? mean[k] / (double)added : NAN);
    free(matrix);
}

void lb_ibsi_directional(lb_ibsi *r)
{
    static const char *const cm[] = {
        "cm_joint_max",    "cm_joint_avg",          "cm_joint_var",    "cm_joint_entr",         "cm_diff_avg",
        "cm_diff_var",     "cm_diff_entr",          "cm_sum_avg",      "cm_sum_var",            "cm_sum_entr",
        "cm_energy",       "cm_contrast",           "cm_dissimilarity", "cm_inv_diff",          "cm_inv_diff_norm",
        "cm_inv_diff_mom", "cm_inv_diff_mom_norm", "cm_inv_var",      "cm_corr",               "cm_auto_corr",
        "cm_clust_tend",   "cm_clust_shade",        "cm_clust_prom",   "cm_info_corr1",         "cm_info_corr2"};
    static const char *const rlm[] = {"rlm_sre",       "rlm_lre",   "rlm_lgre",      "rlm_hgre",   "rlm_srlge", "rlm_srhge",
                                      "rlm_lrlge",     "rlm_lrhge", "rlm_glnu",      "rlm_glnu_norm", "rlm_rlnu",
                                      "rlm_rlnu_norm", "rlm_r_perc", "rlm_gl_var",   "rlm_rl_var", "rlm_rl_entr"};
    const family families[] = {{cm, LB_COUNT(cm), count_pairs, glcm_features, r->levels * r->levels},
                               {rlm, LB_COUNT(rlm), count_runs, run_features, r->levels * (longest(r) + 1)}};
    for (size_t f = 0; f < LB_COUNT(families); f++) {
        if (r->planar) {
            aggregate(r, &families[f], 4, true, true, "_2D_avg", "2D, averaged");
            aggregate(r, &families[f], 4, true, false, "_2D_comb", "2D, slice-merged");
            aggregate(r, &families[f], 4, false, true, "_2_5D_avg", "2.5D, direction-merged");
            aggregate(r, &families[f], 4, false, false, "_2_5D_comb", "2.5D, merged");
        }
        if (r->spatial) {
            aggregate(r, &families[f], 13, false, true, "_3D_avg", "3D, averaged");
            aggregate(r, &families[f], 13, false, false, "_3D_comb", "3D, merged");
        }
    }
}
