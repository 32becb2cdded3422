/* ZIP archives over zlib. Format: PKWARE APPNOTE 6.3, sections 4.3 and 4.4. The central directory says what there is; its
 * claims are checked against the bytes at hand before they are used. Overlapping entries (a way to build bombs,
 * Fifield 2019, "A better zip bomb") are refused. */
#include "muscle/files/bundle.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MOST_ENTRIES = 65535, TAIL = 22, CENTRAL = 46, LOCAL = 30 };

typedef struct entry {
    size_t start, packed, plain; /* where its bytes begin; sizes */
    unsigned method, flags;
    uint32_t crc;
    const char *name;
} entry;

static uint32_t u16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const uint8_t *p) { return u16(p) | u16(p + 2) << 16; }

bool lb_bundle_looks_like(const lb_bytes *bytes)
{
    return bytes->length >= TAIL && (memcmp(bytes->data, "PK\3\4", 4) == 0 || memcmp(bytes->data, "PK\5\6", 4) == 0);
}

static int refuse(const lb_bytes *bytes, lb_error *err, int code, const char *what, const char *hint)
{
    lb_fail(err, code, "%s", what);
    lb_error_where(err, "%s", bytes->name ? bytes->name : "zip");
    lb_error_hint(err, "%s", hint);
    return code;
}

static int damaged(const lb_bytes *bytes, lb_error *err)
{
    return refuse(bytes, err, LB_BAD_DATA, "the zip archive is damaged or cut short", "pack the folder again and copy it once more");
}

static int find_directory(const lb_bytes *bytes, size_t *start, size_t *entries, lb_error *err)
{
    size_t lowest = bytes->length > 65535 + TAIL ? bytes->length - 65535 - TAIL : 0;
    for (size_t at = bytes->length - TAIL + 1; at-- > lowest;) {
        const uint8_t *p = bytes->data + at;
        if (memcmp(p, "PK\5\6", 4) != 0) continue;
        *entries = u16(p + 10);
        *start = u32(p + 16);
        if (*start == UINT32_MAX || *entries == MOST_ENTRIES)
            return refuse(bytes, err, LB_TOO_LARGE, "the zip archive is of the 64-bit kind or holds more than 65534 files",
                          "pack one series at a time");
        return *start <= at ? LB_OK : damaged(bytes, err);
    }
    return damaged(bytes, err);
}

static int read_entry(const lb_bytes *bytes, size_t *at, entry *out, lb_arena *arena, lb_error *err)
{
    if (*at > bytes->length || bytes->length - *at < CENTRAL || memcmp(bytes->data + *at, "PK\1\2", 4) != 0) return damaged(bytes, err);
    const uint8_t *p = bytes->data + *at;
    size_t name = u16(p + 28), extra = u16(p + 30), comment = u16(p + 32), local = u32(p + 42);
    if (bytes->length - *at - CENTRAL < name + extra + comment || local > bytes->length || bytes->length - local < LOCAL ||
        memcmp(bytes->data + local, "PK\3\4", 4) != 0)
        return damaged(bytes, err);
    *out = (entry){.packed = u32(p + 20), .plain = u32(p + 24), .method = u16(p + 10), .flags = u16(p + 8), .crc = u32(p + 16)};
    out->name = lb_arena_textn(arena, (const char *)p + CENTRAL, name);
    out->start = local + LOCAL + u16(bytes->data + local + 26) + u16(bytes->data + local + 28);
    if (out->start > bytes->length || bytes->length - out->start < out->packed) return damaged(bytes, err);
    *at += CENTRAL + name + extra + comment;
    return LB_OK;
}

static int unpack(const lb_bytes *bytes, const entry *e, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    const uint8_t *packed = bytes->data + e->start;
    if (e->flags & 1) return refuse(bytes, err, LB_BAD_DATA, "the zip archive is encrypted", "pack the folder again without a password");
    if (e->method != 0 && e->method != 8)
        return refuse(bytes, err, LB_BAD_DATA, "the zip archive uses an unusual packing", "pack the folder again with the usual (deflate) packing");
    /* Deflate packs at most about 1032 to 1: a larger claim is a lie. */
    if (e->method == 0 ? e->plain != e->packed : e->plain / 1040 > e->packed) return damaged(bytes, err);
    const char *slash = strrchr(e->name, '/');
    out->name = slash ? slash + 1 : e->name;
    out->length = e->plain;
    if (e->method == 0) {
        out->data = packed;
        return LB_OK;
    }
    uint8_t *plain = lb_arena_try(arena, e->plain + 1, 1);
    if (!plain) return lb_fail(err, LB_NO_MEMORY, "not enough memory to unpack the zip archive");
    z_stream z = {.next_in = (Bytef *)packed, .avail_in = (uInt)e->packed, .next_out = plain, .avail_out = (uInt)e->plain + 1};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return lb_fail(err, LB_NO_MEMORY, "not enough memory to unpack the zip archive");
    int end = inflate(&z, Z_FINISH);
    bool whole = end == Z_STREAM_END && z.total_out == e->plain && crc32(0, plain, (uInt)e->plain) == e->crc;
    inflateEnd(&z);
    out->data = plain;
    return whole ? LB_OK : damaged(bytes, err);
}

static int by_start(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static int check(const lb_bytes *bytes, entry *list, size_t count, size_t most, lb_error *err)
{
    double total = 0;
    qsort(list, count, sizeof *list, by_start);
    for (size_t i = 0; i < count; i++) {
        total += (double)list[i].plain;
        if (i > 0 && list[i - 1].start + list[i - 1].packed > list[i].start)
            return refuse(bytes, err, LB_BAD_DATA, "entries of the zip archive overlap: it unpacks to more than it holds",
                          "this archive was not made by an ordinary program; pack the folder again");
    }
    if (total > (double)most) {
        lb_fail(err, LB_TOO_LARGE, "the zip archive unpacks to %.4g MB, more than the %.4g MB allowed", total / 1e6, (double)most / 1e6);
        lb_error_where(err, "%s", bytes->name ? bytes->name : "zip");
        lb_error_hint(err, "send one series at a time");
        return LB_TOO_LARGE;
    }
    return LB_OK;
}

static int by_name(const void *a, const void *b) { return strcmp(((const lb_bytes *)a)->name, ((const lb_bytes *)b)->name); }

int lb_bundle_read(const lb_bytes *bytes, size_t most, lb_arena *arena, lb_bytes **out, size_t *count, lb_error *err)
{
    size_t at, entries, files = 0;
    *count = 0;
    int status = find_directory(bytes, &at, &entries, err);
    if (status != LB_OK) return status;
    entry *list = lb_arena_array(arena, entries + 1, sizeof *list);
    for (size_t i = 0; i < entries && status == LB_OK; i++) {
        status = read_entry(bytes, &at, &list[files], arena, err);
        if (status == LB_OK && !lb_text_ends(list[files].name, "/") && list[files].plain > 0) files++;
    }
    if (status == LB_OK) status = check(bytes, list, files, most, err);
    *out = lb_arena_array(arena, files + 1, sizeof **out);
    for (size_t i = 0; i < files && status == LB_OK; i++) status = unpack(bytes, &list[i], arena, &(*out)[i], err);
    if (status != LB_OK) return status;
    if (files == 0) return refuse(bytes, err, LB_BAD_DATA, "the zip archive holds no files", "pack the folder of the series");
    qsort(*out, files, sizeof **out, by_name);
    *count = files;
    return LB_OK;
}
