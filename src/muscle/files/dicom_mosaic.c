/* Siemens mosaic: one picture holds all slices of a volume as tiles. Their number and the direction of the slices are in a
 * private header ("CSA header"); layout as documented by the NiBabel project (nipy.org/nibabel/dicom/siemens_csa.html). */
#include <math.h>
#include <string.h>

#include "muscle/files/dicom.h"

enum { NAME = 64, MOST_TAGS = 4096, MOST_ITEMS = 4096 };

static bool read_u32(const uint8_t *data, size_t length, size_t at, uint32_t *out)
{
    if (at > length || length - at < 4) return false;
    *out = (uint32_t)data[at] | (uint32_t)data[at + 1] << 8 | (uint32_t)data[at + 2] << 16 | (uint32_t)data[at + 3] << 24;
    return true;
}

/* The numbers of one named entry; how many were found. */
static size_t csa_numbers(const uint8_t *data, size_t length, const char *wanted, double *out, size_t most)
{
    bool second = length >= 8 && memcmp(data, "SV10", 4) == 0;
    size_t at = second ? 8 : 0, found = 0;
    uint32_t tags;
    if (!read_u32(data, length, at, &tags) || tags > MOST_TAGS) return 0;
    at += 8;
    for (uint32_t t = 0; t < tags; t++) {
        uint32_t items;
        if (at > length || length - at < NAME + 20 || !read_u32(data, length, at + NAME + 12, &items) || items > MOST_ITEMS)
            return 0;
        bool here = strncmp((const char *)data + at, wanted, NAME) == 0;
        at += NAME + 20;
        for (uint32_t i = 0; i < items; i++) {
            uint32_t size;
            if (!read_u32(data, length, at + (second ? 4 : 0), &size)) return found;
            at += 16;
            if (at > length || size > length - at) return found;
            const char *text = (const char *)data + at;
            size_t from = 0, end = strnlen(text, size);
            while (from < end && text[from] == ' ') from++;
            while (end > from && text[end - 1] == ' ') end--;
            if (here && found < most && end > from && lb_text_number(text + from, end - from, &out[found])) found++;
            at += (size + 3) / 4 * 4;
        }
        if (here) return found;
    }
    return 0;
}

bool lb_dcm_mosaic(const lb_dcm_item *root, size_t *tiles, double normal[3])
{
    char type[256];
    if (!lb_dcm_text(root, LB_TAG(0x0008, 0x0008), type, sizeof type) || !strstr(type, "MOSAIC")) return false;
    size_t length;
    const uint8_t *csa = lb_dcm_raw(root, LB_TAG(0x0029, 0x1010), &length);
    double count = 0;
    if (csa && csa_numbers(csa, length, "NumberOfImagesInMosaic", &count, 1) == 0) count = 0;
    if (count == 0 && lb_dcm_numbers(root, LB_TAG(0x0019, 0x100a), &count, 1) == 0) return false;
    if (!(count >= 1 && count <= 4096)) return false;
    *tiles = (size_t)count;
    if (!csa || csa_numbers(csa, length, "SliceNormalVector", normal, 3) != 3) normal[0] = normal[1] = normal[2] = 0;
    double size = sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
    for (int axis = 0; axis < 3 && size > 0; axis++) normal[axis] /= size;
    return true;
}
