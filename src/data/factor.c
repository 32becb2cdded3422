/* Numbers as a factor: the distinct values by hashing, sorted, then each row's place among them. O(rows + levels log levels). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/csv.h"

enum { SMALL = 1024 };

typedef struct value_set {
    uint32_t small[SMALL]; /* index + 1 of the values 0, 1, 2 …, which need no hashing */
    double *value;   /* distinct, in order of appearance */
    uint32_t *slot;  /* open addressing: index + 1, 0 = free */
    size_t count, capacity, slots;
} value_set;

static size_t find_slot(const value_set *set, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    size_t i = (bits * 0x9E3779B97F4A7C15u >> 32) & (set->slots - 1);
    while (set->slot[i] && set->value[set->slot[i] - 1] != value) i = (i + 1) & (set->slots - 1);
    return i;
}

static uint32_t index_of(value_set *set, double value)
{
    uint32_t *known = value >= 0 && value < SMALL && value == (double)(int)value ? &set->small[(int)value] : NULL;
    if (known && *known) return *known - 1;
    if (2 * (set->count + 1) > set->slots) {
        set->slots = set->slots ? 2 * set->slots : 64;
        free(set->slot);
        set->slot = lb_alloc(set->slots, sizeof *set->slot);
        for (size_t k = 0; k < set->count; k++) set->slot[find_slot(set, set->value[k])] = (uint32_t)k + 1;
    }
    size_t i = find_slot(set, value);
    if (set->slot[i] == 0) {
        if (set->count == set->capacity) {
            set->capacity = set->capacity ? 2 * set->capacity : 16;
            set->value = lb_realloc(set->value, set->capacity, sizeof *set->value);
        }
        set->value[set->count++] = value;
        set->slot[i] = (uint32_t)set->count;
    }
    if (known) *known = set->slot[i];
    return set->slot[i] - 1;
}

static int by_value(const void *a, const void *b, void *values)
{
    double x = ((const double *)values)[*(const uint32_t *)a], y = ((const double *)values)[*(const uint32_t *)b];
    return (x > y) - (x < y);
}

void lb_factor_of_numbers(const lb_column *from, size_t rows, lb_arena *arena, lb_column *out)
{
    value_set set = {0};
    out->type = LB_TEXT;
    out->number = NULL;
    out->code = lb_arena_array(arena, rows + 1, sizeof *out->code);
    for (size_t r = 0; r < rows; r++) out->code[r] = isnan(from->number[r]) ? -1 : (int32_t)index_of(&set, from->number[r] + 0.0); /* −0 is 0 */
    uint32_t *order = lb_alloc(set.count + 1, sizeof *order), *place = lb_alloc(set.count + 1, sizeof *place);
    for (size_t k = 0; k < set.count; k++) order[k] = (uint32_t)k;
    qsort_r(order, set.count, sizeof *order, by_value, set.value);
    out->level = lb_arena_array(arena, set.count + 1, sizeof *out->level);
    out->level_count = set.count;
    for (size_t k = 0; k < set.count; k++) {
        char buffer[32];
        out->level[k] = lb_arena_text(arena, lb_number_text(set.value[order[k]], buffer));
        place[order[k]] = (uint32_t)k;
    }
    for (size_t r = 0; r < rows; r++)
        if (out->code[r] >= 0) out->code[r] = (int32_t)place[out->code[r]];
    free(order);
    free(place);
    free(set.value);
    free(set.slot);
}
