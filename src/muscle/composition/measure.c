/* `muscle measure`: cross-sectional area and fat of each labelled muscle, per slice, level and side.
 * Dixon fat fraction as mean of voxels and as ratio of sums (Reeder et al. 2011, doi:10.1002/jmri.22580);
 * thresholds: Otsu, k-means, Gaussian mixtures. They are not interchangeable: each is named in its column. */
#include <math.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/composition/composition.h"
#include "muscle/muscle.h"

static const char *const defaults_dixon[] = {"dixon_mean", "dixon_ratio", "otsu"};
static const char *const defaults_image[] = {"otsu"};

static int choose_methods(lb_call *call, lb_composition *work, lb_error *err)
{
    const char *const *word;
    size_t count = lb_call_texts(call, "method", &word);
    if (!lb_call_given(call, "method")) {
        word = work->fat ? defaults_dixon : defaults_image;
        count = work->fat ? LB_COUNT(defaults_dixon) : LB_COUNT(defaults_image);
    }
    for (size_t i = 0; i < count; i++) {
        int m = 0;
        while (m < LB_FAT_METHODS && strcmp(word[i], lb_fat_method_name[m]) != 0) m++;
        if (m <= LB_DIXON_RATIO && !work->fat) {
            lb_fail(err, LB_USAGE, "%s needs the fat and the water image", word[i]);
            lb_error_where(err, "--method");
            lb_error_hint(err, "give --fat and --water, or use otsu, gmm2, gmm3, kmeans2 or kmeans3 with --image");
            return LB_USAGE;
        }
        bool twice = false;
        for (size_t k = 0; k < work->methods; k++) twice |= work->method[k] == (lb_fat_method)m;
        if (!twice && m < LB_FAT_METHODS) work->method[work->methods++] = (lb_fat_method)m;
    }
    return LB_OK;
}

/* One image onto the mask's grid; a geometry adopted from an image becomes the mask's. */
static int fit_image(lb_call *call, const char *name, lb_volume **mask, lb_volume **image, lb_result *result,
                     lb_error *err)
{
    int status = lb_call_volume(call, name, image, err);
    if (status != LB_OK || !*image) return status;
    lb_volume_pass_warnings(*image, name, result);
    lb_grid_rule rule = {lb_call_text(call, "adopt-geometry"), LB_GRID_TOLERANCE_UM / 1000.0};
    lb_volume *before = *mask;
    return lb_grid_match(mask, image, before, "mask", lb_arena_printf(result->arena, "%s image", name), &rule, result,
                         err);
}

static int read_inputs(lb_call *call, lb_volume *mask, lb_composition *work, lb_result *result, lb_error *err)
{
    lb_volume *fat, *water, *image;
    int status = lb_mask_check(mask, err);
    if (status != LB_OK) return status;
    bool has_fat = lb_call_given(call, "fat"), has_water = lb_call_given(call, "water");
    if (has_fat != has_water && !(has_fat && lb_call_given(call, "method"))) {
        lb_fail(err, LB_USAGE, "a Dixon fat fraction needs both images, only the %s image was given",
                has_fat ? "fat" : "water");
        lb_error_where(err, "--%s", has_fat ? "water" : "fat");
        lb_error_hint(err, "give --fat and --water, or one picture with --image");
        return LB_USAGE;
    }
    if (!has_fat && !has_water && !lb_call_given(call, "image")) {
        lb_fail(err, LB_USAGE, "no image was given to measure in");
        lb_error_where(err, "--fat");
        lb_error_hint(err, "give --fat FILE --water FILE of a Dixon scan, or --image FILE");
        return LB_USAGE;
    }
    status = fit_image(call, "fat", &mask, &fat, result, err);
    if (status == LB_OK) status = fit_image(call, "water", &mask, &water, result, err);
    if (status == LB_OK) status = fit_image(call, "image", &mask, &image, result, err);
    if (status != LB_OK) return status;
    work->mask = mask;
    work->grey = image ? image : fat;
    work->fat = has_water ? fat : NULL;
    work->water = water;
    return LB_OK;
}

static void set_geometry(lb_call *call, lb_composition *work)
{
    static const char *const axes[] = {"i", "j", "k"};
    const char *axis = lb_call_text(call, "axis");
    work->axis = lb_slice_axis(work->mask);
    for (int a = 0; a < 3; a++)
        if (lb_text_equal(axis, axes[a])) work->axis = a;
    const double *s = work->mask->spacing_mm;
    work->thickness_mm = s[work->axis];
    work->voxel_area_mm2 = work->axis == 2 ? s[0] * s[1] : work->axis == 1 ? s[0] * s[2] : s[1] * s[2];
    work->voxel_volume_mm3 = s[0] * s[1] * s[2];
}

/* Area, volume and fat of one set of voxels. `slices` is how many the area is averaged over. */
static lb_value *push_row(const lb_composition *work, const lb_muscle *muscle, const lb_slice_sums *sums, size_t slices,
                          const char *level, int64_t slice, lb_value *rows)
{
    lb_value *row = lb_push_object(rows);
    lb_set_int(row, "label", muscle->name.label);
    lb_set_text(row, "side", muscle->name.side);
    lb_set_text(row, "muscle", muscle->name.muscle);
    lb_set_text(row, "level", level);
    if (slice >= 0)
        lb_set_int(row, "slice", slice);
    else
        lb_set_null(row, "slice");
    lb_set_int(row, "slices", (int64_t)slices);
    lb_set_int(row, "voxels", (int64_t)sums->voxels);
    double csa_mm2 = (double)sums->voxels * work->voxel_area_mm2 / (double)slices;
    lb_set_number(row, "csa_mm2", csa_mm2);
    lb_set_number(row, "volume_ml", (double)sums->voxels * work->voxel_volume_mm3 / 1000);
    double first = NAN;
    for (size_t m = 0; m < work->methods; m++) {
        const char *key = lb_arena_printf(row->arena, "fat_fraction_%s", lb_fat_method_name[work->method[m]]);
        double fraction = lb_fat_fraction(work->method[m], muscle, sums);
        if (m == 0) first = fraction;
        lb_set_number(row, key, fraction);
    }
    lb_set_number(row, "functional_csa_mm2", csa_mm2 * (1 - first));
    return row;
}

/* Slices [first, last] together, when the muscle is in any of them. */
static void push_range(const lb_composition *work, const lb_muscle *muscle, const char *level, int64_t first,
                       int64_t last, lb_value *rows)
{
    lb_slice_sums sums = {0};
    size_t slices = 0, most = 0;
    for (int64_t s = first; s <= last && s < (int64_t)work->slices; s++) {
        const lb_slice_sums *here = &muscle->slice[s];
        if (here->voxels == 0) continue;
        lb_slice_sums_add(&sums, here);
        if (here->voxels > most) most = here->voxels;
        slices++;
    }
    if (slices == 0) return;
    lb_value *row = push_row(work, muscle, &sums, slices, level, -1, rows);
    lb_set_number(row, "csa_max_mm2", (double)most * work->voxel_area_mm2);
    if (work->fat) lb_set_int(row, "voxels_without_signal", (int64_t)sums.no_signal);
}

/* Right against left of the same muscle; 100 × (larger − smaller) / larger. */
static void push_asymmetry(const lb_composition *work, lb_value *table)
{
    for (size_t a = 0; a < work->muscles; a++) {
        const lb_muscle *right = &work->muscle[a];
        for (size_t b = 0; b < work->muscles; b++) {
            const lb_muscle *left = &work->muscle[b];
            if (!lb_text_equal(right->name.side, "right") || !lb_text_equal(left->name.side, "left") ||
                !lb_text_equal(right->name.muscle, left->name.muscle))
                continue;
            double r = (double)right->total.voxels * work->voxel_volume_mm3 / 1000;
            double l = (double)left->total.voxels * work->voxel_volume_mm3 / 1000;
            lb_value *row = lb_push_object(table);
            lb_set_text(row, "muscle", right->name.muscle);
            lb_set_number(row, "volume_right_ml", r);
            lb_set_number(row, "volume_left_ml", l);
            lb_set_text(row, "larger", r > l ? "right" : r < l ? "left" : "equal");
            lb_set_number(row, "asymmetry_percent", 100 * fabs(r - l) / fmax(r, l));
            for (size_t m = 0; m < work->methods; m++) {
                const char *method = lb_fat_method_name[work->method[m]];
                lb_set_number(row, lb_arena_printf(row->arena, "fat_fraction_difference_%s", method),
                              lb_fat_fraction(work->method[m], right, &right->total) -
                                  lb_fat_fraction(work->method[m], left, &left->total));
            }
        }
    }
}

static void write_notes(const lb_composition *work, lb_result *result)
{
    static const char *const axis[] = {"first", "second", "third"};
    lb_result_note(
        result,
        "Slices run along the %s axis of the mask (%.4g mm thick) and count from 0; area = voxels × %.10g "
        "mm². Rows with a slice are single slices; rows without are all slices of a level, or of the muscle, "
        "their area being the mean over the slices that hold it.",
        axis[work->axis], work->thickness_mm, work->voxel_area_mm2);
    lb_result_note(result, "Functional area = area × (1 − fat fraction by %s).", lb_fat_method_name[work->method[0]]);
    bool thresholds = false;
    for (size_t m = 0; m < work->methods; m++) thresholds |= work->method[m] >= LB_OTSU;
    if (thresholds)
        lb_result_note(result,
                       "Threshold methods find their classes in all voxels of a muscle in %s; the fat fraction is the "
                       "share of voxels in the brightest class.",
                       work->grey == work->fat ? "the fat image" : "the image");
    for (size_t i = 0; i < work->muscles; i++)
        for (size_t m = 0; m < work->methods; m++)
            if (work->muscle[i].unclear[work->method[m]])
                lb_result_warn(result, "label %lld: too few distinct grey values for %s",
                               (long long)work->muscle[i].name.label, lb_fat_method_name[work->method[m]]);
}

/* One label map: its muscles, and their rows. */
static int measure_layer(lb_call *call, lb_volume *mask, lb_composition *work, lb_result *result, lb_error *err)
{
    lb_arena *arena = lb_call_arena(call);
    int status = read_inputs(call, mask, work, result, err);
    if (status == LB_OK) status = choose_methods(call, work, err);
    if (status == LB_OK)
        status = lb_names_read(lb_call_text(call, "labels"), lb_call_text(call, "levels"), work->mask, arena, &work->names, err);
    if (status != LB_OK) return status;
    set_geometry(call, work);
    status = lb_composition_collect(work, arena, err);
    if (status != LB_OK) return status;
    lb_value *rows = lb_get(result->results, "rows"), *thresholds = lb_get(result->results, "thresholds");
    for (size_t i = 0; i < work->muscles; i++) {
        lb_muscle *muscle = &work->muscle[i];
        lb_composition_classify(work, muscle, thresholds);
        push_range(work, muscle, NULL, 0, (int64_t)work->slices - 1, rows);
        for (size_t k = 0; k < work->names.levels; k++) {
            const lb_level_range *range = &work->names.level[k];
            push_range(work, muscle, range->level, range->first < 0 ? 0 : range->first, range->last, rows);
        }
        for (size_t s = 0; s < work->slices; s++)
            if (muscle->slice[s].voxels > 0)
                push_row(work, muscle, &muscle->slice[s], 1, lb_names_level(&work->names, (int64_t)s), (int64_t)s, rows);
    }
    return LB_OK;
}

/* The muscles of all layers together: sides are compared across layers. */
static void join(lb_composition *all, const lb_composition *more, lb_arena *arena)
{
    lb_muscle *joined = lb_arena_array(arena, all->muscles + more->muscles, sizeof *joined);
    memcpy(joined, all->muscle, all->muscles * sizeof *joined);
    memcpy(joined + all->muscles, more->muscle, more->muscles * sizeof *joined);
    all->muscle = joined;
    all->muscles += more->muscles;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_composition work = {0};
    lb_volume *mask;
    int status = lb_call_volume(call, "mask", &mask, err);
    if (status != LB_OK) return status;
    lb_volume_pass_warnings(mask, "mask", result);
    lb_set_array(result->results, "rows");
    lb_value *asymmetry = lb_set_array(result->results, "asymmetry");
    lb_set_array(result->results, "thresholds");
    for (size_t layer = 0; layer <= mask->layers && status == LB_OK; layer++) {
        lb_composition here = {0};
        status = measure_layer(call, mask->layers ? lb_mask_layer_at(mask, layer) : mask, &here, result, err);
        if (status == LB_OK && layer == 0) work = here;
        else if (status == LB_OK) join(&work, &here, lb_call_arena(call));
    }
    if (status != LB_OK) return status;
    push_asymmetry(&work, asymmetry);
    status = lb_composition_normalise(call, &work, result, err);
    if (status != LB_OK) return status;
    write_notes(&work, result);
    if (mask->layers) lb_result_note(result, "Some segments overlap: each was measured whole, so voxels in two of them count twice.");
    lb_composition_picture(&work, result);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "mask", .type = LB_P_VOLUME, .flags = LB_REQUIRED, .summary = "label map of the muscles"},
    {.name = "fat", .type = LB_P_VOLUME, .summary = "fat image of a Dixon scan"},
    {.name = "water", .type = LB_P_VOLUME, .summary = "water image of the same scan"},
    {.name = "image",
     .type = LB_P_VOLUME,
     .summary = "one picture where fat is bright (T1, T2), for threshold methods"},
    {.name = "method",
     .type = LB_P_CHOICES,
     .summary = "ways to measure fat; the first also gives the functional area",
     .choices = "dixon_mean,dixon_ratio,otsu,gmm2,gmm3,kmeans2,kmeans3"},
    {.name = "labels", .type = LB_P_TEXT, .summary = "what labels mean, as \"1=right multifidus,2=left multifidus\""},
    {.name = "levels", .type = LB_P_TEXT, .summary = "slices of each level, as \"L3=8-14,L4=15-21\""},
    {.name = "height", .type = LB_P_NUMBER, .summary = "body height in metres: areas are also given per height squared", .min = 0.5, .max = 2.6},
    {.name = "vertebra", .type = LB_P_NUMBER, .summary = "area of the vertebral body in mm²: areas are also given as a share of it", .min = 50, .max = 10000},
    {.name = "vertebra-label", .type = LB_P_INT, .flags = LB_ADVANCED, .summary = "or the label of the vertebral body in the mask", .min = 1, .max = 65535},
    {.name = "axis",
     .type = LB_P_CHOICE,
     .flags = LB_ADVANCED,
     .summary = "slices run along this axis of the mask",
     .preset = "auto",
     .choices = "auto,i,j,k"},
    {.name = "adopt-geometry",
     .type = LB_P_CHOICE,
     .summary = "when positions differ: whose geometry counts",
     .choices = "mask,image"},
};

const lb_op lb_op_muscle_measure = {
    .area = "muscle",
    .verb = "measure",
    .summary = "area, volume and fat fraction of each muscle, per slice, level and side",
    .description =
        "Counts the voxels of each label in each slice and gives area, volume, fat fraction and functional area.\n\n"
        "Fat fractions (0 to 1), each in its own column: dixon_mean is the mean over voxels of F/(F+W); dixon_ratio is "
        "sum F "
        "over sum (F+W); otsu is the share of voxels above the exact threshold of Otsu; kmeans2 and kmeans3 use exact "
        "k-means, gmm2 and gmm3 Gaussian mixtures fitted by expectation-maximisation from that start. They differ by "
        "many "
        "percentage points on the same muscle: never compare a fraction of one method with that of another.\n\n"
        "With --height areas are also divided by height squared (mm²/m²); with --vertebra or --vertebra-label by the vertebral body, slice by "
        "slice where it is drawn. A Goutallier grade 0 to 4 is a reader's judgement: goutallier_suggested only turns the fat fraction of the "
        "first method into the nearest grade (bounds 1, 10, 45 and 55 %) and is marked as a suggestion.\n\n"
        "A mask that lies elsewhere than its image is refused with the distance in millimetres; --adopt-geometry says "
        "whose position and spacing to use. A segmentation cropped from the same grid is placed by its position.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example =
        "lumbar muscle measure --mask reference/muscle/phantom_mask.nii.gz --fat reference/muscle/phantom_fat.nii.gz "
        "--water reference/muscle/phantom_water.nii.gz",
};
