/* Grey levels of the region, directions between neighbours, and the sixteen features that run length, size zone and
 * dependence matrices have in common (Galloway 1975; Thibault et al. 2014; definitions as in PyRadiomics'
 * documentation). */
#include "muscle/radiomics/texture.h"

#include <math.h>
#include <stdlib.h>

lb_levels *lb_levels_new(const lb_feature_input *input, int64_t border, const char **reason)
{
    const lb_region *region = input->region;
    *reason = NULL;
    if (input->grey->bins > LB_MOST_LEVELS) {
        *reason = "more than 4096 grey levels: choose a larger binWidth";
        return NULL;
    }
    size_t pad = (size_t)border;
    double voxels = 1;
    bool long_axis = false;
    for (int a = 0; a < 3; a++) {
        voxels *= (double)(region->size[a] + 2 * pad);
        long_axis |= region->size[a] >= UINT16_MAX;
    }
    if (long_axis || voxels > UINT32_MAX) {
        *reason = "the region's box is too large for texture: resample to larger voxels";
        return NULL;
    }
    lb_levels *levels = lb_alloc(1, sizeof *levels);
    for (int a = 0; a < 3; a++) levels->size[a] = region->size[a] + 2 * pad;
    levels->level = lb_alloc(levels->size[0] * levels->size[1] * levels->size[2] + LB_LANES, sizeof *levels->level);
    levels->at = lb_alloc(region->voxels, sizeof *levels->at);
    levels->levels = input->grey->bins;
    const uint16_t *level = input->grey->level;
    for (size_t z = 0; z < region->size[2]; z++)
        for (size_t y = 0; y < region->size[1]; y++) {
            size_t to = pad + levels->size[0] * (y + pad + levels->size[1] * (z + pad));
            for (size_t x = 0; x < region->size[0]; x++, level++) {
                if (*level == 0) continue;
                levels->level[to + x] = *level;
                levels->at[levels->voxels++] = (uint32_t)(to + x);
            }
        }
    return levels;
}

void lb_levels_free(lb_levels *levels)
{
    if (!levels) return;
    free(levels->level);
    free(levels->at);
    free(levels);
}

/* Length of a step in the settings' norm; 1 without one. */
static double length_of(const lb_feature_input *input, const int step[3])
{
    double sum = 0, squares = 0, largest = 0;
    for (int a = 0; a < 3; a++) {
        double mm = abs(step[a]) * input->region->spacing_mm[a];
        sum += mm;
        squares += mm * mm;
        largest = fmax(largest, mm);
    }
    switch (input->settings->weighting) {
    case LB_WEIGHT_EUCLIDEAN:
        return sqrt(squares);
    case LB_WEIGHT_MANHATTAN:
        return sum;
    case LB_WEIGHT_INFINITY:
        return largest;
    default:
        return 1;
    }
}

lb_direction *lb_directions(const lb_feature_input *input, const lb_levels *levels, const int64_t *distance,
                            size_t distances, size_t *count)
{
    int far = 0, across = input->settings->force_2d ? 2 - input->settings->force_2d_dimension : -1;
    for (size_t d = 0; d < distances; d++) far = distance[d] > far ? (int)distance[d] : far;
    size_t side = 2 * (size_t)far + 1;
    lb_direction *out = lb_alloc(side * side * side, sizeof *out);
    *count = 0;
    for (int z = 0; z <= far; z++)
        for (int y = -far; y <= far; y++)
            for (int x = -far; x <= far; x++) {
                int step[3] = {x, y, z}, largest = 0;
                bool wanted = false, possible = z > 0 || y > 0 || (y == 0 && x > 0);
                for (int a = 0; a < 3; a++) {
                    largest = abs(step[a]) > largest ? abs(step[a]) : largest;
                    possible &= (size_t)abs(step[a]) < input->region->size[a] && !(a == across && step[a] != 0);
                }
                for (size_t d = 0; d < distances; d++) wanted |= distance[d] == largest;
                if (!wanted || !possible) continue;
                int64_t offset = x + (int64_t)levels->size[0] * (y + (int64_t)levels->size[1] * z);
                double length = length_of(input, step);
                bool weighted = input->settings->weighting > LB_WEIGHT_NO_WEIGHTING;
                out[(*count)++] = (lb_direction){offset, length, weighted ? exp(-length * length) : 1};
            }
    return out;
}

static int by_size(const void *a, const void *b)
{
    const lb_level_size *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return (x->level > y->level) - (x->level < y->level);
}

/* Sums of squares of the totals per level and per size, and the variances about their means. */
static void marginals(const lb_level_size *entry, size_t entries, size_t levels, double total, lb_size_features *out)
{
    double *by_level = lb_alloc(levels + 1, sizeof *by_level), level_mean = 0, size_mean = 0, same_size = 0;
    for (size_t e = 0; e < entries; e++) {
        by_level[entry[e].level] += entry[e].count;
        level_mean += entry[e].count / total * entry[e].level;
        size_mean += entry[e].count / total * entry[e].size;
        same_size += entry[e].count;
        if (e + 1 == entries || entry[e + 1].size != entry[e].size) {
            out->size_non_uniformity += same_size * same_size / total;
            same_size = 0;
        }
    }
    for (size_t l = 1; l <= levels; l++) out->grey_non_uniformity += by_level[l] * by_level[l] / total;
    for (size_t e = 0; e < entries; e++) {
        double p = entry[e].count / total, dl = entry[e].level - level_mean, ds = entry[e].size - size_mean;
        out->grey_variance += p * dl * dl;
        out->size_variance += p * ds * ds;
        out->entropy -= p * log2(p + lb_log_floor);
    }
    out->grey_normalized = out->grey_non_uniformity / total;
    out->size_normalized = out->size_non_uniformity / total;
    free(by_level);
}

void lb_size_features_of(lb_level_size *entry, size_t entries, size_t levels, lb_size_features *out)
{
    double total = 0, voxels = 0;
    *out = (lb_size_features){0};
    qsort(entry, entries, sizeof *entry, by_size);
    for (size_t e = 0; e < entries; e++) total += entry[e].count;
    for (size_t e = 0; e < entries; e++) {
        double p = entry[e].count / total, l2 = (double)entry[e].level * entry[e].level,
               s2 = (double)entry[e].size * entry[e].size;
        voxels += entry[e].count * entry[e].size;
        out->small += p / s2;
        out->large += p * s2;
        out->low_grey += p / l2;
        out->high_grey += p * l2;
        out->small_low += p / (s2 * l2);
        out->small_high += p * l2 / s2;
        out->large_low += p * s2 / l2;
        out->large_high += p * s2 * l2;
    }
    out->percentage = total / voxels;
    marginals(entry, entries, levels, total, out);
}

int lb_features_undefined(lb_features *out, const char *reason)
{
    for (size_t f = 0; f < LB_MAX_FEATURES; f++) {
        out->value[f] = NAN;
        out->reason[f] = reason;
        out->printed[f] = NAN;
    }
    return LB_OK;
}
