/* XGBoost's model JSON (gbtree, one output): arrays per tree as documented in its model schema. */
#include "predict/model.h"

#include <math.h>
#include <string.h>

static int refuse(lb_error *err, const char *what, const char *hint)
{
    int code = lb_fail(err, LB_BAD_DATA, "%s", what);
    lb_error_where(err, "model (XGBoost JSON)");
    lb_error_hint(err, "%s", hint);
    return code;
}

/* Numbers are written as text in the parameters: "5E-1", later versions "[5E-1]". */
static double number_in(const lb_value *object, const char *key, double fallback)
{
    const char *text = lb_get_text(object, key, NULL);
    double number;
    if (!text) return lb_get_number(object, key, fallback);
    size_t length = strlen(text);
    if (length >= 2 && text[0] == '[') text++, length -= 2;
    return lb_text_number(text, length, &number) ? number : fallback;
}

static double element(const lb_value *tree, const char *key, size_t i)
{
    const lb_value *array = lb_get(tree, key);
    if (!array || array->type != LB_ARRAY || i >= array->count) return NAN;
    return array->item[i]->type == LB_BOOL ? array->item[i]->boolean : lb_number_of(array->item[i]);
}

static int32_t whole(double value) { return value >= 0 && value < 2147483647.0 && value == floor(value) ? (int32_t)value : -1; }

static int read_tree(const lb_value *from, const lb_model *model, size_t index, lb_arena *arena, lb_score_tree *out, lb_error *err)
{
    const lb_value *left = lb_get(from, "left_children"), *types = lb_get(from, "split_type");
    size_t count = left && left->type == LB_ARRAY ? left->count : 0;
    lb_score_node *node = count ? lb_arena_try(arena, count, sizeof *node) : NULL;
    if (!node) return refuse(err, "a tree without nodes", "the file is damaged: save the model again");
    for (size_t i = 0; i < count; i++) {
        node[i].left = whole(element(from, "left_children", i));
        node[i].right = whole(element(from, "right_children", i));
        node[i].cover = element(from, "sum_hessian", i);
        double split = element(from, "split_conditions", i);
        if (types && element(from, "split_type", i) != 0) return refuse(err, "it splits on categories", "models with numeric splits only are read");
        if (node[i].left < 0) {
            node[i].feature = -1;
            node[i].value = (double)(float)split;
            continue;
        }
        node[i].feature = whole(element(from, "split_indices", i));
        node[i].threshold = (double)(float)split;
        node[i].default_left = element(from, "default_left", i) == 1;
        node[i].missing = LB_SCORE_MISSING_NAN;
        if (node[i].feature < 0) return refuse(err, "a split without a feature", "the file is damaged: save the model again");
        if ((size_t)node[i].feature >= model->features) continue; /* the check of the tree will say so */
        model->gain[node[i].feature] += element(from, "loss_changes", i);
        model->splits[node[i].feature]++;
    }
    *out = (lb_score_tree){count, node};
    return lb_model_check_tree(model, out, index, arena, err);
}

static int read_objective(const lb_value *learner, lb_model *out, lb_error *err)
{
    const char *name = lb_get_text(lb_get(learner, "objective"), "name", "");
    const lb_value *param = lb_get(learner, "learner_model_param");
    double base = number_in(param, "base_score", 0.5);
    if (number_in(param, "num_class", 0) > 1) return refuse(err, "it has several classes", "models with one output are read");
    bool logistic = strcmp(name, "binary:logistic") == 0 || strcmp(name, "reg:logistic") == 0;
    if (!logistic && strcmp(name, "reg:squarederror") != 0 && strcmp(name, "binary:logitraw") != 0)
        return refuse(err, "its objective is none of binary:logistic, binary:logitraw, reg:logistic, reg:squarederror", "train with one of these");
    if (logistic && !(base > 0 && base < 1)) return refuse(err, "its base_score is not a probability", "the file is damaged: save the model again");
    out->link = logistic ? LB_LINK_LOGIT : LB_LINK_IDENTITY;
    if (logistic) base = (double)-logf(1.0f / (float)base - 1.0f);
    out->forest.base = (double)(float)base;
    return 0;
}

static int read_names(const lb_value *learner, lb_arena *arena, lb_model *out, lb_error *err)
{
    const lb_value *names = lb_get(learner, "feature_names");
    double count = number_in(lb_get(learner, "learner_model_param"), "num_feature", NAN);
    if (!(count >= 1 && count <= 1e6)) return refuse(err, "it does not say how many features it has", "the file is damaged: save the model again");
    out->features = out->forest.features = (size_t)count;
    out->feature = lb_arena_array(arena, out->features, sizeof *out->feature);
    out->gain = lb_arena_array(arena, out->features, sizeof *out->gain);
    out->splits = lb_arena_array(arena, out->features, sizeof *out->splits);
    bool named = names && names->type == LB_ARRAY && names->count == out->features;
    for (size_t j = 0; j < out->features; j++) {
        const lb_value *name = named ? names->item[j] : NULL;
        out->feature[j] = name && name->type == LB_STRING ? name->text : lb_arena_printf(arena, "f%zu", j);
    }
    return 0;
}

int lb_model_read_xgboost(const lb_value *root, lb_arena *arena, lb_model *out, lb_error *err)
{
    const lb_value *learner = lb_get(root, "learner"), *booster = lb_get(learner, "gradient_booster");
    const lb_value *trees = lb_get(lb_get(booster, "model"), "trees");
    out->kind = "xgboost";
    out->forest.single = true;
    if (strcmp(lb_get_text(booster, "name", ""), "gbtree") != 0) return refuse(err, "its booster is not gbtree", "train with booster gbtree");
    if (!trees || trees->type != LB_ARRAY) return refuse(err, "it has no trees", "the file is damaged: save the model again");
    int code = read_objective(learner, out, err);
    if (!code) code = read_names(learner, arena, out, err);
    if (code) return code;
    lb_score_tree *tree = lb_arena_array(arena, trees->count + 1, sizeof *tree);
    for (size_t t = 0; t < trees->count && !code; t++) code = read_tree(trees->item[t], out, t, arena, &tree[t], err);
    out->forest.tree = tree;
    out->forest.trees = trees->count;
    return code;
}
