/* The mixed-effects model in an orthonormal basis: X = QR by Gram–Schmidt with a second pass (Björck 1967), then all
 * sums at a given τ² in O(k p²) without allocation. Notation of Raudenbush (2009), "Analyzing effect sizes". */
#include "evidence/pool.h"

#include "evidence/lanes.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static inline double total(lb_pair a, lb_pair b)
{
    lb_pair sum = a + b;
    return sum[0] + sum[1];
}

double lb_pool_dot(const double *a, const double *b, size_t n)
{
    lb_pair sum0 = {0}, sum1 = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        sum0 += lb_pair_load(a + i) * lb_pair_load(b + i);
        sum1 += lb_pair_load(a + i + 2) * lb_pair_load(b + i + 2);
    }
    double sum = total(sum0, sum1);
    for (; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void multiply(const double *a, const double *b, double *out, size_t n)
{
    size_t i = 0;
    for (; i + 2 <= n; i += 2) lb_pair_store(out + i, lb_pair_load(a + i) * lb_pair_load(b + i));
    for (; i < n; i++) out[i] = a[i] * b[i];
}

/* Σxy, Σwxy, Σw²xy in one walk. */
static void moments(const double *x, const double *y, const double *w, size_t n, double out[3])
{
    lb_pair a0 = {0}, a1 = {0}, b0 = {0}, b1 = {0}, c0 = {0}, c1 = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        lb_pair x0 = lb_pair_load(x + i) * lb_pair_load(y + i), x1 = lb_pair_load(x + i + 2) * lb_pair_load(y + i + 2), w0 = lb_pair_load(w + i), w1 = lb_pair_load(w + i + 2);
        a0 += x0;
        a1 += x1;
        x0 *= w0;
        x1 *= w1;
        b0 += x0;
        b1 += x1;
        c0 += x0 * w0;
        c1 += x1 * w1;
    }
    out[0] = total(a0, a1);
    out[1] = total(b0, b1);
    out[2] = total(c0, c1);
    for (; i < n; i++) {
        double xy = x[i] * y[i];
        out[0] += xy;
        out[1] += xy * w[i];
        out[2] += xy * w[i] * w[i];
    }
}

/* Orthogonalise `column` against the p columns of q, adding to r; returns what is left of its length. */
static double orthogonalise(const double *q, size_t k, size_t p, double *column, double *r)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t j = 0; j < p; j++) {
            double along = lb_pool_dot(q + j * k, column, k);
            r[j] += along;
            lb_pair_subtract(along, q + j * k, column, k);
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
    double *long_ones = lb_arena_try(arena, 4 * k, sizeof(double));
    double *small = lb_arena_try(arena, 7 * square + 3 * columns, sizeof(double));
    if (!model->q || !model->r || !model->kept || !long_ones || !small) {
        return lb_fail(err, LB_NO_MEMORY, "no memory for %zu studies and %zu moderators", k, columns);
    }
    model->w = long_ones;
    model->wq = long_ones + k;
    model->residual = long_ones + 2 * k;
    model->wz = long_ones + 3 * k;
    model->a = small;
    model->inverse = small + square;
    model->scratch = small + 2 * square;
    model->scratch2 = small + 3 * square;
    model->b = small + 4 * square;
    model->c = small + 5 * square;
    model->t = small + 6 * square;
    model->g = small + 7 * square;
    model->u = model->g + columns;
    model->s = model->u + columns;
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
    model->zero_known = model->last_known = false;
    if (k == model->k) return;
    model->k = k;
    model->r[0] = sqrt((double)k);
    for (size_t i = 0; i < k; i++) model->q[i] = 1 / model->r[0];
}

/* A = QᵀWQ = LLᵀ, B = QᵀW²Q, C = QᵀW³Q (lower triangles), and g = A⁻¹QᵀWy. */
static bool factorise(lb_pool_model *m)
{
    size_t k = m->k, p = m->p;
    for (size_t a = 0; a < p; a++) {
        multiply(m->q + a * k, m->w, m->wq, k);
        for (size_t b = 0; b <= a; b++) {
            double sum[3];
            moments(m->wq, m->q + b * k, m->w, k, sum);
            m->a[b * p + a] = sum[0];
            m->b[b * p + a] = sum[1];
            m->c[b * p + a] = sum[2];
        }
        m->g[a] = lb_pool_dot(m->wq, m->y, k);
    }
    if (lb_chol(m->a, p) != 0) return false;
    lb_chol_solve(m->a, p, m->g, 1);
    return true;
}

/* Row i of T = L⁻¹ (lower triangle), at t + i p. */
static void invert_factor(const double *l, size_t p, double *t)
{
    for (size_t i = 0; i < p; i++) {
        double scale = 1 / l[i * p + i];
        for (size_t j = 0; j < i; j++) {
            double sum = 0;
            for (size_t n = j; n < i; n++) sum += l[n * p + i] * t[n * p + j];
            t[i * p + j] = -sum * scale;
        }
        t[i * p + i] = scale;
    }
}

/* Row i of TS, its first i + 1 elements, for a symmetric S kept as its lower triangle (element a ≥ b at b p + a). */
static void row_of_product(const double *t, const double *s, size_t p, size_t i, double *row)
{
    for (size_t j = 0; j <= i; j++) {
        double sum = 0;
        for (size_t n = 0; n < j; n++) sum += t[n] * s[n * p + j];
        for (size_t n = j; n <= i; n++) sum += t[n] * s[j * p + n];
        row[j] = sum;
    }
}

/* tr P = Σw − tr TBTᵀ and tr PP = Σw² − 2 tr TCTᵀ + ‖TBTᵀ‖², since A⁻¹ = TᵀT. */
static void traces(lb_pool_model *m, lb_pool_sums *s)
{
    size_t p = m->p;
    double first = 0, second = 0, square = 0;
    invert_factor(m->a, p, m->t);
    for (size_t i = 0; i < p; i++) {
        row_of_product(m->t + i * p, m->b, p, i, m->u);
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t n = 0; n <= j; n++) sum += m->u[n] * m->t[j * p + n];
            if (i == j) first += sum;
            square += (i == j ? 1 : 2) * sum * sum;
        }
        row_of_product(m->t + i * p, m->c, p, i, m->u);
        for (size_t n = 0; n <= i; n++) second += m->u[n] * m->t[i * p + n];
    }
    s->trace_p = s->trace_w - first;
    s->trace_pp = s->trace_ww - 2 * second + square;
}

/* yᵀPy, yᵀPPy, yᵀPPPy from the residuals r = y − Qg, since Py = Wr: the last is Σw³r² − ‖T QᵀW²r‖². */
static void quadratic_forms(lb_pool_model *m, lb_pool_sums *s)
{
    size_t k = m->k, p = m->p;
    double sum[3];
    memcpy(m->residual, m->y, k * sizeof(double));
    for (size_t a = 0; a < p; a++) lb_pair_subtract(m->g[a], m->q + a * k, m->residual, k);
    multiply(m->residual, m->w, m->wz, k);
    moments(m->wz, m->residual, m->w, k, sum);
    s->ypy = sum[0];
    s->yppy = sum[1];
    s->ypppy = sum[2];
    multiply(m->wz, m->w, m->wz, k);
    for (size_t a = 0; a < p; a++) m->s[a] = lb_pool_dot(m->wz, m->q + a * k, k);
    for (size_t a = 0; a < p; a++) {
        double along = 0;
        for (size_t n = 0; n <= a; n++) along += m->t[a * p + n] * m->s[n];
        s->ypppy -= along * along;
    }
}

void lb_pool_at(lb_pool_model *m, double tau2, lb_pool_sums *s)
{
    if (m->last_known && m->last.tau2 == tau2) {
        *s = m->last;
        return;
    }
    *s = (lb_pool_sums){.tau2 = tau2};
    m->last_known = false;
    lb_pair_weigh(m->v, tau2, m->k, m->w, &s->trace_w, &s->trace_ww);
    if (!factorise(m)) {
        s->ypy = s->yppy = s->ypppy = s->trace_p = s->trace_pp = s->log_det_q = NAN;
        return;
    }
    s->log_det_q = lb_chol_logdet(m->a, m->p);
    traces(m, s);
    quadratic_forms(m, s);
    m->last = *s;
    m->last_known = true;
}

const lb_pool_sums *lb_pool_at_zero(lb_pool_model *model)
{
    if (!model->zero_known) lb_pool_at(model, 0, &model->zero);
    model->zero_known = true;
    return &model->zero;
}

void lb_pool_covariance(lb_pool_model *model) { lb_chol_inverse(model->a, model->p, model->inverse); }

/* One logarithm for many factors, taken before the product leaves the range of a double. */
double lb_sum_log(const double *v, size_t k, double tau2)
{
    double product = 1, sum = 0;
    for (size_t i = 0; i < k; i++) {
        product *= v[i] + tau2;
        if (product > 1e100 || product < 1e-100) {
            sum += log(product);
            product = 1;
        }
    }
    return sum + log(product);
}

double lb_pool_loglik(const lb_pool_model *model, const lb_pool_sums *sums, bool restricted)
{
    static const double log_2pi = 1.837877066409345483560659;
    double k = (double)model->k, p = (double)model->p;
    double common = -.5 * (lb_sum_log(model->v, model->k, sums->tau2) + sums->ypy);
    if (!restricted) return common - .5 * k * log_2pi;
    /* log|XᵀWX| − log|XᵀX| = log|QᵀWQ|, because X = QR. */
    return common - .5 * (k - p) * log_2pi - .5 * sums->log_det_q;
}
