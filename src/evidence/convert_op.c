/* meta convert: the numbers a report gives into the numbers a meta-analysis needs. Cochrane Handbook 6.4, chapters 6
 * and 23 (SD from SE, interval, p; change; combined groups; clusters); Luo 2018 and Shi 2020 with Wan 2014 (five-number
 * summaries); Hedges 1981 (J, t to g); Hasselblad & Hedges 1995 (odds ratio to d). */
#include "evidence/effect.h"
#include "evidence/ops.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

enum { MOST_INPUTS = 6 };

typedef struct conversion {
    const char *name, *formula;
    const char *needs[MOST_INPUTS];
    void (*convert)(const lb_call *call, lb_value *out);
} conversion;

static double in(const lb_call *call, const char *name) { return lb_call_number(call, name); }

static void hedges_j(const lb_call *call, lb_value *out)
{
    double df = in(call, "df");
    lb_set_number(out, "exact", lb_hedges_j(df));
    lb_set_number(out, "approximate", 1 - 3 / (4 * df - 1));
}

static void sd_from_se(const lb_call *call, lb_value *out)
{
    lb_set_number(out, "sd", in(call, "se") * sqrt(in(call, "n")));
}

static void sd_from_ci(const lb_call *call, lb_value *out)
{
    double n = in(call, "n"), width = (in(call, "upper") - in(call, "lower")) * sqrt(n),
           tail = (1 - in(call, "level")) / 2;
    lb_set_number(out, "sd", width / (2 * lb_norm_q(tail, LB_UPPER)));
    lb_set_number(out, "sd_t", width / (2 * lb_t_q(tail, n - 1, LB_UPPER)));
}

static void sd_from_p(const lb_call *call, lb_value *out)
{
    double n1 = in(call, "n1"), n2 = in(call, "n2"), t = lb_t_q(in(call, "p") / 2, n1 + n2 - 2, LB_UPPER),
           se = fabs(in(call, "md")) / t;
    lb_set_number(out, "t", t);
    lb_set_number(out, "se", se);
    lb_set_number(out, "sd", se / sqrt(1 / n1 + 1 / n2));
}

static void sd_change(const lb_call *call, lb_value *out)
{
    double a = in(call, "sd1"), b = in(call, "sd2");
    lb_set_number(out, "sd", sqrt(a * a + b * b - 2 * in(call, "r") * a * b));
}

static void correlation(const lb_call *call, lb_value *out)
{
    double a = in(call, "sd1"), b = in(call, "sd2"), c = in(call, "sd-change");
    lb_set_number(out, "r", (a * a + b * b - c * c) / (2 * a * b));
}

static void combine_groups(const lb_call *call, lb_value *out)
{
    double n1 = in(call, "n1"), n2 = in(call, "n2"), m1 = in(call, "m1"), m2 = in(call, "m2"), s1 = in(call, "sd1"),
           s2 = in(call, "sd2"), n = n1 + n2;
    double squares = (n1 - 1) * s1 * s1 + (n2 - 1) * s2 * s2 + n1 * n2 / n * (m1 - m2) * (m1 - m2);
    lb_set_number(out, "n", n);
    lb_set_number(out, "mean", (n1 * m1 + n2 * m2) / n);
    lb_set_number(out, "sd", sqrt(squares / (n - 1)));
}

/* Whatever of minimum, quartiles and maximum is given beside the median. */
static void five_numbers(const lb_call *call, lb_value *out)
{
    double n = in(call, "n"), low = in(call, "min"), q1 = in(call, "q1"), m = in(call, "median"), q3 = in(call, "q3"),
           high = in(call, "max");
    double ends = lb_norm_q((n - .375) / (n + .25), LB_LOWER),
           quarters = lb_norm_q((.75 * n - .125) / (n + .25), LB_LOWER);
    bool range = !isnan(low) && !isnan(high), box = !isnan(q1) && !isnan(q3);
    double mean = NAN, sd = NAN;
    if (range && box) {
        double w1 = 2.2 / (2.2 + pow(n, .75)), w2 = .7 - .72 / pow(n, .55), power = pow(n, .6);
        mean = w1 * (low + high) / 2 + w2 * (q1 + q3) / 2 + (1 - w1 - w2) * m;
        sd = (high - low) / ((2 + .14 * power) * ends) + (q3 - q1) / ((2 + 2 / (.07 * power)) * quarters);
    } else if (box) {
        double w = .7 + .39 / n;
        mean = w * (q1 + q3) / 2 + (1 - w) * m;
        sd = (q3 - q1) / (2 * quarters);
    } else if (range) {
        double w = 4 / (4 + pow(n, .75));
        mean = w * (low + high) / 2 + (1 - w) * m;
        sd = (high - low) / (2 * ends);
    }
    lb_set_number(out, "mean", mean);
    lb_set_number(out, "sd", sd);
    if (isnan(mean)) lb_set_text(out, "reason", "give --q1 and --q3, --min and --max, or all four beside the median");
}

static void sd_from_iqr(const lb_call *call, lb_value *out)
{
    lb_set_number(out, "sd", (in(call, "q3") - in(call, "q1")) / 1.35);
}

static void ratio(const lb_call *call, lb_value *out)
{
    double z = lb_norm_q((1 - in(call, "level")) / 2, LB_UPPER),
           se = (log(in(call, "upper")) - log(in(call, "lower"))) / (2 * z);
    lb_set_number(out, "yi", log(in(call, "estimate")));
    lb_set_number(out, "vi", se * se);
}

static void t_to_g(const lb_call *call, lb_value *out)
{
    double n1 = in(call, "n1"), n2 = in(call, "n2"),
           g = lb_hedges_j(n1 + n2 - 2) * in(call, "t") * sqrt(1 / n1 + 1 / n2);
    lb_set_number(out, "yi", g);
    lb_set_number(out, "vi", 1 / n1 + 1 / n2 + g * g / (2 * (n1 + n2)));
}

static void or_to_d(const lb_call *call, lb_value *out)
{
    double scale = sqrt(3) / acos(-1.0);
    lb_set_number(out, "yi", in(call, "lnor") * scale);
    lb_set_number(out, "vi", in(call, "vi") * scale * scale);
}

static void design_effect(const lb_call *call, lb_value *out)
{
    double n = in(call, "n"), effect = 1 + (n / in(call, "clusters") - 1) * in(call, "icc");
    lb_set_number(out, "design_effect", effect);
    lb_set_number(out, "n_effective", n / effect);
}

static const conversion conversions[] = {
    {"hedges_j", "J = gamma(df/2) / (sqrt(df/2) gamma((df - 1)/2)); approximately 1 - 3/(4 df - 1)", {"df"}, hedges_j},
    {"sd_from_se", "SD = SE sqrt(n)", {"se", "n"}, sd_from_se},
    {"sd_from_ci",
     "SD = sqrt(n) (upper - lower) / 2z; sd_t with t(n - 1), for small groups",
     {"lower", "upper", "n"},
     sd_from_ci},
    {"sd_from_p", "SE = |MD| / t(p, n1 + n2 - 2); SD = SE / sqrt(1/n1 + 1/n2)", {"md", "p", "n1", "n2"}, sd_from_p},
    {"sd_change", "SD^2 = SD1^2 + SD2^2 - 2 r SD1 SD2", {"sd1", "sd2", "r"}, sd_change},
    {"correlation", "r = (SD1^2 + SD2^2 - SD change^2) / (2 SD1 SD2)", {"sd1", "sd2", "sd-change"}, correlation},
    {"combine_groups",
     "two groups as one (Cochrane Handbook 6.5.2.10)",
     {"n1", "m1", "sd1", "n2", "m2", "sd2"},
     combine_groups},
    {"five_numbers",
     "mean by Luo 2018; SD by Wan 2014, or Shi 2020 when range and quartiles are given",
     {"n", "median"},
     five_numbers},
    {"sd_from_iqr", "SD = (q3 - q1) / 1.35", {"q1", "q3"}, sd_from_iqr},
    {"ratio", "yi = log(estimate); vi = ((log upper - log lower) / 2z)^2", {"estimate", "lower", "upper"}, ratio},
    {"t_to_g", "g = J t sqrt(1/n1 + 1/n2); vi = 1/n1 + 1/n2 + g^2/(2n)", {"t", "n1", "n2"}, t_to_g},
    {"or_to_d", "d = log(OR) sqrt(3)/pi; vi times 3/pi^2", {"lnor", "vi"}, or_to_d},
    {"design_effect", "1 + (n/clusters - 1) icc", {"n", "clusters", "icc"}, design_effect},
};

/* What no input can be. */
static int check_input(const lb_call *call, const char *name, lb_error *err)
{
    static const char *const positive[] = {"n", "n1", "n2", "se", "sd1", "sd2", "sd-change", "clusters", "p", "vi"};
    double value = lb_call_number(call, name);
    for (size_t i = 0; i < LB_COUNT(positive); i++) {
        if (strcmp(name, positive[i]) == 0 && !(value > 0)) {
            int code = lb_fail(err, LB_USAGE, "%g is not above 0", value);
            lb_error_where(err, "--%s", name);
            return code;
        }
    }
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    const conversion *chosen = NULL;
    for (size_t i = 0; i < LB_COUNT(conversions); i++) {
        if (strcmp(conversions[i].name, lb_call_text(call, "what")) == 0) chosen = &conversions[i];
    }
    if (!chosen) return lb_fail(err, LB_USAGE, "'%s' is no conversion", lb_call_text(call, "what"));
    for (size_t i = 0; i < MOST_INPUTS && chosen->needs[i]; i++) {
        if (!lb_call_has(call, chosen->needs[i])) {
            int code = lb_fail(err, LB_USAGE, "%s needs --%s", chosen->name, chosen->needs[i]);
            lb_error_hint(err, "%s", chosen->formula);
            return code;
        }
        int code = check_input(call, chosen->needs[i], err);
        if (code) return code;
    }
    lb_set_text(result->results, "what", chosen->name);
    lb_set_text(result->results, "formula", chosen->formula);
    chosen->convert(call, result->results);
    return 0;
}

#define NUMBER(NAME, SUMMARY)                                                                                          \
    {                                                                                                                  \
        .name = NAME, .type = LB_P_NUMBER, .summary = SUMMARY                                                          \
    }
static const lb_param params[] = {
    {.name = "what",
     .type = LB_P_CHOICE,
     .flags = LB_REQUIRED | LB_POSITIONAL,
     .summary = "the conversion",
     .choices = "hedges_j,sd_from_se,sd_from_ci,sd_from_p,sd_change,correlation,combine_groups,five_numbers,sd_from_"
                "iqr,ratio,t_to_g,or_to_d,"
                "design_effect"},
    NUMBER("n", "people"),
    NUMBER("n1", "people in group 1"),
    NUMBER("n2", "people in group 2"),
    NUMBER("m1", "mean of group 1"),
    NUMBER("m2", "mean of group 2"),
    NUMBER("sd1", "standard deviation of group 1, or at the start"),
    NUMBER("sd2", "standard deviation of group 2, or at the end"),
    NUMBER("sd-change", "standard deviation of the change"),
    {.name = "r", .type = LB_P_NUMBER, .min = -1, .max = 1, .summary = "correlation of start and end"},
    NUMBER("se", "standard error"),
    NUMBER("estimate", "estimate of a ratio"),
    NUMBER("lower", "lower limit"),
    NUMBER("upper", "upper limit"),
    {.name = "level",
     .type = LB_P_NUMBER,
     .preset = "0.95",
     .min = 0.001,
     .max = 0.999999,
     .summary = "level of the limits"},
    NUMBER("md", "mean difference"),
    {.name = "p", .type = LB_P_NUMBER, .min = 0, .max = 1, .summary = "two-sided p of a t test"},
    NUMBER("t", "t statistic"),
    NUMBER("df", "degrees of freedom"),
    NUMBER("min", "minimum"),
    NUMBER("q1", "first quartile"),
    NUMBER("median", "median"),
    NUMBER("q3", "third quartile"),
    NUMBER("max", "maximum"),
    NUMBER("lnor", "log odds ratio"),
    NUMBER("vi", "its variance"),
    {.name = "icc", .type = LB_P_NUMBER, .min = 0, .max = 1, .summary = "intracluster correlation"},
    NUMBER("clusters", "clusters"),
};

const lb_op lb_op_meta_convert = {
    .area = "meta",
    .verb = "convert",
    .summary = "from what a report gives to what a meta-analysis needs",
    .description = "Standard deviations from standard errors, intervals, p values, quartiles or the correlation of "
                   "start and end; groups combined; "
                   "ratios with limits, t statistics and odds ratios into effects with variances; clusters into "
                   "effective numbers. Formulas of the "
                   "Cochrane Handbook (6.4) and of the papers named in the result.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar meta convert sd_from_p --md 3.8 --p 0.008 --n1 25 --n2 22",
};
