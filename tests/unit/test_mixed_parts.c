/* Parts of the mixed models: derivatives against differences, Kenward and Roger's covariance against dense matrices over all
 * rows, covariance structures, the reading of random effects. */
#include "lumbar_test.h"

#include "analysis/lmm.h"
#include "analysis/mmrm.h"

/* φ itself as the free parameters. */
static void same(const lb_mapping *map, const double *theta, double *phi) { memcpy(phi, theta, map->m * sizeof *phi); }
static void unit(const lb_mapping *map, const double *theta, double *j)
{
    (void)theta;
    memset(j, 0, map->m * map->m * sizeof *j);
    for (size_t i = 0; i < map->m; i++) j[i + i * map->m] = 1;
}
static void flat(const lb_mapping *map, const double *theta, const double *g, double *out)
{
    (void)theta, (void)g;
    memset(out, 0, map->m * map->m * sizeof *out);
}

enum { N = 60, PEOPLE = 15, RATERS = 4, P = 2, Z = 2 * RATERS, R = Z + P, M = 7 };

typedef struct example {
    lb_arena *arena;
    double x[N * (R + 1)], random[2 * N]; /* columns [Z of raters, 1, t, y]; random: 1, t */
    int32_t person[N], rater[N];
    lb_bar bar;
    lb_extra extra;
    lb_blocks blocks;
    lb_reml reml;
} example;

/* (1 + t | person) as blocks, (1 + t | rater) as a further grouping. */
static void build(example *e, bool ml)
{
    lb_error err = LB_ERROR_INIT;
    lb_random random;
    memset(e, 0, sizeof *e);
    e->arena = lb_arena_new();
    lb_random_init(&random, 11, 0);
    for (size_t i = 0; i < N; i++) {
        double t = lb_random_normal(&random);
        e->person[i] = (int32_t)(i % PEOPLE);
        e->rater[i] = (int32_t)lb_random_below(&random, RATERS);
        e->random[i] = 1, e->random[N + i] = t;
        e->x[i + (size_t)(2 * e->rater[i]) * N] = 1;
        e->x[i + (size_t)(2 * e->rater[i] + 1) * N] = t;
        e->x[i + Z * N] = 1, e->x[i + (Z + 1) * N] = t;
        e->x[i + R * N] = 3 * sin(e->person[i]) + e->rater[i] * (1 + t) + t + lb_random_normal(&random);
    }
    e->bar = (lb_bar){.group = "person", .q = 2, .z = e->random, .levels = PEOPLE, .code = e->person};
    const lb_bar *bars[] = {&e->bar};
    assert_int_equal(lb_groups_new(e->x, N, R, bars, 1, e->arena, &e->blocks, &err), 0);
    e->extra = (lb_extra){0, RATERS, 2, 4};
    e->reml = (lb_reml){.blocks = &e->blocks, .p = P, .ml = ml, .extra = &e->extra, .extras = 1,
                        .map = {.k = M, .m = M, .value = same, .jacobian = unit, .curvature = flat}};
    assert_int_equal(lb_reml_new(&e->reml, e->arena, &err), 0);
}

static const double point[M] = {4, 0.3, 0.5, 1.2, 2, -0.4, 0.7}; /* persons' G, σ², raters' G */

static void test_derivatives(void **state)
{
    (void)state;
    for (int ml = 0; ml < 2; ml++) {
        example e;
        double score[M], hessian[M * M], step = 1e-5;
        build(&e, ml);
        assert_true(isfinite(lb_reml_at(&e.reml, point)));
        lb_reml_derivatives(&e.reml);
        memcpy(score, e.reml.score, sizeof score);
        memcpy(hessian, e.reml.hessian, sizeof hessian);
        for (size_t j = 0; j < M; j++) {
            double theta[M], high[M], low[M], up, down;
            memcpy(theta, point, sizeof theta);
            theta[j] = point[j] + step;
            up = lb_reml_at(&e.reml, theta);
            lb_reml_derivatives(&e.reml);
            memcpy(high, e.reml.score, sizeof high);
            theta[j] = point[j] - step;
            down = lb_reml_at(&e.reml, theta);
            lb_reml_derivatives(&e.reml);
            memcpy(low, e.reml.score, sizeof low);
            assert_true(fabs((up - down) / (2 * step) - score[j]) < 1e-6 * (1 + fabs(score[j])));
            for (size_t k = 0; k < M; k++) {
                double slope = (high[k] - low[k]) / (2 * step);
                assert_true(fabs(slope - hessian[k + j * M]) < 1e-6 * (1 + fabs(slope)));
            }
        }
        lb_arena_free(e.arena);
    }
}

/* out = A B, N × N. */
static void times(const double *a, const double *b, double *out)
{
    for (size_t j = 0; j < N; j++) {
        for (size_t i = 0; i < N; i++) {
            double sum = 0;
            for (size_t k = 0; k < N; k++) sum += a[i + k * N] * b[k + j * N];
            out[i + j * N] = sum;
        }
    }
}

/* Derivative of V by parameter j. */
static void dense(const example *e, size_t j, double *v)
{
    static const size_t a[] = {0, 1, 1, 9, 0, 1, 1}, b[] = {0, 0, 1, 9, 0, 0, 1};
    for (size_t r = 0; r < N; r++) {
        for (size_t c = 0; c < N; c++) {
            const double *zr = e->random + r, *zc = e->random + c;
            bool together = j < 3 ? e->person[r] == e->person[c] : e->rater[r] == e->rater[c];
            double value = j == 3 ? r == c : zr[a[j] * N] * zc[b[j] * N];
            if (j != 3 && a[j] != b[j]) value += zr[b[j] * N] * zc[a[j] * N];
            v[r + c * N] = j == 3 || together ? value : 0;
        }
    }
}

static void test_kenward_roger_dense(void **state)
{
    (void)state;
    example e;
    lb_error err = LB_ERROR_INIT;
    lb_mixed_df df;
    build(&e, false);
    lb_reml_at(&e.reml, point);
    lb_reml_derivatives(&e.reml);
    assert_int_equal(lb_mixed_df_new(&e.reml, LB_DF_ADJUST | LB_DF_EXPECTED, &df, &err), 0);
    double *v = lb_arena_array(e.arena, N * N, sizeof *v), *inverse = lb_arena_array(e.arena, N * N, sizeof *v), *vj[M], *w[M];
    double *part = lb_arena_array(e.arena, N * N, sizeof *v), *p = lb_arena_array(e.arena, N * N, sizeof *v), phi[P * P], adjusted[P * P];
    for (size_t j = 0; j < M; j++) {
        vj[j] = lb_arena_array(e.arena, N * N, sizeof *v), w[j] = lb_arena_array(e.arena, N * N, sizeof *v);
        dense(&e, j, vj[j]);
        for (size_t i = 0; i < N * N; i++) v[i] += point[j] * vj[j][i];
    }
    assert_int_equal(lb_chol(v, N), 0);
    lb_chol_inverse(v, N, inverse);
    const double *x = e.x + Z * N;
    double *vx = lb_arena_array(e.arena, N * P, sizeof *vx), *fx = lb_arena_array(e.arena, N * P, sizeof *fx);
    for (size_t c = 0; c < P; c++) {
        for (size_t i = 0; i < N; i++) for (size_t k = 0; k < N; k++) vx[i + c * N] += inverse[i + k * N] * x[k + c * N];
    }
    for (size_t a = 0; a < P; a++) {
        for (size_t b = 0; b < P; b++) {
            phi[a + b * P] = 0;
            for (size_t i = 0; i < N; i++) phi[a + b * P] += x[i + a * N] * vx[i + b * N];
        }
    }
    assert_int_equal(lb_chol(phi, P), 0);
    double cov[P * P];
    lb_chol_inverse(phi, P, cov);
    for (size_t c = 0; c < P; c++) for (size_t i = 0; i < N; i++) for (size_t k = 0; k < P; k++) fx[i + c * N] += vx[i + k * N] * cov[k + c * P];
    for (size_t i = 0; i < N; i++) for (size_t k = 0; k < N; k++) {
        p[i + k * N] = inverse[i + k * N];
        for (size_t c = 0; c < P; c++) p[i + k * N] -= fx[i + c * N] * vx[k + c * N];
    }
    memcpy(adjusted, cov, sizeof cov);
    for (size_t j = 0; j < M; j++) times(p, vj[j], w[j]); /* P Vj */
    for (size_t j = 0; j < M; j++) {
        for (size_t k = 0; k < M; k++) {
            double trace = 0;
            for (size_t a = 0; a < N; a++) for (size_t b = 0; b < N; b++) trace += w[j][a + b * N] * w[k][b + a * N];
            assert_close(e.reml.expected[j + k * M], trace, 1e-9);
            times(vj[j], w[k], part); /* Vj P Vk */
            for (size_t a = 0; a < P; a++) for (size_t b = 0; b < P; b++) {
                double sum = 0;
                for (size_t r = 0; r < N; r++) for (size_t c = 0; c < N; c++) sum += fx[r + a * N] * part[r + c * N] * fx[c + b * N];
                adjusted[a + b * P] += 2 * df.w[j + k * M] * sum;
            }
        }
    }
    for (size_t i = 0; i < P * P; i++) {
        assert_close(df.vcov[i], cov[i], 1e-10);
        assert_close(df.adjusted[i], adjusted[i], 1e-9);
    }
    lb_arena_free(e.arena);
}

static void test_structures(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    enum { T = 4, C = 10 };
    static const double variance[T] = {2, 3, 5, 4}, g[C] = {0.3, -1, 2, 0.5, 1.5, -0.7, 0.2, 0.9, -0.4, 1.1};
    for (int s = 0; s < LB_STRUCTURES; s++) {
        lb_mapping map;
        double theta[C], phi[C], high[C], low[C], j[C * C], up[C * C], down[C * C], curve[C * C], step = 1e-5;
        lb_structure_mapping((lb_structure)s, T, arena, &map);
        assert_int_equal(map.m, C);
        lb_structure_start((lb_structure)s, T, variance, 0.4, theta);
        map.value(&map, theta, phi);
        if (s == LB_US || s == LB_CSH || s == LB_AR1H) {
            assert_close(phi[0], variance[0], 1e-12);
            assert_close(phi[1], 0.4 * sqrt(6), 1e-12);
        }
        for (size_t k = 0; k < map.k; k++) theta[k] += 0.01 * (double)k;
        map.jacobian(&map, theta, j);
        map.curvature(&map, theta, g, curve);
        for (size_t k = 0; k < map.k; k++) {
            double keep = theta[k];
            theta[k] = keep + step, map.value(&map, theta, high), map.jacobian(&map, theta, up);
            theta[k] = keep - step, map.value(&map, theta, low), map.jacobian(&map, theta, down);
            theta[k] = keep;
            for (size_t i = 0; i < C; i++) assert_true(fabs((high[i] - low[i]) / (2 * step) - j[i + k * C]) < 1e-7);
            for (size_t l = 0; l < map.k; l++) {
                double sum = 0;
                for (size_t i = 0; i < C; i++) sum += g[i] * (up[i + l * C] - down[i + l * C]) / (2 * step);
                assert_true(fabs(sum - curve[k + l * map.k]) < 1e-6);
            }
        }
    }
    lb_arena_free(arena);
}

static void test_bars(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_bar bar[LB_BARS];
    size_t count;
    assert_int_equal(lb_bars_parse("(1 + log(t) | id) + (0 + x || `a b`) + (1 | centre/ward/id) + (1|r:s)", arena, bar, &count, &err), 0);
    assert_int_equal(count, 6);
    assert_string_equal(bar[0].terms, "1 + log(t)");
    assert_string_equal(bar[0].group, "id");
    assert_false(bar[0].separate);
    assert_true(bar[1].separate);
    assert_string_equal(bar[1].column[0], "a b");
    assert_string_equal(bar[2].group, "centre");
    assert_string_equal(bar[3].group, "ward:centre");
    assert_string_equal(bar[4].group, "id:ward:centre");
    assert_int_equal(bar[4].columns, 3);
    assert_string_equal(bar[5].group, "r:s");
    static const char *const bad[] = {"(1 + t)", "(1 | )", "(1 | a + b)", "(1 | a | b)", "(1 | (a))", "(1 |", "(1 ||| a)", "(1 | a/)"};
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        assert_int_equal(lb_bars_parse(bad[i], arena, bar, &count, &err), LB_USAGE);
        assert_true(err.hint[0] != 0);
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derivatives),
        cmocka_unit_test(test_kenward_roger_dense),
        cmocka_unit_test(test_structures),
        cmocka_unit_test(test_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
