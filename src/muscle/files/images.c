/* Everything an operation may be given as "an image": one NIfTI or NRRD file, a DICOM file or folder with any number of
 * series, segmentations and contours in it, or a zip bundle of these. Says what there is to choose from, never guesses. */
#include <math.h>
#include <string.h>

#include "muscle/files/dicom.h"
#include "muscle/files/files.h"
#include "muscle/files/layers.h"
#include "muscle/files/stream.h"
#include "muscle/files/bundle.h"

static int unpack_bundle(const lb_bytes *file, size_t files, lb_arena *arena, const lb_bytes **out, size_t *count, lb_error *err)
{
    *out = file;
    *count = files;
    if (files != 1 || !lb_bundle_looks_like(&file[0])) return LB_OK;
    lb_bytes *list;
    int status = lb_bundle_read(&file[0], lb_max_input(), arena, &list, count, err);
    if (status == LB_OK) *out = list;
    return status;
}

static bool any_dicom(const lb_bytes *file, size_t files)
{
    for (size_t i = 0; i < files; i++)
        if (lb_dcm_looks_like(&file[i]) && lb_image_format(&file[i]) == NULL) return true;
    return false;
}

void lb_images_prepare(const lb_image_request *request)
{
    bool needed = any_dicom(request->file, request->files) || any_dicom(request->reference, request->references);
    for (size_t i = 0; i < request->files; i++) needed |= lb_bundle_looks_like(&request->file[i]);
    for (size_t i = 0; i < request->references; i++) needed |= lb_bundle_looks_like(&request->reference[i]);
    if (needed) lb_dcm_prepare();
}

/* ---- choosing a volume ------------------------------------------------------------------------------------------- */

static const char *list_volumes(const lb_dcm_folder *folder)
{
    const char *text = "";
    enum { MOST = 12 };
    for (size_t i = 0; i < folder->volumes && i < MOST; i++) {
        const lb_dcm_volume *v = &folder->volume[i];
        bool parts = v->part > 1 || (i + 1 < folder->volumes && folder->volume[i + 1].series == v->series);
        const char *number = parts ? lb_arena_printf(folder->arena, "%lld.%lld", (long long)v->series, (long long)v->part)
                                   : lb_arena_printf(folder->arena, "%lld", (long long)v->series);
        text = lb_arena_printf(folder->arena, "%s%s%s %s(%zu x %zu x %zu)", text, i ? ", " : "", number,
                               *v->description ? lb_arena_printf(folder->arena, "%s ", v->description) : "",
                               v->frame[0]->columns, v->frame[0]->rows, v->frames);
    }
    return folder->volumes > MOST ? lb_arena_printf(folder->arena, "%s, and %zu more", text, folder->volumes - MOST) : text;
}

static int ambiguous(const lb_dcm_folder *folder, const char *what, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "%s: %.380s", what, list_volumes(folder));
    lb_error_where(err, "%s", folder->files == 1 ? folder->file[0].name : "folder");
    lb_error_hint(err, "choose one: --series N where the command has it, or FOLDER#N (FOLDER#N.2 for the second volume of series N)");
    return LB_BAD_DATA;
}

/* The series meant: its number; else its place in the list, when no series has that number. */
static int64_t series_meant(const lb_dcm_folder *folder, int64_t wanted, bool *by_place)
{
    int64_t nth = 0;
    *by_place = false;
    for (size_t i = 0; i < folder->volumes; i++)
        if (folder->volume[i].series == wanted) return wanted;
    *by_place = true;
    for (size_t i = 0; i < folder->volumes; i++) {
        if (i == 0 || folder->volume[i].series != folder->volume[i - 1].series) nth++;
        if (nth == wanted) return folder->volume[i].series;
    }
    return -2;
}

static int choose_volume(const lb_dcm_folder *folder, int64_t series, int64_t part, const lb_dcm_volume **out, lb_error *err)
{
    bool by_place = false;
    if (series >= 0) series = series_meant(folder, series, &by_place);
    if (series == -2) return ambiguous(folder, "the folder has no series of that number; it holds", err);
    const lb_dcm_volume *found = NULL;
    size_t matches = 0, series_seen = 0;
    for (size_t i = 0; i < folder->volumes; i++) {
        const lb_dcm_volume *v = &folder->volume[i];
        series_seen += i == 0 || v->series != folder->volume[i - 1].series;
        if ((series >= 0 && v->series != series) || (part >= 0 && v->part != part)) continue;
        found = v;
        matches++;
    }
    if (matches == 0) return ambiguous(folder, "the series has no volume of that number; the folder holds", err);
    if (matches > 1)
        return ambiguous(folder, series < 0 && series_seen > 1 ? "the folder holds several series" : "the series holds several volumes", err);
    *out = found;
    return LB_OK;
}

static int obstructed(const lb_dcm_volume *v, lb_error *err)
{
    lb_fail(err, LB_BAD_DATA, "series %lld: %s", (long long)v->series, v->obstacle);
    lb_error_hint(err, "%s", v->advice ? v->advice : "export the series again");
    return LB_BAD_DATA;
}

static int take_volume(const lb_dcm_folder *folder, const lb_dcm_volume *v, const lb_image_request *request, lb_image *out, lb_error *err)
{
    bool fill = request->gaps && v->slices_missing > 0;
    if (v->obstacle && !request->all && !fill) return obstructed(v, err);
    lb_dcm_volume what = *v;
    if (!fill) what.slices_missing = 0;
    *out = (lb_image){.series = v->series, .part = v->part, .description = v->description, .obstacle = v->obstacle,
                      .slices_missing = v->slices_missing};
    int status = lb_dcm_stack(folder, &what, &out->volume, err);
    if (status == LB_OK && fill) lb_volume_warn(out->volume, "the missing slices were written as zeros, as asked");
    return status;
}

/* ---- segmentations and contours ---------------------------------------------------------------------------------- */

/* UID of the series that a SEG or RTSTRUCT says it was drawn on. */
static void drawn_on(const lb_bytes *file, char *uid, size_t size)
{
    lb_dcm *dcm;
    uid[0] = '\0';
    if (lb_dcm_open(file, true, &dcm, NULL) != LB_OK) return;
    const lb_dcm_item *root = lb_dcm_root(dcm), *frame = lb_dcm_item_at(root, LB_TAG(0x3006, 0x0010), 0);
    const lb_dcm_item *study = lb_dcm_item_at(frame, LB_TAG(0x3006, 0x0012), 0);
    const lb_dcm_item *series = lb_dcm_item_at(study, LB_TAG(0x3006, 0x0014), 0);
    if (!series) series = lb_dcm_item_at(root, LB_TAG(0x0008, 0x1115), 0);
    lb_dcm_text(series, LB_TAG(0x0020, 0x000e), uid, size);
    lb_dcm_close(dcm);
}

static int reference_grid(const lb_dcm_folder *images, const lb_image_request *request, const lb_bytes *regions, lb_volume *grid,
                          lb_error *err)
{
    const lb_dcm_volume *found = NULL;
    char uid[80];
    drawn_on(regions, uid, sizeof uid);
    size_t same = 0;
    for (size_t i = 0; i < images->volumes && request->reference_series < 0; i++)
        if (*uid && strcmp(images->volume[i].frame[0]->uid, uid) == 0) found = &images->volume[i], same++;
    if (same != 1) {
        int status = choose_volume(images, request->reference_series, -1, &found, err);
        if (status != LB_OK) return status;
    }
    if (found->obstacle) return obstructed(found, err);
    lb_dcm_grid(found, grid);
    return LB_OK;
}

/* The images regions lie on: those given as reference, else those in the same folder; *has is false when there are none. */
static int find_grid(const lb_dcm_folder *folder, const lb_image_request *request, const lb_bytes *regions, lb_volume *grid, bool *has,
                     lb_error *err)
{
    *has = false;
    const lb_dcm_folder *images = folder;
    if (request->references > 0) {
        const lb_bytes *file;
        size_t files;
        int status = unpack_bundle(request->reference, request->references, folder->arena, &file, &files, err);
        if (status != LB_OK) return status;
        if (!any_dicom(file, files)) {
            lb_volume *image;
            status = lb_image_read(&file[0], folder->arena, &image, err);
            if (status == LB_OK) *grid = *image, *has = true;
            return status;
        }
        lb_dcm_folder *other;
        status = lb_dcm_folder_read(file, files, folder->arena, &other, err);
        if (status != LB_OK) return status;
        images = other;
        if (images->volumes == 0) {
            lb_fail(err, LB_BAD_DATA, "the reference holds no images");
            lb_error_where(err, "--reference");
            lb_error_hint(err, "give the folder of the images the regions were drawn on");
            return LB_BAD_DATA;
        }
    }
    if (images->volumes == 0) return LB_OK;
    *has = true;
    return reference_grid(images, request, regions, grid, err);
}

static int take_regions(const lb_dcm_folder *folder, const lb_image_request *request, size_t file, bool contours, lb_image *out, lb_error *err)
{
    lb_volume grid = {0};
    bool has;
    *out = (lb_image){.series = -1, .part = -1, .description = contours ? "RTSTRUCT" : "SEG"};
    int status = find_grid(folder, request, &folder->file[file], &grid, &has, err);
    if (status != LB_OK) return status;
    if (!contours) return lb_dcm_seg_read(&folder->file[file], has ? &grid : NULL, request->roi, folder->arena, &out->volume, err);
    if (has) return lb_dcm_contours_read(&folder->file[file], &grid, request->roi, folder->arena, &out->volume, err);
    lb_segment *names;
    status = lb_dcm_contours_list(&folder->file[file], folder->arena, &names, &out->regions, err);
    out->region = names;
    if (status != LB_OK || request->all) return status;
    lb_fail(err, LB_BAD_DATA, "contours need the images they were drawn on");
    lb_error_where(err, "%s", folder->file[file].name);
    lb_error_hint(err, "make a mask first: lumbar image convert RTSTRUCT mask.nrrd --reference FOLDER");
    return LB_BAD_DATA;
}

static int read_regions(const lb_dcm_folder *folder, const lb_image_request *request, lb_image *list, size_t *count, lb_error *err)
{
    size_t all = folder->segmentations + folder->contour_files;
    if (!request->all && all > 1) {
        lb_fail(err, LB_BAD_DATA, "the folder holds %zu segmentations and %zu structure sets", folder->segmentations, folder->contour_files);
        lb_error_hint(err, "give the file of the one you mean");
        return LB_BAD_DATA;
    }
    for (size_t i = 0; i < all; i++) {
        bool contours = i >= folder->segmentations;
        size_t file = contours ? folder->contours[i - folder->segmentations] : folder->segmentation[i];
        int status = take_regions(folder, request, file, contours, &list[*count], err);
        if (status != LB_OK) return status;
        ++*count;
    }
    return LB_OK;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static int read_dicom(const lb_bytes *file, size_t files, const lb_image_request *request, lb_arena *arena, lb_image **out, size_t *count,
                      lb_error *err)
{
    lb_dcm_folder *folder;
    int status = lb_dcm_folder_read(file, files, arena, &folder, err);
    if (status != LB_OK) return status;
    size_t regions = folder->segmentations + folder->contour_files;
    if (folder->volumes + regions == 0) {
        lb_fail(err, LB_BAD_DATA, "none of the %zu DICOM objects is a grey image, a segmentation or a structure set", folder->other_objects);
        lb_error_where(err, "%s", files == 1 ? file[0].name : "folder");
        lb_error_hint(err, "reports, colour pictures and presentation states cannot be measured");
        return LB_BAD_DATA;
    }
    *out = lb_arena_array(arena, folder->volumes + regions, sizeof **out);
    bool want_regions = regions > 0 && (request->roi || request->references > 0 || folder->volumes == 0);
    if (request->all || !want_regions) {
        const lb_dcm_volume *one = NULL;
        if (!request->all || request->series >= 0) status = choose_volume(folder, request->series, request->part, &one, err);
        for (size_t i = 0; i < folder->volumes && status == LB_OK; i++) {
            if (one && one != &folder->volume[i]) continue;
            status = take_volume(folder, &folder->volume[i], request, &(*out)[*count], err);
            if (status == LB_OK) ++*count;
        }
    }
    if (status == LB_OK && (want_regions || (request->all && request->series < 0))) status = read_regions(folder, request, *out, count, err);
    if (status != LB_OK) return status;
    lb_volume *first = *count ? (*out)[0].volume : NULL;
    if (first && !want_regions && request->series >= 0 && (*out)[0].series >= 0 && (*out)[0].series != request->series)
        lb_volume_warn(first, "no series has the number %lld: series %lld was taken, by its place in the list", (long long)request->series, (long long)(*out)[0].series);
    if (first && folder->other_files) lb_volume_warn(first, "%zu files of the folder are not DICOM and were left out", folder->other_files);
    if (first && folder->other_objects)
        lb_volume_warn(first, "%zu DICOM objects hold no grey image (reports, colour pictures, presentation states) and were left out",
                       folder->other_objects);
    return LB_OK;
}

/* One named segment of a label map, as a label map of its own. */
static int only_region(lb_image *image, const char *roi, lb_arena *arena, lb_error *err)
{
    const lb_volume *from = image->volume;
    const char *names = "";
    for (size_t s = 0; s < from->segment_count; s++) {
        names = lb_arena_printf(arena, "%s%s%s", names, s ? ", " : "", from->segment[s].name);
        if (strcmp(from->segment[s].name, roi) != 0) continue;
        const lb_volume *layer = lb_layer_of(from, &from->segment[s]);
        lb_voxel_list list = {.name = from->segment[s].name, .label = from->segment[s].label};
        size_t count = lb_volume_count(layer);
        for (size_t i = 0; i < count; i++)
            if (lb_volume_at(layer, i) == (double)list.label) lb_voxel_list_add(&list, i, arena);
        int status = lb_layers_make(layer, &list, 1, arena, &image->volume, err);
        if (status == LB_OK) image->volume->name = from->name;
        return status;
    }
    lb_fail(err, LB_BAD_DATA, "the file has no segment \"%.80s\"", roi);
    lb_error_where(err, "--roi");
    if (*names) lb_error_hint(err, "it has: %.400s", names);
    else lb_error_hint(err, "this file names no segments: leave --roi out");
    return LB_BAD_DATA;
}

int lb_images_read(void *context, const lb_image_request *request, lb_arena *arena, lb_image **out, size_t *count, lb_error *err)
{
    (void)context;
    const lb_bytes *file;
    size_t files;
    *count = 0;
    int status = unpack_bundle(request->file, request->files, arena, &file, &files, err);
    if (status != LB_OK) return status;
    if (any_dicom(file, files)) return read_dicom(file, files, request, arena, out, count, err);
    if (files != 1) {
        lb_fail(err, LB_BAD_DATA, "none of the %zu files is DICOM: one image is needed, not several", files);
        lb_error_where(err, "%s", files ? file[0].name : "folder");
        lb_error_hint(err, "give one NIfTI or NRRD file, or the folder of a DICOM series");
        return LB_BAD_DATA;
    }
    *out = lb_arena_array(arena, 1, sizeof **out);
    (*out)[0] = (lb_image){.series = -1, .part = -1};
    status = lb_image_read(&file[0], arena, &(*out)[0].volume, err);
    if (status == LB_OK && request->roi) status = only_region(&(*out)[0], request->roi, arena, err);
    if (status == LB_OK) *count = 1;
    return status;
}
