/* What the fields of a file of entered records hold: counts and moments of the numbers, and values their field does not allow. */
#include <math.h>
#include <string.h>

#include "trial/exchange/exchange.h"

typedef struct field_count {
    size_t n, missing, numbers, out_of_range, illegal, unreadable, absent;
    double min, max, mean;
    size_t first_odd; /* record of the first value that is not allowed, from 1; 0 = none */
    const char *odd;
} field_count;

static bool is_legal(const entry_field *field, const char *cell, double number, bool is_number)
{
    for (size_t i = 0; i < field->legal_count; i++) {
        double legal;
        if (strcmp(cell, field->legal[i]) == 0) return true;
        if (is_number && lb_text_number(field->legal[i], strlen(field->legal[i]), &legal) && legal == number) return true;
    }
    return false;
}

/* Count one cell that holds a value; returns false when its field does not allow it. */
static bool count_value(const entry_field *field, const char *cell, field_count *c)
{
    double number = NAN;
    bool is_number = field->kind == ENTRY_NUMBER && lb_text_number(cell, strlen(cell), &number);
    if (field->kind == ENTRY_NUMBER && !is_number) {
        c->unreadable++;
        return false;
    }
    if (is_number) { /* running mean: Welford 1962 */
        c->numbers++;
        c->mean += (number - c->mean) / (double)c->numbers;
        if (c->numbers == 1 || number < c->min) c->min = number;
        if (c->numbers == 1 || number > c->max) c->max = number;
    }
    if (field->has_range && is_number && (number < field->low || number > field->high) && !is_legal(field, cell, number, true)) {
        c->out_of_range++;
        return false;
    }
    if (field->legal && !field->has_range && !is_legal(field, cell, number, is_number)) {
        c->illegal++;
        return false;
    }
    return true;
}

static field_count count_field(const entry_file *file, size_t f)
{
    field_count c = {0};
    const entry_field *field = &file->field[f];
    for (size_t r = 0; r < file->records; r++) {
        const char *cell = entry_cell(file, r, f);
        if (file->flag[r] == ENTRY_DELETED) continue;
        if (entry_is_missing(field, cell)) {
            c.missing++;
            c.absent += cell == NULL;
            continue;
        }
        c.n++;
        if (!count_value(field, cell, &c) && !c.first_odd) {
            c.first_odd = r + 1;
            c.odd = cell;
        }
    }
    return c;
}

static void report_odd(const entry_file *file, const entry_field *field, const field_count *c, lb_value *findings)
{
    char low[32], high[32];
    const char *where = lb_arena_printf(file->arena, "%s, record %zu", field->name, c->first_odd);
    if (c->unreadable) exchange_finding(findings, "error", where, "no number in a number field: %zu of the values, first '%.60s'", c->unreadable, c->odd);
    if (c->out_of_range)
        exchange_finding(findings, "warning", where, "outside %s to %s: %zu of the values, first '%.60s'",
                         lb_number_text(field->low, low), lb_number_text(field->high, high), c->out_of_range, c->odd);
    if (c->illegal) exchange_finding(findings, "warning", where, "not in the list of legal values: %zu of the values, first '%.60s'", c->illegal, c->odd);
    if (field->required && c->absent)
        exchange_finding(findings, "warning", field->name, "must be entered and is empty in %zu of the records", c->absent);
}

void import_describe(const entry_file *file, const char *form, lb_value *fields, lb_value *findings)
{
    for (size_t f = 0; f < file->fields; f++) {
        const entry_field *field = &file->field[f];
        field_count c = count_field(file, f);
        lb_value *row = lb_push_object(fields);
        lb_set_text(row, "name", field->name);
        if (form) lb_set_text(row, "form", form);
        lb_set_text(row, "type", field->type);
        lb_set_int(row, "n", (int64_t)c.n);
        lb_set_int(row, "missing", (int64_t)c.missing);
        lb_set_number(row, "min", c.numbers ? c.min : NAN);
        lb_set_number(row, "max", c.numbers ? c.max : NAN);
        lb_set_number(row, "mean", c.numbers ? c.mean : NAN);
        lb_set_text(row, "label", field->label);
        if (findings) report_odd(file, field, &c, findings);
    }
}
