/* Small linear algebra, solvers and distributions on values known exactly or by identities. */
#include <lumbar/numeric.h>

#include "lumbar_test.h"

static void sums_do_not_lose_small_terms(void **state)
{
    (void)state;
    const double x[] = {1e100, 1, -1e100, 1, 0.5};
    assert_true(lb_sum(x, 5) == 2.5);
    assert_true(lb_sum(x, 0) == 0);
}

static void cholesky(void **state)
{
    (void)state;
    double a[9] = {4, 2, 6, 2, 10, 9, 6, 9, 26}; /* = L Lᵀ with L = [2; 1 3; 3 2 sqrt(13)] */
    assert_int_equal(lb_chol(a, 3), 0);
    assert_close(a[0], 2, 1e-16);
    assert_close(a[1], 1, 1e-16);
    assert_close(a[4], 3, 1e-16);
    assert_close(a[2], 3, 1e-16);
    assert_close(a[5], 2, 1e-16);
    assert_close(a[8], sqrt(13), 1e-15);
    assert_close(lb_chol_logdet(a, 3), log(4 * 9 * 13), 1e-15);
    double inverse[9];
    lb_chol_inverse(a, 3, inverse);
    const double m[9] = {4, 2, 6, 2, 10, 9, 6, 9, 26};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            double sum = 0;
            for (int k = 0; k < 3; k++) sum += m[i + 3 * k] * inverse[k + 3 * j];
            assert_true(fabs(sum - (i == j)) < 1e-14);
        }
    }
    double b[3] = {12, 21, 41}; /* m · (1, 1, 1) */
    lb_chol_solve(a, 3, b, 1);
    for (int i = 0; i < 3; i++) assert_close(b[i], 1, 1e-14);
    double bad[4] = {1, 2, 2, 1};
    assert_int_equal(lb_chol(bad, 2), 2);
    double not_a_number[1] = {NAN};
    assert_int_equal(lb_chol(not_a_number, 1), 1);
}

static void eigenvalues_of_a_chain(void **state)
{
    (void)state;
    enum { N = 20 };
    static double a[N * N], values[N], vectors[N * N];
    for (int i = 0; i < N; i++) { /* second differences: eigenvalues 2 - 2 cos(k pi / (N + 1)) */
        a[i + i * N] = 2;
        if (i) a[i + (i - 1) * N] = -1;
    }
    lb_eigen_symmetric(a, N, values, vectors);
    for (int k = 0; k < N; k++) {
        assert_close(values[k], 2 - 2 * cos((k + 1) * acos(-1) / (N + 1)), 1e-13);
        double norm = 0, worst = 0;
        for (int i = 0; i < N; i++) {
            double av = 2 * vectors[i + k * N];
            if (i) av -= vectors[i - 1 + k * N];
            if (i + 1 < N) av -= vectors[i + 1 + k * N];
            worst = fmax(worst, fabs(av - values[k] * vectors[i + k * N]));
            norm += vectors[i + k * N] * vectors[i + k * N];
        }
        assert_close(norm, 1, 1e-14);
        assert_true(worst < 1e-13);
    }
}

static double cube_less_two(double x, void *context)
{
    (*(int *)context)++;
    return x * x * x - 2;
}
static double valley(double x, void *context)
{
    (void)context;
    return (x - 0.3) * (x - 0.3) * (1 + x * x) + 2;
}

static void solvers(void **state)
{
    (void)state;
    int calls = 0;
    double root, value;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_root(cube_less_two, &calls, 0, 4, 0, &root, &err), 0);
    assert_close(root, cbrt(2), 3e-16);
    assert_true(calls < 60);
    assert_int_equal(lb_root(cube_less_two, &calls, 2, 4, 0, &root, &err), LB_FAILED);
    assert_close(lb_minimum(valley, NULL, -1, 2, 1e-10, &value), 0.3, 1e-7);
    assert_close(value, 2, 1e-14);
}

static void noncentral_t(void **state)
{
    (void)state;
    /* ncp 0 is Student's t; both tails add to one; a sign change swaps tails; the quantile inverts. */
    const double dfs[] = {0.5, 1, 4, 32, 312, 1e5};
    for (size_t i = 0; i < LB_COUNT(dfs); i++) {
        for (double x = -4; x <= 40; x += 5.5) {
            assert_close(lb_nct_p(x, dfs[i], 0, LB_UPPER), lb_t_p(x, dfs[i], LB_UPPER), 2e-12);
            double lower = lb_nct_p(x, dfs[i], 2.8, LB_LOWER), upper = lb_nct_p(x, dfs[i], 2.8, LB_UPPER);
            assert_close(lower + upper, 1, 1e-13);
            assert_close(lb_nct_p(-x, dfs[i], -2.8, LB_UPPER), lower, 1e-14);
        }
        assert_close(lb_nct_p(lb_nct_q(0.8, dfs[i], 2.8, LB_LOWER), dfs[i], 2.8, LB_LOWER), 0.8, 1e-13);
        assert_close(lb_nct_p(lb_nct_q(1e-9, dfs[i], 2.8, LB_UPPER), dfs[i], 2.8, LB_UPPER), 1e-9, 1e-12);
    }
    /* P(T <= 0) = Phi(-ncp) whatever the degrees of freedom */
    assert_close(lb_nct_p(0, 7, 6, LB_LOWER), lb_norm_p(-6, LB_LOWER), 1e-13);
    assert_close(lb_nct_p(0, 7, 30, LB_LOWER), lb_norm_p(-30, LB_LOWER), 1e-12);
    assert_close(lb_nct_p(1.5, INFINITY, 2, LB_UPPER), lb_norm_p(-0.5, LB_UPPER), 1e-15);
    assert_true(isnan(lb_nct_p(1, -1, 0, LB_LOWER)));
    assert_true(lb_nct_p(INFINITY, 5, 1, LB_UPPER) == 0);
}

static void tukey(void **state)
{
    (void)state;
    /* two means: the range is |difference| / sd, so P(q) is the two-sided t of q / sqrt(2) */
    assert_close(lb_tukey_p(3.5, 2, 20, LB_UPPER), lb_two_sided_p(3.5 / sqrt(2), 20), 1e-9);
    /* ptukey(3.5, 3, 20, lower.tail = FALSE) and qtukey(0.95, 3, 20) of R 4.2.2 */
    assert_close(lb_tukey_p(3.5, 3, 20, LB_UPPER), 0.055891849082059353, 1e-12);
    assert_close(lb_tukey_q(0.95, 3, 20, LB_LOWER), 3.577934581525569, 1e-12);
    assert_close(lb_two_sided_p(-1.959963984540054, NAN), 0.05, 1e-14);
    assert_close(lb_two_sided_p(1.959963984540054, INFINITY), 0.05, 1e-14);
}

/* Against the definition; sizes on both sides of the panel's edges, all four orientations. */
static void products(void **state)
{
    (void)state;
    enum { MOST = 410 };
    static const size_t size[][3] = {{1, 1, 1}, {2, 16, 3}, {5, 17, 192}, {3, 33, 193}, {7, 5, MOST}, {0, 4, 2}, {4, 3, 0}};
    static double a[8 * MOST], b[40 * MOST], c[8 * 40], expected[8 * 40];
    lb_random random;
    lb_random_init(&random, 7, 0);
    for (size_t i = 0; i < LB_COUNT(a); i++) a[i] = lb_random_normal(&random);
    for (size_t i = 0; i < LB_COUNT(b); i++) b[i] = lb_random_normal(&random);
    for (size_t t = 0; t < LB_COUNT(size) * 8; t++) {
        size_t m = size[t / 8][0], n = size[t / 8][1], k = size[t / 8][2];
        bool ta = t & 1, tb = t & 2;
        double beta = t & 4 ? -0.5 : 0, alpha = t & 4 ? 2 : 1;
        for (size_t i = 0; i < m * n; i++) {
            c[i] = t & 4 ? (double)i : NAN; /* beta = 0 does not look at what was there */
            long double sum = 0;
            for (size_t l = 0; l < k; l++) sum += (long double)(ta ? a[l * m + i / n] : a[i / n * k + l]) * (tb ? b[i % n * k + l] : b[l * n + i % n]);
            expected[i] = (double)(alpha * sum) + (t & 4 ? beta * (double)i : 0);
        }
        lb_multiply(ta, tb, m, n, k, alpha, a, b, beta, c);
        for (size_t i = 0; i < m * n; i++) {
            if (fabs(c[i] - expected[i]) > 1e-12 * (1 + fabs(expected[i]))) fail_msg("%zu x %zu x %zu, case %zu, element %zu: %.17g, not %.17g", m, n, k, t % 8, i, c[i], expected[i]);
        }
    }
}

typedef struct product_job {
    const double *a, *b;
    double *c;
} product_job;

static void one_product(void *context, size_t i)
{
    product_job *job = context;
    lb_multiply(false, false, 12, 31, 50, 1, job->a, job->b, 0, job->c + i * 12 * 31);
}

/* Called from several threads at once the bits are the same: a library with one buffer for all gave others. */
static void products_on_threads(void **state)
{
    (void)state;
    enum { JOBS = 4000 };
    static double a[12 * 50], b[50 * 31], c[JOBS * 12 * 31];
    lb_random random;
    lb_random_init(&random, 8, 0);
    for (size_t i = 0; i < LB_COUNT(a); i++) a[i] = lb_random_normal(&random);
    for (size_t i = 0; i < LB_COUNT(b); i++) b[i] = lb_random_normal(&random);
    product_job job = {a, b, c};
    lb_parallel_for(JOBS, 4, one_product, &job);
    for (size_t i = 1; i < JOBS; i++) assert_memory_equal(c, c + i * 12 * 31, 12 * 31 * sizeof *c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products), cmocka_unit_test(products_on_threads),
        cmocka_unit_test(sums_do_not_lose_small_terms), cmocka_unit_test(cholesky), cmocka_unit_test(eigenvalues_of_a_chain),
        cmocka_unit_test(solvers), cmocka_unit_test(noncentral_t), cmocka_unit_test(tukey),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
