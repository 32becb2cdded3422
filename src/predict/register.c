/* The operations of this room. */
#include <lumbar/op.h>

void lb_predict_register(lb_registry *registry) { (void)registry; }
