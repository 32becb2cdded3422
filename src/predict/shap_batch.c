/* Shapley values of many rows, leaf by leaf (score/shap.c has the formula). What a leaf gives depends on a row only through which of the
 * d features of its path keep the row on it: 2^d cases, tabulated once per leaf (the idea of Yang 2021, arXiv:2109.09847). A row then
 * needs its case and d additions. Columns and cases of a block of rows lie together, so that the loops run along rows. */
#include "predict/shap_batch.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024, CHUNK = 16 * BLOCK, TABLED = 12, MOST_NODES = LB_SCORE_DEEPEST / 2 };

typedef struct leaf {
    size_t d;
    double value;
    int32_t feature[LB_SCORE_DEEPEST];
    double share[LB_SCORE_DEEPEST];
    double *table; /* d × 2^d, or NULL: too deep */
    int32_t node;
} leaf;

typedef struct nodes {
    double at[MOST_NODES + 1][MOST_NODES], weight[MOST_NODES + 1][MOST_NODES]; /* of Gauss and Legendre, by how many */
} nodes;

typedef struct plan {
    const lb_score_forest *forest;
    const lb_score_tree *tree;
    const nodes *gauss;
    leaf *leaf;
    size_t leaves, splits;
    int32_t *slot;  /* per split: which bit of the case it decides */
    int32_t *order; /* the splits, parents first */
    bool too_deep;
} plan;

static void walk(plan *p, int32_t at, leaf *path)
{
    const lb_score_node *n = &p->tree->node[at];
    if (n->feature < 0) {
        path->value = n->value;
        path->node = at;
        p->leaf[p->leaves] = *path;
        p->leaf[p->leaves++].table = NULL;
        return;
    }
    size_t slot = 0;
    while (slot < path->d && path->feature[slot] != n->feature) slot++;
    if (slot >= LB_SCORE_DEEPEST) {
        p->too_deep = true;
        return;
    }
    bool fresh = slot == path->d;
    double before = fresh ? 1 : path->share[slot];
    p->slot[at] = (int32_t)slot;
    p->order[p->splits++] = at;
    path->d += fresh;
    path->feature[slot] = n->feature;
    for (int side = 0; side < 2; side++) {
        int32_t child = side ? n->right : n->left;
        path->share[slot] = n->cover > 0 ? before * (p->tree->node[child].cover / n->cover) : 0;
        walk(p, child, path);
    }
    path->share[slot] = before;
    path->d -= fresh;
}

/* All 2^d cases of a leaf: G = value · weight · product over features of t + u·z (stays) or z·u (leaves). */
static void tabulate(const plan *p, leaf *l)
{
    size_t cases = (size_t)1 << l->d, n = (l->d + 1) / 2;
    double *g = lb_alloc(cases, sizeof *g);
    l->table = lb_alloc(cases * l->d, sizeof *l->table);
    for (size_t q = 0; q < n; q++) {
        double t = p->gauss->at[n][q], u = 1 - t;
        g[0] = l->value * p->gauss->weight[n][q];
        for (size_t k = 0, done = 1; k < l->d; k++, done *= 2) {
            double stays = t + u * l->share[k], leaves = l->share[k] * u;
            for (size_t c = 0; c < done; c++) {
                g[c + done] = g[c] * stays;
                g[c] *= leaves;
            }
        }
        for (size_t k = 0; k < l->d; k++) {
            double on = (1 - l->share[k]) / (t + u * l->share[k]), off = -1 / u, *to = l->table + k * cases;
            size_t bit = (size_t)1 << k;
            for (size_t c = 0; c < cases; c++) to[c] += g[c] * (c & bit ? on : off);
        }
    }
    free(g);
}

/* The same for one case of a path too deep for a table. */
static void one_case(const plan *p, const leaf *l, uint64_t on, double *out)
{
    size_t n = (l->d + 1) / 2;
    memset(out, 0, l->d * sizeof *out);
    for (size_t q = 0; q < n; q++) {
        double t = p->gauss->at[n][q], u = 1 - t, g = l->value * p->gauss->weight[n][q];
        for (size_t k = 0; k < l->d; k++) g *= on >> k & 1 ? t + u * l->share[k] : l->share[k] * u;
        for (size_t k = 0; k < l->d; k++) out[k] += on >> k & 1 ? g * (1 - l->share[k]) / (t + u * l->share[k]) : -g / u;
    }
}

/* Which rows of the block go left at a split. column: the feature's values in the block. */
static void ways(const lb_score_forest *f, const lb_score_node *n, const double *column, size_t rows, uint8_t *left)
{
    if (f->single) {
        float threshold = (float)n->threshold;
        for (size_t r = 0; r < rows; r++) {
            float v = (float)column[r];
            left[r] = v < threshold || (v != v && n->default_left);
        }
        return;
    }
    for (size_t r = 0; r < rows; r++) {
        double v = column[r];
        bool missing = v != v;
        if (missing && n->missing != LB_SCORE_MISSING_NAN) v = 0, missing = false;
        bool zero = n->missing == LB_SCORE_MISSING_ZERO && v >= -(double)1e-35f && v <= (double)1e-35f;
        left[r] = missing || zero ? n->default_left : v <= n->threshold;
    }
}

typedef struct batch {
    const lb_score_forest *forest;
    const nodes *gauss;
    const double *x;
    size_t rows;
    double *value;
    size_t most_nodes;
} batch;

/* A chunk of rows: columns and sums, block after block, and what one block needs. */
typedef struct room {
    double *column, *sum; /* blocks × features × BLOCK */
    uint64_t *mask;       /* nodes × BLOCK */
    uint8_t *left;
} room;

static void add_leaf(const plan *p, const leaf *l, const uint64_t *mask, size_t rows, double *sum)
{
    size_t cases = (size_t)1 << l->d;
    double one[LB_SCORE_DEEPEST];
    if (l->table) {
        for (size_t k = 0; k < l->d; k++) {
            const double *table = l->table + k * cases;
            double *to = sum + (size_t)l->feature[k] * BLOCK;
            for (size_t r = 0; r < rows; r++) to[r] += table[mask[r] & (cases - 1)];
        }
        return;
    }
    for (size_t r = 0; r < rows; r++) {
        one_case(p, l, mask[r], one);
        for (size_t k = 0; k < l->d; k++) sum[(size_t)l->feature[k] * BLOCK + r] += one[k];
    }
}

static void add_tree(const plan *p, const room *w, size_t block, size_t rows)
{
    size_t offset = block * p->forest->features * BLOCK;
    for (size_t r = 0; r < rows; r++) w->mask[r] = ~(uint64_t)0;
    for (size_t k = 0; k < p->splits; k++) {
        int32_t i = p->order[k];
        const lb_score_node *n = &p->tree->node[i];
        ways(p->forest, n, w->column + offset + (size_t)n->feature * BLOCK, rows, w->left);
        uint64_t bit = (uint64_t)1 << p->slot[i], *from = w->mask + (size_t)i * BLOCK, *left = w->mask + (size_t)n->left * BLOCK, *right = w->mask + (size_t)n->right * BLOCK;
        for (size_t r = 0; r < rows; r++) {
            uint64_t here = from[r], there = here & ~bit, goes = (uint64_t)0 - w->left[r];
            left[r] = (here & goes) | (there & ~goes);
            right[r] = (there & goes) | (here & ~goes);
        }
    }
    for (size_t k = 0; k < p->leaves; k++) add_leaf(p, &p->leaf[k], w->mask + (size_t)p->leaf[k].node * BLOCK, rows, w->sum + offset);
}

static void plan_tree(plan *p, const batch *b, const lb_score_tree *tree)
{
    leaf *path = lb_alloc(1, sizeof *path);
    *p = (plan){.forest = b->forest, .tree = tree, .gauss = b->gauss, .leaf = lb_alloc(tree->nodes / 2 + 1, sizeof *p->leaf),
                .slot = lb_alloc(2 * tree->nodes, sizeof *p->slot)};
    p->order = p->slot + tree->nodes;
    walk(p, 0, path);
    free(path);
}

static void forget_tree(plan *p)
{
    for (size_t k = 0; k < p->leaves; k++) free(p->leaf[k].table);
    free(p->leaf);
    free(p->slot);
}

static void one_chunk(void *context, size_t index)
{
    const batch *b = context;
    size_t p = b->forest->features, first = index * CHUNK, rows = b->rows - first < CHUNK ? b->rows - first : CHUNK, blocks = (rows + BLOCK - 1) / BLOCK;
    room w = {.column = lb_alloc(2 * blocks * p * BLOCK, sizeof(double)), .mask = lb_alloc(b->most_nodes * BLOCK, sizeof(uint64_t)), .left = lb_alloc(BLOCK, 1)};
    w.sum = w.column + blocks * p * BLOCK;
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < p; j++) w.column[(r / BLOCK * p + j) * BLOCK + r % BLOCK] = b->x[(first + r) * p + j];
    for (size_t t = 0; t < b->forest->trees; t++) {
        plan one;
        plan_tree(&one, b, &b->forest->tree[t]);
        for (size_t k = 0; k < one.leaves; k++) /* a table only where there are rows enough to use it; the same for any chunk */
            if (one.leaf[k].d && one.leaf[k].d <= TABLED && b->rows >= (size_t)1 << one.leaf[k].d) tabulate(&one, &one.leaf[k]);
        for (size_t block = 0; block < blocks; block++) add_tree(&one, &w, block, rows - block * BLOCK < BLOCK ? rows - block * BLOCK : BLOCK);
        forget_tree(&one);
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < p; j++) b->value[(first + r) * p + j] = w.sum[(r / BLOCK * p + j) * BLOCK + r % BLOCK];
    free(w.column);
    free(w.mask);
    free(w.left);
}

/* Mean of a tree over its training weights; false when a path is too deep. */
static bool mean_of(const batch *b, const lb_score_tree *tree, double *sum)
{
    plan p;
    plan_tree(&p, b, tree);
    for (size_t k = 0; k < p.leaves; k++) {
        double share = 1;
        for (size_t j = 0; j < p.leaf[k].d; j++) share *= p.leaf[k].share[j];
        *sum += share * p.leaf[k].value;
    }
    bool fine = !p.too_deep;
    forget_tree(&p);
    return fine;
}

int lb_shap_batch(const lb_score_forest *forest, const double *x, size_t rows, unsigned threads, double *value, double *base, lb_error *err)
{
    nodes *gauss = lb_alloc(1, sizeof *gauss);
    for (size_t n = 1; n <= MOST_NODES; n++) lb_score_gauss_legendre(n, gauss->at[n], gauss->weight[n]);
    batch b = {.forest = forest, .gauss = gauss, .x = x, .rows = rows, .value = value, .most_nodes = 1};
    bool fine = true;
    *base = forest->base;
    for (size_t t = 0; t < forest->trees && fine; t++) {
        if (forest->tree[t].nodes > b.most_nodes) b.most_nodes = forest->tree[t].nodes;
        fine = mean_of(&b, &forest->tree[t], base);
    }
    if (fine) lb_parallel_for((rows + CHUNK - 1) / CHUNK, threads, one_chunk, &b);
    free(gauss);
    return fine ? 0 : lb_fail(err, LB_BAD_DATA, "a path of a tree holds more than %d different features", LB_SCORE_DEEPEST);
}
