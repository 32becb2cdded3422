/* Every earlier schema can still be opened: tests/migrations/ keeps a study of each, and a new step without one fails here. */
#include "migrations/migrations.h"
#include "store/schema.h"

#include <sqlite3.h>

static char folder[200];

static void load(size_t version, const char *path)
{
    char name[100];
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_bytes sql;
    sqlite3 *db;
    snprintf(name, sizeof name, "tests/migrations/sqlite_%zu.sql", version);
    if (lb_file_read(repository_file(name), 1 << 20, arena, &sql, &err)) fail_msg("schema %zu is not kept: %s", version, name);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *why = NULL;
    if (sqlite3_exec(db, lb_arena_textn(arena, (const char *)sql.data, sql.length), NULL, NULL, &why) != SQLITE_OK) fail_msg("%s", why);
    sqlite3_close(db);
    lb_arena_free(arena);
}

static void every_schema_is_brought_up_to_date(void **state)
{
    (void)state;
    assert_int_equal(store_schema_sqlite_count, store_schema_postgres_count);
    for (size_t version = 1; version < store_schema_sqlite_count; version++) {
        char path[300], keys[300], head[320], key[320];
        lb_error err = LB_ERROR_INIT;
        lb_store *store;
        snprintf(path, sizeof path, "%s/%zu.db", folder, version);
        snprintf(keys, sizeof keys, "%s/%zu.keys", folder, version);
        snprintf(head, sizeof head, "%s.head", path);
        snprintf(key, sizeof key, "%s/store.key", keys);
        assert_int_equal(mkdir(keys, 0700), 0);
        load(version, path);
        migration_bytes(version, "key", key);
        migration_bytes(version, "head", head);
        const lb_store_options options = {.where = path, .keys = keys};
        for (int again = 0; again < 2; again++) { /* the second time nothing is left to do */
            if (lb_store_open(&options, &store, &err)) fail_msg("%s: %s", err.where, err.message);
            if (!again) migration_check(store);
            lb_store_close(store);
        }
    }
}

static void a_newer_one_is_refused(void **state)
{
    (void)state;
    char path[300];
    lb_error err = LB_ERROR_INIT;
    lb_store *store;
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/newer.db", folder);
    load(1, path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    const lb_store_options options = {.where = path, .keys = folder};
    assert_int_equal(lb_store_open(&options, &store, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "written by a newer Lumbar (schema 99"));
}

int main(void)
{
    char line[300];
    snprintf(folder, sizeof folder, "%s/lumbar-upgrade-XXXXXX", P_tmpdir);
    if (!mkdtemp(folder)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_schema_is_brought_up_to_date), cmocka_unit_test(a_newer_one_is_refused)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(line, sizeof line, "rm -r '%s'", folder);
    return system(line) ? 1 : failed;
}
