/* (Restricted) likelihood of a Gaussian model with covariance linear in φ, its gradient and second derivatives (Harville
 * 1977, doi:10.1080/01621459.1977.10480998; Lindstrom & Bates 1988). With P = V⁻¹ − V⁻¹X(XᵀV⁻¹X)⁻¹XᵀV⁻¹ and D = −2 log L:
 * ∂D/∂φj = tr PVj − yᵀPVjPy and ∂²D/∂φj∂φk = −tr PVjPVk + 2 yᵀPVjPVkPy (tr V⁻¹… for ML). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mixed.h"

static double *numbers(lb_arena *arena, size_t count) { return lb_arena_try(arena, count + 1, sizeof(double)); }

int lb_reml_new(lb_reml *model, lb_arena *arena, lb_error *err)
{
    size_t m1 = model->blocks->m, r = model->blocks->r, one = r + 1, k = model->map.k;
    model->arena = arena;
    model->m = model->map.m;
    model->z = r - model->p;
    size_t m = model->m;
    double **const need[] = {&model->phi, &model->theta, &model->c, &model->cov, &model->trace, &model->gamma, &model->a,
                             &model->t, &model->tt, &model->gradient, &model->expected, &model->observed, &model->jacobian,
                             &model->score, &model->hessian};
    const size_t size[] = {m, k, one * one, r * r, r * r, one, m1 * one * one, m1, m1 * m1, m, m * m, m * m, m * k, k, k * k};
    for (size_t i = 0; i < LB_COUNT(need); i++) {
        *need[i] = numbers(arena, size[i]);
        if (!*need[i]) return lb_fail(err, LB_NO_MEMORY, "not enough memory for a model of %zu columns", r);
    }
    return LB_OK;
}

/* s := blkdiag(roots of the G of each level, I), as products: out = Sᵀ M S for symmetric M of the first r rows. */
static void scale_columns(const lb_reml *model, double *const *root, double *x, size_t rows, size_t ld, bool transposed)
{
    for (size_t e = 0; e < model->extras; e++) {
        const lb_extra *extra = &model->extra[e];
        size_t q = extra->q;
        for (size_t level = 0; level < extra->levels; level++) {
            double *at = x + (extra->column + level * q) * ld;
            for (size_t i = 0; i < rows; i++) { /* row vector times L (or Lᵀ), in place in the safe order */
                for (size_t s = 0; s < q; s++) {
                    size_t j = transposed ? q - 1 - s : s;
                    double sum = 0;
                    for (size_t k = 0; k < q; k++) sum += at[i + k * ld] * (transposed ? root[e][j + k * q] : root[e][k + j * q]);
                    at[i + j * ld] = sum;
                }
            }
        }
    }
}

static void transpose(double *a, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < j; i++) {
            double keep = a[i + j * n];
            a[i + j * n] = a[j + i * n], a[j + i * n] = keep;
        }
    }
}

static void full_g(const double *parameters, size_t q, double *g)
{
    for (size_t b = 0; b < q; b++) {
        for (size_t a = b; a < q; a++) g[a + b * q] = g[b + a * q] = *parameters++;
    }
}

/* S F⁻¹ Sᵀ for the first `count` columns, zero elsewhere; f is the Cholesky factor of the scaled matrix. */
static void covariance_of(const lb_reml *model, double *const *root, const double *f, size_t count, double *out)
{
    size_t r = model->blocks->r;
    double *inverse = lb_alloc(count * count + 1, sizeof *inverse), *part = lb_alloc(count * count + 1, sizeof *part);
    for (size_t j = 0; j < count; j++) memcpy(part + j * count, f + j * r, count * sizeof *part);
    lb_chol_inverse(part, count, inverse);
    scale_columns(model, root, inverse, count, count, true);
    transpose(inverse, count);
    scale_columns(model, root, inverse, count, count, true);
    memset(out, 0, r * r * sizeof *out);
    for (size_t j = 0; j < count; j++) {
        for (size_t i = 0; i < count; i++) out[i + j * r] = (inverse[i + j * count] + inverse[j + i * count]) / 2;
    }
    free(inverse);
    free(part);
}

double lb_reml_at(lb_reml *model, const double *theta)
{
    size_t r = model->blocks->r, one = r + 1;
    double logdet, n = model->blocks->n, *root[16] = {NULL};
    memmove(model->theta, theta, model->map.k * sizeof *theta);
    model->map.value(&model->map, model->theta, model->phi);
    model->deviance = INFINITY;
    for (size_t j = 0; j < model->m; j++) {
        if (!isfinite(model->phi[j])) return INFINITY;
    }
    if (model->blocks->set(model->blocks->context, model->phi, &logdet, model->c)) return INFINITY;
    double *f = lb_alloc(r * r + 1, sizeof *f);
    for (size_t e = 0; e < model->extras; e++) {
        size_t q = model->extra[e].q;
        root[e] = lb_alloc(2 * q * q + 1, sizeof **root);
        full_g(model->phi + model->extra[e].parameter, q, root[e] + q * q);
        lb_mixed_root(root[e] + q * q, q, root[e]);
    }
    for (size_t j = 0; j < r; j++) memcpy(f + j * r, model->c + j * one, r * sizeof *f);
    scale_columns(model, root, f, r, r, false);
    transpose(f, r);
    scale_columns(model, root, f, r, r, false);
    for (size_t j = 0; j < model->z; j++) f[j + j * r] += 1;
    if (!lb_chol(f, r)) {
        double log_z = 0, log_x = 0, quad = model->c[one * one - 1];
        for (size_t j = 0; j < r; j++) *(j < model->z ? &log_z : &log_x) += 2 * log(f[j + j * r]);
        covariance_of(model, root, f, r, model->cov);
        if (model->ml) covariance_of(model, root, f, model->z, model->trace);
        else memcpy(model->trace, model->cov, r * r * sizeof *f);
        for (size_t i = 0; i < r; i++) {
            double sum = 0;
            for (size_t j = 0; j < r; j++) sum += model->cov[i + j * r] * model->c[j + r * one];
            model->gamma[i] = -sum;
            quad -= sum * model->c[i + r * one];
        }
        model->gamma[r] = 1;
        double rows = model->ml ? n : n - (double)model->p;
        model->deviance = logdet + log_z + (model->ml ? 0 : log_x + model->basis_logdet) + quad + rows * log(2 * M_PI);
        if (isnan(model->deviance)) model->deviance = INFINITY;
    }
    for (size_t e = 0; e < model->extras; e++) free(root[e]);
    free(f);
    return model->deviance;
}

/* -- derivatives ------------------------------------------------------------------------------------------------ */

/* out = A B, n × n. */
static void product(const double *a, size_t lda, const double *b, size_t ldb, size_t n, double *out)
{
    memset(out, 0, n * n * sizeof *out);
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < n; k++) {
            double factor = b[k + j * ldb];
            if (factor == 0) continue;
            for (size_t i = 0; i < n; i++) out[i + j * n] += a[i + k * lda] * factor;
        }
    }
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* What the second derivatives need of each parameter of the blocks. */
typedef struct parts {
    double *turned; /* m1 of Φ A, r × r, transposed pairs are traced */
    double *u;      /* m1 of [W]ᵀV1⁻¹VjPy */
    double *mid;    /* tr Φ Qjk */
    double *quad;   /* γᵀ Qjk γ */
} parts;

static void block_parts(lb_reml *model, parts *out)
{
    size_t r = model->blocks->r, one = r + 1, m1 = model->blocks->m;
    model->blocks->first(model->blocks->context, model->a, model->t, model->tt);
    double *omega = lb_alloc(one * one, sizeof *omega);
    for (size_t j = 0; j < m1; j++) {
        const double *a = model->a + j * one * one;
        product(model->trace, r, a, one, r, out->turned + j * r * r);
        for (size_t i = 0; i < r; i++) out->u[j * r + i] = dot(a + i * one, model->gamma, one); /* symmetric */
        double gag = dot(out->u + j * r, model->gamma, r) + dot(a + r * one, model->gamma, one), tr = 0;
        for (size_t i = 0; i < r; i++) tr += out->turned[j * r * r + i * (r + 1)];
        model->gradient[j] = model->t[j] - tr - gag;
    }
    for (size_t j = 0; j < r; j++) memcpy(omega + j * one, model->trace + j * r, r * sizeof *omega);
    model->blocks->pairs(model->blocks->context, omega, out->mid);
    for (size_t j = 0; j < one; j++) {
        for (size_t i = 0; i < one; i++) omega[i + j * one] = model->gamma[i] * model->gamma[j];
    }
    model->blocks->pairs(model->blocks->context, omega, out->quad);
    free(omega);
}

static void block_second(lb_reml *model, const parts *part)
{
    size_t r = model->blocks->r, m1 = model->blocks->m, m = model->m;
    double *cu = lb_alloc(r + 1, sizeof *cu), *back = lb_alloc(r * r + 1, sizeof *back);
    for (size_t j = 0; j < m1; j++) {
        const double *bj = part->turned + j * r * r;
        for (size_t b = 0; b < r; b++) {
            for (size_t a = 0; a < r; a++) back[a + b * r] = bj[b + a * r];
        }
        for (size_t i = 0; i < r; i++) cu[i] = dot(model->cov + i * r, part->u + j * r, r);
        for (size_t k = j; k < m1; k++) {
            double cross = dot(back, part->turned + k * r * r, r * r);
            double expected = model->tt[j + k * m1] - 2 * part->mid[j + k * m1] + cross;
            double y = part->quad[j + k * m1] - dot(cu, part->u + k * r, r);
            model->expected[j + k * m] = model->expected[k + j * m] = expected;
            model->observed[j + k * m] = model->observed[k + j * m] = -expected + 2 * y;
        }
    }
    free(cu);
    free(back);
}

/* (C − C Φ C) of the leading z rows and columns: Zᵀ P Z. */
static void projected(const lb_reml *model, const double *phi, double *out)
{
    size_t r = model->blocks->r, one = r + 1, z = model->z;
    double *cp = lb_alloc(r * r + 1, sizeof *cp);
    product(model->c, one, phi, r, r, cp);
    for (size_t j = 0; j < z; j++) {
        for (size_t i = 0; i < z; i++) {
            double sum = model->c[i + j * one];
            for (size_t k = 0; k < r; k++) sum -= cp[i + k * r] * model->c[k + j * one];
            out[i + j * z] = sum;
        }
    }
    free(cp);
}

/* One parameter of a further grouping: V = Σ over levels of z_a z_bᵀ (+ transposed when a ≠ b). */
typedef struct pair { size_t parameter, column, levels, q, a, b; } pair;

static size_t list_pairs(const lb_reml *model, pair *out)
{
    size_t count = 0;
    for (size_t e = 0; e < model->extras; e++) {
        const lb_extra *x = &model->extra[e];
        size_t at = x->parameter;
        for (size_t b = 0; b < x->q; b++) {
            for (size_t a = b; a < x->q; a++) out[count++] = (pair){at++, x->column, x->levels, x->q, a, b};
        }
    }
    return count;
}

/* Σ over levels of M[a, b] + M[b, a] (once when a = b). */
static double level_trace(const pair *f, const double *m, size_t z)
{
    double sum = 0;
    for (size_t l = 0; l < f->levels; l++) {
        size_t a = f->column + l * f->q + f->a, b = f->column + l * f->q + f->b;
        sum += f->a == f->b ? m[a + a * z] : m[a + b * z] + m[b + a * z];
    }
    return sum;
}

/* out = E v */
static void level_apply(const pair *f, const double *v, size_t z, double *out)
{
    memset(out, 0, z * sizeof *out);
    for (size_t l = 0; l < f->levels; l++) {
        size_t a = f->column + l * f->q + f->a, b = f->column + l * f->q + f->b;
        out[a] += v[b];
        if (a != b) out[b] += v[a];
    }
}

/* tr E_f M E_g M */
static double level_square(const pair *f, const pair *g, const double *m, size_t z)
{
    double sum = 0;
    for (size_t i = 0; i < f->levels; i++) {
        size_t a = f->column + i * f->q + f->a, b = f->column + i * f->q + f->b;
        for (size_t j = 0; j < g->levels; j++) {
            size_t c = g->column + j * g->q + g->a, d = g->column + j * g->q + g->b;
            double one = m[b + c * z] * m[d + a * z], two = m[b + d * z] * m[c + a * z];
            double three = m[a + c * z] * m[d + b * z], four = m[a + d * z] * m[c + b * z];
            sum += a == b && c == d ? one : a == b || c == d ? (a == b ? one + two : one + three) : one + two + three + four;
        }
    }
    return sum;
}

/* (I − CΦ) A (I − ΦC) of the leading z rows and columns: Zᵀ P Vj P Z. */
static void sandwiched(const lb_reml *model, const double *ic, const double *a, double *out)
{
    size_t r = model->blocks->r, one = r + 1, z = model->z;
    double *half = lb_alloc(z * r + 1, sizeof *half);
    for (size_t j = 0; j < r; j++) {
        for (size_t i = 0; i < z; i++) {
            double sum = 0;
            for (size_t k = 0; k < r; k++) sum += ic[i + k * r] * a[k + j * one];
            half[i + j * z] = sum;
        }
    }
    for (size_t j = 0; j < z; j++) {
        for (size_t i = 0; i < z; i++) {
            double sum = 0;
            for (size_t k = 0; k < r; k++) sum += half[i + k * z] * ic[j + k * r];
            out[i + j * z] = sum;
        }
    }
    free(half);
}

/* I − C Φ */
static void complement(const lb_reml *model, const double *phi, double *out)
{
    size_t r = model->blocks->r;
    product(model->c, r + 1, phi, r, r, out);
    for (size_t i = 0; i < r * r; i++) out[i] = -out[i];
    for (size_t i = 0; i < r; i++) out[i + i * r] += 1;
}

static void extra_parts(lb_reml *model, const parts *part)
{
    size_t r = model->blocks->r, one = r + 1, z = model->z, m = model->m, m1 = model->blocks->m;
    double *trace = lb_alloc(z * z, sizeof *trace), *whole = lb_alloc(z * z, sizeof *whole), *n = lb_alloc(z * z, sizeof *n);
    double *ic = lb_alloc(r * r, sizeof *ic), *full = lb_alloc(r * r, sizeof *full), *w = lb_alloc(z, sizeof *w);
    double *ew = lb_alloc(m * z, sizeof *ew), *v = lb_alloc(z, sizeof *v);
    pair *pairs = lb_alloc(m, sizeof *pairs);
    size_t count = list_pairs(model, pairs);
    projected(model, model->trace, trace);
    projected(model, model->cov, whole);
    complement(model, model->trace, ic);
    complement(model, model->cov, full);
    for (size_t i = 0; i < z; i++) w[i] = dot(model->c + i * one, model->gamma, one); /* ZᵀPy */
    for (size_t k = 0; k < count; k++) {
        level_apply(&pairs[k], w, z, ew + k * z);
        model->gradient[pairs[k].parameter] = level_trace(&pairs[k], trace, z) - dot(w, ew + k * z, z);
    }
    for (size_t j = 0; j < m1; j++) {
        sandwiched(model, ic, model->a + j * one * one, n);
        for (size_t i = 0; i < z; i++) {
            v[i] = 0;
            for (size_t k = 0; k < r; k++) v[i] += full[i + k * r] * part->u[j * r + k];
        }
        for (size_t k = 0; k < count; k++) {
            size_t p = pairs[k].parameter;
            double expected = level_trace(&pairs[k], n, z);
            model->expected[j + p * m] = model->expected[p + j * m] = expected;
            model->observed[j + p * m] = model->observed[p + j * m] = -expected + 2 * dot(v, ew + k * z, z);
        }
    }
    for (size_t j = 0; j < count; j++) {
        for (size_t i = 0; i < z; i++) v[i] = dot(whole + i * z, ew + j * z, z);
        for (size_t k = 0; k < count; k++) {
            size_t at = pairs[j].parameter + pairs[k].parameter * m;
            model->expected[at] = level_square(&pairs[j], &pairs[k], trace, z);
            model->observed[at] = -model->expected[at] + 2 * dot(v, ew + k * z, z);
        }
    }
    double *const mine[] = {trace, whole, n, ic, full, w, ew, v};
    for (size_t i = 0; i < LB_COUNT(mine); i++) free(mine[i]);
    free(pairs);
}

/* out = Jᵀ H J */
static void pull_back(const double *h, size_t m, const double *j, size_t k, double *out)
{
    double *half = lb_alloc(m * k + 1, sizeof *half);
    for (size_t c = 0; c < k; c++) {
        for (size_t i = 0; i < m; i++) half[i + c * m] = dot(h + i * m, j + c * m, m);
    }
    for (size_t c = 0; c < k; c++) {
        for (size_t i = 0; i < k; i++) out[i + c * k] = dot(j + i * m, half + c * m, m);
    }
    free(half);
}

void lb_reml_derivatives(lb_reml *model)
{
    size_t r = model->blocks->r, m1 = model->blocks->m, m = model->m, k = model->map.k;
    parts part = {lb_alloc(m1 * r * r + 1, sizeof(double)), lb_alloc(m1 * r + 1, sizeof(double)),
                  lb_alloc(m1 * m1 + 1, sizeof(double)), lb_alloc(m1 * m1 + 1, sizeof(double))};
    block_parts(model, &part);
    block_second(model, &part);
    if (model->extras) extra_parts(model, &part);
    double *curve = lb_alloc(k * k + 1, sizeof *curve);
    model->map.jacobian(&model->map, model->theta, model->jacobian);
    pull_back(model->observed, m, model->jacobian, k, model->hessian);
    model->map.curvature(&model->map, model->theta, model->gradient, curve);
    for (size_t i = 0; i < k * k; i++) model->hessian[i] += curve[i];
    for (size_t i = 0; i < k; i++) model->score[i] = dot(model->jacobian + i * m, model->gradient, m);
    free(curve);
    free(part.turned);
    free(part.u);
    free(part.mid);
    free(part.quad);
}

/* -- maximising ------------------------------------------------------------------------------------------------- */

/* Newton step; Fisher scoring (Jᵀ E J) where the Hessian is not positive definite, then with a growing ridge. Returns the
 * decrement; *newton says whether it is Newton's own. */
static double direction(const lb_reml *model, double *step, bool *newton)
{
    size_t k = model->map.k;
    double *h = lb_alloc(k * k + 1, sizeof *h), *fisher = lb_alloc(k * k + 1, sizeof *fisher), ridge = 0;
    pull_back(model->expected, model->m, model->jacobian, k, fisher);
    bool good = false;
    *newton = true;
    for (int attempt = 0; attempt < 40 && !good; attempt++) {
        memcpy(h, attempt ? fisher : model->hessian, k * k * sizeof *h);
        for (size_t i = 0; i < k && attempt; i++) h[i + i * k] += ridge * (fisher[i + i * k] + 1e-8);
        good = !lb_chol(h, k);
        *newton = attempt == 0;
        if (attempt) ridge = ridge > 0 ? ridge * 10 : 1e-12;
    }
    for (size_t i = 0; i < k; i++) step[i] = -model->score[i];
    lb_chol_solve(h, k, step, 1);
    double decrement = -dot(step, model->score, k);
    free(h);
    free(fisher);
    return good ? decrement : NAN;
}

/* Fisher scoring in φ itself, where it is iterated generalised least squares and quick from afar (Goldstein 1986,
 * doi:10.1093/biomet/73.1.43); refused when it leaves the inside or does not help. */
static bool scoring_step(lb_reml *model, double *theta, double *best)
{
    size_t m = model->m, k = model->map.k;
    double *e = lb_alloc(m * m + 1, sizeof *e), *phi = lb_alloc(m + k + 1, sizeof *phi), *trial = phi + m;
    memcpy(e, model->expected, m * m * sizeof *e);
    bool good = !lb_chol(e, m);
    if (good) {
        for (size_t j = 0; j < m; j++) phi[j] = model->gradient[j];
        lb_chol_solve(e, m, phi, 1);
        for (size_t j = 0; j < m; j++) phi[j] = model->phi[j] - phi[j];
        good = model->map.inverse(&model->map, phi, trial);
    }
    double there = good ? lb_reml_at(model, trial) : INFINITY;
    good = there < *best - 1e-4;
    if (good) {
        *best = there;
        memcpy(theta, trial, k * sizeof *theta);
    } else {
        lb_reml_at(model, theta);
        lb_reml_derivatives(model);
    }
    free(e);
    free(phi);
    return good;
}

/* Goes to the best of halved steps from θ; false when none helps. */
static bool line_search(lb_reml *model, double *theta, const double *step, double decrement, double *best)
{
    size_t k = model->map.k;
    double *trial = lb_alloc(k + 1, sizeof *trial), factor = 1;
    bool moved = false;
    for (int halving = 0; halving < 40 && !moved; halving++, factor /= 2) {
        for (size_t i = 0; i < k; i++) trial[i] = theta[i] + factor * step[i];
        double there = lb_reml_at(model, trial);
        moved = there < *best - 1e-4 * factor * decrement || (decrement < 1e-7 && there < *best + 1e-9 * (1 + fabs(*best)));
        if (moved) *best = there;
    }
    if (moved) memcpy(theta, trial, k * sizeof *theta);
    free(trial);
    return moved;
}

void lb_reml_fit(lb_reml *model, const double *start)
{
    enum { MOST = 200, FIRST = 5 };
    size_t k = model->map.k;
    double *theta = lb_alloc(2 * k + 1, sizeof *theta), *step = theta + k;
    memcpy(theta, start, k * sizeof *theta);
    double best = lb_reml_at(model, theta), last = INFINITY;
    model->converged = false;
    for (model->iterations = 0; model->iterations < MOST && isfinite(best); model->iterations++) {
        bool newton;
        lb_reml_derivatives(model);
        if (model->iterations < FIRST && model->map.inverse && scoring_step(model, theta, &best)) continue;
        double decrement = model->decrement = direction(model, step, &newton);
        if (isnan(decrement)) break;
        /* Newton's steps square the error: after one with a decrement below 1e-10 rounding is all that is left. */
        if (last < 1e-10 || decrement < 1e-22 || (!newton && decrement < 1e-16)) {
            model->converged = true;
            break;
        }
        last = newton ? decrement : INFINITY;
        if (!line_search(model, theta, step, decrement, &best)) break;
    }
    if (isfinite(best)) {
        lb_reml_at(model, theta);
        if (!model->converged) lb_reml_derivatives(model);
        model->converged = model->converged || model->decrement < 1e-8;
    }
    free(theta);
}
