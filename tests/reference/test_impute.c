/* analyse impute: draws against the distribution they must have, worked out from one fit; the chains against R's mice; the same
 * values on any number of threads. Random draws are compared within five Monte Carlo standard errors. */
#include "run_op.h"

#include <lumbar/stats.h>

enum { N = 60, M = 4000 };

/* y, and categories c and s, given x and arm; the last people miss one of them. */
static char *made_up(const char *lost, size_t missing, double *x, double *y, double *s)
{
    lb_buf csv = {0};
    lb_random random;
    lb_random_init(&random, 20260119, 1);
    lb_buf_puts(&csv, "id,x,arm,y,s,c\n");
    for (size_t i = 0; i < N; i++) {
        double arm = i % 2;
        x[i] = 10 + 3 * lb_random_normal(&random);
        y[i] = 5 + 2 * x[i] - 4 * arm + 2 * lb_random_normal(&random);
        s[i] = lb_random_uniform(&random) < 1 / (1 + exp(-(x[i] - 10) / 3));
        char cell[3][32] = {"", "", ""};
        bool gap = i >= N - missing;
        if (!gap || strcmp(lost, "y") != 0) snprintf(cell[0], 32, "%.17g", y[i]);
        if (!gap || strcmp(lost, "s") != 0) snprintf(cell[1], 32, "%s", s[i] > 0 ? "yes" : "no");
        if (!gap || strcmp(lost, "c") != 0) snprintf(cell[2], 32, "%c", "abc"[i % 3 == 0 ? 0 : arm > 0 ? 1 : 2]);
        lb_buf_printf(&csv, "P%02zu,%.17g,%g,%s,%s,%s\n", i, x[i], arm, cell[0], cell[1], cell[2]);
    }
    return csv.data;
}

static lb_table *impute(const char *csv, const char *const *pairs, unsigned threads, lb_arena *arena, lb_buf *bytes)
{
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "impute"));
    lb_bytes data = {(const uint8_t *)csv, strlen(csv), "made_up.csv"}, out;
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_table *table = NULL;
    assert_int_equal(lb_call_bind(call, "data", &data, &err), 0);
    for (size_t i = 0; pairs[i]; i += 2) assert_int_equal(lb_call_set(call, pairs[i], pairs[i + 1], &err), 0);
    lb_call_set_threads(call, threads);
    if (lb_call_run(call, &result, &err)) fail_msg("%s: %s", err.where, err.message);
    assert_int_equal(result->artifact_count, 1);
    lb_buf_add(bytes, result->artifact[0].data, result->artifact[0].length);
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    out = (lb_bytes){(const uint8_t *)bytes->data, bytes->length, "imputed.csv"};
    assert_int_equal(lb_csv_read(&out, &options, arena, &table, &err), 0);
    lb_call_free(call);
    lb_result_free(result);
    lb_registry_free(registry);
    return table;
}
#define IMPUTE(csv, threads, ...) impute(csv, (const char *const[]){__VA_ARGS__, NULL}, threads, arena, &bytes)

/* y is missing for 12 people: each imputed value has mean x·b and a t distribution with s √(1 + h). */
static void normal_draws(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_buf bytes = {0};
    double x[N], y[N], s[N], design[N * 3];
    char *csv = made_up("y", 12, x, y, s);
    enum { SEEN = 48 };
    for (size_t i = 0; i < SEEN; i++) design[i] = 1, design[i + SEEN] = x[i], design[i + 2 * SEEN] = (double)(i % 2);
    lb_lsq fit;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_lsq_fit(design, y, NULL, SEEN, 3, 0, arena, &fit, &err), 0);
    const lb_table *t = IMPUTE(csv, 2, "columns", "x,arm,y", "methods", "y=normal", "m", "4000", "iterations", "1", "seed", "5");
    const double *got = lb_table_find(t, "y")->number;
    assert_int_equal(t->rows, N * M);
    for (size_t i = 0; i < N; i++) {
        double mean = 0, square = 0, line[3] = {1, x[i], (double)(i % 2)}, expected = 0, h = 0;
        for (size_t k = 0; k < M; k++) {
            mean += got[k * N + i] / M;
            square += (got[k * N + i] - got[i]) * (got[k * N + i] - got[i]) / M;
        }
        if (i < SEEN) { /* what was seen stays to the last bit */
            assert_true(square == 0 && got[i] == y[i]);
            continue;
        }
        for (size_t a = 0; a < 3; a++) {
            expected += line[a] * fit.coefficient[a];
            for (size_t b = 0; b < 3; b++) h += line[a] * fit.unscaled[a + 3 * b] * line[b];
        }
        double variance = fit.sigma * fit.sigma * (1 + h) * fit.df_residual / (fit.df_residual - 2);
        double spread = square - (mean - got[i]) * (mean - got[i]);
        assert_true(fabs(mean - expected) < 5 * sqrt(variance / M));
        assert_true(fabs(spread / variance - 1) < 5 * sqrt(2.3 / M));
    }
    free(csv);
    lb_buf_free(&bytes);
    lb_arena_free(arena);
}

static void matched_draws(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_buf bytes = {0}, again = {0}, other = {0};
    double x[N], y[N], s[N];
    char *csv = made_up("y", 12, x, y, s);
    const lb_table *t = IMPUTE(csv, 1, "columns", "x,arm,y", "m", "200", "seed", "5");
    const double *got = lb_table_find(t, "y")->number;
    for (size_t k = 0; k < 200; k++) {
        for (size_t i = 48; i < N; i++) {
            size_t donor = 0;
            while (donor < 48 && y[donor] != got[k * N + i]) donor++;
            assert_true(donor < 48); /* a value somebody had */
        }
    }
    lb_buf keep = bytes;
    bytes = again;
    IMPUTE(csv, 4, "columns", "x,arm,y", "m", "200", "seed", "5");
    assert_int_equal(keep.length, bytes.length);
    assert_memory_equal(keep.data, bytes.data, keep.length);
    again = bytes;
    bytes = other;
    IMPUTE(csv, 4, "columns", "x,arm,y", "m", "200", "seed", "6");
    assert_true(bytes.length != keep.length || memcmp(keep.data, bytes.data, keep.length) != 0);
    lb_buf_free(&keep);
    lb_buf_free(&again);
    lb_buf_free(&bytes);
    free(csv);
    lb_arena_free(arena);
}

/* Two levels: the share of "yes" among the draws is near the fitted probability. Three: two are told exactly by the arm. */
static void category_draws(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_buf bytes = {0};
    double x[N], y[N], s[N], design[N * 2];
    char *csv = made_up("s", 10, x, y, s);
    enum { SEEN = 50 };
    for (size_t i = 0; i < SEEN; i++) design[i] = 1, design[i + SEEN] = x[i];
    lb_logistic fit;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_logistic_fit(design, s, NULL, SEEN, 2, arena, &fit, &err), 0);
    const lb_table *t = IMPUTE(csv, 2, "columns", "x,s", "m", "4000", "iterations", "1");
    const lb_column *column = lb_table_find(t, "s");
    for (size_t i = SEEN; i < N; i++) {
        double share = 0, eta = fit.coefficient[0] + fit.coefficient[1] * x[i];
        for (size_t k = 0; k < M; k++) share += strcmp(column->level[column->code[k * N + i]], "yes") == 0;
        assert_true(fabs(share / M - 1 / (1 + exp(-eta))) < 0.06); /* light artificial rows and the drawn parameters pull to 1/2 */
    }
    lb_buf_free(&bytes);
    bytes = (lb_buf){0};
    free(csv);
    csv = made_up("c", 10, x, y, s);
    t = IMPUTE(csv, 2, "columns", "arm,c", "m", "2000", "iterations", "1");
    column = lb_table_find(t, "c");
    for (size_t i = SEEN; i < N; i++) {
        double share[3] = {0};
        for (size_t k = 0; k < 2000; k++) share[column->level[column->code[k * N + i]][0] - 'a'] += 1.0 / 2000;
        assert_true(fabs(share[0] - 1.0 / 3) < 0.07); /* 17 of 50 are a */
        assert_true(share[i % 2 ? 2 : 1] < 0.07);     /* never seen in this arm */
    }
    lb_buf_free(&bytes);
    free(csv);
    lb_arena_free(arena);
}

/* Shifts: the same draws, moved for those asked about and for nobody else. */
static void shifted_draws(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_buf bytes = {0}, plain = {0};
    double x[N], y[N], s[N];
    char *csv = made_up("y", 12, x, y, s);
    const double *before = lb_table_find(IMPUTE(csv, 1, "columns", "x,arm,y", "m", "3"), "y")->number;
    plain = bytes;
    bytes = (lb_buf){0};
    const double *after = lb_table_find(IMPUTE(csv, 1, "columns", "x,arm,y", "m", "3", "delta", "y=7.5", "delta-where", "arm=1"), "y")->number;
    for (size_t i = 0; i < 3 * N; i++)
        assert_true(fabs(after[i] - before[i] - (i % N >= 48 && i % 2 ? 7.5 : 0)) < 1e-12);
    lb_buf_free(&bytes);
    lb_buf_free(&plain);
    free(csv);
    lb_arena_free(arena);
}

/* mice 3.15.0, m = 1000, maxit = 5, on reference/analysis/gaps60.csv: lm(odi_12m ~ odi_0 + age + arm), pooled. Both sides have
 * a Monte Carlo error of √(b / m) in the estimate. */
static void as_mice(void **state)
{
    (void)state;
    static const struct { const char *method; double estimate[4], within[4], between[4]; } mice[] = {
        {"age=pmm,odi_12m=pmm", {4.864488, 0.450418, 0.122718, -8.178680}, {222.88673235, 0.01873325, 0.04274845, 5.10699483},
         {28.317978348, 0.004920786, 0.005931517, 1.204060768}},
        {"age=normal,odi_12m=normal", {5.155939, 0.445073, 0.121159, -8.090632}, {222.37492400, 0.01876896, 0.04261992, 5.11619956},
         {28.954158178, 0.004686724, 0.006424188, 1.069417922}}};
    for (size_t k = 0; k < LB_COUNT(mice); k++) {
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        op_run run = MUST_RUN("analyse", "impute", "data", repository_file("reference/analysis/gaps60.csv"), "methods", mice[k].method, "columns",
                              "arm,age,sex,odi_0,odi_12m", "m", "2000", "iterations", "5", "seed", "3");
        lb_registry *registry = lb_registry_all();
        lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "pool"));
        lb_bytes bytes = {run.result->artifact[0].data, run.result->artifact[0].length, "imputed.csv"};
        lb_result *pooled = NULL;
        assert_int_equal(lb_call_bind(call, "data", &bytes, &err), 0);
        assert_int_equal(lb_call_set(call, "imputation", "imputation", &err), 0);
        assert_int_equal(lb_call_set(call, "formula", "odi_12m ~ odi_0 + age + arm", &err), 0);
        if (lb_call_run(call, &pooled, &err)) fail_msg("%s", err.message);
        for (size_t j = 0; j < 4; j++) {
            const lb_value *row = lb_get(pooled->results, "coefficients")->item[j];
            double error = sqrt(mice[k].between[j] * (1.0 / 1000 + 1.0 / 2000));
            assert_true(fabs(lb_get_number(row, "estimate", NAN) - mice[k].estimate[j]) < 5 * error);
            assert_true(fabs(lb_get_number(row, "within", NAN) / mice[k].within[j] - 1) < 0.015);
            assert_true(fabs(lb_get_number(row, "between", NAN) / mice[k].between[j] - 1) < 5 * sqrt(3.0 / 1000));
        }
        lb_call_free(call);
        lb_result_free(pooled);
        lb_registry_free(registry);
        free_run(&run);
        lb_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(normal_draws), cmocka_unit_test(matched_draws), cmocka_unit_test(category_draws),
                                       cmocka_unit_test(shifted_draws), cmocka_unit_test(as_mice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
