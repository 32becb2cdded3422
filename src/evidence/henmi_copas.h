/* The interval of Henmi and Copas. */
#ifndef LUMBAR_EVIDENCE_HENMI_COPAS_H
#define LUMBAR_EVIDENCE_HENMI_COPAS_H

#include <lumbar/base.h>

typedef struct lb_henmi_copas {
    double estimate, se, lower, upper, tau2;
} lb_henmi_copas;
/** k ≥ 2 outcomes with positive variances. */
int lb_henmi_copas_fit(const double *y, const double *v, size_t k, double level, lb_henmi_copas *out,
                       lb_error *err) LB_MUST_CHECK;
#endif
