/* What a participant's phone gets: the forms, the days on which they can be filled in, the words. */
#include "trial/conduct/phone.h"

#include <math.h>
#include <string.h>

#include "trial/conduct/phone_days.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"
#include "trial/conduct/texts.h"

enum { DAYS_AHEAD = 60 };

static void item_value(const lb_study_item *item, lb_value *out)
{
    lb_set_text(out, "id", item->id);
    lb_set_label(out, "label", &item->label);
    lb_set_text(out, "type", lb_item_type_name(item->type));
    lb_set_bool(out, "required", item->required);
    if (item->unit) lb_set_text(out, "unit", item->unit);
    if (!isnan(item->low) || !isnan(item->high)) {
        lb_value *range = lb_set_array(out, "range");
        lb_push_number(range, item->low);
        lb_push_number(range, item->high);
    }
    if (item->shown_if) lb_set_text(out, "shown_if", item->shown_if);
    if (item->code_count == 0) return;
    lb_value *codes = lb_set_array(out, "codes");
    for (size_t i = 0; i < item->code_count; i++) {
        lb_value *one = lb_push_object(codes);
        lb_set_text(one, "code", item->code[i].code);
        lb_set_label(one, "label", &item->code[i].label);
    }
}

lb_value *lb_form_value(const lb_study *study, int form, lb_arena *arena)
{
    const lb_study_form *f = &study->form[form];
    lb_value *out = lb_value_object(arena), *items = lb_value_array(arena);
    lb_set_text(out, "id", f->id);
    lb_set_label(out, "label", &f->label);
    for (size_t i = 0; i < f->item_count; i++)
        if (f->item[i].type != LB_ITEM_DERIVED && !lb_text_equal(f->item[i].id, study->conduct->phone.day_item)) item_value(&f->item[i], lb_push_object(items)); /* derived where it is kept */
    lb_set(out, "items", items);
    return out;
}

bool trial_phone_form(const lb_study *study, int form)
{
    const lb_phone_settings *p = &study->conduct->phone;
    for (size_t i = 0; i < p->form_count; i++)
        if (p->form[i] == form) return true;
    return false;
}

/* A visit with a window is open in it; a repeated one from its day until the day before the next, daily ones `back_days` longer. */
void trial_phone_open(const lb_study *study, const lb_occasion *o, int64_t *from, int64_t *to)
{
    const lb_study_visit *v = &study->visit[o->visit];
    int back = study->conduct->phone.back_days;
    *from = o->opens;
    *to = o->closes;
    if (v->repeat_every <= 0) return;
    int until = v->repeat_every - 1 > back ? v->repeat_every - 1 : back;
    *from = o->date;
    *to = o->date + until;
}

static void add_day(const lb_person *p, const lb_occasion *o, int64_t today, lb_value *days)
{
    const lb_study *s = p->study;
    const lb_study_visit *v = &s->visit[o->visit];
    lb_arena *arena = days->arena;
    int64_t from, to;
    trial_phone_open(s, o, &from, &to);
    if (to < today - s->conduct->phone.back_days || from > today + DAYS_AHEAD) return;
    for (size_t i = 0; i < s->conduct->phone.form_count; i++) {
        int form = s->conduct->phone.form[i];
        bool here = false;
        for (size_t f = 0; f < v->form_count; f++) here |= v->form[f] == form;
        if (!here) continue;
        lb_value *one = lb_push_object(days);
        lb_set_text(one, "visit", lb_visit_text(s, o->visit, o->occurrence, arena));
        lb_set_label(one, "label", &v->label);
        lb_set_int(one, "day", o->day);
        lb_set_text(one, "date", lb_day_text(o->date, arena));
        lb_set_text(one, "opens", lb_day_text(from, arena));
        lb_set_text(one, "closes", lb_day_text(to, arena));
        lb_set_text(one, "form", s->form[form].id);
        lb_set_text(one, "state", lb_person_find(p, o->visit, o->occurrence, form) ? "kept" : "empty");
        lb_set_bool(one, "open", from <= today && today <= to);
    }
}

int lb_phone_page(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_phone_settings *settings = &study->conduct->phone;
    lb_person *p;
    lb_occasion *list;
    int arm;
    int code = lb_person_load(tx, study, subject, &p, err);
    if (code == LB_OK) code = lb_arm_of(tx, store, study, subject, &arm, err);
    if (code != LB_OK) return code;
    int64_t today = lb_site_day(study, p->site, lb_tx_now_us(tx));
    lb_value *page = *out = lb_value_object(arena), *about = lb_set_object(page, "study"), *languages = lb_set_array(page, "languages");
    lb_set_text(about, "id", study->id);
    lb_set_label(about, "title", &study->title);
    for (size_t i = 0; i < settings->language_count; i++) lb_push_text(languages, settings->language[i]);
    lb_set_text(page, "subject_code", subject);
    lb_set_text(page, "today", lb_day_text(today, arena));
    lb_set_text(page, "now", lb_when(lb_tx_now_us(tx), arena));
    lb_set_int(page, "utc_offset_seconds", lb_site_offset(study, p->site));
    lb_set_label(page, "welcome", &settings->welcome);
    lb_set_label(page, "thanks", &settings->thanks);
    lb_set_label(page, "contact", &settings->contact);
    lb_value *forms = lb_set_array(page, "forms"), *days = lb_set_array(page, "days");
    for (size_t i = 0; i < settings->form_count && !code; i++) {
        lb_value *form = lb_form_value(study, settings->form[i], arena);
        lb_push(forms, form);
        code = lb_texts_over(tx, study, p->site, form, err);
    }
    bool gone = p->left_consent || p->left_followup;
    lb_set_bool(page, "ended", gone);
    size_t count = gone ? 0 : lb_person_occasions(p, arm, arena, &list);
    for (size_t i = 0; i < count; i++) add_day(p, &list[i], today, days);
    return code;
}
