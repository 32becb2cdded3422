/* Slow brightness changes across a picture, estimated and divided out. */
#ifndef LUMBAR_MUSCLE_BIAS_H
#define LUMBAR_MUSCLE_BIAS_H
#include <lumbar/op.h>

typedef struct lb_bias {
    double width;        /**< full width at half maximum of the bias in log brightness */
    double noise;        /**< Wiener noise of the deconvolution */
    int levels, steps;   /**< resolutions of the spline; most steps at each */
    double converged;    /**< stop when the field changes by less (coefficient of variation) */
    size_t shrink;       /**< every n-th voxel along each axis is used to estimate */
    const lb_progress *progress;
    int steps_taken;     /**< out */
} lb_bias;

/** Fills `field` (one factor per voxel, mean of its logarithm 0 inside the mask). `mask` NULL: voxels above zero. */
int lb_bias_estimate(const lb_volume *image, const lb_volume *mask, lb_bias *how, double *field, lb_error *err) LB_MUST_CHECK;
#endif
