/* Instrument scores against ../shared/data/instruments/examples.json: every expected key of every example. */
#include "lumbar_test.h"

static lb_arena *arena;
static lb_registry *registry;
static lb_value *examples;

static int setup(void **state)
{
    (void)state;
    arena = lb_arena_new();
    registry = lb_registry_all();
    const char *path = shared_data("instruments/examples.json");
    lb_bytes bytes;
    lb_error err;
    if (path && (lb_file_read(path, 0, arena, &bytes, &err) || lb_json_read(&bytes, arena, &examples, &err))) return -1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}

/* Scores one CSV; the result's rows. */
static lb_value *score(const char *name, const char *csv, const char *option, const char *value)
{
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "instrument", "score"));
    lb_bytes bytes = {(const uint8_t *)csv, strlen(csv), "t.csv"};
    int code = lb_call_set(call, "name", name, &err);
    if (code == 0 && option) code = lb_call_set(call, option, value, &err);
    if (code == 0 && value && strcmp(value, "23") == 0) code = lb_call_set(call, "prorate", "true", &err);
    if (code == 0) code = lb_call_bind(call, "data", &bytes, &err);
    lb_result *result = NULL;
    if (code == 0) code = lb_call_run(call, &result, &err);
    lb_call_free(call);
    if (code) fail_msg("%s: %s %s", name, err.where, err.message);
    lb_bytes copy;
    lb_buf json = {0};
    lb_json_write(lb_get(result->results, "rows"), 0, &json);
    copy = (lb_bytes){(const uint8_t *)lb_arena_text(arena, json.data), json.length, "rows"};
    lb_value *rows;
    assert_int_equal(lb_json_read(&copy, arena, &rows, &err), 0);
    lb_buf_free(&json);
    lb_result_free(result);
    return rows;
}

static void same(const char *where, const lb_value *got, const lb_value *expected)
{
    lb_buf a = {0}, b = {0};
    if (lb_is_number(got) && lb_is_number(expected)) {
        if (fabs(lb_number_of(got) - lb_number_of(expected)) > 1e-9) fail_msg("%s: %g, expected %g", where, lb_number_of(got), lb_number_of(expected));
        return;
    }
    lb_json_write(got, 0, &a);
    lb_json_write(expected, 0, &b);
    if (strcmp(a.data, b.data) != 0) fail_msg("%s: %s, expected %s", where, a.data, b.data);
    lb_buf_free(&a);
    lb_buf_free(&b);
}

/* Every key of `expected` that the row must have; score_exact is given as numerator and denominator. */
static void compare(const char *name, size_t index, const lb_value *row, const lb_value *expected)
{
    for (size_t k = 0; k < expected->count; k++) {
        const char *key = expected->key[k];
        char where[100];
        snprintf(where, sizeof where, "%s[%zu].%s", name, index, key);
        if (strcmp(key, "metnlbp_eligible") == 0) continue; /* the protocol's business */
        if (strcmp(key, "error") == 0) {
            assert_non_null(lb_get_text(row, "reason", NULL));
            assert_int_equal(lb_get(row, "score")->type, LB_NULL);
        } else if (strcmp(key, "score_exact") == 0) {
            assert_close(lb_get_number(row, key, NAN), lb_number_of(expected->item[k]->item[0]) / lb_number_of(expected->item[k]->item[1]), 1e-15);
        } else {
            same(where, lb_get(row, key), expected->item[k]);
        }
        if (expected->item[k]->type == LB_NULL) assert_non_null(lb_get_text(row, "reason", NULL));
    }
}

/* A table with the named columns from an example's items (array or object) or keys. */
static void run_examples(const char *key, const char *name, const char *option, const char *value)
{
    if (examples == NULL) skip();
    const lb_value *list = lb_get(examples, key);
    assert_non_null(list);
    assert_true(list->count > 0);
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *example = list->item[i], *source = lb_get(example, "items") ? lb_get(example, "items") : example;
        lb_buf head = {0}, row = {0}, csv = {0};
        for (size_t k = 0; k < source->count; k++) {
            const lb_value *item = source->item[k];
            if (item->type == LB_OBJECT) continue;
            if (source->type == LB_ARRAY) lb_buf_printf(&head, "%sitem%zu", k ? "," : "", k + 1);
            else lb_buf_printf(&head, "%s%s", head.length ? "," : "", source->key[k]);
            if (k) lb_buf_putc(&row, ',');
            if (item->type == LB_STRING) lb_buf_puts(&row, item->text);
            else if (item->type != LB_NULL) lb_json_write(item, 0, &row);
            else lb_buf_puts(&row, "NA");
        }
        lb_buf_printf(&csv, "%s\n%s\n", head.data, row.data);
        lb_value *rows = score(name, csv.data, option, value);
        assert_int_equal(rows->count, 1);
        const lb_value *expected = lb_get(example, "expected");
        if (lb_text_starts(key, "eq5d")) assert_close(lb_get_number(rows->item[0], "score", NAN), lb_get_number(expected, value, NAN), 1e-12);
        else compare(key, i, rows->item[0], expected);
        lb_buf_free(&head);
        lb_buf_free(&row);
        lb_buf_free(&csv);
    }
}

#define EXAMPLES(test, key, name, option, value)       \
    static void test(void **state)                     \
    {                                                  \
        (void)state;                                   \
        run_examples(key, name, option, value);        \
    }
EXAMPLES(odi, "odi", "odi", NULL, NULL)
EXAMPLES(rmdq24, "rmdq24", "rmdq", "variant", "24")
EXAMPLES(rmdq24_prorated, "rmdq24_prorated", "rmdq", "prorate", "true")
EXAMPLES(rmdq23_prorated, "rmdq23_prorated", "rmdq", "variant", "23")
EXAMPLES(joa, "joa", "joa29", NULL, NULL)
EXAMPLES(recovery_rate, "recovery_rate", "recovery_rate", NULL, NULL)
EXAMPLES(eq5d3l_dk, "eq5d3l", "eq5d3l", "value-set", "DK_TTO_2009")
EXAMPLES(eq5d3l_uk, "eq5d3l", "eq5d3l", "value-set", "UK_MVH_A1_1997")
EXAMPLES(eq5d3l_cn, "eq5d3l", "eq5d3l", "value-set", "CN_TTO_Liu_2014")
EXAMPLES(eq5d5l_cn, "eq5d5l", "eq5d5l", "value-set", "CN_Luo_2017")
EXAMPLES(eq5d5l_dk, "eq5d5l", "eq5d5l", "value-set", "DK_Jensen_2021")
EXAMPLES(nass, "nass", "nass", NULL, NULL)
EXAMPLES(change, "change", "change", NULL, NULL)
EXAMPLES(recurrence, "recurrence", "recurrence", NULL, NULL)

static void adherence(void **state)
{
    (void)state;
    if (examples == NULL) skip();
    const lb_value *list = lb_get(examples, "adherence");
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *example = list->item[i], *minutes = lb_get(example, "minutes"), *held = lb_get(example, "held_days");
        lb_buf csv = {0};
        lb_buf_puts(&csv, "week,day,aerobic,strength,balance,stretching,held,supervised\n");
        for (size_t k = 0; k < minutes->count; k++) {
            const lb_value *m = minutes->item[k];
            lb_buf_printf(&csv, "%c,%c,%g,%g,%g,%g,0,\n", minutes->key[k][0], minutes->key[k][2], lb_number_of(m->item[0]), lb_number_of(m->item[1]),
                          lb_number_of(m->item[2]), lb_number_of(m->item[3]));
        }
        for (size_t k = 0; k < held->count; k++) {
            lb_buf day = {0};
            lb_json_write(held->item[k], 0, &day); /* "w-d" or [w,d] */
            char week = day.data[1], number = day.data[3];
            lb_buf_printf(&csv, "%c,%c,,,,,1,\n", week, number);
            lb_buf_free(&day);
        }
        const lb_value *supervised = lb_get(example, "supervision_done");
        for (size_t w = 0; w < supervised->count; w++) lb_buf_printf(&csv, "%zu,,,,,,,%d\n", w + 1, supervised->item[w]->boolean);
        lb_value *rows = score("adherence", csv.data, NULL, NULL);
        compare("adherence", i, rows->item[0], lb_get(example, "expected"));
        lb_buf_free(&csv);
    }
}

/* Without the shared data, too: out of range is a reason, never a number; halves go up. */
static void edges(void **state)
{
    (void)state;
    lb_value *rows = score("vas", "id,value\nA,0\nB,100\nC,101\nD,\nE,12.5\nF,x\n", NULL, NULL);
    assert_true(lb_get_number(rows->item[1], "cm", NAN) == 10);
    for (size_t i = 2; i < 6; i++) {
        assert_int_equal(lb_get(rows->item[i], "score")->type, LB_NULL);
        assert_non_null(lb_get_text(rows->item[i], "reason", NULL));
    }
    rows = score("sorensen", "value\n240\n239.9\n241\n", NULL, NULL);
    assert_true(lb_get_bool(rows->item[0], "censored", false));
    assert_false(lb_get_bool(rows->item[1], "censored", true));
    assert_int_equal(lb_get(rows->item[2], "score")->type, LB_NULL);
    rows = score("eq5d3l", "state\n1111\n41111\n11111\n", "value-set", "UK_MVH_A1_1997");
    assert_int_equal(lb_get(rows->item[0], "score")->type, LB_NULL);
    assert_int_equal(lb_get(rows->item[1], "score")->type, LB_NULL);
    assert_true(lb_get_number(rows->item[2], "score", NAN) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odi),       cmocka_unit_test(rmdq24),    cmocka_unit_test(rmdq24_prorated), cmocka_unit_test(rmdq23_prorated),
        cmocka_unit_test(joa),       cmocka_unit_test(recovery_rate), cmocka_unit_test(eq5d3l_dk),   cmocka_unit_test(eq5d3l_uk),
        cmocka_unit_test(eq5d3l_cn), cmocka_unit_test(eq5d5l_cn), cmocka_unit_test(eq5d5l_dk),       cmocka_unit_test(nass),
        cmocka_unit_test(change),    cmocka_unit_test(recurrence), cmocka_unit_test(adherence),      cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
