/* Multiplicity: adjusted p values (Bonferroni; Holm 1979; Hochberg 1988; Sidak 1967; Benjamini & Hochberg 1995). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"

static int ascending(const void *a, const void *b)
{
    double x = **(double *const *)a, y = **(double *const *)b;
    return (x > y) - (x < y);
}

/* Running maximum upwards (Holm) or running minimum downwards (Hochberg, BH) over the ordered p values. */
static void step(double **p, size_t m, const char *method)
{
    double bound = 0;
    if (!strcmp(method, "holm")) {
        for (size_t i = 0; i < m; i++) {
            bound = fmax(bound, (double)(m - i) * *p[i]);
            *p[i] = fmin(1, bound);
        }
        return;
    }
    bool hochberg = !strcmp(method, "hochberg");
    bound = 1;
    for (size_t i = m; i-- > 0;) {
        double factor = hochberg ? (double)(m - i) : (double)m / (double)(i + 1);
        bound = fmin(bound, factor * *p[i]);
        *p[i] = bound;
    }
}

void lb_p_adjust(const char *method, double *p, size_t count)
{
    double **ordered = lb_alloc(count + 1, sizeof *ordered);
    size_t m = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(p[i])) ordered[m++] = &p[i];
    }
    qsort(ordered, m, sizeof *ordered, ascending);
    if (!strcmp(method, "bonferroni")) {
        for (size_t i = 0; i < m; i++) *ordered[i] = fmin(1, (double)m * *ordered[i]);
    } else if (!strcmp(method, "sidak")) {
        for (size_t i = 0; i < m; i++) *ordered[i] = -expm1((double)m * log1p(-*ordered[i]));
    } else if (strcmp(method, "none") != 0) {
        step(ordered, m, method);
    }
    free(ordered);
}
