/* A copy of a study while it is being written, and its return. Order matters: the sealed end of the audit first, then the
 * database (one moment of it), then what only grows and is written before the database points to it: identities, uploads,
 * the allocator's journal. So the copy is whole whatever happens meanwhile. The keys are not in it: they are kept apart. */
#include "store/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/sha2.h>

#define MANIFEST "manifest.json"
static const char *const parts[] = {"", ".head", ".identities", ".files", ".allocator"}; /* of WHERE; the last two are folders */

static int trouble(const char *what, const char *path, lb_error *err)
{
    lb_fail(err, LB_FAILED, "cannot %s: %s", what, strerror(errno));
    lb_error_where(err, "%s", path);
    return LB_FAILED;
}

static char *together(const char *a, const char *b)
{
    size_t room = strlen(a) + strlen(b) + 1;
    char *text = lb_alloc(room, 1);
    snprintf(text, room, "%s%s", a, b);
    return text;
}

/* Copies a file in pieces, whatever its size, and takes its hash on the way. `to` NULL: only the hash. */
static int copy_file(const char *from, const char *to, char sha256[65], int64_t *bytes, lb_error *err)
{
    enum { PIECE = 1 << 20 };
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, code = LB_OK;
    if (in < 0) return trouble("read", from, err);
    if (to && (out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0) code = trouble("write", to, err);
    char *piece = lb_alloc(PIECE, 1);
    sha256_init(&sha);
    *bytes = 0;
    for (ssize_t n = 1; !code && n > 0;) {
        n = read(in, piece, PIECE);
        if (n < 0) code = trouble("read", from, err);
        else if (n > 0 && out >= 0 && write(out, piece, (size_t)n) != n) code = trouble("write", to, err);
        else if (n > 0) sha256_update(&sha, (size_t)n, (const uint8_t *)piece);
        *bytes += n > 0 ? n : 0;
    }
    if (!code && out >= 0 && fsync(out) != 0) code = trouble("write", to, err);
    if (out >= 0 && close(out) != 0 && !code) code = trouble("write", to, err);
    close(in);
    free(piece);
    sha256_digest(&sha, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(sha256 + 2 * i, 3, "%02x", digest[i]);
    return code;
}

static void list_file(lb_value *list, const char *name, const char *sha256, int64_t bytes)
{
    lb_value *one = lb_push_object(list);
    lb_set_text(one, "name", name);
    lb_set_int(one, "bytes", bytes);
    lb_set_text(one, "sha256", sha256);
}

/* A folder with everything in it, names below `name` in the manifest. */
static int copy_tree(const char *from, const char *to, const char *name, lb_value *list, lb_error *err)
{
    struct stat st;
    char sha256[65];
    int64_t bytes;
    if (stat(from, &st) != 0) return errno == ENOENT ? LB_OK : trouble("read", from, err);
    if (S_ISREG(st.st_mode)) {
        int code = copy_file(from, to, sha256, &bytes, err);
        if (!code) list_file(list, name, sha256, bytes);
        return code;
    }
    DIR *folder = opendir(from);
    if (!folder) return trouble("read", from, err);
    int code = mkdir(to, 0700) == 0 || errno == EEXIST ? LB_OK : trouble("make", to, err);
    struct dirent *entry;
    while (!code && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.') continue;
        char *tail = together("/", entry->d_name), *inner = together(from, tail), *copy = together(to, tail), *inner_name = together(name, tail);
        code = copy_tree(inner, copy, inner_name, list, err);
        free(tail);
        free(inner);
        free(copy);
        free(inner_name);
    }
    closedir(folder);
    return code;
}

static int copy_database(lb_store *store, const char *path, lb_error *err)
{
    if (!store->backend->copy) return store_transfer(store->backend, store->where, &store_sqlite, path, NULL, err);
    db *connection;
    int code = store->backend->open(store->where, false, false, store->fast, &connection, err);
    if (code) return code;
    code = store->backend->copy(connection, path, err);
    store->backend->close(connection);
    return code;
}

int lb_store_backup(lb_store *store, const char *folder, lb_arena *arena, lb_value **out, lb_error *err)
{
    lb_value *root = lb_value_object(arena), *list = lb_set_array(root, "files");
    char *base = together(folder, "/study.db"), sha256[65];
    int64_t bytes;
    int code = mkdir(folder, 0700) == 0 ? LB_OK : trouble("make the folder", folder, err);
    bool made = !code;
    static const size_t order[] = {1, 0, 2, 3, 4};
    for (size_t i = 0; i < LB_COUNT(order) && !code; i++) {
        const char *part = parts[order[i]];
        char *from = store_path(store, part), *to = together(base, part), *name = together("study.db", part);
        if (order[i] == 0) {
            code = copy_database(store, to, err);
            if (!code) code = copy_file(to, NULL, sha256, &bytes, err);
            if (!code) list_file(list, name, sha256, bytes);
        } else {
            code = copy_tree(from, to, name, list, err);
        }
        free(from);
        free(to);
        free(name);
    }
    lb_buf text = {0};
    lb_json_write(root, 2, &text);
    char *manifest = together(folder, "/" MANIFEST);
    if (!code) code = lb_file_write(manifest, text.data, text.length, err);
    lb_sha256_hex(text.data, text.length, sha256);
    lb_set_text(root, "manifest_sha256", sha256);
    *out = root;
    if (code && made) store_remove_tree(folder); /* half a backup is none */
    free(manifest);
    free(base);
    lb_buf_free(&text);
    return code;
}

/* ---- from one database to another ---- */

int lb_store_move(const char *from, const char *from_beside, const char *to, const char *to_beside, lb_arena *arena, lb_value **out, lb_error *err)
{
    *out = lb_value_object(arena);
    lb_value *list = lb_set_array(*out, "files");
    int code = store_check_beside(to_beside, err);
    for (size_t i = 1; i < LB_COUNT(parts) && !code; i++) {
        char *there = together(to_beside, parts[i]);
        if (access(there, F_OK) == 0) {
            code = lb_fail(err, LB_CONFLICT, "there is something already; a study is never overwritten");
            lb_error_where(err, "%s", there);
        }
        free(there);
    }
    if (!code) code = store_transfer(store_backend_of(from), from, store_backend_of(to), to, lb_set_object(*out, "rows"), err);
    for (size_t i = 1; i < LB_COUNT(parts) && !code; i++) {
        char *source = together(from_beside, parts[i]), *target = together(to_beside, parts[i]), *name = together("study.db", parts[i]);
        code = copy_tree(source, target, name, list, err);
        free(source);
        free(target);
        free(name);
    }
    return code;
}

/* ---- the way back ---- */

static bool sound_name(const char *name)
{
    return strncmp(name, "study.db", 8) == 0 && !strstr(name, "..") && (name[8] == '\0' || name[8] == '.');
}

static int check_manifest(const char *folder, const lb_value *list, lb_error *err)
{
    for (size_t i = 0; list && i < list->count; i++) {
        const char *name = lb_get_text(list->item[i], "name", "");
        char sha256[65], *tail = together("/", name), *path = together(folder, tail);
        int64_t bytes;
        int code = LB_OK;
        if (!sound_name(name)) code = lb_fail(err, LB_BAD_DATA, "the manifest names '%.100s', which is no part of a backup", name);
        if (!code) code = copy_file(path, NULL, sha256, &bytes, err);
        if (!code && strcmp(sha256, lb_get_text(list->item[i], "sha256", "")) != 0) {
            code = lb_fail(err, LB_BAD_DATA, "the file is not what was backed up");
            lb_error_where(err, "%s", name);
            lb_error_hint(err, "take another copy of the backup; nothing was restored");
        }
        free(tail);
        free(path);
        if (code) return code;
    }
    return list && list->count ? LB_OK : lb_fail(err, LB_BAD_DATA, "the manifest lists no files");
}

static int put_back(const char *folder, const char *where, lb_value *done, lb_error *err)
{
    int code = LB_OK;
    for (size_t i = 0; i < LB_COUNT(parts) && !code; i++) {
        char *base = together(folder, "/study.db"), *from = together(base, parts[i]), *to = together(where, parts[i]), *name = together("study.db", parts[i]);
        code = copy_tree(from, to, name, done, err);
        free(base);
        free(from);
        free(to);
        free(name);
    }
    return code;
}

int lb_store_restore(const char *folder, const char *where, lb_arena *arena, lb_value **out, lb_error *err)
{
    char *path = together(folder, "/" MANIFEST);
    lb_bytes bytes;
    lb_value *manifest;
    int code = LB_OK;
    *out = lb_value_object(arena);
    for (size_t i = 0; i < LB_COUNT(parts) && !code; i++) {
        char *there = together(where, parts[i]);
        if (access(there, F_OK) == 0) {
            code = lb_fail(err, LB_CONFLICT, "there is something already; a study is never overwritten");
            lb_error_where(err, "%s", there);
            lb_error_hint(err, "restore under another name, or move the old study away");
        }
        free(there);
    }
    if (!code) code = lb_file_read(path, (size_t)256 << 20, arena, &bytes, err);
    if (!code) code = lb_json_read(&bytes, arena, &manifest, err);
    if (!code) code = check_manifest(folder, lb_get(manifest, "files"), err);
    if (!code) code = put_back(folder, where, lb_set_array(*out, "files"), err);
    free(path);
    return code;
}
