/* multipart/form-data: a body in memory to its parts, without copying. */
#ifndef LUMBAR_SERVER_MULTIPART_H
#define LUMBAR_SERVER_MULTIPART_H

#include <lumbar/base.h>

typedef struct lb_part {
    const char *name;     /**< of the form field; never NULL */
    const char *filename; /**< last component of the sender's file name, or NULL for a text field */
    const char *data;     /**< into the body; not NUL-terminated */
    size_t length;
} lb_part;

/** Parts of `body`; names live in the arena, data points into the body. Malformed: LB_USAGE; too many: LB_TOO_LARGE. */
int lb_multipart_read(const char *content_type, const char *body, size_t length, size_t parts_max, lb_arena *arena,
                      lb_part **out, size_t *count, lb_error *err) LB_MUST_CHECK;

/** Last component of a file name as sent by any system, control characters dropped, at most 100 bytes. */
const char *lb_multipart_file_name(const char *sent, lb_arena *arena);

#endif
