/* The rows of a snapshot's tables, one person at a time. */
#include "trial/conduct/snapshot_tables.h"

#include <math.h>
#include <string.h>

#include "trial/conduct/consent.h"
#include "trial/conduct/follow.h"
#include "trial/conduct/form.h"
#include "trial/conduct/records.h"
#include "trial/conduct/safety.h"

static double entry_score(const lb_person_entry *e, const lb_study *study, const char *name)
{
    if (!lb_text_equal(trial_score_of(study, &study->form[e->form]), name)) return NAN;
    return lb_get_number(lb_get(e->record->body, "score"), "score", NAN);
}

static double score_at(const lb_person *p, int visit, const char *name)
{
    for (size_t i = 0; i < p->entry_count; i++) {
        double score = p->entry[i].visit == visit && p->entry[i].occurrence == 0 ? entry_score(&p->entry[i], p->study, name) : NAN;
        if (!isnan(score)) return score;
    }
    return NAN;
}

/* The day a visit took place: the first keying's day at the site. */
static bool entry_day(const lb_person *p, const lb_person_entry *e, int64_t *day)
{
    const lb_value *keyed = lb_get(e->record->body, "keyed_by");
    const char *at = keyed && keyed->type == LB_ARRAY && keyed->count ? lb_get_text(keyed->item[0], "at", "") : "";
    const char *date = lb_get_text(e->record->body, "date", "");
    int64_t seconds;
    if (lb_date_days(date, strlen(date), day)) return true;
    if (!lb_time_seconds(at, &seconds)) seconds = e->record->changed_us / 1000000;
    *day = lb_site_day(p->study, p->site, seconds * 1000000);
    return true;
}

/* ---- participants ---- */

void trial_participants_head(const snapshot_plan *plan, sheet *s)
{
    static const char *const first[] = {"id", "centre"}, *const last[] = {"last_visit", "reason"};
    sheet_begin(s, "participants");
    sheet_row(s, false);
    for (size_t i = 0; i < LB_COUNT(first); i++) sheet_text(s, first[i], SHEET_SEEN);
    sheet_text(s, "arm", SHEET_BLANK);
    sheet_text(s, "stratum", SHEET_SEEN);
    sheet_text(s, "randomised_on", SHEET_SEEN);
    for (size_t i = 0; i < plan->columns; i++) sheet_text(s, plan->column[i].name, plan->column[i].reveals ? SHEET_GONE : SHEET_SEEN);
    if (plan->study->conduct->adherence.there) sheet_text(s, "adherence", SHEET_BLANK);
    for (size_t i = 0; i < LB_COUNT(last); i++) sheet_text(s, last[i], SHEET_SEEN);
    for (size_t i = 0; i < plan->events; i++) {
        sheet_cell how = plan->event[i].reveals ? SHEET_GONE : SHEET_SEEN;
        sheet_text(s, lb_arena_printf(plan->arena, "%s_days", plan->event[i].name), how);
        sheet_text(s, plan->event[i].name, how);
    }
    if (plan->response) sheet_text(s, "response", SHEET_SEEN);
    sheet_end(s);
}

static bool adherence_concerns(const snapshot_plan *plan, const snapshot_person *p)
{
    const lb_adherence_settings *a = &plan->study->conduct->adherence;
    return a->there && p->arm >= 0 && a->arm[p->arm];
}

static int64_t end_of_programme(const lb_person *p, const lb_adherence_settings *a) { return p->zero + 7 * a->rules.weeks + 1; }

static double overall_adherence(const snapshot_plan *plan, const snapshot_person *p)
{
    lb_follow follow;
    if (!adherence_concerns(plan, p)) return NAN;
    lb_follow_person(p->person, end_of_programme(p->person, &plan->study->conduct->adherence), &follow);
    return follow.overall;
}

static const char *last_visit(const lb_person *p)
{
    const lb_study *s = p->study;
    int best = -1;
    for (size_t v = 0; v < s->visit_count; v++) {
        if (lb_visit_repeats(&s->visit[v]) || s->visit[v].reveals_arm || lb_occasion_progress(p, (int)v, 0) == LB_OCCASION_NONE) continue;
        if (best < 0 || s->visit[v].nominal >= s->visit[best].nominal) best = (int)v;
    }
    return best < 0 ? NULL : s->visit[best].id;
}

static const char *left_reason(const lb_person *p)
{
    if (!p->left_followup && !p->left_consent) return NULL;
    return p->left_consent ? "withdrew consent" : "withdrew from follow-up";
}

/* First "yes", or the last day it was asked about: days from randomisation. */
static void add_event_cells(const snapshot_event *event, const lb_person *p, sheet *s)
{
    int64_t days = 0, date;
    bool happened = false, asked = false;
    for (size_t i = 0; i < p->entry_count; i++) {
        const lb_person_entry *e = &p->entry[i];
        if (e->visit != event->visit) continue;
        const lb_value *value = lb_get(e->values, event->item);
        bool yes = value && (value->type == LB_BOOL ? value->boolean : lb_number_of(value) == 1);
        const char *start = event->date ? lb_get_text(e->values, event->date, "") : "";
        int64_t day = lb_visit_day(&p->study->visit[e->visit], e->occurrence);
        if (yes && lb_date_days(start, strlen(start), &date) && date > p->zero) day = date - p->zero;
        if (yes ? !happened || day < days : !happened && day > days) days = day;
        happened |= yes;
        asked = true;
    }
    sheet_cell how = event->reveals ? SHEET_GONE : SHEET_SEEN;
    if (asked) {
        sheet_int(s, days, how);
        sheet_int(s, happened, how);
    } else {
        sheet_text(s, NULL, how);
        sheet_text(s, NULL, how);
    }
}

static double named_score(const snapshot_plan *plan, const lb_person *p, const char *name)
{
    for (size_t i = 0; name && i < plan->columns; i++)
        if (plan->column[i].score && strcmp(plan->column[i].name, name) == 0) return score_at(p, plan->column[i].visit, plan->column[i].score);
    return NAN;
}

static void add_response(const snapshot_plan *plan, const lb_person *p, sheet *s)
{
    double from = named_score(plan, p, lb_get_text(plan->response, "from", NULL)), to = named_score(plan, p, lb_get_text(plan->response, "to", NULL));
    if (isnan(from) || isnan(to)) sheet_text(s, NULL, SHEET_SEEN);
    else sheet_int(s, from - to >= lb_get_number(plan->response, "improvement", NAN), SHEET_SEEN);
}

void trial_participants_row(const snapshot_plan *plan, const snapshot_person *who, sheet *s)
{
    const lb_person *p = who->person;
    if (!p->randomised) return;
    sheet_row(s, false);
    sheet_text(s, p->subject, SHEET_SEEN);
    sheet_text(s, p->site, SHEET_SEEN);
    sheet_text(s, who->arm >= 0 ? plan->study->arm[who->arm].id : NULL, SHEET_BLANK);
    sheet_text(s, who->stratum, SHEET_SEEN);
    sheet_date(s, p->zero, SHEET_SEEN);
    for (size_t i = 0; i < plan->columns; i++) {
        const snapshot_column *c = &plan->column[i];
        sheet_cell how = c->reveals ? SHEET_GONE : SHEET_SEEN;
        if (c->item) sheet_value(s, lb_person_first(p, c->item->id), how);
        else sheet_number(s, score_at(p, c->visit, c->score), how);
    }
    if (plan->study->conduct->adherence.there) sheet_number(s, overall_adherence(plan, who), SHEET_BLANK);
    sheet_text(s, last_visit(p), SHEET_SEEN);
    sheet_text(s, left_reason(p), SHEET_SEEN);
    for (size_t i = 0; i < plan->events; i++) add_event_cells(&plan->event[i], p, s);
    if (plan->response) add_response(plan, p, s);
    sheet_end(s);
}

/* ---- visits ---- */

void trial_visits_head(const snapshot_plan *plan, sheet *s)
{
    static const char *const first[] = {"id", "visit", "day", "date"};
    sheet_begin(s, "visits");
    sheet_row(s, false);
    for (size_t i = 0; i < LB_COUNT(first); i++) sheet_text(s, first[i], SHEET_SEEN);
    for (size_t i = 0; i < plan->scores; i++) sheet_text(s, plan->score[i], SHEET_SEEN);
    sheet_end(s);
}

void trial_visits_rows(const snapshot_plan *plan, const snapshot_person *who, sheet *s)
{
    const lb_person *p = who->person;
    for (size_t v = 0; p->randomised && v < plan->study->visit_count; v++) {
        const lb_study_visit *visit = &plan->study->visit[v];
        int64_t day = INT64_MAX, one;
        for (size_t i = 0; i < p->entry_count; i++)
            if (p->entry[i].visit == (int)v && entry_day(p, &p->entry[i], &one) && one < day) day = one;
        if (lb_visit_repeats(visit) || day == INT64_MAX) continue;
        sheet_row(s, visit->reveals_arm);
        sheet_text(s, p->subject, SHEET_SEEN);
        sheet_text(s, visit->id, SHEET_SEEN);
        sheet_int(s, day - p->zero, SHEET_SEEN);
        sheet_date(s, day, SHEET_SEEN);
        for (size_t i = 0; i < plan->scores; i++) sheet_number(s, score_at(p, (int)v, plan->score[i]), SHEET_SEEN);
        sheet_end(s);
    }
}

/* ---- screening ---- */

void trial_screening_head(sheet *s)
{
    static const char *const names[] = {"id", "screened_on", "centre", "sex", "age", "eligible", "reason", "criterion", "consented", "randomised", "participant"};
    sheet_begin(s, "screening");
    sheet_row(s, false);
    for (size_t i = 0; i < LB_COUNT(names); i++) sheet_text(s, names[i], SHEET_SEEN);
    sheet_end(s);
}

int trial_screening_row(const snapshot_plan *plan, const snapshot_person *who, sheet *s, lb_error *err)
{
    const lb_person *p = who->person;
    lb_judgement judgement;
    int code = lb_judge(p, &judgement, err);
    if (code) return code;
    const lb_study_criterion *c = judgement.first >= 0 && !p->randomised ? &plan->study->criterion[judgement.first] : NULL;
    const char *made = lb_get_text(p->record->body, "made", lb_get_text(p->record->body, "screened_at", ""));
    int64_t seconds, day = INT64_MAX, one;
    if (lb_time_seconds(made, &seconds)) day = lb_site_day(plan->study, p->site, seconds * 1000000);
    for (size_t i = 0; i < p->entry_count; i++)
        if (entry_day(p, &p->entry[i], &one) && one < day) day = one;
    bool failed = strcmp(p->state, "screen_failed") == 0;
    sheet_row(s, false);
    sheet_text(s, p->subject, SHEET_SEEN);
    if (day == INT64_MAX) sheet_text(s, NULL, SHEET_SEEN);
    else sheet_date(s, day, SHEET_SEEN);
    sheet_text(s, p->site, SHEET_SEEN);
    sheet_value(s, lb_person_first(p, "sex"), SHEET_SEEN);
    sheet_value(s, lb_person_first(p, "age"), SHEET_SEEN);
    sheet_int(s, p->randomised || judgement.first < 0, SHEET_SEEN);
    lb_buf reason = {0};
    if (c) lb_buf_printf(&reason, "%s %s: %s", c->id, c->inclusion ? "not met" : "met", c->label.en);
    else if (failed) lb_buf_puts(&reason, lb_get_text(p->record->body, "reason", "screening failure"));
    sheet_text(s, reason.data, SHEET_SEEN);
    lb_buf_free(&reason);
    sheet_text(s, c ? c->id : NULL, SHEET_SEEN);
    sheet_int(s, p->consent_count > 0, SHEET_SEEN);
    sheet_int(s, p->randomised, SHEET_SEEN);
    sheet_text(s, p->randomised ? p->subject : NULL, SHEET_SEEN);
    sheet_end(s);
    return LB_OK;
}

/* ---- allocations: as the allocator's log, without the place in a block ---- */

void trial_allocations_head(sheet *s)
{
    static const char *const names[] = {"seq", "time_utc", "subject", "stratum", "centre", "sex"};
    sheet_begin(s, "allocations");
    sheet_row(s, false);
    for (size_t i = 0; i < LB_COUNT(names); i++) sheet_text(s, names[i], SHEET_SEEN);
    sheet_text(s, "arm", SHEET_BLANK);
    sheet_text(s, "event", SHEET_SEEN);
    sheet_end(s);
}

void trial_allocations_row(const snapshot_plan *plan, const snapshot_person *who, sheet *s)
{
    const lb_person *p = who->person;
    sheet_row(s, false);
    sheet_int(s, who->sequence, SHEET_SEEN);
    sheet_text(s, who->allocated_at, SHEET_SEEN);
    sheet_text(s, p->subject, SHEET_SEEN);
    sheet_text(s, who->stratum, SHEET_SEEN);
    sheet_text(s, p->site, SHEET_SEEN);
    sheet_value(s, lb_person_first(p, "sex"), SHEET_SEEN);
    sheet_text(s, who->arm >= 0 ? plan->study->arm[who->arm].code : NULL, SHEET_BLANK);
    sheet_text(s, "allocate", SHEET_SEEN);
    sheet_end(s);
}

/* ---- adverse events ---- */

void trial_events_head(sheet *s)
{
    static const char *const names[] = {"id", "term", "severity", "serious", "relatedness", "day"};
    sheet_begin(s, "adverse_events");
    sheet_row(s, false);
    for (size_t i = 0; i < LB_COUNT(names); i++) sheet_text(s, names[i], strcmp(names[i], "relatedness") == 0 ? SHEET_BLANK : SHEET_SEEN);
    sheet_end(s);
}

static const char *value_label(const lb_study *study, const lb_item_at *at, const lb_value *value)
{
    if (!at->id || !value || value->type != LB_STRING) return NULL;
    const lb_study_item *item = &study->form[at->form].item[at->item];
    for (size_t i = 0; i < item->code_count; i++)
        if (strcmp(item->code[i].code, value->text) == 0) return item->code[i].label.en;
    return value->text;
}

static const lb_value *answer_at(const lb_person_entry *e, const lb_item_at *at) { return at->id ? lb_get(e->values, at->id) : NULL; }

static bool is_related(const lb_safety_settings *safety, const lb_person_entry *e)
{
    for (size_t k = 0; k < safety->causality_count; k++) {
        const lb_value *value = answer_at(e, &safety->causality[k]);
        for (size_t r = 0; value && value->type == LB_STRING && r < safety->related_count; r++)
            if (strcmp(value->text, safety->related[r]) == 0) return true;
    }
    return false;
}

void trial_events_rows(const snapshot_plan *plan, const snapshot_person *who, sheet *s)
{
    const lb_person *p = who->person;
    const lb_safety_settings *safety = &plan->study->conduct->safety;
    for (size_t i = 0; i < p->entry_count; i++) {
        const lb_person_entry *e = &p->entry[i];
        if (e->form != safety->form || !p->randomised) continue;
        const lb_value *start = answer_at(e, &safety->start);
        int64_t day;
        bool dated = start && start->type == LB_STRING && lb_date_days(start->text, strlen(start->text), &day);
        sheet_row(s, plan->study->form[e->form].reveals_arm || plan->study->visit[e->visit].reveals_arm);
        sheet_text(s, p->subject, SHEET_SEEN);
        sheet_value(s, answer_at(e, &safety->term), SHEET_SEEN);
        sheet_text(s, value_label(plan->study, &safety->severity, answer_at(e, &safety->severity)), SHEET_SEEN);
        sheet_int(s, lb_event_serious(p, e), SHEET_SEEN);
        sheet_text(s, is_related(safety, e) ? "related" : "not related", SHEET_BLANK);
        if (dated) sheet_int(s, day - p->zero, SHEET_SEEN);
        else sheet_text(s, NULL, SHEET_SEEN);
        sheet_end(s);
    }
}

/* ---- adherence by week ---- */

void trial_adherence_head(sheet *s)
{
    sheet_begin(s, "adherence");
    sheet_row(s, true);
    sheet_text(s, "id", SHEET_SEEN);
    sheet_text(s, "week", SHEET_SEEN);
    sheet_text(s, "score", SHEET_SEEN);
    sheet_end(s);
}

void trial_adherence_rows(const snapshot_plan *plan, const snapshot_person *who, sheet *s)
{
    lb_follow follow;
    if (!adherence_concerns(plan, who) || !who->person->randomised) return;
    lb_follow_person(who->person, end_of_programme(who->person, &plan->study->conduct->adherence), &follow);
    for (int w = 0; w < follow.weeks; w++) {
        sheet_row(s, true);
        sheet_text(s, who->person->subject, SHEET_SEEN);
        sheet_int(s, w + 1, SHEET_SEEN);
        sheet_number(s, follow.score[w].evaluable ? follow.score[w].score : NAN, SHEET_SEEN);
        sheet_end(s);
    }
}

/* ---- one table per form ---- */

void trial_form_head(const lb_study *study, const lb_study_form *form, sheet *s)
{
    static const char *const first[] = {"id", "centre", "visit", "occurrence", "day", "state", "version"};
    sheet_row(s, form->reveals_arm);
    for (size_t i = 0; i < LB_COUNT(first); i++) sheet_text(s, first[i], SHEET_SEEN);
    for (size_t i = 0; i < form->item_count; i++) {
        const lb_study_item *item = &form->item[i];
        if (!item->identifier) sheet_text(s, item->id, item->reveals_arm ? SHEET_GONE : SHEET_SEEN);
    }
    const char *score = trial_score_of(study, form);
    if (score) sheet_text(s, lb_form_item(form, score) ? "score" : score, SHEET_SEEN);
    sheet_end(s);
}

/* Answers stand in the order of the form nearly always: the next one is looked for where the last one was. */
static const lb_value *answer_after(const lb_value *values, const char *id, size_t *at)
{
    size_t count = values ? values->count : 0;
    for (size_t k = 0; k < count; k++) {
        size_t i = (*at + k) % count;
        if (strcmp(values->key[i], id) != 0) continue;
        *at = i + 1;
        return values->item[i];
    }
    return NULL;
}

void trial_form_row(const lb_study *study, const snapshot_person *who, const lb_person_entry *e, const lb_value *arm_values, sheet *s)
{
    const lb_person *p = who->person;
    const lb_study_form *form = &study->form[e->form];
    size_t next = 0;
    int64_t day;
    sheet_row(s, form->reveals_arm || study->visit[e->visit].reveals_arm);
    sheet_text(s, p->subject, SHEET_SEEN);
    sheet_text(s, p->site, SHEET_SEEN);
    sheet_text(s, study->visit[e->visit].id, SHEET_SEEN);
    if (e->occurrence > 0) sheet_int(s, e->occurrence, SHEET_SEEN);
    else sheet_text(s, NULL, SHEET_SEEN);
    if (p->randomised && entry_day(p, e, &day)) sheet_int(s, day - p->zero, SHEET_SEEN);
    else sheet_text(s, NULL, SHEET_SEEN);
    sheet_text(s, e->state, SHEET_SEEN);
    sheet_text(s, lb_get_text(e->record->body, "version", NULL), SHEET_SEEN);
    for (size_t i = 0; i < form->item_count; i++) {
        const lb_study_item *item = &form->item[i];
        if (item->identifier) continue;
        const lb_value *value = answer_after(e->values, item->id, &next);
        if (!value) value = lb_get(arm_values, item->id);
        sheet_value(s, value, item->reveals_arm ? SHEET_GONE : SHEET_SEEN);
    }
    const char *score = trial_score_of(study, form);
    if (score) sheet_number(s, entry_score(e, study, score), SHEET_SEEN);
    sheet_end(s);
}
