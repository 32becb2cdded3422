/* meta forest: the forest plot of a meta-analysis. */
#include "evidence/forest.h"
#include "evidence/ops.h"

#include <math.h>
#include <string.h>

static int read_limits(const lb_call *call, const char *transform, double *limits, const double **xlim, lb_error *err)
{
    const double *given;
    size_t count = lb_call_numbers(call, "xlim", &given);
    *xlim = NULL;
    if (count == 0) return 0;
    bool ratio = strcmp(transform, "exp") == 0;
    if (count != 2 || !(given[0] < given[1]) || (ratio && !(given[0] > 0))) {
        int code =
            lb_fail(err, LB_USAGE, "the limits of the axis are not two rising numbers%s", ratio ? " above 0" : "");
        lb_error_where(err, "--xlim");
        lb_error_hint(err, "for example --xlim %s", ratio ? "0.1,10" : "-2,2");
        return code;
    }
    for (int i = 0; i < 2; i++) limits[i] = ratio ? log(given[i]) : given[i];
    *xlim = limits;
    return 0;
}

/* A column of judgements: every cell a word of risk of bias, or empty. */
static int check_risk(const lb_effects *effects, const char *name, lb_error *err)
{
    lb_column *column;
    int code = lb_table_column(effects->table, name, &column, err);
    for (size_t r = 0; r < effects->rows && !code; r++) {
        char buffer[32];
        const char *text = lb_column_text(column, r, buffer);
        if (!*text || lb_rob_level_of(text) >= 0) continue;
        code = lb_fail(err, LB_BAD_DATA, "'%.60s' is no judgement of bias", text);
        lb_error_where(err, "column %s, row %zu", name, r + 1);
        lb_error_hint(err, "write low, some concerns, high, serious, critical, unclear or no information");
    }
    return code;
}

static int read_wishes(const lb_call *call, const lb_effects *effects, double *limits, lb_forest_wishes *out,
                       lb_error *err)
{
    bool given = effects->measure->kind == LB_EFFECT_GIVEN;
    *out = (lb_forest_wishes){
        .layout = lb_forest_layout_named(lb_call_text(call, "layout")),
        .title = lb_call_text(call, "title"),
        .effect_label = lb_call_text(call, "effect-label"),
        .label1 = lb_call_text(call, "label1"),
        .label2 = lb_call_text(call, "label2"),
        .transform = lb_call_given(call, "transf") ? lb_call_text(call, "transf") : effects->measure->transform,
        .favours_right = lb_text_equal(lb_call_text(call, "favours"), "right"),
        .digits = (int)lb_call_int(call, "digits"),
        .language = lb_call_text(call, "language"),
        .last_is_new = lb_call_flag(call, "last-is-new"),
    };
    bool two_groups = effects->measure->kind == LB_EFFECT_MEANS || effects->measure->kind == LB_EFFECT_COUNTS ||
                      effects->measure->kind == LB_EFFECT_RATES;
    bool named = lb_call_given(call, "label1") || lb_call_given(call, "label2") || lb_call_given(call, "favours");
    out->favours_known = !lb_text_equal(lb_call_text(call, "favours"), "none") && (given ? named : two_groups);
    out->risks = lb_call_texts(call, "risk", &out->risk);
    int code = out->risks > LB_ROB_MOST_DOMAINS ? lb_fail(err, LB_USAGE, "at most %d domains of bias are drawn", LB_ROB_MOST_DOMAINS) : 0;
    for (size_t i = 0; i < out->risks && !code; i++) code = check_risk(effects, out->risk[i], err);
    return code ? code : read_limits(call, out->transform, limits, &out->xlim, err);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    lb_pool_settings settings;
    lb_effects effects;
    lb_forest_wishes wishes;
    lb_summary total;
    lb_subgroups groups;
    double limits[2];
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (!code) code = read_wishes(call, &effects, limits, &wishes, err);
    if (!code) code = lb_summary_fit(effects.y, effects.v, effects.k, &settings, arena, &total, err);
    if (code) return code;
    const char *by = lb_call_text(call, "by");
    if (by)
        code = lb_subgroups_fit(&effects, by, lb_text_equal(lb_call_text(call, "tau2"), "common"), &settings, arena,
                                &groups, err);
    if (code) return code;
    if (effects.rows > 1000) {
        code = lb_fail(err, LB_TOO_LARGE, "a forest plot of %zu studies cannot be read", effects.rows);
        lb_error_hint(err, "choose the studies to show, or use meta fit");
        return code;
    }
    lb_forest forest;
    lb_forest_fill(&forest, &effects, &total, by ? &groups : NULL, &settings, &wishes, arena);
    lb_result_picture(result, "forest", forest.title, lb_forest_draw(&forest, arena));
    lb_set_text(result->results, "measure", effects.measure->name);
    lb_set_text(result->results, "method", lb_tau2_method_name(settings.fit.method));
    lb_summary_report(&total, &settings, result->results);
    lb_transformed_report(&total, effects.measure, result->results);
    if (by) lb_subgroups_report(&groups, &settings, result->results);
    lb_pool_note(&total.pool, &settings,
                 settings.fit.method == LB_TAU2_FE ? "Equal-effects model" : "Random-effects model", result);
    lb_result_note(result, "Squares have areas proportional to the weights; studies' intervals are normal; an arrow "
                           "marks an interval cut off by the axis.");
    lb_effects_note(&effects, result);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "by", .type = LB_P_COLUMN, .summary = "subgroups"},
    {.name = "tau2",
     .type = LB_P_CHOICE,
     .preset = "separate",
     .choices = "separate,common",
     .flags = LB_ADVANCED,
     .summary = "heterogeneity variance of subgroups: each its own, or one for all"},
    {.name = "layout",
     .type = LB_P_CHOICE,
     .preset = "revman",
     .choices = "revman,jama,bmj",
     .summary = "house style of the picture"},
    {.name = "risk", .type = LB_P_COLUMNS, .summary = "columns with judgements of bias, drawn as lights beside each study"},
    {.name = "last-is-new", .type = LB_P_FLAG, .flags = LB_ADVANCED, .summary = "draw the last study apart, as one that is new"},
    {.name = "language", .type = LB_P_CHOICE, .choices = "en,zh", .preset = "en", .summary = "language of the words in the picture"},
    {.name = "label1", .type = LB_P_TEXT, .summary = "name of group 1 (default Experimental)"},
    {.name = "label2", .type = LB_P_TEXT, .summary = "name of group 2 (default Control)"},
    {.name = "favours",
     .type = LB_P_CHOICE,
     .preset = "left",
     .choices = "left,right,none",
     .summary = "side of the axis on which group 1 fares better"},
    {.name = "effect-label", .type = LB_P_TEXT, .summary = "heading of the effects"},
    {.name = "title", .type = LB_P_TEXT, .flags = LB_ADVANCED, .summary = "accessible title of the picture"},
    {.name = "transf",
     .type = LB_P_CHOICE,
     .choices = "none,exp,tanh,logit",
     .flags = LB_ADVANCED,
     .summary = "scale shown (default: the measure's)"},
    {.name = "xlim", .type = LB_P_NUMBERS, .flags = LB_ADVANCED, .summary = "limits of the axis, on the scale shown"},
    {.name = "digits",
     .type = LB_P_INT,
     .preset = "2",
     .min = 0,
     .max = 6,
     .flags = LB_ADVANCED,
     .summary = "decimals of effects"},
};

const lb_op lb_op_meta_forest = {
    .area = "meta",
    .verb = "forest",
    .summary = "forest plot of a meta-analysis",
    .description = "Draws the forest plot that journals print: the arms' numbers when effects are computed from them, "
                   "squares with areas "
                   "proportional to weights, the pooled diamond, a prediction interval, heterogeneity and tests. "
                   "Ratios have a logarithmic axis. "
                   "With --by: a diamond for each subgroup and the test of their difference. Layouts follow RevMan, "
                   "JAMA and BMJ. The picture "
                   "is SVG with real text; -o NAME.pdf or NAME.png converts it at its size.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta forest reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg "
               "--label1 BCG -o forest.svg",
};
