/* libmicrohttpd behind the routes: collects a request, answers it on its last callback (an answer on the first one closes
 * the connection), and parks the connection while an operation runs on a worker. */
#include "server/place.h"
#include "server/state.h"
#include "server/study_analysis.h"
#include "store/store.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_MEMORY = 32 * 1024, STUDY_WORKERS = 32, STUDY_QUEUE = 512 };

/* One request and its answer. */
typedef struct exchange {
    lb_server *server;
    struct MHD_Connection *connection;
    lb_watched *watched;
    lb_request request;
    lb_answer answer;
    size_t dropped; /* bytes of a body that was refused */
    bool refused, answered;
    double started;
} exchange;

/* -- answers -------------------------------------------------------------------------------------------------- */

#define POLICY(frames)                                                                                              \
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' data: blob:; " \
    "style-src 'self' 'unsafe-inline'; connect-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "         \
    "form-action 'self'; frame-ancestors " frames

static void add_headers(struct MHD_Response *response, const lb_answer *answer, bool public_name)
{
    /* Behind the proxy with its public name the study is reached over TLS only: RFC 6797. */
    if (public_name) MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
    MHD_add_response_header(response, "Content-Security-Policy", answer->policy ? answer->policy : answer->framed ? POLICY("'self'") : POLICY("'none'"));
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-XSS-Protection", "1; mode=block"); /* for browsers too old to know the policy above */
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
    MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(response, "X-Frame-Options", answer->framed ? "SAMEORIGIN" : "DENY");
    if (answer->status != 304) MHD_add_response_header(response, "Content-Type", answer->type);
    for (size_t i = 0; i < answer->headers; i++) MHD_add_response_header(response, answer->name[i], answer->value[i]);
    /* What is refused now may be there in a moment. */
    if (answer->status >= 400) MHD_add_response_header(response, "Cache-Control", "no-store");
    if (answer->close) MHD_add_response_header(response, "Connection", "close");
}

static struct MHD_Response *make_response(lb_answer *answer)
{
    struct MHD_Response *response = NULL;
    if (answer->borrowed) {
        union { /* libmicrohttpd's buffers are not const; a persistent one is only read */
            const void *fixed;
            void *plain;
        } data = {answer->borrowed};
        return MHD_create_response_from_buffer(answer->borrowed_length, data.plain, MHD_RESPMEM_PERSISTENT);
    }
    if (answer->fd >= 0) {
        response = MHD_create_response_from_fd(answer->fd_length, answer->fd);
        if (response) answer->fd = -1; /* the response closes it */
        return response;
    }
    if (answer->body.length == 0) return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    response = MHD_create_response_from_buffer(answer->body.length, answer->body.data, MHD_RESPMEM_MUST_FREE);
    if (response) answer->body = (lb_buf){0};
    return response;
}

static enum MHD_Result send_answer(exchange *x)
{
    const lb_answer *a = &x->answer;
    const lb_observed seen = {x->request.method, lb_route_name(x->server, &x->request), a->status, lb_seconds() - x->started, x->request.body.length + x->dropped,
                              a->borrowed ? a->borrowed_length : a->fd >= 0 ? a->fd_length : a->body.length};
    struct MHD_Response *response = make_response(&x->answer);
    if (!response) return MHD_NO;
    lb_observe(x->server->observer, &seen);
    add_headers(response, &x->answer, x->server->options.host != NULL);
    enum MHD_Result result = MHD_queue_response(x->connection, x->answer.status, response);
    MHD_destroy_response(response);
    x->answered = true;
    lb_watch_phase(x->server->watch, x->watched, LB_PHASE_SEND);
    return result;
}

static void refuse(exchange *x, unsigned status, const char *message, const char *hint)
{
    lb_answer_refuse(&x->answer, status, message, hint);
    x->refused = true;
}

static void refuse_busy(exchange *x)
{
    lb_answer_header(&x->answer, "Retry-After", "2");
    refuse(x, 503, "too much is being computed at once", "try again in a moment");
}

/* -- requests ------------------------------------------------------------------------------------------------- */

static const char *header(exchange *x, const char *name)
{
    return lb_arena_text(x->request.arena, MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name));
}

static bool client_gone(void *context)
{
    exchange *x = context;
    return lb_watch_gone(x->server->watch, x->watched);
}

static void check_length(exchange *x)
{
    const char *text = header(x, "Content-Length");
    int64_t length = 0;
    if (!text || !lb_text_integer(text, strlen(text), &length)) return;
    if (length < 0 || (uint64_t)length > x->server->options.body_max) {
        refuse(x, 413, "the request is too large", "send less at once; docs/server.md names the limits");
    }
}

/* The client's address. A proxy on this machine (--host) names it last in X-Forwarded-For; from elsewhere that header is
 * the client's own invention. */
static const char *client_address(exchange *x)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *from = info ? info->client_addr : NULL;
    char text[64] = "unknown";
    if (from && from->sa_family == AF_INET) inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, text, sizeof text);
    if (from && from->sa_family == AF_INET6) inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)from)->sin6_addr, text, sizeof text);
    bool near = strcmp(text, "::1") == 0 || lb_text_starts(text, "127.");
    x->request.direct = near && !header(x, "X-Forwarded-For");
    const char *named = near && x->server->options.host ? header(x, "X-Forwarded-For") : NULL;
    if (!named) return lb_arena_text(x->request.arena, text);
    const char *last = strrchr(named, ',');
    last = last ? last + 1 : named;
    return last + strspn(last, " ");
}

enum { QUERIES_MOST = 32 };

typedef struct query_reader {
    lb_request *request;
    bool bad;
} query_reader;

static enum MHD_Result add_query(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    query_reader *reader = context;
    lb_request *request = reader->request;
    struct lb_query *next = &request->query[request->queries];
    if (request->queries == QUERIES_MOST || !lb_query_decode(name, request->arena, &next->name) ||
        !lb_query_decode(value ? value : "", request->arena, &next->value)) {
        reader->bad = true;
        return MHD_NO;
    }
    request->queries++;
    return MHD_YES;
}

static bool read_query(exchange *x)
{
    query_reader reader = {&x->request, false};
    if (MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, NULL, NULL) <= 0) return true;
    x->request.query = lb_arena_array(x->request.arena, QUERIES_MOST, sizeof *x->request.query);
    MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, add_query, &reader);
    return !reader.bad;
}

static exchange *begin(lb_server *server, struct MHD_Connection *connection, const char *url, const char *method)
{
    exchange *x = lb_alloc(1, sizeof *x);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    x->server = server;
    x->started = lb_seconds();
    x->connection = connection;
    x->watched = info->socket_context;
    x->answer = (lb_answer)LB_ANSWER_INIT;
    lb_request *request = &x->request;
    request->arena = lb_arena_new();
    request->method = lb_arena_text(request->arena, method);
    if (!lb_path_decode(url, request->arena, &request->path)) request->path = NULL;
    request->host = header(x, "Host");
    request->origin = header(x, "Origin");
    request->fetch_site = header(x, "Sec-Fetch-Site");
    request->accept = header(x, "Accept");
    request->accept_encoding = header(x, "Accept-Encoding");
    request->content_type = header(x, "Content-Type");
    request->if_none_match = header(x, "If-None-Match");
    request->cookie = header(x, "Cookie");
    request->token = header(x, "X-Lumbar-Token");
    request->address = client_address(x);
    if (!read_query(x)) request->path = NULL;
    request->gone = client_gone;
    request->gone_context = x;
    request->body.max = server->options.body_max + 1;
    lb_watch_phase(server->watch, x->watched, LB_PHASE_BODY);
    x->refused = lb_route_refuses(server, request, &x->answer);
    if (!x->refused) check_length(x);
    return x;
}

/* Free the body, and give back its share of what all bodies may hold. */
static void drop_body(exchange *x)
{
    atomic_fetch_sub(&x->server->body_bytes, x->request.body.length);
    x->dropped += x->request.body.length;
    lb_buf_free(&x->request.body);
    x->request.body = (lb_buf){.max = x->server->options.body_max + 1};
}

static enum MHD_Result take_body(exchange *x, const char *data, size_t size)
{
    lb_server *server = x->server;
    lb_watch_received(server->watch, x->watched, size);
    if (!x->refused && x->request.body.length + size > server->options.body_max) {
        refuse(x, 413, "the request is too large", "send less at once; docs/server.md names the limits");
    } else if (!x->refused && atomic_load(&server->body_bytes) + size > server->options.body_total) {
        refuse_busy(x);
    }
    if (x->refused) {
        drop_body(x);
        x->dropped += size;
        return x->dropped > 2 * server->options.body_max ? MHD_NO : MHD_YES;
    }
    atomic_fetch_add(&server->body_bytes, size);
    lb_buf_add(&x->request.body, data, size);
    return MHD_YES;
}

static void run_job(void *context)
{
    exchange *x = context;
    struct MHD_Connection *connection = x->connection;
    if (lb_jobs_stopping(lb_route_workers(x->server, &x->request))) refuse_busy(x);
    else lb_route(x->server, &x->request, &x->answer);
    x->refused = true; /* answered, in effect: the next callback sends it */
    MHD_resume_connection(connection);
}

static enum MHD_Result finish(exchange *x)
{
    lb_jobs *workers = x->refused ? NULL : lb_route_workers(x->server, &x->request);
    if (workers) {
        if (lb_jobs_reserve(workers)) {
            lb_watch_phase(x->server->watch, x->watched, LB_PHASE_WORK);
            MHD_suspend_connection(x->connection);
            lb_jobs_push(workers, run_job, x);
            return MHD_YES;
        }
        refuse_busy(x);
    }
    if (!x->refused) lb_route(x->server, &x->request, &x->answer);
    return send_answer(x);
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *data, size_t *size, void **state)
{
    (void)version;
    exchange *x = *state;
    if (!x) {
        *state = x = begin(context, connection, url, method);
        /* A body that is too large is not waited for: the answer closes the connection. */
        return x->refused && x->answer.status == 413 ? send_answer(x) : MHD_YES;
    }
    if (x->answered) return MHD_YES;
    if (*size > 0) {
        enum MHD_Result result = take_body(x, data, *size);
        *size = 0;
        return result;
    }
    return finish(x);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode how)
{
    (void)context;
    (void)connection;
    (void)how;
    exchange *x = *state;
    if (!x) return;
    lb_watch_phase(x->server->watch, x->watched, LB_PHASE_HEAD);
    drop_body(x);
    lb_answer_free(&x->answer);
    lb_arena_free(x->request.arena);
    free(x);
    *state = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    lb_server *server = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = lb_watch_add(server->watch, info->connect_fd);
    } else if (*socket_context) {
        lb_watch_remove(server->watch, *socket_context);
        *socket_context = NULL;
    }
}

/* Paths are decoded by lb_path_decode, which sees what the client wrote: %00 must not cut a path short. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

/* -- life ----------------------------------------------------------------------------------------------------- */

static int start_daemon(lb_server *server, lb_error *err)
{
    const lb_server_options *o = &server->options;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    if (server->listener.ipv6) flags |= MHD_USE_IPv6;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, server, MHD_OPTION_LISTEN_SOCKET, server->listener.fd,
        MHD_OPTION_THREAD_POOL_SIZE, o->threads, MHD_OPTION_CONNECTION_LIMIT, o->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(o->head_seconds < 1 ? 1 : o->head_seconds),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, server,
        MHD_OPTION_END);
    if (server->daemon) return LB_OK;
    lb_fail(err, LB_FAILED, "the HTTP server cannot be started");
    lb_error_hint(err, "the machine may be out of threads or file descriptors: see `ulimit -n`");
    return LB_FAILED;
}

static void settle_options(lb_server *server)
{
    lb_server_options *o = &server->options;
    o->listen = lb_arena_text(server->arena, o->listen);
    o->host = lb_arena_text(server->arena, o->host);
    o->study = lb_arena_text(server->arena, o->study);
    o->web = lb_arena_text(server->arena, o->web);
    o->log = lb_arena_text(server->arena, o->log);
    o->root = lb_arena_text(server->arena, o->root);
    o->shared = lb_arena_text(server->arena, o->shared);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    server->cores = online > 0 ? (unsigned)online : 1;
    if (o->threads == 0) o->threads = server->cores < 2 ? 2 : server->cores > 8 ? 8 : server->cores;
    if (o->workers == 0) o->workers = server->cores;
    if (o->queue == 0) o->queue = 64;
    if (o->study_workers == 0) o->study_workers = STUDY_WORKERS;
    if (o->connections < o->threads) o->connections = o->threads;
    if (o->body_max > lb_max_input()) o->body_max = lb_max_input();
    if (o->body_total < o->body_max) o->body_total = o->body_max;
    if (!o->root) o->root = lb_place_root(server->arena);
    if (!o->shared) o->shared = lb_place_shared(o->root, server->arena);
    server->web = o->web ? o->web : lb_place_web(o->root, server->arena);
}

/* Study requests wait for the disk: many of them share one commit, so they have many workers of their own. */
static int start_study(lb_server *server, lb_error *err)
{
    const lb_server_options *o = &server->options;
    const study_options options = {.store = o->store, .allocator = o->allocator, .registry = server->registry, .root = o->root, .secure = o->host != NULL,
                                   .public_url = o->host ? lb_arena_printf(server->arena, "https://%s", o->host) : NULL,
                                   .idle_seconds = o->idle_seconds};
    int code = study_home_new(&options, &server->home, err);
    if (code) return code;
    server->analysis = study_analysis_source(server->home);
    lb_store_warm(o->store);
    server->study_jobs = lb_jobs_new(o->study_workers, STUDY_QUEUE);
    return server->study_jobs ? LB_OK : lb_fail(err, LB_FAILED, "no thread can be started");
}

int lb_server_start(const lb_server_options *options, const lb_registry *registry, lb_server **out, lb_error *err)
{
    lb_server *server = lb_alloc(1, sizeof *server);
    *out = NULL;
    server->options = *options;
    server->registry = registry;
    server->arena = lb_arena_new();
    server->listener.fd = -1;
    settle_options(server);
    lb_server_options *o = &server->options;
    int code = lb_observer_new(o->log, &server->observer, err);
    if (!code) code = lb_listen_open(o->listen, o->demo, &server->listener, err);
    if (!code && o->web && !lb_place_below(o->web, "index.html", server->arena)) {
        code = lb_fail(err, LB_NOT_FOUND, "the folder '%.200s' holds no index.html", o->web);
        lb_error_where(err, "--web");
        lb_error_hint(err, "name the folder of the built front end, e.g. web/dist");
    }
    if (!code) {
        server->artifacts = lb_artifacts_new(o->artifact_total);
        server->calculators = lb_calculators_new(o->calculators, registry);
        server->watch = lb_watch_new(o->head_seconds, o->body_rate, o->send_seconds);
        code = lb_demo_new(o->root, o->shared, o->study, o->demo, registry, &server->demo, err);
    }
    server->reviews = lb_reviews_memory_new();
    if (!code && server->demo->review_length) {
        lb_bytes document = {(const uint8_t *)server->demo->review, server->demo->review_length, "review.json"};
        code = server->reviews->put(server->reviews->context, "exercise", &document, 0, err);
    }
    if (!code && o->demo) {
        server->analysis_demo = lb_analysis_demo_new(server->demo);
        server->analysis = lb_analysis_demo_source(server->analysis_demo);
    }
    if (!code && o->store) code = start_study(server, err);
    if (!code) {
        lb_routes_prepare(server);
        server->jobs = lb_jobs_new(o->workers, o->queue);
        if (!server->jobs) code = lb_fail(err, LB_FAILED, "no thread can be started");
    }
    if (!code) code = start_daemon(server, err);
    if (!code) lb_observer_event(server->observer, "start", o->store ? "study" : o->demo ? "demo" : NULL);
    if (code) lb_server_stop(server);
    else *out = server;
    return code;
}

const char *lb_server_url(const lb_server *server)
{
    return server->listener.url;
}

bool lb_server_is_public(const lb_server *server)
{
    return !server->listener.loopback;
}

void lb_server_stop(lb_server *server)
{
    if (!server) return;
    /* Parked connections must be resumed before the daemon stops: the jobs do that as they end. */
    if (server->jobs) lb_jobs_stop(server->jobs);
    if (server->study_jobs) lb_jobs_stop(server->study_jobs);
    if (server->daemon) MHD_stop_daemon(server->daemon); /* closes the listening socket */
    else if (server->listener.fd >= 0) close(server->listener.fd);
    lb_jobs_free(server->jobs);
    lb_jobs_free(server->study_jobs);
    study_home_free(server->home);
    lb_watch_free(server->watch);
    lb_observer_event(server->observer, "stop", NULL);
    lb_observer_free(server->observer);
    lb_artifacts_free(server->artifacts);
    lb_calculators_free(server->calculators);
    lb_routes_release(server);
    lb_reviews_free(server->reviews);
    lb_analysis_demo_free(server->analysis_demo);
    lb_demo_free(server->demo);
    lb_arena_free(server->arena);
    free(server);
}
