/* Intraclass correlations from the two-way analysis of variance: Shrout & Fleiss 1979, doi:10.1037/0033-2909.86.2.420;
 * F tests and intervals as there (their equations for ICC(2,1) use Satterthwaite's degrees of freedom). */
#include "stats/icc.h"

#include <lumbar/numeric.h>

#include <math.h>

static lb_icc_anova mean_squares(const double *x, size_t n, size_t k)
{
    double grand = 0, between = 0, raters = 0, within = 0, nn = (double)n, kk = (double)k;
    for (size_t i = 0; i < n * k; i++) grand += x[i];
    grand /= nn * kk;
    for (size_t i = 0; i < n; i++) {
        double mean = 0;
        for (size_t j = 0; j < k; j++) mean += x[i * k + j];
        mean /= kk;
        between += (mean - grand) * (mean - grand);
        for (size_t j = 0; j < k; j++) within += (x[i * k + j] - mean) * (x[i * k + j] - mean);
    }
    for (size_t j = 0; j < k; j++) {
        double mean = 0;
        for (size_t i = 0; i < n; i++) mean += x[i * k + j];
        mean /= nn;
        raters += (mean - grand) * (mean - grand);
    }
    double left = fmax(0, within - nn * raters);
    return (lb_icc_anova){kk * between / (nn - 1), within / (nn * (kk - 1)), nn * raters / (kk - 1), left / ((nn - 1) * (kk - 1))};
}

static void set(lb_icc *out, const char *type, const char *meaning, double estimate, double lower, double upper, const lb_icc *test)
{
    *out = (lb_icc){type, meaning, estimate, test->statistic, test->df1, test->df2, lb_f_p(test->statistic, test->df1, test->df2, LB_UPPER), lower, upper};
}

/* A single rating's coefficient, and that of the mean of k of them. */
static double stepped_up(double icc, double k) { return k * icc / (1 + (k - 1) * icc); }

double lb_icc_single_absolute(const double *x, size_t n, size_t k)
{
    lb_icc_anova a = mean_squares(x, n, k);
    return (a.between - a.residual) / (a.between + ((double)k - 1) * a.residual + (double)k * (a.raters - a.residual) / (double)n);
}

void lb_icc_fit(const double *x, size_t n, size_t k, double level, lb_icc out[6], lb_icc_anova *anova)
{
    lb_icc_anova a = *anova = mean_squares(x, n, k);
    double nn = (double)n, kk = (double)k, tail = (1 - level) / 2;
    lb_icc one = {.statistic = a.between / a.within, .df1 = nn - 1, .df2 = nn * (kk - 1)};
    lb_icc two = {.statistic = a.between / a.residual, .df1 = nn - 1, .df2 = (nn - 1) * (kk - 1)};
    double low1 = one.statistic / lb_f_q(tail, one.df1, one.df2, LB_UPPER), high1 = one.statistic * lb_f_q(tail, one.df2, one.df1, LB_UPPER);
    double low3 = two.statistic / lb_f_q(tail, two.df1, two.df2, LB_UPPER), high3 = two.statistic * lb_f_q(tail, two.df2, two.df1, LB_UPPER);
    double icc2 = (a.between - a.residual) / (a.between + (kk - 1) * a.residual + kk * (a.raters - a.residual) / nn);
    double ratio = a.raters / a.residual, rest = nn * (1 + (kk - 1) * icc2) - kk * icc2;
    double df = (kk - 1) * (nn - 1) * pow(kk * icc2 * ratio + rest, 2) / ((nn - 1) * pow(kk * icc2 * ratio, 2) + rest * rest);
    double up = lb_f_q(tail, nn - 1, df, LB_UPPER), down = lb_f_q(tail, df, nn - 1, LB_UPPER), weight = kk * nn - kk - nn;
    double low2 = nn * (a.between - up * a.residual) / (up * (kk * a.raters + weight * a.residual) + nn * a.between);
    double high2 = nn * (down * a.between - a.residual) / (kk * a.raters + weight * a.residual + nn * down * a.between);
    set(&out[0], "ICC1", "one-way random, single", (a.between - a.within) / (a.between + (kk - 1) * a.within), (low1 - 1) / (low1 + kk - 1),
        (high1 - 1) / (high1 + kk - 1), &one);
    set(&out[1], "ICC2", "two-way random, absolute agreement, single", icc2, low2, high2, &two);
    set(&out[2], "ICC3", "two-way mixed, consistency, single", (a.between - a.residual) / (a.between + (kk - 1) * a.residual),
        (low3 - 1) / (low3 + kk - 1), (high3 - 1) / (high3 + kk - 1), &two);
    set(&out[3], "ICC1k", "one-way random, mean of all", 1 - 1 / one.statistic, 1 - 1 / low1, 1 - 1 / high1, &one);
    set(&out[4], "ICC2k", "two-way random, absolute agreement, mean of all",
        (a.between - a.residual) / (a.between + (a.raters - a.residual) / nn), stepped_up(low2, kk), stepped_up(high2, kk), &two);
    set(&out[5], "ICC3k", "two-way mixed, consistency, mean of all", 1 - 1 / two.statistic, 1 - 1 / low3, 1 - 1 / high3, &two);
}
