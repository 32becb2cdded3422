/* Several hypotheses, one level: procedures that keep the family-wise error. */
#ifndef LUMBAR_ANALYSIS_MULTIPLICITY_H
#define LUMBAR_ANALYSIS_MULTIPLICITY_H
#include <lumbar/op.h>

typedef enum lb_multiple { LB_FIXED, LB_HOLM, LB_HOCHBERG, LB_BONFERRONI } lb_multiple;

/** One family; families are tested in order. gate: the next is reached when all, or (any) the share that was rejected, of this one is. */
typedef struct lb_family_tests {
    lb_multiple method;
    bool gate_any;
    size_t first, count; /**< its hypotheses */
} lb_family_tests;

/** Rejections at `alpha`; p of hypotheses that could not be tested is NaN: never rejected. */
void lb_multiple_reject(const lb_family_tests *family, size_t families, const double *p, double alpha, bool *rejected);
/** Smallest alpha at which each is rejected: the adjusted p. */
void lb_multiple_adjust(const lb_family_tests *family, size_t families, const double *p, size_t count, double *adjusted);
/** From words: "fixed_sequence", "holm", …; false when unknown. */
bool lb_multiple_method(const char *word, lb_multiple *out);

extern const lb_op lb_op_analyse_multiplicity;
#endif
