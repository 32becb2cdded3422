/* LightGBM's model text from trees of double precision. */
#include "predict/convert.h"

#include <math.h>

typedef struct numbered {
    size_t splits, leaves;
    int32_t *place; /* of each node: number among the splits, or ~number among the leaves */
    uint32_t *split, *leaf;
} numbered;

static numbered number_nodes(const lb_score_tree *t, lb_arena *arena)
{
    numbered n = {.place = lb_arena_array(arena, t->nodes, sizeof *n.place), .split = lb_arena_array(arena, 2 * t->nodes, sizeof *n.split)};
    n.leaf = n.split + t->nodes;
    for (size_t i = 0; i < t->nodes; i++) {
        if (t->node[i].feature >= 0) n.split[n.splits] = (uint32_t)i, n.place[i] = (int32_t)n.splits++;
        else n.leaf[n.leaves] = (uint32_t)i, n.place[i] = ~(int32_t)n.leaves++;
    }
    return n;
}

enum what { FEATURE, GAIN, THRESHOLD, DECISION, LEFT, RIGHT, INNER_VALUE, INNER_WEIGHT, INNER_COUNT, SPLIT_LISTS };

static void split_list(const lb_score_tree *t, const numbered *n, enum what what, lb_buf *out)
{
    static const char *const keys[] = {"split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child", "internal_value", "internal_weight", "internal_count"};
    lb_buf_printf(out, "%s=", keys[what]);
    for (size_t k = 0; k < n->splits; k++) {
        const lb_score_node *s = &t->node[n->split[k]];
        lb_buf_puts(out, k ? " " : "");
        if (what == FEATURE) lb_buf_printf(out, "%d", s->feature);
        else if (what == THRESHOLD) lb_buf_printf(out, "%.17g", s->threshold);
        else if (what == DECISION) lb_buf_printf(out, "%d", s->missing << 2 | (s->default_left ? 2 : 0));
        else if (what == LEFT) lb_buf_printf(out, "%d", n->place[s->left]);
        else if (what == RIGHT) lb_buf_printf(out, "%d", n->place[s->right]);
        else if (what == INNER_COUNT) lb_buf_printf(out, "%.0f", s->cover);
        else lb_buf_puts(out, "0"); /* gains and inner values are not kept by a predictor */
    }
    lb_buf_putc(out, '\n');
}

static void leaf_list(const lb_score_tree *t, const numbered *n, const char *key, double base, int kind, lb_buf *out)
{
    lb_buf_printf(out, "%s=", key);
    for (size_t k = 0; k < n->leaves; k++) {
        const lb_score_node *leaf = &t->node[n->leaf[k]];
        lb_buf_puts(out, k ? " " : "");
        if (kind == 0) lb_buf_printf(out, "%.17g", base + leaf->value);
        else lb_buf_printf(out, "%.0f", leaf->cover);
    }
    lb_buf_putc(out, '\n');
}

void lb_write_lightgbm(const lb_score_forest *f, bool logistic, double sigmoid, const char *const *name, lb_arena *arena, lb_buf *out)
{
    lb_buf trees = {.max = (size_t)1 << 30}, sizes = {0};
    for (size_t k = 0; k < f->trees; k++) {
        const lb_score_tree *t = &f->tree[k];
        numbered n = number_nodes(t, arena);
        size_t before = trees.length;
        double base = k ? 0 : f->base; /* the first tree takes it */
        lb_buf_printf(&trees, "Tree=%zu\nnum_leaves=%zu\nnum_cat=0\n", k, n.leaves);
        for (int what = 0; what < INNER_VALUE; what++) split_list(t, &n, (enum what)what, &trees);
        leaf_list(t, &n, "leaf_value", base, 0, &trees);
        leaf_list(t, &n, "leaf_weight", 0, 1, &trees);
        leaf_list(t, &n, "leaf_count", 0, 1, &trees);
        for (int what = INNER_VALUE; what < SPLIT_LISTS; what++) split_list(t, &n, (enum what)what, &trees);
        lb_buf_puts(&trees, "is_linear=0\nshrinkage=1\n\n\n");
        lb_buf_printf(&sizes, "%s%zu", k ? " " : "", trees.length - before);
    }
    lb_buf_printf(out, "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=%zu\nobjective=", f->features - 1);
    if (logistic) lb_buf_printf(out, "binary sigmoid:%.17g\nfeature_names=", sigmoid);
    else lb_buf_puts(out, "regression\nfeature_names=");
    for (size_t j = 0; j < f->features; j++) lb_buf_printf(out, "%s%s", j ? " " : "", name[j]);
    lb_buf_puts(out, "\nfeature_infos=");
    for (size_t j = 0; j < f->features; j++) lb_buf_printf(out, "%s[-inf:inf]", j ? " " : "");
    lb_buf_printf(out, "\ntree_sizes=%s\n\n%send of trees\n", sizes.data ? sizes.data : "", trees.data ? trees.data : "");
    lb_buf_free(&trees);
    lb_buf_free(&sizes);
}
