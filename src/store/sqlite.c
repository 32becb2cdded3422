/* SQLite behind the store: WAL, synchronous=FULL, statements prepared once per connection.
 * https://www.sqlite.org/wal.html, https://www.sqlite.org/rescode.html */
#include "store/backend.h"
#include "store/schema.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum { CACHE = 64, BUSY_MS = 10000, BUSY_FAST_MS = 300, LOG_PAGES_MOST = 8192, APPLICATION_ID = 0x4c756d62 /* "Lumb" */ };

struct db {
    sqlite3 *handle;
    char name[256];
    size_t cached, next;
    struct cached { sqlite3_stmt *statement; char *sql; bool busy; } cache[CACHE];
};

static int fail(db *c, int rc, lb_error *err)
{
    const char *message = sqlite3_errmsg(c->handle);
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        lb_fail(err, LB_FAILED, "the database is locked by another program; nothing was changed");
        lb_error_hint(err, "close the other program that has %s open, then try again", c->name);
        break;
    case SQLITE_FULL:
        lb_fail(err, LB_FAILED, "the disk is full; nothing was changed");
        lb_error_hint(err, "free some space on the disk of %s, then try again", c->name);
        break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        lb_fail(err, LB_FAILED, "the database cannot be read or written (%s); nothing was changed", message);
        lb_error_hint(err, "look at the disk and the rights of the folder of %s", c->name);
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        lb_fail(err, LB_BAD_DATA, "this is not a sound database (%s)", message);
        lb_error_hint(err, "run 'lumbar study verify' and restore the last backup");
        break;
    case SQLITE_NOMEM: lb_fail(err, LB_NO_MEMORY, "not enough memory for the database"); break;
    case SQLITE_TOOBIG: lb_fail(err, LB_TOO_LARGE, "a value is too large to be kept"); break;
    default:
        lb_fail(err, LB_FAILED, "the database refuses");
        lb_error_detail(err, "%s (%d)", message, rc);
    }
    lb_error_where(err, "%s", c->name);
    return err ? err->code : LB_FAILED;
}

static int execute(db *c, const char *sql, lb_error *err)
{
    int rc = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? LB_OK : fail(c, rc, err);
}

/* ---- statements: prepared once, found again by their text ---- */

static struct cached *lookup(db *c, const char *sql)
{
    for (size_t i = 0; i < c->cached; i++)
        if (strcmp(c->cache[i].sql, sql) == 0) return c->cache[i].busy ? NULL : &c->cache[i];
    return NULL;
}

static struct cached *remember(db *c, const char *sql, sqlite3_stmt *statement)
{
    struct cached *slot = NULL;
    for (size_t i = 0; i < c->cached; i++)
        if (strcmp(c->cache[i].sql, sql) == 0) return NULL; /* the same statement is running: this one is for once */
    if (c->cached < CACHE) {
        slot = &c->cache[c->cached++];
    } else {
        for (size_t i = 0; i < CACHE && !slot; i++) {
            struct cached *old = &c->cache[c->next++ % CACHE];
            if (!old->busy) slot = old;
        }
        if (!slot) return NULL;
        sqlite3_finalize(slot->statement);
        sqlite3_free(slot->sql);
    }
    *slot = (struct cached){statement, sqlite3_mprintf("%s", sql), false};
    return slot;
}

static int bind(sqlite3_stmt *statement, const db_value *param, size_t params)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < params && rc == SQLITE_OK; i++) {
        const db_value *p = &param[i];
        int at = (int)i + 1;
        switch (p->type) {
        case DB_NULL: rc = sqlite3_bind_null(statement, at); break;
        case DB_INT: rc = sqlite3_bind_int64(statement, at, p->integer); break;
        case DB_TEXT: rc = sqlite3_bind_text64(statement, at, p->data, p->length, SQLITE_STATIC, SQLITE_UTF8); break;
        case DB_BLOB: rc = sqlite3_bind_blob64(statement, at, p->data ? p->data : "", p->length, SQLITE_STATIC); break;
        }
    }
    return rc;
}

static db_value column_of(sqlite3_stmt *statement, int i)
{
    db_value value = {DB_NULL, 0, NULL, 0};
    switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER: return db_int(sqlite3_column_int64(statement, i));
    case SQLITE_TEXT:
        value.type = DB_TEXT;
        value.data = (const char *)sqlite3_column_text(statement, i);
        break;
    case SQLITE_BLOB:
        value.type = DB_BLOB;
        value.data = sqlite3_column_blob(statement, i);
        break;
    default: return value;
    }
    value.length = (size_t)sqlite3_column_bytes(statement, i);
    return value;
}

static int step_all(db *c, sqlite3_stmt *statement, db_row row, void *context, lb_error *err)
{
    enum { MOST = 32 };
    db_value column[MOST];
    int count = sqlite3_column_count(statement), code = LB_OK, rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!row) continue;
        for (int i = 0; i < count && i < MOST; i++) column[i] = column_of(statement, i);
        if ((code = row(context, column, (size_t)count, err)) != 0) return code < 0 ? code : LB_OK;
    }
    return rc == SQLITE_DONE ? LB_OK : fail(c, rc, err);
}

static int run(db *c, const char *sql, const db_value *param, size_t params, db_row row, void *context, int64_t *changed,
               lb_error *err)
{
    struct cached *slot = lookup(c, sql);
    sqlite3_stmt *statement = slot ? slot->statement : NULL;
    if (!slot) {
        int rc = sqlite3_prepare_v3(c->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
        if (rc != SQLITE_OK) return fail(c, rc, err);
        slot = remember(c, sql, statement);
    }
    /* A nested call may move no slot: busy ones stay where they are. */
    if (slot) slot->busy = true;
    int rc = bind(statement, param, params);
    int code = rc == SQLITE_OK ? step_all(c, statement, row, context, err) : fail(c, rc, err);
    if (changed) *changed = sqlite3_changes64(c->handle);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (slot) slot->busy = false;
    else sqlite3_finalize(statement);
    return code;
}

static int each(db *c, const char *sql, const db_value *param, size_t params, db_row row, void *context, lb_error *err)
{
    return run(c, sql, param, params, row, context, NULL, err);
}

static int post(db *c, const char *sql, const db_value *param, size_t params, lb_error *err)
{
    return run(c, sql, param, params, NULL, NULL, NULL, err);
}

static int together(db *c, const db_ask *ask, size_t count, lb_error *err)
{
    int code = LB_OK;
    for (size_t i = 0; i < count && !code; i++) code = run(c, ask[i].sql, ask[i].param, ask[i].params, ask[i].row, ask[i].context, NULL, err);
    return code;
}

/* ---- transactions ---- */

static int begin(db *c, bool write, lb_error *err) { return execute(c, write ? "BEGIN IMMEDIATE" : "BEGIN", err); }

static int mark(db *c, lb_error *err) { return run(c, "SAVEPOINT body", NULL, 0, NULL, NULL, NULL, err); }
static int keep(db *c, lb_error *err) { return run(c, "RELEASE body", NULL, 0, NULL, NULL, NULL, err); }
static int undo(db *c, lb_error *err)
{
    int code = run(c, "ROLLBACK TO body", NULL, 0, NULL, NULL, NULL, err);
    return code ? code : keep(c, err);
}

static void rollback(db *c)
{
    if (!sqlite3_get_autocommit(c->handle)) sqlite3_exec(c->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int commit(db *c, lb_error *err)
{
    int code = execute(c, "COMMIT", err);
    if (code) rollback(c);
    return code;
}

static bool open_transaction(db *c) { return !sqlite3_get_autocommit(c->handle); }

/* A passive checkpoint disturbs nobody, but while people write without a pause it never reaches the end of the log. When the log
 * has grown long, the little that is left is done with the writer held back for a moment, so that it begins anew; a reader in
 * the way puts that off until the next time. */
static void maintain(db *c)
{
    int pages = 0;
    sqlite3_wal_checkpoint_v2(c->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, NULL);
    if (pages < LOG_PAGES_MOST) return;
    sqlite3_busy_timeout(c->handle, 20);
    sqlite3_wal_checkpoint_v2(c->handle, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    sqlite3_busy_timeout(c->handle, BUSY_MS);
}

static int copy(db *c, const char *path, lb_error *err)
{
    sqlite3 *target = NULL;
    int rc = sqlite3_open_v2(path, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    sqlite3_backup *backup = rc == SQLITE_OK ? sqlite3_backup_init(target, "main", c->handle, "main") : NULL;
    if (backup) {
        /* In one step, under one read transaction: writers go on meanwhile, the copy is one moment. */
        rc = sqlite3_backup_step(backup, -1);
        int finish = sqlite3_backup_finish(backup);
        if (rc == SQLITE_DONE) rc = finish;
    } else if (target) {
        rc = sqlite3_errcode(target);
    }
    if (rc == SQLITE_OK) rc = sqlite3_exec(target, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    int code = LB_OK;
    if (rc != SQLITE_OK) {
        code = lb_fail(err, LB_FAILED, "cannot write the copy: %s", sqlite3_errstr(rc));
        lb_error_where(err, "%s", path);
    }
    sqlite3_close(target);
    return code;
}

/* ---- opening ---- */

static int take_integer(void *context, const db_value *column, size_t count, lb_error *err)
{
    (void)count;
    (void)err;
    *(int64_t *)context = column[0].integer;
    return LB_OK;
}

static int migrate(db *c, bool create, lb_error *err)
{
    int64_t version = 0, mark = 0, tables = 0;
    int code = begin(c, true, err);
    if (code) return code;
    code = run(c, "PRAGMA user_version", NULL, 0, take_integer, &version, NULL, err);
    if (!code) code = run(c, "PRAGMA application_id", NULL, 0, take_integer, &mark, NULL, err);
    if (!code) code = run(c, "SELECT count(*) FROM sqlite_schema", NULL, 0, take_integer, &tables, NULL, err);
    if (!code && (tables ? mark != APPLICATION_ID : !create)) {
        code = lb_fail(err, LB_BAD_DATA, "this is not the database of a study");
        lb_error_where(err, "%s", c->name);
        lb_error_hint(err, "make one with: lumbar study new PROTOCOL.yaml --db FILE");
    }
    if (!code && version > (int64_t)store_schema_sqlite_count) {
        code = lb_fail(err, LB_BAD_DATA, "the database was written by a newer Lumbar (schema %lld, this one knows %zu)",
                       (long long)version, store_schema_sqlite_count);
        lb_error_where(err, "%s", c->name);
    }
    bool older = !code && version < (int64_t)store_schema_sqlite_count;
    for (size_t i = (size_t)version; !code && i < store_schema_sqlite_count; i++) code = execute(c, store_schema_sqlite[i], err);
    if (!code && older) {
        char pragma[96];
        snprintf(pragma, sizeof pragma, "PRAGMA user_version=%zu; PRAGMA application_id=%d", store_schema_sqlite_count, APPLICATION_ID);
        code = execute(c, pragma, err);
    }
    if (code) rollback(c);
    else code = commit(c, err);
    return code;
}

static void close_connection(db *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->cached; i++) {
        sqlite3_finalize(c->cache[i].statement);
        sqlite3_free(c->cache[i].sql);
    }
    sqlite3_close(c->handle);
    sqlite3_free(c);
}

static int open_connection(const char *where, bool write, bool create, bool fast, db **out, lb_error *err)
{
    *out = NULL;
    db *c = sqlite3_malloc(sizeof *c);
    if (!c) return lb_fail(err, LB_NO_MEMORY, "not enough memory for the database");
    memset(c, 0, sizeof *c);
    const char *slash = strrchr(where, '/');
    snprintf(c->name, sizeof c->name, "%s", slash ? slash + 1 : where);
    if (create) { /* for nobody else's eyes; SQLite gives its other files the rights of this one */
        int file = open(where, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0) close(file);
    }
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(where, &c->handle, flags, NULL), code = LB_OK;
    if (rc != SQLITE_OK && !create && (rc & 0xff) == SQLITE_CANTOPEN) {
        code = lb_fail(err, LB_NOT_FOUND, "there is no such database");
        lb_error_where(err, "%s", where);
        lb_error_hint(err, "check the spelling; a new study begins with: lumbar study new PROTOCOL.yaml --db %s", c->name);
    } else if (rc != SQLITE_OK) {
        code = fail(c, rc, err);
    }
    if (!code) {
        sqlite3_extended_result_codes(c->handle, 1);
        sqlite3_busy_timeout(c->handle, fast ? BUSY_FAST_MS : BUSY_MS);
        sqlite3_db_config(c->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(c->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        code = execute(c, fast ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=FULL", err);
    }
    /* The checkpointer is a thread of the store: a commit never pays for it. */
    if (!code) code = execute(c, "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY", err);
    if (!code && write) code = execute(c, "PRAGMA journal_mode=WAL", err);
    if (!code && write) code = migrate(c, create, err);
    if (!code && !write) code = execute(c, "PRAGMA query_only=ON", err);
    if (code) close_connection(c);
    else *out = c;
    return code;
}

const db_backend store_sqlite = {
    .name = "sqlite",
    .open = open_connection,
    .close = close_connection,
    .run = run,
    .post = post,
    .together = together,
    .each = each,
    .begin = begin,
    .mark = mark,
    .keep = keep,
    .undo = undo,
    .commit = commit,
    .rollback = rollback,
    .open_transaction = open_transaction,
    .maintain = maintain,
    .copy = copy,
};
