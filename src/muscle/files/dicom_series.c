/* A folder of DICOM files to volumes: frames are grouped by series, orientation, size and kind, sorted along the slice
 * normal, and gaps, uneven steps, doubled places and tilted stacks are said in millimetres. DICOM PS3.3 C.7.6.2.1.1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/files/dicom.h"

enum { MOST_NOTES = 8 };

bool lb_dcm_looks_like(const lb_bytes *bytes)
{
    if (bytes->length >= 132 && memcmp(bytes->data + 128, "DICM", 4) == 0) return true;
    /* Without preamble: the first element is of group 0008 (or 0002) with an even, small length. */
    if (bytes->length < 132) return false;
    unsigned group = bytes->data[0] | (unsigned)bytes->data[1] << 8;
    return (group == 8 || group == 2) && bytes->data[3] == 0 &&
           ((bytes->data[4] >= 'A' && bytes->data[4] <= 'Z' && bytes->data[5] >= 'A' && bytes->data[5] <= 'Z') ||
            (bytes->data[6] == 0 && bytes->data[7] == 0 && bytes->data[5] == 0));
}

static int by_text(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : ""); }
static int by_number(double a, double b) { return (a > b) - (a < b); }

/* Do two frames belong to one volume, apart from their place? */
static int group_order(const lb_dcm_frame *a, const lb_dcm_frame *b)
{
    int order = (a->series > b->series) - (a->series < b->series);
    if (order == 0) order = by_text(a->uid, b->uid);
    if (order == 0) order = (a->rows > b->rows) - (a->rows < b->rows);
    if (order == 0) order = (a->columns > b->columns) - (a->columns < b->columns);
    if (order == 0) order = by_text(a->kind, b->kind);
    for (int i = 0; i < 3 && order == 0; i++) order = by_number(round(a->across[i] * 2e3), round(b->across[i] * 2e3));
    for (int i = 0; i < 3 && order == 0; i++) order = by_number(round(a->down[i] * 2e3), round(b->down[i] * 2e3));
    for (int i = 0; i < 2 && order == 0; i++) order = by_number(round(a->pixel_mm[i] * 1e4), round(b->pixel_mm[i] * 1e4));
    return order;
}

static void normal_of(const lb_dcm_frame *f, double n[3])
{
    n[0] = f->across[1] * f->down[2] - f->across[2] * f->down[1];
    n[1] = f->across[2] * f->down[0] - f->across[0] * f->down[2];
    n[2] = f->across[0] * f->down[1] - f->across[1] * f->down[0];
}

static int group_then_place(const void *left, const void *right)
{
    const lb_dcm_frame *a = *(lb_dcm_frame *const *)left, *b = *(lb_dcm_frame *const *)right;
    int order = group_order(a, b);
    if (order == 0) order = by_number(a->along_mm, b->along_mm);
    if (order == 0) order = by_number(a->time, b->time);
    if (order == 0) order = (a->file > b->file) - (a->file < b->file);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static void note(lb_dcm_volume *volume, const char *text)
{
    if (volume->notes < MOST_NOTES) volume->note[volume->notes++] = text;
}

/* Shift of the second slice against the first inside the image plane: a stack that leans (gantry tilt). */
static void check_lean(lb_dcm_volume *volume, lb_arena *arena)
{
    const lb_dcm_frame *first = volume->frame[0], *last = volume->frame[volume->frames - 1];
    double aside[2] = {0, 0}, height = last->along_mm - first->along_mm;
    for (int i = 0; i < 3; i++) {
        aside[0] += (last->position_mm[i] - first->position_mm[i]) * first->across[i];
        aside[1] += (last->position_mm[i] - first->position_mm[i]) * first->down[i];
    }
    double shift = hypot(aside[0], aside[1]), per_slice = shift / (double)(volume->frames - 1);
    if (per_slice < 0.01 || shift < 0.1 * fmin(first->pixel_mm[0], first->pixel_mm[1])) return;
    volume->obstacle = lb_arena_printf(
        arena, "the slices are stacked askew: each is shifted %.3g mm inside its plane against the one before (gantry tilt of %.3g degrees)",
        per_slice, atan2(shift, height) * 180 / acos(-1.0));
    volume->advice = "resample the series to an upright grid in the scanner's software, then export it again";
}

static int ascending(const void *a, const void *b) { return by_number(*(const double *)a, *(const double *)b); }

/* Steps between neighbouring slices: even, uneven, or with whole slices missing. */
static void check_steps(lb_dcm_volume *volume, lb_arena *arena)
{
    size_t steps = volume->frames - 1, odd = 0, worst = 0;
    double *step = lb_arena_array(arena, steps, sizeof *step), *sorted = lb_arena_array(arena, steps, sizeof *sorted);
    for (size_t i = 0; i < steps; i++) sorted[i] = step[i] = volume->frame[i + 1]->along_mm - volume->frame[i]->along_mm;
    qsort(sorted, steps, sizeof *sorted, ascending);
    double usual = sorted[steps / 2];
    /* Two of three slices may be left when one is missing: the stated spacing decides then, if it divides the step. */
    double stated = volume->frame[0]->gap_mm;
    if (steps <= 2 && stated > 0 && fabs(sorted[0] - stated) < 0.01 * stated) usual = stated;
    double tolerance = fmax(0.01 * usual, 2e-3);
    volume->spacing_mm = (volume->frame[steps]->along_mm - volume->frame[0]->along_mm) / (double)steps;
    for (size_t i = 0; i < steps; i++) {
        double times = step[i] / usual;
        if (fabs(step[i] - usual) <= tolerance) continue;
        if (times > 1.5 && fabs(times - round(times)) * usual <= tolerance * round(times)) {
            size_t missing = (size_t)round(times) - 1;
            volume->slices_missing += missing;
            note(volume, lb_arena_printf(arena, "%zu slice%s missing between slice %zu (%.4f mm) and slice %zu (%.4f mm): the step is %.4f mm instead of %.4f mm",
                                         missing, missing == 1 ? " is" : "s are", i + 1, volume->frame[i]->along_mm, i + 2,
                                         volume->frame[i + 1]->along_mm, step[i], usual));
        } else if (odd++ == 0 || fabs(step[i] - usual) > fabs(step[worst] - usual)) {
            worst = i;
        }
    }
    if (odd > 0) {
        volume->obstacle = lb_arena_printf(arena, "the slices are unevenly spaced: steps of %.4f to %.4f mm, usually %.4f mm; the worst lies between slices %zu and %zu",
                                           sorted[0], sorted[steps - 1], usual, worst + 1, worst + 2);
        volume->advice = "export the whole series again; if it was scanned like this, resample it to even slices first";
        note(volume, volume->obstacle);
    } else if (volume->slices_missing > 0) {
        volume->spacing_mm = usual;
        volume->obstacle = lb_arena_printf(arena, "%zu of %zu slices %s missing; %s", volume->slices_missing,
                                           volume->frames + volume->slices_missing,
                                           volume->slices_missing == 1 ? "is" : "are", volume->note[0]);
        volume->advice = "export the whole series again; image convert --gaps empty writes the missing slices as zeros";
    }
}

static void check_volume(lb_dcm_volume *volume, lb_arena *arena)
{
    const lb_dcm_frame *first = volume->frame[0];
    double gap = first->gap_mm, thick = first->thickness_mm;
    volume->series = first->series;
    volume->description = first->description;
    volume->spacing_mm = isfinite(gap) && gap > 0 ? gap : isfinite(thick) && thick > 0 ? thick : 1;
    if (first->overlays)
        note(volume, lb_arena_printf(arena, "%zu overlay plane%s (drawings stored beside the pixels) %s left out", first->overlays, first->overlays == 1 ? "" : "s",
                                     first->overlays == 1 ? "is" : "are"));
    if (!first->placed) {
        note(volume, "the images do not say where they lie: position taken as 0, order as numbered; sides and spacing are not to be trusted");
        return;
    }
    if (volume->frames < 2) return;
    for (size_t i = 0; i + 1 < volume->frames; i++) {
        if (volume->frame[i + 1]->along_mm - volume->frame[i]->along_mm >= 1e-3) continue;
        volume->obstacle = lb_arena_printf(arena, "two images lie at the same place (%.4f mm along the slices), and not every place has two",
                                           volume->frame[i]->along_mm);
        volume->advice = "the folder mixes volumes that cannot be told apart: export each series into its own folder";
        note(volume, volume->obstacle);
        return;
    }
    check_steps(volume, arena);
    if (!volume->obstacle || volume->slices_missing) check_lean(volume, arena);
    if (volume->obstacle && !volume->slices_missing && volume->notes == 0) note(volume, volume->obstacle);
}

/* Frames [first, end) of one group: every place holds `times` images → that many volumes. */
static void add_volumes(lb_dcm_folder *folder, lb_dcm_frame **order, size_t first, size_t end, size_t *room)
{
    size_t times = 1, count = end - first;
    while (first + times < end && fabs(order[first + times]->along_mm - order[first]->along_mm) < 1e-3) times++;
    bool regular = order[first]->placed && times > 1 && count % times == 0;
    for (size_t i = first; regular && i < end; i++) {
        size_t start = first + (i - first) / times * times;
        regular = fabs(order[i]->along_mm - order[start]->along_mm) < 1e-3 &&
                  (start == first || start != i || order[i]->along_mm - order[i - 1]->along_mm >= 1e-3);
    }
    if (!regular) times = 1;
    for (size_t t = 0; t < times; t++) {
        if (folder->volumes == *room) {
            *room = *room ? 2 * *room : 8;
            lb_dcm_volume *grown = lb_arena_array(folder->arena, *room, sizeof *grown);
            if (folder->volumes) memcpy(grown, folder->volume, folder->volumes * sizeof *grown);
            folder->volume = grown;
        }
        lb_dcm_volume *volume = &folder->volume[folder->volumes++];
        memset(volume, 0, sizeof *volume);
        volume->frames = count / times;
        volume->frame = lb_arena_array(folder->arena, volume->frames, sizeof(lb_dcm_frame *));
        for (size_t i = 0; i < volume->frames; i++) volume->frame[i] = order[first + i * times + t];
        check_volume(volume, folder->arena);
    }
}

/* Volumes of a series in the order their images were numbered. */
static int by_series_then_time(const void *left, const void *right)
{
    const lb_dcm_volume *a = left, *b = right;
    int order = (a->series > b->series) - (a->series < b->series);
    if (order == 0) order = by_text(a->frame[0]->uid, b->frame[0]->uid);
    if (order == 0) order = by_number(a->frame[0]->time, b->frame[0]->time);
    if (order == 0) order = (a->frame[0]->file > b->frame[0]->file) - (a->frame[0]->file < b->frame[0]->file);
    return order ? order : group_order(a->frame[0], b->frame[0]);
}

void lb_dcm_sort(lb_dcm_folder *folder)
{
    if (folder->frames == 0) return;
    lb_dcm_frame **order = lb_arena_array(folder->arena, folder->frames, sizeof(lb_dcm_frame *));
    size_t room = 0;
    for (size_t i = 0; i < folder->frames; i++) {
        lb_dcm_frame *frame = order[i] = &folder->all[i];
        double n[3];
        normal_of(frame, n);
        frame->along_mm = 0;
        for (int axis = 0; axis < 3; axis++) frame->along_mm += n[axis] * frame->position_mm[axis];
        if (!frame->placed) frame->along_mm = frame->time; /* no place: as numbered */
    }
    qsort(order, folder->frames, sizeof *order, group_then_place);
    for (size_t first = 0; first < folder->frames;) {
        size_t end = first + 1;
        while (end < folder->frames && group_order(order[first], order[end]) == 0) end++;
        add_volumes(folder, order, first, end, &room);
        first = end;
    }
    qsort(folder->volume, folder->volumes, sizeof *folder->volume, by_series_then_time);
    for (size_t i = 0; i < folder->volumes; i++) {
        folder->volume[i].part = 1;
        if (i > 0 && folder->volume[i].series == folder->volume[i - 1].series)
            folder->volume[i].part = folder->volume[i - 1].part + 1;
    }
}

int lb_dcm_folder_read(const lb_bytes *file, size_t files, lb_arena *arena, lb_dcm_folder **out, lb_error *err)
{
    lb_dcm_folder *folder = *out = lb_arena_alloc(arena, sizeof *folder);
    folder->file = file;
    folder->files = files;
    folder->arena = arena;
    folder->segmentation = lb_arena_array(arena, files + 1, sizeof *folder->segmentation);
    folder->contours = lb_arena_array(arena, files + 1, sizeof *folder->contours);
    for (size_t i = 0; i < files; i++) {
        lb_dcm *dcm;
        char kind[80];
        if (!lb_dcm_looks_like(&file[i])) {
            folder->other_files++;
            continue;
        }
        int status = lb_dcm_open(&file[i], true, &dcm, err);
        if (status != LB_OK) return status;
        lb_dcm_text(lb_dcm_root(dcm), LB_TAG(0x0008, 0x0016), kind, sizeof kind);
        if (strcmp(kind, "1.2.840.10008.5.1.4.1.1.66.4") == 0)
            folder->segmentation[folder->segmentations++] = i;
        else if (strcmp(kind, "1.2.840.10008.5.1.4.1.1.481.3") == 0)
            folder->contours[folder->contour_files++] = i;
        else
            status = lb_dcm_frames_add(folder, i, dcm, err);
        lb_dcm_close(dcm);
        if (status != LB_OK) return status;
    }
    lb_dcm_sort(folder);
    return LB_OK;
}
