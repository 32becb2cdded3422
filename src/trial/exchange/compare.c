/* Double entry, file against file: EpiData's "validate duplicate files". Records are joined by their key; the second record
 * with a key is not unique and skipped; a common record has an error when at least one compared field differs. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial/exchange/exchange.h"

typedef struct keyed {
    const char *key;
    size_t record;
    bool skipped; /* deleted, or not the first with its key */
} keyed;

typedef struct side {
    const entry_file *file;
    size_t *key_field, *field; /* of the key; of each compared field */
    keyed *by_record, *sorted; /* every record; the joinable ones by key */
    size_t kept;
} side;

typedef struct comparison {
    const compare_options *options;
    side main, duplicate;
    entry_kind *key_kind, *kind;
    const char **name;
    size_t fields;
    lb_arena *arena;
} comparison;

static void count_kinds(const entry_file *file, size_t field, size_t count[3])
{
    for (size_t r = 0; r < file->records; r++) {
        const char *cell = entry_cell(file, r, field);
        double number;
        int part[3];
        if (!cell) continue;
        count[0]++;
        count[1] += lb_text_number(cell, strlen(cell), &number);
        count[2] += entry_date(cell, part);
    }
}

/* What a field holds: as declared (REC, EPX), else numbers or dates when most cells of both files are. */
static entry_kind kind_of(const entry_file *a, size_t fa, const entry_file *b, size_t fb)
{
    if (a->field[fa].kind != ENTRY_UNKNOWN) return a->field[fa].kind;
    if (b->field[fb].kind != ENTRY_UNKNOWN) return b->field[fb].kind;
    size_t count[3] = {0};
    count_kinds(a, fa, count);
    count_kinds(b, fb, count);
    if (count[0] == 0) return ENTRY_UNKNOWN;
    return 2 * count[1] > count[0] ? ENTRY_NUMBER : 2 * count[2] > count[0] ? ENTRY_DATE : ENTRY_TEXT;
}

static void count_whole(const entry_file *file, size_t field, size_t count[2])
{
    for (size_t r = 0; r < file->records; r++) {
        const char *cell = entry_cell(file, r, field);
        double number;
        if (!cell || !lb_text_number(cell, strlen(cell), &number)) continue;
        count[0]++;
        count[1] += cell[strcspn(cell, ".eE")] == '\0';
    }
}

/* The kind in a word; a number is whole when most of them are written so, unless decimals are declared. */
static const char *kind_word(const entry_file *a, size_t fa, const entry_file *b, size_t fb)
{
    size_t count[2] = {0};
    switch (kind_of(a, fa, b, fb)) {
    case ENTRY_DATE: return "date";
    case ENTRY_TIME: return "time";
    case ENTRY_NUMBER: break;
    default: return "string";
    }
    count_whole(a, fa, count);
    count_whole(b, fb, count);
    return a->field[fa].decimals || b->field[fb].decimals || 2 * count[1] <= count[0] ? "float" : "integer";
}

static bool same_cell(const char *a, const char *b, entry_kind kind, bool case_sensitive)
{
    double x, y;
    int p[3], q[3];
    if (!a || !b) return a == b;
    if (kind == ENTRY_NUMBER && lb_text_number(a, strlen(a), &x) && lb_text_number(b, strlen(b), &y)) return x == y;
    if (kind == ENTRY_DATE && entry_date(a, p) && entry_date(b, q)) return memcmp(p, q, sizeof p) == 0;
    return exchange_same_text(a, b, case_sensitive);
}

static int no_field(const entry_file *file, const char *what, const char *name, lb_error *err)
{
    const char **names = lb_alloc(file->fields + 1, sizeof *names);
    for (size_t i = 0; i < file->fields; i++) names[i] = file->field[i].name;
    const char *near = lb_text_nearest(name, names, file->fields);
    free(names);
    lb_fail(err, LB_BAD_DATA, "%s '%.100s' is not a field of this file", what, name);
    lb_error_where(err, "%s", file->name);
    if (near) lb_error_hint(err, "did you mean '%.100s'?", near);
    else lb_error_hint(err, "name fields that are in both files");
    return LB_BAD_DATA;
}

static bool listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(list[i], name) == 0) return true;
    return false;
}

static int choose_fields(comparison *c, lb_value *results, lb_error *err)
{
    const compare_options *o = c->options;
    const entry_file *a = c->main.file, *b = c->duplicate.file;
    c->key_kind = lb_arena_array(c->arena, o->key_count, sizeof *c->key_kind);
    c->main.key_field = lb_arena_array(c->arena, o->key_count, sizeof(size_t));
    c->duplicate.key_field = lb_arena_array(c->arena, o->key_count, sizeof(size_t));
    for (size_t k = 0; k < o->key_count; k++) {
        size_t fa = c->main.key_field[k] = entry_find(a, o->key[k]);
        size_t fb = c->duplicate.key_field[k] = entry_find(b, o->key[k]);
        if (fa == a->fields || fb == b->fields) return no_field(fa == a->fields ? a : b, "the key", o->key[k], err);
        c->key_kind[k] = kind_of(a, fa, b, fb);
    }
    for (size_t i = 0; i < o->ignore_count; i++)
        if (entry_find(a, o->ignore[i]) == a->fields && entry_find(b, o->ignore[i]) == b->fields)
            return no_field(a, "the ignored", o->ignore[i], err);
    c->main.field = lb_arena_array(c->arena, a->fields + 1, sizeof(size_t));
    c->duplicate.field = lb_arena_array(c->arena, a->fields + 1, sizeof(size_t));
    c->kind = lb_arena_array(c->arena, a->fields + 1, sizeof *c->kind);
    c->name = lb_arena_array(c->arena, a->fields + 1, sizeof *c->name);
    lb_value *only_main = lb_set_array(results, "fields_only_main"), *only_duplicate = lb_set_array(results, "fields_only_duplicate");
    lb_value *types = lb_set_object(results, "field_types");
    for (size_t f = 0; f < a->fields; f++) {
        const char *name = a->field[f].name;
        size_t fb = entry_find(b, name);
        if (fb == b->fields) lb_push_text(only_main, name);
        else lb_set_text(types, name, kind_word(a, f, b, fb));
        if (fb == b->fields || listed(o->key, o->key_count, name) || listed(o->ignore, o->ignore_count, name)) continue;
        entry_kind kind = kind_of(a, f, b, fb);
        if (o->exclude_text && kind == ENTRY_TEXT) continue;
        c->main.field[c->fields] = f;
        c->duplicate.field[c->fields] = fb;
        c->kind[c->fields] = kind;
        c->name[c->fields++] = name;
    }
    for (size_t f = 0; f < b->fields; f++)
        if (entry_find(a, b->field[f].name) == a->fields) lb_push_text(only_duplicate, b->field[f].name);
    if (c->fields > 0) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "no field is left to compare");
    lb_error_where(err, "%s", b->name);
    lb_error_hint(err, "the files must share fields beside the key that are not ignored");
    return LB_BAD_DATA;
}

static int by_key(const void *x, const void *y)
{
    const keyed *a = x, *b = y;
    int order = strcmp(a->key, b->key);
    return order ? order : (a->record > b->record) - (a->record < b->record);
}

/* A number as digits that sort as the numbers do: the bits of a double, negative ones turned over. */
static const char *sortable(double number, char buffer[17])
{
    uint64_t bits;
    number = number == 0 ? 0.0 : number; /* -0 is 0 */
    memcpy(&bits, &number, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
    snprintf(buffer, 17, "%016" PRIx64, bits);
    return buffer;
}

/* The key of a record as one text that sorts; 007 finds 7. */
static const char *key_text(const comparison *c, const side *s, size_t record)
{
    lb_buf text = {0};
    for (size_t k = 0; k < c->options->key_count; k++) {
        const char *cell = entry_cell(s->file, record, s->key_field[k]);
        double number;
        char buffer[17];
        if (cell && c->key_kind[k] == ENTRY_NUMBER && lb_text_number(cell, strlen(cell), &number)) cell = sortable(number, buffer);
        lb_buf_printf(&text, "%s\x1f", cell ? cell : "");
    }
    const char *out = lb_arena_text(c->arena, text.data ? text.data : "");
    lb_buf_free(&text);
    return out;
}

static void set_key(const comparison *c, const side *s, size_t record, lb_value *row)
{
    for (size_t k = 0; k < c->options->key_count; k++) {
        const char *cell = entry_cell(s->file, record, s->key_field[k]);
        lb_set_text(row, s->file->field[s->key_field[k]].name, cell ? cell : "");
    }
}

static int index_side(const comparison *c, side *s, lb_value *non_unique, lb_error *err)
{
    size_t n = s->file->records;
    s->sorted = lb_arena_try(c->arena, n + 1, sizeof *s->sorted);
    s->by_record = lb_arena_try(c->arena, n + 1, sizeof *s->by_record);
    if (!s->sorted || !s->by_record) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu records", n);
    for (size_t r = 0; r < n; r++)
        s->by_record[r] = (keyed){key_text(c, s, r), r, s->file->flag[r] == ENTRY_DELETED};
    size_t live = 0;
    for (size_t r = 0; r < n; r++)
        if (!s->by_record[r].skipped) s->sorted[live++] = s->by_record[r];
    if (live) qsort(s->sorted, live, sizeof *s->sorted, by_key);
    for (size_t i = 0; i < live; i++) {
        if (s->kept && strcmp(s->sorted[s->kept - 1].key, s->sorted[i].key) == 0) s->by_record[s->sorted[i].record].skipped = true;
        else s->sorted[s->kept++] = s->sorted[i];
    }
    for (size_t r = 0; r < n; r++)
        if (s->by_record[r].skipped && s->file->flag[r] != ENTRY_DELETED) set_key(c, s, r, lb_push_object(non_unique));
    return LB_OK;
}

/* The record of the other side with this key, or NULL. */
static const keyed *find_key(const side *s, const char *key)
{
    size_t low = 0, high = s->kept;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(s->sorted[middle].key, key);
        if (order == 0) return &s->sorted[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

static void list_missing(const comparison *c, const side *from, const side *in, lb_value *list)
{
    for (size_t i = 0; i < from->kept; i++)
        if (!find_key(in, from->sorted[i].key)) set_key(c, from, from->sorted[i].record, lb_push_object(list));
}

static size_t compare_record(const comparison *c, size_t a, size_t b, lb_value *differences)
{
    size_t errors = 0;
    for (size_t f = 0; f < c->fields; f++) {
        const char *x = entry_cell(c->main.file, a, c->main.field[f]), *y = entry_cell(c->duplicate.file, b, c->duplicate.field[f]);
        if (same_cell(x, y, c->kind[f], c->options->case_sensitive)) continue;
        lb_value *row = lb_push_object(differences);
        set_key(c, &c->main, a, lb_set_object(row, "key"));
        lb_set_text(row, "field", c->name[f]);
        lb_set_text(row, "main", x ? x : "");
        lb_set_text(row, "duplicate", y ? y : "");
        lb_set_int(row, "record_main", (int64_t)a + 1);
        lb_set_int(row, "record_duplicate", (int64_t)b + 1);
        errors++;
    }
    return errors;
}

/* Two decimals, as EpiData prints them; 100 when there is nothing in common. */
static double percent(size_t part, double whole)
{
    return whole > 0 ? floor(1e4 * (double)part / whole + 0.5) / 100 : 100.0;
}

static size_t live_records(const entry_file *file)
{
    size_t live = 0;
    for (size_t r = 0; r < file->records; r++) live += file->flag[r] != ENTRY_DELETED;
    return live;
}

int exchange_compare(const entry_file *main, const entry_file *duplicate, const compare_options *options, lb_value *results,
                     lb_error *err)
{
    comparison c = {.options = options, .main.file = main, .duplicate.file = duplicate, .arena = main->arena};
    lb_value *empty = lb_value_array(c.arena);
    lb_set_int(results, "records_main", (int64_t)live_records(main));
    lb_set_int(results, "records_duplicate", (int64_t)live_records(duplicate));
    for (const char *const *key = (const char *const[]){"common", "fields_compared", "records_with_errors", "record_error_percent", "field_errors",
                                                        "field_error_percent", NULL}; *key; key++)
        lb_set_null(results, *key); /* the order of the report */
    int code = choose_fields(&c, results, err);
    if (code == LB_OK) code = index_side(&c, &c.main, lb_set_array(results, "non_unique_main"), err);
    if (code == LB_OK) code = index_side(&c, &c.duplicate, lb_set_array(results, "non_unique_duplicate"), err);
    if (code != LB_OK) return code;
    lb_value *missing_main = lb_set_array(results, "missing_in_main"), *missing_duplicate = lb_set_array(results, "missing_in_duplicate");
    list_missing(&c, &c.duplicate, &c.main, options->ignore_missing_records ? empty : missing_main);
    list_missing(&c, &c.main, &c.duplicate, options->ignore_missing_records ? empty : missing_duplicate);
    lb_value *differences = lb_set_array(results, "differences");
    size_t common = 0, with_errors = 0, errors = 0;
    for (size_t i = 0; i < c.main.kept; i++) {
        const keyed *other = find_key(&c.duplicate, c.main.sorted[i].key);
        if (!other) continue;
        size_t found = compare_record(&c, c.main.sorted[i].record, other->record, differences);
        common++;
        with_errors += found > 0;
        errors += found;
    }
    lb_set_int(results, "common", (int64_t)common);
    lb_set_int(results, "fields_compared", (int64_t)c.fields);
    lb_set_int(results, "records_with_errors", (int64_t)with_errors);
    lb_set_number(results, "record_error_percent", percent(with_errors, (double)common));
    lb_set_int(results, "field_errors", (int64_t)errors);
    lb_set_number(results, "field_error_percent", percent(errors, (double)common * (double)c.fields));
    return LB_OK;
}
