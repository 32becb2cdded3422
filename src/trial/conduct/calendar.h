/* Reminders of the protocol as a work list and as a calendar that any program can subscribe to (RFC 5545). The calendar holds
 * codes and visits, no names and no arms: what reveals the arm is for roles that may know it, and its words are the protocol's. */
#ifndef LUMBAR_TRIAL_CALENDAR_H
#define LUMBAR_TRIAL_CALENDAR_H

#include "trial/conduct/person.h"

/** Reminders for the actor's role (or, for role "participant", for `subject`) from `days_back` ago on, in order of time:
 *  [{id, subject, visit, date, at_us, text}]. */
int lb_reminders(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, int days_back, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** The same as an iCalendar file; `language` en, zh or da. */
void lb_calendar_text(const lb_study *study, const lb_value *reminders, const char *language, int64_t now_us, lb_buf *out);

#endif
