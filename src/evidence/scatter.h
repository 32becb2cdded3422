/* A frame for points: linear axes with ticks, for the bubble and Baujat plots. */
#ifndef LUMBAR_EVIDENCE_SCATTER_H
#define LUMBAR_EVIDENCE_SCATTER_H

#include <lumbar/figure.h>

enum { LB_SCATTER_NAMES = 80 };
typedef struct lb_scatter {
    lb_svg *svg;
    double low_x, high_x, low_y, high_y;
    double taken[LB_SCATTER_NAMES][4]; /**< left, top, right, bottom of names and points so far */
    size_t taken_count;
} lb_scatter;

/** Limits widened by a margin; draws frame, ticks and labels. */
void lb_scatter_open(lb_scatter *plot, const char *title, const char *description, const char *label_x,
                     const char *label_y, lb_arena *arena);
double lb_scatter_x(const lb_scatter *plot, double value);
double lb_scatter_y(const lb_scatter *plot, double value);
/** Keep names off this point. */
void lb_scatter_take(lb_scatter *plot, double x, double y);
/** A name beside, above or below a point, where there is room; none when there is none. */
void lb_scatter_name(lb_scatter *plot, double x, double y, const char *name);
#endif
