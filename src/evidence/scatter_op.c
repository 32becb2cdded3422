/* meta baujat: which studies make the heterogeneity and move the result (Baujat 2002, doi:10.1002/sim.1221).
 * meta bubble: effects against one moderator with the fitted line. */
#include "evidence/report.h"
#include "evidence/ops.h"
#include "evidence/scatter.h"

#include <math.h>

enum { MOST_STUDIES = 2000 };
static const char ink[] = "#222222", mark[] = "#1f5a8c";

typedef struct baujat_point {
    double q, moved;
    const char *study;
} baujat_point;

static int baujat_points(const lb_effects *effects, const lb_pool_settings *settings, lb_arena *arena,
                         baujat_point *point, lb_error *err)
{
    size_t k = effects->k;
    double *y = lb_arena_array(arena, k, sizeof *y), *v = lb_arena_array(arena, k, sizeof *v);
    lb_pool_model all, less;
    lb_pool full, without;
    lb_pool_sums sums;
    int code = lb_pool_model_init(&all, effects->y, effects->v, NULL, k, 1, arena, err);
    if (!code) code = lb_pool_model_init(&less, y, v, NULL, k, 1, arena, err);
    if (code) return code;
    lb_pool_alloc(&full, k, 1, arena);
    lb_pool_alloc(&without, k, 1, arena);
    lb_pool_solve(&all, &settings->fit, &full, &sums);
    for (size_t i = 0; i < k; i++) {
        size_t n = 0;
        for (size_t j = 0; j < k; j++) {
            if (j == i) continue;
            y[n] = effects->y[j];
            v[n++] = effects->v[j];
        }
        lb_pool_model_reuse(&less, y, v, n);
        lb_pool_solve(&less, &settings->fit, &without, &sums);
        double gap = effects->y[i] - full.beta[0], change = full.beta[0] - without.beta[0];
        point[i] = (baujat_point){gap * gap / (effects->v[i] + full.tau2.tau2), change * change / without.vcov[0],
                                  effects->study[effects->used[i]]};
    }
    return 0;
}

static int run_baujat(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    lb_arena *arena = lb_call_arena(call);
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    if (effects.k < 3) return lb_fail(err, LB_BAD_DATA, "%zu studies: a Baujat plot needs at least three", effects.k);
    if (effects.k > MOST_STUDIES) return lb_fail(err, LB_TOO_LARGE, "%zu studies cannot be told apart", effects.k);
    baujat_point *point = lb_arena_array(arena, effects.k, sizeof *point);
    code = baujat_points(&effects, &settings, arena, point, err);
    if (code) return code;
    lb_scatter plot = {0};
    lb_value *rows = lb_set_array(result->results, "rows");
    double sum_q = 0, sum_moved = 0;
    for (size_t i = 0; i < effects.k; i++) {
        plot.high_x = fmax(plot.high_x, point[i].q);
        plot.high_y = fmax(plot.high_y, point[i].moved);
        sum_q += point[i].q / (double)effects.k;
        sum_moved += point[i].moved / (double)effects.k;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "study", point[i].study);
        lb_set_number(row, "heterogeneity", point[i].q);
        lb_set_number(row, "influence", point[i].moved);
    }
    lb_scatter_open(&plot, "Baujat plot",
                    lb_arena_printf(arena, "%zu studies: contribution to heterogeneity against influence.", effects.k),
                    "Contribution to heterogeneity", "Influence on the pooled effect", arena);
    for (size_t i = 0; i < effects.k; i++) {
        lb_svg_circle(plot.svg, lb_scatter_x(&plot, point[i].q), lb_scatter_y(&plot, point[i].moved), 2.4, mark,
                      "#ffffff", .5);
        if (effects.k <= LB_SCATTER_NAMES / 2) lb_scatter_take(&plot, point[i].q, point[i].moved);
    }
    for (size_t i = 0; i < effects.k; i++) { /* names where they matter: beyond the mean of either */
        if (point[i].q > sum_q || point[i].moved > sum_moved)
            lb_scatter_name(&plot, point[i].q, point[i].moved, point[i].study);
    }
    lb_result_picture(result, "baujat", "Baujat plot", lb_svg_finish(plot.svg));
    lb_result_note(result,
                   "Across: squared residual over its variance. Up: squared change of the pooled effect without "
                   "the study, over its variance. Studies above the mean of either are named "
                   "where there is room; the rows have all.");
    lb_effects_note(&effects, result);
    return 0;
}

/* The line and its pointwise interval over the range of x. */
static void draw_line(const lb_scatter *plot, const lb_pool *pool, double from, double to, double critical)
{
    enum { STEPS = 40 };
    double band[4 * (STEPS + 1)], line[2 * (STEPS + 1)];
    for (size_t i = 0; i <= STEPS; i++) {
        double x = from + (to - from) * (double)i / STEPS, fit = pool->beta[0] + pool->beta[1] * x;
        double half = critical * sqrt(pool->vcov[0] + 2 * x * pool->vcov[1] + x * x * pool->vcov[3]);
        line[2 * i] = band[2 * i] = lb_scatter_x(plot, x);
        line[2 * i + 1] = lb_scatter_y(plot, fit);
        band[2 * i + 1] = lb_scatter_y(plot, fmin(plot->high_y, fmax(plot->low_y, fit + half)));
        size_t back = 2 * STEPS + 1 - i;
        band[2 * back] = line[2 * i];
        band[2 * back + 1] = lb_scatter_y(plot, fmin(plot->high_y, fmax(plot->low_y, fit - half)));
    }
    lb_svg_polygon(plot->svg, band, 2 * (STEPS + 1), "#e4ebf2", NULL, 0);
    lb_svg_polyline(plot->svg, line, STEPS + 1, ink, 1, NULL);
}

static int run_bubble(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    lb_moderators moderators;
    lb_pool_model model;
    lb_pool pool;
    lb_arena *arena = lb_call_arena(call);
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (!code) code = lb_moderators_read(call, &effects, &moderators, err);
    if (code) return code;
    const lb_design *design = moderators.design;
    if (design->p != 2 || !design->intercept) {
        code = lb_fail(err, LB_USAGE, "a bubble plot shows one moderator that is a number");
        lb_error_where(err, "--mods");
        lb_error_hint(err, "say --mods \"~ weeks\"");
        return code;
    }
    if (design->n > MOST_STUDIES) return lb_fail(err, LB_TOO_LARGE, "%zu studies cannot be told apart", design->n);
    code = lb_pool_model_init(&model, moderators.y, moderators.v, design->x, design->n, 2, arena, err);
    if (!code && model.p < 2) code = lb_fail(err, LB_BAD_DATA, "'%s' does not vary", design->name[1]);
    if (!code) code = lb_pool_fit(&model, &settings.fit, arena, &pool, err);
    if (code) return code;
    const double *x = design->x + design->n;
    lb_scatter plot = {.low_x = x[0], .high_x = x[0], .low_y = moderators.y[0], .high_y = moderators.y[0]};
    double heaviest = 0;
    for (size_t i = 0; i < design->n; i++) {
        plot.low_x = fmin(plot.low_x, x[i]);
        plot.high_x = fmax(plot.high_x, x[i]);
        plot.low_y = fmin(plot.low_y, moderators.y[i]);
        plot.high_y = fmax(plot.high_y, moderators.y[i]);
        heaviest = fmax(heaviest, 1 / (moderators.v[i] + pool.tau2.tau2));
    }
    double from = plot.low_x, to = plot.high_x, critical = (pool.upper[0] - pool.beta[0]) / pool.se[0];
    lb_scatter_open(
        &plot, "Bubble plot",
        lb_arena_printf(arena, "%zu studies: effect against %s with the fitted line.", design->n, design->name[1]),
        design->name[1], effects.measure->label, arena);
    draw_line(&plot, &pool, from, to, critical);
    for (size_t i = 0; i < design->n; i++) {
        double weight = 1 / (moderators.v[i] + pool.tau2.tau2);
        lb_svg_circle(plot.svg, lb_scatter_x(&plot, x[i]), lb_scatter_y(&plot, moderators.y[i]),
                      fmax(1.2, 7 * sqrt(weight / heaviest)), "none", mark, 1);
    }
    lb_result_picture(result, "bubble", "Bubble plot", lb_svg_finish(plot.svg));
    lb_set_int(result->results, "k", (int64_t)pool.k);
    lb_set_number(result->results, "intercept", pool.beta[0]);
    lb_set_number(result->results, "slope", pool.beta[1]);
    lb_set_number(result->results, "slope_p", pool.p_value[1]);
    lb_pool_note(&pool, &settings, "Mixed-effects meta-regression", result);
    lb_result_note(result,
                   "Areas of the circles are proportional to the weights; the band is the interval of the line.");
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "mods", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "the moderator, as in \"~ weeks\""},
};
#define BCG "reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg"

const lb_op lb_op_meta_baujat = {
    .area = "meta",
    .verb = "baujat",
    .summary = "plot of who makes the heterogeneity and who moves the result",
    .description = "Plots for each study its contribution to the heterogeneity against its influence on the pooled "
                   "effect (Baujat 2002).",
    .params = params,
    .param_count = LB_COUNT(params) - 1,
    .run = run_baujat,
    .example = "lumbar meta baujat " BCG " -o baujat.svg",
};
const lb_op lb_op_meta_bubble = {
    .area = "meta",
    .verb = "bubble",
    .summary = "plot of effects against a moderator",
    .description = "Plots the effects against one moderator with the line of the meta-regression and its interval; the "
                   "areas of the circles are proportional to the weights.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run_bubble,
    .example = "lumbar meta bubble " BCG " --mods \"~ ablat\" -o bubble.svg",
};
