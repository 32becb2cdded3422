/* The funnel plot of the studies of a meta-analysis. */
#ifndef LUMBAR_EVIDENCE_FUNNEL_H
#define LUMBAR_EVIDENCE_FUNNEL_H

#include "evidence/effect.h"

#include <lumbar/figure.h>

/** SVG. contoured: regions of significance around 0 instead of the 95 % region around `centre`. */
const char *lb_funnel_draw(const lb_effects *effects, double centre, bool contoured, bool log_axis, const char *label,
                           const char *title, lb_arena *arena);
#endif
