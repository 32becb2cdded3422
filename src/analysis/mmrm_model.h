/* Private to analyse mmrm: one call of it, and its parts. */
#ifndef LUMBAR_ANALYSIS_MMRM_MODEL_H
#define LUMBAR_ANALYSIS_MMRM_MODEL_H
#include "mmrm.h"

typedef struct lb_mmrm {
    lb_call *call;
    lb_result *result;
    lb_arena *arena;
    lb_table *table;
    const char *formula, *subject, *visit, *treatment;
    bool ml, adjusted; /* adjusted: Kenward and Roger */
    bool empirical;    /* sandwich covariance, people as clusters */
    enum { LB_MMRM_SATTERTHWAITE, LB_MMRM_KR, LB_MMRM_RESIDUAL, LB_MMRM_BETWEEN_WITHIN } df_method;
    struct lb_mmrm_robust *robust;
    lb_structure structure;
    lb_testing testing;
    lb_design *design;
    size_t people, visits;
    size_t not_asked;           /* rows of visits that --visits leaves out */
    const char **visit_name;
    int32_t *person, *visit_of; /* codes of the analysed rows */
    size_t *attended;           /* rows per visit */
    lb_basis basis;
    lb_blocks blocks;
    lb_reml reml;
    lb_mixed_df df;             /* on the basis, then in the design's columns */
    lb_linear model;
} lb_mmrm;

int lb_mmrm_read(lb_mmrm *a, lb_table *table, lb_error *err) LB_MUST_CHECK;
int lb_mmrm_fit(lb_mmrm *a, lb_error *err) LB_MUST_CHECK;
/** Empirical covariance when asked for, and what the degrees of freedom other than Satterthwaite's need; after the fit. */
int lb_mmrm_robust_new(lb_mmrm *a, lb_error *err) LB_MUST_CHECK;
/** lb_linear.df_of of an lb_mmrm. */
double lb_mmrm_df_of(const lb_linear *model, const double *l);
/** Status and warnings. */
void lb_mmrm_findings(lb_mmrm *a);
int lb_mmrm_results(lb_mmrm *a, lb_error *err) LB_MUST_CHECK;
#endif
