/* Growing labels from seeds. */
#ifndef LUMBAR_MUSCLE_GROW_H
#define LUMBAR_MUSCLE_GROW_H
#include <lumbar/op.h>

enum { LB_GROW_CHANNELS = 4, LB_GROW_LABELS = 15 };

typedef struct lb_grow {
    const lb_volume *channel[LB_GROW_CHANNELS]; /**< pictures of one grid */
    size_t channels;
    const lb_volume *seeds;   /**< label map of the same grid: 0 = to be decided */
    double low, high;         /**< values of the first channel outside are background; NaN: no limit */
    int64_t background;       /**< label of the background strokes, 0: every label is kept */
    double contrast;          /**< how hard edges are to cross, 1 = usual */
    double smoothness;        /**< how much neighbours pull together, 1 = usual */
    double node_mm;           /**< size of the cells the walk is solved on */
    unsigned threads;
    const lb_progress *progress;
    /* out */
    int64_t label[LB_GROW_LABELS];
    size_t labels, seed_voxels[LB_GROW_LABELS], voxels[LB_GROW_LABELS];
    int steps;
} lb_grow;

/** Fills *out with a label map on the grid of the seeds. */
int lb_grow_run(lb_grow *grow, lb_arena *arena, lb_volume **out, lb_error *err) LB_MUST_CHECK;
#endif
