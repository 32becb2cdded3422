/* Private to data: what a design remembers beyond its public face. */
#ifndef LUMBAR_DATA_DESIGN_H
#define LUMBAR_DATA_DESIGN_H
#include "formula.h"

typedef struct lb_design_full {
    lb_design pub; /* first: a lb_design * is a lb_design_full * */
    const lb_node **node;   /* per variable */
    const char **source;    /* per variable: the factor's column, NULL for numeric ones */
    unsigned char **coding; /* per term and its variables: LB_NUMERIC, LB_CONTRAST, LB_FULL */
    lb_column *raw;         /* raw_count columns of the analysed rows */
} lb_design_full;

enum { LB_NUMERIC = 0, LB_CONTRAST = 1, LB_FULL = 2 };

/** Model frame: which variables the terms use, their kind, complete rows, levels. Fills pub.variable, row, dropped. */
int lb_frame_build(lb_design_full *design, const lb_table *table,
                   const lb_design_options *options, lb_error *err) LB_MUST_CHECK;

typedef enum lb_coding { LB_TREATMENT, LB_SUM_TO_ZERO } lb_coding;
/** One design column from the variables' values (their number and code arrays of `rows`). */
void lb_design_column(const lb_design_full *design, const lb_variable *values, size_t rows, size_t column,
                      lb_coding coding, double *out);
#endif
