/* What analyse mmrm reports: coefficients, covariance, fit, means and contrasts by visit; statuses and notes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/labels.h"
#include "analysis/plot.h"
#include "analysis/rows.h"
#include "mmrm_model.h"

static size_t at(const lb_mmrm *a, size_t i, size_t j) /* index of (i, j) in the lower triangle by columns */
{
    size_t row = i > j ? i : j, column = i > j ? j : i;
    return column * a->visits - column * (column + 1) / 2 + row;
}

static void covariance(lb_mmrm *a)
{
    lb_value *out = a->result->results, *names = lb_set_array(out, "visits"), *rows = lb_set_array(out, "covariance");
    lb_value *table = lb_set_array(out, "covariance_table");
    for (size_t i = 0; i < a->visits; i++) {
        lb_push_text(names, a->visit_name[i]);
        lb_value *row = lb_push_array(rows), *object = lb_push_object(table);
        lb_set_text(object, a->visit, a->visit_name[i]);
        lb_set_int(object, "n", (int64_t)a->attended[i]);
        lb_set_number(object, "sd", sqrt(a->reml.phi[at(a, i, i)]));
        for (size_t j = 0; j < a->visits; j++) {
            double c = a->reml.phi[at(a, i, j)];
            lb_push_number(row, c);
            lb_set_number(object, lb_arena_printf(a->arena, "r %s", a->visit_name[j]),
                          c / sqrt(a->reml.phi[at(a, i, i)] * a->reml.phi[at(a, j, j)]));
        }
    }
}

static void fit_statistics(lb_mmrm *a)
{
    lb_value *out = a->result->results;
    double deviance = a->reml.deviance, k = (double)a->reml.map.k, worst = 0;
    for (size_t i = 0; i < a->reml.map.k; i++) worst = fmax(worst, fabs(a->reml.score[i]));
    lb_set_int(out, "n", (int64_t)a->design->n);
    lb_set_int(out, "people", (int64_t)a->people);
    lb_set_int(out, "patterns", (int64_t)lb_patterns_count(&a->blocks));
    lb_value *dropped = lb_set_array(out, "dropped");
    for (size_t i = 0; i < a->design->dropped_count; i++) {
        lb_value *row = lb_push_object(dropped);
        lb_set_text(row, "column", a->design->dropped[i].column);
        lb_set_int(row, "rows", (int64_t)a->design->dropped[i].rows);
    }
    lb_set_number(out, "loglik", -deviance / 2);
    lb_set_number(out, "aic", deviance + 2 * k);
    lb_set_number(out, "bic", deviance + k * log((double)a->people));
    lb_set_int(out, "covariance_parameters", (int64_t)a->reml.map.k);
    lb_set_int(out, "iterations", a->reml.iterations);
    lb_set_number(out, "max_gradient", worst);
}

static int compare(lb_mmrm *a, lb_error *err)
{
    lb_weighting weighting = lb_call_chosen(a->call, "means", "equal")          ? LB_EQUAL
                             : lb_call_chosen(a->call, "means", "proportional") ? LB_PROPORTIONAL
                                                                                : LB_COUNTERFACTUAL;
    lb_value *means = lb_set_array(a->result->results, "means"), *contrasts = lb_set_array(a->result->results, "contrasts");
    bool by_visit = lb_design_raw(a->design, a->visit) != NULL;
    const char *first = a->treatment ? a->treatment : by_visit ? a->visit : NULL;
    if (!first) return LB_OK;
    lb_grid grid;
    int rc = lb_grid_build(a->design, first, &a->visit, a->treatment && by_visit, lb_call_text(a->call, "at"), weighting, a->arena,
                           &grid, err);
    if (rc) return rc;
    lb_means_rows(&a->model, &grid, means);
    return a->treatment ? lb_contrast_rows(&a->model, &grid, &a->testing, contrasts, a->arena, err) : LB_OK;
}

/* -- findings ------------------------------------------------------------------------------------------------------ */

static void find_aliased(lb_mmrm *a)
{
    size_t found = 0, most = 10;
    for (size_t j = 0; j < a->design->p; j++) {
        if (!a->model.aliased[j]) continue;
        lb_result_status(a->result, "singular");
        if (++found > most) continue;
        lb_result_warn(a->result, "%s cannot be estimated: its column is a combination of the others (collinear, or an empty "
                       "combination of levels)", a->design->name[j]);
    }
    if (found > most) lb_result_warn(a->result, "%zu further coefficients cannot be estimated", found - most);
}

/* Visits of the table (or its codebook) without a row to analyse. */
static void find_empty_visits(lb_mmrm *a)
{
    lb_column whole;
    if (lb_table_factor(a->table, a->visit, a->arena, &whole, NULL)) return;
    for (size_t l = 0; l < whole.level_count; l++) {
        size_t v = 0;
        while (v < a->visits && strcmp(whole.level[l], a->visit_name[v]) != 0) v++;
        if (v < a->visits) continue;
        bool order = a->structure >= LB_AR1;
        lb_result_warn(a->result, "nobody has an outcome at the visit '%s': it is left out%s", whole.level[l],
                       order ? ", and its neighbours count as adjacent" : "");
    }
}

/* Pairs of visits that nobody has both of: their covariance is not in the data. */
static bool find_strangers(lb_mmrm *a)
{
    bool found = false;
    size_t t = a->visits, *together = lb_arena_array(a->arena, t * t, sizeof *together);
    lb_patterns_together(&a->blocks, together);
    for (size_t i = 0; i < t && a->structure == LB_US; i++) {
        for (size_t j = 0; j < i; j++) {
            if (together[i + j * t]) continue;
            found = true;
            lb_result_warn(a->result, "nobody has both visits '%s' and '%s': their covariance cannot be estimated", a->visit_name[j],
                           a->visit_name[i]);
        }
    }
    return found;
}

/* Smallest eigenvalue of the correlation matrix. */
static double least_eigenvalue(const lb_mmrm *a)
{
    size_t t = a->visits;
    double *r = lb_arena_array(a->arena, 2 * t * t + t, sizeof *r), *vectors = r + t * t, *values = vectors + t * t;
    for (size_t i = 0; i < t; i++) {
        for (size_t j = 0; j < t; j++) {
            r[i + j * t] = a->reml.phi[at(a, i, j)] / sqrt(a->reml.phi[at(a, i, i)] * a->reml.phi[at(a, j, j)]);
        }
    }
    lb_eigen_symmetric(r, t, values, vectors);
    return values[0];
}

/* A visit whose outcome the covariates tell: usually the baseline itself among the visits. */
static bool find_told(lb_mmrm *a)
{
    double most = 0;
    bool found = false;
    for (size_t v = 0; v < a->visits; v++) most = fmax(most, a->reml.phi[at(a, v, v)]);
    for (size_t v = 0; v < a->visits; v++) {
        if (a->reml.phi[at(a, v, v)] > 1e-8 * most) continue;
        found = true;
        lb_result_warn(a->result, "at the visit '%s' the covariates tell the outcome without remainder: if it is the baseline, leave it "
                       "out by naming the other visits with --visits", a->visit_name[v]);
    }
    if (found) lb_result_status(a->result, "boundary");
    return found;
}

void lb_mmrm_findings(lb_mmrm *a)
{
    find_empty_visits(a);
    find_aliased(a);
    bool strangers = find_strangers(a);
    const char *name = lb_structure_name(a->structure);
    double least = least_eigenvalue(a);
    if (find_told(a)) {
        a->df.known = false;
    } else if (strangers) {
        lb_result_status(a->result, "singular");
    } else if (!(least > 1e-7)) {
        lb_result_status(a->result, "boundary");
        lb_result_warn(a->result, "the %s covariance is on its boundary (smallest eigenvalue of the correlations %.2g): standard errors "
                       "and tests are not to be trusted; use a simpler --covariance", name, least);
    } else if (!a->reml.converged) {
        lb_result_status(a->result, "not_converged");
        lb_result_warn(a->result, "the likelihood was not maximised in %d steps: use a simpler --covariance than %s", a->reml.iterations,
                       name);
    } else if (!a->df.known) {
        lb_result_status(a->result, "singular");
        lb_result_warn(a->result, "the data do not tell all %zu covariance parameters of %s (%zu people): use a simpler --covariance",
                       a->reml.map.k, name, a->people);
    }
    if (!a->df.known) lb_result_warn(a->result, "degrees of freedom, tests and intervals are left out");
}

/* -- notes ---------------------------------------------------------------------------------------------------------- */

static void note_rows(lb_mmrm *a)
{
    const lb_design *d = a->design;
    lb_buf list = {.max = 400};
    for (size_t i = 0; i < d->dropped_count; i++) {
        lb_buf_printf(&list, "%s%s missing in %zu", i ? ", " : " (", d->dropped[i].column, d->dropped[i].rows);
    }
    lb_result_note(a->result, "Model: %s by %s; %zu people, %zu of %zu rows%s%s; %s covariance of the visits.", a->formula,
                   a->ml ? "maximum likelihood" : "restricted maximum likelihood", a->people, d->n, a->table->rows,
                   list.data ? list.data : "", list.data ? ")" : "", lb_structure_words(a->structure));
    lb_buf_free(&list);
}

static void note_order(lb_mmrm *a)
{
    lb_buf list = {.max = 400};
    for (size_t v = 0; v < a->visits; v++) lb_buf_printf(&list, "%s%s", v ? ", " : "", a->visit_name[v]);
    lb_result_note(a->result, "Visits in this order: %s.", list.data);
    if (a->not_asked) {
        lb_result_note(a->result, "%zu rows of other visits are left out, as --visits asks (counted under %s).", a->not_asked, a->visit);
    }
    lb_buf_free(&list);
    lb_rows_coding(a->design, a->result);
}

static void notes(lb_mmrm *a)
{
    const lb_testing *t = &a->testing;
    note_rows(a);
    note_order(a);
    static const char *const df[] = {"Satterthwaite degrees of freedom", "Kenward-Roger degrees of freedom and standard errors (covariance linear in its parameters)",
                                     "Residual degrees of freedom", "Between-within degrees of freedom"};
    lb_result_note(a->result, "%s%s; AIC and BIC count the %zu covariance parameters, BIC with %zu people.", df[a->df_method],
                   a->adjusted    ? ""
                   : a->empirical ? ", empirical standard errors (people as clusters, HC0)"
                                  : ", standard errors by the model",
                   a->reml.map.k, a->people);
    if (!a->treatment) return;
    lb_result_note(a->result, "Least-squares means: %s; numeric covariates at the mean of the rows analysed, those with two values at "
                   "both. Contrasts: %s p, %s for multiplicity within a visit; intervals two-sided at %g %%.",
                   lb_call_chosen(a->call, "means", "equal")          ? "other factors averaged with equal weights"
                   : lb_call_chosen(a->call, "means", "proportional") ? "other factors averaged with the observed frequencies"
                                                                      : "the rows analysed predicted under each level",
                   t->sides == 1 ? "one-sided" : "two-sided",
                   !strcmp(t->adjust, "none") ? "not adjusted" : lb_arena_printf(a->arena, "adjusted (%s)", t->adjust),
                   100 * a->model.level);
    if (t->sides == 1 || !isnan(t->margin)) lb_result_note(a->result, "%s values are better.", t->lower_is_better ? "Lower" : "Higher");
}

int lb_mmrm_results(lb_mmrm *a, lb_error *err)
{
    fit_statistics(a);
    lb_linear_coefficients(&a->model, a->design, a->arena, lb_set_array(a->result->results, "coefficients"));
    covariance(a);
    const lb_value *labels;
    int rc = lb_labels_read(a->call, &labels, err);
    if (!rc) rc = compare(a, err);
    const lb_value *means = lb_get(a->result->results, "means");
    if (!rc && means && a->treatment) lb_visits_picture(a->result, means, a->treatment, a->visit, a->design->response ? a->design->response : "outcome", labels);
    if (!rc) notes(a);
    return rc;
}
