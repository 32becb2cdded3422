/* The page of a scan: borders enclose exactly the voxels drawn. */
#include <string.h>

#include "lumbar_test.h"
#include "muscle/page/outline.h"

typedef struct sums {
    double area;
    size_t loops, corners;
} sums;

/* Shoelace: outer borders run clockwise with y downwards, which counts positive; holes negative. */
static void add_up(void *context, const double *p, size_t count)
{
    sums *s = context;
    for (size_t i = 0; i < count; i++) {
        size_t j = (i + 1) % count;
        s->area += (p[2 * i] * p[2 * j + 1] - p[2 * j] * p[2 * i + 1]) / 2;
        assert_true((p[2 * i] == p[2 * j]) != (p[2 * i + 1] == p[2 * j + 1])); /* along the pixels' edges */
    }
    s->loops++;
    s->corners += count;
}

static void borders_enclose_what_was_drawn(void **state)
{
    (void)state;
    enum { W = 9, H = 7 };
    uint8_t inside[W * H];
    uint32_t random = 1;
    for (int round = 0; round < 300; round++) {
        size_t drawn = 0;
        for (size_t i = 0; i < sizeof inside; i++) {
            random = random * 1664525U + 1013904223U;
            inside[i] = random >> 28 < (uint32_t)(round % 17);
            drawn += inside[i];
        }
        sums s = {0};
        lb_outline(inside, W, H, add_up, &s);
        assert_close(s.area, (double)drawn, 0);
        assert_int_equal(s.loops == 0, drawn == 0);
    }
    memset(inside, 0, sizeof inside);
    for (int y = 1; y < 6; y++)
        for (int x = 2; x < 7; x++) inside[y * W + x] = !(x == 4 && y == 3);
    sums ring = {0};
    lb_outline(inside, W, H, add_up, &ring);
    assert_int_equal(ring.loops, 2);
    assert_int_equal(ring.corners, 8);
    assert_close(ring.area, 24, 0);
    memset(inside, 0, sizeof inside);
    inside[0] = inside[W + 1] = 1; /* touch at a corner */
    sums two = {0};
    lb_outline(inside, W, H, add_up, &two);
    assert_int_equal(two.loops, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(borders_enclose_what_was_drawn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
