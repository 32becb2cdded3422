/* Effects of two independent groups' means. SMD: Hedges 1981 (doi:10.3102/10769986006002107) with the exact J;
 * variances as in Hedges & Olkin 1985 (LS), Borenstein 2009 (LS2), Viechtbauer 2007 (UB); SMDH: Bonett 2009; ROM:
 * Lajeunesse 2011. */
#include "evidence/effect.h"

#include <math.h>

enum { M1, SD1, N1, M2, SD2, N2 };

double lb_hedges_j(double df)
{
    if (!(df > 1)) return NAN;
    if (df >= 40) { /* the difference of two large logarithms loses digits; its asymptotic series does not */
        double x = (df - 1) / 2, r = 1 / (x * x);
        double series = (-1. / 8 + r * (1. / 192 + r * (-1. / 640 + r * (17. / 14336 - r * 31. / 18432)))) / x;
        return sqrt((df - 1) / df) * exp(series);
    }
    return exp(lgamma(df / 2) - .5 * log(df / 2) - lgamma((df - 1) / 2));
}

double lb_effect_correction(const lb_effect_options *options, double df)
{
    return options->uncorrected ? 1 : lb_hedges_j(df);
}

static double pooled_variance(const double *x)
{
    return ((x[N1] - 1) * x[SD1] * x[SD1] + (x[N2] - 1) * x[SD2] * x[SD2]) / (x[N1] + x[N2] - 2);
}

static void mean_difference(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    *yi = x[M1] - x[M2];
    if (options->vtype == LB_VTYPE_HO)
        *vi = pooled_variance(x) * (1 / x[N1] + 1 / x[N2]);
    else
        *vi = x[SD1] * x[SD1] / x[N1] + x[SD2] * x[SD2] / x[N2];
}

static void standardised(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double df = x[N1] + x[N2] - 2, j = lb_effect_correction(options, df), d = (x[M1] - x[M2]) / sqrt(pooled_variance(x)), g = j * d;
    double sizes = 1 / x[N1] + 1 / x[N2], both = 2 * (x[N1] + x[N2]);
    *yi = g;
    if (options->vtype == LB_VTYPE_LS2)
        *vi = j * j * (sizes + d * d / both);
    else if (options->vtype == LB_VTYPE_UB)
        *vi = sizes + (1 - (df - 2) / (df * j * j)) * g * g;
    else if (options->vtype == LB_VTYPE_AV)
        *vi = sizes + options->average * options->average / both;
    else if (options->vtype == LB_VTYPE_H0)
        *vi = j * j * df / (df - 2) * sizes; /* d's exact variance when there is no difference */
    else
        *vi = sizes + g * g / both;
}

/* Unequal variances: the average of both, Bonett 2009 eq. 5 and 6. */
static void standardised_unequal(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double v1 = x[SD1] * x[SD1], v2 = x[SD2] * x[SD2], average = (v1 + v2) / 2;
    double df1 = x[N1] - 1, df2 = x[N2] - 1, g = lb_effect_correction(options, df1 + df2) * (x[M1] - x[M2]) / sqrt(average);
    *yi = g;
    *vi = g * g * (v1 * v1 / df1 + v2 * v2 / df2) / (8 * average * average) + (v1 / df1 + v2 / df2) / average;
}

/* Glass's delta: the second group's SD. */
static void standardised_by_control(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double g = lb_effect_correction(options, x[N2] - 1) * (x[M1] - x[M2]) / x[SD2];
    *yi = g;
    *vi = 1 / x[N1] + 1 / x[N2] + g * g / (2 * x[N2]);
}

/* Glass's delta when the groups' variances differ (Bonett 2009). */
static void standardised_by_control_unequal(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double g = lb_effect_correction(options, x[N2] - 1) * (x[M1] - x[M2]) / x[SD2], ratio = x[SD1] / x[SD2];
    *yi = g;
    *vi = ratio * ratio / (x[N1] - 1) + 1 / (x[N2] - 1) + g * g / (2 * (x[N2] - 1));
}

/* Log ratio of means with Lajeunesse's (2015) small-sample term. */
static void ratio_of_means(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double ratio = x[M1] / x[M2];
    if (!(ratio > 0)) {
        *yi = *vi = NAN; /* means of different sign have no ratio */
        return;
    }
    double first = x[SD1] * x[SD1] / (x[N1] * x[M1] * x[M1]), second = x[SD2] * x[SD2] / (x[N2] * x[M2] * x[M2]);
    *yi = log(ratio) + (options->uncorrected ? 0 : .5 * (first - second));
    *vi = first + second;
}

/* Log ratio of coefficients of variation (Nakagawa 2015); the bias of the means' logarithms goes, too (Senior 2020). */
static void ratio_of_variation(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double half1 = 1 / (2 * (x[N1] - 1)), half2 = 1 / (2 * (x[N2] - 1)), cv1 = x[SD1] / x[M1], cv2 = x[SD2] / x[M2];
    double first = cv1 * cv1 / x[N1], second = cv2 * cv2 / x[N2];
    *yi = log(cv1 / cv2) + (options->uncorrected ? 0 : half1 - half2 - .5 * (first - second));
    *vi = half1 + first + half2 + second;
}

/* Log ratio of standard deviations (Nakagawa 2015). */
static void ratio_of_deviations(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double half1 = 1 / (2 * (x[N1] - 1)), half2 = 1 / (2 * (x[N2] - 1));
    *yi = log(x[SD1] / x[SD2]) + (options->uncorrected ? 0 : half1 - half2);
    *vi = half1 + half2;
}

const lb_measure lb_measures_means[] = {
    {"SMD", "standardised mean difference (Hedges g)", LB_EFFECT_MEANS, "none", "SMD", "Hedges 1981", standardised},
    {"SMDH", "standardised mean difference, unequal variances", LB_EFFECT_MEANS, "none", "SMD", "Bonett 2009",
     standardised_unequal},
    {"SMD1", "standardised mean difference by the SD of group 2", LB_EFFECT_MEANS, "none", "SMD",
     "Glass 1976; Hedges 1981", standardised_by_control},
    {"MD", "mean difference", LB_EFFECT_MEANS, "none", "Mean difference", "difference of means", mean_difference},
    {"ROM", "log ratio of means", LB_EFFECT_MEANS, "exp", "Ratio of means", "Lajeunesse 2011, 2015", ratio_of_means},
    {"SMD1H", "standardised mean difference by the SD of group 2, unequal variances", LB_EFFECT_MEANS, "none", "SMD",
     "Bonett 2009", standardised_by_control_unequal},
    {"CVR", "log ratio of coefficients of variation", LB_EFFECT_MEANS, "exp", "Ratio of coefficients of variation",
     "Nakagawa 2015", ratio_of_variation},
    {"VR", "log ratio of standard deviations", LB_EFFECT_MEANS, "exp", "Ratio of SDs", "Nakagawa 2015",
     ratio_of_deviations},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};
