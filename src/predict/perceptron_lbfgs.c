/* Training on all rows at once: limited-memory BFGS (Liu & Nocedal 1989, doi:10.1007/BF01589116) with a line search that halves and doubles
 * until the weak Wolfe conditions hold (Lewis & Overton 2013, doi:10.1007/s10107-012-0514-2), which copes with the corners of ReLU. */
#include "predict/perceptron.h"

#include <math.h>
#include <string.h>

enum { MEMORY = 10, MOST_TRIES = 60 };

typedef struct search {
    lb_perceptron *net;
    const lb_perceptron_options *o;
    const double *x, *y;
    size_t n, m;              /* rows, parameters */
    double *gradient, *start, *direction, *before;
    double *step[MEMORY], *turn[MEMORY], curvature[MEMORY]; /* moves, changes of the gradient, 1/(their product); the newest at (count - 1) % MEMORY */
    size_t count;
} search;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double loss_here(search *s)
{
    lb_arena *arena = lb_arena_new();
    double loss = lb_perceptron_loss(s->net, s->o, s->x, s->y, s->o->weight, s->n, s->gradient, arena);
    lb_arena_free(arena);
    return loss;
}

/* direction = -H gradient, by the two loops over the remembered moves. */
static void aim(search *s)
{
    size_t kept = s->count < MEMORY ? s->count : MEMORY;
    double share[MEMORY];
    for (size_t i = 0; i < s->m; i++) s->direction[i] = -s->gradient[i];
    for (size_t k = 0; k < kept; k++) {
        size_t at = (s->count - 1 - k) % MEMORY;
        share[at] = s->curvature[at] * dot(s->step[at], s->direction, s->m);
        for (size_t i = 0; i < s->m; i++) s->direction[i] -= share[at] * s->turn[at][i];
    }
    if (kept) {
        size_t at = (s->count - 1) % MEMORY;
        double scale = 1 / (s->curvature[at] * dot(s->turn[at], s->turn[at], s->m));
        for (size_t i = 0; i < s->m; i++) s->direction[i] *= scale;
    }
    for (size_t k = kept; k-- > 0;) {
        size_t at = (s->count - 1 - k) % MEMORY;
        double back = s->curvature[at] * dot(s->turn[at], s->direction, s->m);
        for (size_t i = 0; i < s->m; i++) s->direction[i] += (share[at] - back) * s->step[at][i];
    }
}

/* Moves to where the loss has fallen and its slope has flattened; false where no such place is found. */
static bool walk(search *s, double *loss)
{
    double low = 0, high = INFINITY, length = s->count ? 1 : fmin(1, 1 / sqrt(dot(s->gradient, s->gradient, s->m)));
    double slope = dot(s->gradient, s->direction, s->m), at = *loss;
    memcpy(s->start, s->net->parameter, s->m * sizeof(double));
    memcpy(s->before, s->gradient, s->m * sizeof(double));
    for (int tries = 0; slope < 0 && tries < MOST_TRIES; tries++) {
        for (size_t i = 0; i < s->m; i++) s->net->parameter[i] = s->start[i] + length * s->direction[i];
        double here = loss_here(s);
        if (!(here <= at + 1e-4 * length * slope)) high = length;
        else if (dot(s->gradient, s->direction, s->m) < 0.9 * slope) low = length;
        else {
            *loss = here;
            return true;
        }
        length = isfinite(high) ? (low + high) / 2 : 2 * low;
    }
    memcpy(s->net->parameter, s->start, s->m * sizeof(double));
    memcpy(s->gradient, s->before, s->m * sizeof(double));
    return false;
}

static void remember(search *s)
{
    size_t at = s->count % MEMORY;
    double product = 0;
    for (size_t i = 0; i < s->m; i++) {
        s->step[at][i] = s->net->parameter[i] - s->start[i];
        s->turn[at][i] = s->gradient[i] - s->before[i];
        product += s->step[at][i] * s->turn[at][i];
    }
    if (!(product > 0)) return;
    s->curvature[at] = 1 / product;
    s->count++;
}

int lb_perceptron_descend(lb_perceptron *net, const lb_perceptron_options *o, const double *x, const double *y, size_t n, lb_arena *arena, lb_error *err)
{
    search s = {.net = net, .o = o, .x = x, .y = y, .n = n, .m = net->parameters};
    double *room = lb_arena_try(arena, (4 + 2 * MEMORY) * s.m, sizeof *room);
    if (!room) return lb_fail(err, LB_TOO_LARGE, "training %zu parameters does not fit in memory", s.m);
    s.gradient = room, s.start = room + s.m, s.direction = room + 2 * s.m, s.before = room + 3 * s.m;
    for (size_t k = 0; k < MEMORY; k++) s.step[k] = room + (4 + k) * s.m, s.turn[k] = room + (4 + MEMORY + k) * s.m;
    double loss = loss_here(&s);
    while (net->iterations < o->iterations && !net->stopped) {
        double steepest = 0;
        for (size_t i = 0; i < s.m; i++) steepest = fmax(steepest, fabs(s.gradient[i]));
        if (!isfinite(loss) || !isfinite(steepest)) return lb_fail(err, LB_BAD_DATA, "the network's loss is not finite: standardise the columns");
        net->stopped = steepest <= o->tolerance;
        if (net->stopped) break;
        net->iterations++;
        aim(&s);
        if (walk(&s, &loss)) {
            remember(&s);
        } else {
            net->stopped = !s.count; /* once more from the gradient alone, then it is as good as rounding allows */
            s.count = 0;
        }
    }
    net->loss = loss;
    return 0;
}
