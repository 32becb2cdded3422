/* Preview of a REDCap project: its data dictionary (the CSV of 18 columns, also under the names of the API) and its data. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "trial/exchange/redcap.h"

typedef struct columns {
    size_t name, form, type, choices, validation, low, high, identifier, branching, required, label;
} columns;

static size_t column(const entry_file *file, const char *heading, const char *api)
{
    size_t found = entry_find(file, heading);
    return found < file->fields ? found : entry_find(file, api);
}

static const char *cell(const entry_file *file, size_t row, size_t c)
{
    const char *text = c < file->fields ? entry_cell(file, row, c) : NULL;
    return text ? text : "";
}

static int find_columns(const entry_file *file, columns *c, lb_error *err)
{
    c->name = column(file, "Variable / Field Name", "field_name");
    c->form = column(file, "Form Name", "form_name");
    c->type = column(file, "Field Type", "field_type");
    c->choices = column(file, "Choices, Calculations, OR Slider Labels", "select_choices_or_calculations");
    c->validation = column(file, "Text Validation Type OR Show Slider Number", "text_validation_type_or_show_slider_number");
    c->low = column(file, "Text Validation Min", "text_validation_min");
    c->high = column(file, "Text Validation Max", "text_validation_max");
    c->identifier = column(file, "Identifier?", "identifier");
    c->branching = column(file, "Branching Logic (Show field only if...)", "branching_logic");
    c->required = column(file, "Required Field?", "required_field");
    c->label = column(file, "Field Label", "field_label");
    if (c->name < file->fields && c->form < file->fields && c->type < file->fields) return LB_OK;
    lb_fail(err, LB_BAD_DATA, "a REDCap dictionary has the columns 'Variable / Field Name', 'Form Name' and 'Field Type'");
    lb_error_where(err, "%s", file->name);
    lb_error_hint(err, "download the data dictionary again; records alone go to --records");
    return LB_BAD_DATA;
}

static int by_name(const void *x, const void *y)
{
    return strcmp((*(const redcap_field *const *)x)->name, (*(const redcap_field *const *)y)->name);
}

static bool says_yes(const char *text)
{
    return *text == 'y' || *text == 'Y' || *text == '1';
}

static redcap_dictionary read_fields(const entry_file *file, const columns *c)
{
    redcap_dictionary d = {.fields = file->records, .columns = file->fields, .name = file->name, .arena = file->arena};
    d.field = lb_arena_array(d.arena, d.fields + 1, sizeof *d.field);
    d.sorted = lb_arena_array(d.arena, d.fields + 1, sizeof *d.sorted);
    for (size_t r = 0; r < d.fields; r++) {
        d.field[r] = (redcap_field){cell(file, r, c->name), cell(file, r, c->form), cell(file, r, c->type), cell(file, r, c->choices),
                                    cell(file, r, c->validation), cell(file, r, c->low), cell(file, r, c->high), cell(file, r, c->branching), cell(file, r, c->label),
                                    says_yes(cell(file, r, c->required)), says_yes(cell(file, r, c->identifier)), r + 1};
        d.sorted[r] = &d.field[r];
    }
    if (d.fields) qsort(d.sorted, d.fields, sizeof *d.sorted, by_name);
    return d;
}

const redcap_field *redcap_find(const redcap_dictionary *d, const char *name, size_t length)
{
    size_t low = 0, high = d->fields;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(d->sorted[middle]->name, name, length);
        if (order == 0) order = d->sorted[middle]->name[length] != '\0';
        if (order == 0) return d->sorted[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

bool redcap_has_choice(const char *choices, const char *code, size_t length)
{
    while (*choices) {
        while (*choices == ' ' || *choices == '|' || *choices == '\n' || *choices == '\r') choices++;
        const char *stop = choices + strcspn(choices, ",|");
        size_t width = (size_t)(stop - choices);
        while (width && choices[width - 1] == ' ') width--;
        if (width == length && width && memcmp(choices, code, length) == 0) return true;
        choices = stop + strcspn(stop, "|");
    }
    return false;
}

bool redcap_is_label(const char *choices, const char *text, size_t length)
{
    while (*choices) {
        const char *end = choices + strcspn(choices, "|"), *comma = memchr(choices, ',', (size_t)(end - choices)), *label = comma ? comma + 1 : end;
        const char *stop = end;
        while (label < stop && isspace((unsigned char)*label)) label++;
        while (stop > label && isspace((unsigned char)stop[-1])) stop--;
        if (length && (size_t)(stop - label) == length && memcmp(label, text, length) == 0) return true;
        choices = end + (*end == '|');
    }
    return false;
}

static void count_word(lb_value *counts, const char *word)
{
    if (*word && (counts->count < 1000 || lb_get(counts, word))) lb_set_int(counts, word, lb_get_int(counts, word, 0) + 1);
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void list_forms(const redcap_dictionary *d, lb_value *forms)
{
    const char **form = lb_arena_array(d->arena, d->fields + 1, sizeof *form);
    for (size_t i = 0; i < d->fields; i++) form[i] = d->field[i].form;
    if (d->fields) qsort(form, d->fields, sizeof *form, by_text);
    for (size_t i = 0; i < d->fields; i++)
        if (*form[i] && (i == 0 || strcmp(form[i], form[i - 1]) != 0)) lb_push_text(forms, form[i]);
}

static void write_dictionary(const redcap_dictionary *d, lb_value *results)
{
    list_forms(d, lb_set_array(results, "forms"));
    lb_value *types = lb_set_object(results, "types"), *validations = lb_set_object(results, "validations");
    lb_value *required = lb_set_array(results, "required"), *identifiers = lb_set_array(results, "identifiers");
    lb_value *branching = lb_set_object(results, "branching");
    for (size_t i = 0; i < d->fields; i++) {
        const redcap_field *field = &d->field[i];
        count_word(types, field->type);
        count_word(validations, field->validation);
        if (field->required) lb_push_text(required, field->name);
        if (field->identifier) lb_push_text(identifiers, field->name);
        if (*field->branching && branching->count < 10000) lb_set_text(branching, field->name, field->branching);
    }
}

static size_t distinct_ids(const entry_file *data)
{
    const char **id = lb_arena_array(data->arena, data->records + 1, sizeof *id);
    size_t count = 0, distinct = 0;
    for (size_t r = 0; r < data->records; r++)
        if (entry_cell(data, r, 0)) id[count++] = entry_cell(data, r, 0);
    if (count) qsort(id, count, sizeof *id, by_text);
    for (size_t i = 0; i < count; i++) distinct += i == 0 || strcmp(id[i], id[i - 1]) != 0;
    return distinct;
}

static void write_data(const entry_file *data, lb_value *results)
{
    size_t values = 0;
    for (size_t i = 0; i < data->records * data->fields; i++) values += data->cell[i] != NULL;
    lb_set_int(results, "records", (int64_t)data->records);
    lb_set_int(results, "values", (int64_t)values);
    lb_set_int(results, "participants", (int64_t)distinct_ids(data));
    lb_value *table = lb_set_object(results, "data");
    lb_set_int(table, "rows", (int64_t)data->records);
    lb_set_int(table, "columns", (int64_t)data->fields);
    lb_set_int(table, "nonempty_cells", (int64_t)values);
}

int redcap_read(const lb_bytes *bytes, lb_arena *arena, redcap_dictionary *out, lb_error *err)
{
    entry_file file;
    columns c;
    int code = entry_read_csv(bytes, arena, &file, err);
    if (code == LB_OK) code = entry_check_fields(file.records, file.name, err);
    if (code == LB_OK) code = find_columns(&file, &c, err);
    if (code == LB_OK) *out = read_fields(&file, &c);
    return code;
}

int import_redcap(const lb_bytes *dictionary, const lb_bytes *records, lb_arena *arena, lb_value *results, lb_error *err)
{
    entry_file data = {0};
    redcap_dictionary d;
    int code = redcap_read(dictionary, arena, &d, err);
    if (code == LB_OK && records->length) code = entry_read_csv(records, arena, &data, err);
    if (code != LB_OK) return code;
    lb_set_text(results, "format", "REDCap dictionary");
    lb_set_int(results, "fields", (int64_t)d.fields);
    lb_set_int(results, "columns", (int64_t)d.columns);
    write_dictionary(&d, results);
    if (records->length) write_data(&data, results);
    lb_value *findings = lb_set_array(results, "findings");
    redcap_check_dictionary(&d, findings);
    if (records->length) redcap_check_data(&d, &data, findings);
    return LB_OK;
}
