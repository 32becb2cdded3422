/* Bodies that share one commit: what each asks for is read ahead for all of them at once, one that fails takes nobody else's change
 * away. */
#include "lumbar_test.h"
#include "store_place.h"
#include "trial/conduct/kinds.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const lb_actor everyone = {"u1", "coordinator", NULL, 0, false, true};
/* One that each body asks for itself, and one that is asked for all of them in one statement. */
static const lb_find of_the_person = {.kind = LB_KIND_ENTRY, .subject = "S1"}, of_the_visit = {.kind = LB_KIND_ENTRY, .parent = "BL"};

static int put(lb_tx *tx, const char *key, int x, int64_t expected, lb_error *err)
{
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_int(body, "x", x);
    const lb_record record = {.kind = LB_KIND_ENTRY, .key = key, .site = "C01", .subject = "S1", .parent = "BL", .state = "started", .body = body};
    return lb_tx_put(tx, &record, expected, &(lb_change){"save", NULL, "1"}, err);
}

static int count_record(void *context, const lb_record *record, lb_error *err)
{
    (void)record;
    (void)err;
    ++*(int *)context;
    return LB_OK;
}

typedef struct looking {
    const char *key;
    int x;
} looking;

static int look_at(lb_tx *tx, void *context, lb_error *err)
{
    looking *l = context;
    const lb_record *found;
    int code = lb_tx_get(tx, LB_KIND_ENTRY, l->key, &found, err);
    l->x = found ? (int)lb_get_int(found->body, "x", 0) : 0;
    return code;
}

static bool valid(lb_store *store)
{
    lb_arena *arena = lb_arena_new();
    lb_value *out = NULL;
    lb_error err = LB_ERROR_INIT;
    assert_int_equal(lb_store_verify(store, arena, &out, &err), LB_OK);
    bool is = lb_get_bool(out, "valid", false);
    lb_arena_free(arena);
    return is;
}

typedef struct shared_commit {
    lb_store *store;
    atomic_int *gate; /* the first body holds the writer until the others have queued */
    const char *key, *other;
    int wanted, code; /* code: what the caller was told */
    bool fails, looks;
    const lb_find *scan;
} shared_commit;

static int hold_the_writer(lb_tx *tx, void *context, lb_error *err)
{
    shared_commit *s = context;
    (void)tx;
    (void)err;
    while (atomic_load(s->gate) < s->wanted) usleep(1000);
    usleep(100000); /* the last of them is on its way into the queue */
    return LB_OK;
}

/* Counts its keys up by one each; a scan in between sees what it has written itself. */
static int count_up(lb_tx *tx, void *context, lb_error *err)
{
    shared_commit *s = context;
    const char *const key[] = {s->key, s->other};
    int there = 0, seen = 0, added = 0, code = lb_tx_scan(tx, s->scan, count_record, &there, err);
    for (size_t i = 0; i < 2 && key[i] && !code; i++) {
        const lb_record *found;
        code = lb_tx_get(tx, LB_KIND_ENTRY, key[i], &found, err);
        if (code) return code;
        added += found == NULL;
        code = put(tx, key[i], found ? (int)lb_get_int(found->body, "x", 0) + 1 : 1, found ? found->revision : 0, err);
    }
    if (!code && s->looks) code = lb_tx_scan(tx, s->scan, count_record, &seen, err);
    if (!code && s->looks && seen != there + added) code = lb_fail(err, LB_FAILED, "the scan saw %d of %d", seen, there + added);
    return code || !s->fails ? code : lb_fail(err, LB_BAD_DATA, "not this one");
}

static void *ask_for_it(void *context)
{
    shared_commit *s = context;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    const lb_name name[] = {{.kind = LB_KIND_ENTRY, .key = s->key}, {.kind = LB_KIND_ENTRY, .key = s->other}, {.find = s->scan}};
    atomic_fetch_add(s->gate, 1);
    s->code = lb_store_write_ahead(s->store, &everyone, arena, name, LB_COUNT(name), s->wanted ? hold_the_writer : count_up, s, &err);
    lb_arena_free(arena);
    return NULL;
}

static int value_of(lb_store *store, const char *key)
{
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    looking l = {key, -1};
    assert_int_equal(lb_store_read(store, &everyone, arena, look_at, &l, &err), LB_OK);
    lb_arena_free(arena);
    return l.x;
}

/* What one of them read ahead is not what the one before it in the same commit has made of it; one that fails, or that a database
 * cannot take, goes alone. */
static void share_a_commit(const lb_find *scan)
{
    enum { N = 9 };
    lb_store *store = scratch();
    char long_key[2000];
    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    atomic_int gate = 0;
    shared_commit all[N] = {
        {store, &gate, "first", NULL, N, -1, false, false, scan}, {store, &gate, "A", "B", 0, -1, false, false, scan},
        {store, &gate, "A", "B", 0, -1, false, true, scan},       {store, &gate, "A", "C", 0, -1, true, false, scan},
        {store, &gate, "A", "C", 0, -1, true, true, scan},        {store, &gate, "B", "C", 0, -1, false, true, scan},
        {store, &gate, "C", "no UTF-8: \xff\xfe", 0, -1, false, false, scan},
        {store, &gate, "C", long_key, 0, -1, false, true, scan},  {store, &gate, "A", "D", 0, -1, false, false, scan},
    };
    pthread_t thread[N];
    lb_store_counts before, after;
    lb_store_count(store, &before);
    for (int i = 0; i < N; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, ask_for_it, &all[i]), 0);
        while (atomic_load(&gate) < i + 1) usleep(1000);
    }
    for (int i = 0; i < N; i++) pthread_join(thread[i], NULL);
    lb_store_count(store, &after);
    assert_int_equal(after.commits - before.commits, 2); /* the first one's, and that of all the others */
    const int told[N] = {LB_OK, LB_OK, LB_OK, LB_BAD_DATA, LB_BAD_DATA, LB_OK, -1, LB_TOO_LARGE, LB_OK};
    for (int i = 0; i < N; i++)
        if (told[i] >= 0) assert_int_equal(all[i].code, told[i]);
    bool kept = all[6].code == LB_OK; /* a file keeps any bytes; PostgreSQL refuses them */
    assert_int_equal(value_of(store, "A"), 3);
    assert_int_equal(value_of(store, "B"), 3);
    assert_int_equal(value_of(store, "C"), 1 + kept);
    assert_int_equal(value_of(store, "D"), 1);
    assert_true(valid(store));
    lb_store_close(store);
}

static void test_a_shared_commit(void **state)
{
    (void)state;
    share_a_commit(&of_the_person);
    share_a_commit(&of_the_visit);
}

/* More names than one statement takes: nobody gets what another asked for. */
static void test_a_large_commit(void **state)
{
    (void)state;
    enum { N = 150 };
    static shared_commit all[N];
    static pthread_t thread[N];
    static char key[N][16];
    lb_store *store = scratch();
    for (int round = 0; round < 2; round++) {
        atomic_int gate = 0;
        for (int i = 0; i < N; i++) {
            snprintf(key[i], sizeof key[i], "K%d", i);
            all[i] = (shared_commit){store, &gate, key[i], i % 10 ? key[i - i % 10] : NULL, i ? 0 : N, -1, false, true, &of_the_visit};
            assert_int_equal(pthread_create(&thread[i], NULL, ask_for_it, &all[i]), 0);
            while (atomic_load(&gate) < i + 1) usleep(1000);
        }
        for (int i = 0; i < N; i++) {
            pthread_join(thread[i], NULL);
            assert_int_equal(all[i].code, LB_OK);
        }
    }
    for (int i = 1; i < N; i++) assert_int_equal(value_of(store, key[i]), i % 10 ? 2 : 20);
    assert_int_equal(value_of(store, key[0]), 18); /* its own body only held the writer */
    assert_true(valid(store));
    lb_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_shared_commit), cmocka_unit_test(test_a_large_commit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
