/* Mixed models: random slope 20,000 × 5, MMRM unstructured 314 × 5 and 5,000 × 5, beside lme4 and mmrm where installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lumbar/op.h>

enum { VISITS = 5 };

/* People with a random intercept and slope in two arms; one in five leaves after some visit. */
static lb_table *simulate(lb_arena *arena, size_t people, uint64_t seed)
{
    size_t rows = people * VISITS;
    lb_table *table = lb_table_new(arena, "simulated", rows);
    static const char *const arms[] = {"CONTROL", "EXERCISE"};
    static const char *const names[] = {"id", "visit", "month", "base", "y"};
    const char **arm = lb_arena_array(arena, rows, sizeof *arm);
    lb_random random;
    lb_random_init(&random, seed, 0);
    for (size_t c = 0; c < LB_COUNT(names); c++) lb_table_add_number(table, names[c])->missing = 0;
    for (size_t i = 0; i < people; i++) {
        double intercept = 6 * lb_random_normal(&random), slope = 0.5 * lb_random_normal(&random), base = 40 + 10 * lb_random_normal(&random);
        size_t last = lb_random_uniform(&random) < 0.2 ? 1 + lb_random_below(&random, VISITS - 1) : VISITS;
        for (size_t v = 0; v < VISITS; v++) {
            static const double month[VISITS] = {1.5, 3, 6, 9, 12};
            size_t r = i * VISITS + v;
            double value[] = {(double)i, (double)v, month[v], base,
                              0.7 * base + intercept + (slope - 0.3 * (double)(i % 2)) * month[v] + (3 + (double)v) * lb_random_normal(&random)};
            for (size_t c = 0; c < LB_COUNT(names); c++) table->column[c].number[r] = value[c];
            if (v >= last) table->column[4].number[r] = NAN, table->column[4].missing++;
            arm[r] = arms[i % 2];
        }
    }
    lb_table_add_text(table, "arm", arm);
    return table;
}

static double measure(const lb_registry *registry, const char *verb, lb_table *table, const char *const *options)
{
    double best = 1e9;
    for (int repeat = 0; repeat < 3; repeat++) {
        lb_error err = LB_ERROR_INIT;
        lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", verb));
        lb_result *result = NULL;
        int code = lb_call_bind_table(call, "data", table, &err);
        for (size_t i = 0; options[i] && !code; i += 2) code = lb_call_set(call, options[i], options[i + 1], &err);
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

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SLOPE "formula", "y ~ base + arm * month + (1 + month | id)"
#define VISIT "formula", "y ~ base + arm * visit", "subject", "id", "visit", "visit", "treatment", "arm"

static void peer(lb_table *table, const char *package, const char *code)
{
    char path[] = "/tmp/lumbar_bench_XXXXXX", command[1024];
    snprintf(command, sizeof command, "Rscript -e 'library(%s)' >/dev/null 2>&1", package);
    if (system(command) != 0) return;
    int fd = mkstemp(path);
    if (fd < 0) return;
    close(fd);
    lb_buf csv = {.max = (size_t)1 << 31};
    lb_error err = LB_ERROR_INIT;
    lb_csv_write(table, false, &csv);
    if (!lb_file_write(path, csv.data, csv.length, &err)) {
        snprintf(command, sizeof command,
                 "Rscript -e 'suppressMessages(library(%s)); d <- read.csv(\"%s\"); d$id <- factor(d$id); d$v <- factor(d$visit); "
                 "cat(sprintf(\"  peer %s: %%.3f s\\n\", sum(system.time(%s)[1:2])))'", package, path, package, code);
        if (system(command) != 0) printf("  peer %s: failed\n", package);
    }
    lb_buf_free(&csv);
    unlink(path);
}

int main(int argc, char **argv)
{
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    if (argc > 1) { /* for a profiler: only that verb, without R */
        bool slope = !strcmp(argv[1], "mixed");
        printf("%s  %.4f s CPU\n", argv[1], slope ? measure(registry, "mixed", simulate(arena, 20000, 3), OPTIONS(SLOPE))
                                                 : measure(registry, "mmrm", simulate(arena, 5000, 2), OPTIONS(VISIT)));
        return 0;
    }
    lb_table *trial = simulate(arena, 314, 1), *middle = simulate(arena, 5000, 2), *large = simulate(arena, 20000, 3);
    printf("mixed_slope_20000x5     %.4f s CPU (lme4 measured elsewhere: 2.78)\n", measure(registry, "mixed", large, OPTIONS(SLOPE)));
    printf("mixed_slope_20000x5_kr  %.4f s CPU\n", measure(registry, "mixed", large, OPTIONS(SLOPE, "df", "kr")));
    peer(large, "lme4", "lmer(y ~ base + arm * month + (1 + month | id), d)");
    peer(large, "nlme", "lme(y ~ base + arm * month, d, ~ 1 + month | id, na.action = na.omit)");
    printf("mmrm_us_314x5           %.4f s CPU (R mmrm measured elsewhere: 0.27)\n", measure(registry, "mmrm", trial, OPTIONS(VISIT)));
    printf("mmrm_us_314x5_kr        %.4f s CPU (0.53)\n", measure(registry, "mmrm", trial, OPTIONS(VISIT, "df", "kr")));
    peer(trial, "mmrm", "mmrm(y ~ base + arm * v + us(v | id), d)");
    printf("mmrm_us_5000x5          %.4f s CPU (6.1)\n", measure(registry, "mmrm", middle, OPTIONS(VISIT)));
    printf("mmrm_us_5000x5_kr       %.4f s CPU (9.9)\n", measure(registry, "mmrm", middle, OPTIONS(VISIT, "df", "kr")));
    peer(middle, "mmrm", "mmrm(y ~ base + arm * v + us(v | id), d)");
    lb_registry_free(registry);
    lb_arena_free(arena);
    return 0;
}
