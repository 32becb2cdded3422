/* The rows a model left out: the table `dropped` of a result, and the words for its note. */
#include "analysis/rows.h"

void lb_rows_report(const lb_design *design, lb_value *results)
{
    lb_value *rows = lb_set_array(results, "dropped");
    for (size_t i = 0; i < design->dropped_count; i++) {
        lb_value *row = lb_push_object(rows);
        lb_set_text(row, "column", design->dropped[i].column);
        lb_set_int(row, "rows", (int64_t)design->dropped[i].rows);
    }
}

const char *lb_rows_text(const lb_design *design, size_t table_rows, lb_arena *arena)
{
    lb_buf list = {.max = 400};
    for (size_t i = 0; i < design->dropped_count; i++) {
        lb_buf_printf(&list, "%s%s missing in %zu", i ? ", " : " (", design->dropped[i].column, design->dropped[i].rows);
    }
    const char *text = lb_arena_printf(arena, "%zu of %zu rows%s%s", design->n, table_rows, list.data ? list.data : "",
                                       list.data ? ")" : "");
    lb_buf_free(&list);
    return text;
}

void lb_rows_coding(const lb_design *design, lb_result *result)
{
    lb_buf list = {.max = 400};
    for (size_t v = 0; v < design->variables; v++) {
        const lb_variable *variable = &design->variable[v];
        if (variable->factor) lb_buf_printf(&list, "%s%s (%s)", list.length ? ", " : "", variable->name, variable->level[0]);
    }
    if (list.data) lb_result_note(result, "Treatment coding; reference levels: %s.", list.data);
    lb_buf_free(&list);
}
