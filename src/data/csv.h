/* Inside the CSV reader: a column while it is being read. */
#ifndef LUMBAR_DATA_CSV_H
#define LUMBAR_DATA_CSV_H
#include <lumbar/data.h>

/** Distinct texts of a column, found by hashing; code = order of appearance until lb_dictionary_sort(). */
typedef struct lb_dictionary {
    lb_arena *arena;
    const char **level;
    uint32_t *length;
    uint32_t *line;      /* input line where each first appeared */
    uint32_t *slot;      /* open addressing: code + 1, 0 = free */
    size_t count, capacity, slots;
} lb_dictionary;
/** Code of a text, added when new. -1 when there are more than 2^31 - 2 of them. */
int32_t lb_dictionary_code(lb_dictionary *dictionary, const char *text, size_t length, size_t line);
void lb_dictionary_free(lb_dictionary *dictionary);
/** Levels in order of bytes into the column; codes are translated. */
void lb_dictionary_sort(lb_dictionary *dictionary, lb_column *column, size_t rows);
/** A numeric column as a factor: its values as levels in numeric order, as R's factor(). */
void lb_factor_of_numbers(const lb_column *from, size_t rows, lb_arena *arena, lb_column *out);
/** Labels, units, code lists and missing codes of a codebook (columns name, label, unit, type, codes, missing), any of
 *  them absent. codes: "1=male;2=female" turns numbers into texts in that order. */
int lb_codebook_apply(const lb_table *codebook, lb_table *table, lb_error *err) LB_MUST_CHECK;
#endif
