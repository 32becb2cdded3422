/* Tasks of one role. A task names the very field it leads to; what several tasks of a person have in common is one of them. */
#include "trial/conduct/today.h"

#include <stdlib.h>
#include <string.h>

#include "trial/conduct/consent.h"
#include "trial/conduct/follow.h"
#include "trial/conduct/phone_days.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"
#include "trial/conduct/safety.h"

enum { WEEK = 7, TASKS_MOST = 300 };

typedef struct list {
    lb_tx *tx;
    lb_store *store;
    const lb_study *study;
    const lb_actor *actor;
    lb_arena *arena;
    lb_roster roster;
    lb_value *safety, *overdue, *today, *week, *waiting, *adherence;
    bool by_arm;              /* may know arms, and there is something for some arms only */
    int64_t queries_open, queries_answered;
} list;

static bool may(const list *l, const char *right)
{
    return lb_rights_may(l->actor->role, right);
}

static lb_value *add(lb_value *group, const char *kind, const char *subject, const char *visit, const char *form)
{
    if (group->count >= TASKS_MOST) return NULL;
    lb_value *task = lb_push_object(group);
    lb_set_text(task, "kind", kind);
    if (subject) lb_set_text(task, "subject", subject);
    if (visit) lb_set_text(task, "visit", visit);
    if (form) lb_set_text(task, "form", form);
    lb_value *text = lb_set_object(task, "text");
    lb_set_textf(text, "key", "task.%s", kind);
    lb_value *params = lb_set_object(text, "params");
    if (subject) lb_set_text(params, "subject", subject);
    if (form && visit) lb_set_textf(task, "link", "/people/%s/forms/%s/%s", subject, visit, form);
    else if (subject) lb_set_textf(task, "link", "/people/%s", subject);
    return task;
}

static void set_param(lb_value *task, const char *key, lb_value *value)
{
    if (task) lb_set(lb_get(lb_get(task, "text"), "params"), key, value);
}

static void set_count(lb_value *task, int64_t count)
{
    if (!task) return;
    lb_set_int(task, "count", count);
    lb_set_int(lb_get(lb_get(task, "text"), "params"), "count", count);
}

/* ---- visits ---- */

/* Forms of an occasion that this role fills in and that are not complete; the first of them leads there. */
static size_t missing_forms(const list *l, const lb_person *p, const lb_occasion *o, int *first)
{
    const lb_study_visit *v = &l->study->visit[o->visit];
    size_t count = 0;
    for (size_t i = 0; i < v->form_count; i++) {
        const lb_study_form *form = &l->study->form[v->form[i]];
        const lb_person_entry *e = lb_person_find(p, o->visit, o->occurrence, v->form[i]);
        bool by_phone = trial_phone_form(l->study, v->form[i]) && v->repeat_every > 0; /* the participant's own: followed as adherence */
        bool own = lb_text_equal(form->filled_by, "participant") && !may(l, LB_MAY_CONSENT); /* who keys a participant's paper is asked once */
        if (by_phone || own || (l->actor->masked && lb_form_reveals(form, v)) || !lb_rights_form(l->actor->role, form)) continue;
        if (e && strcmp(e->state, "started") != 0) continue;
        if (count++ == 0) *first = v->form[i];
    }
    return count;
}

static void visit_task(list *l, const lb_person *p, const lb_occasion *o, int64_t now)
{
    const lb_study_visit *v = &l->study->visit[o->visit];
    int first = -1;
    if (o->opens > now + WEEK || (p->left_followup && o->date > p->left_day)) return;
    if (p->left_treatment && v->reveals_arm) return; /* what belongs to the treatment ends with it */
    bool over = o->closes < now;
    if (over && v->optional) return;
    size_t count = missing_forms(l, p, o, &first);
    if (count == 0) return;
    lb_value *group = over ? l->overdue : o->opens <= now ? l->today : l->week;
    lb_value *task = add(group, "visit", p->subject, lb_visit_text(l->study, o->visit, o->occurrence, l->arena), l->study->form[first].id);
    if (!task) return;
    lb_set_text(task, "due", lb_day_text(o->closes, l->arena));
    lb_set_text(task, "opens", lb_day_text(o->opens, l->arena));
    if (over) lb_set_int(task, "overdue_days", now - o->closes);
    set_count(task, (int64_t)count);
    set_param(task, "visit", lb_label_value(&v->label, l->arena));
    set_param(task, "form", lb_label_value(&l->study->form[first].label, l->arena));
}

/* ---- a person on the way in ---- */

static void entry_tasks(list *l, const lb_person *p)
{
    const lb_consent_settings *c = &l->study->conduct->consent;
    bool screened = false, all = true, any = false;
    for (size_t i = 0; i < p->entry_count; i++)
        screened |= p->entry[i].form == l->study->conduct->eligibility_form && strcmp(p->entry[i].state, "started") != 0;
    for (size_t i = 0; i < c->stage_count; i++) {
        bool given = lb_consent_given(p, &c->stage[i]) != NULL;
        all &= given;
        any |= given;
        if (!lb_consent_old(p, &c->stage[i]) || !may(l, LB_MAY_CONSENT) || p->left_consent) continue;
        lb_value *task = add(l->today, "reconsent", p->subject, NULL, NULL);
        set_param(task, "consent", lb_label_value(&c->stage[i].label, l->arena));
    }
    if (p->randomised) return;
    if (all && may(l, LB_MAY_RANDOMISE)) {
        lb_value *task = add(l->today, "randomise", p->subject, NULL, NULL);
        if (task) lb_set_textf(task, "link", "/people/%s/randomise", p->subject);
    } else if (!all && screened && may(l, LB_MAY_CONSENT)) {
        add(l->today, any ? "consent_next" : "consent", p->subject, NULL, NULL);
    } else if (!screened && may(l, LB_MAY_SCREEN)) {
        add(l->today, "screen", p->subject, NULL, NULL);
    }
}

static int person_tasks(list *l, const lb_person *p, lb_error *err)
{
    lb_occasion *occasion;
    int arm = -1;
    int64_t now = lb_site_day(l->study, p->site, lb_tx_now_us(l->tx));
    bool gone = strcmp(p->state, "screen_failed") == 0 || strcmp(p->state, "completed") == 0 || p->left_consent;
    if (gone) return LB_OK;
    if (strcmp(p->state, "withdrawn") != 0) entry_tasks(l, p);
    int code = l->by_arm && p->randomised ? lb_arm_of(l->tx, l->store, l->study, p->subject, &arm, err) : LB_OK;
    if (code != LB_OK) return code;
    size_t count = lb_person_occasions(p, arm, l->arena, &occasion);
    for (size_t i = 0; i < count; i++) visit_task(l, p, &occasion[i], now);
    return LB_OK;
}

/* ---- second entries, verification, signatures: one task a person ---- */

typedef struct keyed {
    list *l;
    const char **done;
    size_t count, room;
} keyed;

static int take_keyed(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    keyed *k = context;
    list *l = k->l;
    size_t parts;
    char **part = lb_text_split(l->arena, record->key, '|', &parts);
    k->done = lb_arena_grow(l->arena, k->done, k->count, &k->room, 16, sizeof *k->done);
    k->done[k->count++] = lb_arena_text(l->arena, record->parent ? record->parent : "");
    if (parts >= 3 && lb_text_equal(record->state, "differences") && may(l, LB_MAY_SETTLE)) {
        lb_value *task = add(l->today, "settle", record->subject, part[1], part[2]);
        if (task) lb_set_textf(task, "link", "/people/%s/forms/%s/%s/differences", record->subject, part[1], part[2]);
    }
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool keyed_twice(const keyed *k, const char *key)
{
    size_t low = 0, high = k->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(key, k->done[middle]);
        if (order == 0) return true;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return false;
}

static void count_entries(list *l, const lb_person *p, const keyed *k)
{
    int64_t verify = 0, sign = 0;
    const lb_person_entry *first = NULL;
    for (size_t i = 0; i < p->entry_count; i++) {
        const lb_person_entry *e = &p->entry[i];
        const lb_study_form *form = &l->study->form[e->form];
        bool complete = strcmp(e->state, "complete") == 0, mine = lb_text_equal(e->record->changed_by, l->actor->user);
        if (complete) verify++;
        if ((complete || strcmp(e->state, "verified") == 0)) {
            sign++;
            if (!first) first = e;
        }
        if (!complete || !form->double_entry || mine || !may(l, LB_MAY_SECOND) || keyed_twice(k, e->record->key)) continue;
        lb_value *task = add(l->waiting, "second_entry", p->subject, lb_visit_text(l->study, e->visit, e->occurrence, l->arena), form->id);
        set_param(task, "visit", lb_label_value(&l->study->visit[e->visit].label, l->arena));
        set_param(task, "form", lb_label_value(&form->label, l->arena));
    }
    if (verify > 0 && may(l, LB_MAY_VERIFY)) set_count(add(l->waiting, "verify", p->subject, NULL, NULL), verify);
    if (sign > 0 && may(l, LB_MAY_SIGN)) set_count(add(l->waiting, "sign", p->subject, lb_visit_text(l->study, first->visit, first->occurrence, l->arena), l->study->form[first->form].id), sign);
}

static int entry_lists(list *l, lb_error *err)
{
    keyed k = {.l = l, .done = lb_arena_array(l->arena, 16, sizeof(char *)), .room = 16};
    lb_find find = {.kind = LB_KIND_KEYED, .heads = true};
    if (!may(l, LB_MAY_SECOND) && !may(l, LB_MAY_VERIFY) && !may(l, LB_MAY_SIGN)) return LB_OK;
    int code = lb_tx_scan(l->tx, &find, take_keyed, &k, err);
    qsort(k.done, k.count, sizeof *k.done, by_text);
    for (size_t i = 0; code == LB_OK && i < l->roster.count; i++)
        if (strcmp(l->roster.person[i].state, "screen_failed") != 0) count_entries(l, &l->roster.person[i], &k);
    return code;
}

/* ---- queries ---- */

static int take_query(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    list *l = context;
    size_t parts;
    bool open = lb_text_equal(record->state, "open"), answered = lb_text_equal(record->state, "answered");
    l->queries_open += open;
    l->queries_answered += answered;
    bool mine = (open && may(l, LB_MAY_ANSWER)) || (answered && may(l, LB_MAY_CLOSE));
    char **part = lb_text_split(l->arena, record->parent ? record->parent : "", '|', &parts);
    if (!mine || parts < 3) return 0;
    lb_value *task = add(l->waiting, open ? "answer" : "close_query", record->subject, part[1], part[2]);
    if (!task) return 0;
    int64_t days = (lb_tx_now_us(l->tx) - record->changed_us) / 86400000000;
    lb_set_text(task, "item", lb_get_text(record->body, "item", NULL));
    lb_set_int(lb_get(lb_get(task, "text"), "params"), "days", days);
    set_param(task, "text", lb_get(record->body, "text"));
    return 0;
}

/* ---- adherence, safety, board, sites ---- */

static int adherence_tasks(list *l, lb_error *err)
{
    lb_value *all;
    if (!may(l, LB_MAY_ADHERENCE) || l->actor->masked) return LB_OK;
    int code = lb_follow_all(l->tx, l->store, l->study, NULL, true, &all, err);
    const lb_value *people = code == LB_OK ? lb_get(all, "people") : NULL;
    for (size_t i = 0; people && i < people->count; i++) {
        const lb_value *one = people->item[i], *why = lb_get(one, "why");
        lb_push(l->adherence, (lb_value *)one);
        if (!lb_get_bool(one, "behind", false)) continue;
        lb_value *task = add(l->today, "behind", lb_get_text(one, "subject", NULL), NULL, NULL);
        if (why && why->count) set_param(task, "why", why->item[0]);
    }
    return code;
}

static int safety_tasks(list *l, lb_error *err)
{
    lb_value *events;
    if (!may(l, LB_MAY_SAFETY_REPORT)) return LB_OK;
    int code = lb_safety_events(l->tx, l->study, &l->roster, &events, err);
    for (size_t i = 0; code == LB_OK && i < events->count; i++) {
        const lb_value *e = events->item[i];
        if (lb_get(e, "due_at")->type == LB_NULL || lb_text_equal(lb_get_text(e, "state", NULL), "reported")) continue;
        lb_value *task = add(l->safety, "sae", lb_get_text(e, "subject", NULL), lb_get_text(e, "visit", NULL), lb_get_text(e, "form", NULL));
        if (!task) break;
        lb_set(task, "due", lb_get(e, "due_at"));
        set_param(task, "state", lb_get(e, "state"));
        set_param(task, "term", lb_get(e, "term"));
    }
    return code;
}

static int take_site(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    list *l = context;
    const lb_value *ethics = lb_get(record->body, "ethics");
    const char *last = NULL;
    for (size_t i = 0; ethics && ethics->type == LB_ARRAY && i < ethics->count; i++) {
        const char *ends = lb_get_text(ethics->item[i], "expires", NULL);
        if (!ends || !*ends) return 0;
        if (!last || strcmp(ends, last) > 0) last = ends;
    }
    int64_t day = 0, now = lb_site_day(l->study, record->key, lb_tx_now_us(l->tx));
    bool known = last && lb_date_days(last, strlen(last), &day);
    if (known && day > now + 30) return 0;
    lb_value *task = add(known && day < now ? l->overdue : l->week, last ? "ethics_ends" : "ethics_missing", NULL, NULL, NULL);
    if (!task) return 0;
    lb_set_text(task, "due", last);
    lb_set_text(task, "link", "/study/sites");
    lb_set_text(lb_get(lb_get(task, "text"), "params"), "site", record->key);
    return 0;
}

static int take_report(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    list *l = context;
    if (lb_get(record->body, "recommendation")) return 0;
    lb_value *task = add(l->today, "board_report", NULL, NULL, NULL);
    if (task) lb_set_textf(task, "link", "/board/%s", record->key);
    return 0;
}

static int other_tasks(list *l, lb_error *err)
{
    lb_find find = {.kind = LB_KIND_QUERY};
    int code = lb_tx_scan(l->tx, &find, take_query, l, err);
    find.kind = LB_KIND_SITE;
    if (code == LB_OK && may(l, LB_MAY_SITES)) code = lb_tx_scan(l->tx, &find, take_site, l, err);
    find.kind = LB_KIND_REPORT;
    if (code == LB_OK && may(l, LB_MAY_RECOMMEND)) code = lb_tx_scan(l->tx, &find, take_report, l, err);
    return code;
}

/* ---- all of it ---- */

static void group(lb_value *groups, const char *id, lb_value *tasks)
{
    if (tasks->count == 0) return;
    lb_value *one = lb_push_object(groups);
    lb_set_text(one, "id", id);
    lb_set(one, "tasks", tasks);
}

static lb_value *counters(const list *l)
{
    static const char *const states[] = {"screening", "screen_failed", "eligible", "consented", "randomised", "withdrawn", "completed"};
    lb_value *out = lb_value_object(l->arena);
    for (size_t s = 0; s < LB_COUNT(states); s++) {
        int64_t n = 0;
        for (size_t i = 0; i < l->roster.count; i++) n += strcmp(l->roster.person[i].state, states[s]) == 0;
        lb_set_int(out, states[s], n);
    }
    lb_set_int(out, "people", (int64_t)l->roster.count);
    lb_set_int(out, "queries_open", l->queries_open);
    lb_set_int(out, "queries_answered", l->queries_answered);
    return out;
}

static bool some_arms_only(const lb_study *s)
{
    for (size_t i = 0; i < s->visit_count * s->arm_count; i++)
        if (!s->conduct->visit_arm[i]) return true;
    return false;
}

static void start(list *l)
{
    lb_value **const groups[] = {&l->safety, &l->overdue, &l->today, &l->week, &l->waiting, &l->adherence};
    for (size_t i = 0; i < LB_COUNT(groups); i++) *groups[i] = lb_value_array(l->arena);
    l->by_arm = !l->actor->masked && may(l, LB_MAY_ARM) && some_arms_only(l->study);
}

int lb_today(lb_tx *tx, lb_store *store, const lb_study *study, lb_value **out, lb_error *err)
{
    list l = {.tx = tx, .store = store, .study = study, .actor = lb_tx_actor(tx), .arena = lb_tx_arena(tx)};
    start(&l);
    int code = LB_OK;
    if (may(&l, LB_MAY_PEOPLE)) {
        code = lb_roster_load(tx, study, NULL, &l.roster, err);
        if (code == LB_OK) code = safety_tasks(&l, err);
        for (size_t i = 0; i < l.roster.count && code == LB_OK; i++) code = person_tasks(&l, &l.roster.person[i], err);
        if (code == LB_OK) code = adherence_tasks(&l, err);
        if (code == LB_OK) code = entry_lists(&l, err);
    }
    if (code == LB_OK) code = other_tasks(&l, err);
    if (code != LB_OK) return code;
    lb_value *today = *out = lb_value_object(l.arena), *groups = lb_set_array(today, "groups");
    lb_set_text(today, "role", l.actor->role);
    group(groups, "safety", l.safety);
    group(groups, "overdue", l.overdue);
    group(groups, "today", l.today);
    group(groups, "week", l.week);
    group(groups, "waiting", l.waiting);
    if (may(&l, LB_MAY_PEOPLE)) lb_set(today, "enrolment", lb_enrolment(&l.roster, study, l.actor, l.arena));
    if (l.adherence->count) lb_set(today, "adherence", l.adherence);
    lb_set(today, "counters", counters(&l));
    return LB_OK;
}
