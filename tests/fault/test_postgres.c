/* The store on PostgreSQL: the whole suite of tests/unit/test_store.c, the server stopped in the middle of saves, and a study
 * moved there and back with equal hashes. LUMBAR_RESTARTS: how often it is stopped (3; the soak asks for 100). */
#include "lumbar_test.h"
#include "migrations/migrations.h"
#include "store/schema.h"
#include "store/store.h"
#include "trial/conduct/kinds.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char folder[200], server[300];
static const lb_actor actor = {"u1", "coordinator", NULL, 0, false, true};

static int shell(const char *format, const char *word)
{
    char line[1000];
    snprintf(line, sizeof line, format, word);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void start_server(void)
{
    char line[500];
    snprintf(folder, sizeof folder, "%s/lumbar-postgres-XXXXXX", P_tmpdir);
    if (!mkdtemp(folder)) exit(1);
    chmod(folder, 0755);
    snprintf(line, sizeof line, "tests/postgres.sh start '%s/server'", folder);
    FILE *out = popen(line, "r");
    if (!out || !fgets(server, sizeof server, out)) server[0] = '\0';
    int status = out ? pclose(out) : 1;
    server[strcspn(server, "\n")] = '\0';
    if (status || !server[0]) {
        shell("rm -rf '%s'", folder);
        printf("1..0 # SKIP no PostgreSQL here\n");
        exit(77);
    }
    setenv("LUMBAR_TEST_FOLDER", folder, 1);
}

static void test_the_whole_suite(void **state)
{
    (void)state;
    char program[700];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    assert_true(n > 0);
    program[n] = '\0';
    char *name = strrchr(program, '/') + 1;
    static const char *const suites[] = {"test_store", "test_store_commit", "test_import"};
    setenv("LUMBAR_TEST_POSTGRES", server, 1);
    for (size_t i = 0; i < LB_COUNT(suites); i++) {
        snprintf(name, sizeof program - (size_t)(name - program), "%s", suites[i]);
        if (access(program, X_OK) == 0) assert_int_equal(shell("'%s' > /dev/null 2>&1", program), 0);
        else print_message("%s is not built\n", suites[i]);
    }
    unsetenv("LUMBAR_TEST_POSTGRES");
}

/* ---- stopped in the middle of saves ---- */

typedef struct hand {
    lb_store *store;
    char key[16];
    int64_t acknowledged, refused;
    const atomic_bool *stop;
} hand;

static int raise_count(lb_tx *tx, void *context, lb_error *err)
{
    hand *h = context;
    const lb_record *before;
    int code = lb_tx_get(tx, LB_KIND_ENTRY, h->key, &before, err);
    if (code) return code;
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    lb_set_int(body, "count", before ? lb_get_int(before->body, "count", 0) + 1 : 1);
    const lb_record record = {.kind = LB_KIND_ENTRY, .key = h->key, .site = "C01", .subject = h->key, .state = "complete", .body = body};
    const lb_change change = {"save", NULL, "1"};
    return lb_tx_put(tx, &record, before ? before->revision : 0, &change, err);
}

static int read_count(lb_tx *tx, void *context, lb_error *err)
{
    hand *h = context;
    const lb_record *record;
    int code = lb_tx_get(tx, LB_KIND_ENTRY, h->key, &record, err);
    h->refused = record ? lb_get_int(record->body, "count", 0) : 0;
    return code;
}

static void *keep_saving(void *context)
{
    hand *h = context;
    while (!atomic_load(h->stop)) {
        lb_error err = LB_ERROR_INIT;
        lb_arena *arena = lb_arena_new();
        if (lb_store_write(h->store, &actor, arena, raise_count, h, &err)) h->refused++;
        else h->acknowledged++;
        lb_arena_free(arena);
    }
    return NULL;
}

static lb_store *open_study(const char *where, const char *beside, bool create)
{
    const lb_store_options options = {.where = where, .beside = beside, .create = create};
    lb_store *store;
    lb_error err = LB_ERROR_INIT;
    if (lb_store_open(&options, &store, &err)) fail_msg("%s: %s", err.where, err.message);
    return store;
}

static const char *verified(lb_store *store, lb_arena *arena)
{
    lb_value *out;
    lb_error err = LB_ERROR_INIT;
    if (lb_store_verify(store, arena, &out, &err)) fail_msg("%s", err.message);
    if (!lb_get_bool(out, "valid", false)) fail_msg("%s", lb_get_text(lb_path(out, "faults[0]"), "message", "?"));
    return lb_get_text(out, "end_of_chain", "");
}

static void test_restarts_under_load(void **state)
{
    (void)state;
    enum { HANDS = 12 };
    static hand hands[HANDS];
    const char *wanted = getenv("LUMBAR_RESTARTS");
    int restarts = wanted ? (int)strtol(wanted, NULL, 10) : 3;
    char beside[300];
    snprintf(beside, sizeof beside, "%s/restarts", folder);
    lb_store *store = open_study(server, beside, true);
    atomic_bool stop = false;
    pthread_t thread[HANDS];
    for (int i = 0; i < HANDS; i++) {
        hands[i] = (hand){.store = store, .stop = &stop};
        snprintf(hands[i].key, sizeof hands[i].key, "K%d", i);
        assert_int_equal(pthread_create(&thread[i], NULL, keep_saving, &hands[i]), 0);
    }
    for (int i = 0; i < restarts; i++) {
        nanosleep(&(struct timespec){0, 300000000}, NULL);
        assert_int_equal(shell("tests/postgres.sh restart '%s/server'", folder), 0);
    }
    nanosleep(&(struct timespec){1, 0}, NULL);
    atomic_store(&stop, true);
    int64_t acknowledged = 0, refused = 0;
    lb_arena *arena = lb_arena_new();
    for (int i = 0; i < HANDS; i++) {
        pthread_join(thread[i], NULL);
        lb_error err = LB_ERROR_INIT;
        refused += hands[i].refused;
        assert_int_equal(lb_store_read(store, &actor, arena, read_count, &hands[i], &err), LB_OK);
        assert_true(hands[i].refused >= hands[i].acknowledged); /* what is there: at least what was acknowledged */
        acknowledged += hands[i].acknowledged;
    }
    verified(store, arena);
    print_message("%d restarts, %lld saves acknowledged, %lld refused\n", restarts, (long long)acknowledged, (long long)refused);
    assert_true(acknowledged > restarts);
    lb_arena_free(arena);
    lb_store_close(store);
}

/* While the server of the database is away changes are refused with what to do; when it is back the first one is kept: nobody has to
 * restart Lumbar, and nobody is refused for a connection that broke before. */
static void test_away_and_back(void **state)
{
    (void)state;
    char beside[300], where[400];
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    snprintf(beside, sizeof beside, "%s/away", folder);
    snprintf(where, sizeof where, "%.*s/away", (int)(strrchr(server, '/') - server), server);
    assert_int_equal(shell("psql -q '%s' -c 'CREATE DATABASE away'", server), 0);
    lb_store *store = open_study(where, beside, true);
    lb_store_warm(store);
    hand h = {.store = store, .key = "K"};
    assert_int_equal(lb_store_write(store, &actor, arena, raise_count, &h, &err), LB_OK);
    static const char *const how[] = {"immediate", "fast"};
    for (size_t i = 0; i < LB_COUNT(how); i++) {
        char line[500];
        snprintf(line, sizeof line, "tests/postgres.sh restart '%s/server' %s", folder, how[i]);
        assert_int_equal(system(line), 0);
        assert_int_equal(lb_store_write(store, &actor, arena, raise_count, &h, &err), LB_OK);
        assert_int_equal(lb_store_read(store, &actor, arena, read_count, &h, &err), LB_OK);
        assert_int_equal(h.refused, 2 + (int64_t)i);
    }
    assert_int_equal(shell("tests/postgres.sh away '%s/server'", folder), 0);
    assert_int_equal(lb_store_write(store, &actor, arena, raise_count, &h, &err), LB_FAILED);
    assert_true(lb_store_troubled(store, &err)); /* what the server answers with 503 */
    assert_non_null(strstr(err.message, "does not answer"));
    assert_true(err.hint[0]);
    assert_int_not_equal(lb_store_read(store, &actor, arena, read_count, &h, &err), LB_OK);
    assert_int_equal(shell("tests/postgres.sh restart '%s/server'", folder), 0);
    assert_int_equal(lb_store_write(store, &actor, arena, raise_count, &h, &err), LB_OK);
    assert_int_equal(lb_store_read(store, &actor, arena, read_count, &h, &err), LB_OK);
    assert_int_equal(h.refused, 4);
    verified(store, arena);
    lb_store_close(store);
    lb_arena_free(arena);
}

static void test_there_and_back(void **state)
{
    (void)state;
    char file[300], second[300], beside[300], away[400], keys[320];
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_value *out;
    snprintf(file, sizeof file, "%s/first.db", folder);
    snprintf(second, sizeof second, "%s/second.db", folder);
    snprintf(beside, sizeof beside, "%s/moved", folder);
    snprintf(keys, sizeof keys, "%s.keys", file);
    snprintf(away, sizeof away, "%.*s/moved", (int)(strrchr(server, '/') - server), server);
    assert_int_equal(shell("psql -q '%s' -c 'CREATE DATABASE moved'", server), 0);
    lb_store *store = open_study(file, NULL, true);
    hand h = {.store = store, .key = "K"};
    for (int i = 0; i < 700; i++) assert_int_equal(lb_store_write(store, &actor, arena, raise_count, &h, &err), LB_OK); /* more than one cursor's fetch */
    const char *end = verified(store, arena);
    lb_store_close(store);
    if (lb_store_move(file, file, away, beside, arena, &out, &err)) fail_msg("%s: %s", err.where, err.message);
    assert_int_equal(lb_get_int(lb_get(out, "rows"), "audit", 0), 700);
    if (lb_store_move(away, beside, second, second, arena, &out, &err)) fail_msg("%s: %s", err.where, err.message);
    setenv("LUMBAR_KEYS", keys, 1);
    store = open_study(away, beside, false);
    assert_string_equal(verified(store, arena), end);
    h.store = store;
    assert_int_equal(lb_store_write(store, &actor, arena, raise_count, &h, &err), LB_OK); /* and it goes on there */
    verified(store, arena);
    lb_store_close(store);
    store = open_study(second, NULL, false);
    assert_string_equal(verified(store, arena), end);
    lb_store_close(store);
    unsetenv("LUMBAR_KEYS");
    lb_arena_free(arena);
}

/* A study of each earlier schema is brought up to date here as well. */
static void test_upgrade(void **state)
{
    (void)state;
    for (size_t version = 1; version < store_schema_postgres_count; version++) {
        char beside[300], keys[320], head[320], key[340], where[400], line[900];
        snprintf(beside, sizeof beside, "%s/upgrade%zu", folder, version);
        snprintf(keys, sizeof keys, "%s.keys", beside);
        snprintf(head, sizeof head, "%s.head", beside);
        snprintf(key, sizeof key, "%s/store.key", keys);
        snprintf(where, sizeof where, "%.*s/upgrade%zu", (int)(strrchr(server, '/') - server), server, version);
        assert_int_equal(mkdir(keys, 0700), 0);
        migration_bytes(version, "key", key);
        migration_bytes(version, "head", head);
        snprintf(line, sizeof line, "psql -q '%s' -c 'CREATE DATABASE upgrade%zu' && psql -q -v ON_ERROR_STOP=1 '%s' -f tests/migrations/postgres_%zu.sql > /dev/null",
                 server, version, where, version);
        assert_int_equal(system(line), 0);
        lb_store *store = open_study(where, beside, false);
        migration_check(store);
        lb_store_close(store);
    }
}

int main(void)
{
    start_server();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_suite),
        cmocka_unit_test(test_restarts_under_load),
        cmocka_unit_test(test_away_and_back),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_upgrade),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    shell("tests/postgres.sh stop '%s/server'", folder);
    shell("rm -rf '%s'", folder);
    return failed;
}
