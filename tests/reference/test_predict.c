/* Logistic regression and ROC against ../shared/data/learn/ref/performance.json (R's glm, pROC, binom intervals) and the
 * AUCs published for sln_oof_predictions.csv. */
#include "predict_tables.h"

static void check_point(const lb_value *got, const lb_value *expected)
{
    assert_close(lb_get_number(got, "threshold", NAN), lb_get_number(expected, "threshold", NAN), 1e-12);
    assert_close(lb_get_number(got, "sensitivity", NAN), lb_get_number(expected, "sens", NAN), 1e-12);
    assert_close(lb_get_number(got, "specificity", NAN), lb_get_number(expected, "spec", NAN), 1e-12);
}

static void check_threshold(const lb_value *got, const lb_value *expected)
{
    static const char *const plain[][2] = {{"tp", "tp"}, {"fp", "fp"}, {"tn", "tn"}, {"fn", "fn"}, {"sensitivity", "sens"},
                                           {"specificity", "spec"}, {"ppv", "ppv"}, {"npv", "npv"}, {"f1", "f1"}, {"accuracy", "acc"},
                                           {"balanced_accuracy", "balanced_acc"}, {"mcc", "mcc"}, {"kappa", "kappa"}};
    static const char *const pairs[][3] = {{"sensitivity_exact_lower", "sensitivity_exact_upper", "sens_cp95"},
                                           {"specificity_exact_lower", "specificity_exact_upper", "spec_cp95"},
                                           {"ppv_exact_lower", "ppv_exact_upper", "ppv_cp95"},
                                           {"npv_exact_lower", "npv_exact_upper", "npv_cp95"},
                                           {"sensitivity_wilson_lower", "sensitivity_wilson_upper", "sens_wilson95"},
                                           {"specificity_wilson_lower", "specificity_wilson_upper", "spec_wilson95"}};
    for (size_t i = 0; i < LB_COUNT(plain); i++)
        assert_close(lb_get_number(got, plain[i][0], NAN), lb_get_number(expected, plain[i][1], NAN), 1e-12);
    for (size_t i = 0; i < LB_COUNT(pairs); i++) {
        const lb_value *limits = lb_get(expected, pairs[i][2]);
        assert_close(lb_get_number(got, pairs[i][0], NAN), lb_number_of(limits->item[0]), 1e-10);
        assert_close(lb_get_number(got, pairs[i][1], NAN), lb_number_of(limits->item[1]), 1e-10);
    }
}

static void check_roc(const lb_value *got, const lb_value *expected)
{
    assert_close(lb_get_number(got, "auc", NAN), lb_get_number(expected, "auc", NAN), 1e-13);
    assert_close(lb_get_number(got, "variance", NAN), lb_get_number(expected, "delong_var", NAN), 1e-11);
    assert_close(lb_get_number(got, "se", NAN), lb_get_number(expected, "delong_se", NAN), 1e-11);
    assert_close(number_at(got, "partial.auc"), number_at(expected, "pauc_spec_90_100"), 1e-12);
    assert_close(number_at(got, "partial.auc_corrected"), number_at(expected, "pauc_corrected"), 1e-12);
    assert_close(lb_get_number(got, "lower", NAN), number_at(expected, "ci95[0]"), 1e-11);
    assert_close(lb_get_number(got, "upper", NAN), number_at(expected, "ci95[1]"), 1e-11);
    check_point(lb_get(got, "youden"), lb_get(expected, "youden"));
    check_point(lb_get(got, "closest_topleft"), lb_get(expected, "closest_topleft"));
    check_threshold(lb_get(got, "at_threshold"), lb_get(expected, "at"));
}

static void check_pair(const lb_value *got, const lb_value *paired)
{
    assert_close(number_at(got, "comparison.statistic"), number_at(paired, "z"), 1e-10);
    assert_close(number_at(got, "comparison.p"), number_at(paired, "p"), 1e-10);
    assert_close(number_at(got, "comparison.covariance"), number_at(paired, "cov"), 1e-11);
    assert_close(number_at(got, "auc"), number_at(paired, "auc1"), 1e-13);
    assert_close(number_at(got, "comparison.auc"), number_at(paired, "auc2"), 1e-13);
}

static void roc_of_asah(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/performance.json", arena);
    if (!all) skip();
    static const char *const scores[] = {"s100b", "ndka", "wfns"};
    char path[2048], threshold[32];
    snprintf(path, sizeof path, "%s", shared_data("learn/datasets/asah.csv"));
    for (size_t i = 0; i < 3; i++) {
        const lb_value *expected = lb_get(lb_get(all, "asah"), scores[i]);
        lb_number_text(number_at(expected, "at.threshold"), threshold);
        op_run run = MUST_RUN("predict", "roc", "data", path, "outcome", "outcome", "score", scores[i], "event", "Poor", "threshold",
                              threshold, "compare", "ndka", "partial_auc", "0.9,1");
        check_roc(run.result->results, expected);
        char key[64];
        snprintf(key, sizeof key, "delong_%s_vs_ndka", scores[i]);
        const lb_value *paired = lb_get(lb_get(all, "asah"), key);
        if (i != 1) {
            assert_non_null(paired);
            check_pair(run.result->results, paired);
        } else {
            assert_true(isnan(lb_get_number(lb_get(run.result->results, "comparison"), "p", NAN))); /* against itself */
        }
        free_run(&run);
    }
    lb_arena_free(arena);
}

static void check_logistic(const lb_value *got, const lb_value *expected)
{
    lb_value *rows = lb_get(got, "coefficients"), *coef = lb_get(expected, "coef");
    assert_int_equal(rows->count, coef->count);
    for (size_t i = 0; i < rows->count; i++) {
        assert_close(lb_get_number(rows->item[i], "estimate", NAN), lb_number_of(coef->item[i]), 1e-10);
        /* glm's standard errors are those of its last but one step: good to 5e-9 here, and z² times that in p */
        assert_close(lb_get_number(rows->item[i], "se", NAN), lb_number_of(lb_get(expected, "se")->item[i]), 1e-8);
        assert_close(lb_get_number(rows->item[i], "statistic", NAN), lb_number_of(lb_get(expected, "z")->item[i]), 1e-8);
        assert_close(lb_get_number(rows->item[i], "p", NAN), lb_number_of(lb_get(expected, "p")->item[i]), 3e-7);
    }
    assert_close(lb_get_number(got, "deviance", NAN), lb_get_number(expected, "deviance", NAN), 1e-13);
    assert_close(lb_get_number(got, "null_deviance", NAN), lb_get_number(expected, "null_deviance", NAN), 1e-13);
    assert_close(lb_get_number(got, "aic", NAN), lb_get_number(expected, "aic", NAN), 1e-13);
    assert_close(lb_get_number(got, "loglik", NAN), lb_get_number(expected, "loglik", NAN), 1e-13);
}

/* Predicted probability of one row from the coefficients of a result; the features in the order of the coefficients. */
static double probability(const lb_value *results, const lb_table *table, size_t row)
{
    lb_value *rows = lb_get(results, "coefficients");
    double eta = lb_get_number(rows->item[0], "estimate", NAN);
    for (size_t j = 1; j < rows->count; j++)
        eta += lb_get_number(rows->item[j], "estimate", NAN) * lb_table_find(table, lb_get_text(rows->item[j], "term", ""))->number[row];
    return 1 / (1 + exp(-eta));
}

/* The first fitted values, and those of other people. */
static void check_fitted(const lb_value *results, const lb_table *train, const lb_value *head)
{
    assert_int_equal(head->count, 5);
    for (size_t i = 0; i < head->count; i++) assert_close(probability(results, train, i), lb_number_of(head->item[i]), 1e-9);
}

static void logistic_and_roc_of_pima(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/performance.json", arena);
    lb_table *table = shared_table("learn/datasets/pima.csv", arena);
    if (!all || !table) skip();
    const lb_value *pima = lb_get(all, "pima");
    lb_registry *registry = lb_registry_all();
    lb_table *train = rows_where(table, "set", "train", arena), *test = rows_where(table, "set", "test", arena);
    lb_result *one = run_on(registry, "logistic", train,
                            (const char *const[]){"outcome", "y", "features", "npreg,glu,bp,skin,bmi,ped,age", NULL});
    lb_result *two = run_on(registry, "logistic", train, (const char *const[]){"formula", "y ~ glu + bmi", NULL});
    check_logistic(one->results, lb_get(pima, "logistic"));
    check_logistic(two->results, lb_get(pima, "logistic2"));
    assert_string_equal(one->status, "ok");
    check_fitted(one->results, train, lb_path(pima, "logistic.fitted_head"));
    check_fitted(two->results, train, lb_path(pima, "logistic2.fitted_head"));
    char at[2][32];
    lb_number_text(number_at(pima, "roc.at.threshold"), at[0]);
    lb_number_text(number_at(pima, "roc2.at.threshold"), at[1]);
    lb_column *p1 = lb_table_add_number(test, "p1");
    for (size_t i = 0; i < test->rows; i++) {
        p1->number[i] = probability(one->results, test, i);
        assert_close(p1->number[i], lb_number_of(lb_get(pima, "test_pred_model1")->item[i]), 1e-9);
    }
    lb_column *p2 = lb_table_add_number(test, "p2");
    for (size_t i = 0; i < test->rows; i++) {
        p2->number[i] = probability(two->results, test, i);
        assert_close(p2->number[i], lb_number_of(lb_get(pima, "test_pred_model2")->item[i]), 1e-9);
    }
    p1 = lb_table_find(test, "p1"), p2 = lb_table_find(test, "p2");
    p1->missing = p2->missing = 0;
    lb_result *roc = run_on(registry, "roc", test, (const char *const[]){"outcome", "y", "score", "p1", "compare", "p2", "threshold", at[0], "partial_auc", "0.9,1", NULL});
    lb_result *roc2 = run_on(registry, "roc", test, (const char *const[]){"outcome", "y", "score", "p2", "threshold", at[1], "partial_auc", "1,0.9", NULL});
    check_roc(roc->results, lb_get(pima, "roc"));
    check_roc(roc2->results, lb_get(pima, "roc2"));
    check_pair(roc->results, lb_get(pima, "delong_pair"));
    lb_result_free(one), lb_result_free(two), lb_result_free(roc), lb_result_free(roc2);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* AUC of four published models to the three decimals they were published with. */
static void published_aucs(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_table *table = shared_table("learn/datasets/sln_oof_predictions.csv", arena);
    if (!table) skip();
    const lb_column *model = lb_table_find(table, "model");
    const char *const key[] = {"Random", "XGB", "Logistic", "S"};
    const double published[] = {0.649, 0.631, 0.522, 0.443};
    lb_registry *registry = lb_registry_all();
    assert_int_equal(model->level_count, 4);
    size_t met = 0;
    for (size_t k = 0; k < model->level_count; k++) {
        lb_result *roc = run_on(registry, "roc", rows_where(table, "model", model->level[k], arena),
                                (const char *const[]){"outcome", "y_true", "score", "y_prob", NULL});
        for (size_t i = 0; i < 4; i++) {
            if (strncmp(model->level[k], key[i], strlen(key[i])) != 0) continue;
            assert_true(fabs(number_at(roc->results, "auc") - published[i]) < 0.0005);
            met++;
        }
        lb_result_free(roc);
    }
    assert_int_equal(met, 4);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(roc_of_asah), cmocka_unit_test(logistic_and_roc_of_pima),
                                       cmocka_unit_test(published_aucs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
