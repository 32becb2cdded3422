/* Tables in two forms at once: sheet.h. */
#include "trial/conduct/sheet.h"

#include <lumbar/trial.h>

#include <math.h>
#include <string.h>

void sheet_begin(sheet *s, const char *name)
{
    *s = (sheet){.name = name, .head = true};
    s->full.max = s->open.max = lb_max_input();
}

void sheet_row(sheet *s, bool hidden)
{
    s->hidden = hidden;
    s->differs |= hidden;
    s->in_full = s->in_open = false;
}

void sheet_end(sheet *s)
{
    lb_buf_putc(&s->full, '\n');
    if (!s->hidden) lb_buf_putc(&s->open, '\n');
    if (!s->head) {
        s->full_rows++;
        s->open_rows += !s->hidden;
    }
    s->head = false;
}

static void cell(lb_buf *out, bool *before, const char *text, bool guard)
{
    if (*before) lb_buf_putc(out, ',');
    *before = true;
    lb_csv_cell(text, guard, out);
}

static void put(sheet *s, const char *text, bool guard, sheet_cell how)
{
    cell(&s->full, &s->in_full, text, guard);
    s->differs |= how != SHEET_SEEN;
    if (s->hidden || how == SHEET_GONE) return;
    cell(&s->open, &s->in_open, how == SHEET_BLANK && !s->head ? "" : text, guard);
}

void sheet_text(sheet *s, const char *text, sheet_cell how)
{
    double number;
    if (!text) text = "";
    put(s, text, !lb_text_number(text, strlen(text), &number), how);
}

void sheet_number(sheet *s, double value, sheet_cell how)
{
    char text[32];
    put(s, isnan(value) ? "" : lb_number_text(value, text), false, how);
}

void sheet_int(sheet *s, int64_t value, sheet_cell how) { sheet_number(s, (double)value, how); }

void sheet_date(sheet *s, int64_t days, sheet_cell how)
{
    char text[16];
    lb_date_text(days, text);
    put(s, text, false, how);
}

void sheet_value(sheet *s, const lb_value *value, sheet_cell how)
{
    if (!value || value->type == LB_NULL || value->type == LB_OBJECT) {
        sheet_text(s, "", how);
    } else if (value->type == LB_STRING) {
        sheet_text(s, value->text, how);
    } else if (value->type == LB_BOOL) {
        sheet_int(s, value->boolean, how);
    } else if (value->type == LB_ARRAY) {
        lb_buf text = {0};
        for (size_t i = 0; i < value->count; i++)
            if (value->item[i]->type == LB_STRING) lb_buf_printf(&text, "%s%s", text.length ? ";" : "", value->item[i]->text);
        sheet_text(s, text.data, how);
        lb_buf_free(&text);
    } else {
        sheet_number(s, lb_number_of(value), how);
    }
}
