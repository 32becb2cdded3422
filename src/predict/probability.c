/* Reading predicted probabilities beside their outcome: they must lie in [0, 1], and both outcomes must occur. */
#include "predict/probability.h"

#include <math.h>

static int check_range(const lb_column *column, const char *name, size_t rows, lb_error *err)
{
    for (size_t i = 0; i < rows; i++) {
        double p = column->number[i];
        if (isnan(p) || (p >= 0 && p <= 1)) continue;
        int code = lb_fail(err, LB_BAD_DATA, "%g in row %zu is not a probability", p, i + 1);
        lb_error_where(err, "column %s", name);
        lb_error_hint(err, "give predicted probabilities between 0 and 1; percentages must be divided by 100, a margin m is 1/(1+exp(-m))");
        return code;
    }
    return 0;
}

int lb_probabilities_read(lb_call *call, bool may_compare, lb_result *result, lb_probabilities *out, lb_error *err)
{
    lb_table *table;
    lb_column *first, *second = NULL;
    const char *name = lb_call_text(call, "score"), *other = may_compare ? lb_call_text(call, "compare") : NULL;
    *out = (lb_probabilities){0};
    int code = lb_call_table(call, "data", &table, err);
    if (!code) code = lb_outcome_read(table, lb_call_text(call, "outcome"), lb_call_text(call, "event"), result->arena, &out->outcome, err);
    if (!code) code = lb_table_number(table, name, &first, err);
    if (!code) code = check_range(first, name, table->rows, err);
    if (!code && other) code = lb_table_number(table, other, &second, err);
    if (!code && other) code = check_range(second, other, table->rows, err);
    if (code) return code;
    size_t rows = table->rows + 1;
    out->event = lb_arena_try(result->arena, 3 * rows, sizeof(double));
    if (!out->event) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", table->rows);
    out->first = out->event + rows;
    out->second = second ? out->first + rows : NULL;
    for (size_t i = 0; i < table->rows; i++) {
        double event = out->outcome.event[i];
        if (isnan(event) || isnan(first->number[i]) || (second && isnan(second->number[i]))) continue;
        out->event[out->n] = event;
        out->first[out->n] = first->number[i];
        if (second) out->second[out->n] = second->number[i];
        out->events += event == 1;
        out->n++;
    }
    size_t dropped = table->rows - out->n;
    lb_set_int(result->results, "n", (int64_t)out->n);
    lb_set_int(result->results, "events", (int64_t)out->events);
    lb_set_int(result->results, "dropped", (int64_t)dropped);
    if (dropped) lb_result_warn(result, "%zu of %zu rows left out: outcome or probability missing", dropped, table->rows);
    if (out->events && out->events < out->n) return 0;
    code = lb_fail(err, LB_BAD_DATA, "of the %zu complete rows %s: nothing can be compared", out->n, out->events ? "all have the event" : "none has the event");
    lb_error_where(err, "column %s", out->outcome.column);
    lb_error_hint(err, "check that the probabilities are not missing for one kind of outcome");
    return code;
}
