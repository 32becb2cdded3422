/* Lasso, elastic net and ridge against the exact optima and the cross-validation of ../shared/data/learn/ref/glmnet.json. */
#include "predict_tables.h"

typedef struct case_of {
    const char *key, *file, *outcome, *prefix;
} case_of;

static const case_of cases[] = {
    {"diabetes_gaussian_lasso", "diabetes", "y", ""},    {"diabetes_gaussian_enet05", "diabetes", "y", ""},
    {"diabetes_gaussian_ridge", "diabetes", "y", ""},    {"wdbc_binomial_lasso", "wdbc", "y", ""},
    {"wdbc_binomial_enet05", "wdbc", "y", ""},           {"sln_binomial_lasso", "sln_radiomics", "metastatic", "original_"},
    {"sim_binomial_lasso", "sim_radiomics_n220_p1000", "y", ""}};

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

/* The exact optimum; and glmnet's own point, which the reference says is so far from it. */
static void check_point(const lb_value *got, const lb_value *expected, const char *const *name)
{
    const lb_value *index = lb_get(expected, "nz_index"), *exact = lb_get(expected, "exact_nz_beta"), *theirs = lb_get(expected, "nz_beta"), *beta = lb_get(got, "coefficients");
    double far = 0;
    assert_close(number_at(got, "lambda"), number_at(expected, "lambda"), 1e-12);
    assert_close(number_at(got, "intercept"), number_at(expected, "exact_a0"), 1e-10);
    assert_true(fabs(number_at(got, "deviance_ratio") - number_at(expected, "dev_ratio")) < 1e-6); /* of glmnet's own point */
    assert_true(number_at(expected, "kkt_max_rel") < 1e-12 && number_at(expected, "sign_flips") == 0);
    assert_int_equal(beta->count, index->count);
    assert_int_equal((int)number_at(expected, "df"), (int)index->count);
    for (size_t i = 0; i < index->count; i++) {
        double mine = lb_get_number(beta, name[(size_t)lb_number_of(index->item[i]) - 1], NAN);
        assert_close(mine, lb_number_of(exact->item[i]), 1e-10);
        far = fmax(far, fabs(mine - lb_number_of(theirs->item[i])));
    }
    double said = number_at(expected, "glmnet_max_abs_diff");
    if (fabs(far - said) > 1e-6 * said + 1e-10) fail_msg("index %g: glmnet is %.3g from our optimum, %.3g by the reference", number_at(expected, "index"), far, said);
    assert_true(fabs(number_at(got, "intercept") - number_at(expected, "a0")) <= 1e-3 * fabs(number_at(expected, "a0")) + 1e-9);
}

/* glmnet stops at its default tolerance along the path; its first ridge penalty stands for an infinite one. */
static void check_path(const lb_value *got, const lb_value *expected)
{
    const lb_value *path = lb_get(got, "path"), *lambda = lb_get(expected, "lambda"), *ratio = lb_get(expected, "dev_ratio_default"), *df = lb_get(expected, "df_default");
    bool ridge = number_at(expected, "alpha") == 0;
    if (fabs((double)path->count - number_at(expected, "nlambda_returned")) > 3) fail_msg("the path has %zu points, by glmnet %g", path->count, number_at(expected, "nlambda_returned"));
    assert_int_equal(lambda->count, (size_t)number_at(expected, "nlambda_returned"));
    assert_close(number_at(got, "null_deviance"), number_at(expected, "nulldev"), 1e-12);
    for (size_t k = 0; k < path->count && k < lambda->count; k++) {
        const lb_value *row = path->item[k];
        double many = number_at(row, "nonzero"), share = lb_number_of(ratio->item[k]);
        assert_close(number_at(row, "lambda"), lb_number_of(lambda->item[k]), 1e-12);
        if (ridge && !k) continue;
        if (fabs(number_at(row, "deviance_ratio") - share) > 2e-3) fail_msg("penalty %zu: deviance ratio %.6f, by glmnet %.6f", k + 1, number_at(row, "deviance_ratio"), share);
        if (fabs(many - lb_number_of(df->item[k])) > fmax(2, 0.15 * many)) fail_msg("penalty %zu: %g columns, by glmnet %g", k + 1, many, lb_number_of(df->item[k]));
    }
}

/* glmnet's folds stop at its default tolerance, as ours do: means agree to what the reference allows, choices to one step. */
static void check_cv(const lb_value *got, const lb_value *expected, const lb_value *path, const char *loss)
{
    static const char *const kinds[] = {"min", "1se"};
    const lb_value *lambda = lb_get(expected, "lambda"), *mean = lb_get(got, "mean"), *sd = lb_get(got, "sd"), *cvm = lb_get(expected, "cvm"), *cvsd = lb_get(expected, "cvsd");
    bool counts = strcmp(loss, "class") == 0 || strcmp(loss, "auc") == 0; /* ranks and misclassifications jump where curves cross */
    for (size_t k = 0; k < LB_COUNT(kinds); k++) {
        char index[16], name[16];
        snprintf(index, sizeof index, "index_%s", kinds[k]), snprintf(name, sizeof name, "lambda_%s", kinds[k]);
        long mine = (long)number_at(got, index), theirs = (long)number_at(expected, index);
        if (labs(mine - theirs) > 1) fail_msg("%s: %s is %ld, by glmnet %ld", loss, index, mine, theirs);
        assert_close(number_at(expected, name), lb_number_of(lambda->item[theirs - 1]), 1e-12);
        assert_close(number_at(got, name), lb_number_of(lambda->item[mine - 1]), 1e-12);
    }
    size_t best = (size_t)number_at(expected, "index_min");
    for (size_t i = 0; i < mean->count && i < cvm->count; i++) { /* where the fit matters to half a per cent; at the small end glmnet is itself up to 5 % off */
        double m = lb_number_of(cvm->item[i]), s = lb_number_of(cvsd->item[i]), many = number_at(path->item[i], "nonzero"), theirs = lb_number_of(lb_get(expected, "nzero")->item[i]);
        assert_close(lb_number_of(lb_get(got, "lambda")->item[i]), lb_number_of(lambda->item[i]), 1e-12);
        if (counts && i >= best + 5) continue; /* and where fits are nearly separated, ranks are chance */
        if (fabs(lb_number_of(mean->item[i]) - m) > (i < best + 5 ? 0.005 : 0.05) * m + (counts ? 0.02 : 0)) fail_msg("%s, penalty %zu: mean %.6f, by glmnet %.6f", loss, i + 1, lb_number_of(mean->item[i]), m);
        if (fabs(lb_number_of(sd->item[i]) - s) > 0.1 * s + (counts ? 0.02 : 0)) fail_msg("%s, penalty %zu: sd %.6f, by glmnet %.6f", loss, i + 1, lb_number_of(sd->item[i]), s);
        if (fabs(many - theirs) > fmax(2, 0.15 * many)) fail_msg("%s, penalty %zu: %g columns, by glmnet %g", loss, i + 1, many, theirs);
    }
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
    char *list = features_of(table, c, name), alpha[32];
    lb_registry *registry = lb_registry_all();
    size_t p = 1;
    lb_number_text(number_at(expected, "alpha"), alpha);
    for (const char *at = list; *at; at++) p += *at == ',';
    assert_int_equal((int)number_at(expected, "n"), (int)table->rows);
    assert_int_equal((int)number_at(expected, "p"), (int)p);
    assert_true(lb_get(expected, "standardize")->boolean && lb_get(expected, "intercept")->boolean);
    for (size_t k = 0; k < (cv ? cv->count : 1); k++) {
        const char *pairs[] = {"outcome", c->outcome, "features", list, "family", family, "alpha", alpha, cv ? "foldid" : NULL, "the_fold", "loss", cv ? cv->key[k] : "", NULL};
        lb_table *rows = table;
        if (cv) {
            const lb_value *fold = lb_get(cv->item[k], "foldid");
            rows = copy_of(table, arena);
            lb_column *column = lb_table_add_number(rows, "the_fold");
            assert_int_equal(fold->count, rows->rows);
            for (size_t i = 0; i < fold->count; i++) column->number[i] = lb_number_of(fold->item[i]);
        }
        lb_result *run = run_on(registry, "lasso", rows, pairs);
        assert_string_equal(run->status, "ok");
        assert_true(number_at(run->results, "kkt_max_violation") < 1e-12);
        if (!k) check_path(run->results, expected);
        for (size_t i = 0; i < points->count && !k; i++)
            check_point(lb_path(run->results, lb_arena_printf(arena, "path[%d]", (int)number_at(points->item[i], "index") - 1)), points->item[i], name);
        if (cv) check_cv(lb_get(run->results, "cv"), cv->item[k], lb_get(run->results, "path"), cv->key[k]);
        lb_result_free(run);
    }
    lb_registry_free(registry);
    free(list);
}

static void paths_and_cross_validation(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/glmnet.json", arena);
    if (!all) skip();
    assert_int_equal(all->count, LB_COUNT(cases));
    for (size_t i = 0; i < LB_COUNT(cases); i++) check_case(&cases[i], all, arena);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths_and_cross_validation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
