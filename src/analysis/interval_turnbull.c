/* Nonparametric maximum likelihood for interval-censored times: innermost intervals (Peto 1973, Turnbull 1976,
 * doi:10.1111/j.2517-6161.1976.tb01597.x), self-consistency with squared extrapolation (Varadhan & Roland 2008,
 * doi:10.1111/j.1467-9469.2007.00585.x), stopped by the optimality conditions of Gentleman & Geyer (1994). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/interval.h"

/* Ends in order: at the same time an exact observation begins before a right end, and an open left end comes after it. */
typedef struct end {
    double time;
    enum { BEGINS, RIGHT, OPEN } kind;
} end;

static int compare(const void *a, const void *b)
{
    const end *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

typedef struct problem {
    size_t n, m;
    size_t *from, *to; /* each person holds innermost intervals from..to-1 */
    double *chance;    /* n */
    double *prefix;    /* m + 1 */
    double *gain;      /* m + 1 */
} problem;

static void find_innermost(const lb_interval_data *data, const size_t *row, size_t n, lb_arena *arena, lb_turnbull *out, problem *p)
{
    end *ends = lb_alloc(2 * n + 1, sizeof *ends);
    for (size_t i = 0; i < n; i++) {
        double l = data->left[row[i]], r = data->right[row[i]];
        ends[2 * i] = (end){l, l == r ? BEGINS : OPEN};
        ends[2 * i + 1] = (end){r, RIGHT};
    }
    qsort(ends, 2 * n, sizeof *ends, compare);
    out->lower = lb_arena_array(arena, n + 1, sizeof *out->lower);
    out->upper = lb_arena_array(arena, n + 1, sizeof *out->upper);
    end *low = lb_alloc(n + 1, sizeof *low), *high = lb_alloc(n + 1, sizeof *high);
    for (size_t k = 0; k + 1 < 2 * n; k++) {
        if (ends[k].kind == RIGHT || ends[k + 1].kind != RIGHT) continue;
        low[out->count] = ends[k];
        high[out->count] = ends[k + 1];
        out->lower[out->count] = ends[k].time;
        out->upper[out->count++] = ends[k + 1].time;
    }
    p->m = out->count;
    for (size_t i = 0; i < n; i++) { /* the innermost intervals lie in order: a range of them */
        double l = data->left[row[i]], r = data->right[row[i]];
        end left = {l, l == r ? BEGINS : OPEN}, right = {r, RIGHT};
        size_t a = 0, b = p->m;
        while (a < b) {
            size_t middle = (a + b) / 2;
            if (compare(&low[middle], &left) < 0) a = middle + 1;
            else b = middle;
        }
        p->from[i] = a;
        for (b = p->m; a < b;) {
            size_t middle = (a + b) / 2;
            if (compare(&high[middle], &right) <= 0) a = middle + 1;
            else b = middle;
        }
        p->to[i] = a;
    }
    free(ends);
    free(low);
    free(high);
}

/* One step of self-consistency: mass_j · d_j / n with d_j = Σ over people holding j of 1/chance. Returns the log-likelihood. */
static double step(const problem *p, const double *mass, double *next, double *excess)
{
    double loglik = 0, most = 0;
    p->prefix[0] = 0;
    for (size_t j = 0; j < p->m; j++) p->prefix[j + 1] = p->prefix[j] + mass[j];
    memset(p->gain, 0, (p->m + 1) * sizeof *p->gain);
    for (size_t i = 0; i < p->n; i++) {
        double chance = p->prefix[p->to[i]] - p->prefix[p->from[i]];
        if (!(chance > 0)) return -INFINITY;
        loglik += log(chance);
        p->gain[p->from[i]] += 1 / chance;
        p->gain[p->to[i]] -= 1 / chance;
    }
    double d = 0;
    for (size_t j = 0; j < p->m; j++) {
        d += p->gain[j];
        most = fmax(most, d / (double)p->n - 1);
        next[j] = mass[j] * d / (double)p->n;
    }
    if (excess) *excess = most;
    return loglik;
}

static void normalise(double *mass, size_t m)
{
    double sum = 0;
    for (size_t j = 0; j < m; j++) sum += mass[j] = fmax(mass[j], 0);
    for (size_t j = 0; j < m; j++) mass[j] /= sum;
}

static void maximise(const problem *p, lb_turnbull *out)
{
    enum { MOST = 20000 };
    size_t m = p->m;
    double *one = lb_alloc(3 * m + 1, sizeof *one), *two = one + m, *leap = one + 2 * m;
    for (size_t j = 0; j < m; j++) out->mass[j] = 1 / (double)m;
    for (out->iterations = 0; out->iterations < MOST; out->iterations++) {
        double before = step(p, out->mass, one, &out->excess), rr = 0, vv = 0;
        out->loglik = before;
        if (out->excess < 1e-10) {
            out->converged = true;
            break;
        }
        step(p, one, two, NULL);
        for (size_t j = 0; j < m; j++) {
            double r = one[j] - out->mass[j], v = two[j] - one[j] - r;
            rr += r * r;
            vv += v * v;
        }
        double alpha = vv > 0 ? -sqrt(rr / vv) : -1;
        if (alpha > -1) alpha = -1;
        bool taken = false;
        for (int half = 0; half < 8 && alpha < -1 && !taken; half++, alpha = (alpha - 1) / 2) {
            for (size_t j = 0; j < m; j++) {
                double r = one[j] - out->mass[j], v = two[j] - one[j] - r;
                leap[j] = out->mass[j] - 2 * alpha * r + alpha * alpha * v;
                if (leap[j] < 0) leap[j] = two[j] * 1e-3; /* stays inside: a zero would never come back */
            }
            normalise(leap, m);
            taken = step(p, leap, one, NULL) > before;
            if (taken) memcpy(out->mass, one, m * sizeof *one); /* and one plain step more */
            else step(p, out->mass, one, NULL);
        }
        if (!taken) memcpy(out->mass, two, m * sizeof *two);
        normalise(out->mass, m);
    }
    free(one);
}

void lb_turnbull_fit(const lb_interval_data *data, const size_t *row, size_t n, lb_arena *arena, lb_turnbull *out)
{
    *out = (lb_turnbull){0};
    problem p = {.n = n, .from = lb_alloc(n + 1, sizeof(size_t)), .to = lb_alloc(n + 1, sizeof(size_t)), .chance = NULL};
    find_innermost(data, row, n, arena, out, &p);
    p.prefix = lb_alloc(p.m + 1, sizeof *p.prefix);
    p.gain = lb_alloc(p.m + 2, sizeof *p.gain);
    out->mass = lb_arena_array(arena, p.m + 1, sizeof *out->mass);
    maximise(&p, out);
    for (size_t j = 0; j < p.m; j++)
        if (out->mass[j] < 1e-9) out->mass[j] = 0;
    normalise(out->mass, p.m);
    free(p.from);
    free(p.to);
    free(p.prefix);
    free(p.gain);
}

void lb_turnbull_quantile(const lb_turnbull *fit, double p, double *low, double *high)
{
    double sum = 0;
    *low = *high = INFINITY;
    for (size_t j = 0; j < fit->count; j++) {
        sum += fit->mass[j];
        if (sum < p - 1e-12) continue;
        *low = fit->lower[j];
        *high = fit->upper[j];
        return;
    }
}
