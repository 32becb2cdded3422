/* From image and mask to the region of an IBSI configuration: interpolation (linear, grid centred on the image, ends
 * repeated), rounding, resegmentation, outliers, grey levels. Definitions: IBSI reference manual (arXiv:1612.07003),
 * chapter 2, and Zwanenburg et al. 2020 (doi:10.1148/radiol.2020191145), configurations A to D. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/composition/classes.h"
#include "muscle/ibsi/ibsi.h"

typedef struct configuration {
    const char *name;
    bool spatial, planar, whole; /* whole: grey levels as they are */
    double spacing_mm[3];        /* 0 = as it is */
    double range[2], sigma;      /* NaN = none */
    double bin_width, bin_count; /* one of them */
    double ivh_width;            /* 0 = the values themselves */
} configuration;

static const configuration configurations[] = {
    {"digital", true, true, true, {0}, {NAN, NAN}, NAN, 1, 0, 0},
    {"A", false, true, false, {0}, {-500, 400}, NAN, 25, 0, 0},
    {"B", false, true, false, {2, 2, 0}, {-500, 400}, NAN, 0, 32, 0},
    {"C", true, false, false, {2, 2, 2}, {-1000, 400}, NAN, 25, 0, 2.5},
    {"D", true, false, false, {2, 2, 2}, {NAN, NAN}, 3, 0, 32, 0},
};

/* Values and mask of the whole image on the configuration's grid. */
typedef struct grid {
    size_t size[3];
    double spacing_mm[3], *value;
    uint8_t *mask;
} grid;

/* Linear interpolation along one axis. */
static double *along(const double *in, size_t size[3], int axis, size_t n, double step)
{
    size_t out_size[3] = {size[0], size[1], size[2]}, at[3], i = 0;
    const size_t stride[3] = {1, size[0], size[0] * size[1]};
    out_size[axis] = n;
    double *out = lb_alloc(out_size[0] * out_size[1] * out_size[2], sizeof *out);
    for (at[2] = 0; at[2] < out_size[2]; at[2]++)
        for (at[1] = 0; at[1] < out_size[1]; at[1]++)
            for (at[0] = 0; at[0] < out_size[0]; at[0]++, i++) {
                double last = (double)(size[axis] - 1);
                double place = last / 2 + ((double)at[axis] - (double)(n - 1) / 2) * step;
                place = fmin(fmax(place, 0), last);
                size_t low = (size_t)place, from = 0;
                for (int a = 0; a < 3; a++) from += stride[a] * (a == axis ? low : at[a]);
                double rest = place - (double)low;
                out[i] = rest > 0 ? (1 - rest) * in[from] + rest * in[from + stride[axis]] : in[from];
            }
    size[axis] = n;
    return out;
}

static int interpolate(const configuration *c, grid *g, double *mask, lb_error *err)
{
    size_t mask_size[3] = {g->size[0], g->size[1], g->size[2]};
    for (int a = 0; a < 3; a++) {
        if (c->spacing_mm[a] == 0) continue;
        double n = ceil((double)g->size[a] * g->spacing_mm[a] / c->spacing_mm[a]), step = c->spacing_mm[a] / g->spacing_mm[a];
        if (!(n >= 1 && n < 4096)) {
            free(mask);
            return lb_fail(err, LB_BAD_DATA, "interpolation to %g mm would make %.0f voxels along one axis", c->spacing_mm[a], n);
        }
        double *value = along(g->value, g->size, a, (size_t)n, step);
        double *share = along(mask, mask_size, a, (size_t)n, step);
        free(g->value);
        free(mask);
        g->value = value, mask = share;
        g->spacing_mm[a] = c->spacing_mm[a];
    }
    size_t count = g->size[0] * g->size[1] * g->size[2];
    g->mask = lb_alloc(count, 1);
    for (size_t i = 0; i < count; i++) {
        g->value[i] = c->whole ? g->value[i] : floor(g->value[i] + 0.5);
        g->mask[i] = mask[i] >= 0.5;
    }
    free(mask);
    return LB_OK;
}

/* The box around the region, wide enough for the spheres of the local intensity peaks. */
static int crop(const grid *g, int64_t label, lb_arena *arena, lb_ibsi *out, lb_error *err)
{
    size_t low[3] = {SIZE_MAX, SIZE_MAX, SIZE_MAX}, high[3] = {0}, count = 1, i = 0;
    for (size_t z = 0; z < g->size[2]; z++)
        for (size_t y = 0; y < g->size[1]; y++)
            for (size_t x = 0; x < g->size[0]; x++, i++) {
                size_t at[3] = {x, y, z};
                for (int a = 0; a < 3 && g->mask[i]; a++) {
                    if (at[a] < low[a]) low[a] = at[a];
                    if (at[a] > high[a]) high[a] = at[a];
                }
                out->morph_voxels += g->mask[i];
            }
    if (out->morph_voxels < 2) {
        lb_fail(err, LB_BAD_DATA, "label %lld has %zu voxels: there is nothing to describe", (long long)label, out->morph_voxels);
        lb_error_hint(err, "choose one of the labels present with --label");
        return LB_BAD_DATA;
    }
    for (int a = 0; a < 3; a++) {
        size_t margin = (size_t)(6.3 / g->spacing_mm[a]) + 1;
        low[a] = low[a] > margin ? low[a] - margin : 0;
        high[a] = high[a] + margin < g->size[a] ? high[a] + margin : g->size[a] - 1;
        count *= out->size[a] = high[a] - low[a] + 1;
        out->spacing_mm[a] = g->spacing_mm[a];
    }
    out->value = lb_arena_try(arena, count, sizeof *out->value);
    out->morph = lb_arena_try(arena, count, 1);
    out->inside = lb_arena_try(arena, count, 1);
    out->level = lb_arena_try(arena, count, sizeof *out->level);
    if (!out->value || !out->morph || !out->inside || !out->level) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the region");
    i = 0;
    for (size_t z = 0; z < out->size[2]; z++)
        for (size_t y = 0; y < out->size[1]; y++)
            for (size_t x = 0; x < out->size[0]; x++, i++) {
                size_t from = low[0] + x + g->size[0] * (low[1] + y + g->size[1] * (low[2] + z));
                out->value[i] = g->value[from];
                out->morph[i] = g->mask[from];
            }
    return LB_OK;
}

static int resegment(const configuration *c, lb_ibsi *r, lb_error *err)
{
    size_t count = r->size[0] * r->size[1] * r->size[2];
    double sum = 0, squares = 0, low = c->range[0], high = c->range[1];
    for (size_t i = 0; i < count; i++) {
        if (!r->morph[i]) continue;
        if (!isfinite(r->value[i])) return lb_fail(err, LB_BAD_DATA, "the region holds voxels that are not numbers");
        sum += r->value[i];
    }
    double mean = sum / (double)r->morph_voxels;
    for (size_t i = 0; i < count; i++)
        if (r->morph[i]) squares += (r->value[i] - mean) * (r->value[i] - mean);
    double sd = sqrt(squares / (double)r->morph_voxels);
    if (!isnan(c->sigma)) low = mean - c->sigma * sd, high = mean + c->sigma * sd;
    for (size_t i = 0; i < count; i++) {
        r->inside[i] = r->morph[i] && !(r->value[i] < low) && !(r->value[i] > high);
        r->voxels += r->inside[i];
    }
    if (r->voxels >= 2) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "resegmentation to %g … %g leaves %zu of %zu voxels", low, high, r->voxels, r->morph_voxels);
    lb_error_hint(err, "configurations A to C are for CT in Hounsfield units; D takes any image");
    return LB_BAD_DATA;
}

static int discretise(const configuration *c, lb_arena *arena, lb_ibsi *r, lb_error *err)
{
    size_t count = r->size[0] * r->size[1] * r->size[2], at = 0;
    r->sorted = lb_arena_try(arena, r->voxels, sizeof *r->sorted);
    if (!r->sorted) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the region");
    for (size_t i = 0; i < count; i++)
        if (r->inside[i]) r->sorted[at++] = r->value[i];
    lb_sort_numbers(r->sorted, r->voxels);
    double least = r->sorted[0], most = r->sorted[r->voxels - 1], from = isnan(c->range[0]) ? least : c->range[0];
    double levels = c->bin_count > 0 ? c->bin_count : floor((most - from) / c->bin_width) + 1;
    if (c->whole) from = 1, levels = most;
    if (!(levels >= 1 && levels <= 4096) || (c->whole && (least < 1 || most != floor(most)))) {
        lb_fail(err, LB_BAD_DATA, "grey values %g to %g do not make 1 to 4096 grey levels", least, most);
        lb_error_hint(err, "configuration digital takes whole grey levels from 1; A and C take Hounsfield units");
        return LB_BAD_DATA;
    }
    r->levels = (size_t)levels;
    for (size_t i = 0; i < count; i++) {
        if (!r->inside[i]) continue;
        double width = c->bin_count > 0 ? (most - from) / levels : c->bin_width;
        double level = width > 0 ? floor((r->value[i] - from) / width) + 1 : 1;
        r->level[i] = (uint16_t)fmin(fmax(level, 1), levels);
    }
    double to = isnan(c->range[1]) ? most : c->range[1];
    r->low = from, r->width = c->ivh_width > 0 ? c->ivh_width : 1, r->centred = c->ivh_width > 0;
    r->steps = (size_t)(r->centred ? ceil((to - from) / r->width) : to - from + 1);
    return LB_OK;
}

int lb_ibsi_prepare(const lb_volume *image, const lb_volume *mask, int64_t label, const char *name, lb_arena *arena,
                    lb_ibsi *out, lb_error *err)
{
    const configuration *c = &configurations[0];
    for (size_t i = 0; i < LB_COUNT(configurations); i++)
        if (lb_text_equal(configurations[i].name, name)) c = &configurations[i];
    size_t count = lb_volume_count(image);
    grid g = {.value = lb_alloc(count, sizeof(double))};
    double *share = lb_alloc(count, sizeof *share);
    memcpy(g.size, image->size, sizeof g.size);
    memcpy(g.spacing_mm, image->spacing_mm, sizeof g.spacing_mm);
    for (size_t i = 0; i < count; i++) {
        double x = lb_volume_at(image, i);
        g.value[i] = c->whole ? x : floor(x + 0.5);
        share[i] = lb_volume_at(mask, i) == (double)label;
    }
    *out = (lb_ibsi){.spatial = c->spatial, .planar = c->planar, .arena = arena};
    int status = interpolate(c, &g, share, err);
    if (status == LB_OK) status = crop(&g, label, arena, out, err);
    if (status == LB_OK) status = resegment(c, out, err);
    if (status == LB_OK) status = discretise(c, arena, out, err);
    free(g.value);
    free(g.mask);
    return status;
}
