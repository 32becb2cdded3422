/* Opening and closing a store: the database, its keys, the head of its audit, its threads. */
#include "store/room.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t machine_clock(void *context)
{
    (void)context;
    return lb_now_us();
}

static char *joined(const char *a, const char *b)
{
    size_t length = strlen(a) + strlen(b) + 1;
    char *text = lb_alloc(length, 1);
    snprintf(text, length, "%s%s", a, b);
    return text;
}

char *store_path(const lb_store *store, const char *suffix) { return joined(store->beside, suffix); }

const db_backend *store_backend_of(const char *where)
{
    return strncmp(where, "postgres://", 11) == 0 || strncmp(where, "postgresql://", 13) == 0 ? &store_postgres : &store_sqlite;
}

const char *lb_store_where(const lb_store *store) { return store->where; }

bool lb_store_troubled(const lb_store *store, const lb_error *err)
{
    const char *slash = strrchr(store->where, '/');
    if (err->code != LB_FAILED) return false;
    return store->backend == &store_sqlite ? strcmp(err->where, slash ? slash + 1 : store->where) == 0 : strncmp(err->where, "database ", 9) == 0;
}
const char *lb_store_beside(const lb_store *store) { return store->beside; }
const char *lb_store_keys(const lb_store *store) { return store->keys; }

static int make_folder(const char *path, lb_error *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return LB_OK;
    lb_fail(err, LB_FAILED, "cannot make the folder: %s", strerror(errno));
    lb_error_where(err, "%s", path);
    return LB_FAILED;
}

static int open_keys(lb_store *store, bool create, lb_error *err)
{
    int code = create ? make_folder(store->keys, err) : LB_OK;
    if (code) return code;
    char *path = joined(store->keys, "/store.key");
    code = lb_key_read(path, create, &store->key, err);
    free(path);
    return code;
}

/* Where the files beside the database lie: beside a file; for a server's database, where the caller or LUMBAR_BESIDE says. */
static const char *beside_of(const lb_store_options *options)
{
    const char *named = options->beside ? options->beside : getenv("LUMBAR_BESIDE");
    if (store_backend_of(options->where) == &store_sqlite) return options->where;
    return named && *named ? named : NULL;
}

int store_check_beside(const char *beside, lb_error *err)
{
    const char *slash = strrchr(beside, '/'), *name = slash ? slash + 1 : beside;
    if (*name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) return LB_OK;
    lb_fail(err, LB_USAGE, "'%.200s' is a folder; the files of a study begin with a name", beside);
    lb_error_where(err, "LUMBAR_BESIDE");
    lb_error_hint(err, "put the study's name behind it, such as %.*s/metnlbp: without one they would be hidden files (.keys, .identities)",
                  slash ? (int)(slash - beside) : 1, slash ? beside : ".");
    return LB_USAGE;
}

static int check_beside(const lb_store_options *options, lb_error *err)
{
    const char *beside = beside_of(options);
    if (beside) return beside == options->where ? LB_OK : store_check_beside(beside, err);
    lb_fail(err, LB_USAGE, "a study in PostgreSQL needs a place for its files: keys, identities, uploads, the allocator");
    lb_error_hint(err, "set LUMBAR_BESIDE to a path such as /var/lib/lumbar/metnlbp; the files will be called metnlbp.keys, metnlbp.identities, …");
    return LB_USAGE;
}

static lb_store *new_store(const lb_store_options *options)
{
    lb_store *store = lb_alloc(1, sizeof *store);
    const char *keys = options->keys ? options->keys : getenv("LUMBAR_KEYS");
    store->backend = store_backend_of(options->where);
    store->where = joined(options->where, "");
    store->beside = joined(beside_of(options), "");
    store->keys = keys && *keys ? joined(keys, "") : joined(store->beside, ".keys");
    store->fast = options->fast;
    store->clock_us = options->clock_us ? options->clock_us : machine_clock;
    store->clock_context = options->clock_context;
    store->head_file = store->identity_file = -1;
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->identity_lock, NULL);
    pthread_cond_init(&store->work, NULL);
    pthread_cond_init(&store->reader_back, NULL);
    pthread_cond_init(&store->stopped, NULL);
    return store;
}

int lb_store_open(const lb_store_options *options, lb_store **out, lb_error *err)
{
    *out = NULL;
    int code = check_beside(options, err);
    if (code) return code;
    if (options->create && access(options->where, F_OK) == 0) {
        lb_fail(err, LB_CONFLICT, "there is a database already");
        lb_error_where(err, "%s", options->where);
        lb_error_hint(err, "a study is never overwritten: choose another name");
        return LB_CONFLICT;
    }
    lb_store *store = new_store(options);
    /* The database first: a wrong name should not be answered with a missing key. */
    if (!options->create) code = store->backend->open(store->where, true, false, store->fast, &store->write_db, err);
    if (!code) code = open_keys(store, options->create, err);
    if (!code && options->create) code = store->backend->open(store->where, true, true, store->fast, &store->write_db, err);
    if (!code) code = store_head_open(store, err);
    if (!code) code = store_identity_open(store, err);
    if (!code) code = store_queue_start(store, err);
    if (code) lb_store_close(store);
    else *out = store;
    return code;
}

void store_remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *inner = lb_alloc(strlen(path) + strlen(entry->d_name) + 2, 1);
        snprintf(inner, strlen(path) + strlen(entry->d_name) + 2, "%s/%s", path, entry->d_name);
        if (unlink(inner) != 0) store_remove_tree(inner);
        free(inner);
    }
    if (folder) closedir(folder);
    rmdir(path);
}

int lb_store_open_scratch(const lb_store_options *options, lb_store **out, lb_error *err)
{
    const char *base = getenv("TMPDIR");
    char *folder = joined(base && *base ? base : P_tmpdir, "/lumbar-XXXXXX");
    *out = NULL;
    if (!mkdtemp(folder)) {
        free(folder);
        return lb_fail(err, LB_FAILED, "cannot make a temporary folder: %s", strerror(errno));
    }
    char *where = joined(folder, "/study.db"), *keys = joined(folder, "/keys");
    lb_store_options own = LB_STORE_OPTIONS_INIT;
    if (options) own = *options;
    own.where = where;
    own.keys = keys;
    own.create = own.fast = true;
    int code = lb_store_open(&own, out, err);
    free(where);
    free(keys);
    if (code) {
        store_remove_tree(folder);
        free(folder);
    } else {
        (*out)->scratch = folder;
    }
    return code;
}

void lb_store_close(lb_store *store)
{
    if (!store) return;
    store_queue_stop(store);
    for (size_t i = 0; i < STORE_READERS; i++) store->backend->close(store->reader[i]);
    if (store->write_db) store->backend->maintain(store->write_db);
    store->backend->close(store->write_db);
    store_head_close(store);
    store_identity_close(store);
    lb_key_free(store->key);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->identity_lock);
    pthread_cond_destroy(&store->work);
    pthread_cond_destroy(&store->reader_back);
    pthread_cond_destroy(&store->stopped);
    if (store->scratch) store_remove_tree(store->scratch);
    free(store->scratch);
    free(store->where);
    free(store->beside);
    free(store->keys);
    free(store);
}
