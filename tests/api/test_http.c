/* The HTTP face from outside, over raw sockets: every route, every refusal, and clients that misbehave. */
#include "api/client.h"
#include "api/echo_ops.h"
#include "server/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

typedef struct fixture {
    lb_registry *registry;
    lb_server *server;
    unsigned port;
    char folder[64];
} fixture;

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_web(fixture *f)
{
    char path[256];
    snprintf(f->folder, sizeof f->folder, "/tmp/lumbar-http-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(path, sizeof path, "%s/web", f->folder);
    mkdir(path, 0755);
    write_text(path, "index.html", "<!doctype html><title>Lumbar</title>");
    write_text(path, ".secret", "hidden");
    write_text(f->folder, "outside.txt", "outside");
    snprintf(path, sizeof path, "%s/web/assets", f->folder);
    mkdir(path, 0755);
    write_text(path, "app.js", "let a = 1;");
    write_text(path, "app.js.gz", "packed");
    write_text(path, "a.wasm", "wasm");
    snprintf(path, sizeof path, "%s/web/link.txt", f->folder);
    assert_int_equal(symlink("../outside.txt", path), 0);
    snprintf(path, sizeof path, "%s/web/up", f->folder);
    assert_int_equal(symlink("..", path), 0);
}

static unsigned port_of(const lb_server *server)
{
    unsigned port = 0;
    assert_int_equal(sscanf(lb_server_url(server), "http://127.0.0.1:%u/", &port), 1);
    return port;
}

static lb_server_options test_options(const fixture *f, char *web, size_t size)
{
    lb_server_options options = LB_SERVER_OPTIONS_INIT;
    snprintf(web, size, "%s/web", f->folder);
    options.listen = "127.0.0.1:0";
    options.demo = true;
    options.web = web;
    options.root = f->folder;
    options.shared = f->folder;
    return options;
}

static int set_up(void **state)
{
    static fixture f;
    char web[128];
    lb_error err = LB_ERROR_INIT;
    make_web(&f);
    f.registry = echo_registry();
    lb_server_options options = test_options(&f, web, sizeof web);
    options.workers = 2;
    options.queue = 64;
    assert_int_equal(lb_server_start(&options, f.registry, &f.server, &err), LB_OK);
    f.port = port_of(f.server);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    char path[256];
    static const char *const made[] = {"web/assets/app.js", "web/assets/app.js.gz", "web/assets/a.wasm", "web/assets", "web/index.html",
                                       "web/.secret", "web/link.txt", "web/up", "web", "outside.txt", ""};
    lb_server_stop(f->server);
    lb_registry_free(f->registry);
    for (size_t i = 0; i < LB_COUNT(made); i++) {
        snprintf(path, sizeof path, "%s/%s", f->folder, made[i]);
        remove(path);
    }
    return 0;
}

/* Ask for JSON of an operation; the parsed answer lives in the arena. */
static lb_value *ask_op(unsigned port, const char *op, const char *json, int status, lb_arena *arena)
{
    char path[128];
    reply r;
    lb_value *value = NULL;
    snprintf(path, sizeof path, "/api/op/%s", op);
    client_post(port, path, "application/json", "", json, strlen(json), &r);
    if (r.status != status) fail_msg("%s %s: status %d, expected %d: %s", op, json, r.status, status, r.body);
    lb_bytes bytes = {(const uint8_t *)lb_arena_textn(arena, r.body, r.length), r.length, "answer"};
    assert_int_equal(lb_json_read(&bytes, arena, &value, NULL), LB_OK);
    reply_free(&r);
    return value;
}

static void expect_get(unsigned port, const char *path, int status, const char *type, const char *contains)
{
    reply r;
    char text[512];
    client_get(port, path, "", &r);
    if (r.status != status) fail_msg("GET %s: status %d, expected %d", path, r.status, status);
    if (strncmp(reply_header(&r, "Content-Type", text, sizeof text), type, strlen(type)) != 0) fail_msg("GET %s: type %s", path, text);
    if (!strstr(r.body, contains)) fail_msg("GET %s: no '%s' in: %s", path, contains, r.body);
    assert_string_equal(reply_header(&r, "X-Content-Type-Options", text, sizeof text), "nosniff");
    assert_string_equal(reply_header(&r, "Referrer-Policy", text, sizeof text), "no-referrer");
    assert_string_equal(reply_header(&r, "Cross-Origin-Opener-Policy", text, sizeof text), "same-origin");
    reply_header(&r, "Content-Security-Policy", text, sizeof text);
    assert_non_null(strstr(text, "default-src 'self'; script-src 'self' 'wasm-unsafe-eval';"));
    assert_non_null(strstr(text, strcmp(path, "/api/report") == 0 ? "frame-ancestors 'self'" : "frame-ancestors 'none'"));
    reply_free(&r);
}

static void every_route_answers(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    expect_get(port, "/api/health", 200, "application/json", "\"demo\":true");
    expect_get(port, "/api/health?x=1", 200, "application/json", "\"version\"");
    expect_get(port, "/api/ops", 200, "application/json", "\"name\":\"test.echo\"");
    expect_get(port, "/api/openapi.json", 200, "application/json", "\"/api/op/test.echo\"");
    expect_get(port, "/api/demo", 200, "application/json", "\"datasets\":[]");
    expect_get(port, "/api/demo/data/none", 404, "application/json", "no such data set");
    expect_get(port, "/api/studies", 200, "application/json", "[]");
    expect_get(port, "/api/study/none", 404, "application/json", "no such study");
    expect_get(port, "/api/report", 404, "application/json", "no report");
    expect_get(port, "/api/artifact/none", 404, "application/json", "no such file");
    expect_get(port, "/api", 404, "application/json", "no such address");
    expect_get(port, "/api/", 404, "application/json", "no such address");
    expect_get(port, "/api/nothing", 404, "application/json", "no such address");
    expect_get(port, "/", 200, "text/html", "<title>Lumbar</title>");
    expect_get(port, "/study/metnlbp", 200, "text/html", "<title>Lumbar</title>");
    expect_get(port, "/assets/app.js", 200, "text/javascript", "let a = 1;");
    expect_get(port, "/assets/a.wasm", 200, "application/wasm", "wasm");
    expect_get(port, "/assets/none.js", 404, "application/json", "no such file");
    expect_get(port, "/assets", 200, "text/html", "<title>Lumbar</title>");
}

static void nothing_outside_the_folder_is_served(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    static const char *const paths[] = {
        "/../outside.txt", "/%2e%2e/outside.txt", "/assets/../../outside.txt", "/assets/%2e%2e/%2E%2E/outside.txt",
        "/..%2foutside.txt", "/%2e%2e%2foutside.txt", "/..%5coutside.txt", "/..\\outside.txt", "/outside.txt", "/.secret",
        "/%2esecret", "/link.txt", "/up/outside.txt", "/up/web/index.html", "//etc/passwd", "/./index.html", "/assets//app.js",
        "/index.html%00.js", "/%00", "/assets/app.js%00", "/%ff.js", "/assets/app.js/", "/etc/../../../etc/passwd", "/assets/.",
        "/%252e%252e/outside.txt"};
    for (size_t i = 0; i < LB_COUNT(paths); i++) {
        reply r;
        client_get(port, paths[i], "", &r);
        bool page = r.status == 200 && strstr(r.body, "<title>Lumbar</title>") && strcmp(paths[i], "/assets/app.js/") == 0;
        if (r.status != 404 && r.status != 400 && !page) fail_msg("GET %s: status %d: %s", paths[i], r.status, r.body);
        assert_null(strstr(r.body, "outside"));
        assert_null(strstr(r.body, "root:"));
        reply_free(&r);
    }
}

static void caching_and_compression(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    reply r;
    char text[256], headers[400];
    client_get(port, "/assets/app.js", "", &r);
    assert_string_equal(reply_header(&r, "Cache-Control", text, sizeof text), "public, max-age=31536000, immutable");
    reply_header(&r, "ETag", text, sizeof text);
    assert_true(text[0] == '"');
    reply_free(&r);
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", text);
    client_get(port, "/assets/app.js", headers, &r);
    assert_int_equal(r.status, 304);
    reply_free(&r);
    client_get(port, "/assets/app.js", "Accept-Encoding: gzip, br\r\n", &r);
    assert_string_equal(r.body, "packed");
    assert_string_equal(reply_header(&r, "Content-Encoding", text, sizeof text), "gzip");
    assert_string_equal(reply_header(&r, "Content-Type", text, sizeof text), "text/javascript; charset=utf-8");
    assert_string_equal(reply_header(&r, "Vary", text, sizeof text), "Accept-Encoding");
    reply_free(&r);
    client_get(port, "/", "", &r);
    assert_string_equal(reply_header(&r, "Cache-Control", text, sizeof text), "no-cache");
    reply_free(&r);
    client_get(port, "/api/ops", "", &r);
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", reply_header(&r, "ETag", text, sizeof text));
    reply_free(&r);
    client_get(port, "/api/ops", headers, &r);
    assert_int_equal(r.status, 304);
    reply_free(&r);
}

static void methods(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    static const struct {
        const char *method, *path;
        const char *allow;
    } wrong[] = {{"PUT", "/", "GET, HEAD"},          {"DELETE", "/api/ops", "GET, HEAD"},     {"OPTIONS", "/api/op/test.echo", "POST"},
                 {"GET", "/api/op/test.echo", "POST"}, {"POST", "/api/health", "GET, HEAD"}, {"POST", "/index.html", "GET, HEAD"},
                 {"PATCH", "/api/nothing", "GET, HEAD"}, {"TRACE", "/", "GET, HEAD"}};
    char head[256], text[64];
    reply r;
    for (size_t i = 0; i < LB_COUNT(wrong); i++) {
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost\r\n", wrong[i].method, wrong[i].path);
        client_ask(port, head, NULL, 0, &r);
        if (r.status != 405) fail_msg("%s %s: status %d", wrong[i].method, wrong[i].path, r.status);
        assert_string_equal(reply_header(&r, "Allow", text, sizeof text), wrong[i].allow);
        reply_free(&r);
    }
    client_ask(port, "HEAD /assets/app.js HTTP/1.1\r\nHost: localhost\r\n", NULL, 0, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(reply_header(&r, "Content-Length", text, sizeof text), "10");
    assert_int_equal(r.length, 0);
    reply_free(&r);
}

static void host_and_origin_are_checked(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    reply r;
    client_ask(port, "GET /api/health HTTP/1.1\r\nHost: evil.example\r\n", NULL, 0, &r);
    assert_int_equal(r.status, 403);
    reply_free(&r);
    client_ask(port, "GET /api/health HTTP/1.0\r\n", NULL, 0, &r);
    assert_true(r.status == 403 || r.status == 400);
    reply_free(&r);
    client_ask(port, "GET /api/health HTTP/1.1\r\nHost: localhost:1234\r\n", NULL, 0, &r);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    static const char *const bad[] = {"Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        client_post(port, "/api/op/test.echo", "application/json", bad[i], "{}", 2, &r);
        if (r.status != 403) fail_msg("%s: status %d", bad[i], r.status);
        reply_free(&r);
    }
    char good[64];
    snprintf(good, sizeof good, "Origin: http://127.0.0.1:%u\r\n", port);
    client_post(port, "/api/op/test.echo", "application/json", good, "{}", 2, &r);
    assert_int_equal(r.status, 200);
    reply_free(&r);
}

static void operations_take_json(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    lb_arena *arena = lb_arena_new();
    lb_value *v = ask_op(port, "test.echo",
                         "{\"parameters\":{\"x\":2.5,\"n\":3,\"on\":true,\"word\":\"é,b\",\"words\":[\"a\",\"b\"],\"xs\":[1,2.5],"
                         "\"kind\":\"b\",\"decimal\":\".\",\"formula\":null},\"data\":{\"data\":{\"name\":\"../t.csv\",\"text\":\"a,b\\n1,2\\n3,4\\n\"},"
                         "\"more\":[{\"name\":\"u.csv\",\"text\":\"a\\n1\\n\"},{\"name\":\"v.csv\",\"text\":\"a\\n1\\n\"}]}}",
                         200, arena);
    assert_string_equal(lb_get_text(v, "operation", ""), "test echo");
    assert_string_equal(lb_get_text(v, "status", ""), "ok");
    assert_close(lb_number_of(lb_path(v, "results.x")), 2.5, 0);
    assert_true(lb_get_bool(lb_get(v, "results"), "on", false));
    assert_string_equal(lb_get_text(lb_get(v, "results"), "word", ""), "é,b");
    assert_int_equal(lb_get_int(lb_get(v, "results"), "rows", -1), 2);
    assert_string_equal(lb_path(v, "results.tables[0]")->text, "u");
    assert_string_equal(lb_path(v, "results.tables[1]")->text, "v");
    assert_string_equal(lb_path(v, "parameters.words[1]")->text, "b");
    assert_close(lb_number_of(lb_path(v, "parameters.xs[1]")), 2.5, 0);
    lb_value *input = lb_path(v, "inputs[0]");
    assert_string_equal(lb_get_text(input, "name", ""), "t.csv");
    assert_int_equal(strlen(lb_get_text(input, "sha256", "")), 64);
    assert_int_equal(lb_get(v, "pictures")->count, 0);
    v = ask_op(port, "test.echo", "{\"parameters\":{\"separator\":\";\",\"decimal\":\",\"},\"data\":{\"data\":{\"text\":\"a;b\\n1,5;2\\n\"}}}", 200, arena);
    assert_int_equal(lb_get_int(lb_get(v, "results"), "rows", -1), 1);
    v = ask_op(port, "test.echo", "{\"data\":{\"plan\":{\"name\":\"p.yaml\",\"text\":\"a: 1\"},\"folder\":[{\"name\":\"beside.txt\",\"text\":\"123\"}]}}", 200, arena);
    assert_int_equal(lb_get_int(lb_get(v, "results"), "beside", -1), 3);
    v = ask_op(port, "test.echo", "", 200, arena);
    lb_arena_free(arena);
}

static void operations_refuse_with_words(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    static const struct {
        const char *op, *json;
        int status;
        const char *contains;
    } wrong[] = {
        {"test.ecko", "{}", 404, "test.echo"},
        {"nothing", "{}", 404, "no operation"},
        {"test.echo.x", "{}", 404, "no operation"},
        {"test.echo", "{", 400, "request body"},
        {"test.echo", "[1]", 400, "object"},
        {"test.echo", "{\"parameters\":1}", 400, "object"},
        {"test.echo", "{\"params\":{}}", 400, "unknown key"},
        {"test.echo", "{\"parameters\":{\"wrod\":\"a\"}}", 400, "word"},
        {"test.echo", "{\"parameters\":{\"x\":99}}", 400, "outside"},
        {"test.echo", "{\"parameters\":{\"x\":\"many\"}}", 400, "not a number"},
        {"test.echo", "{\"parameters\":{\"x\":{}}}", 400, "must be"},
        {"test.echo", "{\"parameters\":{\"words\":[\"a,b\"]}}", 400, "commas"},
        {"test.echo", "{\"parameters\":{\"words\":[[1]]}}", 400, "commas"},
        {"test.echo", "{\"parameters\":{\"kind\":\"z\"}}", 400, "not one of"},
        {"test.echo", "{\"parameters\":{\"model\":\"/tmp/x\"}}", 400, "file to write"},
        {"test.echo", "{\"parameters\":{\"data\":\"/etc/passwd\"}}", 400, "takes an upload"},
        {"test.echo", "{\"parameters\":{\"decimal\":\"x\"}}", 400, "point or a comma"},
        {"test.echo", "{\"data\":{\"data\":\"/etc/passwd\"}}", 400, "never opened"},
        {"test.echo", "{\"data\":{\"data\":\"../data.csv\"}}", 400, "never opened"},
        {"test.echo", "{\"data\":{\"image\":\"file:///etc/passwd\"}}", 400, "never opened"},
        {"test.echo", "{\"data\":{\"data\":{\"path\":\"/etc/passwd\"}}}", 400, "must be"},
        {"test.echo", "{\"data\":{\"data\":{\"name\":\"/etc/passwd\"}}}", 400, "must be"},
        {"test.echo", "{\"data\":{\"data\":[[\"/etc/passwd\"]]}}", 400, "must be"},
        {"test.echo", "{\"data\":{\"data\":{\"demo\":\"none\"}}}", 404, "no data set"},
        {"test.echo", "{\"data\":{\"data\":\"demo:../../etc/passwd\"}}", 404, "no data set"},
        {"test.echo", "{\"data\":{\"word\":{\"text\":\"a\"}}}", 400, "not data"},
        {"test.echo", "{\"data\":{\"data\":{\"name\":\"a.csv\",\"text\":\"a,a\\n1,2\\n\"}}}", 422, "a"},
        {"test.echo", "{\"data\":{\"plan\":{\"text\":\"a\"},\"folder\":{\"name\":\"other\",\"text\":\"b\"}}}", 404, "not among"},
        {"test.slow", "{}", 400, "seconds"},
        {"test.bad", "{}", 422, "data.csv:4:2"},
    };
    lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < LB_COUNT(wrong); i++) {
        lb_value *v = ask_op(port, wrong[i].op, wrong[i].json, wrong[i].status, arena), *error = lb_get(v, "error");
        lb_buf text = {0};
        static const char *const keys[] = {"code", "where", "message", "detail", "hint"};
        for (size_t k = 0; k < LB_COUNT(keys); k++) assert_non_null(lb_get(error, keys[k]));
        lb_json_write(error, 0, &text);
        if (!strstr(text.data, wrong[i].contains)) fail_msg("%s: no '%s' in %s", wrong[i].json, wrong[i].contains, text.data);
        assert_true(lb_get_text(error, "message", "")[0]);
        lb_buf_free(&text);
    }
    lb_arena_free(arena);
}

#define PART(name) "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILEPART(name, file) "--B\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file "\"\r\nContent-Type: text/csv\r\n\r\n"

static void operations_take_forms(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    static const struct {
        const char *body;
        int status;
        const char *contains;
    } form[] = {
        {PART("x") "2\r\n" PART("word") "\r\n" PART("data") "\r\n" FILEPART("more", "u.csv") "a\n1\n\r\n" FILEPART("more", "v.csv") "a\n1\n\r\n--B--\r\n",
         200, "\"tables\":[\"u\",\"v\"]"},
        {FILEPART("data", "t.csv") "a,b\r\n1,2\r\n\r\n--B--", 200, "\"rows\":1"},
        {FILEPART("data", "") "\r\n--B--", 200, "\"x\":1"},
        {PART("data") "/etc/passwd\r\n--B--", 400, "never opened"},
        {PART("data") "demo:none\r\n--B--", 404, "no data set"},
        {PART("model") "/tmp/x\r\n--B--", 400, "file to write"},
        {FILEPART("word", "a.txt") "a\r\n--B--", 400, "text field"},
        {PART("nothing") "a\r\n--B--", 400, "no parameter"},
        {PART("word") "\xff\xfe\r\n--B--", 400, "UTF-8"},
        {PART("word") "a", 400, "malformed"},
        {"", 400, "malformed"},
        {"garbage", 400, "malformed"},
    };
    reply r;
    for (size_t i = 0; i < LB_COUNT(form); i++) {
        client_post(port, "/api/op/test.echo", "multipart/form-data; boundary=B", "", form[i].body, strlen(form[i].body), &r);
        if (r.status != form[i].status || !strstr(r.body, form[i].contains)) fail_msg("form %zu: %d %s", i, r.status, r.body);
        reply_free(&r);
    }
    lb_buf many = {0};
    for (int i = 0; i < 65; i++) lb_buf_puts(&many, FILEPART("more", "u.csv") "a\n1\n\r\n");
    lb_buf_puts(&many, "--B--");
    client_post(port, "/api/op/test.echo", "multipart/form-data; boundary=B", "", many.data, many.length, &r);
    assert_int_equal(r.status, 413);
    reply_free(&r);
    lb_buf_free(&many);
    client_post(port, "/api/op/test.echo", "text/plain", "", "x=1", 3, &r);
    assert_int_equal(r.status, 415);
    reply_free(&r);
}

static void results_in_every_format(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    static const char *const want[][3] = {
        {"text/csv", "text/csv", "id,value"}, {"text/html", "text/html", "<html"}, {"image/svg+xml", "image/svg+xml", "<svg"}, {"text/plain", "text/plain", "not_converged"}};
    reply r;
    char headers[128], text[128];
    for (size_t i = 0; i < LB_COUNT(want); i++) {
        snprintf(headers, sizeof headers, "Accept: %s\r\n", want[i][0]);
        client_post(port, "/api/op/test.picture", "application/json", headers, "{}", 2, &r);
        if (r.status != 200 || !strstr(r.body, want[i][2])) fail_msg("%s: %d %s", want[i][0], r.status, r.body);
        assert_int_equal(strncmp(reply_header(&r, "Content-Type", text, sizeof text), want[i][1], strlen(want[i][1])), 0);
        assert_string_equal(reply_header(&r, "Lumbar-Status", text, sizeof text), "not_converged");
        reply_free(&r);
    }
    client_post(port, "/api/op/test.echo", "application/json", "Accept: image/svg+xml\r\n", "{}", 2, &r);
    assert_int_equal(r.status, 406);
    reply_free(&r);
    client_post(port, "/api/op/test.echo", "application/json", "Accept: application/pdf\r\n", "{}", 2, &r);
    assert_int_equal(r.status, 406);
    reply_free(&r);
}

static void files_of_results_can_be_fetched(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    lb_arena *arena = lb_arena_new();
    lb_value *v = ask_op(port, "test.picture", "{}", 200, arena);
    assert_string_equal(lb_get_text(v, "status", ""), "not_converged");
    assert_string_equal(lb_get_text(lb_path(v, "pictures[0]"), "name", ""), "plot");
    assert_int_equal(lb_get_int(lb_path(v, "artifacts[0]"), "size", 0), 4);
    reply r;
    char text[512];
    client_get(port, lb_get_text(lb_path(v, "artifacts[0]"), "href", ""), "", &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "a\n1\n");
    assert_string_equal(reply_header(&r, "Content-Disposition", text, sizeof text), "attachment; filename=\"out__1_.csv\"");
    reply_free(&r);
    client_get(port, lb_get_text(lb_path(v, "artifacts[1]"), "href", ""), "", &r);
    assert_string_equal(r.body, "<p>hello</p>");
    assert_non_null(strstr(reply_header(&r, "Content-Security-Policy", text, sizeof text), "frame-ancestors 'self'"));
    reply_free(&r);
    lb_arena_free(arena);
}

static void a_connection_is_kept(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    int fd = client_open(port);
    reply r;
    static const char get[] = "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static const char post[] = "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    static const char refused[] = "POST /api/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
    for (int i = 0; i < 20; i++) {
        client_send(fd, get, sizeof get - 1);
        client_read(fd, false, &r);
        assert_int_equal(r.status, 200);
        reply_free(&r);
        client_send(fd, post, sizeof post - 1);
        client_read(fd, false, &r);
        assert_int_equal(r.status, 200);
        reply_free(&r);
        client_send(fd, refused, sizeof refused - 1);
        client_read(fd, false, &r);
        assert_int_equal(r.status, 405);
        reply_free(&r);
    }
    client_send(fd, get, sizeof get - 1); /* two at once */
    client_send(fd, get, sizeof get - 1);
    for (int i = 0; i < 2; i++) {
        client_read(fd, false, &r);
        assert_int_equal(r.status, 200);
        reply_free(&r);
    }
    close(fd);
}

static void chunked_bodies(void **state)
{
    unsigned port = ((fixture *)*state)->port;
    reply r;
    static const char head[] = "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    static const char body[] = "f\r\n{\"parameters\":{\r\n7\r\n\"x\":3}}\r\n0\r\n\r\n";
    client_ask(port, head, body, sizeof body - 1, &r);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "\"x\":3"));
    reply_free(&r);
}

/* -- many at once --------------------------------------------------------------------------------------------- */

typedef struct crowd {
    unsigned port;
    int good;
} crowd;

static void *one_of_many(void *argument)
{
    crowd *c = argument;
    int fd = client_open(c->port);
    for (int i = 0; i < 25 && fd >= 0; i++) {
        char request[256], expected[32];
        double x = i % 10 + 0.25;
        int length = snprintf(request, sizeof request, "{\"parameters\":{\"x\":%.2f}}", x);
        char head[256];
        snprintf(head, sizeof head, "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", length);
        client_send(fd, head, strlen(head));
        client_send(fd, request, (size_t)length);
        reply r;
        client_read(fd, false, &r);
        snprintf(expected, sizeof expected, "\"results\":{\"x\":%.2f", x);
        bool busy = r.status == 503;
        if (busy || (r.status == 200 && strstr(r.body, expected))) c->good++;
        reply_free(&r);
    }
    if (fd >= 0) close(fd);
    return NULL;
}

static void many_clients_at_once(void **state)
{
    enum { CLIENTS = 64 };
    pthread_t thread[CLIENTS];
    crowd c[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        c[i] = (crowd){((fixture *)*state)->port, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, one_of_many, &c[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(c[i].good, 25);
    }
}

/* -- servers of their own ------------------------------------------------------------------------------------- */

static lb_server *start(fixture *f, lb_server_options *options)
{
    lb_error err = LB_ERROR_INIT;
    lb_server *server = NULL;
    if (lb_server_start(options, f->registry, &server, &err)) fail_msg("%s", err.message);
    return server;
}

static void malformed_requests_do_no_harm(void **state)
{
    fixture *f = *state;
    char web[128];
    lb_server_options options = test_options(f, web, sizeof web);
    options.head_seconds = 1;
    lb_server *server = start(f, &options);
    unsigned port = port_of(server);
    static const char *const junk[] = {
        "\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n", "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};
    for (size_t i = 0; i < LB_COUNT(junk); i++) {
        int fd = client_open(port);
        client_send(fd, junk[i], strlen(junk[i]));
        shutdown(fd, SHUT_WR);
        reply r;
        client_read(fd, false, &r);
        if (r.status == 200) fail_msg("junk %zu was answered with 200", i);
        reply_free(&r);
        close(fd);
    }
    char big[40000];
    memset(big, 'a', sizeof big);
    int fd = client_open(port);
    client_send(fd, "GET /", 5);
    client_send(fd, big, sizeof big);
    reply r;
    client_read(fd, false, &r);
    assert_true(r.status == 414 || r.status == 431 || r.status == 413 || r.status == 0);
    reply_free(&r);
    close(fd);
    expect_get(port, "/api/health", 200, "application/json", "version");
    lb_server_stop(server);
}

static void large_bodies_are_refused(void **state)
{
    fixture *f = *state;
    char web[128];
    lb_server_options options = test_options(f, web, sizeof web);
    options.body_max = 1000;
    lb_server *server = start(f, &options);
    unsigned port = port_of(server);
    char body[3000];
    reply r;
    memset(body, ' ', sizeof body);
    client_post(port, "/api/op/test.echo", "application/json", "", body, 1001, &r);
    assert_int_equal(r.status, 413);
    assert_non_null(strstr(r.body, "too_large"));
    reply_free(&r);
    body[0] = '{', body[999] = '}';
    client_post(port, "/api/op/test.echo", "application/json", "", body, 1000, &r);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    char chunk[1600] = "5dc\r\n"; /* 1500 bytes, their number not announced */
    memset(chunk + 5, ' ', 1500);
    memcpy(chunk + 1505, "\r\n0\r\n\r\n", 8);
    client_ask(port, "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n", chunk, 1512, &r);
    assert_int_equal(r.status, 413);
    reply_free(&r);
    client_ask(port, "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n", NULL, 0, &r);
    assert_int_equal(r.status, 413);
    reply_free(&r);
    lb_server_stop(server);
}

static void slow_clients_are_cut_off(void **state)
{
    fixture *f = *state;
    char web[128];
    lb_server_options options = test_options(f, web, sizeof web);
    options.head_seconds = 1;
    lb_server *server = start(f, &options);
    unsigned port = port_of(server);
    static const char *const start_of[] = {"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "POST /api/op/test.echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"};
    for (size_t i = 0; i < LB_COUNT(start_of); i++) {
        int fd = client_open(port);
        double began = lb_seconds();
        client_send(fd, start_of[i], strlen(start_of[i]));
        while (client_send(fd, "a", 1) == 0 && lb_seconds() - began < 10) nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        if (lb_seconds() - began > 5) fail_msg("a client that sends a byte now and then was kept %g s", lb_seconds() - began);
        close(fd);
    }
    /* An operation that takes longer than that is not cut off. */
    lb_arena *arena = lb_arena_new();
    ask_op(port, "test.slow", "{\"parameters\":{\"seconds\":2.5}}", 200, arena);
    lb_arena_free(arena);
    lb_server_stop(server);
}

static int begin_slow(unsigned port, const char *seconds)
{
    char request[256];
    int fd = client_open(port);
    int length = snprintf(request, sizeof request, "POST /api/op/test.slow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n{\"parameters\":{\"seconds\":%s}}",
                          strlen(seconds) + 27, seconds);
    assert_true(fd >= 0);
    client_send(fd, request, (size_t)length);
    return fd;
}

static void beyond_the_queue_it_says_busy(void **state)
{
    fixture *f = *state;
    char web[128], text[64];
    lb_server_options options = test_options(f, web, sizeof web);
    options.workers = 1;
    options.queue = 1;
    lb_server *server = start(f, &options);
    unsigned port = port_of(server);
    int running = begin_slow(port, "3600"), waiting = begin_slow(port, "0.1");
    reply r;
    double began = lb_seconds();
    do {
        client_post(port, "/api/op/test.slow", "application/json", "", "{\"parameters\":{\"seconds\":0}}", 28, &r);
        if (r.status != 503) reply_free(&r);
    } while (r.status != 503 && lb_seconds() - began < 5);
    assert_int_equal(r.status, 503);
    assert_string_equal(reply_header(&r, "Retry-After", text, sizeof text), "2");
    assert_non_null(strstr(r.body, "\"busy\""));
    reply_free(&r);
    expect_get(port, "/api/health", 200, "application/json", "version"); /* pages are not held up */
    close(running); /* the client leaves: its operation is cancelled, and the next one runs */
    client_read(waiting, false, &r);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    close(waiting);
    lb_server_stop(server);
    options.op_seconds = 0.3; /* too long: cancelled */
    server = start(f, &options);
    port = port_of(server);
    client_post(port, "/api/op/test.slow", "application/json", "", "{\"parameters\":{\"seconds\":9}}", 28, &r);
    assert_int_equal(r.status, 409);
    reply_free(&r);
    lb_server_stop(server);
    options.op_seconds = 3600; /* stopping cancels what runs */
    server = start(f, &options);
    port = port_of(server);
    running = begin_slow(port, "3600");
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    began = lb_seconds();
    lb_server_stop(server);
    assert_true(lb_seconds() - began < 5);
    close(running);
}

static void a_public_name_must_be_given(void **state)
{
    fixture *f = *state;
    char web[128];
    lb_server_options options = test_options(f, web, sizeof web);
    options.demo = false;
    options.host = "trial.example.org";
    static const struct {
        const char *host;
        bool demo;
        int status;
    } ask[] = {{"trial.example.org", false, 200}, {"TRIAL.example.org:443", false, 200}, {"localhost", false, 200},
               {"evil.example", false, 403},      {"trial.example.org.evil.example", false, 403}, {"trial.example.org", true, 403}};
    for (size_t i = 0; i < LB_COUNT(ask); i++) {
        char head[128];
        reply r;
        options.demo = ask[i].demo;
        lb_server *server = start(f, &options);
        snprintf(head, sizeof head, "GET /api/health HTTP/1.1\r\nHost: %s\r\n", ask[i].host);
        client_ask(port_of(server), head, NULL, 0, &r);
        if (r.status != ask[i].status) fail_msg("%s: %d", ask[i].host, r.status);
        reply_free(&r);
        lb_server_stop(server);
    }
}

static void without_pages_it_says_how_to_build_them(void **state)
{
    fixture *f = *state;
    lb_server_options options = LB_SERVER_OPTIONS_INIT;
    options.listen = "127.0.0.1:0";
    options.root = "/nonexistent";
    lb_server *server = start(f, &options);
    expect_get(port_of(server), "/", 200, "text/html", "./dev build");
    expect_get(port_of(server), "/a.js", 404, "application/json", "no such file");
    expect_get(port_of(server), "/api/health", 200, "application/json", "\"demo\":false");
    lb_server_stop(server);
    lb_error err = LB_ERROR_INIT;
    options.web = "/nonexistent";
    assert_int_equal(lb_server_start(&options, f->registry, &server, &err), LB_NOT_FOUND);
    options.web = NULL;
    options.study = "/nonexistent/study.yaml"; /* the test's registry cannot read protocols */
    assert_int_not_equal(lb_server_start(&options, f->registry, &server, &err), LB_OK);
    options.study = NULL;
    options.demo = true;
    options.listen = "0.0.0.0:0";
    assert_int_equal(lb_server_start(&options, f->registry, &server, &err), LB_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_answers),
        cmocka_unit_test(nothing_outside_the_folder_is_served),
        cmocka_unit_test(caching_and_compression),
        cmocka_unit_test(methods),
        cmocka_unit_test(host_and_origin_are_checked),
        cmocka_unit_test(operations_take_json),
        cmocka_unit_test(operations_refuse_with_words),
        cmocka_unit_test(operations_take_forms),
        cmocka_unit_test(results_in_every_format),
        cmocka_unit_test(files_of_results_can_be_fetched),
        cmocka_unit_test(a_connection_is_kept),
        cmocka_unit_test(chunked_bodies),
        cmocka_unit_test(malformed_requests_do_no_harm),
        cmocka_unit_test(many_clients_at_once),
        cmocka_unit_test(large_bodies_are_refused),
        cmocka_unit_test(slow_clients_are_cut_off),
        cmocka_unit_test(beyond_the_queue_it_says_busy),
        cmocka_unit_test(a_public_name_must_be_given),
        cmocka_unit_test(without_pages_it_says_how_to_build_them),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
