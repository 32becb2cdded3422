/* The server with the real operations and the demo: what it lists is there, and every operation answers over HTTP. */
#include "api/client.h"
#include "server/server.h"

typedef struct fixture {
    lb_registry *registry;
    lb_server *server;
    lb_arena *arena;
    unsigned port;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    lb_error err = LB_ERROR_INIT;
    lb_server_options options = LB_SERVER_OPTIONS_INIT;
    options.listen = "127.0.0.1:0";
    options.demo = true;
    options.root = LUMBAR_TEST_SOURCE;
    f.arena = lb_arena_new();
    f.registry = lb_registry_all();
    if (lb_server_start(&options, f.registry, &f.server, &err)) fail_msg("%s", err.message);
    assert_int_equal(sscanf(lb_server_url(f.server), "http://127.0.0.1:%u/", &f.port), 1);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    lb_server_stop(f->server);
    lb_registry_free(f->registry);
    lb_arena_free(f->arena);
    return 0;
}

static lb_value *parse(const fixture *f, const reply *r)
{
    lb_value *value = NULL;
    lb_bytes bytes = {(const uint8_t *)lb_arena_textn(f->arena, r->body, r->length), r->length, "answer"};
    if (lb_json_read(&bytes, f->arena, &value, NULL)) fail_msg("not JSON: %.200s", r->body);
    return value;
}

static lb_value *get(const fixture *f, const char *path)
{
    reply r;
    client_get(f->port, path, "", &r);
    if (r.status != 200) fail_msg("GET %s: %d %.200s", path, r.status, r.body);
    lb_value *value = parse(f, &r);
    reply_free(&r);
    return value;
}

/* Status of a POST; the answer in *out. */
static int post(const fixture *f, const char *op, const char *json, lb_value **out)
{
    reply r;
    char path[128];
    snprintf(path, sizeof path, "/api/op/%s", op);
    client_post(f->port, path, "application/json", "", json, strlen(json), &r);
    *out = parse(f, &r);
    int status = r.status;
    reply_free(&r);
    return status;
}

static const lb_value *by_id(const lb_value *rows, const char *id)
{
    for (size_t i = 0; rows && i < rows->count; i++) {
        if (strcmp(lb_get_text(rows->item[i], "id", ""), id) == 0) return rows->item[i];
    }
    return NULL;
}

static void every_operation_is_listed_and_answers(void **state)
{
    const fixture *f = *state;
    const lb_value *operations = lb_get(get(f, "/api/ops"), "operations"), *paths = lb_get(get(f, "/api/openapi.json"), "paths");
    assert_int_equal(operations->count, lb_registry_count(f->registry));
    for (size_t i = 0; i < operations->count; i++) {
        static const char *const keys[] = {"area", "verb", "name", "summary", "description", "example", "params"};
        for (size_t k = 0; k < LB_COUNT(keys); k++) assert_non_null(lb_get(operations->item[i], keys[k]));
        const char *name = lb_get_text(operations->item[i], "name", "");
        assert_non_null(lb_get(paths, lb_arena_printf(f->arena, "/api/op/%s", name)));
        lb_value *answer = NULL;
        int status = post(f, name, "{}", &answer);
        const char *message = lb_get_text(lb_get(answer, "error"), "message", "");
        if (status != 200 && status != 400 && status != 422) fail_msg("%s without anything: %d %s", name, status, message);
        if (status != 200 && !message[0]) fail_msg("%s refuses without words", name);
    }
}

/* The calculators' routes are in the OpenAPI document and are what it says. */
static void calculators_are_described(void **state)
{
    const fixture *f = *state;
    const lb_value *paths = lb_get(get(f, "/api/openapi.json"), "paths");
    assert_non_null(lb_path(lb_get(paths, "/api/calculator"), "get.responses.200"));
    assert_non_null(lb_path(lb_get(paths, "/calculator"), "get.responses.200"));
    assert_string_equal(lb_get_text(lb_path(lb_get(paths, "/calculator/{id}"), "get.parameters[0]"), "name", ""), "id");
    assert_non_null(lb_path(lb_get(paths, "/api/calculator/publish"), "post.requestBody.content"));
    assert_non_null(lb_path(lb_get(paths, "/api/calculator/publish"), "post.responses.403"));
    assert_int_equal(lb_get(get(f, "/api/calculator"), "calculators")->type, LB_ARRAY);
}

static void every_data_set_can_be_fetched(void **state)
{
    const fixture *f = *state;
    const lb_value *sets = lb_get(get(f, "/api/demo"), "datasets");
    for (size_t i = 0; i < sets->count; i++) {
        reply r;
        char text[128], headers[200];
        const char *path = lb_arena_printf(f->arena, "/api/demo/data/%s", lb_get_text(sets->item[i], "id", ""));
        client_get(f->port, path, "", &r);
        assert_int_equal(r.status, 200);
        assert_int_equal(r.length, lb_get_int(sets->item[i], "size", -1));
        snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", reply_header(&r, "ETag", text, sizeof text));
        reply_free(&r);
        client_get(f->port, path, headers, &r);
        assert_int_equal(r.status, 304);
        reply_free(&r);
    }
}

static void a_simulated_trial_of_314(void **state)
{
    const fixture *f = *state;
    if (!lb_registry_find(f->registry, "study", "simulate")) skip();
    static const char *const ids[] = {"participants", "visits", "screening", "adverse_events", "adherence", "allocations"};
    const lb_value *sets = lb_get(get(f, "/api/demo"), "datasets");
    for (size_t i = 0; i < LB_COUNT(ids); i++) {
        const lb_value *set = by_id(sets, ids[i]);
        if (!set) fail_msg("no data set %s", ids[i]);
        assert_true(lb_get_int(set, "rows", -1) > 0);
    }
    assert_int_equal(lb_get_int(by_id(sets, "participants"), "rows", 0), 314);
    assert_int_equal(lb_get_int(by_id(sets, "allocations"), "rows", 0), 314);
}

static void the_primary_analysis_of_the_demo(void **state)
{
    const fixture *f = *state;
    if (!lb_registry_find(f->registry, "study", "simulate") || !lb_registry_find(f->registry, "analyse", "ancova")) skip();
    lb_value *answer = NULL;
    int status = post(f, "analyse.ancova",
                      "{\"parameters\":{\"formula\":\"odi_12m ~ arm + odi_0\",\"treatment\":\"arm\",\"reference\":\"CONTROL\"},"
                      "\"data\":{\"data\":{\"demo\":\"participants\"}}}", &answer);
    if (status != 200) fail_msg("%d %s", status, lb_get_text(lb_get(answer, "error"), "message", ""));
    assert_true(lb_number_of(lb_path(answer, "results.contrasts[0].estimate")) < 0);
    assert_int_equal(strlen(lb_get_text(lb_path(answer, "inputs[0]"), "sha256", "")), 64);
}

static void the_meta_analysis_of_the_demo(void **state)
{
    const fixture *f = *state;
    if (!lb_registry_find(f->registry, "meta", "fit")) skip();
    lb_value *answer = NULL;
    int status = post(f, "meta.fit", "{\"parameters\":{\"yi\":\"yi\",\"vi\":\"vi\"},\"data\":{\"data\":{\"demo\":\"bcg\"}}}", &answer);
    if (status != 200) fail_msg("%d %s", status, lb_get_text(lb_get(answer, "error"), "message", ""));
    /* The published REML estimate of these 13 trials (Viechtbauer 2010, J Stat Softw 36(3), section 3.1). */
    assert_int_equal(lb_get_int(lb_get(answer, "results"), "k", 0), 13);
    assert_close(lb_number_of(lb_path(answer, "results.estimate")), -0.7145, 1e-4);
    assert_close(lb_number_of(lb_path(answer, "results.se")), 0.1798, 1e-3);
}

static void scans_with_their_masks(void **state)
{
    const fixture *f = *state;
    const lb_value *demo = get(f, "/api/demo"), *scans = lb_get(demo, "scans"), *sets = lb_get(demo, "datasets");
    for (size_t i = 0; i < scans->count; i++) {
        static const char *const parts[] = {"image", "fat", "water", "mask"};
        for (size_t p = 0; p < LB_COUNT(parts); p++) assert_non_null(by_id(sets, lb_get_text(scans->item[i], parts[p], "")));
        const lb_value *labels = lb_get(scans->item[i], "labels");
        assert_true(labels->count > 0);
        for (size_t k = 0; k < labels->count; k++) {
            assert_true(lb_get_int(labels->item[k], "value", 0) > 0);
            assert_true(lb_get_text(labels->item[k], "name", "")[0]);
            assert_true(lb_text_equal(lb_get_text(labels->item[k], "side", ""), "left") ||
                        lb_text_equal(lb_get_text(labels->item[k], "side", ""), "right"));
        }
    }
    if (lb_registry_find(f->registry, "image", "phantom")) assert_non_null(by_id(scans, "phantom"));
    if (shared_data("lumbar_mri/TUM01_water_img_img_L2-L5.nii.gz")) assert_non_null(by_id(scans, "tum01"));
}

/* The phantom, measured by the parameters that its entry carries: every muscle at every level. */
static void a_scan_can_be_measured(void **state)
{
    const fixture *f = *state;
    const lb_value *scan = by_id(lb_get(get(f, "/api/demo"), "scans"), "phantom");
    if (!scan || !lb_registry_find(f->registry, "muscle", "measure")) skip();
    lb_buf json = {0};
    lb_buf_puts(&json, "{\"parameters\":");
    lb_json_write(lb_get(scan, "measure"), 0, &json);
    lb_buf_puts(&json, ",\"data\":{\"mask\":{\"demo\":\"phantom_mask\"},\"fat\":{\"demo\":\"phantom_fat\"},\"water\":{\"demo\":\"phantom_water\"}}}");
    lb_value *answer = NULL;
    int status = post(f, "muscle.measure", json.data, &answer);
    lb_buf_free(&json);
    if (status != 200) fail_msg("%d %s", status, lb_get_text(lb_get(answer, "error"), "message", ""));
    const lb_value *rows = lb_path(answer, "results.rows");
    size_t levels = 0;
    for (size_t i = 0; i < rows->count; i++) {
        bool multifidus = lb_text_equal(lb_get_text(rows->item[i], "muscle", ""), "multifidus");
        if (multifidus && lb_text_equal(lb_get_text(rows->item[i], "level", ""), "L5")) levels++;
    }
    assert_true(levels >= 2); /* left and right */
}

/* TUM01's water image lost its position: measuring says so, with the way out. */
static void differing_geometry_is_refused(void **state)
{
    const fixture *f = *state;
    if (!shared_data("lumbar_mri/TUM01_water_img_img_L2-L5.nii.gz") || !lb_registry_find(f->registry, "muscle", "measure")) skip();
    static const char data[] = "\"data\":{\"mask\":{\"demo\":\"tum01_mask\"},\"fat\":{\"demo\":\"tum01_fat\"},\"water\":{\"demo\":\"tum01_water\"}}";
    lb_value *answer = NULL;
    assert_int_equal(post(f, "muscle.measure", lb_arena_printf(f->arena, "{%s}", data), &answer), 422);
    assert_non_null(strstr(lb_get_text(lb_get(answer, "error"), "message", ""), "mm"));
    int status = post(f, "muscle.measure", lb_arena_printf(f->arena, "{\"parameters\":{\"adopt-geometry\":\"mask\"},%s}", data), &answer);
    if (status != 200) fail_msg("%d %s", status, lb_get_text(lb_get(answer, "error"), "message", ""));
    assert_true(lb_path(answer, "results.rows")->count > 0);
}

static void protocols_and_the_report(void **state)
{
    const fixture *f = *state;
    const lb_value *studies = get(f, "/api/studies");
    for (size_t i = 0; i < studies->count; i++) {
        get(f, lb_arena_printf(f->arena, "/api/study/%s", lb_get_text(studies->item[i], "id", "")));
    }
    if (access(repository_file("studies/metnlbp.yaml"), R_OK) == 0) {
        assert_non_null(by_id(studies, "metnlbp"));
        assert_non_null(by_id(studies, "modic"));
        assert_true(lb_get(by_id(studies, "metnlbp"), "title")->type != LB_NULL);
    }
    if (!lb_registry_find(f->registry, "study", "simulate") || !lb_registry_find(f->registry, "analyse", "plan")) return;
    reply r;
    client_get(f->port, "/api/report", "", &r);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "<svg"));
    assert_non_null(strstr(r.body, "</html>"));
    reply_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_listed_and_answers), cmocka_unit_test(calculators_are_described), cmocka_unit_test(every_data_set_can_be_fetched),
        cmocka_unit_test(a_simulated_trial_of_314),              cmocka_unit_test(the_primary_analysis_of_the_demo),
        cmocka_unit_test(the_meta_analysis_of_the_demo),         cmocka_unit_test(scans_with_their_masks),
        cmocka_unit_test(a_scan_can_be_measured),
        cmocka_unit_test(differing_geometry_is_refused),         cmocka_unit_test(protocols_and_the_report),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
