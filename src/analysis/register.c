/* The operations of this room. */
#include "analysis/cox.h"
#include "analysis/impute.h"
#include "analysis/interval.h"
#include "analysis/multiplicity.h"
#include "analysis/power.h"
#include "analysis/reference.h"
#include "analysis/room.h"
#include "analysis/rubin.h"
#include "analysis/subgroup.h"
#include "analysis/survival.h"

void lb_analysis_register(lb_registry *registry)
{
    lb_registry_add(registry, &lb_op_analyse_ancova);
    lb_registry_add(registry, &lb_op_analyse_distribution);
    lb_registry_add(registry, &lb_op_analyse_mmrm);
    lb_registry_add(registry, &lb_op_analyse_mixed);
    lb_registry_add(registry, &lb_op_power_means);
    lb_registry_add(registry, &lb_op_power_ancova);
    lb_registry_add(registry, &lb_op_power_survival);
    lb_registry_add(registry, &lb_op_power_proportions);
    lb_registry_add(registry, &lb_op_power_interaction);
    lb_registry_add(registry, &lb_op_power_simulate);
    lb_registry_add(registry, &lb_op_analyse_describe);
    lb_registry_add(registry, &lb_op_analyse_flow);
    lb_registry_add(registry, &lb_op_analyse_adverse);
    lb_registry_add(registry, &lb_op_analyse_plan);
    lb_registry_add(registry, &lb_op_analyse_rehearse);
    lb_registry_add(registry, &lb_op_analyse_lock);
    lb_registry_add(registry, &lb_op_analyse_amend);
    lb_registry_add(registry, &lb_op_analyse_km);
    lb_registry_add(registry, &lb_op_analyse_logrank);
    lb_registry_add(registry, &lb_op_analyse_rmst);
    lb_registry_add(registry, &lb_op_analyse_cox);
    lb_registry_add(registry, &lb_op_analyse_ph);
    lb_registry_add(registry, &lb_op_analyse_rerandomise);
    lb_registry_add(registry, &lb_op_analyse_subgroup);
    lb_registry_add(registry, &lb_op_analyse_impute);
    lb_registry_add(registry, &lb_op_analyse_interval);
    lb_registry_add(registry, &lb_op_analyse_multiplicity);
    lb_registry_add(registry, &lb_op_analyse_pool);
    lb_registry_add(registry, &lb_op_analyse_reference);
    lb_registry_add(registry, &lb_op_analyse_tipping);
}
