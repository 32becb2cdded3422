/* Private to analyse mixed: one call of it, and its parts. */
#ifndef LUMBAR_ANALYSIS_LMM_MODEL_H
#define LUMBAR_ANALYSIS_LMM_MODEL_H
#include "lmm.h"

typedef struct lb_lmm {
    lb_call *call;
    lb_result *result;
    lb_arena *arena;
    lb_table *table, *rows; /* as given; the analysed rows */
    const char *formula;
    bool ml;
    enum { LB_DF_SATTERTHWAITE, LB_DF_KR, LB_DF_RESIDUAL } df_method;
    lb_design *design;
    lb_bar bar[LB_BARS];
    size_t bars;
    lb_extra extra[LB_BARS];
    size_t extras, columns; /* columns of Z in W */
    size_t residual;        /* index of log σ² among θ, σ² among φ */
    lb_basis basis;
    lb_blocks blocks;
    lb_reml reml;
    lb_mixed_df df;
    bool singular;
    lb_linear model;
} lb_lmm;

int lb_lmm_read(lb_lmm *a, lb_error *err) LB_MUST_CHECK;
int lb_lmm_fit(lb_lmm *a, lb_error *err) LB_MUST_CHECK;
/** Its parts: basis, blocks and mapping of θ; a starting point; the maximum of the likelihood. */
int lb_lmm_prepare(lb_lmm *a, lb_error *err) LB_MUST_CHECK;
void lb_lmm_start(const lb_lmm *a, double *theta);
int lb_lmm_maximise(lb_lmm *a, lb_error *err) LB_MUST_CHECK;
/** Profile-likelihood intervals of standard deviations, correlations and coefficients: rows of `profile`. */
int lb_lmm_profile(const lb_lmm *a, lb_error *err) LB_MUST_CHECK;
/** θ of bar b at effect j's own standard deviation (the diagonal of its factor), relative to the residual's. */
double lb_lmm_relative(const lb_lmm *a, size_t b, size_t j, const double *theta);
/** Index of (i, j), i ≥ j, among a bar's parameters. */
size_t lb_lmm_index(const lb_bar *bar, size_t i, size_t j);
void lb_lmm_results(lb_lmm *a);
/** Conditional modes of the random effects: results.random_effects[]{group, level, term, estimate}. */
void lb_lmm_effects(lb_lmm *a);
#endif
