/* Private to analyse ancova: one call of it, and its parts. */
#ifndef LUMBAR_ANALYSIS_ANCOVA_H
#define LUMBAR_ANALYSIS_ANCOVA_H
#include "linear.h"

typedef struct lb_ancova {
    lb_call *call;
    lb_result *result;
    lb_arena *arena;
    lb_table *table;
    const char *formula, *treatment; /* treatment NULL: plain least squares */
    const char *const *strata, *const *by;
    size_t strata_count, by_count;
    bool blocks;      /* --vcov blocks */
    lb_vcov vcov;
    lb_design *design;
    lb_lsq fit;
    lb_linear model;
    lb_testing testing;
} lb_ancova;

/** coefficients[], sigma, r_squared and their company. */
void lb_ancova_fit_results(lb_ancova *a);
/** means[], contrasts[], omnibus. */
int lb_ancova_compare(lb_ancova *a, lb_error *err) LB_MUST_CHECK;
/** largest[] and breusch_pagan; the fit must hold leverages. */
int lb_ancova_diagnostics(lb_ancova *a, lb_error *err) LB_MUST_CHECK;
/** Status and warnings about the data: aliased columns, empty arms, no residual df. */
void lb_ancova_findings(lb_ancova *a);
void lb_ancova_notes(lb_ancova *a);
/** {statistic, p} of Shapiro and Wilk. */
void lb_shapiro_wilk(const double *value, size_t n, lb_value *test);
/** Welch's t tests between the levels of the treatment, when it is the only term of the model. */
void lb_welch_rows(const lb_ancova *a, lb_value *rows);
#endif
