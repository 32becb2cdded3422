/* `image info` and `image convert`: what a file holds, and the same voxels in the other format. */
#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/files/files.h"
#include "muscle/muscle.h"

static void push_triple(lb_value *row, const char *key, const double value[3]) { lb_set_numbers(row, key, value, 3); }

/* Count the voxels of each named label, or of every label of a whole-number image with few of them. */
static void push_segments(const lb_volume *volume, lb_value *segments)
{
    size_t count = lb_volume_count(volume);
    for (size_t s = 0; s < volume->segment_count; s++) {
        int64_t voxels = 0;
        for (size_t i = 0; i < count; i++) voxels += lb_volume_at(volume, i) == (double)volume->segment[s].label;
        lb_value *row = lb_push_object(segments);
        lb_set_text(row, "name", volume->segment[s].name);
        lb_set_int(row, "label", volume->segment[s].label);
        lb_set_int(row, "voxels", voxels);
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

static int run_info(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *volume;
    int status = lb_call_volume(call, "image", &volume, err);
    if (status != LB_OK) return status;
    lb_value *row = lb_push_object(lb_set_array(result->results, "volumes"));
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
    lb_set_int(row, "series", 1);
    push_triple(row, "size", size);
    push_triple(row, "spacing", volume->spacing_mm);
    push_triple(row, "origin_lps", volume->origin_mm);
    lb_set_numbers(row, "direction", volume->direction, 9);
    lb_set_text(row, "type", lb_voxel_name(volume->type));
    lb_set_number(row, "slope", volume->slope);
    lb_set_number(row, "intercept", volume->intercept);
    lb_set_number(row, "minimum", low);
    lb_set_number(row, "maximum", high);
    lb_set_int(row, "slices_missing", 0);
    lb_value *warnings = lb_set_array(row, "warnings");
    for (size_t i = 0; i < volume->warning_count; i++) lb_push_text(warnings, volume->warning[i]);
    if (not_finite)
        lb_push_text(warnings,
                     lb_arena_printf(result->arena, "%zu voxels are not numbers (NaN or infinite)", not_finite));
    push_segments(volume, lb_set_array(result->results, "segments"));
    lb_result_note(result,
                   "Positions are millimetres towards left, posterior and superior (LPS); direction is row by row, its "
                   "columns are the unit vectors of the voxel axes; minimum and maximum are scaled values.");
    return LB_OK;
}

/* NRRD stores no scale: scaled values as numbers of double precision. */
static int unscale(lb_volume **volume, lb_error *err)
{
    const lb_volume *from = *volume;
    lb_volume *plain = lb_volume_new(from->arena, from->size, LB_F64);
    if (!plain) return lb_fail(err, LB_NO_MEMORY, "not enough memory to convert the image");
    size_t count = lb_volume_count(from);
    for (size_t i = 0; i < count; i++) ((double *)plain->voxels)[i] = lb_volume_at(from, i);
    void *voxels = plain->voxels;
    *plain = *from;
    plain->voxels = voxels;
    plain->type = LB_F64;
    plain->slope = 1;
    plain->intercept = 0;
    *volume = plain;
    return LB_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int run_convert(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *volume;
    const char *out = lb_call_text(call, "out");
    int status = lb_call_volume(call, "image", &volume, err);
    if (status != LB_OK) return status;
    bool nrrd = lb_text_ends(out, ".nrrd"), packed = lb_text_ends(out, ".nii.gz"),
         nifti = packed || lb_text_ends(out, ".nii");
    if (!nrrd && !nifti) {
        lb_fail(err, LB_USAGE, "\"%s\" does not say a format", base_name(out));
        lb_error_where(err, "OUT");
        lb_error_hint(err, "end the name in .nii.gz, .nii or .nrrd");
        return LB_USAGE;
    }
    if (nrrd && (volume->slope != 1 || volume->intercept != 0)) {
        status = unscale(&volume, err);
        if (status != LB_OK) return status;
        lb_result_note(result, "NRRD stores no scale: values were scaled and written as float64.");
    }
    int version = lb_text_equal(lb_call_text(call, "nifti"), "2") ? 2 : 1;
    lb_buf bytes = {.max = lb_max_input()};
    status = nrrd ? lb_nrrd_write(volume, true, &bytes, err) : lb_nifti_write(volume, version, packed, &bytes, err);
    if (status == LB_OK) {
        lb_result_artifact(result, base_name(out), nrrd ? "application/octet-stream" : "application/gzip", bytes.data,
                           bytes.length);
        lb_set_text(result->results, "file", base_name(out));
        lb_set_text(result->results, "format", nrrd ? "NRRD" : version == 2 ? "NIfTI-2" : "NIfTI-1");
        lb_set_int(result->results, "bytes", (int64_t)bytes.length);
        if (nifti && version == 1)
            lb_result_note(
                result, "NIfTI-1 keeps spacing and position as 32-bit numbers (7 digits); --nifti 2 or NRRD keep all.");
        if (nifti && volume->segment_count > 0)
            lb_result_warn(result, "NIfTI has no room for the names of the %zu segments: they are lost",
                           volume->segment_count);
    }
    lb_volume_pass_warnings(volume, "image", result);
    lb_buf_free(&bytes);
    return status;
}

static const lb_param info_params[] = {
    {.name = "image", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "image or mask file"},
    {.name = "series",
     .type = LB_P_INT,
     .flags = LB_ADVANCED,
     .summary = "which series of a folder",
     .min = 1,
     .max = 9999},
};
static const lb_param convert_params[] = {
    {.name = "image", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "image or mask file"},
    {.name = "out",
     .type = LB_P_TEXT,
     .flags = LB_REQUIRED | LB_POSITIONAL | LB_OUTPUT,
     .summary = "file to write: .nii.gz, .nii or .nrrd"},
    {.name = "nifti",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .summary = "NIfTI version",
     .preset = "1",
     .choices = "1,2"},
};

const lb_op lb_op_image_info = {
    .area = "image",
    .verb = "info",
    .summary = "size, spacing, position and labels of an image file",
    .description =
        "Reads a NIfTI-1, NIfTI-2 or NRRD file (the format is told by its content) and says what it holds and what is "
        "odd about it: missing or contradicting positions, units, negative spacings, voxels that are not numbers. "
        "Label maps list their labels, .seg.nrrd files the names of their segments.",
    .params = info_params,
    .param_count = LB_COUNT(info_params),
    .run = run_info,
    .example = "lumbar image info reference/muscle/phantom_mask.nii.gz",
};
const lb_op lb_op_image_convert = {
    .area = "image",
    .verb = "convert",
    .summary = "write an image in another format (NIfTI, NRRD)",
    .description =
        "Writes the same voxels at the same place in another format. Nothing is resampled. NIfTI-1 keeps positions to "
        "seven digits only; --nifti 2 and NRRD keep them exactly.",
    .params = convert_params,
    .param_count = LB_COUNT(convert_params),
    .run = run_convert,
    .example = "lumbar image convert reference/muscle/phantom_mask.nii.gz mask.nrrd",
};
