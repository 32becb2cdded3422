/* CSV reader: whatever is read must be the same however it is read (cell after cell, in blocks by any processor, in blocks by this
 * one), as strtod() has it, and survive being written and read again. The first byte chooses options. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lumbar/data.h>

#include "data/csv_plain.h"

static void hold(bool true_of_all)
{
    if (!true_of_all) abort();
}

static void compare(const lb_table *a, const lb_table *b)
{
    hold(a->rows == b->rows && a->columns == b->columns && strcmp(a->sha256, b->sha256) == 0);
    for (size_t c = 0; c < a->columns; c++) {
        const lb_column *x = &a->column[c], *y = &b->column[c];
        hold(x->type == y->type && x->missing == y->missing && strcmp(x->name, y->name) == 0);
        if (x->type == LB_NUMBER) {
            hold(memcmp(x->number, y->number, a->rows * sizeof(double)) == 0);
            continue;
        }
        hold(memcmp(x->code, y->code, a->rows * sizeof(int32_t)) == 0 && x->level_count == y->level_count);
        hold(x->odd_line == y->odd_line && x->number_cells == y->number_cells && x->decimal_comma == y->decimal_comma);
        for (size_t i = 0; i < x->level_count; i++) hold(strcmp(x->level[i], y->level[i]) == 0);
    }
}

static void read_every_way(const lb_bytes *bytes, const lb_csv_options *options, lb_arena *arena)
{
    csv_plain_reader *const reader[] = {NULL, lb_csv_plain, lb_csv_plain_best()};
    lb_table *table[3] = {NULL};
    lb_error error[3] = {LB_ERROR_INIT, LB_ERROR_INIT, LB_ERROR_INIT};
    for (size_t i = 0; i < 3; i++) {
        int code = lb_csv_read_by(reader[i], bytes, options, arena, &table[i], &error[i]);
        hold(code == error[i].code && strcmp(error[i].message, error[0].message) == 0 && strcmp(error[i].where, error[0].where) == 0);
        if (table[0]) compare(table[0], table[i]);
    }
}

/* The bytes as one number, and as a cell that is read in a block. */
static void read_number(const uint8_t *data, size_t size, lb_arena *arena)
{
    if (size == 0 || size > 60 || memchr(data, 0, size)) return;
    char text[256];
    memcpy(text, data, size);
    text[size] = '\0';
    double value, cell;
    if (!lb_text_number(text, size, &value)) return;
    cell = strtod(text, NULL);
    hold(isfinite(value) && memcmp(&value, &cell, sizeof value) == 0);
    lb_buf csv = {0};
    lb_buf_printf(&csv, "a heading of some length,b\n%s,1\n1,%s\n", text, text);
    lb_bytes bytes = {(const uint8_t *)csv.data, csv.length, "number.csv"};
    lb_table *table;
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.separator = ',';
    hold(lb_csv_read(&bytes, &options, arena, &table, &err) == LB_OK && table->rows == 2);
    hold(memcmp(&table->column[0].number[0], &value, sizeof value) == 0 && memcmp(&table->column[1].number[1], &value, sizeof value) == 0);
    lb_buf_free(&csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    if (data[0] & 1) options.decimal = ',';
    if (data[0] & 2) options.separator = ';';
    if (data[0] & 4) options.missing = "-99,NA,.";
    if (data[0] & 8) options.text_columns = "a,id";
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data + 1, size - 1, "fuzz.csv"};
    lb_table *table, *again;
    lb_error err = LB_ERROR_INIT;
    read_every_way(&bytes, &options, arena);
    read_number(bytes.data, bytes.length, arena);
    if (lb_csv_read(&bytes, &options, arena, &table, &err) == LB_OK) {
        lb_buf out = {0};
        lb_csv_write(table, true, &out); /* guarded against spreadsheets: "+" becomes "'+", which may meet another name */
        lb_buf_free(&out);
        lb_csv_write(table, false, &out);
        lb_bytes back = {(const uint8_t *)out.data, out.length, "again.csv"};
        lb_csv_options plain = LB_CSV_OPTIONS_INIT;
        plain.separator = ',';
        if (lb_csv_read(&back, &plain, arena, &again, &err) != LB_OK) abort();
        if (again->columns != table->columns || again->rows != table->rows) abort();
        for (size_t c = 0; c < table->columns; c++) {
            lb_column factor, *number;
            if (lb_table_factor(table, table->column[c].name, arena, &factor, &err) == LB_OK)
                for (size_t r = 0; r < table->rows; r++)
                    if (factor.code[r] >= (int32_t)factor.level_count) abort();
            (void)!lb_table_number(table, table->column[c].name, &number, &err);
        }
        options.codebook = table; /* the same bytes as a codebook */
        if (lb_csv_read(&bytes, &options, arena, &again, &err) == LB_OK && again->rows != table->rows) abort();
        lb_buf_free(&out);
    }
    lb_arena_free(arena);
    return 0;
}
