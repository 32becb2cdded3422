/* meta multilevel: effects nested in clusters (three-level model: Konstantopoulos 2011, doi:10.1002/jrsm.35), sampling
 * errors correlated within clusters, cluster-robust inference. */
#include "evidence/gls.h"
#include "evidence/ops.h"
#include "evidence/report.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_IN_CLUSTER = 1000 };

typedef struct nested {
    lb_effects effects;
    lb_moderators moderators;
    size_t n, p;
    double *y, *v, *x;      /* in the order of the clusters */
    int32_t *outer, *inner; /* n; inner NULL = none */
    size_t outer_count;
    const char *outer_name, *inner_name;
    lb_gls gls;
} nested;

static int read_levels(lb_call *call, nested *t, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    const lb_design *design = t->moderators.design;
    size_t count;
    char **part = lb_text_split(arena, lb_call_text(call, "random"), '/', &count);
    if (count < 1 || count > 2 || !*part[0]) {
        int code = lb_fail(err, LB_USAGE, "'%s' does not name one or two levels", lb_call_text(call, "random"));
        lb_error_where(err, "--random");
        lb_error_hint(err, "write the columns from outer to inner, as in district/school");
        return code;
    }
    t->outer_name = part[0];
    t->inner_name = count > 1 ? part[1] : NULL;
    for (size_t level = 0; level < count; level++) {
        lb_column factor;
        lb_column *named;
        int code = lb_table_column(t->effects.table, part[level], &named, err);
        if (!code) code = lb_table_factor(t->effects.table, part[level], arena, &factor, err);
        if (code) return code;
        int32_t *codes = lb_arena_array(arena, t->n, sizeof *codes);
        for (size_t i = 0; i < t->n; i++) {
            size_t row = t->effects.used[design ? design->row[i] : i];
            codes[i] = factor.code[row];
            if (codes[i] >= 0) continue;
            code = lb_fail(err, LB_BAD_DATA, "'%.80s' has no %s", t->effects.study[row], part[level]);
            lb_error_where(err, "row %zu", row + 1);
            return code;
        }
        if (level == 0) {
            t->outer = codes;
            t->outer_count = factor.level_count;
        } else {
            t->inner = codes;
        }
    }
    return 0;
}

/* Bring rows of a cluster together: y, v, x, inner in cluster order. */
static void sort_clusters(nested *t, lb_arena *arena)
{
    size_t n = t->n, place = 0;
    const lb_design *design = t->moderators.design;
    const double *y = design ? t->moderators.y : t->effects.y, *v = design ? t->moderators.v : t->effects.v;
    int32_t *outer = lb_arena_array(arena, n, sizeof *outer), *inner = lb_arena_array(arena, n, sizeof *inner);
    t->y = lb_arena_array(arena, n, sizeof(double));
    t->v = lb_arena_array(arena, n, sizeof(double));
    t->x = lb_arena_array(arena, n * t->p, sizeof(double));
    for (int32_t c = 0; c < (int32_t)t->outer_count; c++) {
        for (size_t i = 0; i < n; i++) {
            if (t->outer[i] != c) continue;
            t->y[place] = y[i];
            t->v[place] = v[i];
            for (size_t j = 0; j < t->p; j++) t->x[j * n + place] = design ? design->x[j * n + i] : 1;
            outer[place] = c;
            inner[place++] = t->inner ? t->inner[i] : 0;
        }
    }
    t->outer = outer;
    if (t->inner) t->inner = inner;
}

static int build_blocks(nested *t, double rho, lb_arena *arena, lb_error *err)
{
    lb_gls *gls = &t->gls;
    *gls = (lb_gls){.n = t->n, .p = t->p, .y = t->y, .x = t->x, .components = t->inner ? 2 : 1, .arena = arena};
    gls->block = lb_arena_array(arena, t->outer_count, sizeof *gls->block);
    for (size_t first = 0, last; first < t->n; first = last) {
        for (last = first; last < t->n && t->outer[last] == t->outer[first]; last++) continue;
        size_t n = last - first;
        if (n > MOST_IN_CLUSTER)
            return lb_fail(err, LB_TOO_LARGE, "a %s has %zu effects; at most %d fit", t->outer_name, n,
                           MOST_IN_CLUSTER);
        lb_gls_block *block = &gls->block[gls->blocks++];
        lb_gls_block_alloc(gls, block, first, n);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                double root = i == j ? t->v[first + i] : rho * sqrt(t->v[first + i] * t->v[first + j]);
                block->v[j * n + i] = root;
                block->component[0][j * n + i] = 1;
                if (t->inner) block->component[1][j * n + i] = t->inner[first + i] == t->inner[first + j];
            }
        }
    }
    return lb_gls_init(gls, err);
}

static void test_all(const nested *t, const double *vcov, lb_value *results)
{
    size_t p = t->p, skip = 1, count = p - skip;
    if (count == 0 || !t->moderators.design->intercept) return;
    double *v = lb_alloc(count * count, sizeof *v), *b = lb_alloc(count, sizeof *b), qm = 0;
    for (size_t i = 0; i < count; i++) {
        b[i] = t->gls.beta[i + skip];
        for (size_t j = 0; j < count; j++) v[j * count + i] = vcov[(j + skip) * p + i + skip];
    }
    if (lb_chol(v, count) == 0) {
        lb_chol_solve(v, count, b, 1);
        for (size_t i = 0; i < count; i++) qm += b[i] * t->gls.beta[i + skip];
        lb_set_number(results, "QM", qm);
        lb_set_number(results, "QM_df", (double)count);
        lb_set_number(results, "QM_p", lb_chisq_p(qm, (double)count, LB_UPPER));
    }
    free(v);
    free(b);
}

static void report(lb_call *call, const nested *t, const double *vcov, const double *df, double q, bool restricted,
                   lb_result *result)
{
    const lb_gls *gls = &t->gls;
    lb_value *results = result->results, *rows, *levels;
    double level = lb_call_number(call, "level"), tail = (1 - level) / 2, total = 0;
    lb_set_int(results, "k", (int64_t)t->n);
    lb_set_int(results, "clusters", (int64_t)gls->blocks);
    lb_set_text(results, "method", restricted ? "REML" : "ML");
    rows = lb_set_array(results, "coefficients");
    for (size_t j = 0; j < t->p; j++) {
        double se = sqrt(vcov[j * t->p + j]), statistic = gls->beta[j] / se;
        double critical = isfinite(df[j]) ? lb_t_q(tail, df[j], LB_UPPER) : lb_norm_q(tail, LB_UPPER);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "term", t->moderators.design ? t->moderators.design->name[j] : "(Intercept)");
        lb_set_number(row, "estimate", gls->beta[j]);
        lb_set_number(row, "se", se);
        lb_set_number(row, "df", df[j]);
        lb_set_number(row, "statistic", statistic);
        lb_set_number(row, "p", lb_two_sided_p(statistic, df[j]));
        lb_set_number(row, "lower", gls->beta[j] - critical * se);
        lb_set_number(row, "upper", gls->beta[j] + critical * se);
    }
    lb_set_numbers(results, "sigma2", gls->theta, gls->components);
    for (size_t c = 0; c < gls->components; c++) total += gls->theta[c];
    levels = lb_set_array(results, "levels");
    for (size_t c = 0; c < gls->components; c++) {
        lb_value *row = lb_push_object(levels);
        lb_set_text(row, "level", c == 0 ? t->outer_name : t->inner_name);
        lb_set_number(row, "variance", gls->theta[c]);
        lb_set_number(row, "sd", sqrt(gls->theta[c]));
        lb_set_number(row, "share", total > 0 ? gls->theta[c] / total : NAN);
    }
    lb_set_number(results, "loglik", lb_gls_loglik(gls, restricted));
    lb_set_number(results, "Q", q);
    lb_set_number(results, "Q_df", (double)(t->n - t->p));
    lb_set_number(results, "Q_p", t->n > t->p ? lb_chisq_p(q, (double)(t->n - t->p), LB_UPPER) : 1);
    if (t->moderators.design && !lb_call_given(call, "robust")) test_all(t, vcov, results);
}

static int read_all(lb_call *call, nested *t, lb_error *err)
{
    int code = lb_effects_read(call, false, &t->effects, err);
    if (!code && lb_call_given(call, "mods")) code = lb_moderators_read(call, &t->effects, &t->moderators, err);
    if (code) return code;
    const lb_design *design = t->moderators.design;
    t->n = design ? design->n : t->effects.k;
    t->p = design ? design->p : 1;
    if (t->n <= t->p) return lb_fail(err, LB_BAD_DATA, "%zu effects cannot carry %zu coefficients", t->n, t->p);
    if (t->n > 50000 || t->p > 100) return lb_fail(err, LB_TOO_LARGE, "%zu effects with %zu coefficients", t->n, t->p);
    code = read_levels(call, t, err);
    if (code) return code;
    sort_clusters(t, lb_call_arena(call));
    return build_blocks(t, lb_call_number(call, "rho"), lb_call_arena(call), err);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    nested t = {0};
    lb_arena *arena = lb_call_arena(call);
    bool restricted = lb_text_equal(lb_call_text(call, "method"), "REML");
    const char *robust = lb_call_text(call, "robust");
    static const double nothing[LB_GLS_COMPONENTS] = {0};
    int code = read_all(call, &t, err);
    if (!code) code = lb_gls_at(&t.gls, nothing, err);
    double q = t.gls.q;
    if (!code) code = lb_gls_fit(&t.gls, restricted, err);
    if (code) return code;
    double *vcov = lb_arena_array(arena, t.p * t.p, sizeof *vcov), *df = lb_arena_array(arena, t.p, sizeof *df);
    memcpy(vcov, t.gls.m, t.p * t.p * sizeof *vcov);
    for (size_t j = 0; j < t.p; j++) df[j] = INFINITY;
    if (robust) code = lb_gls_robust(&t.gls, lb_text_equal(robust, "CR2"), vcov, df, err);
    if (code) return code;
    report(call, &t, vcov, df, q, restricted, result);
    lb_result_note(result, "%zu effects in %zu clusters (%s)%s%s; variance components by %s; %s.", t.n, t.gls.blocks,
                   t.outer_name, t.inner_name ? ", within them " : "", t.inner_name ? t.inner_name : "",
                   restricted ? "REML" : "ML",
                   !robust                        ? "Wald z tests"
                   : lb_text_equal(robust, "CR2") ? "CR2 robust standard errors, Satterthwaite df"
                                                  : "CR1 robust standard errors, df = clusters - coefficients");
    if (lb_call_given(call, "rho"))
        lb_result_note(result, "Sampling errors within a cluster correlate by %g.", lb_call_number(call, "rho"));
    if (!t.gls.converged) {
        lb_result_status(result, "not_converged");
        lb_result_warn(result, "the variance components did not converge");
    }
    for (size_t c = 0; c < t.gls.components; c++) {
        if (t.gls.theta[c] > 0) continue;
        lb_result_warn(result, "the variance between levels of %s is estimated as 0",
                       c == 0 ? t.outer_name : t.inner_name);
    }
    t.effects.nested = true;
    lb_effects_note(&t.effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    {.name = "random",
     .type = LB_P_TEXT,
     .flags = LB_REQUIRED,
     .summary = "levels, outer/inner, as in district/school"},
    {.name = "method", .type = LB_P_CHOICE, .preset = "REML", .choices = "REML,ML", .summary = "likelihood maximised"},
    {.name = "mods", .type = LB_P_FORMULA, .summary = "moderators, as in \"~ year\""},
    {.name = "rho",
     .type = LB_P_NUMBER,
     .preset = "0",
     .min = -0.999,
     .max = 0.999,
     .summary = "correlation of the sampling errors within an outer cluster"},
    {.name = "robust", .type = LB_P_CHOICE, .choices = "CR1,CR2", .summary = "cluster-robust standard errors"},
    {.name = "level", .type = LB_P_NUMBER, .preset = "0.95", .min = 0.001, .max = 0.999999, .summary = "of intervals"},
};

const lb_op lb_op_meta_multilevel = {
    .area = "meta",
    .verb = "multilevel",
    .summary = "effects nested in clusters: three-level model, robust variance",
    .description = "Pools effects that come several from one cluster: random effects of the outer and of the inner "
                   "level (Konstantopoulos 2011) by REML or ML, sampling errors correlated by --rho within a cluster, "
                   "and, with --robust, cluster-robust standard errors: CR1, or CR2 with Satterthwaite degrees of "
                   "freedom (Pustejovsky & Tipton 2018). sigma2 holds the variances, outer first.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta multilevel reference/evidence/nested.csv --random trial/effect --robust CR2",
};
