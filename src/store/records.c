/* Records: read, found, written, with the audit entry of the change; what an actor may not see does not exist. */
#include "store/room.h"
#include "trial/conduct/kinds.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "r.kind, r.key, r.site, r.subject, r.parent, r.state, r.reveals_arm, r.revision, r.changed_us, r.changed_by, r.body_id"
enum { BODY_ID = 10, BODY = 11, PUT_BYTES = 12 * 4096 /* pages of tables and indexes that one change touches */ };

/* ---- statements ---- */

int store_run(lb_tx *tx, const char *sql, const db_value *param, size_t params, db_row row, void *context, int64_t *changed,
              lb_error *err)
{
    return tx->store->backend->run(tx->db, sql, param, params, row, context, changed, err);
}

int store_post(lb_tx *tx, const char *sql, const db_value *param, size_t params, lb_error *err)
{
    return tx->store->backend->post(tx->db, sql, param, params, err);
}

void store_query_begin(query *q)
{
    q->sql = (lb_buf){0};
    q->params = 0;
    q->overflow = false; /* the parameters are some kilobytes: they are not cleared */
}

void store_query_add(query *q, const char *sql, db_value value)
{
    if (q->params == STORE_PARAMS) {
        q->overflow = true;
        return;
    }
    q->param[q->params++] = value;
    lb_buf_printf(&q->sql, "%s?%zu", sql, q->params);
}

/* Masks and sites stand in the statement itself: what is left out is never read. */
void store_query_sites(query *q, const lb_actor *actor)
{
    if (actor->masked) lb_buf_puts(&q->sql, " AND reveals_arm = 0");
    if (!actor->clinical) lb_buf_puts(&q->sql, " AND subject IS NULL");
    if (!actor->site) return;
    lb_buf_puts(&q->sql, " AND (site IS NULL");
    for (size_t i = 0; i < actor->site_count; i++) store_query_add(q, i ? ", " : " OR site IN (", db_text(actor->site[i]));
    lb_buf_puts(&q->sql, actor->site_count ? "))" : ")");
}

int store_query_run(lb_tx *tx, query *q, db_row row, void *context, lb_error *err)
{
    int code = q->overflow ? lb_fail(err, LB_TOO_LARGE, "more than %d conditions in one search", STORE_PARAMS)
                           : store_run(tx, q->sql.data, q->param, q->params, row, context, NULL, err);
    lb_buf_free(&q->sql);
    return code;
}

int store_query_each(lb_tx *tx, query *q, db_row row, void *context, lb_error *err)
{
    int code = q->overflow ? lb_fail(err, LB_TOO_LARGE, "more than %d conditions in one search", STORE_PARAMS)
                           : tx->store->backend->each(tx->db, q->sql.data, q->param, q->params, row, context, err);
    lb_buf_free(&q->sql);
    return code;
}

int store_each(lb_tx *tx, const char *sql, db_row row, void *context, lb_error *err)
{
    return tx->store->backend->each(tx->db, sql, NULL, 0, row, context, err);
}

/* ---- reading ---- */

static lb_record head_of(const db_value *c, lb_arena *arena)
{
    lb_record r = {.reveals_arm = c[6].integer != 0, .revision = c[7].integer, .changed_us = c[8].integer};
    const char **const text[] = {&r.kind, &r.key, &r.site, &r.subject, &r.parent, &r.state};
    for (size_t i = 0; i < LB_COUNT(text); i++) *text[i] = lb_arena_text(arena, db_column_text(&c[i]));
    r.changed_by = lb_arena_text(arena, db_column_text(&c[9]));
    return r;
}

static int body_of(const db_value *column, lb_record *record, lb_arena *arena, lb_error *err)
{
    lb_bytes bytes = {(const uint8_t *)column->data, column->length, record->key};
    lb_value *body;
    int code = lb_json_read(&bytes, arena, &body, err);
    record->body = body;
    return code;
}

typedef struct found {
    lb_tx *tx;
    lb_record *record;
    int64_t body_id;
} found;

static int one_record(void *context, const db_value *c, size_t count, lb_error *err)
{
    found *f = context;
    (void)count;
    f->record = lb_arena_alloc(f->tx->arena, sizeof *f->record);
    *f->record = head_of(c, f->tx->arena);
    f->body_id = c[BODY_ID].integer;
    return body_of(&c[BODY], f->record, f->tx->arena, err);
}

static const ahead *read_ahead(const lb_tx *tx, const char *kind, const char *key)
{
    for (size_t i = 0; i < tx->ahead_count; i++)
        if (strcmp(tx->ahead[i].key, key) == 0 && strcmp(tx->ahead[i].kind, kind) == 0) return &tx->ahead[i];
    return NULL;
}

static void forget(lb_tx *tx, const char *kind, const char *key)
{
    const ahead *known = read_ahead(tx, kind, key);
    if (known) tx->ahead[known - tx->ahead] = tx->ahead[--tx->ahead_count];
}

#define FETCH "SELECT " HEAD ", b.json FROM record r JOIN body b ON b.id = r.body_id WHERE r.kind = ?1 AND r.key = ?2"

/* The record as it is, whoever asks. */
static int fetch(lb_tx *tx, const char *kind, const char *key, found *out, lb_error *err)
{
    const db_value param[] = {db_text(kind), db_text(key)};
    const ahead *known = read_ahead(tx, kind, key);
    *out = (found){tx, known ? known->record : NULL, known ? known->body_id : 0};
    return known ? LB_OK : store_run(tx, FETCH, param, 2, one_record, out, NULL, err);
}

static bool may_site(const lb_actor *actor, const char *site)
{
    if (!actor->site || !site) return true;
    for (size_t i = 0; i < actor->site_count; i++)
        if (strcmp(actor->site[i], site) == 0) return true;
    return false;
}

static bool may_see(const lb_actor *actor, const lb_record *record)
{
    if (actor->masked && record->reveals_arm) return false;
    if (!actor->clinical && record->subject) return false;
    return may_site(actor, record->site);
}

static void one_of(query *q, const char *kind, const char *key, const lb_actor *actor)
{
    lb_buf_puts(&q->sql, "SELECT " HEAD ", b.json FROM record r JOIN body b ON b.id = r.body_id WHERE");
    store_query_add(q, " r.kind = ", db_text(kind));
    store_query_add(q, " AND r.key = ", db_text(key));
    if (actor) store_query_sites(q, actor);
}

int lb_tx_get(lb_tx *tx, const char *kind, const char *key, const lb_record **out, lb_error *err)
{
    found f;
    const ahead *known = read_ahead(tx, kind, key);
    *out = known && known->record && may_see(tx->actor, known->record) ? known->record : NULL;
    if (known) return LB_OK;
    query q;
    store_query_begin(&q);
    one_of(&q, kind, key, tx->actor);
    f = (found){.tx = tx};
    int code = store_query_run(tx, &q, one_record, &f, err);
    if (!code) *out = f.record;
    return code;
}

/* A writer must know of what the actor may not see, so as not to write over it; may_see() stands before everything that is handed out. */
int lb_tx_ahead(lb_tx *tx, const lb_name *name, size_t count, lb_error *err)
{
    db_ask ask[STORE_AHEAD] = {{0}};
    query q[STORE_AHEAD];
    found f[STORE_AHEAD];
    size_t n = 0;
    tx->ahead_count = 0;
    for (size_t i = 0; i < count && n < STORE_AHEAD; i++) {
        if (!name[i].key) continue;
        store_query_begin(&q[n]);
        f[n] = (found){.tx = tx};
        one_of(&q[n], name[i].kind, name[i].key, tx->write ? NULL : tx->actor);
        ask[n] = (db_ask){q[n].sql.data, q[n].param, q[n].params, one_record, &f[n]};
        tx->ahead[n++] = (ahead){name[i].kind, name[i].key, NULL, 0};
    }
    int code = tx->store->backend->together(tx->db, ask, n, err);
    for (size_t i = 0; i < n; i++) {
        tx->ahead[i].record = f[i].record;
        tx->ahead[i].body_id = f[i].body_id;
        lb_buf_free(&q[i].sql);
    }
    if (!code) tx->ahead_count = n;
    return code;
}

/* A person has some dozen records, a kind may have millions; a database without statistics takes the kind for the narrower of the two,
 * unless it is hidden from its indexes. */
static void conditions(query *q, const lb_find *f, const lb_actor *actor)
{
    const struct { const char *sql, *value; } same[] = {{f->subject ? " AND kind || '' = " : " AND kind = ", f->kind}, {" AND site = ", f->site},
                                                        {" AND subject = ", f->subject}, {" AND parent = ", f->parent},
                                                        {" AND state = ", f->state},     {" AND key >= ", f->key_from},
                                                        {" AND key < ", f->key_below}};
    lb_buf_puts(&q->sql, " WHERE 1=1");
    for (size_t i = 0; i < LB_COUNT(same); i++)
        if (same[i].value) store_query_add(q, same[i].sql, db_text(same[i].value));
    for (size_t i = 0; i < LB_COUNT(f->kinds) && f->kinds[i]; i++) store_query_add(q, i ? ", " : f->subject ? " AND kind || '' IN (" : " AND kind IN (", db_text(f->kinds[i]));
    if (f->kinds[0]) lb_buf_putc(&q->sql, ')');
    store_query_sites(q, actor);
}

typedef struct scanning {
    lb_tx *tx;
    lb_record_seen seen;
    void *context;
    bool heads;
    lb_record *kept; /* write transactions: all rows first, so that the caller may write while it looks at them */
    size_t count, room;
} scanning;

static int scanned(void *context, const db_value *c, size_t count, lb_error *err)
{
    scanning *s = context;
    lb_arena *arena = s->tx->arena;
    (void)count;
    lb_record record = head_of(c, arena);
    int code = s->heads ? LB_OK : body_of(&c[BODY], &record, arena, err);
    if (code) return code;
    if (!s->tx->write) return s->seen(s->context, &record, err);
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 64;
        s->kept = lb_realloc(s->kept, s->room, sizeof *s->kept);
    }
    s->kept[s->count++] = record;
    return LB_OK;
}

int lb_tx_scan(lb_tx *tx, const lb_find *find, lb_record_seen seen, void *context, lb_error *err)
{
    query q;
    store_query_begin(&q);
    scanning s = {.tx = tx, .seen = seen, .context = context, .heads = find->heads};
    lb_buf_puts(&q.sql, find->heads ? "SELECT " HEAD " FROM record r" : "SELECT " HEAD ", b.json FROM record r JOIN body b ON b.id = r.body_id");
    conditions(&q, find, tx->actor);
    lb_buf_puts(&q.sql, " ORDER BY kind, key");
    if (find->limit > 0) store_query_add(&q, " LIMIT ", db_int(find->limit));
    int code = store_query_each(tx, &q, scanned, &s, err);
    for (size_t i = 0; i < s.count && !code; i++) {
        code = seen(context, &s.kept[i], err);
        if (code > 0) {
            code = LB_OK;
            break;
        }
    }
    free(s.kept);
    return code;
}

int store_take_int(void *context, const db_value *column, size_t count, lb_error *err)
{
    (void)count;
    (void)err;
    *(int64_t *)context = column[0].integer;
    return LB_OK;
}

int lb_tx_count(lb_tx *tx, const lb_find *find, int64_t *out, lb_error *err)
{
    query q;
    store_query_begin(&q);
    *out = 0;
    lb_buf_puts(&q.sql, "SELECT count(*) FROM record r");
    conditions(&q, find, tx->actor);
    return store_query_run(tx, &q, store_take_int, out, err);
}

/* ---- writing ---- */

static int conflict(const lb_record *old, const char *key, lb_error *err)
{
    if (!old) {
        lb_fail(err, LB_CONFLICT, "%.200s is not there any more", key);
        return LB_CONFLICT;
    }
    lb_fail(err, LB_CONFLICT, "%.200s was changed by %.60s meanwhile (revision %lld)", key, old->changed_by, (long long)old->revision);
    lb_error_hint(err, "look at what changed, then save again");
    return LB_CONFLICT;
}

static int check_rights(const lb_tx *tx, const lb_record *record, const lb_record *old, lb_error *err)
{
    if (!may_see(tx->actor, record) || (old && !may_see(tx->actor, old)))
        return lb_fail(err, LB_FORBIDDEN, "%s may not write this record", tx->actor->user);
    if (old && !lb_text_equal(old->subject, record->subject))
        return lb_fail(err, LB_FAILED, "the record %.200s belongs to another participant", record->key);
    return LB_OK;
}

static int write_row(lb_tx *tx, const lb_record *r, const char *json, size_t length, int64_t body_id, lb_error *err)
{
    const db_value body[] = {db_int(body_id), {DB_TEXT, 0, json, length}};
    int64_t id = body_id;
    int code;
    if (body_id) {
        code = store_post(tx, "UPDATE body SET json = ?2 WHERE id = ?1", body, 2, err);
    } else {
        code = store_run(tx, "INSERT INTO body (json) VALUES (?1) RETURNING id", body + 1, 1, store_take_int, &id, NULL, err);
    }
    if (code) return code;
    const db_value head[] = {db_text(r->kind), db_text(r->key), db_text(r->site), db_text(r->subject), db_text(r->parent),
                             db_text(r->state), db_int(r->reveals_arm), db_int(r->revision), db_int(r->changed_us),
                             db_text(r->changed_by), db_int(id)};
    if (body_id)
        return store_post(tx,
                          "UPDATE record SET site = ?3, subject = ?4, parent = ?5, state = ?6, reveals_arm = ?7, revision = ?8,"
                          " changed_us = ?9, changed_by = ?10 WHERE kind = ?1 AND key = ?2",
                          head, 10, err);
    return store_post(tx, "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)", head, 11, err);
}

static void note_text(lb_value **before, lb_value **after, lb_arena *arena, const char *name, const char *old, const char *now)
{
    if (lb_text_equal(old, now)) return;
    if (old && !*before) *before = lb_value_object(arena);
    if (!*after) *after = lb_value_object(arena);
    if (old) lb_set_text(*before, name, old);
    lb_set_text(*after, name, now);
}

/* The entry of a change; what stands beside the body is named with '@'. */
static int write_entry(lb_tx *tx, const lb_record *r, const lb_record *old, const lb_change *change, const char *hash, lb_error *err)
{
    lb_value *before, *after;
    store_differences(old ? old->body : NULL, r->body, tx->arena, &before, &after);
    note_text(&before, &after, tx->arena, "@state", old ? old->state : NULL, r->state);
    note_text(&before, &after, tx->arena, "@parent", old ? old->parent : NULL, r->parent);
    note_text(&before, &after, tx->arena, "@site", old ? old->site : NULL, old ? r->site : NULL);
    lb_audit entry = {.site = r->site, .subject = r->subject, .kind = r->kind, .key = r->key, .action = change->action,
                      .reason = change->reason, .version = change->version, .revision = r->revision, .before = before,
                      .after = after};
    /* What once revealed the arm stays hidden. */
    entry.reveals_arm = r->reveals_arm || (old && old->reveals_arm);
    return store_audit_append(tx, &entry, hash, err);
}

int lb_tx_put(lb_tx *tx, const lb_record *record, int64_t expected, const lb_change *change, lb_error *err)
{
    assert(tx->write && record->kind && record->key && record->body && record->body->type == LB_OBJECT);
    bool audited = lb_kind_audited(record->kind);
    assert(!audited || (change && change->action));
    found f;
    int code = fetch(tx, record->kind, record->key, &f, err);
    if (!code) code = check_rights(tx, record, f.record, err);
    if (code) return code;
    int64_t there = f.record ? f.record->revision : 0;
    if (expected >= 0 && expected != there) return conflict(f.record, record->key, err);
    lb_record r = *record;
    r.revision = there + 1;
    r.changed_us = tx->now_us;
    r.changed_by = tx->actor->user;
    lb_buf json = {.max = STORE_BODY_MOST};
    lb_json_write(r.body, 0, &json);
    if (json.overflow) {
        lb_buf_free(&json);
        return lb_fail(err, LB_TOO_LARGE, "the record %.200s is larger than %d MiB", r.key, STORE_BODY_MOST >> 20);
    }
    char hash[65];
    tx->store->batch_bytes += PUT_BYTES + 2 * (int64_t)json.length;
    if (audited) store_record_hash(&r, json.data, json.length, hash);
    code = write_row(tx, &r, json.data, json.length, f.record ? f.body_id : 0, err);
    if (!code && audited) code = write_entry(tx, &r, f.record, change, hash, err);
    lb_buf_free(&json);
    forget(tx, record->kind, record->key);
    return code;
}

int lb_tx_remove(lb_tx *tx, const char *kind, const char *key, lb_error *err)
{
    assert(tx->write && !lb_kind_audited(kind));
    found f;
    int code = fetch(tx, kind, key, &f, err);
    if (code || !f.record || !may_see(tx->actor, f.record)) return code;
    const db_value param[] = {db_text(kind), db_text(key), db_int(f.body_id)};
    code = store_post(tx, "DELETE FROM record WHERE kind = ?1 AND key = ?2", param, 2, err);
    if (!code) code = store_post(tx, "DELETE FROM body WHERE id = ?1", param + 2, 1, err);
    forget(tx, kind, key);
    return code;
}
