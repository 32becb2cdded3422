/* What analyse ancova reports: coefficients and fit, means and contrasts, findings about the data, notes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ancova.h"
#include "rows.h"

static void coefficients(lb_ancova *a)
{
    lb_value *rows = lb_set_array(a->result->results, "coefficients");
    for (size_t j = 0; j < a->design->p; j++) {
        lb_value *row = lb_push_object(rows);
        double se = sqrt(a->model.vcov[j + j * a->design->p]);
        lb_set_text(row, "term", a->design->name[j]);
        lb_estimate_set(row, a->fit.coefficient[j], a->fit.aliased[j] ? NAN : se, a->model.df, a->model.level);
        if (a->fit.aliased[j]) lb_set_text(row, "reason", "aliased: a combination of other columns");
    }
}

/* The covariance matrix of the coefficients, row by row in the order of the coefficients; null where a coefficient is aliased. */
static void covariances(lb_ancova *a)
{
    size_t p = a->design->p;
    lb_value *out = lb_set_array(a->result->results, "vcov");
    for (size_t i = 0; i < p; i++) {
        lb_value *row = lb_push_array(out);
        for (size_t j = 0; j < p; j++) {
            bool aliased = a->fit.aliased[i] || a->fit.aliased[j];
            lb_push_number(row, aliased ? NAN : a->model.vcov[i + j * p]);
        }
    }
}

/* R squared against the mean, or against zero without an intercept, and the F test of all terms (summary.lm). */
static void fit_statistics(lb_ancova *a)
{
    const lb_lsq *fit = &a->fit;
    const lb_design *d = a->design;
    lb_value *out = a->result->results;
    double mean = d->intercept ? lb_sum(d->y, d->n) / (double)d->n : 0;
    long double total = 0, explained = 0;
    for (size_t i = 0; i < d->n; i++) {
        total += ((long double)d->y[i] - mean) * (d->y[i] - mean);
        explained += ((long double)fit->fitted[i] - mean) * (fit->fitted[i] - mean);
    }
    double df = (double)fit->rank - d->intercept, r2 = (double)(explained / (explained + fit->rss));
    double f = (double)explained / df / (fit->rss / fit->df_residual), k = (double)fit->rank + 1, n = (double)d->n;
    lb_set_number(out, "df_residual", fit->df_residual);
    lb_set_number(out, "sigma", fit->sigma);
    lb_set_number(out, "r_squared", total > 0 ? r2 : NAN);
    lb_set_number(out, "adj_r_squared", total > 0 ? 1 - (1 - r2) * (n - d->intercept) / fit->df_residual : NAN);
    lb_set_number(out, "loglik", fit->loglik);
    lb_set_number(out, "aic", -2 * fit->loglik + 2 * k);
    lb_set_number(out, "bic", -2 * fit->loglik + log(n) * k);
    lb_value *test = lb_set_object(out, "f_test");
    lb_set_number(test, "statistic", f);
    lb_set_number(test, "df", df);
    lb_set_number(test, "df_residual", fit->df_residual);
    lb_set_number(test, "p", isnan(f) ? NAN : lb_f_p(f, df, fit->df_residual, LB_UPPER));
}

static void arms(lb_ancova *a)
{
    const lb_column *arm = lb_design_raw(a->design, a->treatment);
    lb_value *rows = lb_set_array(a->result->results, "arms");
    for (size_t l = 0; l < arm->level_count; l++) {
        int64_t n = 0;
        for (size_t i = 0; i < a->design->n; i++) n += arm->code[i] == (int32_t)l;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, a->treatment, arm->level[l]);
        lb_set_int(row, "n", n);
    }
}

void lb_ancova_fit_results(lb_ancova *a)
{
    const lb_design *d = a->design;
    lb_value *out = a->result->results;
    lb_set_int(out, "n", (int64_t)d->n);
    lb_rows_report(d, out);
    if (a->treatment) arms(a);
    fit_statistics(a);
    coefficients(a);
    if (d->p <= 200) covariances(a);
}

/* Means by g-computation stand in for a model of k cell means: one coefficient per level, z tests. */
static int by_randomisation(lb_ancova *a, lb_linear *model, lb_grid *grid, lb_error *err)
{
    const lb_column *arm = lb_design_raw(a->design, a->treatment);
    size_t k = arm->level_count;
    double *mean = lb_arena_array(a->arena, k + 1, sizeof *mean), *vcov = lb_arena_array(a->arena, k * k + 1, sizeof *vcov);
    int rc = lb_robust_means(a->design, &a->fit, a->table, a->treatment, a->strata, a->strata_count, a->arena, mean, vcov, err);
    if (rc) return rc;
    *model = (lb_linear){.design = a->design, .p = k, .coefficient = mean, .vcov = vcov, .df = INFINITY,
                         .aliased = lb_arena_array(a->arena, k + 1, sizeof(bool)), .level = a->model.level};
    *grid = (lb_grid){.axes = 1, .rows = k};
    grid->axis = lb_arena_array(a->arena, 1, sizeof *grid->axis);
    grid->levels = lb_arena_array(a->arena, 1, sizeof *grid->levels);
    grid->level = lb_arena_array(a->arena, 1, sizeof *grid->level);
    grid->axis[0] = a->treatment;
    grid->levels[0] = k;
    grid->level[0] = arm->level;
    grid->l = lb_arena_array(a->arena, k * k, sizeof *grid->l);
    for (size_t i = 0; i < k; i++) grid->l[i + i * k] = 1;
    return LB_OK;
}

int lb_ancova_compare(lb_ancova *a, lb_error *err)
{
    lb_weighting weighting = lb_call_chosen(a->call, "means", "equal")          ? LB_EQUAL
                             : lb_call_chosen(a->call, "means", "proportional") ? LB_PROPORTIONAL
                                                                                : LB_COUNTERFACTUAL;
    lb_linear model = a->model;
    lb_grid grid;
    int rc = a->blocks ? by_randomisation(a, &model, &grid, err)
                       : lb_grid_build(a->design, a->treatment, a->by, a->by_count, lb_call_text(a->call, "at"), weighting,
                                       a->arena, &grid, err);
    if (rc) return rc;
    lb_means_rows(&model, &grid, lb_set_array(a->result->results, "means"));
    rc = lb_contrast_rows(&model, &grid, &a->testing, lb_set_array(a->result->results, "contrasts"), a->arena, err);
    if (!rc) lb_omnibus_set(&model, &grid, lb_set_object(a->result->results, "omnibus"), a->arena);
    return rc;
}

/* -- findings -------------------------------------------------------------------------------------------------- */

static void find_aliased(lb_ancova *a)
{
    size_t found = 0, most = 10;
    for (size_t j = 0; j < a->design->p; j++) {
        if (!a->fit.aliased[j]) continue;
        lb_result_status(a->result, "singular");
        if (++found > most) continue;
        lb_result_warn(a->result, "%s cannot be estimated: its column is a combination of the others (collinear, or an empty "
                       "combination of levels)", a->design->name[j]);
    }
    if (found > most) lb_result_warn(a->result, "%zu further coefficients cannot be estimated", found - most);
    if (found && lb_call_chosen(a->call, "anova", "3")) {
        lb_result_warn(a->result, "with columns that cannot be estimated, type III tests depend on which cells are empty");
    }
}

/* Arms that have rows in the table, or stand in the codebook, and none among the analysed. */
static void find_empty_arms(lb_ancova *a)
{
    lb_column whole;
    if (!a->treatment || lb_table_factor(a->table, a->treatment, a->arena, &whole, NULL)) return;
    const lb_column *arm = lb_design_raw(a->design, a->treatment);
    for (size_t l = 0; l < whole.level_count; l++) {
        size_t rows = 0, k = 0;
        while (k < arm->level_count && strcmp(arm->level[k], whole.level[l]) != 0) k++;
        if (k < arm->level_count) continue;
        for (size_t i = 0; i < a->table->rows; i++) rows += whole.code[i] == (int32_t)l;
        lb_result_status(a->result, "empty_arm");
        lb_result_warn(a->result, "%s '%s' is left out: it has no complete row (of %zu)", a->treatment, whole.level[l], rows);
    }
}

static void find_degenerate(lb_ancova *a)
{
    const lb_design *d = a->design;
    long double mean = 0, spread = 0;
    for (size_t i = 0; i < d->n; i++) {
        mean += a->fit.fitted[i] / (long double)d->n;
    }
    for (size_t i = 0; i < d->n; i++) spread += (a->fit.fitted[i] - mean) * (a->fit.fitted[i] - mean) / (d->n - 1.0L);
    if (a->fit.df_residual == 0) {
        lb_result_status(a->result, "saturated");
        lb_result_warn(a->result, "%zu rows for %zu coefficients leave no residual degrees of freedom: no standard errors", d->n,
                       a->fit.rank);
    } else if (a->fit.sigma * a->fit.sigma < (double)(mean * mean + spread) * 1e-28) {
        lb_result_warn(a->result, "the fit is essentially perfect: standard errors and tests are rounding noise");
    }
}

void lb_ancova_findings(lb_ancova *a)
{
    find_empty_arms(a);
    find_aliased(a);
    find_degenerate(a);
}

/* -- notes ------------------------------------------------------------------------------------------------------- */

static void note_rows(lb_ancova *a)
{
    lb_result_note(a->result, "Model: %s, least squares, %s.", a->formula, lb_rows_text(a->design, a->table->rows, a->arena));
}

static void note_coding(lb_ancova *a)
{
    lb_rows_coding(a->design, a->result);
    static const char *const variance[] = {"model-based", "HC0 sandwich", "HC1 sandwich", "HC2 sandwich", "HC3 sandwich"};
    lb_result_note(a->result, "Standard errors of coefficients: %s; t and F on %g residual degrees of freedom; anova type %s.",
                   variance[a->vcov], a->fit.df_residual, lb_call_text(a->call, "anova"));
    if (a->vcov != LB_VCOV_MODEL) lb_result_note(a->result, "The anova table uses the model-based residual variance.");
}

static void note_comparison(lb_ancova *a)
{
    const lb_testing *t = &a->testing;
    if (a->blocks) {
        lb_result_note(a->result, "Means by g-computation over the %zu people analysed, variance valid under %s randomisation; "
                       "z tests.", a->design->n, a->strata_count ? "stratified permuted-block" : "simple");
    } else {
        const char *means = lb_call_text(a->call, "means");
        lb_result_note(a->result, "Least-squares means: %s; numeric covariates at the mean of the rows analysed, those with two "
                       "values at both.",
                       !strcmp(means, "equal")          ? "other factors averaged with equal weights"
                       : !strcmp(means, "proportional") ? "other factors averaged with the observed frequencies"
                                                        : "everyone analysed predicted under each level");
    }
    lb_result_note(a->result, "Contrasts: %s p%s%s; intervals two-sided at %g %%%s.", t->sides == 1 ? "one-sided" : "two-sided",
                   !strcmp(t->adjust, "none") ? ", not adjusted for multiplicity" : ", adjusted: ",
                   !strcmp(t->adjust, "none") ? "" : t->adjust, 100 * a->model.level,
                   !strcmp(t->adjust, "none") || !strcmp(t->adjust, "tukey") || !strcmp(t->adjust, "dunnettx") || !strcmp(t->adjust, "sidak")
                       ? ""
                       : " (simultaneous by Bonferroni)");
    if (t->sides == 1 || !isnan(t->margin)) {
        lb_result_note(a->result, "%s values are better.", t->lower_is_better ? "Lower" : "Higher");
    }
}

void lb_ancova_notes(lb_ancova *a)
{
    note_rows(a);
    note_coding(a);
    if (a->treatment) note_comparison(a);
}
