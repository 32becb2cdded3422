/* Snapshots: a simulated trial put into a store comes out with the same values, the plan gives the same answer on it, and
 * the open form of every table is the same when all arms are swapped. */
#include "lumbar_test.h"
#include "fill_study.h"
#include "trial/conduct/snapshot.h"

enum { PEOPLE = 60 };

typedef struct world {
    lb_registry *registry;
    lb_arena *arena;
    lb_bytes protocol;
    lb_study *study;
    lb_result *simulated;
    const lb_value *tables;
    lb_store *store;
} world;

static void open_world(world *w, const char *file)
{
    lb_error err = LB_ERROR_INIT;
    w->registry = lb_registry_all();
    w->arena = lb_arena_new();
    if (lb_file_read(repository_file(file), 0, w->arena, &w->protocol, &err)) fail_msg("%s", err.message);
    if (lb_study_read(&w->protocol, w->arena, &w->study, NULL, &err)) fail_msg("%s", err.message);
    w->simulated = fill_simulate(w->registry, &w->protocol, PEOPLE, 7, &err);
    if (!w->simulated) fail_msg("%s: %s", err.where, err.message);
    w->tables = lb_get(w->simulated->results, "tables");
    if (lb_store_open_scratch(NULL, &w->store, &err)) fail_msg("%s", err.message);
    if (fill_study(w->store, w->study, w->tables, &err)) fail_msg("%s: %s", err.where, err.message);
}

static void close_world(world *w)
{
    lb_store_close(w->store);
    lb_result_free(w->simulated);
    lb_study_close(w->study);
    lb_registry_free(w->registry);
    lb_arena_free(w->arena);
}

typedef struct wanted {
    const char *id, *table;
    lb_bytes bytes;
} wanted;

static int read_table(lb_tx *tx, void *context, lb_error *err)
{
    wanted *t = context;
    return lb_tx_frozen(tx, t->id, t->table, &t->bytes, err);
}

static lb_bytes frozen(world *w, const lb_actor *actor, const char *id, const char *table)
{
    lb_error err = LB_ERROR_INIT;
    wanted t = {.id = id, .table = table};
    if (lb_store_read(w->store, actor, w->arena, read_table, &t, &err)) fail_msg("%s: %s", table, err.message);
    return t.bytes;
}

static lb_table *as_table(world *w, const lb_bytes *bytes)
{
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_error err = LB_ERROR_INIT;
    lb_table *table;
    if (lb_csv_read(bytes, &options, w->arena, &table, &err)) fail_msg("%s: %s", err.where, err.message);
    return table;
}

static const char *snapshot(world *w)
{
    lb_value *out;
    lb_error err = LB_ERROR_INIT;
    if (lb_snapshot(w->store, &fill_actor, w->study, NULL, "first", w->arena, &out, &err)) fail_msg("%s: %s", err.where, err.message);
    return lb_get_text(out, "id", NULL);
}

static size_t row_of(const lb_table *table, const char *id)
{
    char cell[64];
    const lb_column *column = lb_table_find(table, "id");
    for (size_t i = 0; i < table->rows; i++)
        if (strcmp(lb_column_text(column, i, cell), id) == 0) return i;
    fail_msg("%s is not in the table", id);
    return 0;
}

/* Every value of the simulated table that a record could hold, cell by cell. */
static void compare(const lb_table *got, const lb_value *rows, const char *const *names, size_t count)
{
    char cell[64], number[32];
    assert_int_equal(got->rows, rows->count);
    for (size_t i = 0; i < rows->count; i++) {
        size_t row = row_of(got, lb_get_text(rows->item[i], "id", ""));
        for (size_t k = 0; k < count; k++) {
            const lb_column *column = lb_table_find(got, names[k]);
            const lb_value *value = lb_get(rows->item[i], names[k]);
            if (!column) fail_msg("there is no column %s", names[k]);
            const char *text = !value || value->type == LB_NULL ? "" : value->type == LB_STRING ? value->text : lb_number_text(lb_number_of(value), number);
            assert_string_equal(lb_column_text(column, row, cell), text);
        }
    }
}

static double primary_estimate(world *w, const lb_bytes *participants, const lb_bytes *visits)
{
    lb_error err = LB_ERROR_INIT;
    lb_call *call = lb_call_new(w->registry, lb_registry_find(w->registry, "analyse", "ancova"));
    lb_result *result = NULL;
    (void)visits;
    int code = lb_call_bind(call, "data", participants, &err);
    if (!code) code = lb_call_set(call, "formula", "odi_12m ~ odi_0 + sex + centre + arm", &err);
    if (!code) code = lb_call_set(call, "treatment", "arm", &err);
    if (!code) code = lb_call_run(call, &result, &err);
    if (code) fail_msg("%s: %s", err.where, err.message);
    double estimate = lb_get_number(lb_path(result->results, "contrasts[0]"), "estimate", NAN);
    lb_result_free(result);
    lb_call_free(call);
    return estimate;
}

static void test_what_went_in_comes_out(void **state)
{
    (void)state;
    world w;
    open_world(&w, "studies/metnlbp.yaml");
    const char *id = snapshot(&w);
    static const char *const names[] = {"centre", "sex", "arm", "stratum", "randomised_on", "age", "bmi", "smoker", "load", "ff", "goutallier",
                                        "odi_0", "odi_12m", "odi_407d", "vas_0", "joa_0", "response"};
    lb_bytes participants = frozen(&w, &fill_actor, id, "participants"), visits = frozen(&w, &fill_actor, id, "visits");
    compare(as_table(&w, &participants), lb_get(w.tables, "participants"), names, LB_COUNT(names));
    const lb_table *v = as_table(&w, &visits);
    static const char *const scores[] = {"id", "visit", "day", "odi", "vas", "joa"};
    for (size_t k = 0; k < LB_COUNT(scores); k++) assert_non_null(lb_table_find(v, scores[k]));
    lb_table *simulated;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_table_from_value(lb_get(w.tables, "participants"), "participants", w.arena, &simulated, &err), LB_OK);
    lb_buf csv = {0};
    lb_csv_write(simulated, true, &csv);
    lb_bytes direct = {(const uint8_t *)csv.data, csv.length, "participants.csv"};
    double a = primary_estimate(&w, &participants, &visits), b = primary_estimate(&w, &direct, NULL);
    assert_true(a == b && !isnan(a));
    lb_buf_free(&csv);
    close_world(&w);
}

static void test_open_forms_do_not_know_the_arm(void **state)
{
    (void)state;
    static const lb_actor masked = {"m", "statistician", NULL, 0, true, true};
    world w;
    open_world(&w, "studies/metnlbp.yaml");
    const char *id = snapshot(&w);
    /* The same trial with every arm swapped. */
    world x = w;
    lb_error err = LB_ERROR_INIT;
    const lb_value *rows = lb_get(w.tables, "participants");
    for (size_t i = 0; i < rows->count; i++) {
        bool first = lb_text_equal(lb_get_text(rows->item[i], "arm", ""), w.study->arm[0].id);
        lb_set_text(rows->item[i], "arm", w.study->arm[first ? 1 : 0].id);
    }
    assert_int_equal(lb_store_open_scratch(NULL, &x.store, &err), LB_OK);
    if (fill_study(x.store, x.study, x.tables, &err)) fail_msg("%s", err.message);
    const char *other = snapshot(&x);
    static const char *const tables[] = {"participants", "visits", "screening", "allocations", "adverse_events", "form_odi"};
    for (size_t i = 0; i < LB_COUNT(tables); i++) {
        lb_bytes a = frozen(&w, &masked, id, tables[i]), b = frozen(&x, &masked, other, tables[i]);
        assert_int_equal(a.length, b.length);
        assert_memory_equal(a.data, b.data, a.length);
    }
    lb_bytes a = frozen(&w, &fill_actor, id, "participants"), b = frozen(&x, &fill_actor, other, "participants");
    assert_true(a.length != b.length || memcmp(a.data, b.data, a.length) != 0);
    lb_store_close(x.store);
    close_world(&w);
}

static void test_the_other_study(void **state)
{
    (void)state;
    world w;
    open_world(&w, "studies/modic.yaml");
    const char *id = snapshot(&w);
    static const char *const names[] = {"centre", "sex", "arm", "randomised_on", "nrs_0", "nrs_10w", "nrs_12m", "rmdq_0", "rmdq_12m"};
    lb_bytes participants = frozen(&w, &fill_actor, id, "participants");
    compare(as_table(&w, &participants), lb_get(w.tables, "participants"), names, LB_COUNT(names));
    lb_buf codebook = {0};
    lb_tables_codebook(w.study, "participants", true, &codebook);
    assert_non_null(strstr(codebook.data, "nrs_12m"));
    lb_buf_free(&codebook);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_went_in_comes_out),
        cmocka_unit_test(test_open_forms_do_not_know_the_arm),
        cmocka_unit_test(test_the_other_study),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
