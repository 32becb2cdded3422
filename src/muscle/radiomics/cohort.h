/* A table of features, one row per case: what `radiomics batch` makes and `radiomics merge` puts together. */
#ifndef LUMBAR_MUSCLE_COHORT_H
#define LUMBAR_MUSCLE_COHORT_H
#include <lumbar/op.h>

/** Columns of every row, in this order; features follow, sorted by name. */
extern const char *const lb_cohort_columns[];
extern const size_t lb_cohort_column_count;
/** The columns that stay text whatever they hold (an id of 007 is not 7), as lb_csv_options takes them. */
extern const char lb_cohort_texts[];

/** Put the rows (objects) in the order of their cases and give each the same columns in the same order, so that the
 *  table does not depend on threads or shards. The rows are copied into `out`, an array. */
void lb_cohort_arrange(const lb_value *const *rows, size_t count, lb_value *out);
#endif
