/* XML of others (ODM, EPX): whatever the bytes, reading ends, no DTD gets through. */
#include <stddef.h>
#include <stdint.h>

#include "trial/exchange/tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_result *result = lb_result_new("study import");
    lb_bytes bytes = {data, size, "fuzz.xml"};
    lb_error err = LB_ERROR_INIT;
    xml_node *root;
    int code = xml_read(&bytes, 0, result->arena, &root, &err);
    bool epx = code == LB_OK && xml_is(root, "EpiData");
    if (code == LB_OK) code = epx ? import_epx(root, result->arena, result->results, &err) : import_odm(root, NULL, result->arena, result->results, &err);
    if (code == LB_OK) code = epx ? tables_of_epx(root, result->arena, result, &err) : tables_of_odm(root, result->arena, result, &err);
    lb_result_free(result);
    return code > 0;
}
