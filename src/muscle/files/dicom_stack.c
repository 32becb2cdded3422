/* The pixels of a DICOM volume, slice by slice, into one block: unpacked, masked to the bits stored, sign extended; scaled
 * to numbers when the slices carry different scales (DICOM PS3.3 C.7.6.3, C.11.1). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/files/dicom.h"
#include "muscle/files/stream.h"

void lb_dcm_grid(const lb_dcm_volume *what, lb_volume *out)
{
    const lb_dcm_frame *first = what->frame[0];
    const double *a = first->across, *d = first->down;
    double n[3] = {a[1] * d[2] - a[2] * d[1], a[2] * d[0] - a[0] * d[2], a[0] * d[1] - a[1] * d[0]};
    out->size[0] = first->columns;
    out->size[1] = first->rows;
    out->size[2] = what->frames;
    out->spacing_mm[0] = first->pixel_mm[0];
    out->spacing_mm[1] = first->pixel_mm[1];
    out->spacing_mm[2] = what->spacing_mm;
    for (int row = 0; row < 3; row++) {
        out->origin_mm[row] = first->position_mm[row];
        out->direction[3 * row] = a[row];
        out->direction[3 * row + 1] = d[row];
        out->direction[3 * row + 2] = n[row];
    }
    out->slope = 1;
    out->intercept = 0;
}

static int too_small(const lb_bytes *file, size_t has, size_t needs, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "the pixels end after %zu bytes; the header needs %zu", has, needs);
    lb_error_where(err, "%s", file->name);
    lb_error_hint(err, "copy the file from its source again");
    return LB_BAD_DATA;
}

/* JPEG 2000: one code stream per frame, possibly in several fragments; the offset table tells which when there are more
 * fragments than frames. */
static int jpeg2000_frame(lb_dcm *dcm, const lb_bytes *file, const lb_dcm_frame *frame, size_t frames, size_t rows,
                          size_t columns, void *out, lb_error *err)
{
    size_t fragments = lb_dcm_fragments(dcm), length, table_length;
    if (fragments < 2) return too_small(file, 0, rows * columns, err);
    const uint8_t *table = lb_dcm_fragment(dcm, 0, &table_length);
    size_t begin = 1 + frame->index, end = begin + 1;
    if (fragments - 1 != frames) {
        size_t at = 0, starts = 0;
        begin = frames == 1 ? 1 : 0;
        end = fragments;
        for (size_t f = 1; f < fragments && frames > 1 && table && table_length >= 4 * frames; f++) {
            const uint8_t *entry = table + 4 * starts;
            size_t offset = starts < frames ? (size_t)entry[0] | (size_t)entry[1] << 8 | (size_t)entry[2] << 16 | (size_t)entry[3] << 24 : SIZE_MAX;
            if (offset == at) {
                if (starts == frame->index) begin = f;
                if (starts == frame->index + 1) end = f;
                starts++;
            }
            lb_dcm_fragment(dcm, f, &length);
            at += length + 8;
        }
    }
    if (begin == 0 || begin >= fragments) return too_small(file, 0, rows * columns, err);
    lb_buf joined = {.max = lb_max_input()};
    for (size_t f = begin; f < end && f < fragments; f++) {
        const uint8_t *piece = lb_dcm_fragment(dcm, f, &length);
        if (piece) lb_buf_add(&joined, (const char *)piece, length);
    }
    int status = lb_jpeg2000_decode((const uint8_t *)joined.data, joined.length, rows, columns, frame->bits_allocated,
                                    frame->is_signed, out, err);
    if (status != LB_OK) lb_error_where(err, "%s", file->name);
    lb_buf_free(&joined);
    return status;
}

static bool is_jpeg2000(const char *syntax)
{
    return strcmp(syntax, "1.2.840.10008.1.2.4.90") == 0 || strcmp(syntax, "1.2.840.10008.1.2.4.91") == 0;
}

/* The opened file of the frame before is kept: frames of one object follow each other. */
typedef struct opened {
    lb_dcm *dcm;
    size_t file;
    const uint8_t *data;
    size_t length, frames;
    void *own; /* one frame unpacked here (JPEG 2000) */
} opened;

static int open_frame(const lb_dcm_folder *folder, const lb_dcm_frame *frame, opened *now, const uint8_t **pixels,
                      lb_error *err)
{
    const lb_bytes *file = &folder->file[frame->file];
    size_t side = frame->mosaic ? frame->mosaic : 1;
    double count = 1;
    if (!now->dcm || now->file != frame->file) {
        lb_dcm_close(now->dcm);
        now->dcm = NULL;
        int status = lb_dcm_open(file, false, &now->dcm, err);
        if (status != LB_OK) return status;
        now->file = frame->file;
        now->data = NULL;
        if (lb_dcm_numbers(lb_dcm_root(now->dcm), LB_TAG(0x0028, 0x0008), &count, 1) != 1) count = 1;
        now->frames = (size_t)count;
    }
    double rows = 0, columns = 0; /* of the whole picture: a mosaic need not fill it */
    (void)lb_dcm_numbers(lb_dcm_root(now->dcm), LB_TAG(0x0028, 0x0010), &rows, 1);
    (void)lb_dcm_numbers(lb_dcm_root(now->dcm), LB_TAG(0x0028, 0x0011), &columns, 1);
    size_t bytes = (size_t)rows * (size_t)columns * (frame->bits_allocated / 8);
    if ((size_t)rows < frame->rows * side || (size_t)columns < frame->columns * side) return too_small(file, 0, bytes, err);
    if (is_jpeg2000(lb_dcm_syntax(now->dcm))) {
        now->own = lb_realloc(now->own, bytes, 1);
        *pixels = now->own;
        return jpeg2000_frame(now->dcm, file, frame, now->frames, (size_t)rows, (size_t)columns, now->own, err);
    }
    if (!now->data) {
        int status = lb_dcm_pixels(now->dcm, &now->data, &now->length, err);
        if (status != LB_OK) return status;
    }
    size_t index = frame->mosaic ? 0 : frame->index;
    if (now->length / bytes <= index) return too_small(file, now->length, bytes * (index + 1), err);
    *pixels = now->data + bytes * index;
    return LB_OK;
}

/* One stored value: masked to its bits, sign extended. */
static int64_t stored(const uint8_t *pixel, const lb_dcm_frame *frame)
{
    uint32_t raw = pixel[0];
    for (size_t b = 1; b < frame->bits_allocated / 8; b++) raw |= (uint32_t)pixel[b] << (8 * b);
    uint32_t mask = frame->bits_stored >= 32 ? UINT32_MAX : ((uint32_t)1 << frame->bits_stored) - 1;
    raw &= mask;
    if (frame->is_signed && raw >> (frame->bits_stored - 1) & 1) return (int64_t)raw - (int64_t)mask - 1;
    return raw;
}

static void store(lb_volume *volume, size_t at, int64_t value, const lb_dcm_frame *frame)
{
    switch (volume->type) {
    case LB_U8: ((uint8_t *)volume->voxels)[at] = (uint8_t)value; break;
    case LB_I8: ((int8_t *)volume->voxels)[at] = (int8_t)value; break;
    case LB_U16: ((uint16_t *)volume->voxels)[at] = (uint16_t)value; break;
    case LB_I16: ((int16_t *)volume->voxels)[at] = (int16_t)value; break;
    case LB_U32: ((uint32_t *)volume->voxels)[at] = (uint32_t)value; break;
    case LB_I32: ((int32_t *)volume->voxels)[at] = (int32_t)value; break;
    default: ((double *)volume->voxels)[at] = frame->slope * (double)value + frame->intercept;
    }
}

static lb_voxel voxel_type(const lb_dcm_volume *what, bool *one_scale)
{
    const lb_dcm_frame *first = what->frame[0];
    *one_scale = true;
    for (size_t i = 1; i < what->frames; i++) {
        const lb_dcm_frame *f = what->frame[i];
        if (f->slope != first->slope || f->intercept != first->intercept || f->is_signed != first->is_signed ||
            f->bits_allocated != first->bits_allocated)
            *one_scale = false;
    }
    if (!*one_scale) return LB_F64;
    if (first->bits_allocated == 8) return first->is_signed ? LB_I8 : LB_U8;
    if (first->bits_allocated == 16) return first->is_signed ? LB_I16 : LB_U16;
    return first->is_signed ? LB_I32 : LB_U32;
}

static int copy_frame(const lb_dcm_folder *folder, const lb_dcm_frame *frame, size_t slice, opened *now, lb_volume *volume,
                      lb_error *err)
{
    const uint8_t *pixels;
    int status = open_frame(folder, frame, now, &pixels, err);
    if (status != LB_OK) return status;
    size_t bytes = frame->bits_allocated / 8;
    size_t tile_x = 0, tile_y = 0, width = frame->columns;
    if (frame->mosaic) {
        double columns = 0;
        (void)lb_dcm_numbers(lb_dcm_root(now->dcm), LB_TAG(0x0028, 0x0011), &columns, 1);
        width = (size_t)columns;
        tile_x = frame->index % frame->mosaic * frame->columns;
        tile_y = frame->index / frame->mosaic * frame->rows;
    }
    for (size_t y = 0; y < frame->rows; y++) {
        const uint8_t *row = pixels + bytes * ((tile_y + y) * width + tile_x);
        size_t at = frame->columns * (y + frame->rows * slice);
        for (size_t x = 0; x < frame->columns; x++) store(volume, at + x, stored(row + bytes * x, frame), frame);
    }
    return LB_OK;
}

int lb_dcm_stack(const lb_dcm_folder *folder, const lb_dcm_volume *what, lb_volume **out, lb_error *err)
{
    const lb_dcm_frame *first = what->frame[0];
    bool one_scale;
    lb_voxel type = voxel_type(what, &one_scale);
    size_t size[3] = {first->columns, first->rows, what->frames + what->slices_missing};
    /* Claims against what is there: no format here packs better than a thousand to one. */
    double claim = (double)size[0] * (double)size[1] * (double)size[2] * (double)lb_voxel_size(type), bytes = 0;
    for (size_t i = 0; i < folder->files; i++) bytes += (double)folder->file[i].length;
    if (claim > 8192 * bytes || claim > (double)lb_max_input() * 4) {
        lb_fail(err, LB_TOO_LARGE, "the headers claim %.4g MB of voxels, the files hold %.4g MB", claim / 1e6, bytes / 1e6);
        lb_error_hint(err, "the files are damaged, or too large for this machine");
        return LB_TOO_LARGE;
    }
    *out = lb_volume_new(folder->arena, size, type);
    if (!*out) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %.4g MB of voxels", claim / 1e6);
    lb_dcm_grid(what, *out);
    (*out)->size[2] = size[2];
    if (one_scale) {
        (*out)->slope = first->slope;
        (*out)->intercept = first->intercept;
    }
    (*out)->name = lb_arena_text(folder->arena, folder->file[first->file].name);
    opened now = {0};
    int status = LB_OK;
    for (size_t i = 0; i < what->frames && status == LB_OK; i++) {
        size_t slice = i;
        if (what->slices_missing) slice = (size_t)llround((what->frame[i]->along_mm - first->along_mm) / what->spacing_mm);
        if (slice < size[2]) status = copy_frame(folder, what->frame[i], slice, &now, *out, err);
    }
    lb_dcm_close(now.dcm);
    free(now.own);
    for (size_t i = 0; i < what->notes; i++) lb_volume_warn(*out, "%s", what->note[i]);
    if (!one_scale) lb_volume_warn(*out, "the slices carry different scales: values were scaled slice by slice and are float64");
    return status;
}
