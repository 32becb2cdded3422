/* Image files: read from bytes (the format is told by content), written to bytes. */
#ifndef LUMBAR_MUSCLE_FILES_H
#define LUMBAR_MUSCLE_FILES_H
#include <lumbar/op.h>

/** NIfTI-1/2 (.nii, .nii.gz) or NRRD (.nrrd, .seg.nrrd). */
int lb_image_read(const lb_bytes *bytes, lb_arena *arena, lb_volume **out, lb_error *err) LB_MUST_CHECK;
/** The same, DICOM files and folders, and zip bundles of all these; an lb_image_reader. */
int lb_images_read(void *context, const lb_image_request *request, lb_arena *arena, lb_image **out, size_t *count, lb_error *err) LB_MUST_CHECK;
/** Load what reading these files will need from the disk (the DICOM dictionary), before the right to open files is given up. */
void lb_images_prepare(const lb_image_request *request);
/** "NIfTI-1", "NIfTI-2", "NRRD" or NULL; looks at the first bytes only. */
const char *lb_image_format(const lb_bytes *bytes);

int lb_nifti_read(const lb_bytes *bytes, lb_arena *arena, lb_volume **out, lb_error *err) LB_MUST_CHECK;
int lb_nrrd_read(const lb_bytes *bytes, lb_arena *arena, lb_volume **out, lb_error *err) LB_MUST_CHECK;

/** Append a NIfTI file (version 1 or 2; version 1 keeps positions as 32-bit floats). */
int lb_nifti_write(const lb_volume *volume, int version, bool gzip, lb_buf *out, lb_error *err) LB_MUST_CHECK;
/** Name every label of a label map ("label 3"), when the file named none. */
int lb_segments_name(lb_volume *volume, lb_error *err) LB_MUST_CHECK;
/** Append an NRRD file, gzip or raw; names and layers of segments are kept. */
int lb_nrrd_write(const lb_volume *volume, bool gzip, lb_buf *out, lb_error *err) LB_MUST_CHECK;
#endif
