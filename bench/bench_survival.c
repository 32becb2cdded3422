/* Survival: Cox (Efron) 1e5 × 5, Kaplan–Meier and log-rank 1e6, beside R's survival package where it is installed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <math.h>

#include <lumbar/op.h>

static lb_table *simulate(lb_arena *arena, size_t n)
{
    lb_table *table = lb_table_new(arena, "simulated", n);
    lb_random random;
    lb_random_init(&random, 3, 0);
    static const char *const names[] = {"time", "event", "g", "x1", "x2", "x3", "x4", "x5"};
    for (size_t c = 0; c < LB_COUNT(names); c++) lb_table_add_number(table, names[c])->missing = 0;
    for (size_t i = 0; i < n; i++) {
        double eta = 0;
        for (size_t c = 3; c < 8; c++) {
            table->column[c].number[i] = floor(100 * lb_random_normal(&random)) / 100;
            eta += 0.2 * table->column[c].number[i];
        }
        table->column[2].number[i] = lb_random_below(&random, 2);
        table->column[0].number[i] = ceil(365 * lb_random_exponential(&random) * exp(-eta));
        table->column[1].number[i] = lb_random_uniform(&random) < 0.6;
    }
    return table;
}

static double measure(lb_registry *registry, const char *verb, lb_table *table, const char *option, const char *value)
{
    double best = 1e9;
    for (int repeat = 0; repeat < 3; repeat++) {
        lb_error err = LB_ERROR_INIT;
        lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", verb));
        lb_result *result = NULL;
        int code = lb_call_bind_table(call, "data", table, &err);
        if (!code) code = lb_call_set(call, "time", "time", &err);
        if (!code) code = lb_call_set(call, "event", "event", &err);
        if (!code) code = lb_call_set(call, option, value, &err);
        double start = lb_cpu_seconds();
        if (!code) code = lb_call_run(call, &result, &err);
        double used = lb_cpu_seconds() - start;
        if (code) fprintf(stderr, "%s: %s\n", verb, err.message);
        if (used < best) best = used;
        lb_result_free(result);
        lb_call_free(call);
    }
    return best;
}

/* With an argument only that verb, without R: for a profiler. */
static int only(lb_registry *registry, const char *verb, lb_arena *arena)
{
    bool cox = !strcmp(verb, "cox") || !strcmp(verb, "ph");
    printf("%s  %.4f s CPU\n", verb, measure(registry, verb, simulate(arena, cox ? 100000 : 1000000), cox ? "formula" : "by", cox ? "~ x1 + x2 + x3 + x4 + x5" : "g"));
    return 0;
}

int main(int argc, char **argv)
{
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    if (argc > 1) return only(registry, argv[1], arena);
    lb_table *small = simulate(arena, 100000), *large = simulate(arena, 1000000);
    printf("cox_efron_1e5x5   %.4f s CPU (R survival measured elsewhere: 0.52)\n", measure(registry, "cox", small, "formula", "~ x1 + x2 + x3 + x4 + x5"));
    printf("ph_1e5x5          %.4f s CPU (fit included; R cox.zph alone: 0.11)\n", measure(registry, "ph", small, "formula", "~ x1 + x2 + x3 + x4 + x5"));
    printf("km_1e6            %.4f s CPU (R survfit: 1.85)\n", measure(registry, "km", large, "by", "g"));
    printf("logrank_1e6       %.4f s CPU (R survdiff: 1.63)\n", measure(registry, "logrank", large, "by", "g"));
    if (system("Rscript -e 'library(survival)' >/dev/null 2>&1") == 0) {
        char path[] = "/tmp/lumbar_bench_XXXXXX", command[1024];
        int fd = mkstemp(path);
        if (fd < 0) return 1;
        close(fd);
        for (int k = 0; k < 2; k++) {
            lb_buf csv = {.max = (size_t)1 << 31};
            lb_error err = LB_ERROR_INIT;
            lb_csv_write(k ? large : small, false, &csv);
            if (lb_file_write(path, csv.data, csv.length, &err)) return 1;
            lb_buf_free(&csv);
            snprintf(command, sizeof command,
                     k ? "Rscript -e 'suppressMessages(library(survival)); d <- read.csv(\"%s\"); f <- function(e) sum(system.time(e)[1:2]); "
                         "cat(sprintf(\"  peer: survfit 1e6 %%.3f s, survdiff 1e6 %%.3f s\\n\", f(survfit(Surv(time, event) ~ g, d, conf.type = \"log-log\")), "
                         "f(survdiff(Surv(time, event) ~ g, d))))'"
                       : "Rscript -e 'suppressMessages(library(survival)); d <- read.csv(\"%s\"); f <- function(e) sum(system.time(e)[1:2]); "
                         "cat(sprintf(\"  peer: coxph 1e5 x 5 %%.3f s\\n\", f(coxph(Surv(time, event) ~ x1 + x2 + x3 + x4 + x5, d))))'", path);
            if (system(command) != 0) printf("  peer: failed\n");
        }
        unlink(path);
    } else printf("  peer: R's survival package is not installed\n");
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}
