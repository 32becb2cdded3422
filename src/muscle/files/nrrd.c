/* Reader of NRRD with attached data (raw, gzip, ascii), and of the names and layers in a .seg.nrrd.
 * Format: "Definition of NRRD File Format", teem.sourceforge.net/nrrd/format.html; segments: 3D Slicer's
 * segmentation file documentation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "muscle/files/files.h"
#include "muscle/files/stream.h"

enum { MAX_SEGMENTS = 4096, MAX_HEADER = 1 << 20 };

typedef enum encoding { RAW, GZIP, ASCII } encoding;

typedef struct segment_entry {
    char name[128];
    int64_t label, layer;
    bool named, labelled;
} segment_entry;

typedef struct header {
    const char *name;
    lb_arena *arena;
    int line;
    int dimension;
    double size[16];
    int sizes, vectors;
    bool is_list[16]; /* axis without direction ("none") */
    size_t layers;    /* of overlapping segments, 1 = none overlap */
    double vector[16][3], spacing[16];
    double origin[3];
    bool typed, block, big_endian, encoded, has_origin, has_spacing;
    lb_voxel type;
    encoding how;
    double sign[3]; /* to LPS */
    bool oriented;
    double byte_skip, line_skip;
    segment_entry *segment;
    size_t segments, segment_room;
} header;

static const struct {
    const char *word;
    lb_voxel type;
} type_words[] = {{"signed char", LB_I8},
                  {"int8", LB_I8},
                  {"int8_t", LB_I8},
                  {"uchar", LB_U8},
                  {"unsigned char", LB_U8},
                  {"uint8", LB_U8},
                  {"uint8_t", LB_U8},
                  {"short", LB_I16},
                  {"short int", LB_I16},
                  {"signed short", LB_I16},
                  {"signed short int", LB_I16},
                  {"int16", LB_I16},
                  {"int16_t", LB_I16},
                  {"ushort", LB_U16},
                  {"unsigned short", LB_U16},
                  {"unsigned short int", LB_U16},
                  {"uint16", LB_U16},
                  {"uint16_t", LB_U16},
                  {"int", LB_I32},
                  {"signed int", LB_I32},
                  {"int32", LB_I32},
                  {"int32_t", LB_I32},
                  {"uint", LB_U32},
                  {"unsigned int", LB_U32},
                  {"uint32", LB_U32},
                  {"uint32_t", LB_U32},
                  {"longlong", LB_I64},
                  {"long long", LB_I64},
                  {"long long int", LB_I64},
                  {"signed long long", LB_I64},
                  {"signed long long int", LB_I64},
                  {"int64", LB_I64},
                  {"int64_t", LB_I64},
                  {"ulonglong", LB_U64},
                  {"unsigned long long", LB_U64},
                  {"unsigned long long int", LB_U64},
                  {"uint64", LB_U64},
                  {"uint64_t", LB_U64},
                  {"float", LB_F32},
                  {"double", LB_F64}};

static int refuse(const header *h, lb_error *err, const char *hint)
{
    lb_error_where(err, "%s:%d", h->name, h->line);
    lb_error_hint(err, "%s", hint);
    return LB_BAD_DATA;
}

/* Next word of `*text` as a number; false when there is none. */
static bool next_number(const char **text, double *out)
{
    while (**text == ' ' || **text == '\t' || **text == ',' || **text == '(' || **text == ')') ++*text;
    const char *start = *text;
    while (**text && !strchr(" \t,()", **text)) ++*text;
    size_t length = (size_t)(*text - start);
    if (length == 0) return false;
    if (length == 3 && strncasecmp(start, "nan", 3) == 0) {
        *out = NAN;
        return true;
    }
    return lb_text_number(start, length, out);
}

static int read_type(header *h, const char *value, lb_error *err)
{
    for (size_t i = 0; i < LB_COUNT(type_words); i++) {
        if (strcasecmp(value, type_words[i].word) != 0) continue;
        h->type = type_words[i].type;
        h->typed = true;
        return LB_OK;
    }
    lb_fail(err, LB_BAD_DATA, "voxels of type \"%s\" cannot be read", value);
    return refuse(h, err, "convert the image to whole numbers or single or double precision");
}

static int read_encoding(header *h, const char *value, lb_error *err)
{
    h->encoded = true;
    if (strcasecmp(value, "raw") == 0)
        h->how = RAW;
    else if (strcasecmp(value, "gzip") == 0 || strcasecmp(value, "gz") == 0)
        h->how = GZIP;
    else if (strcasecmp(value, "ascii") == 0 || strcasecmp(value, "text") == 0 || strcasecmp(value, "txt") == 0)
        h->how = ASCII;
    else {
        lb_fail(err, LB_BAD_DATA, "the encoding \"%s\" cannot be read", value);
        return refuse(h, err, "save the image again with gzip, raw or ascii encoding");
    }
    return LB_OK;
}

static int read_space(header *h, const char *value)
{
    static const struct {
        const char *word;
        double sign[3];
    } spaces[] = {{"left-posterior-superior", {1, 1, 1}},   {"LPS", {1, 1, 1}},
                  {"right-anterior-superior", {-1, -1, 1}}, {"RAS", {-1, -1, 1}},
                  {"left-anterior-superior", {1, -1, 1}},   {"LAS", {1, -1, 1}}};
    for (size_t i = 0; i < LB_COUNT(spaces); i++) {
        if (strcasecmp(value, spaces[i].word) != 0) continue;
        memcpy(h->sign, spaces[i].sign, sizeof h->sign);
        h->oriented = true;
    }
    return LB_OK;
}

static int read_directions(header *h, const char *value, lb_error *err)
{
    h->vectors = 0;
    while (*value && h->vectors < 16) {
        while (*value == ' ' || *value == '\t') value++;
        if (!*value) break;
        int axis = h->vectors++;
        if (strncmp(value, "none", 4) == 0) {
            h->is_list[axis] = true;
            value += 4;
            continue;
        }
        const char *close = strchr(value, ')');
        for (int i = 0; i < 3; i++) {
            if (close && next_number(&value, &h->vector[axis][i]) && value <= close) continue;
            lb_fail(err, LB_BAD_DATA, "the space direction of axis %d is not three numbers in parentheses", axis + 1);
            return refuse(h, err, "write it as (x,y,z) in millimetres");
        }
        value = close + 1;
    }
    return LB_OK;
}

static int read_numbers(header *h, const char *value, double *out, int *count, const char *what, lb_error *err)
{
    *count = 0;
    while (*count < 16 && next_number(&value, &out[*count])) ++*count;
    while (*value == ' ' || *value == ')') value++;
    if (*value == '\0') return LB_OK;
    lb_fail(err, LB_BAD_DATA, "\"%s\" holds something that is not a number: %.40s", what, value);
    return refuse(h, err, "the header is damaged");
}

static int read_origin(header *h, const char *value, lb_error *err)
{
    double origin[16];
    int count;
    int status = read_numbers(h, value, origin, &count, "space origin", err);
    if (status == LB_OK && count != 3) {
        lb_fail(err, LB_BAD_DATA, "the space origin has %d numbers", count);
        return refuse(h, err, "it must be (x,y,z) in millimetres");
    }
    if (status == LB_OK) memcpy(h->origin, origin, sizeof h->origin);
    h->has_origin = true;
    return status;
}

static int read_field(header *h, const char *key, const char *value, lb_error *err)
{
    int count;
    double number = 0;
    if (strcasecmp(key, "type") == 0) return read_type(h, value, err);
    if (strcasecmp(key, "encoding") == 0) return read_encoding(h, value, err);
    if (strcasecmp(key, "space") == 0) return read_space(h, value);
    if (strcasecmp(key, "sizes") == 0) return read_numbers(h, value, h->size, &h->sizes, key, err);
    if (strcasecmp(key, "space directions") == 0) return read_directions(h, value, err);
    if (strcasecmp(key, "space origin") == 0) return read_origin(h, value, err);
    if (strcasecmp(key, "spacings") == 0) {
        h->has_spacing = true;
        return read_numbers(h, value, h->spacing, &count, key, err);
    }
    if (strcasecmp(key, "dimension") == 0) {
        if (!lb_text_number(value, strlen(value), &number) || !(number >= 1 && number <= 16)) {
            lb_fail(err, LB_BAD_DATA, "the dimension is \"%.40s\"", value);
            return refuse(h, err, "Lumbar reads images of three dimensions");
        }
        h->dimension = (int)number;
        return LB_OK;
    }
    if (strcasecmp(key, "endian") == 0) {
        h->big_endian = strcasecmp(value, "big") == 0;
        return LB_OK;
    }
    if (strcasecmp(key, "byte skip") == 0 || strcasecmp(key, "byteskip") == 0 || strcasecmp(key, "line skip") == 0 ||
        strcasecmp(key, "lineskip") == 0) {
        if (!lb_text_number(value, strlen(value), &number) || number != floor(number) || number < -1 || number > 1e12) {
            lb_fail(err, LB_BAD_DATA, "\"%s\" is \"%.40s\"", key, value);
            return refuse(h, err, "it must be a whole number");
        }
        *(key[0] == 'b' || key[0] == 'B' ? &h->byte_skip : &h->line_skip) = number;
        return LB_OK;
    }
    if (strcasecmp(key, "data file") == 0 || strcasecmp(key, "datafile") == 0) {
        lb_fail(err, LB_BAD_DATA, "the voxels are in another file, \"%.80s\"", value);
        return refuse(h, err, "save the image as one attached .nrrd file");
    }
    return LB_OK; /* content, kinds, units, measurement frame, …: nothing we compute depends on them */
}

/* Segment3_Name:=…, Segment3_LabelValue:=…, Segment3_Layer:=… */
static void read_pair(header *h, const char *key, const char *value)
{
    int used = 0, index = 0;
    if (sscanf(key, "Segment%5d_%n", &index, &used) < 1 || used == 0 || index < 0 || index >= MAX_SEGMENTS) return;
    if ((size_t)index >= h->segments) {
        if ((size_t)index >= h->segment_room) {
            h->segment_room = 2 * (size_t)index + 8;
            segment_entry *longer = lb_arena_array(h->arena, h->segment_room, sizeof *longer);
            if (h->segments) memcpy(longer, h->segment, h->segments * sizeof *longer);
            h->segment = longer;
        }
        h->segments = (size_t)index + 1;
    }
    segment_entry *entry = &h->segment[index];
    const char *what = key + used;
    int64_t number = 0;
    if (strcmp(what, "Name") == 0) {
        snprintf(entry->name, sizeof entry->name, "%s", value);
        entry->named = true;
    } else if (strcmp(what, "LabelValue") == 0 && lb_text_integer(value, strlen(value), &number)) {
        entry->label = number;
        entry->labelled = true;
    } else if (strcmp(what, "Layer") == 0 && lb_text_integer(value, strlen(value), &number)) {
        entry->layer = number;
    }
}

static int read_line(header *h, char *line, lb_error *err)
{
    if (line[0] == '#') return LB_OK;
    char *colon = strchr(line, ':');
    if (!colon) {
        lb_fail(err, LB_BAD_DATA, "this header line has no colon: %.60s", line);
        return refuse(h, err, "the header is damaged");
    }
    *colon = '\0';
    char *value = colon + 1;
    if (*value == '=') {
        read_pair(h, line, value + 1);
        return LB_OK;
    }
    while (*value == ' ' || *value == '\t') value++;
    size_t length = strlen(value);
    while (length > 0 && strchr(" \t", value[length - 1])) value[--length] = '\0';
    return read_field(h, line, value, err);
}

/* Header lines up to the empty one; returns where the data starts, through *start. */
static int read_header(header *h, const lb_bytes *bytes, size_t *start, lb_error *err)
{
    size_t at = 0;
    while (at < bytes->length && at < MAX_HEADER) {
        const uint8_t *end = memchr(bytes->data + at, '\n', bytes->length - at);
        size_t length = end ? (size_t)(end - bytes->data) - at : bytes->length - at;
        char *line = lb_arena_textn(h->arena, (const char *)bytes->data + at, length);
        at += length + (end ? 1 : 0);
        h->line++;
        if (length > 0 && line[length - 1] == '\r') line[--length] = '\0';
        if (length == 0) {
            *start = at;
            return LB_OK;
        }
        if (h->line == 1) {
            if (length == 8 && memcmp(line, "NRRD000", 7) == 0 && line[7] >= '1' && line[7] <= '5') continue;
            lb_fail(err, LB_BAD_DATA, "the first line is \"%.20s\"", line);
            return refuse(h, err, "NRRD files of versions 1 to 5 can be read");
        }
        int status = read_line(h, line, err);
        if (status != LB_OK) return status;
    }
    lb_fail(err, LB_BAD_DATA, "the header has no end (an empty line)");
    return refuse(h, err, "the voxels must be in the same file, after an empty line");
}

static int check_header(header *h, lb_error *err)
{
    const char *missing = !h->typed           ? "type"
                          : h->dimension == 0 ? "dimension"
                          : h->sizes == 0     ? "sizes"
                          : !h->encoded       ? "encoding"
                                              : NULL;
    if (missing) {
        lb_fail(err, LB_BAD_DATA, "the header has no \"%s\"", missing);
        return refuse(h, err, "the header is damaged");
    }
    if (h->sizes != h->dimension || (h->vectors > 0 && h->vectors != h->dimension)) {
        lb_fail(err, LB_BAD_DATA, "the header says %d dimensions, %d sizes and %d space directions", h->dimension,
                h->sizes, h->vectors);
        return refuse(h, err, "the header is damaged");
    }
    /* An axis of one element that has no direction carries nothing: leave it out. */
    int kept = 0;
    for (int axis = 0; axis < h->dimension; axis++) {
        if (h->is_list[axis] && h->size[axis] == 1) continue;
        h->size[kept] = h->size[axis];
        h->is_list[kept] = h->is_list[axis];
        h->spacing[kept] = h->spacing[axis];
        memcpy(h->vector[kept++], h->vector[axis], sizeof h->vector[0]);
    }
    h->dimension = kept;
    if (kept == 3 && !h->is_list[0] && !h->is_list[1] && !h->is_list[2]) return LB_OK;
    if (kept == 4 && h->is_list[0] && h->segments > 0 && h->size[0] >= 1 && h->size[0] <= MAX_SEGMENTS) {
        h->layers = (size_t)h->size[0]; /* a list of label maps, its axis the fastest */
        for (int axis = 0; axis < 3; axis++) {
            h->size[axis] = h->size[axis + 1];
            h->spacing[axis] = h->spacing[axis + 1];
            h->is_list[axis] = h->is_list[axis + 1];
            memcpy(h->vector[axis], h->vector[axis + 1], sizeof h->vector[0]);
        }
        if (!h->is_list[0] && !h->is_list[1] && !h->is_list[2]) return LB_OK;
    }
    lb_fail(err, LB_BAD_DATA, "the image has %d dimensions, or an axis without a direction", kept);
    return refuse(h, err, "give one volume of three dimensions (not a series, colour image or vector field)");
}

/* Size, spacing, origin, direction in LPS. */
static int place(header *h, lb_claim *claim, lb_error *err)
{
    claim->type = h->type;
    claim->swap = h->big_endian && h->how != ASCII;
    double column[9];
    for (int axis = 0; axis < 3; axis++) {
        claim->size[axis] = h->size[axis];
        claim->origin_mm[axis] = h->sign[axis] * h->origin[axis];
        for (int row = 0; row < 3; row++) {
            double plain = row == axis ? (h->has_spacing && isfinite(h->spacing[axis]) ? h->spacing[axis] : 1) : 0;
            double component = h->vectors > 0 ? h->vector[axis][row] : plain;
            column[3 * row + axis] = component == 0 ? 0 : h->sign[row] * component;
        }
    }
    if (!lb_claim_axes(column, claim->spacing_mm, claim->direction)) {
        lb_fail(err, LB_BAD_DATA, "a space direction is zero or not a number");
        return refuse(h, err, "areas and volumes need real spacings: export the image again from its source");
    }
    if (lb_claim_shear(claim->direction) > 1e-3) {
        lb_fail(err, LB_BAD_DATA, "the axes of the image are not at right angles (cosine %.3g)",
                lb_claim_shear(claim->direction));
        return refuse(h, err, "resample the image to a grid with right angles first");
    }
    return LB_OK;
}

static void store_number(lb_volume *volume, size_t index, double value)
{
    void *v = volume->voxels;
    switch (volume->type) {
    case LB_U8:
        ((uint8_t *)v)[index] = (uint8_t)value;
        break;
    case LB_I8:
        ((int8_t *)v)[index] = (int8_t)value;
        break;
    case LB_U16:
        ((uint16_t *)v)[index] = (uint16_t)value;
        break;
    case LB_I16:
        ((int16_t *)v)[index] = (int16_t)value;
        break;
    case LB_U32:
        ((uint32_t *)v)[index] = (uint32_t)value;
        break;
    case LB_I32:
        ((int32_t *)v)[index] = (int32_t)value;
        break;
    case LB_U64:
        ((uint64_t *)v)[index] = (uint64_t)value;
        break;
    case LB_I64:
        ((int64_t *)v)[index] = (int64_t)value;
        break;
    case LB_F32:
        ((float *)v)[index] = (float)value;
        break;
    case LB_F64:
        ((double *)v)[index] = value;
        break;
    }
}

static bool fits(lb_voxel type, double value)
{
    static const double low[] = {0, -128, 0, -32768, 0, -2147483648.0, 0, -9007199254740992.0};
    static const double high[] = {
        255, 127, 65535, 32767, 4294967295.0, 2147483647.0, 9007199254740992.0, 9007199254740992.0};
    if (type == LB_F64) return true;
    if (type == LB_F32) return !isfinite(value) || fabs(value) <= 3.4028234663852886e38;
    return value == floor(value) && value >= low[type] && value <= high[type];
}

static int read_ascii(header *h, const lb_bytes *bytes, size_t start, lb_volume *volume, lb_error *err)
{
    size_t count = lb_volume_count(volume), at = start;
    for (size_t i = 0; i < count; i++) {
        while (at < bytes->length && strchr(" \t\r\n,", bytes->data[at]) && bytes->data[at]) at++;
        size_t from = at;
        while (at < bytes->length && bytes->data[at] > ' ' && bytes->data[at] != ',') at++;
        double value;
        if (from == at || !lb_text_number((const char *)bytes->data + from, at - from, &value) ||
            !fits(volume->type, value)) {
            lb_fail(err, LB_BAD_DATA, "voxel %zu of %zu is missing or not a %s: \"%.*s\"", i + 1, count,
                    lb_voxel_name(volume->type), (int)(at - from > 20 ? 20 : at - from),
                    (const char *)bytes->data + from);
            return refuse(h, err, "the file is cut short or damaged");
        }
        store_number(volume, i, value);
    }
    return LB_OK;
}

/* "line skip" lines and "byte skip" bytes lie between the header and the voxels; −1 bytes: the voxels end the file. */
static int skip_to_data(header *h, const lb_bytes *bytes, size_t need, size_t *start, lb_error *err)
{
    for (double line = 0; line < h->line_skip; line++) {
        const uint8_t *end = *start < bytes->length ? memchr(bytes->data + *start, '\n', bytes->length - *start) : NULL;
        if (!end) break;
        *start = (size_t)(end - bytes->data) + 1;
    }
    if (h->byte_skip == -1 && h->how == RAW && need <= bytes->length - *start) *start = bytes->length - need;
    if (h->byte_skip > 0 && h->how != GZIP) {
        if (h->byte_skip > (double)(bytes->length - *start)) {
            lb_fail(err, LB_BAD_DATA, "the header skips %.0f bytes, more than the file holds", h->byte_skip);
            return refuse(h, err, "the file is cut short or damaged");
        }
        *start += (size_t)h->byte_skip;
    }
    return LB_OK;
}

static int read_packed(header *h, const lb_claim *claim, const lb_bytes *bytes, size_t start, lb_arena *arena,
                       lb_volume **out, lb_error *err)
{
    lb_stream stream = {.data = bytes->data + start, .length = bytes->length - start};
    int status = h->how == GZIP ? lb_stream_open(&stream, stream.data, stream.length, err) : LB_OK;
    if (status != LB_OK) return status;
    double before = h->how == GZIP && h->byte_skip > 0 ? h->byte_skip : 0;
    status = lb_claim_check(claim, lb_stream_most(&stream), before, h->name, err);
    if (status == LB_OK) status = lb_claim_volume(claim, arena, out, err);
    if (status == LB_OK) {
        lb_stream_read(&stream, NULL, (size_t)before);
        status = lb_claim_voxels(claim, &stream, *out, h->name, err);
    }
    lb_stream_close(&stream);
    return status;
}

static void add_segments(const header *h, lb_volume *volume)
{
    lb_segment *segment = lb_arena_array(volume->arena, h->segments + 1, sizeof *segment);
    for (size_t i = 0; i < h->segments; i++) {
        const segment_entry *entry = &h->segment[i];
        if (!entry->named && !entry->labelled) continue;
        lb_segment *to = &segment[volume->segment_count++];
        to->name = lb_arena_text(volume->arena, entry->name);
        to->label = entry->labelled ? entry->label : 1;
        to->layer = entry->layer >= 0 && (size_t)entry->layer < h->layers ? (size_t)entry->layer : 0;
    }
    volume->segment = segment;
}

/* Voxels of `layers` label maps, interleaved, to that many volumes. */
static int split_layers(const header *h, lb_volume *mixed, lb_volume **out, lb_error *err)
{
    size_t layers = h->layers, voxel = lb_voxel_size(mixed->type), size[3] = {mixed->size[0] / layers, mixed->size[1], mixed->size[2]};
    lb_volume **layer = lb_arena_array(mixed->arena, layers, sizeof *layer);
    for (size_t l = 0; l < layers; l++) {
        layer[l] = lb_volume_new(mixed->arena, size, mixed->type);
        if (!layer[l]) return lb_fail(err, LB_NO_MEMORY, "not enough memory for %zu layers of segments", layers);
        void *voxels = layer[l]->voxels;
        *layer[l] = *mixed;
        layer[l]->voxels = voxels;
        memcpy(layer[l]->size, size, sizeof size);
        size_t count = lb_volume_count(layer[l]);
        for (size_t i = 0; i < count; i++)
            memcpy((char *)voxels + voxel * i, (const char *)mixed->voxels + voxel * (i * layers + l), voxel);
    }
    *out = layer[0];
    (*out)->layer = layer + 1;
    (*out)->layers = layers - 1;
    return LB_OK;
}

static int read_voxels(header *h, lb_claim *claim, const lb_bytes *bytes, size_t start, lb_arena *arena, lb_volume **out, lb_error *err)
{
    /* Checked before a size is used: with every packing, no more voxels than the file can hold. */
    int status = lb_claim_check(claim, INFINITY, 0, h->name, err);
    if (status != LB_OK) return status;
    size_t need = (size_t)(claim->size[0] * claim->size[1] * claim->size[2]) * lb_voxel_size(claim->type);
    status = skip_to_data(h, bytes, need, &start, err);
    if (status != LB_OK) return status;
    if (h->how != ASCII) return read_packed(h, claim, bytes, start, arena, out, err);
    /* A number takes at least two characters: itself and a blank. */
    double most = (double)(bytes->length - start + 1) / 2 * (double)lb_voxel_size(claim->type);
    status = lb_claim_check(claim, most, 0, h->name, err);
    if (status == LB_OK) status = lb_claim_volume(claim, arena, out, err);
    return status == LB_OK ? read_ascii(h, bytes, start, *out, err) : status;
}

int lb_nrrd_read(const lb_bytes *bytes, lb_arena *arena, lb_volume **out, lb_error *err)
{
    *out = NULL;
    header h = {.name = bytes->name ? bytes->name : "image", .arena = arena, .sign = {1, 1, 1}, .layers = 1};
    lb_claim claim = {0};
    size_t start = 0;
    int status = read_header(&h, bytes, &start, err);
    if (status == LB_OK) status = check_header(&h, err);
    if (status == LB_OK) status = place(&h, &claim, err);
    claim.size[0] *= (double)h.layers;
    if (status == LB_OK) status = read_voxels(&h, &claim, bytes, start, arena, out, err);
    if (status == LB_OK && h.layers > 1) status = split_layers(&h, *out, out, err);
    if (status != LB_OK) {
        *out = NULL;
        return status;
    }
    (*out)->name = lb_arena_text(arena, h.name);
    if (h.segments > 0) add_segments(&h, *out);
    if (!h.oriented || h.vectors == 0)
        lb_volume_warn(
            *out, "the file does not say how the patient lay: axes taken as left, posterior, superior; check sides");
    return LB_OK;
}
