/* meta fit --method MH and PETO: pooling 2 × 2 tables themselves. */
#include "evidence/mantel.h"
#include "evidence/report.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static int check_measure(const lb_call *call, const lb_effects *effects, bool peto, lb_error *err)
{
    const char *name = effects->measure->name, *method = peto ? "PETO" : "MH";
    bool suits = strcmp(name, "OR") == 0 ||
                 (peto ? strcmp(name, "PETO") == 0 : strcmp(name, "RR") == 0 || strcmp(name, "RD") == 0);
    if (!suits || !effects->arm[0]) {
        int code =
            lb_fail(err, LB_USAGE, "--method %s pools 2 x 2 tables, not the measure %s of this input", method, name);
        lb_error_hint(err, "say --measure %s and name the columns with --ai --bi --ci --di",
                      peto ? "OR" : "OR, RR or RD");
        return code;
    }
    if (lb_call_flag(call, "blup")) return lb_fail(err, LB_USAGE, "--method %s has no true effects that differ: leave out --blup", method);
    if (lb_call_given(call, "mods")) return lb_fail(err, LB_USAGE, "--method %s has no moderators", method);
    if (lb_call_given(call, "test") && strcmp(lb_call_text(call, "test"), "z") != 0)
        return lb_fail(err, LB_USAGE, "--method %s has a z test only", method);
    return 0;
}

static void report(const lb_mantel *pooled, double level, lb_value *out)
{
    double z = pooled->estimate / pooled->se, half = lb_norm_q((1 - level) / 2, LB_UPPER) * pooled->se;
    bool several = pooled->q_df > 0;
    lb_set_number(out, "estimate", pooled->estimate);
    lb_set_number(out, "se", pooled->se);
    lb_set_null(out, "df");
    lb_set_number(out, "statistic", z);
    lb_set_number(out, "p", lb_two_sided_p(z, INFINITY));
    lb_set_number(out, "lower", pooled->estimate - half);
    lb_set_number(out, "upper", pooled->estimate + half);
    lb_set_number(out, "tau2", 0);
    lb_set_number(out, "I2", several ? pooled->q > 0 ? 100 * fmax(0, (pooled->q - pooled->q_df) / pooled->q) : 0 : NAN);
    lb_set_number(out, "H2", several ? pooled->q / pooled->q_df : NAN);
    lb_set_number(out, "Q", pooled->q);
    lb_set_number(out, "Q_df", pooled->q_df);
    lb_set_number(out, "Q_p", several ? lb_chisq_p(pooled->q, pooled->q_df, LB_UPPER) : 1);
}

static void report_odds_tests(const lb_mantel *pooled, lb_value *results)
{
    lb_value *cmh = lb_set_object(results, "cmh"), *tarone = lb_set_object(results, "tarone");
    lb_set_number(cmh, "statistic", pooled->cmh);
    lb_set_int(cmh, "df", 1);
    lb_set_number(cmh, "p", pooled->cmh_p);
    lb_set_number(tarone, "statistic", pooled->tarone);
    lb_set_number(tarone, "df", pooled->tarone_df);
    lb_set_number(tarone, "p", pooled->tarone_p);
}

int lb_fit_tables(lb_call *call, bool peto, lb_result *result, lb_error *err)
{
    lb_effects effects;
    lb_mantel pooled;
    lb_table *table = NULL;
    int code = lb_call_table(call, "data", &table, err);
    /* As in metafor's rma.mh and rma.peto: counts without --measure give an odds ratio. */
    if (!code && !lb_call_given(call, "measure") && (lb_call_given(call, "ai") || lb_table_find(table, "ai")))
        code = lb_call_set(call, "measure", peto ? "PETO" : "OR", err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (!code) code = check_measure(call, &effects, peto, err);
    if (!code) code = peto ? lb_peto(&effects, &pooled, err) : lb_mantel_haenszel(&effects, &pooled, err);
    if (code) return code;
    lb_value *results = result->results;
    const char *transform = effects.measure->transform;
    lb_set_text(results, "measure", effects.measure->name);
    lb_set_text(results, "method", peto ? "PETO" : "MH");
    lb_set_int(results, "k", (int64_t)pooled.k);
    report(&pooled, lb_call_number(call, "level"), results);
    if (!peto && strcmp(effects.measure->name, "OR") == 0) report_odds_tests(&pooled, results);
    if (strcmp(transform, "none") != 0) {
        lb_value *back = lb_set_object(results, "transformed");
        lb_set_text(back, "measure", effects.measure->shown);
        lb_set_number(back, "estimate", lb_transform(transform, pooled.estimate));
        lb_set_number(back, "lower", lb_transform(transform, lb_get_number(results, "lower", NAN)));
        lb_set_number(back, "upper", lb_transform(transform, lb_get_number(results, "upper", NAN)));
    }
    lb_result_note(result,
                   "%s of %zu tables, cells as they are; Wald z. Q and I2 from the studies' own effects, without "
                   "studies that have no events.",
                   peto ? "Peto's odds ratio" : "Mantel-Haenszel", pooled.k);
    if (lb_get(results, "cmh"))
        lb_result_note(result, "cmh: Cochran-Mantel-Haenszel test with continuity correction; tarone: equal odds ratios in all studies (Breslow-Day, Tarone).");
    lb_effects_note(&effects, result);
    return 0;
}
