/* Scans and readings: two readers masked to each other, what may change when, and the tables of a snapshot. */
#include "lumbar_test.h"
#include "store/store.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/scan.h"

static const lb_actor coordinator = {"co", "coordinator", NULL, 0, false, true};
static const lb_actor first = {"r1", "assessor", NULL, 0, true, true};
static const lb_actor second = {"r2", "assessor", NULL, 0, true, true};
static const lb_actor third = {"r3", "assessor", NULL, 0, true, true};
static const lb_actor manager = {"dm", "data_manager", NULL, 0, true, true};

typedef struct world {
    lb_store *store;
    lb_study *study;
    lb_arena *arena;
} world;

/* One step of a test: what to do and what came of it. */
typedef struct step {
    const char *what, *key, *text;
    const lb_study *study;
    int place;
    int64_t revision;
    bool done;
    lb_scan scan;
    const char *out;
    int64_t rows;
} step;

static lb_value *json(lb_arena *arena, const char *text)
{
    lb_value *value = NULL;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_json_read(&(lb_bytes){(const uint8_t *)text, strlen(text), "test"}, arena, &value, &err), LB_OK);
    return value;
}

static int person(lb_tx *tx, lb_error *err)
{
    lb_record record = {.kind = LB_KIND_SUBJECT, .key = "C01-001", .site = "C01", .subject = "C01-001", .state = "consented",
                        .body = json(lb_tx_arena(tx), "{\"site\":\"C01\"}")};
    return lb_tx_put(tx, &record, 0, &(lb_change){.action = "add"}, err);
}

static int run_step(lb_tx *tx, void *context, lb_error *err)
{
    step *s = context;
    lb_arena *arena = lb_tx_arena(tx);
    if (strcmp(s->what, "person") == 0) return person(tx, err);
    if (strcmp(s->what, "new") == 0) return lb_scan_new(tx, s->study, s->key, s->text, &s->out, err);
    if (strcmp(s->what, "file") == 0) return lb_scan_add_file(tx, s->key, s->text, "aa", 10, err);
    if (strcmp(s->what, "images") == 0) return lb_scan_set_images(tx, s->key, json(arena, "{\"image\":{\"sha256\":\"aa\"}}"), err);
    if (strcmp(s->what, "get") == 0) return lb_scan_get(tx, s->study, s->key, &s->scan, err);
    if (strcmp(s->what, "save") == 0)
        return lb_reading_save(tx, s->study, s->key, json(arena, s->text), s->revision, s->done, &s->revision, err);
    if (strcmp(s->what, "reopen") == 0) return lb_reading_reopen(tx, s->study, s->key, s->place, s->text, err);
    if (strcmp(s->what, "sign") == 0) return lb_scan_sign(tx, s->study, s->key, "areas are right", "bb", err);
    lb_buf csv = {0};
    int code = strcmp(s->what, "muscle") == 0 ? lb_scan_muscle_csv(tx, s->study, &csv, &s->rows, err)
                                              : lb_scan_radiomics_csv(tx, s->study, &csv, &s->rows, err);
    s->out = lb_arena_textn(arena, csv.data ? csv.data : "", csv.length);
    lb_buf_free(&csv);
    return code;
}

static int act(world *w, const lb_actor *actor, step *s)
{
    lb_error err = LB_ERROR_INIT;
    s->study = w->study;
    return lb_store_write(w->store, actor, w->arena, run_step, s, &err);
}
#define ACT(w, actor, ...) act((w), (actor), &(step){.what = __VA_ARGS__})

static void open_world(world *w)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    w->arena = lb_arena_new();
    assert_int_equal(lb_file_read(repository_file("studies/metnlbp.yaml"), 0, w->arena, &bytes, &err), LB_OK);
    assert_int_equal(lb_study_read(&bytes, w->arena, &w->study, NULL, &err), LB_OK);
    assert_int_equal(lb_store_open_scratch(NULL, &w->store, &err), LB_OK);
    assert_int_equal(ACT(w, &coordinator, "person"), LB_OK);
}

static void close_world(world *w)
{
    lb_store_close(w->store);
    lb_study_close(w->study);
    lb_arena_free(w->arena);
}

static step look(world *w, const lb_actor *actor, const char *key)
{
    step s = {.what = "get", .key = key};
    assert_int_equal(act(w, actor, &s), LB_OK);
    return s;
}

#define DRAWN(area)                                                                                                          \
    "{\"mask\":\"cc\",\"labels\":[{\"value\":1,\"muscle\":\"multifidus\",\"side\":\"left\"}],\"rows\":[{\"slice\":3,\"label\":1,"  \
    "\"csa_mm2\":1},{\"slice\":null,\"label\":1,\"muscle\":\"multifidus, \\\"deep\\\"\",\"level\":\"L4\",\"csa_mm2\":" area "}],"  \
    "\"features\":[{\"label\":1,\"original_firstorder_Mean\":0.1}]}"

static void ready_scan(world *w)
{
    step s = {.what = "new", .key = "C01-001", .text = "SCR"};
    assert_int_equal(act(w, &coordinator, &s), LB_OK);
    assert_string_equal(s.out, "C01-001|1");
    assert_int_equal(ACT(w, &first, "save", "C01-001|1", "{\"mask\":\"cc\"}"), LB_CONFLICT); /* still being received */
    assert_int_equal(ACT(w, &coordinator, "file", "C01-001|1", "a.dcm"), LB_OK);
    assert_int_equal(ACT(w, &coordinator, "file", "C01-001|1", "a.dcm"), LB_OK); /* sent again: still one file */
    assert_int_equal(ACT(w, &coordinator, "images", "C01-001|1"), LB_OK);
    step got = look(w, &coordinator, "C01-001|1");
    assert_int_equal(lb_get(got.scan.record->body, "files")->count, 1);
    assert_string_equal(got.scan.record->state, "ready");
}

static void readers_do_not_see_each_other(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    ready_scan(&w);
    const char *key = "C01-001|1";
    assert_int_equal(ACT(&w, &first, "save", key, "{\"mask\":\"cc\"}"), LB_OK);
    assert_int_equal(ACT(&w, &coordinator, "images", key), LB_CONFLICT); /* a reading has begun */
    step s = look(&w, &second, key);
    assert_true(s.scan.may_read);
    assert_null(s.scan.reading[0]);
    assert_int_equal(ACT(&w, &second, "save", key, "{\"mask\":\"dd\"}"), LB_OK);
    s = look(&w, &second, key);
    assert_int_equal(s.scan.mine, 1);
    assert_null(s.scan.reading[0]);
    assert_int_equal(s.scan.begun, 0); /* not even that there is another one */
    assert_false(look(&w, &third, key).scan.may_read);
    assert_int_equal(ACT(&w, &third, "save", key, "{\"mask\":\"ee\"}"), LB_CONFLICT);
    /* somebody else's revision, an empty finish */
    assert_int_equal(ACT(&w, &first, "save", key, "{\"mask\":\"c2\"}", .revision = 7), LB_CONFLICT);
    assert_int_equal(ACT(&w, &first, "save", key, "{\"mask\":\"c2\"}", .revision = 1, .done = true), LB_BAD_DATA);
    assert_int_equal(ACT(&w, &first, "save", key, DRAWN("800.5"), .revision = 1, .done = true), LB_OK);
    assert_int_equal(ACT(&w, &first, "save", key, DRAWN("801"), .revision = 2), LB_CONFLICT); /* it is finished */
    s = look(&w, &manager, key);
    assert_int_equal(s.scan.done, 1);
    assert_null(s.scan.reading[0]);
    assert_false(s.scan.open);
    assert_null(look(&w, &second, key).scan.reading[0]);
    assert_int_equal(ACT(&w, &manager, "sign", key), LB_CONFLICT);
    assert_int_equal(ACT(&w, &second, "save", key, DRAWN("790"), .revision = 1, .done = true), LB_OK);
    s = look(&w, &second, key);
    assert_true(s.scan.open);
    assert_non_null(s.scan.reading[0]);
    close_world(&w);
}

static void finished_readings_open_only_with_a_reason_and_before_the_signature(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    ready_scan(&w);
    const char *key = "C01-001|1";
    assert_int_equal(ACT(&w, &first, "save", key, DRAWN("800.5"), .done = true), LB_OK);
    assert_int_equal(ACT(&w, &second, "save", key, DRAWN("790"), .done = true), LB_OK);
    assert_int_equal(ACT(&w, &manager, "reopen", key, "", .place = 1), LB_BAD_DATA);
    assert_int_equal(ACT(&w, &manager, "reopen", key, "level mistaken", .place = 1), LB_OK);
    assert_false(look(&w, &first, key).scan.open);
    assert_int_equal(ACT(&w, &second, "save", key, DRAWN("795"), .revision = 2, .done = true), LB_OK);
    assert_int_equal(ACT(&w, &manager, "sign", key), LB_OK);
    assert_int_equal(ACT(&w, &manager, "sign", key), LB_CONFLICT);
    assert_int_equal(ACT(&w, &manager, "reopen", key, "late", .place = 1), LB_CONFLICT);
    step s = look(&w, &coordinator, key);
    assert_string_equal(lb_get_text(lb_get(s.scan.record->body, "signature"), "by", ""), "dm");
    close_world(&w);
}

static void tables_hold_finished_readings(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    ready_scan(&w);
    const char *key = "C01-001|1";
    assert_int_equal(ACT(&w, &first, "save", key, DRAWN("800.5"), .done = true), LB_OK);
    step s = {.what = "muscle"};
    assert_int_equal(act(&w, &manager, &s), LB_OK);
    assert_int_equal(s.rows, 0); /* before all are done there is nothing to see */
    assert_int_equal(ACT(&w, &second, "save", key, DRAWN("790"), .done = true), LB_OK);
    assert_int_equal(act(&w, &manager, &s), LB_OK);
    assert_int_equal(s.rows, 2);
    assert_string_equal(s.out, "subject,site,scan,visit,reader,label,muscle,level,csa_mm2\r\n"
                               "C01-001,C01,1,SCR,1,1,\"multifidus, \"\"deep\"\"\",L4,800.5\r\n"
                               "C01-001,C01,1,SCR,2,1,\"multifidus, \"\"deep\"\"\",L4,790\r\n");
    s.what = "radiomics";
    assert_int_equal(act(&w, &manager, &s), LB_OK);
    assert_int_equal(s.rows, 2);
    close_world(&w);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    world w;
    open_world(&w);
    assert_int_equal(ACT(&w, &coordinator, "new", "C01-999", "SCR"), LB_NOT_FOUND);
    assert_int_equal(ACT(&w, &coordinator, "new", "C01-001", "M99"), LB_BAD_DATA);
    assert_int_equal(ACT(&w, &coordinator, "get", "C01-001|4"), LB_NOT_FOUND);
    assert_int_equal(ACT(&w, &coordinator, "file", "C01-001|4", "a.dcm"), LB_NOT_FOUND);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_do_not_see_each_other),
        cmocka_unit_test(finished_readings_open_only_with_a_reason_and_before_the_signature),
        cmocka_unit_test(tables_hold_finished_readings),
        cmocka_unit_test(what_is_not_there_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
