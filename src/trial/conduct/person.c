/* Loading one person's records, and what rules see of them. */
#include "trial/conduct/person.h"

#include <stdio.h>
#include <string.h>

#include "trial/conduct/kinds.h"
#include "trial/conduct/loading.h"
#include "trial/conduct/records.h"

/* ---- names of visits ---- */

bool lb_visit_repeats(const lb_study_visit *visit)
{
    return visit->repeat_every > 0 || visit->unscheduled;
}

int lb_visit_occasions(const lb_study_visit *visit)
{
    if (visit->unscheduled) return 0;
    if (visit->repeat_every <= 0) return 1;
    return (visit->repeat_to - visit->repeat_from) / visit->repeat_every + 1;
}

int lb_visit_day(const lb_study_visit *visit, int occurrence)
{
    if (visit->repeat_every <= 0 || occurrence < 1) return visit->nominal;
    return visit->nominal + visit->repeat_from + (occurrence - 1) * visit->repeat_every;
}

bool lb_visit_parse(const lb_study *study, const char *text, int *visit, int *occurrence)
{
    const char *dot = text ? strrchr(text, '.') : NULL;
    int64_t n = 0;
    *visit = text ? lb_study_visit_named(study, text) : -1;
    *occurrence = 0;
    if (*visit >= 0) return !lb_visit_repeats(&study->visit[*visit]);
    if (!dot || dot - text > 63 || !lb_text_integer(dot + 1, strlen(dot + 1), &n) || n < 1 || n > 9999 || dot[1] == '0' || dot[1] == '+') return false;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(dot - text), text);
    *visit = lb_study_visit_named(study, name);
    if (*visit < 0 || !lb_visit_repeats(&study->visit[*visit])) return false;
    int most = lb_visit_occasions(&study->visit[*visit]);
    *occurrence = (int)n;
    return most == 0 || n <= most;
}

const char *lb_visit_text(const lb_study *study, int visit, int occurrence, lb_arena *arena)
{
    return occurrence > 0 ? lb_arena_printf(arena, "%s.%d", study->visit[visit].id, occurrence) : study->visit[visit].id;
}

const char *lb_entry_key(const char *subject, const char *visit, const char *form, lb_arena *arena)
{
    return lb_arena_printf(arena, "%s|%s|%s", subject, visit, form);
}

/* ---- loading ---- */

/* Items that reveal the arm do not exist for a masked actor, whoever asks. */
const lb_value *trial_seen_values(const lb_study *study, int form, const lb_value *values, bool masked, lb_arena *arena)
{
    const lb_study_form *f = &study->form[form];
    bool any = false;
    if (!values) return lb_value_object(arena);
    for (size_t i = 0; i < f->item_count; i++) any |= f->item[i].reveals_arm;
    if (!masked || !any) return values;
    lb_value *seen = lb_value_object(arena);
    for (size_t k = 0; k < values->count; k++) {
        bool hidden = false;
        for (size_t i = 0; i < f->item_count; i++) hidden |= f->item[i].reveals_arm && strcmp(f->item[i].id, values->key[k]) == 0;
        if (!hidden) lb_set(seen, values->key[k], values->item[k]);
    }
    return seen;
}

typedef struct loading {
    lb_person *person;
    bool masked;
    lb_arena *arena;
    size_t entry_room, consent_room;
} loading;

bool trial_place_of(const lb_study *study, const char *key, lb_person_entry *entry, bool *arm_part, lb_arena *arena)
{
    size_t count;
    char **part = lb_text_split(arena, key, '|', &count);
    *arm_part = count == 4 && strcmp(part[3], "arm") == 0;
    if ((count != 3 && !*arm_part) || !lb_visit_parse(study, part[1], &entry->visit, &entry->occurrence)) return false;
    for (size_t f = 0; f < study->form_count; f++) {
        if (strcmp(study->form[f].id, part[2]) != 0) continue;
        entry->form = (int)f;
        return true;
    }
    return false;
}

/* What the form's instrument scored is known by the score's name, as if it were an item. */
static const lb_value *with_score(const lb_value *values, const lb_value *score, lb_arena *arena)
{
    const char *name = lb_get_text(score, "name", NULL);
    const lb_value *number = lb_get(score, "score");
    if (!name || !number || !lb_is_number(number)) return values;
    lb_value *all = lb_body_copy(values, arena);
    lb_set(all, name, (lb_value *)number);
    return all;
}

const lb_value *trial_with_arm(const lb_value *values, const lb_record *arm, lb_arena *arena)
{
    const lb_value *more = arm ? lb_get(arm->body, "values") : NULL;
    if (!more || more->count == 0) return values;
    lb_value *both = lb_body_copy(values, arena);
    for (size_t i = 0; i < more->count; i++) lb_set(both, more->key[i], more->item[i]);
    return both;
}

/* The items that reveal the arm stand in a record of their own beside the entry; it comes after it in the order of keys. */
static void join(lb_person *p, const lb_person_entry *part, const lb_record *record, lb_arena *arena)
{
    for (size_t i = p->entry_count; i-- > 0;) {
        lb_person_entry *e = &p->entry[i];
        if (e->visit != part->visit || e->occurrence != part->occurrence || e->form != part->form) continue;
        lb_record *copy = lb_arena_alloc(arena, sizeof *copy);
        *copy = *record;
        e->arm = copy;
        e->values = trial_with_arm(e->values, record, arena);
        return;
    }
}

static void take_entry(loading *l, const lb_record *record)
{
    lb_person *p = l->person;
    bool arm_part;
    lb_person_entry found = {0};
    if (!trial_place_of(p->study, record->key, &found, &arm_part, l->arena)) return;
    if (arm_part) {
        join(p, &found, record, l->arena);
        return;
    }
    if (p->entry_count == l->entry_room) {
        lb_person_entry *more = lb_arena_array(l->arena, 2 * l->entry_room, sizeof *more);
        memcpy(more, p->entry, p->entry_count * sizeof *more);
        p->entry = more;
        l->entry_room *= 2;
    }
    lb_record *copy = lb_arena_alloc(l->arena, sizeof *copy);
    *copy = *record;
    found.record = copy;
    found.state = record->state ? record->state : "started";
    found.values = trial_seen_values(p->study, found.form, lb_get(record->body, "values"), l->masked, l->arena);
    found.values = with_score(found.values, lb_get(record->body, "score"), l->arena);
    p->entry[p->entry_count++] = found;
}

static void take_consent(loading *l, const lb_record *record)
{
    lb_person *p = l->person;
    if (p->consent_count == l->consent_room) {
        const lb_value **more = lb_arena_array(l->arena, 2 * l->consent_room, sizeof *more);
        memcpy(more, p->consent, p->consent_count * sizeof *more);
        p->consent = more;
        l->consent_room *= 2;
    }
    p->consent[p->consent_count++] = record->body;
}

void trial_take_withdrawal(lb_person *p, const lb_record *record)
{
    const char *kind = lb_get_text(record->body, "kind", ""), *date = lb_get_text(record->body, "date", "");
    int64_t day = INT64_MAX;
    p->left_treatment = true; /* who leaves the follow-up or takes back the consent has left the treatment, too */
    p->left_followup |= strcmp(kind, "followup") == 0;
    p->left_consent |= strcmp(kind, "consent") == 0;
    if (lb_date_days(date, strlen(date), &day) && strcmp(kind, "treatment") != 0 && day < p->left_day) p->left_day = day;
}

static void take_subject(lb_person *p, const lb_record *record, lb_arena *arena)
{
    lb_record *copy = lb_arena_alloc(arena, sizeof *copy);
    *copy = *record;
    p->record = copy;
    p->subject = copy->key;
    p->site = copy->site;
    p->state = copy->state ? copy->state : "screening";
    for (size_t i = 0; copy->site && i < p->study->site_count; i++)
        if (strcmp(p->study->site[i].id, copy->site) == 0) p->site_index = (int)i;
}

static void take_allocation(lb_person *p, const lb_record *record)
{
    const char *date = lb_get_text(record->body, "date", "");
    if (lb_text_equal(record->state, "allocated")) p->randomised = lb_date_days(date, strlen(date), &p->zero);
}

static int take_record(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    loading *l = context;
    const char *kind = record->kind;
    if (strcmp(kind, LB_KIND_ENTRY) == 0) take_entry(l, record);
    else if (strcmp(kind, LB_KIND_CONSENT) == 0) take_consent(l, record);
    else if (strcmp(kind, LB_KIND_WITHDRAWAL) == 0) trial_take_withdrawal(l->person, record);
    else if (strcmp(record->key, record->subject) != 0) return 0;
    else if (strcmp(kind, LB_KIND_ALLOCATION) == 0) take_allocation(l->person, record);
    else take_subject(l->person, record, l->arena);
    return 0;
}

lb_find lb_person_find_all(const char *subject)
{
    return (lb_find){.subject = subject, .kinds = {LB_KIND_SUBJECT, LB_KIND_ENTRY, LB_KIND_CONSENT, LB_KIND_WITHDRAWAL, LB_KIND_ALLOCATION}};
}

int lb_person_load(lb_tx *tx, const lb_study *study, const char *subject, lb_person **out, lb_error *err)
{
    lb_arena *arena = lb_tx_arena(tx);
    lb_person *p = lb_arena_alloc(arena, sizeof *p);
    loading l = {p, lb_tx_actor(tx)->masked, arena, 32, 4};
    *out = NULL;
    *p = (lb_person){.study = study, .site_index = -1, .left_day = INT64_MAX};
    p->entry = lb_arena_array(arena, l.entry_room, sizeof *p->entry);
    p->consent = lb_arena_array(arena, l.consent_room, sizeof *p->consent);
    const lb_find find = lb_person_find_all(subject);
    int code = lb_tx_scan(tx, &find, take_record, &l, err);
    if (!code && !p->record) code = lb_fail(err, LB_NOT_FOUND, "there is no participant '%.40s'", subject);
    if (code == LB_OK) *out = p;
    return code;
}

/* ---- values ---- */

const lb_person_entry *lb_person_find(const lb_person *p, int visit, int occurrence, int form)
{
    for (size_t i = 0; i < p->entry_count; i++)
        if (p->entry[i].visit == visit && p->entry[i].occurrence == occurrence && p->entry[i].form == form) return &p->entry[i];
    return NULL;
}

static const lb_value *answered(const lb_value *value)
{
    return value && value->type != LB_NULL && !(value->type == LB_STRING && value->text[0] == '\0') ? value : NULL;
}

const lb_value *lb_person_value(const lb_person *p, int visit, int occurrence, const char *item)
{
    for (size_t i = 0; i < p->entry_count; i++) {
        const lb_value *found = p->entry[i].visit == visit && p->entry[i].occurrence == occurrence ? answered(lb_get(p->entry[i].values, item)) : NULL;
        if (found) return found;
    }
    return NULL;
}

const lb_value *lb_person_first(const lb_person *p, const char *item)
{
    const lb_value *best = NULL;
    int visit = 0, occurrence = 0;
    for (size_t i = 0; i < p->entry_count; i++) {
        const lb_person_entry *e = &p->entry[i];
        const lb_value *found = answered(lb_get(e->values, item));
        if (!found || (best && (e->visit > visit || (e->visit == visit && e->occurrence >= occurrence)))) continue;
        best = found;
        visit = e->visit;
        occurrence = e->occurrence;
    }
    return best;
}

bool lb_rule_value(const lb_study_item *item, const lb_value *stored, lb_value *out)
{
    double number;
    stored = answered(stored);
    if (!stored) return false;
    *out = *stored;
    bool numeric = item->type == LB_ITEM_CHOICE || item->type == LB_ITEM_YESNO || item->type == LB_ITEM_INTEGER || item->type == LB_ITEM_NUMBER ||
                   item->type == LB_ITEM_SLIDER;
    if (numeric && stored->type == LB_STRING && lb_text_number(stored->text, strlen(stored->text), &number)) {
        out->type = LB_DOUBLE;
        out->number = number;
    } else if (stored->type == LB_INT) {
        out->type = LB_DOUBLE;
        out->number = (double)stored->integer;
    } else if (item->type == LB_ITEM_YESNO && stored->type == LB_BOOL) {
        out->type = LB_DOUBLE;
        out->number = stored->boolean;
    }
    return out->type != LB_ARRAY && out->type != LB_OBJECT;
}

/* The value before treatment: at the last visit whose nominal day is not after randomisation, else the screening's. */
static const lb_value *baseline(const lb_person *p, const char *item)
{
    const lb_study *s = p->study;
    const lb_value *best = NULL;
    int day = INT32_MIN;
    for (size_t i = 0; i < p->entry_count; i++) {
        const lb_study_visit *v = &s->visit[p->entry[i].visit];
        const lb_value *found = answered(lb_get(p->entry[i].values, item));
        if (!found || v->anchor == LB_ANCHOR_NONE || v->repeat_every > 0 || v->nominal > 0 || v->nominal < day) continue;
        best = found;
        day = v->nominal;
    }
    return best ? best : lb_person_first(p, item);
}

bool lb_person_lookup(void *context, const char *name, lb_value *out)
{
    const lb_person_view *view = context;
    const lb_person *p = view->person;
    *out = (lb_value){.type = LB_NULL};
    if (strcmp(name, "centre") == 0 || strcmp(name, "visit") == 0) {
        const char *text = name[0] == 'c' ? p->site : view->visit >= 0 ? p->study->visit[view->visit].id : NULL;
        if (text) *out = (lb_value){.type = LB_STRING, .text = text};
        return true;
    }
    if (strcmp(name, "day") == 0) {
        if (view->visit >= 0) *out = (lb_value){.type = LB_DOUBLE, .number = lb_visit_day(&p->study->visit[view->visit], view->occurrence)};
        return true;
    }
    bool before = lb_text_starts(name, "baseline_");
    const char *plain = before ? name + 9 : name;
    const lb_study_item *item = lb_study_item_named(p->study, plain, NULL);
    lb_study_item score = {.id = plain, .type = LB_ITEM_NUMBER};
    const lb_value *found = before ? baseline(p, plain) : view->visit >= 0 ? lb_person_value(p, view->visit, view->occurrence, plain) : NULL;
    if (!found && !before) found = lb_person_first(p, plain);
    if (found && !lb_rule_value(item ? item : &score, found, out)) *out = (lb_value){.type = LB_NULL};
    return true;
}

int lb_occasion_progress(const lb_person *p, int visit, int occurrence)
{
    const lb_study_visit *v = &p->study->visit[visit];
    size_t begun = 0, done = 0;
    for (size_t i = 0; i < v->form_count; i++) {
        const lb_person_entry *e = lb_person_find(p, visit, occurrence, v->form[i]);
        begun += e != NULL;
        done += e && strcmp(e->state, "started") != 0;
    }
    return done == v->form_count && done > 0 ? LB_OCCASION_COMPLETE : begun ? LB_OCCASION_STARTED : LB_OCCASION_NONE;
}
