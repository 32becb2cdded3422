/* `image bias` and `image normalise`: brightness made comparable within a picture and between pictures. */
#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/composition/classes.h"
#include "muscle/files/files.h"
#include "muscle/intensity/bias.h"
#include "muscle/muscle.h"

/* The picture, and a mask on its grid or NULL. */
static int read_inputs(lb_call *call, lb_volume **image, lb_volume **mask, lb_result *result, lb_error *err)
{
    int status = lb_call_volume(call, "image", image, err);
    if (status == LB_OK) status = lb_call_volume(call, "mask", mask, err);
    if (status != LB_OK) return status;
    lb_volume_pass_warnings(*image, "image", result);
    if (!*mask) return LB_OK;
    lb_grid_rule rule = {lb_call_text(call, "adopt-geometry"), LB_GRID_TOLERANCE_UM / 1000.0};
    status = lb_mask_flat(*mask, err);
    return status == LB_OK ? lb_grid_match(image, mask, *mask, "image", "mask", &rule, result, err) : status;
}

/* A picture of double precision on the same grid, as artifacts NAME.nii.gz and NAME.nrrd. */
static int give(const lb_volume *like, const double *value, const char *name, lb_result *result, lb_error *err)
{
    lb_volume *out = lb_volume_new(result->arena, like->size, LB_F32);
    if (!out) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the picture");
    size_t count = lb_volume_count(like);
    for (size_t i = 0; i < count; i++) ((float *)out->voxels)[i] = (float)value[i];
    memcpy(out->spacing_mm, like->spacing_mm, sizeof out->spacing_mm);
    memcpy(out->origin_mm, like->origin_mm, sizeof out->origin_mm);
    memcpy(out->direction, like->direction, sizeof out->direction);
    lb_buf nifti = {.max = lb_max_input()}, nrrd = {.max = lb_max_input()};
    int status = lb_nifti_write(out, 1, true, &nifti, err);
    if (status == LB_OK) status = lb_nrrd_write(out, true, &nrrd, err);
    if (status == LB_OK) {
        lb_result_artifact(result, lb_arena_printf(result->arena, "%s.nii.gz", name), "application/gzip", nifti.data, nifti.length);
        lb_result_artifact(result, lb_arena_printf(result->arena, "%s.nrrd", name), "application/octet-stream", nrrd.data, nrrd.length);
    }
    lb_buf_free(&nifti);
    lb_buf_free(&nrrd);
    return status;
}

static int run_bias(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *image, *mask;
    int status = read_inputs(call, &image, &mask, result, err);
    if (status != LB_OK) return status;
    lb_bias how = {.width = lb_call_number(call, "width"), .noise = 0.01, .levels = (int)lb_call_int(call, "levels"), .steps = (int)lb_call_int(call, "steps"),
                   .converged = 1e-3, .shrink = (size_t)lb_call_int(call, "shrink"), .progress = lb_call_progress(call)};
    size_t count = lb_volume_count(image);
    double *field = lb_arena_try(result->arena, count, sizeof *field), low = INFINITY, high = 0;
    if (!field) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the bias field");
    status = lb_bias_estimate(image, mask, &how, field, err);
    if (status != LB_OK) return status;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, field[i]);
        high = fmax(high, field[i]);
        field[i] = lb_volume_at(image, i) / field[i];
    }
    lb_set_int(result->results, "steps", how.steps_taken);
    lb_set_number(result->results, "field_lowest", low);
    lb_set_number(result->results, "field_highest", high);
    return give(image, field, "corrected", result, err);
}

static int run_normalise(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *image, *mask;
    int status = read_inputs(call, &image, &mask, result, err);
    if (status != LB_OK) return status;
    bool fat = lb_text_equal(lb_call_text(call, "method"), "fat");
    if (fat && !mask) {
        lb_fail(err, LB_USAGE, "the fat reference needs a mask of subcutaneous fat");
        lb_error_where(err, "--mask");
        lb_error_hint(err, "draw a patch of fat under the skin, away from the coil, and give it with --mask");
        return LB_USAGE;
    }
    size_t count = lb_volume_count(image), n = 0;
    double *value = lb_arena_try(result->arena, count, sizeof *value), *inside = lb_arena_try(result->arena, count, sizeof *inside), mean = 0, square = 0;
    if (!value || !inside) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the picture");
    for (size_t i = 0; i < count; i++) {
        double x = value[i] = lb_volume_at(image, i);
        if (isfinite(x) && (!mask || lb_volume_at(mask, i) != 0)) inside[n++] = x;
    }
    if (n < 2) return lb_fail(err, LB_BAD_DATA, "the mask holds %zu voxels that are numbers", n);
    for (size_t i = 0; i < n; i++) mean += inside[i] / (double)n;
    for (size_t i = 0; i < n; i++) square += (inside[i] - mean) * (inside[i] - mean);
    double sd = sqrt(square / (double)(n - 1)), centre = fat ? 0 : mean, scale = sd;
    if (fat) {
        lb_sort_numbers(inside, n);
        scale = n % 2 ? inside[n / 2] : (inside[n / 2 - 1] + inside[n / 2]) / 2;
    }
    if (!(scale > 0)) {
        lb_fail(err, LB_BAD_DATA, fat ? "the median of the reference is %g: not a patch of fat" : "all values are the same (%g)", fat ? scale : mean);
        lb_error_hint(err, "look at the mask and the picture together");
        return LB_BAD_DATA;
    }
    double factor = lb_call_number(call, "scale");
    for (size_t i = 0; i < count; i++) value[i] = factor * (value[i] - centre) / scale;
    lb_set_int(result->results, "voxels", (int64_t)n);
    lb_set_number(result->results, "mean", mean);
    lb_set_number(result->results, "sd", sd);
    if (fat) lb_set_number(result->results, "fat_median", scale);
    return give(image, value, "normalised", result, err);
}

#define IMAGE_PARAM {.name = "image", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "the picture"}
#define ADOPT_PARAM {.name = "adopt-geometry", .type = LB_P_CHOICE, .summary = "when positions differ: whose geometry counts", .choices = "mask,image"}
static const lb_param bias_params[] = {
    IMAGE_PARAM,
    {.name = "mask", .type = LB_P_VOLUME, .summary = "estimate inside this mask (default: voxels above zero)"},
    {.name = "levels", .type = LB_P_INT, .flags = LB_ADVANCED, .summary = "resolutions of the field, each twice as fine", .preset = "4", .min = 1, .max = 6},
    {.name = "steps", .type = LB_P_INT, .flags = LB_ADVANCED, .summary = "most steps at each resolution", .preset = "50", .min = 1, .max = 500},
    {.name = "shrink", .type = LB_P_INT, .flags = LB_ADVANCED, .summary = "use every n-th voxel to estimate", .preset = "4", .min = 1, .max = 16},
    {.name = "width", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "width of the bias in log brightness", .preset = "0.15", .min = 0.01, .max = 2},
    ADOPT_PARAM,
};
static const lb_param normalise_params[] = {
    IMAGE_PARAM,
    {.name = "mask", .type = LB_P_VOLUME, .summary = "zscore: mean and spread inside this; fat: a patch of subcutaneous fat"},
    {.name = "method", .type = LB_P_CHOICE, .summary = "zscore: mean 0, standard deviation 1; fat: the median of the patch is 1", .preset = "zscore", .choices = "zscore,fat"},
    {.name = "scale", .type = LB_P_NUMBER, .summary = "multiply the result by this", .preset = "1", .min = 1e-6, .max = 1e6},
    ADOPT_PARAM,
};
const lb_op lb_op_image_bias = {
    .area = "image", .verb = "bias", .summary = "divide out slow brightness changes (N4)",
    .description = "Surface coils make near tissue bright. The bias is estimated as N4 does (Tustison et al. 2010): the histogram of log brightness is sharpened, and "
                   "what each voxel is off is smoothed by a B-spline that is refined level by level. The field has a geometric mean of 1 where it is estimated. Do not correct "
                   "fat and water of a Dixon pair on their own: their ratio needs no correction.",
    .params = bias_params, .param_count = LB_COUNT(bias_params), .run = run_bias,
    .example = "lumbar image bias reference/muscle/phantom_water.nii.gz -o corrected.nii.gz",
};
const lb_op lb_op_image_normalise = {
    .area = "image", .verb = "normalise", .summary = "brightness on a common scale: z-scores, or relative to fat",
    .description = "zscore subtracts the mean and divides by the standard deviation (n - 1), of the whole picture or inside a mask. fat divides by the median of a patch of "
                   "subcutaneous fat, so that grey values of different scans of one sequence can be compared.",
    .params = normalise_params, .param_count = LB_COUNT(normalise_params), .run = run_normalise,
    .example = "lumbar image normalise reference/muscle/phantom_water.nii.gz -o normalised.nii.gz",
};
