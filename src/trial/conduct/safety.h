/* Safety: adverse events with the clocks of the serious ones, versions of their reports, and values that are watched. */
#ifndef LUMBAR_TRIAL_SAFETY_H
#define LUMBAR_TRIAL_SAFETY_H

#include "trial/conduct/person.h"

/** One serious event's clock. All times in microseconds UTC. */
typedef struct lb_clock {
    bool serious;
    int64_t aware_us, due_us;    /**< of the first report; 0 when not serious */
    int64_t next_us;             /**< when the next version is due; 0: none */
    const char *state;           /**< recorded | due | overdue | reported | changed | followup_due | closed */
    size_t versions;
    const struct lb_escalation *escalated; /**< the last step that is reached without a report, or NULL */
} lb_clock;

/** The clock of an event: its entry, and the record of its reports (NULL: none yet). */
void lb_clock_read(const lb_person *person, const lb_person_entry *entry, const lb_record *event, bool masked, int64_t now_us, lb_clock *out);
/** Is the event serious, by the protocol's rule? */
bool lb_event_serious(const lb_person *person, const lb_person_entry *entry);
/** Microseconds UTC of a "datetime" item: with Z as it stands, without at the site's clock. */
bool lb_datetime_us(const lb_study *study, const char *site, const char *text, int64_t *us);

/** {events:[…] by clock, watch:[…], counters:{…}}. */
int lb_safety_all(lb_tx *tx, const lb_study *study, const char *site, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** The events alone, of everybody on a roster, by clock. */
int lb_safety_events(lb_tx *tx, const lb_study *study, lb_roster *roster, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** Write a version of the report of event n: {kind: initial|followup|final, text?}. */
int lb_safety_report(lb_tx *tx, const lb_study *study, const char *subject, const char *number, const lb_value *ask, lb_value **out, lb_error *err)
    LB_MUST_CHECK;
/** Values of one person that a watch rule is true for. */
int lb_watch_person(const lb_person *person, bool masked, lb_value *list, lb_error *err) LB_MUST_CHECK;


/** One event as the list shows it. */
lb_value *trial_event_value(const lb_person *person, const lb_person_entry *entry, const lb_record *event, bool masked, int64_t now_us, lb_arena *arena);

#endif
