/* Plain or gzip bytes piece by piece, and the checks every image header goes through before memory is asked for.
 * Format of gzip: RFC 1952; the bound on the packing ratio: zlib's technical notes (1032 to 1). */
#include "muscle/files/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool lb_stream_is_gzip(const uint8_t *data, size_t length) { return length > 2 && data[0] == 0x1f && data[1] == 0x8b; }

int lb_stream_open(lb_stream *stream, const uint8_t *data, size_t length, lb_error *err)
{
    memset(stream, 0, sizeof *stream);
    stream->data = data;
    stream->length = length;
    stream->packed = lb_stream_is_gzip(data, length);
    if (stream->packed && inflateInit2(&stream->zlib, 15 + 16) != Z_OK)
        return lb_fail(err, LB_NO_MEMORY, "not enough memory to unpack gzip data");
    return LB_OK;
}

void lb_stream_close(lb_stream *stream)
{
    if (stream->packed) inflateEnd(&stream->zlib);
    stream->packed = false;
}

double lb_stream_most(const lb_stream *stream)
{
    return stream->packed ? 1100.0 * (double)stream->length + 1024 : (double)stream->length;
}

static size_t inflate_some(lb_stream *stream, uint8_t *out, size_t count)
{
    size_t done = 0;
    while (done < count && !stream->ended) {
        z_stream *z = &stream->zlib;
        size_t left = stream->length - stream->used, want = count - done;
        uInt in = left > (1u << 30) ? 1u << 30 : (uInt)left, room = want > (1u << 30) ? 1u << 30 : (uInt)want;
        z->next_in = (Bytef *)(uintptr_t)(stream->data + stream->used);
        z->avail_in = in;
        z->next_out = out + done;
        z->avail_out = room;
        int status = inflate(z, Z_NO_FLUSH);
        stream->used += in - z->avail_in;
        done += room - z->avail_out;
        if (status == Z_STREAM_END) {
            /* Several members may follow each other (RFC 1952, 2.2); anything else after the end is ignored. */
            if (!lb_stream_is_gzip(stream->data + stream->used, stream->length - stream->used) ||
                inflateReset(z) != Z_OK)
                stream->ended = true;
        } else if (status != Z_OK || (in == z->avail_in && room == z->avail_out)) {
            stream->ended = true;
        }
    }
    return done;
}

size_t lb_stream_read(lb_stream *stream, void *out, size_t count)
{
    if (!out) {
        uint8_t skipped[4096];
        size_t done = 0;
        while (done < count) {
            size_t piece = count - done < sizeof skipped ? count - done : sizeof skipped;
            size_t got = lb_stream_read(stream, skipped, piece);
            done += got;
            if (got < piece) break;
        }
        return done;
    }
    if (stream->packed) return inflate_some(stream, out, count);
    size_t left = stream->length - stream->used;
    if (count > left) count = left;
    memcpy(out, stream->data + stream->used, count);
    stream->used += count;
    return count;
}

int lb_gzip_add(lb_buf *out, const void *data, size_t length, lb_error *err)
{
    z_stream z = {0};
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return lb_fail(err, LB_NO_MEMORY, "not enough memory to pack gzip data");
    const uint8_t *from = data;
    size_t left = length;
    int status = Z_OK;
    while (status != Z_STREAM_END) {
        uint8_t piece[65536];
        if (z.avail_in == 0 && left > 0) {
            z.avail_in = left > (1u << 30) ? 1u << 30 : (uInt)left;
            z.next_in = (Bytef *)(uintptr_t)from;
            from += z.avail_in;
            left -= z.avail_in;
        }
        z.next_out = piece;
        z.avail_out = sizeof piece;
        status = deflate(&z, left == 0 ? Z_FINISH : Z_NO_FLUSH);
        if (status == Z_STREAM_ERROR) break;
        lb_buf_add(out, (const char *)piece, sizeof piece - z.avail_out);
    }
    deflateEnd(&z);
    if (out->overflow || status != Z_STREAM_END) return lb_fail(err, LB_TOO_LARGE, "the packed image is too large");
    return LB_OK;
}

void lb_swap_bytes(void *data, size_t count, size_t size)
{
    uint8_t *byte = data;
    if (size < 2) return;
    for (size_t i = 0; i < count; i++, byte += size) {
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            uint8_t keep = byte[a];
            byte[a] = byte[b];
            byte[b] = keep;
        }
    }
}

int lb_claim_check(const lb_claim *claim, double most_bytes, double before_bytes, const char *name, lb_error *err)
{
    double bytes = (double)lb_voxel_size(claim->type);
    for (int axis = 0; axis < 3; axis++) {
        double size = claim->size[axis];
        if (!(size >= 1) || size > 1e9 || size != floor(size)) {
            lb_fail(err, LB_BAD_DATA, "the header says the image has %.0f voxels along axis %d", size, axis + 1);
            lb_error_where(err, "%s", name);
            lb_error_hint(err, "each of the three sizes must be a positive whole number; the file is damaged");
            return LB_BAD_DATA;
        }
        bytes *= size;
    }
    for (int axis = 0; axis < 3; axis++) {
        double spacing = claim->spacing_mm[axis];
        if (!isfinite(spacing) || spacing <= 0 || spacing > 1e6 || !isfinite(claim->origin_mm[axis])) {
            lb_fail(err, LB_BAD_DATA, "the header gives a spacing of %g mm and an origin of %g mm along axis %d",
                    spacing, claim->origin_mm[axis], axis + 1);
            lb_error_where(err, "%s", name);
            lb_error_hint(err, "areas and volumes need real spacings: export the image again from its source");
            return LB_BAD_DATA;
        }
    }
    if (bytes > (double)lb_max_input()) {
        lb_fail(err, LB_TOO_LARGE, "the header claims %.0f x %.0f x %.0f voxels, %.1f GiB", claim->size[0],
                claim->size[1], claim->size[2], bytes / 1073741824.0);
        lb_error_where(err, "%s", name);
        lb_error_hint(err, "set LUMBAR_MAX_INPUT to read larger images, if the claim is true");
        return LB_TOO_LARGE;
    }
    if (bytes + before_bytes > most_bytes) {
        lb_fail(err, LB_BAD_DATA,
                "the header claims %.0f bytes of voxels after byte %.0f, but the file can hold no more "
                "than %.0f bytes",
                bytes, before_bytes, most_bytes);
        lb_error_where(err, "%s", name);
        lb_error_hint(err, "the file is cut short or its header is wrong: copy or export it again");
        return LB_BAD_DATA;
    }
    return LB_OK;
}

int lb_claim_volume(const lb_claim *claim, lb_arena *arena, lb_volume **out, lb_error *err)
{
    size_t size[3] = {(size_t)claim->size[0], (size_t)claim->size[1], (size_t)claim->size[2]};
    lb_volume *volume = lb_volume_new(arena, size, claim->type);
    if (!volume)
        return lb_fail(err, LB_NO_MEMORY, "not enough memory for an image of %zu x %zu x %zu voxels", size[0], size[1],
                       size[2]);
    memcpy(volume->spacing_mm, claim->spacing_mm, sizeof volume->spacing_mm);
    memcpy(volume->origin_mm, claim->origin_mm, sizeof volume->origin_mm);
    memcpy(volume->direction, claim->direction, sizeof volume->direction);
    *out = volume;
    return LB_OK;
}

int lb_claim_voxels(const lb_claim *claim, lb_stream *stream, lb_volume *volume, const char *name, lb_error *err)
{
    size_t count = lb_volume_count(volume), size = lb_voxel_size(claim->type);
    size_t got = lb_stream_read(stream, volume->voxels, count * size);
    if (got < count * size) {
        lb_fail(err, LB_BAD_DATA, "the voxels end after %zu of %zu bytes", got, count * size);
        lb_error_where(err, "%s", name);
        lb_error_hint(err, "the file is cut short or damaged: copy or export it again");
        return LB_BAD_DATA;
    }
    if (claim->swap) lb_swap_bytes(volume->voxels, count, size);
    return LB_OK;
}

bool lb_claim_axes(const double columns[9], double spacing_mm[3], double direction[9])
{
    for (int c = 0; c < 3; c++) {
        double x = columns[c], y = columns[3 + c], z = columns[6 + c];
        /* An axis-parallel column keeps its length to the last bit. */
        double length = y == 0 && z == 0   ? fabs(x)
                        : x == 0 && z == 0 ? fabs(y)
                        : x == 0 && y == 0 ? fabs(z)
                                           : sqrt(x * x + y * y + z * z);
        if (!isfinite(length) || length <= 0) return false;
        spacing_mm[c] = length;
        for (int row = 0; row < 3; row++) direction[3 * row + c] = columns[3 * row + c] / length;
    }
    return true;
}

double lb_claim_shear(const double direction[9])
{
    double largest = 0;
    for (int a = 0; a < 3; a++) {
        int b = (a + 1) % 3;
        double cosine = 0;
        for (int row = 0; row < 3; row++) cosine += direction[3 * row + a] * direction[3 * row + b];
        if (fabs(cosine) > largest) largest = fabs(cosine);
    }
    return largest;
}

void lb_volume_warn(lb_volume *volume, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char **longer = lb_arena_array(volume->arena, volume->warning_count + 1, sizeof *longer);
    for (size_t i = 0; i < volume->warning_count; i++) longer[i] = volume->warning[i];
    longer[volume->warning_count++] = lb_arena_text(volume->arena, text);
    volume->warning = longer;
}
