/* The operations of this room. */
#include "trial/instrument/score.h"
#include "trial/ops.h"

void lb_trial_register(lb_registry *registry)
{
    lb_registry_add(registry, &trial_op_sequence);
    lb_registry_add(registry, &trial_op_verify);
    lb_registry_add(registry, &trial_op_balance);
    lb_registry_add(registry, &trial_op_minimise);
    lb_registry_add(registry, &lb_op_instrument_score);
    lb_registry_add(registry, &trial_op_check);
    lb_registry_add(registry, &trial_op_describe);
    lb_registry_add(registry, &trial_op_schedule);
    lb_registry_add(registry, &trial_op_register);
    lb_registry_add(registry, &trial_op_simulate);
    lb_registry_add(registry, &trial_op_compare);
    lb_registry_add(registry, &trial_op_import);
    lb_registry_add(registry, &trial_op_safety);
}
