/* A study on a scratch store behind a running server, with a user of every role, and a client that signs in as them. */
#ifndef LUMBAR_TEST_STUDY_FIXTURE_H
#define LUMBAR_TEST_STUDY_FIXTURE_H

#include "api/client.h"
#include "store_place.h"
#include "server/server.h"
#include "store/store.h"
#include "trial/conduct/allocate.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/rights.h"
#include "trial/conduct/users.h"

#include <lumbar/op.h>

#define STUDY_PASSWORD "correct horse battery staple"

typedef struct study_fixture {
    lb_registry *registry;
    lb_store *store;
    lb_server *server;
    lb_arena *arena;
    unsigned port;
    int64_t moved_us; /* the clock: real time plus this */
    char hash[LB_PASSWORD_HASH];
    const char *protocol; /* file name in studies/ */
    const lb_allocator_face *allocator; /* NULL: one that gives and reveals nothing */
} study_fixture;

typedef struct study_user {
    char cookie[128], token[64];
} study_user;

static const lb_actor fixture_actor = {.user = "fixture", .role = "system", .masked = false, .clinical = true};

static inline int64_t fixture_clock(void *context)
{
    return lb_now_us() + ((study_fixture *)context)->moved_us;
}

static inline int fixture_put(lb_tx *tx, const char *kind, const char *key, const char *state, lb_value *body, lb_error *err)
{
    const lb_change change = {.action = "fixture"};
    lb_record record = {.kind = kind, .key = key, .state = state, .body = body};
    return lb_tx_put(tx, &record, -1, &change, err);
}

static inline int fixture_user(lb_tx *tx, study_fixture *f, const char *name, const char *role, const char *site, lb_error *err)
{
    const lb_user_new user = {.name = name, .full_name = name, .role = role, .site = &site, .site_count = site ? 1 : 0, .hash = f->hash};
    lb_value *body = lb_user_body(&user, lb_tx_arena(tx));
    lb_set_bool(body, "must_change", false);
    lb_set_bool(body, "second_factor", false); /* its own tests set it up */
    return fixture_put(tx, LB_KIND_USER, name, "active", body, err);
}

/* Protocol, sites with ethics approval, a user "ROLE" of all sites and a user "ROLE.c01" of the first site for every role. */
static inline int fixture_fill(lb_tx *tx, void *context, lb_error *err)
{
    study_fixture *f = context;
    lb_arena *arena = lb_tx_arena(tx);
    char path[512];
    lb_bytes bytes;
    lb_study *study = NULL;
    snprintf(path, sizeof path, "%s/studies/%s", LUMBAR_TEST_SOURCE, f->protocol);
    int code = lb_file_read(path, 0, arena, &bytes, err);
    if (!code) code = lb_study_read(&bytes, arena, &study, NULL, err);
    if (code) return code;
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "text", lb_arena_textn(arena, (const char *)bytes.data, bytes.length));
    lb_set_text(body, "sha256", study->sha256);
    code = fixture_put(tx, LB_KIND_PROTOCOL, study->version, "active", body, err);
    for (size_t i = 0; i < study->site_count && !code; i++) {
        lb_value *site = lb_value_object(arena), *ethics = lb_push_object(lb_set_array(site, "ethics"));
        lb_set_text(site, "protocol_version", study->version);
        lb_set_text(ethics, "version", study->version);
        lb_set_text(ethics, "approved", "2026-01-01");
        const lb_change change = {.action = "fixture"};
        lb_record record = {.kind = LB_KIND_SITE, .key = study->site[i].id, .site = study->site[i].id, .state = "open", .body = site};
        code = lb_tx_put(tx, &record, -1, &change, err);
    }
    lb_value *life = lb_value_object(arena);
    lb_set_text(life, "id", study->id);
    if (!code) code = fixture_put(tx, LB_KIND_STUDY, "study", "running", life, err);
    for (size_t i = 0; lb_rights_role(i) && !code; i++) {
        const char *role = lb_rights_role(i);
        char name[60];
        snprintf(name, sizeof name, "%s.c01", role);
        code = fixture_user(tx, f, role, role, NULL, err);
        if (!code) code = fixture_user(tx, f, name, role, study->site[0].id, err);
        snprintf(name, sizeof name, "%s.c02", role);
        if (!code && study->site_count > 1) code = fixture_user(tx, f, name, role, study->site[1].id, err);
    }
    if (!code) code = fixture_user(tx, f, "second.manager", "data_manager", NULL, err);
    if (!code) code = fixture_user(tx, f, "third.manager", "data_manager", NULL, err);
    lb_study_close(study);
    return code;
}

/* Randomisation has tests of its own; here the allocator only answers that it gives nothing. */
static inline int fixture_allocate(void *context, const lb_allocation_ask *ask, lb_allocation *out, lb_error *err)
{
    (void)context;
    (void)ask;
    (void)out;
    return lb_fail(err, LB_CONFLICT, "the allocator of the fixture gives nothing");
}
static inline int fixture_past(void *context, lb_allocation_seen seen, void *seen_context, lb_error *err)
{
    (void)context;
    (void)seen;
    (void)seen_context;
    (void)err;
    return LB_OK;
}
static inline int fixture_hex(void *context, char hex[65], lb_error *err)
{
    (void)context;
    (void)hex;
    return lb_fail(err, LB_CONFLICT, "the allocator of the fixture reveals nothing");
}
static const lb_allocator_face fixture_allocator = {.allocate = fixture_allocate, .past = fixture_past, .commitment = fixture_hex, .reveal = fixture_hex};

static inline void fixture_serve(study_fixture *f)
{
    lb_error err = LB_ERROR_INIT;
    lb_server_options options = LB_SERVER_OPTIONS_INIT;
    options.listen = "127.0.0.1:0";
    options.root = LUMBAR_TEST_SOURCE;
    options.store = f->store;
    options.allocator = f->allocator ? f->allocator : &fixture_allocator;
    options.study_workers = 8;
    int code = lb_server_start(&options, f->registry, &f->server, &err);
    if (code) fail_msg("%s: %s", err.where, err.message);
    assert_int_equal(sscanf(lb_server_url(f->server), "http://127.0.0.1:%u/", &f->port), 1);
}

static inline void fixture_start(study_fixture *f, const char *protocol)
{
    lb_error err = LB_ERROR_INIT;
    memset(f, 0, sizeof *f);
    f->protocol = protocol;
    f->arena = lb_arena_new();
    f->registry = lb_registry_all();
    assert_int_equal(lb_password_hash(STUDY_PASSWORD, f->hash, &err), LB_OK);
    lb_store_options how = LB_STORE_OPTIONS_INIT;
    how.fast = true;
    how.clock_us = fixture_clock;
    how.clock_context = f;
    int code = place_store(&how, &f->store, &err);
    if (!code) code = lb_store_write(f->store, &fixture_actor, f->arena, fixture_fill, f, &err);
    if (code) fail_msg("%s: %s", err.where, err.message);
    fixture_serve(f);
}

/* The server ends and another one starts on the same store. */
static inline void fixture_restart(study_fixture *f)
{
    lb_server_stop(f->server);
    fixture_serve(f);
}

static inline void fixture_stop(study_fixture *f)
{
    lb_server_stop(f->server);
    lb_store_close(f->store);
    lb_registry_free(f->registry);
    lb_arena_free(f->arena);
}

/* One request; user NULL: not signed in. The reply's body stays in the fixture's arena as JSON (NULL when it is none). */
static inline int study_ask(study_fixture *f, const study_user *user, const char *method, const char *path, const char *body, lb_value **out)
{
    char *head = lb_arena_printf(f->arena, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s%s%s%s%s%s", method, path, f->port, user ? "Cookie: lumbar=" : "",
                                 user ? user->cookie : "", user ? "\r\n" : "", user ? "X-Lumbar-Token: " : "", user ? user->token : "", user ? "\r\n" : "");
    if (body) head = lb_arena_printf(f->arena, "%sContent-Type: application/json\r\nContent-Length: %zu\r\n", head, strlen(body));
    else if (strcmp(method, "GET") != 0) head = lb_arena_printf(f->arena, "%sContent-Length: 0\r\n", head);
    reply r;
    client_ask(f->port, head, body, body ? strlen(body) : 0, &r);
    lb_error err = LB_ERROR_INIT;
    const char *text = lb_arena_textn(f->arena, r.body ? r.body : "", r.length);
    const lb_bytes bytes = {(const uint8_t *)text, r.length, "reply"};
    lb_value *value = NULL;
    if (lb_json_read(&bytes, f->arena, &value, &err) != LB_OK) value = NULL;
    if (out) *out = value;
    reply_free(&r);
    return r.status;
}

static inline void study_take_session(study_fixture *f, const reply *r, study_user *user)
{
    char header[512];
    lb_error err = LB_ERROR_INIT;
    lb_value *value = NULL;
    const lb_bytes bytes = {(const uint8_t *)r->body, r->length, "reply"};
    reply_header(r, "Set-Cookie", header, sizeof header);
    assert_int_equal(sscanf(header, "lumbar=%127[^;]", user->cookie), 1);
    assert_int_equal(lb_json_read(&bytes, f->arena, &value, &err), LB_OK);
    snprintf(user->token, sizeof user->token, "%s", lb_get_text(value, "token", ""));
}

static inline int study_sign_in(study_fixture *f, const char *name, const char *password, study_user *user)
{
    char body[256];
    reply r;
    snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"%s\"}", name, password);
    client_post(f->port, "/api/session", "application/json", "", body, strlen(body), &r);
    if (r.status == 200) study_take_session(f, &r, user);
    reply_free(&r);
    return r.status;
}

static inline study_user study_as(study_fixture *f, const char *name)
{
    study_user user = {"", ""};
    assert_int_equal(study_sign_in(f, name, STUDY_PASSWORD, &user), 200);
    return user;
}

/* The error's message, for failures that should not be. */
static inline const char *study_error(const lb_value *value)
{
    const lb_value *error = lb_get(value, "error");
    return lb_get_text(error, "message", "");
}

#define study_expect(f, user, method, path, body, status, out)                                                      \
    do {                                                                                                            \
        lb_value *reply_ = NULL, **out_ = (out);                                                                    \
        int got_ = study_ask((f), (user), (method), (path), (body), &reply_);                                       \
        if (got_ != (status)) fail_msg("%s %s: %d, not %d: %s", (method), (path), got_, (status), study_error(reply_)); \
        if (out_) *out_ = reply_;                                                                                   \
    } while (0)

#endif
