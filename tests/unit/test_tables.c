/* Rounding rules, quantile types, the baseline table's corners and the flow of people. */
#include "run_op.h"

#include "analysis/room.h"

static void rounding_has_two_rules(void **state)
{
    (void)state;
    const struct {
        double value;
        int digits;
        const char *sas, *even;
    } cases[] = {
        {2.5, 0, "3", "2"},         {3.5, 0, "4", "4"},        {-2.5, 0, "-3", "-2"},   {0.125, 2, "0.13", "0.12"},
        {2.675, 2, "2.68", "2.68"}, /* stored below itself, printed a tie: 7 is odd */
        {1.005, 2, "1.01", "1.00"}, {75.214, 2, "75.21", "75.21"}, {0.049, 1, "0.0", "0.0"}, {-0.04, 1, "0.0", "0.0"},
        {1e17, 0, "100000000000000000", "100000000000000000"}, {12.25, 1, "12.3", "12.2"}, {99.95, 1, "100.0", "100.0"},
    };
    lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        assert_string_equal(lb_round_text(arena, cases[i].value, cases[i].digits, false), cases[i].sas);
        assert_string_equal(lb_round_text(arena, cases[i].value, cases[i].digits, true), cases[i].even);
    }
    assert_string_equal(lb_round_text(arena, NAN, 1, false), "");
    lb_arena_free(arena);
}

/* R: quantile(c(1, 2, 4, 8), p, type = 2 or 7). */
static void quantiles_of_both_types(void **state)
{
    (void)state;
    const double x[] = {1, 2, 4, 8};
    assert_true(lb_sorted_quantile(x, 4, 0.25, 2) == 1.5);
    assert_true(lb_sorted_quantile(x, 4, 0.25, 7) == 1.75);
    assert_true(lb_sorted_quantile(x, 4, 0.5, 2) == 3 && lb_sorted_quantile(x, 4, 0.5, 7) == 3);
    assert_true(lb_sorted_quantile(x, 4, 0.9, 2) == 8);
    assert_close(lb_sorted_quantile(x, 4, 0.9, 7), 6.8, 1e-15);
    assert_true(lb_sorted_quantile(x, 1, 0.25, 2) == 1 && lb_sorted_quantile(x, 1, 0.75, 7) == 1);
    assert_true(isnan(lb_sorted_quantile(x, 0, 0.5, 7)));
}

static op_run on_text(const char *verb, const char *csv, const char *const *pairs)
{
    op_run run = {.registry = lb_registry_all(), .arena = lb_arena_new()};
    lb_bytes bytes = {(const uint8_t *)csv, strlen(csv), "t.csv"};
    run.call = lb_call_new(run.registry, lb_registry_find(run.registry, "analyse", verb));
    run.code = lb_call_bind(run.call, "data", &bytes, &run.err);
    for (size_t i = 0; pairs[i] && !run.code; i += 2) run.code = lb_call_set(run.call, pairs[i], pairs[i + 1], &run.err);
    if (!run.code) run.code = lb_call_run(run.call, &run.result, &run.err);
    return run;
}

static void empty_groups_and_levels_are_shown(void **state)
{
    (void)state;
    op_run run = on_text("describe", "g,x,c\nA,1,u\nA,,v\nB,,\nB,,\n", (const char *const[]){"by", "g", NULL});
    assert_int_equal(run.code, 0);
    const lb_value *rows = lb_get(run.result->results, "rows");
    assert_int_equal(rows->count, 2 + 4);
    assert_int_equal(lb_get_int(rows->item[1], "n", -1), 0);
    assert_int_equal(lb_get_int(rows->item[1], "missing", -1), 2);
    assert_true(isnan(lb_get_number(rows->item[1], "mean", NAN)));
    assert_true(isnan(lb_get_number(rows->item[0], "sd", NAN))); /* one person has no SD */
    assert_string_equal(lb_get_text(rows->item[2], "text", ""), "1 (50)");
    assert_string_equal(lb_get_text(rows->item[3], "text", ""), "0"); /* nobody has a value: no percentage */
    free_run(&run);
}

static void people_without_a_group_are_told(void **state)
{
    (void)state;
    op_run run = on_text("describe", "g,x\nA,1\n,2\nB,3\n", (const char *const[]){"by", "g", "total", "true", NULL});
    assert_int_equal(run.code, 0);
    assert_int_equal(run.result->warnings->count, 1);
    const lb_value *rows = lb_get(run.result->results, "rows");
    assert_int_equal(lb_get_int(rows->item[2], "n", -1), 3); /* the total holds everybody */
    free_run(&run);
}

static void flow_counts_and_draws(void **state)
{
    (void)state;
    static const char csv[] = "arm,why,y,got\nA,,1,yes\nA,died,,no\nB,,2,yes\nB,moved,3,yes\nB,moved,,yes\nC,,4,yes\n";
    op_run run = on_text("flow", csv, (const char *const[]){"arm", "arm", "reason", "why", "analysed", "y", "received", "got", NULL});
    assert_int_equal(run.code, 0);
    const lb_value *b = lb_path(run.result->results, "arms[1]");
    assert_int_equal(lb_get_int(b, "randomised", -1), 3);
    assert_int_equal(lb_get_int(b, "left", -1), 2);
    assert_int_equal(lb_get_int(lb_path(b, "reasons[0]"), "n", -1), 2);
    assert_int_equal(lb_get_int(b, "analysed", -1), 2);
    assert_int_equal(lb_get_int(b, "left_but_analysed", -1), 1);
    assert_int_equal(lb_get_int(lb_path(run.result->results, "arms[0]"), "not_received", -1), 1);
    assert_int_equal(run.result->picture_count, 1);
    assert_non_null(strstr(run.result->picture[0].svg, "Allocated to C"));
    free_run(&run);
    run = on_text("flow", "arm,why\n", (const char *const[]){"arm", "arm", NULL});
    assert_int_equal(run.code, LB_BAD_DATA);
    free_run(&run);
}

/* Twelve arms have no diagram, and the counts all the same. */
static void many_arms_do_not_break_the_diagram(void **state)
{
    (void)state;
    op_run run = on_text("flow", "arm\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n", (const char *const[]){"arm", "arm", NULL});
    assert_int_equal(run.code, 0);
    assert_int_equal(lb_get(run.result->results, "arms")->count, 12);
    free_run(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounding_has_two_rules), cmocka_unit_test(quantiles_of_both_types),
        cmocka_unit_test(empty_groups_and_levels_are_shown), cmocka_unit_test(people_without_a_group_are_told),
        cmocka_unit_test(flow_counts_and_draws), cmocka_unit_test(many_arms_do_not_break_the_diagram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
