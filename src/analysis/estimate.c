/* Estimates of linear functions: value, standard error, interval, and whether the design can estimate them at all
 * (Searle 1971, Linear Models, ch. 5.4: l is estimable when it is orthogonal to the null space of the design). */
#include <math.h>
#include <string.h>

#include "linear.h"

void lb_estimate_set(lb_value *row, double estimate, double se, double df, double level)
{
    double statistic = se > 0 ? estimate / se : NAN;
    double reach = lb_t_q((1 - level) / 2, df, LB_UPPER) * se;
    lb_set_number(row, "estimate", estimate);
    lb_set_number(row, "se", se);
    lb_set_number(row, "df", df); /* infinite: null, a z statistic */
    lb_set_number(row, "statistic", statistic);
    lb_set_number(row, "p", isnan(statistic) ? NAN : lb_two_sided_p(statistic, df));
    lb_set_number(row, "lower", estimate - reach);
    lb_set_number(row, "upper", estimate + reach);
}

double lb_linear_df(const lb_linear *model, const double *l)
{
    return model->df_of ? model->df_of(model, l) : model->df;
}

bool lb_linear_estimate(const lb_linear *model, const double *l, double *estimate, double *se)
{
    size_t p = model->p;
    *estimate = *se = NAN;
    for (size_t k = 0; k < model->null_count; k++) {
        double sum = 0, size = 1;
        for (size_t j = 0; j < p; j++) {
            sum += l[j] * model->null_vector[k * p + j];
            size = fmax(size, fabs(l[j] * model->null_vector[k * p + j]));
        }
        if (fabs(sum) > 1e-8 * size) return false;
    }
    long double value = 0, variance = 0;
    for (size_t i = 0; i < p; i++) {
        if (model->aliased[i]) continue;
        value += (long double)l[i] * model->coefficient[i];
        long double row = 0;
        for (size_t j = 0; j < p; j++) row += (long double)l[j] * model->vcov[i + j * p];
        variance += l[i] * row;
    }
    *estimate = (double)value;
    *se = (double)sqrtl(variance);
    for (size_t i = 0; i < p && model->infinite; i++)
        if (model->infinite[i] && l[i] != 0) *se = NAN;
    return true;
}

int lb_linear_null(lb_linear *model, const lb_lsq *fit, lb_arena *arena, lb_error *err)
{
    const lb_design *design = model->design;
    size_t p = fit->p, n = fit->n, kept = 0;
    model->null_count = 0;
    model->null_vector = lb_arena_array(arena, p * (p - fit->rank) + 1, sizeof *model->null_vector);
    if (fit->rank == p) return LB_OK;
    double *x = lb_arena_try(arena, n, (fit->rank + 1) * sizeof *x);
    if (!x) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", n);
    for (size_t j = 0; j < p; j++) {
        if (!fit->aliased[j]) memcpy(x + n * kept++, design->x + n * j, n * sizeof *x);
    }
    for (size_t j = 0; j < p; j++) { /* x_j = Σ c_k x_k: the null vector is e_j − Σ c_k e_k */
        if (!fit->aliased[j]) continue;
        lb_lsq on_others;
        int rc = lb_lsq_fit(x, design->x + n * j, NULL, n, kept, 0, arena, &on_others, err);
        if (rc) return rc;
        double *null = model->null_vector + p * model->null_count++;
        null[j] = 1;
        for (size_t k = 0, c = 0; k < p; k++) {
            if (!fit->aliased[k]) null[k] = -on_others.coefficient[c++];
        }
    }
    return LB_OK;
}

void lb_linear_coefficients(const lb_linear *model, const lb_design *design, lb_arena *arena, lb_value *rows)
{
    size_t p = design->p;
    double *l = lb_arena_array(arena, p + 1, sizeof *l);
    for (size_t j = 0; j < p; j++) {
        lb_value *row = lb_push_object(rows);
        bool aliased = model->aliased[j];
        l[j] = 1;
        lb_set_text(row, "term", design->name[j]);
        lb_estimate_set(row, model->coefficient[j], aliased ? NAN : sqrt(model->vcov[j + j * p]),
                        aliased ? NAN : lb_linear_df(model, l), model->level);
        l[j] = 0;
        if (aliased) lb_set_text(row, "reason", "aliased: a combination of other columns");
    }
}
