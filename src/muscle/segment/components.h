/* Connected pieces of a label map. */
#ifndef LUMBAR_MUSCLE_COMPONENTS_H
#define LUMBAR_MUSCLE_COMPONENTS_H
#include "muscle/segment/mask.h"

/** Keep the largest piece of every label (voxels that touch by a face, or also by edges and corners); what is dropped
 *  becomes 0. Returns, per label, how many pieces there were and how many voxels went. */
void lb_components_largest(uint16_t *numbers, const size_t size[3], const int64_t *label, size_t labels, bool corners,
                           size_t *pieces, size_t *dropped);
#endif
