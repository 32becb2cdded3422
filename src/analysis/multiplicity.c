/* Fixed sequence, Holm (1979), Hochberg (1988), Bonferroni; families in series with serial or parallel gatekeeping: after a family
 * gated by `any`, what its rejections are worth is handed on (Bonferroni-based: Dmitrienko, Offen & Westfall 2003,
 * doi:10.1002/sim.1526). All are monotone in alpha, so an adjusted p is the smallest alpha at which a hypothesis is rejected. */
#include "analysis/multiplicity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool lb_multiple_method(const char *word, lb_multiple *out)
{
    static const char *const name[] = {"fixed_sequence", "holm", "hochberg", "bonferroni"};
    for (size_t i = 0; i < LB_COUNT(name); i++)
        if (lb_text_equal(word, name[i])) return *out = (lb_multiple)i, true;
    return false;
}

/* Order of p ascending; those that could not be tested last. */
static void order_of(const double *p, size_t n, size_t *order)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        double value = isnan(p[i]) ? 2 : p[i];
        for (; at > 0 && (isnan(p[order[at - 1]]) ? 2 : p[order[at - 1]]) > value; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

static size_t reject_family(lb_multiple method, const double *p, size_t n, double alpha, bool *rejected)
{
    size_t count = 0, *order = lb_alloc(n + 1, sizeof *order);
    memset(rejected, 0, n * sizeof *rejected);
    order_of(p, n, order);
    switch (method) {
    case LB_FIXED:
        while (count < n && p[count] <= alpha) rejected[count++] = true;
        break;
    case LB_BONFERRONI:
        for (size_t i = 0; i < n; i++) count += rejected[i] = p[i] <= alpha / (double)n;
        break;
    case LB_HOLM:
        while (count < n && p[order[count]] <= alpha / (double)(n - count)) rejected[order[count++]] = true;
        break;
    case LB_HOCHBERG:
        for (size_t k = n; k-- > 0;) { /* the largest p first */
            if (!(p[order[k]] <= alpha / (double)(n - k))) continue;
            for (size_t i = 0; i <= k; i++) rejected[order[i]] = true;
            count = k + 1;
            break;
        }
        break;
    }
    free(order);
    return count;
}

void lb_multiple_reject(const lb_family_tests *family, size_t families, const double *p, double alpha, bool *rejected)
{
    for (size_t f = 0; f < families; f++) {
        const lb_family_tests *now = &family[f];
        size_t count = reject_family(now->method, p + now->first, now->count, alpha, rejected + now->first);
        if (now->gate_any) alpha *= now->count ? (double)count / (double)now->count : 1;
        else if (count < now->count) alpha = -1; /* the gate stays shut */
    }
}

void lb_multiple_adjust(const lb_family_tests *family, size_t families, const double *p, size_t count, double *adjusted)
{
    bool *rejected = lb_alloc(count + 1, sizeof *rejected);
    for (size_t i = 0; i < count; i++) {
        double low = 0, high = 1;
        lb_multiple_reject(family, families, p, 1, rejected);
        adjusted[i] = 1;
        if (!rejected[i]) continue;
        for (int step = 0; step < 1100 && high > low; step++) { /* down to neighbouring doubles */
            double middle = low + (high - low) / 2;
            if (middle <= low || middle >= high) break;
            lb_multiple_reject(family, families, p, middle, rejected);
            if (rejected[i]) high = middle;
            else low = middle;
        }
        adjusted[i] = high;
    }
    free(rejected);
}
