/* Forms over HTTP: save, conflict, reason, draft, double entry and settlement, queries, verification, signature, lock. */
#include "api/study_fixture.h"

#define ELIGIBILITY "/api/forms/C01-001/SCR/eligibility"
#define ELIGIBLE                                                                                                    \
    "\"subjid\":\"C01-001\",\"consent_date\":\"2026-02-01\",\"birth_year\":1958,\"sex\":\"F\",\"age\":68,\"lbp_months\":24,\"odi_screen\":40,"  \
    "\"goutallier\":\"2\",\"surg_indication\":0,\"conservative\":1,\"can_exercise\":1,\"willing\":1,\"exc_specific\":0,\"exc_surgery\":0," \
    "\"exc_comorb\":0,\"exc_cognition\":0,\"exc_physical\":0,\"exc_trial\":0,\"exc_hypersens\":0"

static study_fixture f;

static int start(void **state)
{
    (void)state;
    fixture_start(&f, "metnlbp.yaml");
    study_user coordinator = study_as(&f, "coordinator");
    lb_value *out;
    study_expect(&f, &coordinator, "POST", "/api/people", "{\"site\":\"C01\"}", 200, &out);
    assert_string_equal(lb_get_text(out, "subject", ""), "C01-001");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

static void test_form_page(void **state)
{
    (void)state;
    lb_value *out;
    study_user coordinator = study_as(&f, "coordinator");
    study_expect(&f, &coordinator, "GET", ELIGIBILITY, NULL, 200, &out);
    assert_string_equal(lb_get_text(lb_get(out, "form"), "entry", ""), "double");
    assert_string_equal(lb_get_text(out, "state", ""), "empty");
    assert_int_equal(lb_get_int(out, "revision", -1), 0);
    assert_string_equal(lb_path(out, "may[0]")->text, "save");
    study_expect(&f, &coordinator, "GET", "/api/forms/C01-001/SCR/nothing", NULL, 404, NULL);
    study_expect(&f, &coordinator, "GET", "/api/forms/C01-001/M12/eligibility", NULL, 404, NULL);
    study_expect(&f, &coordinator, "GET", "/api/forms/C01-999/SCR/eligibility", NULL, 404, NULL);
}

static void test_check_and_draft(void **state)
{
    (void)state;
    lb_value *out;
    study_user coordinator = study_as(&f, "coordinator");
    study_expect(&f, &coordinator, "POST", ELIGIBILITY "/check", "{\"values\":{\"age\":140,\"sex\":\"X\"}}", 200, &out);
    assert_int_equal(lb_path(out, "findings")->count, 2);
    assert_string_equal(lb_path(out, "findings[0].severity")->text, "hard");
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY "/draft", "{\"values\":{\"age\":68},\"base_revision\":0}", 200, NULL);
    study_expect(&f, &coordinator, "GET", ELIGIBILITY, NULL, 200, &out);
    assert_int_equal(lb_path(out, "draft.values.age")->integer, 68);
    study_user investigator = study_as(&f, "investigator");
    study_expect(&f, &investigator, "GET", ELIGIBILITY, NULL, 200, &out);
    assert_null(lb_get(out, "draft"));
    study_expect(&f, &coordinator, "DELETE", ELIGIBILITY "/draft", NULL, 200, NULL);
}

static void test_save_conflict_reason(void **state)
{
    (void)state;
    lb_value *out;
    study_user coordinator = study_as(&f, "coordinator"), investigator = study_as(&f, "investigator");
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY, "{\"values\":{\"age\":140},\"revision\":0}", 422, &out);
    assert_non_null(lb_path(out, "findings[0]"));
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY, "{\"values\":{" ELIGIBLE "},\"revision\":0}", 200, &out);
    assert_string_equal(lb_get_text(out, "state", ""), "complete");
    assert_int_equal(lb_get_int(out, "revision", 0), 1);
    assert_int_equal(lb_path(out, "computed.derived.eligible")->integer, 1);
    /* The second who saves learns what is there, and nothing is written over. */
    study_expect(&f, &investigator, "PUT", ELIGIBILITY, "{\"values\":{\"age\":70},\"revision\":0}", 409, &out);
    assert_int_equal(lb_path(out, "current.values.age")->integer, 68);
    assert_string_equal(lb_path(out, "current.by")->text, "coordinator");
    assert_int_equal(lb_path(out, "current.revision")->integer, 1);
    study_expect(&f, &investigator, "PUT", ELIGIBILITY, "{\"values\":{\"age\":67},\"revision\":1}", 422, &out);
    study_expect(&f, &investigator, "PUT", ELIGIBILITY, "{\"values\":{\"age\":68},\"revision\":1,\"reason\":\"  \"}", 422, &out);
    assert_string_equal(lb_path(out, "error.where")->text, "reason");
}

static void test_queries(void **state)
{
    (void)state;
    lb_value *out;
    char path[128];
    study_user coordinator = study_as(&f, "coordinator"), manager = study_as(&f, "data_manager"), monitor = study_as(&f, "monitor");
    /* Age and year of birth do not fit together: a soft finding, not confirmed, becomes a query by rule. */
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY, "{\"values\":{" ELIGIBLE ",\"comment\":1},\"revision\":1}", 422, NULL);
    const char *changed = "{\"values\":{\"subjid\":\"C01-001\",\"consent_date\":\"2026-02-01\",\"birth_year\":1948,\"sex\":\"F\",\"age\":68},\"revision\":1,\"reason\":\"misread\"}";
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY, changed, 200, &out);
    assert_int_equal(lb_get_int(out, "queries_opened", 0), 1);
    assert_string_equal(lb_get_text(out, "state", ""), "started");
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY, "{\"values\":{" ELIGIBLE "},\"revision\":2,\"reason\":\"read again\"}", 200, &out);
    study_expect(&f, &monitor, "GET", "/api/queries?state=closed", NULL, 200, &out);
    assert_int_equal(lb_get(out, "queries")->count, 1);
    assert_string_equal(lb_path(out, "queries[0].rule")->text, "age_birth");
    /* By hand. */
    study_expect(&f, &coordinator, "POST", "/api/queries", "{\"subject\":\"C01-001\",\"visit\":\"SCR\",\"form\":\"eligibility\",\"item\":\"age\",\"text\":\"?\"}", 403, NULL);
    study_expect(&f, &monitor, "POST", "/api/queries", "{\"subject\":\"C01-001\",\"visit\":\"SCR\",\"form\":\"eligibility\",\"item\":\"age\",\"text\":\"Source says 69\"}", 200, &out);
    snprintf(path, sizeof path, "/api/queries/%s", lb_get_text(out, "id", ""));
    study_expect(&f, &monitor, "POST", path, "{\"action\":\"reopen\",\"text\":\"x\"}", 409, NULL);
    study_expect(&f, &monitor, "POST", path, "{\"action\":\"answer\",\"text\":\"x\"}", 403, NULL);
    study_expect(&f, &coordinator, "POST", path, "{\"action\":\"answer\",\"text\":\"68 on the day of consent\"}", 200, &out);
    study_expect(&f, &manager, "POST", path, "{\"action\":\"close\",\"text\":\"\"}", 200, &out);
    assert_string_equal(lb_get_text(out, "state", ""), "closed");
    assert_int_equal(lb_get(out, "thread")->count, 3);
    study_expect(&f, &manager, "POST", path, "{\"action\":\"drop\",\"text\":\"\"}", 400, NULL);
}

static void test_double_entry(void **state)
{
    (void)state;
    lb_value *out;
    study_user coordinator = study_as(&f, "coordinator"), second = study_as(&f, "second.manager"), third = study_as(&f, "third.manager");
    study_expect(&f, &second, "GET", ELIGIBILITY, NULL, 200, &out);
    assert_true(lb_get_bool(out, "blind", false));
    assert_int_equal(lb_get(out, "values")->count, 0);
    assert_string_equal(lb_get_text(out, "second", ""), "mine");
    study_expect(&f, &second, "GET", ELIGIBILITY "?keying=2", NULL, 200, &out);
    assert_int_equal(lb_get(out, "values")->count, 0);
    study_expect(&f, &second, "GET", "/api/people/C01-001/history", NULL, 200, &out);
    for (size_t i = 0; i < lb_get(out, "entries")->count; i++) {
        const lb_value *entry = lb_get(out, "entries")->item[i];
        if (strcmp(lb_get_text(entry, "kind", ""), "entry") == 0) assert_int_equal(lb_get(entry, "changes")->count, 0);
    }
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY "?keying=2", "{\"values\":{},\"revision\":0}", 403, NULL);
    study_expect(&f, &second, "PUT", ELIGIBILITY "?keying=2", "{\"values\":{" ELIGIBLE ",\"lbp_months\":42,\"odi_screen\":\"40.0\"},\"revision\":0}", 400, NULL);
    const char *keyed = "{\"values\":{\"subjid\":\"c01-001 \",\"consent_date\":\"2026-02-01\",\"birth_year\":1958,\"sex\":\"F\",\"age\":68,\"lbp_months\":42,"
                        "\"odi_screen\":\"40.0\",\"goutallier\":\"2\",\"surg_indication\":0,\"conservative\":1,\"can_exercise\":1,\"willing\":1,\"exc_specific\":0,"
                        "\"exc_surgery\":0,\"exc_comorb\":0,\"exc_cognition\":0,\"exc_physical\":0,\"exc_trial\":0},\"revision\":0}";
    study_expect(&f, &second, "PUT", ELIGIBILITY "?keying=2", keyed, 200, &out);
    assert_string_equal(lb_get_text(out, "second", ""), "differences");
    study_expect(&f, &third, "GET", ELIGIBILITY "/differences", NULL, 200, &out);
    assert_int_equal(lb_get(out, "differences")->count, 2);
    assert_string_equal(lb_path(out, "differences[0].item")->text, "lbp_months");
    assert_int_equal(lb_path(out, "differences[0].first")->integer, 24);
    assert_int_equal(lb_path(out, "differences[0].second")->integer, 42);
    assert_string_equal(lb_path(out, "differences[1].item")->text, "exc_hypersens");
    const char *settle = "{\"settle\":[{\"item\":\"lbp_months\",\"choice\":\"second\",\"reason\":\"paper says 42\"},"
                         "{\"item\":\"exc_hypersens\",\"choice\":\"first\",\"reason\":\"ticked on paper\"}]}";
    study_expect(&f, &second, "POST", ELIGIBILITY "/settle", settle, 403, NULL);
    study_expect(&f, &third, "POST", ELIGIBILITY "/settle", "{\"settle\":[{\"item\":\"lbp_months\",\"choice\":\"second\",\"reason\":\"\"}]}", 422, NULL);
    study_expect(&f, &third, "POST", ELIGIBILITY "/settle", settle, 200, &out);
    assert_int_equal(lb_get_int(out, "left", -1), 0);
    study_expect(&f, &third, "GET", ELIGIBILITY, NULL, 200, &out);
    assert_string_equal(lb_get_text(out, "second", ""), "settled");
    assert_int_equal(lb_path(out, "values.lbp_months")->integer, 42);
}

static void test_sign_verify_lock(void **state)
{
    (void)state;
    lb_value *out;
    study_user coordinator = study_as(&f, "coordinator"), investigator = study_as(&f, "investigator"), monitor = study_as(&f, "monitor"),
               manager = study_as(&f, "data_manager");
    study_expect(&f, &monitor, "POST", ELIGIBILITY "/verify", "{\"items\":[\"age\",\"sex\"]}", 200, &out);
    assert_string_equal(lb_path(out, "verified.age.by")->text, "monitor");
    study_expect(&f, &monitor, "POST", ELIGIBILITY "/verify", "{\"items\":[\"nothing\"]}", 422, NULL);
    study_expect(&f, &investigator, "POST", ELIGIBILITY "/sign", "{\"password\":\"wrong\",\"meaning\":\"reviewed\"}", 403, NULL);
    study_expect(&f, &investigator, "POST", ELIGIBILITY "/sign", "{\"password\":\"" STUDY_PASSWORD "\",\"meaning\":\"reviewed\"}", 200, &out);
    assert_string_equal(lb_get_text(out, "state", ""), "signed");
    assert_string_equal(lb_path(out, "signatures[0].meaning")->text, "reviewed");
    assert_int_equal(strlen(lb_path(out, "signatures[0].hash")->text), 64);
    int64_t revision = lb_get_int(out, "revision", 0);
    char body[2048];
    snprintf(body, sizeof body, "{\"values\":{\"subjid\":\"C01-001\",\"consent_date\":\"2026-02-01\",\"birth_year\":1958,\"sex\":\"F\",\"age\":67,\"lbp_months\":42,"
             "\"odi_screen\":40,\"goutallier\":\"2\",\"surg_indication\":0,\"conservative\":1,\"can_exercise\":1,\"willing\":1,\"exc_specific\":0,\"exc_surgery\":0,"
             "\"exc_comorb\":0,\"exc_cognition\":0,\"exc_physical\":0,\"exc_trial\":0,\"exc_hypersens\":0},\"revision\":%d,\"reason\":\"source\"}", (int)revision);
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY, body, 200, &out);
    assert_string_equal(lb_get_text(out, "state", ""), "complete"); /* the signature is void */
    study_expect(&f, &investigator, "GET", ELIGIBILITY, NULL, 200, &out);
    assert_non_null(lb_path(out, "signatures[0].void_at"));
    assert_null(lb_path(out, "verified.age"));
    assert_non_null(lb_path(out, "verified.sex"));
    study_expect(&f, &manager, "POST", ELIGIBILITY "/lock", NULL, 200, &out);
    snprintf(body, sizeof body, "{\"values\":{\"age\":60},\"revision\":%d,\"reason\":\"x\"}", (int)lb_get_int(out, "revision", 0));
    study_expect(&f, &coordinator, "PUT", ELIGIBILITY, body, 409, NULL);
    study_expect(&f, &manager, "POST", ELIGIBILITY "/unlock", "{\"reason\":\"\"}", 422, NULL);
    study_expect(&f, &manager, "POST", ELIGIBILITY "/unlock", "{\"reason\":\"query 12\"}", 200, &out);
    assert_string_equal(lb_get_text(out, "state", ""), "complete");
}

static void test_people(void **state)
{
    (void)state;
    lb_value *out;
    study_user coordinator = study_as(&f, "coordinator"), assessor = study_as(&f, "assessor"), other = study_as(&f, "coordinator.c02");
    study_expect(&f, &coordinator, "GET", "/api/people", NULL, 200, &out);
    assert_int_equal(lb_get(out, "people")->count, 1);
    assert_string_equal(lb_path(out, "people[0].cells.SCR")->text, "started");
    assert_non_null(lb_path(out, "people[0].cells.DIARY"));
    study_expect(&f, &assessor, "GET", "/api/people", NULL, 200, &out);
    assert_null(lb_path(out, "people[0].cells.DIARY"));
    study_expect(&f, &other, "GET", "/api/people", NULL, 200, &out);
    assert_int_equal(lb_get(out, "people")->count, 0);
    study_expect(&f, &other, "GET", "/api/people/C01-001", NULL, 404, NULL);
    study_expect(&f, &other, "GET", ELIGIBILITY, NULL, 404, NULL);
    study_expect(&f, &other, "POST", "/api/people", "{\"site\":\"C01\"}", 403, NULL);
    study_expect(&f, &coordinator, "GET", "/api/people/C01-001", NULL, 200, &out);
    assert_string_equal(lb_path(out, "timeline[0].visit")->text, "SCR");
    study_expect(&f, &coordinator, "PUT", "/api/people/C01-001/identity", "{\"identity\":{\"name\":\"Participant One\",\"phone\":\"555\"}}", 200, NULL);
    study_expect(&f, &coordinator, "GET", "/api/people/C01-001/identity", NULL, 200, &out);
    assert_string_equal(lb_get_text(out, "name", ""), "Participant One");
    study_expect(&f, &assessor, "GET", "/api/people/C01-001/identity", NULL, 403, NULL);
    study_expect(&f, &other, "GET", "/api/people/C01-001/identity", NULL, 404, NULL);
    study_user monitor = study_as(&f, "monitor");
    study_expect(&f, &monitor, "GET", "/api/audit?subject=C01-001&action=view_identity", NULL, 200, &out);
    assert_int_equal(lb_get(out, "entries")->count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form_page),       cmocka_unit_test(test_check_and_draft),  cmocka_unit_test(test_save_conflict_reason),
        cmocka_unit_test(test_queries),         cmocka_unit_test(test_double_entry),     cmocka_unit_test(test_sign_verify_lock),
        cmocka_unit_test(test_people),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
