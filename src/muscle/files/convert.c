/* `image convert`: the same voxels in another format; regions of a SEG or RTSTRUCT as a label map. */
#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/files/files.h"
#include "muscle/files/layers.h"
#include "muscle/muscle.h"

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

/* What is to be read: series, volume, region and the images it lies on. */
static int read_image(lb_call *call, lb_volume **out, lb_error *err)
{
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    lb_image *image;
    size_t count;
    if (lb_call_given(call, "series")) request.series = lb_call_int(call, "series");
    if (lb_call_given(call, "volume")) request.part = lb_call_int(call, "volume");
    request.gaps = lb_text_equal(lb_call_text(call, "gaps"), "empty");
    request.roi = lb_call_text(call, "roi");
    lb_call_files(call, "reference", &request.reference, &request.references);
    if (request.references > 0) { /* then --series names the series of the reference */
        request.reference_series = request.series;
        request.series = -1;
    }
    int status = lb_call_images(call, "image", &request, &image, &count, err);
    if (status == LB_OK) *out = image[0].volume;
    return status;
}

static int write_image(const lb_volume *volume, const char *out, int version, lb_buf *bytes, lb_error *err)
{
    bool nifti = lb_text_ends(out, ".nii") || lb_text_ends(out, ".nii.gz");
    if (!nifti) return lb_nrrd_write(volume, true, bytes, err);
    if (volume->layers > 0) {
        lb_fail(err, LB_BAD_DATA, "some of the %zu segments overlap; a NIfTI label map holds one label a voxel", volume->segment_count);
        lb_error_hint(err, "write .seg.nrrd, or one segment with --roi NAME");
        return LB_BAD_DATA;
    }
    return lb_nifti_write(volume, version, lb_text_ends(out, ".gz"), bytes, err);
}

static int run_convert(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *volume;
    const char *out = lb_call_text(call, "out");
    int status = read_image(call, &volume, err);
    if (status != LB_OK) return status;
    bool nrrd = lb_text_ends(out, ".nrrd"), nifti = lb_text_ends(out, ".nii.gz") || lb_text_ends(out, ".nii");
    if (!nrrd && !nifti) {
        lb_fail(err, LB_USAGE, "\"%s\" does not say a format", base_name(out));
        lb_error_where(err, "OUT");
        lb_error_hint(err, "end the name in .nii.gz, .nii, .nrrd or .seg.nrrd");
        return LB_USAGE;
    }
    if (nrrd && (volume->slope != 1 || volume->intercept != 0)) {
        status = unscale(&volume, err);
        if (status != LB_OK) return status;
        lb_result_note(result, "NRRD stores no scale: values were scaled and written as float64.");
    }
    if (lb_text_ends(out, ".seg.nrrd") && volume->segment_count == 0) {
        status = lb_segments_name(volume, err);
        if (status != LB_OK) return status;
    }
    int version = lb_text_equal(lb_call_text(call, "nifti"), "2") ? 2 : 1;
    lb_buf bytes = {.max = lb_max_input()};
    status = write_image(volume, out, version, &bytes, err);
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

static const lb_param convert_params[] = {
    {.name = "image", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "image or mask: a file, a DICOM folder, a zip bundle"},
    {.name = "out",
     .type = LB_P_TEXT,
     .flags = LB_REQUIRED | LB_POSITIONAL | LB_OUTPUT,
     .summary = "file to write: .nii.gz, .nii, .nrrd or .seg.nrrd"},
    {.name = "series",
     .type = LB_P_INT,
     .summary = "which series of a DICOM folder (its number, or its place in the list)",
     .min = 0,
     .max = 2147483647},
    {.name = "volume", .type = LB_P_INT, .flags = LB_ADVANCED, .summary = "which volume of a series that holds several", .min = 1, .max = 99999},
    {.name = "reference", .type = LB_P_VOLUME, .summary = "SEG, RTSTRUCT: the images they lie on (a folder)"},
    {.name = "roi", .type = LB_P_TEXT, .summary = "SEG, RTSTRUCT, .seg.nrrd: only the region of this name"},
    {.name = "gaps",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .summary = "when slices are missing: refuse, or write them as zeros",
     .preset = "refuse",
     .choices = "refuse,empty"},
    {.name = "nifti",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .summary = "NIfTI version",
     .preset = "1",
     .choices = "1,2"},
};

const lb_op lb_op_image_convert = {
    .area = "image",
    .verb = "convert",
    .summary = "write an image in another format (from DICOM, NIfTI, NRRD to NIfTI, NRRD)",
    .description =
        "Writes the same voxels at the same place in another format. Nothing is resampled. NIfTI-1 keeps positions to "
        "seven digits only; --nifti 2 and NRRD keep them exactly.\n\n"
        "A DICOM folder with several series needs --series. Regions of a DICOM SEG or RTSTRUCT become a label map whose values "
        "are their numbers, on the grid of --reference (a SEG without one keeps its own grid); --roi takes one. A voxel belongs to "
        "a contour when its centre lies inside. Regions that overlap need .seg.nrrd.",
    .params = convert_params,
    .param_count = LB_COUNT(convert_params),
    .run = run_convert,
    .example = "lumbar image convert reference/muscle/phantom_mask.nii.gz mask.nrrd",
};
