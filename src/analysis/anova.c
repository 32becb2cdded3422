/* Analysis of variance of a linear model: type I (sequential), II (each term after all that do not contain it) and III
 * (each term after all others, sum-to-zero coding), as R's anova() and car::Anova() (Fox & Weisberg 2019, ch. 5). */
#include <math.h>
#include <string.h>

#include "linear.h"

static void push_row(lb_value *rows, const char *term, double sum_sq, double df, const lb_lsq *fit)
{
    double mean_sq = fit->rss / fit->df_residual;
    double f = df > 0 && fit->df_residual > 0 && mean_sq > 0 ? sum_sq / df / mean_sq : NAN;
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "term", term);
    lb_set_number(row, "sum_sq", sum_sq);
    lb_set_number(row, "df", df);
    lb_set_number(row, "statistic", f);
    lb_set_number(row, "p", isnan(f) ? NAN : lb_f_p(f, df, fit->df_residual, LB_UPPER));
}

static void push_residuals(lb_value *rows, const lb_lsq *fit)
{
    lb_value *row = lb_push_object(rows);
    lb_set_text(row, "term", "Residuals");
    lb_set_number(row, "sum_sq", fit->rss);
    lb_set_number(row, "df", fit->df_residual);
    lb_set_null(row, "statistic");
    lb_set_null(row, "p");
}

static void sequential(const lb_design *design, const lb_lsq *fit, lb_value *rows)
{
    for (size_t t = 0; t < design->terms; t++) {
        const lb_term *term = &design->term[t];
        double sum = 0, df = 0;
        for (size_t j = term->first; j < term->first + term->count; j++) {
            sum += fit->effects[j] * fit->effects[j];
            df += !fit->aliased[j];
        }
        if (df > 0) push_row(rows, term->name, sum, df, fit);
    }
}

/* A model on some of the columns. */
static int fit_columns(const double *x, const double *y, size_t n, const bool *use, size_t p, lb_arena *arena, lb_lsq *out,
                       lb_error *err)
{
    double *part = lb_arena_try(arena, n, (p + 1) * sizeof *part);
    if (!part) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", n);
    size_t kept = 0;
    for (size_t j = 0; j < p; j++) {
        if (use[j]) memcpy(part + n * kept++, x + n * j, n * sizeof *part);
    }
    return lb_lsq_fit(part, y, NULL, n, kept, 0, arena, out, err);
}

/* bᵀ U⁻¹ b for the tested columns of a fit without aliasing: the sum of squares they add last. */
static double quadratic(const lb_lsq *fit, const bool *tested, lb_arena *arena)
{
    size_t k = 0;
    double *u = lb_arena_array(arena, fit->p * fit->p + 1, sizeof *u);
    double *b = lb_arena_array(arena, fit->p + 1, sizeof *b), *solved = lb_arena_array(arena, fit->p + 1, sizeof *b);
    size_t *column = lb_arena_array(arena, fit->p + 1, sizeof *column);
    for (size_t j = 0; j < fit->p; j++) {
        if (tested[j]) column[k++] = j;
    }
    for (size_t i = 0; i < k; i++) {
        b[i] = solved[i] = fit->coefficient[column[i]];
        for (size_t j = 0; j < k; j++) u[i + j * k] = fit->unscaled[column[i] + column[j] * fit->p];
    }
    if (lb_chol(u, k)) return NAN;
    lb_chol_solve(u, k, solved, 1);
    double sum = 0;
    for (size_t i = 0; i < k; i++) sum += b[i] * solved[i];
    return sum;
}

/* One design and its whole fit; tests that use all columns share it. */
typedef struct whole {
    const lb_design *design;
    const double *x;
    const lb_lsq *fit;
} whole;

/* Sum of squares and df that the columns `tested` add to the other columns of `use`. */
static int added(const whole *w, const bool *use, const bool *tested, lb_arena *arena, double *sum_sq, double *df,
                 lb_error *err)
{
    const lb_design *design = w->design;
    size_t p = design->p, k = 0, count = 0;
    bool *others = lb_arena_array(arena, p + 1, sizeof *others), *within = lb_arena_array(arena, p + 1, sizeof *within);
    for (size_t j = 0; j < p; j++) {
        others[j] = use[j] && !tested[j];
        if (!use[j]) continue;
        count += tested[j];
        within[k++] = tested[j];
    }
    lb_lsq with = *w->fit, without;
    int rc = k == p ? LB_OK : fit_columns(w->x, design->y, design->n, use, p, arena, &with, err);
    if (rc) return rc;
    if (with.rank == with.p) {
        *sum_sq = quadratic(&with, within, arena);
        *df = (double)count;
        return LB_OK;
    }
    rc = fit_columns(w->x, design->y, design->n, others, p, arena, &without, err);
    if (rc) return rc;
    *df = (double)(with.rank - without.rank);
    *sum_sq = *df > 0 ? without.rss - with.rss : 0;
    return LB_OK;
}

/* Does term a contain all variables of term b? */
static bool contains(const lb_term *a, const lb_term *b)
{
    for (size_t i = 0; i < b->order; i++) {
        bool found = false;
        for (size_t j = 0; j < a->order; j++) found = found || a->variable[j] == b->variable[i];
        if (!found) return false;
    }
    return true;
}

/* Columns in the model that tests term t (0-based; t = terms: the intercept), and which of them are tested. */
static void choose(const lb_design *design, size_t t, int type, bool *use, bool *tested)
{
    for (size_t j = 0; j < design->p; j++) {
        size_t owner = design->term_of[j];
        tested[j] = t == design->terms ? owner == 0 : owner == t + 1;
        use[j] = true;
        if (type == 2 && owner > 0 && owner != t + 1) use[j] = !contains(&design->term[owner - 1], &design->term[t]);
    }
}

static int partial(const whole *w, const lb_lsq *model, size_t t, int type, lb_value *rows, lb_error *err)
{
    const lb_design *design = w->design;
    lb_arena *work = lb_arena_new();
    bool *use = lb_arena_array(work, design->p + 1, sizeof *use);
    bool *tested = lb_arena_array(work, design->p + 1, sizeof *tested);
    double sum_sq = NAN, df = 0;
    choose(design, t, type, use, tested);
    int rc = added(w, use, tested, work, &sum_sq, &df, err);
    if (!rc) push_row(rows, t == design->terms ? "(Intercept)" : design->term[t].name, sum_sq, df, model);
    lb_arena_free(work);
    return rc;
}

/* Refitting once per term is the rule only where columns are aliased or terms nest; beyond this it would take minutes. */
bool lb_anova_feasible(const lb_design *design, const lb_lsq *fit, int type)
{
    double n = (double)design->n, p = (double)design->p, terms = (double)design->terms;
    return type == 1 || fit->rank == fit->p ? terms * n * p < 1e9 : terms * (n + p) * p * p < 1e9;
}

int lb_anova_rows(const lb_design *design, const lb_lsq *fit, int type, lb_value *rows, lb_error *err)
{
    int rc = LB_OK;
    lb_arena *work = lb_arena_new();
    lb_lsq sum_coded = *fit;
    whole w = {design, design->x, &sum_coded};
    if (type == 1) {
        sequential(design, fit, rows);
    } else {
        double *x = design->x;
        if (type == 3) rc = lb_design_sum_coded(design, work, &x, err);
        if (!rc && type == 3) rc = lb_lsq_fit(x, design->y, NULL, design->n, design->p, 0, work, &sum_coded, err);
        w.x = x;
        if (!rc && type == 3 && design->intercept) rc = partial(&w, fit, design->terms, 3, rows, err);
        for (size_t t = 0; t < design->terms && !rc; t++) rc = partial(&w, fit, t, type, rows, err);
    }
    if (!rc) push_residuals(rows, fit);
    lb_arena_free(work);
    return rc;
}
