/* What the tables of a snapshot are made of, found once in the protocol. */
#ifndef LUMBAR_TRIAL_SNAPSHOT_TABLES_H
#define LUMBAR_TRIAL_SNAPSHOT_TABLES_H

#include "trial/conduct/person.h"
#include "trial/conduct/sheet.h"

/* One column of `participants`: an item answered before randomisation, or a score at a visit. */
typedef struct snapshot_column {
    const char *name;
    const lb_study_item *item; /* or NULL: */
    const char *score;
    int visit;
    bool reveals;
} snapshot_column;

/* Time to the first "yes" of an item asked again and again: NAME_days, NAME. */
typedef struct snapshot_event {
    const char *name, *item, *date; /* date: the form's first date item, or NULL */
    int visit;
    bool reveals;
} snapshot_event;

typedef struct snapshot_plan {
    const lb_study *study;
    lb_arena *arena;
    snapshot_column *column;
    size_t columns;
    const char **score; /* columns of `visits` */
    size_t scores;
    snapshot_event *event;
    size_t events;
    const lb_value *response; /* {from, to, improvement}, or NULL */
} snapshot_plan;

/* One person as all tables see them. */
typedef struct snapshot_person {
    const lb_person *person;
    int arm;                  /* index, or -1 */
    const char *stratum, *allocated_at, *receipt;
    int64_t sequence;         /* place in the order of allocation, from 1 */
} snapshot_person;

void trial_snapshot_plan(const lb_study *study, lb_arena *arena, snapshot_plan *out);
/** The score name of a form's instrument, or NULL. */
const char *trial_score_of(const lb_study *study, const lb_study_form *form);

void trial_participants_head(const snapshot_plan *plan, sheet *s);
void trial_participants_row(const snapshot_plan *plan, const snapshot_person *p, sheet *s);
void trial_visits_head(const snapshot_plan *plan, sheet *s);
void trial_visits_rows(const snapshot_plan *plan, const snapshot_person *p, sheet *s);
void trial_screening_head(sheet *s);
int trial_screening_row(const snapshot_plan *plan, const snapshot_person *p, sheet *s, lb_error *err) LB_MUST_CHECK;
void trial_allocations_head(sheet *s);
void trial_allocations_row(const snapshot_plan *plan, const snapshot_person *p, sheet *s);
void trial_events_head(sheet *s);
void trial_events_rows(const snapshot_plan *plan, const snapshot_person *p, sheet *s);
void trial_adherence_head(sheet *s);
void trial_adherence_rows(const snapshot_plan *plan, const snapshot_person *p, sheet *s);
/** One row per entry of a form: id, visit, occurrence, day, state, version, items, score. */
void trial_form_head(const lb_study *study, const lb_study_form *form, sheet *s);
/** `arm_values`: what the form holds that reveals the arm and is kept apart, or NULL. */
void trial_form_row(const lb_study *study, const snapshot_person *p, const lb_person_entry *entry, const lb_value *arm_values, sheet *s);

#endif
