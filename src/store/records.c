/* Records: read, found, written, with the audit entry of the change; what an actor may not see does not exist. */
#include "store/room.h"
#include "trial/conduct/kinds.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PUT_BYTES = 12 * 4096 /* pages of tables and indexes that one change touches */ };

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

lb_record store_record_head(const db_value *c, lb_arena *arena)
{
    lb_record r = {.reveals_arm = c[6].integer != 0, .revision = c[7].integer, .changed_us = c[8].integer};
    const char **const text[] = {&r.kind, &r.key, &r.site, &r.subject, &r.parent, &r.state};
    for (size_t i = 0; i < LB_COUNT(text); i++) *text[i] = lb_arena_text(arena, db_column_text(&c[i]));
    r.changed_by = lb_arena_text(arena, db_column_text(&c[9]));
    return r;
}

int store_record_body(const db_value *column, lb_record *record, lb_arena *arena, lb_error *err)
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
    *f->record = store_record_head(c, f->tx->arena);
    f->body_id = c[STORE_BODY_ID].integer;
    return store_record_body(&c[STORE_BODY_ID + 1], f->record, f->tx->arena, err);
}

/* The record as it is, whoever asks. */
static int fetch(lb_tx *tx, const char *kind, const char *key, found *out, lb_error *err)
{
    const db_value param[] = {db_text(kind), db_text(key)};
    bool known;
    *out = (found){.tx = tx};
    out->record = (lb_record *)store_ahead_record(tx->ahead, kind, key, &known, &out->body_id);
    return known ? LB_OK : store_run(tx, STORE_WHOLE " WHERE r.kind = ?1 AND r.key = ?2", param, 2, one_record, out, NULL, err);
}

static bool may_site(const lb_actor *actor, const char *site)
{
    if (!actor->site || !site) return true;
    for (size_t i = 0; i < actor->site_count; i++)
        if (strcmp(actor->site[i], site) == 0) return true;
    return false;
}

bool store_may_see(const lb_actor *actor, const lb_record *record)
{
    if (actor->masked && record->reveals_arm) return false;
    if (!actor->clinical && record->subject) return false;
    return may_site(actor, record->site);
}

int lb_tx_get(lb_tx *tx, const char *kind, const char *key, const lb_record **out, lb_error *err)
{
    found f = {.tx = tx};
    bool known;
    const lb_record *record = store_ahead_record(tx->ahead, kind, key, &known, NULL);
    *out = record && store_may_see(tx->actor, record) ? record : NULL;
    if (known) return LB_OK;
    query q;
    store_query_begin(&q);
    store_query_add(&q, STORE_WHOLE " WHERE r.kind = ", db_text(kind));
    store_query_add(&q, " AND r.key = ", db_text(key));
    store_query_sites(&q, tx->actor);
    int code = store_query_run(tx, &q, one_record, &f, err);
    if (!code) *out = f.record;
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
    if (actor) store_query_sites(q, actor);
}

void store_find_query(query *q, const lb_find *find, const lb_actor *actor)
{
    store_query_begin(q);
    lb_buf_puts(&q->sql, find->heads ? "SELECT " STORE_HEAD " FROM record r" : STORE_WHOLE);
    conditions(q, find, actor);
    lb_buf_puts(&q->sql, " ORDER BY kind, key");
    if (find->limit > 0) store_query_add(q, " LIMIT ", db_int(find->limit));
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
    lb_record record = store_record_head(c, arena);
    int code = s->heads ? LB_OK : store_record_body(&c[STORE_BODY_ID + 1], &record, arena, err);
    if (code) return code;
    if (!s->tx->write) return s->seen(s->context, &record, err);
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 64;
        s->kept = lb_realloc(s->kept, s->room, sizeof *s->kept);
    }
    s->kept[s->count++] = record;
    return LB_OK;
}

/* What it finds may change, and be forgotten, while it is looked at: the rows themselves stay. */
static int scan_known(lb_tx *tx, const ahead *known, lb_record_seen seen, void *context, lb_error *err)
{
    const lb_record *record = known->record;
    size_t count = known->count;
    int code = LB_OK;
    for (size_t i = 0; i < count && !code; i++)
        if (store_may_see(tx->actor, &record[i])) code = seen(context, &record[i], err);
    return code < 0 ? code : LB_OK;
}

int lb_tx_scan(lb_tx *tx, const lb_find *find, lb_record_seen seen, void *context, lb_error *err)
{
    query q;
    const ahead *known = store_ahead_scan(tx->ahead, find);
    if (known) return scan_known(tx, known, seen, context, err);
    scanning s = {.tx = tx, .seen = seen, .context = context, .heads = find->heads};
    store_find_query(&q, find, tx->actor);
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

/* An index of a database takes no longer ones; nobody types them. */
int store_check_names(const lb_record *r, lb_error *err)
{
    const struct { const char *text; size_t most; } name[] = {{r->key, STORE_KEY_MOST}, {r->parent, STORE_KEY_MOST}, {r->site, STORE_NAME_MOST},
                                                              {r->subject, STORE_NAME_MOST}, {r->state, STORE_NAME_MOST}};
    for (size_t i = 0; i < LB_COUNT(name); i++)
        if (name[i].text && strlen(name[i].text) > name[i].most)
            return lb_fail(err, LB_TOO_LARGE, "the name '%.40s…' is longer than %zu bytes", name[i].text, name[i].most);
    return LB_OK;
}

static int check_rights(const lb_tx *tx, const lb_record *record, const lb_record *old, lb_error *err)
{
    if (!store_may_see(tx->actor, record) || (old && !store_may_see(tx->actor, old)))
        return lb_fail(err, LB_FORBIDDEN, "%s may not write this record", tx->actor->user);
    if (old && !lb_text_equal(old->subject, record->subject))
        return lb_fail(err, LB_FAILED, "the record %.200s belongs to another participant", record->key);
    return LB_OK;
}

static int write_row(lb_tx *tx, const lb_record *r, const char *json, size_t length, int64_t body_id, lb_error *err)
{
    int64_t id = body_id ? body_id : ++tx->chain->body_id;
    const db_value body[] = {db_int(id), {DB_TEXT, 0, json, length}};
    int code = store_post(tx, body_id ? "UPDATE body SET json = ?2 WHERE id = ?1" : "INSERT INTO body (id, json) VALUES (?1, ?2)", body, 2, err);
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
    int code = store_check_names(record, err);
    if (!code) code = fetch(tx, record->kind, record->key, &f, err);
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
    store_ahead_forget(tx, f.record, &r);
    return code;
}

int lb_tx_remove(lb_tx *tx, const char *kind, const char *key, lb_error *err)
{
    assert(tx->write && !lb_kind_audited(kind));
    found f;
    int code = fetch(tx, kind, key, &f, err);
    if (code || !f.record || !store_may_see(tx->actor, f.record)) return code;
    const db_value param[] = {db_text(kind), db_text(key), db_int(f.body_id)};
    code = store_post(tx, "DELETE FROM record WHERE kind = ?1 AND key = ?2", param, 2, err);
    if (!code) code = store_post(tx, "DELETE FROM body WHERE id = ?1", param + 2, 1, err);
    store_ahead_forget(tx, f.record, f.record);
    return code;
}
