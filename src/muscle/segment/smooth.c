/* Labels smoothed together: each label's indicator is averaged over a neighbourhood and the largest average takes the voxel,
 * so that borders between labels stay borders and no gap opens (the rule of 3D Slicer's joint smoothing). With a box
 * the average is the share of the neighbourhood: two labels give the median filter. */
#include "muscle/segment/smooth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REACH = 64 };

typedef struct work {
    uint16_t *numbers;
    const lb_slices *s;
    const int64_t *label;
    size_t labels, count;
    float kernel[3][2 * MOST_REACH + 1];
    int reach[3];
    float *now, *best;
    uint16_t *taken;
    int axis; /* being averaged along */
    float *from, *to;
} work;

static void make_kernel(work *w, int axis, lb_smoothing how, double radius_mm)
{
    double step = w->s->spacing_mm[axis], sum = 0;
    int reach = (int)floor((how == LB_SMOOTH_JOINT ? 3 * radius_mm : radius_mm) / step + 1e-9);
    w->reach[axis] = reach > MOST_REACH ? MOST_REACH : reach;
    for (int d = -w->reach[axis]; d <= w->reach[axis]; d++) {
        double x = d * step, value = how == LB_SMOOTH_JOINT ? exp(-x * x / (2 * radius_mm * radius_mm)) : 1;
        w->kernel[axis][d + MOST_REACH] = (float)value;
        sum += value;
    }
    for (int d = -w->reach[axis]; d <= w->reach[axis]; d++) w->kernel[axis][d + MOST_REACH] /= (float)sum;
}

/* One slice averaged along one axis; beyond the edge the edge is repeated. */
static void average(void *context, size_t z)
{
    work *w = context;
    const lb_slices *s = w->s;
    int axis = w->axis, reach = w->reach[axis];
    size_t length = axis == 2 ? s->count : s->size[axis];
    for (size_t y = 0; y < s->size[1]; y++)
        for (size_t x = 0; x < s->size[0]; x++) {
            size_t at = z * s->step[2] + y * s->step[1] + x * s->step[0];
            int64_t place = axis == 0 ? (int64_t)x : axis == 1 ? (int64_t)y : (int64_t)z;
            float sum = 0;
            for (int d = -reach; d <= reach; d++) {
                int64_t other = place + d < 0 ? 0 : place + d >= (int64_t)length ? (int64_t)length - 1 : place + d;
                sum += w->kernel[axis][d + MOST_REACH] * w->from[(int64_t)at + (other - place) * (int64_t)s->step[axis]];
            }
            w->to[at] = sum;
        }
}

void lb_mask_smooth(uint16_t *numbers, const lb_slices *slices, const int64_t *label, size_t labels, lb_smoothing how,
                    double radius_mm, bool across_slices, unsigned threads)
{
    work w = {.numbers = numbers, .s = slices, .label = label, .labels = labels, .count = slices->count * slices->size[0] * slices->size[1]};
    w.now = lb_alloc(w.count, sizeof *w.now);
    w.best = lb_alloc(w.count, sizeof *w.best);
    w.taken = lb_alloc(w.count, sizeof *w.taken);
    float *spare = lb_alloc(w.count, sizeof *spare);
    for (int axis = 0; axis < 3; axis++) make_kernel(&w, axis, how, radius_mm);
    if (!across_slices) w.reach[2] = 0;
    for (size_t l = 0; l <= labels; l++) { /* the background (0) first: a tie leaves the voxel to it */
        uint16_t value = l == 0 ? 0 : (uint16_t)label[l - 1];
        for (size_t i = 0; i < w.count; i++) w.now[i] = numbers[i] == value;
        w.from = w.now, w.to = spare;
        for (w.axis = 0; w.axis < 3; w.axis++) {
            if (w.reach[w.axis] == 0) continue;
            lb_parallel_for(slices->count, threads, average, &w);
            float *swap = w.from;
            w.from = w.to, w.to = swap;
        }
        for (size_t i = 0; i < w.count; i++)
            if (w.from[i] > w.best[i]) w.best[i] = w.from[i], w.taken[i] = value;
        spare = w.to;
        w.now = w.from;
    }
    memcpy(numbers, w.taken, w.count * sizeof *numbers);
    free(w.now);
    free(w.best);
    free(w.taken);
    free(spare);
}
