/* meta permute: permutation tests of the pooled effect and of moderators. */
#include "evidence/ops.h"
#include "evidence/permute.h"

#include <math.h>

#define MOST_EXACT 2e7

static int choose(lb_call *call, double count, lb_permutation_options *options, lb_error *err)
{
    bool sampled = lb_call_given(call, "samples");
    *options = (lb_permutation_options){.samples = (uint64_t)lb_call_int(call, "samples"),
                                        .seed = (uint64_t)lb_call_int(call, "seed"),
                                        .threads = lb_call_threads(call),
                                        .progress = lb_call_progress(call)};
    if (lb_call_flag(call, "exact") && sampled)
        return lb_fail(err, LB_USAGE, "--exact and --samples exclude each other");
    /* As metafor: all of them when they are fewer than the sample would be. */
    options->exact = lb_call_flag(call, "exact") || (!sampled && count <= (double)options->samples);
    if (!options->exact || count <= MOST_EXACT) return 0;
    int code = lb_fail(err, LB_TOO_LARGE, "there are more than %g arrangements of these studies", MOST_EXACT);
    lb_error_where(err, "--exact");
    lb_error_hint(err, "use --samples 10000 instead");
    return code;
}

static void report(const lb_permutation *test, const lb_pool *pool, const lb_design *design, const lb_pool_model *model,
                   lb_result *result)
{
    lb_value *rows = lb_set_array(result->results, "coefficients");
    for (size_t j = 0; j < pool->p; j++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "term", design ? design->name[model->kept[j]] : "(Intercept)");
        lb_set_number(row, "estimate", pool->beta[j]);
        lb_set_number(row, "se", pool->se[j]);
        lb_set_number(row, "df", pool->df);
        lb_set_number(row, "statistic", pool->statistic[j]);
        lb_set_number(row, "p", pool->p_value[j]);
        lb_set_number(row, "lower", pool->lower[j]);
        lb_set_number(row, "upper", pool->upper[j]);
        lb_set_number(row, "p_permutation", test->p[j]);
    }
    lb_set_number(result->results, "QM", pool->qm);
    lb_set_number(result->results, "QM_df", pool->qm_df);
    lb_set_number(result->results, "QM_p", test->qm_p);
    lb_set_number(result->results, "QM_p_asymptotic", pool->qm_p);
    lb_set_int(result->results, "arrangements", (int64_t)test->done);
    lb_set_bool(result->results, "exact", test->exact);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    lb_moderators moderators = {0};
    lb_arena *arena = lb_call_arena(call);
    lb_permutation_options options;
    lb_permutation test;
    lb_pool_model model;
    lb_pool pool;
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    bool regression = lb_call_given(call, "mods");
    if (!code && regression) code = lb_moderators_read(call, &effects, &moderators, err);
    if (code) return code;
    const lb_design *design = moderators.design;
    const double *y = design ? moderators.y : effects.y, *v = design ? moderators.v : effects.v;
    const double *x = design && !(design->intercept && design->p == 1) ? design->x : NULL;
    size_t k = design ? design->n : effects.k, columns = design ? design->p : 1;
    if (k > 5000) return lb_fail(err, LB_TOO_LARGE, "%zu studies are too many to permute (at most 5000)", k);
    code = choose(call, lb_permutation_count(x, k, columns, arena), &options, err);
    if (!code) code = lb_pool_model_init(&model, y, v, x, k, columns, arena, err);
    if (!code) code = lb_pool_fit(&model, &settings.fit, arena, &pool, err);
    if (!code) code = lb_permutation_test(y, v, x, k, columns, &settings.fit, &options, arena, &test, err);
    if (code) return code;
    lb_set_int(result->results, "k", (int64_t)k);
    lb_set_text(result->results, "method", lb_tau2_method_name(settings.fit.method));
    lb_set_text(result->results, "test", settings.test_name);
    report(&test, &pool, design, &model, result);
    lb_pool_note(&pool, &settings, "Permutation test of the", result);
    lb_result_note(result,
                   "%s of %s, tau2 estimated anew each time; p_permutation is the share with a statistic at "
                   "least as far from zero%s.",
                   test.exact ? "All arrangements" : "A sample",
                   regression ? "the moderators over the studies" : "the signs of the effects",
                   test.exact ? "" : ", the observed one counted in");
    if (model.p < columns) lb_result_warn(result, "moderators that others give were left out");
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "mods", .type = LB_P_FORMULA, .summary = "moderators, as in \"~ year + ablat\""},
    {.name = "exact", .type = LB_P_FLAG, .summary = "all arrangements instead of a sample"},
    {.name = "samples", .type = LB_P_INT, .preset = "1000", .min = 1, .max = 1e8, .summary = "random arrangements"},
    {.name = "seed", .type = LB_P_INT, .preset = "1", .min = 0, .max = 9e15, .summary = "of the random arrangements"},
};

const lb_op lb_op_meta_permute = {
    .area = "meta",
    .verb = "permute",
    .summary = "permutation test of the pooled effect or of moderators",
    .description = "Tests coefficients by arranging the moderators over the studies in all ways or a sample of them, "
                   "refitting the model each time (Follmann & Proschan 1999; Higgins & Thompson 2004). Without "
                   "moderators the signs of the effects are flipped. All arrangements are taken with --exact, and "
                   "whenever they are no more than --samples.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta permute reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg "
               "--mods \"~ ablat\"",
};
