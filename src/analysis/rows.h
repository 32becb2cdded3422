/* What a model says about the rows it left out. */
#ifndef LUMBAR_ANALYSIS_ROWS_H
#define LUMBAR_ANALYSIS_ROWS_H
#include <lumbar/result.h>

/** results.dropped[]{column, rows}. */
void lb_rows_report(const lb_design *design, lb_value *results);
/** "288 of 314 rows (odi_12m missing in 26)". */
const char *lb_rows_text(const lb_design *design, size_t table_rows, lb_arena *arena);
/** "Treatment coding; reference levels: sex (F), arm (CONTROL)." among the notes, when the model has factors. */
void lb_rows_coding(const lb_design *design, lb_result *result);
#endif
