/* Bytes of an image file, plain or gzip, read piece by piece so that no more is unpacked than the header claims. */
#ifndef LUMBAR_MUSCLE_STREAM_H
#define LUMBAR_MUSCLE_STREAM_H
#include <zlib.h>

#include <lumbar/data.h>

typedef struct lb_stream {
    const uint8_t *data;
    size_t length, used;
    bool packed, ended;
    z_stream zlib;
} lb_stream;

bool lb_stream_is_gzip(const uint8_t *data, size_t length);
int lb_stream_open(lb_stream *stream, const uint8_t *data, size_t length, lb_error *err) LB_MUST_CHECK;
/** Bytes delivered into `out`: fewer than `count` when the data ends or is damaged. `out` NULL skips. */
size_t lb_stream_read(lb_stream *stream, void *out, size_t count);
void lb_stream_close(lb_stream *stream);
/** More than this many bytes cannot come out of the stream: deflate packs at most about 1032 to 1. */
double lb_stream_most(const lb_stream *stream);

/** Append `length` bytes packed as gzip (no time stamp, so that equal input gives equal files). */
int lb_gzip_add(lb_buf *out, const void *data, size_t length, lb_error *err) LB_MUST_CHECK;

/** Reverse the bytes of each of `count` elements of `size` bytes. */
void lb_swap_bytes(void *data, size_t count, size_t size);

/** Sizes, spacing and direction as claimed by a header, checked; then the volume and its voxels from the stream. */
typedef struct lb_claim {
    double size[3]; /**< as claimed, may be anything */
    lb_voxel type;
    bool swap;
    double spacing_mm[3], origin_mm[3], direction[9];
} lb_claim;
int lb_claim_check(const lb_claim *claim, double most_bytes, double before_bytes, const char *name,
                   lb_error *err) LB_MUST_CHECK;
int lb_claim_volume(const lb_claim *claim, lb_arena *arena, lb_volume **out, lb_error *err) LB_MUST_CHECK;
int lb_claim_voxels(const lb_claim *claim, lb_stream *stream, lb_volume *volume, const char *name,
                    lb_error *err) LB_MUST_CHECK;
/** Split columns (any lengths) into spacing and unit vectors; false when a column is zero or not finite. */
bool lb_claim_axes(const double columns[9], double spacing_mm[3], double direction[9]);
/** Largest |cosine| between two axes: 0 when the grid is not sheared. */
double lb_claim_shear(const double direction[9]);
void lb_volume_warn(lb_volume *volume, const char *fmt, ...) LB_PRINTF(2, 3);
#endif
