/* What the criteria say of a person, and the ways out of the trial: screening failure, withdrawal by kind, completion. */
#include <string.h>

#include "trial/conduct/consent.h"
#include "trial/conduct/records.h"

/* The visit whose forms hold the screening: the first that has the protocol's eligibility form. */
static int screening_visit(const lb_study *s)
{
    for (size_t v = 0; v < s->visit_count; v++)
        for (size_t f = 0; f < s->visit[v].form_count; f++)
            if (s->visit[v].form[f] == s->conduct->eligibility_form) return (int)v;
    return -1;
}

int lb_judge(const lb_person *p, lb_judgement *out, lb_error *err)
{
    const lb_study *s = p->study;
    lb_arena *arena = p->record->body->arena;
    lb_person_view view = {p, screening_visit(s), 0};
    *out = (lb_judgement){lb_arena_array(arena, s->criterion_count + 1, sizeof(int)), lb_arena_array(arena, s->criterion_count + 1, sizeof(bool)), 0, -1, false};
    int code = lb_study_eligible(s, lb_person_lookup, &view, out->answer, &out->first, err);
    if (code != LB_OK) return code;
    for (size_t i = 0; i < s->criterion_count; i++) {
        out->met[i] = out->answer[i] == (s->criterion[i].inclusion ? 1 : 0);
        out->out |= !out->met[i] && out->answer[i] >= 0;
    }
    while (out->stages_met < s->conduct->stage_count) {
        bool all = true;
        for (size_t i = 0; i < s->criterion_count; i++)
            if (strcmp(s->criterion[i].stage, s->conduct->stage[out->stages_met]) == 0) all &= out->met[i];
        if (!all) break;
        out->stages_met++;
    }
    return LB_OK;
}

lb_value *lb_judgement_value(const lb_person *p, const lb_judgement *j, lb_arena *arena)
{
    const lb_study *s = p->study;
    lb_value *list = lb_value_array(arena);
    for (size_t i = 0; i < s->criterion_count; i++) {
        const lb_study_criterion *c = &s->criterion[i];
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "id", c->id);
        lb_set_text(one, "stage", c->stage);
        lb_set_text(one, "kind", c->inclusion ? "inclusion" : "exclusion");
        lb_set_label(one, "text", &c->label);
        lb_set_text(one, "rule", c->rule);
        lb_set_text(one, "answer", j->answer[i] < 0 ? "unknown" : j->answer[i] ? "yes" : "no");
        lb_set_bool(one, "met", j->met[i]);
        lb_value *values = lb_set_array(one, "values");
        size_t names;
        const char **name = lb_rule_names(c->rule, arena, &names);
        for (size_t k = 0; k < names; k++) {
            const lb_study_item *item = lb_study_item_named(s, name[k], NULL);
            if (item && !item->identifier) lb_push(values, lb_answer_value(item, lb_person_first(p, name[k]), arena));
        }
    }
    return list;
}

int lb_screening_fail(lb_tx *tx, const lb_study *study, const char *subject, const char *reason, lb_error *err)
{
    lb_person *p;
    lb_judgement j;
    lb_arena *arena = lb_tx_arena(tx);
    int code = lb_study_running(tx, err);
    if (code == LB_OK) code = lb_person_load(tx, study, subject, &p, err);
    if (code == LB_OK) code = lb_judge(p, &j, err);
    if (code != LB_OK) return code;
    if (strcmp(p->state, "screening") != 0 && strcmp(p->state, "eligible") != 0 && strcmp(p->state, "consented") != 0)
        return lb_fail(err, LB_CONFLICT, "%s is %s: a screening failure comes before randomisation", subject, p->state);
    lb_value *body = lb_body_copy(p->record->body, arena), *answers = lb_set_object(body, "criteria");
    for (size_t i = 0; i < study->criterion_count; i++)
        lb_set_text(answers, study->criterion[i].id, j.answer[i] < 0 ? "unknown" : j.answer[i] ? "yes" : "no");
    const char *criterion = NULL;
    for (size_t i = 0; i < study->criterion_count && !criterion; i++)
        if (j.answer[i] >= 0 && !j.met[i]) criterion = study->criterion[i].id;
    if ((!reason || !*reason) && !criterion) {
        code = lb_fail(err, LB_BAD_DATA, "no criterion keeps %s out: say why the person is not enrolled", subject);
        lb_error_where(err, "reason");
        return code;
    }
    lb_set_text(body, "reason", reason && *reason ? reason : criterion);
    lb_set_text(body, "criterion", criterion);
    lb_set_text(body, "failed_at", lb_when(lb_tx_now_us(tx), arena));
    return lb_change_subject(tx, p, "screen_failed", body, "screening failure", lb_get_text(body, "reason", NULL), err);
}

/* ---- withdrawal, deviations, completion ---- */

static int one_of_words(const lb_words *words, const char *word, const char *where, lb_error *err)
{
    for (size_t i = 0; word && i < words->count; i++)
        if (strcmp(words->id[i], word) == 0) return LB_OK;
    const char *near = word ? lb_text_nearest(word, words->id, words->count) : NULL;
    int code = lb_fail(err, LB_BAD_DATA, "'%.40s' is not among this study's words for it", word ? word : "");
    lb_error_where(err, "%s", where);
    if (near) lb_error_hint(err, "did you mean '%s'?", near);
    else if (words->count) lb_error_hint(err, "the first of them is '%s'", words->id[0]);
    return code;
}

static int day_of(const lb_value *ask, int64_t today, int64_t *day, lb_error *err)
{
    const char *date = lb_get_text(ask, "date", NULL);
    if (date && lb_date_days(date, strlen(date), day) && *day <= today) return LB_OK;
    int code = lb_fail(err, LB_BAD_DATA, "'%.40s' is no date up to today", date ? date : "");
    lb_error_where(err, "date");
    lb_error_hint(err, "write it as 2026-01-31");
    return code;
}

int lb_withdraw(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err)
{
    lb_person *p;
    int64_t day;
    lb_arena *arena = lb_tx_arena(tx);
    const char *kind = lb_get_text(ask, "kind", NULL), *key;
    int code = lb_study_running(tx, err);
    if (code == LB_OK) code = lb_person_load(tx, study, subject, &p, err);
    if (code == LB_OK) code = one_of_words(&study->conduct->withdrawals, kind, "kind", err);
    if (code == LB_OK) code = day_of(ask, lb_site_day(study, p->site, lb_tx_now_us(tx)), &day, err);
    if (code != LB_OK) return code;
    if (p->left_consent || (p->left_followup && strcmp(kind, "consent") != 0))
        return lb_fail(err, LB_CONFLICT, "%s has left already", subject);
    lb_value *body = lb_value_object(arena);
    lb_set_text(body, "kind", kind);
    lb_set_text(body, "date", lb_get_text(ask, "date", NULL));
    lb_set_text(body, "reason", lb_get_text(ask, "reason", NULL));
    lb_set_text(body, "by", lb_tx_actor(tx)->user);
    code = lb_next_key(tx, LB_KIND_WITHDRAWAL, subject, false, &key, err);
    if (code == LB_OK) code = lb_add_record(tx, p, LB_KIND_WITHDRAWAL, key, kind, false, body, "withdraw", lb_get_text(ask, "reason", NULL), err);
    if (code == LB_OK && strcmp(kind, "treatment") != 0) code = lb_change_subject(tx, p, "withdrawn", NULL, "withdraw", lb_get_text(ask, "reason", NULL), err);
    return code;
}

int lb_deviation_add(lb_tx *tx, const lb_study *study, const char *subject, const lb_value *ask, lb_error *err)
{
    static const char *const keys[] = {"kind", "severity", "visit", "date", "text"};
    lb_person *p;
    int visit, occurrence;
    const char *key, *at = lb_get_text(ask, "visit", NULL);
    int code = lb_study_running(tx, err);
    if (code == LB_OK) code = lb_person_load(tx, study, subject, &p, err);
    if (code == LB_OK) code = one_of_words(&study->conduct->deviations, lb_get_text(ask, "kind", NULL), "kind", err);
    if (code == LB_OK) code = one_of_words(&study->conduct->severities, lb_get_text(ask, "severity", NULL), "severity", err);
    if (code != LB_OK) return code;
    if (at && *at && !lb_visit_parse(study, at, &visit, &occurrence)) return lb_fail(err, LB_BAD_DATA, "there is no visit '%.40s'", at);
    bool masked = lb_tx_actor(tx)->masked;
    bool reveals = !masked && (lb_get_bool(ask, "reveals_arm", false) || (at && *at && study->visit[visit].reveals_arm));
    if (masked && at && *at && study->visit[visit].reveals_arm) return lb_fail(err, LB_BAD_DATA, "there is no visit '%.40s'", at);
    lb_value *body = lb_value_object(lb_tx_arena(tx));
    for (size_t i = 0; i < LB_COUNT(keys); i++) lb_set_text(body, keys[i], lb_get_text(ask, keys[i], NULL));
    lb_set_bool(body, "per_protocol", lb_get_bool(ask, "per_protocol", false));
    lb_set_text(body, "by", lb_tx_actor(tx)->user);
    lb_set_text(body, "at", lb_when(lb_tx_now_us(tx), lb_tx_arena(tx)));
    code = lb_next_key(tx, LB_KIND_DEVIATION, subject, reveals, &key, err);
    return code != LB_OK ? code : lb_add_record(tx, p, LB_KIND_DEVIATION, key, lb_get_text(ask, "severity", NULL), reveals, body, "deviation", lb_get_text(ask, "text", NULL), err);
}

int lb_complete(lb_tx *tx, const lb_study *study, const char *subject, const char *reason, lb_error *err)
{
    lb_person *p;
    int code = lb_study_running(tx, err);
    if (code == LB_OK) code = lb_person_load(tx, study, subject, &p, err);
    if (code != LB_OK) return code;
    if (strcmp(p->state, "randomised") != 0) return lb_fail(err, LB_CONFLICT, "%s is %s: only who was randomised can complete", subject, p->state);
    return lb_change_subject(tx, p, "completed", NULL, "complete", reason, err);
}
