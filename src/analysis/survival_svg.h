/* The picture of survival curves. */
#ifndef LUMBAR_ANALYSIS_SURVIVAL_SVG_H
#define LUMBAR_ANALYSIS_SURVIVAL_SVG_H
#include "analysis/labels.h"
#include "analysis/survival.h"
/** Curves with limits and censoring marks, numbers at risk below. limits: lower and upper of each group. */
void lb_survival_picture(lb_call *call, const lb_survival *data, const uint32_t *index, const size_t *start, const lb_km *km,
                         const double *const *limits, const lb_value *labels, lb_result *result);
#endif
