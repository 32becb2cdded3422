/* Against the results files: intervals of heterogeneity under each estimator, residuals and deletion diagnostics, Egger's
 * regressions on every predictor, the tests beside Mantel-Haenszel; and for meta-regressions fitted values, deletion
 * diagnostics, interval of tau2, likelihood ratio, Egger's test beside the moderators. */
#include "meta_fixture.h"

static const char *const none[] = {NULL};

static void test_heterogeneity(void **state)
{
    const fixture *f = *state;
    static const char *const parts[] = {"tau2", "tau", "I2", "H2"};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]), *intervals = lb_get(file, "confint");
        for (size_t m = 0; m < intervals->count; m++) {
            const char *const settings[] = {"method", intervals->key[m], NULL};
            lb_result *result = run(f, "fit", NULL, effects_table(f, file), settings);
            for (size_t j = 0; j < LB_COUNT(parts); j++) {
                const lb_value *expected = lb_get(intervals->item[m], parts[j]);
                const char *ends[] = {"", "_lower", "_upper"};
                for (size_t e = 0; e < 3; e++, compared++) {
                    char key[32];
                    snprintf(key, sizeof key, "%s%s", parts[j], ends[e]);
                    /* the ends of the file carry a root finder's rule */
                    if (j == 1 && lb_number_of(expected->item[e]) < 1e-5) assert_true(lb_get_number(result->results, key, NAN) < 1e-5); /* tau2 below 1e-10 means 0 */
                    else compare(datasets[d], m, key, lb_get(result->results, key), expected->item[e], e ? 1e-6 : 1e-8, j == 2 ? 1 : 1e-2);
                }
            }
            lb_result_free(result);
        }
    }
    assert_int_equal(compared, DATASETS * 4 * 12);
}

static size_t check_residuals(const char *where, const lb_result *result, const lb_value *expected)
{
    static const char *const keys[][2] = {{"resid", "resid"}, {"se", "se"}, {"rstandard", "z"}, {NULL, NULL}};
    static const char *const deleted[][2] = {{"resid_del", "resid"}, {"se_del", "se"}, {"rstudent", "z"}, {NULL, NULL}};
    static const char *const all[][2] = {{"rstudent", "rstudent"}, {"dffits", "dffits"}, {"cook", "cook_d"},     {"cov_r", "cov_r"}, {"tau2_del", "tau2_del"},
                                         {"Q_del", "QE_del"},      {"hat", "hat"},       {"weight", "weight"},   {NULL, NULL}};
    const lb_value *cut = lb_get(expected, "bonferroni_crit");
    if (cut) assert_close(lb_get_number(result->results, "outlier_cut", NAN), lb_number_of(cut), 1e-12);
    return compare_rows(where, result, lb_get(expected, "rstandard"), keys, 1e-8) + compare_rows(where, result, lb_get(expected, "rstudent_full"), deleted, 1e-8) +
           compare_rows(where, result, expected, all, 1e-7);
}

static void test_residuals(void **state)
{
    const fixture *f = *state;
    static const struct {
        const char *key, *settings[3];
    } kinds[] = {{"influence_REML", {NULL}}, {"influence_DL", {"method", "DL", NULL}}, {"influence_REML_knha", {"test", "knha", NULL}}};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        for (size_t i = 0; i < LB_COUNT(kinds); i++) {
            lb_result *result = run(f, "influence", NULL, effects_table(f, file), kinds[i].settings);
            compared += check_residuals(datasets[d], result, lb_get(file, kinds[i].key));
            lb_result_free(result);
        }
    }
    assert_true(compared > 7000);
}

static void test_leaveout_tests(void **state)
{
    const fixture *f = *state;
    static const char *const keys[][2] = {{"statistic", "stat"}, {"Q_p", "Qp"}, {"upper", "ci_ub"}, {NULL, NULL}};
    static const char *const sums[][2] = {{"Q", "Q"}, {"I2", "I2"}, {"upper", "ci_ub"}, {NULL, NULL}};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        lb_result *result = run(f, "leaveout", NULL, effects_table(f, file), none);
        compared += compare_rows(datasets[d], result, lb_get(file, "leave1out_REML"), keys, 1e-8);
        lb_result_free(result);
        for (int fixed = 0; fixed < 2; fixed++) {
            const char *const settings[] = {"order", "place", "method", fixed ? "FE" : "REML", NULL};
            const lb_value *expected = lb_get(file, fixed ? "cumul_FE" : "cumul_REML");
            if (!expected) continue;
            result = run(f, "cumulative", NULL, effects_table(f, file), settings);
            lb_value *first = lb_get(result->results, "rows")->item[0]; /* one study: nothing here, 0 there */
            lb_set_number(first, "Q", 0);
            lb_set_number(first, "I2", 0);
            compared += compare_rows(datasets[d], result, expected, sums, 1e-8);
            lb_result_free(result);
        }
    }
    assert_true(compared > 1000);
}

static size_t check_egger(const char *where, const lb_value *got, const lb_value *expected)
{
    static const char *const keys[][2] = {{"statistic", "stat"},      {"df", "df"},                {"p", "pval"},
                                          {"limit", "limit_est"},     {"limit_lower", "limit_ci_lb"}, {"limit_upper", "limit_ci_ub"}};
    if (!expected || expected->type != LB_OBJECT) return 0;
    for (size_t i = 0; i < LB_COUNT(keys); i++) compare(where, 0, keys[i][0], lb_get(got, keys[i][0]), lb_get(expected, keys[i][1]), 1e-8, 1e-3);
    compare(where, 1, "slope", lb_get(got, "slope"), item(lb_get(expected, "b"), 1), 1e-8, 0);
    compare(where, 1, "slope_se", lb_get(got, "slope_se"), item(lb_get(expected, "se"), 1), 1e-8, 0);
    return 1;
}

static void test_predictors(void **state)
{
    const fixture *f = *state;
    static const char *const predictors[] = {"sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]), *sizes = lb_get(file, "ni"), *bias = lb_get(file, "bias");
        for (size_t i = 0; i < LB_COUNT(predictors); i++) {
            char mixed[40], classical[40];
            snprintf(mixed, sizeof mixed, "regtest_rma_%s", predictors[i]);
            snprintf(classical, sizeof classical, "regtest_lm_%s", predictors[i]);
            if (!lb_get(bias, mixed)) continue;
            lb_table *table = effects_table(f, file);
            lb_column *ni = sizes && sizes->count == table->rows ? lb_table_add_number(table, "ni") : NULL;
            for (size_t r = 0; ni && r < table->rows; r++) ni->number[r] = lb_number_of(sizes->item[r]);
            const char *const settings[] = {"predictor", predictors[i], NULL};
            lb_result *result = run(f, "bias", NULL, table, settings);
            compared += check_egger(datasets[d], lb_get(result->results, "egger"), lb_get(bias, mixed));
            compared += check_egger(datasets[d], lb_get(result->results, "egger_lm"), lb_get(bias, classical));
            lb_result_free(result);
        }
        const char *const fixed[] = {"method", "FE", NULL};
        lb_result *result = run(f, "bias", NULL, effects_table(f, file), fixed);
        compare(datasets[d], 0, "fixed", lb_path(result->results, "egger.statistic"), lb_path(bias, "regtest_FE_sei.stat"), 1e-8, 0);
        compare(datasets[d], 0, "fixed p", lb_path(result->results, "egger.p"), lb_path(bias, "regtest_FE_sei.pval"), 1e-8, 0);
        lb_result_free(result);
    }
    assert_true(compared > 80);
}

static void test_odds(void **state)
{
    const fixture *f = *state;
    for (size_t i = 0; i < 2; i++) {
        const char *dataset = i ? "bcg" : "yusuf1985_table6";
        lb_bytes csv = read_shared(f, "datasets", dataset, "csv");
        const char *const settings[] = {"method", "MH", "measure", "OR", i ? "ai" : NULL, "tpos", "bi", "tneg", "ci", "cpos", "di", "cneg", NULL};
        lb_result *result = run(f, "fit", &csv, NULL, settings);
        const lb_value *expected = lb_path(expected_of(f, dataset), "mh.MH_OR");
        static const char *const keys[][2] = {{"cmh.statistic", "MH"}, {"cmh.p", "MHp"}, {"tarone.statistic", "TA"}, {"tarone.p", "TAp"}};
        for (size_t j = 0; j < LB_COUNT(keys); j++) {
            assert_non_null(lb_get(expected, keys[j][1]));
            compare(dataset, j, keys[j][0], lb_path(result->results, keys[j][0]), lb_get(expected, keys[j][1]), 1e-9, 0);
        }
        lb_result_free(result);
    }
}

/* ---- meta-regressions ---- */

static size_t check_fitted(const char *where, const lb_value *studies, const lb_value *expected)
{
    static const char *const keys[][2] = {{"fitted", "fit"}, {"se", "se"}, {"lower", "ci_lb"}, {"upper", "ci_ub"}, {"pi_lower", "pi_lb"}, {"pi_upper", "pi_ub"}};
    size_t compared = 0;
    for (size_t j = 0; j < LB_COUNT(keys); j++) {
        const lb_value *list = lb_get(expected, keys[j][1]);
        assert_int_equal(list->count, studies->count);
        for (size_t i = 0; i < list->count; i++, compared++) compare(where, i, keys[j][0], lb_get(studies->item[i], keys[j][0]), list->item[i], 1e-8, 1e-2);
    }
    return compared;
}

static void check_tau2(const char *where, const lb_value *results, const lb_value *expected)
{
    static const char *const parts[] = {"tau2", "tau", "I2", "H2"}, *const ends[] = {"", "_lower", "_upper"};
    for (size_t j = 0; expected && j < LB_COUNT(parts); j++)
        for (size_t e = 0; e < 3; e++) {
            char key[32];
            snprintf(key, sizeof key, "%s%s", parts[j], ends[e]);
            compare(where, j, key, lb_get(results, key), lb_get(expected, parts[j])->item[e], e ? 1e-6 : 1e-8, 1e-2);
        }
}

static size_t check_regression(const fixture *f, const char *where, const lb_value *file, const lb_value *regression)
{
    char formula[256];
    lb_table *table = regression_table(f, file, regression, formula, sizeof formula);
    const char *const settings[] = {"mods", formula, NULL};
    lb_result *result = run(f, "fit", NULL, table, settings);
    const lb_value *ratio = lb_get(regression, "LRT_ML_vs_intercept");
    size_t compared = check_fitted(where, lb_get(result->results, "studies"), lb_get(regression, "pred"));
    check_tau2(where, result->results, lb_get(regression, "confint_tau2"));
    if (ratio) {
        compare(where, 0, "lrt", lb_path(result->results, "lrt.statistic"), lb_get(ratio, "LRT"), 1e-8, 1e-3);
        compare(where, 0, "lrt df", lb_path(result->results, "lrt.df"), lb_get(ratio, "df"), 0, 0);
        compare(where, 0, "lrt p", lb_path(result->results, "lrt.p"), lb_get(ratio, "p"), 1e-7, 1e-3);
    }
    lb_result_free(result);
    result = run(f, "influence", NULL, table, settings);
    compared += check_residuals(where, result, lb_get(regression, "influence"));
    lb_result_free(result);
    result = run(f, "bias", NULL, table, settings);
    compare(where, 0, "egger", lb_path(result->results, "egger.statistic"), lb_path(regression, "regtest_rma_sei.stat"), 1e-8, 1e-3);
    compare(where, 0, "egger p", lb_path(result->results, "egger.p"), lb_path(regression, "regtest_rma_sei.pval"), 1e-8, 1e-3);
    lb_result_free(result);
    return compared;
}

static void test_regressions(void **state)
{
    const fixture *f = *state;
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]), *regressions = lb_get(file, "metareg");
        for (size_t r = 0; regressions && r < regressions->count; r++) {
            char where[200];
            snprintf(where, sizeof where, "%s %s", datasets[d], regressions->key[r]);
            if (lb_get(regressions->item[r], "pred")) compared += check_regression(f, where, file, regressions->item[r]);
        }
    }
    assert_true(compared > 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_heterogeneity, set_up, tear_down), cmocka_unit_test_setup_teardown(test_residuals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leaveout_tests, set_up, tear_down), cmocka_unit_test_setup_teardown(test_predictors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_odds, set_up, tear_down),          cmocka_unit_test_setup_teardown(test_regressions, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
