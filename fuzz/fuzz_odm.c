/* XML of others (ODM, EPX): whatever the bytes, reading ends, no DTD gets through. */
#include <stddef.h>
#include <stdint.h>

#include "trial/exchange/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz.xml"};
    lb_error err = LB_ERROR_INIT;
    xml_node *root;
    lb_value *results = lb_value_object(arena);
    int code = xml_read(&bytes, 0, arena, &root, &err);
    if (code == LB_OK) code = xml_is(root, "EpiData") ? import_epx(root, arena, results, &err) : import_odm(root, NULL, arena, results, &err);
    lb_arena_free(arena);
    return code > 0;
}
