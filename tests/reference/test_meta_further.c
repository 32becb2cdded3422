/* Predictions of studies' true effects, Henmi and Copas' interval, the test of excess significance, clusters without an
 * inner level and clusters aggregated, against the results files of metafor 5.1. */
#include "meta_fixture.h"

static void test_blups(void **state)
{
    const fixture *f = *state;
    static const char *const keys[][2] = {{"pred", "pred"}, {"se", "se"}, {"pi_lower", "pi_lb"}, {"pi_upper", "pi_ub"}};
    static const char *const settings[] = {"blup", "true", NULL};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        const lb_value *expected = lb_get(file, "blup");
        lb_result *result = run(f, "fit", NULL, effects_table(f, file), settings);
        const lb_value *rows = lb_get(result->results, "blups");
        assert_int_equal(rows->count, lb_get(expected, "pred")->count);
        for (size_t i = 0; i < rows->count; i++)
            for (size_t j = 0; j < LB_COUNT(keys); j++, compared++)
                compare(datasets[d], i, keys[j][0], lb_get(rows->item[i], keys[j][0]),
                        lb_get(expected, keys[j][1])->item[i], 1e-8, 1e-2);
        lb_result_free(result);
    }
    assert_int_equal(compared, 4 * 200);
}

/* The ends of the reference stop where metafor's uniroot does by default, within 1.2e-4 of the quantile; so beside it
 * stand those of metafor's equations solved by R 4.2 to 1e-14 (integrate with rel.tol = 1e-13). */
static void test_henmi_copas(void **state)
{
    const fixture *f = *state;
    static const double lower[DATASETS] = {0.05976077038751035, -1.155548761972064,  0.0830225946937973, -0.58805797871795,
                                           -0.3845926723235636, 0.0399753102002206,  -1.18573618600414,  0.3067809670511806,
                                           -0.0684381996151375, -0.2836664237746584},
                        upper[DATASETS] = {0.2714919480303245,  0.2949784346638818, 0.2884978125997757, -0.2639297772989992,
                                           -0.05221409923363307, 0.2103780173108073, 0.3645133471621767, 1.575849701597118,
                                           0.1891693322856539,  0.1581192369850891};
    static const char *const settings[] = {NULL};
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        const lb_value *expected = lb_get(file, "henmi_copas");
        lb_result *result = run(f, "bias", NULL, effects_table(f, file), settings);
        const lb_value *got = lb_get(result->results, "henmi_copas");
        compare(datasets[d], 0, "estimate", lb_get(got, "estimate"), lb_get(expected, "beta"), 1e-10, 0);
        compare(datasets[d], 0, "se", lb_get(got, "se"), lb_get(expected, "se"), 1e-10, 0);
        compare(datasets[d], 0, "tau2", lb_get(got, "tau2"), lb_get(expected, "tau2"), 1e-10, 1e-4);
        double half = lb_get_number(got, "upper", NAN) - lb_get_number(got, "estimate", NAN);
        compare(datasets[d], 0, "lower", lb_get(got, "lower"), lb_get(expected, "ci_lb"), 6e-5, half);
        compare(datasets[d], 0, "upper", lb_get(got, "upper"), lb_get(expected, "ci_ub"), 6e-5, half);
        assert_close(lb_get_number(got, "lower", NAN), lower[d], 1e-11);
        assert_close(lb_get_number(got, "upper", NAN), upper[d], 1e-11);
        lb_result_free(result);
    }
}

static void test_excess(void **state)
{
    const fixture *f = *state;
    static const char *const settings[] = {NULL},
                 *const keys[][2] = {{"O", "O"},         {"E", "E"}, {"OE_ratio", "OEratio"}, {"theta", "theta"},
                                     {"X2", "X2"},       {"p", "pval"}};
    size_t by_chi2 = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        const lb_value *expected = lb_path(file, "bias.tes"), *power = lb_get(expected, "pvals_power");
        lb_result *result = run(f, "bias", NULL, effects_table(f, file), settings);
        const lb_value *got = lb_get(result->results, "tes");
        for (size_t j = 0; j < LB_COUNT(keys); j++)
            compare(datasets[d], j, keys[j][0], lb_get(got, keys[j][0]), lb_get(expected, keys[j][1]), 1e-10, 0);
        for (size_t i = 0; i < power->count; i++)
            compare(datasets[d], i, "power", lb_get(got, "power")->item[i], power->item[i], 1e-10, 0);
        bool chi2 = lb_get(expected, "X2")->type != LB_NULL;
        assert_string_equal(lb_get_text(got, "test", ""), chi2 ? "chi2" : "exact");
        by_chi2 += chi2;
        lb_result_free(result);
    }
    assert_int_equal(by_chi2, 3);
}

static const lb_value *first(const lb_value *object, const char *key)
{
    const lb_value *value = lb_get(object, key);
    return value && value->type == LB_ARRAY ? value->item[0] : value;
}

static void test_outer_only(void **state)
{
    const fixture *f = *state;
    const lb_value *expected = lb_get(expected_of(f, "konstantopoulos2011"), "outer_only_REML");
    lb_bytes csv = read_shared(f, "datasets", "konstantopoulos2011", "csv");
    static const char *const settings[] = {"random", "district", "slab", "study", NULL},
                 *const keys[][2] = {{"estimate", "beta"}, {"se", "se"}, {"lower", "ci_lb"}, {"upper", "ci_ub"}};
    lb_result *result = run(f, "multilevel", &csv, NULL, settings);
    const lb_value *row = lb_get(result->results, "coefficients")->item[0];
    for (size_t j = 0; j < LB_COUNT(keys); j++)
        compare("outer only", 0, keys[j][0], lb_get(row, keys[j][0]), first(expected, keys[j][1]), 1e-5, 0);
    assert_int_equal(lb_get(result->results, "sigma2")->count, 1);
    compare("outer only", 0, "sigma2", first(result->results, "sigma2"), first(expected, "sigma2"), 1e-5, 0);
    /* Theirs stopped where an optimiser does (1e-5); ours must be no lower a maximum. */
    assert_true(lb_get_number(result->results, "loglik", NAN) >= lb_get_number(expected, "ll", NAN) - 1e-13);
    compare("outer only", 0, "loglik", lb_get(result->results, "loglik"), lb_get(expected, "ll"), 1e-10, 0);
    compare("outer only", 0, "Q", lb_get(result->results, "Q"), lb_get(expected, "QE"), 1e-10, 0);
    lb_result_free(result);
}

static void test_aggregated(void **state)
{
    const fixture *f = *state;
    const lb_value *expected = lb_get(expected_of(f, "konstantopoulos2011"), "aggregated_rho0.6"),
                   *fit = lb_get(expected, "fit");
    lb_bytes csv = read_shared(f, "datasets", "konstantopoulos2011", "csv");
    static const char *const settings[] = {"cluster", "district", "rho", "0.6", "slab", "study", NULL}, *const none[] = {NULL};
    static const char *const keys[][2] = {{"estimate", "beta"}, {"se", "se"},     {"statistic", "stat"}, {"p", "pval"},
                                          {"lower", "ci_lb"},   {"upper", "ci_ub"}, {"tau2", "tau2"},      {"tau2_se", "se_tau2"},
                                          {"I2", "I2"},         {"H2", "H2"},     {"Q", "QE"},           {"pi_lower", "pi_lb"},
                                          {"pi_upper", "pi_ub"}};
    lb_result *result = run(f, "aggregate", &csv, NULL, settings);
    const lb_value *rows = lb_get(result->results, "rows");
    assert_int_equal(rows->count, lb_get(expected, "yi")->count);
    lb_table *table = effects_table(f, expected);
    lb_column *yi = lb_table_find(table, "yi"), *vi = lb_table_find(table, "vi");
    for (size_t i = 0; i < rows->count; i++) {
        compare("aggregated", i, "yi", lb_get(rows->item[i], "yi"), lb_get(expected, "yi")->item[i], 1e-10, 1e-2);
        compare("aggregated", i, "vi", lb_get(rows->item[i], "vi"), lb_get(expected, "vi")->item[i], 1e-10, 0);
        yi->number[i] = lb_get_number(rows->item[i], "yi", NAN);
        vi->number[i] = lb_get_number(rows->item[i], "vi", NAN);
    }
    lb_result_free(result);
    result = run(f, "fit", NULL, table, none);
    for (size_t j = 0; j < LB_COUNT(keys); j++)
        compare("aggregated fit", j, keys[j][0], lb_get(result->results, keys[j][0]), first(fit, keys[j][1]), 1e-8, 0);
    lb_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_blups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_henmi_copas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_excess, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_outer_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_aggregated, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
