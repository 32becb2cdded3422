/* A result's tree as a list of tables of formatted cells: what the text, HTML and CSV writers share. */
#ifndef LUMBAR_RESULT_GRID_H
#define LUMBAR_RESULT_GRID_H
#include <lumbar/result.h>

typedef struct lb_grid {
    size_t rows, columns;
    const char **key;   /**< column names */
    const char **cell;  /**< rows × columns, row by row; never NULL */
    bool *numeric;      /**< per column: every non-empty cell is a number */
} lb_grid;
/** An array of flat objects as a grid (nested values are left out); false when it is not one. A number is shown with
 *  six significant digits, or exactly when `exact`. */
bool lb_grid_make(const lb_value *array, bool exact, lb_arena *arena, lb_grid *out);
/** One scalar as text; NULL for arrays of objects and objects. Lists of scalars are joined by ", ". */
const char *lb_scalar_text(const lb_value *value, bool exact, lb_arena *arena);
/** Calls visit for every table and every group of scalars below `value`, with its path as a title. */
void lb_walk_tables(const lb_value *value, const char *path, lb_arena *arena,
                    void (*visit)(void *context, const char *path, const lb_value *table, bool scalars), void *context);
/** Width on a terminal (code points; wide CJK count two). */
size_t lb_text_columns(const char *text);
#endif
