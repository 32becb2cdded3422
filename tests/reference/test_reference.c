/* analyse reference and analyse tipping against ../shared/data/trialstats/refbased_mi_sim_a.json: an independent implementation on
 * a simulated 314-person trial (MAR, J2R, CIR, CR, jackknife, six deltas). Estimates to 1e-9, standard errors to 1e-8. */
#include "run_op.h"

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

/* Visits with the baseline columns beside them, and the change from baseline. */
static lb_table *visits_with_baseline(lb_arena *arena)
{
    lb_table *base = read_table("trialstats/metnlbp_sim_a_baseline.csv", arena), *visits = read_table("trialstats/metnlbp_sim_a_long.csv", arena);
    const lb_column *id = lb_table_find(base, "id"), *who = lb_table_find(visits, "id");
    size_t *row = lb_arena_array(arena, visits->rows, sizeof *row);
    for (size_t j = 0; j < visits->rows; j++) {
        while (strcmp(id->level[id->code[row[j]]], who->level[who->code[j]]) != 0) row[j]++;
    }
    lb_table *wide = lb_table_rows(base, row, visits->rows, arena);
    const lb_column *visit = lb_table_find(visits, "visit"), *odi = lb_table_find(visits, "odi");
    const char **text = lb_arena_array(arena, visits->rows, sizeof *text);
    for (size_t j = 0; j < visits->rows; j++) text[j] = visit->level[visit->code[j]];
    lb_table_add_text(wide, "visit", text);
    lb_table_add_number(wide, "chg");
    const lb_column *before = lb_table_find(wide, "odi0");
    double *change = lb_table_find(wide, "chg")->number;
    for (size_t j = 0; j < visits->rows; j++) change[j] = odi->number[j] - before->number[j];
    return wide;
}

static lb_result *analyse(lb_registry *registry, const char *verb, lb_table *table, const char *option, const char *value, unsigned threads)
{
    const char *const pairs[] = {"formula", "chg ~ arm * visit + odi0 * visit + sex + centre", "subject", "id", "visit", "visit", "visits",
                                 "W6,M1,M3,M6,M12", "treatment", "arm", "reference", "CONTROL", option, value};
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", verb));
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    int rc = lb_call_bind_table(call, "data", table, &err);
    for (size_t i = 0; i < LB_COUNT(pairs) && !rc; i += 2) rc = lb_call_set(call, pairs[i], pairs[i + 1], &err);
    lb_call_set_threads(call, threads);
    if (!rc) rc = lb_call_run(call, &result, &err);
    if (rc) fail_msg("%s: %s", verb, err.message);
    lb_call_free(call);
    return result;
}

static void same_estimate(const lb_value *got, const lb_value *expected)
{
    assert_close(number_at(got, "estimate"), number_at(expected, "est"), 1e-9);
    assert_close(number_at(got, "se"), number_at(expected, "se"), 1e-8);
    assert_close(number_at(got, "lower"), number_at(expected, "lower"), 1e-8);
    assert_close(number_at(got, "upper"), number_at(expected, "upper"), 1e-8);
    assert_close(number_at(got, "p"), number_at(expected, "p"), 1e-6);
}

static void strategies(void **state)
{
    (void)state;
    static const char *const key[] = {"MAR", "JR", "CIR", "CR"}, *const name[] = {"mar", "j2r", "cir", "cr"};
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/refbased_mi_sim_a.json", arena);
    if (!all) skip();
    lb_registry *registry = lb_registry_all();
    const lb_value *e = lb_get(all, "results");
    lb_result *result = analyse(registry, "reference", visits_with_baseline(arena), "strategy", "mar,j2r,cir,cr", 1);
    const lb_value *got = result->results, *contrasts = lb_get(got, "contrasts"), *means = lb_get(got, "means"), *imputed = lb_get(got, "imputed");
    assert_string_equal(result->status, "ok");
    assert_close(number_at(got, "n"), number_at(e, "n"), 0);
    assert_close(number_at(got, "n_imputed"), number_at(e, "n_missing_last"), 0);
    assert_close(number_at(got, "loglik"), number_at(e, "mmrm_logLik"), 1e-12);
    for (size_t v = 0; v < 5; v++) {
        char index[2] = {(char)('1' + v), 0};
        assert_close(lb_get_number(lb_get(got, "left_from")->item[v], "n", NAN), lb_get_number(lb_get(e, "ice_first_visit_index"), index, NAN), 0);
    }
    for (size_t s = 0; s < 4; s++) {
        const lb_value *one = lb_get(lb_get(e, "strategies"), key[s]), *values = lb_get(lb_get(e, "imputed_last_visit_first10_missing"), key[s]);
        assert_string_equal(lb_get_text(contrasts->item[s], "strategy", ""), name[s]);
        same_estimate(contrasts->item[s], lb_get(one, "trt"));
        same_estimate(means->item[2 * s], lb_get(one, "lsm_ref"));
        same_estimate(means->item[2 * s + 1], lb_get(one, "lsm_alt"));
        size_t seen = 0;
        for (size_t i = 0; i < imputed->count; i++) {
            const lb_value *value = lb_get(values, lb_get_text(imputed->item[i], "id", ""));
            if (!value) continue;
            seen++;
            assert_close(lb_get_number(imputed->item[i], name[s], NAN), lb_number_of(value), 1e-9);
        }
        assert_int_equal(seen, 10);
    }
    lb_result_free(result);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

static void tipping(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/refbased_mi_sim_a.json", arena);
    if (!all) skip();
    lb_registry *registry = lb_registry_all();
    lb_table *table = visits_with_baseline(arena);
    lb_result *result = analyse(registry, "tipping", table, "deltas", "0,10,20,30,40,50", 2);
    const lb_value *rows = lb_get(result->results, "rows"), *expected = lb_path(all, "results.tipping");
    assert_int_equal(rows->count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_close(lb_get_number(rows->item[i], "delta", NAN), lb_get_number(expected->item[i], "delta", NAN), 0);
        same_estimate(rows->item[i], expected->item[i]);
    }
    /* at the tipping point the interval ends at 0 */
    char at[64];
    snprintf(at, sizeof at, "%.17g", number_at(result->results, "tipping_points[0].delta"));
    lb_result *there = analyse(registry, "tipping", table, "deltas", at, 1);
    assert_true(fabs(number_at(there->results, "rows[0].upper")) < 1e-9);
    lb_result_free(there);
    lb_result_free(result);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(strategies), cmocka_unit_test(tipping)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
