/* Private to the analysis room: Gaussian models with correlated rows (MMRM, LMM). V = V1(φ) + Σ Z G(φ) Zᵀ, where V1 is block
 * diagonal (persons) and the Z are the levels of further groupings, taken as penalised columns of W = [Z X]. */
#ifndef LUMBAR_ANALYSIS_MIXED_H
#define LUMBAR_ANALYSIS_MIXED_H
#include "linear.h"

/** The block-diagonal part. All matrices over [W y] are (r+1) × (r+1), column-major; sums run over the blocks. */
typedef struct lb_blocks lb_blocks;
struct lb_blocks {
    size_t r;     /**< columns of W */
    size_t m;     /**< parameters φ; V1 is linear in them */
    double n;     /**< rows */
    void *context;
    /** Factor V1(φ): log|V1| and c = [W y]ᵀV1⁻¹[W y]. Nonzero when V1 is not positive definite. */
    int (*set)(void *context, const double *phi, double *logdet, double *c);
    /** a: m matrices [W y]ᵀV1⁻¹VjV1⁻¹[W y]; t: tr V1⁻¹Vj; tt: m × m, tr V1⁻¹VjV1⁻¹Vk. */
    void (*first)(void *context, double *a, double *t, double *tt);
    /** out: m × m, tr Ω Qjk with Qjk = [W y]ᵀV1⁻¹VjV1⁻¹VkV1⁻¹[W y] and Ω symmetric. */
    void (*pairs)(void *context, const double *omega, double *out);
    /** out: Σ wjk Qjk, symmetric. */
    void (*weighted)(void *context, const double *w, double *out);
};

/** One further grouping with its random columns: `levels` groups of q columns of W from `column` on. */
typedef struct lb_extra {
    size_t column, levels, q;
    size_t parameter; /**< its q(q+1)/2 parameters among φ, lower triangle by columns */
} lb_extra;

/** φ as a function of the free parameters θ. */
typedef struct lb_mapping lb_mapping;
struct lb_mapping {
    size_t k, m;
    const void *context;
    void (*value)(const lb_mapping *map, const double *theta, double *phi);
    void (*jacobian)(const lb_mapping *map, const double *theta, double *j);                    /**< m × k */
    void (*curvature)(const lb_mapping *map, const double *theta, const double *g, double *out); /**< k × k: Σ g ∂²φ */
    bool (*inverse)(const lb_mapping *map, const double *phi, double *theta); /**< may be NULL; false when φ is not inside */
};

typedef struct lb_reml {
    lb_blocks *blocks;
    lb_mapping map;
    const lb_extra *extra;
    size_t extras, m, p, z; /**< all parameters; columns of X and of Z: r = z + p */
    bool ml;
    double basis_logdet; /**< log|RᵀR| of the basis the columns of X are on: part of the restricted likelihood */
    lb_arena *arena;
    /* at the last point */
    double *phi, *theta;
    double deviance;        /**< −2 log (restricted) likelihood */
    double *c, *cov, *trace, *gamma; /**< [W y]ᵀV1⁻¹[W y]; cov of W; what traces use; (−estimate, 1) */
    double *a, *t, *tt;     /**< as lb_blocks.first */
    double *gradient;       /**< m: ∂deviance/∂φ */
    double *expected, *observed; /**< m × m: tr PVjPVk; second derivatives of the deviance */
    double *jacobian, *score, *hessian; /**< in θ: m × k, k, k × k (of the deviance) */
    int iterations;
    bool converged;
    double decrement;       /**< scoreᵀ hessian⁻¹ score at the end */
} lb_reml;

/** Fills sizes and workspaces; blocks, map, extra, p, ml must be set. */
int lb_reml_new(lb_reml *model, lb_arena *arena, lb_error *err) LB_MUST_CHECK;
/** Deviance at θ; infinite where V is not positive definite. */
double lb_reml_at(lb_reml *model, const double *theta);
/** Gradient, expected and observed second derivatives at the last point, and those in θ. */
void lb_reml_derivatives(lb_reml *model);
/** Newton with Fisher scoring where the Hessian is not positive definite, to machine precision. */
void lb_reml_fit(lb_reml *model, const double *start);

/** Tests of linear functions of the coefficients: covariance and degrees of freedom. */
typedef struct lb_mixed_df {
    size_t p, k;
    double *vcov;    /**< p × p of the estimates, as the model says */
    double *adjusted; /**< p × p, Kenward and Roger's; equals vcov otherwise */
    double *b;       /**< m matrices p × p: ∂vcov/∂φ */
    size_t m;
    double *w;       /**< m × m covariance of φ */
    bool known;      /**< false: the information is singular */
} lb_mixed_df;
enum { LB_DF_ADJUST = 1, LB_DF_EXPECTED = 2 };
/** At the optimum. EXPECTED: covariance of φ by the expected information, else by the observed one. */
int lb_mixed_df_new(lb_reml *model, unsigned flags, lb_mixed_df *out, lb_error *err) LB_MUST_CHECK;
/** Degrees of freedom of lᵀβ: 2 (lᵀΦl)² / var(lᵀΦl) (Fai & Cornelius 1996); Kenward & Roger's for one row is the same. */
double lb_mixed_df_of(const lb_mixed_df *df, const double *l);

/** A test of one term. */
typedef struct lb_mixed_test {
    double statistic, df, df_residual;
} lb_mixed_test;
/** Type III tests of the terms: results.anova[]; sums of squares when σ² is finite (lmerTest's F σ² df). */
int lb_mixed_anova(const lb_linear *model, const lb_mixed_df *df, bool kr, double sigma2, lb_result *result, lb_error *err) LB_MUST_CHECK;
/** results.vcov[][] of the coefficients. */
void lb_mixed_vcov(const lb_linear *model, lb_value *results);

/** tr Ej B Ek M for E = e_a e_bᵀ + e_b e_aᵀ (once when equal), j = (a, b), k = (c, d), B and M symmetric s × s. */
double lb_mixed_four(const double *b, const double *m, size_t s, size_t a1, size_t b1, size_t c1, size_t d1);
/** Cholesky factor (lower, q × q) of a positive semidefinite matrix: columns of zero pivots are zero. */
void lb_mixed_root(const double *g, size_t q, double *l);
/** φ: the lower triangle of L Lᵀ by columns; θ: that of L. */
void lb_root_mapping(size_t order, lb_arena *arena, lb_mapping *out);
/** Inverse of a symmetric matrix; false, and the inverse on its range when k ≤ 64, when it is not positive definite. */
bool lb_mixed_inverse(const double *a, size_t k, double *inverse);

/** Design columns on an orthonormal basis, least squares start, and the way back. */
typedef struct lb_basis {
    size_t n, p, rank;      /**< p of the design, rank kept */
    size_t *kept;           /**< rank columns of the design */
    double *q;              /**< n × rank */
    double *r;              /**< rank × rank, upper: X = QR */
    double *residual;       /**< n: of least squares */
    double logdet;          /**< log|RᵀR| */
    lb_lsq fit;
} lb_basis;
int lb_basis_new(const lb_design *design, lb_arena *arena, lb_basis *out, lb_error *err) LB_MUST_CHECK;
/** β of the design (NaN where aliased) from estimates on the basis. */
void lb_basis_coefficients(const lb_basis *basis, const double *on_basis, double *beta);
/** R⁻¹ M R⁻ᵀ into p × p with zeros where aliased; M has leading dimension `ld`. */
void lb_basis_matrix(const lb_basis *basis, const double *m, size_t ld, double *out);
/** Takes df from the basis to the design's own columns; returns β (NaN where aliased). */
double *lb_mixed_on_design(const lb_reml *model, const lb_basis *basis, lb_mixed_df *df);

#endif
