/* The disk refuses: every write and every sync of the database fails once, as a full disk and as a broken one; the database
 * is locked by another program; the allocator's journal cannot grow. A clear answer, nothing lost, nothing half there. */
#include "lumbar_test.h"
#include "faulty_disk.h"
#include "allocator/room.h"
#include "store/store.h"
#include "trial/conduct/kinds.h"

#include <signal.h>
#include <sys/resource.h>

#include <sqlite3.h>

static const lb_actor actor = {"u1", "coordinator", NULL, 0, false, true};

/* ---- saves under faults ---- */

typedef struct one {
    const char *key;
    int64_t count;
} one;

static int raise_count(lb_tx *tx, void *context, lb_error *err)
{
    one *o = context;
    const lb_record *before;
    int code = lb_tx_get(tx, LB_KIND_ENTRY, o->key, &before, err);
    if (code) return code;
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    o->count = before ? lb_get_int(before->body, "count", 0) + 1 : 1;
    lb_set_int(body, "count", o->count);
    char *text = lb_arena_alloc(lb_tx_arena(tx), 20001); /* several pages */
    memset(text, 'x', 20000);
    lb_set_text(body, "text", text);
    const lb_record record = {.kind = LB_KIND_ENTRY, .key = o->key, .site = "C01", .subject = "S1", .state = "complete", .body = body};
    const lb_change change = {"save", NULL, "1"};
    return lb_tx_put(tx, &record, before ? before->revision : 0, &change, err);
}

static int save(lb_store *store, one *o, lb_error *err)
{
    lb_arena *arena = lb_arena_new();
    int code = lb_store_write(store, &actor, arena, raise_count, o, err);
    lb_arena_free(arena);
    return code;
}

static int read_count(lb_tx *tx, void *context, lb_error *err)
{
    one *o = context;
    const lb_record *record;
    int code = lb_tx_get(tx, LB_KIND_ENTRY, o->key, &record, err);
    o->count = record ? lb_get_int(record->body, "count", 0) : 0;
    return code;
}

static int64_t count_of(lb_store *store)
{
    one o = {.key = "K"};
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    if (lb_store_read(store, &actor, arena, read_count, &o, &err)) fail_msg("%s", err.message);
    lb_arena_free(arena);
    return o.count;
}

static bool valid(lb_store *store)
{
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_value *out;
    if (lb_store_verify(store, arena, &out, &err)) fail_msg("%s", err.message);
    bool sound = lb_get_bool(out, "valid", false);
    lb_arena_free(arena);
    return sound;
}

static void fail_everywhere(int error, const char *words)
{
    char folder[200], where[240], command[260];
    snprintf(folder, sizeof folder, "%s/lumbar-faults-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof where, "%s/s.db", folder);
    const lb_store_options options = {.where = where, .create = true}; /* durable: the syncs are there to fail, too */
    lb_store *store;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_store_open(&options, &store, &err), LB_OK);
    int64_t kept = 0;
    size_t refused = 0;
    for (int at = 1; at <= 40; at++) {
        one o = {.key = "K"};
        disk.error = error;
        disk.stuck = at % 2;
        disk.countdown = at;
        int code = save(store, &o, &err);
        disk.countdown = 0;
        if (code) {
            refused++;
            bool at_sync = strstr(err.message, "cannot be read or written") != NULL; /* a full disk shows there as an I/O error */
            if (!strstr(err.message, words) && !at_sync) fail_msg("it says: %s", err.message);
            assert_non_null(strstr(err.message, "nothing was changed"));
            assert_true(err.hint[0] != '\0');
        } else {
            kept = o.count;
        }
        assert_int_equal(count_of(store), kept); /* refused: as before; acknowledged: there */
        assert_int_equal(save(store, &o, &err), LB_OK);
        assert_int_equal(o.count, ++kept);
    }
    assert_true(refused >= 5);
    assert_true(valid(store));
    lb_store_close(store);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void test_full_disk(void **state)
{
    (void)state;
    fail_everywhere(SQLITE_FULL, "disk is full");
}

static void test_broken_disk(void **state)
{
    (void)state;
    fail_everywhere(SQLITE_IOERR_WRITE, "cannot be read or written");
}

static void test_locked_by_another_program(void **state)
{
    (void)state;
    lb_store *store;
    lb_error err = LB_ERROR_INIT;
    sqlite3 *other;
    one o = {.key = "K"};
    assert_int_equal(lb_store_open_scratch(NULL, &store, &err), LB_OK);
    assert_int_equal(save(store, &o, &err), LB_OK);
    assert_int_equal(sqlite3_open_v2(lb_store_where(store), &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(other, 10000); /* the store may be at a checkpoint */
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(save(store, &o, &err), LB_FAILED);
    assert_non_null(strstr(err.message, "locked"));
    assert_int_equal(count_of(store), 1); /* readers go on */
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(save(store, &o, &err), LB_OK);
    assert_int_equal(o.count, 2);
    assert_true(valid(store));
    lb_store_close(store);
}

/* ---- a backup onto a full disk: there is never half of one ---- */

static void test_backup_on_a_full_disk(void **state)
{
    (void)state;
    lb_store *store;
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_value *out;
    char folder[200], backup[240];
    one o = {.key = "K"};
    snprintf(folder, sizeof folder, "%s/lumbar-full-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(backup, sizeof backup, "%s/b", folder);
    assert_int_equal(lb_store_open_scratch(NULL, &store, &err), LB_OK);
    assert_int_equal(save(store, &o, &err), LB_OK);
    struct rlimit usual, small;
    getrlimit(RLIMIT_FSIZE, &usual);
    small = usual;
    small.rlim_cur = 20000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int code = lb_store_backup(store, backup, arena, &out, &err);
    setrlimit(RLIMIT_FSIZE, &usual);
    assert_int_not_equal(code, LB_OK);
    assert_true(err.message[0]);
    assert_int_not_equal(access(backup, F_OK), 0);
    assert_int_equal(lb_store_backup(store, backup, arena, &out, &err), LB_OK);
    assert_int_equal(lb_store_backup(store, backup, arena, &out, &err), LB_FAILED); /* what is there is never overwritten, nor taken away */
    assert_int_equal(access(backup, F_OK), 0);
    lb_store_close(store);
    lb_arena_free(arena);
    char line[300];
    snprintf(line, sizeof line, "rm -rf '%s'", folder);
    assert_int_equal(system(line), 0);
}

/* ---- the allocator's journal: the file may not grow (RLIMIT_FSIZE stands for a full disk) ---- */

static void test_journal_cannot_grow(void **state)
{
    (void)state;
    static const char plan_text[] = "{\"trial\":\"T\",\"method\":\"permuted_blocks\",\"arms\":[\"A\",\"B\"],\"sizes\":[4]}";
    char folder[200], path[240], commitment[65];
    snprintf(folder, sizeof folder, "%s/lumbar-journal-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/key", folder);
    uint8_t *key;
    lb_error err = LB_ERROR_INIT;
    engine *e = engine_new();
    journal j;
    allocation *first, *second;
    assert_int_equal(lb_key_read(path, true, &key, &err), LB_OK);
    assert_int_equal(seed_create(folder, key, plan_text, strlen(plan_text), commitment, &err), LB_OK);
    assert_int_equal(seed_read(folder, key, e->arena, &e->plan, &err), LB_OK);
    assert_int_equal(journal_open(&j, folder, key, e, &err), LB_OK);
    lb_allocation_ask ask = {.subject = "S1", .stratum = "X", .by = "u"};
    assert_int_equal(engine_allocate(e, &ask, 1, &first, &err), LB_OK);
    journal_add(&j, e, first);
    assert_int_equal(journal_flush(&j, &err), LB_OK);
    struct rlimit usual, small;
    getrlimit(RLIMIT_FSIZE, &usual);
    small = usual;
    small.rlim_cur = (rlim_t)j.length + 20;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    ask.subject = "S2";
    assert_int_equal(engine_allocate(e, &ask, 2, &second, &err), LB_OK);
    unsigned arm = second->arm;
    journal_add(&j, e, second);
    assert_int_equal(journal_flush(&j, &err), LB_FAILED);
    assert_non_null(strstr(err.message, "nobody was randomised"));
    engine_forget(e, 1);
    setrlimit(RLIMIT_FSIZE, &usual);
    assert_null(engine_find(e, "S2"));
    ask.subject = "S3"; /* the slot is still there for whoever comes next */
    assert_int_equal(engine_allocate(e, &ask, 3, &second, &err), LB_OK);
    assert_int_equal(second->arm, arm);
    assert_int_equal(second->slot, 2);
    journal_add(&j, e, second);
    assert_int_equal(journal_flush(&j, &err), LB_OK);
    journal_close(&j);
    engine_free(e);
    e = engine_new();
    assert_int_equal(seed_read(folder, key, e->arena, &e->plan, &err), LB_OK);
    assert_int_equal(journal_open(&j, folder, key, e, &err), LB_OK);
    assert_int_equal(e->count, 2);
    assert_non_null(engine_find(e, "S3"));
    journal_close(&j);
    engine_free(e);
    lb_key_free(key);
    static const char *const files[] = {"key", "seed", "journal"};
    for (size_t i = 0; i < LB_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

int main(void)
{
    install_disk();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_broken_disk),
        cmocka_unit_test(test_locked_by_another_program),
        cmocka_unit_test(test_backup_on_a_full_disk),
        cmocka_unit_test(test_journal_cannot_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
