/* IBSI neighbourhood grey tone difference and neighbouring grey level dependence features, Chebyshev distance 1, coarseness
 * 0. Definitions: IBSI reference manual (arXiv:1612.07003), sections 3.10 and 3.11. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/ibsi/ibsi.h"
#include "muscle/radiomics/texture.h"

enum { MOST_DEPENDENT = 27 };

/* Per level: voxels with a neighbour and the sum of their differences; per level and dependence: voxels. */
typedef struct counts {
    double *n, *s, *dependent, voxels;
} counts;

static void count_slices(const lb_ibsi *r, size_t first, size_t end, bool planar, counts *c)
{
    size_t v = r->size[0] * r->size[1] * first;
    memset(c->n, 0, (r->levels + 1) * sizeof *c->n);
    memset(c->s, 0, (r->levels + 1) * sizeof *c->s);
    memset(c->dependent, 0, (r->levels + 1) * (MOST_DEPENDENT + 1) * sizeof *c->dependent);
    c->voxels = 0;
    for (int64_t z = (int64_t)first; z < (int64_t)end; z++)
        for (int64_t y = 0; y < (int64_t)r->size[1]; y++)
            for (int64_t x = 0; x < (int64_t)r->size[0]; x++, v++) {
                size_t own = r->level[v], neighbours = 0, sum = 0, alike = 0;
                if (!own) continue;
                for (int64_t k = planar ? z : z - 1; k <= (planar ? z : z + 1); k++)
                    for (int64_t j = y - 1; j <= y + 1; j++)
                        for (int64_t i = x - 1; i <= x + 1; i++) {
                            size_t level = lb_ibsi_level(r, i, j, k);
                            alike += level == own; /* the voxel itself among them */
                            if (i == x && j == y && k == z) continue;
                            neighbours += level != 0;
                            sum += level;
                        }
                c->dependent[own * (MOST_DEPENDENT + 1) + alike]++;
                if (neighbours == 0) continue;
                c->n[own]++;
                c->s[own] += fabs((double)own - (double)sum / (double)neighbours);
                c->voxels++;
            }
}

static bool tone_features(const lb_ibsi *r, const counts *c, double *mean)
{
    double ps = 0, all = 0, spread = 0, busy = 0, complexity = 0, strength = 0, present = 0;
    for (size_t i = 1; i <= r->levels; i++) {
        if (c->n[i] == 0) continue;
        double p = c->n[i] / c->voxels, x = (double)i;
        present++, ps += p * c->s[i], all += c->s[i];
        for (size_t k = 1; k <= r->levels; k++) {
            if (c->n[k] == 0) continue;
            double q = c->n[k] / c->voxels, y = (double)k;
            spread += p * q * (x - y) * (x - y);
            busy += fabs(x * p - y * q);
            complexity += fabs(x - y) * (p * c->s[i] + q * c->s[k]) / (p + q);
            strength += (p + q) * (x - y) * (x - y);
        }
    }
    if (present == 0) return false;
    mean[0] += ps > 0 ? 1 / ps : 1e6; /* as the manual sets it */
    mean[1] += present > 1 ? spread / (present * (present - 1)) * all / c->voxels : 0;
    mean[2] += busy > 0 ? ps / busy : 0;
    mean[3] += complexity / c->voxels;
    mean[4] += all > 0 ? strength / all : 0;
    return true;
}

static bool dependence_features(const lb_ibsi *r, const counts *c, double *mean)
{
    size_t entries = 0, columns = MOST_DEPENDENT + 1;
    double total = 0, energy = 0;
    lb_level_size *entry = lb_alloc((r->levels + 1) * columns, sizeof *entry);
    for (size_t i = 0; i < (r->levels + 1) * columns; i++) {
        if (c->dependent[i] == 0) continue;
        entry[entries++] = (lb_level_size){(uint32_t)(i / columns), (uint32_t)(i % columns), c->dependent[i]};
        total += c->dependent[i];
        energy += c->dependent[i] * c->dependent[i];
    }
    if (entries) {
        lb_size_features s;
        lb_size_features_of(entry, entries, r->levels, &s);
        const double value[17] = {s.small,      s.large,     s.low_grey,   s.high_grey,           s.small_low,     s.small_high,
                                  s.large_low,  s.large_high, s.grey_non_uniformity, s.grey_normalized, s.size_non_uniformity,
                                  s.size_normalized, 1, s.grey_variance, s.size_variance, s.entropy, energy / (total * total)};
        for (int i = 0; i < 17; i++) mean[i] += value[i];
    }
    free(entry);
    return entries > 0;
}

static void measure(lb_ibsi *r, bool planar, bool by_slice, const char *suffix, const char *aggregation)
{
    static const char *const ngt[] = {"ngt_coarseness", "ngt_contrast", "ngt_busyness", "ngt_complexity", "ngt_strength"};
    static const char *const ngl[] = {"ngl_lde",   "ngl_hde",       "ngl_lgce",    "ngl_hgce",   "ngl_ldlge",  "ngl_ldhge",
                                      "ngl_hdlge", "ngl_hdhge",     "ngl_glnu",    "ngl_glnu_norm", "ngl_dcnu",
                                      "ngl_dcnu_norm", "ngl_dc_perc", "ngl_gl_var", "ngl_dc_var", "ngl_dc_entr",
                                      "ngl_dc_energy"};
    size_t slices = by_slice ? r->size[2] : 1, tones = 0, dependences = 0;
    double tone[5] = {0}, dependence[17] = {0};
    counts c = {lb_alloc(r->levels + 1, sizeof(double)), lb_alloc(r->levels + 1, sizeof(double)),
                lb_alloc((r->levels + 1) * (MOST_DEPENDENT + 1), sizeof(double)), 0};
    for (size_t s = 0; s < slices; s++) {
        count_slices(r, s, by_slice ? s + 1 : r->size[2], planar, &c);
        tones += tone_features(r, &c, tone);
        dependences += dependence_features(r, &c, dependence);
    }
    for (int i = 0; i < 5; i++) lb_ibsi_push(r, ngt[i], suffix, aggregation, tone[i] / (double)tones);
    for (int i = 0; i < 17; i++) lb_ibsi_push(r, ngl[i], suffix, aggregation, dependence[i] / (double)dependences);
    free(c.n);
    free(c.s);
    free(c.dependent);
}

void lb_ibsi_neighbours(lb_ibsi *r)
{
    if (r->planar) {
        measure(r, true, true, "_2D", "2D");
        measure(r, true, false, "_2_5D", "2.5D");
    }
    if (r->spatial) measure(r, false, false, "_3D", "3D");
}
