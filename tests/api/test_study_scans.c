/* A scan through its life over HTTP: received, read by two readers masked to each other, compared, signed; what it is worth
 * must be what `muscle measure` says of the same files. Files: the phantom under reference/muscle. */
#include "lumbar_test.h"
#include "api/study_fixture.h"

#define LABELS "1=right%20erector%20spinae,2=right%20multifidus,3=left%20multifidus,4=left%20erector%20spinae"

static lb_bytes phantom(study_fixture *f, const char *name)
{
    lb_bytes bytes;
    lb_error err = LB_ERROR_INIT;
    char path[128];
    snprintf(path, sizeof path, "reference/muscle/%s", name);
    if (lb_file_read(repository_file(path), 0, f->arena, &bytes, &err)) fail_msg("%s", err.message);
    return bytes;
}

/* A request with bytes as its body; answers JSON or NULL. */
static int send_bytes(study_fixture *f, const study_user *user, const char *method, const char *path, const lb_bytes *bytes, lb_value **out, size_t *length)
{
    reply r;
    lb_error err = LB_ERROR_INIT;
    const char *head = lb_arena_printf(f->arena,
                                       "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=%s\r\nX-Lumbar-Token: %s\r\n"
                                       "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n",
                                       method, path, f->port, user->cookie, user->token, bytes->length);
    client_ask(f->port, head, bytes->data, bytes->length, &r);
    int status = r.status;
    if (length) *length = r.length;
    if (out) {
        const char *text = lb_arena_textn(f->arena, r.body ? r.body : "", r.length);
        if (lb_json_read(&(lb_bytes){(const uint8_t *)text, r.length, "reply"}, f->arena, out, &err) != LB_OK) *out = NULL;
    }
    reply_free(&r);
    return status;
}

static void expect_bytes(study_fixture *f, const study_user *user, const char *method, const char *path, const lb_bytes *bytes, int status, lb_value **out)
{
    lb_value *value = NULL;
    int got = send_bytes(f, user, method, path, bytes, &value, NULL);
    if (got != status) fail_msg("%s %s: %d, not %d: %s", method, path, got, status, study_error(value));
    if (out) *out = value;
}

/* A person with a scan whose two files have arrived; the address of the scan. */
static const char *receive(study_fixture *f, const study_user *coordinator)
{
    lb_value *person = NULL, *scan = NULL;
    study_expect(f, coordinator, "POST", "/api/people", "{\"site\":\"C01\"}", 200, &person);
    const char *subject = lb_get_text(person, "subject", "");
    study_expect(f, coordinator, "POST", lb_arena_printf(f->arena, "/api/people/%s/scans", subject), "{\"visit\":\"SCR\"}", 200, &scan);
    assert_string_equal(lb_get_text(scan, "state", ""), "receiving");
    return lb_arena_printf(f->arena, "/api/scans/%s/%s", subject, lb_get_text(scan, "n", ""));
}

static const char *below(study_fixture *f, const char *at, const char *rest)
{
    return lb_arena_printf(f->arena, "%s%s", at, rest);
}

static const char *ready_scan(study_fixture *f, const study_user *coordinator)
{
    const char *at = receive(f, coordinator);
    lb_value *scan = NULL, *series = NULL;
    const lb_bytes fat = phantom(f, "phantom_fat.nii.gz");
    expect_bytes(f, coordinator, "PUT", below(f, at, "/files/fat.nii.gz"), &fat, 200, NULL);
    study_expect(f, coordinator, "GET", below(f, at, "/series"), NULL, 200, &series);
    assert_int_equal(lb_get_int(lb_path(series, "results.volumes[0]"), "series", 0), 1);
    study_expect(f, coordinator, "POST", below(f, at, "/images"), "{\"image\":\"\"}", 200, &scan);
    assert_string_equal(lb_get_text(scan, "state", ""), "ready");
    assert_int_equal((int)lb_number_of(lb_path(scan, "images.image.size[2]")), 10);
    return at;
}

/* Bytes that a GET answers with 200. */
static const char *page_of(study_fixture *f, const study_user *user, const char *path, size_t *length)
{
    reply r;
    client_ask(f->port, lb_arena_printf(f->arena, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=%s\r\n", path, f->port, user->cookie), NULL, 0, &r);
    if (r.status != 200) fail_msg("GET %s: %d", path, r.status);
    const char *bytes = lb_arena_textn(f->arena, r.body, *length = r.length);
    reply_free(&r);
    return bytes;
}

static void two_readers(void **state)
{
    (void)state;
    study_fixture f;
    fixture_start(&f, "metnlbp.yaml");
    study_user coordinator = study_as(&f, "coordinator"), first = study_as(&f, "assessor"), second = study_as(&f, "assessor.c01"),
               investigator = study_as(&f, "investigator"), manager = study_as(&f, "data_manager");
    const char *at = ready_scan(&f, &coordinator), *save = below(&f, at, "/reading?labels=" LABELS "&levels=L3%3D0-4,L4%3D5-9&revision=0");
    const lb_bytes mask = phantom(&f, "phantom_mask.nii.gz");
    lb_value *saved = NULL, *scan = NULL, *measured = NULL;
    expect_bytes(&f, &first, "PUT", save, &mask, 200, &saved);
    assert_int_equal(lb_get_int(saved, "revision", 0), 1);
    expect_bytes(&f, &first, "PUT", save, &mask, 409, NULL); /* a state that has moved on */
    expect_bytes(&f, &coordinator, "PUT", save, &mask, 403, NULL);
    expect_bytes(&f, &first, "POST", below(&f, at, "/tools/measure?method=otsu&labels=" LABELS), &mask, 200, &measured);
    assert_true(lb_path(measured, "results.rows")->count > 10);
    study_expect(&f, &second, "GET", at, NULL, 200, &scan);
    assert_int_equal(lb_get(scan, "readings")->count, 0); /* the second reader starts from nothing */
    assert_true(lb_get_bool(scan, "may_read", false));
    study_expect(&f, &second, "GET", below(&f, at, "/mask/1.nii.gz"), NULL, 404, NULL);
    study_expect(&f, &second, "POST", below(&f, at, "/finish"), "{\"revision\":0}", 422, NULL);
    expect_bytes(&f, &second, "PUT", save, &mask, 200, NULL);
    study_expect(&f, &first, "POST", below(&f, at, "/finish"), "{\"revision\":1}", 200, NULL);
    const char *blind = "{\"password\":\"" STUDY_PASSWORD "\",\"meaning\":\"checked\",\"page\":\"00\"}";
    study_expect(&f, &investigator, "POST", below(&f, at, "/sign"), blind, 409, NULL);
    study_expect(&f, &investigator, "GET", below(&f, at, "/page.svg"), NULL, 409, NULL);
    study_expect(&f, &second, "POST", below(&f, at, "/finish"), "{\"revision\":1}", 200, NULL);
    study_expect(&f, &second, "GET", at, NULL, 200, &scan);
    assert_true(lb_get_bool(scan, "open", false));
    assert_int_equal(lb_get(scan, "readings")->count, 2);
    /* What is signed is the page that was shown, and it is kept. */
    size_t length = 0, signed_length = 0;
    const char *page = page_of(&f, &investigator, below(&f, at, "/page.svg"), &length);
    assert_true(memmem(page, length, "right multifidus · reader 2", 28) && memmem(page, length, "Participant C01-001", 19));
    char sha256[65];
    lb_sha256_hex(page, length, sha256);
    study_expect(&f, &investigator, "POST", below(&f, at, "/sign"), blind, 409, NULL);
    study_expect(&f, &investigator, "POST", below(&f, at, "/sign"), lb_arena_printf(f.arena, "{\"password\":\"wrong\",\"meaning\":\"checked\",\"page\":\"%s\"}", sha256), 403, NULL);
    study_expect(&f, &first, "POST", below(&f, at, "/sign"), lb_arena_printf(f.arena, "{\"password\":\"" STUDY_PASSWORD "\",\"meaning\":\"checked\",\"page\":\"%s\"}", sha256), 403, NULL);
    study_expect(&f, &investigator, "POST", below(&f, at, "/sign"), lb_arena_printf(f.arena, "{\"password\":\"" STUDY_PASSWORD "\",\"meaning\":\"checked\",\"page\":\"%s\"}", sha256), 200, NULL);
    const char *kept = page_of(&f, &manager, below(&f, at, "/page.svg"), &signed_length);
    assert_int_equal(length, signed_length);
    assert_memory_equal(page, kept, length);
    page = page_of(&f, &manager, below(&f, at, "/page.pdf"), &length);
    assert_memory_equal(page, "%PDF-", 5);
    study_expect(&f, &manager, "GET", at, NULL, 200, &scan);
    assert_string_equal(lb_get_text(lb_get(scan, "signature"), "sha256", ""), sha256);
    study_expect(&f, &manager, "POST", below(&f, at, "/reopen"), "{\"place\":1,\"reason\":\"late\"}", 409, NULL);
    /* The areas are those of the operation on the same files. */
    double area = 0, expected = 0;
    const lb_value *rows = lb_path(scan, "readings[0].rows"), *same = lb_path(measured, "results.rows");
    for (size_t i = 0; i < rows->count; i++)
        if (lb_get_int(rows->item[i], "slice", -1) == 5) area += lb_get_number(rows->item[i], "csa_mm2", 0);
    for (size_t i = 0; i < same->count; i++)
        if (lb_get_int(same->item[i], "slice", -1) == 5) expected += lb_get_number(same->item[i], "csa_mm2", 0);
    assert_true(expected > 100);
    assert_close(area, expected, 1e-12);
    fixture_stop(&f);
}

static void what_is_wrong_is_said_and_nothing_is_kept(void **state)
{
    (void)state;
    study_fixture f;
    fixture_start(&f, "metnlbp.yaml");
    study_user coordinator = study_as(&f, "coordinator"), other = study_as(&f, "coordinator.c02"), reader = study_as(&f, "assessor");
    const char *at = receive(&f, &coordinator);
    const lb_bytes nothing = {(const uint8_t *)"", 0, "x"}, junk = {(const uint8_t *)"not an image at all", 19, "x"}, mask = phantom(&f, "phantom_mask.nii.gz");
    lb_value *scan = NULL;
    study_expect(&f, &coordinator, "GET", below(&f, at, "/series"), NULL, 422, NULL);
    expect_bytes(&f, &coordinator, "PUT", below(&f, at, "/files/a.nii.gz"), &nothing, 422, NULL);
    expect_bytes(&f, &other, "PUT", below(&f, at, "/files/a.nii.gz"), &junk, 404, NULL); /* another centre's person does not exist */
    study_expect(&f, &other, "GET", at, NULL, 404, NULL);
    expect_bytes(&f, &coordinator, "PUT", below(&f, at, "/files/..%2F..%2Fetc%2Fpasswd"), &junk, 404, NULL);
    expect_bytes(&f, &coordinator, "PUT", below(&f, at, "/files/a.nii.gz"), &junk, 200, NULL);
    study_expect(&f, &coordinator, "GET", below(&f, at, "/series"), NULL, 422, NULL);
    study_expect(&f, &coordinator, "POST", below(&f, at, "/images"), "{\"image\":\"\"}", 422, NULL);
    study_expect(&f, &coordinator, "POST", below(&f, at, "/images"), "{}", 422, NULL);
    study_expect(&f, &coordinator, "GET", at, NULL, 200, &scan);
    assert_string_equal(lb_get_text(scan, "state", ""), "receiving");
    at = ready_scan(&f, &coordinator);
    expect_bytes(&f, &reader, "PUT", below(&f, at, "/reading?labels=" LABELS "&revision=0"), &junk, 422, NULL);
    expect_bytes(&f, &reader, "PUT", below(&f, at, "/reading?labels=1=left%20heart&revision=0"), &mask, 422, NULL);
    expect_bytes(&f, &reader, "PUT", below(&f, at, "/reading?labels=" LABELS), &mask, 400, NULL);
    expect_bytes(&f, &reader, "POST", below(&f, at, "/tools/nonsense"), &mask, 404, NULL);
    study_expect(&f, &reader, "GET", below(&f, at, "/agreement"), NULL, 409, NULL);
    study_expect(&f, &coordinator, "POST", "/api/people/C01-999/scans", "{\"visit\":\"SCR\"}", 404, NULL);
    fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_readers),
        cmocka_unit_test(what_is_wrong_is_said_and_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
