/* `image threshold`, `trace`, `smooth`, `largest`: the small tools of a reader's board. */
#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/muscle.h"
#include "muscle/segment/components.h"
#include "muscle/segment/smooth.h"
#include "muscle/segment/trace.h"

static int read_mask(lb_call *call, lb_volume **mask, int64_t *label, size_t *labels, uint16_t **numbers, lb_result *result, lb_error *err)
{
    int status = lb_call_volume(call, "mask", mask, err);
    if (status == LB_OK) status = lb_mask_list(*mask, label, labels, err);
    if (status == LB_OK) status = lb_mask_numbers(*mask, result->arena, numbers, err);
    if (status == LB_OK) lb_volume_pass_warnings(*mask, "mask", result);
    return status;
}

static int give(const lb_volume *like, const uint16_t *numbers, lb_result *result, lb_error *err)
{
    lb_volume *out;
    int status = lb_mask_make(like, numbers, result->arena, &out, err);
    return status == LB_OK ? lb_mask_result(out, result, err) : status;
}

static int run_smooth(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *mask;
    int64_t label[LB_MASK_LABELS];
    size_t labels;
    uint16_t *numbers;
    int status = read_mask(call, &mask, label, &labels, &numbers, result, err);
    if (status != LB_OK) return status;
    lb_slices slices = lb_slices_of(mask, lb_call_text(call, "axis"));
    lb_smoothing how = lb_text_equal(lb_call_text(call, "method"), "median") ? LB_SMOOTH_MEDIAN : LB_SMOOTH_JOINT;
    lb_mask_smooth(numbers, &slices, label, labels, how, lb_call_number(call, "radius"), lb_call_flag(call, "across-slices"),
                   lb_call_threads(call));
    return give(mask, numbers, result, err);
}

static int run_largest(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *mask;
    int64_t label[LB_MASK_LABELS];
    size_t labels, pieces[LB_MASK_LABELS], dropped[LB_MASK_LABELS];
    uint16_t *numbers;
    int status = read_mask(call, &mask, label, &labels, &numbers, result, err);
    if (status != LB_OK) return status;
    lb_components_largest(numbers, mask->size, label, labels, lb_text_equal(lb_call_text(call, "connectivity"), "26"), pieces, dropped);
    lb_value *rows = lb_set_array(result->results, "pieces");
    for (size_t l = 0; l < labels; l++) {
        lb_value *row = lb_push_object(rows);
        lb_set_int(row, "label", label[l]);
        lb_set_int(row, "pieces", (int64_t)pieces[l]);
        lb_set_int(row, "voxels_dropped", (int64_t)dropped[l]);
    }
    return give(mask, numbers, result, err);
}

/* The image, and a mask to work inside of, on one grid. */
static int read_image(lb_call *call, lb_volume **image, lb_volume **within, lb_result *result, lb_error *err)
{
    int status = lb_call_volume(call, "image", image, err);
    if (status == LB_OK) status = lb_call_volume(call, "within", within, err);
    if (status != LB_OK) return status;
    lb_volume_pass_warnings(*image, "image", result);
    if (!*within) return LB_OK;
    lb_grid_rule rule = {NULL, LB_GRID_TOLERANCE_UM / 1000.0};
    status = lb_mask_check(*within, err);
    return status == LB_OK ? lb_grid_match(image, within, *within, "image", "mask", &rule, result, err) : status;
}

static int run_threshold(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *image, *within;
    int status = read_image(call, &image, &within, result, err);
    if (status != LB_OK) return status;
    double low = lb_call_number(call, "low"), high = lb_call_number(call, "high");
    if (isnan(low) && isnan(high)) {
        lb_fail(err, LB_USAGE, "a threshold needs --low, --high or both");
        lb_error_where(err, "--low");
        return LB_USAGE;
    }
    size_t count = lb_volume_count(image);
    uint16_t *numbers = lb_arena_try(result->arena, count, sizeof *numbers);
    if (!numbers) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the mask");
    for (size_t i = 0; i < count; i++) {
        double value = lb_volume_at(image, i);
        bool inside = isfinite(value) && !(value < low) && !(value > high) && (!within || lb_volume_at(within, i) != 0);
        numbers[i] = inside ? (uint16_t)lb_call_int(call, "label") : 0;
    }
    return give(image, numbers, result, err);
}

static int run_trace(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *image, *within;
    const double *voxel;
    size_t at[3];
    int status = read_image(call, &image, &within, result, err);
    if (status != LB_OK) return status;
    size_t given = lb_call_numbers(call, "at", &voxel);
    for (int axis = 0; axis < 3; axis++) {
        bool fits = given == 3 && voxel[axis] == floor(voxel[axis]) && voxel[axis] >= 0 && voxel[axis] < (double)image->size[axis];
        if (!fits) {
            lb_fail(err, LB_USAGE, "--at must be a voxel of the image: three whole numbers below %zu, %zu, %zu", image->size[0], image->size[1],
                    image->size[2]);
            lb_error_where(err, "--at");
            return LB_USAGE;
        }
        at[axis] = (size_t)voxel[axis];
    }
    size_t count = lb_volume_count(image);
    uint16_t *numbers = lb_arena_try(result->arena, count, sizeof *numbers);
    if (!numbers) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the mask");
    lb_slices slices = lb_slices_of(image, lb_call_text(call, "axis"));
    size_t taken = lb_trace_level(image, &slices, at, lb_call_flag(call, "darker"), (uint16_t)lb_call_int(call, "label"), numbers);
    lb_set_int(result->results, "pixels", (int64_t)taken);
    for (size_t i = 0; i < count && within; i++)
        if (lb_volume_at(within, i) == 0) numbers[i] = 0;
    return give(image, numbers, result, err);
}

#define MASK_PARAM {.name = "mask", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "label map"}
#define IMAGE_PARAM {.name = "image", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "the picture"}
#define WITHIN_PARAM {.name = "within", .type = LB_P_VOLUME, .flags = LB_ADVANCED, .summary = "only voxels that this mask holds"}
#define LABEL_PARAM {.name = "label", .type = LB_P_INT, .summary = "label to write", .preset = "1", .min = 1, .max = 65535}
#define AXIS_PARAM {.name = "axis", .type = LB_P_CHOICE, .flags = LB_ADVANCED, .summary = "slices run along this axis", .preset = "auto", .choices = "auto,i,j,k"}

static const lb_param smooth_params[] = {
    MASK_PARAM,
    {.name = "method", .type = LB_P_CHOICE, .summary = "median: majority in a box; joint: Gaussian average", .preset = "joint", .choices = "median,joint"},
    {.name = "radius", .type = LB_P_NUMBER, .summary = "half width of the box, or standard deviation, mm", .preset = "1.5", .min = 0.01, .max = 50},
    {.name = "across-slices", .type = LB_P_FLAG, .flags = LB_ADVANCED, .summary = "average over neighbouring slices, too"},
    AXIS_PARAM,
};
static const lb_param largest_params[] = {
    MASK_PARAM,
    {.name = "connectivity", .type = LB_P_CHOICE, .flags = LB_ADVANCED, .summary = "voxels that touch by faces (6), or also by edges and corners (26)", .preset = "6", .choices = "6,26"},
};
static const lb_param threshold_params[] = {
    IMAGE_PARAM,
    {.name = "low", .type = LB_P_NUMBER, .summary = "lowest value taken"},
    {.name = "high", .type = LB_P_NUMBER, .summary = "highest value taken"},
    LABEL_PARAM, WITHIN_PARAM,
};
static const lb_param trace_params[] = {
    IMAGE_PARAM,
    {.name = "at", .type = LB_P_NUMBERS, .flags = LB_REQUIRED, .summary = "the voxel, as i,j,k counted from 0"},
    {.name = "darker", .type = LB_P_FLAG, .summary = "voxels at most as bright, instead of at least"},
    LABEL_PARAM, WITHIN_PARAM, AXIS_PARAM,
};

const lb_op lb_op_image_smooth = {
    .area = "image", .verb = "smooth", .summary = "smooth the borders of all labels of a mask",
    .description = "Each label's voxels are averaged over a neighbourhood in the slice, and the label with the largest average takes the "
                   "voxel: borders between muscles stay borders, and no gap opens between them.",
    .params = smooth_params, .param_count = LB_COUNT(smooth_params), .run = run_smooth,
    .example = "lumbar image smooth reference/muscle/phantom_mask.nii.gz -o mask.nii.gz",
};
const lb_op lb_op_image_largest = {
    .area = "image", .verb = "largest", .summary = "keep the largest connected piece of each label",
    .description = "Specks that are not joined to the largest piece of their label are taken away; says how many there were.",
    .params = largest_params, .param_count = LB_COUNT(largest_params), .run = run_largest,
    .example = "lumbar image largest reference/muscle/phantom_mask.nii.gz -o mask.nii.gz",
};
const lb_op lb_op_image_threshold = {
    .area = "image", .verb = "threshold", .summary = "mask of the voxels between two values",
    .description = "Every voxel with low ≤ value ≤ high (scaled values) gets the label; --within limits it to another mask.",
    .params = threshold_params, .param_count = LB_COUNT(threshold_params), .run = run_threshold,
    .example = "lumbar image threshold reference/muscle/phantom_water.nii.gz --low 300 -o mask.nii.gz",
};
const lb_op lb_op_image_trace = {
    .area = "image", .verb = "trace", .summary = "mask of the region inside the outline of equal brightness through a voxel",
    .description = "Level tracing in one slice: voxels joined to the one given that are at least as bright, and the holes among them.",
    .params = trace_params, .param_count = LB_COUNT(trace_params), .run = run_trace,
    .example = "lumbar image trace reference/muscle/phantom_water.nii.gz --at 48,40,5 -o mask.nii.gz",
};
