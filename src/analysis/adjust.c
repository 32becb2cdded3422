/* Multiplicity: adjusted p values (Bonferroni; Holm 1979; Hochberg 1988; Sidak 1967; Benjamini & Hochberg 1995), and the
 * approximation of Dunnett's (1955) test that emmeans calls dunnettx. */
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

/* Between two bounds that need no correlations: the studentised range with as many means as have k pairs, and Sidak's; (k − 1)/k of the first. */
double lb_dunnettx_p(double statistic, double k, double df)
{
    double means = (1 + sqrt(1 + 8 * k)) / 2, share = (k - 1) / k;
    double range = lb_tukey_p(sqrt(2) * statistic, means, df, LB_UPPER), sidak = -expm1(k * log1p(-lb_two_sided_p(statistic, df)));
    return share * range + (1 - share) * sidak;
}

typedef struct wanted {
    double alpha, k, df;
} wanted;

static double excess(double x, void *context)
{
    const wanted *w = context;
    return lb_dunnettx_p(x, w->k, w->df) - w->alpha;
}

double lb_dunnettx_q(double alpha, double k, double df)
{
    wanted w = {alpha, k, df};
    double x = NAN;
    return lb_root(excess, &w, lb_t_q(alpha / 2, df, LB_UPPER), lb_t_q(alpha / (2 * k), df, LB_UPPER), 1e-12, &x, NULL) == 0 ? x : NAN;
}
