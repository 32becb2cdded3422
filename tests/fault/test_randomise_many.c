/* 64 people are randomised by 64 clients at once, the allocator's process killed twice meanwhile: every client gets an answer, the
 * sequence is used in order without a gap, the same client again gets the same answer, the audit verifies, and so does the
 * log once the seed is revealed. */
#include "conduct_trial.h"

#include "allocator/allocator.h"
#include "trial/log.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

enum { CLIENTS = 64 };
#define ELIGIBLE                                                                                                                      \
    "{'sex':'%s','age':66,'lbp_months':12,'odi_screen':40,'goutallier':'2','surg_indication':0,'conservative':1,'can_exercise':1,"    \
    "'willing':1,'exc_specific':0,'exc_surgery':0,'exc_comorb':0,'exc_cognition':0,'exc_physical':0,'exc_trial':0,'exc_hypersens':0}"

typedef struct client {
    trial *t;
    lb_allocator *allocator;
    lb_study *study;  /* its own: a study's rules are a Lua state */
    lb_arena *arena;
    char subject[16], key[16], arm[2][32], message[200];
    int code;
} client;

static void *randomise(void *context)
{
    client *c = context;
    for (int i = 0; i < 2 && !c->code; i++) { /* the second is the impatient finger on the button */
        lb_error err = LB_ERROR_INIT;
        lb_value *out = NULL;
        lb_randomise_ask ask = {c->subject, c->key, true};
        c->code = lb_randomise(c->t->store, &c->t->actor, c->study, lb_allocator_ask(c->allocator), &ask, c->arena, &out, &err);
        snprintf(c->message, sizeof c->message, "%.199s", err.message);
        if (!c->code) snprintf(c->arm[i], sizeof c->arm[i], "%s", lb_get_text(lb_get(out, "arm"), "id", ""));
    }
    return NULL;
}

static void prepare(trial *t, client *c, int i, lb_allocator *allocator)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    *c = (client){.t = t, .allocator = allocator, .arena = lb_arena_new()};
    snprintf(c->subject, sizeof c->subject, "C01-%03d", i + 1);
    snprintf(c->key, sizeof c->key, "key-%04d", i + 1);
    TRIAL_OK(lb_file_read(repository_file("studies/metnlbp.yaml"), 1 << 20, c->arena, &bytes, &err), err);
    TRIAL_OK(lb_study_read(&bytes, c->arena, &c->study, NULL, &err), err);
    trial_subject(t, c->subject, "C01");
    trial_entry(t, c->subject, "SCR", "eligibility", lb_arena_printf(t->arena, ELIGIBLE, i % 3 ? "F" : "M"));
    TRIAL_OK(trial_do(t, lb_consent_add, c->subject, "{'date':'2026-02-02','form_version':'1.0'}", &err), err);
}

static int in_order(void *context, const lb_allocation_past *past, lb_error *err)
{
    (void)err;
    assert_int_equal(past->sequence, ++*(int64_t *)context);
    return LB_OK;
}

static void check_log(trial *t, lb_allocator *allocator, const char *seed)
{
    lb_error err = LB_ERROR_INIT;
    lb_buf csv = {0};
    TRIAL_OK(lb_allocator_log(allocator, &csv, &err), err);
    lb_bytes bytes = {(const uint8_t *)csv.data, csv.length, "log.csv"};
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_table *table;
    allocation_log log;
    lb_rtsm rtsm = t->study->rtsm;
    assert_true(lb_hex_bytes(seed, rtsm.seed, 32));
    TRIAL_OK(lb_csv_read(&bytes, &options, t->arena, &table, &err), err);
    assert_int_equal(table->rows, CLIENTS);
    TRIAL_OK(trial_log_read(table, rtsm.arm, rtsm.arm_count, true, t->arena, &log, &err), err);
    lb_value *faults = lb_value_array(t->arena);
    trial_log_verify(&log, &rtsm, t->arena, faults);
    assert_int_equal(faults->count, 0);
    lb_buf_free(&csv);
}

static void test_64_at_once(void **state)
{
    (void)state;
    static client clients[CLIENTS];
    trial t;
    lb_error err = LB_ERROR_INIT;
    lb_buf plan = {0};
    lb_allocator *allocator;
    char folder[200], key[240], commitment[65], seed[65], line[300];
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    snprintf(folder, sizeof folder, "%s/lumbar-many-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(key, sizeof key, "%s/key", folder);
    const lb_allocator_options options = {LUMBAR_TEST_BINARY, folder, key};
    lb_allocator_plan(t.study, &plan);
    TRIAL_OK(lb_allocator_create(&options, plan.data, commitment, &err), err);
    TRIAL_OK(lb_allocator_start(&options, &allocator, &err), err);
    for (int i = 0; i < CLIENTS; i++) prepare(&t, &clients[i], i, allocator);
    pthread_t thread[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) assert_int_equal(pthread_create(&thread[i], NULL, randomise, &clients[i]), 0);
    for (int i = 0; i < 2; i++) {
        nanosleep(&(struct timespec){0, 15000000}, NULL);
        int process = lb_allocator_process(allocator);
        if (process > 0) kill(process, SIGKILL);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(thread[i], NULL);
        if (clients[i].code) fail_msg("%s: %s", clients[i].subject, clients[i].message);
        assert_string_equal(clients[i].arm[0], clients[i].arm[1]);
        assert_true(clients[i].arm[0][0] != '\0');
        lb_study_close(clients[i].study);
        lb_arena_free(clients[i].arena);
    }
    int64_t last = 0;
    const lb_allocator_face *face = lb_allocator_ask(allocator);
    TRIAL_OK(face->past(face->context, in_order, &last, &err), err);
    assert_int_equal(last, CLIENTS);
    lb_value *checked;
    TRIAL_OK(lb_store_verify(t.store, t.arena, &checked, &err), err);
    assert_true(lb_get_bool(checked, "valid", false));
    TRIAL_OK(face->reveal(face->context, seed, &err), err);
    check_log(&t, allocator, seed);
    lb_allocator_stop(allocator);
    lb_buf_free(&plan);
    trial_close(&t);
    snprintf(line, sizeof line, "rm -r '%s'", folder);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_64_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
