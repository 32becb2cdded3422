/* CSV and codebook: any bytes give a table or a message; what was read is written and read again the same. */
#include <assert.h>
#include <stdlib.h>

#include <lumbar/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.decimal = data[0] & 1 ? ',' : '.';
    options.separator = data[0] & 2 ? ';' : 0;
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data + 1, size - 1, "fuzz.csv"};
    lb_table *table = NULL, *again = NULL, *coded = NULL;
    lb_error err = LB_ERROR_INIT;
    if (lb_csv_read(&bytes, &options, arena, &table, &err) != 0) {
        assert(err.code < 0 && err.message[0]);
    } else {
        lb_csv_options plain = LB_CSV_OPTIONS_INIT;
        lb_buf out = {0};
        lb_csv_write(table, false, &out);
        plain.separator = ',';
        lb_bytes written = {(const uint8_t *)out.data, out.length, "again.csv"};
        if (lb_csv_read(&written, &plain, arena, &again, &err) == 0)
            assert(again->columns == table->columns && again->rows == table->rows);
        options.codebook = table; /* the same bytes as a codebook */
        if (lb_csv_read(&bytes, &options, arena, &coded, NULL) == 0) assert(coded->rows == table->rows);
        lb_buf_free(&out);
    }
    lb_arena_free(arena);
    return 0;
}
