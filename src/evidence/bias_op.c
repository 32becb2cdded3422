/* meta bias: tests of small-study effects. */
#include "evidence/bias.h"
#include "evidence/excess.h"
#include "evidence/henmi_copas.h"
#include "evidence/ops.h"

#include <math.h>
#include <string.h>

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

/* Sizes of the studies: the column ni, or both groups' sizes. */
static int read_sizes(lb_call *call, const lb_effects *effects, double *size, lb_error *err)
{
    static const char *const columns[][4] = {{"ni", NULL}, {"n1i", "n2i", NULL}, {"ai", "bi", "ci", "di"}};
    for (size_t i = 0; i < effects->k; i++) size[i] = 0;
    for (size_t set = 0; set < LB_COUNT(columns); set++) {
        const lb_column *found[4];
        size_t count = 0;
        for (size_t c = 0; c < 4 && columns[set][c]; c++) {
            const char *name = lb_call_given(call, columns[set][c]) ? lb_call_text(call, columns[set][c]) : columns[set][c];
            const lb_column *column = lb_table_find(effects->table, name);
            if (!column || !column->number) break;
            found[count++] = column;
        }
        if (count == 0 || (count < 4 && columns[set][count])) continue;
        for (size_t i = 0; i < effects->k; i++)
            for (size_t c = 0; c < count; c++) size[i] += found[c]->number[effects->used[i]];
        for (size_t i = 0; i < effects->k; i++)
            if (!(size[i] > 0)) size[i] = NAN;
        return 0;
    }
    int code = lb_fail(err, LB_USAGE, "--predictor %s: the table has no sizes", lb_call_text(call, "predictor"));
    lb_error_hint(err, "name the column of sample sizes with --ni, or those of both groups with --n1i and --n2i");
    return code;
}

/* Egger's predictor for each study, by metafor's names. `limit`: it falls to 0 as studies grow, so that there is a limit. */
static int read_predictor(lb_call *call, const lb_effects *effects, double *out, bool *limit, lb_error *err)
{
    const char *name = lb_call_text(call, "predictor");
    bool root = strncmp(name, "sqrt", 4) == 0, inverse = strstr(name, "inv") != NULL;
    *limit = inverse || name[0] == 'v' || strcmp(name, "sei") == 0;
    if (strcmp(name, "sei") == 0 || strcmp(name, "vi") == 0) {
        for (size_t i = 0; i < effects->k; i++) out[i] = name[0] == 'v' ? effects->v[i] : sqrt(effects->v[i]);
        return 0;
    }
    int code = read_sizes(call, effects, out, err);
    for (size_t i = 0; i < effects->k && !code; i++) {
        if (root) out[i] = sqrt(out[i]);
        if (inverse) out[i] = 1 / out[i];
    }
    return code;
}

/* The studies that have the predictor. */
static lb_effects with_predictor(const lb_effects *effects, double *predictor, lb_arena *arena)
{
    lb_effects out = *effects;
    out.y = lb_arena_array(arena, effects->k, sizeof *out.y);
    out.v = lb_arena_array(arena, effects->k, sizeof *out.v);
    out.k = 0;
    for (size_t i = 0; i < effects->k; i++) {
        if (isnan(predictor[i])) continue;
        out.y[out.k] = effects->y[i];
        out.v[out.k] = effects->v[i];
        predictor[out.k++] = predictor[i];
    }
    return out;
}

static void no_limit(lb_egger *egger)
{
    egger->limit = egger->limit_se = egger->limit_p = egger->limit_lower = egger->limit_upper = NAN;
}

/* The studies that have the moderators: Egger's regression beside them. The other tests know no moderators. */
static int run_beside(lb_call *call, const lb_effects *effects, const lb_pool_settings *settings, lb_result *result, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_moderators moderators;
    lb_egger egger;
    int code = lb_moderators_read(call, effects, &moderators, err);
    if (code) return code;
    size_t k = moderators.design->n;
    double *se = lb_arena_array(arena, k + 1, sizeof *se);
    for (size_t i = 0; i < k; i++) se[i] = sqrt(moderators.v[i]);
    code = lb_egger_beside(moderators.y, moderators.v, moderators.design->x, k, moderators.design->p, se, settings, arena, &egger, err);
    if (code) return code;
    lb_set_int(result->results, "k", (int64_t)k);
    report_egger(lb_set_object(result->results, "egger"), &egger);
    lb_result_note(result, "egger: mixed-effects regression on the standard error beside the moderators, z test, tau2 by %s. The other tests take no moderators.",
                   lb_tau2_method_name(settings->fit.method));
    if (isnan(egger.statistic)) lb_result_warn(result, "the standard error is given by the moderators: there is no regression on it");
    lb_effects_note(effects, result);
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_pool_settings settings;
    lb_effects effects;
    lb_egger mixed, classical, pet, peese;
    lb_excess excess;
    lb_henmi_copas henmi_copas;
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    if (effects.k < 3)
        return lb_fail(err, LB_BAD_DATA, "%zu studies: small-study effects need at least three", effects.k);
    if (effects.k > 20000) return lb_fail(err, LB_TOO_LARGE, "%zu studies are too many for the rank test", effects.k);
    if (lb_call_given(call, "mods")) return run_beside(call, &effects, &settings, result, err);
    double *se = lb_arena_array(arena, effects.k, sizeof *se), *predictor = lb_arena_array(arena, effects.k, sizeof *predictor);
    bool limit;
    for (size_t i = 0; i < effects.k; i++) se[i] = sqrt(effects.v[i]);
    code = read_predictor(call, &effects, predictor, &limit, err);
    if (code) return code;
    lb_effects sized = with_predictor(&effects, predictor, arena);
    code = lb_egger_fit(&sized, predictor, false, &settings, arena, &mixed, err);
    if (!code) code = lb_egger_fit(&sized, predictor, true, &settings, arena, &classical, err);
    if (!code && !limit) no_limit(&mixed);
    if (!code && !limit) no_limit(&classical);
    if (!code) code = lb_egger_fit(&effects, se, true, &settings, arena, &pet, err);
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
    report_limit(lb_set_object(results, "pet"), &pet);
    report_limit(lb_set_object(results, "peese"), &peese);
    report_excess(lb_set_object(results, "tes"), &excess, effects.k);
    report_henmi_copas(lb_set_object(results, "henmi_copas"), &henmi_copas);
    lb_result_note(result,
                   "egger: mixed-effects regression on %s with a z test, tau2 by %s; egger_lm: "
                   "weighted regression with a t test; "
                   "rank: Begg and Mazumdar, %s.",
                   strcmp(lb_call_text(call, "predictor"), "sei") == 0 ? "the standard error" : lb_call_text(call, "predictor"), lb_tau2_method_name(settings.fit.method),
                   exact ? "exact" : "normal approximation (ties or many studies)");
    lb_result_note(result, "tes: studies significant at 5 %% observed and expected from their power against the equal-effects estimate, p "
                           "for an excess; henmi_copas: the equal-effects estimate, its interval allows for heterogeneity.");
    if (isnan(mixed.statistic)) lb_result_warn(result, "the regression's predictor is the same in all studies: there is no regression on it");
    if (effects.k < 10) lb_result_warn(result, "%zu studies: these tests have little power below ten", effects.k);
    if (sized.k < effects.k) lb_result_note(result, "%zu of %zu studies have no size: they take no part in Egger's regressions.", effects.k - sized.k, effects.k);
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "predictor",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .preset = "sei",
     .choices = "sei,vi,ni,ninv,sqrtni,sqrtninv",
     .summary = "what Egger's regression is on: standard error, variance, size, its inverse, root, inverse root"},
    {.name = "mods", .type = LB_P_FORMULA, .summary = "moderators beside the standard error, as in \"~ year\": Egger's mixed-effects test alone"},
};

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
