/* Data out of a study and its administration over HTTP: snapshots, exports, plan, amendments, sites, ranges, delegation, lock. */
#include "api/study_fixture.h"

#include <time.h>

static study_fixture f;

static int start(void **state)
{
    (void)state;
    fixture_start(&f, "metnlbp.yaml");
    study_user coordinator = study_as(&f, "coordinator");
    study_expect(&f, &coordinator, "POST", "/api/people", "{\"site\":\"C01\"}", 200, NULL);
    study_expect(&f, &coordinator, "PUT", "/api/forms/C01-001/SCR/eligibility", "{\"values\":{\"age\":67,\"sex\":\"F\",\"birth_year\":1959},\"revision\":0}", 200, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

static const lb_value *named(const lb_value *list, const char *key, const char *name)
{
    for (size_t i = 0; list && i < list->count; i++)
        if (lb_text_equal(lb_get_text(list->item[i], key, NULL), name)) return list->item[i];
    return NULL;
}

static void test_snapshots(void **state)
{
    (void)state;
    lb_value *out;
    char path[256], body[512];
    study_user manager = study_as(&f, "data_manager"), statistician = study_as(&f, "statistician"), coordinator = study_as(&f, "coordinator");
    study_expect(&f, &coordinator, "GET", "/api/snapshots", NULL, 403, NULL);
    study_expect(&f, &manager, "POST", "/api/snapshots", "{\"label\":\" \"}", 422, NULL);
    study_expect(&f, &manager, "POST", "/api/snapshots", "{\"label\":\"interim\"}", 200, NULL);
    study_expect(&f, &statistician, "GET", "/api/snapshots", NULL, 200, &out);
    assert_int_equal(lb_get(out, "snapshots")->count, 1);
    const lb_value *snapshot = lb_path(out, "snapshots[0]"), *screening = named(lb_get(snapshot, "tables"), "name", "screening");
    assert_string_equal(lb_get_text(snapshot, "label", ""), "interim");
    assert_non_null(screening);
    assert_int_equal(lb_get_int(screening, "rows", 0), 1);
    assert_true(lb_get(screening, "columns")->count > 3);
    assert_null(named(lb_get(snapshot, "tables"), "name", "form_diary")); /* does not exist to a masked role */
    assert_int_equal(lb_get(snapshot, "sha256")->type, LB_NULL);
    snprintf(path, sizeof path, "/api/snapshots/%s/screening.csv", lb_get_text(snapshot, "id", ""));
    study_expect(&f, &statistician, "GET", path, NULL, 200, NULL);
    snprintf(path, sizeof path, "/api/snapshots/%s/form_diary.csv", lb_get_text(snapshot, "id", ""));
    study_expect(&f, &statistician, "GET", path, NULL, 404, NULL);
    /* An operation on the snapshot's table. */
    snprintf(body, sizeof body, "{\"parameters\":{\"columns\":[\"age\"]},\"data\":{\"data\":{\"snapshot\":\"%s\",\"table\":\"screening\"}}}", lb_get_text(snapshot, "id", ""));
    study_expect(&f, &statistician, "POST", "/api/op/analyse.describe", body, 200, &out);
    snprintf(body, sizeof body, "{\"parameters\":{\"columns\":[\"age\"]},\"data\":{\"data\":{\"snapshot\":\"%s\",\"table\":\"form_diary\"}}}", lb_get_text(snapshot, "id", ""));
    study_expect(&f, &statistician, "POST", "/api/op/analyse.describe", body, 404, NULL);
    study_expect(&f, &statistician, "GET", "/api/plan", NULL, 200, &out);
    assert_false(lb_get_bool(out, "locked", true));
    assert_false(lb_get_bool(out, "final_allowed", true)); /* nobody was unblinded */
}

/* The plan's ledger is a record of the study: who did it is who signed in, and what is refused leaves no entry. */
static void test_plan(void **state)
{
    (void)state;
    lb_value *out;
    study_user manager = study_as(&f, "data_manager"), statistician = study_as(&f, "statistician");
    study_expect(&f, &manager, "POST", "/api/plan/lock", "{}", 403, NULL);
    study_expect(&f, &statistician, "POST", "/api/plan/run", "{\"snapshot\":\"none\"}", 403, NULL); /* nobody was unblinded */
    study_expect(&f, &statistician, "POST", "/api/plan/rehearse", "{\"snapshot\":\"none\"}", 404, NULL);
    study_expect(&f, &statistician, "GET", "/api/plan", NULL, 200, &out);
    assert_int_equal(lb_get(out, "entries")->count, 0);
    const char *text = lb_get_text(out, "text", ""), *mcid = strstr(text, "mcid: 10");
    char before[65];
    snprintf(before, sizeof before, "%s", lb_get_text(out, "sha256", ""));
    assert_non_null(mcid);
    char *changed = lb_arena_text(f.arena, text);
    changed[mcid - text + 7] = '1'; /* 11 points */
    study_expect(&f, &statistician, "POST", "/api/plan/lock", "{\"by\":\"somebody else\"}", 200, NULL);
    study_expect(&f, &statistician, "POST", "/api/plan/lock", "{}", 422, NULL);
    study_expect(&f, &statistician, "POST", "/api/plan/amend", "{\"reason\":\"x\",\"text\":\"not: a plan\"}", 422, NULL);
    study_expect(&f, &statistician, "GET", "/api/plan", NULL, 200, &out);
    assert_true(lb_get_bool(out, "locked", false));
    assert_string_equal(lb_get_text(out, "locked_by", ""), "statistician");
    assert_string_equal(lb_get_text(out, "sha256", ""), before);
    assert_int_equal(lb_get(out, "entries")->count, 1);
    lb_buf json = {0};
    lb_value *body = lb_value_object(f.arena);
    lb_set_text(body, "reason", "the committee's decision");
    lb_set_text(body, "text", changed);
    lb_json_write(body, 0, &json);
    lb_buf_add(&json, "", 1);
    study_expect(&f, &statistician, "POST", "/api/plan/amend", json.data, 200, NULL);
    lb_buf_free(&json);
    study_expect(&f, &statistician, "GET", "/api/plan", NULL, 200, &out);
    assert_string_not_equal(lb_get_text(out, "sha256", ""), before);
    assert_true(lb_get_bool(out, "locked", false) && !lb_get_bool(out, "changed", true) && !lb_get_bool(out, "final_allowed", true));
    assert_int_equal(lb_get(out, "entries")->count, 2);
    assert_string_equal(lb_get_text(lb_get(out, "amendments")->item[0], "by", ""), "statistician");
    assert_string_equal(lb_get_text(lb_get(out, "amendments")->item[0], "reason", ""), "the committee's decision");
}

static void test_export(void **state)
{
    (void)state;
    lb_value *out;
    char path[256];
    study_user manager = study_as(&f, "data_manager"), other = study_as(&f, "second.manager");
    study_expect(&f, &manager, "POST", "/api/exports", "{\"what\":\"odm2\"}", 400, NULL);
    study_expect(&f, &manager, "POST", "/api/exports", "{\"what\":\"csv\"}", 202, &out);
    snprintf(path, sizeof path, "/api/jobs/%s", lb_get_text(out, "job", ""));
    study_expect(&f, &other, "GET", path, NULL, 404, NULL);
    for (int i = 0; i < 200; i++) {
        study_expect(&f, &manager, "GET", path, NULL, 200, &out);
        if (strcmp(lb_get_text(out, "state", ""), "done") == 0) break;
        assert_string_not_equal(lb_get_text(out, "state", ""), "failed");
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    assert_string_equal(lb_get_text(out, "state", ""), "done");
    const lb_value *files = lb_path(out, "result.files");
    assert_non_null(named(files, "name", "screening.csv"));
    assert_null(named(files, "name", "form_diary.csv"));
    snprintf(path, sizeof path, "/api/exports/%s/screening.csv", lb_path(out, "result.export")->text);
    study_expect(&f, &manager, "GET", path, NULL, 200, NULL);
    study_expect(&f, &other, "GET", path, NULL, 404, NULL);
    study_expect(&f, &manager, "GET", "/api/exports", NULL, 200, &out);
    assert_int_equal(lb_get(out, "exports")->count, 1);
    study_expect(&f, &manager, "GET", "/api/audit?action=download", NULL, 200, &out);
    assert_int_equal(lb_get(out, "entries")->count, 1);
}

static char *protocol_with(const char *const (*replace)[2], size_t count)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    assert_int_equal(lb_file_read(LUMBAR_TEST_SOURCE "/studies/metnlbp.yaml", 0, f.arena, &bytes, &err), LB_OK);
    char *text = lb_arena_textn(f.arena, (const char *)bytes.data, bytes.length);
    for (size_t i = 0; i < count; i++) {
        char *at = strstr(text, replace[i][0]);
        assert_non_null(at);
        text = lb_arena_printf(f.arena, "%.*s%s%s", (int)(at - text), text, replace[i][1], at + strlen(replace[i][0]));
    }
    lb_value *body = lb_value_object(f.arena);
    lb_set_text(body, "text", text);
    lb_set_text(body, "note", "committee asked for it");
    lb_set_text(body, "password", STUDY_PASSWORD);
    lb_buf json = {0};
    lb_json_write(body, 0, &json);
    char *copy = lb_arena_text(f.arena, json.data);
    lb_buf_free(&json);
    return copy;
}

static char *only_text(char *body)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *value = NULL;
    const lb_bytes bytes = {(const uint8_t *)body, strlen(body), "body"};
    assert_int_equal(lb_json_read(&bytes, f.arena, &value, &err), LB_OK);
    lb_value *plain = lb_value_object(f.arena);
    lb_set(plain, "text", lb_get(value, "text"));
    lb_buf json = {0};
    lb_json_write(plain, 0, &json);
    char *copy = lb_arena_text(f.arena, json.data);
    lb_buf_free(&json);
    return copy;
}

static void test_amendment(void **state)
{
    (void)state;
    lb_value *out;
    study_user admin = study_as(&f, "administrator"), manager = study_as(&f, "data_manager"), coordinator = study_as(&f, "coordinator");
    /* The upper limit of age goes below somebody's age; ODI at screening gets a note. */
    const char *const changes[][2] = {{"version: \"1.0\"", "version: \"2.0\""}, {"type: integer, unit: years, range: [18, 110]", "type: integer, unit: years, range: [18, 65]"}};
    char *fits_not = protocol_with(changes, 2);
    study_expect(&f, &coordinator, "POST", "/api/protocol/preview", only_text(fits_not), 403, NULL);
    study_expect(&f, &manager, "POST", "/api/protocol/preview", only_text(fits_not), 200, &out);
    assert_true(lb_get_bool(out, "possible", false));
    const lb_value *age = named(lb_get(out, "changes"), "where", "forms.eligibility.items.age.range");
    assert_non_null(age);
    assert_string_equal(lb_get_text(age, "kind", ""), "changed");
    assert_int_equal(lb_path(out, "touched.entries")->integer, 1);
    assert_string_equal(lb_path(out, "touched.forms[0].form")->text, "eligibility");
    assert_string_equal(lb_path(out, "misfits[0].item")->text, "age");
    study_expect(&f, &admin, "POST", "/api/protocol/preview", only_text(fits_not), 200, &out);
    assert_int_equal(lb_get_int(out, "would_stay", 0), 1);
    assert_null(lb_get(out, "misfits")); /* the administrator sees no participant */
    const char *const arms[][2] = {{"version: \"1.0\"", "version: \"3.0\""}, {"code: B\n    kind: active", "code: C\n    kind: active"}};
    study_expect(&f, &manager, "POST", "/api/protocol/preview", only_text(protocol_with(arms, 2)), 200, &out);
    assert_false(lb_get_bool(out, "possible", true));
    const char *const flaw[][2] = {{"rule: age >= 60", "rule: agee >= 60"}};
    study_expect(&f, &manager, "POST", "/api/protocol/preview", only_text(protocol_with(flaw, 1)), 200, &out);
    assert_true(lb_get(out, "findings")->count > 0);
    study_expect(&f, &manager, "POST", "/api/protocol/activate", protocol_with(arms, 2), 409, NULL);
    study_expect(&f, &manager, "POST", "/api/protocol/activate", protocol_with(flaw, 1), 422, NULL);
    study_expect(&f, &manager, "POST", "/api/protocol/activate", fits_not, 200, &out);
    assert_string_equal(lb_get_text(out, "version", ""), "2.0");
    study_expect(&f, &coordinator, "GET", "/api/protocol", NULL, 200, &out);
    assert_string_equal(lb_get_text(out, "version", ""), "2.0");
    assert_null(lb_path(out, "protocol.randomisation.blocks"));
    /* What was entered is shown by its own version; carrying over leaves what does not fit. */
    study_expect(&f, &coordinator, "GET", "/api/forms/C01-001/SCR/eligibility", NULL, 200, &out);
    assert_string_equal(lb_get_text(out, "version", ""), "1.0");
    study_expect(&f, &manager, "POST", "/api/protocol/migrate", "{\"reason\":\"amendment 1\"}", 200, &out);
    assert_int_equal(lb_get_int(out, "moved", -1), 0);
    assert_int_equal(lb_get(out, "left")->count, 1);
    const char *const back[][2] = {{"version: \"1.0\"", "version: \"2.1\""}};
    study_expect(&f, &manager, "POST", "/api/protocol/activate", protocol_with(back, 1), 200, NULL);
    study_expect(&f, &manager, "POST", "/api/protocol/migrate", "{\"reason\":\"amendment 2\"}", 200, &out);
    assert_int_equal(lb_get_int(out, "moved", -1), 1);
    study_expect(&f, &coordinator, "GET", "/api/forms/C01-001/SCR/eligibility", NULL, 200, &out);
    assert_string_equal(lb_get_text(out, "version", ""), "2.1");
    study_expect(&f, &manager, "GET", "/api/protocol/versions", NULL, 200, &out);
    assert_int_equal(lb_get(out, "versions")->count, 3);
}

static void test_sites_ranges_delegation(void **state)
{
    (void)state;
    lb_value *out;
    study_user admin = study_as(&f, "administrator"), coordinator = study_as(&f, "coordinator.c01"), investigator = study_as(&f, "investigator.c01");
    study_expect(&f, &admin, "PUT", "/api/sites/C01", "{\"state\":\"paused\",\"reason\":\"\"}", 422, NULL);
    study_expect(&f, &admin, "PUT", "/api/sites/C01", "{\"state\":\"paused\",\"reason\":\"audit\"}", 200, NULL);
    study_expect(&f, &coordinator, "POST", "/api/people", "{\"site\":\"C01\"}", 409, NULL);
    study_expect(&f, &admin, "PUT", "/api/sites/C01", "{\"state\":\"open\",\"reason\":\"audit done\",\"protocol_version\":\"9.9\"}", 422, NULL);
    study_expect(&f, &admin, "PUT", "/api/sites/C01", "{\"state\":\"open\",\"reason\":\"audit done\",\"ethics\":[{\"version\":\"2.1\",\"approved\":\"2026-13-01\"}]}", 422, NULL);
    study_expect(&f, &admin, "PUT", "/api/sites/C99", "{\"state\":\"open\",\"reason\":\"x\"}", 404, NULL);
    study_expect(&f, &admin, "PUT", "/api/sites/C01", "{\"state\":\"open\",\"reason\":\"audit done\",\"ethics\":[{\"version\":\"2.1\",\"approved\":\"2026-02-01\"}]}", 200, NULL);
    study_expect(&f, &coordinator, "GET", "/api/sites", NULL, 200, &out);
    assert_int_equal(lb_get(out, "sites")->count, 1);
    assert_string_equal(lb_path(out, "sites[0].ethics[0].version")->text, "2.1");
    const char *const range = "{\"site\":\"C01\",\"item\":\"creat\",\"from\":\"2026-01-01\",\"low\":0.6,\"high\":1.1,\"unit\":\"mg/dL\"}";
    study_expect(&f, &coordinator, "POST", "/api/ranges", range, 200, NULL);
    study_expect(&f, &coordinator, "POST", "/api/ranges", range, 422, NULL); /* once more needs a reason */
    study_expect(&f, &coordinator, "POST", "/api/ranges", "{\"site\":\"C02\",\"item\":\"creat\",\"from\":\"2026-01-01\",\"low\":1}", 422, NULL);
    study_expect(&f, &coordinator, "POST", "/api/ranges", "{\"site\":\"C01\",\"item\":\"creat\",\"from\":\"2026-01-01\",\"low\":1,\"unit\":\"stone\"}", 422, NULL);
    study_expect(&f, &coordinator, "GET", "/api/ranges", NULL, 200, &out);
    assert_int_equal(lb_get(out, "ranges")->count, 1);
    const char *const task = "{\"site\":\"C01\",\"user\":\"coordinator.c01\",\"tasks\":[\"consent\"],\"from\":\"2026-01-01\",\"password\":\"%s\"}";
    study_expect(&f, &investigator, "POST", "/api/delegation", lb_arena_printf(f.arena, task, "wrong"), 403, NULL);
    study_expect(&f, &investigator, "POST", "/api/delegation", lb_arena_printf(f.arena, task, STUDY_PASSWORD), 200, &out);
    char *path = lb_arena_text(f.arena, "/api/delegation/");
    for (const char *c = lb_get_text(out, "id", ""); *c; c++) path = *c == '|' ? lb_arena_printf(f.arena, "%s%%7C", path) : lb_arena_printf(f.arena, "%s%c", path, *c);
    study_expect(&f, &investigator, "PUT", path, "{\"to\":\"2025-01-01\",\"reason\":\"x\"}", 422, NULL);
    study_expect(&f, &investigator, "PUT", path, "{\"to\":\"2026-12-31\",\"reason\":\"moved\"}", 200, NULL);
    study_expect(&f, &investigator, "GET", "/api/delegation?site=C01", NULL, 200, &out);
    assert_string_equal(lb_path(out, "delegation[0].signed_by")->text, "investigator.c01");
}

static void test_lock(void **state)
{
    (void)state;
    lb_value *out;
    study_user manager = study_as(&f, "data_manager"), coordinator = study_as(&f, "coordinator"), admin = study_as(&f, "administrator");
    study_expect(&f, &manager, "GET", "/api/study/lock", NULL, 200, &out);
    assert_true(lb_get_int(out, "count", 0) > 0);
    study_expect(&f, &manager, "POST", "/api/study/lock", "{\"password\":\"" STUDY_PASSWORD "\"}", 409, NULL);
    study_expect(&f, &manager, "POST", "/api/study/lock", "{\"password\":\"wrong\",\"reason\":\"end\"}", 403, NULL);
    study_expect(&f, &manager, "POST", "/api/study/lock", "{\"password\":\"" STUDY_PASSWORD "\",\"reason\":\"end of the test\"}", 200, NULL);
    study_expect(&f, &coordinator, "POST", "/api/people", "{\"site\":\"C01\"}", 409, NULL);
    study_expect(&f, &coordinator, "GET", "/api/forms/C01-001/SCR/eligibility", NULL, 200, &out);
    char body[128];
    snprintf(body, sizeof body, "{\"values\":{\"age\":60},\"revision\":%d,\"reason\":\"x\"}", (int)lb_get_int(out, "revision", 0));
    study_expect(&f, &coordinator, "PUT", "/api/forms/C01-001/SCR/eligibility", body, 409, NULL);
    study_expect(&f, &admin, "POST", "/api/study/open", "{\"password\":\"" STUDY_PASSWORD "\",\"reason\":\"one query is left\"}", 200, NULL);
    study_expect(&f, &coordinator, "PUT", "/api/forms/C01-001/SCR/eligibility", body, 200, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_snapshots), cmocka_unit_test(test_plan), cmocka_unit_test(test_export), cmocka_unit_test(test_amendment),
                                       cmocka_unit_test(test_sites_ranges_delegation), cmocka_unit_test(test_lock)};
    return cmocka_run_group_tests(tests, start, stop);
}
