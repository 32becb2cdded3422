/* Grey values of the region, sorted and put into bins of fixed width (edges at multiples of the width) or fixed count.
 * Definitions: PyRadiomics documentation, "Image discretization"; IBSI (Zwanenburg et al. 2020) fixed bin size/number.
 */
#include <math.h>
#include <string.h>

#include "muscle/composition/classes.h"
#include "muscle/radiomics/radiomics.h"

enum { MOST_BINS = 1 << 20 };

static int too_many(double bins, const lb_radiomics_settings *s, double low, double high, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "a bin width of %g gives %.0f bins for grey values %g to %g", s->bin_width, bins, low,
            high);
    lb_error_hint(err, "set binWidth near %.2g, which gives about 32 bins", (high - low) / 32);
    return LB_BAD_DATA;
}

/* Bin of a grey value of the region, 0 … bins − 1. */
static size_t bin_of(const lb_grey *grey, double value)
{
    if (!(grey->width > 0)) return 0;
    double bin = floor((value - grey->edge_low) / grey->width);
    /* The division may round across an edge: the edge itself decides. */
    if (value < grey->edge_low + bin * grey->width) bin--;
    if (value >= grey->edge_low + (bin + 1) * grey->width) bin++;
    if (bin < 0) return 0;
    return bin >= (double)grey->bins ? grey->bins - 1 : (size_t)bin; /* the maximum belongs to the last bin */
}

/* Levels by value, from the smallest value on, when all values are whole numbers within a short range; else NULL. */
static uint16_t *levels_by_value(const lb_grey *grey, lb_arena *arena)
{
    double low = grey->sorted[0], range = grey->sorted[grey->count - 1] - low;
    if (!(range <= UINT16_MAX) || fabs(low) > 1e9) return NULL;
    uint16_t *level = lb_arena_array(arena, (size_t)range + 1, sizeof *level);
    for (size_t i = 0; i < grey->count; i++) {
        double value = grey->sorted[i];
        if (i > 0 && value == grey->sorted[i - 1]) continue;
        if (value != floor(value)) return NULL;
        level[(size_t)(value - low)] = (uint16_t)(bin_of(grey, value) + 1);
    }
    return level;
}

static int set_levels(const lb_region *region, lb_arena *arena, lb_grey *out, lb_error *err)
{
    size_t count = region->size[0] * region->size[1] * region->size[2];
    if (out->bins > UINT16_MAX) return LB_OK;
    out->level = lb_arena_try(arena, count, sizeof *out->level);
    if (!out->level) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the grey levels of the region");
    const uint16_t *known = levels_by_value(out, arena);
    for (size_t i = 0; i < count; i++) {
        if (!region->inside[i]) continue;
        double value = region->value[i];
        out->level[i] = known ? known[(size_t)(value - out->sorted[0])] : (uint16_t)(bin_of(out, value) + 1);
    }
    return LB_OK;
}

int lb_grey_bin(const lb_region *region, const lb_radiomics_settings *s, lb_arena *arena, lb_grey *out, lb_error *err)
{
    size_t count = region->size[0] * region->size[1] * region->size[2];
    memset(out, 0, sizeof *out);
    out->sorted = lb_arena_try(arena, region->voxels, sizeof *out->sorted);
    if (!out->sorted) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu grey values", region->voxels);
    for (size_t i = 0; i < count; i++)
        if (region->inside[i]) out->sorted[out->count++] = region->value[i];
    lb_sort_numbers(out->sorted, out->count);
    double low = out->sorted[0], high = out->sorted[out->count - 1];
    if (s->bin_count > 0) {
        out->bins = (size_t)s->bin_count;
        out->width = (high - low) / (double)s->bin_count;
        out->edge_low = low;
    } else {
        double bins = floor(high / s->bin_width) - floor(low / s->bin_width) + 1;
        if (!(bins <= MOST_BINS)) return too_many(bins, s, low, high, err);
        out->bins = (size_t)bins;
        out->width = s->bin_width;
        out->edge_low = floor(low / s->bin_width) * s->bin_width;
    }
    out->bin_voxels = lb_arena_array(arena, out->bins, sizeof *out->bin_voxels);
    for (size_t i = 0; i < out->count;) {
        /* Equal values share their bin: whole-number images need one division per distinct value. */
        size_t end = i;
        while (end < out->count && out->sorted[end] == out->sorted[i]) end++;
        out->bin_voxels[bin_of(out, out->sorted[i])] += (int64_t)(end - i);
        i = end;
    }
    return set_levels(region, arena, out, err);
}
