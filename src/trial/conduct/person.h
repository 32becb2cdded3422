/* One person of the trial as the rules see them: what was entered so far, at which visit, and the days of their visits.
 * Loaded inside a transaction under its actor's rights: what a masked actor may not see is not here either. */
#ifndef LUMBAR_TRIAL_PERSON_H
#define LUMBAR_TRIAL_PERSON_H

#include "trial/conduct/settings.h"
#include "trial/conduct/store.h"

typedef struct lb_person_entry {
    int visit, form;      /**< indices of the study */
    int occurrence;       /**< 1, 2, … for repeated and unscheduled visits, else 0 */
    const char *state;
    const lb_record *record, *arm; /**< arm: what reveals it, in a record of its own beside the entry; NULL where there is none */
    const lb_value *values; /**< {item: value}; never NULL */
} lb_person_entry;

typedef struct lb_person {
    const lb_study *study;
    const char *subject, *site, *state;
    const lb_record *record;
    int site_index;        /**< of the study, or -1 */
    size_t entry_count;
    lb_person_entry *entry; /**< in order of key */
    bool randomised;
    int64_t zero;          /**< day of randomisation, days since 1970, at the site */
    size_t consent_count;
    const lb_value **consent; /**< bodies, in order */
    bool left_followup, left_treatment, left_consent; /**< withdrawn, by kind */
    int64_t left_day;      /**< earliest withdrawal of follow-up or consent */
} lb_person;

/** What is to be read of one person; borrows `subject`. */
lb_find lb_person_find_all(const char *subject);
/** LB_NOT_FOUND when there is none this actor may see. */
int lb_person_load(lb_tx *tx, const lb_study *study, const char *subject, lb_person **out, lb_error *err) LB_MUST_CHECK;

/** Everybody this actor may see, with what was entered by its state only (values are empty): for overviews. In order of code. */
typedef struct lb_roster {
    lb_person *person;
    size_t count;
} lb_roster;
int lb_roster_load(lb_tx *tx, const lb_study *study, const char *site, lb_roster *out, lb_error *err) LB_MUST_CHECK;
lb_person *lb_roster_find(const lb_roster *roster, const char *subject);
/** Fetch the values of one entry that the roster knows by its state. NULL body when it is gone. */
int lb_roster_values(lb_tx *tx, const lb_person *person, lb_person_entry *entry, lb_error *err) LB_MUST_CHECK;

/** "M12" or "DIARY.12" to index and occurrence; false when the study has no such visit or occurrence. */
bool lb_visit_parse(const lb_study *study, const char *text, int *visit, int *occurrence);
/** The reverse, in the arena. */
const char *lb_visit_text(const lb_study *study, int visit, int occurrence, lb_arena *arena);
/** "S|DIARY.12|diary" */
const char *lb_entry_key(const char *subject, const char *visit, const char *form, lb_arena *arena);
/** Does the visit happen again and again (repeat, or unscheduled)? Then occurrences count from 1. */
bool lb_visit_repeats(const lb_study_visit *visit);
/** Number of occasions of a repeated visit; 1 for the others; 0 for unscheduled ones (as many as are needed). */
int lb_visit_occasions(const lb_study_visit *visit);
/** Nominal day of an occasion, from randomisation. */
int lb_visit_day(const lb_study_visit *visit, int occurrence);

const lb_person_entry *lb_person_find(const lb_person *person, int visit, int occurrence, int form);
/** The value of an item at a visit (occurrence), or NULL when it was not answered there. */
const lb_value *lb_person_value(const lb_person *person, int visit, int occurrence, const char *item);
/** First answer to an item in the order of the protocol's visits: screening before baseline before later. */
const lb_value *lb_person_first(const lb_person *person, const char *item);

/** What a rule sees, standing at one visit: its own items first, `baseline_ITEM`, `centre`, `visit`, `day`, then the first
 *  answer elsewhere. The visit may be -1. */
typedef struct lb_person_view {
    const lb_person *person;
    int visit, occurrence;
} lb_person_view;
bool lb_person_lookup(void *view, const char *name, lb_value *out);
/** A stored value as a rule reads it: a choice whose code is a number is that number. */
bool lb_rule_value(const lb_study_item *item, const lb_value *stored, lb_value *out);

/* -- days -- */
typedef struct lb_occasion {
    int visit, occurrence;
    int day;                    /**< nominal, from randomisation */
    int64_t date, opens, closes; /**< days since 1970 */
} lb_occasion;
/** Dated visits of a person who was randomised, in order of date. `arm` -1: not known; visits for some arms only are then left out. */
size_t lb_person_occasions(const lb_person *person, int arm, lb_arena *arena, lb_occasion **out);
/** Seconds a site's clock is ahead of UTC, from the protocol. */
int64_t lb_site_offset(const lb_study *study, const char *site);
/** The day at the site, days since 1970. */
int64_t lb_site_day(const lb_study *study, const char *site, int64_t at_us);

enum { LB_OCCASION_NONE, LB_OCCASION_STARTED, LB_OCCASION_COMPLETE };
/** How far the forms of an occasion have come (of those this actor sees). */
int lb_occasion_progress(const lb_person *person, int visit, int occurrence);

#endif
