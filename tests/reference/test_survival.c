/* Kaplan–Meier, log-rank and restricted mean survival against R's survival package (../shared/data/trialstats). */
#include <lumbar/numeric.h>

#include "lumbar_test.h"

static lb_arena *arena;
static lb_registry *registry;

static int setup(void **state)
{
    (void)state;
    arena = lb_arena_new();
    registry = lb_registry_all();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}

static lb_value *expected(const char *file)
{
    const char *path = shared_data(file);
    if (path == NULL) skip();
    lb_bytes bytes;
    lb_value *value = NULL;
    lb_error err = LB_ERROR_INIT;
    if (lb_file_read(path, 0, arena, &bytes, &err) || lb_json_read(&bytes, arena, &value, &err)) fail_msg("%s", err.message);
    return lb_get(value, "results");
}

/* Runs an operation on a shared table; options are name, value, …, NULL. The results live in the test's arena. */
static lb_value *run(const char *verb, const char *file, const char *const *options)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes, text;
    lb_value *results = NULL;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", verb));
    const char *path = shared_data(file);
    if (path == NULL) skip();
    int code = lb_file_read(path, 0, arena, &bytes, &err);
    if (code == 0) code = lb_call_bind(call, "data", &bytes, &err);
    for (; code == 0 && *options; options += 2) code = lb_call_set(call, options[0], options[1], &err);
    lb_result *result = NULL;
    if (code == 0) code = lb_call_run(call, &result, &err);
    lb_call_free(call);
    if (code) fail_msg("%s: %s %s", verb, err.where, err.message);
    lb_buf json = {0};
    lb_json_write(result->results, 0, &json);
    text = (lb_bytes){(const uint8_t *)json.data, json.length, "results"};
    assert_int_equal(lb_json_read(&text, arena, &results, &err), 0);
    lb_buf_free(&json);
    lb_result_free(result);
    return results;
}
#define RUN(verb, file, ...) run(verb, file, (const char *const[]){"time", "time", "event", "status", __VA_ARGS__, NULL})

/* R's summary(survfit) rows: stratum "sex=1", time, n.risk, … */
static void compare_curves(const lb_value *curves, const lb_value *rows)
{
    size_t step = 0, curve = 0;
    assert_true(rows->count > 10);
    for (size_t r = 0; r < rows->count; r++) {
        const lb_value *row = rows->item[r];
        if (strcmp(lb_get_text(row, "strata", ""), lb_get_text(curves->item[curve], "stratum", "")) != 0) curve++, step = 0;
        const lb_value *c = curves->item[curve];
        assert_string_equal(lb_get_text(row, "strata", ""), lb_get_text(c, "stratum", ""));
        static const char *const pairs[][2] = {{"time", "time"}, {"n.risk", "at_risk"}, {"n.event", "events"}, {"surv", "survival"},
                                               {"std.err", "se"}, {"lower", "lower"},   {"upper", "upper"}};
        for (size_t k = 0; k < LB_COUNT(pairs); k++) {
            const lb_value *want = lb_get(row, pairs[k][0]), *got = lb_get(c, pairs[k][1])->item[step];
            if (lb_number_of(lb_get(row, "surv")) == 0 && k > 3) continue; /* R prints NaN for the error at zero */
            if (want->type == LB_NULL) assert_int_equal(got->type, LB_NULL);
            else assert_close(lb_number_of(got), lb_number_of(want), 1e-10);
        }
        step++;
    }
}

static void kaplan_meier(void **state)
{
    (void)state;
    lb_value *lung = expected("trialstats/survival_lung.json"), *veteran = expected("trialstats/survival_veteran.json");
    compare_curves(lb_get(RUN("km", "trialstats/lung.csv", "by", "sex"), "curves"), lb_get(lung, "km_loglog_by_sex"));
    compare_curves(lb_get(RUN("km", "trialstats/aml.csv", "by", "x"), "curves"), lb_get(veteran, "aml_km"));
}

static void limits_at_times(void **state)
{
    (void)state;
    const lb_value *all = lb_get(expected("trialstats/survival_lung.json"), "km_all_times_100_365_700");
    assert_int_equal(all->count, 5);
    for (size_t k = 0; k < all->count; k++) {
        lb_value *got = lb_get(RUN("km", "trialstats/lung.csv", "by", "sex", "times", "100,365,700", "ci", all->key[k]), "at_times");
        assert_int_equal(got->count, all->item[k]->count);
        for (size_t r = 0; r < got->count; r++) {
            const lb_value *want = all->item[k]->item[r];
            static const char *const pairs[][2] = {{"time", "time"}, {"n.censor", "censored"}, {"n.risk", "at_risk"}, {"n.event", "events"}, {"surv", "survival"}, {"std.err", "se"}, {"lower", "lower"}, {"upper", "upper"}};
            for (size_t c = 0; c < LB_COUNT(pairs); c++)
                assert_close(lb_get_number(got->item[r], pairs[c][1], NAN), lb_get_number(want, pairs[c][0], NAN), 1e-10);
        }
    }
}

static void compare_quartiles(const lb_value *curves, const lb_value *want)
{
    static const char *const part[] = {"quantile", "lower", "upper"};
    static const char *const key[3][3] = {{"quartile1", "median", "quartile3"}, {"quartile1_lower", "median_lower", "quartile3_lower"},
                                          {"quartile1_upper", "median_upper", "quartile3_upper"}};
    for (int p = 0; p < 3; p++)
        for (size_t g = 0; g < curves->count; g++)
            for (int q = 0; q < 3; q++) {
                double e = lb_number_of(lb_get(lb_get(want, part[p]), "values")->item[g]->item[q]);
                assert_close(lb_get_number(curves->item[g], key[p][q], NAN), e, 1e-12); /* null: not reached */
            }
}

static void quartiles(void **state)
{
    (void)state;
    lb_value *lung = expected("trialstats/survival_lung.json"), *veteran = expected("trialstats/survival_veteran.json");
    compare_quartiles(lb_get(RUN("km", "trialstats/lung.csv", "by", "sex"), "curves"), lb_get(lung, "quartiles_loglog"));
    compare_quartiles(lb_get(RUN("km", "trialstats/lung.csv", "by", "sex", "ci", "log"), "curves"), lb_get(lung, "quartiles_log"));
    compare_quartiles(lb_get(RUN("km", "trialstats/lung.csv", "by", "sex", "ci", "plain"), "curves"), lb_get(lung, "quartiles_plain"));
    const lb_value *whole = lb_get(lung, "overall_quartiles_loglog"), *one = lb_path(RUN("km", "trialstats/lung.csv", "ci", "loglog"), "curves[0]");
    static const char *const quartile[][3] = {{"quartile1", "quartile1_lower", "quartile1_upper"}, {"median", "median_lower", "median_upper"}, {"quartile3", "quartile3_lower", "quartile3_upper"}};
    static const char *const percent[] = {"25", "50", "75"}, *const part[] = {"quantile", "lower", "upper"};
    for (size_t q = 0; q < 3; q++)
        for (size_t k = 0; k < 3; k++) assert_close(lb_get_number(one, quartile[q][k], NAN), lb_get_number(lb_get(whole, part[k]), percent[q], NAN), 1e-12);
    compare_quartiles(lb_get(RUN("km", "trialstats/veteran.csv", "by", "trt"), "curves"), lb_get(veteran, "km_medians_loglog"));
    compare_quartiles(lb_get(RUN("km", "trialstats/aml.csv", "by", "x"), "curves"), lb_get(veteran, "aml_quartiles"));
}

static void compare_logrank(const lb_value *got, const lb_value *want)
{
    assert_close(lb_get_number(got, "chisq", NAN), lb_get_number(want, "chisq", NAN), 1e-10);
    assert_close(lb_get_number(got, "p", NAN), lb_get_number(want, "p", NAN), 1e-10);
    assert_int_equal(lb_get_int(got, "df", -1), lb_get_int(want, "df", -2));
    const lb_value *observed = lb_get(want, "obs"), *groups = lb_get(got, "groups");
    for (size_t g = 0; g < groups->count && observed->type == LB_ARRAY; g++) { /* with strata R gives a matrix */
        assert_close(lb_get_number(groups->item[g], "observed", NAN), lb_number_of(observed->item[g]), 1e-10);
        assert_close(lb_get_number(groups->item[g], "expected", NAN), lb_number_of(lb_get(want, "exp")->item[g]), 1e-10);
    }
    for (size_t g = 0; observed->type == LB_OBJECT && g < groups->count; g++) { /* groups by strata */
        const lb_value *seen = lb_get(observed, "values")->item[g], *thought = lb_get(lb_get(want, "exp"), "values")->item[g];
        double o = 0, e = 0;
        for (size_t k = 0; k < seen->count; k++) o += lb_number_of(seen->item[k]), e += lb_number_of(thought->item[k]);
        assert_close(lb_get_number(groups->item[g], "observed", NAN), o, 1e-10);
        assert_close(lb_get_number(groups->item[g], "expected", NAN), e, 1e-10);
    }
    const lb_value *variance = lb_get(lb_get(want, "var"), "values"), *n = lb_get(want, "n");
    for (size_t g = 0; variance && g < groups->count; g++) {
        assert_close(lb_get_number(groups->item[g], "variance", NAN), lb_number_of(variance->item[g]->item[g]), 1e-10);
        assert_close(lb_get_number(groups->item[g], "n", NAN), lb_number_of(n->item[g]), 0);
        for (size_t h = 0; h < groups->count; h++)
            assert_close(lb_number_of(lb_get(got, "covariance")->item[g]->item[h]), lb_number_of(variance->item[g]->item[h]), 1e-9);
    }
}

static void logrank(void **state)
{
    (void)state;
    lb_value *lung = expected("trialstats/survival_lung.json"), *veteran = expected("trialstats/survival_veteran.json");
    compare_logrank(RUN("logrank", "trialstats/lung.csv", "by", "sex"), lb_get(lung, "logrank"));
    compare_logrank(RUN("logrank", "trialstats/lung.csv", "by", "sex", "rho", "1"), lb_get(lung, "peto_rho1"));
    compare_logrank(RUN("logrank", "trialstats/lung.csv", "by", "sex", "strata", "ph.ecog"), lb_get(lung, "logrank_stratified_ecog"));
    compare_logrank(RUN("logrank", "trialstats/lung.csv", "by", "ph.ecog"), lb_get(lung, "logrank_ecog_k4"));
    compare_logrank(RUN("logrank", "trialstats/veteran.csv", "by", "trt"), lb_get(veteran, "logrank_trt"));
    compare_logrank(RUN("logrank", "trialstats/veteran.csv", "by", "trt", "strata", "celltype"), lb_get(veteran, "logrank_trt_strat_cell"));
    compare_logrank(RUN("logrank", "trialstats/aml.csv", "by", "x"), lb_get(veteran, "aml_logrank"));
}

static void restricted_mean(void **state)
{
    (void)state;
    const lb_value *want = lb_get(expected("trialstats/survival_lung.json"), "rmst_tau365");
    lb_value *got = RUN("rmst", "trialstats/lung.csv", "by", "sex", "tau", "365"), *d = lb_get(got, "difference");
    assert_close(lb_number_of(lb_path(got, "groups[0].rmst")), lb_number_of(lb_path(want, "sex1.rmst")), 1e-12);
    assert_close(lb_number_of(lb_path(got, "groups[1].se")), lb_number_of(lb_path(want, "sex2.se")), 1e-11);
    assert_close(lb_number_of(lb_path(got, "groups[0].se")), lb_number_of(lb_path(want, "sex1.se")), 1e-11);
    assert_close(lb_number_of(lb_path(got, "groups[1].rmst")), lb_number_of(lb_path(want, "sex2.rmst")), 1e-12);
    assert_close(lb_get_number(d, "upper", NAN), lb_number_of(lb_get(want, "ci")->item[1]), 1e-11);
    assert_close(lb_get_number(d, "estimate", NAN), lb_get_number(want, "difference", NAN), 1e-11);
    assert_close(lb_get_number(d, "se", NAN), lb_get_number(want, "se", NAN), 1e-11);
    assert_close(lb_get_number(d, "p", NAN), lb_get_number(want, "p", NAN), 1e-10);
    assert_close(lb_get_number(d, "lower", NAN), lb_number_of(lb_get(want, "ci")->item[0]), 1e-11);
    assert_close(lb_get_number(lb_get(got, "ratio"), "estimate", NAN), lb_get_number(want, "ratio", NAN), 1e-12);
}

static void compare_cox(lb_value *got, const lb_value *want)
{
    const lb_value *coef = lb_get(want, "coef"), *rows = lb_get(got, "coefficients"), *vcov = lb_get(lb_get(want, "vcov"), "values");
    assert_int_equal(rows->count, coef->count);
    for (size_t i = 0; i < rows->count; i++) {
        assert_string_equal(lb_get_text(rows->item[i], "term", ""), coef->key[i]);
        static const char *const pairs[][2] = {{"coef", "estimate"}, {"se.coef.", "se"}, {"z", "statistic"}, {"Pr...z..", "p"},
                                               {"exp.coef.", "hazard_ratio"}, {"exp.coef..1", "hazard_ratio"}, {"lower..95", "hr_lower"}, {"upper..95", "hr_upper"}};
        for (size_t k = 0; k < LB_COUNT(pairs); k++)
            assert_close(lb_get_number(rows->item[i], pairs[k][1], NAN), lb_get_number(coef->item[i], pairs[k][0], lb_get_number(rows->item[i], pairs[k][1], NAN)), 1e-8);
        if (lb_get(coef->item[i], "exp..coef.")) assert_close(1 / lb_get_number(rows->item[i], "hazard_ratio", NAN), lb_get_number(coef->item[i], "exp..coef.", NAN), 1e-8);
        for (size_t j = 0; j < rows->count; j++) {
            double size = sqrt(lb_number_of(vcov->item[i]->item[i]) * lb_number_of(vcov->item[j]->item[j]));
            assert_true(fabs(lb_number_of(lb_get(got, "vcov")->item[i]->item[j]) - lb_number_of(vcov->item[i]->item[j])) < 1e-9 * size);
        }
    }
    assert_close(lb_get_number(got, "loglik_null", NAN), lb_number_of(lb_get(want, "loglik")->item[0]), 1e-11);
    assert_close(lb_get_number(got, "loglik", NAN), lb_number_of(lb_get(want, "loglik")->item[1]), 1e-11);
    assert_close(lb_number_of(lb_path(got, "lr.statistic")), lb_number_of(lb_path(want, "logtest.test")), 1e-8);
    assert_close(lb_number_of(lb_path(got, "score.statistic")), lb_number_of(lb_path(want, "sctest.test")), 1e-8);
    assert_true(fabs(lb_number_of(lb_path(got, "wald.statistic")) - lb_number_of(lb_path(want, "waldtest.test"))) <= 0.005001); /* R rounds it */
    assert_close(lb_number_of(lb_path(got, "wald.p")), lb_number_of(lb_path(want, "waldtest.pvalue")), 1e-8);
    assert_close(lb_get_number(got, "concordance", NAN), lb_number_of(lb_get(want, "concordance")->item[0]), 1e-12);
    assert_close(lb_get_number(got, "concordance_se", NAN), lb_number_of(lb_get(want, "concordance")->item[1]), 1e-10);
    assert_close(lb_get_number(got, "n", NAN), lb_get_number(want, "n", NAN), 0);
    assert_close(lb_get_number(got, "events", NAN), lb_get_number(want, "nevent", NAN), 0);
    static const char *const tests[][2] = {{"lr", "logtest"}, {"score", "sctest"}, {"wald", "waldtest"}};
    for (size_t k = 0; k < 3; k++) {
        assert_close(lb_get_number(lb_get(got, tests[k][0]), "df", NAN), lb_get_number(lb_get(want, tests[k][1]), "df", NAN), 0);
        if (k < 2) assert_close(lb_get_number(lb_get(got, tests[k][0]), "p", NAN), lb_get_number(lb_get(want, tests[k][1]), "pvalue", NAN), 1e-7);
    }
}

static void cox(void **state)
{
    (void)state;
    lb_value *lung = expected("trialstats/survival_lung.json"), *veteran = expected("trialstats/survival_veteran.json");
    static const char *const ties[] = {"efron", "breslow", "exact"};
    for (size_t k = 0; k < 3; k++) {
        char key[32];
        snprintf(key, sizeof key, "cox_%s", ties[k]);
        compare_cox(RUN("cox", "trialstats/lung.csv", "formula", "~ age + sex + ph.ecog", "ties", ties[k]), lb_get(lung, key));
    }
    compare_cox(RUN("cox", "trialstats/lung.csv", "formula", "~ age + ph.ecog", "strata", "sex"), lb_get(lung, "cox_strata_sex"));
    compare_cox(RUN("cox", "trialstats/veteran.csv", "formula", "~ trt + celltype + karno + diagtime + age + prior"), lb_get(veteran, "cox"));
    compare_cox(RUN("cox", "trialstats/veteran.csv", "formula", "~ trt + karno", "strata", "celltype"), lb_get(veteran, "cox_strata"));
    lb_value *with = RUN("cox", "trialstats/veteran.csv", "formula", "~ trt * karno"), *without = RUN("cox", "trialstats/veteran.csv", "formula", "~ trt + karno");
    const lb_value *ratio = lb_get(veteran, "lrt_interaction");
    compare_cox(with, lb_get(veteran, "cox_interaction"));
    double chisq = 2 * (lb_get_number(with, "loglik", NAN) - lb_get_number(without, "loglik", NAN));
    assert_close(chisq, lb_get_number(ratio, "Chisq", NAN), 1e-8);
    assert_close(lb_get_number(with, "loglik", NAN), lb_get_number(ratio, "loglik", NAN), 1e-11);
    assert_close(lb_get_number(lb_get(with, "lr"), "df", NAN) - lb_get_number(lb_get(without, "lr"), "df", NAN), lb_get_number(ratio, "Df", NAN), 0);
    assert_close(lb_chisq_p(chisq, 1, LB_UPPER), lb_get_number(ratio, "Pr(>|Chi|)", NAN), 1e-8);
    const lb_value *robust = lb_get(lung, "robust_se");
    lb_value *got = RUN("cox", "trialstats/lung.csv", "formula", "~ age + sex + ph.ecog", "cluster", "inst");
    for (size_t i = 0; i < robust->count; i++) assert_close(lb_get_number(lb_get(got, "coefficients")->item[i], "se", NAN), lb_number_of(robust->item[i]), 1e-8);
}

/* Splitting every person's time at day 200 changes nothing: (0, 200] and (200, t] are the same risk sets. */
static void counting_process(void **state)
{
    (void)state;
    lb_buf whole = {0}, split = {0};
    lb_random random;
    lb_random_init(&random, 5, 0);
    lb_buf_puts(&whole, "time,status,x,g\n");
    lb_buf_puts(&split, "start,time,status,x,g\n");
    for (int i = 0; i < 300; i++) {
        double x = lb_random_normal(&random), t = ceil(300 * lb_random_exponential(&random) * exp(-0.5 * x)) + 1;
        int event = lb_random_uniform(&random) < 0.7, g = (int)lb_random_below(&random, 3);
        lb_buf_printf(&whole, "%g,%d,%.6f,%d\n", t, event, x, g);
        if (t > 200) lb_buf_printf(&split, "0,200,0,%.6f,%d\n", x, g);
        lb_buf_printf(&split, "%d,%g,%d,%.6f,%d\n", t > 200 ? 200 : 0, t, event, x, g);
    }
    lb_value *estimates[2];
    for (int k = 0; k < 2; k++) {
        lb_error err = LB_ERROR_INIT;
        lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "cox"));
        lb_bytes bytes = {(const uint8_t *)(k ? split : whole).data, (k ? split : whole).length, "t.csv"};
        int code = lb_call_bind(call, "data", &bytes, &err);
        if (code == 0) code = lb_call_set(call, "time", "time", &err);
        if (code == 0 && k) code = lb_call_set(call, "start", "start", &err);
        if (code == 0) code = lb_call_set(call, "event", "status", &err);
        if (code == 0) code = lb_call_set(call, "strata", "g", &err);
        if (code == 0) code = lb_call_set(call, "formula", "~ x", &err);
        lb_result *result = NULL;
        if (code == 0) code = lb_call_run(call, &result, &err);
        if (code) fail_msg("%s", err.message);
        lb_call_free(call);
        estimates[k] = lb_value_object(arena);
        lb_set_number(estimates[k], "b", lb_number_of(lb_path(result->results, "coefficients[0].estimate")));
        lb_set_number(estimates[k], "se", lb_number_of(lb_path(result->results, "coefficients[0].se")));
        lb_set_number(estimates[k], "c", lb_get_number(result->results, "concordance", NAN));
        lb_result_free(result);
    }
    static const char *const keys[] = {"b", "se", "c"};
    for (int k = 0; k < 3; k++) assert_close(lb_get_number(estimates[1], keys[k], NAN), lb_get_number(estimates[0], keys[k], NAN), 1e-10);
    lb_buf_free(&whole);
    lb_buf_free(&split);
}

static void compare_ph(lb_value *got, const lb_value *want)
{
    const lb_value *rows = lb_get(got, "tests"), *names = lb_get(want, "names");
    const lb_value *values = lb_get(want, "values");
    assert_int_equal(rows->count, names->count);
    for (size_t i = 0; i < rows->count; i++) {
        assert_string_equal(lb_get_text(rows->item[i], "term", ""), names->item[i]->text);
        assert_close(lb_get_number(rows->item[i], "chisq", NAN), lb_number_of(values->item[i]->item[0]), 1e-7);
        assert_close(lb_get_number(rows->item[i], "df", NAN), lb_number_of(values->item[i]->item[1]), 0);
        assert_close(lb_get_number(rows->item[i], "p", NAN), lb_number_of(values->item[i]->item[2]), 1e-7);
    }
}

/* cox.zph(terms = FALSE): each coefficient on its own, the last row for all together. */
static void compare_ph_coefficients(lb_value *got, const lb_value *want)
{
    const lb_value *rows = lb_get(got, "coefficient_tests"), *names = lb_get(want, "names"), *values = lb_get(want, "values");
    assert_int_equal(rows->count + 1, names->count);
    for (size_t i = 0; i < names->count; i++) {
        const lb_value *row = i < rows->count ? rows->item[i] : lb_get(got, "tests")->item[lb_get(got, "tests")->count - 1];
        assert_string_equal(lb_get_text(row, "term", ""), names->item[i]->text);
        assert_close(lb_get_number(row, "chisq", NAN), lb_number_of(values->item[i]->item[0]), 1e-7);
        assert_close(lb_get_number(row, "df", NAN), lb_number_of(values->item[i]->item[1]), 0);
        assert_close(lb_get_number(row, "p", NAN), lb_number_of(values->item[i]->item[2]), 1e-7);
    }
}

static void proportional_hazards(void **state)
{
    (void)state;
    lb_value *lung = lb_get(expected("trialstats/survival_lung.json"), "zph"), *veteran = expected("trialstats/survival_veteran.json");
    static const char *const transform[] = {"km", "rank", "identity", "log"};
    for (int k = 0; k < 4; k++)
        compare_ph(RUN("ph", "trialstats/lung.csv", "formula", "~ age + sex + ph.ecog", "transform", transform[k]), lb_get(lung, transform[k]));
    compare_ph(RUN("ph", "trialstats/lung.csv", "formula", "~ age + ph.ecog", "strata", "sex"), lb_get(lung, "strata_km"));
    compare_ph(RUN("ph", "trialstats/veteran.csv", "formula", "~ trt + celltype + karno + diagtime + age + prior"), lb_get(veteran, "zph_terms_km"));
    compare_ph_coefficients(RUN("ph", "trialstats/veteran.csv", "formula", "~ trt + celltype + karno + diagtime + age + prior"), lb_get(veteran, "zph_km"));
    static const char *const sim[] = {"time", "rec_time", "event", "rec_status", "formula", "~ arm + odi0 + sex + centre", NULL};
    compare_ph_coefficients(run("ph", "trialstats/metnlbp_sim_a_baseline.csv", sim), lb_get(expected("trialstats/sap_metnlbp_sim_a.json"), "zph_km"));
}

/* Residuals, cumulative hazard and survival at given covariates of the lung data: residuals.coxph, basehaz, survfit.coxph. */
static void cox_residuals_and_survival(void **state)
{
    (void)state;
    static const char *const term[] = {"age", "sex", "ph.ecog"};
    const lb_value *want = expected("trialstats/survival_lung.json");
    const lb_value *got = RUN("cox", "trialstats/lung.csv", "formula", "~ age + sex + ph.ecog", "residuals",
                              "martingale,deviance,score,dfbeta,schoenfeld,scaled", "at", "age=60; sex=2; ph.ecog=1", "times", "365");
    const lb_value *rows = lb_get(got, "residuals"), *events = lb_get(got, "schoenfeld"), *at = lb_path(got, "survival[0]");
    double martingale = 0, deviance = 0, sum = 0;
    char name[40];
    assert_int_equal(rows->count, 227);
    for (size_t i = 0; i < rows->count; i++) {
        double m = lb_get_number(rows->item[i], "martingale", NAN);
        sum += m;
        martingale += m * m;
        deviance += pow(lb_get_number(rows->item[i], "deviance", NAN), 2);
    }
    assert_true(fabs(sum) < 1e-10); /* they add up to nothing */
    assert_close(martingale, lb_get_number(want, "martingale_sumsq", NAN), 1e-10);
    assert_close(deviance, lb_get_number(want, "deviance_resid_sumsq", NAN), 1e-10);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            snprintf(name, sizeof name, "score_%s", term[j]);
            assert_close(lb_get_number(rows->item[i], name, NAN), lb_number_of(lb_path(want, "score_first3.values")->item[i]->item[j]), 1e-9);
            snprintf(name, sizeof name, "dfbeta_%s", term[j]);
            assert_close(lb_get_number(rows->item[i], name, NAN), lb_number_of(lb_path(want, "dfbeta_first3.values")->item[i]->item[j]), 1e-9);
            assert_close(lb_get_number(events->item[i], term[j], NAN), lb_number_of(lb_path(want, "schoenfeld_first3.values")->item[i]->item[j]), 1e-9);
            snprintf(name, sizeof name, "scaled_%s", term[j]);
            assert_close(lb_get_number(events->item[i], name, NAN), lb_number_of(lb_path(want, "scaledsch_first3.values")->item[i]->item[j]), 1e-9);
        }
    }
    const lb_value *one = lb_get(want, "surv_pred_age60_sex2_ecog1_t365");
    assert_close(lb_get_number(at, "survival", NAN), lb_get_number(one, "surv", NAN), 1e-10);
    assert_close(lb_get_number(at, "se", NAN), lb_get_number(one, "std.err", NAN), 1e-10);
    assert_close(lb_get_number(at, "lower", NAN), lb_get_number(one, "lower", NAN), 1e-10);
    assert_close(lb_get_number(at, "upper", NAN), lb_get_number(one, "upper", NAN), 1e-10);
    got = RUN("cox", "trialstats/lung.csv", "formula", "~ age + sex + ph.ecog", "baseline", "true", "times", "5,183,291,524,1022");
    for (size_t i = 0; i < 5; i++)
        assert_close(lb_get_number(lb_get(got, "survival")->item[i], "hazard_zero", NAN),
                     lb_number_of(lb_path(want, "basehaz_uncentered_at.hazard")->item[i]), 1e-10);
    got = RUN("km", "trialstats/lung.csv", "times", "365");
    const lb_value *curve = lb_path(got, "curves[0]"), *times = lb_get(curve, "time");
    size_t last = 0;
    while (last + 1 < times->count && lb_number_of(times->item[last + 1]) <= 365) last++;
    assert_close(lb_number_of(lb_get(curve, "nelson_aalen")->item[last]), lb_get_number(want, "nelson_aalen_365", NAN), 1e-10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cox_residuals_and_survival), cmocka_unit_test(kaplan_meier), cmocka_unit_test(limits_at_times), cmocka_unit_test(quartiles),
                                       cmocka_unit_test(logrank), cmocka_unit_test(restricted_mean),
                                       cmocka_unit_test(cox), cmocka_unit_test(counting_process), cmocka_unit_test(proportional_hazards)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
