/* `muscle measure` on the real lumbar Dixon case TUM01 against its reference tables. */
#include "call_files.h"

static const pair none[] = {{NULL, NULL}};

static int measure(const pair *set, lb_arena *arena, lb_result **out, lb_error *err)
{
    if (!shared_data("lumbar_mri/README.md")) skip();
    pair file[] = {
        {"mask", lb_arena_text(arena, shared_data("lumbar_mri/TUM01_fat_manual_label_segmentation_L2-L5.nii.gz"))},
        {"fat", lb_arena_text(arena, shared_data("lumbar_mri/TUM01_fat_img_img_L2-L5.nii.gz"))},
        {"water", lb_arena_text(arena, shared_data("lumbar_mri/TUM01_water_img_img_L2-L5.nii.gz"))},
        {NULL, NULL}};
    return call_files("muscle", "measure", file, set, arena, out, err);
}

static const lb_value *row_of(const lb_result *result, double label, double slice)
{
    const lb_value *rows = lb_get(result->results, "rows");
    for (size_t i = 0; i < rows->count; i++) {
        double k = lb_get_number(rows->item[i], "slice", -1);
        if (lb_get_number(rows->item[i], "label", 0) == label && k == slice) return rows->item[i];
    }
    fail_msg("no row for label %g, slice %g", label, slice);
    return NULL;
}

static lb_table *read_table(const char *name, lb_arena *arena)
{
    lb_bytes bytes;
    lb_table *table;
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    assert_int_equal(lb_file_read(shared_data(name), 1 << 24, arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_csv_read(&bytes, &options, arena, &table, &err), LB_OK);
    return table;
}

static void equals_tables(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_result *result;
    pair set[] = {
        {"adopt-geometry", "mask"}, {"method", "dixon_mean,dixon_ratio,otsu,gmm2,gmm3,kmeans2,kmeans3"}, {NULL, NULL}};
    if (measure(set, arena, &result, &err) != LB_OK) fail_msg("%s", err.message);
    static const char *const slice_keys[][2] = {{"csa_mm2", "csa_mm2"},
                                                {"ff_mean_of_voxels", "fat_fraction_dixon_mean"},
                                                {"ff_ratio_of_sums", "fat_fraction_dixon_ratio"},
                                                {"functional_csa_mm2", "functional_csa_mm2"},
                                                {"voxels", "voxels"}};
    lb_table *slices = read_table("lumbar_mri/reference_csa_per_slice_TUM01.csv", arena);
    assert_int_equal(slices->rows, 116);
    for (size_t r = 0; r < slices->rows; r++) {
        const lb_value *row =
            row_of(result, lb_table_find(slices, "label")->number[r], lb_table_find(slices, "slice_k")->number[r]);
        for (size_t k = 0; k < LB_COUNT(slice_keys); k++)
            assert_close(lb_get_number(row, slice_keys[k][1], NAN), lb_table_find(slices, slice_keys[k][0])->number[r],
                         1e-9);
    }
    static const struct {
        const char *metric, *key;
        double tolerance;
    } keys[] = {{"voxels", "voxels", 0},
                {"volume_ml", "volume_ml", 1e-9},
                {"max_csa_mm2", "csa_max_mm2", 1e-9},
                {"mean_csa_mm2", "csa_mm2", 1e-9},
                {"ff_mean_of_voxels", "fat_fraction_dixon_mean", 1e-9},
                {"ff_ratio_of_sums", "fat_fraction_dixon_ratio", 1e-9},
                {"fat_img_otsu_fat_fraction_by_count", "fat_fraction_otsu", 1e-9},
                {"fat_img_otsu_fat_fraction_by_count", "fat_fraction_kmeans2", 1e-9},
                {"fat_img_kmeans3_fraction_2", "fat_fraction_kmeans3", 1e-9},
                {"fat_img_gmm2_hard_fraction_1", "fat_fraction_gmm2", 1e-9},
                {"fat_img_gmm3_hard_fraction_2", "fat_fraction_gmm3", 1e-9}};
    lb_table *summary = read_table("lumbar_mri/reference_muscle_summary_TUM01.csv", arena);
    size_t compared = 0;
    for (size_t r = 0; r < summary->rows; r++)
        for (size_t k = 0; k < LB_COUNT(keys); k++) {
            char text[32];
            if (strcmp(lb_column_text(lb_table_find(summary, "metric"), r, text), keys[k].metric) != 0) continue;
            const lb_value *row = row_of(result, lb_table_find(summary, "label")->number[r], -1);
            assert_close(lb_get_number(row, keys[k].key, NAN), lb_table_find(summary, "value")->number[r],
                         keys[k].tolerance);
            compared++;
        }
    assert_int_equal(compared, 4 * LB_COUNT(keys));
    assert_string_equal(lb_get_text(row_of(result, 3, -1), "side", ""), "left");
    assert_string_equal(lb_get_text(row_of(result, 3, -1), "muscle", ""), "multifidus");
    lb_result_free(result);
    lb_arena_free(arena);
}

static void refuses_other_place(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_result *result;
    assert_int_equal(measure(none, arena, &result, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "317.6 mm"));
    assert_non_null(strstr(err.hint, "--adopt-geometry"));
    lb_arena_free(arena);
}

/* A segmentation cropped to its muscles is put by its place: the same numbers as the whole label map. */
static void places_cropped_segmentation(void **state)
{
    (void)state;
    if (!shared_data("dicom/README.md")) skip();
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_result *result;
    pair set[] = {{"method", "otsu"}, {NULL, NULL}};
    pair file[] = {{"mask", lb_arena_text(arena, shared_data("dicom/tum01_lumbar_dixon.seg.nrrd"))},
                   {"image", lb_arena_text(arena, shared_data("dicom/tum01_lumbar_dixon_label.nrrd"))},
                   {NULL, NULL}};
    /* The label map as "image": every voxel of segment 3 must be 3 there. */
    if (call_files("muscle", "measure", file, set, arena, &result, &err) != LB_OK) fail_msg("%s", err.message);
    assert_close(lb_get_number(row_of(result, 1, -1), "voxels", 0), 48953, 0);
    assert_string_equal(lb_get_text(row_of(result, 4, -1), "muscle", ""), "erector spinae");
    assert_true(result->warnings->count > 0); /* one grey value only: Otsu has nothing to cut */
    lb_result_free(result);
    pair as_radiomics[] = {{"mask", file[0].value}, {"image", file[1].value}, {NULL, NULL}};
    pair label[] = {{"label", "3"}, {NULL, NULL}};
    if (call_files("radiomics", "extract", as_radiomics, label, arena, &result, &err) != LB_OK)
        fail_msg("%s", err.message);
    assert_close(lb_get_number(lb_get(result->results, "features"), "original_firstorder_Minimum", 0), 3, 0);
    assert_close(lb_get_number(lb_get(result->results, "features"), "original_firstorder_Maximum", 0), 3, 0);
    assert_true(lb_get(lb_get(result->results, "features"), "original_firstorder_Skewness")->type == LB_NULL);
    lb_result_free(result);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_tables), cmocka_unit_test(refuses_other_place),
                                       cmocka_unit_test(places_cropped_segmentation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
