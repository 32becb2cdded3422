/* Requests to and answers from the process that decodes images and recordings: numbers of eight bytes, texts and blocks with their length
 * before them. Both ends are one program, so byte order is no question; sizes are checked before they are used. */
#include "server/confined.h"

#include <math.h>
#include <string.h>

typedef struct cursor {
    const uint8_t *data;
    size_t left;
    bool bad;
} cursor;

static void put(lb_buf *out, const void *data, size_t length) { lb_buf_add(out, data, length); }
static void put_int(lb_buf *out, int64_t value) { put(out, &value, sizeof value); }
static void put_block(lb_buf *out, const void *data, size_t length)
{
    put_int(out, (int64_t)length);
    if (length) put(out, data, length);
}
/* −1: there is no text. */
static void put_text(lb_buf *out, const char *text)
{
    if (text) put_block(out, text, strlen(text));
    else put_int(out, -1);
}

static void get(cursor *c, void *out, size_t length)
{
    c->bad |= length > c->left;
    if (c->bad) {
        memset(out, 0, length);
        return;
    }
    memcpy(out, c->data, length);
    c->data += length;
    c->left -= length;
}
static int64_t get_int(cursor *c)
{
    int64_t value;
    get(c, &value, sizeof value);
    return value;
}
/* A number of things that take at least one byte each. */
static size_t get_count(cursor *c)
{
    int64_t value = get_int(c);
    c->bad |= value < 0 || (uint64_t)value > c->left;
    return c->bad ? 0 : (size_t)value;
}
static const uint8_t *get_block(cursor *c, size_t *length)
{
    *length = get_count(c);
    const uint8_t *at = c->data;
    c->data += *length;
    c->left -= *length;
    return at;
}
static const char *get_text(cursor *c, lb_arena *arena)
{
    int64_t length = get_int(c);
    if (length < 0 || c->bad) return NULL;
    c->bad |= (uint64_t)length > c->left;
    if (c->bad) return NULL;
    char *text = lb_arena_textn(arena, (const char *)c->data, (size_t)length);
    size_t ok = lb_utf8_bad(text, (size_t)length);
    if (ok < (size_t)length) text[ok] = '\0'; /* names in other encodings end where they stop being text */
    c->data += length;
    c->left -= (size_t)length;
    return text;
}

static void put_files(lb_buf *out, const lb_bytes *file, size_t count)
{
    put_int(out, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        put_text(out, file[i].name ? file[i].name : "file");
        put_block(out, file[i].data, file[i].length);
    }
}

static const lb_bytes *get_files(cursor *c, lb_arena *arena, size_t *count)
{
    *count = get_count(c);
    lb_bytes *file = lb_arena_array(arena, *count + 1, sizeof *file);
    for (size_t i = 0; i < *count && !c->bad; i++) {
        file[i].name = get_text(c, arena);
        file[i].data = get_block(c, &file[i].length);
    }
    return file;
}

void lb_confined_pack_request(const lb_image_request *request, lb_buf *out)
{
    put_int(out, request->series);
    put_int(out, request->part);
    put_int(out, request->all);
    put_int(out, request->gaps);
    put_int(out, request->reference_series);
    put_text(out, request->roi);
    put_files(out, request->file, request->files);
    put_files(out, request->reference, request->references);
}

int lb_confined_unpack_request(const lb_bytes *bytes, lb_arena *arena, lb_image_request *out)
{
    cursor c = {bytes->data, bytes->length, false};
    *out = (lb_image_request)LB_IMAGE_REQUEST_INIT;
    out->series = get_int(&c);
    out->part = get_int(&c);
    out->all = get_int(&c) != 0;
    out->gaps = get_int(&c) != 0;
    out->reference_series = get_int(&c);
    out->roi = get_text(&c, arena);
    out->file = get_files(&c, arena, &out->files);
    out->reference = get_files(&c, arena, &out->references);
    return c.bad ? LB_FAILED : LB_OK;
}

static void put_volume(lb_buf *out, const lb_volume *v)
{
    put(out, v->size, sizeof v->size);
    put(out, v->spacing_mm, sizeof v->spacing_mm);
    put(out, v->origin_mm, sizeof v->origin_mm);
    put(out, v->direction, sizeof v->direction);
    put(out, &v->slope, sizeof v->slope);
    put(out, &v->intercept, sizeof v->intercept);
    put_int(out, v->type);
    put_text(out, v->name);
    put_int(out, (int64_t)v->layers);
    put_block(out, v->voxels, lb_volume_count(v) * lb_voxel_size(v->type));
    for (size_t l = 0; l < v->layers; l++) put_block(out, v->layer[l]->voxels, lb_volume_count(v) * lb_voxel_size(v->type));
    put_int(out, (int64_t)v->segment_count);
    for (size_t s = 0; s < v->segment_count; s++) {
        put_text(out, v->segment[s].name);
        put_int(out, v->segment[s].label);
        put_int(out, (int64_t)v->segment[s].layer);
    }
    put_int(out, (int64_t)v->warning_count);
    for (size_t w = 0; w < v->warning_count; w++) put_text(out, v->warning[w]);
}

static bool sane(const lb_volume *v)
{
    bool good = isfinite(v->slope) && isfinite(v->intercept);
    for (int i = 0; i < 3; i++) good = good && v->size[i] > 0 && v->spacing_mm[i] > 0 && isfinite(v->spacing_mm[i]) && isfinite(v->origin_mm[i]);
    for (int i = 0; i < 9; i++) good = good && isfinite(v->direction[i]);
    return good;
}

/* A copy of `like` with voxels from the answer; NULL when their number is not what the size says. */
static lb_volume *get_voxels(cursor *c, const lb_volume *like, lb_arena *arena)
{
    size_t length;
    const uint8_t *data = get_block(c, &length);
    double needs = (double)like->size[0] * (double)like->size[1] * (double)like->size[2] * (double)lb_voxel_size(like->type);
    if (c->bad || needs != (double)length) return NULL;
    lb_volume *v = lb_volume_new(arena, like->size, like->type);
    if (!v) return NULL;
    memcpy(v->voxels, data, length);
    memcpy(v->spacing_mm, like->spacing_mm, sizeof v->spacing_mm);
    memcpy(v->origin_mm, like->origin_mm, sizeof v->origin_mm);
    memcpy(v->direction, like->direction, sizeof v->direction);
    v->slope = like->slope;
    v->intercept = like->intercept;
    v->name = like->name;
    return v;
}

static lb_volume *get_volume(cursor *c, lb_arena *arena)
{
    lb_volume like = {0};
    get(c, like.size, sizeof like.size);
    get(c, like.spacing_mm, sizeof like.spacing_mm);
    get(c, like.origin_mm, sizeof like.origin_mm);
    get(c, like.direction, sizeof like.direction);
    get(c, &like.slope, sizeof like.slope);
    get(c, &like.intercept, sizeof like.intercept);
    int64_t type = get_int(c);
    like.name = get_text(c, arena);
    size_t layers = get_count(c);
    if (c->bad || type < 0 || type > LB_F64 || !sane(&like)) return NULL;
    like.type = (lb_voxel)type;
    lb_volume *v = get_voxels(c, &like, arena);
    lb_volume **layer = lb_arena_array(arena, layers + 1, sizeof *layer);
    for (size_t l = 0; l < layers && v; l++) {
        layer[l] = get_voxels(c, &like, arena);
        if (!layer[l]) return NULL;
    }
    if (!v) return NULL;
    v->layer = layer;
    v->layers = layers;
    v->segment_count = get_count(c);
    lb_segment *segment = lb_arena_array(arena, v->segment_count + 1, sizeof *segment);
    for (size_t s = 0; s < v->segment_count && !c->bad; s++) {
        const char *name = get_text(c, arena);
        segment[s] = (lb_segment){name ? name : "", get_int(c), 0};
        int64_t at = get_int(c);
        c->bad |= at < 0 || (uint64_t)at > layers;
        segment[s].layer = (size_t)at;
    }
    v->segment = segment;
    v->warning_count = get_count(c);
    const char **warning = lb_arena_array(arena, v->warning_count + 1, sizeof *warning);
    for (size_t w = 0; w < v->warning_count && !c->bad; w++) {
        const char *text = get_text(c, arena);
        warning[w] = text ? text : "";
    }
    v->warning = warning;
    return c->bad ? NULL : v;
}

/* How it went; with the error when it did not go well. */
static int put_outcome(lb_buf *out, int code, const lb_error *err)
{
    put_int(out, code);
    if (code == LB_OK) return LB_OK;
    put_text(out, err->where);
    put_text(out, err->message);
    put_text(out, err->detail);
    put_text(out, err->hint);
    return code;
}

void lb_confined_pack_answer(int code, const lb_error *err, const lb_image *image, size_t count, lb_buf *out)
{
    if (put_outcome(out, code, err) != LB_OK) return;
    put_int(out, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        put_int(out, image[i].series);
        put_int(out, image[i].part);
        put_text(out, image[i].description);
        put_text(out, image[i].obstacle);
        put_int(out, (int64_t)image[i].slices_missing);
        put_int(out, (int64_t)image[i].regions);
        for (size_t r = 0; r < image[i].regions; r++) {
            put_text(out, image[i].region[r].name);
            put_int(out, image[i].region[r].label);
        }
        put_int(out, image[i].volume != NULL);
        if (image[i].volume) put_volume(out, image[i].volume);
    }
}

static void get_error(cursor *c, int code, lb_arena *arena, lb_error *err)
{
    const char *where = get_text(c, arena), *message = get_text(c, arena), *detail = get_text(c, arena), *hint = get_text(c, arena);
    lb_fail(err, code, "%s", message && *message ? message : "the file cannot be read");
    if (where && *where) lb_error_where(err, "%s", where);
    if (detail && *detail) lb_error_detail(err, "%s", detail);
    if (hint && *hint) lb_error_hint(err, "%s", hint);
}

static void get_image(cursor *c, lb_arena *arena, lb_image *out)
{
    *out = (lb_image){.series = get_int(c), .part = get_int(c)};
    out->description = get_text(c, arena);
    out->obstacle = get_text(c, arena);
    out->slices_missing = (size_t)get_int(c);
    out->regions = get_count(c);
    lb_segment *region = lb_arena_array(arena, out->regions + 1, sizeof *region);
    for (size_t r = 0; r < out->regions && !c->bad; r++) {
        const char *name = get_text(c, arena);
        region[r] = (lb_segment){name ? name : "", get_int(c), 0};
    }
    out->region = region;
    if (get_int(c) == 0 || c->bad) return;
    out->volume = get_volume(c, arena);
    c->bad |= out->volume == NULL;
}

int lb_confined_unpack_answer(const lb_bytes *bytes, lb_arena *arena, lb_image **out, size_t *count, lb_error *err)
{
    cursor c = {bytes->data, bytes->length, false};
    int64_t code = get_int(&c);
    *count = 0;
    if (!c.bad && code < 0 && code >= LB_NO_MEMORY) {
        get_error(&c, (int)code, arena, err);
        return (int)code;
    }
    size_t images = get_count(&c);
    *out = lb_arena_array(arena, images + 1, sizeof **out);
    for (size_t i = 0; i < images && !c.bad; i++) get_image(&c, arena, &(*out)[i]);
    if (c.bad || code != LB_OK) return lb_fail(err, LB_FAILED, "the process that decodes files gave no sensible answer");
    *count = images;
    return LB_OK;
}

/* ---- recordings ------------------------------------------------------------------------------------------------------- */

void lb_confined_pack_recording(const lb_bytes *file, double rate_hz, lb_buf *out)
{
    put(out, &rate_hz, sizeof rate_hz);
    put_text(out, file->name ? file->name : "recording");
    put_block(out, file->data, file->length);
}

int lb_confined_unpack_recording(const lb_bytes *bytes, lb_arena *arena, lb_bytes *file, double *rate_hz)
{
    cursor c = {bytes->data, bytes->length, false};
    get(&c, rate_hz, sizeof *rate_hz);
    file->name = get_text(&c, arena);
    file->data = get_block(&c, &file->length);
    return c.bad ? LB_FAILED : LB_OK;
}

void lb_confined_pack_channels(int code, const lb_error *err, const lb_recording *recording, lb_buf *out)
{
    if (put_outcome(out, code, err) != LB_OK) return;
    put_text(out, recording->format);
    put(out, &recording->seconds, sizeof recording->seconds);
    put_int(out, (int64_t)recording->channels);
    for (size_t i = 0; i < recording->channels; i++) {
        const lb_channel *channel = &recording->channel[i];
        const double about[] = {channel->rate_hz, channel->lowest, channel->highest};
        put_text(out, channel->name);
        put_text(out, channel->unit);
        put(out, about, sizeof about);
        put_block(out, channel->sample, channel->samples * sizeof(double));
    }
    put_int(out, (int64_t)recording->warnings);
    for (size_t i = 0; i < recording->warnings; i++) put_text(out, recording->warning[i]);
}

static void get_channel(cursor *c, lb_arena *arena, lb_channel *out)
{
    double about[3];
    size_t length;
    const char *name = get_text(c, arena), *unit = get_text(c, arena);
    get(c, about, sizeof about);
    const uint8_t *data = get_block(c, &length);
    c->bad |= length % sizeof(double) != 0 || !(about[0] > 0) || !isfinite(about[0]);
    if (c->bad) return;
    *out = (lb_channel){.name = name ? name : "", .unit = unit ? unit : "", .rate_hz = about[0], .samples = length / sizeof(double), .lowest = about[1],
                        .highest = about[2]};
    out->sample = lb_arena_try(arena, out->samples + 1, sizeof(double));
    c->bad |= !out->sample;
    if (!c->bad && length) memcpy(out->sample, data, length);
}

int lb_confined_unpack_channels(const lb_bytes *bytes, lb_arena *arena, lb_recording **out, lb_error *err)
{
    cursor c = {bytes->data, bytes->length, false};
    int64_t code = get_int(&c);
    if (!c.bad && code < 0 && code >= LB_NO_MEMORY) {
        get_error(&c, (int)code, arena, err);
        return (int)code;
    }
    lb_recording *to = *out = lb_arena_alloc(arena, sizeof **out);
    to->format = get_text(&c, arena);
    get(&c, &to->seconds, sizeof to->seconds);
    to->channels = get_count(&c);
    to->channel = lb_arena_array(arena, to->channels + 1, sizeof *to->channel);
    for (size_t i = 0; i < to->channels && !c.bad; i++) get_channel(&c, arena, &to->channel[i]);
    to->warnings = get_count(&c);
    to->warning = lb_arena_array(arena, to->warnings + 1, sizeof *to->warning);
    for (size_t i = 0; i < to->warnings && !c.bad; i++) {
        const char *text = get_text(&c, arena);
        to->warning[i] = text ? text : "";
    }
    if (c.bad || code != LB_OK || !to->format) return lb_fail(err, LB_FAILED, "the process that decodes files gave no sensible answer");
    return LB_OK;
}
