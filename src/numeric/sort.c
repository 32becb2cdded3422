/* The order of doubles. Whole numbers that lie close together (days) are counted: one pass. Others by least-significant-digit radix
 * sort on eleven bits, of whose six passes those that would change nothing are skipped. The bit pattern, with negatives flipped,
 * sorts as the value. Both are stable. */
#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGIT = 11, VALUES = 1 << DIGIT, PASSES = 6 };

typedef struct item {
    uint64_t key;
    uint32_t index;
} item;

static uint64_t sortable(double value)
{
    uint64_t bits;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &value, 8);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

/* True when all keys are whole numbers within a span that is worth counting. */
static bool whole(const double *key, size_t n, double *lowest, size_t *span)
{
    double low = n ? key[0] : NAN, high = low;
    for (size_t i = 0; i < n; i++) {
        if (!(key[i] > -1e9 && key[i] < 1e9) || key[i] != (double)(int64_t)key[i]) return false;
        low = key[i] < low ? key[i] : low;
        high = key[i] > high ? key[i] : high;
    }
    if (!(high - low < 2 * (double)n + 1024)) return false;
    *lowest = low + 0.0;
    *span = (size_t)(high - low) + 1;
    return true;
}

static int by_counting(const double *key, size_t n, double low, size_t span, uint32_t *order, double *sorted)
{
    uint32_t *place = calloc(span, sizeof *place), at = 0;
    if (place == NULL) return LB_NO_MEMORY;
    for (size_t i = 0; i < n; i++) place[(size_t)(key[i] - low)]++;
    for (size_t v = 0; v < span; v++) {
        uint32_t here = place[v];
        for (uint32_t k = 0; sorted && k < here; k++) sorted[at + k] = low + (double)v;
        place[v] = at;
        at += here;
    }
    for (size_t i = 0; i < n; i++) order[place[(size_t)(key[i] - low)]++] = (uint32_t)i;
    free(place);
    return LB_OK;
}

static int by_radix(const double *key, size_t n, uint32_t *order, double *sorted)
{
    item *block = malloc((n ? n : 1) * 2 * sizeof *block), *from = block, *to = block + n;
    size_t(*count)[VALUES] = calloc(PASSES, sizeof *count);
    if (block == NULL || count == NULL) n = 0;
    for (size_t i = 0; i < n; i++) {
        from[i] = (item){sortable(key[i]), (uint32_t)i};
        for (int b = 0; b < PASSES; b++) count[b][from[i].key >> DIGIT * b & (VALUES - 1)]++;
    }
    for (int b = 0; b < PASSES && n; b++) {
        size_t *c = count[b], place = 0;
        if (c[from[0].key >> DIGIT * b & (VALUES - 1)] == n) continue;
        for (int v = 0; v < VALUES; v++) {
            size_t here = c[v];
            c[v] = place;
            place += here;
        }
        for (size_t i = 0; i < n; i++) to[c[from[i].key >> DIGIT * b & (VALUES - 1)]++] = from[i];
        item *swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; i < n; i++) order[i] = from[i].index;
    for (size_t i = 0; sorted && i < n; i++) sorted[i] = value_of(from[i].key);
    int code = block && count ? LB_OK : LB_NO_MEMORY;
    free(block);
    free(count);
    return code;
}

int lb_sort_values(const double *key, size_t n, uint32_t *order, double *sorted, lb_error *err)
{
    double low;
    size_t span;
    int code = LB_NO_MEMORY;
    if (n <= UINT32_MAX) code = whole(key, n, &low, &span) ? by_counting(key, n, low, span, order, sorted) : by_radix(key, n, order, sorted);
    return code == LB_OK ? LB_OK : lb_fail(err, LB_NO_MEMORY, "not enough memory to sort %zu values", n);
}

int lb_sort_order(const double *key, size_t n, uint32_t *order, lb_error *err) { return lb_sort_values(key, n, order, NULL, err); }
