/* How alike two label maps are, label by label. */
#ifndef LUMBAR_MUSCLE_OVERLAP_H
#define LUMBAR_MUSCLE_OVERLAP_H
#include "muscle/segment/mask.h"

typedef struct lb_overlap {
    size_t a, b, both;
    double dice, jaccard;                     /**< NaN when both are empty */
    double hd95_mm, hd_mm, mean_surface_mm;   /**< NaN when one is empty */
} lb_overlap;

/** Surface distances between voxel centres: surface voxels have a face towards another label or the edge. */
void lb_overlap_measure(const uint16_t *a, const uint16_t *b, const lb_volume *grid, uint16_t label, lb_overlap *out);
#endif
