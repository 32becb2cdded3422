/* Ascending sort of numbers without NaN: radix sort on the bit pattern, 16 bits at a time, passes that change nothing
 * left out (whole-number images need two). */
#include <stdlib.h>
#include <string.h>

#include "muscle/composition/classes.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bit patterns of doubles order like unsigned integers once negatives are inverted and positives get the top bit. */
static uint64_t key_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}
static double value_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

enum { DIGITS = 1 << 16, SMALL = 4096 };

void lb_sort_numbers(double *values, size_t count)
{
    if (count < SMALL) {
        if (count > 1) qsort(values, count, sizeof *values, ascending);
        return;
    }
    uint64_t *key = lb_alloc(count, sizeof *key), *other = lb_alloc(count, sizeof *other), first, varying = 0;
    size_t *start = lb_alloc(DIGITS, sizeof *start);
    for (size_t i = 0; i < count; i++) key[i] = key_of(values[i]);
    first = key[0];
    for (size_t i = 0; i < count; i++) varying |= key[i] ^ first;
    for (unsigned shift = 0; shift < 64; shift += 16) {
        if ((varying >> shift & 0xffff) == 0) continue;
        memset(start, 0, DIGITS * sizeof *start);
        for (size_t i = 0; i < count; i++) start[key[i] >> shift & 0xffff]++;
        size_t total = 0;
        for (size_t d = 0; d < DIGITS; d++) {
            size_t here = start[d];
            start[d] = total;
            total += here;
        }
        for (size_t i = 0; i < count; i++) other[start[key[i] >> shift & 0xffff]++] = key[i];
        uint64_t *swap = key;
        key = other;
        other = swap;
    }
    for (size_t i = 0; i < count; i++) values[i] = value_of(key[i]);
    free(key);
    free(other);
    free(start);
}
