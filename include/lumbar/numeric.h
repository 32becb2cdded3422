/* Numbers: distributions, linear algebra in fixed order for small problems (p < 100) and LAPACK for large ones, solvers.
 * Fixed order means: the same bits on every x86-64 machine and for any number of threads. */
#ifndef LUMBAR_NUMERIC_H
#define LUMBAR_NUMERIC_H

#include <lumbar/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- distributions: libRmath, and our own where it is not accurate ------ */
typedef enum lb_tail { LB_LOWER, LB_UPPER } lb_tail;
LB_API double lb_norm_p(double x, lb_tail tail);
LB_API double lb_norm_q(double p, lb_tail tail);
LB_API double lb_norm_d(double x);
LB_API double lb_t_p(double x, double df, lb_tail tail); /**< df may be infinite */
LB_API double lb_t_q(double p, double df, lb_tail tail);
LB_API double lb_f_p(double x, double df1, double df2, lb_tail tail);
LB_API double lb_f_q(double p, double df1, double df2, lb_tail tail);
LB_API double lb_chisq_p(double x, double df, lb_tail tail);
LB_API double lb_chisq_q(double p, double df, lb_tail tail);
LB_API double lb_beta_q(double p, double a, double b, lb_tail tail);
/** Noncentral t; accurate in both tails (libRmath's lower tail is wrong by 6e-4 near 1e-11). */
LB_API double lb_nct_p(double x, double df, double ncp, lb_tail tail);
LB_API double lb_nct_q(double p, double df, double ncp, lb_tail tail);
/** Studentised range of k means. */
LB_API double lb_tukey_p(double q, double k, double df, lb_tail tail);
LB_API double lb_tukey_q(double p, double k, double df, lb_tail tail);
/** Two-sided p of a t (df finite) or z (df infinite or NaN) statistic. */
LB_API double lb_two_sided_p(double statistic, double df);

/* ---- linear algebra: column-major, fixed order -------------------------- */
/** Sum with compensation (Neumaier). */
LB_API double lb_sum(const double *x, size_t n);
/** Cholesky of the lower triangle of a (n × n), in place. Returns 0, or k+1 when the k-th pivot is not positive. */
LB_API int lb_chol(double *a, size_t n) LB_MUST_CHECK;
LB_API void lb_chol_solve(const double *l, size_t n, double *b, size_t columns); /**< b := (LLᵀ)⁻¹ b */
LB_API void lb_chol_inverse(const double *l, size_t n, double *inverse);         /**< full symmetric */
LB_API double lb_chol_logdet(const double *l, size_t n);                         /**< log|LLᵀ| */
/** Eigenvalues (ascending) and vectors (columns) of a symmetric n × n matrix by cyclic Jacobi; n ≤ 64. */
LB_API void lb_eigen_symmetric(const double *a, size_t n, double *values, double *vectors);

/** C := alpha·op(A)·op(B) + beta·C, row-major, op = transpose when asked for; op(A) is m × k. BLAS: fast, and the last bits depend on
 *  the processor. */
LB_API void lb_multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a, const double *b,
                        double beta, double *c);

/* ---- order --------------------------------------------------------------- */
/** order := indices of `key` in ascending order, stable; no NaN, n < 2^32. Radix sort: O(n). */
LB_API int lb_sort_order(const double *key, size_t n, uint32_t *order, lb_error *err) LB_MUST_CHECK;
/** The same, with the keys in their new order too. */
LB_API int lb_sort_values(const double *key, size_t n, uint32_t *order, double *sorted, lb_error *err) LB_MUST_CHECK;

/* ---- solvers ------------------------------------------------------------ */
/** Root of f in [a, b] by Brent's method to machine precision; f(a), f(b) must differ in sign. */
LB_API int lb_root(double (*f)(double x, void *context), void *context, double a, double b, double tolerance,
                   double *root, lb_error *err) LB_MUST_CHECK;
/** Minimum of f in [a, b] by Brent's method. */
LB_API double lb_minimum(double (*f)(double x, void *context), void *context, double a, double b, double tolerance,
                         double *value);

#ifdef __cplusplus
}
#endif
#endif
