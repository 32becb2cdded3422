/* One set of studies under several programs' conventions. */
#ifndef LUMBAR_EVIDENCE_CONVENTIONS_H
#define LUMBAR_EVIDENCE_CONVENTIONS_H

#include "evidence/report.h"

/** conventions[] and what flips, into the results. */
int lb_conventions_report(const lb_effects *effects, double level, lb_arena *arena, lb_result *result,
                          lb_error *err) LB_MUST_CHECK;
#endif
