/* Type III tests of the terms of a mixed model, as lmerTest's anova() and SAS: Fai & Cornelius 1996 (doi:10.1080/00949659608811740)
 * for several rows with Satterthwaite's degrees of freedom, Kenward & Roger 1997 (doi:10.2307/2533558) with theirs. */
#include <math.h>
#include <string.h>

#include "mixed.h"

/* Rows q of p: the hypothesis L b = 0. */
typedef struct hypothesis {
    const double *l;
    size_t q, p;
} hypothesis;

static double form(const double *a, const double *one, const double *two, size_t p)
{
    double sum = 0;
    for (size_t j = 0; j < p; j++) {
        if (two[j] == 0) continue;
        double column = 0;
        for (size_t i = 0; i < p; i++) column += one[i] * a[i + j * p];
        sum += column * two[j];
    }
    return sum;
}

/* L A Lᵀ, q × q. */
static void sandwiched(const hypothesis *h, const double *a, double *out)
{
    for (size_t j = 0; j < h->q; j++)
        for (size_t i = 0; i < h->q; i++) out[i + j * h->q] = form(a, h->l + i * h->p, h->l + j * h->p, h->p);
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Denominator of the mean of independent t² with degrees of freedom nu (Fai & Cornelius): that of an F with the same mean. */
static double denominator(const double *nu, size_t count)
{
    double expected = 0, low = INFINITY, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, nu[i]);
        high = fmax(high, nu[i]);
        expected += nu[i] / (nu[i] - 2);
    }
    if (high - low < 1e-8 * high) return low;
    return low > 2 ? 2 * expected / (expected - (double)count) : 2;
}

/* On the principal axes of L V Lᵀ the test is a mean of independent squares. */
static void principal(const lb_linear *model, const hypothesis *h, lb_arena *arena, lb_mixed_test *out)
{
    size_t q = h->q, p = h->p, kept = 0;
    double *c = lb_arena_array(arena, 2 * q * q + 2 * q + p + 1, sizeof *c), *axis = c + q * q, *value = axis + q * q, *nu = value + q, *l = nu + q;
    double total = 0;
    sandwiched(h, model->vcov, c);
    lb_eigen_symmetric(c, q, value, axis);
    for (size_t m = 0; m < q; m++) {
        if (!(value[m] > 1e-10 * value[q - 1])) continue;
        memset(l, 0, p * sizeof *l);
        for (size_t i = 0; i < q; i++)
            for (size_t j = 0; j < p; j++) l[j] += axis[i + m * q] * h->l[i * p + j];
        double estimate = dot(l, model->coefficient, p);
        total += estimate * estimate / value[m];
        nu[kept++] = lb_linear_df(model, l);
    }
    out->df = (double)kept;
    out->statistic = kept ? total / (double)kept : NAN;
    out->df_residual = kept ? denominator(nu, kept) : NAN;
}

/* Kenward and Roger's moments A1 and A2 of the test, with B = ∂Φ/∂φ for −Φ P Φ of the paper (the signs cancel). */
static void moments(const lb_mixed_df *df, const hypothesis *h, const double *inverse, lb_arena *arena, double *a1, double *a2)
{
    size_t q = h->q, m = df->m;
    double *turned = lb_arena_array(arena, m * q * q + q * q + m + 1, sizeof *turned), *part = turned + m * q * q, *trace = part + q * q;
    for (size_t k = 0; k < m; k++) {
        sandwiched(h, df->b + k * h->p * h->p, part);
        for (size_t j = 0; j < q; j++) {
            for (size_t i = 0; i < q; i++) turned[k * q * q + i + j * q] = dot(inverse + i * q, part + j * q, q);
            trace[k] += turned[k * q * q + j + j * q];
        }
    }
    *a1 = *a2 = 0;
    for (size_t j = 0; j < m; j++) {
        for (size_t k = 0; k < m; k++) {
            double both = 0;
            for (size_t r = 0; r < q; r++)
                for (size_t c = 0; c < q; c++) both += turned[j * q * q + r + c * q] * turned[k * q * q + c + r * q];
            *a1 += df->w[j + k * m] * trace[j] * trace[k];
            *a2 += df->w[j + k * m] * both;
        }
    }
}

static void kenward_roger(const lb_linear *model, const lb_mixed_df *df, const hypothesis *h, lb_arena *arena, lb_mixed_test *out)
{
    size_t q = h->q;
    double *c = lb_arena_array(arena, 2 * q * q + q + 1, sizeof *c), *inverse = c + q * q, *b = inverse + q * q, a1, a2, n = (double)q;
    sandwiched(h, df->vcov, c);
    if (lb_chol(c, q)) return;
    lb_chol_inverse(c, q, inverse);
    moments(df, h, inverse, arena, &a1, &a2);
    sandwiched(h, df->adjusted, c);
    if (lb_chol(c, q)) return;
    for (size_t i = 0; i < q; i++) b[i] = dot(h->l + i * h->p, model->coefficient, h->p);
    double *solved = lb_arena_array(arena, q + 1, sizeof *solved);
    memcpy(solved, b, q * sizeof *b);
    lb_chol_solve(c, q, solved, 1);
    double big = (a1 + 6 * a2) / (2 * n), g = ((n + 1) * a1 - (n + 4) * a2) / ((n + 2) * a2), d = 3 * n + 2 * (1 - g);
    double c1 = g / d, c2 = (n - g) / d, c3 = (n + 2 - g) / d, expected = 1 / (1 - a2 / n);
    double v1 = 1 - c2 * big, v2 = 1 - c3 * big, variance = 2 / n * (1 + c1 * big) / (v1 * v1 * v2), rho = variance / (2 * expected * expected);
    out->df = n;
    out->df_residual = q == 1 ? 2 / a2 : 4 + (n + 2) / (n * rho - 1);
    double scale = q == 1 ? 1 : out->df_residual / (expected * (out->df_residual - 2));
    out->statistic = scale * dot(b, solved, q) / n;
}

/* T of X = X_s T, the design in sum-to-zero coding: its rows of a term are the hypothesis that the term is nothing (p × p). */
static int type_three(const lb_design *design, lb_arena *arena, double **out, lb_error *err)
{
    size_t n = design->n, p = design->p;
    double *x, *t = lb_arena_array(arena, p * p + 1, sizeof *t), *rest = lb_arena_try(arena, n + 1, sizeof *rest);
    lb_lsq fit;
    if (!rest) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", n);
    int rc = lb_design_sum_coded(design, arena, &x, err);
    if (!rc) rc = lb_lsq_fit(x, design->y, NULL, n, p, 0, arena, &fit, err);
    if (rc) return rc;
    for (size_t j = 0; j < p; j++) {
        for (int pass = 0; pass < 2; pass++) { /* the second refines the first */
            memcpy(rest, design->x + j * n, n * sizeof *rest);
            for (size_t k = 0; k < p; k++)
                for (size_t i = 0; i < n && t[k + j * p] != 0; i++) rest[i] -= x[i + k * n] * t[k + j * p];
            double *along = lb_arena_array(arena, p + 1, sizeof *along);
            for (size_t k = 0; k < p; k++) along[k] = dot(x + k * n, rest, n);
            for (size_t k = 0; k < p; k++) t[k + j * p] += dot(fit.unscaled + k * p, along, p);
        }
    }
    for (size_t i = 0; i < p * p; i++)
        if (fabs(t[i]) < 1e-11) t[i] = 0;
    *out = t;
    return LB_OK;
}

int lb_mixed_anova(const lb_linear *model, const lb_mixed_df *df, bool kr, double sigma2, lb_result *result, lb_error *err)
{
    const lb_design *design = model->design;
    lb_arena *arena = lb_arena_new();
    size_t p = design->p;
    double *t = NULL;
    lb_value *rows = lb_set_array(result->results, "anova");
    for (size_t j = 0; j < p; j++) {
        if (!model->aliased[j]) continue;
        lb_result_warn(result, "there is no type III table: %s cannot be estimated", design->name[j]);
        lb_arena_free(arena);
        return LB_OK;
    }
    int rc = type_three(design, arena, &t, err);
    for (size_t k = 0; k < design->terms && !rc; k++) {
        const lb_term *term = &design->term[k];
        double *l = lb_arena_array(arena, term->count * p + 1, sizeof *l);
        for (size_t i = 0; i < term->count; i++)
            for (size_t j = 0; j < p; j++) l[i * p + j] = t[term->first + i + j * p];
        hypothesis h = {l, term->count, p};
        lb_mixed_test test = {NAN, NAN, NAN};
        if (kr) kenward_roger(model, df, &h, arena, &test);
        else principal(model, &h, arena, &test);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "term", term->name);
        if (isfinite(sigma2)) {
            lb_set_number(row, "sum_sq", test.statistic * sigma2 * test.df);
            lb_set_number(row, "mean_sq", test.statistic * sigma2);
        }
        lb_set_number(row, "df", test.df);
        lb_set_number(row, "df_residual", test.df_residual);
        lb_set_number(row, "statistic", test.statistic);
        lb_set_number(row, "p", isfinite(test.df_residual) ? lb_f_p(test.statistic, test.df, test.df_residual, LB_UPPER) : NAN);
    }
    lb_arena_free(arena);
    return rc;
}

void lb_mixed_vcov(const lb_linear *model, lb_value *results)
{
    enum { MOST = 200 };
    size_t p = model->p;
    if (p > MOST) return;
    lb_value *rows = lb_set_array(results, "vcov");
    for (size_t i = 0; i < p; i++) {
        lb_value *row = lb_push_array(rows);
        for (size_t j = 0; j < p; j++) lb_push_number(row, model->aliased[i] || model->aliased[j] ? NAN : model->vcov[i + j * p]);
    }
}
