/* Private to analyse mmrm: its blocks by missingness pattern and its covariance structures. */
#ifndef LUMBAR_ANALYSIS_MMRM_H
#define LUMBAR_ANALYSIS_MMRM_H
#include "mixed.h"

typedef enum lb_structure {
    LB_US, LB_CS, LB_CSH, LB_AR1, LB_AR1H, LB_TOEP, LB_TOEPH, LB_AD, LB_ADH, LB_STRUCTURES
} lb_structure;
/** Name as on the command line, and in words. */
const char *lb_structure_name(lb_structure structure);
const char *lb_structure_words(lb_structure structure);
/** φ are the covariances of T visits, lower triangle by columns; θ as the structure has them. */
void lb_structure_mapping(lb_structure structure, size_t visits, lb_arena *arena, lb_mapping *out);
/** θ at the start, from variances and pooled correlation of least squares residuals. */
void lb_structure_start(lb_structure structure, size_t visits, const double *variance, double correlation, double *theta);

/** x: n × r column-major with the outcome's residual as column r; person and visit codes of the rows. Persons have a visit
 *  at most once. */
int lb_patterns_new(const double *x, size_t n, size_t r, const int32_t *person, const int32_t *visit, size_t persons,
                    size_t visits, lb_arena *arena, lb_blocks *out, lb_error *err) LB_MUST_CHECK;
size_t lb_patterns_count(const lb_blocks *blocks);
/** Has anybody both visits? visits × visits counts of people. */
void lb_patterns_together(const lb_blocks *blocks, size_t *count);
#endif
