/* The synthetic review of 58 trials: every contrast, all 26 cells and both regressions of its expected results; the
 * audit of the printed numbers of the review that it was made after. */
#include "meta_fixture.h"

/* The synthetic review's folder as a source of tables. */
static int read_table(void *context, const char *name, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    char relative[256];
    (void)context;
    snprintf(relative, sizeof relative, "meta/synthetic_review/%s", name);
    const char *path = shared_data(relative);
    if (!path) return lb_fail(err, LB_NOT_FOUND, "no %s", name);
    return lb_file_read(path, 1u << 26, arena, out, err);
}

static lb_bytes read_file(const fixture *f, const char *relative)
{
    const char *path = shared_data(relative);
    if (!path) skip();
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    assert_int_equal(lb_file_read(path, 1u << 26, f->arena, &bytes, &err), 0);
    return bytes;
}

static lb_result *run_document(const fixture *f, const char *verb, const char *parameter, const lb_bytes *document)
{
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(f->registry, lb_registry_find(f->registry, "meta", verb));
    lb_source source = {read_table, NULL, NULL};
    lb_call_bind_source(call, &source);
    assert_int_equal(lb_call_bind(call, parameter, document, &err), 0);
    lb_result *result = NULL;
    if (lb_call_run(call, &result, &err)) fail_msg("meta %s: %s", verb, err.message);
    lb_call_free(call);
    return result;
}

static const lb_value *find_contrast(const lb_value *rows, const lb_table *expected, size_t i)
{
    static const char *const keys[] = {"study_id", "outcome", "comparator", "term"};
    char buffer[32];
    for (size_t r = 0; r < rows->count; r++) {
        size_t same = 0;
        for (size_t j = 0; j < LB_COUNT(keys); j++)
            same += strcmp(lb_get_text(rows->item[r], keys[j], ""),
                           lb_column_text(lb_table_find(expected, keys[j]), i, buffer)) == 0;
        if (same == LB_COUNT(keys)) return rows->item[r];
    }
    return NULL;
}

static void check_contrasts(const fixture *f, const lb_value *rows)
{
    static const char *const keys[][2] = {{"n1", "n1"},   {"m1", "m1"},           {"sd1", "sd1"},
                                          {"n2", "n2"},   {"m2", "m2"},           {"sd2", "sd2"},
                                          {"yi", "g"},    {"vi", "vg"},           {"md", "md"},
                                          {"vmd", "vmd"}, {"matched", "matched"}, {"true_control", "true_control"}};
    lb_bytes csv = read_file(f, "meta/synthetic_review/expected_contrasts.csv");
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *expected;
    lb_error err = LB_ERROR_INIT;
    char buffer[32];
    assert_int_equal(lb_csv_read(&csv, &options, f->arena, &expected, &err), 0);
    assert_int_equal(expected->rows, rows->count);
    for (size_t i = 0; i < expected->rows; i++) {
        const lb_value *row = find_contrast(rows, expected, i);
        assert_non_null(row);
        for (size_t j = 0; j < LB_COUNT(keys); j++) {
            double got = lb_get_number(row, keys[j][0], NAN), wanted = lb_table_find(expected, keys[j][1])->number[i];
            if (!(fabs(got - wanted) <= 1e-12 * fmax(1, fabs(wanted))))
                fail_msg("contrast %zu %s: %.17g, %.17g", i, keys[j][0], got, wanted);
        }
        assert_string_equal(lb_get_text(row, "sd_source", ""),
                            lb_column_text(lb_table_find(expected, "sd_source"), i, buffer));
        assert_true(strlen(lb_get_text(row, "trace", "")) > 20);
    }
}

static const lb_value *first_of(const lb_value *list)
{
    return list && list->type == LB_ARRAY && list->count ? list->item[0] : list;
}

static void same_names(const char *id, const lb_value *got, const lb_value *expected)
{
    size_t count = !expected ? 0 : expected->type == LB_ARRAY ? expected->count : 1;
    if (got->count != count) fail_msg("%s: %zu studies named, not %zu", id, got->count, count);
    if (count) assert_string_equal(got->item[0]->text, first_of(expected)->text);
}

static size_t check_cells(const lb_value *cells, const lb_value *expected)
{
    static const char *const keys[][2] = {{"k", "k"},
                                          {"estimate", "beta"},
                                          {"se", "se"},
                                          {"p", "pval"},
                                          {"lower", "ci_lb"},
                                          {"upper", "ci_ub"},
                                          {"tau2", "tau2"},
                                          {"I2", "I2"},
                                          {"Q", "QE"},
                                          {"pi_lower", "pi_lb"},
                                          {"n_total", "n_total"},
                                          {"md.estimate", "pooled_md"},
                                          {"md.tau2", "md_tau2"},
                                          {"egger.statistic", "egger_z"},
                                          {"egger.p", "egger_p"},
                                          {"rank.tau", "rank_tau"},
                                          {"rank.p", "rank_p"}};
    for (size_t e = 0; e < expected->count; e++) {
        const lb_value *cell = NULL, *wanted = expected->item[e];
        for (size_t c = 0; c < cells->count; c++) {
            if (strcmp(lb_get_text(cells->item[c], "id", ""), expected->key[e]) == 0) cell = cells->item[c];
        }
        assert_non_null(cell);
        for (size_t j = 0; j < LB_COUNT(keys); j++)
            compare(expected->key[e], 0, keys[j][0], lb_path(cell, keys[j][0]), first_of(lb_get(wanted, keys[j][1])),
                    1e-8, 1e-2);
        same_names(expected->key[e], lb_get(cell, "outliers"), lb_get(wanted, "outliers"));
        same_names(expected->key[e], lb_get(cell, "influential"), lb_get(wanted, "influential"));
        compare(expected->key[e], 0, "tau2_upper", lb_get(cell, "tau2_upper"), lb_get(wanted, "tau2_ci")->item[2], 1e-6,
                0);
    }
    return expected->count;
}

static void check_regression(const char *outcome, const lb_value *got, const lb_value *expected)
{
    static const char *const wilson[] = {"wilson_FE", "wilson_MM", "wilson_ML", "wilson_REML"},
                             *const metafor[] = {"metafor_DL", "metafor_ML", "metafor_REML", "metafor_REML_knha"};
    static const char *const keys[] = {"mean_es", "r2", "Q_model", "p_model", "Q_resid", "v", "se_v"};
    for (size_t i = 0; i < 4; i++) {
        const lb_value *a = lb_get(got, wilson[i]), *b = lb_get(expected, wilson[i]);
        for (size_t j = 0; j < LB_COUNT(keys); j++)
            compare(outcome, i, keys[j], lb_get(a, keys[j]), lb_get(b, keys[j]), 1e-6, 1e-3);
        const lb_value *x = lb_get(got, metafor[i]), *y = lb_get(expected, metafor[i]);
        compare(outcome, i, "QM_p", lb_get(x, "QM_p"), lb_get(y, "QMp"), 1e-8, 0);
        compare(outcome, i, "R2", lb_get(x, "R2"), lb_get(y, "R2"), 1e-8, 0);
        for (size_t c = 0; c < 9; c++) {
            compare(outcome, c, "B", lb_get(lb_get(a, "coefficients")->item[c], "estimate"), lb_get(b, "B")->item[c],
                    1e-6, 1e-3);
            compare(outcome, c, "beta", lb_get(lb_get(x, "coefficients")->item[c], "estimate"),
                    lb_get(y, "beta")->item[c], 1e-8, 1e-3);
            compare(outcome, c, "se", lb_get(lb_get(x, "coefficients")->item[c], "se"), lb_get(y, "se")->item[c], 1e-8,
                    1e-3);
        }
    }
}

static void test_review(void **state)
{
    const fixture *f = *state;
    lb_bytes protocol = read_file(f, "meta/synthetic_review/protocol.json"),
             text = read_file(f, "meta/synthetic_review/expected_results.json");
    lb_error err = LB_ERROR_INIT;
    lb_value *expected;
    assert_int_equal(lb_json_read(&text, f->arena, &expected, &err), 0);
    lb_result *result = run_document(f, "review", "review", &protocol);
    const lb_value *results = result->results, *sources = lb_get(expected, "sd_sources");
    for (size_t i = 0; i < sources->count; i++)
        assert_int_equal(lb_get_int(lb_get(results, "sd_sources"), sources->key[i], -1), sources->item[i]->integer);
    for (size_t i = 0; i < 2; i++) {
        const char *outcome = i ? "disability" : "pain";
        compare(outcome, 0, "r", lb_get(lb_get(results, "correlations"), outcome),
                lb_get(lb_get(expected, "correlations"), outcome), 1e-13, 0);
        check_regression(outcome, lb_get(lb_get(results, "meta_regression"), outcome),
                         lb_get(lb_get(expected, "metareg"), outcome));
    }
    check_contrasts(f, lb_get(results, "contrasts"));
    size_t cells = check_cells(lb_get(results, "cells"), lb_get(expected, "main")) +
                   check_cells(lb_get(results, "cells"), lb_get(expected, "sensitivity"));
    assert_int_equal(cells, 26);
    lb_result_free(result);
}

static void test_audit(void **state)
{
    const fixture *f = *state;
    lb_bytes claims = read_file(f, "meta/seed_review/published.json");
    lb_result *result = run_document(f, "audit", "claims", &claims);
    /* What numbers can show of the inconsistencies listed there, and nothing else. */
    static const char *const expected[][2] = {
        {"pooled[2]", "kendall_tau"},       {"pooled[6]", "grade"},
        {"pooled[6]", "interval_symmetry"}, {"pooled[6]", "abstract"},
        {"pooled[4]", "repeated"},          {"pooled[4]", "repeated"},
        {"risk_of_bias", "percent"},        {"adverse_events", "part_exceeds_whole"},
        {"trials.exercise_types", "sum"},   {"trials.psychological", "sum"},
        {"trials.control_groups", "sum"},   {"trials.control_groups", "sum"}};
    const lb_value *findings = lb_get(result->results, "findings");
    assert_int_equal(findings->count, LB_COUNT(expected));
    for (size_t i = 0; i < findings->count; i++) {
        assert_true(lb_text_starts(lb_get_text(findings->item[i], "where", ""), expected[i][0]));
        assert_string_equal(lb_get_text(findings->item[i], "kind", ""), expected[i][1]);
    }
    assert_non_null(strstr(lb_get_text(findings->item[0], "message", ""), "k = 25 with S = -112"));
    lb_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_review, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_audit, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
