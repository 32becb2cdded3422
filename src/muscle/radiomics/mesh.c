/* Surface and volume of a mask by marching cubes at one half (Lorensen and Cline 1987, doi:10.1145/37401.37422).
 * No table of triangles: the polygon of each of the 256 cubes is traced on its faces (inside corners of an ambiguous
 * face stay apart), cut into a fan, and only how often each cube occurs, and where in sum, is counted over the mask.
 * Complementary symmetry as in PyRadiomics: a cube whose corner (x 0, y 1, z 1) is inside is its complement, reversed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/radiomics/radiomics.h"

static const double corner[8][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                    {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
/* Corners of the six faces, counterclockwise seen from outside. */
static const int face[6][4] = {{0, 3, 2, 1}, {4, 5, 6, 7}, {0, 1, 5, 4}, {2, 3, 7, 6}, {0, 4, 7, 3}, {1, 2, 6, 5}};

enum { EDGES = 64, LONGEST = 12 }; /* an edge is named by its corners: 8 a + b, a < b */

static int edge_name(int a, int b) { return a < b ? 8 * a + b : 8 * b + a; }

/* Area, volume towards the cube's own origin, and vector area: volume about another origin o is v + o·n/3. */
typedef struct cube {
    double area, volume, normal[3];
} cube;

typedef struct point {
    double x[3];
} point;

static point edge_middle(int edge, const double scale[3])
{
    point p;
    for (int i = 0; i < 3; i++) p.x[i] = (corner[edge / 8][i] + corner[edge % 8][i]) / 2 * scale[i];
    return p;
}

static void add_triangle(cube *c, const point *p, const point *q, const point *r)
{
    double u[3], v[3], n[3];
    for (int i = 0; i < 3; i++) u[i] = q->x[i] - p->x[i], v[i] = r->x[i] - p->x[i];
    for (int i = 0; i < 3; i++) n[i] = u[(i + 1) % 3] * v[(i + 2) % 3] - u[(i + 2) % 3] * v[(i + 1) % 3];
    c->area += 0.5 * sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (int i = 0; i < 3; i++) {
        c->volume += p->x[i] * n[i] / 6; /* p·(u × v) = p·(q × r) */
        c->normal[i] += n[i] / 2;
    }
}

static cube fan(const int *edge, int count, int apex, const double scale[3])
{
    cube c = {0};
    point first = edge_middle(edge[apex], scale);
    for (int i = 1; i + 1 < count; i++) {
        point a = edge_middle(edge[(apex + i) % count], scale), b = edge_middle(edge[(apex + i + 1) % count], scale);
        add_triangle(&c, &first, &a, &b);
    }
    return c;
}

/* Next edge of the polygon after each crossed edge: a run of inside corners on a face is cut off by one segment, from
 * the edge where the run ends to the edge where it begins. */
static void trace(unsigned inside, int next[EDGES])
{
    for (int e = 0; e < EDGES; e++) next[e] = -1;
    for (int f = 0; f < 6; f++)
        for (int i = 0; i < 4; i++) {
            int a = face[f][i], b = face[f][(i + 1) % 4], end = (i + 1) % 4;
            if (inside >> a & 1 || !(inside >> b & 1)) continue;
            while (inside >> face[f][(end + 1) % 4] & 1) end = (end + 1) % 4;
            next[edge_name(face[f][end], face[f][(end + 1) % 4])] = edge_name(a, b);
        }
}

/* Where the fan starts. Seven edges: a pair and a lone corner are outside; from the middle of the lone corner's three
 * edges. Otherwise: where the area in a unit cube is largest. */
static int fan_apex(const int *edge, int count)
{
    static const double unit[3] = {1, 1, 1};
    int best = 0;
    double largest = 0;
    for (int apex = 0; apex < count; apex++) {
        if (count == 7) {
            int before = edge[(apex + 6) % 7], here = edge[apex], after = edge[(apex + 1) % 7];
            for (int side = 0; side < 2; side++) {
                int lone = side ? here % 8 : here / 8;
                bool shared = (before / 8 == lone || before % 8 == lone) && (after / 8 == lone || after % 8 == lone);
                if (shared) return apex;
            }
        }
        double area = fan(edge, count, apex, unit).area;
        if (area > largest + 1e-9) largest = area, best = apex;
    }
    return best;
}

static cube measure_cube(unsigned inside, const double scale[3])
{
    bool reversed = inside & 128;
    int next[EDGES];
    cube total = {0};
    trace(reversed ? ~inside & 255 : inside, next);
    for (int start = 0; start < EDGES; start++) {
        int edge[LONGEST], count = 0;
        for (int e = start; next[e] >= 0 && count < LONGEST;) {
            int after = next[e];
            edge[count++] = e;
            next[e] = -1;
            e = after;
        }
        if (count < 3) continue;
        cube c = fan(edge, count, fan_apex(edge, count), scale);
        total.area += c.area;
        total.volume += reversed ? -c.volume : c.volume;
        for (int i = 0; i < 3; i++) total.normal[i] += reversed ? -c.normal[i] : c.normal[i];
    }
    return total;
}

typedef struct tally {
    int64_t count, at[3];
} tally;

/* Eight neighbouring voxels of four rows, and one more, all equal? Then the eight cubes between are empty or full. */
static bool uniform(const uint8_t *const row[4], size_t x)
{
    static const uint64_t ones = 0x0101010101010101u;
    uint64_t all = ~(uint64_t)0, any = 0;
    for (int r = 0; r < 4; r++) {
        uint64_t eight;
        memcpy(&eight, row[r] + x, sizeof eight);
        eight |= (uint64_t)(row[r][x + 8]) << 1;
        all &= eight;
        any |= eight;
    }
    if (any == 0) return true;
    return (all & ones) == ones && (row[0][x + 8] & row[1][x + 8] & row[2][x + 8] & row[3][x + 8]) == 1;
}

static void tally_row(const uint8_t *const row[4], size_t length, size_t y, size_t z, tally *t)
{
    for (size_t x = 0; x + 1 < length; x++) {
        if (x + 9 <= length && uniform(row, x)) {
            x += 7;
            continue;
        }
        unsigned inside = row[0][x] | row[0][x + 1] << 1 | row[1][x + 1] << 2 | row[1][x] << 3 | row[2][x] << 4 |
                          row[2][x + 1] << 5 | row[3][x + 1] << 6 | row[3][x] << 7;
        tally *here = &t[inside];
        here->count++;
        here->at[0] += (int64_t)x;
        here->at[1] += (int64_t)y;
        here->at[2] += (int64_t)z;
    }
}

void lb_mesh_measure(const uint8_t *padded, const size_t size[3], const double spacing_mm[3], lb_mesh *out)
{
    tally t[256] = {0};
    for (size_t z = 0; z + 1 < size[2]; z++)
        for (size_t y = 0; y + 1 < size[1]; y++) {
            const uint8_t *first = padded + size[0] * (y + size[1] * z), *above = first + size[0] * size[1];
            const uint8_t *row[4] = {first, first + size[0], above, above + size[0]};
            tally_row(row, size[0], y, z, t);
        }
    double area = 0, volume = 0;
    for (unsigned inside = 1; inside < 255; inside++) {
        if (t[inside].count == 0) continue;
        cube c = measure_cube(inside, spacing_mm);
        double n = (double)t[inside].count;
        area += n * c.area;
        volume += n * c.volume;
        for (int i = 0; i < 3; i++) volume += (double)t[inside].at[i] * spacing_mm[i] * c.normal[i] / 3;
    }
    out->area_mm2 = area;
    out->volume_mm3 = fabs(volume);
}
