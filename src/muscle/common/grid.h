/* Do a mask and an image lie on the same grid? If not: how far apart, and what may be done about it. */
#ifndef LUMBAR_MUSCLE_GRID_H
#define LUMBAR_MUSCLE_GRID_H
#include <lumbar/op.h>

typedef struct lb_grid_rule {
    const char *adopt;   /**< NULL, "mask" or "image": whose geometry counts when the sizes agree */
    double tolerance_mm; /**< corners nearer than this are the same place */
} lb_grid_rule;
enum { LB_GRID_TOLERANCE_UM = 10 };

/** Bring `moving` onto the grid of `fixed` (one of them is the mask). Same grid: nothing happens. Same sizes but
 * another place: refused in millimetres, unless the rule adopts one geometry (with a warning). A crop of the same
 * lattice is put where it lies. On return both have the same size; the geometry that counts is in both. */
int lb_grid_match(lb_volume **fixed, lb_volume **moving, const lb_volume *mask, const char *fixed_word,
                  const char *moving_word, const lb_grid_rule *rule, lb_result *result, lb_error *err) LB_MUST_CHECK;
/** Labels must be whole numbers: says which voxel is not. */
int lb_mask_check(const lb_volume *mask, lb_error *err) LB_MUST_CHECK;
/** Of overlapping segments: the label map that holds this label. Refused when two layers hold the label. */
int lb_mask_layer(lb_volume **mask, int64_t label, lb_error *err) LB_MUST_CHECK;
/** Layer `index` (0: the mask itself) as a label map of its own, with its segments' names. */
lb_volume *lb_mask_layer_at(const lb_volume *mask, size_t index);
/** Refuses overlapping segments where one label a voxel is needed. */
int lb_mask_flat(const lb_volume *mask, lb_error *err) LB_MUST_CHECK;
/** "1 (4137 voxels), 2 (12 voxels)": labels present, for messages. */
const char *lb_mask_labels(const lb_volume *mask, lb_arena *arena);
/** Pass the reader's warnings on to the result. */
void lb_volume_pass_warnings(const lb_volume *volume, const char *word, lb_result *result);
#endif
