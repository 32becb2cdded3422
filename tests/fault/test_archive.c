/* An archive opens with sha256sum alone, verifies, holds no secret, and tells of every byte that was changed. */
#include "lumbar_test.h"
#include "fill_study.h"
#include "trial/conduct/users.h"

#include <sys/stat.h>
#include <sys/wait.h>

static char folder[200];

static int shell(const char *format, ...)
{
    char line[1500];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void make_study(void)
{
    char where[240];
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_registry *registry = lb_registry_all();
    lb_bytes protocol;
    lb_study *study;
    lb_store *store;
    snprintf(where, sizeof where, "%s/t.db", folder);
    assert_int_equal(shell("'%s' study new studies/metnlbp.yaml --db '%s' --quiet", LUMBAR_TEST_BINARY, where), 0);
    assert_int_equal(lb_file_read(repository_file("studies/metnlbp.yaml"), 0, arena, &protocol, &err), LB_OK);
    assert_int_equal(lb_study_read(&protocol, arena, &study, NULL, &err), LB_OK);
    lb_result *simulated = fill_simulate(registry, &protocol, 8, 3, &err);
    assert_non_null(simulated);
    const lb_store_options options = {.where = where};
    assert_int_equal(lb_store_open(&options, &store, &err), LB_OK);
    if (fill_study(store, study, lb_get(simulated->results, "tables"), &err)) fail_msg("%s", err.message);
    lb_store_close(store);
    lb_result_free(simulated);
    lb_study_close(study);
    lb_registry_free(registry);
    lb_arena_free(arena);
}

static void test_archive(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/lumbar-archive-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    make_study();
    assert_int_equal(shell("'%s' study archive --db '%s/t.db' -o '%s/a' --json > '%s/out.json'", LUMBAR_TEST_BINARY, folder, folder, folder), 0);
    assert_int_equal(shell("cd '%s/a' && sha256sum --quiet -c SHA256SUMS", folder), 0);
    assert_int_equal(shell("test $(ls '%s/a/casebooks' | wc -l) -eq 8 && head -c 5 '%s'/a/casebooks/*001.pdf | grep -q '^%%PDF-'", folder, folder), 0);
    assert_int_equal(shell("'%s' study verify '%s/a' --json | grep -q '\"valid\": true'", LUMBAR_TEST_BINARY, folder), 0);
    assert_int_equal(shell("grep -q argon2 -r '%s/a'", folder), 1); /* no password, not even its hash */
    assert_int_equal(shell("grep -q '\"sealed\"' -r '%s/a'", folder), 1);
    /* a second one of the same name is refused and leaves the first */
    assert_int_equal(shell("'%s' study archive --db '%s/t.db' -o '%s/a' 2>/dev/null", LUMBAR_TEST_BINARY, folder, folder), 1);
    static const char *const edits[] = {"sed -i '100s/fill/fell/' audit.jsonl", "sed -i '7d' audit.jsonl", "printf x >> csv/participants.csv", "rm odm/*changes*", "touch added.txt",
                                        "sed -i '3{s/^0/1/;t;s/^./0/}' SHA256SUMS" /* one byte of the manifest itself */};
    for (size_t i = 0; i < LB_COUNT(edits); i++) {
        assert_int_equal(shell("rm -rf '%s/b' && cp -r '%s/a' '%s/b' && cd '%s/b' && %s", folder, folder, folder, folder, edits[i]), 0);
        assert_int_equal(shell("'%s' study verify '%s/b' > /dev/null", LUMBAR_TEST_BINARY, folder), 3);
    }
    /* who repairs the manifest, too, still has the chain against them */
    assert_int_equal(shell("rm -rf '%s/b' && cp -r '%s/a' '%s/b' && cd '%s/b' && sed -i '100s/fill/fell/' audit.jsonl && find . -type f ! -name SHA256SUMS -printf '%%P\\n' |"
                           " LC_ALL=C sort | xargs sha256sum > ../sums && mv ../sums SHA256SUMS", folder, folder, folder, folder), 0);
    assert_int_equal(shell("'%s' study verify '%s/b' | grep -q entry_changed", LUMBAR_TEST_BINARY, folder), 0);
    /* a disk that is full in the middle of it (here: no file may pass 100 kB): a clear answer, nothing of the archive stays, the study is sound */
    assert_int_equal(shell("trap '' XFSZ; ulimit -f 200; '%s' study archive --db '%s/t.db' -o '%s/full' 2> '%s/why'", LUMBAR_TEST_BINARY, folder, folder, folder), 1);
    assert_int_equal(shell("cat '%s/why' >&2; grep -q 'written\\|write' '%s/why' && ! ls -d '%s'/full* 2>/dev/null", folder, folder, folder), 0);
    assert_int_equal(shell("'%s' study verify --db '%s/t.db' --quiet && '%s' study archive --db '%s/t.db' -o '%s/full' --quiet", LUMBAR_TEST_BINARY, folder, LUMBAR_TEST_BINARY,
                           folder, folder), 0);
    assert_int_equal(shell("rm -r '%s'", folder), 0);
}

/* ---- the end: closed, kept, purged by two ---- */

static int add_second(lb_tx *tx, void *context, lb_error *err)
{
    const lb_user_new user = {.name = "second", .full_name = "second", .role = "administrator", .hash = context};
    return lb_user_add(tx, &user, err);
}

static void test_purge(void **state)
{
    (void)state;
    char where[240], hash[LB_PASSWORD_HASH];
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_store *store;
    setenv("LUMBAR_CLOCK_FILE", "none", 1);
    bool moves = lb_clock_moves(); /* only builds for tests can live through five years */
    unsetenv("LUMBAR_CLOCK_FILE");
    if (!moves) skip();
    snprintf(folder, sizeof folder, "%s/lumbar-purge-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(where, sizeof where, "%s/t.db", folder);
    assert_int_equal(shell("'%s' study new studies/metnlbp.yaml --db '%s' --admin first --json | sed -n 's/.*\"password\": \"\\([a-z0-9-]*\\)\".*/\\1/p' > '%s/password'",
                           LUMBAR_TEST_BINARY, where, folder), 0);
    assert_int_equal(lb_password_hash("four words of second", hash, &err), LB_OK);
    const lb_store_options options = {.where = where};
    assert_int_equal(lb_store_open(&options, &store, &err), LB_OK);
    assert_int_equal(lb_store_write(store, &fill_actor, arena, add_second, hash, &err), LB_OK);
    lb_store_close(store);
    assert_int_equal(shell("cd '%s' && '%s' study purge --db t.db --as first < password 2>&1 | grep -q 'cannot be purged before it is closed'", folder, LUMBAR_TEST_BINARY), 0);
    assert_int_equal(shell("cd '%s' && '%s' study lock --db t.db --quiet && '%s' study close --db t.db --quiet", folder, LUMBAR_TEST_BINARY, LUMBAR_TEST_BINARY), 0);
    assert_int_equal(shell("cd '%s' && '%s' study purge --db t.db --as first < password 2>&1 | grep -q 'must be kept until'", folder, LUMBAR_TEST_BINARY), 0);
    assert_int_equal(shell("echo 160000000 > '%s/clock'", folder), 0); /* more than five years later */
    char purge[700];
    snprintf(purge, sizeof purge, "cd '%s' && LUMBAR_CLOCK_FILE='%s/clock' '%s' study purge --db t.db", folder, folder, LUMBAR_TEST_BINARY);
    assert_int_equal(shell("%s --as second < password 2>/dev/null", purge), 1); /* the other one's password */
    assert_int_equal(shell("%s --as first < password | grep -q 'another administrator'", purge), 0);
    assert_int_equal(shell("%s --as first < password | grep -q 'another administrator'", purge), 0); /* twice the same is not two */
    assert_int_equal(shell("cd '%s' && ls t.db t.db.keys/store.key > /dev/null", folder), 0);
    assert_int_equal(shell("echo 'four words of second' | (%s --as second) | grep -q end_of_chain", purge), 0);
    assert_int_equal(shell("test \"$(ls '%s' | tr '\\n' ' ')\" = 'clock password t.db.purged.json '", folder), 0);
    lb_arena_free(arena);
    assert_int_equal(shell("rm -r '%s'", folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_archive), cmocka_unit_test(test_purge)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
