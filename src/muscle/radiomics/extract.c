/* `radiomics extract`: settings, region, feature classes, and the record of how each number came about. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/common/grid.h"
#include "muscle/ibsi/ibsi.h"
#include "muscle/muscle.h"
#include "muscle/radiomics/texture.h"

static int read_settings(lb_call *call, lb_radiomics_settings *settings, lb_error *err)
{
    lb_bytes bytes;
    lb_value *yaml = NULL;
    int status = lb_call_document(call, "settings", &bytes, err);
    if (status == LB_OK && bytes.data) status = lb_yaml_read(&bytes, lb_call_arena(call), &yaml, err);
    if (status == LB_OK) status = lb_radiomics_settings_read(yaml, settings, err);
    if (status == LB_OK && lb_call_given(call, "label")) settings->label = lb_call_int(call, "label");
    return status;
}

/* Nearest-neighbour copy of the mask on the image's grid, in space: what PyRadiomics' correctMask does. */
static int correct_mask(const lb_volume *image, lb_volume **mask, lb_result *result, lb_error *err)
{
    const lb_volume *from = *mask;
    lb_volume *to = lb_volume_new(image->arena, image->size, LB_I32);
    if (!to) return lb_fail(err, LB_NO_MEMORY, "not enough memory to resample the mask");
    memcpy(to->spacing_mm, image->spacing_mm, sizeof to->spacing_mm);
    memcpy(to->origin_mm, image->origin_mm, sizeof to->origin_mm);
    memcpy(to->direction, image->direction, sizeof to->direction);
    to->name = from->name;
    size_t count = lb_volume_count(image);
    for (size_t i = 0; i < count; i++) {
        size_t at[3] = {i % image->size[0], i / image->size[0] % image->size[1], i / image->size[0] / image->size[1]};
        double p[3];
        int64_t nearest[3];
        bool inside = true;
        for (int row = 0; row < 3; row++) {
            p[row] = image->origin_mm[row] - from->origin_mm[row];
            for (int a = 0; a < 3; a++) p[row] += image->direction[3 * row + a] * image->spacing_mm[a] * (double)at[a];
        }
        for (int a = 0; a < 3; a++) {
            double along = 0;
            for (int row = 0; row < 3; row++) along += from->direction[3 * row + a] * p[row];
            nearest[a] = (int64_t)floor(along / from->spacing_mm[a] + 0.5);
            inside &= nearest[a] >= 0 && nearest[a] < (int64_t)from->size[a];
        }
        if (!inside) continue;
        size_t source = (size_t)nearest[0] + from->size[0] * ((size_t)nearest[1] + from->size[1] * (size_t)nearest[2]);
        ((int32_t *)to->voxels)[i] = (int32_t)lb_volume_at(from, source);
    }
    lb_result_warn(result, "the mask lay %.4g mm off the image's grid and was resampled onto it (correctMask)",
                   lb_volume_distance_mm(image, from));
    *mask = to;
    return LB_OK;
}

static int read_volumes(lb_call *call, const lb_radiomics_settings *s, lb_volume **image, lb_volume **mask,
                        lb_result *result, lb_error *err)
{
    int status = lb_call_volume(call, "image", image, err);
    if (status == LB_OK) status = lb_call_volume(call, "mask", mask, err);
    if (status == LB_OK) status = lb_mask_layer(mask, s->label, err);
    if (status == LB_OK) status = lb_mask_check(*mask, err);
    if (status != LB_OK) return status;
    lb_volume_pass_warnings(*image, "image", result);
    lb_volume_pass_warnings(*mask, "mask", result);
    lb_grid_rule rule = {lb_call_text(call, "adopt-geometry"), LB_GRID_TOLERANCE_UM / 1000.0};
    if (isfinite(s->geometry_tolerance)) rule.tolerance_mm = s->geometry_tolerance * (*image)->spacing_mm[0];
    bool same = memcmp((*image)->size, (*mask)->size, sizeof(*image)->size) == 0 &&
                lb_volume_distance_mm(*image, *mask) <= rule.tolerance_mm;
    if (s->correct_mask && !same && !rule.adopt) return correct_mask(*image, mask, result, err);
    return lb_grid_match(image, mask, *mask, "image", "mask", &rule, result, err);
}

/* Is this class, and this feature of it, wanted? */
static bool wanted(const lb_radiomics_settings *s, const lb_region *region, size_t class_index, const char *feature)
{
    const lb_feature_class *class = &lb_feature_classes[class_index];
    if (!s->classes_given) return strcmp(class->name, "shape2D") != 0 || lb_shape2d_possible(region, s);
    const lb_value *list = s->chosen[class_index];
    if (!list) return false;
    if (!feature || list->type != LB_ARRAY || list->count == 0) return true;
    for (size_t i = 0; i < list->count; i++)
        if (lb_text_equal(list->item[i]->text, feature)) return true;
    return false;
}

static void push_undefined(lb_value *undefined, const char *feature, const char *reason, double printed)
{
    lb_value *row = lb_push_object(undefined);
    lb_set_text(row, "feature", feature);
    lb_set_text(row, "reason", reason);
    lb_set_number(row, "pyradiomics_prints", printed);
}

/* The features of one class on one image; with a reason, all of them are undefined. */
static int compute_class(size_t c, const lb_feature_input *input, const char *image, const char *reason,
                         lb_result *result, lb_error *err)
{
    lb_value *features = lb_get(result->results, "features"), *undefined = lb_get(result->results, "undefined");
    const lb_feature_class *class = &lb_feature_classes[c];
    lb_features out = {0};
    if (!reason && strcmp(class->name, "shape2D") == 0 && !lb_shape2d_possible(input->region, input->settings))
        reason = "needs force2D and a region that is one voxel thick along force2Ddimension";
    int status = reason ? lb_features_undefined(&out, reason) : class->compute(input, &out, err);
    if (status != LB_OK) return status;
    for (size_t f = 0; f < class->features; f++) {
        if (!wanted(input->settings, input->region, c, class->feature[f])) continue;
        const char *name = lb_arena_printf(result->arena, "%s_%s_%s", image, class->name, class->feature[f]);
        lb_set_number(features, name, out.value[f]);
        if (!isfinite(out.value[f]))
            push_undefined(undefined, name,
                           out.reason[f] ? out.reason[f] : "its formula divides by zero for this region", out.printed[f]);
    }
    return LB_OK;
}

/* Classes of shape look at the mask only: once, named original as PyRadiomics does. */
static bool is_shape(size_t c) { return strncmp(lb_feature_classes[c].name, "shape", 5) == 0; }

static int compute_image(const lb_feature_input *input, const char *image, const char *reason, lb_result *result,
                         lb_error *err)
{
    for (size_t c = 0; c < lb_feature_class_count; c++) {
        if (is_shape(c) || !wanted(input->settings, input->region, c, NULL)) continue;
        int status = compute_class(c, input, image, reason, result, err);
        if (status != LB_OK) return status;
    }
    return LB_OK;
}

/* The region with the values of a derived image, in `value`; NULL, or why it cannot be described. */
static const char *filter_region(const lb_filter *filter, const lb_region *region, lb_region *out, double *value)
{
    const char *reason;
    double *derived = lb_filter_apply(filter, &region->field, &reason);
    if (!derived) return reason;
    const size_t *size = region->field.size, *from = region->field_at;
    size_t i = 0;
    *out = *region;
    out->value = value;
    for (size_t z = 0; z < region->size[2]; z++)
        for (size_t y = 0; y < region->size[1]; y++)
            for (size_t x = 0; x < region->size[0]; x++, i++) {
                value[i] = derived[from[0] + x + size[0] * (from[1] + y + size[1] * (from[2] + z))];
                if (region->inside[i] && !isfinite(value[i])) reason = "the filtered image holds voxels that are not numbers";
            }
    free(derived);
    return reason;
}

static int compute_filtered(const lb_filter *filter, const lb_feature_input *input, lb_result *result, lb_error *err)
{
    const lb_region *region = input->region;
    lb_radiomics_settings settings = *input->settings;
    lb_arena *arena = lb_arena_new();
    lb_region derived = *region;
    lb_grey grey;
    lb_feature_input own = {&derived, &grey, &settings, arena, input->threads};
    int status = LB_OK;
    if (filter->bin_width > 0) settings.bin_width = filter->bin_width, settings.bin_count = 0;
    if (filter->bin_count > 0) settings.bin_count = filter->bin_count;
    double *value = lb_arena_try(arena, region->size[0] * region->size[1] * region->size[2], sizeof *value);
    if (!value) status = lb_fail(err, LB_NO_MEMORY, "not enough memory to filter the image");
    const char *reason = NULL;
    if (status == LB_OK && filter->kind != LB_FILTER_ORIGINAL) reason = filter_region(filter, region, &derived, value);
    if (status == LB_OK && !reason) {
        status = lb_grey_bin(&derived, &settings, arena, &grey, err);
        if (status != LB_OK) lb_error_where(err, "%s", filter->name);
    }
    if (status == LB_OK) status = compute_image(&own, filter->name, reason, result, err);
    if (reason) lb_result_warn(result, "%s: %s", filter->name, reason);
    lb_arena_free(arena);
    return status;
}

static int compute(const lb_feature_input *input, lb_result *result, lb_error *err)
{
    const lb_radiomics_settings *s = input->settings;
    int status = LB_OK;
    lb_set_object(result->results, "features");
    lb_set_array(result->results, "undefined");
    for (size_t c = 0; c < lb_feature_class_count && status == LB_OK; c++)
        if (is_shape(c) && wanted(s, input->region, c, NULL)) status = compute_class(c, input, "original", NULL, result, err);
    for (size_t f = 0; f < s->filters && status == LB_OK; f++) {
        const lb_filter *filter = &s->filter[f];
        bool plain = filter->kind == LB_FILTER_ORIGINAL && filter->bin_width == 0 && filter->bin_count == 0;
        status = plain ? compute_image(input, "original", NULL, result, err) : compute_filtered(filter, input, result, err);
    }
    return status;
}

static void push_sizes(lb_value *object, const char *key, const size_t value[3])
{
    double numbers[3] = {(double)value[0], (double)value[1], (double)value[2]};
    lb_set_numbers(object, key, numbers, 3);
}

static void push_hashes(const lb_result *result, lb_value *diagnostics)
{
    static const char *const name[] = {"image", "mask", "settings"};
    for (size_t n = 0; n < LB_COUNT(name); n++) {
        const char *hash = NULL;
        for (size_t i = 0; result->inputs && i < result->inputs->count; i++)
            if (lb_text_equal(lb_get_text(result->inputs->item[i], "parameter", NULL), name[n]))
                hash = lb_get_text(result->inputs->item[i], "sha256", NULL);
        lb_set_text(diagnostics, lb_arena_printf(result->arena, "%s_sha256", name[n]), hash);
    }
}

static void push_diagnostics(const lb_feature_input *input, const lb_region_record *record, lb_result *result)
{
    lb_value *d = lb_set_object(result->results, "diagnostics");
    const lb_region *region = input->region;
    const lb_radiomics_settings *s = input->settings;
    lb_set_text(d, "version", lb_version());
    lb_set_text(d, "profile", "pyradiomics-3.1");
    push_hashes(result, d);
    lb_set_int(d, "label", s->label);
    push_sizes(d, "image_size", record->image_size);
    lb_set_numbers(d, "image_spacing_mm", record->image_spacing_mm, 3);
    lb_set_int(d, "mask_voxels", (int64_t)record->mask_voxels);
    push_sizes(d, "bounding_box_start", record->box_start);
    push_sizes(d, "bounding_box_size", record->box_size);
    lb_set_numbers(d, "spacing_mm", region->spacing_mm, 3);
    push_sizes(d, "region_size", region->size);
    lb_set_int(d, "shape_voxels", (int64_t)region->shape_voxels);
    lb_set_int(d, "intensity_voxels", (int64_t)region->voxels);
    lb_set_int(d, "resegmented_away", (int64_t)record->resegmented_away);
    lb_set_number(d, "minimum", input->grey->sorted[0]);
    lb_set_number(d, "maximum", input->grey->sorted[input->grey->count - 1]);
    lb_set_int(d, "bins", (int64_t)input->grey->bins);
    lb_set_number(d, "bin_width", input->grey->width);
}

/* What a person should know before trusting the numbers. */
static void advise(const lb_feature_input *input, lb_result *result)
{
    const lb_region *region = input->region;
    const lb_grey *grey = input->grey;
    double range = grey->sorted[grey->count - 1] - grey->sorted[0];
    enum { FEW_VOXELS = 64, MANY_BINS = 1000 };
    if (region->voxels < FEW_VOXELS)
        lb_result_warn(result, "the region has %zu voxels: features of so few voxels are not reproducible",
                       region->voxels);
    if (grey->bins == 1 && range > 0)
        lb_result_warn(
            result,
            "a bin width of %g puts all grey values (%g to %g) into one bin: entropy and texture say nothing; "
            "try binWidth near %.2g",
            grey->width, grey->sorted[0], grey->sorted[grey->count - 1], range / 32);
    if (grey->bins > MANY_BINS)
        lb_result_warn(result, "a bin width of %g gives %zu bins for %zu voxels; try binWidth near %.2g", grey->width,
                       grey->bins, region->voxels, range / 32);
    lb_result_note(result,
                   "Region of label %lld: %zu voxels of %.4g x %.4g x %.4g mm; %zu grey level bins of width %.6g.",
                   (long long)input->settings->label, region->voxels, region->spacing_mm[0], region->spacing_mm[1],
                   region->spacing_mm[2], grey->bins, grey->width);
    lb_result_note(result,
                   "Profile pyradiomics-3.1: moments divide by N, kurtosis is not excess, shape from a marching cubes "
                   "surface; names are PyRadiomics'.");
}

static int run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_radiomics_settings settings;
    lb_volume *image, *mask;
    lb_arena *arena = lb_call_arena(call);
    lb_region region;
    lb_region_record record;
    lb_grey grey;
    bool ibsi = lb_text_equal(lb_call_text(call, "profile"), "ibsi-1");
    if (ibsi != lb_call_given(call, "configuration") || (ibsi && lb_call_given(call, "settings"))) {
        lb_fail(err, LB_USAGE, ibsi ? "the profile ibsi-1 takes a configuration and no settings"
                                    : "a configuration belongs to the profile ibsi-1");
        lb_error_where(err, "--configuration");
        lb_error_hint(err, "for example: --profile ibsi-1 --configuration D");
        return LB_USAGE;
    }
    if (ibsi) return lb_ibsi_run(call, lb_set_array(result->results, "rows"), result, err);
    int status = read_settings(call, &settings, err);
    if (status == LB_OK) status = read_volumes(call, &settings, &image, &mask, result, err);
    if (status == LB_OK) status = lb_region_prepare(image, mask, &settings, arena, &region, &record, err);
    if (status == LB_OK) status = lb_grey_bin(&region, &settings, arena, &grey, err);
    if (status != LB_OK) return status;
    lb_feature_input input = {&region, &grey, &settings, arena, lb_call_threads(call)};
    status = compute(&input, result, err);
    if (status != LB_OK) return status;
    push_diagnostics(&input, &record, result);
    advise(&input, result);
    return LB_OK;
}

static const lb_param params[] = {
    {.name = "image", .type = LB_P_VOLUME, .flags = LB_REQUIRED, .summary = "image to describe"},
    {.name = "mask", .type = LB_P_VOLUME, .flags = LB_REQUIRED, .summary = "label map of the region"},
    {.name = "label",
     .type = LB_P_INT,
     .summary = "label of the region in the mask (default: the settings', or 1)",
     .min = 1,
     .max = 1000000000},
    {.name = "settings", .type = LB_P_DOCUMENT, .summary = "PyRadiomics parameter file (YAML or JSON)"},
    {.name = "profile",
     .type = LB_P_CHOICE,
     .summary = "whose definitions",
     .preset = "pyradiomics-3.1",
     .choices = "pyradiomics-3.1,ibsi-1"},
    {.name = "configuration",
     .type = LB_P_CHOICE,
     .summary = "ibsi-1: how the image is processed (A to C: CT in Hounsfield units; digital: grey levels as they are)",
     .choices = "digital,A,B,C,D"},
    {.name = "adopt-geometry",
     .type = LB_P_CHOICE,
     .summary = "when positions differ: whose geometry counts",
     .choices = "mask,image"},
};

const lb_op lb_op_radiomics_extract = {
    .area = "radiomics",
    .verb = "extract",
    .summary = "radiomic features of a labelled region, by PyRadiomics' names and definitions",
    .description =
        "Computes the features of one label of a mask in an image: shape (14), shape2D (9, for force2D and a region of "
        "one "
        "slice), first order (18), glcm (24), glrlm (16), glszm (16), gldm (14) and ngtdm (5). Settings are a "
        "PyRadiomics parameter file as it is: binning, normalisation, resampling, "
        "resegmentation, choice of classes and features, and filters (square, square root, logarithm, exponential, "
        "gradient, Laplacian of Gaussian, wavelets). A setting or filter that is not computed here is refused by "
        "name.\n\n"
        "With --profile ibsi-1 the features of all families of the Image Biomarker Standardisation Initiative are rows with "
        "its codes, tags and aggregations, in one of its configurations (radiomics compliance compares them).\n\n"
        "A feature that is not defined for the region (skewness of a constant one) is null and listed with its reason, "
        "and with what PyRadiomics prints for it. "
        "Diagnostics hold the hashes of image, mask and settings, the counts of voxels and the bounding box.",
    .params = params,
    .param_count = LB_COUNT(params),
    .run = run,
    .example = "lumbar radiomics extract --image reference/muscle/phantom_water.nii.gz --mask "
               "reference/muscle/phantom_mask.nii.gz --label 2",
};
