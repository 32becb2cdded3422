/* Files of entered records: which format the bytes are in, CSV as records, and the small questions all formats share. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "trial/exchange/exchange.h"

static const char *skip_bom(const lb_bytes *bytes, const char **end)
{
    const char *p = (const char *)bytes->data;
    *end = p + bytes->length;
    if (bytes->length >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) p += 3;
    return p;
}

/* The first line of a REC: number of header lines, colour, and words: "12 1 VLAB". */
static bool is_rec(const char *p, const char *end)
{
    int numbers = 0;
    while (numbers < 2) {
        while (p < end && *p == ' ') p++;
        const char *first = p;
        while (p < end && isdigit((unsigned char)*p)) p++;
        if (p == first || (p < end && !isspace((unsigned char)*p))) return false;
        numbers++;
    }
    const char *line = memchr(p, '\n', (size_t)(end - p));
    return line && line + 1 < end && (line[1] == '#' || line[1] == '_' || line[1] == ' ');
}

static bool is_chk(const char *p, const char *end)
{
    while (p < end && (isspace((unsigned char)*p) || *p == '*')) {
        if (*p == '*')
            while (p < end && *p != '\n') p++;
        else p++;
    }
    return (end - p >= 10 && strncasecmp(p, "LABELBLOCK", 10) == 0) || (end - p >= 6 && strncasecmp(p, "BEFORE", 6) == 0);
}

exchange_format exchange_detect(const lb_bytes *bytes)
{
    const char *end, *p = skip_bom(bytes, &end);
    const char *s = p;
    while (s < end && isspace((unsigned char)*s)) s++;
    if (s == end) return EXCHANGE_UNKNOWN;
    if (*s == '<') return EXCHANGE_XML;
    if (bytes->length >= 2 && ((bytes->data[0] == 0xFF && bytes->data[1] == 0xFE) || (bytes->data[0] == 0xFE && bytes->data[1] == 0xFF))) {
        size_t at = 2; /* UTF-16: the XML parser reads it; of a table, CSV's reader says how it should have been saved */
        while (at < bytes->length && (bytes->data[at] == 0 || isspace(bytes->data[at]))) at++;
        return at < bytes->length && bytes->data[at] == '<' ? EXCHANGE_XML : EXCHANGE_DICTIONARY;
    }
    if (is_rec(p, end)) return EXCHANGE_REC;
    if (is_chk(p, end)) return EXCHANGE_CHK;
    static const char *const headings[] = {"Variable / Field Name", "\"Variable / Field Name\"", "field_name,form_name", "\"field_name\",\"form_name\""};
    for (size_t i = 0; i < LB_COUNT(headings); i++)
        if ((size_t)(end - s) >= strlen(headings[i]) && strncasecmp(s, headings[i], strlen(headings[i])) == 0) return EXCHANGE_DICTIONARY;
    return EXCHANGE_CSV;
}

/* Every column as text, so that 007 stays what was typed. */
static int read_as_text(const lb_bytes *bytes, lb_arena *arena, lb_table **out, lb_error *err)
{
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.missing = ""; /* NA may be somebody's initials */
    int code = lb_csv_read(bytes, &options, arena, out, err);
    if (code != LB_OK) return code;
    lb_buf names = {0};
    for (size_t c = 0; c < (*out)->columns; c++) lb_buf_printf(&names, "%s%s", c ? "," : "", (*out)->column[c].name);
    options.text_columns = names.data;
    code = lb_csv_read(bytes, &options, arena, out, err);
    lb_buf_free(&names);
    return code;
}

int entry_check_fields(size_t fields, const char *where, lb_error *err)
{
    if (fields <= ENTRY_MAX_FIELDS) return LB_OK;
    lb_fail(err, LB_TOO_LARGE, "%zu fields; at most %d are read", fields, ENTRY_MAX_FIELDS);
    lb_error_where(err, "%s", where);
    lb_error_hint(err, "split the file, or leave out columns that are not needed");
    return LB_TOO_LARGE;
}

int entry_needs_records(const entry_file *file, lb_error *err)
{
    if (file->records) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "this file has names of fields, but no records");
    lb_error_where(err, "%s", file->name);
    lb_error_hint(err, "export it again with its records");
    return LB_BAD_DATA;
}

int entry_read_csv(const lb_bytes *bytes, lb_arena *arena, entry_file *out, lb_error *err)
{
    lb_table *table;
    int code = read_as_text(bytes, arena, &table, err);
    if (code == LB_OK) code = entry_check_fields(table->columns, bytes->name, err);
    if (code != LB_OK) return code;
    *out = (entry_file){.arena = arena, .name = bytes->name, .fields = table->columns, .records = table->rows};
    out->field = lb_arena_array(arena, out->fields + 1, sizeof *out->field);
    out->flag = lb_arena_try(arena, out->records + 1, 1);
    out->cell = out->fields && out->records > SIZE_MAX / out->fields ? NULL : lb_arena_try(arena, out->fields * out->records + 1, sizeof *out->cell);
    if (!out->flag || !out->cell) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu records", out->records);
    for (size_t c = 0; c < out->fields; c++) {
        const lb_column *column = &table->column[c];
        out->field[c].name = column->name;
        char buffer[32];
        for (size_t r = 0; r < out->records; r++) {
            if (lb_column_missing(column, r)) continue;
            const char *text = lb_column_text(column, r, buffer);
            out->cell[r * out->fields + c] = text == buffer ? lb_arena_text(arena, text) : text;
        }
    }
    return LB_OK;
}

static int read_epx(const lb_bytes *bytes, const char *form, lb_arena *arena, entry_file *out, lb_error *err)
{
    xml_node *root;
    int code = xml_read(bytes, 0, arena, &root, err);
    if (code != LB_OK) return code;
    if (!xml_is(root, "EpiData")) {
        lb_fail(err, LB_BAD_DATA, "an XML file of <%.60s> holds no EpiData records", root->name);
        lb_error_where(err, "%s", bytes->name);
        lb_error_hint(err, "compare CSV, REC or EPX files");
        return LB_BAD_DATA;
    }
    epx_project project;
    code = epx_open(root, arena, &project, err);
    size_t count = project.files;
    lb_buf names = {0};
    for (size_t i = 0; i < count && code == LB_OK; i++) {
        code = epx_read_file(&project, i, out, NULL, err);
        if (code != LB_OK || (form ? lb_text_equal(form, out->name) : count == 1)) break;
        lb_buf_printf(&names, "%s%s", i ? ", " : "", out->name);
        *out = (entry_file){0};
    }
    if (code == LB_OK && out->field == NULL) {
        if (form) code = lb_fail(err, LB_BAD_DATA, "there is no data file '%.100s'", form);
        else code = lb_fail(err, LB_BAD_DATA, "the project has %zu data files", count);
        lb_error_where(err, "%s", bytes->name);
        lb_error_hint(err, "choose one with --form: %.400s", names.data ? names.data : "the project has none");
    }
    lb_buf_free(&names);
    return code;
}

int entry_read(const lb_bytes *bytes, const char *form, lb_arena *arena, entry_file *out, lb_error *err)
{
    *out = (entry_file){0};
    switch (exchange_detect(bytes)) {
    case EXCHANGE_REC: return entry_read_rec(bytes, arena, out, NULL, err);
    case EXCHANGE_XML: return read_epx(bytes, form, arena, out, err);
    case EXCHANGE_CSV:
    case EXCHANGE_DICTIONARY: return entry_read_csv(bytes, arena, out, err);
    default: break;
    }
    lb_fail(err, LB_BAD_DATA, bytes->length ? "this is neither CSV, REC nor EPX" : "the file is empty");
    lb_error_where(err, "%s", bytes->name);
    lb_error_hint(err, "give the file with the records");
    return LB_BAD_DATA;
}

size_t entry_find(const entry_file *file, const char *name)
{
    for (size_t i = 0; i < file->fields; i++)
        if (strcmp(file->field[i].name, name) == 0) return i;
    for (size_t i = 0; i < file->fields; i++)
        if (strcasecmp(file->field[i].name, name) == 0) return i;
    return file->fields;
}

static bool same_value(const entry_field *field, const char *a, const char *b)
{
    double x, y;
    if (field->kind == ENTRY_NUMBER && lb_text_number(a, strlen(a), &x) && lb_text_number(b, strlen(b), &y)) return x == y;
    return strcmp(a, b) == 0;
}

bool entry_is_missing(const entry_field *field, const char *cell)
{
    if (cell == NULL) return true;
    for (size_t i = 0; i < field->missing_count; i++)
        if (same_value(field, cell, field->missing[i])) return true;
    return false;
}

bool entry_date(const char *text, int part[3])
{
    int used = 0;
    for (int i = 0; i < 4; i++)
        if (!isdigit((unsigned char)text[i])) return false; /* most cells: no need to ask sscanf */
    return sscanf(text, "%4d-%2d-%2d%n", &part[0], &part[1], &part[2], &used) == 3 && text[used] == '\0' && part[0] >= 1000 && part[1] >= 1 &&
           part[1] <= 12 && part[2] >= 1 && part[2] <= 31;
}

/* Lower case of a letter: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic (Unicode's simple folding of these blocks). */
static uint32_t lower(uint32_t c)
{
    if (c < 128) return (uint32_t)tolower((int)c);
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    if ((c >= 0x100 && c <= 0x12F) || (c >= 0x132 && c <= 0x137) || (c >= 0x14A && c <= 0x177)) return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c + (c & 1);
    return c;
}

/* One character of well-formed UTF-8; a stray byte counts as itself. */
static uint32_t take_character(const unsigned char **p)
{
    uint32_t c = *(*p)++;
    if (c < 0xC0) return c;
    int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
    c &= 0x3Fu >> more;
    for (; more-- > 0 && (**p & 0xC0) == 0x80; ++*p) c = c << 6 | (**p & 0x3Fu);
    return c;
}

bool exchange_same_text(const char *a, const char *b, bool case_sensitive)
{
    if (case_sensitive) return strcmp(a, b) == 0;
    const unsigned char *p = (const unsigned char *)a, *q = (const unsigned char *)b;
    while (*p && *q)
        if (lower(take_character(&p)) != lower(take_character(&q))) return false;
    return *p == *q;
}

lb_value *exchange_finding(lb_value *findings, const char *severity, const char *where, const char *fmt, ...)
{
    char message[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    lb_value *row = lb_push_object(findings);
    lb_set_text(row, "where", where);
    lb_set_text(row, "severity", severity);
    message[lb_utf8_bad(message, strlen(message))] = '\0'; /* a character cut in half */
    lb_set_text(row, "message", message);
    return row;
}

void exchange_find_once(lb_value *findings, lb_value *seen, const char *severity, const char *where, const char *fmt, va_list args)
{
    enum { MOST = 200 };
    char message[400];
    vsnprintf(message, sizeof message, fmt, args);
    message[lb_utf8_bad(message, strlen(message))] = '\0';
    lb_value *row = lb_get(seen, message);
    if (!row && seen->count >= MOST) {
        snprintf(message, sizeof message, "further findings are not listed");
        row = lb_get(seen, message);
    }
    if (!row) {
        row = exchange_finding(findings, severity, where, "%s", message);
        lb_set_int(row, "count", 0);
        lb_set(seen, lb_arena_text(seen->arena, message), row);
    }
    lb_set_int(row, "count", lb_get_int(row, "count", 0) + 1);
}

bool exchange_has_errors(const lb_value *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (lb_text_equal(lb_get_text(findings->item[i], "severity", ""), "error")) return true;
    return false;
}
