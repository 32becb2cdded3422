/* analyse rerandomise against ../shared/data/trialstats/rerandomisation_a.json (full enumeration in R): counts are exact.
 * The sampled test agrees within its Monte Carlo error and does not depend on the number of threads. */
#include "run_op.h"

static op_run rerandomise(const char *const *more)
{
    const char *pairs[32] = {"data", shared_data("trialstats/rerandomisation_a.csv"), "outcome", "y", "treatment", "arm", "strata", "stratum",
                             "block", "block"};
    size_t n = 10;
    for (; *more; more++) pairs[n++] = *more;
    pairs[n] = NULL;
    return must_run("analyse", "rerandomise", pairs);
}

static void enumeration(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/rerandomisation_a.json", arena);
    if (!all) skip();
    for (int ancova = 0; ancova < 2; ancova++) {
        const lb_value *expected = lb_path(all, ancova ? "results.ancova" : "results.mean_difference");
        op_run run = rerandomise(ancova ? (const char *const[]){"exact", "true", "covariates", "x", NULL} : (const char *const[]){"exact", "true", NULL});
        const lb_value *got = run.result->results;
        assert_close(number_at(got, "statistic"), number_at(expected, "observed"), 1e-12);
        assert_close(number_at(got, "n_allocations"), number_at(expected, "n_allocations"), 0);
        assert_close(number_at(got, "count"), number_at(expected, "count_two_sided"), 0);
        assert_close(number_at(got, "p"), number_at(expected, "p_two_sided"), 1e-15);
        assert_close(number_at(got, "p_less"), number_at(expected, "p_one_sided_less"), 1e-15);
        free_run(&run);
    }
    lb_arena_free(arena);
}

static void sampling(void **state)
{
    (void)state;
    if (!shared_data("trialstats/rerandomisation_a.csv")) skip();
    op_run one = rerandomise((const char *const[]){"covariates", "x", "samples", "40000", "seed", "7", NULL});
    double p = number_at(one.result->results, "p"), se = number_at(one.result->results, "p_se");
    assert_true(fabs(p - 242.0 / 4320) < 4 * se && se < 0.002);
    free_run(&one);
}

static lb_result *with_threads(unsigned threads)
{
    lb_registry *registry = lb_registry_all();
    lb_arena *arena = lb_arena_new();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "rerandomise"));
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    lb_result *result = NULL;
    const char *const pairs[] = {"outcome", "odi_12m", "treatment", "arm", "covariates", "odi_0,sex", "samples", "3333"};
    int rc = lb_file_read(repository_file("reference/analysis/blocks24.csv"), 0, arena, &bytes, &err);
    if (!rc) rc = lb_call_bind(call, "data", &bytes, &err);
    for (size_t i = 0; i < LB_COUNT(pairs) && !rc; i += 2) rc = lb_call_set(call, pairs[i], pairs[i + 1], &err);
    lb_call_set_threads(call, threads);
    if (!rc) rc = lb_call_run(call, &result, &err);
    if (rc) fail_msg("%s", err.message);
    lb_call_free(call);
    lb_arena_free(arena);
    lb_registry_free(registry);
    return result;
}

static void threads_change_nothing(void **state)
{
    (void)state;
    lb_result *one = with_threads(1), *five = with_threads(5);
    assert_close(number_at(five->results, "count"), number_at(one->results, "count"), 0);
    assert_close(number_at(five->results, "p_less"), number_at(one->results, "p_less"), 0);
    assert_true(number_at(one->results, "count") > 0);
    lb_result_free(one);
    lb_result_free(five);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(enumeration), cmocka_unit_test(sampling), cmocka_unit_test(threads_change_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
