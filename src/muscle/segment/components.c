/* Largest connected piece of each label by flooding with an explicit stack. Ties keep the piece met first. */
#include "muscle/segment/components.h"

#include <stdlib.h>

typedef struct flood {
    const uint16_t *numbers;
    const size_t *size;
    uint32_t *piece; /* 0: not met yet */
    size_t *stack, room;
    bool corners;
} flood;

static void push(flood *f, size_t *count, size_t at)
{
    if (*count == f->room) {
        f->room = f->room ? 2 * f->room : 4096;
        f->stack = lb_realloc(f->stack, f->room, sizeof *f->stack);
    }
    f->stack[(*count)++] = at;
}

static size_t spread(flood *f, size_t start, uint32_t number)
{
    size_t waiting = 0, met = 0, nx = f->size[0], ny = f->size[1], nz = f->size[2];
    f->piece[start] = number;
    push(f, &waiting, start);
    while (waiting > 0) {
        size_t at = f->stack[--waiting], x = at % nx, y = at / nx % ny, z = at / nx / ny;
        met++;
        for (int n = 0; n < 27; n++) {
            int dx = n % 3 - 1, dy = n / 3 % 3 - 1, dz = n / 9 - 1;
            if (n == 13 || (!f->corners && abs(dx) + abs(dy) + abs(dz) != 1)) continue;
            if ((dx < 0 && x == 0) || (dy < 0 && y == 0) || (dz < 0 && z == 0)) continue;
            if ((dx > 0 && x + 1 == nx) || (dy > 0 && y + 1 == ny) || (dz > 0 && z + 1 == nz)) continue;
            size_t other = (size_t)((int64_t)at + dx + (int64_t)nx * (dy + (int64_t)ny * dz));
            if (f->piece[other] || f->numbers[other] != f->numbers[start]) continue;
            f->piece[other] = number;
            push(f, &waiting, other);
        }
    }
    return met;
}

void lb_components_largest(uint16_t *numbers, const size_t size[3], const int64_t *label, size_t labels, bool corners,
                           size_t *pieces, size_t *dropped)
{
    size_t count = size[0] * size[1] * size[2];
    flood f = {.numbers = numbers, .size = size, .corners = corners, .piece = lb_alloc(count, sizeof(uint32_t))};
    uint32_t number = 0, *best = lb_alloc(labels, sizeof *best);
    size_t *most = lb_alloc(labels, sizeof *most), last = 0;
    for (size_t l = 0; l < labels; l++) pieces[l] = dropped[l] = 0;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == 0 || f.piece[i]) continue;
        while (label[last] != numbers[i]) last = (last + 1) % labels;
        size_t met = spread(&f, i, ++number);
        pieces[last]++;
        dropped[last] += met;
        if (met > most[last]) most[last] = met, best[last] = number;
    }
    for (size_t l = 0; l < labels; l++) dropped[l] -= most[l];
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == 0) continue;
        while (label[last] != numbers[i]) last = (last + 1) % labels;
        if (f.piece[i] != best[last]) numbers[i] = 0;
    }
    free(f.piece);
    free(f.stack);
    free(best);
    free(most);
}
