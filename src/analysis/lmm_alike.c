/* Groups of a mixed model with the same random design and the same columns enter the likelihood only through the sum of the outer
 * products of their vectors u. A pivoted Cholesky factor of that sum (Higham 2002, §10.3) gives as many vectors as the sum has rank,
 * with the same sum: thousands of persons with the same visits become a dozen. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lmm_group.h"

/* gram (n × n, lower triangle, destroyed) = Σ over the returned number of columns, n each. What is left is below rounding. */
static size_t root_of(double *gram, size_t n, double *column)
{
    double *scale = lb_alloc(n + 1, sizeof *scale);
    size_t rank = 0;
    for (size_t j = 0; j < n; j++) scale[j] = sqrt(gram[j + j * n]);
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) gram[j + i * n] = gram[i + j * n] = scale[i] * scale[j] > 0 ? gram[i + j * n] / (scale[i] * scale[j]) : 0;
    for (; rank < n; rank++) {
        size_t pivot = 0;
        for (size_t j = 1; j < n; j++) pivot = gram[j + j * n] > gram[pivot + pivot * n] ? j : pivot;
        double d = gram[pivot + pivot * n], *out = column + rank * n;
        if (!(d > (double)n * DBL_EPSILON)) break;
        for (size_t i = 0; i < n; i++) out[i] = gram[i + pivot * n] / sqrt(d);
        for (size_t j = 0; j < n; j++)
            for (size_t i = 0; i < n; i++) gram[i + j * n] -= out[i] * out[j];
        for (size_t i = 0; i < n; i++) gram[i + pivot * n] = gram[pivot + i * n] = 0;
    }
    for (size_t k = 0; k < rank; k++)
        for (size_t i = 0; i < n; i++) column[i + k * n] *= scale[i];
    free(scale);
    return rank;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * 0x100000001B3u; /* FNV-1a */
    return hash;
}

static bool alike(const lb_group *a, const lb_group *b, size_t q)
{
    return a->rows == b->rows && a->w == b->w && !memcmp(a->s, b->s, q * q * sizeof *a->s) && !memcmp(a->index, b->index, a->w * sizeof *a->index);
}

/* Classes in order of appearance, each a list in order: first[c], next[g]; SIZE_MAX ends it. */
typedef struct classes {
    size_t count, *first, *last, *next, *members;
} classes;

static void classify(const lb_group *group, size_t count, size_t q, classes *out)
{
    size_t slots = 64;
    while (slots < 2 * count) slots *= 2;
    uint32_t *slot = lb_alloc(slots, sizeof *slot); /* class + 1 */
    *out = (classes){0, lb_alloc(count, sizeof(size_t)), lb_alloc(count, sizeof(size_t)), lb_alloc(count, sizeof(size_t)), lb_alloc(count, sizeof(size_t))};
    for (size_t g = 0; g < count; g++) {
        uint64_t hash = hash_bytes(hash_bytes(0xCBF29CE484222325u, group[g].s, q * q * sizeof(double)), group[g].index, group[g].w * sizeof(uint32_t));
        size_t at = hash & (slots - 1);
        while (slot[at] && !alike(&group[out->first[slot[at] - 1]], &group[g], q)) at = (at + 1) & (slots - 1);
        out->next[g] = SIZE_MAX;
        if (slot[at]) {
            size_t c = slot[at] - 1;
            out->next[out->last[c]] = g;
            out->last[c] = g;
            out->members[c]++;
        } else {
            out->first[out->count] = out->last[out->count] = g;
            out->members[out->count++] = 1;
            slot[at] = (uint32_t)out->count;
        }
    }
    free(slot);
}

size_t lb_groups_alike(lb_group *group, size_t count, size_t q)
{
    enum { MOST = 128 };
    classes c;
    classify(group, count, q, &c);
    lb_group *kept = lb_alloc(count, sizeof *kept);
    double *gram = lb_alloc(MOST * MOST, sizeof *gram), *column = lb_alloc(MOST * MOST, sizeof *column);
    size_t total = 0;
    for (size_t k = 0; k < c.count; k++) {
        size_t n = q * group[c.first[k]].w, g = c.first[k];
        if (n > MOST || c.members[k] <= n) {
            for (; g != SIZE_MAX; g = c.next[g]) kept[total++] = group[g];
            continue;
        }
        memset(gram, 0, n * n * sizeof *gram);
        for (; g != SIZE_MAX; g = c.next[g]) {
            const double *u = group[g].u;
            for (size_t j = 0; j < n; j++)
                for (size_t i = j; i < n; i++) gram[i + j * n] += u[i] * u[j];
        }
        size_t rank = root_of(gram, n, column);
        g = c.first[k]; /* the first of them lend their place */
        for (size_t r = 0; r < (rank ? rank : 1); r++, g = c.next[g]) {
            kept[total] = group[g];
            memset(kept[total].u, 0, n * sizeof(double));
            if (r < rank) memcpy(kept[total].u, column + r * n, n * sizeof(double));
            kept[total++].members = r == 0 ? (double)c.members[k] : 0;
        }
    }
    memcpy(group, kept, total * sizeof *group);
    void *const mine[] = {c.first, c.last, c.next, c.members, kept, gram, column};
    for (size_t i = 0; i < LB_COUNT(mine); i++) free(mine[i]);
    return total;
}
