/* The test of excess significance. */
#ifndef LUMBAR_EVIDENCE_EXCESS_H
#define LUMBAR_EVIDENCE_EXCESS_H

#include <lumbar/base.h>

typedef struct lb_excess {
    size_t observed;             /**< studies significant at 5 %, two-sided */
    double expected, theta;      /**< Σ power, at the equal-effects estimate theta */
    double x2, p_chi2, p_exact;  /**< one-sided, for an excess */
    bool exact;                  /**< the exact p is the one to report */
    double *power;               /**< k */
} lb_excess;
void lb_excess_test(const double *y, const double *v, size_t k, lb_arena *arena, lb_excess *out);
#endif
