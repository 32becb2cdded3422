/* Leaf-wise boosting against the model texts of ../shared/data/learn/ref: every tree, to the last digit. */
#include "predict_tables.h"

typedef struct case_of {
    const char *data, *model, *outcome, *objective;
    const char *more[10];
} case_of;

static const case_of cases[] = {
    {"wdbc", "lgbm_wdbc.txt", "y", "binary", {"num_iterations", "20"}},
    {"pima768_missing", "lgbm_pima_missing.txt", "y", "binary",
     {"num_iterations", "40", "learning_rate", "0.05", "num_leaves", "15", "min_data_in_leaf", "10", "lambda_l2", "1"}},
    {"sln_radiomics", "lgbm_sln.txt", "metastatic", "binary", {"num_iterations", "15", "num_leaves", "7", "min_data_in_leaf", "5", "is_unbalance", "true"}},
    {"diabetes", "lgbm_diabetes.txt", "y", "regression", {"num_iterations", "20", "num_leaves", "7"}}};

/* The names after feature_names=, as a comma list. */
static char *features_of(const lb_bytes *model, lb_arena *arena)
{
    const char *text = lb_arena_textn(arena, (const char *)model->data, model->length), *at = strstr(text, "\nfeature_names=");
    assert_non_null(at);
    at += strlen("\nfeature_names=");
    char *list = lb_arena_textn(arena, at, strcspn(at, "\n"));
    for (char *c = list; *c; c++)
        if (*c == ' ') *c = ',';
    return list;
}

static void same_trees(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        const case_of *c = &cases[i];
        lb_table *table = shared_table(lb_arena_printf(arena, "learn/datasets/%s.csv", c->data), arena);
        const char *path = shared_data(lb_arena_printf(arena, "learn/ref/%s", c->model));
        if (!table || !path) skip();
        lb_error err = LB_ERROR_INIT;
        lb_bytes model;
        assert_int_equal(lb_file_read(path, 0, arena, &model, &err), 0);
        const char *pairs[20] = {"outcome", c->outcome, "objective", c->objective, "features", features_of(&model, arena)};
        memcpy(pairs + 6, c->more, sizeof c->more);
        lb_result *run = run_on(registry, "leafwise", table, pairs);
        assert_int_equal(run->artifact_count, 1);
        const char *mine = run->artifact[0].data;
        size_t length = run->artifact[0].length;
        assert_true(length > 1000 && length <= model.length);
        assert_memory_equal(mine, model.data, length);
        assert_true(strstr(mine, "end of trees\n") == mine + length - strlen("end of trees\n"));
        lb_result_free(run);
    }
    lb_registry_free(registry);
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_trees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
