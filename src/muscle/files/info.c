/* `image info`: what a file, a DICOM folder or a bundle holds, and what is odd about it. */
#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/files/files.h"
#include "muscle/files/layers.h"
#include "muscle/muscle.h"

static void push_triple(lb_value *row, const char *key, const double value[3]) { lb_set_numbers(row, key, value, 3); }

/* Count the voxels of each named label, or of every label of a whole-number image with few of them. */
static void push_segments(const lb_volume *volume, lb_value *segments)
{
    size_t count = lb_volume_count(volume);
    for (size_t s = 0; s < volume->segment_count; s++) {
        int64_t voxels = 0;
        const lb_volume *layer = lb_layer_of(volume, &volume->segment[s]);
        for (size_t i = 0; i < count; i++) voxels += lb_volume_at(layer, i) == (double)volume->segment[s].label;
        lb_value *row = lb_push_object(segments);
        lb_set_text(row, "name", volume->segment[s].name);
        lb_set_int(row, "label", volume->segment[s].label);
        lb_set_int(row, "voxels", voxels);
        if (volume->layers) lb_set_int(row, "layer", (int64_t)volume->segment[s].layer);
    }
    if (volume->segment_count > 0 || volume->type == LB_F32 || volume->type == LB_F64 || volume->slope != 1) return;
    enum { MAX_LABELS = 64 };
    int64_t label[MAX_LABELS], voxels[MAX_LABELS], labels = 0;
    for (size_t i = 0; i < count; i++) {
        double value = lb_volume_at(volume, i);
        if (value == 0) continue;
        int64_t at = 0;
        while (at < labels && (double)label[at] != value) at++;
        if (at == MAX_LABELS || fabs(value) > 1e9) return; /* a picture, not a label map */
        if (at == labels) label[labels] = (int64_t)value, voxels[labels++] = 0;
        voxels[at]++;
    }
    for (int64_t done = 0; done < labels; done++) {
        int64_t least = done;
        for (int64_t k = done; k < labels; k++)
            if (label[k] < label[least]) least = k;
        lb_value *row = lb_push_object(segments);
        lb_set_null(row, "name");
        lb_set_int(row, "label", label[least]);
        lb_set_int(row, "voxels", voxels[least]);
        label[least] = label[done];
        voxels[least] = voxels[done];
    }
}

/* One volume: its grid, its range, and what the reader found odd. */
static void push_volume(const lb_image *image, size_t place, lb_value *rows)
{
    const lb_volume *volume = image->volume;
    lb_value *row = lb_push_object(rows);
    size_t count = lb_volume_count(volume), not_finite = 0;
    double size[3], low = INFINITY, high = -INFINITY;
    for (int axis = 0; axis < 3; axis++) size[axis] = (double)volume->size[axis];
    for (size_t i = 0; i < count; i++) {
        double value = lb_volume_at(volume, i);
        if (!isfinite(value)) {
            not_finite++;
            continue;
        }
        low = fmin(low, value);
        high = fmax(high, value);
    }
    lb_set_int(row, "series", image->series >= 0 ? image->series : (int64_t)place);
    if (image->part >= 0) lb_set_int(row, "volume", image->part);
    if (image->description) lb_set_text(row, "description", image->description);
    push_triple(row, "size", size);
    push_triple(row, "spacing", volume->spacing_mm);
    push_triple(row, "origin_lps", volume->origin_mm);
    lb_set_numbers(row, "direction", volume->direction, 9);
    lb_set_text(row, "type", lb_voxel_name(volume->type));
    lb_set_number(row, "slope", volume->slope);
    lb_set_number(row, "intercept", volume->intercept);
    lb_set_number(row, "minimum", low);
    lb_set_number(row, "maximum", high);
    lb_set_int(row, "slices_missing", (int64_t)image->slices_missing);
    lb_value *warnings = lb_set_array(row, "warnings");
    for (size_t i = 0; i < volume->warning_count; i++) lb_push_text(warnings, volume->warning[i]);
    if (image->obstacle) lb_push_text(warnings, lb_arena_printf(row->arena, "cannot be measured as it is: %s", image->obstacle));
    if (not_finite)
        lb_push_text(warnings, lb_arena_printf(row->arena, "%zu voxels are not numbers (NaN or infinite)", not_finite));
}

static int run_info(lb_call *call, lb_result *result, lb_error *err)
{
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    lb_image *image;
    size_t count, volumes = 0;
    request.all = true;
    if (lb_call_given(call, "series")) request.series = lb_call_int(call, "series");
    int status = lb_call_images(call, "image", &request, &image, &count, err);
    if (status != LB_OK) return status;
    lb_value *rows = lb_set_array(result->results, "volumes"), *segments = lb_set_array(result->results, "segments");
    for (size_t i = 0; i < count; i++) {
        if (image[i].volume) {
            push_volume(&image[i], ++volumes, rows);
            push_segments(image[i].volume, segments);
        }
        for (size_t r = 0; r < image[i].regions; r++) {
            lb_value *row = lb_push_object(segments);
            lb_set_text(row, "name", image[i].region[r].name);
            lb_set_int(row, "label", image[i].region[r].label);
            lb_set_null(row, "voxels");
        }
        if (image[i].regions)
            lb_result_note(result, "Contours have no voxels until they are filled on their images: image convert RTSTRUCT mask.nrrd --reference FOLDER.");
    }
    lb_result_note(result,
                   "Positions are millimetres towards left, posterior and superior (LPS); direction is row by row, its "
                   "columns are the unit vectors of the voxel axes; minimum and maximum are scaled values.");
    return LB_OK;
}

static const lb_param info_params[] = {
    {.name = "image", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "image or mask: a file, a DICOM folder, a zip bundle"},
    {.name = "series",
     .type = LB_P_INT,
     .flags = LB_ADVANCED,
     .summary = "only this series of a folder (its DICOM number, or its place in the list)",
     .min = 0,
     .max = 2147483647},
};
const lb_op lb_op_image_info = {
    .area = "image",
    .verb = "info",
    .summary = "size, spacing, position and labels of an image file or DICOM folder",
    .description =
        "Reads a NIfTI-1, NIfTI-2 or NRRD file, or DICOM: a file, a folder with any number of series (shuffled as it may be), "
        "or a zip bundle. The format is told by its content. Says what it holds and what is odd about it: missing slices, uneven "
        "steps and tilted stacks in millimetres, missing or contradicting positions, voxels that are not numbers. "
        "Label maps list their labels; .seg.nrrd files, DICOM SEG and RTSTRUCT the names of their segments.",
    .params = info_params,
    .param_count = LB_COUNT(info_params),
    .run = run_info,
    .example = "lumbar image info reference/muscle/phantom_mask.nii.gz",
};
