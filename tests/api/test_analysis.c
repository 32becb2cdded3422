/* Snapshots, the plan and reports over HTTP, on the demo: what is listed is what operations take; a plan goes from rehearsal over
 * lock to its final run, and nothing else is allowed on the way. */
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

static lb_value *get(const fixture *f, const char *path)
{
    reply r;
    lb_value *value = NULL;
    client_get(f->port, path, "", &r);
    assert_int_equal(r.status, 200);
    lb_bytes bytes = {(const uint8_t *)lb_arena_textn(f->arena, r.body, r.length), r.length, "answer"};
    assert_int_equal(lb_json_read(&bytes, f->arena, &value, NULL), 0);
    reply_free(&r);
    return value;
}

static int post(const fixture *f, const char *path, const char *json, char start[9], lb_value **out)
{
    reply r;
    client_post(f->port, path, "application/json", "", json, strlen(json), &r);
    int status = r.status;
    if (out) {
        lb_bytes bytes = {(const uint8_t *)lb_arena_textn(f->arena, r.body, r.length), r.length, "answer"};
        assert_int_equal(lb_json_read(&bytes, f->arena, out, NULL), 0);
    }
    if (start) snprintf(start, 9, "%.8s", r.body);
    reply_free(&r);
    return status;
}

static void snapshots_feed_operations(void **state)
{
    const fixture *f = *state;
    const lb_value *snapshot = lb_path(get(f, "/api/snapshots"), "snapshots[0]"), *table = lb_path(snapshot, "tables[0]");
    lb_value *answer;
    assert_string_equal(lb_get_text(snapshot, "id", ""), "demo");
    assert_int_equal(strlen(lb_get_text(snapshot, "sha256", "")), 64);
    assert_string_equal(lb_get_text(table, "name", ""), "participants");
    assert_int_equal(lb_get_int(table, "rows", 0), 314);
    assert_int_equal(post(f, "/api/op/analyse.ancova", "{\"parameters\":{\"formula\":\"odi_12m ~ odi_0 + arm\"},\"data\":{\"data\":{\"snapshot\":\"demo\","
                          "\"table\":\"participants\"}}}", NULL, &answer), 200);
    assert_string_equal(lb_get_text(answer, "status", ""), "ok");
    assert_int_equal(post(f, "/api/op/analyse.ancova", "{\"parameters\":{\"formula\":\"y ~ x\"},\"data\":{\"data\":{\"snapshot\":\"demo\",\"table\":\"no\"}}}",
                          NULL, &answer), 404);
    assert_int_equal(post(f, "/api/op/analyse.ancova", "{\"parameters\":{\"formula\":\"y ~ x\"},\"data\":{\"data\":{\"snapshot\":\"demo\"}}}", NULL, &answer), 400);
}

static void the_plan_goes_its_way(void **state)
{
    const fixture *f = *state;
    lb_value *answer;
    const lb_value *plan = get(f, "/api/plan");
    assert_false(lb_get_bool(plan, "locked", true));
    assert_false(lb_get_bool(plan, "final_allowed", true));
    assert_int_equal(post(f, "/api/plan/run", "{\"snapshot\":\"demo\",\"by\":\"s1\"}", NULL, &answer), 422);
    assert_non_null(strstr(lb_path(answer, "error.message")->text, "not locked"));
    assert_int_equal(post(f, "/api/plan/rehearse", "{\"by\":\"s1\"}", NULL, &answer), 400);
    assert_int_equal(post(f, "/api/plan/rehearse", "{\"snapshot\":\"none\",\"by\":\"s1\"}", NULL, &answer), 404);
    assert_int_equal(post(f, "/api/plan/rehearse", "{\"snapshot\":\"demo\",\"by\":\"s1\"}", NULL, &answer), 200);
    assert_int_equal(lb_get_int(lb_path(answer, "results.ledger"), "rehearsals", 0), 1);
    assert_int_equal(post(f, "/api/plan/lock", "{}", NULL, &answer), 400);
    assert_int_equal(post(f, "/api/plan/lock", "{\"by\":\"s1\"}", NULL, &answer), 200);
    assert_int_equal(post(f, "/api/plan/lock", "{\"by\":\"s1\"}", NULL, &answer), 422);
    plan = get(f, "/api/plan");
    assert_true(lb_get_bool(plan, "locked", false) && lb_get_bool(plan, "final_allowed", false));
    assert_string_equal(lb_get_text(plan, "locked_by", ""), "s1");
    assert_int_equal(post(f, "/api/plan/run", "{\"snapshot\":\"demo\",\"by\":\"s1\"}", NULL, &answer), 200);
    assert_int_equal(lb_get_int(lb_path(answer, "results.primary"), "n", 0) > 200, 1);
    assert_int_equal(post(f, "/api/plan/amend", "{\"by\":\"s1\",\"reason\":\"x\"}", NULL, &answer), 400);
    assert_int_equal(post(f, "/api/plan/amend", "{\"by\":\"s1\",\"reason\":\"x\",\"text\":\"not: a plan\"}", NULL, &answer), 422);
    plan = get(f, "/api/plan");
    assert_int_equal(lb_get_int(plan, "finals", 0), 1);
    assert_int_equal(lb_get(plan, "entries")->count, 3);
    assert_int_equal(post(f, "/api/plan/burn", "{}", NULL, &answer), 404);
}

static void reports_of_several_results(void **state)
{
    const fixture *f = *state;
    char start[9];
    static const char card[] = "{\"op\":\"analyse.km\",\"parameters\":{\"time\":\"recurrence_days\",\"event\":\"recurrence\",\"by\":\"arm\"},\"data\":{\"data\":"
                               "{\"snapshot\":\"demo\",\"table\":\"participants\"}},\"note\":\"<b>a remark</b>\"}";
    lb_value *answer;
    const char *body = lb_arena_printf(f->arena, "{\"title\":\"Two curves\",\"format\":\"pdf\",\"cards\":[%s,%s]}", card, card);
    assert_int_equal(post(f, "/api/report/make", body, start, NULL), 200);
    assert_memory_equal(start, "%PDF-1.", 7);
    body = lb_arena_printf(f->arena, "{\"title\":\"Two curves\",\"format\":\"html\",\"cards\":[%s]}", card);
    reply r;
    client_post(f->port, "/api/report/make", "application/json", "", body, strlen(body), &r);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "&lt;b&gt;a remark"));
    assert_null(strstr(r.body, "<b>a remark"));
    reply_free(&r);
    assert_int_equal(post(f, "/api/report/make", "{\"cards\":[]}", NULL, &answer), 400);
    assert_int_equal(post(f, "/api/report/make", "{\"format\":\"exe\",\"cards\":[{}]}", NULL, &answer), 400);
    assert_int_equal(post(f, "/api/report/make", "{\"cards\":[{\"op\":\"analyse.nothing\"}]}", NULL, &answer), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(snapshots_feed_operations), cmocka_unit_test(the_plan_goes_its_way),
                                       cmocka_unit_test(reports_of_several_results)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
