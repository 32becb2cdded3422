/* YAML: any bytes give a tree or a message that says where. */
#include <assert.h>

#include <lumbar/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz.yaml"};
    lb_value *value = NULL;
    lb_error err = LB_ERROR_INIT;
    lb_buf out = {0};
    if (lb_yaml_read(&bytes, arena, &value, &err) != 0) assert(err.code < 0 && err.message[0]);
    else lb_json_write(value, 2, &out);
    lb_buf_free(&out);
    lb_arena_free(arena);
    return 0;
}
