/* What other programs' files say of subgroups (metafor: each with its own tau2 and with a common one), of mean differences and SMDs
 * from arms, and every conversion of ../shared/data/meta/results/conversions.json. */
#include "meta_fixture.h"

typedef struct grouping {
    const char *dataset, *by, *settings[12]; /* settings: how yi and vi come about */
} grouping;

static const grouping groupings[] = {
    {"bcg", "alloc", {"measure", "RR", "ai", "tpos", "bi", "tneg", "ci", "cpos", "di", "cneg", NULL}},
    {"bangertdrowns2004", "grade", {NULL}},
    {"hackshaw1998", "design", {NULL}},
    {"molloy2014", "design", {"measure", "ZCOR", NULL}},
    {"molloy2014", "controls", {"measure", "ZCOR", NULL}},
    {"raudenbush1985", "setting", {NULL}},
    {"raudenbush1985", "tester", {NULL}},
    {"lbp_selfmanage_pain", "control", {NULL}},
    {"lbp_selfmanage_pain", "rob", {NULL}},
    {"lbp_selfmanage_disability", "control", {NULL}},
    {"lbp_selfmanage_disability", "rob", {NULL}},
};

static lb_result *run_grouping(const fixture *f, const grouping *g, const char *tau2)
{
    const char *settings[20] = {"by", g->by, "tau2", tau2};
    size_t n = 4;
    for (size_t i = 0; g->settings[i]; i++) settings[n++] = g->settings[i];
    lb_bytes csv = read_shared(f, "datasets", g->dataset, "csv");
    return run(f, "subgroup", &csv, NULL, settings);
}

static void compare_group(const char *where, size_t row, const lb_value *got, const lb_value *expected)
{
    static const char *const keys[][2] = {{"estimate", "beta[0]"}, {"se", "se[0]"}, {"p", "pval[0]"}, {"lower", "ci_lb[0]"}, {"tau2", "tau2"}, {"I2", "I2"}, {"Q", "QE"}};
    bool alone = lb_get_int(expected, "k", 0) == 1; /* then metafor says 0 for what Lumbar says nothing of */
    /* metafor's boundary is only near 0: I2 in percent is compared to 1e-8 there */
    for (size_t i = 0; i < (alone ? 4 : LB_COUNT(keys)); i++)
        compare(where, row, keys[i][0], lb_get(got, keys[i][0]), lb_path(expected, keys[i][1]), 1e-8, strcmp(keys[i][0], "I2") == 0 ? 1 : 1e-2);
}

/* Lumbar has the groups in the order of the table, metafor in that of the alphabet. */
static const lb_value *group_named(const lb_value *groups, const char *name)
{
    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(lb_get_text(groups->item[i], "group", ""), name) == 0) return groups->item[i];
    fail_msg("no group %s", name);
    return NULL;
}

static void test_subgroups(void **state)
{
    const fixture *f = *state;
    for (size_t i = 0; i < LB_COUNT(groupings); i++) {
        const grouping *g = &groupings[i];
        lb_value *file = expected_of(f, g->dataset);
        const lb_value *expected = lb_get(lb_get(file, "subgroups"), g->by);
        assert_non_null(expected);
        lb_result *separate = run_grouping(f, g, "separate"), *common = run_grouping(f, g, "common");
        const lb_value *groups = lb_get(separate->results, "groups"), *levels = lb_get(expected, "levels");
        assert_int_equal(groups->count, levels->count);
        for (size_t level = 0; level < levels->count; level++) {
            const char *name = levels->item[level]->text;
            compare_group(g->dataset, level, group_named(groups, name), lb_get(lb_get(expected, "separate_tau2"), name));
            const lb_value *shared = group_named(lb_get(common->results, "groups"), name);
            compare(g->dataset, level, "common estimate", lb_get(shared, "estimate"), lb_get(lb_get(expected, "common_tau2"), "est")->item[level], 1e-8, 1e-3);
            compare(g->dataset, level, "common se", lb_get(shared, "se"), lb_get(lb_get(expected, "common_tau2"), "se")->item[level], 1e-8, 1e-3);
        }
        compare(g->dataset, 0, "Q between", lb_path(separate->results, "between.Q"), lb_path(expected, "Q_between_separate.Q"), 1e-8, 1e-3);
        compare(g->dataset, 0, "p between", lb_path(separate->results, "between.p"), lb_path(expected, "Q_between_separate.p"), 1e-8, 1e-3);
        compare(g->dataset, 0, "QM", lb_path(common->results, "between.Q"), lb_path(expected, "common_tau2.QM"), 1e-8, 1e-3);
        compare(g->dataset, 0, "common tau2", lb_get(common->results, "common_tau2"), lb_path(expected, "common_tau2.tau2"), 1e-8, 1e-2);
        lb_result_free(separate);
        lb_result_free(common);
    }
}

static void test_mean_differences(void **state)
{
    const fixture *f = *state;
    static const char *const fits[][2] = {{"FE", "z"}, {"DL", "z"}, {"REML", "z"}, {"REML", "knha"}};
    lb_bytes csv = read_shared(f, "datasets", "normand1999", "csv");
    const lb_value *expected = lb_get(expected_of(f, "normand1999"), "fits_MD");
    size_t compared = 0;
    for (size_t i = 0; i < LB_COUNT(fits); i++) {
        char key[32];
        snprintf(key, sizeof key, "%s_%s", fits[i][0], fits[i][1]);
        const lb_value *want = lb_get(expected, key);
        if (!want) continue;
        const char *const settings[] = {"measure", "MD", "method", fits[i][0], "test", fits[i][1], NULL};
        lb_result *result = run(f, "fit", &csv, NULL, settings);
        compare_group(key, 0, result->results, want);
        lb_result_free(result);
        compared++;
    }
    assert_true(compared >= 3);
}

/* SMDs of the real trials from their arms after treatment. */
static void test_from_arms(void **state)
{
    const fixture *f = *state;
    const char *const settings[] = {"measure", "SMD", "m1i", "post_m_i", "sd1i", "post_sd_i", "n1i", "post_n_i", "m2i", "post_m_c", "sd2i", "post_sd_c", "n2i", "post_n_c", NULL};
    lb_bytes csv = read_shared(f, "datasets", "lbp_selfmanage_pain", "csv");
    const lb_value *expected = lb_get(expected_of(f, "lbp_selfmanage_pain"), "from_arms");
    lb_result *result = run(f, "effect", &csv, NULL, settings);
    const lb_value *rows = lb_get(result->results, "rows"), *yi = lb_get(expected, "yi");
    assert_int_equal(rows->count, yi->count);
    for (size_t i = 0; i < rows->count; i++) {
        compare("from arms", i, "yi", lb_get(rows->item[i], "yi"), yi->item[i], 1e-10, 1e-3);
        compare("from arms", i, "vi", lb_get(rows->item[i], "vi"), lb_get(expected, "vi")->item[i], 1e-10, 1e-3);
    }
    lb_result_free(result);
}

/* -- conversions: inputs are the members of the file that the operation has parameters for -- */

typedef struct conversion {
    const char *key, *what;
    const char *input[8][2]; /* member of the file, parameter */
    const char *output[4][2]; /* key of the result, member of the file */
} conversion;

static const conversion conversions[] = {
    {"hedges_j", "hedges_j", {{"df", "df"}}, {{"exact", "exact"}, {"approximate", "approx"}}},
    {"sd_from_se", "sd_from_se", {{"n", "n"}, {"se", "se"}}, {{"sd", "sd"}}},
    {"sd_from_ci95", "sd_from_ci", {{"n", "n"}, {"lb", "lower"}, {"ub", "upper"}}, {{"sd", "sd_normal_exact"}, {"sd_t", "sd_t"}}},
    {"sd_from_p", "sd_from_p", {{"n1", "n1"}, {"n2", "n2"}, {"md", "md"}, {"p", "p"}}, {{"t", "t"}, {"se", "se"}, {"sd", "sd"}}},
    {"sd_change", "sd_change", {{"sd0", "sd1"}, {"sd1", "sd2"}, {"r", "r"}}, {{"sd", "sd_change_at_r"}}},
    {"sd_change", "correlation", {{"sd0", "sd1"}, {"sd1", "sd2"}, {"sdc", "sd-change"}}, {{"r", "corr"}}},
    {"combine_groups", "combine_groups", {{"n1", "n1"}, {"m1", "m1"}, {"sd1", "sd1"}, {"n2", "n2"}, {"m2", "m2"}, {"sd2", "sd2"}}, {{"n", "n"}, {"mean", "mean"}, {"sd", "sd"}}},
    {"fivenum", "five_numbers",
     {{"input.n", "n"}, {"input.min", "min"}, {"input.q1", "q1"}, {"input.median", "median"}, {"input.q3", "q3"}, {"input.max", "max"}},
     {{"mean", "default.mean"}, {"sd", "default.sd"}}},
    {"cochrane_iqr", "sd_from_iqr", {{"q1", "q1"}, {"q3", "q3"}}, {{"sd", "sd"}}},
    {"t_to_d", "t_to_g", {{"t", "t"}, {"n1", "n1"}, {"n2", "n2"}}, {{"yi", "g"}, {"vi", "v"}}},
    {"or_to_d", "or_to_d", {{"lnOR", "lnor"}, {"v", "vi"}}, {{"yi", "d"}, {"vi", "vd"}}},
    {"cluster", "design_effect", {{"N", "n"}, {"clusters", "clusters"}, {"icc", "icc"}}, {{"design_effect", "design_effect"}, {"n_effective", "n_effective"}}},
};

static lb_result *convert(const fixture *f, const char *what, const char *const (*settings)[2], size_t count)
{
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(f->registry, lb_registry_find(f->registry, "meta", "convert"));
    lb_result *result = NULL;
    int code = lb_call_set(call, "what", what, &err);
    for (size_t i = 0; !code && i < count; i++) code = lb_call_set(call, settings[i][0], settings[i][1], &err);
    if (!code) code = lb_call_run(call, &result, &err);
    if (code) fail_msg("%s: %s", what, err.message);
    lb_call_free(call);
    return result;
}

static void check_conversion(const fixture *f, const conversion *c, size_t row, const lb_value *file)
{
    char text[8][40];
    const char *settings[8][2];
    size_t count = 0;
    for (size_t i = 0; i < 8 && c->input[i][0]; i++) {
        const lb_value *value = lb_path(file, c->input[i][0]);
        if (!value) continue; /* five numbers need not all be there */
        snprintf(text[count], sizeof text[count], "%.17g", lb_number_of(value));
        settings[count][0] = c->input[i][1];
        settings[count][1] = text[count];
        count++;
    }
    lb_result *result = convert(f, c->what, settings, count);
    for (size_t i = 0; i < 4 && c->output[i][0]; i++) {
        assert_non_null(lb_path(file, c->output[i][1]));
        compare(c->what, row, c->output[i][0], lb_get(result->results, c->output[i][0]), lb_path(file, c->output[i][1]), 1e-10, 1e-3);
    }
    lb_result_free(result);
}

static void test_conversions(void **state)
{
    const fixture *f = *state;
    lb_value *file = expected_of(f, "conversions");
    for (size_t i = 0; i < LB_COUNT(conversions); i++) {
        const lb_value *cases = lb_get(file, conversions[i].key);
        assert_non_null(cases);
        if (cases->type != LB_ARRAY) check_conversion(f, &conversions[i], 0, cases);
        for (size_t r = 0; cases->type == LB_ARRAY && r < cases->count; r++) check_conversion(f, &conversions[i], r, cases->item[r]);
    }
}

/* Ratios with their limits, and the measures of change that Lumbar has. */
static void test_ratios_and_changes(void **state)
{
    const fixture *f = *state;
    lb_value *file = expected_of(f, "conversions");
    const lb_value *ratio = lb_get(file, "wald_ratio"), *change = lb_get(file, "pre_post"), *input = lb_get(change, "input");
    for (size_t i = 0; i < lb_get(ratio, "est")->count; i++) {
        char text[3][40];
        static const char *const members[] = {"est", "lb", "ub"}, *const names[] = {"estimate", "lower", "upper"};
        const char *settings[3][2];
        for (size_t m = 0; m < 3; m++) {
            snprintf(text[m], sizeof text[m], "%.17g", lb_number_of(lb_get(ratio, members[m])->item[i]));
            settings[m][0] = names[m];
            settings[m][1] = text[m];
        }
        lb_result *result = convert(f, "ratio", settings, 3);
        compare("ratio", i, "yi", lb_get(result->results, "yi"), lb_get(ratio, "yi")->item[i], 1e-10, 1e-3);
        compare("ratio", i, "vi", lb_get(result->results, "vi"), lb_get(ratio, "vi")->item[i], 1e-10, 1e-3);
        lb_result_free(result);
    }
    static const char *const measures[] = {"MC", "SMCC", "SMCR", "ROMC"};
    lb_table *table = lb_table_new(f->arena, "change", 1);
    for (size_t i = 0; i < input->count; i++) lb_table_add_number(table, input->key[i])->number[0] = lb_number_of(input->item[i]);
    for (size_t m = 0; m < LB_COUNT(measures); m++) {
        const char *const settings[] = {"measure", measures[m], NULL};
        lb_result *result = run(f, "effect", NULL, table, settings);
        const lb_value *row = lb_get(result->results, "rows")->item[0], *expected = lb_get(change, measures[m]);
        compare(measures[m], 0, "yi", lb_get(row, "yi"), lb_get(expected, "yi"), 1e-10, 1e-3);
        compare(measures[m], 0, "vi", lb_get(row, "vi"), lb_get(expected, "vi"), 1e-10, 1e-3);
        lb_result_free(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_subgroups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mean_differences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_from_arms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_conversions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ratios_and_changes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
