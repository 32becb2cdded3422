/* `image agree`: two readers on the same scan. */
#include <math.h>
#include <string.h>

#include <lumbar/figure.h>
#include <lumbar/numeric.h>

#include "muscle/common/grid.h"
#include "muscle/composition/names.h"
#include "muscle/muscle.h"
#include "muscle/segment/overlap.h"
#include "stats/icc.h"

typedef struct reading {
    const lb_volume *grid;
    uint16_t *a, *b;
    lb_slices slices;
    int64_t label[LB_MASK_LABELS];
    size_t labels;
    double level;
    lb_names names;
} reading;

/* Areas of one label in the slices where either reader has it: pairs a, b. */
static size_t areas(const reading *r, uint16_t label, double *out)
{
    const lb_slices *s = &r->slices;
    size_t n = 0;
    for (size_t k = 0; k < s->count; k++) {
        size_t a = 0, b = 0;
        for (size_t y = 0; y < s->size[1]; y++)
            for (size_t x = 0; x < s->size[0]; x++) {
                size_t at = k * s->step[2] + y * s->step[1] + x * s->step[0];
                a += r->a[at] == label;
                b += r->b[at] == label;
            }
        if (a + b == 0) continue;
        out[2 * n] = (double)a * s->spacing_mm[0] * s->spacing_mm[1];
        out[2 * n++ + 1] = (double)b * s->spacing_mm[0] * s->spacing_mm[1];
    }
    return n;
}

/* Bland and Altman 1986: bias and limits of agreement of a − b, with intervals (1999, doi:10.1177/096228029900800204). */
static void push_bland_altman(lb_value *row, const double *pair, size_t n, double level)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++) mean += (pair[2 * i] - pair[2 * i + 1]) / (double)n;
    for (size_t i = 0; i < n; i++) square += pow(pair[2 * i] - pair[2 * i + 1] - mean, 2);
    double sd = sqrt(square / (double)(n - 1)), t = lb_t_q((1 + level) / 2, (double)n - 1, LB_LOWER);
    double z = 1.959963984540054, of_limit = sd * sqrt(1 / (double)n + z * z / (2 * (double)(n - 1)));
    lb_set_number(row, "bias_mm2", mean);
    lb_set_number(row, "bias_lower", mean - t * sd / sqrt((double)n));
    lb_set_number(row, "bias_upper", mean + t * sd / sqrt((double)n));
    lb_set_number(row, "sd_difference_mm2", sd);
    lb_set_number(row, "limit_lower_mm2", mean - z * sd);
    lb_set_number(row, "limit_upper_mm2", mean + z * sd);
    lb_set_number(row, "limit_half_width_ci", t * of_limit);
}

static void push_areas(const reading *r, size_t l, lb_value *rows, lb_result *result)
{
    double *pair = lb_arena_array(result->arena, 2 * r->slices.count + 2, sizeof *pair);
    size_t n = areas(r, (uint16_t)r->label[l], pair);
    lb_value *row = lb_push_object(rows);
    lb_label_name name = lb_names_label(&r->names, r->label[l], result->arena);
    lb_set_int(row, "label", r->label[l]);
    lb_set_text(row, "side", name.side);
    lb_set_text(row, "muscle", name.muscle);
    lb_set_int(row, "slices", (int64_t)n);
    if (n < 3) {
        lb_set_text(row, "reason", "fewer than three slices: no agreement of areas can be estimated");
        return;
    }
    lb_icc icc[6];
    lb_icc_anova anova;
    lb_icc_fit(pair, n, 2, r->level, icc, &anova);
    for (int k = 1; k <= 2; k++) {
        const char *key = k == 1 ? "icc2_1" : "icc3_1";
        lb_set_number(row, key, icc[k].estimate);
        lb_set_number(row, lb_arena_printf(result->arena, "%s_lower", key), icc[k].lower);
        lb_set_number(row, lb_arena_printf(result->arena, "%s_upper", key), icc[k].upper);
    }
    double of_readers = fmax(0, (anova.raters - anova.residual) / (double)n);
    lb_set_number(row, "sem_consistency_mm2", sqrt(anova.residual));
    lb_set_number(row, "sem_agreement_mm2", sqrt(anova.residual + of_readers));
    push_bland_altman(row, pair, n, r->level);
}

static void push_overlaps(const reading *r, lb_value *rows, lb_result *result)
{
    double voxel_ml = r->grid->spacing_mm[0] * r->grid->spacing_mm[1] * r->grid->spacing_mm[2] / 1000;
    for (size_t l = 0; l < r->labels; l++) {
        lb_overlap o;
        lb_overlap_measure(r->a, r->b, r->grid, (uint16_t)r->label[l], &o);
        lb_value *row = lb_push_object(rows);
        lb_label_name name = lb_names_label(&r->names, r->label[l], result->arena);
        lb_set_int(row, "label", r->label[l]);
        lb_set_text(row, "side", name.side);
        lb_set_text(row, "muscle", name.muscle);
        lb_set_int(row, "voxels_a", (int64_t)o.a);
        lb_set_int(row, "voxels_b", (int64_t)o.b);
        lb_set_number(row, "volume_a_ml", (double)o.a * voxel_ml);
        lb_set_number(row, "volume_b_ml", (double)o.b * voxel_ml);
        lb_set_number(row, "dice", o.dice);
        lb_set_number(row, "jaccard", o.jaccard);
        lb_set_number(row, "hd95_mm", o.hd95_mm);
        lb_set_number(row, "hausdorff_mm", o.hd_mm);
        lb_set_number(row, "mean_surface_distance_mm", o.mean_surface_mm);
        if (o.a == 0 || o.b == 0) lb_result_warn(result, "label %lld is in one of the two masks only", (long long)r->label[l]);
    }
}

/* Bland–Altman plot: difference of slice areas against their mean, all labels. */
static void draw(const reading *r, lb_result *result)
{
    enum { WIDTH = 460, HEIGHT = 300, LEFT = 62, RIGHT = 448, TOP = 30, BOTTOM = 252 };
    static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};
    double *pair = lb_arena_array(result->arena, 2 * r->slices.count + 2, sizeof *pair), right = 0, high = 0;
    for (size_t l = 0; l < r->labels; l++)
        for (size_t n = areas(r, (uint16_t)r->label[l], pair), i = 0; i < n; i++) {
            right = fmax(right, (pair[2 * i] + pair[2 * i + 1]) / 2);
            high = fmax(high, fabs(pair[2 * i] - pair[2 * i + 1]));
        }
    if (!(right > 0)) return;
    high = high > 0 ? 1.15 * high : 1;
    lb_svg *svg = lb_svg_new(result->arena, WIDTH, HEIGHT, "Agreement of two readers", "Difference of the two areas of each slice against their mean, one colour a label.");
    double tick[12];
    char text[32];
    lb_svg_text(svg, LEFT, 16, 10, LB_START, "bold", "#222222", "Area in each slice: first reader less second, mm²");
    for (size_t i = 0, n = lb_ticks(-high, high, 6, tick); i < n; i++) {
        double y = BOTTOM - (tick[i] + high) / (2 * high) * (BOTTOM - TOP);
        lb_svg_line(svg, LEFT, y, RIGHT, y, tick[i] == 0 ? "#888888" : "#e4e4e4", 0.7, NULL);
        lb_svg_text(svg, LEFT - 5, y + 3, 8, LB_END, "", "#444444", lb_svg_number(tick[i], high < 4 ? 1 : 0, text));
    }
    for (size_t i = 0, n = lb_ticks(0, right, 6, tick); i < n; i++) {
        double x = LEFT + tick[i] / (1.05 * right) * (RIGHT - LEFT);
        lb_svg_line(svg, x, BOTTOM, x, BOTTOM + 3, "#222222", 0.8, NULL);
        lb_svg_text(svg, x, BOTTOM + 13, 8, LB_MIDDLE, "", "#444444", lb_svg_number(tick[i], 0, text));
    }
    lb_svg_line(svg, LEFT, BOTTOM, RIGHT, BOTTOM, "#222222", 0.8, NULL);
    lb_svg_text(svg, (LEFT + RIGHT) / 2.0, BOTTOM + 28, 9, LB_MIDDLE, "", "#222222", "mean of the two areas, mm²");
    for (size_t l = 0; l < r->labels; l++)
        for (size_t n = areas(r, (uint16_t)r->label[l], pair), i = 0; i < n; i++) {
            double x = LEFT + (pair[2 * i] + pair[2 * i + 1]) / 2 / (1.05 * right) * (RIGHT - LEFT);
            double y = BOTTOM - (pair[2 * i] - pair[2 * i + 1] + high) / (2 * high) * (BOTTOM - TOP);
            lb_svg_circle(svg, x, y, 2.2, colours[l % LB_COUNT(colours)], NULL, 0);
        }
    lb_result_picture(result, "agreement", "Agreement of two readers", lb_svg_finish(svg));
}

static int read_inputs(lb_call *call, reading *r, lb_result *result, lb_error *err)
{
    lb_volume *a, *b;
    int64_t more[LB_MASK_LABELS];
    size_t count;
    int status = lb_call_volume(call, "a", &a, err);
    if (status == LB_OK) status = lb_call_volume(call, "b", &b, err);
    if (status == LB_OK) status = lb_mask_list(a, r->label, &r->labels, err);
    if (status == LB_OK) status = lb_mask_list(b, more, &count, err);
    if (status != LB_OK) return status;
    lb_grid_rule rule = {lb_call_text(call, "adopt-geometry"), LB_GRID_TOLERANCE_UM / 1000.0};
    status = lb_grid_match(&a, &b, b, "first mask", "second mask", &rule, result, err);
    if (status == LB_OK) status = lb_mask_numbers(a, result->arena, &r->a, err);
    if (status == LB_OK) status = lb_mask_numbers(b, result->arena, &r->b, err);
    if (status == LB_OK) status = lb_names_read(lb_call_text(call, "labels"), NULL, a->segment_count ? a : b, result->arena, &r->names, err);
    for (size_t m = 0; m < count && status == LB_OK; m++) {
        size_t at = 0;
        while (at < r->labels && r->label[at] < more[m]) at++;
        if ((at < r->labels && r->label[at] == more[m]) || r->labels == LB_MASK_LABELS) continue;
        memmove(&r->label[at + 1], &r->label[at], (r->labels - at) * sizeof r->label[0]);
        r->label[at] = more[m];
        r->labels++;
    }
    r->grid = a;
    r->slices = lb_slices_of(a, lb_call_text(call, "axis"));
    r->level = lb_call_number(call, "level");
    return status;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    reading r = {0};
    int status = read_inputs(call, &r, result, err);
    if (status != LB_OK) return status;
    push_overlaps(&r, lb_set_array(result->results, "rows"), result);
    lb_value *of_areas = lb_set_array(result->results, "areas");
    for (size_t l = 0; l < r.labels; l++) push_areas(&r, l, of_areas, result);
    draw(&r, result);
    lb_result_note(result, "hd95_mm is the 95th percentile of the distances of both surfaces together (surface voxels, centre to centre).");
    lb_result_note(result, "Areas are compared slice by slice: ICC(2,1) is absolute agreement, ICC(3,1) consistency, of a single reader; SEM is the "
                           "root of the error variance without and with the readers' own. Slices of one scan are not independent people: for a "
                           "study, compare one value a scan with predict agreement.");
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "a", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "mask of the first reader"},
    {.name = "b", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "mask of the second reader"},
    {.name = "labels", .type = LB_P_TEXT, .summary = "what labels mean, as \"1=right multifidus,2=left multifidus\""},
    {.name = "level", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "level of the intervals", .preset = "0.95", .min = 0.5, .max = 0.9999},
    {.name = "axis", .type = LB_P_CHOICE, .flags = LB_ADVANCED, .summary = "slices run along this axis", .preset = "auto", .choices = "auto,i,j,k"},
    {.name = "adopt-geometry", .type = LB_P_CHOICE, .summary = "when positions differ: whose geometry counts (image: the first's)", .choices = "mask,image"},
};

const lb_op lb_op_image_agree = {
    .area = "image",
    .verb = "agree",
    .summary = "agreement of two readers' masks: Dice, Hausdorff distance, ICC, Bland–Altman",
    .description =
        "For each label: overlap (Dice, Jaccard), distances between the surfaces (95th percentile, largest, mean), and the agreement of the "
        "areas slice by slice: ICC(2,1) and ICC(3,1) with intervals, standard error of measurement, bias and limits of agreement.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar image agree reference/muscle/phantom_mask.nii.gz reference/muscle/phantom_mask.seg.nrrd",
};
