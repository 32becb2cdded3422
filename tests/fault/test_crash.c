/* kill -9 at random moments, of the whole program, of the allocator alone, of both: what was acknowledged is there, nobody
 * is allocated twice, no slot is used twice or left out, the audit's chain verifies. 40 crashes in the suite; as many as
 * LUMBAR_CRASHES says in the soak. */
#include "lumbar_test.h"
#include "allocator/allocator.h"
#include "store/store.h"
#include "trial/conduct/kinds.h"
#include "trial/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { SAVERS = 6, ASKERS = 4, KEYS = 8, LINE = 160 };
static const char plan[] = "{\"trial\":\"CRASH\",\"method\":\"permuted_blocks\",\"arms\":[\"A\",\"B\"],\"sizes\":[4,6]}";
static const lb_actor actor = {"u1", "coordinator", NULL, 0, false, true};

static const char *program_file(void)
{
    const char *named = getenv("LUMBAR_BIN");
    return named ? named : LUMBAR_TEST_BINARY;
}

typedef struct place {
    char folder[200], database[240], allocator[240], key[240];
} place;

/* ---- the program that is killed ---- */

typedef struct program {
    const place *place;
    lb_store *store;
    lb_allocator *allocator;
    int out;       /* acknowledgements: one line each, written whole */
    int round;
} program;

typedef struct hand {
    const program *program;
    int number;
} hand;

typedef struct save {
    const char *kind, *key;
    int64_t count;     /* what the record counts to; read and raised by one */
    const char *text;  /* or: body to write once */
} save;

static int save_body(lb_tx *tx, void *context, lb_error *err)
{
    save *s = context;
    const lb_record *before;
    int code = lb_tx_get(tx, s->kind, s->key, &before, err);
    if (code) return code;
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    s->count = before ? lb_get_int(before->body, "count", 0) + 1 : 1;
    lb_set_int(body, "count", s->count);
    if (s->text) lb_set_text(body, "text", s->text);
    const lb_record record = {.kind = s->kind, .key = s->key, .site = "C01", .subject = s->key, .state = "complete", .body = body};
    const lb_change change = {"save", NULL, "1"};
    return lb_tx_put(tx, &record, before ? before->revision : 0, &change, err);
}

static void acknowledge(const program *p, const char *line)
{
    ssize_t done = write(p->out, line, strlen(line)); /* shorter than PIPE_BUF: whole or not at all */
    (void)done;
}

static int put(const program *p, save *s)
{
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    int code = lb_store_write(p->store, &actor, arena, save_body, s, &err);
    lb_arena_free(arena);
    return code;
}

static void *keep_saving(void *context)
{
    const hand *h = context;
    char key[32], line[LINE];
    for (int i = 0;; i++) {
        snprintf(key, sizeof key, "K%d-%d", h->number, i % KEYS);
        save s = {LB_KIND_ENTRY, key, 0, NULL};
        if (put(h->program, &s)) continue;
        snprintf(line, sizeof line, "S %s %lld\n", key, (long long)s.count);
        acknowledge(h->program, line);
    }
    return NULL;
}

/* Intention, allocation, record: the three steps of a randomisation. */
static void *keep_allocating(void *context)
{
    const hand *h = context;
    const lb_allocator_face *face = lb_allocator_ask(h->program->allocator);
    char subject[48], line[LINE], text[32];
    for (int i = 0;; i++) {
        snprintf(subject, sizeof subject, "R%d-%d-%d", h->program->round, h->number, i);
        save intention = {LB_KIND_ALLOCATION, subject, 0, "asked"};
        if (put(h->program, &intention)) continue;
        lb_error err = LB_ERROR_INIT;
        lb_allocation got;
        lb_allocation_ask ask = {.subject = subject, .stratum = i % 2 ? "C01/F" : "C01/M", .by = "u1"};
        if (face->allocate(face->context, &ask, &got, &err)) continue;
        snprintf(text, sizeof text, "%lld %.8s", (long long)got.sequence, got.arm);
        save answer = {LB_KIND_ARM, subject, 0, text};
        if (put(h->program, &answer)) continue;
        snprintf(line, sizeof line, "A %s %s\n", subject, text);
        acknowledge(h->program, line);
    }
    return NULL;
}

static void run_program(const place *where, int out, int round)
{
    program p = {.place = where, .out = out, .round = round};
    lb_error err = LB_ERROR_INIT;
    lb_store_options options = LB_STORE_OPTIONS_INIT;
    options.where = where->database;
    const lb_allocator_options how = {program_file(), where->allocator, where->key};
    char line[LINE];
    if (lb_store_open(&options, &p.store, &err) || lb_allocator_start(&how, &p.allocator, &err)) {
        snprintf(line, sizeof line, "E %.140s\n", err.message);
        acknowledge(&p, line);
        _exit(1);
    }
    static hand hands[SAVERS + ASKERS];
    pthread_t thread;
    snprintf(line, sizeof line, "P %d\n", lb_allocator_process(p.allocator));
    acknowledge(&p, line);
    for (int i = 0; i < SAVERS + ASKERS; i++) {
        hands[i] = (hand){&p, i};
        pthread_create(&thread, NULL, i < SAVERS ? keep_saving : keep_allocating, &hands[i]);
    }
    for (;;) pause();
}

/* ---- what was acknowledged ---- */

typedef struct promise {
    char name[48], text[32];
    int64_t count;
} promise;

typedef struct ledger {
    promise *saves, *allocations;
    size_t save_count, allocation_count, room;
    size_t acknowledged;
} ledger;

static void note_line(ledger *l, char *line, int *allocator)
{
    promise p = {.count = 0};
    char first[48] = "", second[32] = "", third[32] = "";
    int words = sscanf(line + 1, " %47s %31s %31s", first, second, third);
    snprintf(p.name, sizeof p.name, "%s", first);
    if (line[0] == 'E') fail_msg("the program did not start again: %s", line);
    if (line[0] == 'P') *allocator = (int)strtol(first, NULL, 10);
    if (line[0] == 'S' && words == 2) {
        p.count = strtoll(second, NULL, 10);
        size_t i = 0;
        while (i < l->save_count && strcmp(l->saves[i].name, p.name) != 0) i++;
        if (i == l->save_count) l->save_count++;
        if (p.count > l->saves[i].count) l->saves[i] = p;
        l->acknowledged++;
    }
    if (line[0] == 'A' && words == 3) {
        snprintf(p.text, sizeof p.text, "%s %s", second, third);
        if (l->allocation_count == l->room) {
            l->room = l->room ? 2 * l->room : 1024;
            l->allocations = realloc(l->allocations, l->room * sizeof *l->allocations);
        }
        l->allocations[l->allocation_count++] = p;
        l->acknowledged++;
    }
}

static void read_until(ledger *l, int in, double until, int *allocator)
{
    static char text[1 << 16];
    static size_t length;
    while (until < 0 || lb_seconds() < until) {
        ssize_t n = read(in, text + length, sizeof text - length);
        if (n == 0) break;
        if (n < 0) {
            nanosleep(&(struct timespec){0, 1000000}, NULL);
            continue;
        }
        length += (size_t)n;
        char *line = text, *end;
        while ((end = memchr(line, '\n', length - (size_t)(line - text)))) {
            *end = '\0';
            note_line(l, line, allocator);
            line = end + 1;
        }
        length -= (size_t)(line - text);
        memmove(text, line, length);
    }
    if (until < 0) length = 0; /* the end: a torn line was never an acknowledgement */
}

/* ---- one round ---- */

static void kill_quietly(int process)
{
    if (process > 0) kill(process, SIGKILL);
}

static void round_of(const place *where, ledger *l, int round, lb_random *random)
{
    int pipes[2], allocator = 0;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipes[0]);
        run_program(where, pipes[1], round);
    }
    close(pipes[1]);
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    double started = lb_seconds();
    while (!allocator && lb_seconds() < started + 20) read_until(l, pipes[0], lb_seconds() + 0.002, &allocator);
    assert_true(allocator > 0);
    read_until(l, pipes[0], lb_seconds() + 0.002 + 0.06 * lb_random_uniform(random), &allocator);
    unsigned how = lb_random_below(random, 3);
    if (how >= 1) kill_quietly(allocator);
    if (how == 1) read_until(l, pipes[0], lb_seconds() + 0.05, &allocator); /* it must go on with a new allocator */
    kill_quietly(child);
    assert_int_equal(waitpid(child, NULL, 0), child);
    fcntl(pipes[0], F_SETFL, 0);
    read_until(l, pipes[0], -1, &allocator); /* to the end: what was acknowledged before the kill */
    close(pipes[0]);
}

/* ---- the reckoning ---- */

typedef struct asked {
    const char *kind, *key;
    int64_t count;
    char text[32];
} asked;

static int look_up(lb_tx *tx, void *context, lb_error *err)
{
    asked *a = context;
    const lb_record *record;
    int code = lb_tx_get(tx, a->kind, a->key, &record, err);
    a->count = record ? lb_get_int(record->body, "count", 0) : -1;
    snprintf(a->text, sizeof a->text, "%s", record ? lb_get_text(record->body, "text", "") : "");
    return code;
}

static asked in_store(lb_store *store, const char *kind, const char *key)
{
    asked a = {.kind = kind, .key = key};
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    assert_int_equal(lb_store_read(store, &actor, arena, look_up, &a, &err), LB_OK);
    lb_arena_free(arena);
    return a;
}

typedef struct history {
    lb_store *store;
    int64_t next;
    size_t repaired;
} history;

/* Sequence without a gap; whoever the allocator knows has an intention, and the record that is missing can be made now. */
static int check_past(void *context, const lb_allocation_past *past, lb_error *err)
{
    history *h = context;
    (void)err;
    assert_int_equal(past->sequence, ++h->next);
    char text[32];
    snprintf(text, sizeof text, "%lld %s", (long long)past->sequence, past->arm);
    assert_string_equal(in_store(h->store, LB_KIND_ALLOCATION, past->subject).text, "asked");
    asked arm = in_store(h->store, LB_KIND_ARM, past->subject);
    if (arm.count < 0) h->repaired++; /* killed between the answer and the record: asking again gives this answer */
    else assert_string_equal(arm.text, text);
    return LB_OK;
}

static void check_everything(const place *where, const ledger *l)
{
    lb_store_options options = LB_STORE_OPTIONS_INIT;
    lb_error err = LB_ERROR_INIT;
    lb_arena *arena = lb_arena_new();
    lb_store *store;
    lb_allocator *allocator;
    lb_value *verified;
    options.where = where->database;
    const lb_allocator_options how = {program_file(), where->allocator, where->key};
    assert_int_equal(lb_store_open(&options, &store, &err), LB_OK);
    assert_int_equal(lb_store_verify(store, arena, &verified, &err), LB_OK);
    if (!lb_get_bool(verified, "valid", false)) fail_msg("%s", lb_get_text(lb_path(verified, "faults[0]"), "message", "?"));
    for (size_t i = 0; i < l->save_count; i++) assert_true(in_store(store, LB_KIND_ENTRY, l->saves[i].name).count >= l->saves[i].count);
    for (size_t i = 0; i < l->allocation_count; i++)
        assert_string_equal(in_store(store, LB_KIND_ARM, l->allocations[i].name).text, l->allocations[i].text);
    assert_int_equal(lb_allocator_start(&how, &allocator, &err), LB_OK);
    const lb_allocator_face *face = lb_allocator_ask(allocator);
    history h = {.store = store};
    assert_int_equal(face->past(face->context, check_past, &h, &err), LB_OK);
    char seed[65];
    lb_buf csv = {0};
    assert_int_equal(face->reveal(face->context, seed, &err), LB_OK);
    assert_int_equal(lb_allocator_log(allocator, &csv, &err), LB_OK);
    lb_bytes bytes = {(const uint8_t *)csv.data, csv.length, "log.csv"};
    lb_csv_options reading = LB_CSV_OPTIONS_INIT;
    lb_table *table;
    allocation_log log;
    lb_rtsm rtsm = {.trial = "CRASH", .size_count = 2, .size = {4, 6}, .arm_count = 2, .arm = {"A", "B"}};
    assert_true(lb_hex_bytes(seed, rtsm.seed, 32));
    assert_int_equal(lb_csv_read(&bytes, &reading, arena, &table, &err), LB_OK);
    assert_int_equal(trial_log_read(table, rtsm.arm, 2, true, arena, &log, &err), LB_OK);
    lb_value *faults = lb_value_array(arena);
    trial_log_verify(&log, &rtsm, arena, faults);
    assert_int_equal(faults->count, 0);
    print_message("%zu acknowledged, %lld audit entries, %lld allocated, %zu of them between answer and record\n", l->acknowledged,
                  (long long)lb_get_int(verified, "entries", 0), (long long)h.next, h.repaired);
    lb_buf_free(&csv);
    lb_allocator_stop(allocator);
    lb_store_close(store);
    lb_arena_free(arena);
}

static void test_crashes(void **state)
{
    (void)state;
    const char *wanted = getenv("LUMBAR_CRASHES");
    int rounds = wanted ? (int)strtol(wanted, NULL, 10) : 40;
    place where;
    char commitment[65], command[300];
    lb_error err = LB_ERROR_INIT;
    snprintf(where.folder, sizeof where.folder, "%s/lumbar-crash-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(where.folder));
    snprintf(where.database, sizeof where.database, "%s/s.db", where.folder);
    snprintf(where.allocator, sizeof where.allocator, "%s/allocator", where.folder);
    snprintf(where.key, sizeof where.key, "%s/allocator.key", where.folder);
    lb_store_options options = LB_STORE_OPTIONS_INIT;
    options.where = where.database;
    options.create = true;
    lb_store *store;
    assert_int_equal(lb_store_open(&options, &store, &err), LB_OK);
    lb_store_close(store);
    const lb_allocator_options how = {program_file(), where.allocator, where.key};
    assert_int_equal(lb_allocator_create(&how, plan, commitment, &err), LB_OK);
    static ledger l;
    l.saves = calloc(SAVERS * KEYS + 1, sizeof *l.saves);
    lb_random random;
    lb_random_init(&random, 20261128, 0);
    for (int i = 0; i < rounds; i++) round_of(&where, &l, i, &random);
    assert_true(l.acknowledged > (size_t)rounds);
    check_everything(&where, &l);
    free(l.saves);
    free(l.allocations);
    snprintf(command, sizeof command, "rm -r '%s'", where.folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_crashes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
