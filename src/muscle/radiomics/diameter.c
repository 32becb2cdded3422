/* Largest distances between surface vertices, in space and in planes of constant x, y, z, without comparing all pairs.
 * The vertices are the middles between neighbouring voxels that differ. Only ends of rows, then only corners of the
 * convex hull of each plane (Andrew's monotone chain, 1979) can be farthest apart; a vertex that is farthest in space
 * is a hull corner in all three planes through it. Coordinates are doubled: whole numbers, exact. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/radiomics.h"

typedef struct span {
    int32_t low, high;
} span;

typedef struct corner2 {
    int32_t u, v;
} corner2;

typedef struct search {
    int32_t size[3];   /* doubled */
    double half_mm[3]; /* half the spacing */
    span *along_x;     /* of rows (y, z) */
    span *along_y;     /* of rows (x, z) */
    corner2 *point, *hull;
    uint64_t *key; /* hull corners of all planes */
    size_t keys, room;
} search;

static void widen(span *s, int32_t at)
{
    if (at < s->low) s->low = at;
    if (at > s->high) s->high = at;
}

static void add_vertex(search *s, int32_t x, int32_t y, int32_t z)
{
    widen(&s->along_x[y + (size_t)s->size[1] * (size_t)z], x);
    widen(&s->along_y[x + (size_t)s->size[0] * (size_t)z], y);
}

/* Sixteen equal neighbours in this row and in the rows beside and above hold no vertex. */
static bool plain(const uint8_t *row, size_t width, size_t plane)
{
    static const uint64_t ones = 0x0101010101010101u;
    uint64_t here, beside, above;
    memcpy(&here, row, 8);
    memcpy(&beside, row + width, 8);
    memcpy(&above, row + plane, 8);
    return here == beside && here == above && (here == 0 || here == ones) && row[8] == row[7];
}

static void find_vertices(search *s, const uint8_t *padded, const size_t size[3])
{
    size_t plane = size[0] * size[1];
    for (size_t z = 0; z + 1 < size[2]; z++)
        for (size_t y = 0; y + 1 < size[1]; y++) {
            const uint8_t *row = padded + size[0] * (y + size[1] * z);
            for (size_t x = 0; x + 1 < size[0]; x++) {
                if (x + 9 <= size[0] && plain(row + x, size[0], plane)) {
                    x += 7;
                    continue;
                }
                int32_t x2 = (int32_t)(2 * x), y2 = (int32_t)(2 * y), z2 = (int32_t)(2 * z);
                if (row[x] != row[x + 1]) add_vertex(s, x2 + 1, y2, z2);
                if (row[x] != row[x + size[0]]) add_vertex(s, x2, y2 + 1, z2);
                if (row[x] != row[x + plane]) add_vertex(s, x2, y2, z2 + 1);
            }
        }
}

static int64_t turn(corner2 a, corner2 b, corner2 c)
{
    return (int64_t)(b.u - a.u) * (c.v - a.v) - (int64_t)(b.v - a.v) * (c.u - a.u);
}

/* Convex hull of points sorted by u, then v. */
static size_t convex_hull(const corner2 *point, size_t count, corner2 *hull)
{
    size_t size = 0;
    if (count < 3) {
        memcpy(hull, point, count * sizeof *hull);
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        while (size >= 2 && turn(hull[size - 2], hull[size - 1], point[i]) <= 0) size--;
        hull[size++] = point[i];
    }
    size_t lower = size + 1;
    for (size_t i = count - 1; i-- > 0;) {
        while (size >= lower && turn(hull[size - 2], hull[size - 1], point[i]) <= 0) size--;
        hull[size++] = point[i];
    }
    return size - 1;
}

static double farthest(const corner2 *hull, size_t count, double u_mm, double v_mm)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++) {
            double du = (hull[i].u - hull[k].u) * u_mm, dv = (hull[i].v - hull[k].v) * v_mm;
            most = fmax(most, du * du + dv * dv);
        }
    return most;
}

static void keep(search *s, int axis, int32_t at, corner2 c)
{
    uint64_t p[3];
    p[axis] = (uint64_t)at;
    p[axis == 0 ? 1 : 0] = (uint64_t)c.u;
    p[axis == 2 ? 1 : 2] = (uint64_t)c.v;
    if (s->keys == s->room) {
        s->room = 2 * s->room + 4096;
        s->key = lb_realloc(s->key, s->room, sizeof *s->key);
    }
    s->key[s->keys++] = p[2] << 42 | p[1] << 21 | p[0];
}

/* All planes across `axis`: rows run along x, or along y in the planes of constant x. Returns the largest squared
 * distance. */
static double search_planes(search *s, int axis)
{
    int row_axis = axis == 2 ? 1 : 2; /* the rows of one plane differ in y, or in z */
    double most = 0;
    int u_axis = axis == 0 ? 1 : 0, v_axis = axis == 2 ? 1 : 2;
    for (int32_t at = 0; at < s->size[axis]; at++) {
        size_t count = 0;
        for (int32_t r = 0; r < s->size[row_axis]; r++) {
            size_t y_or_x = axis == 2 ? (size_t)r : (size_t)at, z = axis == 2 ? (size_t)at : (size_t)r;
            span here =
                axis == 0 ? s->along_y[y_or_x + (size_t)s->size[0] * z] : s->along_x[y_or_x + (size_t)s->size[1] * z];
            if (here.high < here.low) continue;
            /* Sorted by row; the hull is built with the row as its first coordinate. */
            s->point[count++] = (corner2){r, here.low};
            if (here.high > here.low) s->point[count++] = (corner2){r, here.high};
        }
        size_t corners = convex_hull(s->point, count, s->hull);
        for (size_t i = 0; i < corners; i++) s->hull[i] = (corner2){s->hull[i].v, s->hull[i].u};
        most = fmax(most, farthest(s->hull, corners, s->half_mm[u_axis], s->half_mm[v_axis]));
        for (size_t i = 0; i < corners; i++) keep(s, axis, at, s->hull[i]);
    }
    return most;
}

typedef struct vertex {
    double x, y, z, r;
} vertex;

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}
static int outermost_first(const void *a, const void *b)
{
    double x = ((const vertex *)a)->r, y = ((const vertex *)b)->r;
    return (x < y) - (x > y);
}

/* Vertices that are hull corners in all three planes; the farthest pair of them. */
static double search_space(search *s)
{
    size_t count = 0;
    uint64_t low = (1u << 21) - 1;
    qsort(s->key, s->keys, sizeof *s->key, by_key);
    vertex *v = lb_alloc(s->keys + 1, sizeof *v);
    for (size_t i = 0; i + 2 < s->keys; i++) {
        uint64_t k = s->key[i];
        if (k != s->key[i + 1] || k != s->key[i + 2]) continue;
        double x = (double)(k & low) - s->size[0] / 2, y = (double)(k >> 21 & low) - s->size[1] / 2;
        double z = (double)(k >> 42) - s->size[2] / 2;
        x *= s->half_mm[0], y *= s->half_mm[1], z *= s->half_mm[2];
        v[count++] = (vertex){x, y, z, sqrt(x * x + y * y + z * z)};
    }
    qsort(v, count, sizeof *v, outermost_first);
    double most = 0;
    for (size_t i = 0; i < count && 4 * v[i].r * v[i].r > most * (1 - 1e-12); i++)
        for (size_t k = i + 1; k < count; k++) {
            double reach = v[i].r + v[k].r; /* no farther apart than this; smaller from here on */
            if (reach * reach < most * (1 - 1e-12)) break;
            double dx = v[i].x - v[k].x, dy = v[i].y - v[k].y, dz = v[i].z - v[k].z, d = dx * dx + dy * dy + dz * dz;
            if (d > most) most = d;
        }
    free(v);
    return most;
}

void lb_diameters_measure(const uint8_t *padded, const size_t size[3], const double spacing_mm[3], lb_diameters *out)
{
    search s = {0};
    size_t longest = 0;
    for (int a = 0; a < 3; a++) {
        s.size[a] = (int32_t)(2 * size[a]);
        s.half_mm[a] = spacing_mm[a] / 2;
        if (2 * size[a] > longest) longest = 2 * size[a];
    }
    size_t x_rows = (size_t)s.size[1] * (size_t)s.size[2], y_rows = (size_t)s.size[0] * (size_t)s.size[2];
    s.along_x = lb_alloc(x_rows, sizeof *s.along_x);
    s.along_y = lb_alloc(y_rows, sizeof *s.along_y);
    for (size_t i = 0; i < x_rows; i++) s.along_x[i] = (span){INT32_MAX, -1};
    for (size_t i = 0; i < y_rows; i++) s.along_y[i] = (span){INT32_MAX, -1};
    s.point = lb_alloc(2 * longest + 2, sizeof *s.point);
    s.hull = lb_alloc(4 * longest + 4, sizeof *s.hull);
    find_vertices(&s, padded, size);
    for (int axis = 0; axis < 3; axis++) out->plane_mm[axis] = sqrt(search_planes(&s, axis));
    out->any_mm = sqrt(search_space(&s));
    free(s.along_x);
    free(s.along_y);
    free(s.point);
    free(s.hull);
    free(s.key);
}
