/* The operations of this room. */
#include <lumbar/op.h>

#include "files/files.h"

int lb_image_read(const lb_bytes *bytes, lb_arena *arena, lb_volume **out, lb_error *err)
{
    (void)arena;
    *out = NULL;
    return lb_fail(err, LB_BAD_DATA, "%s is not an image file", bytes->name);
}
void lb_muscle_register(lb_registry *registry) { (void)registry; }
