/* Files in a zip archive, from memory. */
#ifndef LUMBAR_EVIDENCE_ZIP_H
#define LUMBAR_EVIDENCE_ZIP_H

#include <lumbar/base.h>

enum { LB_ZIP_MOST_FILES = 200 };
#define LB_ZIP_MOST_BYTES ((size_t)64 << 20)

typedef struct lb_zip_file {
    const char *name;
    lb_bytes bytes;
} lb_zip_file;

bool lb_zip_is(const lb_bytes *bytes);
/** Every file of the archive, unpacked into the arena. Refused: encryption, methods other than stored and deflate, more
 *  than LB_ZIP_MOST_FILES files or LB_ZIP_MOST_BYTES bytes unpacked, a check sum that does not fit. */
int lb_zip_read(const lb_bytes *bytes, lb_arena *arena, lb_zip_file **out, size_t *count, lb_error *err) LB_MUST_CHECK;
#endif
