/* ZIP bundles of images: every entry unpacked, with limits against bombs. */
#ifndef LUMBAR_MUSCLE_BUNDLE_H
#define LUMBAR_MUSCLE_BUNDLE_H
#include <lumbar/data.h>

bool lb_bundle_looks_like(const lb_bytes *bytes);
/** All files of the archive (folders left out), unpacked into the arena. Refused: encryption, other packings than stored
 *  and deflate, overlapping entries, sizes that lie, more than `most` bytes in all. */
int lb_bundle_read(const lb_bytes *bytes, size_t most, lb_arena *arena, lb_bytes **out, size_t *count, lb_error *err) LB_MUST_CHECK;
#endif
