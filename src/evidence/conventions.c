/* meta fit --conventions: the same studies as different programs pool them by default, and which conclusions change
 * with the program. Defaults as documented: metafor 4 (REML, z), meta 8 and RevMan Web (REML, z, I² from Q, t(k − 1) or
 * t(k − 2) prediction), RevMan 5 (DerSimonian–Laird, z, I² from Q), Wilson's MeanES macro (moments, z). */
#include "evidence/conventions.h"

#include <math.h>

static const struct {
    const char *name;
    lb_tau2_method method;
    lb_pool_test test;
    lb_prediction prediction;
    bool i2_from_q, predicts;
} conventions[] = {
    {"metafor", LB_TAU2_REML, LB_TEST_Z, LB_PREDICT_METAFOR, false, true},
    {"meta", LB_TAU2_REML, LB_TEST_Z, LB_PREDICT_K1, true, true},
    {"RevMan 5", LB_TAU2_DL, LB_TEST_Z, LB_PREDICT_RILEY, true, false},
    {"RevMan Web, HKSJ", LB_TAU2_REML, LB_TEST_KNHA, LB_PREDICT_K1, true, true},
    {"Wilson", LB_TAU2_DL, LB_TEST_Z, LB_PREDICT_RILEY, true, false},
    {"equal effects", LB_TAU2_FE, LB_TEST_Z, LB_PREDICT_METAFOR, true, false},
};

int lb_conventions_report(const lb_effects *effects, double level, lb_arena *arena, lb_result *result, lb_error *err)
{
    lb_value *rows = lb_set_array(result->results, "conventions");
    size_t significant = 0, predicted = 0, with_prediction = 0;
    for (size_t c = 0; c < LB_COUNT(conventions); c++) {
        lb_pool_settings settings = {.fit = LB_POOL_OPTIONS_INIT, .prediction = conventions[c].prediction};
        lb_summary s;
        settings.fit.method = conventions[c].method;
        settings.fit.test = conventions[c].test;
        settings.fit.level = level;
        int code = lb_summary_fit(effects->y, effects->v, effects->k, &settings, arena, &s, err);
        if (code) return code;
        const lb_pool *pool = &s.pool;
        double i2 =
            conventions[c].i2_from_q ? pool->q > 0 ? 100 * fmax(0, (pool->q - pool->q_df) / pool->q) : 0 : pool->i2;
        bool away = pool->lower[0] > 0 || pool->upper[0] < 0;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "convention", conventions[c].name);
        lb_set_text(row, "method", lb_tau2_method_name(conventions[c].method));
        lb_set_text(row, "test", conventions[c].test == LB_TEST_KNHA ? "knha" : "z");
        lb_set_number(row, "estimate", pool->beta[0]);
        lb_set_number(row, "se", pool->se[0]);
        lb_set_number(row, "p", pool->p_value[0]);
        lb_set_number(row, "lower", pool->lower[0]);
        lb_set_number(row, "upper", pool->upper[0]);
        lb_set_number(row, "tau2", pool->tau2.tau2);
        lb_set_number(row, "I2", pool->k > 1 ? i2 : NAN);
        lb_set_number(row, "pi_lower", conventions[c].predicts ? s.prediction.lower : NAN);
        lb_set_number(row, "pi_upper", conventions[c].predicts ? s.prediction.upper : NAN);
        lb_set_bool(row, "excludes_zero", away);
        significant += away;
        if (!conventions[c].predicts || !isfinite(s.prediction.lower)) continue;
        with_prediction++;
        predicted += s.prediction.lower > 0 || s.prediction.upper < 0;
    }
    bool flips = significant > 0 && significant < LB_COUNT(conventions);
    bool prediction_flips = predicted > 0 && predicted < with_prediction;
    lb_set_bool(result->results, "conclusion_flips", flips);
    lb_set_bool(result->results, "prediction_flips", prediction_flips);
    if (flips)
        lb_result_warn(result, "whether the interval excludes no effect depends on the program: it does in %zu of %zu",
                       significant, LB_COUNT(conventions));
    if (prediction_flips)
        lb_result_warn(result, "whether the prediction interval excludes no effect depends on the program");
    return 0;
}
