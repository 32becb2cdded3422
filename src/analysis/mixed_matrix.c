/* Small matrices of the mixed models: roots of semidefinite matrices, inverses, and the orthonormal basis on which the
 * models are fitted so that cross-products lose nothing (Björck 1996, Numerical Methods for Least Squares, 2.7). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mixed.h"

double lb_mixed_four(const double *b, const double *m, size_t s, size_t a1, size_t b1, size_t c1, size_t d1)
{
    double sum = b[b1 + c1 * s] * m[d1 + a1 * s];
    if (c1 != d1) sum += b[b1 + d1 * s] * m[c1 + a1 * s];
    if (a1 != b1) sum += b[a1 + c1 * s] * m[d1 + b1 * s];
    if (a1 != b1 && c1 != d1) sum += b[a1 + d1 * s] * m[c1 + b1 * s];
    return sum;
}

void lb_mixed_root(const double *g, size_t q, double *l)
{
    memset(l, 0, q * q * sizeof *l);
    for (size_t j = 0; j < q; j++) {
        double pivot = g[j + j * q];
        for (size_t k = 0; k < j; k++) pivot -= l[j + k * q] * l[j + k * q];
        if (!(pivot > 1e-15 * g[j + j * q])) continue;
        pivot = sqrt(pivot);
        l[j + j * q] = pivot;
        for (size_t i = j + 1; i < q; i++) {
            double sum = g[i + j * q];
            for (size_t k = 0; k < j; k++) sum -= l[i + k * q] * l[j + k * q];
            l[i + j * q] = sum / pivot;
        }
    }
}

/* Scaled to a unit diagonal first, so that "zero" does not depend on units. */
bool lb_mixed_inverse(const double *a, size_t k, double *inverse)
{
    double *scaled = lb_alloc(2 * k * k + k + 1, sizeof *scaled), *l = scaled + k * k, *size = l + k * k;
    for (size_t i = 0; i < k; i++) size[i] = a[i + i * k] > 0 ? sqrt(a[i + i * k]) : 1;
    for (size_t j = 0; j < k; j++) {
        for (size_t i = 0; i < k; i++) scaled[i + j * k] = a[i + j * k] / (size[i] * size[j]);
    }
    memcpy(l, scaled, k * k * sizeof *l);
    bool good = !lb_chol(l, k);
    for (size_t i = 0; i < k && good; i++) good = l[i + i * k] > 1e-7;
    if (good) {
        lb_chol_inverse(l, k, inverse);
    } else if (k <= 64) {
        double values[64];
        lb_eigen_symmetric(scaled, k, values, l);
        memset(inverse, 0, k * k * sizeof *inverse);
        for (size_t e = 0; e < k; e++) {
            if (!(values[e] > 1e-10 * values[k - 1])) continue;
            for (size_t j = 0; j < k; j++) {
                for (size_t i = 0; i < k; i++) inverse[i + j * k] += l[i + e * k] * l[j + e * k] / values[e];
            }
        }
    } else {
        for (size_t i = 0; i < k * k; i++) inverse[i] = NAN;
    }
    for (size_t j = 0; j < k; j++) {
        for (size_t i = 0; i < k; i++) inverse[i + j * k] /= size[i] * size[j];
    }
    free(scaled);
    return good;
}

/* Rows of X R⁻¹ in place: x_j := (x_j − Σ_{k<j} x_k r_kj) / r_jj. */
static void apply_inverse(double *x, size_t n, const double *r, size_t p)
{
    for (size_t j = 0; j < p; j++) {
        double *column = x + j * n;
        for (size_t k = 0; k < j; k++) {
            const double *other = x + k * n;
            double factor = r[k + j * p];
            for (size_t i = 0; i < n; i++) column[i] -= other[i] * factor;
        }
        for (size_t i = 0; i < n; i++) column[i] /= r[j + j * p];
    }
}

int lb_basis_new(const lb_design *design, lb_arena *arena, lb_basis *out, lb_error *err)
{
    size_t n = design->n, p = design->p;
    *out = (lb_basis){.n = n, .p = p};
    int rc = lb_lsq_fit(design->x, design->y, NULL, n, p, 0, arena, &out->fit, err);
    if (rc) return rc;
    out->rank = out->fit.rank;
    out->residual = out->fit.residual;
    out->kept = lb_arena_array(arena, p + 1, sizeof *out->kept);
    out->q = lb_arena_try(arena, n, (out->rank + 1) * sizeof *out->q);
    if (!out->q) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu rows of %zu columns", n, p);
    size_t rank = 0;
    for (size_t j = 0; j < p; j++) {
        if (out->fit.aliased[j]) continue;
        out->kept[rank] = j;
        memcpy(out->q + n * rank++, design->x + n * j, n * sizeof *out->q);
    }
    double *r = out->r = lb_arena_array(arena, rank * rank + 1, sizeof *r), *low = lb_arena_array(arena, rank * rank + 1, sizeof *r);
    for (size_t j = 0; j < rank; j++) {
        for (size_t i = j; i < rank; i++) {
            long double sum = 0;
            for (size_t k = 0; k < n; k++) sum += (long double)out->q[k + i * n] * out->q[k + j * n];
            low[i + j * rank] = (double)sum;
        }
    }
    bool good = !lb_chol(low, rank);
    for (size_t j = 0; j < rank; j++) { /* any upper triangle will do; scales alone where the products are too near singular */
        for (size_t i = 0; i <= j; i++) r[i + j * rank] = good ? low[j + i * rank] : 0;
        if (!good) r[j + j * rank] = 1;
    }
    apply_inverse(out->q, n, r, rank);
    for (size_t j = 0; j < rank; j++) out->logdet += 2 * log(r[j + j * rank]);
    return LB_OK;
}

/* v := R⁻¹ v */
static void back_solve(const lb_basis *basis, double *v)
{
    size_t p = basis->rank;
    for (size_t i = p; i-- > 0;) {
        for (size_t k = i + 1; k < p; k++) v[i] -= basis->r[i + k * p] * v[k];
        v[i] /= basis->r[i + i * p];
    }
}

void lb_basis_coefficients(const lb_basis *basis, const double *on_basis, double *beta)
{
    size_t p = basis->rank;
    double *v = lb_alloc(p + 1, sizeof *v);
    memcpy(v, on_basis, p * sizeof *v);
    back_solve(basis, v);
    for (size_t j = 0; j < basis->p; j++) beta[j] = NAN;
    for (size_t j = 0; j < p; j++) beta[basis->kept[j]] = basis->fit.coefficient[basis->kept[j]] + v[j];
    free(v);
}

void lb_basis_matrix(const lb_basis *basis, const double *m, size_t ld, double *out)
{
    size_t p = basis->rank, whole = basis->p;
    double *work = lb_alloc(2 * p * p + 1, sizeof *work), *turned = work + p * p;
    for (size_t j = 0; j < p; j++) {
        memcpy(work + j * p, m + j * ld, p * sizeof *work);
        back_solve(basis, work + j * p);
    }
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i < p; i++) turned[i + j * p] = work[j + i * p];
        back_solve(basis, turned + j * p);
    }
    memset(out, 0, whole * whole * sizeof *out);
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i < p; i++) {
            out[basis->kept[i] + basis->kept[j] * whole] = (turned[i + j * p] + turned[j + i * p]) / 2;
        }
    }
    free(work);
}
