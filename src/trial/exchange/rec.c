/* EpiData and Epi Info REC files: a header line "fields colour …", one line per field (name, x, y, colour, field x, field y, type,
 * length, colour, label), then records of fixed columns, wrapped at any width, each line ending in ! (normal), ? (deleted)
 * or ^ (verified). Text is ISO-8859-1. Layout as documented by the EpiData Association. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial/exchange/exchange.h"

enum { MAX_FIELDS = 10000, MAX_WIDTH = 1 << 20 };

typedef struct rec_reader {
    const char *p, *end;
    size_t line;
    const char *name;
    lb_arena *arena;
    size_t *start; /* first column of each field */
    size_t width;  /* of a record */
    lb_error *err;
} rec_reader;

static int refuse(rec_reader *r, const char *hint, const char *fmt, ...) LB_PRINTF(3, 4);
static int refuse(rec_reader *r, const char *hint, const char *fmt, ...)
{
    char message[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    lb_fail(r->err, LB_BAD_DATA, "%s", message);
    lb_error_where(r->err, "%s:%zu", r->name, r->line);
    lb_error_hint(r->err, "%s", hint);
    return LB_BAD_DATA;
}

/* The next line without its end; false at the end of the file (or at the old end-of-file character 0x1A). */
static bool take_line(rec_reader *r, const char **line, size_t *length)
{
    if (r->p >= r->end || *r->p == 0x1A) return false;
    const char *stop = memchr(r->p, '\n', (size_t)(r->end - r->p));
    if (!stop) stop = r->end;
    *line = r->p;
    *length = (size_t)(stop - r->p);
    if (*length && stop[-1] == '\r') --*length;
    r->p = stop < r->end ? stop + 1 : stop;
    r->line++;
    return true;
}

/* ISO-8859-1 to UTF-8, blanks at both ends cut; NULL when nothing is left. Control characters become blanks. */
static char *latin_text(lb_arena *arena, const char *text, size_t length)
{
    while (length && (unsigned char)text[length - 1] <= ' ') length--;
    while (length && (unsigned char)*text <= ' ') text++, length--;
    if (length == 0) return NULL;
    char *out = lb_arena_array(arena, 2 * length + 1, 1), *q = out;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80) *q++ = c < ' ' ? ' ' : (char)c;
        else *q++ = (char)(0xC0 | c >> 6), *q++ = (char)(0x80 | (c & 0x3F));
    }
    return out;
}

/* Type codes of the header: 0 and 6 numbers, 100 + d with d decimals, 12 a running number; 2, 10, 11, 16 dates; 8 a time. */
static void set_type(entry_field *field, long type)
{
    static const struct {
        long code;
        entry_kind kind;
        const char *word;
    } known[] = {{0, ENTRY_NUMBER, "integer"}, {1, ENTRY_TEXT, "text"}, {2, ENTRY_DATE, "date mdy"}, {3, ENTRY_TEXT, "upper-case text"},
                 {5, ENTRY_TEXT, "boolean"}, {6, ENTRY_NUMBER, "number"}, {8, ENTRY_TIME, "time"}, {10, ENTRY_DATE, "today mdy"},
                 {11, ENTRY_DATE, "date dmy"}, {12, ENTRY_NUMBER, "running number"}, {16, ENTRY_DATE, "today dmy"}};
    field->kind = ENTRY_TEXT;
    field->type = "text";
    if (type >= 100) {
        field->kind = ENTRY_NUMBER;
        field->type = "number";
        field->decimals = (size_t)(type - 100);
    }
    for (size_t i = 0; i < LB_COUNT(known); i++) {
        if (known[i].code != type) continue;
        field->kind = known[i].kind;
        field->type = known[i].word;
    }
}

static bool take_integer(const char **p, const char *end, long *out)
{
    while (*p < end && **p == ' ') ++*p;
    const char *first = *p;
    long value = 0;
    while (*p < end && isdigit((unsigned char)**p) && value < 100000000) value = value * 10 + (*(*p)++ - '0');
    *out = value;
    return *p > first;
}

static int read_field(rec_reader *r, const char *line, size_t length, entry_file *out)
{
    const char *p = line, *end = line + length;
    if (p < end && (*p == '#' || *p == '_' || *p == ' ')) p++; /* number or text */
    while (p < end && *p == ' ') p++;
    const char *first = p;
    while (p < end && *p != ' ') p++;
    const char *name = latin_text(r->arena, first, (size_t)(p - first));
    long number[8];
    for (size_t i = 0; i < 8; i++)
        if (!take_integer(&p, end, &number[i])) return refuse(r, "the header names more fields than there are lines for them, or the file is damaged",
                                                               "this line describes no field");
    if (number[6] == 0 || number[5] == 15) return LB_OK; /* a label on the form, no data */
    if (!name) return refuse(r, "every field has a name", "this field has no name");
    if (number[5] > 130 || (size_t)number[6] > MAX_WIDTH - r->width) return refuse(r, "the file is damaged", "type %ld or length %ld is impossible", number[5], number[6]);
    if (entry_find(out, name) < out->fields) return refuse(r, "rename one of them in EpiData", "two fields are called '%.60s'", name);
    entry_field *field = &out->field[out->fields];
    *field = (entry_field){.name = name, .length = (size_t)number[6], .label = latin_text(r->arena, p, (size_t)(end - p))};
    set_type(field, number[5]);
    r->start[out->fields++] = r->width;
    r->width += field->length;
    return LB_OK;
}

static int read_header(rec_reader *r, entry_file *out, lb_value *about)
{
    const char *line;
    size_t length;
    long count;
    if (!take_line(r, &line, &length)) return refuse(r, "give the .rec file itself", "the file is empty");
    const char *p = line;
    if (!take_integer(&p, line + length, &count) || count < 1 || count > MAX_FIELDS)
        return refuse(r, "a REC file begins with the number of its fields", "the first line is no REC header");
    if (about) {
        const char *first = latin_text(r->arena, line, length);
        lb_set_int(about, "header_lines", count);
        lb_set_text(about, "first_line", first);
    }
    out->field = lb_arena_array(r->arena, (size_t)count, sizeof *out->field);
    r->start = lb_arena_array(r->arena, (size_t)count, sizeof *r->start);
    for (long i = 0; i < count; i++) {
        if (!take_line(r, &line, &length)) return refuse(r, "the file is cut off", "the header announces %ld lines, %ld are there", count, i);
        int code = read_field(r, line, length, out);
        if (code != LB_OK) return code;
    }
    return out->fields ? LB_OK : refuse(r, "give the .rec file itself", "the header describes no field");
}

/* Numbers with a point, dates as year-month-day where the type tells their order. */
static const char *clean_cell(lb_arena *arena, const entry_field *field, char *text)
{
    if (!text) return NULL;
    char *comma = field->kind == ENTRY_NUMBER ? strchr(text, ',') : NULL;
    if (comma) *comma = '.';
    int a, b, c, used = 0;
    if (field->kind != ENTRY_DATE || sscanf(text, "%4d%*1[/.-]%2d%*1[/.-]%4d%n", &a, &b, &c, &used) != 3 || text[used] != '\0') return text;
    if (a >= 1000) return lb_arena_printf(arena, "%04d-%02d-%02d", a, b, c);
    if (c < 1000) return text;
    return lb_text_ends(field->type, "mdy") ? lb_arena_printf(arena, "%04d-%02d-%02d", c, a, b) : lb_arena_printf(arena, "%04d-%02d-%02d", c, b, a);
}

static int store_record(rec_reader *r, const char *data, char flag, entry_file *out, size_t *capacity, const char ***cells)
{
    if (out->records == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 256;
        *cells = lb_realloc(*cells, *capacity, out->fields * sizeof **cells);
        out->flag = lb_realloc(out->flag, *capacity, 1);
    }
    for (size_t f = 0; f < out->fields; f++)
        (*cells)[out->records * out->fields + f] =
            clean_cell(r->arena, &out->field[f], latin_text(r->arena, data + r->start[f], out->field[f].length));
    out->flag[out->records++] = flag == '?' ? ENTRY_DELETED : flag == '^' ? ENTRY_VERIFIED : ENTRY_NORMAL;
    return LB_OK;
}

static int read_records(rec_reader *r, entry_file *out, const char ***cells)
{
    const char *line;
    size_t length, capacity = 0;
    lb_buf record = {.max = MAX_WIDTH + 1};
    int code = LB_OK;
    while (code == LB_OK && take_line(r, &line, &length)) {
        if (length == 0) continue;
        char flag = line[length - 1];
        if (!strchr("!?^", flag)) {
            code = refuse(r, "every line of a record ends in !, ? or ^: the file is cut off or damaged", "this record has no end mark");
            break;
        }
        lb_buf_add(&record, line, length - 1);
        if (record.length > r->width)
            code = refuse(r, "the file is damaged", "this record has %zu characters, its fields %zu", record.length, r->width);
        else if (record.length == r->width) {
            code = store_record(r, record.data, flag, out, &capacity, cells);
            record.length = 0;
        }
    }
    if (code == LB_OK && record.length) code = refuse(r, "the file is cut off", "the last record has %zu of %zu characters", record.length, r->width);
    lb_buf_free(&record);
    return code;
}

static void count_flags(const entry_file *file, lb_value *about)
{
    static const char *const mark[] = {"!", "?", "^"};
    lb_value *flags = lb_set_object(about, "record_flags");
    for (uint8_t k = 0; k < 3; k++) {
        int64_t count = 0;
        for (size_t r = 0; r < file->records; r++) count += file->flag[r] == k;
        if (count) lb_set_int(flags, mark[k], count);
    }
}

int entry_read_rec(const lb_bytes *bytes, lb_arena *arena, entry_file *out, lb_value *about, lb_error *err)
{
    rec_reader r = {.p = (const char *)bytes->data, .name = bytes->name, .arena = arena, .err = err};
    r.end = r.p + bytes->length;
    const char **cells = NULL;
    *out = (entry_file){.arena = arena, .name = bytes->name};
    int code = read_header(&r, out, about);
    if (code == LB_OK) code = read_records(&r, out, &cells);
    if (!cells) {
        cells = lb_alloc(1, sizeof *cells);
        out->flag = lb_alloc(1, 1);
    }
    lb_arena_adopt(arena, cells);
    lb_arena_adopt(arena, out->flag);
    out->cell = cells;
    if (code == LB_OK && about) count_flags(out, about);
    return code;
}
