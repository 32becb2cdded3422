/* CPU seconds of Shapley values of 1e4 rows (50 columns) by 100 boosted trees of each library, beside XGBoost's own contributions for the
 * same rows and the same trees. The gap to the margin, and to XGBoost's values, shows that they are right. */
#include "peers.h"
#include "predict/learn.h"
#include "predict/shap_batch.h"

#include <math.h>
#include <string.h>
#include <xgboost/c_api.h>

enum { P = 50, ROWS = 10000 };

static void must(int code, const char *what)
{
    if (!code) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* XGBoost's own contributions with the model as it was written; returns its seconds, and the largest difference from ours. */
static double peer_xgboost(const char *json, const double *rows, const double *value, double *difference)
{
    BoosterHandle booster;
    DMatrixHandle matrix;
    bst_ulong const *shape;
    bst_ulong dimensions;
    const float *got;
    float *single = malloc(sizeof(float) * ROWS * P);
    for (size_t i = 0; i < (size_t)ROWS * P; i++) single[i] = (float)rows[i];
    must(XGDMatrixCreateFromMat_omp(single, ROWS, P, __builtin_nanf(""), &matrix, 1), XGBGetLastError());
    must(XGBoosterCreate(NULL, 0, &booster), XGBGetLastError());
    must(XGBoosterLoadModelFromBuffer(booster, json, strlen(json)), XGBGetLastError());
    must(XGBoosterSetParam(booster, "nthread", "1"), XGBGetLastError());
    double start = lb_cpu_seconds();
    must(XGBoosterPredictFromDMatrix(booster, matrix, "{\"type\": 2, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, \"strict_shape\": false}", &shape, &dimensions, &got),
         XGBGetLastError());
    double used = lb_cpu_seconds() - start;
    *difference = 0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < P; j++) *difference = fmax(*difference, fabs((double)got[i * (P + 1) + j] - value[i * P + j]));
    XGBoosterFree(booster);
    XGDMatrixFree(matrix);
    free(single);
    return used;
}

static void contributions(const char *learner, const char *json)
{
    double *x = malloc(sizeof(double) * ROWS * P), *y = malloc(sizeof(double) * ROWS), *rows = malloc(sizeof(double) * ROWS * P), *value = malloc(sizeof(double) * ROWS * P);
    lb_arena *arena = lb_arena_new();
    lb_value *parameters;
    lb_fitted fitted = {0};
    lb_error err = LB_ERROR_INIT;
    lb_random random;
    lb_random_init(&random, 1, 0);
    for (size_t i = 0; i < (size_t)ROWS * P; i++) x[i] = (double)(float)lb_random_normal(&random); /* XGBoost reads single precision */
    for (size_t i = 0; i < ROWS; i++) y[i] = lb_random_uniform(&random) < 1 / (1 + exp(-(x[i] + 0.5 * x[ROWS + i] * x[2 * ROWS + i] - fabs(x[3 * ROWS + i]))));
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < P; j++) rows[i * P + j] = x[j * ROWS + i];
    lb_sample sample = {.n = ROWS, .p = P, .x = x, .y = y, .seed = 1};
    lb_bytes bytes = {(const uint8_t *)json, strlen(json), "parameters"};
    must(lb_json_read(&bytes, arena, &parameters, &err), err.message);
    must(lb_learner_find(learner)->fit(&sample, parameters, arena, &fitted, &err), err.message);
    double best = INFINITY, base, gap = 0;
    for (int round = 0; round < 3; round++) {
        double start = lb_cpu_seconds();
        must(lb_shap_batch(&fitted.program.forest, rows, ROWS, 1, value, &base, &err), err.message);
        best = fmin(best, lb_cpu_seconds() - start);
    }
    for (size_t i = 0; i < ROWS; i++) {
        double sum = base;
        for (size_t j = 0; j < P; j++) sum += value[i * P + j];
        gap = fmax(gap, fabs(sum - lb_score_margin(&fitted.program.forest, rows + i * P)));
    }
    printf("shap_1e4_%s  %.3f  s  (largest gap to the margin %.1e)\n", learner, best, gap);
    if (fitted.xgboost) {
        double difference, used = peer_xgboost(fitted.xgboost, rows, value, &difference);
        printf("  (peer: XGBoost %.3f s, %.1f times as long; largest difference %.1e)\n", used, used / best, difference);
    } else {
        printf("  (peer: LightGBM is not packaged; 5.6 s by the specification)\n");
    }
    lb_arena_free(arena);
    free(x), free(y), free(rows), free(value);
}

int main(void)
{
    contributions("xgboost", "{\"nrounds\": 100, \"max_depth\": 6, \"eta\": 0.3, \"tree_method\": \"hist\"}");
    contributions("leafwise", "{\"num_iterations\": 100, \"num_leaves\": 31}");
    return 0;
}
