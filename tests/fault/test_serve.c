/* The real server over HTTP: killed (kill -9) again and again while people save forms and randomise, then 64 at once. What it had
 * answered with 200 is there, the sequence has no gap, nobody is allocated twice, the log stands up to the revealed seed.
 * LUMBAR_CRASHES says how many kills; the suite makes a few, `./dev soak` 500. */
#include "conduct_trial.h"

#include "allocator/allocator.h"
#include "api/client.h"
#include "trial/conduct/users.h"
#include "trial/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

enum { SAVERS = 8, ASKERS = 4, AT_ONCE = 64, LINE = 2048 };
#define PASSWORD "four unrelated plain words"
#define ELIGIBLE                                                                                                                      \
    "{'sex':'%s','age':66,'lbp_months':12,'odi_screen':40,'goutallier':'2','surg_indication':0,'conservative':1,'can_exercise':1,"    \
    "'willing':1,'exc_specific':0,'exc_surgery':0,'exc_comorb':0,'exc_cognition':0,'exc_physical':0,'exc_trial':0,'exc_hypersens':0}"

typedef struct server {
    char folder[200], database[240], allocator[280], key[320];
    pid_t process;
    unsigned port;
    char cookie[200], token[100];
} server;

/* ---- the server's process ---- */

static const char *program_file(void)
{
    const char *named = getenv("LUMBAR_BIN");
    return named ? named : LUMBAR_TEST_BINARY;
}

static void start(server *s)
{
    int pipes[2];
    char listen[64], line[300] = "";
    size_t used = 0;
    assert_int_equal(pipe(pipes), 0);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", s->port);
    s->process = fork();
    assert_true(s->process >= 0);
    if (s->process == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        execl(program_file(), "lumbar", "serve", "--db", s->database, "--listen", listen, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    while (used + 1 < sizeof line && !strchr(line, '\n')) {
        ssize_t n = read(pipes[0], line + used, sizeof line - 1 - used);
        if (n <= 0) fail_msg("the server did not start: %s", line);
        used += (size_t)n;
        line[used] = '\0';
    }
    close(pipes[0]);
    assert_int_equal(sscanf(line, "Lumbar is running at http://127.0.0.1:%u/", &s->port), 1);
}

static void end(server *s, int signal)
{
    int status;
    kill(s->process, signal);
    assert_int_equal(waitpid(s->process, &status, 0), s->process);
    if (signal == SIGTERM) assert_int_equal(WEXITSTATUS(status), 0);
}

/* 0: no answer. The body, NUL-terminated, in `out`. */
static int ask(const server *s, const char *method, const char *path, const char *body, char *out, size_t size)
{
    char request[LINE];
    reply r;
    int fd = client_open(s->port);
    if (out) out[0] = '\0';
    if (fd < 0) return 0;
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: lumbar=%s\r\nX-Lumbar-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             method, path, s->port, s->cookie, s->token, body ? strlen(body) : (size_t)0, body ? body : "");
    client_send(fd, request, strlen(request));
    client_read(fd, false, &r);
    close(fd);
    if (out && r.body) snprintf(out, size, "%s", r.body);
    if (r.status == 200 && strstr(path, "/api/session")) {
        char header[600];
        reply_header(&r, "Set-Cookie", header, sizeof header);
        sscanf(header, "lumbar=%199[^;]", ((server *)s)->cookie);
    }
    int status = r.status;
    reply_free(&r);
    return status;
}

static bool text_of(const char *json, const char *key, char *out, size_t size)
{
    char mark[60];
    snprintf(mark, sizeof mark, "\"%s\":", key);
    const char *at = strstr(json, mark);
    if (!at) return false;
    at += strlen(mark) + strspn(at + strlen(mark), " \"");
    snprintf(out, size, "%.*s", (int)strcspn(at, "\",}"), at);
    return true;
}

static long number_of(const char *json, const char *key)
{
    char text[40];
    return text_of(json, key, text, sizeof text) ? strtol(text, NULL, 10) : -1;
}

/* ---- the study ---- */

static int add_user(lb_tx *tx, void *context, lb_error *err)
{
    const lb_user_new user = {.name = "coord", .full_name = "coord", .role = "coordinator", .hash = context};
    lb_value *body = lb_user_body(&user, lb_tx_arena(tx));
    lb_set_bool(body, "must_change", false);
    lb_set_bool(body, "second_factor", false);
    const lb_record record = {.kind = LB_KIND_USER, .key = "coord", .state = "active", .body = body};
    return lb_tx_put(tx, &record, 0, &(lb_change){"set up", NULL, NULL}, err);
}

static void shell(const char *format, const char *a, const char *b)
{
    char line[900];
    snprintf(line, sizeof line, format, a, b);
    assert_int_equal(system(line), 0);
}

/* People to be randomised R-0000 …, and one person K-n for each saver. */
static void found(server *s, trial *t, int people)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    char hash[LB_PASSWORD_HASH];
    memset(s, 0, sizeof *s);
    memset(t, 0, sizeof *t);
    snprintf(s->folder, sizeof s->folder, "%s/lumbar-serve-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->database, sizeof s->database, "%s/t.db", s->folder);
    snprintf(s->allocator, sizeof s->allocator, "%s.allocator", s->database);
    snprintf(s->key, sizeof s->key, "%s.keys/allocator.key", s->database);
    shell("'%s' study new studies/metnlbp.yaml --db '%s' --quiet", program_file(), s->database);
    t->arena = lb_arena_new();
    TRIAL_OK(lb_file_read(repository_file("studies/metnlbp.yaml"), 1 << 20, t->arena, &bytes, &err), err);
    TRIAL_OK(lb_study_read(&bytes, t->arena, &t->study, NULL, &err), err);
    const lb_store_options options = {.where = s->database};
    TRIAL_OK(lb_store_open(&options, &t->store, &err), err);
    t->actor = (lb_actor){.user = "coord", .role = "coordinator", .clinical = true};
    trial_record(t, LB_KIND_SITE, "C01", "C01", NULL, "open", false,
                 lb_arena_printf(t->arena, "{'protocol_version':'%s','ethics':[{'version':'%s','approved':'2000-01-01'}]}", t->study->version, t->study->version));
    trial_record(t, LB_KIND_DELEGATION, "C01|coord|1", "C01", NULL, NULL, false, "{'tasks':['consent','randomise'],'from':'2000-01-01'}");
    TRIAL_OK(lb_password_hash(PASSWORD, hash, &err), err);
    TRIAL_OK(lb_store_write(t->store, &t->actor, t->arena, add_user, hash, &err), err);
    const char *today = lb_day_text(lb_now_us() / 86400000000, t->arena);
    for (int i = 0; i < people + SAVERS; i++) {
        const char *subject = i < people ? lb_arena_printf(t->arena, "R-%04d", i) : lb_arena_printf(t->arena, "K-%d", i - people);
        trial_subject(t, subject, "C01");
        if (i >= people) continue;
        trial_entry(t, subject, "SCR", "eligibility", lb_arena_printf(t->arena, ELIGIBLE, i % 3 ? "F" : "M"));
        TRIAL_OK(trial_do(t, lb_consent_add, subject, lb_arena_printf(t->arena, "{'date':'%s','form_version':'1.0'}", today), &err), err);
    }
    lb_store_close(t->store);
    start(s);
    char answer[4096];
    assert_int_equal(ask(s, "POST", "/api/session", "{\"user\":\"coord\",\"password\":\"" PASSWORD "\"}", answer, sizeof answer), 200);
    assert_true(text_of(answer, "token", s->token, sizeof s->token));
}

/* ---- people at work ---- */

typedef struct hand {
    const server *server;
    const atomic_bool *stop;
    int number;
    long known;                     /* the revision last seen, acknowledged or read after an answer was lost */
    long revision, age, saved;      /* acknowledged with 200 */
    int first, next;                /* askers: R-first, R-(first + ASKERS) …; up to next */
    char (*arm)[40];                /* acknowledged, by person */
    int refused;                    /* answers that should not be */
    char answer[8192], message[600];
} hand;

static void complain(hand *h, int status)
{
    h->refused++;
    snprintf(h->message, sizeof h->message, "%d %.500s", status, h->answer);
}

static void *keep_saving(void *context)
{
    hand *h = context;
    char path[100], body[200];
    snprintf(path, sizeof path, "/api/forms/K-%d/SCR/eligibility", h->number);
    for (long i = 0; !atomic_load(h->stop); i++) {
        long age = 60 + i % 40;
        snprintf(body, sizeof body, "{\"values\":{\"age\":%ld},\"revision\":%ld,\"reason\":\"next\"}", age, h->known);
        int status = ask(h->server, "PUT", path, body, h->answer, sizeof h->answer);
        if (status == 200) {
            h->known = h->revision = number_of(h->answer, "revision");
            h->age = age;
            h->saved++;
        } else if (status == 0 || status == 409) { /* the answer to the last one was lost: look what is there */
            if (ask(h->server, "GET", path, NULL, h->answer, sizeof h->answer) == 200) h->known = number_of(h->answer, "revision");
            else nanosleep(&(struct timespec){0, 20000000}, NULL);
        } else if (status != 503) {
            complain(h, status);
        }
    }
    return NULL;
}

static int randomise(hand *h, int person)
{
    char path[100], body[200];
    snprintf(path, sizeof path, "/api/people/R-%04d/randomise", person);
    snprintf(body, sizeof body, "{\"key\":\"key-%04d\",\"password\":\"" PASSWORD "\"}", person);
    return ask(h->server, "POST", path, body, h->answer, sizeof h->answer);
}

static void take_arm(hand *h, int person)
{
    const char *arm = strstr(h->answer, "\"arm\":");
    if (!arm || !text_of(arm + 6, "id", h->arm[person], sizeof h->arm[person])) complain(h, 200);
}

static void *keep_randomising(void *context)
{
    hand *h = context;
    for (int person = h->first; !atomic_load(h->stop) && person < h->next;) {
        int status = randomise(h, person);
        if (status == 200) {
            take_arm(h, person);
            h->saved++;
            person += ASKERS;
        } else if (status != 0 && status != 503) {
            complain(h, status);
            person += ASKERS;
        } else {
            nanosleep(&(struct timespec){0, 20000000}, NULL); /* the same person with the same key again */
        }
    }
    return NULL;
}

/* ---- the reckoning ---- */

typedef struct reading {
    const char *kind, *key;
    long revision, age;
    char state[20];
} reading;

static int look_up(lb_tx *tx, void *context, lb_error *err)
{
    reading *r = context;
    const lb_record *record;
    int code = lb_tx_get(tx, r->kind, r->key, &record, err);
    r->revision = record ? (long)record->revision : 0;
    r->age = record ? (long)lb_get_number(lb_get(record->body, "values"), "age", -1) : -1;
    snprintf(r->state, sizeof r->state, "%s", record && record->state ? record->state : "");
    return code;
}

static reading in_store(trial *t, const char *kind, const char *key)
{
    reading r = {.kind = kind, .key = key};
    lb_error err = LB_ERROR_INIT;
    TRIAL_OK(lb_store_read(t->store, &t->actor, t->arena, look_up, &r, &err), err);
    return r;
}

typedef struct history {
    trial *trial;
    int64_t next;
    char (*arm)[40];
    size_t acknowledged;
} history;

static int check_past(void *context, const lb_allocation_past *past, lb_error *err)
{
    history *h = context;
    (void)err;
    assert_int_equal(past->sequence, ++h->next);
    assert_string_equal(in_store(h->trial, LB_KIND_ALLOCATION, past->subject).state, "allocated");
    const char *told = h->arm[strtol(past->subject + 2, NULL, 10)];
    for (size_t i = 0; told[0] && i < h->trial->study->arm_count; i++)
        if (strcmp(h->trial->study->arm[i].code, past->arm) == 0) assert_string_equal(told, h->trial->study->arm[i].id);
    h->acknowledged += told[0] != '\0';
    return LB_OK;
}

static void check_log(trial *t, lb_allocator *allocator)
{
    lb_error err = LB_ERROR_INIT;
    lb_buf csv = {0};
    char seed[65];
    const lb_allocator_face *face = lb_allocator_ask(allocator);
    TRIAL_OK(face->reveal(face->context, seed, &err), err);
    TRIAL_OK(lb_allocator_log(allocator, &csv, &err), err);
    lb_bytes bytes = {(const uint8_t *)csv.data, csv.length, "log.csv"};
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *table;
    allocation_log log;
    lb_rtsm rtsm = t->study->rtsm;
    assert_true(lb_hex_bytes(seed, rtsm.seed, 32));
    TRIAL_OK(lb_csv_read(&bytes, &options, t->arena, &table, &err), err);
    TRIAL_OK(trial_log_read(table, rtsm.arm, rtsm.arm_count, true, t->arena, &log, &err), err);
    lb_value *faults = lb_value_array(t->arena);
    trial_log_verify(&log, &rtsm, t->arena, faults);
    assert_int_equal(faults->count, 0);
    lb_buf_free(&csv);
}

static void reckon(server *s, trial *t, const hand *savers, char (*arm)[40], size_t promised)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *checked;
    lb_allocator *allocator;
    const lb_store_options options = {.where = s->database};
    TRIAL_OK(lb_store_open(&options, &t->store, &err), err);
    TRIAL_OK(lb_store_verify(t->store, t->arena, &checked, &err), err);
    if (!lb_get_bool(checked, "valid", false)) fail_msg("%s", lb_get_text(lb_path(checked, "faults[0]"), "message", "?"));
    for (int i = 0; savers && i < SAVERS; i++) {
        char key[60];
        snprintf(key, sizeof key, "K-%d|SCR|eligibility", i);
        reading r = in_store(t, LB_KIND_ENTRY, key);
        assert_true(r.revision >= savers[i].revision);
        if (r.revision == savers[i].revision && savers[i].saved) assert_int_equal(r.age, savers[i].age);
    }
    const lb_allocator_options how = {program_file(), s->allocator, s->key};
    TRIAL_OK(lb_allocator_start(&how, &allocator, &err), err);
    const lb_allocator_face *face = lb_allocator_ask(allocator);
    history h = {.trial = t, .arm = arm};
    TRIAL_OK(face->past(face->context, check_past, &h, &err), err);
    assert_int_equal(h.acknowledged, promised); /* every arm that was told is in the journal */
    check_log(t, allocator);
    print_message("%lld audit entries, %lld allocated\n", (long long)lb_get_int(checked, "entries", 0), (long long)h.next);
    lb_allocator_stop(allocator);
    lb_store_close(t->store);
    lb_study_close(t->study);
    lb_arena_free(t->arena);
    shell("rm -r '%s'%s", s->folder, "");
}

static void killed_again_and_again(void **state)
{
    (void)state;
    const char *wanted = getenv("LUMBAR_CRASHES");
    int crashes = wanted ? (int)strtol(wanted, NULL, 10) : 5, people = 40 + 4 * crashes;
    server s;
    trial t;
    static hand hands[SAVERS + ASKERS];
    pthread_t thread[SAVERS + ASKERS];
    atomic_bool stop = false;
    lb_random random;
    lb_random_init(&random, 20261128, 1);
    found(&s, &t, people);
    char(*arm)[40] = calloc((size_t)people, sizeof *arm);
    for (int i = 0; i < SAVERS + ASKERS; i++) {
        hands[i] = (hand){.server = &s, .stop = &stop, .number = i, .first = i - SAVERS, .next = people, .arm = arm};
        assert_int_equal(pthread_create(&thread[i], NULL, i < SAVERS ? keep_saving : keep_randomising, &hands[i]), 0);
    }
    for (int i = 0; i < crashes; i++) {
        double pause = 0.02 + 1.8 * lb_random_uniform(&random); /* long enough now and then for the password that each randomisation asks for */
        nanosleep(&(struct timespec){(time_t)pause, (long)(1e9 * (pause - floor(pause)))}, NULL);
        end(&s, SIGKILL);
        start(&s);
    }
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    atomic_store(&stop, true);
    size_t saves = 0, promised = 0;
    for (int i = 0; i < SAVERS + ASKERS; i++) {
        pthread_join(thread[i], NULL);
        if (hands[i].refused) fail_msg("%d answers that should not be, the last: %s", hands[i].refused, hands[i].message);
        if (i < SAVERS) saves += (size_t)hands[i].saved;
    }
    for (int i = 0; i < people; i++) promised += arm[i][0] != '\0';
    end(&s, SIGTERM);
    print_message("%d kills: %zu saves and %zu allocations acknowledged; ", crashes, saves, promised);
    assert_true(saves > 0 && promised > 0);
    reckon(&s, &t, hands, arm, promised);
    free(arm);
}

static void *randomise_one(void *context)
{
    hand *h = context;
    int status = randomise(h, h->number);
    if (status == 200) take_arm(h, h->number);
    else complain(h, status);
    return NULL;
}

static void sixty_four_at_once(void **state)
{
    (void)state;
    server s;
    trial t;
    static hand hands[AT_ONCE];
    static char arm[AT_ONCE][40];
    pthread_t thread[AT_ONCE];
    found(&s, &t, AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        hands[i] = (hand){.server = &s, .number = i, .arm = arm};
        assert_int_equal(pthread_create(&thread[i], NULL, randomise_one, &hands[i]), 0);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        pthread_join(thread[i], NULL);
        if (hands[i].refused) fail_msg("%s", hands[i].message);
    }
    end(&s, SIGTERM);
    reckon(&s, &t, NULL, arm, AT_ONCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed_again_and_again), cmocka_unit_test(sixty_four_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
