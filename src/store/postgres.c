/* PostgreSQL behind the store (libpq): statements prepared once per connection, large results through cursors so that memory
 * stays small and a row function may ask again, one writer at a time among all servers by an advisory lock. What needs no answer at
 * once is sent ahead in a pipeline and answered together with the next statement: a save is as long as its round trips. What a body
 * writes is held back until it has succeeded, so that most bodies need no savepoint.
 * https://www.postgresql.org/docs/15/libpq-pipeline-mode.html, …/explicit-locking.html#ADVISORY-LOCKS */
#include "store/backend.h"
#include "store/schema.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

enum { CACHE = 192, COLUMNS_MOST = 32, FETCH = 256, WRITER_LOCK = 0x4c756d62, OWED_MOST = 512, HELD_MOST = 256, HELD_BYTES = 4 << 20, TOGETHER = 128 };
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23 };

/* Parameters as libpq wants them, in one block. */
typedef struct parameters {
    const char **value;
    int *length, *format;
    size_t count, bytes;
} parameters;

typedef struct statement {
    char *sql;
    unsigned number; /* prepared as "s1", "s2" …; never given twice */
    bool sure;       /* the server has said that it has it */
} statement;

typedef struct held {
    unsigned number;
    parameters *with;
} held;

struct db {
    PGconn *handle;
    char name[256];
    size_t cached, oldest;
    statement cache[CACHE];
    unsigned statements, cursors;
    size_t owed; /* answers to what was sent ahead, not yet taken */
    bool synced; /* the end of the pipeline was sent, too */
    bool marked, saved; /* a body runs; it has a savepoint */
    held held[HELD_MOST]; /* what it has written so far, while it has none */
    size_t held_count, held_bytes;
};

static int fail(db *c, const PGresult *result, lb_error *err)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorMessage(result) : PQerrorMessage(c->handle);
    if (PQstatus(c->handle) != CONNECTION_OK || (state && strncmp(state, "57P0", 4) == 0)) {
        lb_fail(err, LB_FAILED, "the database server does not answer; nothing was changed");
        lb_error_hint(err, "the server of the database is restarting or out of reach: try again in a moment");
    } else if (state && strcmp(state, "53100") == 0) {
        lb_fail(err, LB_FAILED, "the disk of the database server is full; nothing was changed");
        lb_error_hint(err, "free some space there, then try again");
    } else if (state && (strncmp(state, "40", 2) == 0 || strcmp(state, "55P03") == 0)) {
        lb_fail(err, LB_FAILED, "the database is locked by another program; nothing was changed");
        lb_error_hint(err, "try again in a moment");
    } else {
        lb_fail(err, LB_FAILED, "the database refuses");
        lb_error_detail(err, "%.300s", message && *message ? message : "it gives no reason");
    }
    lb_error_where(err, "%s", c->name);
    return err ? err->code : LB_FAILED;
}

/* ---- the pipeline ---- */

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* One answer; NULL when the connection is lost. */
static PGresult *take_answer(db *c)
{
    PGresult *result = PQgetResult(c->handle), *more;
    while (result && (more = PQgetResult(c->handle)) != NULL) PQclear(more);
    return result;
}

/* Statements prepared in a pipeline that failed may or may not be there: they are prepared again, under another name. */
static void make_sure(db *c, bool good)
{
    for (size_t i = c->cached; i-- > 0;) {
        if (c->cache[i].sure) continue;
        c->cache[i].sure = good;
        if (good) continue;
        free(c->cache[i].sql);
        c->cache[i] = c->cache[--c->cached];
    }
}

/* All answers that are owed. The first error counts, what follows it was not run. The last `count` results go to `last`. */
static int settle(db *c, PGresult **last, size_t count, lb_error *err)
{
    int code = LB_OK;
    if (!c->owed) return LB_OK;
    bool ended = c->synced || PQpipelineSync(c->handle);
    for (size_t i = 0; i < c->owed; i++) {
        PGresult *result = ended && PQstatus(c->handle) == CONNECTION_OK ? take_answer(c) : NULL;
        if (!code && !is_good(result)) code = fail(c, result, err);
        if (i + count >= c->owed) last[i + count - c->owed] = result;
        else PQclear(result);
    }
    if (ended && PQstatus(c->handle) == CONNECTION_OK) PQclear(PQgetResult(c->handle)); /* the end itself */
    c->owed = 0;
    c->synced = false;
    PQexitPipelineMode(c->handle);
    make_sure(c, !code);
    return code;
}

static void open_pipeline(db *c)
{
    if (c->synced) settle(c, NULL, 0, NULL);
    if (PQpipelineStatus(c->handle) == PQ_PIPELINE_OFF) PQenterPipelineMode(c->handle);
}

static int sent(db *c, int done, lb_error *err)
{
    c->owed += done != 0;
    return done ? LB_OK : fail(c, NULL, err);
}

/* A statement without parameters, sent ahead. */
static int send_text(db *c, const char *sql, lb_error *err)
{
    open_pipeline(c);
    return sent(c, PQsendQueryParams(c->handle, sql, 0, NULL, NULL, NULL, NULL, 0), err);
}

static int command(db *c, const char *sql, lb_error *err)
{
    if (c->owed) {
        int sending = send_text(c, sql, err);
        return sending ? sending : settle(c, NULL, 0, err);
    }
    PGresult *result = PQexec(c->handle, sql);
    int code = is_good(result) ? LB_OK : fail(c, result, err);
    PQclear(result);
    return code;
}

/* ---- parameters and columns ---- */

enum { NUMBER = 24 };

/* NULL: a text is none that the server takes; found here, it harms no other body of the same transaction. */
static parameters *bound(const db *c, const db_value *param, size_t count, lb_error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += param[i].type == DB_INT ? NUMBER : param[i].type == DB_NULL ? 0 : param[i].length + 1;
        if (param[i].type != DB_TEXT || !param[i].data) continue;
        if (lb_utf8_bad(param[i].data, param[i].length) == param[i].length && !memchr(param[i].data, '\0', param[i].length)) continue;
        lb_fail(err, LB_BAD_DATA, "a text is not UTF-8, or holds the character NUL; nothing was changed");
        lb_error_where(err, "%s", c->name);
        return NULL;
    }
    size_t size = sizeof(parameters) + count * (sizeof(char *) + 2 * sizeof(int));
    parameters *p = lb_alloc(size + bytes, 1);
    *p = (parameters){.value = (const char **)(p + 1), .count = count, .bytes = size + bytes};
    p->length = (int *)(p->value + count);
    p->format = p->length + count;
    char *at = (char *)(p->format + count);
    for (size_t i = 0; i < count; i++) {
        p->format[i] = param[i].type == DB_BLOB;
        p->length[i] = (int)param[i].length;
        p->value[i] = param[i].type == DB_NULL ? NULL : at;
        if (param[i].type == DB_INT) at += snprintf(at, NUMBER, "%lld", (long long)param[i].integer) + 1;
        if (param[i].type != DB_TEXT && param[i].type != DB_BLOB) continue;
        if (param[i].length) memcpy(at, param[i].data, param[i].length);
        at += param[i].length;
        *at++ = '\0';
    }
    return p;
}

/* ?1 to $1; nothing else in the statements holds a question mark. */
static void translate(const char *sql, lb_buf *out)
{
    for (; *sql; sql++) lb_buf_putc(out, *sql == '?' ? '$' : *sql);
}

static int rows_of(const PGresult *result, db_row row, void *context, lb_error *err)
{
    db_value column[COLUMNS_MOST];
    int columns = PQnfields(result), code = LB_OK;
    for (int r = 0; row && r < PQntuples(result) && !code; r++) {
        unsigned char *bytes[COLUMNS_MOST] = {0};
        for (int i = 0; i < columns && i < COLUMNS_MOST; i++) {
            const char *text = PQgetvalue(result, r, i);
            size_t length = (size_t)PQgetlength(result, r, i);
            Oid type = PQftype(result, i);
            if (PQgetisnull(result, r, i)) column[i] = (db_value){DB_NULL, 0, NULL, 0};
            else if (type == OID_INT8 || type == OID_INT4) column[i] = db_int(strtoll(text, NULL, 10));
            else if (type == OID_BYTEA) column[i].type = DB_BLOB, column[i].data = (char *)(bytes[i] = PQunescapeBytea((const unsigned char *)text, &column[i].length));
            else column[i] = (db_value){DB_TEXT, 0, text, length};
        }
        code = row(context, column, (size_t)columns, err);
        for (int i = 0; i < columns && i < COLUMNS_MOST; i++) PQfreemem(bytes[i]);
    }
    return code;
}

/* ---- statements ---- */

static int send_bound(db *c, unsigned number, const parameters *p, lb_error *err)
{
    char name[16];
    snprintf(name, sizeof name, "s%u", number);
    open_pipeline(c);
    return sent(c, PQsendQueryPrepared(c->handle, name, (int)p->count, p->value, p->length, p->format, 0), err);
}

/* ---- bodies: what one writes is held back until it has succeeded ---- */

static int send_held(db *c, lb_error *err)
{
    int code = LB_OK;
    for (size_t i = 0; i < c->held_count; i++) {
        if (!code) code = send_bound(c, c->held[i].number, c->held[i].with, err);
        free(c->held[i].with);
    }
    c->held_count = c->held_bytes = 0;
    return code;
}

/* It asks, or writes too much to be held: what it has written is sent, behind a savepoint. */
static int hold_no_more(db *c, lb_error *err)
{
    if (!c->marked || c->saved) return LB_OK;
    c->saved = true;
    int code = send_text(c, "SAVEPOINT body", err);
    return code ? code : send_held(c, err);
}

/* What a body has written is sent to nobody. */
static void drop_held(db *c)
{
    for (size_t i = 0; i < c->held_count; i++) free(c->held[i].with);
    c->held_count = c->held_bytes = 0;
    c->marked = false;
}

static int mark(db *c, lb_error *err)
{
    (void)err;
    drop_held(c); /* of one that ended with its connection */
    c->marked = true;
    c->saved = false;
    return LB_OK;
}

static int keep(db *c, lb_error *err)
{
    c->marked = false;
    return c->saved ? send_text(c, "RELEASE body", err) : send_held(c, err);
}

static int undo(db *c, lb_error *err)
{
    drop_held(c);
    if (PQstatus(c->handle) != CONNECTION_OK) return fail(c, NULL, err);
    if (c->saved) {
        settle(c, NULL, 0, NULL); /* an error of its own is no news */
        int code = send_text(c, "ROLLBACK TO body", err);
        return code ? code : send_text(c, "RELEASE body", err);
    }
    return c->owed || PQtransactionStatus(c->handle) == PQTRANS_INTRANS ? LB_OK : lb_fail(err, LB_FAILED, "the database gave the change up; nothing was changed");
}

/* ---- running them ---- */

/* The number under which it is prepared, sent ahead of its first use; 0: it cannot be sent. */
static unsigned prepared(db *c, const char *sql, lb_error *err)
{
    char name[16], drop[32];
    size_t i = 0;
    while (i < c->cached && strcmp(c->cache[i].sql, sql) != 0) i++;
    if (i < c->cached) return c->cache[i].number;
    if (c->cached == CACHE) {
        i = c->oldest++ % CACHE;
        snprintf(drop, sizeof drop, "DEALLOCATE s%u", c->cache[i].number);
        if (hold_no_more(c, err) || send_text(c, drop, err)) return 0;
        free(c->cache[i].sql);
    } else {
        c->cached++;
    }
    lb_buf text = {0};
    translate(sql, &text);
    c->cache[i] = (statement){strdup(sql), ++c->statements, false};
    snprintf(name, sizeof name, "s%u", c->statements);
    open_pipeline(c);
    int code = sent(c, PQsendPrepare(c->handle, name, text.data, 0, NULL), err);
    lb_buf_free(&text);
    return code ? 0 : c->cache[i].number;
}

/* One without parameters that is sent again and again: parsed once. */
static int send_fixed(db *c, const char *sql, lb_error *err)
{
    const parameters none = {0};
    unsigned number = prepared(c, sql, err);
    return number ? send_bound(c, number, &none, err) : LB_FAILED;
}

static int send_prepared(db *c, unsigned number, const db_value *param, size_t params, lb_error *err)
{
    parameters *p = bound(c, param, params, err);
    int code = p ? send_bound(c, number, p, err) : LB_BAD_DATA;
    free(p);
    return code;
}

/* A prepared statement's result, or NULL and the error. */
static PGresult *execute(db *c, const char *sql, const db_value *param, size_t params, int *code, lb_error *err)
{
    PGresult *result = NULL;
    bool asks = c->held_count == 0 && strncmp(sql, "SELECT", 6) == 0;
    *code = asks ? LB_OK : hold_no_more(c, err);
    unsigned number = *code ? 0 : prepared(c, sql, err);
    if (!*code) *code = number ? send_prepared(c, number, param, params, err) : LB_FAILED;
    if (!*code) *code = settle(c, &result, 1, err);
    if (!*code) return result;
    PQclear(result);
    return NULL;
}

static int run(db *c, const char *sql, const db_value *param, size_t params, db_row row, void *context, int64_t *changed, lb_error *err)
{
    int code;
    PGresult *result = execute(c, sql, param, params, &code, err);
    if (!result) return code;
    code = rows_of(result, row, context, err);
    if (changed) *changed = strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return code < 0 ? code : LB_OK;
}

static int post(db *c, const char *sql, const db_value *param, size_t params, lb_error *err)
{
    bool full = c->held_count == HELD_MOST || c->held_bytes > HELD_BYTES;
    int code = c->owed < OWED_MOST ? LB_OK : settle(c, NULL, 0, err);
    if (!code && full) code = hold_no_more(c, err);
    unsigned number = code ? 0 : prepared(c, sql, err);
    if (code || !number) return code ? code : LB_FAILED;
    parameters *p = bound(c, param, params, err);
    if (!p) return LB_BAD_DATA;
    if (c->marked && !c->saved) {
        c->held[c->held_count++] = (held){number, p};
        c->held_bytes += p->bytes;
        return LB_OK;
    }
    code = send_bound(c, number, p, err);
    free(p);
    return code;
}

static int some_together(db *c, const db_ask *ask, size_t count, PGresult **result, lb_error *err)
{
    unsigned number[TOGETHER];
    int code = c->held_count ? hold_no_more(c, err) : LB_OK;
    for (size_t i = 0; i < count && !code; i++) {
        number[i] = prepared(c, ask[i].sql, err); /* all of them before the first is sent: results stand in one row */
        if (!number[i]) code = LB_FAILED;
    }
    for (size_t i = 0; i < count && !code; i++) code = send_prepared(c, number[i], ask[i].param, ask[i].params, err);
    if (!code) code = settle(c, result, count, err);
    for (size_t i = 0; i < count && !code; i++) code = rows_of(result[i], ask[i].row, ask[i].context, err);
    return code;
}

static int together(db *c, const db_ask *ask, size_t count, lb_error *err)
{
    int code = LB_OK;
    for (size_t i = 0; i < count && !code; i += TOGETHER) {
        PGresult *result[TOGETHER] = {0};
        size_t some = count - i < TOGETHER ? count - i : TOGETHER;
        code = some_together(c, ask + i, some, result, err);
        for (size_t r = 0; r < some; r++) PQclear(result[r]);
    }
    return code < 0 ? code : LB_OK;
}

static int by_cursor(db *c, const char *sql, const db_value *param, size_t params, db_row row, void *context, lb_error *err);

/* Most scans find a few rows: they come in one round trip, by a plan that was made before. A result is memory of ours: the connection is
 * free while the row function looks at it. Larger ones go through a cursor, some hundred rows at a time. */
static int each(db *c, const char *sql, const db_value *param, size_t params, db_row row, void *context, lb_error *err)
{
    lb_buf text = {0};
    int code;
    lb_buf_printf(&text, "SELECT * FROM (%s) few LIMIT %d", sql, FETCH + 1);
    PGresult *result = execute(c, text.data, param, params, &code, err);
    lb_buf_free(&text);
    if (!result) return code;
    bool few = PQntuples(result) <= FETCH;
    if (few) code = rows_of(result, row, context, err);
    PQclear(result);
    if (!few) return by_cursor(c, sql, param, params, row, context, err);
    return code < 0 ? code : LB_OK;
}

static int by_cursor(db *c, const char *sql, const db_value *param, size_t params, db_row row, void *context, lb_error *err)
{
    lb_buf text = {0};
    char fetch[64], close[64];
    unsigned number = ++c->cursors;
    int before = c->held_count ? hold_no_more(c, err) : LB_OK;
    if (!before) before = settle(c, NULL, 0, err);
    if (before) return before;
    lb_buf_printf(&text, "DECLARE cursor_%u NO SCROLL CURSOR FOR ", number);
    translate(sql, &text);
    parameters *p = bound(c, param, params, err);
    PGresult *result = p ? PQexecParams(c->handle, text.data, (int)params, NULL, p->value, p->length, p->format, 0) : NULL;
    int code = !p ? LB_BAD_DATA : PQresultStatus(result) == PGRES_COMMAND_OK ? LB_OK : fail(c, result, err);
    PQclear(result);
    free(p);
    lb_buf_free(&text);
    snprintf(fetch, sizeof fetch, "FETCH %d FROM cursor_%u", FETCH, number);
    snprintf(close, sizeof close, "CLOSE cursor_%u", number);
    for (bool more = !code; more && !code;) {
        result = PQexec(c->handle, fetch);
        code = PQresultStatus(result) == PGRES_TUPLES_OK ? LB_OK : fail(c, result, err);
        more = !code && PQntuples(result) == FETCH;
        if (!code) code = rows_of(result, row, context, err);
        PQclear(result);
    }
    if (code >= 0) {
        int closed = command(c, close, err);
        if (closed) code = closed;
    }
    return code < 0 ? code : LB_OK;
}

/* ---- transactions ---- */

static void forget_statements(db *c)
{
    for (size_t i = 0; i < c->cached; i++) free(c->cache[i].sql);
    c->cached = 0;
}

/* Notices go nowhere: what matters comes back as a result. */
static void no_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static int set_up(db *c, lb_error *err)
{
    PQsetNoticeProcessor(c->handle, no_notice, NULL);
    /* One plan for each statement, made once: they all go by an index, whatever the parameters. */
    return command(c, "SET client_min_messages = warning; SET synchronous_commit = on; SET lock_timeout = '10s';"
                      " SET plan_cache_mode = force_generic_plan; SET jit = off", err);
}

/* The server has closed the connection meanwhile, restarting: known before anything is sent, and so no change has to be refused for it. */
static bool is_gone(db *c)
{
    struct pollfd there = {.fd = PQsocket(c->handle), .events = POLLIN};
    while (PQstatus(c->handle) == CONNECTION_OK && poll(&there, 1, 0) > 0 && PQconsumeInput(c->handle)) (void)PQisBusy(c->handle); /* its last words */
    return PQstatus(c->handle) != CONNECTION_OK;
}

static int begin(db *c, bool write, lb_error *err)
{
    drop_held(c);
    settle(c, NULL, 0, NULL); /* the end of a former transaction */
    if (is_gone(c)) { /* begin anew */
        PQreset(c->handle);
        forget_statements(c);
        if (PQstatus(c->handle) != CONNECTION_OK) return fail(c, NULL, err);
        int code = set_up(c, err);
        if (code) return code;
    }
    int code = send_fixed(c, write ? "BEGIN ISOLATION LEVEL READ COMMITTED" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
    const db_value key = db_int(WRITER_LOCK);
    return code || !write ? code : post(c, "SELECT pg_advisory_xact_lock(?1)", &key, 1, err);
}

/* Nobody waits for it: its answer is taken when the next transaction begins. */
static void rollback(db *c)
{
    settle(c, NULL, 0, NULL);
    if (PQstatus(c->handle) != CONNECTION_OK || PQtransactionStatus(c->handle) == PQTRANS_IDLE) return;
    if (send_fixed(c, "ROLLBACK", NULL) == LB_OK && PQpipelineSync(c->handle)) c->synced = true;
}

/* Sent with what is still owed: after an error the server skips it, and an aborted transaction answers it with ROLLBACK. */
static int commit(db *c, lb_error *err)
{
    PGresult *result = NULL;
    int code = send_fixed(c, "COMMIT", err);
    if (!code) code = settle(c, &result, 1, err);
    if (!code && strcmp(PQcmdStatus(result), "COMMIT") != 0) code = fail(c, result, err);
    PQclear(result);
    if (code) rollback(c);
    return code;
}

/* With answers still owed it is taken to be open: they will tell. */
static bool open_transaction(db *c)
{
    PGTransactionStatusType status = PQtransactionStatus(c->handle);
    return PQstatus(c->handle) == CONNECTION_OK && (c->owed || status == PQTRANS_INTRANS || status == PQTRANS_INERROR);
}

static void maintain(db *c) { (void)c; /* the server does its own */ }

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
    int64_t there = 0, version = 0;
    int code = begin(c, true, err);
    if (code) return code;
    code = run(c, "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'lumbar_schema'", NULL, 0, take_integer, &there, NULL, err);
    if (!code && there) code = run(c, "SELECT version FROM lumbar_schema", NULL, 0, take_integer, &version, NULL, err);
    if (!code && !there && !create) {
        code = lb_fail(err, LB_BAD_DATA, "this is not the database of a study");
        lb_error_where(err, "%s", c->name);
        lb_error_hint(err, "make one with: lumbar study new PROTOCOL.yaml --db postgres://…");
    }
    if (!code && there && create) code = lb_fail(err, LB_CONFLICT, "there is a study in this database already");
    if (!code && version > (int64_t)store_schema_postgres_count)
        code = lb_fail(err, LB_BAD_DATA, "the database was written by a newer Lumbar (schema %lld)", (long long)version);
    for (size_t i = (size_t)version; !code && i < store_schema_postgres_count; i++) code = command(c, store_schema_postgres[i], err);
    char update[64];
    snprintf(update, sizeof update, "UPDATE lumbar_schema SET version = %zu", store_schema_postgres_count);
    if (!code && version < (int64_t)store_schema_postgres_count) code = command(c, update, err);
    if (code) rollback(c);
    else code = commit(c, err);
    return code;
}

static void close_connection(db *c)
{
    if (!c) return;
    forget_statements(c);
    drop_held(c);
    PQfinish(c->handle);
    free(c);
}

static int open_connection(const char *where, bool write, bool create, bool fast, db **out, lb_error *err)
{
    db *c = lb_alloc(1, sizeof *c);
    *out = NULL;
    c->handle = PQconnectdb(where);
    snprintf(c->name, sizeof c->name, "database %s", PQdb(c->handle) ? PQdb(c->handle) : "?"); /* never the URL: it may hold a password */
    int code = LB_OK;
    if (PQstatus(c->handle) != CONNECTION_OK) {
        code = lb_fail(err, LB_FAILED, "the database server does not let us in: %.300s", PQerrorMessage(c->handle));
        lb_error_where(err, "%s", c->name);
        lb_error_hint(err, "check the address, the user and the rights: psql must be able to connect with it");
    }
    if (!code) code = set_up(c, err);
    if (!code && fast) code = command(c, "SET synchronous_commit = off", err);
    if (!code && write) code = migrate(c, create, err);
    if (code) close_connection(c);
    else *out = c;
    return code;
}

const db_backend store_postgres = {
    .name = "postgres",
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
    .copy = NULL, /* row by row: transfer.c */
};
