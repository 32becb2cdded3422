/* Checks of counts: parts that must add up, percentages of counts, parts that exceed their whole, medians outside their
 * quartiles. */
#include "evidence/audit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Σ of the named keys; NaN when one is missing. */
static double sum_of(const lb_value *object, const char *const *keys)
{
    double sum = 0;
    for (; *keys; keys++) sum += lb_get_number(object, *keys, NAN);
    return sum;
}

static double sum_all(const lb_value *object)
{
    double sum = 0;
    for (size_t i = 0; object && i < object->count; i++) sum += lb_number_of(object->item[i]);
    return object && object->count ? sum : NAN;
}

static void check_sum(lb_audit *audit, const char *where, const char *what, double parts, double whole)
{
    if (isnan(parts) || isnan(whole)) return;
    audit->checked++;
    if (parts != whole) lb_audit_find(audit, where, "sum", "%s add up to %g, not %g", what, parts, whole);
}

static void check_part(lb_audit *audit, const char *where, const lb_value *of, const char *part, const char *whole)
{
    double a = lb_get_number(of, part, NAN), b = lb_get_number(of, whole, NAN);
    if (isnan(a) || isnan(b)) return;
    audit->checked++;
    if (a > b) lb_audit_find(audit, where, "part_exceeds_whole", "%s is %g, more than %s, %g", part, a, whole, b);
}

static bool rounds_to(double count, double total, double percent)
{
    return fabs(100 * count / total - percent) <= lb_audit_half_unit(percent) * (1 + 1e-9);
}

static void check_risk(lb_audit *audit, double included)
{
    const lb_value *risk = lb_get(audit->claims, "risk_of_bias"), *percent = lb_get(risk, "printed_percent");
    double count[2] = {lb_get_number(risk, "overall_some", NAN), lb_get_number(risk, "overall_high", NAN)};
    double low = lb_get_number(risk, "overall_low", 0), total = count[0] + count[1] + low;
    check_sum(audit, "risk_of_bias", "the judgements", total, included);
    if (isnan(total) || !percent || percent->count != 2) return;
    double printed[2] = {lb_number_of(percent->item[0]), lb_number_of(percent->item[1])};
    audit->checked++;
    if (rounds_to(count[0], total, printed[0]) && rounds_to(count[1], total, printed[1])) return;
    char other[120] = "";
    for (double step = 1; step <= total && !other[0]; step++) { /* counts near these that give the percentages */
        for (double m = total + step; m >= total - step && !other[0]; m -= 2 * step) {
            double a = round(printed[0] * m / 100), b = round(printed[1] * m / 100);
            if (m > 1 && a + b == m && rounds_to(a, m, printed[0]) && rounds_to(b, m, printed[1]))
                snprintf(other, sizeof other, "; %g and %g of %g would be", a, b, m);
        }
    }
    lb_audit_find(audit, "risk_of_bias", "percent", "%g and %g of %g are %.1f and %.1f percent, not %g and %g%s",
                  count[0], count[1], total, 100 * count[0] / total, 100 * count[1] / total, printed[0], printed[1],
                  other);
}

static void check_trials(lb_audit *audit, double included)
{
    static const char *const therapies[] = {"cbt", "bt", "other", NULL}, *const controls[] = {
                                                                             "active",       "usual_care_advice",
                                                                             "true_control", "passive",
                                                                             "medication",   NULL};
    const lb_value *trials = lb_get(audit->claims, "trials"), *psychological = lb_get(trials, "psychological"),
                   *groups = lb_get(trials, "control_groups");
    check_sum(audit, "trials.psychological", "the therapies", sum_of(psychological, therapies),
              lb_get_number(psychological, "any", NAN));
    check_sum(audit, "trials.exercise_types", "the types of exercise", sum_all(lb_get(trials, "exercise_types")),
              included);
    double total = lb_get_number(groups, "total", NAN),
           several = lb_get_number(groups, "studies_with_more_than_one", NAN);
    check_sum(audit, "trials.control_groups", "the control groups", sum_of(groups, controls), total);
    if (!isnan(included + several + total)) {
        audit->checked++;
        if (total < included + several)
            lb_audit_find(audit, "trials.control_groups", "sum",
                          "%g studies, %g of them with more than one control group, have at least %g groups, not %g",
                          included, several, included + several, total);
    }
    for (size_t i = 0; trials && i < trials->count; i++) {
        const char *key = trials->key[i], *at = strstr(key, "_median");
        if (!at || at[7]) continue;
        char name[80];
        snprintf(name, sizeof name, "%.*s_iqr", (int)(at - key > 60 ? 60 : at - key), key);
        const lb_value *iqr = lb_get(trials, name);
        double median = lb_number_of(trials->item[i]);
        if (!iqr || iqr->count != 2 || isnan(median)) continue;
        audit->checked++;
        if (median < lb_number_of(iqr->item[0]) || median > lb_number_of(iqr->item[1]))
            lb_audit_find(audit, "trials", "median", "the median %s = %g lies outside its quartiles", key, median);
    }
}

void lb_audit_counts(lb_audit *audit)
{
    static const char *const data[] = {"with_sufficient_data", "lacking_follow_up", NULL};
    const lb_value *flow = lb_get(audit->claims, "flow"), *events = lb_get(audit->claims, "adverse_events");
    double included = lb_get_number(flow, "included", NAN);
    check_sum(audit, "flow", "studies with and without sufficient data", sum_of(flow, data), included);
    check_part(audit, "flow", flow, "full_text", "records_unique");
    check_part(audit, "flow", flow, "potentially_eligible", "full_text");
    check_part(audit, "flow", flow, "included", "full_text");
    check_part(audit, "flow", flow, "studies_pain", "with_sufficient_data");
    check_part(audit, "flow", flow, "studies_disability", "with_sufficient_data");
    check_risk(audit, included);
    check_part(audit, "adverse_events", events, "possibly_related", "events");
    check_part(audit, "adverse_events", events, "largest_study_events", "events");
    check_part(audit, "adverse_events", events, "largest_study_related", "possibly_related");
    check_trials(audit, included);
}
