/* The operations of this room. */
#include "evidence/ops.h"

void lb_evidence_register(lb_registry *registry)
{
    lb_registry_add(registry, &lb_op_meta_effect);
    lb_registry_add(registry, &lb_op_meta_fit);
    lb_registry_add(registry, &lb_op_meta_forest);
    lb_registry_add(registry, &lb_op_meta_subgroup);
}
