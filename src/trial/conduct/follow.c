/* Adherence while it happens. The rules are the protocol's (instrument/adherence.h); here diary and calls become weeks, and a
 * supervisor is told who is behind and by which part of the score. */
#include "trial/conduct/follow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"

enum { SILENT_DAYS = 3 };

static double number_at(const lb_person_entry *e, lb_item_at at)
{
    double x;
    const lb_value *v = at.id ? lb_get(e->values, at.id) : NULL;
    if (v && v->type == LB_STRING && lb_text_number(v->text, strlen(v->text), &x)) return x;
    if (v && v->type == LB_BOOL) return v->boolean;
    return v && lb_is_number(v) ? lb_number_of(v) : NAN;
}

static void take_diary(const lb_adherence_settings *a, const lb_person_entry *e, int day, lb_adherence_week *week, int64_t *last)
{
    if (day < 1 || day > 7 * a->rules.weeks) return;
    lb_adherence_week *w = &week[(day - 1) / 7];
    for (int p = 0; p < a->rules.part_count; p++) {
        double minutes = number_at(e, a->part[p]);
        if (minutes > 0 && minutes <= 1440) w->minutes[(day - 1) % 7][p] = minutes;
    }
    if (day > *last) *last = day;
}

static void take_call(const lb_adherence_settings *a, const lb_person_entry *e, int day, lb_adherence_week *week, lb_follow *f)
{
    if (day < 1 || day > 7 * a->rules.weeks) return;
    int w = (day - 1) / 7;
    double held = number_at(e, a->held_call);
    f->call_held[w] |= number_at(e, a->call) == 1;
    week[w].supervised = f->call_held[w];
    if (held > 0 && held <= 7) week[w].held = f->held[w] = (int)held;
}

void lb_follow_person(const lb_person *p, int64_t today, lb_follow *f)
{
    const lb_study *s = p->study;
    const lb_adherence_settings *a = &s->conduct->adherence;
    lb_adherence_week week[LB_ADHERENCE_WEEKS];
    int64_t last = 0, day_now = today - p->zero;
    memset(week, 0, sizeof week);
    memset(f, 0, sizeof *f);
    f->weeks = a->rules.weeks;
    f->running = day_now < 1 ? 0 : day_now > 7 * f->weeks ? f->weeks + 1 : (int)((day_now - 1) / 7) + 1;
    for (size_t i = 0; i < p->entry_count; i++) {
        const lb_person_entry *e = &p->entry[i];
        int day = lb_visit_day(&s->visit[e->visit], e->occurrence);
        if (e->form == a->form) take_diary(a, e, day, week, &last);
        if (a->call.id && e->form == a->call.form) take_call(a, e, day, week, f);
    }
    double sum = 0, best = 0;
    int finished = 0, counted = 0;
    for (int w = 0; w < f->weeks; w++) {
        lb_adherence_week_score(&a->rules, &week[w], &f->score[w]);
        f->call_due[w] = a->call.id && day_now >= 7 * (w + 1);
        bool over = w + 1 < f->running;
        if (!f->score[w].evaluable) continue;
        counted++;
        best += over ? f->score[w].score : 100;
        if (!over) continue;
        sum += f->score[w].score;
        finished++;
    }
    f->overall = finished ? sum / finished : NAN;
    f->reachable = counted ? best / counted : NAN;
    f->adherent = finished && lb_adherent(&a->rules, f->overall);
    int64_t until = day_now - 1 < 7 * f->weeks ? day_now - 1 : 7 * f->weeks;
    f->silent_days = until > last ? until - last : 0;
    const lb_adherence_score *now = f->running >= 1 && f->running <= f->weeks ? &f->score[f->running - 1] : NULL;
    int left = now ? (int)(7 * f->running - day_now + 1) : 0;
    bool late = now && now->evaluable && now->sessions + left < now->target;
    f->behind = (finished && !f->adherent) || late || (now && f->silent_days >= SILENT_DAYS);
}

/* ---- in words ---- */

static lb_value *why(lb_value *list, const char *code, int week)
{
    lb_value *one = lb_push_object(list);
    lb_set_text(one, "code", code);
    if (week > 0) lb_set_int(one, "week", week);
    return one;
}

/* What pulls one week down: sessions, minutes, a component left out, the call. */
static void why_week(const lb_person *p, const lb_follow *f, int w, lb_value *list)
{
    const lb_adherence_settings *a = &p->study->conduct->adherence;
    const lb_adherence_score *s = &f->score[w];
    if (!s->evaluable) return;
    if (s->sessions < s->target) {
        lb_value *one = why(list, "sessions", w + 1);
        lb_set_int(one, "done", s->sessions);
        lb_set_int(one, "target", s->target);
    } else if (s->duration < 0.8) {
        lb_set_number(why(list, "minutes", w + 1), "percent", floor(100 * s->duration + 0.5));
    }
    for (int k = 0; k < a->rules.part_count && s->sessions > 0; k++) {
        if (2 * s->part_days[k] >= s->target) continue;
        lb_value *one = why(list, "component", w + 1);
        lb_set_label(one, "component", &a->part_label[k]);
        lb_set_int(one, "days", s->part_days[k]);
    }
    if (f->call_due[w] && !f->call_held[w]) why(list, "call", w + 1);
}

static lb_value *week_value(const lb_person *p, const lb_follow *f, int w, lb_arena *arena)
{
    const lb_adherence_settings *a = &p->study->conduct->adherence;
    const lb_adherence_score *s = &f->score[w];
    lb_value *out = lb_value_object(arena), *parts = lb_value_object(arena);
    lb_set_int(out, "week", w + 1);
    lb_set_text(out, "from", lb_day_text(p->zero + 7 * w + 1, arena));
    lb_set_text(out, "state", w + 1 < f->running ? "past" : w + 1 == f->running ? "running" : "ahead");
    lb_set_bool(out, "evaluable", s->evaluable);
    if (s->evaluable && w + 1 <= f->running) lb_set_number(out, "score", floor(100 * s->score + 0.5 + 1e-9) / 100);
    else lb_set_null(out, "score");
    lb_set_number(out, "frequency", s->frequency);
    lb_set_number(out, "duration", s->duration);
    lb_set_number(out, "components", s->components);
    lb_set_number(out, "supervision", s->supervision);
    lb_set_int(out, "sessions", s->sessions);
    lb_set_int(out, "target", s->target > 0 ? s->target : 0);
    lb_set_number(out, "minutes", s->minutes);
    lb_set_int(out, "over", s->over);
    lb_set_int(out, "held", f->held[w]);
    lb_set_bool(out, "call", f->call_held[w]);
    for (int k = 0; k < a->rules.part_count; k++) lb_set_int(parts, a->part[k].id, s->part_days[k]);
    lb_set(out, "part_days", parts);
    return out;
}

lb_value *lb_follow_value(const lb_person *p, const lb_follow *f, int64_t today, lb_arena *arena)
{
    lb_value *out = lb_value_object(arena), *weeks = lb_value_array(arena), *reasons = lb_value_array(arena);
    lb_set_text(out, "subject", p->subject);
    lb_set_text(out, "site", p->site);
    lb_set_int(out, "day", today - p->zero);
    lb_set_int(out, "running_week", f->running);
    for (int w = 0; w < f->weeks; w++) lb_push(weeks, week_value(p, f, w, arena));
    lb_set(out, "weeks", weeks);
    lb_set_number(out, "overall", isnan(f->overall) ? NAN : floor(100 * f->overall + 0.5 + 1e-9) / 100);
    lb_set_number(out, "reachable", isnan(f->reachable) ? NAN : floor(100 * f->reachable + 0.5 + 1e-9) / 100);
    if (isnan(f->overall)) lb_set_null(out, "adherent");
    else lb_set_bool(out, "adherent", f->adherent);
    lb_set_bool(out, "behind", f->behind);
    if (f->silent_days >= SILENT_DAYS && f->running <= f->weeks) lb_set_int(why(reasons, "no_entries", 0), "days", f->silent_days);
    int last = f->running > f->weeks ? f->weeks : f->running - 1; /* the last finished week says most */
    if (last >= 1 && (f->behind || !lb_adherent(&p->study->conduct->adherence.rules, f->score[last - 1].score))) why_week(p, f, last - 1, reasons);
    if (f->running >= 1 && f->running <= f->weeks && f->behind && last < 1) why_week(p, f, f->running - 1, reasons);
    lb_set(out, "why", reasons);
    return out;
}

/* ---- everybody ---- */

typedef struct placed {
    lb_value *value;
    double worry;
    size_t order;
} placed;

static int by_worry(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    if (x->worry != y->worry) return x->worry > y->worry ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static void describe(const lb_study *study, lb_value *out)
{
    const lb_adherence_settings *a = &study->conduct->adherence;
    lb_value *parts = lb_set_array(out, "parts");
    lb_set_number(out, "threshold", a->rules.threshold);
    lb_set_int(out, "weeks", a->rules.weeks);
    for (int k = 0; k < a->rules.part_count; k++) {
        lb_value *one = lb_push_object(parts);
        lb_set_text(one, "item", a->part[k].id);
        lb_set_label(one, "label", &a->part_label[k]);
    }
}

/* The entries that the score is made from, and no others. */
static int fetch(lb_tx *tx, lb_person *p, lb_error *err)
{
    const lb_adherence_settings *a = &p->study->conduct->adherence;
    int code = LB_OK;
    for (size_t k = 0; k < p->entry_count && code == LB_OK; k++)
        if (p->entry[k].form == a->form || p->entry[k].form == a->call.form) code = lb_roster_values(tx, p, &p->entry[k], err);
    return code;
}

int lb_follow_all(lb_tx *tx, lb_store *store, const lb_study *study, const char *site, bool running, lb_value **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    const lb_adherence_settings *a = &study->conduct->adherence;
    lb_roster roster;
    size_t count = 0;
    lb_value *all = *out = lb_value_object(arena), *people = lb_set_array(all, "people");
    lb_set_bool(all, "followed", a->there);
    if (!a->there || lb_tx_actor(tx)->masked) return LB_OK;
    describe(study, all);
    int code = lb_roster_load(tx, study, site, &roster, err);
    placed *list = code == LB_OK ? lb_arena_array(arena, roster.count + 1, sizeof *list) : NULL;
    for (size_t i = 0; code == LB_OK && i < roster.count; i++) {
        int arm;
        lb_person *p = &roster.person[i];
        lb_follow f;
        int64_t today = lb_site_day(study, p->site, lb_tx_now_us(tx));
        if (!p->randomised || p->left_treatment || (running && today - p->zero > 7 * a->rules.weeks)) continue;
        code = lb_arm_of(tx, store, study, p->subject, &arm, err);
        if (code != LB_OK || arm < 0 || !a->arm[arm]) continue;
        code = fetch(tx, p, err);
        lb_follow_person(p, today, &f);
        bool over = f.running > f.weeks;
        list[count] = (placed){lb_follow_value(p, &f, today, arena), over ? -1 : f.behind ? 100 + (double)f.silent_days - (isnan(f.overall) ? 100 : f.overall) / 10 : 0, count};
        count++;
    }
    if (count) qsort(list, count, sizeof *list, by_worry);
    for (size_t i = 0; i < count; i++) lb_push(people, list[i].value);
    return code;
}
