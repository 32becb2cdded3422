/* Chained equations (van Buuren & Groothuis-Oudshoorn 2011, doi:10.18637/jss.v045.i03): start from values drawn among those
 * seen; then, in turn, draw each incomplete variable given all others. Every imputation has a random stream of its own, so
 * the result does not depend on the number of threads. */
#include "analysis/impute.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers stand centred and scaled among the predictors: no digits are lost to a large mean. */
static void place(const lb_chain *chain, size_t i, size_t v, const double *centre)
{
    const lb_impute_variable *variable = &chain->from->variable[v];
    double value = chain->value[i * chain->from->variables + v], *x = chain->x + i * chain->q + 1 + variable->first;
    if (!variable->factor) x[0] = (value - centre[2 * v]) * centre[2 * v + 1];
    else
        for (size_t k = 0; k < variable->width; k++) x[k] = value == (double)(k + 1);
}

static bool is_missing(const lb_impute_variable *v, size_t row) { return v->factor ? v->code[row] < 0 : isnan(v->number[row]); }

static void begin(lb_chain *chain, double *centre)
{
    const lb_impute *from = chain->from;
    size_t *seen = lb_alloc(chain->n + 1, sizeof *seen);
    for (size_t v = 0; v < from->variables; v++) {
        const lb_impute_variable *variable = &from->variable[v];
        size_t count = 0;
        double sum = 0, squares = 0;
        for (size_t i = 0; i < chain->n; i++)
            if (!is_missing(variable, chain->row[i])) seen[count++] = chain->row[i];
        for (size_t k = 0; k < count && !variable->factor; k++) sum += variable->number[seen[k]] / (double)count;
        for (size_t k = 0; k < count && !variable->factor; k++) squares += pow(variable->number[seen[k]] - sum, 2);
        centre[2 * v] = sum;
        centre[2 * v + 1] = squares > 0 ? 1 / sqrt(squares / (double)count) : 1;
        for (size_t i = 0; i < chain->n; i++) {
            bool missing = is_missing(variable, chain->row[i]);
            size_t row = missing ? seen[lb_random_below(&chain->random, (uint32_t)count)] : chain->row[i];
            chain->value[i * from->variables + v] = variable->factor ? variable->code[row] : variable->number[row];
            place(chain, i, v, centre);
        }
    }
    for (size_t i = 0; i < chain->n; i++) chain->x[i * chain->q] = 1;
    free(seen);
}

/* Draw one variable given the others; its predictor columns are left out, those of the rest are packed. */
static void draw_variable(lb_chain *chain, size_t v, const double *centre)
{
    const lb_impute *from = chain->from;
    const lb_impute_variable *variable = &from->variable[v];
    size_t p = chain->q - variable->width, seen = 0, lost = 0, after = 1 + variable->first + variable->width;
    double *x = chain->work, *y = x + chain->n * p, *out = y + chain->n;
    double *x_missing = x + chain->n * p; /* from the end backwards, so that both fit in n rows */
    for (size_t i = 0; i < chain->n; i++) {
        bool missing = is_missing(variable, chain->row[i]);
        double *to = missing ? x_missing - ++lost * p : x + seen * p;
        const double *line = chain->x + i * chain->q;
        memcpy(to, line, (1 + variable->first) * sizeof *to);
        memcpy(to + 1 + variable->first, line + after, (chain->q - after) * sizeof *to);
        if (missing) chain->order[lost - 1] = (uint32_t)i;
        else y[seen++] = chain->value[i * from->variables + v];
    }
    lb_impute_draw draw = {.n = seen, .missing = lost, .p = p, .x = x, .x_missing = x + seen * p, .y = y, .out = out,
                           .levels = variable->levels, .donors = from->donors, .random = &chain->random};
    if (variable->factor) lb_impute_logit(&draw);
    else lb_impute_linear(&draw, variable->method == LB_PMM);
    chain->singular |= draw.weak;
    for (size_t k = 0; k < lost; k++) { /* the last missing row stands first */
        size_t i = chain->order[lost - 1 - k];
        chain->value[i * from->variables + v] = out[k];
        place(chain, i, v, centre);
    }
}

static void note_trace(const lb_chain *chain, size_t iteration, lb_impute_trace *trace)
{
    const lb_impute *from = chain->from;
    for (size_t v = 0; v < from->variables; v++) {
        if (from->variable[v].missing == 0 || from->variable[v].factor) continue;
        double sum = 0, squares = 0, count = 0;
        for (size_t i = 0; i < chain->n; i++) {
            if (!is_missing(&from->variable[v], chain->row[i])) continue;
            double value = chain->value[i * from->variables + v];
            sum += value;
            squares += value * value;
            count++;
        }
        trace->mean[iteration * from->variables + v] = count ? sum / count : NAN;
        trace->sd[iteration * from->variables + v] = count > 1 ? sqrt(fmax(0, (squares - sum * sum / count) / (count - 1))) : NAN;
    }
}

static void run_chain(lb_chain *chain, double *value, lb_impute_trace *trace)
{
    const lb_impute *from = chain->from;
    double *centre = lb_alloc(2 * from->variables + 1, sizeof *centre);
    begin(chain, centre);
    for (size_t iteration = 0; iteration < from->iterations; iteration++) {
        for (size_t v = 0; v < from->variables; v++)
            if (from->variable[v].missing) draw_variable(chain, v, centre);
        note_trace(chain, iteration, trace);
    }
    for (size_t i = 0; i < chain->n; i++) {
        for (size_t v = 0; v < from->variables; v++) {
            double drawn = chain->value[i * from->variables + v];
            bool shift = from->shifted && from->shifted[chain->row[i]] && is_missing(&from->variable[v], chain->row[i]);
            value[chain->row[i] * from->variables + v] = drawn + (shift ? from->variable[v].delta : 0);
        }
    }
    trace->weak = chain->singular;
    free(centre);
}

typedef struct work {
    const lb_impute *impute;
    size_t **row, *count; /* by group */
    double **value;
    lb_impute_trace *trace;
} work;

static void one_imputation(void *context, size_t k)
{
    const work *w = context;
    const lb_impute *from = w->impute;
    for (size_t g = 0; g < from->groups; g++) {
        size_t n = w->count[g], q = 1 + from->width;
        if (n == 0 || lb_progress_cancelled(from->progress)) continue;
        lb_chain chain = {.from = from, .n = n, .q = q, .row = w->row[g], .x = lb_alloc(n * q, sizeof(double)),
                          .value = lb_alloc(n * from->variables, sizeof(double)), .work = lb_alloc(n * (q + 2), sizeof(double)),
                          .order = lb_alloc(n, sizeof(uint32_t))};
        lb_random_init(&chain.random, from->seed, k * from->groups + g);
        run_chain(&chain, w->value[k], &w->trace[k * from->groups + g]);
        free(chain.x);
        free(chain.value);
        free(chain.work);
        free(chain.order);
    }
}

int lb_impute_run(const lb_impute *impute, double **value, lb_impute_trace *trace, lb_error *err)
{
    work w = {impute, lb_alloc(impute->groups, sizeof *w.row), lb_alloc(impute->groups, sizeof *w.count), value, trace};
    for (size_t g = 0; g < impute->groups; g++) w.row[g] = lb_alloc(impute->table->rows + 1, sizeof **w.row);
    for (size_t r = 0; r < impute->table->rows; r++) {
        size_t g = (size_t)impute->group[r];
        w.row[g][w.count[g]++] = r;
    }
    lb_parallel_for(impute->m, impute->threads, one_imputation, &w);
    for (size_t g = 0; g < impute->groups; g++) free(w.row[g]);
    free(w.row);
    free(w.count);
    return lb_progress_cancelled(impute->progress) ? lb_fail(err, LB_CANCELLED, "cancelled") : 0;
}
