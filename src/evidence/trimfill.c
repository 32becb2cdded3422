/* Trim and fill (Duval & Tweedie 2000a, doi:10.2307/2669529, and 2000b, doi:10.1111/j.0006-341X.2000.00455.x): how many
 * studies are missing on one side of the funnel, from the ranks of the distances to the centre of what is left. */
#include "evidence/trimfill.h"

#include "evidence/bias.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 100 };

static void order_by(const double *key, size_t *order, size_t k)
{
    for (size_t i = 0; i < k; i++) {
        size_t j = i;
        for (; j > 0 && key[order[j - 1]] > key[i]; j--) order[j] = order[j - 1];
        order[j] = i;
    }
}

/* Signed-rank statistics of the distances: the sum of the ranks of the positive ones, and the largest rank of a
 * negative one. */
static void signed_ranks(const double *distance, double *size, size_t *order, size_t k, double *positive,
                         double *negative)
{
    for (size_t i = 0; i < k; i++) size[i] = fabs(distance[i]);
    order_by(size, order, k);
    *positive = *negative = 0;
    for (size_t i = 0; i < k; i++) {
        double rank = (double)(i + 1);
        if (distance[order[i]] > 0) *positive += rank;
        if (distance[order[i]] < 0) *negative = rank;
    }
}

/* Number of missing studies before rounding, and its standard error (2000a, section 3). */
static double missing(lb_trim estimator, double n, double positive, double negative, double *se)
{
    double k0;
    if (estimator == LB_TRIM_R0) {
        k0 = n - negative - 1;
        *se = sqrt(2 * fmax(0, k0) + 2);
        return k0;
    }
    if (estimator == LB_TRIM_L0)
        k0 = (4 * positive - n * (n + 1)) / (2 * n - 1);
    else
        k0 = n - .5 - sqrt(fmax(0, 2 * n * n - 4 * positive + .25));
    double variance = (n * (n + 1) * (2 * n + 1) + 10 * k0 * k0 * k0 + 27 * k0 * k0 + 17 * k0 - 18 * n * k0 * k0 -
                       18 * n * k0 + 6 * n * n * k0) /
                      24;
    *se = estimator == LB_TRIM_L0 ? 4 * sqrt(variance) / (2 * n - 1)
                                  : 2 * sqrt(variance) / sqrt((n - .5) * (n - .5) - k0 * (2 * n - k0 - 1));
    return k0;
}

/* The side with the fewer small studies is opposite to the slope of the effects on their standard errors. */
static int choose_side(const lb_effects *effects, const lb_pool_settings *settings, lb_trim_side side, lb_arena *arena,
                       bool *right, lb_error *err)
{
    *right = side == LB_TRIM_RIGHT;
    if (side != LB_TRIM_AUTO) return 0;
    double *se = lb_arena_array(arena, effects->k, sizeof *se);
    for (size_t i = 0; i < effects->k; i++) se[i] = sqrt(effects->v[i]);
    lb_egger egger;
    int code = lb_egger_fit(effects, se, false, settings, arena, &egger, err);
    *right = egger.slope < 0;
    return code;
}

int lb_trimfill_fit(const lb_effects *effects, const lb_pool_settings *settings, lb_trim estimator, lb_trim_side side,
                    lb_arena *arena, lb_trimfill *out, lb_error *err)
{
    size_t k = effects->k, *order = lb_arena_array(arena, k, sizeof *order);
    *out = (lb_trimfill){.p_k0 = NAN};
    int code = choose_side(effects, settings, side, arena, &out->right, err);
    if (code) return code;
    double *flipped = lb_arena_array(arena, k, sizeof *flipped), *y = lb_arena_array(arena, k, sizeof *y),
           *v = lb_arena_array(arena, k, sizeof *v), *distance = lb_arena_array(arena, k, sizeof *distance),
           *size = lb_arena_array(arena, k, sizeof *size);
    double sign = out->right ? -1 : 1, n = (double)k, centre = 0, k0 = 0, before = -1;
    for (size_t i = 0; i < k; i++) flipped[i] = sign * effects->y[i];
    order_by(flipped, order, k);
    for (size_t i = 0; i < k; i++) {
        y[i] = flipped[order[i]];
        v[i] = effects->v[order[i]];
    }
    lb_pool_model model;
    lb_pool pool;
    lb_pool_sums sums;
    code = lb_pool_model_init(&model, y, v, NULL, k, 1, arena, err);
    if (code) return code;
    lb_pool_alloc(&pool, k, 1, arena);
    for (int round = 0; round < MOST_ROUNDS && k0 != before; round++) {
        double positive, negative;
        before = k0;
        lb_pool_model_reuse(&model, y, v, k - (size_t)k0);
        lb_pool_solve(&model, &settings->fit, &pool, &sums);
        centre = pool.beta[0];
        for (size_t i = 0; i < k; i++) distance[i] = y[i] - centre;
        signed_ranks(distance, size, order, k, &positive, &negative);
        /* Whole studies; one at least must be left to be the centre (metafor goes as far). */
        k0 = fmin(fmax(0, nearbyint(missing(estimator, n, positive, negative, &out->se_k0))), n - 1);
    }
    out->settled = k0 == before;
    out->k0 = (size_t)k0;
    out->se_k0 = fmax(0, out->se_k0);
    if (estimator == LB_TRIM_R0) out->p_k0 = pow(.5, k0 + 1);
    out->k = k + out->k0;
    out->y = lb_arena_array(arena, out->k, sizeof *out->y);
    out->v = lb_arena_array(arena, out->k, sizeof *out->v);
    memcpy(out->y, effects->y, k * sizeof *y);
    memcpy(out->v, effects->v, k * sizeof *v);
    for (size_t i = 0; i < out->k0; i++) { /* mirror images of the most extreme ones */
        out->y[k + i] = sign * (2 * centre - y[k - out->k0 + i]);
        out->v[k + i] = v[k - out->k0 + i];
    }
    return 0;
}
