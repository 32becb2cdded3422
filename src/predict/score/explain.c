/* SPDX-License-Identifier: MIT
 * What each input adds to a margin: coefficients times distances from the means; Shapley values of trees (shap.c); for a network the
 * Shapley values against its background rows, over all coalitions of inputs when they are few, else over random orders and their
 * reverses (Castro et al. 2009, doi:10.1016/j.cor.2008.04.004), which add up to the margin whichever orders are drawn. */
#include "model.h"

enum { MOST_ENUMERATED = 10, ORDERS = 64 };

typedef struct game {
    const lb_score_program *program;
    const double *column; /* of the one who is explained */
    double *mixed;        /* columns */
    double *scratch;
    const double *in;     /* per input: is it in the coalition? */
} game;

/* Mean margin when the inputs outside the coalition take the values of the background rows. */
static double worth(const game *g)
{
    const lb_score_program *p = g->program;
    double sum = 0;
    for (size_t r = 0; r < p->layers.background_rows; r++) {
        const double *other = p->layers.background + r * p->columns;
        for (size_t j = 0; j < p->columns; j++) g->mixed[j] = g->in[p->column[j].input] != 0 ? g->column[j] : other[j];
        sum += lb_score_columns_margin(p, g->mixed, g->scratch);
    }
    return sum / (double)p->layers.background_rows;
}

/* s! (n - 1 - s)! / n! */
static double share(size_t s, size_t n)
{
    double w = 1 / (double)n;
    for (size_t k = 1; k <= s; k++) w *= (double)k / (double)(n - k);
    return w;
}

static void enumerate(const game *g, const size_t *player, size_t players, double *in, double *value)
{
    for (size_t coalition = 0; coalition < (size_t)1 << players; coalition++) {
        size_t members = 0;
        for (size_t k = 0; k < players; k++) {
            in[player[k]] = coalition >> k & 1;
            members += coalition >> k & 1;
        }
        double v = worth(g);
        for (size_t k = 0; k < players; k++)
            value[player[k]] += coalition >> k & 1 ? share(members - 1, players) * v : -share(members, players) * v;
    }
}

static uint64_t draw(uint64_t *state) /* xorshift64* (Vigna 2016) */
{
    *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static void sample(const game *g, size_t *player, size_t players, double *in, double *value)
{
    uint64_t state = 88172645463325252u;
    for (size_t order = 0; order < ORDERS; order++) {
        for (size_t k = players - 1; order % 2 == 0 && k > 0; k--) {
            size_t other = (size_t)(draw(&state) % (k + 1)), swap = player[k];
            player[k] = player[other], player[other] = swap;
        }
        for (size_t k = 0; k < players; k++) in[player[k]] = 0;
        double before = worth(g);
        for (size_t k = 0; k < players; k++) {
            size_t who = player[order % 2 ? players - 1 - k : k]; /* every second time the same order backwards */
            in[who] = 1;
            double after = worth(g);
            value[who] += (after - before) / ORDERS;
            before = after;
        }
    }
}

static double explain_layers(const lb_score_model *m, const double *column, double *value, double *mixed, double *scratch, double *players)
{
    const lb_score_program *p = &m->program[0];
    double *in = players;
    size_t *player = (size_t *)(void *)(players + m->inputs), count = 0;
    for (size_t i = 0; i < m->inputs; i++) in[i] = 0;
    for (size_t j = 0; j < p->columns; j++) in[p->column[j].input] = 1;
    for (size_t i = 0; i < m->inputs; i++)
        if (in[i] != 0) player[count++] = i;
    game g = {p, column, mixed, scratch, in};
    for (size_t i = 0; i < m->inputs; i++) in[i] = 0;
    if (!p->layers.background_rows || !count) return lb_score_columns_margin(p, column, scratch);
    double base = worth(&g);
    if (count <= MOST_ENUMERATED) enumerate(&g, player, count, in, value);
    else sample(&g, player, count, in, value);
    return base;
}

double lb_score_contributions(const lb_score_model *m, const double *input, const lb_score_paths *paths, double *value, double *scratch, double *players)
{
    const lb_score_program *p = &m->program[0];
    double *column = scratch, *mixed = scratch + m->most_columns, *rest = mixed + m->most_columns;
    for (size_t i = 0; i < m->inputs; i++) value[i] = 0;
    lb_score_columns(m, p, input, column);
    if (p->kind == LB_SCORE_LAYERS) return explain_layers(m, column, value, mixed, rest, players);
    double base = p->intercept;
    if (p->kind == LB_SCORE_LINEAR) {
        for (size_t j = 0; j < p->columns; j++) {
            value[p->column[j].input] += p->beta[2 * j] * (column[j] - p->beta[2 * j + 1]);
            base += p->beta[2 * j] * p->beta[2 * j + 1];
        }
        return base;
    }
    for (size_t j = 0; j < p->columns; j++) mixed[j] = 0;
    base = lb_score_shap(paths, column, mixed);
    double each = p->average ? 1 / (double)p->forest.trees : 1;
    for (size_t j = 0; j < p->columns; j++) value[p->column[j].input] += each * mixed[j];
    return p->average ? p->forest.base + (base - p->forest.base) * each : base;
}
