/* Association between two dichotomies, and effects carried between the families of means, odds and correlations.
 * phi: Yule 1912; Q and Y: Yule 1900, 1912; probit: Sánchez-Meca, Marín-Martínez & Chacón-Moscoso 2003; odds ratios as
 * standardised differences: Chinn 2000 (logistic), Cox & Snell 1989 (normal); point-biserial and biserial correlations:
 * Tate 1954, Soper 1914, Jacobs & Viechtbauer 2017. */
#include "evidence/effect.h"

#include <math.h>

#include <lumbar/numeric.h>

enum { A, B, C, D };
static const double pi = 3.14159265358979323846, cox_snell = 1.65; /* logit to the normal deviate */

/* No addition to empty cells: phi exists unless a margin is empty. */
static void phi(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    double row1 = x[A] + x[B], row2 = x[C] + x[D], column1 = x[A] + x[C], column2 = x[B] + x[D], n = row1 + row2;
    double rows = sqrt(row1 * row2) / n, columns = sqrt(column1 * column2) / n;
    double r = (x[A] * x[D] - x[B] * x[C]) / (n * n * rows * columns);
    double p = (row1 - row2) / (n * rows), q = (column1 - column2) / (n * columns);
    lb_effect_set(r, (1 - r * r + r * (1 + r * r / 2) * p * q - .75 * r * r * (p * p + q * q)) / n, yi, vi);
}

/* (ω − 1)/(ω + 1) of the odds ratio ω to the given power: 1 is Yule's Q, ½ his Y. */
static void yule(const double *x, const lb_effect_options *options, double power, double *yi, double *vi)
{
    double c[4];
    bool usable = lb_effect_cells(x, options, c);
    double ratio = pow(c[A] * c[D] / (c[B] * c[C]), power), y = (ratio - 1) / (ratio + 1), half = power * (1 - y * y) / 2;
    lb_effect_set(usable ? y : NAN, half * half * (1 / c[A] + 1 / c[B] + 1 / c[C] + 1 / c[D]), yi, vi);
}

static void yule_q(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    yule(x, options, 1, yi, vi);
}

static void yule_y(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    yule(x, options, .5, yi, vi);
}

/* The log odds ratio in units of the deviate's standard deviation. */
static void odds_scaled(const double *x, const lb_effect_options *options, double unit, double *yi, double *vi)
{
    double c[4];
    bool usable = lb_effect_cells(x, options, c);
    double variance = 1 / c[A] + 1 / c[B] + 1 / c[C] + 1 / c[D];
    lb_effect_set(usable ? log(c[A] * c[D] / (c[B] * c[C])) / unit : NAN, variance / (unit * unit), yi, vi);
}

static void odds_to_d_logistic(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    odds_scaled(x, options, pi / sqrt(3), yi, vi);
}

static void odds_to_d_normal(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    odds_scaled(x, options, cox_snell, yi, vi);
}

/* Difference of the probits of both risks; its variance by the delta method. */
static void probit(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double c[4];
    bool usable = lb_effect_cells(x, options, c);
    double n1 = c[A] + c[B], n2 = c[C] + c[D], p1 = c[A] / n1, p2 = c[C] / n2;
    double z1 = lb_norm_q(p1, LB_LOWER), z2 = lb_norm_q(p2, LB_LOWER);
    double variance = 2 * pi * (p1 * (1 - p1) * exp(z1 * z1) / n1 + p2 * (1 - p2) * exp(z2 * z2) / n2);
    lb_effect_set(usable ? z1 - z2 : NAN, variance, yi, vi);
}

/* ---- from two groups' means ---- */

enum { M1, SD1, N1, M2, SD2, N2 };

/* Standardised by the pooled SD, without Hedges' correction. */
static double cohen_d(const double *x)
{
    double df1 = x[N1] - 1, df2 = x[N2] - 1;
    return (x[M1] - x[M2]) / sqrt((df1 * x[SD1] * x[SD1] + df2 * x[SD2] * x[SD2]) / (df1 + df2));
}

static double cohen_variance(const double *x, double d)
{
    return 1 / x[N1] + 1 / x[N2] + d * d / (2 * (x[N1] + x[N2]));
}

static void point_biserial(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    double df = x[N1] + x[N2] - 2, h = df / x[N1] + df / x[N2], d = cohen_d(x), s = d * d + h;
    lb_effect_set(d / sqrt(s), h * h / (s * s * s) * cohen_variance(x, d), yi, vi);
}

/* The point-biserial correlation of a dichotomised normal variable; variance by Soper. */
static void biserial(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    double n = x[N1] + x[N2], df = n - 2, h = df / x[N1] + df / x[N2], d = cohen_d(x);
    double p = x[N1] / n, q = 1 - p, z = lb_norm_q(p, LB_UPPER), f = exp(-z * z / 2) / sqrt(2 * pi);
    double r = sqrt(p * q) / f * d / sqrt(d * d + h), rr = r * r;
    double term = 1.5 + (1 - p * z / f) * (1 + q * z / f);
    lb_effect_set(r, (p * q / (f * f) - term * rr + rr * rr) / (n - 1), yi, vi);
}

static void d_to_odds_logistic(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    double d = cohen_d(x);
    lb_effect_set(pi / sqrt(3) * d, pi * pi / 3 * cohen_variance(x, d), yi, vi);
}

static void d_to_odds_normal(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    (void)options;
    double d = cohen_d(x);
    lb_effect_set(cox_snell * d, cox_snell * cox_snell * cohen_variance(x, d), yi, vi);
}

const lb_measure lb_measures_association[] = {
    {"PHI", "phi coefficient", LB_EFFECT_COUNTS, "none", "Phi", "Yule 1912", phi},
    {"YUQ", "Yule's Q", LB_EFFECT_COUNTS, "none", "Yule's Q", "Yule 1900", yule_q},
    {"YUY", "Yule's Y", LB_EFFECT_COUNTS, "none", "Yule's Y", "Yule 1912", yule_y},
    {"OR2DL", "odds ratio as standardised difference, logistic", LB_EFFECT_COUNTS, "none", "SMD", "Chinn 2000",
     odds_to_d_logistic},
    {"OR2DN", "odds ratio as standardised difference, normal", LB_EFFECT_COUNTS, "none", "SMD", "Cox & Snell 1989",
     odds_to_d_normal},
    {"PBIT", "difference of probits", LB_EFFECT_COUNTS, "none", "SMD", "Sánchez-Meca 2003", probit},
    {"RPB", "point-biserial correlation", LB_EFFECT_MEANS, "none", "Correlation", "Tate 1954", point_biserial},
    {"RBIS", "biserial correlation", LB_EFFECT_MEANS, "none", "Correlation", "Soper 1914", biserial},
    {"D2ORL", "standardised difference as log odds ratio, logistic", LB_EFFECT_MEANS, "exp", "Odds ratio",
     "Hasselblad & Hedges 1995", d_to_odds_logistic},
    {"D2ORN", "standardised difference as log odds ratio, normal", LB_EFFECT_MEANS, "exp", "Odds ratio",
     "Cox & Snell 1989", d_to_odds_normal},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};
