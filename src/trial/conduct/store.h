/* What the conduct of a trial asks of whoever keeps its data. The trial declares it, src/store/ implements it (SQLite,
 * PostgreSQL), and nothing else of the house knows a database.
 *
 * Everything a trial remembers is a *record*: a JSON object under (kind, key), with the few columns by which it is found
 * again. A write transaction that changes a record of an audited kind writes the audit entry itself, with the values
 * before and after: there is no way to change one without the other. Kinds and who may read them: conduct/kinds.c.
 *
 * Writers: lb_store_write() runs the body on the one writer and returns when the change is on disk; bodies of many
 * callers share one commit. A body that fails leaves nothing behind. Readers see a frozen state and never wait.
 * A body must not call the store again except through its own transaction. */
#ifndef LUMBAR_TRIAL_STORE_H
#define LUMBAR_TRIAL_STORE_H

#include <lumbar/data.h>

typedef struct lb_store lb_store;
typedef struct lb_tx lb_tx;

/** Who does it: every transaction has one. All texts borrowed. */
typedef struct lb_actor {
    const char *user;   /**< sign-in name; "participant:CODE" by personal link; "system" for rules and clocks */
    const char *role;   /**< of the protocol file; "system" */
    const char *const *site; /**< sites this person may see; NULL = all */
    size_t site_count;
    bool masked;        /**< never sees what reveals an arm: the store leaves such records and audit entries out */
    bool clinical;      /**< false: administrator: records and audit entries of a participant do not exist (set it for "system") */
} lb_actor;

/** One thing remembered. Texts and body belong to the arena of the transaction that read them. */
typedef struct lb_record {
    const char *kind;    /**< "entry", "query", "subject", …: a constant of conduct/kinds.h */
    const char *key;     /**< unique within the kind */
    const char *site;    /**< NULL: of the whole study */
    const char *subject; /**< participant's code, or NULL */
    const char *parent;  /**< what it belongs to (for an entry "VISIT", for a query the entry's key …), or NULL */
    const char *state;   /**< "draft", "open", "locked" …, or NULL */
    bool reveals_arm;    /**< invisible to masked actors */
    int64_t revision;    /**< 1 when new; set by the store */
    int64_t changed_us;  /**< microseconds since 1970 UTC; set by the store */
    const char *changed_by;
    const lb_value *body; /**< an object */
} lb_record;

/** Why and how a change is made; what the audit keeps beside the values. */
typedef struct lb_change {
    const char *action;  /**< "save", "sign", "settle", "allocate" … */
    const char *reason;  /**< NULL where none is required */
    const char *version; /**< protocol version the record is kept under */
} lb_change;

/** What to look for; NULL fields match everything. Results come in order of key (records) or of seq (audit). */
typedef struct lb_find {
    const char *kind, *site, *subject, *parent, *state;
    const char *kinds[6]; /**< any of these, instead of `kind` */
    const char *key_from, *key_below; /**< key_from <= key < key_below */
    bool heads;    /**< leave bodies out (body = NULL): for overviews, served from an index */
    int64_t limit; /**< 0 = all */
} lb_find;

/** Where a change was first made, when it was brought over from another system: who did it there, when, as which entry. */
typedef struct lb_origin {
    const char *system, *user, *role;
    int64_t at_us, seq;
} lb_origin;

/** One audit entry. `before` and `after` hold only what differs, member by member into objects (NULL when there was or is
 *  nothing); a change of what stands beside the body is named "@state", "@parent", "@site". Masked actors see a numbering
 *  of their own, without gaps, and no hash (both would tell of what they do not see). */
typedef struct lb_audit {
    int64_t seq, at_us;
    const char *user, *role, *site, *subject, *kind, *key, *action, *reason, *version;
    bool reveals_arm;
    int64_t revision;
    const lb_value *before, *after;
    const lb_origin *origin; /**< NULL: made here. `user` and `at_us` are always who brought it here and when */
    char hash[65];
} lb_audit;

typedef struct lb_audit_find {
    const char *user, *site, *subject, *kind, *key, *action;
    int64_t seq_from, seq_below, at_from_us, at_below_us; /**< 0 = open */
    int64_t limit;
    bool newest_first;
} lb_audit_find;

/** A body: return LB_OK to keep the change. May be called again from the start only when it has not returned before. */
typedef int (*lb_tx_body)(lb_tx *tx, void *context, lb_error *err);
typedef int (*lb_record_seen)(void *context, const lb_record *record, lb_error *err); /**< non-zero ends the scan */
typedef int (*lb_audit_seen)(void *context, const lb_audit *entry, lb_error *err);

/* -- transactions: `arena` holds what the body reads; it must outlive the use of it -- */
int lb_store_read(lb_store *store, const lb_actor *actor, lb_arena *arena, lb_tx_body body, void *context,
                  lb_error *err) LB_MUST_CHECK;
int lb_store_write(lb_store *store, const lb_actor *actor, lb_arena *arena, lb_tx_body body, void *context,
                   lb_error *err) LB_MUST_CHECK;

/** What a transaction will ask for: the record (kind, key); the record of `kind` whose key is what stands as parent, or as site, in
 *  another one (parent_of or site_of, key); or, `find` given, what that scan finds. All borrowed. */
typedef struct lb_name {
    const char *kind, *key, *parent_of, *site_of;
    const lb_find *find;
} lb_name;
/** The same, with what the body will ask for read ahead together with that of the other bodies that share its commit. */
int lb_store_write_ahead(lb_store *store, const lb_actor *actor, lb_arena *arena, const lb_name *name, size_t count, lb_tx_body body, void *context,
                         lb_error *err) LB_MUST_CHECK;

lb_arena *lb_tx_arena(lb_tx *tx);
/** From now on read into this arena; returns the former one. For scans over everything: a callback that has dealt with a
 *  few hundred records hands in a new arena and frees the former, so that memory stays bounded. In a write transaction not from
 *  inside a scan: what it gives stands in the arena it began with. */
lb_arena *lb_tx_read_into(lb_tx *tx, lb_arena *arena);
const lb_actor *lb_tx_actor(const lb_tx *tx);
/** A reading transaction goes on as somebody else's: it began before it was known who asks. What was read ahead is seen with their
 *  eyes from now on. Borrowed. */
void lb_tx_become(lb_tx *tx, const lb_actor *actor);
/** From now on what is written in this transaction was first written elsewhere: every entry says so. NULL: no longer. Borrowed. */
void lb_tx_origin(lb_tx *tx, const lb_origin *origin);
int64_t lb_tx_now_us(const lb_tx *tx); /**< one time for the whole transaction, never earlier than the last one */

/** *out is NULL when there is none, or none this actor may see. */
int lb_tx_get(lb_tx *tx, const char *kind, const char *key, const lb_record **out, lb_error *err) LB_MUST_CHECK;
/** Read some records or scans (at most 8; names without key and find are passed over) at once, before they are asked for or written one
 *  by one in this transaction: one way to the database and back instead of many. Changes nothing else. The names are borrowed. */
int lb_tx_ahead(lb_tx *tx, const lb_name *name, size_t count, lb_error *err) LB_MUST_CHECK;
int lb_tx_scan(lb_tx *tx, const lb_find *find, lb_record_seen seen, void *context, lb_error *err) LB_MUST_CHECK;
int lb_tx_count(lb_tx *tx, const lb_find *find, int64_t *out, lb_error *err) LB_MUST_CHECK;

/** Write a record. `expected` is the revision it was read at, 0 = must be new, -1 = whatever is there. Someone else was
 *  first: LB_CONFLICT, nothing changes. A masked actor cannot write a record that reveals an arm. */
int lb_tx_put(lb_tx *tx, const lb_record *record, int64_t expected, const lb_change *change, lb_error *err) LB_MUST_CHECK;
/** Take away a record of an unaudited kind (session, draft, job). Audited kinds are never removed (assert). */
int lb_tx_remove(lb_tx *tx, const char *kind, const char *key, lb_error *err) LB_MUST_CHECK;
/** An audit entry that changes no record: sign-in, failed sign-in, export, view of a sealed value. */
int lb_tx_note(lb_tx *tx, const lb_audit *entry, lb_error *err) LB_MUST_CHECK;
int lb_tx_audit(lb_tx *tx, const lb_audit_find *find, lb_audit_seen seen, void *context, lb_error *err) LB_MUST_CHECK;

/* -- identifiers: apart from the data, encrypted; audited without their values -- */
int lb_tx_identity_put(lb_tx *tx, const char *subject, const lb_value *identity, const char *reason, lb_error *err) LB_MUST_CHECK;
int lb_tx_identity_get(lb_tx *tx, const char *subject, const lb_value **out, lb_error *err) LB_MUST_CHECK;

/* -- sealing: small secrets (arm, one-time-password secret) under a key that is not in the database -- */
int lb_store_seal(lb_store *store, const char *purpose, const void *data, size_t length, lb_arena *arena, const char **out_base64,
                  lb_error *err) LB_MUST_CHECK;
int lb_store_open_seal(lb_store *store, const char *purpose, const char *base64, lb_arena *arena, lb_bytes *out,
                       lb_error *err) LB_MUST_CHECK;

/* -- uploads: kept once by their SHA-256, outside the records; what they are stands in a record ("file", id) -- */
int lb_store_file_put(lb_store *store, const lb_bytes *bytes, char sha256[65], lb_error *err) LB_MUST_CHECK;
int lb_store_file_get(lb_store *store, const char *sha256, lb_arena *arena, lb_bytes *out, lb_error *err) LB_MUST_CHECK;

/* -- snapshots: named tables, frozen and hashed; bytes are CSV -- */
typedef struct lb_frozen {
    const char *name;    /**< of the table */
    lb_bytes csv;
    bool reveals_arm;
    int64_t rows;
} lb_frozen;
/** Keeps the tables under `id` and writes the audited record ("snapshot", id): `about`, every table's SHA-256 and the whole's.
 *  A table may be given twice under one name, once revealing the arm and once not: everybody reads the form that is theirs.
 *  What reveals the arm is recorded apart, as ("snapshot", id "|arms"), which masked actors do not see. */
int lb_tx_freeze(lb_tx *tx, const char *id, const lb_value *about, const lb_frozen *table, size_t count, lb_error *err) LB_MUST_CHECK;
/** A table's bytes; checks its hash. Masked actors get no table that reveals an arm. */
int lb_tx_frozen(lb_tx *tx, const char *id, const char *table, lb_bytes *out, lb_error *err) LB_MUST_CHECK;

#endif
