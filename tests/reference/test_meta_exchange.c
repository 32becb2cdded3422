/* Files of RevMan in three formats against R's meta; the R script against R's metafor; kappa's standard error against the
 * delta method done numerically; changes within arms against sums done here. */
#include "evidence/dossier/dossier.h"
#include "meta_fixture.h"

static lb_result *import(const fixture *f, const char *file)
{
    char relative[200];
    snprintf(relative, sizeof relative, "meta/formats/%s", file);
    const char *path = shared_data(relative);
    if (!path) skip();
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    assert_int_equal(lb_file_read(path, 1u << 26, f->arena, &bytes, &err), 0);
    lb_call *call = lb_call_new(f->registry, lb_registry_find(f->registry, "meta", "import"));
    lb_result *result = NULL;
    assert_int_equal(lb_call_bind(call, "review", &bytes, &err), 0);
    assert_int_equal(lb_call_set(call, "vtype", "UB", &err), 0); /* as R's meta */
    if (lb_call_run(call, &result, &err)) fail_msg("%s: %s", file, err.message);
    lb_call_free(call);
    return result;
}

static void check_analysis(const char *where, const lb_value *got, const lb_value *expected)
{
    static const char *const keys[][2] = {{"estimate", "TE"}, {"se", "se"}, {"lower", "lb"}, {"upper", "ub"}};
    const lb_value *common = lb_get(expected, "common"), *random = lb_get(expected, "random");
    assert_int_equal(lb_get_int(got, "k", -1), lb_get_int(expected, "k", -2));
    for (size_t i = 0; i < LB_COUNT(keys); i++) {
        compare(where, 0, keys[i][0], lb_get(got, keys[i][0]), lb_get(common, keys[i][1]), 1e-9, 0);
        /* R's meta takes Q about the Mantel-Haenszel estimate, so its DL is not that of inverse variances for tables. */
        if (lb_text_equal(lb_get_text(expected, "method", ""), "Inverse"))
            compare(where, 1, keys[i][0], lb_get(lb_get(got, "random"), keys[i][0]), lb_get(random, keys[i][1]), 1e-9, 0);
        else
            compare(where, 1, keys[i][0], lb_get(lb_get(got, "random"), keys[i][0]), lb_get(random, keys[i][1]), 1e-5, 0);
    }
}

static void test_revman(void **state)
{
    const fixture *f = *state;
    static const char *const files[] = {"Fleiss1993.rm5", "Fleiss1993_CR.csv", "Fleiss1993_revmanweb_data.zip"}, *const key[] = {"rm5", "csv", "rm5"};
    const lb_value *expected = expected_of(f, "formats_fleiss1993");
    for (size_t i = 0; i < 3; i++) {
        lb_result *result = import(f, files[i]);
        const lb_value *analyses = lb_get(result->results, "analyses");
        assert_int_equal(analyses->count, 2);
        for (size_t a = 0; a < 2; a++) {
            char name[40];
            snprintf(name, sizeof name, "%s_1_%zu", key[i], a + 1);
            check_analysis(files[i], analyses->item[a], lb_get(expected, name));
        }
        assert_int_equal(lb_get(result->results, "data")->count, 12);
        lb_result_free(result);
    }
}

/* -- the script --------------------------------------------------------------------------------------------------- */

static double said(const char *output, const char *key)
{
    char line[80];
    snprintf(line, sizeof line, "\n%s ", key);
    const char *at = strstr(output, line);
    assert_non_null(at);
    return strtod(at + strlen(line), NULL);
}

static void run_script(const char *script, char *output, size_t size)
{
    char path[] = "/tmp/lumbar_script_XXXXXX", command[120];
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, script, strlen(script)) == (ssize_t)strlen(script));
    close(fd);
    snprintf(command, sizeof command, "Rscript %s 2>/dev/null", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t length = fread(output, 1, size - 1, pipe);
    output[length] = '\0';
    assert_int_equal(pclose(pipe), 0);
    unlink(path);
}

static void compare_script(const fixture *f, const lb_bytes *csv, const char *const *settings, bool regression)
{
    static const char *const pooled[] = {"tau2", "I2", "Q", "pi_lower", "pi_upper", "tau2_lower", "tau2_upper"}, *const moderated[] = {"tau2", "I2", "Q", "QM", "QM_p", "R2"};
    static const char *const rows[] = {"estimate", "se", "p", "lower", "upper"};
    char *output = lb_alloc(1 << 18, 1);
    lb_result *script = run(f, "script", csv, NULL, settings), *fit = run(f, "fit", csv, NULL, settings);
    run_script(lb_get_text(script->results, "script", ""), output, 1 << 18);
    const lb_value *coefficients = lb_get(fit->results, "coefficients");
    for (size_t c = 0; c < coefficients->count; c++) {
        for (size_t i = 0; i < LB_COUNT(rows); i++) {
            char key[40];
            snprintf(key, sizeof key, "%s[%zu]", rows[i], c);
            assert_close(lb_get_number(coefficients->item[c], rows[i], NAN), said(output, key), 1e-8);
        }
    }
    for (size_t i = 0; i < (regression ? LB_COUNT(moderated) : LB_COUNT(pooled)); i++) {
        const char *key = regression ? moderated[i] : pooled[i];
        assert_close(lb_get_number(fit->results, key, NAN), said(output, key), strncmp(key, "tau2_", 5) == 0 ? 1e-6 : 1e-8);
    }
    lb_result_free(script);
    lb_result_free(fit);
    free(output);
}

static void test_script(void **state)
{
    const fixture *f = *state;
    if (system("Rscript -e 'library(metafor)' >/dev/null 2>&1") != 0) skip();
    lb_bytes bcg, exercise;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_file_read(LUMBAR_TEST_SOURCE "/reference/evidence/bcg.csv", 1 << 20, f->arena, &bcg, &err), 0);
    assert_int_equal(lb_file_read(LUMBAR_TEST_SOURCE "/reference/evidence/exercise.csv", 1 << 20, f->arena, &exercise, &err), 0);
    static const char *const knha[] = {"measure", "RR", "ai", "tpos", "bi", "tneg", "ci", "cpos", "di", "cneg", "test", "knha", "predict", "riley", NULL},
                             *const mods[] = {"measure", "OR", "ai", "tpos", "bi", "tneg", "ci", "cpos", "di", "cneg", "method", "ML", "mods", "~ ablat + year", NULL},
                             *const smd[] = {"measure", "SMD", "vtype", "UB", "method", "PM", "level", "0.9", NULL};
    compare_script(f, &bcg, knha, false);
    compare_script(f, &bcg, mods, true);
    compare_script(f, &exercise, smd, false);
}

/* -- kappa -------------------------------------------------------------------------------------------------------- */

static double kappa_of(const double p[4])
{
    double po = p[0] + p[3], pe = (p[0] + p[1]) * (p[0] + p[2]) + (p[2] + p[3]) * (p[1] + p[3]);
    return (po - pe) / (1 - pe);
}

/* Delta method on the multinomial, with numerical derivatives: Var = (Σ p g² − (Σ p g)²)/n. */
static void test_kappa(void **state)
{
    (void)state;
    static const double tables[][2][2] = {{{10, 1}, {2, 5}}, {{88, 10}, {14, 40}}, {{20, 5}, {10, 15}}, {{118, 5}, {2, 0}}};
    for (size_t t = 0; t < LB_COUNT(tables); t++) {
        double n = 0, p[4], first = 0, second = 0;
        for (int i = 0; i < 4; i++) n += tables[t][i / 2][i % 2];
        for (int i = 0; i < 4; i++) p[i] = tables[t][i / 2][i % 2] / n;
        for (int i = 0; i < 4; i++) {
            double up[4], down[4], h = 1e-6;
            memcpy(up, p, sizeof up);
            memcpy(down, p, sizeof down);
            up[i] += h;
            down[i] -= h;
            double sum_up = 1 + h, sum_down = 1 - h;
            for (int j = 0; j < 4; j++) {
                up[j] /= sum_up;
                down[j] /= sum_down;
            }
            double g = (kappa_of(up) - kappa_of(down)) / (2 * h);
            first += p[i] * g;
            second += p[i] * g * g;
        }
        lb_kappa k;
        lb_kappa_fit(tables[t], .95, &k);
        assert_close(k.kappa, kappa_of(p), 1e-12);
        assert_close(k.se, sqrt((second - first * first) / n), 1e-6);
    }
    static const double silent[2][2] = {{3, 1}, {0, 0}}, one[2][2] = {{7, 0}, {0, 0}};
    lb_kappa k;
    lb_kappa_fit(silent, .95, &k);
    assert_true(k.kappa == 0 && isnan(k.se));
    lb_kappa_fit(one, .95, &k);
    assert_true(isnan(k.kappa));
}

/* -- changes within arms ------------------------------------------------------------------------------------------ */

static int read_beside(void *context, const char *name, lb_arena *arena, lb_bytes *out, lb_error *err)
{
    char path[400];
    (void)context;
    snprintf(path, sizeof path, "%s/reviews/%s", LUMBAR_TEST_SOURCE, name);
    return lb_file_read(path, 1 << 24, arena, out, err);
}

/* The pooled change of the shipped review's first role: DerSimonian-Laird by hand from its rows, which carry n, change
 * and SD; REML itself is witnessed elsewhere, so the estimator is set to DL. */
static void test_within(void **state)
{
    const fixture *f = *state;
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    assert_int_equal(lb_file_read(LUMBAR_TEST_SOURCE "/reviews/individualised_exercise.yaml", 1 << 20, f->arena, &bytes, &err), 0);
    char *text = lb_arena_textn(f->arena, (const char *)bytes.data, bytes.length), *at = strstr(text, "tau2: REML");
    assert_non_null(at);
    memcpy(at, "tau2: DL  ", 10);
    bytes.data = (const uint8_t *)text;
    lb_call *call = lb_call_new(f->registry, lb_registry_find(f->registry, "meta", "review"));
    lb_source source = {read_beside, NULL, NULL};
    lb_call_bind_source(call, &source);
    lb_result *result = NULL;
    assert_int_equal(lb_call_bind(call, "review", &bytes, &err), 0);
    if (lb_call_run(call, &result, &err)) fail_msg("%s", err.message);
    lb_call_free(call);
    const lb_value *within = lb_get(result->results, "within");
    for (size_t w = 0; w < within->count; w++) {
        const lb_value *row = within->item[w], *arms = lb_get(row, "arms");
        double s0 = 0, s1 = 0, s2 = 0, q = 0, sum = 0, weights = 0;
        if (!arms || arms->count < 2) continue;
        for (size_t i = 0; i < arms->count; i++) {
            double sd = lb_get_number(arms->item[i], "sd", NAN), weight = lb_get_number(arms->item[i], "n", NAN) / (sd * sd);
            s0 += weight;
            s1 += weight * weight;
            s2 += weight * lb_get_number(arms->item[i], "change", NAN);
        }
        for (size_t i = 0; i < arms->count; i++) {
            double sd = lb_get_number(arms->item[i], "sd", NAN), gap = lb_get_number(arms->item[i], "change", NAN) - s2 / s0;
            q += lb_get_number(arms->item[i], "n", NAN) / (sd * sd) * gap * gap;
        }
        double tau2 = fmax(0, (q - (double)arms->count + 1) / (s0 - s1 / s0));
        for (size_t i = 0; i < arms->count; i++) {
            double sd = lb_get_number(arms->item[i], "sd", NAN), weight = 1 / (sd * sd / lb_get_number(arms->item[i], "n", NAN) + tau2);
            sum += weight * lb_get_number(arms->item[i], "change", NAN);
            weights += weight;
        }
        assert_close(lb_get_number(row, "estimate", NAN), sum / weights, 1e-10);
        assert_close(lb_get_number(row, "se", NAN), sqrt(1 / weights), 1e-10);
    }
    assert_int_equal(within->count, 12);
    lb_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_revman, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_script, set_up, tear_down),
        cmocka_unit_test(test_kappa),
        cmocka_unit_test_setup_teardown(test_within, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
