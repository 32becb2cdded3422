/* Grey level size zones (Thibault et al. 2009): zones of equal level, joined over faces, edges and corners. */
#include <stdlib.h>

#include "muscle/radiomics/texture.h"

enum { FEATURES = 16 };

static int by_level_and_size(const void *a, const void *b)
{
    const lb_level_size *x = a, *y = b;
    if (x->level != y->level) return x->level < y->level ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

/* Grow a zone from its first voxel; its voxels are taken out of the levels. */
static size_t grow(uint16_t *level, uint32_t first, const lb_direction *direction, size_t directions, uint32_t *stack)
{
    size_t size = 0, waiting = 0;
    uint16_t own = level[first];
    level[first] = 0;
    stack[waiting++] = first;
    while (waiting > 0) {
        int64_t i = stack[--waiting];
        size++;
        for (size_t d = 0; d < directions; d++)
            for (int sign = -1; sign <= 1; sign += 2) {
                int64_t k = i + sign * direction[d].offset;
                if (level[k] != own) continue;
                level[k] = 0;
                stack[waiting++] = (uint32_t)k;
            }
    }
    return size;
}

/* Equal entries together, with how many there are. */
static size_t merge(lb_level_size *zone, size_t zones)
{
    size_t kept = 0;
    qsort(zone, zones, sizeof *zone, by_level_and_size);
    for (size_t z = 0; z < zones; z++) {
        if (kept > 0 && by_level_and_size(&zone[kept - 1], &zone[z]) == 0)
            zone[kept - 1].count++;
        else
            zone[kept++] = zone[z];
    }
    return kept;
}

int lb_glszm_compute(const lb_feature_input *input, lb_features *out, lb_error *err)
{
    (void)err;
    const char *reason;
    lb_levels *levels = lb_levels_new(input, 1, &reason);
    if (!levels) return lb_features_undefined(out, reason);
    size_t directions, zones = 0;
    lb_direction *direction = lb_directions(input, levels, (const int64_t[]){1}, 1, &directions);
    uint32_t *stack = lb_alloc(levels->voxels, sizeof *stack);
    lb_level_size *zone = lb_alloc(levels->voxels, sizeof *zone);
    for (size_t v = 0; v < levels->voxels; v++) {
        uint32_t i = levels->at[v], own = levels->level[i];
        if (own == 0) continue;
        size_t size = grow(levels->level, i, direction, directions, stack);
        zone[zones++] = (lb_level_size){own, (uint32_t)size, 1};
    }
    lb_size_features f;
    lb_size_features_of(zone, merge(zone, zones), levels->levels, &f);
    const double value[FEATURES] = {
        f.grey_non_uniformity, f.grey_normalized, f.grey_variance,       f.high_grey,       f.large, f.large_high,
        f.large_low,           f.low_grey,        f.size_non_uniformity, f.size_normalized, f.small, f.small_high,
        f.small_low,           f.entropy,         f.percentage,          f.size_variance};
    for (int i = 0; i < FEATURES; i++) out->value[i] = value[i];
    free(stack);
    free(zone);
    free(direction);
    lb_levels_free(levels);
    return LB_OK;
}
