/* analyse mmrm against R's mmrm and emmeans, and SAS PROC MIXED (../shared/data/trialstats: mmrm_fev, mmrm_fev_sas,
 * sap_metnlbp_sim_a), polished optima. */
#include "mixed_test.h"

static lb_table *fev(void)
{
    const char *path = shared_data("trialstats/fev.csv");
    if (!path) skip();
    return read_table(path, false, read_table("name,codes\nSEX,Male=Male;Female=Female\n", true, NULL));
}

#define FEV "subject", "USUBJID", "visit", "AVISIT", "treatment", "ARMCD"
#define FEV_FORMULA "formula", "FEV1 ~ RACE + SEX + ARMCD * AVISIT", FEV

static void same_coefficients(const lb_value *got, const lb_value *coef)
{
    assert_true(coef->count > 0);
    const lb_value *rows = lb_get(got, "coefficients");
    assert_int_equal(rows->count, coef->count);
    for (size_t i = 0; i < rows->count; i++) {
        const lb_value *row = rows->item[i], *want = lb_get(coef, lb_get_text(row, "term", ""));
        assert_non_null(want);
        assert_close(number_at(row, "estimate"), number_at(want, "estimate"), 1e-10);
        assert_close(number_at(row, "se"), number_at(want, "se"), 1e-10);
        assert_close(number_at(row, "df"), number_at(want, "df"), 1e-9);
        assert_close(number_at(row, "p"), number_at(want, "p"), 1e-8);
        assert_close(number_at(row, "statistic"), number_at(want, "t"), 1e-9);
    }
}

static void same_matrix(const lb_value *got, const lb_value *want)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        for (size_t j = 0; j < want->count; j++) assert_close(lb_number_of(got->item[i]->item[j]), lb_number_of(want->item[i]->item[j]), 1e-9);
    }
}

/* emmeans' rows against ours, in their order. */
static void same_rows(const lb_value *got, const lb_value *want, const char *estimate)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        static const char *const ours[] = {"se", "df", "lower", "upper", "statistic", "p"}, *const theirs[] = {"SE", "df", "lower.CL", "upper.CL", "t.ratio", "p.value"};
        assert_close(number_at(got->item[i], "estimate"), lb_get_number(want->item[i], estimate, NAN), 1e-9);
        for (size_t k = 0; k < LB_COUNT(ours); k++) { /* their names have dots, which paths do not */
            if (k >= 4 && !lb_get(want->item[i], theirs[k])) continue; /* means are not tested */
            assert_close(number_at(got->item[i], ours[k]), lb_get_number(want->item[i], theirs[k], NAN), 1e-9);
        }
    }
}

static void same_fit(const lb_value *got, const lb_value *want)
{
    assert_close(number_at(got, "loglik"), number_at(want, "logLik"), 1e-12);
    assert_close(number_at(got, "aic"), number_at(want, "AIC"), 1e-12);
    assert_close(number_at(got, "bic"), number_at(want, "BIC"), 1e-12);
    same_matrix(lb_get(got, "covariance"), lb_path(want, "Sigma.values"));
    if (lb_get(want, "vcov")) same_matrix(lb_get(got, "vcov"), lb_path(want, "vcov.values"));
    if (!lb_get(want, "n_obs")) return;
    assert_close(number_at(got, "n"), number_at(want, "n_obs"), 0);
    assert_close(number_at(got, "people"), number_at(want, "n_subjects"), 0);
}

/* emmeans' joint_tests prints F to three and df to two decimals, takes the least df of the rows and does not scale Kenward and Roger's F
 * (by about a hundredth here): with one row they are the same. */
static void same_terms(const lb_value *got, const lb_value *want, double scaled)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        const lb_value *row = got->item[i], *w = want->item[i];
        assert_string_equal(lb_get_text(row, "term", ""), lb_get_text(w, "model term", ""));
        assert_close(number_at(row, "df"), number_at(w, "df1"), 0);
        assert_true(fabs(number_at(row, "statistic") - lb_get_number(w, "F.ratio", NAN)) < 0.00051 + (number_at(row, "df") > 1 ? scaled * number_at(row, "statistic") : 0));
        if (number_at(row, "df") > 1) {
            assert_true(number_at(row, "df_residual") > lb_get_number(w, "df2", NAN) - 0.01 && number_at(row, "df_residual") < 2 * lb_get_number(w, "df2", NAN));
        } else {
            assert_true(fabs(number_at(row, "df_residual") - lb_get_number(w, "df2", NAN)) < 0.0051);
            assert_close(number_at(row, "p"), lb_get_number(w, "p.value", NAN), 1e-4);
        }
    }
}

static void test_fev_unstructured(void **state)
{
    (void)state;
    const lb_value *want = expected("trialstats/mmrm_fev.json", "results");
    lb_value *got = FIT("mmrm", fev(), FEV_FORMULA);
    same_fit(got, lb_get(want, "satterthwaite"));
    same_coefficients(got, lb_path(want, "satterthwaite.coef"));
    same_rows(lb_get(got, "means"), lb_path(want, "emmeans_satterthwaite.lsmeans"), "emmean");
    same_rows(lb_get(got, "contrasts"), lb_path(want, "emmeans_satterthwaite.contrasts"), "estimate");
    got = FIT("mmrm", fev(), FEV_FORMULA, "df", "kr", "means", "proportional");
    same_coefficients(got, lb_path(want, "kr_linear.coef"));
    same_fit(got, lb_get(want, "kr_linear"));
    same_rows(lb_get(FIT("mmrm", fev(), FEV_FORMULA, "df", "kr"), "means"), lb_path(want, "emmeans_kr_linear.lsmeans"), "emmean");
    same_rows(lb_get(FIT("mmrm", fev(), FEV_FORMULA, "means", "proportional"), "means"), lb_path(want, "emmeans_satterthwaite.lsmeans_proportional"), "emmean");
    same_rows(lb_get(got, "means"), lb_path(want, "emmeans_kr_linear.lsmeans_proportional"), "emmean");
    same_rows(lb_get(got, "contrasts"), lb_path(want, "emmeans_kr_linear.contrasts"), "estimate");
    got = FIT("mmrm", fev(), FEV_FORMULA, "method", "ml");
    same_fit(got, lb_get(want, "ml"));
    same_coefficients(got, lb_path(want, "ml.coef"));
}

/* Terms, other degrees of freedom and the sandwich; R's mmrm takes the sandwich with residual degrees of freedom by itself. */
static void test_fev_more(void **state)
{
    (void)state;
    static const char *const option[][5] = {{"residual_df", "df", "residual", "vcov", "empirical"},
                                            {"between_within", "df", "between_within", "vcov", "model"},
                                            {"empirical_sandwich_HC0", "df", "satterthwaite", "vcov", "empirical"}};
    const lb_value *want = expected("trialstats/mmrm_fev.json", "results");
    for (size_t k = 0; k < LB_COUNT(option); k++) {
        const lb_value *w = lb_get(want, option[k][0]), *got = FIT("mmrm", fev(), FEV_FORMULA, option[k][1], option[k][2], option[k][3], option[k][4]);
        const lb_value *rows = lb_get(got, "coefficients");
        assert_close(number_at(got, "loglik"), number_at(w, "logLik"), 1e-12);
        assert_int_equal(rows->count, lb_get(w, "se")->count);
        for (size_t i = 0; i < rows->count; i++) {
            const char *term = lb_get_text(rows->item[i], "term", "");
            assert_close(number_at(rows->item[i], "se"), lb_get_number(lb_get(w, "se"), term, NAN), 1e-9);
            assert_close(number_at(rows->item[i], "df"), lb_get_number(lb_get(w, "coef_df"), term, NAN), 1e-8);
            assert_close(number_at(rows->item[i], "p"), lb_get_number(lb_get(w, "p"), term, NAN), 1e-7);
        }
    }
    same_terms(lb_get(FIT("mmrm", fev(), FEV_FORMULA, "anova", "3"), "anova"), lb_get(want, "joint_test_interaction_satt"), 0);
    same_terms(lb_get(FIT("mmrm", fev(), FEV_FORMULA, "anova", "3", "df", "kr"), "anova"), lb_get(want, "joint_tests_kr_linear"), 2e-2);
    const lb_value *gls = lb_get(want, "gls"), *got = FIT("mmrm", fev(), FEV_FORMULA); /* it stops earlier */
    assert_true(number_at(gls, "logLik") <= number_at(got, "loglik") + 1e-9 && number_at(gls, "logLik") > number_at(got, "loglik") - 1e-6);
    const lb_value *rows = lb_get(got, "coefficients");
    for (size_t i = 0; i < rows->count; i++) {
        double w = lb_get_number(lb_get(gls, "coef"), lb_get_text(rows->item[i], "term", ""), NAN);
        assert_true(fabs(number_at(rows->item[i], "estimate") - w) < 1e-4 * number_at(rows->item[i], "se"));
    }
    /* the other parameterisation of Kenward and Roger's adjustment moves standard errors by thousandths; the fit is the same */
    got = FIT("mmrm", fev(), FEV_FORMULA, "df", "kr");
    for (size_t i = 0; i < rows->count; i++) {
        const lb_value *row = lb_get(got, "coefficients")->item[i], *w = lb_get(lb_path(want, "kr_mmrm_default.coef"), lb_get_text(row, "term", ""));
        assert_close(number_at(row, "estimate"), number_at(w, "estimate"), 1e-10);
        assert_close(number_at(row, "se"), number_at(w, "se"), 2e-2);
    }
}

static void test_fev_structures(void **state)
{
    (void)state;
    const lb_value *all = expected("trialstats/mmrm_fev.json", "results.covariance_structures");
    assert_int_equal(all->count, 8);
    for (size_t s = 0; s < all->count; s++) {
        lb_value *got = FIT("mmrm", fev(), FEV_FORMULA, "covariance", all->key[s]);
        const lb_value *contrasts = lb_get(got, "contrasts"), *want = all->item[s];
        same_fit(got, want);
        lb_value *last = lb_value_array(arena);
        lb_push(last, contrasts->item[contrasts->count - 1]);
        same_rows(last, lb_get(want, "ARM_at_VIS4"), "estimate");
    }
}

/* SAS stops its iterations earlier: estimate 5e-5 (csh 2.8e-5), standard error 2e-4, df 5e-4; the tight optima of R to the end. */
static void test_fev_sas(void **state)
{
    (void)state;
    const lb_value *want = expected("trialstats/mmrm_fev_sas.json", "results");
    const lb_value *tight = lb_get(want, "tight"), *sas = lb_get(want, "sas");
    size_t compared = 0;
    for (size_t s = 0; s < tight->count; s++) {
        const char *name = tight->key[s];
        lb_value *kr = FIT("mmrm", fev(), "formula", "FEV1 ~ ARMCD", FEV, "covariance", name, "df", "kr");
        same_coefficients(kr, lb_get(tight->item[s], "coef"));
        assert_close(number_at(kr, "loglik"), number_at(tight->item[s], "logLik"), 1e-12);
        same_coefficients(FIT("mmrm", fev(), "formula", "FEV1 ~ ARMCD", FEV, "covariance", name), lb_get(tight->item[s], "satterthwaite"));
        for (size_t i = 0; i < sas->count; i++) {
            const lb_value *row = sas->item[i];
            bool linear = !strcmp(name, "us") || !strcmp(name, "cs") || !strcmp(name, "toep");
            if (strcmp(lb_get_text(row, "covariance", ""), name) != 0) continue;
            if (!linear && strcmp(lb_get_text(row, "ddfm", ""), "kr(linear)") != 0) continue;
            compared++;
            assert_close(number_at(kr, "contrasts[0].estimate"), number_at(row, "estimate"), 5e-5);
            assert_close(number_at(kr, "contrasts[0].se"), number_at(row, "se"), 2e-4);
            assert_close(number_at(kr, "contrasts[0].df"), number_at(row, "df"), 5e-4);
        }
    }
    assert_true(compared >= 8);
}

static void test_simulated_trial(void **state)
{
    (void)state;
    const lb_value *want = expected("trialstats/sap_metnlbp_sim_a.json", "results");
#define SAP "formula", "I(odi - odi0) ~ odi0 * visit + sex + centre + arm * visit", "subject", "id", "visit", "visit", "visits", \
            "W6,M1,M3,M6,M12", "treatment", "arm", "reference", "CONTROL"
    lb_table *table = trial();
    lb_value *got = FIT("mmrm", table, SAP, "df", "kr");
    same_fit(got, lb_get(want, "mmrm_kr_linear"));
    same_coefficients(got, lb_path(want, "mmrm_kr_linear.coef"));
    same_rows(lb_get(got, "means"), lb_get(want, "mmrm_lsmeans_kr"), "emmean");
    same_rows(lb_get(got, "contrasts"), lb_get(want, "mmrm_contrasts_kr_linear"), "estimate");
    got = FIT("mmrm", table, SAP);
    same_rows(lb_get(got, "contrasts"), lb_get(want, "mmrm_contrasts_satterthwaite"), "estimate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fev_unstructured),
        cmocka_unit_test(test_fev_more),
        cmocka_unit_test(test_fev_structures),
        cmocka_unit_test(test_fev_sas),
        cmocka_unit_test(test_simulated_trial),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
