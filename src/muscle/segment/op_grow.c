/* `image grow`: labels from a few strokes. */
#include "muscle/common/grid.h"
#include "muscle/muscle.h"
#include "muscle/segment/grow.h"
#include "muscle/segment/mask.h"

static const char *const pictures[] = {"image", "water", "fat"};

static int read_pictures(lb_call *call, lb_grow *grow, lb_volume **seeds, lb_result *result, lb_error *err)
{
    lb_grid_rule rule = {lb_call_text(call, "adopt-geometry"), LB_GRID_TOLERANCE_UM / 1000.0};
    for (size_t p = 0; p < LB_COUNT(pictures); p++) {
        lb_volume *picture, *mask = *seeds;
        int status = lb_call_volume(call, pictures[p], &picture, err);
        if (status == LB_OK && picture == NULL) continue;
        if (status != LB_OK) return status;
        lb_volume_pass_warnings(picture, pictures[p], result);
        status = grow->channels == 0 ? lb_grid_match(&picture, seeds, mask, pictures[p], "seeds", &rule, result, err)
                        : lb_grid_match(seeds, &picture, mask, "seeds", pictures[p], &rule, result, err);
        if (status != LB_OK) return status;
        grow->channel[grow->channels++] = picture;
    }
    if (grow->channels > 0) return LB_OK;
    lb_fail(err, LB_USAGE, "no picture was given to grow in");
    lb_error_where(err, "--image");
    lb_error_hint(err, "give the picture before the seeds, or --water and --fat of a Dixon scan");
    return LB_USAGE;
}

/* The label of the background strokes: as said, or the seeds' segment of that name. */
static int64_t background_of(lb_call *call, const lb_volume *seeds)
{
    if (lb_call_given(call, "background")) return lb_call_int(call, "background");
    for (size_t s = 0; s < seeds->segment_count; s++)
        if (lb_text_equal(seeds->segment[s].name, "background") || lb_text_equal(seeds->segment[s].name, "Background"))
            return seeds->segment[s].label;
    return 0;
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_volume *seeds, *out;
    int status = lb_call_volume(call, "seeds", &seeds, err);
    if (status == LB_OK) status = lb_mask_flat(seeds, err);
    if (status == LB_OK) status = lb_mask_check(seeds, err);
    if (status != LB_OK) return status;
    lb_volume_pass_warnings(seeds, "seeds", result);
    lb_grow grow = {.low = lb_call_number(call, "low"), .high = lb_call_number(call, "high"), .background = background_of(call, seeds),
                    .contrast = lb_call_number(call, "contrast"), .node_mm = lb_call_number(call, "cell"),
                    .threads = lb_call_threads(call), .progress = lb_call_progress(call)};
    status = read_pictures(call, &grow, &seeds, result, err);
    grow.seeds = seeds;
    if (status == LB_OK) status = lb_grow_run(&grow, result->arena, &out, err);
    if (status != LB_OK) return status;
    out->segment = seeds->segment;
    out->segment_count = seeds->segment_count;
    lb_value *rows = lb_set_array(result->results, "seeds");
    for (size_t l = 0; l < grow.labels; l++) {
        lb_value *row = lb_push_object(rows);
        lb_set_int(row, "label", grow.label[l]);
        lb_set_int(row, "seed_voxels", (int64_t)grow.seed_voxels[l]);
        lb_set_bool(row, "background", grow.label[l] == grow.background);
    }
    lb_set_int(result->results, "steps", grow.steps);
    if (grow.background == 0)
        lb_result_note(result, "Every label was kept, also the strokes outside the muscles: --background N leaves that label out of the mask.");
    lb_result_note(result, "Look at the mask slice by slice and correct it before you measure: a grown border is a proposal.");
    return lb_mask_result(out, result, err);
}

static const lb_param params[] = {
    {.name = "image", .type = LB_P_VOLUME, .flags = LB_POSITIONAL, .summary = "the picture: water, fat, T1 or T2"},
    {.name = "seeds", .type = LB_P_VOLUME, .flags = LB_REQUIRED | LB_POSITIONAL, .summary = "label map of the strokes: each muscle its label, outside one, too"},
    {.name = "water", .type = LB_P_VOLUME, .summary = "water image of the same Dixon scan, besides or instead"},
    {.name = "fat", .type = LB_P_VOLUME, .summary = "fat image of the same scan"},
    {.name = "background", .type = LB_P_INT, .summary = "label of the strokes outside the muscles: left out of the mask", .min = 1, .max = 65535},
    {.name = "low", .type = LB_P_NUMBER, .summary = "voxels of the first picture below this are never taken"},
    {.name = "high", .type = LB_P_NUMBER, .summary = "voxels of the first picture above this are never taken"},
    {.name = "contrast", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "how much edges of the picture stop the growth", .preset = "0.5", .min = 0, .max = 100},
    {.name = "cell", .type = LB_P_NUMBER, .flags = LB_ADVANCED, .summary = "size of the cells it is computed on, mm", .preset = "2", .min = 0.2, .max = 20},
    {.name = "adopt-geometry", .type = LB_P_CHOICE, .summary = "when positions differ: whose geometry counts", .choices = "mask,image"},
};

const lb_op lb_op_image_grow = {
    .area = "image",
    .verb = "grow",
    .summary = "grow muscles from a few painted strokes",
    .description =
        "Random walks (Grady 2006) from the strokes, one through tissue that looks like the muscle under the strokes, one "
        "hindered by the edges of all pictures given; between two muscles the front that arrives first counts, too, and muscle is held "
        "back from what looks like fat or bone. They run on cells of about two millimetres, coarse to fine, and are settled voxel by "
        "voxel; strokes stay as painted. A step along the spine is easier than one across it, because muscles run along it.\n\n"
        "Paint short strokes through the middle of each muscle in four or five slices, and strokes outside around them with a label of "
        "their own (--background). Give water and fat of a Dixon scan together where there are both. --low and --high "
        "limit the values taken, in the first picture.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar image grow reference/muscle/phantom_water.nii.gz reference/muscle/phantom_seeds.nii.gz --background 9 -o mask.nii.gz",
};
