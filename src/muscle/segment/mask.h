/* What the mask operations share: slices of a mask along one axis, its labels, and the result they give. */
#ifndef LUMBAR_MUSCLE_MASK_H
#define LUMBAR_MUSCLE_MASK_H
#include <lumbar/op.h>

enum { LB_MASK_LABELS = 256 };

/** A slice axis and how to walk over it: voxel = base(slice) + x · step[0] + y · step[1]. */
typedef struct lb_slices {
    int axis;
    size_t count, size[2], step[3]; /**< step[2]: from slice to slice */
    double spacing_mm[3];
} lb_slices;
lb_slices lb_slices_of(const lb_volume *volume, const char *axis_word);

/** Labels of a mask (whole numbers, checked), ascending. LB_BAD_DATA when there are too many or none. */
int lb_mask_list(const lb_volume *mask, int64_t *label, size_t *labels, lb_error *err) LB_MUST_CHECK;
/** Labels as 16-bit numbers, in the arena; LB_BAD_DATA when a label does not fit. */
int lb_mask_numbers(const lb_volume *mask, lb_arena *arena, uint16_t **out, lb_error *err) LB_MUST_CHECK;
/** A mask on the grid of `like`, of the smallest type that holds its labels; names of segments are kept. */
int lb_mask_make(const lb_volume *like, const uint16_t *numbers, lb_arena *arena, lb_volume **out, lb_error *err) LB_MUST_CHECK;
/** Files mask.nii.gz, mask.nrrd and mask.seg.nrrd, and a table of labels with voxels and millilitres. */
int lb_mask_result(const lb_volume *mask, lb_result *result, lb_error *err) LB_MUST_CHECK;
#endif
