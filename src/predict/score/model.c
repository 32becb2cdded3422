/* SPDX-License-Identifier: MIT
 * Reading a packed model: every count, index and child is checked before it is used, so that a damaged array is refused. */
#include "model.h"

#define TWO_26 67108864.0
enum { MOST_COLUMNS = 100000, MOST_PROGRAMS = 10000, MOST_TREES = 1000000, MOST_NODES = 1 << 26 };

/* Where reading stands. Without memory it only counts what will be needed. */
typedef struct reader {
    const double *at, *end;
    unsigned char *memory;
    size_t used;
    bool bad;
} reader;

static double next(reader *r)
{
    if (r->at < r->end) return *r->at++;
    r->bad = true;
    return 0;
}

/* A whole number from 0 to most. */
static size_t count(reader *r, double most)
{
    double value = next(r);
    if (value >= 0 && value <= most && value == (double)(int64_t)value) return (size_t)value;
    r->bad = true;
    return 0;
}

static const double *block(reader *r, size_t length)
{
    const double *start = r->at;
    if ((size_t)(r->end - r->at) < length) {
        r->bad = true;
        return NULL;
    }
    r->at += length;
    return start;
}

static void *take(reader *r, size_t items, size_t size)
{
    size_t from = (r->used + 15) / 16 * 16;
    r->used = from + items * size;
    return r->memory ? r->memory + from : NULL;
}

static bool finite(double x) { return x - x == 0; }

static void read_columns(reader *r, const lb_score_model *m, lb_score_program *p)
{
    p->columns = count(r, MOST_COLUMNS);
    if ((size_t)(r->end - r->at) < p->columns) r->bad = true;
    if (r->bad) return;
    lb_score_column *column = take(r, p->columns, sizeof *column);
    for (size_t j = 0; j < p->columns && !r->bad; j++) {
        lb_score_column c = {.input = count(r, (double)m->inputs - 1)};
        double level = next(r);
        if (!(level >= -1 && level < 1e6 && level == (double)(int32_t)level)) r->bad = true;
        c.level = r->bad ? -1 : (int32_t)level;
        c.fill = next(r), c.centre = next(r), c.scale = next(r);
        if (!finite(c.centre) || !finite(c.scale) || c.scale == 0) r->bad = true;
        if (count(r, 1)) c.batch = block(r, 2 * m->batches);
        if (column) column[j] = c;
    }
    p->column = column;
}

static void read_tree(reader *r, const lb_score_program *p, lb_score_tree *tree)
{
    size_t nodes = count(r, MOST_NODES);
    const double *from = r->bad ? NULL : block(r, 4 * nodes);
    if (!nodes || !from) r->bad = true;
    if (r->bad) return;
    lb_score_node *node = take(r, nodes, sizeof *node);
    for (size_t i = 0; i < nodes && !r->bad; i++, from += 4) {
        double word = from[0], children = from[2];
        if (!(word >= 0 && word < 8.0 * (MOST_COLUMNS + 1)) || word != (double)(int64_t)word || from[1] != from[1] || !(from[3] >= 0)) r->bad = true;
        if (!(children >= 0 && children < TWO_26 * TWO_26) || children != (double)(int64_t)children) r->bad = true;
        if (r->bad) return;
        int64_t bits = (int64_t)word, both = (int64_t)children;
        lb_score_node n = {.feature = (int32_t)(bits >> 3) - 1, .missing = (uint8_t)(bits >> 1 & 3), .default_left = bits & 1, .cover = from[3],
                           .left = (int32_t)(both >> 26), .right = (int32_t)(both & ((1 << 26) - 1))};
        if (n.feature < 0) n.value = from[1];
        else n.threshold = from[1];
        bool inner = n.feature >= 0; /* children come after their parent: walking down ends */
        if (inner && ((size_t)n.feature >= p->columns || n.left <= (int32_t)i || n.right <= (int32_t)i || (size_t)n.left >= nodes || (size_t)n.right >= nodes))
            r->bad = true;
        if (!inner && !finite(n.value)) r->bad = true;
        if (node) node[i] = n;
    }
    if (tree) *tree = (lb_score_tree){nodes, node};
}

static void read_trees(reader *r, lb_score_program *p)
{
    p->forest.features = p->columns;
    p->forest.base = next(r);
    p->forest.single = count(r, 1);
    p->average = count(r, 1);
    p->forest.trees = count(r, MOST_TREES);
    if ((size_t)(r->end - r->at) < p->forest.trees || !finite(p->forest.base) || !p->forest.trees) r->bad = true;
    if (r->bad) return;
    lb_score_tree *tree = take(r, p->forest.trees, sizeof *tree);
    for (size_t t = 0; t < p->forest.trees && !r->bad; t++) read_tree(r, p, tree ? &tree[t] : NULL);
    p->forest.tree = tree;
}

static void read_layers(reader *r, lb_score_program *p)
{
    lb_score_layers *l = &p->layers;
    l->activation = (lb_score_activation)count(r, LB_SCORE_LOGISTIC);
    l->matrices = count(r, LB_SCORE_MOST_LAYERS);
    if (!l->matrices) r->bad = true;
    for (size_t k = 0; k <= l->matrices && !r->bad; k++) {
        l->width[k] = count(r, k ? LB_SCORE_MOST_WIDTH : MOST_COLUMNS);
        if (!l->width[k]) r->bad = true;
    }
    if (r->bad || l->width[0] != p->columns || l->width[l->matrices] != 1) {
        r->bad = true;
        return;
    }
    for (size_t k = 0; k < l->matrices && !r->bad; k++) {
        l->weight[k] = block(r, l->width[k] * l->width[k + 1]);
        l->bias[k] = r->bad ? NULL : block(r, l->width[k + 1]);
    }
    l->background_rows = count(r, 1e6);
    l->background = r->bad ? NULL : block(r, l->background_rows * p->columns);
}

static void read_program(reader *r, const lb_score_model *m, lb_score_program *p)
{
    p->kind = (lb_score_kind)count(r, LB_SCORE_LAYERS);
    p->logistic = count(r, 1);
    p->recalibrated = count(r, 1);
    p->a = next(r), p->b = next(r);
    if (!finite(p->a) || !finite(p->b)) r->bad = true;
    if (!r->bad) read_columns(r, m, p);
    if (r->bad) return;
    if (p->kind == LB_SCORE_LINEAR) {
        p->intercept = next(r);
        p->beta = block(r, 2 * p->columns);
    } else if (p->kind == LB_SCORE_TREES) {
        read_trees(r, p);
    } else {
        read_layers(r, p);
    }
}

static bool read_all(reader *r, lb_score_model *m)
{
    if (next(r) != LB_SCORE_MAGIC || next(r) != LB_SCORE_PACKED_VERSION) return false;
    m->inputs = count(r, MOST_COLUMNS);
    double batch = next(r);
    m->batches = count(r, 10000);
    m->programs = count(r, MOST_PROGRAMS);
    if (!(batch >= -1 && batch < (double)m->inputs && batch == (double)(int32_t)batch)) r->bad = true;
    if (r->bad || !m->inputs || !m->programs) return false;
    m->batch_input = (int32_t)batch;
    lb_score_program *program = take(r, m->programs, sizeof *program);
    for (size_t k = 0; k < m->programs && !r->bad; k++) {
        lb_score_program p = {.kind = LB_SCORE_LINEAR};
        read_program(r, m, &p);
        if (p.columns > m->most_columns) m->most_columns = p.columns;
        for (size_t l = 0; p.kind == LB_SCORE_LAYERS && !r->bad && l <= p.layers.matrices; l++)
            if (p.layers.width[l] > m->most_width) m->most_width = p.layers.width[l];
        if (program) program[k] = p;
    }
    m->program = program;
    return !r->bad && r->at == r->end;
}

size_t lb_score_size(const double *packed, size_t length)
{
    reader r = {.at = packed, .end = packed + length};
    lb_score_model m = {.batch_input = -1};
    take(&r, 1, sizeof m);
    return read_all(&r, &m) ? r.used : 0;
}

lb_score_model *lb_score_load(const double *packed, size_t length, void *memory)
{
    reader r = {.at = packed, .end = packed + length, .memory = memory};
    lb_score_model *m = take(&r, 1, sizeof *m);
    *m = (lb_score_model){.batch_input = -1};
    return read_all(&r, m) ? m : NULL;
}
