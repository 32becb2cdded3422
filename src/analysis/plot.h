/* A frame with two axes, and the pictures of the room that are drawn in one. Everything reads in grey. */
#ifndef LUMBAR_ANALYSIS_PLOT_H
#define LUMBAR_ANALYSIS_PLOT_H
#include <lumbar/figure.h>
#include <lumbar/op.h>

#include "analysis/labels.h"

#define LB_PLOT_INK "#1c2530"
typedef struct lb_plot {
    lb_svg *svg;
    double left, top, width, height; /**< points */
    double x0, x1, y0, y1;           /**< what the sides stand for */
} lb_plot;
double lb_plot_x(const lb_plot *plot, double value);
double lb_plot_y(const lb_plot *plot, double value);
/** Widens [low, high] by a share so that nothing sits on the frame. */
void lb_plot_range(const double *value, size_t n, double *low, double *high);
/** Axes with ticks and titles; x_names: words at 0, 1, … instead of numbers, or NULL. */
void lb_plot_axes(const lb_plot *plot, const char *x_title, const char *y_title, const char *const *x_names, size_t names);
/** Local linear regression with tricube weights over a share of the points (Cleveland 1979), at `count` places. */
void lb_plot_smooth(const double *x, const double *y, size_t n, double share, const double *at, size_t count, double *out);

/** Least-squares means over the visits with intervals, a line pattern and mark for each arm. `means` rows: arm, visit, estimate, … */
void lb_visits_picture(lb_result *result, const lb_value *means, const char *arm, const char *visit, const char *outcome,
                       const lb_value *labels);
/** Difference against delta with its interval; where it includes 0 is shaded. Rows: contrast, delta, estimate, lower, upper. */
void lb_tipping_picture(lb_result *result, const lb_value *rows, const lb_value *points, const lb_value *labels);
/** Residuals against fitted values, and their normal quantiles. */
void lb_residuals_picture(lb_result *result, const double *fitted, const double *residual, size_t n);
#endif
