/* Operation `predict roc`: how well a score tells events from non-events. AUC with DeLong's interval, the curve, chosen
 * thresholds, a confusion matrix with intervals, and the paired comparison of two scores. Conventions of pROC. */
#include "predict/room.h"
#include "predict/roc_svg.h"

#include <lumbar/stats.h>

#include <math.h>

enum { MOST_POINTS = 10000 };

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the yes/no outcome"},
    {.name = "score", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the score"},
    {.name = "compare", .type = LB_P_COLUMN, .summary = "column of a second score on the same people"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of the outcome that is the event; 1, or the later of two values"},
    {.name = "threshold", .type = LB_P_NUMBER, .summary = "score at and above which a person counts as positive"},
    {.name = "direction", .type = LB_P_CHOICE, .summary = "do people with the event score higher or lower", .preset = "higher",
     .choices = "higher,lower"},
    {.name = "partial_auc", .type = LB_P_NUMBERS, .summary = "two specificities (or sensitivities) between which the area is taken as well, such as 0.9,1"},
    {.name = "partial_focus", .type = LB_P_CHOICE, .preset = "specificity", .choices = "specificity,sensitivity", .summary = "what the bounds of --partial_auc are"},
    {.name = "level", .type = LB_P_NUMBER, .summary = "level of the intervals", .preset = "0.95"},
};

/* The complete rows, and the scores turned so that higher means event. */
typedef struct sample {
    double *event, *score, *second;
    size_t n;
    double sign;
} sample;

static int read_sample(lb_call *call, lb_result *result, lb_outcome *outcome, sample *s, lb_error *err)
{
    lb_table *table;
    lb_column *score, *second = NULL;
    int code = lb_call_table(call, "data", &table, err);
    if (!code) code = lb_outcome_read(table, lb_call_text(call, "outcome"), lb_call_text(call, "event"), result->arena, outcome, err);
    if (!code) code = lb_table_number(table, lb_call_text(call, "score"), &score, err);
    if (!code && lb_call_text(call, "compare")) code = lb_table_number(table, lb_call_text(call, "compare"), &second, err);
    if (code) return code;
    s->event = lb_arena_try(result->arena, 3 * (table->rows + 1), sizeof(double));
    if (!s->event) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", table->rows);
    s->score = s->event + table->rows + 1;
    s->second = second ? s->score + table->rows + 1 : NULL;
    s->sign = lb_call_chosen(call, "direction", "lower") ? -1 : 1;
    for (size_t i = 0; i < table->rows; i++) {
        if (isnan(outcome->event[i]) || isnan(score->number[i]) || (second && isnan(second->number[i]))) continue;
        s->event[s->n] = outcome->event[i];
        s->score[s->n] = s->sign * score->number[i];
        if (second) s->second[s->n] = s->sign * second->number[i];
        s->n++;
    }
    size_t dropped = table->rows - s->n;
    lb_set_int(result->results, "dropped", (int64_t)dropped);
    if (dropped) lb_result_warn(result, "%zu of %zu rows left out: outcome or score missing", dropped, table->rows);
    return 0;
}

/* AUC with DeLong's interval, cut at 0 and 1. */
static void summary(const lb_roc *roc, double level, lb_value *out)
{
    double z = lb_norm_q((1 - level) / 2, LB_UPPER), se = sqrt(roc->variance);
    lb_set_number(out, "auc", roc->auc);
    lb_set_number(out, "se", se);
    lb_set_number(out, "lower", isnan(se) ? NAN : fmax(0, roc->auc - z * se));
    lb_set_number(out, "upper", isnan(se) ? NAN : fmin(1, roc->auc + z * se));
    lb_set_number(out, "variance", roc->variance);
}

static double shown_threshold(const lb_roc *roc, size_t i, double sign) { return sign * roc->threshold[i]; }

static void set_point(lb_value *out, const lb_roc *roc, size_t i, double sign)
{
    lb_set_number(out, "threshold", shown_threshold(roc, i, sign));
    lb_set_number(out, "sensitivity", roc->sensitivity[i]);
    lb_set_number(out, "specificity", roc->specificity[i]);
}

/* The first point that is best by Youden's J, and by the distance to the corner; ties within rounding keep the first. */
static void best_points(const lb_roc *roc, double sign, lb_value *results)
{
    size_t youden = 0, corner = 0;
    double most = -INFINITY, least = INFINITY;
    for (size_t i = 0; i < roc->points; i++) {
        double j = roc->sensitivity[i] + roc->specificity[i] - 1;
        double d = pow(1 - roc->sensitivity[i], 2) + pow(1 - roc->specificity[i], 2);
        if (j > most + 1e-12) most = j, youden = i;
        if (d < least - 1e-12) least = d, corner = i;
    }
    lb_value *out = lb_set_object(results, "youden");
    set_point(out, roc, youden, sign);
    lb_set_number(out, "index", most);
    set_point(lb_set_object(results, "closest_topleft"), roc, corner, sign);
}

/* Area between two bounds on one axis, straight between the points. Along the curve the specificity rises and the sensitivity falls. */
static double area_between(const lb_roc *roc, bool sensitivity, double low, double high)
{
    double area = 0;
    for (size_t i = 0; i + 1 < roc->points; i++) {
        size_t from = sensitivity ? i + 1 : i, to = sensitivity ? i : i + 1; /* in the order of the bounded axis */
        const double *x = sensitivity ? roc->sensitivity : roc->specificity, *y = sensitivity ? roc->specificity : roc->sensitivity;
        double a = fmax(low, x[from]), b = fmin(high, x[to]), width = x[to] - x[from];
        if (!(b > a)) continue;
        double ya = y[from] + (y[to] - y[from]) * (a - x[from]) / width, yb = y[from] + (y[to] - y[from]) * (b - x[from]) / width;
        area += (b - a) * (ya + yb) / 2;
    }
    return area;
}

/* The partial area, and McClish's (1989, doi:10.1177/0272989X8900900307) which is 1 for a perfect score and one half for one that says nothing. */
static int partial(lb_call *call, const lb_roc *roc, lb_value *results, lb_error *err)
{
    const double *bound;
    size_t count = lb_call_numbers(call, "partial_auc", &bound);
    if (!count) return 0;
    double low = count == 2 ? fmin(bound[0], bound[1]) : NAN, high = count == 2 ? fmax(bound[0], bound[1]) : NAN;
    if (!(low >= 0 && high <= 1 && low < high)) {
        int code = lb_fail(err, LB_USAGE, "the bounds of a partial area are two different numbers from 0 to 1");
        lb_error_where(err, "--partial_auc");
        lb_error_hint(err, "for specificities from 90 %% up: --partial_auc 0.9,1");
        return code;
    }
    double area = area_between(roc, lb_call_chosen(call, "partial_focus", "sensitivity"), low, high);
    double least = ((1 - low) * (1 - low) - (1 - high) * (1 - high)) / 2, most = high - low;
    lb_value *out = lb_set_object(results, "partial");
    lb_set_text(out, "focus", lb_call_text(call, "partial_focus"));
    lb_set_number(out, "from", low);
    lb_set_number(out, "to", high);
    lb_set_number(out, "auc", area);
    lb_set_number(out, "auc_corrected", (1 + (area - least) / (most - least)) / 2);
    return 0;
}

static void at_threshold(const sample *s, double threshold, double level, lb_value *out)
{
    lb_confusion c = {0};
    for (size_t i = 0; i < s->n; i++) {
        bool positive = s->score[i] >= s->sign * threshold, event = s->event[i] == 1;
        if (event) positive ? c.tp++ : c.fn++;
        else positive ? c.fp++ : c.tn++;
    }
    lb_set_number(out, "threshold", threshold);
    lb_confusion_measures(&c, level, out);
}

static int compare(lb_call *call, lb_result *result, const sample *s, const lb_roc *roc, lb_roc *second, double level, lb_error *err)
{
    int code = lb_roc_fit(s->event, s->second, s->n, result->arena, second, err);
    if (code) return code;
    lb_value *out = lb_set_object(result->results, "comparison");
    double z, p;
    lb_roc_compare(roc, second, &z, &p);
    double se = (roc->auc - second->auc) / z, half = lb_norm_q((1 - level) / 2, LB_UPPER) * fabs(se);
    lb_set_text(out, "score", lb_call_text(call, "compare"));
    lb_set_number(out, "statistic", z);
    lb_set_number(out, "p", p);
    lb_set_number(out, "covariance", lb_roc_covariance(roc, second));
    lb_set_number(out, "difference", roc->auc - second->auc);
    lb_set_number(out, "difference_lower", roc->auc - second->auc - half);
    lb_set_number(out, "difference_upper", roc->auc - second->auc + half);
    summary(second, level, out);
    if (isnan(z)) lb_result_warn(result, "the two scores rank these people alike: there is no difference to test");
    lb_result_note(result, "Two scores on the same people are compared by DeLong's paired test (z, two-sided).");
    return 0;
}

/* Every point, or evenly many of a curve so long that nobody could look at it. */
static void curve(const lb_roc *roc, double sign, lb_result *result)
{
    lb_value *rows = lb_set_array(result->results, "curve");
    size_t step = 1 + roc->points / MOST_POINTS;
    for (size_t i = 0; i < roc->points; i++)
        if (i % step == 0 || i + 1 == roc->points) set_point(lb_push_object(rows), roc, i, sign);
    if (step > 1) lb_result_note(result, "curve[] shows every %zuth of %zu points; everything else uses all of them.", step, roc->points);
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_outcome outcome;
    sample s = {0};
    lb_roc roc, second;
    double level = lb_call_number(call, "level");
    if (!(level > 0 && level < 1)) {
        int code = lb_fail(err, LB_USAGE, "--level is %g: it must be between 0 and 1", level);
        lb_error_where(err, "--level");
        return code;
    }
    int code = read_sample(call, result, &outcome, &s, err);
    if (!code) code = lb_roc_fit(s.event, s.score, s.n, result->arena, &roc, err);
    if (code) return code;
    lb_value *out = result->results;
    lb_set_int(out, "n", (int64_t)s.n);
    lb_set_int(out, "cases", (int64_t)roc.cases);
    lb_set_int(out, "controls", (int64_t)roc.controls);
    summary(&roc, level, out);
    best_points(&roc, s.sign, out);
    if (lb_call_given(call, "threshold"))
        at_threshold(&s, lb_call_number(call, "threshold"), level, lb_set_object(out, "at_threshold"));
    if (s.second) code = compare(call, result, &s, &roc, &second, level, err);
    if (code) return code;
    code = partial(call, &roc, out, err);
    if (code) return code;
    curve(&roc, s.sign, result);
    lb_result_note(result, "Event: %s = %s (%zu of %zu). A person is positive when the score is %s the threshold. AUC counts ties as "
                   "one half; its %g %% interval is DeLong's, cut at 0 and 1. In the curve the first and the last threshold are "
                   "beyond every score (null).", outcome.column, outcome.event_level, roc.cases, s.n,
                   s.sign > 0 ? "at or above" : "at or below", 100 * level);
    if (roc.cases < 2 || roc.controls < 2) lb_result_warn(result, "one case or one control only: the AUC has no standard error");
    if (lb_call_given(call, "threshold"))
        lb_result_note(result, "Intervals of the measures: exact (Clopper-Pearson) and Wilson; those of F1 come from TP/(TP+FP+FN).");
    lb_roc_picture(result, &roc, s.second ? &second : NULL, lb_call_text(call, "score"), lb_call_text(call, "compare"), level);
    return 0;
}

const lb_op lb_op_predict_roc = {
    .area = "predict", .verb = "roc",
    .summary = "ROC curve, AUC with DeLong interval, measures at a threshold, paired comparison",
    .description =
        "AUC is the probability that a person with the event scores higher than one without, ties counting one half. Its "
        "variance is DeLong's (1988), by mid-ranks (Sun & Xu 2014). Thresholds of the curve lie halfway between neighbouring "
        "scores, as in pROC. With --threshold, a person at or above it is positive: the confusion matrix and its measures with "
        "Clopper-Pearson and Wilson intervals. With --compare, DeLong's paired test.\n\n"
        "Youden's point and the point nearest the corner are found on these very data: used here as a rule they flatter it.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict roc reference/predict/scores.csv --outcome relapse --score risk --compare age --threshold 0.5"};
