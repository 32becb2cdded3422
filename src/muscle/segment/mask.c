/* Slices, labels and results of the mask operations. */
#include "muscle/segment/mask.h"

#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/composition/composition.h"
#include "muscle/files/files.h"

lb_slices lb_slices_of(const lb_volume *volume, const char *axis_word)
{
    static const char *const axes[] = {"i", "j", "k"};
    lb_slices s = {.axis = lb_slice_axis(volume)};
    size_t step[3] = {1, volume->size[0], volume->size[0] * volume->size[1]};
    for (int a = 0; a < 3; a++)
        if (lb_text_equal(axis_word, axes[a])) s.axis = a;
    int x = s.axis == 0 ? 1 : 0, y = s.axis == 2 ? 1 : 2;
    s.count = volume->size[s.axis];
    s.size[0] = volume->size[x];
    s.size[1] = volume->size[y];
    s.step[0] = step[x];
    s.step[1] = step[y];
    s.step[2] = step[s.axis];
    s.spacing_mm[0] = volume->spacing_mm[x];
    s.spacing_mm[1] = volume->spacing_mm[y];
    s.spacing_mm[2] = volume->spacing_mm[s.axis];
    return s;
}

int lb_mask_list(const lb_volume *mask, int64_t *label, size_t *labels, lb_error *err)
{
    size_t count = lb_volume_count(mask);
    int status = lb_mask_flat(mask, err);
    if (status == LB_OK) status = lb_mask_check(mask, err);
    *labels = 0;
    for (size_t i = 0; i < count && status == LB_OK; i++) {
        int64_t value = (int64_t)lb_volume_at(mask, i);
        size_t at = 0;
        if (value == 0) continue;
        while (at < *labels && label[at] != value) at++;
        if (at < *labels) continue;
        if (*labels == LB_MASK_LABELS) {
            lb_fail(err, LB_BAD_DATA, "the mask holds more than %d labels", LB_MASK_LABELS);
            lb_error_hint(err, "was the picture given as the mask?");
            return LB_BAD_DATA;
        }
        for (at = (*labels)++; at > 0 && label[at - 1] > value; at--) label[at] = label[at - 1];
        label[at] = value;
    }
    if (status == LB_OK && *labels == 0) {
        lb_fail(err, LB_BAD_DATA, "the mask is empty: none of its %zu voxels carries a label", count);
        lb_error_where(err, "%s", mask->name ? mask->name : "mask");
        lb_error_hint(err, "paint something first");
        return LB_BAD_DATA;
    }
    return status;
}

int lb_mask_numbers(const lb_volume *mask, lb_arena *arena, uint16_t **out, lb_error *err)
{
    size_t count = lb_volume_count(mask);
    *out = lb_arena_try(arena, count, sizeof **out);
    if (!*out) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the mask");
    for (size_t i = 0; i < count; i++) {
        double value = lb_volume_at(mask, i);
        if (!(value >= 0 && value <= 65535)) {
            lb_fail(err, LB_BAD_DATA, "the mask holds the label %g; labels are 0 to 65535", value);
            lb_error_where(err, "%s", mask->name ? mask->name : "mask");
            lb_error_hint(err, "was the picture given as the mask?");
            return LB_BAD_DATA;
        }
        (*out)[i] = (uint16_t)value;
    }
    return LB_OK;
}

int lb_mask_make(const lb_volume *like, const uint16_t *numbers, lb_arena *arena, lb_volume **out, lb_error *err)
{
    size_t count = lb_volume_count(like);
    uint16_t top = 0;
    for (size_t i = 0; i < count; i++) top = numbers[i] > top ? numbers[i] : top;
    lb_volume *mask = *out = lb_volume_new(arena, like->size, top > 255 ? LB_U16 : LB_U8);
    if (!mask) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the mask");
    for (size_t i = 0; i < count; i++) {
        if (top > 255) ((uint16_t *)mask->voxels)[i] = numbers[i];
        else ((uint8_t *)mask->voxels)[i] = (uint8_t)numbers[i];
    }
    memcpy(mask->spacing_mm, like->spacing_mm, sizeof mask->spacing_mm);
    memcpy(mask->origin_mm, like->origin_mm, sizeof mask->origin_mm);
    memcpy(mask->direction, like->direction, sizeof mask->direction);
    mask->segment = like->segment;
    mask->segment_count = like->segment_count;
    mask->name = "mask";
    return LB_OK;
}

static void push_labels(const lb_volume *mask, lb_value *rows)
{
    int64_t label[LB_MASK_LABELS], voxels[LB_MASK_LABELS] = {0};
    size_t labels = 0, count = lb_volume_count(mask), last = 0;
    double ml = mask->spacing_mm[0] * mask->spacing_mm[1] * mask->spacing_mm[2] / 1000;
    if (lb_mask_list(mask, label, &labels, NULL) != LB_OK) return;
    for (size_t i = 0; i < count; i++) {
        int64_t value = (int64_t)lb_volume_at(mask, i);
        if (value == 0) continue;
        while (label[last] != value) last = (last + 1) % labels;
        voxels[last]++;
    }
    for (size_t l = 0; l < labels; l++) {
        lb_value *row = lb_push_object(rows);
        lb_set_int(row, "label", label[l]);
        for (size_t s = 0; s < mask->segment_count; s++)
            if (mask->segment[s].label == label[l]) lb_set_text(row, "name", mask->segment[s].name);
        lb_set_int(row, "voxels", voxels[l]);
        lb_set_number(row, "volume_ml", (double)voxels[l] * ml);
    }
}

int lb_mask_result(const lb_volume *mask, lb_result *result, lb_error *err)
{
    lb_buf nifti = {.max = lb_max_input()}, nrrd = {.max = lb_max_input()};
    lb_volume named = *mask;
    int status = lb_nifti_write(mask, 1, true, &nifti, err);
    if (status == LB_OK && named.segment_count == 0 && lb_segments_name(&named, NULL) != LB_OK) named.segment_count = 0;
    if (status == LB_OK) status = lb_nrrd_write(&named, true, &nrrd, err);
    if (status == LB_OK) {
        lb_result_artifact(result, "mask.nii.gz", "application/gzip", nifti.data, nifti.length);
        lb_result_artifact(result, "mask.seg.nrrd", "application/octet-stream", nrrd.data, nrrd.length);
        lb_result_artifact(result, "mask.nrrd", "application/octet-stream", nrrd.data, nrrd.length);
        push_labels(mask, lb_set_array(result->results, "labels"));
    }
    lb_buf_free(&nifti);
    lb_buf_free(&nrrd);
    return status;
}
