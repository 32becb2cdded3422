/* From a request to a handler of the study's routes: find the route, know who asks, refuse what the rights do not give,
 * check the body, run. One order for all routes, so that none can forget a check. */
#include "server/care.h"
#include "server/study_home.h"
#include "server/study_jobs.h"
#include "store/store.h"
#include "trial/conduct/session.h"
#include "trial/conduct/users.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const study_table *const study_tables[] = {
    &study_session_routes,
    &study_people_routes,
    &study_form_routes,
    &study_query_routes,
    &study_admin_routes,
    &study_protocol_routes,
    &study_file_routes,
    &study_data_routes,
    &study_job_routes,
    &study_scan_routes,
    &study_reading_routes,
    &study_page_routes,
    &study_review_routes,
    &care_people_routes,
    &care_phone_routes,
    &care_safety_routes,
    &care_oversight_routes,
    &care_board_routes,
    &care_document_routes,
};

const study_table *study_table_at(size_t index)
{
    return index < LB_COUNT(study_tables) ? study_tables[index] : NULL;
}

const char *study_schema_named(const char *name)
{
    for (size_t t = 0; t < LB_COUNT(study_tables); t++)
        for (size_t i = 0; i < study_tables[t]->schemas; i++)
            if (strcmp(study_tables[t]->schema[i].name, name) == 0) return study_tables[t]->schema[i].text;
    return NULL;
}

static const study_look *const study_looks[] = {&study_save_look};

static const study_look *look_of(const study_route *route)
{
    for (size_t i = 0; i < LB_COUNT(study_looks); i++)
        if (study_looks[i]->handler == route->handler) return study_looks[i];
    return NULL;
}

/* -- matching -------------------------------------------------------------------------------------------------- */

/* Does the path fit the pattern? Parameters go to `part` (NULL: nowhere); a parameter may end in a fixed suffix: "/x/{id}.csv". */
static bool fits(const char *pattern, const char *path, lb_arena *arena, const char *part[STUDY_PARTS])
{
    size_t parts = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++) return false;
            continue;
        }
        const char *after = strchr(pattern, '}') + 1;
        size_t suffix = strcspn(after, "/"), length = strcspn(path, "/");
        if (length <= suffix || strncmp(path + length - suffix, after, suffix) != 0) return false;
        if (part && parts < STUDY_PARTS) part[parts++] = lb_arena_textn(arena, path, length - suffix);
        pattern = after + suffix;
        path += length;
    }
    return *path == '\0';
}

static bool same_method(const char *route, const char *method)
{
    return strcmp(route, method) == 0 || (strcmp(route, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* Fixed words win over parameters: the route with the longest fixed beginning. */
static const study_route *find_route(const char *method, const char *path, lb_arena *arena, const char *part[STUDY_PARTS])
{
    const study_route *best = NULL;
    size_t best_fixed = 0;
    for (size_t t = 0; t < LB_COUNT(study_tables); t++) {
        for (size_t i = 0; i < study_tables[t]->count; i++) {
            const study_route *route = &study_tables[t]->route[i];
            size_t fixed = strcspn(route->path, "{");
            const char *found[STUDY_PARTS] = {0};
            if ((method && !same_method(route->method, method)) || (best && fixed <= best_fixed)) continue;
            if (!fits(route->path, path, arena, found)) continue;
            best = route;
            best_fixed = fixed;
            memcpy(part, found, sizeof found);
        }
    }
    return best;
}

bool study_known(const char *path, const char **allow, lb_arena *arena)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    bool takes[LB_COUNT(methods)] = {false};
    lb_buf list = {0};
    for (size_t t = 0; t < LB_COUNT(study_tables); t++) {
        for (size_t i = 0; i < study_tables[t]->count; i++) {
            const study_route *route = &study_tables[t]->route[i];
            if (!fits(route->path, path, arena, NULL)) continue;
            for (size_t m = 0; m < LB_COUNT(methods); m++) takes[m] |= strcmp(route->method, methods[m]) == 0;
        }
    }
    for (size_t m = 0; m < LB_COUNT(methods); m++) {
        if (takes[m]) lb_buf_printf(&list, "%s%s%s", list.length ? ", " : "", methods[m], m == 0 ? ", HEAD" : "");
    }
    *allow = list.length ? lb_arena_text(arena, list.data) : NULL;
    lb_buf_free(&list);
    return *allow != NULL;
}

const char *study_pattern(const char *method, const char *path, lb_arena *arena)
{
    const char *part[STUDY_PARTS];
    const study_route *route = find_route(method, path, arena, part);
    return route ? route->path : NULL;
}

/* -- who asks -------------------------------------------------------------------------------------------------- */

typedef struct arrival {
    study_request *request;
    const study_route *route;
    lb_answer *answer;
    const char *token;
    lb_session session;
    bool found, expired, refused;
    const study_look *look; /* or NULL */
    int body;               /* where there is one: what became of reading it */
    lb_error body_error;
} arrival;

static int touch(lb_tx *tx, void *context, lb_error *err)
{
    return lb_session_touch(tx, context, err);
}

void study_become(study_request *r, const char *name, const lb_value *user, bool unblinded)
{
    const lb_value *sites = lb_get(user, "sites");
    size_t count = sites && sites->type == LB_ARRAY ? sites->count : 0;
    const char **site = lb_arena_array(r->arena, count + 1, sizeof *site);
    for (size_t i = 0; i < count; i++) site[i] = sites->item[i]->type == LB_STRING ? sites->item[i]->text : "";
    r->user = user;
    r->full_name = lb_get_text(r->user, "full_name", "");
    r->actor.user = name;
    r->actor.role = lb_get_text(r->user, "role", "");
    r->actor.site = count ? site : NULL;
    r->actor.site_count = count;
    r->actor.masked = lb_role_masked(r->study, r->actor.role) && !unblinded;
    r->actor.clinical = lb_role_clinical(r->study, r->actor.role);
}

static const lb_actor system_actor = {.user = "system", .role = "system", .masked = false, .clinical = true};

/* -- checks ---------------------------------------------------------------------------------------------------- */

static bool refuse_absent(lb_answer *answer)
{
    lb_answer_refuse(answer, 404, "there is no such thing here", "check the address; what is not yours to see is not shown");
    return true;
}

static bool must_settle(const study_request *r)
{
    bool second = lb_get_bool(r->user, "second_factor", false);
    return lb_get_bool(r->user, "must_change", false) || (second && !lb_get_text(r->user, "otp_sealed", NULL));
}

/* Anything that keeps this person from this route. */
static bool refuses(const study_request *r, const arrival *a, const study_route *route, lb_answer *answer)
{
    bool writes = strcmp(route->method, "GET") != 0;
    if (route->flags & STUDY_OPEN) return false;
    if (!a->found) {
        lb_answer_refuse_code(answer, 401, a->expired ? "expired" : "sign_in",
                              a->expired ? "the session has ended" : "nobody is signed in", "sign in; what was typed is kept on the page");
        return true;
    }
    const char *sent = r->http->token ? r->http->token : "";
    if (writes && (strlen(sent) != strlen(a->session.csrf) || sodium_memcmp(sent, a->session.csrf, strlen(sent)) != 0)) {
        lb_answer_refuse_code(answer, 403, "token", "the request does not carry this session's token",
                              "send the `token` of GET /api/session in the header X-Lumbar-Token");
        return true;
    }
    if (must_settle(r) && !(route->flags & STUDY_PENDING)) {
        lb_answer_refuse_code(answer, 403, "must", "first set a password of your own, and the second factor where it is asked for",
                              "GET /api/session says which in `must`");
        return true;
    }
    if (!r->study && !(route->flags & STUDY_BEFORE)) {
        lb_answer_refuse_code(answer, 409, "no_protocol", "no version of the protocol is active yet", "an administrator activates one under Study");
        return true;
    }
    if ((route->flags & STUDY_UNMASKED) && r->actor.masked) return refuse_absent(answer);
    if (route->right && !lb_rights_may(r->actor.role, route->right)) {
        lb_answer_refuse(answer, 403, "your role may not do this", "ask whoever assigns the roles of this study");
        return true;
    }
    return false;
}

static int read_body(study_request *r, const study_route *route, lb_error *err)
{
    const lb_request *http = r->http;
    if (route->flags & STUDY_RAW || strcmp(route->method, "GET") == 0) return LB_OK;
    if (http->body.length == 0 && !route->body) return LB_OK;
    if (http->content_type && !lb_text_starts(http->content_type, "application/json"))
        return lb_fail(err, LB_USAGE, "the body must be application/json, not %.80s", http->content_type);
    const lb_bytes bytes = {(const uint8_t *)(http->body.data ? http->body.data : ""), http->body.length, "body"};
    lb_value *body = NULL;
    int code = lb_json_read(&bytes, r->arena, &body, err);
    if (code) return LB_USAGE;
    r->body = body;
    return route->body ? study_schema_check(route->body, body, study_schema_named, err) : LB_OK;
}

/* -- who asks, and may they -------------------------------------------------------------------------------------- */

static int find_session(lb_tx *tx, arrival *a, lb_error *err)
{
    study_request *r = a->request;
    const lb_record *study = NULL;
    lb_name name[LB_SESSION_NAMES + STUDY_LOOK];
    size_t names = lb_session_names(a->token, r->arena, name);
    if (names && a->look) names += a->look->names(r, name + names);
    int code = lb_tx_ahead(tx, name, names, err);
    if (!code) code = lb_session_get(tx, a->token, study_idle_us(r->home), &a->session, &a->found, &a->expired, err);
    if (!code) code = study_borrow(r->home, NULL, tx, &r->study, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_STUDY, "study", &study, err);
    r->now_us = lb_tx_now_us(tx);
    if (code || !a->found) return code;
    r->session = a->session.key;
    study_become(r, a->session.user, a->session.record->body, study && lb_get_bool(study->body, "unblinded", false));
    return LB_OK;
}

static int arrive(lb_tx *tx, void *context, lb_error *err)
{
    arrival *a = context;
    study_request *r = a->request;
    int code = find_session(tx, a, err);
    if (code) return code;
    a->refused = refuses(r, a, a->route, a->answer);
    if (a->refused || !a->look) return LB_OK;
    a->body = read_body(r, a->route, &a->body_error);
    if (a->body || !a->found) return LB_OK;
    lb_tx_become(tx, &r->actor);
    a->look->read(tx, r);
    return LB_OK;
}

static int know_who(arrival *a, lb_error *err)
{
    study_request *r = a->request;
    const char *name = study_home_options(r->home)->secure ? "__Host-lumbar" : "lumbar";
    a->token = lb_request_cookie(r->http, name);
    int code = lb_store_read(r->store, &system_actor, r->arena, arrive, a, err);
    if (!code && a->found && r->now_us - a->session.seen_us > 60 * (int64_t)1000000)
        code = lb_store_write(r->store, &system_actor, r->arena, touch, &a->session, err);
    return code;
}

/* -- answering --------------------------------------------------------------------------------------------------- */

/* Trouble of the database itself (disk full, locked, out of reach): whoever runs the server finds the file and the words of
 * its system in the server's output; whoever asked, a participant without a sign-in among them, is told only what it means. */
static void answer_failure(const study_request *r, int code, lb_error *err, lb_answer *answer)
{
    err->code = code;
    if (!lb_store_troubled(r->store, err)) {
        lb_answer_error(answer, 0, err);
        return;
    }
    fprintf(stderr, "lumbar: %s: %s%s%s; %s\n", err->where, err->message, err->detail[0] ? ": " : "", err->detail, err->hint);
    lb_answer_refuse_code(answer, 503, "store", err->message, "try again in a moment; if it lasts, tell whoever runs the server");
}

static void run(study_request *r, const arrival *a, lb_answer *answer)
{
    lb_error err = a->body_error;
    int code = a->look ? a->body : read_body(r, a->route, &err);
    if (!code) code = a->route->handler(r, answer, &err);
    if (code) {
        answer->body.length = 0;
        answer->borrowed = NULL;
        answer_failure(r, code, &err, answer);
    }
}

/* Cells above change with the person who asks: nothing of a study is kept in a cache. */
static void no_cache(lb_answer *answer)
{
    for (size_t i = 0; i < answer->headers; i++)
        if (strcmp(answer->name[i], "Cache-Control") == 0) return;
    if (answer->status < 400) lb_answer_header(answer, "Cache-Control", "no-store");
}

typedef struct request_and_loan {
    study_request request; /* first: handlers get its address */
    study_loan loan;
} request_and_loan;


void study_route_request(study_home *home, const lb_request *http, lb_answer *answer)
{
    const study_options *options = study_home_options(home);
    request_and_loan both = {.request = {.home = home, .http = http, .arena = http->arena, .store = options->store,
                                         .registry = options->registry, .actor = {.user = "", .role = "", .masked = true}}};
    study_request *r = &both.request;
    lb_error err = LB_ERROR_INIT;
    const study_route *route = find_route(http->method, http->path, http->arena, r->part);
    if (!route) {
        refuse_absent(answer);
        return;
    }
    arrival a = {.request = r, .route = route, .answer = answer, .look = look_of(route)};
    int code = know_who(&a, &err);
    if (code) answer_failure(r, code, &err, answer);
    else if (!a.refused) run(r, &a, answer);
    no_cache(answer);
    study_dismiss(r);
}

study_request *study_admit(study_home *home, const lb_request *http, const char *right, lb_answer *answer)
{
    const study_options *options = study_home_options(home);
    const study_route route = {.method = http->method, .path = http->path, .right = right};
    request_and_loan *both = lb_arena_alloc(http->arena, sizeof *both);
    study_request *r = &both->request;
    *r = (study_request){.home = home, .http = http, .arena = http->arena, .store = options->store, .registry = options->registry,
                         .actor = {.user = "", .role = "", .masked = true}};
    arrival a = {.request = r, .route = &route, .answer = answer};
    lb_error err = LB_ERROR_INIT;
    int code = know_who(&a, &err);
    if (!code && !a.refused) return r;
    if (code) answer_failure(r, code, &err, answer);
    study_dismiss(r);
    return NULL;
}

void study_dismiss(study_request *request)
{
    study_loan *loan = &((request_and_loan *)request)->loan;
    study_give_back(request->home, request->study);
    for (size_t i = 0; i < loan->count; i++) study_give_back(request->home, loan->study[i]);
}

typedef struct wanted_table {
    const char *id, *table;
    lb_bytes *out;
} wanted_table;

static int read_frozen(lb_tx *tx, void *context, lb_error *err)
{
    wanted_table *w = context;
    return lb_tx_frozen(tx, w->id, w->table, w->out, err);
}

bool study_frozen(study_request *request, const char *path, lb_bytes *out)
{
    lb_error err = LB_ERROR_INIT;
    const char *slash = strrchr(path, '/');
    if (!slash) return false;
    wanted_table w = {lb_arena_textn(request->arena, path, (size_t)(slash - path)), slash + 1, out};
    return study_read(request, read_frozen, &w, &err) == LB_OK && out->data != NULL;
}

/* -- what handlers share --------------------------------------------------------------------------------------- */

typedef struct wanted_version {
    study_request *request;
    const char *version;
    const lb_study *study;
} wanted_version;

static int borrow_version(lb_tx *tx, void *context, lb_error *err)
{
    wanted_version *w = context;
    return study_borrow(w->request->home, w->version, tx, &w->study, err);
}

int study_version(study_request *request, const char *version, const lb_study **out, lb_error *err)
{
    study_loan *loan = &((request_and_loan *)request)->loan;
    wanted_version w = {request, version, NULL};
    if (request->study && lb_text_equal(request->study->version, version)) {
        *out = request->study;
        return LB_OK;
    }
    for (size_t i = 0; i < loan->count; i++) {
        if (strcmp(loan->study[i]->version, version) != 0) continue;
        *out = loan->study[i];
        return LB_OK;
    }
    if (loan->count == STUDY_VERSIONS) return lb_fail(err, LB_TOO_LARGE, "too many versions of the protocol at once");
    int code = lb_store_read(request->store, &system_actor, request->arena, borrow_version, &w, err);
    if (!code) *out = loan->study[loan->count++] = w.study;
    return code;
}

typedef struct confirmation {
    const study_request *request;
    bool right;
} confirmation;

static int count_confirmation(lb_tx *tx, void *context, lb_error *err)
{
    const confirmation *c = context;
    const study_request *r = c->request;
    return c->right ? lb_signin_passed(tx, r->actor.user, err)
                    : lb_signin_failed(tx, r->actor.user, r->http->address, "confirmation_failed", err);
}

int study_confirm(study_request *request, const char *password, lb_error *err)
{
    confirmation c = {.request = request};
    study_hash_begin(request->home);
    c.right = lb_password_right(lb_get_text(request->user, "password", NULL), password);
    study_hash_end(request->home);
    int code = lb_store_write(request->store, &request->actor, request->arena, count_confirmation, &c, err);
    if (code || c.right) return code;
    lb_fail(err, LB_FORBIDDEN, "the password is wrong");
    lb_error_where(err, "password");
    lb_error_hint(err, "after ten wrong passwords in a row the account is locked");
    return LB_FORBIDDEN;
}

int study_read(study_request *request, lb_tx_body body, void *context, lb_error *err)
{
    return lb_store_read(request->store, &request->actor, request->arena, body, context, err);
}

int study_write(study_request *request, lb_tx_body body, void *context, lb_error *err)
{
    return lb_store_write(request->store, &request->actor, request->arena, body, context, err);
}

const char *study_text(const study_request *request, const char *key)
{
    return lb_get_text(request->body, key, "");
}

const char *study_query(const study_request *request, const char *name)
{
    const char *value = lb_request_query(request->http, name);
    return value && *value ? value : NULL;
}

const char *study_time(int64_t us, lb_arena *arena)
{
    char *text = lb_arena_alloc(arena, 24);
    lb_time_text(us / 1000000, text);
    return text;
}

void study_answer(lb_answer *answer, const lb_value *value)
{
    lb_answer_json(answer, value);
}

int study_absent(lb_error *err, const char *what)
{
    lb_fail(err, LB_NOT_FOUND, "there is no such %s", what);
    lb_error_hint(err, "check the address; what is not yours to see is not shown");
    return LB_NOT_FOUND;
}
