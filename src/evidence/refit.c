/* REML for permutation tests: X stays, the studies (y, v) change places. With X = QR all a fit needs at one τ² are three small
 * matrices, ZᵀWZ, ZᵀW²Z and ZᵀW³Z for Z = [Q, y]. The products of Q's columns in each row are the same in every arrangement and
 * are worked out once; what is left per τ² is three weighted sums of rows, a sweep (Goodnight 1979, doi:10.2307/2683825) that
 * gives (QᵀWQ)⁻¹, the coefficients and yᵀPy at once, and one product of small matrices. y enters as residuals of the unweighted
 * regression, which P does not see, so that nothing large cancels. */
#include "evidence/refit.h"

#include "evidence/lanes.h"

#include <math.h>
#include <string.h>

enum { MOST_COLUMNS = 16, MOST_PRODUCTS = 1 << 20, BLOCK = 8 };

struct lb_refit {
    size_t k, p, width;        /* products of a row, rounded up to a block */
    size_t n;                  /* columns of Z, p + 1, rounded up to a pair: rows of the matrices below */
    bool intercept, wide;      /* wide: the processor takes four columns at once */
    double *y, *v, *w;         /* k */
    double *row;               /* k × p: Q by rows */
    double *leverage;          /* k: Σ q² of the row */
    double *product;           /* k × width: z_a z_b, a ≤ b; those with y come last */
    double *r_inverse;         /* p × p, upper triangle by rows */
    double *sum[3];            /* width each: Σw z z, Σw² z z, Σw³ z z */
    double *a, *b, *c;         /* n × n, full */
    double *swept, *m;         /* n × n: A swept on Q's columns; A⁻¹B */
    double *along, *g, *u;     /* Qᵀy; coefficients; scratch: n each */
    double log_pivots;         /* log|QᵀWQ| at the last sweep */
};

double *lb_refit_y(lb_refit *refit) { return refit->y; }
double *lb_refit_v(lb_refit *refit) { return refit->v; }

static void invert_upper(const double *r, size_t p, double *out)
{
    for (size_t j = 0; j < p; j++) {
        out[j * p + j] = 1 / r[j * p + j];
        for (size_t i = j; i-- > 0;) {
            double sum = 0;
            for (size_t n = i + 1; n <= j; n++) sum += r[n * p + i] * out[n * p + j];
            out[i * p + j] = -sum / r[i * p + i];
        }
    }
}

lb_refit *lb_refit_new(const lb_pool_model *model, lb_arena *arena)
{
    size_t k = model->k, p = model->p, n = (p + 2) / 2 * 2, width = ((p + 1) * (p + 2) / 2 + BLOCK - 1) / BLOCK * BLOCK;
    if (p > MOST_COLUMNS || k <= p || k * width > MOST_PRODUCTS) return NULL;
    lb_refit *f = lb_arena_array(arena, 1, sizeof *f);
    *f = (lb_refit){.k = k, .p = p, .n = n, .width = width, .intercept = model->intercept};
#if defined(__x86_64__)
    f->wide = __builtin_cpu_supports("avx");
#endif
    double **vector[] = {&f->y, &f->v, &f->w, &f->leverage};
    for (size_t i = 0; i < LB_COUNT(vector); i++) *vector[i] = lb_arena_array(arena, k, sizeof(double));
    double **square[] = {&f->a, &f->b, &f->c, &f->swept, &f->m, &f->r_inverse};
    for (size_t i = 0; i < LB_COUNT(square); i++) *square[i] = lb_arena_array(arena, n * n, sizeof(double));
    double **small[] = {&f->along, &f->g, &f->u};
    for (size_t i = 0; i < LB_COUNT(small); i++) *small[i] = lb_arena_array(arena, n, sizeof(double));
    for (size_t i = 0; i < 3; i++) f->sum[i] = lb_arena_array(arena, width, sizeof(double));
    f->row = lb_arena_array(arena, k * p, sizeof(double));
    f->product = lb_arena_array(arena, k * width, sizeof(double));
    for (size_t i = 0; i < k; i++) {
        double *at = f->product + i * width;
        for (size_t b = 0; b < p; b++) {
            f->row[i * p + b] = model->q[b * k + i];
            for (size_t a = 0; a <= b; a++) *at++ = f->row[i * p + a] * f->row[i * p + b];
            f->leverage[i] += f->row[i * p + b] * f->row[i * p + b];
        }
    }
    invert_upper(model->r, p, f->r_inverse);
    return f;
}

/* y := y − QQᵀy, and its products. */
static void centre(lb_refit *f)
{
    size_t k = f->k, p = f->p;
    memset(f->along, 0, p * sizeof(double));
    for (size_t i = 0; i < k; i++)
        for (size_t a = 0; a < p; a++) f->along[a] += f->row[i * p + a] * f->y[i];
    for (size_t i = 0; i < k; i++) {
        const double *row = f->row + i * p;
        double *product = f->product + i * f->width + p * (p + 1) / 2, fitted = 0;
        for (size_t a = 0; a < p; a++) fitted += row[a] * f->along[a];
        double y = f->y[i] -= fitted;
        for (size_t a = 0; a < p; a++) product[a] = row[a] * y;
        product[p] = y * y;
    }
}

/* Σwz of one block of products, or Σwz, Σw²z and Σw³z. Each column is summed on its own, row after row, so that the bits do
 * not depend on how many columns a processor takes at once. */
#define SUM_BLOCK(name, lane)                                                                                                   \
    static void name(const lb_refit *f, size_t column, bool all)                                                                \
    {                                                                                                                           \
        enum { LANES = BLOCK * sizeof(double) / sizeof(lane) };                                                                 \
        lane a[LANES] = {0}, b[LANES] = {0}, c[LANES] = {0}, z;                                                                 \
        const double *at = f->product + column;                                                                                 \
        for (size_t i = 0; all && i < f->k; i++, at += f->width) {                                                              \
            _Pragma("GCC unroll 4") for (size_t j = 0; j < LANES; j++) {                                                                                \
                memcpy(&z, at + j * (BLOCK / LANES), sizeof z);                                                                 \
                z *= f->w[i];                                                                                                   \
                a[j] += z;                                                                                                      \
                z *= f->w[i];                                                                                                   \
                b[j] += z;                                                                                                      \
                c[j] += z * f->w[i];                                                                                            \
            }                                                                                                                   \
        }                                                                                                                       \
        for (size_t i = 0; !all && i < f->k; i++, at += f->width) {                                                             \
            _Pragma("GCC unroll 4") for (size_t j = 0; j < LANES; j++) {                                                                                \
                memcpy(&z, at + j * (BLOCK / LANES), sizeof z);                                                                 \
                a[j] += z * f->w[i];                                                                                            \
            }                                                                                                                   \
        }                                                                                                                       \
        memcpy(f->sum[0] + column, a, sizeof a);                                                                                \
        memcpy(f->sum[1] + column, b, sizeof b);                                                                                \
        memcpy(f->sum[2] + column, c, sizeof c);                                                                                \
    }
SUM_BLOCK(sum_block, lb_pair)
#if defined(__x86_64__)
typedef double quad __attribute__((vector_size(32)));
__attribute__((target("avx"))) SUM_BLOCK(sum_block_wide, quad)
#endif

static void sum_blocks(const lb_refit *f, bool all)
{
    for (size_t column = 0; column < f->width; column += BLOCK) {
#if defined(__x86_64__)
        if (f->wide) {
            sum_block_wide(f, column, all);
            continue;
        }
#endif
        sum_block(f, column, all);
    }
}

static void unfold(const lb_refit *f, const double *sum, double *out)
{
    for (size_t b = 0; b <= f->p; b++)
        for (size_t a = 0; a <= b; a++) out[a * f->n + b] = out[b * f->n + a] = *sum++;
}

/* Sweeps Q's columns: the corner becomes yᵀPy, the last column g, the rest −A⁻¹. */
static bool sweep(lb_refit *f)
{
    size_t n = f->n;
    double *s = f->swept, determinant = 1;
    memcpy(s, f->a, n * n * sizeof(double));
    for (size_t d = 0; d < f->p; d++) {
        double *pivot_row = s + d * n, pivot = pivot_row[d], scale = 1 / pivot;
        if (!(pivot > 0)) return false;
        determinant *= pivot;
        for (size_t j = 0; j < n; j++) pivot_row[j] *= scale;
        for (size_t i = 0; i <= f->p; i++) {
            double along = s[i * n + d], *row = s + i * n;
            if (i == d) continue;
            lb_pair_subtract(along, pivot_row, row, n);
            row[d] = along * scale;
        }
        pivot_row[d] = -scale;
    }
    f->log_pivots = log(determinant);
    return isfinite(f->log_pivots);
}

static bool factorise(lb_refit *f, double tau2, lb_pool_sums *s, bool all)
{
    *s = (lb_pool_sums){.tau2 = tau2};
    lb_pair_weigh(f->v, tau2, f->k, f->w, &s->trace_w, &s->trace_ww);
    sum_blocks(f, all);
    unfold(f, f->sum[0], f->a);
    if (!sweep(f)) return false;
    s->ypy = f->swept[f->p * f->n + f->p];
    s->log_det_q = f->log_pivots;
    return true;
}

/* Traces and forms as in pool_model.c: tr P = Σw − tr M and tr PP = Σw² − 2 tr A⁻¹C + tr MM with M = A⁻¹B; with the residuals
 * r = y − Qg = Z(−g, 1), yᵀPPy = rᵀW²r and yᵀPPPy = rᵀW³r − (QᵀW²r)ᵀA⁻¹(QᵀW²r). */
static bool slopes(void *context, double tau2, lb_pool_sums *s)
{
    lb_refit *f = context;
    size_t p = f->p, n = f->n;
    if (!factorise(f, tau2, s, true)) return false;
    unfold(f, f->sum[1], f->b);
    unfold(f, f->sum[2], f->c);
    double first = 0, second = 0, square = 0, *u = f->u, *g = f->g;
    memset(f->m, 0, n * n * sizeof(double));
    for (size_t i = 0; i < p; i++) {
        double *row = f->m + i * n;
        for (size_t d = 0; d < p; d++) {
            double negative = f->swept[i * n + d]; /* of A⁻¹ */
            second -= negative * f->c[d * n + i];
            lb_pair_subtract(negative, f->b + d * n, row, n);
        }
        first += row[i];
        g[i] = -f->swept[i * n + p];
    }
    g[p] = 1;
    for (size_t i = 0; i < p; i++) {
        square += f->m[i * n + i] * f->m[i * n + i];
        for (size_t j = 0; j < i; j++) square += 2 * f->m[i * n + j] * f->m[j * n + i];
    }
    s->trace_p = s->trace_w - first;
    s->trace_pp = s->trace_ww - 2 * second + square;
    for (size_t i = 0; i <= p; i++) {
        double third = 0;
        u[i] = 0;
        for (size_t j = 0; j <= p; j++) {
            u[i] += f->b[i * n + j] * g[j];
            third += f->c[i * n + j] * g[j];
        }
        s->yppy += g[i] * u[i];
        s->ypppy += g[i] * third;
    }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) s->ypppy += u[i] * f->swept[i * n + j] * u[j];
    return true;
}

/* Hedges' estimate, where lb_tau2_estimate() starts too: residuals and leverages of the unweighted regression. */
static double start(const lb_refit *f)
{
    double left = 0;
    for (size_t i = 0; i < f->k; i++) left += f->y[i] * f->y[i] - f->v[i] * (1 - f->leverage[i]);
    return fmax(0, left / (double)(f->k - f->p));
}

/* −2 × the restricted log-likelihood, but for constants. */
static double deviance(const lb_refit *f, const lb_pool_sums *s)
{
    return lb_sum_log(f->v, f->k, s->tau2) + s->ypy + s->log_det_q;
}

static void statistics(const lb_refit *f, double scale, double df, double *statistic, double *qm)
{
    size_t p = f->p, n = f->n, skip = f->intercept ? 1 : 0;
    double *g = f->g;
    for (size_t j = 0; j < p; j++) g[j] = f->swept[j * n + p] + f->along[j];
    for (size_t j = 0; j < p; j++) {
        const double *r = f->r_inverse + j * p;
        double beta = 0, variance = 0;
        for (size_t a = j; a < p; a++) {
            double sum = 0;
            for (size_t b = j; b < p; b++) sum -= f->swept[a * n + b] * r[b];
            variance += r[a] * sum;
            beta += r[a] * g[a];
        }
        statistic[j] = beta / sqrt(variance * scale);
    }
    *qm = NAN;
    if (p == skip) return;
    double form = 0; /* the inverse of a block of A⁻¹ is what is left of A when the others are swept out */
    for (size_t a = skip; a < p; a++)
        for (size_t b = skip; b < p; b++) form += g[a] * g[b] * (f->a[a * n + b] - (skip ? f->a[a * n] * f->a[b] / f->a[0] : 0));
    *qm = form / scale / (isfinite(df) ? (double)(p - skip) : 1);
}

bool lb_refit_reml(lb_refit *f, lb_pool_test test, double *statistic, double *qm)
{
    lb_pool_sums zero, s;
    lb_tau2 tau2 = {.converged = false};
    centre(f);
    if (!factorise(f, 0, &zero, false)) return false;
    double at_zero = deviance(f, &zero);
    tau2.tau2 = start(f);
    lb_tau2_climb(slopes, f, (double)f->k, true, 1e-5, &tau2);
    if (!tau2.converged || !factorise(f, tau2.tau2, &s, false)) return false;
    if (tau2.tau2 > 0 && deviance(f, &s) - at_zero > 2e-8 && !factorise(f, 0, &s, false)) return false;
    double df = test == LB_TEST_Z ? INFINITY : (double)(f->k - f->p), scale = 1;
    if (test == LB_TEST_KNHA || test == LB_TEST_ADHOC) scale = s.ypy / df;
    if (test == LB_TEST_ADHOC) scale = fmax(1, scale);
    statistics(f, scale, df, statistic, qm);
    return true;
}
