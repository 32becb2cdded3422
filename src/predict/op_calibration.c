/* Operation `predict calibration`: do predicted probabilities happen as often as they say? Intercept and slope, Brier, the
 * loess calibration curve with ICI, deciles. Measures of Van Calster et al. 2019 and Austin & Steyerberg 2019. */
#include "predict/probability.h"
#include "predict/loess.h"
#include "predict/measures.h"
#include "predict/performance_svg.h"

#include <lumbar/stats.h>

#include <math.h>
#include <stdlib.h>

enum { MOST_EXACT = 4000, GRID = 1000, SHOWN = 200, GROUPS = 10 };

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the yes/no outcome"},
    {.name = "score", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the predicted probability"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of the outcome that is the event; 1, or the later of two values"},
    {.name = "span", .type = LB_P_NUMBER, .summary = "share of the people in each local fit of the curve", .preset = "0.75", .min = 0.05, .max = 1},
};

/* Intercept when the slope is held at 1: Newton's method on one parameter. */
static void in_the_large(const double *event, const double *logit, size_t n, double *estimate, double *se)
{
    double a = 0, information = 1;
    for (int step = 0; step < 100; step++) {
        double score = 0;
        information = 0;
        for (size_t i = 0; i < n; i++) {
            double p = 1 / (1 + exp(-(a + logit[i])));
            score += event[i] - p;
            information += p * (1 - p);
        }
        double move = score / information;
        if (!isfinite(move)) break;
        a += fmax(-2, fmin(2, move));
        if (fabs(move) < 1e-13) break;
    }
    *estimate = a;
    *se = 1 / sqrt(information);
}

/* Discrimination and unreliability as likelihoods (Miller, Hui & Tierney 1991; Harrell 2015, 10.9): what the predictions gain over the overall
 * rate, what recalibration would gain over them; their z by Spiegelhalter 1986. */
static void likelihoods(lb_result *result, const double *event, const double *logit, size_t n, size_t events, double recalibrated)
{
    double stated = 0, rate = (double)events / (double)n, total = (double)n, excess = 0, variance = 0;
    for (size_t i = 0; i < n; i++) {
        double p = 1 / (1 + exp(-logit[i]));
        stated += event[i] * logit[i] - (logit[i] > 0 ? logit[i] + log1p(exp(-logit[i])) : log1p(exp(logit[i])));
        excess += (event[i] - p) * (1 - 2 * p);
        variance += (1 - 2 * p) * (1 - 2 * p) * p * (1 - p);
    }
    double null = total * (rate * log(rate) + (1 - rate) * log1p(-rate)), gain = 2 * (stated - null), off = 2 * (recalibrated - stated), z = excess / sqrt(variance);
    lb_value *out = lb_set_object(result->results, "likelihood");
    lb_set_number(out, "r2_nagelkerke", -expm1(-gain / total) / -expm1(2 * null / total));
    lb_set_number(out, "discrimination", (gain - 1) / total);
    lb_set_number(out, "discrimination_chisq", gain);
    lb_set_number(out, "unreliability", (off - 2) / total);
    lb_set_number(out, "unreliability_chisq", off);
    lb_set_number(out, "unreliability_p", lb_chisq_p(fmax(0, off), 2, LB_UPPER));
    lb_set_number(out, "quality", (gain - 1 - (off - 2)) / total);
    lb_value *spiegelhalter = lb_set_object(result->results, "spiegelhalter");
    lb_set_number(spiegelhalter, "statistic", z);
    lb_set_number(spiegelhalter, "p", lb_two_sided_p(z, NAN));
}

static int line(lb_result *result, const lb_probabilities *s, lb_error *err)
{
    lb_arena *arena = result->arena;
    double *x = lb_arena_try(arena, 3 * (s->n + 1), sizeof(double)), a, a_se;
    if (!x) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", s->n);
    double *event = x + 2 * s->n;
    size_t n = 0, events = 0;
    for (size_t i = 0; i < s->n; i++) n += s->first[i] > 0 && s->first[i] < 1;
    for (size_t i = 0, k = 0; i < s->n; i++) {
        double p = s->first[i];
        if (!(p > 0 && p < 1)) continue;
        x[k] = 1;
        x[n + k] = log(p) - log1p(-p);
        events += (event[k] = s->event[i]) == 1;
        k++;
    }
    if (n < s->n) lb_result_warn(result, "%zu probabilities are exactly 0 or 1 and have no logit: left out of intercept, slope and in_the_large", s->n - n);
    lb_value *out = result->results;
    lb_set_number(out, "auc", lb_auc(s->event, s->first, NULL, s->n));
    if (n < 2 || !events || events == n) {
        lb_result_warn(result, "too few people with a probability between 0 and 1: no intercept and slope");
        return 0;
    }
    lb_logistic fit;
    int code = lb_logistic_fit(x, event, NULL, n, 2, arena, &fit, err);
    if (code) return code;
    bool good = fit.converged && !fit.separated;
    lb_set_number(out, "intercept", good ? fit.coefficient[0] : NAN);
    lb_set_number(out, "intercept_se", good ? fit.se[0] : NAN);
    lb_set_number(out, "slope", good && !fit.aliased[1] ? fit.coefficient[1] : NAN);
    lb_set_number(out, "slope_se", good && !fit.aliased[1] ? fit.se[1] : NAN);
    if (fit.separated) lb_result_status(result, "separated");
    else if (!fit.converged) lb_result_status(result, "not_converged");
    if (fit.aliased[1]) lb_result_warn(result, "everybody has the same probability: there is no slope");
    likelihoods(result, event, x + n, n, events, good ? fit.loglik : NAN);
    in_the_large(event, x + n, n, &a, &a_se);
    lb_set_number(out, "in_the_large", a);
    lb_set_number(out, "in_the_large_se", a_se);
    return 0;
}

static void overall(const lb_probabilities *s, lb_value *out)
{
    double brier = 0, loss = 0, expected = 0, rate = (double)s->events / (double)s->n;
    for (size_t i = 0; i < s->n; i++) {
        double p = s->first[i], y = s->event[i];
        brier += (y - p) * (y - p);
        loss -= y == 1 ? log(p) : log1p(-p);
        expected += p;
    }
    brier /= (double)s->n;
    lb_set_number(out, "brier", brier);
    lb_set_number(out, "brier_scaled", 1 - brier / (rate * (1 - rate)));
    lb_set_number(out, "log_loss", loss / (double)s->n);
    lb_set_number(out, "oe_ratio", (double)s->events / expected);
    lb_set_number(out, "mean_predicted", expected / (double)s->n);
    lb_set_number(out, "observed", rate);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* R's quantile of type 7 of an ascending list. */
static double quantile(const double *x, size_t n, double share)
{
    double h = (double)(n - 1) * share;
    size_t low = (size_t)h;
    return low + 1 < n ? x[low] + (h - (double)low) * (x[low + 1] - x[low]) : x[n - 1];
}

/* The curve at every person, or on a grid of them between which it is straight. */
static void smooth(const double *p, const double *y, size_t n, double span, double *curve)
{
    size_t steps = n <= MOST_EXACT ? n - 1 : GRID, last = 0;
    curve[0] = lb_loess_at(p, y, n, span, p[0]);
    for (size_t k = 1; k <= steps; k++) {
        size_t at = (size_t)((double)(n - 1) * (double)k / (double)steps + 0.5);
        curve[at] = p[at] == p[last] ? curve[last] : lb_loess_at(p, y, n, span, p[at]);
        for (size_t i = last + 1; i < at; i++)
            curve[i] = p[at] == p[last] ? curve[last] : curve[last] + (curve[at] - curve[last]) * (p[i] - p[last]) / (p[at] - p[last]);
        last = at;
    }
}

/* Mean, quantiles and maximum of the distance between a curve and the diagonal. */
static void distances(const double *p, const double *curve, size_t n, double *gap, lb_value *out)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += gap[i] = fabs(curve[i] - p[i]);
    qsort(gap, n, sizeof *gap, ascending);
    lb_set_number(out, "ici", sum / (double)n);
    lb_set_number(out, "e50", quantile(gap, n, 0.5));
    lb_set_number(out, "e90", quantile(gap, n, 0.9));
    lb_set_number(out, "emax", gap[n - 1]);
}

/* Two further curves that R's users meet: loess() with its default surface, and the lowess() of val.prob. */
static void other_curves(lb_result *result, const double *p, const double *y, size_t n, double span, double *work)
{
    if (n < 10) return;
    lb_loess_interpolated(p, y, n, span, work);
    distances(p, work, n, work + n, lb_set_object(result->results, "loess_interpolated"));
    lb_lowess(p, y, n, 2.0 / 3, work);
    distances(p, work, n, work + n, lb_set_object(result->results, "lowess"));
}

static void curve_measures(lb_result *result, const double *p, const double *y, size_t n, double span, double *work)
{
    double *curve = work, *gap = work + n;
    smooth(p, y, n, span, curve);
    distances(p, curve, n, gap, result->results);
    lb_value *rows = lb_set_array(result->results, "curve");
    size_t shown = n < SHOWN ? n : SHOWN;
    for (size_t k = 0; k < shown; k++) {
        size_t i = shown > 1 ? k * (n - 1) / (shown - 1) : 0;
        lb_value *row = lb_push_object(rows);
        lb_set_number(row, "predicted", p[i]);
        lb_set_number(row, "observed", curve[i]);
    }
}

/* Groups of equal size in the order of prediction (Hosmer & Lemeshow 1980). */
static void deciles(lb_value *out, const double *p, const double *y, size_t n)
{
    lb_value *rows = lb_set_array(out, "deciles");
    double chisq = 0;
    size_t start = 0, groups = n < GROUPS ? n : GROUPS;
    for (size_t g = 1; g <= groups; g++) {
        size_t end = g * n / groups;
        double expected = 0, events = 0, count = (double)(end - start);
        for (size_t i = start; i < end; i++) expected += p[i], events += y[i];
        chisq += (events - expected) * (events - expected) / (expected * (1 - expected / count));
        lb_value *row = lb_push_object(rows);
        lb_set_int(row, "n", (int64_t)(end - start));
        lb_set_number(row, "mean_predicted", expected / count);
        lb_set_int(row, "events", (int64_t)events);
        lb_set_number(row, "observed", events / count);
        lb_exact_interval((size_t)events, end - start, 0.95, &expected, &count);
        lb_set_number(row, "lower", expected);
        lb_set_number(row, "upper", count);
        start = end;
    }
    lb_value *test = lb_set_object(out, "hosmer_lemeshow");
    lb_set_number(test, "statistic", chisq);
    lb_set_int(test, "df", (int64_t)groups - 2);
    lb_set_number(test, "p", groups > 2 && isfinite(chisq) ? lb_chisq_p(chisq, (double)groups - 2, LB_UPPER) : NAN);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_probabilities s;
    double span = lb_call_number(call, "span");
    int code = lb_probabilities_read(call, false, result, &s, err);
    if (!code) code = line(result, &s, err);
    if (code) return code;
    uint32_t *order = lb_arena_try(result->arena, s.n, sizeof *order);
    double *p = lb_arena_try(result->arena, 4 * s.n, sizeof(double));
    if (!order || !p) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", s.n);
    code = lb_sort_order(s.first, s.n, order, err);
    if (code) return code;
    double *y = p + s.n;
    for (size_t i = 0; i < s.n; i++) p[i] = s.first[order[i]], y[i] = s.event[order[i]];
    overall(&s, result->results);
    curve_measures(result, p, y, s.n, span, p + 2 * s.n);
    other_curves(result, p, y, s.n, span, p + 2 * s.n);
    deciles(result->results, p, y, s.n);
    lb_result_note(result, "Event: %s = %s (%zu of %zu). Intercept and slope: logistic regression of the outcome on the logit of the "
                   "prediction; in_the_large holds the slope at 1; 0 and 1 are perfect. oe_ratio is observed over expected events. "
                   "ici, e50, e90 and emax are the mean, median, 90 %% point and maximum of |curve - prediction|, the curve being a "
                   "local quadratic (tricube weights, span %g) computed %s.", s.outcome.column, s.outcome.event_level, s.events, s.n,
                   span, s.n <= MOST_EXACT ? "directly at every prediction" : "at 1000 of the predictions and straight between them");
    lb_calibration_picture(result, lb_call_text(call, "score"));
    return 0;
}

const lb_op lb_op_predict_calibration = {
    .area = "predict", .verb = "calibration",
    .summary = "calibration of predicted probabilities: intercept, slope, Brier, ICI, curve",
    .description =
        "How far predicted probabilities agree with what happened. Calibration intercept and slope (Cox 1958), calibration in "
        "the large, observed over expected events, Brier score raw and scaled, logarithmic loss; a loess calibration curve and "
        "its integrated calibration index (Austin & Steyerberg 2019), computed directly (R's loess with surface = \"direct\"), beside it those of "
        "loess_interpolated{} (R's default surface) and lowess{} (val.prob's); likelihood{}: what the predictions gain over the overall rate and what "
        "recalibrating would add; Spiegelhalter's test; "
        "tenths of the predictions with exact intervals and the Hosmer-Lemeshow test, which says little by itself.\n\n"
        "On the very people a logistic model was fitted to, intercept is 0 and slope 1 whatever its worth: use other people.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict calibration reference/predict/scores.csv --outcome relapse --score risk"};
