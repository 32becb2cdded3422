/* The prediction plan on a whole study over HTTP: a simulated METNLBP with readings of its scans in a store. While the arms are masked it
 * can be rehearsed, and it is said that the arm is empty; after unblinding it reads the snapshot's long tables, and gives the model that the
 * operation gives on the tables as they are downloaded. */
#include "api/whole_study.h"
#include "fill_scans.h"

enum { PEOPLE = 80 };

static const char *const table_names[] = {"participants", "radiomics", "muscle"};

static int start(void **state)
{
    (void)state;
    return whole_study(PEOPLE, fill_scans);
}

static const char *freeze(const study_user *manager, const study_user *statistician, const char *label)
{
    lb_value *out;
    study_expect(&f, manager, "POST", "/api/snapshots", lb_arena_printf(f.arena, "{\"label\":\"%s\"}", label), 200, NULL);
    study_expect(&f, statistician, "GET", "/api/snapshots", NULL, 200, &out);
    const lb_value *list = lb_get(out, "snapshots");
    for (size_t i = 0; i < list->count; i++)
        if (lb_text_equal(lb_get_text(list->item[i], "label", NULL), label)) return lb_get_text(list->item[i], "id", "");
    fail_msg("no snapshot %s", label);
    return NULL;
}

/* The plan as it is shipped with few replicates. */
static const char *small_plan(void)
{
    static const char *const change[][2] = {{"folds: 5, bootstrap: 100, permutations: 20}", "folds: 2, bootstrap: 1, permutations: 1}"}, {"refits: 100", "refits: 1"}, {"trees: 100", "trees: 5"}};
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    if (lb_file_read(LUMBAR_TEST_SOURCE "/studies/metnlbp.model.yaml", 0, f.arena, &bytes, &err)) fail_msg("%s", err.message);
    const char *text = lb_arena_textn(f.arena, (const char *)bytes.data, bytes.length);
    for (size_t i = 0; i < LB_COUNT(change); i++) {
        const char *at = strstr(text, change[i][0]);
        assert_non_null(at);
        text = lb_arena_printf(f.arena, "%.*s%s%s", (int)(at - text), text, change[i][1], at + strlen(change[i][0]));
    }
    return text;
}

static const char *training(const char *snapshot, const char *plan)
{
    lb_value *body = lb_value_object(f.arena), *data, *document, *list;
    lb_set_object(body, "parameters");
    data = lb_set_object(body, "data");
    document = lb_set_object(data, "plan");
    lb_set_text(document, "name", "metnlbp.model.yaml");
    lb_set_text(document, "text", plan);
    list = lb_set_array(data, "data");
    for (size_t i = 0; i < LB_COUNT(table_names); i++) {
        lb_value *table = lb_push_object(list);
        lb_set_text(table, "snapshot", snapshot);
        lb_set_text(table, "table", table_names[i]);
    }
    lb_buf json = {0};
    lb_json_write(body, 0, &json);
    const char *text = lb_arena_textn(f.arena, json.data, json.length);
    lb_buf_free(&json);
    return text;
}

static lb_result *by_command(const study_user *statistician, const char *snapshot, const char *plan)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_call *call = lb_call_new(f.registry, lb_registry_find(f.registry, "predict", "train"));
    const lb_bytes text = {(const uint8_t *)plan, strlen(plan), "metnlbp.model.yaml"};
    int code = lb_call_bind(call, "plan", &text, &err);
    for (size_t i = 0; i < LB_COUNT(table_names) && !code; i++) {
        reply r;
        const char *head = lb_arena_printf(f.arena, "GET /api/snapshots/%s/%s.csv HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=%s\r\n", snapshot, table_names[i], f.port, statistician->cookie);
        client_ask(f.port, head, NULL, 0, &r);
        assert_int_equal(r.status, 200);
        const lb_bytes csv = {(const uint8_t *)lb_arena_textn(f.arena, r.body, r.length), r.length, table_names[i]};
        reply_free(&r);
        code = lb_call_bind(call, "data", &csv, &err);
    }
    if (!code) code = lb_call_run(call, &result, &err);
    if (code) fail_msg("%s: %s (%s)", err.where, err.message, err.hint);
    lb_call_free(call);
    return result;
}

static void test_model_of_a_snapshot(void **state)
{
    (void)state;
    lb_value *out;
    study_user manager = study_as(&f, "data_manager"), statistician = study_as(&f, "statistician"), open = study_as(&f, "unmasked_statistician"), coordinator = study_as(&f, "coordinator");
    const char *plan = small_plan(), *masked = freeze(&manager, &statistician, "masked");
    study_expect(&f, &coordinator, "POST", "/api/op/predict.train", training(masked, plan), 403, NULL);
    study_expect(&f, &statistician, "POST", "/api/op/predict.train", training(masked, plan), 200, &out); /* a rehearsal */
    const char *warned = "";
    for (size_t i = 0; i < lb_get(out, "warnings")->count; i++) warned = lb_arena_printf(f.arena, "%s|%s", warned, lb_get(out, "warnings")->item[i]->text);
    if (!strstr(warned, "the input arm is empty for everybody")) fail_msg("masked: %s", warned);
    study_expect(&f, &manager, "POST", "/api/study/lock", "{\"password\":\"" STUDY_PASSWORD "\",\"reason\":\"end of the test\"}", 200, NULL);
    study_expect(&f, &open, "POST", "/api/study/unblind", "{\"password\":\"" STUDY_PASSWORD "\"}", 200, NULL);
    const char *final = freeze(&manager, &statistician, "final");
    study_expect(&f, &statistician, "POST", "/api/op/predict.train", training(final, plan), 200, &out);
    lb_result *command = by_command(&statistician, final, plan);
    const lb_value *got = lb_path(out, "results.outcomes"), *wanted = lb_get(command->results, "outcomes");
    assert_int_equal(got->count, 2);
    assert_int_equal(wanted->count, 2);
    for (size_t i = 0; i < got->count; i++) {
        assert_int_equal(lb_get_int(lb_get(got->item[i], "ledger"), "leaks", -1), 0);
        assert_true(lb_get_int(lb_get(got->item[i], "columns"), "offered", 0) > 50); /* the scans' features are there */
        assert_string_equal(lb_get_text(got->item[i], "model_sha256", ""), lb_get_text(wanted->item[i], "model_sha256", "none"));
    }
    lb_result_free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model_of_a_snapshot)};
    return cmocka_run_group_tests(tests, start, stop);
}
