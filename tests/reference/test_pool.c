/* analyse pool against ../shared/data/trialstats/rubin_lbp_cox.json: a Cox model in ten imputations of a low back pain cohort,
 * with both kinds of degrees of freedom and the joint test. Relative tolerance 1e-8. */
#include "run_op.h"

static const double tolerance = 1e-8;
#define MODEL "data", shared_data("trialstats/lbp_mi_cox.csv"), "imputation", "Impnr", "family", "cox", "time", "Time", "event", "Status", \
              "formula", "~ Duration + Radiation + Pain + Function + Tampascale + Age"

static void same_pooled(const lb_value *results, const lb_value *expected, const char *which)
{
    static const char *const keys[][2] = {{"estimate", "estimate"}, {"se", "se"}, {"df", "df_barnard_rubin"}, {"statistic", "t"}, {"p", "p"},
                                          {"lower", "lower"}, {"upper", "upper"}, {"fmi", "fmi"}, {"riv", "riv"}, {"lambda", "lambda"},
                                          {"within", "within"}, {"between", "between"}};
    const lb_value *rows = lb_get(results, "coefficients");
    assert_int_equal(rows->count, 6);
    for (size_t i = 0; i < rows->count; i++) {
        const lb_value *e = lb_get(lb_get(expected, lb_get_text(rows->item[i], "term", "")), which);
        assert_non_null(e);
        for (size_t k = 0; k < LB_COUNT(keys); k++) {
            assert_close(lb_get_number(rows->item[i], keys[k][0], NAN), lb_get_number(e, keys[k][1], NAN), tolerance);
        }
        double se = lb_get_number(rows->item[i], "se", NAN);
        assert_close(se * se, lb_get_number(e, "total", NAN), tolerance);
        assert_close(lb_get_number(results, "m", NAN), lb_get_number(e, "M", NAN), 0);
        if (strcmp(which, "dfcom_Inf") == 0) { /* Rubin's own degrees of freedom stand in both */
            assert_close(lb_get_number(rows->item[i], "df", NAN), lb_get_number(e, "df_rubin1987", NAN), tolerance);
            const lb_value *both = lb_get(lb_get(expected, lb_get_text(rows->item[i], "term", "")), "dfcom_n_minus_p");
            assert_close(lb_get_number(rows->item[i], "df", NAN), lb_get_number(both, "df_rubin1987", NAN), tolerance);
        }
    }
}

static void low_back_pain_cohort(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/rubin_lbp_cox.json", arena);
    if (!all) skip();
    op_run run = MUST_RUN("analyse", "pool", MODEL, "test", "Radiation,Pain,Function");
    same_pooled(run.result->results, lb_path(all, "results.pooled"), "dfcom_n_minus_p");
    const lb_value *got = lb_get(run.result->results, "joint_test"), *d1 = lb_path(all, "results.D1");
    assert_close(number_at(got, "statistic"), number_at(d1, "F"), tolerance);
    assert_close(number_at(got, "df"), number_at(d1, "df1"), 0);
    assert_close(number_at(got, "df_residual"), number_at(d1, "df2"), tolerance);
    assert_close(number_at(got, "riv"), number_at(d1, "r1"), tolerance);
    assert_close(number_at(got, "p"), number_at(d1, "p"), tolerance);
    const lb_value *rows = lb_get(run.result->results, "per_imputation"), *q = lb_path(all, "results.per_imputation_coef.values");
    const lb_value *u = lb_path(all, "results.per_imputation_var.values");
    const lb_value *first = lb_get(run.result->results, "imputations");
    assert_int_equal(rows->count, 60);
    for (size_t i = 0; i < rows->count; i++) {
        const char *number = lb_get_text(first->item[i / 6], "imputation", "");
        int64_t k = 0;
        assert_true(lb_text_integer(number, strlen(number), &k) && k-- > 0);
        double se = lb_get_number(rows->item[i], "se", NAN);
        assert_close(lb_get_number(rows->item[i], "estimate", NAN), lb_number_of(q->item[k]->item[i % 6]), tolerance);
        assert_close(se * se, lb_number_of(u->item[k]->item[i % 6]), tolerance);
    }
    free_run(&run);
    run = MUST_RUN("analyse", "pool", MODEL, "df", "rubin");
    same_pooled(run.result->results, lb_path(all, "results.pooled"), "dfcom_Inf");
    free_run(&run);
    lb_arena_free(arena);
}

static lb_result *survival_of(const char *verb, lb_table *table, const char *const *pairs)
{
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", verb));
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    int rc = lb_call_bind_table(call, "data", table, &err);
    for (; !rc && *pairs; pairs += 2) rc = lb_call_set(call, pairs[0], pairs[1], &err);
    if (!rc) rc = lb_call_run(call, &result, &err);
    if (rc) fail_msg("%s: %s", verb, err.message);
    lb_call_free(call);
    lb_registry_free(registry);
    return result;
}

/* Curves and log-rank test of the first imputation. */
static void first_imputation(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/rubin_lbp_cox.json", arena);
    if (!all) skip();
    lb_bytes bytes;
    lb_table *table;
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    assert_int_equal(lb_file_read(shared_data("trialstats/lbp_mi_cox.csv"), 0, arena, &bytes, &err), 0);
    assert_int_equal(lb_csv_read(&bytes, &options, arena, &table, &err), 0);
    const double *number = lb_table_find(table, "Impnr")->number;
    size_t n = 0, *row = lb_arena_array(arena, table->rows, sizeof *row);
    for (size_t i = 0; i < table->rows; i++)
        if (number[i] == 1) row[n++] = i;
    table = lb_table_rows(table, row, n, arena);
#define ONE "time", "Time", "event", "Status", "by", "Radiation"
    lb_result *km = survival_of("km", table, (const char *const[]){ONE, "times", "90,180", NULL});
    static const char *const keys[][2] = {{"time", "time"}, {"at_risk", "n.risk"}, {"events", "n.event"}, {"censored", "n.censor"}, {"survival", "surv"},
                                          {"se", "std.err"}, {"lower", "lower"}, {"upper", "upper"}};
    const lb_value *got = lb_get(km->results, "at_times"), *want = lb_path(all, "results.km_imp1_at_90_180");
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++)
        for (size_t k = 0; k < LB_COUNT(keys); k++) assert_close(lb_get_number(got->item[i], keys[k][0], NAN), lb_get_number(want->item[i], keys[k][1], NAN), tolerance);
    static const char *const part[] = {"quantile", "lower", "upper"};
    static const char *const name[3][3] = {{"quartile1", "median", "quartile3"}, {"quartile1_lower", "median_lower", "quartile3_lower"},
                                           {"quartile1_upper", "median_upper", "quartile3_upper"}};
    const lb_value *curves = lb_get(km->results, "curves"), *quartiles = lb_path(all, "results.km_imp1_radiation_quartiles");
    for (size_t p = 0; p < 3; p++)
        for (size_t g = 0; g < 2; g++)
            for (size_t q = 0; q < 3; q++)
                assert_close(lb_get_number(curves->item[g], name[p][q], NAN), lb_number_of(lb_get(lb_get(quartiles, part[p]), "values")->item[g]->item[q]), tolerance);
    lb_result_free(km);
    lb_result *test = survival_of("logrank", table, (const char *const[]){ONE, NULL});
    want = lb_path(all, "results.logrank_imp1");
    assert_close(number_at(test->results, "chisq"), number_at(want, "chisq"), tolerance);
    assert_close(number_at(test->results, "df"), number_at(want, "df"), 0);
    assert_close(number_at(test->results, "p"), number_at(want, "p"), tolerance);
    for (size_t g = 0; g < 2; g++) {
        const lb_value *group = lb_get(test->results, "groups")->item[g];
        assert_close(number_at(group, "n"), lb_number_of(lb_get(want, "n")->item[g]), 0);
        assert_close(number_at(group, "observed"), lb_number_of(lb_get(want, "obs")->item[g]), tolerance);
        assert_close(number_at(group, "expected"), lb_number_of(lb_get(want, "exp")->item[g]), tolerance);
        for (size_t h = 0; h < 2; h++)
            assert_close(lb_number_of(lb_get(test->results, "covariance")->item[g]->item[h]), lb_number_of(lb_path(want, "var.values")->item[g]->item[h]), tolerance);
    }
    lb_result_free(test);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(low_back_pain_cohort), cmocka_unit_test(first_imputation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
