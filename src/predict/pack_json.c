/* A program of the predictor as JSON a person can read, and back. */
#include "predict/pack.h"

#include <math.h>
#include <string.h>

static const char *const kinds[] = {"linear", "trees", "layers"};
static const char *const activations[] = {"relu", "tanh", "logistic"};

static void write_tree(const lb_score_tree *t, lb_value *out)
{
    lb_value *feature = lb_set_array(out, "feature"), *number = lb_set_array(out, "number"), *left = lb_set_array(out, "left");
    lb_value *right = lb_set_array(out, "right"), *missing = lb_set_array(out, "missing"), *cover = lb_set_array(out, "cover");
    for (size_t i = 0; i < t->nodes; i++) {
        const lb_score_node *n = &t->node[i];
        bool leaf = n->feature < 0;
        lb_push_int(feature, n->feature);
        lb_push_number(number, leaf ? n->value : n->threshold);
        lb_push_int(left, leaf ? 0 : n->left);
        lb_push_int(right, leaf ? 0 : n->right);
        lb_push_int(missing, leaf ? 0 : n->missing * 2 + n->default_left);
        lb_push_number(cover, n->cover);
    }
}

static void write_layers(const lb_score_layers *l, size_t columns, lb_value *out)
{
    lb_set_text(out, "activation", activations[l->activation]);
    lb_value *matrices = lb_set_array(out, "matrices");
    for (size_t k = 0; k < l->matrices; k++) {
        lb_value *m = lb_push_object(matrices);
        lb_set_int(m, "in", (int64_t)l->width[k]);
        lb_set_int(m, "out", (int64_t)l->width[k + 1]);
        lb_set_numbers(m, "weights", l->weight[k], l->width[k] * l->width[k + 1]);
        lb_set_numbers(m, "biases", l->bias[k], l->width[k + 1]);
    }
    lb_set_int(out, "background_rows", (int64_t)l->background_rows);
    lb_set_numbers(out, "background", l->background, l->background_rows * columns);
}

void lb_program_write(const lb_score_program *p, const char *const *input, size_t batches, lb_value *out)
{
    lb_set_text(out, "kind", kinds[p->kind]);
    lb_set_text(out, "link", p->logistic ? "logistic" : "identity");
    if (p->recalibrated) {
        lb_value *r = lb_set_object(out, "recalibration");
        lb_set_number(r, "intercept", p->a);
        lb_set_number(r, "slope", p->b);
    }
    lb_value *columns = lb_set_array(out, "columns");
    for (size_t j = 0; j < p->columns; j++) {
        const lb_score_column *c = &p->column[j];
        lb_value *row = lb_push_object(columns);
        lb_set_text(row, "input", input[c->input]);
        if (c->level >= 0) lb_set_int(row, "level", c->level);
        lb_set_number(row, "fill", c->fill);
        lb_set_number(row, "centre", c->centre);
        lb_set_number(row, "scale", c->scale);
        if (c->batch) lb_set_numbers(row, "batch", c->batch, 2 * batches);
        if (p->kind == LB_SCORE_LINEAR) lb_set_number(row, "coefficient", p->beta[2 * j]), lb_set_number(row, "mean", p->beta[2 * j + 1]);
    }
    if (p->kind == LB_SCORE_LINEAR) {
        lb_set_number(out, "intercept", p->intercept);
    } else if (p->kind == LB_SCORE_TREES) {
        lb_set_number(out, "base", p->forest.base);
        lb_set_text(out, "arithmetic", p->forest.single ? "float32, x < number goes left" : "double, x <= number goes left");
        lb_set_text(out, "leaves", p->average ? "averaged" : "summed");
        lb_value *trees = lb_set_array(out, "trees");
        for (size_t t = 0; t < p->forest.trees; t++) write_tree(&p->forest.tree[t], lb_push_object(trees));
    } else {
        write_layers(&p->layers, p->columns, out);
    }
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static int refuse(lb_error *err, const char *what, size_t which)
{
    int code = lb_fail(err, LB_BAD_DATA, what, which);
    lb_error_where(err, "model");
    lb_error_hint(err, "the file is damaged: publish the model again");
    return code;
}

static int pack_array(const lb_value *array, size_t count, lb_packed *out, lb_error *err)
{
    if (!array || array->type != LB_ARRAY || array->count != count) return refuse(err, "a list is not %zu numbers long", count);
    for (size_t i = 0; i < count; i++) {
        double value = lb_number_of(array->item[i]);
        if (!isfinite(value)) return refuse(err, "number %zu of a list is none", i + 1);
        lb_pack_number(out, value);
    }
    return 0;
}

static int pack_columns(const lb_value *columns, const char *const *input, size_t inputs, size_t batches, lb_packed *out, lb_error *err)
{
    if (!columns || columns->type != LB_ARRAY) return refuse(err, "it has no columns", 0);
    lb_pack_number(out, (double)columns->count);
    for (size_t j = 0; j < columns->count; j++) {
        const lb_value *c = columns->item[j], *batch = lb_get(c, "batch");
        const char *name = lb_get_text(c, "input", "");
        size_t at = 0;
        while (at < inputs && strcmp(input[at], name)) at++;
        if (at == inputs) return refuse(err, "column %zu names an input that is not there", j + 1);
        lb_pack_number(out, (double)at);
        lb_pack_number(out, (double)lb_get_int(c, "level", -1));
        lb_pack_number(out, lb_get_number(c, "fill", NAN));
        lb_pack_number(out, lb_get_number(c, "centre", NAN));
        lb_pack_number(out, lb_get_number(c, "scale", NAN));
        lb_pack_number(out, batch != NULL);
        int code = batch ? pack_array(batch, 2 * batches, out, err) : 0;
        if (code) return code;
    }
    return 0;
}

static double at(const lb_value *tree, const char *key, size_t i)
{
    const lb_value *array = lb_get(tree, key);
    return array && array->type == LB_ARRAY && i < array->count ? lb_number_of(array->item[i]) : NAN;
}

static int pack_trees(const lb_value *p, lb_packed *out, lb_error *err)
{
    const lb_value *trees = lb_get(p, "trees");
    if (!trees || trees->type != LB_ARRAY || !trees->count) return refuse(err, "it has no trees", 0);
    lb_pack_number(out, lb_get_number(p, "base", NAN));
    lb_pack_number(out, lb_text_starts(lb_get_text(p, "arithmetic", ""), "float32"));
    lb_pack_number(out, lb_text_equal(lb_get_text(p, "leaves", ""), "averaged"));
    lb_pack_number(out, (double)trees->count);
    for (size_t t = 0; t < trees->count; t++) {
        const lb_value *tree = trees->item[t], *features = lb_get(tree, "feature");
        size_t nodes = features && features->type == LB_ARRAY ? features->count : 0;
        lb_pack_number(out, (double)nodes);
        for (size_t i = 0; i < nodes; i++) {
            lb_pack_number(out, (at(tree, "feature", i) + 1) * 8 + at(tree, "missing", i));
            lb_pack_number(out, at(tree, "number", i));
            lb_pack_number(out, at(tree, "left", i) * 67108864.0 + at(tree, "right", i));
            lb_pack_number(out, at(tree, "cover", i));
        }
    }
    return 0;
}

static int pack_layers(const lb_value *p, lb_packed *out, lb_error *err)
{
    const lb_value *matrices = lb_get(p, "matrices");
    size_t count = matrices && matrices->type == LB_ARRAY ? matrices->count : 0, activation = 0;
    if (!count || count > LB_SCORE_MOST_LAYERS) return refuse(err, "it has %zu layers", count);
    while (activation < 3 && !lb_text_equal(activations[activation], lb_get_text(p, "activation", ""))) activation++;
    lb_pack_number(out, (double)activation);
    lb_pack_number(out, (double)count);
    lb_pack_number(out, lb_get_number(matrices->item[0], "in", NAN));
    int code = 0;
    for (size_t k = 0; k < count; k++) lb_pack_number(out, lb_get_number(matrices->item[k], "out", NAN));
    for (size_t k = 0; k < count && !code; k++) {
        const lb_value *m = matrices->item[k];
        int64_t in = lb_get_int(m, "in", -1), wide = lb_get_int(m, "out", -1);
        if (in < 1 || wide < 1 || in > 1000000 || wide > LB_SCORE_MOST_WIDTH) return refuse(err, "layer %zu has no size", k + 1);
        code = pack_array(lb_get(m, "weights"), (size_t)(in * wide), out, err);
        if (!code) code = pack_array(lb_get(m, "biases"), (size_t)wide, out, err);
    }
    const lb_value *background = lb_get(p, "background"), *columns = lb_get(p, "columns");
    lb_pack_number(out, (double)lb_get_int(p, "background_rows", 0));
    if (!code && lb_get_int(p, "background_rows", 0)) code = pack_array(background, (size_t)lb_get_int(p, "background_rows", 0) * columns->count, out, err);
    return code;
}

int lb_program_pack(const lb_value *p, const char *const *input, size_t inputs, size_t batches, lb_packed *out, lb_error *err)
{
    size_t kind = 0;
    const lb_value *recalibration = lb_get(p, "recalibration"), *columns = lb_get(p, "columns");
    while (kind < 3 && !lb_text_equal(kinds[kind], lb_get_text(p, "kind", ""))) kind++;
    if (kind == 3) return refuse(err, "it is of an unknown kind", 0);
    lb_pack_number(out, (double)kind);
    lb_pack_number(out, lb_text_equal(lb_get_text(p, "link", ""), "logistic"));
    lb_pack_number(out, recalibration != NULL);
    lb_pack_number(out, recalibration ? lb_get_number(recalibration, "intercept", NAN) : 0);
    lb_pack_number(out, recalibration ? lb_get_number(recalibration, "slope", NAN) : 1);
    int code = pack_columns(columns, input, inputs, batches, out, err);
    if (code) return code;
    if (kind == LB_SCORE_TREES) return pack_trees(p, out, err);
    if (kind == LB_SCORE_LAYERS) return pack_layers(p, out, err);
    lb_pack_number(out, lb_get_number(p, "intercept", NAN));
    for (size_t j = 0; j < columns->count; j++) {
        lb_pack_number(out, lb_get_number(columns->item[j], "coefficient", NAN));
        lb_pack_number(out, lb_get_number(columns->item[j], "mean", NAN));
    }
    return 0;
}
