/* Is the study as it was written? The audit's chain link by link, its end against the head kept outside, every audited record
 * against its last entry, snapshots, uploads and identities against their hashes and seals. Memory stays small: rows are
 * looked at one by one. Every fault has a kind, a place and a sentence. */
#include "store/room.h"
#include "trial/conduct/kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

enum { FAULTS_MOST = 1000 };

typedef struct verifying {
    lb_tx *tx;
    lb_value *faults;
    int64_t fault_count, entries, records, tables, files, identities;
    chain end, head;
    bool head_seen;
    char expected[65];
    struct sha256_ctx table_sha;
    char table_name[600], table_hash[65];
} verifying;

static void blame(verifying *v, const char *kind, const char *where, const char *message)
{
    if (v->fault_count++ >= FAULTS_MOST) return;
    lb_value *one = lb_push_object(v->faults);
    lb_set_text(one, "kind", kind);
    lb_set_text(one, "where", where);
    lb_set_text(one, "message", message);
}

static void blame_entry(verifying *v, const char *kind, int64_t seq, const char *message)
{
    char where[48];
    snprintf(where, sizeof where, "audit entry %lld", (long long)seq);
    blame(v, kind, where, message);
}

/* ---- the chain ---- */

static int check_entry(void *context, const db_value *c, size_t count, lb_error *err)
{
    verifying *v = context;
    (void)count;
    (void)err;
    lb_audit e = {.seq = c[0].integer, .at_us = c[1].integer, .reveals_arm = c[11].integer != 0, .revision = c[12].integer};
    const char **const text[] = {&e.user, &e.role, &e.site, &e.subject, &e.kind, &e.key, &e.action, &e.reason, &e.version};
    for (size_t i = 0; i < LB_COUNT(text); i++) *text[i] = db_column_text(&c[2 + i]);
    char hash[65];
    const char *stored = db_column_text(&c[16]) ? db_column_text(&c[16]) : "";
    const store_values before = {db_column_text(&c[13]), NULL}, after = {db_column_text(&c[14]), NULL};
    store_entry_hash(v->end.hash, &e, &before, &after, db_column_text(&c[15]), db_column_text(&c[18]), hash);
    v->entries++;
    if (e.seq != v->end.seq + 1) blame_entry(v, "entry_missing", v->end.seq + 1, "the numbering has a gap: entries were taken out");
    else if (strcmp(hash, stored) != 0) blame_entry(v, "entry_changed", e.seq, "the entry, or the one before it, is not what was written");
    if (e.at_us < v->end.time_us) blame_entry(v, "time_order", e.seq, "it is older than the entry before it");
    v->end.open_seq += !e.reveals_arm;
    if (c[17].integer != v->end.open_seq) blame_entry(v, "numbering", e.seq, "its number among the entries that reveal no arm is wrong");
    v->end.seq = e.seq;
    v->end.time_us = e.at_us;
    snprintf(v->end.hash, sizeof v->end.hash, "%s", stored);
    if (e.seq == v->head.seq) {
        v->head_seen = true;
        if (strcmp(stored, v->head.hash) != 0) blame_entry(v, "rewritten", e.seq, "the chain was made anew: its sealed end says otherwise");
    }
    return LB_OK;
}

static int check_chain(verifying *v, lb_error *err)
{
    memset(v->end.hash, '0', 64);
    int code = store_each(v->tx,
                         "SELECT seq, at_us, who, role, site, subject, kind, key, action, reason, version, reveals_arm, revision,"
                         " old_values, new_values, record_hash, hash, open_seq, origin FROM audit ORDER BY seq",
                         check_entry, v, err);
    if (code) return code;
    if (v->head.seq < 0 && v->entries > 0)
        blame(v, "no_head", "the file of the audit's end", "it is missing or was changed: whether the audit is complete cannot be told");
    if (v->head.seq > v->end.seq) blame_entry(v, "tail_cut", v->head.seq, "the sealed end names entries that are not there: the audit was cut off");
    return LB_OK;
}

/* ---- records ---- */

static int check_record(void *context, const db_value *c, size_t count, lb_error *err)
{
    verifying *v = context;
    char hash[65], where[400];
    (void)count;
    (void)err;
    lb_record r = {.reveals_arm = c[6].integer != 0, .revision = c[7].integer, .changed_us = c[8].integer};
    const char **const text[] = {&r.kind, &r.key, &r.site, &r.subject, &r.parent, &r.state};
    for (size_t i = 0; i < LB_COUNT(text); i++) *text[i] = db_column_text(&c[i]);
    r.changed_by = db_column_text(&c[9]);
    if (!lb_kind_audited(r.kind)) return LB_OK;
    v->records++;
    snprintf(where, sizeof where, "%.60s %.300s", r.kind, r.key);
    const char *json = db_column_text(&c[10]), *last = db_column_text(&c[11]);
    if (!last) {
        blame(v, "record_without_entry", where, "nobody wrote this record: the audit does not know it");
        return LB_OK;
    }
    store_record_hash(&r, json ? json : "", json ? c[10].length : 0, hash);
    if (!json || strcmp(hash, last) != 0) blame(v, "record_changed", where, "the record is not what its last audit entry says");
    return LB_OK;
}

static int lost_record(void *context, const db_value *c, size_t count, lb_error *err)
{
    char where[400];
    (void)count;
    (void)err;
    snprintf(where, sizeof where, "%.60s %.300s", db_column_text(&c[0]), db_column_text(&c[1]));
    blame(context, "record_missing", where, "the audit knows this record, but it is gone");
    return LB_OK;
}

static int check_records(verifying *v, lb_error *err)
{
    int code = store_each(v->tx,
                         "SELECT r.kind, r.key, r.site, r.subject, r.parent, r.state, r.reveals_arm, r.revision, r.changed_us, r.changed_by, b.json,"
                         " (SELECT a.record_hash FROM audit a WHERE a.kind = r.kind AND a.key = r.key AND a.record_hash IS NOT NULL"
                         "  ORDER BY a.seq DESC LIMIT 1) FROM record r LEFT JOIN body b ON b.id = r.body_id ORDER BY r.kind, r.key",
                         check_record, v, err);
    if (code) return code;
    return store_each(v->tx,
                     "SELECT DISTINCT a.kind, a.key FROM audit a WHERE a.record_hash IS NOT NULL"
                     " AND NOT EXISTS (SELECT 1 FROM record r WHERE r.kind = a.kind AND r.key = a.key)",
                     lost_record, v, err);
}

/* ---- snapshots: bytes against their hash; the hash stands in an audited record ---- */

static void end_table(verifying *v)
{
    if (!v->table_name[0]) return;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hex[65];
    sha256_digest(&v->table_sha, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    v->tables++;
    if (strcmp(hex, v->table_hash) != 0) blame(v, "table_changed", v->table_name, "the frozen table is not what was frozen");
}

static int check_part(void *context, const db_value *c, size_t count, lb_error *err)
{
    verifying *v = context;
    (void)count;
    (void)err;
    if (c[2].integer == 0) {
        end_table(v);
        snprintf(v->table_name, sizeof v->table_name, "snapshot %.200s, table %.200s", db_column_text(&c[0]), db_column_text(&c[1]));
        snprintf(v->table_hash, sizeof v->table_hash, "%s", db_column_text(&c[4]) ? db_column_text(&c[4]) : "");
        sha256_init(&v->table_sha);
    }
    sha256_update(&v->table_sha, c[3].length, (const uint8_t *)c[3].data);
    return LB_OK;
}

/* Every table that the record of a snapshot names must be there with the same hash. */
static int check_named(void *context, const lb_record *record, lb_error *err)
{
    verifying *v = context;
    const lb_value *list = lb_get(record->body, "tables");
    const char *bar = strchr(record->key, '|');
    const char *id = bar ? lb_arena_textn(lb_tx_arena(v->tx), record->key, (size_t)(bar - record->key)) : record->key;
    for (size_t i = 0; list && i < list->count; i++) {
        const char *name = lb_get_text(list->item[i], "name", ""), *sha = lb_get_text(list->item[i], "sha256", "");
        const db_value param[] = {db_text(id), db_text(name), db_int(record->reveals_arm), db_text(sha)};
        int64_t found = 0;
        int code = store_run(v->tx, "SELECT count(*) FROM frozen WHERE id = ?1 AND name = ?2 AND reveals_arm = ?3 AND sha256 = ?4 AND part = 0", param,
                             4, store_take_int, &found, NULL, err);
        if (code) return code;
        char where[500];
        snprintf(where, sizeof where, "snapshot %.200s, table %.200s", id, name);
        if (found != 1) blame(v, "table_missing", where, "the snapshot's record names this table with another hash, or it is gone");
    }
    return LB_OK;
}

static int check_snapshots(verifying *v, lb_error *err)
{
    int code = store_each(v->tx, "SELECT id, name, part, bytes, sha256 FROM frozen ORDER BY id, name, reveals_arm, part", check_part, v, err);
    if (code) return code;
    end_table(v);
    const lb_find find = {.kind = LB_KIND_SNAPSHOT};
    return lb_tx_scan(v->tx, &find, check_named, v, err);
}

/* ---- what lies outside the database ---- */

static int check_file(void *context, const lb_record *record, lb_error *err)
{
    verifying *v = context;
    const char *sha = lb_get_text(record->body, "sha256", NULL);
    (void)err;
    if (!sha) return LB_OK;
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    lb_error why = LB_ERROR_INIT;
    char hex[65] = "", where[400];
    int code = lb_store_file_get(v->tx->store, sha, arena, &bytes, &why);
    if (!code) lb_sha256_hex(bytes.data, bytes.length, hex);
    snprintf(where, sizeof where, "file %.300s", record->key);
    v->files++;
    if (code || strcmp(hex, sha) != 0) blame(v, code == LB_NOT_FOUND ? "file_missing" : "file_changed", where, code ? why.message : "it is not what was uploaded");
    lb_arena_free(arena);
    return LB_OK;
}

static int check_identity(void *context, const lb_record *record, lb_error *err)
{
    verifying *v = context;
    const lb_value *identity;
    lb_error why = LB_ERROR_INIT;
    char where[400];
    (void)err;
    v->identities++;
    snprintf(where, sizeof where, "identity of %.300s", record->key);
    lb_arena *arena = lb_arena_new(), *former = lb_tx_read_into(v->tx, arena);
    if (lb_tx_identity_get(v->tx, record->key, &identity, &why)) blame(v, "identity_changed", where, why.message);
    lb_tx_read_into(v->tx, former);
    lb_arena_free(arena);
    return LB_OK;
}

static int verify_all(lb_tx *tx, void *context, lb_error *err)
{
    verifying *v = context;
    v->tx = tx;
    const lb_find files = {.kind = LB_KIND_FILE}, identities = {.kind = LB_KIND_IDENTITY, .heads = true};
    int code = check_chain(v, err);
    if (!code) code = check_records(v, err);
    if (!code) code = check_snapshots(v, err);
    if (!code) code = lb_tx_scan(tx, &files, check_file, v, err);
    if (!code) code = lb_tx_scan(tx, &identities, check_identity, v, err);
    return code;
}

int lb_store_verify(lb_store *store, lb_arena *arena, lb_value **out, lb_error *err)
{
    static const lb_actor everything = {"system", "system", NULL, 0, false, true};
    lb_arena *scratch = lb_arena_new();
    verifying *v = lb_alloc(1, sizeof *v);
    lb_value *result = lb_value_object(arena);
    v->faults = lb_value_array(arena);
    store_head_read(store, &v->head); /* before the snapshot: it may lag behind, never be ahead */
    int code = lb_store_read(store, &everything, scratch, verify_all, v, err);
    lb_set_bool(result, "valid", v->fault_count == 0);
    lb_set_int(result, "entries", v->entries);
    lb_set_int(result, "records", v->records);
    lb_set_int(result, "frozen_tables", v->tables);
    lb_set_int(result, "files", v->files);
    lb_set_int(result, "identities", v->identities);
    lb_set_text(result, "end_of_chain", v->end.hash);
    lb_set_int(result, "sealed_until", v->head.seq < 0 ? 0 : v->head.seq);
    lb_set_int(result, "fault_count", v->fault_count);
    lb_set(result, "faults", v->faults);
    *out = result;
    free(v);
    lb_arena_free(scratch);
    return code;
}
