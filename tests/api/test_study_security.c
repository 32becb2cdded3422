/* What a curious or careless person may try: passwords, sessions, tokens, paths, bodies, files. */
#include "api/study_fixture.h"
#include "trial/conduct/totp.h"

#include <pthread.h>

static study_fixture f;

static int start(void **state)
{
    (void)state;
    fixture_start(&f, "metnlbp.yaml");
    study_user coordinator = study_as(&f, "coordinator");
    study_expect(&f, &coordinator, "POST", "/api/people", "{\"site\":\"C01\"}", 200, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

static void test_session_of_nobody(void **state)
{
    (void)state;
    lb_value *out;
    study_expect(&f, NULL, "GET", "/api/session", NULL, 200, &out);
    assert_false(lb_get_bool(out, "signed_in", true));
    assert_string_equal(lb_get_text(out, "mode", ""), "study");
    assert_null(lb_get(out, "token"));
    study_expect(&f, NULL, "GET", "/api/people", NULL, 401, &out);
    assert_string_equal(lb_path(out, "error.code")->text, "sign_in");
}

/* Unknown user, wrong password, locked: one answer. */
static void test_ten_wrong_passwords(void **state)
{
    (void)state;
    study_user user;
    lb_value *unknown, *wrong;
    study_expect(&f, NULL, "POST", "/api/session", "{\"user\":\"nobody.here\",\"password\":\"x\"}", 401, &unknown);
    for (int i = 0; i < 9; i++) study_expect(&f, NULL, "POST", "/api/session", "{\"user\":\"assessor\",\"password\":\"wrong\"}", 401, &wrong);
    assert_int_equal(study_sign_in(&f, "assessor", STUDY_PASSWORD, &user), 200); /* nine, then right: the count begins anew */
    for (int i = 0; i < 10; i++) study_expect(&f, NULL, "POST", "/api/session", "{\"user\":\"assessor\",\"password\":\"wrong\"}", 401, &wrong);
    assert_string_equal(study_error(unknown), study_error(wrong));
    assert_string_equal(lb_path(unknown, "error.hint")->text, lb_path(wrong, "error.hint")->text);
    assert_int_equal(study_sign_in(&f, "assessor", STUDY_PASSWORD, &user), 401);
    study_expect(&f, &user, "GET", "/api/people", NULL, 401, NULL); /* and the session that was open has ended */
    study_user admin = study_as(&f, "administrator");
    study_expect(&f, &admin, "PUT", "/api/users/assessor", "{\"state\":\"active\",\"reason\":\"forgot it, identity checked\"}", 200, NULL);
    assert_int_equal(study_sign_in(&f, "assessor", STUDY_PASSWORD, &user), 200);
    f.moved_us += 20 * 60 * (int64_t)1000000; /* the address may try again */
}

static void test_address_limit(void **state)
{
    (void)state;
    char body[128];
    int status = 0;
    for (int i = 0; i < 31; i++) {
        snprintf(body, sizeof body, "{\"user\":\"nobody%d\",\"password\":\"x\"}", i);
        status = study_ask(&f, NULL, "POST", "/api/session", body, NULL);
    }
    assert_int_equal(status, 429);
    f.moved_us += 20 * 60 * (int64_t)1000000;
    study_as(&f, "coordinator");
}

static void test_fixation(void **state)
{
    (void)state;
    char head[512], cookie[512];
    reply r;
    const char *body = "{\"user\":\"coordinator\",\"password\":\"" STUDY_PASSWORD "\"}";
    snprintf(head, sizeof head, "POST /api/session HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n", f.port, strlen(body));
    client_ask(f.port, head, body, strlen(body), &r);
    assert_int_equal(r.status, 200);
    reply_header(&r, "Set-Cookie", cookie, sizeof cookie);
    assert_null(strstr(cookie, "AAAAAAAA"));
    assert_non_null(strstr(cookie, "HttpOnly"));
    assert_non_null(strstr(cookie, "SameSite=Strict"));
    char cache[64];
    assert_string_equal(reply_header(&r, "Cache-Control", cache, sizeof cache), "no-store");
    /* A new sign-in with an old cookie ends the old session. */
    study_user first = {"", ""}, second = {"", ""};
    study_take_session(&f, &r, &first);
    reply_free(&r);
    snprintf(head, sizeof head, "POST /api/session HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=%s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
             f.port, first.cookie, strlen(body));
    client_ask(f.port, head, body, strlen(body), &r);
    study_take_session(&f, &r, &second);
    reply_free(&r);
    assert_string_not_equal(first.cookie, second.cookie);
    study_expect(&f, &first, "GET", "/api/people", NULL, 401, NULL);
    study_expect(&f, &second, "GET", "/api/people", NULL, 200, NULL);
    study_expect(&f, &second, "DELETE", "/api/session", NULL, 200, NULL);
    study_expect(&f, &second, "GET", "/api/people", NULL, 401, NULL);
}

static void test_cross_site(void **state)
{
    (void)state;
    char head[768];
    reply r;
    study_user user = study_as(&f, "coordinator"), other = study_as(&f, "investigator");
    lb_value *out;
    study_user mixed = user;
    snprintf(mixed.token, sizeof mixed.token, "%s", other.token);
    study_expect(&f, &mixed, "POST", "/api/people", "{\"site\":\"C01\"}", 403, &out);
    assert_string_equal(lb_path(out, "error.code")->text, "token");
    mixed.token[0] = '\0';
    study_expect(&f, &mixed, "POST", "/api/people", "{\"site\":\"C01\"}", 403, NULL);
    const char *body = "{\"site\":\"C01\"}";
    snprintf(head, sizeof head, "POST /api/people HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: https://evil.example\r\nCookie: lumbar=%s\r\nX-Lumbar-Token: %s\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n", f.port, user.cookie, user.token, strlen(body));
    client_ask(f.port, head, body, strlen(body), &r);
    assert_int_equal(r.status, 403);
    reply_free(&r);
    snprintf(head, sizeof head, "POST /api/people HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=%s\r\nX-Lumbar-Token: %s\r\nContent-Type: text/plain\r\n"
             "Content-Length: %zu\r\n", f.port, user.cookie, user.token, strlen(body));
    client_ask(f.port, head, body, strlen(body), &r);
    assert_int_equal(r.status, 400);
    reply_free(&r);
}

/* The session ends while somebody types: nothing is lost, and signing in again goes on. */
static void test_expired_while_typing(void **state)
{
    (void)state;
    lb_value *out;
    const char *const form = "/api/forms/C01-001/SCR/eligibility";
    study_user user = study_as(&f, "coordinator");
    study_expect(&f, &user, "PUT", "/api/forms/C01-001/SCR/eligibility/draft", "{\"values\":{\"age\":61}}", 200, NULL);
    f.moved_us += 31 * 60 * (int64_t)1000000;
    study_expect(&f, &user, "PUT", form, "{\"values\":{\"age\":62},\"revision\":0}", 401, &out);
    assert_string_equal(lb_path(out, "error.code")->text, "expired");
    user = study_as(&f, "coordinator");
    study_expect(&f, &user, "GET", form, NULL, 200, &out);
    assert_int_equal(lb_path(out, "draft.values.age")->integer, 61);
    study_expect(&f, &user, "PUT", form, "{\"values\":{\"age\":62},\"revision\":0}", 200, NULL);
    f.moved_us += 13 * 3600 * (int64_t)1000000;
    study_expect(&f, &user, "GET", form, NULL, 401, NULL);
}

static void test_role_changed_while_typing(void **state)
{
    (void)state;
    study_user admin = study_as(&f, "administrator"), user = study_as(&f, "therapist");
    study_expect(&f, &user, "GET", "/api/people", NULL, 200, NULL);
    study_expect(&f, &admin, "PUT", "/api/users/therapist", "{\"role\":\"statistician\",\"reason\":\"moved\"}", 200, NULL);
    study_expect(&f, &user, "GET", "/api/people", NULL, 401, NULL);
    user = study_as(&f, "therapist");
    study_expect(&f, &user, "GET", "/api/people", NULL, 403, NULL);
    study_expect(&f, &admin, "PUT", "/api/users/administrator.c01", "{\"state\":\"left\",\"reason\":\"left\"}", 200, NULL);
    study_expect(&f, &admin, "PUT", "/api/users/administrator.c02", "{\"state\":\"left\",\"reason\":\"left\"}", 200, NULL);
    study_expect(&f, &admin, "PUT", "/api/users/administrator", "{\"role\":\"monitor\",\"reason\":\"x\"}", 409, NULL); /* the last one */
    study_expect(&f, &admin, "PUT", "/api/users/nobody", "{\"role\":\"monitor\",\"reason\":\"x\"}", 404, NULL);
}

/* A new user: a password for once, one of one's own, the second factor, and codes that count once. */
static void test_new_user(void **state)
{
    (void)state;
    lb_value *out;
    char body[256];
    study_user admin = study_as(&f, "administrator"), user = {"", ""};
    study_expect(&f, &admin, "POST", "/api/users", "{\"name\":\"new.person\",\"full_name\":\"New\",\"role\":\"data_manager\",\"sites\":[],\"second_factor\":true}", 200, &out);
    char once[64];
    snprintf(once, sizeof once, "%s", lb_get_text(out, "once", ""));
    study_expect(&f, &admin, "POST", "/api/users", "{\"name\":\"new.person\",\"full_name\":\"New\",\"role\":\"monitor\",\"sites\":[]}", 409, NULL);
    study_expect(&f, &admin, "POST", "/api/users", "{\"name\":\"x|y\",\"full_name\":\"New\",\"role\":\"monitor\",\"sites\":[]}", 422, NULL);
    study_expect(&f, &admin, "POST", "/api/users", "{\"name\":\"other.one\",\"full_name\":\"New\",\"role\":\"root\",\"sites\":[]}", 422, NULL);
    assert_int_equal(study_sign_in(&f, "new.person", once, &user), 200);
    study_expect(&f, &user, "GET", "/api/people", NULL, 403, &out);
    assert_string_equal(lb_path(out, "error.code")->text, "must");
    snprintf(body, sizeof body, "{\"old\":\"%s\",\"new\":\"short\"}", once);
    study_expect(&f, &user, "POST", "/api/session/password", body, 422, NULL);
    snprintf(body, sizeof body, "{\"old\":\"%s\",\"new\":\"my new.person pass phrase\"}", once);
    study_expect(&f, &user, "POST", "/api/session/password", body, 422, NULL); /* holds the name */
    snprintf(body, sizeof body, "{\"old\":\"%s\",\"new\":\"four unrelated plain words\"}", once);
    study_expect(&f, &user, "POST", "/api/session/password", body, 200, NULL);
    study_expect(&f, &user, "GET", "/api/people", NULL, 403, NULL); /* the second factor is still missing */
    study_expect(&f, &user, "POST", "/api/session/otp", NULL, 200, &out);
    assert_true(lb_text_starts(lb_get_text(out, "qr_svg", ""), "<svg"));
    const char *base32 = lb_get_text(out, "secret", "");
    uint8_t secret[LB_TOTP_SECRET] = {0};
    for (size_t i = 0; i < 32; i++) { /* back from base32, as an app does */
        unsigned value = (unsigned)(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", base32[i]) - "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
        for (size_t b = 0; b < 5; b++)
            if (value >> (4 - b) & 1) secret[(5 * i + b) / 8] |= (uint8_t)(0x80 >> (5 * i + b) % 8);
    }
    study_expect(&f, &user, "POST", "/api/session/otp/confirm", "{\"code\":\"000000\"}", 422, NULL);
    snprintf(body, sizeof body, "{\"code\":\"%06u\"}", lb_totp_code(secret, sizeof secret, fixture_clock(&f) / 30000000, 6));
    study_expect(&f, &user, "POST", "/api/session/otp/confirm", body, 200, NULL);
    study_expect(&f, &user, "GET", "/api/people", NULL, 200, NULL);
    study_expect(&f, NULL, "POST", "/api/session", "{\"user\":\"new.person\",\"password\":\"four unrelated plain words\"}", 401, &out);
    assert_string_equal(lb_path(out, "error.code")->text, "otp_needed");
    f.moved_us += 90 * (int64_t)1000000;
    snprintf(body, sizeof body, "{\"user\":\"new.person\",\"password\":\"four unrelated plain words\",\"otp\":\"%06u\"}",
             lb_totp_code(secret, sizeof secret, fixture_clock(&f) / 30000000, 6));
    study_expect(&f, NULL, "POST", "/api/session", body, 200, NULL);
    study_expect(&f, NULL, "POST", "/api/session", body, 401, NULL); /* the same code again */
    study_expect(&f, &admin, "GET", "/api/audit?kind=user", NULL, 200, &out);
    lb_buf text = {0};
    lb_json_write(out, 0, &text);
    assert_null(strstr(text.data, "argon2"));
    lb_buf_free(&text);
}

static void test_paths_and_bodies(void **state)
{
    (void)state;
    study_user user = study_as(&f, "coordinator");
    const char *const gone[] = {"/api/people/..%2f..%2fetc%2fpasswd", "/api/people/C01-001%7Cx", "/api/forms/C01-001/SCR%7Celigibility/x", "/api/forms/%2e%2e/SCR/eligibility",
                                "/api/forms/C01-001/SCR/eligibility/file/..%2f..%2fkeys", "/api/people/C01-001'%20OR%201=1--", "/api/forms/C01-001/SCR.1/eligibility",
                                "/api/forms/C01-001/AE.0/ae", "/api/forms/C01-001/AE.99999999999/ae", "/api/forms/C01-001/AE.01/ae"};
    for (size_t i = 0; i < LB_COUNT(gone); i++) study_expect(&f, &user, "GET", gone[i], NULL, 404, NULL);
    study_expect(&f, &user, "GET", "/api/people?site=%00", NULL, 400, NULL);
    study_expect(&f, &user, "GET", "/api/people?site=%zz", NULL, 400, NULL);
    study_expect(&f, &user, "PATCH", "/api/people", NULL, 405, NULL);
    study_expect(&f, &user, "POST", "/api/people", "{\"site\":\"C01\"", 400, NULL);
    study_expect(&f, &user, "POST", "/api/people", "{\"site\":1}", 400, NULL);
    study_expect(&f, &user, "POST", "/api/people", "{\"site\":\"C01\",\"admin\":true}", 400, NULL);
    study_expect(&f, &user, "POST", "/api/people", "[]", 400, NULL);
    lb_buf deep = {0};
    lb_buf_puts(&deep, "{\"site\":");
    for (int i = 0; i < 5000; i++) lb_buf_putc(&deep, '[');
    study_expect(&f, &user, "POST", "/api/people", deep.data, 400, NULL);
    lb_buf_free(&deep);
    study_user manager = study_as(&f, "data_manager");
    const char *const tables[] = {"/api/snapshots/..%2f..%2fx/participants.csv", "/api/snapshots/x/..%2fparticipants.csv", "/api/exports/x/..%2f..%2fx.csv"};
    for (size_t i = 0; i < LB_COUNT(tables); i++) study_expect(&f, &manager, "GET", tables[i], NULL, 404, NULL);
}

static int upload(const study_user *user, const char *path, const char *name, const void *data, size_t length, lb_value **out)
{
    lb_buf body = {0};
    lb_buf_printf(&body, "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n\r\n", name);
    lb_buf_add(&body, data, length);
    lb_buf_puts(&body, "\r\n--B--\r\n");
    const char *head = lb_arena_printf(f.arena, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=%s\r\nX-Lumbar-Token: %s\r\n"
                                       "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: %zu\r\n", path, f.port, user->cookie, user->token, body.length);
    reply r;
    client_ask(f.port, head, body.data, body.length, &r);
    lb_buf_free(&body);
    lb_error err = LB_ERROR_INIT;
    const char *text = lb_arena_textn(f.arena, r.body, r.length);
    const lb_bytes bytes = {(const uint8_t *)text, r.length, "reply"};
    *out = NULL;
    if (lb_json_read(&bytes, f.arena, out, &err) != LB_OK) *out = NULL;
    reply_free(&r);
    return r.status;
}

static int fixture_consent(lb_tx *tx, void *context, lb_error *err)
{
    (void)context;
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_text(body, "kind", "first");
    lb_set_text(body, "date", "2026-01-05");
    lb_set_text(body, "form_version", "1.0");
    const lb_change change = {.action = "fixture"};
    lb_record record = {.kind = LB_KIND_CONSENT, .key = "C01-001|1", .site = "C01", .subject = "C01-001", .body = body};
    return lb_tx_put(tx, &record, -1, &change, err);
}

static void test_uploads(void **state)
{
    (void)state;
    lb_value *out;
    lb_error err = LB_ERROR_INIT;
    const char *const path = "/api/forms/C01-001/BL/function_tests/upload/emg_file", *const form = "/api/forms/C01-001/BL/function_tests";
    study_user assessor = study_as(&f, "assessor"), coordinator = study_as(&f, "coordinator"), manager = study_as(&f, "data_manager");
    const char edf[] = "0       X X X X rest of a header";
    assert_int_equal(upload(&assessor, path, "emg.edf", edf, sizeof edf, &out), 409); /* before consent */
    assert_int_equal(lb_store_write(f.store, &fixture_actor, f.arena, fixture_consent, NULL, &err), LB_OK);
    assert_int_equal(upload(&manager, path, "emg.edf", edf, sizeof edf, &out), 403);
    assert_int_equal(upload(&coordinator, path, "emg.edf", edf, sizeof edf, &out), 403); /* an assessor's form */
    assert_int_equal(upload(&assessor, path, "emg.edf", "MZ\0\0binary", 10, &out), 422);
    assert_int_equal(upload(&assessor, path, "emg.csv", "%PDF-1.7 is text too", 20, &out), 422);
    assert_int_equal(upload(&assessor, path, "emg.edf", "", 0, &out), 422);
    assert_int_equal(upload(&assessor, "/api/forms/C01-001/BL/function_tests/upload/bs_seconds", "emg.edf", edf, sizeof edf, &out), 404);
    char *huge = calloc(1, 65 * 1000 * 1000);
    memcpy(huge, edf, sizeof edf);
    assert_int_equal(upload(&assessor, path, "emg.edf", huge, 65 * 1000 * 1000, &out), 413);
    free(huge);
    assert_int_equal(upload(&assessor, path, "../../../etc/cron.d/emg.edf", edf, sizeof edf, &out), 200);
    assert_string_equal(lb_get_text(out, "name", ""), "emg.edf");
    char body[256], file[256];
    snprintf(body, sizeof body, "{\"values\":{\"emg_file\":\"%s\"},\"revision\":0}", lb_get_text(out, "id", ""));
    snprintf(file, sizeof file, "%s/file/%s", form, lb_get_text(out, "id", ""));
    study_expect(&f, &assessor, "PUT", form, "{\"values\":{\"emg_file\":\"../../keys\"},\"revision\":0}", 422, NULL);
    study_expect(&f, &assessor, "PUT", form, body, 200, NULL);
    study_expect(&f, &assessor, "GET", form, NULL, 200, &out);
    assert_string_equal(lb_path(out, "files.emg_file.name")->text, "emg.edf");
    study_expect(&f, &assessor, "GET", file, NULL, 200, NULL);
    snprintf(file, sizeof file, "/api/forms/C01-001/W06/function_tests/file/%s", strrchr(file, '/') + 1);
    study_expect(&f, &assessor, "GET", file, NULL, 404, NULL);
}

static void test_operations_are_for_analysts(void **state)
{
    (void)state;
    const char *const call = "{\"parameters\":{\"delta\":1,\"sd\":1}}";
    study_user coordinator = study_as(&f, "coordinator"), statistician = study_as(&f, "statistician");
    study_expect(&f, NULL, "POST", "/api/op/power.means", call, 401, NULL);
    study_expect(&f, &coordinator, "POST", "/api/op/power.means", call, 403, NULL);
    study_expect(&f, &statistician, "POST", "/api/op/power.means", "{\"parameters\":{\"delta\":15,\"sd\":15,\"power\":0.8}}", 200, NULL);
}

/* The same moment: one is kept, the other learns of it. */
typedef struct racer {
    study_user user;
    int status;
} racer;

static void *race(void *context)
{
    racer *r = context;
    study_fixture mine = f;
    mine.arena = lb_arena_new();
    r->status = study_ask(&mine, &r->user, "PUT", "/api/forms/C01-001/BL/demographics", "{\"values\":{\"height_cm\":170},\"revision\":0}", NULL);
    lb_arena_free(mine.arena);
    return NULL;
}

static void test_two_people_at_once(void **state)
{
    (void)state;
    racer racers[2] = {{.user = study_as(&f, "coordinator")}, {.user = study_as(&f, "investigator")}};
    pthread_t thread[2];
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&thread[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
    assert_int_equal(racers[0].status + racers[1].status, 200 + 409);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_of_nobody),   cmocka_unit_test(test_ten_wrong_passwords),       cmocka_unit_test(test_address_limit),
        cmocka_unit_test(test_fixation),            cmocka_unit_test(test_cross_site),                cmocka_unit_test(test_expired_while_typing),
        cmocka_unit_test(test_role_changed_while_typing), cmocka_unit_test(test_new_user),            cmocka_unit_test(test_paths_and_bodies),
        cmocka_unit_test(test_uploads),             cmocka_unit_test(test_operations_are_for_analysts), cmocka_unit_test(test_two_people_at_once),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
