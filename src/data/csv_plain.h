/* Rows of plain numbers: the fast half of the CSV reader. It stops before the first cell that must be read otherwise. */
#ifndef LUMBAR_DATA_CSV_PLAIN_H
#define LUMBAR_DATA_CSV_PLAIN_H
#include <lumbar/data.h>

/** Where reading stands. */
typedef struct csv_plain {
    const char *start, *end;  /**< of the text */
    char separator, decimal;
    lb_column *column;        /**< counts what is missing */
    double **number;          /**< by column; NULL: its cells are read otherwise */
    size_t columns, row, at;  /**< the next cell's row and column */
} csv_plain;

/** Reads from p, where the next cell begins, as far as cells are plain or empty; returns where the cell begins that is not. */
typedef const char *csv_plain_reader(csv_plain *plain, const char *p);

csv_plain_reader lb_csv_plain;      /* any processor */
csv_plain_reader lb_csv_plain_avx2;
/** The fastest that this processor has. */
csv_plain_reader *lb_csv_plain_best(void);

/** lb_csv_read() by one of them, or by none (NULL: cell after cell). All give the same table. */
int lb_csv_read_by(csv_plain_reader *plain, const lb_bytes *bytes, const lb_csv_options *options, lb_arena *arena, lb_table **out,
                   lb_error *err) LB_MUST_CHECK;
#endif
