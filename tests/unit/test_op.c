/* The registry: parameters from text, refusals with the nearest word, faces that derive from the declaration. */
#include "lumbar_test.h"

static int echo_run(lb_call *call, lb_result *result, lb_error *err)
{
    lb_table *table;
    int code = lb_call_table(call, "data", &table, err);
    if (code != LB_OK) return code;
    lb_set_number(result->results, "delta", lb_call_number(call, "delta"));
    lb_set_int(result->results, "rows", table ? (int64_t)table->rows : -1);
    lb_set_text(result->results, "method", lb_call_text(call, "method"));
    const char *const *names;
    lb_set_int(result->results, "names", (int64_t)lb_call_texts(call, "names", &names));
    if (lb_call_flag(call, "exact")) lb_result_status(result, "not_converged");
    return LB_OK;
}

static const lb_param echo_params[] = {
    {.name = "data", .type = LB_P_TABLE, .flags = LB_POSITIONAL, .summary = "table"},
    {.name = "delta", .type = LB_P_NUMBER, .flags = LB_REQUIRED, .summary = "difference", .min = -10, .max = 10},
    {.name = "method", .type = LB_P_CHOICE, .summary = "method", .choices = "t,z", .preset = "t"},
    {.name = "names", .type = LB_P_TEXTS, .summary = "names"},
    {.name = "count", .type = LB_P_INT, .summary = "count", .preset = "3"},
    {.name = "exact", .type = LB_P_FLAG, .summary = "exact"},
};
static const lb_op echo = {.area = "test", .verb = "echo", .summary = "says what it was given", .description = "For tests.",
                           .params = echo_params, .param_count = LB_COUNT(echo_params), .run = echo_run};

static lb_registry *registry;
static lb_call *call;
static lb_error err;

static int setup(void **state)
{
    (void)state;
    registry = lb_registry_new();
    lb_registry_add(registry, &echo);
    call = lb_call_new(registry, &echo);
    err = (lb_error)LB_ERROR_INIT;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lb_call_free(call);
    lb_registry_free(registry);
    return 0;
}

static void runs_and_frames_the_result(void **state)
{
    (void)state;
    lb_bytes bytes = {(const uint8_t *)"a\n1\n2\n", 6, "t.csv"};
    assert_int_equal(lb_call_set(call, "delta", "2.5", &err), LB_OK);
    assert_int_equal(lb_call_set(call, "names", "a, b,c", &err), LB_OK);
    assert_int_equal(lb_call_bind(call, "data", &bytes, &err), LB_OK);
    lb_result *result;
    assert_int_equal(lb_call_run(call, &result, &err), LB_OK);
    lb_value *document = lb_result_document(result);
    assert_string_equal(lb_get_text(document, "operation", ""), "test echo");
    assert_string_equal(lb_get_text(document, "status", ""), "ok");
    assert_true(lb_number_of(lb_path(document, "parameters.delta")) == 2.5);
    assert_int_equal(lb_get_int(lb_get(document, "parameters"), "count", 0), 3);
    assert_int_equal(lb_get_int(lb_path(document, "inputs[0]"), "rows", 0), 2);
    char hex[65];
    lb_sha256_hex(bytes.data, bytes.length, hex);
    assert_string_equal(lb_get_text(lb_path(document, "inputs[0]"), "sha256", ""), hex);
    assert_int_equal(lb_get_int(result->results, "names", 0), 3);
    assert_int_equal(lb_result_exit_status(result), 0);
    lb_result_free(result);
}

static void refuses_with_the_nearest_word(void **state)
{
    (void)state;
    assert_int_equal(lb_call_set(call, "dleta", "1", &err), LB_USAGE);
    assert_string_equal(err.hint, "did you mean --delta?");
    assert_int_equal(lb_call_set(call, "delta", "eleven", &err), LB_USAGE);
    assert_non_null(strstr(err.message, "'eleven' is not a number"));
    assert_int_equal(lb_call_set(call, "delta", "11", &err), LB_USAGE);
    assert_non_null(strstr(err.message, "outside -10 to 10"));
    assert_int_equal(lb_call_set(call, "method", "Z", &err), LB_USAGE);
    assert_string_equal(err.hint, "did you mean 'z'?");
    assert_int_equal(lb_call_set(call, "count", "2.5", &err), LB_USAGE);
    assert_int_equal(lb_call_set(call, "data", "/etc/passwd", &err), LB_USAGE); /* a path is never data */
    assert_int_equal(lb_call_set(call, "delta", "1", &err), LB_OK);
    assert_int_equal(lb_call_set(call, "delta", "2", &err), LB_USAGE); /* twice */
}

static void says_what_is_missing(void **state)
{
    (void)state;
    lb_result *result;
    assert_int_equal(lb_call_run(call, &result, &err), LB_USAGE);
    assert_non_null(strstr(err.message, "needs --delta"));
}

static void status_becomes_exit_four(void **state)
{
    (void)state;
    lb_result *result;
    assert_int_equal(lb_call_set(call, "delta", "1", &err), LB_OK);
    assert_int_equal(lb_call_set(call, "exact", "true", &err), LB_OK);
    assert_int_equal(lb_call_run(call, &result, &err), LB_OK);
    assert_int_equal(lb_result_exit_status(result), 4);
    lb_result_free(result);
}

static void every_face_names_every_parameter(void **state)
{
    (void)state;
    lb_buf usage = {0}, man = {0}, completion = {0}, json = {0};
    lb_arena *arena = lb_arena_new();
    lb_op_usage(&echo, &usage);
    lb_op_man(&echo, &man);
    lb_registry_completion(registry, &completion);
    lb_json_write(lb_registry_describe(registry, arena), 0, &json);
    for (size_t i = 0; i < echo.param_count; i++) {
        char option[64];
        snprintf(option, sizeof option, "--%s", echo.params[i].name);
        assert_non_null(strstr(usage.data, option));
        assert_non_null(strstr(completion.data, option));
        snprintf(option, sizeof option, "\\-\\-%s", echo.params[i].name);
        assert_non_null(strstr(man.data, option));
        snprintf(option, sizeof option, "\"name\":\"%s\"", echo.params[i].name);
        assert_non_null(strstr(json.data, option));
    }
    lb_buf_free(&usage);
    lb_buf_free(&man);
    lb_buf_free(&completion);
    lb_buf_free(&json);
    lb_arena_free(arena);
}

/* Every operation of the program: what a face needs is there, and defaults pass their own checks. */
static void every_operation_is_well_declared(void **state)
{
    (void)state;
    lb_registry *all = lb_registry_all();
    for (size_t i = 0; i < lb_registry_count(all); i++) {
        const lb_op *op = lb_registry_at(all, i);
        if (!op->summary || !op->description || !op->run || !op->example) fail_msg("%s %s lacks summary, description, run or example", op->area, op->verb);
        for (size_t k = 0; k < op->param_count; k++) {
            const lb_param *p = &op->params[k];
            if (!p->summary || !*p->summary) fail_msg("%s %s --%s lacks a summary", op->area, op->verb, p->name);
            if ((p->type == LB_P_CHOICE || p->type == LB_P_CHOICES) && !p->choices) fail_msg("%s %s --%s lacks choices", op->area, op->verb, p->name);
            for (size_t j = 0; j < k; j++) assert_string_not_equal(op->params[j].name, p->name);
        }
        lb_call_free(lb_call_new(all, op));
    }
    lb_registry_free(all);
}

static void text_and_html_show_the_numbers(void **state)
{
    (void)state;
    lb_result *result = lb_result_new("test table");
    lb_value *rows = lb_set_array(result->results, "rows");
    for (int i = 0; i < 3; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "name", i == 1 ? "b<b" : "a");
        lb_set_number(row, "x", i == 2 ? -100.25 : i + 0.5);
    }
    lb_result_note(result, "N = %d", 3);
    lb_buf text = {0}, html = {0}, csv = {0};
    lb_result_text(result, &text);
    assert_string_equal(text.data, "test table\n\nrows\nname        x\na        0.5\nb<b      1.5\na     -100.25\n\nN = 3\n");
    lb_result_html(result, &html);
    assert_non_null(strstr(html.data, "b&lt;b"));
    assert_non_null(strstr(html.data, "\xE2\x88\x92" "100.25"));
    lb_result_csv(result, NULL, &csv);
    assert_string_equal(csv.data, "name,x\na,0.5\nb<b,1.5\na,-100.25\n");
    lb_buf_free(&text);
    lb_buf_free(&html);
    lb_buf_free(&csv);
    lb_result_free(result);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(runs_and_frames_the_result), CASE(refuses_with_the_nearest_word), CASE(says_what_is_missing), CASE(status_becomes_exit_four),
        CASE(every_face_names_every_parameter), CASE(every_operation_is_well_declared), CASE(text_and_html_show_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
