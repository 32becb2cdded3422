/* Leaf-wise growth: histograms of gradient and hessian per bin, the larger child by subtraction, the leaf with the largest gain
 * split next. Ke et al. 2017 (LightGBM), with the arithmetic of version 4: float32 gradients, double sums. */
#include "predict/leafwise.h"

#include <math.h>
#include <string.h>

#define TINY ((double)1e-15f)

/* Features are counted four at a time: their histograms fit the nearest cache together, and one load brings a row's four bins. */
enum { LANES = 4, BINS = 256, AHEAD = 24 }; /* AHEAD: rows fetched before their turn */

/* Gradient and hessian side by side: one addition serves both. */
typedef double cell __attribute__((vector_size(16)));
typedef float slope __attribute__((vector_size(8)));
enum { GRADIENT, HESSIAN };

typedef struct split {
    double gain, left_gradient, left_hessian, right_gradient, right_hessian, left_output, right_output;
    int feature, bin;
    bool default_left;
} split;

typedef struct leaf {
    size_t first, count;       /* rows: order[first .. first + count) */
    double gradient, hessian;
    cell *histogram;           /* slots × BINS */
    bool *dead;                /* slots that could not be split here: not tried below; what their histograms hold means nothing */
    split best;
} leaf;

typedef struct grower {
    size_t n, p;
    const lb_leafwise_options *options;
    const lb_leafwise_bins *bins;
    size_t slots;              /* features that have bins to split between, up to a multiple of LANES */
    size_t *feature;           /* of each slot, ascending; SIZE_MAX: an empty one */
    uint32_t *packed;          /* slots / LANES × n: the bins of LANES slots, the first in the lowest byte */
    slope *slope;              /* of all rows */
    cell *near;                /* of a leaf's rows, in its order */
    uint32_t *order, *spare;
    leaf *leaf; /* options->leaves */
    size_t leaves;
} grower;

static double gain_of(const grower *g, double gradient, double hessian) { return gradient * gradient / (hessian + g->options->l2); }
static double output_of(const grower *g, double gradient, double hessian) { return -gradient / (hessian + g->options->l2); }

/* The common bin is what the others leave of the leaf's total, whose rounding it takes on. */
static void reconstruct(cell *h, const lb_leafwise_bins *b, const leaf *l)
{
    cell rest = {l->gradient, l->hessian};
    for (size_t k = 0; k < b->count; k++)
        if (k != b->common) rest -= h[k];
    h[b->common] = rest;
}

/* Rows are met in the leaf's order by every bin, whatever the blocks: the sums do not depend on them. */
static void count_block(const uint32_t *packed, const uint32_t *row, const cell *near, size_t count, cell *h)
{
    memset(h, 0, LANES * BINS * sizeof *h);
    for (size_t i = 0; i < count; i++) {
        uint32_t bins = packed[row[i]];
        cell add = near[i];
        __builtin_prefetch(&packed[row[i + AHEAD]]);
        h[bins & 255] += add;
        h[BINS + (bins >> 8 & 255)] += add;
        h[2 * BINS + (bins >> 16 & 255)] += add;
        h[3 * BINS + (bins >> 24)] += add;
    }
}

static void fill(const grower *g, leaf *l)
{
    const uint32_t *row = g->order + l->first;
    for (size_t i = 0; i < l->count; i++) g->near[i] = (cell){(double)g->slope[row[i]][GRADIENT], (double)g->slope[row[i]][HESSIAN]};
    for (size_t s = 0; s < g->slots; s += LANES) {
        if (l->dead[s] && l->dead[s + 1] && l->dead[s + 2] && l->dead[s + 3]) continue;
        count_block(g->packed + s / LANES * g->n, row, g->near, l->count, l->histogram + s * BINS);
        for (size_t k = s; k < s + LANES; k++) {
            if (l->dead[k]) continue;
            const lb_leafwise_bins *b = &g->bins[g->feature[k]];
            if (b->common > 0) reconstruct(l->histogram + k * BINS, b, l);
        }
    }
}

/* A scan in one direction; better splits replace *best. Returns whether any split gained. */
typedef struct scan {
    const grower *g;
    const leaf *l;
    double hessian, shift; /* total with its epsilon; the gain to beat */
    int feature;
    const cell *histogram;
} scan;

static bool consider(const scan *s, double near_gradient, double near_hessian, bool near_is_left, int bin, double *best, split *found)
{
    double far_gradient = s->l->gradient - near_gradient, far_hessian = s->hessian - near_hessian;
    double left_gradient = near_is_left ? near_gradient : far_gradient, left_hessian = near_is_left ? near_hessian : far_hessian;
    double right_gradient = near_is_left ? far_gradient : near_gradient, right_hessian = near_is_left ? far_hessian : near_hessian;
    double gain = gain_of(s->g, left_gradient, left_hessian) + gain_of(s->g, right_gradient, right_hessian);
    if (!(gain > s->shift)) return false;
    if (!(gain > *best)) return true;
    *best = gain;
    found->left_gradient = left_gradient;
    found->left_hessian = left_hessian;
    found->bin = bin;
    return true;
}

static bool sweep(const scan *s, bool from_right, bool keep_missing_out, split *best)
{
    const lb_leafwise_options *o = s->g->options;
    const cell *h = s->histogram;
    int bins = (int)s->g->bins[s->feature].count, last = bins - 1 - keep_missing_out;
    double factor = (double)s->l->count / s->hessian, gradient = 0, hessian = TINY, most = -INFINITY;
    long count = 0, total = (long)s->l->count, least = (long)o->min_data;
    bool any = false;
    split found = {0};
    int start = from_right ? last : 0;
    if (!from_right && s->g->bins[s->feature].common == 0) { /* the first bin is what the others leave */
        gradient = s->l->gradient, hessian = s->hessian - TINY, count = total;
        for (int k = 1; k < bins; k++) {
            gradient -= h[k][GRADIENT];
            hessian -= h[k][HESSIAN];
            count -= (long)(h[k][HESSIAN] * factor + 0.5);
        }
        start = -1; /* as it stands first, then with each bin added */
    }
    for (int k = start; from_right ? k >= 1 : k <= bins - 2; k += from_right ? -1 : 1) {
        if (k < 0) k = 0;
        else gradient += h[k][GRADIENT], hessian += h[k][HESSIAN], count += (long)(h[k][HESSIAN] * factor + 0.5);
        if (count < least || hessian < o->min_hessian) continue;
        if (total - count < least || s->hessian - hessian < o->min_hessian) break;
        any |= consider(s, gradient, hessian, !from_right, from_right ? k - 1 : k, &most, &found);
    }
    if (!any || !(most > best->gain + s->shift)) return any;
    best->feature = s->feature;
    best->bin = found.bin;
    best->gain = most - s->shift;
    best->default_left = from_right;
    best->left_gradient = found.left_gradient;
    best->right_gradient = s->l->gradient - found.left_gradient;
    best->left_hessian = found.left_hessian - TINY;
    best->right_hessian = s->hessian - found.left_hessian - TINY;
    best->left_output = output_of(s->g, found.left_gradient, found.left_hessian);
    best->right_output = output_of(s->g, best->right_gradient, s->hessian - found.left_hessian);
    return any;
}

/* The best split of a leaf over all features; the first feature wins ties. */
static void search(const grower *g, leaf *l)
{
    l->best = (split){.gain = -INFINITY, .feature = -1};
    for (size_t k = 0; k < g->slots; k++) {
        if (l->dead[k]) continue;
        const lb_leafwise_bins *b = &g->bins[g->feature[k]];
        scan s = {g, l, l->hessian + 2 * TINY, 0, (int)g->feature[k], l->histogram + k * BINS};
        s.shift = gain_of(g, l->gradient, s.hessian) + g->options->min_gain;
        split best = {.gain = -INFINITY, .feature = -1};
        bool both = b->missing && b->count > 2, any = sweep(&s, true, both, &best);
        if (both) any |= sweep(&s, false, true, &best);
        else if (b->missing) best.default_left = false;
        l->dead[k] = !any;
        if (best.feature >= 0 && best.gain > l->best.gain) l->best = best;
    }
}

/* Rows of the left child first; both keep their order. Returns how many went left. */
static size_t partition(grower *g, const leaf *l, const split *s)
{
    const lb_leafwise_bins *b = &g->bins[s->feature];
    bool goes_left[BINS];
    for (int k = 0; k < BINS; k++) goes_left[k] = k <= s->bin;
    if (b->missing) goes_left[b->count - 1] = s->default_left;
    size_t left = 0, right = 0;
    uint32_t *rows = g->order + l->first;
    for (size_t i = 0; i < l->count; i++) { /* to both places, and one of them counts: nothing to predict for the processor */
        uint32_t row = rows[i];
        bool goes = goes_left[b->bin[row]];
        rows[left] = g->spare[right] = row;
        left += goes;
        right += !goes;
    }
    memcpy(rows + left, g->spare, right * sizeof *rows);
    return left;
}

static void record(const grower *g, lb_leafwise_tree *t, size_t at, const split *s, size_t left, size_t right)
{
    size_t node = t->leaves - 1, fresh = t->leaves;
    const lb_leafwise_bins *b = &g->bins[s->feature];
    for (size_t i = 0; i < node; i++) {
        if (t->left[i] == ~(int)at) t->left[i] = (int)node;
        else if (t->right[i] == ~(int)at) t->right[i] = (int)node;
    }
    t->feature[node] = s->feature;
    t->threshold[node] = b->bound[s->bin];
    t->decision[node] = (s->default_left ? 2 : 0) | (b->missing ? LB_SCORE_MISSING_NAN << 2 : 0);
    t->gain[node] = s->gain + g->options->min_gain;
    t->left[node] = ~(int)at;
    t->right[node] = ~(int)fresh;
    t->internal_value[node] = t->leaf_value[at];
    t->internal_weight[node] = t->leaf_weight[at];
    t->internal_count[node] = left + right;
    t->leaf_value[at] = s->left_output;
    t->leaf_value[fresh] = s->right_output;
    t->leaf_weight[at] = s->left_hessian;
    t->leaf_weight[fresh] = s->right_hessian;
    t->leaf_count[at] = left;
    t->leaf_count[fresh] = right;
    t->leaves++;
}

/* Histograms of the two children: the smaller one counted, the larger one what is left of the parent. */
static void divide(grower *g, size_t at, size_t left)
{
    leaf *a = &g->leaf[at], *b = &g->leaf[g->leaves++];
    split s = a->best;
    size_t right = a->count - left;
    b->first = a->first + left;
    b->count = right;
    a->count = left;
    a->gradient = s.left_gradient, a->hessian = s.left_hessian;
    b->gradient = s.right_gradient, b->hessian = s.right_hessian;
    memcpy(b->dead, a->dead, g->slots * sizeof *b->dead);
    a->best = b->best = (split){.gain = -INFINITY, .feature = -1};
    if (left < 2 * g->options->min_data && right < 2 * g->options->min_data) return;
    if (left < right) { /* the parent's histogram lies in a: hand it to the larger child */
        cell *swap = a->histogram;
        a->histogram = b->histogram;
        b->histogram = swap;
    }
    leaf *small = left < right ? a : b, *large = left < right ? b : a;
    fill(g, small);
    for (size_t k = 0; k < g->slots; k++)
        for (size_t at_bin = k * BINS; !large->dead[k] && at_bin < k * BINS + g->bins[g->feature[k]].count; at_bin++)
            large->histogram[at_bin] -= small->histogram[at_bin];
    search(g, small);
    search(g, large);
}

static void grow(grower *g, lb_leafwise_tree *t)
{
    leaf *root = &g->leaf[0];
    root->first = 0, root->count = g->n, root->gradient = 0, root->hessian = 0;
    for (size_t k = 0; k < g->slots; k++) root->dead[k] = g->feature[k] == SIZE_MAX;
    for (size_t i = 0; i < g->n; i++) {
        g->order[i] = (uint32_t)i;
        root->gradient += (double)g->slope[i][GRADIENT];
        root->hessian += (double)g->slope[i][HESSIAN];
    }
    g->leaves = t->leaves = 1;
    t->leaf_value[0] = t->leaf_weight[0] = 0;
    t->leaf_count[0] = g->n;
    root->best = (split){.gain = -INFINITY, .feature = -1};
    if (g->n < 2 * g->options->min_data) return;
    fill(g, root);
    search(g, root);
    while (g->leaves < g->options->leaves) {
        size_t at = 0;
        for (size_t k = 1; k < g->leaves; k++) {
            const split *a = &g->leaf[k].best, *b = &g->leaf[at].best;
            if (a->gain > b->gain || (a->gain == b->gain && (unsigned)a->feature < (unsigned)b->feature)) at = k;
        }
        if (!(g->leaf[at].best.gain > 0)) break;
        size_t left = partition(g, &g->leaf[at], &g->leaf[at].best);
        record(g, t, at, &g->leaf[at].best, left, g->leaf[at].count - left);
        divide(g, at, left);
    }
}

static void slopes(const grower *g, const double *y, const double *margin, const double weight[2])
{
    for (size_t i = 0; i < g->n; i++) {
        if (!g->options->binary) {
            float w = g->options->weight ? (float)g->options->weight[i] : 1;
            g->slope[i] = (slope){(float)(margin[i] - (double)(float)y[i]) * w, w};
            continue;
        }
        double label = y[i] == 1 ? 1 : -1, response = -label / (1 + exp(label * margin[i])), size = fabs(response), w = weight[y[i] == 1];
        if (g->options->weight) w *= (double)(float)g->options->weight[i];
        g->slope[i] = (slope){(float)(response * w), (float)(size * (1 - size) * w)};
    }
}

static double first_score(const lb_leafwise_options *o, const double *y, size_t n, double weight[2])
{
    double sum = 0, total = (double)n;
    for (size_t i = 0; i < n; i++) sum += (o->binary ? y[i] : (double)(float)y[i]) * (o->weight ? (double)(float)o->weight[i] : 1);
    if (o->weight) total = 0;
    for (size_t i = 0; i < n && o->weight; i++) total += (double)(float)o->weight[i];
    double mean = sum / total, others = total - sum;
    weight[0] = weight[1] = 1;
    if (!o->binary) return mean;
    if (o->unbalanced && sum > others) weight[0] = sum / others;
    else if (o->unbalanced) weight[1] = others / sum;
    return log(mean / (1 - mean));
}

static double rounded(double value) { return fabs(value) > 1e-35 ? value : 0; }

/* Shrinks the tree, moves the margins, and lets the first tree take the starting score. */
static void finish(const grower *g, lb_leafwise_tree *t, double bias, double *margin)
{
    double rate = g->options->learning_rate;
    t->shrinkage = bias != 0 ? 1 : rate;
    for (size_t k = 0; k < t->leaves; k++) {
        t->leaf_value[k] = rounded(t->leaf_value[k] * rate);
        if (k + 1 < t->leaves) t->internal_value[k] = rounded(t->internal_value[k] * rate);
        for (size_t i = g->leaf[k].first; i < g->leaf[k].first + g->leaf[k].count; i++) margin[g->order[i]] += t->leaf_value[k];
    }
    for (size_t k = 0; k < t->leaves && bias != 0; k++) {
        t->leaf_value[k] = rounded(t->leaf_value[k] + bias);
        if (k + 1 < t->leaves) t->internal_value[k] = rounded(t->internal_value[k] + bias);
    }
}

static lb_leafwise_tree new_tree(lb_arena *arena, size_t leaves)
{
    int *whole = lb_arena_array(arena, 4 * leaves, sizeof *whole);
    double *number = lb_arena_array(arena, 6 * leaves, sizeof *number);
    size_t *count = lb_arena_array(arena, 2 * leaves, sizeof *count);
    return (lb_leafwise_tree){.feature = whole, .left = whole + leaves, .right = whole + 2 * leaves, .decision = whole + 3 * leaves,
                              .threshold = number, .gain = number + leaves, .internal_value = number + 2 * leaves, .internal_weight = number + 3 * leaves,
                              .leaf_value = number + 4 * leaves, .leaf_weight = number + 5 * leaves, .internal_count = count, .leaf_count = count + leaves};
}

/* Slots for the features that can be split, their bins packed, and histograms for as many leaves as a tree has. */
static int prepare(grower *g, lb_arena *scratch, lb_error *err)
{
    g->feature = lb_arena_array(scratch, g->p + LANES, sizeof *g->feature);
    for (size_t j = 0; j < g->p; j++)
        if (g->bins[j].count >= 2) g->feature[g->slots++] = j;
    while (g->slots % LANES) g->feature[g->slots++] = SIZE_MAX;
    g->packed = lb_arena_try(scratch, g->slots / LANES + 1, (g->n + 1) * sizeof(uint32_t));
    g->slope = lb_arena_try(scratch, g->n + 1, sizeof(slope));
    g->near = lb_arena_try(scratch, g->n + 1, sizeof(cell));
    g->order = lb_arena_try(scratch, 2 * g->n + AHEAD, sizeof(uint32_t));
    g->leaf = lb_arena_try(scratch, g->options->leaves + 1, sizeof(leaf));
    bool whole = g->packed && g->slope && g->near && g->order && g->leaf;
    for (size_t k = 0; whole && k < g->options->leaves; k++) {
        g->leaf[k].histogram = lb_arena_try(scratch, g->slots * BINS + 1, sizeof(cell));
        g->leaf[k].dead = lb_arena_try(scratch, g->slots + 1, sizeof(bool));
        whole = g->leaf[k].histogram && g->leaf[k].dead;
    }
    if (!whole) return lb_fail(err, LB_TOO_LARGE, "histograms of %zu leaves by %zu features do not fit in memory", g->options->leaves, g->p);
    g->spare = g->order + g->n;
    for (size_t k = 0; k < g->slots; k++) {
        uint32_t *to = g->packed + k / LANES * g->n;
        const uint8_t *bin = g->feature[k] == SIZE_MAX ? NULL : g->bins[g->feature[k]].bin;
        for (size_t i = 0; bin && i < g->n; i++) to[i] |= (uint32_t)bin[i] << k % LANES * 8;
    }
    return 0;
}

int lb_leafwise_fit(const double *x, const double *y, size_t n, size_t p, const lb_leafwise_options *options, const lb_progress *progress,
                    lb_arena *arena, lb_leafwise_model *out, lb_error *err)
{
    grower g = {.n = n, .p = p, .options = options};
    lb_arena *scratch = lb_arena_new();
    *out = (lb_leafwise_model){.features = p, .tree = lb_arena_array(arena, options->iterations + 1, sizeof *out->tree),
                               .bins = lb_arena_array(arena, p + 1, sizeof *out->bins), .margin = lb_arena_array(arena, n + 1, sizeof(double))};
    int code = 0;
    for (size_t j = 0; j < p && !code; j++) code = lb_leafwise_bin(x + j * n, n, options->max_bin, options->min_data, arena, &out->bins[j], err);
    g.bins = out->bins;
    if (!code) code = prepare(&g, scratch, err);
    double weight[2], start = first_score(options, y, n, weight), bias = fabs(start) > TINY ? start : 0;
    for (size_t i = 0; i < n; i++) out->margin[i] = bias;
    for (size_t round = 0; round < options->iterations && !code; round++) {
        if (lb_progress_cancelled(progress)) code = lb_fail(err, LB_CANCELLED, "cancelled");
        lb_leafwise_tree tree = new_tree(arena, options->leaves + 1);
        slopes(&g, y, out->margin, weight);
        grow(&g, &tree);
        if (tree.leaves < 2 && round) break;
        finish(&g, &tree, round ? 0 : bias, out->margin);
        out->tree[out->trees++] = tree;
        if (tree.leaves < 2) break; /* nothing to split at all: a constant */
        lb_progress_report(progress, (double)(round + 1) / (double)options->iterations, "trees");
    }
    lb_arena_free(scratch);
    return code;
}
