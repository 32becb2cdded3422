/* Random forest (Breiman 2001; probabilities: Malley et al. 2012, doi:10.3414/ME00-01-0052). Values are replaced by their ranks once;
 * a node then sorts or counts small integers. Every tree has its own random stream, so threads do not change the forest. */
#include "predict/forest.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INSERTION = 28 };

typedef struct ranked {
    uint32_t *code; /* n: rank of the value among the distinct ones */
    double *value;  /* distinct values, ascending */
    uint32_t count;
} ranked;

typedef struct grown {
    lb_score_node *node;
    size_t nodes, capacity;
    uint32_t *out;       /* rows this tree did not see */
    size_t out_count;
    double *importance;  /* p */
} grown;

typedef struct shared {
    size_t n, p, mtry;
    const lb_forest_options *options;
    const ranked *feature;
    const uint8_t *y;
    const double *chance; /* running sum of the weights, or NULL */
    const double *x;
    grown *tree;
} shared;

/* One tree's workspace. */
typedef struct builder {
    const shared *s;
    grown *tree;
    lb_random random;
    uint32_t *row, *spare, *times; /* distinct rows of the sample, and how often each was drawn */
    uint64_t *key, *other;
    uint32_t *tally;       /* per code: times, events */
    uint32_t *order;       /* p: features in the order drawn */
} builder;

typedef struct split {
    double score;
    uint32_t feature, low, high; /* codes on either side of the cut */
} split;

typedef struct place {
    size_t first, count, depth, parent;
    uint32_t size, events;
    bool left;
} place;

/* Sum over the two sides of (events² + others²) / size: larger is purer. */
static inline double purity(double size, double events) { return (events * events + (size - events) * (size - events)) / size; }

static void sort_small(uint64_t *key, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t k = key[i];
        size_t j = i;
        for (; j > 0 && key[j - 1] > k; j--) key[j] = key[j - 1];
        key[j] = k;
    }
}

/* By the upper half of each key, eight bits at a time; returns where the result lies. */
static uint64_t *sort_keys(uint64_t *key, uint64_t *other, size_t n, uint32_t codes)
{
    if (n <= INSERTION) {
        sort_small(key, n);
        return key;
    }
    for (unsigned shift = 32; shift < 64 && (codes - 1) >> (shift - 32); shift += 8) {
        uint32_t start[257] = {0};
        for (size_t i = 0; i < n; i++) start[(key[i] >> shift & 255) + 1]++;
        for (size_t b = 0; b < 256; b++) start[b + 1] += start[b];
        for (size_t i = 0; i < n; i++) other[start[key[i] >> shift & 255]++] = key[i];
        uint64_t *swap = key;
        key = other, other = swap;
    }
    return key;
}

static inline void consider(const place *at, uint32_t feature, uint32_t size, uint32_t events, uint32_t low, uint32_t high, split *best)
{
    double score = purity(size, events) + purity(at->size - size, at->events - events);
    if (score > best->score) *best = (split){score, feature, low, high};
}

/* Keys hold code, times and outcome: sorted, they are walked once. */
static void by_sorting(builder *b, const place *at, uint32_t feature, split *best)
{
    const uint32_t *code = b->s->feature[feature].code, *row = b->row + at->first;
    for (size_t i = 0; i < at->count; i++) b->key[i] = (uint64_t)code[row[i]] << 32 | (uint64_t)b->times[row[i]] << 1 | b->s->y[row[i]];
    const uint64_t *key = sort_keys(b->key, b->other, at->count, b->s->feature[feature].count);
    uint32_t size = 0, events = 0;
    for (size_t i = 0; i + 1 < at->count; i++) {
        uint32_t times = (uint32_t)key[i] >> 1;
        size += times;
        events += key[i] & 1 ? times : 0;
        if (key[i] >> 32 != key[i + 1] >> 32) consider(at, feature, size, events, (uint32_t)(key[i] >> 32), (uint32_t)(key[i + 1] >> 32), best);
    }
}

/* Many rows, few codes: tallies per code. */
static void by_counting(builder *b, const place *at, uint32_t feature, split *best)
{
    const ranked *f = &b->s->feature[feature];
    const uint32_t *row = b->row + at->first;
    memset(b->tally, 0, 2 * f->count * sizeof *b->tally);
    for (size_t i = 0; i < at->count; i++) {
        uint32_t *cell = b->tally + 2 * f->code[row[i]];
        cell[0] += b->times[row[i]];
        cell[1] += b->s->y[row[i]] ? b->times[row[i]] : 0;
    }
    uint32_t size = 0, events = 0, low = UINT32_MAX;
    for (uint32_t c = 0; c < f->count; c++) {
        if (!b->tally[2 * c]) continue;
        if (low != UINT32_MAX) consider(at, feature, size, events, low, c, best);
        size += b->tally[2 * c];
        events += b->tally[2 * c + 1];
        low = c;
    }
}

/* mtry features drawn without replacement; when none of them varies here, further ones until one does. A cut that gains nothing is taken
 * too (as Breiman's program and its successors do): cuts below it may gain, as in an exclusive or. */
static bool search(builder *b, const place *at, split *best)
{
    double whole = purity(at->size, at->events);
    *best = (split){0};
    bool found = false;
    for (size_t k = 0; k < b->s->p && (k < b->s->mtry || !found); k++) {
        size_t other = k + lb_random_below(&b->random, (uint32_t)(b->s->p - k));
        uint32_t j = b->order[other], codes = b->s->feature[j].count;
        b->order[other] = b->order[k];
        b->order[k] = j;
        if (codes < 2) continue;
        if (at->count * 4 > codes) by_counting(b, at, j, best);
        else by_sorting(b, at, j, best);
        found = best->score > 0; /* every cut scores at least half the size of the node */
    }
    if (found) b->tree->importance[best->feature] += fmax(0, best->score - whole);
    return found;
}

static size_t add_node(builder *b, const place *at)
{
    grown *t = b->tree;
    if (t->nodes == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 256;
        t->node = lb_realloc(t->node, t->capacity, sizeof *t->node);
    }
    double share = (double)at->events / (double)at->size;
    if (b->s->options->votes) share = share > 0.5 ? 1 : share < 0.5 ? 0 : 0.5;
    t->node[t->nodes] = (lb_score_node){.feature = -1, .value = share, .cover = at->size};
    if (at->parent != SIZE_MAX) *(at->left ? &t->node[at->parent].left : &t->node[at->parent].right) = (int32_t)t->nodes;
    return t->nodes++;
}

/* Rows at or below the cut first. */
static void divide(builder *b, const place *at, const split *cut, place *left, place *right)
{
    const uint32_t *code = b->s->feature[cut->feature].code;
    uint32_t *row = b->row + at->first, size = 0, events = 0;
    size_t here = 0, there = 0;
    for (size_t i = 0; i < at->count; i++) {
        uint32_t r = row[i];
        if (code[r] > cut->low) {
            b->spare[there++] = r;
            continue;
        }
        row[here++] = r;
        size += b->times[r];
        events += b->s->y[r] ? b->times[r] : 0;
    }
    memcpy(row + here, b->spare, there * sizeof *row);
    *left = (place){.first = at->first, .count = here, .depth = at->depth + 1, .size = size, .events = events, .left = true};
    *right = (place){.first = at->first + here, .count = there, .depth = at->depth + 1, .size = at->size - size, .events = at->events - events};
}

static void grow(builder *b, place *stack)
{
    const lb_forest_options *o = b->s->options;
    size_t open = 1;
    while (open) {
        place at = stack[--open], left, right;
        split cut;
        size_t index = add_node(b, &at);
        bool pure = at.events == 0 || at.events == at.size;
        if (pure || at.size <= o->min_node || at.count < 2 || (o->max_depth && at.depth >= o->max_depth) || !search(b, &at, &cut)) continue;
        divide(b, &at, &cut, &left, &right);
        const double *value = b->s->feature[cut.feature].value;
        double middle = value[cut.low] + (value[cut.high] - value[cut.low]) / 2;
        lb_score_node *n = &b->tree->node[index];
        n->feature = (int32_t)cut.feature;
        n->threshold = middle < value[cut.high] ? middle : value[cut.low];
        n->missing = LB_SCORE_MISSING_NAN;
        n->default_left = left.size >= right.size;
        left.parent = right.parent = index;
        stack[open++] = right;
        stack[open++] = left;
    }
}

/* A bootstrap sample as how often each row is in it. */
static void draw(builder *b, place *root)
{
    const shared *s = b->s;
    memset(b->times, 0, s->n * sizeof *b->times);
    for (size_t i = 0; i < s->n; i++) {
        size_t row;
        if (!s->chance) {
            row = lb_random_below(&b->random, (uint32_t)s->n);
        } else {
            double at = lb_random_uniform(&b->random) * s->chance[s->n - 1];
            size_t low = 0, high = s->n - 1;
            while (low < high) {
                size_t middle = (low + high) / 2;
                if (s->chance[middle] > at) high = middle;
                else low = middle + 1;
            }
            row = low;
        }
        b->times[row]++;
    }
    *root = (place){.size = (uint32_t)s->n, .parent = SIZE_MAX};
    for (size_t i = 0; i < s->n; i++) {
        if (!b->times[i]) {
            b->tree->out[b->tree->out_count++] = (uint32_t)i;
            continue;
        }
        b->row[root->count++] = (uint32_t)i;
        root->events += s->y[i] ? b->times[i] : 0;
    }
}

static void one_tree(void *context, size_t index)
{
    const shared *s = context;
    grown *tree = &s->tree[index];
    uint32_t most = 1;
    for (size_t j = 0; j < s->p; j++) most = s->feature[j].count > most ? s->feature[j].count : most;
    builder b = {.s = s, .tree = tree, .row = lb_alloc(3 * s->n + s->p + 2 * most, sizeof(uint32_t)), .key = lb_alloc(2 * s->n, sizeof(uint64_t))};
    b.spare = b.row + s->n, b.times = b.spare + s->n, b.order = b.times + s->n, b.tally = b.order + s->p, b.other = b.key + s->n;
    tree->out = lb_alloc(s->n, sizeof(uint32_t));
    tree->importance = lb_alloc(s->p, sizeof(double));
    for (size_t j = 0; j < s->p; j++) b.order[j] = (uint32_t)j;
    lb_random_init(&b.random, s->options->seed, s->options->stream + index);
    place *stack = lb_alloc(s->n + 2, sizeof *stack);
    draw(&b, &stack[0]);
    grow(&b, stack);
    free(stack);
    free(b.row);
    free(b.key);
}

static int rank(const double *x, size_t n, lb_arena *arena, ranked *out, lb_error *err)
{
    uint32_t *order = lb_arena_try(arena, n, sizeof *order);
    out->code = lb_arena_try(arena, n, sizeof *out->code);
    out->value = lb_arena_try(arena, n, sizeof *out->value);
    if (!order || !out->code || !out->value) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", n);
    int code = lb_sort_order(x, n, order, err);
    for (size_t i = 0; i < n && !code; i++) {
        if (!i || x[order[i]] > out->value[out->count - 1]) out->value[out->count++] = x[order[i]];
        out->code[order[i]] = out->count - 1;
    }
    return code;
}

/* Trees into the arena; out-of-bag means in the order of the trees. */
static void collect(const shared *s, lb_arena *arena, lb_forest *out)
{
    lb_score_tree *tree = lb_arena_array(arena, s->options->trees, sizeof *tree);
    double *row = lb_arena_array(arena, s->p + 1, sizeof *row), *seen = lb_arena_array(arena, s->n, sizeof *seen);
    out->out_of_bag = lb_arena_array(arena, s->n, sizeof(double));
    out->importance = lb_arena_array(arena, s->p, sizeof(double));
    for (size_t t = 0; t < s->options->trees; t++) {
        grown *g = &s->tree[t];
        lb_score_node *node = lb_arena_array(arena, g->nodes, sizeof *node);
        memcpy(node, g->node, g->nodes * sizeof *node);
        tree[t] = (lb_score_tree){g->nodes, node};
        lb_score_forest one = {.features = s->p, .trees = 1, .tree = &tree[t]};
        for (size_t k = 0; k < g->out_count; k++) {
            size_t i = g->out[k];
            for (size_t j = 0; j < s->p; j++) row[j] = s->x[j * s->n + i];
            out->out_of_bag[i] += lb_score_margin(&one, row);
            seen[i]++;
        }
        for (size_t j = 0; j < s->p; j++) out->importance[j] += g->importance[j] / (double)s->options->trees;
        free(g->node);
        free(g->out);
        free(g->importance);
    }
    for (size_t i = 0; i < s->n; i++) out->out_of_bag[i] = seen[i] > 0 ? out->out_of_bag[i] / seen[i] : NAN;
    out->model = (lb_score_forest){.features = s->p, .trees = s->options->trees, .tree = tree};
}

int lb_forest_fit(const double *x, const double *y, size_t n, size_t p, const lb_forest_options *options, const lb_progress *progress,
                  lb_arena *arena, lb_forest *out, lb_error *err)
{
    *out = (lb_forest){0};
    if (n > UINT32_MAX / 8 || p > UINT32_MAX / 8) return lb_fail(err, LB_TOO_LARGE, "%zu rows by %zu features are too many for a forest", n, p);
    if (lb_progress_cancelled(progress)) return lb_fail(err, LB_CANCELLED, "cancelled");
    lb_arena *scratch = lb_arena_new();
    shared s = {.n = n, .p = p, .options = options, .x = x, .mtry = options->mtry ? options->mtry : (size_t)sqrt((double)p)};
    ranked *f = lb_arena_array(scratch, p, sizeof *f);
    uint8_t *outcome = lb_arena_try(scratch, n, 1);
    double *chance = options->weight ? lb_arena_try(scratch, n, sizeof *chance) : NULL;
    s.tree = lb_arena_array(scratch, options->trees, sizeof *s.tree);
    int code = outcome && (chance || !options->weight) ? 0 : lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", n);
    for (size_t i = 0; i < n && !code; i++) {
        outcome[i] = y[i] == 1;
        if (chance) chance[i] = options->weight[i] + (i ? chance[i - 1] : 0);
    }
    for (size_t j = 0; j < p && !code; j++) code = rank(x + j * n, n, scratch, &f[j], err);
    s.feature = f, s.y = outcome, s.chance = chance;
    if (s.mtry < 1) s.mtry = 1;
    if (!code) {
        lb_parallel_for(options->trees, options->threads, one_tree, &s);
        collect(&s, arena, out);
    }
    lb_arena_free(scratch);
    return code;
}
