/* The audit: one entry per change, written in the transaction of the change, with only what differs. */
#include "store/room.h"

#include <assert.h>
#include <string.h>

/* ---- differences ---- */

static bool same_value(const lb_value *a, const lb_value *b)
{
    if (!a || !b) return a == b;
    if (lb_is_number(a) && lb_is_number(b)) return lb_number_of(a) == lb_number_of(b);
    if (a->type != b->type) return false;
    switch (a->type) {
    case LB_NULL: return true;
    case LB_BOOL: return a->boolean == b->boolean;
    case LB_STRING: return strcmp(a->text, b->text) == 0;
    case LB_ARRAY:
        if (a->count != b->count) return false;
        for (size_t i = 0; i < a->count; i++)
            if (!same_value(a->item[i], b->item[i])) return false;
        return true;
    case LB_OBJECT:
        if (a->count != b->count) return false;
        for (size_t i = 0; i < a->count; i++)
            if (!same_value(a->item[i], lb_get(b, a->key[i]))) return false;
        return true;
    default: return false;
    }
}

static void collect(const lb_value *old, const lb_value *now, lb_value *before, lb_value *after, int depth)
{
    for (size_t i = 0; now && i < now->count; i++) {
        const char *key = now->key[i];
        lb_value *was = lb_get(old, key), *is = now->item[i];
        if (same_value(was, is)) continue;
        if (was && was->type == LB_OBJECT && is->type == LB_OBJECT && depth < 8) {
            lb_value *inner_before = lb_value_object(before->arena), *inner_after = lb_value_object(after->arena);
            collect(was, is, inner_before, inner_after, depth + 1);
            if (inner_before->count) lb_set(before, key, inner_before);
            if (inner_after->count) lb_set(after, key, inner_after);
            continue;
        }
        if (was) lb_set(before, key, was);
        lb_set(after, key, is);
    }
    for (size_t i = 0; old && i < old->count; i++)
        if (!lb_get(now, old->key[i])) lb_set(before, old->key[i], old->item[i]);
}

void store_differences(const lb_value *old, const lb_value *now, lb_arena *arena, lb_value **before, lb_value **after)
{
    *before = lb_value_object(arena);
    *after = lb_value_object(arena);
    collect(old, now, *before, *after, 0);
    if (!old || (*before)->count == 0) *before = NULL;
    if ((*after)->count == 0) *after = NULL;
}

/* ---- writing ---- */

static const char *json_text(const lb_value *value, lb_buf *out)
{
    if (!value) return NULL;
    lb_json_write(value, 0, out);
    return out->data;
}

static const char *origin_text(const lb_origin *origin, lb_arena *arena, lb_buf *out)
{
    if (!origin) return NULL;
    lb_value *value = lb_value_object(arena);
    lb_set_text(value, "system", origin->system);
    lb_set_text(value, "user", origin->user);
    lb_set_text(value, "role", origin->role);
    lb_set_int(value, "at_us", origin->at_us);
    lb_set_int(value, "seq", origin->seq);
    return json_text(value, out);
}

int store_audit_append(lb_tx *tx, const lb_audit *entry, const char *record_hash, lb_error *err)
{
    assert(tx->write && entry->kind && entry->key && entry->action);
    chain *end = tx->chain;
    lb_audit e = *entry;
    lb_buf before = {0}, after = {0}, origin = {0};
    e.seq = end->seq + 1;
    e.at_us = tx->now_us;
    e.user = tx->actor->user;
    e.role = tx->actor->role;
    const char *old_values = json_text(e.before, &before), *new_values = json_text(e.after, &after);
    const char *made = origin_text(tx->origin, tx->arena, &origin);
    store_entry_hash(end->hash, &e, &(store_values){old_values, NULL}, &(store_values){new_values, NULL}, record_hash, made, e.hash);
    const db_value value[] = {
        db_int(e.seq), db_int(end->open_seq + !e.reveals_arm), db_int(e.at_us), db_text(e.user), db_text(e.role),
        db_text(e.site), db_text(e.subject), db_text(e.kind), db_text(e.key), db_text(e.action), db_text(e.reason),
        db_text(e.version), db_int(e.reveals_arm), db_int(e.revision), db_text(old_values), db_text(new_values),
        db_text(record_hash), db_text(e.hash), db_text(made)};
    int code = store_post(tx,
                          "INSERT INTO audit (seq, open_seq, at_us, who, role, site, subject, kind, key, action, reason, version,"
                          " reveals_arm, revision, old_values, new_values, record_hash, hash, origin)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
                          value, LB_COUNT(value), err);
    if (!code) {
        end->seq = e.seq;
        end->open_seq += !e.reveals_arm;
        memcpy(end->hash, e.hash, 65);
    }
    lb_buf_free(&before);
    lb_buf_free(&after);
    lb_buf_free(&origin);
    return code;
}

int lb_tx_note(lb_tx *tx, const lb_audit *entry, lb_error *err)
{
    assert(tx->write);
    if (tx->actor->masked && entry->reveals_arm) return lb_fail(err, LB_FORBIDDEN, "this is not for you to note");
    lb_audit e = *entry;
    const lb_record about = {.key = e.key, .site = e.site, .subject = e.subject};
    int code = store_check_names(&about, err);
    e.revision = 0;
    return code ? code : store_audit_append(tx, &e, NULL, err);
}

/* ---- reading ---- */

typedef struct reading {
    lb_tx *tx;
    lb_audit_seen seen;
    void *context;
    bool ended;
} reading;

static int read_json(lb_tx *tx, const db_value *column, const lb_value **out, lb_error *err)
{
    *out = NULL;
    if (column->type == DB_NULL) return LB_OK;
    lb_bytes bytes = {(const uint8_t *)column->data, column->length, "the audit"};
    lb_value *value;
    int code = lb_json_read(&bytes, tx->arena, &value, err);
    *out = value;
    return code;
}

static int read_origin(lb_tx *tx, const db_value *column, const lb_origin **out, lb_error *err)
{
    const lb_value *value;
    int code = read_json(tx, column, &value, err);
    if (code || !value) return code;
    lb_origin *origin = lb_arena_alloc(tx->arena, sizeof *origin);
    *origin = (lb_origin){lb_get_text(value, "system", NULL), lb_get_text(value, "user", NULL), lb_get_text(value, "role", NULL),
                          lb_get_int(value, "at_us", 0), tx->actor->masked ? 0 : lb_get_int(value, "seq", 0)}; /* numbers have gaps to masked people */
    *out = origin;
    return LB_OK;
}

static int one_entry(void *context, const db_value *c, size_t count, lb_error *err)
{
    reading *r = context;
    lb_arena *arena = r->tx->arena;
    (void)count;
    lb_audit e = {.seq = c[0].integer, .at_us = c[1].integer, .reveals_arm = c[11].integer != 0, .revision = c[12].integer};
    const char **const text[] = {&e.user, &e.role, &e.site, &e.subject, &e.kind, &e.key, &e.action, &e.reason, &e.version};
    for (size_t i = 0; i < LB_COUNT(text); i++) *text[i] = lb_arena_text(arena, db_column_text(&c[2 + i]));
    int code = read_json(r->tx, &c[13], &e.before, err);
    if (!code) code = read_json(r->tx, &c[14], &e.after, err);
    if (!code) code = read_origin(r->tx, &c[16], &e.origin, err);
    if (code) return code;
    /* What is hidden from masked people goes into the hash: they do not get it. */
    if (!r->tx->actor->masked && c[15].length == 64) memcpy(e.hash, c[15].data, 65);
    code = r->seen(r->context, &e, err);
    if (code) r->ended = true;
    return code;
}

static void same(query *q, const char *sql, const char *text)
{
    if (text) store_query_add(q, sql, db_text(text));
}

int lb_tx_audit(lb_tx *tx, const lb_audit_find *f, lb_audit_seen seen, void *context, lb_error *err)
{
    query q;
    store_query_begin(&q);
    bool masked = tx->actor->masked;
    lb_buf_printf(&q.sql,
                  "SELECT %s, at_us, who, role, site, subject, kind, key, action, reason, version, reveals_arm, revision,"
                  " old_values, new_values, hash, origin FROM audit WHERE 1=1",
                  masked ? "open_seq" : "seq");
    same(&q, " AND kind = ", f->kind);
    same(&q, " AND key = ", f->key);
    same(&q, " AND who = ", f->user);
    same(&q, " AND site = ", f->site);
    same(&q, " AND subject = ", f->subject);
    same(&q, " AND action = ", f->action);
    if (f->seq_from) store_query_add(&q, masked ? " AND open_seq >= " : " AND seq >= ", db_int(f->seq_from));
    if (f->seq_below) store_query_add(&q, masked ? " AND open_seq < " : " AND seq < ", db_int(f->seq_below));
    if (f->at_from_us) store_query_add(&q, " AND at_us >= ", db_int(f->at_from_us));
    if (f->at_below_us) store_query_add(&q, " AND at_us < ", db_int(f->at_below_us));
    store_query_sites(&q, tx->actor);
    lb_buf_puts(&q.sql, f->newest_first ? " ORDER BY seq DESC" : " ORDER BY seq");
    if (f->limit > 0) store_query_add(&q, " LIMIT ", db_int(f->limit));
    reading r = {tx, seen, context, false};
    return store_query_each(tx, &q, one_entry, &r, err);
}
