/* Power of the comparison of two means by the noncentral t distribution, or by the normal approximation.
 * Chow, Shao & Wang 2008, Sample Size Calculations in Clinical Research, ch. 3; rounding conventions of R's power.t.test. */
#include "analysis/power.h"

#include <lumbar/numeric.h>

#include <math.h>

double lb_power_smallest_n(const lb_power_design *design)
{
    if (design->z) return 1e-6;
    /* residual degrees of freedom n1 (1 + ratio) - 2 - covariates must be positive; power.t.test starts at 2 */
    double least = (2 + design->covariates) / (1 + design->ratio);
    return fmax(2, least * (1 + 1e-9) + 1e-9);
}

double lb_power_at(const lb_power_design *design, double n1)
{
    double standard_error = design->sd * sqrt((1 + 1 / design->ratio) / n1);
    double shift = (design->delta - design->margin) / standard_error;
    double tail = design->alpha / design->sides;
    bool both = design->strict && design->sides == 2;
    if (design->z) {
        double critical = lb_norm_q(tail, LB_UPPER);
        return lb_norm_p(critical - shift, LB_UPPER) + (both ? lb_norm_p(-critical - shift, LB_LOWER) : 0);
    }
    double df = n1 * (1 + design->ratio) - 2 - design->covariates;
    if (!(df > 0)) return NAN;
    double critical = lb_t_q(tail, df, LB_UPPER);
    return lb_nct_p(critical, df, shift, LB_UPPER) + (both ? lb_nct_p(-critical, df, shift, LB_LOWER) : 0);
}

typedef struct search {
    lb_power_design design;
    double n1, power;
} search;

static double excess_at_n(double n1, void *context)
{
    const search *s = context;
    return lb_power_at(&s->design, n1) - s->power;
}

static double excess_at_delta(double delta, void *context)
{
    search *s = context;
    s->design.delta = delta;
    return lb_power_at(&s->design, s->n1) - s->power;
}

int lb_power_solve_n(const lb_power_design *design, double power, double *n1, lb_error *err)
{
    search s = {.design = *design, .power = power};
    double low = lb_power_smallest_n(design);
    if (excess_at_n(low, &s) >= 0) {
        *n1 = low;
        return 0;
    }
    double tail = lb_norm_q(design->alpha / design->sides, LB_UPPER) + lb_norm_q(power, LB_LOWER);
    double unit = design->sd / (design->delta - design->margin);
    double high = fmax(4 * low, 4 * (1 + 1 / design->ratio) * unit * unit * tail * tail + 20);
    while (high < 1e12 && excess_at_n(high, &s) < 0) high *= 4;
    if (!(high < 1e12)) {
        int code = lb_fail(err, LB_USAGE, "more than 1e12 people per arm would be needed for a difference of %g with sd %g",
                           design->delta - design->margin, design->sd);
        lb_error_hint(err, "the difference is too small to be studied; check --delta, --margin and --sd");
        return code;
    }
    return lb_root(excess_at_n, &s, low, high, 0, n1, err);
}

int lb_power_solve_delta(const lb_power_design *design, double n1, double power, double *delta, lb_error *err)
{
    search s = {.design = *design, .power = power, .n1 = n1};
    double unit = design->sd * sqrt((1 + 1 / design->ratio) / n1), high = design->margin + unit;
    while (excess_at_delta(high, &s) < 0 && high < design->margin + 1e9 * unit) high = design->margin + 2 * (high - design->margin);
    return lb_root(excess_at_delta, &s, design->margin, high, 0, delta, err);
}
