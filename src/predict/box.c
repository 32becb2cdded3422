/* Asking any model; Shapley values by asking. */
#include "predict/box.h"
#include "predict/doubts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ENUMERATED = 12 };

int lb_box_open(const lb_bytes *bytes, lb_arena *arena, lb_box *out, lb_error *err)
{
    *out = (lb_box){0};
    int code = lb_published_try(bytes, arena, &out->published, &out->is_published, err);
    if (!code && !out->is_published) code = lb_model_read(bytes, arena, &out->model, err);
    if (code) return code;
    out->features = out->is_published ? out->published.inputs : out->model.features;
    out->name = out->is_published ? out->published.name : out->model.feature;
    out->kind = out->is_published ? lb_get_text(lb_get(out->published.document, "learner"), "name", "lumbar") : out->model.kind;
    out->logistic = out->is_published ? out->published.model->program[0].logistic : out->model.link == LB_LINK_LOGIT;
    return 0;
}

int lb_box_rows(const lb_box *box, const lb_table *table, lb_arena *arena, double **x, lb_result *result, lb_error *err)
{
    lb_published_rows rows;
    int code = 0;
    if (!box->is_published) {
        code = lb_model_inputs(&box->model, table, arena, x, err);
        if (!code && result) lb_doubts_model(&box->model, *x, table->rows, NULL, result);
        return code;
    }
    code = lb_published_read(&box->published, table, arena, &rows, err);
    if (code) return code;
    *x = rows.input;
    for (size_t i = 0; i < rows.n; i++) {
        if (!rows.fault[i]) continue;
        code = lb_fail(err, LB_BAD_DATA, "row %zu cannot be explained: %s", i + 1, rows.fault[i]);
        lb_error_where(err, "%s", table->name ? table->name : "data");
        return code;
    }
    if (result) lb_doubts_published(&box->published, &rows, result);
    return 0;
}

double lb_box_margin(const lb_box *box, const double *x)
{
    if (!box->is_published) return lb_model_margin(&box->model, x);
    return lb_score_program_margin(box->published.model, 0, x, box->published.scratch);
}

double lb_box_score(const lb_box *box, const double *x)
{
    double margin = lb_box_margin(box, x);
    return box->is_published ? lb_score_of_margin(&box->published.model->program[0], margin) : lb_model_score(&box->model, margin);
}

typedef struct game {
    const lb_box *box;
    const double *x, *background;
    size_t rows;
    bool score;
    double *mixed;
    bool *in;
} game;

static double worth(const game *g)
{
    size_t p = g->box->features;
    double sum = 0;
    for (size_t r = 0; r < g->rows; r++) {
        for (size_t j = 0; j < p; j++) g->mixed[j] = g->in[j] ? g->x[j] : g->background[r * p + j];
        sum += g->score ? lb_box_score(g->box, g->mixed) : lb_box_margin(g->box, g->mixed);
    }
    return sum / (double)g->rows;
}

static void enumerate(game *g, double *value)
{
    size_t p = g->box->features;
    double weight[MOST_ENUMERATED + 1];
    for (size_t s = 0; s < p; s++) { /* s! (p - 1 - s)! / p! */
        weight[s] = 1 / (double)p;
        for (size_t k = 1; k <= s; k++) weight[s] *= (double)k / (double)(p - k);
    }
    for (size_t coalition = 0; coalition < (size_t)1 << p; coalition++) {
        size_t members = (size_t)__builtin_popcountll(coalition);
        for (size_t j = 0; j < p; j++) g->in[j] = coalition >> j & 1;
        double v = worth(g);
        for (size_t j = 0; j < p; j++) value[j] += g->in[j] ? weight[members - 1] * v : -weight[members] * v;
    }
}

static void sample(game *g, size_t orders, uint64_t seed, double *value)
{
    size_t p = g->box->features, *order = lb_alloc(p, sizeof *order);
    lb_random random;
    lb_random_init(&random, seed, 0);
    for (size_t j = 0; j < p; j++) order[j] = j;
    for (size_t round = 0; round < 2 * orders; round++) {
        for (size_t k = p; round % 2 == 0 && k > 1; k--) {
            size_t other = lb_random_below(&random, (uint32_t)k), swap = order[k - 1];
            order[k - 1] = order[other], order[other] = swap;
        }
        memset(g->in, 0, p * sizeof *g->in);
        double before = worth(g);
        for (size_t k = 0; k < p; k++) {
            size_t j = order[round % 2 ? p - 1 - k : k];
            g->in[j] = true;
            double after = worth(g);
            value[j] += (after - before) / (double)(2 * orders);
            before = after;
        }
    }
    free(order);
}

double lb_box_shapley(const lb_box *box, const double *x, const double *background, size_t rows, bool score, size_t orders, uint64_t seed, double *value)
{
    size_t p = box->features;
    game g = {box, x, background, rows, score, lb_alloc(p + 1, sizeof(double)), lb_alloc(p + 1, sizeof(bool))};
    memset(value, 0, p * sizeof *value);
    double base = worth(&g);
    if (p <= MOST_ENUMERATED) enumerate(&g, value);
    else sample(&g, orders, seed, value);
    free(g.mixed);
    free(g.in);
    return base;
}
