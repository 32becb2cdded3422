/* What an archive holds of the store itself: the audit, one JSON object a line, so that its chain can be followed without a
 * database and without Lumbar; and the check of an archive's folder. Secrets of accounts are left out: in their place stands
 * the SHA-256 of what was there, which is what the chain is made of. */
#include "store/room.h"
#include "trial/conduct/kinds.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AUDIT "audit.jsonl"
#define SUMS "SHA256SUMS"
enum { LINE_MOST = 64 << 20, FAULTS_MOST = 200 };

/* ---- writing ---- */

typedef struct archiving {
    FILE *file;
    const char *path;
    int64_t entries;
    char end[65];
} archiving;

static bool is_secret(const char *kind)
{
    return strcmp(kind, LB_KIND_USER) == 0 || strcmp(kind, LB_KIND_LINK) == 0 || strcmp(kind, LB_KIND_ARM) == 0;
}

static void set_values(lb_value *line, const char *name, const char *text, bool secret)
{
    char hash[65], key[32];
    if (!text) return;
    if (!secret) {
        lb_set_text(line, name, text);
        return;
    }
    lb_sha256_hex(text, strlen(text), hash);
    snprintf(key, sizeof key, "%s_sha256", name);
    lb_set_text(line, key, lb_arena_text(line->arena, hash));
}

static int write_line(void *context, const db_value *c, size_t count, lb_error *err)
{
    static const char *const names[] = {"user", "role", "site", "subject", "kind", "key", "action", "reason", "version"};
    archiving *a = context;
    (void)count;
    lb_arena *arena = lb_arena_new();
    lb_value *line = lb_value_object(arena);
    lb_buf text = {.max = LINE_MOST};
    lb_set_int(line, "seq", c[0].integer);
    lb_set_int(line, "at_us", c[1].integer);
    for (size_t i = 0; i < LB_COUNT(names); i++) lb_set_text(line, names[i], db_column_text(&c[2 + i]));
    lb_set_int(line, "reveals_arm", c[11].integer);
    lb_set_int(line, "revision", c[12].integer);
    bool secret = is_secret(db_column_text(&c[6]) ? db_column_text(&c[6]) : "");
    set_values(line, "before", db_column_text(&c[13]), secret);
    set_values(line, "after", db_column_text(&c[14]), secret);
    lb_set_text(line, "record_hash", db_column_text(&c[15]));
    if (db_column_text(&c[17])) lb_set_text(line, "origin", db_column_text(&c[17]));
    lb_set_text(line, "hash", db_column_text(&c[16]));
    lb_json_write(line, 0, &text);
    lb_buf_putc(&text, '\n');
    bool written = !text.overflow && fwrite(text.data, 1, text.length, a->file) == text.length;
    a->entries++;
    snprintf(a->end, sizeof a->end, "%s", db_column_text(&c[16]) ? db_column_text(&c[16]) : "");
    lb_buf_free(&text);
    lb_arena_free(arena);
    if (written) return LB_OK;
    lb_fail(err, LB_FAILED, "cannot write: %s", strerror(errno));
    lb_error_where(err, "%s", a->path);
    return LB_FAILED;
}

static int write_all(lb_tx *tx, void *context, lb_error *err)
{
    return store_each(tx,
                      "SELECT seq, at_us, who, role, site, subject, kind, key, action, reason, version, reveals_arm, revision, old_values, new_values,"
                      " record_hash, hash, origin FROM audit ORDER BY seq",
                      write_line, context, err);
}

int lb_store_archive_audit(lb_store *store, const char *folder, int64_t *entries, char end_of_chain[65], lb_error *err)
{
    static const lb_actor everything = {"system", "system", NULL, 0, false, true};
    char path[4400];
    archiving a = {.path = path};
    lb_arena *arena = lb_arena_new();
    snprintf(path, sizeof path, "%s/" AUDIT, folder);
    memset(a.end, '0', 64);
    a.file = fopen(path, "wbx");
    int code = LB_OK;
    if (!a.file) {
        code = lb_fail(err, LB_FAILED, "cannot write: %s", strerror(errno));
        lb_error_where(err, "%s", path);
    } else {
        code = lb_store_read(store, &everything, arena, write_all, &a, err);
        bool kept = fflush(a.file) == 0 && fsync(fileno(a.file)) == 0;
        if ((fclose(a.file) != 0 || !kept) && !code) code = lb_fail(err, LB_FAILED, "cannot write the audit: %s", strerror(errno));
    }
    *entries = a.entries;
    memcpy(end_of_chain, a.end, 65);
    lb_arena_free(arena);
    return code;
}

/* ---- SHA256SUMS: as sha256sum(1) writes and checks it ---- */

typedef struct names {
    char **name;
    size_t count, room;
} names;

static int by_name(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

static void collect(const char *folder, const char *prefix, names *out)
{
    DIR *open_folder = opendir(folder);
    struct dirent *entry;
    struct stat st;
    while (open_folder && (entry = readdir(open_folder))) {
        char path[4400], name[4400];
        if (entry->d_name[0] == '.' || (!*prefix && strcmp(entry->d_name, SUMS) == 0)) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "/" : "", entry->d_name);
        if (stat(path, &st) != 0) continue;
        if (S_ISDIR(st.st_mode)) {
            collect(path, name, out);
            continue;
        }
        if (out->count == out->room) {
            out->room = out->room ? 2 * out->room : 64;
            out->name = lb_realloc(out->name, out->room, sizeof *out->name);
        }
        out->name[out->count++] = strdup(name);
    }
    if (open_folder) closedir(open_folder);
}

static void free_names(names *n)
{
    for (size_t i = 0; i < n->count; i++) free(n->name[i]);
    free(n->name);
}

static int hash_file(const char *folder, const char *name, char hash[65], lb_error *err)
{
    char path[8900];
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int code = lb_file_read(path, (size_t)8 << 30, arena, &bytes, err);
    if (!code) lb_sha256_hex(bytes.data, bytes.length, hash);
    lb_arena_free(arena);
    return code;
}

int lb_store_archive_seal(const char *folder, char sha256[65], int64_t *files, lb_error *err)
{
    names all = {0};
    lb_buf sums = {0};
    char path[4400], hash[65];
    int code = LB_OK;
    collect(folder, "", &all);
    if (all.count) qsort(all.name, all.count, sizeof *all.name, by_name);
    for (size_t i = 0; i < all.count && !code; i++) {
        code = hash_file(folder, all.name[i], hash, err);
        if (!code) lb_buf_printf(&sums, "%s  %s\n", hash, all.name[i]);
    }
    snprintf(path, sizeof path, "%s/" SUMS, folder);
    if (!code) code = lb_file_write(path, sums.data ? sums.data : "", sums.length, err);
    lb_sha256_hex(sums.data ? sums.data : "", sums.length, sha256);
    *files = (int64_t)all.count;
    free_names(&all);
    lb_buf_free(&sums);
    return code;
}

/* ---- checking ---- */

static void blame(lb_value *faults, const char *kind, const char *where, const char *message)
{
    if (faults->count >= FAULTS_MOST) return;
    lb_value *one = lb_push_object(faults);
    lb_set_text(one, "kind", kind);
    lb_set_text(one, "where", where);
    lb_set_text(one, "message", message);
}

static int check_sums(const char *folder, const lb_bytes *sums, lb_value *faults, int64_t *files)
{
    const char *line = (const char *)sums->data, *end = line + sums->length;
    names there = {0};
    size_t named = 0;
    collect(folder, "", &there);
    if (there.count) qsort(there.name, there.count, sizeof *there.name, by_name);
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((stop ? stop : end) - line);
        char name[4200] = "", hash[65], *pointer = name;
        if (length > 66 && length - 66 < sizeof name) memcpy(name, line + 66, length - 66);
        if (!name[0] || name[0] == '/' || strstr(name, "..")) {
            blame(faults, "bad_line", SUMS, "a line is not \"hash  name\"");
        } else {
            named += there.count && bsearch(&pointer, there.name, there.count, sizeof *there.name, by_name);
            if (hash_file(folder, name, hash, NULL)) blame(faults, "file_missing", name, "the manifest names it, but it is not there");
            else if (strncmp(hash, line, 64) != 0) blame(faults, "file_changed", name, "it is not what was archived");
            ++*files;
        }
        line += length + 1;
    }
    if (named < there.count) blame(faults, "file_added", folder, "there are files that the manifest does not name");
    free_names(&there);
    return LB_OK;
}

static void check_entry(const lb_value *line, chain *end, lb_value *faults)
{
    char where[64], hash[65];
    lb_audit e = {.seq = lb_get_int(line, "seq", 0), .at_us = lb_get_int(line, "at_us", 0), .reveals_arm = lb_get_int(line, "reveals_arm", 0) != 0,
                  .revision = lb_get_int(line, "revision", 0)};
    const struct { const char *name, **to; } text[] = {{"user", &e.user}, {"role", &e.role}, {"site", &e.site}, {"subject", &e.subject}, {"kind", &e.kind},
                                                        {"key", &e.key}, {"action", &e.action}, {"reason", &e.reason}, {"version", &e.version}};
    for (size_t i = 0; i < LB_COUNT(text); i++) *text[i].to = lb_get_text(line, text[i].name, NULL);
    const store_values before = {lb_get_text(line, "before", NULL), lb_get_text(line, "before_sha256", NULL)};
    const store_values after = {lb_get_text(line, "after", NULL), lb_get_text(line, "after_sha256", NULL)};
    store_entry_hash(end->hash, &e, &before, &after, lb_get_text(line, "record_hash", NULL), lb_get_text(line, "origin", NULL), hash);
    snprintf(where, sizeof where, "audit entry %lld", (long long)end->seq + 1);
    if (e.seq != end->seq + 1) blame(faults, "entry_missing", where, "the numbering has a gap: entries were taken out");
    else if (strcmp(hash, lb_get_text(line, "hash", "")) != 0) blame(faults, "entry_changed", where, "the entry, or the one before it, is not what was written");
    end->seq = e.seq;
    snprintf(end->hash, sizeof end->hash, "%s", lb_get_text(line, "hash", ""));
}

static int check_audit(const char *folder, lb_value *faults, chain *end, lb_error *err)
{
    char path[4400];
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    memset(end->hash, '0', 64);
    snprintf(path, sizeof path, "%s/" AUDIT, folder);
    int code = lb_file_read(path, (size_t)8 << 30, arena, &bytes, err);
    const char *line = code ? NULL : (const char *)bytes.data, *last = line ? line + bytes.length : NULL;
    while (line < last && !code) {
        const char *stop = memchr(line, '\n', (size_t)(last - line));
        lb_bytes one = {(const uint8_t *)line, (size_t)((stop ? stop : last) - line), AUDIT};
        lb_arena *own = lb_arena_new();
        lb_value *value;
        if (lb_json_read(&one, own, &value, NULL)) blame(faults, "bad_line", AUDIT, "a line is no JSON object");
        else check_entry(value, end, faults);
        lb_arena_free(own);
        line += one.length + 1;
    }
    lb_arena_free(arena);
    return code;
}

int lb_store_archive_check(const char *folder, lb_arena *arena, lb_value **out, lb_error *err)
{
    char path[4400];
    lb_bytes sums;
    chain end = {0};
    int64_t files = 0;
    lb_value *result = lb_value_object(arena), *faults = lb_value_array(arena);
    snprintf(path, sizeof path, "%s/" SUMS, folder);
    int code = lb_file_read(path, (size_t)256 << 20, arena, &sums, err);
    if (!code) code = check_sums(folder, &sums, faults, &files);
    if (!code) code = check_audit(folder, faults, &end, err);
    if (code) return code;
    char hash[65];
    lb_sha256_hex(sums.data, sums.length, hash);
    lb_set_bool(result, "valid", faults->count == 0);
    lb_set_int(result, "files", files);
    lb_set_int(result, "entries", end.seq);
    lb_set_text(result, "end_of_chain", lb_arena_text(arena, end.hash));
    lb_set_text(result, "manifest_sha256", lb_arena_text(arena, hash));
    lb_set_int(result, "fault_count", (int64_t)faults->count);
    lb_set(result, "faults", faults);
    *out = result;
    return LB_OK;
}
