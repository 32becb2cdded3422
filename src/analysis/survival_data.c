/* Reading time-to-event data: complete rows in order of time; events coded 0/1 or 1/2; groups and strata from columns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/survival.h"

int lb_survival_event(const lb_table *table, const char *name, const size_t *row, size_t n, bool *event, lb_result *result, lb_error *err)
{
    lb_column *column;
    int code = lb_table_number(table, name, &column, err);
    if (code != LB_OK) return code;
    bool two = false, zero = false;
    for (size_t i = 0; i < n; i++) {
        double value = column->number[row[i]];
        two |= value == 2;
        zero |= value == 0;
        event[i] = value == 1;
        if (value == 0 || value == 1 || value == 2) continue;
        code = lb_fail(err, LB_BAD_DATA, "event column '%s' holds %g", name, value);
        lb_error_where(err, "%s, row %zu", table->name, row[i] + 2);
        lb_error_hint(err, "code events as 1 and censored as 0 (or 2 and 1)");
        return code;
    }
    if (two && zero) {
        code = lb_fail(err, LB_BAD_DATA, "event column '%s' holds 0, 1 and 2", name);
        lb_error_hint(err, "competing events are not read: code the event of interest as 1, everything else as 0");
        return code;
    }
    if (two) lb_result_note(result, "%s is coded 1/2: 2 counts as the event, 1 as censored.", name);
    for (size_t i = 0; i < n && two; i++) event[i] = !event[i]; /* coded 1 and 2 */
    return LB_OK;
}

/* Combinations of the levels of several columns that occur, in the order of the levels. -1 where one is missing. */
static int combine(const lb_table *table, const char *const *names, size_t count, lb_arena *arena, int32_t *code, size_t *levels,
                   const char ***label, lb_error *err)
{
    size_t total = 1;
    if (count == 0) { /* everybody is in one */
        *label = lb_arena_array(arena, 2, sizeof **label);
        (*label)[0] = "";
        *levels = table->rows > 0;
        return LB_OK;
    }
    lb_column *factor = lb_arena_array(arena, count + 1, sizeof *factor);
    for (size_t r = 0; r < table->rows; r++) code[r] = 0;
    for (size_t c = 0; c < count; c++) {
        int status = lb_table_factor(table, names[c], arena, &factor[c], err);
        if (status != LB_OK) return status;
        if (__builtin_mul_overflow(total, factor[c].level_count, &total) || total > 100000)
            return lb_fail(err, LB_BAD_DATA, "the columns of '%s' and the others combine to more than 100000 strata", names[c]);
        for (size_t r = 0; r < table->rows; r++)
            code[r] = code[r] < 0 || factor[c].code[r] < 0 ? -1 : code[r] * (int32_t)factor[c].level_count + factor[c].code[r];
    }
    int32_t *place = lb_arena_array(arena, total + 1, sizeof *place);
    for (size_t r = 0; r < table->rows; r++)
        if (code[r] >= 0) place[code[r]] = 1;
    *label = lb_arena_array(arena, total + 1, sizeof **label);
    *levels = 0;
    for (size_t k = 0; k < total; k++) {
        if (!place[k]) continue;
        const char *text = "";
        size_t rest = k, size = total;
        for (size_t c = 0; c < count; c++) {
            size /= factor[c].level_count;
            text = lb_arena_printf(arena, "%s%s%s=%s", text, c ? ", " : "", names[c], factor[c].level[rest / size]);
            rest %= size;
        }
        (*label)[*levels] = text;
        place[k] = (int32_t)(*levels)++;
    }
    for (size_t r = 0; r < table->rows; r++)
        if (code[r] >= 0) code[r] = place[code[r]];
    return LB_OK;
}

/* Rows that miss nothing, in the table's order, and their times. */
static int keep_rows(const lb_table *table, const lb_column *time, const lb_column *event, const int32_t *group, const int32_t *stratum,
                     size_t *kept, double *key, size_t *count, lb_error *err)
{
    size_t n = 0;
    for (size_t r = 0; r < table->rows; r++) {
        double t = time->number[r];
        if (isnan(t) || group[r] < 0 || stratum[r] < 0 || lb_column_missing(event, r)) continue;
        if (t < 0 || isinf(t)) {
            int code = lb_fail(err, LB_BAD_DATA, "time '%s' is %g", time->name, t);
            lb_error_where(err, "%s, row %zu", table->name, r + 2);
            lb_error_hint(err, "times count from the start and are not negative");
            return code;
        }
        key[n] = t;
        kept[n++] = r;
    }
    *count = n;
    return LB_OK;
}

/* Into order of time. What belongs to a row is packed into one word before, so that the jump through memory is made once. */
static int in_order(const double *key, const size_t *kept, const int32_t *group, const int32_t *stratum, lb_arena *arena, lb_survival *out,
                    lb_error *err)
{
    size_t n = out->n;
    uint32_t *order = lb_arena_array(arena, n + 1, sizeof *order), *packed = lb_arena_array(arena, n + 1, sizeof *packed);
    for (size_t k = 0; k < n; k++) {
        packed[k] = (uint32_t)group[kept[k]] << 1 | out->event[k];
        out->events += out->event[k];
    }
    out->time = lb_arena_array(arena, n + 1, sizeof *out->time);
    int code = lb_sort_values(key, n, order, out->time, err);
    if (code != LB_OK) return code;
    out->group = lb_arena_array(arena, n + 1, sizeof *out->group);
    out->stratum = lb_arena_array(arena, n + 1, sizeof *out->stratum);
    for (size_t i = 0; i < n; i++) {
        uint32_t word = packed[order[i]];
        out->group[i] = (int32_t)(word >> 1);
        out->event[i] = word & 1;
    }
    for (size_t i = 0; i < n && out->strata > 1; i++) out->stratum[i] = stratum[kept[order[i]]];
    return LB_OK;
}

int lb_survival_read(lb_call *call, bool stratified, lb_survival *out, lb_result *result, lb_error *err)
{
    *out = (lb_survival){0};
    lb_arena *arena = lb_call_arena(call);
    lb_table *table;
    lb_column *time, *event;
    int code = lb_call_table(call, "data", &table, err);
    if (code == LB_OK) code = lb_table_number(table, lb_call_text(call, "time"), &time, err);
    if (code == LB_OK) code = lb_table_column(table, lb_call_text(call, "event"), &event, err);
    if (code != LB_OK) return code;
    const char *const *names;
    size_t rows = table->rows, *kept = lb_arena_array(arena, rows + 1, sizeof *kept);
    double *key = lb_arena_array(arena, rows + 1, sizeof *key);
    int32_t *group = lb_arena_array(arena, rows + 1, sizeof *group), *stratum = lb_arena_array(arena, rows + 1, sizeof *stratum);
    size_t count = lb_call_texts(call, "by", &names);
    code = combine(table, names, count, arena, group, &out->groups, &out->group_name, err);
    if (code != LB_OK) return code;
    count = stratified ? lb_call_texts(call, "strata", &names) : 0;
    code = combine(table, names, count, arena, stratum, &out->strata, &out->stratum_name, err);
    if (code == LB_OK) code = keep_rows(table, time, event, group, stratum, kept, key, &out->n, err);
    if (code != LB_OK) return code;
    out->dropped = rows - out->n;
    out->event = lb_arena_array(arena, out->n + 1, sizeof *out->event);
    code = lb_survival_event(table, event->name, kept, out->n, out->event, result, err);
    if (code == LB_OK) code = in_order(key, kept, group, stratum, arena, out, err);
    if (code != LB_OK) return code;
    if (out->n == 0) {
        code = lb_fail(err, LB_BAD_DATA, "no complete row: every row misses time, event or a group");
        lb_error_where(err, "%s", table->name);
    } else if (out->events == 0) {
        lb_result_warn(result, "no event: everybody is censored");
    }
    if (out->dropped) lb_result_note(result, "%zu of %zu rows left out because time, event, group or stratum is missing.", out->dropped, rows);
    return code;
}

void lb_survival_groups(const lb_survival *data, uint32_t *index, size_t *start)
{
    for (size_t g = 0; g <= data->groups; g++) start[g] = 0;
    for (size_t i = 0; i < data->n; i++) start[data->group[i] + 1]++;
    for (size_t g = 0; g < data->groups; g++) start[g + 1] += start[g];
    size_t *next = lb_alloc(data->groups + 1, sizeof *next);
    memcpy(next, start, data->groups * sizeof *next);
    for (size_t i = 0; i < data->n; i++) index[next[data->group[i]]++] = (uint32_t)i;
    free(next);
}
