/* SPDX-License-Identifier: MIT
 * Shapley values of sums of trees, leaf by leaf. A leaf's game is a product over the different features of its path of o (does
 * the row stay on the path at this feature's splits) or z (share of the training weight that does): Lundberg et al. 2020,
 * doi:10.1038/s42256-019-0138-9. The weights s!(d-1-s)!/d! are the integrals of t^s (1-t)^(d-1-s) over [0, 1], so the sum over
 * coalitions is the integral of a polynomial of degree d - 1, which Gauss-Legendre nodes give exactly; all terms are positive. */
#include "trees.h"

#include "number.h"

enum { MOST_NODES = LB_SCORE_DEEPEST / 2 };

typedef struct element {
    int32_t feature;
    double share; /* z */
} element;

typedef struct step {
    int32_t node, slot;
    bool left;
} step;

typedef struct path {
    size_t tree, elements, steps, first_element, first_step;
    double value;
} path;

struct lb_score_paths {
    const lb_score_forest *forest;
    size_t count, deepest, most_nodes;
    double base;
    double node[MOST_NODES + 1][MOST_NODES], weight[MOST_NODES + 1][MOST_NODES]; /* on [0, 1], by how many */
    path *path;
    element *element;
    step *step;
    bool *left; /* of each node of a tree: which way the row goes */
    bool *left_too;
};

/* Nodes and weights by Newton's method on the Legendre polynomial of degree n, moved to [0, 1]. */
void lb_score_gauss_legendre(size_t n, double *node, double *weight)
{
    for (size_t i = 0; i < n; i++) {
        double x = lb_score_cos(3.14159265358979323846 * ((double)i + 0.75) / ((double)n + 0.5)), slope = 1;
        for (int round = 0; round < 100; round++) {
            double a = 1, b = x;
            for (size_t k = 2; k <= n; k++) {
                double c = ((double)(2 * k - 1) * x * b - (double)(k - 1) * a) / (double)k;
                a = b;
                b = c;
            }
            slope = n == 1 ? 1 : (double)n * (x * b - a) / (x * x - 1);
            double move = n == 1 ? x : b / slope;
            x -= move;
            if (lb_score_abs(move) < 1e-16) break;
        }
        node[i] = (1 + x) / 2;
        weight[i] = n == 1 ? 1 : 1 / ((1 - x * x) * slope * slope);
    }
}

/* Counts or fills: the walk from the root to each leaf, with the features met so far. */
typedef struct walk {
    lb_score_paths *out; /* NULL: count only */
    const lb_score_tree *tree;
    size_t index, paths, elements, steps, deepest;
    bool too_deep;
} walk;

static void add_leaf(walk *w, const lb_score_node *leaf, const element *e, size_t elements, const step *s, size_t steps)
{
    if (w->out) {
        w->out->path[w->paths] = (path){w->index, elements, steps, w->elements, w->steps, leaf->value};
        if (elements) __builtin_memcpy(w->out->element + w->elements, e, elements * sizeof *e);
        if (steps) __builtin_memcpy(w->out->step + w->steps, s, steps * sizeof *s);
    }
    w->paths++;
    w->elements += elements;
    w->steps += steps;
    if (elements > w->deepest) w->deepest = elements;
}

enum { LONGEST = 512 }; /* splits on one path */

static void descend(walk *w, int32_t at, element *e, size_t elements, step *s, size_t steps)
{
    const lb_score_node *node = &w->tree->node[at];
    if (node->feature < 0) {
        add_leaf(w, node, e, elements, s, steps);
        return;
    }
    size_t slot = 0;
    while (slot < elements && e[slot].feature != node->feature) slot++;
    if (slot >= LB_SCORE_DEEPEST || steps >= LONGEST) {
        w->too_deep = true;
        return;
    }
    bool fresh = slot == elements;
    double before = fresh ? 1 : e[slot].share;
    for (int side = 0; side < 2; side++) {
        int32_t child = side ? node->right : node->left;
        e[slot] = (element){node->feature, node->cover > 0 ? before * (w->tree->node[child].cover / node->cover) : 0};
        s[steps] = (step){at, (int32_t)slot, side == 0};
        descend(w, child, e, elements + fresh, s, steps + 1);
    }
    e[slot].share = before;
}

static void walk_all(walk *w, const lb_score_forest *forest)
{
    element e[LB_SCORE_DEEPEST];
    step s[LONGEST];
    for (w->index = 0; w->index < forest->trees; w->index++) {
        w->tree = &forest->tree[w->index];
        descend(w, 0, e, 0, s, 0);
    }
}

static size_t most_nodes(const lb_score_forest *forest)
{
    size_t most = 1;
    for (size_t t = 0; t < forest->trees; t++)
        if (forest->tree[t].nodes > most) most = forest->tree[t].nodes;
    return most;
}

size_t lb_score_paths_size(const lb_score_forest *forest)
{
    walk w = {0};
    walk_all(&w, forest);
    if (w.too_deep) return 0;
    return sizeof(lb_score_paths) + w.paths * sizeof(path) + w.elements * sizeof(element) + w.steps * sizeof(step) + 2 * most_nodes(forest) + 64;
}

lb_score_paths *lb_score_paths_make(const lb_score_forest *forest, void *memory)
{
    walk w = {0};
    walk_all(&w, forest);
    lb_score_paths *out = memory;
    *out = (lb_score_paths){.forest = forest, .count = w.paths, .deepest = w.deepest, .most_nodes = most_nodes(forest)};
    out->path = (path *)(out + 1);
    out->element = (element *)(out->path + w.paths);
    out->step = (step *)(out->element + w.elements);
    out->left = (bool *)(out->step + w.steps);
    out->left_too = out->left + out->most_nodes;
    for (size_t n = 1; n <= (w.deepest + 1) / 2; n++) lb_score_gauss_legendre(n, out->node[n], out->weight[n]);
    walk fill = {.out = out};
    walk_all(&fill, forest);
    out->base = forest->base;
    for (size_t i = 0; i < out->count; i++) {
        double share = 1;
        for (size_t k = 0; k < out->path[i].elements; k++) share *= out->element[out->path[i].first_element + k].share;
        out->base += share * out->path[i].value;
    }
    return out;
}

static void ways(const lb_score_paths *paths, size_t tree, const double *x, bool *left)
{
    const lb_score_tree *t = &paths->forest->tree[tree];
    for (size_t i = 0; i < t->nodes; i++) left[i] = t->node[i].feature >= 0 && lb_score_goes_left(paths->forest, &t->node[i], x);
}

/* Bit k: does the row stay on the path at every split on its k-th feature? */
static uint64_t stays(const lb_score_paths *paths, const path *p, const bool *left)
{
    uint64_t on = ~(uint64_t)0;
    const step *s = paths->step + p->first_step;
    for (size_t k = 0; k < p->steps; k++)
        if (left[s[k].node] != s[k].left) on &= ~((uint64_t)1 << s[k].slot);
    return on;
}

static void leaf_values(const lb_score_paths *paths, const path *p, uint64_t on, double *value)
{
    size_t d = p->elements, n = (d + 1) / 2, zeros = 0;
    const element *e = paths->element + p->first_element;
    double outside = p->value, off = 0, sum[LB_SCORE_DEEPEST] = {0};
    for (size_t k = 0; k < d; k++)
        if (!(on >> k & 1)) outside *= e[k].share, zeros++;
    if (outside == 0) return;
    for (size_t q = 0; q < n; q++) {
        double t = paths->node[n][q], u = 1 - t, product = paths->weight[n][q], rest = 1;
        for (size_t k = 1; k < zeros; k++) rest *= u;
        for (size_t k = 0; k < d; k++)
            if (on >> k & 1) product *= t + u * e[k].share;
        if (zeros) off += product * rest, product *= rest * u;
        for (size_t k = 0; k < d; k++)
            if (on >> k & 1) sum[k] += product / (t + u * e[k].share);
    }
    for (size_t k = 0; k < d; k++)
        value[e[k].feature] += outside * (on >> k & 1 ? (1 - e[k].share) * sum[k] : -off);
}

double lb_score_shap(const lb_score_paths *paths, const double *x, double *value)
{
    size_t tree = SIZE_MAX;
    for (size_t i = 0; i < paths->count; i++) {
        const path *p = &paths->path[i];
        if (p->tree != tree) ways(paths, tree = p->tree, x, paths->left);
        if (p->elements) leaf_values(paths, p, stays(paths, p, paths->left), value);
    }
    return paths->base;
}

/* A leaf's game is a product, so the difference of taking both features of a pair, one of them, and none is a product, too; the weights
 * s!(d-2-s)!/(d-1)! of the coalitions of the others are again integrals over [0, 1]. */
static void leaf_pairs(const lb_score_paths *paths, const path *p, uint64_t on, double *pair)
{
    size_t d = p->elements, n = (d + 1) / 2, features = paths->forest->features;
    const element *e = paths->element + p->first_element;
    for (size_t i = 0; i + 1 < d; i++)
        for (size_t j = i + 1; j < d; j++) {
            double sum = 0;
            for (size_t q = 0; q < n; q++) {
                double t = paths->node[n][q], product = paths->weight[n][q];
                for (size_t k = 0; k < d; k++)
                    if (k != i && k != j) product *= (on >> k & 1 ? t : 0) + (1 - t) * e[k].share;
                sum += product;
            }
            double half = p->value / 2 * ((double)(on >> i & 1) - e[i].share) * ((double)(on >> j & 1) - e[j].share) * sum;
            pair[(size_t)e[i].feature * features + (size_t)e[j].feature] += half;
            pair[(size_t)e[j].feature * features + (size_t)e[i].feature] += half;
        }
}

void lb_score_interactions(const lb_score_paths *paths, const double *x, double *pair)
{
    size_t tree = SIZE_MAX;
    for (size_t i = 0; i < paths->count; i++) {
        const path *p = &paths->path[i];
        if (p->tree != tree) ways(paths, tree = p->tree, x, paths->left);
        if (p->elements > 1) leaf_pairs(paths, p, stays(paths, p, paths->left), pair);
    }
}

/* a! b! / (a + b + 1)! */
static double coalition_weight(size_t a, size_t b)
{
    double w = 1 / (double)(a + b + 1);
    for (size_t k = 1; k <= b; k++) w *= (double)k / (double)(a + k);
    return w;
}

void lb_score_shap_against(const lb_score_paths *paths, const double *x, const double *background, double weight, double *value)
{
    size_t tree = SIZE_MAX;
    for (size_t i = 0; i < paths->count; i++) {
        const path *p = &paths->path[i];
        const element *e = paths->element + p->first_element;
        if (p->tree != tree) {
            tree = p->tree;
            ways(paths, tree, x, paths->left);
            ways(paths, tree, background, paths->left_too);
        }
        uint64_t mine = stays(paths, p, paths->left), theirs = stays(paths, p, paths->left_too);
        size_t only_mine = 0, only_theirs = 0;
        bool reachable = true;
        for (size_t k = 0; k < p->elements && reachable; k++) {
            bool a = mine >> k & 1, b = theirs >> k & 1;
            reachable = a || b;
            only_mine += a && !b;
            only_theirs += b && !a;
        }
        if (!reachable) continue; /* neither row can bring a mixture of the two here */
        double gain = only_mine ? weight * p->value * coalition_weight(only_mine - 1, only_theirs) : 0;
        double loss = only_theirs ? weight * p->value * coalition_weight(only_mine, only_theirs - 1) : 0;
        for (size_t k = 0; k < p->elements; k++) {
            bool a = mine >> k & 1, b = theirs >> k & 1;
            if (a && !b) value[e[k].feature] += gain;
            if (b && !a) value[e[k].feature] -= loss;
        }
    }
}
