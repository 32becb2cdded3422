/* Refits by sums of products against the general solver: the same statistics on rearranged studies, with and without an
 * intercept, under every test, with variances of very different size, at τ² = 0, and with a mean far from 0. */
#include "evidence/refit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { K = 31, MOST = 9 };

typedef struct setting {
    const char *name;
    size_t columns;
    bool intercept;
    double spread, mean, tau; /* of log variances; of effects */
    lb_pool_test test;
} setting;

static void simulate(const setting *s, lb_random *random, double *y, double *v, double *x)
{
    for (size_t i = 0; i < K; i++) {
        v[i] = .1 * exp(s->spread * lb_random_normal(random));
        y[i] = s->mean + s->tau * lb_random_normal(random) + .3 * lb_random_normal(random);
        for (size_t j = 0; j < s->columns; j++) x[j * K + i] = j == 0 && s->intercept ? 1 : lb_random_normal(random);
    }
}

static void compare(const setting *s)
{
    double y[K], v[K], x[K * MOST], statistic[MOST], qm;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_random random;
    lb_pool_model model;
    lb_pool pool;
    lb_pool_sums sums;
    lb_pool_options options = LB_POOL_OPTIONS_INIT;
    options.test = s->test;
    lb_random_init(&random, 11, s->columns);
    simulate(s, &random, y, v, x);
    assert_int_equal(lb_pool_model_init(&model, y, v, x, K, s->columns, arena, &err), 0);
    lb_pool_alloc(&pool, K, s->columns, arena);
    lb_refit *refit = lb_refit_new(&model, arena);
    assert_non_null(refit);
    size_t zero = 0;
    for (int arrangement = 0; arrangement < 300; arrangement++) {
        for (uint32_t i = K; i > 1; i--) { /* Fisher-Yates */
            uint32_t j = lb_random_below(&random, i);
            double kept = y[i - 1], also = v[i - 1];
            y[i - 1] = y[j];
            v[i - 1] = v[j];
            y[j] = kept;
            v[j] = also;
        }
        memcpy(lb_refit_y(refit), y, sizeof y);
        memcpy(lb_refit_v(refit), v, sizeof v);
        assert_true(lb_refit_reml(refit, s->test, statistic, &qm));
        lb_pool_model_reuse(&model, y, v, K);
        lb_pool_solve(&model, &options, &pool, &sums);
        zero += pool.tau2.tau2 == 0;
        for (size_t j = 0; j < s->columns; j++) {
            if (fabs(statistic[j] - pool.statistic[j]) > 2e-9 * (1 + fabs(pool.statistic[j])))
                fail_msg("%s: arrangement %d, coefficient %zu: %.12g, not %.12g", s->name, arrangement, j, statistic[j], pool.statistic[j]);
        }
        if (fabs(qm - pool.qm) > 2e-9 * (1 + pool.qm)) fail_msg("%s: arrangement %d: QM %.12g, not %.12g", s->name, arrangement, qm, pool.qm);
    }
    if (s->tau == 0) assert_true(zero > 20); /* the boundary was met */
    lb_arena_free(arena);
}

static void test_same_as_the_general_solver(void **state)
{
    static const setting settings[] = {
        {"two columns", 2, true, .5, -.4, .5, LB_TEST_Z},
        {"three columns", 3, true, .5, -.4, .5, LB_TEST_T},
        {"nine columns", 9, true, .5, -.4, .5, LB_TEST_KNHA},
        {"no intercept", 4, false, .5, -.4, .5, LB_TEST_Z},
        {"no intercept, one column", 1, false, .5, -.4, .5, LB_TEST_KNHA},
        {"ad hoc", 5, true, .5, 0, .2, LB_TEST_ADHOC},
        {"unlike variances", 4, true, 3, 0, .5, LB_TEST_Z},
        {"at the boundary", 4, true, .5, 0, 0, LB_TEST_KNHA},
        {"far from zero", 4, true, .5, 1e5, .5, LB_TEST_Z},
    };
    (void)state;
    for (size_t i = 0; i < LB_COUNT(settings); i++) compare(&settings[i]);
}

static void test_too_large_is_left_to_the_general_solver(void **state)
{
    (void)state;
    static double y[40], v[40], x[40 * 20];
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_random random;
    lb_pool_model model;
    lb_random_init(&random, 1, 1);
    for (size_t i = 0; i < 40; i++) {
        v[i] = 1;
        for (size_t j = 0; j < 20; j++) x[j * 40 + i] = lb_random_normal(&random);
    }
    assert_int_equal(lb_pool_model_init(&model, y, v, x, 40, 20, arena, &err), 0);
    assert_null(lb_refit_new(&model, arena));
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_the_general_solver),
        cmocka_unit_test(test_too_large_is_left_to_the_general_solver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
