/* Reading, scoring and explaining models of XGBoost and LightGBM, against ../shared/data/learn/ref: margins bit for bit,
 * contributions of both libraries, interventional values by enumeration. */
#include "predict_tables.h"

/* Result of an operation on a shared model and table. */
static lb_result *run_model(lb_registry *registry, const char *verb, const char *model, lb_table *table, lb_table *background, const char *flag, lb_arena *arena)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    lb_result *result = NULL;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "predict", verb));
    const char *path = shared_data(lb_arena_printf(arena, "learn/ref/%s", model));
    assert_non_null(path);
    assert_int_equal(lb_file_read(path, 0, arena, &bytes, &err), 0);
    assert_int_equal(lb_call_bind(call, "model", &bytes, &err), 0);
    assert_int_equal(lb_call_bind_table(call, "data", table, &err), 0);
    if (background) assert_int_equal(lb_call_bind_table(call, "background", background, &err), 0);
    if (flag) assert_int_equal(lb_call_set(call, flag, "true", &err), 0);
    if (lb_call_run(call, &result, &err)) fail_msg("%s: %s", err.where, err.message);
    lb_call_free(call);
    return result;
}

static lb_table *some_rows(const lb_table *table, size_t first, size_t count, lb_arena *arena)
{
    size_t *row = lb_arena_array(arena, count, sizeof *row);
    for (size_t i = 0; i < count; i++) row[i] = first + i;
    return lb_table_rows(table, row, count, arena);
}

/* Values in the order of the features, then the base. */
static void check_values(const lb_value *got, const lb_value *expected, double tolerance)
{
    const lb_value *values = lb_get(got, "values");
    assert_int_equal(values->count + 1, expected->count);
    for (size_t j = 0; j < expected->count; j++) {
        double mine = j < values->count ? lb_number_of(values->item[j]) : number_at(got, "base"), theirs = lb_number_of(expected->item[j]);
        if (!(fabs(mine - theirs) <= tolerance)) fail_msg("value %zu: got %.17g, expected %.17g", j, mine, theirs);
    }
}

/* Pairs of XGBoost: feature by feature, its last line and column the base alone. */
static void check_interactions(lb_registry *registry, const char *model, lb_table *table, const lb_value *expected, lb_arena *arena)
{
    lb_result *r = run_model(registry, "explain", model, some_rows(table, 0, expected->count, arena), NULL, "interactions", arena);
    for (size_t i = 0; i < expected->count; i++) {
        const lb_value *row = lb_get(r->results, "contributions")->item[i], *pairs = lb_get(row, "interactions"), *wanted = expected->item[i];
        assert_int_equal(wanted->count, pairs->count + 1);
        for (size_t j = 0; j < wanted->count; j++)
            for (size_t k = 0; k < wanted->count; k++) {
                double theirs = lb_number_of(wanted->item[j]->item[k]);
                double mine = j < pairs->count && k < pairs->count ? lb_number_of(pairs->item[j]->item[k]) : j == k ? number_at(row, "base") : 0;
                if (!(fabs(mine - theirs) <= 1e-5 * fmax(1, fabs(theirs)))) fail_msg("%s, row %zu, pair %zu %zu: %.9g, expected %.9g", model, i + 1, j + 1, k + 1, mine, theirs);
            }
    }
    lb_result_free(r);
}

/* Gain of all splits on each feature that has some. */
static void check_gain(const lb_value *importance, const lb_value *expected)
{
    size_t met = 0;
    for (size_t j = 0; j < importance->count; j++) {
        const lb_value *row = importance->item[j], *theirs = lb_get(expected, lb_get_text(row, "feature", ""));
        if (!theirs) {
            assert_true(number_at(row, "splits") == 0 && number_at(row, "total_gain") == 0);
            continue;
        }
        assert_close(number_at(row, "total_gain"), lb_number_of(theirs), 1e-6);
        met++;
    }
    assert_int_equal(met, expected->count);
}

static void check_model(lb_registry *registry, const lb_value *expected, const char *margins, double tolerance, lb_arena *arena)
{
    const char *data = lb_get_text(expected, "data", ""), *model = lb_get_text(expected, "model", "");
    lb_table *all = shared_table(lb_arena_printf(arena, "learn/datasets/%.*s", (int)strcspn(data, " "), data), arena);
    const lb_value *margin = lb_get(expected, margins), *contribs = lb_get(expected, "contribs");
    lb_table *table = some_rows(all, 0, margin->count, arena);
    lb_result *scored = run_model(registry, "score", model, table, NULL, "leaves", arena);
    assert_int_equal((int)number_at(expected, "n"), (int)all->rows);
    for (size_t i = 0; i < margin->count; i++) {
        const lb_value *row = lb_get(scored->results, "scores")->item[i];
        assert_true(number_at(row, "margin") == lb_number_of(margin->item[i])); /* the same bits */
        assert_close(number_at(row, "score"), lb_number_of(lb_get(expected, "pred")->item[i]), strcmp(margins, "raw") ? 1e-6 : 1e-15);
        const lb_value *leaf = lb_get(row, "leaf"), *leaves = lb_get(expected, "leaf")->item[i];
        assert_int_equal(leaf->count, leaves->count);
        for (size_t t = 0; t < leaf->count; t++) assert_true(lb_number_of(leaf->item[t]) == lb_number_of(leaves->item[t]));
    }
    lb_result *explained = run_model(registry, "explain", model, table, NULL, NULL, arena);
    assert_int_equal((int)number_at(expected, "p"), (int)lb_get(explained->results, "importance")->count);
    for (size_t i = 0; i < contribs->count; i++) check_values(lb_get(explained->results, "contributions")->item[i], contribs->item[i], tolerance);
    if (lb_get(expected, "gain_importance")) check_gain(lb_get(explained->results, "importance"), lb_get(expected, "gain_importance"));
    if (lb_get(expected, "interactions_first3")) check_interactions(registry, model, table, lb_get(expected, "interactions_first3"), arena);
    lb_result_free(scored);
    lb_result_free(explained);
}

static void library_models(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_value *xgboost = shared_json("learn/ref/xgboost.json", arena), *lightgbm = shared_json("learn/ref/lightgbm.json", arena);
    if (!xgboost || !lightgbm) skip();
    assert_true(xgboost->count >= 4 && lightgbm->count >= 4);
    for (size_t i = 0; i < xgboost->count; i++) check_model(registry, xgboost->item[i], "margin", 1e-5, arena);
    for (size_t i = 0; i < lightgbm->count; i++) check_model(registry, lightgbm->item[i], "raw", 1e-12, arena);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

static void interventional(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_value *all = shared_json("learn/ref/shap_interventional.json", arena);
    if (!all) skip();
    assert_true(all->count >= 4);
    for (size_t i = 0; i < all->count; i++) {
        const lb_value *expected = all->item[i], *values = lb_get(expected, "interventional_rows1to3");
        const char *model = lb_get_text(expected, "model", "");
        lb_table *table = shared_table(lb_arena_printf(arena, "learn/datasets/%s", lb_get_text(expected, "data", "")), arena);
        lb_result *run = run_model(registry, "explain", model, some_rows(table, 0, values->count, arena), some_rows(table, 100, 20, arena), NULL, arena);
        for (size_t k = 0; k < values->count; k++)
            check_values(lb_get(run->results, "contributions")->item[k], values->item[k], lb_text_starts(model, "lgbm") ? 1e-12 : 1e-6);
        lb_result_free(run);
    }
    lb_registry_free(registry);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(library_models), cmocka_unit_test(interventional)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
