/* Queries: questions about a value, raised by hand or by a rule, with everything that was said about them. Their ids are
 * random, so that those a masked person cannot see leave no gap. */
#ifndef LUMBAR_TRIAL_QUERY_H
#define LUMBAR_TRIAL_QUERY_H

#include "trial/conduct/entry.h"

enum { LB_QUERY_ID = 11 };

/** Ask about an item of a form (item "" = the form). `rule` NULL: by hand. */
int lb_query_open(lb_tx *tx, const lb_entry *entry, const char *item, const char *text, const char *rule, char id[LB_QUERY_ID], lb_error *err) LB_MUST_CHECK;
/** "answer", "close", "reopen": open → answered → closed → open. The role decides (rights.h); a rule's own query too. */
int lb_query_act(lb_tx *tx, const char *id, const char *action, const char *text, const lb_record **out, lb_error *err) LB_MUST_CHECK;
/** The record as a page needs it: {id, subject, site, visit, form, item, text, state, rule, opened_at, by, role, age_days, thread}. */
lb_value *lb_query_value(const lb_record *record, int64_t now_us, lb_arena *arena);

#endif
