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
        {"hosmer_lemeshow.df", "hosmer_lemeshow.df_dev"}, {"likelihood.r2_nagelkerke", "val_prob.R2"}, {"likelihood.discrimination", "val_prob.D"},
        {"likelihood.discrimination_chisq", "val_prob.D_Chi_sq"}, {"likelihood.unreliability", "val_prob.U"}, {"likelihood.unreliability_chisq", "val_prob.U_Chi_sq"},
        {"likelihood.unreliability_p", "val_prob.U_p"}, {"likelihood.quality", "val_prob.Q"}, {"brier", "val_prob.Brier"}, {"spiegelhalter.statistic", "val_prob.S_z"},
        {"spiegelhalter.p", "val_prob.S_p"}, {"lowess.emax", "val_prob.Emax"}, {"lowess.e90", "val_prob.E90"}, {"lowess.ici", "val_prob.Eavg"},
        {"lowess.ici", "lowess_iter0.ici"}, {"lowess.e50", "lowess_iter0.e50"}, {"lowess.e90", "lowess_iter0.e90"}, {"lowess.emax", "lowess_iter0.emax"},
        {"loess_interpolated.ici", "loess.ici"}, {"loess_interpolated.e50", "loess.e50"}, {"loess_interpolated.e90", "loess.e90"},
        {"loess_interpolated.emax", "loess.emax"}, {"n", "n"}, {"ici", "loess_direct.ici"}, {"e50", "loess_direct.e50"}, {"e90", "loess_direct.e90"}, {"emax", "loess_direct.emax"}};
    for (size_t i = 0; i < LB_COUNT(same); i++)
        if (!is_close(number_at(got, same[i][0]), number_at(expected, same[i][1]), 1e-9)) /* U is a small difference of large likelihoods */
            fail_msg("%s: got %.17g, expected %.17g", same[i][0], number_at(got, same[i][0]), number_at(expected, same[i][1]));
    assert_close(number_at(got, "intercept"), number_at(expected, "val_prob.Intercept"), 1e-9);
    assert_close(number_at(got, "slope"), number_at(expected, "val_prob.Slope"), 1e-8); /* lrm's last step */
    /* lrm puts predictions into bins before it counts pairs */
    assert_true(fabs(number_at(got, "auc") - number_at(expected, "val_prob.C__ROC_")) < 2e-4 && fabs(2 * number_at(got, "auc") - 1 - number_at(expected, "val_prob.Dxy")) < 4e-4);
    assert_true(number_at(expected, "hosmer_lemeshow.df_val") == number_at(got, "hosmer_lemeshow.df") + 2); /* on other people nothing was estimated */
    for (int surface = 0; surface < 2; surface++) {
        const lb_value *loess = lb_get(expected, surface ? "loess_direct" : "loess");
        assert_true(number_at(loess, "span") == 0.75 && number_at(loess, "degree") == 2);
        assert_string_equal(lb_get_text(loess, "surface", ""), surface ? "direct" : "interpolate");
    }
    assert_close(number_at(expected, "lowess_iter0.f"), 2.0 / 3, 1e-12);
    assert_close(number_at(got, "slope_se"), number_at(expected, "cal_slope_se"), 1e-7); /* glm's: of its last but one step */
    assert_close(number_at(got, "in_the_large_se"), number_at(expected, "cal_itl_se"), 1e-7);
    const lb_value *groups = lb_get(got, "deciles"), *wanted = lb_get(expected, "deciles");
    assert_int_equal(groups->count, wanted->count);
    for (size_t i = 0; i < groups->count; i++) {
        assert_int_equal(lb_get_int(groups->item[i], "n", -1), lb_get_int(wanted->item[i], "n", -2));
        assert_int_equal(lb_get_int(groups->item[i], "events", -1), lb_get_int(wanted->item[i], "events", -2));
        assert_close(number_at(groups->item[i], "mean_predicted"), number_at(wanted->item[i], "mean_pred"), 1e-12);
        assert_close(number_at(groups->item[i], "observed"), number_at(wanted->item[i], "obs"), 1e-12);
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
        assert_true(number_at(rows->item[i], "net_benefit_none") == number_at(wanted->item[i], "nb_none"));
        assert_close(number_at(rows->item[i], "interventions_avoided_per_100"), number_at(wanted->item[i], "interventions_avoided_per_100"), 1e-11);
    }
    lb_buf_free(&text);
    lb_result_free(run);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

/* Reclassification of one model over the other, against improveProb's estimates. */
static void reclassification_of_pima(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/performance.json", arena);
    lb_table *table = shared_table("learn/datasets/pima.csv", arena);
    if (!all || !table) skip();
    lb_registry *registry = lb_registry_all();
    lb_table *test = predictions(table, lb_path(all, "pima.test_pred_model1"), arena);
    const lb_value *second = lb_path(all, "pima.test_pred_model2");
    lb_column *column = lb_table_add_number(test, "p2");
    for (size_t i = 0; i < second->count; i++) column->number[i] = lb_number_of(second->item[i]);
    lb_result *run = run_on(registry, "decision", test, (const char *const[]){"outcome", "y", "score", "p", "compare", "p2", "thresholds", "0.3", NULL});
    assert_close(number_at(run->results, "reclassification.idi.estimate"), number_at(all, "pima.nri_idi_2_to_1.idi"), 1e-12);
    assert_close(number_at(run->results, "reclassification.nri.estimate"), number_at(all, "pima.nri_idi_2_to_1.cfnri"), 1e-12);
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

/* The arguments as the reference states them, under our names. */
static lb_result *ask_size(lb_registry *registry, const lb_value *args, lb_arena *arena)
{
    static const char *const names[][2] = {{"csrsquared", "r2-cs"}, {"nagrsquared", "r2-nagelkerke"}, {"cstatistic", "c-statistic"}, {"rsquared", "r2"}, {"parameters", "parameters"},
                                           {"prevalence", "prevalence"}, {"rate", "rate"}, {"timepoint", "timepoint"}, {"meanfup", "mean-follow-up"}, {"intercept", "mean"}, {"sd", "sd"},
                                           {"shrinkage", "shrinkage"}};
    const char *type = lb_get_text(args, "type", "");
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", "samplesize"));
    assert_int_equal(lb_call_set(call, "type", *type == 'b' ? "binary" : *type == 's' ? "survival" : *type == 'c' ? "continuous" : "none", &err), 0);
    for (size_t i = 0; i < args->count; i++)
        for (size_t k = 0; k < LB_COUNT(names); k++)
            if (strcmp(args->key[i], names[k][0]) == 0) assert_int_equal(lb_call_set(call, names[k][1], lb_number_text(lb_number_of(args->item[i]), lb_arena_array(arena, 32, 1)), &err), 0);
    if (lb_call_run(call, &result, &err)) fail_msg("%s", err.message);
    lb_call_free(call);
    return result;
}

/* A figure of the table by its column's name; the last line of the table is about the largest n. */
static double own_figure(const lb_value *results, const lb_value *args, size_t row, size_t rows, const char *column, lb_arena *arena)
{
    bool final = row + 1 == rows;
    const char *at = final ? "" : lb_arena_printf(arena, "criteria[%zu].", row);
    if (strcmp(column, "Samp_size") == 0) return number_at(results, lb_arena_printf(arena, "%sn", at));
    if (strcmp(column, "Parameter") == 0) return number_at(args, "parameters");
    if (strcmp(column, "Shrinkage") == 0) return number_at(results, lb_arena_printf(arena, "%sshrinkage", at));
    if (strcmp(column, "EPP") == 0) return number_at(results, lb_arena_printf(arena, "%sevents_per_parameter", at));
    if (strcmp(column, "SPP") == 0) return number_at(results, lb_arena_printf(arena, "%speople_per_parameter", at));
    if (strcmp(column, "Rsq") == 0) return number_at(args, "rsquared");
    return number_at(results, strcmp(column, "CS_Rsq") == 0 ? "r2_cs" : strcmp(column, "Max_Rsq") == 0 ? "r2_cs_max" : strcmp(column, "Nag_Rsq") == 0 ? "r2_nagelkerke" : column);
}

/* Every figure pmsampsize prints, to the digits it prints; where it simulates a million people, to 2 %. Its third criterion of a survival model
 * and the fourth of a continuous one start from the others' largest n, so ours, its own smallest n, is at most that; it carries the
 * shrinkage of the others into the third criterion. */
static void check_size(lb_registry *registry, const lb_value *expected, lb_arena *arena)
{
    const lb_value *args = lb_get(expected, "args"), *columns = lb_path(expected, "table.cols"), *values = lb_path(expected, "table.values"), *names = lb_path(expected, "table.rows");
    lb_result *r = ask_size(registry, args, arena);
    double share = lb_get(args, "cstatistic") ? 0.02 : 0;
    assert_close(number_at(r->results, "n"), number_at(expected, "sample_size"), share);
    assert_true(fabs(number_at(r->results, "shrinkage") - number_at(expected, "final_shrinkage")) < 6e-4);
    if (isfinite(number_at(expected, "events"))) {
        assert_close(number_at(r->results, "events"), number_at(expected, "events"), fmax(share, 1e-12));
        assert_true(fabs(number_at(r->results, "events_per_parameter") - number_at(expected, "EPP")) <= 0.005001 + share * number_at(expected, "EPP"));
    }
    for (size_t i = 0; i < values->count; i++)
        for (size_t j = 0; j < columns->count; j++) {
            const char *column = columns->item[j]->text;
            double theirs = lb_number_of(values->item[i]->item[j]), mine = own_figure(r->results, args, i, values->count, column, arena);
            bool starred = strchr(names->item[i]->text, '*') != NULL, size = strcmp(column, "Samp_size") == 0;
            if (starred && (size || column[1] == 'P')) {
                assert_true(mine <= theirs && theirs == lb_number_of(values->item[values->count - 1]->item[j]));
                continue;
            }
            if (isnan(mine) || (starred && strcmp(column, "Shrinkage") == 0)) mine = number_at(r->results, "shrinkage");
            double digit = size || strcmp(column, "Parameter") == 0 ? 0 : column[1] == 'P' ? 0.005001 : strcmp(column, "CS_Rsq") == 0 ? 0.0005001 : 0.0006;
            if (fabs(mine - theirs) > digit + share * theirs) fail_msg("%s of %s: %.6g, expected %.6g", column, names->item[i]->text, mine, theirs);
        }
    lb_result_free(r);
}

static void sample_sizes(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/icc_samplesize.json", arena);
    if (!all) skip();
    const lb_value *ref = lb_get(all, "pmsampsize");
    lb_registry *registry = lb_registry_all();
    size_t checked = 0;
    for (size_t i = 0; i < ref->count; i++)
        if (ref->item[i]->type == LB_OBJECT) check_size(registry, ref->item[i], arena), checked++;
    assert_int_equal(checked, 5);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calibration_of_pima), cmocka_unit_test(decision_of_pima), cmocka_unit_test(reclassification_of_pima),
                                       cmocka_unit_test(intraclass_correlations), cmocka_unit_test(sample_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
