/* The value tree, JSON and YAML: what they read, write and refuse. */
#include "lumbar_test.h"

static lb_arena *arena;
static lb_error err;

static int setup(void **state)
{
    (void)state;
    arena = lb_arena_new();
    err = (lb_error)LB_ERROR_INIT;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lb_arena_free(arena);
    return 0;
}

static lb_value *yaml(const char *text)
{
    lb_bytes bytes = {(const uint8_t *)text, strlen(text), "s.yaml"};
    lb_value *value = NULL;
    return lb_yaml_read(&bytes, arena, &value, &err) == LB_OK ? value : NULL;
}

static void json_round_trip(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,2.5,null,true,\"x\\n\\u0001\\\"\"],\"b\":{\"c\":0.1,\"d\":1e-300}}";
    lb_bytes bytes = {(const uint8_t *)text, strlen(text), "j"};
    lb_value *value;
    assert_int_equal(lb_json_read(&bytes, arena, &value, &err), LB_OK);
    lb_buf out = {0};
    lb_json_write(value, 0, &out);
    assert_string_equal(out.data, text);
    lb_buf_free(&out);
    assert_true(lb_number_of(lb_path(value, "a[1]")) == 2.5);
    assert_true(lb_number_of(lb_path(value, "b.c")) == 0.1);
    assert_null(lb_path(value, "a[9]"));
    assert_null(lb_path(value, "b.x.y"));
}

static void nan_becomes_null(void **state)
{
    (void)state;
    lb_value *object = lb_value_object(arena);
    lb_set_number(object, "x", NAN);
    lb_set_number(object, "y", INFINITY);
    lb_set_int(object, "x", 3); /* replaced, not added */
    lb_buf out = {0};
    lb_json_write(object, 0, &out);
    assert_string_equal(out.data, "{\"x\":3,\"y\":null}");
    lb_buf_free(&out);
}

static void json_errors_say_where(void **state)
{
    (void)state;
    const char *text = "{\n  \"a\": 1,\n}";
    lb_bytes bytes = {(const uint8_t *)text, strlen(text), "j.json"};
    lb_value *value;
    assert_int_equal(lb_json_read(&bytes, arena, &value, &err), LB_BAD_DATA);
    assert_true(lb_text_starts(err.where, "j.json:3:"));
    char deep[500];
    memset(deep, '[', sizeof deep);
    bytes = (lb_bytes){(const uint8_t *)deep, sizeof deep, "deep"};
    assert_int_equal(lb_json_read(&bytes, arena, &value, &err), LB_BAD_DATA);
}

static void yaml_scalars_and_places(void **state)
{
    (void)state;
    lb_value *v = yaml("a: 1\nb:\n  - true\n  - ~\n  - 'true'\n  - 2.5\n  - plain text\nc: \"12\"\n");
    assert_non_null(v);
    assert_int_equal(lb_get_int(v, "a", 0), 1);
    assert_int_equal(lb_path(v, "b[0]")->type, LB_BOOL);
    assert_int_equal(lb_path(v, "b[1]")->type, LB_NULL);
    assert_int_equal(lb_path(v, "b[2]")->type, LB_STRING);
    assert_true(lb_number_of(lb_path(v, "b[3]")) == 2.5);
    assert_string_equal(lb_get_text(v, "c", ""), "12");
    assert_int_equal(lb_path(v, "b[3]")->line, 6);
    assert_int_equal(lb_path(v, "b[3]")->column, 5);
}

static void yaml_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *message;
    } wrong[] = {
        {"a: 1\nb: 2\na: 3\n", "s.yaml:3:1", "stands twice"},
        {"a: &x 1\nb: *x\n", "s.yaml:2:4", "aliases"},
        {"a:\n\t- 1\n", "s.yaml:2:1", "not valid YAML"},
        {"a: [1, 2\n", "s.yaml:2:1", "not valid YAML"},
        {"a: 1\n---\nb: 2\n", "s.yaml:3:1", "more than one document"},
        {"? [a]\n: 1\n", "s.yaml:1:3", "key"},
        {"", "s.yaml", "empty"},
    };
    for (size_t i = 0; i < LB_COUNT(wrong); i++) {
        assert_null(yaml(wrong[i].text));
        assert_string_equal(err.where, wrong[i].where);
        if (!strstr(err.message, wrong[i].message)) fail_msg("'%s' does not say '%s'", err.message, wrong[i].message);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(json_round_trip), CASE(nan_becomes_null), CASE(json_errors_say_where), CASE(yaml_scalars_and_places), CASE(yaml_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
