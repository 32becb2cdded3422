/* CSV out: RFC 4180, UTF-8; numbers read back exactly. */
#include <lumbar/data.h>

#include <string.h>

void lb_csv_cell(const char *text, bool safe, lb_buf *out)
{
    /* A spreadsheet runs what begins with = + - @ as a formula (OWASP, CSV injection). */
    bool formula = safe && *text && strchr("=+-@\t\r", *text);
    size_t length = strlen(text);
    bool edge = length && (*text == ' ' || text[length - 1] == ' ' || text[length - 1] == '\t'); /* readers trim bare cells */
    if (!formula && !strpbrk(text, ",\"\n\r") && !edge) {
        lb_buf_puts(out, text);
        return;
    }
    lb_buf_putc(out, '"');
    if (formula) lb_buf_putc(out, '\'');
    for (const char *p = text; *p; p++) {
        if (*p == '"') lb_buf_putc(out, '"');
        lb_buf_putc(out, *p);
    }
    lb_buf_putc(out, '"');
}

void lb_csv_write(const lb_table *table, bool safe, lb_buf *out)
{
    for (size_t c = 0; c < table->columns; c++) {
        if (c) lb_buf_putc(out, ',');
        lb_csv_cell(table->column[c].name, safe, out);
    }
    lb_buf_putc(out, '\n');
    char number[32];
    for (size_t r = 0; r < table->rows; r++) {
        for (size_t c = 0; c < table->columns; c++) {
            if (c) lb_buf_putc(out, ',');
            const char *text = lb_column_text(&table->column[c], r, number);
            /* A lone empty cell would be an empty line, which readers skip. */
            if (table->columns == 1 && *text == '\0') lb_buf_puts(out, "NA");
            else lb_csv_cell(text, safe && table->column[c].type == LB_TEXT, out);
        }
        lb_buf_putc(out, '\n');
    }
}
