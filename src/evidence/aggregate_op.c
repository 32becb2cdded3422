/* meta aggregate: the effects of each cluster into one, their sampling errors correlated alike (compound symmetry). */
#include "evidence/effect.h"
#include "evidence/ops.h"

#include <math.h>

typedef struct cluster {
    size_t n, row; /* effects, first row of the table */
    double w, wy;  /* Σ 1/v, Σ y/v */
    double s, sy;  /* Σ 1/√v, Σ y/√v */
    double y, v, root; /* Σ y, Σ v, Σ √v */
} cluster;

static void add(cluster *c, double y, double v)
{
    double sd = sqrt(v);
    c->n++;
    c->w += 1 / v;
    c->wy += y / v;
    c->s += 1 / sd;
    c->sy += y / sd;
    c->y += y;
    c->v += v;
    c->root += sd;
}

/* Weighted: ȳ = 1ᵀV⁻¹y / 1ᵀV⁻¹1 with variance 1 / 1ᵀV⁻¹1, where V = S((1 − ρ)I + ρ11ᵀ)S and S = diag(√v), so that
 * V⁻¹ = S⁻¹(I − c 11ᵀ)S⁻¹ / (1 − ρ), c = ρ / (1 + (n − 1)ρ) (Sherman & Morrison 1950). Unweighted: the mean, with
 * variance 1ᵀV1 / n² (Borenstein et al. 2009, chapter 24). */
static void combine(const cluster *c, double rho, bool unweighted, double *y, double *v)
{
    double n = (double)c->n;
    if (unweighted) {
        *y = c->y / n;
        *v = ((1 - rho) * c->v + rho * c->root * c->root) / (n * n);
        return;
    }
    double share = rho / (1 + (n - 1) * rho), precision = c->w - share * c->s * c->s;
    *y = (c->wy - share * c->s * c->sy) / precision;
    *v = (1 - rho) / precision;
}

static int gather(lb_call *call, const lb_effects *effects, cluster *clusters, size_t *count, const char ***names, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_column factor;
    int code = lb_table_factor(effects->table, lb_call_text(call, "cluster"), arena, &factor, err);
    if (code) return code;
    size_t *place = lb_arena_array(arena, factor.level_count + 1, sizeof *place); /* 1 + which cluster of a level */
    *names = lb_arena_array(arena, effects->k + 1, sizeof **names);
    for (size_t i = 0; i < effects->k; i++) {
        size_t row = effects->used[i];
        int32_t level = factor.code[row];
        if (level < 0) {
            code = lb_fail(err, LB_BAD_DATA, "'%.80s' has no %s", effects->study[row], lb_call_text(call, "cluster"));
            lb_error_where(err, "row %zu", row + 1);
            lb_error_hint(err, "say which effects belong together, or leave the row out");
            return code;
        }
        if (!place[level]) {
            (*names)[*count] = factor.level[level];
            clusters[*count].row = row;
            place[level] = ++*count;
        }
        add(&clusters[place[level] - 1], effects->y[i], effects->v[i]);
    }
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_effects effects;
    int code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    cluster *clusters = lb_arena_array(lb_call_arena(call), effects.k + 1, sizeof *clusters);
    size_t count = 0;
    const char **names;
    code = gather(call, &effects, clusters, &count, &names, err);
    if (code) return code;
    double rho = lb_call_number(call, "rho");
    bool unweighted = lb_call_flag(call, "unweighted");
    lb_set_text(result->results, "measure", effects.measure->name);
    lb_set_int(result->results, "k", (int64_t)count);
    lb_set_int(result->results, "effects", (int64_t)effects.k);
    lb_value *rows = lb_set_array(result->results, "rows");
    for (size_t c = 0; c < count; c++) {
        double y, v;
        if (clusters[c].n > 1 && !(1 + ((double)clusters[c].n - 1) * rho > 1e-12)) {
            code = lb_fail(err, LB_BAD_DATA, "%zu effects of '%.80s' cannot all correlate by %g", clusters[c].n, names[c], rho);
            lb_error_where(err, "--rho");
            lb_error_hint(err, "give one above %g, the least that %zu effects can have", -1 / ((double)clusters[c].n - 1), clusters[c].n);
            return code;
        }
        combine(&clusters[c], clusters[c].n > 1 ? rho : 0, unweighted, &y, &v);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "study", names[c]);
        lb_set_int(row, "effects", (int64_t)clusters[c].n);
        lb_set_number(row, "yi", y);
        lb_set_number(row, "vi", v);
        lb_set_number(row, "sei", sqrt(v));
    }
    lb_result_note(result, "%zu effects in %zu clusters (%s), %s; sampling errors within a cluster correlate by %g.", effects.k, count,
                   lb_call_text(call, "cluster"), unweighted ? "simple means" : "weighted by the inverse of their covariance", rho);
    effects.nested = true;
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    {.name = "cluster", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "effects with the same value become one"},
    {.name = "rho",
     .type = LB_P_NUMBER,
     .flags = LB_REQUIRED,
     .min = -0.999,
     .max = 0.999,
     .summary = "correlation of the sampling errors within a cluster; 0 when they are of different people"},
    {.name = "unweighted", .type = LB_P_FLAG, .summary = "the simple mean of a cluster's effects instead of the weighted one"},
};

const lb_op lb_op_meta_aggregate = {
    .area = "meta",
    .verb = "aggregate",
    .summary = "several effects of one study into one",
    .description = "Combines the effects of each cluster into one effect and variance, the sampling errors within a cluster "
                   "correlated by --rho: weighted by the inverse of their covariance, as metafor's aggregate does with "
                   "struct = \"CS\", or with --unweighted their mean (Borenstein et al. 2009). Clusters stand in the order in "
                   "which they appear. The output of -o NAME.csv is the input of meta fit.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta aggregate reference/evidence/nested.csv --cluster trial --slab trial --rho 0.6",
};
