/* meta subgroup: pooling within subgroups and the test that they differ. */
#include "evidence/ops.h"
#include "evidence/subgroup.h"

#include <math.h>

void lb_subgroups_report(const lb_subgroups *groups, const lb_pool_settings *settings, lb_value *results)
{
    lb_value *rows = lb_set_array(results, "groups");
    for (size_t g = 0; g < groups->count; g++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "group", groups->group[g].level);
        lb_summary_report(&groups->group[g].summary, settings, row);
    }
    lb_value *between = lb_set_object(results, "between");
    lb_set_number(between, "Q", groups->q);
    lb_set_number(between, "df", groups->df);
    lb_set_number(between, "p", groups->p);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    lb_subgroups groups;
    bool common = lb_text_equal(lb_call_text(call, "tau2"), "common");
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (!code)
        code =
            lb_subgroups_fit(&effects, lb_call_text(call, "by"), common, &settings, lb_call_arena(call), &groups, err);
    if (code) return code;
    lb_set_text(result->results, "measure", effects.measure->name);
    lb_set_text(result->results, "method", lb_tau2_method_name(settings.fit.method));
    lb_set_int(result->results, "k", (int64_t)effects.k);
    lb_set_number(result->results, "common_tau2", groups.common_tau2);
    lb_subgroups_report(&groups, &settings, result->results);
    lb_result_note(
        result,
        "%zu subgroups of %zu studies, %s; Q between is the heterogeneity of the subgroups' effects at weights 1/se2.",
        groups.count, effects.k, common ? "one tau2 for all (estimated within groups)" : "each with its own tau2");
    for (size_t g = 0; g < groups.count; g++) {
        const lb_tau2 *tau2 = &groups.group[g].summary.pool.tau2;
        if (!tau2->converged) {
            lb_result_status(result, "not_converged");
            lb_result_warn(result, "tau2 of subgroup '%s' did not converge in %d iterations", groups.group[g].level,
                           tau2->iterations);
        }
        if (groups.group[g].k == 1) lb_result_warn(result, "subgroup '%s' has one study", groups.group[g].level);
    }
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "by", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "subgroups"},
    {.name = "tau2",
     .type = LB_P_CHOICE,
     .preset = "separate",
     .choices = "separate,common",
     .summary = "heterogeneity variance: each subgroup its own, or one for all"},
};

const lb_op lb_op_meta_subgroup = {
    .area = "meta",
    .verb = "subgroup",
    .summary = "pool within subgroups and test their difference",
    .description = "Fits the model of meta fit in every subgroup and tests whether the subgroups' effects differ "
                   "(Borenstein 2009, chapter 19). "
                   "The heterogeneity variance is each subgroup's own, or one for all (--tau2 common), estimated "
                   "within subgroups as in a "
                   "meta-regression on the subgroup. With Knapp-Hartung tests the between-groups test uses the "
                   "adjusted standard errors.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta subgroup reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg "
               "--by alloc",
};
