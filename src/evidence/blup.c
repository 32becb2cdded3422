/* Best linear unbiased predictions (empirical Bayes estimates) of the studies' true effects: each outcome drawn towards
 * the model's mean as far as its variance says, λᵢyᵢ + (1 − λᵢ)xᵢβ with λᵢ = τ²/(τ² + vᵢ) and variance
 * λᵢvᵢ + (1 − λᵢ)² xᵢ cov(β) xᵢᵀ (Raudenbush & Bryk 1985, doi:10.3102/10769986010002075), τ² taken as known. */
#include "evidence/blup.h"

#include <lumbar/numeric.h>

#include <math.h>

void lb_blup_report(const lb_pool *pool, const lb_effects *effects, const lb_moderators *moderators, const size_t *kept,
                    double level, lb_value *results)
{
    const lb_design *design = moderators ? moderators->design : NULL;
    const double *y = design ? moderators->y : effects->y, *v = design ? moderators->v : effects->v;
    double tail = (1 - level) / 2, tau2 = pool->tau2.tau2;
    double critical = isfinite(pool->df) ? lb_t_q(tail, pool->df, LB_UPPER) : lb_norm_q(tail, LB_UPPER);
    lb_value *rows = lb_set_array(results, "blups");
    for (size_t i = 0; i < pool->k; i++) {
        double mean, variance, share = tau2 / (tau2 + v[i]);
        lb_pool_fitted(pool, design ? design->x : NULL, pool->k, kept, i, &mean, &variance);
        double pred = share * y[i] + (1 - share) * mean;
        double se = sqrt(share * v[i] + (1 - share) * (1 - share) * variance);
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "study", effects->study[effects->used[design ? design->row[i] : i]]);
        lb_set_number(row, "pred", pred);
        lb_set_number(row, "se", se);
        lb_set_number(row, "pi_lower", pred - critical * se);
        lb_set_number(row, "pi_upper", pred + critical * se);
    }
}
