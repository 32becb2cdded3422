/* Published models: what the library says from a file is what the operation says, bit for bit; damage of any kind is refused. */
#include "predict_tables.h"
#include "predict/published.h"

static lb_value *document_of(const char *name, lb_arena *arena, lb_bytes *bytes)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *root;
    assert_int_equal(lb_file_read(repository_file(name), 0, arena, bytes, &err), 0);
    assert_int_equal(lb_json_read(bytes, arena, &root, &err), 0);
    return root;
}

static void library_and_operation(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes, csv;
    lb_published model;
    lb_published_rows rows;
    lb_table *table;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_value *root = document_of("reference/predict/small.model.json", arena, &bytes);
    if (lb_published_open(root, arena, &model, &err)) fail_msg("%s", err.message);
    assert_int_equal(lb_file_read(repository_file("reference/predict/train.csv"), 0, arena, &csv, &err), 0);
    assert_int_equal(lb_csv_read(&csv, &options, arena, &table, &err), 0);
    assert_int_equal(lb_published_read(&model, table, arena, &rows, &err), 0);
    op_run run = MUST_RUN("predict", "score", "model", lb_arena_text(arena, repository_file("reference/predict/small.model.json")), "data",
                          lb_arena_text(arena, repository_file("reference/predict/train.csv")));
    const lb_value *scores = lb_get(run.result->results, "scores");
    assert_int_equal(scores->count, table->rows);
    for (size_t i = 0; i < scores->count; i++) {
        double lower, upper;
        const double *input = rows.input + i * model.inputs;
        lb_score_interval(model.model, input, 0.95, &lower, &upper, model.scratch, model.sorted);
        assert_true(number_at(scores->item[i], "score") == lb_score_program_risk(model.model, 0, input, model.scratch));
        assert_true(number_at(scores->item[i], "lower") == lower && number_at(scores->item[i], "upper") == upper);
        double *value = lb_arena_array(arena, model.inputs, sizeof *value), sum = lb_score_contributions(model.model, input, model.paths, value, model.scratch, model.players);
        for (size_t j = 0; j < model.inputs; j++) sum += value[j];
        assert_true(fabs(sum - lb_score_program_margin(model.model, 0, input, model.scratch)) < 1e-12);
    }
    free_run(&run);
    lb_arena_free(arena);
}

/* One changed number, anywhere, is noticed; a changed order of keys or another layout is not a change. */
static void any_edit_is_noticed(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    lb_published model;
    size_t tried = 0;
    document_of("reference/predict/small.model.json", arena, &bytes);
    for (size_t at = 0; at < bytes.length; at += 61) {
        if (bytes.data[at] < '1' || bytes.data[at] > '8') continue;
        char *copy = lb_arena_textn(arena, (const char *)bytes.data, bytes.length);
        copy[at]++;
        lb_error err = LB_ERROR_INIT;
        lb_value *root;
        lb_bytes edited = {(const uint8_t *)copy, bytes.length, "edited"};
        if (lb_json_read(&edited, arena, &root, &err)) continue;
        char hex[65];
        lb_canonical_hash(root, hex);
        if (strcmp(hex, lb_get_text(root, "sha256", "")) == 0) continue; /* a seventeenth digit that is the same double */
        assert_true(lb_published_open(root, arena, &model, &err) != 0);
        tried++;
    }
    assert_true(tried > 20);
    lb_error err = LB_ERROR_INIT;
    lb_value *root = document_of("reference/predict/small.model.json", arena, &bytes), *turned = lb_value_object(arena), *again;
    for (size_t i = root->count; i-- > 0;) lb_set(turned, root->key[i], root->item[i]);
    lb_buf text = {0};
    lb_json_write(turned, 4, &text);
    lb_bytes other = {(const uint8_t *)text.data, text.length, "turned"};
    assert_int_equal(lb_json_read(&other, arena, &again, &err), 0);
    assert_int_equal(lb_published_open(again, arena, &model, &err), 0);
    lb_buf_free(&text);
    lb_arena_free(arena);
}

/* Packed arrays cut short or changed are refused or loaded, never read beyond. */
static void damaged_arrays(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    lb_published model;
    assert_int_equal(lb_published_open(document_of("reference/predict/small.model.json", arena, &bytes), arena, &model, &err), 0);
    for (size_t count = 0; count < model.packed_count; count++) assert_int_equal(lb_score_size(model.packed, count), 0);
    double *copy = lb_alloc(model.packed_count, sizeof *copy);
    static const double odd[] = {-2, 1e9, 0.5, INFINITY, NAN};
    for (size_t at = 0; at < model.packed_count; at++)
        for (size_t k = 0; k < LB_COUNT(odd); k++) {
            memcpy(copy, model.packed, model.packed_count * sizeof *copy);
            copy[at] = odd[k];
            size_t size = lb_score_size(copy, model.packed_count);
            if (!size) continue;
            void *memory = lb_alloc(size, 1);
            assert_non_null(lb_score_load(copy, model.packed_count, memory));
            free(memory);
        }
    free(copy);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(library_and_operation), cmocka_unit_test(any_edit_is_noticed), cmocka_unit_test(damaged_arrays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
