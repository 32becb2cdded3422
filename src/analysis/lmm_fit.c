/* From a table to a fitted linear mixed model: the grouping with the most effects makes the blocks, the others stand as
 * penalised columns beside the fixed effects (Bates et al. 2015, doi:10.18637/jss.v067.i01). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lmm_model.h"

static int usage(lb_error *err, const char *option, const char *message, const char *hint)
{
    lb_fail(err, LB_USAGE, "%s", message);
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return LB_USAGE;
}

static int too_many_effects(const lb_lmm *a, const lb_bar *bar, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "(%s | %s) asks for %zu random effects from %zu rows: they cannot be told from the residual", bar->terms,
            bar->group, bar->levels * bar->q, a->design->n);
    lb_error_where(err, "%s", a->table->name);
    lb_error_hint(err, "each level of %s needs more rows than effects: use fewer effects, or a coarser group", bar->group);
    return LB_BAD_DATA;
}

int lb_lmm_read(lb_lmm *a, lb_error *err)
{
    lb_formula *formula;
    lb_design *probe;
    const char **needed;
    size_t count;
    int rc = lb_formula_parse(a->formula, a->arena, &formula, err);
    if (rc) return rc;
    lb_design_options options = {0};
    rc = lb_design_build(formula, a->table, &options, a->arena, &probe, err); /* it knows the bars' text */
    if (rc) return rc;
    if (!probe->bars) {
        return usage(err, "formula", "the formula has no random effects", "add (1 | id), or use analyse ancova for independent rows");
    }
    if (!probe->y) return usage(err, "formula", "the formula has no outcome", "write outcome ~ terms + (1 | id)");
    rc = lb_bars_parse(probe->bars, a->arena, a->bar, &a->bars, err);
    if (!rc) rc = lb_bars_columns(a->bar, a->bars, a->table, a->arena, &needed, &count, err);
    if (rc) return rc;
    options.also_complete = needed;
    options.also_count = count;
    rc = lb_design_build(formula, a->table, &options, a->arena, &a->design, err);
    if (rc) return rc;
    a->rows = lb_table_rows(a->table, a->design->row, a->design->n, a->arena);
    rc = lb_bars_fill(a->bar, &a->bars, a->rows, a->arena, err);
    for (size_t b = 0; b < a->bars && !rc; b++) {
        if (a->bar[b].levels * a->bar[b].q >= a->design->n) rc = too_many_effects(a, &a->bar[b], err);
    }
    return rc;
}

/* -- parameters ---------------------------------------------------------------------------------------------------- */

size_t lb_lmm_index(const lb_bar *bar, size_t i, size_t j) { return bar->parameter + j * bar->q - j * (j + 1) / 2 + i; }

double lb_lmm_relative(const lb_lmm *a, size_t b, size_t j, const double *theta)
{
    const lb_bar *bar = &a->bar[b];
    double sum = 0;
    for (size_t i = 0; i < a->design->n; i++) sum += bar->z[i + j * a->design->n] * bar->z[i + j * a->design->n];
    double sigma = exp(theta[a->residual] / 2);
    return fabs(theta[lb_lmm_index(bar, j, j)]) * sqrt(sum / (double)a->design->n) / sigma;
}

/* Each bar by its Cholesky factor, the residual variance by its logarithm. */
static void value(const lb_mapping *map, const double *theta, double *phi)
{
    const lb_lmm *a = map->context;
    for (size_t b = 0; b < a->bars; b++) {
        lb_mapping part;
        size_t q = a->bar[b].q;
        lb_root_mapping(q, a->arena, &part);
        part.value(&part, theta + a->bar[b].parameter, phi + a->bar[b].parameter);
    }
    phi[a->residual] = exp(theta[a->residual]);
}

static void place(const double *part, size_t count, size_t at, size_t m, double *out)
{
    for (size_t j = 0; j < count; j++) memcpy(out + at + (at + j) * m, part + j * count, count * sizeof *out);
}

static void jacobian(const lb_mapping *map, const double *theta, double *j)
{
    const lb_lmm *a = map->context;
    enum { MOST = LB_BAR_EFFECTS * (LB_BAR_EFFECTS + 1) / 2 };
    double *work = lb_alloc(MOST * MOST, sizeof *work);
    memset(j, 0, map->m * map->k * sizeof *j);
    for (size_t b = 0; b < a->bars; b++) {
        lb_mapping part;
        lb_root_mapping(a->bar[b].q, a->arena, &part);
        part.jacobian(&part, theta + a->bar[b].parameter, work);
        place(work, part.k, a->bar[b].parameter, map->m, j);
    }
    j[a->residual + a->residual * map->m] = exp(theta[a->residual]);
    free(work);
}

static void curvature(const lb_mapping *map, const double *theta, const double *g, double *out)
{
    const lb_lmm *a = map->context;
    enum { MOST = LB_BAR_EFFECTS * (LB_BAR_EFFECTS + 1) / 2 };
    double *work = lb_alloc(MOST * MOST, sizeof *work);
    memset(out, 0, map->k * map->k * sizeof *out);
    for (size_t b = 0; b < a->bars; b++) {
        lb_mapping part;
        lb_root_mapping(a->bar[b].q, a->arena, &part);
        part.curvature(&part, theta + a->bar[b].parameter, g + a->bar[b].parameter, work);
        place(work, part.k, a->bar[b].parameter, map->k, out);
    }
    out[a->residual + a->residual * map->k] = g[a->residual] * exp(theta[a->residual]);
    free(work);
}

static bool inverse(const lb_mapping *map, const double *phi, double *theta)
{
    const lb_lmm *a = map->context;
    double g[LB_BAR_EFFECTS * LB_BAR_EFFECTS];
    for (size_t b = 0; b < a->bars; b++) {
        const lb_bar *bar = &a->bar[b];
        for (size_t j = 0; j < bar->q; j++) {
            for (size_t i = j; i < bar->q; i++) g[i + j * bar->q] = phi[lb_lmm_index(bar, i, j)];
        }
        if (lb_chol(g, bar->q)) return false;
        for (size_t j = 0; j < bar->q; j++) {
            for (size_t i = j; i < bar->q; i++) theta[lb_lmm_index(bar, i, j)] = g[i + j * bar->q];
        }
    }
    theta[a->residual] = log(phi[a->residual]);
    return phi[a->residual] > 0;
}

/* -- fitting ------------------------------------------------------------------------------------------------------- */

static bool same_group(const lb_bar *a, const lb_bar *b) { return !strcmp(a->group, b->group); }

/* The bars of the blocks first: those of the grouping with the most effects. Returns how many. */
static size_t choose_blocks(const lb_lmm *a, const lb_bar **bar)
{
    size_t best = 0, most = 0, count = 0;
    for (size_t b = 0; b < a->bars; b++) {
        size_t effects = 0;
        for (size_t o = 0; o < a->bars; o++) effects += same_group(&a->bar[b], &a->bar[o]) ? a->bar[o].levels * a->bar[o].q : 0;
        if (effects > most) most = effects, best = b;
    }
    for (size_t b = 0; b < a->bars; b++) {
        if (same_group(&a->bar[b], &a->bar[best])) bar[count++] = &a->bar[b];
    }
    return count;
}

/* Parameters: the blocks' bars, the residual, then the others. */
static int arrange(lb_lmm *a, const lb_bar **inner, size_t *count, size_t *parameters, lb_error *err)
{
    enum { MOST = 1000 };
    size_t at = 0, effects = 0;
    *count = choose_blocks(a, inner);
    for (size_t i = 0; i < *count; i++) {
        lb_bar *bar = &a->bar[inner[i] - a->bar];
        bar->parameter = at;
        at += bar->q * (bar->q + 1) / 2;
        effects += bar->q;
    }
    if (effects > LB_BAR_EFFECTS) return usage(err, "formula", "a group has more than 16 random effects", "use fewer");
    a->residual = at++;
    for (size_t b = 0; b < a->bars; b++) {
        lb_bar *bar = &a->bar[b];
        if (same_group(bar, inner[0])) continue;
        bar->parameter = at;
        a->extra[a->extras++] = (lb_extra){a->columns, bar->levels, bar->q, at};
        at += bar->q * (bar->q + 1) / 2;
        a->columns += bar->levels * bar->q;
    }
    *parameters = at;
    if (a->columns > MOST) {
        lb_fail(err, LB_TOO_LARGE, "the crossed groupings beside %s have %zu random effects; at most %d can be fitted", inner[0]->group,
                a->columns, MOST);
        lb_error_where(err, "formula");
        lb_error_hint(err, "keep as random effects only groupings with fewer levels");
        return LB_TOO_LARGE;
    }
    return LB_OK;
}

/* [Z of the other groupings, Q, residual] */
static double *columns_of(const lb_lmm *a)
{
    size_t n = a->design->n, at = 0, rank = a->basis.rank;
    double *x = lb_arena_try(a->arena, n, (a->columns + rank + 1) * sizeof *x);
    for (size_t b = 0; x && b < a->bars; b++) {
        const lb_bar *bar = &a->bar[b];
        if (bar->parameter < a->residual) continue;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < bar->q; j++) x[i + (at + (size_t)bar->code[i] * bar->q + j) * n] = bar->z[i + j * n];
        }
        at += bar->levels * bar->q;
    }
    if (!x) return NULL;
    memcpy(x + at * n, a->basis.q, n * rank * sizeof *x);
    memcpy(x + (at + rank) * n, a->basis.residual, n * sizeof *x);
    return x;
}

void lb_lmm_start(const lb_lmm *a, double *theta)
{
    size_t n = a->design->n, effects = 0;
    double s2 = a->basis.fit.rss / (double)(n - a->basis.rank);
    for (size_t b = 0; b < a->bars; b++) effects += a->bar[b].q;
    theta[a->residual] = log(s2 / 2);
    for (size_t b = 0; b < a->bars; b++) {
        for (size_t j = 0; j < a->bar[b].q; j++) {
            double sum = 1e-300;
            for (size_t i = 0; i < n; i++) sum += a->bar[b].z[i + j * n] * a->bar[b].z[i + j * n] / (double)n;
            theta[lb_lmm_index(&a->bar[b], j, j)] = sqrt(s2 / 2 / (double)effects / sum);
        }
    }
}

/* Variances that went to zero are set to zero exactly when the likelihood does not mind. */
static void settle(lb_lmm *a)
{
    size_t k = a->reml.map.k;
    double *theta = lb_alloc(2 * k, sizeof *theta), *kept = theta + k, before = a->reml.deviance;
    bool changed = false;
    memcpy(theta, a->reml.theta, k * sizeof *theta);
    memcpy(kept, theta, k * sizeof *theta);
    for (size_t b = 0; b < a->bars; b++) {
        for (size_t j = 0; j < a->bar[b].q; j++) {
            double relative = lb_lmm_relative(a, b, j, kept);
            a->singular = a->singular || relative < 1e-4;
            if (relative > 1e-4) continue;
            theta[lb_lmm_index(&a->bar[b], j, j)] = 0;
            changed = true;
        }
    }
    if (changed) {
        if (!(lb_reml_at(&a->reml, theta) < before + 1e-8 * (1 + fabs(before)))) lb_reml_at(&a->reml, kept);
        lb_reml_derivatives(&a->reml);
    }
    free(theta);
}

static double df_of(const lb_linear *model, const double *l)
{
    const lb_lmm *a = model->df_context;
    return a->df_method == LB_DF_RESIDUAL ? (double)(a->design->n - a->basis.rank) : lb_mixed_df_of(&a->df, l);
}

static int check_outcome(const lb_lmm *a, lb_error *err)
{
    const lb_design *d = a->design;
    double total = 0, mean = lb_sum(d->y, d->n) / (double)d->n;
    for (size_t i = 0; i < d->n; i++) total += (d->y[i] - mean) * (d->y[i] - mean);
    int rc = lb_design_enough(d, a->basis.rank, a->table->name, err);
    if (rc) return rc;
    if (d->n > a->basis.rank && a->basis.fit.rss > 1e-24 * (total + mean * mean)) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "the outcome %s is explained without any remainder (%zu rows, %zu coefficients), so it has no variance "
            "to model", d->response, d->n, a->basis.rank);
    lb_error_where(err, "%s", a->table->name);
    lb_error_hint(err, "leave terms out of the formula; or see whether the outcome stands on its right side, too");
    return LB_BAD_DATA;
}

int lb_lmm_prepare(lb_lmm *a, lb_error *err)
{
    const lb_bar *inner[LB_BARS];
    size_t count, parameters;
    a->extras = a->columns = 0;
    a->singular = false;
    int rc = arrange(a, inner, &count, &parameters, err);
    if (!rc) rc = lb_basis_new(a->design, a->arena, &a->basis, err);
    if (!rc) rc = check_outcome(a, err);
    if (rc) return rc;
    double *x = columns_of(a);
    if (!x) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", a->design->n);
    rc = lb_groups_new(x, a->design->n, a->columns + a->basis.rank, inner, count, a->arena, &a->blocks, err);
    if (rc) return rc;
    a->reml = (lb_reml){.blocks = &a->blocks, .p = a->basis.rank, .ml = a->ml, .basis_logdet = a->basis.logdet, .extra = a->extra,
                        .extras = a->extras};
    a->reml.map = (lb_mapping){.k = parameters, .m = parameters, .context = a, .value = value, .jacobian = jacobian,
                               .curvature = curvature, .inverse = inverse};
    return LB_OK;
}

int lb_lmm_maximise(lb_lmm *a, lb_error *err)
{
    int rc = lb_reml_new(&a->reml, a->arena, err);
    if (rc) return rc;
    double *theta = lb_alloc(a->reml.map.k, sizeof *theta);
    lb_lmm_start(a, theta);
    lb_reml_fit(&a->reml, theta);
    free(theta);
    if (!isfinite(a->reml.deviance)) return lb_fail(err, LB_FAILED, "the likelihood cannot be computed for these data");
    settle(a);
    return LB_OK;
}

int lb_lmm_fit(lb_lmm *a, lb_error *err)
{
    int rc = lb_lmm_prepare(a, err);
    if (!rc) rc = lb_lmm_maximise(a, err);
    if (rc) return rc;
    unsigned flags = a->df_method == LB_DF_KR ? LB_DF_ADJUST | LB_DF_EXPECTED : 0;
    rc = lb_mixed_df_new(&a->reml, flags, &a->df, err);
    if (rc) return rc;
    a->model = (lb_linear){.design = a->design, .p = a->design->p, .aliased = a->basis.fit.aliased, .df = NAN, .df_of = df_of,
                           .df_context = a, .level = lb_call_number(a->call, "level")};
    a->model.coefficient = lb_mixed_on_design(&a->reml, &a->basis, &a->df);
    a->model.vcov = a->df.adjusted;
    return LB_OK;
}
