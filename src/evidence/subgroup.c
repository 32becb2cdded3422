/* Subgroups: a model in each, and the test that their effects differ: Q between = Σ w(θ − θ̄)² with w = 1/se²
 * (Borenstein 2009, ch. 19). With one τ² for all it is estimated from the model with group means, as in a regression.
 */
#include "evidence/subgroup.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

static int collect_groups(const lb_effects *effects, const char *by, lb_arena *arena, lb_subgroups *out, lb_error *err)
{
    lb_column *named, factor;
    int code = lb_table_column(effects->table, by, &named, err);
    if (!code) code = lb_table_factor(effects->table, by, arena, &factor, err);
    if (code) return code;
    size_t *group_of = lb_arena_array(arena, factor.level_count + 1, sizeof *group_of); /* 1-based, by level */
    out->group = lb_arena_array(arena, factor.level_count + 1, sizeof *out->group);
    out->group_of = lb_arena_array(arena, effects->rows + 1, sizeof *out->group_of);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < effects->k; i++) {
            int32_t level = factor.code[effects->used[i]];
            if (level < 0) {
                code = lb_fail(err, LB_BAD_DATA, "'%.80s' belongs to no subgroup: '%s' is missing",
                               effects->study[effects->used[i]], by);
                lb_error_where(err, "row %zu", effects->used[i] + 1);
                return code;
            }
            if (!group_of[level]) {
                group_of[level] = ++out->count;
                out->group[out->count - 1].level = factor.level[level];
            }
            lb_subgroup *group = &out->group[group_of[level] - 1];
            if (pass) group->member[group->k] = i;
            group->k++;
        }
        if (pass) break;
        for (size_t g = 0; g < out->count; g++) {
            out->group[g].member = lb_arena_array(arena, out->group[g].k, sizeof(size_t));
            out->group[g].k = 0;
        }
    }
    for (size_t r = 0; r < effects->rows; r++) {
        out->group_of[r] = factor.code[r] < 0 ? -1 : (int32_t)group_of[factor.code[r]] - 1;
    }
    return 0;
}

/* τ² of the model with one mean per group. */
static int estimate_common(const lb_effects *effects, const lb_subgroups *groups, lb_tau2_method method,
                           lb_arena *arena, double *tau2, lb_error *err)
{
    double *x = lb_arena_try(arena, effects->k * groups->count, sizeof *x);
    if (!x) return lb_fail(err, LB_NO_MEMORY, "no memory for %zu subgroups", groups->count);
    for (size_t g = 0; g < groups->count; g++) {
        for (size_t i = 0; i < groups->group[g].k; i++) x[g * effects->k + groups->group[g].member[i]] = 1;
    }
    lb_pool_model model;
    lb_tau2 estimate;
    int code = lb_pool_model_init(&model, effects->y, effects->v, x, effects->k, groups->count, arena, err);
    if (code) return code;
    lb_tau2_estimate(&model, method, &estimate);
    *tau2 = estimate.tau2;
    return 0;
}

static void test_between(lb_subgroups *groups)
{
    double weights = 0, mean = 0;
    groups->q = 0;
    for (size_t g = 0; g < groups->count; g++) {
        const lb_pool *pool = &groups->group[g].summary.pool;
        double w = 1 / pool->vcov[0];
        weights += w;
        mean += w * pool->beta[0];
    }
    mean /= weights;
    for (size_t g = 0; g < groups->count; g++) {
        const lb_pool *pool = &groups->group[g].summary.pool;
        groups->q += (pool->beta[0] - mean) * (pool->beta[0] - mean) / pool->vcov[0];
    }
    groups->df = (double)groups->count - 1;
    groups->p = groups->count > 1 ? lb_chisq_p(groups->q, groups->df, LB_UPPER) : NAN;
    if (groups->count < 2) groups->q = NAN;
}

int lb_subgroups_fit(const lb_effects *effects, const char *by, bool common, const lb_pool_settings *settings,
                     lb_arena *arena, lb_subgroups *out, lb_error *err)
{
    *out = (lb_subgroups){.common_tau2 = NAN};
    int code = collect_groups(effects, by, arena, out, err);
    if (code) return code;
    lb_pool_settings own = *settings;
    if (common && settings->fit.method != LB_TAU2_FE && isnan(settings->fit.fixed_tau2)) {
        code = estimate_common(effects, out, settings->fit.method, arena, &out->common_tau2, err);
        if (code) return code;
        own.fit.fixed_tau2 = out->common_tau2;
    }
    for (size_t g = 0; g < out->count; g++) {
        lb_subgroup *group = &out->group[g];
        double *y = lb_arena_array(arena, group->k, sizeof *y), *v = lb_arena_array(arena, group->k, sizeof *v);
        for (size_t i = 0; i < group->k; i++) {
            y[i] = effects->y[group->member[i]];
            v[i] = effects->v[group->member[i]];
        }
        code = lb_summary_fit(y, v, group->k, &own, arena, &group->summary, err);
        if (code) return code;
    }
    test_between(out);
    return 0;
}
