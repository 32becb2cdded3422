/* One person: visits in the order of their days with the forms of each, and the records about them. */
#include "trial/conduct/people.h"

#include "trial/conduct/consent.h"
#include "trial/conduct/kinds.h"
#include "trial/conduct/randomise.h"
#include "trial/conduct/records.h"
#include "trial/conduct/rights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct page {
    lb_tx *tx;
    const lb_study *study;
    const lb_person *person;
    const lb_actor *actor;
    int arm;
    int64_t today;
    const lb_record **second; /* second keyings of this person */
    size_t seconds;
    const lb_record **query;  /* queries that are not closed */
    size_t queries;
} page;

typedef struct gathering {
    lb_arena *arena;
    const lb_record **list;
    size_t count, room;
} gathering;

static int gather(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    gathering *g = context;
    g->list = lb_arena_grow(g->arena, g->list, g->count, &g->room, 16, sizeof *g->list);
    lb_record *copy = lb_arena_alloc(g->arena, sizeof *copy);
    *copy = *record;
    g->list[g->count++] = copy;
    return 0;
}

static int gather_kind(lb_tx *tx, const char *kind, const char *subject, gathering *out, lb_error *err)
{
    const lb_find find = {.kind = kind, .subject = subject};
    *out = (gathering){.arena = lb_tx_arena(tx)};
    return lb_tx_scan(tx, &find, gather, out, err);
}

/* -- forms of a visit ------------------------------------------------------------------------------------------------- */

static const lb_record *second_of(const page *g, const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < g->seconds; i++)
        if (strncmp(g->second[i]->key, key, length) == 0 && strcmp(g->second[i]->key + length, "|2") == 0) return g->second[i];
    return NULL;
}

static int64_t open_queries(const page *g, const char *key)
{
    int64_t count = 0;
    for (size_t i = 0; i < g->queries; i++)
        count += lb_text_equal(g->query[i]->parent, key) && !lb_text_equal(g->query[i]->state, "closed");
    return count;
}

static void add_form(const page *g, int visit, int occurrence, int form, lb_value *list)
{
    lb_arena *arena = list->arena;
    const lb_study_form *f = &g->study->form[form];
    const lb_person_entry *e = lb_person_find(g->person, visit, occurrence, form);
    const char *key = lb_entry_key(g->person->subject, lb_visit_text(g->study, visit, occurrence, arena), f->id, arena);
    lb_entry entry = {.form = f, .main = e ? e->record : NULL, .state = e ? e->state : NULL, .second = e ? second_of(g, key) : NULL};
    lb_value *one = lb_push_object(list);
    lb_set_text(one, "form", f->id);
    lb_set_label(one, "label", &f->label);
    lb_set_text(one, "filled_by", f->filled_by ? f->filled_by : "site");
    lb_set_text(one, "state", e ? e->state : "empty");
    lb_set_text(one, "entry", f->double_entry ? "double" : "single");
    lb_set_text(one, "second", lb_entry_second(&entry, g->actor));
    const lb_value *score = e ? lb_get(e->record->body, "score") : NULL;
    bool blind = f->double_entry && !entry.second && lb_rights_may(g->actor->role, LB_MAY_SECOND);
    lb_set_int(one, "missing", score ? lb_get_int(score, "missing", 0) : 0);
    if (score && !blind) lb_set_number(one, "score", lb_get_number(score, "score", NAN));
    lb_set_int(one, "queries", open_queries(g, key));
    lb_set_int(one, "revision", e ? e->record->revision : 0);
    lb_set_text(one, "version", e ? lb_get_text(e->record->body, "version", NULL) : NULL);
    lb_set_bool(one, "mine", lb_rights_may(g->actor->role, LB_MAY_ENTER) && lb_rights_form(g->actor->role, f));
}

/* -- the time line ----------------------------------------------------------------------------------------------------- */

static lb_value *add_visit(const page *g, int visit, int occurrence, lb_value *list)
{
    const lb_study_visit *v = &g->study->visit[visit];
    lb_value *one = lb_push_object(list), *forms;
    lb_set_text(one, "visit", v->id);
    lb_set_text(one, "id", lb_visit_text(g->study, visit, occurrence, list->arena));
    if (occurrence) lb_set_int(one, "occurrence", occurrence);
    lb_set_label(one, "label", &v->label);
    lb_set_bool(one, "unscheduled", v->unscheduled);
    lb_set_bool(one, "optional", v->optional);
    forms = lb_set_array(one, "forms");
    for (size_t i = 0; i < v->form_count; i++)
        if (!g->actor->masked || !lb_form_reveals(&g->study->form[v->form[i]], v)) add_form(g, visit, occurrence, v->form[i], forms);
    return one;
}

static void add_dates(const page *g, const lb_occasion *at, lb_value *one)
{
    lb_arena *arena = one->arena;
    lb_set_int(one, "day", at->day);
    lb_set_text(one, "date", lb_day_text(at->date, arena));
    lb_value *window = lb_set_array(one, "window");
    lb_push_text(window, lb_day_text(at->opens, arena));
    lb_push_text(window, lb_day_text(at->closes, arena));
    const char *state = lb_visit_state(g->person, at->visit, at->occurrence, g->actor->masked);
    bool left = (g->person->left_followup || g->person->left_consent) && g->person->left_day < at->opens;
    if (!state) state = left || g->today < at->opens ? "not_due" : g->today <= at->closes ? "due" : g->study->visit[at->visit].optional ? "not_due" : "missed";
    lb_set_text(one, "state", state);
}

/* Visits without a day: the screening, what happens unscheduled (those there are, and the next), and before randomisation all
 * that is not after it. */
static void add_undated(const page *g, lb_value *list)
{
    for (size_t v = 0; v < g->study->visit_count; v++) {
        const lb_study_visit *visit = &g->study->visit[v];
        bool seen = lb_visit_forms(g->study, (int)v, g->actor->masked) > 0 && !(g->actor->masked && visit->reveals_arm);
        bool before = !g->person->randomised && visit->anchor != LB_ANCHOR_NONE && visit->repeat_every == 0;
        if (!seen || (visit->anchor != LB_ANCHOR_NONE && !before && !visit->unscheduled)) continue;
        int last = 0;
        for (size_t i = 0; visit->unscheduled && i < g->person->entry_count; i++)
            if (g->person->entry[i].visit == (int)v && g->person->entry[i].occurrence > last) last = g->person->entry[i].occurrence;
        for (int n = visit->unscheduled ? 1 : 0; n <= last; n++) {
            lb_value *one = add_visit(g, (int)v, n, list);
            const char *state = lb_visit_state(g->person, (int)v, n, g->actor->masked);
            bool due = visit->anchor == LB_ANCHOR_NONE ? strcmp(g->person->state, "screening") == 0 : visit->nominal <= 0 && g->person->consent_count > 0;
            lb_set_text(one, "state", state ? state : due ? "due" : "not_due");
            if (visit->anchor != LB_ANCHOR_NONE) lb_set_int(one, "day", visit->nominal);
        }
    }
}

static void add_next(const page *g, lb_value *out)
{
    lb_value *list = lb_set_array(out, "unscheduled");
    for (size_t v = 0; v < g->study->visit_count; v++) {
        const lb_study_visit *visit = &g->study->visit[v];
        int last = 0;
        if (!visit->unscheduled || lb_visit_forms(g->study, (int)v, g->actor->masked) == 0) continue;
        for (size_t i = 0; i < g->person->entry_count; i++)
            if (g->person->entry[i].visit == (int)v && g->person->entry[i].occurrence > last) last = g->person->entry[i].occurrence;
        lb_value *one = lb_push_object(list);
        lb_set_text(one, "visit", visit->id);
        lb_set_text(one, "next", lb_visit_text(g->study, (int)v, last + 1, list->arena));
        lb_set_label(one, "label", &visit->label);
        lb_value *forms = lb_set_array(one, "forms");
        for (size_t i = 0; i < visit->form_count; i++) lb_push_text(forms, g->study->form[visit->form[i]].id);
    }
}

static void add_timeline(const page *g, lb_value *out)
{
    lb_value *list = lb_set_array(out, "timeline");
    lb_occasion *at = NULL;
    add_undated(g, list);
    size_t count = lb_person_occasions(g->person, g->arm, list->arena, &at);
    for (size_t i = 0; i < count; i++) {
        bool seen = lb_visit_forms(g->study, at[i].visit, g->actor->masked) > 0 && !(g->actor->masked && g->study->visit[at[i].visit].reveals_arm);
        if (seen) add_dates(g, &at[i], add_visit(g, at[i].visit, at[i].occurrence, list));
    }
    add_next(g, out);
}

/* -- what was recorded about the person ----------------------------------------------------------------------------------- */

static int add_records(const page *g, const char *kind, const char *name, lb_value *out, lb_error *err)
{
    gathering found;
    int code = gather_kind(g->tx, kind, g->person->subject, &found, err);
    lb_value *list = lb_set_array(out, name);
    for (size_t i = 0; i < found.count && !code; i++) {
        lb_value *one = lb_body_copy(found.list[i]->body, out->arena);
        lb_set_text(one, "id", found.list[i]->key);
        if (found.list[i]->state) lb_set_text(one, "state", found.list[i]->state);
        lb_push(list, one);
    }
    return code;
}

static int add_allocation(const page *g, lb_value *out, lb_error *err)
{
    const lb_record *record = NULL;
    lb_value *allocation = lb_set_object(out, "allocation");
    int code = lb_tx_get(g->tx, LB_KIND_ALLOCATION, g->person->subject, &record, err);
    bool there = record && lb_text_equal(record->state, "allocated");
    lb_set_text(allocation, "state", there ? "allocated" : "none");
    if (code || !there) return code;
    static const char *const kept[] = {"at", "by", "date", "receipt"};
    for (size_t i = 0; i < LB_COUNT(kept); i++)
        if (lb_get(record->body, kept[i])) lb_set(allocation, kept[i], lb_get(record->body, kept[i]));
    if (g->arm >= 0 && lb_rights_may(g->actor->role, LB_MAY_ARM)) lb_set(allocation, "arm", lb_arm_value(g->study, g->arm, out->arena));
    return LB_OK;
}

int lb_people_one(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, lb_value **out, lb_error *err)
{
    static const char *const kinds[][2] = {{LB_KIND_EVENT, "events"}, {LB_KIND_DEVIATION, "deviations"}, {LB_KIND_WITHDRAWAL, "withdrawals"}};
    lb_arena *arena = lb_tx_arena(tx);
    lb_person *person;
    gathering second = {0}, query = {0};
    page g = {.tx = tx, .study = study, .actor = lb_tx_actor(tx), .arm = -1};
    int code = lb_person_load(tx, study, subject, &person, err);
    if (code) return code;
    g.person = person;
    g.today = lb_site_day(study, person->site, lb_tx_now_us(tx));
    if (!g.actor->masked && person->randomised && store) code = lb_arm_of(tx, store, study, subject, &g.arm, err);
    if (!code) code = gather_kind(tx, LB_KIND_KEYED, subject, &second, err);
    if (!code) code = gather_kind(tx, LB_KIND_QUERY, subject, &query, err);
    g.second = second.list, g.seconds = second.count, g.query = query.list, g.queries = query.count;
    *out = lb_value_object(arena);
    lb_set_text(*out, "subject", person->subject);
    lb_set_text(*out, "site", person->site);
    lb_set_text(*out, "state", person->state);
    lb_set_text(*out, "protocol_version", lb_get_text(person->record->body, "protocol_version", NULL));
    lb_set_text(*out, "today", lb_day_text(g.today, arena));
    if (!code) code = add_allocation(&g, *out, err);
    if (code) return code;
    add_timeline(&g, *out);
    lb_set(*out, "consents", lb_consent_value(person, arena));
    for (size_t i = 0; i < LB_COUNT(kinds) && !code; i++) code = add_records(&g, kinds[i][0], kinds[i][1], *out, err);
    return code;
}
