/* The contrast of a simulated trial: what analyse ancova gives first, for thousands of trials. Design, least squares and estimate are
 * the same functions; left out are the least-squares means, the table of sums of squares and all words. */
#include <math.h>
#include <string.h>

#include "analysis/power.h"
#include "linear.h"

/* The treatment's own term, where the difference of its first two levels is one coefficient; else NULL. */
static const lb_term *treatment_term(const lb_design *d, const char *treatment)
{
    const lb_term *found = NULL;
    if (!d->y || !d->intercept || d->bars) return NULL;
    for (size_t v = 0; v < d->variables; v++) {
        const lb_variable *variable = &d->variable[v];
        if (!strstr(variable->name, treatment)) continue;
        if (!variable->factor || strcmp(variable->name, treatment) != 0) return NULL;
        for (size_t t = 0; t < d->terms; t++) {
            for (size_t k = 0; k < d->term[t].order; k++) {
                if (d->term[t].variable[k] != v) continue;
                if (found || d->term[t].order != 1 || d->term[t].count != variable->level_count - 1) return NULL;
                found = &d->term[t];
            }
        }
    }
    return found;
}

bool lb_power_ancova(const lb_formula *formula, const lb_table *table, const char *treatment, const char *reference, double level,
                     lb_arena *arena, lb_power_contrast *out)
{
    lb_design *d;
    lb_lsq fit;
    lb_error unused = LB_ERROR_INIT;
    lb_design_options options = {.factor_columns = &treatment, .factor_count = 1, .reference_column = reference ? treatment : NULL,
                                 .reference_level = reference};
    if (lb_design_build(formula, table, &options, arena, &d, &unused)) return false;
    const lb_term *term = treatment_term(d, treatment);
    if (!term || lb_lsq_fit(d->x, d->y, NULL, d->n, d->p, 0, arena, &fit, &unused) || fit.rank < d->p) return false;
    double *l = lb_arena_array(arena, d->p + 1, sizeof *l), *vcov = lb_arena_array(arena, d->p * d->p + 1, sizeof *vcov);
    lb_sandwich(d->x, &fit, LB_VCOV_MODEL, vcov);
    lb_linear model = {.design = d, .p = d->p, .coefficient = fit.coefficient, .aliased = fit.aliased, .vcov = vcov,
                       .df = fit.df_residual, .level = level};
    l[term->first] = 1; /* the second level less the first, which is the reference */
    if (!lb_linear_estimate(&model, l, &out->estimate, &out->se) || !(out->se > 0)) return false;
    double reach = lb_t_q((1 - level) / 2, model.df, LB_UPPER) * out->se;
    out->df = model.df;
    out->n = (double)d->n;
    out->lower = out->estimate - reach;
    out->upper = out->estimate + reach;
    return true;
}
