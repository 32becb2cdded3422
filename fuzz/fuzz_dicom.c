/* DICOM images, zip bundles and all else an image parameter takes: whatever comes, every volume has sane geometry. */
#include <math.h>
#include <stdlib.h>

#include "muscle/files/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lb_arena *arena = lb_arena_new();
    /* Two files, split at the first byte's share of the input: series are made of several. */
    size_t cut = size > 1 ? 1 + (size - 1) * data[0] / 255 : size;
    lb_bytes file[2] = {{data + (size > 1), cut - (size > 1), "a"}, {data + cut, size - cut, "b"}};
    lb_image_request request = LB_IMAGE_REQUEST_INIT;
    lb_image *image;
    size_t count;
    lb_error err = LB_ERROR_INIT;
    request.file = file;
    request.files = size > cut ? 2 : 1;
    request.all = true;
    if (lb_images_read(NULL, &request, arena, &image, &count, &err) == LB_OK) {
        for (size_t i = 0; i < count; i++) {
            const lb_volume *v = image[i].volume;
            for (int a = 0; v && a < 3; a++)
                if (!(v->spacing_mm[a] > 0) || !isfinite(v->origin_mm[a]) || v->size[a] == 0) abort();
        }
    } else if (err.message[0] == '\0') {
        abort();
    }
    lb_arena_free(arena);
    return 0;
}
