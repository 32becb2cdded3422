/* Reading an allocation log from a table: cells are taken as texts, so that one odd cell is a fault of its row and
 * never a refusal of the whole file. */
#include "trial/log.h"

#include <string.h>

static const char *cell(const lb_table *table, const char *name, size_t row, lb_arena *arena)
{
    const lb_column *column = lb_table_find(table, name);
    char buffer[64];
    if (!column || lb_column_missing(column, row)) return "";
    return lb_arena_text(arena, lb_column_text(column, row, buffer));
}

static int64_t whole(const lb_table *table, const char *name, size_t row, lb_arena *arena)
{
    const char *text = cell(table, name, row, arena);
    int64_t value;
    return lb_text_integer(text, strlen(text), &value) && value >= 0 ? value : LOG_NONE;
}

static int arm_of(const char *arm, const char *const *arms, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(arm, arms[i]) == 0) return (int)i;
    return -1;
}

static void read_row(const lb_table *table, size_t i, bool derive, lb_arena *arena, log_row *row)
{
    row->row = i + 1;
    row->seq = whole(table, "seq", i, arena);
    row->block = whole(table, "block_index", i, arena);
    row->position = whole(table, "position", i, arena);
    row->slot = whole(table, "slot", i, arena);
    row->size = whole(table, "block_size", i, arena);
    row->time_text = cell(table, "time_utc", i, arena);
    row->has_time = lb_time_seconds(row->time_text, &row->time);
    row->subject = cell(table, "subject", i, arena);
    row->arm = cell(table, "arm", i, arena);
    row->event = cell(table, "event", i, arena);
    row->stratum = cell(table, "stratum", i, arena);
    if (derive)
        row->derived = lb_arena_printf(arena, "%s/%s", cell(table, "centre", i, arena), cell(table, "sex", i, arena));
    if (!lb_table_find(table, "stratum") && row->derived) row->stratum = row->derived;
}

int trial_log_read(const lb_table *table, const char *const *arms, size_t arm_count, bool need_stratum, lb_arena *arena,
                   allocation_log *out, lb_error *err)
{
    lb_column *unused;
    int code = lb_table_column(table, "arm", &unused, err);
    if (code != LB_OK) return code;
    bool derive = lb_table_find(table, "centre") && lb_table_find(table, "sex");
    if (need_stratum && !derive && (code = lb_table_column(table, "stratum", &unused, err)) != LB_OK) return code;
    *out = (allocation_log){.rows = table->rows};
    out->has_seq = lb_table_find(table, "seq") != NULL;
    out->has_time = lb_table_find(table, "time_utc") != NULL;
    out->has_subject = lb_table_find(table, "subject") != NULL;
    out->has_block = lb_table_find(table, "block_index") && lb_table_find(table, "position");
    out->has_slot = lb_table_find(table, "slot") != NULL;
    out->has_size = lb_table_find(table, "block_size") != NULL;
    out->row = lb_arena_try(arena, table->rows + 1, sizeof *out->row);
    if (!out->row) return lb_fail(err, LB_TOO_LARGE, "a log of %zu rows does not fit into memory", table->rows);
    for (size_t i = 0; i < table->rows; i++) {
        read_row(table, i, derive, arena, &out->row[i]);
        out->row[i].arm_index = arm_of(out->row[i].arm, arms, arm_count);
    }
    return LB_OK;
}
