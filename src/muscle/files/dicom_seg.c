/* DICOM segmentation objects: frames of bits (or of fractions) with a segment number and a place each.
 * DICOM PS3.3 C.8.20; bits run on from frame to frame without padding (PS3.5 8.1.1). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/files/dicom.h"
#include "muscle/files/layers.h"
#include "muscle/files/stream.h"

enum { MOST_SEGMENTS = 4096, MOST_FRAMES = 1 << 18 };

typedef struct seg {
    lb_dcm *dcm;
    const lb_dcm_item *root, *shared;
    const char *name;
    lb_arena *arena;
    size_t rows, columns, frames, bits;
    double half; /* fractions from here on count as inside */
    bool fractional;
    double (*place_mm)[3];
    size_t *segment_of; /* index into list, SIZE_MAX: not wanted */
    lb_voxel_list *list;
    size_t lists;
    lb_volume shape;
} seg;

static int refuse(const seg *s, lb_error *err, const char *hint)
{
    lb_error_where(err, "%s", s->name);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

static double number_or(const lb_dcm_item *item, uint32_t tag, double fallback)
{
    double value;
    return lb_dcm_numbers(item, tag, &value, 1) == 1 && isfinite(value) ? value : fallback;
}

static const lb_dcm_item *group_item(const seg *s, const lb_dcm_item *own, uint32_t tag)
{
    const lb_dcm_item *item = lb_dcm_item_at(own, tag, 0);
    return item ? item : lb_dcm_item_at(s->shared, tag, 0);
}

static int read_header(seg *s, lb_error *err)
{
    s->rows = (size_t)fmin(fmax(number_or(s->root, LB_TAG(0x0028, 0x0010), 0), 0), 32768);
    s->columns = (size_t)fmin(fmax(number_or(s->root, LB_TAG(0x0028, 0x0011), 0), 0), 32768);
    s->frames = (size_t)fmin(fmax(number_or(s->root, LB_TAG(0x0028, 0x0008), 1), 0), MOST_FRAMES);
    s->bits = (size_t)fmax(number_or(s->root, LB_TAG(0x0028, 0x0100), 1), 0);
    s->lists = lb_dcm_items(s->root, LB_TAG(0x0062, 0x0002));
    char type[32];
    lb_dcm_text(s->root, LB_TAG(0x0062, 0x0001), type, sizeof type);
    s->fractional = strcmp(type, "FRACTIONAL") == 0;
    s->half = number_or(s->root, LB_TAG(0x0062, 0x000e), 255) / 2;
    if (s->rows == 0 || s->columns == 0 || s->frames == 0 || s->lists == 0 || s->lists > MOST_SEGMENTS || (s->bits != 1 && s->bits != 8)) {
        lb_fail(err, LB_BAD_DATA, "the segmentation has %zu x %zu pixels, %zu frames, %zu segments and %zu bits", s->columns, s->rows,
                s->frames, s->lists, s->bits);
        return refuse(s, err, "export the segmentation again");
    }
    s->list = lb_arena_array(s->arena, s->lists, sizeof *s->list);
    for (size_t i = 0; i < s->lists; i++) {
        const lb_dcm_item *item = lb_dcm_item_at(s->root, LB_TAG(0x0062, 0x0002), i);
        char label[128];
        lb_dcm_text(item, LB_TAG(0x0062, 0x0005), label, sizeof label);
        s->list[i].label = (int64_t)number_or(item, LB_TAG(0x0062, 0x0004), (double)(i + 1));
        s->list[i].name = *label ? lb_arena_text(s->arena, label) : lb_arena_printf(s->arena, "segment %zu", i + 1);
    }
    return LB_OK;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Slice positions: origin at the lowest, the step stated or the smallest found (frames without a voxel are left out of the
 * file, so steps may be multiples). */
static int make_shape(seg *s, const double normal[3], double stated_mm, lb_error *err)
{
    double *along = lb_arena_array(s->arena, s->frames, sizeof *along), *sorted = lb_arena_array(s->arena, s->frames, sizeof *sorted);
    size_t lowest = 0;
    for (size_t f = 0; f < s->frames; f++) {
        for (int i = 0; i < 3; i++) along[f] += normal[i] * s->place_mm[f][i];
        if (along[f] < along[lowest]) lowest = f;
        sorted[f] = along[f];
    }
    qsort(sorted, s->frames, sizeof *sorted, by_number);
    double step = INFINITY;
    for (size_t f = 1; f < s->frames; f++)
        if (sorted[f] - sorted[f - 1] > 1e-3) step = fmin(step, sorted[f] - sorted[f - 1]);
    if (!isfinite(step)) step = stated_mm > 0 ? stated_mm : 1;
    if (stated_mm > 0 && fabs(step / stated_mm - round(step / stated_mm)) < 0.01 && step > stated_mm) step = stated_mm;
    double slices = round((sorted[s->frames - 1] - sorted[0]) / step) + 1;
    if (!(slices >= 1 && slices <= 32768)) {
        lb_fail(err, LB_BAD_DATA, "the frames of the segmentation span %.4g mm in steps of %.4g mm", sorted[s->frames - 1] - sorted[0], step);
        return refuse(s, err, "the positions of its frames are damaged; export it again");
    }
    memcpy(s->shape.origin_mm, s->place_mm[lowest], sizeof s->shape.origin_mm);
    s->shape.spacing_mm[2] = step;
    s->shape.size[0] = s->columns;
    s->shape.size[1] = s->rows;
    s->shape.size[2] = (size_t)slices;
    return LB_OK;
}

static int read_places(seg *s, const char *roi, lb_error *err)
{
    double six[6] = {0}, pixel[2] = {0}, stated = NAN;
    s->place_mm = lb_arena_array(s->arena, s->frames, sizeof *s->place_mm);
    s->segment_of = lb_arena_array(s->arena, s->frames, sizeof *s->segment_of);
    for (size_t f = 0; f < s->frames; f++) {
        const lb_dcm_item *own = lb_dcm_item_at(s->root, LB_TAG(0x5200, 0x9230), f);
        const lb_dcm_item *measures = group_item(s, own, LB_TAG(0x0028, 0x9110));
        double number = number_or(group_item(s, own, LB_TAG(0x0062, 0x000a)), LB_TAG(0x0062, 0x000b), -1);
        bool placed = lb_dcm_numbers(group_item(s, own, LB_TAG(0x0020, 0x9113)), LB_TAG(0x0020, 0x0032), s->place_mm[f], 3) == 3;
        placed = placed && lb_dcm_numbers(group_item(s, own, LB_TAG(0x0020, 0x9116)), LB_TAG(0x0020, 0x0037), six, 6) == 6;
        placed = placed && lb_dcm_numbers(measures, LB_TAG(0x0028, 0x0030), pixel, 2) == 2 && pixel[0] > 1e-4 && pixel[1] > 1e-4;
        if (!placed) {
            lb_fail(err, LB_BAD_DATA, "frame %zu of the segmentation does not say where it lies", f + 1);
            return refuse(s, err, "export the segmentation again, with the functional groups of its frames");
        }
        stated = number_or(measures, LB_TAG(0x0018, 0x0088), stated);
        s->segment_of[f] = SIZE_MAX;
        for (size_t i = 0; i < s->lists; i++)
            if ((double)s->list[i].label == number && (!roi || strcmp(roi, s->list[i].name) == 0)) s->segment_of[f] = i;
    }
    lb_volume *shape = &s->shape;
    shape->spacing_mm[0] = pixel[1];
    shape->spacing_mm[1] = pixel[0];
    double lean = 0, a = 0, d = 0;
    for (int i = 0; i < 3; i++) lean += six[i] * six[3 + i], a += six[i] * six[i], d += six[3 + i] * six[3 + i];
    if (!(fabs(a - 1) < 1e-2 && fabs(d - 1) < 1e-2 && fabs(lean) < 1e-2)) {
        lb_fail(err, LB_BAD_DATA, "the orientation of the segmentation is not two unit vectors at right angles");
        return refuse(s, err, "export it again");
    }
    double normal[3] = {six[1] * six[5] - six[2] * six[4], six[2] * six[3] - six[0] * six[5], six[0] * six[4] - six[1] * six[3]};
    for (int row = 0; row < 3; row++) {
        shape->direction[3 * row] = six[row];
        shape->direction[3 * row + 1] = six[3 + row];
        shape->direction[3 * row + 2] = normal[row];
    }
    return make_shape(s, normal, stated, err);
}

static bool bit_at(const seg *s, const uint8_t *data, size_t length, size_t at)
{
    if (s->bits == 8) return at < length && (s->fractional ? data[at] >= s->half : data[at] != 0);
    return at / 8 < length && (data[at / 8] >> (at % 8) & 1);
}

static int read_voxels(seg *s, lb_error *err)
{
    const uint8_t *data;
    size_t length, pixels = s->rows * s->columns;
    int status = lb_dcm_pixels(s->dcm, &data, &length, err);
    if (status != LB_OK) return status;
    if ((double)length * 8 / (double)s->bits < (double)pixels * (double)s->frames) {
        lb_fail(err, LB_BAD_DATA, "the segmentation holds %zu bytes of pixels; %zu frames need %.0f", length, s->frames,
                (double)pixels * (double)s->frames * (double)s->bits / 8);
        return refuse(s, err, "the file is cut short; copy it again");
    }
    for (size_t f = 0; f < s->frames; f++) {
        if (s->segment_of[f] == SIZE_MAX) continue;
        double index[3];
        lb_volume_index_of(&s->shape, s->place_mm[f], index);
        double slice = round(index[2]);
        if (fabs(index[2] - slice) > 0.1 || slice < 0 || slice >= (double)s->shape.size[2] || fabs(index[0]) > 0.1 || fabs(index[1]) > 0.1) {
            lb_fail(err, LB_BAD_DATA, "frame %zu of the segmentation lies off the grid of the others (%.3f, %.3f, %.3f voxels)", f + 1,
                    index[0], index[1], index[2]);
            return refuse(s, err, "its slices are unevenly spaced or shifted; export it as one regular volume");
        }
        for (size_t p = 0; p < pixels; p++)
            if (bit_at(s, data, length, f * pixels + p))
                lb_voxel_list_add(&s->list[s->segment_of[f]], p + pixels * (size_t)slice, s->arena);
    }
    return LB_OK;
}

/* Leave only the region asked for; says which there are when it is absent. */
static int choose(seg *s, const char *roi, lb_error *err)
{
    const char *names = "";
    for (size_t i = 0; i < s->lists; i++) {
        if (strcmp(roi, s->list[i].name) == 0) {
            s->list[0] = s->list[i];
            s->lists = 1;
            return LB_OK;
        }
        names = lb_arena_printf(s->arena, "%s%s%s", names, i ? ", " : "", s->list[i].name);
    }
    lb_fail(err, LB_BAD_DATA, "the segmentation has no region \"%.80s\"", roi);
    lb_error_where(err, "--roi");
    lb_error_hint(err, "it has: %.400s", names);
    return LB_BAD_DATA;
}

int lb_dcm_seg_read(const lb_bytes *file, const lb_volume *grid, const char *roi, lb_arena *arena, lb_volume **out, lb_error *err)
{
    seg s = {.arena = arena, .name = file->name ? file->name : "segmentation"};
    *out = NULL;
    int status = lb_dcm_open(file, false, &s.dcm, err);
    if (status != LB_OK) return status;
    s.root = lb_dcm_root(s.dcm);
    s.shared = lb_dcm_item_at(s.root, LB_TAG(0x5200, 0x9229), 0);
    status = read_header(&s, err);
    if (status == LB_OK) status = read_places(&s, roi, err);
    if (status == LB_OK) status = read_voxels(&s, err);
    if (status == LB_OK && roi) status = choose(&s, roi, err);
    if (status == LB_OK) status = lb_layers_make(&s.shape, s.list, s.lists, arena, out, err);
    lb_dcm_close(s.dcm);
    if (status != LB_OK) return status;
    (*out)->name = lb_arena_text(arena, s.name);
    if (s.fractional) lb_volume_warn(*out, "the segmentation holds fractions: half and more counts as inside");
    if (!grid) return LB_OK;
    size_t lost;
    double off;
    status = lb_layers_onto(grid, *out, arena, out, &lost, &off, err);
    if (status == LB_OK && lost > 0) lb_volume_warn(*out, "%zu voxels of the segmentation lie outside the reference images", lost);
    if (status == LB_OK && off > 1e-2)
        lb_volume_warn(*out, "the segmentation lies up to %.2g voxels off the grid of the reference images: nearest voxels were taken", off);
    return status;
}
