/* A REDCap dictionary, with data behind a form feed: whatever the bytes, reading ends. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "trial/exchange/redcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    const uint8_t *cut = size ? memchr(data, '\f', size) : NULL;
    lb_bytes dictionary = {data, cut ? (size_t)(cut - data) : size, "fuzz.csv"}, records = {0};
    if (cut) records = (lb_bytes){cut + 1, size - dictionary.length - 1, "data.csv"};
    lb_error err = LB_ERROR_INIT;
    int code = import_redcap(&dictionary, &records, arena, lb_value_object(arena), &err);
    redcap_dictionary read;
    if (code == LB_OK && redcap_read(&dictionary, arena, &read, &err) == LB_OK) { /* its forms, as the text of a protocol */
        lb_buf yaml = {0};
        lb_value *forms;
        redcap_forms(&read, &yaml);
        const lb_bytes text = {(const uint8_t *)yaml.data, yaml.length, "forms.yaml"};
        code = lb_yaml_read(&text, arena, &forms, &err);
        lb_buf_free(&yaml);
    }
    lb_arena_free(arena);
    return code > 0;
}
