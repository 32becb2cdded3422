/* analyse subgroup against ../shared/data/trialstats: the modification parts of a back pain trial in three arms and of a
 * simulated trial with known truth. Relative tolerance 1e-9. */
#include "run_op.h"

static const double tolerance = 1e-9;

/* Contrasts against USUAL, in the order of the reference. */
static void same_contrasts(const lb_value *got, const lb_value *expected)
{
    static const char *const keys[][2] = {{"estimate", "estimate"}, {"se", "SE"}, {"df", "df"}, {"statistic", "t.ratio"}, {"p", "p.value"},
                                          {"lower", "lower.CL"}, {"upper", "upper.CL"}};
    size_t at = 0;
    for (size_t i = 0; i < got->count; i++) {
        const char *contrast = lb_get_text(got->item[i], "contrast", "");
        if (!lb_text_ends(contrast, "- USUAL")) continue;
        assert_string_equal(contrast, lb_get_text(expected->item[at], "contrast", ""));
        for (size_t k = 0; k < LB_COUNT(keys); k++) {
            assert_close(lb_get_number(got->item[i], keys[k][0], NAN), lb_get_number(expected->item[at], keys[k][1], NAN), tolerance);
        }
        at++;
    }
    assert_int_equal(at, expected->count);
}

static void same_test(const lb_value *row, const lb_value *expected, const char *f, const char *p)
{
    assert_close(lb_get_number(row, "statistic", NAN), lb_get_number(expected, f, NAN), tolerance);
    assert_close(lb_get_number(row, "p", NAN), lb_get_number(expected, p, NAN), tolerance);
}

static void back_pain_trial(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/ancova_prt_odi_3arm.json", arena);
    if (!all) skip();
#define TRIAL "data", shared_data("trialstats/prt_backpain.csv"), "formula", "odi_post ~ odi_pre + age + gender + group", "treatment", "group", \
              "reference", "USUAL"
    op_run run = MUST_RUN("analyse", "subgroup", TRIAL, "by", "odi_pre", "at", "odi_pre=10,20,40");
    same_contrasts(lb_get(run.result->results, "contrasts"), lb_path(all, "results.modification_baseline.effect_at_pre_10_20_40"));
    same_test(lb_get(run.result->results, "interaction"), lb_path(all, "results.modification_baseline.F"), "F", "Pr(>F)");
    free_run(&run);
    run = MUST_RUN("analyse", "subgroup", TRIAL, "by", "gender");
    same_contrasts(lb_get(run.result->results, "contrasts"), lb_path(all, "results.modification_gender.subgroup"));
    same_test(lb_get(run.result->results, "interaction"), lb_path(all, "results.modification_gender.F"), "F", "Pr(>F)");
    free_run(&run);
    run = MUST_RUN("analyse", "subgroup", TRIAL, "by", "age");
    same_test(lb_get(run.result->results, "interaction"), lb_path(all, "results.modification_age.F"), "F", "Pr(>F)");
    free_run(&run);
    lb_arena_free(arena);
}

static lb_table *read_table(const char *name, lb_arena *arena)
{
    lb_bytes bytes;
    lb_table *table = NULL;
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    assert_int_equal(lb_file_read(shared_data(name), 0, arena, &bytes, &err), 0);
    assert_int_equal(lb_csv_read(&bytes, &options, arena, &table, &err), 0);
    return table;
}

/* Baseline table with the change at month 12 beside it. */
static lb_table *simulated_trial(lb_arena *arena)
{
    lb_table *base = read_table("trialstats/metnlbp_sim_a_baseline.csv", arena), *visits = read_table("trialstats/metnlbp_sim_a_long.csv", arena);
    lb_table_add_number(base, "chg");
    const lb_column *visit = lb_table_find(visits, "visit"), *who = lb_table_find(visits, "id"), *odi = lb_table_find(visits, "odi");
    const lb_column *id = lb_table_find(base, "id"), *odi0 = lb_table_find(base, "odi0");
    double *change = lb_table_find(base, "chg")->number;
    for (size_t j = 0; j < visits->rows; j++) {
        if (strcmp(visit->level[visit->code[j]], "M12") != 0) continue;
        for (size_t i = 0; i < base->rows; i++) {
            if (!strcmp(id->level[id->code[i]], who->level[who->code[j]])) change[i] = odi->number[j] - odi0->number[i];
        }
    }
    return base;
}

static void planned_modifiers(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/sap_metnlbp_sim_a.json", arena);
    if (!all) skip();
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "subgroup"));
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    const char *const pairs[] = {"formula", "chg ~ odi0 + sex + centre + arm", "treatment", "arm", "by", "age,smoker,load,sex,ff"};
    int rc = lb_call_bind_table(call, "data", simulated_trial(arena), &err);
    for (size_t i = 0; i < LB_COUNT(pairs) && !rc; i += 2) rc = lb_call_set(call, pairs[i], pairs[i + 1], &err);
    if (!rc) rc = lb_call_run(call, &result, &err);
    if (rc) fail_msg("%s", err.message);
    const lb_value *rows = lb_get(result->results, "interactions"), *expected = lb_path(all, "results.effect_modification");
    assert_int_equal(rows->count, 5);
    for (size_t i = 0; i < 5; i++) {
        const lb_value *e = lb_get(expected, lb_get_text(rows->item[i], "by", ""));
        same_test(rows->item[i], e, "F", "p");
        assert_close(lb_get_number(rows->item[i], "df", NAN), lb_get_number(e, "df1", NAN), 0);
        assert_close(lb_get_number(rows->item[i], "df_residual", NAN), lb_get_number(e, "df2", NAN), 0);
    }
    const lb_value *contrast = lb_get(result->results, "contrasts"); /* smoker 1 against smoker 0 is the coefficient */
    assert_close(lb_get_number(contrast->item[4], "estimate", NAN) - lb_get_number(contrast->item[3], "estimate", NAN),
                 lb_number_of(lb_get(lb_path(expected, "smoker.coef"), "armEXERCISE:smoker")), tolerance);
    assert_int_equal(result->picture_count, 1);
    lb_call_free(call);
    lb_result_free(result);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(back_pain_trial), cmocka_unit_test(planned_modifiers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
