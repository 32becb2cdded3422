/* Logistic regression where it is hard (separation, collinearity, scale) and ROC against the definition, pair by pair. */
#include "lumbar_test.h"

#include <lumbar/stats.h>

static lb_arena *arena;
static lb_error err;

static int setup(void **state)
{
    (void)state;
    arena = lb_arena_new();
    err = (lb_error)LB_ERROR_INIT;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lb_arena_free(arena);
    return 0;
}

/* Twelve people, overlapping. Values from R: glm(y ~ x, binomial, control = glm.control(epsilon = 1e-30)). */
static const double overlap_x[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* intercept */ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const double overlap_y[] = {0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1};

static void a_plain_fit(void **state)
{
    (void)state;
    lb_logistic fit;
    assert_int_equal(lb_logistic_fit(overlap_x, overlap_y, NULL, 12, 2, arena, &fit, &err), 0);
    assert_true(fit.converged && !fit.separated);
    /* the score is zero to rounding: the maximum to machine precision */
    for (size_t j = 0; j < 2; j++) {
        double score = 0;
        for (size_t i = 0; i < 12; i++) score += overlap_x[j * 12 + i] * (overlap_y[i] - fit.fitted[i]);
        assert_true(fabs(score) < 1e-13);
    }
    assert_close(fit.coefficient[0], -2.1443982193964115, 1e-13);
    assert_close(fit.coefficient[1], 0.3299074183686786, 1e-13);
    assert_close(fit.se[1], 0.21475017075487493, 1e-12);
    assert_close(fit.deviance, 13.609364385186973, 1e-14);
}

static void scale_does_not_matter(void **state)
{
    (void)state;
    double x[24];
    lb_logistic plain, scaled;
    for (size_t i = 0; i < 12; i++) {
        x[i] = 1;
        x[12 + i] = 1e9 + 1e-3 * overlap_x[12 + i]; /* 12 digits of it are the same everywhere */
    }
    assert_int_equal(lb_logistic_fit(overlap_x, overlap_y, NULL, 12, 2, arena, &plain, &err), 0);
    assert_int_equal(lb_logistic_fit(x, overlap_y, NULL, 12, 2, arena, &scaled, &err), 0);
    assert_true(scaled.converged || scaled.rank == 1);
    if (scaled.rank == 2) assert_close(scaled.coefficient[1], plain.coefficient[1] * 1e3, 1e-2);
    for (size_t i = 0; i < 12; i++) x[12 + i] = 1e-7 * overlap_x[12 + i];
    assert_int_equal(lb_logistic_fit(x, overlap_y, NULL, 12, 2, arena, &scaled, &err), 0);
    assert_close(scaled.coefficient[1], plain.coefficient[1] * 1e7, 1e-12);
    assert_close(scaled.loglik, plain.loglik, 1e-14);
}

static void weights_stand_for_repeated_rows(void **state)
{
    (void)state;
    double x[40], y[20], weight[12];
    lb_logistic weighted, repeated;
    size_t n = 0;
    for (size_t i = 0; i < 12; i++) weight[i] = i < 8 ? 2 : i == 11 ? 0 : 1;
    for (size_t i = 0; i < 12; i++)
        for (size_t k = 0; k < (size_t)weight[i]; k++) y[n++] = overlap_y[i];
    size_t row = 0;
    for (size_t i = 0; i < 12; i++)
        for (size_t k = 0; k < (size_t)weight[i]; k++) {
            x[row] = 1;
            x[n + row++] = overlap_x[12 + i];
        }
    assert_int_equal(lb_logistic_fit(overlap_x, overlap_y, weight, 12, 2, arena, &weighted, &err), 0);
    assert_int_equal(lb_logistic_fit(x, y, NULL, n, 2, arena, &repeated, &err), 0);
    assert_close(weighted.coefficient[1], repeated.coefficient[1], 1e-12);
    assert_close(weighted.se[1], repeated.se[1], 1e-12);
    assert_close(weighted.loglik_null, repeated.loglik_null, 1e-14);
    assert_true(weighted.fitted[11] > 0 && weighted.fitted[11] < 1); /* a row of weight 0 has a probability, too */
}

static void complete_separation_is_found(void **state)
{
    (void)state;
    double y[12];
    lb_logistic fit;
    for (size_t i = 0; i < 12; i++) y[i] = i >= 7;
    assert_int_equal(lb_logistic_fit(overlap_x, y, NULL, 12, 2, arena, &fit, &err), 0);
    assert_true(fit.separated && fit.complete && !fit.converged);
    assert_true(fit.diverging[1] && fit.coefficient[1] > 0);
}

static void quasi_separation_names_the_term(void **state)
{
    (void)state;
    double x[48], y[12];
    lb_logistic fit;
    for (size_t i = 0; i < 12; i++) {
        x[i] = 1;
        x[12 + i] = overlap_x[12 + i];
        x[24 + i] = i == 3 || i == 9; /* both have the event */
        x[36 + i] = i % 2;
        y[i] = overlap_y[i];
    }
    y[3] = y[9] = 1;
    assert_int_equal(lb_logistic_fit(x, y, NULL, 12, 4, arena, &fit, &err), 0);
    assert_true(fit.separated && !fit.complete);
    assert_true(fit.diverging[2] && fit.coefficient[2] > 5);
    assert_true(!fit.diverging[0] && !fit.diverging[1] && !fit.diverging[3]);
}

/* One tie on the border: y changes at x = 6, where both outcomes are seen. */
static void a_tie_on_the_border_is_quasi_separation(void **state)
{
    (void)state;
    double x[26], y[13];
    lb_logistic fit;
    for (size_t i = 0; i < 13; i++) {
        x[i] = 1;
        x[13 + i] = i < 6 ? (double)i : (double)i - 1; /* 0..5, 5..11 */
        y[i] = i >= 6;
    }
    assert_int_equal(lb_logistic_fit(x, y, NULL, 13, 2, arena, &fit, &err), 0);
    assert_true(fit.separated && !fit.complete && fit.diverging[1]);
}

/* Nearly separated is not separated: the estimate is finite, however large. */
static void near_separation_is_not_separation(void **state)
{
    (void)state;
    double x[2000], y[1000];
    lb_logistic fit;
    for (size_t i = 0; i < 1000; i++) {
        x[i] = 1;
        x[1000 + i] = (double)i;
        y[i] = i >= 500;
    }
    y[499] = 1, y[500] = 0; /* one swap at the border */
    assert_int_equal(lb_logistic_fit(x, y, NULL, 1000, 2, arena, &fit, &err), 0);
    assert_true(fit.converged && !fit.separated);
    assert_true(fit.coefficient[1] > 0.5);
}

static void collinear_terms_are_left_out(void **state)
{
    (void)state;
    double x[36];
    lb_logistic two, three;
    memcpy(x, overlap_x, 24 * sizeof(double));
    for (size_t i = 0; i < 12; i++) x[24 + i] = 3 - 2 * x[12 + i];
    assert_int_equal(lb_logistic_fit(overlap_x, overlap_y, NULL, 12, 2, arena, &two, &err), 0);
    assert_int_equal(lb_logistic_fit(x, overlap_y, NULL, 12, 3, arena, &three, &err), 0);
    assert_int_equal(three.rank, 2);
    assert_true(three.aliased[2] && isnan(three.coefficient[2]) && isnan(three.se[2]));
    assert_close(three.coefficient[1], two.coefficient[1], 1e-12);
    assert_close(three.se[1], two.se[1], 1e-12);
}

static void senseless_data_are_refused(void **state)
{
    (void)state;
    lb_logistic fit;
    double ones[12], half[12], broken[24];
    for (size_t i = 0; i < 12; i++) ones[i] = 1, half[i] = overlap_y[i] * 2;
    memcpy(broken, overlap_x, sizeof broken);
    broken[13] = NAN;
    assert_int_equal(lb_logistic_fit(overlap_x, ones, NULL, 12, 2, arena, &fit, &err), LB_BAD_DATA);
    assert_int_equal(lb_logistic_fit(overlap_x, half, NULL, 12, 2, arena, &fit, &err), LB_BAD_DATA);
    assert_int_equal(lb_logistic_fit(broken, overlap_y, NULL, 12, 2, arena, &fit, &err), LB_BAD_DATA);
    assert_int_equal(lb_logistic_fit(overlap_x, overlap_y, NULL, 0, 2, arena, &fit, &err), LB_BAD_DATA);
}

/* AUC and DeLong's variance straight from their definition, over all pairs. */
static void by_definition(const double *event, const double *score, size_t n, double *auc, double *variance)
{
    double sum[2] = {0, 0}, squares[2] = {0, 0}, count[2] = {0, 0};
    for (size_t i = 0; i < n; i++) count[event[i] == 1] += 1;
    for (size_t i = 0; i < n; i++) {
        size_t group = event[i] == 1;
        double component = 0;
        for (size_t j = 0; j < n; j++) {
            if ((event[j] == 1) == (event[i] == 1)) continue;
            double high = group ? score[i] : score[j], low = group ? score[j] : score[i];
            component += high > low ? 1 : high == low ? 0.5 : 0;
        }
        component /= count[!group];
        sum[group] += component;
        squares[group] += component * component;
    }
    *auc = sum[1] / count[1];
    *variance = 0;
    for (size_t g = 0; g < 2; g++) {
        double mean = sum[g] / count[g];
        *variance += (squares[g] - count[g] * mean * mean) / (count[g] - 1) / count[g];
    }
}

static void roc_equals_its_definition(void **state)
{
    (void)state;
    lb_random random;
    lb_random_init(&random, 7, 0);
    for (size_t trial = 0; trial < 50; trial++) {
        double event[60], score[60], auc, variance;
        for (size_t i = 0; i < 60; i++) {
            event[i] = i < 2 || (i > 3 && lb_random_uniform(&random) < 0.4);
            score[i] = floor(event[i] + (double)(trial % 7 + 1) * lb_random_uniform(&random)); /* many ties */
        }
        lb_roc roc;
        by_definition(event, score, 60, &auc, &variance);
        assert_int_equal(lb_roc_fit(event, score, 60, arena, &roc, &err), 0);
        assert_close(roc.auc, auc, 1e-13);
        assert_true(fabs(roc.variance - variance) < 1e-14);
        /* the area under the straight lines between the points is the same number */
        double area = 0;
        for (size_t i = 1; i < roc.points; i++)
            area += (roc.specificity[i] - roc.specificity[i - 1]) * (roc.sensitivity[i] + roc.sensitivity[i - 1]) / 2;
        assert_close(area, auc, 1e-13);
    }
}

static void perfect_and_hopeless_scores(void **state)
{
    (void)state;
    const double event[] = {0, 0, 0, 1, 1}, good[] = {1, 2, 3, 4, 5}, same[] = {1, 1, 1, 1, 1};
    lb_roc a, b;
    double z, p;
    assert_int_equal(lb_roc_fit(event, good, 5, arena, &a, &err), 0);
    assert_true(a.auc == 1 && a.variance == 0);
    assert_int_equal(lb_roc_fit(event, same, 5, arena, &b, &err), 0);
    assert_true(b.auc == 0.5 && b.points == 2);
    lb_roc_compare(&a, &a, &z, &p);
    assert_true(isnan(z) && isnan(p));
    const double none[] = {0, 0, 0, 0, 0};
    assert_int_equal(lb_roc_fit(none, good, 5, arena, &a, &err), LB_BAD_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plain_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(scale_does_not_matter, setup, teardown),
        cmocka_unit_test_setup_teardown(weights_stand_for_repeated_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(complete_separation_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(quasi_separation_names_the_term, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tie_on_the_border_is_quasi_separation, setup, teardown),
        cmocka_unit_test_setup_teardown(near_separation_is_not_separation, setup, teardown),
        cmocka_unit_test_setup_teardown(collinear_terms_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(senseless_data_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(roc_equals_its_definition, setup, teardown),
        cmocka_unit_test_setup_teardown(perfect_and_hopeless_scores, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
