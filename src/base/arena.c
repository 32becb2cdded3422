/* Arena: blocks that grow, freed together. Large requests get a block of their own, so that big arrays are not
 * copied and their pages come from the kernel already zeroed. */
#include <lumbar/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCK_SIZE = 64 * 1024, ALIGN = 64 };

typedef struct block {
    struct block *next;
    void *memory;
    size_t size;
} block;

struct lb_arena {
    block *blocks;   /* every block, newest first */
    char *free;      /* unused part of the current small block */
    size_t left;
    size_t bytes;
};

static void out_of_memory(size_t size)
{
    fprintf(stderr, "lumbar: error: out of memory (asked for %zu bytes)\n", size);
    abort();
}

void *lb_alloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (memory == NULL) out_of_memory(count * size);
    return memory;
}

void *lb_realloc(void *memory, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) out_of_memory(SIZE_MAX);
    memory = realloc(memory, bytes ? bytes : 1);
    if (memory == NULL) out_of_memory(bytes);
    return memory;
}

lb_arena *lb_arena_new(void) { return lb_alloc(1, sizeof(lb_arena)); }

void lb_arena_free(lb_arena *arena)
{
    if (arena == NULL) return;
    for (block *b = arena->blocks, *next; b != NULL; b = next) {
        next = b->next;
        free(b->memory);
        free(b);
    }
    free(arena);
}

void lb_large_pages(void *memory, size_t size)
{
    enum { FROM = 4 << 20, PAGE = 2 << 20 };
    uintptr_t first = ((uintptr_t)memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1), end = ((uintptr_t)memory + size) & ~(uintptr_t)(PAGE - 1);
    if (size >= FROM && first < end) (void)madvise((void *)first, end - first, MADV_HUGEPAGE); /* only a wish */
}

/* A zeroed block of its own, 64-byte aligned; NULL when memory is short. */
static void *new_block(lb_arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGN) return NULL;
    char *memory = calloc(1, size + ALIGN);
    if (memory == NULL) return NULL;
    lb_large_pages(memory, size + ALIGN);
    block *b = lb_alloc(1, sizeof *b);
    *b = (block){arena->blocks, memory, size};
    arena->blocks = b;
    arena->bytes += size;
    return memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
}

void *lb_arena_try(lb_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    if (bytes < BLOCK_SIZE / 4) return lb_arena_alloc(arena, bytes);
    return new_block(arena, bytes);
}

void *lb_arena_alloc(lb_arena *arena, size_t size)
{
    if (size >= BLOCK_SIZE / 4) {
        void *memory = new_block(arena, size);
        if (memory == NULL) out_of_memory(size);
        return memory;
    }
    size_t padded = (size + 15) & ~(size_t)15;
    if (padded == 0) padded = 16;
    if (padded > arena->left) {
        arena->free = new_block(arena, BLOCK_SIZE);
        if (arena->free == NULL) out_of_memory(BLOCK_SIZE);
        arena->left = BLOCK_SIZE;
    }
    void *memory = arena->free;
    arena->free += padded;
    arena->left -= padded;
    return memory;
}

void *lb_arena_array(lb_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) out_of_memory(SIZE_MAX);
    return lb_arena_alloc(arena, bytes);
}

void *lb_arena_grow(lb_arena *arena, void *list, size_t count, size_t *room, size_t first, size_t size)
{
    if (count < *room) return list;
    if (*room > SIZE_MAX / 2) out_of_memory(SIZE_MAX);
    *room = *room ? 2 * *room : first;
    char *more = lb_arena_array(arena, *room, size);
    if (count) memcpy(more, list, count * size);
    return more;
}

void lb_arena_adopt(lb_arena *arena, void *memory)
{
    if (memory == NULL) return;
    block *b = lb_alloc(1, sizeof *b);
    *b = (block){arena->blocks, memory, 0};
    arena->blocks = b;
}

char *lb_arena_textn(lb_arena *arena, const char *text, size_t length)
{
    char *copy = lb_arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *lb_arena_text(lb_arena *arena, const char *text)
{
    return text ? lb_arena_textn(arena, text, strlen(text)) : NULL;
}

char *lb_arena_printf(lb_arena *arena, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = lb_arena_alloc(arena, (size_t)(length < 0 ? 0 : length) + 1);
    vsnprintf(text, (size_t)(length < 0 ? 0 : length) + 1, fmt, again);
    va_end(again);
    return text;
}

size_t lb_arena_bytes(const lb_arena *arena) { return arena->bytes; }
