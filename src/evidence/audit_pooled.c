/* Checks of pooled results: an interval lies around its estimate, a p fits its statistic, Kendall's tau is one that so
 * many studies can give, two cells do not share numbers, text and abstract agree. Printed numbers are ranges: ±half a
 * unit of their last decimal. */
#include "evidence/audit.h"
#include "evidence/bias.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_STUDIES = 200 };

void lb_audit_find(lb_audit *audit, const char *where, const char *kind, const char *fmt, ...)
{
    char message[600];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    lb_value *row = lb_push_object(audit->findings);
    lb_set_text(row, "where", where);
    lb_set_text(row, "kind", kind);
    lb_set_text(row, "message", message);
}

/* JSON has lost trailing zeros: effects and intervals take the finest decimals among them. */
double lb_audit_half_unit(double printed)
{
    char text[32];
    lb_number_text(printed, text);
    const char *dot = strchr(text, '.');
    size_t digits = dot ? strlen(dot + 1) : 0;
    return .5 * pow(10, -(double)digits);
}

static double effect_half_unit(const double *x, size_t n)
{
    double half = .5;
    for (size_t i = 0; i < n; i++) half = fmin(half, lb_audit_half_unit(x[i]));
    return half;
}

static double at(const lb_value *list, size_t i) { return list && i < list->count ? lb_number_of(list->item[i]) : NAN; }

static void check_interval(lb_audit *audit, const char *where, const lb_value *claim)
{
    const lb_value *ci = lb_get(claim, "ci");
    double x[3] = {lb_get_number(claim, "smd", lb_get_number(claim, "estimate", NAN)), at(ci, 0), at(ci, 1)};
    if (!isfinite(x[0]) || !isfinite(x[1]) || !isfinite(x[2])) return;
    audit->checked++;
    double middle = (x[1] + x[2]) / 2, half = effect_half_unit(x, 3);
    if (x[1] > x[2]) {
        lb_audit_find(audit, where, "interval_order", "the interval [%g, %g] ends before it begins", x[1], x[2]);
    } else if (x[0] < x[1] - half || x[0] > x[2] + half) {
        lb_audit_find(audit, where, "interval_outside", "%g lies outside its interval [%g, %g]", x[0], x[1], x[2]);
    } else if (fabs(middle - x[0]) > 2 * half * (1 + 1e-9)) {
        lb_audit_find(audit, where, "interval_symmetry", "%g [%g, %g] is not symmetric: the middle is %g", x[0], x[1],
                      x[2], middle);
    }
    double p = lb_get_number(claim, "p", NAN), se = (x[2] - x[1]) / (2 * 1.959963984540054);
    if (isnan(p) || !(se > 0)) return;
    audit->checked++;
    double slack = half * 1.959963984540054 / (x[2] - x[1]) * 2 * fabs(x[0] / se) + half / se, z = fabs(x[0] / se),
           unit = lb_audit_half_unit(p);
    double most = lb_two_sided_p(fmax(0, z - slack), INFINITY) + unit,
           least = lb_two_sided_p(z + slack, INFINITY) - unit;
    if (p > most || p < least)
        lb_audit_find(audit, where, "interval_p", "%g [%g, %g] gives p = %.3g, not %g", x[0], x[1], x[2],
                      lb_two_sided_p(z, INFINITY), p);
}

/* ">0.05" and the like: -1 below, 1 above, 0 a number; the bound goes to *value. */
static int bound(const lb_value *p, double *value)
{
    *value = lb_number_of(p);
    if (!p || p->type != LB_STRING) return 0;
    const char *text = p->text;
    int side = *text == '<' ? -1 : *text == '>' ? 1 : 0;
    if (side) text++;
    while (*text == ' ' || *text == '=') text++;
    if (!lb_text_number(text, strlen(text), value)) *value = NAN;
    return side;
}

static bool fits(int side, double printed, double low, double high)
{
    double half = lb_audit_half_unit(printed);
    if (side > 0) return high > printed;
    if (side < 0) return low < printed;
    return high >= printed - half && low <= printed + half;
}

static void check_statistic(lb_audit *audit, const char *where, const lb_value *claim)
{
    double z = lb_get_number(claim, "egger", NAN), printed;
    int side = bound(lb_get(claim, "egger_p"), &printed);
    if (isnan(z) || isnan(printed)) return;
    audit->checked++;
    double half = lb_audit_half_unit(z), high = lb_two_sided_p(fmax(0, fabs(z) - half), INFINITY),
           low = lb_two_sided_p(fabs(z) + half, INFINITY);
    double k = lb_get_number(claim, "k", NAN);
    if (k > 3) high = fmax(high, lb_two_sided_p(fmax(0, fabs(z) - half), k - 2)); /* it may be a t */
    if (!fits(side, printed, low, high))
        lb_audit_find(audit, where, "statistic_p", "Egger's %g gives p between %.3g and %.3g, not %g", z, low, high,
                      printed);
}

/* S that rounds to the printed tau with k studies and no ties, or NaN. */
static double possible_s(double tau, size_t k)
{
    double pairs = (double)(k * (k - 1) / 2), half = lb_audit_half_unit(tau) * (1 + 1e-9);
    double first = ceil((tau - half) * pairs), last = floor((tau + half) * pairs);
    for (double s = first; s <= last; s++) {
        if (fmod(fabs(s) + pairs, 2) == 0) return s;
    }
    return NAN;
}

static void check_tau(lb_audit *audit, const char *where, const lb_value *claim)
{
    double tau = lb_get_number(claim, "rank", NAN), k = lb_get_number(claim, "k", NAN), printed;
    int side = bound(lb_get(claim, "rank_p"), &printed);
    if (isnan(tau) || !(k >= 2 && k <= MOST_STUDIES) || k != floor(k)) return;
    audit->checked++;
    size_t n = (size_t)k;
    double s = possible_s(tau, n);
    if (!isnan(s)) {
        double p = lb_kendall_exact_p(s, n, audit->arena);
        if (!isnan(printed) && !fits(side, printed, p, p))
            lb_audit_find(audit, where, "kendall_p", "Kendall's tau %g of %zu studies has p = %.3g, not %g", tau, n, p,
                          printed);
        return;
    }
    char other[160] = "";
    for (size_t m = n; m-- > 4 && !other[0] && !isnan(printed);) {
        double t = possible_s(tau, m), p = isnan(t) ? NAN : lb_kendall_exact_p(t, m, audit->arena);
        if (!isnan(p) && side == 0 && fits(0, printed, p, p))
            snprintf(other, sizeof other, "; k = %zu with S = %g gives %.4f and p = %.4f", m, t,
                     2 * t / (double)(m * (m - 1)), p);
    }
    lb_audit_find(audit, where, "kendall_tau", "Kendall's tau %g cannot come from %zu studies without ties%s", tau, n,
                  other);
}

static const char *cell_name(lb_audit *audit, const lb_value *claim, size_t i)
{
    const char *outcome = lb_get_text(claim, "outcome", NULL);
    if (!outcome) return lb_arena_printf(audit->arena, "pooled[%zu]", i);
    return lb_arena_printf(audit->arena, "pooled[%zu]: %s, %s, %s", i, outcome, lb_get_text(claim, "comparator", "?"),
                           lb_get_text(claim, "term", "?"));
}

/* Text against abstract: certainty, and numbers given a second time. */
static void check_abstract(lb_audit *audit, const char *where, const lb_value *claim)
{
    const char *text = lb_get_text(claim, "grade_text", NULL), *abstract = lb_get_text(claim, "grade_abstract", NULL);
    if (text && abstract) {
        audit->checked++;
        if (strcmp(text, abstract) != 0)
            lb_audit_find(audit, where, "grade", "the certainty is %s in the text and %s in the abstract", text,
                          abstract);
    }
    const lb_value *again = lb_get(claim, "abstract_version");
    if (!again) return;
    const char *there = lb_arena_printf(audit->arena, "%s (abstract)", where);
    check_interval(audit, there, again);
    audit->checked++;
    double a[3] = {lb_get_number(claim, "smd", NAN), at(lb_get(claim, "ci"), 0), at(lb_get(claim, "ci"), 1)};
    double b[3] = {lb_get_number(again, "smd", NAN), at(lb_get(again, "ci"), 0), at(lb_get(again, "ci"), 1)};
    if (a[0] != b[0] || a[1] != b[1] || a[2] != b[2])
        lb_audit_find(audit, there, "abstract", "the abstract has %g [%g, %g], the text %g [%g, %g]", b[0], b[1], b[2],
                      a[0], a[1], a[2]);
}

/* The same numbers for two different cells. One number may agree by chance; two of a kind are worth a look. */
static void check_repeats(lb_audit *audit, const lb_value *pooled)
{
    for (size_t i = 0; i < pooled->count; i++) {
        for (size_t j = 0; j < i; j++) {
            const lb_value *a = pooled->item[j], *b = pooled->item[i];
            double i2 = lb_get_number(a, "I2", NAN), k = lb_get_number(a, "k", NAN);
            if (i2 > 0 && i2 == lb_get_number(b, "I2", NAN) && k == lb_get_number(b, "k", NAN))
                lb_audit_find(audit, cell_name(audit, b, i), "repeated", "I2 = %g and k = %g are also those of %s", i2,
                              k, cell_name(audit, a, j));
            /* A run of mean differences: this cell and the next repeat two others in the same order. */
            if (i + 1 >= pooled->count || j + 1 >= i) continue;
            double first = lb_get_number(a, "mean_diff_vas", NAN),
                   second = lb_get_number(pooled->item[j + 1], "mean_diff_vas", NAN);
            if (first == lb_get_number(b, "mean_diff_vas", NAN) &&
                second == lb_get_number(pooled->item[i + 1], "mean_diff_vas", NAN))
                lb_audit_find(
                    audit, cell_name(audit, b, i), "repeated",
                    "the mean differences %g and %g here and in the next cell are also those of %s and the next", first,
                    second, cell_name(audit, a, j));
        }
    }
    audit->checked++;
}

void lb_audit_pooled(lb_audit *audit)
{
    const lb_value *pooled = lb_get(audit->claims, "pooled");
    if (!pooled || pooled->type != LB_ARRAY) return;
    for (size_t i = 0; i < pooled->count && i < 10000; i++) {
        const lb_value *claim = pooled->item[i];
        const char *where = cell_name(audit, claim, i);
        check_interval(audit, where, claim);
        check_statistic(audit, where, claim);
        check_tau(audit, where, claim);
        check_abstract(audit, where, claim);
    }
    if (pooled->count <= 1000) check_repeats(audit, pooled);
}
