/* `image phantom`: a synthetic axial water/fat scan of the lumbar spine with its mask and its true fat fractions.
 * Magnitude noise is Rician (Gudbjartsson and Patz 1995, doi:10.1002/mrm.1910340618), the coil shading common to both.
 */
#include <math.h>
#include <string.h>

#include "muscle/files/files.h"
#include "muscle/muscle.h"
#include "muscle/phantom/anatomy.h"

static const double extent_mm[3] = {336, 228, 180};
enum { MOST_VOXELS = 1 << 26 };

typedef struct scan {
    lb_volume *water, *fat, *mask;
    lb_anatomy anatomy;
    uint64_t seed;
    double noise;
    double fat_sum[LB_PHANTOM_MUSCLES + 1], share_sum[LB_PHANTOM_MUSCLES + 1], all_sum[LB_PHANTOM_MUSCLES + 1];
    size_t voxels[LB_PHANTOM_MUSCLES + 1];
} scan;

/* Position of the slice from the upper end of L1 (0) to the lower end of L5 (1). */
static double slice_down(const scan *s, size_t k) { return 1 - ((double)k + 0.5) / (double)s->water->size[2]; }

static double shading(double x_mm, double y_mm) { return 1.06 + 0.0016 * y_mm - 0.000006 * x_mm * x_mm; }

static uint16_t magnitude(double signal, double sd, lb_random *random)
{
    double real = signal + sd * lb_random_normal(random), imaginary = sd * lb_random_normal(random);
    double value = sd > 0 ? sqrt(real * real + imaginary * imaginary) : signal;
    return (uint16_t)fmin(65535, floor(value + 0.5));
}

static void draw_slice(void *context, size_t k)
{
    scan *s = context;
    const lb_volume *v = s->water;
    lb_random random;
    lb_random_init(&random, s->seed, 1000 + k);
    double down = slice_down(s, k), z = (double)k * v->spacing_mm[2];
    for (size_t j = 0; j < v->size[1]; j++)
        for (size_t i = 0; i < v->size[0]; i++) {
            double x = v->origin_mm[0] + (double)i * v->spacing_mm[0],
                   y = v->origin_mm[1] + (double)j * v->spacing_mm[1];
            lb_tissue t = lb_anatomy_at(&s->anatomy, x, y, z, down);
            double signal = t.signal * shading(x, y);
            size_t at = i + v->size[0] * (j + v->size[1] * k);
            ((uint16_t *)s->water->voxels)[at] = magnitude(signal * (1 - t.fat), s->noise, &random);
            ((uint16_t *)s->fat->voxels)[at] = magnitude(signal * t.fat, s->noise, &random);
            ((uint8_t *)s->mask->voxels)[at] = (uint8_t)t.label;
        }
}

/* True fat of each muscle: the same anatomy without noise and rounding. */
static void add_truth(scan *s)
{
    const lb_volume *v = s->water;
    const uint8_t *label = s->mask->voxels;
    for (size_t k = 0; k < v->size[2]; k++)
        for (size_t j = 0; j < v->size[1]; j++)
            for (size_t i = 0; i < v->size[0]; i++, label++) {
                if (*label == 0) continue;
                double x = v->origin_mm[0] + (double)i * v->spacing_mm[0],
                       y = v->origin_mm[1] + (double)j * v->spacing_mm[1];
                lb_tissue t = lb_anatomy_at(&s->anatomy, x, y, (double)k * v->spacing_mm[2], slice_down(s, k));
                double signal = t.signal * shading(x, y);
                s->voxels[*label]++;
                s->share_sum[*label] += t.fat;
                s->fat_sum[*label] += signal * t.fat;
                s->all_sum[*label] += signal;
            }
}

static lb_volume *new_volume(lb_arena *arena, const size_t size[3], lb_voxel type, const char *name)
{
    lb_volume *v = lb_volume_new(arena, size, type);
    if (!v) return NULL;
    for (int a = 0; a < 3; a++) {
        v->spacing_mm[a] = extent_mm[a] / (double)size[a];
        v->origin_mm[a] = -extent_mm[a] / 2 + v->spacing_mm[a] / 2;
    }
    v->name = name;
    return v;
}

static int allocate(scan *s, lb_call *call, lb_error *err)
{
    const double *number;
    size_t count = lb_call_numbers(call, "size", &number), size[3];
    double voxels = 1;
    for (size_t a = 0; a < 3 && count == 3; a++) {
        voxels *= number[a];
        if (number[a] >= 4 && number[a] <= 2048 && number[a] == floor(number[a]))
            size[a] = (size_t)number[a];
        else
            count = 0;
    }
    if (count != 3 || voxels > MOST_VOXELS) {
        lb_fail(err, LB_USAGE, "the size must be three whole numbers from 4 to 2048, and at most %d voxels in all",
                MOST_VOXELS);
        lb_error_where(err, "--size");
        lb_error_hint(err, "for example --size 240,164,25");
        return LB_USAGE;
    }
    lb_arena *arena = lb_call_arena(call);
    s->water = new_volume(arena, size, LB_U16, "water");
    s->fat = new_volume(arena, size, LB_U16, "fat");
    s->mask = new_volume(arena, size, LB_U8, "mask");
    if (!s->water || !s->fat || !s->mask) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the scan");
    lb_segment *segment = lb_arena_array(arena, LB_PHANTOM_MUSCLES, sizeof *segment);
    for (int m = 0; m < LB_PHANTOM_MUSCLES; m++) segment[m] = (lb_segment){lb_phantom_muscle[m + 1], m + 1, 0};
    s->mask->segment = segment;
    s->mask->segment_count = LB_PHANTOM_MUSCLES;
    return LB_OK;
}

static int add_file(lb_result *result, const lb_volume *volume, const char *stem, bool nrrd, lb_error *err)
{
    lb_buf bytes = {.max = lb_max_input()};
    int status = nrrd ? lb_nrrd_write(volume, true, &bytes, err) : lb_nifti_write(volume, 1, true, &bytes, err);
    if (status == LB_OK)
        lb_result_artifact(result, lb_arena_printf(result->arena, "%s%s", stem, nrrd ? ".seg.nrrd" : ".nii.gz"),
                           nrrd ? "application/octet-stream" : "application/gzip", bytes.data, bytes.length);
    lb_buf_free(&bytes);
    return status;
}

/* Slices of each level, as `muscle measure --levels` takes them. */
static const char *levels_text(const scan *s, lb_arena *arena)
{
    const char *text = "";
    size_t k = 0, slices = s->water->size[2];
    for (int level = LB_PHANTOM_LEVELS; level >= 1; level--) {
        size_t first = k;
        while (k < slices && slice_down(s, k) * LB_PHANTOM_LEVELS >= level - 1) k++;
        if (k > first) text = lb_arena_printf(arena, "%s%sL%d=%zu-%zu", text, *text ? "," : "", level, first, k - 1);
    }
    return text;
}

static void write_results(const scan *s, lb_result *result)
{
    lb_value *rows = lb_set_array(result->results, "truth");
    const double *mm = s->mask->spacing_mm;
    const char *labels = "";
    for (int m = 1; m <= LB_PHANTOM_MUSCLES; m++) {
        lb_value *row = lb_push_object(rows);
        lb_set_int(row, "label", m);
        lb_set_text(row, "name", lb_phantom_muscle[m]);
        lb_set_int(row, "voxels", (int64_t)s->voxels[m]);
        lb_set_number(row, "volume_ml", (double)s->voxels[m] * mm[0] * mm[1] * mm[2] / 1000);
        lb_set_number(row, "fat_fraction_dixon_mean", s->share_sum[m] / (double)s->voxels[m]);
        lb_set_number(row, "fat_fraction_dixon_ratio", s->fat_sum[m] / s->all_sum[m]);
        labels = lb_arena_printf(result->arena, "%s%s%d=%s", labels, m > 1 ? "," : "", m, lb_phantom_muscle[m]);
    }
    lb_set_numbers(result->results, "spacing_mm", mm, 3);
    lb_set_text(result->results, "levels", levels_text(s, result->arena));
    lb_set_text(result->results, "labels", labels);
    lb_result_note(result,
                   "Synthetic: nobody's scan. The true fat fractions are those of the anatomy without noise, over the "
                   "voxels of the mask; noise, shading and rounding are in the images only.");
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    scan s = {.seed = (uint64_t)lb_call_int(call, "seed"), .noise = lb_call_number(call, "noise")};
    int status = allocate(&s, call, err);
    if (status != LB_OK) return status;
    lb_anatomy_init(&s.anatomy, extent_mm, lb_call_number(call, "infiltration"), s.seed);
    lb_parallel_for(s.water->size[2], lb_call_threads(call), draw_slice, &s);
    add_truth(&s);
    lb_anatomy_free(&s.anatomy);
    status = add_file(result, s.water, "water", false, err);
    if (status == LB_OK) status = add_file(result, s.fat, "fat", false, err);
    if (status == LB_OK) status = add_file(result, s.mask, "mask", false, err);
    if (status == LB_OK) status = add_file(result, s.mask, "mask", true, err);
    if (status == LB_OK) write_results(&s, result);
    return status;
}

static const lb_param params[] = {
    {.name = "kind", .type = LB_P_CHOICE, .summary = "what to make", .preset = "lumbar", .choices = "lumbar"},
    {.name = "seed",
     .type = LB_P_INT,
     .summary = "the same seed gives the same scan",
     .preset = "1",
     .min = 0,
     .max = 4294967295.0},
    {.name = "size",
     .type = LB_P_NUMBERS,
     .summary = "voxels along right-left, front-back, down-up",
     .preset = "240,164,25"},
    {.name = "noise",
     .type = LB_P_NUMBER,
     .summary = "standard deviation of the noise (muscle water is about 400)",
     .preset = "9",
     .min = 0,
     .max = 1000},
    {.name = "infiltration",
     .type = LB_P_NUMBER,
     .summary = "fat in muscles: 0 none, 1 a middle-aged person, 2 much",
     .preset = "1",
     .min = 0,
     .max = 2.5},
};

const lb_op lb_op_image_phantom = {
    .area = "image",
    .verb = "phantom",
    .summary = "make a synthetic axial water/fat scan of the lumbar spine with its mask and true fat fractions",
    .description =
        "Draws the trunk from L1 to L5 (336 x 228 x 180 mm) out of smooth shapes: vertebrae, discs, canal, vessels, "
        "and left "
        "and right erector spinae, multifidus, psoas major and quadratus lumborum with fat that grows towards L5. "
        "Files: "
        "water.nii.gz, fat.nii.gz, mask.nii.gz, mask.seg.nrrd (labels with names). Give -o FOLDER/ to write them.\n\n"
        "Labels 1 to 4 are those of MyoSegmenTUM. The results hold the true fat fraction of each muscle, so that a "
        "measuring "
        "program can be tested; the numbers of `levels` and `labels` can be given to `muscle measure` as they are.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar image phantom --seed 7 -o phantom/",
};
