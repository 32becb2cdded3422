/* Checks of counts, found by their form and not by a list of what to look for: in any object a total and its parts must add
 * up, percentages belong to the counts beside them, what is "largest_study_…" is part of what is beside it, a median lies
 * between its quartiles; a classification of the studies has as many entries as there are studies. Claims may also say
 * outright what adds up: sums: [{where, parts, whole}], percents: [{where, count, total, percent}]. */
#include "evidence/audit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Σ of a list or of the members of an object; NaN when it has none. */
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

static bool is_count(const lb_value *value)
{
    double x = value ? lb_number_of(value) : NAN;
    return x >= 0 && x == floor(x);
}

static bool is_whole(const char *key)
{
    return strcmp(key, "total") == 0 || strcmp(key, "any") == 0 || strcmp(key, "all") == 0;
}

/* A property that members of several classes can have is no class: it does not add to the total. */
static bool is_property(const char *key)
{
    return lb_text_starts(key, "studies_") || lb_text_starts(key, "with_") || lb_text_starts(key, "largest_") || strcmp(key, "matched") == 0 ||
           strstr(key, "more_than") != NULL;
}

static void check_total(lb_audit *audit, const char *where, const lb_value *object, double studies)
{
    double whole = NAN, parts = 0;
    size_t classes = 0;
    for (size_t i = 0; i < object->count; i++) {
        if (is_whole(object->key[i]) && is_count(object->item[i])) whole = lb_number_of(object->item[i]);
        if (is_whole(object->key[i]) || is_property(object->key[i]) || !is_count(object->item[i])) continue;
        parts += lb_number_of(object->item[i]);
        classes++;
    }
    if (classes > 1) check_sum(audit, where, "the parts", parts, whole);
    double several = lb_get_number(object, "studies_with_more_than_one", NAN);
    if (isnan(several + whole + studies)) return;
    audit->checked++;
    if (whole < studies + several)
        lb_audit_find(audit, where, "sum", "%g studies, %g of them with more than one, have at least %g, not %g", studies, several, studies + several,
                      whole);
}

/* Only counts, no total, and a name that says the studies are sorted into classes. */
static void check_classes(lb_audit *audit, const char *where, const char *key, const lb_value *object, double studies)
{
    if (!lb_text_ends(key, "types") && !lb_text_ends(key, "classes") && !lb_text_ends(key, "categories")) return;
    for (size_t i = 0; i < object->count; i++)
        if (!is_count(object->item[i]) || is_whole(object->key[i])) return;
    check_sum(audit, where, "the classes of the studies", sum_all(object), studies);
}

/* A list of percentages belongs to the first counts beside it; their total is that of all counts there. */
static void check_percentages(lb_audit *audit, const char *where, const lb_value *object)
{
    enum { MOST = 12 };
    const lb_value *percent = lb_get(object, "printed_percent");
    double count[MOST], total = 0;
    size_t n = 0;
    if (!percent || percent->type != LB_ARRAY || percent->count == 0 || percent->count > MOST) return;
    for (size_t i = 0; i < object->count; i++) {
        if (!is_count(object->item[i])) continue;
        if (n < MOST) count[n++] = lb_number_of(object->item[i]);
        total += lb_number_of(object->item[i]);
    }
    if (n < percent->count || !(total > 0)) return;
    audit->checked++;
    bool right = true;
    for (size_t i = 0; i < percent->count; i++) right &= rounds_to(count[i], total, lb_number_of(percent->item[i]));
    if (right) return;
    lb_buf given = {0}, found = {0};
    for (size_t i = 0; i < percent->count; i++) {
        lb_buf_printf(&given, "%s%g of %g is %.1f%%", i ? ", " : "", count[i], total, 100 * count[i] / total);
        lb_buf_printf(&found, "%s%g%%", i ? " and " : "", lb_number_of(percent->item[i]));
    }
    char other[120] = "";
    for (double m = 2; m <= 3 * total && percent->count == 2 && !other[0]; m++) { /* which total gives what is printed */
        double x = lb_number_of(percent->item[0]), y = lb_number_of(percent->item[1]), a = round(x * m / 100), b = round(y * m / 100);
        if (a + b == m && rounds_to(a, m, x) && rounds_to(b, m, y) && fabs(m - total) < total / 4)
            snprintf(other, sizeof other, "; %g and %g of %g would be", a, b, m);
    }
    lb_audit_find(audit, where, "percent", "%s, printed are %s%s", given.data, found.data, other);
    lb_buf_free(&given);
    lb_buf_free(&found);
}

/* "largest_study_related" is part of the count beside it whose name has its last word ("possibly_related"). */
static void check_largest(lb_audit *audit, const char *where, const lb_value *object)
{
    static const char start[] = "largest_study_";
    for (size_t i = 0; i < object->count; i++) {
        if (!lb_text_starts(object->key[i], start)) continue;
        const char *what = object->key[i] + sizeof start - 1;
        for (size_t j = 0; j < object->count; j++) {
            const char *other = object->key[j];
            if (j == i || lb_text_starts(other, start) || !lb_text_ends(other, what) || !is_count(object->item[j])) continue;
            check_part(audit, where, object, object->key[i], other);
        }
    }
}

static void check_medians(lb_audit *audit, const char *where, const lb_value *object)
{
    for (size_t i = 0; i < object->count; i++) {
        const char *key = object->key[i], *at = strstr(key, "_median");
        if (!at || at[7]) continue;
        char name[80];
        snprintf(name, sizeof name, "%.*s_iqr", (int)(at - key > 60 ? 60 : at - key), key);
        const lb_value *iqr = lb_get(object, name);
        double median = lb_number_of(object->item[i]);
        if (!iqr || iqr->count != 2 || isnan(median)) continue;
        audit->checked++;
        if (median < lb_number_of(iqr->item[0]) || median > lb_number_of(iqr->item[1]))
            lb_audit_find(audit, where, "median", "the median %s = %g lies outside its quartiles", key, median);
    }
}

enum { DEEPEST = 8 };

static void walk(lb_audit *audit, const char *where, const char *key, const lb_value *object, double studies, int depth)
{
    if (object->type != LB_OBJECT || depth > DEEPEST) return;
    check_percentages(audit, where, object);
    check_largest(audit, where, object);
    check_total(audit, where, object, studies);
    check_classes(audit, where, key, object, studies);
    check_medians(audit, where, object);
    for (size_t i = 0; i < object->count; i++)
        walk(audit, lb_arena_printf(audit->arena, "%s.%s", where, object->key[i]), object->key[i], object->item[i], studies, depth + 1);
}

/* -- what is said outright ------------------------------------------------------------------------------------------ */

static void check_stated(lb_audit *audit)
{
    const lb_value *sums = lb_get(audit->claims, "sums"), *percents = lb_get(audit->claims, "percents");
    for (size_t i = 0; sums && sums->type == LB_ARRAY && i < sums->count; i++)
        check_sum(audit, lb_get_text(sums->item[i], "where", "sums"), "the parts", sum_all(lb_get(sums->item[i], "parts")),
                  lb_get_number(sums->item[i], "whole", NAN));
    for (size_t i = 0; percents && percents->type == LB_ARRAY && i < percents->count; i++) {
        const lb_value *p = percents->item[i];
        double count = lb_get_number(p, "count", NAN), total = lb_get_number(p, "total", NAN), percent = lb_get_number(p, "percent", NAN);
        if (!(total > 0) || isnan(count + percent)) continue;
        audit->checked++;
        if (!rounds_to(count, total, percent))
            lb_audit_find(audit, lb_get_text(p, "where", "percents"), "percent", "%g of %g are %.2f percent, not %g", count, total, 100 * count / total,
                          percent);
    }
}

/* The flow narrows; studies with and without data are all that are included; judgements of bias are one for each. */
static void check_flow(lb_audit *audit, double included)
{
    static const char *const order[] = {"records_unique", "screened", "full_text", "potentially_eligible", "included", "with_sufficient_data"};
    const lb_value *flow = lb_get(audit->claims, "flow"), *risk = lb_get(audit->claims, "risk_of_bias");
    for (size_t i = 0; i < LB_COUNT(order); i++)
        for (size_t j = i + 1; j < LB_COUNT(order); j++) check_part(audit, "flow", flow, order[j], order[i]);
    for (size_t i = 0; flow && i < flow->count; i++)
        if (lb_text_starts(flow->key[i], "studies_")) check_part(audit, "flow", flow, flow->key[i], lb_get(flow, "with_sufficient_data") ? "with_sufficient_data" : "included");
    check_sum(audit, "flow", "studies with and without sufficient data",
              lb_get_number(flow, "with_sufficient_data", NAN) + lb_get_number(flow, "lacking_follow_up", NAN), included);
    double judged = 0;
    size_t levels = 0;
    for (size_t i = 0; risk && i < risk->count; i++) {
        if (!lb_text_starts(risk->key[i], "overall_") || !is_count(risk->item[i])) continue;
        judged += lb_number_of(risk->item[i]);
        levels++;
    }
    if (levels > 1) check_sum(audit, "risk_of_bias", "the judgements", judged, included);
}

void lb_audit_counts(lb_audit *audit)
{
    static const char *const others[] = {"pooled", "sums", "percents", "known_inconsistencies"};
    double included = lb_get_number(lb_get(audit->claims, "flow"), "included", NAN);
    check_flow(audit, included);
    check_stated(audit);
    for (size_t i = 0; i < audit->claims->count; i++) {
        const char *key = audit->claims->key[i];
        bool other = false;
        for (size_t j = 0; j < LB_COUNT(others); j++) other |= strcmp(others[j], key) == 0;
        if (!other) walk(audit, key, key, audit->claims->item[i], included, 0);
    }
}
