/* power means and power ancova against ../shared/data/trialstats/power_metnlbp.json (R's power.t.test and formulas). */
#include "run_op.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_sizes), cmocka_unit_test(metnlbp_read_both_ways), cmocka_unit_test(ancova_shrinks_the_variance),
        cmocka_unit_test(solving_inverts_the_power), cmocka_unit_test(events_and_proportions), cmocka_unit_test(senseless_events_are_refused), cmocka_unit_test(senseless_questions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
