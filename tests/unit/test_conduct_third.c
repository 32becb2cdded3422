/* Nothing is hard-wired: a third trial, written by following the documentation and sharing no name with the two shipped ones,
 * goes through the whole conduct; and no name of a protocol stands in the program. */
#include "conduct_trial.h"

#include <dirent.h>

#include "trial/conduct/board.h"
#include "trial/conduct/calendar.h"
#include "trial/conduct/follow.h"
#include "trial/conduct/phone.h"
#include "trial/conduct/print.h"
#include "trial/conduct/quality.h"
#include "trial/conduct/safety.h"
#include "trial/conduct/today.h"

static lb_registry *registry;

static void come_in(trial *t, const char *s)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    trial_subject(t, s, "HARBOUR");
    trial_entry(t, s, "DOOR", "door", "{'worker':'work','weeks_of_pain':8,'cannot_walk':0}");
    assert_int_equal(lb_entry_gate(trial_person(t, s), lb_study_visit_named(t->study, "START"), &err), LB_CONFLICT);
    TRIAL_OK(trial_do(t, lb_consent_add, s, "{'date':'2026-05-04','form_version':'A2','language':'en'}", &err), err);
    assert_int_equal(trial_randomise(t, s, "key-early", &out, &err), LB_CONFLICT); /* START must be complete first */
    trial_entry(t, s, "START", "ache", "{'ache_now':4}");
    TRIAL_OK(trial_randomise(t, s, lb_arena_printf(t->arena, "key-%s", s), &out, &err), err);
    assert_string_equal(lb_get_text(out, "stratum", ""), "work");
}

static const char *first_in(trial *t, const char *code)
{
    for (size_t i = 0; i < t->allocator.count; i++)
        if (strcmp(t->allocator.arm[i], code) == 0) return t->allocator.subject[i];
    fail_msg("nobody in %s", code);
    return NULL;
}

static const char *send(trial *t, const char *s, const char *visit, const char *form, const char *values)
{
    lb_error err = LB_ERROR_INIT;
    lb_value *out;
    char now[24];
    lb_time_text(t->clock / 1000000, now);
    lb_value *batch = trial_json(t, lb_arena_printf(t->arena, "{'sent_at':'%s','entries':[{'id':'e-%s-%s','form':'%s','visit':'%s','recorded_at':'%s','values':%s}]}", now,
                                                    visit, form, form, visit, now, values));
    TRIAL_OK(lb_phone_sync(t->store, t->study, s, batch, registry, t->arena, &out, &err), err);
    return lb_get_text(out->item[0], "status", "");
}

typedef struct view {
    trial *t;
    const char *text;
    lb_value *out;
    int (*of)(struct view *, lb_tx *, lb_error *);
} view;

static int safety_of(view *v, lb_tx *tx, lb_error *err) { return lb_safety_all(tx, v->t->study, NULL, &v->out, err); }
static int today_of(view *v, lb_tx *tx, lb_error *err) { return lb_today(tx, v->t->store, v->t->study, &v->out, err); }
static int quality_of(view *v, lb_tx *tx, lb_error *err) { return lb_quality(tx, v->t->study, NULL, &v->out, err); }
static int reminders_of(view *v, lb_tx *tx, lb_error *err) { return lb_reminders(tx, v->t->store, v->t->study, NULL, 60, &v->out, err); }
static int follow_of(view *v, lb_tx *tx, lb_error *err) { return lb_follow_all(tx, v->t->store, v->t->study, NULL, false, &v->out, err); }
static int board_of(view *v, lb_tx *tx, lb_error *err) { return lb_board_make(tx, v->t->store, v->t->study, v->text, &v->out, err); }

static int run_view(lb_tx *tx, void *context, lb_error *err)
{
    view *v = context;
    return v->of(v, tx, err);
}

static lb_value *viewed(trial *t, int (*of)(view *, lb_tx *, lb_error *), const char *text)
{
    lb_error err = LB_ERROR_INIT;
    view v = {t, text, NULL, of};
    TRIAL_OK(lb_store_write(t->store, &t->actor, t->arena, run_view, &v, &err), err);
    return v.out;
}

static void check_adherence(trial *t, const char *walker)
{
    lb_follow f;
    lb_person *p = trial_person(t, walker);
    lb_follow_person(p, p->zero + 8, &f);
    assert_close(f.score[0].score, 100, 1e-12); /* three walks of 20 minutes and the call */
    assert_true(f.adherent);
    lb_value *all = viewed(t, follow_of, NULL);
    assert_int_equal(lb_get(all, "parts")->count, 1);
    for (size_t i = 0; i < lb_get(all, "people")->count; i++)
        assert_string_not_equal(lb_get_text(lb_get(all, "people")->item[i], "subject", ""), first_in(t, "L"));
}

static void check_safety(trial *t, const char *walker)
{
    trial_entry(t, walker, "HARM.1", "harm", "{'harm_what':'slipped','harm_day':'2026-05-11','harm_grade':'c','harm_hospital':0,'harm_told':'2026-05-11T10:00'}");
    lb_value *all = viewed(t, safety_of, NULL);
    const lb_value *event = lb_path(all, "events[0]");
    assert_true(lb_get_bool(event, "serious", false)); /* by the protocol's own rule */
    assert_string_equal(lb_get_text(event, "due_at", ""), "2026-05-13T13:30:00Z"); /* 48 hours, three and a half hours west */
    assert_int_equal(lb_get(event, "causality")->count, 1);
    trial_entry(t, walker, "FINISH", "ache", "{'ache_now':7}");
    assert_string_equal(lb_get_text(lb_path(viewed(t, safety_of, NULL), "watch[0]"), "rule", ""), "pain_up");
}

static void whole_conduct(void **state)
{
    (void)state;
    trial t;
    lb_error err = LB_ERROR_INIT;
    registry = lb_registry_all();
    trial_open(&t, "examples/walking.yaml", "2026-05-04");
    for (int i = 1; i <= 4; i++) come_in(&t, lb_arena_printf(t.arena, "HARBOUR-%02d", i));
    const char *walker = first_in(&t, "P"), *reader = first_in(&t, "L");
    for (int day = 1; day <= 5; day += 2) {
        trial_at(&t, "2026-05-04");
        trial_pass(&t, day);
        assert_string_equal(send(&t, walker, lb_arena_printf(t.arena, "LOG.%d", day), "steps", "{'walked_minutes':20,'walked_with':1}"), "kept");
        assert_string_equal(send(&t, reader, lb_arena_printf(t.arena, "LOG.%d", day), "steps", "{'walked_minutes':20}"), "refused"); /* not their arm's */
    }
    trial_entry(&t, walker, "PHONE.1", "ring", "{'rang':1}");
    trial_at(&t, "2026-05-11");
    check_adherence(&t, walker);
    check_safety(&t, walker);
    TRIAL_OK(trial_do(&t, lb_deviation_add, reader, "{'kind':'late','severity':'small','text':'a day'}", &err), err);
    trial_at(&t, "2026-06-01");
    assert_string_equal(send(&t, reader, "FINISH", "verdict", "{'verdict_code':'2'}"), "kept");
    assert_close(lb_number_of(lb_person_first(trial_person(&t, reader), "verdict_score")), 2, 0); /* scored under the protocol's name */
    TRIAL_OK(trial_do(&t, lb_withdraw, walker, "{'kind':'followup','date':'2026-06-01','reason':'moved'}", &err), err);
    assert_true(lb_get(viewed(&t, today_of, NULL), "groups")->count > 0);
    assert_int_equal(lb_get(viewed(&t, quality_of, NULL), "deviations")->count, 1);
    t.actor.role = "therapist";
    assert_true(viewed(&t, reminders_of, NULL)->count > 0);
    t.actor.role = "coordinator";
    assert_string_equal(lb_get_text(viewed(&t, board_of, "closed"), "id", ""), "closed-1");
    static const char *const kinds[] = {"consent", "manual", "crf", "diary"};
    for (size_t k = 0; k < LB_COUNT(kinds); k++) {
        lb_buf pdf = {0};
        lb_print_options options = {.language = "zh"};
        int code = lb_print(t.study, kinds[k], &options, &pdf, &err);
        assert_int_equal(code, strcmp(kinds[k], "diary") == 0 ? LB_NOT_FOUND : LB_OK); /* this protocol has no words for a diary */
        lb_buf_free(&pdf);
    }
    trial_close(&t);
    lb_registry_free(registry);
}

/* ---- no name of a protocol in the program ---- */

static bool told_by(const char *source, const char *id)
{
    char literal[80];
    snprintf(literal, sizeof literal, "\"%s\"", id);
    return strstr(source, literal) != NULL;
}

/* Words that are the program's own, too: documents, states, columns of a table. */
static bool own_word(const char *id)
{
    static const char *const words[] = {"sex", "age", "diary", "consent", "eligible"};
    for (size_t i = 0; i < LB_COUNT(words); i++)
        if (strcmp(words[i], id) == 0) return true;
    return false;
}

static size_t names_in(const lb_study *s, const char *source, const char *file)
{
    size_t found = 0;
    for (size_t f = 0; f < s->form_count; f++)
        for (size_t i = 0; i < s->form[f].item_count; i++)
            if (!own_word(s->form[f].item[i].id) && told_by(source, s->form[f].item[i].id)) {
                print_error("%s knows the item '%s'\n", file, s->form[f].item[i].id);
                found++;
            }
    for (size_t v = 0; v < s->visit_count; v++)
        if (told_by(source, s->visit[v].id)) {
            print_error("%s knows the visit '%s'\n", file, s->visit[v].id);
            found++;
        }
    for (size_t a = 0; a < s->arm_count; a++)
        if (told_by(source, s->arm[a].id)) {
            print_error("%s knows the arm '%s'\n", file, s->arm[a].id);
            found++;
        }
    return found;
}

static void no_name_in_the_program(void **state)
{
    (void)state;
    static const char *const folders[] = {"src/trial/conduct", "src/server", "src/store", "src/allocator"};
    trial one, two;
    size_t files = 0, found = 0;
    trial_open(&one, "studies/metnlbp.yaml", "2026-02-02");
    trial_open(&two, "studies/modic.yaml", "2026-02-02");
    for (size_t d = 0; d < LB_COUNT(folders); d++) {
        DIR *folder = opendir(repository_file(folders[d]));
        assert_non_null(folder);
        for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
            lb_bytes bytes;
            lb_error err = LB_ERROR_INIT;
            if (!lb_text_ends(entry->d_name, ".c") || lb_text_starts(entry->d_name, "demo")) continue;
            TRIAL_OK(lb_file_read(repository_file(lb_arena_printf(one.arena, "%s/%s", folders[d], entry->d_name)), 1 << 20, one.arena, &bytes, &err), err);
            const char *source = lb_arena_textn(one.arena, (const char *)bytes.data, bytes.length);
            found += names_in(one.study, source, entry->d_name) + names_in(two.study, source, entry->d_name);
            files++;
        }
        closedir(folder);
    }
    assert_true(files > 50);
    assert_int_equal(found, 0);
    trial_close(&one);
    trial_close(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_conduct), cmocka_unit_test(no_name_in_the_program)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
