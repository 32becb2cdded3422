/* Signing in and out, one's own password and second factor. */
#include "server/study_home.h"
#include "trial/conduct/session.h"
#include "trial/conduct/totp.h"
#include "trial/conduct/users.h"

#include <lumbar/figure.h>

#include <sodium.h>
#include <string.h>

static const lb_actor system_actor = {.user = "system", .role = "system", .masked = false, .clinical = true};

/* -- GET ------------------------------------------------------------------------------------------------------- */

typedef struct about {
    study_request *request;
    const lb_record *study, *session;
} about;

static int read_about(lb_tx *tx, void *context, lb_error *err)
{
    about *a = context;
    int code = lb_tx_get(tx, LB_KIND_STUDY, "study", &a->study, err);
    if (!code && a->request->session) code = lb_tx_get(tx, LB_KIND_SESSION, a->request->session, &a->session, err);
    return code;
}

static void set_label(lb_value *out, const char *key, const lb_label *label)
{
    lb_value *text = lb_set_object(out, key);
    lb_set_text(text, "en", label->en);
    if (label->zh) lb_set_text(text, "zh", label->zh);
    if (label->da) lb_set_text(text, "da", label->da);
}

static void add_study(study_request *r, const about *a, lb_value *out)
{
    const lb_study *s = r->study;
    lb_value *study = lb_set_object(out, "study");
    if (!s) {
        lb_set_text(study, "state", "setup");
        return;
    }
    const char *const languages[] = {"en", "zh", "da"};
    lb_set_text(study, "id", s->id);
    set_label(study, "title", &s->title);
    lb_set_text(study, "version", s->version);
    lb_set_text(study, "state", a->study && a->study->state ? a->study->state : "running");
    lb_value *list = lb_set_array(study, "languages");
    for (size_t i = 0; i < LB_COUNT(languages); i++)
        if (lb_get_text(lb_get(s->root, "title"), languages[i], NULL)) lb_push_text(list, languages[i]);
    lb_value *sites = lb_set_array(study, "sites");
    for (size_t i = 0; i < s->site_count; i++) {
        lb_value *site = lb_push_object(sites);
        lb_set_text(site, "id", s->site[i].id);
        set_label(site, "label", &s->site[i].label);
    }
}

static void add_user(study_request *r, const about *a, lb_value *out)
{
    lb_value *user = lb_set_object(out, "user"), *must = lb_set_array(out, "must"), *may = lb_set_array(out, "may");
    const lb_value *sites = lb_get(r->user, "sites"), *role = lb_role_of(r->study, r->actor.role);
    lb_set_text(user, "name", r->actor.user);
    lb_set_text(user, "full_name", r->full_name);
    lb_set_text(user, "role", r->actor.role);
    if (role && lb_get(role, "label")) lb_set(user, "role_label", lb_get(role, "label"));
    lb_value *list = lb_set_array(user, "sites");
    for (size_t i = 0; sites && i < sites->count; i++) lb_push_text(list, sites->item[i]->text);
    lb_set_bool(user, "masked", r->actor.masked);
    lb_set_bool(user, "clinical", r->actor.clinical);
    bool otp = lb_get_text(r->user, "otp_sealed", NULL) != NULL;
    lb_set_bool(user, "second_factor", otp);
    lb_set_text(out, "token", a->session ? lb_get_text(a->session->body, "csrf", "") : "");
    if (lb_get_bool(r->user, "must_change", false)) lb_push_text(must, "password");
    if (lb_get_bool(r->user, "second_factor", false) && !otp) lb_push_text(must, "otp");
    for (size_t i = 0; lb_rights_at(i); i++)
        if (lb_rights_may(r->actor.role, lb_rights_at(i))) lb_push_text(may, lb_rights_at(i));
}

/* The router leaves an open route's request signed in when there is a session: GET /api/session needs just that. */
static int get_session(study_request *r, lb_answer *answer, lb_error *err)
{
    about a = {.request = r};
    int code = lb_store_read(r->store, &system_actor, r->arena, read_about, &a, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "mode", "study");
    lb_set_bool(out, "signed_in", r->session != NULL);
    lb_set_number(out, "idle_seconds", (double)study_idle_us(r->home) / 1e6);
    lb_set_text(out, "now", study_time(r->now_us, r->arena));
    add_study(r, &a, out);
    if (r->session) add_user(r, &a, out);
    study_answer(answer, out);
    return LB_OK;
}

/* -- POST: sign in ----------------------------------------------------------------------------------------------- */

typedef struct door {
    lb_signin_try tried;
    bool limited, unblinded;
    const lb_record *user;
    lb_signin out;
    char token[LB_TOKEN], csrf[LB_TOKEN];
} door;

static int read_user(lb_tx *tx, void *context, lb_error *err)
{
    door *d = context;
    const lb_record *study = NULL;
    int code = lb_signin_limited(tx, d->tried.address, &d->limited, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_STUDY, "study", &study, err);
    d->unblinded = study && lb_get_bool(study->body, "unblinded", false);
    if (!code && !d->limited) code = lb_tx_get(tx, LB_KIND_USER, d->tried.user, &d->user, err);
    return code;
}

static int judge(lb_tx *tx, void *context, lb_error *err)
{
    door *d = context;
    return lb_signin_judge(tx, &d->tried, &d->out, d->token, d->csrf, err);
}

static const char *cookie_name(const study_request *r)
{
    return study_home_options(r->home)->secure ? "__Host-lumbar" : "lumbar";
}

static void set_cookie(const study_request *r, lb_answer *answer, const char *token)
{
    bool secure = study_home_options(r->home)->secure;
    lb_answer_header(answer, "Set-Cookie",
                     lb_arena_printf(r->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(r), token, secure ? "; Secure" : "",
                                     *token ? "" : "; Max-Age=0"));
}

static int open_secret(study_request *r, const lb_value *user, const char *key, lb_bytes *out, lb_error *err)
{
    const char *sealed = lb_get_text(user, key, NULL);
    *out = (lb_bytes){0};
    if (!sealed) return LB_OK;
    int code = lb_store_open_seal(r->store, "otp", sealed, r->arena, out, err);
    return !code && out->length != LB_TOTP_SECRET ? lb_fail(err, LB_FAILED, "a second factor cannot be read") : code;
}

static void refuse_signin(lb_answer *answer, lb_signin why)
{
    if (why == LB_SIGNIN_OTP) {
        lb_answer_refuse_code(answer, 401, "otp_needed", "the code of the authenticator app is needed, too", "send it as `otp`");
    } else if (why == LB_SIGNIN_TOO_OFTEN) {
        lb_answer_header(answer, "Retry-After", "900");
        lb_answer_refuse_code(answer, 429, "too_often", "too many wrong passwords came from this address", "wait a quarter of an hour");
    } else {
        lb_answer_refuse_code(answer, 401, "sign_in", "name, password or code is wrong",
                              "after ten wrong passwords in a row an account is locked: the study's administrator opens it again");
    }
}

static int post_session(study_request *r, lb_answer *answer, lb_error *err)
{
    door d = {.tried = {.user = study_text(r, "user"), .address = r->http->address, .otp = lb_get_text(r->body, "otp", NULL),
                        .old_token = lb_request_cookie(r->http, cookie_name(r))}, .out = LB_SIGNIN_TOO_OFTEN};
    const char *hash = NULL;
    lb_bytes secret = {0};
    int code = lb_store_read(r->store, &system_actor, r->arena, read_user, &d, err);
    if (!code && !d.limited) {
        if (d.user) hash = lb_get_text(d.user->body, "password", NULL);
        study_hash_begin(r->home);
        d.tried.password_right = lb_password_right(hash, study_text(r, "password"));
        study_hash_end(r->home);
        if (d.user) code = open_secret(r, d.user->body, "otp_sealed", &secret, err);
        d.tried.user_revision = d.user ? d.user->revision : 0;
        d.tried.secret = secret.data;
        lb_actor actor = system_actor;
        if (d.user) actor.user = d.user->key, actor.role = lb_get_text(d.user->body, "role", "");
        if (!code) code = lb_store_write(r->store, &actor, r->arena, judge, &d, err);
    }
    if (code) return code;
    if (d.out != LB_SIGNIN_OK) {
        refuse_signin(answer, d.out);
        return LB_OK;
    }
    set_cookie(r, answer, d.token);
    char key[65];
    lb_token_key(d.token, key);
    r->session = lb_arena_text(r->arena, key);
    study_become(r, d.user->key, d.user->body, d.unblinded);
    return get_session(r, answer, err);
}

/* -- DELETE: sign out ---------------------------------------------------------------------------------------------- */

static int sign_out(lb_tx *tx, void *context, lb_error *err)
{
    const study_request *r = context;
    const lb_session session = {.key = r->session, .user = r->actor.user};
    return lb_signout(tx, &session, err);
}

static int delete_session(study_request *r, lb_answer *answer, lb_error *err)
{
    int code = study_write(r, sign_out, r, err);
    if (code) return code;
    set_cookie(r, answer, "");
    lb_value *out = lb_value_object(r->arena);
    lb_set_bool(out, "signed_in", false);
    study_answer(answer, out);
    return LB_OK;
}

/* -- one's own password -------------------------------------------------------------------------------------------- */

typedef struct edit {
    study_request *request;
    const char *hash, *sealed, *action;
    int64_t step;
    const lb_value *current;
} edit;

static lb_value *copy_body(const lb_value *body, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena);
    for (size_t i = 0; body && i < body->count; i++) lb_set(out, body->key[i], body->item[i]);
    return out;
}

static int edit_user(lb_tx *tx, void *context, lb_error *err)
{
    edit *e = context;
    const lb_record *user = NULL;
    int code = lb_tx_get(tx, LB_KIND_USER, e->request->actor.user, &user, err);
    if (code || !user) return code ? code : study_absent(err, "user");
    const lb_change change = {.action = e->action};
    lb_record next = *user;
    lb_value *body = copy_body(user->body, lb_tx_arena(tx));
    if (e->hash) {
        lb_set_text(body, "password", e->hash);
        lb_set_bool(body, "must_change", false);
    }
    if (e->sealed) {
        lb_set_text(body, "otp_sealed", e->sealed);
        lb_set_null(body, "otp_pending");
    }
    next.body = body;
    code = lb_tx_put(tx, &next, user->revision, &change, err);
    return code ? code : lb_sessions_end(tx, e->request->actor.user, e->request->session, err);
}

static int post_password(study_request *r, lb_answer *answer, lb_error *err)
{
    char hash[LB_PASSWORD_HASH];
    const char *fresh = study_text(r, "new");
    int code = study_confirm(r, study_text(r, "old"), err);
    if (!code && strcmp(fresh, study_text(r, "old")) == 0) {
        code = lb_fail(err, LB_BAD_DATA, "the new password is the old one");
        lb_error_where(err, "new");
    }
    if (!code) code = lb_password_check(fresh, r->actor.user, err);
    if (code) return code;
    study_hash_begin(r->home);
    code = lb_password_hash(fresh, hash, err);
    study_hash_end(r->home);
    edit e = {.request = r, .hash = hash, .action = "change_password"};
    if (!code) code = study_write(r, edit_user, &e, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_bool(out, "changed", true);
    study_answer(answer, out);
    return LB_OK;
}

/* -- the second factor: a secret is offered, kept with the session, and counts once a code of it was given ------------------- */

static int keep_offer(lb_tx *tx, void *context, lb_error *err)
{
    edit *e = context;
    const lb_record *session = NULL;
    int code = lb_tx_get(tx, LB_KIND_SESSION, e->request->session, &session, err);
    if (code || !session) return code ? code : study_absent(err, "session");
    lb_record next = *session;
    lb_value *body = copy_body(session->body, lb_tx_arena(tx));
    lb_set_text(body, "otp_offered", e->sealed);
    next.body = body;
    const lb_change change = {.action = "offer"};
    return lb_tx_put(tx, &next, -1, &change, err);
}

static int post_otp(study_request *r, lb_answer *answer, lb_error *err)
{
    uint8_t secret[LB_TOTP_SECRET];
    char base32[LB_TOTP_BASE32];
    edit e = {.request = r};
    lb_totp_make(secret);
    lb_totp_base32(secret, base32);
    int code = lb_store_seal(r->store, "otp", secret, sizeof secret, r->arena, &e.sealed, err);
    sodium_memzero(secret, sizeof secret);
    if (!code) code = study_write(r, keep_offer, &e, err);
    if (code) return code;
    const char *study = r->study ? r->study->id : "study";
    const char *uri = lb_arena_printf(r->arena, "otpauth://totp/Lumbar%%20%s:%s?secret=%s&issuer=Lumbar%%20%s&digits=6&period=30", study,
                                      r->actor.user, base32, study);
    lb_buf svg = {0};
    code = lb_qr_svg(uri, &svg, err);
    if (code) {
        lb_buf_free(&svg);
        return code;
    }
    lb_value *out = lb_value_object(r->arena);
    lb_set_text(out, "secret", base32);
    lb_set_text(out, "uri", uri);
    lb_set_text(out, "qr_svg", lb_arena_text(r->arena, svg.data));
    lb_buf_free(&svg);
    study_answer(answer, out);
    return LB_OK;
}

static int read_offer(lb_tx *tx, void *context, lb_error *err)
{
    edit *e = context;
    const lb_record *session = NULL;
    int code = lb_tx_get(tx, LB_KIND_SESSION, e->request->session, &session, err);
    e->current = session ? session->body : NULL;
    return code;
}

static int post_otp_confirm(study_request *r, lb_answer *answer, lb_error *err)
{
    edit e = {.request = r, .action = "second_factor"};
    lb_bytes secret = {0};
    int64_t step = 0;
    int code = study_read(r, read_offer, &e, err);
    if (!code) code = open_secret(r, e.current, "otp_offered", &secret, err);
    if (code) return code;
    if (!secret.data || !lb_totp_right(secret.data, study_text(r, "code"), r->now_us / 1000000, 0, &step)) {
        lb_fail(err, LB_BAD_DATA, "the code does not belong to the secret that was shown last");
        lb_error_where(err, "code");
        lb_error_hint(err, "scan the picture again, and look at the clock of the phone");
        return LB_BAD_DATA;
    }
    e.sealed = lb_get_text(e.current, "otp_offered", NULL);
    code = study_write(r, edit_user, &e, err);
    if (code) return code;
    lb_value *out = lb_value_object(r->arena);
    lb_set_bool(out, "second_factor", true);
    study_answer(answer, out);
    return LB_OK;
}

static const study_route routes[] = {
    {"GET", "/api/session", NULL, STUDY_OPEN | STUDY_BEFORE, get_session, "who is signed in, and what this person may do", NULL, NULL, "#Session"},
    {"POST", "/api/session", NULL, STUDY_OPEN | STUDY_BEFORE, post_session, "sign in", NULL, "{user:text,password:text,otp?:text}", "#Session"},
    {"DELETE", "/api/session", NULL, STUDY_PENDING | STUDY_BEFORE, delete_session, "sign out", NULL, NULL, "{signed_in:bool}"},
    {"POST", "/api/session/password", NULL, STUDY_PENDING | STUDY_BEFORE, post_password, "change one's own password", NULL, "{old:text,new:text}",
     "{changed:bool}"},
    {"POST", "/api/session/otp", NULL, STUDY_PENDING | STUDY_BEFORE, post_otp, "begin to set up the second factor", NULL, NULL,
     "{secret:text,uri:text,qr_svg:text}"},
    {"POST", "/api/session/otp/confirm", NULL, STUDY_PENDING | STUDY_BEFORE, post_otp_confirm, "finish it with a code of the app", NULL, "{code:text}",
     "{second_factor:bool}"},
};

static const study_schema schemas[] = {
    {"Label", "{en:text,zh?:text,da?:text}"},
    {"Session", "{mode:text,signed_in:bool,idle_seconds:number,now:time,study:{id?:text,title?:#Label,version?:text,state:text,languages?:[text],"
                "sites?:[{id:text,label:#Label}]},user?:{name:text,full_name:text,role:text,role_label?:#Label,sites:[text],masked:bool,clinical:bool,"
                "second_factor:bool},token?:text,must?:[(password|otp)],may?:[text]}"},
};

const study_table study_session_routes = {routes, LB_COUNT(routes), schemas, LB_COUNT(schemas)};
