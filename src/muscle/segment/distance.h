/* Exact Euclidean distances in a plane or in space, in millimetres. */
#ifndef LUMBAR_MUSCLE_DISTANCE_H
#define LUMBAR_MUSCLE_DISTANCE_H
#include <stddef.h>
#include <stdint.h>

/** Squared distance from each pixel to the nearest pixel where `inside` is `value`; very large when there is none. */
void lb_distance_plane(const uint8_t *inside, uint8_t value, const size_t size[2], const double spacing_mm[2], double *out);
/** The same in space: squared distance from each voxel to the nearest with `inside` set. */
void lb_distance_space(const uint8_t *inside, const size_t size[3], const double spacing_mm[3], double *out);
/** Signed distance to the border of the shape: positive inside, in mm; the border lies half a pixel from pixel centres. */
void lb_signed_distance(const uint8_t *inside, const size_t size[2], const double spacing_mm[2], double *out);
#endif
