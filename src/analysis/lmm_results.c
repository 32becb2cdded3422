/* What analyse mixed reports: coefficients, variances of the random effects, fit; statuses and notes. */
#include <math.h>
#include <string.h>

#include "analysis/rows.h"
#include "lmm_model.h"

static void variance_row(lb_value *rows, const char *group, const char *one, const char *two, double variance, double sd, double r)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "group", group);
    lb_set_text(row, "term1", one);
    lb_set_text(row, "term2", two);
    lb_set_number(row, "variance", variance);
    lb_set_number(row, "sd", sd);
    lb_set_number(row, "correlation", r);
}

static void variances(lb_lmm *a)
{
    lb_value *rows = lb_set_array(a->result->results, "variance"), *groups = lb_set_array(a->result->results, "groups");
    const double *phi = a->reml.phi;
    for (size_t b = 0; b < a->bars; b++) {
        const lb_bar *bar = &a->bar[b];
        bool seen = false;
        for (size_t o = 0; o < b; o++) seen = seen || !strcmp(a->bar[o].group, bar->group);
        for (size_t j = 0; j < bar->q; j++) {
            double v = phi[lb_lmm_index(bar, j, j)];
            variance_row(rows, bar->group, bar->name[j], NULL, v, sqrt(v), NAN);
        }
        for (size_t j = 0; j < bar->q; j++) {
            for (size_t i = j + 1; i < bar->q; i++) {
                double c = phi[lb_lmm_index(bar, i, j)], size = sqrt(phi[lb_lmm_index(bar, i, i)] * phi[lb_lmm_index(bar, j, j)]);
                variance_row(rows, bar->group, bar->name[j], bar->name[i], c, NAN, size > 0 ? c / size : NAN);
            }
        }
        if (seen) continue;
        lb_value *row = lb_push_object(groups);
        lb_set_text(row, "group", bar->group);
        lb_set_int(row, "levels", (int64_t)bar->levels);
    }
    double s2 = phi[a->residual];
    variance_row(rows, "Residual", NULL, NULL, s2, sqrt(s2), NAN);
}

static void fit_statistics(lb_lmm *a)
{
    lb_value *out = a->result->results;
    double deviance = a->reml.deviance, k = (double)(a->reml.map.k + a->basis.rank), worst = 0;
    for (size_t i = 0; i < a->reml.map.k; i++) worst = fmax(worst, fabs(a->reml.score[i]));
    lb_set_int(out, "n", (int64_t)a->design->n);
    lb_value *dropped = lb_set_array(out, "dropped");
    for (size_t i = 0; i < a->design->dropped_count; i++) {
        lb_value *row = lb_push_object(dropped);
        lb_set_text(row, "column", a->design->dropped[i].column);
        lb_set_int(row, "rows", (int64_t)a->design->dropped[i].rows);
    }
    lb_set_number(out, "residual_sd", sqrt(a->reml.phi[a->residual]));
    lb_set_number(out, "loglik", -deviance / 2);
    lb_set_number(out, "deviance", deviance);
    lb_set_number(out, "aic", deviance + 2 * k);
    lb_set_number(out, "bic", deviance + k * log((double)a->design->n));
    lb_set_bool(out, "singular", a->singular);
    lb_set_int(out, "iterations", a->reml.iterations);
    lb_set_number(out, "max_gradient", worst);
}

static void find_singular(lb_lmm *a)
{
    for (size_t b = 0; b < a->bars; b++) {
        const lb_bar *bar = &a->bar[b];
        for (size_t j = 0; j < bar->q; j++) {
            if (lb_lmm_relative(a, b, j, a->reml.theta) > 1e-4) continue;
            bool zero = j == 0 || a->reml.phi[lb_lmm_index(bar, j, j)] < 1e-8 * a->reml.phi[a->residual];
            if (zero) {
                lb_result_warn(a->result, "the variance of %s between the levels of %s is zero: the data show no more difference between "
                               "them than chance makes; the estimates are right, the term may be left out", bar->name[j], bar->group);
            } else {
                lb_result_warn(a->result, "the random effects of %s are perfectly correlated (%s follows from the others): the estimates "
                               "are right, (... || %s) or fewer effects would say the same", bar->group, bar->name[j], bar->group);
            }
        }
    }
}

static void findings(lb_lmm *a)
{
    for (size_t j = 0; j < a->design->p; j++) {
        if (!a->model.aliased[j]) continue;
        lb_result_status(a->result, "singular");
        lb_result_warn(a->result, "%s cannot be estimated: its column is a combination of the others (collinear, or an empty "
                       "combination of levels)", a->design->name[j]);
    }
    if (!a->reml.converged) {
        lb_result_status(a->result, "not_converged");
        lb_result_warn(a->result, "the likelihood was not maximised in %d steps: use fewer random effects", a->reml.iterations);
    } else if (a->singular) {
        lb_result_status(a->result, "singular");
    }
    if (a->singular) find_singular(a);
}

static void notes(lb_lmm *a)
{
    const lb_design *d = a->design;
    static const char *const df[] = {"Satterthwaite degrees of freedom (observed information), standard errors by the model",
                                     "Kenward-Roger degrees of freedom and standard errors (expected information)",
                                     "residual degrees of freedom, standard errors by the model"};
    lb_buf list = {.max = 400};
    for (size_t i = 0; i < d->dropped_count; i++) {
        lb_buf_printf(&list, "%s%s missing in %zu", i ? ", " : " (", d->dropped[i].column, d->dropped[i].rows);
    }
    lb_result_note(a->result, "Model: %s by %s; %zu of %zu rows%s%s.", a->formula, a->ml ? "maximum likelihood" : "restricted maximum "
                   "likelihood", d->n, a->table->rows, list.data ? list.data : "", list.data ? ")" : "");
    lb_buf_free(&list);
    lb_rows_coding(d, a->result);
    lb_result_note(a->result, "%s; intervals at %g %%. AIC and BIC count %zu coefficients and %zu variance parameters.",
                   df[a->df_method], 100 * a->model.level, a->basis.rank, a->reml.map.k);
}

void lb_lmm_results(lb_lmm *a)
{
    fit_statistics(a);
    lb_linear_coefficients(&a->model, a->design, a->arena, lb_set_array(a->result->results, "coefficients"));
    lb_mixed_vcov(&a->model, a->result->results);
    variances(a);
    findings(a);
    notes(a);
}
