/* The disk of a served study fills up, and another program locks its database: what people get over HTTP. They are told what it
 * means and nothing of the machine, nothing is lost or half there, reading goes on, and once there is room the same save succeeds. */
#include "lumbar_test.h"
#include "api/study_fixture.h"
#include "faulty_disk.h"

static study_fixture f;
#define FORM "/api/forms/C01-001/SCR/eligibility"

static int start(void **state)
{
    (void)state;
    install_disk();
    fixture_start(&f, "metnlbp.yaml");
    study_user user = study_as(&f, "coordinator");
    study_expect(&f, &user, "POST", "/api/people", "{\"site\":\"C01\"}", 200, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

static int64_t revision(const study_user *user)
{
    lb_value *out;
    study_expect(&f, user, "GET", FORM, NULL, 200, &out);
    return lb_get_int(out, "revision", -1);
}

/* A save is refused while the trouble lasts, and its answer tells nothing of the server. */
static void refused(const study_user *user, const char *path, const char *body, const char *words)
{
    lb_value *out;
    lb_buf text = {0};
    study_expect(&f, user, strstr(path, "/api/p/") || strcmp(path, "/api/people") == 0 ? "POST" : "PUT", path, body, 503, &out);
    assert_string_equal(lb_path(out, "error.code")->text, "store");
    assert_non_null(strstr(study_error(out), words));
    assert_non_null(strstr(study_error(out), "nothing was changed"));
    lb_json_write(out, 0, &text);
    const char *slash = strrchr(lb_store_where(f.store), '/');
    const char *const secret[] = {lb_store_where(f.store), slash + 1, "sqlite", "SQL", "tmp"};
    for (size_t i = 0; i < LB_COUNT(secret); i++)
        if (strstr(text.data, secret[i])) fail_msg("the answer tells '%s': %s", secret[i], text.data);
    lb_buf_free(&text);
}

static void sound(void)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    assert_int_equal(lb_store_verify(f.store, f.arena, &out, &err), LB_OK);
    assert_true(lb_get_bool(out, "valid", false));
}

static void test_disk_full(void **state)
{
    (void)state;
    study_user user = study_as(&f, "coordinator");
    lb_value *link;
    study_expect(&f, &user, "PUT", FORM "/draft", "{\"values\":{\"age\":61}}", 200, NULL);
    study_expect(&f, &user, "POST", "/api/people/C01-001/link", NULL, 200, &link);
    int64_t before = revision(&user);
    disk.error = SQLITE_FULL;
    disk.stuck = true;
    disk.countdown = 1;
    refused(&user, FORM, "{\"values\":{\"age\":62},\"revision\":0}", "disk is full");
    refused(&user, FORM "/draft", "{\"values\":{\"age\":62}}", "disk is full");
    refused(&user, "/api/people", "{\"site\":\"C01\"}", "disk is full");
    assert_int_equal(study_ask(&f, NULL, "POST", "/api/session", "{\"user\":\"assessor\",\"password\":\"" STUDY_PASSWORD "\"}", NULL), 503); /* a sign-in is recorded */
    lb_value *page;
    assert_int_equal(revision(&user), before); /* reading goes on */
    study_expect(&f, &user, "GET", FORM, NULL, 200, &page);
    assert_int_equal(lb_path(page, "draft.values.age")->integer, 61);
    disk.countdown = 0;
    study_expect(&f, &user, "PUT", FORM, "{\"values\":{\"age\":62},\"revision\":0}", 200, NULL);
    assert_int_equal(revision(&user), before + 1);
    sound();
}

static void test_locked(void **state)
{
    (void)state;
    study_user user = study_as(&f, "coordinator");
    int64_t before = revision(&user);
    char body[100];
    sqlite3 *other;
    snprintf(body, sizeof body, "{\"values\":{\"age\":63},\"revision\":%lld,\"reason\":\"misread\"}", (long long)before);
    assert_int_equal(sqlite3_open_v2(lb_store_where(f.store), &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(other, 10000); /* the store may be at a checkpoint */
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    refused(&user, FORM, body, "locked by another program");
    assert_int_equal(revision(&user), before);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    study_expect(&f, &user, "PUT", FORM, body, 200, NULL);
    assert_int_equal(revision(&user), before + 1);
    sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_disk_full), cmocka_unit_test(test_locked)};
    return cmocka_run_group_tests(tests, start, stop);
}
