/* Which format has one file? Told by the first bytes, never by the name. */
#include <string.h>

#include "muscle/files/files.h"
#include "muscle/files/stream.h"

const char *lb_image_format(const lb_bytes *bytes)
{
    uint8_t head[352] = {0};
    lb_stream stream;
    if (lb_stream_open(&stream, bytes->data, bytes->length, NULL) != LB_OK) return NULL;
    size_t got = lb_stream_read(&stream, head, sizeof head);
    lb_stream_close(&stream);
    if (got >= 8 && memcmp(head, "NRRD", 4) == 0) return "NRRD";
    uint32_t size;
    memcpy(&size, head, sizeof size);
    for (int swap = 0; swap < 2 && got >= 4; swap++) {
        if (size == 348) return "NIfTI-1";
        if (size == 540) return "NIfTI-2";
        lb_swap_bytes(&size, 1, sizeof size);
    }
    return NULL;
}

int lb_image_read(const lb_bytes *bytes, lb_arena *arena, lb_volume **out, lb_error *err)
{
    *out = NULL;
    const char *format = lb_image_format(bytes), *name = bytes->name ? bytes->name : "image";
    if (lb_text_equal(format, "NRRD")) return lb_nrrd_read(bytes, arena, out, err);
    if (format) return lb_nifti_read(bytes, arena, out, err);
    lb_fail(err, LB_BAD_DATA, "this is not an image Lumbar can read (%zu bytes)", bytes->length);
    lb_error_where(err, "%s", name);
    lb_error_hint(err, "give a DICOM file or folder, or a NIfTI (.nii, .nii.gz) or NRRD (.nrrd, .seg.nrrd) file");
    return LB_BAD_DATA;
}
