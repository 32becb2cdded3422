/* Pooling over imputations. */
#ifndef LUMBAR_ANALYSIS_RUBIN_H
#define LUMBAR_ANALYSIS_RUBIN_H
#include <lumbar/op.h>

typedef struct lb_rubin {
    double estimate, within, between, total; /**< variances */
    double riv, lambda, fmi;                 /**< relative increase, share of variance due to missing values, fraction missing */
    double df;
} lb_rubin;

/** One coefficient: m estimates and their variances. dfcom: degrees of freedom of the complete data, or infinite. */
lb_rubin lb_rubin_pool(const double *estimate, const double *variance, size_t m, double dfcom);

/** Wald test of k coefficients together. */
typedef struct lb_rubin_test {
    double statistic, df, df_residual, riv, p;
} lb_rubin_test;
/** estimate: m × k row by row; vcov: m blocks of k × k. False when the variance is singular. */
bool lb_rubin_wald(const double *estimate, const double *vcov, size_t m, size_t k, lb_arena *arena, lb_rubin_test *out);

extern const lb_op lb_op_analyse_pool;
#endif
