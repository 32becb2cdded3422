/* Multilayer perceptron: matrix products by BLAS, gradient by back-propagation (Rumelhart et al. 1986), Adam (Kingma & Ba 2015,
 * arXiv:1412.6980), early stopping on people held out. Loss and start as in scikit-learn. */
#include "predict/perceptron.h"
#include "predict/score/number.h"

#include <lumbar/numeric.h>

#include <math.h>
#include <string.h>

typedef struct pass {
    double *out[LB_SCORE_MOST_LAYERS + 1]; /* activations per layer, rows × width; out[0] is x */
    double *delta[2];
} pass;

static size_t widest(const lb_score_layers *l)
{
    size_t most = 1;
    for (size_t k = 0; k <= l->matrices; k++) most = l->width[k] > most ? l->width[k] : most;
    return most;
}

static pass make_pass(const lb_score_layers *l, size_t rows, lb_arena *arena)
{
    pass p = {0};
    for (size_t k = 1; k <= l->matrices; k++) p.out[k] = lb_arena_try(arena, rows + 1, l->width[k] * sizeof(double));
    for (int side = 0; side < 2; side++) p.delta[side] = lb_arena_try(arena, rows + 1, widest(l) * sizeof(double));
    return p;
}

static bool whole(const pass *p, const lb_score_layers *l)
{
    bool ok = p->delta[0] && p->delta[1];
    for (size_t k = 1; k <= l->matrices; k++) ok = ok && p->out[k];
    return ok;
}

static void activate(lb_score_activation how, double *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = how == LB_SCORE_RELU ? fmax(x[i], 0) : how == LB_SCORE_TANH ? lb_score_tanh(x[i]) : lb_score_logistic(x[i]);
}

/* delta ∘ derivative, from the activations themselves. */
static void through(lb_score_activation how, const double *out, double *delta, size_t count)
{
    for (size_t i = 0; i < count; i++)
        delta[i] *= how == LB_SCORE_RELU ? (out[i] > 0 ? 1 : 0) : how == LB_SCORE_TANH ? 1 - out[i] * out[i] : out[i] * (1 - out[i]);
}

static void forward(const lb_score_layers *l, pass *p, const double *x, size_t rows)
{
    p->out[0] = (double *)(uintptr_t)x; /* only read */
    for (size_t k = 0; k < l->matrices; k++) {
        size_t in = l->width[k], out = l->width[k + 1];
        for (size_t r = 0; r < rows; r++) memcpy(p->out[k + 1] + r * out, l->bias[k], out * sizeof(double));
        lb_multiply(false, false, rows, out, in, 1, p->out[k], l->weight[k], 1, p->out[k + 1]);
        if (k + 1 < l->matrices) activate(l->activation, p->out[k + 1], rows * out);
    }
}

/* Sum of weighted log losses at the margins; fills the margins' derivative when asked to. */
static double log_loss(const double *margin, const double *y, const double *weight, size_t rows, double *delta)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double m = margin[i], w = weight ? weight[i] : 1;
        sum += w * (fmax(m, 0) + log1p(exp(-fabs(m))) - y[i] * m);
        if (delta) delta[i] = w * (lb_score_logistic(m) - y[i]) / (double)rows;
    }
    return sum;
}

static double backward(const lb_perceptron *net, double alpha, pass *p, const double *x, const double *y, const double *weight, size_t rows,
                       double *gradient)
{
    const lb_score_layers *l = &net->layers;
    forward(l, p, x, rows);
    double loss = log_loss(p->out[l->matrices], y, weight, rows, p->delta[0]) / (double)rows, squares = 0;
    double *delta = p->delta[0], *before = p->delta[1];
    for (size_t k = l->matrices; k-- > 0;) {
        size_t in = l->width[k], out = l->width[k + 1];
        for (size_t i = 0; i < in * out; i++) squares += l->weight[k][i] * l->weight[k][i];
        if (!gradient) continue;
        double *g = gradient + (l->weight[k] - net->parameter), *gb = gradient + (l->bias[k] - net->parameter);
        for (size_t i = 0; i < in * out; i++) g[i] = alpha / (double)rows * l->weight[k][i];
        lb_multiply(true, false, in, out, rows, 1, p->out[k], delta, 1, g);
        memset(gb, 0, out * sizeof(double));
        for (size_t r = 0; r < rows; r++)
            for (size_t o = 0; o < out; o++) gb[o] += delta[r * out + o];
        if (!k) continue;
        lb_multiply(false, true, rows, in, out, 1, delta, l->weight[k], 0, before);
        through(l->activation, p->out[k], before, rows * in);
        double *swap = delta;
        delta = before, before = swap;
    }
    return loss + alpha / (2 * (double)rows) * squares;
}

double lb_perceptron_loss(const lb_perceptron *net, const lb_perceptron_options *options, const double *x, const double *y, const double *weight,
                          size_t rows, double *gradient, lb_arena *arena)
{
    pass p = make_pass(&net->layers, rows, arena);
    return whole(&p, &net->layers) ? backward(net, options->alpha, &p, x, y, weight, rows, gradient) : NAN;
}

int lb_perceptron_start(size_t columns, const lb_perceptron_options *o, lb_arena *arena, lb_perceptron *out, lb_error *err)
{
    *out = (lb_perceptron){.loss = NAN, .validation_loss = NAN};
    lb_score_layers *l = &out->layers;
    l->activation = o->activation;
    l->matrices = o->layers + 1;
    l->width[0] = columns;
    for (size_t k = 0; k < o->layers; k++) l->width[k + 1] = o->hidden[k];
    l->width[l->matrices] = 1;
    for (size_t k = 0; k < l->matrices; k++) out->parameters += (l->width[k] + 1) * l->width[k + 1];
    out->parameter = lb_arena_try(arena, out->parameters, sizeof(double));
    if (!out->parameter) return lb_fail(err, LB_TOO_LARGE, "a network of %zu parameters does not fit in memory", out->parameters);
    lb_random random;
    lb_random_init(&random, o->seed, o->stream);
    double *at = out->parameter;
    for (size_t k = 0; k < l->matrices; k++) {
        size_t in = l->width[k], wide = l->width[k + 1];
        double bound = sqrt((o->activation == LB_SCORE_LOGISTIC ? 2.0 : 6.0) / (double)(in + wide));
        l->weight[k] = at;
        l->bias[k] = at + in * wide;
        for (size_t i = 0; i < (in + 1) * wide; i++) *at++ = bound * (2 * lb_random_uniform(&random) - 1);
    }
    return 0;
}

/* ---- training ------------------------------------------------------------------------------------------------ */

typedef struct training {
    lb_perceptron *net;
    const lb_perceptron_options *o;
    size_t n, held;           /* rows trained on, and held out */
    double *x, *y, *weight;   /* trained on: columns per row */
    double *held_x, *held_y, *held_weight;
    double *batch_x, *batch_y, *batch_weight;
    double *gradient, *mean, *square, *best;
    size_t steps, *order;
    pass pass, held_pass;
    lb_random random;
} training;

static void shuffle(lb_random *random, size_t *order, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = lb_random_below(random, (uint32_t)i), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

/* Marks the rows held out: a share of each outcome, whole groups together. */
static size_t hold_out(training *t, const double *y, size_t n, bool *out)
{
    size_t held = 0;
    if (!(t->o->validation > 0)) return 0;
    for (size_t i = 0; i < n; i++) t->order[i] = i;
    shuffle(&t->random, t->order, n);
    for (int class = 0; class < 2; class++) {
        size_t total = 0, taken = 0;
        for (size_t i = 0; i < n; i++) total += (y[i] == 1) == class, taken += out[i] && (y[i] == 1) == class;
        size_t wanted = (size_t)ceil(t->o->validation * (double)total);
        for (size_t k = 0; k < n && taken < wanted; k++) {
            size_t row = t->order[k];
            if (out[row] || (y[row] == 1) != class) continue;
            for (size_t i = 0; i < n; i++) {
                if (i != row && (!t->o->group || t->o->group[i] != t->o->group[row])) continue;
                taken += !out[i] && (y[i] == 1) == class;
                held += !out[i];
                out[i] = true;
            }
        }
    }
    return held;
}

static int prepare(training *t, const double *x, const double *y, size_t n, lb_arena *arena, lb_error *err)
{
    size_t p = t->net->layers.width[0], parameters = t->net->parameters;
    bool *out = lb_arena_array(arena, n, sizeof *out);
    t->order = lb_arena_array(arena, n, sizeof *t->order);
    lb_random_init(&t->random, t->o->seed, t->o->stream + 1);
    t->held = hold_out(t, y, n, out);
    t->n = n - t->held;
    if (!t->n) return lb_fail(err, LB_BAD_DATA, "nobody is left to train on when %zu of %zu rows are held out", t->held, n);
    double *room = lb_arena_try(arena, 2 * n * (p + 2) + 4 * parameters, sizeof(double));
    size_t batch = t->o->batch && t->o->batch < t->n ? t->o->batch : t->n;
    t->pass = make_pass(&t->net->layers, batch, arena);
    t->held_pass = make_pass(&t->net->layers, t->held, arena);
    if (!room || !whole(&t->pass, &t->net->layers) || !whole(&t->held_pass, &t->net->layers)) return lb_fail(err, LB_TOO_LARGE, "training does not fit in memory");
    t->x = room, t->held_x = t->x + t->n * p, t->batch_x = room + n * p, t->y = t->batch_x + n * p, t->held_y = t->y + t->n;
    t->batch_y = t->y + n, t->weight = t->batch_y + n, t->held_weight = t->weight + t->n, t->batch_weight = t->weight + n;
    t->gradient = t->batch_weight + n;
    if (!(t->gradient = lb_arena_try(arena, 4 * parameters, sizeof(double)))) return lb_fail(err, LB_TOO_LARGE, "training does not fit in memory");
    t->mean = t->gradient + parameters, t->square = t->mean + parameters, t->best = t->square + parameters;
    size_t in = 0, held = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = out[i] ? held++ : in++;
        memcpy((out[i] ? t->held_x : t->x) + at * p, x + i * p, p * sizeof(double));
        (out[i] ? t->held_y : t->y)[at] = y[i];
        (out[i] ? t->held_weight : t->weight)[at] = t->o->weight ? t->o->weight[i] : 1;
    }
    return 0;
}

static void adam(training *t)
{
    double step = (double)++t->steps, rate = t->o->learning_rate * sqrt(1 - pow(0.999, step)) / (1 - pow(0.9, step));
    for (size_t i = 0; i < t->net->parameters; i++) {
        double g = t->gradient[i];
        t->mean[i] = 0.9 * t->mean[i] + 0.1 * g;
        t->square[i] = 0.999 * t->square[i] + 0.001 * g * g;
        t->net->parameter[i] -= rate * t->mean[i] / (sqrt(t->square[i]) + 1e-8);
    }
}

/* Once through the rows in a new order; returns the mean loss seen on the way. */
static double epoch(training *t)
{
    size_t p = t->net->layers.width[0], batch = t->o->batch && t->o->batch < t->n ? t->o->batch : t->n;
    double sum = 0;
    for (size_t i = 0; i < t->n; i++) t->order[i] = i;
    shuffle(&t->random, t->order, t->n);
    for (size_t first = 0; first < t->n; first += batch) {
        size_t rows = t->n - first < batch ? t->n - first : batch;
        for (size_t k = 0; k < rows; k++) {
            size_t from = t->order[first + k];
            memcpy(t->batch_x + k * p, t->x + from * p, p * sizeof(double));
            t->batch_y[k] = t->y[from];
            t->batch_weight[k] = t->weight[from];
        }
        sum += (double)rows * backward(t->net, t->o->alpha, &t->pass, t->batch_x, t->batch_y, t->batch_weight, rows, t->gradient);
        adam(t);
    }
    return sum / (double)t->n;
}

static double held_loss(training *t)
{
    forward(&t->net->layers, &t->held_pass, t->held_x, t->held);
    double weight = 0;
    for (size_t i = 0; i < t->held; i++) weight += t->held_weight[i];
    return log_loss(t->held_pass.out[t->net->layers.matrices], t->held_y, t->held_weight, t->held, NULL) / weight;
}

int lb_perceptron_train(lb_perceptron *net, const lb_perceptron_options *o, const double *x, const double *y, size_t n, lb_arena *arena, lb_error *err)
{
    training t = {.net = net, .o = o};
    int code = prepare(&t, x, y, n, arena, err);
    if (code) return code;
    double best = INFINITY;
    size_t idle = 0;
    for (net->iterations = 0; net->iterations < o->iterations && !net->stopped;) {
        net->iterations++;
        double loss = epoch(&t), judged = t.held ? held_loss(&t) : loss;
        if (!isfinite(loss)) return lb_fail(err, LB_BAD_DATA, "the network's loss ran off to infinity: lower the learning rate, standardise the columns");
        net->loss = loss;
        idle = judged > best - o->tolerance ? idle + 1 : 0;
        if (judged < best) {
            best = judged;
            memcpy(t.best, net->parameter, net->parameters * sizeof(double));
        }
        net->stopped = idle > o->patience;
    }
    if (t.held && isfinite(best)) memcpy(net->parameter, t.best, net->parameters * sizeof(double));
    net->validation_loss = t.held ? best : NAN;
    return 0;
}
