/* What the readings of scans give a snapshot: one long table of areas and fat fractions, one wide table of radiomic
 * features. Every finished reading is there with its reader's place, so that agreement can be computed from the snapshot;
 * an analysis that wants one value per person takes the mean over readers. */
#include "trial/conduct/scan.h"

#include <stdio.h>
#include <string.h>

typedef struct table {
    const char *from;         /* the reading's list: "rows" or "features" */
    lb_value *rows, *columns; /* columns: {name: true}, in the order they were first met */
} table;

static void put_cell(lb_buf *out, const lb_value *value)
{
    if (!value || value->type == LB_NULL) return;
    if (value->type != LB_STRING) {
        lb_json_write(value, 0, out);
        return;
    }
    if (!strpbrk(value->text, ",\"\r\n")) {
        lb_buf_puts(out, value->text);
        return;
    }
    lb_buf_putc(out, '"');
    for (const char *c = value->text; *c; c++) {
        if (*c == '"') lb_buf_putc(out, '"');
        lb_buf_putc(out, *c);
    }
    lb_buf_putc(out, '"');
}

static void keep_row(table *t, const lb_scan *scan, int place, const lb_value *measured)
{
    const lb_value *slice = lb_get(measured, "slice");
    if (slice && slice->type != LB_NULL) return; /* single slices stay with the reading */
    lb_value *row = lb_push_object(t->rows);
    const char *number = strrchr(scan->record->key, '|');
    lb_set_text(row, "subject", scan->record->subject);
    lb_set_text(row, "site", scan->record->site);
    lb_set_text(row, "scan", number ? number + 1 : scan->record->key);
    lb_set_text(row, "visit", scan->record->parent);
    lb_set_int(row, "reader", place + 1);
    for (size_t i = 0; i < measured->count; i++) {
        const lb_value *value = measured->item[i];
        if (value->type == LB_ARRAY || value->type == LB_OBJECT || strcmp(measured->key[i], "slice") == 0) continue;
        lb_set(row, measured->key[i], measured->item[i]);
    }
    for (size_t i = 0; i < row->count; i++) lb_set_bool(t->columns, row->key[i], true);
}

static int keep_scan(void *context, const lb_scan *scan, lb_error *err)
{
    (void)err;
    table *t = context;
    for (int place = 0; place < scan->readers; place++) {
        const lb_record *reading = scan->reading[place];
        if (!reading || !lb_text_equal(reading->state, "done")) continue;
        const lb_value *list = lb_get(reading->body, t->from);
        for (size_t i = 0; list && list->type == LB_ARRAY && i < list->count; i++) keep_row(t, scan, place, list->item[i]);
    }
    return LB_OK;
}

static int write_table(lb_tx *tx, const lb_study *study, const char *from, lb_buf *out, int64_t *rows, lb_error *err)
{
    table t = {from, lb_value_array(lb_tx_arena(tx)), lb_value_object(lb_tx_arena(tx))};
    int code = lb_scan_each(tx, study, NULL, keep_scan, &t, err);
    if (code) return code;
    for (size_t c = 0; c < t.columns->count; c++) lb_buf_printf(out, "%s%s", c ? "," : "", t.columns->key[c]);
    lb_buf_puts(out, "\r\n");
    for (size_t r = 0; r < t.rows->count; r++) {
        for (size_t c = 0; c < t.columns->count; c++) {
            if (c) lb_buf_putc(out, ',');
            put_cell(out, lb_get(t.rows->item[r], t.columns->key[c]));
        }
        lb_buf_puts(out, "\r\n");
    }
    *rows = (int64_t)t.rows->count;
    return LB_OK;
}

int lb_scan_muscle_csv(lb_tx *tx, const lb_study *study, lb_buf *out, int64_t *rows, lb_error *err)
{
    return write_table(tx, study, "rows", out, rows, err);
}

int lb_scan_radiomics_csv(lb_tx *tx, const lb_study *study, lb_buf *out, int64_t *rows, lb_error *err)
{
    return write_table(tx, study, "features", out, rows, err);
}
