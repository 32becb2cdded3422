/* multipart/form-data (RFC 7578, RFC 2046 section 5.1) over a body that is already in memory and bounded. Own parser
 * rather than a streaming one: it is pure, copies no data and can be fuzzed on its own. */
#include "server/multipart.h"

#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70, HEADERS_MAX = 4096, NAME_MAX_BYTES = 100 };

static int malformed(lb_error *err, const char *what)
{
    lb_fail(err, LB_USAGE, "the multipart body is malformed: %s", what);
    lb_error_hint(err, "send multipart/form-data as a browser or `curl -F` does");
    return LB_USAGE;
}

/* The value of `key` in a header such as `form-data; name="a b"; filename=c`: quoted or a token. Returns false when the
 * key is absent; sets *bad when it is there and malformed. */
static bool header_parameter(const char *text, size_t length, const char *key, lb_arena *arena, const char **out, bool *bad)
{
    size_t key_length = strlen(key), i = 0;
    while (i < length && text[i] != ';') i++;
    while (i < length) {
        i++; /* the semicolon */
        while (i < length && (text[i] == ' ' || text[i] == '\t')) i++;
        size_t start = i;
        while (i < length && text[i] != '=' && text[i] != ';') i++;
        bool mine = i - start == key_length && strncasecmp(text + start, key, key_length) == 0;
        if (i >= length || text[i] == ';') continue;
        i++; /* the equals sign */
        lb_buf value = {.max = HEADERS_MAX};
        if (i < length && text[i] == '"') {
            for (i++; i < length && text[i] != '"'; i++) {
                if (text[i] == '\\' && i + 1 < length && (text[i + 1] == '"' || text[i + 1] == '\\')) i++;
                lb_buf_putc(&value, text[i]);
            }
            if (i >= length) *bad = true;
            while (i < length && text[i] != ';') i++;
        } else {
            for (; i < length && text[i] != ';'; i++) {
                if (text[i] != ' ' && text[i] != '\t') lb_buf_putc(&value, text[i]);
            }
        }
        if (mine) *out = lb_arena_textn(arena, value.data ? value.data : "", value.length);
        lb_buf_free(&value);
        if (mine) return !*bad;
    }
    return false;
}

static int find_boundary(const char *content_type, lb_arena *arena, const char **out, lb_error *err)
{
    bool bad = false;
    const char *boundary = NULL;
    if (!header_parameter(content_type, strlen(content_type), "boundary", arena, &boundary, &bad) || bad) {
        return malformed(err, "its content type names no boundary");
    }
    size_t length = strlen(boundary);
    if (length == 0 || length > BOUNDARY_MAX) return malformed(err, "its boundary must have 1 to 70 characters");
    for (size_t i = 0; i < length; i++) {
        if (boundary[i] < ' ' || boundary[i] > '~') return malformed(err, "its boundary holds an unprintable character");
    }
    *out = boundary;
    return LB_OK;
}

const char *lb_multipart_file_name(const char *sent, lb_arena *arena)
{
    const char *last = sent;
    for (const char *c = sent; *c; c++) {
        if (*c == '/' || *c == '\\') last = c + 1;
    }
    char *name = lb_arena_text(arena, last);
    size_t length = 0;
    for (const char *c = last; *c; c++) {
        if ((unsigned char)*c >= ' ' && *c != 0x7f) name[length++] = *c;
    }
    if (length > NAME_MAX_BYTES) {
        length = NAME_MAX_BYTES;
        while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80) length--; /* not inside a UTF-8 character */
    }
    name[length] = '\0';
    if (lb_utf8_bad(name, length) != length || length == 0 || lb_text_equal(name, ".") || lb_text_equal(name, "..")) {
        return "upload";
    }
    return name;
}

/* The headers of one part, from `at` to the empty line; *end is the first byte of its data. */
static int read_headers(const char *body, size_t length, size_t at, lb_arena *arena, lb_part *part, size_t *end, lb_error *err)
{
    static const char wanted[] = "content-disposition:";
    bool found = false, bad = false;
    size_t start = at;
    for (;;) {
        size_t room = length - at < HEADERS_MAX ? length - at : HEADERS_MAX;
        const char *line_end = memmem(body + at, room, "\r\n", 2);
        if (!line_end || at - start > HEADERS_MAX) return malformed(err, "the headers of a part do not end");
        size_t line = (size_t)(line_end - (body + at));
        if (line == 0) break;
        if (memchr(body + at, '\0', line)) return malformed(err, "a header of a part holds a NUL byte");
        if (line >= sizeof wanted - 1 && strncasecmp(body + at, wanted, sizeof wanted - 1) == 0) {
            const char *text = body + at + sizeof wanted - 1, *filename = NULL;
            size_t rest = line - (sizeof wanted - 1);
            found = header_parameter(text, rest, "name", arena, &part->name, &bad);
            if (header_parameter(text, rest, "filename", arena, &filename, &bad)) {
                part->filename = lb_multipart_file_name(filename, arena);
            }
        }
        at += line + 2;
    }
    if (!found || bad || part->name[0] == '\0') return malformed(err, "a part has no name");
    *end = at + 2;
    return LB_OK;
}

int lb_multipart_read(const char *content_type, const char *body, size_t length, size_t parts_max, lb_arena *arena,
                      lb_part **out, size_t *count, lb_error *err)
{
    const char *boundary = NULL;
    *count = 0;
    int code = find_boundary(content_type, arena, &boundary, err);
    if (code) return code;
    lb_part *parts = lb_arena_array(arena, parts_max, sizeof *parts);
    *out = parts;
    const char *delimiter = lb_arena_printf(arena, "\r\n--%s", boundary);
    size_t delimiter_length = strlen(delimiter), at;
    /* The first delimiter may open the body without its line break. */
    if (length >= delimiter_length - 2 && memcmp(body, delimiter + 2, delimiter_length - 2) == 0) {
        at = delimiter_length - 2;
    } else {
        const char *first = length ? memmem(body, length, delimiter, delimiter_length) : NULL;
        if (!first) return malformed(err, "its boundary is not in it");
        at = (size_t)(first - body) + delimiter_length;
    }
    for (;;) {
        if (length - at >= 2 && memcmp(body + at, "--", 2) == 0) return LB_OK;
        while (at < length && (body[at] == ' ' || body[at] == '\t')) at++;
        if (length - at < 2 || memcmp(body + at, "\r\n", 2) != 0) return malformed(err, "it ends inside a boundary");
        at += 2;
        if (*count == parts_max) {
            lb_fail(err, LB_TOO_LARGE, "the multipart body has more than %zu parts", parts_max);
            lb_error_hint(err, "send fewer files at once");
            return LB_TOO_LARGE;
        }
        lb_part *part = &parts[*count];
        code = read_headers(body, length, at, arena, part, &at, err);
        if (code) return code;
        /* An empty part's delimiter begins with the line break that ends its headers. */
        size_t from = at - 2;
        const char *next = memmem(body + from, length - from, delimiter, delimiter_length);
        if (!next) return malformed(err, "it ends inside a part");
        part->data = body + at;
        part->length = next > body + at ? (size_t)(next - (body + at)) : 0;
        at = (size_t)(next - body) + delimiter_length;
        (*count)++;
    }
}
