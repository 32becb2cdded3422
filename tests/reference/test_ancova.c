/* Analysis of covariance against reference results of two real trials and one simulated one: coefficients, intervals,
 * least-squares means of three kinds, types I to III, HC0 to HC3, adjusted contrasts, effect modification, and the variance
 * under stratified permuted blocks. Relative tolerance 1e-10. */
#include "lumbar_test.h"

enum { MAX_RESULTS = 100 };
static const double tolerance = 1e-10;
static lb_registry *registry;
static lb_arena *arena;
static lb_result *kept[MAX_RESULTS]; /* freed in the end */
static size_t kept_count;

static const lb_value *read_reference(const char *name)
{
    char relative[96];
    snprintf(relative, sizeof relative, "trialstats/%s.json", name);
    const char *path = shared_data(relative);
    if (!path) return NULL;
    lb_bytes bytes;
    lb_value *value;
    lb_error err = LB_ERROR_INIT;
    if (lb_file_read(path, lb_max_input(), arena, &bytes, &err) || lb_json_read(&bytes, arena, &value, &err)) {
        fail_msg("%s: %s", name, err.message);
    }
    return lb_get(value, "results");
}

static lb_table *read_table(const char *name)
{
    char relative[96];
    snprintf(relative, sizeof relative, "trialstats/%s.csv", name);
    lb_bytes bytes;
    lb_table *table = NULL;
    lb_error err = LB_ERROR_INIT;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    if (lb_file_read(shared_data(relative), lb_max_input(), arena, &bytes, &err) ||
        lb_csv_read(&bytes, &options, arena, &table, &err)) {
        fail_msg("%s: %s", name, err.message);
    }
    return table;
}

/* Options as "name", "value", …, NULL. */
static const lb_value *run(lb_table *table, const char *formula, const char *const *options)
{
    lb_error err = LB_ERROR_INIT;
    lb_result *result = NULL;
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "analyse", "ancova"));
    int rc = lb_call_bind_table(call, "data", table, &err);
    if (!rc) rc = lb_call_set(call, "formula", formula, &err);
    for (size_t i = 0; !rc && options && options[i]; i += 2) rc = lb_call_set(call, options[i], options[i + 1], &err);
    if (!rc) rc = lb_call_run(call, &result, &err);
    if (rc) fail_msg("%s: %s", formula, err.message);
    lb_call_free(call);
    assert_true(kept_count < MAX_RESULTS);
    kept[kept_count++] = result;
    return result->results;
}
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The row whose `key` is `text`. */
static const lb_value *row_of(const lb_value *rows, const char *key, const char *text)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (lb_text_equal(lb_get_text(rows->item[i], key, NULL), text)) return rows->item[i];
    }
    fail_msg("no row with %s %s", key, text);
    return NULL;
}

static void same_numbers(const lb_value *got, const lb_value *expected, const char *const (*pairs)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!lb_get(expected, pairs[i][1])) continue;
        double g = lb_get_number(got, pairs[i][0], NAN), e = lb_get_number(expected, pairs[i][1], NAN);
        if (!is_close(g, e, tolerance)) {
            fail_msg("%s of %s: got %.17g, expected %.17g", pairs[i][0],
                     lb_get_text(got, "term", lb_get_text(got, "contrast", "a mean")), g, e);
        }
    }
}

static const char *const coefficient_keys[][2] = {
    {"estimate", "Estimate"}, {"se", "Std..Error"}, {"statistic", "t.value"}, {"p", "Pr...t.."}};
static const char *const row_keys[][2] = {{"estimate", "estimate"}, {"estimate", "emmean"},  {"se", "SE"},
                                          {"df", "df"},             {"lower", "lower.CL"},   {"upper", "upper.CL"},
                                          {"statistic", "t.ratio"}, {"p", "p.value"}};

/* Reference coefficients are keyed by R's names; `renamed` holds pairs of name in R, name here. */
static void same_coefficients(const lb_value *results, const lb_value *expected, const char *const *renamed)
{
    const lb_value *rows = lb_get(results, "coefficients");
    assert_int_equal(rows->count, expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        const char *name = expected->key[i];
        for (size_t k = 0; renamed && renamed[k]; k += 2) name = strcmp(name, renamed[k]) ? name : renamed[k + 1];
        same_numbers(row_of(rows, "term", name), expected->item[i], coefficient_keys, LB_COUNT(coefficient_keys));
    }
}

static void same_rows(const lb_value *rows, const lb_value *expected)
{
    assert_int_equal(rows->count, expected->count);
    for (size_t i = 0; i < rows->count; i++) {
        assert_true(lb_text_equal(lb_get_text(rows->item[i], "contrast", NULL),
                                  lb_get_text(expected->item[i], "contrast", NULL)));
        same_numbers(rows->item[i], expected->item[i], row_keys, LB_COUNT(row_keys));
    }
}

/* -- acupuncture -------------------------------------------------------------------------------------------------- */

static const char *const acupuncture_names[] = {"groupacupuncture", "group1", "sex1", "factor(sex)1", "migraine1",
                                                "factor(migraine)1", "pk1:groupacupuncture", "pk1:group1", NULL};
static const char acupuncture_formula[] = "pk5 ~ pk1 + group + age + factor(sex) + factor(migraine) + chronicity";

static void acupuncture_fit(void **state)
{
    (void)state;
    const lb_value *e = read_reference("ancova_acupuncture");
    if (!e) skip();
    lb_table *table = read_table("acupuncture");
    const lb_value *r = run(table, acupuncture_formula, OPTIONS("treatment", "group"));
    static const char *const fit[][2] = {{"n", "n"},           {"df_residual", "df_residual"}, {"sigma", "sigma"},
                                         {"r_squared", "r2"},  {"adj_r_squared", "adj_r2"},    {"loglik", "logLik"},
                                         {"aic", "AIC"},       {"bic", "BIC"}};
    same_numbers(r, e, fit, LB_COUNT(fit));
    assert_close(lb_number_of(lb_path(r, "f_test.statistic")), lb_number_of(lb_path(e, "F.value")), tolerance);
    assert_close(lb_number_of(lb_path(r, "f_test.df")), lb_number_of(lb_path(e, "F.numdf")), tolerance);
    assert_close(lb_number_of(lb_path(r, "f_test.df_residual")), lb_number_of(lb_path(e, "F.dendf")), tolerance);
    same_coefficients(r, lb_get(e, "coef"), acupuncture_names);
    const lb_value *ci = lb_path(e, "confint95.values"), *rows = lb_get(r, "coefficients");
    for (size_t i = 0; i < ci->count; i++) {
        assert_close(lb_get_number(rows->item[i], "lower", NAN), lb_number_of(ci->item[i]->item[0]), tolerance);
        assert_close(lb_get_number(rows->item[i], "upper", NAN), lb_number_of(ci->item[i]->item[1]), tolerance);
    }
    const lb_value *vcov = lb_path(e, "vcov.values"), *own = lb_get(r, "vcov");
    for (size_t i = 0; i < vcov->count; i++) {
        for (size_t j = 0; j < vcov->count; j++) {
            assert_close(lb_number_of(own->item[i]->item[j]), lb_number_of(vcov->item[i]->item[j]), tolerance);
        }
    }
    static const char *const others[][2] = {{"ancova_baseline_only", "pk5 ~ pk1 + group"},
                                            {"baseline_by_group_interaction", "pk5 ~ pk1 * group"},
                                            {"unadjusted", "pk5 ~ group"},
                                            {"change_score", "I(pk5 - pk1) ~ group"}};
    for (size_t i = 0; i < LB_COUNT(others); i++) {
        same_coefficients(run(table, others[i][1], OPTIONS("treatment", "group")), lb_get(e, others[i][0]),
                          acupuncture_names);
    }
}

static void acupuncture_means(void **state)
{
    (void)state;
    const lb_value *e = read_reference("ancova_acupuncture");
    if (!e) skip();
    lb_table *table = read_table("acupuncture");
    same_rows(lb_get(run(table, acupuncture_formula, OPTIONS("treatment", "group")), "means"), lb_get(e, "lsmeans_equal"));
    same_rows(lb_get(run(table, acupuncture_formula, OPTIONS("treatment", "group", "means", "proportional")), "means"),
              lb_get(e, "lsmeans_proportional"));
    /* covariates with two values stand at both, so 0/1 columns need not be declared factors */
    same_rows(lb_get(run(table, "pk5 ~ pk1 + group + age + sex + migraine + chronicity", OPTIONS("treatment", "group")),
                     "means"),
              lb_get(e, "lsmeans_equal"));
    const lb_value *r = run(table, acupuncture_formula, OPTIONS("treatment", "group", "means", "counterfactual"));
    static const char *const arm[] = {"control", "acupuncture"};
    for (size_t i = 0; i < 2; i++) {
        const lb_value *mean = lb_get(r, "means")->item[i], *want = lb_get(lb_get(e, "lsmeans_counterfactual"), arm[i]);
        assert_close(lb_get_number(mean, "estimate", NAN), lb_get_number(want, "mean", NAN), tolerance);
        assert_close(lb_get_number(mean, "se", NAN), lb_get_number(want, "se", NAN), tolerance);
    }
    assert_string_equal(lb_get_text(lb_get(r, "contrasts")->item[0], "contrast", ""), "1 - 0");
    same_numbers(lb_get(r, "contrasts")->item[0], lb_get(e, "contrast")->item[0], row_keys, LB_COUNT(row_keys));
    const lb_value *published = lb_get(e, "published"), *row = lb_get(r, "contrasts")->item[0]; /* as printed: to one decimal, p to four */
    assert_true(fabs(lb_get_number(row, "estimate", NAN) - lb_get_number(published, "adjusted_difference", NAN)) < 0.05);
    double printed[2] = {lb_number_of(lb_get(published, "ci")->item[0]), lb_number_of(lb_get(published, "ci")->item[1])};
    assert_true(fabs(lb_get_number(row, "lower", NAN) - fmin(printed[0], printed[1])) < 0.1 && fabs(lb_get_number(row, "upper", NAN) - fmax(printed[0], printed[1])) < 0.1);
    assert_true(fabs(lb_get_number(row, "p", NAN) - lb_get_number(published, "p", NAN)) < 5e-5);
}

/* Student's t test is the model of the arm alone; Welch's statistic its HC2 error. R takes control less acupuncture. */
static void acupuncture_t_tests(void **state)
{
    (void)state;
    const lb_value *e = read_reference("ancova_acupuncture");
    if (!e) skip();
    lb_table *table = read_table("acupuncture");
    const lb_value *row = lb_get(run(table, "pk5 ~ group", OPTIONS("treatment", "group")), "contrasts")->item[0], *want = lb_get(e, "pooled_t");
    assert_close(-lb_get_number(row, "statistic", NAN), lb_get_number(want, "t", NAN), tolerance);
    assert_close(lb_get_number(row, "df", NAN), lb_get_number(want, "df", NAN), tolerance);
    assert_close(lb_get_number(row, "p", NAN), lb_get_number(want, "p", NAN), tolerance);
    assert_close(-lb_get_number(row, "upper", NAN), lb_number_of(lb_get(want, "ci")->item[0]), tolerance);
    assert_close(-lb_get_number(row, "lower", NAN), lb_number_of(lb_get(want, "ci")->item[1]), tolerance);
    row = lb_get(run(table, "pk5 ~ group", OPTIONS("treatment", "group")), "welch")->item[0];
    want = lb_get(e, "welch");
    assert_close(-lb_get_number(row, "statistic", NAN), lb_get_number(want, "t", NAN), tolerance);
    assert_close(lb_get_number(row, "df", NAN), lb_get_number(want, "df", NAN), tolerance);
    assert_close(lb_get_number(row, "p", NAN), lb_get_number(want, "p", NAN), tolerance);
    assert_close(-lb_get_number(row, "upper", NAN), lb_number_of(lb_get(want, "ci")->item[0]), tolerance);
    assert_close(-lb_get_number(row, "lower", NAN), lb_number_of(lb_get(want, "ci")->item[1]), tolerance);
    row = lb_get(run(table, "pk5 ~ group", OPTIONS("treatment", "group", "vcov", "hc2")), "coefficients")->item[1];
    assert_close(fabs(lb_get_number(row, "statistic", NAN)), lb_path(e, "welch.t") ? lb_number_of(lb_path(e, "welch.t")) : NAN, tolerance);
}

static void acupuncture_tests(void **state)
{
    (void)state;
    const lb_value *e = read_reference("ancova_acupuncture");
    if (!e) skip();
    lb_table *table = read_table("acupuncture");
    static const char *const keys[][2] = {{"sum_sq", "Sum Sq"}, {"df", "Df"}, {"statistic", "F value"}, {"p", "Pr(>F)"}};
    for (int type = 1; type <= 3; type++) {
        char number[2] = {(char)('0' + type), 0}, name[8] = {'t', 'y', 'p', 'e', number[0], 0};
        const lb_value *rows = lb_get(run(table, acupuncture_formula, OPTIONS("anova", number)), "anova");
        const lb_value *expected = lb_get(e, name);
        /* without --treatment the group is a number of one df: the same test */
        assert_int_equal(rows->count, expected->count);
        for (size_t i = type == 3; i < rows->count; i++) same_numbers(rows->item[i], expected->item[i], keys, LB_COUNT(keys));
        rows = lb_get(run(table, acupuncture_formula, OPTIONS("anova", number, "treatment", "group")), "anova");
        for (size_t i = 0; i < rows->count; i++) {
            same_numbers(rows->item[i], expected->item[i], keys, LB_COUNT(keys));
            if (lb_get(expected->item[i], "Mean Sq"))
                assert_close(lb_get_number(rows->item[i], "sum_sq", NAN) / lb_get_number(rows->item[i], "df", NAN), lb_get_number(expected->item[i], "Mean Sq", NAN), tolerance);
        }
    }
    for (int h = 0; h < 4; h++) {
        char option[4] = {'h', 'c', (char)('0' + h), 0}, name[8] = {'s', 'e', '_', 'H', 'C', (char)('0' + h), 0};
        const lb_value *rows = lb_get(run(table, acupuncture_formula, OPTIONS("treatment", "group", "vcov", option)), "coefficients");
        const lb_value *expected = lb_get(e, name);
        for (size_t i = 0; i < rows->count; i++) {
            assert_close(lb_get_number(rows->item[i], "se", NAN), lb_number_of(expected->item[i]), tolerance);
        }
    }
}

static void acupuncture_diagnostics(void **state)
{
    (void)state;
    const lb_value *e = read_reference("ancova_acupuncture");
    if (!e) skip();
    const lb_value *r = run(read_table("acupuncture"), acupuncture_formula, OPTIONS("treatment", "group", "diagnostics", "true"));
    assert_close(lb_number_of(lb_path(r, "largest[0].value")), lb_get_number(e, "hat_max", NAN), tolerance);
    assert_close(lb_number_of(lb_path(r, "largest[1].value")), lb_get_number(e, "cooks_max", NAN), tolerance);
    assert_close(lb_number_of(lb_path(r, "largest[2].value")), lb_get_number(e, "rstudent_max_abs", NAN), tolerance);
    assert_close(lb_number_of(lb_path(r, "breusch_pagan.statistic")), lb_get_number(e, "bptest", NAN), tolerance);
    assert_close(lb_number_of(lb_path(r, "shapiro_wilk.statistic")), lb_get_number(e, "shapiro", NAN), 1e-9);
    assert_close(lb_number_of(lb_path(r, "shapiro_wilk.p")), lb_get_number(e, "shapiro_p", NAN), 1e-8);
    assert_close(lb_number_of(lb_path(r, "breusch_pagan.p")), lb_get_number(e, "bptest_p", NAN), tolerance);
}

/* -- pain reprocessing therapy: three arms ------------------------------------------------------------------------ */

static void three_arms(void **state)
{
    (void)state;
    const lb_value *e = read_reference("ancova_prt_odi_3arm");
    if (!e) skip();
    lb_table *table = read_table("prt_backpain");
    static const char formula[] = "odi_post ~ odi_pre + age + gender + group";
    const lb_value *r = run(table, formula, OPTIONS("treatment", "group", "reference", "USUAL"));
    static const char *const fit[][2] = {{"n", "n"}, {"df_residual", "df_residual"}, {"sigma", "sigma"}};
    same_numbers(r, e, fit, LB_COUNT(fit));
    same_coefficients(r, lb_get(e, "coef"), NULL);
    const lb_value *limits = lb_path(e, "confint95.values");
    for (size_t i = 0; i < limits->count; i++) {
        assert_close(lb_get_number(lb_get(r, "coefficients")->item[i], "lower", NAN), lb_number_of(limits->item[i]->item[0]), tolerance);
        assert_close(lb_get_number(lb_get(r, "coefficients")->item[i], "upper", NAN), lb_number_of(limits->item[i]->item[1]), tolerance);
    }
    same_rows(lb_get(r, "means"), lb_get(e, "lsmeans"));
    same_rows(lb_get(r, "contrasts"), lb_get(e, "pairs_none"));
    static const char *const against[][2] = {{"estimate", "estimate"}, {"se", "SE"}, {"df", "df"}, {"statistic", "t.ratio"}};
    const lb_value *dunnett = lb_get(e, "dunnettx");
    const lb_value *many = lb_get(run(table, formula, OPTIONS("treatment", "group", "reference", "USUAL", "adjust", "dunnettx")), "contrasts");
    assert_int_equal(many->count, dunnett->count);
    for (size_t i = 0; i < dunnett->count; i++) {
        const lb_value *mine = row_of(many, "contrast", lb_get_text(dunnett->item[i], "contrast", ""));
        same_numbers(mine, dunnett->item[i], against, LB_COUNT(against));
        assert_true(fabs(lb_get_number(mine, "p", NAN) - lb_get_number(dunnett->item[i], "p.value", NAN)) < 1e-9); /* theirs is one minus a probability */
        double half = lb_get_number(dunnett->item[i], "upper.CL", NAN) - lb_get_number(dunnett->item[i], "estimate", NAN); /* their root is found to 5e-4 */
        assert_close(lb_get_number(mine, "upper", NAN) - lb_get_number(mine, "estimate", NAN), half, 5e-4 / 2);
        assert_close(lb_get_number(mine, "lower", NAN), lb_get_number(dunnett->item[i], "lower.CL", NAN), 1e-3);
    }
    assert_close(lb_number_of(lb_path(r, "omnibus.statistic")), lb_get_number(lb_get(e, "omnibus_group"), "F", NAN), tolerance);
    const lb_value *published = lb_path(e, "published.pain_post_mean"); /* unadjusted means as printed, to two decimals */
    const lb_value *plain = lb_get(run(table, "pain_avg_post ~ group", OPTIONS("treatment", "group", "reference", "USUAL")), "means");
    for (size_t i = 0; i < published->count; i++)
        assert_true(fabs(lb_get_number(row_of(plain, "group", published->key[i]), "estimate", NAN) - lb_number_of(published->item[i])) < 0.00501);
    assert_close(lb_number_of(lb_path(r, "omnibus.p")), lb_get_number(lb_get(e, "omnibus_group"), "Pr(>F)", NAN), tolerance);
    static const char *const adjusted[][2] = {{"bonferroni", "pairs_bonferroni"}, {"holm", "pairs_holm_p"},
                                              {"tukey", "pairs_tukey"}};
    for (size_t i = 0; i < LB_COUNT(adjusted); i++) {
        r = run(table, formula, OPTIONS("treatment", "group", "reference", "USUAL", "adjust", adjusted[i][0]));
        same_rows(lb_get(r, "contrasts"), lb_get(e, adjusted[i][1]));
    }
    r = run(table, "pain_avg_post ~ pain_avg_pre + age + gender + group", OPTIONS("treatment", "group", "reference", "USUAL"));
    same_coefficients(r, lb_get(e, "pain_coef"), NULL);
    same_rows(lb_get(r, "means"), lb_get(e, "pain_lsmeans"));
    same_rows(lb_get(r, "contrasts"), lb_get(e, "pain_pairs"));
}

/* The reference lists comparisons with USUAL only; ours holds all pairs. */
static void against_usual(const lb_value *rows, const lb_value *expected)
{
    size_t at = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (!lb_text_ends(lb_get_text(rows->item[i], "contrast", ""), "- USUAL")) continue;
        same_numbers(rows->item[i], expected->item[at++], row_keys, LB_COUNT(row_keys));
    }
    assert_int_equal(at, expected->count);
}

static void effect_modification(void **state)
{
    (void)state;
    const lb_value *e = read_reference("ancova_prt_odi_3arm");
    if (!e) skip();
    lb_table *table = read_table("prt_backpain");
    const lb_value *r = run(table, "odi_post ~ odi_pre * group + age + gender",
                            OPTIONS("treatment", "group", "reference", "USUAL", "by", "odi_pre", "at", "odi_pre=10,20,40"));
    same_coefficients(r, lb_path(e, "modification_baseline.coef"), NULL);
    against_usual(lb_get(r, "contrasts"), lb_path(e, "modification_baseline.effect_at_pre_10_20_40"));
    assert_close(lb_get_number(row_of(lb_get(r, "anova"), "term", "odi_pre:group"), "statistic", NAN),
                 lb_number_of(lb_path(e, "modification_baseline.F.F")), tolerance);
    r = run(table, "odi_post ~ odi_pre + age + gender * group",
            OPTIONS("treatment", "group", "reference", "USUAL", "by", "gender"));
    same_coefficients(r, lb_path(e, "modification_gender.coef"), NULL);
    against_usual(lb_get(r, "contrasts"), lb_path(e, "modification_gender.subgroup"));
}

/* -- simulated METNLBP-like trial ------------------------------------------------------------------------------------ */

/* Baseline table with the outcome of month 12 beside it. */
static lb_table *simulated_trial(void)
{
    lb_table *base = read_table("metnlbp_sim_a_baseline"), *visits = read_table("metnlbp_sim_a_long");
    const lb_column *visit = lb_table_find(visits, "visit"), *who = lb_table_find(visits, "id"), *odi = lb_table_find(visits, "odi");
    double *outcome = lb_table_add_number(base, "odi")->number;
    const lb_column *id = lb_table_find(base, "id");
    for (size_t i = 0; i < base->rows; i++) {
        for (size_t j = 0; j < visits->rows; j++) {
            if (strcmp(visit->level[visit->code[j]], "M12") != 0) continue;
            if (!strcmp(id->level[id->code[i]], who->level[who->code[j]])) outcome[i] = odi->number[j];
        }
    }
    return base;
}

static void randomisation_variance(void **state)
{
    (void)state;
    const lb_value *e = read_reference("robust_stratified_sim_a");
    if (!e) skip();
    lb_table *table = simulated_trial();
    static const struct {
        const char *name, *formula, *strata;
    } cases[] = {{"ancova_sp", "I(odi - odi0) ~ arm + odi0 + sex + centre", NULL},
                 {"ancova_pb", "I(odi - odi0) ~ arm + odi0 + sex + centre", "centre,sex"},
                 {"anhecova_sp", "I(odi - odi0) ~ arm * (odi0 + sex + centre)", NULL},
                 {"anhecova_pb", "I(odi - odi0) ~ arm * (odi0 + sex + centre)", "centre,sex"},
                 {"anova_pb", "I(odi - odi0) ~ arm", "centre,sex"}};
    static const char *const keys[][2] = {{"estimate", "difference"}, {"se", "se"}, {"statistic", "z"}, {"p", "p"}};
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        const lb_value *x = lb_get(e, cases[i].name);
        const lb_value *r = cases[i].strata
                                ? run(table, cases[i].formula, OPTIONS("treatment", "arm", "vcov", "blocks", "strata", cases[i].strata))
                                : run(table, cases[i].formula, OPTIONS("treatment", "arm", "vcov", "blocks"));
        same_numbers(lb_get(r, "contrasts")->item[0], x, keys, LB_COUNT(keys));
        for (size_t k = 0; k < 2; k++) {
            const lb_value *mean = lb_get(r, "means")->item[k];
            const lb_value *row = lb_path(x, "mm_cov.values")->item[k];
            assert_close(lb_get_number(mean, "estimate", NAN), lb_number_of(lb_get(x, "marginal_means")->item[k]), tolerance);
            assert_close(lb_get_number(mean, "se", NAN), sqrt(lb_number_of(row->item[k])), tolerance);
            const lb_value *other = lb_path(x, "mm_cov.values")->item[1 - k]; /* their covariance, by the difference's variance */
            double se = lb_get_number(lb_get(r, "contrasts")->item[0], "se", NAN);
            double covariance = (lb_number_of(row->item[k]) + lb_number_of(other->item[1 - k]) - se * se) / 2;
            assert_close(covariance, lb_number_of(row->item[1 - k]), 1e-8);
        }
        assert_close(lb_get_number(r, "n", NAN), lb_get_number(e, "n", NAN), 0);
    }
}

static void one_sided_primary(void **state)
{
    (void)state;
    const lb_value *e = read_reference("sap_metnlbp_sim_a");
    if (!e) skip();
    const lb_value *r = run(simulated_trial(), "I(odi - odi0) ~ odi0 + sex + centre + arm", OPTIONS("treatment", "arm", "sides", "1"));
    assert_close(lb_number_of(lb_path(r, "contrasts[0].p")), lb_get_number(e, "p_one_sided", NAN), tolerance);
    assert_close(lb_number_of(lb_path(r, "contrasts[0].upper")), lb_number_of(lb_get(e, "ci95")->item[1]), tolerance);
    same_rows(lb_get(r, "means"), lb_get(e, "lsmeans_equal"));
}

int main(void)
{
    registry = lb_registry_all();
    arena = lb_arena_new();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acupuncture_fit), cmocka_unit_test(acupuncture_means), cmocka_unit_test(acupuncture_t_tests), cmocka_unit_test(acupuncture_tests),
        cmocka_unit_test(three_arms),      cmocka_unit_test(effect_modification),    cmocka_unit_test(randomisation_variance),
        cmocka_unit_test(one_sided_primary), cmocka_unit_test(acupuncture_diagnostics),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    while (kept_count) lb_result_free(kept[--kept_count]);
    lb_arena_free(arena);
    lb_registry_free(registry);
    return rc;
}
