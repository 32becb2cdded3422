/* `image fill`: slices between drawn slices. */
#include "muscle/common/grid.h"
#include "muscle/muscle.h"
#include "muscle/segment/fill.h"

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *mask, *out;
    int64_t label[LB_MASK_LABELS];
    size_t labels, drawn, filled;
    uint16_t *numbers;
    int status = lb_call_volume(call, "mask", &mask, err);
    if (status == LB_OK) status = lb_mask_list(mask, label, &labels, err);
    if (status == LB_OK) status = lb_mask_numbers(mask, result->arena, &numbers, err);
    if (status != LB_OK) return status;
    lb_volume_pass_warnings(mask, "mask", result);
    lb_slices slices = lb_slices_of(mask, lb_call_text(call, "axis"));
    status = lb_fill_between(numbers, &slices, label, labels, lb_call_threads(call), &drawn, &filled, err);
    if (status == LB_OK) status = lb_mask_make(mask, numbers, result->arena, &out, err);
    if (status != LB_OK) return status;
    lb_set_int(result->results, "slices_drawn", (int64_t)drawn);
    lb_set_int(result->results, "slices_filled", (int64_t)filled);
    if (filled == 0) lb_result_warn(result, "the %zu drawn slices follow each other without a gap: nothing was filled", drawn);
    lb_result_note(result, "A slice counts as drawn when it holds any label. Labels that are in one neighbour only are not carried into the gap.");
    return lb_mask_result(out, result, err);
}

static const lb_param params[] = {
    {.name = "mask", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "label map with some slices drawn"},
    {.name = "axis",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .summary = "slices run along this axis of the mask",
     .preset = "auto",
     .choices = "auto,i,j,k"},
};

const lb_op lb_op_image_fill = {
    .area = "image",
    .verb = "fill",
    .summary = "fill the slices between drawn slices of a mask",
    .description =
        "Shape-based interpolation: the signed distance to the border of each label, in millimetres, is carried from slice to "
        "slice by a cubic through the drawn slices (Raya and Udupa 1990; Herman, Zheng and Bucholtz 1992). Where labels compete "
        "the one whose border lies farther away takes the voxel. Drawn slices are not changed; nothing is added beyond the "
        "first and last of them.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar image fill reference/muscle/phantom_mask.nii.gz -o mask.nii.gz",
};
