/* From a fitted model to the keys of the contract. */
#include "evidence/report.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

int lb_pool_settings_read(const lb_call *call, lb_pool_settings *out, lb_error *err)
{
    *out = (lb_pool_settings){.fit = LB_POOL_OPTIONS_INIT};
    const char *method = lb_call_text(call, "method");
    if (!lb_tau2_method_named(method, &out->fit.method)) return lb_fail(err, LB_USAGE, "'%s' is no estimator", method);
    static const char *const tests[] = {"z", "t", "knha", "adhoc"}, *const predictions[] = {"metafor", "riley", "t",
                                                                                            "k-1"};
    out->test_name = lb_call_text(call, "test");
    out->prediction_name = lb_call_text(call, "predict");
    for (size_t i = 0; i < 4; i++) {
        if (lb_text_equal(tests[i], out->test_name)) out->fit.test = (lb_pool_test)i;
        if (lb_text_equal(predictions[i], out->prediction_name)) out->prediction = (lb_prediction)i;
    }
    out->fit.level = lb_call_number(call, "level");
    out->fit.fixed_tau2 = lb_call_number(call, "tau2-value");
    if (!isnan(out->fit.fixed_tau2) && out->fit.method == LB_TAU2_FE) {
        return lb_fail(err, LB_USAGE, "--tau2-value has no place in a model without heterogeneity (--method %s)",
                       method);
    }
    return 0;
}

int lb_summary_fit(const double *y, const double *v, size_t k, const lb_pool_settings *settings, lb_arena *arena,
                   lb_summary *out, lb_error *err)
{
    lb_pool_model model;
    *out = (lb_summary){.single = k == 1, .tau2 = {NAN, NAN, false}, .prediction = {NAN, NAN, false}};
    int code = lb_pool_model_init(&model, y, v, NULL, k, 1, arena, err);
    if (!code) code = lb_pool_fit(&model, &settings->fit, arena, &out->pool, err);
    if (code) return code;
    if (settings->fit.method != LB_TAU2_FE && isnan(settings->fit.fixed_tau2)) {
        lb_tau2_interval(&model, settings->fit.level, &out->tau2);
    }
    lb_pool_predict(&out->pool, settings->fit.method, settings->prediction, settings->fit.level, &out->prediction);
    return 0;
}

static void report_information(lb_value *out, const char *key, const lb_information *information)
{
    lb_value *row = lb_set_object(out, key);
    lb_set_number(row, "loglik", information->loglik);
    lb_set_number(row, "deviance", information->deviance);
    lb_set_number(row, "aic", information->aic);
    lb_set_number(row, "bic", information->bic);
    lb_set_number(row, "aicc", information->aicc);
}

void lb_pool_report(const lb_pool *pool, const lb_interval *tau2, const lb_pool_settings *settings, lb_value *out)
{
    bool random = settings->fit.method != LB_TAU2_FE, enough = pool->k > pool->p;
    double vt = pool->typical_variance;
    lb_set_number(out, "tau2", random && !enough && isnan(settings->fit.fixed_tau2) ? NAN : pool->tau2.tau2);
    lb_set_number(out, "tau2_se", pool->tau2.se);
    lb_set_number(out, "tau2_lower", tau2->lower);
    lb_set_number(out, "tau2_upper", tau2->upper);
    lb_set_number(out, "tau", random && !enough ? NAN : sqrt(pool->tau2.tau2));
    lb_set_number(out, "tau_lower", sqrt(tau2->lower));
    lb_set_number(out, "tau_upper", sqrt(tau2->upper));
    lb_set_number(out, "I2", pool->i2);
    lb_set_number(out, "I2_lower", 100 * tau2->lower / (vt + tau2->lower));
    lb_set_number(out, "I2_upper", 100 * tau2->upper / (vt + tau2->upper));
    lb_set_number(out, "H2", pool->h2);
    lb_set_number(out, "H2_lower", 1 + tau2->lower / vt);
    lb_set_number(out, "H2_upper", 1 + tau2->upper / vt);
    /* From Q alone (Higgins & Thompson 2002), as RevMan prints it; above it is from tau², as metafor does. */
    lb_set_number(out, "I2_Q",
                  pool->q > 0 && enough ? 100 * fmax(0, (pool->q - pool->q_df) / pool->q)
                  : enough              ? 0
                                        : NAN);
    lb_set_number(out, "Q", pool->q);
    lb_set_number(out, "Q_df", pool->q_df);
    lb_set_number(out, "Q_p", pool->q_p);
    lb_set_number(out, "loglik", settings->fit.method == LB_TAU2_REML ? pool->reml.loglik : pool->ml.loglik);
}

void lb_model_report(const lb_pool *pool, lb_value *out)
{
    lb_set_number(out, "QM", pool->qm);
    lb_set_number(out, "QM_df", pool->qm_df);
    lb_set_number(out, "QM_df2", pool->qm_df2);
    lb_set_number(out, "QM_p", pool->qm_p);
    lb_set_number(out, "R2", pool->r2);
    report_information(out, "fit_ml", &pool->ml);
    report_information(out, "fit_reml", &pool->reml);
}

void lb_summary_report(const lb_summary *summary, const lb_pool_settings *settings, lb_value *out)
{
    const lb_pool *pool = &summary->pool;
    lb_set_int(out, "k", (int64_t)pool->k);
    lb_set_number(out, "estimate", pool->beta[0]);
    lb_set_number(out, "se", pool->se[0]);
    lb_set_number(out, "df", pool->df);
    lb_set_number(out, "statistic", pool->statistic[0]);
    lb_set_number(out, "p", pool->p_value[0]);
    lb_set_number(out, "lower", pool->lower[0]);
    lb_set_number(out, "upper", pool->upper[0]);
    lb_set_number(out, "pi_lower", summary->prediction.lower);
    lb_set_number(out, "pi_upper", summary->prediction.upper);
    lb_pool_report(pool, &summary->tau2, settings, out);
}

static const char *estimator_words(lb_tau2_method method)
{
    switch (method) {
    case LB_TAU2_FE:
        return "equal effects (inverse variance)";
    case LB_TAU2_DL:
        return "DerSimonian-Laird";
    case LB_TAU2_HE:
        return "Hedges-Olkin";
    case LB_TAU2_HS:
        return "Hunter-Schmidt";
    case LB_TAU2_HSK:
        return "Hunter-Schmidt with small-sample correction";
    case LB_TAU2_SJ:
        return "Sidik-Jonkman";
    case LB_TAU2_ML:
        return "maximum likelihood";
    case LB_TAU2_REML:
        return "restricted maximum likelihood";
    case LB_TAU2_EB:
        return "empirical Bayes";
    case LB_TAU2_PM:
        return "Paule-Mandel";
    case LB_TAU2_PMM:
        return "median-unbiased Paule-Mandel";
    case LB_TAU2_DLIT:
        return "DerSimonian-Laird, iterated";
    case LB_TAU2_SJIT:
        return "Sidik-Jonkman, iterated";
    }
    return "";
}

void lb_pool_note(const lb_pool *pool, const lb_pool_settings *settings, const char *model, lb_result *result)
{
    static const char *const tests[] = {"Wald z", "t", "Knapp-Hartung t", "Knapp-Hartung t, never narrower than z"};
    const char *estimator = estimator_words(settings->fit.method);
    bool random = settings->fit.method != LB_TAU2_FE;
    char df[64] = "";
    if (isfinite(pool->df)) snprintf(df, sizeof df, " with %.0f degrees of freedom", pool->df);
    lb_result_note(result, "%s of %zu studies; %s%s%s; tests and intervals: %s%s.", model, pool->k,
                   random ? "tau2 by " : "", estimator,
                   !isnan(settings->fit.fixed_tau2) ? ", but fixed by the caller" : "", tests[settings->fit.test], df);
    if (random)
        lb_result_note(result,
                       "Interval of tau2: Q-profile. I2 and H2 from tau2; I2_Q from Q. Prediction interval: %s.",
                       settings->prediction_name);
    if (!pool->tau2.converged) {
        lb_result_status(result, "not_converged");
        lb_result_warn(result, "tau2 did not converge in %d iterations", pool->tau2.iterations);
    }
    if (pool->tau2.at_zero_better) {
        lb_result_warn(result,
                       "the likelihood has a local maximum away from 0, but is higher at tau2 = 0, which was taken");
    }
    if (random && pool->k > pool->p && pool->tau2.tau2 == 0 && isnan(settings->fit.fixed_tau2)) {
        lb_result_note(result, "tau2 is estimated at its boundary, 0.");
    }
    if (pool->k == 1)
        lb_result_warn(result, "one study: there is nothing to pool, and no heterogeneity to estimate");
    else if (random && pool->k < 5)
        lb_result_warn(result, "%zu studies: tau2 is hardly known with so few", pool->k);
}

double lb_transform(const char *name, double value)
{
    if (strcmp(name, "exp") == 0) return exp(value);
    if (strcmp(name, "tanh") == 0) return tanh(value);
    if (strcmp(name, "logit") == 0) return 1 / (1 + exp(-value));
    if (strcmp(name, "arcsine") == 0) {
        double s = sin(fmin(fmax(value, 0), acos(-1.0) / 2));
        return s * s;
    }
    return value;
}

void lb_transformed_report(const lb_summary *s, const lb_measure *measure, lb_value *out)
{
    const char *transform = measure->transform;
    if (strcmp(transform, "none") == 0) return;
    lb_value *row = lb_set_object(out, "transformed");
    lb_set_text(row, "measure", measure->shown);
    lb_set_text(row, "transform", transform);
    lb_set_number(row, "estimate", lb_transform(transform, s->pool.beta[0]));
    lb_set_number(row, "lower", lb_transform(transform, s->pool.lower[0]));
    lb_set_number(row, "upper", lb_transform(transform, s->pool.upper[0]));
    if (!isfinite(s->prediction.lower)) return;
    lb_set_number(row, "pi_lower", lb_transform(transform, s->prediction.lower));
    lb_set_number(row, "pi_upper", lb_transform(transform, s->prediction.upper));
}
