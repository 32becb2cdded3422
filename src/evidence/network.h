/* Contrast-based network meta-analysis. */
#ifndef LUMBAR_EVIDENCE_NETWORK_H
#define LUMBAR_EVIDENCE_NETWORK_H

#include "evidence/gls.h"

#include <lumbar/data.h>

typedef struct lb_network_pair {
    int32_t study, treat1, treat2;
    double te, variance;
    size_t row; /**< of the table, for messages */
} lb_network_pair;

typedef struct lb_network_study {
    const char *name;
    size_t arms;
    int32_t *treatment; /**< arms, ascending */
    size_t first;       /**< its first row among the basic contrasts: arms − 1 of them, each against treatment[0] */
    size_t design;      /**< which set of treatments */
} lb_network_study;

typedef struct lb_network {
    size_t treatments, studies, pairs, rows, designs;
    const char *const *treatment;
    const lb_network_pair *pair;
    lb_network_study *study;
    lb_gls gls; /**< basic contrasts against treatment 0; p = treatments − 1 */
    double *y, *x;
    double tau2, q, q_df, q_heterogeneity, q_heterogeneity_df;
    lb_arena *arena;
} lb_network;

/** Checks the pairs (all pairs of a trial with several arms, consistent; a connected network) and builds the model. */
int lb_network_build(lb_network *net, lb_error *err) LB_MUST_CHECK;
typedef enum lb_network_tau2 { LB_NETWORK_DL, LB_NETWORK_REML, LB_NETWORK_REML_INDEPENDENT } lb_network_tau2;
/** Q and its parts at τ² = 0, then τ², then the model at τ². */
int lb_network_fit(lb_network *net, lb_network_tau2 method, size_t reference, lb_error *err) LB_MUST_CHECK;
int lb_network_reml_independent(const lb_network *net, size_t reference, double *tau2, bool *converged,
                                lb_error *err) LB_MUST_CHECK;
/** Effect of a against b and its standard error at the model's τ². */
void lb_network_compare(const lb_network *net, size_t a, size_t b, double *estimate, double *se);
#endif
