/* The parts of the server that need no network: paths, names, Accept, multipart, addresses, kept files. */
#include "lumbar_test.h"

#include "server/artifacts.h"
#include "server/http.h"
#include "server/listen.h"
#include "server/multipart.h"

static void paths_are_decoded_or_refused(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const char *out = NULL;
    assert_true(lb_path_decode("/a%20b/%c3%a9?q=%00", arena, &out));
    assert_string_equal(out, "/a b/é");
    assert_true(lb_path_decode("/%2e%2e/x", arena, &out));
    assert_string_equal(out, "/../x"); /* decoded; the static files refuse it */
    static const char *const bad[] = {"", "x", "/%", "/%2", "/%zz", "/%00", "/a%00.js", "/a%5cb", "/a\\b", "/%ff", "/%0a", "/%c3"};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        if (lb_path_decode(bad[i], arena, &out)) fail_msg("'%s' was taken as '%s'", bad[i], out);
    }
    lb_arena_free(arena);
}

static void only_names_of_this_machine_pass(void **state)
{
    (void)state;
    static const char *const good[] = {"localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:99", "[::1]", "[::1]:8080"};
    static const char *const bad[] = {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "127.evil.example:80",
                                      "[::2]", "[::1", "localhost:80x", "10.0.0.1", "127.0.0.1@evil.example"};
    for (size_t i = 0; i < LB_COUNT(good); i++) {
        if (!lb_host_is_loopback(good[i])) fail_msg("'%s' was refused", good[i]);
    }
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        if (lb_host_is_loopback(bad[i])) fail_msg("'%s' was taken", bad[i]);
    }
    assert_false(lb_host_is_loopback(NULL));
}

static void origins(void **state)
{
    (void)state;
    lb_request request = {.host = "127.0.0.1:8080"};
    assert_true(lb_origin_allowed(&request)); /* a program, not a browser */
    request.origin = "http://127.0.0.1:8080";
    assert_true(lb_origin_allowed(&request));
    request.fetch_site = "same-origin";
    assert_true(lb_origin_allowed(&request));
    request.fetch_site = "cross-site";
    assert_false(lb_origin_allowed(&request));
    request.fetch_site = "same-site";
    assert_false(lb_origin_allowed(&request));
    request.fetch_site = NULL;
    static const char *const bad[] = {"null", "http://127.0.0.1:8081", "http://evil.example", "https://127.0.0.1", ""};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        request.origin = bad[i];
        if (lb_origin_allowed(&request)) fail_msg("'%s' was taken", bad[i]);
    }
}

static void accept_headers(void **state)
{
    (void)state;
    assert_int_equal(lb_accept_format(NULL), LB_FORMAT_JSON);
    assert_int_equal(lb_accept_format(""), LB_FORMAT_JSON);
    assert_int_equal(lb_accept_format("*/*"), LB_FORMAT_JSON);
    assert_int_equal(lb_accept_format("text/csv"), LB_FORMAT_CSV);
    assert_int_equal(lb_accept_format("Image/SVG+xml"), LB_FORMAT_SVG);
    assert_int_equal(lb_accept_format("text/html,application/xhtml+xml,*/*;q=0.8"), LB_FORMAT_HTML);
    assert_int_equal(lb_accept_format("application/json;q=0.2, text/csv ; q=0.9, text/plain;q=0.5"), LB_FORMAT_CSV);
    assert_int_equal(lb_accept_format("text/csv;q=0, application/json"), LB_FORMAT_JSON);
    assert_int_equal(lb_accept_format("application/pdf"), LB_FORMAT_NONE);
    assert_int_equal(lb_accept_format(",;,;q=,"), LB_FORMAT_NONE);
    assert_true(lb_accept_gzip("br, gzip"));
    assert_false(lb_accept_gzip("gzip;q=0"));
    assert_false(lb_accept_gzip(NULL));
}

static int read_parts(lb_arena *arena, const char *type, const char *body, size_t parts_max, lb_part **parts, size_t *count)
{
    return lb_multipart_read(type, body, strlen(body), parts_max, arena, parts, count, NULL);
}

static void multipart_bodies(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_part *part = NULL;
    size_t count = 0;
    const char *type = "multipart/form-data; boundary=\"XX\"";
    const char *body = "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"delta\"\r\n\r\n15\r\n"
                       "--XX\r\ncontent-disposition: form-data; name=\"data\"; filename=\"C:\\\\x\\\\trial.csv\"\r\n"
                       "Content-Type: text/csv\r\n\r\na,b\r\n1,2\r\n--X\r\n\r\n"
                       "--XX  \r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n--XX--\r\nepilogue";
    assert_int_equal(read_parts(arena, type, body, 8, &part, &count), LB_OK);
    assert_int_equal(count, 3);
    assert_string_equal(part[0].name, "delta");
    assert_null(part[0].filename);
    assert_int_equal(part[0].length, 2);
    assert_memory_equal(part[0].data, "15", 2);
    assert_string_equal(part[1].filename, "trial.csv");
    assert_int_equal(part[1].length, strlen("a,b\r\n1,2\r\n--X\r\n"));
    assert_string_equal(part[2].name, "empty");
    assert_int_equal(part[2].length, 0);
    assert_int_equal(read_parts(arena, type, body, 2, &part, &count), LB_TOO_LARGE);
    assert_int_equal(read_parts(arena, type, "--XX--", 2, &part, &count), LB_OK);
    assert_int_equal(count, 0);
    static const char *const bad[] = {
        "", "--XX", "--XX\r\n", "--XY\r\n", "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1",
        "--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--XX--", "--XX\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--XX--", "--XXjunk\r\n",
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX-",
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n--XX--"};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        if (read_parts(arena, type, bad[i], 8, &part, &count) != LB_USAGE) fail_msg("body %zu was taken", i);
    }
    static const char *const types[] = {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a",
                                        "multipart/form-data; boundary=\"a\x01\""};
    for (size_t i = 0; i < LB_COUNT(types); i++) {
        if (read_parts(arena, types[i], body, 8, &part, &count) != LB_USAGE) fail_msg("type %zu was taken", i);
    }
    lb_arena_free(arena);
}

static void file_names_lose_their_folders(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    assert_string_equal(lb_multipart_file_name("../../etc/passwd", arena), "passwd");
    assert_string_equal(lb_multipart_file_name("C:\\data\\a b.csv", arena), "a b.csv");
    assert_string_equal(lb_multipart_file_name("a\n\rb.csv", arena), "ab.csv");
    assert_string_equal(lb_multipart_file_name("..", arena), "upload");
    assert_string_equal(lb_multipart_file_name("x/", arena), "upload");
    assert_string_equal(lb_multipart_file_name("\xff.csv", arena), "upload");
    lb_arena_free(arena);
}

static void addresses(void **state)
{
    (void)state;
    lb_listener one = {0}, two = {0};
    lb_error err = LB_ERROR_INIT;
    static const char *const bad[] = {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:8x",
                                      "::1:8080", "[::1:8080", "[]:1", ":8080", "no.such.host.invalid:1"};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        if (lb_listen_open(bad[i], false, &one, &err) != LB_USAGE) fail_msg("'%s' was taken", bad[i]);
        assert_string_equal(err.where, "--listen");
        assert_true(err.hint[0]);
    }
    static const char *const outside[] = {"0.0.0.0:0", "192.0.2.1:80", "[::]:0"};
    for (size_t i = 0; i < LB_COUNT(outside); i++) {
        assert_int_equal(lb_listen_open(outside[i], true, &one, &err), LB_USAGE);
        assert_non_null(strstr(err.message, "this machine only"));
    }
    assert_int_equal(lb_listen_open("127.0.0.1:0", true, &one, &err), LB_OK);
    assert_true(one.port > 0);
    char again[64];
    snprintf(again, sizeof again, "127.0.0.1:%u", one.port);
    assert_int_equal(lb_listen_open(again, true, &two, &err), LB_FAILED);
    assert_non_null(strstr(err.message, "already in use"));
    close(one.fd);
}

static void kept_files_are_bounded(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_artifacts *store = lb_artifacts_new(100);
    char first[LB_ARTIFACT_TOKEN], second[LB_ARTIFACT_TOKEN], third[LB_ARTIFACT_TOKEN], token[LB_ARTIFACT_TOKEN];
    char data[101] = "abc";
    const char *name = NULL, *mime = NULL;
    lb_buf out = {0};
    lb_artifact file = {.name = "a.csv", .mime = "text/csv", .data = data, .length = 40};
    assert_true(lb_artifacts_put(store, &file, first));
    assert_true(lb_artifacts_put(store, &file, second));
    assert_true(lb_artifacts_get(store, first, arena, &out, &name, &mime)); /* now the second is the oldest */
    assert_int_equal(out.length, 40);
    assert_string_equal(mime, "text/csv");
    assert_true(lb_artifacts_put(store, &file, third));
    assert_true(lb_artifacts_get(store, first, arena, &out, &name, &mime));
    assert_false(lb_artifacts_get(store, second, arena, &out, &name, &mime));
    file.length = 101;
    assert_false(lb_artifacts_put(store, &file, token));
    file.length = 0; /* empty files take a slot, not bytes */
    for (int i = 0; i < LB_ARTIFACT_SLOTS; i++) assert_true(lb_artifacts_put(store, &file, token));
    assert_false(lb_artifacts_get(store, first, arena, &out, &name, &mime));
    assert_true(lb_artifacts_get(store, token, arena, &out, &name, &mime));
    lb_buf_free(&out);
    lb_artifacts_free(store);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_decoded_or_refused), cmocka_unit_test(only_names_of_this_machine_pass),
        cmocka_unit_test(origins),                      cmocka_unit_test(accept_headers),
        cmocka_unit_test(multipart_bodies),             cmocka_unit_test(file_names_lose_their_folders),
        cmocka_unit_test(addresses),                    cmocka_unit_test(kept_files_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
