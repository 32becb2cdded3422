/* analyse rmst: restricted mean survival time to tau, the area under the Kaplan–Meier curve; variance Σ area(t)² d / (n (n − d))
 * (Klein & Moeschberger 2003, 4.5); difference, and ratio by the delta method on the log scale (Royston & Parmar 2013). */
#include <math.h>

#include "analysis/survival.h"

typedef struct area {
    double rmst, variance;
} area;

static area restricted_mean(const lb_km *km, double tau)
{
    area out = {0, 0};
    /* Backwards: `out.rmst` is the area from step i to tau when step i is reached, which its variance term needs. */
    double end = tau;
    for (size_t i = km->steps; i-- > 0;) {
        if (km->time[i] > tau) continue;
        out.rmst += km->survival[i] * (end - km->time[i]);
        end = km->time[i];
        double n = km->at_risk[i], d = km->died[i];
        if (n > d) out.variance += out.rmst * out.rmst * d / (n * (n - d));
    }
    out.rmst += end;
    return out;
}

static void interval(lb_value *row, double estimate, double se, double z, bool ratio)
{
    lb_set_number(row, "estimate", ratio ? exp(estimate) : estimate);
    lb_set_number(row, "se", se);
    lb_set_number(row, "lower", ratio ? exp(estimate - z * se) : estimate - z * se);
    lb_set_number(row, "upper", ratio ? exp(estimate + z * se) : estimate + z * se);
    lb_set_number(row, "p", lb_two_sided_p(estimate / se, INFINITY));
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_survival data;
    int code = lb_survival_read(call, false, &data, result, err);
    if (code != LB_OK) return code;
    lb_arena *arena = result->arena;
    uint32_t *index = lb_arena_array(arena, data.n, sizeof *index);
    size_t *start = lb_arena_array(arena, data.groups + 2, sizeof *start);
    lb_survival_groups(&data, index, start);
    lb_km *km = lb_arena_array(arena, data.groups, sizeof *km);
    double shortest = INFINITY, tau = lb_call_number(call, "tau"), z = lb_norm_q((1 - lb_call_number(call, "level")) / 2, LB_UPPER);
    for (size_t g = 0; g < data.groups; g++) {
        lb_km_fit(&data, index + start[g], start[g + 1] - start[g], arena, &km[g]);
        shortest = fmin(shortest, km[g].last_time);
    }
    if (!lb_call_given(call, "tau")) tau = shortest;
    if (tau > shortest) lb_result_warn(result, "tau %g is after the last observation of a group (%g): its curve is carried on", tau, shortest);
    lb_set_number(result->results, "tau", tau);
    lb_value *groups = lb_set_array(result->results, "groups");
    area *areas = lb_arena_array(arena, data.groups, sizeof *areas);
    for (size_t g = 0; g < data.groups; g++) {
        areas[g] = restricted_mean(&km[g], tau);
        double se = sqrt(areas[g].variance);
        lb_value *row = lb_push_object(groups);
        lb_set_text(row, "level", lb_call_given(call, "by") ? data.group_name[g] : "all");
        lb_set_number(row, "rmst", areas[g].rmst);
        lb_set_number(row, "se", se);
        lb_set_number(row, "lower", areas[g].rmst - z * se);
        lb_set_number(row, "upper", areas[g].rmst + z * se);
        lb_set_int(row, "n", (int64_t)km[g].n);
        lb_set_int(row, "events", (int64_t)km[g].events);
    }
    if (data.groups == 2) {
        lb_value *difference = lb_set_object(result->results, "difference"), *ratio = lb_set_object(result->results, "ratio");
        lb_set_textf(difference, "contrast", "%s - %s", data.group_name[1], data.group_name[0]);
        interval(difference, areas[1].rmst - areas[0].rmst, sqrt(areas[0].variance + areas[1].variance), z, false);
        lb_set_textf(ratio, "contrast", "%s / %s", data.group_name[1], data.group_name[0]);
        interval(ratio, log(areas[1].rmst / areas[0].rmst),
                 sqrt(areas[0].variance / (areas[0].rmst * areas[0].rmst) + areas[1].variance / (areas[1].rmst * areas[1].rmst)), z, true);
        lb_result_note(result, "The standard error of the ratio is that of its logarithm.");
    }
    lb_result_note(result, "Restricted mean survival time to %g; Kaplan–Meier, Greenwood-type variance; N = %zu, events = %zu.", tau, data.n, data.events);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "one row per person"},
    {.name = "time", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "time to event or censoring"},
    {.name = "event", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "1 event, 0 censored (or 2 and 1)"},
    {.name = "by", .type = LB_P_COLUMNS, .summary = "the groups; with two, their difference and ratio"},
    {.name = "tau", .type = LB_P_NUMBER, .summary = "up to this time (default: the shortest follow-up of a group)", .min = 1e-300, .max = 1e300},
    {.name = "level", .type = LB_P_NUMBER, .summary = "level of the intervals", .preset = "0.95", .min = 0.001, .max = 0.999999},
};

const lb_op lb_op_analyse_rmst = {
    .area = "analyse",
    .verb = "rmst",
    .summary = "restricted mean survival time",
    .description = "Area under the Kaplan–Meier curve up to tau, with its variance (Klein & Moeschberger 2003), the difference of two groups and "
                   "their ratio (delta method on the log scale).",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar analyse rmst --data reference/analysis/aml.csv --time time --event status --by x --tau 40",
};
