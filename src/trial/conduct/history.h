/* The audit as people read it: who changed what, before and after, when and why. The store leaves out what a masked actor may
 * not see; here go the secrets of accounts, and what a second keyer must not see yet. */
#ifndef LUMBAR_TRIAL_HISTORY_H
#define LUMBAR_TRIAL_HISTORY_H

#include "trial/conduct/store.h"

#include <lumbar/trial.h>

typedef struct lb_history_ask {
    const lb_study *study;                       /**< for labels; may be NULL */
    const char *user, *subject, *kind, *action;  /**< NULL: all */
    const char *item, *visit, *form;             /**< of entries; NULL: all */
    const char *from, *to;                       /**< dates, UTC, both included */
    int64_t seq_before, limit;                   /**< seq_before 0: from the newest */
} lb_history_ask;

/** {entries:[{seq, at, user, role, site, subject, kind, key, visit?, form?, action, reason, version, changes:[{item, label?, before, after}]}],
 *   next: seq to go on before, or null}. */
int lb_history_read(lb_tx *tx, const lb_history_ask *ask, lb_value **out, lb_error *err) LB_MUST_CHECK;

#endif
