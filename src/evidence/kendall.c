/* Kendall's tau with its exact distribution when there are no ties (recurrence of the number of permutations with a
 * given number of inversions, Kendall 1938), otherwise the normal approximation with Kendall's variance under ties. */
#include "evidence/bias.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EXACT = 200 };

/* P(at most `count` concordant pairs) of n(n − 1)/2, by convolution with uniform distributions on 0..j. */
static double at_most(size_t count, size_t n, lb_arena *arena)
{
    size_t pairs = n * (n - 1) / 2;
    double *p = lb_arena_array(arena, pairs + 1, sizeof *p), *next = lb_arena_array(arena, pairs + 1, sizeof *next);
    p[0] = 1;
    for (size_t j = 1, top = 0; j < n; j++) {
        double window = 0;
        for (size_t c = 0; c <= top + j; c++) {
            if (c <= top) window += p[c];
            if (c > j) window -= p[c - j - 1];
            next[c] = window / (double)(j + 1);
        }
        top += j;
        memcpy(p, next, (top + 1) * sizeof *p);
    }
    double sum = 0;
    for (size_t c = 0; c <= count && c <= pairs; c++) sum += p[c];
    return fmin(1, sum);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sums over the groups of t equal values: t(t − 1), t(t − 1)(t − 2), t(t − 1)(2t + 5). */
static void tie_sums(const double *x, size_t n, lb_arena *arena, double sums[3])
{
    double *sorted = lb_arena_array(arena, n, sizeof *sorted);
    memcpy(sorted, x, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    sums[0] = sums[1] = sums[2] = 0;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && sorted[end] == sorted[i];) end++;
        double t = (double)(end - i);
        sums[0] += t * (t - 1);
        sums[1] += t * (t - 1) * (t - 2);
        sums[2] += t * (t - 1) * (2 * t + 5);
    }
}

double lb_kendall_exact_p(double s, size_t n, lb_arena *arena)
{
    size_t all = n * (n - 1) / 2, concordant = (size_t)llround((s + (double)all) / 2);
    size_t smaller = concordant < all - concordant ? concordant : all - concordant;
    return fmin(1, 2 * at_most(smaller, n, arena));
}

void lb_kendall(const double *x, const double *y, size_t n, lb_arena *arena, double *tau, double *p, bool *exact)
{
    double s = 0, tx[3], ty[3], count = (double)n;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            s += (double)((x[i] > x[j]) - (x[i] < x[j])) * (double)((y[i] > y[j]) - (y[i] < y[j]));
    }
    tie_sums(x, n, arena, tx);
    tie_sums(y, n, arena, ty);
    double pairs = count * (count - 1);
    *tau = 2 * s / sqrt((pairs - tx[0]) * (pairs - ty[0]));
    *exact = tx[0] == 0 && ty[0] == 0 && n <= MOST_EXACT;
    if (*exact) {
        *p = lb_kendall_exact_p(s, n, arena);
        return;
    }
    double variance = (pairs * (2 * count + 5) - tx[2] - ty[2]) / 18 + tx[1] * ty[1] / (9 * pairs * (count - 2)) +
                      tx[0] * ty[0] / (2 * pairs);
    *p = lb_two_sided_p(s / sqrt(variance), INFINITY);
}
