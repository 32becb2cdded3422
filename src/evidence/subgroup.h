/* Pooling by subgroup; shared by meta subgroup and the forest plot. */
#ifndef LUMBAR_EVIDENCE_SUBGROUP_H
#define LUMBAR_EVIDENCE_SUBGROUP_H

#include "evidence/report.h"

typedef struct lb_subgroup {
    const char *level;
    size_t k;
    size_t *member;     /**< k: indices into the effects used */
    lb_summary summary; /**< of k ≥ 1 studies */
} lb_subgroup;

typedef struct lb_subgroups {
    size_t count;
    lb_subgroup *group; /**< in order of first appearance */
    int32_t *group_of;  /**< of every row of the table, used or not; -1 = none */
    double q, df, p;    /**< test of differences; NaN for one group */
    double common_tau2; /**< NaN when each group has its own */
} lb_subgroups;

/** `common`: one τ², estimated within groups, for all of them. Rows without a level form no group: they are refused. */
int lb_subgroups_fit(const lb_effects *effects, const char *by, bool common, const lb_pool_settings *settings,
                     lb_arena *arena, lb_subgroups *out, lb_error *err) LB_MUST_CHECK;
/** groups[] and between{} of the contract. */
void lb_subgroups_report(const lb_subgroups *groups, const lb_pool_settings *settings, lb_value *results);
#endif
