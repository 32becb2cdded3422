/* meta funnel: the funnel plot. */
#include "evidence/funnel.h"
#include "evidence/ops.h"
#include "evidence/report.h"

#include <string.h>

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_pool_settings settings;
    lb_effects effects;
    lb_summary summary;
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (!code) code = lb_summary_fit(effects.y, effects.v, effects.k, &settings, arena, &summary, err);
    if (code) return code;
    const char *label = lb_call_text(call, "effect-label"),
               *transform = lb_call_given(call, "transf") ? lb_call_text(call, "transf") : effects.measure->transform;
    bool ratio = strcmp(transform, "exp") == 0;
    if (!label) label = effects.measure->shown;
    const char *title = lb_arena_printf(arena, "Funnel plot: %s", label);
    lb_result_picture(
        result, "funnel", title,
        lb_funnel_draw(&effects, summary.pool.beta[0], lb_call_flag(call, "contours"), ratio, label, title, arena));
    lb_set_int(result->results, "k", (int64_t)effects.k);
    lb_set_number(result->results, "estimate", summary.pool.beta[0]);
    lb_set_number(result->results, "lower", summary.pool.lower[0]);
    lb_set_number(result->results, "upper", summary.pool.upper[0]);
    lb_pool_note(&summary.pool, &settings, "The line is the pooled effect", result);
    if (effects.k < 10) lb_result_warn(result, "%zu studies: a funnel plot of fewer than ten says little", effects.k);
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "contours",
     .type = LB_P_FLAG,
     .summary = "regions of significance around no effect instead of the 95 % region around the pooled effect"},
    {.name = "effect-label", .type = LB_P_TEXT, .summary = "name of the horizontal axis"},
    {.name = "transf",
     .type = LB_P_CHOICE,
     .choices = "none,exp",
     .flags = LB_ADVANCED,
     .summary = "scale shown (default: the measure's)"},
};

const lb_op lb_op_meta_funnel = {
    .area = "meta",
    .verb = "funnel",
    .summary = "funnel plot of a meta-analysis",
    .description = "Effects against standard errors, large studies on top. Without heterogeneity and bias 95 % of the "
                   "studies would lie in the region "
                   "around the pooled effect (Sterne & Egger 2001). With --contours: regions of significance around no "
                   "effect (Peters 2008), which "
                   "tell missing unwanted results from other reasons for asymmetry. meta bias has the tests.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta funnel reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg -o "
               "funnel.svg",
};
