/* Lasso, elastic net and ridge against the exact optima and the cross-validation of ../shared/data/learn/ref/glmnet.json. */
#include "predict_tables.h"

typedef struct case_of {
    const char *key, *file, *outcome, *alpha, *prefix;
} case_of;

static const case_of cases[] = {
    {"diabetes_gaussian_lasso", "diabetes", "y", "1", ""},   {"diabetes_gaussian_enet05", "diabetes", "y", "0.5", ""},
    {"diabetes_gaussian_ridge", "diabetes", "y", "0", ""},   {"wdbc_binomial_lasso", "wdbc", "y", "1", ""},
    {"wdbc_binomial_enet05", "wdbc", "y", "0.5", ""},        {"sln_binomial_lasso", "sln_radiomics", "metastatic", "1", "original_"},
    {"sim_binomial_lasso", "sim_radiomics_n220_p1000", "y", "1", ""}};

/* The features in the file's order, as a comma list and one by one. */
static char *features_of(const lb_table *table, const case_of *c, const char **name)
{
    lb_buf list = {0};
    size_t count = 0;
    for (size_t j = 0; j < table->columns; j++) {
        const char *n = table->column[j].name;
        if (strcmp(n, c->outcome) == 0 || !lb_text_starts(n, c->prefix)) continue;
        lb_buf_printf(&list, "%s%s", count ? "," : "", n);
        name[count++] = n;
    }
    return list.data;
}

static void check_point(const lb_value *got, const lb_value *expected, const char *const *name)
{
    const lb_value *index = lb_get(expected, "nz_index"), *exact = lb_get(expected, "exact_nz_beta"), *beta = lb_get(got, "coefficients");
    assert_close(number_at(got, "lambda"), number_at(expected, "lambda"), 1e-12);
    assert_close(number_at(got, "intercept"), number_at(expected, "exact_a0"), 1e-10);
    assert_int_equal(beta->count, index->count);
    for (size_t i = 0; i < index->count; i++)
        assert_close(lb_get_number(beta, name[(size_t)lb_number_of(index->item[i]) - 1], NAN), lb_number_of(exact->item[i]), 1e-10);
}

/* glmnet's folds stop at its default tolerance, as ours do: means agree where the fit matters, choices to one step. */
static void check_cv(const lb_value *got, const lb_value *expected)
{
    long at = (long)number_at(expected, "index_min");
    assert_in_range((long)number_at(got, "index_min"), at - 1, at + 1);
    assert_in_range((long)number_at(got, "index_1se"), (long)number_at(expected, "index_1se") - 1, (long)number_at(expected, "index_1se") + 1);
    const lb_value *mean = lb_get(got, "mean"), *wanted = lb_get(expected, "cvm");
    for (size_t i = 0; i < mean->count && i < (size_t)at + 5; i++)
        assert_close(lb_number_of(mean->item[i]), lb_number_of(wanted->item[i]), 0.006);
}

static lb_table *copy_of(const lb_table *table, lb_arena *arena)
{
    size_t *row = lb_arena_array(arena, table->rows, sizeof *row);
    for (size_t i = 0; i < table->rows; i++) row[i] = i;
    return lb_table_rows(table, row, table->rows, arena);
}

static void check_case(const case_of *c, const lb_value *all, lb_arena *arena)
{
    const lb_value *expected = lb_get(all, c->key), *cv = lb_get(expected, "cv"), *points = lb_get(expected, "converged");
    lb_table *table = shared_table(lb_arena_printf(arena, "learn/datasets/%s.csv", c->file), arena);
    const char **name = lb_arena_array(arena, table->columns, sizeof *name), *family = lb_get_text(expected, "family", "");
    char *list = features_of(table, c, name);
    lb_registry *registry = lb_registry_all();
    const char *pairs[] = {"outcome", c->outcome, "features", list, "family", family, "alpha", c->alpha, cv ? "foldid" : NULL, "the_fold", "loss", cv ? cv->key[0] : "", NULL};
    if (cv) {
        const lb_value *fold = lb_get(cv->item[0], "foldid");
        table = copy_of(table, arena);
        lb_column *column = lb_table_add_number(table, "the_fold");
        for (size_t k = 0; k < fold->count; k++) column->number[k] = lb_number_of(fold->item[k]);
    }
    lb_result *run = run_on(registry, "lasso", table, pairs);
    assert_string_equal(run->status, "ok");
    assert_true(number_at(run->results, "kkt_max_violation") < 1e-12);
    for (size_t i = 0; i < points->count; i++)
        check_point(lb_path(run->results, lb_arena_printf(arena, "path[%d]", (int)number_at(points->item[i], "index") - 1)), points->item[i], name);
    if (cv) check_cv(lb_get(run->results, "cv"), cv->item[0]);
    lb_result_free(run);
    lb_registry_free(registry);
    free(list);
}

static void paths_and_cross_validation(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/glmnet.json", arena);
    if (!all) skip();
    for (size_t i = 0; i < LB_COUNT(cases); i++) check_case(&cases[i], all, arena);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths_and_cross_validation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
