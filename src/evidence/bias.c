/* Tests of small-study effects: Egger's regression (1997, doi:10.1136/bmj.315.7109.629) in its classical form and as a
 * mixed-effects model, Begg & Mazumdar's rank test (1994). PET and PEESE are the limits of the classical regression on
 * the standard error and on the variance (Stanley & Doucouliagos 2014). */
#include "evidence/bias.h"

#include <math.h>
#include <string.h>

static const lb_egger none = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

int lb_egger_beside(const double *y, const double *v, const double *x, size_t k, size_t columns, const double *predictor,
                    const lb_pool_settings *settings, lb_arena *arena, lb_egger *out, lb_error *err)
{
    double *all = lb_arena_array(arena, k * (columns + 1), sizeof *all);
    memcpy(all, x, k * columns * sizeof *all);
    memcpy(all + k * columns, predictor, k * sizeof *all);
    lb_pool_options options = settings->fit;
    options.test = LB_TEST_Z;
    lb_pool_model model;
    lb_pool pool;
    *out = none;
    int code = lb_pool_model_init(&model, y, v, all, k, columns + 1, arena, err);
    if (code || model.kept[model.p - 1] != columns) return code; /* the moderators give the predictor already */
    code = lb_pool_fit(&model, &options, arena, &pool, err);
    if (code) return code;
    size_t last = pool.p - 1;
    out->statistic = pool.statistic[last];
    out->df = pool.df;
    out->p = pool.p_value[last];
    out->slope = pool.beta[last];
    out->slope_se = pool.se[last];
    return 0;
}

int lb_egger_fit(const lb_effects *effects, const double *predictor, bool classical, const lb_pool_settings *settings,
                 lb_arena *arena, lb_egger *out, lb_error *err)
{
    size_t k = effects->k;
    double *x = lb_arena_array(arena, 2 * k, sizeof *x);
    for (size_t i = 0; i < k; i++) {
        x[i] = 1;
        x[k + i] = predictor[i];
    }
    lb_pool_options options = settings->fit;
    options.test = LB_TEST_Z;
    if (classical) { /* weighted least squares = equal effects with the residual scale estimated */
        options.method = LB_TAU2_FE;
        options.fixed_tau2 = NAN;
        options.test = LB_TEST_KNHA;
    }
    lb_pool_model model;
    lb_pool pool;
    *out = none;
    int code = lb_pool_model_init(&model, effects->y, effects->v, x, k, 2, arena, err);
    if (code || model.p < 2 || k < 3) return code; /* equal standard errors or two studies: no test */
    code = lb_pool_fit(&model, &options, arena, &pool, err);
    if (code) return code;
    *out = (lb_egger){.statistic = pool.statistic[1],
                      .df = pool.df,
                      .p = pool.p_value[1],
                      .limit = pool.beta[0],
                      .limit_se = pool.se[0],
                      .limit_p = pool.p_value[0],
                      .limit_lower = pool.lower[0],
                      .limit_upper = pool.upper[0],
                      .slope = pool.beta[1],
                      .slope_se = pool.se[1]};
    return 0;
}

void lb_begg(const lb_effects *effects, lb_arena *arena, double *tau, double *p, bool *exact)
{
    size_t k = effects->k;
    double weights = 0, mean = 0, *standardised = lb_arena_array(arena, k, sizeof *standardised);
    for (size_t i = 0; i < k; i++) {
        weights += 1 / effects->v[i];
        mean += effects->y[i] / effects->v[i];
    }
    mean /= weights;
    for (size_t i = 0; i < k; i++) standardised[i] = (effects->y[i] - mean) / sqrt(effects->v[i] - 1 / weights);
    lb_kendall(standardised, effects->v, k, arena, tau, p, exact);
}
