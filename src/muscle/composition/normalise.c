/* Areas put in proportion to the body: per height squared, and to the vertebral body of the same slice; and the grade of
 * Goutallier et al. 1994 that a fat fraction comes nearest to, as a suggestion: 0 no fat, 1 streaks, 2 less fat than muscle,
 * 3 as much, 4 more. */
#include <math.h>
#include <string.h>

#include "muscle/composition/composition.h"

/* Area of the vertebral body in a slice, or its mean over slices [first, last]; NaN where it is not drawn. */
static double vertebra_mm2(const lb_composition *work, int64_t label, int64_t first, int64_t last)
{
    double sum = 0, slices = 0;
    for (size_t m = 0; m < work->muscles; m++) {
        if (work->muscle[m].name.label != label) continue;
        for (int64_t s = first < 0 ? 0 : first; s <= last && s < (int64_t)work->slices; s++) {
            if (work->muscle[m].slice[s].voxels == 0) continue;
            sum += (double)work->muscle[m].slice[s].voxels * work->voxel_area_mm2;
            slices++;
        }
    }
    return slices > 0 ? sum / slices : NAN;
}

/* Streaks of fat from 1 %, "less fat than muscle" from 10 % (where readers begin to see it), equal from 45 % to 55 %. */
static int grade_of(double fat_fraction)
{
    static const double bound[] = {0.01, 0.10, 0.45, 0.55};
    int grade = 0;
    while (grade < 4 && fat_fraction >= bound[grade]) grade++;
    return grade;
}

static void level_range(const lb_composition *work, const char *level, int64_t *first, int64_t *last)
{
    *first = 0;
    *last = (int64_t)work->slices - 1;
    for (size_t k = 0; level && k < work->names.levels; k++)
        if (strcmp(work->names.level[k].level, level) == 0) *first = work->names.level[k].first, *last = work->names.level[k].last;
}

int lb_composition_normalise(lb_call *call, const lb_composition *work, lb_result *result, lb_error *err)
{
    lb_value *rows = lb_get(result->results, "rows");
    double height_m = lb_call_number(call, "height"), vertebra = lb_call_number(call, "vertebra");
    bool by_label = lb_call_given(call, "vertebra-label");
    int64_t label = by_label ? lb_call_int(call, "vertebra-label") : 0;
    if (by_label && isnan(vertebra_mm2(work, label, 0, (int64_t)work->slices - 1))) {
        lb_fail(err, LB_BAD_DATA, "the mask has no label %lld", (long long)label);
        lb_error_where(err, "--vertebra-label");
        lb_error_hint(err, "draw the vertebral body, or give its area with --vertebra");
        return LB_BAD_DATA;
    }
    const char *fraction_key = lb_arena_printf(result->arena, "fat_fraction_%s", lb_fat_method_name[work->method[0]]);
    for (size_t i = 0; i < rows->count; i++) {
        lb_value *row = rows->item[i];
        double area = lb_get_number(row, "csa_mm2", NAN), fraction = lb_get_number(row, fraction_key, NAN);
        if (!isnan(height_m)) lb_set_number(row, "csa_per_height2_mm2_m2", area / (height_m * height_m));
        int64_t slice = lb_get_int(row, "slice", -1), first = slice, last = slice;
        if (slice < 0) level_range(work, lb_get_text(row, "level", NULL), &first, &last);
        double body = by_label ? vertebra_mm2(work, label, first, last) : vertebra;
        if (by_label || !isnan(vertebra)) lb_set_number(row, "csa_per_vertebra", area / body);
        if (isnan(fraction)) lb_set_null(row, "goutallier_suggested");
        else lb_set_int(row, "goutallier_suggested", grade_of(fraction));
    }
    lb_result_note(result, "goutallier_suggested is computed from the fat fraction by %s (bounds 1, 10, 45, 55 %%); the grade itself is a reader's to give.",
                   lb_fat_method_name[work->method[0]]);
    return LB_OK;
}
