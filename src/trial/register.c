/* The operations of this room. */
#include <lumbar/op.h>

void lb_trial_register(lb_registry *registry) { (void)registry; }
