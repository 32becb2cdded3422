/* Participants' own pages: a personal link without an account, what is due on which day, and entries that were made offline.
 * An entry carries an id made on the phone, so that a retry, a replay or a reordered batch changes nothing; it keeps the time
 * it was made, set right by the clock the phone had when it sent. */
#ifndef LUMBAR_TRIAL_PHONE_H
#define LUMBAR_TRIAL_PHONE_H

#include <lumbar/op.h>

#include "trial/conduct/person.h"

enum { LB_LINK_TOKEN = 43, LB_PHONE_ENTRIES = 500 };

/** Make a link for a participant (ending the one before). The token is told once and kept as its SHA-256 only. */
int lb_link_make(lb_tx *tx, const lb_study *study, const char *subject, int days, char token[LB_LINK_TOKEN + 1], const char **ends, lb_error *err)
    LB_MUST_CHECK;
int lb_link_end(lb_tx *tx, const lb_study *study, const char *subject, lb_error *err) LB_MUST_CHECK;
/** The same for a user's calendar. */
int lb_calendar_link(lb_tx *tx, const lb_study *study, const char *user, char token[LB_LINK_TOKEN + 1], lb_error *err) LB_MUST_CHECK;
/** Whose link is it? *subject or *user is set. LB_NOT_FOUND when it is none, ended, or too old. */
int lb_link_find(lb_tx *tx, const char *token, const char **subject, const char **user, lb_error *err) LB_MUST_CHECK;

/** Everything the phone needs to work without network for weeks. */
int lb_phone_page(lb_tx *tx, lb_store *store, const lb_study *study, const char *subject, lb_value **out, lb_error *err) LB_MUST_CHECK;

/** {sent_at, entries:[{id, form, visit, values, recorded_at}]} → [{id, status: kept|already|refused, message}]. Entries go
 *  through the form engine (entry.h); `registry` scores instruments. */
int lb_phone_sync(lb_store *store, const lb_study *study, const char *subject, const lb_value *batch, const lb_registry *registry, lb_arena *arena,
                  lb_value **out, lb_error *err) LB_MUST_CHECK;
/** The definition of a form as a phone needs it: items with labels, types, ranges, codes, rules. */
lb_value *lb_form_value(const lb_study *study, int form, lb_arena *arena);

#endif
