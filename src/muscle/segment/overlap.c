/* Dice and Jaccard overlap, and distances between the surfaces of two masks: the 95th percentile (linear between order
 * statistics) of the distances of both surfaces together, as in Heimann et al. 2009, doi:10.1109/TMI.2009.2013851, and the
 * usual tools. */
#include "muscle/segment/overlap.h"

#include <math.h>
#include <stdlib.h>

#include "muscle/composition/classes.h"
#include "muscle/segment/distance.h"

typedef struct box {
    size_t low[3], size[3];
} box;

static box around(const uint16_t *a, const uint16_t *b, const size_t size[3], uint16_t label)
{
    box r = {{size[0], size[1], size[2]}, {0, 0, 0}};
    size_t high[3] = {0, 0, 0}, count = size[0] * size[1] * size[2];
    for (size_t i = 0; i < count; i++) {
        if (a[i] != label && b[i] != label) continue;
        size_t at[3] = {i % size[0], i / size[0] % size[1], i / size[0] / size[1]};
        for (int axis = 0; axis < 3; axis++) {
            if (at[axis] < r.low[axis]) r.low[axis] = at[axis];
            if (at[axis] > high[axis]) high[axis] = at[axis];
        }
    }
    for (int axis = 0; axis < 3; axis++) r.size[axis] = high[axis] >= r.low[axis] ? high[axis] + 1 - r.low[axis] : 0;
    return r;
}

/* Surface voxels of a label inside the box. */
static void surface(const uint16_t *mask, const size_t size[3], const box *r, uint16_t label, uint8_t *out)
{
    size_t step[3] = {1, size[0], size[0] * size[1]}, i = 0;
    for (size_t z = 0; z < r->size[2]; z++)
        for (size_t y = 0; y < r->size[1]; y++)
            for (size_t x = 0; x < r->size[0]; x++, i++) {
                size_t at[3] = {r->low[0] + x, r->low[1] + y, r->low[2] + z}, v = at[0] + size[0] * (at[1] + size[1] * at[2]);
                out[i] = 0;
                if (mask[v] != label) continue;
                for (int axis = 0; axis < 3; axis++)
                    if (at[axis] == 0 || at[axis] + 1 == size[axis] || mask[v - step[axis]] != label || mask[v + step[axis]] != label) out[i] = 1;
            }
}

/* Distances of the surface voxels of `from` to the surface whose squared distances are given. */
static size_t collect(const uint8_t *from, const double *squared, size_t count, double *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (from[i]) out[n++] = sqrt(squared[i]);
    return n;
}

static double percentile(const double *sorted, size_t count, double share)
{
    double place = share * (double)(count - 1), low = floor(place);
    size_t at = (size_t)low;
    return at + 1 < count ? sorted[at] + (place - low) * (sorted[at + 1] - sorted[at]) : sorted[at];
}

void lb_overlap_measure(const uint16_t *a, const uint16_t *b, const lb_volume *grid, uint16_t label, lb_overlap *out)
{
    size_t count = lb_volume_count(grid);
    *out = (lb_overlap){.hd95_mm = NAN, .hd_mm = NAN, .mean_surface_mm = NAN};
    for (size_t i = 0; i < count; i++) {
        out->a += a[i] == label;
        out->b += b[i] == label;
        out->both += a[i] == label && b[i] == label;
    }
    out->dice = 2 * (double)out->both / (double)(out->a + out->b);
    out->jaccard = (double)out->both / (double)(out->a + out->b - out->both);
    if (out->a == 0 || out->b == 0) return;
    box r = around(a, b, grid->size, label);
    size_t inside = r.size[0] * r.size[1] * r.size[2];
    uint8_t *of_a = lb_alloc(inside, 1), *of_b = lb_alloc(inside, 1);
    double *squared = lb_alloc(inside, sizeof *squared), *distance = lb_alloc(2 * inside, sizeof *distance);
    surface(a, grid->size, &r, label, of_a);
    surface(b, grid->size, &r, label, of_b);
    lb_distance_space(of_b, r.size, grid->spacing_mm, squared);
    size_t n = collect(of_a, squared, inside, distance);
    lb_distance_space(of_a, r.size, grid->spacing_mm, squared);
    n += collect(of_b, squared, inside, distance + n);
    lb_sort_numbers(distance, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += distance[i];
    out->hd95_mm = percentile(distance, n, 0.95);
    out->hd_mm = distance[n - 1];
    out->mean_surface_mm = sum / (double)n;
    free(of_a);
    free(of_b);
    free(squared);
    free(distance);
}
