/* Reader of zip archives (PKWARE APPNOTE 6.3.9, sections 4.3.7, 4.3.12, 4.3.16) over zlib: the central directory names
 * the files; every size is checked before memory is asked for. */
#include "evidence/exchange/zip.h"

#include <string.h>
#include <zlib.h>

static uint32_t u16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const uint8_t *p) { return u16(p) | u16(p + 2) << 16; }

bool lb_zip_is(const lb_bytes *bytes) { return bytes->length > 4 && memcmp(bytes->data, "PK\3\4", 4) == 0; }

static int broken(const lb_bytes *bytes, const char *what, lb_error *err)
{
    int code = lb_fail(err, LB_BAD_DATA, "the archive is damaged: %s", what);
    lb_error_where(err, "%.200s", bytes->name ? bytes->name : "archive");
    lb_error_hint(err, "download or export it again");
    return code;
}

/* The end of the central directory: the last such mark, before a comment of at most 65535 bytes. */
static const uint8_t *find_end(const lb_bytes *bytes)
{
    enum { END = 22, COMMENT = 65535 };
    if (bytes->length < END) return NULL;
    size_t first = bytes->length > END + COMMENT ? bytes->length - END - COMMENT : 0;
    for (size_t at = bytes->length - END + 1; at-- > first;) {
        if (memcmp(bytes->data + at, "PK\5\6", 4) == 0) return bytes->data + at;
    }
    return NULL;
}

static int unpack(const lb_bytes *bytes, const uint8_t *packed, size_t packed_length, uint32_t method, uint8_t *out,
                  size_t length, lb_error *err)
{
    if (method == 0) {
        if (packed_length != length) return broken(bytes, "a stored file has two lengths", err);
        if (length) memcpy(out, packed, length);
        return 0;
    }
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)packed_length, .next_out = out,
                  .avail_out = (uInt)length};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return lb_fail(err, LB_NO_MEMORY, "no memory to unpack");
    int status = inflate(&z, Z_FINISH);
    bool whole = status == Z_STREAM_END && z.total_out == length;
    inflateEnd(&z);
    return whole ? 0 : broken(bytes, "a file does not unpack to its length", err);
}

static int read_file(const lb_bytes *bytes, const uint8_t *entry, const char *name, lb_arena *arena, lb_zip_file *out,
                     size_t *left, lb_error *err)
{
    uint32_t method = u16(entry + 10), crc = u32(entry + 16), at = u32(entry + 42);
    size_t packed = u32(entry + 20), length = u32(entry + 24);
    if (u16(entry + 8) & 1) return lb_fail(err, LB_BAD_DATA, "'%.100s' is encrypted: save the archive without a password", name);
    if (method != 0 && method != 8) return lb_fail(err, LB_BAD_DATA, "'%.100s' is packed by method %u, which is not read", name, method);
    if (length > *left) return lb_fail(err, LB_TOO_LARGE, "unpacked, the archive is larger than %zu MB", LB_ZIP_MOST_BYTES >> 20);
    *left -= length;
    if (at > bytes->length || bytes->length - at < 30 || memcmp(bytes->data + at, "PK\3\4", 4) != 0)
        return broken(bytes, "a file is not where the directory says", err);
    size_t start = (size_t)at + 30 + u16(bytes->data + at + 26) + u16(bytes->data + at + 28);
    if (start > bytes->length || packed > bytes->length - start) return broken(bytes, "a file runs past the end", err);
    uint8_t *data = lb_arena_try(arena, length + 1, 1);
    if (!data) return lb_fail(err, LB_NO_MEMORY, "no memory for %zu bytes", length);
    int code = unpack(bytes, bytes->data + start, packed, method, data, length, err);
    if (code) return code;
    if (crc32(0, data, (uInt)length) != crc) return broken(bytes, "a check sum does not fit", err);
    *out = (lb_zip_file){name, {data, length, name}};
    return 0;
}

int lb_zip_read(const lb_bytes *bytes, lb_arena *arena, lb_zip_file **out, size_t *count, lb_error *err)
{
    const uint8_t *end = find_end(bytes);
    if (!end) return broken(bytes, "it has no directory", err);
    size_t files = u16(end + 10), at = u32(end + 16), left = LB_ZIP_MOST_BYTES;
    if (files > LB_ZIP_MOST_FILES) return lb_fail(err, LB_TOO_LARGE, "%zu files in an archive are too many", files);
    *out = lb_arena_array(arena, files + 1, sizeof **out);
    *count = 0;
    for (size_t i = 0; i < files; i++) {
        const uint8_t *entry = bytes->data + at;
        if (at > bytes->length || bytes->length - at < 46 || memcmp(entry, "PK\1\2", 4) != 0)
            return broken(bytes, "its directory ends early", err);
        size_t name = u16(entry + 28), rest = u16(entry + 30) + u16(entry + 32);
        if (bytes->length - at - 46 < name + rest) return broken(bytes, "its directory ends early", err);
        const char *text = lb_arena_textn(arena, (const char *)entry + 46, name);
        at += 46 + name + rest;
        size_t length = strlen(text); /* less than `name` when that holds a zero byte */
        if (length == 0 || text[length - 1] == '/') continue; /* a folder, or no name at all */
        int code = read_file(bytes, entry, text, arena, &(*out)[*count], &left, err);
        if (code) return code;
        ++*count;
    }
    return 0;
}
