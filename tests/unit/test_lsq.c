/* Least squares: weights against R's lm, aliasing, and the long and wide paths against what they must give. */
#include <lumbar/stats.h>

#include "lumbar_test.h"

static void weights_as_in_r(void **state)
{
    (void)state;
    /* R 4.2.2: summary(lm(y ~ x, weights = w)), logLik, hatvalues, fitted; the third row has weight 0 */
    const double x[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8};
    const double y[8] = {2.1, 3.9, 6.2, 7.8, 10.1, 12.2, 13.8, 16.1}, w[8] = {1, 2, 0, 1, .5, 3, 1, 1};
    lb_arena *arena = lb_arena_new();
    lb_lsq f;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_lsq_fit(x, y, w, 8, 2, LB_LSQ_HAT, arena, &f, &err), 0);
    assert_close(f.coefficient[0], -0.065299684542591205, 1e-12);
    assert_close(f.coefficient[1], 2.019558359621451693, 1e-14);
    assert_close(f.sigma * sqrt(f.unscaled[3]), 0.029600261853507538, 1e-13);
    assert_close(f.loglik, 2.738430947272056, 1e-13);
    assert_close(f.sigma, 0.20941559060849602, 1e-13);
    assert_close(f.fitted[2], 5.993375394321764, 1e-14);
    assert_close(f.hat[1], 0.498422712933754064, 1e-13);
    assert_true(f.hat[2] == 0);
    assert_true(f.df_residual == 5);
    const double negative[8] = {1, -2, 0, 1, .5, 3, 1, 1};
    assert_int_equal(lb_lsq_fit(x, y, negative, 8, 2, 0, arena, &f, &err), LB_BAD_DATA);
    lb_arena_free(arena);
}

/* n rows: intercept, two normals, their sum, another normal. */
static void make(lb_random *random, size_t n, double *x, double *y)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = 1;
        x[i + n] = lb_random_normal(random);
        x[i + 2 * n] = 100 + lb_random_normal(random);
        x[i + 3 * n] = x[i + n] + x[i + 2 * n];
        x[i + 4 * n] = lb_random_normal(random);
        y[i] = 3 + x[i + n] - 2 * x[i + 4 * n] + lb_random_normal(random);
    }
}

static void aliased_column_is_found_in_both_paths(void **state)
{
    (void)state;
    const size_t sizes[] = {60, 200000};
    for (size_t s = 0; s < 2; s++) {
        size_t n = sizes[s];
        lb_arena *arena = lb_arena_new();
        double *x = lb_arena_array(arena, 5 * n, sizeof *x), *y = lb_arena_array(arena, n, sizeof *y);
        lb_random random;
        lb_random_init(&random, 7, s);
        make(&random, n, x, y);
        lb_lsq f;
        lb_error err = LB_ERROR_INIT;
        assert_int_equal(lb_lsq_fit(x, y, NULL, n, 5, 0, arena, &f, &err), 0);
        assert_int_equal(f.rank, 4);
        assert_true(f.aliased[3] && !f.aliased[2] && !f.aliased[4]);
        assert_true(isnan(f.coefficient[3]));
        assert_true(f.unscaled[3 + 5 * 3] == 0 && f.effects[3] == 0);
        assert_true(fabs(f.coefficient[4] + 2) < 0.5);
        /* sums of squares by column and the residual add up to the total */
        double total = 0, parts = f.rss;
        for (size_t i = 0; i < n; i++) total += y[i] * y[i];
        for (size_t j = 0; j < 5; j++) parts += f.effects[j] * f.effects[j];
        assert_close(parts, total, 1e-12);
        lb_arena_free(arena);
    }
}

static void repeating_the_rows_keeps_the_fit(void **state)
{
    (void)state;
    enum { N = 300, TIMES = 800, P = 4 };
    lb_arena *arena = lb_arena_new();
    double *x = lb_arena_array(arena, N * 5, sizeof *x), *y = lb_arena_array(arena, N, sizeof *y);
    double *many_x = lb_arena_array(arena, N * TIMES * P, sizeof *x), *many_y = lb_arena_array(arena, N * TIMES, sizeof *y);
    lb_random random;
    lb_random_init(&random, 11, 0);
    make(&random, N, x, y);
    memcpy(x + 3 * N, x + 4 * N, N * sizeof *x); /* drop the sum */
    for (size_t t = 0; t < TIMES; t++) {
        memcpy(many_y + t * N, y, N * sizeof *y);
        for (size_t j = 0; j < P; j++) memcpy(many_x + j * N * TIMES + t * N, x + j * N, N * sizeof *x);
    }
    lb_lsq few, many;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_lsq_fit(x, y, NULL, N, P, LB_LSQ_HAT, arena, &few, &err), 0);
    assert_int_equal(lb_lsq_fit(many_x, many_y, NULL, N * TIMES, P, LB_LSQ_HAT, arena, &many, &err), 0);
    for (size_t j = 0; j < P; j++) {
        assert_close(many.coefficient[j], few.coefficient[j], 1e-12);
        assert_close(many.effects[j] * many.effects[j], TIMES * few.effects[j] * few.effects[j], 1e-11);
        for (size_t k = 0; k < P; k++) assert_close(many.unscaled[j + k * P] * TIMES, few.unscaled[j + k * P], 1e-11);
    }
    assert_close(many.rss, TIMES * few.rss, 1e-13);
    assert_close(many.hat[5] * TIMES, few.hat[5], 1e-12);
    lb_arena_free(arena);
}

static void wide_problems_recover_their_coefficients(void **state)
{
    (void)state;
    enum { N = 1000, P = 120 };
    lb_arena *arena = lb_arena_new();
    double *x = lb_arena_array(arena, N * P, sizeof *x), *y = lb_arena_array(arena, N, sizeof *y);
    lb_random random;
    lb_random_init(&random, 3, 0);
    for (size_t i = 0; i < N * P; i++) x[i] = lb_random_normal(&random);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < P; j++) y[i] += x[i + j * N] * (double)(j + 1);
    }
    lb_lsq f;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_lsq_fit(x, y, NULL, N, P, 0, arena, &f, &err), 0);
    for (size_t j = 0; j < P; j++) assert_close(f.coefficient[j], (double)(j + 1), 1e-12);
    lb_arena_free(arena);
}

static void edges(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_lsq f;
    lb_error err = LB_ERROR_INIT;
    const double x[6] = {1, 1, 1, 2, 0, 0}, y[3] = {1, 2, 4}, bad[3] = {1, NAN, 2};
    assert_int_equal(lb_lsq_fit(x, y, NULL, 0, 2, 0, arena, &f, &err), LB_BAD_DATA);
    assert_int_equal(lb_lsq_fit(x, bad, NULL, 3, 1, 0, arena, &f, &err), LB_BAD_DATA);
    assert_int_equal(lb_lsq_fit(x, y, NULL, 3, 0, 0, arena, &f, &err), 0); /* no columns: the residual is the outcome */
    assert_true(f.rss == 21 && f.rank == 0);
    assert_int_equal(lb_lsq_fit(x, y, NULL, 2, 3, 0, arena, &f, &err), 0); /* more columns than rows */
    assert_int_equal(f.rank, 2);
    assert_true(f.df_residual == 0 && isnan(f.sigma));
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_as_in_r), cmocka_unit_test(aliased_column_is_found_in_both_paths),
        cmocka_unit_test(repeating_the_rows_keeps_the_fit), cmocka_unit_test(wide_problems_recover_their_coefficients),
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
