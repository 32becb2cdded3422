/* Degrees of freedom and adjusted covariance of estimates: Satterthwaite (Fai & Cornelius 1996,
 * doi:10.1080/00949659608811740), Kenward & Roger 1997 (doi:10.2307/2533558) with covariance linear in its parameters.
 * For one row of contrasts Kenward and Roger's degrees of freedom reduce to Satterthwaite's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mixed.h"

/* All at hand in W = [Z X]: base change of what is asked of the blocks and of the further groupings. */
typedef struct frame {
    lb_reml *model;
    size_t r, one, z, p;
    double *top;   /* Φ[x, :] as p × r */
    double *dx;    /* (Φ C)[x, z]: p × z */
    double *m;     /* ZᵀPZ: z × z */
    double *ic;    /* (I − ΦC)[:, z]: r × z */
} frame;

static void multiply(const double *a, size_t lda, bool at, const double *b, size_t ldb, size_t n, size_t inner, size_t columns,
                     double *out)
{
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t k = 0; k < inner; k++) sum += (at ? a[k + i * lda] : a[i + k * lda]) * b[k + j * ldb];
            out[i + j * n] = sum;
        }
    }
}

static void frame_fill(frame *f)
{
    const lb_reml *model = f->model;
    size_t r = f->r, z = f->z, p = f->p;
    for (size_t j = 0; j < r; j++) {
        for (size_t i = 0; i < p; i++) f->top[i + j * p] = model->cov[z + i + j * r];
    }
    multiply(f->top, p, false, model->c, f->one, p, r, z, f->dx);
    double *pc = lb_alloc(r * z + 1, sizeof *pc);
    multiply(model->cov, r, false, model->c, f->one, r, r, z, pc);
    for (size_t j = 0; j < z; j++) {
        for (size_t i = 0; i < r; i++) f->ic[i + j * r] = (i == j) - pc[i + j * r];
    }
    multiply(model->c, f->one, false, f->ic, r, z, r, z, f->m);
    free(pc);
}

/* Column of E times X: for parameter (a, b) of a grouping, y := X E (X has z columns, n rows). */
static void times_levels(const lb_extra *extra, size_t a, size_t b, const double *x, size_t n, size_t z, double *y)
{
    memset(y, 0, n * z * sizeof *y);
    for (size_t l = 0; l < extra->levels; l++) {
        size_t ca = extra->column + l * extra->q + a, cb = extra->column + l * extra->q + b;
        for (size_t i = 0; i < n; i++) {
            y[i + cb * n] += x[i + ca * n];
            if (a != b) y[i + ca * n] += x[i + cb * n];
        }
    }
}

/* Per parameter j: left[j] = Φ_x XᵀV⁻¹ Vj restricted to what follows. For the blocks it is kept as A; for a grouping as Dx E. */
static void grouping_left(const frame *f, double *left)
{
    const lb_reml *model = f->model;
    for (size_t e = 0; e < model->extras; e++) {
        const lb_extra *extra = &model->extra[e];
        size_t at = extra->parameter;
        for (size_t b = 0; b < extra->q; b++) {
            for (size_t a = b; a < extra->q; a++, at++) times_levels(extra, a, b, f->dx, f->p, f->z, left + at * f->p * f->z);
        }
    }
}

/* ∂Φ_x/∂φ: Φ A Φ for the blocks, Dx E Dxᵀ for a grouping. */
static void derivatives(const frame *f, const double *left, double *b)
{
    const lb_reml *model = f->model;
    size_t p = f->p, r = f->r, m1 = model->blocks->m;
    double *half = lb_alloc(p * r + 1, sizeof *half);
    for (size_t j = 0; j < model->m; j++) {
        double *out = b + j * p * p;
        if (j < m1) multiply(f->top, p, false, model->a + j * f->one * f->one, f->one, p, r, r, half);
        for (size_t c = 0; c < p; c++) {
            for (size_t i = 0; i < p; i++) {
                double sum = 0;
                for (size_t k = 0; k < (j < m1 ? r : f->z); k++) {
                    sum += j < m1 ? half[i + k * p] * f->top[c + k * p] : left[j * p * f->z + i + k * p] * f->dx[c + k * p];
                }
                out[i + c * p] = sum;
            }
        }
    }
    free(half);
}

/* Σ over blocks' parameters of w (Q − A Φ A), p × p after Φ_x on both sides. */
static void block_adjustment(const frame *f, const double *w, size_t m, double *out)
{
    lb_reml *model = f->model;
    size_t r = f->r, one = f->one, m1 = model->blocks->m, p = f->p;
    double *weight = lb_alloc(m1 * m1 + 1, sizeof *weight), *sum = lb_alloc(one * one, sizeof *sum);
    double *pa = lb_alloc(m1 * r * r + 1, sizeof *pa), *mix = lb_alloc(r * r, sizeof *mix), *half = lb_alloc(p * r + 1, sizeof *half);
    for (size_t j = 0; j < m1; j++) {
        for (size_t k = 0; k < m1; k++) weight[j + k * m1] = w[j + k * m];
        multiply(model->cov, r, false, model->a + j * one * one, one, r, r, r, pa + j * r * r);
    }
    model->blocks->weighted(model->blocks->context, weight, sum);
    for (size_t j = 0; j < m1; j++) { /* − Σj Aj Φ Σk wjk Ak */
        memset(mix, 0, r * r * sizeof *mix);
        for (size_t k = 0; k < m1; k++) {
            for (size_t i = 0; i < r * r; i++) mix[i] += weight[j + k * m1] * pa[k * r * r + i];
        }
        const double *a = model->a + j * one * one;
        for (size_t c = 0; c < r; c++) {
            for (size_t i = 0; i < r; i++) {
                double s = 0;
                for (size_t l = 0; l < r; l++) s += a[l + i * one] * mix[l + c * r];
                sum[i + c * one] -= s;
            }
        }
    }
    multiply(f->top, p, false, sum, one, p, r, r, half);
    for (size_t c = 0; c < p; c++) {
        for (size_t i = 0; i < p; i++) {
            double s = 0;
            for (size_t k = 0; k < r; k++) s += half[i + k * p] * f->top[c + k * p];
            out[i + c * p] += s;
        }
    }
    double *const mine[] = {weight, sum, pa, mix, half};
    for (size_t i = 0; i < LB_COUNT(mine); i++) free(mine[i]);
}

/* Parameters of groupings with all others: Φ_x XᵀV⁻¹Vj P Vk V⁻¹X Φ_x. */
static void grouping_adjustment(const frame *f, const double *left, const double *w, double *out)
{
    const lb_reml *model = f->model;
    size_t p = f->p, r = f->r, z = f->z, m1 = model->blocks->m, m = model->m;
    double *reach = lb_alloc(p * z + 1, sizeof *reach), *half = lb_alloc(p * r + 1, sizeof *half);
    for (size_t j = 0; j < m; j++) {
        if (j < m1) {
            multiply(f->top, p, false, model->a + j * f->one * f->one, f->one, p, r, r, half);
            multiply(half, p, false, f->ic, r, p, r, z, reach);
        } else {
            multiply(left + j * p * z, p, false, f->m, z, p, z, z, reach);
        }
        for (size_t k = m1; k < m; k++) {
            double weight = (j < m1 ? 2 : 1) * w[j + k * m];
            const double *other = left + k * p * z;
            for (size_t c = 0; c < p; c++) {
                for (size_t i = 0; i < p; i++) {
                    double s = 0;
                    for (size_t l = 0; l < z; l++) s += reach[i + l * p] * other[c + l * p];
                    out[i + c * p] += weight * s;
                }
            }
        }
    }
    free(reach);
    free(half);
}

/* Covariance of φ: by the expected information 2 E⁻¹, or J (2 H⁻¹) Jᵀ by the observed one in θ. */
static bool parameter_covariance(const lb_reml *model, unsigned flags, double *w)
{
    size_t m = model->m, k = model->map.k;
    bool good = (flags & LB_DF_EXPECTED) && lb_mixed_inverse(model->expected, m, w);
    if (good) {
        for (size_t i = 0; i < m * m; i++) w[i] *= 2;
        return true;
    }
    double *inverse = lb_alloc(k * k + 1, sizeof *inverse), *half = lb_alloc(m * k + 1, sizeof *half);
    good = lb_mixed_inverse(model->hessian, k, inverse);
    multiply(model->jacobian, m, false, inverse, k, m, k, k, half);
    for (size_t c = 0; c < m; c++) {
        for (size_t i = 0; i < m; i++) {
            double s = 0;
            for (size_t l = 0; l < k; l++) s += half[i + l * m] * model->jacobian[c + l * m];
            w[i + c * m] = 2 * s;
        }
    }
    free(inverse);
    free(half);
    return good;
}

int lb_mixed_df_new(lb_reml *model, unsigned flags, lb_mixed_df *out, lb_error *err)
{
    size_t r = model->blocks->r, p = model->p, z = model->z, m = model->m;
    lb_arena *arena = model->arena;
    *out = (lb_mixed_df){.p = p, .k = model->map.k, .m = m};
    out->vcov = lb_arena_array(arena, p * p + 1, sizeof(double));
    out->adjusted = lb_arena_array(arena, p * p + 1, sizeof(double));
    out->b = lb_arena_try(arena, m * p * p + 1, sizeof(double));
    out->w = lb_arena_array(arena, m * m + 1, sizeof(double));
    if (!out->b) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the degrees of freedom of %zu coefficients", p);
    out->known = parameter_covariance(model, flags, out->w);
    frame f = {model, r, r + 1, z, p, lb_alloc(p * r + 1, sizeof(double)), lb_alloc(p * z + 1, sizeof(double)),
               lb_alloc(z * z + 1, sizeof(double)), lb_alloc(r * z + 1, sizeof(double))};
    double *left = lb_alloc(m * p * z + 1, sizeof *left);
    frame_fill(&f);
    grouping_left(&f, left);
    derivatives(&f, left, out->b);
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i < p; i++) out->vcov[i + j * p] = model->cov[z + i + (z + j) * r];
    }
    if (flags & LB_DF_ADJUST) {
        double *sum = lb_alloc(p * p + 1, sizeof *sum);
        block_adjustment(&f, out->w, m, sum);
        grouping_adjustment(&f, left, out->w, sum);
        for (size_t j = 0; j < p; j++) {
            for (size_t i = 0; i < p; i++) out->adjusted[i + j * p] = out->vcov[i + j * p] + sum[i + j * p] + sum[j + i * p];
        }
        free(sum);
    } else {
        memcpy(out->adjusted, out->vcov, p * p * sizeof(double));
    }
    double *const mine[] = {f.top, f.dx, f.m, f.ic, left};
    for (size_t i = 0; i < LB_COUNT(mine); i++) free(mine[i]);
    return LB_OK;
}

static double form(const double *a, const double *l, size_t p)
{
    double sum = 0;
    for (size_t j = 0; j < p; j++) {
        if (l[j] == 0) continue;
        double row = 0;
        for (size_t i = 0; i < p; i++) row += a[i + j * p] * l[i];
        sum += row * l[j];
    }
    return sum;
}

double lb_mixed_df_of(const lb_mixed_df *df, const double *l)
{
    double variance = form(df->vcov, l, df->p), spread = 0;
    double *g = lb_alloc(df->m + 1, sizeof *g);
    for (size_t j = 0; j < df->m; j++) g[j] = form(df->b + j * df->p * df->p, l, df->p);
    for (size_t j = 0; j < df->m; j++) {
        for (size_t k = 0; k < df->m; k++) spread += g[j] * df->w[j + k * df->m] * g[k];
    }
    free(g);
    return spread > 0 ? 2 * variance * variance / spread : NAN;
}

double *lb_mixed_on_design(const lb_reml *model, const lb_basis *basis, lb_mixed_df *df)
{
    size_t p = basis->p, rank = basis->rank, m = df->m;
    lb_arena *arena = model->arena;
    double *vcov = lb_arena_array(arena, p * p + 1, sizeof *vcov), *adjusted = lb_arena_array(arena, p * p + 1, sizeof *vcov);
    double *b = lb_arena_array(arena, m * p * p + 1, sizeof *b), *beta = lb_arena_array(arena, p + 1, sizeof *beta);
    double *minus = lb_alloc(rank + 1, sizeof *minus);
    for (size_t j = 0; j < rank; j++) minus[j] = -model->gamma[model->z + j];
    lb_basis_coefficients(basis, minus, beta);
    lb_basis_matrix(basis, df->vcov, rank, vcov);
    lb_basis_matrix(basis, df->adjusted, rank, adjusted);
    for (size_t j = 0; j < m; j++) lb_basis_matrix(basis, df->b + j * rank * rank, rank, b + j * p * p);
    free(minus);
    df->vcov = vcov;
    df->adjusted = adjusted;
    df->b = b;
    df->p = p;
    return beta;
}
