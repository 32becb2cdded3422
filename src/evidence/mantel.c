/* Mantel–Haenszel pooling: odds ratio with the variance of Robins, Breslow & Greenland 1986, risk ratio and risk
 * difference as in Greenland & Robins 1985 and Sato 1989; Peto's odds ratio (Yusuf 1985). Cells are taken as they are;
 * a study without events has no effect of its own, so it takes no part in Q. */
#include "evidence/mantel.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

typedef struct tables {
    const lb_effects *effects;
    size_t row;
    double a, b, c, d, n1, n2, n;
} tables;

/* The next complete table, or false. */
static bool next_table(tables *t)
{
    double *const *arm = t->effects->arm;
    while (t->row < t->effects->rows) {
        size_t r = t->row++;
        t->a = arm[0][r];
        t->b = arm[1][r];
        t->c = arm[2][r];
        t->d = arm[3][r];
        t->n1 = t->a + t->b;
        t->n2 = t->c + t->d;
        t->n = t->n1 + t->n2;
        if (t->n1 > 0 && t->n2 > 0) return true; /* false for NaN */
    }
    return false;
}

static void odds_ratio(const lb_effects *effects, lb_mantel *out)
{
    double r = 0, s = 0, pr = 0, mixed = 0, qs = 0;
    for (tables t = {.effects = effects}; next_table(&t); out->k++) {
        double ri = t.a * t.d / t.n, si = t.b * t.c / t.n, p = (t.a + t.d) / t.n, q = (t.b + t.c) / t.n;
        r += ri;
        s += si;
        pr += p * ri;
        mixed += p * si + q * ri;
        qs += q * si;
    }
    out->estimate = log(r / s);
    out->se = sqrt((pr / (r * r) + mixed / (r * s) + qs / (s * s)) / 2);
}

/* Events expected in group 1 of a table with these margins and this odds ratio: the root within the table's limits of
 * (1 − ψ)A² + (n₂ − m + ψ(n₁ + m))A − ψ n₁ m = 0. */
static double expected_cell(const tables *t, double ratio)
{
    double m = t->a + t->c, square = 1 - ratio, linear = t->n2 - m + ratio * (t->n1 + m), constant = -ratio * t->n1 * m;
    if (fabs(square) < 1e-12) return -constant / linear;
    /* linear > 0 where the table has events: this root, without cancellation, is the one within the limits */
    return -2 * constant / (linear + sqrt(linear * linear - 4 * square * constant));
}

/* Cochran–Mantel–Haenszel's test of the common odds ratio (Mantel & Haenszel 1959), and Tarone's (1985) of its
 * homogeneity. */
static void test_odds_ratio(const lb_effects *effects, lb_mantel *out)
{
    double ratio = exp(out->estimate), difference = 0, variances = 0, squares = 0, sum = 0, sum_variances = 0;
    for (tables t = {.effects = effects}; next_table(&t);) {
        double events = t.a + t.c, other = t.b + t.d;
        if (events == 0 || other == 0) continue;
        difference += t.a - events * t.n1 / t.n;
        variances += events * other * (t.n1 / t.n) * (t.n2 / t.n) / (t.n - 1);
        double a = expected_cell(&t, ratio), v = 1 / (1 / a + 1 / (t.n1 - a) + 1 / (events - a) + 1 / (t.n2 - events + a));
        squares += (t.a - a) * (t.a - a) / v;
        sum += t.a - a;
        sum_variances += v;
        out->tarone_df++;
    }
    double away = fabs(difference) - .5;
    out->cmh = away * away / variances;
    out->cmh_p = lb_chisq_p(out->cmh, 1, LB_UPPER);
    out->tarone = squares - sum * sum / sum_variances;
    out->tarone_df--;
    out->tarone_p = out->tarone_df > 0 ? lb_chisq_p(out->tarone, out->tarone_df, LB_UPPER) : NAN;
}

static void risk_ratio(const lb_effects *effects, lb_mantel *out)
{
    double r = 0, s = 0, p = 0;
    for (tables t = {.effects = effects}; next_table(&t); out->k++) {
        r += t.a * t.n2 / t.n;
        s += t.c * t.n1 / t.n;
        p += t.n1 * t.n2 * (t.a + t.c) / (t.n * t.n) - t.a * t.c / t.n;
    }
    out->estimate = log(r / s);
    out->se = sqrt(p / (r * s));
}

static void risk_difference(const lb_effects *effects, lb_mantel *out)
{
    double above = 0, weights = 0, p = 0, q = 0;
    for (tables t = {.effects = effects}; next_table(&t); out->k++) {
        double w1 = t.n1 / t.n, w2 = t.n2 / t.n;
        above += t.a * w2 - t.c * w1;
        weights += t.n1 * w2;
        p += t.c * w1 * w1 - t.a * w2 * w2 + w1 * w2 * (t.n2 - t.n1) / 2;
        q += (t.a * (t.n2 - t.c) / t.n + t.c * (t.n1 - t.a) / t.n) / 2;
    }
    out->estimate = above / weights;
    out->se = sqrt(out->estimate * p + q) / weights;
}

static int check(const lb_effects *effects, const lb_mantel *out, lb_error *err)
{
    if (isfinite(out->estimate) && isfinite(out->se) && out->se > 0) return 0;
    int code =
        lb_fail(err, LB_BAD_DATA, "the %zu tables together have no events in a group, or nothing but events", out->k);
    lb_error_hint(err, "%s cannot be pooled from them; a risk difference may", effects->measure->shown);
    return code;
}

int lb_mantel_haenszel(const lb_effects *effects, lb_mantel *out, lb_error *err)
{
    *out = (lb_mantel){0};
    const char *name = effects->measure->name;
    if (strcmp(name, "OR") == 0)
        odds_ratio(effects, out);
    else if (strcmp(name, "RR") == 0)
        risk_ratio(effects, out);
    else
        risk_difference(effects, out);
    int code = check(effects, out, err);
    if (code) return code;
    out->cmh = out->cmh_p = out->tarone = out->tarone_p = NAN;
    if (strcmp(name, "OR") == 0) test_odds_ratio(effects, out);
    double used = 0;
    for (size_t i = 0; i < effects->k; i++) {
        size_t r = effects->used[i];
        bool empty = (effects->arm[0][r] == 0 && effects->arm[2][r] == 0) ||
                     (effects->arm[1][r] == 0 && effects->arm[3][r] == 0);
        if (empty) continue;
        double away = effects->y[i] - out->estimate;
        out->q += away * away / effects->v[i];
        used++;
    }
    out->q_df = used - 1;
    return 0;
}

int lb_peto(const lb_effects *effects, lb_mantel *out, lb_error *err)
{
    *out = (lb_mantel){0};
    double differences = 0, variances = 0, squares = 0, used = 0;
    for (tables t = {.effects = effects}; next_table(&t); out->k++) {
        double events = t.a + t.c, variance = events * (t.n - events) * (t.n1 / t.n) * (t.n2 / t.n) / (t.n - 1);
        double difference = t.a - events * t.n1 / t.n;
        if (!(variance > 0)) continue;
        differences += difference;
        variances += variance;
        squares += difference * difference / variance;
        used++;
    }
    out->estimate = differences / variances;
    out->se = sqrt(1 / variances);
    out->q = fmax(0, squares - differences * differences / variances);
    out->q_df = used - 1;
    return check(effects, out, err);
}
