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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(low_back_pain_cohort)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
