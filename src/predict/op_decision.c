/* Operation `predict decision`: decision curve. Net benefit of acting on a prediction, against treating all and none.
 * Vickers & Elkin 2006, doi:10.1177/0272989X06295361. */
#include "predict/probability.h"
#include "predict/performance_svg.h"

#include <lumbar/numeric.h>

#include <math.h>

static const lb_param params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "one row per person"},
    {.name = "outcome", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the yes/no outcome"},
    {.name = "score", .type = LB_P_COLUMN, .flags = LB_REQUIRED, .summary = "column of the predicted probability"},
    {.name = "compare", .type = LB_P_COLUMN, .summary = "column of a second prediction for the same people"},
    {.name = "event", .type = LB_P_TEXT, .summary = "value of the outcome that is the event; 1, or the later of two values"},
    {.name = "thresholds", .type = LB_P_NUMBERS, .summary = "probabilities at which one would act; 0.01 to 0.99 when not given"},
};

/* tp/n - fp/n · t/(1 - t); a person at or above t is treated. */
static double net_benefit(const double *event, const double *p, size_t n, double threshold, size_t *treated)
{
    size_t tp = 0, fp = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] >= threshold) event[i] == 1 ? tp++ : fp++;
    if (treated) *treated = tp + fp;
    return (double)tp / (double)n - (double)fp / (double)n * threshold / (1 - threshold);
}

static void point(const lb_probabilities *s, double t, lb_value *row)
{
    size_t treated;
    double rate = (double)s->events / (double)s->n, odds = t / (1 - t);
    double benefit = net_benefit(s->event, s->first, s->n, t, &treated), all = rate - (1 - rate) * odds;
    lb_set_number(row, "threshold", t);
    lb_set_number(row, "net_benefit", benefit);
    lb_set_number(row, "net_benefit_all", all);
    lb_set_number(row, "net_benefit_none", 0);
    if (s->second) lb_set_number(row, "net_benefit_compare", net_benefit(s->event, s->second, s->n, t, NULL));
    lb_set_number(row, "interventions_avoided_per_100", 100 * (benefit - all) / odds);
    lb_set_int(row, "treated", (int64_t)treated);
}

/* Continuous reclassification (Pencina et al. 2011, doi:10.1002/sim.4085) and integrated discrimination (Pencina et al. 2008, doi:10.1002/sim.2929)
 * of `score` over `compare`: who with the event moved up, who without moved down. */
static void reclassification(const lb_probabilities *s, lb_value *out)
{
    double n[2] = {0}, up[2] = {0}, down[2] = {0}, sum[2] = {0}, square[2] = {0}, share[2], share_variance[2], mean[2], mean_variance[2];
    for (size_t i = 0; i < s->n; i++) {
        int event = s->event[i] == 1;
        double move = s->first[i] - s->second[i];
        n[event]++;
        up[event] += move > 0;
        down[event] += move < 0;
        sum[event] += move;
    }
    for (size_t i = 0; i < s->n; i++) {
        int event = s->event[i] == 1;
        square[event] += pow(s->first[i] - s->second[i] - sum[event] / n[event], 2);
    }
    for (int event = 0; event < 2; event++) {
        share[event] = (up[event] - down[event]) / n[event];
        share_variance[event] = ((up[event] + down[event]) / n[event] - share[event] * share[event]) / n[event];
        mean[event] = sum[event] / n[event];
        mean_variance[event] = square[event] / (n[event] - 1) / n[event];
    }
    const struct {
        const char *name;
        double estimate, variance;
    } shown[] = {{"nri_events", share[1], share_variance[1]}, {"nri_nonevents", -share[0], share_variance[0]}, {"nri", share[1] - share[0], share_variance[0] + share_variance[1]},
                 {"idi", mean[1] - mean[0], mean_variance[0] + mean_variance[1]}};
    for (size_t k = 0; k < LB_COUNT(shown); k++) {
        double se = sqrt(shown[k].variance), half = lb_norm_q(0.975, LB_LOWER) * se;
        lb_value *row = lb_set_object(out, shown[k].name);
        lb_set_number(row, "estimate", shown[k].estimate);
        lb_set_number(row, "se", se);
        lb_set_number(row, "lower", shown[k].estimate - half);
        lb_set_number(row, "upper", shown[k].estimate + half);
        lb_set_number(row, "p", lb_two_sided_p(shown[k].estimate / se, NAN));
    }
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_probabilities s;
    const double *threshold;
    size_t count = lb_call_numbers(call, "thresholds", &threshold);
    for (size_t i = 0; i < count; i++) {
        if (threshold[i] > 0 && threshold[i] < 1) continue;
        int code = lb_fail(err, LB_USAGE, "the threshold %g is not a probability between 0 and 1", threshold[i]);
        lb_error_where(err, "--thresholds");
        lb_error_hint(err, "give the risks at which one would act, such as 0.1,0.2,0.3");
        return code;
    }
    int code = lb_probabilities_read(call, true, result, &s, err);
    if (code) return code;
    lb_value *rows = lb_set_array(result->results, "rows");
    for (size_t i = 0; i < (count ? count : 99); i++) point(&s, count ? threshold[i] : (double)(i + 1) / 100, lb_push_object(rows));
    lb_result_note(result, "Event: %s = %s (%zu of %zu). Net benefit is the share of true positives less the share of false positives "
                   "weighted by the odds of the threshold; a person at or above the threshold is treated. Treating nobody has net "
                   "benefit 0. interventions_avoided_per_100 compares with treating everybody.", s.outcome.column, s.outcome.event_level,
                   s.events, s.n);
    if (s.second && s.events && s.events < s.n) {
        reclassification(&s, lb_set_object(result->results, "reclassification"));
        lb_result_note(result, "reclassification: continuous net reclassification improvement and integrated discrimination improvement of %s over %s. Both can rise through a model "
                       "that is merely miscalibrated (Hilden & Gerds 2014): judge by the net benefit.", lb_call_text(call, "score"), lb_call_text(call, "compare"));
    }
    lb_decision_picture(result, lb_call_text(call, "score"), lb_call_text(call, "compare"));
    return 0;
}

const lb_op lb_op_predict_decision = {
    .area = "predict", .verb = "decision",
    .summary = "decision curve: net benefit of acting on a predicted probability",
    .description =
        "For each threshold probability t, the net benefit tp/n - fp/n * t/(1-t) of treating those predicted at or above t, beside "
        "that of treating everybody and nobody (Vickers & Elkin 2006). A model is worth using where its curve is above both. With "
        "--compare, a second prediction on the same people, and the reclassification of the first over it (NRI, IDI).\n\nThe threshold says how many people one would treat needlessly to "
        "treat one who needs it: choose the range before looking.",
    .params = params, .param_count = LB_COUNT(params), .run = run,
    .example = "lumbar predict decision reference/predict/scores.csv --outcome relapse --score risk --thresholds 0.2,0.3,0.4"};
