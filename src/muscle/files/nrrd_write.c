/* Writer of NRRD, and of segmentations as 3D Slicer reads them (.seg.nrrd), overlapping ones as layers.
 * Format: see nrrd.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "muscle/files/files.h"
#include "muscle/files/layers.h"
#include "muscle/files/stream.h"

static const char *type_word(lb_voxel type)
{
    static const char *const words[] = {[LB_U8] = "uint8_t", [LB_I8] = "int8_t", [LB_U16] = "uint16_t", [LB_I16] = "int16_t",
                                        [LB_U32] = "uint32_t", [LB_I32] = "int32_t", [LB_U64] = "uint64_t", [LB_I64] = "int64_t",
                                        [LB_F32] = "float", [LB_F64] = "double"};
    return words[type];
}

static void write_vector(lb_buf *out, double x, double y, double z)
{
    char a[32], b[32], c[32];
    lb_buf_printf(out, "(%s,%s,%s)", lb_number_text(x, a), lb_number_text(y, b), lb_number_text(z, c));
}

/* First and last index of a segment along each axis; all zero with "-1" ends when it is empty. */
static void extent_of(const lb_volume *layer, int64_t label, int64_t low[3], int64_t high[3])
{
    for (int axis = 0; axis < 3; axis++) low[axis] = INT64_MAX, high[axis] = -1;
    size_t count = lb_volume_count(layer);
    for (size_t i = 0; i < count; i++) {
        if (lb_volume_at(layer, i) != (double)label) continue;
        int64_t at[3] = {(int64_t)(i % layer->size[0]), (int64_t)(i / layer->size[0] % layer->size[1]),
                         (int64_t)(i / layer->size[0] / layer->size[1])};
        for (int axis = 0; axis < 3; axis++) {
            if (at[axis] < low[axis]) low[axis] = at[axis];
            if (at[axis] > high[axis]) high[axis] = at[axis];
        }
    }
    for (int axis = 0; axis < 3; axis++)
        if (high[axis] < 0) low[axis] = 0;
}

static void write_segments(const lb_volume *volume, lb_buf *out)
{
    /* Colours that stay apart for colour-blind readers (Okabe and Ito 2008). */
    static const char *const colour[] = {"0 0.447 0.698", "0.835 0.369 0", "0 0.62 0.451", "0.8 0.475 0.655",
                                         "0.902 0.624 0", "0.337 0.706 0.914", "0.941 0.894 0.259"};
    for (size_t i = 0; i < volume->segment_count; i++) {
        const lb_segment *segment = &volume->segment[i];
        int64_t low[3], high[3];
        extent_of(lb_layer_of(volume, segment), segment->label, low, high);
        lb_buf_printf(out, "Segment%zu_ID:=Segment_%zu\nSegment%zu_LabelValue:=%lld\nSegment%zu_Layer:=%zu\n", i, i + 1, i,
                      (long long)segment->label, i, segment->layer);
        lb_buf_printf(out, "Segment%zu_Color:=%s\nSegment%zu_Extent:=%lld %lld %lld %lld %lld %lld\n", i,
                      colour[i % LB_COUNT(colour)], i, (long long)low[0], (long long)high[0], (long long)low[1], (long long)high[1],
                      (long long)low[2], (long long)high[2]);
        lb_buf_printf(out, "Segment%zu_Name:=", i);
        for (const char *c = segment->name; *c; c++) lb_buf_putc(out, *c == '\n' || *c == '\r' ? ' ' : *c);
        lb_buf_putc(out, '\n');
    }
    if (volume->segment_count)
        lb_buf_puts(out, "Segmentation_MasterRepresentation:=Binary labelmap\n"
                         "Segmentation_ContainedRepresentationNames:=Binary labelmap|\n"
                         "Segmentation_ReferenceImageExtentOffset:=0 0 0\n");
}

/* Layers interleaved: the list axis is the fastest. */
static int write_voxels(const lb_volume *volume, bool gzip, lb_buf *out, lb_error *err)
{
    size_t count = lb_volume_count(volume), voxel = lb_voxel_size(volume->type), layers = volume->layers + 1;
    const void *data = volume->voxels;
    uint8_t *mixed = NULL;
    if (layers > 1) {
        mixed = lb_alloc(count * layers, voxel);
        for (size_t l = 0; l < layers; l++) {
            const lb_volume *layer = l == 0 ? volume : volume->layer[l - 1];
            for (size_t i = 0; i < count; i++) memcpy(mixed + voxel * (i * layers + l), (const char *)layer->voxels + voxel * i, voxel);
        }
        data = mixed;
    }
    int status = LB_OK;
    if (gzip) status = lb_gzip_add(out, data, count * layers * voxel, err);
    else lb_buf_add(out, data, count * layers * voxel);
    free(mixed);
    if (status == LB_OK && out->overflow) status = lb_fail(err, LB_TOO_LARGE, "the image is too large to write");
    return status;
}

int lb_nrrd_write(const lb_volume *volume, bool gzip, lb_buf *out, lb_error *err)
{
    const double *d = volume->direction, *s = volume->spacing_mm;
    bool list = volume->layers > 0;
    lb_buf_printf(out, "NRRD0004\ntype: %s\ndimension: %d\nspace: left-posterior-superior\nsizes:", type_word(volume->type), list ? 4 : 3);
    if (list) lb_buf_printf(out, " %zu", volume->layers + 1);
    lb_buf_printf(out, " %zu %zu %zu\nspace directions:%s", volume->size[0], volume->size[1], volume->size[2], list ? " none" : "");
    for (int c = 0; c < 3; c++) {
        lb_buf_putc(out, ' ');
        write_vector(out, d[c] * s[c], d[3 + c] * s[c], d[6 + c] * s[c]);
    }
    lb_buf_printf(out, "\nkinds:%s domain domain domain\nendian: little\nencoding: %s\nspace origin: ", list ? " list" : "",
                  gzip ? "gzip" : "raw");
    write_vector(out, volume->origin_mm[0], volume->origin_mm[1], volume->origin_mm[2]);
    lb_buf_putc(out, '\n');
    write_segments(volume, out);
    lb_buf_putc(out, '\n');
    return write_voxels(volume, gzip, out, err);
}

int lb_segments_name(lb_volume *volume, lb_error *err)
{
    enum { MOST = 4096 };
    size_t count = lb_volume_count(volume), segments = 0;
    lb_segment *segment = lb_arena_array(volume->arena, MOST, sizeof *segment);
    for (size_t i = 0; i < count; i++) {
        double value = lb_volume_at(volume, i);
        if (value == 0) continue;
        size_t at = 0;
        while (at < segments && (double)segment[at].label != value) at++;
        if (at < segments) continue;
        if (value != floor(value) || fabs(value) > 1e9 || segments == MOST) {
            lb_fail(err, LB_BAD_DATA, "this is not a label map: it holds %s", segments == MOST ? "more than 4096 values" : "values that are not whole numbers");
            lb_error_hint(err, "write an image as .nrrd or .nii.gz; .seg.nrrd is for masks");
            return LB_BAD_DATA;
        }
        for (at = segments++; at > 0 && (double)segment[at - 1].label > value; at--) segment[at] = segment[at - 1];
        segment[at] = (lb_segment){lb_arena_printf(volume->arena, "label %.0f", value), (int64_t)value, 0};
    }
    volume->segment = segment;
    volume->segment_count = segments;
    return LB_OK;
}
