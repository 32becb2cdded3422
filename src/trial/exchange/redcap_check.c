/* What is off in a REDCap dictionary (names, types, choices, branching that reads unknown fields or goes in a circle) and in data
 * against it (unknown columns, values outside choices, ranges and types, required values left out). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "trial/exchange/redcap.h"

static const char *place(const redcap_dictionary *d, const redcap_field *field)
{
    return lb_arena_printf(d->arena, "%s, row %zu", d->name, field->row);
}

static bool has_choices(const redcap_field *field)
{
    return strcmp(field->type, "radio") == 0 || strcmp(field->type, "dropdown") == 0 || strcmp(field->type, "checkbox") == 0;
}

static void check_field(const redcap_dictionary *d, const redcap_field *field, lb_value *findings)
{
    static const char *const types[] = {"text", "notes", "dropdown", "radio", "checkbox", "calc", "file", "yesno", "truefalse", "slider", "descriptive", "sql", "signature"};
    bool known = false, plain = *field->name && (islower((unsigned char)*field->name) || strchr("_", *field->name));
    for (size_t i = 0; i < LB_COUNT(types); i++) known = known || strcmp(field->type, types[i]) == 0;
    for (const char *c = field->name; *c; c++) plain = plain && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
    if (!*field->name) exchange_finding(findings, "error", place(d, field), "this row names no field");
    else if (!plain) exchange_finding(findings, "warning", place(d, field), "'%.60s' is no REDCap name: small letters, digits and _ only", field->name);
    if (!*field->form) exchange_finding(findings, "error", place(d, field), "'%.60s' belongs to no form", field->name);
    if (!known) exchange_finding(findings, "error", place(d, field), "'%.60s' has the type '%.60s', which REDCap does not have", field->name, field->type);
    if (has_choices(field) && !*field->choices) exchange_finding(findings, "error", place(d, field), "'%.60s' is a %s without choices", field->name, field->type);
}

/* The next field that a branching logic reads: [name], [event][name], [name(code)]. Returns NULL at the end. */
static const char *next_reference(const char *p, size_t *length)
{
    p = strchr(p, '[');
    if (!p) return NULL;
    *length = strcspn(++p, "](:");
    return p;
}

/* [baseline][sex]: the first is an event; [user-name]: a smart variable. */
static bool is_event_or_smart(const char *name, size_t length)
{
    const char *close = name + length + strcspn(name + length, "]");
    return memchr(name, '-', length) || (*close == ']' && close[1] == '[');
}

typedef struct walk {
    const redcap_dictionary *d;
    uint8_t *state; /* 0 new, 1 on the way, 2 done */
    lb_value *findings;
    size_t depth;
} walk;

/* Depth first along "is shown by"; meeting a field that is still on the way closes a circle. */
static void follow(walk *w, const redcap_field *field)
{
    size_t index = (size_t)(field - w->d->field), length;
    w->state[index] = 1;
    if (w->depth++ < 1000)
        for (const char *p = field->branching; (p = next_reference(p, &length)) != NULL; p += length) {
            if (is_event_or_smart(p, length)) continue;
            const redcap_field *other = redcap_find(w->d, p, length);
            if (!other) continue;
            if (w->state[other - w->d->field] == 1)
                exchange_finding(w->findings, "error", place(w->d, field), "the branching of '%.60s' and '%.60s' goes in a circle: neither can ever be shown",
                                 field->name, other->name);
            else if (w->state[other - w->d->field] == 0) follow(w, other);
        }
    w->depth--;
    w->state[index] = 2;
}

static void check_branching(const redcap_dictionary *d, lb_value *findings)
{
    walk w = {d, lb_arena_array(d->arena, d->fields + 1, 1), findings, 0};
    for (size_t i = 0; i < d->fields; i++) {
        size_t length;
        for (const char *p = d->field[i].branching; (p = next_reference(p, &length)) != NULL; p += length)
            if (!is_event_or_smart(p, length) && !redcap_find(d, p, length))
                exchange_finding(findings, "error", place(d, &d->field[i]), "the branching of '%.60s' reads '%.*s', which is no field", d->field[i].name,
                                 (int)(length < 60 ? length : 60), p);
        if (w.state[i] == 0) follow(&w, &d->field[i]);
    }
}

void redcap_check_dictionary(const redcap_dictionary *d, lb_value *findings)
{
    for (size_t i = 0; i < d->fields; i++) check_field(d, &d->field[i], findings);
    for (size_t i = 1; i < d->fields; i++)
        if (*d->sorted[i]->name && strcmp(d->sorted[i]->name, d->sorted[i - 1]->name) == 0)
            exchange_finding(findings, "error", place(d, d->sorted[i]), "the field '%.60s' is defined twice", d->sorted[i]->name);
    check_branching(d, findings);
}

static bool is_form(const redcap_dictionary *d, const char *name, size_t length)
{
    for (size_t i = 0; i < d->fields; i++)
        if (strlen(d->field[i].form) == length && memcmp(d->field[i].form, name, length) == 0) return true;
    return false;
}

/* Columns that REDCap adds to an export. */
static bool is_added(const redcap_dictionary *d, const char *name)
{
    static const char *const own[] = {"redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group", "redcap_survey_identifier"};
    static const char *const endings[] = {"_complete", "_timestamp"};
    for (size_t i = 0; i < LB_COUNT(own); i++)
        if (strcmp(name, own[i]) == 0) return true;
    for (size_t i = 0; i < LB_COUNT(endings); i++)
        if (lb_text_ends(name, endings[i]) && is_form(d, name, strlen(name) - strlen(endings[i]))) return true;
    return false;
}

/* The field of a column; checkboxes have one per choice: field___code. */
static const redcap_field *field_of_column(const redcap_dictionary *d, const char *name, bool *box)
{
    const char *mark = strstr(name, "___");
    *box = false;
    const redcap_field *field = redcap_find(d, name, strlen(name));
    if (field || !mark) return field;
    field = redcap_find(d, name, (size_t)(mark - name));
    *box = field && strcmp(field->type, "checkbox") == 0;
    return *box ? field : NULL;
}

static const char *why_not(const redcap_field *field, const char *value)
{
    double number, bound;
    bool is_number = lb_text_number(value, strlen(value), &number);
    if (has_choices(field) && !redcap_has_choice(field->choices, value, strlen(value)))
        return redcap_is_label(field->choices, value, strlen(value)) ? "a label, not its code: export the raw data" : "not among the choices";
    if ((strcmp(field->type, "yesno") == 0 || strcmp(field->type, "truefalse") == 0) && strcmp(value, "0") != 0 && strcmp(value, "1") != 0) return "neither 0 nor 1";
    if (strcmp(field->validation, "integer") != 0 && strcmp(field->validation, "number") != 0) return NULL;
    if (!is_number) return "no number";
    if (lb_text_number(field->low, strlen(field->low), &bound) && number < bound) return "below the minimum";
    if (lb_text_number(field->high, strlen(field->high), &bound) && number > bound) return "above the maximum";
    return NULL;
}

static void check_column(const redcap_field *field, bool box, const entry_file *data, size_t column, lb_value *findings)
{
    size_t odd = 0, first = 0, filled = 0;
    const char *why = NULL;
    for (size_t r = 0; r < data->records; r++) {
        const char *value = entry_cell(data, r, column);
        if (!value) continue;
        filled++;
        const char *reason = !box ? why_not(field, value) : strcmp(value, "0") != 0 && strcmp(value, "1") != 0 ? "neither 0 nor 1" : NULL;
        if (reason && odd++ == 0) why = reason, first = r;
    }
    const char *name = data->field[column].name;
    if (odd)
        exchange_finding(findings, "warning", lb_arena_printf(data->arena, "%s, record %zu", data->name, first + 1),
                         "'%.60s', not allowed: %zu of the values, first '%.60s' (%s)", name, odd, entry_cell(data, first, column), why);
    if (field->required && !box && filled == 0 && data->records)
        exchange_finding(findings, "warning", data->name, "the required field '%.60s' is never filled", name);
}

void redcap_check_data(const redcap_dictionary *d, const entry_file *data, lb_value *findings)
{
    if (d->fields && entry_find(data, d->field[0].name) != 0)
        exchange_finding(findings, "error", data->name, "the first column is not '%.60s', the record's identifier", d->field[0].name);
    for (size_t c = 0; c < data->fields; c++) {
        bool box;
        const char *name = data->field[c].name;
        const redcap_field *field = field_of_column(d, name, &box);
        if (field) check_column(field, box, data, c, findings);
        else if (!is_added(d, name)) exchange_finding(findings, "error", data->name, "the column '%.60s' is no field of the dictionary", name);
    }
    for (size_t i = 0; i < d->fields; i++) {
        const redcap_field *field = &d->field[i];
        bool expected = strcmp(field->type, "descriptive") != 0 && strcmp(field->type, "checkbox") != 0;
        if (expected && *field->name && entry_find(data, field->name) == data->fields)
            exchange_finding(findings, "warning", data->name, "the data have no column '%.60s'", field->name);
    }
}
