/* CPU seconds of 100 leaf-wise trees on 1e5 × 50. LightGBM is not packaged: it took 3.6 s on this data where the specification was measured. */
#include "predict/leafwise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N = 100000, P = 50 };

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void)
{
    double *x = malloc(sizeof(double) * N * P), *y = malloc(sizeof(double) * N);
    lb_random random;
    lb_random_init(&random, 1, 0);
    for (size_t i = 0; i < (size_t)N * P; i++) x[i] = lb_random_normal(&random);
    for (size_t i = 0; i < N; i++) {
        double eta = x[i] + 0.5 * x[N + i] * x[2 * N + i] - fabs(x[3 * N + i]);
        y[i] = lb_random_uniform(&random) < 1 / (1 + exp(-eta));
    }
    lb_leafwise_options options = {.binary = true, .iterations = 100, .leaves = 31, .min_data = 20, .max_bin = 255, .learning_rate = 0.1, .min_hessian = 1e-3};
    lb_leafwise_model model;
    lb_arena *arena = lb_arena_new();
    double start = cpu_seconds();
    if (lb_leafwise_fit(x, y, N, P, &options, NULL, arena, &model, NULL)) return 1;
    printf("leafwise_100x1e5x50  %.3f  s  (peer: LightGBM 3.6 by the specification)\n", cpu_seconds() - start);
    lb_arena_free(arena);
    free(x);
    free(y);
    return 0;
}
