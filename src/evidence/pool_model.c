/* The mixed-effects model in an orthonormal basis: X = QR by Gram–Schmidt with a second pass (Björck 1967), then all sums
 * at a given τ² in O(k p²) without allocation. Notation of Raudenbush (2009), "Analyzing effect sizes". */
#include "evidence/pool.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Orthogonalise `column` against the p columns of q, adding to r; returns what is left of its length. */
static double orthogonalise(const double *q, size_t k, size_t p, double *column, double *r)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t j = 0; j < p; j++) {
            double along = dot(q + j * k, column, k);
            r[j] += along;
            for (size_t i = 0; i < k; i++) column[i] -= along * q[j * k + i];
        }
    }
    return sqrt(dot(column, column, k));
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
    model->w = lb_arena_try(arena, k, sizeof(double));
    model->residual = lb_arena_try(arena, k, sizeof(double));
    double *small = lb_arena_try(arena, 4 * square + 2 * columns, sizeof(double));
    if (!model->q || !model->r || !model->kept || !model->w || !model->residual || !small) {
        return lb_fail(err, LB_NO_MEMORY, "no memory for %zu studies and %zu moderators", k, columns);
    }
    model->a = small;
    model->inverse = small + square;
    model->b2 = small + 2 * square;
    model->b3 = small + 3 * square;
    model->g = small + 4 * square;
    model->u = model->g + columns;
    return 0;
}

int lb_pool_model_init(lb_pool_model *model, const double *y, const double *v, const double *x, size_t k, size_t columns,
                       lb_arena *arena, lb_error *err)
{
    *model = (lb_pool_model){.k = k, .columns = columns, .y = y, .v = v};
    if (!x) columns = model->columns = 1;
    if (k == 0) return lb_fail(err, LB_BAD_DATA, "there is no study to pool");
    if (k > 10000000 || columns > 500) {
        return lb_fail(err, LB_TOO_LARGE, "%zu studies and %zu coefficients are more than this program pools", k, columns);
    }
    int code = allocate(model, k, columns, arena, err);
    if (code) return code;
    size_t p = 0;
    for (size_t j = 0; j < columns && p < k; j++) {
        double *column = model->q + p * k, *r = model->r + p * columns;
        for (size_t i = 0; i < k; i++) column[i] = x ? x[j * k + i] : 1;
        double before = sqrt(dot(column, column, k));
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

/* QᵀWQ, QᵀW²Q, QᵀW³Q (lower triangles) and QᵀWy into g. */
static void cross_products(lb_pool_model *m)
{
    size_t k = m->k, p = m->p;
    for (size_t a = 0; a < p; a++) {
        const double *qa = m->q + a * k;
        double wy = 0;
        for (size_t i = 0; i < k; i++) wy += qa[i] * m->w[i] * m->y[i];
        m->g[a] = wy;
        for (size_t b = 0; b <= a; b++) {
            const double *qb = m->q + b * k;
            double one = 0, two = 0, three = 0;
            for (size_t i = 0; i < k; i++) {
                double w = m->w[i], term = qa[i] * qb[i] * w;
                one += term;
                two += term * w;
                three += term * w * w;
            }
            m->a[b * p + a] = one;
            m->b2[a * p + b] = m->b2[b * p + a] = two;
            m->b3[a * p + b] = m->b3[b * p + a] = three;
        }
    }
}

/* tr(MB₃) and tr(MB₂MB₂) with M = (QᵀWQ)⁻¹; tr(MB₂) is returned. */
static double traces(const lb_pool_model *m, double *mb3, double *mb2mb2)
{
    size_t p = m->p;
    double mb2 = 0;
    *mb3 = *mb2mb2 = 0;
    for (size_t a = 0; a < p; a++) {
        for (size_t b = 0; b < p; b++) {
            double ab = 0, ba = 0;
            for (size_t c = 0; c < p; c++) {
                ab += m->inverse[c * p + a] * m->b2[b * p + c];
                ba += m->inverse[c * p + b] * m->b2[a * p + c];
            }
            *mb2mb2 += ab * ba;
            *mb3 += m->inverse[b * p + a] * m->b3[a * p + b];
            if (a == b) mb2 += ab;
        }
    }
    return mb2;
}

void lb_pool_at(lb_pool_model *m, double tau2, lb_pool_sums *s)
{
    size_t k = m->k, p = m->p;
    double product = 1;
    *s = (lb_pool_sums){0};
    for (size_t i = 0; i < k; i++) {
        double variance = m->v[i] + tau2, w = 1 / variance;
        m->w[i] = w;
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
    cross_products(m);
    if (lb_chol(m->a, p) != 0) {
        s->ypy = s->yppy = s->ypppy = s->trace_p = s->trace_pp = s->log_det_q = NAN;
        return;
    }
    s->log_det_q = lb_chol_logdet(m->a, p);
    lb_chol_inverse(m->a, p, m->inverse);
    lb_chol_solve(m->a, p, m->g, 1);
    double mb3, mb2mb2, mb2 = traces(m, &mb3, &mb2mb2);
    s->trace_p = s->trace_w - mb2;
    s->trace_pp = s->trace_ww - 2 * mb3 + mb2mb2;
    memset(m->u, 0, p * sizeof *m->u);
    double wpy2 = 0;
    for (size_t i = 0; i < k; i++) {
        double r = m->y[i];
        for (size_t a = 0; a < p; a++) r -= m->q[a * k + i] * m->g[a];
        double w = m->w[i], py = w * r;
        m->residual[i] = r;
        s->ypy += py * r;
        s->yppy += py * py;
        wpy2 += w * py * py;
        for (size_t a = 0; a < p; a++) m->u[a] += m->q[a * k + i] * w * py;
    }
    double inside = 0;
    for (size_t a = 0; a < p; a++) {
        for (size_t b = 0; b < p; b++) inside += m->u[a] * m->inverse[b * p + a] * m->u[b];
    }
    s->ypppy = wpy2 - inside;
}

double lb_pool_loglik(const lb_pool_model *model, const lb_pool_sums *sums, bool restricted)
{
    static const double log_2pi = 1.837877066409345483560659;
    double k = (double)model->k, p = (double)model->p;
    double common = -.5 * (sums->log_variances + sums->ypy);
    if (!restricted) return common - .5 * k * log_2pi;
    /* log|XᵀWX| − log|XᵀX| = log|QᵀWQ|, because X = QR. */
    return common - .5 * (k - p) * log_2pi - .5 * sums->log_det_q;
}
