/* analyse cox: proportional hazards regression as R's coxph reports it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cox.h"
#include "analysis/cox_more.h"
#include "analysis/rows.h"

static void test(lb_value *results, const char *name, double statistic, size_t df)
{
    lb_value *row = lb_set_object(results, name);
    lb_set_number(row, "statistic", statistic);
    lb_set_int(row, "df", (int64_t)df);
    lb_set_number(row, "p", lb_chisq_p(statistic, (double)df, LB_UPPER));
}

static void coefficients(const lb_cox_model *model, const lb_cox_fit *fit, const double *vcov, double level, lb_result *result)
{
    size_t p = model->data.p, skip = model->design->intercept ? 1 : 0;
    double z = lb_norm_q((1 - level) / 2, LB_UPPER);
    lb_value *rows = lb_set_array(result->results, "coefficients");
    for (size_t j = 0; j < p; j++) {
        lb_value *row = lb_push_object(rows);
        bool aliased = model->data.aliased[j]; /* one that runs off: the estimate is where the iteration stopped, the rest does not exist */
        double beta = aliased ? NAN : fit->beta[j], se = aliased || fit->infinite[j] ? NAN : sqrt(vcov[j * p + j]);
        lb_set_text(row, "term", model->design->name[j + skip]);
        lb_set_number(row, "estimate", beta);
        lb_set_number(row, "se", se);
        lb_set_null(row, "df");
        lb_set_number(row, "statistic", beta / se);
        lb_set_number(row, "p", lb_two_sided_p(beta / se, INFINITY));
        lb_set_number(row, "lower", beta - z * se);
        lb_set_number(row, "upper", beta + z * se);
        lb_set_number(row, "hazard_ratio", fit->infinite[j] ? NAN : exp(beta));
        lb_set_number(row, "hr_lower", exp(beta - z * se));
        lb_set_number(row, "hr_upper", exp(beta + z * se));
        if (aliased) lb_set_text(row, "reason", "aliased: a combination of other columns");
        else if (fit->infinite[j]) lb_set_text(row, "reason", "runs off to infinity: no finite estimate");
    }
}

static void matrix(const double *vcov, size_t p, const bool *aliased, lb_value *results)
{
    enum { MOST = 200 };
    if (p > MOST) return;
    lb_value *rows = lb_set_array(results, "vcov");
    for (size_t i = 0; i < p; i++) {
        lb_value *row = lb_push_array(rows);
        for (size_t j = 0; j < p; j++) lb_push_number(row, aliased[i] || aliased[j] ? NAN : vcov[i * p + j]);
    }
}

/* The cluster of each row of the data, in their order. */
static int read_clusters(lb_call *call, const lb_cox_model *model, lb_arena *arena, lb_cox_clusters *out, lb_error *err)
{
    const lb_cox_data *data = &model->data;
    lb_table *table;
    lb_column column;
    int code = lb_call_table(call, "data", &table, err);
    if (code == LB_OK) code = lb_table_factor(table, lb_call_text(call, "cluster"), arena, &column, err);
    if (code != LB_OK) return code;
    out->of = lb_arena_try(arena, data->n + 1, sizeof *out->of);
    if (out->of == NULL) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", data->n);
    out->count = column.level_count;
    for (size_t i = 0; i < data->n; i++) out->of[i] = (uint32_t)column.code[model->design->row[data->row[i]]];
    return LB_OK;
}

/* Lin & Wei's variance: V (Σ over clusters of summed score residuals, squared) V. */
static int robust_variance(const lb_cox_model *model, const lb_cox_fit *fit, const lb_cox_clusters *cluster, lb_arena *arena, double *out, lb_error *err)
{
    const lb_cox_data *data = &model->data;
    size_t p = data->p;
    double *residual = lb_arena_try(arena, data->n * p + 1, sizeof *residual);
    double *sum = lb_arena_try(arena, cluster->count * p + 1, sizeof *sum);
    if (residual == NULL || sum == NULL) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the residuals");
    lb_cox_score_residuals(data, fit, model->ties, arena, residual);
    for (size_t i = 0; i < data->n; i++)
        for (size_t j = 0; j < p; j++) sum[(size_t)cluster->of[i] * p + j] += residual[i * p + j];
    double *meat = lb_arena_array(arena, p * p + 1, sizeof *meat), *half = lb_arena_array(arena, p * p + 1, sizeof *half);
    for (size_t c = 0; c < cluster->count; c++)
        for (size_t i = 0; i < p; i++)
            for (size_t j = 0; j < p; j++) meat[i * p + j] += sum[c * p + i] * sum[c * p + j];
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++)
            for (size_t k = 0; k < p; k++) half[i * p + j] += fit->vcov[i * p + k] * meat[k * p + j];
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++)
            for (size_t k = 0; k < p; k++) out[i * p + j] += half[i * p + k] * fit->vcov[k * p + j];
    return LB_OK;
}

/* Wald's statistic under this variance: βᵀ V⁻¹ β over the coefficients that are estimated; NaN where V has no inverse (fewer clusters than
 * coefficients). */
static double wald_test(const lb_cox_data *data, const double *beta, const double *vcov)
{
    size_t p = data->p, m = 0;
    double *v = lb_alloc(p * p + 1, sizeof *v), *b = lb_alloc(p + 1, sizeof *b), *w = lb_alloc(p + 1, sizeof *w), sum = 0;
    size_t *kept = lb_alloc(p + 1, sizeof *kept);
    for (size_t j = 0; j < p; j++)
        if (!data->aliased[j]) kept[m++] = j;
    for (size_t i = 0; i < m; i++) {
        b[i] = w[i] = beta[kept[i]];
        for (size_t j = 0; j < m; j++) v[i + j * m] = vcov[kept[i] * p + kept[j]];
    }
    bool full = lb_chol(v, m) == 0;
    for (size_t i = 0; i < m && full; i++) full = v[i + i * m] * v[i + i * m] > 1e-10 * vcov[kept[i] * p + kept[i]];
    if (full) lb_chol_solve(v, m, w, 1);
    else sum = NAN;
    for (size_t i = 0; i < m; i++) sum += b[i] * w[i];
    free(v);
    free(b);
    free(w);
    free(kept);
    return sum;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_cox_model model;
    lb_cox_fit fit;
    int code = lb_cox_read(call, lb_call_text(call, "cluster"), &model, result, err);
    if (code == LB_OK) code = lb_cox_fit_model(&model.data, model.ties, result->arena, &fit, err);
    if (code != LB_OK) return code;
    const lb_cox_data *data = &model.data;
    size_t p = data->p, df = p;
    for (size_t j = 0; j < p; j++) df -= data->aliased[j];
    const double *vcov = fit.vcov;
    lb_cox_clusters cluster = {0};
    if (lb_call_given(call, "cluster")) {
        double *robust = lb_arena_array(result->arena, p * p + 1, sizeof *robust);
        code = read_clusters(call, &model, result->arena, &cluster, err);
        if (code == LB_OK) code = robust_variance(&model, &fit, &cluster, result->arena, robust, err);
        if (code != LB_OK) return code;
        vcov = robust;
        fit.wald = wald_test(data, fit.beta, robust);
        lb_result_note(result, "Robust variance (Lin & Wei 1989) of coefficients, Wald test and concordance, %zu clusters by %s; the likelihood ratio and "
                               "score tests take the rows as independent.", cluster.count, lb_call_text(call, "cluster"));
    }
    lb_set_int(result->results, "n", (int64_t)data->n);
    lb_set_int(result->results, "events", (int64_t)data->events);
    lb_rows_report(model.design, result->results);
    coefficients(&model, &fit, vcov, lb_call_number(call, "level"), result);
    lb_set_number(result->results, "loglik", fit.loglik);
    lb_set_number(result->results, "loglik_null", fit.loglik_null);
    test(result->results, "lr", 2 * (fit.loglik - fit.loglik_null), df);
    bool infinite = false;
    for (size_t j = 0; j < p; j++) infinite |= fit.infinite[j];
    test(result->results, "wald", infinite ? NAN : fit.wald, df);
    if (infinite) lb_set_text(result->results, "wald_reason", "a coefficient runs off to infinity: see the likelihood ratio test");
    else if (cluster.of && isnan(fit.wald)) lb_set_text(result->results, "wald_reason", "fewer clusters than coefficients: their robust variance has no inverse");
    test(result->results, "score", fit.score, df);
    double concordance, concordance_se;
    code = lb_cox_concordance(data, &fit, cluster.of ? &cluster : NULL, &concordance, &concordance_se, err);
    if (code != LB_OK) return code;
    lb_set_number(result->results, "concordance", concordance);
    lb_set_number(result->results, "concordance_se", concordance_se);
    matrix(vcov, p, data->aliased, result->results);
    lb_set_int(result->results, "iterations", fit.iterations);
    lb_cox_status(&model, &fit, result);
    code = lb_cox_more(call, &model, &fit, result, err);
    if (code != LB_OK) return code;
    lb_table *table;
    code = lb_call_table(call, "data", &table, err);
    if (code != LB_OK) return code;
    lb_result_note(result, "Cox regression %s, %s ties%s%s; %s, events = %zu%s. Wald z tests and intervals at %g %%.",
                   lb_call_text(call, "formula"), lb_call_text(call, "ties"), data->strata > 1 ? ", stratified" : "",
                   data->offset ? ", with an offset" : "", lb_rows_text(model.design, table->rows, result->arena), data->events,
                   data->start ? ", intervals (start, stop]" : "", 100 * lb_call_number(call, "level"));
    lb_rows_coding(model.design, result);
    return LB_OK;
}

static const lb_param params[] = {
    LB_COX_PARAMS,
    {.name = "cluster", .type = LB_P_COLUMN, .summary = "robust variance: rows of one person or centre"},
    {.name = "residuals", .type = LB_P_CHOICES, .summary = "residuals of each row: martingale, deviance, score, dfbeta; of each event: schoenfeld, scaled",
     .choices = "martingale,deviance,score,dfbeta,schoenfeld,scaled"},
    {.name = "baseline", .type = LB_P_FLAG, .summary = "survival and cumulative hazard over time"},
    {.name = "at", .type = LB_P_TEXT, .summary = "survival at these covariates: \"age=60; sex=F\" (others at their mean or reference)"},
    {.name = "times", .type = LB_P_NUMBERS, .summary = "survival at these times only"},
    {.name = "level", .type = LB_P_NUMBER, .summary = "level of the intervals", .preset = "0.95", .min = 0.001, .max = 0.999999},
};

const lb_op lb_op_analyse_cox = {
    .area = "analyse",
    .verb = "cox",
    .summary = "Cox proportional hazards regression",
    .description = "Partial likelihood with Efron's, Breslow's or the exact treatment of ties; strata; delayed entry and repeated intervals by "
                   "--start; robust variance by --cluster (Lin & Wei 1989). Newton's method on the analytic score and information. Likelihood "
                   "ratio, Wald and score tests; Harrell's concordance. A coefficient that runs off to infinity is said to.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar analyse cox --data reference/analysis/aml.csv --time time --event status --formula \"~ x\"",
};
