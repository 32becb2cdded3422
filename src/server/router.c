/* Which address answers what. Routes of the API first; every other GET is a file of the front end. */
#include "server/state.h"
#include "server/static.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/store.h"

#include <stdio.h>
#include <string.h>

typedef struct route {
    const char *path; /* ending in '/' = prefix: the rest is handed on */
    bool post;        /* POST only, else GET and HEAD */
    void (*answer)(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer);
} route;

static void make_cached(lb_cached *cached, const lb_value *value)
{
    char hex[65];
    lb_json_write(value, 0, &cached->content);
    cached->type = "application/json";
    lb_sha256_hex(cached->content.data, cached->content.length, hex);
    snprintf(cached->etag, sizeof cached->etag, "\"%.32s\"", hex);
}

static void send_cached(const lb_cached *cached, const lb_request *request, lb_answer *answer)
{
    lb_answer_borrow(answer, cached->type, cached->content.data, cached->content.length);
    lb_answer_header(answer, "Cache-Control", "no-cache");
    lb_answer_etag(answer, request, cached->etag);
}

void lb_routes_prepare(lb_server *server)
{
    lb_arena *arena = lb_arena_new();
    lb_value *health = lb_value_object(arena);
    lb_set_text(health, "version", lb_version());
    lb_set_bool(health, "demo", server->options.demo);
    make_cached(&server->health, health);
    lb_value *ops = lb_registry_describe(server->registry, arena);
    if (ops->type == LB_ARRAY) {
        lb_value *wrapped = lb_value_object(arena);
        lb_set(wrapped, "operations", ops);
        ops = wrapped;
    }
    make_cached(&server->ops, ops);
    make_cached(&server->openapi, lb_openapi(server->registry, server->home != NULL, arena));
    lb_arena_free(arena);
}

void lb_server_openapi(const lb_registry *registry, lb_buf *out)
{
    lb_arena *arena = lb_arena_new();
    lb_json_write(lb_openapi(registry, true, arena), 1, out);
    lb_arena_free(arena);
}

void lb_routes_release(lb_server *server)
{
    lb_buf_free(&server->health.content);
    lb_buf_free(&server->ops.content);
    lb_buf_free(&server->openapi.content);
}

static void get_health(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    send_cached(&server->health, request, answer);
}

static int look(lb_tx *tx, void *context, lb_error *err)
{
    const lb_record *study;
    (void)context;
    return lb_tx_get(tx, LB_KIND_STUDY, "study", &study, err);
}

/* Alive is not enough: the database must answer, too. */
static void get_ready(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    static const lb_actor nobody = {"system", "system", NULL, 0, true, false};
    lb_error err = LB_ERROR_INIT;
    lb_value *ready = lb_value_object(request->arena);
    (void)rest;
    if (server->options.store && lb_store_read(server->options.store, &nobody, request->arena, look, NULL, &err)) {
        lb_answer_refuse_code(answer, 503, "store", "the database of the study does not answer", "look at its server and its disk");
        return;
    }
    lb_set_bool(ready, "ready", true);
    lb_answer_json(answer, ready);
    lb_answer_header(answer, "Cache-Control", "no-store");
}

/* How much happens here is nobody's business outside of this machine. */
static void get_metrics(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    if (!request->direct) {
        lb_answer_refuse(answer, 404, "there is no such address in the API", "see GET /api/openapi.json");
        return;
    }
    lb_observer_metrics(server->observer, server->options.store, atomic_load(&server->body_bytes), &answer->body);
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    lb_answer_header(answer, "Cache-Control", "no-store");
}

static void get_ops(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    send_cached(&server->ops, request, answer);
}

static void get_openapi(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    send_cached(&server->openapi, request, answer);
}

static void post_op(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    lb_route_op(server, request, rest, answer);
}

/* A file name that is safe in a quoted header value. */
static const char *header_name(const char *name, lb_arena *arena)
{
    char *safe = lb_arena_text(arena, name);
    for (char *c = safe; *c; c++) {
        if (*c < '!' || *c > '~' || strchr("\"\\/:;%", *c)) *c = '_';
    }
    return safe;
}

static void get_artifact(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    const char *name = NULL, *mime = NULL;
    if (!lb_artifacts_get(server->artifacts, rest, request->arena, &answer->body, &name, &mime)) {
        lb_answer_refuse(answer, 404, "there is no such file (any more)",
                         "files of results are kept for a while only: run the operation again");
        return;
    }
    answer->type = mime;
    /* A report may be looked at in a frame of ours; everything else is saved. */
    answer->framed = lb_text_starts(mime, "text/html");
    lb_answer_header(answer, "Content-Disposition",
                     lb_arena_printf(request->arena, "%s; filename=\"%s\"", answer->framed ? "inline" : "attachment",
                                     header_name(name, request->arena)));
    lb_answer_header(answer, "Cache-Control", "private, no-cache");
}

static void get_demo(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)request;
    (void)rest;
    lb_answer_json(answer, server->demo->listing);
    lb_answer_header(answer, "Cache-Control", "no-cache");
}

static void get_demo_data(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    const lb_dataset *found = lb_demo_dataset(server->demo, rest);
    if (!found) {
        lb_answer_refuse(answer, 404, "there is no such data set in the demo", "GET /api/demo lists them");
        return;
    }
    lb_answer_borrow(answer, found->type, found->bytes.data, found->bytes.length);
    lb_answer_header(answer, "Content-Disposition",
                     lb_arena_printf(request->arena, "inline; filename=\"%s\"", header_name(found->name, request->arena)));
    lb_answer_header(answer, "Cache-Control", "no-cache");
    lb_answer_etag(answer, request, found->etag);
}

static void get_studies(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)request;
    (void)rest;
    lb_answer_json(answer, server->demo->study_listing);
    lb_answer_header(answer, "Cache-Control", "no-cache");
}

static void get_study(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)request;
    const lb_study_page *found = lb_demo_study(server->demo, rest);
    if (!found) {
        lb_answer_refuse(answer, 404, "there is no such study", "GET /api/studies lists them");
        return;
    }
    lb_answer_borrow(answer, "application/json", found->json, found->length);
    lb_answer_header(answer, "Cache-Control", "no-cache");
}

static void get_report(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)request;
    (void)rest;
    answer->framed = true;
    lb_bytes report = lb_demo_report(server->demo);
    if (report.length == 0) {
        lb_answer_refuse(answer, 404, "there is no report",
                         "it belongs to the demo: run `lumbar serve --demo` with the folder studies/ in place");
        return;
    }
    lb_answer_borrow(answer, "text/html; charset=utf-8", (const char *)report.data, report.length);
    lb_answer_header(answer, "Cache-Control", "no-cache");
}

static void get_calculator(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    lb_calculators_page(server->calculators, request, rest, answer);
}

static void get_calculators(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    lb_calculators_list(server->calculators, request, answer);
}

/* In study mode a model is published by whoever runs the server: the folder of --calculators. */
static void post_calculator(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    if (server->options.store)
        lb_answer_refuse(answer, 403, "a model is published by whoever runs the server", "put the model file into the folder of `lumbar serve --calculators` and start again");
    else
        lb_calculators_publish(server->calculators, request, answer);
}

static void get_snapshots(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    lb_route_snapshots(server, request, answer);
}

static void get_plan(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    lb_route_plan(server, request, answer);
}

static void post_plan(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    lb_route_plan_act(server, request, rest, answer);
}

static void post_report(lb_server *server, const lb_request *request, const char *rest, lb_answer *answer)
{
    (void)rest;
    lb_route_report(server, request, answer);
}

static const route routes[] = {
    {"/calculator", false, get_calculator},   {"/calculator/", false, get_calculator},
    {"/api/calculator", false, get_calculators}, {"/api/calculator/publish", true, post_calculator},
    {"/api/ready", false, get_ready},         {"/api/metrics", false, get_metrics},
    {"/api/health", false, get_health},       {"/api/ops", false, get_ops},       {"/api/openapi.json", false, get_openapi},
    {"/api/op/", true, post_op},              {"/api/artifact/", false, get_artifact},
    {"/api/demo", false, get_demo},           {"/api/demo/data/", false, get_demo_data},
    {"/api/studies", false, get_studies},     {"/api/study/", false, get_study},
    {"/api/report", false, get_report},       {"/api/reviews", false, lb_route_reviews},
    {"/api/review/", true, lb_route_review},  {"/api/review-document/", false, lb_route_review_document},
    {"/api/report/make", true, post_report},
    {"/api/snapshots", false, get_snapshots}, {"/api/plan", false, get_plan},     {"/api/plan/", true, post_plan},
};

static const route *find_route(const char *path, const char **rest)
{
    for (size_t i = 0; i < LB_COUNT(routes); i++) {
        size_t length = strlen(routes[i].path);
        bool prefix = routes[i].path[length - 1] == '/';
        *rest = prefix ? path + length : "";
        if (prefix ? strncmp(path, routes[i].path, length) == 0 && **rest : strcmp(path, routes[i].path) == 0) {
            return &routes[i];
        }
    }
    return NULL;
}

static bool is_api(const char *path)
{
    return lb_text_starts(path, "/api/") || strcmp(path, "/api") == 0;
}

/* A route of the study this server conducts: *allow is what it takes. */
static bool is_study(const lb_server *server, const lb_request *request, const char **allow)
{
    return server->home && is_api(request->path) && study_known(request->path, allow, request->arena);
}

lb_jobs *lb_route_workers(const lb_server *server, const lb_request *request)
{
    const char *rest = NULL, *allow = NULL;
    if (!request->path) return NULL;
    if (is_study(server, request, &allow) || (server->home && strcmp(request->path, "/api/ready") == 0)) return server->study_jobs;
    const route *found = find_route(request->path, &rest);
    return found && (found->post || found->answer == get_report) ? server->jobs : NULL;
}

const char *lb_route_name(const lb_server *server, const lb_request *request)
{
    const char *rest = NULL, *pattern;
    if (!request->path) return "malformed";
    if (server->home && is_api(request->path) && (pattern = study_pattern(request->method, request->path, request->arena))) return pattern;
    const route *found = find_route(request->path, &rest);
    if (found) return found->path;
    return is_api(request->path) ? "/api/?" : "page";
}

/* A page on the web can point a name of its own at 127.0.0.1 (DNS rebinding); its requests then carry that name. A server
 * that listens on this machine only answers to this machine's names and to the one it was given. */
static bool host_allowed(const lb_server *server, const lb_request *request)
{
    const lb_server_options *o = &server->options;
    if (!o->demo && lb_host_is(request->host, o->host)) return true;
    if (!server->listener.loopback && !o->host) return true;
    return lb_host_is_loopback(request->host);
}

/* The methods an address takes; NULL: there is no such address in the API. */
static const char *allowed_methods(const lb_server *server, const lb_request *request)
{
    const char *rest = NULL, *allow = NULL;
    if (is_study(server, request, &allow)) return allow;
    const route *found = find_route(request->path, &rest);
    if (found) return found->post ? "POST" : "GET, HEAD";
    return is_api(request->path) ? NULL : "GET, HEAD";
}

/* Is `method` a word of "GET, HEAD"? */
static bool takes(const char *allow, const char *method)
{
    size_t length = strlen(method);
    for (const char *at = allow; (at = strstr(at, method)); at += length) {
        bool begins = at == allow || at[-1] == ' ', ends = at[length] == '\0' || at[length] == ',';
        if (begins && ends) return true;
    }
    return false;
}

bool lb_route_refuses(const lb_server *server, const lb_request *request, lb_answer *answer)
{
    const char *method = request->method;
    if (!request->path) {
        lb_answer_refuse(answer, 400, "the address is malformed", "percent-encode it as UTF-8");
        return true;
    }
    if (!host_allowed(server, request)) {
        lb_answer_refuse(answer, 403, "the Host header is not a name of this server",
                         "open the address that it printed, e.g. http://127.0.0.1:8080/; behind a proxy, start it with --host NAME");
        return true;
    }
    const char *allow = allowed_methods(server, request);
    if (!allow && (takes("GET, HEAD", method) || takes("POST, PUT, DELETE", method))) {
        lb_answer_refuse(answer, 404, "there is no such address in the API", "see GET /api/openapi.json");
        return true;
    }
    if (!allow || !takes(allow, method)) {
        lb_answer_header(answer, "Allow", allow ? allow : "GET, HEAD");
        lb_answer_refuse(answer, 405, "this address does not take that method", "see GET /api/openapi.json");
        return true;
    }
    if (!takes("GET, HEAD", method) && !lb_origin_allowed(request)) {
        lb_answer_refuse(answer, 403, "a page of another site may not send this request",
                         "behind a proxy, pass the Host header on unchanged");
        return true;
    }
    return false;
}

/* In study mode what computes is for who may analyse: it costs time, and it reads the study's snapshots. */
static bool for_analysts(const char *path)
{
    return lb_text_starts(path, "/api/op/") || lb_text_starts(path, "/api/plan") || lb_text_starts(path, "/api/report/") ||
           lb_text_starts(path, "/api/artifact/");
}

void lb_route(lb_server *server, const lb_request *request, lb_answer *answer)
{
    const char *rest = NULL, *allow = NULL;
    if (is_study(server, request, &allow)) {
        study_route_request(server->home, request, answer);
        return;
    }
    study_request *person = NULL;
    if (server->home && for_analysts(request->path) && !(person = study_admit(server->home, request, LB_MAY_ANALYSE, answer))) return;
    if (person) study_dismiss(person);
    const route *found = find_route(request->path, &rest);
    if (found) found->answer(server, request, rest, answer);
    else lb_static_answer(server->web, request, answer);
}
