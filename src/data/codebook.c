/* Codebook: a table that says of each column its label, unit, type, code list and missing codes. */
#include <math.h>
#include <string.h>

#include "data/csv.h"

typedef struct code_list {
    char **code, **text;
    size_t count;
} code_list;

static int bad(lb_error *err, const lb_table *codebook, size_t row, const char *what, const char *text)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s: '%.200s'", what, text);
    lb_error_where(err, "%s:%zu", codebook->name, row + 2);
    return code;
}

/* "1=male;2=female" */
static int parse_codes(const char *text, lb_arena *arena, code_list *out)
{
    char **piece = lb_text_split(arena, text, ';', &out->count);
    out->code = lb_arena_array(arena, out->count + 1, sizeof *out->code);
    out->text = lb_arena_array(arena, out->count + 1, sizeof *out->text);
    for (size_t i = 0; i < out->count; i++) {
        char *equals = strchr(piece[i], '=');
        if (equals == NULL || equals == piece[i]) return -1;
        out->code[i] = lb_arena_textn(arena, piece[i], (size_t)(equals - piece[i]));
        out->text[i] = lb_arena_text(arena, equals + 1);
    }
    return 0;
}

static int32_t find_code(const code_list *list, const char *cell)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->code[i], cell) == 0) return (int32_t)i;
    return -1;
}

/* Cells hold codes, or already the texts: both become levels in the order of the list. */
static int apply_codes(const lb_table *codebook, size_t row, const code_list *list, lb_table *table, lb_column *column,
                       lb_error *err)
{
    int32_t *code = lb_arena_array(table->arena, table->rows + 1, sizeof *code);
    for (size_t r = 0; r < table->rows; r++) {
        char buffer[32];
        const char *cell = lb_column_text(column, r, buffer);
        code[r] = -1;
        if (*cell == '\0') continue;
        code[r] = find_code(list, cell);
        for (size_t i = 0; i < list->count && code[r] < 0; i++)
            if (strcmp(list->text[i], cell) == 0) code[r] = (int32_t)i;
        if (code[r] < 0) {
            int status = lb_fail(err, LB_BAD_DATA, "column '%s' holds '%.100s', which is not in its code list", column->name, cell);
            lb_error_where(err, "%s, row %zu", table->name, r + 2);
            lb_error_hint(err, "correct the cell, or add the code to %s line %zu", codebook->name, row + 2);
            return status;
        }
    }
    column->type = LB_TEXT;
    column->code = code;
    column->number = NULL;
    column->level = (const char **)list->text;
    column->level_count = list->count;
    column->number_cells = column->odd_line = 0;
    column->odd_text = NULL;
    column->decimal_comma = false;
    return LB_OK;
}

static void apply_missing(const char *words, lb_table *table, lb_column *column)
{
    size_t count;
    char **word = lb_text_split(table->arena, words, ';', &count);
    for (size_t r = 0; r < table->rows; r++) {
        char buffer[32];
        const char *cell = lb_column_text(column, r, buffer);
        for (size_t i = 0; i < count && *cell; i++) {
            if (strcmp(cell, word[i]) != 0) continue;
            if (column->type == LB_NUMBER) column->number[r] = NAN;
            else column->code[r] = -1;
            column->missing++;
            break;
        }
    }
}

static const char *cell_of(const lb_table *codebook, const char *name, size_t row, char *buffer)
{
    const lb_column *column = lb_table_find(codebook, name);
    return column ? lb_column_text(column, row, buffer) : "";
}

static int apply_row(const lb_table *codebook, size_t row, lb_table *table, lb_error *err)
{
    char buffer[32];
    lb_column *column = lb_table_find(table, cell_of(codebook, "name", row, buffer));
    if (column == NULL) return LB_OK; /* one codebook serves many tables */
    const char *text = cell_of(codebook, "label", row, buffer);
    if (*text) column->label = lb_arena_text(table->arena, text);
    text = cell_of(codebook, "unit", row, buffer);
    if (*text) column->unit = lb_arena_text(table->arena, text);
    text = cell_of(codebook, "missing", row, buffer);
    if (*text) apply_missing(text, table, column);
    text = cell_of(codebook, "codes", row, buffer);
    if (*text) {
        code_list list;
        if (parse_codes(text, table->arena, &list) != 0)
            return bad(err, codebook, row, "a code list reads \"1=male;2=female\", not", text);
        return apply_codes(codebook, row, &list, table, column, err);
    }
    text = cell_of(codebook, "type", row, buffer);
    if (*text == '\0' || strcmp(text, "number") == 0) return LB_OK;
    if (strcmp(text, "factor") != 0 && strcmp(text, "text") != 0)
        return bad(err, codebook, row, "a type is number, text or factor, not", text);
    lb_column factor;
    int code = lb_table_factor(table, column->name, table->arena, &factor, err);
    if (code == LB_OK) *column = factor;
    return code;
}

int lb_codebook_apply(const lb_table *codebook, lb_table *table, lb_error *err)
{
    if (lb_table_find(codebook, "name") == NULL) {
        int code = lb_fail(err, LB_BAD_DATA, "the codebook has no column 'name'");
        lb_error_where(err, "%s", codebook->name);
        lb_error_hint(err, "its columns are name, label, unit, type, codes, missing");
        return code;
    }
    for (size_t row = 0; row < codebook->rows; row++) {
        int code = apply_row(codebook, row, table, err);
        if (code != LB_OK) return code;
    }
    return LB_OK;
}
