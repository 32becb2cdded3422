/* Operations of the evidence room against the results files: trim and fill, fail-safe numbers, permutation, subsets,
 * three-level models with robust variances, a network, Wilson's macro, variance inflation. */
#include "meta_fixture.h"

static lb_result *run_effects(const fixture *f, const char *verb, const lb_value *file, const char *const *settings)
{
    return run(f, verb, NULL, effects_table(f, file), settings);
}

/* The restricted score in tau2 of an intercept-only model, from its definition, in extended precision. */
static long double reml_score(const double *y, const double *v, size_t k, long double tau2)
{
    long double s0 = 0, s1 = 0, sy = 0, quadratic = 0;
    for (size_t i = 0; i < k; i++) {
        long double w = 1 / (v[i] + tau2);
        s0 += w;
        s1 += w * w;
        sy += w * y[i];
    }
    for (size_t i = 0; i < k; i++) {
        long double w = 1 / (v[i] + tau2), r = y[i] - sy / s0;
        quadratic += w * w * r * r;
    }
    return (quadratic - (s0 - s1 / s0)) / 2;
}

/* The witness of trim and fill under REML: the reference stopped when tau2 moved by less than 1e-5, so here its root is
 * found a second way, by bisection on the studies and the filled ones. */
static void check_reml_root(const char *key, const lb_value *file, const lb_value *results, double reference)
{
    const lb_value *yi = lb_get(file, "yi"), *vi = lb_get(file, "vi"), *filled = lb_get(results, "filled");
    double y[400], v[400], got = lb_get_number(results, "tau2", NAN);
    size_t k = 0;
    for (size_t i = 0; i < yi->count && k < 200; i++, k++) {
        y[k] = lb_number_of(yi->item[i]);
        v[k] = lb_number_of(vi->item[i]);
    }
    for (size_t i = 0; filled && i < filled->count && k < 400; i++, k++) {
        y[k] = lb_get_number(filled->item[i], "yi", NAN);
        v[k] = lb_get_number(filled->item[i], "vi", NAN);
    }
    if (reml_score(y, v, k, 0) <= 0 && got == 0) return;
    long double low = .5L * got, high = 2 * got + 1e-12L;
    assert_true(reml_score(y, v, k, low) > 0 && reml_score(y, v, k, high) < 0);
    for (int i = 0; i < 200; i++) {
        long double middle = (low + high) / 2;
        *(reml_score(y, v, k, middle) > 0 ? &low : &high) = middle;
    }
    assert_close(got, (double)low, 1e-9);
    /* That the file is off, and not we: the score at its value is further from 0 unless it agrees to 1e-9. */
    bool agrees = fabs(reference - got) <= 1e-9 * got;
    if (!agrees && fabsl(reml_score(y, v, k, reference)) < fabsl(reml_score(y, v, k, got))) fail_msg("%s: the reference is nearer the root", key);
}

static void test_trimfill(void **state)
{
    const fixture *f = *state;
    static const char *const estimators[] = {"L0", "R0", "Q0"}, *const methods[] = {"FE", "DL", "REML"};
    static const char *const keys[][2] = {{"k0", "k0"},         {"k0_se", "se_k0"}, {"k0_p", "p_k0"},
                                          {"estimate", "beta"}, {"se", "se"},       {"lower", "ci_lb"},
                                          {"tau2", "tau2"},     {"I2", "I2"},       {"Q", "QE"}};
    size_t compared = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        const lb_value *bias = lb_get(expected_of(f, datasets[d]), "bias");
        for (size_t i = 0; i < 9; i++) {
            char key[32];
            snprintf(key, sizeof key, "trimfill_%s_%s", estimators[i / 3], methods[i % 3]);
            const lb_value *expected = lb_get(bias, key);
            if (!expected || expected->type != LB_OBJECT) continue;
            const char *const settings[] = {"estimator", estimators[i / 3], "method", methods[i % 3], NULL};
            lb_result *result = run_effects(f, "trimfill", expected_of(f, datasets[d]), settings);
            assert_string_equal(lb_get_text(result->results, "side", ""), lb_get_text(expected, "side", "?"));
            /* REML there stopped when tau2 moved by less than 1e-5: so far may its values be off. */
            bool loose = i % 3 == 2;
            for (size_t j = 0; j < LB_COUNT(keys); j++, compared++)
                compare(key, d, keys[j][0], lb_get(result->results, keys[j][0]), lb_get(expected, keys[j][1]),
                        loose ? 1e-4 : 1e-9, loose ? 200 * (j == 7) + .11 : 1e-2);
            if (loose) check_reml_root(key, expected_of(f, datasets[d]), result->results, lb_get_number(expected, "tau2", NAN));
            lb_result_free(result);
        }
    }
    assert_true(compared > 700);
}

static void test_failsafe(void **state)
{
    const fixture *f = *state;
    static const char *const types[][2] = {
        {"rosenthal", "fsn_Rosenthal"}, {"orwin", "fsn_Orwin"}, {"rosenberg", "fsn_Rosenberg"}};
    static const char *const keys[][2] = {{"n", "fsnum"}, {"p", "pval"}, {"estimate", "est"}, {"target", "target"}};
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]);
        for (size_t i = 0; i < LB_COUNT(types); i++) {
            const char *const settings[] = {"type", types[i][0], NULL};
            const lb_value *expected = lb_get(lb_get(file, "bias"), types[i][1]);
            assert_non_null(expected);
            lb_result *result = run_effects(f, "failsafe", file, settings);
            for (size_t j = 0; j < LB_COUNT(keys); j++)
                compare(types[i][1], d, keys[j][0], lb_get(result->results, keys[j][0]), lb_get(expected, keys[j][1]),
                        1e-10, 0);
            lb_result_free(result);
        }
    }
}

static void test_permutation(void **state)
{
    const fixture *f = *state;
    static const char *const tests[][3] = {{"z", "permutest_exact"}, {"knha", "permutest_exact_knha"}};
    lb_value *bcg = expected_of(f, "permutest_exact_bcg7"), *stroke = expected_of(f, "normand1999");
    lb_table *table = effects_table(f, bcg);
    lb_column *x = lb_table_add_number(table, "x");
    for (size_t i = 0; i < table->rows; i++) x->number[i] = lb_number_of(lb_get(bcg, "x")->item[i]);
    for (size_t i = 0; i < LB_COUNT(tests); i++) {
        const char *const settings[] = {"test", tests[i][0], "exact", "true", "mods", "~ x", NULL};
        lb_result *result = run(f, "permute", NULL, table, settings);
        const lb_value *expected = lb_get(bcg, tests[i][0]);
        for (size_t j = 0; j < 2; j++) {
            const lb_value *row = lb_get(result->results, "coefficients")->item[j];
            assert_close(lb_get_number(row, "p_permutation", NAN), lb_number_of(lb_get(expected, "pval")->item[j]),
                         1e-12);
            assert_close(lb_get_number(row, "statistic", NAN), lb_number_of(lb_get(expected, "stat")->item[j]), 1e-8);
        }
        assert_close(lb_get_number(result->results, "QM_p", NAN), lb_get_number(expected, "QM_pval", NAN), 1e-12);
        lb_result_free(result);
        const char *const signs[] = {"test", tests[i][0], "exact", "true", NULL};
        result = run_effects(f, "permute", stroke, signs);
        assert_close(lb_number_of(lb_path(result->results, "coefficients[0].p_permutation")),
                     lb_get_number(lb_get(stroke, tests[i][1]), "pval", NAN), 1e-12);
        lb_result_free(result);
    }
}

static void test_subsets(void **state)
{
    const fixture *f = *state;
    lb_value *file = expected_of(f, "normand1999");
    static const char *const methods[][2] = {{"FE", "gosh_all_FE"}, {"REML", "gosh_all_REML"}};
    for (size_t i = 0; i < LB_COUNT(methods); i++) {
        const char *const settings[] = {"method", methods[i][0], "members", "true", NULL};
        lb_result *result = run_effects(f, "gosh", file, settings);
        const lb_value *expected = lb_get(file, methods[i][1]), *rows = lb_get(result->results, "rows"),
                       *subsets = lb_get(expected, "sample_subsets");
        assert_int_equal(rows->count, lb_get_int(expected, "n_subsets", 0));
        assert_close(lb_get_number(result->results, "mean_estimate", NAN),
                     lb_get_number(expected, "mean_estimate", NAN), 1e-10);
        assert_close(lb_get_number(result->results, "sd_estimate", NAN), lb_get_number(expected, "sd_estimate", NAN),
                     1e-10);
        size_t found = 0;
        for (size_t s = 0; s < subsets->count; s++) {
            for (size_t r = 0; r < rows->count; r++) {
                if (strcmp(lb_get_text(rows->item[r], "members", ""), subsets->item[s]->text) != 0) continue;
                found++;
                compare("gosh", s, "estimate", lb_get(rows->item[r], "estimate"),
                        lb_get(expected, "sample_estimate")->item[s], 1e-8, 1e-3);
                compare("gosh", s, "I2", lb_get(rows->item[r], "I2"), lb_get(expected, "sample_I2")->item[s], 1e-8, 1);
            }
        }
        assert_int_equal(found, subsets->count);
        lb_result_free(result);
    }
}

static void test_multilevel(void **state)
{
    const fixture *f = *state;
    lb_value *file = expected_of(f, "konstantopoulos2011");
    lb_bytes csv = read_shared(f, "datasets", "konstantopoulos2011", "csv");
    static const struct {
        const char *key, *settings[9];
        size_t coefficients;
    } kinds[] = {{"three_level_REML", {NULL}, 1},
                 {"three_level_ML", {"method", "ML", NULL}, 1},
                 {"three_level_rho0.6", {"rho", "0.6", NULL}, 1},
                 {"with_mods", {"mods", "~ year", NULL}, 2},
                 {"robust_CR1", {"robust", "CR1", NULL}, 1},
                 {"robust_CR2", {"robust", "CR2", NULL}, 1},
                 {"rho0.6_CR2", {"rho", "0.6", "robust", "CR2", NULL}, 1},
                 {"with_mods_CR2", {"mods", "~ year", "robust", "CR2", NULL}, 2}};
    static const char *const keys[][2] = {{"estimate", "beta"}, {"se", "se"}, {"df", "df"}, {"p", "p"}};
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        const char *settings[12] = {"random", "district/school", "slab", "study"};
        for (size_t j = 0; j < 8 && kinds[i].settings[j]; j++) settings[4 + j] = kinds[i].settings[j];
        lb_result *result = run(f, "multilevel", &csv, NULL, settings);
        const lb_value *expected = lb_get(file, kinds[i].key);
        for (size_t c = 0; c < kinds[i].coefficients; c++) {
            const lb_value *row = lb_get(result->results, "coefficients")->item[c];
            for (size_t j = 0; j < LB_COUNT(keys); j++)
                compare(kinds[i].key, c, keys[j][0], lb_get(row, keys[j][0]), item(lb_get(expected, keys[j][1]), c),
                        2e-7, 0);
        }
        for (size_t c = 0; lb_get(expected, "sigma2") && c < 2; c++)
            compare(kinds[i].key, c, "sigma2", lb_get(result->results, "sigma2")->item[c],
                    item(lb_get(expected, "sigma2"), c), 2e-7, 0);
        compare(kinds[i].key, 0, "loglik", lb_get(result->results, "loglik"), lb_get(expected, "ll"), 1e-10, 0);
        compare(kinds[i].key, 0, "Q", lb_get(result->results, "Q"), lb_get(expected, "QE"), 1e-10, 0);
        if (i < 4 && kinds[i].coefficients > 1)
            compare(kinds[i].key, 0, "QM", lb_get(result->results, "QM"), lb_get(expected, "QM"), 2e-7, 0);
        lb_result_free(result);
    }
}

static size_t treatment_of(const lb_value *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->item[i]->text, name) == 0) return i;
    }
    fail_msg("no treatment %s", name);
    return 0;
}

/* A comparison "a:b" of the results file against the row for a and b, in either order. */
static void compare_split(const char *method, const lb_value *rows, const lb_value *split)
{
    static const char *const keys[][2] = {{"direct", "direct"},     {"direct_se", "direct_se"},
                                          {"indirect", "indirect"}, {"indirect_se", "indirect_se"},
                                          {"difference", "diff"},   {"p", "p"}};
    const lb_value *names = lb_get(split, "comparison");
    for (size_t i = 0; i < names->count; i++) {
        const lb_value *row = NULL;
        double sign = 1;
        for (size_t r = 0; r < rows->count && !row; r++) {
            char here[128], back[128];
            const char *a = lb_get_text(rows->item[r], "treat1", ""), *b = lb_get_text(rows->item[r], "treat2", "");
            snprintf(here, sizeof here, "%s:%s", a, b);
            snprintf(back, sizeof back, "%s:%s", b, a);
            if (strcmp(back, names->item[i]->text) == 0) sign = -1;
            if (sign < 0 || strcmp(here, names->item[i]->text) == 0) row = rows->item[r];
        }
        assert_non_null(row);
        for (size_t j = 0; j < LB_COUNT(keys); j++) {
            double expected = lb_number_of(lb_get(split, keys[j][1])->item[i]),
                   got = lb_get_number(row, keys[j][0], NAN);
            if (j % 2 == 0) got *= sign;
            if (isnan(expected))
                assert_true(isnan(got));
            else if (fabs(got - expected) > 1e-8 * fmax(1, fabs(expected)))
                fail_msg("%s %s %s: got %.17g, expected %.17g", method, names->item[i]->text, keys[j][0], got,
                         expected);
        }
    }
    assert_int_equal(names->count, 45);
}

static void test_network(void **state)
{
    const fixture *f = *state;
    lb_value *file = expected_of(f, "nma_senn2013");
    lb_bytes csv = read_shared(f, "datasets", "nma_senn2013", "csv");
    static const char *const methods[] = {"DL", "REML"};
    static const char *const keys[][2] = {{"tau2", "tau2"},
                                          {"Q", "Q"},
                                          {"Q_df", "df_Q"},
                                          {"Q_p", "p_Q"},
                                          {"Q_heterogeneity", "Q_het"},
                                          {"Q_inconsistency", "Q_inc"},
                                          {"Q_inconsistency_df", "df_inc"},
                                          {"Q_inconsistency_p", "p_inc"}};
    for (size_t m = 0; m < 2; m++) {
        const char *const settings[] = {"method", methods[m], "reference", "plac", NULL};
        lb_result *result = run(f, "network", &csv, NULL, settings);
        const lb_value *expected = lb_get(file, methods[m]), *names = lb_get(expected, "treatments"),
                       *league = lb_get(result->results, "league");
        /* tau2 of REML: an optimiser's there. */
        double tolerance = m ? 2e-6 : 1e-9;
        for (size_t j = 0; j < LB_COUNT(keys); j++)
            compare(methods[m], j, keys[j][0], lb_get(result->results, keys[j][0]), lb_get(expected, keys[j][1]),
                    tolerance, 0);
        assert_close(lb_get_number(result->results, "I2", NAN), 100 * lb_get_number(expected, "I2", NAN), 1e-10);
        for (size_t i = 0; m == 0 && i < league->count; i++) {
            const lb_value *row = league->item[i];
            size_t a = treatment_of(names, lb_get_text(row, "treat1", "")),
                   b = treatment_of(names, lb_get_text(row, "treat2", ""));
            compare("league", i, "estimate", lb_get(row, "estimate"), lb_get(expected, "TE_random")->item[a]->item[b],
                    1e-9, 1e-2);
            compare("league", i, "se", lb_get(row, "se"), lb_get(expected, "seTE_random")->item[a]->item[b], 1e-9, 0);
        }
        for (size_t i = 0; i < names->count; i++)
            compare("pscore", i, "pscore", lb_get(lb_get(result->results, "pscores")->item[i], "pscore"),
                    lb_get(expected, "pscore_random")->item[i], tolerance, 0);
        if (m == 0) compare_split(methods[m], lb_get(result->results, "split"), lb_get(expected, "netsplit"));
        lb_result_free(result);
    }
}

static size_t check_wilson(const fixture *f, lb_table *table, const char *formula, const lb_value *regression,
                           const char *where)
{
    static const char *const methods[][2] = {
        {"FE", "wilson_FE"}, {"DL", "wilson_MM"}, {"ML", "wilson_ML"}, {"REML", "wilson_REML"}};
    static const char *const keys[][2] = {
        {"mean_es", "mean_es"},      {"Q_model", "Q_model"}, {"Q_model_p", "p_model"},   {"Q_residual", "Q_resid"},
        {"Q_residual_p", "p_resid"}, {"Q_total", "Q_total"}, {"Q_total_df", "df_total"}, {"tau2", "v"},
        {"tau2_se", "se_v"}};
    static const char *const rows[][2] = {
        {"estimate", "B"}, {"se", "se"}, {"lower", "ci_lb_1.96"}, {"p", "p"}, {"beta", "beta"}};
    size_t compared = 0;
    for (size_t i = 0; i < LB_COUNT(methods); i++) {
        const lb_value *expected = lb_get(regression, methods[i][1]);
        if (!expected || expected->type != LB_OBJECT) continue;
        const char *const settings[] = {"method", methods[i][0], "mods", formula, "compat", "wilson2005", NULL};
        lb_result *result = run(f, "fit", NULL, table, settings);
        /* The macro stops iterating early: its ML is 1e-9 off, and a tau2 near 0 more. */
        for (size_t j = 0; j < LB_COUNT(keys); j++, compared++)
            compare(where, i, keys[j][0], lb_get(result->results, keys[j][0]), lb_get(expected, keys[j][1]), 1e-6,
                    1e-3);
        assert_close(lb_get_number(result->results, "R2", NAN), 100 * lb_get_number(expected, "r2", NAN), 1e-6);
        const lb_value *coefficients = lb_get(result->results, "coefficients");
        for (size_t c = 0; c < coefficients->count; c++) {
            for (size_t j = 0; j < LB_COUNT(rows); j++, compared++)
                compare(where, c, rows[j][0], lb_get(coefficients->item[c], rows[j][0]),
                        item(lb_get(expected, rows[j][1]), c), 1e-6, 1e-3);
        }
        lb_result_free(result);
    }
    return compared;
}

static void test_regressions(void **state)
{
    const fixture *f = *state;
    size_t compared = 0, inflations = 0;
    for (size_t d = 0; d < DATASETS; d++) {
        lb_value *file = expected_of(f, datasets[d]), *regressions = lb_get(file, "metareg");
        for (size_t r = 0; regressions && r < regressions->count; r++) {
            const lb_value *regression = regressions->item[r], *vif = lb_get(regression, "vif");
            char formula[256];
            lb_table *table = regression_table(f, file, regression, formula, sizeof formula);
            compared += check_wilson(f, table, formula, regression, datasets[d]);
            const char *const settings[] = {"mods", formula, NULL};
            lb_result *result = run(f, "fit", NULL, table, settings);
            const lb_value *coefficients = lb_get(result->results, "coefficients");
            for (size_t c = 1; vif && c < coefficients->count; c++, inflations++)
                compare(datasets[d], r, "vif", lb_get(coefficients->item[c], "vif"), item(vif, c - 1), 1e-7, 0);
            lb_result_free(result);
        }
    }
    assert_true(compared > 500);
    assert_true(inflations > 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_trimfill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failsafe, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_permutation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_subsets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_multilevel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_network, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_regressions, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
