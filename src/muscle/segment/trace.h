/* Level tracing: the region inside the outline of equal brightness through one voxel. */
#ifndef LUMBAR_MUSCLE_TRACE_H
#define LUMBAR_MUSCLE_TRACE_H
#include "muscle/segment/mask.h"

/** In the slice of voxel (i, j, k): voxels joined to it (by faces) that are at least as bright (or dark, with `darker`),
 *  and the holes inside. Returns how many were set to `label`. */
size_t lb_trace_level(const lb_volume *image, const lb_slices *slices, const size_t at[3], bool darker, uint16_t label,
                      uint16_t *numbers);
#endif
