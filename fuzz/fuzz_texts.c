/* Files of licensed texts: as they come, and as a body under a head whose hash fits (or the fuzzer would never get past it). */
#include <stddef.h>
#include <stdint.h>

#include "trial/conduct/texts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(const void *data, size_t size, lb_arena *arena)
{
    lb_bytes bytes = {data, size, "fuzz.txt"};
    lb_error err = LB_ERROR_INIT;
    lb_texts texts;
    (void)!lb_texts_read(&bytes, arena, &texts, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_buf whole = {0};
    char hex[65];
    read_as(data, size, arena);
    lb_sha256_hex(data, size, hex);
    lb_buf_printf(&whole, "lumbar-text/1\ninstrument: odi\nlanguage: zh\nlicence: held by the fuzzer\nsha256: %s\n---\n", hex);
    lb_buf_add(&whole, (const char *)data, size);
    read_as(whole.data, whole.length, arena);
    lb_buf_free(&whole);
    lb_arena_free(arena);
    return 0;
}
