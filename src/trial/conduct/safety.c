/* Adverse events and the clock of the serious ones. ICH E2A, E6(R3) 2.10: from awareness of the site; the hours are the
 * protocol's. A report is a version: it keeps the hash of what it was about, so that a later change asks for the next one. */
#include "trial/conduct/safety.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trial/conduct/records.h"

static const int64_t HOUR_US = (int64_t)3600 * 1000000;

bool lb_datetime_us(const lb_study *study, const char *site, const char *text, int64_t *us)
{
    char with[40];
    int64_t seconds;
    size_t length = text ? strlen(text) : 0;
    if (length < 10 || length > 30) return false;
    if (lb_time_seconds(text, &seconds)) {
        *us = seconds * 1000000;
        return true;
    }
    memcpy(with, text, length);
    if (length == 10) {
        memcpy(with + length, "T00:00Z", 8);
    } else {
        with[10] = 'T';
        with[length] = 'Z';
        with[length + 1] = '\0';
    }
    if (!lb_time_seconds(with, &seconds)) return false;
    *us = (seconds - lb_site_offset(study, site)) * 1000000;
    return true;
}

static const lb_value *value_at(const lb_person_entry *e, lb_item_at at)
{
    const lb_value *v = at.id ? lb_get(e->values, at.id) : NULL;
    return v && v->type != LB_NULL ? v : NULL;
}

static const char *text_at(const lb_person_entry *e, lb_item_at at)
{
    const lb_value *v = value_at(e, at);
    return v && v->type == LB_STRING ? v->text : NULL;
}

typedef struct entry_view {
    const lb_person *person;
    const lb_person_entry *entry;
} entry_view;

static bool look_up(void *context, const char *name, lb_value *out)
{
    const entry_view *view = context;
    const lb_study_item *item = lb_study_item_named(view->person->study, name, NULL);
    *out = (lb_value){.type = LB_NULL};
    const lb_value *v = lb_get(view->entry->values, name);
    if (item && v && !lb_rule_value(item, v, out)) *out = (lb_value){.type = LB_NULL};
    return true;
}

bool lb_event_serious(const lb_person *p, const lb_person_entry *e)
{
    const lb_safety_settings *s = &p->study->conduct->safety;
    lb_rule_answer answer;
    lb_error ignored = LB_ERROR_INIT;
    lb_value number;
    entry_view view = {p, e};
    if (s->serious_rule >= 0)
        return lb_rules_run(p->study->rules, s->serious_rule, look_up, &view, &answer, &ignored) == LB_OK && answer.known &&
               answer.value.type == LB_BOOL && answer.value.boolean;
    const lb_study_item *item = s->serious.id ? lb_study_item_named(p->study, s->serious.id, NULL) : NULL;
    return item && lb_rule_value(item, value_at(e, s->serious), &number) && number.type == LB_DOUBLE && number.number == 1;
}

/* ---- the clock ---- */

static void hash_values(const lb_study *study, int form, const lb_value *values, bool masked, lb_arena *arena, char hex[65])
{
    lb_buf text = {0};
    lb_value *kept = lb_value_object(arena);
    const lb_study_form *f = &study->form[form];
    for (size_t i = 0; i < f->item_count; i++) {
        if (masked && f->item[i].reveals_arm) continue;
        lb_value *v = lb_get(values, f->item[i].id);
        if (v) lb_set(kept, f->item[i].id, v);
    }
    lb_json_write(kept, 0, &text);
    lb_sha256_hex(text.data, text.length, hex);
    lb_buf_free(&text);
}

static void clock_state(const lb_person *p, const lb_person_entry *e, const lb_value *reports, bool masked, int64_t now, lb_clock *c)
{
    const lb_safety_settings *s = &p->study->conduct->safety;
    const lb_value *last = reports && reports->count ? reports->item[reports->count - 1] : NULL;
    char hex[65];
    int64_t at;
    if (!last) {
        c->state = now > c->due_us ? "overdue" : "due";
        c->next_us = c->due_us;
        for (size_t i = 0; i < s->escalate_count; i++)
            if (now >= c->aware_us + (int64_t)(s->escalate[i].after_hours * (double)HOUR_US)) c->escalated = &s->escalate[i];
        return;
    }
    c->versions = reports->count;
    hash_values(p->study, e->form, e->values, masked, p->record->body->arena, hex);
    bool final = strcmp(lb_get_text(last, "kind", ""), "final") == 0;
    bool changed = strcmp(hex, lb_get_text(last, masked ? "seen_sha256" : "sha256", "")) != 0;
    if (!lb_datetime_us(p->study, p->site, lb_get_text(last, "at", NULL), &at)) at = now;
    c->next_us = at + (int64_t)(s->followup_days * 24 * (double)HOUR_US);
    if (changed) c->next_us = at;
    else if (final) c->next_us = 0;
    c->state = changed ? "changed" : final ? "closed" : now > c->next_us ? "followup_due" : "reported";
}

void lb_clock_read(const lb_person *p, const lb_person_entry *e, const lb_record *event, bool masked, int64_t now, lb_clock *c)
{
    const lb_safety_settings *s = &p->study->conduct->safety;
    const lb_value *reports = event ? lb_get(event->body, "reports") : NULL;
    *c = (lb_clock){.serious = lb_event_serious(p, e), .state = "recorded"};
    if (!c->serious && !reports) return;
    if (!lb_datetime_us(p->study, p->site, text_at(e, s->aware), &c->aware_us)) c->aware_us = e->record->changed_us;
    c->due_us = c->aware_us + (int64_t)(s->sae_hours * (double)HOUR_US);
    clock_state(p, e, reports, masked, now, c);
}

/* ---- the list ---- */

static void set_answer(lb_value *out, const char *key, const lb_person *p, const lb_person_entry *e, lb_item_at at)
{
    const lb_value *v = value_at(e, at);
    if (!at.id) return;
    const lb_study_item *item = &p->study->form[at.form].item[at.item];
    if (v) lb_set(out, key, lb_answer_value(item, v, out->arena));
    else lb_set_null(out, key);
}

static void set_causes(lb_value *out, const lb_person *p, const lb_person_entry *e, bool masked)
{
    const lb_safety_settings *s = &p->study->conduct->safety;
    lb_value *list = lb_set_array(out, "causality");
    for (size_t i = 0; i < s->causality_count; i++) {
        const lb_study_item *item = &p->study->form[s->causality[i].form].item[s->causality[i].item];
        if (masked && item->reveals_arm) continue;
        lb_value *one = lb_answer_value(item, value_at(e, s->causality[i]), out->arena);
        lb_set_text(one, "to", s->causality_name[i]);
        lb_push(list, one);
    }
}

static lb_value *reports_value(const lb_value *reports, bool masked, lb_arena *arena)
{
    static const char *const keys[] = {"version", "kind", "at", "by", "late"};
    lb_value *list = lb_value_array(arena);
    for (size_t i = 0; reports && i < reports->count; i++) {
        lb_value *one = lb_push_object(list);
        for (size_t k = 0; k < LB_COUNT(keys); k++)
            if (lb_get(reports->item[i], keys[k])) lb_set(one, keys[k], lb_get(reports->item[i], keys[k]));
        if (!masked && lb_get(reports->item[i], "text")) lb_set(one, "text", lb_get(reports->item[i], "text")); /* free words may tell the arm */
    }
    return list;
}

static void set_clock(lb_value *out, const lb_clock *c)
{
    lb_arena *arena = out->arena;
    lb_set_bool(out, "serious", c->serious);
    lb_set_text(out, "state", c->state);
    lb_set_text(out, "aware_at", c->due_us ? lb_when(c->aware_us, arena) : NULL);
    lb_set_text(out, "due_at", c->next_us ? lb_when(c->next_us, arena) : NULL);
    lb_value *roles = lb_set_array(out, "escalated_to");
    for (size_t i = 0; c->escalated && i < c->escalated->role_count; i++) lb_push_text(roles, c->escalated->role[i]);
}

lb_value *trial_event_value(const lb_person *p, const lb_person_entry *e, const lb_record *event, bool masked, int64_t now, lb_arena *arena)
{
    const lb_safety_settings *s = &p->study->conduct->safety;
    lb_value *out = lb_value_object(arena);
    lb_clock clock;
    lb_clock_read(p, e, event, masked, now, &clock);
    lb_set_text(out, "subject", p->subject);
    lb_set_text(out, "site", p->site);
    lb_set_int(out, "n", e->occurrence);
    lb_set_text(out, "visit", lb_visit_text(p->study, e->visit, e->occurrence, arena));
    lb_set_text(out, "form", p->study->form[e->form].id);
    lb_set_text(out, "term", text_at(e, s->term));
    lb_set_text(out, "code", text_at(e, s->code));
    lb_set_text(out, "start", text_at(e, s->start));
    lb_set_text(out, "end", text_at(e, s->end));
    set_answer(out, "severity", p, e, s->severity);
    set_answer(out, "expected", p, e, s->expected);
    set_answer(out, "action", p, e, s->action);
    set_answer(out, "outcome", p, e, s->outcome);
    set_causes(out, p, e, masked);
    set_clock(out, &clock);
    lb_set(out, "versions", reports_value(event ? lb_get(event->body, "reports") : NULL, masked, arena));
    return out;
}

typedef struct sorted {
    lb_value *value;
    int64_t key;   /* what is due first comes first; what is not due after it, latest first */
    bool due;
    size_t order;
} sorted;

static int by_clock(const void *a, const void *b)
{
    const sorted *x = a, *y = b;
    if (x->due != y->due) return x->due ? -1 : 1;
    if (x->key != y->key) return (x->due ? x->key < y->key : x->key > y->key) ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int one_event(lb_tx *tx, lb_person *p, lb_person_entry *e, sorted *out, lb_error *err)
{
    const lb_record *event;
    lb_arena *arena = lb_tx_arena(tx);
    lb_clock clock;
    int64_t start = 0;
    bool masked = lb_tx_actor(tx)->masked;
    int code = lb_roster_values(tx, p, e, err);
    if (code == LB_OK) code = lb_tx_get(tx, LB_KIND_EVENT, lb_arena_printf(arena, "%s|%d", p->subject, e->occurrence), &event, err);
    if (code != LB_OK) return code;
    out->value = trial_event_value(p, e, event, masked, lb_tx_now_us(tx), arena);
    lb_clock_read(p, e, event, masked, lb_tx_now_us(tx), &clock);
    const char *date = text_at(e, p->study->conduct->safety.start);
    if (date) (void)lb_date_days(date, strlen(date), &start);
    out->due = clock.next_us != 0;
    out->key = out->due ? clock.next_us : start;
    return LB_OK;
}

static void count_events(const lb_value *events, lb_value *counters)
{
    int64_t serious = 0, due = 0, overdue = 0;
    for (size_t i = 0; i < events->count; i++) {
        const char *state = lb_get_text(events->item[i], "state", "");
        serious += lb_get_bool(events->item[i], "serious", false);
        due += strcmp(state, "due") == 0 || strcmp(state, "changed") == 0 || strcmp(state, "followup_due") == 0;
        overdue += strcmp(state, "overdue") == 0;
    }
    lb_set_int(counters, "events", (int64_t)events->count);
    lb_set_int(counters, "serious", serious);
    lb_set_int(counters, "due", due);
    lb_set_int(counters, "overdue", overdue);
}

static int all_events(lb_tx *tx, lb_roster *roster, int form, lb_value *events, lb_error *err)
{
    size_t most = 0, count = 0;
    int code = LB_OK;
    for (size_t i = 0; i < roster->count; i++)
        for (size_t k = 0; k < roster->person[i].entry_count; k++) most += roster->person[i].entry[k].form == form;
    sorted *list = lb_arena_array(lb_tx_arena(tx), most + 1, sizeof *list);
    for (size_t i = 0; i < roster->count; i++)
        for (size_t k = 0; k < roster->person[i].entry_count && code == LB_OK; k++) {
            if (roster->person[i].entry[k].form != form) continue;
            list[count].order = count;
            code = one_event(tx, &roster->person[i], &roster->person[i].entry[k], &list[count], err);
            count++;
        }
    if (code != LB_OK) return code;
    qsort(list, count, sizeof *list, by_clock);
    for (size_t i = 0; i < count; i++) lb_push(events, list[i].value);
    return LB_OK;
}

/* Does some watch rule read an item of this form? */
static bool watched_form(const lb_study *study, int form)
{
    const lb_safety_settings *s = &study->conduct->safety;
    const lb_study_form *f = &study->form[form];
    for (size_t w = 0; w < s->watch_count; w++)
        for (size_t n = 0; n < s->watch[w].name_count; n++) {
            const char *name = lb_text_starts(s->watch[w].name[n], "baseline_") ? s->watch[w].name[n] + 9 : s->watch[w].name[n];
            for (size_t i = 0; i < f->item_count; i++)
                if (strcmp(f->item[i].id, name) == 0) return true;
        }
    return false;
}

/* Only what the rules read is fetched: a person's diaries are not. */
static int watch_everybody(lb_tx *tx, const lb_study *study, const lb_roster *roster, lb_value *watch, lb_error *err)
{
    bool *reads = lb_arena_array(lb_tx_arena(tx), study->form_count + 1, sizeof *reads);
    int code = LB_OK;
    for (size_t f = 0; f < study->form_count; f++) reads[f] = watched_form(study, (int)f);
    for (size_t i = 0; i < roster->count && code == LB_OK; i++) {
        lb_person *p = &roster->person[i];
        bool any = false;
        for (size_t k = 0; k < p->entry_count && code == LB_OK; k++) {
            if (!reads[p->entry[k].form]) continue;
            any = true;
            if (!p->entry[k].values) code = lb_roster_values(tx, p, &p->entry[k], err);
        }
        if (code == LB_OK && any) code = lb_watch_person(p, lb_tx_actor(tx)->masked, watch, err);
    }
    return code;
}

int lb_safety_events(lb_tx *tx, const lb_study *study, lb_roster *roster, lb_value **out, lb_error *err)
{
    *out = lb_value_array(lb_tx_arena(tx));
    return study->conduct->safety.form >= 0 ? all_events(tx, roster, study->conduct->safety.form, *out, err) : LB_OK;
}

int lb_safety_all(lb_tx *tx, const lb_study *study, const char *site, lb_value **out, lb_error *err)
{
    lb_roster roster;
    lb_value *all = *out = lb_value_object(lb_tx_arena(tx)), *events = NULL, *watch = lb_value_array(lb_tx_arena(tx));
    int code = lb_roster_load(tx, study, site, &roster, err);
    if (code == LB_OK) code = lb_safety_events(tx, study, &roster, &events, err);
    if (code == LB_OK) code = watch_everybody(tx, study, &roster, watch, err);
    if (code != LB_OK) return code;
    lb_set(all, "events", events);
    lb_set(all, "watch", watch);
    lb_value *counters = lb_set_object(all, "counters");
    count_events(events, counters);
    lb_set_int(counters, "watch", (int64_t)watch->count);
    lb_set_number(all, "sae_hours", study->conduct->safety.sae_hours);
    return LB_OK;
}

/* ---- reports ---- */

static const lb_person_entry *event_entry(const lb_person *p, const char *number)
{
    int64_t n;
    if (!lb_text_integer(number, strlen(number), &n) || n < 1) return NULL;
    for (size_t k = 0; k < p->entry_count; k++)
        if (p->entry[k].form == p->study->conduct->safety.form && p->entry[k].occurrence == n) return &p->entry[k];
    return NULL;
}

static int check_report(const lb_clock *c, const char *kind, lb_error *err)
{
    bool initial = strcmp(kind, "initial") == 0, final = strcmp(kind, "final") == 0;
    if (!initial && !final && strcmp(kind, "followup") != 0)
        return lb_fail(err, LB_BAD_DATA, "'%.40s' is no kind of report: initial, followup or final", kind);
    if (!c->serious && c->versions == 0) return lb_fail(err, LB_CONFLICT, "the event is not serious: there is nothing to report in haste");
    if (initial && c->versions > 0) return lb_fail(err, LB_CONFLICT, "the first report was made already: this is a follow-up");
    if (!initial && c->versions == 0) return lb_fail(err, LB_CONFLICT, "the first report comes before a follow-up");
    return LB_OK;
}

int lb_safety_report(lb_tx *tx, const lb_study *study, const char *subject, const char *number, const lb_value *ask, lb_value **out, lb_error *err)
{
    lb_person *p;
    lb_arena *arena = lb_tx_arena(tx);
    const lb_record *event;
    lb_clock clock;
    char hex[65];
    bool masked = lb_tx_actor(tx)->masked;
    int64_t now = lb_tx_now_us(tx);
    const char *kind = lb_get_text(ask, "kind", "");
    int code = lb_person_load(tx, study, subject, &p, err);
    if (code != LB_OK) return code;
    const lb_person_entry *e = event_entry(p, number);
    if (!e) return lb_fail(err, LB_NOT_FOUND, "%s has no event %.10s", subject, number);
    code = lb_tx_get(tx, LB_KIND_EVENT, lb_arena_printf(arena, "%s|%d", subject, e->occurrence), &event, err);
    if (code != LB_OK) return code;
    lb_clock_read(p, e, event, masked, now, &clock);
    code = check_report(&clock, kind, err);
    if (code != LB_OK) return code;
    lb_value *body = lb_body_copy(event ? event->body : NULL, arena), *reports = lb_value_array(arena);
    const lb_value *before = event ? lb_get(event->body, "reports") : NULL;
    for (size_t i = 0; before && i < before->count; i++) lb_push(reports, before->item[i]);
    lb_value *one = lb_push_object(reports);
    lb_set_int(one, "version", (int64_t)clock.versions + 1);
    lb_set_text(one, "kind", kind);
    lb_set_text(one, "at", lb_when(now, arena));
    lb_set_text(one, "by", lb_tx_actor(tx)->user);
    lb_set_bool(one, "late", now > clock.next_us && clock.next_us != 0);
    lb_set_text(one, "text", lb_get_text(ask, "text", NULL));
    hash_values(study, e->form, e->values, masked, arena, hex);
    lb_set_text(one, "sha256", hex);
    hash_values(study, e->form, e->values, true, arena, hex);
    lb_set_text(one, "seen_sha256", hex);
    lb_set_text(body, "aware_at", lb_when(clock.aware_us, arena));
    lb_set_text(body, "due_at", lb_when(clock.due_us, arena));
    lb_set(body, "reports", reports);
    lb_set_bool(body, "closed", strcmp(kind, "final") == 0);
    lb_record record = {.kind = LB_KIND_EVENT, .key = lb_arena_printf(arena, "%s|%d", subject, e->occurrence), .site = p->site, .subject = subject,
                        .parent = e->record->key, .state = strcmp(kind, "final") == 0 ? "closed" : "reported", .body = body};
    lb_change change = {"report", lb_get_text(ask, "text", NULL), study->version};
    code = lb_tx_put(tx, &record, event ? event->revision : 0, &change, err);
    if (code == LB_OK) *out = trial_event_value(p, e, &record, masked, now, arena);
    return code;
}
