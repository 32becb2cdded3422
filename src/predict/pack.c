/* Packing a program of the predictor into doubles. */
#include "predict/pack.h"

#include <stdlib.h>

void lb_packed_free(lb_packed *packed)
{
    free(packed->data);
    *packed = (lb_packed){0};
}

void lb_pack_number(lb_packed *p, double value)
{
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 256;
        p->data = lb_realloc(p->data, p->capacity, sizeof *p->data);
    }
    p->data[p->count++] = value;
}

void lb_pack_head(lb_packed *p, size_t inputs, int32_t batch_input, size_t batches, size_t programs)
{
    lb_pack_number(p, LB_SCORE_MAGIC);
    lb_pack_number(p, LB_SCORE_PACKED_VERSION);
    lb_pack_number(p, (double)inputs);
    lb_pack_number(p, batch_input);
    lb_pack_number(p, (double)batches);
    lb_pack_number(p, (double)programs);
}

static void pack_column(lb_packed *p, const lb_score_column *c, size_t batches)
{
    lb_pack_number(p, (double)c->input);
    lb_pack_number(p, c->level);
    lb_pack_number(p, c->fill);
    lb_pack_number(p, c->centre);
    lb_pack_number(p, c->scale);
    lb_pack_number(p, c->batch != NULL);
    for (size_t b = 0; c->batch && b < 2 * batches; b++) lb_pack_number(p, c->batch[b]);
}

/* Nodes in the order a walk from the root meets them. */
static void pack_tree(lb_packed *p, const lb_score_tree *tree)
{
    int32_t *place = lb_alloc(3 * tree->nodes + 3, sizeof *place), *order = place + tree->nodes, *stack = order + tree->nodes;
    size_t count = 0, open = 0;
    stack[open++] = 0;
    while (open) {
        int32_t at = stack[--open];
        place[at] = (int32_t)count;
        order[count++] = at;
        if (tree->node[at].feature < 0) continue;
        stack[open++] = tree->node[at].right;
        stack[open++] = tree->node[at].left;
    }
    lb_pack_number(p, (double)count);
    for (size_t i = 0; i < count; i++) {
        const lb_score_node *n = &tree->node[order[i]];
        bool leaf = n->feature < 0;
        lb_pack_number(p, (double)((n->feature + 1) * 8L + (leaf ? 0 : n->missing * 2L + n->default_left)));
        lb_pack_number(p, leaf ? n->value : n->threshold);
        lb_pack_number(p, leaf ? 0 : (double)((int64_t)place[n->left] << 26 | place[n->right]));
        lb_pack_number(p, n->cover);
    }
    free(place);
}

static void pack_layers(lb_packed *p, const lb_score_layers *l, size_t columns)
{
    lb_pack_number(p, l->activation);
    lb_pack_number(p, (double)l->matrices);
    for (size_t k = 0; k <= l->matrices; k++) lb_pack_number(p, (double)l->width[k]);
    for (size_t k = 0; k < l->matrices; k++) {
        for (size_t i = 0; i < l->width[k] * l->width[k + 1]; i++) lb_pack_number(p, l->weight[k][i]);
        for (size_t i = 0; i < l->width[k + 1]; i++) lb_pack_number(p, l->bias[k][i]);
    }
    lb_pack_number(p, (double)l->background_rows);
    for (size_t i = 0; i < l->background_rows * columns; i++) lb_pack_number(p, l->background[i]);
}

void lb_pack_program(lb_packed *p, const lb_score_program *g, size_t batches)
{
    lb_pack_number(p, g->kind);
    lb_pack_number(p, g->logistic);
    lb_pack_number(p, g->recalibrated);
    lb_pack_number(p, g->a);
    lb_pack_number(p, g->b);
    lb_pack_number(p, (double)g->columns);
    for (size_t j = 0; j < g->columns; j++) pack_column(p, &g->column[j], batches);
    if (g->kind == LB_SCORE_LINEAR) {
        lb_pack_number(p, g->intercept);
        for (size_t j = 0; j < 2 * g->columns; j++) lb_pack_number(p, g->beta[j]);
    } else if (g->kind == LB_SCORE_TREES) {
        lb_pack_number(p, g->forest.base);
        lb_pack_number(p, g->forest.single);
        lb_pack_number(p, g->average);
        lb_pack_number(p, (double)g->forest.trees);
        for (size_t t = 0; t < g->forest.trees; t++) pack_tree(p, &g->forest.tree[t]);
    } else {
        pack_layers(p, &g->layers, g->columns);
    }
}
