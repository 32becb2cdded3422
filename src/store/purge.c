/* The end of a study's data: database, identities, uploads, allocator, keys. The keys go first and are written over: from then on
 * nothing sealed can be read, whatever of it survives on a disk or in a backup. */
#include "store/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_over(const char *path)
{
    struct stat st;
    uint8_t zeros[4096] = {0};
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    for (off_t left = fstat(file, &st) == 0 ? st.st_size : 0; left > 0; left -= (off_t)sizeof zeros) {
        size_t length = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        if (write(file, zeros, length) != (ssize_t)length) break;
    }
    fsync(file);
    close(file);
}

/* A file, or a folder with all that is in it. */
static bool take_away(const char *path, bool over)
{
    struct stat st;
    if (lstat(path, &st) != 0) return errno == ENOENT;
    if (!S_ISDIR(st.st_mode)) {
        if (over) write_over(path);
        return unlink(path) == 0;
    }
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool all = folder != NULL;
    while (folder && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        size_t room = strlen(path) + strlen(entry->d_name) + 2;
        char *inner = lb_alloc(room, 1);
        snprintf(inner, room, "%s/%s", path, entry->d_name);
        all &= take_away(inner, over);
        free(inner);
    }
    if (folder) closedir(folder);
    return rmdir(path) == 0 && all;
}

static bool take_beside(const char *beside, const char *suffix)
{
    size_t room = strlen(beside) + strlen(suffix) + 1;
    char *path = lb_alloc(room, 1);
    snprintf(path, room, "%s%s", beside, suffix);
    bool gone = take_away(path, false);
    free(path);
    return gone;
}

static int drop_tables(const char *where, lb_error *err)
{
    db *connection;
    int code = store_postgres.open(where, false, false, false, &connection, err);
    if (!code) code = store_postgres.run(connection, "DROP TABLE frozen, audit, body, record, lumbar_schema", NULL, 0, NULL, NULL, NULL, err);
    if (!code) code = store_postgres.run(connection, "DROP FUNCTION audit_stays()", NULL, 0, NULL, NULL, NULL, err);
    store_postgres.close(connection);
    return code;
}

int lb_store_purge(lb_store *store, lb_error *err)
{
    static const char *const sqlite_parts[] = {"", "-wal", "-shm"}, *const parts[] = {".head", ".identities", ".files", ".allocator"};
    char *where = strdup(store->where), *beside = strdup(store->beside), *keys = strdup(store->keys);
    bool server = store->backend == &store_postgres, all = true;
    lb_store_close(store);
    all &= take_away(keys, true);
    int code = server ? drop_tables(where, err) : LB_OK;
    for (size_t i = 0; i < LB_COUNT(sqlite_parts) && !server; i++) all &= take_beside(where, sqlite_parts[i]);
    for (size_t i = 0; i < LB_COUNT(parts); i++) all &= take_beside(beside, parts[i]);
    if (!code && !all) {
        code = lb_fail(err, LB_FAILED, "the keys are gone, so nothing sealed can be read any more, but some files could not be removed");
        lb_error_where(err, "%s", beside);
        lb_error_hint(err, "look at their rights and remove them by hand");
    }
    free(where);
    free(beside);
    free(keys);
    return code;
}
