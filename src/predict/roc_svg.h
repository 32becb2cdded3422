/* The picture of one or two ROC curves. */
#ifndef LUMBAR_PREDICT_ROC_SVG_H
#define LUMBAR_PREDICT_ROC_SVG_H

#include <lumbar/result.h>
#include <lumbar/stats.h>

void lb_roc_picture(lb_result *result, const lb_roc *first, const lb_roc *second, const char *first_name, const char *second_name,
                    double level);

#endif
