/* CSV reader: whatever is read must survive being written and read again. The first byte chooses options. */
#include <stdlib.h>
#include <string.h>

#include <lumbar/data.h>

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
