/* Least squares. Small problems are solved in long double with one step of refinement (Björck 1996, Numerical Methods
 * for Least Squares Problems, ch. 2.9); long ones go through a blocked QR of [X y] and one step of corrected
 * seminormal equations (Björck 1987, doi:10.1016/0024-3795(87)90101-7). Rank, aliasing and likelihood are those of R's lm. */
#include "lsq.h"

#include <math.h>
#include <string.h>

/* One fit in progress. */
typedef struct fit {
    const double *x, *y, *weight;
    double *root_weight; /* or NULL */
    size_t n, p;
    long double *wide_x, *wide_y; /* small problems: see widen() */
    lb_arena *work, *arena;
    lb_qr qr;
    lb_lsq *out;
} fit;

static int no_memory(const fit *f, lb_error *err)
{
    return lb_fail(err, LB_NO_MEMORY, "not enough memory for a design of %zu rows and %zu columns", f->n, f->p);
}

static long double root(const fit *f, size_t i) { return f->root_weight ? (long double)f->root_weight[i] : 1; }

/* y − Xb (rank coefficients) in long double, times the root of the weight. */
static void weighted_residual(const fit *f, const long double *beta, long double *r)
{
    memcpy(r, f->wide_y, f->n * sizeof *r);
    for (size_t k = 0; k < f->qr.rank; k++) {
        const long double *column = f->wide_x + f->qr.pivot[k] * f->n;
        for (size_t i = 0; i < f->n; i++) r[i] -= beta[k] * column[i];
    }
    for (size_t i = 0; f->root_weight && i < f->n; i++) r[i] *= root(f, i);
}

/* nearbyint() without a call: adding 2^52 leaves no digits after the point. */
static double nearest(double x)
{
    const double whole = 0x1p52;
    return fabs(x) < whole ? copysign((fabs(x) + whole) - whole, x) : nearbyint(x);
}

/* Data are typed as decimals. A column whose every value is the double nearest to a decimal of at most nine places is
 * taken as those decimals, so that nothing is lost on the way in; any other column as it is. */
static void widen(const double *from, size_t n, long double *to)
{
    static const double power[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    const double exact = 9007199254740992.0; /* whole numbers below 2^53 */
    double largest = 0;
    size_t places = 0, i = 0;
    for (; i < n; i++) {
        largest = fmax(largest, fabs(from[i]));
        for (; places < LB_COUNT(power); places++) {
            double whole = nearest(from[i] * power[places]);
            if ((places ? whole / power[places] : whole) == from[i]) break;
        }
        if (places == LB_COUNT(power) || largest * power[places] >= exact) break;
    }
    for (size_t k = 0; k < n; k++) {
        to[k] = i == n && places > 0 ? (long double)nearest(from[k] * power[places]) / power[places] : (long double)from[k];
    }
}

static int small_fit(fit *f, long double *beta, long double *effect, lb_error *err)
{
    size_t n = f->n, p = f->p;
    long double *a = lb_arena_try(f->work, n * p + 1, sizeof *a), *z = lb_arena_try(f->work, n + 1, sizeof *z);
    long double *step = lb_arena_array(f->work, p + 1, sizeof *step);
    f->wide_x = lb_arena_try(f->work, n * p + 1, sizeof *a);
    f->wide_y = lb_arena_try(f->work, n + 1, sizeof *z);
    if (!a || !z || !f->wide_x || !f->wide_y) return no_memory(f, err);
    widen(f->y, n, f->wide_y);
    for (size_t j = 0; j < p; j++) {
        widen(f->x + j * n, n, f->wide_x + j * n);
        for (size_t i = 0; i < n; i++) a[i + j * n] = f->wide_x[i + j * n] * root(f, i);
    }
    int rc = lb_qr_factor(&f->qr, a, n, p, f->work, err);
    if (rc) return rc;
    for (size_t i = 0; i < n; i++) z[i] = f->wide_y[i] * root(f, i);
    lb_qr_apply(&f->qr, z);
    memcpy(effect, z, f->qr.rank * sizeof *effect);
    lb_qr_solve(&f->qr, z, beta);
    weighted_residual(f, beta, z);
    lb_qr_apply(&f->qr, z);
    lb_qr_solve(&f->qr, z, step);
    for (size_t k = 0; k < f->qr.rank; k++) beta[k] += step[k];
    weighted_residual(f, beta, z);
    for (size_t i = 0; i < n; i++) {
        long double r = root(f, i) > 0 ? z[i] / root(f, i) : 0;
        if (root(f, i) == 0) {
            r = f->wide_y[i];
            for (size_t k = 0; k < f->qr.rank; k++) r -= beta[k] * f->wide_x[i + f->qr.pivot[k] * n];
        }
        f->out->residual[i] = (double)r;
        f->out->fitted[i] = (double)(f->wide_y[i] - r);
    }
    return LB_OK;
}

/* d := (RᵀR)⁻¹ g by the inverse of R. */
static void seminormal(const lb_qr *qr, const long double *g, long double *d)
{
    size_t k = qr->rank;
    for (size_t i = 0; i < k; i++) d[i] = 0;
    for (size_t j = 0; j < k; j++) {
        long double t = 0;
        for (size_t i = 0; i <= j; i++) t += qr->inverse[i + j * k] * g[qr->pivot[i]];
        for (size_t i = 0; i <= j; i++) d[i] += qr->inverse[i + j * k] * t;
    }
}

static int large_fit(fit *f, long double *beta, long double *effect, lb_error *err)
{
    size_t n = f->n, p = f->p;
    double *r;
    int rc = lb_tsqr(f->x, f->y, f->root_weight, n, p, f->work, &r, err);
    if (rc) return rc;
    size_t m = n < p ? n : p; /* rows of R that can hold anything */
    long double *a = lb_arena_try(f->work, m * p + 1, sizeof *a), *z = lb_arena_array(f->work, p + 1, sizeof *z);
    long double *step = lb_arena_array(f->work, p + 1, sizeof *step);
    double *b = lb_arena_array(f->work, p + 1, sizeof *b);
    if (!a) return no_memory(f, err);
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i <= j && i < m; i++) a[i + j * m] = r[i + j * (p + 1)];
    }
    for (size_t i = 0; i < m; i++) z[i] = r[i + p * (p + 1)];
    rc = lb_qr_factor(&f->qr, a, m, p, f->work, err);
    if (rc) return rc;
    lb_qr_apply(&f->qr, z);
    memcpy(effect, z, f->qr.rank * sizeof *effect);
    lb_qr_solve(&f->qr, z, beta);
    for (size_t k = 0; k < f->qr.rank; k++) b[f->qr.pivot[k]] = (double)beta[k];
    memset(z, 0, p * sizeof *z);
    lb_tsqr_residual(f->x, f->y, f->weight, b, n, p, f->out->residual, z);
    seminormal(&f->qr, z, step);
    for (size_t k = 0; k < f->qr.rank; k++) {
        /* the residual belongs to the rounded coefficients: correct those */
        beta[k] = (long double)b[f->qr.pivot[k]] + step[k];
        b[f->qr.pivot[k]] = (double)beta[k];
    }
    lb_tsqr_residual(f->x, f->y, NULL, b, n, p, f->out->residual, NULL);
    for (size_t i = 0; i < n; i++) f->out->fitted[i] = f->y[i] - f->out->residual[i];
    return LB_OK;
}

static void unscaled_covariance(const fit *f)
{
    const lb_qr *qr = &f->qr;
    size_t k = qr->rank, p = f->p;
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j <= i; j++) {
            long double sum = 0;
            for (size_t t = i; t < k; t++) sum += qr->inverse[i + t * k] * qr->inverse[j + t * k];
            f->out->unscaled[qr->pivot[i] + qr->pivot[j] * p] = (double)sum;
            f->out->unscaled[qr->pivot[j] + qr->pivot[i] * p] = (double)sum;
        }
    }
}

/* Leverage of row i: squared length of R⁻ᵀ x_i, times its weight. */
static void leverages(const fit *f)
{
    const lb_qr *qr = &f->qr;
    size_t k = qr->rank;
    for (size_t i = 0; i < f->n; i++) {
        long double sum = 0;
        for (size_t j = 0; j < k; j++) {
            long double t = 0;
            for (size_t c = 0; c <= j; c++) t += qr->inverse[c + j * k] * f->x[i + qr->pivot[c] * f->n];
            sum += t * t;
        }
        f->out->hat[i] = (double)(sum * root(f, i) * root(f, i));
    }
}

/* Residual sum of squares, sigma and the Gaussian log-likelihood, as R's logLik.lm (weights enter as precisions). */
static void summarise(const fit *f)
{
    long double rss = 0, log_weights = 0;
    size_t used = 0;
    for (size_t i = 0; i < f->n; i++) {
        long double w = f->weight ? (long double)f->weight[i] : 1, r = f->out->residual[i];
        rss += w * r * r;
        if (w > 0) {
            used++;
            if (f->weight) log_weights += logl(w);
        }
    }
    lb_lsq *out = f->out;
    out->rank = f->qr.rank;
    out->rss = (double)rss;
    out->df_residual = used > out->rank ? (double)(used - out->rank) : 0;
    out->sigma = out->df_residual > 0 ? (double)sqrtl(rss / out->df_residual) : NAN;
    long double count = (long double)used;
    const long double log_2pi = 1.837877066409345483560659472811L;
    out->loglik = (double)(0.5L * (log_weights - count * (log_2pi + 1 - logl(count) + logl(rss))));
}

static int check(const fit *f, lb_error *err)
{
    if (f->n == 0) return lb_fail(err, LB_BAD_DATA, "there are no rows to fit");
    for (size_t i = 0; i < f->n * f->p; i++) {
        if (!isfinite(f->x[i])) return lb_fail(err, LB_BAD_DATA, "the design holds a value that is not finite");
    }
    for (size_t i = 0; i < f->n; i++) {
        if (!isfinite(f->y[i])) return lb_fail(err, LB_BAD_DATA, "the outcome holds a value that is not finite");
        if (f->weight && !(f->weight[i] >= 0 && isfinite(f->weight[i]))) {
            return lb_fail(err, LB_BAD_DATA, "weight %g is not a finite number of at least 0", f->weight[i]);
        }
    }
    return LB_OK;
}

static int allocate(fit *f, unsigned flags, lb_error *err)
{
    lb_lsq *out = f->out;
    size_t n = f->n, p = f->p;
    out->coefficient = lb_arena_array(f->arena, p + 1, sizeof(double));
    out->aliased = lb_arena_array(f->arena, p + 1, sizeof(bool));
    out->effects = lb_arena_array(f->arena, p + 1, sizeof(double));
    out->unscaled = lb_arena_try(f->arena, p * p + 1, sizeof(double));
    out->fitted = lb_arena_try(f->arena, n, sizeof(double));
    out->residual = lb_arena_try(f->arena, n, sizeof(double));
    if (flags & LB_LSQ_HAT) out->hat = lb_arena_try(f->arena, n, sizeof(double));
    if (f->weight) f->root_weight = lb_arena_try(f->work, n, sizeof(double));
    bool short_of = !out->unscaled || !out->fitted || !out->residual || ((flags & LB_LSQ_HAT) && !out->hat) ||
                    (f->weight && !f->root_weight);
    if (short_of) return no_memory(f, err);
    for (size_t i = 0; f->weight && i < n; i++) f->root_weight[i] = sqrt(f->weight[i]);
    return LB_OK;
}

int lb_lsq_fit(const double *x, const double *y, const double *weights, size_t n, size_t p, unsigned flags,
               lb_arena *arena, lb_lsq *out, lb_error *err)
{
    *out = (lb_lsq){.n = n, .p = p};
    fit f = {.x = x, .y = y, .weight = weights, .n = n, .p = p, .arena = arena, .work = lb_arena_new(), .out = out};
    int rc = check(&f, err);
    if (!rc) rc = allocate(&f, flags, err);
    if (rc) goto out;
    long double *beta = lb_arena_array(f.work, p + 1, sizeof *beta);
    long double *effect = lb_arena_array(f.work, p + 1, sizeof *effect);
    bool small = (double)n * (double)p * (double)p <= 2e6;
    rc = small ? small_fit(&f, beta, effect, err) : large_fit(&f, beta, effect, err);
    if (rc) goto out;
    for (size_t j = 0; j < p; j++) {
        size_t column = f.qr.pivot[j];
        out->aliased[column] = j >= f.qr.rank;
        out->coefficient[column] = j < f.qr.rank ? (double)beta[j] : NAN;
        out->effects[column] = j < f.qr.rank ? (double)effect[j] : 0;
    }
    unscaled_covariance(&f);
    if (out->hat) leverages(&f);
    summarise(&f);
out:
    lb_arena_free(f.work);
    return rc;
}
