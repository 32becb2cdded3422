/* The journal of long work: each finished row is a JSON line on the disk, so that a break costs one row, not the night.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* Lines of a journal; one that was cut off by the break is left out. */
static void read_lines(const lb_bytes *bytes, lb_arena *arena, lb_value *rows)
{
    size_t from = 0;
    for (size_t i = 0; i < bytes->length; i++) {
        if (bytes->data[i] != '\n') continue;
        lb_bytes line = {bytes->data + from, i - from, "journal"};
        lb_value *row;
        lb_error err = LB_ERROR_INIT;
        if (lb_json_read(&line, arena, &row, &err) == LB_OK && row->type == LB_OBJECT) lb_push(rows, row);
        from = i + 1;
    }
}

/* Rows of a finished output: they are kept when they are still right. */
static void read_output(const char *output, lb_arena *arena, lb_value *rows)
{
    lb_bytes bytes;
    lb_table *table;
    lb_error err = LB_ERROR_INIT;
    lb_csv_options csv = LB_CSV_OPTIONS_INIT;
    csv.text_columns = "id,image,mask,error,hint,undefined,warning,version,profile,image_sha256,mask_sha256,settings_sha256";
    if (!lb_text_ends(output, ".csv") || access(output, R_OK) != 0) return;
    if (lb_file_read(output, 0, arena, &bytes, &err) != LB_OK || lb_csv_read(&bytes, &csv, arena, &table, &err) != LB_OK) return;
    const lb_value *list = lb_table_to_value(table, arena);
    for (size_t i = 0; i < list->count; i++) lb_push(rows, list->item[i]);
}

static void add_line(void *context, const lb_value *row)
{
    const lb_cli_journal *journal = context;
    lb_buf line = {0};
    lb_json_write(row, 0, &line);
    if (line.length == 0 || line.data[line.length - 1] != '\n') lb_buf_putc(&line, '\n');
    /* A journal that cannot be written (disk full) must not stop the work; the output itself will say so. */
    ssize_t written = write(journal->file, line.data, line.length);
    (void)written;
    lb_buf_free(&line);
}

int lb_cli_journal_open(lb_cli_journal *journal, lb_call *call, const char *output, lb_arena *arena, lb_error *err)
{
    bool resume = lb_call_flag(call, "resume");
    snprintf(journal->path, sizeof journal->path, "%s.journal", output);
    bool unfinished = access(journal->path, F_OK) == 0;
    if (unfinished && !resume) {
        lb_fail(err, LB_USAGE, "an earlier run of this output was not finished; its rows are in the journal");
        lb_error_where(err, "%s", journal->path);
        lb_error_hint(err, "add --resume to go on from there, or remove the journal to start anew");
        return LB_USAGE;
    }
    lb_value *rows = lb_value_array(arena);
    if (resume) read_output(output, arena, rows);
    if (unfinished) {
        lb_bytes bytes;
        int status = lb_file_read(journal->path, 0, arena, &bytes, err);
        if (status != LB_OK) return status;
        read_lines(&bytes, arena, rows);
    }
    journal->file = open(journal->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (journal->file < 0) {
        journal->file = 0;
        lb_fail(err, LB_FAILED, "the journal cannot be written: %s", strerror(errno));
        lb_error_where(err, "%s", journal->path);
        return LB_FAILED;
    }
    journal->journal = (lb_journal){rows->count ? rows : NULL, add_line, journal};
    lb_call_bind_journal(call, &journal->journal);
    return LB_OK;
}

void lb_cli_journal_close(lb_cli_journal *journal, bool written)
{
    if (journal->file == 0) return;
    close(journal->file);
    if (written) unlink(journal->path);
}
