/* CSV in (RFC 4180): the bytes are in memory; one pass reads every cell into its column as a number where it can. The first rows say
 * which columns are text; one in which a cell further down is not a number is read again as text in a second pass (only such columns). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "data/csv_plain.h"
#include "data/csv_scan.h"

enum { MAX_COLUMNS = 100000, MAX_MISSING = 32, FIRST_ROWS = 256 };

typedef struct reader {
    const char *start, *end;
    const char *name;
    lb_arena *arena;
    lb_error *err;
    char separator, decimal;
    const char *missing[MAX_MISSING];
    size_t missing_length[MAX_MISSING], missing_count;
    double missing_number[MAX_MISSING]; /* the words among them that are numbers: -99 */
    size_t missing_numbers;
    lb_table *table;
    double **number;       /* per column: its numbers, NULL when it is text */
    bool *text;            /* per column: read as text */
    bool *again;           /* per column: turned out to be text in this pass */
    lb_dictionary *dictionary;
    lb_buf scratch;        /* a quoted cell without its doubled quotes */
    csv_plain_reader *plain; /* NULL: every cell is taken by itself */
    size_t newlines;       /* of the whole text */
} reader;

static int refuse(reader *r, size_t line, const char *hint, const char *fmt, ...) LB_PRINTF(4, 5);
static int refuse(reader *r, size_t line, const char *hint, const char *fmt, ...)
{
    char message[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    lb_fail(r->err, LB_BAD_DATA, "%s", message);
    if (line) lb_error_where(r->err, "%s:%zu", r->name, line);
    else lb_error_where(r->err, "%s", r->name);
    if (hint) lb_error_hint(r->err, "%s", hint);
    return LB_BAD_DATA;
}

/* The cell at *p: its text, and whether it was quoted. *p moves to the separator, line end or end. */
static int take_cell(reader *r, const char **p, size_t *line, const char **text, size_t *length, bool *quoted)
{
    const char *s = *p, *end = r->end;
    while (s < end && *s == ' ') s++;
    *quoted = s < end && *s == '"';
    if (!*quoted) {
        const char *stop = s;
        while (stop < end && *stop != r->separator && *stop != '\n') stop++;
        *p = stop;
        if (stop > s && stop[-1] == '\r' && (stop == end || *stop == '\n')) stop--;
        while (stop > s && (stop[-1] == ' ' || stop[-1] == '\t')) stop--;
        *text = s;
        *length = (size_t)(stop - s);
        return LB_OK;
    }
    size_t opened = *line;
    r->scratch.length = 0;
    const char *piece = ++s;
    for (;; s++) {
        if (s >= end) return refuse(r, opened, "close the quote, or double it (\"\") inside a cell", "a quote opens here and never closes");
        if (*s == '\n') ++*line;
        if (*s != '"') continue;
        if (s + 1 < end && s[1] == '"') { /* a doubled quote stands for one */
            lb_buf_add(&r->scratch, piece, (size_t)(s + 1 - piece));
            piece = s + 2;
            s++;
            continue;
        }
        break;
    }
    if (r->scratch.length) {
        lb_buf_add(&r->scratch, piece, (size_t)(s - piece));
        *text = r->scratch.data;
        *length = r->scratch.length;
    } else {
        *text = piece;
        *length = (size_t)(s - piece);
    }
    for (s++; s < end && (*s == ' ' || *s == '\r'); s++) {}
    if (s < end && *s != r->separator && *s != '\n')
        return refuse(r, *line, "double a quote inside a cell (\"\")", "text follows a closing quote");
    *p = s;
    return LB_OK;
}

static bool is_missing(const reader *r, const char *text, size_t length)
{
    if (length == 0) return true;
    for (size_t i = 0; i < r->missing_count; i++)
        if (r->missing_length[i] == length && memcmp(text, r->missing[i], length) == 0) return true;
    return false;
}

static bool cell_number(const reader *r, const char *text, size_t length, double *out)
{
    if (r->decimal == '.') return lb_text_number(text, length, out);
    char copy[64];
    if (length >= sizeof copy || memchr(text, '.', length)) return false;
    memcpy(copy, text, length);
    char *comma = memchr(copy, r->decimal, length);
    if (comma) *comma = '.';
    return lb_text_number(copy, length, out);
}

static int read_cell(reader *r, const char **p, size_t *line, size_t row, size_t c)
{
    lb_column *column = &r->table->column[c];
    const char *text;
    size_t length;
    bool quoted;
    int code = take_cell(r, p, line, &text, &length, &quoted);
    if (code != LB_OK || r->again[c]) return code;
    bool missing = is_missing(r, text, length);
    if (r->text[c]) {
        column->code[row] = missing ? -1 : lb_dictionary_code(&r->dictionary[c], text, length, *line);
        if (!missing && column->code[row] < 0) return refuse(r, *line, NULL, "too many different texts in '%s'", column->name);
        column->missing += missing;
    } else if (missing) {
        r->number[c][row] = NAN;
        column->missing++;
    } else if (!cell_number(r, text, length, &r->number[c][row])) {
        r->again[c] = true; /* keep going: this pass still checks the shape of the file */
        r->number[c] = NULL;
    }
    return LB_OK;
}

static int refuse_shape(reader *r, const char *p, size_t line, size_t cells)
{
    for (const char *s = p; s < r->end && *s != '\n'; s++) cells += *s == r->separator;
    return refuse(r, line, "check for a stray separator, an unquoted comma (also in numbers such as 3,5) or a line break inside a cell",
                  "this row has %zu cells, the header has %zu", cells, r->table->columns);
}

/* The rows below the header, `most` of them at most. `only` NULL reads every column; else only the columns that are marked. */
static int read_rows(reader *r, const char *p, size_t line, const bool *only, size_t most, size_t *rows)
{
    const size_t columns = r->table->columns;
    csv_plain w = {r->start, r->end, r->separator, r->decimal, r->table->column, r->number, columns, 0, 0};
    size_t begun = line;
    while ((p < r->end || w.at > 0) && w.row < most) {
        if (r->plain && !only && r->number[w.at]) {
            size_t before = w.row;
            p = r->plain(&w, p);
            line += w.row - before;
            if (w.row > before) begun = line;
            if (p == r->end && w.at == 0) break;
        }
        if (w.at == 0 && (*p == '\n' || (*p == '\r' && p + 1 < r->end && p[1] == '\n'))) { /* an empty line */
            p += *p == '\r' ? 2 : 1;
            begun = ++line;
            continue;
        }
        const char *text;
        size_t length;
        bool quoted;
        int code = only && !only[w.at] ? take_cell(r, &p, &line, &text, &length, &quoted) : read_cell(r, &p, &line, w.row, w.at);
        if (code != LB_OK) return code;
        w.at++;
        bool more = p < r->end && *p == r->separator;
        if (more != (w.at < columns)) return refuse_shape(r, p, begun, w.at);
        if (p < r->end) p++; /* the separator or line end */
        if (more) continue;
        begun = ++line;
        w.row++;
        w.at = 0;
    }
    *rows = w.row;
    return LB_OK;
}

static char find_separator(const char *p, const char *end)
{
    const char candidates[] = ",;\t|";
    size_t count[4] = {0};
    bool quoted = false;
    for (; p < end && (quoted || *p != '\n'); p++) {
        if (*p == '"') quoted = !quoted;
        const char *found = quoted || *p == '\0' ? NULL : strchr(candidates, *p);
        if (found) count[found - candidates]++;
    }
    size_t best = 0;
    for (size_t i = 1; i < 4; i++)
        if (count[i] > count[best]) best = i;
    return candidates[best];
}

/* A heading as a name: line breaks are spaces, edges and pasted byte order marks go, other control characters are damage. */
static int clean_name(reader *r, const char *text, size_t length, size_t number, char **out)
{
    char *name = lb_arena_textn(r->arena, text, length);
    for (char *c = name; *c; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t') *c = ' ';
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return refuse(r, 1, "the file is damaged or not a text file", "the name of column %zu holds a control character", number);
    }
    while (length > 0 && name[length - 1] == ' ') name[--length] = '\0';
    while (*name == ' ' || strncmp(name, "\xEF\xBB\xBF", 3) == 0) name += *name == ' ' ? 1 : 3;
    if (*name == '\0') return refuse(r, 1, "give every column a name (from R: write.csv(…, row.names = FALSE))", "column %zu has no name", number);
    *out = name;
    return LB_OK;
}

static int read_header(reader *r, const char **p, size_t *line)
{
    size_t room = 0, count = 0;
    lb_column *column = NULL;
    for (;;) {
        const char *text;
        size_t length;
        bool quoted;
        int code = take_cell(r, p, line, &text, &length, &quoted);
        if (code != LB_OK) return code;
        if (count >= MAX_COLUMNS) return refuse(r, 1, NULL, "more than %d columns", MAX_COLUMNS);
        column = lb_arena_grow(r->arena, column, count, &room, 16, sizeof *column);
        char *name = NULL;
        code = clean_name(r, text, length, count + 1, &name);
        if (code != LB_OK) return code;
        column[count++].name = name;
        bool more = *p < r->end && **p == r->separator;
        if (*p < r->end) ++*p;
        if (!more) break;
    }
    ++*line;
    r->table->column = column;
    r->table->columns = count;
    lb_dictionary names = {.arena = r->arena};
    int code = LB_OK;
    for (size_t i = 0; i < count && code == LB_OK; i++)
        if (lb_dictionary_code(&names, column[i].name, strlen(column[i].name), 1) != (int32_t)i)
            code = refuse(r, 1, "rename one of them", "two columns are called '%s'", column[i].name);
    lb_dictionary_free(&names);
    return code;
}

/* Things that no CSV holds, told plainly before anything is parsed. */
static int check_bytes(reader *r)
{
    size_t length = (size_t)(r->end - r->start);
    const unsigned char *b = (const unsigned char *)r->start;
    if (length >= 2 && ((b[0] == 0xFF && b[1] == 0xFE) || (b[0] == 0xFE && b[1] == 0xFF)))
        return refuse(r, 0, "save it as \"CSV UTF-8\"", "this file is UTF-16");
    if (length >= 4 && memcmp(b, "PK\3\4", 4) == 0)
        return refuse(r, 0, "save the sheet as \"CSV UTF-8\"", "this is a spreadsheet or zip file, not CSV");
    scan_survey found = scan_text(r->start, length);
    r->newlines = found.newlines;
    const char *nul = found.nul ? memchr(r->start, 0, length) : NULL;
    size_t bad = !nul && !found.beyond_ascii ? length : nul ? (size_t)(nul - r->start) : lb_utf8_bad(r->start, length);
    if (bad < length) {
        size_t line = 1;
        for (size_t i = 0; i < bad; i++) line += r->start[i] == '\n';
        return nul ? refuse(r, line, "the file is damaged or not a text file", "a NUL byte at offset %zu", bad)
                   : refuse(r, line, "save it as UTF-8 (from Excel: \"CSV UTF-8\")", "not UTF-8: byte 0x%02x at offset %zu", b[bad], bad);
    }
    if (length && found.newlines == 0 && memchr(r->start, '\r', length))
        return refuse(r, 0, "convert the line ends to \\n", "lines end in a bare carriage return");
    return LB_OK;
}

/* Numbers lie in one block, column after column: one block has large pages (arena.c). */
static int allocate(reader *r, size_t rows)
{
    size_t numbers = 0, columns = r->table->columns;
    for (size_t c = 0; c < columns; c++) numbers += !r->text[c];
    double *next = numbers ? lb_arena_try(r->arena, rows + 1, numbers * sizeof *next) : NULL;
    bool short_of = numbers && !next;
    for (size_t c = 0; c < columns && !short_of; c++) {
        lb_column *column = &r->table->column[c];
        if (r->text[c]) {
            r->number[c] = NULL;
            column->code = lb_arena_try(r->arena, rows + 1, sizeof *column->code);
            short_of = column->code == NULL;
        } else {
            r->number[c] = next;
            next += rows + 1;
        }
    }
    return short_of ? lb_fail(r->err, LB_NO_MEMORY, "not enough memory for %zu rows × %zu columns", rows, columns) : LB_OK;
}

/* A text column that is mostly numbers: which cell keeps it from being one; or are they decimal commas? */
static void describe_text(const reader *r, lb_column *column, const lb_dictionary *d)
{
    enum { NUMBER = 1, COMMA = 2 };
    uint8_t *kind = lb_alloc(d->count + 1, 1);
    size_t commas = 0, fits = 0;
    for (size_t i = 0; i < d->count; i++) {
        double value;
        if (cell_number(r, d->level[i], d->length[i], &value)) kind[i] = NUMBER;
        char copy[64];
        if (d->length[i] < sizeof copy && !strchr(d->level[i], '.')) {
            memcpy(copy, d->level[i], d->length[i] + 1u);
            char *comma = strchr(copy, ',');
            if (comma) *comma = '.';
            if (lb_text_number(copy, d->length[i], &value)) {
                fits++;
                commas += comma != NULL;
                if (comma) kind[i] |= COMMA;
            }
        }
    }
    column->decimal_comma = r->decimal == '.' && commas > 0 && fits == d->count;
    int32_t odd = -1;
    for (size_t row = 0; row < r->table->rows; row++) {
        int32_t code = column->code[row];
        if (code < 0) continue;
        if (kind[code] & NUMBER) column->number_cells++;
        else if (odd < 0) odd = code;
    }
    if (odd >= 0) {
        column->odd_line = d->line[odd];
        column->odd_text = d->level[odd];
    }
    free(kind);
}

/* Room for the rows, and what the first of them say of the columns: text that is found here need not be read twice. */
static int prepare(reader *r, const char *body, size_t line)
{
    lb_table *table = r->table;
    size_t most = (size_t)(r->end - body) / table->columns + 1; /* a row has at least columns - 1 separators and an end */
    size_t bound = r->newlines + 1 < most ? r->newlines + 1 : most, rows;
    int code = LB_OK;
    if (bound > FIRST_ROWS) {
        csv_plain_reader *plain = r->plain;
        r->plain = NULL; /* it knows no limit of rows */
        code = allocate(r, FIRST_ROWS);
        if (code == LB_OK) code = read_rows(r, body, line, NULL, FIRST_ROWS, &rows);
        r->plain = plain;
    }
    for (size_t c = 0; c < table->columns; c++) {
        r->text[c] |= r->again[c];
        r->again[c] = false;
        table->column[c].missing = 0;
    }
    return code == LB_OK ? allocate(r, bound) : code;
}

/* Numbers that stand for missing values, however they are written (-99, -99.0). */
static void drop_missing_numbers(const reader *r, lb_column *column)
{
    for (size_t row = 0; row < r->table->rows; row++)
        for (size_t i = 0; i < r->missing_numbers; i++) {
            if (column->number[row] != r->missing_number[i]) continue;
            column->number[row] = NAN;
            column->missing++;
        }
}

static int read_columns(reader *r, const char *body, size_t line)
{
    lb_table *table = r->table;
    int code = prepare(r, body, line);
    if (code == LB_OK) code = read_rows(r, body, line, NULL, SIZE_MAX, &table->rows);
    bool repeat = false, *again = r->again;
    for (size_t c = 0; c < table->columns && code == LB_OK; c++) {
        if (!again[c]) continue;
        repeat = r->text[c] = true;
        table->column[c].missing = 0;
        table->column[c].code = lb_arena_try(r->arena, table->rows + 1, sizeof(int32_t));
        if (table->column[c].code == NULL) code = lb_fail(r->err, LB_NO_MEMORY, "not enough memory for %zu rows", table->rows);
    }
    r->again = lb_arena_array(r->arena, table->columns, sizeof *r->again);
    size_t rows;
    if (code == LB_OK && repeat) code = read_rows(r, body, line, again, SIZE_MAX, &rows);
    for (size_t c = 0; c < table->columns && code == LB_OK; c++) {
        table->column[c].type = r->text[c] ? LB_TEXT : LB_NUMBER;
        if (!r->text[c]) {
            table->column[c].number = r->number[c];
            drop_missing_numbers(r, &table->column[c]);
            continue;
        }
        describe_text(r, &table->column[c], &r->dictionary[c]);
        lb_dictionary_sort(&r->dictionary[c], &table->column[c], table->rows);
    }
    return code;
}

static void set_options(reader *r, const lb_csv_options *options)
{
    size_t count;
    char **words = lb_text_split(r->arena, options->missing ? options->missing : "NA", ',', &count);
    for (size_t i = 0; i < count && r->missing_count < MAX_MISSING; i++) {
        r->missing[r->missing_count] = words[i];
        r->missing_length[r->missing_count++] = strlen(words[i]);
        if (lb_text_number(words[i], strlen(words[i]), &r->missing_number[r->missing_numbers])) r->missing_numbers++;
    }
    r->decimal = options->decimal ? options->decimal : '.';
}

int lb_csv_read(const lb_bytes *bytes, const lb_csv_options *options, lb_arena *arena, lb_table **out, lb_error *err)
{
    return lb_csv_read_by(lb_csv_plain_best(), bytes, options, arena, out, err);
}

/* The text below its byte order mark. */
static int read_text(reader *r, const lb_csv_options *options)
{
    if (r->end - r->start >= 3 && memcmp(r->start, "\xEF\xBB\xBF", 3) == 0) r->start += 3;
    const char *first = r->start;
    while (first < r->end && strchr(" \t\r\n", *first)) first++;
    if (first == r->end) return refuse(r, 0, "the first line holds the column names", r->start == r->end ? "the file is empty" : "the file holds blank lines alone");
    if (*r->start == '\n' || (*r->start == '\r' && r->start[1] == '\n'))
        return refuse(r, 1, "delete the blank lines above the column names", "the first line is blank");
    r->separator = options->separator ? options->separator : find_separator(r->start, r->end);
    const char *p = r->start;
    size_t line = 1;
    int code = read_header(r, &p, &line);
    if (code != LB_OK) return code;
    size_t columns = r->table->columns, texts;
    r->number = lb_arena_array(r->arena, columns, sizeof *r->number);
    r->text = lb_arena_array(r->arena, columns, sizeof *r->text);
    r->again = lb_arena_array(r->arena, columns, sizeof *r->again);
    r->dictionary = lb_arena_array(r->arena, columns, sizeof *r->dictionary);
    for (size_t c = 0; c < columns; c++) r->dictionary[c].arena = r->arena;
    char **names = lb_text_split(r->arena, options->text_columns, ',', &texts);
    for (size_t i = 0; i < texts; i++) {
        lb_column *column = lb_table_find(r->table, names[i]);
        if (column) r->text[column - r->table->column] = true;
    }
    code = read_columns(r, p, line);
    for (size_t c = 0; c < columns; c++) lb_dictionary_free(&r->dictionary[c]);
    return code;
}

/* The two halves of reading, which know nothing of each other. */
typedef struct halves {
    reader *reader;
    const lb_csv_options *options;
    const lb_bytes *bytes;
    char sha256[65];
    int code;
} halves;

static void read_half(void *context, size_t index)
{
    halves *h = context;
    if (index == 1) {
        lb_sha256_hex(h->bytes->data, h->bytes->length, h->sha256);
        return;
    }
    h->code = check_bytes(h->reader);
    if (h->code == LB_OK) h->code = read_text(h->reader, h->options);
}

int lb_csv_read_by(csv_plain_reader *plain, const lb_bytes *bytes, const lb_csv_options *options, lb_arena *arena, lb_table **out, lb_error *err)
{
    enum { WORTH_A_THREAD = 1 << 20 };
    static const lb_csv_options preset = LB_CSV_OPTIONS_INIT;
    if (options == NULL) options = &preset;
    *out = NULL;
    reader r = {.start = (const char *)bytes->data, .name = bytes->name ? bytes->name : "table", .arena = arena, .err = err};
    r.end = r.start + bytes->length;
    size_t max = options->max_bytes ? options->max_bytes : lb_max_input();
    if (bytes->length > max) {
        lb_fail(err, LB_TOO_LARGE, "the table is larger than %.3g MiB", (double)max / 1048576.0);
        lb_error_where(err, "%s", r.name);
        return LB_TOO_LARGE;
    }
    r.table = lb_table_new(arena, r.name, 0);
    set_options(&r, options);
    if (r.decimal == '.' || r.decimal == ',') r.plain = plain;
    halves h = {.reader = &r, .options = options, .bytes = bytes};
    bool beside = options->threads != 1 && bytes->length >= WORTH_A_THREAD;
    if (beside) lb_parallel_for(2, options->threads, read_half, &h);
    else read_half(&h, 0);
    lb_buf_free(&r.scratch);
    if (h.code == LB_OK && !beside) read_half(&h, 1);
    if (h.code == LB_OK && options->codebook) h.code = lb_codebook_apply(options->codebook, r.table, err);
    if (h.code != LB_OK) return h.code;
    memcpy(r.table->sha256, h.sha256, sizeof h.sha256);
    *out = r.table;
    return LB_OK;
}
