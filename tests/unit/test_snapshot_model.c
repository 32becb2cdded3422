/* A study's snapshot and the prediction plan of METNLBP: readings of scans stand in the snapshot as long tables; the plan makes one row per
 * person of them. The witness is the simulation that the study was filled with: the plan's inputs from its wide tables must be the same. */
#include "lumbar_test.h"
#include "fill_scans.h"
#include "predict/widen.h"
#include "trial/conduct/snapshot.h"

enum { PEOPLE = 80, MOST_TABLES = 8 };

typedef struct world {
    lb_registry *registry;
    lb_arena *arena;
    lb_study *study;
    lb_result *simulated;
    const lb_value *tables;
    lb_store *store;
    const char *id;
    lb_bytes snapshot[3]; /* participants, radiomics, muscle */
} world;

static int read_frozen(lb_tx *tx, void *context, lb_error *err)
{
    static const char *const names[] = {"participants", "radiomics", "muscle"};
    world *w = context;
    int code = LB_OK;
    for (size_t i = 0; i < LB_COUNT(names) && !code; i++) {
        code = lb_tx_frozen(tx, w->id, names[i], &w->snapshot[i], err);
        w->snapshot[i].name = names[i];
    }
    return code;
}

static void open_world(world *w)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes protocol;
    lb_value *out;
    w->registry = lb_registry_all();
    w->arena = lb_arena_new();
    int code = lb_file_read(repository_file("studies/metnlbp.yaml"), 0, w->arena, &protocol, &err);
    if (!code) code = lb_study_read(&protocol, w->arena, &w->study, NULL, &err);
    if (!code && !(w->simulated = fill_simulate(w->registry, &protocol, PEOPLE, 7, &err))) code = 1;
    if (code) fail_msg("%s: %s", err.where, err.message);
    w->tables = lb_get(w->simulated->results, "tables");
    code = lb_store_open_scratch(NULL, &w->store, &err);
    if (!code) code = fill_study(w->store, w->study, w->tables, &err);
    if (!code) code = fill_scans(w->store, w->study, w->tables, &err);
    if (!code) code = lb_snapshot(w->store, &fill_actor, w->study, NULL, "first", w->arena, &out, &err);
    if (code) fail_msg("%s: %s", err.where, err.message);
    w->id = lb_get_text(out, "id", NULL);
    if (lb_store_read(w->store, &fill_actor, w->arena, read_frozen, w, &err)) fail_msg("%s", err.message);
}

static void close_world(world *w)
{
    lb_store_close(w->store);
    lb_result_free(w->simulated);
    lb_study_close(w->study);
    lb_registry_free(w->registry);
    lb_arena_free(w->arena);
}

static lb_bytes plan_text(world *w)
{
    lb_bytes bytes;
    lb_error err = LB_ERROR_INIT;
    if (lb_file_read(repository_file("studies/metnlbp.model.yaml"), 0, w->arena, &bytes, &err)) fail_msg("%s", err.message);
    return bytes;
}

static lb_bytes with(world *w, lb_bytes text, const char *from, const char *to)
{
    const char *all = lb_arena_textn(w->arena, (const char *)text.data, text.length), *at = strstr(all, from);
    if (!at) fail_msg("the plan does not hold '%s'", from);
    const char *out = lb_arena_printf(w->arena, "%.*s%s%s", (int)(at - all), all, to, at + strlen(from));
    return (lb_bytes){(const uint8_t *)out, strlen(out), "plan.yaml"};
}

static lb_table *as_table(world *w, const lb_bytes *bytes)
{
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_error err = LB_ERROR_INIT;
    lb_table *table;
    if (lb_csv_read(bytes, &options, w->arena, &table, &err)) fail_msg("%s: %s", err.where, err.message);
    return table;
}

static size_t simulated_tables(world *w, lb_table **table)
{
    static const char *const names[] = {"participants", "radiomics", "radiomics_second"};
    lb_error err = LB_ERROR_INIT;
    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (lb_table_from_value(lb_get(w->tables, names[i]), names[i], w->arena, &table[i], &err)) fail_msg("%s", err.message);
    return LB_COUNT(names);
}

static size_t snapshot_tables(world *w, lb_table **table)
{
    for (size_t i = 0; i < LB_COUNT(w->snapshot); i++) table[i] = as_table(w, &w->snapshot[i]);
    return LB_COUNT(w->snapshot);
}

static lb_model_people people_of(world *w, const lb_model_plan *plan, size_t outcome, lb_table *const *table, size_t tables)
{
    lb_error err = LB_ERROR_INIT;
    lb_model_people people;
    lb_table **wide;
    size_t count;
    (void)w;
    int code = lb_model_plan_widen(plan, table, tables, &wide, &count, NULL, &err);
    if (!code) code = lb_model_plan_people(plan, plan->outcome[outcome], wide, count, &people, &err);
    if (code) fail_msg("%s: %s", err.where, err.message);
    return people;
}

static const lb_input *input_named(const lb_model_people *people, const char *name)
{
    for (size_t i = 0; i < people->inputs; i++)
        if (strcmp(people->input[i].name, name) == 0) return &people->input[i];
    fail_msg("the snapshot gives no input %s", name);
    return NULL;
}

static void close_to(const char *name, size_t n, const double *got, const double *wanted)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - wanted[i]) <= 1e-12 * fmax(1, fabs(wanted[i]))) && !(isnan(got[i]) && isnan(wanted[i])))
            fail_msg("%s, person %zu: %.17g, not %.17g", name, i, got[i], wanted[i]);
}

/* A snapshot is in the order of the codes, a simulation in that of randomisation. */
static lb_table *in_order_of(world *w, const lb_table *table, const lb_table *other)
{
    char a[64], b[64];
    const lb_column *id = lb_table_find(table, "id"), *wanted = lb_table_find(other, "id");
    size_t *row = lb_arena_array(w->arena, other->rows + 1, sizeof *row), found = 0;
    for (size_t i = 0; i < other->rows; i++)
        for (size_t k = 0; k < table->rows; k++)
            if (strcmp(lb_column_text(id, k, a), lb_column_text(wanted, i, b)) == 0) row[found++] = k;
    assert_int_equal(found, table->rows);
    return lb_table_rows(table, row, found, w->arena);
}

/* The plan as it is shipped finds every column in a snapshot, with the values that went in. */
static void test_the_shipped_plan_reads_a_snapshot(void **state)
{
    (void)state;
    world w;
    lb_error err = LB_ERROR_INIT;
    lb_model_plan plan;
    lb_table *simulated[MOST_TABLES], *frozen[MOST_TABLES];
    open_world(&w);
    lb_bytes text = plan_text(&w);
    if (lb_model_plan_read(&text, w.arena, &plan, &err)) fail_msg("%s: %s", err.where, err.message);
    size_t a = simulated_tables(&w, simulated), b = snapshot_tables(&w, frozen);
    simulated[0] = in_order_of(&w, simulated[0], frozen[0]);
    assert_null(lb_table_find(frozen[1], "multifidus_original_shape_Sphericity")); /* it is long */
    assert_int_equal(plan.outcomes, 2);
    lb_model_people wanted = people_of(&w, &plan, 0, simulated, a), got = people_of(&w, &plan, 0, frozen, b);
    assert_int_equal(got.n, wanted.n);
    assert_int_equal(got.events, wanted.events);
    assert_int_equal(got.inputs, wanted.inputs);
    size_t repeats = 0;
    for (size_t k = 0; k < wanted.inputs; k++) {
        const lb_input *one = &wanted.input[k], *other = input_named(&got, one->name);
        close_to(one->name, got.n, other->value, one->value);
        assert_true(!one->repeat == !other->repeat);
        for (size_t i = 0; one->repeat && i < got.n; i++, repeats++)
            close_to(one->name, 1, &other->repeat[i], isnan(one->repeat[i]) ? &one->value[i] : &one->repeat[i]);
    }
    assert_true(repeats > 20 * got.n);
    lb_model_people recurrence = people_of(&w, &plan, 1, frozen, b);
    assert_int_equal(recurrence.inputs, wanted.inputs);
    assert_true(recurrence.events > 0);
    assert_int_equal(recurrence.known, recurrence.n); /* asked for the last time on day 360, free of it at 365 */
    assert_int_equal(recurrence.censored, 0);
    close_world(&w);
}

static int train(world *w, lb_bytes plan, lb_result **result, lb_error *err)
{
    lb_call *call = lb_call_new(w->registry, lb_registry_find(w->registry, "predict", "train"));
    int code = lb_call_bind(call, "plan", &plan, err);
    for (size_t i = 0; i < LB_COUNT(w->snapshot) && !code; i++) code = lb_call_bind(call, "data", &w->snapshot[i], err);
    *result = NULL;
    if (!code) code = lb_call_run(call, result, err);
    lb_call_free(call);
    return code;
}

static void test_from_snapshot_to_model(void **state)
{
    (void)state;
    world w;
    lb_error err = LB_ERROR_INIT;
    lb_result *result;
    open_world(&w);
    lb_bytes plan = with(&w, plan_text(&w), "folds: 5, bootstrap: 100, permutations: 20}", "folds: 2, bootstrap: 1, permutations: 1}");
    plan = with(&w, with(&w, plan, "refits: 100", "refits: 1"), "trees: 100", "trees: 5");
    if (train(&w, plan, &result, &err)) fail_msg("%s: %s", err.where, err.message);
    const lb_value *outcomes = lb_get(result->results, "outcomes");
    assert_int_equal(outcomes->count, 2);
    for (size_t i = 0; i < outcomes->count; i++) {
        assert_int_equal(lb_get_int(lb_get(outcomes->item[i], "ledger"), "leaks", -1), 0);
        assert_non_null(lb_get_text(outcomes->item[i], "model_sha256", NULL));
    }
    lb_result_free(result);
    close_world(&w);
}

static void test_what_does_not_fit_is_said(void **state)
{
    (void)state;
    static const struct { const char *from, *to, *message; } cases[] = {
        {"- table: radiomics\n", "- table: radiomix\n", "no table called 'radiomix' to widen"},
        {"visit: [SCR, BL]", "visit: [M03]", "no row of visit 'M03' by the first reader"},
        {"      latest: scan\n", "", "two rows of "},
        {"      mean_over: [side]\n", "", "two rows of "},
        {"first: 1", "first: 7", "by the first reader"},
        {"prefix: [muscle]", "prefix: [muscles]", "no column 'muscles'"},
        {"columns: [original_*]", "columns: [wavelet_*]", "none of the columns to widen"},
        {"columns: [original_*]", "columns: [original_*]\n      sides: both", "no key 'sides'"},
        {"  second_reading: radiomics_second\n", "", "a second reader needs data.second_reading"},
    };
    world w;
    open_world(&w);
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        lb_error err = LB_ERROR_INIT;
        lb_result *result;
        int code = train(&w, with(&w, plan_text(&w), cases[i].from, cases[i].to), &result, &err);
        if (!code || !strstr(err.message, cases[i].message)) fail_msg("%s: '%s', not '%s'", cases[i].to, err.message, cases[i].message);
        lb_result_free(result);
    }
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_shipped_plan_reads_a_snapshot),
        cmocka_unit_test(test_from_snapshot_to_model),
        cmocka_unit_test(test_what_does_not_fit_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
