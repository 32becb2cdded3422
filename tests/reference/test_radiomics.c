/* `radiomics extract` against the reference values: three cases × 16 settings, single slices, a real lumbar muscle, and
 * the large sphere, whose speed and memory are looked at in bench_radiomics. Classes that are not computed are left
 * out. */
#include "call_files.h"

#include "muscle/files/files.h"
#include "muscle/radiomics/radiomics.h"

static const struct {
    const char *name, *yaml;
    bool altered; /* resampled or normalised: compared to 1e-6 */
} settings[] = {
    {"default", "{}", false},
    {"fbn32", "setting: {binCount: 32}", false},
    {"bw10", "setting: {binWidth: 10}", false},
    {"2d", "setting: {force2D: true, force2Ddimension: 0}", false},
    {"norm", "setting: {normalize: true, normalizeScale: 100, binWidth: 5}", true},
    {"norm_outlier3", "setting: {normalize: true, normalizeScale: 100, binWidth: 5, removeOutliers: 3}", true},
    {"resamp1", "setting: {resampledPixelSpacing: [1, 1, 1], interpolator: sitkBSpline}", true},
    {"resamp2", "setting: {resampledPixelSpacing: [2, 2, 2]}", true},
    {"resamp2d", "setting: {resampledPixelSpacing: [1.5, 1.5, 0]}", true},
    {"reseg3s", "setting: {resegmentRange: [-3, 3], resegmentMode: sigma}", false},
    {"dist12", "setting: {distances: [1, 2]}", false},
    {"nowt", "setting: {weightingNorm: no_weighting}", false},
    {"eucl", "setting: {weightingNorm: euclidean}", false},
    {"asym", "setting: {symmetricalGLCM: false}", false},
    {"gldm_a1", "setting: {gldm_a: 1}", false},
    {"shift2000", "setting: {voxelArrayShift: 2000}", false},
    {"flat", "setting: {binWidth: 5000}", false}, /* one grey level: the upstream baseline's special cases */
};
enum { FLAT = LB_COUNT(settings) - 1 };

typedef struct reference {
    lb_arena *arena;
    lb_table *table;
    const lb_column *scan, *setting, *feature, *value;
} reference;

static reference read_reference(const char *name)
{
    if (!shared_data(name)) skip();
    reference t = {.arena = lb_arena_new()};
    lb_bytes bytes;
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    assert_int_equal(lb_file_read(shared_data(name), 1 << 26, t.arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_csv_read(&bytes, &options, t.arena, &t.table, &err), LB_OK);
    t.scan = lb_table_find(t.table, "case");
    t.setting = lb_table_find(t.table, "setting");
    t.feature = lb_table_find(t.table, "feature");
    t.value = lb_table_find(t.table, "value");
    return t;
}

static bool computed(const char *feature)
{
    for (size_t c = 0; c < lb_feature_class_count; c++) {
        const char *name = lb_feature_classes[c].name;
        if (strncmp(feature + 9, name, strlen(name)) == 0 && feature[9 + strlen(name)] == '_') return true;
    }
    return false;
}

/* All features of one case and setting that the table holds; returns how many. */
static size_t compare(const reference *t, const char *scan, size_t setting, const lb_result *result, double tolerance)
{
    size_t compared = 0;
    const lb_value *features = lb_get(result->results, "features");
    char a[32], b[32], c[32];
    for (size_t r = 0; r < t->table->rows; r++) {
        if (strcmp(lb_column_text(t->scan, r, a), scan) != 0) continue;
        if (strcmp(lb_column_text(t->setting, r, b), settings[setting].name) != 0) continue;
        const char *feature = lb_column_text(t->feature, r, c);
        if (!computed(feature)) continue;
        double got = lb_get_number(features, feature, NAN), expected = t->value->number[r];
        /* Zero, but for rounding, is compared as it is. */
        if (!is_close(got, expected, tolerance) && !(fabs(expected) < 1e-12 && fabs(got) < 1e-12))
            fail_msg("%s %s %s: got %.17g, expected %.17g", scan, settings[setting].name, feature, got, expected);
        compared++;
    }
    return compared;
}

static lb_result *extract(const pair *file, size_t setting, const char *label, const char *adopt, lb_arena *arena)
{
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "radiomics", "extract"));
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_bytes yaml = {(const uint8_t *)settings[setting].yaml, strlen(settings[setting].yaml), settings[setting].name};
    lb_bytes bytes[2];
    int status = lb_call_bind(call, "settings", &yaml, &err);
    for (int i = 0; i < 2 && status == LB_OK; i++) {
        status = lb_file_read(file[i].value, 1 << 28, arena, &bytes[i], &err);
        if (status == LB_OK) status = lb_call_bind(call, file[i].name, &bytes[i], &err);
    }
    if (status == LB_OK) status = lb_call_set(call, "label", label, &err);
    if (status == LB_OK && adopt) status = lb_call_set(call, "adopt-geometry", adopt, &err);
    if (status == LB_OK) status = lb_call_run(call, &result, &err);
    if (status != LB_OK) fail_msg("%s: %s", settings[setting].name, err.message);
    lb_call_free(call);
    lb_registry_free(registry);
    return result;
}

static size_t class_features(void)
{
    size_t count = 0;
    for (size_t c = 0; c < lb_feature_class_count; c++)
        if (strcmp(lb_feature_classes[c].name, "shape2D") != 0) count += lb_feature_classes[c].features;
    return count;
}

static void three_cases(void **state)
{
    (void)state;
    static const char *const scans[] = {"brain1", "brain2", "breast1"};
    reference t = read_reference("radiomics/reference_values.csv");
    for (size_t i = 0; i < LB_COUNT(scans); i++) {
        char image[64], mask[64];
        snprintf(image, sizeof image, "radiomics/%s_image.nrrd", scans[i]);
        snprintf(mask, sizeof mask, "radiomics/%s_label.nrrd", scans[i]);
        pair file[] = {{"image", lb_arena_text(t.arena, shared_data(image))},
                       {"mask", lb_arena_text(t.arena, shared_data(mask))}};
        for (size_t s = 0; s < FLAT; s++) {
            lb_arena *arena = lb_arena_new();
            lb_result *result = extract(file, s, "1", NULL, arena);
            assert_int_equal(compare(&t, scans[i], s, result, settings[s].altered ? 1e-6 : 1e-9), class_features());
            lb_result_free(result);
            lb_arena_free(arena);
        }
    }
    lb_arena_free(t.arena);
}

static void lumbar_muscle(void **state)
{
    (void)state;
    reference t = read_reference("lumbar_mri/reference_radiomics_TUM01_water.csv");
    pair file[] = {
        {"image", lb_arena_text(t.arena, shared_data("lumbar_mri/TUM01_water_img_img_L2-L5.nii.gz"))},
        {"mask", lb_arena_text(t.arena, shared_data("lumbar_mri/TUM01_fat_manual_label_segmentation_L2-L5.nii.gz"))}};
    static const size_t used[] = {0, 1, 2, 3, 4, 8};
    for (int label = 1; label <= 4; label++)
        for (size_t s = 0; s < LB_COUNT(used); s++) {
            char scan[32], text[16];
            snprintf(scan, sizeof scan, "TUM01_water_label%d", label);
            snprintf(text, sizeof text, "%d", label);
            lb_arena *arena = lb_arena_new();
            lb_result *result = extract(file, used[s], text, "image", arena);
            assert_int_equal(compare(&t, scan, used[s], result, settings[used[s]].altered ? 1e-6 : 1e-9),
                             class_features());
            lb_result_free(result);
            lb_arena_free(arena);
        }
    lb_arena_free(t.arena);
}

static double printed(const lb_result *result, const char *feature)
{
    double value = lb_get_number(lb_get(result->results, "features"), feature, NAN);
    const lb_value *undefined = lb_get(result->results, "undefined");
    for (size_t i = 0; i < undefined->count; i++)
        if (lb_text_equal(lb_get_text(undefined->item[i], "feature", ""), feature))
            value = lb_get_number(undefined->item[i], "pyradiomics_prints", NAN);
    return value;
}

/* A region of one grey level: what the formulas still give, and what PyRadiomics prints where they do not. */
static void flat_region(void **state)
{
    (void)state;
    static const char *const classes[] = {"glcm", "glrlm", "glszm", "gldm", "ngtdm"};
    size_t compared = 0;
    if (!shared_data("radiomics/upstream_baseline/baseline_glcm.csv")) skip();
    lb_arena *arena = lb_arena_new();
    pair file[] = {{"image", lb_arena_text(arena, shared_data("radiomics/brain1_image.nrrd"))},
                   {"mask", lb_arena_text(arena, shared_data("radiomics/brain1_label.nrrd"))}};
    lb_result *result = extract(file, FLAT, "1", NULL, arena);
    for (size_t c = 0; c < LB_COUNT(classes); c++) {
        lb_bytes bytes;
        lb_table *table;
        lb_error err = LB_ERROR_INIT;
        lb_csv_options options = LB_CSV_OPTIONS_INIT;
        char name[80], a[32], b[32];
        snprintf(name, sizeof name, "radiomics/upstream_baseline/baseline_%s.csv", classes[c]);
        assert_int_equal(lb_file_read(shared_data(name), 1 << 24, arena, &bytes, &err), LB_OK);
        assert_int_equal(lb_csv_read(&bytes, &options, arena, &table, &err), LB_OK);
        for (size_t r = 0; r < table->rows; r++) {
            const char *feature = lb_column_text(lb_table_find(table, "featureName"), r, a);
            if (!lb_text_starts(feature, "original_")) continue;
            double expected = strtod(lb_column_text(lb_table_find(table, "brain1_flatRegion"), r, b), NULL);
            if (!is_close(printed(result, feature), expected, 1e-9) &&
                !(fabs(expected) < 1e-12 && fabs(printed(result, feature)) < 1e-12))
                fail_msg("%s: got %.17g, expected %.17g", feature, printed(result, feature), expected);
            compared++;
        }
    }
    assert_int_equal(compared, 75);
    assert_int_equal(lb_get(result->results, "undefined")->count, 8);
    lb_result_free(result);
    lb_arena_free(arena);
}

static lb_result *extract_volumes(lb_volume *image, lb_volume *mask, size_t setting)
{
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "radiomics", "extract"));
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_bytes yaml = {(const uint8_t *)settings[setting].yaml, strlen(settings[setting].yaml), settings[setting].name};
    int status = lb_call_bind(call, "settings", &yaml, &err);
    if (status == LB_OK) status = lb_call_bind_volume(call, "image", image, &err);
    if (status == LB_OK) status = lb_call_bind_volume(call, "mask", mask, &err);
    if (status == LB_OK) status = lb_call_run(call, &result, &err);
    if (status != LB_OK) fail_msg("%s", err.message);
    lb_call_free(call);
    lb_registry_free(registry);
    return result;
}

static lb_volume *read_volume(const char *name, lb_arena *arena)
{
    lb_bytes bytes;
    lb_volume *volume;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_file_read(shared_data(name), 1 << 28, arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_image_read(&bytes, arena, &volume, &err), LB_OK);
    return volume;
}

static void single_slices(void **state)
{
    (void)state;
    static const struct {
        const char *scan, *stem;
        size_t slice;
    } cases[] = {{"brain1_slice16", "brain1", 16}, {"brain2_slice8", "brain2", 8}, {"breast1_slice9", "breast1", 9}};
    reference t = read_reference("radiomics/reference_values_single_slice.csv");
    for (size_t i = 0; i < LB_COUNT(cases); i++)
        for (size_t s = 0; s < 4; s += 3) { /* default and 2d */
            char image[64], mask[64];
            snprintf(image, sizeof image, "radiomics/%s_image.nrrd", cases[i].stem);
            snprintf(mask, sizeof mask, "radiomics/%s_label.nrrd", cases[i].stem);
            lb_volume *v = read_volume(image, t.arena), *m = read_volume(mask, t.arena);
            size_t plane = m->size[0] * m->size[1], voxel = lb_voxel_size(m->type);
            for (size_t k = 0; k < m->size[2]; k++)
                if (k != cases[i].slice) memset((char *)m->voxels + k * plane * voxel, 0, plane * voxel);
            lb_result *result = extract_volumes(v, m, s);
            assert_int_equal(compare(&t, cases[i].scan, s, result, 1e-9), class_features() + (s == 3 ? 9 : 0));
            lb_result_free(result);
        }
    lb_arena_free(t.arena);
}

/* The sphere of the radiomics README. */
static void large_sphere(void **state)
{
    (void)state;
    enum { N = 256 };
    reference t = read_reference("radiomics/reference_values_large_synthetic.csv");
    size_t size[3] = {N, N, N}, voxels = 0;
    lb_volume *image = lb_volume_new(t.arena, size, LB_I16), *mask = lb_volume_new(t.arena, size, LB_U8);
    int64_t sum = 0, inside = 0;
    for (uint32_t z = 0; z < N; z++)
        for (uint32_t y = 0; y < N; y++)
            for (uint32_t x = 0; x < N; x++) {
                size_t at = x + N * (y + N * (size_t)z);
                uint32_t h = x * 73856093u ^ y * 19349663u ^ z * 83492791u;
                double v = floor(500 + 150 * sin(x / 7.0) * cos(y / 9.0) + 120 * sin(z / 5.0 + x / 11.0) +
                                 ((int)(h % 61) - 30) + 0.5);
                double dx = x - 127.5, dy = y - 127.5, dz = z - 127.5;
                bool in = dx * dx + dy * dy + dz * dz <= 78.0 * 78.0;
                ((int16_t *)image->voxels)[at] = (int16_t)v;
                ((uint8_t *)mask->voxels)[at] = in;
                sum += (int64_t)v;
                inside += in ? (int64_t)v : 0;
                voxels += in;
            }
    assert_int_equal(sum, 8389916866);
    assert_int_equal(inside, 993779648);
    assert_int_equal(voxels, 1987776);
    lb_result *result = extract_volumes(image, mask, 0);
    assert_int_equal(compare(&t, "synthetic_256_sphere78", 0, result, 1e-9), class_features());
    lb_result_free(result);
    lb_arena_free(t.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(three_cases), cmocka_unit_test(lumbar_muscle),
                                       cmocka_unit_test(flat_region), cmocka_unit_test(single_slices),
                                       cmocka_unit_test(large_sphere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
