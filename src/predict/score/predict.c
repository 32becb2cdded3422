/* SPDX-License-Identifier: MIT
 * Applying a model: inputs to columns (batch, fill, scale), columns to margin, margin to risk; the interval from the refits. */
#include "model.h"
#include "number.h"

void lb_score_columns(const lb_score_model *m, const lb_score_program *p, const double *input, double *column)
{
    double batch = m->batch_input >= 0 ? input[m->batch_input] : -1;
    for (size_t j = 0; j < p->columns; j++) {
        const lb_score_column *c = &p->column[j];
        double v = input[c->input];
        if (c->level >= 0 && v == v) v = v == (double)c->level ? 1 : 0;
        if (c->batch && batch >= 0 && batch < (double)m->batches) { /* an unknown batch is taken as it is */
            const double *move = c->batch + 2 * (size_t)batch;
            v = v * move[0] + move[1];
        }
        if (v != v) v = c->fill;
        column[j] = (v - c->centre) / c->scale;
    }
}

static double activate(lb_score_activation how, double x)
{
    if (how == LB_SCORE_RELU) return x > 0 ? x : 0;
    return how == LB_SCORE_TANH ? lb_score_tanh(x) : lb_score_logistic(x);
}

static double through_layers(const lb_score_layers *l, const double *column, double *scratch)
{
    const double *from = column;
    for (size_t k = 0; k < l->matrices; k++) {
        size_t in = l->width[k], out = l->width[k + 1];
        double *to = scratch + (k % 2) * LB_SCORE_MOST_WIDTH;
        for (size_t o = 0; o < out; o++) to[o] = l->bias[k][o];
        for (size_t i = 0; i < in; i++) {
            const double *w = l->weight[k] + i * out;
            for (size_t o = 0; o < out; o++) to[o] += from[i] * w[o];
        }
        for (size_t o = 0; o < out && k + 1 < l->matrices; o++) to[o] = activate(l->activation, to[o]);
        from = to;
    }
    return from[0];
}

double lb_score_columns_margin(const lb_score_program *p, const double *column, double *scratch)
{
    if (p->kind == LB_SCORE_LAYERS) return through_layers(&p->layers, column, scratch);
    if (p->kind == LB_SCORE_TREES) {
        double sum = lb_score_margin(&p->forest, column);
        return p->average ? p->forest.base + (sum - p->forest.base) / (double)p->forest.trees : sum;
    }
    double sum = p->intercept;
    for (size_t j = 0; j < p->columns; j++) sum += p->beta[2 * j] * column[j];
    return sum;
}

double lb_score_of_margin(const lb_score_program *p, double margin)
{
    if (!p->recalibrated) return p->logistic ? lb_score_logistic(margin) : margin;
    double logit = margin;
    if (!p->logistic) { /* a probability: its logit, kept off 0 and 1 */
        double q = margin < 1e-6 ? 1e-6 : margin > 1 - 1e-6 ? 1 - 1e-6 : margin;
        logit = lb_score_log(q / (1 - q));
    }
    return lb_score_logistic(p->a + p->b * logit);
}

size_t lb_score_scratch(const lb_score_model *m) { return 3 * m->most_columns + 2 * LB_SCORE_MOST_WIDTH + 8; }

double lb_score_program_margin(const lb_score_model *m, size_t program, const double *input, double *scratch)
{
    const lb_score_program *p = &m->program[program];
    lb_score_columns(m, p, input, scratch);
    return lb_score_columns_margin(p, scratch, scratch + m->most_columns);
}

double lb_score_program_risk(const lb_score_model *m, size_t program, const double *input, double *scratch)
{
    return lb_score_of_margin(&m->program[program], lb_score_program_margin(m, program, input, scratch));
}

static double quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;
    if (low + 1 >= n) return sorted[n - 1];
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

void lb_score_interval(const lb_score_model *m, const double *input, double level, double *lower, double *upper, double *scratch, double *sorted)
{
    size_t n = 0;
    for (size_t k = 1; k < m->programs; k++) {
        double risk = lb_score_program_risk(m, k, input, scratch);
        if (risk != risk) continue;
        size_t at = n++;
        for (; at > 0 && sorted[at - 1] > risk; at--) sorted[at] = sorted[at - 1];
        sorted[at] = risk;
    }
    *lower = n ? quantile(sorted, n, (1 - level) / 2) : __builtin_nan("");
    *upper = n ? quantile(sorted, n, (1 + level) / 2) : __builtin_nan("");
}
