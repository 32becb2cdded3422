/* Trim and fill, and fail-safe numbers. */
#ifndef LUMBAR_EVIDENCE_TRIMFILL_H
#define LUMBAR_EVIDENCE_TRIMFILL_H

#include "evidence/report.h"

typedef enum lb_trim { LB_TRIM_L0, LB_TRIM_R0, LB_TRIM_Q0 } lb_trim;
typedef enum lb_trim_side { LB_TRIM_AUTO, LB_TRIM_LEFT, LB_TRIM_RIGHT } lb_trim_side;

typedef struct lb_trimfill {
    bool right; /**< the missing studies are on the right */
    size_t k0;
    double se_k0, p_k0; /**< p: R0 only, else NaN */
    bool settled;       /**< the rounds of trimming came to rest */
    double *y, *v;      /**< k + k0: the studies, then the filled ones */
    size_t k;           /**< k + k0 */
} lb_trimfill;

/** k ≥ 3. */
int lb_trimfill_fit(const lb_effects *effects, const lb_pool_settings *settings, lb_trim estimator, lb_trim_side side,
                    lb_arena *arena, lb_trimfill *out, lb_error *err) LB_MUST_CHECK;
#endif
