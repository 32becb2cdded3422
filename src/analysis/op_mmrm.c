/* analyse mmrm: the mixed model for repeated measures, with adjusted means and differences at each visit. Conventions of R's
 * mmrm and emmeans and of SAS PROC MIXED (Mallinckrodt et al. 2008, doi:10.1177/009286150804200402). */
#include <math.h>
#include <string.h>

#include "analysis/labels.h"
#include "analysis/room.h"
#include "mmrm_model.h"

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "table with one row per person and visit"},
    {.name = "formula", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "as in R: change ~ odi_0 * visit + sex + arm * visit"},
    {.name = "subject", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column that names the person"},
    {.name = "visit", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the visits; numbers are taken as levels"},
    {.name = "treatment", .type = LB_P_COLUMN, .summary = "the column whose levels are compared at each visit"},
    {.name = "reference", .type = LB_P_TEXT, .summary = "its reference level (default: the first)"},
    {.name = "visits", .type = LB_P_TEXTS, .summary = "the visits to analyse, in order, the first being the reference (default: all, as the codebook has them or sorted)"},
    {.name = "method", .type = LB_P_CHOICE, .summary = "restricted or full maximum likelihood", .preset = "reml", .choices = "reml,ml"},
    {.name = "covariance", .type = LB_P_CHOICE, .summary = "covariance of a person's visits", .preset = "us",
     .choices = "us,cs,csh,ar1,ar1h,toep,toeph,ad,adh"},
    {.name = "df", .type = LB_P_CHOICE, .summary = "degrees of freedom: Satterthwaite, or Kenward and Roger with its standard errors",
     .preset = "satterthwaite", .choices = "satterthwaite,kr,residual,between_within"},
    {.name = "vcov", .type = LB_P_CHOICE, .flags = LB_ADVANCED, .summary = "covariance of the estimates: the model's, or the sandwich with people as clusters",
     .preset = "model", .choices = "model,empirical"},
    {.name = "anova", .type = LB_P_CHOICE, .summary = "tests of whole terms: type III", .choices = "3"},
    {.name = "means", .type = LB_P_CHOICE, .summary = "how least-squares means average over the other factors",
     .preset = "equal", .choices = "equal,proportional,counterfactual"},
    {.name = "at", .type = LB_P_TEXT, .flags = LB_ADVANCED, .summary = "values of covariates, e.g. \"age=40,60; odi_0=20\""},
    {.name = "adjust", .type = LB_P_CHOICE, .summary = "adjustment of the contrasts of a visit for multiplicity", .preset = "none",
     .choices = "none,tukey,dunnettx,holm,bonferroni,hochberg,sidak,BH"},
    {.name = "margin", .type = LB_P_NUMBER, .summary = "difference that has to be exceeded (superiority by a margin)",
     .min = 0, .max = 1e300},
    {.name = "better", .type = LB_P_CHOICE, .summary = "direction of benefit, for one-sided tests and the margin",
     .preset = "lower", .choices = "lower,higher"},
    {.name = "sides", .type = LB_P_INT, .summary = "sides of the test of a contrast", .preset = "2", .min = 1, .max = 2},
    {.name = "level", .type = LB_P_NUMBER, .summary = "confidence level of intervals", .preset = "0.95", .min = 1e-6,
     .max = 0.999999},
    {.name = "alpha", .type = LB_P_NUMBER, .summary = "total level of the test (default 0.05, or 0.025 one-sided)",
     .min = 1e-12, .max = 0.999999},
    LB_LABELS_PARAM,
};

static int usage(lb_error *err, const char *option, const char *message, const char *hint)
{
    lb_fail(err, LB_USAGE, "%s", message);
    lb_error_where(err, "%s", option);
    lb_error_hint(err, "%s", hint);
    return LB_USAGE;
}

static int check_options(const lb_mmrm *a, lb_error *err)
{
    static const char *const need_treatment[] = {"reference", "margin"};
    for (size_t i = 0; i < LB_COUNT(need_treatment) && !a->treatment; i++) {
        if (lb_call_given(a->call, need_treatment[i])) {
            return usage(err, need_treatment[i], "this option needs --treatment", "say which column is compared: --treatment arm");
        }
    }
    if (!strcmp(a->visit, a->subject)) {
        return usage(err, "visit", "the visit and the subject are the same column", "give the column that tells visits apart");
    }
    if (lb_text_equal(a->treatment, a->visit) || lb_text_equal(a->treatment, a->subject)) {
        return usage(err, "treatment", "the treatment is also the visit or the subject", "give the column of the arms");
    }
    if (a->adjusted && a->empirical) {
        return usage(err, "vcov", "Kenward and Roger adjust the model's standard errors, not the sandwich", "use --df satterthwaite with --vcov empirical");
    }
    return LB_OK;
}

static void read_options(lb_mmrm *a)
{
    lb_call *call = a->call;
    a->formula = lb_call_text(call, "formula");
    a->subject = lb_call_text(call, "subject");
    a->visit = lb_call_text(call, "visit");
    a->treatment = lb_call_text(call, "treatment");
    a->adjusted = lb_call_chosen(call, "df", "kr");
    a->df_method = a->adjusted                                         ? LB_MMRM_KR
                   : lb_call_chosen(call, "df", "residual")       ? LB_MMRM_RESIDUAL
                   : lb_call_chosen(call, "df", "between_within") ? LB_MMRM_BETWEEN_WITHIN
                                                                  : LB_MMRM_SATTERTHWAITE;
    a->empirical = lb_call_chosen(call, "vcov", "empirical");
    a->ml = lb_call_chosen(call, "method", "ml");
    for (int s = 0; s < LB_STRUCTURES; s++) {
        if (lb_call_chosen(call, "covariance", lb_structure_name((lb_structure)s))) a->structure = (lb_structure)s;
    }
    a->testing.sides = (int)lb_call_int(call, "sides");
    a->testing.lower_is_better = lb_call_chosen(call, "better", "lower");
    a->testing.margin = lb_call_number(call, "margin");
    a->testing.adjust = lb_call_text(call, "adjust");
    a->testing.alpha = lb_call_given(call, "alpha") ? lb_call_number(call, "alpha") : a->testing.sides == 1 ? 0.025 : 0.05;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_mmrm a = {.call = call, .result = result, .arena = lb_call_arena(call)};
    lb_table *table;
    read_options(&a);
    int rc = check_options(&a, err);
    if (!rc) rc = lb_call_table(call, "data", &table, err);
    if (!rc) rc = lb_mmrm_read(&a, table, err);
    if (!rc) rc = lb_mmrm_fit(&a, err);
    if (rc) return rc;
    result->title = "Mixed model for repeated measures";
    lb_mmrm_findings(&a);
    rc = lb_mmrm_results(&a, err);
    lb_mixed_vcov(&a.model, result->results);
    if (!rc && lb_call_given(call, "anova")) rc = lb_mixed_anova(&a.model, &a.df, a.adjusted, NAN, result, err);
    return rc;
}

const lb_op lb_op_analyse_mmrm = {
    .area = "analyse", .verb = "mmrm",
    .summary = "mixed model for repeated measures: adjusted means and differences at each visit",
    .description =
        "Fits outcome ~ terms to all visits of all people at once; the visits of a person are correlated by a covariance matrix "
        "that is the same for everybody. People with missing outcomes stay in with the visits they have, which is valid when "
        "they are missing at random (Mallinckrodt et al. 2008). There are no random effects: write (1 | id) models with analyse "
        "mixed.\n\n"
        "--covariance: us unstructured; cs compound symmetry; ar1 autoregressive; toep Toeplitz; ad antedependence, one "
        "correlation per pair of neighbours; csh, ar1h, toeph, adh with a variance for each visit. ar1, toep and ad depend on "
        "the order of the visits, which --visits or the codebook gives.\n\n"
        "The (restricted) likelihood is maximised by Newton steps with exact derivatives, Fisher scoring where it is not yet "
        "concave, on sums per pattern of missing visits. Degrees of freedom: Satterthwaite from the observed information, or "
        "Kenward and Roger (1997) with covariance linear in its parameters (SAS ddfm=kr for us, cs and toep; "
        "'Kenward-Roger-Linear' of R's mmrm). AIC and BIC count the covariance parameters; BIC takes the number of people.\n\n"
        "residual is rows less coefficients; between_within splits them between and within people, as SAS. --vcov empirical is the sandwich with people as "
        "clusters (HC0 of R's mmrm), with the Satterthwaite degrees of freedom of Bell and McCaffrey. --anova 3 tests whole terms: F with the "
        "degrees of freedom of --df.\n\n"
        "Means and contrasts by visit are as in analyse ancova: numeric covariates stand at their mean, other factors are "
        "averaged equally, in proportion, or over the people (counterfactual).",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse mmrm --data reference/analysis/visits48.csv --formula 'odi ~ odi_0 + arm * visit' --subject id "
               "--visit visit --visits W6,M3,M6,M12 --treatment arm --reference CONTROL"};
