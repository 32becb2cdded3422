/* Local regressions on one variable: quadratic (loess) and straight (lowess). */
#ifndef LUMBAR_PREDICT_LOESS_H
#define LUMBAR_PREDICT_LOESS_H

#include <lumbar/base.h>

/** Fitted value at `at` of a local quadratic with tricube weights on the nearest span·n points.
 *  x ascending, y in its order. Where all of them coincide, the mean of those at that place. */
double lb_loess_at(const double *x, const double *y, size_t n, double span, double at);
/** The same at every x, blended from the fits at the edges of cells of a fifth of a span each: what R's loess() gives by default. n > 0. */
void lb_loess_interpolated(const double *x, const double *y, size_t n, double span, double *out);
/** Local lines at every x, as R's lowess() without its robustness steps. */
void lb_lowess(const double *x, const double *y, size_t n, double span, double *out);

#endif
