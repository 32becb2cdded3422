/* analyse pool: one model fitted in every imputation of stacked data, pooled by Rubin's rules. */
#include <math.h>
#include <string.h>

#include "analysis/rows.h"
#include "analysis/model.h"
#include "analysis/rubin.h"

typedef struct pool {
    lb_call *call;
    lb_result *result;
    lb_arena *arena;
    lb_table *table;
    lb_model_options options;
    lb_column imputation;
    size_t *level, m; /* the levels pooled */
    lb_model *model;
    size_t first, p;  /* coefficients first … p − 1 are reported */
    double dfcom;
} pool;

static int usage(lb_error *err, const char *option, const char *hint)
{
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return err->code;
}

static int find_imputations(pool *s, lb_error *err)
{
    int rc = lb_table_factor(s->table, lb_call_text(s->call, "imputation"), s->arena, &s->imputation, err);
    if (rc) return rc;
    s->level = lb_arena_array(s->arena, s->imputation.level_count + 1, sizeof *s->level);
    for (size_t l = 0; l < s->imputation.level_count; l++) {
        if (strcmp(s->imputation.level[l], "0") != 0) s->level[s->m++] = l;
        else lb_result_note(s->result, "Rows with %s 0, the data before imputation, are left out.", s->imputation.name);
    }
    if (s->m >= 2) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "'%s' tells %zu imputation apart: pooling needs two at least", s->imputation.name, s->m);
    return usage(err, "imputation", "stack the imputed tables, numbered 1, 2, … in this column");
}

static bool same_coefficients(const lb_design *a, const lb_design *b)
{
    if (a->p != b->p) return false;
    for (size_t j = 0; j < a->p; j++) {
        if (strcmp(a->name[j], b->name[j]) != 0) return false;
    }
    return true;
}

static int fit_one(pool *s, size_t k, lb_result *notes, lb_error *err)
{
    size_t count = 0, *row = lb_arena_array(s->arena, s->table->rows + 1, sizeof *row);
    const char *name = s->imputation.level[s->level[k]];
    for (size_t r = 0; r < s->table->rows; r++) {
        if (s->imputation.code[r] == (int32_t)s->level[k]) row[count++] = r;
    }
    lb_table *part = lb_table_rows(s->table, row, count, s->arena);
    int rc = lb_model_fit(part, lb_call_text(s->call, "formula"), &s->options, s->arena, &s->model[k], notes, err);
    if (rc) return rc;
    if (!same_coefficients(s->model[0].design, s->model[k].design)) {
        lb_fail(err, LB_BAD_DATA, "imputation %s gives other coefficients than imputation %s", name, s->imputation.level[s->level[0]]);
        return usage(err, "formula", "a level of a factor occurs in some imputations only: merge it with another");
    }
    if (strcmp(s->model[k].status, "ok") != 0) {
        lb_result_status(s->result, s->model[k].status);
        lb_result_warn(s->result, "imputation %s: %s", name, lb_model_status_words(s->model[k].status));
    }
    return LB_OK;
}

static int fit_all(pool *s, lb_error *err)
{
    lb_result *scratch = lb_result_new("analyse pool"); /* what every fit says is said once */
    s->model = lb_arena_array(s->arena, s->m, sizeof *s->model);
    int rc = LB_OK;
    for (size_t k = 0; k < s->m && !rc; k++) {
        lb_progress_report(lb_call_progress(s->call), (double)k / (double)s->m, "imputations");
        if (lb_progress_cancelled(lb_call_progress(s->call))) rc = lb_fail(err, LB_CANCELLED, "cancelled");
        else rc = fit_one(s, k, k ? scratch : s->result, err);
    }
    lb_result_free(scratch);
    if (rc) return rc;
    const lb_design *d = s->model[0].design;
    s->p = d->p;
    s->first = s->options.family == LB_COX && d->intercept;
    size_t least = s->model[0].n;
    for (size_t k = 1; k < s->m; k++) least = s->model[k].n < least ? s->model[k].n : least;
    s->dfcom = (double)least - (double)(s->p - s->first);
    if (lb_call_given(s->call, "dfcom")) s->dfcom = lb_call_number(s->call, "dfcom");
    if (lb_call_chosen(s->call, "df", "rubin")) s->dfcom = INFINITY;
    if (s->dfcom >= 1) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "%zu complete rows in an imputation are too few for %zu coefficients", least, s->p - s->first);
    return usage(err, s->table->name, "leave terms out of the formula or merge rare levels; or see which columns are still missing");
}

static void coefficient(const pool *s, size_t j, lb_value *rows)
{
    double *q = lb_arena_array(s->arena, s->m, sizeof *q), *u = lb_arena_array(s->arena, s->m, sizeof *u);
    const char *reason = NULL;
    for (size_t k = 0; k < s->m; k++) {
        q[k] = s->model[k].coefficient[j];
        u[k] = s->model[k].vcov[j + j * s->p];
        if (!reason) reason = lb_model_reason(&s->model[k], j);
    }
    lb_value *row = lb_push_object(rows);
    lb_rubin r = lb_rubin_pool(q, u, s->m, s->dfcom);
    if (reason) r = (lb_rubin){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    lb_set_text(row, "term", s->model[0].design->name[j]);
    lb_estimate_set(row, r.estimate, sqrt(r.total), r.df, lb_call_number(s->call, "level"));
    lb_set_number(row, "fmi", r.fmi);
    lb_set_number(row, "riv", r.riv);
    lb_set_number(row, "lambda", r.lambda);
    lb_set_number(row, "within", r.within);
    lb_set_number(row, "between", r.between);
    lb_family_ratio(s->options.family, row);
    if (reason) lb_set_text(row, "reason", lb_arena_printf(s->arena, "%s, in some imputation", reason));
}

static void each_imputation(const pool *s)
{
    lb_value *fits = lb_set_array(s->result->results, "imputations"), *rows = lb_set_array(s->result->results, "per_imputation");
    for (size_t k = 0; k < s->m; k++) {
        const lb_model *m = &s->model[k];
        lb_value *fit = lb_push_object(fits);
        const char *name = s->imputation.level[s->level[k]];
        lb_set_text(fit, "imputation", name);
        lb_set_int(fit, "n", (int64_t)m->n);
        if (m->family != LB_GAUSSIAN) lb_set_int(fit, "events", (int64_t)m->events);
        lb_set_number(fit, "loglik", m->loglik);
        lb_set_text(fit, "status", m->status);
        for (size_t j = s->first; j < s->p; j++) {
            lb_value *row = lb_push_object(rows);
            lb_set_text(row, "imputation", name);
            lb_set_text(row, "term", m->design->name[j]);
            lb_set_number(row, "estimate", m->aliased[j] ? NAN : m->coefficient[j]);
            lb_set_number(row, "se", lb_model_reason(m, j) ? NAN : sqrt(m->vcov[j + j * s->p]));
        }
    }
}

/* --test: coefficients that are zero together. */
static int joint_test(const pool *s, lb_error *err)
{
    const char *const *name;
    size_t k = lb_call_texts(s->call, "test", &name), p = s->p;
    if (k == 0) return LB_OK;
    size_t *at = lb_arena_array(s->arena, k, sizeof *at);
    double *q = lb_arena_array(s->arena, s->m * k, sizeof *q), *v = lb_arena_array(s->arena, s->m * k, k * sizeof *v);
    for (size_t i = 0; i < k; i++) {
        for (at[i] = s->first; at[i] < p && strcmp(s->model[0].design->name[at[i]], name[i]) != 0;) at[i]++;
        if (at[i] < p) continue;
        const char *nearest = lb_text_nearest(name[i], s->model[0].design->name, p);
        lb_fail(err, LB_USAGE, "there is no coefficient '%s'", name[i]);
        return usage(err, "test", nearest ? lb_arena_printf(s->arena, "did you mean '%s'?", nearest) : "name coefficients as they are reported");
    }
    for (size_t m = 0; m < s->m; m++) {
        for (size_t i = 0; i < k; i++) {
            q[m * k + i] = s->model[m].coefficient[at[i]];
            for (size_t j = 0; j < k; j++) v[(m * k + i) * k + j] = s->model[m].vcov[at[i] + at[j] * p];
        }
    }
    lb_rubin_test test;
    if (!lb_rubin_wald(q, v, s->m, k, s->arena, &test)) {
        lb_result_warn(s->result, "the coefficients of --test cannot be tested together: their variance is singular");
        return LB_OK;
    }
    lb_value *row = lb_set_object(s->result->results, "joint_test");
    lb_set_number(row, "statistic", test.statistic);
    lb_set_number(row, "df", test.df);
    lb_set_number(row, "df_residual", test.df_residual);
    lb_set_number(row, "riv", test.riv);
    lb_set_number(row, "p", test.p);
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    static const char *const family[] = {"Least squares", "Logistic regression", "Cox regression"};
    pool s = {.call = call, .result = result, .arena = lb_call_arena(call)};
    int rc = lb_model_options_read(call, &s.options, err);
    if (!rc) rc = lb_call_table(call, "data", &s.table, err);
    if (!rc) rc = find_imputations(&s, err);
    if (!rc) rc = fit_all(&s, err);
    if (rc) return rc;
    result->title = "Pooled over imputations";
    lb_set_int(result->results, "m", (int64_t)s.m);
    lb_set_int(result->results, "n", (int64_t)s.model[0].n);
    lb_set_number(result->results, "dfcom", s.dfcom);
    lb_value *rows = lb_set_array(result->results, "coefficients");
    for (size_t j = s.first; j < s.p; j++) coefficient(&s, j, rows);
    rc = joint_test(&s, err);
    if (rc) return rc;
    each_imputation(&s);
    lb_result_note(result, "%s %s in each of %zu imputations (N = %zu in the first), pooled by Rubin's rules.", family[s.options.family],
                   lb_call_text(call, "formula"), s.m, s.model[0].n);
    lb_rows_coding(s.model[0].design, result);
    if (isinf(s.dfcom)) lb_result_note(result, "Degrees of freedom of Rubin (1987).");
    else lb_result_note(result, "Degrees of freedom of Barnard and Rubin (1999), %g for complete data; fmi as in mice.", s.dfcom);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "the imputed tables stacked, one below the other"},
    {.name = "imputation", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "number of the imputation (0: before imputation, left out)"},
    {.name = "formula", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "the model: odi_12m ~ odi_0 + arm, or ~ odi_0 + arm for Cox"},
    {.name = "treatment", .type = LB_P_COLUMN, .summary = "a column to take as a factor even when it is numeric"},
    {.name = "reference", .type = LB_P_TEXT, .summary = "its reference level (default: the first)"},
    LB_MODEL_PARAMS,
    {.name = "test", .type = LB_P_TEXTS, .summary = "coefficients tested together (D1)"},
    {.name = "df", .type = LB_P_CHOICE, .summary = "degrees of freedom", .preset = "barnard-rubin", .choices = "barnard-rubin,rubin"},
    {.name = "dfcom", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "degrees of freedom for complete data (default: rows less coefficients)",
     .min = 1, .max = 1e15},
    {.name = "level", .type = LB_P_NUMBER, .summary = "confidence level of intervals", .preset = "0.95", .min = 1e-6, .max = 0.999999},
};

const lb_op lb_op_analyse_pool = {
    .area = "analyse", .verb = "pool",
    .summary = "fit a model in every imputation and pool by Rubin's rules",
    .description =
        "The data hold the imputed tables one below the other, with the number of the imputation in a column, as analyse impute writes them. "
        "The model is fitted in each; estimates are averaged and variances pooled (Rubin 1987), with t on the degrees of freedom of Barnard and "
        "Rubin (1999). riv is the relative increase in variance due to missing values, lambda their share of the variance, fmi the fraction "
        "of missing information.\n\n"
        "--test a,b tests several coefficients together (D1 of Li, Raghunathan & Rubin 1991). For a Cox model the degrees of freedom for "
        "complete data are people less coefficients; --df rubin leaves out the small-sample correction.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse pool --data reference/analysis/stacked5.csv --imputation imputation --formula 'odi_12m ~ pain + arm'"};
