/* Files of other programs against the counts in ../shared/data/edc: double entry, ODM, REDCap, EpiData, hostile files. */
#include "run_op.h"

#include <sys/resource.h>

static char *edc(lb_arena *arena, const char *fmt, const char *name)
{
    char relative[200];
    snprintf(relative, sizeof relative, fmt, name);
    const char *path = shared_data(relative);
    if (!path) fail_msg("no %s", relative);
    return lb_arena_text(arena, path);
}

/* Every scalar of `expected` stands in `got` under the same keys; arrays too, in order. */
static void assert_same(const lb_value *got, const lb_value *expected, const char *where)
{
    if (!got && expected->type != LB_NULL) fail_msg("%s is not there", where);
    switch (expected->type) {
    case LB_NULL: assert_true(!got || got->type == LB_NULL); return;
    case LB_STRING: assert_string_equal(got->text, expected->text); return;
    case LB_BOOL: assert_int_equal(got->boolean, expected->boolean); return;
    case LB_INT:
    case LB_DOUBLE: assert_close(lb_number_of(got), lb_number_of(expected), 0); return;
    default: break;
    }
    char path[400];
    if (got->count != expected->count) fail_msg("%s has %zu parts, expected %zu", where, got->count, expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        snprintf(path, sizeof path, "%s.%s", where, expected->type == LB_OBJECT ? expected->key[i] : "[]");
        assert_same(expected->type == LB_OBJECT ? lb_get(got, expected->key[i]) : got->item[i], expected->item[i], path);
    }
}

static int64_t length(const lb_value *results, const char *key) { return (int64_t)lb_get(results, key)->count; }

static const char *flag(const lb_value *options, const char *name) { return lb_get_bool(options, name, false) ? "true" : "false"; }

/* The run is asked for as the expectation says it was made: its keys, its options. */
static void check_compare(const char *main, const char *duplicate, const lb_value *keys, const lb_value *expected)
{
    const lb_value *options = lb_get(expected, "options");
    char key[100];
    assert_int_equal(keys->count, 2);
    snprintf(key, sizeof key, "%s,%s", keys->item[0]->text, keys->item[1]->text);
    op_run run = MUST_RUN("study", "compare", "main", main, "duplicate", duplicate, "key", key, "case-sensitive", flag(options, "case_sensitive_text"),
                          "exclude-text", flag(options, "exclude_text"), "ignore-missing-records", flag(options, "ignore_missing_records"));
    assert_true(lb_get_bool(options, "ignore_deleted", false)); /* as always here */
    const lb_value *got = run.result->results;
    static const char *const same[][2] = {{"fields_compared", "fields_checked"}, {"common", "common_records"}, {"records_with_errors", "records_with_errors"},
                                          {"field_errors", "field_entries_with_errors"}, {"record_error_percent", "error_pct_records"},
                                          {"field_error_percent", "error_pct_fields"}};
    for (size_t i = 0; i < LB_COUNT(same); i++) assert_close(lb_get_number(got, same[i][0], NAN), lb_get_number(expected, same[i][1], NAN), 0);
    assert_int_equal(length(got, "missing_in_main"), lb_get_int(expected, "records_missing_in_main", -1));
    assert_int_equal(length(got, "missing_in_duplicate"), lb_get_int(expected, "records_missing_in_duplicate", -1));
    assert_int_equal(length(got, "non_unique_main"), lb_get_int(expected, "nonunique_main", -1));
    assert_int_equal(length(got, "non_unique_duplicate"), lb_get_int(expected, "nonunique_duplicate", -1));
    const lb_value *records = lb_get(expected, "differences"), *differences = lb_get(got, "differences");
    size_t at = 0;
    for (size_t r = 0; records && r < records->count; r++) {
        const lb_value *fields = lb_get(records->item[r], "fields");
        assert_string_equal(lb_get_text(records->item[r], "kind", ""), "value");
        for (size_t f = 0; f < fields->count; f++, at++) {
            assert_true(at < differences->count);
            assert_same(lb_get(differences->item[at], "key"), lb_get(records->item[r], "key"), "key");
            assert_string_equal(lb_get_text(differences->item[at], "field", ""), fields->key[f]);
            assert_string_equal(lb_get_text(differences->item[at], "main", "?"), fields->item[f]->item[0]->text);
            assert_string_equal(lb_get_text(differences->item[at], "duplicate", "?"), fields->item[f]->item[1]->text);
        }
    }
    if (records) {
        assert_int_equal(at, differences->count);
        assert_same(lb_get(got, "missing_in_duplicate"), lb_get(expected, "missing_in_duplicate"), "missing_in_duplicate");
    }
    free_run(&run);
}

static void check_types(const char *main, const char *duplicate, const lb_value *keys, const lb_value *expected)
{
    char key[100];
    snprintf(key, sizeof key, "%s,%s", keys->item[0]->text, keys->item[1]->text);
    op_run run = MUST_RUN("study", "compare", "main", main, "duplicate", duplicate, "key", key);
    assert_int_equal(expected->count, 19);
    assert_same(lb_get(run.result->results, "field_types"), expected, "field_types");
    free_run(&run);
}

static void test_double_entry(void **state)
{
    (void)state;
    if (!shared_data("edc/README.md")) skip();
    static const char *const pair[] = {"pair1", "pair2_identical_reordered"};
    static const char *const mode[] = {"default", "case_sensitive", "exclude_text", "ignore_missing"};
    lb_arena *arena = lb_arena_new();
    for (size_t i = 0; i < LB_COUNT(pair); i++) {
        char name[100];
        snprintf(name, sizeof name, "edc/dde/%s_expected.json", pair[i]);
        const lb_value *expected = shared_json(name, arena);
        check_types(edc(arena, "edc/dde/%s_main.csv", pair[i]), edc(arena, "edc/dde/%s_dup.csv", pair[i]), lb_get(expected, "keys"), lb_get(expected, "field_types"));
        for (size_t m = 0; m < LB_COUNT(mode); m++)
            check_compare(edc(arena, "edc/dde/%s_main.csv", pair[i]), edc(arena, "edc/dde/%s_dup.csv", pair[i]), lb_get(expected, "keys"), lb_get(expected, mode[m]));
    }
    lb_arena_free(arena);
}

static bool tells_of_schema(const lb_value *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (strstr(lb_get_text(findings->item[i], "message", ""), "schema")) return true;
    return false;
}

static void test_odm(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const lb_value *expected = shared_json("edc/odm/expected.json", arena);
    static const char *const keys[] = {"odm_version", "namespace", "counts", "languages"};
    for (size_t i = 0; expected && i < expected->count; i++) {
        op_run run = MUST_RUN("study", "import", "file", edc(arena, "edc/odm/%s", expected->key[i]));
        for (size_t k = 0; k < LB_COUNT(keys); k++) assert_same(lb_get(run.result->results, keys[k]), lb_get(expected->item[i], keys[k]), keys[k]);
        assert_string_equal(run.result->status, "ok");
        const lb_value *valid = lb_get(expected->item[i], "validates_against_official_xsd");
        for (size_t k = 0; valid && k < valid->count; k++) /* what the official schema refuses is told, and nothing else */
            assert_int_equal(tells_of_schema(lb_get(run.result->results, "findings")), !valid->item[k]->boolean);
        free_run(&run);
    }
    lb_arena_free(arena);
    if (!expected) skip();
}

static void check_redcap(lb_arena *arena, const char *name, const lb_value *expected)
{
    op_run run = MUST_RUN("study", "import", "file", edc(arena, "edc/redcap/%s/dictionary.csv", name), "records", edc(arena, "edc/redcap/%s/data.csv", name));
    const lb_value *got = run.result->results, *dictionary = lb_get(expected, "dictionary"), *data = lb_get(expected, "data_csv");
    for (size_t k = 0; k < dictionary->count; k++) assert_same(lb_get(got, dictionary->key[k]), dictionary->item[k], dictionary->key[k]);
    assert_same(lb_get(got, "data"), data, "data");
    assert_int_equal(lb_get_int(got, "records", -1), lb_get_int(data, "rows", -2));
    assert_int_equal(lb_get_int(got, "values", -1), lb_get_int(data, "nonempty_cells", -2));
    free_run(&run);
    run = MUST_RUN("study", "import", "file", edc(arena, "edc/redcap/%s/project.xml", name));
    const lb_value *project = lb_get(expected, "project_xml");
    for (size_t k = 0; k < project->count; k++) assert_same(lb_get(run.result->results, project->key[k]), project->item[k], project->key[k]);
    free_run(&run);
}

static void test_redcap(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const lb_value *expected = shared_json("edc/redcap/expected.json", arena);
    for (size_t i = 0; expected && i < expected->count; i++) check_redcap(arena, expected->key[i], expected->item[i]);
    lb_arena_free(arena);
    if (!expected) skip();
}

static void check_rec(const lb_value *got, const lb_value *expected)
{
    static const char *const keys[] = {"header_lines", "first_line", "record_flags", "records"}, *const figures[] = {"n", "missing", "min", "max"};
    for (size_t k = 0; k < LB_COUNT(keys); k++) assert_same(lb_get(got, keys[k]), lb_get(expected, keys[k]), keys[k]);
    const lb_value *names = lb_get(expected, "fields"), *fields = lb_get(got, "fields");
    assert_int_equal(fields->count, names->count);
    for (size_t f = 0; f < names->count; f++) {
        const lb_value *figure = lb_get(lb_get(expected, "stats"), names->item[f]->text);
        assert_string_equal(lb_get_text(fields->item[f], "name", ""), names->item[f]->text);
        for (size_t k = 0; k < LB_COUNT(figures); k++)
            assert_close(lb_get_number(fields->item[f], figures[k], NAN), lb_get_number(figure, figures[k], NAN), 0);
        assert_true(fabs(lb_get_number(fields->item[f], "mean", NAN) - lb_get_number(figure, "mean", NAN)) <= 5.0000001e-7); /* six decimals */
    }
}

static void check_epx(const lb_value *got, const lb_value *expected)
{
    static const char *const counts[] = {"data_files", "fields", "records", "value_label_sets", "value_labels", "keys"};
    assert_same(lb_get(got, "namespace"), lb_get(expected, "namespace"), "namespace");
    assert_same(lb_get(got, "version"), lb_get(expected, "version"), "version");
    for (size_t k = 0; k < LB_COUNT(counts); k++) assert_same(lb_get(lb_get(got, "counts"), counts[k]), lb_get(expected, counts[k]), counts[k]);
    assert_int_equal(length(got, "fields"), lb_get_int(expected, "fields", -1));
    /* "relations" is 0 for all three there. The two samples have one data file, which belongs to none; but of the clinical example's five
     * four belong to another one: nested <Relation> at the end of the file, relation_id_2 to relation_id_5. */
    assert_int_equal(lb_get_int(lb_get(got, "counts"), "relations", -1), lb_get_int(expected, "data_files", 0) - 1);
}

static void test_epidata(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const lb_value *expected = shared_json("edc/epidata/expected.json", arena);
    for (size_t i = 0; expected && i < expected->count; i++) {
        bool rec = lb_text_ends(expected->key[i], ".rec");
        char checks[100];
        snprintf(checks, sizeof checks, "%.*s.chk", (int)strlen(expected->key[i]) - 4, expected->key[i]);
        op_run run = rec ? MUST_RUN("study", "import", "file", edc(arena, "edc/epidata/%s", expected->key[i]), "checks", edc(arena, "edc/epidata/%s", checks))
                         : MUST_RUN("study", "import", "file", edc(arena, "edc/epidata/%s", expected->key[i]));
        (rec ? check_rec : check_epx)(run.result->results, expected->item[i]);
        free_run(&run);
    }
    lb_arena_free(arena);
    if (!expected) skip();
}

static void test_epx_versions_agree(void **state)
{
    (void)state;
    if (!shared_data("edc/README.md")) skip();
    lb_arena *arena = lb_arena_new();
    op_run run = MUST_RUN("study", "compare", "main", edc(arena, "edc/epidata/%s", "sample_1_3.epx"), "duplicate",
                          edc(arena, "edc/epidata/%s", "sample_2_1.epx"), "key", "I1", "case-sensitive", "true");
    assert_int_equal(lb_get_int(run.result->results, "common", -1), 12);
    assert_int_equal(lb_get_int(run.result->results, "fields_compared", -1), 32);
    assert_int_equal(lb_get_int(run.result->results, "field_errors", -1), 0);
    free_run(&run);
    lb_arena_free(arena);
}

/* The expectation of a file of this name is a sentence; what it asks for stands here. */
static void check_hostile(const char *path, const char *expected)
{
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double cpu = lb_cpu_seconds();
    op_run run = RUN("study", "import", "file", path);
    getrusage(RUSAGE_SELF, &after);
    assert_true(lb_cpu_seconds() - cpu < 1);
    assert_true(after.ru_maxrss - before.ru_maxrss < 100 * 1024);
    if (lb_text_starts(expected, "refused or imported with an error naming ")) {
        assert_int_equal(run.code, LB_OK);
        assert_string_equal(run.result->status, "invalid");
        assert_non_null(strstr(lb_get_text(lb_path(run.result->results, "findings[0]"), "message", ""), expected + 41));
    } else {
        assert_true(lb_text_starts(expected, "canary must not appear anywhere; refuse") || lb_text_starts(expected, "refused"));
        assert_int_equal(run.code, LB_BAD_DATA);
        assert_null(strstr(run.err.message, "CANARY"));
        assert_true(*run.err.hint);
    }
    free_run(&run);
}

static void test_hostile(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const lb_value *expected = shared_json("edc/hostile/expected.json", arena);
    for (size_t i = 0; expected && i < expected->count; i++) check_hostile(edc(arena, "edc/hostile/%s", expected->key[i]), expected->item[i]->text);
    lb_arena_free(arena);
    if (!expected) skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_double_entry), cmocka_unit_test(test_odm), cmocka_unit_test(test_redcap),
                                       cmocka_unit_test(test_epidata), cmocka_unit_test(test_epx_versions_agree), cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
