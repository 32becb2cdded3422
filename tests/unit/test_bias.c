/* Bias correction finds a known field: three tissues and noise under a smooth change of brightness. */
#include <math.h>

#include "lumbar_test.h"
#include "muscle/intensity/bias.h"

static void finds_known_field(void **state)
{
    (void)state;
    enum { NX = 64, NY = 56, NZ = 12 };
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    size_t size[3] = {NX, NY, NZ}, n = 0;
    lb_volume *image = lb_volume_new(arena, size, LB_F64);
    static double truth[NX * NY * NZ], field[NX * NY * NZ];
    double *value = image->voxels, mean_truth = 0, mean_found = 0, tt = 0, ff = 0, tf = 0, before = 0, after = 0;
    lb_random random;
    lb_random_init(&random, 7, 0);
    for (size_t i = 0; i < NX * NY * NZ; i++) {
        double x = (double)(i % NX) / NX, y = (double)(i / NX % NY) / NY, z = (double)(i / NX / NY) / NZ;
        truth[i] = 0.5 * (y - 0.5) + 0.25 * cos(3 * x) + 0.1 * x * z; /* of the logarithm: the far side is half as bright */
        double r = hypot(x - 0.5, y - 0.5), tissue = r > 0.48 ? 0 : ((int)(6 * x) + (int)(6 * y)) % 3 == 0 ? 900 : ((int)(6 * x) + (int)(6 * y)) % 3 == 1 ? 450 : 200;
        value[i] = tissue * exp(truth[i]) * (1 + 0.03 * lb_random_normal(&random));
    }
    lb_bias how = {.width = 0.15, .noise = 0.01, .levels = 3, .steps = 50, .converged = 1e-3, .shrink = 2};
    assert_int_equal(lb_bias_estimate(image, NULL, &how, field, &err), LB_OK);
    for (size_t i = 0; i < NX * NY * NZ; i++)
        if (value[i] > 0) mean_truth += truth[i], mean_found += log(field[i]), n++;
    mean_truth /= (double)n, mean_found /= (double)n;
    for (size_t i = 0; i < NX * NY * NZ; i++) {
        if (!(value[i] > 0)) continue;
        double t = truth[i] - mean_truth, f = log(field[i]) - mean_found;
        tt += t * t, ff += f * f, tf += t * f;
        before += t * t / (double)n;
        after += (t - f) * (t - f) / (double)n;
    }
    printf("  correlation %.4f; log field off by %.4f before, %.4f after; %d steps\n", tf / sqrt(tt * ff), sqrt(before), sqrt(after), how.steps_taken);
    assert_true(tf / sqrt(tt * ff) > 0.999);
    assert_true(sqrt(after) < 0.05 * sqrt(before));
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_known_field)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
