/* Holding a file against its shape: wrong keys (with the nearest valid one), missing keys, wrong kinds of value.
 * Every flaw is gathered with file, line and column, so that one run shows them all. */
#include "trial/shape.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FLAWS_MOST = 200, WORDS_MOST = 96 };

static void add_flaw(flaws *f, int line, int column, const char *severity, const char *hint, const char *message)
{
    bool error = strcmp(severity, "error") == 0;
    f->errors += error;
    if (error && f->errors == 1) {
        lb_fail(f->first, LB_BAD_DATA, "%s", message);
        lb_error_where(f->first, "%s:%d:%d", f->bytes->name, line, column);
        if (hint) lb_error_hint(f->first, "%s", hint);
    }
    if (!f->findings || f->findings->count >= FLAWS_MOST) return;
    lb_value *one = lb_push_object(f->findings);
    one->line = line; /* the place in the file, to sort by */
    one->column = column;
    lb_set_textf(one, "where", "%s:%d:%d", f->bytes->name, line, column);
    lb_set_text(one, "severity", severity);
    lb_set_text(one, "message", message);
    lb_set_text(one, "hint", hint);
}

static const char *formatted(flaws *f, const char *fmt, va_list args)
{
    lb_buf text = {0};
    lb_buf_vprintf(&text, fmt, args);
    const char *copy = lb_arena_text(f->arena, text.data ? text.data : "");
    lb_buf_free(&text);
    return copy;
}

void trial_flaw(flaws *f, const lb_value *at, const char *severity, const char *hint, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_flaw(f, at ? at->line : 1, at ? at->column : 1, severity, hint, formatted(f, fmt, args));
    va_end(args);
}

/* Does `key` stand at p, followed by a colon (or, when it has no value, by the end of an entry)? */
static bool key_here(const char *p, const char *end, const char *key, bool bare)
{
    size_t length = strlen(key);
    if ((size_t)(end - p) <= length || memcmp(p, key, length) != 0) return false;
    p += length;
    while (p < end && (*p == '"' || *p == '\'' || *p == ' ')) p++;
    return p < end && (*p == ':' || (bare && (*p == ',' || *p == '}')));
}

/* The nodes know where values stand; a key stands at or before its value: look for it backwards from there. */
static void place_of_key(const flaws *f, const lb_value *object, const char *key, int *line, int *column)
{
    const lb_value *value = lb_get(object, key);
    *line = value ? value->line : object->line;
    *column = value ? value->column : object->column;
    if (!value || value->line < 1 || f->errors > FLAWS_MOST) return;
    const char *text = (const char *)f->bytes->data, *end = text + f->bytes->length, *at = text;
    for (int i = 1; i < value->line && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    int row = value->line;
    const char *p = at + value->column - 1;
    for (p = p < end ? p : end; p >= text && row >= object->line; p--) {
        if (p < end && *p == '\n') row--;
        bool starts = p == text || !(isalnum((unsigned char)p[-1]) || p[-1] == '_');
        if (p >= end || !starts || !key_here(p, end, key, value->type == LB_NULL)) continue;
        const char *begin = p;
        while (begin > text && begin[-1] != '\n') begin--;
        *line = row;
        *column = (int)(p - begin) + 1;
        return;
    }
}

void trial_flaw_key(flaws *f, const lb_value *object, const char *key, const char *severity, const char *hint, const char *fmt, ...)
{
    int line, column;
    va_list args;
    place_of_key(f, object, key, &line, &column);
    va_start(args, fmt);
    add_flaw(f, line, column, severity, hint, formatted(f, fmt, args));
    va_end(args);
}

const char *trial_nearest(flaws *f, const char *word, const char *const *words, size_t count)
{
    const char *near = lb_text_nearest(word, words, count);
    if (near) return lb_arena_printf(f->arena, "did you mean '%s'?", near);
    if (count == 0) return NULL;
    lb_buf list = {0};
    for (size_t i = 0; i < count && i < 40; i++) lb_buf_printf(&list, "%s%s", i ? ", " : "", words[i]);
    const char *hint = lb_arena_printf(f->arena, "known here: %s%s", list.data, count > 40 ? ", …" : "");
    lb_buf_free(&list);
    return hint;
}

static const char *kind_of(const lb_value *value)
{
    switch (value->type) {
    case LB_NULL: return "nothing";
    case LB_BOOL: return "true or false";
    case LB_INT:
    case LB_DOUBLE: return "a number";
    case LB_STRING: return "a text";
    case LB_ARRAY: return "a list";
    default: return "a group of keys";
    }
}

static void expect(flaws *f, const lb_value *value, const char *key, const char *wanted)
{
    trial_flaw(f, value, "error", NULL, "'%s' must be %s, here is %s", key, wanted, kind_of(value));
}

static bool scalar(const lb_value *value)
{
    return value->type == LB_STRING || value->type == LB_BOOL || lb_is_number(value);
}

static void check_label(flaws *f, const lb_value *value, const char *key)
{
    static const char *const languages[] = {"en", "zh", "da"};
    if (value->type == LB_STRING) return;
    if (value->type != LB_OBJECT) {
        if (!lb_is_number(value)) expect(f, value, key, "a text, or texts by language (en, zh, da)");
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (strlen(value->key[i]) != 2 || !strstr("en zh da", value->key[i]))
            trial_flaw_key(f, value, value->key[i], "error",
                           value->item[i]->type == LB_NULL ? "a text with a comma inside {…} needs quotes"
                                                           : trial_nearest(f, value->key[i], languages, 3),
                           "'%s' is no language of '%s'", value->key[i], key);
        else if (value->item[i]->type != LB_STRING) expect(f, value->item[i], value->key[i], "a text");
    }
    if (!lb_get(value, "en")) trial_flaw(f, value, "error", "add en: …", "'%s' has no English text", key);
}

/* One label or a list of them. */
static void check_labels(flaws *f, const lb_value *value, const char *key)
{
    if (value->type != LB_ARRAY) check_label(f, value, key);
    for (size_t i = 0; value->type == LB_ARRAY && i < value->count; i++) check_label(f, value->item[i], key);
}

static void check_id(flaws *f, const lb_value *value, const char *key)
{
    if (value->type != LB_STRING) {
        expect(f, value, key, "a short name (put numbers in quotes)");
        return;
    }
    size_t length = strlen(value->text);
    bool good = length > 0 && length < 64;
    for (size_t i = 0; i < length; i++)
        good &= isalnum((unsigned char)value->text[i]) || value->text[i] == '_' || value->text[i] == '-';
    if (!good)
        trial_flaw(f, value, "error", "use letters, digits, '_' and '-', at most 63", "'%.80s' cannot be the %s of something", value->text, key);
}

static void check_choice(flaws *f, const lb_value *value, const shape_key *k)
{
    size_t count;
    if (value->type != LB_STRING) {
        expect(f, value, k->key, lb_arena_printf(f->arena, "one of %s", k->choices));
        return;
    }
    char **words = lb_text_split(f->arena, k->choices, ',', &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], value->text) == 0) return;
    trial_flaw(f, value, "error", trial_nearest(f, value->text, (const char *const *)words, count), "'%s' is no %s", value->text, k->key);
}

static void check_list(flaws *f, const lb_value *value, const shape_key *k)
{
    bool numbers = k->kind == SHAPE_NUMBERS || k->kind == SHAPE_RANGE;
    if (value->type != LB_ARRAY) {
        if (k->kind == SHAPE_TEXTS && scalar(value)) return;
        expect(f, value, k->key, numbers ? "a list of numbers" : "a list");
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        const lb_value *one = value->item[i];
        bool good = k->kind == SHAPE_LIST ? one->type == LB_OBJECT : numbers ? lb_is_number(one) : scalar(one);
        bool open = k->kind == SHAPE_RANGE && one->type == LB_NULL;
        if (!good && !open) expect(f, one, k->key, k->kind == SHAPE_LIST ? "a list of groups" : numbers ? "a list of numbers" : "a list of words");
        else if (k->kind == SHAPE_LIST) trial_shape_check(f, one, k->shape);
    }
    if (k->kind != SHAPE_RANGE) return;
    if (value->count != 2) trial_flaw(f, value, "error", "write [from, to]", "'%s' must hold two numbers, here are %zu", k->key, value->count);
    else if (lb_number_of(value->item[0]) > lb_number_of(value->item[1]))
        trial_flaw(f, value, "error", "write the smaller number first", "'%s' is inverted: %g is above %g", k->key,
                   lb_number_of(value->item[0]), lb_number_of(value->item[1]));
}

static void check_map(flaws *f, const lb_value *value, const shape_key *k)
{
    if (k->kind == SHAPE_CODES && value->type == LB_STRING) return; /* a code list's name: checked by the reader */
    if (value->type != LB_OBJECT) {
        expect(f, value, k->key, "a group of keys");
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (k->kind == SHAPE_NUMBER_MAP) {
            if (!lb_is_number(value->item[i])) expect(f, value->item[i], value->key[i], "a number");
        } else if (k->kind == SHAPE_LISTS) {
            shape_key codes = {value->key[i], SHAPE_LABEL_MAP, 0, NULL, NULL};
            check_map(f, value->item[i], &codes);
        } else {
            check_label(f, value->item[i], value->key[i]);
        }
    }
}

static void check_value(flaws *f, const lb_value *value, const shape_key *k)
{
    const char *key = k->key;
    switch (k->kind) {
    case SHAPE_TEXT:
        if (value->type != LB_STRING) expect(f, value, key, "a text");
        break;
    case SHAPE_RULE:
        if (value->type != LB_STRING && value->type != LB_BOOL) expect(f, value, key, "a rule (a Lua expression)");
        break;
    case SHAPE_ID: check_id(f, value, key); break;
    case SHAPE_LABEL: check_label(f, value, key); break;
    case SHAPE_LABELS: check_labels(f, value, key); break;
    case SHAPE_INT:
        if (value->type != LB_INT) expect(f, value, key, "a whole number");
        break;
    case SHAPE_NUMBER:
        if (!lb_is_number(value)) expect(f, value, key, "a number");
        break;
    case SHAPE_BOOL:
        if (value->type != LB_BOOL) expect(f, value, key, "true or false");
        break;
    case SHAPE_DATE: {
        int64_t days;
        if (value->type != LB_STRING || !lb_date_days(value->text, strlen(value->text), &days)) expect(f, value, key, "a date such as 2026-01-31");
        break;
    }
    case SHAPE_CHOICE: check_choice(f, value, k); break;
    case SHAPE_SCALAR:
        if (!scalar(value)) expect(f, value, key, "a text or a number");
        break;
    case SHAPE_TEXTS:
    case SHAPE_SCALARS:
    case SHAPE_NUMBERS:
    case SHAPE_RANGE:
    case SHAPE_LIST: check_list(f, value, k); break;
    case SHAPE_CODES:
    case SHAPE_NUMBER_MAP:
    case SHAPE_LABEL_MAP:
    case SHAPE_LISTS: check_map(f, value, k); break;
    case SHAPE_OBJECT:
        if (value->type != LB_OBJECT) expect(f, value, key, "a group of keys");
        else trial_shape_check(f, value, k->shape);
        break;
    case SHAPE_ANY: break;
    }
}

/* Everywhere allowed: where a fact comes from, a remark, and the mark of what is our own proposal. */
static const shape_key everywhere[] = {
    {"source", SHAPE_TEXTS, 0, NULL, NULL},
    {"note", SHAPE_LABEL, 0, NULL, NULL},
    {"proposal", SHAPE_LABEL, 0, NULL, NULL},
};

static const shape_key *key_named(const shape *of, const char *key)
{
    for (size_t i = 0; i < of->count; i++)
        if (strcmp(of->key[i].key, key) == 0) return &of->key[i];
    for (size_t i = 0; i < LB_COUNT(everywhere); i++)
        if (strcmp(everywhere[i].key, key) == 0) return &everywhere[i];
    return NULL;
}

void trial_shape_check(flaws *f, const lb_value *value, const shape *of)
{
    const char *words[WORDS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < of->count && count < WORDS_MOST; i++) words[count++] = of->key[i].key;
    for (size_t i = 0; i < LB_COUNT(everywhere) && count < WORDS_MOST; i++) words[count++] = everywhere[i].key;
    for (size_t i = 0; i < value->count; i++) {
        const shape_key *k = key_named(of, value->key[i]);
        if (!k)
            trial_flaw_key(f, value, value->key[i], "error", trial_nearest(f, value->key[i], words, count), "a %s has no key '%s'",
                           of->name, value->key[i]);
        else if (value->item[i]->type != LB_NULL || (k->flags & SHAPE_REQUIRED)) check_value(f, value->item[i], k);
    }
    for (size_t i = 0; i < of->count; i++)
        if ((of->key[i].flags & SHAPE_REQUIRED) && !lb_get(value, of->key[i].key))
            trial_flaw(f, value, "error", lb_arena_printf(f->arena, "add %s: …", of->key[i].key), "this %s lacks the key '%s'",
                       of->name, of->key[i].key);
}
