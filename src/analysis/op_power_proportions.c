/* Operation `power proportions`: two proportions by the normal approximation with the pooled variance under the null hypothesis
 * (Fleiss, Levin & Paik 2003, ch. 4, without continuity correction), as R's power.prop.test. */
#include <math.h>

#include <lumbar/numeric.h>

#include "analysis/power.h"

typedef struct proportions {
    double p1, p2, n1, power, alpha, ratio, attrition;
    int sides;
    bool strict;
} proportions;

static double null_sd(const proportions *s)
{
    double p = (s->p1 + s->ratio * s->p2) / (1 + s->ratio);
    return sqrt(p * (1 - p) * (1 + 1 / s->ratio));
}

static double true_sd(const proportions *s) { return sqrt(s->p1 * (1 - s->p1) + s->p2 * (1 - s->p2) / s->ratio); }

static double power_at(const proportions *s)
{
    double z = lb_norm_q(s->alpha / s->sides, LB_UPPER), shift = fabs(s->p1 - s->p2) * sqrt(s->n1), spread = true_sd(s);
    double power = lb_norm_p((shift - z * null_sd(s)) / spread, LB_LOWER);
    return power + (s->strict && s->sides == 2 ? lb_norm_p((shift + z * null_sd(s)) / spread, LB_UPPER) : 0);
}

static double excess_at_n(double log_n, void *context)
{
    proportions s = *(const proportions *)context;
    double wanted = s.power;
    s.n1 = exp(log_n);
    return power_at(&s) - wanted;
}

static double excess_at_p2(double p2, void *context)
{
    proportions s = *(const proportions *)context;
    double wanted = s.power;
    s.p2 = p2;
    return power_at(&s) - wanted;
}

static int solve_n(proportions *s, lb_error *err)
{
    double z = lb_norm_q(s->alpha / s->sides, LB_UPPER), beta = lb_norm_q(s->power, LB_LOWER), difference = s->p1 - s->p2, log_n;
    double root = (z * null_sd(s) + beta * true_sd(s)) / difference;
    s->n1 = root * root;
    if (!(s->strict && s->sides == 2)) return 0;
    int code = lb_root(excess_at_n, s, log(s->n1) - 8, log(s->n1) + 0.01, 0, &log_n, err);
    if (!code) s->n1 = exp(log_n);
    return code;
}

static int solve_p2(lb_call *call, proportions *s, lb_error *err)
{
    bool higher = lb_call_chosen(call, "direction", "higher");
    double end = higher ? 1 - 1e-12 : 1e-12, near = s->p1 + (end - s->p1) * 1e-9;
    if (excess_at_p2(end, s) < 0) {
        int code = lb_fail(err, LB_USAGE, "%g people per arm are too few: no proportion %s %g has this power", s->n1, higher ? "above" : "below", s->p1);
        lb_error_where(err, "--n");
        lb_error_hint(err, "ask for more people or less power, or look in the other --direction");
        return code;
    }
    return lb_root(excess_at_p2, s, near, end, 0, &s->p2, err);
}

static int read(lb_call *call, proportions *s, lb_error *err)
{
    *s = (proportions){.p1 = lb_call_number(call, "p1"), .p2 = lb_call_number(call, "p2"), .n1 = lb_call_number(call, "n"),
                       .power = lb_call_number(call, "power"), .alpha = lb_call_number(call, "alpha"), .ratio = lb_call_number(call, "ratio"),
                       .attrition = lb_call_number(call, "attrition"), .sides = (int)lb_call_int(call, "sides"),
                       .strict = lb_call_flag(call, "strict")};
    if (!(s->p1 > 0 && s->p1 < 1)) return lb_power_refuse(err, "p1", s->p1, "between 0 and 1");
    if (lb_call_given(call, "p2") && !(s->p2 > 0 && s->p2 < 1 && s->p2 != s->p1))
        return lb_power_refuse(err, "p2", s->p2, "between 0 and 1, and different from p1");
    if (!(s->alpha > 0 && s->alpha < 1)) return lb_power_refuse(err, "alpha", s->alpha, "between 0 and 1");
    if (!(s->ratio > 0 && isfinite(s->ratio))) return lb_power_refuse(err, "ratio", s->ratio, "above 0");
    if (!(s->attrition >= 0 && s->attrition < 1)) return lb_power_refuse(err, "attrition", s->attrition, "at least 0 and below 1");
    if (lb_call_given(call, "power") && !(s->power > s->alpha / s->sides && s->power < 1))
        return lb_power_refuse(err, "power", s->power, "below 1 and above the level of the test");
    if (lb_call_given(call, "n") && !(s->n1 > 0 && s->n1 < 1e12)) return lb_power_refuse(err, "n", s->n1, "above 0");
    s->n1 *= 1 - s->attrition;
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    proportions s;
    int code = read(call, &s, err);
    if (code) return code;
    bool has_p2 = lb_call_given(call, "p2"), has_n = lb_call_given(call, "n"), has_power = lb_call_given(call, "power");
    if (!has_n && !has_power) has_power = true, s.power = 0.8;
    if (has_p2 + has_n + has_power != 2) {
        code = lb_fail(err, LB_USAGE, has_p2 && has_n ? "--p2, --n and --power are all given: nothing is left to find"
                                                      : "two of --p2, --n and --power are needed to find the third");
        lb_error_hint(err, "leave out the one you want to know");
        return code;
    }
    if (!has_n) code = solve_n(&s, err);
    else if (!has_p2) code = solve_p2(call, &s, err);
    else s.power = power_at(&s);
    if (code) return code;
    lb_value *out = result->results;
    double arm1 = has_n ? lb_call_number(call, "n") : lb_power_whole(s.n1 / (1 - s.attrition));
    double arm2 = lb_power_whole(has_n ? s.ratio * arm1 : s.ratio * s.n1 / (1 - s.attrition));
    lb_set_number(out, "n_exact", s.n1);
    lb_set_number(out, "n_per_arm", arm1);
    lb_set_number(out, "n_second_arm", arm2);
    lb_set_number(out, "n_total", arm1 + arm2);
    lb_set_number(out, "power", s.power);
    lb_set_number(out, "p1", s.p1);
    lb_set_number(out, "p2", s.p2);
    lb_set_number(out, "detectable", s.p2 - s.p1);
    lb_set_number(out, "odds_ratio", s.p2 / (1 - s.p2) / (s.p1 / (1 - s.p1)));
    lb_result_note(result, "%s test of two proportions at %s alpha %g, normal approximation, pooled variance under the null hypothesis, no "
                   "continuity correction; n_exact is the real-valued number of evaluable people in %s.", s.sides == 1 ? "One-sided" : "Two-sided",
                   s.sides == 1 ? "one-sided" : "total", s.alpha, s.ratio == 1 ? "each arm" : "the first arm");
    if (fmin(fmin(s.n1 * s.p1, s.n1 * (1 - s.p1)), fmin(s.ratio * s.n1 * s.p2, s.ratio * s.n1 * (1 - s.p2))) < 5)
        lb_result_warn(result, "fewer than five people are expected in a cell: the normal approximation is poor there");
    if (s.attrition > 0) lb_result_note(result, "With %g %% attrition, n_per_arm = ceil(n_exact / (1 - %g)).", 100 * s.attrition, s.attrition);
    return 0;
}

static const lb_param params[] = {
    {.name = "p1", .type = LB_P_NUMBER, .flags = LB_REQUIRED, .summary = "proportion in the first arm"},
    {.name = "p2", .type = LB_P_NUMBER, .summary = "proportion in the second arm; leave out to find the detectable one"},
    {.name = "n", .type = LB_P_NUMBER, .summary = "people randomised per arm (first arm with --ratio); leave out to find it"},
    {.name = "power", .type = LB_P_NUMBER, .summary = "wanted power; 0.8 when neither n nor power is given"},
    {.name = "alpha", .type = LB_P_NUMBER, .summary = "total significance level", .preset = "0.05"},
    {.name = "sides", .type = LB_P_INT, .summary = "one- or two-sided test", .preset = "2", .min = 1, .max = 2},
    {.name = "ratio", .type = LB_P_NUMBER, .summary = "n2 / n1", .preset = "1"},
    {.name = "attrition", .type = LB_P_NUMBER, .summary = "share of people without an outcome", .preset = "0"},
    {.name = "direction", .type = LB_P_CHOICE, .summary = "on which side of p1 the detectable p2 lies", .preset = "higher", .choices = "higher,lower"},
    {.name = "strict", .type = LB_P_FLAG, .flags = LB_ADVANCED, .summary = "two-sided: count rejections in the wrong direction too"},
};

const lb_op lb_op_power_proportions = {
    .area = "power", .verb = "proportions",
    .summary = "sample size, power or detectable difference for two proportions",
    .description =
        "Give --p1 and two of --p2, --n and --power; the third is found. Normal approximation with the pooled variance under the null hypothesis "
        "and without continuity correction (Fleiss, Levin & Paik 2003), as R's power.prop.test, which --ratio extends to unequal arms. n_exact "
        "counts evaluable people in the first arm; n_per_arm = ceil(n_exact / (1 - attrition)).",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar power proportions --p1 .45 --p2 .30 --power .8"};
