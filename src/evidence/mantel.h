/* Pooling 2 × 2 tables without a variance per study. */
#ifndef LUMBAR_EVIDENCE_MANTEL_H
#define LUMBAR_EVIDENCE_MANTEL_H

#include "evidence/effect.h"

typedef struct lb_mantel {
    double estimate, se;
    double q, q_df; /**< heterogeneity of the studies' own effects around the pooled one */
    size_t k;       /**< tables used */
    double cmh, cmh_p;               /**< Cochran–Mantel–Haenszel χ² (1 df) with the continuity correction; odds ratios only, else NaN */
    double tarone, tarone_df, tarone_p; /**< Breslow & Day's test of equal odds ratios in Tarone's form; likewise */
} lb_mantel;
/** Mantel–Haenszel for OR, RR and RD (logarithms for ratios). Effects computed from ai, bi, ci, di. */
int lb_mantel_haenszel(const lb_effects *effects, lb_mantel *out, lb_error *err) LB_MUST_CHECK;
/** Peto's one-step odds ratio. */
int lb_peto(const lb_effects *effects, lb_mantel *out, lb_error *err) LB_MUST_CHECK;
/** The whole of meta fit with these methods. */
int lb_fit_tables(lb_call *call, bool peto, lb_result *result, lb_error *err) LB_MUST_CHECK;
#endif
