/* The plan on a whole study over HTTP: a simulated METNLBP in a store, rehearsed while the arms are masked, run after lock and
 * unblinding; the final result is the one that the operation gives on the snapshot's tables as they are downloaded. */
#include "api/whole_study.h"

enum { PEOPLE = 120 };

static int start(void **state)
{
    (void)state;
    return whole_study(PEOPLE, NULL);
}

/* A snapshot made by the data manager, as the statistician sees it. */
static const lb_value *freeze(const study_user *manager, const study_user *statistician, const char *label)
{
    lb_value *out;
    study_expect(&f, manager, "POST", "/api/snapshots", lb_arena_printf(f.arena, "{\"label\":\"%s\"}", label), 200, NULL);
    study_expect(&f, statistician, "GET", "/api/snapshots", NULL, 200, &out);
    const lb_value *list = lb_get(out, "snapshots");
    for (size_t i = 0; i < list->count; i++)
        if (lb_text_equal(lb_get_text(list->item[i], "label", NULL), label)) return list->item[i];
    fail_msg("no snapshot %s", label);
    return NULL;
}

static const char *asking(const lb_value *snapshot)
{
    return lb_arena_printf(f.arena, "{\"snapshot\":\"%s\"}", lb_get_text(snapshot, "id", ""));
}

static const char *as_text(const lb_value *value)
{
    lb_buf json = {0};
    lb_json_write(value, 0, &json);
    const char *text = lb_arena_textn(f.arena, json.data, json.length);
    lb_buf_free(&json);
    return text;
}

/* What the command line gives on the plan and the downloaded tables of the snapshot. */
static lb_result *by_command(const study_user *statistician, const lb_value *snapshot, const char *plan)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_call *call = lb_call_new(f.registry, lb_registry_find(f.registry, "analyse", "plan"));
    const lb_bytes text = {(const uint8_t *)plan, strlen(plan), "metnlbp.plan.yaml"};
    const lb_value *tables = lb_get(snapshot, "tables");
    int code = lb_call_bind(call, "plan", &text, &err);
    for (size_t i = 0; i < tables->count && !code; i++) {
        reply r;
        const char *name = lb_get_text(tables->item[i], "name", "");
        const char *head = lb_arena_printf(f.arena, "GET /api/snapshots/%s/%s.csv HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=%s\r\n",
                                           lb_get_text(snapshot, "id", ""), name, f.port, statistician->cookie);
        client_ask(f.port, head, NULL, 0, &r);
        assert_int_equal(r.status, 200);
        const lb_bytes csv = {(const uint8_t *)lb_arena_textn(f.arena, r.body, r.length), r.length, name};
        reply_free(&r);
        code = lb_call_bind(call, "data", &csv, &err);
    }
    if (!code) code = lb_call_run(call, &result, &err);
    if (code) fail_msg("%s: %s (%s)", err.where, err.message, err.hint);
    lb_call_free(call);
    return result;
}

static void test_rehearsed_masked_run_unblinded(void **state)
{
    (void)state;
    lb_value *out, *final;
    study_user manager = study_as(&f, "data_manager"), statistician = study_as(&f, "statistician"), open = study_as(&f, "unmasked_statistician");
    /* Masked: a rehearsal on dealt arms, and no final run. */
    const lb_value *masked = freeze(&manager, &statistician, "rehearsal");
    study_expect(&f, &statistician, "POST", "/api/plan/rehearse", asking(masked), 200, &out);
    assert_non_null(strstr(as_text(lb_get(out, "notes")), "The arms are masked"));
    assert_int_equal(lb_get_int(lb_path(out, "results.ledger"), "rehearsals", 0), 1);
    assert_true(lb_get_int(lb_path(out, "results.primary"), "n", 0) > PEOPLE / 2);
    const char *rehearsed = as_text(lb_path(out, "results.primary"));
    study_expect(&f, &statistician, "POST", "/api/plan/run", asking(masked), 403, NULL);
    study_expect(&f, &statistician, "POST", "/api/plan/lock", "{}", 200, NULL);
    /* The end of the study. */
    study_expect(&f, &manager, "POST", "/api/study/lock", "{\"password\":\"" STUDY_PASSWORD "\",\"reason\":\"end of the test\"}", 200, NULL);
    study_expect(&f, &statistician, "POST", "/api/plan/run", asking(masked), 403, NULL);
    study_expect(&f, &open, "POST", "/api/study/unblind", "{\"password\":\"" STUDY_PASSWORD "\"}", 200, NULL);
    const lb_value *snapshot = freeze(&manager, &statistician, "final");
    study_expect(&f, &statistician, "GET", "/api/plan", NULL, 200, &out);
    assert_true(lb_get_bool(out, "final_allowed", false));
    const char *plan = lb_get_text(out, "text", "");
    study_expect(&f, &statistician, "POST", "/api/plan/run", asking(snapshot), 200, &final);
    study_expect(&f, &statistician, "GET", "/api/plan", NULL, 200, &out);
    assert_int_equal(lb_get_int(out, "rehearsals", 0), 1);
    assert_int_equal(lb_get_int(out, "finals", 0), 1);
    assert_string_not_equal(as_text(lb_path(final, "results.primary")), rehearsed);
    /* The same numbers, to the last digit, as by command. */
    lb_result *command = by_command(&statistician, snapshot, plan);
    static const char *const parts[] = {"sets", "flow", "baseline", "primary", "margin_test", "sensitivity", "secondary", "safety", "multiplicity", "sample_size"};
    for (size_t i = 0; i < LB_COUNT(parts); i++) {
        assert_non_null(lb_get(command->results, parts[i]));
        assert_string_equal(as_text(lb_get(lb_get(final, "results"), parts[i])), as_text(lb_get(command->results, parts[i])));
    }
    lb_result_free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rehearsed_masked_run_unblinded)};
    return cmocka_run_group_tests(tests, start, stop);
}
