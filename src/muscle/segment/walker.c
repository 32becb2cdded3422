/* Random walker on a grid (Grady 2006, doi:10.1109/TPAMI.2006.233, with priors: Grady 2005, doi:10.1109/CVPR.2005.239): one
 * sparse, positive definite system per label, solved together by conjugate gradients with a diagonal preconditioner.
 * Sums run over slices in order, so the answer does not depend on the number of threads. */
#include "muscle/segment/walker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LABELS = 16 };

typedef struct solver {
    const lb_walker *walker;
    size_t nodes, plane;
    float *diagonal, *residual, *direction, *image; /* image: A · direction */
    double *sums;                                    /* per slice and label */
    double alpha[MOST_LABELS], beta[MOST_LABELS];
} solver;

static bool is_seed(const solver *s, size_t i) { return s->walker->seed[i] >= 0; }

/* out = A · x at node i, for all labels; x at seeds counts as it stands. */
static void row(const solver *s, size_t i, size_t x, size_t y, size_t z, const float *from, float *out)
{
    const lb_walker *w = s->walker;
    size_t labels = w->labels, nx = w->size[0];
    const float *here = from + labels * i;
    for (size_t l = 0; l < labels; l++) out[l] = s->diagonal[i] * here[l];
    if (x > 0)
        for (size_t l = 0; l < labels; l++) out[l] -= w->weight[0][i - 1] * here[l - labels];
    if (x + 1 < nx)
        for (size_t l = 0; l < labels; l++) out[l] -= w->weight[0][i] * here[l + labels];
    if (y > 0)
        for (size_t l = 0; l < labels; l++) out[l] -= w->weight[1][i - nx] * from[labels * (i - nx) + l];
    if (y + 1 < w->size[1])
        for (size_t l = 0; l < labels; l++) out[l] -= w->weight[1][i] * from[labels * (i + nx) + l];
    if (z > 0)
        for (size_t l = 0; l < labels; l++) out[l] -= w->weight[2][i - s->plane] * from[labels * (i - s->plane) + l];
    if (z + 1 < w->size[2])
        for (size_t l = 0; l < labels; l++) out[l] -= w->weight[2][i] * from[labels * (i + s->plane) + l];
}

static void set_diagonal(void *context, size_t z)
{
    solver *s = context;
    const lb_walker *w = s->walker;
    size_t nx = w->size[0], ny = w->size[1];
    for (size_t y = 0, i = z * s->plane; y < ny; y++)
        for (size_t x = 0; x < nx; x++, i++) {
            float sum = w->pull ? w->pull[i] : 0;
            if (x > 0) sum += w->weight[0][i - 1];
            if (x + 1 < nx) sum += w->weight[0][i];
            if (y > 0) sum += w->weight[1][i - nx];
            if (y + 1 < ny) sum += w->weight[1][i];
            if (z > 0) sum += w->weight[2][i - s->plane];
            if (z + 1 < w->size[2]) sum += w->weight[2][i];
            s->diagonal[i] = sum;
        }
}

static void start(void *context, size_t z)
{
    solver *s = context;
    const lb_walker *w = s->walker;
    size_t labels = w->labels;
    double *sum = s->sums + z * labels;
    for (size_t y = 0, i = z * s->plane; y < w->size[1]; y++)
        for (size_t x = 0; x < w->size[0]; x++, i++) {
            float out[MOST_LABELS];
            row(s, i, x, y, z, w->probability, out);
            for (size_t l = 0; l < labels; l++) {
                float r = is_seed(s, i) ? 0 : (w->pull ? w->pull[i] * w->prior[labels * i + l] : 0) - out[l];
                s->residual[labels * i + l] = r;
                s->direction[labels * i + l] = r / s->diagonal[i];
                sum[l] += (double)r * (double)s->direction[labels * i + l];
            }
        }
}

static void multiply(void *context, size_t z)
{
    solver *s = context;
    const lb_walker *w = s->walker;
    size_t labels = w->labels;
    double *sum = s->sums + z * labels;
    for (size_t y = 0, i = z * s->plane; y < w->size[1]; y++)
        for (size_t x = 0; x < w->size[0]; x++, i++) {
            float *out = s->image + labels * i;
            if (is_seed(s, i)) continue; /* stays zero */
            row(s, i, x, y, z, s->direction, out);
            for (size_t l = 0; l < labels; l++) sum[l] += (double)out[l] * (double)s->direction[labels * i + l];
        }
}

static void advance(void *context, size_t z)
{
    solver *s = context;
    const lb_walker *w = s->walker;
    size_t labels = w->labels, first = z * s->plane;
    double *sum = s->sums + z * labels;
    for (size_t i = first; i < first + s->plane; i++)
        for (size_t l = 0; l < labels; l++) {
            size_t at = labels * i + l;
            w->probability[at] += (float)s->alpha[l] * s->direction[at];
            s->residual[at] -= (float)s->alpha[l] * s->image[at];
            sum[l] += (double)s->residual[at] * (double)s->residual[at] / (double)s->diagonal[i];
        }
}

static void turn(void *context, size_t z)
{
    solver *s = context;
    size_t labels = s->walker->labels, first = z * s->plane;
    for (size_t i = first; i < first + s->plane; i++)
        for (size_t l = 0; l < labels; l++) {
            size_t at = labels * i + l;
            s->direction[at] = s->residual[at] / s->diagonal[i] + (float)s->beta[l] * s->direction[at];
        }
}

/* Run a step over all slices; the sums per label, added in the order of the slices. */
static void over_slices(solver *s, void (*body)(void *, size_t), double *total)
{
    size_t slices = s->walker->size[2], labels = s->walker->labels;
    memset(s->sums, 0, slices * labels * sizeof *s->sums);
    lb_parallel_for(slices, s->walker->threads, body, s);
    for (size_t l = 0; l < labels && total; l++) {
        total[l] = 0;
        for (size_t z = 0; z < slices; z++) total[l] += s->sums[z * labels + l];
    }
}

int lb_walker_solve(const lb_walker *walker)
{
    solver s = {.walker = walker, .plane = walker->size[0] * walker->size[1]};
    size_t labels = walker->labels;
    if (labels == 0 || labels > MOST_LABELS) return 0;
    s.nodes = s.plane * walker->size[2];
    s.diagonal = lb_alloc(s.nodes, sizeof *s.diagonal);
    s.residual = lb_alloc(s.nodes * labels, sizeof *s.residual);
    s.direction = lb_alloc(s.nodes * labels, sizeof *s.direction);
    s.image = lb_alloc(s.nodes * labels, sizeof *s.image);
    s.sums = lb_alloc(walker->size[2] * labels, sizeof *s.sums);
    double before[MOST_LABELS], first[MOST_LABELS], curve[MOST_LABELS], after[MOST_LABELS];
    over_slices(&s, set_diagonal, NULL);
    over_slices(&s, start, first);
    memcpy(before, first, sizeof before);
    int step = 0;
    for (; step < walker->most_steps; step++) {
        bool done = true;
        over_slices(&s, multiply, curve);
        for (size_t l = 0; l < labels; l++) s.alpha[l] = curve[l] > 0 ? before[l] / curve[l] : 0;
        over_slices(&s, advance, after);
        for (size_t l = 0; l < labels; l++) {
            s.beta[l] = before[l] > 0 ? after[l] / before[l] : 0;
            before[l] = after[l];
            done = done && after[l] <= walker->tolerance * walker->tolerance * first[l];
        }
        if (done) break;
        over_slices(&s, turn, NULL);
    }
    free(s.diagonal);
    free(s.residual);
    free(s.direction);
    free(s.image);
    free(s.sums);
    return step;
}
