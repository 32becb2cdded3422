/* Multiple imputation: predictive mean matching on 159 people × 15 incomplete columns, 20 imputations of 5 rounds, one thread, CPU
 * time, with R's mice on the same table where it is installed. Goal: 50 times. */
#include <lumbar/op.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEOPLE = 159, COLUMNS = 15 };

/* Correlated columns, a tenth of the cells missing. */
static char *made_up(void)
{
    lb_buf csv = {0};
    lb_random random;
    lb_random_init(&random, 159, 15);
    for (int c = 0; c < COLUMNS; c++) lb_buf_printf(&csv, "%sx%d", c ? "," : "", c + 1);
    lb_buf_putc(&csv, '\n');
    for (int i = 0; i < PEOPLE; i++) {
        double shared = lb_random_normal(&random);
        for (int c = 0; c < COLUMNS; c++) {
            double value = 10 + 0.7 * shared + lb_random_normal(&random);
            bool missing = lb_random_uniform(&random) < 0.1;
            if (c) lb_buf_putc(&csv, ',');
            if (!missing) lb_buf_printf(&csv, "%.2f", value);
        }
        lb_buf_putc(&csv, '\n');
    }
    return csv.data;
}

static double run_once(const lb_registry *registry, const char *csv)
{
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "impute"));
    lb_bytes data = {(const uint8_t *)csv, strlen(csv), "incomplete.csv"};
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    double begin = lb_cpu_seconds();
    int code = lb_call_bind(call, "data", &data, &err);
    if (!code) code = lb_call_set(call, "iterations", "5", &err);
    if (!code) code = lb_call_run(call, &result, &err);
    double seconds = lb_cpu_seconds() - begin;
    lb_call_free(call);
    lb_result_free(result);
    if (code) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return seconds;
}

int main(void)
{
    lb_registry *registry = lb_registry_all();
    char *csv = made_up(), path[] = "/tmp/lumbar-bench-XXXXXX", command[800];
    double best = INFINITY;
    for (int i = 0; i < 5; i++) best = fmin(best, run_once(registry, csv));
    printf("impute: pmm, %d x %d, 20 imputations of 5 rounds: %.3f s (goal: 0.12, a fiftieth of mice's 6.1)\n", PEOPLE, COLUMNS, best);
    int file = mkstemp(path);
    FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
    if (out) {
        fputs(csv, out);
        fclose(out);
        snprintf(command, sizeof command,
                 "Rscript -e 'suppressMessages(library(mice)); d <- read.csv(\"%s\"); t <- system.time(mice(d, m = 20, maxit = 5, method = \"pmm\", "
                 "printFlag = FALSE)); cat(sprintf(\"  peer: mice %%.2f s, ratio %%.0f\\n\", t[[1]], t[[1]] / %g))' 2>/dev/null", path, best);
        if (system("command -v Rscript >/dev/null 2>&1") != 0 || system(command) != 0) printf("  peer: R or mice is not installed\n");
        remove(path);
    }
    free(csv);
    lb_registry_free(registry);
    return 0;
}
