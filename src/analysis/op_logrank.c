/* analyse logrank: Mantel's log-rank test with the hypergeometric variance, strata, and Fleming–Harrington's weights S(t−)^ρ
 * (Harrington & Fleming 1982). One walk over the sorted times: O(n·groups) after the sort. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/survival.h"

typedef struct sums {
    size_t groups;
    double *observed, *expected; /* groups */
    double *variance;            /* groups × groups */
    double *at_risk, *died;      /* groups, at the time being looked at */
} sums;

/* One stratum; people in descending order of time, so that the risk set grows. */
static void add_time(sums *s, double n, double d, double weight)
{
    double spread = n > 1 ? d * (n - d) / (n - 1) : 0;
    for (size_t g = 0; g < s->groups; g++) {
        double share = s->at_risk[g] / n;
        s->observed[g] += weight * s->died[g];
        s->expected[g] += weight * d * share;
        if (spread == 0) continue;
        for (size_t h = 0; h < s->groups; h++)
            s->variance[g * s->groups + h] += weight * weight * spread * share * ((g == h) - s->at_risk[h] / n);
    }
}

static void add_stratum(sums *s, const lb_survival *data, const uint32_t *index, size_t n, double rho, double gamma)
{
    memset(s->at_risk, 0, s->groups * sizeof *s->at_risk);
    for (size_t i = 0; i < n; i++) s->at_risk[data->group[index[i]]]++;
    double left = (double)n, survival = 1;
    for (size_t i = 0; i < n;) {
        double time = data->time[index[i]], d = 0;
        size_t j = i;
        memset(s->died, 0, s->groups * sizeof *s->died);
        for (; j < n && data->time[index[j]] == time; j++) {
            s->died[data->group[index[j]]] += data->event[index[j]];
            d += data->event[index[j]];
        }
        if (d > 0) {
            add_time(s, left, d, (rho == 0 ? 1 : pow(survival, rho)) * (gamma == 0 ? 1 : pow(1 - survival, gamma)));
            survival *= (left - d) / left;
        }
        for (; i < j; i++) s->at_risk[data->group[index[i]]]--;
        left = (double)(n - j);
    }
}

/* (O − E)ᵀ V⁻ (O − E) on the groups with anything expected, one of them left out (V has rank one less). */
static double quadratic_form(const sums *s, lb_arena *arena, size_t *df)
{
    size_t *kept = lb_arena_array(arena, s->groups + 1, sizeof *kept), count = 0;
    for (size_t g = 0; g < s->groups; g++)
        if (s->expected[g] > 0) kept[count++] = g;
    *df = count > 0 ? count - 1 : 0;
    if (*df == 0) return NAN;
    double *v = lb_arena_array(arena, *df * *df, sizeof *v), *u = lb_arena_array(arena, *df, sizeof *u), *w = lb_arena_array(arena, *df, sizeof *w);
    for (size_t a = 0; a < *df; a++) {
        w[a] = u[a] = s->observed[kept[a + 1]] - s->expected[kept[a + 1]];
        for (size_t b = 0; b < *df; b++) v[a * *df + b] = s->variance[kept[a + 1] * s->groups + kept[b + 1]];
    }
    if (lb_chol(v, *df) != 0) return NAN;
    lb_chol_solve(v, *df, w, 1);
    double chisq = 0;
    for (size_t a = 0; a < *df; a++) chisq += u[a] * w[a];
    return chisq;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_survival data;
    int code = lb_survival_read(call, true, &data, result, err);
    if (code != LB_OK) return code;
    if (data.groups < 2) {
        code = lb_fail(err, LB_BAD_DATA, "only one group ('%.80s') among the complete rows: nothing to compare", data.groups ? data.group_name[0] : "");
        lb_error_where(err, "--by");
        lb_error_hint(err, "name a column with two levels or more, or see what is missing in the rows of the others");
        return code;
    }
    lb_arena *arena = result->arena;
    sums s = {.groups = data.groups};
    double **array[] = {&s.observed, &s.expected, &s.at_risk, &s.died};
    for (size_t k = 0; k < LB_COUNT(array); k++) *array[k] = lb_arena_array(arena, data.groups, sizeof(double));
    s.variance = lb_arena_try(arena, data.groups * data.groups, sizeof *s.variance);
    if (s.variance == NULL) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu groups", data.groups);
    uint32_t *index = lb_arena_array(arena, data.n, sizeof *index);
    size_t *start = lb_arena_array(arena, data.strata + 2, sizeof *start);
    lb_survival by_stratum = data; /* the same walk, with strata as the groups */
    by_stratum.group = data.stratum;
    by_stratum.groups = data.strata;
    lb_survival_groups(&by_stratum, index, start);
    for (size_t k = 0; k < data.strata; k++) add_stratum(&s, &data, index + start[k], start[k + 1] - start[k], lb_call_number(call, "rho"), lb_call_number(call, "gamma"));
    size_t df;
    double chisq = quadratic_form(&s, arena, &df);
    lb_set_number(result->results, "chisq", chisq);
    lb_set_int(result->results, "df", (int64_t)df);
    lb_set_number(result->results, "p", isnan(chisq) ? NAN : lb_chisq_p(chisq, (double)df, LB_UPPER));
    lb_value *groups = lb_set_array(result->results, "groups");
    size_t *count = lb_arena_array(arena, data.groups, sizeof *count);
    for (size_t i = 0; i < data.n; i++) count[data.group[i]]++;
    for (size_t g = 0; g < data.groups; g++) {
        lb_value *row = lb_push_object(groups);
        lb_set_text(row, "level", data.group_name[g]);
        lb_set_int(row, "n", (int64_t)count[g]);
        lb_set_number(row, "observed", s.observed[g]);
        lb_set_number(row, "expected", s.expected[g]);
        lb_set_number(row, "variance", s.variance[g * data.groups + g]);
    }
    lb_value *matrix = data.groups <= 50 ? lb_set_array(result->results, "covariance") : NULL; /* of observed less expected */
    for (size_t g = 0; matrix && g < data.groups; g++) {
        lb_value *row = lb_push_array(matrix);
        for (size_t h = 0; h < data.groups; h++) lb_push_number(row, s.variance[g * data.groups + h]);
    }
    if (isnan(chisq)) lb_result_status(result, "not_estimable");
    lb_result_note(result, "Log-rank test%s, hypergeometric variance, ρ = %g, γ = %g; N = %zu, events = %zu, strata = %zu.",
                   data.strata > 1 ? ", stratified" : "", lb_call_number(call, "rho"), lb_call_number(call, "gamma"), data.n, data.events, data.strata);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "one row per person"},
    {.name = "time", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "time to event or censoring"},
    {.name = "event", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "1 event, 0 censored (or 2 and 1)"},
    {.name = "by", .type = LB_P_COLUMNS, .flags = LB_REQUIRED, .summary = "the groups that are compared"},
    {.name = "strata", .type = LB_P_COLUMNS, .summary = "compare within these, then add up"},
    {.name = "rho", .type = LB_P_NUMBER, .summary = "weight S(t−)^rho: 0 log-rank, 1 Peto–Peto", .preset = "0", .min = -5, .max = 5},
    {.name = "gamma", .type = LB_P_NUMBER, .summary = "and (1 − S(t−))^gamma: above 0 late differences weigh more", .preset = "0", .min = 0, .max = 5},
};

const lb_op lb_op_analyse_logrank = {
    .area = "analyse",
    .verb = "logrank",
    .summary = "log-rank test, stratified and weighted",
    .description = "Mantel's log-rank test with the hypergeometric variance; strata are compared within and added up; weights S(t−)^rho (1 − S(t−))^gamma of "
                   "Fleming & Harrington (1991). Observed and expected are weighted sums.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar analyse logrank --data reference/analysis/aml.csv --time time --event status --by x",
};
