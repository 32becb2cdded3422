/* EpiData REC, with a CHK behind a form feed: whatever the bytes, reading ends. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "trial/exchange/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    const uint8_t *cut = size ? memchr(data, '\f', size) : NULL;
    lb_bytes rec = {data, cut ? (size_t)(cut - data) : size, "fuzz.rec"}, chk = {0};
    if (cut) chk = (lb_bytes){cut + 1, size - rec.length - 1, "fuzz.chk"};
    lb_error err = LB_ERROR_INIT;
    entry_file file;
    lb_value *results = lb_value_object(arena);
    int code = import_rec(&rec, &chk, arena, results, &file, &err);
    if (code == LB_OK && file.fields > 1) { /* the same file twice never differs */
        const char *key[] = {file.field[0].name};
        compare_options options = {.key = key, .key_count = 1};
        lb_value *report = lb_value_object(arena);
        if (exchange_compare(&file, &file, &options, report, &err) == LB_OK && lb_get_int(report, "field_errors", 0) != 0) __builtin_trap();
    }
    lb_arena_free(arena);
    return 0;
}
