/* Snapshots: named tables as CSV, kept in parts so that no row of the database grows large, each with its SHA-256, and one
 * hash over them all. A table may stand twice under one name: as it is, and as it is for people who must not know the arm. The record of the snapshot is audited; the bytes are checked whenever they are read. */
#include "store/room.h"
#include "trial/conduct/kinds.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 4 << 20 };

typedef char sha256_text[65];

/* The record of the tables that reveal an arm, or of the others. The whole's hash is over "name sha256\n" of each. */
static int keep_record(lb_tx *tx, const char *id, const lb_value *about, const lb_frozen *table, sha256_text *sha, size_t count,
                       bool reveals, lb_error *err)
{
    lb_value *body = lb_value_object(tx->arena), *list = lb_value_array(tx->arena);
    lb_buf all = {0};
    sha256_text whole;
    for (size_t i = 0; about && i < about->count; i++) lb_set(body, about->key[i], about->item[i]);
    for (size_t i = 0; i < count; i++) {
        if (table[i].reveals_arm != reveals) continue;
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "name", table[i].name);
        lb_set_text(one, "sha256", sha[i]);
        lb_set_int(one, "rows", table[i].rows);
        lb_buf_printf(&all, "%s %s\n", table[i].name, sha[i]);
    }
    lb_sha256_hex(all.data ? all.data : "", all.length, whole);
    lb_buf_free(&all);
    lb_set(body, "tables", list);
    lb_set_text(body, "sha256", whole);
    lb_record record = {.kind = LB_KIND_SNAPSHOT, .key = id, .reveals_arm = reveals, .body = body};
    if (reveals) record.key = lb_arena_printf(tx->arena, "%s|arms", id);
    lb_change change = {.action = "snapshot"};
    return reveals && list->count == 0 ? LB_OK : lb_tx_put(tx, &record, 0, &change, err);
}

static int keep_table(lb_tx *tx, const char *id, const lb_frozen *t, const char *sha256, lb_error *err)
{
    size_t done = 0;
    int64_t part = 0;
    do {
        size_t length = t->csv.length - done < PART ? t->csv.length - done : PART;
        const db_value value[] = {db_text(id), db_text(t->name), db_int(t->reveals_arm), db_int(t->rows), db_text(sha256), db_int(part++),
                                  db_blob(t->csv.data + done, length)};
        int code = store_run(tx, "INSERT INTO frozen (id, name, reveals_arm, row_count, sha256, part, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                             value, LB_COUNT(value), NULL, NULL, NULL, err);
        if (code) return code;
        done += length;
    } while (done < t->csv.length);
    return LB_OK;
}

int lb_tx_freeze(lb_tx *tx, const char *id, const lb_value *about, const lb_frozen *table, size_t count, lb_error *err)
{
    assert(tx->write);
    sha256_text *sha = lb_arena_array(tx->arena, count + 1, sizeof *sha);
    for (size_t i = 0; i < count; i++)
        lb_sha256_hex(table[i].csv.data ? (const void *)table[i].csv.data : "", table[i].csv.length, sha[i]);
    int code = keep_record(tx, id, about, table, sha, count, false, err);
    if (!code) code = keep_record(tx, id, about, table, sha, count, true, err);
    for (size_t i = 0; i < count && !code; i++) code = keep_table(tx, id, &table[i], sha[i], err);
    return code;
}

typedef struct gathering {
    lb_buf bytes;
    char sha256[65];
    bool found;
    int64_t part;
} gathering;

static int gather(void *context, const db_value *c, size_t count, lb_error *err)
{
    gathering *g = context;
    (void)count;
    (void)err;
    if (g->found && g->part >= c[2].integer) return 1; /* the other form of the same table follows */
    g->part = c[2].integer;
    lb_buf_add(&g->bytes, c[0].data, c[0].length);
    if (c[1].length == 64) memcpy(g->sha256, c[1].data, 65);
    g->found = true;
    return LB_OK;
}

int lb_tx_frozen(lb_tx *tx, const char *id, const char *table, lb_bytes *out, lb_error *err)
{
    gathering g = {.bytes = {.max = lb_max_input()}};
    query q = {0};
    char sha256[65];
    lb_buf_puts(&q.sql, "SELECT bytes, sha256, part FROM frozen WHERE 1=1");
    store_query_add(&q, " AND id = ", db_text(id));
    store_query_add(&q, " AND name = ", db_text(table));
    lb_buf_puts(&q.sql, tx->actor->masked ? " AND reveals_arm = 0 ORDER BY part" : " ORDER BY reveals_arm DESC, part");
    int code = store_query_each(tx, &q, gather, &g, err);
    if (!code && !g.found) code = lb_fail(err, LB_NOT_FOUND, "there is no table %.60s in a snapshot %.60s", table, id);
    if (!code && g.bytes.overflow) code = lb_fail(err, LB_TOO_LARGE, "the table %.60s is too large to be read", table);
    if (!code) {
        lb_sha256_hex(g.bytes.data ? g.bytes.data : "", g.bytes.length, sha256);
        if (strcmp(sha256, g.sha256) != 0) {
            code = lb_fail(err, LB_BAD_DATA, "the table %.60s of snapshot %.60s was changed since it was frozen", table, id);
            lb_error_hint(err, "run 'lumbar study verify' and restore the last backup");
        }
    }
    if (code) {
        lb_buf_free(&g.bytes);
        return code;
    }
    lb_arena_adopt(tx->arena, g.bytes.data);
    *out = (lb_bytes){(const uint8_t *)(g.bytes.data ? g.bytes.data : ""), g.bytes.length, lb_arena_text(tx->arena, table)};
    return LB_OK;
}
