/* Opening and keeping a store. What can be done with it: trial/conduct/store.h. */
#ifndef LUMBAR_STORE_STORE_H
#define LUMBAR_STORE_STORE_H

#include "trial/conduct/store.h"

typedef struct lb_store_options {
    const char *where; /**< path of the database file, or postgres://… */
    const char *keys;  /**< folder of the keys, or NULL: $LUMBAR_KEYS, else WHERE.keys beside the database */
    bool create;       /**< make database and keys; refuses when the database is there */
    const char *beside; /**< PostgreSQL: prefix of the files beside the database; NULL: $LUMBAR_BESIDE. A file: itself */
    bool fast;         /**< tests only: nothing is forced to the disk */
    int64_t (*clock_us)(void *context); /**< NULL: the machine's clock, UTC */
    void *clock_context;
} lb_store_options;
#define LB_STORE_OPTIONS_INIT {NULL, NULL, false, NULL, false, NULL, NULL}

int lb_store_open(const lb_store_options *options, lb_store **out, lb_error *err) LB_MUST_CHECK;
/** For tests: an empty store in a temporary folder, which goes when it is closed. `options` may be NULL; its clock counts. */
int lb_store_open_scratch(const lb_store_options *options, lb_store **out, lb_error *err) LB_MUST_CHECK;
/** For a server: connect all readers now, so that nobody's first request waits for it. What fails is tried again when it is needed. */
void lb_store_warm(lb_store *store);
void lb_store_close(lb_store *store);
const char *lb_store_where(const lb_store *store);
/** Is this trouble of the database itself (full, locked, out of reach), not of what was asked? */
bool lb_store_troubled(const lb_store *store, const lb_error *err);
/** Prefix of the files beside the database. */
const char *lb_store_beside(const lb_store *store);
/** The folder of the keys: the allocator's lies there, too. */
const char *lb_store_keys(const lb_store *store);

/** What the writer has done since the store was opened. */
typedef struct lb_store_counts {
    int64_t commits, changes, refused, entries; /**< entries: number of the last one of the audit, 0 until something is written */
    double commit_seconds;
} lb_store_counts;
void lb_store_count(lb_store *store, lb_store_counts *out);

/** Is everything as it was written? *out: {valid, entries, records, frozen_tables, files, identities, end_of_chain,
 *  sealed_until, fault_count, faults[{kind, where, message}]}. Works while others write. */
int lb_store_verify(lb_store *store, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;

/** Copy the study into a new folder while others write: {files[{name, bytes, sha256}], manifest_sha256}. Without the keys. */
int lb_store_backup(lb_store *store, const char *folder, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** The way back, after every file was checked against the manifest; refuses to overwrite. The keys must be put beside it. */
int lb_store_restore(const char *folder, const char *where, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;

/** Everything into a new database, files included, keys not: {rows{}, files[]}. Nobody may write meanwhile. `…_beside`: prefix of
 *  the files beside it (for a file, itself). */
int lb_store_move(const char *from, const char *from_beside, const char *to, const char *to_beside, lb_arena *arena, lb_value **out, lb_error *err)
    LB_MUST_CHECK;

/* -- archives: parts that concern the store; the folder as a whole is made by `lumbar study archive` -- */
/** FOLDER/audit.jsonl: every entry; secrets of accounts as their hash. */
int lb_store_archive_audit(lb_store *store, const char *folder, int64_t *entries, char end_of_chain[65], lb_error *err) LB_MUST_CHECK;
/** FOLDER/SHA256SUMS over every file in it, as sha256sum writes it; its own hash is the hash of the archive. */
int lb_store_archive_seal(const char *folder, char sha256[65], int64_t *files, lb_error *err) LB_MUST_CHECK;
/** Files against the manifest, the audit's chain link by link: {valid, files, entries, end_of_chain, manifest_sha256, fault_count, faults[]}. */
int lb_store_archive_check(const char *folder, lb_arena *arena, lb_value **out, lb_error *err) LB_MUST_CHECK;

/** Remove everything of the study, keys first. Takes the store: it is closed, whatever happens. */
int lb_store_purge(lb_store *store, lb_error *err) LB_MUST_CHECK;

#endif
