/* Neighbouring grey tone differences (Amadasun and King 1989, doi:10.1109/21.44046): how far each voxel is from the
 * mean of its neighbours. */
#include <math.h>
#include <stdlib.h>

#include "muscle/radiomics/texture.h"

enum { BUSYNESS, COARSENESS, COMPLEXITY, CONTRAST, STRENGTH };

/* Number and sum of the neighbours of the voxels from `at` on. */
LB_WIDEST static void add_neighbours(const uint16_t *at, const lb_direction *direction, size_t directions, uint16_t *number, uint16_t *sum)
{
    lb_lanes count = {0}, total = {0};
    for (size_t d = 0; d < directions; d++) {
        lb_lanes a = *(const lb_lanes *)(at + direction[d].offset), b = *(const lb_lanes *)(at - direction[d].offset);
        count -= (lb_lanes)(a != 0) + (lb_lanes)(b != 0); /* true is −1 */
        total += a + b;
    }
    *(lb_lanes *)number = count;
    *(lb_lanes *)sum = total;
}

static void add_one(const uint16_t *at, const lb_direction *direction, size_t directions, size_t *number, size_t *sum)
{
    *number = *sum = 0;
    for (size_t d = 0; d < directions; d++) {
        size_t a = at[direction[d].offset], b = at[-direction[d].offset];
        *number += (a != 0) + (size_t)(b != 0);
        *sum += a + b;
    }
}

/* Per level: voxels, and the sum of their differences. */
static void count_differences(const lb_levels *levels, const lb_direction *direction, size_t directions, double *n,
                              double *s)
{
    uint16_t number[LB_LANES], sum[LB_LANES];
    bool small = 2 * directions * levels->levels <= UINT16_MAX; /* sums fit */
    size_t first = 0, filled = 0;                               /* what number and sum hold */
    for (size_t v = 0; v < levels->voxels; v++) {
        size_t i = levels->at[v], own = levels->level[i], neighbours, total;
        if (small) {
            if (i >= first + filled) {
                add_neighbours(levels->level + i, direction, directions, number, sum);
                first = i;
                filled = LB_LANES;
            }
            neighbours = number[i - first];
            total = sum[i - first];
        } else add_one(levels->level + i, direction, directions, &neighbours, &total);
        n[own]++;
        if (neighbours > 0) s[own] += fabs((double)own - (double)total / (double)neighbours);
    }
}

static void features(const double *n, const double *s, size_t levels, double voxels, lb_features *out)
{
    double p_s = 0, all_s = 0, spread = 0, busy = 0, complexity = 0, strength = 0, present = 0;
    for (size_t i = 1; i <= levels; i++) {
        if (n[i] == 0) continue;
        double p = n[i] / voxels, x = (double)i;
        present++;
        p_s += p * s[i];
        all_s += s[i];
        for (size_t k = 1; k <= levels; k++) {
            if (n[k] == 0) continue;
            double q = n[k] / voxels, y = (double)k;
            spread += p * q * (x - y) * (x - y);
            busy += fabs(x * p - y * q);
            complexity += fabs(x - y) * (p * s[i] + q * s[k]) / (p + q);
            strength += (p + q) * (x - y) * (x - y);
        }
    }
    static const char one_level[] = "the region has one grey level only";
    static const char no_difference[] = "no voxel differs from its neighbours";
    out->value[COMPLEXITY] = complexity / voxels;
    out->value[BUSYNESS] = busy > 0 ? p_s / busy : NAN;
    out->value[CONTRAST] = present > 1 ? spread / (present * (present - 1)) * all_s / voxels : NAN;
    out->value[COARSENESS] = p_s > 0 ? 1 / p_s : NAN;
    out->value[STRENGTH] = all_s > 0 ? strength / all_s : NAN;
    out->printed[COARSENESS] = 1e6;
    out->reason[BUSYNESS] = out->reason[CONTRAST] = one_level;
    out->reason[COARSENESS] = out->reason[STRENGTH] = present > 1 ? no_difference : one_level;
}

int lb_ngtdm_compute(const lb_feature_input *input, lb_features *out, lb_error *err)
{
    (void)err;
    const char *reason;
    const lb_radiomics_settings *settings = input->settings;
    int64_t far = 1;
    for (size_t d = 0; d < settings->distances; d++) far = settings->distance[d] > far ? settings->distance[d] : far;
    lb_levels *levels = lb_levels_new(input, far, &reason);
    if (!levels) return lb_features_undefined(out, reason);
    size_t directions;
    lb_direction *direction = lb_directions(input, levels, settings->distance, settings->distances, &directions);
    double *n = lb_alloc(levels->levels + 1, sizeof *n), *s = lb_alloc(levels->levels + 1, sizeof *s);
    count_differences(levels, direction, directions, n, s);
    features(n, s, levels->levels, (double)levels->voxels, out);
    free(n);
    free(s);
    free(direction);
    lb_levels_free(levels);
    return LB_OK;
}
