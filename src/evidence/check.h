/* What is odd in a table of studies, before anything is pooled. */
#ifndef LUMBAR_EVIDENCE_CHECK_H
#define LUMBAR_EVIDENCE_CHECK_H

#include <lumbar/result.h>

enum { LB_CHECK_MOST_COLUMNS = 400, LB_CHECK_MOST_ROWS = 20000, LB_CHECK_MOST_FINDINGS = 2000 };
/** What a column holds, by the words in its name. */
typedef enum lb_check_role { LB_ROLE_OTHER, LB_ROLE_MEAN, LB_ROLE_SD, LB_ROLE_SE, LB_ROLE_N, LB_ROLE_CORRELATION, LB_ROLE_VARIANCE } lb_check_role;

typedef struct lb_check_column {
    const lb_column *column;
    lb_check_role role;
    bool change;         /**< its name says change */
    int mean, sd, n;     /**< columns that belong to it, -1 = none */
    double *number;      /**< rows: what can be read as a number, NaN elsewhere */
    double median, low, high; /**< of the column's magnitudes, robustly; NaN when there are too few */
} lb_check_column;

typedef struct lb_check {
    const lb_table *table;
    lb_arena *arena;
    lb_value *findings;
    lb_check_column *column;
    size_t columns, rows, labels;
    const lb_column *label[3]; /**< what names a study */
    const char **repaired;     /**< rows × columns: text that replaces a cell by a stated rule, or NULL */
} lb_check;

void lb_check_open(lb_check *check, const lb_table *table, lb_arena *arena, lb_value *findings);
void lb_check_find(lb_check *check, size_t row, const char *column, const char *kind, const char *severity, const char *fmt, ...) LB_PRINTF(6, 7);
/** How cells are written: minus signs, decimal commas, words among numbers (check_text.c). */
void lb_check_text(lb_check *check);
/** What values say: orders of magnitude, SE given as SD, zero SD, scales, changes among finals (check_values.c). */
void lb_check_values(lb_check *check);
/** Rows and columns: duplicates, columns of one level, columns that repeat each other (check_table.c). */
void lb_check_table(lb_check *check);
const char *lb_check_study(const lb_check *check, size_t row);
#endif
