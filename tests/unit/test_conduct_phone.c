/* Participants' pages: links, days, offline entries (replayed, reordered, duplicated, from a phone with a wrong clock), and the
 * adherence and safety that follow from what was entered. */
#include "conduct_trial.h"

#include "trial/conduct/follow.h"
#include "trial/conduct/logs.h"
#include "trial/conduct/phone.h"
#include "trial/conduct/ranges.h"
#include "trial/conduct/safety.h"
#include "trial/conduct/texts.h"

#define ELIGIBLE                                                                                                                      \
    "{'sex':'F','age':66,'lbp_months':12,'odi_screen':40,'goutallier':'2','surg_indication':0,'conservative':1,'can_exercise':1,"     \
    "'willing':1,'exc_specific':0,'exc_surgery':0,'exc_comorb':0,'exc_cognition':0,'exc_physical':0,'exc_trial':0,'exc_hypersens':0}"

/* Somebody in the arm asked for: people are randomised until one falls into it. */
static const char *somebody_in(trial *t, const char *arm)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    for (int i = 1; i < 12; i++) {
        const char *s = lb_arena_printf(t->arena, "C01-%03d", i);
        trial_subject(t, s, "C01");
        trial_entry(t, s, "SCR", "eligibility", ELIGIBLE);
        TRIAL_OK(trial_do(t, lb_consent_add, s, lb_arena_printf(t->arena, "{'date':'2026-02-02'}"), &err), err);
        TRIAL_OK(trial_randomise(t, s, lb_arena_printf(t->arena, "key-%05d", i), &out, &err), err);
        if (strcmp(lb_get_text(lb_get(out, "arm"), "id", ""), arm) == 0) return s;
    }
    fail_msg("nobody in %s", arm);
    return NULL;
}

typedef struct linked {
    trial *t;
    const char *subject;
    char token[LB_LINK_TOKEN + 1];
    const char *ends, *found, *user;
    lb_value *page;
    const lb_texts *texts;
} linked;

static int make_link(lb_tx *tx, void *context, lb_error *err)
{
    linked *l = context;
    return lb_link_make(tx, l->t->study, l->subject, 30, l->token, &l->ends, err);
}

static int find_link(lb_tx *tx, void *context, lb_error *err)
{
    linked *l = context;
    return lb_link_find(tx, l->token, &l->found, &l->user, err);
}

static int get_page(lb_tx *tx, void *context, lb_error *err)
{
    linked *l = context;
    return lb_phone_page(tx, l->t->store, l->t->study, l->subject, &l->page, err);
}

static lb_value *page_of(trial *t, const char *subject)
{
    lb_error err = LB_ERROR_INIT;
    linked l = {.t = t, .subject = subject};
    TRIAL_OK(lb_store_read(t->store, &t->actor, t->arena, get_page, &l, &err), err);
    return l.page;
}

static const char *state_of(const lb_value *page, const char *visit)
{
    const lb_value *days = lb_get(page, "days");
    for (size_t i = 0; i < days->count; i++)
        if (strcmp(lb_get_text(days->item[i], "visit", ""), visit) == 0) return lb_get_text(days->item[i], "state", "");
    return "none";
}

/* One entry; the answer's status, and its message in *said. */
static const char *sync_one(trial *t, const char *subject, const char *sent, const char *entry, const char **said)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    lb_value *batch = trial_json(t, lb_arena_printf(t->arena, "{'sent_at':'%s','entries':[%s]}", sent, entry));
    TRIAL_OK(lb_phone_sync(t->store, t->study, subject, batch, NULL, t->arena, &out, &err), err);
    assert_int_equal(out->count, 1);
    if (said) *said = lb_get_text(out->item[0], "message", "");
    return lb_get_text(out->item[0], "status", "");
}

static const char *diary(trial *t, const char *id, int day, const char *recorded, int minutes)
{
    return lb_arena_printf(t->arena, "{'id':'entry-%s','form':'diary','visit':'DIARY.%d','recorded_at':'%s','values':{'min_aerobic':%d,'diary_pain':20}}", id,
                           day, recorded, minutes);
}

static void links_end(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    linked l = {.t = &t, .subject = somebody_in(&t, "EXERCISE")}, old;
    TRIAL_OK(lb_store_write(t.store, &t.actor, t.arena, make_link, &l, &err), err);
    assert_int_equal(strlen(l.token), LB_LINK_TOKEN);
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, find_link, &l, &err), err);
    assert_string_equal(l.found, l.subject);
    old = l;
    TRIAL_OK(lb_store_write(t.store, &t.actor, t.arena, make_link, &l, &err), err); /* a new one ends the old one */
    assert_string_not_equal(old.token, l.token);
    assert_int_equal(lb_store_read(t.store, &t.actor, t.arena, find_link, &old, &err), LB_NOT_FOUND);
    trial_pass(&t, 31);
    assert_int_equal(lb_store_read(t.store, &t.actor, t.arena, find_link, &l, &err), LB_NOT_FOUND); /* too old */
    snprintf(l.token, sizeof l.token, "../../etc/passwd");
    assert_int_equal(lb_store_read(t.store, &t.actor, t.arena, find_link, &l, &err), LB_NOT_FOUND);
    trial_close(&t);
}

static void entries_come_once(void **state)
{
    (void)state;
    trial t;
    const char *said;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    const char *s = somebody_in(&t, "EXERCISE");
    trial_at(&t, "2026-02-06"); /* day 4, 20:00 in Beijing */
    const char *d4 = diary(&t, "aaaa0004", 4, "2026-02-06T11:00:00Z", 30), *d3 = diary(&t, "aaaa0003", 3, "2026-02-05T12:30:00Z", 20);
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", d4, NULL), "kept");
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", d3, NULL), "kept");   /* reordered */
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", d4, NULL), "already"); /* replayed */
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "aaaa0004", 4, "2026-02-06T11:00:00Z", 45), &said), "refused");
    assert_non_null(strstr(said, "under this number"));
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "bbbb0004", 4, "2026-02-06T11:30:00Z", 45), &said), "refused");
    assert_non_null(strstr(said, "first entry is kept"));
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "aaaa0005", 5, "2026-02-06T11:30:00Z", 45), &said), "refused"); /* tomorrow */
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "aaaa0002", 2, "2026-02-06T11:30:00Z", 45), &said), "refused"); /* two days back */
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "aaaa0012", 2, "2026-02-04T11:30:00Z", 45), &said), "kept"); /* made in time, sent late */
    assert_string_equal(state_of(page_of(&t, s), "DIARY.4"), "kept");
    assert_string_equal(state_of(page_of(&t, s), "DIARY.5"), "empty");
    assert_string_equal(state_of(page_of(&t, s), "DIARY.1"), "none"); /* gone by */
    lb_person *p = trial_person(&t, s);
    int v, n;
    assert_true(lb_visit_parse(t.study, "DIARY.4", &v, &n));
    assert_close(lb_number_of(lb_person_value(p, v, n, "min_aerobic")), 30, 0); /* nothing of the refused ones got through */
    trial_close(&t);
}

/* A phone whose clock is three days slow: the true time comes from the difference at sending. */
static void clocks_are_set_right(void **state)
{
    (void)state;
    trial t;
    const char *said;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    const char *s = somebody_in(&t, "EXERCISE");
    trial_at(&t, "2026-02-06");
    assert_string_equal(sync_one(&t, s, "2026-02-03T12:00:00Z", diary(&t, "aaaa0004", 4, "2026-02-03T11:00:00Z", 30), NULL), "kept");
    lb_person *p = trial_person(&t, s);
    const lb_person_entry *e = NULL;
    for (size_t i = 0; i < p->entry_count; i++)
        if (p->entry[i].occurrence == 4) e = &p->entry[i];
    assert_non_null(e);
    const lb_value *times = lb_get(e->record->body, "recorded");
    assert_string_equal(lb_get_text(times, "at", ""), "2026-02-06T11:00:00Z");
    assert_string_equal(lb_get_text(times, "recorded_at", ""), "2026-02-03T11:00:00Z");
    assert_int_equal(lb_get_int(times, "clock_off_seconds", 0), -3 * 86400);
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "aaaa0099", 3, "2026-02-06T18:00:00Z", 30), &said), "refused");
    assert_non_null(strstr(said, "clock was changed"));
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "aaaa0098", 3, "2025-12-06T18:00:00Z", 30), &said), "refused");
    assert_non_null(strstr(said, "too old"));
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "aaaa0097", 3, "yesterday", 30), &said), "refused");
    trial_close(&t);
}

static void bad_entries(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{'id':'short','form':'diary','visit':'DIARY.4','recorded_at':'2026-02-06T11:00:00Z','values':{}}",
        "{'id':'a|b|c|d|e','form':'diary','visit':'DIARY.4','recorded_at':'2026-02-06T11:00:00Z','values':{}}",
        "{'id':'entry-001','form':'odi','visit':'M12','recorded_at':'2026-02-06T11:00:00Z','values':{}}",          /* the assessor's */
        "{'id':'entry-002','form':'diary','visit':'M12','recorded_at':'2026-02-06T11:00:00Z','values':{}}",
        "{'id':'entry-003','form':'diary','visit':'../4','recorded_at':'2026-02-06T11:00:00Z','values':{}}",
        "{'id':'entry-004','form':'diary','visit':'DIARY.4','recorded_at':'2026-02-06T11:00:00Z','values':{'min_aerobic':181}}",
        "{'id':'entry-005','form':'diary','visit':'DIARY.4','recorded_at':'2026-02-06T11:00:00Z','values':{'min_aerobic':'x'}}",
                "{'id':'entry-007','form':'diary','visit':'DIARY.4','recorded_at':'2026-02-06T11:00:00Z','values':{'arm':'EXERCISE'}}",
        "{'id':'entry-008','form':'diary','visit':'DIARY.4','recorded_at':'2026-02-06T11:00:00Z','values':[1]}",
        "{'id':'entry-009'}",
    };
    trial t;
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    const char *s = somebody_in(&t, "EXERCISE"), *said;
    trial_at(&t, "2026-02-06");
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", bad[i], &said), "refused");
        assert_true(strlen(said) > 0);
    }
    assert_int_equal(lb_phone_sync(t.store, t.study, s, trial_json(&t, "{'sent_at':'now','entries':[]}"), NULL, t.arena, &out, &err), LB_USAGE);
    assert_int_equal(lb_phone_sync(t.store, t.study, s, trial_json(&t, "{'sent_at':'2026-02-06T12:00:00Z'}"), NULL, t.arena, &out, &err), LB_USAGE);
    const char *control = "C01-001";
    for (int i = 1; i < 12; i++) { /* the diary is not part of the other arm's plan */
        const char *other = lb_arena_printf(t.arena, "C01-%03d", i);
        if (i <= (int)t.allocator.count && strcmp(t.allocator.arm[i - 1], "B") == 0) control = other;
    }
    if (strcmp(control, s) != 0 && strcmp(t.allocator.arm[0], "B") == 0)
        assert_string_equal(sync_one(&t, control, "2026-02-06T12:00:00Z", diary(&t, "cccc0004", 4, "2026-02-06T11:00:00Z", 30), &said), "refused");
    TRIAL_OK(trial_do(&t, lb_withdraw, s, "{'kind':'consent','date':'2026-02-06','reason':'no more'}", &err), err);
    assert_string_equal(sync_one(&t, s, "2026-02-06T12:00:00Z", diary(&t, "dddd0004", 4, "2026-02-06T11:00:00Z", 30), &said), "refused");
    trial_close(&t);
}

/* ---- adherence: every published example, entered day by day ---- */

static void enter_example(trial *t, const char *s, const lb_value *example)
{
    static const char *const item[] = {"min_aerobic", "min_strength", "min_balance", "min_stretching"};
    const lb_value *minutes = lb_get(example, "minutes"), *calls = lb_get(example, "supervision_done"), *held = lb_get(example, "held_days");
    int held_in[6] = {0};
    for (size_t i = 0; i < held->count; i++) held_in[held->item[i]->text[0] - '1']++;
    for (size_t i = 0; i < minutes->count; i++) {
        int day = 7 * (minutes->key[i][0] - '1') + (minutes->key[i][2] - '0');
        lb_buf values = {0};
        for (size_t k = 0; k < 4; k++) lb_buf_printf(&values, "%s'%s':%g", k ? "," : "{", item[k], lb_number_of(minutes->item[i]->item[k]));
        lb_buf_puts(&values, "}");
        trial_entry(t, s, lb_arena_printf(t->arena, "DIARY.%d", day), "diary", values.data);
        lb_buf_free(&values);
    }
    for (int w = 0; w < 6; w++)
        trial_entry(t, s, lb_arena_printf(t->arena, "CALL.%d", w + 1), "supervision",
                    lb_arena_printf(t->arena, "{'call_held':%d,'held_days':%d}", calls->item[w]->boolean, held_in[w]));
}

static void adherence_as_in_the_examples(void **state)
{
    (void)state;
    lb_arena *arena = lb_arena_new();
    const char *path = shared_data("instruments/examples.json");
    lb_bytes bytes;
    lb_value *examples;
    lb_error err = LB_ERROR_INIT;
    if (!path || lb_file_read(path, 0, arena, &bytes, &err) || lb_json_read(&bytes, arena, &examples, &err)) {
        lb_arena_free(arena);
        skip();
    }
    const lb_value *list = lb_get(examples, "adherence");
    assert_true(list->count >= 6);
    for (size_t i = 0; i < list->count; i++) {
        trial t;
        lb_follow f;
        trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
        const char *s = somebody_in(&t, "EXERCISE");
        enter_example(&t, s, list->item[i]);
        lb_person *p = trial_person(&t, s);
        lb_follow_person(p, p->zero + 43, &f);
        const lb_value *expected = lb_get(list->item[i], "expected"), *weeks = lb_get(expected, "weeks");
        for (int w = 0; w < 6; w++) {
            if (weeks->item[w]->type == LB_NULL) assert_false(f.score[w].evaluable);
            else assert_true(fabs(f.score[w].score - lb_number_of(weeks->item[w])) <= 0.005 + 1e-9);
        }
        assert_true(fabs(f.overall - lb_get_number(expected, "overall", NAN)) <= 0.005 + 1e-9);
        assert_int_equal(f.adherent, lb_get_bool(expected, "adherent", false));
        int over = 0;
        for (int w = 0; w < 6; w++) over += f.score[w].over;
        assert_int_equal(over, lb_get_int(expected, "over_40_min_days", -1));
        trial_close(&t);
    }
    lb_arena_free(arena);
}

static void behind_and_why(void **state)
{
    (void)state;
    trial t;
    lb_follow f;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    const char *s = somebody_in(&t, "EXERCISE");
    for (int day = 1; day <= 5; day++)
        trial_entry(&t, s, lb_arena_printf(t.arena, "DIARY.%d", day), "diary", "{'min_aerobic':15,'min_strength':15}");
    lb_person *p = trial_person(&t, s);
    lb_follow_person(p, p->zero + 6, &f); /* first week, nothing amiss yet */
    assert_int_equal(f.running, 1);
    assert_true(isnan(f.overall));
    assert_false(f.behind);
    lb_follow_person(p, p->zero + 12, &f); /* second week: silent for six days, the first week scored 25 + 25 + 20 + 0 = 70 */
    assert_close(f.overall, 70, 1e-12);
    assert_true(f.behind);
    assert_int_equal(f.silent_days, 6);
    lb_value *told = lb_follow_value(p, &f, p->zero + 12, t.arena), *why = lb_get(told, "why");
    assert_string_equal(lb_get_text(why->item[0], "code", ""), "no_entries");
    int components = 0, calls = 0;
    for (size_t i = 0; i < why->count; i++) {
        components += strcmp(lb_get_text(why->item[i], "code", ""), "component") == 0;
        calls += strcmp(lb_get_text(why->item[i], "code", ""), "call") == 0;
    }
    assert_int_equal(components, 2); /* balance and stretching */
    assert_int_equal(calls, 1);
    trial_close(&t);
}

/* ---- logs ---- */

typedef struct logged {
    trial *t;
    bool calls;
    lb_value *out;
} logged;

static int read_log(lb_tx *tx, void *context, lb_error *err)
{
    logged *l = context;
    return l->calls ? lb_calls(tx, l->t->store, l->t->study, NULL, &l->out, err) : lb_drug_log(tx, l->t->study, NULL, &l->out, err);
}

static void calls_and_drugs(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    const char *s = somebody_in(&t, "EXERCISE");
    trial_entry(&t, s, "CALL.1", "supervision", "{'call_held':1,'held_days':2}");
    trial_entry(&t, s, "CALL.2", "supervision", "{'call_held':0}");
    trial_entry(&t, s, "MED.1", "medication", "{'drug_name':'celecoxib','drug_dose_mg':200,'drug_days':7}");
    trial_entry(&t, s, "MED.2", "medication", "{'drug_name':'celecoxib','drug_dose_mg':100,'drug_days':5,'drug_change':'stomach'}");
    trial_at(&t, "2026-02-24"); /* day 22 */
    logged l = {&t, true, NULL};
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, read_log, &l, &err), err);
    static const char *const states[] = {"done", "not_reached", "due", "ahead"};
    size_t seen = 0;
    const lb_value *calls = lb_get(l.out, "calls");
    for (size_t i = 0; i < calls->count; i++) {
        if (strcmp(lb_get_text(calls->item[i], "subject", ""), s) != 0) continue;
        assert_string_equal(lb_get_text(calls->item[i], "state", ""), states[seen]);
        seen++;
    }
    assert_int_equal(seen, 4); /* the fifth is more than a week ahead */
    l.calls = false;
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, read_log, &l, &err), err);
    const lb_value *people = lb_get(l.out, "people"), *mine = NULL;
    for (size_t i = 0; i < people->count; i++)
        if (strcmp(lb_get_text(people->item[i], "subject", ""), s) == 0) mine = people->item[i];
    assert_close(lb_get_number(mine, "days_taken", NAN), 12, 0);
    assert_int_equal(lb_get_int(mine, "days_asked", -1), 22);
    assert_string_equal(lb_get_text(lb_path(mine, "entries[1].change"), "value", ""), "stomach");
    t.actor.masked = true;
    l.calls = true;
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, read_log, &l, &err), err);
    assert_int_equal(lb_get(l.out, "calls")->count, 0);
    trial_close(&t);
}

/* ---- safety ---- */

typedef struct safe {
    trial *t;
    lb_value *out;
    const char *subject, *ask;
} safe;

static int all_safety(lb_tx *tx, void *context, lb_error *err)
{
    safe *s = context;
    return lb_safety_all(tx, s->t->study, NULL, &s->out, err);
}

static int make_report(lb_tx *tx, void *context, lb_error *err)
{
    safe *s = context;
    return lb_safety_report(tx, s->t->study, s->subject, "1", trial_json(s->t, s->ask), &s->out, err);
}

static const char *event_state(trial *t)
{
    lb_error err = LB_ERROR_INIT;
    safe s = {.t = t};
    TRIAL_OK(lb_store_read(t->store, &t->actor, t->arena, all_safety, &s, &err), err);
    return lb_get_text(lb_path(s.out, "events[0]"), "state", "");
}

static void clocks_of_serious_events(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    const char *who = somebody_in(&t, "EXERCISE");
    safe s = {.t = &t, .subject = who};
    trial_entry(&t, who, "AE.1", "ae", "{'ae_term':'hip fracture','ae_start':'2026-02-10','ae_sev':'3','ae_serious':0,'ae_rel_ex':'3','ae_rel_drug':'0'}");
    assert_string_equal(event_state(&t), "recorded");
    s.ask = "{'kind':'initial'}";
    assert_int_equal(lb_store_write(t.store, &t.actor, t.arena, make_report, &s, &err), LB_CONFLICT);
    trial_at(&t, "2026-02-10"); /* 12:00 UTC = 20:00 in Beijing */
    const char *serious = "{'ae_term':'hip fracture','ae_start':'2026-02-10','ae_sev':'3','ae_serious':1,'ae_aware':'2026-02-10T19:00','ae_rel_ex':'%c','ae_rel_drug':'0'}";
    trial_entry(&t, who, "AE.1", "ae", lb_arena_printf(t.arena, serious, '3'));
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, all_safety, &s, &err), err);
    const lb_value *event = lb_path(s.out, "events[0]");
    assert_string_equal(lb_get_text(event, "state", ""), "due");
    assert_string_equal(lb_get_text(event, "aware_at", ""), "2026-02-10T11:00:00Z");
    assert_string_equal(lb_get_text(event, "due_at", ""), "2026-02-11T11:00:00Z");
    assert_int_equal(lb_get(event, "causality")->count, 2);
    assert_int_equal(lb_get(event, "escalated_to")->count, 0);
    t.clock += (int64_t)13 * 3600 * 1000000;
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, all_safety, &s, &err), err);
    assert_string_equal(lb_get(lb_path(s.out, "events[0]"), "escalated_to")->item[0]->text, "investigator");
    t.clock += (int64_t)11 * 3600 * 1000000;
    assert_string_equal(event_state(&t), "overdue");
    s.ask = "{'kind':'followup'}";
    assert_int_equal(lb_store_write(t.store, &t.actor, t.arena, make_report, &s, &err), LB_CONFLICT);
    s.ask = "{'kind':'initial','text':'sent'}";
    TRIAL_OK(lb_store_write(t.store, &t.actor, t.arena, make_report, &s, &err), err);
    assert_true(lb_get_bool(lb_path(s.out, "versions[0]"), "late", false));
    assert_string_equal(event_state(&t), "reported");
    trial_pass(&t, 8);
    assert_string_equal(event_state(&t), "followup_due");
    trial_entry(&t, who, "AE.1", "ae", lb_arena_printf(t.arena, serious, '1')); /* another judgement of the exercise's part */
    assert_string_equal(event_state(&t), "changed");
    t.actor.masked = true; /* to whom that judgement does not exist: nothing has changed */
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, all_safety, &s, &err), err);
    assert_string_equal(lb_get_text(lb_path(s.out, "events[0]"), "state", ""), "followup_due");
    assert_int_equal(lb_get(lb_path(s.out, "events[0]"), "causality")->count, 1);
    assert_null(lb_get(lb_path(s.out, "events[0].versions[0]"), "text"));
    t.actor.masked = false;
    s.ask = "{'kind':'final'}";
    TRIAL_OK(lb_store_write(t.store, &t.actor, t.arena, make_report, &s, &err), err);
    assert_string_equal(event_state(&t), "closed");
    trial_close(&t);
}

static void watched_values(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    const char *who = somebody_in(&t, "CONTROL");
    safe s = {.t = &t};
    trial_entry(&t, who, "BL", "labs", "{'hb':140,'creat':80,'egfr':75,'alt':30,'ast':30}");
    trial_entry(&t, who, "W06", "labs", "{'hb':121,'creat':120,'egfr':75,'alt':150,'ast':30}");
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, all_safety, &s, &err), err);
    const lb_value *watch = lb_get(s.out, "watch");
    assert_int_equal(watch->count, 1); /* 120 is 1.5 × 80; a haemoglobin fallen by 19 and an ALT of exactly 150 are not */
    assert_string_equal(lb_get_text(watch->item[0], "rule", ""), "creat_rise");
    assert_string_equal(lb_get_text(watch->item[0], "visit", ""), "W06");
    trial_entry(&t, who, "AE.1", "ae", "{'ae_term':'acute gastritis','ae_start':'2026-02-10','ae_sev':'1','ae_serious':0}");
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, all_safety, &s, &err), err);
    assert_int_equal(lb_get(s.out, "watch")->count, 2);
    trial_close(&t);
}

/* ---- ranges and texts ---- */

typedef struct ranged {
    trial *t;
    const char *item, *date, *sex;
    lb_range range;
} ranged;

static int find_range(lb_tx *tx, void *context, lb_error *err)
{
    ranged *r = context;
    return lb_range_find(tx, r->t->study, lb_study_item_named(r->t->study, r->item, NULL), "C01", r->date, r->sex, &r->range, err);
}

static lb_range range_of(trial *t, const char *item, const char *date, const char *sex)
{
    lb_error err = LB_ERROR_INIT;
    ranged r = {.t = t, .item = item, .date = date, .sex = sex};
    TRIAL_OK(lb_store_read(t->store, &t->actor, t->arena, find_range, &r, &err), err);
    return r.range;
}

static void ranges_by_site_and_date(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    trial_record(&t, LB_KIND_RANGE, "C01|creat|2026-03-01", "C01", NULL, NULL, false, "{'low':0.5,'high':1.2,'unit':'mg/dL'}");
    trial_record(&t, LB_KIND_RANGE, "C01|creat|2026-05-01", "C01", NULL, NULL, false, "{'low':50,'high':110,'unit':'µmol/L'}");
    trial_record(&t, LB_KIND_RANGE, "C01|hb|2026-03-01", "C01", NULL, NULL, false, "{'low':12,'high':15.5,'unit':'g/dL','sex':'F'}");
    trial_record(&t, LB_KIND_RANGE, "C02|creat|2026-01-01", "C02", NULL, NULL, false, "{'low':1,'high':2,'unit':'µmol/L'}");
    lb_range r = range_of(&t, "creat", "2026-02-28", "F");
    assert_null(r.from);
    assert_close(r.high, 111, 0); /* the protocol's */
    r = range_of(&t, "creat", "2026-04-30", "F");
    assert_close(r.low, 0.5 * 88.42, 1e-12);
    assert_close(r.high, 1.2 * 88.42, 1e-12);
    assert_int_equal(lb_range_side(&r, 107), 1);
    assert_int_equal(lb_range_side(&r, 44), -1);
    assert_int_equal(lb_range_side(&r, 80), 0);
    assert_int_equal(lb_range_side(&r, NAN), 0);
    r = range_of(&t, "creat", "2026-05-01", NULL);
    assert_close(r.high, 110, 0);
    assert_close(range_of(&t, "hb", "2026-04-01", "F").low, 120, 1e-12);
    assert_close(range_of(&t, "hb", "2026-04-01", "M").low, 115, 0);
    trial_record(&t, LB_KIND_RANGE, "C01|alt|2026-03-01", "C01", NULL, NULL, false, "{'low':0,'high':1,'unit':'ukat/L'}");
    ranged odd = {.t = &t, .item = "alt", .date = "2026-04-01"};
    assert_int_equal(lb_store_read(t.store, &t.actor, t.arena, find_range, &odd, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "ukat/L"));
    trial_close(&t);
}

static int read_texts(trial *t, const char *head, const char *body, bool hash, lb_texts *out, lb_error *err)
{
    char hex[65];
    lb_sha256_hex(body, strlen(body), hex);
    const char *all = lb_arena_printf(t->arena, "%s%s%s\n---\n%s", head, hash ? "sha256: " : "", hash ? hex : "", body);
    lb_bytes bytes = {(const uint8_t *)all, strlen(all), "nrs.txt"};
    return lb_texts_read(&bytes, t->arena, out, err);
}

static int put_texts(lb_tx *tx, void *context, lb_error *err)
{
    const linked *l = context;
    return lb_texts_put(tx, l->t->study, "DK1", l->texts, err);
}

/* The words of a site stand on its participants' phones, in the licensed language only; other forms keep theirs. */
static void check_words_on_phone(trial *t, const lb_texts *texts)
{
    lb_error err = LB_ERROR_INIT;
    linked l = {.t = t, .texts = texts};
    trial_subject(t, "DK1-001", "DK1");
    const lb_value *before = lb_get(page_of(t, "DK1-001"), "forms");
    TRIAL_OK(lb_store_write(t->store, &t->actor, t->arena, put_texts, &l, &err), err);
    const lb_value *after = lb_get(page_of(t, "DK1-001"), "forms");
    assert_int_equal(before->count, after->count);
    size_t covered = 0;
    for (size_t i = 0; i < after->count; i++) {
        const lb_value *old = lb_path(before->item[i], "items[0].label"), *new = lb_path(after->item[i], "items[0].label");
        bool pain = lb_text_equal(lb_get_text(after->item[i], "id", NULL), "pain");
        assert_string_equal(lb_get_text(new, "en", ""), lb_get_text(old, "en", ""));
        assert_int_equal(lb_text_equal(lb_get_text(new, "da", ""), "How much now"), pain);
        assert_int_equal(lb_get(after->item[i], "instruction") != NULL, pain);
        covered += pain;
    }
    assert_int_equal(covered, 1);
}

static void licensed_texts(void **state)
{
    (void)state;
    trial t;
    lb_texts texts;
    lb_error err = LB_ERROR_INIT;
    trial_open(&t, "studies/modic.yaml", "2008-02-02");
    const char *head = "lumbar-text/1\ninstrument: nrs\nlanguage: da\nversion: 1\nlicence: free to use, asked for on 2008-01-01\n";
    const char *body = "title: A\ninstruction: Choose a number\nitems:\n  - {text: How much now}\n";
    TRIAL_OK(read_texts(&t, head, body, true, &texts, &err), err);
    assert_string_equal(texts.instrument, "nrs");
    TRIAL_OK(lb_texts_fit(&texts, t.study, &err), err);
    check_words_on_phone(&t, &texts);
    assert_int_equal(read_texts(&t, head, body, false, &texts, &err), LB_BAD_DATA); /* no hash */
    assert_non_null(strstr(err.message, "SHA-256"));
    assert_int_equal(read_texts(&t, "lumbar-text/1\ninstrument: nrs\nlanguage: da\n", body, true, &texts, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.message, "licence"));
    assert_int_equal(read_texts(&t, "lumbar-text/1\ninstrument: nrs\nlanguage: da\nlicence: x\n", body, true, &texts, &err), LB_BAD_DATA);
    assert_int_equal(read_texts(&t, "something\n", body, true, &texts, &err), LB_BAD_DATA);
    TRIAL_OK(read_texts(&t, head, "items:\n  - {text: a}\n  - {text: b}\n", true, &texts, &err), err);
    assert_int_equal(lb_texts_fit(&texts, t.study, &err), LB_BAD_DATA); /* one item too many */
    const char *changed = "lumbar-text/1\ninstrument: nrs\nlanguage: da\nlicence: free to use by all\nsha256: "
                          "0000000000000000000000000000000000000000000000000000000000000000\n---\nitems:\n  - {text: a}\n";
    lb_bytes bytes = {(const uint8_t *)changed, strlen(changed), "nrs.txt"};
    assert_int_equal(lb_texts_read(&bytes, t.arena, &texts, &err), LB_BAD_DATA);
    assert_non_null(strstr(err.where, "nrs.txt:7"));
    trial_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(links_end), cmocka_unit_test(entries_come_once), cmocka_unit_test(clocks_are_set_right),
                                       cmocka_unit_test(bad_entries), cmocka_unit_test(adherence_as_in_the_examples), cmocka_unit_test(behind_and_why), cmocka_unit_test(calls_and_drugs),
                                       cmocka_unit_test(clocks_of_serious_events), cmocka_unit_test(watched_values), cmocka_unit_test(ranges_by_site_and_date),
                                       cmocka_unit_test(licensed_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
