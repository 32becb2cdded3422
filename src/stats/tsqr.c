/* QR of long, narrow problems: rows go through in blocks that fit the first-level cache, each folded into the triangle R
 * (Demmel, Grigori, Hoemmen & Langou 2012, sequential TSQR, doi:10.1137/080731992). As stable as one Householder QR, one
 * pass over the data, and always in the same order. Wide problems (p >= 100) go through LAPACK. */
#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "lsq.h"

enum { ROWS = 256 };
typedef double pair __attribute__((vector_size(16))); /* SSE2: part of every x86-64 */

static double dot(const double *a, const double *b)
{
    const pair *x = (const pair *)a, *y = (const pair *)b;
    pair s0 = {0, 0}, s1 = {0, 0}, s2 = {0, 0}, s3 = {0, 0};
    for (size_t i = 0; i < ROWS / 2; i += 4) {
        s0 += x[i] * y[i];
        s1 += x[i + 1] * y[i + 1];
        s2 += x[i + 2] * y[i + 2];
        s3 += x[i + 3] * y[i + 3];
    }
    s0 = (s0 + s1) + (s2 + s3);
    return s0[0] + s0[1];
}

static void subtract(double *a, double times, const double *b)
{
    pair *x = (pair *)a, k = {times, times};
    const pair *y = (const pair *)b;
    for (size_t i = 0; i < ROWS / 2; i++) x[i] -= k * y[i];
}

/* Fold a block (ROWS × q) into R: column l's reflector touches row l of R and the block only. */
static void fold(double *r, size_t q, double *block)
{
    for (size_t l = 0; l < q; l++) {
        double *v = block + l * ROWS, *rl = r + l * q;
        double below = dot(v, v);
        if (below == 0) continue;
        double length = sqrt(rl[l] * rl[l] + below);
        double alpha = rl[l] > 0 ? -length : length, head = rl[l] - alpha;
        double beta = 1 / (length * (length + fabs(rl[l])));
        rl[l] = alpha;
        for (size_t j = l + 1; j < q; j++) {
            double *column = block + j * ROWS;
            double sum = beta * (head * r[l + j * q] + dot(v, column));
            r[l + j * q] -= sum * head;
            subtract(column, sum, v);
        }
    }
}

static void load(double *block, const double *from, const double *root_weight, size_t first, size_t rows)
{
    if (root_weight) {
        for (size_t i = 0; i < rows; i++) block[i] = root_weight[first + i] * from[first + i];
    } else {
        memcpy(block, from + first, rows * sizeof *block);
    }
    if (rows < ROWS) memset(block + rows, 0, (ROWS - rows) * sizeof *block);
}

static int by_lapack(const double *x, const double *y, const double *root_weight, size_t n, size_t p, double *r,
                     lb_arena *arena, lb_error *err)
{
    size_t q = p + 1;
    double *a = lb_arena_try(arena, n, q * sizeof *a), *tau = lb_arena_array(arena, q, sizeof *tau);
    if (!a) return lb_fail(err, LB_NO_MEMORY, "not enough memory for a design of %zu rows and %zu columns", n, p);
    for (size_t j = 0; j < q; j++) {
        const double *from = j < p ? x + j * n : y;
        for (size_t i = 0; i < n; i++) a[i + j * n] = root_weight ? root_weight[i] * from[i] : from[i];
    }
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; /* OpenBLAS' build for one thread has buffers without locks */
    pthread_mutex_lock(&one_at_a_time);
    lapack_int failed = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, (lapack_int)n, (lapack_int)q, a, (lapack_int)n, tau);
    pthread_mutex_unlock(&one_at_a_time);
    if (failed) {
        return lb_fail(err, LB_FAILED, "the QR factorisation of a design of %zu rows and %zu columns failed", n, p);
    }
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i <= j && i < n; i++) r[i + j * q] = a[i + j * n];
    }
    return LB_OK;
}

int lb_tsqr(const double *x, const double *y, const double *root_weight, size_t n, size_t p, lb_arena *arena, double **r,
            lb_error *err)
{
    size_t q = p + 1;
    *r = lb_arena_try(arena, q * q, sizeof **r);
    if (!*r) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu coefficients", p);
    if (p >= 100 && n < INT32_MAX) return by_lapack(x, y, root_weight, n, p, *r, arena, err);
    double *block = lb_arena_try(arena, q * ROWS, sizeof *block);
    if (!block) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu coefficients", p);
    for (size_t first = 0; first < n; first += ROWS) {
        size_t rows = n - first < ROWS ? n - first : ROWS;
        for (size_t j = 0; j < p; j++) load(block + j * ROWS, x + j * n, root_weight, first, rows);
        load(block + p * ROWS, y, root_weight, first, rows);
        fold(*r, q, block);
    }
    return LB_OK;
}

void lb_tsqr_residual(const double *x, const double *y, const double *weight, const double *b, size_t n, size_t p,
                      double *residual, long double *gradient)
{
    double column[ROWS] __attribute__((aligned(64))), r[ROWS] __attribute__((aligned(64)));
    for (size_t first = 0; first < n; first += ROWS) {
        size_t rows = n - first < ROWS ? n - first : ROWS;
        load(r, y, NULL, first, rows);
        for (size_t j = 0; j < p; j++) {
            load(column, x + j * n, NULL, first, rows);
            subtract(r, b[j], column);
        }
        memcpy(residual + first, r, rows * sizeof *r);
        if (!gradient) continue;
        for (size_t i = 0; weight && i < rows; i++) r[i] *= weight[first + i];
        for (size_t j = 0; j < p; j++) {
            load(column, x + j * n, NULL, first, rows);
            gradient[j] += (long double)dot(column, r);
        }
    }
}
