/* RTSTRUCT contours filled on a small grid. */
#include <stdlib.h>

#include "muscle/files/dicom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes file = {data, size, "fuzz"};
    size_t grid_size[3] = {16, 16, 4}, count;
    lb_volume *grid = lb_volume_new(arena, grid_size, LB_U8), *out;
    lb_segment *names;
    lb_error err = LB_ERROR_INIT;
    if (lb_dcm_contours_read(&file, grid, NULL, arena, &out, &err) != LB_OK && err.message[0] == '\0') abort();
    if (lb_dcm_contours_list(&file, arena, &names, &count, &err) == LB_OK)
        for (size_t i = 0; i < count; i++)
            if (!names[i].name) abort();
    lb_arena_free(arena);
    return 0;
}
