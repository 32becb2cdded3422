/* Reader of RIS: lines "TG  - value", a record from TY to ER, further lines without a tag continue the value. Tags differ
 * between databases (title TI or T1, year PY or Y1); all usual ones are taken. Format: Research Information Systems. */
#include "evidence/exchange/ris.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct reader {
    lb_arena *arena;
    lb_value *records, *record;
    const char *key;    /* of the value that a line without a tag continues */
    lb_value *list;     /* the array it is the last of, or NULL */
    lb_buf value;
} reader;

static const struct {
    const char *tag, *key;
    bool list;
} tags[] = {
    {"TI", "title", false},    {"T1", "title", false},    {"CT", "title", false},   {"AB", "abstract", false},
    {"N2", "abstract", false}, {"AU", "authors", true},   {"A1", "authors", true},  {"PY", "year", false},
    {"Y1", "year", false},     {"DA", "year", false},     {"JO", "journal", false}, {"JF", "journal", false},
    {"T2", "journal", false},  {"JA", "journal", false},  {"DO", "doi", false},     {"N1", "notes", true},
    {"ID", "id", false},       {"AN", "accession", false}, {"UR", "url", false},    {"NS", "study", false},
};

/* "AB  - text": two letters or digits, two spaces, a dash. Some programs leave one space out, or the one after it. */
static bool is_tag(const char *line, size_t length, size_t *after)
{
    if (length < 5 || !isupper((unsigned char)line[0]) || !isalnum((unsigned char)line[1]) || line[2] != ' ') return false;
    size_t dash = line[3] == ' ' ? 4 : 3;
    if (length <= dash || line[dash] != '-') return false;
    *after = dash + 1;
    while (*after < length && line[*after] == ' ') ++*after;
    return true;
}

/* What was gathered goes to its key; the first of several titles stays. */
static void finish_value(reader *r)
{
    if (!r->key || !r->record) return;
    char *text = lb_arena_textn(r->arena, r->value.data ? r->value.data : "", r->value.length);
    for (size_t n = strlen(text); n && isspace((unsigned char)text[n - 1]); n--) text[n - 1] = '\0';
    if (r->list)
        lb_push_text(r->list, text);
    else if (*text && !lb_get(r->record, r->key))
        lb_set_text(r->record, r->key, text);
    r->key = NULL;
    r->value.length = 0;
    if (r->value.data) r->value.data[0] = '\0';
}

static void begin_value(reader *r, const char *tag, const char *value, size_t length)
{
    finish_value(r);
    for (size_t i = 0; i < LB_COUNT(tags); i++) {
        if (memcmp(tags[i].tag, tag, 2) != 0) continue;
        r->key = tags[i].key;
        r->list = NULL;
        if (tags[i].list) {
            r->list = lb_get(r->record, r->key);
            if (!r->list) r->list = lb_set_array(r->record, r->key);
        }
        lb_buf_add(&r->value, value, length);
        return;
    }
}

/* "2014/05/12/" and the like: the year is what counts. */
static void finish_record(reader *r)
{
    finish_value(r);
    if (!r->record) return;
    const char *year = lb_get_text(r->record, "year", NULL);
    int64_t number;
    if (year && strlen(year) >= 4 && lb_text_integer(year, 4, &number)) lb_set_int(r->record, "year", number);
    r->record = NULL;
}

static int take_line(reader *r, const char *line, size_t length, size_t number, lb_error *err)
{
    size_t after;
    if (!is_tag(line, length, &after)) {
        if (r->key && length) {
            lb_buf_putc(&r->value, ' ');
            lb_buf_add(&r->value, line, length);
        }
        return 0;
    }
    if (memcmp(line, "TY", 2) == 0) {
        finish_record(r); /* an ER left out */
        if (r->records->count >= LB_RIS_MOST)
            return lb_fail(err, LB_TOO_LARGE, "more than %d references are too many at once", LB_RIS_MOST);
        r->record = lb_push_object(r->records);
        lb_set_int(r->record, "line", (int64_t)number);
        return 0;
    }
    if (!r->record) {
        int code = lb_fail(err, LB_BAD_DATA, "the tag %.2s stands outside a reference", line);
        lb_error_hint(err, "a reference in RIS begins with the line 'TY  - JOUR' and ends with 'ER  - '");
        return code;
    }
    if (memcmp(line, "ER", 2) == 0)
        finish_record(r);
    else
        begin_value(r, line, line + after, length - after);
    return 0;
}

int lb_ris_read(const lb_bytes *bytes, lb_arena *arena, lb_value **out, lb_error *err)
{
    reader r = {.arena = arena, .records = lb_value_array(arena)};
    const char *text = (const char *)bytes->data;
    size_t length = bytes->length, at = length > 2 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, number = 0;
    size_t bad = length ? lb_utf8_bad(text, length) : 0;
    int code = 0;
    if (bad != length) {
        code = lb_fail(err, LB_BAD_DATA, "byte %zu is not UTF-8", bad + 1);
        lb_error_hint(err, "export the references as RIS in UTF-8");
    } else if (length && memchr(text, '\0', length)) {
        code = lb_fail(err, LB_BAD_DATA, "this is no text: it holds NUL bytes");
    }
    while (!code && at < length) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t next = end ? (size_t)(end - text) : length, width = next - at;
        while (width && text[at + width - 1] == '\r') width--;
        code = take_line(&r, text + at, width, ++number, err);
        if (code) lb_error_where(err, "%.100s:%zu", bytes->name ? bytes->name : "references", number);
        at = next + 1;
    }
    finish_record(&r);
    lb_buf_free(&r.value);
    if (code) return code;
    if (r.records->count == 0) {
        code = lb_fail(err, LB_BAD_DATA, "'%.100s' holds no references: no line begins with 'TY  - '",
                       bytes->name ? bytes->name : "the file");
        lb_error_hint(err, "export from the database as RIS (Research Information Systems)");
        return code;
    }
    *out = r.records;
    return 0;
}

/* -- decisions in notes --------------------------------------------------------------------------------------- */

/* The text between the next two quotes; NULL when there is none before `end`. */
static const char *quoted(const char **at, const char *end, lb_arena *arena)
{
    const char *open = memchr(*at, '"', (size_t)(end - *at));
    const char *close = open ? memchr(open + 1, '"', (size_t)(end - open - 1)) : NULL;
    if (!close) return NULL;
    *at = close + 1;
    return lb_arena_textn(arena, open + 1, (size_t)(close - open - 1));
}

static void read_inclusion(const char *at, lb_value *decisions, lb_arena *arena)
{
    const char *end = strchr(at, '}');
    if (!end) return;
    for (;;) {
        const char *who = quoted(&at, end, arena), *said = who ? quoted(&at, end, arena) : NULL;
        if (!said) return;
        lb_value *row = lb_push_object(decisions);
        lb_set_text(row, "who", who);
        lb_set_text(row, "decision",
                    strncasecmp(said, "incl", 4) == 0   ? "include"
                    : strncasecmp(said, "excl", 4) == 0 ? "exclude"
                                                        : "unsure");
    }
}

const char *lb_ris_decisions(const lb_value *record, lb_value *decisions, lb_arena *arena)
{
    static const char inclusion[] = "RAYYAN-INCLUSION:", reasons[] = "RAYYAN-EXCLUSION-REASONS:";
    const lb_value *notes = lb_get(record, "notes");
    const char *reason = NULL;
    for (size_t i = 0; notes && i < notes->count; i++) {
        const char *text = notes->item[i]->text, *found = strstr(text, inclusion);
        if (found) read_inclusion(found + sizeof inclusion - 1, decisions, arena);
        found = strstr(text, reasons);
        if (!found || reason) continue;
        found += sizeof reasons - 1;
        while (*found == ' ') found++;
        size_t length = strcspn(found, "|");
        while (length && found[length - 1] == ' ') length--;
        if (length) reason = lb_arena_textn(arena, found, length);
    }
    return reason;
}
