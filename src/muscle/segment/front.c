/* Geodesic time of arrival by Dijkstra's algorithm (1959) with an indexed heap: each cell is in the heap once, so that memory
 * is known beforehand, and equal costs leave in one order, so that the answer is. */
#include "muscle/segment/front.h"

#include <math.h>
#include <stdlib.h>

typedef struct heap {
    uint32_t *cell, *place; /* place: 1 + index in `cell`, 0: not there */
    size_t count;
    const float *cost;
} heap;

static bool before(const heap *h, uint32_t a, uint32_t b) { return h->cost[a] < h->cost[b] || (h->cost[a] == h->cost[b] && a < b); }

static void put(heap *h, size_t at, uint32_t cell)
{
    h->cell[at] = cell;
    h->place[cell] = (uint32_t)at + 1;
}

static void rise(heap *h, uint32_t cell)
{
    size_t at = h->place[cell] ? h->place[cell] - 1 : h->count++;
    for (; at && before(h, cell, h->cell[(at - 1) / 2]); at = (at - 1) / 2) put(h, at, h->cell[(at - 1) / 2]);
    put(h, at, cell);
}

static uint32_t take_first(heap *h)
{
    uint32_t first = h->cell[0], last = h->cell[--h->count];
    h->place[first] = 0;
    if (h->count == 0) return first;
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < h->count; at = child) {
        if (child + 1 < h->count && before(h, h->cell[child + 1], h->cell[child])) child++;
        if (!before(h, h->cell[child], last)) break;
        put(h, at, h->cell[child]);
    }
    put(h, at, last);
    return first;
}

void lb_front_run(const lb_front *f, int8_t label, float *cost)
{
    size_t step[3] = {1, f->size[0], f->size[0] * f->size[1]}, count = step[2] * f->size[2];
    heap h = {lb_alloc(count, sizeof(uint32_t)), lb_alloc(count, sizeof(uint32_t)), 0, cost};
    for (size_t i = 0; i < count; i++) {
        cost[i] = f->seed[i] == label ? 0 : INFINITY;
        if (f->seed[i] == label) rise(&h, (uint32_t)i);
    }
    while (h.count) {
        size_t i = take_first(&h);
        for (int way = 0; way < 6; way++) {
            int axis = way / 2;
            size_t at = i / step[axis] % f->size[axis];
            if (way % 2 ? at + 1 == f->size[axis] : at == 0) continue;
            size_t j = way % 2 ? i + step[axis] : i - step[axis];
            if (f->seed[j] >= 0) continue;
            double a = (double)f->resist[i], b = (double)f->resist[j];
            float next = cost[i] + (float)(f->side_mm[axis] * (1 + f->slow * fmax(a, b)) + f->jump_mm * fabs(a - b));
            if (next >= cost[j]) continue;
            cost[j] = next;
            rise(&h, (uint32_t)j);
        }
    }
    free(h.cell);
    free(h.place);
}
