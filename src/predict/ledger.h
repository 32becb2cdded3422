/* Who was used to fit what, and who to judge it. A judgement on people whom an earlier step of the same scope has seen is a leak. */
#ifndef LUMBAR_PREDICT_LEDGER_H
#define LUMBAR_PREDICT_LEDGER_H

#include <lumbar/data.h>

typedef struct lb_fit_ledger lb_fit_ledger;

/** group: person of each of the n rows. */
lb_fit_ledger *lb_fit_ledger_new(size_t n, const int32_t *group, lb_arena *arena);
/** Scopes are paths: "nested 2/inner 3" lies within "nested 2". outcome: did the step see it? */
void lb_fit_ledger_fit(lb_fit_ledger *ledger, const char *scope, const char *step, const size_t *row, size_t n, bool outcome);
void lb_fit_ledger_judge(lb_fit_ledger *ledger, const char *scope, const char *what, const size_t *row, size_t n, bool apparent);
/** What follows in `from` came after what is in `into`. */
void lb_fit_ledger_append(lb_fit_ledger *into, const lb_fit_ledger *from);
size_t lb_fit_ledger_entries(const lb_fit_ledger *ledger);
/** Leaks: {judged, scope, fitted, fitted_scope, people}. Returns how many. */
size_t lb_fit_ledger_check(const lb_fit_ledger *ledger, lb_value *findings);
/** One row per kind of scope and step: how often, on how many rows and people, outcome used. */
void lb_fit_ledger_summary(const lb_fit_ledger *ledger, lb_value *rows);
/** SHA-256 over all entries in order: two runs that fitted the same on the same rows have the same. */
void lb_fit_ledger_hash(const lb_fit_ledger *ledger, char hex[65]);

#endif
