/* Rows of plain numbers, read cell by cell from the masks of csv_scan.h. Compiled twice: as it is, and for AVX2 by csv_plain_avx2.c. */
#include <math.h>

#include "data/csv_plain.h"
#include "data/csv_scan.h"

#ifdef __AVX2__
#define lb_csv_plain lb_csv_plain_avx2
#else
csv_plain_reader *lb_csv_plain_best(void)
{
#if defined __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) return lb_csv_plain_avx2;
#endif
    return lb_csv_plain;
}
#endif

/* The block that begins at p; beyond the end of the text nothing is found. */
static __attribute__((noinline)) scan_block last_block(const csv_plain *w, const char *p)
{
    char tail[SCAN_BLOCK] = {0};
    memcpy(tail, p, (size_t)(w->end - p));
    scan_block block = scan_from(tail, w->separator, w->decimal);
    block.at = p;
    return block;
}

/* The next cell, of a row the last or not, into *number. False: it is to be read otherwise. */
static inline __attribute__((always_inline)) bool read_cell(const csv_plain *w, scan_block *block, size_t *at, bool last, double *number, size_t *missing)
{
    if (block->ends == 0) {
        const char *p = block->at + *at;
        *block = w->end - p >= SCAN_BLOCK ? scan_from(p, w->separator, w->decimal) : last_block(w, p);
        *at = 0;
        if (block->ends == 0) return false;
    }
    size_t stop = scan_first(block->ends), length = stop - *at;
    if (block->at[stop] != (last ? '\n' : w->separator)) return false;
    if (last) length -= block->at[(ptrdiff_t)stop - 1] == '\r';
    if (!scan_number(block, *at, length, number)) {
        if (length > 0 || w->columns == 1) return false; /* of one column, an empty line is no row */
        *number = NAN;
        ++*missing;
    }
    block->ends &= block->ends - 1;
    *at = stop + 1;
    return true;
}

const char *lb_csv_plain(csv_plain *plain, const char *p)
{
    const csv_plain w = *plain;
    if (p - w.start < SCAN_WIDTH) return p;
    const size_t last = w.columns - 1;
    double *const *number = w.number;
    size_t row = w.row, c = w.at, at = 0;
    scan_block block = {p, 0, 0};
    for (;; c = 0, row++) {
        while (c < last && number[c] && read_cell(&w, &block, &at, false, &number[c][row], &w.column[c].missing)) c++;
        if (c < last || !number[c] || !read_cell(&w, &block, &at, true, &number[c][row], &w.column[c].missing)) break;
    }
    plain->row = row;
    plain->at = c;
    return block.at + at;
}
