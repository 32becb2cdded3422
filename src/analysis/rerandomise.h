/* The randomisation test: the outcome after the covariates, the cells people are shuffled in, and the counting. */
#ifndef LUMBAR_ANALYSIS_RERANDOMISE_H
#define LUMBAR_ANALYSIS_RERANDOMISE_H
#include <lumbar/data.h>

/** People in the order of their cells (stratum × block). The statistic is the coefficient of the arm in the least-squares
 *  model with the covariates: Σ r / (n1 − |Σ q|²) over the treated, r the outcome's residual and q the row of an orthonormal
 *  basis of the covariates (Frisch & Waugh 1933). So an allocation costs one sum over the treated. */
typedef struct lb_rerandomisation {
    size_t n, treated, width; /**< width: 1 + columns of the basis */
    double *value;            /**< n × width: r, then q */
    bool *arm;                /**< n: as it happened */
    size_t cells, informative; /**< informative: cells with both arms */
    size_t *first, *count;    /**< cells + 1; treated of each cell */
    double observed, tolerance; /**< |statistic| ≥ |observed| − tolerance counts as extreme */
    double allocations;       /**< how many there are; may be infinite */
} lb_rerandomisation;

typedef struct lb_rerandomised {
    uint64_t total, two_sided, less, greater, undefined;
} lb_rerandomised;

/** cell: code of each design row, 0 … cells − 1. LB_BAD_DATA when the covariates tell the arms apart completely. */
int lb_rerandomise_prepare(const lb_design *design, const bool *arm, const uint32_t *cell, size_t cells, lb_arena *arena,
                           lb_rerandomisation *out, lb_error *err) LB_MUST_CHECK;
/** All allocations. LB_CANCELLED when told to stop. */
int lb_rerandomise_all(const lb_rerandomisation *r, const lb_progress *progress, lb_rerandomised *out, lb_error *err) LB_MUST_CHECK;
/** Allocation i is drawn from stream i of the seed: the same for any number of threads. */
int lb_rerandomise_sample(const lb_rerandomisation *r, size_t samples, uint64_t seed, unsigned threads,
                          const lb_progress *progress, lb_rerandomised *out, lb_error *err) LB_MUST_CHECK;
#endif
