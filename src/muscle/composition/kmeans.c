/* Exact k-means of numbers for two and three classes: the best cuts of the sorted values.
 * Two classes are Otsu's threshold (Otsu 1979, doi:10.1109/TSMC.1979.4310076) without a histogram; more classes by
 * dynamic programming with divide and conquer (Wang and Song 2011, doi:10.32614/RJ-2011-015). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/composition/classes.h"

typedef struct problem {
    const double *value;  /* distinct values, ascending, less the overall mean (keeps the sums accurate) */
    double *weight, *sum; /* running totals: of the first i distinct values */
    double *square;
    double *cost, *before; /* best cost of the first i distinct values in one class more, one class less */
    size_t *cut;           /* cut[c * (n + 1) + i]: where the last of c + 1 classes begins */
    size_t n;
} problem;

/* Within-class sum of squares of distinct values [from, to). */
static double spread(const problem *p, size_t from, size_t to)
{
    double w = p->weight[to] - p->weight[from], s = p->sum[to] - p->sum[from];
    return p->square[to] - p->square[from] - s * s / w;
}

/* Best cost for i in [low, high] when the best cut lies in [cut_low, cut_high]: it grows with i. */
static void best_cuts(problem *p, size_t class_index, size_t low, size_t high, size_t cut_low, size_t cut_high)
{
    if (low > high) return;
    size_t i = low + (high - low) / 2, best_cut = 0;
    double best = INFINITY;
    for (size_t cut = cut_low > class_index ? cut_low : class_index; cut <= cut_high && cut < i; cut++) {
        double cost = p->before[cut] + spread(p, cut, i);
        if (cost < best) best = cost, best_cut = cut;
    }
    p->cost[i] = best;
    p->cut[class_index * (p->n + 1) + i] = best_cut;
    if (i > low) best_cuts(p, class_index, low, i - 1, cut_low, best_cut);
    best_cuts(p, class_index, i + 1, high, best_cut, cut_high);
}

static void fill(problem *p, const double *sorted, size_t count, double *distinct)
{
    double mean = 0;
    for (size_t i = 0; i < count; i++) mean += sorted[i] / (double)count;
    p->n = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && sorted[end] == sorted[i]) end++;
        double w = (double)(end - i), x = sorted[i] - mean;
        distinct[p->n] = sorted[i];
        p->weight[p->n + 1] = p->weight[p->n] + w;
        p->sum[p->n + 1] = p->sum[p->n] + w * x;
        p->square[p->n + 1] = p->square[p->n] + w * x * x;
        p->n++;
        i = end;
    }
}

static void describe(const problem *p, const double *distinct, const double *sorted, size_t count, lb_kmeans *out)
{
    size_t end = p->n;
    for (size_t c = out->classes; c-- > 0;) {
        size_t start = c == 0 ? 0 : p->cut[c * (p->n + 1) + end];
        out->lowest[c] = distinct[start];
        out->highest[c] = distinct[end - 1];
        end = start;
    }
    size_t at = 0;
    for (size_t c = 0; c < out->classes; c++) {
        double sum = 0;
        size_t first = at;
        while (at < count && sorted[at] <= out->highest[c]) sum += sorted[at++];
        out->count[c] = at - first;
        out->mean[c] = sum / (double)(at - first);
    }
}

bool lb_kmeans_fit(const double *sorted, size_t count, size_t classes, lb_kmeans *out)
{
    memset(out, 0, sizeof *out);
    out->classes = classes;
    double *memory = lb_alloc(6 * (count + 1), sizeof *memory), *distinct = memory + 5 * (count + 1);
    problem p = {.weight = memory,
                 .sum = memory + count + 1,
                 .square = memory + 2 * (count + 1),
                 .cost = memory + 3 * (count + 1),
                 .before = memory + 4 * (count + 1)};
    fill(&p, sorted, count, distinct);
    bool possible = p.n >= classes;
    if (possible) {
        p.cut = lb_alloc(classes * (p.n + 1), sizeof *p.cut);
        for (size_t i = 1; i <= p.n; i++) p.cost[i] = spread(&p, 0, i);
        for (size_t c = 1; c < classes; c++) {
            double *swap = p.before;
            p.before = p.cost;
            p.cost = swap;
            best_cuts(&p, c, c + 1, p.n, c, p.n - 1);
        }
        describe(&p, distinct, sorted, count, out);
        free(p.cut);
    }
    free(memory);
    return possible;
}
