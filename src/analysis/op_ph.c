/* analyse ph: is the hazard ratio constant? Score test for a coefficient that changes with g(time) (Grambsch & Therneau 1994, in
 * the exact form of survival ≥ 3: information accumulated at each event time, no averaging). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox.h"
#include "analysis/cox_more.h"
#include "analysis/rows.h"

/* g at each distinct event time, ascending. */
typedef struct transform {
    double *time, *g;
    size_t count;
} transform;

typedef struct sums {
    const lb_cox_data *data;
    lb_ties ties;
    transform g;
    double *u, *i11, *i12, *i22, *mean, *v;
} sums;

static double transform_at(const transform *t, double time)
{
    size_t low = 0, high = t->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->time[middle] < time) low = middle + 1;
        else high = middle;
    }
    return t->g[low];
}

static void at_event_time(void *context, const lb_cox_time *at)
{
    sums *s = context;
    size_t p = s->data->p;
    double g = transform_at(&s->g, at->time);
    memset(s->v, 0, p * p * sizeof *s->v);
    for (double k = 0; k < at->deaths; k++) {
        double share = s->ties == LB_EFRON ? k / at->deaths : 0, a0 = at->s0 - share * at->d0;
        for (size_t i = 0; i < p; i++) {
            s->mean[i] = (at->s1[i] - share * at->d1[i]) / a0;
            s->u[i] -= g * s->mean[i];
        }
        for (size_t i = 0; i < p; i++)
            for (size_t j = 0; j <= i; j++) s->v[i * p + j] += (at->s2[lb_packed(i, j)] - share * at->d2[lb_packed(i, j)]) / a0 - s->mean[i] * s->mean[j];
    }
    for (size_t k = at->first; k < at->last; k++)
        for (size_t i = 0; i < p && s->data->event[k]; i++) s->u[i] += g * s->data->x[k * p + i];
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p; j++) {
            double v = s->v[i > j ? i * p + j : j * p + i];
            s->i11[i * p + j] += v;
            s->i12[i * p + j] += g * v;
            s->i22[i * p + j] += g * g * v;
        }
    }
}

/* The event times of everybody, ascending, and g of each: over all strata, as R takes them. */
static int make_transform(lb_call *call, const lb_cox_data *data, lb_arena *arena, transform *out, lb_error *err)
{
    size_t n = data->n;
    uint32_t *order = lb_arena_array(arena, n + 1, sizeof *order);
    int code = lb_sort_order(data->time, n, order, err);
    if (code != LB_OK) return code;
    out->time = lb_arena_array(arena, data->events + 1, sizeof *out->time);
    out->g = lb_arena_array(arena, data->events + 1, sizeof *out->g);
    double survival = 1, entered = 0;
    double *start = lb_arena_array(arena, n + 1, sizeof *start);
    uint32_t *by_start = lb_arena_array(arena, n + 1, sizeof *by_start);
    for (size_t i = 0; i < n; i++) start[i] = data->start ? data->start[i] : -INFINITY;
    if ((code = lb_sort_order(start, n, by_start, err)) != LB_OK) return code;
    for (size_t i = 0, last, in = 0; i < n; i = last) {
        double t = data->time[order[i]], d = 0;
        for (last = i; last < n && data->time[order[last]] == t; last++) d += data->event[order[last]];
        for (; in < n && start[by_start[in]] < t; in++) entered++;
        if (d == 0) continue;
        double at_risk = entered - (double)i;
        out->time[out->count] = t;
        out->g[out->count++] = lb_call_chosen(call, "transform", "km")         ? 1 - survival
                               : lb_call_chosen(call, "transform", "rank")     ? (double)i + ((double)(last - i) + 1) / 2
                               : lb_call_chosen(call, "transform", "identity") ? t
                                                                               : log(t);
        survival *= (at_risk - d) / at_risk;
    }
    return LB_OK;
}

/* Score test that the columns `set` have a slope on g: uᵀ (I22 − I21 I11⁻¹ I12)⁻¹ u over those columns. */
static double score_test(const sums *s, const size_t *all, size_t count, const size_t *set, size_t df)
{
    size_t p = s->data->p, m = count + df;
    double *a = lb_alloc(m * m + 1, sizeof *a), *u = lb_alloc(m + 1, sizeof *u), *w = lb_alloc(m + 1, sizeof *w);
    for (size_t i = 0; i < m; i++) {
        size_t row = i < count ? all[i] : set[i - count];
        u[i] = w[i] = i < count ? 0 : s->u[row];
        for (size_t j = 0; j < m; j++) {
            size_t col = j < count ? all[j] : set[j - count];
            a[i + j * m] = (i < count && j < count ? s->i11 : i >= count && j >= count ? s->i22 : s->i12)[row * p + col];
        }
    }
    double chisq = NAN;
    if (lb_chol(a, m) == 0) {
        lb_chol_solve(a, m, w, 1);
        chisq = 0;
        for (size_t i = 0; i < m; i++) chisq += u[i] * w[i];
    }
    free(a);
    free(u);
    free(w);
    return chisq;
}

static double axis_value(void *context, double time) { return transform_at(context, time); }

static void push_test(lb_value *rows, const char *term, double chisq, size_t df)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "term", term);
    lb_set_number(row, "chisq", chisq);
    lb_set_int(row, "df", (int64_t)df);
    lb_set_number(row, "p", isnan(chisq) ? NAN : lb_chisq_p(chisq, (double)df, LB_UPPER));
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_cox_model model;
    lb_cox_fit fit;
    int code = lb_cox_read(call, NULL, &model, result, err);
    if (code != LB_OK) return code;
    if (model.ties == LB_EXACT) return lb_fail(err, LB_USAGE, "the test is defined for Efron's and Breslow's ties");
    code = lb_cox_fit_model(&model.data, model.ties, result->arena, &fit, err);
    if (code != LB_OK) return code;
    const lb_cox_data *data = &model.data;
    size_t p = data->p, count = 0, skip = model.design->intercept ? 1 : 0;
    if (p == 0) return lb_fail(err, LB_USAGE, "the formula has no covariate to test");
    sums s = {.data = data, .ties = model.ties};
    double **array[] = {&s.u, &s.mean};
    for (size_t k = 0; k < LB_COUNT(array); k++) *array[k] = lb_arena_array(result->arena, p, sizeof(double));
    double **square[] = {&s.i11, &s.i12, &s.i22, &s.v};
    for (size_t k = 0; k < LB_COUNT(square); k++) *square[k] = lb_arena_array(result->arena, p * p, sizeof(double));
    code = make_transform(call, data, result->arena, &s.g, err);
    if (code != LB_OK) return code;
    if (lb_call_chosen(call, "transform", "log") && s.g.time[0] <= 0) return lb_fail(err, LB_BAD_DATA, "an event at time 0 has no logarithm");
    lb_cox_walk(data, fit.weight, at_event_time, &s);
    size_t *all = lb_arena_array(result->arena, p, sizeof *all), *set = lb_arena_array(result->arena, p, sizeof *set);
    for (size_t j = 0; j < p; j++)
        if (!data->aliased[j]) all[count++] = j;
    lb_value *rows = lb_set_array(result->results, "tests");
    for (size_t k = 0; k < model.design->terms; k++) {
        const lb_term *term = &model.design->term[k];
        size_t df = 0;
        for (size_t j = 0; j < term->count; j++)
            if (!data->aliased[term->first - skip + j]) set[df++] = term->first - skip + j;
        if (df) push_test(rows, term->name, score_test(&s, all, count, set, df), df);
    }
    push_test(rows, "GLOBAL", score_test(&s, all, count, all, count), count);
    lb_value *each = lb_set_array(result->results, "coefficient_tests");
    for (size_t k = 0; k < count; k++) push_test(each, model.design->name[all[k] + skip], score_test(&s, all, count, all + k, 1), 1);
    lb_result_note(result, "Score test of proportional hazards against a coefficient linear in g(time), g = %s; %s ties; N = %zu, events = %zu.",
                   lb_call_text(call, "transform"), lb_call_text(call, "ties"), data->n, data->events);
    lb_rows_coding(model.design, result);
    lb_cox_status(&model, &fit, result);
    static const char *const axis[][2] = {{"km", "1 \xE2\x88\x92 Kaplan\xE2\x80\x93Meier at the time"}, {"rank", "Rank of the time"}, {"identity", "Time"}, {"log", "Logarithm of time"}};
    for (size_t k = 0; k < LB_COUNT(axis); k++)
        if (lb_call_chosen(call, "transform", axis[k][0])) lb_cox_ph_picture(&model, &fit, axis_value, &s.g, axis[k][1], result);
    return LB_OK;
}

static const lb_param params[] = {
    LB_COX_PARAMS,
    {.name = "transform", .type = LB_P_CHOICE, .summary = "g(time)", .choices = "km,rank,identity,log", .preset = "km"},
};

const lb_op lb_op_analyse_ph = {
    .area = "analyse",
    .verb = "ph",
    .summary = "test of proportional hazards",
    .description = "For each term and for all together: the score test that its coefficient changes linearly with g(time), g being one minus the "
                   "Kaplan–Meier curve, the rank of the time among all times, time, or its logarithm (Grambsch & Therneau 1994). "
                   "Under tests a factor counts as a whole; under coefficient_tests each of its levels on its own.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar analyse ph --data reference/analysis/aml.csv --time time --event status --formula \"~ x\"",
};
