/* meta update: a trial's own result as a new row of a meta-analysis. Before and after: pooled effect, prediction interval,
 * probability that the mean effect and the effect in a new setting reach what matters, imprecision by GRADE's rule. */
#include "evidence/grade.h"
#include "evidence/ops.h"
#include "evidence/report.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

/* Every parameter that was given and that the other operation knows, as it was given. */
static int forward(lb_call *from, lb_call *to, const lb_op *op, lb_error *err)
{
    int code = 0;
    for (size_t i = 0; i < op->param_count && !code; i++) {
        const lb_param *p = &op->params[i];
        static const char *const own[] = {"data", "measure", "yi", "vi", "sei", "slab", "append"};
        bool mine = false, known = false;
        for (size_t j = 0; j < LB_COUNT(own); j++) mine |= strcmp(own[j], p->name) == 0;
        for (size_t j = 0; j < lb_op_meta_update.param_count; j++) known |= strcmp(lb_op_meta_update.params[j].name, p->name) == 0;
        if (mine || !known || !lb_call_given(from, p->name)) continue;
        if (p->type == LB_P_FLAG) {
            code = lb_call_set(to, p->name, lb_call_flag(from, p->name) ? "true" : "false", err);
        } else if (p->type == LB_P_NUMBER || p->type == LB_P_INT) {
            char text[32];
            double value = p->type == LB_P_INT ? (double)lb_call_int(from, p->name) : lb_call_number(from, p->name);
            code = lb_call_set(to, p->name, lb_number_text(value, text), err);
        } else {
            code = lb_call_set(to, p->name, lb_call_text(from, p->name), err);
        }
    }
    return code;
}

/* Another operation of this room on a table; the result is the caller's. */
static int ask(lb_call *call, const char *verb, lb_table *table, const char *const *settings, lb_result **out, lb_error *err)
{
    const lb_registry *registry = lb_call_registry(call);
    const lb_op *op = lb_registry_find(registry, "meta", verb);
    lb_call *inner = lb_call_new(registry, op);
    int code = lb_call_bind_table(inner, "data", table, err);
    if (!code) code = forward(call, inner, op, err);
    for (; *settings && !code; settings += 2)
        if (settings[1]) code = lb_call_set(inner, settings[0], settings[1], err);
    if (!code) code = lb_call_run(inner, out, err);
    lb_call_free(inner);
    return code;
}

static const char *slab_of(lb_call *call)
{
    const char *const *names;
    size_t count = lb_call_texts(call, "slab", &names);
    lb_buf text = {0};
    for (size_t i = 0; i < count; i++) lb_buf_printf(&text, "%s%s", i ? "," : "", names[i]);
    const char *out = count ? lb_arena_text(lb_call_arena(call), text.data) : NULL;
    lb_buf_free(&text);
    return out;
}

/* The table with its effects as the columns study, yi, vi. */
static int with_effects(lb_call *call, lb_table *table, lb_table **out, lb_error *err)
{
    const char *settings[] = {"measure", lb_call_text(call, "measure"), "append", "true", "yi", lb_call_text(call, "yi"), "vi",
                              lb_call_text(call, "vi"), "sei", lb_call_text(call, "sei"), "slab", slab_of(call), NULL};
    lb_result *result = NULL;
    lb_buf text = {0};
    lb_value *rows;
    int code = ask(call, "effect", table, settings, &result, err);
    if (code) return code;
    lb_json_write(lb_get(result->results, "rows"), 0, &text); /* into this call's arena */
    lb_bytes bytes = {(const uint8_t *)text.data, text.length, "effects"};
    code = lb_json_read(&bytes, lb_call_arena(call), &rows, err);
    if (!code) code = lb_table_from_value(rows, "effects", lb_call_arena(call), out, err);
    lb_buf_free(&text);
    lb_result_free(result);
    return code;
}

/* The new row: a table of one trial, or its effect and standard error. */
static int read_new(lb_call *call, lb_table **out, lb_error *err)
{
    lb_table *table;
    if (lb_call_given(call, "new")) {
        int code = lb_call_table(call, "new", &table, err);
        if (!code && table->rows != 1) {
            code = lb_fail(err, LB_BAD_DATA, "the new trial is one row, not %zu", table->rows);
            lb_error_where(err, "--new");
        }
        return code ? code : with_effects(call, table, out, err);
    }
    double yi = lb_call_number(call, "new-yi"), sei = lb_call_number(call, "new-sei");
    if (isnan(yi) || isnan(sei)) {
        int code = lb_fail(err, LB_USAGE, "the new trial is not given");
        lb_error_hint(err, "give its row with --new TRIAL.csv, or its effect with --new-yi and --new-sei");
        return code;
    }
    const char *name[] = {lb_call_text(call, "new-label")};
    *out = lb_table_new(lb_call_arena(call), "new", 1);
    lb_table_add_text(*out, "study", name);
    lb_table_add_number(*out, "yi")->number[0] = yi;
    lb_table_add_number(*out, "vi")->number[0] = sei * sei;
    return 0;
}

static int combine(const lb_table *old, const lb_table *new, lb_arena *arena, lb_table **out, lb_error *err)
{
    lb_value *rows = lb_table_to_value(old, arena), *more = lb_table_to_value(new, arena);
    for (size_t i = 0; i < more->count; i++) lb_push(rows, more->item[i]);
    return lb_table_from_value(rows, "updated", arena, out, err);
}

/* -- what is told --------------------------------------------------------------------------------------------------- */

/* Tail of a normal or t around `centre` beyond the threshold on the side of benefit. */
static double beyond(double centre, double sd, double df, double threshold, bool lower)
{
    if (!(sd > 0)) return lower ? centre <= -threshold : centre >= threshold;
    double z = lower ? (-threshold - centre) / sd : (centre - threshold) / sd;
    return isfinite(df) ? lb_t_p(z, df, LB_LOWER) : lb_norm_p(z, LB_LOWER);
}

/* Of both groups; a new trial given by its effect alone says its own number with --new-n. */
static double participants(lb_call *call, const lb_table *table, bool updated)
{
    const char *names[] = {lb_call_has(call, "n1i") ? lb_call_text(call, "n1i") : "n1i",
                           lb_call_has(call, "n2i") ? lb_call_text(call, "n2i") : "n2i"};
    double extra = updated && !lb_call_given(call, "new") ? lb_call_number(call, "new-n") : 0, sum = extra;
    for (size_t i = 0; i < LB_COUNT(names); i++) {
        const lb_column *column = lb_table_find(table, names[i]);
        if (!column || column->type != LB_NUMBER) return NAN;
        for (size_t r = 0; r < table->rows; r++) sum += isnan(column->number[r]) ? 0 : column->number[r];
    }
    return sum;
}

static void report(lb_call *call, const lb_value *fit, const lb_table *table, bool updated, lb_value *out)
{
    static const char *const keys[] = {"k", "estimate", "se", "df", "statistic", "p", "lower", "upper", "pi_lower", "pi_upper", "tau2", "I2", "Q"};
    for (size_t i = 0; i < LB_COUNT(keys); i++) lb_set_number(out, keys[i], lb_get_number(fit, keys[i], NAN));
    double estimate = lb_get_number(fit, "estimate", NAN), se = lb_get_number(fit, "se", NAN), tau2 = lb_get_number(fit, "tau2", NAN),
           df = lb_get_number(fit, "df", INFINITY), threshold = lb_call_number(call, "mcid"), k = lb_get_number(fit, "k", NAN),
           total = participants(call, table, updated);
    bool lower = lb_text_equal(lb_call_text(call, "benefit"), "lower");
    lb_set_number(out, "participants", total);
    if (!isnan(threshold)) {
        const char *predict = lb_call_text(call, "predict");
        double df_new = strcmp(predict, "metafor") == 0 ? df : strcmp(predict, "riley") == 0 ? k - 2 : k - 1;
        lb_set_number(out, "probability_mean", beyond(estimate, se, df, threshold, lower));
        lb_set_number(out, "probability_new_setting",
                      isnan(tau2) || !(df_new > 0) ? NAN : beyond(estimate, sqrt(tau2 + se * se), df_new, threshold, lower));
    }
    lb_grade_rules rules;
    lb_grade_verdict verdict;
    lb_error ignored = LB_ERROR_INIT;
    lb_grade_facts facts = {.k = k, .total = isnan(total) ? INFINITY : total, .high_risk_percent = NAN, .i2 = NAN,
                            .lower = lb_get_number(fit, "lower", NAN), .upper = lb_get_number(fit, "upper", NAN),
                            .threshold = threshold, .egger_p = NAN};
    if (lb_grade_rules_read(NULL, &rules, &ignored)) return;
    lb_grade_judge(&rules, &facts, lb_call_arena(call), &verdict);
    static const char *const words[] = {"none", "serious", "very_serious"};
    lb_set_text(out, "imprecision", words[verdict.concern[LB_GRADE_IMPRECISION]]);
    lb_set_text(out, "imprecision_reason", isnan(total) ? "number of participants not known; judged by the interval alone"
                                                        : verdict.reason[LB_GRADE_IMPRECISION]);
}

static int fit_and_report(lb_call *call, lb_table *table, const char *key, lb_result *result, lb_error *err)
{
    const char *settings[] = {"measure", lb_call_text(call, "measure"), "yi", "yi", "vi", "vi", "slab", "study", NULL};
    lb_result *fit = NULL;
    int code = ask(call, "fit", table, settings, &fit, err);
    if (!code) {
        report(call, fit->results, table, strcmp(key, "after") == 0, lb_set_object(result->results, key));
        if (strcmp(fit->status, "ok") != 0) lb_result_status(result, lb_arena_text(result->arena, fit->status));
    }
    lb_result_free(fit);
    return code;
}

static int draw(lb_call *call, lb_table *table, lb_result *result, lb_error *err)
{
    const char *settings[] = {"measure", lb_call_text(call, "measure"), "yi", "yi", "vi", "vi", "slab", "study", "last-is-new", "true", NULL};
    lb_result *forest = NULL;
    int code = ask(call, "forest", table, settings, &forest, err);
    if (!code && forest->picture_count) lb_result_picture(result, "forest", "Forest plot with the new trial", forest->picture[0].svg);
    lb_result_free(forest);
    return code;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *data, *old, *new, *both;
    int code = lb_call_table(call, "data", &data, err);
    if (!code) code = with_effects(call, data, &old, err);
    if (!code) code = read_new(call, &new, err);
    if (!code) code = combine(old, new, lb_call_arena(call), &both, err);
    if (code) return code;
    lb_value *results = result->results, *row = lb_set_object(results, "new");
    char buffer[32];
    double yi = lb_table_find(new, "yi")->number[0], vi = lb_table_find(new, "vi")->number[0];
    lb_set_text(row, "study", lb_arena_text(result->arena, lb_column_text(lb_table_find(new, "study"), 0, buffer)));
    lb_set_number(row, "yi", yi);
    lb_set_number(row, "vi", vi);
    code = fit_and_report(call, old, "before", result, err);
    if (!code) code = fit_and_report(call, both, "after", result, err);
    if (!code) code = draw(call, both, result, err);
    if (code) return code;
    const lb_value *before = lb_get(results, "before");
    double lower = lb_get_number(before, "pi_lower", NAN), upper = lb_get_number(before, "pi_upper", NAN);
    if (!isnan(lower)) lb_set_bool(results, "within_prediction", yi >= lower && yi <= upper);
    /* The new effect against the mean of the others, with the variance a new study's estimate has. */
    double tau2 = lb_get_number(before, "tau2", 0), se = lb_get_number(before, "se", NAN),
           z = (yi - lb_get_number(before, "estimate", NAN)) / sqrt(vi + (isnan(tau2) ? 0 : tau2) + se * se);
    lb_set_number(results, "surprise_z", z);
    lb_set_number(results, "surprise_p", lb_two_sided_p(fabs(z), INFINITY));
    lb_result_note(result, "Before and after the new row, by the same model. probability_mean: that the mean effect reaches --mcid; "
                           "probability_new_setting: that the effect in a new setting does, from the distribution of the prediction "
                           "interval. surprise: the new effect against what the others predict for a study of its size. Imprecision by "
                           "the rules of meta sof.");
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "new", .type = LB_P_TABLE, .summary = "the new trial: one row with the same columns (CSV)"},
    {.name = "new-yi", .type = LB_P_NUMBER, .summary = "its effect, when it is not given as a row"},
    {.name = "new-sei", .type = LB_P_NUMBER, .min = 1e-12, .max = 1e12, .summary = "its standard error"},
    {.name = "new-n", .type = LB_P_NUMBER, .min = 2, .max = 1e8, .summary = "its number of participants"},
    {.name = "new-label", .type = LB_P_TEXT, .preset = "This trial", .summary = "its name"},
    {.name = "mcid", .type = LB_P_NUMBER, .min = 0, .max = 1e12, .summary = "smallest important effect, on the scale that is pooled"},
    {.name = "benefit", .type = LB_P_CHOICE, .choices = "lower,higher", .preset = "lower", .summary = "which values are better"},
    {.name = "label1", .type = LB_P_TEXT, .summary = "name of group 1 in the picture"},
    {.name = "label2", .type = LB_P_TEXT, .summary = "name of group 2 in the picture"},
    {.name = "layout", .type = LB_P_CHOICE, .preset = "revman", .choices = "revman,jama,bmj", .summary = "house style of the picture"},
    {.name = "language", .type = LB_P_CHOICE, .choices = "en,zh", .preset = "en", .summary = "language of the words in the picture"},
};

const lb_op lb_op_meta_update = {
    .area = "meta",
    .verb = "update",
    .summary = "a trial's own result as a new row of a meta-analysis",
    .description = "Adds one trial to the studies, fits the same model before and after, draws the forest plot with the new row, and "
                   "says what changes: the prediction interval, the probability that the mean effect and the effect in a new setting "
                   "reach the smallest important one, and whether the evidence is imprecise by GRADE's rule.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta update reference/evidence/exercise.csv --measure SMD --new-yi -0.4 --new-sei 0.12 --mcid 0.5 -o forest.svg",
};
