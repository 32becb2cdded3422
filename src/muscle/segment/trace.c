/* Level tracing in one slice, as 3D Slicer's effect of that name: flood from the voxel over values not below its own, then
 * fill what cannot reach the edge of the slice. */
#include "muscle/segment/trace.h"

#include <stdlib.h>

static void flood(uint8_t *state, const size_t size[2], size_t start, uint8_t from, uint8_t to, size_t *stack)
{
    size_t waiting = 0;
    if (state[start] != from) return;
    state[start] = to;
    stack[waiting++] = start;
    while (waiting > 0) {
        size_t p = stack[--waiting], x = p % size[0], y = p / size[0];
        size_t near[4] = {x > 0 ? p - 1 : p, x + 1 < size[0] ? p + 1 : p, y > 0 ? p - size[0] : p, y + 1 < size[1] ? p + size[0] : p};
        for (int n = 0; n < 4; n++) {
            if (state[near[n]] != from) continue;
            state[near[n]] = to;
            stack[waiting++] = near[n];
        }
    }
}

size_t lb_trace_level(const lb_volume *image, const lb_slices *s, const size_t at[3], bool darker, uint16_t label, uint16_t *numbers)
{
    enum { OUT, IN, TAKEN, REACHED };
    size_t pixels = s->size[0] * s->size[1], taken = 0;
    int x_axis = s->axis == 0 ? 1 : 0, y_axis = s->axis == 2 ? 1 : 2;
    size_t first = at[s->axis] * s->step[2], start = at[x_axis] + s->size[0] * at[y_axis];
    uint8_t *state = lb_alloc(pixels, 1);
    size_t *stack = lb_alloc(pixels, sizeof *stack);
    double level = lb_volume_at(image, first + at[x_axis] * s->step[0] + at[y_axis] * s->step[1]);
    for (size_t p = 0; p < pixels; p++) {
        double value = lb_volume_at(image, first + p % s->size[0] * s->step[0] + p / s->size[0] * s->step[1]);
        state[p] = (darker ? value <= level : value >= level) ? IN : OUT;
    }
    flood(state, s->size, start, IN, TAKEN, stack);
    for (size_t p = 0; p < pixels; p++)
        if (state[p] == IN) state[p] = OUT; /* as bright, but not joined */
    for (size_t p = 0; p < pixels; p++) {
        size_t x = p % s->size[0], y = p / s->size[0];
        if (x == 0 || y == 0 || x + 1 == s->size[0] || y + 1 == s->size[1]) flood(state, s->size, p, OUT, REACHED, stack);
    }
    for (size_t p = 0; p < pixels; p++) {
        if (state[p] == REACHED) continue;
        numbers[first + p % s->size[0] * s->step[0] + p / s->size[0] * s->step[1]] = label;
        taken++;
    }
    free(state);
    free(stack);
    return taken;
}
