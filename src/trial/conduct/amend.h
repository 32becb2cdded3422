/* Amendments: a changed protocol becomes a new version. What is different, which records it touches, what would not fit; old
 * records keep the version they were entered under until they are carried over. */
#ifndef LUMBAR_TRIAL_AMEND_H
#define LUMBAR_TRIAL_AMEND_H

#include "trial/conduct/store.h"

#include <lumbar/trial.h>

/** [{where, kind: added|removed|changed, before, after}]: lists of things with an id are compared by id. Block sizes are not told. */
void lb_amend_difference(const lb_study *old, const lb_study *fresh, lb_value *list);
/** May `fresh` follow `old`? The study's id, its arms and its randomisation stay; the version is new. Each obstacle is pushed to
 *  `problems` as a text. */
void lb_amend_problems(const lb_study *old, const lb_study *fresh, lb_value *problems);

/** {entries, people, forms:[{form, label, entries, visits[]}]}: what the changed forms and visits touch. `masked`: forms that
 *  reveal the arm are neither named nor counted. */
int lb_amend_touched(lb_tx *tx, const lb_study *old, const lb_value *changes, bool masked, lb_value **out, lb_error *err) LB_MUST_CHECK;
/** Make it the version in force. `text` is the file as it is. */
int lb_amend_activate(lb_tx *tx, const lb_study *old, const lb_study *fresh, const lb_bytes *text, const char *note, lb_error *err) LB_MUST_CHECK;

/** Carry entries over to the version in force: at most `limit` from `after` (a key, NULL = the first) on. Entries whose answers do
 *  not fit stay as they are and are listed. {moved, left:[{subject, visit, form, item, message}], next: key or null}. `dry`: only look. */
int lb_amend_migrate(lb_tx *tx, const lb_study *fresh, const char *after, int64_t limit, bool dry, const char *reason, lb_value **out, lb_error *err)
    LB_MUST_CHECK;

#endif
