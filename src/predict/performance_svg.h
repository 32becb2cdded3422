/* Pictures of calibration and of decision curves, drawn from the results. */
#ifndef LUMBAR_PREDICT_PERFORMANCE_SVG_H
#define LUMBAR_PREDICT_PERFORMANCE_SVG_H

#include <lumbar/result.h>

void lb_calibration_picture(lb_result *result, const char *score);
void lb_decision_picture(lb_result *result, const char *score, const char *compare);

#endif
