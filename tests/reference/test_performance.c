/* Calibration, decision curves, intraclass correlations and sample sizes against ../shared/data/learn/ref (R's glm, loess,
 * psych and pmsampsize). */
#include "predict_tables.h"

/* Test rows of pima with the published predictions of one model as a column `p`. */
static lb_table *predictions(const lb_table *pima, const lb_value *p, lb_arena *arena)
{
    lb_table *test = rows_where(pima, "set", "test", arena);
    assert_int_equal(test->rows, p->count);
    lb_column *column = lb_table_add_number(test, "p");
    for (size_t i = 0; i < p->count; i++) column->number[i] = lb_number_of(p->item[i]);
    return test;
}

static void check_calibration(const lb_value *got, const lb_value *expected)
{
    static const char *const same[][2] = {
        {"brier", "brier"}, {"brier_scaled", "brier_scaled"}, {"log_loss", "logloss"}, {"oe_ratio", "oe_ratio"},
        {"intercept", "cal_intercept"}, {"slope", "cal_slope"}, {"in_the_large", "cal_in_the_large"},
        {"hosmer_lemeshow.statistic", "hosmer_lemeshow.chisq"}, {"hosmer_lemeshow.p", "hosmer_lemeshow.p_dev"},
        {"ici", "loess_direct.ici"}, {"e50", "loess_direct.e50"}, {"e90", "loess_direct.e90"}, {"emax", "loess_direct.emax"}};
    for (size_t i = 0; i < LB_COUNT(same); i++) assert_close(number_at(got, same[i][0]), number_at(expected, same[i][1]), 1e-10);
    assert_close(number_at(got, "slope_se"), number_at(expected, "cal_slope_se"), 1e-7); /* glm's: of its last but one step */
    assert_close(number_at(got, "in_the_large_se"), number_at(expected, "cal_itl_se"), 1e-7);
    const lb_value *groups = lb_get(got, "deciles"), *wanted = lb_get(expected, "deciles");
    assert_int_equal(groups->count, wanted->count);
    for (size_t i = 0; i < groups->count; i++) {
        assert_int_equal(lb_get_int(groups->item[i], "n", -1), lb_get_int(wanted->item[i], "n", -2));
        assert_int_equal(lb_get_int(groups->item[i], "events", -1), lb_get_int(wanted->item[i], "events", -2));
        assert_close(number_at(groups->item[i], "mean_predicted"), number_at(wanted->item[i], "mean_pred"), 1e-12);
    }
}

static void calibration_of_pima(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/performance.json", arena);
    lb_table *table = shared_table("learn/datasets/pima.csv", arena);
    if (!all || !table) skip();
    lb_registry *registry = lb_registry_all();
    static const char *const key[][2] = {{"pima.test_pred_model1", "pima.calibration"}, {"pima.test_pred_model2", "pima.calibration2"}};
    for (size_t i = 0; i < 2; i++) {
        lb_table *test = predictions(table, lb_path(all, key[i][0]), arena);
        lb_result *run = run_on(registry, "calibration", test, (const char *const[]){"outcome", "y", "score", "p", NULL});
        check_calibration(run->results, lb_path(all, key[i][1]));
        assert_string_equal(run->status, "ok");
        lb_result_free(run);
    }
    lb_registry_free(registry);
    lb_arena_free(arena);
}

static void decision_of_pima(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/performance.json", arena);
    lb_table *table = shared_table("learn/datasets/pima.csv", arena);
    if (!all || !table) skip();
    lb_registry *registry = lb_registry_all();
    lb_table *test = predictions(table, lb_path(all, "pima.test_pred_model1"), arena);
    const lb_value *wanted = lb_path(all, "pima.dca");
    lb_buf text = {0};
    for (size_t i = 0; i < wanted->count; i++) lb_buf_printf(&text, "%s%.17g", i ? "," : "", number_at(wanted->item[i], "threshold"));
    lb_result *run = run_on(registry, "decision", test, (const char *const[]){"outcome", "y", "score", "p", "thresholds", text.data, NULL});
    const lb_value *rows = lb_get(run->results, "rows");
    assert_int_equal(rows->count, wanted->count);
    for (size_t i = 0; i < rows->count; i++) {
        assert_close(number_at(rows->item[i], "net_benefit"), number_at(wanted->item[i], "nb_model"), 1e-12);
        assert_close(number_at(rows->item[i], "net_benefit_all"), number_at(wanted->item[i], "nb_all"), 1e-12);
        assert_close(number_at(rows->item[i], "interventions_avoided_per_100"), number_at(wanted->item[i], "interventions_avoided_per_100"), 1e-11);
    }
    lb_buf_free(&text);
    lb_result_free(run);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

static void check_icc(lb_registry *registry, const lb_value *expected, lb_arena *arena)
{
    static const char *const type[] = {"ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"};
    const lb_value *data = lb_get(expected, "data");
    size_t k = data->item[0]->count;
    lb_table *table = lb_table_new(arena, "ratings", data->count);
    lb_buf names = {0};
    for (size_t j = 0; j < k; j++) {
        char *name = lb_arena_printf(arena, "r%zu", j);
        lb_column *column = lb_table_add_number(table, name);
        for (size_t i = 0; i < data->count; i++) column->number[i] = lb_number_of(data->item[i]->item[j]);
        lb_buf_printf(&names, "%s%s", j ? "," : "", name);
    }
    lb_result *run = run_on(registry, "agreement", table, (const char *const[]){"ratings", names.data, NULL});
    for (size_t i = 0; i < 6; i++) {
        const lb_value *row = lb_get(run->results, "icc")->item[i];
        assert_string_equal(lb_get_text(row, "type", ""), type[i]);
        assert_close(number_at(row, "estimate"), number_at(expected, type[i]), 1e-9);
        assert_close(number_at(row, "statistic"), lb_number_of(lb_get(expected, "F")->item[i]), 1e-9);
        assert_close(number_at(row, "lower"), lb_number_of(lb_get(expected, "lower")->item[i]), 1e-9);
        assert_close(number_at(row, "upper"), lb_number_of(lb_get(expected, "upper")->item[i]), 1e-9);
    }
    lb_buf_free(&names);
    lb_result_free(run);
}

static void intraclass_correlations(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/icc_samplesize.json", arena);
    if (!all) skip();
    lb_registry *registry = lb_registry_all();
    check_icc(registry, lb_get(all, "shrout_fleiss"), arena);
    const lb_value *features = lb_get(all, "sln_left_right");
    assert_true(features->count >= 6);
    for (size_t i = 0; i < features->count; i++) check_icc(registry, features->item[i], arena);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

static void sample_sizes(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/icc_samplesize.json", arena);
    if (!all) skip();
    const lb_value *ref = lb_get(all, "pmsampsize");
    op_run run[5] = {
        MUST_RUN("predict", "samplesize", "type", "binary", "parameters", "24", "r2-cs", "0.288", "prevalence", "0.174"),
        MUST_RUN("predict", "samplesize", "type", "binary", "parameters", "20", "r2-nagelkerke", "0.3", "prevalence", "0.4"),
        MUST_RUN("predict", "samplesize", "type", "survival", "parameters", "30", "r2-cs", "0.051", "rate", "0.065", "timepoint", "2",
                 "mean-follow-up", "2.07"),
        MUST_RUN("predict", "samplesize", "type", "continuous", "parameters", "25", "r2", "0.2", "mean", "26.7", "sd", "8.7"),
        MUST_RUN("predict", "samplesize", "type", "binary", "parameters", "12", "c-statistic", "0.75", "prevalence", "0.35")};
    static const char *const key[] = {"bin_csrsq", "bin_nag", "surv", "cont", "bin_cstat"};
    for (size_t i = 0; i < 5; i++) {
        const lb_value *expected = lb_get(ref, key[i]);
        bool simulated = i == 4; /* theirs simulates a million people */
        assert_close(number_at(run[i].result->results, "n"), number_at(expected, "sample_size"), simulated ? 0.02 : 0);
        for (int j = 0; j < (i == 3 ? 3 : 2); j++) {
            char got[32], wanted[32];
            snprintf(got, sizeof got, "criteria[%d].n", j);
            snprintf(wanted, sizeof wanted, "table.values[%d][0]", j);
            assert_close(number_at(run[i].result->results, got), number_at(expected, wanted), simulated ? 0.02 : 0);
        }
        if (i < 3) assert_close(number_at(run[i].result->results, "shrinkage"), number_at(expected, "final_shrinkage"), 1e-9);
        free_run(&run[i]);
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calibration_of_pima), cmocka_unit_test(decision_of_pima),
                                       cmocka_unit_test(intraclass_correlations), cmocka_unit_test(sample_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
