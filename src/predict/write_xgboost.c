/* XGBoost's model JSON (schema of version 1.7) from trees of single precision. */
#include "predict/convert.h"

#include <math.h>
#include <string.h>

/* The probability whose logit, taken as XGBoost does, is the base; false when no float gives exactly that. */
static bool base_probability(double base, double *out)
{
    float p = (float)(1 / (1 + exp(-base)));
    for (int step = -8; step <= 8; step++) {
        float q = p;
        for (int k = 0; k < (step < 0 ? -step : step); k++) q = nextafterf(q, step < 0 ? 0.0f : 1.0f);
        if (q > 0 && q < 1 && -logf(1.0f / q - 1.0f) == (float)base) {
            *out = (double)q;
            return true;
        }
    }
    *out = (double)p;
    return false;
}

static void write_tree(const lb_score_tree *t, size_t id, size_t features, lb_value *out)
{
    static const char *const empty[] = {"categories", "categories_nodes", "categories_segments", "categories_sizes"};
    static const char *const lists[] = {"base_weights", "default_left", "left_children", "loss_changes", "parents", "right_children", "split_conditions", "split_indices", "split_type", "sum_hessian"};
    lb_value *list[LB_COUNT(lists)];
    int32_t *parent = lb_arena_array(out->arena, t->nodes, sizeof *parent);
    for (size_t i = 0; i < t->nodes; i++)
        if (t->node[i].feature >= 0) parent[t->node[i].left] = parent[t->node[i].right] = (int32_t)i;
    parent[0] = INT32_MAX;
    for (size_t k = 0; k < LB_COUNT(empty); k++) (void)lb_set_array(out, empty[k]);
    for (size_t k = 0; k < LB_COUNT(lists); k++) list[k] = lb_set_array(out, lists[k]);
    lb_set_int(out, "id", (int64_t)id);
    for (size_t i = 0; i < t->nodes; i++) {
        const lb_score_node *n = &t->node[i];
        bool leaf = n->feature < 0;
        lb_push_number(list[0], leaf ? n->value : 0);
        lb_push_int(list[1], !leaf && n->default_left);
        lb_push_int(list[2], leaf ? -1 : n->left);
        lb_push_number(list[3], 0);
        lb_push_int(list[4], parent[i]);
        lb_push_int(list[5], leaf ? -1 : n->right);
        lb_push_number(list[6], leaf ? n->value : n->threshold);
        lb_push_int(list[7], leaf ? 0 : n->feature);
        lb_push_int(list[8], 0);
        lb_push_number(list[9], n->cover);
    }
    lb_value *param = lb_set_object(out, "tree_param");
    lb_set_text(param, "num_deleted", "0");
    lb_set_textf(param, "num_feature", "%zu", features);
    lb_set_textf(param, "num_nodes", "%zu", t->nodes);
    lb_set_text(param, "size_leaf_vector", "0");
}

bool lb_write_xgboost(const lb_score_forest *f, bool logistic, const char *const *name, lb_arena *arena, lb_buf *out)
{
    double base = f->base;
    bool exact = !logistic || base_probability(f->base, &base);
    char number[32];
    lb_value *root = lb_value_object(arena), *learner = lb_set_object(root, "learner");
    (void)lb_set_object(learner, "attributes");
    lb_value *names = lb_set_array(learner, "feature_names");
    for (size_t j = 0; j < f->features; j++) lb_push_text(names, name[j]);
    (void)lb_set_array(learner, "feature_types");
    lb_value *booster = lb_set_object(learner, "gradient_booster"), *model = lb_set_object(booster, "model"), *param = lb_set_object(model, "gbtree_model_param");
    lb_set_text(booster, "name", "gbtree");
    lb_set_text(param, "num_parallel_tree", "1");
    lb_set_textf(param, "num_trees", "%zu", f->trees);
    lb_set_text(param, "size_leaf_vector", "0");
    lb_value *info = lb_set_array(model, "tree_info"), *trees = lb_set_array(model, "trees");
    for (size_t t = 0; t < f->trees; t++) {
        lb_push_int(info, 0);
        write_tree(&f->tree[t], t, f->features, lb_push_object(trees));
    }
    lb_value *params = lb_set_object(learner, "learner_model_param"), *objective = lb_set_object(learner, "objective");
    lb_set_text(params, "base_score", lb_arena_text(arena, lb_number_text(base, number)));
    lb_set_text(params, "num_class", "0");
    lb_set_textf(params, "num_feature", "%zu", f->features);
    lb_set_text(params, "num_target", "1");
    lb_set_text(objective, "name", logistic ? "binary:logistic" : "reg:squarederror");
    lb_set_text(lb_set_object(objective, "reg_loss_param"), "scale_pos_weight", "1");
    lb_value *version = lb_set_array(root, "version");
    lb_push_int(version, 1), lb_push_int(version, 7), lb_push_int(version, 4);
    lb_json_write(root, 0, out);
    lb_buf_putc(out, '\n');
    return exact;
}
