/* Group commit: bodies of many callers run one after the other on the one writer and share one commit, each behind a
 * savepoint of its own, so that one that fails takes only itself away. A caller goes on when its change is on disk.
 * (DeWitt et al. 1984, doi:10.1145/602259.602261.) The keeper tidies up meanwhile: checkpoints, the head file. */
#include "store/room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_MOST = 256, KEEPER_MS = 500, KEPT_TRIES = 40, UNSETTLED_MOST = 16 << 20, UNSETTLED_TICKS = 20 };

static void copy_error(lb_error *to, const lb_error *from)
{
    if (to) *to = *from;
}

static int64_t next_time(lb_store *store, const chain *end)
{
    int64_t now = store->clock_us(store->clock_context);
    if (now <= store->last_us) now = store->last_us + 1;
    if (now <= end->time_us) now = end->time_us + 1;
    store->last_us = now;
    return now;
}

/* Run one body behind a savepoint. False: the database itself gave up the whole transaction. */
static bool run_one(lb_store *store, waiting *w, chain *end)
{
    const db_backend *b = store->backend;
    chain before = *end;
    lb_error none = LB_ERROR_INIT, *err = w->err ? w->err : &none;
    w->code = b->mark(store->write_db, err);
    if (w->code) return b->open_transaction(store->write_db);
    lb_tx tx = {store, store->write_db, w->actor, w->arena, true, next_time(store, end), end, NULL, &w->ahead, w->next};
    w->code = w->body(&tx, w->context, err);
    if (!w->code) w->code = b->keep(store->write_db, err);
    if (!b->open_transaction(store->write_db)) {
        if (!w->code) w->code = lb_fail(err, LB_FAILED, "the database gave the change up; nothing was changed");
        return false;
    }
    if (!w->code) {
        if (end->seq != before.seq) end->time_us = tx.now_us;
        return true;
    }
    *end = before;
    return !b->undo(store->write_db, NULL);
}

static void fail_all(waiting *list, int code, const lb_error *err)
{
    for (waiting *w = list; w; w = w->next) {
        if (w->code) continue;
        w->code = code;
        copy_error(w->err, err);
    }
}

typedef enum kept { KEPT_NOT, KEPT_YES, KEPT_UNKNOWN } kept;

/* The answer to a commit was lost (the database server restarts): is the end of the chain as this batch made it? Its hash is
 * nobody else's. Asked for some seconds, for the server may still be on its way back. */
static kept was_kept(lb_store *store, const chain *end)
{
    chain there;
    const db_backend *b = store->backend;
    for (int tries = 0; tries < KEPT_TRIES; tries++) {
        if (tries) nanosleep(&(struct timespec){0, 250000000}, NULL);
        if (b->begin(store->write_db, false, NULL)) continue;
        int code = store_chain_read(store->write_db, b, &there, NULL);
        b->rollback(store->write_db);
        if (!code) return there.seq >= end->seq && strcmp(there.hash, end->hash) == 0 ? KEPT_YES : KEPT_NOT;
    }
    return KEPT_UNKNOWN;
}

static int settle_commit(lb_store *store, int code, const chain *end, lb_error *err)
{
    switch (was_kept(store, end)) {
    case KEPT_YES: return LB_OK;
    case KEPT_NOT: return code;
    default:
        lb_fail(err, LB_FAILED, "the database went away while it kept the change: whether it is there cannot be told");
        lb_error_hint(err, "when it answers again, look before you enter it a second time");
        return LB_FAILED;
    }
}

/* All that is to be known before the first body runs: where the chain ends, and what the bodies will ask for. */
static int read_batch(lb_store *store, waiting *list, chain *end, lb_error *err)
{
    size_t count = 2;
    for (const waiting *w = list; w; w = w->next) count += w->asks;
    db_ask *ask = lb_alloc(count, sizeof *ask), *at = ask;
    int64_t body_id = 0;
    *at++ = store_chain_ask(end);
    *at++ = (db_ask){"SELECT coalesce(max(id), 0) FROM body", NULL, 0, store_take_int, &body_id};
    at += store_ahead_batch(list, at);
    int code = store->backend->together(store->write_db, ask, (size_t)(at - ask), err);
    end->body_id = body_id;
    for (waiting *w = list; w; w = w->next) store_ahead_settle(&w->ahead);
    free(ask);
    return code;
}

/* All bodies of a batch, then one commit. Whatever goes wrong, everyone hears of it, and nothing is half there. */
static void run_batch(lb_store *store, waiting *list)
{
    const db_backend *b = store->backend;
    lb_error err = LB_ERROR_INIT;
    chain end;
    int code = b->begin(store->write_db, true, &err);
    if (!code) code = read_batch(store, list, &end, &err);
    int64_t first = code ? 0 : end.seq;
    for (waiting *w = list; w && !code; w = w->next) {
        if (run_one(store, w, &end)) continue;
        code = w->code ? w->code : LB_FAILED;
        if (w->err) err = *w->err;
        if (!err.code) lb_fail(&err, code, "the database gave up; nothing was changed");
    }
    double start = lb_seconds();
    if (!code) {
        code = b->commit(store->write_db, &err);
        if (code && end.seq != first) code = settle_commit(store, code, &end, &err);
    } else {
        b->rollback(store->write_db);
    }
    if (code) fail_all(list, code, &err);
    else if (end.seq != first) store_head_write(store, &end);
    pthread_mutex_lock(&store->lock);
    store->counts.commits += code == LB_OK;
    store->counts.commit_seconds += lb_seconds() - start;
    for (waiting *w = list; w; w = w->next) *(w->code ? &store->counts.refused : &store->counts.changes) += 1;
    if (!code) store->counts.entries = end.seq;
    store->unsettled += store->batch_bytes;
    store->batch_bytes = 0;
    pthread_mutex_unlock(&store->lock);
}

void lb_store_count(lb_store *store, lb_store_counts *out)
{
    pthread_mutex_lock(&store->lock);
    *out = store->counts;
    pthread_mutex_unlock(&store->lock);
}

static void *writer(void *context)
{
    lb_store *store = context;
    pthread_mutex_lock(&store->lock);
    for (;;) {
        while (!store->first && !store->stopping) pthread_cond_wait(&store->work, &store->lock);
        if (!store->first) break;
        waiting *list = store->first, *last = list;
        for (size_t n = 1; last->next && n < BATCH_MOST; n++) last = last->next;
        store->first = last->next;
        if (!store->first) store->last = NULL;
        last->next = NULL;
        pthread_mutex_unlock(&store->lock);
        run_batch(store, list);
        pthread_mutex_lock(&store->lock);
        for (waiting *w = list, *next; w; w = next) {
            next = w->next; /* the waiting struct is gone once its caller wakes */
            w->done = true;
            pthread_cond_signal(&w->finished); /* each has a condition of its own: nobody is woken for nothing */
        }
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}

/* Tidying up forces much to the disk, and whoever saves meanwhile waits for it: when the log has grown, in a pause, or after ten
 * seconds; not twice a second. With the lock held. */
static bool is_due(lb_store *store, int64_t *before, int *ticks)
{
    bool pause = store->unsettled == *before;
    *before = store->unsettled;
    if (store->unsettled == 0 || (!pause && store->unsettled < UNSETTLED_MOST && ++*ticks < UNSETTLED_TICKS)) return false;
    store->unsettled = *before = 0;
    *ticks = 0;
    return true;
}

static void *keeper(void *context)
{
    lb_store *store = context;
    db *connection = NULL;
    int64_t before = 0;
    int ticks = 0;
    lb_error err = LB_ERROR_INIT;
    if (store->backend->open(store->where, true, false, store->fast, &connection, &err)) connection = NULL;
    pthread_mutex_lock(&store->lock);
    while (!store->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)KEEPER_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&store->stopped, &store->lock, &until);
        bool due = is_due(store, &before, &ticks);
        pthread_mutex_unlock(&store->lock);
        if (connection && due) store->backend->maintain(connection);
        store_head_sync(store);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    store->backend->close(connection);
    return NULL;
}

int store_queue_start(lb_store *store, lb_error *err)
{
    if (pthread_create(&store->writer, NULL, writer, store)) return lb_fail(err, LB_FAILED, "cannot start the writer's thread");
    if (pthread_create(&store->keeper, NULL, keeper, store) == 0) {
        store->running = true;
        return LB_OK;
    }
    pthread_mutex_lock(&store->lock);
    store->stopping = true;
    pthread_cond_broadcast(&store->work);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->writer, NULL);
    return lb_fail(err, LB_FAILED, "cannot start the keeper's thread");
}

void store_queue_stop(lb_store *store)
{
    if (!store->running) return;
    pthread_mutex_lock(&store->lock);
    store->stopping = true;
    pthread_cond_broadcast(&store->work);
    pthread_cond_broadcast(&store->stopped);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->writer, NULL);
    pthread_join(store->keeper, NULL);
    store->running = false;
}

int lb_store_write(lb_store *store, const lb_actor *actor, lb_arena *arena, lb_tx_body body, void *context, lb_error *err)
{
    return lb_store_write_ahead(store, actor, arena, NULL, 0, body, context, err);
}

int lb_store_write_ahead(lb_store *store, const lb_actor *actor, lb_arena *arena, const lb_name *name, size_t count, lb_tx_body body, void *context,
                         lb_error *err)
{
    waiting w = {.actor = actor, .arena = arena, .body = body, .context = context, .err = err, .finished = PTHREAD_COND_INITIALIZER};
    w.asks = store_ahead_ask(name, count, NULL, arena, &w.ahead, w.ask);
    pthread_mutex_lock(&store->lock);
    if (store->last) store->last->next = &w;
    else store->first = &w;
    store->last = &w;
    pthread_cond_signal(&store->work);
    while (!w.done) pthread_cond_wait(&w.finished, &store->lock);
    pthread_mutex_unlock(&store->lock);
    pthread_cond_destroy(&w.finished);
    return w.code;
}

/* ---- readers: a few connections, each for one caller at a time ---- */

static int take_reader(lb_store *store, size_t *which, lb_error *err)
{
    pthread_mutex_lock(&store->lock);
    for (;;) {
        for (size_t i = 0; i < STORE_READERS; i++) {
            if (store->reader_busy[i]) continue;
            store->reader_busy[i] = true;
            pthread_mutex_unlock(&store->lock);
            *which = i;
            if (store->reader[i]) return LB_OK;
            int code = store->backend->open(store->where, false, false, store->fast, &store->reader[i], err);
            if (!code) return LB_OK;
            pthread_mutex_lock(&store->lock);
            store->reader_busy[i] = false;
            pthread_mutex_unlock(&store->lock);
            return code;
        }
        pthread_cond_wait(&store->reader_back, &store->lock);
    }
}

int lb_store_read(lb_store *store, const lb_actor *actor, lb_arena *arena, lb_tx_body body, void *context, lb_error *err)
{
    size_t which;
    int code = take_reader(store, &which, err);
    if (code) return code;
    db *connection = store->reader[which];
    code = store->backend->begin(connection, false, err);
    if (!code) {
        ahead_set known = {.count = 0};
        lb_tx tx = {store, connection, actor, arena, false, store->clock_us(store->clock_context), NULL, NULL, &known, NULL};
        code = body(&tx, context, err);
        store->backend->rollback(connection);
    }
    pthread_mutex_lock(&store->lock);
    store->reader_busy[which] = false;
    pthread_cond_signal(&store->reader_back);
    pthread_mutex_unlock(&store->lock);
    return code;
}

void lb_store_warm(lb_store *store)
{
    for (size_t i = 0; i < STORE_READERS; i++) {
        chain end;
        pthread_mutex_lock(&store->lock);
        bool ours = !store->reader_busy[i] && !store->reader[i];
        if (ours) store->reader_busy[i] = true;
        pthread_mutex_unlock(&store->lock);
        if (!ours) continue;
        if (store->backend->open(store->where, false, false, store->fast, &store->reader[i], NULL)) store->reader[i] = NULL;
        else (void)!store_chain_read(store->reader[i], store->backend, &end, NULL);
        pthread_mutex_lock(&store->lock);
        store->reader_busy[i] = false;
        pthread_cond_signal(&store->reader_back);
        pthread_mutex_unlock(&store->lock);
    }
}

lb_arena *lb_tx_arena(lb_tx *tx) { return tx->arena; }
const lb_actor *lb_tx_actor(const lb_tx *tx) { return tx->actor; }
int64_t lb_tx_now_us(const lb_tx *tx) { return tx->now_us; }
void lb_tx_become(lb_tx *tx, const lb_actor *actor)
{
    assert(!tx->write);
    tx->actor = actor;
}
void lb_tx_origin(lb_tx *tx, const lb_origin *origin) { tx->origin = origin; }

lb_arena *lb_tx_read_into(lb_tx *tx, lb_arena *arena)
{
    lb_arena *former = tx->arena;
    tx->arena = arena;
    tx->ahead->count = 0; /* it stands in the former one */
    return former;
}
