/* Permutation tests of the pooled effect and of moderators (Follmann & Proschan 1999; Higgins & Thompson 2004).
 * Permuting the rows of X against the studies is permuting the studies against X, so that X = QR is worked out only
 * once. Without moderators the signs of the effects are flipped. Arrangement i is found from i alone: any number of
 * threads gives the same answer. */
#include "evidence/permute.h"

#include "evidence/refit.h"

#include <math.h>
#include <string.h>

#define TIE 1.5e-8 /* statistics this close are equal, as in metafor */
enum { CHUNKS = 64 };

typedef struct work {
    const double *y, *v;
    const lb_pool_model *model;
    const lb_pool_options *fit;
    const lb_permutation_options *options;
    lb_permutation *observed;
    bool signs;
    size_t k, p;
    const uint32_t *kind;   /* k: which distinct row of X each study has */
    const uint32_t *amount; /* kinds: how many studies have it */
    uint32_t kinds;
    uint64_t total;
    uint64_t (*hits)[CHUNKS]; /* p + 1 rows: coefficients, then QM */
} work;

static uint32_t find_kinds(const double *x, size_t k, size_t columns, uint32_t *kind, uint32_t *amount)
{
    uint32_t kinds = 0;
    for (size_t i = 0; i < k; i++) {
        size_t earlier = 0;
        for (; earlier < i; earlier++) {
            size_t j = 0;
            while (j < columns && x[j * k + i] == x[j * k + earlier]) j++;
            if (j == columns) break;
        }
        kind[i] = earlier < i ? kind[earlier] : kinds++;
        amount[kind[i]]++;
    }
    return kinds;
}

/* k! / Π amount!, exact while it fits 53 bits. */
static double arrangements(const uint32_t *amount, uint32_t kinds)
{
    double count = 1, placed = 0;
    for (uint32_t j = 0; j < kinds; j++) {
        for (uint32_t i = 1; i <= amount[j]; i++) {
            placed++;
            count = nearbyint(count * placed / i);
            if (count > 9e15) return INFINITY;
        }
    }
    return count;
}

double lb_permutation_count(const double *x, size_t k, size_t columns, lb_arena *arena)
{
    if (!x) return k > 53 ? INFINITY : ldexp(1, (int)k);
    uint32_t *kind = lb_arena_array(arena, k, sizeof *kind), *amount = lb_arena_array(arena, k, sizeof *amount);
    return arrangements(amount, find_kinds(x, k, columns, kind, amount));
}

/* Arrangement `index` of the kinds over the places of X. */
static void unrank(const work *w, uint64_t index, uint32_t *left, uint32_t *out)
{
    memcpy(left, w->amount, w->kinds * sizeof *left);
    double count = (double)w->total;
    size_t open = w->k;
    for (size_t place = 0; place < w->k; place++, open--) {
        for (uint32_t j = 0; j < w->kinds; j++) {
            if (!left[j]) continue;
            double with = nearbyint(count * left[j] / (double)open);
            if ((double)index < with) {
                out[place] = j;
                left[j]--;
                count = with;
                break;
            }
            index -= (uint64_t)with;
        }
    }
}

/* In arrangement `order`, the place with row i of X gets study order[i]. */
static void arrange(const work *w, uint64_t index, uint32_t *order, uint32_t *scratch)
{
    for (uint32_t i = 0; i < w->k; i++) order[i] = i;
    if (!w->options->exact) {
        lb_random random;
        lb_random_init(&random, w->options->seed, index);
        for (size_t i = w->k; i > 1; i--) {
            uint32_t j = lb_random_below(&random, (uint32_t)i), kept = order[i - 1];
            order[i - 1] = order[j];
            order[j] = kept;
        }
        return;
    }
    /* Study number s takes the place of one of the rows of its kind. */
    uint32_t *assigned = scratch, *left = scratch + w->k, *next = scratch + 2 * w->k;
    unrank(w, index, left, assigned);
    memset(next, 0, w->k * sizeof *next);
    for (uint32_t study = 0; study < w->k; study++) {
        uint32_t place = next[assigned[study]];
        while (w->kind[place] != assigned[study]) place++;
        next[assigned[study]] = place + 1;
        order[place] = study;
    }
}

static void flip(const work *w, uint64_t index, double *y)
{
    lb_random random;
    lb_random_init(&random, w->options->seed, index);
    for (size_t i = 0; i < w->k; i++) {
        bool negative = w->options->exact ? (index >> i) & 1 : lb_random_u32(&random) & 1;
        y[i] = negative ? -w->y[i] : w->y[i];
    }
}

static void count(work *w, size_t chunk, const double *statistic, double qm)
{
    for (size_t j = 0; j < w->p; j++) w->hits[j][chunk] += fabs(statistic[j]) >= fabs(w->observed->statistic[j]) - TIE;
    w->hits[w->p][chunk] += qm >= w->observed->qm - TIE;
}

static void run_chunk(void *context, size_t chunk)
{
    work *w = context;
    lb_arena *arena = lb_arena_new();
    size_t k = w->k, p = w->p;
    double *y = lb_arena_array(arena, k, sizeof *y), *v = lb_arena_array(arena, k, sizeof *v);
    uint32_t *order = lb_arena_array(arena, k, sizeof *order), *scratch = lb_arena_array(arena, 3 * k, sizeof *scratch);
    double *basis = lb_arena_array(arena, k * p, sizeof *basis);
    lb_pool_model model;
    lb_pool pool;
    lb_pool_sums sums;
    lb_error ignored = LB_ERROR_INIT;
    /* A model of its own: Q spans the same space, only its workspace is not shared. */
    memcpy(basis, w->model->q, k * p * sizeof *basis);
    if (lb_pool_model_init(&model, y, v, basis, k, p, arena, &ignored) != 0 || model.p != p) goto out;
    memcpy(model.q, w->model->q, k * p * sizeof *basis);
    memcpy(model.r, w->model->r, p * p * sizeof(double));
    model.intercept = w->model->intercept;
    lb_pool_alloc(&pool, k, p, arena);
    bool reml = !w->signs && w->fit->method == LB_TAU2_REML && isnan(w->fit->fixed_tau2);
    lb_refit *refit = reml ? lb_refit_new(w->model, arena) : NULL;
    for (uint64_t i = chunk; i < w->total; i += CHUNKS) {
        if (lb_progress_cancelled(w->options->progress)) break;
        if (w->signs) {
            flip(w, i, y);
            memcpy(v, w->v, k * sizeof *v);
        } else {
            arrange(w, i, order, scratch);
            for (size_t j = 0; j < k; j++) {
                y[j] = w->y[order[j]];
                v[j] = w->v[order[j]];
            }
        }
        if (refit) {
            memcpy(lb_refit_y(refit), y, k * sizeof *y);
            memcpy(lb_refit_v(refit), v, k * sizeof *v);
        }
        if (!refit || !lb_refit_reml(refit, w->fit->test, pool.statistic, &pool.qm)) {
            lb_pool_model_reuse(&model, y, v, k);
            lb_pool_solve(&model, w->fit, &pool, &sums);
        }
        count(w, chunk, pool.statistic, pool.qm);
    }
out:
    lb_arena_free(arena);
}

int lb_permutation_test(const double *y, const double *v, const double *x, size_t k, size_t columns,
                        const lb_pool_options *fit, const lb_permutation_options *options, lb_arena *arena,
                        lb_permutation *out, lb_error *err)
{
    lb_pool_model model;
    lb_pool pool;
    lb_pool_sums sums;
    int code = lb_pool_model_init(&model, y, v, x, k, columns, arena, err);
    if (code) return code;
    size_t p = model.p;
    if (k <= p) return lb_fail(err, LB_BAD_DATA, "%zu studies cannot carry %zu coefficients", k, p);
    lb_pool_alloc(&pool, k, p, arena);
    lb_pool_solve(&model, fit, &pool, &sums);
    *out = (lb_permutation){.exact = options->exact, .qm = pool.qm, .qm_p = NAN, .statistic = pool.statistic};
    out->p = lb_arena_array(arena, p, sizeof *out->p);
    work w = {
        .y = y, .v = v, .model = &model, .fit = fit, .options = options, .observed = out, .signs = !x, .k = k, .p = p};
    uint32_t *kind = lb_arena_array(arena, k, sizeof *kind), *amount = lb_arena_array(arena, k, sizeof *amount);
    if (x) w.kinds = find_kinds(x, k, columns, kind, amount);
    w.kind = kind;
    w.amount = amount;
    w.total = options->exact ? (uint64_t)lb_permutation_count(x, k, columns, arena) : options->samples;
    w.hits = lb_arena_array(arena, p + 1, sizeof *w.hits);
    lb_parallel_for(CHUNKS, options->threads, run_chunk, &w);
    if (lb_progress_cancelled(options->progress)) return lb_fail(err, LB_CANCELLED, "stopped while permuting");
    out->done = w.total;
    /* Sampled: the arrangement observed is one of those possible (Phipson & Smyth 2010). */
    double extra = options->exact ? 0 : 1, all = (double)w.total + extra;
    for (size_t j = 0; j <= p; j++) {
        uint64_t hits = 0;
        for (size_t c = 0; c < CHUNKS; c++) hits += w.hits[j][c];
        if (j < p)
            out->p[j] = ((double)hits + extra) / all;
        else if (!isnan(out->qm))
            out->qm_p = ((double)hits + extra) / all;
    }
    return 0;
}
