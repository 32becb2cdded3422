/* Leaf-wise boosting against the model texts of ../shared/data/learn/ref: every tree, to the last digit. */
#include "predict_tables.h"

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

/* The reference's parameters but for those that only say how LightGBM runs. */
static size_t parameters(const lb_value *params, const char **pairs, lb_arena *arena)
{
    static const char *const how[] = {"num_threads", "deterministic", "force_col_wise", "precise_float_parser", "verbosity", "saved_feature_importance_type"};
    size_t n = 0;
    for (size_t i = 0; i < params->count; i++) {
        bool runs = false;
        for (size_t k = 0; k < LB_COUNT(how); k++) runs = runs || strcmp(params->key[i], how[k]) == 0;
        if (runs) continue;
        pairs[n++] = params->key[i];
        pairs[n++] = params->item[i]->type == LB_STRING ? params->item[i]->text : lb_number_text(lb_number_of(params->item[i]), lb_arena_array(arena, 32, 1));
    }
    return n;
}

static void same_trees(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("learn/ref/lightgbm.json", arena);
    if (!all) skip();
    lb_registry *registry = lb_registry_all();
    assert_int_equal(all->count, 4);
    for (size_t i = 0; i < all->count; i++) {
        const lb_value *c = all->item[i];
        const char *data = lb_get_text(c, "data", "");
        lb_table *table = shared_table(lb_arena_printf(arena, "learn/datasets/%.*s", (int)strcspn(data, " "), data), arena);
        const char *path = shared_data(lb_arena_printf(arena, "learn/ref/%s", lb_get_text(c, "model", "")));
        lb_error err = LB_ERROR_INIT;
        lb_bytes model;
        assert_int_equal(lb_file_read(path, 0, arena, &model, &err), 0);
        const char *pairs[32] = {"outcome", lb_table_find(table, "metastatic") ? "metastatic" : "y", "features", features_of(&model, arena)};
        parameters(lb_get(c, "params"), pairs + 4, arena);
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
