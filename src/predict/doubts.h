/* Warnings about rows that are scored although something about them is doubtful. */
#ifndef LUMBAR_PREDICT_DOUBTS_H
#define LUMBAR_PREDICT_DOUBTS_H

#include "predict/model.h"
#include "predict/published.h"

#include <lumbar/result.h>

/** Of the rows without a fault: which inputs are not known and what stands in for them, which lie outside the training range. */
void lb_doubts_published(const lb_published *model, const lb_published_rows *rows, lb_result *result);
/** The same of the columns of any other model (rows × features); `scores`, when given, has an object per row to say it in, too. */
void lb_doubts_model(const lb_model *model, const double *x, size_t rows, lb_value *scores, lb_result *result);

#endif
