/* EpiData CHK files: a LABELBLOCK of value labels, then one block per field (RANGE, LEGAL, COMMENT LEGAL, MUSTENTER, MISSINGVALUE …)
 * up to END. Commands that guide typing only (JUMPS, IF, BEFORE ENTRY …) are passed over. Text is ISO-8859-1. */
#include <ctype.h>
#include <string.h>

#include "trial/exchange/exchange.h"

enum { MAX_LABELS = 100000 };

typedef struct label_set {
    const char *name;
    const char **value;
    size_t count;
    struct label_set *next;
} label_set;

typedef struct chk_reader {
    const char *p, *end;
    size_t line;
    lb_arena *arena;
    char word[256];  /* the word at hand; quotes taken off */
    bool first;      /* it is the first of its line */
    label_set *sets;
    entry_file *file;
    const char *name;
    lb_value *findings;
} chk_reader;

/* The next word; false at the end. Lines that begin with * are remarks. */
static bool take_word(chk_reader *r)
{
    r->first = r->line == 0;
    if (r->line == 0) r->line = 1;
    for (;;) {
        while (r->p < r->end && isspace((unsigned char)*r->p)) {
            if (*r->p == '\n') r->line++, r->first = true;
            r->p++;
        }
        if (r->p >= r->end || !r->first || *r->p != '*') break;
        while (r->p < r->end && *r->p != '\n') r->p++;
    }
    if (r->p >= r->end) return false;
    bool quoted = *r->p == '"';
    r->p += quoted;
    const char *start = r->p;
    while (r->p < r->end && *r->p != '\n' && (quoted ? *r->p != '"' : !isspace((unsigned char)*r->p))) r->p++;
    size_t length = (size_t)(r->p - start);
    if (length >= sizeof r->word) length = sizeof r->word - 1;
    memcpy(r->word, start, length);
    r->word[length] = '\0';
    while (length && isspace((unsigned char)r->word[length - 1])) r->word[--length] = '\0';
    if (quoted && r->p < r->end && *r->p == '"') r->p++;
    return true;
}

static bool is_word(const chk_reader *r, const char *word)
{
    return strcasecmp(r->word, word) == 0;
}

/* A word of ISO-8859-1 kept as UTF-8, with a decimal point when it is a number. */
static const char *keep_word(chk_reader *r)
{
    char *out = lb_arena_array(r->arena, 2 * strlen(r->word) + 1, 1), *q = out;
    for (const unsigned char *c = (const unsigned char *)r->word; *c; c++) {
        if (*c < 0x80) *q++ = (char)*c;
        else *q++ = (char)(0xC0 | *c >> 6), *q++ = (char)(0x80 | (*c & 0x3F));
    }
    char *comma = strchr(out, ',');
    double number;
    if (comma) {
        *comma = '.';
        if (!lb_text_number(out, strlen(out), &number)) *comma = ',';
    }
    return out;
}

static void push_text(chk_reader *r, const char ***list, size_t *count, const char *text)
{
    if ((*count & (*count - 1)) == 0) { /* grow at powers of two */
        const char **grown = lb_arena_array(r->arena, *count ? 2 * *count : 1, sizeof *grown);
        if (*count) memcpy(grown, *list, *count * sizeof *grown);
        *list = grown;
    }
    (*list)[(*count)++] = text;
}

/* Values up to END; with labels, every second word is one. */
static void read_values(chk_reader *r, bool labels, const char ***list, size_t *count)
{
    while (take_word(r) && !is_word(r, "END") && *count < MAX_LABELS) {
        push_text(r, list, count, keep_word(r));
        if (labels && !take_word(r)) break;
    }
}

static void skip_line(chk_reader *r)
{
    while (r->p < r->end && *r->p != '\n') r->p++;
}

/* Up to the word that closes the block; blocks within it close themselves. */
static void skip_block(chk_reader *r, const char *close)
{
    size_t depth = 1;
    while (depth && take_word(r)) {
        if (!r->first) continue;
        if (is_word(r, "IF") && strcasecmp(close, "ENDIF") == 0) depth++;
        if (is_word(r, close)) depth--;
    }
}

static void read_label_block(chk_reader *r)
{
    while (take_word(r) && !is_word(r, "END")) {
        if (!is_word(r, "LABEL")) continue;
        if (!take_word(r)) return;
        label_set *set = lb_arena_alloc(r->arena, sizeof *set);
        set->name = keep_word(r);
        read_values(r, true, &set->value, &set->count);
        set->next = r->sets;
        r->sets = set;
    }
}

static void use_labels(chk_reader *r, entry_field *field)
{
    for (const label_set *set = r->sets; set; set = set->next) {
        if (strcasecmp(set->name, r->word) != 0) continue;
        field->legal = set->value;
        field->legal_count = set->count;
        return;
    }
    exchange_finding(r->findings, "error", lb_arena_printf(r->arena, "%s:%zu", r->name, r->line), "field '%.60s' uses labels '%.60s' that are not there",
                     field->name, keep_word(r));
}

static void read_legal(chk_reader *r, entry_field *field, bool labels)
{
    size_t line = r->line;
    const char *back = r->p;
    if (!take_word(r)) return;
    if (is_word(r, "USE")) {
        if (take_word(r)) use_labels(r, field);
        return;
    }
    if (!is_word(r, "SHOW") || r->line != line) r->p = back, r->line = line;
    read_values(r, labels, &field->legal, &field->legal_count);
}

static void read_range(chk_reader *r, entry_field *field)
{
    const char *low = take_word(r) ? keep_word(r) : "", *high = take_word(r) ? keep_word(r) : "";
    field->has_range = lb_text_number(low, strlen(low), &field->low) && lb_text_number(high, strlen(high), &field->high);
}

static void read_missing(chk_reader *r, entry_field *field)
{
    size_t line = r->line;
    for (;;) { /* the rest of this line */
        const char *p = r->p;
        while (p < r->end && (*p == ' ' || *p == '\t' || *p == '\r')) p++;
        if (p >= r->end || *p == '\n' || !take_word(r) || r->line != line) return;
        push_text(r, &field->missing, &field->missing_count, keep_word(r));
    }
}

static void read_field(chk_reader *r, entry_field *field)
{
    while (take_word(r) && !is_word(r, "END")) {
        if (is_word(r, "MUSTENTER")) field->required = true;
        else if (is_word(r, "RANGE")) read_range(r, field);
        else if (is_word(r, "LEGAL")) read_legal(r, field, false);
        else if (is_word(r, "MISSINGVALUE")) read_missing(r, field);
        else if (is_word(r, "COMMENT")) {
            if (take_word(r) && is_word(r, "LEGAL")) read_legal(r, field, true);
        } else if (is_word(r, "JUMPS") || is_word(r, "BEFORE") || is_word(r, "AFTER")) skip_block(r, "END");
        else if (is_word(r, "IF")) skip_block(r, "ENDIF");
        else skip_line(r);
    }
}

int chk_apply(const lb_bytes *bytes, entry_file *file, lb_value *findings, lb_error *err)
{
    chk_reader r = {.p = (const char *)bytes->data, .arena = file->arena, .file = file, .name = bytes->name, .findings = findings};
    r.end = r.p + bytes->length;
    if (exchange_detect(bytes) != EXCHANGE_CHK && memchr(bytes->data ? bytes->data : (const uint8_t *)"", '\0', bytes->length)) {
        lb_fail(err, LB_BAD_DATA, "this is no text file");
        lb_error_where(err, "%s", bytes->name);
        lb_error_hint(err, "give the .chk file of the same name");
        return LB_BAD_DATA;
    }
    while (take_word(&r)) {
        size_t line = r.line;
        if (is_word(&r, "LABELBLOCK")) read_label_block(&r);
        else if (is_word(&r, "BEFORE") || is_word(&r, "AFTER")) skip_block(&r, "END");
        else if (is_word(&r, "DEFINE") || is_word(&r, "CONFIRMFIELD") || is_word(&r, "AUTOSAVE")) skip_line(&r);
        else {
            entry_field none = {.name = keep_word(&r)};
            size_t field = entry_find(file, none.name);
            if (field == file->fields)
                exchange_finding(findings, "warning", lb_arena_printf(r.arena, "%s:%zu", r.name, line), "checks for '%.60s', which is no field of the data",
                                 none.name);
            read_field(&r, field < file->fields ? &file->field[field] : &none);
        }
    }
    return LB_OK;
}
