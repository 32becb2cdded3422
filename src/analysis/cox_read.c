/* The data of a Cox model from a call: design matrix, times, strata; sorted by stratum and descending time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox.h"
#include "analysis/survival.h"

/* Strata codes of the design's rows: combinations that occur, by the levels' order. */
static int read_strata(const lb_table *table, const lb_design *design, const char *const *names, size_t count, uint32_t *code, size_t *strata,
                       lb_error *err)
{
    size_t total = 1;
    for (size_t i = 0; i < design->n; i++) code[i] = 0;
    for (size_t c = 0; c < count; c++) {
        lb_column factor;
        int status = lb_table_factor(table, names[c], design->arena, &factor, err);
        if (status != LB_OK) return status;
        if (__builtin_mul_overflow(total, factor.level_count, &total) || total > 1000000)
            return lb_fail(err, LB_BAD_DATA, "the strata columns combine to more than a million strata");
        for (size_t i = 0; i < design->n; i++) code[i] = code[i] * (uint32_t)factor.level_count + (uint32_t)factor.code[design->row[i]];
    }
    *strata = total;
    return LB_OK;
}

/* Columns that the others make up (to 1e-9 of their own spread), by Cholesky of the centred cross-products. */
static void find_aliased(lb_cox_data *data)
{
    size_t p = data->p;
    double *a = lb_alloc(p * p + 1, sizeof *a), *one = lb_alloc(data->n + 1, sizeof *one);
    for (size_t i = 0; i < data->n; i++) one[i] = 1;
    lb_cox_cross_products(data, one, a);
    free(one);
    for (size_t j = 0; j < p; j++) {
        double whole = a[j * p + j];
        for (size_t k = 0; k < j; k++) {
            if (data->aliased[k]) continue;
            double sum = a[j * p + k];
            for (size_t l = 0; l < k; l++)
                if (!data->aliased[l]) sum -= a[j * p + l] * a[k * p + l];
            a[j * p + k] = sum / a[k * p + k];
            a[j * p + j] -= a[j * p + k] * a[j * p + k];
        }
        data->aliased[j] = a[j * p + j] <= 1e-9 * whole || whole == 0;
        if (!data->aliased[j]) a[j * p + j] = sqrt(a[j * p + j]);
    }
    free(a);
}

/* place := the rows by stratum, then descending time. Both sorts are stable, the second keeps the first within a stratum. */
static int sort_rows(const double *time, const uint32_t *stratum, size_t strata, size_t n, uint32_t *place, lb_error *err)
{
    double *key = lb_alloc(n + 1, sizeof *key);
    for (size_t i = 0; i < n; i++) key[i] = -time[i];
    int code = lb_sort_order(key, n, place, err);
    if (code == LB_OK && strata > 1) {
        uint32_t *by_time = lb_alloc(n + 1, sizeof *by_time);
        memcpy(by_time, place, n * sizeof *place);
        for (size_t i = 0; i < n; i++) key[i] = stratum[by_time[i]];
        code = lb_sort_order(key, n, place, err);
        for (size_t i = 0; i < n && code == LB_OK; i++) place[i] = by_time[place[i]];
        free(by_time);
    }
    free(key);
    return code;
}

static int sort_starts(lb_cox_data *data, lb_error *err)
{
    double *key = lb_alloc(data->n + 1, sizeof *key);
    int code = LB_OK;
    for (size_t k = 0; k < data->strata && code == LB_OK; k++) {
        size_t first = data->first[k], count = data->first[k + 1] - first;
        for (size_t i = 0; i < count; i++) key[i] = -data->start[first + i];
        code = lb_sort_order(key, count, data->by_start + first, err);
        for (size_t i = 0; i < count; i++) data->by_start[first + i] += (uint32_t)first;
    }
    free(key);
    return code;
}

static int arrange(const lb_design *design, const double *time, const double *start, const bool *event, const uint32_t *stratum, size_t strata,
                   lb_cox_data *out, lb_error *err)
{
    size_t n = design->n, p = out->p, skip = design->intercept ? 1 : 0;
    lb_arena *arena = design->arena;
    out->x = lb_arena_try(arena, n * (p ? p : 1), sizeof *out->x);
    out->column = lb_arena_try(arena, n * (p ? p : 1), sizeof *out->column);
    if (out->x == NULL || out->column == NULL) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people × %zu covariates", n, p);
    out->events_x = lb_arena_array(arena, p + 1, sizeof *out->events_x);
    out->time = lb_arena_array(arena, n + 1, sizeof *out->time);
    out->start = start ? lb_arena_array(arena, n + 1, sizeof *out->start) : NULL;
    out->event = lb_arena_array(arena, n + 1, sizeof *out->event);
    out->row = lb_arena_array(arena, n + 1, sizeof *out->row);
    out->first = lb_arena_array(arena, n + 2, sizeof *out->first);
    uint32_t *place = out->by_start = lb_arena_array(arena, n + 1, sizeof *out->by_start); /* not needed for starts before the end */
    int code = sort_rows(time, stratum, strata, n, place, err);
    if (code != LB_OK) return code;
    for (size_t i = 0; i < n; i++) {
        size_t from = place[i];
        out->row[i] = from;
        out->time[i] = time[from];
        out->event[i] = event[from];
        out->events += event[from];
        if (start) out->start[i] = start[from];
        if (i == 0 || stratum[from] != stratum[out->row[i - 1]]) out->first[out->strata++] = i;
    }
    out->first[out->strata] = n;
    for (size_t j = 0; j < p; j++) {
        const double *x = design->x + (j + skip) * n;
        double *column = out->column + j * n;
        for (size_t i = 0; i < n; i++) {
            column[i] = out->x[i * p + j] = x[place[i]] - out->mean[j];
            out->events_x[j] += out->event[i] * column[i];
        }
    }
    return start ? sort_starts(out, err) : LB_OK;
}

static int read_times(const lb_table *table, const char *name, const lb_design *design, double **out, lb_error *err)
{
    lb_column *column;
    *out = NULL;
    if (name == NULL) return LB_OK;
    int code = lb_table_number(table, name, &column, err);
    if (code != LB_OK) return code;
    *out = lb_arena_array(design->arena, design->n + 1, sizeof **out);
    for (size_t i = 0; i < design->n; i++) {
        (*out)[i] = column->number[design->row[i]];
        if ((*out)[i] >= 0 && isfinite((*out)[i])) continue;
        code = lb_fail(err, LB_BAD_DATA, "time '%s' is %g", name, (*out)[i]);
        lb_error_where(err, "%s, row %zu", table->name, design->row[i] + 2);
        lb_error_hint(err, "times count from the start and are not negative");
        return code;
    }
    return LB_OK;
}

/* The offset of each, less its mean: neither the likelihood's shape nor the estimates see a constant. */
static int read_offset(const lb_table *table, const char *name, const lb_design *design, lb_cox_data *out, lb_error *err)
{
    lb_column *column;
    if (name == NULL) return LB_OK;
    int code = lb_table_number(table, name, &column, err);
    if (code != LB_OK) return code;
    double mean = 0;
    out->offset = lb_arena_array(design->arena, design->n + 1, sizeof *out->offset);
    for (size_t i = 0; i < design->n; i++) mean += column->number[design->row[i]] / (double)design->n;
    for (size_t i = 0; i < design->n; i++) {
        out->offset[i] = column->number[design->row[out->row[i]]] - mean;
        if (isfinite(out->offset[i])) continue;
        code = lb_fail(err, LB_BAD_DATA, "offset '%s' is not finite", name);
        lb_error_where(err, "%s, row %zu", table->name, design->row[out->row[i]] + 2);
        return code;
    }
    return LB_OK;
}

static int build_design(lb_call *call, const char *cluster, const lb_table *table, lb_cox_model *out, lb_error *err)
{
    const char *also[40], *const *names;
    size_t count = 0, strata = lb_call_texts(call, "strata", &names);
    also[count++] = lb_call_text(call, "time");
    also[count++] = lb_call_text(call, "event");
    if (lb_call_given(call, "start")) also[count++] = lb_call_text(call, "start");
    if (lb_call_given(call, "offset")) also[count++] = lb_call_text(call, "offset");
    if (cluster) also[count++] = cluster;
    for (size_t i = 0; i < strata && count < LB_COUNT(also) - 1; i++) also[count++] = names[i];
    const char *treatment = lb_call_text(call, "treatment");
    lb_design_options options = {.factor_columns = treatment ? &treatment : NULL, .factor_count = treatment != NULL, .reference_column = treatment,
                                 .reference_level = treatment ? lb_call_text(call, "reference") : NULL, .also_complete = also, .also_count = count};
    lb_formula *formula;
    int code = lb_formula_parse(lb_call_text(call, "formula"), lb_call_arena(call), &formula, err);
    if (code == LB_OK) code = lb_design_build(formula, table, &options, lb_call_arena(call), &out->design, err);
    return code;
}

int lb_cox_load(const lb_table *table, lb_design *design, const lb_cox_columns *from, lb_cox_model *out, lb_result *result, lb_error *err)
{
    lb_arena *arena = design->arena;
    double *time, *start;
    bool *event = lb_arena_array(arena, design->n + 1, sizeof *event);
    uint32_t *stratum = lb_arena_array(arena, design->n + 1, sizeof *stratum);
    size_t total = 1, skip = design->intercept ? 1 : 0;
    *out = (lb_cox_model){.design = design, .ties = from->ties};
    int code = read_times(table, from->time, design, &time, err);
    if (code == LB_OK) code = read_times(table, from->start, design, &start, err);
    if (code == LB_OK) code = lb_survival_event(table, from->event, design->row, design->n, event, result, err);
    if (code == LB_OK) code = read_strata(table, design, from->strata, from->strata_count, stratum, &total, err);
    for (size_t i = 0; code == LB_OK && start && i < design->n; i++) {
        if (start[i] < time[i]) continue;
        code = lb_fail(err, LB_BAD_DATA, "the interval from %g to %g does not end after it starts", start[i], time[i]);
        lb_error_where(err, "%s, row %zu", table->name, design->row[i] + 2);
        lb_error_hint(err, "see whether --start and --time are swapped, or the row has no length and is to be left out");
    }
    if (code != LB_OK) return code;
    lb_cox_data *data = &out->data;
    data->n = design->n;
    data->p = design->p - skip;
    data->mean = lb_arena_array(arena, data->p + 1, sizeof *data->mean);
    data->aliased = lb_arena_array(arena, data->p + 1, sizeof *data->aliased);
    for (size_t j = 0; j < data->p; j++) data->mean[j] = lb_sum(design->x + (j + skip) * design->n, design->n) / (double)design->n;
    code = arrange(design, time, start, event, stratum, total, data, err);
    if (code == LB_OK) code = read_offset(table, from->offset, design, data, err);
    if (code != LB_OK) return code;
    find_aliased(data);
    size_t rank = 1; /* the baseline takes the place of an intercept */
    for (size_t j = 0; j < data->p; j++) rank += !data->aliased[j];
    code = lb_design_enough(design, rank, table->name, err);
    if (code != LB_OK) return code;
    if (data->events == 0) {
        code = lb_fail(err, LB_BAD_DATA, "no event among the %zu complete rows: nothing to estimate", data->n);
        lb_error_where(err, "%s", table->name);
        lb_error_hint(err, "see how events are coded in '%s': 1 event and 0 censored, or 2 and 1", from->event);
    }
    return code;
}

int lb_cox_read(lb_call *call, const char *cluster, lb_cox_model *out, lb_result *result, lb_error *err)
{
    *out = (lb_cox_model){0};
    lb_table *table;
    int code = lb_call_table(call, "data", &table, err);
    if (code == LB_OK) code = build_design(call, cluster, table, out, err);
    if (code != LB_OK) return code;
    lb_cox_columns from = {.time = lb_call_text(call, "time"), .event = lb_call_text(call, "event"), .start = lb_call_text(call, "start"), .offset = lb_call_text(call, "offset"),
                           .ties = lb_call_chosen(call, "ties", "breslow") ? LB_BRESLOW : lb_call_chosen(call, "ties", "exact") ? LB_EXACT : LB_EFRON};
    from.strata_count = lb_call_texts(call, "strata", &from.strata);
    return lb_cox_load(table, out->design, &from, out, result, err);
}
