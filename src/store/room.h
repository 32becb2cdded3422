/* What the files of the store share. */
#ifndef LUMBAR_STORE_ROOM_H
#define LUMBAR_STORE_ROOM_H

#include "base/seal.h"
#include "store/backend.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum { STORE_READERS = 8, STORE_BODY_MOST = 16 << 20, STORE_PARAMS = 256, STORE_AHEAD = 8, STORE_KEY_MOST = 1000, STORE_NAME_MOST = 500 };

/* The end of the audit chain as a transaction sees it. */
typedef struct chain {
    int64_t seq;      /* of the last entry, 0 when there is none */
    int64_t open_seq; /* entries that reveal no arm: the numbering masked people see */
    int64_t time_us;  /* the latest moment anything was written */
    int64_t body_id;  /* the last number given to a body of a record; known to the writer alone */
    char hash[65];    /* of the last entry; 64 zeros before the first */
} chain;

/* A record, or what a scan finds, read ahead: who asks for it, or writes it, in this transaction finds it here. */
typedef struct ahead {
    lb_name name;
    lb_find find; /* when `scan`: a copy, for the caller's may be gone before the transaction is */
    bool scan;
    lb_record *record; /* none: there is none */
    size_t count, room;
    int64_t body_id; /* of a single one */
    lb_arena *arena;
    bool bad; /* it cannot be read: whoever asks for it learns why */
} ahead;

typedef struct ahead_set {
    ahead item[STORE_AHEAD];
    size_t count;
} ahead_set;

/* A caller waiting for its body to run and to be on disk. */
typedef struct waiting {
    struct waiting *next;
    const lb_actor *actor;
    lb_arena *arena;
    lb_tx_body body;
    void *context;
    lb_error *err;
    int code;
    bool done;
    pthread_cond_t finished;
    ahead_set ahead; /* read for all bodies of a batch at once, before the first of them runs */
    db_ask ask[STORE_AHEAD];
    size_t asks;
} waiting;

struct lb_store {
    const db_backend *backend;
    char *where, *beside, *keys, *scratch; /* beside: prefix of the files beside the database; scratch: folder to remove when closed */
    bool fast;
    int64_t (*clock_us)(void *context);
    void *clock_context;
    uint8_t *key; /* in locked memory */

    pthread_mutex_t lock;
    pthread_cond_t work, reader_back, stopped;
    waiting *first, *last;
    bool stopping, running;
    pthread_t writer, keeper;
    db *write_db;
    db *reader[STORE_READERS];
    bool reader_busy[STORE_READERS];
    int64_t last_us; /* never given out twice */
    lb_store_counts counts; /* of the writer; read under the lock */
    int64_t unsettled;      /* bytes the log has grown by since the keeper tidied up, about; under the lock */
    int64_t batch_bytes;    /* of the batch at hand; the writer's alone */

    pthread_mutex_t identity_lock;
    int identity_file;
    int head_file;
    atomic_bool head_written; /* since it was last forced to the disk */
};

struct lb_tx {
    lb_store *store;
    db *db;
    const lb_actor *actor;
    lb_arena *arena;
    bool write;
    int64_t now_us;
    chain *chain; /* write only */
    const lb_origin *origin;
    ahead_set *ahead;
    waiting *behind; /* write only: those of the same batch whose turn comes later */
};

/* ---- statements ---- */
/** Text and parameters of one statement while it is put together. */
typedef struct query {
    lb_buf sql;
    db_value param[STORE_PARAMS];
    size_t params;
    bool overflow;
} query;
void store_query_begin(query *q);
/** Adds the text, with the next parameter's place (?n) after it. */
void store_query_add(query *q, const char *sql, db_value value);
void store_query_sites(query *q, const lb_actor *actor);
int store_query_run(lb_tx *tx, query *q, db_row row, void *context, lb_error *err) LB_MUST_CHECK;
/** A statement with fixed text. */
int store_run(lb_tx *tx, const char *sql, const db_value *param, size_t params, db_row row, void *context, int64_t *changed,
              lb_error *err) LB_MUST_CHECK;

/** One that gives no rows, in a write transaction: its error may come with a later one. */
int store_post(lb_tx *tx, const char *sql, const db_value *param, size_t params, lb_error *err) LB_MUST_CHECK;

/** The same for many rows; `row` may run other statements. */
int store_query_each(lb_tx *tx, query *q, db_row row, void *context, lb_error *err) LB_MUST_CHECK;
int store_each(lb_tx *tx, const char *sql, db_row row, void *context, lb_error *err) LB_MUST_CHECK;
/** A row function: the first column into an int64_t. */
int store_take_int(void *context, const db_value *column, size_t count, lb_error *err);

/* ---- chain.c: canonical rows and their hashes ---- */
/** SHA-256 over the record as it stands in the database; `json` is its body's text. */
void store_record_hash(const lb_record *record, const char *json, size_t length, char hash[65]);
/** Values before or after as the JSON text that is kept, or (text NULL) its SHA-256; both NULL: there are none. */
typedef struct store_values {
    const char *text, *hash;
} store_values;
/** Hash of an entry behind `previous`; `origin`: JSON text of where it was first made, or NULL. */
void store_entry_hash(const char *previous, const lb_audit *entry, const store_values *before, const store_values *after,
                      const char *record_hash, const char *origin, char hash[65]);
/** The question for the last entry; the chain as it is before the first one stands in `out` already. */
db_ask store_chain_ask(chain *out);
int store_chain_read(db *connection, const db_backend *backend, chain *out, lb_error *err) LB_MUST_CHECK;

/* ---- records.c ---- */
/** The columns of a record without its body (STORE_HEAD), and with it (STORE_WHOLE: its number and text follow). */
#define STORE_HEAD "r.kind, r.key, r.site, r.subject, r.parent, r.state, r.reveals_arm, r.revision, r.changed_us, r.changed_by, r.body_id"
#define STORE_WHOLE "SELECT " STORE_HEAD ", b.json FROM record r JOIN body b ON b.id = r.body_id"
enum { STORE_BODY_ID = 10 };
lb_record store_record_head(const db_value *column, lb_arena *arena);
int store_record_body(const db_value *column, lb_record *record, lb_arena *arena, lb_error *err);
int store_check_names(const lb_record *record, lb_error *err);
bool store_may_see(const lb_actor *actor, const lb_record *record);
/** The statement of a scan. `actor` NULL: whoever asks. */
void store_find_query(query *q, const lb_find *find, const lb_actor *actor);

/* ---- ahead.c ---- */
/** Questions for what is named, into `set` (emptied first) and `ask`; `actor` NULL: whoever asks. Returns how many. */
size_t store_ahead_ask(const lb_name *name, size_t count, const lb_actor *actor, lb_arena *arena, ahead_set *set, db_ask *ask);
/** The questions of all bodies of a batch; `ask` has room for all of theirs. Returns how many. */
size_t store_ahead_batch(waiting *list, db_ask *ask);
/** They were answered: what could not be read is forgotten. */
void store_ahead_settle(ahead_set *set);
/** NULL: not known. */
const lb_record *store_ahead_record(const ahead_set *set, const char *kind, const char *key, bool *known, int64_t *body_id);
const ahead *store_ahead_scan(const ahead_set *set, const lb_find *find);
/** A record changes: what was read of it, or may find it now, is forgotten, here and by those behind. `old` NULL: it is new. */
void store_ahead_forget(lb_tx *tx, const lb_record *old, const lb_record *now);

/* ---- audit.c ---- */
/** Append an entry; seq, at_us, user, role and hash are set here. `record_hash` NULL: it changes no record. */
int store_audit_append(lb_tx *tx, const lb_audit *entry, const char *record_hash, lb_error *err) LB_MUST_CHECK;
/** Only what differs, member by member into objects; both NULL when nothing does. */
void store_differences(const lb_value *old, const lb_value *now, lb_arena *arena, lb_value **before, lb_value **after);

/* ---- store.c ---- */
/** A folder with everything in it. */
void store_remove_tree(const char *path);

/* ---- head.c: count and hash of the chain outside the database, under the key ---- */
int store_head_open(lb_store *store, lb_error *err) LB_MUST_CHECK;
void store_head_write(lb_store *store, const chain *end);
void store_head_sync(lb_store *store);
void store_head_close(lb_store *store);
/** The newest sound head; seq −1 when the file is missing or none of its slots is sound. */
void store_head_read(const lb_store *store, chain *out);

/* ---- identity.c ---- */
int store_identity_open(lb_store *store, lb_error *err) LB_MUST_CHECK;
void store_identity_close(lb_store *store);

/* ---- transfer.c ---- */
/** Everything from one database into a new one. `counts` (may be NULL): rows of each table. */
int store_transfer(const db_backend *from, const char *source_where, const db_backend *to, const char *target_where, lb_value *counts,
                   lb_error *err) LB_MUST_CHECK;
const db_backend *store_backend_of(const char *where);

/* ---- queue.c ---- */
int store_queue_start(lb_store *store, lb_error *err) LB_MUST_CHECK;
void store_queue_stop(lb_store *store);

/** Is this a beginning of file names? */
int store_check_beside(const char *beside, lb_error *err) LB_MUST_CHECK;
char *store_path(const lb_store *store, const char *suffix); /* of a file beside the database; free() it */

#endif
