/* The operations of the evidence room, called as the faces call them, against the results files of metafor 5.1: effect
 * sizes of the raw tables, case-deletion diagnostics, leave-one-out, cumulative, small-study effects, subgroups. */
#include "meta_fixture.h"

static void test_influence(void **state)
{
    const fixture *f = *state;
    static const char *const keys[][2] = {{"rstudent", "rstudent"},
                                          {"cook", "cook_d"},
                                          {"dffits", "dffits"},
                                          {"hat", "hat"},
                                          {"cov_r", "cov_r"},
                                          {"tau2_del", "tau2_del"},
                                          {"Q_del", "QE_del"},
                                          {"weight", "weight"},
                                          {"dfbetas", "dfbs"},
                                          {"outlier", "outlier"},
                                          {"influential", "cook_flag"},
                                          {"flagged", "infl"},
                                          {NULL, NULL}};
    static const struct {
        const char *key;
        const char *settings[5];
    } kinds[] = {{"influence_REML", {NULL}},
                 {"influence_DL", {"method", "DL", NULL}},
                 {"influence_REML_knha", {"test", "knha", NULL}}};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        for (size_t i = 0; i < LB_COUNT(kinds); i++) {
            lb_result *result = run(f, "influence", NULL, effects_table(f, file), kinds[i].settings);
            compared += compare_rows(datasets[d], result, lb_get(file, kinds[i].key), keys, 1e-8);
            const lb_value *cut = lb_get(lb_get(file, kinds[i].key), "cook_cut");
            if (cut) assert_close(lb_get_number(result->results, "cook_cut", NAN), lb_number_of(cut), 1e-8);
            lb_result_free(result);
        }
    }
    assert_true(compared > 5000);
}

static void test_leave_one_out(void **state)
{
    const fixture *f = *state;
    static const char *const keys[][2] = {{"estimate", "estimate"},
                                          {"se", "se"},
                                          {"p", "pval"},
                                          {"lower", "ci_lb"},
                                          {"upper", "ci_ub"},
                                          {"Q", "Q"},
                                          {"Q_p", "Qp"},
                                          {"tau2", "tau2"},
                                          {"I2", "I2"},
                                          {"H2", "H2"},
                                          {NULL, NULL}};
    static const char *const methods[] = {"REML", "DL", "FE"};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        for (size_t i = 0; i < LB_COUNT(methods); i++) {
            char key[32];
            snprintf(key, sizeof key, "leave1out_%s", methods[i]);
            const char *const settings[] = {"method", methods[i], NULL};
            lb_result *result = run(f, "leaveout", NULL, effects_table(f, file), settings);
            compared += compare_rows(datasets[d], result, lb_get(file, key), keys, 1e-8);
            lb_result_free(result);
        }
    }
    assert_true(compared > 4000);
}

static void test_cumulative(void **state)
{
    const fixture *f = *state;
    static const char *const keys[][2] = {
        {"estimate", "estimate"}, {"se", "se"}, {"lower", "ci_lb"}, {"tau2", "tau2"}, {NULL, NULL}};
    const char *const settings[] = {"order", "place", NULL};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        if (!lb_get(file, "cumul_REML")) continue;
        lb_result *result = run(f, "cumulative", NULL, effects_table(f, file), settings);
        /* One study: no tau2 here, 0 there. */
        lb_set_number(lb_get(result->results, "rows")->item[0], "tau2", 0);
        compared += compare_rows(datasets[d], result, lb_get(file, "cumul_REML"), keys, 1e-8);
        lb_result_free(result);
    }
    assert_true(compared > 500);
}

static void compare_egger(const char *name, const lb_value *got, const lb_value *expected)
{
    if (!expected || expected->type != LB_OBJECT) return;
    static const char *const keys[][2] = {{"statistic", "stat"},
                                          {"p", "pval"},
                                          {"limit", "limit_est"},
                                          {"limit_lower", "limit_ci_lb"},
                                          {"limit_upper", "limit_ci_ub"}};
    for (size_t i = 0; i < LB_COUNT(keys); i++)
        compare(name, 0, keys[i][0], lb_get(got, keys[i][0]), lb_get(expected, keys[i][1]), 1e-8, 1e-3);
}

static void test_bias(void **state)
{
    const fixture *f = *state;
    const char *const settings[] = {NULL};
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        lb_result *result = run(f, "bias", NULL, effects_table(f, file), settings);
        const lb_value *got = result->results, *bias = lb_get(file, "bias");
        compare_egger(datasets[d], lb_get(got, "egger"), lb_get(bias, "regtest_rma_sei"));
        compare_egger(datasets[d], lb_get(got, "egger_lm"), lb_get(bias, "regtest_lm_sei"));
        compare(datasets[d], 0, "tau", lb_path(got, "rank.tau"), lb_path(bias, "ranktest.tau"), 1e-12, 1e-3);
        compare(datasets[d], 0, "rank p", lb_path(got, "rank.p"), lb_path(bias, "ranktest.pval"), 1e-10, 0);
        compare(datasets[d], 0, "pet", lb_path(got, "pet.estimate"), lb_path(bias, "PET.b[0]"), 1e-10, 1e-3);
        compare(datasets[d], 0, "peese", lb_path(got, "peese.p"), lb_path(bias, "PEESE.p[0]"), 1e-9, 0);
        lb_result_free(result);
    }
}

static size_t compare_effects(const fixture *f, const char *dataset, const char *key, const char *const *settings)
{
    char where[128];
    snprintf(where, sizeof where, "%s %s", dataset, key);
    lb_bytes csv = read_shared(f, "datasets", dataset, "csv");
    lb_value *file = expected_of(f, dataset);
    lb_result *result = run(f, "effect", &csv, NULL, settings);
    static const char *const keys[][2] = {{"yi", "yi"}, {"vi", "vi"}, {NULL, NULL}};
    size_t compared = compare_rows(where, result, lb_get(lb_get(file, "escalc"), key), keys, 1e-10);
    lb_result_free(result);
    return compared;
}

static void test_effects(void **state)
{
    const fixture *f = *state;
    static const char *const counts[] = {"OR", "RR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "OR2DL", "OR2DN", "PBIT"};
    static const char *const shares[] = {"PR", "PLN", "PLO", "PAS", "PFT"}, *const correlations[] = {"COR", "ZCOR"};
    static const char *const means[][5] = {{"MD", "MD"},
                                           {"SMD", "SMD"},
                                           {"SMDH", "SMDH"},
                                           {"SMD1", "SMD1"},
                                           {"SMD1H", "SMD1H"},
                                           {"ROM", "ROM"},
                                           {"CVR", "CVR"},
                                           {"VR", "VR"},
                                           {"RPB", "RPB"},
                                           {"RBIS", "RBIS"},
                                           {"D2ORL", "D2ORL"},
                                           {"D2ORN", "D2ORN"},
                                           {"SMD_vtypeLS2", "SMD", "vtype", "LS2"},
                                           {"SMD_vtypeUB", "SMD", "vtype", "UB"},
                                           {"SMD_vtypeAV", "SMD", "vtype", "AV"},
                                           {"SMD_vtypeH0", "SMD", "vtype", "H0"},
                                           {"SMD_uncorrected_d", "SMD", "uncorrected", "true"},
                                           {"MD_vtypeHO", "MD", "vtype", "HO"}};
    static const char *const additions[][4] = {{"OR_add0.5_all", "OR", "to", "all"}, {"RR_drop00", "RR", "drop00", "true"}};
    size_t compared = 0;
    for (size_t i = 0; i < LB_COUNT(means); i++) {
        const char *const settings[] = {"measure", means[i][1], means[i][2], means[i][3], NULL};
        compared += compare_effects(f, "normand1999", means[i][0], settings);
    }
    for (size_t i = 0; i < LB_COUNT(counts) + LB_COUNT(additions); i++) {
        bool plain = i < LB_COUNT(counts);
        const char *const *addition = plain ? NULL : additions[i - LB_COUNT(counts)];
        const char *key = plain ? counts[i] : addition[0], *measure = plain ? key : addition[1];
        const char *const yusuf[] = {"measure", measure, plain ? NULL : addition[2], plain ? NULL : addition[3], NULL};
        const char *const bcg[] = {"measure", measure, "ai", "tpos", "bi", "tneg", "ci", "cpos", "di", "cneg", plain ? NULL : addition[2], plain ? NULL : addition[3], NULL};
        compared += compare_effects(f, "bcg", key, bcg) + compare_effects(f, "yusuf1985_table6", key, yusuf);
    }
    for (size_t i = 0; i < LB_COUNT(shares); i++) {
        const char *const settings[] = {"measure", shares[i], NULL};
        compared += compare_effects(f, "pritz1997", shares[i], settings);
    }
    for (size_t i = 0; i < LB_COUNT(correlations); i++) {
        const char *const settings[] = {"measure", correlations[i], NULL};
        compared += compare_effects(f, "molloy2014", correlations[i], settings);
    }
    assert_int_equal(compared, 2 * (18 * 9 + 13 * (13 + 22) + 5 * 14 + 2 * 16));
}

static void test_tables(void **state)
{
    const fixture *f = *state;
    static const struct {
        const char *method, *measure, *key;
    } kinds[] = {{"MH", "OR", "MH_OR"}, {"MH", "RR", "MH_RR"}, {"MH", "RD", "MH_RD"}, {"PETO", "OR", "PETO"}};
    static const char *const keys[][2] = {{"k", "k"},     {"estimate", "beta"}, {"se", "se"},       {"statistic", "z"},
                                          {"p", "p"},     {"lower", "ci_lb"},   {"upper", "ci_ub"}, {"Q", "QE"},
                                          {"Q_p", "QEp"}, {"I2", "I2"}};
    for (size_t i = 0; i < 2 * LB_COUNT(kinds); i++) {
        const char *dataset = i % 2 ? "bcg" : "yusuf1985_table6";
        lb_bytes csv = read_shared(f, "datasets", dataset, "csv");
        /* The BCG table has its own names of the four cells. */
        const char *settings[] = {"method",
                                  kinds[i / 2].method,
                                  "measure",
                                  kinds[i / 2].measure,
                                  i % 2 ? "ai" : NULL,
                                  "tpos",
                                  "bi",
                                  "tneg",
                                  "ci",
                                  "cpos",
                                  "di",
                                  "cneg",
                                  NULL};
        lb_result *result = run(f, "fit", &csv, NULL, settings);
        const lb_value *expected = lb_get(lb_get(expected_of(f, dataset), "mh"), kinds[i / 2].key);
        assert_non_null(expected);
        for (size_t j = 0; j < LB_COUNT(keys); j++)
            compare(kinds[i / 2].key, i, keys[j][0], lb_get(result->results, keys[j][0]), lb_get(expected, keys[j][1]),
                    1e-10, 0);
        lb_result_free(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_effects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_influence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leave_one_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cumulative, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bias, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tables, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
