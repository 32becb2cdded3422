/* The mixed-effects model in an orthonormal basis: X = QR by Gram–Schmidt with a second pass (Björck 1967), then all
 * sums at a given τ² in O(k p²) without allocation. Notation of Raudenbush (2009), "Analyzing effect sizes". */
#include "evidence/pool.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

/* Four sums side by side, in an order that never changes. */
double lb_pool_dot(const double *a, const double *b, size_t n)
{
    double sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        sum0 += a[i] * b[i];
        sum1 += a[i + 1] * b[i + 1];
        sum2 += a[i + 2] * b[i + 2];
        sum3 += a[i + 3] * b[i + 3];
    }
    for (; i < n; i++) sum0 += a[i] * b[i];
    return (sum0 + sum1) + (sum2 + sum3);
}

/* Orthogonalise `column` against the p columns of q, adding to r; returns what is left of its length. */
static double orthogonalise(const double *q, size_t k, size_t p, double *column, double *r)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t j = 0; j < p; j++) {
            double along = lb_pool_dot(q + j * k, column, k);
            r[j] += along;
            for (size_t i = 0; i < k; i++) column[i] -= along * q[j * k + i];
        }
    }
    return sqrt(lb_pool_dot(column, column, k));
}

static bool is_constant(const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (x[i] != x[0]) return false;
    }
    return n > 0 && x[0] != 0;
}

static int allocate(lb_pool_model *model, size_t k, size_t columns, lb_arena *arena, lb_error *err)
{
    size_t square = columns * columns;
    model->q = lb_arena_try(arena, k * columns, sizeof(double));
    model->r = lb_arena_try(arena, square, sizeof(double));
    model->kept = lb_arena_try(arena, columns, sizeof(size_t));
    model->z = lb_arena_try(arena, k * columns, sizeof(double));
    double *long_ones = lb_arena_try(arena, 4 * k, sizeof(double));
    double *small = lb_arena_try(arena, 4 * square + 2 * columns, sizeof(double));
    if (!model->q || !model->r || !model->kept || !model->z || !long_ones || !small) {
        return lb_fail(err, LB_NO_MEMORY, "no memory for %zu studies and %zu moderators", k, columns);
    }
    model->w = long_ones;
    model->root = long_ones + k;
    model->residual = long_ones + 2 * k;
    model->wz = long_ones + 3 * k;
    model->a = small;
    model->inverse = small + square;
    model->scratch = small + 2 * square;
    model->scratch2 = small + 3 * square;
    model->g = small + 4 * square;
    model->u = model->g + columns;
    return 0;
}

int lb_pool_model_init(lb_pool_model *model, const double *y, const double *v, const double *x, size_t k,
                       size_t columns, lb_arena *arena, lb_error *err)
{
    *model = (lb_pool_model){.k = k, .columns = columns, .y = y, .v = v};
    if (!x) columns = model->columns = 1;
    if (k == 0) return lb_fail(err, LB_BAD_DATA, "there is no study to pool");
    if (k > 10000000 || columns > 500) {
        return lb_fail(err, LB_TOO_LARGE, "%zu studies and %zu coefficients are more than this program pools", k,
                       columns);
    }
    int code = allocate(model, k, columns, arena, err);
    if (code) return code;
    size_t p = 0;
    for (size_t j = 0; j < columns && p < k; j++) {
        double *column = model->q + p * k, *r = model->r + p * columns;
        for (size_t i = 0; i < k; i++) column[i] = x ? x[j * k + i] : 1;
        double before = sqrt(lb_pool_dot(column, column, k));
        memset(r, 0, columns * sizeof *r);
        bool constant = is_constant(column, k);
        double left = orthogonalise(model->q, k, p, column, r);
        if (!(left > 1e-7 * before)) continue; /* R's tolerance for a column that others give already */
        if (p == 0) model->intercept = constant;
        for (size_t i = 0; i < k; i++) column[i] /= left;
        r[p] = left;
        model->kept[p++] = j;
    }
    model->p = p;
    if (p == 0) return lb_fail(err, LB_BAD_DATA, "no moderator varies, and there is no intercept");
    /* r was stored with a stride of `columns`; from here on it is p × p. */
    for (size_t j = 1; j < p; j++) memmove(model->r + j * p, model->r + j * columns, p * sizeof(double));
    return 0;
}

void lb_pool_model_reuse(lb_pool_model *model, const double *y, const double *v, size_t k)
{
    model->y = y;
    model->v = v;
    model->zero_known = false;
    if (k == model->k) return;
    model->k = k;
    model->r[0] = sqrt((double)k);
    for (size_t i = 0; i < k; i++) model->q[i] = 1 / model->r[0];
}

/* Weights and their sums. */
static void weigh(lb_pool_model *m, double tau2, lb_pool_sums *s)
{
    double product = 1;
    for (size_t i = 0; i < m->k; i++) {
        double variance = m->v[i] + tau2, w = 1 / variance;
        m->w[i] = w;
        m->root[i] = sqrt(w);
        s->trace_w += w;
        s->trace_ww += w * w;
        /* One logarithm for many factors: taken before the product leaves the range of a double. */
        product *= variance;
        if (product > 1e100 || product < 1e-100) {
            s->log_variances += log(product);
            product = 1;
        }
    }
    s->log_variances += log(product);
}

/* QᵀWQ = LLᵀ, g = (QᵀWQ)⁻¹QᵀWy, and Z = W½QL⁻ᵀ, whose columns are orthonormal: P = W½(I − ZZᵀ)W½. */
static bool factorise(lb_pool_model *m)
{
    size_t k = m->k, p = m->p;
    for (size_t a = 0; a < p; a++) {
        double *z = m->z + a * k;
        const double *q = m->q + a * k;
        for (size_t i = 0; i < k; i++) z[i] = q[i] * m->root[i];
    }
    for (size_t a = 0; a < p; a++) {
        for (size_t b = 0; b <= a; b++) m->a[b * p + a] = lb_pool_dot(m->z + a * k, m->z + b * k, k);
        double wy = 0;
        for (size_t i = 0; i < k; i++) wy += m->z[a * k + i] * m->root[i] * m->y[i];
        m->g[a] = wy;
    }
    if (lb_chol(m->a, p) != 0) return false;
    lb_chol_solve(m->a, p, m->g, 1);
    for (size_t a = 0; a < p; a++) { /* Zᵀ := L⁻¹(W½Q)ᵀ, one row at a time */
        double *z = m->z + a * k;
        for (size_t b = 0; b < a; b++) {
            double l = m->a[b * p + a];
            const double *earlier = m->z + b * k;
            for (size_t i = 0; i < k; i++) z[i] -= l * earlier[i];
        }
        double scale = 1 / m->a[a * p + a];
        for (size_t i = 0; i < k; i++) z[i] *= scale;
    }
    return true;
}

/* tr P = Σw(1 − h), tr PP = Σw²(1 − 2h) + ‖ZᵀWZ‖² with h the diagonal of ZZᵀ. */
static void traces(lb_pool_model *m, lb_pool_sums *s)
{
    size_t k = m->k, p = m->p;
    s->trace_p = s->trace_w;
    s->trace_pp = s->trace_ww;
    for (size_t a = 0; a < p; a++) {
        const double *z = m->z + a * k;
        double *wz = m->wz, wh = 0, wwh = 0;
        for (size_t i = 0; i < k; i++) {
            wz[i] = m->w[i] * z[i];
            wh += wz[i] * z[i];
            wwh += wz[i] * wz[i];
        }
        s->trace_p -= wh;
        s->trace_pp += wh * wh - 2 * wwh;
        for (size_t b = 0; b < a; b++) {
            double across = lb_pool_dot(wz, m->z + b * k, k);
            s->trace_pp += 2 * across * across;
        }
    }
}

void lb_pool_at(lb_pool_model *m, double tau2, lb_pool_sums *s)
{
    size_t k = m->k, p = m->p;
    *s = (lb_pool_sums){0};
    weigh(m, tau2, s);
    if (!factorise(m)) {
        s->ypy = s->yppy = s->ypppy = s->trace_p = s->trace_pp = s->log_det_q = NAN;
        return;
    }
    s->log_det_q = lb_chol_logdet(m->a, p);
    traces(m, s);
    memcpy(m->residual, m->y, k * sizeof(double));
    for (size_t a = 0; a < p; a++) {
        for (size_t i = 0; i < k; i++) m->residual[i] -= m->q[a * k + i] * m->g[a];
    }
    double *scaled = m->wz; /* W½Py */
    for (size_t i = 0; i < k; i++) {
        double py = m->w[i] * m->residual[i];
        s->ypy += py * m->residual[i];
        s->yppy += py * py;
        scaled[i] = m->root[i] * py;
        s->ypppy += scaled[i] * scaled[i];
    }
    for (size_t a = 0; a < p; a++) {
        double along = lb_pool_dot(m->z + a * k, scaled, k);
        s->ypppy -= along * along;
    }
}

const lb_pool_sums *lb_pool_at_zero(lb_pool_model *model)
{
    if (!model->zero_known) lb_pool_at(model, 0, &model->zero);
    model->zero_known = true;
    return &model->zero;
}

void lb_pool_covariance(lb_pool_model *model) { lb_chol_inverse(model->a, model->p, model->inverse); }

double lb_pool_loglik(const lb_pool_model *model, const lb_pool_sums *sums, bool restricted)
{
    static const double log_2pi = 1.837877066409345483560659;
    double k = (double)model->k, p = (double)model->p;
    double common = -.5 * (sums->log_variances + sums->ypy);
    if (!restricted) return common - .5 * k * log_2pi;
    /* log|XᵀWX| − log|XᵀX| = log|QᵀWQ|, because X = QR. */
    return common - .5 * (k - p) * log_2pi - .5 * sums->log_det_q;
}
