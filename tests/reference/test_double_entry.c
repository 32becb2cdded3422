/* The comparison of two keyings against the expectations of ../shared/data/edc/dde (EpiData's definitions): every pair of
 * records is taken as the first and the second keying of one form. */
#include "lumbar_test.h"
#include "trial/conduct/entry.h"

#include <unistd.h>

enum { FIELDS = 40 };

static lb_item_type type_of(const char *word)
{
    return strcmp(word, "integer") == 0 ? LB_ITEM_INTEGER : strcmp(word, "float") == 0 ? LB_ITEM_NUMBER : strcmp(word, "date") == 0 ? LB_ITEM_DATE : LB_ITEM_TEXT;
}

static lb_value *read_json(lb_arena *arena, const char *name)
{
    char path[512];
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    lb_value *value = NULL;
    snprintf(path, sizeof path, "%s/data/edc/dde/%s_expected.json", LUMBAR_TEST_SHARED, name);
    assert_int_equal(lb_file_read(path, 0, arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_json_read(&bytes, arena, &value, &err), LB_OK);
    return value;
}

static lb_table *read_table(lb_arena *arena, const char *name, const char *which)
{
    char path[512];
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    lb_table *table = NULL;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.text_columns = "subjid,visit,visit_date,odi1,odi2,odi3,odi4,odi5,odi6,odi7,odi8,odi9,odi10,vas_mm,joa_total,bs_seconds,nass,ae_term,initials";
    options.missing = "";
    snprintf(path, sizeof path, "%s/data/edc/dde/%s_%s.csv", LUMBAR_TEST_SHARED, name, which);
    assert_int_equal(lb_file_read(path, 0, arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_csv_read(&bytes, &options, arena, &table, &err), LB_OK);
    return table;
}

static lb_value *row_values(lb_arena *arena, const lb_table *table, size_t row, const lb_study_item *item, size_t count)
{
    lb_value *values = lb_value_object(arena);
    for (size_t i = 0; i < count; i++) {
        char buffer[32];
        double number;
        const lb_column *column = lb_table_find(table, item[i].id);
        const char *text = lb_column_missing(column, row) ? "" : lb_column_text(column, row, buffer);
        if (!*text) continue;
        bool numeric = item[i].type == LB_ITEM_INTEGER || item[i].type == LB_ITEM_NUMBER;
        if (numeric && lb_text_number(text, strlen(text), &number)) lb_set_number(values, item[i].id, number);
        else lb_set_text(values, item[i].id, lb_arena_text(arena, text));
    }
    return values;
}

static bool same_key(const lb_table *a, size_t i, const lb_table *b, size_t k)
{
    char one[32], two[32];
    const char *const keys[] = {"subjid", "visit"};
    for (size_t n = 0; n < LB_COUNT(keys); n++)
        if (strcmp(lb_column_text(lb_table_find(a, keys[n]), i, one), lb_column_text(lb_table_find(b, keys[n]), k, two)) != 0) return false;
    return true;
}

static void compare_pair(const char *name)
{
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    const lb_value *expected = read_json(arena, name), *types = lb_get(expected, "field_types"), *wanted = lb_get(expected, "default");
    lb_study_item item[FIELDS] = {{0}};
    size_t count = 0, records = 0, fields = 0, common = 0;
    for (size_t i = 0; types && i < types->count; i++) {
        if (strcmp(types->key[i], "subjid") == 0 || strcmp(types->key[i], "visit") == 0) continue;
        item[count++] = (lb_study_item){.id = types->key[i], .type = type_of(types->item[i]->text), .label = {.en = types->key[i]}};
    }
    lb_study_form form = {.id = "dde", .double_entry = true, .item = item, .item_count = count};
    lb_table *main_table = read_table(arena, name, "main"), *dup = read_table(arena, name, "dup");
    for (size_t i = 0; i < main_table->rows; i++) {
        for (size_t k = 0; k < dup->rows; k++) {
            if (!same_key(main_table, i, dup, k)) continue;
            lb_value *body = lb_value_object(arena), *list = lb_value_array(arena);
            lb_set(body, "values", row_values(arena, dup, k, item, count));
            lb_record second = {.kind = "keyed", .key = "x", .state = "differences", .body = body};
            lb_entry entry = {.form = &form, .second = &second, .values = row_values(arena, main_table, i, item, count)};
            assert_int_equal(lb_entry_differences(&entry, list, &err), LB_OK);
            records += list->count > 0;
            fields += list->count;
            common++;
        }
    }
    assert_int_equal(common, lb_get_int(wanted, "common_records", -1));
    assert_int_equal(records, lb_get_int(wanted, "records_with_errors", -1));
    assert_int_equal(fields, lb_get_int(wanted, "field_entries_with_errors", -1));
    lb_arena_free(arena);
}

static void test_pairs(void **state)
{
    (void)state;
    compare_pair("pair1");
    compare_pair("pair2_identical_reordered");
}

int main(void)
{
    if (access(LUMBAR_TEST_SHARED "/data/edc/dde", R_OK) != 0) {
        puts("skipped: 2 pairs of ../shared/data/edc/dde are not here");
        return 77;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
