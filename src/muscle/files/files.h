/* Reading images from bytes: the format is told by content. */
#ifndef LUMBAR_MUSCLE_FILES_H
#define LUMBAR_MUSCLE_FILES_H
#include <lumbar/data.h>
/** NIfTI-1/2 (.nii, .nii.gz) or NRRD (.nrrd, .seg.nrrd). */
int lb_image_read(const lb_bytes *bytes, lb_arena *arena, lb_volume **out, lb_error *err) LB_MUST_CHECK;
#endif
