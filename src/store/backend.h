/* The little that a database must do for the store: run one statement with parameters, and bracket transactions. All
 * rules (chain, masks, group commit, sealing, snapshots) live above this line and are the same for every database.
 * Statements are written once: parameters as ?1, ?2 …, and only what SQLite and PostgreSQL share; schemas differ. */
#ifndef LUMBAR_STORE_BACKEND_H
#define LUMBAR_STORE_BACKEND_H

#include <lumbar/base.h>

typedef enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB } db_type;

/** A parameter or a column. Texts end with NUL; columns are valid until the row function returns. */
typedef struct db_value {
    db_type type;
    int64_t integer;
    const char *data;
    size_t length;
} db_value;

typedef struct db db; /* one connection; used by one thread at a time */
/** Non-zero ends the statement: LB_OK of the statement when positive, an error when negative. */
typedef int (*db_row)(void *context, const db_value *column, size_t count, lb_error *err);

/** One of several statements that are sent together. */
typedef struct db_ask {
    const char *sql;
    const db_value *param;
    size_t params;
    db_row row;
    void *context;
} db_ask;

typedef struct db_backend {
    const char *name;
    /** `where`: file or URL. `create`: make it when it is not there. Brings an older schema up to date when `write`. */
    int (*open)(const char *where, bool write, bool create, bool fast, db **out, lb_error *err);
    void (*close)(db *connection);
    int (*run)(db *connection, const char *sql, const db_value *param, size_t params, db_row row, void *context,
               int64_t *changed, lb_error *err);
    /** A statement of a write transaction that gives no rows. It may be sent along with a later one: what its parameters are at fault
     *  for is said at once, other errors with the answer to that, at the latest by the commit. */
    int (*post)(db *connection, const char *sql, const db_value *param, size_t params, lb_error *err);
    /** Several questions, one after the other, for the price of one round trip where there are any. `row` runs no statement. */
    int (*together)(db *connection, const db_ask *ask, size_t count, lb_error *err);
    /** A statement that may give many rows: memory stays small, and `row` may run other statements meanwhile. */
    int (*each)(db *connection, const char *sql, const db_value *param, size_t params, db_row row, void *context, lb_error *err);
    int (*begin)(db *connection, bool write, lb_error *err); /* its error, too, may come with the first statement */
    /** One of several bodies of a write transaction begins; its changes are kept, or undone and nobody else's. */
    int (*mark)(db *connection, lb_error *err);
    int (*keep)(db *connection, lb_error *err);
    int (*undo)(db *connection, lb_error *err);
    int (*commit)(db *connection, lb_error *err); /* durable when it returns LB_OK; else everything is rolled back */
    void (*rollback)(db *connection);
    bool (*open_transaction)(db *connection);     /* false: the database itself has given the transaction up */
    void (*maintain)(db *connection);             /* from time to time, on a connection of its own: checkpoint */
    /** A consistent copy of the whole database at `path`, while others write. NULL: row by row, as a file of SQLite. */
    int (*copy)(db *connection, const char *path, lb_error *err);
} db_backend;

extern const db_backend store_sqlite, store_postgres;

static inline db_value db_text(const char *text)
{
    db_value value = {DB_NULL, 0, text, 0};
    if (text) {
        value.type = DB_TEXT;
        value.length = __builtin_strlen(text);
    }
    return value;
}
static inline db_value db_int(int64_t integer) { return (db_value){DB_INT, integer, NULL, 0}; }
static inline db_value db_blob(const void *data, size_t length) { return (db_value){DB_BLOB, 0, data, length}; }
static inline const char *db_column_text(const db_value *column) { return column->type == DB_NULL ? NULL : column->data; }

#endif
