/* The search for tau2 ends, at a point where the score is zero or at the boundary, for every kind of data: few and many
 * studies, tiny and huge variances, homogeneous and wild effects. */
#include "lumbar_test.h"

#include "evidence/pool.h"

static void simulate(double *y, double *v, size_t k, double scale, double spread, lb_random *random)
{
    for (size_t i = 0; i < k; i++) {
        v[i] = scale * exp(3 * lb_random_normal(random) * spread);
        y[i] = sqrt(v[i]) * lb_random_normal(random) + sqrt(scale) * spread * lb_random_normal(random);
    }
}

/* yᵀPPy − tr P over tr PP: the distance to the maximum in units of tau2. */
static double distance(lb_pool_model *model, double tau2, double *total)
{
    lb_pool_sums s;
    lb_pool_at(model, tau2, &s);
    *total = (double)model->k / s.trace_w;
    return (s.yppy - s.trace_p) / s.trace_pp;
}

static void test_reml_ends(void **state)
{
    (void)state;
    static const double scales[] = {1e-8, 1e-2, 1, 1e6};
    size_t boundary = 0, tried = 0;
    for (unsigned seed = 0; seed < 3000; seed++) {
        lb_random random;
        lb_random_init(&random, 77, seed);
        size_t k = 2 + lb_random_below(&random, seed % 50 == 0 ? 2000 : 30);
        lb_arena *arena = lb_arena_new();
        double *y = lb_arena_array(arena, k, sizeof *y), *v = lb_arena_array(arena, k, sizeof *v);
        simulate(y, v, k, scales[seed % 4], .1 + lb_random_uniform(&random), &random);
        lb_pool_model model;
        lb_error err = LB_ERROR_INIT;
        assert_int_equal(lb_pool_model_init(&model, y, v, NULL, k, 1, arena, &err), 0);
        static const lb_tau2_method methods[] = {LB_TAU2_REML, LB_TAU2_ML, LB_TAU2_PM, LB_TAU2_EB, LB_TAU2_PMM};
        for (size_t i = 0; i < LB_COUNT(methods); i++, tried++) {
            lb_tau2 tau2;
            lb_tau2_estimate(&model, methods[i], &tau2);
            if (!tau2.converged)
                fail_msg("seed %u, k %zu, %s: no convergence", seed, k, lb_tau2_method_name(methods[i]));
            assert_true(tau2.tau2 >= 0 && isfinite(tau2.tau2));
            if (tau2.tau2 == 0) boundary++;
            double total, off = distance(&model, tau2.tau2, &total);
            if (methods[i] == LB_TAU2_REML && tau2.tau2 > 0) assert_true(fabs(off) <= 1e-10 * total);
            if (methods[i] == LB_TAU2_REML && tau2.tau2 == 0 && !tau2.at_zero_better) assert_true(off <= 1e-9 * total);
        }
        lb_arena_free(arena);
    }
    assert_true(boundary > 100 && boundary < tried / 2);
}

/* All effects equal: no heterogeneity by any method. */
static void test_equal_effects(void **state)
{
    (void)state;
    const double y[] = {.3, .3, .3, .3}, v[] = {.1, .2, .05, .4};
    for (int method = LB_TAU2_FE; method <= LB_TAU2_SJIT; method++) {
        lb_arena *arena = lb_arena_new();
        lb_pool_model model;
        lb_tau2 tau2;
        lb_error err = LB_ERROR_INIT;
        assert_int_equal(lb_pool_model_init(&model, y, v, NULL, 4, 1, arena, &err), 0);
        lb_tau2_estimate(&model, (lb_tau2_method)method, &tau2);
        assert_true(tau2.converged);
        assert_true(tau2.tau2 < 1e-15);
        lb_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reml_ends), cmocka_unit_test(test_equal_effects)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
