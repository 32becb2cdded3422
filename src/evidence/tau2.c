/* Estimators of the heterogeneity variance τ²: DerSimonian–Laird 1986, Hedges–Olkin 1985, Hunter–Schmidt 1990 (and with
 * the small-sample factor k/(k − p)), Sidik–Jonkman 2005, ML and REML (Raudenbush 2009), empirical Bayes (Morris 1983),
 * Paule–Mandel 1982 and its median-unbiased form, DerSimonian–Laird and Sidik–Jonkman iterated; moderators as in Raudenbush 2009 and Viechtbauer 2015. */
#include "evidence/pool.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <strings.h>

enum { MOST_ITERATIONS = 500 };

static const struct {
    const char *name;
    lb_tau2_method method;
} methods[] = {
    {"FE", LB_TAU2_FE}, {"EE", LB_TAU2_FE},   {"CE", LB_TAU2_FE},   {"DL", LB_TAU2_DL}, {"HE", LB_TAU2_HE},
    {"HS", LB_TAU2_HS}, {"HSk", LB_TAU2_HSK}, {"SJ", LB_TAU2_SJ},   {"ML", LB_TAU2_ML}, {"REML", LB_TAU2_REML},
    {"EB", LB_TAU2_EB}, {"PM", LB_TAU2_PM},   {"PMM", LB_TAU2_PMM},
    {"DLIT", LB_TAU2_DLIT}, {"SJIT", LB_TAU2_SJIT},
};

bool lb_tau2_method_named(const char *name, lb_tau2_method *out)
{
    for (size_t i = 0; i < LB_COUNT(methods); i++) {
        if (strcasecmp(methods[i].name, name ? name : "") == 0) {
            *out = methods[i].method;
            return true;
        }
    }
    return false;
}

const char *lb_tau2_method_name(lb_tau2_method method)
{
    for (size_t i = 0; i < LB_COUNT(methods); i++) {
        if (methods[i].method == method) return methods[i].name;
    }
    return "?";
}

/* Variance of a quadratic form at τ²: 2(k − p) + 4τ² tr P + 2τ⁴ tr PP, for P at weights 1/vᵢ. */
static double moment_variance(const lb_pool_model *m, const lb_pool_sums *s, double tau2)
{
    return 2 * (double)(m->k - m->p) + 4 * tau2 * s->trace_p + 2 * tau2 * tau2 * s->trace_pp;
}

static void dersimonian_laird(lb_pool_model *m, lb_tau2 *out)
{
    lb_pool_sums s;
    lb_pool_at(m, 0, &s);
    out->tau2 = fmax(0, (s.ypy - (double)(m->k - m->p)) / s.trace_p);
    out->se = sqrt(moment_variance(m, &s, out->tau2)) / s.trace_p;
}

static void hunter_schmidt(lb_pool_model *m, bool corrected, lb_tau2 *out)
{
    lb_pool_sums s;
    lb_pool_at(m, 0, &s);
    double factor = corrected ? (double)m->k / (double)(m->k - m->p) : 1;
    out->tau2 = fmax(0, (factor * s.ypy - (double)m->k) / s.trace_w);
    out->se = factor * sqrt(moment_variance(m, &s, out->tau2)) / s.trace_w;
}

/* Unweighted: P = I − QQᵀ. tr(PVPV) = Σv²(1 − 2h) + tr(QᵀVQ QᵀVQ). */
static void hedges(lb_pool_model *m, lb_tau2 *out)
{
    size_t k = m->k, p = m->p;
    double rss = 0, trace_pv = 0, trace_pvpv = 0;
    m->last_known = false; /* the residuals are overwritten */
    for (size_t i = 0; i < k; i++) {
        m->residual[i] = m->y[i];
        trace_pv += m->v[i];
        trace_pvpv += m->v[i] * m->v[i];
    }
    for (size_t a = 0; a < p; a++) {
        const double *q = m->q + a * k;
        double along = lb_pool_dot(q, m->y, k);
        for (size_t i = 0; i < k; i++) {
            m->wz[i] = m->v[i] * q[i];
            m->residual[i] -= along * q[i];
        }
        double vh = lb_pool_dot(m->wz, q, k);
        trace_pv -= vh;
        trace_pvpv += vh * vh - 2 * lb_pool_dot(m->wz, m->wz, k);
        for (size_t b = 0; b < a; b++) {
            double across = lb_pool_dot(m->wz, m->q + b * k, k);
            trace_pvpv += 2 * across * across;
        }
    }
    rss = lb_pool_dot(m->residual, m->residual, k);
    double df = (double)(k - p), tau2 = fmax(0, (rss - trace_pv) / df);
    out->tau2 = tau2;
    out->se = sqrt(2 * trace_pvpv + 4 * tau2 * trace_pv + 2 * tau2 * tau2 * df) / df;
}

/* With Σ = V + τ₀²I: PΣP = P, so tr(PVPV) = (k − p) − 2τ₀² tr P + τ₀⁴ tr PP and tr(PVP) = tr P − τ₀² tr PP. */
static void sidik_jonkman(lb_pool_model *m, lb_tau2 *out)
{
    size_t k = m->k;
    double mean = 0, square = 0;
    for (size_t i = 0; i < k; i++) mean += m->y[i] / (double)k;
    for (size_t i = 0; i < k; i++) square += (m->y[i] - mean) * (m->y[i] - mean);
    double start = square / (double)k, df = (double)(k - m->p);
    if (!(start > 0)) { /* all outcomes equal */
        out->tau2 = out->se = 0;
        return;
    }
    lb_pool_sums s;
    lb_pool_at(m, start, &s);
    double tau2 = start * s.ypy / df;
    double pvpv = df - 2 * start * s.trace_p + start * start * s.trace_pp, pvp = s.trace_p - start * s.trace_pp;
    out->tau2 = tau2;
    out->se = start / df * sqrt(2 * pvpv + 4 * tau2 * pvp + 2 * tau2 * tau2 * s.trace_pp);
}

/* yᵀPy is a sum of cᵢ/(λᵢ + τ²): convex and falling, so Newton from the left never passes the root. */
double lb_tau2_where_q(lb_pool_model *model, double target, int *iterations)
{
    lb_pool_sums s;
    double tau2 = 0;
    int round = 0;
    for (; round < MOST_ITERATIONS; round++) {
        lb_pool_at(model, tau2, &s);
        double step = (s.ypy - target) / s.yppy;
        if (!(step > 1e-16 * tau2)) break; /* also when it is below the target at 0 */
        tau2 += step;
        if (step <= 4e-16 * tau2) break;
    }
    if (iterations) *iterations = round + 1;
    return tau2;
}

/* Score and information of the (restricted) likelihood in τ². */
static void likelihood_slope(const lb_pool_sums *s, bool restricted, double *score, double *observed, double *expected)
{
    double first = restricted ? s->trace_p : s->trace_w, second = restricted ? s->trace_pp : s->trace_ww;
    *score = .5 * (s->yppy - first);
    *expected = .5 * second;
    *observed = s->ypppy - .5 * second;
}

/* Newton with the observed information where the likelihood is concave, Fisher scoring elsewhere, kept between the
 * nearest points where the score is known to point right and left. Starts at Hedges' estimate, as metafor does, so that
 * it ends in the same maximum. It has converged when the step is what rounding makes of it: a few ulps of the studies'
 * total variance, more of them the more studies are summed. */
void lb_tau2_climb(lb_tau2_sums sums, void *context, double k, bool restricted, double close, lb_tau2 *out)
{
    lb_pool_sums s;
    double score, observed, expected, low = 0, high = INFINITY;
    out->converged = false;
    for (out->iterations = 0; out->iterations < MOST_ITERATIONS && !out->converged; out->iterations++) {
        if (!sums(context, out->tau2, &s)) return;
        likelihood_slope(&s, restricted, &score, &observed, &expected);
        double curvature = observed > 0 ? fmax(observed, .02 * expected) : expected;
        double step = score / curvature, rounding = 4e-15 * sqrt(k) * k / s.trace_w;
        if (!isfinite(step)) return;
        if (score > 0)
            low = out->tau2;
        else
            high = out->tau2;
        double next = out->tau2 + step;
        if (next <= low && step < 0) next = low + (out->tau2 - low) / 2;
        if (next >= high && step > 0) next = high - (high - out->tau2) / 2;
        bool last = next == out->tau2 + step && fabs(step) * s.trace_w <= close * k;
        out->converged = last || fabs(step) <= rounding || next <= rounding || out->tau2 == next;
        if (next <= rounding)
            out->tau2 = 0;
        else if (!out->converged || last)
            out->tau2 = next; /* a search that rounding stops stays where its sums were taken */
    }
}

static bool sums_of_model(void *context, double tau2, lb_pool_sums *out)
{
    lb_pool_at(context, tau2, out);
    return true;
}

static void likelihood(lb_pool_model *m, bool restricted, lb_tau2 *out)
{
    lb_pool_sums s;
    const lb_pool_sums *zero = lb_pool_at_zero(m); /* before the search, so that the workspace stays where that ends */
    hedges(m, out);
    lb_tau2_climb(sums_of_model, m, (double)m->k, restricted, 0, out);
    lb_pool_at(m, out->tau2, &s);
    if (out->tau2 > 0) {
        if (lb_pool_loglik(m, zero, restricted) - lb_pool_loglik(m, &s, restricted) > 1e-8) {
            out->at_zero_better = out->tau2 > 1e-8 * (double)m->k / zero->trace_w;
            out->tau2 = 0;
            s = *zero;
        }
    }
    out->se = sqrt(2 / (restricted ? s.trace_pp : s.trace_ww));
}

/* Paule–Mandel and empirical Bayes solve the same equation, yᵀPy = k − p, and so do the estimators that put their result
 * back in as weights until it stays: DerSimonian–Laird's step is τ² + (yᵀPy − (k − p)) / tr P, Sidik–Jonkman's
 * τ² yᵀPy / (k − p), and neither moves but for that equation or at 0. */
static void generalised_q(lb_pool_model *m, lb_tau2_method method, lb_tau2 *out)
{
    double df = (double)(m->k - m->p);
    double target = method == LB_TAU2_PMM ? lb_chisq_q(.5, df, LB_LOWER) : df;
    out->tau2 = lb_tau2_where_q(m, target, &out->iterations);
    out->converged = out->iterations <= MOST_ITERATIONS;
    lb_pool_sums s;
    lb_pool_at(m, out->tau2, &s);
    out->se = sqrt(2 * (double)m->k * (double)m->k / df) / s.trace_w;
}

void lb_tau2_estimate(lb_pool_model *model, lb_tau2_method method, lb_tau2 *out)
{
    *out = (lb_tau2){.tau2 = 0, .se = NAN, .converged = true};
    if (model->k <= model->p) return; /* nothing left to estimate it from */
    switch (method) {
    case LB_TAU2_FE:
        break;
    case LB_TAU2_DL:
        dersimonian_laird(model, out);
        break;
    case LB_TAU2_HE:
        hedges(model, out);
        break;
    case LB_TAU2_HS:
        hunter_schmidt(model, false, out);
        break;
    case LB_TAU2_HSK:
        hunter_schmidt(model, true, out);
        break;
    case LB_TAU2_SJ:
        sidik_jonkman(model, out);
        break;
    case LB_TAU2_ML:
        likelihood(model, false, out);
        break;
    case LB_TAU2_REML:
        likelihood(model, true, out);
        break;
    case LB_TAU2_EB:
    case LB_TAU2_PM:
    case LB_TAU2_PMM:
    case LB_TAU2_DLIT:
    case LB_TAU2_SJIT:
        generalised_q(model, method, out);
        break;
    }
}
