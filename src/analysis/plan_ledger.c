/* The ledger of an analysis plan: a chain of entries, each with the SHA-256 of the one before it, lock and amendments signed.
 * Hashes are of the entry's JSON in one line without its hash and signature; signatures are Ed25519 of that hash. */
#include <lumbar/analysis.h>

#include <sodium.h>
#include <string.h>

static const char FORMAT[] = "lumbar-plan-ledger-1";

lb_value *lb_ledger_new(lb_arena *arena)
{
    lb_value *ledger = lb_value_object(arena);
    lb_set_text(ledger, "ledger", FORMAT);
    lb_set_array(ledger, "entries");
    return ledger;
}

static const lb_value *entries_of(const lb_value *ledger) { return lb_get(ledger, "entries"); }

/* SHA-256 of the entry as one line of JSON, without `hash` and `signature`. */
static void hash_of(const lb_value *entry, char hex[65])
{
    lb_arena *arena = lb_arena_new();
    lb_value *bare = lb_value_object(arena);
    for (size_t i = 0; i < entry->count; i++)
        if (strcmp(entry->key[i], "hash") != 0 && strcmp(entry->key[i], "signature") != 0) lb_set(bare, entry->key[i], entry->item[i]);
    lb_buf text = {0};
    lb_json_write(bare, 0, &text);
    lb_sha256_hex(text.data, text.length, hex);
    lb_buf_free(&text);
    lb_arena_free(arena);
}

static int broken(lb_error *err, size_t number, const char *what)
{
    lb_fail(err, LB_BAD_DATA, "the ledger is not intact: %s", what);
    lb_error_where(err, "entry %zu", number);
    lb_error_hint(err, "take the ledger as Lumbar wrote it; it is never edited by hand");
    return LB_BAD_DATA;
}

static bool signature_holds(const lb_value *signature, const char *hash)
{
    const char *method = lb_get_text(signature, "method", ""), *public_hex = lb_get_text(signature, "public_key", "");
    const char *value = lb_get_text(signature, "value", "");
    uint8_t key[crypto_sign_PUBLICKEYBYTES], mark[crypto_sign_BYTES];
    if (strcmp(method, "ed25519") != 0) return true; /* a study's own signature: its store verifies it */
    if (!lb_hex_bytes(public_hex, key, sizeof key) || !lb_hex_bytes(value, mark, sizeof mark)) return false;
    return crypto_sign_verify_detached(mark, (const unsigned char *)hash, 64, key) == 0;
}

int lb_ledger_verify(const lb_value *ledger, lb_error *err)
{
    const lb_value *list = entries_of(ledger);
    if (strcmp(lb_get_text(ledger, "ledger", ""), FORMAT) != 0 || !list || list->type != LB_ARRAY) {
        lb_fail(err, LB_BAD_DATA, "this is not the ledger of an analysis plan");
        lb_error_hint(err, "give the ledger.json that rehearse or lock wrote");
        return LB_BAD_DATA;
    }
    const char *previous = "";
    bool locked = false;
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *entry = list->item[i];
        char hash[65];
        if (entry->type != LB_OBJECT) return broken(err, i + 1, "it is not an object");
        hash_of(entry, hash);
        if (strcmp(lb_get_text(entry, "hash", ""), hash) != 0) return broken(err, i + 1, "its content does not have the hash it carries");
        if (strcmp(lb_get_text(entry, "previous", ""), previous) != 0) return broken(err, i + 1, "it does not follow the entry before it");
        const lb_value *signature = lb_get(entry, "signature");
        if (signature && !signature_holds(signature, hash)) return broken(err, i + 1, "its signature does not hold");
        const char *kind = lb_get_text(entry, "kind", ""), *text = lb_get_text(entry, "plan_text", NULL);
        bool lock = strcmp(kind, "lock") == 0, amendment = strcmp(kind, "amendment") == 0;
        if ((lock && locked) || (amendment && !locked) || (strcmp(kind, "final") == 0 && !locked)) return broken(err, i + 1, "its kind cannot stand here");
        if (lock || amendment) {
            locked = true;
            if (!text) return broken(err, i + 1, "it holds no plan");
            lb_sha256_hex(text, strlen(text), hash);
            if (strcmp(hash, lb_get_text(entry, "plan_sha256", "")) != 0) return broken(err, i + 1, "its plan does not have the hash it carries");
        }
        previous = lb_get_text(entry, "hash", "");
    }
    return 0;
}

int lb_ledger_read(const lb_bytes *bytes, lb_arena *arena, lb_value **out, lb_error *err)
{
    int code = lb_json_read(bytes, arena, out, err);
    if (code) return code;
    code = lb_ledger_verify(*out, err);
    if (code && bytes->name) {
        char where[200];
        strncpy(where, err ? err->where : "", sizeof where - 1);
        where[sizeof where - 1] = 0;
        lb_error_where(err, "%.40s%s%s", bytes->name, *where ? ", " : "", where);
    }
    return code;
}

void lb_ledger_state_of(const lb_value *ledger, const char *plan_sha256, lb_ledger_state *out)
{
    const lb_value *list = entries_of(ledger);
    *out = (lb_ledger_state){0};
    for (size_t i = 0; list && i < list->count; i++) {
        const lb_value *entry = list->item[i];
        const char *kind = lb_get_text(entry, "kind", "");
        bool lock = strcmp(kind, "lock") == 0, amendment = strcmp(kind, "amendment") == 0;
        out->rehearsals += strcmp(kind, "rehearsal") == 0;
        out->finals += strcmp(kind, "final") == 0;
        out->amendments += amendment;
        if (!lock && !amendment) continue;
        out->sha256 = lb_get_text(entry, "plan_sha256", NULL);
        out->text = lb_get_text(entry, "plan_text", NULL);
        if (!lock) continue;
        out->locked = true;
        out->by = lb_get_text(entry, "by", NULL);
        out->when = lb_get_text(entry, "when", NULL);
        out->signed_by_key = lb_get(entry, "signature") != NULL;
    }
    out->changed = out->locked && plan_sha256 && strcmp(plan_sha256, out->sha256 ? out->sha256 : "") != 0;
}

/* Names of the top-level sections that differ between two plans. */
static int changed_sections(lb_value *entry, const char *before, const lb_bytes *after, lb_error *err)
{
    lb_value *old, *new, *list = lb_set_array(entry, "changed");
    lb_bytes bytes = {(const uint8_t *)before, strlen(before), "locked plan"};
    int code = lb_yaml_read(&bytes, entry->arena, &old, err);
    if (!code) code = lb_yaml_read(after, entry->arena, &new, err);
    if (code || !old || !new) return code;
    const lb_value *const both[] = {old, new};
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < both[side]->count; i++) {
            lb_buf a = {0}, b = {0};
            const lb_value *other = lb_get(both[1 - side], both[side]->key[i]);
            lb_json_write(both[side]->item[i], 0, &a);
            if (other) lb_json_write(other, 0, &b);
            bool same = other && a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
            if (!same && (side == 0 || !other)) lb_push_text(list, both[side]->key[i]);
            lb_buf_free(&a);
            lb_buf_free(&b);
        }
    }
    if (list->count == 0) lb_push_text(list, "wording only: comments or layout");
    return 0;
}

static void sign(lb_value *entry, const uint8_t seed[32], const char *hash)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], mark[crypto_sign_BYTES];
    char hex[2 * crypto_sign_BYTES + 1];
    crypto_sign_seed_keypair(public_key, secret, seed);
    crypto_sign_detached(mark, NULL, (const unsigned char *)hash, 64, secret);
    sodium_memzero(secret, sizeof secret);
    lb_value *signature = lb_set_object(entry, "signature");
    lb_set_text(signature, "method", "ed25519");
    lb_set_text(signature, "public_key", sodium_bin2hex(hex, sizeof hex, public_key, sizeof public_key));
    lb_set_text(signature, "value", sodium_bin2hex(hex, sizeof hex, mark, sizeof mark));
}

static lb_value *copy_value(lb_arena *arena, const lb_value *value)
{
    lb_buf text = {0};
    lb_value *copy = NULL;
    lb_json_write(value, 0, &text);
    lb_bytes bytes = {(const uint8_t *)text.data, text.length, "value"};
    if (lb_json_read(&bytes, arena, &copy, NULL)) copy = NULL;
    lb_buf_free(&text);
    return copy;
}

/* An entry with what all kinds have; it is appended by seal(). */
static int begin(lb_value *ledger, const lb_ledger_act *act, const char *kind, lb_value **out, lb_error *err)
{
    char hash[65];
    const lb_value *list = entries_of(ledger);
    if (!act->when || !*act->when) return lb_fail(err, LB_USAGE, "the time of the %s is not known", kind);
    lb_value *entry = lb_value_object(ledger->arena);
    lb_set_text(entry, "kind", kind);
    lb_set_text(entry, "when", act->when);
    lb_set_text(entry, "by", act->by);
    lb_sha256_hex(act->plan.data, act->plan.length, hash);
    lb_set_text(entry, "plan_sha256", hash);
    lb_set_text(entry, "software", "Lumbar " LUMBAR_VERSION);
    lb_set_text(entry, "previous", list->count ? lb_get_text(list->item[list->count - 1], "hash", "") : "");
    *out = entry;
    return 0;
}

static int seal(lb_value *ledger, const lb_ledger_act *act, lb_value *entry, lb_error *err)
{
    char hash[65];
    hash_of(entry, hash);
    lb_set_text(entry, "hash", hash);
    if (act->key) {
        if (sodium_init() < 0) return lb_fail(err, LB_FAILED, "the signing library did not start");
        sign(entry, act->key, hash);
    } else if (act->signature) {
        lb_set(entry, "signature", copy_value(ledger->arena, act->signature));
    }
    lb_push(lb_get(ledger, "entries"), entry);
    return 0;
}

static int need(lb_error *err, const char *value, const char *kind, const char *what)
{
    if (value && *value) return 0;
    lb_fail(err, LB_USAGE, "%s needs %s", kind, what);
    lb_error_where(err, "%s", strstr(what, "reason") ? "--reason" : "--by");
    return LB_USAGE;
}

static void record_run(lb_value *entry, const lb_ledger_act *act)
{
    if (act->inputs) lb_set(entry, "inputs", copy_value(entry->arena, act->inputs));
    if (act->report_sha256) lb_set_text(entry, "report_sha256", act->report_sha256);
}

int lb_ledger_rehearse(lb_value *ledger, const lb_ledger_act *act, lb_error *err)
{
    lb_value *entry;
    int code = begin(ledger, act, "rehearsal", &entry, err);
    if (code) return code;
    lb_set_int(entry, "seed", act->seed);
    record_run(entry, act);
    return seal(ledger, act, entry, err);
}

int lb_ledger_lock(lb_value *ledger, const lb_ledger_act *act, lb_error *err)
{
    lb_ledger_state state;
    lb_value *entry;
    lb_ledger_state_of(ledger, NULL, &state);
    int code = need(err, act->by, "a lock", "the name of who locks");
    if (code) return code;
    if (state.locked) {
        lb_fail(err, LB_BAD_DATA, "the plan was locked by %s on %s", state.by ? state.by : "somebody", state.when ? state.when : "?");
        lb_error_hint(err, "a locked plan is changed by a signed amendment: lumbar analyse amend");
        return LB_BAD_DATA;
    }
    if (memchr(act->plan.data, 0, act->plan.length)) return lb_fail(err, LB_BAD_DATA, "the plan holds a NUL byte: it is not text");
    code = begin(ledger, act, "lock", &entry, err);
    if (code) return code;
    if (act->reason) lb_set_text(entry, "reason", act->reason);
    lb_set_text(entry, "plan_text", lb_arena_textn(ledger->arena, (const char *)act->plan.data, act->plan.length));
    return seal(ledger, act, entry, err);
}

int lb_ledger_amend(lb_value *ledger, const lb_ledger_act *act, lb_error *err)
{
    lb_ledger_state state;
    lb_value *entry;
    char hash[65];
    lb_sha256_hex(act->plan.data, act->plan.length, hash);
    lb_ledger_state_of(ledger, hash, &state);
    int code = need(err, act->by, "an amendment", "the name of who signs it");
    if (!code) code = need(err, act->reason, "an amendment", "a reason");
    if (code) return code;
    if (!state.locked) {
        lb_fail(err, LB_BAD_DATA, "the plan is not locked: there is nothing to amend");
        lb_error_hint(err, "change the plan freely and lock it: lumbar analyse lock");
        return LB_BAD_DATA;
    }
    if (!state.changed) return lb_fail(err, LB_BAD_DATA, "the plan is the one in force already: SHA-256 %.12s…", hash);
    if (state.signed_by_key && !act->key && !act->signature) {
        lb_fail(err, LB_BAD_DATA, "the plan was locked with a signature: an amendment needs one, too");
        lb_error_hint(err, "give --key FILE");
        return LB_BAD_DATA;
    }
    if (memchr(act->plan.data, 0, act->plan.length)) return lb_fail(err, LB_BAD_DATA, "the plan holds a NUL byte: it is not text");
    code = begin(ledger, act, "amendment", &entry, err);
    if (code) return code;
    lb_set_text(entry, "reason", act->reason);
    lb_set_text(entry, "before_sha256", state.sha256);
    lb_set_bool(entry, "after_unblinding", act->unblinded || state.finals > 0);
    code = changed_sections(entry, state.text ? state.text : "", &act->plan, err);
    if (code) return code;
    lb_set_text(entry, "plan_text", lb_arena_textn(ledger->arena, (const char *)act->plan.data, act->plan.length));
    return seal(ledger, act, entry, err);
}

int lb_ledger_may_run(const lb_value *ledger, const lb_bytes *plan, lb_error *err)
{
    lb_ledger_state state;
    char hash[65];
    lb_sha256_hex(plan->data, plan->length, hash);
    lb_ledger_state_of(ledger, hash, &state);
    if (!state.locked) {
        lb_fail(err, LB_BAD_DATA, "the plan is not locked: a final run needs a locked plan");
        lb_error_where(err, "%s", plan->name ? plan->name : "plan");
        lb_error_hint(err, "lock it before the arms are known (lumbar analyse lock), or rehearse it (lumbar analyse rehearse)");
        return LB_BAD_DATA;
    }
    if (!state.changed) return 0;
    lb_fail(err, LB_BAD_DATA, "the plan has changed since it was locked: SHA-256 %.12s… instead of %.12s…", hash, state.sha256 ? state.sha256 : "");
    lb_error_where(err, "%s", plan->name ? plan->name : "plan");
    lb_error_hint(err, "run the plan that was locked, or sign the change: lumbar analyse amend");
    return LB_BAD_DATA;
}

int lb_ledger_final(lb_value *ledger, const lb_ledger_act *act, lb_error *err)
{
    lb_value *entry;
    int code = lb_ledger_may_run(ledger, &act->plan, err);
    if (!code) code = begin(ledger, act, "final", &entry, err);
    if (code) return code;
    record_run(entry, act);
    return seal(ledger, act, entry, err);
}
