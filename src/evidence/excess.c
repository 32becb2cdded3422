/* Test of excess significance (Ioannidis & Trikalinos 2007, doi:10.1177/1740774507077441): are more studies significant
 * than their power against the pooled effect lets expect? The number of significant studies is a sum of independent
 * events of unequal probability, so its exact distribution follows by adding one study at a time. */
#include "evidence/excess.h"

#include <lumbar/numeric.h>

#include <math.h>

static const double ALPHA = .05;

/* P(at least `observed` of k events), chance[j] = P(j of those added so far). */
static double at_least(const double *power, size_t k, size_t observed, lb_arena *arena)
{
    double *chance = lb_arena_array(arena, k + 1, sizeof *chance), sum = 0;
    chance[0] = 1;
    for (size_t i = 0; i < k; i++) {
        chance[i + 1] = chance[i] * power[i];
        for (size_t j = i; j > 0; j--) chance[j] = chance[j] * (1 - power[i]) + chance[j - 1] * power[i];
        chance[0] *= 1 - power[i];
    }
    for (size_t j = k + 1; j-- > observed;) sum += chance[j];
    return fmin(1, sum);
}

/* Whether there are at most a million sets of `observed` or more studies: as far as metafor goes with its exact test,
 * which goes through them all. */
static bool few_sets(size_t k, size_t observed)
{
    double sets = 0, choose = 1; /* C(k, k − j) */
    for (size_t j = 0; j <= k - observed && sets <= 1e6; j++) {
        sets += choose;
        choose *= (double)(k - j) / (double)(j + 1);
    }
    return sets <= 1e6 * (1 + 1e-12);
}

void lb_excess_test(const double *y, const double *v, size_t k, lb_arena *arena, lb_excess *out)
{
    *out = (lb_excess){.power = lb_arena_array(arena, k + 1, sizeof *out->power)};
    double weights = 0, critical = lb_norm_q(ALPHA / 2, LB_UPPER), n = (double)k;
    for (size_t i = 0; i < k; i++) {
        weights += 1 / v[i];
        out->theta += y[i] / v[i];
    }
    out->theta /= weights;
    for (size_t i = 0; i < k; i++) {
        double se = sqrt(v[i]), shift = out->theta / se;
        out->power[i] = lb_norm_p(critical - shift, LB_UPPER) + lb_norm_p(-critical - shift, LB_LOWER);
        out->expected += out->power[i];
        if (fabs(y[i] / se) >= critical) out->observed++;
    }
    double over = (double)out->observed - out->expected, z = over * sqrt(1 / out->expected + 1 / (n - out->expected));
    out->x2 = z * z;
    out->p_chi2 = lb_norm_p(z, LB_UPPER);
    out->p_exact = at_least(out->power, k, out->observed, arena);
    out->exact = few_sets(k, out->observed);
}
