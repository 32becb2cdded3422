/* The allocator's process: once per person, in order, after any crash; its log stands up to verification; minimisation can be
 * replayed; nothing about the future leaves it; a changed journal stops it. */
#include "lumbar_test.h"
#include "allocator/allocator.h"
#include "trial/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char blocks[] = "{\"trial\":\"T\",\"method\":\"permuted_blocks\",\"arms\":[\"A\",\"B\"],\"sizes\":[4,6]}";
static const char minimisation[] = "{\"trial\":\"T\",\"method\":\"minimisation\",\"arms\":[\"A\",\"B\"],\"sizes\":[],"
                                   "\"factors\":[{\"item\":\"sex\",\"weight\":1},{\"item\":\"age\",\"weight\":2}],\"p_best\":0.8}";

typedef struct place {
    char folder[256], key[280], journal[280];
    lb_allocator_options options;
} place;

static void new_place(place *p)
{
    snprintf(p->folder, sizeof p->folder, "%s/lumbar-allocator-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->key, sizeof p->key, "%s/key", p->folder);
    snprintf(p->journal, sizeof p->journal, "%s/journal", p->folder);
    p->options = (lb_allocator_options){LUMBAR_TEST_BINARY, p->folder, p->key};
}

static void end_place(place *p)
{
    char seed[280], mark[300];
    snprintf(seed, sizeof seed, "%s/seed", p->folder);
    snprintf(mark, sizeof mark, "%s.mark", p->key);
    unlink(seed);
    unlink(mark);
    unlink(p->key);
    unlink(p->journal);
    assert_int_equal(rmdir(p->folder), 0);
}

static lb_allocator *start(place *p)
{
    lb_allocator *a;
    lb_error err = LB_ERROR_INIT;
    if (lb_allocator_start(&p->options, &a, &err)) fail_msg("%s: %s", err.where, err.message);
    return a;
}

static lb_allocator *begin(place *p, const char *plan, char commitment[65])
{
    lb_error err = LB_ERROR_INIT;
    new_place(p);
    if (lb_allocator_create(&p->options, plan, commitment, &err)) fail_msg("%s: %s", err.where, err.message);
    return start(p);
}

static int allocate(lb_allocator *a, const char *subject, const char *stratum, lb_allocation *out, lb_error *err)
{
    const lb_allocator_face *face = lb_allocator_ask(a);
    lb_allocation_ask ask = {.subject = subject, .stratum = stratum, .by = "u1"};
    return face->allocate(face->context, &ask, out, err);
}

typedef struct asker {
    lb_allocator *allocator;
    int number, failures;
    lb_allocation got[25];
} asker;

static void *ask_many(void *context)
{
    asker *w = context;
    char subject[32];
    for (int i = 0; i < 25; i++) {
        lb_error err = LB_ERROR_INIT;
        snprintf(subject, sizeof subject, "P%02d-%02d", w->number, i);
        w->failures += allocate(w->allocator, subject, i % 3 ? "C01/F" : "C02/M", &w->got[i], &err) != LB_OK;
    }
    return NULL;
}

static void check_log(lb_allocator *a, const char *seed_hex, size_t rows)
{
    lb_error err = LB_ERROR_INIT;
    lb_buf csv = {0};
    lb_arena *arena = lb_arena_new();
    if (lb_allocator_log(a, &csv, &err)) fail_msg("%s", err.message);
    lb_bytes bytes = {(const uint8_t *)csv.data, csv.length, "log.csv"};
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *table;
    allocation_log log;
    assert_int_equal(lb_csv_read(&bytes, &options, arena, &table, &err), LB_OK);
    assert_int_equal(table->rows, rows);
    lb_rtsm rtsm = {.trial = "T", .size_count = 2, .size = {4, 6}, .arm_count = 2, .arm = {"A", "B"}};
    assert_true(lb_hex_bytes(seed_hex, rtsm.seed, 32));
    assert_int_equal(trial_log_read(table, rtsm.arm, 2, true, arena, &log, &err), LB_OK);
    lb_value *faults = lb_value_array(arena);
    trial_log_verify(&log, &rtsm, arena, faults);
    assert_int_equal(faults->count, 0);
    lb_buf_free(&csv);
    lb_arena_free(arena);
}

/* 64 at once, in order, no gap; the process is killed twice meanwhile; then revealed and verified. */
static void test_many_at_once(void **state)
{
    (void)state;
    enum { ASKERS = 64, EACH = 25 };
    static asker w[ASKERS];
    place p;
    char commitment[65], again[65], seed[65], computed[65];
    lb_error err = LB_ERROR_INIT;
    lb_allocator *a = begin(&p, blocks, commitment);
    pthread_t thread[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        w[i] = (asker){.allocator = a, .number = i};
        assert_int_equal(pthread_create(&thread[i], NULL, ask_many, &w[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        nanosleep(&(struct timespec){0, 60000000}, NULL);
        int process = lb_allocator_process(a);
        if (process > 0) kill(process, SIGKILL);
    }
    static bool used[ASKERS * EACH + 1];
    memset(used, 0, sizeof used);
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(w[i].failures, 0);
        for (int k = 0; k < EACH; k++) {
            int64_t n = w[i].got[k].sequence;
            assert_in_range(n, 1, ASKERS * EACH);
            assert_false(used[n]);
            used[n] = true;
        }
    }
    lb_allocation same;
    assert_int_equal(allocate(a, "P07-11", "C09/F", &same, &err), LB_OK);
    assert_true(same.again);
    assert_string_equal(same.arm, w[7].got[11].arm);
    assert_string_equal(same.receipt, w[7].got[11].receipt);
    lb_buf csv = {0};
    assert_int_equal(lb_allocator_log(a, &csv, &err), LB_FORBIDDEN);
    const lb_allocator_face *face = lb_allocator_ask(a);
    assert_int_equal(face->commitment(face->context, again, &err), LB_OK);
    assert_string_equal(again, commitment);
    assert_int_equal(face->reveal(face->context, seed, &err), LB_OK);
    assert_int_equal(allocate(a, "late", "C01/F", &same, &err), LB_CONFLICT);
    lb_rtsm rtsm = {.trial = "T"};
    assert_true(lb_hex_bytes(seed, rtsm.seed, 32));
    lb_rtsm_commitment(&rtsm, computed);
    assert_string_equal(computed, commitment);
    check_log(a, seed, ASKERS * EACH);
    lb_allocator_stop(a);
    a = start(&p);
    assert_int_equal(allocate(a, "late", "C01/F", &same, &err), LB_CONFLICT); /* revealed stays revealed */
    assert_int_equal(allocate(a, "P07-11", "C01/F", &same, &err), LB_OK);
    assert_string_equal(same.receipt, w[7].got[11].receipt);
    lb_allocator_stop(a);
    end_place(&p);
}

/* The verifier finds nothing in the log, and one changed arm at its row. */
static void check_minimised_log(lb_allocator *a, lb_rtsm *rtsm)
{
    lb_error err = LB_ERROR_INIT;
    lb_buf csv = {0};
    lb_arena *arena = lb_arena_new();
    assert_int_equal(lb_allocator_log(a, &csv, &err), LB_OK);
    lb_bytes bytes = {(const uint8_t *)csv.data, csv.length, "log.csv"};
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *table;
    allocation_log log;
    lb_column sex, age;
    rtsm->arm_count = 2;
    rtsm->arm[0] = "A";
    rtsm->arm[1] = "B";
    assert_int_equal(lb_csv_read(&bytes, &options, arena, &table, &err), LB_OK);
    assert_int_equal(trial_log_read(table, rtsm->arm, 2, false, arena, &log, &err), LB_OK);
    assert_int_equal(lb_table_factor(table, "sex", arena, &sex, &err), LB_OK);
    assert_int_equal(lb_table_factor(table, "age", arena, &age, &err), LB_OK);
    int *level = lb_arena_array(arena, 2 * table->rows, sizeof *level);
    for (size_t i = 0; i < table->rows; i++) {
        level[2 * i] = sex.code[i];
        level[2 * i + 1] = age.code[i];
    }
    static const double weight[] = {1, 2};
    const lb_minimise rule = {.arm_count = 2, .factor_count = 2, .weight = weight, .p_best = 0.8};
    lb_value *faults = lb_value_array(arena);
    trial_log_verify_minimised(&log, rtsm, &rule, level, arena, faults);
    assert_int_equal(faults->count, 0);
    size_t last = log.rows - 1;
    log.row[last].arm_index = 1 - log.row[last].arm_index;
    trial_log_verify_minimised(&log, rtsm, &rule, level, arena, faults);
    assert_int_equal(faults->count, 1);
    assert_string_equal(lb_get_text(faults->item[0], "kind", ""), "wrong_arm");
    assert_int_equal(lb_get_int(faults->item[0], "row", 0), (int64_t)last + 1);
    lb_buf_free(&csv);
    lb_arena_free(arena);
}

typedef struct gathered {
    lb_allocation_past past[200];
    char text[200][3][16];
    size_t count;
} gathered;

static int gather(void *context, const lb_allocation_past *past, lb_error *err)
{
    gathered *g = context;
    (void)err;
    g->past[g->count] = *past;
    snprintf(g->text[g->count][0], 16, "%s", past->level[0]);
    snprintf(g->text[g->count][1], 16, "%s", past->level[1]);
    snprintf(g->text[g->count++][2], 16, "%s", past->arm);
    return LB_OK;
}

/* Every arm again from the revealed seed and the levels: counts and scores in plain loops here. */
static void test_minimisation_can_be_replayed(void **state)
{
    (void)state;
    static gathered g;
    place p;
    char commitment[65], seed[65], subject[16];
    lb_error err = LB_ERROR_INIT;
    lb_allocator *a = begin(&p, minimisation, commitment);
    const lb_allocator_face *face = lb_allocator_ask(a);
    static const char *const sex[] = {"F", "M"}, *const age[] = {"18-39", "40-60", "61-80"};
    lb_allocation got;
    for (int i = 0; i < 120; i++) {
        const char *level[] = {sex[(i * 7 / 3) % 2], age[(i * 5 / 2) % 3]};
        snprintf(subject, sizeof subject, "S%03d", i);
        lb_allocation_ask ask = {subject, "C01", level, 2, "u1"};
        assert_int_equal(face->allocate(face->context, &ask, &got, &err), LB_OK);
        assert_int_equal(got.sequence, i + 1);
        if (i == 60) kill(lb_allocator_process(a), SIGKILL);
    }
    lb_allocation_ask without = {"S999", "C01", NULL, 0, "u1"};
    assert_int_equal(face->allocate(face->context, &without, &got, &err), LB_USAGE);
    memset(&g, 0, sizeof g);
    assert_int_equal(face->past(face->context, gather, &g, &err), LB_OK);
    assert_int_equal(g.count, 120);
    assert_int_equal(face->reveal(face->context, seed, &err), LB_OK);
    lb_rtsm rtsm = {.trial = "T"};
    assert_true(lb_hex_bytes(seed, rtsm.seed, 32));
    size_t best = 0, uneven = 0;
    for (size_t i = 0; i < g.count; i++) {
        int n[2][2] = {{0}};
        for (size_t k = 0; k < i; k++)
            for (int f = 0; f < 2; f++)
                if (strcmp(g.text[k][f], g.text[i][f]) == 0) n[strcmp(g.text[k][2], "B") == 0][f]++;
        int score_a = abs(n[0][0] + 1 - n[1][0]) + 2 * abs(n[0][1] + 1 - n[1][1]);
        int score_b = abs(n[0][0] - n[1][0] - 1) + 2 * abs(n[0][1] - n[1][1] - 1);
        double p_a = score_a == score_b ? 0.5 : score_a < score_b ? 0.8 : 1 - 0.8;
        const char *arm = lb_rtsm_uniform(&rtsm, (uint32_t)i + 1) < p_a ? "A" : "B";
        assert_string_equal(g.text[i][2], arm);
        uneven += score_a != score_b;
        best += score_a != score_b && strcmp(arm, score_a < score_b ? "A" : "B") == 0;
    }
    assert_true(uneven > 60 && best > uneven / 2);
    check_minimised_log(a, &rtsm);
    lb_allocator_stop(a);
    end_place(&p);
}

/* The stream of draws, as another program's HMAC gives it. */
static void test_draws(void **state)
{
    (void)state;
    lb_rtsm rtsm = {.trial = "T"};
    for (uint8_t i = 0; i < 32; i++) rtsm.seed[i] = i;
    assert_true(lb_rtsm_uniform(&rtsm, 1) == 0.5906851705762929);
    assert_true(lb_rtsm_uniform(&rtsm, 2) == 0.2409633629409792);
    assert_true(lb_rtsm_uniform(&rtsm, 314) == 0.3479280914993932);
}

static void test_bad_words(void **state)
{
    (void)state;
    place p;
    char commitment[65];
    lb_error err = LB_ERROR_INIT;
    lb_allocation got;
    lb_allocator *a = begin(&p, blocks, commitment);
    assert_int_equal(allocate(a, "", "C01/F", &got, &err), LB_USAGE);
    assert_int_equal(allocate(a, "S|1", "C01/F", &got, &err), LB_USAGE);
    char word[400];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_int_equal(allocate(a, "S1", word, &got, &err), LB_USAGE);
    assert_int_equal(allocate(a, "S1", "", &got, &err), LB_OK);
    assert_int_equal(got.sequence, 1);
    char again[65];
    assert_int_equal(lb_allocator_create(&p.options, blocks, again, &err), LB_CONFLICT);
    lb_allocator_stop(a);
    end_place(&p);
    new_place(&p);
    assert_int_equal(lb_allocator_create(&p.options, "{\"trial\":\"T\",\"arms\":[\"A\",\"B\"],\"sizes\":[3]}", again, &err), LB_USAGE);
    unlink(p.key);
    end_place(&p);
}

static void change_journal(place *p, bool cut_whole_line)
{
    struct stat st;
    assert_int_equal(stat(p->journal, &st), 0);
    int fd = open(p->journal, O_RDWR);
    assert_true(fd >= 0);
    char c;
    if (cut_whole_line) {
        assert_int_equal(ftruncate(fd, st.st_size - 7), 0);
    } else {
        assert_int_equal(pread(fd, &c, 1, 50), 1);
        c = c == 'A' ? 'B' : 'A';
        assert_int_equal(pwrite(fd, &c, 1, 50), 1);
    }
    close(fd);
}

/* A torn last line was never acknowledged: it goes. A changed byte stops the process, with the place. */
static void forget_mark(const place *p)
{
    char mark[300];
    snprintf(mark, sizeof mark, "%s.mark", p->key);
    assert_int_equal(unlink(mark), 0);
}

static void test_damaged_journal(void **state)
{
    (void)state;
    place p;
    char commitment[65], subject[16];
    lb_error err = LB_ERROR_INIT;
    lb_allocation got;
    lb_allocator *a = begin(&p, blocks, commitment);
    for (int i = 0; i < 5; i++) {
        snprintf(subject, sizeof subject, "S%d", i);
        assert_int_equal(allocate(a, subject, "C01/F", &got, &err), LB_OK);
    }
    lb_allocator_stop(a);
    change_journal(&p, true);
    forget_mark(&p); /* a line that was torn was never acknowledged: the mark had not come to it */
    a = start(&p);
    assert_int_equal(allocate(a, "S3", "C01/F", &got, &err), LB_OK);
    assert_int_equal(got.sequence, 4);
    assert_int_equal(allocate(a, "S9", "C01/F", &got, &err), LB_OK);
    assert_int_equal(got.sequence, 5);
    lb_allocator_stop(a);
    change_journal(&p, false);
    assert_int_equal(lb_allocator_start(&p.options, &a, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "line 1"));
    end_place(&p);
}

/* A journal put back from an older backup would give the later places again: the number kept beside the key knows better. */
static void test_older_journal(void **state)
{
    (void)state;
    place p;
    char commitment[65], line[1400];
    lb_error err = LB_ERROR_INIT;
    lb_allocation first[5], again;
    lb_allocator *a = begin(&p, blocks, commitment);
    for (int i = 0; i < 5; i++) {
        char subject[8];
        snprintf(subject, sizeof subject, "S%d", i);
        if (i == 3) {
            snprintf(line, sizeof line, "cp '%s' '%s.old'", p.journal, p.journal);
            assert_int_equal(system(line), 0);
        }
        assert_int_equal(allocate(a, subject, "C01/F", &first[i], &err), LB_OK);
    }
    lb_allocator_stop(a);
    snprintf(line, sizeof line, "mv '%s' '%s.new' && mv '%s.old' '%s'", p.journal, p.journal, p.journal, p.journal);
    assert_int_equal(system(line), 0);
    a = start(&p); /* what is known can still be asked for … */
    assert_int_equal(allocate(a, "S2", "C01/F", &again, &err), LB_OK);
    assert_string_equal(again.arm, first[2].arm);
    assert_int_equal(allocate(a, "S9", "C01/F", &again, &err), LB_CONFLICT); /* … but nobody new is randomised */
    assert_non_null(strstr(err.message, "holds 3 allocations, but 5 were made"));
    lb_allocator_stop(a);
    snprintf(line, sizeof line, "mv '%s.new' '%s'", p.journal, p.journal);
    assert_int_equal(system(line), 0);
    a = start(&p); /* with the right one it goes on */
    assert_int_equal(allocate(a, "S9", "C01/F", &again, &err), LB_OK);
    assert_int_equal(again.sequence, 6);
    lb_allocator_stop(a);
    end_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_at_once), cmocka_unit_test(test_minimisation_can_be_replayed),
        cmocka_unit_test(test_draws),        cmocka_unit_test(test_bad_words),
        cmocka_unit_test(test_damaged_journal), cmocka_unit_test(test_older_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
