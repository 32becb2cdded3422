/* What each image of a DICOM object says about its size, place and scale: classic objects (one image), mosaics, and
 * enhanced multi-frame objects with shared and per-frame functional groups. DICOM PS3.3 C.7.6.2, C.7.6.16. */
#include <math.h>
#include <string.h>

#include "muscle/files/dicom.h"

enum { MOST_FRAMES = 1 << 18, MOST_SIDE = 1 << 15 };

static double number_or(const lb_dcm_item *item, uint32_t tag, double fallback)
{
    double value;
    return lb_dcm_numbers(item, tag, &value, 1) == 1 && isfinite(value) ? value : fallback;
}

/* The item of a functional group for one frame: its own, or the one all frames share. */
static const lb_dcm_item *group_item(const lb_dcm_item *own, const lb_dcm_item *shared, uint32_t tag)
{
    const lb_dcm_item *item = lb_dcm_item_at(own, tag, 0);
    return item ? item : lb_dcm_item_at(shared, tag, 0);
}

static bool unit(double v[3])
{
    double length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    if (!(length > 1e-6 && length < 1e6)) return false;
    for (int i = 0; i < 3; i++) v[i] /= length;
    return true;
}

/* Position and orientation from the items that hold them. The direction of columns is made exactly square to that of rows
 * when the file's digits leave it slightly off. */
static void take_place(lb_dcm_frame *frame, const lb_dcm_item *position, const lb_dcm_item *orientation,
                       const lb_dcm_item *measures)
{
    double place[3], six[6], pixel[2];
    frame->placed = lb_dcm_numbers(position, LB_TAG(0x0020, 0x0032), place, 3) == 3 &&
                    lb_dcm_numbers(orientation, LB_TAG(0x0020, 0x0037), six, 6) == 6;
    if (frame->placed) {
        memcpy(frame->position_mm, place, sizeof place);
        memcpy(frame->across, six, sizeof frame->across);
        memcpy(frame->down, six + 3, sizeof frame->down);
        frame->placed = unit(frame->across) && unit(frame->down);
        double lean = 0;
        for (int i = 0; i < 3; i++) lean += frame->across[i] * frame->down[i];
        for (int i = 0; i < 3 && fabs(lean) < 1e-2; i++) frame->down[i] -= lean * frame->across[i];
        frame->placed = frame->placed && fabs(lean) < 1e-2 && unit(frame->down);
        for (int i = 0; i < 3; i++) frame->placed = frame->placed && isfinite(place[i]) && fabs(place[i]) < 1e6;
    }
    if (!frame->placed) {
        static const double x[3] = {1, 0, 0}, y[3] = {0, 1, 0};
        memset(frame->position_mm, 0, sizeof frame->position_mm);
        memcpy(frame->across, x, sizeof x);
        memcpy(frame->down, y, sizeof y);
    }
    bool sized = lb_dcm_numbers(measures, LB_TAG(0x0028, 0x0030), pixel, 2) == 2 && pixel[0] > 1e-4 && pixel[1] > 1e-4 &&
                 pixel[0] < 1e4 && pixel[1] < 1e4;
    frame->pixel_mm[0] = sized ? pixel[1] : 1;
    frame->pixel_mm[1] = sized ? pixel[0] : 1;
    frame->placed = frame->placed && sized;
    frame->thickness_mm = number_or(measures, LB_TAG(0x0018, 0x0050), NAN);
    frame->gap_mm = number_or(measures, LB_TAG(0x0018, 0x0088), NAN);
}

static lb_dcm_frame *new_frame(lb_dcm_folder *folder)
{
    folder->all = lb_arena_grow(folder->arena, folder->all, folder->frames, &folder->room, 64, sizeof *folder->all);
    return &folder->all[folder->frames++];
}

/* Size and kind of pixels; false when it is no grey image Lumbar can use. */
static bool take_pixels(lb_dcm_frame *frame, const lb_dcm_item *root)
{
    double rows = number_or(root, LB_TAG(0x0028, 0x0010), 0), columns = number_or(root, LB_TAG(0x0028, 0x0011), 0);
    double bits = number_or(root, LB_TAG(0x0028, 0x0100), 0), stored = number_or(root, LB_TAG(0x0028, 0x0101), bits);
    double samples = number_or(root, LB_TAG(0x0028, 0x0002), 1);
    if (!(rows >= 1 && rows <= MOST_SIDE && columns >= 1 && columns <= MOST_SIDE) || samples != 1) return false;
    if ((bits != 8 && bits != 16 && bits != 32) || !(stored >= 1 && stored <= bits)) return false;
    frame->rows = (size_t)rows;
    frame->columns = (size_t)columns;
    frame->bits_allocated = (size_t)bits;
    frame->bits_stored = (size_t)stored;
    frame->is_signed = number_or(root, LB_TAG(0x0028, 0x0103), 0) == 1;
    return true;
}

static void take_series(lb_dcm_frame *frame, const lb_dcm_item *root, lb_arena *arena)
{
    char text[256];
    double number = number_or(root, LB_TAG(0x0020, 0x0011), -1);
    frame->series = fabs(number) < 1e15 ? (int64_t)number : -1;
    lb_dcm_text(root, LB_TAG(0x0020, 0x000e), text, sizeof text);
    frame->uid = lb_arena_text(arena, text);
    lb_dcm_text(root, LB_TAG(0x0008, 0x103e), text, sizeof text);
    if (lb_utf8_bad(text, strlen(text)) != strlen(text)) text[lb_utf8_bad(text, strlen(text))] = '\0';
    frame->description = lb_arena_text(arena, text);
}

static void take_scale(lb_dcm_frame *frame, const lb_dcm_item *item)
{
    frame->slope = number_or(item, LB_TAG(0x0028, 0x1053), 1);
    frame->intercept = number_or(item, LB_TAG(0x0028, 0x1052), 0);
    if (frame->slope == 0) frame->slope = 1;
}

static void add_mosaic(lb_dcm_folder *folder, const lb_dcm_frame *whole, size_t tiles, const double normal[3])
{
    size_t side = (size_t)ceil(sqrt((double)tiles));
    size_t rows = whole->rows / side, columns = whole->columns / side;
    double across_mm = whole->pixel_mm[0] * (double)(whole->columns - columns) / 2;
    double down_mm = whole->pixel_mm[1] * (double)(whole->rows - rows) / 2;
    double step_mm = isfinite(whole->gap_mm) && whole->gap_mm > 0 ? whole->gap_mm : whole->thickness_mm;
    for (size_t t = 0; t < tiles; t++) {
        lb_dcm_frame *tile = new_frame(folder);
        *tile = *whole;
        tile->rows = rows;
        tile->columns = columns;
        tile->mosaic = side;
        tile->index = t;
        for (int i = 0; i < 3; i++)
            tile->position_mm[i] = whole->position_mm[i] + across_mm * whole->across[i] + down_mm * whole->down[i] +
                                   (double)t * step_mm * normal[i];
    }
}

static int add_classic(lb_dcm_folder *folder, lb_dcm_frame *frame, const lb_dcm_item *root, size_t count)
{
    char type[256], echo[64];
    double normal[3];
    size_t tiles;
    take_place(frame, root, root, root);
    take_scale(frame, root);
    lb_dcm_text(root, LB_TAG(0x0008, 0x0008), type, sizeof type);
    lb_dcm_text(root, LB_TAG(0x0018, 0x0081), echo, sizeof echo);
    frame->kind = lb_arena_printf(folder->arena, "%s TE %s", type, echo);
    frame->time = number_or(root, LB_TAG(0x0020, 0x0012), 0) * 1e7 + number_or(root, LB_TAG(0x0020, 0x0013), 0);
    if (count == 1 && lb_dcm_mosaic(root, &tiles, normal) && frame->placed && frame->rows >= tiles && frame->columns >= tiles) {
        double cross[3] = {frame->across[1] * frame->down[2] - frame->across[2] * frame->down[1],
                           frame->across[2] * frame->down[0] - frame->across[0] * frame->down[2],
                           frame->across[0] * frame->down[1] - frame->across[1] * frame->down[0]};
        add_mosaic(folder, frame, tiles, normal[0] == 0 && normal[1] == 0 && normal[2] == 0 ? cross : normal);
        return LB_OK;
    }
    if (count > 1) frame->kind = lb_arena_printf(folder->arena, "%s file %zu", frame->kind, frame->file);
    for (size_t f = 0; f < count; f++) { /* classic multi-frame objects do not say where their frames lie */
        lb_dcm_frame *copy = new_frame(folder);
        *copy = *frame;
        copy->index = f;
        copy->placed = frame->placed && count == 1;
        copy->time = count > 1 ? (double)f : frame->time;
    }
    return LB_OK;
}

static int add_enhanced(lb_dcm_folder *folder, const lb_dcm_frame *base, const lb_dcm_item *root, size_t count)
{
    const lb_dcm_item *shared = lb_dcm_item_at(root, LB_TAG(0x5200, 0x9229), 0);
    for (size_t f = 0; f < count; f++) {
        const lb_dcm_item *own = lb_dcm_item_at(root, LB_TAG(0x5200, 0x9230), f);
        const lb_dcm_item *content = group_item(own, shared, LB_TAG(0x0020, 0x9111));
        const lb_dcm_item *type_item = group_item(own, shared, LB_TAG(0x0018, 0x9226));
        const lb_dcm_item *echo_item = group_item(own, shared, LB_TAG(0x0018, 0x9114));
        const lb_dcm_item *scale = group_item(own, shared, LB_TAG(0x0028, 0x9145));
        char type[256], part[64], stack[32];
        lb_dcm_frame *frame = new_frame(folder);
        *frame = *base;
        frame->index = f;
        take_place(frame, group_item(own, shared, LB_TAG(0x0020, 0x9113)), group_item(own, shared, LB_TAG(0x0020, 0x9116)),
                   group_item(own, shared, LB_TAG(0x0028, 0x9110)));
        take_scale(frame, scale ? scale : root);
        lb_dcm_text(type_item, LB_TAG(0x0008, 0x9007), type, sizeof type);
        lb_dcm_text(type_item, LB_TAG(0x0008, 0x9208), part, sizeof part);
        lb_dcm_text(content, LB_TAG(0x0020, 0x9056), stack, sizeof stack);
        double echo = number_or(echo_item, LB_TAG(0x0018, 0x9082), 0);
        frame->kind = lb_arena_printf(folder->arena, "%s %s TE %g stack %s", type, part, echo, stack);
        if (!frame->placed) frame->kind = lb_arena_printf(folder->arena, "%s file %zu", frame->kind, base->file);
        frame->time = number_or(content, LB_TAG(0x0020, 0x9128), 0) * 1e7 + (double)f;
    }
    return LB_OK;
}

int lb_dcm_frames_add(lb_dcm_folder *folder, size_t file, const lb_dcm *dcm, lb_error *err)
{
    const lb_dcm_item *root = lb_dcm_root(dcm);
    lb_dcm_frame frame = {.file = file, .slope = 1};
    if (!take_pixels(&frame, root)) {
        folder->other_objects++;
        return LB_OK;
    }
    take_series(&frame, root, folder->arena);
    for (uint32_t group = 0x6000; group <= 0x601E; group += 2) frame.overlays += lb_dcm_count(root, LB_TAG(group, 0x3000)) > 0 || lb_dcm_count(root, LB_TAG(group, 0x0010)) > 0;
    double count = number_or(root, LB_TAG(0x0028, 0x0008), 1);
    if (!(count >= 1 && count <= MOST_FRAMES) || folder->frames + (size_t)count > MOST_FRAMES) {
        lb_fail(err, LB_BAD_DATA, "the file claims %.6g frames", count);
        lb_error_where(err, "%s", folder->file[file].name);
        lb_error_hint(err, "at most %d frames can be read at once", MOST_FRAMES);
        return LB_BAD_DATA;
    }
    bool enhanced = lb_dcm_items(root, LB_TAG(0x5200, 0x9229)) > 0 || lb_dcm_items(root, LB_TAG(0x5200, 0x9230)) > 0;
    return enhanced ? add_enhanced(folder, &frame, root, (size_t)count)
                    : add_classic(folder, &frame, root, (size_t)count);
}
