/* Operations `power means`, `power ancova` and `power interaction`: n, power or detectable difference, whichever is left out.
 * ANCOVA: the variance shrinks by 1 - rho² (Borm, Fransen & Lemmens 2007, J Clin Epidemiol 60:1234). */
#include "analysis/room.h"
#include "analysis/power.h"

#include <math.h>

#define POWER_PARAMS                                                                                                       \
    {.name = "delta", .type = LB_P_NUMBER, .summary = "assumed difference of the means; leave out to find the detectable one"}, \
    {.name = "sd", .type = LB_P_NUMBER, .flags = LB_REQUIRED, .summary = "standard deviation of the outcome in one arm"},  \
    {.name = "n", .type = LB_P_NUMBER, .summary = "people randomised per arm (first arm with --ratio); leave out to find it"}, \
    {.name = "power", .type = LB_P_NUMBER, .summary = "wanted power; 0.8 when neither n nor power is given"},              \
    {.name = "alpha", .type = LB_P_NUMBER, .summary = "total significance level", .preset = "0.05"},                       \
    {.name = "sides", .type = LB_P_INT, .summary = "one- or two-sided test", .preset = "2", .min = 1, .max = 2},          \
    {.name = "margin", .type = LB_P_NUMBER, .summary = "the test is against this difference; below 0: non-inferiority", .preset = "0"}, \
    {.name = "ratio", .type = LB_P_NUMBER, .summary = "n2 / n1", .preset = "1"},                                           \
    {.name = "attrition", .type = LB_P_NUMBER, .summary = "share of people without an outcome", .preset = "0"},            \
    {.name = "method", .type = LB_P_CHOICE, .summary = "noncentral t, or the normal approximation", .preset = "t", .choices = "t,z"}, \
    {.name = "strict", .type = LB_P_FLAG, .flags = LB_ADVANCED, .summary = "two-sided: count rejections in the wrong direction too"}

enum { MEANS, ANCOVA, INTERACTION };

static const lb_param means_params[] = {POWER_PARAMS};
static const lb_param ancova_params[] = {
    POWER_PARAMS,
    {.name = "rho", .type = LB_P_NUMBER, .flags = LB_REQUIRED, .summary = "correlation of baseline and outcome"},
    {.name = "covariates", .type = LB_P_INT, .flags = LB_ADVANCED, .preset = "0", .min = 0, .max = 1000,
     .summary = "degrees of freedom the covariates take"},
};
static const lb_param interaction_params[] = {
    POWER_PARAMS,
    {.name = "share", .type = LB_P_NUMBER, .summary = "share of people in one of the two groups of the modifier", .preset = "0.5"},
    {.name = "rho", .type = LB_P_NUMBER, .summary = "correlation of baseline and outcome", .preset = "0"},
    {.name = "covariates", .type = LB_P_INT, .flags = LB_ADVANCED, .preset = "0", .min = 0, .max = 1000,
     .summary = "degrees of freedom the covariates take"},
};

int lb_power_refuse(lb_error *err, const char *option, double value, const char *wanted)
{
    int code = lb_fail(err, LB_USAGE, "%g is not possible: it must be %s", value, wanted);
    lb_error_where(err, "--%s", option);
    return code;
}

static int read_design(lb_call *call, lb_power_design *design, double *attrition, lb_error *err)
{
    double sd = lb_call_number(call, "sd"), alpha = lb_call_number(call, "alpha"), ratio = lb_call_number(call, "ratio");
    *design = (lb_power_design){.delta = lb_call_number(call, "delta"),
                                .margin = lb_call_number(call, "margin"),
                                .sd = sd,
                                .alpha = alpha,
                                .sides = (int)lb_call_int(call, "sides"),
                                .strict = lb_call_flag(call, "strict"),
                                .z = lb_call_chosen(call, "method", "z"),
                                .ratio = ratio};
    *attrition = lb_call_number(call, "attrition");
    if (!(sd > 0 && isfinite(sd))) return lb_power_refuse(err, "sd", sd, "above 0");
    if (!(alpha > 0 && alpha < 1)) return lb_power_refuse(err, "alpha", alpha, "between 0 and 1");
    if (!(ratio > 0 && isfinite(ratio))) return lb_power_refuse(err, "ratio", ratio, "above 0");
    if (!(*attrition >= 0 && *attrition < 1)) return lb_power_refuse(err, "attrition", *attrition, "at least 0 and below 1");
    if (isfinite(design->delta) && !(design->delta > design->margin)) {
        int code = lb_fail(err, LB_USAGE, "%g is not possible: it must be above the margin, %g", design->delta, design->margin);
        lb_error_where(err, "--delta");
        lb_error_hint(err, "give the size of the benefit as a positive number, whichever direction of the scale is better");
        return code;
    }
    return 0;
}

/* Fills in the one of delta, n (evaluable) and power that was not given. */
static int solve(lb_call *call, lb_power_design *design, double attrition, double *n1, double *power, lb_error *err)
{
    bool has_delta = lb_call_given(call, "delta"), has_n = lb_call_given(call, "n"), has_power = lb_call_given(call, "power");
    if (!has_n && !has_power) has_power = true, *power = 0.8;
    else *power = lb_call_number(call, "power");
    if (has_delta + has_n + has_power != 2) {
        int code = lb_fail(err, LB_USAGE, has_delta && has_n ? "--delta, --n and --power are all given: nothing is left to find"
                                                             : "two of --delta, --n and --power are needed to find the third");
        lb_error_hint(err, "leave out the one you want to know");
        return code;
    }
    if (has_power && !(*power > design->alpha / design->sides && *power < 1))
        return lb_power_refuse(err, "power", *power, "below 1 and above the level of the test, or no data would be needed");
    *n1 = lb_call_number(call, "n") * (1 - attrition);
    if (has_n && !(*n1 >= lb_power_smallest_n(design) && *n1 < 1e12))
        return lb_power_refuse(err, "n", lb_call_number(call, "n"), "at least 2 evaluable people per arm, and below 1e12");
    if (!has_n) {
        int code = lb_power_solve_n(design, *power, n1, err);
        if (!code && *n1 <= lb_power_smallest_n(design)) *power = lb_power_at(design, *n1); /* more than was asked for */
        return code;
    }
    if (!has_delta) return lb_power_solve_delta(design, *n1, *power, &design->delta, err);
    *power = lb_power_at(design, *n1);
    return 0;
}

double lb_power_whole(double x) { return ceil(x - 1e-9 - 1e-14 * x); }

static void report(lb_call *call, lb_result *result, const lb_power_design *design, double attrition, double n1, double power)
{
    lb_value *out = result->results;
    bool has_n = lb_call_given(call, "n");
    double arm1 = has_n ? lb_call_number(call, "n") : lb_power_whole(n1 / (1 - attrition));
    double arm2 = lb_power_whole(has_n ? design->ratio * arm1 : design->ratio * n1 / (1 - attrition));
    lb_set_number(out, "n_exact", n1);
    lb_set_number(out, "n_per_arm", arm1);
    lb_set_number(out, "n_second_arm", arm2);
    lb_set_number(out, "n_total", arm1 + arm2);
    lb_set_number(out, "power", power);
    lb_set_number(out, "detectable", design->delta);
    lb_set_number(out, "evaluable_per_arm", has_n ? n1 : lb_power_whole(n1));
    if (!has_n) lb_set_number(out, "power_reached", lb_power_at(design, fmax(lb_power_smallest_n(design), lb_power_whole(n1))));
    lb_set_number(out, "margin", design->margin);
    lb_set_number(out, "effect_size", (design->delta - design->margin) / design->sd);
    lb_set_number(out, "sd_analysed", design->sd);
    if (!design->z) lb_set_number(out, "df", n1 * (1 + design->ratio) - 2 - design->covariates);

    lb_result_note(result, "%s test of two means at %s alpha %g by the %s; n_exact is the real-valued number of evaluable people "
                   "in %s.", design->sides == 1 ? "One-sided" : "Two-sided", design->sides == 1 ? "one-sided" : "total",
                   design->alpha, design->z ? "normal approximation" : "noncentral t distribution",
                   design->ratio == 1 ? "each arm" : "the first arm");
    if (design->sides == 2)
        lb_result_note(result, design->strict ? "Rejections in both directions count as power."
                                              : "Only rejections in the direction of the difference count as power "
                                                "(power.t.test, strict = FALSE).");
    if (design->margin != 0)
        lb_result_note(result, "The null hypothesis is a difference of %g or less (%s).", design->margin,
                       design->margin > 0 ? "superiority by a margin" : "non-inferiority");
    if (!has_n && n1 <= lb_power_smallest_n(design))
        lb_result_note(result, "The smallest sample the method has an answer for already has this power or more.");
    if (attrition > 0)
        lb_result_note(result, "With %g %% attrition, n_per_arm = ceil(n_exact / (1 - %g)).", 100 * attrition, attrition);
}

/* Baseline as a covariate shrinks the standard deviation; a difference of differences has 1 / (s (1 - s)) times the variance. */
static int adapt(lb_call *call, int kind, lb_power_design *design, lb_error *err)
{
    if (kind == MEANS) return 0;
    double rho = lb_call_number(call, "rho");
    if (!(rho > -1 && rho < 1)) return lb_power_refuse(err, "rho", rho, "between -1 and 1");
    design->sd *= sqrt(1 - rho * rho);
    design->covariates = (double)lb_call_int(call, "covariates");
    if (kind == ANCOVA) return 0;
    double share = lb_call_number(call, "share");
    if (!(share > 0 && share < 1)) return lb_power_refuse(err, "share", share, "between 0 and 1");
    design->sd /= sqrt(share * (1 - share));
    design->covariates += 2; /* the modifier and its interaction */
    return 0;
}

static void note_adaptation(lb_call *call, int kind, const lb_power_design *design, lb_result *result)
{
    double rho = kind == MEANS ? 0 : lb_call_number(call, "rho");
    if (kind == ANCOVA || rho != 0)
        lb_result_note(result, "Baseline as a covariate: the standard deviation %g shrinks to %g by sqrt(1 - rho²), rho = %g; %g "
                       "degrees of freedom are taken for covariates.", lb_call_number(call, "sd"), lb_call_number(call, "sd") * sqrt(1 - rho * rho),
                       rho, design->covariates);
    if (kind != INTERACTION) return;
    double share = lb_call_number(call, "share");
    lb_result_note(result, "The difference is one between two differences of means, in groups of %g %% and %g %%: its variance is %g times that of "
                   "the difference in everybody, so as many times the people are needed for the same size.", 100 * share, 100 * (1 - share),
                   1 / (share * (1 - share)));
}

static int run(lb_call *call, lb_result *result, int kind, lb_error *err)
{
    lb_power_design design;
    double attrition, n1, power;
    int code = read_design(call, &design, &attrition, err);
    if (!code) code = adapt(call, kind, &design, err);
    if (!code) code = solve(call, &design, attrition, &n1, &power, err);
    if (code) return code;
    report(call, result, &design, attrition, n1, power);
    note_adaptation(call, kind, &design, result);
    lb_power_curve(result, &design, n1, power);
    return 0;
}

static int run_means(lb_call *call, lb_result *result, lb_error *err) { return run(call, result, MEANS, err); }
static int run_ancova(lb_call *call, lb_result *result, lb_error *err) { return run(call, result, ANCOVA, err); }
static int run_interaction(lb_call *call, lb_result *result, lb_error *err) { return run(call, result, INTERACTION, err); }

const lb_op lb_op_power_means = {
    .area = "power", .verb = "means",
    .summary = "sample size, power or detectable difference for two means",
    .description =
        "Give two of --delta, --n and --power; the third is found. The power is exact under normality with equal variances "
        "(noncentral t, real-valued n), or --method z gives the normal approximation of older protocols. --margin tests "
        "against a difference other than 0: above 0 superiority by a margin, below 0 non-inferiority. n_exact counts "
        "evaluable people per arm; n_per_arm adds the attrition: ceil(n_exact / (1 - attrition)). A given --n counts people "
        "randomised, of whom the share --attrition is lost.\n\n"
        "Two-sided power leaves out the wrong direction, as R's power.t.test does by default; --strict adds it. "
        "Method: Chow, Shao & Wang 2008, chapter 3.",
    .params = means_params, .param_count = LB_COUNT(means_params), .run = run_means,
    .example = "lumbar power means --delta 15 --sd 15 --alpha .025 --sides 1 --power .8"};

const lb_op lb_op_power_ancova = {
    .area = "power", .verb = "ancova",
    .summary = "sample size, power or detectable difference with baseline as a covariate",
    .description =
        "As `power means`, with the outcome's variance multiplied by 1 - rho², rho being the correlation of baseline and "
        "outcome (Borm, Fransen & Lemmens 2007). The degree of freedom of the covariate is not counted unless --covariates "
        "says so.",
    .params = ancova_params, .param_count = LB_COUNT(ancova_params), .run = run_ancova,
    .example = "lumbar power ancova --delta 5 --sd 15 --rho .5 --alpha .025 --sides 1 --power .8"};

const lb_op lb_op_power_interaction = {
    .area = "power", .verb = "interaction",
    .summary = "sample size, power or detectable effect modification",
    .description =
        "As `power means`, for the difference between the treatment's effects in two groups of people (a modifier with the share --share in one "
        "of them), each group randomised at the trial's ratio. The variance is 1 / (share (1 - share)) times that of the effect in everybody: "
        "four times for two halves (Brookes et al. 2004, J Clin Epidemiol 57:229). --delta is the difference between the two effects. Two "
        "degrees of freedom go to the modifier and the interaction; --rho as in `power ancova`.",
    .params = interaction_params, .param_count = LB_COUNT(interaction_params), .run = run_interaction,
    .example = "lumbar power interaction --n 50 --sd 1 --power .8"};
