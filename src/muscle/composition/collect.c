/* Voxels of each label, by slice, with their fat and water; and the classes of grey values inside each muscle. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/composition/classes.h"
#include "muscle/composition/composition.h"

const char *const lb_fat_method_name[LB_FAT_METHODS] = {"dixon_mean", "dixon_ratio", "otsu",   "gmm2",
                                                        "gmm3",       "kmeans2",     "kmeans3"};
enum { MAX_LABELS = 512 };

int lb_slice_axis(const lb_volume *mask)
{
    int best = 2;
    for (int axis = 0; axis < 3; axis++)
        if (fabs(mask->direction[6 + axis]) > fabs(mask->direction[6 + best]) + 1e-9) best = axis;
    return best;
}

static size_t slice_of(const lb_composition *work, size_t index)
{
    const size_t *size = work->mask->size;
    return work->axis == 0 ? index % size[0] : work->axis == 1 ? index / size[0] % size[1] : index / size[0] / size[1];
}

static int ascending(const void *a, const void *b)
{
    const lb_muscle *x = a, *y = b;
    return (x->name.label > y->name.label) - (x->name.label < y->name.label);
}

/* Find the labels and count their voxels. */
static int find_labels(lb_composition *work, lb_arena *arena, lb_error *err)
{
    size_t count = lb_volume_count(work->mask), last = 0;
    work->muscle = lb_arena_array(arena, MAX_LABELS, sizeof *work->muscle);
    for (size_t i = 0; i < count; i++) {
        int64_t label = (int64_t)lb_volume_at(work->mask, i);
        if (label == 0) continue;
        if (work->muscles == 0 || work->muscle[last].name.label != label) {
            for (last = 0; last < work->muscles && work->muscle[last].name.label != label; last++) {
            }
            if (last == MAX_LABELS) {
                lb_fail(err, LB_BAD_DATA, "the mask holds more than %d labels", MAX_LABELS);
                lb_error_hint(err, "was the image given as the mask?");
                return LB_BAD_DATA;
            }
            if (last == work->muscles) work->muscle[work->muscles++].name.label = label;
        }
        work->muscle[last].voxels++;
    }
    if (work->muscles == 0) {
        lb_fail(err, LB_BAD_DATA, "the mask is empty: none of its %zu voxels carries a label", count);
        lb_error_where(err, "%s", work->mask->name);
        lb_error_hint(err, "draw the muscles first, or give the right file");
        return LB_BAD_DATA;
    }
    qsort(work->muscle, work->muscles, sizeof *work->muscle, ascending);
    return LB_OK;
}

/* Fat and water of a voxel into the sums of its slice; false when one of them is not a number. */
static bool add_voxel(const lb_composition *work, lb_slice_sums *sums, size_t index)
{
    sums->voxels++;
    if (work->grey && !isfinite(lb_volume_at(work->grey, index))) return false;
    if (!work->fat || !work->water) return true;
    double fat = lb_volume_at(work->fat, index), water = lb_volume_at(work->water, index);
    if (!isfinite(fat) || !isfinite(water)) return false;
    sums->fat += fat;
    sums->water += water;
    if (fat + water == 0)
        sums->no_signal++;
    else
        sums->share += fat / (fat + water);
    return true;
}

void lb_slice_sums_add(lb_slice_sums *to, const lb_slice_sums *from)
{
    to->voxels += from->voxels;
    to->no_signal += from->no_signal;
    to->fat += from->fat;
    to->water += from->water;
    to->share += from->share;
    for (int m = 0; m < LB_FAT_METHODS; m++) to->fat_class[m] += from->fat_class[m];
}

int lb_composition_collect(lb_composition *work, lb_arena *arena, lb_error *err)
{
    int status = find_labels(work, arena, err);
    if (status != LB_OK) return status;
    size_t count = lb_volume_count(work->mask), bad = 0, first = 0, last = 0;
    work->slices = work->mask->size[work->axis];
    for (size_t m = 0; m < work->muscles; m++) {
        lb_muscle *muscle = &work->muscle[m];
        muscle->name = lb_names_label(&work->names, muscle->name.label, arena);
        muscle->index = lb_arena_try(arena, muscle->voxels, sizeof *muscle->index);
        muscle->slice = lb_arena_try(arena, work->slices, sizeof *muscle->slice);
        if (!muscle->index || !muscle->slice)
            return lb_fail(err, LB_NO_MEMORY, "not enough memory for the mask's voxels");
        muscle->voxels = 0;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t label = (int64_t)lb_volume_at(work->mask, i);
        if (label == 0) continue;
        while (work->muscle[last].name.label != label) last = (last + 1) % work->muscles;
        lb_muscle *muscle = &work->muscle[last];
        muscle->index[muscle->voxels++] = i;
        if (!add_voxel(work, &muscle->slice[slice_of(work, i)], i) && bad++ == 0) first = i;
    }
    if (bad > 0) {
        const size_t *size = work->mask->size;
        lb_fail(err, LB_BAD_DATA, "%zu labelled voxels are not numbers (NaN or infinite), the first at (%zu, %zu, %zu)",
                bad, first % size[0], first / size[0] % size[1], first / size[0] / size[1]);
        lb_error_hint(err, "leave them out of the mask, or repair the image");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

static void note_threshold(lb_value *thresholds, const lb_muscle *muscle, lb_fat_method method, const lb_kmeans *k,
                           const lb_mixture *mixture)
{
    lb_value *row = lb_push_object(thresholds);
    size_t top = k->classes - 1;
    lb_set_int(row, "label", muscle->name.label);
    lb_set_text(row, "method", lb_fat_method_name[method]);
    lb_set_int(row, "classes", (int64_t)k->classes);
    if (!mixture) {
        lb_set_number(row, "highest_muscle_value", k->highest[top - 1]);
        lb_set_number(row, "lowest_fat_value", k->lowest[top]);
        lb_set_number(row, "fat_mean", k->mean[top]);
        return;
    }
    lb_set_number(row, "fat_mean", mixture->mean[top]);
    lb_set_number(row, "fat_sd", sqrt(mixture->variance[top]));
    lb_set_number(row, "fat_weight", mixture->weight[top]);
    lb_set_int(row, "iterations", mixture->iterations);
}

static void classify_one(lb_composition *work, lb_muscle *muscle, lb_fat_method method, const double *sorted,
                         lb_value *thresholds)
{
    size_t classes = method == LB_GMM3 || method == LB_KMEANS3 ? 3 : 2;
    bool mixed = method == LB_GMM2 || method == LB_GMM3;
    lb_kmeans k;
    lb_mixture mixture;
    muscle->unclear[method] = !lb_kmeans_fit(sorted, muscle->voxels, classes, &k);
    if (muscle->unclear[method]) return;
    if (mixed) lb_mixture_fit(sorted, muscle->voxels, &k, &mixture);
    for (size_t v = 0; v < muscle->voxels; v++) {
        double x = lb_volume_at(work->grey, muscle->index[v]);
        bool fat = mixed ? lb_mixture_class(&mixture, x) == classes - 1 : x >= k.lowest[classes - 1];
        muscle->slice[slice_of(work, muscle->index[v])].fat_class[method] += fat;
    }
    note_threshold(thresholds, muscle, method, &k, mixed ? &mixture : NULL);
}

void lb_composition_classify(lb_composition *work, lb_muscle *muscle, lb_value *thresholds)
{
    double *sorted = NULL;
    for (size_t m = 0; m < work->methods; m++) {
        if (work->method[m] < LB_OTSU) continue;
        if (!sorted) {
            sorted = lb_alloc(muscle->voxels, sizeof *sorted);
            for (size_t v = 0; v < muscle->voxels; v++) sorted[v] = lb_volume_at(work->grey, muscle->index[v]);
            lb_sort_numbers(sorted, muscle->voxels);
        }
        classify_one(work, muscle, work->method[m], sorted, thresholds);
    }
    free(sorted);
    for (size_t s = 0; s < work->slices; s++) lb_slice_sums_add(&muscle->total, &muscle->slice[s]);
}

double lb_fat_fraction(lb_fat_method method, const lb_muscle *muscle, const lb_slice_sums *sums)
{
    if (sums->voxels == 0 || muscle->unclear[method]) return NAN;
    if (method == LB_DIXON_MEAN) return sums->share / (double)(sums->voxels - sums->no_signal);
    if (method == LB_DIXON_RATIO) return sums->fat / (sums->fat + sums->water);
    return (double)sums->fat_class[method] / (double)sums->voxels;
}
