/* analyse mixed: linear mixed models. Conventions of R's lme4, lmerTest and pbkrtest. */
#include <string.h>

#include "analysis/room.h"
#include "lmm_model.h"

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED, .summary = "table with one row per measurement"},
    {.name = "formula", .type = LB_P_FORMULA, .flags = LB_REQUIRED, .summary = "as in R's lme4: joa ~ arm * month + (1 + month | id)"},
    {.name = "method", .type = LB_P_CHOICE, .summary = "restricted or full maximum likelihood", .preset = "reml", .choices = "reml,ml"},
    {.name = "df", .type = LB_P_CHOICE, .summary = "degrees of freedom of the coefficients", .preset = "satterthwaite",
     .choices = "satterthwaite,kr,residual"},
    {.name = "anova", .type = LB_P_CHOICE, .summary = "tests of whole terms: type III", .choices = "3"},
    {.name = "effects", .type = LB_P_FLAG, .summary = "also the random effects of every group, as predicted (BLUP)"},
    {.name = "profile", .type = LB_P_FLAG, .summary = "profile-likelihood intervals, also of standard deviations and correlations"},
    {.name = "level", .type = LB_P_NUMBER, .summary = "confidence level of intervals", .preset = "0.95", .min = 1e-6,
     .max = 0.999999},
};

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_lmm a = {.call = call, .result = result, .arena = lb_call_arena(call), .formula = lb_call_text(call, "formula"),
                .ml = lb_call_chosen(call, "method", "ml")};
    a.df_method = lb_call_chosen(call, "df", "kr") ? LB_DF_KR : lb_call_chosen(call, "df", "residual") ? LB_DF_RESIDUAL
                                                                                                      : LB_DF_SATTERTHWAITE;
    int rc = lb_call_table(call, "data", &a.table, err);
    if (!rc) rc = lb_lmm_read(&a, err);
    if (!rc) rc = lb_lmm_fit(&a, err);
    if (rc) return rc;
    result->title = "Linear mixed model";
    lb_lmm_results(&a);
    if (lb_call_given(call, "anova")) rc = lb_mixed_anova(&a.model, &a.df, a.df_method == LB_DF_KR, a.reml.phi[a.residual], result, err);
    if (rc) return rc;
    if (lb_call_flag(call, "effects")) lb_lmm_effects(&a);
    return lb_call_flag(call, "profile") ? lb_lmm_profile(&a, err) : LB_OK;
}

const lb_op lb_op_analyse_mixed = {
    .area = "analyse", .verb = "mixed",
    .summary = "linear mixed model: random intercepts and slopes, nested and crossed groups",
    .description =
        "Fits outcome ~ terms + (effects | group) by restricted or full maximum likelihood. (1 | id) is an intercept per person, "
        "(1 + month | id) an intercept and a slope with their correlation, (month || id) without it; several bars may be nested, "
        "(1 | centre/id), or crossed, (1 | centre) + (1 | rater).\n\n"
        "The likelihood is maximised by Newton steps with exact derivatives over the Cholesky factors of the random effects' "
        "covariance (Pinheiro and Bates 1996; Bates et al. 2015), from cross-products made once per group. A variance of zero is "
        "a legitimate answer: it is said in plain words, the status is 'singular' and the exit status 4.\n\n"
        "--df satterthwaite takes the observed information of the variances (Fai and Cornelius 1996; lmerTest), kr the "
        "adjusted standard errors and degrees of freedom of Kenward and Roger (1997) with the expected information (pbkrtest), "
        "residual rows minus coefficients. The restricted likelihood contains log|X'V^-1 X| and not log|X'X|; AIC and BIC count "
        "coefficients and variances, BIC takes the rows.\n\n"
        "--anova 3 tests whole terms (F with the degrees of freedom of --df, as lmerTest's anova()); --effects gives the conditional modes of the "
        "random effects (ranef() of lme4).\n\n"
        "--profile inverts the likelihood ratio test of every standard deviation, correlation and coefficient, by full maximum "
        "likelihood (confint(method = \"profile\") of lme4, without its interpolation).",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse mixed --data reference/analysis/visits48.csv --formula 'odi ~ odi_0 + arm * month + (1 + month | id)'"};
