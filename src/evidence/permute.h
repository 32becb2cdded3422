/* Permutation tests and pooling of subsets. */
#ifndef LUMBAR_EVIDENCE_PERMUTE_H
#define LUMBAR_EVIDENCE_PERMUTE_H

#include "evidence/report.h"

typedef struct lb_permutation {
    uint64_t done;         /**< arrangements tried */
    bool exact;            /**< all there are */
    double *p;             /**< of each coefficient, two-sided by absolute value */
    double qm_p;           /**< NaN without moderators */
    double *statistic, qm; /**< as observed */
} lb_permutation;

typedef struct lb_permutation_options {
    bool exact;
    uint64_t samples, seed;
    unsigned threads;
    const lb_progress *progress;
} lb_permutation_options;

/** Number of distinct arrangements: of signs without moderators, of the rows of X with them; infinite when too many. */
double lb_permutation_count(const double *x, size_t k, size_t columns, lb_arena *arena);
/** x NULL: an intercept only, tested by flipping signs; else rows of X against pairs (y, v). */
int lb_permutation_test(const double *y, const double *v, const double *x, size_t k, size_t columns,
                        const lb_pool_options *fit, const lb_permutation_options *options, lb_arena *arena,
                        lb_permutation *out, lb_error *err) LB_MUST_CHECK;
#endif
