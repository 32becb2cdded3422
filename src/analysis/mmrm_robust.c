/* The empirical (sandwich) covariance of an MMRM's estimates with people as clusters (Liang & Zeger 1986, HC0 of R's mmrm), its
 * Satterthwaite degrees of freedom (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, doi:10.1080/07350015.2016.1247004, working
 * covariance V), and the residual and between-within degrees of freedom of SAS. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mmrm_model.h"

struct lb_mmrm_robust {
    double *m;     /* people × p × p: XᵀV⁻¹X of each */
    bool *within;  /* p: columns that vary inside a person, and the intercept */
    double between_df, within_df;
};

static size_t lower(size_t a, size_t b, size_t t) { return a >= b ? b * t - b * (b + 1) / 2 + a : a * t - a * (a + 1) / 2 + b; }

/* Rows of each person: start[people + 1] and the rows in person's order. */
static size_t *rows_of(const lb_mmrm *a, size_t *start, lb_arena *arena)
{
    size_t n = a->design->n, *row = lb_arena_array(arena, n + 1, sizeof *row), *next = lb_arena_array(arena, a->people + 1, sizeof *next);
    for (size_t i = 0; i < n; i++) start[a->person[i] + 1]++;
    for (size_t k = 0; k < a->people; k++) start[k + 1] += start[k];
    memcpy(next, start, a->people * sizeof *next);
    for (size_t i = 0; i < n; i++) row[next[a->person[i]]++] = i;
    return row;
}

/* One person: m = XᵀV⁻¹X, and the score XᵀV⁻¹(y − Xβ). */
static bool one_person(const lb_mmrm *a, const size_t *row, size_t s, double *work, double *m, double *score)
{
    const lb_design *d = a->design;
    size_t p = d->p, n = d->n;
    double *v = work, *x = v + s * s, *r = x + s * p; /* r: residual behind the columns, solved together */
    for (size_t j = 0; j < s; j++)
        for (size_t i = 0; i < s; i++)
            v[i + j * s] = a->reml.phi[lower((size_t)a->visit_of[row[i]], (size_t)a->visit_of[row[j]], a->visits)];
    if (lb_chol(v, s)) return false;
    for (size_t i = 0; i < s; i++) {
        r[i] = d->y[row[i]];
        for (size_t j = 0; j < p; j++) {
            x[i + j * s] = d->x[row[i] + j * n];
            if (!a->model.aliased[j]) r[i] -= x[i + j * s] * a->model.coefficient[j];
        }
    }
    lb_chol_solve(v, s, x, p + 1);
    for (size_t j = 0; j < p; j++) {
        score[j] = 0;
        for (size_t i = 0; i < s; i++) score[j] += d->x[row[i] + j * n] * r[i];
        for (size_t k = 0; k < p; k++) {
            m[k + j * p] = 0;
            for (size_t i = 0; i < s; i++) m[k + j * p] += d->x[row[i] + k * n] * x[i + j * s];
        }
    }
    return true;
}

static void multiply(const double *a, const double *b, size_t p, double *out)
{
    memset(out, 0, p * p * sizeof *out);
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k < p; k++)
            for (size_t i = 0; i < p; i++) out[i + j * p] += a[i + k * p] * b[k + j * p];
}

/* Φ (Σ s sᵀ) Φ into the model's covariance. */
static int empirical(lb_mmrm *a, const size_t *start, const size_t *row, lb_arena *arena, lb_error *err)
{
    size_t p = a->design->p;
    double *meat = lb_arena_array(arena, 3 * p * p + p + 1, sizeof *meat), *half = meat + p * p, *score = half + p * p;
    double *work = lb_arena_array(arena, a->visits * (a->visits + p + 1) + 1, sizeof *work), *out = lb_arena_array(a->arena, p * p + 1, sizeof *out);
    a->robust->m = lb_arena_try(a->arena, a->people * p + 1, p * sizeof(double));
    if (!a->robust->m) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu people", a->people);
    for (size_t k = 0; k < a->people; k++) {
        if (!one_person(a, row + start[k], start[k + 1] - start[k], work, a->robust->m + k * p * p, score))
            return lb_fail(err, LB_FAILED, "the covariance of the visits is on its boundary: there is no empirical variance");
        for (size_t j = 0; j < p; j++)
            for (size_t i = 0; i < p; i++) meat[i + j * p] += score[i] * score[j];
    }
    multiply(a->df.vcov, meat, p, half);
    multiply(half, a->df.vcov, p, out);
    a->model.vcov = out;
    return LB_OK;
}

/* A column counts as within people when somebody's rows differ in it. */
static void between_within(lb_mmrm *a, const size_t *start, const size_t *row)
{
    const lb_design *d = a->design;
    size_t between = 0, within = 0;
    a->robust->within = lb_arena_array(a->arena, d->p + 1, sizeof(bool));
    for (size_t j = 0; j < d->p; j++) {
        bool varies = false;
        for (size_t k = 0; k < a->people; k++)
            for (size_t i = start[k] + 1; i < start[k + 1]; i++) varies |= d->x[row[i] + j * d->n] != d->x[row[start[k]] + j * d->n];
        bool intercept = d->intercept && j == 0;
        a->robust->within[j] = varies || intercept;
        if (a->model.aliased[j]) continue;
        *(varies ? &within : &between) += 1; /* the intercept costs a degree of freedom between people, and is tested within */
    }
    a->robust->between_df = (double)a->people - (double)between;
    a->robust->within_df = (double)d->n - (double)a->people - (double)within;
}

int lb_mmrm_robust_new(lb_mmrm *a, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    size_t *start = lb_arena_array(arena, a->people + 2, sizeof *start), *row = rows_of(a, start, arena);
    a->robust = lb_arena_alloc(a->arena, sizeof *a->robust);
    between_within(a, start, row);
    int rc = a->empirical ? empirical(a, start, row, arena, err) : LB_OK;
    lb_arena_free(arena);
    return rc;
}

/* (Σ Gii)² / Σ Gij² with Gij = δij cᵀΦhi − hiᵀΦhj, hi = Mi Φ c. */
static double empirical_df(const lb_mmrm *a, const double *c)
{
    size_t p = a->design->p;
    const double *phi = a->df.vcov;
    double *work = lb_alloc(2 * p * p + 3 * p + 1, sizeof *work), *outer = work, *turned = outer + p * p, *u = turned + p * p, *h = u + p, *g = h + p;
    double trace = 0, squares = 0;
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) u[i] += phi[i + j * p] * c[j];
    for (size_t k = 0; k < a->people; k++) {
        const double *m = a->robust->m + k * p * p;
        double own = 0, cross = 0;
        memset(h, 0, 2 * p * sizeof *h);
        for (size_t j = 0; j < p; j++)
            for (size_t i = 0; i < p; i++) h[i] += m[i + j * p] * u[j];
        for (size_t j = 0; j < p; j++)
            for (size_t i = 0; i < p; i++) g[i] += phi[i + j * p] * h[j];
        for (size_t i = 0; i < p; i++) {
            own += u[i] * h[i];
            cross += h[i] * g[i];
            for (size_t j = 0; j < p; j++) outer[i + j * p] += h[i] * h[j];
        }
        trace += own - cross;
        squares += own * own - 2 * own * cross;
    }
    multiply(phi, outer, p, turned);
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) squares += turned[i + j * p] * turned[j + i * p];
    free(work);
    return squares > 0 ? trace * trace / squares : NAN;
}

double lb_mmrm_df_of(const lb_linear *model, const double *l)
{
    const lb_mmrm *a = model->df_context;
    bool within = false;
    switch (a->df_method) {
    case LB_MMRM_RESIDUAL: return (double)a->design->n - (double)a->basis.rank;
    case LB_MMRM_BETWEEN_WITHIN:
        for (size_t j = 0; j < model->p; j++) within |= l[j] != 0 && a->robust->within[j];
        return within ? a->robust->within_df : a->robust->between_df;
    default:
        if (a->empirical) return empirical_df(a, l);
        return a->df.known ? lb_mixed_df_of(&a->df, l) : NAN;
    }
}
