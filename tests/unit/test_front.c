/* Fronts from strokes against Bellman and Ford's relaxation until nothing changes, which needs no order of cells. */
#include "lumbar_test.h"

#include "muscle/segment/front.h"

enum { CELLS = 9 * 7 * 5 };

static double step_cost(const lb_front *f, size_t axis, size_t i, size_t j)
{
    double a = (double)f->resist[i], b = (double)f->resist[j];
    return f->side_mm[axis] * (1 + f->slow * (a > b ? a : b)) + f->jump_mm * fabs(a - b);
}

static void relax(const lb_front *f, int8_t label, double *cost)
{
    size_t step[3] = {1, f->size[0], f->size[0] * f->size[1]}, count = step[2] * f->size[2];
    for (size_t i = 0; i < count; i++) cost[i] = f->seed[i] == label ? 0 : INFINITY;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < count; i++) {
            for (size_t axis = 0; axis < 3; axis++) {
                if (i / step[axis] % f->size[axis] + 1 == f->size[axis]) continue;
                size_t pair[2] = {i, i + step[axis]};
                for (int back = 0; back < 2; back++) {
                    size_t from = pair[back], to = pair[!back];
                    double next = cost[from] + step_cost(f, axis, from, to);
                    if (f->seed[to] >= 0 || !(next < cost[to])) continue;
                    cost[to] = next;
                    changed = true;
                }
            }
        }
    }
}

static void test_against_relaxation(void **state)
{
    (void)state;
    lb_random random;
    lb_random_init(&random, 7, 1);
    for (int trial = 0; trial < 50; trial++) {
        float resist[CELLS], got[CELLS];
        int8_t seed[CELLS];
        double expected[CELLS];
        for (size_t i = 0; i < CELLS; i++) {
            resist[i] = (float)lb_random_uniform(&random);
            seed[i] = lb_random_uniform(&random) < .12 ? (int8_t)lb_random_below(&random, 3) : -1;
        }
        const lb_front front = {{9, 7, 5}, {.8, 1.1, 4}, resist, 6, 3, seed};
        lb_front_run(&front, 1, got);
        relax(&front, 1, expected);
        for (size_t i = 0; i < CELLS; i++) {
            if (isinf(expected[i])) assert_true(isinf(got[i]));
            else assert_close((double)got[i], expected[i], 1e-5); /* single precision along the way */
        }
    }
}

/* Walls of another label: what lies behind them is not reached. */
static void test_walls(void **state)
{
    (void)state;
    float resist[15] = {0}, cost[15];
    int8_t seed[15];
    memset(seed, -1, sizeof seed);
    seed[0] = 1;
    for (size_t y = 0; y < 3; y++) seed[2 + 5 * y] = 2;
    const lb_front front = {{5, 3, 1}, {1, 1, 1}, resist, 1, 1, seed};
    lb_front_run(&front, 1, cost);
    assert_true(cost[0] == 0 && cost[1] == 1 && cost[11] == 3);
    for (size_t y = 0; y < 3; y++) assert_true(isinf((double)cost[2 + 5 * y]) && isinf((double)cost[3 + 5 * y]) && isinf((double)cost[4 + 5 * y]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_relaxation), cmocka_unit_test(test_walls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
