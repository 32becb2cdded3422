/* Logistic regression, ROC with DeLong and the power of two means: microseconds a call, beside R where it is installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <lumbar/stats.h>

typedef struct data {
    size_t n, p;
    double *x, *y, *score;
} data;

static data simulate(size_t n, size_t p, lb_arena *arena)
{
    data d = {n, p, lb_arena_array(arena, n * p, sizeof(double)), lb_arena_array(arena, n, sizeof(double)),
              lb_arena_array(arena, n, sizeof(double))};
    lb_random random;
    lb_random_init(&random, 1, 1);
    for (size_t i = 0; i < n; i++) {
        double eta = -0.5;
        for (size_t j = 0; j < p; j++) {
            double value = j ? lb_random_normal(&random) : 1;
            d.x[j * n + i] = value;
            if (j) eta += 0.3 * value;
        }
        d.y[i] = lb_random_uniform(&random) < 1 / (1 + exp(-eta));
        d.score[i] = eta + lb_random_normal(&random);
    }
    return d;
}

static double logistic_us(const data *d, int repeats)
{
    double start = lb_cpu_seconds();
    for (int r = 0; r < repeats; r++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_logistic fit;
        if (lb_logistic_fit(d->x, d->y, NULL, d->n, d->p, arena, &fit, &err) || !fit.converged) fprintf(stderr, "no fit: %s\n", err.message);
        lb_arena_free(arena);
    }
    return 1e6 * (lb_cpu_seconds() - start) / repeats;
}

static double roc_us(const data *d, int repeats)
{
    double start = lb_cpu_seconds();
    for (int r = 0; r < repeats; r++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_roc roc;
        if (lb_roc_fit(d->y, d->score, d->n, arena, &roc, &err)) fprintf(stderr, "%s\n", err.message);
        lb_arena_free(arena);
    }
    return 1e6 * (lb_cpu_seconds() - start) / repeats;
}

static void peer(const char *what, const char *code)
{
    char command[1024];
    fflush(stdout);
    snprintf(command, sizeof command, "Rscript -e '%s' 2>/dev/null", code);
    if (system(command) != 0) printf("  (peer: %s not installed)\n", what);
}

int main(void)
{
    lb_arena *arena = lb_arena_new();
    data trial = simulate(314, 9, arena), large = simulate(100000, 9, arena), many = simulate(1000, 2, arena);
    printf("logistic_314x9  %.1f us\n", logistic_us(&trial, 2000));
    peer("R", "set.seed(1); n <- 314; x <- cbind(1, matrix(rnorm(n * 8), n)); y <- rbinom(n, 1, plogis(-.5 + .3 * rowSums(x[, -1]))); "
              "t <- system.time(for (i in 1:500) glm.fit(x, y, family = binomial()))[1]; cat(sprintf(\"  (peer: glm.fit %.0f us)\\n\", 1e6 * t / 500))");
    printf("logistic_1e5x9  %.0f us\n", logistic_us(&large, 5));
    peer("R", "set.seed(1); n <- 1e5; x <- cbind(1, matrix(rnorm(n * 8), n)); y <- rbinom(n, 1, plogis(-.5 + .3 * rowSums(x[, -1]))); "
              "t <- system.time(glm.fit(x, y, family = binomial()))[1]; cat(sprintf(\"  (peer: glm.fit %.0f us)\\n\", 1e6 * t))");
    printf("roc_delong_1000  %.1f us\n", roc_us(&many, 2000));
    peer("pROC", "library(pROC); set.seed(1); y <- rbinom(1000, 1, .4); s <- y + rnorm(1000); "
                 "t <- system.time(for (i in 1:100) var(roc(y, s, quiet = TRUE)))[1]; cat(sprintf(\"  (peer: pROC %.0f us)\\n\", 1e6 * t / 100))");
    printf("roc_delong_1e5  %.0f us\n", roc_us(&large, 10));
    lb_arena_free(arena);
    return 0;
}
