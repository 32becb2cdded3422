/* Private to the blocks of a linear mixed model: the sums of one group. */
#ifndef LUMBAR_ANALYSIS_LMM_GROUP_H
#define LUMBAR_ANALYSIS_LMM_GROUP_H
#include "lmm.h"

/** Sums of one group over the columns of [W y] that are not all zero there. */
typedef struct lb_group {
    double rows;
    double members; /**< groups it stands for in determinants and traces */
    size_t w;
    uint32_t *index;
    double *s;    /**< q × q: ZᵀZ */
    double *u;    /**< q rows of w: Zᵀ[W y] */
    double *h;    /**< q × q: V1⁻¹ = (I − Z H Zᵀ)/σ² */
    double *hu;   /**< q rows of w: H u */
    double *a;    /**< q rows of w: ZᵀV1⁻¹[W y] */
} lb_group;

/** Replaces many groups that differ in u alone by few with the same sums of outer products, in place. Returns how many are left. */
size_t lb_groups_alike(lb_group *group, size_t count, size_t q);
#endif
