/* NIST StRD regressions and one-way analyses of variance through `analyse ancova`: correct digits (log relative error) of
 * the worst coefficient, standard error and F must exceed those of R 4.2.2, given with the data. */
#include "lumbar_test.h"

static lb_registry *registry;

static const lb_value *read_json(const char *name, lb_arena *arena)
{
    char relative[64];
    snprintf(relative, sizeof relative, "nist/%s.json", name);
    const char *path = shared_data(relative);
    if (!path) return NULL;
    lb_bytes bytes;
    lb_value *value;
    lb_error err = LB_ERROR_INIT;
    if (lb_file_read(path, lb_max_input(), arena, &bytes, &err) || lb_json_read(&bytes, arena, &value, &err)) {
        fail_msg("%s: %s", name, err.message);
    }
    return value;
}

static lb_result *run(const char *name, const char *formula, const char *treatment)
{
    char relative[64];
    snprintf(relative, sizeof relative, "nist/%s.csv", name);
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "ancova"));
    int rc = lb_file_read(shared_data(relative), lb_max_input(), arena, &bytes, &err);
    if (!rc) rc = lb_call_bind(call, "data", &bytes, &err);
    if (!rc) rc = lb_call_set(call, "formula", formula, &err);
    if (!rc) rc = lb_call_set(call, "anova", "1", &err);
    if (!rc && treatment) rc = lb_call_set(call, "treatment", treatment, &err);
    if (!rc) rc = lb_call_run(call, &result, &err);
    if (rc) fail_msg("%s: %s", name, err.message);
    lb_call_free(call);
    lb_arena_free(arena);
    return result;
}

/* Correct digits, at most 16; against zero the absolute error counts. */
static double digits(double got, double expected)
{
    double error = expected == 0 ? fabs(got) : fabs(got - expected) / fabs(expected);
    return error < 1e-16 ? 16 : -log10(error);
}

static void regressions(void **state)
{
    (void)state;
    static const struct {
        const char *name, *formula;
        double beta, se; /* more than R's digits */
    } cases[] = {{"norris", "y ~ x", 12.7, 13.8},
                 {"pontius", "y ~ x + I(x^2)", 12.0, 12.4},
                 {"noint1", "y ~ 0 + x", 15, 14.6},
                 {"longley", "y ~ .", 12.9, 14.3},
                 {"wampler1", "y ~ x + I(x^2) + I(x^3) + I(x^4) + I(x^5)", 12, 9.7},
                 {"wampler3", "y ~ x + I(x^2) + I(x^3) + I(x^4) + I(x^5)", 12, 13.5},
                 {"wampler5", "y ~ x + I(x^2) + I(x^3) + I(x^4) + I(x^5)", 9, 13.7}};
    for (size_t c = 0; c < LB_COUNT(cases); c++) {
        lb_arena *arena = lb_arena_new();
        const lb_value *expected = read_json(cases[c].name, arena);
        if (!expected) {
            lb_arena_free(arena);
            skip();
        }
        lb_result *result = run(cases[c].name, cases[c].formula, NULL);
        const lb_value *rows = lb_get(result->results, "coefficients"), *beta = lb_get(expected, "beta");
        double worst_beta = 16, worst_se = 16;
        assert_int_equal(rows->count, beta->count);
        for (size_t j = 0; j < rows->count; j++) {
            worst_beta = fmin(worst_beta, digits(lb_get_number(rows->item[j], "estimate", NAN), lb_number_of(beta->item[j])));
            worst_se = fmin(worst_se, digits(lb_get_number(rows->item[j], "se", NAN),
                                             lb_number_of(lb_get(expected, "se")->item[j])));
        }
        print_message("%-9s beta %.1f se %.1f correct digits\n", cases[c].name, worst_beta, worst_se);
        if (!(worst_beta >= cases[c].beta) || !(worst_se >= cases[c].se)) {
            fail_msg("%s: beta %.1f (at least %.1f), se %.1f (at least %.1f)", cases[c].name, worst_beta, cases[c].beta,
                     worst_se, cases[c].se);
        }
        lb_result_free(result);
        lb_arena_free(arena);
    }
}

static void one_way_anova(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double f;
    } cases[] = {{"atmwtag", 9.8}, {"sirstv", 13.3}, {"smls01", 14.5}, {"smls04", 10.5}, {"smls07", 4.4}};
    for (size_t c = 0; c < LB_COUNT(cases); c++) {
        lb_arena *arena = lb_arena_new();
        const lb_value *expected = read_json(cases[c].name, arena);
        if (!expected) {
            lb_arena_free(arena);
            skip();
        }
        lb_result *result = run(cases[c].name, "y ~ factor(treatment)", NULL);
        const lb_value *row = lb_get(result->results, "anova")->item[0];
        double correct = digits(lb_get_number(row, "statistic", NAN), lb_get_number(expected, "F", NAN));
        print_message("%-9s F %.1f correct digits\n", cases[c].name, correct);
        if (!(correct >= cases[c].f)) fail_msg("%s: F %.2f digits, at least %.1f", cases[c].name, correct, cases[c].f);
        lb_result_free(result);
        lb_arena_free(arena);
    }
}

int main(void)
{
    registry = lb_registry_all();
    const struct CMUnitTest tests[] = {cmocka_unit_test(regressions), cmocka_unit_test(one_way_anova)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    lb_registry_free(registry);
    return rc;
}
