/* CPU seconds on 220 × 1000 block-correlated predictors (binomial): a lasso path of 100, as good as coordinate descent to 1e-7 and to the
 * exact minimum; five-fold cross-validation of it; and a hundred bootstrap samples through cross-validated lasso and logistic regression on
 * what it selects. Beside glmnet on the same data and folds. */
#include "peers.h"
#include "predict/lasso_cv.h"

#include <lumbar/stats.h>

#include <math.h>
#include <string.h>

enum { N = 220, P = 1000, LATENT = 40, FOLDS = 5, REPLICATES = 100 };

static void simulate(double *x, double *y)
{
    lb_random random;
    double *latent = calloc((size_t)N * LATENT, sizeof *latent);
    lb_random_init(&random, 20260119, 1);
    for (size_t i = 0; i < (size_t)N * LATENT; i++) latent[i] = lb_random_normal(&random);
    for (size_t j = 0; j < P; j++)
        for (size_t i = 0; i < N; i++) x[j * N + i] = 0.8 * latent[(j % LATENT) * N + i] + 0.6 * lb_random_normal(&random);
    for (size_t i = 0; i < N; i++) {
        double eta = -0.9;
        for (size_t k = 0; k < 8; k++) eta += 0.5 * latent[k * N + i];
        y[i] = lb_random_uniform(&random) < 1 / (1 + exp(-eta));
    }
    free(latent);
}

static void must(int code, const lb_error *err)
{
    if (!code) return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

/* The path on everybody and on all but each fold, as cv.glmnet does it; returns the selected point of the path. */
static size_t cross_validate(lb_lasso_problem problem, const size_t *fold, lb_arena *arena, lb_lasso_path *path)
{
    lb_error err = LB_ERROR_INIT;
    lb_lasso_cv cv;
    must(lb_lasso_fit(&problem, NULL, 100, 1e-2, arena, path, &err), &err);
    must(lb_lasso_cross_validate(&problem, path, fold, FOLDS, LB_LOSS_DEVIANCE, 1, arena, &cv, &err), &err);
    return cv.at_1se;
}

/* One replicate as the pipeline runs it: people drawn with replacement, copies of one in one fold; the penalty chosen; logistic regression on
 * the selected columns. */
static size_t replicate(const double *x, const double *y, uint64_t number)
{
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_random random;
    lb_lasso_path path;
    lb_logistic fit;
    size_t times[N] = {0}, row[N], first[N], fold[N], drawn = 0, kept = 0;
    double weight[N], event[N];
    lb_random_init(&random, 7, number);
    for (size_t i = 0; i < N; i++) times[lb_random_below(&random, N)]++;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < times[i]; k++) row[drawn++] = i;
    size_t n = lb_lasso_merge(row, NULL, N, first, weight);
    double *part = lb_arena_array(arena, n * P, sizeof *part), *design = lb_arena_array(arena, n * (P + 1), sizeof *design);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < P; j++) part[j * n + i] = x[j * N + row[first[i]]];
        event[i] = y[row[first[i]]], fold[i] = i % FOLDS, design[i] = 1;
    }
    size_t chosen = cross_validate((lb_lasso_problem){.n = n, .p = P, .x = part, .y = event, .weight = weight, .binomial = true, .alpha = 1}, fold, arena, &path);
    for (size_t j = 0; j < P; j++)
        if (path.beta[chosen * P + j] != 0) memcpy(design + ++kept * n, part + j * n, n * sizeof *design);
    must(lb_logistic_fit(design, event, weight, n, kept + 1, arena, &fit, &err), &err);
    lb_arena_free(arena);
    return kept;
}

int main(void)
{
    double *x = malloc(sizeof(double) * N * P), *y = malloc(sizeof(double) * N);
    size_t fold[N];
    lb_error err = LB_ERROR_INIT;
    simulate(x, y);
    for (size_t i = 0; i < N; i++) fold[i] = i % FOLDS;
    peers_see(x, y, N, P);
    for (int what = 0; what < 3; what++) {
        static const char *const names[] = {"lasso_path_220x1000", "lasso_path_220x1000_exact", "lasso_cv_220x1000"};
        double best = INFINITY;
        for (int round = 0; round < 5; round++) {
            lb_arena *arena = lb_arena_new();
            lb_lasso_problem problem = {.n = N, .p = P, .x = x, .y = y, .binomial = true, .alpha = 1, .exact = what == 1};
            lb_lasso_path path;
            double start = lb_cpu_seconds();
            if (what == 2) cross_validate(problem, fold, arena, &path);
            else must(lb_lasso_fit(&problem, NULL, 100, 1e-2, arena, &path, &err), &err);
            best = fmin(best, lb_cpu_seconds() - start);
            lb_arena_free(arena);
        }
        printf("%s  %.4f  s\n", names[what], best);
        if (what == 0) peer_r("glmnet", "library(glmnet); tell(\"glmnet\", min(replicate(5, cpu(glmnet(x, y, family = \"binomial\")))))");
        if (what == 2)
            peer_r("glmnet", "library(glmnet); k <- (seq_len(n) - 1) %% 5 + 1; tell(\"cv.glmnet\", min(replicate(5, cpu(cv.glmnet(x, y, family = \"binomial\", foldid = k)))))");
    }
    double start = lb_cpu_seconds(), kept = 0;
    for (uint64_t r = 0; r < REPLICATES; r++) kept += (double)replicate(x, y, r) / REPLICATES;
    printf("bootstrap_100_cv_lasso_logistic  %.3f  s  (%.1f columns kept)\n", lb_cpu_seconds() - start, kept);
    peer_r("glmnet", "library(glmnet); set.seed(1); k <- (seq_len(n) - 1) %% 5 + 1; kept <- 0; tell(\"cv.glmnet and glm.fit\", cpu(for (b in 1:100) { i <- sample(n, replace = TRUE); "
                     "f <- cv.glmnet(x[i, ], y[i], family = \"binomial\", foldid = k); j <- which(coef(f, s = \"lambda.1se\")[-1] != 0); kept <- kept + length(j) / 100; "
                     "suppressWarnings(glm.fit(cbind(1, x[i, j]), y[i], family = binomial())) })); cat(sprintf(\"  (peer keeps %.1f columns)\\n\", kept))");
    peers_done();
    free(x);
    free(y);
    return 0;
}
