/* The safety board's reports (frozen, the same bytes again, groups under sealed letters), printed documents, reminders, Today and
 * quality of a small trial. */
#include "conduct_trial.h"

#include "trial/conduct/board.h"
#include "trial/conduct/calendar.h"
#include "trial/conduct/print.h"
#include "trial/conduct/quality.h"
#include "trial/conduct/today.h"

#define ELIGIBLE                                                                                                                      \
    "{'sex':'F','age':66,'lbp_months':12,'odi_screen':40,'goutallier':'2','surg_indication':0,'conservative':1,'can_exercise':1,"     \
    "'willing':1,'exc_specific':0,'exc_surgery':0,'exc_comorb':0,'exc_cognition':0,'exc_physical':0,'exc_trial':0,'exc_hypersens':0}"

/* Six people, all randomised on the same day. */
static void six_people(trial *t)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    trial_open(t, "studies/metnlbp.yaml", "2026-02-02");
    for (int i = 1; i <= 6; i++) {
        const char *s = lb_arena_printf(t->arena, "C01-%03d", i);
        trial_subject(t, s, "C01");
        trial_entry(t, s, "SCR", "eligibility", ELIGIBLE);
        TRIAL_OK(trial_do(t, lb_consent_add, s, "{'date':'2026-02-02','form_version':'1.0'}", &err), err);
        TRIAL_OK(trial_randomise(t, s, lb_arena_printf(t->arena, "key-%05d", i), &out, &err), err);
    }
    trial_entry(t, "C01-002", "AE.1", "ae", "{'ae_term':'dyspepsia','ae_start':'2026-02-10','ae_sev':'1','ae_serious':0,'ae_rel_drug':'3'}");
    trial_entry(t, "C01-002", "AE.2", "ae", "{'ae_term':'dyspepsia','ae_start':'2026-02-12','ae_sev':'2','ae_serious':0,'ae_rel_drug':'2'}");
    trial_entry(t, "C01-004", "AE.1", "ae", "{'ae_term':'=fall, hard','ae_start':'2026-02-11','ae_sev':'3','ae_serious':1,'ae_rel_drug':'0'}");
    TRIAL_OK(trial_do(t, lb_withdraw, "C01-005", "{'kind':'treatment','date':'2026-02-02','reason':'x'}", &err), err);
}

typedef struct boarding {
    trial *t;
    const char *what;
    lb_value *out;
} boarding;

static int make(lb_tx *tx, void *context, lb_error *err)
{
    boarding *b = context;
    return lb_board_make(tx, b->t->store, b->t->study, b->what, &b->out, err);
}

static int look(lb_tx *tx, void *context, lb_error *err)
{
    boarding *b = context;
    return lb_board_report(tx, b->t->study, b->what, &b->out, err);
}

static int recommend(lb_tx *tx, void *context, lb_error *err)
{
    boarding *b = context;
    return lb_board_recommend(tx, b->t->study, trial_json(b->t, b->what), "A Member", &b->out, err);
}

static int64_t total(const lb_value *groups)
{
    int64_t sum = 0;
    for (size_t i = 0; groups && i < groups->count; i++) sum += groups->item[i]->integer;
    return sum;
}

static const lb_value *row_of(const lb_value *report, const char *what)
{
    const lb_value *rows = lb_path(report, "report.events");
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(lb_get_text(rows->item[i], "what", ""), what) == 0) return rows->item[i];
    return NULL;
}

static void reports_from_snapshots(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    six_people(&t);
    boarding b = {&t, "open", NULL};
    TRIAL_OK(lb_store_write(t.store, &t.actor, t.arena, make, &b, &err), err);
    assert_string_equal(lb_get_text(b.out, "id", ""), "open-1");
    char first[65];
    snprintf(first, sizeof first, "%s", lb_get_text(b.out, "sha256", ""));
    b.what = "open-1";
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, look, &b, &err), err);
    const lb_value *any = row_of(b.out, "any"), *serious = row_of(b.out, "serious");
    assert_int_equal(lb_get_int(lb_get(any, "events"), "all", -1), 3);
    assert_int_equal(lb_get_int(lb_get(any, "people"), "all", -1), 2);
    assert_int_equal(lb_get_int(lb_get(serious, "events"), "all", -1), 1);
    assert_int_equal(lb_get_int(lb_path(b.out, "report.groups[0]"), "randomised", -1), 6);
    assert_int_equal(lb_get_int(lb_path(b.out, "report.groups[0]"), "left_treatment", -1), 1);
    b.what = "closed";
    TRIAL_OK(lb_store_write(t.store, &t.actor, t.arena, make, &b, &err), err);
    b.what = "closed-1";
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, look, &b, &err), err);
    const lb_value *names = lb_path(b.out, "report.group_names");
    assert_int_equal(names->count, 2);
    assert_string_equal(names->item[0]->text, "X");
    any = row_of(b.out, "any");
    assert_int_equal(total(lb_get(any, "events")), 3); /* the groups add up to the pool */
    assert_int_equal(total(lb_get(any, "people")), 2);
    int64_t x = 0;
    for (size_t i = 0; i < t.allocator.count; i++) x += strcmp(t.allocator.arm[i], t.allocator.arm[0]) == 0;
    int64_t in_x = lb_get_int(lb_path(b.out, "report.groups[0]"), "randomised", -1);
    assert_true(in_x == x || in_x == (int64_t)t.allocator.count - x);
    lb_buf json = {0};
    lb_json_write(b.out, 0, &json);
    assert_null(strstr(json.data, "EXERCISE")); /* letters only */
    lb_buf_free(&json);
    trial_entry(&t, "C01-001", "AE.1", "ae", "{'ae_term':'late','ae_start':'2026-02-13','ae_sev':'1','ae_serious':0}");
    b.what = "open-1"; /* what comes later does not change a frozen report */
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, look, &b, &err), err);
    assert_int_equal(lb_get_int(lb_get(row_of(b.out, "any"), "events"), "all", -1), 3);
    assert_string_equal(lb_get_text(b.out, "sha256", ""), first);
    lb_buf pdf = {0}, again = {0};
    TRIAL_OK(lb_print_board(t.study, b.out, "zh", &pdf, &err), err);
    TRIAL_OK(lb_print_board(t.study, b.out, "zh", &again, &err), err);
    assert_true(pdf.length > 2000 && memcmp(pdf.data, "%PDF", 4) == 0);
    assert_true(pdf.length == again.length && memcmp(pdf.data, again.data, pdf.length) == 0);
    lb_buf_free(&pdf);
    lb_buf_free(&again);
    t.actor.masked = true; /* the closed one does not exist, and neither do the letters */
    b.what = "closed-1";
    assert_int_equal(lb_store_read(t.store, &t.actor, t.arena, look, &b, &err), LB_NOT_FOUND);
    trial_close(&t);
}

static void recommendations_stay(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    six_people(&t);
    boarding b = {&t, "closed", NULL};
    TRIAL_OK(lb_store_write(t.store, &t.actor, t.arena, make, &b, &err), err);
    b.what = "{'report':'closed-2','decision':'continue'}";
    assert_int_equal(lb_store_write(t.store, &t.actor, t.arena, recommend, &b, &err), LB_NOT_FOUND);
    b.what = "{'report':'closed-1','decision':'perhaps'}";
    assert_int_equal(lb_store_write(t.store, &t.actor, t.arena, recommend, &b, &err), LB_BAD_DATA);
    b.what = "{'report':'closed-1','decision':'pause'}";
    assert_int_equal(lb_store_write(t.store, &t.actor, t.arena, recommend, &b, &err), LB_BAD_DATA); /* no reason */
    b.what = "{'report':'closed-1','decision':'continue'}";
    TRIAL_OK(lb_store_write(t.store, &t.actor, t.arena, recommend, &b, &err), err);
    assert_int_equal(strlen(lb_get_text(b.out, "report_sha256", "")), 64);
    b.what = "{'report':'closed-1','decision':'stop','text':'changed my mind'}";
    assert_int_equal(lb_store_write(t.store, &t.actor, t.arena, recommend, &b, &err), LB_CONFLICT);
    trial_close(&t);
}

/* ---- printed documents ---- */

static void documents(void **state)
{
    (void)state;
    static const char *const kinds[] = {"consent", "manual", "diary", "booklet", "crf"};
    static const char *const languages[] = {"en", "zh", "da"};
    trial t;
    lb_error err = LB_ERROR_INIT;
    const char *keep = getenv("LUMBAR_KEEP_DOCUMENTS"); /* a folder to look at them */
    trial_open(&t, "studies/metnlbp.yaml", "2026-02-02");
    for (size_t k = 0; k < LB_COUNT(kinds); k++) {
        lb_print_options options = {.language = languages[k % 2]};
        lb_buf pdf = {0}, again = {0};
        TRIAL_OK(lb_print(t.study, kinds[k], &options, &pdf, &err), err);
        TRIAL_OK(lb_print(t.study, kinds[k], &options, &again, &err), err);
        assert_true(pdf.length > 3000 && memcmp(pdf.data, "%PDF", 4) == 0);
        assert_true(pdf.length == again.length && memcmp(pdf.data, again.data, pdf.length) == 0);
        if (keep) TRIAL_OK(lb_file_write(lb_arena_printf(t.arena, "%s/%s.pdf", keep, kinds[k]), pdf.data, pdf.length, &err), err);
        lb_buf_free(&pdf);
        lb_buf_free(&again);
    }
    lb_print_options masked = {.language = "en", .masked = true};
    lb_buf pdf = {0};
    assert_int_equal(lb_print(t.study, "manual", &masked, &pdf, &err), LB_NOT_FOUND);
    assert_int_equal(lb_print(t.study, "diary", &masked, &pdf, &err), LB_NOT_FOUND);
    assert_int_equal(lb_print(t.study, "arms", &masked, &pdf, &err), LB_NOT_FOUND);
    trial_close(&t);
    trial_open(&t, "studies/modic.yaml", "2008-02-02");
    lb_print_options danish = {.language = "da"};
    TRIAL_OK(lb_print(t.study, "consent", &danish, &pdf, &err), err);
    if (keep) TRIAL_OK(lb_file_write(lb_arena_printf(t.arena, "%s/consent-da.pdf", keep), pdf.data, pdf.length, &err), err);
    lb_buf_free(&pdf);
    pdf = (lb_buf){0};
    TRIAL_OK(lb_print(t.study, "diary", &danish, &pdf, &err), err);
    if (keep) TRIAL_OK(lb_file_write(lb_arena_printf(t.arena, "%s/diary-da.pdf", keep), pdf.data, pdf.length, &err), err);
    lb_buf_free(&pdf);
    trial_close(&t);
}

/* ---- reminders, Today, quality ---- */

typedef struct looking {
    trial *t;
    lb_value *out;
} looking;

static int remind(lb_tx *tx, void *context, lb_error *err)
{
    looking *l = context;
    return lb_reminders(tx, l->t->store, l->t->study, NULL, 7, &l->out, err);
}

static int today(lb_tx *tx, void *context, lb_error *err)
{
    looking *l = context;
    return lb_today(tx, l->t->store, l->t->study, &l->out, err);
}

static int quality(lb_tx *tx, void *context, lb_error *err)
{
    looking *l = context;
    return lb_quality(tx, l->t->study, NULL, &l->out, err);
}

static void calendars(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    six_people(&t);
    looking l = {&t, NULL};
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, remind, &l, &err), err);
    assert_int_equal(l.out->count, 6 * 4); /* W06 once, M06 once, M12 twice, for the coordinator; nobody's diary */
    assert_string_equal(lb_get_text(l.out->item[0], "at", ""), "2026-03-09T01:00:00Z"); /* 9 o'clock in Beijing, a week before W06 */
    lb_buf text = {0};
    lb_calendar_text(t.study, l.out, "zh", t.clock, &text);
    assert_non_null(strstr(text.data, "BEGIN:VCALENDAR\r\n"));
    assert_non_null(strstr(text.data, "DTSTART:20260309T010000Z\r\n"));
    size_t column = 0;
    for (size_t i = 0; i < text.length; i++) { /* RFC 5545: no line above 75 octets */
        column = text.data[i] == '\n' ? 0 : column + 1;
        assert_true(column <= 76);
    }
    assert_int_equal(lb_utf8_bad(text.data, text.length), text.length);
    lb_buf_free(&text);
    t.actor = (lb_actor){.user = "ther", .role = "therapist", .clinical = true};
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, remind, &l, &err), err);
    size_t exercise = 0;
    for (size_t i = 0; i < t.allocator.count; i++) exercise += strcmp(t.allocator.arm[i], "A") == 0 && strcmp(t.allocator.subject[i], "C01-005") != 0;
    assert_int_equal(l.out->count, exercise * 12); /* six calls, told the day before and on the day; not for who left the treatment */
    trial_close(&t);
}

static const lb_value *task_of(const lb_value *all, const char *group, const char *kind)
{
    const lb_value *groups = lb_get(all, "groups");
    for (size_t g = 0; g < groups->count; g++) {
        const lb_value *tasks = lb_get(groups->item[g], "tasks");
        if (group && strcmp(lb_get_text(groups->item[g], "id", ""), group) != 0) continue;
        for (size_t i = 0; i < tasks->count; i++)
            if (strcmp(lb_get_text(tasks->item[i], "kind", ""), kind) == 0) return tasks->item[i];
    }
    return NULL;
}

static lb_value *today_of(trial *t, const char *user, const char *role, bool masked)
{
    lb_error err = LB_ERROR_INIT;
    looking l = {t, NULL};
    lb_actor actor = {.user = user, .role = role, .masked = masked, .clinical = true};
    TRIAL_OK(lb_store_read(t->store, &actor, t->arena, today, &l, &err), err);
    return l.out;
}

static void today_of_each_role(void **state)
{
    (void)state;
    trial t;
    six_people(&t);
    trial_subject(&t, "C02-001", "C02");
    trial_pass(&t, 20); /* day 20: the third week */
    lb_value *out = today_of(&t, "coord", "coordinator", false);
    const lb_value *task = task_of(out, "overdue", "visit");
    assert_non_null(task); /* booklet and baseline were never entered */
    assert_true(lb_get_int(task, "overdue_days", 0) > 0);
    assert_non_null(task_of(out, "safety", "sae"));
    assert_non_null(task_of(out, "today", "screen"));
    assert_non_null(task_of(out, "today", "behind")); /* no diary at all */
    assert_int_equal(lb_get_int(lb_get(out, "enrolment"), "total", 0), 6);
    assert_int_equal(lb_get_int(lb_path(out, "enrolment.sites[0]"), "target", 0), 90);
    out = today_of(&t, "ther", "therapist", false);
    task = task_of(out, "overdue", "visit");
    assert_non_null(task); /* calls of the first two weeks */
    assert_true(lb_text_starts(lb_get_text(task, "visit", ""), "CALL."));
    out = today_of(&t, "data", "data_manager", true);
    assert_non_null(task_of(out, "waiting", "second_entry"));
    assert_null(task_of(out, NULL, "behind"));
    out = today_of(&t, "mon", "monitor", true);
    assert_non_null(task_of(out, "waiting", "verify"));
    out = today_of(&t, "admin", "administrator", true);
    assert_null(task_of(out, NULL, "visit"));
    trial_close(&t);
}

static void quality_counts(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    six_people(&t);
    trial_record(&t, LB_KIND_QUERY, "Q1", "C01", "C01-001", "open", false, "{'item':'age','role':'monitor','opened_at':'2026-01-02T12:00:00Z'}");
    trial_record(&t, LB_KIND_QUERY, "Q2", "C01", "C01-001", "answered", false, "{'item':'age','role':'data_manager','opened_at':'2026-02-01T12:00:00Z','rule':'r'}");
    trial_record(&t, LB_KIND_QUERY, "Q3", "C01", "C01-001", "closed", false, "{'item':'age','role':'monitor'}");
    TRIAL_OK(trial_do(&t, lb_deviation_add, "C01-001", "{'kind':'visit','severity':'minor','text':'late'}", &err), err);
    looking l = {&t, NULL};
    TRIAL_OK(lb_store_read(t.store, &t.actor, t.arena, quality, &l, &err), err);
    const lb_value *q = lb_get(l.out, "queries");
    assert_int_equal(lb_get_int(q, "open", -1), 1);
    assert_int_equal(lb_get_int(q, "answered", -1), 1);
    assert_int_equal(lb_get_int(q, "closed", -1), 1);
    assert_int_equal(lb_get_int(lb_get(q, "age_days"), "31+", -1), 1);
    assert_int_equal(lb_get_int(lb_get(q, "age_days"), "0-7", -1), 1);
    assert_int_equal(lb_get_int(lb_get(q, "by_role"), "monitor", -1), 1);
    assert_int_equal(lb_get(l.out, "deviations")->count, 1);
    assert_int_equal(lb_get(l.out, "to_verify")->count, 9); /* six screenings, three events */
    const lb_value *forms = lb_get(l.out, "forms");
    assert_string_equal(lb_get_text(forms->item[0], "form", ""), "eligibility");
    assert_int_equal(lb_get_int(forms->item[0], "items", -1), 6 * 20);
    assert_int_equal(lb_get_int(forms->item[0], "missing", -1), 6 * 4); /* code, consent date and version, year of birth */
    trial_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reports_from_snapshots), cmocka_unit_test(recommendations_stay), cmocka_unit_test(documents),
                                       cmocka_unit_test(calendars), cmocka_unit_test(today_of_each_role), cmocka_unit_test(quality_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
