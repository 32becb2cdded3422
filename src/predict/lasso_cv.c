/* Cross-validation of a penalised path, with glmnet's conventions: losses per fold, folds weighted by size, the standard error
 * from the spread between folds, lambda_1se the largest penalty within one standard error of the best. */
#include "predict/lasso_cv.h"

#include <lumbar/stats.h>

#include <math.h>

#define LEAST_PROBABILITY 1e-5

typedef struct folding {
    const lb_lasso_problem *problem;
    const lb_lasso_path *path;
    const size_t *fold;
    size_t folds;
    lb_lasso_loss loss;
    double *raw;    /* folds × points */
    double *weight; /* folds: held-out people */
    lb_error *err;  /* folds */
    int *code;      /* folds */
} folding;

static double one_loss(lb_lasso_loss loss, bool binomial, double y, double eta)
{
    if (!binomial) return loss == LB_LOSS_MAE ? fabs(y - eta) : (y - eta) * (y - eta);
    double p = fmin(1 - LEAST_PROBABILITY, fmax(LEAST_PROBABILITY, 1 / (1 + exp(-eta))));
    if (loss == LB_LOSS_DEVIANCE) return -2 * (y == 1 ? log(p) : log1p(-p));
    if (loss == LB_LOSS_CLASS) return y == 1 ? p <= 0.5 : p > 0.5;
    return loss == LB_LOSS_MSE ? 2 * (y - p) * (y - p) : 2 * fabs(y - p); /* over both classes */
}

/* Split into rows fitted and rows held out. */
static double *split(const folding *f, size_t k, bool held, lb_arena *arena, size_t *count, double **y, double **weight)
{
    const lb_lasso_problem *all = f->problem;
    *count = 0;
    for (size_t i = 0; i < all->n; i++) *count += (f->fold[i] == k) == held;
    size_t columns = all->p + (all->weight ? 2 : 1);
    double *x = lb_arena_try(arena, columns, (*count + 1) * sizeof(double));
    if (!x) return NULL;
    *y = x + all->p * *count;
    *weight = all->weight ? *y + *count : NULL;
    for (size_t j = 0; j < columns; j++) {
        const double *from = j < all->p ? all->x + j * all->n : j == all->p ? all->y : all->weight;
        double *to = x + j * *count;
        for (size_t i = 0; i < all->n; i++)
            if ((f->fold[i] == k) == held) *to++ = from[i];
    }
    return x;
}

static int judge(const folding *f, size_t k, const lb_lasso_path *fit, const double *x, const double *y, const double *weight, size_t n,
                 lb_arena *arena, lb_error *err)
{
    double *eta = lb_arena_try(arena, n + 1, sizeof(double));
    if (!eta) return lb_fail(err, LB_TOO_LARGE, "%zu rows do not fit in memory", n);
    for (size_t point = 0; point < fit->count; point++) {
        const double *beta = fit->beta + point * fit->p;
        double sum = 0, total = (double)n;
        for (size_t i = 0; i < n; i++) eta[i] = fit->intercept[point];
        for (size_t j = 0; j < fit->p; j++)
            for (size_t i = 0; beta[j] != 0 && i < n; i++) eta[i] += beta[j] * x[j * n + i];
        if (f->loss == LB_LOSS_AUC) {
            lb_roc roc;
            lb_arena *room = lb_arena_new();
            int code = lb_roc_fit(y, eta, n, room, &roc, NULL);
            sum = code ? NAN : roc.auc * (double)n;
            lb_arena_free(room);
        } else {
            for (size_t i = 0; i < n; i++) sum += (weight ? weight[i] : 1) * one_loss(f->loss, f->problem->binomial, y[i], eta[i]);
            if (weight) total = lb_sum(weight, n);
        }
        f->raw[k * f->path->count + point] = sum / total;
    }
    return 0;
}

/* To mean 1, in place; NULL stays NULL. */
static double *scaled(double *weight, size_t n)
{
    double sum = weight ? lb_sum(weight, n) : 0;
    for (size_t i = 0; weight && i < n; i++) weight[i] *= (double)n / sum;
    return weight;
}

static void one_fold(void *context, size_t k)
{
    folding *f = context;
    lb_arena *arena = lb_arena_new();
    lb_lasso_problem part = *f->problem;
    lb_lasso_path fit;
    size_t held;
    double *y, *held_y, *weight, *held_weight;
    lb_error *err = &f->err[k];
    part.x = split(f, k, false, arena, &part.n, &y, &weight);
    const double *x = split(f, k, true, arena, &held, &held_y, &held_weight);
    f->code[k] = part.x && x ? 0 : lb_fail(err, LB_TOO_LARGE, "the folds do not fit in memory");
    part.y = y;
    part.exact = false;
    part.weight = x ? scaled(weight, part.n) : NULL;
    if (!f->code[k]) f->code[k] = lb_lasso_fit(&part, f->path->lambda, f->path->count, 0, arena, &fit, err);
    if (!f->code[k]) f->code[k] = judge(f, k, &fit, x, held_y, held_weight, held, arena, err);
    f->weight[k] = held_weight && x ? lb_sum(held_weight, held) : (double)held;
    lb_arena_free(arena);
}

static void summarise(const folding *f, lb_lasso_cv *out)
{
    size_t points = f->path->count;
    double best = INFINITY, sign = f->loss == LB_LOSS_AUC ? -1 : 1;
    for (size_t i = 0; i < points; i++) {
        double sum = 0, weight = 0, square = 0, count = 0;
        for (size_t k = 0; k < f->folds; k++) {
            double raw = f->raw[k * points + i];
            if (isnan(raw)) continue;
            sum += f->weight[k] * raw, weight += f->weight[k], count++;
        }
        out->mean[i] = sum / weight;
        for (size_t k = 0; k < f->folds; k++) {
            double raw = f->raw[k * points + i];
            if (!isnan(raw)) square += f->weight[k] * (raw - out->mean[i]) * (raw - out->mean[i]);
        }
        out->sd[i] = sqrt(square / weight / (count - 1));
        if (sign * out->mean[i] < best) best = sign * out->mean[i], out->at_min = i;
    }
    double within = best + out->sd[out->at_min];
    out->at_1se = out->at_min;
    for (size_t i = points; i-- > 0;)
        if (sign * out->mean[i] <= within && i < out->at_1se) out->at_1se = i;
}

int lb_lasso_cross_validate(const lb_lasso_problem *problem, const lb_lasso_path *path, const size_t *fold, size_t folds,
                            lb_lasso_loss loss, unsigned threads, lb_arena *arena, lb_lasso_cv *out, lb_error *err)
{
    folding f = {.problem = problem, .path = path, .fold = fold, .folds = folds, .loss = loss};
    f.raw = lb_arena_try(arena, folds * path->count + 1, sizeof(double));
    f.weight = lb_arena_try(arena, folds, sizeof(double));
    f.err = lb_arena_try(arena, folds, sizeof *f.err);
    f.code = lb_arena_try(arena, folds, sizeof *f.code);
    out->mean = lb_arena_try(arena, 2 * path->count + 1, sizeof(double));
    if (!f.raw || !f.weight || !f.err || !f.code || !out->mean) return lb_fail(err, LB_TOO_LARGE, "%zu folds do not fit in memory", folds);
    out->sd = out->mean + path->count;
    lb_parallel_for(folds, threads, one_fold, &f);
    for (size_t k = 0; k < folds; k++)
        if (f.code[k]) {
            if (err) *err = f.err[k];
            return f.code[k];
        }
    summarise(&f, out);
    return 0;
}

size_t lb_lasso_merge(const size_t *row, const double *given, size_t n, size_t *first, double *weight)
{
    size_t m = 0;
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        double here = given ? given[k] : 1;
        if (k && row[k] == row[k - 1]) {
            weight[m - 1] += here;
        } else {
            first[m] = k;
            weight[m++] = here;
        }
        sum += here;
    }
    for (size_t i = 0; i < m; i++) weight[i] *= (double)m / sum;
    return m;
}
