/* Operation `power survival`: events, and people, for a log-rank test. Schoenfeld 1981 (doi:10.1093/biomet/68.1.316) with the
 * logarithm of the hazard ratio, or Freedman 1982 (doi:10.1002/sim.4780010204). */
#include <math.h>

#include <lumbar/numeric.h>

#include "analysis/power.h"

typedef struct survival {
    double hr, margin, events, power, alpha, ratio, attrition, p1, p2, n;
    int sides;
    bool freedman;
} survival;

/* Expected size of the statistic is this times the root of the number of events. */
static double unit(const survival *s)
{
    double r = s->ratio, h = s->hr;
    if (s->freedman) return fabs(1 - h) * sqrt(r) / (1 + r * h);
    return fabs(log(h / s->margin)) * sqrt(r) / (1 + r);
}

static double critical(const survival *s) { return lb_norm_q(s->alpha / s->sides, LB_UPPER); }

/* The hazard ratio below the margin that these events detect. */
static double detectable(const survival *s)
{
    double need = (critical(s) + lb_norm_q(s->power, LB_LOWER)) / sqrt(s->events), r = s->ratio;
    if (!s->freedman) return s->margin * exp(-need * (1 + r) / sqrt(r));
    double k = sqrt(r) / need;
    return (k - 1) / (k + r); /* 0 or less: not even no events at all would do */
}

/* Share of people with an event in the second arm, under proportional hazards unless given. */
static double second_share(const survival *s) { return isnan(s->p2) ? -expm1(s->hr * log1p(-s->p1)) : s->p2; }

static int read(lb_call *call, survival *s, lb_error *err)
{
    *s = (survival){.hr = lb_call_number(call, "hr"), .margin = lb_call_number(call, "margin"), .events = lb_call_number(call, "events"),
                    .power = lb_call_number(call, "power"), .alpha = lb_call_number(call, "alpha"), .ratio = lb_call_number(call, "ratio"),
                    .attrition = lb_call_number(call, "attrition"), .p1 = lb_call_number(call, "p1"), .p2 = lb_call_number(call, "p2"),
                    .n = lb_call_number(call, "n"), .sides = (int)lb_call_int(call, "sides"),
                    .freedman = lb_call_chosen(call, "method", "freedman")};
    if (!(s->alpha > 0 && s->alpha < 1)) return lb_power_refuse(err, "alpha", s->alpha, "between 0 and 1");
    if (!(s->ratio > 0 && isfinite(s->ratio))) return lb_power_refuse(err, "ratio", s->ratio, "above 0");
    if (!(s->attrition >= 0 && s->attrition < 1)) return lb_power_refuse(err, "attrition", s->attrition, "at least 0 and below 1");
    if (!(s->margin > 0 && isfinite(s->margin))) return lb_power_refuse(err, "margin", s->margin, "a hazard ratio above 0");
    if (s->freedman && s->margin != 1) return lb_power_refuse(err, "margin", s->margin, "1 with Freedman's method");
    if (lb_call_given(call, "hr") && !(s->hr > 0 && isfinite(s->hr) && s->hr != s->margin))
        return lb_power_refuse(err, "hr", s->hr, "above 0 and different from the margin");
    if (lb_call_given(call, "p1") && !(s->p1 > 0 && s->p1 < 1)) return lb_power_refuse(err, "p1", s->p1, "between 0 and 1");
    if (lb_call_given(call, "p2") && !(s->p2 > 0 && s->p2 < 1)) return lb_power_refuse(err, "p2", s->p2, "between 0 and 1");
    if (lb_call_given(call, "power") && !(s->power > s->alpha / s->sides && s->power < 1))
        return lb_power_refuse(err, "power", s->power, "below 1 and above the level of the test");
    if (lb_call_given(call, "events") && !(s->events > 0 && s->events < 1e12)) return lb_power_refuse(err, "events", s->events, "above 0");
    if (lb_call_given(call, "n") && !(s->n > 0 && s->n < 1e12)) return lb_power_refuse(err, "n", s->n, "above 0");
    return 0;
}

/* People to events needs the shares with an event, and those the hazard ratio. */
static int events_of_people(lb_call *call, survival *s, lb_error *err)
{
    if (!lb_call_given(call, "n")) return 0;
    if (lb_call_given(call, "events") || isnan(s->p1) || (isnan(s->p2) && isnan(s->hr))) {
        int code = lb_fail(err, LB_USAGE, "people say nothing without the share of them that has an event");
        lb_error_where(err, "--n");
        lb_error_hint(err, "give --p1 with --hr or --p2, and not --events");
        return code;
    }
    s->events = s->n * (1 - s->attrition) * (s->p1 + s->ratio * second_share(s));
    return 0;
}

static int solve(lb_call *call, survival *s, lb_error *err)
{
    bool has_hr = lb_call_given(call, "hr"), has_events = !isnan(s->events), has_power = lb_call_given(call, "power");
    if (!has_events && !has_power) has_power = true, s->power = 0.8;
    if (has_hr + has_events + has_power != 2) {
        int code = lb_fail(err, LB_USAGE, has_hr && has_events ? "--hr, --power and the events are all given: nothing is left to find"
                                                               : "two of --hr, --power and --events (or --n) are needed to find the third");
        lb_error_hint(err, "leave out the one you want to know");
        return code;
    }
    double reach = critical(s) + (has_power ? lb_norm_q(s->power, LB_LOWER) : 0);
    if (!has_power) s->power = lb_norm_p(critical(s) - unit(s) * sqrt(s->events), LB_UPPER);
    else if (!has_events) s->events = reach * reach / (unit(s) * unit(s));
    else s->hr = detectable(s);
    if (s->hr > 0) return 0;
    int code = lb_fail(err, LB_USAGE, "%g events are too few: no hazard ratio above 0 has this power", s->events);
    lb_error_where(err, "--events");
    lb_error_hint(err, "ask for more events or less power");
    return code;
}

static void report_people(lb_call *call, const survival *s, lb_value *out)
{
    double p2 = second_share(s), n1 = s->events / (s->p1 + s->ratio * p2);
    bool has_n = lb_call_given(call, "n");
    double arm1 = has_n ? s->n : lb_power_whole(n1 / (1 - s->attrition));
    double arm2 = lb_power_whole(has_n ? s->ratio * s->n : s->ratio * n1 / (1 - s->attrition));
    lb_set_number(out, "n_exact", n1);
    lb_set_number(out, "n_per_arm", arm1);
    lb_set_number(out, "n_second_arm", arm2);
    lb_set_number(out, "n_total", arm1 + arm2);
    lb_set_number(out, "p1", s->p1);
    lb_set_number(out, "p2", p2);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    survival s;
    int code = read(call, &s, err);
    if (!code) code = events_of_people(call, &s, err);
    if (!code) code = solve(call, &s, err);
    if (code) return code;
    lb_value *out = result->results;
    lb_set_number(out, "events_exact", s.events);
    lb_set_number(out, "events", lb_power_whole(s.events));
    lb_set_number(out, "power", s.power);
    lb_set_number(out, "hazard_ratio", s.hr);
    lb_set_number(out, "detectable", s.hr);
    if (!isnan(s.p1)) report_people(call, &s, out);
    lb_result_note(result, "%s log-rank test at %s alpha %g, %s's formula; events_exact counts the events of both arms together.",
                   s.sides == 1 ? "One-sided" : "Two-sided", s.sides == 1 ? "one-sided" : "total", s.alpha, s.freedman ? "Freedman" : "Schoenfeld");
    if (s.ratio != 1) lb_result_note(result, "Second arm : first arm = %g; the hazard ratio is that of the second arm.", s.ratio);
    if (s.margin != 1) lb_result_note(result, "The null hypothesis is a hazard ratio of %g.", s.margin);
    if (isnan(s.p1)) lb_result_note(result, "Give --p1, the share of the first arm with an event by the end, to have people instead of events.");
    else if (isnan(s.p2)) lb_result_note(result, "The second arm's share with an event follows from proportional hazards: 1 - (1 - p1)^hr.");
    if (s.attrition > 0) lb_result_note(result, "With %g %% attrition, n_per_arm = ceil(n_exact / (1 - %g)).", 100 * s.attrition, s.attrition);
    return 0;
}

static const lb_param params[] = {
    {.name = "hr", .type = LB_P_NUMBER, .summary = "assumed hazard ratio, second arm to first; leave out to find the detectable one"},
    {.name = "events", .type = LB_P_NUMBER, .summary = "events in both arms together; leave out to find them"},
    {.name = "n", .type = LB_P_NUMBER, .summary = "people randomised per arm (first arm with --ratio), with --p1"},
    {.name = "power", .type = LB_P_NUMBER, .summary = "wanted power; 0.8 when neither events nor power is given"},
    {.name = "alpha", .type = LB_P_NUMBER, .summary = "total significance level", .preset = "0.05"},
    {.name = "sides", .type = LB_P_INT, .summary = "one- or two-sided test", .preset = "2", .min = 1, .max = 2},
    {.name = "ratio", .type = LB_P_NUMBER, .summary = "n2 / n1", .preset = "1"},
    {.name = "p1", .type = LB_P_NUMBER, .summary = "share of the first arm with an event by the end"},
    {.name = "p2", .type = LB_P_NUMBER, .summary = "the same of the second arm (default: by proportional hazards)"},
    {.name = "attrition", .type = LB_P_NUMBER, .summary = "share of people lost without information", .preset = "0"},
    {.name = "margin", .type = LB_P_NUMBER, .summary = "the test is against this hazard ratio; above 1: non-inferiority", .preset = "1"},
    {.name = "method", .type = LB_P_CHOICE, .summary = "formula", .preset = "schoenfeld", .choices = "schoenfeld,freedman"},
};

const lb_op lb_op_power_survival = {
    .area = "power", .verb = "survival",
    .summary = "events, power or detectable hazard ratio of a log-rank test",
    .description =
        "Give two of --hr, --events and --power; the third is found. events_exact is real-valued, for both arms together: Schoenfeld (1981) with "
        "the logarithm of the hazard ratio, or Freedman (1982). With --p1, the share of the first arm that has an event by the end of follow-up, "
        "people are found, too: n_exact = events / (p1 + ratio p2), n_per_arm = ceil(n_exact / (1 - attrition)); or give --n instead of "
        "--events.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar power survival --hr .65 --power .8 --p1 .45"};
