/* Logs of the treatment. */
#include "trial/conduct/logs.h"

#include <string.h>

#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"

enum { DAYS_BACK = 28, DAYS_AHEAD = 7 };

/* ---- calls ---- */

static bool holds(const lb_study_visit *v, int form)
{
    for (size_t i = 0; i < v->form_count; i++)
        if (v->form[i] == form) return true;
    return false;
}

static int call_line(lb_tx *tx, lb_person *p, const lb_occasion *o, int64_t today, lb_value *calls, lb_error *err)
{
    const lb_adherence_settings *a = &p->study->conduct->adherence;
    const lb_study_visit *v = &p->study->visit[o->visit];
    lb_person_entry *e = (lb_person_entry *)lb_person_find(p, o->visit, o->occurrence, a->call.form);
    int code = e ? lb_roster_values(tx, p, e, err) : LB_OK;
    lb_value number = {.type = LB_NULL}, rest = {.type = LB_NULL};
    if (code != LB_OK) return code;
    bool told = e && lb_rule_value(&p->study->form[a->call.form].item[a->call.item], lb_get(e->values, a->call.id), &number);
    bool held = told && number.type == LB_DOUBLE && number.number == 1;
    int until = v->repeat_every > 1 ? v->repeat_every - 1 : 0; /* a weekly call may be made up until the next */
    lb_value *one = lb_push_object(calls);
    lb_set_text(one, "subject", p->subject);
    lb_set_text(one, "site", p->site);
    lb_set_text(one, "visit", lb_visit_text(p->study, o->visit, o->occurrence, calls->arena));
    lb_set_text(one, "form", p->study->form[a->call.form].id);
    lb_set_int(one, "week", o->occurrence);
    lb_set_text(one, "date", lb_day_text(o->date, calls->arena));
    lb_set_text(one, "state", held ? "done" : told ? "not_reached" : o->date > today ? "ahead" : today > o->date + until ? "overdue" : "due");
    if (e && a->held_call.id && lb_rule_value(&p->study->form[a->held_call.form].item[a->held_call.item], lb_get(e->values, a->held_call.id), &rest) && rest.type == LB_DOUBLE)
        lb_set_number(one, "rest_days", rest.number);
    return LB_OK;
}

int lb_calls(lb_tx *tx, lb_store *store, const lb_study *study, const char *site, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_adherence_settings *a = &study->conduct->adherence;
    lb_roster roster;
    lb_value *all = *out = lb_value_object(arena), *calls = lb_set_array(all, "calls");
    if (!a->call.id || lb_tx_actor(tx)->masked) return LB_OK;
    int code = lb_roster_load(tx, study, site, &roster, err);
    for (size_t i = 0; i < roster.count && code == LB_OK; i++) {
        lb_person *p = &roster.person[i];
        lb_occasion *list;
        int arm;
        int64_t today = lb_site_day(study, p->site, lb_tx_now_us(tx));
        if (!p->randomised || p->left_treatment) continue;
        code = lb_arm_of(tx, store, study, p->subject, &arm, err);
        size_t count = code == LB_OK ? lb_person_occasions(p, arm, arena, &list) : 0;
        for (size_t k = 0; k < count && code == LB_OK; k++)
            if (holds(&study->visit[list[k].visit], a->call.form) && list[k].date >= today - DAYS_BACK && list[k].date <= today + DAYS_AHEAD)
                code = call_line(tx, p, &list[k], today, calls, err);
    }
    return code;
}

/* ---- the study drug ---- */

static const lb_value *drug_items(const lb_study *study)
{
    return lb_get(lb_get(study->root, "drugs"), "items");
}

static void drug_line(const lb_person *p, const lb_person_entry *e, lb_value *entries, double *taken)
{
    static const char *const parts[] = {"drug", "dose", "days", "change"};
    lb_value *one = lb_push_object(entries), number;
    lb_set_text(one, "visit", lb_visit_text(p->study, e->visit, e->occurrence, entries->arena));
    lb_set_text(one, "date", p->randomised ? lb_day_text(p->zero + lb_visit_day(&p->study->visit[e->visit], e->occurrence), entries->arena) : NULL);
    for (size_t i = 0; i < LB_COUNT(parts); i++) {
        const char *id = lb_get_text(drug_items(p->study), parts[i], NULL);
        const lb_study_item *item = id ? lb_study_item_named(p->study, id, NULL) : NULL;
        const lb_value *v = item ? lb_get(e->values, id) : NULL;
        if (!v || v->type == LB_NULL) continue;
        lb_set(one, parts[i], lb_answer_value(item, v, entries->arena));
        if (strcmp(parts[i], "days") == 0 && lb_rule_value(item, v, &number) && number.type == LB_DOUBLE) *taken += number.number;
    }
}

int lb_drug_log(lb_tx *tx, const lb_study *study, const char *site, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_roster roster;
    lb_value *all = *out = lb_value_object(arena), *people = lb_set_array(all, "people");
    const char *name = lb_get_text(lb_get(study->root, "drugs"), "form", NULL);
    int form = -1;
    for (size_t f = 0; name && f < study->form_count; f++)
        if (strcmp(study->form[f].id, name) == 0) form = (int)f;
    int64_t weeks = lb_get_int(lb_get(study->root, "drugs"), "weeks", 0);
    if (form < 0 || (lb_tx_actor(tx)->masked && study->form[form].reveals_arm)) return LB_OK;
    int code = lb_roster_load(tx, study, site, &roster, err);
    for (size_t i = 0; i < roster.count && code == LB_OK; i++) {
        lb_person *p = &roster.person[i];
        double taken = 0;
        if (!p->randomised) continue;
        lb_value *one = lb_push_object(people), *entries = lb_value_array(arena);
        for (size_t k = 0; k < p->entry_count && code == LB_OK; k++) {
            if (p->entry[k].form != form) continue;
            code = lb_roster_values(tx, p, &p->entry[k], err);
            if (code == LB_OK) drug_line(p, &p->entry[k], entries, &taken);
        }
        int64_t days = lb_site_day(study, p->site, lb_tx_now_us(tx)) - p->zero, most = 7 * weeks;
        lb_set_text(one, "subject", p->subject);
        lb_set_text(one, "site", p->site);
        lb_set_number(one, "days_taken", taken);
        lb_set_int(one, "days_asked", days < 0 ? 0 : days < most ? days : most);
        lb_set(one, "entries", entries);
    }
    return code;
}
