/* Logs of the treatment: supervision calls (held, due, overdue), and the study drug as it was taken, week by week. */
#ifndef LUMBAR_TRIAL_LOGS_H
#define LUMBAR_TRIAL_LOGS_H

#include "trial/conduct/person.h"

/** {calls:[{subject, site, visit, form, week, date, state: done|not_reached|due|overdue|ahead, rest_days?}]}, from four weeks ago to one week ahead. */
int lb_calls(lb_tx *tx, lb_store *store, const lb_study *study, const char *site, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** {people:[{subject, site, days_taken, days_asked, entries:[{visit, date, drug?, dose?, days?, change?}]}]} */
int lb_drug_log(lb_tx *tx, const lb_study *study, const char *site, lb_value **out, lb_error *err) LB_MUST_CHECK;

#endif
