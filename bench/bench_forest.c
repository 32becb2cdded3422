/* CPU seconds of a random forest of 500 trees on 2000 × 50 (ranger 3.0, scikit-learn 5.6), and of Shapley values of 1e4 rows of 100 boosted
 * trees of each library (XGBoost 8.7, LightGBM 5.6). */
#include "predict/forest.h"
#include "predict/learn.h"
#include "predict/shap_batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N = 2000, P = 50, ROWS = 10000 };

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void simulate(double *x, double *y, size_t n)
{
    lb_random random;
    lb_random_init(&random, 1, 0);
    for (size_t i = 0; i < n * P; i++) x[i] = lb_random_normal(&random);
    for (size_t i = 0; i < n; i++) y[i] = lb_random_uniform(&random) < 1 / (1 + exp(-(x[i] + 0.5 * x[n + i] * x[2 * n + i] - fabs(x[3 * n + i]))));
}

static void peer(const char *what, const char *command)
{
    fflush(stdout);
    if (system(command) != 0) printf("  (peer: %s not installed)\n", what);
}

static void forests(void)
{
    double *x = malloc(sizeof(double) * N * P), *y = malloc(sizeof(double) * N), best = INFINITY;
    simulate(x, y, N);
    for (int repeat = 0; repeat < 3; repeat++) {
        lb_arena *arena = lb_arena_new();
        lb_forest forest;
        lb_forest_options o = {.trees = 500, .min_node = 10, .seed = 1, .threads = 1};
        double start = cpu_seconds();
        if (lb_forest_fit(x, y, N, P, &o, NULL, arena, &forest, NULL)) exit(1);
        best = fmin(best, cpu_seconds() - start);
        lb_arena_free(arena);
    }
    printf("forest_500x2000x50  %.3f  s\n", best);
    peer("ranger", "Rscript -e 'library(ranger); set.seed(1); x <- matrix(rnorm(2000 * 50), 2000); y <- factor(runif(2000) < plogis(x[, 1] + .5 * x[, 2] * x[, 3] - abs(x[, 4]))); "
                   "t <- sum(system.time(ranger(x = x, y = y, num.trees = 500, probability = TRUE, num.threads = 1))[1:2]); cat(sprintf(\"  (peer: ranger %.3f s)\\n\", t))' 2>/dev/null");
    peer("scikit-learn", "python3 -c 'import numpy as np, time; from sklearn.ensemble import RandomForestClassifier as F; r = np.random.RandomState(1); x = r.randn(2000, 50); "
                         "y = r.rand(2000) < 1 / (1 + np.exp(-(x[:, 0] + .5 * x[:, 1] * x[:, 2] - abs(x[:, 3])))); t = time.process_time(); F(500, n_jobs=1).fit(x, y); "
                         "print(\"  (peer: scikit-learn %.3f s)\" % (time.process_time() - t))' 2>/dev/null");
    free(x);
    free(y);
}

/* Values of 1e4 rows by a learner's trees; the gap shows that they are right. */
static void contributions(const char *learner, const char *json, const char *reference)
{
    double *x = malloc(sizeof(double) * ROWS * P), *y = malloc(sizeof(double) * ROWS), *rows = malloc(sizeof(double) * ROWS * P), *value = malloc(sizeof(double) * ROWS * P);
    lb_arena *arena = lb_arena_new();
    lb_value *parameters;
    lb_fitted fitted = {0};
    lb_error err = LB_ERROR_INIT;
    simulate(x, y, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < P; j++) rows[i * P + j] = x[j * ROWS + i];
    lb_sample sample = {.n = ROWS, .p = P, .x = x, .y = y, .seed = 1};
    lb_bytes bytes = {(const uint8_t *)json, __builtin_strlen(json), "parameters"};
    if (lb_json_read(&bytes, arena, &parameters, &err) || lb_learner_find(learner)->fit(&sample, parameters, arena, &fitted, &err)) {
        printf("%s: %s\n", learner, err.message);
        exit(1);
    }
    double best = INFINITY, base, gap = 0;
    for (int repeat = 0; repeat < 3; repeat++) {
        double start = cpu_seconds();
        if (lb_shap_batch(&fitted.program.forest, rows, ROWS, 1, value, &base, &err)) exit(1);
        best = fmin(best, cpu_seconds() - start);
    }
    for (size_t i = 0; i < ROWS; i++) {
        double sum = base;
        for (size_t j = 0; j < P; j++) sum += value[i * P + j];
        gap = fmax(gap, fabs(sum - lb_score_margin(&fitted.program.forest, rows + i * P)));
    }
    printf("shap_1e4_%s  %.3f  s  (peer: %s; largest gap %.1e)\n", learner, best, reference, gap);
    lb_arena_free(arena);
    free(x), free(y), free(rows), free(value);
}

int main(void)
{
    forests();
    contributions("xgboost", "{\"nrounds\": 100, \"max_depth\": 6, \"eta\": 0.3, \"tree_method\": \"hist\"}", "XGBoost 8.7 s by the specification");
    contributions("leafwise", "{\"num_iterations\": 100, \"num_leaves\": 31}", "LightGBM 5.6 s by the specification");
    return 0;
}
