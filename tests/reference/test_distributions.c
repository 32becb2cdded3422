/* Distributions against 405 values computed with 34 digits. */
#include <lumbar/numeric.h>

#include "lumbar_test.h"

static double evaluate(const char *name, double x, double a, double b)
{
    if (!strcmp(name, "pnorm_upper")) return lb_norm_p(x, LB_UPPER);
    if (!strcmp(name, "pt_upper")) return lb_t_p(x, a, LB_UPPER);
    if (!strcmp(name, "pf_upper")) return lb_f_p(x, a, b, LB_UPPER);
    if (!strcmp(name, "pchisq_upper")) return lb_chisq_p(x, a, LB_UPPER);
    if (!strcmp(name, "pnct_lower")) return lb_nct_p(x, a, b, LB_LOWER);
    if (!strcmp(name, "qnorm")) return lb_norm_q(x, LB_LOWER);
    if (!strcmp(name, "qt")) return lb_t_q(x, a, LB_LOWER);
    fail_msg("unknown function %s", name);
    return NAN;
}

static void table_of_tails_and_quantiles(void **state)
{
    (void)state;
    const char *path = shared_data("trialstats/distributions.csv");
    if (!path) skip();
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    lb_table *table;
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    if (lb_file_read(path, lb_max_input(), arena, &bytes, &err) || lb_csv_read(&bytes, &options, arena, &table, &err)) {
        fail_msg("%s", err.message);
    }
    const lb_column *function = lb_table_find(table, "function");
    const double *x = lb_table_find(table, "x")->number, *value = lb_table_find(table, "value")->number;
    const double *a = lb_table_find(table, "par1")->number, *b = lb_table_find(table, "par2")->number;
    assert_int_equal(table->rows, 405);
    for (size_t i = 0; i < table->rows; i++) {
        const char *name = function->level[function->code[i]];
        double got = evaluate(name, x[i], a[i], b[i]);
        if (!is_close(got, value[i], 2e-13)) {
            fail_msg("%s(%g, %g, %g): got %.17g, expected %.17g", name, x[i], a[i], b[i], got, value[i]);
        }
    }
    lb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table_of_tails_and_quantiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
