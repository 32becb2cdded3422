/* power means and power ancova against ../shared/data/trialstats/power_metnlbp.json (R's power.t.test and formulas); power simulate
 * against analyse ancova on the same people, and against the formula. */
#include "run_op.h"

#include <lumbar/numeric.h>

#include "analysis/power.h"

static const char *text(double value, char *buffer) { return lb_number_text(value, buffer); }

static double solve(const char *verb, const char *key, const char *const *pairs)
{
    op_run run = must_run("power", verb, pairs);
    double value = number_at(run.result->results, key);
    free_run(&run);
    return value;
}

static void the_table_of_sizes(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/power_metnlbp.json", arena);
    if (!all) skip();
    lb_value *table = lb_path(all, "results.table");
    assert_true(table->count == 30);
    for (size_t i = 0; i < table->count; i++) {
        const lb_value *row = table->item[i];
        char delta[32], sd[32], power[32];
        text(lb_get_number(row, "delta", NAN), delta);
        text(lb_get_number(row, "sd", NAN), sd);
        text(lb_get_number(row, "power", NAN), power);
#define ONE "delta", delta, "sd", sd, "power", power
        assert_close(solve("means", "n_exact", (const char *const[]){ONE, "alpha", ".025", "sides", "1", NULL}),
                     lb_get_number(row, "n_exact", NAN), 1e-9);
        assert_close(solve("means", "n_exact", (const char *const[]){ONE, "alpha", ".025", "sides", "1", "method", "z", NULL}),
                     lb_get_number(row, "n_z", NAN), 1e-12);
        assert_close(solve("means", "n_exact", (const char *const[]){ONE, "alpha", ".05", "strict", "true", NULL}),
                     lb_get_number(row, "n_two_sided_strict", NAN), 1e-9);
        /* two-sided at 0.05 without the wrong tail is one-sided at 0.025 */
        assert_close(solve("means", "n_exact", (const char *const[]){ONE, NULL}), lb_get_number(row, "n_exact", NAN), 1e-9);
        /* the file inflates n after rounding it up; n_per_arm inflates n_exact: never more than one apart here */
        double inflated = solve("means", "n_per_arm", (const char *const[]){ONE, "alpha", ".025", "sides", "1", "attrition", ".1", NULL});
        assert_true(inflated == ceil(lb_get_number(row, "n_exact", NAN) / 0.9));
        assert_true(lb_get_number(row, "n_attrition10", NAN) - inflated <= 1);
    }
    lb_arena_free(arena);
}

static void metnlbp_read_both_ways(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/power_metnlbp.json", arena);
    if (!all) skip();
    const lb_value *m = lb_path(all, "results.metnlbp");
#define DESIGN "sd", "15", "alpha", ".025", "sides", "1"
    assert_close(solve("means", "n_exact", (const char *const[]){DESIGN, "delta", "15", "power", ".8", NULL}),
                 lb_get_number(m, "n_exact_delta15", NAN), 1e-9);
    assert_close(solve("means", "n_per_arm", (const char *const[]){DESIGN, "delta", "15", "power", ".8", "attrition", ".1", NULL}), 19, 0);
    assert_close(solve("means", "n_exact", (const char *const[]){DESIGN, "delta", "15", "margin", "10", "method", "z", NULL}),
                 lb_get_number(m, "n_z_margin10_delta15", NAN), 1e-12);
    assert_close(solve("means", "n_exact", (const char *const[]){DESIGN, "delta", "15", "margin", "10", NULL}),
                 lb_get_number(m, "n_t_margin10_delta15", NAN), 1e-9);
    const char *const n[] = {"141", "142", "157"}, *const key[] = {"detectable_delta_141", "detectable_delta_142", "detectable_delta_157"};
    for (size_t i = 0; i < 3; i++)
        assert_close(solve("means", "detectable", (const char *const[]){DESIGN, "n", n[i], "power", ".8", NULL}),
                     lb_get_number(m, key[i], NAN), 1e-8); /* the witness was solved with a tolerance of its own */
    assert_close(solve("means", "detectable", (const char *const[]){DESIGN, "n", "141", "power", ".9", NULL}),
                 lb_get_number(m, "detectable_delta_141_power90", NAN), 1e-8);
    const char *const delta[] = {"15", "10", "5"}, *const power[] = {"power_141_delta15", "power_141_delta10", "power_141_delta5"};
    for (size_t i = 0; i < 3; i++)
        assert_close(solve("means", "power", (const char *const[]){DESIGN, "n", "141", "delta", delta[i], NULL}),
                     lb_get_number(m, power[i], NAN), 1e-11);
    assert_close(solve("means", "n_exact", (const char *const[]){DESIGN, "delta", "5", "ratio", "2", NULL}),
                 number_at(all, "results.unequal_2to1_n1"), 1e-8);
    lb_arena_free(arena);
}

static void ancova_shrinks_the_variance(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/power_metnlbp.json", arena);
    if (!all) skip();
    lb_value *rows = lb_path(all, "results.ancova");
    assert_true(rows->count == 3);
    for (size_t i = 0; i < rows->count; i++) {
        char rho[32];
        text(lb_get_number(rows->item[i], "rho", NAN), rho);
        assert_close(solve("ancova", "n_exact", (const char *const[]){DESIGN, "delta", "5", "rho", rho, NULL}),
                     lb_get_number(rows->item[i], "n_delta5", NAN), 1e-9);
        assert_close(solve("ancova", "detectable", (const char *const[]){DESIGN, "n", "141", "power", ".8", "rho", rho, NULL}),
                     lb_get_number(rows->item[i], "detectable_141", NAN), 1e-8);
    }
    lb_arena_free(arena);
}

static void events_and_proportions(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/power_metnlbp.json", arena);
    if (!all) skip();
    const lb_value *plain = lb_get(lb_path(all, "results.logrank"), "hr0.65"), *unequal = lb_get(lb_path(all, "results.logrank"), "hr0.7_2to1");
    const char *const method[] = {"schoenfeld", "freedman"};
    for (size_t i = 0; i < 2; i++) {
        assert_close(solve("survival", "events_exact", (const char *const[]){"hr", ".65", "power", ".8", "method", method[i], NULL}),
                     lb_get_number(plain, method[i], NAN), 1e-12);
        assert_close(solve("survival", "events_exact", (const char *const[]){"hr", ".7", "power", ".9", "ratio", "2", "method", method[i], NULL}),
                     lb_get_number(unequal, method[i], NAN), 1e-12);
    }
    assert_close(solve("proportions", "n_exact", (const char *const[]){"p1", ".45", "p2", ".30", "power", ".8", NULL}),
                 lb_get_number(lb_get(all, "results"), "proportions_0.45_vs_0.30", NAN), 1e-9);
    lb_arena_free(arena);
}

/* What is found is consistent: the power at the n found is the power asked for, and so is that at the difference found. */
static void solving_inverts_the_power(void **state)
{
    (void)state;
    char found[32];
    double n = solve("means", "n_exact", (const char *const[]){DESIGN, "delta", "4.2", "power", ".87", "ratio", "1.5", "margin", "-1", NULL});
    assert_close(solve("means", "power", (const char *const[]){DESIGN, "delta", "4.2", "n", text(n, found), "ratio", "1.5", "margin", "-1", NULL}),
                 0.87, 1e-12);
    double delta = solve("means", "detectable", (const char *const[]){DESIGN, "n", "40", "power", ".87", "margin", "2", NULL});
    assert_close(solve("means", "power", (const char *const[]){DESIGN, "n", "40", "delta", text(delta, found), "margin", "2", NULL}), 0.87, 1e-12);
    double events = solve("survival", "events_exact", (const char *const[]){"hr", ".6", "power", ".9", "method", "freedman", "ratio", "2", NULL});
    assert_close(solve("survival", "detectable", (const char *const[]){"events", text(events, found), "power", ".9", "method", "freedman", "ratio", "2", NULL}),
                 0.6, 1e-12);
    events = solve("survival", "events_exact", (const char *const[]){"hr", ".9", "power", ".9", "margin", "1.3", "sides", "1", NULL});
    assert_close(solve("survival", "power", (const char *const[]){"events", text(events, found), "hr", ".9", "margin", "1.3", "sides", "1", NULL}), 0.9, 1e-12);
    n = solve("proportions", "n_exact", (const char *const[]){"p1", ".2", "p2", ".5", "power", ".85", "ratio", ".5", "strict", "true", NULL});
    assert_close(solve("proportions", "power", (const char *const[]){"p1", ".2", "p2", ".5", "n", text(n, found), "ratio", ".5", "strict", "true", NULL}), 0.85, 1e-11);
    assert_close(solve("proportions", "p2", (const char *const[]){"p1", ".2", "power", ".85", "n", text(n, found), "ratio", ".5", "strict", "true", NULL}), 0.5, 1e-10);
    n = solve("interaction", "n_exact", (const char *const[]){"delta", "6", "sd", "15", "share", ".3", "rho", ".5", NULL}); /* sd × sqrt(.75 / .21) */
    assert_close(solve("ancova", "n_exact", (const char *const[]){"delta", "6", "sd", "32.732683535398860", "rho", ".5", "covariates", "2", NULL}), n, 1e-10);
}

static void senseless_questions_are_refused(void **state)
{
    (void)state;
    const char *const bad[][9] = {
        {"delta", "5", "sd", "-1", NULL},
        {"delta", "5", "sd", "0", NULL},
        {"delta", "5", "sd", "15", "power", "0.02", NULL},
        {"delta", "5", "sd", "15", "power", "1", NULL},
        {"delta", "-5", "sd", "15", NULL},
        {"delta", "5", "sd", "15", "margin", "5", NULL},
        {"delta", "5", "sd", "15", "attrition", "1", NULL},
        {"delta", "5", "sd", "15", "alpha", "0", NULL},
        {"delta", "5", "sd", "15", "ratio", "0", NULL},
        {"delta", "5", "sd", "15", "n", "1", NULL},
        {"delta", "5", "sd", "15", "n", "20", "power", "0.8", NULL},
        {"sd", "15", NULL},
        {"delta", "1e-9", "sd", "15", NULL},
    };
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        op_run run = run_op("power", "means", bad[i]);
        if (run.code != LB_USAGE) fail_msg("question %zu: code %d", i, run.code);
        assert_true(run.err.message[0] != 0 && (run.err.where[0] != 0 || run.err.hint[0] != 0));
        free_run(&run);
    }
}

static void senseless_events_are_refused(void **state)
{
    (void)state;
    const char *const bad[][10] = {
        {"survival", "hr", "1", NULL}, {"survival", "hr", "0", NULL}, {"survival", "hr", ".7", "events", "50", "power", ".8", NULL},
        {"survival", "hr", ".7", "n", "50", NULL}, {"survival", "hr", ".7", "margin", "1.3", "method", "freedman", NULL},
        {"survival", "events", "2", "power", ".99", "method", "freedman", NULL}, {"survival", "hr", ".7", "p1", "1.2", NULL},
        {"proportions", "p1", ".3", "p2", ".3", NULL}, {"proportions", "p1", "0", "p2", ".3", NULL}, {"proportions", "p1", ".3", NULL},
        {"proportions", "p1", ".9", "n", "4", "power", ".8", NULL}, {"interaction", "delta", "1", "sd", "1", "share", "1", NULL},
        {"interaction", "delta", "1", "sd", "1", "rho", "1", NULL},
    };
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        op_run run = run_op("power", bad[i][0], bad[i] + 1);
        if (run.code != LB_USAGE) fail_msg("question %zu: code %d", i, run.code);
        assert_true(run.err.message[0] != 0 && (run.err.where[0] != 0 || run.err.hint[0] != 0));
        free_run(&run);
    }
}

static lb_result *run_call(lb_call *call)
{
    lb_result *result = NULL;
    lb_error err = LB_ERROR_INIT;
    if (lb_call_run(call, &result, &err)) fail_msg("%s", err.message);
    lb_call_free(call);
    return result;
}

/* Trials of METNLBP, their columns alone. */
static lb_result *invented(const lb_registry *registry, lb_arena *arena, const char *columns)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes study;
    assert_int_equal(lb_file_read(repository_file("studies/metnlbp.yaml"), 1 << 22, arena, &study, &err), LB_OK);
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "study", "simulate"));
    assert_int_equal(lb_call_bind(call, "file", &study, &err) || lb_call_set(call, "seeds", "1,2,3,4,5,6", &err) ||
                     lb_call_set(call, "n", "130", &err) || lb_call_set(call, "columns", columns, &err), 0);
    return run_call(call);
}

/* The short way of thousands of trials gives what the operation gives, and says when it cannot. */
static void simulated_contrasts_are_those_of_ancova(void **state)
{
    (void)state;
    static const struct {
        const char *formula, *reference;
        bool applies;
    } cases[] = {
        {"odi_12m ~ odi_0 + sex + centre + arm", NULL, true}, {"odi_12m ~ arm", NULL, true}, {"odi_12m ~ arm + odi_0 * sex + I(age^2)", "EXERCISE", true},
        {"log(odi_12m + 1) ~ log(odi_0) + arm", NULL, true}, {"odi_12m ~ odi_0 * arm", NULL, false}, {"odi_12m ~ 0 + arm + odi_0", NULL, false},
        {"odi_12m ~ odi_0 + I(2 * odi_0) + arm", NULL, false},
    };
    lb_registry *registry = lb_registry_all();
    lb_arena *arena = lb_arena_new();
    lb_result *trials = invented(registry, arena, "odi_12m,odi_0,sex,centre,arm,age");
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        lb_formula *formula;
        lb_error err = LB_ERROR_INIT;
        assert_int_equal(lb_formula_parse(cases[i].formula, arena, &formula, &err), LB_OK);
        for (size_t k = 0; k < trials->table_count; k++) {
            lb_power_contrast c;
            assert_int_equal(lb_power_ancova(formula, trials->table[k], "arm", cases[i].reference, 0.9, arena, &c), cases[i].applies);
            if (!cases[i].applies) continue;
            lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "ancova"));
            assert_int_equal(lb_call_bind_table(call, "data", trials->table[k], &err) || lb_call_set(call, "formula", cases[i].formula, &err) ||
                             lb_call_set(call, "treatment", "arm", &err) || lb_call_set(call, "level", "0.9", &err), 0);
            if (cases[i].reference) assert_int_equal(lb_call_set(call, "reference", cases[i].reference, &err), LB_OK);
            lb_result *whole = run_call(call);
            const lb_value *row = lb_get(whole->results, "contrasts")->item[0];
            assert_close(c.estimate, lb_get_number(row, "estimate", NAN), 1e-12);
            assert_close(c.se, lb_get_number(row, "se", NAN), 1e-12);
            assert_close(c.lower, lb_get_number(row, "lower", NAN), 1e-12);
            assert_close(c.upper, lb_get_number(row, "upper", NAN), 1e-12);
            assert_close(2 * lb_t_p(fabs(c.estimate / c.se), c.df, LB_UPPER), lb_get_number(row, "p", NAN), 1e-12);
            assert_true(c.df == lb_get_number(row, "df", NAN) && c.n == lb_get_number(whole->results, "n", NAN));
            lb_result_free(whole);
        }
    }
    lb_result_free(trials);
    lb_arena_free(arena);
    lb_registry_free(registry);
}

/* The small study without rounding, limits and leaving, and with that effect: there the formula is right. */
static lb_bytes clean_study(const char *effect, lb_arena *arena)
{
    static const char *const from[] = {"range: [0, 10], step: 1, baseline", "effect: -1,", "  dropout:"};
    const char *const to[] = {"range: [-1000, 1000], step: 0.000001, baseline", lb_arena_printf(arena, "effect: %s,", effect), "  # dropout:"};
    lb_bytes bytes;
    assert_int_equal(lb_file_read(repository_file("reference/trial/minimal.yaml"), 1 << 22, arena, &bytes, NULL), LB_OK);
    const char *text = lb_arena_textn(arena, (const char *)bytes.data, bytes.length);
    for (size_t i = 0; i < LB_COUNT(from); i++) {
        const char *found = strstr(text, from[i]);
        assert_non_null(found);
        text = lb_arena_printf(arena, "%.*s%s%s", (int)(found - text), text, to[i], found + strlen(from[i]));
    }
    return (lb_bytes){(const uint8_t *)text, strlen(text), "clean.yaml"};
}

static void simulated_power_is_that_of_the_formula(void **state)
{
    (void)state;
    static const struct {
        const char *effect;
        double delta;
    } cases[] = {{"-0.8", 0.8}, {"0", 0}};
    lb_registry *registry = lb_registry_all();
    lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        lb_error err = LB_ERROR_INIT;
        lb_bytes study = clean_study(cases[i].effect, arena);
        lb_result *result[2];
        for (unsigned threads = 1; threads <= 2; threads++) {
            lb_call *call = lb_call_new(registry, lb_registry_find(registry, "power", "simulate"));
            assert_int_equal(lb_call_bind(call, "file", &study, &err) || lb_call_set(call, "formula", "nrs_fu ~ nrs_0 + arm", &err) ||
                             lb_call_set(call, "reference", "USUAL", &err) || lb_call_set(call, "n", "80", &err) ||
                             lb_call_set(call, "trials", "4000", &err), 0);
            lb_call_set_threads(call, threads);
            result[threads - 1] = run_call(call);
        }
        lb_power_design design = {.delta = cases[i].delta, .sd = sqrt(0.8 * 0.8 + 0.8 * 0.8), .alpha = 0.05, .sides = 2, .ratio = 1, .covariates = 1};
        const lb_value *found = result[0]->results;
        double power = cases[i].delta > 0 ? lb_power_at(&design, 40) : 0.025, error = sqrt(power * (1 - power) / 4000);
        double seen = lb_get_number(found, "power", NAN);
        if (fabs(seen - power) > 3.5 * error) fail_msg("effect %s: power %g, the formula says %g (Monte Carlo error %g)", cases[i].effect, seen, power, error);
        assert_true(fabs(lb_get_number(found, "bias", NAN)) < 3.5 * lb_get_number(found, "estimate_mean_se", NAN));
        assert_true(fabs(lb_get_number(found, "coverage", NAN) - 0.95) < 3.5 * sqrt(0.95 * 0.05 / 4000));
        assert_true(lb_get_number(found, "n_analysed", NAN) == 80);
        lb_buf one = {0}, two = {0};
        lb_json_write(found, 0, &one);
        lb_json_write(result[1]->results, 0, &two);
        assert_string_equal(one.data, two.data);
        lb_buf_free(&one);
        lb_buf_free(&two);
        lb_result_free(result[0]);
        lb_result_free(result[1]);
    }
    lb_arena_free(arena);
    lb_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_sizes), cmocka_unit_test(metnlbp_read_both_ways), cmocka_unit_test(ancova_shrinks_the_variance),
        cmocka_unit_test(solving_inverts_the_power), cmocka_unit_test(events_and_proportions), cmocka_unit_test(senseless_events_are_refused), cmocka_unit_test(senseless_questions_are_refused),
        cmocka_unit_test(simulated_contrasts_are_those_of_ancova), cmocka_unit_test(simulated_power_is_that_of_the_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
