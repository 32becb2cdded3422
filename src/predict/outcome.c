/* Reading a yes/no outcome: which value of the column is the event, said and not guessed in silence. */
#include "predict/room.h"

#include <math.h>

int lb_outcome_read(const lb_table *table, const char *name, const char *level, lb_arena *arena, lb_outcome *out, lb_error *err)
{
    lb_column factor;
    int code = lb_table_factor(table, name, arena, &factor, err);
    if (code) return code;
    *out = (lb_outcome){.column = factor.name, .event = lb_arena_try(arena, table->rows + 1, sizeof(double))};
    if (!out->event) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", table->rows);
    int32_t event = -1, other = -1, used = 0;
    bool *seen = lb_arena_array(arena, factor.level_count + 1, sizeof(bool));
    for (size_t row = 0; row < table->rows; row++)
        if (factor.code[row] >= 0) seen[factor.code[row]] = true;
    for (size_t i = 0; i < factor.level_count; i++) {
        if (!seen[i]) continue;
        used++;
        other = event;
        event = (int32_t)i;
    }
    if (used != 2) {
        code = lb_fail(err, LB_BAD_DATA, "it holds %d distinct value%s: a yes/no outcome has two", (int)used, used == 1 ? "" : "s");
        lb_error_where(err, "column %s", name);
        lb_error_hint(err, "choose the column that holds the outcome, with two values such as 0 and 1");
        return code;
    }
    if (level && lb_text_equal(level, factor.level[other])) {
        int32_t swap = event;
        event = other;
        other = swap;
    } else if (level && !lb_text_equal(level, factor.level[event])) {
        code = lb_fail(err, LB_USAGE, "column %s has no value %s", name, level);
        lb_error_where(err, "--event");
        lb_error_hint(err, "its values are %s and %s", factor.level[other], factor.level[event]);
        return code;
    }
    out->event_level = factor.level[event];
    out->other_level = factor.level[other];
    for (size_t row = 0; row < table->rows; row++) {
        bool missing = factor.code[row] < 0, yes = factor.code[row] == event;
        out->event[row] = missing ? NAN : yes;
        out->missing += missing;
        out->events += !missing && yes;
        out->others += !missing && !yes;
    }
    return 0;
}
