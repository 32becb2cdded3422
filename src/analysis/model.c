/* Least squares, logistic and Cox regression behind one face: coefficients, their covariance, likelihood, degrees of freedom. */
#include "analysis/model.h"

#include <math.h>
#include <string.h>

static int usage(lb_error *err, const char *option, const char *message, const char *hint)
{
    lb_fail(err, LB_USAGE, "%s", message);
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return LB_USAGE;
}

int lb_model_options_read(lb_call *call, lb_model_options *out, lb_error *err)
{
    *out = (lb_model_options){.family = lb_call_chosen(call, "family", "binomial") ? LB_BINOMIAL
                                        : lb_call_chosen(call, "family", "cox")    ? LB_COX
                                                                                   : LB_GAUSSIAN,
                              .treatment = lb_call_text(call, "treatment"), .reference = lb_call_text(call, "reference")};
    out->cox.time = lb_call_text(call, "time");
    out->cox.event = lb_call_text(call, "event");
    out->cox.strata_count = lb_call_texts(call, "strata", &out->cox.strata);
    out->cox.ties = lb_call_chosen(call, "ties", "breslow") ? LB_BRESLOW : lb_call_chosen(call, "ties", "exact") ? LB_EXACT : LB_EFRON;
    if (out->reference && !out->treatment) return usage(err, "reference", "a reference level needs --treatment", "say of which column");
    if (out->family == LB_COX && (!out->cox.time || !out->cox.event)) {
        return usage(err, "family", "a Cox model needs --time and --event", "name the columns with the time and the event");
    }
    if (out->family != LB_COX && (out->cox.time || out->cox.event || out->cox.strata_count)) {
        return usage(err, "time", "--time, --event and --strata are for Cox models", "add --family cox, or leave them out");
    }
    if (out->cox.strata_count > 60) return usage(err, "strata", "there are more than 60 strata columns", "combine them into one column");
    return LB_OK;
}

static int build(const lb_table *table, const char *text, const lb_model_options *o, lb_arena *arena, lb_model *out, lb_error *err)
{
    const char *also[64];
    size_t count = 0;
    if (o->family == LB_COX) {
        also[count++] = o->cox.time;
        also[count++] = o->cox.event;
        for (size_t i = 0; i < o->cox.strata_count; i++) also[count++] = o->cox.strata[i];
    }
    lb_design_options options = {.factor_columns = &o->treatment, .factor_count = o->treatment ? 1 : 0,
                                 .reference_column = o->reference ? o->treatment : NULL, .reference_level = o->reference,
                                 .also_complete = also, .also_count = count};
    lb_formula *formula;
    int rc = lb_formula_parse(text, arena, &formula, err);
    if (!rc) rc = lb_design_build(formula, table, &options, arena, &out->design, err);
    if (rc) return rc;
    if (out->design->bars) return usage(err, "formula", "the formula has random effects", "use analyse mixed");
    if (o->family == LB_COX && out->design->y) return usage(err, "formula", "the formula of a Cox model has no left side", "write ~ terms");
    if (o->family != LB_COX && !out->design->y) return usage(err, "formula", "the formula has no outcome", "write outcome ~ terms");
    return LB_OK;
}

static int fit_gaussian(const lb_table *table, lb_arena *arena, lb_model *m, lb_error *err)
{
    lb_lsq fit;
    size_t p = m->design->p;
    int rc = lb_lsq_fit(m->design->x, m->design->y, NULL, m->n, p, 0, arena, &fit, err);
    if (!rc) rc = lb_design_enough(m->design, fit.rank, table->name, err);
    if (rc) return rc;
    m->coefficient = fit.coefficient;
    m->aliased = fit.aliased;
    m->rank = fit.rank;
    m->rss = fit.rss;
    m->loglik = fit.loglik;
    m->df = fit.df_residual;
    for (size_t i = 0; i < p * p; i++) m->vcov[i] = fit.unscaled[i] * fit.sigma * fit.sigma;
    if (fit.rank < p) m->status = "singular";
    if (!(fit.df_residual > 0)) m->status = "saturated";
    return LB_OK;
}

static int fit_binomial(const lb_table *table, lb_arena *arena, lb_model *m, lb_error *err)
{
    const lb_design *d = m->design;
    for (size_t i = 0; i < m->n; i++) {
        if (d->y[i] == 0 || d->y[i] == 1) continue;
        lb_fail(err, LB_BAD_DATA, "the outcome %s is %g in row %zu", d->response, d->y[i], d->row[i] + 2);
        lb_error_where(err, "formula");
        lb_error_hint(err, "a binomial outcome is 0 or 1");
        return LB_BAD_DATA;
    }
    lb_logistic fit;
    int rc = lb_design_enough(d, 0, table->name, err); /* a constant outcome has no fit to take the rank from */
    if (!rc) rc = lb_logistic_fit(d->x, d->y, NULL, m->n, d->p, arena, &fit, err);
    if (!rc) rc = lb_design_enough(d, fit.rank, table->name, err);
    if (rc) return rc;
    m->coefficient = fit.coefficient;
    m->aliased = fit.aliased;
    m->rank = fit.rank;
    m->loglik = fit.loglik;
    for (size_t i = 0; i < m->n; i++) m->events += d->y[i] == 1;
    for (size_t i = 0; i < d->p * d->p; i++) m->vcov[i] = isfinite(fit.vcov[i]) ? fit.vcov[i] : 0;
    if (fit.rank < d->p) m->status = "singular";
    if (!fit.converged) m->status = "not_converged";
    if (fit.separated) m->status = "separated";
    m->infinite = fit.diverging;
    return LB_OK;
}

static int fit_cox(const lb_table *table, const lb_model_options *o, lb_arena *arena, lb_model *m, lb_result *result, lb_error *err)
{
    lb_cox_model model;
    lb_cox_fit fit;
    int rc = lb_cox_load(table, m->design, &o->cox, &model, result, err);
    if (!rc) rc = lb_cox_fit_model(&model.data, model.ties, arena, &fit, err);
    if (rc) return rc;
    size_t p = m->design->p, q = model.data.p, skip = p - q;
    m->coefficient = lb_arena_array(arena, p + 1, sizeof *m->coefficient);
    m->aliased = lb_arena_array(arena, p + 1, sizeof *m->aliased);
    m->events = model.data.events;
    m->loglik = fit.loglik;
    if (!fit.converged) m->status = "not_converged";
    for (size_t i = 0; i < q; i++) {
        m->coefficient[skip + i] = fit.beta[i];
        m->aliased[skip + i] = model.data.aliased[i];
        m->rank += !model.data.aliased[i];
        if (model.data.aliased[i]) m->status = "singular";
        for (size_t j = 0; j < q; j++) {
            bool none = model.data.aliased[i] || model.data.aliased[j];
            m->vcov[(skip + i) + (skip + j) * p] = none ? 0 : fit.vcov[i * q + j];
        }
    }
    m->infinite = lb_arena_array(arena, p + 1, sizeof *m->infinite);
    for (size_t i = 0; i < q; i++) {
        m->infinite[skip + i] = fit.infinite[i];
        if (fit.infinite[i]) m->status = "monotone_likelihood";
    }
    return LB_OK;
}

int lb_model_fit(const lb_table *table, const char *formula, const lb_model_options *options, lb_arena *arena, lb_model *out,
                 lb_result *result, lb_error *err)
{
    *out = (lb_model){.family = options->family, .df = INFINITY, .status = "ok"};
    int rc = build(table, formula, options, arena, out, err);
    if (rc) return rc;
    size_t p = out->design->p;
    out->n = out->design->n;
    out->vcov = lb_arena_try(arena, p * p + 1, sizeof *out->vcov);
    if (!out->vcov) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu coefficients", p);
    if (options->family == LB_GAUSSIAN) return fit_gaussian(table, arena, out, err);
    if (options->family == LB_BINOMIAL) return fit_binomial(table, arena, out, err);
    return fit_cox(table, options, arena, out, result, err);
}

const char *lb_model_status_words(const char *status)
{
    static const char *const word[][2] = {
        {"singular", "a column is a combination of others; what depends on it is left empty. Leave it out of the formula"},
        {"saturated", "as many coefficients as rows: nothing is left for the error. Leave terms out of the formula"},
        {"separated", "the covariates tell the outcome exactly: coefficients run off to infinity and have no standard error. Merge rare levels, leave the "
                      "covariate out, or fit with --firth (predict logistic)"},
        {"monotone_likelihood", "a covariate splits those with an event from those without: its coefficient runs off to infinity and has no standard error. "
                                "Merge rare levels, or leave it out"},
        {"not_converged", "the iteration did not settle: do not use these numbers. See whether covariates repeat each other or have extreme values"}};
    for (size_t i = 0; i < LB_COUNT(word); i++)
        if (!strcmp(status, word[i][0])) return word[i][1];
    return status;
}

const char *lb_model_reason(const lb_model *model, size_t j)
{
    if (model->aliased[j]) return "aliased: a combination of other columns";
    return model->infinite && model->infinite[j] ? "runs off to infinity: no finite estimate" : NULL;
}

int lb_model_linear(const lb_model *model, double level, lb_arena *arena, lb_linear *out, lb_error *err)
{
    const lb_design *d = model->design;
    *out = (lb_linear){.design = d, .p = d->p, .coefficient = model->coefficient, .aliased = model->aliased, .vcov = model->vcov,
                       .infinite = model->infinite, .df = model->df, .level = level};
    lb_lsq shape; /* the null space is the design's, whatever the family */
    double *nothing = lb_arena_array(arena, d->n + 1, sizeof *nothing);
    int rc = lb_lsq_fit(d->x, nothing, NULL, d->n, d->p, 0, arena, &shape, err);
    return rc ? rc : lb_linear_null(out, &shape, arena, err);
}

void lb_family_ratio(lb_family family, lb_value *row)
{
    if (family == LB_GAUSSIAN) return;
    bool odds = family == LB_BINOMIAL;
    lb_set_number(row, odds ? "odds_ratio" : "hazard_ratio", exp(lb_get_number(row, "estimate", NAN)));
    lb_set_number(row, odds ? "or_lower" : "hr_lower", exp(lb_get_number(row, "lower", NAN)));
    lb_set_number(row, odds ? "or_upper" : "hr_upper", exp(lb_get_number(row, "upper", NAN)));
}
