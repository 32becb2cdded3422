/* DICOM segmentations: every segment that is read lies inside the label map, on the grid of an image or on its own. */
#include <math.h>
#include <stdlib.h>

#include "muscle/files/dicom.h"
#include "muscle/files/layers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    lb_bytes file = {data, size, "fuzz"};
    size_t grid_size[3] = {8, 8, 4};
    lb_volume *grid = lb_volume_new(arena, grid_size, LB_U8), *out;
    for (int with = 0; with < 2; with++) {
        lb_error err = LB_ERROR_INIT;
        if (lb_dcm_seg_read(&file, with ? grid : NULL, NULL, arena, &out, &err) == LB_OK) {
            for (size_t s = 0; s < out->segment_count; s++)
                if (out->segment[s].layer > out->layers || lb_layer_of(out, &out->segment[s])->size[0] != out->size[0]) abort();
        } else if (err.message[0] == '\0') {
            abort();
        }
    }
    lb_arena_free(arena);
    return 0;
}
