/* A recording from bytes: EDF and BDF by their first bytes, else a CSV table with a column a channel. */
#include "muscle/emg/recording.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static bool is_time(const char *name)
{
    static const char *const names[] = {"time", "t", "seconds", "time_s", "time (s)", "sec"};
    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return false;
}

/* Sampling rate of a column of seconds; its steps must be even. */
static int rate_of(const lb_table *table, const lb_column *time, double *rate, lb_error *err)
{
    if (table->rows < 3) return lb_fail(err, LB_BAD_DATA, "the recording has %zu samples", table->rows);
    double step = (time->number[table->rows - 1] - time->number[0]) / (double)(table->rows - 1);
    for (size_t i = 1; i < table->rows; i++) {
        double here = time->number[i] - time->number[i - 1];
        if (step > 0 && fabs(here - step) <= 0.25 * step) continue;
        lb_fail(err, LB_BAD_DATA, "the time does not go on evenly: %.6g s between samples %zu and %zu, usually %.6g s", here, i, i + 1, step);
        lb_error_where(err, "%s", time->name);
        lb_error_hint(err, "export the recording without breaks, with seconds in this column");
        return LB_BAD_DATA;
    }
    *rate = 1 / step;
    return LB_OK;
}

static int read_csv(const lb_bytes *bytes, double rate_hz, lb_arena *arena, lb_recording *out, lb_error *err)
{
    lb_table *table;
    int status = lb_csv_read(bytes, NULL, arena, &table, err);
    if (status == LB_OK) status = lb_table_needs_rows(table, err);
    if (status != LB_OK) return status;
    out->format = "CSV";
    out->channel = lb_arena_array(arena, table->columns + 1, sizeof *out->channel);
    const lb_column *time = NULL;
    for (size_t c = 0; c < table->columns; c++)
        if (!time && table->column[c].type == LB_NUMBER && is_time(table->column[c].name)) time = &table->column[c];
    if (isnan(rate_hz) && !time) {
        lb_fail(err, LB_USAGE, "the sampling rate is not known: the table has no column time");
        lb_error_where(err, "--rate");
        lb_error_hint(err, "say the samples per second with --rate, or add a column time with seconds");
        return LB_USAGE;
    }
    if (isnan(rate_hz)) status = rate_of(table, time, &rate_hz, err);
    for (size_t c = 0; c < table->columns && status == LB_OK; c++) {
        lb_column *column = &table->column[c];
        if (column == time) continue;
        if (column->type != LB_NUMBER) {
            if (column->number_cells) return lb_table_number(table, column->name, &column, err); /* says which cell */
            continue;
        }
        out->channel[out->channels++] = (lb_channel){.name = column->name, .unit = column->unit ? column->unit : "", .rate_hz = rate_hz,
                                                     .sample = column->number, .samples = table->rows, .lowest = NAN, .highest = NAN};
    }
    out->seconds = (double)table->rows / rate_hz;
    return status;
}

int lb_recording_read(void *context, const lb_bytes *bytes, double rate_hz, lb_arena *arena, lb_recording **out, lb_error *err)
{
    (void)context;
    if (lb_edf_looks_like(bytes)) return lb_edf_read(bytes, arena, out, err);
    *out = lb_arena_alloc(arena, sizeof **out);
    return read_csv(bytes, rate_hz, arena, *out, err);
}
