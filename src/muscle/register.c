/* The operations of this room. */
#include <lumbar/op.h>

void lb_muscle_register(lb_registry *registry) { (void)registry; }
