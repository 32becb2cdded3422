/* A result's tree as tables of formatted cells. Numbers show six significant digits (p values below 0.0001 as "<0.0001"
 * stay with the reader's page: here every number is the number). */
#include "result/grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *number_text(double number, bool exact, lb_arena *arena)
{
    char buffer[32];
    if (exact || (number == floor(number) && fabs(number) < 1e15)) return lb_arena_text(arena, lb_number_text(number, buffer));
    snprintf(buffer, sizeof buffer, "%.6g", number);
    return lb_arena_text(arena, buffer);
}

const char *lb_scalar_text(const lb_value *value, bool exact, lb_arena *arena)
{
    switch (value ? value->type : LB_NULL) {
    case LB_NULL: return "";
    case LB_BOOL: return value->boolean ? "yes" : "no";
    case LB_INT: return lb_arena_printf(arena, "%" PRId64, value->integer);
    case LB_DOUBLE: return number_text(value->number, exact, arena);
    case LB_STRING: return value->text;
    case LB_OBJECT: return NULL;
    case LB_ARRAY: break;
    }
    lb_buf list = {0};
    bool curve = !exact && value->count > 12; /* hundreds of numbers belong to the JSON */
    for (size_t i = 0; i < value->count; i++) {
        const lb_value *item = value->item[i];
        if (item->type == LB_ARRAY || item->type == LB_OBJECT) {
            lb_buf_free(&list);
            return NULL;
        }
        if (!curve) lb_buf_printf(&list, "%s%s", i ? ", " : "", lb_scalar_text(item, exact, arena));
    }
    if (curve) return lb_arena_printf(arena, "(%zu values: see --json)", value->count);
    const char *text = list.data ? lb_arena_text(arena, list.data) : "";
    lb_buf_free(&list);
    return text;
}

static bool is_table(const lb_value *value)
{
    if (value == NULL || value->type != LB_ARRAY || value->count == 0) return false;
    for (size_t i = 0; i < value->count; i++)
        if (value->item[i]->type != LB_OBJECT) return false;
    return true;
}

static size_t find_key(const char **key, size_t count, const char *name, size_t guess)
{
    if (guess < count && strcmp(key[guess], name) == 0) return guess;
    for (size_t i = 0; i < count; i++)
        if (strcmp(key[i], name) == 0) return i;
    return count;
}

/* A cell of a table: a scalar, or the object 'key' that names the row by several values ("C01-015, BL"). */
static const char *cell_text(const char *name, const lb_value *value, bool exact, lb_arena *arena)
{
    if (value == NULL || value->type != LB_OBJECT || strcmp(name, "key") != 0) return lb_scalar_text(value, exact, arena);
    const char *joined = "";
    for (size_t i = 0; i < value->count; i++) {
        const char *part = lb_scalar_text(value->item[i], exact, arena);
        if (part == NULL) return NULL;
        joined = lb_arena_printf(arena, "%s%s%s", joined, i ? ", " : "", part);
    }
    return joined;
}

/* Does the cell have a text? What is nested deeper has none. */
static bool is_cell(const char *name, const lb_value *value)
{
    bool list = value && value->type == LB_ARRAY, named = value && value->type == LB_OBJECT && strcmp(name, "key") == 0;
    if (value && value->type == LB_OBJECT && !named) return false;
    for (size_t i = 0; (list || named) && i < value->count; i++) {
        const lb_value *item = value->item[i];
        if (item->type == LB_OBJECT || (list ? item->type == LB_ARRAY : !is_cell("", item))) return false;
    }
    return true;
}

bool lb_grid_make(const lb_value *array, bool exact, lb_arena *arena, lb_grid *out)
{
    *out = (lb_grid){0};
    if (!is_table(array)) return false;
    size_t capacity = 0;
    for (size_t r = 0; r < array->count; r++) { /* the union of the keys, in order of appearance */
        const lb_value *row = array->item[r];
        for (size_t k = 0; k < row->count; k++) {
            if (find_key(out->key, out->columns, row->key[k], k) < out->columns) continue;
            if (!is_cell(row->key[k], row->item[k])) continue;
            if (out->columns == capacity) {
                capacity = capacity ? 2 * capacity : 16;
                const char **grown = lb_arena_array(arena, capacity, sizeof *grown);
                if (out->columns) memcpy(grown, out->key, out->columns * sizeof *grown);
                out->key = grown;
            }
            out->key[out->columns++] = row->key[k];
        }
    }
    out->rows = array->count;
    out->cell = lb_arena_array(arena, out->rows * out->columns + 1, sizeof *out->cell);
    out->numeric = lb_arena_array(arena, out->columns + 1, sizeof *out->numeric);
    for (size_t c = 0; c < out->columns; c++) out->numeric[c] = true;
    for (size_t i = 0; i < out->rows * out->columns; i++) out->cell[i] = "";
    for (size_t r = 0; r < out->rows; r++) {
        const lb_value *row = array->item[r];
        for (size_t k = 0; k < row->count; k++) {
            size_t c = find_key(out->key, out->columns, row->key[k], k);
            const char *text = c < out->columns ? cell_text(row->key[k], row->item[k], exact, arena) : NULL;
            if (text == NULL) continue;
            out->cell[r * out->columns + c] = text;
            if (*text && !lb_is_number(row->item[k])) out->numeric[c] = false;
        }
    }
    return out->columns > 0;
}

void lb_walk_tables(const lb_value *value, const char *path, lb_arena *arena,
                    void (*visit)(void *context, const char *path, const lb_value *table, bool scalars), void *context)
{
    if (value == NULL) return;
    if (is_table(value)) {
        visit(context, path, value, false);
        for (size_t r = 0; r < value->count; r++) { /* rows may hold tables of their own */
            const lb_value *row = value->item[r];
            for (size_t k = 0; k < row->count; k++)
                if (!is_cell(row->key[k], row->item[k]))
                    lb_walk_tables(row->item[k], lb_arena_printf(arena, "%s[%zu].%s", path, r, row->key[k]), arena, visit, context);
        }
        return;
    }
    if (value->type != LB_OBJECT) return;
    lb_value *scalars = lb_value_object(arena);
    for (size_t k = 0; k < value->count; k++)
        if (is_cell("", value->item[k])) lb_set(scalars, value->key[k], value->item[k]);
    if (scalars->count) visit(context, path, scalars, true);
    for (size_t k = 0; k < value->count; k++)
        if (!is_cell("", value->item[k]))
            lb_walk_tables(value->item[k], *path ? lb_arena_printf(arena, "%s.%s", path, value->key[k]) : value->key[k], arena, visit,
                           context);
}

size_t lb_text_columns(const char *text)
{
    size_t width = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if ((*p & 0xC0) == 0x80) continue; /* a continuation byte */
        width += *p >= 0xE3 && *p <= 0xED ? 2 : 1; /* U+3000–U+DFFF: Chinese, Japanese, Korean */
    }
    return width;
}
