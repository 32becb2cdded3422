/* Grown leaf-wise trees as the predictor's nodes: splits in the order they were made, then the leaves. */
#include "predict/leafwise_nodes.h"

static int32_t place(int child, size_t splits) { return child < 0 ? (int32_t)splits + ~child : child; }

static lb_score_tree one_tree(const lb_leafwise_tree *t, lb_arena *arena)
{
    size_t splits = t->leaves - 1;
    lb_score_node *node = lb_arena_array(arena, splits + t->leaves, sizeof *node);
    for (size_t k = 0; k < splits; k++)
        node[k] = (lb_score_node){.feature = t->feature[k], .left = place(t->left[k], splits), .right = place(t->right[k], splits),
                                  .missing = (uint8_t)(t->decision[k] >> 2 & 3), .default_left = t->decision[k] & 2, .threshold = t->threshold[k],
                                  .cover = (double)t->internal_count[k]};
    for (size_t k = 0; k < t->leaves; k++)
        node[splits + k] = (lb_score_node){.feature = -1, .value = t->leaf_value[k], .cover = (double)t->leaf_count[k]};
    return (lb_score_tree){splits + t->leaves, node};
}

lb_score_forest lb_leafwise_forest(const lb_leafwise_model *model, lb_arena *arena)
{
    lb_score_tree *tree = lb_arena_array(arena, model->trees, sizeof *tree);
    for (size_t t = 0; t < model->trees; t++) tree[t] = one_tree(&model->tree[t], arena);
    return (lb_score_forest){.features = model->features, .trees = model->trees, .tree = tree};
}
