/* JSON: any bytes give a tree or a message; what was read is written and read again the same. */
#include <assert.h>
#include <string.h>

#include <lumbar/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz.json"};
    lb_value *value = NULL, *again = NULL;
    lb_error err = LB_ERROR_INIT;
    if (lb_json_read(&bytes, arena, &value, &err) != 0) {
        assert(err.code < 0 && err.message[0]);
    } else {
        lb_buf one = {0}, two = {0};
        lb_json_write(value, 0, &one);
        lb_bytes written = {(const uint8_t *)one.data, one.length, "again.json"};
        if (lb_json_read(&written, arena, &again, &err) == 0) {
            lb_json_write(again, 0, &two);
            assert(strcmp(one.data, two.data) == 0);
        }
        lb_buf_free(&one);
        lb_buf_free(&two);
    }
    lb_arena_free(arena);
    return 0;
}
