/* Smoothing the borders of labels, all at once. */
#ifndef LUMBAR_MUSCLE_SMOOTH_H
#define LUMBAR_MUSCLE_SMOOTH_H
#include "muscle/segment/mask.h"

typedef enum lb_smoothing { LB_SMOOTH_MEDIAN, LB_SMOOTH_JOINT } lb_smoothing;

/** `radius_mm`: half width of the box (median), or the standard deviation of the Gaussian (joint). */
void lb_mask_smooth(uint16_t *numbers, const lb_slices *slices, const int64_t *label, size_t labels, lb_smoothing how,
                    double radius_mm, bool across_slices, unsigned threads);
#endif
