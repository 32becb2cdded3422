/* Borders of a set of pixels, along the pixels' edges: what is drawn is what was measured, no smoother. Each pixel gives its
 * outer sides as steps with the pixel on the right hand; steps are then joined to loops. Where two pixels touch at a corner
 * only, the walk turns right and keeps them apart. */
#include "muscle/page/outline.h"

#include <stdlib.h>

enum { EAST, SOUTH, WEST, NORTH };

static bool at(const uint8_t *inside, size_t width, size_t height, size_t x, size_t y, int dx, int dy)
{
    int64_t i = (int64_t)x + dx, j = (int64_t)y + dy;
    return i >= 0 && j >= 0 && i < (int64_t)width && j < (int64_t)height && inside[(size_t)j * width + (size_t)i];
}

/* Steps that leave each corner, as bits; how many there are. */
static size_t find_steps(const uint8_t *inside, size_t width, size_t height, uint8_t *leaves)
{
    size_t steps = 0, row = width + 1;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            if (!inside[y * width + x]) continue;
            uint8_t *corner = leaves + y * row + x;
            if (!at(inside, width, height, x, y, 0, -1)) corner[0] |= 1U << EAST, steps++;
            if (!at(inside, width, height, x, y, 1, 0)) corner[1] |= 1U << SOUTH, steps++;
            if (!at(inside, width, height, x, y, 0, 1)) corner[row + 1] |= 1U << WEST, steps++;
            if (!at(inside, width, height, x, y, -1, 0)) corner[row] |= 1U << NORTH, steps++;
        }
    return steps;
}

static size_t walk(uint8_t *leaves, size_t row, size_t start, double *point)
{
    static const int turns[] = {1, 0, 3};
    const size_t step[] = {1, row, (size_t)-1, (size_t)0 - row}; /* unsigned: steps back wrap around */
    size_t here = start, count = 0;
    int way = EAST, before = -1;
    while (!(leaves[here] & (1U << way))) way++;
    for (;;) {
        if (way != before) {
            point[2 * count] = (double)(here % row);
            point[2 * count++ + 1] = (double)(here / row);
        }
        leaves[here] &= (uint8_t)~(1U << way);
        here += step[way];
        before = way;
        int next = -1;
        for (int t = 0; t < 3 && next < 0; t++)
            if (leaves[here] & (1U << ((way + turns[t]) % 4))) next = (way + turns[t]) % 4;
        if (next < 0) return count;
        way = next;
    }
}

void lb_outline(const uint8_t *inside, size_t width, size_t height, lb_outline_seen seen, void *context)
{
    size_t row = width + 1, corners = row * (height + 1);
    uint8_t *leaves = lb_alloc(corners, 1);
    size_t steps = find_steps(inside, width, height, leaves);
    double *point = lb_alloc(2 * steps + 2, sizeof *point);
    for (size_t i = 0; i < corners; i++)
        while (leaves[i]) seen(context, point, walk(leaves, row, i, point));
    free(point);
    free(leaves);
}
