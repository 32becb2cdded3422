/* Generalised least squares with blocks of dependent outcomes and variance components: y = Xβ + e, where the blocks of
 * cov(e) are Vᵦ + Σⱼ θⱼ Dᵦⱼ. Shared by the multilevel model (blocks = outer clusters) and network meta-analysis
 * (blocks = trials with several arms). Private to the evidence room. */
#ifndef LUMBAR_EVIDENCE_GLS_H
#define LUMBAR_EVIDENCE_GLS_H

#include <lumbar/base.h>

enum { LB_GLS_COMPONENTS = 2 };

typedef struct lb_gls_block {
    size_t first, n;                      /**< rows first … first + n − 1 */
    double *v;                            /**< n × n, known part */
    double *component[LB_GLS_COMPONENTS]; /**< n × n each */
    double *sigma;                        /**< n × n, at θ: the lower triangle of its Cholesky factor */
    double *inverse;                      /**< n × n, W */
} lb_gls_block;

typedef struct lb_gls {
    size_t n, p, blocks, components;
    const double *y, *x; /**< x: n × p, column-major, of full rank */
    lb_gls_block *block;
    /* at the θ of the last lb_gls_at() */
    double theta[LB_GLS_COMPONENTS];
    double *wx;       /**< n × p, WX */
    double *m;        /**< p × p, (XᵀWX)⁻¹ */
    double *beta;     /**< p */
    double *residual; /**< n */
    double *we;       /**< n, W(y − Xβ) */
    double q;         /**< eᵀWe */
    double log_det, log_det_xwx, log_det_xx;
    double *scratch; /**< n × p */
    bool converged;
    int iterations;
    lb_arena *arena;
} lb_gls;

/** Blocks must be allocated with lb_gls_block_alloc() and filled; x and y are borrowed. */
void lb_gls_block_alloc(const lb_gls *gls, lb_gls_block *block, size_t first, size_t n);
/** After n, p, y, x, block, components, arena are set. LB_BAD_DATA when X has not full rank. */
int lb_gls_init(lb_gls *gls, lb_error *err) LB_MUST_CHECK;
/** LB_BAD_DATA when a block is not positive definite. */
int lb_gls_at(lb_gls *gls, const double *theta, lb_error *err) LB_MUST_CHECK;
/** Score and expected information of the (restricted) likelihood in θ at the last lb_gls_at(): information is
 *  components × components. tr(PD) is score's trace; also used for moment estimators. */
void lb_gls_slope(lb_gls *gls, bool restricted, double *trace, double *score, double *information);
double lb_gls_loglik(const lb_gls *gls, bool restricted);
/** (Restricted) maximum likelihood over θ ≥ 0; leaves gls at the maximum. */
int lb_gls_fit(lb_gls *gls, bool restricted, lb_error *err) LB_MUST_CHECK;

/** Cluster-robust covariance: CR1 = m/(m − p) times the sandwich, df = m − p for m clusters; CR2 (Pustejovsky & Tipton
 * 2018, doi:10.1080/07350015.2016.1247004) with Satterthwaite's df for each coefficient. Clusters are the blocks. */
int lb_gls_robust(lb_gls *gls, bool cr2, double *vcov, double *df, lb_error *err) LB_MUST_CHECK;
#endif
