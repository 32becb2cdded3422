/* NRRD reader: what is read must have sane geometry and survive being written and read again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/files/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {data, size, "fuzz.nrrd"};
    lb_volume *volume, *again;
    lb_error err = LB_ERROR_INIT;
    if (lb_nrrd_read(&bytes, arena, &volume, &err) == LB_OK) {
        for (int a = 0; a < 3; a++)
            if (!(volume->spacing_mm[a] > 0) || !isfinite(volume->origin_mm[a]) || volume->size[a] == 0) abort();
        volume->segment_count = 0; /* names may hold what a header line cannot */
        lb_buf out = {0};
        if (lb_nrrd_write(volume, false, &out, &err) != LB_OK) abort();
        lb_bytes back = {(const uint8_t *)out.data, out.length, "again.nrrd"};
        if (lb_nrrd_read(&back, arena, &again, &err) != LB_OK) abort();
        if (memcmp(volume->size, again->size, sizeof volume->size) != 0) abort();
        if (memcmp(volume->voxels, again->voxels, lb_volume_count(volume) * lb_voxel_size(volume->type)) != 0) abort();
        lb_buf_free(&out);
    } else if (err.message[0] == '\0') {
        abort();
    }
    lb_arena_free(arena);
    return 0;
}
