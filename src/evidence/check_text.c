/* How cells are written. A typographic minus and a lone decimal comma have one meaning and are repaired by that rule;
 * everything else is named and left. */
#include "evidence/check.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- what a column is ---------------------------------------------------------------------------------------------- */

/* Is `word` a part of the name between its joints (_ . - or a digit)? */
static bool has_word(const char *name, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = name; *at; at++) {
        bool begins = at == name || !isalpha((unsigned char)at[-1]), ends = !isalpha((unsigned char)at[length < strlen(at) ? length : strlen(at)]);
        if (begins && ends && strncasecmp(at, word, length) == 0) return true;
    }
    return false;
}

/* m1i, sd2i, n1i of metafor: a role before a number and i. */
static bool has_prefix(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncasecmp(name, prefix, length) == 0 && isdigit((unsigned char)name[length]);
}

static lb_check_role role_of(const char *name)
{
    if (has_word(name, "sd") || has_word(name, "sds") || has_prefix(name, "sd")) return LB_ROLE_SD;
    if (has_word(name, "se") || has_word(name, "sem") || has_word(name, "sei")) return LB_ROLE_SE;
    if (has_word(name, "mean") || has_word(name, "m") || has_prefix(name, "m")) return LB_ROLE_MEAN;
    if (has_word(name, "n") || has_word(name, "total") || has_word(name, "ni") || has_prefix(name, "n")) return LB_ROLE_N;
    if (has_word(name, "r") || has_word(name, "ri") || has_word(name, "corr") || has_word(name, "correlation")) return LB_ROLE_CORRELATION;
    if (has_word(name, "vi") || has_word(name, "variance") || has_word(name, "var")) return LB_ROLE_VARIANCE;
    return LB_ROLE_OTHER;
}

/* "post_sd_i" and "post_m_i" belong together: the same name without the word of the role. */
static void stem_of(const char *name, char *out, size_t size)
{
    static const char *const words[] = {"sd", "mean", "m", "n", "se", "total"};
    size_t length = 0;
    for (const char *at = name; *at && length + 1 < size;) {
        bool begins = at == name || !isalpha((unsigned char)at[-1]), skipped = false;
        for (size_t w = 0; begins && w < LB_COUNT(words) && !skipped; w++) {
            size_t n = strlen(words[w]);
            if (strncasecmp(at, words[w], n) != 0 || isalpha((unsigned char)at[n])) continue;
            at += n;
            skipped = true;
        }
        if (skipped) continue;
        if (*at != '_' && *at != '.') out[length++] = (char)tolower((unsigned char)*at);
        at++;
    }
    out[length] = '\0';
}

static void join_columns(lb_check *check)
{
    for (size_t a = 0; a < check->columns; a++) {
        lb_check_column *c = &check->column[a];
        c->mean = c->sd = c->n = -1;
        char mine[120], theirs[120];
        stem_of(c->column->name, mine, sizeof mine);
        if (c->role != LB_ROLE_MEAN && c->role != LB_ROLE_SD && c->role != LB_ROLE_SE) continue;
        for (size_t b = 0; b < check->columns; b++) {
            stem_of(check->column[b].column->name, theirs, sizeof theirs);
            /* A table with a row per visit has one n for all: a column named n alone goes with every stem. */
            bool same = strcmp(mine, theirs) == 0, shared = check->column[b].role == LB_ROLE_N && !*theirs && c->n < 0;
            if (!same && !shared) continue;
            if (check->column[b].role == LB_ROLE_MEAN && same) c->mean = (int)b;
            if (check->column[b].role == LB_ROLE_SD && same) c->sd = (int)b;
            if (check->column[b].role == LB_ROLE_N) c->n = (int)b;
        }
    }
}

/* -- numbers ------------------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median of the magnitudes, and the range of the values that lie within a factor of 30 of it. */
static void describe(lb_check_column *c, size_t rows, lb_arena *arena)
{
    double *size = lb_arena_array(arena, rows + 1, sizeof *size);
    size_t n = 0;
    c->median = c->low = c->high = NAN;
    for (size_t i = 0; i < rows; i++)
        if (!isnan(c->number[i]) && c->number[i] != 0) size[n++] = fabs(c->number[i]);
    if (n < 3) return;
    qsort(size, n, sizeof *size, by_size);
    c->median = n % 2 ? size[n / 2] : (size[n / 2 - 1] + size[n / 2]) / 2;
    for (size_t i = 0; i < rows; i++) {
        double x = c->number[i];
        if (isnan(x) || fabs(x) > 30 * c->median) continue;
        c->low = isnan(c->low) ? x : fmin(c->low, x);
        c->high = isnan(c->high) ? x : fmax(c->high, x);
    }
}

/* The minus signs of typography and the space of thousands, as people paste them. */
static const char *plain_number(const char *text, char *out, size_t size, bool *minus)
{
    static const char *const minuses[] = {"\xe2\x88\x92", "\xe2\x80\x93", "\xe2\x80\x92", "\xef\xbc\x8d", "\xe2\x80\x90"};
    size_t length = 0;
    *minus = false;
    while (*text && length + 1 < size) {
        bool found = false;
        for (size_t i = 0; i < LB_COUNT(minuses) && !found; i++) {
            if (strncmp(text, minuses[i], 3) != 0) continue;
            out[length++] = '-';
            text += 3;
            *minus = found = true;
        }
        if (!found) out[length++] = *text++;
    }
    out[length] = '\0';
    return out;
}

/* "41,2": digits, one comma, digits; not three digits after it, which may be thousands. */
static bool decimal_comma(const char *text, char *out)
{
    size_t before = 0, after = 0;
    const char *at = text;
    if (*at == '-') at++;
    while (isdigit((unsigned char)at[before])) before++;
    if (!before || at[before] != ',') return false;
    while (isdigit((unsigned char)at[before + 1 + after])) after++;
    if (!after || at[before + 1 + after] || strlen(text) > 40) return false;
    bool thousands = after == 3 && before <= 3 && at[0] != '0';
    memcpy(out, text, strlen(text) + 1);
    *strchr(out, ',') = '.';
    return !thousands;
}

static void open_column(lb_check *check, lb_check_column *c)
{
    const lb_column *column = c->column;
    c->role = role_of(column->name);
    c->change = has_word(column->name, "change") || has_word(column->name, "chg") || has_word(column->name, "diff");
    c->number = lb_arena_array(check->arena, check->rows + 1, sizeof *c->number);
    for (size_t i = 0; i < check->rows; i++) {
        char buffer[32], plain[200], comma[200];
        const char *text = lb_column_text(column, i, buffer);
        bool minus;
        c->number[i] = NAN;
        if (column->type == LB_NUMBER) {
            c->number[i] = column->number[i];
        } else if (strlen(text) < sizeof plain - 1 && *text) {
            plain_number(text, plain, sizeof plain, &minus);
            if (!lb_text_number(plain, strlen(plain), &c->number[i])) {
                c->number[i] = NAN;
                if (decimal_comma(plain, comma) && !lb_text_number(comma, strlen(comma), &c->number[i])) c->number[i] = NAN;
            }
        }
    }
    describe(c, check->rows, check->arena);
}

void lb_check_open(lb_check *check, const lb_table *table, lb_arena *arena, lb_value *findings)
{
    static const char *const names[] = {"slab", "study", "study_id", "author", "authors", "trial"}, *const more[] = {"dimension", "outcome"};
    *check = (lb_check){.table = table, .arena = arena, .findings = findings, .rows = table->rows, .columns = table->columns};
    check->column = lb_arena_array(arena, check->columns + 1, sizeof *check->column);
    check->repaired = lb_arena_array(arena, check->rows * check->columns + 1, sizeof *check->repaired);
    for (size_t i = 0; i < check->columns; i++) {
        check->column[i].column = &table->column[i];
        open_column(check, &check->column[i]);
    }
    for (size_t i = 0; i < LB_COUNT(names) && !check->labels; i++) {
        check->label[0] = lb_table_find(table, names[i]);
        if (check->label[0]) check->labels = 1;
        if (check->labels && lb_text_starts(names[i], "author") && lb_table_find(table, "year")) check->label[check->labels++] = lb_table_find(table, "year");
    }
    for (size_t i = 0; i < LB_COUNT(more) && check->labels == 1; i++)
        if (lb_table_find(table, more[i])) check->label[check->labels++] = lb_table_find(table, more[i]);
    join_columns(check);
}

const char *lb_check_study(const lb_check *check, size_t row)
{
    lb_buf text = {0};
    char buffer[32];
    for (size_t i = 0; i < check->labels; i++) {
        const char *part = lb_column_text(check->label[i], row, buffer);
        if (*part) lb_buf_printf(&text, "%s%.80s", text.length ? ", " : "", part);
    }
    const char *out = text.length ? lb_arena_text(check->arena, text.data) : NULL;
    lb_buf_free(&text);
    return out;
}

void lb_check_find(lb_check *check, size_t row, const char *column, const char *kind, const char *severity, const char *fmt, ...)
{
    if (check->findings->count >= LB_CHECK_MOST_FINDINGS) return;
    char message[500];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    lb_value *out = lb_push_object(check->findings);
    const char *study = row ? lb_check_study(check, row - 1) : NULL;
    lb_set_textf(out, "where", "%s%s%s%s", row ? lb_arena_printf(check->arena, "row %zu", row) : "", row && column ? ", " : "", column ? "column " : "",
                 column ? column : "");
    if (row)
        lb_set_int(out, "row", (int64_t)row);
    else
        lb_set_null(out, "row");
    lb_set_text(out, "column", column);
    lb_set_text(out, "study", study);
    lb_set_text(out, "kind", kind);
    lb_set_text(out, "severity", severity);
    lb_set_text(out, "message", message);
}

/* -- cells --------------------------------------------------------------------------------------------------------- */

static void check_cell(lb_check *check, size_t c, size_t row, bool numeric)
{
    const lb_check_column *column = &check->column[c];
    char buffer[32], plain[200], comma[200];
    const char *text = lb_column_text(column->column, row, buffer), *name = column->column->name;
    double number;
    bool minus;
    if (!*text || strlen(text) > 150 || lb_text_number(text, strlen(text), &number)) return;
    plain_number(text, plain, sizeof plain, &minus);
    bool reads = lb_text_number(plain, strlen(plain), &number), by_comma = !reads && decimal_comma(plain, comma);
    if (minus && reads) {
        check->repaired[row * check->columns + c] = lb_arena_text(check->arena, plain);
        lb_check_find(check, row + 1, name, "minus_sign", "repaired", "'%s' has a typographic minus; read as %s", text, plain);
    } else if (by_comma) {
        check->repaired[row * check->columns + c] = lb_arena_text(check->arena, comma);
        lb_check_find(check, row + 1, name, "decimal_comma", "repaired", "'%s' has a decimal comma; read as %s", text, comma);
    } else {
        lb_check_find(check, row + 1, name, "not_a_number", numeric ? "error" : "warning", "'%s' stands in a column of numbers", text);
    }
}

void lb_check_text(lb_check *check)
{
    for (size_t c = 0; c < check->columns; c++) {
        const lb_column *column = check->column[c].column;
        if (column->type != LB_TEXT) continue;
        size_t numbers = 0, filled = 0;
        for (size_t i = 0; i < check->rows; i++) {
            filled += !lb_column_missing(column, i);
            numbers += !isnan(check->column[c].number[i]);
        }
        bool numeric = numbers > 0 && 2 * numbers >= filled, partly = numbers >= 3 && 4 * numbers >= filled;
        for (size_t i = 0; (numeric || partly) && i < check->rows; i++) /* numbers, however they are written */
            if (!lb_column_missing(column, i)) check_cell(check, c, i, numeric);
    }
}
