/* The pooled model once τ² is known: coefficients, tests (Wald z or t; Knapp & Hartung 2003, doi:10.1002/sim.1482, and
 * its ad hoc form that never narrows), I² and H² (Higgins & Thompson 2002), Q, R² (Raudenbush 2009), information
 * criteria, Q-profile interval (Viechtbauer 2007, doi:10.1002/sim.2514), prediction interval (Higgins 2009; Riley
 * 2011). */
#include "evidence/pool.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

/* x := R⁻¹x for the upper triangle r. */
static void back_solve(const double *r, size_t p, double *x)
{
    for (size_t j = p; j-- > 0;) {
        x[j] /= r[j * p + j];
        for (size_t i = 0; i < j; i++) x[i] -= r[j * p + i] * x[j];
    }
}

/* Coefficients and their covariance from Q's basis to X's: β = R⁻¹g, V = s² R⁻¹ M R⁻ᵀ. */
static void to_columns(const lb_pool_model *m, lb_pool *out)
{
    size_t p = m->p;
    memcpy(out->beta, m->g, p * sizeof(double));
    back_solve(m->r, p, out->beta);
    for (size_t j = 0; j < p; j++) {
        memcpy(out->vcov + j * p, m->inverse + j * p, p * sizeof(double));
        back_solve(m->r, p, out->vcov + j * p); /* R⁻¹M, column by column */
    }
    for (size_t i = 0; i < p; i++) { /* then the same on its rows */
        double *row = m->u;
        for (size_t j = 0; j < p; j++) row[j] = out->vcov[j * p + i];
        back_solve(m->r, p, row);
        for (size_t j = 0; j < p; j++) out->vcov[j * p + i] = row[j] * out->scale;
    }
}

static void test_coefficients(lb_pool *out, double level)
{
    double tail = (1 - level) / 2;
    double critical = isfinite(out->df) ? lb_t_q(tail, out->df, LB_UPPER) : lb_norm_q(tail, LB_UPPER);
    for (size_t j = 0; j < out->p; j++) {
        double se = out->se[j];
        out->p_value[j] = lb_two_sided_p(out->statistic[j], out->df);
        out->lower[j] = out->beta[j] - critical * se;
        out->upper[j] = out->beta[j] + critical * se;
    }
}

/* Wald test of all coefficients but the intercept. It is the same number in Q's basis, where it is well conditioned:
 * the last p − 1 coefficients of both bases depend only on each other. */
static void test_moderators(const lb_pool_model *m, lb_pool *out)
{
    size_t p = m->p, skip = m->intercept ? 1 : 0, count = p - skip;
    out->qm = out->qm_df = out->qm_df2 = out->qm_p = NAN;
    if (count == 0) return;
    double *v = m->scratch, *g = m->u;
    for (size_t a = 0; a < count; a++) {
        g[a] = m->g[a + skip];
        for (size_t b = 0; b < count; b++) v[a * count + b] = m->inverse[(a + skip) * p + b + skip] * out->scale;
    }
    if (lb_chol(v, count) != 0) return;
    double *solved = m->scratch2;
    memcpy(solved, g, count * sizeof(double));
    lb_chol_solve(v, count, solved, 1);
    double qm = 0;
    for (size_t a = 0; a < count; a++) qm += g[a] * solved[a];
    out->qm_df = (double)count;
    out->qm = qm;
    if (isfinite(out->df)) {
        out->qm = qm / (double)count;
        out->qm_df2 = out->df;
        out->qm_p = lb_f_p(out->qm, out->qm_df, out->df, LB_UPPER);
    } else {
        out->qm_p = lb_chisq_p(qm, out->qm_df, LB_UPPER);
    }
}

/* Share of τ² that the moderators explain; for the fixed-effects model the adjusted R² of the weighted regression. */
static void explained(lb_pool_model *m, lb_tau2_method method, lb_pool *out, lb_arena *arena)
{
    out->r2 = NAN;
    if (!m->intercept || m->p < 2) return;
    lb_pool_model alone;
    lb_error ignored = LB_ERROR_INIT;
    if (lb_pool_model_init(&alone, m->y, m->v, NULL, m->k, 1, arena, &ignored) != 0) return;
    if (method == LB_TAU2_FE) {
        lb_pool_sums s;
        lb_pool_at(&alone, 0, &s);
        double left = out->q / out->q_df, all = s.ypy / (double)(m->k - 1);
        if (all > 0) out->r2 = 100 * fmax(0, 1 - left / all);
        return;
    }
    lb_tau2 without;
    lb_tau2_estimate(&alone, method, &without);
    /* Where there is nothing to explain it is 0, as metafor has it. */
    out->r2 = without.tau2 > 0 ? 100 * fmax(0, (without.tau2 - out->tau2.tau2) / without.tau2) : 0;
}

/* parameters: coefficients and, unless fixed, τ². n: k for ML, k − p for REML. */
static void information(double loglik, double deviance, double parameters, double n, lb_information *out)
{
    double enough = fmax(n, parameters + 2);
    out->loglik = loglik;
    out->deviance = deviance;
    out->aic = -2 * loglik + 2 * parameters;
    out->bic = -2 * loglik + parameters * log(n);
    out->aicc = -2 * loglik + 2 * parameters * enough / (enough - parameters - 1);
}

/* lb_pool_at_zero() was asked before the fit, so that the workspace stays where the fit left it. */
static void heterogeneity(const lb_pool_model *m, const lb_pool_sums *fixed, lb_tau2_method method, lb_pool *out)
{
    double df = (double)m->k - (double)m->p;
    out->q = fixed->ypy;
    out->q_df = df;
    out->q_p = df > 0 ? lb_chisq_p(out->q, df, LB_UPPER) : 1;
    out->typical_variance = df > 0 ? df / fixed->trace_p : NAN;
    out->i2 = out->h2 = NAN;
    if (!(df > 0)) return;
    if (method == LB_TAU2_FE) {
        out->i2 = out->q > 0 ? 100 * fmax(0, (out->q - df) / out->q) : 0;
        out->h2 = out->q / df;
    } else {
        out->i2 = 100 * out->tau2.tau2 / (out->typical_variance + out->tau2.tau2);
        out->h2 = out->tau2.tau2 / out->typical_variance + 1;
    }
}

void lb_pool_alloc(lb_pool *out, size_t k, size_t p, lb_arena *arena)
{
    *out = (lb_pool){.k = k, .p = p, .df = INFINITY, .scale = 1};
    double **vector[] = {&out->beta, &out->se, &out->statistic, &out->p_value, &out->lower, &out->upper};
    for (size_t i = 0; i < LB_COUNT(vector); i++) *vector[i] = lb_arena_array(arena, p, sizeof(double));
    out->vcov = lb_arena_array(arena, p * p, sizeof(double));
    out->weight = p == 1 ? lb_arena_array(arena, k, sizeof(double)) : NULL;
}

void lb_pool_solve(lb_pool_model *m, const lb_pool_options *options, lb_pool *out, lb_pool_sums *at_tau2)
{
    double df = (double)m->k - (double)m->p;
    out->k = m->k;
    out->df = INFINITY;
    out->scale = 1;
    if (!isnan(options->fixed_tau2))
        out->tau2 = (lb_tau2){.tau2 = options->fixed_tau2, .se = NAN, .converged = true};
    else
        lb_tau2_estimate(m, options->method, &out->tau2);
    lb_pool_at(m, out->tau2.tau2, at_tau2);
    lb_pool_covariance(m);
    if (options->test != LB_TEST_Z && df > 0) {
        out->df = df;
        if (options->test != LB_TEST_T) out->scale = at_tau2->ypy / df;
        if (options->test == LB_TEST_ADHOC) out->scale = fmax(1, out->scale);
    }
    to_columns(m, out);
    for (size_t j = 0; j < m->p; j++) {
        out->se[j] = sqrt(out->vcov[j * m->p + j]);
        out->statistic[j] = out->beta[j] / out->se[j];
    }
    test_moderators(m, out);
}

int lb_pool_fit(lb_pool_model *m, const lb_pool_options *options, lb_arena *arena, lb_pool *out, lb_error *err)
{
    size_t k = m->k, p = m->p;
    if (k < p || (k == p && p > 1)) {
        int code = lb_fail(err, LB_BAD_DATA, "%zu studies cannot carry %zu coefficients", k, p);
        lb_error_hint(err, "use fewer moderators: there must be more studies than coefficients");
        return code;
    }
    lb_pool_alloc(out, k, p, arena);
    bool fixed = !isnan(options->fixed_tau2);
    lb_pool_sums at_tau2;
    const lb_pool_sums *at_zero = lb_pool_at_zero(m);
    lb_pool_solve(m, options, out, &at_tau2);
    heterogeneity(m, at_zero, options->method, out);
    double df = (double)k - (double)p;
    test_coefficients(out, options->level);
    for (size_t i = 0; out->weight && i < k; i++) out->weight[i] = 100 * m->w[i] / at_tau2.trace_w;
    bool estimated = options->method != LB_TAU2_FE && !fixed;
    double parameters = (double)p + (estimated ? 1 : 0), ml = lb_pool_loglik(m, &at_tau2, false),
           reml = lb_pool_loglik(m, &at_tau2, true);
    /* The saturated model has the outcomes themselves as means. */
    double saturated = lb_pool_loglik(m, at_zero, false) + .5 * at_zero->ypy;
    information(ml, -2 * (ml - saturated), parameters, (double)k, &out->ml);
    information(reml, -2 * reml, parameters, df, &out->reml);
    explained(m, options->method, out, arena);
    return 0;
}

void lb_pool_fitted(const lb_pool *pool, const double *x, size_t k, const size_t *kept, size_t i, double *mean, double *variance)
{
    *mean = *variance = 0;
    for (size_t a = 0; a < pool->p; a++) {
        double xa = x ? x[kept[a] * k + i] : 1;
        *mean += xa * pool->beta[a];
        for (size_t b = 0; b < pool->p; b++) *variance += xa * (x ? x[kept[b] * k + i] : 1) * pool->vcov[b * pool->p + a];
    }
}

void lb_tau2_interval(lb_pool_model *model, double level, lb_interval *out)
{
    double df = (double)model->k - (double)model->p, tail = (1 - level) / 2;
    *out = (lb_interval){NAN, NAN, false};
    if (!(df > 0)) return;
    double high = lb_chisq_q(tail, df, LB_UPPER), low = lb_chisq_q(tail, df, LB_LOWER);
    lb_pool_sums s;
    lb_pool_at(model, 0, &s);
    out->empty = s.ypy < low;
    out->lower = lb_tau2_where_q(model, high, NULL);
    out->upper = lb_tau2_where_q(model, low, NULL);
}

void lb_pool_predict(const lb_pool *pool, lb_tau2_method method, lb_prediction kind, double level, lb_interval *out)
{
    *out = (lb_interval){NAN, NAN, false};
    if (pool->p != 1 || method == LB_TAU2_FE || pool->k < 2) return;
    double df = pool->df, k = (double)pool->k;
    if (kind == LB_PREDICT_RILEY) df = k - 2;
    if (kind == LB_PREDICT_T || kind == LB_PREDICT_K1) df = k - 1;
    if (!(df > 0)) return;
    double tail = (1 - level) / 2, critical = isfinite(df) ? lb_t_q(tail, df, LB_UPPER) : lb_norm_q(tail, LB_UPPER);
    double half = critical * sqrt(pool->vcov[0] + pool->tau2.tau2);
    out->lower = pool->beta[0] - half;
    out->upper = pool->beta[0] + half;
}
