/* JSON reader: what is read must read back the same after writing. */
#include <stdlib.h>
#include <string.h>

#include <lumbar/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz.json"};
    lb_value *value, *again;
    lb_error err = LB_ERROR_INIT;
    if (lb_json_read(&bytes, arena, &value, &err) == LB_OK) {
        lb_buf first = {0}, second = {0};
        lb_json_write(value, 2, &first);
        lb_bytes back = {(const uint8_t *)first.data, first.length, "again.json"};
        if (lb_json_read(&back, arena, &again, &err) != LB_OK) abort();
        lb_json_write(again, 2, &second);
        if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0) abort();
        lb_table *table;
        (void)!lb_table_from_value(value, "fuzz", arena, &table, &err);
        lb_buf_free(&first);
        lb_buf_free(&second);
    }
    lb_arena_free(arena);
    return 0;
}
