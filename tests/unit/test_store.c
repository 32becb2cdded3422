/* The store: revisions, conflicts, masks and sites, the audit's entries and chain, group commit, identities, seals, files,
 * snapshots. */
#include "lumbar_test.h"
#include "store_place.h"
#include "trial/conduct/kinds.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char *const home[] = {"C01"};
static const lb_actor everyone = {"u1", "coordinator", NULL, 0, false, true};
static const lb_actor masked = {"u2", "assessor", NULL, 0, true, true};
static const lb_actor local = {"u3", "coordinator", home, 1, false, true};
static const lb_actor admin = {"u4", "administrator", NULL, 0, false, false};

typedef struct job {
    const char *kind, *key, *site, *subject, *state, *json;
    bool reveals;
    int64_t expected;
} job;

static int put_body(lb_tx *tx, void *context, lb_error *err)
{
    const job *j = context;
    lb_value *body;
    lb_bytes bytes = {(const uint8_t *)j->json, strlen(j->json), "test"};
    int code = lb_json_read(&bytes, lb_tx_arena(tx), &body, err);
    if (code) return code;
    lb_record record = {.kind = j->kind, .key = j->key, .site = j->site, .subject = j->subject, .state = j->state, .reveals_arm = j->reveals, .body = body};
    lb_change change = {"save", NULL, "1"};
    return lb_tx_put(tx, &record, j->expected, &change, err);
}

static int put(lb_store *store, const lb_actor *actor, job j)
{
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    int code = lb_store_write(store, actor, arena, put_body, &j, &err);
    lb_arena_free(arena);
    return code;
}

static job entry(const char *key, const char *site, const char *json, bool reveals, int64_t expected)
{
    return (job){LB_KIND_ENTRY, key, site, "S1", "started", json, reveals, expected};
}

typedef struct tally {
    size_t records, entries;
    int64_t revision, last_seq;
    const char *body;
    char text[4096];
    lb_find find;
    lb_audit_find audit;
} tally;

static int count_record(void *context, const lb_record *record, lb_error *err)
{
    tally *t = context;
    (void)err;
    t->records++;
    t->revision = record->revision;
    assert_true(t->find.heads == (record->body == NULL));
    return LB_OK;
}

static int count_entry(void *context, const lb_audit *e, lb_error *err)
{
    tally *t = context;
    lb_buf before = {0}, after = {0};
    (void)err;
    t->entries++;
    t->last_seq = e->seq;
    if (e->before) lb_json_write(e->before, 0, &before);
    if (e->after) lb_json_write(e->after, 0, &after);
    size_t length = strlen(t->text);
    snprintf(t->text + length, sizeof t->text - length, "%s %s %s|", e->action, e->before ? before.data : "-", e->after ? after.data : "-");
    lb_buf_free(&before);
    lb_buf_free(&after);
    return LB_OK;
}

static int look(lb_tx *tx, void *context, lb_error *err)
{
    tally *t = context;
    int code = lb_tx_scan(tx, &t->find, count_record, t, err);
    return code ? code : lb_tx_audit(tx, &t->audit, count_entry, t, err);
}

static tally seen(lb_store *store, const lb_actor *actor, lb_find find)
{
    tally t = {.find = find};
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    if (lb_store_read(store, actor, arena, look, &t, &err)) fail_msg("%s", err.message);
    lb_arena_free(arena);
    return t;
}

static void test_revisions(void **state)
{
    (void)state;
    lb_store *store = scratch();
    assert_int_equal(put(store, &everyone, entry("S1|BL|ODI", "C01", "{\"values\":{\"a\":1,\"b\":2},\"score\":10}", false, 0)), LB_OK);
    assert_int_equal(put(store, &everyone, entry("S1|BL|ODI", "C01", "{\"values\":{\"a\":1}}", false, 0)), LB_CONFLICT);
    assert_int_equal(put(store, &everyone, entry("S1|BL|ODI", "C01", "{\"values\":{\"a\":3,\"b\":2},\"score\":10}", false, 1)), LB_OK);
    assert_int_equal(put(store, &everyone, entry("S1|BL|ODI", "C01", "{\"values\":{\"a\":3}}", false, 1)), LB_CONFLICT);
    assert_int_equal(put(store, &everyone, entry("S1|BL|ODI", "C01", "{\"values\":{\"a\":3}}", false, -1)), LB_OK);
    tally t = seen(store, &everyone, (lb_find){.kind = LB_KIND_ENTRY});
    assert_int_equal(t.records, 1);
    assert_int_equal(t.revision, 3);
    assert_string_equal(t.text, "save - {\"values\":{\"a\":1,\"b\":2},\"score\":10,\"@state\":\"started\"}|"
                                "save {\"values\":{\"a\":1}} {\"values\":{\"a\":3}}|"
                                "save {\"values\":{\"b\":2},\"score\":10} -|");
    lb_store_close(store);
}

static void test_masks_and_sites(void **state)
{
    (void)state;
    lb_store *store = scratch();
    assert_int_equal(put(store, &everyone, entry("S1|W1|DIARY", "C01", "{}", true, 0)), LB_OK);
    assert_int_equal(put(store, &everyone, entry("S1|BL|ODI", "C01", "{}", false, 0)), LB_OK);
    assert_int_equal(put(store, &everyone, entry("S2|BL|ODI", "C02", "{}", false, 0)), LB_OK);
    assert_int_equal(put(store, &everyone, (job){LB_KIND_SITE, "C02", NULL, NULL, "open", "{}", false, 0}), LB_OK);
    tally all = seen(store, &everyone, (lb_find){0}), no_arm = seen(store, &masked, (lb_find){0});
    tally one = seen(store, &local, (lb_find){0}), none = seen(store, &admin, (lb_find){0}), heads = seen(store, &everyone, (lb_find){.heads = true});
    assert_int_equal(all.records, 4);
    assert_int_equal(heads.records, 4);
    assert_int_equal(all.last_seq, 4);
    assert_int_equal(no_arm.records, 3);
    assert_int_equal(no_arm.entries, 3);
    assert_int_equal(no_arm.last_seq, 3); /* no gap where the hidden entry is */
    assert_int_equal(one.records, 3);
    assert_int_equal(none.records, 1);
    assert_int_equal(none.entries, 1);
    assert_int_equal(put(store, &masked, entry("S1|W2|DIARY", "C01", "{}", true, 0)), LB_FORBIDDEN);
    assert_int_equal(put(store, &masked, entry("S1|W1|DIARY", "C01", "{}", false, -1)), LB_FORBIDDEN);
    assert_int_equal(put(store, &local, entry("S2|BL|ODI", "C02", "{}", false, -1)), LB_FORBIDDEN);
    lb_store_close(store);
}

static int two_then_fail(lb_tx *tx, void *context, lb_error *err)
{
    job a = entry("A", "C01", "{}", false, 0);
    int code = put_body(tx, &a, err);
    assert_int_equal(code, LB_OK);
    return lb_fail(err, LB_BAD_DATA, "%s", (const char *)context);
}

typedef struct reading_ahead {
    bool write, there[3];
    int64_t revision;
} reading_ahead;

/* Reads ahead, then asks; a writer also writes twice over what was read ahead, and takes a draft away. */
static int read_ahead(lb_tx *tx, void *context, lb_error *err)
{
    reading_ahead *r = context;
    static const lb_name names[] = {{.kind = LB_KIND_ENTRY, .key = "S1|W1|DIARY"}, {.kind = LB_KIND_ENTRY, .key = "S1|BL|ODI"},
                                    {.kind = LB_KIND_ENTRY, .key = "nobody"}, {.kind = LB_KIND_DRAFT}, {.kind = LB_KIND_DRAFT, .key = "d"}};
    const lb_record *found;
    int code = lb_tx_ahead(tx, names, LB_COUNT(names), err);
    for (size_t i = 0; i < 3 && !code; i++) {
        code = lb_tx_get(tx, names[i].kind, names[i].key, &found, err);
        r->there[i] = found != NULL;
        if (i == 1 && found) r->revision = found->revision;
    }
    if (code || !r->write) return code;
    job first = entry("S1|BL|ODI", "C01", "{\"values\":{\"a\":8}}", false, r->revision);
    code = put_body(tx, &first, err);
    assert_int_equal(put_body(tx, &first, err), LB_CONFLICT); /* not what was read ahead: what is there now */
    first.expected++;
    if (!code) code = put_body(tx, &first, err);
    if (!code) code = lb_tx_get(tx, LB_KIND_ENTRY, "S1|BL|ODI", &found, err);
    r->revision = found ? found->revision : 0;
    if (!code) code = lb_tx_remove(tx, LB_KIND_DRAFT, "d", err);
    if (!code) code = lb_tx_get(tx, LB_KIND_DRAFT, "d", &found, err);
    assert_null(found);
    return code;
}

/* A request: what it will look at is read before it is known who asks; seen it is with their eyes. */
static int become(lb_tx *tx, void *context, lb_error *err)
{
    reading_ahead *r = context;
    static const lb_find whole = {.subject = "S1", .kinds = {LB_KIND_ENTRY}};
    static const lb_name names[] = {{.kind = LB_KIND_ENTRY, .key = "S1|W1|DIARY"}, {.find = &whole}};
    const lb_record *found;
    tally t = {0};
    int code = lb_tx_ahead(tx, names, LB_COUNT(names), err);
    lb_tx_become(tx, &masked);
    if (!code) code = lb_tx_get(tx, LB_KIND_ENTRY, "S1|W1|DIARY", &found, err);
    r->there[0] = !code && found;
    if (!code) code = lb_tx_get(tx, LB_KIND_ENTRY, "S1|BL|ODI", &found, err);
    r->there[1] = !code && found;
    if (!code) code = lb_tx_scan(tx, &whole, count_record, &t, err);
    r->revision = (int64_t)t.records;
    return code;
}

static void test_reading_ahead(void **state)
{
    (void)state;
    lb_store *store = scratch();
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(put(store, &everyone, entry("S1|W1|DIARY", "C01", "{}", true, 0)), LB_OK);
    assert_int_equal(put(store, &everyone, entry("S1|BL|ODI", "C01", "{\"values\":{\"a\":7}}", false, 0)), LB_OK);
    assert_int_equal(put(store, &everyone, (job){LB_KIND_DRAFT, "d", "C01", "S1", NULL, "{}", false, 0}), LB_OK);
    const lb_actor *const who[] = {&everyone, &masked, &admin};
    for (size_t i = 0; i < LB_COUNT(who); i++) {
        reading_ahead r = {.write = false};
        assert_int_equal(lb_store_read(store, who[i], arena, read_ahead, &r, &err), LB_OK);
        assert_true(r.there[0] == (i == 0)); /* the masked actor's W1 does not exist, the administrator's neither */
        assert_true(r.there[1] == (i < 2));
        assert_false(r.there[2]);
    }
    reading_ahead r = {.there = {true}};
    assert_int_equal(lb_store_read(store, &everyone, arena, become, &r, &err), LB_OK);
    assert_false(r.there[0]);
    assert_true(r.there[1]);
    assert_int_equal(r.revision, 1);
    r = (reading_ahead){.write = true};
    assert_int_equal(lb_store_write(store, &masked, arena, read_ahead, &r, &err), LB_OK);
    assert_false(r.there[0]);
    assert_true(r.there[1]);
    assert_int_equal(r.revision, 3);
    tally t = seen(store, &everyone, (lb_find){.kinds = {LB_KIND_ENTRY, LB_KIND_DRAFT}, .subject = "S1"});
    assert_int_equal(t.records, 2);
    lb_arena_free(arena);
    lb_store_close(store);
}

static void test_a_failed_body_leaves_nothing(void **state)
{
    (void)state;
    lb_store *store = scratch();
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_store_write(store, &everyone, arena, two_then_fail, "no", &err), LB_BAD_DATA);
    assert_string_equal(err.message, "no");
    tally t = seen(store, &everyone, (lb_find){0});
    assert_int_equal(t.records, 0);
    assert_int_equal(t.entries, 0);
    lb_arena_free(arena);
    lb_store_close(store);
}

static void *saver(void *context)
{
    lb_store *store = ((void **)context)[0];
    char key[32];
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "%s-%d", (const char *)((void **)context)[1], i);
        if (put(store, &everyone, entry(key, "C01", "{\"x\":1}", false, 0))) return "failed";
    }
    return NULL;
}

static void test_many_writers(void **state)
{
    (void)state;
    enum { THREADS = 24 };
    lb_store *store = scratch();
    pthread_t thread[THREADS];
    char name[THREADS][8];
    void *context[THREADS][2];
    for (int i = 0; i < THREADS; i++) {
        snprintf(name[i], sizeof name[i], "t%02d", i);
        context[i][0] = store;
        context[i][1] = name[i];
        assert_int_equal(pthread_create(&thread[i], NULL, saver, context[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(thread[i], &result);
        assert_null(result);
    }
    tally t = seen(store, &everyone, (lb_find){.kind = LB_KIND_ENTRY, .heads = true});
    assert_int_equal(t.records, THREADS * 20);
    assert_int_equal(t.last_seq, THREADS * 20);
    lb_store_close(store);
}

static int identity_body(lb_tx *tx, void *context, lb_error *err)
{
    lb_value *identity = lb_value_object(lb_tx_arena(tx));
    lb_set_text(identity, "name", context);
    return lb_tx_identity_put(tx, "S1", identity, "first", err);
}

static int identity_read(lb_tx *tx, void *context, lb_error *err)
{
    const lb_value *identity;
    int code = lb_tx_identity_get(tx, "S1", &identity, err);
    if (code) return code;
    snprintf(context, 64, "%s", lb_get_text(identity, "name", "nobody"));
    return LB_OK;
}

static void test_identities(void **state)
{
    (void)state;
    lb_store *store = scratch();
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    char name[64];
    assert_int_equal(lb_store_write(store, &everyone, arena, identity_body, "N1", &err), LB_NOT_FOUND);
    assert_int_equal(put(store, &everyone, (job){LB_KIND_SUBJECT, "S1", "C01", "S1", "screening", "{}", false, 0}), LB_OK);
    assert_int_equal(lb_store_write(store, &everyone, arena, identity_body, "N1", &err), LB_OK);
    assert_int_equal(lb_store_write(store, &everyone, arena, identity_body, "N2-secret", &err), LB_OK);
    assert_int_equal(lb_store_read(store, &local, arena, identity_read, name, &err), LB_OK);
    assert_string_equal(name, "N2-secret");
    assert_int_equal(lb_store_read(store, &admin, arena, identity_read, name, &err), LB_NOT_FOUND);
    tally t = seen(store, &everyone, (lb_find){0});
    assert_null(strstr(t.text, "N2-secret"));
    lb_arena_free(arena);
    lb_store_close(store);
}

static void test_seals(void **state)
{
    (void)state;
    lb_store *store = scratch();
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    const char *sealed, *again;
    lb_bytes opened;
    assert_int_equal(lb_store_seal(store, "arm|S1", "A", 1, arena, &sealed, &err), LB_OK);
    assert_int_equal(lb_store_seal(store, "arm|S1", "A", 1, arena, &again, &err), LB_OK);
    assert_string_not_equal(sealed, again);
    assert_int_equal(lb_store_open_seal(store, "arm|S1", sealed, arena, &opened, &err), LB_OK);
    assert_int_equal(opened.length, 1);
    assert_memory_equal(opened.data, "A", 1);
    assert_int_equal(lb_store_open_seal(store, "arm|S2", sealed, arena, &opened, &err), LB_BAD_DATA);
    char *changed = lb_arena_text(arena, sealed);
    changed[40] = changed[40] == 'A' ? 'B' : 'A';
    assert_int_equal(lb_store_open_seal(store, "arm|S1", changed, arena, &opened, &err), LB_BAD_DATA);
    assert_int_equal(lb_store_open_seal(store, "arm|S1", "!", arena, &opened, &err), LB_BAD_DATA);
    char sha[65];
    lb_bytes file = {(const uint8_t *)"hello", 5, "a.txt"};
    assert_int_equal(lb_store_file_put(store, &file, sha, &err), LB_OK);
    assert_int_equal(lb_store_file_put(store, &file, sha, &err), LB_OK);
    assert_int_equal(lb_store_file_get(store, sha, arena, &opened, &err), LB_OK);
    assert_memory_equal(opened.data, "hello", 5);
    assert_int_equal(lb_store_file_get(store, "../../etc/passwd", arena, &opened, &err), LB_NOT_FOUND);
    lb_arena_free(arena);
    lb_store_close(store);
}

static int freeze_body(lb_tx *tx, void *context, lb_error *err)
{
    const lb_frozen table[] = {{"participants", {(const uint8_t *)"id\n1\n", 5, "p"}, false, 1},
                               {"participants", {(const uint8_t *)"id,arm\n1,A\n", 11, "p"}, true, 1},
                               {"allocations", {(const uint8_t *)"id,arm\n1,A\n", 11, "a"}, true, 1}};
    return lb_tx_freeze(tx, context, NULL, table, 3, err);
}

static int thaw_body(lb_tx *tx, void *context, lb_error *err)
{
    lb_bytes bytes;
    int code = lb_tx_frozen(tx, "SN1", context, &bytes, err);
    if (code) return code;
    return bytes.length == (lb_tx_actor(tx)->masked ? 5 : 11) ? LB_OK : LB_FAILED;
}

static void test_snapshots(void **state)
{
    (void)state;
    lb_store *store = scratch();
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_store_write(store, &everyone, arena, freeze_body, "SN1", &err), LB_OK);
    assert_int_equal(lb_store_write(store, &everyone, arena, freeze_body, "SN1", &err), LB_CONFLICT);
    assert_int_equal(lb_store_read(store, &everyone, arena, thaw_body, "participants", &err), LB_OK);
    assert_int_equal(lb_store_read(store, &everyone, arena, thaw_body, "allocations", &err), LB_OK);
    assert_int_equal(lb_store_read(store, &masked, arena, thaw_body, "participants", &err), LB_OK);
    assert_int_equal(lb_store_read(store, &masked, arena, thaw_body, "allocations", &err), LB_NOT_FOUND);
    assert_int_equal(seen(store, &everyone, (lb_find){.kind = LB_KIND_SNAPSHOT}).records, 2);
    assert_int_equal(seen(store, &masked, (lb_find){.kind = LB_KIND_SNAPSHOT}).records, 1);
    lb_arena_free(arena);
    lb_store_close(store);
}

/* ---- verification: an untouched study has no fault; every way of touching it is found ---- */

typedef struct edit {
    const char *sql, *kind;
} edit;

static void study_on_disk(char folder[256], char where[300])
{
    snprintf(folder, 256, "%s/lumbar-verify-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(where, 300, "%s/s.db", folder);
    lb_store_options options = {.where = where, .create = true, .fast = true};
    lb_store *store, *second;
    lb_error err = LB_ERROR_INIT;
    char sha[65];
    if (lb_store_open(&options, &store, &err)) fail_msg("%s: %s", err.where, err.message);
    assert_int_equal(lb_store_open(&options, &second, &err), LB_CONFLICT);
    lb_arena *arena = lb_arena_new();
    assert_int_equal(put(store, &everyone, (job){LB_KIND_SUBJECT, "S1", "C01", "S1", "screening", "{}", false, 0}), LB_OK);
    assert_int_equal(lb_store_write(store, &everyone, arena, identity_body, "N1", &err), LB_OK);
    lb_bytes file = {(const uint8_t *)"scan", 4, "a.txt"};
    assert_int_equal(lb_store_file_put(store, &file, sha, &err), LB_OK);
    char body[128];
    snprintf(body, sizeof body, "{\"sha256\":\"%s\"}", sha);
    assert_int_equal(put(store, &everyone, (job){LB_KIND_FILE, "F1", "C01", "S1", NULL, body, false, 0}), LB_OK);
    for (int i = 0; i < 6; i++) {
        char key[16];
        snprintf(key, sizeof key, "S1|M%d|ODI", i);
        assert_int_equal(put(store, &everyone, entry(key, "C01", "{\"values\":{\"a\":1}}", i % 2, 0)), LB_OK);
    }
    assert_int_equal(lb_store_write(store, &everyone, arena, freeze_body, "SN1", &err), LB_OK);
    lb_arena_free(arena);
    lb_store_close(store);
}

static void run_sql(const char *where, const char *sql)
{
    char command[2048];
    snprintf(command, sizeof command, "%s", where);
    db *c;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(store_sqlite.open(command, true, false, true, &c, &err), LB_OK);
    lb_arena *arena = lb_arena_new();
    size_t count;
    char **part = lb_text_split(arena, sql, ';', &count);
    for (size_t i = 0; i < count; i++)
        if (store_sqlite.run(c, part[i], NULL, 0, NULL, NULL, NULL, &err)) fail_msg("%s: %s", part[i], err.message);
    lb_arena_free(arena);
    store_sqlite.close(c);
}

static void test_verification_finds_every_edit(void **state)
{
    (void)state;
    static const edit edits[] = {
        {"", NULL},
        {"UPDATE audit SET new_values = '{}' WHERE seq = 4", "entry_changed"},
        {"UPDATE audit SET at_us = at_us + 1 WHERE seq = 4", "entry_changed"},
        {"UPDATE audit SET who = 'u9' WHERE seq = 2", "entry_changed"},
        {"DELETE FROM audit WHERE seq = 5", "entry_missing"},
        {"UPDATE audit SET seq = 99 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 99", "entry_changed"},
        {"DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", "tail_cut"},
        {"UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 3) WHERE seq = (SELECT max(seq) FROM audit)", "rewritten"},
        {"UPDATE body SET json = replace(json, '1', '2') WHERE id = (SELECT body_id FROM record WHERE kind = 'entry' AND key = 'S1|M2|ODI')", "record_changed"},
        {"UPDATE record SET state = 'locked' WHERE key = 'S1|M1|ODI'", "record_changed"},
        {"UPDATE record SET reveals_arm = 0 WHERE key = 'S1|M1|ODI'", "record_changed"},
        {"DELETE FROM record WHERE key = 'S1|M3|ODI'", "record_missing"},
        {"UPDATE record SET key = 'S1|M9|ODI' WHERE key = 'S1|M3|ODI'", "record_without_entry"},
        {"UPDATE frozen SET bytes = CAST('id,arm' AS BLOB) WHERE name = 'allocations'", "table_changed"},
        {"DELETE FROM frozen WHERE name = 'allocations'", "table_missing"},
    };
    for (size_t i = 0; i < LB_COUNT(edits); i++) {
        char folder[256], where[300], command[400];
        study_on_disk(folder, where);
        run_sql(where, "DROP TRIGGER audit_kept; DROP TRIGGER audit_fixed");
        run_sql(where, edits[i].sql);
        lb_store_options options = {.where = where, .fast = true};
        lb_store *store;
        lb_error err = LB_ERROR_INIT;
        lb_arena *arena = lb_arena_new();
        lb_value *out;
        assert_int_equal(lb_store_open(&options, &store, &err), LB_OK);
        assert_int_equal(lb_store_verify(store, arena, &out, &err), LB_OK);
        const lb_value *faults = lb_get(out, "faults");
        bool found = false;
        for (size_t k = 0; k < faults->count; k++) found |= lb_text_equal(lb_get_text(faults->item[k], "kind", ""), edits[i].kind);
        assert_true(lb_get_bool(out, "valid", false) == (edits[i].kind == NULL));
        if (edits[i].kind && !found) fail_msg("%s was not found after: %s", edits[i].kind, edits[i].sql);
        assert_int_equal(lb_get_int(out, "files", 0), 1);
        lb_store_close(store);
        lb_arena_free(arena);
        snprintf(command, sizeof command, "rm -r '%s'", folder);
        assert_int_equal(system(command), 0);
    }
}

/* ---- the log of the database does not grow for ever while people write without a pause ---- */

static int large_body(lb_tx *tx, void *context, lb_error *err)
{
    char *text = lb_arena_alloc(lb_tx_arena(tx), 400001);
    memset(text, 'x', 400000);
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_text(body, "text", text);
    const lb_record record = {.kind = LB_KIND_DRAFT, .key = context, .body = body};
    return lb_tx_put(tx, &record, -1, NULL, err);
}

static void test_the_log_stays_small(void **state)
{
    (void)state;
    lb_store *store = scratch();
    if (strncmp(lb_store_where(store), "postgres", 8) == 0) {
        lb_store_close(store);
        skip();
    }
    char path[400];
    snprintf(path, sizeof path, "%s-wal", lb_store_where(store));
    struct stat st;
    off_t largest = 0;
    double until = lb_seconds() + 1;
    for (int i = 0; lb_seconds() < until || i < 220; i++) { /* some 90 MB at least */
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        assert_int_equal(lb_store_write(store, &everyone, arena, large_body, "D", &err), LB_OK);
        lb_arena_free(arena);
        if (i % 50 == 0) nanosleep(&(struct timespec){0, 100000000}, NULL);
        if (stat(path, &st) == 0 && st.st_size > largest) largest = st.st_size;
    }
    for (int i = 0; i < 3; i++) { /* the log begins anew with the next change, and is cut to its limit then */
        nanosleep(&(struct timespec){0, 700000000}, NULL);
        lb_arena *arena = lb_arena_new();
        lb_error err = LB_ERROR_INIT;
        assert_int_equal(lb_store_write(store, &everyone, arena, large_body, "D", &err), LB_OK);
        lb_arena_free(arena);
    }
    assert_int_equal(stat(path, &st), 0);
    assert_true(largest > 0);
    assert_true(st.st_size <= 64 << 20);
    lb_store_close(store);
}

/* ---- a backup while others write is one moment: every row of it is, hash for hash, the row of the original ---- */

typedef struct busy {
    lb_store *store;
    int number;
    const atomic_bool *stop;
    int64_t saved;
} busy;

static void *keep_writing(void *context)
{
    busy *b = context;
    char key[32];
    for (; !atomic_load(b->stop); b->saved++) {
        snprintf(key, sizeof key, "B%d-%d", b->number, (int)b->saved);
        if (put(b->store, &everyone, entry(key, "C01", "{\"values\":{\"x\":1,\"y\":\"two\"}}", false, 0))) return "failed";
    }
    return NULL;
}

typedef struct hashes {
    lb_buf text; /* of every entry, in order */
    int64_t below;
} hashes;

static int add_hash(void *context, const lb_audit *e, lb_error *err)
{
    (void)err;
    lb_buf_puts(&((hashes *)context)->text, e->hash);
    return 0;
}

static int all_hashes(lb_tx *tx, void *context, lb_error *err)
{
    return lb_tx_audit(tx, &(lb_audit_find){.seq_below = ((hashes *)context)->below}, add_hash, context, err);
}

static hashes hashes_of(lb_store *store, int64_t below)
{
    hashes h = {.below = below};
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    assert_int_equal(lb_store_read(store, &everyone, arena, all_hashes, &h, &err), LB_OK);
    lb_arena_free(arena);
    return h;
}

static void test_backup_under_load(void **state)
{
    (void)state;
    enum { WRITERS = 8 };
    static busy hands[WRITERS];
    pthread_t thread[WRITERS];
    atomic_bool stop = false;
    char folder[300], backup[330], restored[330], line[400];
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_value *out;
    lb_store *store = scratch(), *copy;
    snprintf(folder, sizeof folder, "%s/lumbar-backup-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(backup, sizeof backup, "%s/b", folder);
    snprintf(restored, sizeof restored, "%s/r.db", folder);
    for (int i = 0; i < WRITERS; i++) {
        hands[i] = (busy){store, i, &stop, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, keep_writing, &hands[i]), 0);
    }
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    if (lb_store_backup(store, backup, arena, &out, &err)) fail_msg("%s", err.message);
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        assert_null(failed);
        assert_true(hands[i].saved > 0);
    }
    if (lb_store_restore(backup, restored, arena, &out, &err)) fail_msg("%s", err.message);
    const lb_store_options options = {.where = restored, .keys = lb_store_keys(store)};
    if (lb_store_open(&options, &copy, &err)) fail_msg("%s", err.message);
    assert_int_equal(lb_store_verify(copy, arena, &out, &err), LB_OK);
    if (!lb_get_bool(out, "valid", false)) fail_msg("%s", lb_get_text(lb_path(out, "faults[0]"), "message", "?"));
    int64_t entries = lb_get_int(out, "entries", 0);
    assert_true(entries > 0);
    assert_int_equal(lb_get_int(out, "records", 0), entries); /* each entry made one record, and each record has its hash in its entry */
    hashes a = hashes_of(store, entries + 1), b = hashes_of(copy, entries + 1);
    assert_int_equal(b.text.length, 64 * (size_t)entries);
    assert_string_equal(a.text.data, b.text.data);
    lb_buf_free(&a.text);
    lb_buf_free(&b.text);
    lb_store_close(copy);
    lb_store_close(store);
    lb_arena_free(arena);
    snprintf(line, sizeof line, "rm -r '%s'", folder);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revisions),    cmocka_unit_test(test_masks_and_sites), cmocka_unit_test(test_a_failed_body_leaves_nothing),
        cmocka_unit_test(test_reading_ahead),
        cmocka_unit_test(test_many_writers), cmocka_unit_test(test_identities),      cmocka_unit_test(test_seals),
        cmocka_unit_test(test_snapshots),    cmocka_unit_test(test_verification_finds_every_edit),
        cmocka_unit_test(test_the_log_stays_small), cmocka_unit_test(test_backup_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
