/* Profile-likelihood intervals of a linear mixed model (Bates et al. 2015, doi:10.18637/jss.v067.i01, §5.1; Venzon & Moolgavkar 1988,
 * doi:10.2307/2347496): a value is inside when the full likelihood, maximised over everything else, loses less than half a
 * chi-squared quantile. The limits are roots, not interpolations. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lumbar/numeric.h>

#include "lmm_model.h"

/* θ of the model from k − 1 free ones: θ[fixed] = value + factor θ[along]. */
typedef struct constraint {
    lb_mapping inner;
    size_t fixed, along;
    double value, factor;
} constraint;

typedef enum quantity { STANDARD_DEVIATION, CORRELATION, COEFFICIENT } quantity;

/* What is profiled. Each evaluation is a maximisation of its own, started where the last one ended. */
typedef struct profile {
    const lb_lmm *whole; /* fitted by full maximum likelihood */
    lb_lmm model;        /* the same with the effects of interest first in their bar */
    lb_arena *arena;     /* of the model */
    constraint held;
    quantity kind;
    size_t bar, column;  /* bar: that of the residual when there is none such */
    double z, *start;
    bool warm, failed;
} profile;

static void expand(const constraint *c, const double *unheld, double *theta)
{
    for (size_t i = 0, from = 0; i < c->inner.k; i++) theta[i] = i == c->fixed ? 0 : unheld[from++];
    theta[c->fixed] = c->factor == 0 ? c->value : c->factor * theta[c->along];
}

static void held_value(const lb_mapping *map, const double *unheld, double *phi)
{
    const constraint *c = map->context;
    double *theta = lb_alloc(c->inner.k, sizeof *theta);
    expand(c, unheld, theta);
    c->inner.value(&c->inner, theta, phi);
    free(theta);
}

/* Column i of the free ones is column i of all, and the part of the fixed one that moves along. */
static void held_jacobian(const lb_mapping *map, const double *unheld, double *j)
{
    const constraint *c = map->context;
    size_t k = c->inner.k, m = c->inner.m;
    double *theta = lb_alloc(k, sizeof *theta), *all = lb_alloc(m * k, sizeof *all);
    expand(c, unheld, theta);
    c->inner.jacobian(&c->inner, theta, all);
    for (size_t i = 0, to = 0; i < k; i++) {
        if (i == c->fixed) continue;
        double with = c->factor != 0 && i == c->along ? c->factor : 0;
        for (size_t r = 0; r < m; r++) j[r + to * m] = all[r + i * m] + with * all[r + c->fixed * m];
        to++;
    }
    free(theta);
    free(all);
}

static void held_curvature(const lb_mapping *map, const double *unheld, const double *g, double *out)
{
    const constraint *c = map->context;
    size_t k = c->inner.k, n = k - 1, f = c->fixed;
    double *theta = lb_alloc(k, sizeof *theta), *all = lb_alloc(k * k, sizeof *all);
    expand(c, unheld, theta);
    c->inner.curvature(&c->inner, theta, g, all);
    for (size_t j = 0, b = 0; j < k; j++) {
        if (j == f) continue;
        double bj = c->factor != 0 && j == c->along ? c->factor : 0;
        for (size_t i = 0, a = 0; i < k; i++) {
            if (i == f) continue;
            double ai = c->factor != 0 && i == c->along ? c->factor : 0;
            out[a++ + b * n] = all[i + j * k] + ai * all[f + j * k] + bj * all[i + f * k] + ai * bj * all[f + f * k];
        }
        b++;
    }
    free(theta);
    free(all);
}

/* Deviance with the coefficient of one column held: it goes to the left side. */
static double held_coefficient(profile *p, double value)
{
    const lb_design *d = p->whole->design;
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_lmm model = *p->whole;
    lb_design design = *d;
    double deviance = NAN;
    design.p = d->p - 1;
    design.x = lb_arena_try(arena, d->n, (d->p + 1) * sizeof *design.x);
    design.y = lb_arena_try(arena, d->n, sizeof *design.y);
    if (design.x && design.y) {
        memcpy(design.x, d->x, d->n * p->column * sizeof *d->x);
        memcpy(design.x + d->n * p->column, d->x + d->n * (p->column + 1), d->n * (d->p - 1 - p->column) * sizeof *d->x);
        for (size_t i = 0; i < d->n; i++) design.y[i] = d->y[i] - value * d->x[i + p->column * d->n];
        model.design = &design;
        model.arena = arena;
        if (!lb_lmm_prepare(&model, &err) && !lb_lmm_maximise(&model, &err) && model.reml.converged) deviance = model.reml.deviance;
    }
    lb_arena_free(arena);
    return deviance;
}

/* Deviance with a standard deviation, a correlation or the residual's standard deviation held. */
static double held_variance(profile *p, double value)
{
    lb_reml *reml = &p->model.reml;
    constraint *c = &p->held;
    c->factor = p->kind == CORRELATION ? value / sqrt(1 - value * value) : 0;
    c->value = p->kind == CORRELATION ? 0 : p->bar < p->model.bars ? value : 2 * log(value);
    if (!p->warm) {
        double *theta = lb_alloc(c->inner.k, sizeof *theta);
        lb_lmm_start(&p->model, theta);
        for (size_t i = 0, to = 0; i < c->inner.k; i++)
            if (i != c->fixed) p->start[to++] = theta[i];
        free(theta);
    }
    lb_reml_fit(reml, p->start);
    if (!isfinite(reml->deviance) || !reml->converged) return NAN;
    memcpy(p->start, reml->theta, reml->map.k * sizeof *p->start);
    p->warm = true;
    return reml->deviance;
}

/* √ of what the deviance gains by holding, less the quantile: almost a straight line. */
static double excess(double value, void *context)
{
    profile *p = context;
    double deviance = p->kind == COEFFICIENT ? held_coefficient(p, value) : held_variance(p, value);
    if (isnan(deviance)) p->failed = true;
    return p->failed ? NAN : sqrt(fmax(0, deviance - p->whole->reml.deviance)) - p->z;
}

/* One limit: outward from the estimate until the likelihood has fallen enough, then the root between. `edge` when it never does. */
static double limit(profile *p, double estimate, double (*outward)(double estimate, int step, double scale), double scale, double edge)
{
    double inside = estimate, outside = estimate, there = -1, root = NAN;
    lb_error err = LB_ERROR_INIT;
    p->warm = p->failed = false;
    for (int step = 1; step <= 40 && there <= 0 && !p->failed; step++) {
        inside = outside;
        outside = outward(estimate, step, scale);
        there = excess(outside, p);
    }
    if (p->failed) return NAN;
    if (there <= 0) return edge;
    if (inside == estimate) inside = estimate + 1e-3 * (outside - estimate); /* where nothing is lost the slope is not seen */
    int rc = lb_root(excess, p, inside, outside, 1e-10 * fabs(outside - inside), &root, &err);
    return rc || p->failed ? NAN : root;
}

static double by_steps(double estimate, int step, double scale) { return estimate + scale * step; }
static double by_factor(double estimate, int step, double scale) { return estimate * pow(scale, step); }
static double by_tanh(double estimate, int step, double scale) { return tanh(atanh(estimate) + scale * step); }

static void set_row(const lb_lmm *a, lb_value *rows, const char *const *name, double estimate, double lower, double upper)
{
    static const char *const key[] = {"quantity", "group", "term1", "term2"};
    lb_value *row = lb_push_object(rows);
    for (size_t i = 0; i < LB_COUNT(key); i++) lb_set_text(row, key[i], name[i]);
    lb_set_number(row, "estimate", estimate);
    lb_set_number(row, "lower", lower);
    lb_set_number(row, "upper", upper);
    if (!isnan(lower) && !isnan(upper)) return;
    lb_set_text(row, "reason", "the likelihood could not be maximised on the way to a limit");
    lb_result_warn(a->result, "no profile interval for the %s of %s", name[0], name[2] ? name[2] : name[1]);
}

/* Effects i and j of the bar come first, so that their standard deviation or correlation is a condition on one θ. */
static int arrange(profile *p, size_t bar, size_t i, size_t j, lb_error *err)
{
    p->model = *p->whole;
    p->model.arena = p->arena;
    p->bar = bar;
    if (bar < p->model.bars) {
        lb_bar *own = &p->model.bar[bar];
        size_t n = p->model.design->n, to = 0;
        double *z = lb_arena_try(p->arena, n, own->q * sizeof *z);
        if (!z) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows", n);
        memcpy(z + n * to++, own->z + n * i, n * sizeof *z);
        if (j != i) memcpy(z + n * to++, own->z + n * j, n * sizeof *z);
        for (size_t k = 0; k < own->q; k++)
            if (k != i && k != j) memcpy(z + n * to++, own->z + n * k, n * sizeof *z);
        own->z = z;
    }
    int rc = lb_lmm_prepare(&p->model, err);
    if (rc) return rc;
    const lb_bar *own = bar < p->model.bars ? &p->model.bar[bar] : NULL;
    lb_mapping inner = p->model.reml.map;
    p->kind = i == j ? STANDARD_DEVIATION : CORRELATION;
    p->held = (constraint){.inner = inner, .fixed = own ? lb_lmm_index(own, i != j, 0) : p->model.residual, .along = own && i != j ? lb_lmm_index(own, 1, 1) : 0};
    p->model.reml.map = (lb_mapping){.k = inner.k - 1, .m = inner.m, .context = &p->held, .value = held_value, .jacobian = held_jacobian,
                                     .curvature = held_curvature};
    p->start = lb_arena_array(p->arena, inner.k + 1, sizeof *p->start);
    return lb_reml_new(&p->model.reml, p->arena, err);
}

static int variance_row(profile *p, size_t bar, size_t i, size_t j, lb_value *rows, lb_error *err)
{
    const lb_lmm *whole = p->whole;
    const lb_bar *own = bar < whole->bars ? &whole->bar[bar] : NULL;
    const double *phi = whole->reml.phi;
    double size = sqrt(own ? phi[lb_lmm_index(own, i, i)] : phi[whole->residual]), lower, upper, sigma = sqrt(phi[whole->residual]);
    const char *name[] = {i == j ? "sd" : "correlation", own ? own->group : "Residual", own ? own->name[j] : NULL, own && i != j ? own->name[i] : NULL};
    p->arena = lb_arena_new();
    int rc = arrange(p, bar, i, j, err);
    if (!rc && i != j) {
        double other = sqrt(phi[lb_lmm_index(own, j, j)]), r = phi[lb_lmm_index(own, i, j)] / (size * other);
        bool defined = size > 0 && other > 0 && fabs(r) < 1 - 1e-9;
        lower = defined ? limit(p, r, by_tanh, -0.25, -1) : NAN;
        upper = defined ? limit(p, r, by_tanh, 0.25, 1) : NAN;
        set_row(whole, rows, name, r, lower, upper);
    } else if (!rc) {
        bool zero = size < 1e-6 * sigma;
        double factor = own ? 1.25 : 1 + 2 / sqrt((double)whole->design->n);
        lower = zero ? 0 : limit(p, size, by_factor, 1 / factor, 0);
        upper = limit(p, zero ? 1e-3 * sigma : size, by_factor, zero ? 2 : factor, INFINITY);
        set_row(whole, rows, name, size, lower, upper);
    }
    lb_arena_free(p->arena);
    return rc;
}

static void coefficient_row(profile *p, size_t column, lb_value *rows)
{
    const lb_linear *model = &p->whole->model;
    const char *name[] = {"coefficient", NULL, model->design->name[column], NULL};
    double b = model->coefficient[column], se = sqrt(model->vcov[column + column * model->p]);
    p->kind = COEFFICIENT;
    p->column = column;
    double lower = limit(p, b, by_steps, -p->z * se, -INFINITY);
    set_row(p->whole, rows, name, b, lower, limit(p, b, by_steps, p->z * se, INFINITY));
}

int lb_lmm_profile(const lb_lmm *a, lb_error *err)
{
    lb_lmm whole = *a;
    whole.ml = true;
    int rc = lb_lmm_fit(&whole, err);
    if (rc) return rc;
    profile p = {.whole = &whole, .z = lb_norm_q((1 - a->model.level) / 2, LB_UPPER)};
    lb_value *rows = lb_set_array(a->result->results, "profile");
    for (size_t b = 0; b < whole.bars && !rc; b++) {
        for (size_t j = 0; j < whole.bar[b].q && !rc; j++)
            for (size_t i = j; i < whole.bar[b].q && !rc; i++) rc = variance_row(&p, b, i, j, rows, err);
    }
    if (!rc) rc = variance_row(&p, whole.bars, 0, 0, rows, err);
    for (size_t j = 0; j < whole.design->p && !rc; j++)
        if (!whole.model.aliased[j]) coefficient_row(&p, j, rows);
    lb_result_note(a->result, "Profile intervals invert the likelihood ratio test by full maximum likelihood; estimates beside them are by full "
                              "maximum likelihood too. A standard deviation's lower limit of 0 and a correlation's of −1 or 1 are edges.");
    return rc;
}
