/* Private to analyse mixed: random effects as written, and their blocks. */
#ifndef LUMBAR_ANALYSIS_LMM_H
#define LUMBAR_ANALYSIS_LMM_H
#include "mixed.h"

/** One (terms | group) with correlated effects. */
typedef struct lb_bar {
    const char *terms;         /**< left side as written */
    const char *group;         /**< "id", "id:ward" */
    const char *const *column; /**< the columns that make the group */
    size_t columns;
    bool separate;             /**< written with ||: effects not correlated */
    size_t q;
    const char **name;         /**< q effects, as coefficients are named */
    double *z;                 /**< n × q */
    size_t levels;
    int32_t *code;             /**< n */
    size_t parameter;          /**< of q(q+1)/2 among φ and θ */
} lb_bar;

enum { LB_BARS = 16, LB_BAR_EFFECTS = 16 };
/** Reads "(1 + t | id) + (1 | a/b)". */
int lb_bars_parse(const char *text, lb_arena *arena, lb_bar *out, size_t *count, lb_error *err) LB_MUST_CHECK;
/** Columns that the bars need: groups and variables of the left sides. */
int lb_bars_columns(const lb_bar *bar, size_t count, const lb_table *table, lb_arena *arena, const char ***out, size_t *columns,
                    lb_error *err) LB_MUST_CHECK;
/** Fills q, name, z, levels, code from a table of the analysed rows; bars with || are split. */
int lb_bars_fill(lb_bar *bar, size_t *count, const lb_table *rows, lb_arena *arena, lb_error *err) LB_MUST_CHECK;

/** Blocks of one grouping: the `count` bars given share it. x: n × (r + 1) column-major, the outcome's residual last. */
int lb_groups_new(const double *x, size_t n, size_t r, const lb_bar *const *bar, size_t count, lb_arena *arena, lb_blocks *out,
                  lb_error *err) LB_MUST_CHECK;
#endif
