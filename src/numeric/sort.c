/* The order of doubles by least-significant-digit radix sort: eight passes of a byte, of which those that would change nothing
 * (all keys share the byte: integer days leave few) are skipped. The bit pattern, with negatives flipped, sorts as the value. */
#include <lumbar/numeric.h>

#include <stdlib.h>
#include <string.h>

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

int lb_sort_order(const double *key, size_t n, uint32_t *order, lb_error *err)
{
    item *from = malloc((n ? n : 1) * 2 * sizeof *from), *to = from + n;
    size_t(*count)[256] = calloc(8, sizeof *count);
    void *block = from;
    int code = LB_OK;
    if (from == NULL || count == NULL || n > UINT32_MAX) {
        code = lb_fail(err, LB_NO_MEMORY, "not enough memory to sort %zu values", n);
        n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        from[i] = (item){sortable(key[i]), (uint32_t)i};
        for (int b = 0; b < 8; b++) count[b][from[i].key >> 8 * b & 255]++;
    }
    for (int b = 0; b < 8 && n; b++) {
        size_t *c = count[b], place = 0;
        if (c[from[0].key >> 8 * b & 255] == n) continue;
        for (int v = 0; v < 256; v++) {
            size_t here = c[v];
            c[v] = place;
            place += here;
        }
        for (size_t i = 0; i < n; i++) to[c[from[i].key >> 8 * b & 255]++] = from[i];
        item *swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; i < n; i++) order[i] = from[i].index;
    free(block);
    free(count);
    return code;
}
