/* meta fit: the random-effects model, with or without moderators. */
#include "evidence/blup.h"
#include "evidence/conventions.h"
#include "evidence/mantel.h"
#include "evidence/ops.h"
#include "evidence/report.h"
#include "evidence/wilson.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static void add_coefficient(lb_value *rows, const char *term, const lb_pool *pool, size_t j)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "term", term);
    lb_set_number(row, "estimate", pool ? pool->beta[j] : NAN);
    lb_set_number(row, "se", pool ? pool->se[j] : NAN);
    lb_set_number(row, "df", pool ? pool->df : NAN);
    lb_set_number(row, "statistic", pool ? pool->statistic[j] : NAN);
    lb_set_number(row, "p", pool ? pool->p_value[j] : NAN);
    lb_set_number(row, "lower", pool ? pool->lower[j] : NAN);
    lb_set_number(row, "upper", pool ? pool->upper[j] : NAN);
}

static void add_weights(const lb_effects *effects, const lb_pool *pool, lb_value *results)
{
    lb_value *rows = lb_set_array(results, "studies");
    for (size_t i = 0; i < effects->k; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "study", effects->study[effects->used[i]]);
        lb_set_number(row, "yi", effects->y[i]);
        lb_set_number(row, "vi", effects->v[i]);
        lb_set_number(row, "weight", pool->weight[i]);
    }
}

static int fit_summary(lb_call *call, const lb_effects *effects, const lb_pool_settings *settings, lb_result *result,
                       lb_error *err)
{
    lb_summary summary;
    int code = lb_summary_fit(effects->y, effects->v, effects->k, settings, lb_call_arena(call), &summary, err);
    if (code) return code;
    lb_value *results = result->results;
    lb_summary_report(&summary, settings, results);
    lb_model_report(&summary.pool, results);
    lb_transformed_report(&summary, effects->measure, results);
    add_coefficient(lb_set_array(results, "coefficients"), "(Intercept)", &summary.pool, 0);
    add_weights(effects, &summary.pool, results);
    if (lb_call_flag(call, "blup")) lb_blup_report(&summary.pool, effects, NULL, NULL, settings->fit.level, results);
    lb_pool_note(&summary.pool, settings,
                 settings->fit.method == LB_TAU2_FE ? "Equal-effects model" : "Random-effects model", result);
    return 0;
}

/* Fitted value of each study with its interval, and the interval of the true effect of a new study like it. */
static void add_fitted(const lb_effects *effects, const lb_moderators *moderators, const lb_pool_model *model, const lb_pool *pool,
                       const lb_pool_settings *settings, lb_value *results)
{
    lb_value *rows = lb_set_array(results, "studies");
    double tail = (1 - settings->fit.level) / 2, total = 0;
    double critical = isfinite(pool->df) ? lb_t_q(tail, pool->df, LB_UPPER) : lb_norm_q(tail, LB_UPPER);
    bool new_study = settings->fit.method != LB_TAU2_FE;
    for (size_t i = 0; i < pool->k; i++) total += 1 / (moderators->v[i] + pool->tau2.tau2);
    for (size_t i = 0; i < pool->k; i++) {
        double mean, variance;
        lb_pool_fitted(pool, moderators->design->x, pool->k, model->kept, i, &mean, &variance);
        double half = critical * sqrt(variance), wide = critical * sqrt(variance + pool->tau2.tau2);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "study", effects->study[effects->used[moderators->design->row[i]]]);
        lb_set_number(row, "yi", moderators->y[i]);
        lb_set_number(row, "vi", moderators->v[i]);
        lb_set_number(row, "weight", 100 / (moderators->v[i] + pool->tau2.tau2) / total);
        lb_set_number(row, "fitted", mean);
        lb_set_number(row, "se", sqrt(variance));
        lb_set_number(row, "lower", mean - half);
        lb_set_number(row, "upper", mean + half);
        lb_set_number(row, "pi_lower", new_study ? mean - wide : NAN);
        lb_set_number(row, "pi_upper", new_study ? mean + wide : NAN);
    }
}

/* Likelihood ratio of the moderators: both models by maximum likelihood, since restricted likelihoods of different
 * designs cannot be compared. */
static int add_likelihood_ratio(const lb_moderators *moderators, lb_pool_model *model, const lb_pool_settings *settings, lb_arena *arena,
                                lb_value *results, lb_error *err)
{
    if (!model->intercept || model->p < 2) return 0;
    lb_pool_model alone;
    lb_pool with, without;
    lb_pool_options options = settings->fit;
    options.test = LB_TEST_Z;
    if (options.method != LB_TAU2_FE) options.method = LB_TAU2_ML;
    int code = lb_pool_model_init(&alone, moderators->y, moderators->v, NULL, model->k, 1, arena, err);
    if (!code) code = lb_pool_fit(&alone, &options, arena, &without, err);
    if (!code) code = lb_pool_fit(model, &options, arena, &with, err);
    if (code) return code;
    double statistic = 2 * (with.ml.loglik - without.ml.loglik), df = (double)(model->p - 1);
    lb_value *out = lb_set_object(results, "lrt");
    lb_set_number(out, "statistic", statistic);
    lb_set_number(out, "df", df);
    lb_set_number(out, "p", lb_chisq_p(statistic, df, LB_UPPER));
    return 0;
}

/* Variance inflation of each coefficient: the diagonal of the inverse of the coefficients' correlation matrix, without
 * the intercept. */
static void add_vif(const lb_pool *pool, const lb_pool_model *model, lb_arena *arena, lb_value *rows)
{
    size_t skip = model->intercept ? 1 : 0, n = pool->p - skip;
    double *r = lb_arena_array(arena, n * n + 1, sizeof *r),
           *inverse = lb_arena_array(arena, n * n + 1, sizeof *inverse);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            r[j * n + i] = pool->vcov[(j + skip) * pool->p + i + skip] / (pool->se[i + skip] * pool->se[j + skip]);
    }
    if (n == 0 || lb_chol(r, n) != 0) return;
    lb_chol_inverse(r, n, inverse);
    for (size_t j = skip; j < pool->p; j++)
        lb_set_number(rows->item[model->kept[j]], "vif", inverse[(j - skip) * n + j - skip]);
}

static int fit_regression(lb_call *call, const lb_effects *effects, const lb_pool_settings *settings, lb_result *result,
                          lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_moderators moderators;
    int code = lb_moderators_read(call, effects, &moderators, err);
    if (code) return code;
    const lb_design *design = moderators.design;
    lb_pool_model model;
    lb_pool pool;
    lb_interval tau2 = {NAN, NAN, false};
    code = lb_pool_model_init(&model, moderators.y, moderators.v, design->x, design->n, design->p, arena, err);
    if (!code) code = lb_pool_fit(&model, &settings->fit, arena, &pool, err);
    if (code) return code;
    if (settings->fit.method != LB_TAU2_FE && isnan(settings->fit.fixed_tau2))
        lb_tau2_interval(&model, settings->fit.level, &tau2);
    lb_value *results = result->results, *rows;
    lb_set_int(results, "k", (int64_t)pool.k);
    rows = lb_set_array(results, "coefficients");
    for (size_t column = 0, j = 0; column < design->p; column++) {
        bool kept = j < model.p && model.kept[j] == column;
        add_coefficient(rows, design->name[column], kept ? &pool : NULL, j);
        if (kept)
            j++;
        else
            lb_result_warn(result, "'%s' is given by the other moderators and was left out", design->name[column]);
    }
    add_vif(&pool, &model, arena, rows);
    lb_pool_report(&pool, &tau2, settings, results);
    lb_model_report(&pool, results);
    add_fitted(effects, &moderators, &model, &pool, settings, results);
    code = add_likelihood_ratio(&moderators, &model, settings, arena, results, err);
    if (code) return code;
    if (lb_call_flag(call, "blup")) lb_blup_report(&pool, effects, &moderators, model.kept, settings->fit.level, results);
    lb_pool_note(&pool, settings,
                 settings->fit.method == LB_TAU2_FE ? "Equal-effects meta-regression" : "Mixed-effects meta-regression",
                 result);
    lb_result_note(result, "Factors by treatment coding; R2 is the share of tau2 explained (0 to 100), for FE the "
                           "adjusted R2; the first level is the reference.");
    for (size_t i = 0; i < design->dropped_count; i++) {
        lb_result_note(result, "%zu studies left out: %s is missing.", design->dropped[i].rows,
                       design->dropped[i].column);
    }
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    const char *method = lb_call_text(call, "method");
    bool peto = strcmp(method, "PETO") == 0;
    if (peto || strcmp(method, "MH") == 0) return lb_fit_tables(call, peto, result, err);
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    lb_set_text(result->results, "measure", effects.measure->name);
    if (lb_call_given(call, "compat") && lb_call_flag(call, "blup"))
        return lb_fail(err, LB_USAGE, "--blup: Wilson's macro predicts no effects of studies; leave out --compat");
    if (lb_call_given(call, "compat")) {
        code = lb_wilson_report(call, &effects, result, err);
        if (!code) lb_effects_note(&effects, result);
        return code;
    }
    lb_set_text(result->results, "method", lb_tau2_method_name(settings.fit.method));
    lb_set_text(result->results, "test", settings.test_name);
    if (lb_call_given(call, "mods"))
        code = fit_regression(call, &effects, &settings, result, err);
    else
        code = fit_summary(call, &effects, &settings, result, err);
    if (!code && lb_call_flag(call, "conventions"))
        code = lb_conventions_report(&effects, settings.fit.level, lb_call_arena(call), result, err);
    if (!code) lb_effects_note(&effects, result);
    return code;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS_AND(",MH,PETO"),
    {.name = "mods", .type = LB_P_FORMULA, .summary = "moderators, as in \"~ year + ablat\""},
    {.name = "compat",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .choices = "wilson2005",
     .summary = "print the meta-regression as Wilson's macro does (--method DL is his MM)"},
    {.name = "blup", .type = LB_P_FLAG, .summary = "also each study's true effect as the model predicts it (BLUP)"},
    {.name = "conventions",
     .type = LB_P_FLAG,
     .summary = "also the same studies under the conventions of metafor, RevMan, meta and others, side by side"},
};

const lb_op lb_op_meta_fit = {
    .area = "meta",
    .verb = "fit",
    .summary = "pool effects: random or equal effects, meta-regression",
    .description = "Pools the effects of independent studies. Thirteen estimators of the heterogeneity variance tau2 (FE "
                   "is the model without it) "
                   "are solved to machine precision (DLIT and SJIT end where PM does), so results agree with metafor's when its iterations are run to "
                   "the end. Reported with it: "
                   "Wald z or t or Knapp-Hartung tests, the Q-profile interval of tau2 (Viechtbauer 2007), I2 and H2, "
                   "Cochran's Q, prediction "
                   "interval, log-likelihoods. MH and PETO pool 2 x 2 tables without a variance per study. With "
                   "--mods: the mixed-effects meta-regression, the test of all moderators (QM, an F with t or "
                   "Knapp-Hartung tests) and R2 (Raudenbush 2009). I2 and R2 are in percent. Effects come from the "
                   "columns yi and vi, or are "
                   "computed from arms as meta effect does.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example =
        "lumbar meta fit reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg --test knha",
};
