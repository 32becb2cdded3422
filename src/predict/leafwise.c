/* Leaf-wise growth: histograms of gradient and hessian per bin, the larger child by subtraction, the leaf with the largest gain
 * split next. Ke et al. 2017 (LightGBM), with the arithmetic of version 4: float32 gradients, double sums. */
#include "predict/leafwise.h"

#include <math.h>
#include <string.h>

#define TINY ((double)1e-15f)

typedef struct cell {
    double gradient, hessian;
} cell;

typedef struct split {
    double gain, left_gradient, left_hessian, right_gradient, right_hessian, left_output, right_output;
    int feature, bin;
    bool default_left;
} split;

typedef struct leaf {
    size_t first, count;       /* rows: order[first .. first + count) */
    double gradient, hessian;
    cell *histogram;           /* features × 256 */
    bool *dead;                /* features that could not be split here: not tried below */
    split best;
} leaf;

typedef struct grower {
    size_t n, p;
    const lb_leafwise_options *options;
    const lb_leafwise_bins *bins;
    float *gradient, *hessian;
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
    for (size_t k = 0; k < b->count; k++) {
        if (k == b->common) continue;
        rest.gradient -= h[k].gradient;
        rest.hessian -= h[k].hessian;
    }
    h[b->common] = rest;
}

static void fill(const grower *g, leaf *l)
{
    memset(l->histogram, 0, g->p * 256 * sizeof *l->histogram);
    for (size_t j = 0; j < g->p; j++) {
        if (g->bins[j].count < 2 || l->dead[j]) continue;
        cell *h = l->histogram + j * 256;
        const uint8_t *bin = g->bins[j].bin;
        for (size_t i = l->first; i < l->first + l->count; i++) {
            uint32_t row = g->order[i];
            h[bin[row]].gradient += (double)g->gradient[row];
            h[bin[row]].hessian += (double)g->hessian[row];
        }
        if (g->bins[j].common > 0) reconstruct(h, &g->bins[j], l);
    }
}

/* A scan in one direction; better splits replace *best. Returns whether any split gained. */
typedef struct scan {
    const grower *g;
    const leaf *l;
    double hessian, shift; /* total with its epsilon; the gain to beat */
    int feature;
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
    const cell *h = s->l->histogram + (size_t)s->feature * 256;
    int bins = (int)s->g->bins[s->feature].count, last = bins - 1 - keep_missing_out;
    double factor = (double)s->l->count / s->hessian, gradient = 0, hessian = TINY, most = -INFINITY;
    long count = 0, total = (long)s->l->count, least = (long)o->min_data;
    bool any = false;
    split found = {0};
    int start = from_right ? last : 0;
    if (!from_right && s->g->bins[s->feature].common == 0) { /* the first bin is what the others leave */
        gradient = s->l->gradient, hessian = s->hessian - TINY, count = total;
        for (int k = 1; k < bins; k++) {
            gradient -= h[k].gradient;
            hessian -= h[k].hessian;
            count -= (long)(h[k].hessian * factor + 0.5);
        }
        start = -1; /* as it stands first, then with each bin added */
    }
    for (int k = start; from_right ? k >= 1 : k <= bins - 2; k += from_right ? -1 : 1) {
        if (k < 0) k = 0;
        else gradient += h[k].gradient, hessian += h[k].hessian, count += (long)(h[k].hessian * factor + 0.5);
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
    for (size_t j = 0; j < g->p; j++) {
        const lb_leafwise_bins *b = &g->bins[j];
        if (b->count < 2 || l->dead[j]) continue;
        scan s = {g, l, l->hessian + 2 * TINY, 0, (int)j};
        s.shift = gain_of(g, l->gradient, s.hessian) + g->options->min_gain;
        split best = {.gain = -INFINITY, .feature = -1};
        bool both = b->missing && b->count > 2, any = sweep(&s, true, both, &best);
        if (both) any |= sweep(&s, false, true, &best);
        else if (b->missing) best.default_left = false;
        l->dead[j] = !any;
        if (best.feature >= 0 && best.gain > l->best.gain) l->best = best;
    }
}

static bool goes_left(const lb_leafwise_bins *b, const split *s, uint32_t row)
{
    if (b->missing && b->bin[row] == b->count - 1) return s->default_left;
    return b->bin[row] <= s->bin;
}

/* Rows of the left child first; both keep their order. Returns how many went left. */
static size_t partition(grower *g, const leaf *l, const split *s)
{
    const lb_leafwise_bins *b = &g->bins[s->feature];
    size_t left = 0, right = 0;
    uint32_t *rows = g->order + l->first;
    for (size_t i = 0; i < l->count; i++) {
        if (goes_left(b, s, rows[i])) rows[left++] = rows[i];
        else g->spare[right++] = rows[i];
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
    memcpy(b->dead, a->dead, g->p * sizeof *b->dead);
    a->best = b->best = (split){.gain = -INFINITY, .feature = -1};
    if (left < 2 * g->options->min_data && right < 2 * g->options->min_data) return;
    if (left < right) { /* the parent's histogram lies in a: hand it to the larger child */
        cell *swap = a->histogram;
        a->histogram = b->histogram;
        b->histogram = swap;
    }
    leaf *small = left < right ? a : b, *large = left < right ? b : a;
    fill(g, small);
    for (size_t k = 0; k < g->p * 256; k++) {
        large->histogram[k].gradient -= small->histogram[k].gradient;
        large->histogram[k].hessian -= small->histogram[k].hessian;
    }
    search(g, small);
    search(g, large);
}

static void grow(grower *g, lb_leafwise_tree *t)
{
    leaf *root = &g->leaf[0];
    root->first = 0, root->count = g->n, root->gradient = 0, root->hessian = 0;
    memset(root->dead, 0, g->p * sizeof *root->dead);
    for (size_t i = 0; i < g->n; i++) {
        g->order[i] = (uint32_t)i;
        root->gradient += (double)g->gradient[i];
        root->hessian += (double)g->hessian[i];
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
            g->gradient[i] = (float)(margin[i] - (double)(float)y[i]) * w;
            g->hessian[i] = w;
            continue;
        }
        double label = y[i] == 1 ? 1 : -1, response = -label / (1 + exp(label * margin[i])), size = fabs(response), w = weight[y[i] == 1];
        if (g->options->weight) w *= (double)(float)g->options->weight[i];
        g->gradient[i] = (float)(response * w);
        g->hessian[i] = (float)(size * (1 - size) * w);
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

static int prepare(grower *g, lb_arena *scratch, lb_error *err)
{
    g->gradient = lb_arena_try(scratch, 2 * g->n + 2, sizeof(float));
    g->order = lb_arena_try(scratch, 2 * g->n + 2, sizeof(uint32_t));
    g->leaf = lb_arena_try(scratch, g->options->leaves + 1, sizeof(leaf));
    bool whole = g->gradient && g->order && g->leaf;
    for (size_t k = 0; whole && k < g->options->leaves; k++) {
        g->leaf[k].histogram = lb_arena_try(scratch, g->p * 256 + 1, sizeof(cell));
        g->leaf[k].dead = lb_arena_try(scratch, g->p + 1, sizeof(bool));
        whole = g->leaf[k].histogram && g->leaf[k].dead;
    }
    if (!whole) return lb_fail(err, LB_TOO_LARGE, "histograms of %zu leaves by %zu features do not fit in memory", g->options->leaves, g->p);
    g->hessian = g->gradient + g->n;
    g->spare = g->order + g->n;
    return 0;
}

int lb_leafwise_fit(const double *x, const double *y, size_t n, size_t p, const lb_leafwise_options *options, const lb_progress *progress,
                    lb_arena *arena, lb_leafwise_model *out, lb_error *err)
{
    grower g = {.n = n, .p = p, .options = options};
    lb_arena *scratch = lb_arena_new();
    *out = (lb_leafwise_model){.features = p, .tree = lb_arena_array(arena, options->iterations + 1, sizeof *out->tree),
                               .bins = lb_arena_array(arena, p + 1, sizeof *out->bins), .margin = lb_arena_array(arena, n + 1, sizeof(double))};
    int code = prepare(&g, scratch, err);
    for (size_t j = 0; j < p && !code; j++) code = lb_leafwise_bin(x + j * n, n, options->max_bin, options->min_data, arena, &out->bins[j], err);
    g.bins = out->bins;
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
