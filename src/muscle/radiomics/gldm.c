/* Grey level dependence (Sun and Wee 1983): how many neighbours of a voxel differ from it by at most gldm_a levels, and
 * the voxel itself. */
#include <stdlib.h>

#include "muscle/radiomics/texture.h"

enum { FEATURES = 14 };

static size_t largest_distance(const lb_radiomics_settings *s)
{
    int64_t far = 1;
    for (size_t d = 0; d < s->distances; d++) far = s->distance[d] > far ? s->distance[d] : far;
    return (size_t)far;
}

/* For each voxel from `at` on: itself, and the neighbours that are within alpha of it. */
LB_WIDEST static void add_dependent(const uint16_t *at, const lb_direction *direction, size_t directions, uint16_t alpha, uint16_t *out)
{
    lb_lanes own = *(const lb_lanes *)at, low = own - alpha, dependent = {0};
    for (size_t d = 0; d < directions; d++) {
        lb_lanes a = *(const lb_lanes *)(at + direction[d].offset), b = *(const lb_lanes *)(at - direction[d].offset);
        /* |a − own| ≤ alpha in one comparison: below, the difference wraps round to the largest numbers. */
        dependent -= (lb_lanes)(a != 0) & (lb_lanes)(a - low <= (uint16_t)(2 * alpha));
        dependent -= (lb_lanes)(b != 0) & (lb_lanes)(b - low <= (uint16_t)(2 * alpha));
    }
    *(lb_lanes *)out = dependent + 1;
}

static void count_dependences(const lb_levels *levels, const lb_direction *direction, size_t directions, int64_t alpha,
                              uint32_t *matrix)
{
    uint16_t dependent[LB_LANES], most = (uint16_t)(alpha < LB_MOST_LEVELS ? alpha : LB_MOST_LEVELS);
    size_t sizes = 2 * directions + 2, first = 0, filled = 0; /* what `dependent` holds */
    for (size_t v = 0; v < levels->voxels; v++) {
        size_t i = levels->at[v];
        if (i >= first + filled) {
            add_dependent(levels->level + i, direction, directions, most, dependent);
            first = i;
            filled = LB_LANES;
        }
        matrix[(size_t)(levels->level[i] - 1) * sizes + dependent[i - first]]++;
    }
}

int lb_gldm_compute(const lb_feature_input *input, lb_features *out, lb_error *err)
{
    (void)err;
    const char *reason;
    const lb_radiomics_settings *s = input->settings;
    lb_levels *levels = lb_levels_new(input, (int64_t)largest_distance(s), &reason);
    if (!levels) return lb_features_undefined(out, reason);
    size_t directions, entries = 0;
    lb_direction *direction = lb_directions(input, levels, s->distance, s->distances, &directions);
    size_t sizes = 2 * directions + 2, cells = levels->levels * sizes;
    uint32_t *matrix = lb_alloc(cells, sizeof *matrix);
    lb_level_size *entry = lb_alloc(cells, sizeof *entry);
    count_dependences(levels, direction, directions, s->gldm_a, matrix);
    for (size_t c = 0; c < cells; c++)
        if (matrix[c] > 0)
            entry[entries++] = (lb_level_size){(uint32_t)(c / sizes) + 1, (uint32_t)(c % sizes), matrix[c]};
    lb_size_features f;
    lb_size_features_of(entry, entries, levels->levels, &f);
    const double value[FEATURES] = {f.entropy,
                                    f.size_non_uniformity,
                                    f.size_normalized,
                                    f.size_variance,
                                    f.grey_non_uniformity,
                                    f.grey_variance,
                                    f.high_grey,
                                    f.large,
                                    f.large_high,
                                    f.large_low,
                                    f.low_grey,
                                    f.small,
                                    f.small_high,
                                    f.small_low};
    for (int i = 0; i < FEATURES; i++) out->value[i] = value[i];
    free(matrix);
    free(entry);
    free(direction);
    lb_levels_free(levels);
    return LB_OK;
}
