/* meta trimfill and meta failsafe. */
#include "evidence/ops.h"
#include "evidence/trimfill.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

enum { MOST_STUDIES = 20000 };

static void add_filled(const lb_effects *effects, const lb_trimfill *filled, lb_value *results)
{
    lb_value *rows = lb_set_array(results, "filled");
    for (size_t i = effects->k; i < filled->k; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_number(row, "yi", filled->y[i]);
        lb_set_number(row, "vi", filled->v[i]);
    }
}

static int run_trimfill(lb_call *call, lb_result *result, lb_error *err)
{
    static const char *const sides[] = {"auto", "left", "right"}, *const estimators[] = {"L0", "R0", "Q0"};
    lb_pool_settings settings;
    lb_effects effects;
    lb_trimfill filled;
    lb_summary summary;
    lb_arena *arena = lb_call_arena(call);
    int code = lb_pool_settings_read(call, &settings, err), side = 0, estimator = 0;
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    if (effects.k < 3) return lb_fail(err, LB_BAD_DATA, "%zu studies: trim and fill needs at least three", effects.k);
    if (effects.k > MOST_STUDIES) return lb_fail(err, LB_TOO_LARGE, "%zu studies are too many to rank", effects.k);
    for (int i = 0; i < 3; i++) {
        if (lb_text_equal(lb_call_text(call, "side"), sides[i])) side = i;
        if (lb_text_equal(lb_call_text(call, "estimator"), estimators[i])) estimator = i;
    }
    code = lb_trimfill_fit(&effects, &settings, (lb_trim)estimator, (lb_trim_side)side, arena, &filled, err);
    if (!code) code = lb_summary_fit(filled.y, filled.v, filled.k, &settings, arena, &summary, err);
    if (code) return code;
    lb_value *results = result->results;
    lb_set_text(results, "measure", effects.measure->name);
    lb_set_text(results, "method", lb_tau2_method_name(settings.fit.method));
    lb_set_text(results, "estimator", estimators[estimator]);
    lb_set_text(results, "side", filled.right ? "right" : "left");
    lb_set_int(results, "k0", (int64_t)filled.k0);
    lb_set_number(results, "k0_se", filled.se_k0);
    lb_set_number(results, "k0_p", filled.p_k0);
    lb_summary_report(&summary, &settings, results);
    add_filled(&effects, &filled, results);
    lb_pool_note(&summary.pool, &settings,
                 settings.fit.method == LB_TAU2_FE ? "Equal-effects model" : "Random-effects model", result);
    lb_result_note(result, "%zu studies filled in on the %s of %zu (estimator %s); the estimate is of all %zu.",
                   filled.k0, filled.right ? "right" : "left", effects.k, estimators[estimator], filled.k);
    if (!filled.settled) {
        lb_result_status(result, "not_converged");
        lb_result_warn(result, "the number of missing studies did not come to rest");
    }
    lb_effects_note(&effects, result);
    return 0;
}

typedef struct lb_weighted {
    double weights, mean, z; /* Σ1/v, weighted mean, its z */
} lb_weighted;

static lb_weighted weighted_mean(const lb_effects *effects)
{
    lb_weighted out = {0, 0, 0};
    for (size_t i = 0; i < effects->k; i++) {
        out.weights += 1 / effects->v[i];
        out.mean += effects->y[i] / effects->v[i];
    }
    out.z = out.mean / sqrt(out.weights);
    out.mean /= out.weights;
    return out;
}

/* Stouffer's z of k studies falls to the critical value when n null results join them (Rosenthal 1979). */
static double rosenthal(const lb_effects *effects, double alpha, double *p)
{
    double k = (double)effects->k, sum = 0;
    for (size_t i = 0; i < effects->k; i++) sum += effects->y[i] / sqrt(effects->v[i]);
    double z = fabs(sum) / sqrt(k), ratio = z / lb_norm_q(alpha, LB_UPPER);
    *p = lb_norm_p(z, LB_UPPER);
    return k * ratio * ratio - k;
}

/* The weighted mean's z falls to the critical value when n null results of average weight join (Rosenberg 2005). */
static double rosenberg(const lb_effects *effects, double alpha, double *p)
{
    lb_weighted mean = weighted_mean(effects);
    double needed = mean.mean * mean.weights / lb_norm_q(alpha / 2, LB_UPPER);
    *p = lb_two_sided_p(mean.z, INFINITY);
    return (double)effects->k * (needed * needed - mean.weights) / mean.weights;
}

static int run_failsafe(lb_call *call, lb_result *result, lb_error *err)
{
    lb_effects effects;
    int code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    const char *type = lb_call_text(call, "type");
    double alpha = lb_call_number(call, "alpha"), p = NAN, n, estimate = NAN, target = NAN;
    if (strcmp(type, "orwin") == 0) {
        estimate = weighted_mean(&effects).mean;
        target = lb_call_given(call, "target") ? lb_call_number(call, "target") : estimate / 2;
        if (target == 0 || (target < 0) != (estimate < 0)) {
            code = lb_fail(err, LB_USAGE, "the target %g is not between 0 and the pooled effect %g", target, estimate);
            lb_error_where(err, "--target");
            lb_error_hint(err, "give a smaller effect of the same sign that would no longer matter");
            return code;
        }
        n = (double)effects.k * (estimate - target) / target;
    } else if (strcmp(type, "rosenberg") == 0) {
        estimate = weighted_mean(&effects).mean;
        n = rosenberg(&effects, alpha, &p);
    } else {
        n = rosenthal(&effects, alpha, &p);
    }
    lb_value *results = result->results;
    lb_set_text(results, "type", type);
    lb_set_int(results, "k", (int64_t)effects.k);
    /* A number that is whole but for rounding stays what it is. */
    lb_set_number(results, "n", ceil(fmax(0, n) - 1e-9));
    lb_set_number(results, "n_exact", fmax(0, n));
    lb_set_number(results, "p", p);
    lb_set_number(results, "estimate", estimate);
    lb_set_number(results, "target", target);
    lb_result_note(result, "n: studies without any effect that would have to exist unpublished before %s.",
                   strcmp(type, "orwin") == 0 ? "the weighted mean effect falls to the target"
                                              : "the pooled result is no longer significant");
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params_trimfill[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "estimator",
     .type = LB_P_CHOICE,
     .preset = "L0",
     .choices = "L0,R0,Q0",
     .summary = "how the number of missing studies is estimated"},
    {.name = "side",
     .type = LB_P_CHOICE,
     .preset = "auto",
     .choices = "auto,left,right",
     .summary = "where studies are missing; auto: against the slope of Egger's regression"},
};
static const lb_param params_failsafe[] = {
    LB_EFFECT_PARAMS,
    {.name = "type",
     .type = LB_P_CHOICE,
     .preset = "rosenthal",
     .choices = "rosenthal,orwin,rosenberg",
     .summary = "which fail-safe number"},
    {.name = "alpha",
     .type = LB_P_NUMBER,
     .preset = "0.05",
     .min = 1e-12,
     .max = 0.5,
     .summary = "level of significance: one-sided for rosenthal, two-sided for rosenberg"},
    {.name = "target", .type = LB_P_NUMBER, .summary = "orwin: the effect that would not matter (default: half)"},
};
#define BCG "reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg"

const lb_op lb_op_meta_trimfill = {
    .area = "meta",
    .verb = "trimfill",
    .summary = "the pooled effect with studies filled in that the funnel lacks",
    .description = "Trim and fill (Duval & Tweedie 2000): estimates from the ranks of the effects around their centre "
                   "how many studies are missing on one side of the funnel (L0, R0 or Q0), adds the mirror images of "
                   "the most extreme ones and pools again. A picture of what bias could do, not a corrected result.",
    .params = params_trimfill,
    .param_count = LB_COUNT(params_trimfill),
    .run = run_trimfill,
    .example = "lumbar meta trimfill " BCG,
};
const lb_op lb_op_meta_failsafe = {
    .area = "meta",
    .verb = "failsafe",
    .summary = "how many null results would undo the pooled one",
    .description = "Fail-safe numbers: Rosenthal (1979) from Stouffer's z, Orwin (1983) down to a target effect, "
                   "Rosenberg (2005) from the inverse-variance weighted mean.",
    .params = params_failsafe,
    .param_count = LB_COUNT(params_failsafe),
    .run = run_failsafe,
    .example = "lumbar meta failsafe --type rosenberg " BCG,
};
