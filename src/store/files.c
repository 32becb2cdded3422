/* Uploads: one file per content, named by its SHA-256, sealed under the store's key, in a folder beside the database. */
#include "store/room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 1 << 30 };

/* WHERE.files/ab/abcdef…: at most 256 folders. */
static char *place_of(const lb_store *store, const char *sha256, bool make)
{
    char *base = store_path(store, ".files");
    size_t room = strlen(base) + 80;
    char *path = lb_alloc(room, 1);
    if (make) mkdir(base, 0700);
    snprintf(path, room, "%s/%.2s", base, sha256);
    if (make) mkdir(path, 0700);
    snprintf(path, room, "%s/%.2s/%s", base, sha256, sha256);
    free(base);
    return path;
}

int lb_store_file_put(lb_store *store, const lb_bytes *bytes, char sha256[65], lb_error *err)
{
    if (bytes->length > FILE_MOST) return lb_fail(err, LB_TOO_LARGE, "a file may have at most %d MiB", FILE_MOST >> 20);
    lb_sha256_hex(bytes->data, bytes->length, sha256);
    char *path = place_of(store, sha256, true);
    int code = LB_OK;
    if (access(path, F_OK) != 0) {
        size_t length = bytes->length + LB_SEAL_EXTRA;
        uint8_t *sealed = malloc(length);
        if (!sealed) {
            code = lb_fail(err, LB_NO_MEMORY, "not enough memory for a file of %zu bytes", bytes->length);
        } else {
            lb_seal(store->key, "file", sha256, bytes->data, bytes->length, sealed);
            code = lb_file_write(path, sealed, length, err);
            free(sealed);
        }
    }
    free(path);
    return code;
}

static bool is_hash(const char *text)
{
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

int lb_store_file_get(lb_store *store, const char *sha256, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    if (!is_hash(sha256)) return lb_fail(err, LB_NOT_FOUND, "there is no such file");
    char *path = place_of(store, sha256, false);
    lb_bytes sealed;
    int code = lb_file_read(path, (size_t)FILE_MOST + LB_SEAL_EXTRA, arena, &sealed, err);
    free(path);
    if (code) {
        if (code == LB_NOT_FOUND) lb_fail(err, code, "there is no such file");
        return code;
    }
    uint8_t *opened = lb_arena_try(arena, sealed.length + 1, 1);
    if (!opened) return lb_fail(err, LB_NO_MEMORY, "not enough memory for a file of %zu bytes", sealed.length);
    if (!lb_unseal(store->key, "file", sha256, sealed.data, sealed.length, opened)) {
        lb_fail(err, LB_BAD_DATA, "an uploaded file was changed on the disk");
        lb_error_detail(err, "%s", sha256);
        lb_error_hint(err, "run 'lumbar study verify' and restore it from the last backup");
        return LB_BAD_DATA;
    }
    *out = (lb_bytes){opened, sealed.length - LB_SEAL_EXTRA, sha256};
    return LB_OK;
}
