/* The plan on a simulated METNLBP trial with known values (../shared/data/trialstats/sap_metnlbp_sim_a.json, from R's lm and
 * emmeans); tables against table1_prt.json; and plans that are wrong. */
#include "run_op.h"

#include "analysis/plan.h"

static const char plan_text[] =
    "plan: sim-a\nversion: \"1\"\ntitle: Simulated METNLBP\nseed: 3\nparticipants: people\n"
    "treatment: {column: arm, comparison: EXERCISE, reference: CONTROL}\n"
    "derive:\n"
    "  - {name: odi_m12, from: long, where: {visit: M12}, value: odi}\n"
    "  - {name: chg, expression: odi_m12 - odi0}\n"
    "sets:\n"
    "  - {id: itt, label: ITT}\n"
    "  - {id: men, label: Men, exclude: [{column: sex, is: F}]}\n"
    "flow: {last-visit: last_visit, reason: reason, analysed: odi_m12, visits: [BL, W6, M1, M3, M6, M12]}\n"
    "baseline: {by: arm, columns: [age, sex, odi0]}\n"
    "primary:\n"
    "  operation: analyse ancova\n"
    "  parameters: {formula: chg ~ odi0 + sex + centre + arm}\n"
    "  benefit: lower\n  mcid: 10\n"
    "margin_test: {margin: 10}\n"
    "sensitivity:\n"
    "  - {title: raw, operation: analyse ancova, same_as_primary: true, parameters: {formula: odi_m12 ~ odi0 + sex + centre + arm}}\n"
    "  - {title: proportional, operation: analyse ancova, parameters: {formula: chg ~ odi0 + sex + centre + arm, means: proportional}}\n"
    "  - {title: not here, operation: analyse crystal, parameters: {ball: 1}}\n";

typedef struct trial {
    lb_registry *registry;
    lb_arena *arena;
    lb_bytes people, visits;
    bool there;
} trial;

static trial load(void)
{
    trial t = {.registry = lb_registry_all(), .arena = lb_arena_new()};
    lb_error err = LB_ERROR_INIT;
    const char *path = shared_data("trialstats/metnlbp_sim_a_baseline.csv");
    t.there = path && lb_file_read(path, 0, t.arena, &t.people, &err) == 0;
    path = shared_data("trialstats/metnlbp_sim_a_long.csv");
    t.there = t.there && path && lb_file_read(path, 0, t.arena, &t.visits, &err) == 0;
    t.people.name = "people";
    t.visits.name = "long";
    return t;
}

static void unload(trial *t)
{
    lb_registry_free(t->registry);
    lb_arena_free(t->arena);
}

static int run_plan(trial *t, const char *text, lb_result **result, lb_error *err)
{
    lb_call *call = lb_call_new(t->registry, lb_registry_find(t->registry, "analyse", "plan"));
    lb_bytes plan = {(const uint8_t *)text, strlen(text), "test.plan.yaml"};
    *result = NULL;
    int code = lb_call_bind(call, "plan", &plan, err);
    if (!code) code = lb_call_bind(call, "data", &t->people, err);
    if (!code) code = lb_call_bind(call, "data", &t->visits, err);
    if (!code) code = lb_call_run(call, result, err);
    lb_call_free(call);
    return code;
}

static void the_primary_analysis(void **state)
{
    (void)state;
    trial t = load();
    lb_value *all = shared_json("trialstats/sap_metnlbp_sim_a.json", t.arena);
    if (!t.there || !all) {
        unload(&t);
        skip();
    }
    lb_error err = LB_ERROR_INIT;
    lb_result *result;
    if (run_plan(&t, plan_text, &result, &err)) fail_msg("%s: %s", err.where, err.message);
    const lb_value *got = lb_get(result->results, "primary"), *expected = lb_get(all, "results");
    const lb_value *row = lb_get(lb_get(expected, "primary_coef"), "armEXERCISE");
    assert_close(number_at(got, "estimate"), lb_get_number(row, "Estimate", NAN), 1e-10);
    assert_close(number_at(got, "se"), lb_get_number(row, "Std..Error", NAN), 1e-10);
    assert_close(number_at(got, "statistic"), lb_get_number(row, "t.value", NAN), 1e-10);
    assert_close(number_at(got, "p_two_sided"), lb_get_number(row, "Pr...t..", NAN), 1e-10);
    assert_close(number_at(got, "p_one_sided"), number_at(expected, "p_one_sided"), 1e-10);
    assert_close(number_at(got, "lower"), lb_number_of(lb_get(lb_get(expected, "ci95"), "2.5 %")), 1e-10);
    assert_close(number_at(got, "upper"), lb_number_of(lb_get(lb_get(expected, "ci95"), "97.5 %")), 1e-10);
    assert_true(number_at(got, "df") == 280 && number_at(got, "n") == 288);
    for (size_t i = 0; i < 2; i++) {
        const lb_value *mean = lb_get(got, "means")->item[i], *theirs = lb_get(expected, "lsmeans_equal")->item[i];
        assert_string_equal(lb_get_text(mean, "arm", ""), lb_get_text(theirs, "arm", "-"));
        assert_close(lb_get_number(mean, "estimate", NAN), lb_get_number(theirs, "emmean", NAN), 1e-10);
        assert_close(lb_get_number(mean, "se", NAN), lb_get_number(theirs, "SE", NAN), 1e-10);
        assert_close(lb_get_number(mean, "lower", NAN), lb_get_number(theirs, "lower.CL", NAN), 1e-10);
    }
    /* -7.29 (-10.68 to -3.90): superior, and a difference of 10 not excluded */
    assert_string_equal(lb_get_text(got, "mcid_reading", ""), "not excluded");
    assert_true(lb_get_bool(got, "superior", false));
    assert_true(lb_get_bool(lb_get(result->results, "margin_test"), "reached", false));
    assert_false(lb_get_bool(lb_get(result->results, "margin_test"), "superior_by_margin", true));
    assert_true(number_at(result->results, "raw_versus_change") < 1e-9);
    assert_string_equal(lb_get_text(lb_get(result->results, "not_run")->item[0], "title", ""), "not here");
    lb_result_free(result);
    unload(&t);
}

static const lb_value *titled(const lb_value *rows, const char *title)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(lb_get_text(rows->item[i], "title", ""), title) == 0) return rows->item[i];
    fail_msg("the report has no '%s'", title);
    return NULL;
}

/* The plan behind the shared trial has the recurrences and the mixed models, too: by name from one file, as a trial would run them. */
static void the_other_parts_of_the_plan(void **state)
{
    (void)state;
    trial t = load();
    lb_value *all = shared_json("trialstats/sap_metnlbp_sim_a.json", t.arena);
    lb_bytes plan;
    lb_error err = LB_ERROR_INIT;
    if (!t.there || !all) {
        unload(&t);
        skip();
    }
    assert_int_equal(lb_file_read(repository_file("reference/analysis/sim_a.plan.yaml"), 1 << 20, t.arena, &plan, &err), LB_OK);
    lb_result *result;
    if (run_plan(&t, lb_arena_textn(t.arena, (const char *)plan.data, plan.length), &result, &err)) fail_msg("%s: %s", err.where, err.message);
    const lb_value *rows = lb_get(result->results, "secondary"), *want = lb_get(all, "results");
    static const char *const ranks[][2] = {{"Recurrence, log-rank test", "logrank"}, {"Recurrence, log-rank test by stratum", "logrank_stratified"}};
    static const char *const hazards[][2] = {{"Recurrence, Cox model by stratum", "cox_stratified"}, {"Recurrence, adjusted Cox model", "cox_adjusted"}};
    for (size_t i = 0; i < 2; i++) {
        const lb_value *row = titled(rows, ranks[i][0]), *w = lb_get(want, ranks[i][1]);
        assert_close(number_at(row, "chisq"), number_at(w, "chisq"), 1e-10);
        assert_close(number_at(row, "p"), number_at(w, "p"), 1e-10);
        row = titled(rows, hazards[i][0]);
        w = lb_get(lb_get(want, hazards[i][1]), "armEXERCISE");
        assert_close(number_at(row, "estimate"), number_at(w, "coef"), 1e-9);
        assert_close(number_at(row, "se"), lb_get_number(w, "se.coef.", NAN), 1e-9);
        assert_close(number_at(row, "statistic"), number_at(w, "z"), 1e-9);
        assert_close(number_at(row, "p"), lb_get_number(w, "Pr...z..", NAN), 1e-9);
        assert_close(number_at(row, "hazard_ratio"), lb_get_number(w, "exp.coef.", NAN), 1e-9);
    }
    static const char *const others[] = {"Recurrence-free share", "Recurrence, proportional hazards", "Pain over the visits, centres and people random",
                                         "JOA score, a line for each person"};
    for (size_t i = 0; i < LB_COUNT(others); i++) assert_string_equal(lb_get_text(titled(rows, others[i]), "status", ""), "ok");
    lb_result_free(result);
    unload(&t);
}

static void the_flow_and_the_report(void **state)
{
    (void)state;
    trial t = load();
    lb_value *all = shared_json("trialstats/sap_metnlbp_sim_a.json", t.arena);
    if (!t.there || !all) {
        unload(&t);
        skip();
    }
    lb_error err = LB_ERROR_INIT;
    lb_result *result, *again;
    if (run_plan(&t, plan_text, &result, &err)) fail_msg("%s: %s", err.where, err.message);
    const lb_value *arms = lb_path(result->results, "flow.arms"), *flow = lb_path(all, "results.flow");
    for (size_t a = 0; a < 2; a++) {
        const lb_value *arm = arms->item[a], *theirs = lb_get(flow, lb_get_text(arm, "arm", ""));
        assert_int_equal(lb_get_int(arm, "randomised", -1), lb_get_int(theirs, "randomised", -2));
        const lb_value *reasons = lb_get(arm, "reasons"), *visits = lb_get(arm, "last_visit");
        assert_int_equal(reasons->count, lb_get(theirs, "reasons")->count);
        for (size_t i = 0; i < reasons->count; i++)
            assert_int_equal(lb_get_int(reasons->item[i], "n", -1),
                             lb_get_int(lb_get(theirs, "reasons"), lb_get_text(reasons->item[i], "reason", ""), -2));
        assert_int_equal(visits->count, 6);
        for (size_t i = 0; i < visits->count; i++)
            assert_int_equal(lb_get_int(visits->item[i], "n", -1),
                             lb_get_int(lb_get(theirs, "last_visit"), lb_get_text(visits->item[i], "visit", ""), -2));
    }
    assert_int_equal(run_plan(&t, plan_text, &again, &err), 0);
    assert_int_equal(result->artifact_count, 2); /* the same page and the same PDF, byte for byte */
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(result->artifact[k].length, again->artifact[k].length);
        assert_memory_equal(result->artifact[k].data, again->artifact[k].data, result->artifact[k].length);
    }
    const char *page = result->artifact[0].data;
    assert_non_null(strstr(page, "\xE2\x88\x92" "7.29"));
    assert_non_null(strstr(page, lb_get_text(lb_get(result->results, "plan"), "sha256", "?")));
    assert_non_null(strstr(page, "288"));
    assert_null(strstr(page, "http-equiv"));
    assert_null(strstr(page, "<script"));
    lb_result_free(result);
    lb_result_free(again);
    unload(&t);
}

static void wrong_plans_are_refused_with_their_line(void **state)
{
    (void)state;
    trial t = {.registry = lb_registry_all(), .arena = lb_arena_new()};
    static const char people[] = "id,arm,y,x\n1,A,1,2\n2,B,2,3\n3,A,2,1\n4,B,4,6\n5,A,1,4\n6,B,2,3\n";
    static const char visits[] = "id,visit,z\n1,V1,3\n";
    t.people = (lb_bytes){(const uint8_t *)people, sizeof people - 1, "participants"};
    t.visits = (lb_bytes){(const uint8_t *)visits, sizeof visits - 1, "visits"};
    static const char good[] = "plan: p\ntitle: T\ntreatment: {column: arm, comparison: B, reference: A}\n"
                               "primary: {operation: analyse ancova, parameters: {formula: y ~ x + arm}}\n";
    const struct {
        const char *plan, *where, *message;
    } bad[] = {
        {"plan: p\ntitle: T\ntreatmnt: {}\n", "test.plan.yaml:3", "no key 'treatmnt'"},
        {"plan: p\ntitle: T\ntreatment: {column: arm, comparison: B, reference: A}\n", "test.plan.yaml:1", "primary"},
        {"plan: p\ntitle: T\ntreatment: {column: arm, comparison: C, reference: A}\nprimary: {operation: analyse ancova}\n",
         "test.plan.yaml:3", "nobody is in the arm 'C'"},
        {"plan: p\ntitle: T\ntreatment: {column: arm, comparison: B, reference: A}\nprimary: {operation: analyse magic}\n",
         "test.plan.yaml:4", "not in this version"},
        {"plan: p\ntitle: T\ntreatment: {column: arm, comparison: B, reference: A}\nprimary: {operation: analyse ancova, parameters: {frmula: y}}\n",
         "test.plan.yaml:4", "no option --frmula"},
        {"plan: p\ntitle: T\ntreatment: {column: arm, comparison: B, reference: A}\nderive:\n  - {name: q, expression: nope - x}\nprimary: {operation: analyse ancova}\n",
         "test.plan.yaml:5", "nope"},
        {"plan: p\ntitle: T\ntreatment: {column: arm, comparison: B, reference: A}\nsets:\n  - {id: s, exclude: [{column: x, under: 3}]}\nprimary: {operation: analyse ancova}\n",
         "test.plan.yaml:5", "no key 'under'"},
        {"plan: p\ntitle: T\ntreatment: {column: arm, comparison: B, reference: A}\nprimary: {operation: analyse ancova, set: pp, parameters: {formula: y ~ arm}}\n",
         "test.plan.yaml:4", "no analysis set 'pp'"},
        {"plan: p\ntitle: T\ntreatment: {column: arm, comparison: B, reference: A}\nprimary: {operation: analyse ancova, benefit: down}\n",
         "test.plan.yaml:4", "benefit is 'down'"},
        {"- a\n- b\n", "test.plan.yaml:1", "mapping"},
        {"plan: p\n  title: [\n", "test.plan.yaml:", ""},
    };
    lb_result *result;
    lb_error err = LB_ERROR_INIT;
    if (run_plan(&t, good, &result, &err)) fail_msg("%s: %s", err.where, err.message);
    lb_result_free(result);
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        err = (lb_error)LB_ERROR_INIT;
        int code = run_plan(&t, bad[i].plan, &result, &err);
        if (code >= 0 || strncmp(err.where, bad[i].where, strlen(bad[i].where)) != 0 || !strstr(err.message, bad[i].message))
            fail_msg("plan %zu: code %d at '%s': %s", i, code, err.where, err.message);
    }
    unload(&t);
}

static void baseline_table_of_a_real_trial(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    lb_value *all = shared_json("trialstats/table1_prt.json", arena);
    if (!all) skip();
    char path[2048];
    snprintf(path, sizeof path, "%s", shared_data("trialstats/prt_backpain.csv"));
    for (int type = 2; type <= 7; type += 5) {
        op_run run = MUST_RUN("analyse", "describe", "data", path, "by", "group", "columns",
                              "age,backpain_length,pain_avg_pre,odi_pre,odi_post,pcs_pre,tsk11_pre,gender,education", "categorical",
                              "education", "quantile", type == 2 ? "2" : "7");
        const lb_value *rows = lb_get(run.result->results, "rows");
        size_t numbers = 0, counts = 0;
        for (size_t i = 0; i < rows->count; i++) {
            const lb_value *row = rows->item[i];
            const char *variable = lb_get_text(row, "variable", ""), *group = lb_get_text(row, "group", ""), *level = lb_get_text(row, "level", NULL);
            if (level) {
                const lb_value *theirs = lb_get(lb_get(lb_get(all, "results"), variable), group);
                assert_int_equal(lb_get_int(row, "count", -1), lb_get_int(theirs, level, -2));
                counts++;
                continue;
            }
            const lb_value *theirs = lb_get(lb_get(lb_path(all, "results.continuous"), group), variable);
            static const char *const same[] = {"n", "missing", "mean", "sd", "median", "min", "max"};
            for (size_t k = 0; k < LB_COUNT(same); k++)
                assert_close(lb_get_number(row, same[k], NAN), lb_get_number(theirs, same[k], NAN), 1e-13);
            assert_close(lb_get_number(row, "q1", NAN), lb_get_number(theirs, type == 2 ? "q1_type2" : "q1_type7", NAN), 1e-13);
            assert_close(lb_get_number(row, "q3", NAN), lb_get_number(theirs, type == 2 ? "q3_type2" : "q3_type7", NAN), 1e-13);
            numbers++;
        }
        assert_int_equal(numbers, 21);
        assert_int_equal(counts, 12);
        free_run(&run);
    }
    lb_arena_free(arena);
}

/* The rehearsal equals the plan run on a table whose arms alone were dealt anew: every number of its document is the same. */
static void a_rehearsal_changes_the_arms_alone(void **state)
{
    (void)state;
    trial t = load();
    if (!t.there) {
        unload(&t);
        skip();
    }
    lb_error err = LB_ERROR_INIT;
    lb_result *rehearsed, *scratch = lb_result_new("test"), *run;
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *people, *before;
    const char *text = lb_arena_printf(t.arena, "%srehearsal: {strata: [centre, sex]}\n", plan_text);
    lb_call *call = lb_call_new(t.registry, lb_registry_find(t.registry, "analyse", "rehearse"));
    lb_bytes plan = {(const uint8_t *)text, strlen(text), "test.plan.yaml"};
    lb_call_set_now(call, "2026-03-01T00:00:00Z");
    assert_int_equal(lb_call_bind(call, "plan", &plan, &err), 0);
    assert_int_equal(lb_call_bind(call, "data", &t.people, &err), 0);
    assert_int_equal(lb_call_bind(call, "data", &t.visits, &err), 0);
    assert_int_equal(lb_call_set(call, "seed", "7", &err), 0);
    if (lb_call_run(call, &rehearsed, &err)) fail_msg("%s: %s", err.where, err.message);
    lb_call_free(call);

    assert_int_equal(lb_csv_read(&t.people, &options, t.arena, &people, &err), 0);
    assert_int_equal(lb_csv_read(&t.people, &options, t.arena, &before, &err), 0);
    lb_value *root;
    assert_int_equal(lb_yaml_read(&plan, t.arena, &root, &err), 0);
    lb_plan own = {.arena = t.arena, .result = scratch, .root = root, .participants = people, .table = &people, .tables = 1, .id = "id",
                   .arm = "arm", .reference = "CONTROL", .comparison = "EXERCISE"};
    assert_int_equal(lb_plan_shuffle(&own, 7, &err), 0);
    size_t moved = 0;
    for (size_t c = 0; c < people->columns; c++) {
        const lb_column *a = &people->column[c], *b = &before->column[c];
        char x[64], y[64];
        size_t count[2][2] = {{0}};
        for (size_t r = 0; r < people->rows; r++) {
            bool same = strcmp(lb_column_text(a, r, x), lb_column_text(b, r, y)) == 0;
            if (strcmp(a->name, "arm") != 0) assert_true(same);
            else moved += !same, count[0][a->code[r]]++, count[1][b->code[r]]++;
        }
        assert_memory_equal(count[0], count[1], sizeof count[0]); /* as many in each arm as before */
    }
    assert_true(moved > 50);
    lb_buf csv = {0};
    lb_csv_write(people, false, &csv);
    t.people = (lb_bytes){(const uint8_t *)csv.data, csv.length, "people"};
    if (run_plan(&t, text, &run, &err)) fail_msg("%s: %s", err.where, err.message);
    static const char *const sections[] = {"primary", "margin_test", "sensitivity", "sets", "flow", "baseline"};
    for (size_t i = 0; i < LB_COUNT(sections); i++) {
        lb_buf x = {0}, y = {0};
        lb_json_write(lb_get(rehearsed->results, sections[i]), 0, &x);
        lb_json_write(lb_get(run->results, sections[i]), 0, &y);
        assert_string_equal(x.data, y.data);
        lb_buf_free(&x);
        lb_buf_free(&y);
    }
    lb_buf_free(&csv);
    lb_result_free(run);
    lb_result_free(rehearsed);
    lb_result_free(scratch);
    unload(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_primary_analysis), cmocka_unit_test(the_flow_and_the_report), cmocka_unit_test(the_other_parts_of_the_plan),
        cmocka_unit_test(a_rehearsal_changes_the_arms_alone), cmocka_unit_test(wrong_plans_are_refused_with_their_line), cmocka_unit_test(baseline_table_of_a_real_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
