/* analyse mmrm against R's mmrm and emmeans, and SAS PROC MIXED (../shared/data/trialstats: mmrm_fev, mmrm_fev_sas,
 * sap_metnlbp_sim_a), polished optima. */
#include "run_op.h"

static lb_registry *registry;
static lb_arena *arena;

static int setup(void **state)
{
    (void)state;
    registry = lb_registry_all();
    arena = lb_arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}

static lb_table *read_table(const char *path_or_text, bool is_text, const lb_table *codebook)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes = {(const uint8_t *)path_or_text, strlen(path_or_text), "text.csv"};
    lb_table *table = NULL;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    options.codebook = codebook;
    if (!is_text && lb_file_read(path_or_text, 0, arena, &bytes, &err)) fail_msg("%s", err.message);
    if (lb_csv_read(&bytes, &options, arena, &table, &err)) fail_msg("%s: %s", err.where, err.message);
    return table;
}

static lb_table *fev(void)
{
    const char *path = shared_data("trialstats/fev.csv");
    if (!path) skip();
    return read_table(path, false, read_table("name,codes\nSEX,Male=Male;Female=Female\n", true, NULL));
}

/* Options are name, value, …, NULL; results live in the arena. */
static lb_value *fit(lb_table *table, const char *const *options)
{
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "mmrm"));
    lb_result *result = NULL;
    int code = lb_call_bind_table(call, "data", table, &err);
    for (; !code && *options; options += 2) code = lb_call_set(call, options[0], options[1], &err);
    if (!code) code = lb_call_run(call, &result, &err);
    lb_call_free(call);
    if (code) fail_msg("%s: %s", err.where, err.message);
    assert_string_equal(result->status, "ok");
    lb_buf json = {0};
    lb_json_write(result->results, 0, &json);
    lb_bytes bytes = {(const uint8_t *)json.data, json.length, "results"};
    lb_value *copy = NULL;
    assert_int_equal(lb_json_read(&bytes, arena, &copy, &err), 0);
    lb_buf_free(&json);
    lb_result_free(result);
    return copy;
}
#define FIT(table, ...) fit(table, (const char *const[]){__VA_ARGS__, NULL})
#define FEV "subject", "USUBJID", "visit", "AVISIT", "treatment", "ARMCD"
#define FEV_FORMULA "formula", "FEV1 ~ RACE + SEX + ARMCD * AVISIT", FEV

static lb_value *expected(const char *file, const char *path)
{
    lb_value *json = shared_json(file, arena), *found;
    if (!json) skip();
    found = lb_path(json, path);
    if (!found) fail_msg("%s has no %s", file, path);
    return found;
}

static void same_coefficients(const lb_value *got, const lb_value *coef)
{
    assert_true(coef->count > 0);
    const lb_value *rows = lb_get(got, "coefficients");
    assert_int_equal(rows->count, coef->count);
    for (size_t i = 0; i < rows->count; i++) {
        const lb_value *row = rows->item[i], *want = lb_get(coef, lb_get_text(row, "term", ""));
        assert_non_null(want);
        assert_close(number_at(row, "estimate"), number_at(want, "estimate"), 1e-10);
        assert_close(number_at(row, "se"), number_at(want, "se"), 1e-10);
        assert_close(number_at(row, "df"), number_at(want, "df"), 1e-9);
        assert_close(number_at(row, "p"), number_at(want, "p"), 1e-8);
    }
}

static void same_matrix(const lb_value *got, const lb_value *want)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        for (size_t j = 0; j < want->count; j++) assert_close(lb_number_of(got->item[i]->item[j]), lb_number_of(want->item[i]->item[j]), 1e-9);
    }
}

/* emmeans' rows against ours, in their order. */
static void same_rows(const lb_value *got, const lb_value *want, const char *estimate)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        static const char *const ours[] = {"se", "df", "lower", "upper"}, *const theirs[] = {"SE", "df", "lower.CL", "upper.CL"};
        assert_close(number_at(got->item[i], "estimate"), lb_get_number(want->item[i], estimate, NAN), 1e-9);
        for (size_t k = 0; k < LB_COUNT(ours); k++) { /* their names have dots, which paths do not */
            assert_close(number_at(got->item[i], ours[k]), lb_get_number(want->item[i], theirs[k], NAN), 1e-9);
        }
    }
}

static void same_fit(const lb_value *got, const lb_value *want)
{
    assert_close(number_at(got, "loglik"), number_at(want, "logLik"), 1e-12);
    assert_close(number_at(got, "aic"), number_at(want, "AIC"), 1e-12);
    assert_close(number_at(got, "bic"), number_at(want, "BIC"), 1e-12);
    same_matrix(lb_get(got, "covariance"), lb_path(want, "Sigma.values"));
}

static void test_fev_unstructured(void **state)
{
    (void)state;
    const lb_value *want = expected("trialstats/mmrm_fev.json", "results");
    lb_value *got = FIT(fev(), FEV_FORMULA);
    same_fit(got, lb_get(want, "satterthwaite"));
    same_coefficients(got, lb_path(want, "satterthwaite.coef"));
    same_rows(lb_get(got, "means"), lb_path(want, "emmeans_satterthwaite.lsmeans"), "emmean");
    same_rows(lb_get(got, "contrasts"), lb_path(want, "emmeans_satterthwaite.contrasts"), "estimate");
    got = FIT(fev(), FEV_FORMULA, "df", "kr", "means", "proportional");
    same_coefficients(got, lb_path(want, "kr_linear.coef"));
    same_rows(lb_get(got, "means"), lb_path(want, "emmeans_kr_linear.lsmeans_proportional"), "emmean");
    same_rows(lb_get(got, "contrasts"), lb_path(want, "emmeans_kr_linear.contrasts"), "estimate");
    got = FIT(fev(), FEV_FORMULA, "method", "ml");
    same_fit(got, lb_get(want, "ml"));
    same_coefficients(got, lb_path(want, "ml.coef"));
}

static void test_fev_structures(void **state)
{
    (void)state;
    const lb_value *all = expected("trialstats/mmrm_fev.json", "results.covariance_structures");
    assert_int_equal(all->count, 8);
    for (size_t s = 0; s < all->count; s++) {
        lb_value *got = FIT(fev(), FEV_FORMULA, "covariance", all->key[s]);
        const lb_value *contrasts = lb_get(got, "contrasts"), *want = all->item[s];
        same_fit(got, want);
        lb_value *last = lb_value_array(arena);
        lb_push(last, contrasts->item[contrasts->count - 1]);
        same_rows(last, lb_get(want, "ARM_at_VIS4"), "estimate");
    }
}

/* SAS stops its iterations earlier: estimate 1e-5, standard error 2e-4, df 5e-4; the tight optima of R to the end. */
static void test_fev_sas(void **state)
{
    (void)state;
    const lb_value *want = expected("trialstats/mmrm_fev_sas.json", "results");
    const lb_value *tight = lb_get(want, "tight"), *sas = lb_get(want, "sas");
    size_t compared = 0;
    for (size_t s = 0; s < tight->count; s++) {
        const char *name = tight->key[s];
        lb_value *kr = FIT(fev(), "formula", "FEV1 ~ ARMCD", FEV, "covariance", name, "df", "kr");
        same_coefficients(kr, lb_get(tight->item[s], "coef"));
        assert_close(number_at(kr, "loglik"), number_at(tight->item[s], "logLik"), 1e-12);
        same_coefficients(FIT(fev(), "formula", "FEV1 ~ ARMCD", FEV, "covariance", name), lb_get(tight->item[s], "satterthwaite"));
        for (size_t i = 0; i < sas->count; i++) {
            const lb_value *row = sas->item[i];
            bool linear = !strcmp(name, "us") || !strcmp(name, "cs") || !strcmp(name, "toep");
            if (strcmp(lb_get_text(row, "covariance", ""), name) != 0) continue;
            if (!linear && strcmp(lb_get_text(row, "ddfm", ""), "kr(linear)") != 0) continue;
            compared++;
            assert_close(number_at(kr, "contrasts[0].estimate"), number_at(row, "estimate"), 1e-5);
            assert_close(number_at(kr, "contrasts[0].se"), number_at(row, "se"), 2e-4);
            assert_close(number_at(kr, "contrasts[0].df"), number_at(row, "df"), 5e-4);
        }
    }
    assert_true(compared >= 8);
}

/* One row per person and visit from the two tables of the simulated trial. */
static lb_table *trial(void)
{
    const char *path = shared_data("trialstats/metnlbp_sim_a_baseline.csv");
    if (!path) skip();
    lb_table *people = read_table(path, false, NULL);
    lb_table *visits = read_table(shared_data("trialstats/metnlbp_sim_a_long.csv"), false, NULL);
    size_t *row = lb_arena_array(arena, visits->rows, sizeof *row);
    const lb_column *id = lb_table_find(visits, "id"), *who = lb_table_find(people, "id");
    for (size_t i = 0; i < visits->rows; i++) {
        while (strcmp(id->level[id->code[i]], who->level[who->code[row[i]]]) != 0) row[i]++;
    }
    lb_table *found = lb_table_rows(people, row, visits->rows, arena);
    lb_table *joined = lb_arena_alloc(arena, sizeof *joined);
    *joined = *visits;
    joined->column = lb_arena_array(arena, visits->columns + found->columns + 1, sizeof *joined->column);
    memcpy(joined->column, visits->column, visits->columns * sizeof *joined->column);
    for (size_t c = 0; c < found->columns; c++) {
        if (strcmp(found->column[c].name, "id") != 0) joined->column[joined->columns++] = found->column[c];
    }
    return joined;
}

static void test_simulated_trial(void **state)
{
    (void)state;
    const lb_value *want = expected("trialstats/sap_metnlbp_sim_a.json", "results");
#define SAP "formula", "I(odi - odi0) ~ odi0 * visit + sex + centre + arm * visit", "subject", "id", "visit", "visit", "visits", \
            "W6,M1,M3,M6,M12", "treatment", "arm", "reference", "CONTROL"
    lb_table *table = trial();
    lb_value *got = FIT(table, SAP, "df", "kr");
    same_fit(got, lb_get(want, "mmrm_kr_linear"));
    same_coefficients(got, lb_path(want, "mmrm_kr_linear.coef"));
    same_rows(lb_get(got, "means"), lb_get(want, "mmrm_lsmeans_kr"), "emmean");
    same_rows(lb_get(got, "contrasts"), lb_get(want, "mmrm_contrasts_kr_linear"), "estimate");
    got = FIT(table, SAP);
    same_rows(lb_get(got, "contrasts"), lb_get(want, "mmrm_contrasts_satterthwaite"), "estimate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fev_unstructured),
        cmocka_unit_test(test_fev_structures),
        cmocka_unit_test(test_fev_sas),
        cmocka_unit_test(test_simulated_trial),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
