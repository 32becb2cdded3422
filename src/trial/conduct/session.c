/* Sessions and attempts. OWASP ASVS 4.0: 2.2.1 (limits on tries), 3.2 (new token at every sign-in), 3.3 (ends by time and by
 * sign-out), 2.8.4 (a one-time code counts once). */
#include "trial/conduct/session.h"

#include "trial/conduct/kinds.h"
#include "trial/conduct/totp.h"

#include <sodium.h>
#include <string.h>

static const lb_change unaudited = {.action = "session"};
const lb_find lb_find_active = {.kind = LB_KIND_PROTOCOL, .state = "active", .heads = true, .limit = 1};

void lb_token_make(char token[LB_TOKEN])
{
    uint8_t bytes[32];
    token[0] = '\0';
    if (sodium_init() < 0) return;
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(token, LB_TOKEN, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
}

void lb_token_key(const char *token, char key[65])
{
    lb_sha256_hex(token, strlen(token), key);
}

/* -- sessions -------------------------------------------------------------------------------------------------- */

size_t lb_session_names(const char *token, lb_arena *arena, lb_name name[LB_SESSION_NAMES])
{
    if (!token || strlen(token) != LB_TOKEN - 1) return 0;
    char *key = lb_arena_alloc(arena, 65);
    lb_token_key(token, key);
    name[0] = (lb_name){.kind = LB_KIND_SESSION, .key = key};
    name[1] = (lb_name){.kind = LB_KIND_STUDY, .key = "study"};
    name[2] = (lb_name){.kind = LB_KIND_USER, .key = key, .parent_of = LB_KIND_SESSION};
    name[3] = (lb_name){.find = &lb_find_active};
    return LB_SESSION_NAMES;
}

int lb_session_get(lb_tx *tx, const char *token, int64_t idle_us, lb_session *out, bool *found, bool *expired, lb_error *err)
{
    lb_name name[LB_SESSION_NAMES];
    const lb_record *session = NULL, *user = NULL;
    *found = *expired = false;
    if (lb_session_names(token, lb_tx_arena(tx), name) == 0) return LB_OK;
    const char *key = name[0].key;
    int code = lb_tx_ahead(tx, name, LB_SESSION_NAMES, err); /* what every request asks for */
    if (!code) code = lb_tx_get(tx, LB_KIND_SESSION, key, &session, err);
    if (code || !session) return code;
    const char *who = lb_get_text(session->body, "user", "");
    code = lb_tx_get(tx, LB_KIND_USER, who, &user, err);
    if (code) return code;
    int64_t now = lb_tx_now_us(tx), made = lb_get_int(session->body, "made", 0), seen = lb_get_int(session->body, "seen", 0);
    *out = (lb_session){.key = key, .user = who, .csrf = lb_get_text(session->body, "csrf", ""),
                        .made_us = made, .seen_us = seen, .revision = session->revision, .record = user};
    bool allowed = user && lb_text_equal(user->state, "active") && made >= lb_get_int(user->body, "sessions_from", 0);
    *expired = now - seen > idle_us || now - made > (int64_t)LB_SESSION_HOURS * 3600 * 1000000 || !allowed;
    *found = !*expired;
    return LB_OK;
}

static int put_session(lb_tx *tx, const char *key, const char *user, const char *csrf, int64_t made, lb_error *err)
{
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_text(body, "user", user);
    lb_set_text(body, "csrf", csrf);
    lb_set_int(body, "made", made);
    lb_set_int(body, "seen", lb_tx_now_us(tx));
    lb_record record = {.kind = LB_KIND_SESSION, .key = key, .parent = user, .body = body};
    return lb_tx_put(tx, &record, -1, &unaudited, err);
}

int lb_session_touch(lb_tx *tx, const lb_session *session, lb_error *err)
{
    const lb_record *there = NULL;
    int code = lb_tx_get(tx, LB_KIND_SESSION, session->key, &there, err);
    if (code || !there) return code; /* signed out meanwhile: it must not come back */
    return put_session(tx, session->key, session->user, session->csrf, session->made_us, err);
}

typedef struct key_list {
    lb_arena *arena;
    const char *keep;
    const char *key[256];
    size_t count;
} key_list;

static int gather(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    key_list *list = context;
    if (!lb_text_equal(record->key, list->keep)) list->key[list->count++] = lb_arena_text(list->arena, record->key);
    return list->count == LB_COUNT(list->key);
}

int lb_sessions_end(lb_tx *tx, const char *user, const char *keep, lb_error *err)
{
    int code = LB_OK;
    key_list list;
    do {
        const lb_find find = {.kind = LB_KIND_SESSION, .parent = user, .heads = true};
        list = (key_list){.arena = lb_tx_arena(tx), .keep = keep};
        code = lb_tx_scan(tx, &find, gather, &list, err);
        for (size_t i = 0; i < list.count && !code; i++) code = lb_tx_remove(tx, LB_KIND_SESSION, list.key[i], err);
    } while (!code && list.count == LB_COUNT(list.key));
    return code;
}

int lb_signout(lb_tx *tx, const lb_session *session, lb_error *err)
{
    const lb_audit note = {.action = "sign_out", .kind = LB_KIND_USER, .key = session->user};
    int code = lb_tx_remove(tx, LB_KIND_SESSION, session->key, err);
    return code ? code : lb_tx_note(tx, &note, err);
}

/* -- attempts -------------------------------------------------------------------------------------------------- */

static const char *attempt_key(lb_tx *tx, const char *what, const char *who)
{
    char hash[65]; /* an address or a name as somebody typed it is no key */
    lb_sha256_hex(who, strlen(who), hash);
    return lb_arena_printf(lb_tx_arena(tx), "%s|%.32s", what, hash);
}

static int count_attempts(lb_tx *tx, const char *key, int64_t *count, int64_t *since, lb_error *err)
{
    const lb_record *record = NULL;
    *count = 0;
    *since = lb_tx_now_us(tx);
    int code = lb_tx_get(tx, LB_KIND_ATTEMPT, key, &record, err);
    if (code || !record) return code;
    *count = lb_get_int(record->body, "count", 0);
    *since = lb_get_int(record->body, "since", *since);
    return LB_OK;
}

static int put_attempts(lb_tx *tx, const char *key, int64_t count, int64_t since, lb_error *err)
{
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_int(body, "count", count);
    lb_set_int(body, "since", since);
    lb_record record = {.kind = LB_KIND_ATTEMPT, .key = key, .body = body};
    return lb_tx_put(tx, &record, -1, &unaudited, err);
}

int lb_signin_limited(lb_tx *tx, const char *address, bool *out, lb_error *err)
{
    int64_t count, since;
    int code = count_attempts(tx, attempt_key(tx, "address", address), &count, &since, err);
    *out = count >= LB_WRONG_ADDRESS && lb_tx_now_us(tx) - since < (int64_t)LB_WRONG_MINUTES * 60 * 1000000;
    return code;
}

static int count_address(lb_tx *tx, const char *address, lb_error *err)
{
    const char *key = attempt_key(tx, "address", address);
    int64_t count, since, now = lb_tx_now_us(tx);
    int code = count_attempts(tx, key, &count, &since, err);
    if (now - since >= (int64_t)LB_WRONG_MINUTES * 60 * 1000000) count = 0, since = now;
    return code ? code : put_attempts(tx, key, count + 1, since, err);
}

static int lock_user(lb_tx *tx, const lb_record *user, lb_error *err)
{
    const lb_change change = {.action = "lock_user", .reason = "ten wrong passwords in a row"};
    lb_record locked = *user;
    locked.state = "locked";
    int code = lb_tx_put(tx, &locked, user->revision, &change, err);
    return code ? code : lb_sessions_end(tx, user->key, NULL, err);
}

int lb_signin_failed(lb_tx *tx, const char *user, const char *address, const char *where, lb_error *err)
{
    const lb_record *record = NULL;
    int64_t count = 0, since = 0;
    int code = lb_tx_get(tx, LB_KIND_USER, user, &record, err);
    if (!code) code = count_address(tx, address, err);
    if (code) return code;
    /* A name nobody has is not written down: people type their password there. */
    const lb_audit note = {.action = where, .kind = LB_KIND_USER, .key = record ? record->key : "unknown"};
    code = lb_tx_note(tx, &note, err);
    if (code || !record) return code;
    const char *key = attempt_key(tx, "user", user);
    code = count_attempts(tx, key, &count, &since, err);
    if (!code) code = put_attempts(tx, key, count + 1, lb_tx_now_us(tx), err);
    if (!code && count + 1 >= LB_WRONG_MOST && lb_text_equal(record->state, "active")) code = lock_user(tx, record, err);
    return code;
}

int lb_signin_passed(lb_tx *tx, const char *user, lb_error *err)
{
    const lb_record *there = NULL;
    const char *key = attempt_key(tx, "user", user);
    int code = lb_tx_get(tx, LB_KIND_ATTEMPT, key, &there, err);
    return code || !there ? code : lb_tx_remove(tx, LB_KIND_ATTEMPT, key, err);
}

/* A code counts once: remember the step that was used. */
static int spend_code(lb_tx *tx, const lb_record *user, const lb_signin_try *tried, bool *right, lb_error *err)
{
    const char *key = attempt_key(tx, "otp", user->key);
    int64_t step = 0, last = 0, since = 0;
    int code = count_attempts(tx, key, &last, &since, err);
    if (code) return code;
    *right = lb_totp_right(tried->secret, tried->otp, lb_tx_now_us(tx) / 1000000, last, &step);
    return *right ? put_attempts(tx, key, step, lb_tx_now_us(tx), err) : LB_OK;
}

static int open_session(lb_tx *tx, const lb_signin_try *tried, char token[LB_TOKEN], char csrf[LB_TOKEN], lb_error *err)
{
    char key[65], old[65];
    int code = lb_signin_passed(tx, tried->user, err);
    if (!code && tried->old_token && *tried->old_token) {
        lb_token_key(tried->old_token, old);
        const lb_record *there = NULL;
        code = lb_tx_get(tx, LB_KIND_SESSION, old, &there, err);
        if (!code && there) code = lb_tx_remove(tx, LB_KIND_SESSION, old, err);
    }
    if (code) return code;
    lb_token_make(token);
    lb_token_make(csrf);
    lb_token_key(token, key);
    code = put_session(tx, key, tried->user, csrf, lb_tx_now_us(tx), err);
    const lb_audit note = {.action = "sign_in", .kind = LB_KIND_USER, .key = tried->user};
    return code ? code : lb_tx_note(tx, &note, err);
}

int lb_signin_judge(lb_tx *tx, const lb_signin_try *tried, lb_signin *out, char token[LB_TOKEN], char csrf[LB_TOKEN], lb_error *err)
{
    const lb_record *user = NULL;
    bool limited = false, otp_right = false;
    *out = LB_SIGNIN_WRONG;
    int code = lb_signin_limited(tx, tried->address, &limited, err);
    if (limited) *out = LB_SIGNIN_TOO_OFTEN;
    if (code || limited) return code;
    code = lb_tx_get(tx, LB_KIND_USER, tried->user, &user, err);
    if (code) return code;
    bool active = user && lb_text_equal(user->state, "active");
    /* A password that was right for an earlier state of the record proves nothing now. */
    if (!active || !tried->password_right || user->revision != tried->user_revision)
        return lb_signin_failed(tx, tried->user, tried->address, "sign_in_failed", err);
    if (tried->secret && !tried->otp) {
        *out = LB_SIGNIN_OTP;
        return LB_OK;
    }
    if (tried->secret) {
        code = spend_code(tx, user, tried, &otp_right, err);
        if (code) return code;
        if (!otp_right) return lb_signin_failed(tx, tried->user, tried->address, "sign_in_failed", err);
    }
    *out = LB_SIGNIN_OK;
    return open_session(tx, tried, token, csrf, err);
}
