/* A table that is written row by row in two forms at once: as it is, and for people who must not know the arm. */
#ifndef LUMBAR_TRIAL_SHEET_H
#define LUMBAR_TRIAL_SHEET_H

#include <lumbar/data.h>

typedef enum sheet_cell {
    SHEET_SEEN,  /* in both forms */
    SHEET_BLANK, /* the column is there for everybody, the value is not */
    SHEET_GONE   /* the column reveals the arm: in the open form it does not exist */
} sheet_cell;

typedef struct sheet {
    const char *name;
    lb_buf full, open;
    int64_t full_rows, open_rows;
    bool hidden;    /* the row being written is not in the open form */
    bool differs;   /* something was left out: both forms are needed */
    bool in_full, in_open; /* a cell stands in this row already */
    bool head;
} sheet;

void sheet_begin(sheet *s, const char *name);
/** The first row is the names. `hidden`: the row reveals the arm. */
void sheet_row(sheet *s, bool hidden);
void sheet_end(sheet *s);
void sheet_text(sheet *s, const char *text, sheet_cell how); /* NULL: empty */
void sheet_int(sheet *s, int64_t value, sheet_cell how);
void sheet_number(sheet *s, double value, sheet_cell how);   /* NaN: empty */
void sheet_date(sheet *s, int64_t days, sheet_cell how);
void sheet_value(sheet *s, const lb_value *value, sheet_cell how); /* lists joined by ';' */

#endif
