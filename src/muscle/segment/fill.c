/* Shape-based interpolation (Raya and Udupa 1990, doi:10.1109/42.52980): signed distances to the border of each label are
 * interpolated from slice to slice, by a cubic through the two drawn slices on either side (Herman, Zheng and Bucholtz 1992,
 * doi:10.1109/38.135915), and the largest positive one takes the voxel, so that labels never overlap. */
#include "muscle/segment/fill.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/segment/distance.h"

typedef struct work {
    uint16_t *numbers;
    const lb_slices *s;
    const int64_t *label;
    size_t labels, drawn;
    size_t *slice;  /* drawn slices, ascending */
    float *field;   /* signed distance: [drawn][label][pixel] */
    bool *present;  /* [drawn][label] */
    size_t box[2], low[2]; /* the part of the plane that holds labels, with a margin */
} work;

static size_t voxel(const work *w, size_t slice, size_t x, size_t y)
{
    return slice * w->s->step[2] + (w->low[0] + x) * w->s->step[0] + (w->low[1] + y) * w->s->step[1];
}

/* Drawn slices, and the box around everything drawn. */
static void survey(work *w)
{
    const lb_slices *s = w->s;
    size_t high[2] = {0, 0};
    w->low[0] = s->size[0], w->low[1] = s->size[1];
    w->drawn = 0;
    for (size_t k = 0; k < s->count; k++) {
        bool any = false;
        for (size_t y = 0; y < s->size[1]; y++)
            for (size_t x = 0; x < s->size[0]; x++) {
                if (w->numbers[k * s->step[2] + x * s->step[0] + y * s->step[1]] == 0) continue;
                any = true;
                if (x < w->low[0]) w->low[0] = x;
                if (y < w->low[1]) w->low[1] = y;
                if (x > high[0]) high[0] = x;
                if (y > high[1]) high[1] = y;
            }
        if (any) w->slice[w->drawn++] = k;
    }
    enum { MARGIN = 4 };
    for (int a = 0; a < 2; a++) {
        size_t end = high[a] + MARGIN < s->size[a] ? high[a] + MARGIN : s->size[a] - 1;
        w->low[a] = w->low[a] > MARGIN ? w->low[a] - MARGIN : 0;
        w->box[a] = end + 1 - w->low[a];
    }
}

static void measure(void *context, size_t job)
{
    work *w = context;
    size_t d = job / w->labels, l = job % w->labels, pixels = w->box[0] * w->box[1];
    uint8_t *inside = lb_alloc(pixels, 1);
    double *distance = lb_alloc(pixels, sizeof *distance);
    for (size_t y = 0, i = 0; y < w->box[1]; y++)
        for (size_t x = 0; x < w->box[0]; x++, i++) {
            inside[i] = w->numbers[voxel(w, w->slice[d], x, y)] == (uint16_t)w->label[l];
            w->present[job] |= inside[i];
        }
    lb_signed_distance(inside, w->box, w->s->spacing_mm, distance);
    for (size_t i = 0; i < pixels; i++) w->field[job * pixels + i] = (float)distance[i];
    free(inside);
    free(distance);
}

/* Weights of up to four drawn slices at slice k: a cubic Hermite with slopes from the neighbours (non-uniform
 * Catmull–Rom); linear where there is no neighbour. */
static void weights(const work *w, size_t gap, size_t k, size_t l, double out[4])
{
    double x0 = (double)w->slice[gap], x1 = (double)w->slice[gap + 1], h = x1 - x0, t = ((double)k - x0) / h;
    double h00 = (1 + 2 * t) * (1 - t) * (1 - t), h10 = t * (1 - t) * (1 - t), h01 = t * t * (3 - 2 * t), h11 = t * t * (t - 1);
    bool before = gap > 0 && w->present[(gap - 1) * w->labels + l], after = gap + 2 < w->drawn && w->present[(gap + 2) * w->labels + l];
    double b = before ? h / (x1 - (double)w->slice[gap - 1]) : 1, a = after ? h / ((double)w->slice[gap + 2] - x0) : 1;
    out[0] = before ? -h10 * b : 0;
    out[1] = h00 - (before ? 0 : h10) - h11 * a;
    out[2] = h01 + h10 * b + (after ? 0 : h11);
    out[3] = after ? h11 * a : 0;
}

static void fill_slice(void *context, size_t k)
{
    work *w = context;
    size_t gap = 0, pixels = w->box[0] * w->box[1];
    while (gap < w->drawn && w->slice[gap] <= k) gap++;
    if (gap == 0 || gap == w->drawn || w->slice[gap - 1] == k) return; /* before, after, or drawn */
    gap--;
    float *best = lb_alloc(pixels, sizeof *best);
    for (size_t l = 0; l < w->labels; l++) {
        if (!w->present[gap * w->labels + l] || !w->present[(gap + 1) * w->labels + l]) continue; /* it ends somewhere between */
        double weight[4];
        weights(w, gap, k, l, weight);
        const float *field[4];
        for (int n = 0; n < 4; n++) {
            size_t d = n == 0 && weight[0] == 0 ? gap : n == 3 && weight[3] == 0 ? gap : gap + (size_t)n - 1;
            field[n] = w->field + (d * w->labels + l) * pixels;
        }
        for (size_t i = 0; i < pixels; i++) {
            float value = (float)(weight[0] * (double)field[0][i] + weight[1] * (double)field[1][i] + weight[2] * (double)field[2][i] +
                                  weight[3] * (double)field[3][i]);
            if (value <= best[i]) continue;
            best[i] = value;
            w->numbers[voxel(w, k, i % w->box[0], i / w->box[0])] = (uint16_t)w->label[l];
        }
    }
    free(best);
}

int lb_fill_between(uint16_t *numbers, const lb_slices *slices, const int64_t *label, size_t labels, unsigned threads,
                    size_t *drawn, size_t *filled, lb_error *err)
{
    work w = {.numbers = numbers, .s = slices, .label = label, .labels = labels};
    w.slice = lb_alloc(slices->count, sizeof *w.slice);
    survey(&w);
    *drawn = w.drawn;
    *filled = w.drawn > 1 ? w.slice[w.drawn - 1] - w.slice[0] + 1 - w.drawn : 0;
    int status = LB_OK;
    if (w.drawn < 2) {
        status = lb_fail(err, LB_BAD_DATA, "only %zu slice is drawn: there is nothing to fill between", w.drawn);
        lb_error_hint(err, "draw at least two slices; every third one gives good results");
    } else if ((double)w.drawn * (double)labels * (double)(w.box[0] * w.box[1]) * sizeof(float) > (double)lb_max_input()) {
        status = lb_fail(err, LB_TOO_LARGE, "%zu labels in %zu drawn slices are too many to fill between at once", labels, w.drawn);
    } else {
        w.field = lb_alloc(w.drawn * labels * w.box[0] * w.box[1], sizeof *w.field);
        w.present = lb_alloc(w.drawn * labels, sizeof *w.present);
        lb_parallel_for(w.drawn * labels, threads, measure, &w);
        lb_parallel_for(slices->count, threads, fill_slice, &w);
    }
    free(w.slice);
    free(w.field);
    free(w.present);
    return status;
}
