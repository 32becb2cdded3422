/* analyse km: curves, limits, quartiles, numbers at risk, and the picture. */
#include <math.h>
#include <string.h>

#include "analysis/survival.h"
#include "analysis/survival_svg.h"

static lb_km_ci ci_type(const lb_call *call)
{
    static const char *const names[] = {"loglog", "log", "plain", "logit", "arcsin"};
    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (lb_call_chosen(call, "ci", names[i])) return (lb_km_ci)i;
    return LB_CI_LOGLOG;
}

/* Numbers at the asked times: at risk just before, events since the time before, the step in force. */
static void at_times(lb_call *call, const lb_survival *data, const uint32_t *index, const lb_km *km, const double *lower, const double *upper,
                     const char *stratum, lb_value *rows)
{
    const double *times;
    size_t count = lb_call_numbers(call, "times", &times), step = 0, before = 0;
    for (size_t k = 0; k < count; k++) {
        size_t at_risk = 0, censored = 0;
        for (size_t i = 0; i < km->n; i++) {
            at_risk += data->time[index[i]] >= times[k];
            censored += !data->event[index[i]] && data->time[index[i]] <= times[k];
        }
        double events = 0;
        for (; step < km->steps && km->time[step] <= times[k]; step++) events += km->died[step];
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "stratum", stratum);
        lb_set_number(row, "time", times[k]);
        lb_set_int(row, "at_risk", (int64_t)at_risk);
        lb_set_number(row, "events", events);
        lb_set_int(row, "censored", (int64_t)censored - (int64_t)before); /* since the time before, as the events */
        before = censored;
        double survival = step ? km->survival[step - 1] : 1;
        bool beyond = times[k] > km->last_time;
        lb_set_number(row, "survival", beyond ? NAN : survival);
        lb_set_number(row, "se", beyond ? NAN : step ? survival * sqrt(km->greenwood[step - 1]) : 0);
        lb_set_number(row, "lower", beyond || !step ? NAN : lower[step - 1]);
        lb_set_number(row, "upper", beyond || !step ? NAN : upper[step - 1]);
        if (beyond) lb_set_text(row, "reason", "after the last observation");
    }
}

static void curve(const lb_km *km, const double *lower, const double *upper, const char *stratum, lb_value *out)
{
    lb_arena *arena = out->arena;
    double *se = lb_arena_array(arena, km->steps + 1, sizeof *se);
    for (size_t i = 0; i < km->steps; i++) se[i] = km->survival[i] > 0 ? km->survival[i] * sqrt(km->greenwood[i]) : NAN;
    lb_set_text(out, "stratum", stratum);
    lb_set_int(out, "n", (int64_t)km->n);
    lb_set_int(out, "events_total", (int64_t)km->events);
    static const char *const name[] = {"quartile1", "median", "quartile3"};
    for (int q = 0; q < 3; q++) {
        double p = 0.25 * (q + 1);
        lb_set_number(out, name[q], lb_km_quantile(km, km->survival, p));
        lb_set_number(out, lb_arena_printf(arena, "%s_lower", name[q]), lb_km_quantile(km, lower, p));
        lb_set_number(out, lb_arena_printf(arena, "%s_upper", name[q]), lb_km_quantile(km, upper, p));
    }
    lb_set_numbers(out, "time", km->time, km->steps);
    lb_set_numbers(out, "at_risk", km->at_risk, km->steps);
    lb_set_numbers(out, "events", km->died, km->steps);
    lb_set_numbers(out, "survival", km->survival, km->steps);
    lb_set_numbers(out, "se", se, km->steps);
    double total = 0, *hazard = lb_arena_array(arena, km->steps + 1, sizeof *hazard);
    for (size_t i = 0; i < km->steps; i++) hazard[i] = total += km->died[i] / km->at_risk[i];
    lb_set_numbers(out, "nelson_aalen", hazard, km->steps);
    lb_set_numbers(out, "lower", lower, km->steps);
    lb_set_numbers(out, "upper", upper, km->steps);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_survival data;
    const lb_value *labels;
    int code = lb_labels_read(call, &labels, err);
    if (code == LB_OK) code = lb_survival_read(call, false, &data, result, err);
    if (code != LB_OK) return code;
    lb_arena *arena = result->arena;
    uint32_t *index = lb_arena_array(arena, data.n + 1, sizeof *index);
    size_t *start = lb_arena_array(arena, data.groups + 2, sizeof *start);
    lb_survival_groups(&data, index, start);
    double z = lb_norm_q((1 - lb_call_number(call, "level")) / 2, LB_UPPER);
    lb_value *curves = lb_set_array(result->results, "curves");
    lb_value *times = lb_call_given(call, "times") ? lb_set_array(result->results, "at_times") : NULL;
    lb_km *km = lb_arena_array(arena, data.groups, sizeof *km);
    double **limits = lb_arena_array(arena, 2 * data.groups, sizeof *limits);
    for (size_t g = 0; g < data.groups; g++) {
        const char *name = lb_call_given(call, "by") ? data.group_name[g] : "all";
        lb_km_fit(&data, index + start[g], start[g + 1] - start[g], arena, &km[g]);
        double *lower = limits[2 * g] = lb_arena_array(arena, km[g].steps + 1, sizeof *lower);
        double *upper = limits[2 * g + 1] = lb_arena_array(arena, km[g].steps + 1, sizeof *upper);
        for (size_t i = 0; i < km[g].steps; i++)
            lb_km_limits(km[g].survival[i], km[g].greenwood[i], ci_type(call), z, &lower[i], &upper[i]);
        curve(&km[g], lower, upper, name, lb_push_object(curves));
        if (times) at_times(call, &data, index + start[g], &km[g], lower, upper, name, times);
    }
    lb_survival_picture(call, &data, index, start, km, (const double *const *)limits, labels, result);
    lb_result_note(result, "Kaplan–Meier estimate, Greenwood variance, %g %% limits on the %s scale; N = %zu, events = %zu. Medians invert the "
                           "curve and its pointwise limits; null means not reached.",
                   100 * lb_call_number(call, "level"), lb_call_text(call, "ci"), data.n, data.events);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "one row per person"},
    {.name = "time", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "time to event or censoring"},
    {.name = "event", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "1 event, 0 censored (or 2 and 1)"},
    {.name = "by", .type = LB_P_COLUMNS, .summary = "a curve for each level"},
    {.name = "ci", .type = LB_P_CHOICE, .summary = "scale of the limits", .choices = "loglog,log,plain,logit,arcsin", .preset = "loglog"},
    {.name = "level", .type = LB_P_NUMBER, .summary = "level of the limits", .preset = "0.95", .min = 0.001, .max = 0.999999},
    {.name = "times", .type = LB_P_NUMBERS, .summary = "also survival at these times"},
    LB_LABELS_PARAM,
};

const lb_op lb_op_analyse_km = {
    .area = "analyse",
    .verb = "km",
    .summary = "Kaplan–Meier curves with limits and medians",
    .description = "Product-limit estimate (Kaplan & Meier 1958) with Greenwood's variance. Limits on the log(−log) scale unless another is asked "
                   "for. A median inverts the curve; where the curve lies exactly at one half, the middle of that piece; its limits invert the "
                   "pointwise limits (Brookmeyer & Crowley 1982). Curves have a step per distinct event time.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar analyse km --data reference/analysis/aml.csv --time time --event status --by x",
};
