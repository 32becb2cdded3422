/* Private to stats: the pieces of least squares. */
#ifndef LUMBAR_STATS_LSQ_H
#define LUMBAR_STATS_LSQ_H
#include <lumbar/stats.h>

/** Householder QR of a (m × p, column-major, in place) with R's limited pivoting, and what is solved from it. */
typedef struct lb_qr {
    size_t m, p, rank;
    long double *a;      /**< reflectors below, R on and above the diagonal */
    long double *beta;   /**< 2 / vᵀv per reflector; 0 = identity */
    long double *head;   /**< first element of each reflector */
    long double *inverse; /**< rank × rank, R⁻¹ */
    size_t *pivot;       /**< pivot[k]: which column stands at k; the first `rank` keep their order */
} lb_qr;
int lb_qr_factor(lb_qr *qr, long double *a, size_t m, size_t p, lb_arena *arena, lb_error *err) LB_MUST_CHECK;
void lb_qr_apply(const lb_qr *qr, long double *z);                            /**< z := Qᵀz */
void lb_qr_solve(const lb_qr *qr, const long double *z, long double *beta);   /**< rank coefficients from Qᵀy */

/** Upper triangle R of the QR of [x y] for long problems, (p+1) × (p+1), column-major, by row blocks in fixed order. */
int lb_tsqr(const double *x, const double *y, const double *root_weight, size_t n, size_t p, lb_arena *arena, double **r,
            lb_error *err) LB_MUST_CHECK;
/** residual = y − Xb; when gradient is not NULL also Xᵀ W residual. */
void lb_tsqr_residual(const double *x, const double *y, const double *weight, const double *b, size_t n, size_t p,
                      double *residual, long double *gradient);
#endif
