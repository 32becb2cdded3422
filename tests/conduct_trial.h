/* A small trial in a store of its own, for the tests of the conduct: a protocol, a clock that the test moves, an allocator
 * inside the program (the method of rtsm-v1, and minimisation by turns), and short words for what people do. */
#ifndef LUMBAR_TEST_CONDUCT_TRIAL_H
#define LUMBAR_TEST_CONDUCT_TRIAL_H

#include "store_place.h"

#include "store/store.h"
#include "trial/conduct/consent.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"

enum { TRIAL_PEOPLE = 64 };

typedef struct trial_allocator {
    lb_rtsm rtsm;
    const lb_study *study;
    bool swapped;                 /* every arm the other one: the twin of the masking test */
    size_t count;
    char subject[TRIAL_PEOPLE][40], stratum[TRIAL_PEOPLE][64], arm[TRIAL_PEOPLE][64];
    int64_t slot[TRIAL_PEOPLE], at_us[TRIAL_PEOPLE];
    int64_t *clock;
    bool broken;                  /* does not answer */
} trial_allocator;

typedef struct trial {
    lb_arena *arena;
    lb_study *study;
    lb_store *store;
    int64_t clock;                /* microseconds */
    trial_allocator allocator;
    lb_allocator_face face;
    lb_actor actor;
} trial;

static int64_t trial_clock(void *context)
{
    return *(int64_t *)context;
}

static int allocate_here(void *context, const lb_allocation_ask *ask, lb_allocation *out, lb_error *err)
{
    trial_allocator *a = context;
    size_t at = 0, slot = 0;
    if (a->broken) return lb_fail(err, LB_FAILED, "the allocator does not answer");
    while (at < a->count && strcmp(a->subject[at], ask->subject) != 0) at++;
    bool again = at < a->count;
    if (!again) {
        for (size_t i = 0; i < a->count; i++) slot += strcmp(a->stratum[i], ask->stratum) == 0;
        lb_rtsm_block block;
        uint32_t index = 0;
        size_t left = slot;
        for (lb_rtsm_draw(&a->rtsm, ask->stratum, index, &block); left >= block.size; lb_rtsm_draw(&a->rtsm, ask->stratum, ++index, &block)) left -= block.size;
        size_t arm = block.arm[left];
        if (a->swapped) arm = a->study->arm_count - 1 - arm;
        snprintf(a->subject[at], sizeof a->subject[at], "%s", ask->subject);
        snprintf(a->stratum[at], sizeof a->stratum[at], "%s", ask->stratum);
        snprintf(a->arm[at], sizeof a->arm[at], "%s", a->study->arm[arm].code);
        a->slot[at] = (int64_t)slot + 1;
        a->at_us[at] = *a->clock;
        a->count++;
    }
    *out = (lb_allocation){.sequence = (int64_t)at + 1, .slot = a->slot[at], .at_us = a->at_us[at], .again = again};
    snprintf(out->arm, sizeof out->arm, "%s", a->arm[at]);
    lb_sha256_hex(a->subject[at], strlen(a->subject[at]), out->receipt);
    return LB_OK;
}

static int past_here(void *context, lb_allocation_seen seen, void *seen_context, lb_error *err)
{
    trial_allocator *a = context;
    for (size_t i = 0; i < a->count; i++) {
        lb_allocation_past past = {.subject = a->subject[i], .stratum = a->stratum[i], .arm = a->arm[i], .by = "x", .sequence = (int64_t)i + 1,
                                   .slot = a->slot[i], .at_us = a->at_us[i]};
        if (seen(seen_context, &past, err)) break;
    }
    return LB_OK;
}

static int commitment_here(void *context, char hex[65], lb_error *err)
{
    (void)err;
    lb_rtsm_commitment(&((trial_allocator *)context)->rtsm, hex);
    return LB_OK;
}

static inline int64_t trial_day(const char *date)
{
    int64_t days;
    assert_true(lb_date_days(date, strlen(date), &days));
    return days;
}

/* The clock to noon UTC of a day. */
static inline void trial_at(trial *t, const char *date)
{
    t->clock = (trial_day(date) * 86400 + 43200) * 1000000;
}

static inline void trial_pass(trial *t, int days)
{
    t->clock += (int64_t)days * 86400 * 1000000;
}

typedef int (*trial_deed)(lb_tx *tx, void *context, lb_error *err);

#define TRIAL_OK(code, err)                                                                                    \
    do {                                                                                                       \
        if ((code) != LB_OK) fail_msg("line %d: %s %s (%s)", __LINE__, (err).where, (err).message, (err).hint); \
    } while (0)

/* Write one record as the system. */
typedef struct trial_put {
    lb_record record;
} trial_put;

static int trial_put_body(lb_tx *tx, void *context, lb_error *err)
{
    lb_change change = {"set up", "test", "1"};
    return lb_tx_put(tx, &((trial_put *)context)->record, -1, &change, err);
}

static inline lb_value *trial_json(trial *t, const char *text)
{
    lb_value *out;
    lb_error err = LB_ERROR_INIT;
    char *copy = lb_arena_text(t->arena, text);
    for (char *c = copy; *c; c++)
        if (*c == '\'') *c = '"';
    lb_bytes bytes = {(const uint8_t *)copy, strlen(copy), "test"};
    TRIAL_OK(lb_json_read(&bytes, t->arena, &out, &err), err);
    return out;
}

static inline void trial_record(trial *t, const char *kind, const char *key, const char *site, const char *subject, const char *state, bool reveals,
                                const char *json)
{
    lb_error err = LB_ERROR_INIT;
    lb_actor system = {.user = "system", .role = "system", .clinical = true};
    trial_put put = {{.kind = kind, .key = key, .site = site, .subject = subject, .state = state, .reveals_arm = reveals, .body = trial_json(t, json)}};
    TRIAL_OK(lb_store_write(t->store, &system, t->arena, trial_put_body, &put, &err), err);
}

/* Values of a form of a person, as if it had been saved: complete. */
static inline void trial_entry(trial *t, const char *subject, const char *visit, const char *form, const char *values)
{
    lb_error err = LB_ERROR_INIT;
    lb_actor system = {.user = "system", .role = "system", .clinical = true};
    int v, n;
    bool reveals = false;
    assert_true(lb_visit_parse(t->study, visit, &v, &n));
    for (size_t f = 0; f < t->study->form_count; f++)
        if (strcmp(t->study->form[f].id, form) == 0) reveals = t->study->form[f].reveals_arm || t->study->visit[v].reveals_arm;
    lb_value *body = lb_value_object(t->arena);
    lb_set(body, "values", trial_json(t, values));
    lb_set_text(body, "version", t->study->version);
    trial_put put = {{.kind = LB_KIND_ENTRY, .key = lb_entry_key(subject, visit, form, t->arena), .site = t->study->site[0].id, .subject = subject,
                      .parent = visit, .state = "complete", .reveals_arm = reveals, .body = body}};
    TRIAL_OK(lb_store_write(t->store, &system, t->arena, trial_put_body, &put, &err), err);
}

static inline void trial_open(trial *t, const char *protocol, const char *date)
{
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes;
    memset(t, 0, sizeof *t);
    t->arena = lb_arena_new();
    TRIAL_OK(lb_file_read(repository_file(protocol), 1 << 20, t->arena, &bytes, &err), err);
    TRIAL_OK(lb_study_read(&bytes, t->arena, &t->study, NULL, &err), err);
    trial_at(t, date);
    lb_store_options options = LB_STORE_OPTIONS_INIT;
    options.clock_us = trial_clock;
    options.clock_context = &t->clock;
    options.fast = true;
    TRIAL_OK(place_store(&options, &t->store, &err), err);
    t->allocator.study = t->study;
    t->allocator.rtsm = t->study->rtsm;
    if (t->allocator.rtsm.size_count == 0) t->allocator.rtsm.size[t->allocator.rtsm.size_count++] = 2 * t->allocator.rtsm.arm_count;
    t->allocator.rtsm.seed[0] = 7;
    t->allocator.clock = &t->clock;
    t->face = (lb_allocator_face){&t->allocator, allocate_here, past_here, commitment_here, NULL};
    t->actor = (lb_actor){.user = "coord", .role = "coordinator", .clinical = true};
    for (size_t i = 0; i < t->study->site_count; i++) {
        const char *id = t->study->site[i].id;
        trial_record(t, LB_KIND_SITE, id, id, NULL, "open", false,
                     lb_arena_printf(t->arena, "{'protocol_version':'%s','ethics':[{'version':'%s','approved':'2000-01-01'}]}", t->study->version, t->study->version));
        trial_record(t, LB_KIND_DELEGATION, lb_arena_printf(t->arena, "%s|coord|1", id), id, NULL, NULL, false,
                     "{'tasks':['consent','randomise'],'from':'2000-01-01'}");
    }
}

static inline void trial_close(trial *t)
{
    lb_store_close(t->store);
    lb_study_close(t->study);
    lb_arena_free(t->arena);
}

static inline void trial_subject(trial *t, const char *subject, const char *site)
{
    trial_record(t, LB_KIND_SUBJECT, subject, site, subject, "screening", false, "{'number':1}");
}

/* A deed with a subject and a body, as the trial's actor. */
typedef struct trial_ask {
    trial *t;
    const char *subject;
    const lb_value *ask;
    int (*deed)(lb_tx *, const lb_study *, const char *, const lb_value *, lb_error *);
} trial_ask;

static int trial_ask_body(lb_tx *tx, void *context, lb_error *err)
{
    trial_ask *a = context;
    return a->deed(tx, a->t->study, a->subject, a->ask, err);
}

static inline int trial_do(trial *t, int (*deed)(lb_tx *, const lb_study *, const char *, const lb_value *, lb_error *), const char *subject, const char *json,
                           lb_error *err)
{
    trial_ask ask = {t, subject, trial_json(t, json), deed};
    return lb_store_write(t->store, &t->actor, t->arena, trial_ask_body, &ask, err);
}

static inline int trial_randomise(trial *t, const char *subject, const char *key, lb_value **out, lb_error *err)
{
    lb_randomise_ask ask = {subject, key, true};
    return lb_randomise(t->store, &t->actor, t->study, &t->face, &ask, t->arena, out, err);
}

/* Load a person as an actor, for what the test wants to look at. */
typedef struct trial_look {
    trial *t;
    const char *subject;
    lb_person *person;
} trial_look;

static int trial_look_body(lb_tx *tx, void *context, lb_error *err)
{
    trial_look *l = context;
    return lb_person_load(tx, l->t->study, l->subject, &l->person, err);
}

static inline lb_person *trial_person(trial *t, const char *subject)
{
    lb_error err = LB_ERROR_INIT;
    trial_look look = {t, subject, NULL};
    TRIAL_OK(lb_store_read(t->store, &t->actor, t->arena, trial_look_body, &look, &err), err);
    return look.person;
}

#endif
