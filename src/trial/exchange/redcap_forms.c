/* A REDCap dictionary as the `forms:` of a protocol file: items with their types, ranges, codes, and branching as rules, ready to be put
 * into a protocol by hand. What has no counterpart stands beside its item as a comment. */
#include <ctype.h>
#include <string.h>

#include "trial/exchange/redcap.h"

/* ---- YAML texts ---------------------------------------------------------------------------------------------------- */

static void quoted(lb_buf *out, const char *text, size_t length)
{
    lb_buf_putc(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') lb_buf_putc(out, '\\');
        if (c == '\n' || c == '\r' || c == '\t') lb_buf_putc(out, ' ');
        else if (c >= 0x20 && c != 0x7f) lb_buf_putc(out, (char)c);
    }
    lb_buf_putc(out, '"');
}

static void comment(lb_buf *out, const char *what, const char *text)
{
    lb_buf_printf(out, " # %s: ", what);
    for (const char *c = text; *c; c++) lb_buf_putc(out, (unsigned char)*c < 0x20 ? ' ' : *c);
}

/* Names of REDCap need no quotes; others' files may hold anything. */
static void name(lb_buf *out, const char *text)
{
    bool plain = islower((unsigned char)*text);
    for (const char *c = text; *c; c++) plain = plain && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
    if (plain) lb_buf_puts(out, text);
    else quoted(out, text, strlen(text));
}

/* Labels may be HTML: the text between the tags. */
static void plain_label(lb_buf *out, const redcap_field *field)
{
    lb_buf text = {0};
    bool tag = false;
    for (const char *c = field->label; *c; c++) {
        if (*c == '<' && (isalpha((unsigned char)c[1]) || c[1] == '/')) tag = true;
        if (!tag) lb_buf_putc(&text, *c);
        if (*c == '>') tag = false;
    }
    bool some = text.data && text.data[strspn(text.data, " \n\r\t")];
    quoted(out, some ? text.data : field->name, some ? text.length : strlen(field->name));
    lb_buf_free(&text);
}

/* ---- branching: "[sex] = '1' and [drugs(2)] = '1'" to "sex == 1 and contains(drugs, "2")" ------------------------------ */

typedef struct reader {
    const redcap_dictionary *dictionary;
    const char *at;
    lb_buf *out;
    bool strange;
} reader;

static void blanks(reader *r)
{
    while (isspace((unsigned char)*r->at)) r->at++;
}

/* A number, a word in quotes: whichever a rule compares with. */
static void literal(reader *r)
{
    double number;
    char quote = *r->at == '"' || *r->at == '\'' ? *r->at++ : '\0';
    size_t length = quote ? strcspn(r->at, quote == '"' ? "\"" : "'") : strspn(r->at, "0123456789.+-");
    if (length && lb_text_number(r->at, length, &number)) lb_buf_add(r->out, r->at, length);
    else if (quote && length) quoted(r->out, r->at, length);
    else r->strange = true; /* "is empty" has no counterpart: a rule that reads a missing item has no answer */
    r->at += length;
    if (quote && *r->at == quote) r->at++;
    else if (quote) r->strange = true;
}

/* [field] or [field(code)]; events, smart variables and piping have no counterpart. */
static void reference(reader *r)
{
    const char *read = r->at + 1;
    size_t length = strcspn(read, "]("), code = read[length] == '(' ? strcspn(read + length + 1, ")") : 0;
    const redcap_field *field = redcap_find(r->dictionary, read, length);
    const char *close = strchr(read, ']');
    r->strange |= !field || !close || close[1] == '[';
    if (r->strange) return;
    bool box = code > 0;
    if (!box) lb_buf_add(r->out, read, length);
    r->at = close + 1;
    if (!box) return;
    blanks(r);
    bool equal = *r->at == '=';
    r->at += equal;
    blanks(r);
    char quote = *r->at == '"' || *r->at == '\'' ? *r->at++ : '\0';
    bool ticked = *r->at == '1';
    if (!equal || (*r->at != '1' && *r->at != '0')) r->strange = true;
    else r->at++;
    if (quote && *r->at == quote) r->at++;
    lb_buf_printf(r->out, "%scontains(%.*s, ", ticked ? "" : "not ", (int)length, read);
    quoted(r->out, read + length + 1, code);
    lb_buf_putc(r->out, ')');
}

static bool word(reader *r, const char *theirs, const char *ours)
{
    size_t length = strlen(theirs);
    if (strncmp(r->at, theirs, length) != 0 || (isalpha((unsigned char)*theirs) && isalnum((unsigned char)r->at[length]))) return false;
    lb_buf_printf(r->out, " %s ", ours);
    r->at += length;
    return true;
}

/* False: something has no counterpart. */
static bool translate(const redcap_dictionary *dictionary, const char *branching, lb_buf *out)
{
    static const char *const words[][2] = {{"<>", "~="}, {"!=", "~="}, {"<=", "<="}, {">=", ">="}, {"=", "=="}, {"<", "<"}, {">", ">"},
                                           {"and", "and"}, {"AND", "and"}, {"or", "or"}, {"OR", "or"}, {"not", "not"}};
    reader r = {dictionary, branching, out, false};
    for (blanks(&r); *r.at && !r.strange; blanks(&r)) {
        bool known = false;
        for (size_t i = 0; i < LB_COUNT(words) && !known; i++) known = word(&r, words[i][0], words[i][1]);
        if (known) continue;
        if (*r.at == '[') reference(&r);
        else if (*r.at == '(' || *r.at == ')') lb_buf_putc(out, *r.at++);
        else literal(&r);
    }
    return !r.strange && out->length > 0;
}

/* ---- items ----------------------------------------------------------------------------------------------------------------- */

static const char *item_type(const redcap_field *f)
{
    static const char *const types[][2] = {{"notes", "text"}, {"radio", "choice"}, {"dropdown", "choice"}, {"checkbox", "choices"}, {"yesno", "yesno"},
                                           {"truefalse", "yesno"}, {"slider", "slider"}, {"file", "file"}, {"calc", "number"}};
    for (size_t i = 0; i < LB_COUNT(types); i++)
        if (strcmp(f->type, types[i][0]) == 0) return types[i][1];
    if (lb_text_starts(f->validation, "datetime")) return "datetime";
    if (lb_text_starts(f->validation, "date")) return "date";
    if (strcmp(f->validation, "integer") == 0) return "integer";
    return lb_text_starts(f->validation, "number") ? "number" : "text";
}

/* "1, Yes | 0, No" */
static void codes(lb_buf *out, const char *choices)
{
    lb_buf_puts(out, ", codes: {");
    for (bool first = true; *choices; first = false) {
        size_t length = strcspn(choices, "|"), comma = strcspn(choices, ",|"), from = strspn(choices, " \n\r"), to = comma;
        while (to > from && isspace((unsigned char)choices[to - 1])) to--;
        size_t label = comma < length ? comma + 1 : from, end = length;
        while (label < end && isspace((unsigned char)choices[label])) label++;
        while (end > label && isspace((unsigned char)choices[end - 1])) end--;
        if (to > from) {
            if (!first) lb_buf_puts(out, ", ");
            quoted(out, choices + from, to - from);
            lb_buf_puts(out, ": ");
            quoted(out, choices + label, end - label);
        }
        choices += length + (choices[length] == '|');
    }
    lb_buf_putc(out, '}');
}

static void range(lb_buf *out, const redcap_field *f, const char *type)
{
    double low, high;
    bool has_low = lb_text_number(f->low, strlen(f->low), &low), has_high = lb_text_number(f->high, strlen(f->high), &high);
    bool numeric = strcmp(type, "integer") == 0 || strcmp(type, "number") == 0 || strcmp(type, "slider") == 0;
    if (!numeric) return;
    if (strcmp(type, "slider") == 0 && !has_low && !has_high) lb_buf_puts(out, ", range: [0, 100]");
    else if (has_low && has_high) lb_buf_printf(out, ", range: [%s, %s]", f->low, f->high);
}

static void item(const redcap_dictionary *d, const redcap_field *f, lb_buf *out)
{
    const char *type = item_type(f);
    lb_buf rule = {0};
    if (strcmp(f->type, "descriptive") == 0) return;
    bool translated = *f->branching && translate(d, f->branching, &rule);
    lb_buf_puts(out, "      - {id: ");
    name(out, f->name);
    lb_buf_puts(out, ", label: ");
    plain_label(out, f);
    lb_buf_printf(out, ", type: %s", type);
    if (strcmp(type, "choice") == 0 || strcmp(type, "choices") == 0) codes(out, f->choices);
    range(out, f, type);
    if (f->required) lb_buf_puts(out, ", required: true");
    if (f->identifier) lb_buf_puts(out, ", identifier: true");
    if (translated) {
        lb_buf_puts(out, ", shown_if: ");
        quoted(out, rule.data, rule.length);
    }
    lb_buf_putc(out, '}');
    if (*f->low && !*f->high) comment(out, "at least", f->low);
    if (*f->high && !*f->low) comment(out, "at most", f->high);
    if (*f->branching && !translated) comment(out, "shown if", f->branching);
    if (strcmp(f->type, "calc") == 0) comment(out, "computed as", f->choices);
    if (strcmp(type, "text") == 0 && *f->validation) comment(out, "checked as", f->validation);
    lb_buf_putc(out, '\n');
    lb_buf_free(&rule);
}

void redcap_forms(const redcap_dictionary *d, lb_buf *out)
{
    lb_buf_puts(out, "# The forms of a REDCap dictionary. Put them into a protocol file, say at which visits they are filled in and by whom\n"
                       "# (filled_by: site, assessor, participant, laboratory), and look at every comment: docs/protocol-file.md.\nforms:\n");
    const char *form = "";
    for (size_t i = 0; i < d->fields; i++) {
        if (strcmp(d->field[i].form, form) != 0) {
            form = d->field[i].form;
            lb_buf_puts(out, "  - id: ");
            name(out, form);
            lb_buf_puts(out, "\n    label: ");
            quoted(out, form, strlen(form));
            lb_buf_puts(out, "\n    filled_by: site\n    items:\n");
        }
        item(d, &d->field[i], out);
    }
}
