/* Operation `predict samplesize`: how many people a new prediction model needs. Criteria of Riley et al., Statistics in
 * Medicine 2019;38:1262 (continuous) and 2019;38:1276 (binary, survival). */
#include "predict/room.h"

#include <lumbar/numeric.h>

#include <math.h>

#define MOST 1e9

static const lb_param params[] = {
    {.name = "type", .type = LB_P_CHOICE, .flags = LB_REQUIRED, .choices = "binary,survival,continuous", .summary = "kind of outcome"},
    {.name = "parameters", .type = LB_P_INT, .flags = LB_REQUIRED, .min = 1, .max = 100000, .summary = "candidate parameters (a category of k values counts k - 1)"},
    {.name = "r2-cs", .type = LB_P_NUMBER, .summary = "expected Cox-Snell R² (binary, survival)"},
    {.name = "r2-nagelkerke", .type = LB_P_NUMBER, .summary = "expected Nagelkerke R² (binary, survival)"},
    {.name = "c-statistic", .type = LB_P_NUMBER, .summary = "expected AUC (binary)"},
    {.name = "r2", .type = LB_P_NUMBER, .summary = "expected adjusted R² (continuous)"},
    {.name = "prevalence", .type = LB_P_NUMBER, .summary = "expected share with the event (binary)"},
    {.name = "rate", .type = LB_P_NUMBER, .summary = "expected events per person and unit of time (survival)"},
    {.name = "timepoint", .type = LB_P_NUMBER, .summary = "time at which risk is predicted (survival)"},
    {.name = "mean-follow-up", .type = LB_P_NUMBER, .summary = "expected mean follow-up (survival)"},
    {.name = "mean", .type = LB_P_NUMBER, .summary = "expected mean of the outcome (continuous)"},
    {.name = "sd", .type = LB_P_NUMBER, .summary = "expected SD of the outcome (continuous)"},
    {.name = "shrinkage", .type = LB_P_NUMBER, .preset = "0.9", .summary = "smallest acceptable shrinkage of the coefficients"},
    {.name = "optimism", .type = LB_P_NUMBER, .preset = "0.05", .summary = "largest acceptable optimism in R²"},
    {.name = "margin", .type = LB_P_NUMBER, .preset = "0.05", .summary = "half width of the interval of the overall risk"},
};

static int off(lb_error *err, const char *name, double value, const char *must)
{
    int code = lb_fail(err, LB_USAGE, isnan(value) ? "it is needed for this type" : "%g does not do", value);
    lb_error_where(err, "--%s", name);
    lb_error_hint(err, "give --%s %s", name, must);
    return code;
}

/* A number strictly between low and high. */
static int need(lb_call *call, const char *name, double low, double high, double *out, lb_error *err)
{
    *out = lb_call_number(call, name);
    if (*out > low && *out < high) return 0;
    return off(err, name, *out, high == 1 ? "a number between 0 and 1" : "a number above 0");
}

/* Smallest whole n for which `enough` holds, by doubling and bisection; enough must be monotone. NaN beyond MOST. */
static double smallest(bool (*enough)(double n, const void *plan), const void *plan, double low)
{
    double high = low;
    while (!enough(high, plan)) {
        low = high;
        high *= 2;
        if (high > MOST) return NAN;
    }
    while (high - low > 1) {
        double middle = floor((low + high) / 2);
        if (enough(middle, plan)) high = middle;
        else low = middle;
    }
    return high;
}

/* Cox-Snell R² of a linear predictor that is normal with equal variance in both groups and has this AUC. */
static double r2_from_auc(double auc, double prevalence)
{
    double d = sqrt(2) * lb_norm_q(auc, LB_LOWER), gain = 0, step = 1e-3, offset = log(prevalence) - log1p(-prevalence);
    for (double x = -9; x <= d + 9; x += step) {
        double eta = offset + d * x - d * d / 2;
        double low = eta > 0 ? -log1p(exp(-eta)) : eta - log1p(exp(eta)), high = low - eta; /* log p, log(1 - p) */
        gain += step * (prevalence * lb_norm_d(x - d) * low + (1 - prevalence) * lb_norm_d(x) * high);
    }
    double null = prevalence * log(prevalence) + (1 - prevalence) * log1p(-prevalence);
    return -expm1(-2 * (gain - null));
}

static double needed(double parameters, double shrinkage, double r2) { return ceil(parameters / ((shrinkage - 1) * log1p(-r2 / shrinkage))); }

/* events: expected in a person, NaN for a continuous outcome. */
static void criterion(lb_value *rows, const char *what, double n, double shrinkage, double events, double parameters)
{
    lb_value *row = lb_push_object(rows);
    lb_set_int(row, "criterion", (int64_t)rows->count);
    lb_set_text(row, "what", what);
    if (n <= MOST) lb_set_int(row, "n", (int64_t)n);
    else lb_set_null(row, "n");
    lb_set_number(row, "shrinkage", shrinkage);
    if (isnan(events)) {
        lb_set_number(row, "people_per_parameter", n / parameters);
        return;
    }
    lb_set_number(row, "events", n * events);
    lb_set_number(row, "events_per_parameter", n * events / parameters);
}

typedef struct survival {
    double rate, timepoint, follow_up, margin;
} survival;

static bool risk_precise(double n, const void *plan)
{
    const survival *s = plan;
    double half = lb_norm_q(0.975, LB_LOWER) * sqrt(s->rate / (n * s->follow_up));
    double low = -expm1(-(s->rate - half) * s->timepoint), high = -expm1(-(s->rate + half) * s->timepoint);
    return (high - low) / 2 <= s->margin;
}

/* The expected R² from whichever was given, against its maximum at this many events. */
static int expected_r2(lb_call *call, double prevalence, double most, double *r2, lb_error *err)
{
    int given = lb_call_given(call, "r2-cs") + lb_call_given(call, "r2-nagelkerke") + lb_call_given(call, "c-statistic"), code = 0;
    if (given != 1) {
        code = lb_fail(err, LB_USAGE, given ? "the expected performance is said more than once" : "the expected performance of the model is needed");
        lb_error_hint(err, "give one of --r2-cs, --r2-nagelkerke%s; a careful guess is --r2-nagelkerke 0.15", isnan(prevalence) ? "" : ", --c-statistic");
        return code;
    }
    if (lb_call_given(call, "c-statistic")) {
        code = need(call, "c-statistic", 0.5, 1, r2, err);
        if (code || isnan(prevalence)) return code ? code : off(err, "c-statistic", *r2, "for a binary outcome; here give --r2-cs or --r2-nagelkerke");
        *r2 = r2_from_auc(*r2, prevalence);
    } else if (lb_call_given(call, "r2-nagelkerke")) {
        code = need(call, "r2-nagelkerke", 0, 1, r2, err);
        *r2 *= most;
    } else {
        code = need(call, "r2-cs", 0, 1, r2, err);
    }
    if (!code && *r2 >= most) {
        code = lb_fail(err, LB_USAGE, "a Cox-Snell R² of %g cannot be: with so many events its largest value is %g", *r2, most);
        lb_error_hint(err, "Cox-Snell's R² does not reach 1; did you mean --r2-nagelkerke?");
    }
    return code;
}

static int events_model(lb_call *call, lb_result *result, bool binary, lb_error *err)
{
    double prevalence = NAN, r2, most, shrinkage = lb_call_number(call, "shrinkage"), p = (double)lb_call_int(call, "parameters");
    survival s = {.margin = lb_call_number(call, "margin")};
    int code = binary ? need(call, "prevalence", 0, 1, &prevalence, err) : need(call, "rate", 0, INFINITY, &s.rate, err);
    if (!code && !binary) code = need(call, "timepoint", 0, INFINITY, &s.timepoint, err);
    if (!code && !binary) code = need(call, "mean-follow-up", 0, INFINITY, &s.follow_up, err);
    if (code) return code;
    double share = binary ? prevalence : s.rate * s.follow_up; /* events per person */
    most = binary ? -expm1(2 * (share * log(share) + (1 - share) * log1p(-share))) : -expm1(2 * (share * log(share) - share));
    code = expected_r2(call, prevalence, most, &r2, err);
    if (code) return code;
    lb_value *out = result->results, *rows = lb_set_array(out, "criteria");
    double second = r2 / (r2 + lb_call_number(call, "optimism") * most);
    double n1 = needed(p, shrinkage, r2), n2 = needed(p, second, r2);
    double n3 = binary ? ceil(pow(lb_norm_q(0.975, LB_LOWER) / s.margin, 2) * share * (1 - share)) : smallest(risk_precise, &s, 1);
    criterion(rows, "shrinkage of the coefficients", n1, shrinkage, share, p);
    criterion(rows, "optimism in Nagelkerke's R2", n2, second, share, p);
    criterion(rows, "precision of the overall risk", n3, NAN, share, p);
    double n = fmax(fmax(n1, n2), n3);
    lb_set_int(out, "n", (int64_t)n);
    lb_set_number(out, "events", n * share);
    lb_set_number(out, "events_per_parameter", n * share / p);
    lb_set_number(out, "shrinkage", fmax(shrinkage, second));
    lb_set_number(out, "r2_cs", r2);
    lb_set_number(out, "r2_cs_max", most);
    lb_set_number(out, "r2_nagelkerke", r2 / most);
    return n <= MOST ? 0 : lb_fail(err, LB_USAGE, "more than %g people would be needed: check R² and the parameters", MOST);
}

typedef struct continuous {
    double parameters, r2, shrinkage, mean, sd;
} continuous;

/* Shrinkage expected with n people; -infinity where the model would fit them perfectly. */
static double shrinkage_at(double n, const continuous *c)
{
    double apparent = (c->r2 * (n - c->parameters - 1) + c->parameters) / (n - 1);
    return apparent < 1 ? 1 + (c->parameters - 2) / (n * log1p(-apparent)) : -INFINITY;
}

static bool shrinks_little(double n, const void *plan) { return shrinkage_at(n, plan) >= ((const continuous *)plan)->shrinkage; }

static bool sd_precise(double n, const void *plan)
{
    double df = n - ((const continuous *)plan)->parameters - 1;
    return fmax(lb_chisq_q(0.975, df, LB_LOWER) / df, df / lb_chisq_q(0.025, df, LB_LOWER)) <= 1.1 * 1.1;
}

static bool mean_precise(double n, const void *plan)
{
    const continuous *c = plan;
    return lb_t_q(0.975, n - c->parameters - 1, LB_LOWER) * c->sd * sqrt((1 - c->r2) / n) <= 0.1 * fabs(c->mean);
}

static int continuous_model(lb_call *call, lb_result *result, lb_error *err)
{
    continuous c = {.parameters = (double)lb_call_int(call, "parameters"), .shrinkage = lb_call_number(call, "shrinkage"),
                    .mean = lb_call_number(call, "mean")};
    int code = need(call, "r2", 0, 1, &c.r2, err);
    if (!code) code = need(call, "sd", 0, INFINITY, &c.sd, err);
    if (!code && !(c.mean != 0)) code = off(err, "mean", c.mean, "a number that is not 0");
    if (!code && isnan(c.mean)) code = off(err, "mean", c.mean, "the expected mean of the outcome");
    if (code) return code;
    double p = c.parameters, least = p + 2;
    double n[4] = {smallest(shrinks_little, &c, least), ceil(1 + p * (1 - c.r2) / lb_call_number(call, "optimism")),
                   smallest(sd_precise, &c, least), smallest(mean_precise, &c, least)};
    static const char *const what[4] = {"shrinkage of the coefficients", "optimism in R2", "precision of the residual SD", "precision of the mean"};
    double most = 0;
    lb_value *rows = lb_set_array(result->results, "criteria");
    for (int i = 0; i < 4; i++) {
        criterion(rows, what[i], n[i], isnan(n[i]) ? NAN : shrinkage_at(n[i], &c), NAN, p);
        most = isnan(n[i]) ? NAN : fmax(most, n[i]);
        if (isnan(most)) return lb_fail(err, LB_USAGE, "more than %g people would be needed for the %s", MOST, what[i]);
    }
    lb_set_int(result->results, "n", (int64_t)most);
    lb_set_number(result->results, "shrinkage", shrinkage_at(most, &c));
    lb_set_number(result->results, "people_per_parameter", most / p);
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    double ignored;
    int code = need(call, "shrinkage", 0, 1, &ignored, err);
    if (!code) code = need(call, "optimism", 0, 1, &ignored, err);
    if (!code) code = need(call, "margin", 0, 1, &ignored, err);
    if (code) return code;
    bool numbers = lb_call_chosen(call, "type", "continuous");
    code = numbers ? continuous_model(call, result, err) : events_model(call, result, lb_call_chosen(call, "type", "binary"), err);
    if (code) return code;
    lb_result_note(result, "Criteria of Riley et al. 2019 with %s candidate parameters, counted before any selection; n is the largest. %s",
                   lb_arena_printf(result->arena, "%lld", (long long)lb_call_int(call, "parameters")),
                   numbers ? "Residual SD within 10 %, mean within 10 %, both with 95 % confidence." :
                   "Interval of the overall risk: 95 %.");
    if (lb_call_given(call, "c-statistic"))
        lb_result_note(result, "R² follows from the AUC for a linear predictor that is normal with one variance in both groups, by quadrature (Riley et al. 2021).");
    return 0;
}

const lb_op lb_op_predict_samplesize = {
    .area = "predict", .verb = "samplesize",
    .summary = "sample size for developing a prediction model (Riley)",
    .description =
        "The smallest number of people with which a new regression model shrinks little (criterion 1), has little optimism in R² (2) "
        "and estimates the overall risk or mean precisely (3; 4 for a continuous outcome): Riley et al. 2019. The expected R² comes "
        "from an earlier model; from an AUC it is derived (Riley et al. 2021). Where nothing is known, --r2-nagelkerke 0.15 is "
        "their careful choice.\n\nTrees, boosting and networks need more people than regression does.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict samplesize --type binary --r2-nagelkerke 0.15 --parameters 10 --prevalence 0.3"};
