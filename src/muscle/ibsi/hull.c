/* Convex hull of the region's surface points, half a voxel out of each voxel along the axes: points are added one by one
 * (Clarkson and Shor 1989, without conflict lists). Coordinates are whole numbers of half voxels, so every test of sides
 * is exact and flat lattices need no tolerance. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/ibsi/ibsi.h"

typedef struct point {
    int64_t c[3];
} point;
typedef struct facet {
    size_t corner[3]; /* counter-clockwise from outside */
} facet;
typedef struct hull {
    point *at;
    size_t points;
    facet *face;
    size_t faces, capacity;
} hull;

static void cross(const point *a, const point *b, const point *c, int64_t out[3])
{
    int64_t u[3], v[3];
    for (int k = 0; k < 3; k++) u[k] = b->c[k] - a->c[k], v[k] = c->c[k] - a->c[k];
    for (int k = 0; k < 3; k++) out[k] = u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3];
}

/* Above 0: d sees the facet from outside. */
static int64_t side(const hull *h, const facet *f, size_t d)
{
    int64_t n[3], sum = 0;
    cross(&h->at[f->corner[0]], &h->at[f->corner[1]], &h->at[f->corner[2]], n);
    for (int k = 0; k < 3; k++) sum += n[k] * (h->at[d].c[k] - h->at[f->corner[0]].c[k]);
    return sum;
}

static void add_face(hull *h, size_t a, size_t b, size_t c)
{
    if (h->faces == h->capacity) h->face = lb_realloc(h->face, h->capacity = 2 * h->capacity + 64, sizeof *h->face);
    h->face[h->faces++] = (facet){{a, b, c}};
}

/* The outermost points of every row along x: the others cannot be corners. */
static void collect(const lb_ibsi *r, hull *h)
{
    size_t rows = (2 * r->size[1] + 3) * (2 * r->size[2] + 3), wide = 2 * r->size[1] + 3;
    int64_t *low = lb_alloc(rows, sizeof *low), *high = lb_alloc(rows, sizeof *high);
    for (size_t i = 0; i < rows; i++) low[i] = INT64_MAX, high[i] = INT64_MIN;
    size_t v = 0;
    for (size_t z = 0; z < r->size[2]; z++)
        for (size_t y = 0; y < r->size[1]; y++)
            for (size_t x = 0; x < r->size[0]; x++, v++)
                for (int f = 0; f < 6 && r->morph[v]; f++) {
                    int64_t p[3] = {2 * (int64_t)x, 2 * (int64_t)y, 2 * (int64_t)z};
                    p[f / 2] += f % 2 ? 1 : -1;
                    size_t row = (size_t)(p[1] + 1) + wide * (size_t)(p[2] + 1);
                    if (p[0] < low[row]) low[row] = p[0];
                    if (p[0] > high[row]) high[row] = p[0];
                }
    h->at = lb_alloc(2 * rows, sizeof *h->at);
    for (size_t i = 0; i < rows; i++) {
        if (high[i] == INT64_MIN) continue;
        int64_t y = (int64_t)(i % wide) - 1, z = (int64_t)(i / wide) - 1;
        h->at[h->points++] = (point){{low[i], y, z}};
        if (high[i] != low[i]) h->at[h->points++] = (point){{high[i], y, z}};
    }
    free(low);
    free(high);
}

/* Four corners that span space; the first row is a point of its own, so there always are some. */
static bool begin(hull *h)
{
    for (size_t b = 1; b < h->points; b++)
        for (size_t c = b + 1; c < h->points; c++) {
            int64_t n[3];
            cross(&h->at[0], &h->at[b], &h->at[c], n);
            if (n[0] == 0 && n[1] == 0 && n[2] == 0) continue;
            facet base = {{0, b, c}};
            for (size_t d = 1; d < h->points; d++) {
                int64_t s = side(h, &base, d);
                if (s == 0) continue;
                if (s > 0) { size_t swap = b; b = c; c = swap; }
                add_face(h, 0, b, c);
                add_face(h, 0, d, b);
                add_face(h, b, d, c);
                add_face(h, c, d, 0);
                return true;
            }
            return false;
        }
    return false;
}

/* Replace the facets that see the point by a cone from their rim. */
static void add_point(hull *h, size_t p, facet **seen_buffer, size_t *seen_capacity)
{
    size_t seen = 0, kept = 0;
    for (size_t f = 0; f < h->faces; f++) {
        if (side(h, &h->face[f], p) > 0) {
            if (seen == *seen_capacity) *seen_buffer = lb_realloc(*seen_buffer, *seen_capacity = 2 * seen + 64, sizeof(facet));
            (*seen_buffer)[seen++] = h->face[f];
        } else {
            h->face[kept++] = h->face[f];
        }
    }
    h->faces = kept;
    const facet *s = *seen_buffer;
    for (size_t f = 0; f < seen; f++)
        for (int e = 0; e < 3; e++) {
            size_t a = s[f].corner[e], b = s[f].corner[(e + 1) % 3];
            bool inner = false; /* is the same edge, turned round, in another facet that is seen? */
            for (size_t g = 0; g < seen && !inner; g++)
                for (int k = 0; k < 3; k++) inner |= s[g].corner[k] == b && s[g].corner[(k + 1) % 3] == a;
            if (!inner) add_face(h, a, b, p);
        }
}

void lb_ibsi_hull(const lb_ibsi *r, double *volume_mm3, double *area_mm2)
{
    hull h = {0};
    facet *seen = NULL;
    size_t capacity = 0;
    double mm[3];
    *volume_mm3 = *area_mm2 = NAN;
    for (int a = 0; a < 3; a++) mm[a] = r->spacing_mm[a] / 2;
    collect(r, &h);
    if (begin(&h)) {
        for (size_t p = 0; p < h.points; p++) add_point(&h, p, &seen, &capacity);
        *volume_mm3 = *area_mm2 = 0;
        for (size_t f = 0; f < h.faces; f++) {
            int64_t n[3];
            const point *a = &h.at[h.face[f].corner[0]];
            cross(a, &h.at[h.face[f].corner[1]], &h.at[h.face[f].corner[2]], n);
            double w[3] = {(double)n[0] * mm[1] * mm[2], (double)n[1] * mm[2] * mm[0], (double)n[2] * mm[0] * mm[1]};
            *area_mm2 += sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]) / 2;
            for (int k = 0; k < 3; k++) *volume_mm3 += w[k] * (double)a->c[k] * mm[k] / 6;
        }
    }
    free(seen);
    free(h.face);
    free(h.at);
}
