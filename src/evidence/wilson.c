/* Meta-regression as D. B. Wilson's MetaReg macro for SPSS (version 2005.05.23) prints it: all sums at the final
 * weights w = 1/(v + τ²). Its MM is DerSimonian–Laird, its "REML" is τ²_ML · n/(n − p), R² = Q_model/(Q_model +
 * Q_residual), and intervals use 1.96. */
#include "evidence/wilson.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static void weighted_moments(const double *w, const double *x, size_t k, double *mean, double *sum_sq)
{
    double weights = 0, sum = 0;
    for (size_t i = 0; i < k; i++) {
        weights += w[i];
        sum += w[i] * x[i];
    }
    *mean = sum / weights;
    *sum_sq = 0;
    for (size_t i = 0; i < k; i++) *sum_sq += w[i] * (x[i] - *mean) * (x[i] - *mean);
}

int lb_wilson_fit(lb_pool_model *model, const double *x, lb_tau2_method method, lb_arena *arena, lb_wilson *out,
                  lb_error *err)
{
    size_t k = model->k, p = model->p;
    *out = (lb_wilson){.v = NAN, .v_se = NAN, .converged = true};
    if (method != LB_TAU2_FE && method != LB_TAU2_DL && method != LB_TAU2_ML && method != LB_TAU2_REML) {
        int code = lb_fail(err, LB_USAGE, "Wilson's macro has no estimator %s", lb_tau2_method_name(method));
        lb_error_hint(err, "use --method FE, DL (his MM), ML or REML");
        return code;
    }
    if (k <= p) return lb_fail(err, LB_BAD_DATA, "%zu studies cannot carry %zu coefficients", k, p);
    lb_pool_options options = LB_POOL_OPTIONS_INIT;
    lb_tau2 estimate = {.converged = true};
    options.method = LB_TAU2_FE;
    if (method != LB_TAU2_FE) {
        lb_tau2_estimate(model, method == LB_TAU2_DL ? LB_TAU2_DL : LB_TAU2_ML, &estimate);
        if (method == LB_TAU2_REML) estimate.tau2 *= (double)k / (double)(k - p);
        out->v = estimate.tau2;
    }
    out->converged = estimate.converged;
    options.method = method == LB_TAU2_FE ? LB_TAU2_ML : method; /* any: the variance is given */
    options.fixed_tau2 = estimate.tau2;
    lb_pool pool;
    lb_pool_sums sums;
    lb_pool_alloc(&pool, k, p, arena);
    lb_pool_solve(model, &options, &pool, &sums);
    double total, mean;
    weighted_moments(model->w, model->y, k, &mean, &total);
    out->mean = mean;
    out->q_residual = sums.ypy;
    out->q_model = total - sums.ypy;
    out->r2 = out->q_model / total;
    if (method == LB_TAU2_ML || method == LB_TAU2_REML) out->v_se = sqrt(2 / sums.trace_ww);
    out->b = pool.beta;
    out->se = pool.se;
    out->beta = lb_arena_array(arena, p, sizeof *out->beta);
    for (size_t j = 1; j < p; j++) {
        double centre, spread;
        weighted_moments(model->w, x + model->kept[j] * k, k, &centre, &spread);
        out->beta[j] = pool.beta[j] * sqrt(spread / total);
    }
    return 0;
}

static void report(const lb_wilson *fit, const lb_pool_model *model, const lb_design *design, lb_tau2_method method,
                   lb_value *results)
{
    double k = (double)model->k, p = (double)model->p;
    lb_set_text(results, "convention", "wilson2005");
    lb_set_text(results, "method", method == LB_TAU2_DL ? "MM" : lb_tau2_method_name(method));
    lb_set_int(results, "k", (int64_t)model->k);
    lb_set_number(results, "mean_es", fit->mean);
    lb_set_number(results, "R2", 100 * fit->r2);
    lb_set_number(results, "Q_model", fit->q_model);
    lb_set_number(results, "Q_model_df", p - 1);
    lb_set_number(results, "Q_model_p", p > 1 ? lb_chisq_p(fit->q_model, p - 1, LB_UPPER) : NAN);
    lb_set_number(results, "Q_residual", fit->q_residual);
    lb_set_number(results, "Q_residual_df", k - p);
    lb_set_number(results, "Q_residual_p", lb_chisq_p(fit->q_residual, k - p, LB_UPPER));
    lb_set_number(results, "Q_total", fit->q_model + fit->q_residual);
    lb_set_number(results, "Q_total_df", k - 1);
    lb_set_number(results, "Q_total_p", lb_chisq_p(fit->q_model + fit->q_residual, k - 1, LB_UPPER));
    lb_set_number(results, "tau2", fit->v);
    lb_set_number(results, "tau2_se", fit->v_se);
    lb_value *rows = lb_set_array(results, "coefficients");
    for (size_t j = 0; j < model->p; j++) {
        lb_value *row = lb_push_object(rows);
        double z = fit->b[j] / fit->se[j];
        lb_set_text(row, "term", design->name[model->kept[j]]);
        lb_set_number(row, "estimate", fit->b[j]);
        lb_set_number(row, "se", fit->se[j]);
        lb_set_null(row, "df");
        lb_set_number(row, "statistic", z);
        lb_set_number(row, "p", lb_two_sided_p(z, INFINITY));
        lb_set_number(row, "lower", fit->b[j] - 1.96 * fit->se[j]);
        lb_set_number(row, "upper", fit->b[j] + 1.96 * fit->se[j]);
        lb_set_number(row, "beta", fit->beta[j]);
    }
}

int lb_wilson_report(lb_call *call, const lb_effects *effects, lb_result *result, lb_error *err)
{
    lb_moderators moderators;
    lb_tau2_method method;
    lb_pool_model model;
    lb_wilson fit;
    if (!lb_call_given(call, "mods")) {
        int code = lb_fail(err, LB_USAGE, "--compat wilson2005 is a meta-regression and needs moderators");
        lb_error_hint(err, "say --mods \"~ weeks\"");
        return code;
    }
    const char *name = lb_call_text(call, "method");
    if (!lb_tau2_method_named(name, &method)) return lb_fail(err, LB_USAGE, "'%s' is no estimator", name);
    int code = lb_moderators_read(call, effects, &moderators, err);
    if (code) return code;
    const lb_design *design = moderators.design;
    if (!design->intercept) return lb_fail(err, LB_USAGE, "Wilson's macro always has a constant");
    code = lb_pool_model_init(&model, moderators.y, moderators.v, design->x, design->n, design->p, lb_call_arena(call),
                              err);
    if (!code) code = lb_wilson_fit(&model, design->x, method, lb_call_arena(call), &fit, err);
    if (code) return code;
    report(&fit, &model, design, method, result->results);
    lb_result_note(result, "As Wilson's MetaReg macro of 2005.05.23: R2 = Q_model/(Q_model + Q_residual) at the final "
                           "weights, intervals with 1.96, beta standardised by weighted standard deviations.");
    if (method == LB_TAU2_REML)
        lb_result_warn(result, "the macro's \"REML\" is tau2 of ML times n/(n - p), not restricted maximum likelihood");
    if (model.p < design->p) lb_result_warn(result, "moderators that others give were left out");
    if (!fit.converged) lb_result_status(result, "not_converged");
    return 0;
}
