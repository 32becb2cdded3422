/* The life of a study: founding, lock, unblinding, closure. */
#include "trial/conduct/lifecycle.h"

#include <string.h>

#include "trial/conduct/kinds.h"
#include "trial/conduct/records.h"

/* ---- founding ---- */

static int add_protocol(lb_tx *tx, const lb_study *study, const lb_bytes *text, const char *commitment, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_value *body = lb_value_object(arena);
    const char *now = lb_when(lb_tx_now_us(tx), arena);
    lb_set_text(body, "text", lb_arena_textn(arena, (const char *)text->data, text->length));
    lb_set_text(body, "sha256", study->sha256);
    lb_set_text(body, "date", lb_get_text(lb_get(study->root, "study"), "date", NULL));
    lb_set_text(body, "activated", now);
    lb_set_text(body, "commitment", commitment);
    lb_record record = {.kind = LB_KIND_PROTOCOL, .key = study->version, .state = "active", .body = body};
    const lb_change change = {"found", NULL, study->version};
    return lb_tx_put(tx, &record, 0, &change, err);
}

static int add_sites(lb_tx *tx, const lb_study *study, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_value *sites = lb_get(study->root, "sites");
    int code = LB_OK;
    for (size_t i = 0; i < study->site_count && !code; i++) {
        lb_value *body = lb_value_object(arena);
        lb_set_text(body, "protocol_version", study->version);
        lb_set_array(body, "ethics");
        const lb_value *target = sites && i < sites->count ? lb_get(sites->item[i], "target") : NULL;
        if (target) lb_set(body, "target", (lb_value *)target);
        lb_record record = {.kind = LB_KIND_SITE, .key = study->site[i].id, .site = study->site[i].id, .state = "closed", .body = body};
        const lb_change change = {"found", NULL, study->version};
        code = lb_tx_put(tx, &record, 0, &change, err);
    }
    return code;
}

int lb_study_found(lb_tx *tx, const lb_study *study, const lb_bytes *text, const char *commitment, const lb_user_new *administrator, lb_error *err)
{
    const lb_record *before;
    int code = lb_tx_get(tx, LB_KIND_STUDY, "study", &before, err);
    if (!code && before) code = lb_fail(err, LB_CONFLICT, "this database holds the study %s already", lb_get_text(before->body, "id", "?"));
    if (code) return code;
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_text(body, "id", study->id);
    lb_set_text(body, "founded", lb_when(lb_tx_now_us(tx), lb_tx_arena(tx)));
    lb_set_text(body, "commitment", commitment);
    lb_set_bool(body, "locked", false);
    lb_set_bool(body, "unblinded", false);
    lb_record record = {.kind = LB_KIND_STUDY, .key = "study", .state = "running", .body = body};
    const lb_change change = {"found", NULL, study->version};
    code = lb_tx_put(tx, &record, 0, &change, err);
    if (!code) code = add_protocol(tx, study, text, commitment, err);
    if (!code) code = add_sites(tx, study, err);
    if (!code && administrator) code = lb_user_add(tx, administrator, err);
    return code;
}

/* ---- lock ---- */

static const struct obstacle {
    const char *name, *kind, *state;
} obstacles[] = {
    {"open_queries", LB_KIND_QUERY, "open"},       {"answered_queries", LB_KIND_QUERY, "answered"}, {"drafts", LB_KIND_DRAFT, NULL},
    {"unsettled", LB_KIND_KEYED, "differences"},      {"started", LB_KIND_ENTRY, "started"},           {"asked", LB_KIND_ALLOCATION, "asked"},
};

int lb_study_obstacles(lb_tx *tx, lb_value **out, int64_t *count, lb_error *err)
{
    *out = lb_value_object(lb_tx_arena(tx));
    *count = 0;
    for (size_t i = 0; i < LB_COUNT(obstacles); i++) {
        const lb_find find = {.kind = obstacles[i].kind, .state = obstacles[i].state};
        int64_t n;
        int code = lb_tx_count(tx, &find, &n, err);
        if (code) return code;
        lb_set_int(*out, obstacles[i].name, n);
        *count += n;
    }
    return LB_OK;
}

static int change_state(lb_tx *tx, const lb_record *record, const char *state, lb_value *body, const char *action, const char *reason, lb_error *err)
{
    lb_record changed = *record;
    changed.state = state;
    changed.body = body;
    const lb_change change = {action, reason, NULL};
    return lb_tx_put(tx, &changed, record->revision, &change, err);
}

static int study_in(lb_tx *tx, const char *const *states, size_t count, const char *what, const lb_record **out, lb_error *err)
{
    int code = lb_tx_get(tx, LB_KIND_STUDY, "study", out, err);
    if (code) return code;
    if (!*out) return lb_fail(err, LB_NOT_FOUND, "this database holds no study yet");
    for (size_t i = 0; i < count; i++)
        if (lb_text_equal((*out)->state, states[i])) return LB_OK;
    return lb_fail(err, LB_CONFLICT, "the study is %s: it cannot be %s", (*out)->state ? (*out)->state : "not begun", what);
}

int lb_study_lock(lb_tx *tx, const char *reason, lb_error *err)
{
    static const char *const from[] = {"setup", "running"};
    const lb_record *study;
    lb_value *open;
    int64_t count;
    int code = study_in(tx, from, LB_COUNT(from), "locked", &study, err);
    if (!code) code = lb_study_obstacles(tx, &open, &count, err);
    if (code) return code;
    if (count > 0 && (!reason || !*reason)) {
        lb_buf text = {0};
        for (size_t i = 0; i < open->count; i++)
            if (open->item[i]->integer) lb_buf_printf(&text, "%s%s %lld", text.length ? ", " : "", open->key[i], (long long)open->item[i]->integer);
        lb_fail(err, LB_CONFLICT, "the study is not ready to be locked: %s", text.data);
        lb_error_hint(err, "close what is open, or lock it as it is and give a reason");
        lb_buf_free(&text);
        return LB_CONFLICT;
    }
    lb_value *body = lb_body_copy(study->body, lb_tx_arena(tx));
    lb_set_bool(body, "locked", true);
    lb_set_text(body, "locked_at", lb_when(lb_tx_now_us(tx), lb_tx_arena(tx)));
    lb_set(body, "left_open", open);
    return change_state(tx, study, "locked", body, "lock", reason, err);
}

int lb_study_reopen(lb_tx *tx, const char *reason, lb_error *err)
{
    static const char *const from[] = {"locked"};
    const lb_record *study;
    if (!reason || !*reason) return lb_fail(err, LB_USAGE, "opening a locked study needs a reason");
    int code = study_in(tx, from, 1, "opened", &study, err);
    if (code) return code;
    lb_value *body = lb_body_copy(study->body, lb_tx_arena(tx));
    lb_set_bool(body, "locked", false);
    lb_set_text(body, "reopened_at", lb_when(lb_tx_now_us(tx), lb_tx_arena(tx)));
    return change_state(tx, study, "running", body, "reopen", reason, err);
}

/* ---- unblinding ---- */

static int may_unblind(lb_tx *tx, void *context, lb_error *err)
{
    static const char *const from[] = {"locked", "unblinded"};
    const lb_record *study;
    (void)context;
    return study_in(tx, from, LB_COUNT(from), "unblinded before it is locked", &study, err);
}

typedef struct revealing {
    const char *seed;
} revealing;

static int write_seed(lb_tx *tx, void *context, lb_error *err)
{
    static const char *const from[] = {"locked", "unblinded"};
    const revealing *r = context;
    const lb_record *study;
    int code = study_in(tx, from, LB_COUNT(from), "unblinded", &study, err);
    if (code || lb_text_equal(study->state, "unblinded")) return code;
    lb_value *body = lb_body_copy(study->body, lb_tx_arena(tx));
    lb_set_bool(body, "unblinded", true);
    lb_set_text(body, "unblinded_at", lb_when(lb_tx_now_us(tx), lb_tx_arena(tx)));
    lb_set_text(body, "seed_revealed", r->seed);
    return change_state(tx, study, "unblinded", body, "unblind", NULL, err);
}

int lb_study_unblind(lb_store *store, const lb_actor *actor, const lb_allocator_face *allocator, const lb_rtsm *rtsm, char *seed_hex, lb_error *err)
{
    char published[65], computed[65];
    lb_arena *arena = lb_arena_new();
    lb_rtsm with_seed = *rtsm;
    int code = lb_store_read(store, actor, arena, may_unblind, NULL, err);
    if (!code) code = allocator->commitment(allocator->context, published, err);
    if (!code) code = allocator->reveal(allocator->context, seed_hex, err);
    if (!code && !lb_hex_bytes(seed_hex, with_seed.seed, sizeof with_seed.seed)) code = lb_fail(err, LB_FAILED, "the allocator revealed no seed");
    if (!code) {
        lb_rtsm_commitment(&with_seed, computed);
        if (strcmp(computed, published) != 0) code = lb_fail(err, LB_BAD_DATA, "the revealed seed is not the one that was committed to");
    }
    revealing r = {seed_hex};
    if (!code) code = lb_store_write(store, actor, arena, write_seed, &r, err);
    lb_arena_free(arena);
    return code;
}

/* ---- closure ---- */

int lb_study_close_conduct(lb_tx *tx, int years, lb_error *err)
{
    static const char *const from[] = {"unblinded", "locked"};
    const lb_record *study;
    lb_arena *arena = lb_tx_arena(tx);
    int code = study_in(tx, from, LB_COUNT(from), "closed before it is locked", &study, err);
    if (code) return code;
    lb_value *body = lb_body_copy(study->body, arena);
    int64_t today = lb_tx_now_us(tx) / 86400000000;
    char day[16];
    if (years < 5) years = 5;
    lb_date_text(today, day);
    int64_t year;
    if (!lb_text_integer(day, 4, &year)) return lb_fail(err, LB_FAILED, "the clock gives no date");
    const char *until = lb_arena_printf(arena, "%lld%s", (long long)year + years, strcmp(day + 4, "-02-29") == 0 ? "-03-01" : day + 4);
    lb_set_text(body, "closed", lb_when(lb_tx_now_us(tx), arena));
    lb_set_text(body, "retention_until", until);
    return change_state(tx, study, "closed", body, "close", NULL, err);
}

/* ---- purge ---- */

enum { PURGE_DAYS = 14 };

static int may_purge(lb_tx *tx, const lb_record **study, lb_error *err)
{
    static const char *const from[] = {"closed"};
    int64_t until;
    int code = study_in(tx, from, 1, "purged before it is closed", study, err);
    if (code) return code;
    const char *date = lb_get_text((*study)->body, "retention_until", "");
    if (!lb_date_days(date, strlen(date), &until)) return lb_fail(err, LB_FAILED, "the study has no date until which it must be kept");
    if (lb_tx_now_us(tx) / 86400000000 >= until) return LB_OK;
    lb_fail(err, LB_CONFLICT, "the study must be kept until %s", date);
    lb_error_hint(err, "nothing and nobody shortens this time");
    return LB_CONFLICT;
}

int lb_study_purge_ask(lb_tx *tx, bool *agreed, lb_error *err)
{
    const lb_record *study;
    const char *who = lb_tx_actor(tx)->user;
    *agreed = false;
    int code = may_purge(tx, &study, err);
    if (code) return code;
    const lb_value *before = lb_get(study->body, "purge_asked");
    int64_t asked = 0;
    bool recent = before && lb_time_seconds(lb_get_text(before, "at", ""), &asked) && lb_tx_now_us(tx) / 1000000 - asked < PURGE_DAYS * 86400;
    *agreed = recent && !lb_text_equal(lb_get_text(before, "by", NULL), who);
    lb_value *body = lb_body_copy(study->body, lb_tx_arena(tx)), *asking = lb_value_object(lb_tx_arena(tx));
    lb_set_text(asking, "by", who);
    lb_set_text(asking, "at", lb_when(lb_tx_now_us(tx), lb_tx_arena(tx)));
    if (*agreed) lb_set_text(asking, "first_by", lb_get_text(before, "by", ""));
    lb_set(body, "purge_asked", asking);
    return change_state(tx, study, "closed", body, "ask for purge", NULL, err);
}
