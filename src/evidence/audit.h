/* Checks of the numbers that a published review prints. */
#ifndef LUMBAR_EVIDENCE_AUDIT_H
#define LUMBAR_EVIDENCE_AUDIT_H

#include <lumbar/result.h>

typedef struct lb_audit {
    const lb_value *claims;
    lb_arena *arena;
    lb_value *findings;
    size_t checked; /**< how many claims were held against something */
} lb_audit;

void lb_audit_find(lb_audit *audit, const char *where, const char *kind, const char *fmt, ...) LB_PRINTF(4, 5);
/** Half a unit of the last decimal that a number was printed with. */
double lb_audit_half_unit(double printed);
void lb_audit_pooled(lb_audit *audit);
void lb_audit_counts(lb_audit *audit);
#endif
