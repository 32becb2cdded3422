/* A table of a result (an array of flat objects) as a table of a document. */
#include "document/layout.h"
#include "result/grid.h"

#include <string.h>

void lb_doc_table_value(lb_doc *doc, const lb_value *rows, const char *caption)
{
    lb_grid grid;
    if (!lb_grid_make(rows, false, doc->arena, &grid) || grid.columns == 0) return;
    const char **cell = lb_arena_array(doc->arena, grid.rows * grid.columns + 1, sizeof *cell);
    for (size_t i = 0; i < grid.rows * grid.columns; i++) { /* a true minus sign in front of numbers */
        bool minus = grid.numeric[i % grid.columns] && grid.cell[i][0] == '-';
        cell[i] = minus ? lb_arena_printf(doc->arena, "\xE2\x88\x92%s", grid.cell[i] + 1) : grid.cell[i];
    }
    lb_doc_table_add(doc, &(lb_doc_table){.caption = caption, .columns = grid.columns, .rows = grid.rows, .header = grid.key, .cell = cell});
}
