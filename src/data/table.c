/* Tables: typed columns with missing values; building, finding, rows, and the way from and to value trees. */
#include <lumbar/data.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"
#include "data/value.h"

lb_table *lb_table_new(lb_arena *arena, const char *name, size_t rows)
{
    lb_table *table = lb_arena_alloc(arena, sizeof *table);
    table->arena = arena;
    table->name = lb_arena_text(arena, name ? name : "table");
    table->rows = rows;
    return table;
}

static lb_column *add_column(lb_table *table, const char *name, lb_column_type type)
{
    lb_column *column = lb_arena_array(table->arena, table->columns + 1, sizeof *column);
    if (table->columns) memcpy(column, table->column, table->columns * sizeof *column);
    table->column = column;
    column += table->columns++;
    column->name = lb_arena_text(table->arena, name);
    column->type = type;
    return column;
}

lb_column *lb_table_add_number(lb_table *table, const char *name)
{
    lb_column *column = add_column(table, name, LB_NUMBER);
    column->number = lb_arena_array(table->arena, table->rows + 1, sizeof *column->number);
    for (size_t r = 0; r < table->rows; r++) column->number[r] = NAN;
    column->missing = table->rows;
    return column;
}

lb_column *lb_table_add_text(lb_table *table, const char *name, const char *const *cells)
{
    lb_column *column = add_column(table, name, LB_TEXT);
    column->code = lb_arena_array(table->arena, table->rows + 1, sizeof *column->code);
    lb_dictionary dictionary = {.arena = table->arena};
    for (size_t r = 0; r < table->rows; r++) {
        column->code[r] = cells[r] ? lb_dictionary_code(&dictionary, cells[r], strlen(cells[r]), r + 2) : -1;
        column->missing += column->code[r] < 0;
    }
    lb_dictionary_sort(&dictionary, column, table->rows);
    lb_dictionary_free(&dictionary);
    return column;
}

lb_column *lb_table_find(const lb_table *table, const char *name)
{
    for (size_t c = 0; c < table->columns; c++)
        if (strcmp(table->column[c].name, name) == 0) return &table->column[c];
    return NULL;
}

static void list_columns(const lb_table *table, lb_buf *out)
{
    for (size_t c = 0; c < table->columns; c++) lb_buf_printf(out, "%s%s", c ? ", " : "", table->column[c].name);
}

int lb_table_needs_rows(const lb_table *table, lb_error *err)
{
    if (table->rows) return LB_OK;
    lb_buf names = {.max = 300};
    list_columns(table, &names);
    int code = lb_fail(err, LB_BAD_DATA, "this table has headings, but no rows");
    lb_error_where(err, "%s", table->name);
    lb_error_hint(err, "export it again with its rows; its columns are %s", names.data ? names.data : "none");
    lb_buf_free(&names);
    return code;
}

int lb_table_column(const lb_table *table, const char *name, lb_column **out, lb_error *err)
{
    *out = lb_table_find(table, name);
    if (*out) return LB_OK;
    const char **names = lb_alloc(table->columns + 1, sizeof *names);
    for (size_t c = 0; c < table->columns; c++) names[c] = table->column[c].name;
    const char *nearest = lb_text_nearest(name, names, table->columns);
    int code = lb_fail(err, LB_BAD_DATA, "there is no column '%s'", name);
    lb_error_where(err, "%s", table->name);
    if (nearest) {
        lb_error_hint(err, "did you mean '%s'?", nearest);
    } else {
        lb_buf list = {.max = 400};
        list_columns(table, &list);
        lb_error_hint(err, "the columns are %s", list.data ? list.data : "none");
        lb_buf_free(&list);
    }
    free(names);
    return code;
}

/* A text column that was meant as numbers is refused with the cell that spoils it. */
static int refuse_mixed(const lb_table *table, const lb_column *column, lb_error *err)
{
    int code;
    if (column->decimal_comma) {
        code = lb_fail(err, LB_BAD_DATA, "column '%s' holds numbers with a decimal comma, such as '%.40s'", column->name,
                       column->odd_text ? column->odd_text : "");
        lb_error_hint(err, "say --decimal , (or save the file with decimal points)");
    } else {
        code = lb_fail(err, LB_BAD_DATA, "column '%s' is not numeric: it holds '%.100s' (%zu cells of %zu are numbers)",
                       column->name, column->odd_text ? column->odd_text : "", column->number_cells,
                       table->rows - column->missing);
        lb_error_hint(err, "correct the cell, or declare it as missing (--missing '%.60s')",
                      column->odd_text ? column->odd_text : "");
    }
    if (column->odd_line) lb_error_where(err, "%s:%zu", table->name, column->odd_line);
    else lb_error_where(err, "%s", table->name);
    return code;
}

int lb_table_number(const lb_table *table, const char *name, lb_column **out, lb_error *err)
{
    int code = lb_table_column(table, name, out, err);
    if (code != LB_OK || (*out)->type == LB_NUMBER) return code;
    lb_column *column = *out;
    *out = NULL;
    if (column->missing == table->rows || column->odd_text || column->decimal_comma) return refuse_mixed(table, column, err);
    code = lb_fail(err, LB_BAD_DATA, "column '%s' holds texts, not numbers", column->name);
    lb_error_where(err, "%s", table->name);
    return code;
}

int lb_table_factor(const lb_table *table, const char *name, lb_arena *arena, lb_column *out, lb_error *err)
{
    lb_column *column;
    int code = lb_table_column(table, name, &column, err);
    if (code != LB_OK) return code;
    *out = *column;
    if (column->type == LB_TEXT) {
        /* "12, 14, n/a, 9": somebody's number column, not a factor of as many levels. */
        bool numbers = column->number_cells > 0 && 2 * column->number_cells > table->rows - column->missing;
        if (column->decimal_comma || (numbers && column->odd_text && column->level_count > 12)) return refuse_mixed(table, column, err);
        return LB_OK;
    }
    lb_factor_of_numbers(column, table->rows, arena, out);
    return LB_OK;
}

bool lb_column_missing(const lb_column *column, size_t row)
{
    return column->type == LB_NUMBER ? isnan(column->number[row]) : column->code[row] < 0;
}

const char *lb_column_text(const lb_column *column, size_t row, char *buffer)
{
    if (lb_column_missing(column, row)) return "";
    return column->type == LB_NUMBER ? lb_number_text(column->number[row], buffer) : column->level[column->code[row]];
}

lb_table *lb_table_rows(const lb_table *table, const size_t *row, size_t count, lb_arena *arena)
{
    lb_table *out = lb_table_new(arena, table->name, count);
    out->columns = table->columns;
    out->column = lb_arena_array(arena, table->columns + 1, sizeof *out->column);
    for (size_t c = 0; c < table->columns; c++) {
        const lb_column *from = &table->column[c];
        lb_column *to = &out->column[c];
        *to = *from;
        to->missing = 0;
        if (from->type == LB_NUMBER) to->number = lb_arena_array(arena, count + 1, sizeof *to->number);
        else to->code = lb_arena_array(arena, count + 1, sizeof *to->code);
        for (size_t i = 0; i < count; i++) {
            if (from->type == LB_NUMBER) to->number[i] = from->number[row[i]];
            else to->code[i] = from->code[row[i]];
            to->missing += lb_column_missing(to, i);
        }
    }
    return out;
}

/* A column of mixed or text values is text; of numbers (and nulls) numeric. */
static void value_column(const lb_value *array, const char *key, lb_table *table)
{
    bool text = false;
    for (size_t r = 0; r < array->count; r++) {
        const lb_value *cell = lb_get(array->item[r], key);
        text = text || (cell && !lb_is_number(cell) && cell->type != LB_NULL);
    }
    if (!text) {
        lb_column *column = lb_table_add_number(table, key);
        column->missing = 0;
        for (size_t r = 0; r < array->count; r++) {
            column->number[r] = lb_number_of(lb_get(array->item[r], key));
            column->missing += isnan(column->number[r]);
        }
        return;
    }
    const char **cells = lb_arena_array(table->arena, array->count + 1, sizeof *cells);
    for (size_t r = 0; r < array->count; r++) {
        const lb_value *cell = lb_get(array->item[r], key);
        char buffer[32];
        if (cell == NULL || cell->type == LB_NULL) continue;
        if (cell->type == LB_STRING) cells[r] = cell->text;
        else if (cell->type == LB_BOOL) cells[r] = cell->boolean ? "true" : "false";
        else if (lb_is_number(cell)) cells[r] = lb_arena_text(table->arena, lb_number_text(lb_number_of(cell), buffer));
    }
    lb_table_add_text(table, key, cells);
}

int lb_table_from_value(const lb_value *array, const char *name, lb_arena *arena, lb_table **out, lb_error *err)
{
    *out = NULL;
    if (array == NULL || array->type != LB_ARRAY) return lb_fail(err, LB_BAD_DATA, "'%s' is not a list of rows", name);
    lb_table *table = lb_table_new(arena, name, array->count);
    for (size_t r = 0; r < array->count; r++) {
        const lb_value *row = array->item[r];
        if (row->type != LB_OBJECT) return lb_fail(err, LB_BAD_DATA, "row %zu of '%s' is not an object", r + 1, name);
        for (size_t k = 0; k < row->count; k++)
            if (lb_table_find(table, row->key[k]) == NULL) value_column(array, row->key[k], table);
    }
    *out = table;
    return LB_OK;
}

lb_value *lb_table_to_value(const lb_table *table, lb_arena *arena)
{
    lb_value *array = lb_value_array(arena);
    for (size_t r = 0; r < table->rows; r++) {
        lb_value *row = lb_push_object(array);
        for (size_t c = 0; c < table->columns; c++) {
            const lb_column *column = &table->column[c];
            lb_value *cell = lb_value_new(arena, LB_NULL);
            if (!lb_column_missing(column, r)) {
                cell->type = column->type == LB_NUMBER ? LB_DOUBLE : LB_STRING;
                if (column->type == LB_NUMBER) cell->number = column->number[r];
                else cell->text = column->level[column->code[r]];
            }
            lb_value_append(row, column->name, cell);
        }
    }
    return array;
}
