/* Consent, gates, screening, randomisation, withdrawal: what is refused and what is kept. */
#include "conduct_trial.h"

#define ELIGIBLE                                                                                                                      \
    "{'sex':'F','age':66,'lbp_months':12,'odi_screen':40,'goutallier':'2','surg_indication':0,'conservative':1,'can_exercise':1,"     \
    "'willing':1,'exc_specific':0,'exc_surgery':0,'exc_comorb':0,'exc_cognition':0,'exc_physical':0,'exc_trial':0,'exc_hypersens':0}"

static void consents_then_randomises(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    trial_subject(&t, "C01-001", "C01");
    lb_person *p = trial_person(&t, "C01-001");
    int bl = lb_study_visit_named(t.study, "BL"), scr = lb_study_visit_named(t.study, "SCR");
    assert_int_equal(lb_entry_gate(p, scr, &err), LB_OK);
    assert_int_equal(lb_entry_gate(p, bl, &err), LB_CONFLICT); /* nothing but the screening before consent */
    assert_int_equal(trial_randomise(&t, "C01-001", "key-0001", &out, &err), LB_CONFLICT);
    trial_entry(&t, "C01-001", "SCR", "eligibility", ELIGIBLE);
    assert_int_equal(trial_randomise(&t, "C01-001", "key-0001", &out, &err), LB_CONFLICT);
    assert_non_null(strstr(err.message, "consent"));
    assert_int_equal(trial_do(&t, lb_consent_add, "C01-001", "{'date':'2026-02-03'}", &err), LB_BAD_DATA); /* tomorrow */
    assert_int_equal(trial_do(&t, lb_consent_add, "C01-001", "{'date':'2026-02-02','form_version':'0.9'}", &err), LB_BAD_DATA);
    assert_int_equal(trial_do(&t, lb_consent_add, "C01-001", "{'date':'2026-02-31'}", &err), LB_BAD_DATA);
    TRIAL_OK(trial_do(&t, lb_consent_add, "C01-001", "{'date':'2026-02-02','form_version':'1.0','language':'zh'}", &err), err);
    assert_int_equal(trial_do(&t, lb_consent_add, "C01-001", "{'date':'2026-02-02'}", &err), LB_CONFLICT); /* twice */
    p = trial_person(&t, "C01-001");
    assert_string_equal(p->state, "consented");
    assert_int_equal(lb_entry_gate(p, bl, &err), LB_OK);
    TRIAL_OK(trial_randomise(&t, "C01-001", "key-0001", &out, &err), err);
    const char *arm = lb_get_text(lb_get(out, "arm"), "id", ""), *receipt = lb_get_text(out, "receipt", "");
    assert_true(strcmp(arm, "EXERCISE") == 0 || strcmp(arm, "CONTROL") == 0);
    assert_int_equal(strlen(receipt), 64);
    assert_string_equal(lb_get_text(out, "stratum", ""), "C01/F");
    assert_false(lb_get_bool(out, "again", true));
    assert_true(lb_get(out, "next")->count > 0);
    lb_value *second;
    TRIAL_OK(trial_randomise(&t, "C01-001", "key-0001", &second, &err), err); /* a retry: the same answer */
    assert_true(lb_get_bool(second, "again", false));
    assert_string_equal(lb_get_text(lb_get(second, "arm"), "id", ""), arm);
    assert_int_equal(trial_randomise(&t, "C01-001", "key-0002", &second, &err), LB_CONFLICT); /* somebody else: the first is kept */
    assert_int_equal(t.allocator.count, 1);
    p = trial_person(&t, "C01-001");
    assert_string_equal(p->state, "randomised");
    assert_int_equal(p->zero, trial_day("2026-02-02"));
    t.actor.masked = true;
    assert_int_equal(trial_randomise(&t, "C01-001", "key-0003", &second, &err), LB_FORBIDDEN);
    trial_close(&t);
}

/* The allocator fails after the intention was written: asking again, or the next start, ends with the same answer. */
static void survives_a_break(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    size_t count;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    for (int i = 1; i <= 2; i++) {
        const char *s = lb_arena_printf(t.arena, "C01-00%d", i);
        trial_subject(&t, s, "C01");
        trial_entry(&t, s, "SCR", "eligibility", ELIGIBLE);
        TRIAL_OK(trial_do(&t, lb_consent_add, s, "{'date':'2026-02-02'}", &err), err);
    }
    t.allocator.broken = true;
    assert_int_equal(trial_randomise(&t, "C01-001", "key-0001", &out, &err), LB_FAILED);
    assert_false(trial_person(&t, "C01-001")->randomised);
    t.allocator.broken = false;
    TRIAL_OK(lb_randomise_resume(t.store, t.study, &t.face, &count, &err), err);
    assert_int_equal(count, 1);
    assert_true(trial_person(&t, "C01-001")->randomised);
    TRIAL_OK(trial_randomise(&t, "C01-001", "key-0001", &out, &err), err);
    assert_int_equal(t.allocator.count, 1);
    lb_buf csv = {0};
    TRIAL_OK(lb_allocation_log(&t.face, &csv, &err), err);
    assert_non_null(strstr(csv.data, "1,2026-02-02T12:00:00Z,C01-001,C01/F,"));
    lb_buf_free(&csv);
    trial_close(&t);
}

static void gates_close(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *key, *state, *body, *gate;
    } closed[] = {{LB_KIND_SITE, "C01", "paused", "{'protocol_version':'1.0','ethics':[{'version':'1.0','approved':'2000-01-01'}]}", "site"},
                  {LB_KIND_SITE, "C01", "open", "{'protocol_version':'1.0','ethics':[{'version':'1.0','approved':'2026-02-03'}]}", "ethics"},
                  {LB_KIND_SITE, "C01", "open", "{'protocol_version':'1.0','ethics':[{'version':'1.0','approved':'2025-01-01','expires':'2026-02-01'}]}", "ethics"},
                  {LB_KIND_SITE, "C01", "open", "{'protocol_version':'0.9','ethics':[{'approved':'2025-01-01'}]}", "protocol"},
                  {LB_KIND_DELEGATION, "C01|coord|1", NULL, "{'tasks':['enter'],'from':'2000-01-01'}", "delegation"},
                  {LB_KIND_DELEGATION, "C01|coord|1", NULL, "{'tasks':['consent','randomise'],'from':'2000-01-01','to':'2026-01-31'}", "delegation"}};
    for (size_t i = 0; i < LB_COUNT(closed); i++) {
        trial t;
        lb_error err = LB_ERROR_INIT;
        trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
        trial_subject(&t, "C01-001", "C01");
        trial_entry(&t, "C01-001", "SCR", "eligibility", ELIGIBLE);
        trial_record(&t, closed[i].kind, closed[i].key, "C01", NULL, closed[i].state, false, closed[i].body);
        assert_int_equal(trial_do(&t, lb_consent_add, "C01-001", "{'date':'2026-02-02'}", &err), LB_CONFLICT);
        assert_non_null(strstr(err.where, closed[i].gate));
        trial_close(&t);
    }
}

/* Modic: consent to the MRI after the first stage, to the trial after the second. */
static void two_stages(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    trial_open(&t, "studies/modic.yaml", "2008-05-05");
    trial_subject(&t, "DK1-001", "DK1");
    int mri = lb_study_visit_named(t.study, "MRI"), bl = lb_study_visit_named(t.study, "BL");
    assert_int_equal(trial_do(&t, lb_consent_add, "DK1-001", "{'stage':'imaging','date':'2008-05-05'}", &err), LB_CONFLICT);
    trial_entry(&t, "DK1-001", "SCR", "eligibility", "{'sex':'F','age':44,'lbp_months':6,'nrs_screen':5,'danish':1,'willing':1}");
    assert_int_equal(trial_do(&t, lb_consent_add, "DK1-001", "{'stage':'trial','date':'2008-05-05'}", &err), LB_CONFLICT);
    TRIAL_OK(trial_do(&t, lb_consent_add, "DK1-001", "{'stage':'imaging','date':'2008-05-05'}", &err), err);
    lb_person *p = trial_person(&t, "DK1-001");
    assert_string_equal(p->state, "screening");
    assert_int_equal(lb_entry_gate(p, mri, &err), LB_OK);
    assert_int_equal(lb_entry_gate(p, bl, &err), LB_CONFLICT);
    lb_judgement j;
    TRIAL_OK(lb_judge(p, &j, &err), err);
    assert_int_equal(j.stages_met, 1);
    assert_false(j.out);
    trial_entry(&t, "DK1-001", "SCR", "eligibility",
                "{'sex':'F','age':44,'lbp_months':6,'nrs_screen':5,'danish':1,'willing':1,'modic':1,'exc_disorder':0,'pregnant':0,'surgery_referred':0}");
    TRIAL_OK(trial_do(&t, lb_consent_add, "DK1-001", "{'stage':'trial','date':'2008-05-05'}", &err), err);
    assert_int_equal(trial_randomise(&t, "DK1-001", "key-0001", &out, &err), LB_CONFLICT); /* the baseline is not complete */
    trial_entry(&t, "DK1-001", "BL", "person", "{'smoking':'no','physical_load':'light','age_group':'40-60'}");
    static const char *const forms[] = {"pain", "eq5d", "bother", "rmdq"};
    for (size_t i = 0; i < LB_COUNT(forms); i++) trial_entry(&t, "DK1-001", "BL", forms[i], "{}");
    TRIAL_OK(trial_randomise(&t, "DK1-001", "key-0001", &out, &err), err);
    TRIAL_OK(trial_do(&t, lb_withdraw, "DK1-001", "{'kind':'treatment','date':'2008-05-05','reason':'moved'}", &err), err);
    p = trial_person(&t, "DK1-001");
    assert_string_equal(p->state, "randomised");
    assert_true(p->left_treatment && !p->left_followup);
    assert_int_equal(trial_do(&t, lb_withdraw, "DK1-001", "{'kind':'tired','date':'2008-05-05'}", &err), LB_BAD_DATA);
    TRIAL_OK(trial_do(&t, lb_consent_add, "DK1-001", "{'stage':'trial','kind':'withdrawn','date':'2008-05-05','reason':'no more'}", &err), err);
    assert_string_equal(trial_person(&t, "DK1-001")->state, "withdrawn");
    trial_close(&t);
}

static int fail_screening(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err)
{
    return lb_screening_fail(tx, study, subject, lb_get_text(ask, "reason", NULL), err);
}

static void screening_failure(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    trial_subject(&t, "C01-001", "C01");
    assert_int_equal(trial_do(&t, fail_screening, "C01-001", "{}", &err), LB_BAD_DATA); /* nothing keeps the person out so far */
    trial_entry(&t, "C01-001", "SCR", "eligibility", "{'sex':'M','age':55,'lbp_months':12}");
    TRIAL_OK(trial_do(&t, fail_screening, "C01-001", "{}", &err), err);
    lb_person *p = trial_person(&t, "C01-001");
    assert_string_equal(p->state, "screen_failed");
    assert_string_equal(lb_get_text(p->record->body, "reason", ""), "I1");
    assert_string_equal(lb_get_text(lb_get(p->record->body, "criteria"), "I2", ""), "yes");
    assert_int_equal(trial_do(&t, lb_consent_add, "C01-001", "{'date':'2026-02-02'}", &err), LB_CONFLICT);
    assert_int_equal(trial_do(&t, fail_screening, "C09-001", "{}", &err), LB_NOT_FOUND);
    trial_close(&t);
}

static int four_past(void *context, lb_allocation_seen seen, void *seen_context, lb_error *err)
{
    static const char *const given[][2] = {{"S", "A"}, {"S", "B"}, {"T", "B"}, {"S", "A"}, {"S", "A"}, {"S", "B"}};
    (void)context;
    for (size_t i = 0; i < LB_COUNT(given); i++) {
        lb_allocation_past past = {.subject = "x", .stratum = given[i][0], .arm = given[i][1], .sequence = (int64_t)i + 1};
        if (seen(seen_context, &past, err)) break;
    }
    return LB_OK;
}

/* By hand: S: A (tie ½), B (1), A (tie ½), A (named B: 0), B (1); T: B (tie ½): 3.5 of 6. */
static void guesses_by_hand(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    double rate;
    int64_t n;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    lb_allocator_face face = {NULL, NULL, four_past, NULL, NULL};
    TRIAL_OK(lb_guess_rate(&face, t.study, t.arena, &rate, &n, &err), err);
    assert_int_equal(n, 6);
    assert_close(rate, 3.5 / 6, 1e-15);
    trial_close(&t);
}

/* Every ODI example of the instruments' reference data: is the score inside the protocol's 20 to 60? */
static void eligible_by_odi(void **state)
{
    (void)state;
    const char *path = shared_data("instruments/examples.json");
    lb_bytes bytes;
    lb_value *examples;
    lb_error err = LB_ERROR_INIT;
    trial t;
    size_t checked = 0;
    if (!path) skip();
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    TRIAL_OK(lb_file_read(path, 0, t.arena, &bytes, &err), err);
    TRIAL_OK(lb_json_read(&bytes, t.arena, &examples, &err), err);
    const lb_value *list = lb_get(examples, "odi");
    size_t criterion = 0;
    while (criterion < t.study->criterion_count && !strstr(t.study->criterion[criterion].rule, "odi_screen")) criterion++;
    assert_true(criterion < t.study->criterion_count);
    trial_subject(&t, "C01-001", "C01");
    for (size_t i = 0; i < list->count; i++) {
        const lb_value *expected = lb_get(list->item[i], "expected"), *exact = lb_get(expected, "score_exact");
        if (!exact) continue;
        lb_judgement j;
        double score = lb_number_of(exact->item[0]) / lb_number_of(exact->item[1]);
        trial_entry(&t, "C01-001", "SCR", "eligibility", lb_arena_printf(t.arena, "{'odi_screen':%.17g}", score));
        TRIAL_OK(lb_judge(trial_person(&t, "C01-001"), &j, &err), err);
        assert_int_equal(j.met[criterion], lb_get_bool(expected, "metnlbp_eligible", false));
        checked++;
    }
    assert_true(checked > 15);
    trial_close(&t);
}

static int count_deviations(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    lb_buf *keys = context;
    lb_buf_printf(keys, "%s ", record->key);
    return 0;
}

static int list_deviations(lb_tx *tx, void *context, lb_error *err)
{
    lb_find find = {.kind = LB_KIND_DEVIATION};
    return lb_tx_scan(tx, &find, count_deviations, context, err);
}

static void deviations_are_numbered_apart(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    trial_subject(&t, "C01-001", "C01");
    TRIAL_OK(trial_do(&t, lb_deviation_add, "C01-001", "{'kind':'treatment','severity':'minor','text':'left the programme','reveals_arm':true}", &err), err);
    TRIAL_OK(trial_do(&t, lb_deviation_add, "C01-001", "{'kind':'visit','severity':'minor','visit':'BL','text':'two days late'}", &err), err);
    assert_int_equal(trial_do(&t, lb_deviation_add, "C01-001", "{'kind':'vist','severity':'minor'}", &err), LB_BAD_DATA);
    assert_non_null(strstr(err.hint, "visit"));
    t.actor.masked = true;
    assert_int_equal(trial_do(&t, lb_deviation_add, "C01-001", "{'kind':'visit','severity':'minor','visit':'DIARY.3'}", &err), LB_BAD_DATA);
    TRIAL_OK(trial_do(&t, lb_deviation_add, "C01-001", "{'kind':'visit','severity':'major','text':'missed'}", &err), err);
    lb_buf keys = {0};
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, list_deviations, &keys, &err), err);
    assert_string_equal(keys.data, "C01-001|1 C01-001|2 "); /* no gap where something is hidden */
    keys.length = 0;
    t.actor.masked = false;
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, list_deviations, &keys, &err), err);
    assert_string_equal(keys.data, "C01-001|1 C01-001|2 C01-001|u1 ");
    lb_buf_free(&keys);
    trial_close(&t);
}

static void visits_have_days(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    lb_occasion *list;
    int v, n;
    trial_open(&t, "studies/metnlbp.yaml", "2026-01-31");
    assert_true(lb_visit_parse(t.study, "DIARY.42", &v, &n) && n == 42);
    assert_false(lb_visit_parse(t.study, "DIARY.43", &v, &n));
    assert_false(lb_visit_parse(t.study, "DIARY", &v, &n));
    assert_false(lb_visit_parse(t.study, "M12.1", &v, &n));
    assert_true(lb_visit_parse(t.study, "AE.7", &v, &n) && n == 7);
    assert_false(lb_visit_parse(t.study, "AE.0", &v, &n));
    assert_false(lb_visit_parse(t.study, "AE.07", &v, &n));
    trial_subject(&t, "C01-001", "C01");
    trial_entry(&t, "C01-001", "SCR", "eligibility", ELIGIBLE);
    TRIAL_OK(trial_do(&t, lb_consent_add, "C01-001", "{'date':'2026-01-31'}", &err), err);
    t.clock += (int64_t)6 * 3600 * 1000000; /* 18:00 UTC: already the next day in Beijing */
    TRIAL_OK(trial_randomise(&t, "C01-001", "key-0001", &out, &err), err);
    lb_person *p = trial_person(&t, "C01-001");
    assert_int_equal(p->zero, trial_day("2026-02-01"));
    size_t all = lb_person_occasions(p, lb_study_arm_named(t.study, "EXERCISE"), t.arena, &list);
    size_t control = lb_person_occasions(p, lb_study_arm_named(t.study, "CONTROL"), t.arena, &list);
    size_t unknown = lb_person_occasions(p, -1, t.arena, &list);
    assert_int_equal(all - control, 42 + 6); /* diary and calls are of one arm */
    assert_int_equal(control, unknown);
    for (size_t i = 0; i < unknown; i++)
        if (strcmp(t.study->visit[list[i].visit].id, "M12") == 0) {
            assert_int_equal(list[i].date, trial_day("2027-02-01"));
            assert_int_equal(list[i].opens, trial_day("2027-01-04"));
        }
    trial_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(consents_then_randomises), cmocka_unit_test(survives_a_break), cmocka_unit_test(gates_close),
                                       cmocka_unit_test(two_stages), cmocka_unit_test(screening_failure), cmocka_unit_test(eligible_by_odi), cmocka_unit_test(guesses_by_hand), cmocka_unit_test(deviations_are_numbered_apart),
                                       cmocka_unit_test(visits_have_days)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
