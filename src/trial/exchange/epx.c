/* EpiData EPX projects, 1.x and 2.x: data files of sections of fields, value label sets, and records as lines of
 * name=value;… in the separators that the project's Settings name. Structure as in the published examples of EpiData. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial/exchange/exchange.h"

enum { MAX_LABELS = 1000000 }; /* values of label sets x fields that use them; beyond that they are not checked */

static bool in_space(const xml_node *node, const xml_node *root, const char *name)
{
    return xml_is(node, name) && strcmp(node->space, root->space) == 0;
}

static char first_character(const char *text, char fallback)
{
    return text && *text ? *text : fallback;
}

int epx_open(const xml_node *root, lb_arena *arena, epx_project *out, lb_error *err)
{
    *out = (epx_project){.root = root, .labels_left = MAX_LABELS, .decimal = '.', .date = '/', .time = ':', .arena = arena};
    const xml_node *settings = xml_child(root, "Settings");
    if (settings) {
        out->decimal = first_character(xml_get(settings, "decimalSeparator"), '.');
        out->date = first_character(xml_get(settings, "dateSeparator"), '/');
        out->time = first_character(xml_get(settings, "timeSeparator"), ':');
    }
    for (const xml_node *node = root; node; node = xml_next(node, root)) out->files += in_space(node, root, "DataFile");
    out->file = lb_arena_array(arena, out->files + 1, sizeof *out->file);
    size_t count = 0;
    for (const xml_node *node = root; node; node = xml_next(node, root))
        if (in_space(node, root, "DataFile")) out->file[count++] = node;
    return xml_ids_make(root, "id", arena, &out->ids, err);
}

static entry_kind kind_of_type(const char *type)
{
    if (strstr(type, "Time")) return ENTRY_TIME;
    if (strstr(type, "DMY") || strstr(type, "MDY") || strstr(type, "YMD")) return ENTRY_DATE;
    if (strcmp(type, "ftInteger") == 0 || strcmp(type, "ftFloat") == 0 || strcmp(type, "ftAutoInc") == 0) return ENTRY_NUMBER;
    return ENTRY_TEXT;
}

/* A value as the project writes it → numbers with a point, dates as year-month-day, times with colons. */
static const char *clean_value(epx_project *project, const entry_field *field, char *text)
{
    if (*text == '\0' || strcmp(text, ".") == 0) return NULL; /* a point is EpiData's system missing */
    if (field->kind == ENTRY_NUMBER)
        for (char *c = text; *c; c++) *c = *c == project->decimal ? '.' : *c;
    if (field->kind == ENTRY_TIME)
        for (char *c = text; *c; c++) *c = *c == project->time ? ':' : *c;
    if (field->kind != ENTRY_DATE) return text;
    int a, b, c, used = 0;
    for (char *d = text; *d; d++) *d = *d == project->date ? '/' : *d;
    if (sscanf(text, "%4d/%2d/%4d%n", &a, &b, &c, &used) != 3 || text[used] != '\0') return text;
    if (strstr(field->type, "YMD")) return lb_arena_printf(project->arena, "%04d-%02d-%02d", a, b, c);
    if (strstr(field->type, "MDY")) return lb_arena_printf(project->arena, "%04d-%02d-%02d", c, a, b);
    return lb_arena_printf(project->arena, "%04d-%02d-%02d", c, b, a);
}

static void apply_labels(epx_project *project, const xml_node *set, entry_field *field)
{
    size_t count = 0;
    for (const xml_node *label = set->first; label; label = label->next) count++;
    if (count > project->labels_left) return;
    project->labels_left -= count;
    field->missing = lb_arena_array(project->arena, count + 1, sizeof *field->missing);
    field->legal = lb_arena_array(project->arena, count + 1, sizeof *field->legal);
    for (const xml_node *label = set->first; label; label = label->next) {
        const char *value = xml_is(label, "ValueLabel") ? xml_get(label, "value") : NULL;
        const char *clean = value ? clean_value(project, field, lb_arena_text(project->arena, value)) : NULL;
        if (!clean) continue;
        field->legal[field->legal_count++] = clean;
        if (lb_text_equal(xml_get(label, "missing"), "true")) field->missing[field->missing_count++] = clean;
    }
}

static bool bound(epx_project *project, entry_field *field, const xml_node *range, const char *name, double *out)
{
    const char *text = xml_get(range, name);
    const char *clean = text ? clean_value(project, field, lb_arena_text(project->arena, text)) : NULL;
    return clean && lb_text_number(clean, strlen(clean), out);
}

static void read_field(epx_project *project, const xml_node *node, entry_field *field, lb_value *findings)
{
    const char *type = xml_get(node, "type"), *labels = xml_get(node, "valueLabelRef");
    *field = (entry_field){.name = xml_get(node, "id"), .type = type ? type : "ftString"};
    field->kind = kind_of_type(field->type);
    const char *length = xml_get(node, "length"), *entry = xml_get(node, "entryMode");
    field->length = length ? (size_t)strtoul(length, NULL, 10) : 0;
    field->required = lb_text_equal(entry, "emMustEnter");
    const xml_node *question = xml_child(node, "Question"), *text = question ? xml_child(question, "Text") : NULL;
    field->label = text ? text->text : NULL;
    const xml_node *set = labels ? xml_ids_find(&project->ids, "ValueLabelSet", labels) : NULL;
    if (set) apply_labels(project, set, field);
    else if (labels && findings)
        exchange_finding(findings, "error", lb_arena_printf(project->arena, "line %d", node->line), "field '%.60s' uses value labels '%.60s' that are not there",
                         field->name, labels);
    const xml_node *ranges = xml_child(node, "Ranges"), *range = ranges ? xml_child(ranges, "Range") : NULL;
    field->has_range = range && !range->next && bound(project, field, range, "start", &field->low) && bound(project, field, range, "end", &field->high);
    if (field->has_range) field->legal = NULL, field->legal_count = 0; /* labels then add to the range */
}

/* The value at *p up to a semicolon; quoted ones double their quotes. Returns it, and moves *p behind the semicolon. */
static char *take_value(lb_arena *arena, const char **p)
{
    const char *s = *p, *stop = s;
    bool quoted = *s == '"';
    if (quoted)
        for (stop = ++s; *stop && (*stop != '"' || stop[1] == '"'); stop++) stop += *stop == '"';
    else stop += strcspn(s, ";");
    char *out = lb_arena_array(arena, (size_t)(stop - s) + 1, 1), *q = out;
    for (; s < stop; s++) {
        *q++ = *s;
        s += quoted && *s == '"';
    }
    *p = stop + strcspn(stop, ";");
    if (**p) ++*p;
    while (q > out && (unsigned char)q[-1] <= ' ') *--q = '\0';
    return out;
}

static void read_record(epx_project *project, const xml_node *node, entry_file *out, lb_value *findings)
{
    const char *status = xml_get(node, "status"), *p = node->text;
    size_t record = out->records++, next = 0; /* values mostly come in the order of the fields */
    out->flag[record] = lb_text_equal(status, "rsDeleted") ? ENTRY_DELETED : lb_text_equal(status, "rsVerified") ? ENTRY_VERIFIED : ENTRY_NORMAL;
    while (*p) {
        while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t' || *p == ';') p++;
        size_t length = strcspn(p, "=;");
        if (p[length] != '=') {
            p += length;
            if (length && findings) exchange_finding(findings, "error", lb_arena_printf(project->arena, "line %d", node->line), "a record holds text without a field");
            continue;
        }
        const char *name = lb_arena_textn(project->arena, p, length);
        p += length + 1;
        char *value = take_value(project->arena, &p);
        size_t field = next;
        while (field < out->fields && field < next + 8 && strcmp(out->field[field].name, name) != 0) field++;
        if (field >= out->fields || field == next + 8) field = entry_find(out, name);
        next = field + 1;
        if (field < out->fields) out->cell[record * out->fields + field] = clean_value(project, &out->field[field], value);
        else if (findings) exchange_finding(findings, "error", lb_arena_printf(project->arena, "line %d", node->line), "a record has a value of '%.60s', which is no field", name);
    }
}

static int read_records(epx_project *project, const xml_node *file, entry_file *out, lb_value *findings, lb_error *err)
{
    size_t count = 0;
    for (const xml_node *node = file; node; node = xml_next(node, file)) count += in_space(node, project->root, "Record");
    out->flag = lb_arena_try(out->arena, count + 1, 1);
    out->cell = out->fields && count > SIZE_MAX / out->fields ? NULL : lb_arena_try(out->arena, count * out->fields + 1, sizeof *out->cell);
    if (!out->flag || !out->cell) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu records of %zu fields", count, out->fields);
    const xml_node *records = xml_child(file, "Records");
    const char *salt = records ? xml_get(records, "encryptedSalt") : NULL;
    if (salt && *salt && count) {
        lb_fail(err, LB_BAD_DATA, "the records of '%.60s' are encrypted", out->name);
        lb_error_hint(err, "export the project without a password in EpiData Manager");
        return LB_BAD_DATA;
    }
    for (const xml_node *node = file; node; node = xml_next(node, file))
        if (in_space(node, project->root, "Record")) read_record(project, node, out, findings);
    return LB_OK;
}

int epx_read_file(epx_project *project, size_t index, entry_file *out, lb_value *findings, lb_error *err)
{
    const xml_node *file = project->file[index], *root = project->root;
    lb_arena *arena = project->arena;
    size_t count = 0;
    for (const xml_node *node = file; node; node = xml_next(node, file)) count += in_space(node, root, "Field");
    const char *id = xml_get(file, "id");
    *out = (entry_file){.arena = arena, .name = id ? id : "datafile"};
    int code = entry_check_fields(count, out->name, err);
    if (code != LB_OK) return code;
    out->field = lb_arena_array(arena, count + 1, sizeof *out->field);
    for (const xml_node *node = file; node; node = xml_next(node, file)) {
        if (!in_space(node, root, "Field")) continue;
        const char *name = xml_get(node, "id");
        if (name && *name && entry_find(out, name) == out->fields) read_field(project, node, &out->field[out->fields++], findings);
        else if (findings)
            exchange_finding(findings, "error", lb_arena_printf(arena, "line %d", node->line), name && *name ? "two fields are called '%.60s'" : "a field has no id%.0s",
                             name ? name : "");
    }
    return read_records(project, file, out, findings, err);
}
