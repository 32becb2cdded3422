/* Slices between drawn slices, filled from their shapes. */
#ifndef LUMBAR_MUSCLE_FILL_H
#define LUMBAR_MUSCLE_FILL_H
#include "muscle/segment/mask.h"

/** Fill every slice without labels that lies between two drawn ones; returns how many, and the slices drawn. */
int lb_fill_between(uint16_t *numbers, const lb_slices *slices, const int64_t *label, size_t labels, unsigned threads,
                    size_t *drawn, size_t *filled, lb_error *err) LB_MUST_CHECK;
#endif
