/* Least-squares means and their pairwise contrasts: intervals and p values unadjusted, Tukey (1953; Kramer 1956), Holm,
 * Bonferroni, Hochberg, Sidak or BH within each combination of the by variables; tests against a margin. */
#include <math.h>
#include <string.h>

#include "linear.h"

static void set_levels(lb_value *row, const lb_grid *grid, size_t r, size_t first)
{
    for (size_t a = first; a < grid->axes; a++) lb_set_text(row, grid->axis[a], lb_grid_level(grid, r, a));
}

void lb_means_rows(const lb_linear *model, const lb_grid *grid, lb_value *rows)
{
    for (size_t r = 0; r < grid->rows; r++) {
        double estimate, se;
        lb_value *row = lb_push_object(rows);
        set_levels(row, grid, r, 0);
        bool known = lb_linear_estimate(model, grid->l + r * model->p, &estimate, &se);
        double df = known ? lb_linear_df(model, grid->l + r * model->p) : model->df;
        double reach = lb_t_q((1 - model->level) / 2, df, LB_UPPER) * se;
        lb_set_number(row, "estimate", estimate);
        lb_set_number(row, "se", se);
        lb_set_number(row, "df", df);
        lb_set_number(row, "lower", estimate - reach);
        lb_set_number(row, "upper", estimate + reach);
        if (!known) lb_set_text(row, "reason", "not estimable: the data hold no row for some combination");
        else if (isnan(se)) lb_set_text(row, "reason", "a coefficient in it has no standard error: it runs off to infinity, or no residual is left");
    }
}

/* Half-width of an interval in standard errors. Methods without intervals of their own take Bonferroni's. */
static double critical(double level, double df, const char *adjust, size_t means, size_t family)
{
    double alpha = 1 - level, m = (double)family;
    if (family == 1 || !strcmp(adjust, "none")) return lb_t_q(alpha / 2, df, LB_UPPER);
    if (!strcmp(adjust, "tukey")) return lb_tukey_q(level, (double)means, df, LB_LOWER) / sqrt(2);
    if (!strcmp(adjust, "dunnettx")) return lb_dunnettx_q(alpha, m, df);
    if (!strcmp(adjust, "sidak")) return lb_t_q(-expm1(log1p(-alpha) / m) / 2, df, LB_UPPER);
    return lb_t_q(alpha / (2 * m), df, LB_UPPER);
}

/* p of a test whose alternative is a lower (or higher) value. */
static double one_sided(double statistic, double df, bool lower)
{
    return isnan(statistic) ? NAN : lb_t_p(statistic, df, lower ? LB_LOWER : LB_UPPER);
}

static void set_margin(lb_value *row, double df, const lb_testing *testing, double estimate, double se)
{
    double edge = testing->lower_is_better ? -testing->margin : testing->margin;
    double statistic = se > 0 ? (estimate - edge) / se : NAN;
    double lower = lb_get_number(row, "lower", NAN), upper = lb_get_number(row, "upper", NAN);
    bool beyond = testing->lower_is_better ? upper < edge : lower > edge;
    bool short_of = testing->lower_is_better ? lower > edge : upper < edge;
    lb_set_number(row, "margin", edge);
    lb_set_number(row, "margin_statistic", statistic);
    lb_set_number(row, "margin_p", one_sided(statistic, df, testing->lower_is_better));
    if (isnan(lower)) return;
    lb_set_text(row, "margin_reading", beyond     ? "the whole interval lies beyond the margin"
                                       : short_of ? "the whole interval falls short of the margin"
                                                  : "the interval includes the margin");
}

/* One family: all pairs of treatment levels (or each against the reference, for Dunnett's test), the other axes held as in the rows from `base` on. */
typedef struct family {
    const lb_linear *model;
    const lb_grid *grid;
    const lb_testing *testing;
    size_t base, means, pairs, count;
    lb_value **row;
    double *p, *df;
} family;

static void push_pair(family *f, size_t a, size_t b, double width, double *l, lb_value *rows)
{
    const lb_linear *model = f->model;
    double estimate, se;
    for (size_t j = 0; j < model->p; j++) {
        l[j] = f->grid->l[(f->base + a) * model->p + j] - f->grid->l[(f->base + b) * model->p + j];
    }
    bool known = lb_linear_estimate(model, l, &estimate, &se);
    lb_value *row = f->row[f->count] = lb_push_object(rows);
    lb_set_textf(row, "contrast", "%s - %s", lb_grid_level(f->grid, f->base + a, 0), lb_grid_level(f->grid, f->base + b, 0));
    set_levels(row, f->grid, f->base, 1);
    double df = known ? lb_linear_df(model, l) : model->df;
    if (model->df_of) width = critical(model->level, df, f->testing->adjust, f->means, f->pairs);
    lb_estimate_set(row, estimate, se, df, model->level);
    lb_set_number(row, "lower", estimate - width * se);
    lb_set_number(row, "upper", estimate + width * se);
    double statistic = lb_get_number(row, "statistic", NAN);
    double p = lb_get_number(row, "p", NAN);
    if (f->testing->sides == 1) p = one_sided(statistic, df, f->testing->lower_is_better);
    f->df[f->count] = df;
    f->p[f->count++] = p;
    if (!isnan(f->testing->margin)) set_margin(row, df, f->testing, estimate, se);
    if (!known) lb_set_text(row, "reason", "not estimable: the data hold no row for some combination");
    else if (isnan(se)) lb_set_text(row, "reason", "a coefficient in it has no standard error: it runs off to infinity, or no residual is left");
}

static void finish(family *f, lb_arena *arena)
{
    const char *adjust = f->testing->adjust;
    double *adjusted = lb_arena_array(arena, f->count + 1, sizeof *adjusted);
    memcpy(adjusted, f->p, f->count * sizeof *adjusted);
    bool tukey = !strcmp(adjust, "tukey"), dunnett = !strcmp(adjust, "dunnettx");
    if (!tukey && !dunnett) lb_p_adjust(adjust, adjusted, f->count);
    for (size_t i = 0; i < f->count; i++) {
        double statistic = lb_get_number(f->row[i], "statistic", NAN);
        if (tukey && f->count > 1 && !isnan(statistic)) {
            adjusted[i] = lb_tukey_p(fabs(statistic) * sqrt(2), (double)f->means, f->df[i], LB_UPPER);
        }
        if (dunnett && f->count > 1 && !isnan(statistic)) adjusted[i] = lb_dunnettx_p(fabs(statistic), (double)f->pairs, f->df[i]);
        lb_set_number(f->row[i], "p", adjusted[i]);
        if (strcmp(adjust, "none") != 0) lb_set_number(f->row[i], "p_unadjusted", f->p[i]);
        if (!isnan(adjusted[i])) lb_set_bool(f->row[i], "significant", adjusted[i] < f->testing->alpha);
    }
}

int lb_contrast_rows(const lb_linear *model, const lb_grid *grid, const lb_testing *testing, lb_value *rows, lb_arena *arena,
                     lb_error *err)
{
    bool dunnett = !strcmp(testing->adjust, "dunnettx");
    size_t k = grid->levels[0], pairs = dunnett ? k - 1 : k * (k - 1) / 2;
    if ((dunnett || !strcmp(testing->adjust, "tukey")) && testing->sides == 1) {
        lb_fail(err, LB_USAGE, "%s adjustment is here for two-sided tests", dunnett ? "Dunnett's" : "Tukey's");
        lb_error_where(err, "adjust");
        lb_error_hint(err, "use --adjust holm with --sides 1");
        return LB_USAGE;
    }
    if (pairs > 100000) {
        return lb_fail(err, LB_TOO_LARGE, "%s has %zu levels: too many pairs to compare", grid->axis[0], k);
    }
    double width = model->df_of ? NAN : critical(model->level, model->df, testing->adjust, k, pairs);
    double *l = lb_arena_array(arena, model->p + 1, sizeof *l);
    for (size_t base = 0; base < grid->rows; base += k) {
        family f = {model, grid, testing, base, k, pairs, 0, lb_arena_array(arena, pairs + 1, sizeof(lb_value *)),
                    lb_arena_array(arena, pairs + 1, sizeof(double)), lb_arena_array(arena, pairs + 1, sizeof(double))};
        for (size_t a = 1; a < k; a++) {
            for (size_t b = 0; b < (dunnett ? 1 : a); b++) push_pair(&f, a, b, width, l, rows);
        }
        finish(&f, arena);
    }
    return LB_OK;
}

/* dᵀ V⁻¹ d over the rows of d that are linearly independent (V = L Lᵀ, forward substitution); their number in *df. */
static double wald(const double *d, const double *v, size_t q, lb_arena *arena, size_t *df)
{
    double *l = lb_arena_array(arena, q * q + 1, sizeof *l), *y = lb_arena_array(arena, q + 1, sizeof *y), sum = 0;
    size_t *chosen = lb_arena_array(arena, q + 1, sizeof *chosen), kept = 0;
    for (size_t r = 0; r < q; r++) {
        double *row = l + kept * q, pivot = v[r + r * q], rest = d[r];
        for (size_t k = 0; k < kept; k++) {
            double value = v[r + chosen[k] * q];
            for (size_t t = 0; t < k; t++) value -= row[t] * l[k * q + t];
            row[k] = value / l[k * q + k];
            pivot -= row[k] * row[k];
            rest -= row[k] * y[k];
        }
        if (!(pivot > 1e-10 * v[r + r * q])) continue; /* follows from the rows before */
        row[kept] = sqrt(pivot);
        y[kept] = rest / row[kept];
        sum += y[kept] * y[kept];
        chosen[kept++] = r;
    }
    *df = kept;
    return sum;
}

static double covariance(const lb_linear *model, const double *a, const double *b)
{
    long double sum = 0;
    for (size_t i = 0; i < model->p; i++) {
        for (size_t j = 0; j < model->p; j++) sum += (long double)a[i] * model->vcov[i + j * model->p] * b[j];
    }
    return (double)sum;
}

void lb_omnibus_set(const lb_linear *model, const lb_grid *grid, lb_value *test, lb_arena *arena)
{
    size_t k = grid->levels[0], p = model->p, q = grid->rows / k * (k - 1), at = 0, df = 0;
    double *l = lb_arena_array(arena, q * p + 1, sizeof *l), *d = lb_arena_array(arena, q + 1, sizeof *d);
    double *v = lb_arena_array(arena, q * q + 1, sizeof *v), se;
    bool known = true;
    for (size_t base = 0; base < grid->rows; base += k) {
        for (size_t a = 1; a < k; a++, at++) {
            for (size_t j = 0; j < p; j++) l[at * p + j] = grid->l[(base + a) * p + j] - grid->l[base * p + j];
            known = lb_linear_estimate(model, l + at * p, &d[at], &se) && known;
        }
    }
    for (size_t r = 0; r < q; r++) {
        for (size_t c = 0; c < q; c++) v[r + c * q] = covariance(model, l + r * p, l + c * p);
    }
    double sum = known ? wald(d, v, q, arena, &df) : NAN, f = df ? sum / (double)df : NAN;
    lb_set_number(test, "statistic", f);
    lb_set_int(test, "df", (int64_t)(known ? df : q));
    lb_set_number(test, "df_residual", model->df);
    if (isnan(f)) lb_set_null(test, "p");
    else if (isinf(model->df)) lb_set_number(test, "p", lb_chisq_p(sum, (double)df, LB_UPPER));
    else lb_set_number(test, "p", lb_f_p(f, (double)df, model->df, LB_UPPER));
}
