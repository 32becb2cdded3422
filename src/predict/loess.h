/* Local quadratic regression on one variable. */
#ifndef LUMBAR_PREDICT_LOESS_H
#define LUMBAR_PREDICT_LOESS_H

#include <lumbar/base.h>

/** Fitted value at `at` of a local quadratic with tricube weights on the nearest span·n points.
 *  x ascending, y in its order. Where all of them coincide, the mean of those at that place. */
double lb_loess_at(const double *x, const double *y, size_t n, double span, double at);

#endif
