/* Everybody at once, by the state of what was entered: one scan a kind, no bodies of forms. What Today, enrolment, visit windows
 * and quality are computed from. */
#include <string.h>

#include "trial/conduct/kinds.h"
#include "trial/conduct/loading.h"

typedef struct roll {
    lb_roster *roster;
    const lb_study *study;
    lb_arena *arena;
    size_t room, *entry_room, *consent_room;
} roll;

lb_person *lb_roster_find(const lb_roster *roster, const char *subject)
{
    size_t low = 0, high = roster->count;
    while (subject && low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(subject, roster->person[middle].subject);
        if (order == 0) return &roster->person[middle];
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

static void *grown(const void *list, size_t count, size_t *room, size_t size, lb_arena *arena)
{
    size_t more = *room ? 2 * *room : 8;
    void *bigger = lb_arena_array(arena, more, size);
    if (count) memcpy(bigger, list, count * size);
    *room = more;
    return bigger;
}

static int take_subject(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    roll *r = context;
    lb_roster *all = r->roster;
    if (all->count == r->room) all->person = grown(all->person, all->count, &r->room, sizeof *all->person, r->arena);
    lb_person *p = &all->person[all->count++];
    lb_record *copy = lb_arena_alloc(r->arena, sizeof *copy);
    *copy = *record;
    *p = (lb_person){.study = r->study, .subject = record->key, .site = record->site, .state = record->state ? record->state : "screening",
                     .record = copy, .site_index = -1, .left_day = INT64_MAX};
    for (size_t i = 0; record->site && i < r->study->site_count; i++)
        if (strcmp(r->study->site[i].id, record->site) == 0) p->site_index = (int)i;
    return 0;
}

static int take_head(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    roll *r = context;
    lb_person *p = lb_roster_find(r->roster, record->subject);
    lb_person_entry e = {0};
    bool arm_part;
    if (!p || !trial_place_of(r->study, record->key, &e, &arm_part, r->arena) || arm_part) return 0;
    size_t at = (size_t)(p - r->roster->person);
    if (p->entry_count == r->entry_room[at]) p->entry = grown(p->entry, p->entry_count, &r->entry_room[at], sizeof *p->entry, r->arena);
    lb_record *copy = lb_arena_alloc(r->arena, sizeof *copy);
    *copy = *record;
    e.record = copy;
    e.state = record->state ? record->state : "started";
    e.values = NULL;
    p->entry[p->entry_count++] = e;
    return 0;
}

static int take_consent(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    roll *r = context;
    lb_person *p = lb_roster_find(r->roster, record->subject);
    if (!p) return 0;
    size_t at = (size_t)(p - r->roster->person);
    if (p->consent_count == r->consent_room[at]) p->consent = grown(p->consent, p->consent_count, &r->consent_room[at], sizeof *p->consent, r->arena);
    p->consent[p->consent_count++] = record->body;
    return 0;
}

static int take_withdrawal(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    lb_person *p = lb_roster_find(((roll *)context)->roster, record->subject);
    if (p) trial_take_withdrawal(p, record);
    return 0;
}

static int take_allocation(void *context, const lb_record *record, lb_error *err)
{
    (void)err;
    lb_person *p = lb_roster_find(((roll *)context)->roster, record->key);
    const char *date = lb_get_text(record->body, "date", "");
    if (p && lb_text_equal(record->state, "allocated")) p->randomised = lb_date_days(date, strlen(date), &p->zero);
    return 0;
}

int lb_roster_load(lb_tx *tx, const lb_study *study, const char *site, lb_roster *out, lb_error *err)
{
    static const struct {
        const char *kind;
        lb_record_seen seen;
        bool heads;
    } parts[] = {{LB_KIND_ENTRY, take_head, true}, {LB_KIND_CONSENT, take_consent, false}, {LB_KIND_WITHDRAWAL, take_withdrawal, false},
                 {LB_KIND_ALLOCATION, take_allocation, false}};
    roll r = {.roster = out, .study = study, .arena = lb_tx_arena(tx)};
    *out = (lb_roster){0};
    lb_find find = {.kind = LB_KIND_SUBJECT, .site = site};
    int code = lb_tx_scan(tx, &find, take_subject, &r, err);
    r.entry_room = lb_arena_array(r.arena, out->count + 1, sizeof *r.entry_room);
    r.consent_room = lb_arena_array(r.arena, out->count + 1, sizeof *r.consent_room);
    for (size_t i = 0; i < LB_COUNT(parts) && code == LB_OK; i++) {
        find.kind = parts[i].kind;
        find.heads = parts[i].heads;
        code = lb_tx_scan(tx, &find, parts[i].seen, &r, err);
    }
    return code;
}

int lb_roster_values(lb_tx *tx, const lb_person *person, lb_person_entry *entry, lb_error *err)
{
    const lb_record *record, *part;
    lb_arena *arena = lb_tx_arena(tx);
    int code = lb_tx_get(tx, LB_KIND_ENTRY, entry->record->key, &record, err);
    if (code == LB_OK) code = lb_tx_get(tx, LB_KIND_ENTRY, lb_arena_printf(arena, "%s|arm", entry->record->key), &part, err);
    if (code != LB_OK || !record) return code;
    entry->values = trial_with_arm(trial_seen_values(person->study, entry->form, lb_get(record->body, "values"), lb_tx_actor(tx)->masked, arena), part, arena);
    lb_record *copy = lb_arena_alloc(arena, sizeof *copy);
    *copy = *record;
    entry->record = copy;
    return LB_OK;
}
