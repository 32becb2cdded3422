/* Fronts that set out from the strokes of one label. */
#ifndef LUMBAR_MUSCLE_FRONT_H
#define LUMBAR_MUSCLE_FRONT_H
#include <lumbar/base.h>

typedef struct lb_front {
    size_t size[3];
    double side_mm[3];    /**< length of a step along each axis */
    const float *resist;  /**< 0 … 1 at each cell */
    double slow;          /**< a millimetre through a cell of resistance 1 counts 1 + slow */
    double jump_mm;       /**< and a change of resistance by 1 as many more */
    const int8_t *seed;   /**< −1: free; else the label; fronts do not pass the strokes of others */
} lb_front;

/** Least cost, in millimetres, of a way from the strokes of `label` to each cell; INFINITY where there is none. */
void lb_front_run(const lb_front *front, int8_t label, float *cost);
#endif
