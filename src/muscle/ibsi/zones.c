/* IBSI size zone and distance zone features: connected voxels of one grey level, by size and by their least distance to
 * the border of the region of shape (in voxel steps over faces). Definitions: IBSI reference manual (arXiv:1612.07003),
 * sections 3.8 and 3.9. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/ibsi/ibsi.h"
#include "muscle/radiomics/texture.h"

typedef struct zones {
    lb_level_size *by_size, *by_distance;
    size_t count, voxels;
} zones;

/* The neighbour over a face, or the voxel itself at the end of the box. */
static size_t over_face(const lb_ibsi *r, size_t v, int axis, bool forward)
{
    const size_t step[3] = {1, r->size[0], r->size[0] * r->size[1]};
    size_t at = v / step[axis] % r->size[axis];
    if (forward) return at + 1 < r->size[axis] ? v + step[axis] : v;
    return at > 0 ? v - step[axis] : v;
}

/* Steps over faces to the first voxel outside the region of shape, breadth first; in the plane only when `planar`. */
static uint32_t *distances(const lb_ibsi *r, bool planar)
{
    size_t count = r->size[0] * r->size[1] * r->size[2], waiting = 0;
    int faces = planar ? 4 : 6;
    uint32_t *distance = lb_alloc(count, sizeof *distance), *queue = lb_alloc(count, sizeof *queue);
    for (size_t v = 0; v < count; v++)
        for (int f = 0; f < faces && r->morph[v] && !distance[v]; f++) {
            size_t next = over_face(r, v, f / 2, f % 2);
            if (next != v && r->morph[next]) continue;
            distance[v] = 1;
            queue[waiting++] = (uint32_t)v;
        }
    for (size_t taken = 0; taken < waiting; taken++)
        for (int f = 0; f < faces; f++) {
            size_t v = queue[taken], next = over_face(r, v, f / 2, f % 2);
            if (!r->morph[next] || distance[next]) continue;
            distance[next] = distance[v] + 1;
            queue[waiting++] = (uint32_t)next;
        }
    free(queue);
    return distance;
}

/* Grow a zone; its voxels are taken out of `level`. */
static void grow(const lb_ibsi *r, uint16_t *level, size_t start, bool planar, const uint32_t *distance, uint32_t *stack,
                 size_t *size, uint32_t *nearest)
{
    size_t waiting = 0;
    uint16_t own = level[start];
    *size = 0, *nearest = UINT32_MAX;
    stack[waiting++] = (uint32_t)start;
    level[start] = 0;
    while (waiting) {
        size_t v = stack[--waiting];
        int64_t x = (int64_t)(v % r->size[0]), y = (int64_t)(v / r->size[0] % r->size[1]),
                z = (int64_t)(v / r->size[0] / r->size[1]);
        ++*size;
        if (distance[v] < *nearest) *nearest = distance[v];
        for (int64_t k = planar ? z : z - 1; k <= (planar ? z : z + 1); k++)
            for (int64_t j = y - 1; j <= y + 1; j++)
                for (int64_t i = x - 1; i <= x + 1; i++) {
                    if (lb_ibsi_level(r, i, j, k) != own) continue;
                    size_t n = (size_t)i + r->size[0] * ((size_t)j + r->size[1] * (size_t)k);
                    if (!level[n]) continue;
                    level[n] = 0;
                    stack[waiting++] = (uint32_t)n;
                }
    }
}

static void find_zones(const lb_ibsi *r, size_t first, size_t end, bool planar, const uint32_t *distance, uint16_t *level,
                       uint32_t *stack, zones *out)
{
    size_t plane = r->size[0] * r->size[1];
    for (size_t v = first * plane; v < end * plane; v++) {
        out->voxels += r->level[v] != 0;
        if (!level[v]) continue;
        size_t size;
        uint32_t nearest, own = level[v];
        grow(r, level, v, planar, distance, stack, &size, &nearest);
        out->by_size[out->count] = (lb_level_size){own, (uint32_t)size, 1};
        out->by_distance[out->count++] = (lb_level_size){own, nearest, 1};
    }
}

static int by_level_and_size(const void *a, const void *b)
{
    const lb_level_size *x = a, *y = b;
    if (x->level != y->level) return x->level < y->level ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

static void add_features(lb_level_size *entry, size_t count, const lb_ibsi *r, double voxels, double *mean)
{
    size_t kept = 0;
    lb_size_features s;
    qsort(entry, count, sizeof *entry, by_level_and_size);
    for (size_t i = 0; i < count; i++) {
        if (kept && by_level_and_size(&entry[kept - 1], &entry[i]) == 0) entry[kept - 1].count++;
        else entry[kept++] = entry[i];
    }
    lb_size_features_of(entry, kept, r->levels, &s);
    const double value[16] = {s.small,     s.large,      s.low_grey,            s.high_grey,       s.small_low,
                              s.small_high, s.large_low, s.large_high,          s.grey_non_uniformity, s.grey_normalized,
                              s.size_non_uniformity, s.size_normalized, (double)count / voxels, s.grey_variance,
                              s.size_variance, s.entropy};
    for (int i = 0; i < 16; i++) mean[i] += value[i];
}

static void measure(lb_ibsi *r, bool planar, bool by_slice, const char *suffix, const char *aggregation)
{
    static const char *const szm[] = {"szm_sze",   "szm_lze",      "szm_lgze",   "szm_hgze",      "szm_szlge",
                                      "szm_szhge", "szm_lzlge",    "szm_lzhge",  "szm_glnu",      "szm_glnu_norm",
                                      "szm_zsnu",  "szm_zsnu_norm", "szm_z_perc", "szm_gl_var",   "szm_zs_var",
                                      "szm_zs_entr"};
    static const char *const dzm[] = {"dzm_sde",   "dzm_lde",      "dzm_lgze",   "dzm_hgze",      "dzm_sdlge",
                                      "dzm_sdhge", "dzm_ldlge",    "dzm_ldhge",  "dzm_glnu",      "dzm_glnu_norm",
                                      "dzm_zdnu",  "dzm_zdnu_norm", "dzm_z_perc", "dzm_gl_var",   "dzm_zd_var",
                                      "dzm_zd_entr"};
    size_t count = r->size[0] * r->size[1] * r->size[2], slices = by_slice ? r->size[2] : 1, added = 0;
    uint32_t *distance = distances(r, planar), *stack = lb_alloc(count, sizeof *stack);
    uint16_t *level = lb_alloc(count, sizeof *level);
    double size_mean[16] = {0}, distance_mean[16] = {0};
    zones z = {lb_alloc(r->voxels, sizeof(lb_level_size)), lb_alloc(r->voxels, sizeof(lb_level_size)), 0, 0};
    memcpy(level, r->level, count * sizeof *level);
    for (size_t s = 0; s < slices; s++) {
        z.count = z.voxels = 0;
        find_zones(r, s, by_slice ? s + 1 : r->size[2], planar, distance, level, stack, &z);
        if (z.count == 0) continue;
        add_features(z.by_size, z.count, r, (double)z.voxels, size_mean);
        add_features(z.by_distance, z.count, r, (double)z.voxels, distance_mean);
        added++;
    }
    for (int i = 0; i < 16; i++) lb_ibsi_push(r, szm[i], suffix, aggregation, size_mean[i] / (double)added);
    for (int i = 0; i < 16; i++) lb_ibsi_push(r, dzm[i], suffix, aggregation, distance_mean[i] / (double)added);
    free(z.by_size);
    free(z.by_distance);
    free(level);
    free(stack);
    free(distance);
}

void lb_ibsi_zones(lb_ibsi *r)
{
    if (r->planar) {
        measure(r, true, true, "_2D", "2D");
        measure(r, true, false, "_2_5D", "2.5D");
    }
    if (r->spatial) measure(r, false, false, "_3D", "3D");
}
