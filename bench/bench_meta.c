/* Pooling 58 studies: microseconds per REML fit inside the library, without and with eight moderators, beside R's
 * metafor where it is installed. Both get the same simulated studies. */
#include "evidence/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STUDIES = 58, MODERATORS = 8 };

static void simulate(double *y, double *v, double *x)
{
    lb_random random;
    lb_random_init(&random, 20240522, 0);
    for (int i = 0; i < STUDIES; i++) {
        v[i] = .02 + .2 * lb_random_uniform(&random);
        y[i] = -.4 + .55 * lb_random_normal(&random);
        x[i] = 1;
        for (int j = 1; j <= MODERATORS; j++) x[j * STUDIES + i] = lb_random_normal(&random);
    }
}

/* Set-up, REML, tests, information criteria: what rma() does. */
static double fit_us(const double *y, const double *v, const double *x, size_t columns, int repeats)
{
    lb_pool_options options = LB_POOL_OPTIONS_INIT;
    double start = lb_cpu_seconds();
    for (int i = 0; i < repeats; i++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_pool_model model;
        lb_pool pool;
        if (lb_pool_model_init(&model, y, v, x, STUDIES, columns, arena, &err) ||
            lb_pool_fit(&model, &options, arena, &pool, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        lb_arena_free(arena);
    }
    return (lb_cpu_seconds() - start) / repeats * 1e6;
}

/* Median of five runs. */
static double median_us(const double *y, const double *v, const double *x, size_t columns, int repeats)
{
    double run[5];
    for (int i = 0; i < 5; i++) {
        run[i] = fit_us(y, v, x, columns, repeats);
        for (int j = i; j > 0 && run[j] < run[j - 1]; j--) {
            double swap = run[j];
            run[j] = run[j - 1];
            run[j - 1] = swap;
        }
    }
    return run[2];
}

static int write_data(const char *path, const double *y, const double *v, const double *x)
{
    FILE *file = fopen(path, "w");
    if (!file) return 1;
    for (int i = 0; i < STUDIES; i++) {
        fprintf(file, "%.17g %.17g", y[i], v[i]);
        for (int j = 1; j <= MODERATORS; j++) fprintf(file, " %.17g", x[j * STUDIES + i]);
        fprintf(file, "\n");
    }
    return fclose(file);
}

int main(void)
{
    static double y[STUDIES], v[STUDIES], x[STUDIES * (MODERATORS + 1)];
    simulate(y, v, x);
    double plain = median_us(y, v, NULL, 1, 5000), moderated = median_us(y, v, x, MODERATORS + 1, 500);
    printf("meta_reml  %.2f us per fit, k = %d\n", plain, STUDIES);
    printf("meta_regression_reml  %.1f us per fit, k = %d, %d moderators\n", moderated, STUDIES, MODERATORS);
    fflush(stdout);
    char path[] = "/tmp/lumbar_bench_XXXXXX", command[900];
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    snprintf(command, sizeof command,
             "Rscript -e 'suppressMessages(library(metafor)); d <- as.matrix(read.table(\"%s\")); X <- d[, 3:10]; t <- "
             "function(f, n) "
             "sum(system.time(for (i in 1:n) f())[1:2]) / n * 1e6; a <- t(function() rma(d[, 1], d[, 2]), 200); b <- "
             "t(function() "
             "rma(d[, 1], d[, 2], mods = X), 100); cat(sprintf(\"  peer: metafor %%.0f us (%%.0f x), with moderators "
             "%%.0f us (%%.0f x)\\n\", a, a "
             "/ %g, b, b / %g))' 2>/dev/null",
             path, plain, moderated);
    if (write_data(path, y, v, x) || system("command -v Rscript >/dev/null 2>&1") != 0 || system(command) != 0)
        printf("  peer: metafor is not installed\n");
    unlink(path);
    return 0;
}
