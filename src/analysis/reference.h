/* Reference-based imputation: people, their visits and the estimates that a fitted MMRM implies. */
#ifndef LUMBAR_ANALYSIS_REFERENCE_H
#define LUMBAR_ANALYSIS_REFERENCE_H
#include "mmrm_model.h"

typedef enum lb_strategy { LB_MAR, LB_J2R, LB_CIR, LB_CR, LB_STRATEGIES } lb_strategy;

typedef struct lb_reference {
    lb_mmrm mmrm;               /**< unstructured covariance, REML */
    size_t n, visits, p;        /**< people; visits; coefficients of the MMRM */
    const char **who;
    size_t arms;
    const char *const *arm_name; /**< 0 is the reference */
    int32_t *arm, *code;        /**< n: arm; code among the MMRM's people, −1 without an outcome */
    double *y;                  /**< n × visits, NaN where missing */
    double *own, *ref;          /**< design rows (n · visits) × p, column-major: as treated, and in the reference arm */
    size_t *ice;                /**< n: first visit after the last outcome; visits = none */
    lb_design *ancova;          /**< n people: arm and baseline covariates */
    double *inverse;            /**< (XᵀX)⁻¹ of it */
    size_t left_out;            /**< people without a complete set of covariates */
} lb_reference;

/** An outcome per person at the last visit, and what the ANCOVA makes of it. */
typedef struct lb_reference_values {
    size_t sets;    /**< vectors of outcomes analysed: one per strategy, then the shift of delta */
    size_t each;    /**< values per set: arms − 1 differences, then arms means */
    double *at;     /**< sets × each, at the estimates */
    double *without; /**< n × sets × each: person left out */
    size_t failed;  /**< fits without one person that did not converge */
} lb_reference_values;

int lb_reference_read(lb_reference *r, lb_table *table, lb_error *err) LB_MUST_CHECK;
/** beta, phi: of an MMRM. Outcomes at the last visit, imputed by conditional means under the strategy. */
void lb_reference_impute(const lb_reference *r, const double *beta, const double *phi, lb_strategy strategy, double *z);
/** Fit, impute, analyse; the same without each person in turn. strategy: `count` of them; delta adds the set of shifts. */
int lb_reference_run(lb_reference *r, const lb_strategy *strategy, size_t count, bool delta, lb_reference_values *out, lb_error *err)
    LB_MUST_CHECK;
/** Jackknife variance or covariance of two values of a person-wise table (stride apart). */
double lb_jackknife(const double *a, const double *b, size_t n, size_t stride);

extern const lb_op lb_op_analyse_reference, lb_op_analyse_tipping;
/** --ice: outcomes after an intercurrent event are set aside; *table becomes a copy. */
int lb_reference_set_aside(lb_call *call, lb_table **table, lb_result *result, lb_error *err) LB_MUST_CHECK;
#endif
