/* A review in a study's store: begun by a manager, screened by two people who do not see each other's decision, settled by a third,
 * extracted, with kappa; who did what and when is in the audit, and all of it is still there when the server starts anew. */
#include "lumbar_test.h"
#include "api/study_fixture.h"

#define RIS                                                                                                                     \
    "TY  - JOUR\\nTI  - Individualised exercise for back pain\\nPY  - 2019\\nDO  - 10.1000/a\\nER  - \\n"                       \
    "TY  - JOUR\\nTI  - A cohort of runners\\nPY  - 2020\\nDO  - 10.1000/b\\nER  - \\n"                                         \
    "TY  - JOUR\\nTI  - Yoga or waiting list\\nPY  - 2021\\nDO  - 10.1000/c\\nER  - \\n"
#define FORM "fields:\\n- {name: sd1, label: SD, kind: number}\\nreasons: [no trial]\\n"
#define BEGIN "{\"id\":\"exercise\",\"title\":\"Exercise\",\"ris\":\"" RIS "\",\"form\":\"" FORM "\"}"
#define AT "/api/review/exercise"

static void screen(study_fixture *f, const study_user *user, const char *record, const char *stage, const char *decision, int status)
{
    study_expect(f, user, "POST", AT,
                 lb_arena_printf(f->arena, "{\"viewer\":\"somebody else\",\"event\":{\"what\":\"screen\",\"who\":\"somebody else\",\"record\":\"%s\",\"stage\":\"%s\",\"decision\":\"%s\"}}",
                                 record, stage, decision),
                 status, NULL);
}

/* How many decisions of a record's stage this person sees, and the first one's author. */
static size_t decisions(study_fixture *f, const study_user *user, const char *record, const char **who)
{
    lb_value *state = NULL;
    study_expect(f, user, "POST", AT, "{}", 200, &state);
    const lb_value *records = lb_get(state, "records");
    for (size_t i = 0; records && i < records->count; i++) {
        if (strcmp(lb_get_text(records->item[i], "id", ""), record) != 0) continue;
        const lb_value *list = lb_get(lb_get(lb_get(records->item[i], "stages"), "title"), "decisions");
        if (who) *who = list && list->count ? lb_get_text(list->item[0], "who", "") : "";
        return list ? list->count : 0;
    }
    fail_msg("no record %s", record);
    return 0;
}

static void begin(study_fixture *f)
{
    fixture_start(f, "metnlbp.yaml");
    study_user manager = study_as(f, "data_manager");
    study_expect(f, &manager, "POST", "/api/reviews", BEGIN, 200, NULL);
}

static void test_two_people_and_a_third(void **unused)
{
    (void)unused;
    study_fixture f;
    const char *who = NULL;
    lb_value *state = NULL, *audit = NULL;
    begin(&f);
    study_user one = study_as(&f, "statistician"), two = study_as(&f, "assessor"), three = study_as(&f, "therapist"), manager = study_as(&f, "data_manager");
    screen(&f, &one, "r1", "title", "include", 200);
    assert_int_equal(decisions(&f, &two, "r1", NULL), 0); /* masked until one's own */
    screen(&f, &two, "r1", "title", "exclude", 200);
    assert_int_equal(decisions(&f, &two, "r1", &who), 2);
    assert_string_equal(who, "statistician"); /* who signed in, not who the request says */
    screen(&f, &one, "r1", "title", "exclude", 422); /* both have decided: it stands */
    screen(&f, &one, "r2", "title", "exclude", 200);
    screen(&f, &two, "r2", "title", "exclude", 200);
    screen(&f, &one, "r3", "title", "include", 200);
    screen(&f, &two, "r3", "title", "include", 200);
    study_expect(&f, &three, "POST", AT, "{\"event\":{\"what\":\"settle\",\"record\":\"r1\",\"stage\":\"title\",\"decision\":\"include\",\"reason\":\"adapted to the person\"}}", 200, &state);
    const lb_value *agreement = lb_get(state, "agreement");
    assert_non_null(agreement);
    /* a table of 1 1 / 0 1: observed 2/3, expected (2 x 1 + 1 x 2)/9, so kappa = (2/3 - 4/9)/(5/9) */
    assert_true(fabs(lb_number_of(lb_get(agreement->item[0], "kappa")) - 0.4) < 1e-12);
    study_expect(&f, &manager, "GET", "/api/audit?kind=review", NULL, 200, &audit);
    const lb_value *entries = lb_get(audit, "entries");
    assert_non_null(entries);
    size_t settled = 0, screened = 0;
    for (size_t i = 0; i < entries->count; i++) {
        const char *action = lb_get_text(entries->item[i], "action", ""), *user = lb_get_text(entries->item[i], "user", "");
        settled += strcmp(action, "settle") == 0 && strcmp(user, "therapist") == 0;
        screened += strcmp(action, "screen") == 0 && (strcmp(user, "statistician") == 0 || strcmp(user, "assessor") == 0);
        assert_true(strlen(lb_get_text(entries->item[i], "at", "")) > 10);
    }
    assert_int_equal(settled, 2);   /* the head and the event */
    assert_int_equal(screened, 12);
    fixture_stop(&f);
}

static void test_it_lasts(void **unused)
{
    (void)unused;
    study_fixture f;
    lb_value *before = NULL, *after = NULL, *listed = NULL;
    lb_buf first = {0}, second = {0};
    begin(&f);
    study_user one = study_as(&f, "statistician"), manager = study_as(&f, "data_manager");
    screen(&f, &one, "r1", "title", "include", 200);
    study_expect(&f, &manager, "POST", AT "/references", "{\"ris\":\"TY  - JOUR\\nTI  - A later trial\\nPY  - 2024\\nER  - \\n\",\"source\":\"update\"}", 200, NULL);
    screen(&f, &one, "r4", "title", "include", 200);
    study_expect(&f, &manager, "GET", "/api/review-document/exercise", NULL, 200, &before);
    fixture_restart(&f);
    manager = study_as(&f, "data_manager");
    study_expect(&f, &manager, "GET", "/api/review-document/exercise", NULL, 200, &after);
    lb_json_write(before, 0, &first);
    lb_json_write(after, 0, &second);
    assert_string_equal(first.data, second.data);
    assert_int_equal(lb_get(after, "records")->count, 4);
    assert_int_equal(lb_get(after, "events")->count, 2);
    study_expect(&f, &manager, "GET", "/api/reviews", NULL, 200, &listed);
    assert_int_equal(lb_get(listed, "reviews")->count, 1);
    lb_buf_free(&first);
    lb_buf_free(&second);
    fixture_stop(&f);
}

static void test_refused(void **unused)
{
    (void)unused;
    study_fixture f;
    begin(&f);
    study_user one = study_as(&f, "statistician"), manager = study_as(&f, "data_manager"), investigator = study_as(&f, "investigator");
    screen(&f, &manager, "r1", "title", "include", 403); /* who sees everything does not decide */
    study_expect(&f, &investigator, "POST", AT, "{}", 403, NULL); /* reads the audit */
    study_expect(&f, &one, "GET", "/api/review-document/exercise", NULL, 403, NULL);
    study_expect(&f, &one, "POST", "/api/reviews", BEGIN, 403, NULL);
    study_expect(&f, &one, "POST", "/api/review/other", "{}", 404, NULL);
    study_expect(&f, &one, "POST", "/api/review/exercise|000001", "{}", 404, NULL);
    study_expect(&f, &manager, "POST", "/api/reviews", BEGIN, 409, NULL); /* it is there already */
    study_expect(&f, &manager, "POST", "/api/reviews", "{\"id\":\"a|b\",\"title\":\"x\",\"ris\":\"\"}", 400, NULL);
    study_expect(&f, &manager, "POST", "/api/reviews", "{\"id\":\"b\",\"title\":\"x\",\"ris\":\"no references\"}", 422, NULL);
    screen(&f, &one, "r99", "title", "include", 422);
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_people_and_a_third),
        cmocka_unit_test(test_it_lasts),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
