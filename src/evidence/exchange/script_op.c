/* meta script: the analysis as an R script for metafor, data included, so that anyone can repeat it without Lumbar. Its
 * iterations run to the end (threshold 1e-13), as ours do; metafor's own default stops earlier. */
#include "evidence/effect.h"
#include "evidence/ops.h"
#include "evidence/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A text as an R string. */
static void add_string(lb_buf *out, const char *text)
{
    lb_buf_putc(out, '"');
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\') lb_buf_putc(out, '\\');
        if (*at == '\n')
            lb_buf_puts(out, "\\n");
        else if ((unsigned char)*at >= 0x20)
            lb_buf_putc(out, *at);
    }
    lb_buf_putc(out, '"');
}

static void add_number(lb_buf *out, double value)
{
    char text[32];
    lb_buf_puts(out, isnan(value) ? "NA" : lb_number_text(value, text));
}

/* A column under its name, in backquotes as R takes any. */
static void add_column(lb_buf *out, const lb_column *column, size_t rows, bool last)
{
    char buffer[32];
    lb_buf_puts(out, "  ");
    add_string(out, column->name);
    lb_buf_puts(out, " = c(");
    for (size_t i = 0; i < rows; i++) {
        if (i) lb_buf_puts(out, i % 12 ? ", " : ",\n    ");
        if (column->type == LB_NUMBER)
            add_number(out, column->number[i]);
        else if (lb_column_missing(column, i))
            lb_buf_puts(out, "NA");
        else
            add_string(out, lb_column_text(column, i, buffer));
    }
    lb_buf_printf(out, ")%s\n", last ? "" : ",");
}

static void add_data(lb_buf *out, const lb_effects *effects)
{
    const lb_table *table = effects->table;
    lb_buf_puts(out, "d <- data.frame(check.names = FALSE,\n");
    for (size_t c = 0; c < table->columns; c++) add_column(out, &table->column[c], table->rows, c + 1 == table->columns);
    lb_buf_puts(out, ")\n");
    lb_buf_puts(out, "study <- c(");
    for (size_t i = 0; i < effects->rows; i++) {
        if (i) lb_buf_puts(out, i % 6 ? ", " : ",\n  ");
        add_string(out, effects->study[i]);
    }
    lb_buf_puts(out, ")\n\n");
}

static const char *const *arm_names(lb_effect_kind kind)
{
    static const char *const names[][LB_EFFECT_COLUMNS + 1] = {
        [LB_EFFECT_GIVEN] = {NULL},
        [LB_EFFECT_MEANS] = {"m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i", NULL},
        [LB_EFFECT_COUNTS] = {"ai", "bi", "ci", "di", NULL},
        [LB_EFFECT_RATES] = {"x1i", "t1i", "x2i", "t2i", NULL},
        [LB_EFFECT_PAIRED] = {"m1i", "sd1i", "m2i", "sd2i", "ni", "ri", NULL},
        [LB_EFFECT_CORRELATION] = {"ri", "ni", NULL},
        [LB_EFFECT_PROPORTION] = {"xi", "ni", NULL}};
    return names[kind];
}

static void add_arms(lb_buf *out, const lb_effects *effects)
{
    const char *const *names = arm_names(effects->measure->kind);
    for (size_t c = 0; names[c]; c++) {
        lb_buf_printf(out, ", %s = c(", names[c]);
        for (size_t i = 0; i < effects->rows; i++) {
            if (i) lb_buf_puts(out, ", ");
            add_number(out, effects->arm[c][i]);
        }
        lb_buf_putc(out, ')');
    }
}

static void add_effects(lb_call *call, lb_buf *out, const lb_effects *effects)
{
    if (!effects->computed) {
        lb_buf_puts(out, "yi <- c(");
        for (size_t i = 0; i < effects->rows; i++) {
            if (i) lb_buf_puts(out, ", ");
            add_number(out, effects->yi[i]);
        }
        lb_buf_puts(out, ")\nvi <- c(");
        for (size_t i = 0; i < effects->rows; i++) {
            if (i) lb_buf_puts(out, ", ");
            add_number(out, effects->vi[i]);
        }
        lb_buf_puts(out, ")\n");
        return;
    }
    lb_buf_printf(out, "es <- escalc(measure = \"%s\"", effects->measure->name);
    add_arms(out, effects);
    lb_buf_printf(out, ", vtype = \"%s\", add = %g, to = \"only0\"%s)\n", lb_call_text(call, "vtype"), lb_call_number(call, "add"),
                  lb_call_flag(call, "drop00") ? ", drop00 = TRUE" : "");
    lb_buf_puts(out, "yi <- as.numeric(es$yi)\nvi <- es$vi\n");
}

static const char report_code[] =
    "say <- function(key, value) cat(sprintf(\"%s %.17g\\n\", key, value), sep = \"\")\n"
    "b <- as.numeric(fit$beta)\n"
    "say(\"k\", fit$k)\n"
    "for (i in seq_along(b)) {\n"
    "  say(sprintf(\"estimate[%d]\", i - 1), b[i])\n"
    "  say(sprintf(\"se[%d]\", i - 1), fit$se[i])\n"
    "  say(sprintf(\"p[%d]\", i - 1), fit$pval[i])\n"
    "  say(sprintf(\"lower[%d]\", i - 1), fit$ci.lb[i])\n"
    "  say(sprintf(\"upper[%d]\", i - 1), fit$ci.ub[i])\n"
    "}\n"
    "say(\"Q\", fit$QE)\n"
    "say(\"tau2\", fit$tau2)\n"
    "say(\"I2\", fit$I2)\n";

static void add_fit(lb_call *call, lb_buf *out)
{
    const char *method = lb_call_text(call, "method"), *mods = lb_call_text(call, "mods");
    lb_buf_puts(out, "fit <- rma(yi = yi, vi = vi");
    if (mods) lb_buf_printf(out, ", mods = %s, data = d", mods);
    if (strcmp(method, "EE") == 0 || strcmp(method, "CE") == 0) method = "FE";
    lb_buf_printf(out, ", method = \"%s\", test = \"%s\", level = %.17g", method, lb_call_text(call, "test"), 100 * lb_call_number(call, "level"));
    if (!isnan(lb_call_number(call, "tau2-value"))) lb_buf_printf(out, ", tau2 = %.17g", lb_call_number(call, "tau2-value"));
    lb_buf_puts(out, ", slab = study,\n           control = list(threshold = 1e-13, maxiter = 1e4, tol = 1e-13))\nprint(fit, digits = 6)\n\n");
    lb_buf_puts(out, report_code);
    bool random = strcmp(method, "FE") != 0;
    if (!mods && random) {
        const char *predict = lb_call_text(call, "predict");
        const char *df = strcmp(predict, "riley") == 0 ? "fit$k - 2" : strcmp(predict, "metafor") == 0 ? NULL : "fit$k - 1";
        lb_buf_puts(out, "ci <- confint(fit, control = list(tol = 1e-13, maxiter = 1e4))$random\nsay(\"tau2_lower\", ci[1, 2])\nsay(\"tau2_upper\", ci[1, 3])\n");
        lb_buf_printf(out, "half <- %s * sqrt(fit$tau2 + fit$se^2)\nsay(\"pi_lower\", b - half)\nsay(\"pi_upper\", b + half)\n",
                      df ? lb_arena_printf(lb_call_arena(call), "qt(%.17g, %s)", 1 - (1 - lb_call_number(call, "level")) / 2, df)
                         : lb_arena_printf(lb_call_arena(call),
                                           "(if (fit$test %%in%% c(\"t\", \"knha\", \"adhoc\")) qt(%.17g, fit$k - 1) else qnorm(%.17g))",
                                           1 - (1 - lb_call_number(call, "level")) / 2, 1 - (1 - lb_call_number(call, "level")) / 2));
    }
    if (mods) lb_buf_puts(out, "say(\"QM\", fit$QM)\nsay(\"QM_p\", fit$QMp)\nif (!is.null(fit$R2)) say(\"R2\", fit$R2)\n");
    if (!mods) lb_buf_puts(out, "if (interactive()) { forest(fit); funnel(fit); print(influence(fit)); print(regtest(fit)); print(ranktest(fit)) }\n");
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_pool_settings settings;
    lb_effects effects;
    int code = lb_pool_settings_read(call, &settings, err);
    if (!code) code = lb_effects_read(call, false, &effects, err);
    if (code) return code;
    if (lb_call_has(call, "mods")) { /* the moderators must be there and formable, before a script says so */
        lb_moderators moderators;
        code = lb_moderators_read(call, &effects, &moderators, err);
        if (code) return code;
    }
    lb_buf out = {0};
    lb_buf_printf(&out, "# Written by lumbar %s: repeats its meta-analysis with metafor (Viechtbauer 2010, doi:10.18637/jss.v036.i03).\n"
                        "# install.packages(\"metafor\") once, then: Rscript analysis.R\nlibrary(metafor)\n\n",
                  lb_version());
    add_data(&out, &effects);
    add_effects(call, &out, &effects);
    add_fit(call, &out);
    lb_set_int(result->results, "k", (int64_t)effects.k);
    lb_set_text(result->results, "script", out.data);
    lb_result_artifact(result, "analysis.R", "text/x-r; charset=utf-8", out.data, out.length);
    lb_buf_free(&out);
    lb_result_note(result, "-o analysis.R writes the script. It needs R and metafor 3.0 or later and nothing else.");
    if (strncmp(effects.measure->name, "ROM", 3) == 0)
        lb_result_warn(result, "metafor before 5.0 has no small-sample term in %s: there the last digits differ", effects.measure->name);
    return 0;
}

static const lb_param params[] = {
    LB_EFFECT_PARAMS,
    LB_POOL_PARAMS,
    {.name = "mods", .type = LB_P_FORMULA, .summary = "moderators, as in \"~ year + ablat\""},
};

const lb_op lb_op_meta_script = {
    .area = "meta",
    .verb = "script",
    .summary = "the analysis as an R script for metafor",
    .description = "Writes an R script that holds the data and repeats the analysis with metafor: effect sizes, model, intervals, "
                   "prediction interval. It takes the options of meta fit, and prints the same numbers to 17 digits.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta script reference/evidence/bcg.csv --measure RR --ai tpos --bi tneg --ci cpos --di cneg -o analysis.R",
};
