/* Canonical rows and the hash chain of the audit: hash(n) = SHA-256(hash(n − 1) ‖ row(n)), every field of the row with its
 * length before it, so that no two rows have the same bytes (the construction of Haber and Stornetta 1991,
 * doi:10.1007/BF00196791). A change of a record carries the record's own hash, which ties the two tables together. */
#include "store/room.h"

#include <stdio.h>
#include <string.h>

#include <nettle/sha2.h>

static void add_bytes(struct sha256_ctx *sha, const char *data, size_t length)
{
    char prefix[32];
    int n = snprintf(prefix, sizeof prefix, "%zu:", length);
    sha256_update(sha, (size_t)n, (const uint8_t *)prefix);
    sha256_update(sha, length, (const uint8_t *)data);
}

static void add_text(struct sha256_ctx *sha, const char *text)
{
    if (text) add_bytes(sha, text, strlen(text));
    else sha256_update(sha, 1, (const uint8_t *)"-");
}

static void add_int(struct sha256_ctx *sha, int64_t value)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lld", (long long)value);
    add_bytes(sha, text, (size_t)n);
}

static void finish(struct sha256_ctx *sha, char hash[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(sha, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

void store_record_hash(const lb_record *r, const char *json, size_t length, char hash[65])
{
    struct sha256_ctx sha;
    sha256_init(&sha);
    add_text(&sha, "lumbar-record-v1");
    add_text(&sha, r->kind);
    add_text(&sha, r->key);
    add_text(&sha, r->site);
    add_text(&sha, r->subject);
    add_text(&sha, r->parent);
    add_text(&sha, r->state);
    add_int(&sha, r->reveals_arm);
    add_int(&sha, r->revision);
    add_int(&sha, r->changed_us);
    add_text(&sha, r->changed_by);
    add_bytes(&sha, json, length);
    finish(&sha, hash);
}

/* Of the values only their hash goes in: an archive can leave a secret out and the chain can still be followed. */
static void add_hash_of(struct sha256_ctx *sha, const store_values *values)
{
    char hash[65];
    if (values->text) lb_sha256_hex(values->text, strlen(values->text), hash);
    add_text(sha, values->text ? hash : values->hash);
}

void store_entry_hash(const char *previous, const lb_audit *e, const store_values *before, const store_values *after, const char *record_hash,
                      const char *origin, char hash[65])
{
    struct sha256_ctx sha;
    sha256_init(&sha);
    add_text(&sha, "lumbar-audit-v1");
    add_text(&sha, previous);
    add_int(&sha, e->seq);
    add_int(&sha, e->at_us);
    const char *const text[] = {e->user, e->role, e->site, e->subject, e->kind, e->key, e->action, e->reason, e->version};
    for (size_t i = 0; i < LB_COUNT(text); i++) add_text(&sha, text[i]);
    add_int(&sha, e->reveals_arm);
    add_int(&sha, e->revision);
    add_hash_of(&sha, before);
    add_hash_of(&sha, after);
    add_text(&sha, record_hash);
    if (origin) add_text(&sha, origin); /* entries made here have the bytes they always had */
    finish(&sha, hash);
}

static int take_end(void *context, const db_value *column, size_t count, lb_error *err)
{
    chain *end = context;
    (void)count;
    end->seq = column[0].integer;
    end->open_seq = column[1].integer;
    end->time_us = column[2].integer;
    const char *hash = db_column_text(&column[3]);
    if (!hash || strlen(hash) != 64) return lb_fail(err, LB_BAD_DATA, "the last entry of the audit has no hash");
    memcpy(end->hash, hash, 65);
    return LB_OK;
}

db_ask store_chain_ask(chain *out)
{
    *out = (chain){0};
    memset(out->hash, '0', 64);
    return (db_ask){"SELECT seq, open_seq, at_us, hash FROM audit ORDER BY seq DESC LIMIT 1", NULL, 0, take_end, out};
}

int store_chain_read(db *connection, const db_backend *backend, chain *out, lb_error *err)
{
    const db_ask ask = store_chain_ask(out);
    return backend->run(connection, ask.sql, NULL, 0, ask.row, ask.context, NULL, err);
}
