/* The distinct texts of a column: a hash table with open addressing while reading, sorted levels afterwards. */
#include "data/csv.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a over eight bytes at a time, finished by a multiply-xorshift; only speed matters, the order does not show. */
static uint64_t hash_text(const char *text, size_t length)
{
    uint64_t h = 0xcbf29ce484222325u ^ length;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        h = (h ^ word) * 0x100000001b3u;
        h ^= h >> 29;
        text += 8;
        length -= 8;
    }
    for (; length; length--) h = (h ^ (unsigned char)*text++) * 0x100000001b3u;
    h ^= h >> 32;
    return h * 0x9E3779B97F4A7C15u >> 16;
}

static void rehash(lb_dictionary *d)
{
    d->slots = d->slots ? 2 * d->slots : 64;
    free(d->slot);
    d->slot = lb_alloc(d->slots, sizeof *d->slot);
    for (size_t code = 0; code < d->count; code++) {
        size_t i = hash_text(d->level[code], d->length[code]) & (d->slots - 1);
        while (d->slot[i]) i = (i + 1) & (d->slots - 1);
        d->slot[i] = (uint32_t)code + 1;
    }
}

int32_t lb_dictionary_code(lb_dictionary *d, const char *text, size_t length, size_t line)
{
    if (2 * (d->count + 1) > d->slots) rehash(d);
    size_t i = hash_text(text, length) & (d->slots - 1);
    for (; d->slot[i]; i = (i + 1) & (d->slots - 1)) {
        size_t code = d->slot[i] - 1;
        if (d->length[code] == length && memcmp(d->level[code], text, length) == 0) return (int32_t)code;
    }
    if (d->count >= INT32_MAX - 1 || length > UINT32_MAX) return -1;
    if (d->count == d->capacity) {
        d->capacity = d->capacity ? 2 * d->capacity : 16;
        d->level = lb_realloc(d->level, d->capacity, sizeof *d->level);
        d->length = lb_realloc(d->length, d->capacity, sizeof *d->length);
        d->line = lb_realloc(d->line, d->capacity, sizeof *d->line);
    }
    d->level[d->count] = lb_arena_textn(d->arena, text, length);
    d->length[d->count] = (uint32_t)length;
    d->line[d->count] = (uint32_t)line;
    d->slot[i] = (uint32_t)d->count + 1;
    return (int32_t)d->count++;
}

void lb_dictionary_free(lb_dictionary *d)
{
    free(d->level);
    free(d->length);
    free(d->line);
    free(d->slot);
    *d = (lb_dictionary){.arena = d->arena};
}

static int by_bytes(const void *a, const void *b, void *level)
{
    const char *const *texts = level;
    return strcmp(texts[*(const int32_t *)a], texts[*(const int32_t *)b]);
}

void lb_dictionary_sort(lb_dictionary *d, lb_column *column, size_t rows)
{
    int32_t *order = lb_alloc(d->count + 1, sizeof *order), *place = lb_alloc(d->count + 1, sizeof *place);
    for (size_t i = 0; i < d->count; i++) order[i] = (int32_t)i;
    qsort_r(order, d->count, sizeof *order, by_bytes, d->level);
    column->level = lb_arena_array(d->arena, d->count + 1, sizeof *column->level);
    column->level_count = d->count;
    for (size_t i = 0; i < d->count; i++) {
        column->level[i] = d->level[order[i]];
        place[order[i]] = (int32_t)i;
    }
    for (size_t r = 0; r < rows; r++)
        if (column->code[r] >= 0) column->code[r] = place[column->code[r]];
    free(order);
    free(place);
}
