/* Pooling 58 studies: microseconds per REML fit inside the library, without and with eight moderators; a permutation test
 * of 1000 arrangements with and without moderators; 10 000 subsets (GOSH); all on one thread, beside R's metafor where it is
 * installed, on the same simulated studies and in the same run. Last the cold start: one `lumbar meta fit`. */
#include "evidence/permute.h"
#include "evidence/pool.h"

#include <lumbar/op.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
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

/* Seconds of one test of 1000 arrangements: the best of three. */
static double permutation_s(const double *y, const double *v, const double *x, size_t columns)
{
    lb_pool_options fit = LB_POOL_OPTIONS_INIT;
    lb_permutation_options options = {.samples = 1000, .seed = 1, .threads = 1};
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_permutation out;
        double start = lb_cpu_seconds();
        if (lb_permutation_test(y, v, x, STUDIES, columns, &fit, &options, arena, &out, &err)) exit(1);
        double took = lb_cpu_seconds() - start;
        best = took < best ? took : best;
        lb_arena_free(arena);
    }
    return best;
}

/* Seconds of `meta gosh` on 10 000 subsets, table to result: the best of three. */
static double gosh_s(const double *y, const double *v)
{
    lb_registry *registry = lb_registry_all();
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        lb_table *table = lb_table_new(arena, "studies", STUDIES);
        lb_column *yi = lb_table_add_number(table, "yi");
        for (int k = 0; k < STUDIES; k++) yi->number[k] = y[k];
        lb_column *vi = lb_table_add_number(table, "vi");
        for (int k = 0; k < STUDIES; k++) vi->number[k] = v[k];
        lb_call *call = lb_call_new(registry, lb_registry_find(registry, "meta", "gosh"));
        lb_result *result = NULL;
        lb_call_set_threads(call, 1);
        double start = lb_cpu_seconds();
        if (lb_call_bind_table(call, "data", table, &err) || lb_call_set(call, "summary", "true", &err) || lb_call_run(call, &result, &err)) exit(1);
        double took = lb_cpu_seconds() - start;
        best = took < best ? took : best;
        lb_result_free(result);
        lb_call_free(call);
        lb_arena_free(arena);
    }
    lb_registry_free(registry);
    return best;
}

/* Wall and peak memory of the program started afresh for one fit: the best of seven. */
static void cold_start(const char *csv)
{
    const char *program = getenv("LUMBAR_BIN") ? getenv("LUMBAR_BIN") : LUMBAR_BENCH_BINARY;
    double best = 1e9, cpu = 1e9;
    long memory = 0;
    for (int i = 0; i < 7; i++) {
        double start = lb_seconds();
        pid_t child = fork();
        if (child == 0) {
            if (!freopen("/dev/null", "w", stdout)) _exit(127);
            execl(program, program, "meta", "fit", csv, (char *)NULL);
            _exit(127);
        }
        int status = 1;
        struct rusage usage;
        if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
            printf("cold_start  not measured: %s does not run\n", program);
            return;
        }
        double took = lb_seconds() - start, user = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
        best = took < best ? took : best;
        cpu = user < cpu ? user : cpu;
        memory = usage.ru_maxrss;
    }
    printf("meta_cold_start  %.1f ms wall, %.1f ms CPU, %.1f MB: start and one fit\n", 1e3 * best, 1e3 * cpu, (double)memory / 1024);
}

static void write_csv(const char *path, const double *y, const double *v)
{
    FILE *file = fopen(path, "w");
    if (!file) exit(1);
    fprintf(file, "study,yi,vi\n");
    for (int i = 0; i < STUDIES; i++) fprintf(file, "S%d,%.17g,%.17g\n", i, y[i], v[i]);
    fclose(file);
}

int main(void)
{
    static double y[STUDIES], v[STUDIES], x[STUDIES * (MODERATORS + 1)];
    simulate(y, v, x);
    double plain = median_us(y, v, NULL, 1, 5000), moderated = median_us(y, v, x, MODERATORS + 1, 500);
    printf("meta_reml  %.2f us per fit, k = %d\n", plain, STUDIES);
    printf("meta_regression_reml  %.1f us per fit, k = %d, %d moderators\n", moderated, STUDIES, MODERATORS);
    double permuted = permutation_s(y, v, NULL, 1), regressed = permutation_s(y, v, x, MODERATORS + 1), subsets = gosh_s(y, v);
    printf("meta_permutation  %.1f ms for 1000, with %d moderators %.1f ms\n", 1e3 * permuted, MODERATORS, 1e3 * regressed);
    printf("meta_gosh  %.1f ms for 10000 subsets\n", 1e3 * subsets);
    fflush(stdout);
    char path[] = "/tmp/lumbar_bench_XXXXXX", command[1600], csv[64];
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
             "/ %g, b, b / %g)); one <- rma(d[, 1], d[, 2]); two <- rma(d[, 1], d[, 2], mods = X); u <- function(e) sum(system.time(e)[1:2]); "
             "p <- 10 * u(permutest(one, iter = 100, progbar = FALSE)); q <- 10 * u(permutest(two, iter = 100, progbar = FALSE)); "
             "g <- 50 * u(gosh(one, subsets = 200, progbar = FALSE)); cat(sprintf(\"  peer: metafor permutations %%.1f s (%%.0f x), with "
             "moderators %%.1f s (%%.0f x); subsets %%.0f s (%%.0f x); from 100 and 200 of them\\n\", p, p / %g, q, q / %g, g, g / %g))' 2>/dev/null",
             path, plain, moderated, permuted, regressed, subsets);
    if (write_data(path, y, v, x) || system("command -v Rscript >/dev/null 2>&1") != 0 || system(command) != 0)
        printf("  peer: metafor is not installed\n");
    snprintf(csv, sizeof csv, "%s.csv", path);
    write_csv(csv, y, v);
    fflush(stdout);
    cold_start(csv);
    unlink(csv);
    unlink(path);
    return 0;
}
