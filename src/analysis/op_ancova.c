/* analyse ancova: analysis of covariance by least squares, with least-squares means and contrasts of a treatment. Without
 * a treatment: plain least squares. Conventions of R's lm, car::Anova, sandwich and emmeans. */
#include <math.h>
#include <string.h>

#include "analysis/room.h"
#include "ancova.h"

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "table with one row per person"},
    {.name = "formula", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "as in R: odi_12m ~ odi_0 + arm + sex"},
    {.name = "treatment", .type = LB_P_COLUMN, .summary = "the column whose levels are compared; numbers are taken as levels"},
    {.name = "reference", .type = LB_P_TEXT, .summary = "its reference level (default: the first)"},
    {.name = "means", .type = LB_P_CHOICE, .summary = "how least-squares means average over the other factors",
     .preset = "equal", .choices = "equal,proportional,counterfactual"},
    {.name = "by", .type = LB_P_COLUMNS, .summary = "means and contrasts within the levels of these columns"},
    {.name = "at", .type = LB_P_TEXT, .flags = LB_ADVANCED, .summary = "values of covariates, e.g. \"age=40,60; odi_0=20\""},
    {.name = "vcov", .type = LB_P_CHOICE, .summary = "variance: model, consistent under unequal variances, or by randomisation",
     .preset = "model", .choices = "model,hc0,hc1,hc2,hc3,blocks"},
    {.name = "strata", .type = LB_P_COLUMNS, .summary = "strata of the randomisation (with --vcov blocks)"},
    {.name = "anova", .type = LB_P_CHOICE, .summary = "type of the sums of squares", .preset = "3", .choices = "1,2,3"},
    {.name = "adjust", .type = LB_P_CHOICE, .summary = "adjustment of the contrasts for multiplicity", .preset = "none",
     .choices = "none,tukey,dunnettx,holm,bonferroni,hochberg,sidak,BH"},
    {.name = "margin", .type = LB_P_NUMBER, .summary = "difference that has to be exceeded (superiority by a margin)",
     .min = 0, .max = 1e300},
    {.name = "better", .type = LB_P_CHOICE, .summary = "direction of benefit, for one-sided tests and the margin",
     .preset = "lower", .choices = "lower,higher"},
    {.name = "sides", .type = LB_P_INT, .summary = "sides of the test of a contrast", .preset = "2", .min = 1, .max = 2},
    {.name = "level", .type = LB_P_NUMBER, .summary = "confidence level of intervals", .preset = "0.95", .min = 1e-6,
     .max = 0.999999},
    {.name = "diagnostics", .type = LB_P_FLAG, .flags = LB_ADVANCED,
     .summary = "largest leverage, Cook's distance and residual; test of equal variance"},
    {.name = "alpha", .type = LB_P_NUMBER, .summary = "total level of the test (default 0.05, or 0.025 one-sided)",
     .min = 1e-12, .max = 0.999999},
};

static void read_options(lb_ancova *a)
{
    lb_call *call = a->call;
    static const char *const robust[] = {"model", "hc0", "hc1", "hc2", "hc3"};
    a->formula = lb_call_text(call, "formula");
    a->treatment = lb_call_text(call, "treatment");
    a->strata_count = lb_call_texts(call, "strata", &a->strata);
    a->by_count = lb_call_texts(call, "by", &a->by);
    a->blocks = lb_call_chosen(call, "vcov", "blocks");
    for (size_t i = 0; i < LB_COUNT(robust); i++) {
        if (lb_call_chosen(call, "vcov", robust[i])) a->vcov = (lb_vcov)i;
    }
    a->testing.sides = (int)lb_call_int(call, "sides");
    a->testing.lower_is_better = lb_call_chosen(call, "better", "lower");
    a->testing.margin = lb_call_number(call, "margin");
    a->testing.adjust = lb_call_text(call, "adjust");
    a->testing.alpha = lb_call_given(call, "alpha") ? lb_call_number(call, "alpha") : a->testing.sides == 1 ? 0.025 : 0.05;
}

static int usage(lb_error *err, const char *option, const char *message, const char *hint)
{
    lb_fail(err, LB_USAGE, "%s", message);
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return LB_USAGE;
}

static int check_options(const lb_ancova *a, lb_error *err)
{
    static const char *const need_treatment[] = {"reference", "by", "at", "margin", "strata"};
    for (size_t i = 0; i < LB_COUNT(need_treatment) && !a->treatment; i++) {
        if (lb_call_given(a->call, need_treatment[i])) {
            return usage(err, need_treatment[i], "this option needs --treatment", "say which column is compared: --treatment arm");
        }
    }
    if (a->blocks && !a->treatment) {
        return usage(err, "vcov", "the variance by randomisation is that of a treatment's means", "give --treatment as well");
    }
    if (a->blocks && (a->by_count || lb_call_given(a->call, "at"))) {
        return usage(err, "vcov", "the variance by randomisation is for the whole group, not within --by or --at",
                     "use --vcov hc3 there");
    }
    if (a->strata_count && !a->blocks) {
        return usage(err, "strata", "strata of the randomisation are used by --vcov blocks only",
                     "add --vcov blocks, or put the strata into the formula as covariates");
    }
    return LB_OK;
}

static int build(lb_ancova *a, lb_error *err)
{
    lb_formula *formula;
    int rc = lb_formula_parse(a->formula, a->arena, &formula, err);
    if (rc) return rc;
    const char *reference = lb_call_text(a->call, "reference");
    lb_design_options options = {.factor_columns = &a->treatment, .factor_count = a->treatment ? 1 : 0,
                                 .reference_column = reference ? a->treatment : NULL, .reference_level = reference,
                                 .also_complete = a->strata, .also_count = a->strata_count};
    rc = lb_design_build(formula, a->table, &options, a->arena, &a->design, err);
    if (rc) return rc;
    if (!a->design->y) return usage(err, "formula", "the formula has no outcome", "write outcome ~ terms");
    if (a->design->bars) {
        return usage(err, "formula", "the formula has random effects, which least squares does not know",
                     "use analyse mixed");
    }
    if (a->treatment && !lb_design_raw(a->design, a->treatment)) {
        return usage(err, "treatment", "the treatment is not in the formula", "add it to the right side");
    }
    return LB_OK;
}

static int fit(lb_ancova *a, lb_error *err)
{
    const lb_design *d = a->design;
    bool hat = a->vcov == LB_HC2 || a->vcov == LB_HC3 || lb_call_flag(a->call, "diagnostics");
    int rc = lb_lsq_fit(d->x, d->y, NULL, d->n, d->p, hat ? LB_LSQ_HAT : 0, a->arena, &a->fit, err);
    if (!rc) rc = lb_design_enough(d, a->fit.rank, a->table->name, err);
    if (rc) return rc;
    double *vcov = lb_arena_array(a->arena, d->p * d->p + 1, sizeof *vcov);
    lb_sandwich(d->x, &a->fit, a->vcov, vcov);
    a->model = (lb_linear){.design = d, .p = d->p, .coefficient = a->fit.coefficient, .aliased = a->fit.aliased,
                           .vcov = vcov, .df = a->fit.df_residual, .level = lb_call_number(a->call, "level")};
    return a->treatment ? lb_linear_null(&a->model, &a->fit, a->arena, err) : LB_OK; /* means only need it */
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_ancova a = {.call = call, .result = result, .arena = lb_call_arena(call)};
    read_options(&a);
    int rc = check_options(&a, err);
    if (!rc) rc = lb_call_table(call, "data", &a.table, err);
    if (!rc) rc = build(&a, err);
    if (!rc) rc = fit(&a, err);
    if (rc) return rc;
    result->title = a.treatment ? "Analysis of covariance" : "Least squares";
    lb_ancova_findings(&a);
    lb_ancova_fit_results(&a);
    lb_value *anova = lb_set_array(result->results, "anova");
    int type = lb_call_text(call, "anova")[0] - '0'; /* a choice of 1, 2, 3 */
    if (lb_anova_feasible(a.design, &a.fit, type)) rc = lb_anova_rows(a.design, &a.fit, type, anova, err);
    else lb_result_warn(result, "no anova table of type %d: %zu terms are too many to refit; type 1 needs none", type, a.design->terms);
    if (!rc && a.treatment) rc = lb_ancova_compare(&a, err);
    if (!rc && a.treatment && a.design->terms == 1) lb_welch_rows(&a, lb_set_array(result->results, "welch"));
    if (!rc && lb_call_flag(call, "diagnostics")) rc = lb_ancova_diagnostics(&a, err);
    if (!rc) lb_ancova_notes(&a);
    return rc;
}

const lb_op lb_op_analyse_ancova = {
    .area = "analyse", .verb = "ancova",
    .summary = "analysis of covariance: adjusted means and differences between arms",
    .description =
        "Fits outcome ~ terms by least squares (Householder QR, extended precision for small problems) on the rows where "
        "nothing is missing, and says how many were left out because of which column. Coefficients are coded as in R: "
        "treatment contrasts, the first level or --reference being the reference. Tests are t and F on the residual degrees "
        "of freedom.\n\n"
        "With --treatment: least-squares means of its levels, all pairwise differences, and the F test that all are equal. "
        "equal averages over the other factors with equal weights (SAS LSMEANS, emmeans); proportional with the frequencies "
        "of the rows analysed; counterfactual predicts everyone under each level. Numeric covariates stand at the mean of the "
        "rows analysed, those with only two values at both, as in emmeans.\n\n"
        "--vcov hc0 to hc3 are the sandwich estimators of White (1980) and MacKinnon and White (1985); blocks is the variance "
        "under stratified permuted-block randomisation of Ye et al. (2023) and Bannick et al. (2025), whether or not the model "
        "is right: means are then counterfactual and tests are z.\n\n"
        "A model of the treatment alone also has Welch's t tests, with variances of their own (welch). --diagnostics adds the rows of largest "
        "leverage, Cook's distance and residual, and the tests of Breusch and Pagan and of Shapiro and Wilk.\n\n"
        "--anova gives sums of squares of type I, II or III as R's anova() and car::Anova(). With --margin M each difference is "
        "also tested against M in the direction of benefit.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse ancova --data reference/analysis/exercise.csv "
               "--formula 'odi_12m ~ odi_0 + sex + arm' --treatment arm --reference CONTROL"};
