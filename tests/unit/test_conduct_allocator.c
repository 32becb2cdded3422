/* The conduct with the real allocator: its process, both methods, and the proof afterwards. Sixteen people of METNLBP in two
 * strata; the seed revealed; the log verified with `randomise verify`; ten people of Modic by minimisation on its four factors. */
#include "conduct_trial.h"

#include "allocator/allocator.h"

#define ELIGIBLE                                                                                                                      \
    "{'sex':'%s','age':66,'lbp_months':12,'odi_screen':40,'goutallier':'2','surg_indication':0,'conservative':1,'can_exercise':1,"    \
    "'willing':1,'exc_specific':0,'exc_surgery':0,'exc_comorb':0,'exc_cognition':0,'exc_physical':0,'exc_trial':0,'exc_hypersens':0}"

typedef struct place {
    char folder[256], key[280], file[280];
    lb_allocator_options options;
    lb_allocator *allocator;
    char commitment[65];
} place;

static void place_begin(place *p, const lb_study *study)
{
    lb_error err = LB_ERROR_INIT;
    lb_buf plan = {0};
    snprintf(p->folder, sizeof p->folder, "%s/lumbar-conduct-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->key, sizeof p->key, "%s/key", p->folder);
    p->options = (lb_allocator_options){LUMBAR_TEST_BINARY, p->folder, p->key};
    lb_allocator_plan(study, &plan);
    TRIAL_OK(lb_allocator_create(&p->options, plan.data, p->commitment, &err), err);
    TRIAL_OK(lb_allocator_start(&p->options, &p->allocator, &err), err);
    lb_buf_free(&plan);
}

static void place_end(place *p)
{
    static const char *const names[] = {"seed", "key", "key.mark", "journal"};
    lb_allocator_stop(p->allocator);
    for (size_t i = 0; i < LB_COUNT(names); i++) {
        snprintf(p->file, sizeof p->file, "%s/%s", p->folder, names[i]);
        unlink(p->file);
    }
    assert_int_equal(rmdir(p->folder), 0);
}

static int allocate(trial *t, place *p, const char *s, lb_value **out, lb_error *err)
{
    lb_randomise_ask ask = {s, lb_arena_printf(t->arena, "key-%s", s), true};
    return lb_randomise(t->store, &t->actor, t->study, lb_allocator_ask(p->allocator), &ask, t->arena, out, err);
}

static lb_value *verified(trial *t, const char *csv, const char *trial_name, const char *seed, const char *commitment)
{
    lb_error err = LB_ERROR_INIT;
    lb_registry *registry = lb_registry_all();
    lb_call *call = lb_call_new(registry, lb_registry_find(registry, "randomise", "verify"));
    lb_bytes bytes = {(const uint8_t *)csv, strlen(csv), "log.csv"};
    lb_result *result = NULL;
    TRIAL_OK(lb_call_set(call, "trial", trial_name, &err), err);
    TRIAL_OK(lb_call_set(call, "seed", seed, &err), err);
    TRIAL_OK(lb_call_set(call, "commitment", commitment, &err), err);
    TRIAL_OK(lb_call_bind(call, "log", &bytes, &err), err);
    TRIAL_OK(lb_call_run(call, &result, &err), err);
    lb_buf json = {0};
    lb_json_write(result->results, 0, &json);
    lb_value *out = trial_json(t, json.data);
    lb_buf_free(&json);
    lb_result_free(result);
    lb_call_free(call);
    lb_registry_free(registry);
    return out;
}

static void blocks_and_the_proof(void **state)
{
    (void)state;
    trial t;
    place p;
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    place_begin(&p, t.study);
    char first[16] = "";
    for (int i = 1; i <= 16; i++) {
        const char *s = lb_arena_printf(t.arena, "C01-%03d", i);
        trial_subject(&t, s, "C01");
        trial_entry(&t, s, "SCR", "eligibility", lb_arena_printf(t.arena, ELIGIBLE, i % 3 ? "F" : "M"));
        TRIAL_OK(trial_do(&t, lb_consent_add, s, "{'date':'2026-02-02','form_version':'1.0'}", &err), err);
        TRIAL_OK(allocate(&t, &p, s, &out, &err), err);
        assert_int_equal(strlen(lb_get_text(out, "receipt", "")), 64);
        if (i == 1) snprintf(first, sizeof first, "%s", lb_get_text(lb_get(out, "arm"), "id", ""));
    }
    TRIAL_OK(allocate(&t, &p, "C01-001", &out, &err), err);
    assert_string_equal(lb_get_text(lb_get(out, "arm"), "id", ""), first);
    const lb_allocator_face *face = lb_allocator_ask(p.allocator);
    char commitment[65], seed[65];
    lb_buf csv = {0};
    TRIAL_OK(face->commitment(face->context, commitment, &err), err);
    assert_string_equal(commitment, p.commitment);
    TRIAL_OK(lb_allocation_log(face, &csv, &err), err);
    double rate;
    int64_t n;
    TRIAL_OK(lb_guess_rate(face, t.study, t.arena, &rate, &n, &err), err);
    assert_int_equal(n, 16);
    assert_true(rate >= 0.5 && rate < 1); /* blocks can be guessed better than a coin, and not always */
    TRIAL_OK(face->reveal(face->context, seed, &err), err);
    lb_value *proof = verified(&t, csv.data, t.study->rtsm.trial, seed, commitment);
    if (!lb_get_bool(proof, "valid", false)) {
        lb_buf faults = {0};
        lb_json_write(proof, 1, &faults);
        fail_msg("%s\n%s", faults.data, csv.data);
    }
    char *arm = strstr(csv.data, ",A,allocate"); /* one edit of the log is found */
    assert_non_null(arm);
    arm[1] = 'B';
    assert_false(lb_get_bool(verified(&t, csv.data, t.study->rtsm.trial, seed, commitment), "valid", true));
    lb_buf_free(&csv);
    place_end(&p);
    trial_close(&t);
}

static void minimised(void **state)
{
    (void)state;
    static const char *const forms[] = {"pain", "eq5d", "bother", "rmdq"};
    trial t;
    place p;
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    int64_t in_first = 0;
    trial_open(&t, "studies/modic.yaml", "2008-05-05");
    place_begin(&p, t.study);
    for (int i = 1; i <= 10; i++) {
        const char *s = lb_arena_printf(t.arena, "DK1-%03d", i);
        trial_subject(&t, s, "DK1");
        trial_entry(&t, s, "SCR", "eligibility",
                    lb_arena_printf(t.arena, "{'sex':'%s','age':44,'lbp_months':6,'nrs_screen':5,'danish':1,'willing':1,'modic':1,'exc_disorder':0,%s'surgery_referred':0}",
                                    i % 2 ? "F" : "M", i % 2 ? "'pregnant':0," : ""));
        TRIAL_OK(trial_do(&t, lb_consent_add, s, "{'stage':'imaging','date':'2008-05-05'}", &err), err);
        TRIAL_OK(trial_do(&t, lb_consent_add, s, "{'stage':'trial','date':'2008-05-05'}", &err), err);
        trial_entry(&t, s, "BL", "person", "{'smoking':'no','physical_load':'light','age_group':'40-60'}");
        for (size_t k = 0; k < LB_COUNT(forms); k++) trial_entry(&t, s, "BL", forms[k], "{}");
        TRIAL_OK(allocate(&t, &p, s, &out, &err), err);
        in_first += strcmp(lb_get_text(lb_get(out, "arm"), "id", ""), t.study->arm[0].id) == 0;
    }
    assert_true(in_first >= 2 && in_first <= 8); /* minimised with probability 0.8: 9 : 1 would be all but impossible */
    place_end(&p);
    trial_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_and_the_proof), cmocka_unit_test(minimised)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
