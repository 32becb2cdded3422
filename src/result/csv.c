/* CSV of one table of a result: the one named, or the one with most cells. */
#include <string.h>

#include "result/grid.h"

typedef struct choice {
    const char *wanted;
    const lb_value *table;
    size_t cells;
} choice;

static void consider(void *context, const char *path, const lb_value *table, bool scalars)
{
    choice *c = context;
    size_t cells = scalars ? 0 : table->count * (table->item[0]->count + 1);
    bool better = c->wanted ? strcmp(path, c->wanted) == 0 && !scalars : c->table == NULL || cells > c->cells;
    if (!better) return;
    c->table = table;
    c->cells = cells;
}

void lb_result_csv(const lb_result *result, const char *table, lb_buf *out)
{
    lb_arena *arena = lb_arena_new();
    choice c = {.wanted = table};
    lb_walk_tables(result->results, "", arena, consider, &c);
    lb_value *rows = (lb_value *)c.table;
    if (rows && rows->type == LB_OBJECT) { /* only scalars: one row */
        rows = lb_value_array(arena);
        lb_push(rows, (lb_value *)c.table);
    }
    lb_grid grid;
    lb_table *flat;
    /* The grid leaves nested values out; the table writer knows RFC 4180. */
    if (rows && lb_grid_make(rows, true, arena, &grid)) {
        flat = lb_table_new(arena, "result", grid.rows);
        const char **cells = lb_arena_array(arena, grid.rows + 1, sizeof *cells);
        for (size_t col = 0; col < grid.columns; col++) {
            for (size_t r = 0; r < grid.rows; r++) {
                const char *text = grid.cell[r * grid.columns + col];
                cells[r] = *text ? text : NULL;
            }
            lb_table_add_text(flat, grid.key[col], cells); /* numbers keep their text */
        }
        lb_csv_write(flat, false, out);
    }
    lb_arena_free(arena);
}
