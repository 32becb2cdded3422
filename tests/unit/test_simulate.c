/* The simulated trial: same seed same trial, people who meet the criteria, a log that replays, and the truth put in. */
#include "lumbar_test.h"

#include <lumbar/trial.h>

#include "trial/simulate.h"

static lb_registry *registry;

static int start(void **state)
{
    (void)state;
    registry = lb_registry_all();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    lb_registry_free(registry);
    return 0;
}

static lb_result *simulate(const char *file, const char *n, const char *seed, unsigned threads)
{
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    lb_result *result = NULL;
    assert_int_equal(lb_file_read(repository_file(file), 1 << 22, arena, &bytes, NULL), LB_OK);
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "study", "simulate"));
    assert_int_equal(lb_call_bind(call, "file", &bytes, &err), LB_OK);
    assert_int_equal(lb_call_set(call, "n", n, &err), LB_OK);
    assert_int_equal(lb_call_set(call, "seed", seed, &err), LB_OK);
    lb_call_set_threads(call, threads);
    if (lb_call_run(call, &result, &err) != LB_OK) fail_msg("%s: %s", file, err.message);
    lb_call_free(call);
    lb_arena_free(arena);
    return result;
}

static const lb_value *table(const lb_result *result, const char *name)
{
    return lb_get(lb_get(result->results, "tables"), name);
}

static void same_seed_same_trial(void **state)
{
    (void)state;
    static const char *const files[] = {"studies/metnlbp.yaml", "studies/modic.yaml", "reference/trial/minimal.yaml"};
    for (size_t i = 0; i < LB_COUNT(files); i++) {
        lb_buf one = {0}, two = {0}, three = {0};
        lb_result *a = simulate(files[i], "60", "7", 1), *b = simulate(files[i], "60", "7", 8), *c = simulate(files[i], "60", "8", 1);
        lb_json_write(a->results, 0, &one);
        lb_json_write(b->results, 0, &two);
        lb_json_write(c->results, 0, &three);
        assert_string_equal(one.data, two.data);
        assert_string_not_equal(one.data, three.data);
        lb_result_free(a);
        lb_result_free(b);
        lb_result_free(c);
        lb_buf_free(&one);
        lb_buf_free(&two);
        lb_buf_free(&three);
    }
}

static void people_meet_the_criteria(void **state)
{
    (void)state;
    lb_result *r = simulate("studies/metnlbp.yaml", "314", "3", 1);
    const lb_value *people = table(r, "participants"), *screening = table(r, "screening");
    assert_int_equal(people->count, 314);
    for (size_t i = 0; i < people->count; i++) {
        const lb_value *p = people->item[i];
        double odi = lb_get_number(p, "odi_0", NAN), year = lb_get_number(p, "odi_12m", NAN), vas = lb_get_number(p, "vas_0", NAN);
        assert_true(lb_get_number(p, "age", 0) >= 60);
        assert_true(odi >= 20 && odi <= 60 && fmod(odi, 2) == 0);
        assert_true(lb_get_number(p, "goutallier", 0) >= 2);
        assert_true(isnan(year) || (year >= 0 && year <= 100 && fmod(year, 2) == 0));
        assert_true(vas >= 0 && vas <= 10 && fabs(vas * 10 - round(vas * 10)) < 1e-9);
        assert_true(lb_get_number(p, "smoker", -1) == 0 || lb_get_number(p, "smoker", -1) == 1);
        bool treated = strcmp(lb_get_text(p, "arm", ""), "EXERCISE") == 0, adheres = lb_is_number(lb_get(p, "adherence"));
        assert_true(treated || !adheres); /* nobody in the other arm has a diary */
        assert_true(isnan(year) == (lb_get_text(p, "reason", NULL) != NULL)); /* who stays has the primary outcome */
    }
    size_t randomised = 0, refused = 0;
    for (size_t i = 0; i < screening->count; i++) {
        const lb_value *p = screening->item[i];
        randomised += (size_t)lb_get_int(p, "randomised", 0);
        refused += lb_get_text(p, "reason", NULL) != NULL;
        assert_true(lb_get_int(p, "randomised", 0) == 0 || lb_get_int(p, "consented", 0) == 1);
        assert_true(lb_get_int(p, "consented", 0) == 0 || lb_get_int(p, "eligible", 0) == 1);
    }
    assert_int_equal(randomised, 314);
    assert_int_equal(randomised + refused, screening->count);
    lb_result_free(r);
}

static void visits_stay_in_their_windows(void **state)
{
    (void)state;
    lb_result *r = simulate("studies/metnlbp.yaml", "100", "4", 1);
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    lb_study *study;
    assert_int_equal(lb_file_read(repository_file("studies/metnlbp.yaml"), 1 << 22, arena, &bytes, NULL), LB_OK);
    assert_int_equal(lb_study_read(&bytes, arena, &study, NULL, NULL), LB_OK);
    const lb_value *visits = table(r, "visits");
    assert_true(visits->count > 600);
    for (size_t i = 0; i < visits->count; i++) {
        int v = lb_study_visit_named(study, lb_get_text(visits->item[i], "visit", ""));
        int64_t day = lb_get_int(visits->item[i], "day", 9999);
        assert_true(v >= 0 && day >= study->visit[v].nominal + study->visit[v].window[0]);
        assert_true(day <= study->visit[v].nominal + study->visit[v].window[1]);
    }
    lb_study_close(study);
    lb_arena_free(arena);
    lb_result_free(r);
}

static void allocations_replay(void **state)
{
    (void)state;
    lb_result *r = simulate("studies/metnlbp.yaml", "314", "5", 1);
    const lb_value *truth = lb_get(r->results, "truth"), *rows = table(r, "allocations");
    lb_arena *arena = lb_arena_new();
    lb_table *log;
    lb_result *verified = NULL;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_table_from_value(rows, "log", arena, &log, &err), LB_OK);
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "randomise", "verify"));
    assert_int_equal(lb_call_bind_table(call, "log", log, &err), LB_OK);
    assert_int_equal(lb_call_set(call, "trial", lb_get_text(truth, "trial", ""), &err), LB_OK);
    assert_int_equal(lb_call_set(call, "seed", lb_get_text(truth, "sequence_seed", ""), &err), LB_OK);
    assert_int_equal(lb_call_set(call, "commitment", lb_get_text(truth, "commitment", ""), &err), LB_OK);
    assert_int_equal(lb_call_run(call, &verified, &err), LB_OK);
    assert_true(lb_get_bool(verified->results, "valid", false));
    lb_call_free(call);
    lb_result_free(verified);
    lb_arena_free(arena);
    lb_result_free(r);
}

static void minimisation_balances(void **state)
{
    (void)state;
    int worst = 0;
    for (int seed = 1; seed <= 20; seed++) {
        char text[8];
        snprintf(text, sizeof text, "%d", seed);
        lb_result *r = simulate("studies/modic.yaml", "100", text, 1);
        const lb_value *rows = table(r, "allocations");
        int difference = 0;
        for (size_t i = 0; i < rows->count; i++) difference += strcmp(lb_get_text(rows->item[i], "arm", ""), "A") ? -1 : 1;
        worst = abs(difference) > worst ? abs(difference) : worst;
        lb_result_free(r);
    }
    assert_true(worst <= 14); /* simple randomisation would have an SD of 10 and reach 20 or more */
}

/* Over many trials the arms differ at 12 months by the truth, the recurrence hazards by theirs, and people with a worse last
 * score leave more often. Fixed seeds: cannot flake. */
static void truth_is_recovered(void **state)
{
    (void)state;
    double difference = 0, truth = 0, events[2] = {0}, days[2] = {0}, left = 0, everyone = 0;
    double first[2] = {0}, n[2] = {0};
    const int trials = 40;
    for (int t = 0; t < trials; t++) {
        char seed[8];
        snprintf(seed, sizeof seed, "%d", 100 + t);
        lb_result *r = simulate("studies/metnlbp.yaml", "314", seed, 1);
        const lb_value *people = table(r, "participants");
        double sum[2] = {0}, count[2] = {0};
        for (size_t i = 0; i < people->count; i++) {
            const lb_value *p = people->item[i];
            int arm = strcmp(lb_get_text(p, "arm", ""), "EXERCISE") == 0;
            double y = lb_get_number(p, "odi_12m", NAN), y0 = lb_get_number(p, "odi_0", NAN);
            bool leaves = lb_get_text(p, "reason", NULL) != NULL;
            if (!isnan(y)) {
                sum[arm] += y - 0.65 * y0;
                count[arm]++;
            }
            events[arm] += lb_get_number(p, "recurrence", 0);
            days[arm] += lb_get_number(p, "recurrence_days", 0);
            left += leaves;
            everyone++;
            first[leaves] += y0;
            n[leaves]++;
        }
        difference += (sum[1] / count[1] - sum[0] / count[0]) / trials;
        truth += lb_get_number(lb_get(r->results, "truth"), "effect_mean", NAN) / trials;
        lb_result_free(r);
    }
    assert_true(fabs(truth - -6.7) < 0.3);
    assert_true(fabs(difference - truth) < 0.8); /* standard error about 0.25; scores are held in 0-100 */
    double log_ratio = log(events[1] / days[1]) - log(events[0] / days[0]);
    assert_true(fabs(log_ratio - -0.45) < 0.08);
    assert_true(left / everyone > 0.02 && left / everyone < 0.12);
    assert_true(first[1] / n[1] > first[0] / n[0] + 1); /* missing at random, not completely */
}

static void bad_models_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } cases[] = {{"{item: exc_surgery, draw: chance, chance: 0.1}", "{item: exc_surgery, draw: chance, chance: 1}", "only 0 were eligible"},
                 {"draw: choice, values: [F, M]", "draw: choice", "has no values"},
                 {"values: [F, M]", "values: [F, M], weights: [1]", "not one weight"},
                 {"sd: 1.5, low", "sd: 1.5, per: {worse: 1}, low", "not drawn before"},
                 {"baseline: nrs,", "baseline: nrs_now,", "is not drawn"}};
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    assert_int_equal(lb_file_read(repository_file("reference/trial/minimal.yaml"), 1 << 22, arena, &bytes, NULL), LB_OK);
    const char *text = lb_arena_textn(arena, (const char *)bytes.data, bytes.length);
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        const char *at = strstr(text, cases[i].from);
        assert_non_null(at);
        const char *edit = lb_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, cases[i].to, at + strlen(cases[i].from));
        lb_bytes changed = {(const uint8_t *)edit, strlen(edit), "small.yaml"};
        lb_error err = LB_ERROR_INIT;
        lb_result *result = NULL;
        lb_call *call = lb_call_new(registry, lb_registry_find(registry, "study", "simulate"));
        assert_int_equal(lb_call_bind(call, "file", &changed, &err), LB_OK);
        assert_int_equal(lb_call_run(call, &result, &err), LB_BAD_DATA);
        if (!strstr(err.message, cases[i].message)) fail_msg("'%s' instead of '%s'", err.message, cases[i].message);
        lb_call_free(call);
    }
    lb_arena_free(arena);
}

static lb_result *several(const char *file, const char *n, const char *seeds, const char *option, const char *value)
{
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    lb_result *result = NULL;
    assert_int_equal(lb_file_read(repository_file(file), 1 << 22, arena, &bytes, NULL), LB_OK);
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "study", "simulate"));
    int code = lb_call_bind(call, "file", &bytes, &err);
    if (!code) code = lb_call_set(call, "n", n, &err);
    if (!code) code = lb_call_set(call, "seeds", seeds, &err);
    if (!code) code = lb_call_set(call, option, value, &err);
    if (!code) code = lb_call_run(call, &result, &err);
    if (code) fail_msg("%s: %s", file, err.message);
    lb_call_free(call);
    lb_arena_free(arena);
    return result;
}

/* What other operations count trials with: some columns alone, cell by cell those of the whole trial, whichever are asked for. */
static void columns_are_those_of_the_whole_trial(void **state)
{
    (void)state;
    static const struct {
        const char *file, *n, *columns;
    } cases[] = {
        {"studies/metnlbp.yaml", "120", "odi_12m,odi_0,sex,centre,arm"},
        {"studies/metnlbp.yaml", "60", "vas_0,arm,stratum,age,bmi,smoker,load"},
        {"studies/metnlbp.yaml", "60", "recurrence,recurrence_days,odi_407d,arm"},
        {"studies/metnlbp.yaml", "60", "adherence,arm,joa_0"},
        {"studies/modic.yaml", "90", "nrs_12m,nrs_0,rmdq_10w,arm,centre,age,age_group"},
        {"reference/trial/minimal.yaml", "50", "nrs_fu,nrs_0,arm,sex,age"},
    };
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        lb_result *whole = several(cases[i].file, cases[i].n, "5,77,1234567890123", "tables", "participants");
        lb_result *some = several(cases[i].file, cases[i].n, "5,77,1234567890123", "columns", cases[i].columns);
        assert_int_equal(some->table_count, 3);
        for (size_t k = 0; k < 3; k++) {
            const lb_value *trial = lb_get(whole->results, "trials")->item[k];
            lb_error err = LB_ERROR_INIT;
            lb_table *all;
            assert_int_equal(lb_table_from_value(lb_path(trial, "tables.participants"), "all", whole->arena, &all, &err), LB_OK);
            assert_int_equal(some->table[k]->rows, all->rows);
            assert_true(lb_get_number(lb_get(some->results, "trials")->item[k], "effect_mean", NAN) == lb_get_number(lb_get(trial, "truth"), "effect_mean", NAN));
            for (size_t c = 0; c < some->table[k]->columns; c++) {
                const lb_column *one = &some->table[k]->column[c], *other = lb_table_find(all, one->name);
                char a[32], b[32];
                assert_non_null(other);
                assert_int_equal(one->type, other->type);
                assert_int_equal(one->missing, other->missing);
                for (size_t r = 0; r < all->rows; r++) assert_string_equal(lb_column_text(one, r, a), lb_column_text(other, r, b));
            }
        }
        lb_result_free(some);
        lb_result_free(whole);
    }
}

/* Many values at once are held in limits and rounded as one by one, whatever the processor's registers. */
static void steps_of_many_are_steps_of_each(void **state)
{
    (void)state;
    static const double step[] = {0, 0.5, 1, 2, 0.1, 0.05, 0.25, 3, 1e-3, 1e-300}, special[] = {0, -0.0, 0.5, -0.5, 1.5, 2.5, 0.49999999999999994, 4.35, NAN, INFINITY, -INFINITY};
    static const double low[] = {0, -50, -INFINITY, -2e9}, high[] = {100, 60, INFINITY, 2e9};
    enum { N = 59 };
    lb_random random;
    lb_random_init(&random, 3, 1);
    for (size_t s = 0; s < LB_COUNT(step); s++)
        for (size_t l = 0; l < LB_COUNT(low); l++)
            for (int scale = 0; scale < 12; scale++) {
                double value[N], each[N];
                for (size_t i = 0; i < N; i++) {
                    value[i] = i < LB_COUNT(special) ? special[i] : lb_random_normal(&random) * pow(10, scale - 1);
                    if (i % 3 == 0 && step[s] > 1e-9) value[i] = (floor(value[i] / step[s]) + 0.5) * step[s]; /* halves of a step */
                    double x = !(value[i] >= low[l]) ? low[l] : value[i] > high[l] ? high[l] : value[i];
                    each[i] = trial_step(x, step[s]);
                }
                trial_steps(value, N, low[l], high[l], step[s]);
                assert_memory_equal(value, each, sizeof each);
            }
    assert_true(trial_step(2.5, 1) == 3 && trial_step(-2.5, 1) == -3 && trial_step(4.36, 0.1) == 4.4 && trial_step(41, 2) == 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_trial), cmocka_unit_test(people_meet_the_criteria), cmocka_unit_test(visits_stay_in_their_windows),
        cmocka_unit_test(allocations_replay),   cmocka_unit_test(minimisation_balances),    cmocka_unit_test(truth_is_recovered),
        cmocka_unit_test(bad_models_are_named), cmocka_unit_test(columns_are_those_of_the_whole_trial),
        cmocka_unit_test(steps_of_many_are_steps_of_each),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
