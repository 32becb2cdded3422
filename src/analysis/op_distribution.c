/* analyse distribution: tail probabilities and quantiles of the distributions that the other analyses use. */
#include <math.h>
#include <string.h>

#include <lumbar/numeric.h>

#include "analysis/room.h"

static const lb_param params[] = {
    {.name = "name", .type = LB_P_CHOICE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "which distribution",
     .choices = "normal,t,f,chisq,noncentral_t"},
    {.name = "x", .type = LB_P_NUMBER, .summary = "the value whose tail probability is asked for"},
    {.name = "quantile", .type = LB_P_NUMBER, .summary = "the tail probability whose value is asked for", .min = 0, .max = 1},
    {.name = "df", .type = LB_P_NUMBER, .summary = "degrees of freedom (t, chisq, noncentral_t; of the numerator for f)",
     .min = 1e-6, .max = 1e300},
    {.name = "df2", .type = LB_P_NUMBER, .summary = "degrees of freedom of the denominator (f)", .min = 1e-6, .max = 1e300},
    {.name = "ncp", .type = LB_P_NUMBER, .summary = "noncentrality (noncentral_t)", .min = -1e6, .max = 1e6},
    {.name = "mean", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "mean (normal)", .preset = "0"},
    {.name = "sd", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "standard deviation (normal)", .preset = "1",
     .min = 1e-300, .max = 1e300},
    {.name = "tail", .type = LB_P_CHOICE, .summary = "which tail", .preset = "lower", .choices = "lower,upper"},
};

static int need(lb_call *call, const char *name, const char *which, lb_error *err)
{
    if (lb_call_given(call, name)) return LB_OK;
    lb_fail(err, LB_USAGE, "the %s distribution needs --%s", which, name);
    lb_error_where(err, "%s", name);
    return LB_USAGE;
}

static double normal(lb_call *call, double at, bool inverse, lb_tail tail)
{
    double mean = lb_call_number(call, "mean"), sd = lb_call_number(call, "sd");
    return inverse ? mean + sd * lb_norm_q(at, tail) : lb_norm_p((at - mean) / sd, tail);
}

static int evaluate(lb_call *call, const char *name, bool inverse, double at, double *value, lb_error *err)
{
    lb_tail tail = lb_call_chosen(call, "tail", "upper") ? LB_UPPER : LB_LOWER;
    double df = lb_call_number(call, "df"), df2 = lb_call_number(call, "df2"), ncp = lb_call_number(call, "ncp");
    if (!strcmp(name, "normal")) {
        *value = normal(call, at, inverse, tail);
        return LB_OK;
    }
    int rc = need(call, "df", name, err);
    if (!rc && !strcmp(name, "f")) rc = need(call, "df2", name, err);
    if (!rc && !strcmp(name, "noncentral_t")) rc = need(call, "ncp", name, err);
    if (rc) return rc;
    if (!strcmp(name, "t")) *value = inverse ? lb_t_q(at, df, tail) : lb_t_p(at, df, tail);
    else if (!strcmp(name, "f")) *value = inverse ? lb_f_q(at, df, df2, tail) : lb_f_p(at, df, df2, tail);
    else if (!strcmp(name, "chisq")) *value = inverse ? lb_chisq_q(at, df, tail) : lb_chisq_p(at, df, tail);
    else *value = inverse ? lb_nct_q(at, df, ncp, tail) : lb_nct_p(at, df, ncp, tail);
    return LB_OK;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    bool inverse = lb_call_given(call, "quantile");
    if (inverse == lb_call_given(call, "x")) {
        lb_fail(err, LB_USAGE, inverse ? "--x and --quantile are both given" : "neither --x nor --quantile is given");
        lb_error_hint(err, "give --x for a probability or --quantile for a value");
        return LB_USAGE;
    }
    const char *name = lb_call_text(call, "name");
    double value = NAN, at = lb_call_number(call, inverse ? "quantile" : "x");
    int rc = evaluate(call, name, inverse, at, &value, err);
    if (rc) return rc;
    lb_set_number(result->results, "value", value);
    if (isinf(value)) lb_set_text(result->results, "reason", value > 0 ? "infinite" : "minus infinite");
    lb_result_note(result, "%s of the %s distribution, %s tail.", inverse ? "Quantile" : "Probability", name,
                   lb_call_text(call, "tail"));
    return LB_OK;
}

const lb_op lb_op_analyse_distribution = {
    .area = "analyse", .verb = "distribution",
    .summary = "tail probability or quantile of a distribution",
    .description = "Normal, t, F, chi-square and noncentral t. The first four are libRmath's functions; the noncentral t is "
                   "integrated over the scale, whose integrand is positive, so that both tails keep their relative accuracy "
                   "(13 digits or more on a table of 405 values computed with 34 digits).",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar analyse distribution noncentral_t --x 1.97 --df 32 --ncp 2.8 --tail upper"};
