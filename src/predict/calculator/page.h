/* The calculator of a published model as one page that needs nothing else. */
#ifndef LUMBAR_PREDICT_CALCULATOR_PAGE_H
#define LUMBAR_PREDICT_CALCULATOR_PAGE_H

#include "predict/published.h"

void lb_calculator_page(const lb_published *model, lb_buf *out);

#endif
