/* Operation `predict logistic`: logistic regression with odds ratios, separation said in words, and a model file. */
#include "predict/room.h"
#include "predict/logistic_model.h"

#include <lumbar/stats.h>

#include <math.h>
#include <string.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "formula", .type = LB_P_FORMULA, .summary = "outcome ~ predictors, instead of --outcome and --features"},
    {.name = "outcome", .type = LB_P_COLUMN, .summary = "column of the yes/no outcome"},
    {.name = "features", .type = LB_P_COLUMNS, .summary = "columns of the predictors"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of the outcome that is the event; 1, or the later of two values"},
    {.name = "level", .type = LB_P_NUMBER, .summary = "level of the intervals", .preset = "0.95"},
    {.name = "firth", .type = LB_P_FLAG, .summary = "Firth's penalty: finite estimates under separation"},
    {.name = "model", .type = LB_P_TEXT, .flags = LB_OUTPUT, .summary = "write the model to this file (JSON)"},
};

static const char *trimmed(lb_arena *arena, const char *text, size_t length)
{
    while (length && strchr(" \t\n", text[0])) text++, length--;
    while (length && strchr(" \t\n", text[length - 1])) length--;
    if (length >= 2 && text[0] == '`' && text[length - 1] == '`') text++, length -= 2;
    return lb_arena_textn(arena, text, length);
}

/* The outcome's column and the right-hand side, from either way of asking. */
static int read_question(lb_call *call, lb_arena *arena, const char **outcome, const char **right, lb_error *err)
{
    const char *formula = lb_call_text(call, "formula"), *const *features;
    size_t count = lb_call_texts(call, "features", &features);
    *outcome = lb_call_text(call, "outcome");
    *right = NULL;
    if (formula && (*outcome || count)) {
        int code = lb_fail(err, LB_USAGE, "--formula and --outcome/--features say the same thing twice");
        lb_error_hint(err, "give either --formula \"y ~ a + b\" or --outcome y --features a,b");
        return code;
    }
    if (formula) {
        const char *tilde = strchr(formula, '~');
        if (tilde) *outcome = trimmed(arena, formula, (size_t)(tilde - formula));
        *right = tilde ? tilde : NULL;
        if (tilde && (*outcome)[0]) return 0;
        int code = lb_fail(err, LB_USAGE, "the formula %s names no outcome", formula);
        lb_error_where(err, "--formula");
        lb_error_hint(err, "write it as outcome ~ predictor1 + predictor2");
        return code;
    }
    if (!*outcome || !count) {
        int code = lb_fail(err, LB_USAGE, "an outcome and predictors are needed");
        lb_error_hint(err, "give --outcome y --features a,b or --formula \"y ~ a + b\"");
        return code;
    }
    lb_buf text = {0};
    for (size_t i = 0; i < count; i++) lb_buf_printf(&text, "%s`%s`", i ? " + " : "~ ", features[i]);
    *right = lb_arena_text(arena, text.data);
    lb_buf_free(&text);
    return 0;
}

static void coefficient_rows(const lb_design *design, const lb_logistic *fit, double level, lb_value *results)
{
    lb_value *rows = lb_set_array(results, "coefficients");
    double z = lb_norm_q((1 - level) / 2, LB_UPPER);
    for (size_t j = 0; j < design->p; j++) {
        bool gone = fit->diverging[j];
        double estimate = fit->coefficient[j], se = gone ? NAN : fit->se[j], statistic = estimate / se;
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "term", design->name[j]);
        lb_set_number(row, "estimate", estimate);
        lb_set_number(row, "se", se);
        lb_set_null(row, "df");
        lb_set_number(row, "statistic", statistic);
        lb_set_number(row, "p", isnan(statistic) ? NAN : lb_two_sided_p(statistic, NAN));
        lb_set_number(row, "lower", estimate - z * se);
        lb_set_number(row, "upper", estimate + z * se);
        lb_set_number(row, "odds_ratio", gone ? NAN : exp(estimate));
        lb_set_number(row, "or_lower", exp(estimate - z * se));
        lb_set_number(row, "or_upper", exp(estimate + z * se));
        if (fit->aliased[j]) lb_set_text(row, "reason", "a combination of the others");
        if (gone) lb_set_text(row, "reason", estimate > 0 ? "runs off to plus infinity" : "runs off to minus infinity");
    }
}

static int fit_measures(const double *event, const lb_design *design, const lb_logistic *fit, lb_arena *arena, lb_value *out,
                        lb_error *err)
{
    double n = (double)fit->n, df = (double)fit->rank - (design->intercept ? 1 : 0), brier = 0;
    double change = 2 * (fit->loglik - fit->loglik_null), cox_snell = -expm1(-change / n);
    for (size_t i = 0; i < fit->n; i++) brier += (event[i] - fit->fitted[i]) * (event[i] - fit->fitted[i]);
    lb_set_number(out, "loglik", fit->loglik);
    lb_set_number(out, "loglik_null", fit->loglik_null);
    lb_set_number(out, "deviance", fit->deviance);
    lb_set_number(out, "null_deviance", fit->deviance + change);
    lb_set_number(out, "aic", 2 * (double)fit->rank - 2 * fit->loglik);
    lb_set_number(out, "bic", log(n) * (double)fit->rank - 2 * fit->loglik);
    lb_value *lr = lb_set_object(out, "lr");
    lb_set_number(lr, "statistic", change);
    lb_set_number(lr, "df", df);
    lb_set_number(lr, "p", df > 0 ? lb_chisq_p(change, df, LB_UPPER) : NAN);
    lb_set_number(out, "r2_mcfadden", 1 - fit->loglik / fit->loglik_null);
    lb_set_number(out, "r2_cox_snell", cox_snell);
    lb_set_number(out, "r2_nagelkerke", cox_snell / -expm1(2 * fit->loglik_null / n));
    lb_set_number(out, "brier", brier / n);
    lb_set_int(out, "iterations", fit->iterations);
    lb_roc roc;
    int code = lb_roc_fit(event, fit->fitted, fit->n, arena, &roc, err);
    if (!code) lb_set_number(out, "auc", roc.auc);
    return code;
}

/* What went wrong, in words: separation and which terms run off, collinear terms, no convergence. */
static void say_status(lb_result *result, const lb_design *design, const lb_logistic *fit)
{
    lb_buf aliased = {0}, diverging = {0};
    for (size_t j = 0; j < design->p; j++) {
        if (fit->aliased[j]) lb_buf_printf(&aliased, "%s%s", aliased.length ? ", " : "", design->name[j]);
        if (fit->diverging[j]) lb_buf_printf(&diverging, "%s%s", diverging.length ? ", " : "", design->name[j]);
    }
    if (aliased.length) {
        lb_result_status(result, "singular");
        lb_result_warn(result, "%s: combinations of the other terms, not estimated", aliased.data);
    }
    if (!fit->converged && !fit->separated) {
        lb_result_status(result, "not_converged");
        lb_result_warn(result, "not converged after %d iterations", fit->iterations);
    }
    if (fit->separated) {
        lb_result_status(result, "separated");
        lb_result_warn(result, "%s separation: the likelihood keeps rising as %s %s off; %s no finite estimate, standard error or "
                       "odds ratio. The estimates shown are where the iteration stopped", fit->complete ? "complete" : "quasi-complete",
                       diverging.data ? diverging.data : "a combination of terms", strchr(diverging.data ? diverging.data : "", ',') ? "run" : "runs",
                       strchr(diverging.data ? diverging.data : "", ',') ? "they have" : "it has");
        lb_value *terms = lb_set_array(result->results, "diverging");
        for (size_t j = 0; j < design->p; j++)
            if (fit->diverging[j]) lb_push_text(terms, design->name[j]);
        lb_set_text(result->results, "separation", fit->complete ? "complete" : "quasi-complete");
    }
    lb_buf_free(&aliased);
    lb_buf_free(&diverging);
}

static void say_dropped(lb_result *result, const lb_design *design, size_t rows)
{
    lb_value *dropped = lb_set_array(result->results, "dropped");
    for (size_t i = 0; i < design->dropped_count; i++) {
        lb_value *row = lb_push_object(dropped);
        lb_set_text(row, "column", design->dropped[i].column);
        lb_set_int(row, "rows", (int64_t)design->dropped[i].rows);
    }
    if (rows > design->n) lb_result_warn(result, "%zu of %zu rows left out: something was missing", rows - design->n, rows);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_arena *arena = result->arena;
    lb_table *table;
    lb_outcome outcome;
    lb_formula *formula;
    lb_design *design;
    lb_logistic fit;
    const char *column, *right = NULL;
    double level = lb_call_number(call, "level");
    if (!(level > 0 && level < 1)) return lb_fail(err, LB_USAGE, "--level is %g: it must be between 0 and 1", level);
    int code = lb_call_table(call, "data", &table, err);
    if (!code) code = read_question(call, arena, &column, &right, err);
    if (!code) code = lb_outcome_read(table, column, lb_call_text(call, "event"), arena, &outcome, err);
    if (!code) code = lb_formula_parse(right, arena, &formula, err);
    if (code) return code;
    lb_design_options options = {.also_complete = &column, .also_count = 1};
    code = lb_design_build(formula, table, &options, arena, &design, err);
    if (code) return code;
    double *event = lb_arena_array(arena, design->n + 1, sizeof(double));
    size_t events = 0;
    for (size_t i = 0; i < design->n; i++) events += (event[i] = outcome.event[design->row[i]]) == 1;
    bool firth = lb_call_flag(call, "firth");
    code = firth ? lb_firth_fit(design->x, event, NULL, design->n, design->p, arena, &fit, err)
                 : lb_logistic_fit(design->x, event, NULL, design->n, design->p, arena, &fit, err);
    if (!code && !firth) code = lb_design_enough(design, fit.rank, table->name, err); /* the penalty makes up for rows that are not there */
    if (code) return code;
    lb_value *out = result->results;
    lb_set_int(out, "n", (int64_t)design->n);
    lb_set_int(out, "events", (int64_t)events);
    say_dropped(result, design, table->rows);
    coefficient_rows(design, &fit, level, out);
    code = fit_measures(event, design, &fit, arena, out, err);
    if (code) return code;
    say_status(result, design, &fit);
    lb_result_note(result, "Logistic regression of %s = %s (%zu of %zu) on %s by %s; treatment coding; Wald z tests and "
                   "%g %% intervals. auc and brier are apparent: measured on the people the model was fitted to.", outcome.column,
                   outcome.event_level, events, design->n, right + 1 + strspn(right + 1, " "),
                   firth ? "maximum likelihood with Firth's penalty (loglik is the penalised one)" : "maximum likelihood", 100 * level);
    lb_logistic_model_artifact(result, table, design, &fit, &outcome, right);
    return 0;
}

const lb_op lb_op_predict_logistic = {
    .area = "predict", .verb = "logistic",
    .summary = "logistic regression by maximum likelihood",
    .description =
        "Fits by Newton's method to machine precision (McCullagh & Nelder 1989). Rows with a missing value are left out and "
        "counted. When the predictors separate events from non-events, completely or quasi-completely (Albert & Anderson "
        "1984), some coefficients have no finite estimate: the status says `separated` and the terms that run off are named. "
        "Collinear terms are named and left out, as in R. --firth adds Firth's penalty (1993), under which estimates stay finite. "
        "-m writes the model as JSON.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict logistic reference/predict/scores.csv --outcome relapse --features age,smoker"};
