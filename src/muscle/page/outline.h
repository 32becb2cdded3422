/* Borders of a set of pixels, along the pixels' edges. */
#ifndef LUMBAR_MUSCLE_OUTLINE_H
#define LUMBAR_MUSCLE_OUTLINE_H
#include <lumbar/base.h>

/** Called for each closed border: count (x, y) corners, the last joined to the first; outer ones clockwise, holes the other way
 *  round (y downwards). */
typedef void (*lb_outline_seen)(void *context, const double *point, size_t count);
void lb_outline(const uint8_t *inside, size_t width, size_t height, lb_outline_seen seen, void *context);
#endif
