/* meta bias: tests of small-study effects. */
#include "evidence/bias.h"
#include "evidence/excess.h"
#include "evidence/henmi_copas.h"
#include "evidence/ops.h"

#include <math.h>

static void report_egger(lb_value *out, const lb_egger *egger)
{
    lb_set_number(out, "statistic", egger->statistic);
    lb_set_number(out, "df", egger->df);
    lb_set_number(out, "p", egger->p);
    lb_set_number(out, "limit", egger->limit);
    lb_set_number(out, "limit_lower", egger->limit_lower);
    lb_set_number(out, "limit_upper", egger->limit_upper);
    lb_set_number(out, "slope", egger->slope);
    lb_set_number(out, "slope_se", egger->slope_se);
}

static void report_limit(lb_value *out, const lb_egger *egger)
{
    lb_set_number(out, "estimate", egger->limit);
    lb_set_number(out, "se", egger->limit_se);
    lb_set_number(out, "df", egger->df);
    lb_set_number(out, "p", egger->limit_p);
    lb_set_number(out, "lower", egger->limit_lower);
    lb_set_number(out, "upper", egger->limit_upper);
}

static void report_excess(lb_value *out, const lb_excess *excess, size_t k)
{
    lb_set_int(out, "O", (int64_t)excess->observed);
    lb_set_number(out, "E", excess->expected);
    lb_set_number(out, "OE_ratio", (double)excess->observed / excess->expected);
    lb_set_number(out, "theta", excess->theta);
    lb_set_text(out, "test", excess->exact ? "exact" : "chi2");
    lb_set_number(out, "p", excess->exact ? excess->p_exact : excess->p_chi2);
    lb_set_number(out, "p_exact", excess->p_exact);
    lb_set_number(out, "X2", excess->x2);
    lb_set_number(out, "p_chi2", excess->p_chi2);
    lb_set_numbers(out, "power", excess->power, k);
}

static void report_henmi_copas(lb_value *out, const lb_henmi_copas *fit)
{
    lb_set_number(out, "estimate", fit->estimate);
    lb_set_number(out, "se", fit->se);
    lb_set_number(out, "lower", fit->lower);
    lb_set_number(out, "upper", fit->upper);
    lb_set_number(out, "tau2", fit->tau2);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_pool_settings settings;
    lb_effects effects;
    lb_egger mixed, classical, peese;
    lb_excess excess;
    lb_henmi_copas henmi_copas;
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    if (effects.k < 3)
        return lb_fail(err, LB_BAD_DATA, "%zu studies: small-study effects need at least three", effects.k);
    if (effects.k > 20000) return lb_fail(err, LB_TOO_LARGE, "%zu studies are too many for the rank test", effects.k);
    double *se = lb_arena_array(arena, effects.k, sizeof *se);
    for (size_t i = 0; i < effects.k; i++) se[i] = sqrt(effects.v[i]);
    code = lb_egger_fit(&effects, se, false, &settings, arena, &mixed, err);
    if (!code) code = lb_egger_fit(&effects, se, true, &settings, arena, &classical, err);
    if (!code) code = lb_egger_fit(&effects, effects.v, true, &settings, arena, &peese, err);
    if (!code) code = lb_henmi_copas_fit(effects.y, effects.v, effects.k, settings.fit.level, &henmi_copas, err);
    if (code) return code;
    lb_excess_test(effects.y, effects.v, effects.k, arena, &excess);
    double tau, p;
    bool exact;
    lb_begg(&effects, arena, &tau, &p, &exact);
    lb_value *results = result->results, *rank;
    lb_set_int(results, "k", (int64_t)effects.k);
    report_egger(lb_set_object(results, "egger"), &mixed);
    report_egger(lb_set_object(results, "egger_lm"), &classical);
    rank = lb_set_object(results, "rank");
    lb_set_number(rank, "tau", tau);
    lb_set_number(rank, "p", p);
    lb_set_bool(rank, "exact", exact);
    report_limit(lb_set_object(results, "pet"), &classical);
    report_limit(lb_set_object(results, "peese"), &peese);
    report_excess(lb_set_object(results, "tes"), &excess, effects.k);
    report_henmi_copas(lb_set_object(results, "henmi_copas"), &henmi_copas);
    lb_result_note(result,
                   "egger: mixed-effects regression on the standard error with a z test, tau2 by %s; egger_lm: "
                   "weighted regression with a t test; "
                   "rank: Begg and Mazumdar, %s.",
                   lb_tau2_method_name(settings.fit.method),
                   exact ? "exact" : "normal approximation (ties or many studies)");
    lb_result_note(result, "tes: studies significant at 5 %% observed and expected from their power against the equal-effects estimate, p "
                           "for an excess; henmi_copas: the equal-effects estimate, its interval allows for heterogeneity.");
    if (isnan(mixed.statistic))
        lb_result_warn(result, "all studies have the same standard error: there is no regression on it");
    if (effects.k < 10) lb_result_warn(result, "%zu studies: these tests have little power below ten", effects.k);
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {LB_EFFECT_PARAMS, LB_POOL_PARAMS};

const lb_op lb_op_meta_bias = {
    .area = "meta",
    .verb = "bias",
    .summary = "tests of small-study effects",
    .description = "Egger's regression of the effects on their standard errors, as a mixed-effects model with a z test "
                   "and in its classical weighted form "
                   "with a t test (Egger 1997; Sterne & Egger 2005); the effect of an infinitely large study that it "
                   "implies; Begg and Mazumdar's rank "
                   "test with the exact distribution of Kendall's tau; PET and PEESE (Stanley & Doucouliagos 2014); the test of excess significance (Ioannidis & Trikalinos 2007), exact "
                   "where metafor's tes is and by chi-squared beyond; Henmi and Copas' interval (2010), which small studies "
                   "move little. A "
                   "positive test says that small "
                   "studies differ from large ones, not why.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta bias reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg",
};
