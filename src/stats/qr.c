/* Householder QR in long double with the limited column pivoting of R's lm: a column whose norm falls below 1e-7 of
 * what it was is moved to the end, the others keep their order (Golub & Van Loan 2013, algorithm 5.2.1; the rule is that
 * of LINPACK's dqrdc as R modified it). Extended precision makes small problems exact to about three more digits. */
#include <math.h>
#include <string.h>

#include "lsq.h"

static const long double singular = 1e-7L;

static long double norm(const long double *x, size_t n)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrtl(sum);
}

/* Columns l..p-1 move left by one, column l goes to the end. */
static void send_to_end(lb_qr *qr, size_t l, long double *now, long double *original, long double *spare)
{
    size_t m = qr->m, last = qr->p - 1, which = qr->pivot[l];
    long double keep_now = now[l], keep_original = original[l];
    memcpy(spare, qr->a + l * m, m * sizeof *spare);
    for (size_t j = l; j < last; j++) {
        memcpy(qr->a + j * m, qr->a + (j + 1) * m, m * sizeof *spare);
        now[j] = now[j + 1];
        original[j] = original[j + 1];
        qr->pivot[j] = qr->pivot[j + 1];
    }
    memcpy(qr->a + last * m, spare, m * sizeof *spare);
    now[last] = keep_now;
    original[last] = keep_original;
    qr->pivot[last] = which;
}

/* Reflector of column l applied to column j. */
static void reflect(const lb_qr *qr, size_t l, long double *column)
{
    const long double *v = qr->a + l * qr->m;
    long double sum = qr->head[l] * column[l];
    for (size_t i = l + 1; i < qr->m; i++) sum += v[i] * column[i];
    sum *= qr->beta[l];
    column[l] -= sum * qr->head[l];
    for (size_t i = l + 1; i < qr->m; i++) column[i] -= sum * v[i];
}

static void eliminate(lb_qr *qr, size_t l, long double *now)
{
    size_t m = qr->m;
    long double *v = qr->a + l * m;
    long double length = norm(v + l, m - l);
    if (length == 0) return; /* nothing below: the reflector is the identity */
    long double alpha = v[l] > 0 ? -length : length;
    qr->head[l] = v[l] - alpha;
    qr->beta[l] = 1 / (length * (length + fabsl(v[l])));
    v[l] = alpha;
    for (size_t j = l + 1; j < qr->p; j++) {
        long double *column = qr->a + j * m;
        reflect(qr, l, column);
        if (now[j] == 0) continue;
        long double ratio = fabsl(column[l]) / now[j], left = 1 - ratio * ratio;
        /* downdate the norm; recompute where the difference has lost its digits */
        if (left < 1e-6L) now[j] = norm(column + l + 1, m - l - 1);
        else now[j] *= sqrtl(left);
    }
}

static void invert(lb_qr *qr)
{
    size_t k = qr->rank, m = qr->m;
    for (size_t j = 0; j < k; j++) {
        qr->inverse[j + j * k] = 1 / qr->a[j + j * m];
        for (size_t i = j; i-- > 0;) {
            long double sum = 0;
            for (size_t t = i + 1; t <= j; t++) sum -= qr->a[i + t * m] * qr->inverse[t + j * k];
            qr->inverse[i + j * k] = sum / qr->a[i + i * m];
        }
    }
}

int lb_qr_factor(lb_qr *qr, long double *a, size_t m, size_t p, lb_arena *arena, lb_error *err)
{
    *qr = (lb_qr){.m = m, .p = p, .a = a};
    qr->beta = lb_arena_array(arena, p + 1, sizeof *qr->beta);
    qr->head = lb_arena_array(arena, p + 1, sizeof *qr->head);
    qr->pivot = lb_arena_array(arena, p + 1, sizeof *qr->pivot);
    qr->inverse = lb_arena_try(arena, p * p + 1, sizeof *qr->inverse);
    long double *now = lb_arena_array(arena, p + 1, sizeof *now);
    long double *original = lb_arena_array(arena, p + 1, sizeof *original);
    long double *spare = lb_arena_try(arena, m + 1, sizeof *spare);
    if (!qr->inverse || !spare) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu coefficients", p);
    for (size_t j = 0; j < p; j++) {
        qr->pivot[j] = j;
        now[j] = original[j] = norm(a + j * m, m);
        if (original[j] == 0) original[j] = 1;
    }
    size_t columns = p;
    for (size_t l = 0; l < p && l < m; l++) {
        for (; l < columns && now[l] < original[l] * singular; columns--) send_to_end(qr, l, now, original, spare);
        if (l >= columns) break;
        eliminate(qr, l, now);
    }
    qr->rank = columns < m ? columns : m;
    invert(qr);
    return LB_OK;
}

void lb_qr_apply(const lb_qr *qr, long double *z)
{
    for (size_t l = 0; l < qr->rank; l++) reflect(qr, l, z);
}

void lb_qr_solve(const lb_qr *qr, const long double *z, long double *beta)
{
    for (size_t i = qr->rank; i-- > 0;) {
        long double sum = z[i];
        for (size_t j = i + 1; j < qr->rank; j++) sum -= qr->a[i + j * qr->m] * beta[j];
        beta[i] = sum / qr->a[i + i * qr->m];
    }
}
