/* Speed of least squares: a whole ANCOVA of a trial of 314 people, beside R's lm (with emmeans where installed); a
 * regression of a million rows on ten columns, beside R's lm. CPU time, best of several. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lumbar/op.h>
#include <lumbar/stats.h>

/* A trial of n people like METNLBP: five centres, both sexes, baseline and twelve-month ODI. */
static lb_table *trial(size_t n, lb_arena *arena)
{
    lb_random random;
    lb_random_init(&random, 314, 0);
    static const char *const centres[] = {"C1", "C2", "C3", "C4", "C5"}, *const sexes[] = {"F", "M"};
    static const char *const arms[] = {"CONTROL", "EXERCISE"};
    lb_table *table = lb_table_new(arena, "trial", n);
    const char **text = lb_arena_array(arena, n, sizeof *text);
    double *before = lb_table_add_number(table, "odi_0")->number, *after = lb_table_add_number(table, "odi_12m")->number;
    for (size_t i = 0; i < n; i++) {
        before[i] = 2 * (double)(10 + lb_random_below(&random, 20));
        after[i] = before[i] * 0.6 - (i % 2 ? 6 : 0) + 9 * lb_random_normal(&random);
    }
    for (size_t i = 0; i < n; i++) text[i] = arms[i % 2];
    lb_table_add_text(table, "arm", text);
    for (size_t i = 0; i < n; i++) text[i] = sexes[lb_random_below(&random, 2)];
    lb_table_add_text(table, "sex", text);
    for (size_t i = 0; i < n; i++) text[i] = centres[lb_random_below(&random, 5)];
    lb_table_add_text(table, "centre", text);
    return table;
}

static int one_ancova(const lb_registry *registry, lb_table *table)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "ancova"));
    int rc = lb_call_bind_table(call, "data", table, &err);
    if (!rc) rc = lb_call_set(call, "formula", "odi_12m ~ odi_0 + sex + centre + arm", &err);
    if (!rc) rc = lb_call_set(call, "treatment", "arm", &err);
    if (!rc) rc = lb_call_run(call, &result, &err);
    if (rc) fprintf(stderr, "%s\n", err.message);
    lb_call_free(call);
    lb_result_free(result);
    return rc;
}

static int bench_trial(void)
{
    enum { REPEATS = 200 };
    lb_registry *registry = lb_registry_all();
    lb_arena *arena = lb_arena_new();
    lb_table *table = trial(314, arena);
    double best = 1e9;
    for (int round = 0; round < 3; round++) {
        double start = lb_cpu_seconds();
        for (int i = 0; i < REPEATS; i++) {
            if (one_ancova(registry, table)) return 1;
        }
        double used = (lb_cpu_seconds() - start) / REPEATS;
        best = used < best ? used : best;
    }
    lb_arena_free(arena);
    lb_registry_free(registry);
    printf("ancova_314  %.0f us  (fit, type III, means, contrast)\n", best * 1e6);
    fflush(stdout);
    static const char peer[] =
        "Rscript -e 'n <- 314; d <- data.frame(odi_0 = 2 * sample(10:29, n, TRUE), arm = factor(rep(c(\"C\", \"E\"), n / 2)), "
        "sex = factor(sample(c(\"F\", \"M\"), n, TRUE)), centre = factor(sample(1:5, n, TRUE))); d$y <- d$odi_0 * .6 + "
        "rnorm(n, 0, 9); e <- suppressWarnings(requireNamespace(\"emmeans\", quietly = TRUE)); f <- function() { m <- lm(y ~ "
        "odi_0 + sex + centre + arm, d); s <- summary(m); a <- drop1(m, test = \"F\"); if (e) summary(pairs(emmeans::emmeans(m, "
        "\"arm\"))) }; f(); t <- sum(system.time(for (i in 1:50) f())[1:2]) / 50; cat(sprintf(\"  peer: R lm + drop1%s %.0f "
        "us\\n\", if (e) \" + emmeans\" else \" (emmeans is not installed)\", t * 1e6))' 2>/dev/null";
    if (system("command -v Rscript >/dev/null 2>&1") != 0 || system(peer) != 0) printf("  peer: R is not installed\n");
    return 0;
}

static int bench_long(void)
{
    const size_t n = 1000000, p = 10;
    lb_arena *arena = lb_arena_new();
    double *x = lb_arena_try(arena, n, p * sizeof *x), *y = lb_arena_try(arena, n, sizeof *y), best = 1e9;
    if (!x || !y) return 1;
    lb_random random;
    lb_random_init(&random, 1, 0);
    for (size_t i = 0; i < n; i++) {
        x[i] = 1;
        y[i] = lb_random_normal(&random);
        for (size_t j = 1; j < p; j++) {
            x[i + j * n] = lb_random_normal(&random);
            y[i] += (double)j * x[i + j * n];
        }
    }
    for (int round = 0; round < 3; round++) {
        lb_arena *work = lb_arena_new();
        lb_lsq fit;
        lb_error err = LB_ERROR_INIT;
        double start = lb_cpu_seconds();
        if (lb_lsq_fit(x, y, NULL, n, p, 0, work, &fit, &err)) return 1;
        double used = lb_cpu_seconds() - start;
        best = used < best ? used : best;
        lb_arena_free(work);
    }
    lb_arena_free(arena);
    printf("lsq_1e6x10  %.3f s CPU\n", best);
    fflush(stdout);
    static const char peer[] =
        "Rscript -e 'n <- 1e6; d <- as.data.frame(matrix(rnorm(9 * n), n)); d$y <- rnorm(n); t <- sapply(1:3, function(i) "
        "sum(system.time(lm(y ~ ., d))[1:2])); cat(sprintf(\"  peer: R lm %.2f s CPU\\n\", min(t)))' 2>/dev/null";
    if (system("command -v Rscript >/dev/null 2>&1") != 0 || system(peer) != 0) printf("  peer: R is not installed\n");
    return 0;
}

int main(void)
{
    int rc = bench_trial();
    return rc ? rc : bench_long();
}
