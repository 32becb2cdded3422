/* Effects of one group: change from before to after (Gibbons 1993, Becker 1988), correlations (Fisher 1921),
 * proportions (logit; arcsine; Freeman & Tukey 1950). */
#include "evidence/effect.h"

#include <math.h>

enum { M1, SD1, M2, SD2, N, R };

static double change_variance(const double *x)
{
    return x[SD1] * x[SD1] + x[SD2] * x[SD2] - 2 * x[R] * x[SD1] * x[SD2];
}

static void mean_change(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    *yi = x[M1] - x[M2];
    *vi = change_variance(x) / x[N];
}

/* Standardised by the SD of the change (Gibbons 1993). */
static void standardised_change(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double g = lb_effect_correction(options, x[N] - 1) * (x[M1] - x[M2]) / sqrt(change_variance(x));
    *yi = g;
    *vi = 1 / x[N] + g * g / (2 * x[N]);
}

/* Standardised by the SD of m1i (Becker 1988). */
static void standardised_raw(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double g = lb_effect_correction(options, x[N] - 1) * (x[M1] - x[M2]) / x[SD1];
    *yi = g;
    *vi = 2 * (1 - x[R]) / x[N] + g * g / (2 * x[N]);
}

static void ratio_of_change(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double ratio = x[M1] / x[M2];
    if (!(ratio > 0)) {
        *yi = *vi = NAN;
        return;
    }
    double first = x[SD1] / x[M1], second = x[SD2] / x[M2];
    *yi = log(ratio) + (options->uncorrected ? 0 : .5 * (first * first - second * second) / x[N]);
    *vi = (first * first + second * second - 2 * x[R] * first * second) / x[N];
}

/* ri, ni */
static void correlation(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    *yi = x[0];
    *vi = (1 - x[0] * x[0]) * (1 - x[0] * x[0]) / (x[1] - 1);
}

static void fisher_z(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    *yi = atanh(x[0]);
    *vi = 1 / (x[1] - 3);
}

/* xi, ni: events and non-events, with the addition where one is zero */
static void both(const double *x, const lb_effect_options *options, double *events, double *others)
{
    *events = x[0];
    *others = x[1] - x[0];
    double addition = lb_effect_addition(options, *events == 0 || *others == 0);
    *events += addition;
    *others += addition;
}

static void proportion(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double events, others;
    both(x, options, &events, &others);
    double n = events + others, p = events / n;
    *yi = p;
    *vi = p * (1 - p) / n;
}

static void log_proportion(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double events, others;
    both(x, options, &events, &others);
    *yi = log(events / (events + others));
    *vi = 1 / events - 1 / (events + others);
}

static void logit_proportion(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double events, others;
    both(x, options, &events, &others);
    *yi = log(events / others);
    *vi = 1 / events + 1 / others;
}

static void arcsine_proportion(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    *yi = asin(sqrt(x[0] / x[1]));
    *vi = 1 / (4 * x[1]);
}

static void double_arcsine(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    double events = x[0], n = x[1];
    *yi = .5 * (asin(sqrt(events / (n + 1))) + asin(sqrt((events + 1) / (n + 1))));
    *vi = 1 / (4 * n + 2);
}

const lb_measure lb_measures_other[] = {
    {"MC", "mean change", LB_EFFECT_PAIRED, "none", "Mean change", "difference of paired means", mean_change},
    {"SMCC", "standardised mean change, SD of the change", LB_EFFECT_PAIRED, "none", "SMCC", "Gibbons 1993",
     standardised_change},
    {"SMCR", "standardised mean change, SD of m1i", LB_EFFECT_PAIRED, "none", "SMCR", "Becker 1988", standardised_raw},
    {"ROMC", "log ratio of means, paired", LB_EFFECT_PAIRED, "exp", "Ratio of means", "Lajeunesse 2011, 2015",
     ratio_of_change},
    {"COR", "correlation", LB_EFFECT_CORRELATION, "none", "Correlation", "Pearson r", correlation},
    {"ZCOR", "Fisher's z of the correlation", LB_EFFECT_CORRELATION, "tanh", "Correlation", "Fisher 1921", fisher_z},
    {"PR", "proportion", LB_EFFECT_PROPORTION, "none", "Proportion", "raw proportion", proportion},
    {"PLN", "log proportion", LB_EFFECT_PROPORTION, "exp", "Proportion", "log proportion", log_proportion},
    {"PLO", "logit of the proportion", LB_EFFECT_PROPORTION, "logit", "Proportion", "logit", logit_proportion},
    {"PAS", "arcsine of the proportion", LB_EFFECT_PROPORTION, "arcsine", "Proportion", "arcsine", arcsine_proportion},
    {"PFT", "double arcsine of the proportion", LB_EFFECT_PROPORTION, "none", "Double arcsine", "Freeman & Tukey 1950",
     double_arcsine},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};
