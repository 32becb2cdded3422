/* Randomisation against the known-answer vectors and logs, and every fault that can be planted in a log. */
#include "lumbar_test.h"

#include <lumbar/trial.h>

#include "trial/balance.h"

static lb_registry *registry;
static const char seed_text[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static int start(void **state)
{
    (void)state;
    registry = lb_registry_all();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    lb_registry_free(registry);
    return 0;
}

static lb_value *read_json(const char *relative, lb_arena *arena)
{
    const char *path = shared_data(relative);
    lb_bytes bytes;
    lb_value *value = NULL;
    if (!path) skip();
    assert_int_equal(lb_file_read(path, 1 << 24, arena, &bytes, NULL), LB_OK);
    assert_int_equal(lb_json_read(&bytes, arena, &value, NULL), LB_OK);
    return value;
}

static void set(lb_call *call, const char *name, const char *value)
{
    lb_error err = LB_ERROR_INIT;
    if (lb_call_set(call, name, value, &err) != LB_OK) fail_msg("--%s %s: %s", name, value, err.message);
}

static lb_result *run(lb_call *call)
{
    lb_result *result = NULL;
    lb_error err = LB_ERROR_INIT;
    if (lb_call_run(call, &result, &err) != LB_OK) fail_msg("%s (%s)", err.message, err.where);
    lb_call_free(call);
    return result;
}

static lb_call *call_of(const char *verb)
{
    return lb_call_new(registry, lb_registry_find(registry, "randomise", verb));
}

static void sequences_equal_the_vectors(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const lb_value *vectors = lb_get(read_json("rtsm/sequence_vectors.json", arena), "vectors");
    size_t checked = 0;
    for (size_t i = 0; i < vectors->count; i++) {
        const lb_value *v = vectors->item[i], *strata = lb_get(v, "strata");
        for (size_t k = 0; k < strata->count; k++) {
            lb_call *call = call_of("sequence");
            set(call, "trial", lb_get_text(v, "trial", ""));
            set(call, "seed", lb_get_text(v, "seed_hex", ""));
            set(call, "stratum", strata->key[k]);
            const char *sequence = lb_get_text(strata->item[k], "sequence", "");
            set(call, "n", lb_arena_printf(arena, "%zu", strlen(sequence)));
            lb_result *result = run(call);
            assert_string_equal(lb_get_text(result->results, "commitment", ""), lb_get_text(v, "commitment", ""));
            const lb_value *rows = lb_get(result->results, "allocations"), *blocks = lb_get(strata->item[k], "blocks");
            assert_int_equal(rows->count, strlen(sequence));
            for (size_t r = 0; r < rows->count; r++) {
                assert_int_equal(lb_get_text(rows->item[r], "arm", "")[0], sequence[r]);
                int64_t block = lb_get_int(rows->item[r], "block", -1);
                assert_true(block >= 0 && (size_t)block < blocks->count);
                assert_int_equal(lb_get_int(rows->item[r], "block_size", -1), blocks->item[block]->integer);
                checked++;
            }
            lb_result_free(result);
        }
    }
    assert_int_equal(checked, 800);
    lb_arena_free(arena);
}

/* ---- logs ---- */

static lb_result *verify(const char *csv, size_t length)
{
    lb_call *call = call_of("verify");
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes = {(const uint8_t *)csv, length, "log.csv"};
    if (lb_call_bind(call, "log", &bytes, &err) != LB_OK) fail_msg("%s", err.message);
    set(call, "trial", "METNLBP");
    set(call, "seed", seed_text);
    return run(call);
}

typedef struct log_text {
    char *line[128];
    size_t lines; /* with the heading */
} log_text;

static log_text read_log(lb_arena *arena)
{
    const char *path = shared_data("rtsm/log_good.csv");
    lb_bytes bytes;
    log_text log = {.lines = 0};
    if (!path) skip();
    assert_int_equal(lb_file_read(path, 1 << 20, arena, &bytes, NULL), LB_OK);
    char *text = lb_arena_textn(arena, (const char *)bytes.data, bytes.length), *save;
    for (char *line = strtok_r(text, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) log.line[log.lines++] = line;
    return log;
}

static lb_result *verify_log(const log_text *log)
{
    lb_buf csv = {0};
    for (size_t i = 0; i < log->lines; i++) lb_buf_printf(&csv, "%s\n", log->line[i]);
    lb_result *result = verify(csv.data, csv.length);
    lb_buf_free(&csv);
    return result;
}

/* Cell `column` of a line replaced. Columns: 0 seq, 1 time, 2 subject, 3 stratum, 4 centre, 5 sex, 6 block, 7 position, 8 arm. */
static char *with_cell(lb_arena *arena, const char *line, int column, const char *value)
{
    lb_buf out = {0};
    size_t count;
    char **cell = lb_text_split(arena, line, ',', &count);
    for (size_t i = 0; i < count; i++) lb_buf_printf(&out, "%s%s", i ? "," : "", (int)i == column ? value : cell[i]);
    char *copy = lb_arena_text(arena, out.data);
    lb_buf_free(&out);
    return copy;
}

static const char *cell_of(lb_arena *arena, const char *line, int column)
{
    size_t count;
    return lb_text_split(arena, line, ',', &count)[column];
}

static void expect_one(const log_text *log, const char *kind, int64_t row, const char *what)
{
    lb_result *result = verify_log(log);
    const lb_value *faults = lb_get(result->results, "faults");
    bool right = faults->count == 1 && strcmp(lb_get_text(faults->item[0], "kind", ""), kind) == 0 &&
                 (row == 0 || lb_get_int(faults->item[0], "row", 0) == row);
    if (!right) {
        lb_buf seen = {0};
        lb_json_write(faults, 2, &seen);
        fail_msg("%s: expected one '%s' at row %lld, got %s", what, kind, (long long)row, seen.data);
    }
    assert_false(lb_get_bool(result->results, "valid", true));
    assert_string_equal(result->status, "invalid");
    lb_result_free(result);
}

static void good_log_has_no_fault(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    log_text log = read_log(arena);
    lb_result *result = verify_log(&log);
    assert_true(lb_get_bool(result->results, "valid", false));
    assert_int_equal(lb_get(result->results, "faults")->count, 0);
    assert_int_equal(lb_get_int(result->results, "rows", 0), 80);
    lb_result_free(result);
    lb_arena_free(arena);
}

static void planted_log_has_its_fault(void **state)
{
    (void)state;
    const char *path = shared_data("rtsm/log_bad_arm_flipped.csv");
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes;
    if (!path) skip();
    assert_int_equal(lb_file_read(path, 1 << 20, arena, &bytes, NULL), LB_OK);
    lb_result *result = verify((const char *)bytes.data, bytes.length);
    const lb_value *faults = lb_get(result->results, "faults");
    assert_int_equal(faults->count, 1);
    assert_string_equal(lb_get_text(faults->item[0], "kind", ""), "wrong_arm");
    assert_int_equal(lb_get_int(faults->item[0], "seq", 0), 32);
    assert_int_equal(lb_get_int(faults->item[0], "row", 0), 32);
    lb_result_free(result);
    lb_arena_free(arena);
}

/* Every row in turn: arm flipped, row removed (with and without renumbering), subject of another row, slot used before. */
static void every_row_flipped(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const log_text log = read_log(arena);
    for (size_t i = 1; i < log.lines; i++) {
        log_text bad = log;
        bad.line[i] = with_cell(arena, log.line[i], 8, strcmp(cell_of(arena, log.line[i], 8), "A") ? "A" : "B");
        expect_one(&bad, "wrong_arm", (int64_t)i, "arm flipped");
    }
    lb_arena_free(arena);
}

static void every_row_removed(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const log_text log = read_log(arena);
    for (size_t i = 1; i + 1 < log.lines; i++) { /* the last row leaves no trace */
        log_text bad = log;
        memmove(&bad.line[i], &bad.line[i + 1], (bad.lines - i - 1) * sizeof bad.line[0]);
        bad.lines--;
        expect_one(&bad, "missing_row", (int64_t)i, "row removed");
        bool last_of_stratum = true;
        for (size_t k = i; k < bad.lines; k++) {
            bad.line[k] = with_cell(arena, bad.line[k], 0, lb_arena_printf(arena, "%zu", k));
            last_of_stratum &= strcmp(cell_of(arena, bad.line[k], 3), cell_of(arena, log.line[i], 3)) != 0;
        }
        if (!last_of_stratum) expect_one(&bad, "skipped_slot", 0, "row removed and renumbered");
    }
    lb_arena_free(arena);
}

static void every_subject_twice(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const log_text log = read_log(arena);
    for (size_t i = 2; i < log.lines; i++) {
        log_text bad = log;
        bad.line[i] = with_cell(arena, log.line[i], 2, cell_of(arena, log.line[i / 2], 2));
        expect_one(&bad, "subject_twice", (int64_t)i, "subject of an earlier row");
    }
    lb_arena_free(arena);
}

/* A position set back to one already used in its block; and a row added at the end that uses a used slot. */
static void every_slot_twice(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const log_text log = read_log(arena);
    size_t tried = 0;
    for (size_t i = 1; i < log.lines; i++) {
        int64_t position = strtol(cell_of(arena, log.line[i], 7), NULL, 10);
        log_text bad = log;
        if (position > 1) {
            bad.line[i] = with_cell(arena, log.line[i], 7, lb_arena_printf(arena, "%lld", (long long)position - 1));
            expect_one(&bad, "slot_twice", (int64_t)i, "position set back");
            tried++;
        }
        bad = log;
        char *added = with_cell(arena, with_cell(arena, with_cell(arena, log.line[i], 0, "81"), 2, "C09-081"), 1, "2026-12-31T10:00:00Z");
        bad.line[bad.lines++] = added;
        expect_one(&bad, "slot_twice", 81, "slot given again");
        bad.line[bad.lines - 1] = log.line[i]; /* the very same line once more */
        expect_one(&bad, "slot_twice", 81, "line repeated");
    }
    assert_true(tried > 40);
    lb_arena_free(arena);
}

static void every_stratum_wrong(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const log_text log = read_log(arena);
    for (size_t i = 1; i < log.lines; i++) {
        log_text bad = log;
        const char *sex = cell_of(arena, log.line[i], 5), *other = strcmp(sex, "F") ? "F" : "M";
        const char *centre = cell_of(arena, log.line[i], 4);
        bad.line[i] = with_cell(arena, log.line[i], 5, other);
        expect_one(&bad, "wrong_stratum", (int64_t)i, "sex changed");
        bad.line[i] = with_cell(arena, log.line[i], 3, lb_arena_printf(arena, "%s/%s", centre, other));
        expect_one(&bad, "wrong_stratum", (int64_t)i, "stratum changed");
    }
    lb_arena_free(arena);
}

/* Stratum and sex changed together leave no contradiction in the row: the slot that fits elsewhere gives it away, as long as
 * the true stratum goes on. */
static void every_stratum_wrong_throughout(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const log_text log = read_log(arena);
    size_t named = 0, tried = 0;
    for (size_t i = 1; i < log.lines; i++) {
        bool goes_on = false;
        for (size_t k = i + 1; k < log.lines; k++) goes_on |= strcmp(cell_of(arena, log.line[k], 3), cell_of(arena, log.line[i], 3)) == 0;
        if (!goes_on) continue;
        log_text bad = log;
        const char *other = strcmp(cell_of(arena, log.line[i], 5), "F") ? "F" : "M";
        bad.line[i] = with_cell(arena, with_cell(arena, log.line[i], 5, other), 3, lb_arena_printf(arena, "%s/%s", cell_of(arena, log.line[i], 4), other));
        lb_result *result = verify_log(&bad);
        const lb_value *faults = lb_get(result->results, "faults");
        assert_int_equal(faults->count, 1);
        assert_string_equal(lb_get_text(faults->item[0], "kind", ""), "wrong_stratum");
        named += lb_get_int(faults->item[0], "row", 0) == (int64_t)i;
        tried++;
        lb_result_free(result);
    }
    assert_true(10 * named >= 9 * tried); /* at times two rows claim the slot and either could be the stranger */
    lb_arena_free(arena);
}

static void every_time_wrong(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const log_text log = read_log(arena);
    for (size_t i = 2; i + 1 < log.lines; i++) {
        log_text bad = log;
        bad.line[i] = with_cell(arena, log.line[i], 1, "2025-12-31T00:00:00Z");
        expect_one(&bad, "time_order", (int64_t)i, "time too early");
        bad.line[i] = with_cell(arena, log.line[i], 1, "2027-12-31T00:00:00Z");
        expect_one(&bad, "time_order", 0, "time too late");
        bad.line[i] = with_cell(arena, log.line[i], 1, "yesterday");
        expect_one(&bad, "no_time", (int64_t)i, "no time");
        bad = log;
        bad.line[i] = log.line[i + 1];
        bad.line[i + 1] = log.line[i];
        expect_one(&bad, "time_order", (int64_t)i + 1, "two lines changed places");
    }
    lb_arena_free(arena);
}

static void odd_cells(void **state)
{
    (void)state;
    static const struct {
        int column;
        const char *value, *kind;
    } edits[] = {{8, "C", "unknown_arm"}, {2, "", "no_subject"}, {7, "9", "no_such_slot"}, {7, "x", "no_such_slot"}, {6, "99999999", "no_such_slot"},
                 {9, "void", "unknown_event"}, {0, "900", "wrong_number"}, {6, "2", "wrong_slot"}};
    lb_arena *arena = lb_arena_new();
    const log_text log = read_log(arena);
    for (size_t e = 0; e < LB_COUNT(edits); e++) {
        log_text bad = log;
        bad.line[20] = with_cell(arena, log.line[20], edits[e].column, edits[e].value);
        expect_one(&bad, edits[e].kind, 20, edits[e].value);
    }
    lb_arena_free(arena);
}

static void two_faults_are_two(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    log_text log = read_log(arena);
    log.line[10] = with_cell(arena, log.line[10], 8, strcmp(cell_of(arena, log.line[10], 8), "A") ? "A" : "B");
    log.line[41] = with_cell(arena, log.line[41], 2, cell_of(arena, log.line[3], 2));
    memmove(&log.line[60], &log.line[61], (log.lines - 61) * sizeof log.line[0]);
    log.lines--;
    lb_result *result = verify_log(&log);
    const lb_value *faults = lb_get(result->results, "faults");
    assert_int_equal(faults->count, 3);
    assert_string_equal(lb_get_text(faults->item[0], "kind", ""), "wrong_arm");
    assert_string_equal(lb_get_text(faults->item[1], "kind", ""), "subject_twice");
    assert_string_equal(lb_get_text(faults->item[2], "kind", ""), "missing_row");
    lb_result_free(result);
    lb_arena_free(arena);
}

/* ---- balance, guessing, minimisation ---- */

static void berger_exner(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    static const char *const cases[] = {"null", "biased"};
    const lb_value *expected = read_json("rtsm/berger_exner_expected.json", arena);
    for (size_t i = 0; i < 2; i++) {
        lb_bytes bytes;
        char relative[64];
        snprintf(relative, sizeof relative, "rtsm/berger_exner_%s.csv", cases[i]);
        assert_int_equal(lb_file_read(shared_data(relative), 1 << 20, arena, &bytes, NULL), LB_OK);
        lb_call *call = call_of("balance");
        assert_int_equal(lb_call_bind(call, "log", &bytes, NULL), LB_OK);
        set(call, "covariate", "baseline_odi");
        lb_result *result = run(call);
        const lb_value *test = lb_get(result->results, "berger_exner"), *want = lb_get(expected, cases[i]);
        /* printed with six decimals */
        assert_true(fabs(lb_get_number(test, "slope", NAN) - lb_get_number(want, "slope", NAN)) < 5.01e-7);
        assert_true(fabs(lb_get_number(test, "se", NAN) - lb_get_number(want, "se", NAN)) < 5.01e-7);
        assert_true(fabs(lb_get_number(test, "statistic", NAN) - lb_get_number(want, "t", NAN)) < 5.01e-7);
        assert_true(lb_get_number(test, "df", NAN) == lb_get_number(want, "df", NAN));
        lb_result_free(result);
    }
    lb_arena_free(arena);
}

static void minimisation(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const lb_value *cases = read_json("rtsm/minimisation_examples.json", arena);
    assert_true(cases->count >= 4);
    for (size_t i = 0; i < cases->count; i++) {
        const lb_value *one = cases->item[i], *person = lb_get(one, "new"), *weights = lb_get(one, "weights"), *expected = lb_get(one, "expected");
        lb_buf text = {0}, factors = {0}, weight = {0};
        char number[32];
        lb_table *table;
        assert_int_equal(lb_table_from_value(lb_get(one, "enrolled"), "enrolled", arena, &table, NULL), LB_OK);
        for (size_t k = 0; k < person->count; k++) {
            lb_buf_printf(&text, "%s%s=%s", k ? "," : "", person->key[k], person->item[k]->text);
            lb_buf_printf(&factors, "%s%s", k ? "," : "", person->key[k]);
            lb_buf_printf(&weight, "%s%s=%s", k ? "," : "", weights->key[k], lb_number_text(lb_number_of(weights->item[k]), number));
        }
        lb_call *call = call_of("minimise");
        assert_int_equal(lb_call_bind_table(call, "enrolled", table, NULL), LB_OK);
        set(call, "new", text.data);
        set(call, "factors", factors.data);
        set(call, "weights", weight.data);
        set(call, "method", lb_get_text(one, "method", "range"));
        lb_result *result = run(call);
        for (size_t k = 0; k < 2; k++) {
            const char *arm = k ? "B" : "A";
            assert_close(lb_get_number(lb_get(result->results, "scores"), arm, NAN), lb_get_number(lb_get(expected, "scores"), arm, NAN), 1e-12);
            assert_close(lb_get_number(lb_get(result->results, "probability"), arm, NAN), lb_get_number(lb_get(expected, "prob"), arm, NAN), 1e-12);
        }
        assert_string_equal(lb_get(result->results, "preferred")->item[0]->text, lb_get(expected, "preferred")->item[0]->text);
        lb_result_free(result);
        lb_buf_free(&text);
        lb_buf_free(&factors);
        lb_buf_free(&weight);
    }
    lb_arena_free(arena);
}

/* Exact properties of one block, over all its patterns: share of certain allocations, success of the convergence guesser. */
static void exact_block_properties(void **state)
{
    (void)state;
    static const struct {
        unsigned size;
        double certain, right;
    } blocks[] = {{2, 1.0 / 2, 3.0 / 4}, {4, 1.0 / 3, 17.0 / 24}, {6, 1.0 / 4, 41.0 / 60}, {8, 1.0 / 5, 373.0 / 560}};
    for (size_t i = 0; i < LB_COUNT(blocks); i++) {
        unsigned size = blocks[i].size, patterns = 0;
        double certain = 0, right = 0;
        for (unsigned bits = 0; bits < 1u << size; bits++) {
            if ((unsigned)__builtin_popcount(bits) != size / 2) continue;
            unsigned a = 0, b = 0;
            patterns++;
            for (unsigned k = 0; k < size; k++) {
                double p = trial_chance_before(a, b, size, NULL, 0);
                bool is_a = bits >> k & 1;
                certain += p <= 0 || p >= 1;
                right += p == 0.5 ? 0.5 : (p > 0.5) == is_a;
                a += is_a;
                b += !is_a;
            }
        }
        assert_close(certain / (patterns * size), blocks[i].certain, 1e-12);
        assert_close(right / (patterns * size), blocks[i].right, 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_equal_the_vectors), cmocka_unit_test(good_log_has_no_fault), cmocka_unit_test(planted_log_has_its_fault),
        cmocka_unit_test(every_row_flipped), cmocka_unit_test(every_row_removed), cmocka_unit_test(every_subject_twice),
        cmocka_unit_test(every_slot_twice), cmocka_unit_test(every_stratum_wrong), cmocka_unit_test(every_stratum_wrong_throughout),
        cmocka_unit_test(every_time_wrong), cmocka_unit_test(odd_cells), cmocka_unit_test(two_faults_are_two), cmocka_unit_test(berger_exner),
        cmocka_unit_test(minimisation), cmocka_unit_test(exact_block_properties),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
