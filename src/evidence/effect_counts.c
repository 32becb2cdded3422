/* Effects of 2 × 2 tables and of event rates. OR: Woolf 1955; RR: Katz 1978; Peto: Yusuf 1985; AS: Rücker 2009; IRR:
 * Rothman 2008. Half an event is added to the cells of a study with an empty one (Haldane; Gart & Zweifel 1967). */
#include "evidence/effect.h"

#include <math.h>

enum { A, B, C, D };

double lb_effect_addition(const lb_effect_options *options, bool zero)
{
    switch (options->to) {
    case LB_ADD_ALL: return options->add;
    case LB_ADD_IF_ANY: return options->any_zero ? options->add : 0;
    case LB_ADD_NONE: return 0;
    case LB_ADD_ZERO: break;
    }
    return zero ? options->add : 0;
}

bool lb_effect_cells(const double *x, const lb_effect_options *options, double *out)
{
    bool zero = false;
    for (size_t i = 0; i < 4; i++) zero = zero || x[i] == 0;
    for (size_t i = 0; i < 4; i++) out[i] = x[i] + lb_effect_addition(options, zero);
    bool empty = (x[A] == 0 && x[C] == 0) || (x[B] == 0 && x[D] == 0);
    return !(empty && options->drop_empty);
}

void lb_effect_set(double y, double v, double *yi, double *vi)
{
    bool usable = isfinite(y) && isfinite(v) && v > 0;
    *yi = usable ? y : NAN;
    *vi = usable ? v : NAN;
}

static void odds_ratio(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double c[4];
    if (!lb_effect_cells(x, options, c)) c[A] = NAN;
    lb_effect_set(log(c[A] * c[D] / (c[B] * c[C])), 1 / c[A] + 1 / c[B] + 1 / c[C] + 1 / c[D], yi, vi);
}

static void risk_ratio(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double c[4];
    if (!lb_effect_cells(x, options, c)) c[A] = NAN;
    double n1 = c[A] + c[B], n2 = c[C] + c[D];
    lb_effect_set(log(c[A] / n1 / (c[C] / n2)), 1 / c[A] - 1 / n1 + 1 / c[C] - 1 / n2, yi, vi);
}

static void risk_difference(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double c[4];
    if (!lb_effect_cells(x, options, c)) c[A] = NAN;
    double n1 = c[A] + c[B], n2 = c[C] + c[D], p1 = c[A] / n1, p2 = c[C] / n2;
    lb_effect_set(p1 - p2, p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2, yi, vi);
}

/* Needs no addition: it exists with empty cells. */
static void arcsine_difference(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double c[4];
    bool usable = lb_effect_cells(x, options, c);
    double n1 = x[A] + x[B], n2 = x[C] + x[D];
    lb_effect_set(usable ? asin(sqrt(x[A] / n1)) - asin(sqrt(x[C] / n2)) : NAN, 1 / (4 * n1) + 1 / (4 * n2), yi, vi);
}

/* Observed minus expected events over their hypergeometric variance; zero cells need no addition but get it as the
 * others do when `add` is not 0, because that is what metafor reports. */
static void peto(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double c[4];
    if (!lb_effect_cells(x, options, c)) c[A] = NAN;
    double n1 = c[A] + c[B], n2 = c[C] + c[D], n = n1 + n2, events = c[A] + c[C];
    double variance = events * (n - events) * (n1 / n) * (n2 / n) / (n - 1);
    lb_effect_set((c[A] - events * n1 / n) / variance, 1 / variance, yi, vi);
}

/* x1i, t1i, x2i, t2i; half an event where a group has none. */
static void rates(const double *x, const lb_effect_options *options, double *out)
{
    bool zero = x[0] == 0 || x[2] == 0;
    out[0] = x[0] + lb_effect_addition(options, zero);
    out[1] = x[2] + lb_effect_addition(options, zero);
    if (options->drop_empty && x[0] == 0 && x[2] == 0) out[0] = NAN;
}

static void rate_ratio(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double events[2];
    rates(x, options, events);
    lb_effect_set(log(events[0] / x[1] / (events[1] / x[3])), 1 / events[0] + 1 / events[1], yi, vi);
}

static void rate_difference(const double *x, const lb_effect_options *options, double *yi, double *vi)
{
    double events[2];
    rates(x, options, events);
    lb_effect_set(events[0] / x[1] - events[1] / x[3], events[0] / (x[1] * x[1]) + events[1] / (x[3] * x[3]), yi, vi);
}

const lb_measure lb_measures_counts[] = {
    {"OR", "log odds ratio", LB_EFFECT_COUNTS, "exp", "Odds ratio", "Woolf 1955", odds_ratio},
    {"RR", "log risk ratio", LB_EFFECT_COUNTS, "exp", "Risk ratio", "Katz 1978", risk_ratio},
    {"RD", "risk difference", LB_EFFECT_COUNTS, "none", "Risk difference", "difference of proportions",
     risk_difference},
    {"AS", "arcsine difference", LB_EFFECT_COUNTS, "none", "Arcsine difference", "Rücker 2009", arcsine_difference},
    {"PETO", "log odds ratio by Peto's method", LB_EFFECT_COUNTS, "exp", "Peto odds ratio", "Yusuf 1985", peto},
    {"IRR", "log incidence rate ratio", LB_EFFECT_RATES, "exp", "Rate ratio", "Rothman 2008", rate_ratio},
    {"IRD", "incidence rate difference", LB_EFFECT_RATES, "none", "Rate difference", "Rothman 2008", rate_difference},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};
